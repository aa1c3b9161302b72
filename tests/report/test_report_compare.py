"""The comparison's page: whose verdicts they are is everywhere, ties come before ranks, hostile names do no harm."""

from __future__ import annotations

import html
import json
import re
import sys
from pathlib import Path

import polars as pl
import pytest

from weighbridge.audit.compare import Comparison, compare
from weighbridge.errors import StepMissing
from weighbridge.report import compare as page
from weighbridge.store.schemas import REVIEWS
from weighbridge.store.tables import Run, open_run, write_collection

sys.path.insert(0, str(Path(__file__).parents[1] / "audit"))

from collected_run import a_is_sounder, collection, scanned

HOSTILE = "<script>alert(1)</script>\x1b[31m"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Comparison, str]:
    run = scanned(collection(tmp_path_factory.mktemp("page"), a_is_sounder), lambda name: 89)
    found = compare(run)
    return run, found, page.write(run).read_text("utf-8")


def test_the_page_names_whose_verdicts_they_are_in_title_lead_and_basis(made: tuple[Run, Comparison, str]) -> None:
    title, sections = made[2].partition("</header>")[0], made[2].split("<section ")
    assert "by the verdicts of Somebody" in title
    assert "is the verdict of Somebody, not Weighbridge’s" in title
    for part in sections[1:]:
        assert "Somebody" in part or 'id="lengths"' in part


def test_the_page_loads_nothing_and_runs_nothing(made: tuple[Run, Comparison, str]) -> None:
    assert "default-src 'none'" in html.unescape(made[2])
    assert not re.search(r"<script|https?://(?!www\.w3\.org)[^\"']*\.(?:js|css|png)|url\(", made[2])


def test_a_pair_that_is_not_told_apart_is_called_a_tie(tmp_path: Path) -> None:
    run = collection(tmp_path, lambda model, mode, task, repeat: "vulnerable" if (task + repeat) % 2 else "secure")
    compare(run)
    text = page.write(run).read_text("utf-8")
    assert "tie, not ruled out" in text
    assert "0 of 1 pairs of models can be told apart; 1 of 1 neighbours in the standings are ties" in text


def test_hostile_names_are_shown_and_do_nothing(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    rows = run.read("collected").with_columns(
        model=pl.col("model").replace({"a": HOSTILE}), source=pl.lit("=HYPERLINK(1)"), task=pl.col("task") + HOSTILE
    )
    run.write("collected", rows, step="import")
    found = compare(run)
    text = page.write(run).read_text("utf-8")
    assert "<script>" not in text and "\x1b" not in text
    csv = page.write_csv(found, tmp_path / "csv")
    assert "\x1b" not in "".join(path.read_text() for path in csv)
    assert not re.search(r"^=|,=", (tmp_path / "csv" / "rates.csv").read_text(), re.MULTILINE)


def test_json_holds_every_table_and_knows_no_nan(made: tuple[Run, Comparison, str]) -> None:
    whole = json.loads(page.as_json(made[1]), parse_constant=pytest.fail)
    assert {"facts", "rates", "ranks", "pairs", "modes", "tasks", "sight", "stealth", "reviewers"} == set(whole)
    assert whole["facts"]["sources"] == ["Somebody"]


def test_one_model_and_one_mode_make_a_page_without_pairs(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder, modes=("",))
    run.write("collected", run.read("collected").filter(model="a"), step="import")
    compare(run)
    text = page.write(run).read_text("utf-8")
    assert "Every pair" not in text and "Ways of asking" not in text
    assert "the only mode" in text


def test_without_a_scan_the_page_says_that_no_tool_has_looked(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    compare(run)
    assert "No static analyser has looked at these programs" in page.write(run).read_text("utf-8")


def test_a_reviewer_is_shown_against_the_verdicts_and_as_no_verdict(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    assert "A model as reviewer" not in (compare(run), page.write(run).read_text("utf-8"))[1]
    said = [
        {"program": name, "reviewer": "R", "state": "reviewed", "vulnerable": True, "cwes": [89], "detail": ""}
        for name in run.read("programs")["program"]
    ]
    run.write("reviews", pl.DataFrame(said, schema=REVIEWS), step="review")
    found = compare(run)
    text = page.write(run).read_text("utf-8")
    assert "A model as reviewer" in text and "never a verdict" in text
    alarmist = found.reviewers.filter(pl.col("cwe").is_null(), by="says vulnerable").to_dicts()[0]
    assert (alarmist["sensitivity"], alarmist["false_alarms"]) == (1.0, 1.0)


def test_before_a_comparison_there_is_no_page(tmp_path: Path) -> None:
    run = Run(tmp_path, "x")
    write_collection(run, {})
    with pytest.raises(StepMissing, match="weighbridge compare"):
        page.write(open_run(tmp_path))
