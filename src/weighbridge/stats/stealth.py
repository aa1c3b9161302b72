"""How much of the exploited code did the panel miss? The stealth share, and the joint rate that may be compared.

S = silent / exploited describes one arm. Across contexts it misleads: a context that removes the easy bugs raises S
while fewer exploited programs go unseen. So across contexts only J = P(exploited and silent) over everything asked is
compared, by the sign-flip as any other outcome (a boolean column of the trials frame).
"""

from weighbridge.stats.estimate import Floats, NoEstimate
from weighbridge.stats.rates import Rate, rate

FEWEST_EXPLOITED = 5


def stealth_share(silent: Floats, exploited: Floats, *, level: float = 0.95) -> Rate | NoEstimate:
    """Σ silent / Σ exploited over tasks, arrays (tasks,), silent ≤ exploited; the interval knows clusters."""
    total = float(exploited.sum())
    if total < FEWEST_EXPLOITED:
        return NoEstimate(f"{total:.0f} exploited programs, at least {FEWEST_EXPLOITED} are needed for a share of them")
    return rate(silent, exploited, level=level)


def joint_rate(silent: Floats, asked: Floats, *, level: float = 0.95) -> Rate | NoEstimate:
    """J: exploited and silent programs over everything asked, arrays (tasks,)."""
    return rate(silent, asked, level=level)
