"""The step itself: a run's tables in, the comparison's tables out, each written into the run folder as Parquet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from itertools import count
from typing import Any

import polars as pl

from weighbridge.audit.compare import instruments, standings
from weighbridge.audit.compare.answers import answers
from weighbridge.audit.compare.tasks import tasks
from weighbridge.audit.review.agreement import AGREEMENT, agreement
from weighbridge.audit.truth import Truth
from weighbridge.stats.verdict import Margin
from weighbridge.store.tables import Run


@dataclass(frozen=True)
class Comparison:
    """Frames, each also a table of the run named ``compare_…``: ``rates``, ``ranks``, ``pairs``, ``modes``, ``tasks``,
    ``sight`` (tools against exploits), ``stealth``, ``reviewers`` (models as reviewers against exploits); and what they
    rest on.

    ``facts``: sources, whether they say what works, base mode, margin, level, seed, answers, tools, tools absent,
    languages without a tool.
    """

    rates: pl.DataFrame
    ranks: pl.DataFrame
    pairs: pl.DataFrame
    modes: pl.DataFrame
    tasks: pl.DataFrame
    sight: pl.DataFrame
    stealth: pl.DataFrame
    reviewers: pl.DataFrame
    facts: dict[str, Any]


FRAMES = tuple(field.name for field in fields(Comparison) if field.name != "facts")


def compare(
    run: Run,
    *,
    base: str | None = None,
    margin: float = 0.05,
    level: float = 0.95,
    seed: int = 20260601,
    on_progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Comparison:
    """Compare every model of a collection or of a judged run, and write the tables ``compare_…``.

    Args:
        base: the mode that others are compared with; by default *neutral* or *gen*.
        margin: differences in rate inside ± this count as none.
        on_progress: called with the part that begins, parts done and parts in all.

    Raises:
        DataError: there are no verdicts, or no such mode.
    """
    steps = count()

    def begin(what: str) -> None:
        on_progress(what, next(steps), 6)

    begin("reading")
    known = answers(run)
    first = standings.base_mode(known, base)
    limits = Margin(difference=margin)
    every = sorted(known.frame["mode"].unique().to_list())
    begin("rates")
    rated = standings.rates(known, level=level)
    begin("pairs of models")
    compared = standings.pairs(known, every, limits, level=level, seed=seed)
    begin("modes")
    asked = standings.modes(known, first, limits, level=level, seed=seed)
    begin("tasks")
    by_task = tasks(known.frame)
    begin("tools")
    found = Comparison(
        rated,
        standings.ranks(compared, rated),
        compared,
        asked,
        by_task,
        instruments.sight(known, run, level=level),
        instruments.stealth(known, level=level),
        _reviewers(known.truth, run, level),
        {
            "step": "compare",
            "sources": list(known.sources),
            "base": first,
            "margin": margin,
            "level": level,
            "seed": seed,
            "answers": known.frame.height,
            "models": known.frame["model"].n_unique(),
            "tasks": known.frame["task"].n_unique(),
            "kinds": known.frame["kind"].n_unique(),
            "modes": every,
            "says_what_works": _says_what_works(known.frame),
            "without_verdict": int(known.frame["verdict"].null_count()),
            "tools": list(known.tools),
            "absent": list(known.absent),
            "no_tool": instruments.languages_without_a_tool(run, known.tools) if known.tools else {},
        },
    )
    for name in FRAMES:
        run.write(f"compare_{name}", getattr(found, name), **found.facts)
    on_progress("done", 6, 6)
    return found


def _says_what_works(frame: pl.DataFrame) -> bool:
    """Whether the source says of any program that it does, or does not, do its job."""
    said = pl.col("works").is_not_null() | ((pl.col("verdict") == "broken") & ~pl.col("empty"))
    return bool(frame.select(said.any()).item())


def _reviewers(proved: Truth, run: Run, level: float) -> pl.DataFrame:
    if not run.has("reviews"):
        return pl.DataFrame(schema=AGREEMENT)
    return agreement(proved, run.read("reviews"), level=level)


def read_comparison(run: Run) -> Comparison:
    """The comparison that was written last.

    Raises:
        StepMissing: none was.
    """
    frames = {name: run.read(f"compare_{name}", step="compare") for name in FRAMES}
    return Comparison(**frames, facts=run.facts("compare_rates"))
