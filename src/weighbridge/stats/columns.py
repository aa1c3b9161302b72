"""Two arms side by side, many comparisons at once: what ``effects`` and ``pairs`` estimate from the same task totals.

A comparison is a pair of columns of ``TaskTotals``. Each task that both arms answered takes part and weighs the same in
both; the rest are counted. Everything of one comparison is at the same place of the arrays' last axis.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.arms import Row
from weighbridge.stats.conditional import OnTheseTasks, on_these_tasks
from weighbridge.stats.estimate import Floats
from weighbridge.stats.rare import limits_if_rare
from weighbridge.stats.signflip import SignFlips, sign_flips
from weighbridge.stats.signs import sign_sets
from weighbridge.stats.totals import TaskTotals


def known(value: float) -> float | None:
    """A number, or None where there is no estimate."""
    return None if np.isnan(value) else float(value)


@dataclass(frozen=True)
class Compared:
    """Columns ``one`` against columns ``other``.

    ``flips`` speak of tasks like these, ``here`` of these tasks (None for a density). ``paired`` is (tasks,
    comparisons), over 0 where a task takes part; ``means`` are both arms'; ``if_rare`` the limits if few tasks carry
    the difference.
    """

    one: list[int]
    other: list[int]
    flips: SignFlips
    here: OnTheseTasks | None
    paired: Floats
    means: tuple[Floats, Floats]
    if_rare: tuple[Floats, Floats]

    def counts(self, totals: TaskTotals, k: int, is_rate: bool, arms: tuple[str, str]) -> Row:
        """What comparison ``k`` rests on; columns of the two arms end in ``arms``."""
        kept, columns = self.paired[:, k] > 0, (self.one[k], self.other[k])
        answered = [float(totals.answered[kept, j].sum()) for j in columns]
        events = [float(totals.total[kept, j].sum()) for j in columns]
        rarer = min(sum(events), sum(answered) - sum(events)) if is_rate else sum(events)
        missing = [1 - float(totals.answered[:, j].sum() / totals.expected[:, j].sum()) for j in columns]
        means = [known(float(mean[k])) for mean in self.means]
        row: Row = {"tasks_unpaired": int((~kept).sum()), "informative": int(self.flips.informative[k])}
        row |= {f"answers_{arm}": int(value) for arm, value in zip(arms, answered, strict=True)}
        row |= {f"missing_{arm}": value for arm, value in zip(arms, missing, strict=True)}
        row |= {f"events_{arm}": value for arm, value in zip(arms, events, strict=True)}
        row["events_rarer"] = rarer
        return row | {f"mean_{arm}": value for arm, value in zip(arms, means, strict=True)}

    def rare(self, k: int, is_rate: bool) -> Row:
        """``rare_low`` and ``rare_high`` of comparison ``k``, as ``words.evidence_of`` reads them."""
        low, high = (known(float(limit[k])) if is_rate else None for limit in self.if_rare)
        return {"rare_low": low, "rare_high": high}


def compare_columns(
    totals: TaskTotals, one: list[int], other: list[int], *, is_density: bool, level: float, draws: int, seed: int
) -> Compared:
    """Compare columns ``one`` with columns ``other``, pair by pair."""
    paired = ((totals.answered[:, one] > 0) & (totals.answered[:, other] > 0)).astype(np.float64)
    (c1, l1), (c0, l0) = totals.by_cluster(one, paired), totals.by_cluster(other, paired)
    flips = sign_flips(c1, l1, c0, l0, level=level, signs=sign_sets(c1.shape[0], draws, seed))
    here = None
    if not is_density:
        arms = [(totals.mean[:, k], totals.noise[:, k], totals.answered[:, k]) for k in (one, other)]
        here = on_these_tasks(*arms[0], *arms[1], level=level)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = c1.sum(axis=0) / l1.sum(axis=0), c0.sum(axis=0) / l0.sum(axis=0)
    return Compared(one, other, flips, here, paired, means, limits_if_rare(c1, l1, c0, l0, level=level))
