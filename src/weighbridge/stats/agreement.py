"""How well does an instrument's yes or no agree with the truth, beyond chance, when answers come in clusters?

Sensitivity and false alarms are rates (``rates.rate``). Here is Cohen's kappa with an interval that knows that answers
to one task agree: its linearised error is summed by cluster, as for every other ratio in this folder.
"""

import numpy as np

from weighbridge.stats.distributions import t_quantile
from weighbridge.stats.estimate import Bools, Estimate, Floats, NoEstimate
from weighbridge.stats.rates import clopper_pearson

FEWEST_CLUSTERS = 10


def kappa(cluster: Floats, said: Bools, truth: Bools, *, level: float = 0.95) -> Estimate | NoEstimate:
    """Cohen's kappa (1960) of two yes/no labels, arrays (programs,); 1 is agreement, 0 what chance would give.

    κ = (p_o − p_e) / (1 − p_e), p_e from both margins. Interval: the influence of each program on κ (delta method,
    Fleiss, Cohen and Everitt 1969) summed by cluster, Student's t with clusters − 1 degrees of freedom, cut at ±1.
    Where all agree there is no spread to see: the exact binomial interval of p_o over clusters takes its place.
    None where every label is the same, since then there is nothing beyond chance.
    """
    labels, where = np.unique(cluster, return_inverse=True)
    if labels.size < FEWEST_CLUSTERS:
        return NoEstimate(f"{labels.size} clusters of tasks, at least {FEWEST_CLUSTERS} are needed")
    s, t = said.astype(np.float64), truth.astype(np.float64)
    yes, true = float(s.mean()), float(t.mean())
    by_chance = yes * true + (1 - yes) * (1 - true)
    if by_chance >= 1:
        return NoEstimate("every label is the same")
    agree = (said == truth).astype(np.float64)
    observed = float(agree.mean())
    value = (observed - by_chance) / (1 - by_chance)
    of_chance = (2 * true - 1) * (s - yes) + (2 * yes - 1) * (t - true)
    influence = ((agree - observed) - (1 - value) * of_chance) / (1 - by_chance)
    sums = np.bincount(where, weights=influence, minlength=labels.size) / s.size
    if observed == 1:
        worst = s.size**2 / float((np.bincount(where) ** 2).sum())
        low, _ = clopper_pearson(1.0, worst, level=level)
        return Estimate(value, (low - by_chance) / (1 - by_chance), 1.0, level)
    variance = labels.size / (labels.size - 1) * float((sums**2).sum())
    reach = t_quantile(0.5 + level / 2, labels.size - 1) * float(np.sqrt(variance))
    return Estimate(value, max(value - reach, -1.0), min(value + reach, 1.0), level)
