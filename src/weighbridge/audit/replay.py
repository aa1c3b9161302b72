"""One trial again: its request, its program, and the oracle run anew, so that a reader can see the proof happen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from weighbridge.audit.plan import Plan
from weighbridge.cell.doctor import require
from weighbridge.errors import UnknownName
from weighbridge.store.tables import Run
from weighbridge.tasks.judging import Judgement, judge_program


@dataclass(frozen=True)
class Replay:
    """A trial as it was asked, answered and judged, and the judgement made now (None where there is no program)."""

    trial: dict[str, Any]
    program: str | None
    then: dict[str, Any]
    now: Judgement | None
    same_oracle: bool

    @property
    def agrees(self) -> bool:
        """Whether the verdict made now is the recorded one."""
        return self.now is None or self.now.verdict == self.then["verdict"]


def replay(plan: Plan, run: Run, trial: str) -> Replay:
    """Judge one trial of a run again. A unique beginning of its id is enough.

    Raises:
        UnknownName: no trial, or several, have that id.
        StepMissing: the run has not been judged.
        cell.NoIsolation: no safe cell is to be had.
    """
    require()
    trials, verdicts = run.read("trials", step="plan"), run.read("verdicts", step="judge")
    found = trials.filter(pl.col("trial").str.starts_with(trial)).join(verdicts, on="trial", how="left")
    if not trial or found.height != 1:
        many = f"{found.height} trials begin with" if found.height else "no trial is named"
        raise UnknownName(f"{run.folder}: {many} '{trial}'; ids are in trials.parquet and in the report")
    row = found.row(0, named=True)
    if row["verdict"] is None:
        raise UnknownName(
            f"{run.folder}: trial {row['trial']} has no answer yet; run `weighbridge ask` and `judge` first"
        )
    programs = run.read("programs", step="judge").filter(pl.col("program") == (row["program"] or ""))
    text = programs["text"][0] if programs.height else None
    task = next(task for task in plan.chosen_tasks() if task.id == row["task"])
    now = judge_program(task.scenario, task.stack, text) if text is not None else None
    return Replay(row, text, row, now, row["oracle_version"] == task.scenario.oracle_version)
