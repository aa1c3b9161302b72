"""Asking in waves, for plans with ``stop = "sequential"``: stop early, for an effect or for futility, honestly.

A wave is every task once in every arm. After each wave its answers are judged, and every planned comparison is looked
at by a betting e-process (``stats.sequential``), which may be looked at as often as one likes. A comparison that is
decided is not asked again; a model whose comparisons are all decided is not asked at all. What is decided stands in
the table ``stops``, with the confidence sequence that replaces the interval after a stop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from weighbridge.audit.ask import ask
from weighbridge.audit.asking.standing import Progress as Asking
from weighbridge.audit.estimate import outcomes
from weighbridge.audit.judge import Progress as Judging
from weighbridge.audit.judge import judge
from weighbridge.audit.plan import Plan
from weighbridge.stats.estimate import Floats
from weighbridge.stats.sequential import Family, anytime_p, confidence_sequence, difference_sequence
from weighbridge.store.tables import Run

Comparison = tuple[str, str]

STOPS = pl.Schema(
    {
        "model": pl.String,
        "context": pl.String,
        "why": pl.String,  # worse side | better side | futile; null: asked to the end
        "waves": pl.UInt32,
        "p": pl.Float64,  # anytime
        "ratio_low": pl.Float64,  # confidence sequence
        "ratio_high": pl.Float64,
        "difference_low": pl.Float64,  # the same for the difference
        "difference_high": pl.Float64,
        "trials_saved": pl.UInt32,
    }
)


@dataclass(frozen=True)
class Wave:
    """One wave as it ended: its number from 1, trials asked so far, and what is decided by now."""

    number: int
    of: int
    asked: int
    decided: dict[Comparison, str]
    open: int


def ask_in_waves(
    plan: Plan,
    run: Run,
    *,
    asking: Asking | None = None,
    judging: Callable[[Judging], None] = lambda progress: None,
    on_wave: Callable[[Wave], None] = lambda wave: None,
    workers: int | None = None,
) -> pl.DataFrame:
    """Ask and judge wave by wave until every planned comparison is decided or everything is asked.

    Killed and run again, it goes through the same waves: what was answered and judged is not done twice.

    Returns:
        The table ``stops``, a row a planned comparison.

    Raises:
        As ``ask`` and ``judge``.
    """
    trials = run.read("trials", step="plan")
    comparisons = _planned(plan, trials)
    waves = int(trials["block"].max() or 0) + 1  # type: ignore[arg-type]
    decided: dict[Comparison, str] = {}
    ended: dict[Comparison, int] = {}
    asked: set[str] = set()
    for wave in range(waves):
        still = [one for one in comparisons if one not in decided]
        if not still:
            break
        chosen = _chosen(trials, wave, still, comparisons)
        asked |= set(chosen)
        ask(plan, run, progress=asking, only=chosen)
        judge(plan, run, workers=workers, on_progress=judging)
        arms = _arms(run, plan, comparisons, wave + 1, ended)
        looks = Family(plan.analysis.ratio_of_interest, plan.analysis.alpha).look([arms[one] for one in comparisons])
        for one, why in zip(comparisons, looks, strict=True):
            if one not in decided and why is not None:
                decided[one], ended[one] = why, wave + 1
        left = len(comparisons) - len(decided)
        on_wave(Wave(wave + 1, waves, len(asked), dict(decided), left))
    arms = _arms(run, plan, comparisons, waves, ended)
    rows: list[dict[str, Any]] = []
    for model, context in comparisons:
        pair, level = arms[model, context], 1 - plan.analysis.alpha
        (ratio_low, ratio_high), (low, high) = (
            f(*pair, level=level) for f in (confidence_sequence, difference_sequence)
        )
        rows.append(
            {
                "model": model,
                "context": context,
                "why": decided.get((model, context)),
                "waves": ended.get((model, context), waves),
                "p": float(anytime_p(*pair)[-1]),
                "ratio_low": ratio_low,
                "ratio_high": ratio_high,
                "difference_low": low,
                "difference_high": high,
                "trials_saved": _saved(trials, asked, model, context),
            }
        )
    stops = pl.DataFrame(rows, schema=STOPS)
    run.write("stops", stops, step="ask", asked=len(asked), planned=trials.height)
    return stops


def _planned(plan: Plan, trials: pl.DataFrame) -> list[Comparison]:
    pairs = trials.select("model", "context").unique(maintain_order=True).iter_rows()
    return sorted((model, context) for model, context in pairs if plan.is_planned(context))


def _chosen(trials: pl.DataFrame, wave: int, still: list[Comparison], comparisons: list[Comparison]) -> list[str]:
    """The wave's trials of models with an open comparison, without the comparisons that are decided."""
    models = sorted({model for model, _ in still})
    done = pl.DataFrame(
        [one for one in comparisons if one not in still],
        schema={"model": pl.String, "context": pl.String},
        orient="row",
    )
    mine = trials.filter((pl.col("block") == wave) & pl.col("model").is_in(models))
    return mine.join(done, on=["model", "context"], how="anti").sort("order")["trial"].to_list()


def _arms(
    run: Run, plan: Plan, comparisons: list[Comparison], waves: int, ended: dict[Comparison, int]
) -> dict[Comparison, tuple[Floats, Floats]]:
    """For each comparison the context's and the neutral arm's outcomes, (waves, tasks), nan where there is none."""
    frame = outcomes(run).with_columns(pl.col(plan.analysis.primary).cast(pl.Float64).alias("y"))
    tasks = sorted(frame["task"].unique().to_list())
    means = frame.group_by("model", "context", "block", "task").agg(pl.col("y").mean())
    cells = {(model, context, block, task): y for model, context, block, task, y in means.iter_rows()}

    def arm(model: str, context: str, upto: int) -> Floats:
        rows = [[cells.get((model, context, wave, task)) for task in tasks] for wave in range(upto)]
        return np.array([[np.nan if y is None else y for y in row] for row in rows], dtype=np.float64)

    found: dict[Comparison, tuple[Floats, Floats]] = {}
    for model, context in comparisons:
        upto = ended.get((model, context), waves)
        found[model, context] = arm(model, context, upto), arm(model, "neutral", upto)
    return found


def _saved(trials: pl.DataFrame, asked: set[str], model: str, context: str) -> int:
    mine = trials.filter((pl.col("model") == model) & (pl.col("context") == context))
    return int(mine.filter(~pl.col("trial").is_in(list(asked))).height)
