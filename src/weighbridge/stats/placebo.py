"""Is a context's effect more than wording? The placebo test: the context against harmless contexts of the same length.

If harmless rewording moves the log-odds by sd 0.2, "context against neutral" is falsely significant one time in four.
So a context's effect is set against the effects of K placebo wordings, each measured against the same neutral arm:

    t = (θ_c − mean θ_placebo) / (s_placebo √(1 + 1/K)),   K − 1 degrees of freedom

which is the prediction interval of one more harmless wording. Paraphrases of a context are averaged before; that only
makes θ_c steadier than one wording, so the test errs on the cautious side.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.distributions import t_quantile, t_two_sided
from weighbridge.stats.estimate import Floats, NoEstimate

FEWEST_PLACEBOS = 3  # two degrees of freedom: valid under normal wording noise, but needs an effect of 4.5 wording sd
WANTED_PLACEBOS = 10


@dataclass(frozen=True)
class PlaceboTest:
    """The context's effect beside the placebos', on one scale, and what a harmless wording could do at ``level``."""

    effect: float
    mean: float
    sd: float
    t: float
    p: float
    placebos: int
    harmless_low: float
    harmless_high: float

    def claim(self, difference: float, p: float) -> float:
        """The p-value of "differs from neutral *and* goes further than harmless wordings do": both tests, one way.

        The larger of the two p-values; 1 where the context differs from the placebos in the other direction than
        from neutral, as where every longer prompt moves a model and this one moves it less.
        """
        return both_tests(p, self.p, one_way=(self.effect - self.mean) * difference > 0)


def both_tests(p: float, placebo_p: float, *, one_way: bool) -> float:
    """The p-value of a claim that needs both tests, and needs them to point the same way."""
    return max(p, placebo_p) if one_way else 1.0


def placebo_test(
    effect: float, placebo_effects: Floats, *, resolution: float = 0.0, level: float = 0.95
) -> PlaceboTest | NoEstimate:
    """Test one context against ``placebo_effects`` of shape (K,), on one scale (difference or log ratio), K ≥ 3.

    ``resolution`` is what a single differing answer would change: placebos that agree entirely are given the sd that
    one such answer in one of them would show, since an sd of 0 would call any difference significant.
    Missing placebo effects (nan) are left out of K.
    """
    known = placebo_effects[np.isfinite(placebo_effects)]
    k = known.size
    if k < FEWEST_PLACEBOS:
        return NoEstimate(
            f"{k} placebo wordings: at least {FEWEST_PLACEBOS} are needed ({WANTED_PLACEBOS} are wanted) "
            "to tell an effect from wording noise"
        )
    if not np.isfinite(effect):
        return NoEstimate("the context's effect could not be estimated")
    mean = float(known.mean())
    sd = max(float(known.std(ddof=1)), resolution / float(np.sqrt(k)))
    spread = sd * float(np.sqrt(1 + 1 / k))
    reach = t_quantile(0.5 + level / 2, k - 1) * spread
    if spread == 0:
        t = 0.0 if effect == mean else float(np.copysign(np.inf, effect - mean))
    else:
        t = (effect - mean) / spread
    p = t_two_sided(t, k - 1)
    return PlaceboTest(effect, mean, sd, t, p, k, mean - reach, mean + reach)
