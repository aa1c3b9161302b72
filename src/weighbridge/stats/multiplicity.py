"""How many false claims will a table of many tests hold? Holm for the planned family, BH for the exploratory matrix.

Over 48 tests without any effect the uncorrected chance of at least one false claim is 85 %. A test without an estimate
(nan) takes no part: it is neither counted in the family nor given a value.
"""

import numpy as np

from weighbridge.stats.estimate import Bools, Floats


def holm(p: Floats) -> Floats:
    """Holm's step-down adjusted p-values (Holm 1979), shape (tests,): familywise error under any dependence."""
    return _adjust(p, step_down=True)


def benjamini_hochberg(p: Floats) -> Floats:
    """Benjamini and Hochberg's q-values (1995), shape (tests,): expected share of false ones among the claims."""
    return _adjust(p, step_down=False)


def e_benjamini_hochberg(e: Floats, level: float = 0.05) -> Bools:
    """Which e-values are claims at false discovery rate ``level`` (Wang and Ramdas 2022), under any dependence."""
    order = np.argsort(-e, kind="stable")
    needed = e.size / (level * np.arange(1, e.size + 1))
    passed = np.flatnonzero(e[order] >= needed)
    claims = np.zeros(e.size, dtype=np.bool_)
    if passed.size:
        claims[order[: int(passed[-1]) + 1]] = True
    return claims


def _adjust(p: Floats, step_down: bool) -> Floats:
    adjusted = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p))
    m = known.size
    if m == 0:
        return adjusted
    order = known[np.argsort(p[known], kind="stable")]
    if step_down:
        values = np.maximum.accumulate(p[order] * (m - np.arange(m)))
    else:
        values = np.minimum.accumulate((p[order] * m / np.arange(1, m + 1))[::-1])[::-1]
    adjusted[order] = np.minimum(values, 1.0)
    return adjusted
