"""Does an outcome differ between two arms asked the same tasks, and by how much? The score sign-flip on task totals.

The primary estimator of every comparison. For task i with events c and exposure L in each arm (answers asked, thousand
lines, tasks solved) and a candidate ratio ρ, with M = ΣL and λ = (C0 + C1)/(M0 + ρM1):

    u_i(ρ) = (c1_i − ρλL1_i)/(ρM1) − (c0_i − λL0_i)/M0,        Σ u_i = C1/(ρM1) − C0/M0
    p(ρ)   = share of sign vectors s with |Σ s_i u_i| ≥ |Σ u_i|,   interval = {ρ : p(ρ) > α}

The interval needs no search. A sign vector splits the tasks into those that keep their sign and those that flip, and
counts at ρ exactly when the two halves' sums have opposite signs, so when ρ lies between the two halves' own estimates
(the root of a quadratic for the ratio, of a line for the difference). The limits are order statistics of those roots.
Where hardly any task differs between the arms, the interval for the difference alone is too short (it covers 0.79 to
0.92 in simulation); below 20 such tasks, or where the events of fewer than 20 are most of all (counts with a long
tail), it is widened to what the ratio's interval implies at the pooled level.
Many comparisons are done at once: arrays are (tasks, comparisons), and share one set of sign vectors.
The question answered is *on tasks like these*: the tasks are a sample. ``conditional`` answers for these tasks alone.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.estimate import Bools, Estimate, Floats, NoEstimate
from weighbridge.stats.signs import SignSets, sign_p, sign_sets

FEW_INFORMATIVE = 20  # tasks that differ, below which the difference's interval takes in what the ratio's implies
BLOCK = 64  # comparisons inverted at once: 10,000 sign vectors of them stay near the processor


@dataclass(frozen=True)
class SignFlips:
    """One entry a comparison, all arrays of shape (comparisons,); nan only where ``tasks`` or ``informative`` is 0.

    ``tasks`` have exposure in both arms, ``informative`` ones differ between the arms. Without an informative task the
    ratio's interval is (0, inf), p is 1, and the difference has no interval.
    """

    tasks: Floats
    informative: Floats
    ratio: Floats
    ratio_low: Floats
    ratio_high: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    p_exact: Floats
    p_mid: Floats
    level: float


@dataclass(frozen=True)
class SignFlip:
    """One comparison: ratio and difference with intervals, the exact and the mid-p value, and what they rest on."""

    ratio: Estimate | NoEstimate
    difference: Estimate | NoEstimate
    p_exact: float
    p_mid: float
    tasks: int
    informative: int


def sign_flips(
    counts: Floats,
    exposures: Floats,
    neutral_counts: Floats,
    neutral_exposures: Floats,
    *,
    level: float = 0.95,
    mid: bool = True,
    draws: int = 9_999,
    seed: int = 0,
    signs: SignSets | None = None,
) -> SignFlips:
    """Compare arms on task totals; all four arrays are (tasks, comparisons), counts and exposures not negative.

    A task without exposure in either arm takes no part in that comparison: its four entries are set to 0 here, so that
    an unpaired task can't lean on one side. ``mid`` chooses which of the two p-values the intervals invert.
    Raises ``ValueError`` for shapes that differ and for negative or missing numbers.
    """
    arrays = (counts, exposures, neutral_counts, neutral_exposures)
    if any(a.shape != counts.shape or a.ndim != 2 for a in arrays):
        raise ValueError("counts and exposures must be four arrays of one shape (tasks, comparisons)")
    if any(not bool(np.all(a >= 0)) for a in arrays):
        raise ValueError("counts and exposures must be 0 or more; leave a missing cell at exposure 0, not nan")
    paired = (exposures > 0) & (neutral_exposures > 0)
    c1, l1, c0, l0 = (np.where(paired, a, 0.0) for a in arrays)
    tasks = paired.sum(axis=0).astype(np.float64)
    sets = signs or sign_sets(counts.shape[0], draws, seed)

    m1, m0 = l1.sum(axis=0), l0.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        a, b, lean = c1 / m1, c0 / m0, l0 / m0 - l1 / m1
    empty = tasks == 0
    a[:, empty], b[:, empty], lean[:, empty] = 0.0, 0.0, 0.0
    lean[np.abs(lean) < 1e-15] = 0.0
    total = c1.sum(axis=0) + c0.sum(axis=0)
    m1, m0 = np.where(empty, 1.0, m1), np.where(empty, 1.0, m0)
    pooled = total / (m0 + m1)
    at_null = a - b + pooled * lean
    at_null[np.abs(at_null) < 1e-15] = 0.0

    same_exposure = bool(np.array_equal(l1, l0))
    p_values = [
        sign_p((c1 - c0)[:, k] if same_exposure else at_null[:, k] * float(m1[k])) for k in range(counts.shape[1])
    ]
    p_exact = np.array([p.exact for p in p_values])
    p_mid = np.array([p.mid for p in p_values])
    p = p_mid if mid else p_exact

    ratio_low, ratio_high = np.zeros_like(m1), np.full_like(m1, np.inf)
    diff_low, diff_high = np.full_like(m1, np.nan), np.full_like(m1, np.nan)
    weight = (m0 * (l1 / m1) + m1 * (l0 / m0)) / (m0 + m1)
    for start in range(0, counts.shape[1], BLOCK):
        part = slice(start, start + BLOCK)
        if same_exposure:
            keep_root, flip_root = _plain_roots(c1[:, part], c0[:, part], sets.members)
        else:
            terms = a[:, part], b[:, part], lean[:, part]
            keep_root, flip_root = _ratio_roots(terms, sets.members, m1[part], m0[part], total[part])
        ratio_low[part], ratio_high[part] = _limits(keep_root, flip_root, 1 - level, mid, (0.0, np.inf))
        shift = a[:, part] - b[:, part] + pooled[part] * lean[:, part]
        diff_low[part], diff_high[part] = linear_limits(shift, weight[:, part], sets.members, 1 - level, mid)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(total > 0, a.sum(axis=0) / b.sum(axis=0), np.nan)
    nothing = total == 0
    ratio_low, ratio_high = np.where(nothing, 0.0, ratio_low), np.where(nothing, np.inf, ratio_high)
    difference = np.where(empty, np.nan, a.sum(axis=0) - b.sum(axis=0))
    informative = (at_null != 0).sum(axis=0).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        concentrated = total**2 / ((c1 + c0) ** 2).sum(axis=0) < FEW_INFORMATIVE
    few = (informative < FEW_INFORMATIVE) | concentrated
    least, most = (_implied(limit, m1, m0, total) for limit in (ratio_low, ratio_high))
    diff_low, diff_high = (
        np.where(few, np.fmin(diff_low, least), diff_low),
        np.where(few, np.fmax(diff_high, most), diff_high),
    )
    flat = informative == 0
    diff_low, diff_high = np.where(flat, np.nan, diff_low), np.where(flat, np.nan, diff_high)

    alpha = 1 - level
    ratio_low, ratio_high = _agree(ratio_low, ratio_high, ratio, 1.0, p, alpha)
    diff_low, diff_high = _agree(diff_low, diff_high, difference, 0.0, p, alpha)
    return SignFlips(
        tasks, informative, ratio, ratio_low, ratio_high, difference, diff_low, diff_high, p_exact, p_mid, level
    )


def sign_flip(
    counts: Floats,
    exposures: Floats,
    neutral_counts: Floats,
    neutral_exposures: Floats,
    *,
    level: float = 0.95,
    mid: bool = True,
    draws: int = 9_999,
    seed: int = 0,
) -> SignFlip | NoEstimate:
    """One comparison on arrays of shape (tasks,): ``sign_flips`` with words instead of nan."""
    columns = [np.asarray(x, dtype=np.float64)[:, None] for x in (counts, exposures, neutral_counts, neutral_exposures)]
    many = sign_flips(columns[0], columns[1], columns[2], columns[3], level=level, mid=mid, draws=draws, seed=seed)
    tasks, informative = int(many.tasks[0]), int(many.informative[0])
    if tasks == 0:
        return NoEstimate("no task was answered in both arms")
    ratio: Estimate | NoEstimate
    difference: Estimate | NoEstimate
    if np.isnan(many.ratio[0]):
        ratio = NoEstimate("no event in either arm: the ratio may be anything")
    else:
        ratio = Estimate(float(many.ratio[0]), float(many.ratio_low[0]), float(many.ratio_high[0]), level)
    if informative == 0:
        difference = NoEstimate("no task differs between the arms: the data show no noise to build an interval on")
    else:
        difference = Estimate(
            float(many.difference[0]), float(many.difference_low[0]), float(many.difference_high[0]), level
        )
    return SignFlip(ratio, difference, float(many.p_exact[0]), float(many.p_mid[0]), tasks, informative)


def linear_limits(shift: Floats, weight: Floats, kept: Floats, alpha: float, mid: bool) -> tuple[Floats, Floats]:
    """Interval of the δ at which Σ (shift_i − δ weight_i) = 0, inverted over the sign vectors ``kept``.

    ``shift`` and ``weight`` are (tasks, comparisons), weights not negative; a half without weight decides nothing.
    """
    kept_shift, kept_weight = kept @ shift, kept @ weight
    flip_shift, flip_weight = shift.sum(axis=0) - kept_shift, weight.sum(axis=0) - kept_weight
    with np.errstate(invalid="ignore", divide="ignore"):
        keep_root = np.where(kept_weight > 1e-12, kept_shift / kept_weight, np.nan)
        flip_root = np.where(flip_weight > 1e-12, flip_shift / flip_weight, np.nan)
    return _limits(keep_root, flip_root, alpha, mid, (-np.inf, np.inf))


def _implied(ratio: Floats, m1: Floats, m0: Floats, total: Floats) -> Floats:
    """The difference that a ratio means at the pooled level: (ρ − 1)λ(ρ), with its limit C/M1 for an infinite ρ."""
    open_end = np.isinf(ratio)
    finite = np.where(open_end, 1.0, ratio)
    return np.where(open_end, total / m1, (finite - 1) * total / (m0 + finite * m1))


def _plain_roots(c1: Floats, c0: Floats, kept: Floats) -> tuple[Floats, Floats]:
    """With equal exposures a half's own ratio estimate is simply its events over its neutral events; 0/0 is nan."""
    kept_c1, kept_c0 = kept @ c1, kept @ c0
    with np.errstate(invalid="ignore", divide="ignore"):
        return kept_c1 / kept_c0, (c1.sum(axis=0) - kept_c1) / (c0.sum(axis=0) - kept_c0)


def _ratio_roots(
    terms: tuple[Floats, Floats, Floats], kept: Floats, m1: Floats, m0: Floats, total: Floats
) -> tuple[Floats, Floats]:
    """The ρ at which each half's score is 0: the positive root of −bM1ρ² + (aM1 − bM0 + C·lean)ρ + aM0; nan if none.

    ``terms`` are a = c1/M1, b = c0/M0 and lean = L0/M0 − L1/M1, each (tasks, comparisons).
    """
    kept_a, kept_b, kept_lean = (kept @ x for x in terms)
    all_a, all_b, _ = (x.sum(axis=0) for x in terms)
    eps = 1e-13

    def root(a: Floats, b: Floats, lean: Floats) -> Floats:
        square = np.where(b > eps, b, 0.0) * m1
        constant = np.where(a > eps, a, 0.0) * m0
        slope = a * m1 - b * m0 + total * lean
        slope[np.abs(slope) < eps * (m1 + m0)] = 0.0
        bend = np.sqrt(slope * slope + 4 * square * constant)
        with np.errstate(invalid="ignore", divide="ignore"):
            up = np.where(square > 0, (slope + bend) / (2 * square), np.inf)
            down = np.where(bend - slope > 0, 2 * constant / (bend - slope), np.inf)
        answer = np.where(slope >= 0, up, down)
        return np.where((square == 0) & (constant == 0) & (slope == 0), np.nan, answer)

    return root(kept_a, kept_b, kept_lean), root(all_a - kept_a, all_b - kept_b, -kept_lean)


def _limits(
    keep_root: Floats, flip_root: Floats, alpha: float, mid: bool, whole: tuple[float, float]
) -> tuple[Floats, Floats]:
    """Order statistics of the two halves' roots, (vectors, comparisons) → two arrays (comparisons,).

    A vector with an empty half ties with the data at every candidate: it counts whole for the exact p, half for mid-p.
    """
    vectors, comparisons = keep_root.shape
    tied: Bools = np.isnan(keep_root) | np.isnan(flip_root)
    low = np.where(tied, np.inf, np.minimum(keep_root, flip_root))
    high = np.where(tied, -np.inf, np.maximum(keep_root, flip_root))
    always = tied.sum(axis=0) * (0.5 if mid else 1.0)
    spare = alpha * vectors - always
    out_low, out_high = np.full(comparisons, whole[0]), np.full(comparisons, whole[1])
    for rank in np.unique(np.floor(spare[spare >= 0]).astype(np.int64)):
        which = (spare >= 0) & (np.floor(spare).astype(np.int64) == rank)
        if rank >= vectors:
            continue
        out_low[which] = np.partition(low[:, which], rank, axis=0)[rank]
        out_high[which] = np.partition(high[:, which], vectors - 1 - rank, axis=0)[vectors - 1 - rank]
    return out_low, out_high


def _agree(low: Floats, high: Floats, point: Floats, null: float, p: Floats, alpha: float) -> tuple[Floats, Floats]:
    """Let the interval and the exact p-value say the same at the null, where drawn sign vectors blur the limit."""
    out, above, below = p <= alpha, point > null, point < null
    low = np.where(out & above & (low < null), null, low)
    high = np.where(out & below & (high > null), null, high)
    low = np.where(~out & above & (low > null), null, low)
    high = np.where(~out & below & (high < null), null, high)
    return low, high
