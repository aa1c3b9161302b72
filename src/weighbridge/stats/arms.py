"""What did each arm show by itself? A row for every model, context and outcome, with an interval that knows clusters.

Comparisons are in ``effects``, and are about half as wide: two arms' intervals that overlap say nothing about a pair.
"""

import numpy as np

from weighbridge.stats.estimate import Estimate, Floats, NoEstimate
from weighbridge.stats.rates import Rate, density, rate
from weighbridge.stats.totals import TaskTotals

Row = dict[str, float | int | str | bool | None]


def arm_rows(totals: TaskTotals, outcome: str, is_rate: bool, level: float) -> list[Row]:
    """A row for every context of one model: value, interval, answers, events, what is missing, design effect."""
    groups = (totals.cluster[None, :] == np.unique(totals.cluster)[:, None]).astype(np.float64)
    return [_arm_row(totals, j, groups, outcome, is_rate, level) for j in range(len(totals.contexts))]


def _arm_row(totals: TaskTotals, j: int, groups: Floats, outcome: str, is_rate: bool, level: float) -> Row:
    context = totals.contexts[j]
    answered, expected = totals.answered[:, j], totals.expected[:, j]
    there = answered > 0
    # every task weighs the same, as it does in the comparisons
    typical = float(answered[there].mean()) if bool(there.any()) else 0.0
    counts = groups @ np.where(there, totals.mean[:, j] * typical, 0.0)
    exposures = groups @ np.where(there, totals.per[:, j] * typical, 0.0)
    value = rate(np.minimum(counts, exposures), exposures, level=level) if is_rate else None
    amount = None if is_rate else density(counts, exposures, level=level)
    shown: Rate | Estimate | NoEstimate | None = value if is_rate else amount
    row: Row = {
        "model": totals.model,
        "context": context,
        "group": totals.groups[context],
        "outcome": outcome,
        "tasks": int(there.sum()),
        "answers": int(answered.sum()),
        "missing": int(expected.sum() - answered.sum()),
        "events": float(totals.total[:, j].sum()),
        "value": None,
        "low": None,
        "high": None,
        "design_effect": None,
        "icc": None,
        "reason": shown.reason if isinstance(shown, NoEstimate) else None,
    }
    if isinstance(shown, NoEstimate) and float(exposures.sum()) > 0:
        row["value"] = float(counts.sum() / exposures.sum())  # seen, but there is no interval for it
    if isinstance(shown, Rate | Estimate):
        row |= {"value": shown.value, "low": shown.low, "high": shown.high}
    if isinstance(value, Rate):
        row |= {"design_effect": value.design_effect, "icc": value.icc}
    return row
