"""How often does an arm show an outcome, and how sure is that? Rates whose interval knows that tasks are clusters.

Ten answers to one task nearly always agree, so a binomial interval over answers is several times too narrow. The
variance is taken between tasks, turned into an effective number of answers (design effect), and put into Wilson's
interval. Where too few tasks show the outcome to estimate a design effect, each task is counted as one answer, the
worst that clustering can do, and the interval is the exact binomial one: right at 0 and at 1, and never too short.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.distributions import beta_quantile, normal_quantile, t_quantile
from weighbridge.stats.estimate import Estimate, Floats, NoEstimate

FEWEST_MIXED = 10  # effective tasks with and without the outcome, from which on a design effect is estimated
FEWEST_FOR_DENSITY = 9


@dataclass(frozen=True)
class Rate:
    """Events over answers with its interval; ``design_effect`` ≥ 1 and ``effective`` answers say what clustering took.

    ``icc`` is the intra-class correlation of answers to one task, None where it cannot be estimated (one answer a
    task, or no variation at all).
    """

    value: float
    low: float
    high: float
    level: float
    tasks: int
    answers: float
    events: float
    design_effect: float
    effective: float
    icc: float | None


def rate(counts: Floats, answers: Floats, *, level: float = 0.95) -> Rate | NoEstimate:
    """The rate Σ counts / Σ answers over tasks, arrays (tasks,), 0 ≤ counts ≤ answers; tasks without answers drop out.

    Cluster variance of a ratio, (n−1)/n Σ ((c_i − rL_i)/(1 − L_i/M))² / M²: with equal L_i the textbook's (Cochran
    1977, 6.3), and where one task has most of the answers the jackknife's, which knows that such a task pulls r to
    itself. Effective answers are lowered by (z/t)² (Korn and Graubard 1998), with degrees of freedom one less than the
    effective number of tasks (ΣL)²/ΣL² (Kish 1965).
    """
    asked = answers > 0
    c, n_i = counts[asked].astype(np.float64), answers[asked].astype(np.float64)
    tasks = int(asked.sum())
    if tasks == 0:
        return NoEstimate("no answer")
    if bool(np.any(c < 0)) or bool(np.any(c > n_i)):
        raise ValueError("a rate needs 0 ≤ counts ≤ answers in every task")
    total, events = float(n_i.sum()), float(c.sum())
    value = events / total
    worst = _kish(n_i)  # every task unanimous
    mixed = min(_kish(n_i[c > 0]), _kish(n_i[c < n_i]))
    if tasks < 2 or mixed < FEWEST_MIXED:
        effective = worst
        low, high = clopper_pearson(value, worst, level=level)
    else:
        variance = _variance(c - value * n_i, n_i) / total**2
        spread = value * (1 - value)
        # the tasks may agree more than chance would have it: never more than every answer for itself
        effective = total if variance * total <= spread else max(spread / variance, worst * (tasks - 1) / tasks)
        z = normal_quantile(0.5 + level / 2)
        effective *= (z / t_quantile(0.5 + level / 2, max(worst - 1, 1.0))) ** 2
        low, high = wilson(value, effective, level=level)
    return Rate(value, low, high, level, tasks, total, events, max(total / effective, 1.0), effective, icc(c, n_i))


def _kish(sizes: Floats) -> float:
    """How many equal tasks are worth as much as tasks of these sizes: (ΣL)²/ΣL²."""
    return float(sizes.sum()) ** 2 / float((sizes**2).sum()) if sizes.size else 0.0


def _variance(residuals: Floats, sizes: Floats) -> float:
    """Delete-one jackknife variance of Σ residuals, each with the leverage of its size."""
    n = residuals.size
    return (n - 1) / n * float(((residuals / (1 - sizes / sizes.sum())) ** 2).sum())


def wilson(value: float, effective: float, *, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (1927) of a share seen in ``effective`` independent answers (need not be whole)."""
    z2 = normal_quantile(0.5 + level / 2) ** 2
    centre = (value + z2 / (2 * effective)) / (1 + z2 / effective)
    half = float(np.sqrt(z2 * (value * (1 - value) / effective + z2 / (4 * effective**2)))) / (1 + z2 / effective)
    low = 0.0 if value <= 0 else max(centre - half, 0.0)
    high = 1.0 if value >= 1 else min(centre + half, 1.0)
    return low, high


def clopper_pearson(value: float, effective: float, *, level: float = 0.95) -> tuple[float, float]:
    """The exact binomial interval (1934) of a share seen in ``effective`` independent answers (need not be whole)."""
    tail, events = (1 - level) / 2, value * effective
    low = 0.0 if events <= 0 else beta_quantile(tail, events, effective - events + 1)
    high = 1.0 if value >= 1 else beta_quantile(1 - tail, events + 1, effective - events)
    return low, high


def icc(counts: Floats, answers: Floats) -> float | None:
    """Intra-class correlation of yes/no answers within tasks, analysis-of-variance estimator (Donner 1986).

    None with one answer a task or without any variation; may be slightly negative.
    """
    k = counts.size
    total = float(answers.sum())
    if k < 2 or total <= k:
        return None
    share = counts / answers
    grand = float(counts.sum()) / total
    between = float((answers * (share - grand) ** 2).sum()) / (k - 1)
    within = float((answers * share * (1 - share)).sum()) / (total - k)
    typical = (total - float((answers**2).sum()) / total) / (k - 1)
    spread = between + (typical - 1) * within
    return (between - within) / spread if spread > 0 else None


def density(counts: Floats, exposures: Floats, *, level: float = 0.95) -> Estimate | NoEstimate:
    """Events per unit of exposure (findings per thousand lines), arrays (tasks,); interval on the log scale.

    Cluster variance of a ratio of totals and degrees of freedom as in ``rate``. Counts have no worst case to fall
    back on, so that with fewer than 9 tasks, or where fewer than 10 (effective) have most of the events, there is none.
    """
    there = exposures > 0
    c, ell = counts[there], exposures[there]
    tasks, events = int(there.sum()), float(c.sum())
    if events == 0:
        return NoEstimate("no event")
    if tasks < FEWEST_FOR_DENSITY:
        return NoEstimate(f"{tasks} tasks with any exposure, at least {FEWEST_FOR_DENSITY} are needed for an interval")
    if _kish(c) < FEWEST_MIXED:
        return NoEstimate(f"{_kish(c):.1f} tasks have most of the events, at least {FEWEST_MIXED} are needed")
    total = float(ell.sum())
    value = events / total
    relative = float(np.sqrt(_variance(c - value * ell, ell))) / events
    reach = t_quantile(0.5 + level / 2, max(_kish(ell) - 1, 1.0)) * relative
    return Estimate(value, value * float(np.exp(-reach)), value * float(np.exp(reach)), level)
