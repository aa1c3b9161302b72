"""The same expression on another engine gives the same totals: PySpark on a local session, against DuckDB.

Every reader, on rows that are plain, doubled, restated, broken and of several zones; and the public rankings.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ibis
import polars as pl
import pytest

from weighbridge.adoption import formats
from weighbridge.adoption.formats import otel
from weighbridge.adoption.usage import counted_once, faults, totals

from . import logs

pytest.importorskip("pyspark", reason="the extra 'spark' is not installed: uv sync --extra spark")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

RANKINGS = Path(__file__).parents[3] / "shared" / "data" / "openrouter" / "rankings_daily_2026-05-20_06-14.csv"
SETTINGS = {
    "spark.ui.enabled": "false", "spark.sql.session.timeZone": "UTC", "spark.driver.memory": "1g",
    "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1",
    # A handful of rows: planning and compiling cost more than running.
    "spark.sql.shuffle.partitions": "1", "spark.sql.adaptive.enabled": "false", "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
}  # fmt: skip
BROKEN = {
    "litellm-spend": "prompt_tokens", "openrouter-rankings": "total_tokens", "openrouter-generations": "tokens_prompt",
    "litellm-days": "prompt_tokens", "litellm-tags": "prompt_tokens", "openrouter-activity": "prompt_tokens",
    "langfuse": "total_cost", "otel": "gen_ai.usage.input_tokens",
}  # fmt: skip
WHEN = {"litellm-spend": "startTime", "openrouter-generations": "created_at", "langfuse": "start_time",
        "otel": "otlp.start"}  # fmt: skip


@pytest.fixture(scope="module")
def spark() -> Iterator[Any]:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").appName("weighbridge")  # type: ignore[attr-defined]
    for name, value in SETTINGS.items():
        builder = builder.config(name, value)
    try:
        made = builder.getOrCreate()
    except Exception as error:
        pytest.skip(f"no local Spark session can be started here (Java 17 is needed): {str(error)[:200]}")
    made.sparkContext.setLogLevel("ERROR")
    yield ibis.pyspark.connect(made)
    made.stop()


@pytest.fixture(scope="module")
def duck() -> Any:
    made = ibis.duckdb.connect()
    made.raw_sql("SET TimeZone='UTC'")
    return made


def texts(name: str) -> list[dict[str, str | None]]:
    """The three rows of a format as text cells, and each of them spoilt or doubled in some way."""
    made = list(otel.rows(logs.otel())) if name == "otel" else logs.ROWS[name]()
    rows: list[dict[str, Any]] = [dict(row) for row in made]
    number, when = BROKEN[name], WHEN.get(name, "date")
    rows += [
        rows[0], {**rows[1], number: "x"}, {**rows[1], number: "-1"}, {**rows[1], number: "NaN"},
        {**rows[1], number: "inf"}, {**rows[1], when: "yesterday"}, {**rows[1], when: None}, {**rows[2], number: " 7 "},
    ]  # fmt: skip
    if when != "date":
        zones = ("2026-06-01 23:30:00", "2026-06-01T23:30:00Z", "2026-06-01T23:30:00-02:00",
                 "2026-06-02T01:30:00+08:00", "2026-06-01 23:30:00.5+00", "2026-06-01 23:30:00 UTC")  # fmt: skip
        ids = next(key for key in ("request_id", "generation_id", "id", "span_id") if key in rows[0])
        rows += [{**rows[0], ids: f"zone-{n}", when: time} for n, time in enumerate(zones)]
        rows += [{**rows[0], ids: None}, {**rows[0], ids: " "}]
    else:
        rows += [{**rows[0], "date": "2026-06-02", number: "11"}]
    return [{key: None if value is None else value if isinstance(value, str) else logs.json.dumps(value)
             for key, value in row.items()} for row in rows]  # fmt: skip


def summed(connection: Any, path: str, name: str) -> tuple[pl.DataFrame, pl.DataFrame, list[tuple[Any, ...]]]:
    """Totals, faults and the rows of doubled keys on one engine: the very calls that ``usage.read`` makes on DuckDB."""
    form = formats.every()[name]
    # Held, so that Spark plans the long expression once: planning it is most of the time here.
    long = form.long(connection.read_parquet(path), path).cache()
    clean, twice = counted_once(long, form.grain, lambda kept: kept.cache())
    doubled = []
    if twice is not None:
        ranked = polars(twice.select("key", "rank", "tokens", "differs"))
        doubled = sorted(ranked.rows(), key=str)
    return polars(totals(clean)), polars(faults(long)), doubled


def polars(table: Any) -> pl.DataFrame:
    made = pl.DataFrame(pl.from_arrow(table.to_pyarrow()))
    # Spark hands a column over through pandas, which has no null number; its days come as times.
    made = made.with_columns(pl.col(pl.Float64).fill_nan(None), pl.col(pl.Datetime).cast(pl.Date))
    return made.sort(made.columns[:4], nulls_last=True)


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_spark_and_duckdb_count_every_format_alike(name: str, spark: Any, duck: Any, tmp_path: Path) -> None:
    assert set(BROKEN) == set(formats.every()), "a new format needs its row here"
    path = str(tmp_path / "log.parquet")
    pl.DataFrame(texts(name), infer_schema_length=None).write_parquet(path)
    ours, theirs = summed(duck, path, name), summed(spark, path, name)
    assert len(ours[1]) >= 4, "broken rows are there to be left out"
    assert ours[2], "doubled rows are there to be counted once"
    for one, other in zip(ours[:2], theirs[:2], strict=True):
        for column in one.columns:
            assert one[column].to_list() == other[column].to_list(), column
    assert ours[2] == theirs[2]


@pytest.mark.skipif(not RANKINGS.is_file(), reason="needs ../shared/data/openrouter, which is not there")
def test_spark_and_duckdb_count_the_public_rankings_alike(spark: Any, duck: Any, tmp_path: Path) -> None:
    path = str(tmp_path / "rankings.parquet")
    pl.read_csv(RANKINGS, infer_schema=False).write_parquet(path)
    ours, theirs = (summed(connection, path, "openrouter-rankings") for connection in (duck, spark))
    assert ours[0].height == 1326
    assert ours[0].equals(theirs[0].select(ours[0].columns).cast(ours[0].schema))  # type: ignore[arg-type]
