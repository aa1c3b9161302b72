"""How many months is one side behind the other?

For each day: the rating of the trailing side's best, and the time since a model of the other side first had it
(Epoch's definition of 2026). The interval comes from draws of the whole rating vector; beside it stand the same figure
under other reasonable choices, because the choice can move it more than the noise does.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import polars as pl

from weighbridge.gap.compare import standing
from weighbridge.gap.draws import DRAWS, SEED, Floats, noise_for, ordinal, vector
from weighbridge.gap.ratings import Ratings

MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Spread:
    """A lag in months over the days of a history: its mean, its shortest and its longest; ``last`` on the last day."""

    mean: float
    shortest: float
    longest: float
    last: float


@dataclass(frozen=True, slots=True)
class Choice:
    """The lag under one other reasonable choice."""

    choice: str
    spread: Spread


@dataclass(frozen=True, slots=True)
class Lag:
    """The lag of ``behind`` after ``ahead``; ``mean_low`` … are 95 % limits over the draws."""

    behind: str
    ahead: str
    days: int
    first: date
    until: date
    spread: Spread
    mean_low: float
    mean_high: float
    last_low: float
    last_high: float
    choices: tuple[Choice, ...]
    decided_by: tuple[str, ...]


def lag(
    placed: pl.DataFrame, ratings: Ratings, behind: str, ahead: str, *, draws: int = DRAWS, seed: int = SEED
) -> Lag | None:
    """The lag over a history; None where ``behind`` never has a model on the board. ``placed`` has key and since."""
    series = (
        _Releases(placed, behind, ahead) if ratings.kind == "releases" else _Snapshots(placed, ratings, behind, ahead)
    )
    if not series.days:
        return None
    names = placed["key"].unique().sort().to_list()
    index, noise = noise_for(names, min(draws, 1000), seed)
    plain = series.lags(None, margin=0.0)
    drawn = series.drawn(index, noise, shrink=True)
    means, lasts = drawn.mean(axis=1), drawn[:, -1]
    unit = 0.5 if not ratings.elo else 5.0
    choices = [
        Choice(
            f"ahead by more than {unit:g} points instead of as good or better", _spread(series.lags(None, margin=unit))
        ),
        Choice("ratings shrunk towards their trend", _spread(np.median(drawn, axis=0))),
        Choice("each record of the trailing side once, instead of each day", _spread(series.at_records())),
    ]
    if ratings.kind == "snapshots":
        again = _Snapshots(placed.with_columns(pl.col("date").min().over("key").alias("since")), ratings, behind, ahead)
        choices.append(
            Choice(
                "models count from their first rating, not from their release", _spread(again.lags(None, margin=0.0))
            )
        )
    out, worst = series.without_each()
    decided: tuple[str, ...] = ()
    if out:
        choices.append(Choice(f"without {worst[0]} (the one model that moves the mean most)", out[0]))
        decided = worst
    low, high = np.quantile(means, [0.025, 0.975])
    last_low, last_high = np.quantile(lasts, [0.025, 0.975])
    return Lag(
        behind, ahead, len(series.days), series.days[0], series.days[-1], _spread(plain), float(low), float(high),
        float(last_low), float(last_high), tuple(choices), decided,
    )  # fmt: skip


def _spread(lags: Floats) -> Spread:
    if not len(lags):
        return Spread(float("nan"), float("nan"), float("nan"), float("nan"))
    return Spread(float(lags.mean()), float(lags.min()), float(lags.max()), float(lags[-1]))


class _Releases:
    """Lags where each model has one rating and one day, its release: the running best of each side, day by day."""

    def __init__(self, placed: pl.DataFrame, behind: str, ahead: str) -> None:
        self.frame = placed.filter(pl.col("side").is_in([behind, ahead])).sort("date")
        self.behind = self.frame["side"].to_numpy() == behind
        self.when = ordinal(self.frame["date"].to_list())
        own = self.frame.filter(pl.col("side") == behind)
        self.days: list[date] = []
        if len(own) and (~self.behind).any():
            start, end = own["date"].to_list()[0], self.frame["date"].to_list()[-1]
            self.days = [start + timedelta(n) for n in range((end - start).days + 1)]

    def lags(self, rating: Floats | None, *, margin: float, kept: np.ndarray | None = None) -> Floats:
        values = self.frame["rating"].to_numpy() if rating is None else rating
        mask = np.ones(len(values), dtype=bool) if kept is None else kept
        return _running(values[mask], self.when[mask], self.behind[mask], ordinal(self.days), margin)

    def drawn(self, index: dict[str, int], noise: Floats, *, shrink: bool) -> Floats:
        values = vector(self.frame, index, self.behind, shrink=shrink, reach=False).drawn(noise)
        return np.vstack([self.lags(row, margin=0.0) for row in values])

    def at_records(self) -> Floats:
        rating = self.frame["rating"].to_numpy()
        best, record_days = -np.inf, []
        for value, day, own in zip(rating, self.when, self.behind, strict=True):
            if own and value > best:
                best = value
                record_days.append(day)
        return _running(rating, self.when, self.behind, np.array(record_days), 0.0)

    def without_each(self) -> tuple[list[Spread], tuple[str, ...]]:
        base = self.lags(None, margin=0.0).mean()
        moved: list[tuple[float, str, Spread]] = []
        for at, name in enumerate(self.frame["model"].to_list()):
            kept = np.arange(len(self.frame)) != at
            if not (self.behind & kept).any() or not (~self.behind & kept).any():
                continue
            spread = _spread(self.lags(None, margin=0.0, kept=kept))
            moved.append((abs(spread.mean - base), name, spread))
        moved.sort(key=lambda entry: -entry[0])
        return [spread for _, _, spread in moved[:3]], tuple(name for _, name, _ in moved[:3])


def _running(rating: Floats, when: Floats, behind: np.ndarray, days: Floats, margin: float) -> Floats:
    """Months from the day on which the other side first had the running best of ``behind``; 0 while it had not yet."""
    own_day, own = when[behind], np.maximum.accumulate(rating[behind])
    other_day, other = when[~behind], np.maximum.accumulate(rating[~behind])
    place = np.searchsorted(own_day, days, side="right") - 1
    counted = place >= 0
    level = own[place[counted]]
    at = np.searchsorted(other, level + margin, side="left" if margin == 0 else "right")
    reached = np.where(at < len(other), other_day[np.minimum(at, len(other) - 1)], np.inf)
    return np.maximum(days[counted] - reached, 0.0) / MONTH


class _Snapshots:
    """Lags on a leaderboard: who of the other side stands as high in the same snapshot, and since when it is known.

    Only ratings of one day are compared, so a re-based scale does no harm.
    """

    def __init__(self, placed: pl.DataFrame, ratings: Ratings, behind: str, ahead: str) -> None:
        self.shots: list[tuple[date, pl.DataFrame, np.ndarray, Floats]] = []
        for day, models in standing(placed, ratings):
            shot = models.filter(pl.col("side").is_in([behind, ahead]))
            own = shot["side"].to_numpy() == behind
            if own.any() and (~own).any():
                self.shots.append((day, shot, own, ordinal(shot["since"].to_list())))
        self.days = [day for day, *_ in self.shots]

    @staticmethod
    def _one(day: date, rating: Floats, own: np.ndarray, since: Floats, margin: float) -> float:
        level = rating[own].max()
        others = rating[~own]
        reached = since[~own][(others >= level) if margin == 0 else (others > level + margin)]
        return float(max(day.toordinal() - reached.min(), 0.0) / MONTH) if len(reached) else 0.0

    def lags(self, rating: None, *, margin: float) -> Floats:
        return np.array(
            [self._one(day, shot["rating"].to_numpy(), own, since, margin) for day, shot, own, since in self.shots]
        )

    def drawn(self, index: dict[str, int], noise: Floats, *, shrink: bool) -> Floats:
        columns: list[Floats] = []
        for day, shot, own, since in self.shots:
            ready = vector(shot, index, own, shrink=shrink)
            values, mine, known = ready.drawn(noise), own[ready.kept], since[ready.kept]
            level = values[:, mine].max(axis=1)
            reached = np.where(values[:, ~mine] >= level[:, None], known[~mine][None, :], np.inf).min(axis=1)
            columns.append(np.maximum(day.toordinal() - reached, 0.0) / MONTH)
        return np.column_stack(columns)

    def at_records(self) -> Floats:
        kept: list[float] = []
        names: set[str] = set()
        for day, shot, own, since in self.shots:
            top = shot.filter(pl.Series(own)).sort("rating", descending=True)["key"][0]
            if top not in names:
                names.add(top)
                kept.append(self._one(day, shot["rating"].to_numpy(), own, since, 0.0))
        return np.array(kept)

    def without_each(self) -> tuple[list[Spread], tuple[str, ...]]:
        base = self.lags(None, margin=0.0).mean()
        leaders = {
            shot.filter(pl.Series(own)).sort("rating", descending=True)["key"][0] for _, shot, own, _ in self.shots
        }
        moved: list[tuple[float, str, Spread]] = []
        for name in sorted(leaders):
            lags = []
            for day, shot, own, since in self.shots:
                kept = (shot["key"] != name).to_numpy()
                if (own & kept).any():
                    lags.append(self._one(day, shot["rating"].to_numpy()[kept], own[kept], since[kept], 0.0))
            if lags:
                spread = _spread(np.array(lags))
                moved.append((abs(spread.mean - base), name.split("|")[0], spread))
        moved.sort(key=lambda entry: -entry[0])
        return [spread for _, _, spread in moved[:3]], tuple(name for _, name, _ in moved[:3])
