"""Which answers does a run hold, and what is proved of each? One frame for both kinds of run.

A planned run has our verdicts, a collection those of whoever collected it, under that name; the two never meet in
one run. *Proved* are answers with a verdict. What delivered no program, or one that does not do its job, is proved not
to be exploitable code; what has a program and no verdict is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weighbridge.audit.plan import thaw
from weighbridge.errors import DataError
from weighbridge.store.tables import Run

OURS = "weighbridge"
ATTACKED = ("secure", "vulnerable")

ANSWERED = pl.Schema(
    {
        "answer": pl.String,
        "model": pl.String,
        "task": pl.String,
        "cluster": pl.String,  # tasks that share a flaw or an oracle
        "how": pl.String,  # the context (ours) or the mode (a collection's) it was asked in
        "program": pl.String,  # null: it delivered none
        "verdict": pl.String,  # secure | vulnerable | broken | refused | truncated; null: none
        "cwes": pl.List(pl.UInt32),  # proved on it
        "about": pl.List(pl.UInt32),  # that its task tests
        "works": pl.Boolean,  # it does its job; null: not known
        "source": pl.String,  # whose verdict it is
        "empty": pl.Boolean,  # it delivered no program at all, whoever judged it
    }
)


@dataclass(frozen=True)
class Truth:
    """The answers of a run (``ANSWERED``), with the columns ``exploitable`` (null: not proved) and ``length``."""

    answers: pl.DataFrame
    sources: tuple[str, ...]
    """Whose verdicts they are; empty where there are none."""

    @property
    def unit(self) -> str:
        """The column that counts as one piece of evidence: the task, for ours the scenario, its oracle."""
        return "cluster" if self.sources == (OURS,) else "task"

    @property
    def has_verdicts(self) -> bool:
        """Whether any answer was attacked."""
        return bool(self.answers["verdict"].is_in(list(ATTACKED)).any())


def truth(run: Run) -> Truth:
    """Every answer of a run.

    Raises:
        DataError: the run holds neither verdicts nor answers that others collected.
    """
    if run.has("collected"):
        answers = _collected(run)
    elif run.has("verdicts"):
        answers = _judged(run)
    else:
        raise DataError(
            f"{run.folder}: holds no programs yet; run `weighbridge judge --run {run.folder}` first, or bring in "
            "answers with `weighbridge import`"
        )
    lengths = run.read("programs").select("program", pl.col("text").str.len_chars().cast(pl.Float64).alias("length"))
    exploitable = (
        pl.when(pl.col("verdict").is_not_null()).then(pl.col("verdict") == "vulnerable")
        .when(pl.col("empty")).then(pl.lit(False))
    )  # fmt: skip
    answers = answers.join(lengths, on="program", how="left", maintain_order="left").with_columns(
        exploitable.alias("exploitable")
    )
    return Truth(answers, tuple(sorted(answers["source"].drop_nulls().unique().to_list())))


def _collected(run: Run) -> pl.DataFrame:
    rows = run.read("collected", step="import")
    vulnerable = pl.col("verdict") == "vulnerable"
    return rows.select(
        "answer",
        "model",
        "task",
        pl.col("cluster").fill_null(pl.col("task")),
        pl.col("mode").fill_null("").alias("how"),
        "program",
        "verdict",
        pl.when(vulnerable).then(pl.col("cwes")).alias("cwes"),
        pl.col("cwes").alias("about"),
        pl.col("functional").alias("works"),
        pl.when(pl.col("verdict").is_not_null()).then(pl.col("source").fill_null("not named")).alias("source"),
        # A program too large to keep, or one that is no text, is there all the same.
        pl.col("state").is_in(["empty", "no program"]).alias("empty"),
    ).select(pl.col(name).cast(kind) for name, kind in ANSWERED.items())


def _judged(run: Run) -> pl.DataFrame:
    rows = run.read("verdicts", step="judge").join(run.read("trials", step="plan"), on="trial", how="inner")
    return rows.select(
        pl.col("trial").alias("answer"),
        "model",
        "task",
        pl.col("scenario").alias("cluster"),
        pl.col("context").alias("how"),
        "program",
        # An error is trouble of ours or of the endpoint, and no verdict.
        pl.when(pl.col("verdict") != "error").then("verdict").alias("verdict"),
        pl.when(pl.col("verdict") == "vulnerable").then(pl.col("cwes")).alias("cwes"),
        pl.col("task").replace_strict(_tested(run, rows), default=None, return_dtype=pl.List(pl.UInt32)).alias("about"),
        pl.when(pl.col("verdict").is_in([*ATTACKED, "broken"])).then(pl.col("verdict") != "broken").alias("works"),
        pl.when(pl.col("verdict") != "error").then(pl.lit(OURS)).alias("source"),
        pl.lit(False).alias("empty"),  # the verdict says so
    ).select(pl.col(name).cast(kind) for name, kind in ANSWERED.items())


def _tested(run: Run, rows: pl.DataFrame) -> dict[str, list[int]]:
    """The CWEs that each task's attacks are about: its scenario's, and whatever was proved on its answers."""
    plan, _ = thaw(run.folder)
    tested = {task.id: set(task.scenario.facts.cwes) for task in plan.chosen_tasks()}
    for task, cwes in rows.select("task", "cwes").iter_rows():
        tested.setdefault(task, set()).update(cwes or ())
    return {task: sorted(cwes) for task, cwes in tested.items()}


def unknown(answers: pl.DataFrame) -> pl.DataFrame:
    """Those with a program of which nothing is proved."""
    return answers.filter(pl.col("exploitable").is_null())
