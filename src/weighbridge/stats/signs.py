"""Sign vectors and the exact distribution of a signed sum: what the sign-flip test counts.

Under the null each task's contribution to the difference between two arms could as well have come with the other sign.
With few tasks all sign vectors are listed; with more they are drawn, seeded. The p-value at the null needs no drawing:
the distribution of a signed sum of whole numbers is a convolution and is computed exactly.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.estimate import Floats, Ints

LISTED_UP_TO = 13  # tasks: 2^12 vectors up to a global sign, cheaper and better than drawing
LATTICE = 16_384  # steps that a sum of real numbers is laid on; 50 tasks are then rounded by under 0.2 % of the sum


@dataclass(frozen=True)
class SignSets:
    """Which tasks keep their sign: ``members`` is (vectors, tasks) of 0 and 1; row 0 keeps all of them."""

    members: Floats
    listed: bool


def sign_sets(tasks: int, draws: int = 9_999, seed: int = 0) -> SignSets:
    """All sign vectors up to a global flip where they can be listed, otherwise ``draws`` random ones and the identity.

    Counting the identity among the drawn ones keeps a Monte Carlo p-value valid (Phipson and Smyth 2010).
    """
    if tasks <= LISTED_UP_TO:
        free = max(tasks - 1, 0)
        bits: Ints = (np.arange(2**free, dtype=np.int64)[:, None] >> np.arange(free, dtype=np.int64)[None, :]) & 1
        kept = np.ones((2**free, tasks))
        kept[:, 1:] = 1 - bits
        return SignSets(kept, listed=True)
    rng = np.random.default_rng(seed)
    kept = rng.integers(0, 2, size=(draws, tasks), dtype=np.int8).astype(np.float64)
    return SignSets(np.vstack([np.ones((1, tasks)), kept]), listed=False)


@dataclass(frozen=True)
class SignP:
    """P(|Σ s v| ≥ |Σ v|) over all signs, and the mid-p that counts a tie as half."""

    exact: float
    mid: float


def sign_p(v: Floats) -> SignP:
    """The exact two-sided sign-flip p-value of ``v``, one contribution a task (shape (tasks,)).

    Whole numbers are convolved exactly. Other numbers are laid on a lattice of ``LATTICE`` steps; sums closer than
    the rounding can tell apart count as ties, so the error is on the cautious side. No contribution at all gives 1.
    """
    size = np.abs(v[v != 0])
    if size.size == 0:
        return SignP(1.0, 1.0)
    whole = np.rint(size)
    if float(size.sum()) <= 4 * LATTICE and bool(np.all(np.abs(size - whole) < 1e-9)):
        steps, slack, target = whole.astype(np.int64), 0.0, abs(float(np.rint(v).sum()))
    else:
        scale = LATTICE / float(size.sum())
        steps = np.rint(size * scale).astype(np.int64)
        slack, target = 2 * float(np.sqrt(size.size / 12)), abs(float(v.sum())) * scale
    total = int(steps.sum())
    # the chance that the tasks which keep their sign add up to k; the signed sum is then 2k − total
    chance = np.zeros(total + 1)
    chance[0] = 1.0
    reach = 0
    for step in np.sort(steps).tolist():
        if step:
            kept = chance[: reach + 1] * 0.5
            chance[: reach + 1] = kept
            chance[step : step + reach + 1] += kept
            reach += step
    distance = np.abs(2 * np.arange(total + 1) - total)
    at_least = float(chance[distance >= target - slack - 1e-9].sum())
    beyond = float(chance[distance > target + slack + 1e-9].sum())
    return SignP(min(at_least, 1.0), min((at_least + beyond) / 2, 1.0))
