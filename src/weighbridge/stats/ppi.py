"""Can a model's verdicts on many answers be used beside proved verdicts on a few? Prediction-powered inference.

A judge model labels everything, attacks prove a part. The mean of the judge's labels is corrected by the mean of its
errors where the truth is known (Angelopoulos et al. 2023), with the power-tuning weight of PPI++ (2023). Errors cluster
by task, so the variance is taken between tasks: the version for independent answers covers 0.75 to 0.81, not 0.95.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.distributions import chi_squared_above, normal_below, normal_quantile, t_quantile
from weighbridge.stats.estimate import Bools, Estimate, Floats, Ints, NoEstimate

FEWEST_TASKS = 10


@dataclass(frozen=True)
class Corrected:
    """A corrected rate with its two intervals; ``weight`` is λ, 0 where the judge's labels were of no use.

    ``low`` and ``high`` speak of tasks like these (the tasks are a sample), ``low_here`` and ``high_here`` of the
    answers to these tasks only; those are None where not every answer was judged, or where the proofs show no error of
    the judge at all to build an interval on.
    """

    value: float
    low: float
    high: float
    low_here: float | None
    high_here: float | None
    weight: float
    level: float


def clustered_ppi(
    task: Floats, judged: Floats, proved: Floats, known: Bools, *, level: float = 0.95
) -> Estimate | NoEstimate:
    """Mean of the proved label over all answers; arrays (answers,), ``proved`` is read only where ``known``.

    Estimate: λ·mean(judged over all) + mean(proved − λ·judged over known), λ by least clustered variance within
    [0, 1]. The two parts share tasks, so the variance is that of their sum per task, linearised, tasks − 1 df.
    """
    everything = np.ones_like(known)
    found = pooled_ppi(task, everything, judged, proved, everything, known, level=level)
    return found if isinstance(found, NoEstimate) else Estimate(found.value, found.low, found.high, level)


def pooled_ppi(
    task: Floats, open_: Bools, judged: Floats, proved: Floats, reviewed: Bools, known: Bools, *, level: float = 0.95
) -> Corrected | NoEstimate:
    """The same where some answers are 0 without a proof (not ``open_``), and only a part was judged (``reviewed``).

    It was chance, over all open answers alike, which were proved and which judged. With means over open answers:
    share(open) · [mean(proved over known) + λ·(mean(judged over reviewed) − mean(judged over both))]. Of these answers
    only, it is a simple random sample: variance share²·(1 − k/N)·S²(proved − λ·judged)/k.
    """
    labels, where = np.unique(task, return_inverse=True)
    tasks = labels.size
    with_known = np.unique(task[known & open_]).size
    if with_known < FEWEST_TASKS:
        return NoEstimate(f"{with_known} tasks with a proved verdict, at least {FEWEST_TASKS} are needed")
    share = float(open_.mean())

    def mean(values: Floats, chosen: Bools) -> tuple[float, Floats]:
        """Over the chosen open answers; and what each task adds to its error."""
        chosen = chosen & open_
        if not chosen.any():
            return 0.0, np.zeros(tasks)
        centre = float(values[chosen].mean())
        centred = np.where(chosen, values - centre, 0.0)
        return centre, _sums(where, centred, tasks) * (share / float(chosen.sum()))

    truth, of_truth = mean(proved, known)
    both, of_both = mean(judged, known & reviewed)
    judge, of_judge = mean(judged, reviewed)
    of_share = _sums(where, open_.astype(np.float64) - share, tasks) / task.size
    of_truth = of_truth + truth * of_share
    of_judge = of_judge - of_both + (judge - both) * of_share
    spread = float((of_judge**2).sum()) if bool((known & reviewed & open_).any()) else 0.0
    weight = min(max(-float((of_truth * of_judge).sum()) / spread, 0.0), 1.0) if spread > 0 else 0.0
    value = share * (truth + weight * (judge - both))
    variance = tasks / (tasks - 1) * float(((of_truth + weight * of_judge) ** 2).sum())
    reach = t_quantile(0.5 + level / 2, with_known - 1) * float(np.sqrt(variance))
    here: float | None = None
    rest = (proved - weight * judged)[known & open_]
    if rest.size > 1 and (weight == 0 or bool(reviewed[open_].all())):
        left = 1 - rest.size / float(open_.sum())
        here = t_quantile(0.5 + level / 2, rest.size - 1) * share
        here *= float(np.sqrt(left * rest.var(ddof=1) / rest.size))
        here = here if here > 0 or left <= 0 else None
    return _corrected(value, reach, here, weight, level)


def stratified_ppi(
    stratum: Ints, cluster: Ints, judged: Floats, proved: Floats, reviewed: Bools, known: Bools, *, level: float = 0.95
) -> Corrected | NoEstimate:
    """The same where which answers were proved, and which were judged, is random only *within strata* (tasks).

    Arrays (answers,); ``judged`` is read only where ``reviewed`` and ``proved`` only where ``known``. A stratum's
    answers weigh together as many as they are, however few of them are proved. For stratum s:
    z_s = mean(proved over known) + λ·(mean(judged over reviewed) − mean(judged over both)); the estimate is Σ W_s z_s,
    W_s the stratum's share of all answers, and λ within [0, 1] has the least variance. Without an answer that is both,
    a stratum is not corrected. Between clusters (of whole strata) the variance is that of z_s; within these strata
    alone it is W_s²(1 − k/N)·S²(proved − λ·judged)/k, S² pooled where k = 1 (Cochran 1977, 5.3).
    None where a stratum has no proved answer, since nothing there stands for it, or with too few clusters.
    """
    _, where, sizes = np.unique(stratum, return_inverse=True, return_counts=True)
    both = known & reviewed

    def mean(values: Floats, chosen: Bools) -> tuple[Floats, Floats]:
        count = _sums(where, chosen.astype(np.float64), sizes.size)
        total = _sums(where, np.where(chosen, values, 0.0), sizes.size)
        return np.divide(total, count, out=np.zeros_like(total), where=count > 0), count

    truth, proofs = mean(proved, known)
    if bool(np.any(proofs == 0)):
        return NoEstimate(f"{int((proofs == 0).sum())} of {sizes.size} strata have no proved answer")
    first = np.zeros(sizes.size, dtype=np.int64)
    first[where] = cluster
    labels, home = np.unique(first, return_inverse=True)
    if labels.size < FEWEST_TASKS:
        return NoEstimate(f"{labels.size} tasks with a proved verdict, at least {FEWEST_TASKS} are needed")
    shift = np.where(mean(judged, both)[1] > 0, mean(judged, reviewed)[0] - mean(judged, both)[0], 0.0)
    weight = sizes / float(sizes.sum())

    def influence(values: Floats) -> Floats:
        share = weight * (values - float((weight * values).sum()))
        return _sums(home, share, labels.size)

    of_truth, of_shift = influence(truth), influence(shift)
    spread = float((of_shift**2).sum())
    tuned = min(max(-float((of_truth * of_shift).sum()) / spread, 0.0), 1.0) if spread > 0 else 0.0
    value = float((weight * (truth + tuned * shift)).sum())
    variance = labels.size / (labels.size - 1) * float(((of_truth + tuned * of_shift) ** 2).sum())
    reach = t_quantile(0.5 + level / 2, labels.size - 1) * float(np.sqrt(variance))
    here: float | None = None
    if tuned == 0 or bool(reviewed.all()):
        rest = proved - tuned * judged
        freedom = float((proofs - 1).sum())
        reach_here = t_quantile(0.5 + level / 2, freedom) if freedom > 0 else normal_quantile(0.5 + level / 2)
        here = reach_here * _error_here(where, rest, known, sizes.astype(np.float64), proofs)
        here = here if here > 0 or bool(known.all()) else None
    return _corrected(value, reach, here, tuned, level)


def _corrected(value: float, reach: float, here: float | None, weight: float, level: float) -> Corrected:
    """Cut at 0 and 1: it is a rate."""
    return Corrected(
        value=min(max(value, 0.0), 1.0),
        low=max(value - reach, 0.0),
        high=min(value + reach, 1.0),
        low_here=None if here is None else max(value - here, 0.0),
        high_here=None if here is None else min(value + here, 1.0),
        weight=weight,
        level=level,
    )


def _error_here(where: Ints, rest: Floats, known: Bools, sizes: Floats, proofs: Floats) -> float:
    """Standard error of Σ W_s mean(rest over known) for these strata and no others."""
    held = np.where(known, rest, 0.0)
    centred = np.where(known, rest - (_sums(where, held, sizes.size) / proofs)[where], 0.0)
    squares = _sums(where, centred**2, sizes.size)
    freedom = float((proofs - 1).sum())
    pooled = float(squares.sum()) / freedom if freedom > 0 else 0.25
    spread = np.where(proofs > 1, squares / np.maximum(proofs - 1, 1), pooled)
    variance = (sizes / sizes.sum()) ** 2 * (1 - proofs / sizes) * spread / proofs
    return float(np.sqrt(variance.sum()))


def random_within(stratum: Ints, chosen: Bools, covariate: Floats) -> float | None:
    """Could ``chosen`` be random within strata, as far as this covariate tells? A two-sided p-value, or None.

    Stratified score test (Mantel 1963): Σ over strata of (sum of the covariate over the chosen − its expectation), over
    the root of its hypergeometric variances. None where no stratum has chosen and other answers that differ in it.
    """
    _, where, sizes = np.unique(stratum, return_inverse=True, return_counts=True)
    n = sizes.astype(np.float64)
    k = _sums(where, chosen.astype(np.float64), n.size)
    centred = covariate - (_sums(where, covariate, n.size) / n)[where]
    squares = _sums(where, centred**2, n.size)
    variance = float((k * (n - k) / (n * np.maximum(n - 1, 1)) * squares).sum())
    if variance <= 1e-12:
        return None
    score = float(centred[chosen].sum())
    return 2 * normal_below(-abs(score) / float(np.sqrt(variance)))


def alike_in_all(group: Ints, chosen: Bools) -> float | None:
    """Was each group's chance to be chosen the same? p of the χ² of homogeneity, groups − 1 df; None: unknown."""
    size = int(group.max()) + 1
    n, k = _sums(group, np.ones(group.size), size), _sums(group, chosen.astype(np.float64), size)
    n, k = n[n > 0], k[n > 0]
    share = float(k.sum() / n.sum())
    if n.size < 2 or share in {0.0, 1.0}:
        return None
    expected = n * share
    return chi_squared_above(float(((k - expected) ** 2 / (expected * (1 - share))).sum()), n.size - 1)


def _sums(group: Ints, values: Floats, groups: int) -> Floats:
    return np.bincount(group, weights=values, minlength=groups).astype(np.float64)
