"""What did a task solved cost? From the tokens that an audit really used, failures and retries included.

The first question of ``price``. A task is *solved* when the program does its job (verdict secure or vulnerable) and
*solved securely* when it also withstood every attack (secure). Everything that was charged counts as cost: refusals,
broken programs, truncated answers and attempts that failed. Two models are compared on the cells both were asked and
the tasks both solved, with the sign-flip of ``stats`` and the number solved as exposure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.signflip import sign_flip

OUTCOMES = {"solved": ("secure", "vulnerable"), "solved securely": ("secure",)}
MOST_UNPRICED = 0.1
"""Share of a model's answers without a known price above which no cost per task is given for it."""
FEWEST_TASKS = 9
"""With fewer tasks in common no comparison can reject anything (``statistics``)."""
RULE_OF_THREE = 3.0
"""None solved among many: up to three might have been (95 %), so one costs at least a third of what was spent."""
CELL = ("task", "context", "slot", "language", "paraphrase")
TOKENS = ("input", "cached", "reasoning", "output", "wasted_input", "wasted_output")


@dataclass(frozen=True, slots=True)
class TokenPrice:
    """A price in dollars per million tokens; ``cached`` is that of ``input`` where it is not known."""

    input: float
    output: float
    cached: float | None = None


@dataclass(frozen=True, slots=True)
class PerTask:
    """Dollars per task solved. ``value`` is None where there is none, ``reason`` then says why.

    With ``at_least`` the true cost is ``value`` or more: nothing was solved, or part of the cost is not known.
    """

    outcome: str
    solved: int
    value: float | None
    at_least: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Bill:
    """What one model's answers cost. ``tokens`` are sums; ``told`` counts the answers whose endpoint told its usage.

    ``unpriced`` are answers whose price is not known, ``silent_failures`` failed attempts that may have been charged
    but told no usage, ``not_judged`` answers without a verdict: they take no part.
    """

    model: str
    asked: int
    judged: int
    not_judged: int
    unpriced: int
    silent_failures: int
    dollars: float | None
    wasted_dollars_share: float | None
    tokens: Mapping[str, int]
    told: int
    per_task: tuple[PerTask, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class PricePair:
    """Cost per task solved of ``model`` over that of ``other``, on tasks that both solve; ``ratio`` may be None."""

    model: str
    other: str
    outcome: str
    tasks: int
    model_dollars: float | None
    other_dollars: float | None
    ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    word: str
    reason: str | None
    left_out: int


@dataclass(frozen=True)
class Costs:
    """Everything ``costs`` found, with what a reader must know beside it."""

    bills: list[Bill]
    pairs: list[PricePair]
    remarks: list[str] = field(default_factory=list)


def joined(trials: pl.DataFrame, answers: pl.DataFrame, verdicts: pl.DataFrame) -> pl.DataFrame:
    """One row an answer with its cell, cost, tokens and verdict (null: not judged). Columns as in ``store.schemas``."""
    plan = trials.select("trial", "model", *CELL)
    used = [f"{name}_tokens" for name in TOKENS]
    paid = answers.select("trial", "state", "dollars", "attempts", *used)
    return plan.join(paid, on="trial", how="inner").join(verdicts.select("trial", "verdict"), on="trial", how="left")


def costs(
    rows: pl.DataFrame,
    *,
    own: Collection[str] = (),
    prices: Mapping[str, TokenPrice] | None = None,
    level: float = 0.95,
) -> Costs:
    """Bills of all models and every pair of them.

    ``rows`` is what ``joined`` gives, of one run or several. ``own`` names models that ran on one's own machine: no
    price per token is known for them, whatever ``dollars`` says. ``prices`` replaces what was paid, by model.
    """
    priced = _priced(rows, own, prices or {})
    models = priced["model"].unique(maintain_order=True).to_list()
    bills = [_bill(priced.filter(pl.col("model") == model), model, model in own) for model in models]
    usable = {bill.model for bill in bills if bill.per_task and bill.per_task[0].reason is None}
    pairs = [
        _pair(priced, model, other, outcome, usable, level)
        for at, other in enumerate(models)
        for model in models[at + 1 :]
        for outcome in OUTCOMES
    ]
    unknown = sorted(bill.model for bill in bills if bill.dollars is None)
    remarks = (
        [f"the price of {len(unknown)} of {len(models)} models is not known: {', '.join(unknown)}"] if unknown else []
    )
    return Costs(bills, pairs, remarks)


def _priced(rows: pl.DataFrame, own: Collection[str], prices: Mapping[str, TokenPrice]) -> pl.DataFrame:
    """Adds ``cost`` (dollars, null: not known), ``lost`` (dollars of failed attempts) and the outcomes as flags."""
    cost = pl.when(pl.col("model").is_in(list(own))).then(None).otherwise(pl.col("dollars"))
    lost = pl.lit(None, pl.Float64)
    for model, price in prices.items():
        fresh = pl.col("input_tokens") - pl.col("cached_tokens").fill_null(0)
        cached = price.input if price.cached is None else price.cached
        answer = (
            fresh * price.input + pl.col("cached_tokens").fill_null(0) * cached + pl.col("output_tokens") * price.output
        )
        wasted = (
            pl.col("wasted_input_tokens").fill_null(0) * price.input
            + pl.col("wasted_output_tokens").fill_null(0) * price.output
        )
        told_waste = pl.col("wasted_input_tokens").is_not_null() | pl.col("wasted_output_tokens").is_not_null()
        whole = pl.when(pl.col("state") == "error").then(pl.when(told_waste).then(wasted)).otherwise(answer + wasted)
        mine = pl.col("model") == model
        cost = pl.when(mine).then(whole / 1e6).otherwise(cost)
        lost = pl.when(mine).then(wasted / 1e6).otherwise(lost)
    flags = {name: pl.col("verdict").is_in(list(verdicts)).fill_null(False) for name, verdicts in OUTCOMES.items()}
    return rows.with_columns(cost=cost, lost=lost, **flags)


def _bill(mine: pl.DataFrame, model: str, own: bool) -> Bill:
    judged = mine.filter(pl.col("verdict").is_not_null())
    failed = (judged["state"] == "error") & judged["cost"].is_null()
    silent, unpriced = int(failed.sum()), int((judged["cost"].is_null() & ~failed).sum())
    known = judged.filter(pl.col("cost").is_not_null())
    dollars = float(known["cost"].sum()) if len(known) else None
    tokens = {name: int(judged[f"{name}_tokens"].sum()) for name in TOKENS}
    told = int(judged["output_tokens"].is_not_null().sum())
    waste = float(known["lost"].sum()) / dollars if dollars and known["lost"].null_count() == 0 else None
    answered = len(judged) - silent
    reason = None
    if dollars is None:
        reason = "its price is not known"
        if own:
            reason = "it ran on your own machine, which has no price per token; give one with --price"
    elif answered and unpriced > MOST_UNPRICED * answered:
        reason = f"the price of {unpriced} of {answered} answers is not known"
    per_task = tuple(_per_task(judged, name, dollars, silent, reason) for name in OUTCOMES)
    return Bill(
        model,
        len(mine),
        len(judged),
        len(mine) - len(judged),
        unpriced,
        silent,
        dollars,
        waste,
        tokens,
        told,
        per_task,
        reason or "",
    )


def _per_task(judged: pl.DataFrame, outcome: str, dollars: float | None, silent: int, reason: str | None) -> PerTask:
    # An answer without a price takes no part on either side of the division; a failed attempt solved nothing.
    solved = int(judged.filter(pl.col("cost").is_not_null())[outcome].sum())
    if reason is not None or dollars is None:
        return PerTask(outcome, int(judged[outcome].sum()), None, False, reason)
    if solved == 0:
        return PerTask(outcome, 0, dollars / RULE_OF_THREE, True)
    return PerTask(outcome, solved, dollars / solved, silent > 0)


def _pair(rows: pl.DataFrame, model: str, other: str, outcome: str, usable: set[str], level: float) -> PricePair:
    judged = rows.filter(pl.col("verdict").is_not_null() & pl.col("model").is_in([model, other]))
    both = judged.group_by(CELL).agg(pl.col("model").n_unique().alias("n")).filter(pl.col("n") == 2)
    common = judged.join(both.select(CELL), on=list(CELL), how="semi", nulls_equal=True)
    left_out = len(judged) - len(common)

    def none(reason: str, tasks: int = 0, sums: tuple[float | None, float | None] = (None, None)) -> PricePair:
        word = "not enough data"
        return PricePair(model, other, outcome, tasks, *sums, None, None, None, None, word, reason, left_out)

    for name in (model, other):
        if name not in usable:
            return none(f"{name} has no cost per task")
    totals = (
        common.filter(pl.col("cost").is_not_null())
        .group_by("task", "model")
        .agg(pl.col("cost").sum(), pl.col(outcome).sum().cast(pl.Float64).alias("n"))
    )
    mine, theirs = (totals.filter(pl.col("model") == name).drop("model") for name in (model, other))
    table = (
        mine.join(theirs, on="task", suffix="_other").filter((pl.col("n") > 0) & (pl.col("n_other") > 0)).sort("task")
    )
    if table.is_empty():
        return none("there is no task that both solved")
    cost, n, cost_other, n_other = (
        table[c].to_numpy().astype(np.float64) for c in ("cost", "n", "cost_other", "n_other")
    )
    sums = float(cost.sum() / n.sum()), float(cost_other.sum() / n_other.sum())
    found = sign_flip(cost, n, cost_other, n_other, level=level)
    if isinstance(found, NoEstimate):
        return none(found.reason, len(table), sums)
    if isinstance(found.ratio, NoEstimate):
        return none(found.ratio.reason, len(table), sums)
    ratio = found.ratio
    if len(table) < FEWEST_TASKS:
        word, reason = "not enough data", f"{len(table)} tasks in common can't tell: at least {FEWEST_TASKS} are needed"
    elif ratio.high < 1:
        word, reason = "cheaper", None
    elif ratio.low > 1:
        word, reason = "dearer", None
    else:
        word, reason = "not told apart", None
    return PricePair(
        model,
        other,
        outcome,
        len(table),
        *sums,
        ratio.value,
        ratio.low,
        ratio.high,
        found.p_mid,
        word,
        reason,
        left_out,
    )
