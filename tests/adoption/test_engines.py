"""The same expression on another engine gives the same totals: PySpark on a local session, against DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pytest

from weighbridge.adoption import formats
from weighbridge.adoption.usage import counted_once, totals

from . import logs

pyspark = pytest.importorskip("pyspark", reason="the extra 'spark' is not installed: pip install weighbridge[spark]")


@pytest.fixture(scope="module")
def session() -> Any:
    from pyspark.sql import SparkSession

    settings = {"spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2",
                "spark.driver.memory": "1g", "spark.driver.bindAddress": "127.0.0.1",
                "spark.driver.host": "127.0.0.1"}  # fmt: skip
    builder = SparkSession.builder.master("local[1]").appName("weighbridge")  # type: ignore[attr-defined]
    for name, value in settings.items():
        builder = builder.config(name, value)
    try:
        made = builder.getOrCreate()
    except Exception as error:
        pytest.skip(f"no local Spark session can be started here (Java 17 is needed): {str(error)[:200]}")
    yield made
    made.stop()


def summed(connection: Any, path: str, name: str) -> pl.DataFrame:
    """The totals of one Parquet file on one engine; the very calls that ``usage.read`` makes on DuckDB."""
    form = formats.every()[name]
    table = connection.read_parquet(path)
    long = form.long(table, path)
    clean, _ = counted_once(long, form.grain, lambda kept: ibis.memtable(kept.to_pyarrow()))
    made = pl.DataFrame(pl.from_arrow(totals(clean).to_pyarrow()))
    numbers = pl.col(pl.Float64).fill_nan(None)  # Spark hands a column over through pandas, which has no null number
    return made.with_columns(numbers, pl.col("day").cast(pl.Date)).sort("day", "spelling")


@pytest.mark.parametrize("name", ["openrouter-generations", "litellm-spend", "openrouter-rankings"])
def test_spark_and_duckdb_give_identical_totals(name: str, session: Any, tmp_path: Path) -> None:
    rows = logs.ROWS[name]()
    # One row twice, one that cannot be counted: both engines must leave out the same.
    broken = {"openrouter-generations": "tokens_prompt", "litellm-spend": "prompt_tokens"}.get(name, "total_tokens")
    rows = [{k: str(v) for k, v in row.items()} for row in [*rows, rows[0], {**rows[1], broken: "x"}]]
    path = logs.write(rows, tmp_path / "log.parquet")
    ours = ibis.duckdb.connect()
    ours.raw_sql("SET TimeZone='UTC'")
    theirs = ibis.pyspark.connect(session)
    one, other = summed(ours, path, name), summed(theirs, path, name)
    assert one.height == 3
    for column in one.columns:
        assert one[column].to_list() == other[column].to_list(), column
