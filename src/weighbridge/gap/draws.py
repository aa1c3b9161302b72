"""How sure is the order, given that every rating is itself an estimate?

Draws whole vectors of ratings: each rating from its interval (normal, standard error = width / 3.92), after shrinking
it towards a straight trend in the models' release dates (empirical Bayes: weight τ²/(τ² + s²), Morris 1983), because
the best of many noisy ratings is too high. A model's error is one draw for the whole history: the votes behind two
snapshots are mostly the same, and independent draws would invent changes of the lead.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DRAWS = 2000
SEED = 20260311


@dataclass(frozen=True)
class Vector:
    """The ratings of one day, ready for drawing: shrunk mean and standard error, and which model each belongs to.

    ``who`` indexes the columns of the noise; ``kept`` marks the rows of the frame that are held: those that could be,
    in some draw, as good as the lesser of the two sides' best (within 6 standard errors). The others decide nothing.
    """

    mean: Floats
    error: Floats
    who: NDArray[np.int64]
    kept: NDArray[np.bool_]

    def drawn(self, noise: Floats) -> Floats:
        """An array (draws, models) of ratings; ``noise`` is standard normal, (draws, all models)."""
        return self.mean + self.error * noise[:, self.who]


def standard_error(frame: pl.DataFrame) -> Floats:
    """The standard error of each rating from its 95 % interval; NaN where there is none."""
    return ((frame["high"] - frame["low"]) / (2 * 1.959964)).cast(pl.Float64).fill_null(float("nan")).to_numpy()


def shrunk(rating: Floats, error: Floats, when: Floats) -> tuple[Floats, Floats]:
    """Ratings and errors shrunk towards a straight line in ``when`` (days); unknown errors (NaN) stay as they are.

    With fewer than eight ratings, or no day known, there is no line to speak of and nothing is shrunk.
    """
    usable = np.isfinite(error) & np.isfinite(when)
    known = np.where(np.isfinite(error), error, 0.0)
    if usable.sum() < 8 or np.ptp(when[usable]) == 0:
        return rating.copy(), known
    x = np.vstack([np.ones(usable.sum()), when[usable] - when[usable].mean()]).T
    tau2 = float(np.var(rating[usable]))
    line = np.full(2, np.nan)
    for _ in range(20):
        # Weighted least squares with weights 1/(τ² + s²), τ² by moments, alternately until they settle.
        weight = 1.0 / (tau2 + error[usable] ** 2)
        line = np.linalg.solve(x.T @ (weight[:, None] * x), x.T @ (weight * rating[usable]))
        rest = rating[usable] - x @ line
        tau2 = max(float(np.mean(rest**2 - error[usable] ** 2)), 1e-9)
    share = tau2 / (tau2 + known[usable] ** 2)
    mean, sd = rating.copy(), known.copy()
    mean[usable] = share * rating[usable] + (1 - share) * (x @ line)
    sd[usable] = known[usable] * np.sqrt(share)
    return mean, sd


def noise_for(names: list[str], draws: int = DRAWS, seed: int = SEED) -> tuple[dict[str, int], Floats]:
    """One standard normal error for each model and draw: (index of each name, array (draws, names))."""
    return {name: at for at, name in enumerate(names)}, np.random.default_rng(seed).standard_normal((draws, len(names)))


def vector(
    frame: pl.DataFrame, index: dict[str, int], first: NDArray[np.bool_], *, shrink: bool = True, reach: bool = True
) -> Vector:
    """One day's ratings as a ``Vector``; ``frame`` has rating, low, high, key and since (the day a model appeared).

    ``first`` marks the rows of one side, the others are the other side's. ``reach`` leaves out what decides nothing.
    """
    rating = frame["rating"].to_numpy().astype(np.float64)
    error = standard_error(frame)
    when = np.array([np.nan if day is None else float(day.toordinal()) for day in frame["since"].to_list()])
    mean, sd = shrunk(rating, error, when) if shrink else (rating.copy(), np.where(np.isfinite(error), error, 0.0))
    kept = np.ones(len(mean), dtype=bool)
    if reach:
        lesser = min(float((mean - 6 * sd)[side].max()) for side in (first, ~first))
        kept = mean + 6 * sd >= lesser
    who = np.array([index[name] for name in frame["key"].to_list()], dtype=np.int64)
    return Vector(mean[kept], sd[kept], who[kept], kept)


def best(values: Floats, on_side: NDArray[np.bool_]) -> Floats:
    """The best rating of a side in each draw; −∞ where the side has no model."""
    return values[:, on_side].max(axis=1) if on_side.any() else np.full(len(values), -np.inf)


def changes(signs: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often the lead passed to the other side in each draw; ``signs`` is (days, draws), 0 means even."""
    held = signs.copy()
    for at in range(1, len(held)):
        held[at] = np.where(held[at] == 0, held[at - 1], held[at])
    return ((held[1:] * held[:-1]) < 0).sum(axis=0)


def months(days: Floats | float) -> Floats | float:
    """Days as months of 30.4375 days."""
    return days / 30.4375


def ordinal(days: list[date]) -> Floats:
    """Days as numbers."""
    return np.array([float(day.toordinal()) for day in days])
