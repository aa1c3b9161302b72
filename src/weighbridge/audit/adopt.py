"""Answers that were collected elsewhere, taken into a run: they enter at ``answers`` and are judged like any other.

An answer belongs to a trial when it carries its id, or was given by the same model to the same system prompt and
message; of several, the first goes to the first repeat. What matches no trial is counted and said, never taken.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weighbridge.errors import DataError
from weighbridge.store.schemas import ANSWERS
from weighbridge.store.tables import Run


@dataclass(frozen=True)
class Adopted:
    """How many answers were taken, how many matched no trial, and how many trials are still without one."""

    taken: int
    strangers: int
    missing: int


def adopt(
    run: Run, questions: pl.DataFrame, answers: pl.DataFrame, *, source: str, files: str = "", write: bool = True
) -> Adopted:
    """Write others' answers as the run's table ``answers``.

    Args:
        questions: who was asked what: trial, model, system, user, epoch, one row an answer.
        answers: ``store.schemas.ANSWERS``, in the same order.
        source: named in the table's metadata.
        files: hash of what was read, kept in the metadata, so that the same files are known again.
        write: False only counts.

    Raises:
        DataError: the run has answers already, or nothing matches.
    """
    if run.has("answers"):
        raise DataError(f"{run.folder}: has answers already; import into a run folder that was only planned")
    trials = run.read("trials", step="plan")
    known = set(trials["trial"].to_list())
    waiting: dict[tuple[str, str, str], list[str]] = {}
    for row in trials.sort("repeat").iter_rows(named=True):
        waiting.setdefault((row["model"], row["system"], row["user"]), []).append(row["trial"])
    taken: dict[str, int] = {}
    for place, row in enumerate(questions.iter_rows(named=True)):
        if row["trial"] in known:
            taken.setdefault(row["trial"], place)
            continue
        same = waiting.get((row["model"], row["system"], row["user"]), [])
        free = next((trial for trial in same if trial not in taken), None)
        if free is not None:
            taken[free] = place
    if not taken:
        raise DataError(f"{source}: none of its {questions.height} answers belongs to a trial of {run.folder}")
    rows = answers[list(taken.values())].with_columns(pl.Series("trial", list(taken)))
    missing = trials.height - len(taken)
    if write:
        run.write(
            "answers", rows.select(list(ANSWERS)), step="import", source=source, files=files, complete=not missing
        )
    return Adopted(len(taken), questions.height - len(taken), missing)
