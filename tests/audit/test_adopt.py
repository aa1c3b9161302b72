"""Answers collected elsewhere enter a run and are matched to its trials; what belongs to none is counted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from test_judge import ANSWERED, PLAN, run_with_answers

from weighbridge.audit.adopt import adopt
from weighbridge.audit.plan import expand, freeze, read
from weighbridge.errors import DataError
from weighbridge.store.tables import Run


def planned(folder: Path) -> Run:
    folder.mkdir()
    (folder / "plan.toml").write_text(PLAN)
    plan = read(folder / "plan.toml")
    return freeze(plan, expand(plan), folder / "run")


def test_a_log_that_went_out_comes_in_as_it_was(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra [inspect]")
    from weighbridge.audit.inspect_logs import export_eval, import_eval

    _, run, _ = run_with_answers(tmp_path)
    found = import_eval(export_eval(run))
    other = planned(tmp_path / "other")
    taken = adopt(other, found.questions, found.answers, source="log")
    assert (taken.taken, taken.strangers, taken.missing) == (len(ANSWERED), 0, 0)
    before, after = run.read("answers").sort("trial"), other.read("answers").sort("trial")
    for column in ("trial", "state", "completion"):
        assert before[column].to_list() == after[column].to_list()


def test_answers_without_ids_are_matched_by_what_was_asked(tmp_path: Path) -> None:
    _, run, trials = run_with_answers(tmp_path)
    answers = run.read("answers")
    questions = answers.select("trial").join(trials, on="trial", how="left", maintain_order="left")
    nameless = questions.with_columns(pl.lit("").alias("trial"))
    stranger = nameless.head(1).with_columns(pl.lit("another question").alias("user"))
    other = planned(tmp_path / "other")
    taken = adopt(other, pl.concat([nameless, stranger]), pl.concat([answers, answers.head(1)]), source="log")
    assert (taken.taken, taken.strangers) == (answers.height, 1)
    assert other.read("answers").sort("trial")["completion"].to_list() == answers.sort("trial")["completion"].to_list()


def test_a_run_that_has_answers_and_a_log_of_strangers_are_refused(tmp_path: Path) -> None:
    _, run, trials = run_with_answers(tmp_path)
    answers = run.read("answers")
    with pytest.raises(DataError, match="has answers already"):
        adopt(run, trials, answers, source="log")
    strangers = trials.with_columns(pl.lit("").alias("trial"), pl.lit("x").alias("user"))
    with pytest.raises(DataError, match="belongs to a trial"):
        adopt(planned(tmp_path / "other"), strangers, answers, source="log")
