"""What a plan can and cannot see, said before it is paid for: the smallest effect on the primary outcome."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from weighbridge.audit.plan import Plan
from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.placebo import FEWEST_PLACEBOS
from weighbridge.stats.power import smallest_detectable


@dataclass(frozen=True)
class Smallest:
    """The smallest difference in rate (0 to 1) that one model's part of a plan finds with 80 % power after Holm.

    None where it cannot find any; ``words`` says which, or why. ``tasks`` counts clusters (scenarios), ``repeats`` the
    answers to one of them in the arm that has fewer.
    """

    model: str
    tasks: int
    repeats: int
    planned_contexts: int
    placebos: int
    difference: float | None
    words: str


def smallest_effect(plan: Plan, trials: pl.DataFrame) -> list[Smallest]:
    """One row a model, from the plan's assumed rate and agreement within tasks (``Analysis``)."""
    planned = {context for context in trials["context"].unique().to_list() if plan.is_planned(str(context))}
    tests = sum(
        trials.filter((pl.col("model") == model.name) & pl.col("context").is_in(list(planned)))["context"].n_unique()
        for model in plan.models
    )
    return [
        _of_model(plan, trials.filter(pl.col("model") == model.name), model.name, planned, tests)
        for model in plan.models
    ]


def _of_model(plan: Plan, mine: pl.DataFrame, name: str, planned: set[str], tests: int) -> Smallest:
    clusters = mine["scenario"].n_unique()
    arms = mine.filter((pl.col("context") == "neutral") | pl.col("context").is_in(list(planned)))
    sizes = arms.group_by("context").len()
    repeats = max(1, int(sizes["len"].min() or 0) // max(clusters, 1))  # type: ignore[call-overload]
    contexts = mine.filter(pl.col("context").is_in(list(planned)))["context"].n_unique()
    placebos = mine.filter(pl.col("group") == "placebo")["context"].n_unique()
    if not contexts:
        return Smallest(name, clusters, repeats, 0, placebos, None, "none: no planned context is asked")
    analysis = plan.analysis
    found = smallest_detectable(
        clusters, repeats, analysis.assumed_rate, icc=analysis.assumed_icc, alpha=analysis.alpha, tests=tests
    )
    few = ""
    if placebos < FEWEST_PLACEBOS:
        few = f"; with {placebos} placebo wordings nothing can be claimed: {FEWEST_PLACEBOS} are the least, 10 are good"
    if isinstance(found, NoEstimate):
        return Smallest(name, clusters, repeats, contexts, placebos, None, f"none: {found.reason}{few}")
    most = max(analysis.assumed_rate, 1 - analysis.assumed_rate)
    if found.difference > most:
        return Smallest(name, clusters, repeats, contexts, placebos, None, f"none: it would take over {most:.0%}{few}")
    base = analysis.assumed_rate
    words = f"{100 * found.difference:.0f} points (from {base:.0%} to {base + found.difference:.0%}){few}"
    return Smallest(name, clusters, repeats, contexts, placebos, found.difference, words)
