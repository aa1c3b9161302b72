"""The comparison's page: whose verdicts they are is everywhere, ties come before ranks, hostile names do no harm."""

from __future__ import annotations

import html
import io
import json
import re
import sys
from pathlib import Path

import polars as pl
import pytest
from rich.console import Console

from weighbridge.audit.compare import Comparison, compare
from weighbridge.errors import StepMissing
from weighbridge.report import compare as page
from weighbridge.report.comparison_words import glance, labels
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
    assert "0 of 1 pair of models can be told apart; 1 of 1 neighbour in the standings is a tie" in text


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


def test_two_long_names_that_differ_at_their_end_are_two_rows(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    names = {"a": "x" * 200 + "A", "b": "x" * 200 + "B"}
    run.write("collected", run.read("collected").with_columns(pl.col("model").replace(names)), step="import")
    found = compare(run)
    text = page.write(run).read_text("utf-8")
    for end in "AB":
        assert f"…{'x' * 18}{end}" in text
    console = Console(file=io.StringIO(), width=120)
    page.print_summary(console, found)
    assert "x" * 61 not in console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("names", [("a  b", "a b"), ("", " "), ("y" * 80, "y" * 81), ("a\x00", "a⟨U+0000⟩")])
def test_no_two_labels_are_alike(names: tuple[str, str]) -> None:
    assert len(set(labels(names).values())) == 2
    assert all(labels(names).values())


def test_a_hostile_mode_is_quoted_in_the_command_that_the_page_gives(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder, modes=("x; touch /tmp/owned\u202e",))
    compare(run)
    text = page.write(run).read_text("utf-8")
    assert "--base &#39;x; touch /tmp/owned" in text
    assert "\u202e" not in text


def test_a_source_that_does_not_say_what_works_is_not_quoted_as_saying_so(tmp_path: Path) -> None:
    found = compare(collection(tmp_path / "silent", a_is_sounder))
    assert "Somebody says of no program whether it does its job" in " ".join(glance(found))
    told = compare(collection(tmp_path / "told", lambda model, mode, task, repeat: "secure" if repeat else "broken"))
    assert "whether it does its job" not in " ".join(glance(told))


def test_missing_verdicts_are_said_first_with_what_they_could_change(tmp_path: Path) -> None:
    def gaps(model: str, mode: str, task: int, repeat: int) -> str | None:
        return "broken" if repeat == 0 else None if repeat == 1 else "secure"

    run = collection(tmp_path, gaps)
    found = compare(run)
    first = glance(found)[0]
    assert first.startswith("80 of 240 answers have no verdict")
    assert "over everything asked “gen” 33–67% may be sound" in first
    assert re.search(r">20<br><span[^>]*>33–67%<", page.write(run).read_text("utf-8"))
    assert (
        glance(compare(collection(tmp_path / "whole", lambda *of: "secure" if of[3] else "broken")))[0][:5] == "Sound"
    )


def test_of_one_model_nobody_says_that_a_task_cannot_tell_models_apart(tmp_path: Path) -> None:
    run = collection(tmp_path, lambda model, mode, task, repeat: "secure")
    run.write("collected", run.read("collected").filter(model="a"), step="import")
    said = " ".join(glance(compare(run)))
    assert "tell models apart" not in said and "20 never vulnerable" in said
    assert "instead of “gen”: a is not told apart" in said


def test_a_mode_without_a_name_beside_others_has_one_on_the_page(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder, modes=("", "hints"))
    compare(run)
    text = page.write(run).read_text("utf-8")
    assert "hints against (not named)" in text and "--base &#39;&#39;" in text
