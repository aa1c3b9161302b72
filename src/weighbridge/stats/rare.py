"""Could a difference as large as the margin be the work of a few tasks that this sample hardly holds?

Needed for one word only, *no difference larger than the margin*. Where a context turns one task in twenty from never to
always, 120 tasks hold six such tasks on average and sometimes two, and then the sign-flip's interval, which sees the
spread of the tasks that are there, is too short on that side: it says so wrongly in 6 % of cases instead of 2.5 %.
"""

import numpy as np

from weighbridge.stats.estimate import Floats
from weighbridge.stats.rates import FEWEST_MIXED, clopper_pearson


def limits_if_rare(
    counts: Floats, exposures: Floats, neutral_counts: Floats, neutral_exposures: Floats, *, level: float = 0.95
) -> tuple[Floats, Floats]:
    """Limits of the difference of two rates if few tasks carry it, arrays (tasks, comparisons) → two (comparisons,).

    The tasks' differences that lean one way have a mean between 0 and 1. Where fewer than 10 tasks make it up
    (Kish's effective number), its upper limit is the exact binomial one with each task as one answer, the widest that
    values between 0 and 1 allow, and the limit of the difference moves as far. Elsewhere it is the difference itself;
    nan without a paired task.
    """
    paired = (exposures > 0) & (neutral_exposures > 0)
    weight = np.where(paired, exposures, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        weight = weight / weight.sum(axis=0)
        gap = np.where(paired, counts / exposures - neutral_counts / neutral_exposures, 0.0)
        difference: Floats = (weight * gap).sum(axis=0)
    ups, downs = (_beyond(weight * np.maximum(way * gap, 0.0), weight, level) for way in (1.0, -1.0))
    return difference - downs, difference + ups


def _beyond(leaning: Floats, weight: Floats, level: float) -> Floats:
    """How far over its value the exact limit of each column's sum lies, 0 where enough tasks make it up."""
    out = np.zeros(leaning.shape[1])
    for k in range(out.size):
        total, squares = float(leaning[:, k].sum()), float((leaning[:, k] ** 2).sum())
        whole = float((weight[:, k] ** 2).sum())
        if not whole > 0 or (squares > 0 and total**2 / squares >= FEWEST_MIXED):
            continue
        out[k] = clopper_pearson(min(total, 1.0), 1 / whole, level=level)[1] - total
    return out
