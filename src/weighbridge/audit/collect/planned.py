"""Answers to our own tasks that were collected elsewhere: into a planned run, where they are judged like any other.

The way in for files of rows and for Inspect logs alike; ``audit.adopt`` finds the trial of each answer. Verdicts that
such a file holds are left out and named: what a planned run says is its own judge's.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.audit.adopt import Adopted, adopt
from weighbridge.audit.collect import compressed, keep, values
from weighbridge.audit.collect.fields import PLANNED_ONLY, VERDICT_FIELDS
from weighbridge.audit.collect.mapping import Request, resolve
from weighbridge.audit.collect.readers import inspect_log, tables
from weighbridge.audit.inspect_logs import import_eval
from weighbridge.errors import DataError
from weighbridge.store.schemas import ANSWERS
from weighbridge.store.tables import Run

NEEDED = (("trial", "user"), ("trial", "model"), ("answer",))
QUESTION = ("trial", "model", "system", "user")
NUMBERS = ("input_tokens", "cached_tokens", "reasoning_tokens", "output_tokens", "dollars")
CUT_OFF = frozenset({"length", "max_tokens", "model_length"})
STOPPED = frozenset({"content_filter", "refusal"})


@dataclass(frozen=True)
class Taken:
    """What was taken, the states of all answers in the files, and what stands in the files and was left out."""

    adopted: Adopted
    states: dict[str, int]
    left_out: tuple[str, ...]


def take(paths: Sequence[Path], run: Run, asked: Request, *, dry_run: bool = False) -> Taken:
    """Give the answers in files to the trials of a planned run, and write its table ``answers``.

    Args:
        paths: Parquet, JSON lines, CSV or Inspect logs, or folders of logs.
        asked: what the user said about columns.
        dry_run: only count, write nothing.

    Raises:
        DataError: a file cannot be read, a column is missing, a row cannot be read, or no answer belongs to a trial.
    """
    of = _digest(paths)
    questions: list[pl.DataFrame] = []
    answers: list[pl.DataFrame] = []
    left_out: dict[str, None] = {}
    for path in paths:
        if _is_log(path):
            found = import_eval(path)
            questions.append(found.questions.select(QUESTION))
            answers.append(found.answers)
            left_out |= dict.fromkeys(f"score {scorer}" for scorer in found.scores["scorer"].unique().sort())
            continue
        for table in tables(path):
            mapping = resolve(table, asked, NEEDED, verdicts=False)
            chosen = {
                name: column for name, column in mapping.columns.items() if name in (*PLANNED_ONLY, "model", "answer")
            }
            left_out |= dict.fromkeys(
                f"column {mapping.fields[name]}" for name in VERDICT_FIELDS if name in mapping.fields
            )
            for raw in table.read(chosen):
                frame = _typed(raw, chosen)
                wrong = frame.filter(pl.col("fault").is_not_null())
                if wrong.height:
                    raise DataError(f"{table.path}, {table.unit} {wrong['at'][0]}: {wrong['fault'][0]}; mend the row")
                questions.append(frame.select(QUESTION))
                answers.append(frame.select(pl.col(name).cast(kind) for name, kind in ANSWERS.items()))
    source = ", ".join(path.name for path in paths)
    if not answers:
        raise DataError(f"{source}: holds no row; export it again")
    asked_what, everything = pl.concat(questions), pl.concat(answers)
    try:
        adopted = adopt(run, asked_what, everything, source=source, files=of, write=not dry_run)
    except DataError as error:
        if run.has("answers"):
            raise
        raise DataError(f"{error}; {_mend(run, asked_what)}") from error
    return Taken(adopted, dict(Counter(everything["state"]).most_common()), tuple(left_out))


def is_taken(paths: Sequence[Path], run: Run) -> bool:
    """Whether a run's answers came from just these files."""
    return run.has("answers") and run.facts("answers").get("files") == _digest(paths)


def _digest(paths: Sequence[Path]) -> str:
    files = [
        file for path in paths for file in (sorted(path.rglob("*")) if path.is_dir() else [path]) if file.is_file()
    ]
    return hashlib.sha256("".join(sorted(keep.digest(file) for file in files)).encode()).hexdigest()


def _is_log(path: Path) -> bool:
    return (
        any(path.glob("*.eval"))
        if path.is_dir()
        else path.is_file() and inspect_log.opens(path, compressed.start(path))
    )


def _typed(raw: pl.DataFrame, chosen: dict[str, str]) -> pl.DataFrame:
    frame = raw.with_columns(fault=pl.col("broken"))
    lacking = [name for name in (*QUESTION, "answer", *PLANNED_ONLY) if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in dict.fromkeys(lacking))
    for name in NUMBERS:
        kind = pl.Float64() if name == "dollars" else pl.Int64()
        frame = values.read_column(
            frame, name, kind, _amount if name == "dollars" else values.repeat, chosen.get(name, name)
        )
    text, stop = (
        pl.col("answer").str.replace_all("\x00", "\ufffd", literal=True),
        pl.col("stop_reason").str.to_lowercase(),
    )
    empty = text.is_null() | (text.str.strip_chars() == "")
    failed = pl.col("error").is_not_null() & (pl.col("error").str.strip_chars() != "")
    missing: dict[str, Any] = {name: None for name in ANSWERS if name not in frame.columns}
    return frame.with_columns(
        *(pl.col(name).fill_null("") for name in QUESTION),
        state=pl.when(failed & empty)
        .then(pl.lit("error"))
        .when(stop.is_in(list(CUT_OFF)))
        .then(pl.lit("truncated"))
        .when(stop.is_in(list(STOPPED)))
        .then(pl.lit("refused"))
        .when(empty)
        .then(pl.lit("error"))
        .otherwise(pl.lit("answered")),
        completion=text.fill_null(""),
        reasoning=pl.col("reasoning").fill_null(""),
        error=pl.when(empty & ~failed).then(pl.lit("the file holds no answer")).otherwise("error"),
    ).with_columns(pl.lit(value).alias(name) for name, value in missing.items() if name not in ("state", "completion"))


def _amount(cell: str) -> float | None:
    if cell.strip().lower() in values.NOTHING:
        return None
    try:
        return float(cell)
    except ValueError:
        raise ValueError(f"holds {values.shown(cell)}, which is no number") from None


def _mend(run: Run, questions: pl.DataFrame) -> str:
    """What of model, system and message does not fit."""
    trials = run.read("trials", step="plan")
    models = sorted(set(trials["model"].to_list()))
    named = set(questions["model"].to_list())
    if not named & set(models):
        theirs = ", ".join(values.shown(name) for name in sorted(named)[:5])
        return f"it names the models {theirs} and the plan {', '.join(map(repr, models))}: name them alike"
    return (
        "a row belongs to a trial by its id (column trial), or by model, system and user exactly as they are in "
        f"{run.path('trials')}"
    )
