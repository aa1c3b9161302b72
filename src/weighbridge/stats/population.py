"""Made-up task populations with a known truth: what power by simulation and every check of the estimators draw from.

Tasks differ in how often they are failed: logit-normal (log-odds normal with a given sd) or U-shaped (a beta
distribution with most tasks at never or always, as real labelled answers are). An effect moves the log-odds of each
task, the same for all or differing from task to task, even in sign, and is shifted so that the *population's* rate
changes by exactly the ratio asked for: the truth *on tasks like these*.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from weighbridge.stats.distributions import expit, logit, normal_quantile
from weighbridge.stats.estimate import Floats

DRAWN = 200_000  # tasks from which an effect's common shift is found; leaves the ratio right to about 0.2 %

Effect = Literal["same", "spread", "opposed"]


@dataclass(frozen=True)
class Population:
    """``base`` rate over the population; ``sd`` of the log-odds, or None for U-shaped with ``concentration`` a + b.

    ``effect``: *same* log-odds shift for all tasks, *spread* (normal around it with sd ``heterogeneity``), or
    *opposed* (half the tasks up by ``heterogeneity``, half down). ``ratio`` of the population's rates, context to
    neutral; it must leave the rate under 1.
    """

    base: float
    sd: float | None = 1.5
    concentration: float = 0.3
    ratio: float = 1.0
    effect: Effect = "same"
    heterogeneity: float = 0.8

    def __post_init__(self) -> None:
        if not 0 < self.base < 1 or not 0 < self.base * self.ratio < 1:
            raise ValueError(f"a rate of {self.base} times {self.ratio} does not lie between 0 and 1")

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
        """Task rates under neutral and under the context, two arrays of ``shape``."""
        odds = self.odds(rng, shape)
        moved = odds + shift(self) + self.spread(rng, shape)
        return expit(odds), expit(moved)

    def odds(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """Log-odds of tasks drawn from the neutral population."""
        if self.sd is None:
            a, b = self.base * self.concentration, (1 - self.base) * self.concentration
            return np.clip(logit(np.clip(rng.beta(a, b, shape), 1e-12, 1 - 1e-12)), -27, 27)
        return centre(self.base, self.sd) + self.sd * rng.standard_normal(shape)

    def spread(self, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
        """What the effect on a task's log-odds adds to the common shift."""
        if self.effect == "same":
            return np.zeros(shape)
        if self.effect == "spread":
            return self.heterogeneity * rng.standard_normal(shape)
        return self.heterogeneity * rng.choice(np.array([-1.0, 1.0]), size=shape)


@lru_cache(maxsize=256)
def centre(base: float, sd: float) -> float:
    """The mean log-odds that gives a logit-normal population its base rate."""
    normal = np.array([normal_quantile((i + 0.5) / 2001) for i in range(2001)])
    return _solve(lambda m: float(expit(m + sd * normal).mean()), base)


@lru_cache(maxsize=256)
def shift(population: Population) -> float:
    """The common shift of the log-odds that makes the population's rate ``ratio`` times its base rate."""
    if population.effect == "same" and population.ratio == 1:
        return 0.0
    rng = np.random.default_rng(2026)
    odds = population.odds(rng, (DRAWN,))
    moved = odds + population.spread(rng, (DRAWN,))
    target = float(expit(odds).mean()) * population.ratio
    return _solve(lambda m: float(expit(moved + m).mean()), target)


def _solve(curve: Callable[[float], float], target: float) -> float:
    """Where an increasing curve reaches the target, by halving."""
    low, high = -40.0, 40.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if curve(middle) < target else (low, middle)
    return (low + high) / 2
