"""The published answers of 14 models come in with nothing said, every row accounted for and no verdict changed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from weighbridge.audit.collect.keep import Draft, draft, understand
from weighbridge.audit.collect.mapping import Request

FILE = Path(__file__).parents[4] / "shared" / "data" / "answers" / "seccodebench_v2.2.0_14_models.parquet"
needs_it = pytest.mark.skipif(not FILE.is_file(), reason=f"needs {FILE.name} in ../shared/data/answers")


@pytest.fixture(scope="module")
def made() -> Iterator[Draft]:
    yield draft(understand([FILE], Request()))


@needs_it
def test_every_row_is_kept_with_its_publishers_verdict(made: Draft) -> None:
    published = pl.read_parquet(FILE)
    kept = made.collected
    assert kept["row"].to_list() == list(range(published.height))
    assert kept["functional"].to_list() == published["functional"].to_list()
    assert kept["secure"].to_list() == published["secure"].to_list()
    works = kept.filter(pl.col("functional"))
    assert works.filter(pl.col("verdict") == "secure").height == works.filter(pl.col("secure")).height
    assert set(kept.filter(~pl.col("functional"))["verdict"]) == {"broken"}
    assert set(kept["source"]) == {"SecCodeBench"}


@needs_it
def test_every_task_is_about_something_and_in_a_language_that_is_known(made: Draft) -> None:
    kept = made.collected
    assert kept["cwes"].null_count() == 0
    assert kept["cluster"].n_unique() < kept["task"].n_unique() == 45
    assert set(kept["language"]) == {"cpp", "go", "python", "javascript"}
    assert kept.select("model", "task", "mode", "repeat").is_duplicated().sum() == 0


@needs_it
def test_what_runs_stays_as_published_and_raw_answers_give_their_program(made: Draft) -> None:
    published = pl.read_parquet(FILE).with_row_index("row").select("row", "code")
    programs = made.programs.select("program", "text")
    rows = made.collected.join(published, on="row").join(programs, on="program", how="left")
    as_given = rows.filter(pl.col("extraction") == "as given")
    assert (as_given["text"] == as_given["code"]).all()
    works = rows.filter(pl.col("functional"))
    assert works["state"].unique().to_list() == ["program"]
    assert works.filter(pl.col("extraction") != "as given").height <= 1
    left = pl.col("text").str.contains(r"</?think>|(?m)^```|<!\[CDATA\[")
    assert rows.filter(pl.col("state") == "program", left).height <= 5
    assert made.programs["program"].n_unique() == made.programs.height
