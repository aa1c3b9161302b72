"""How far is the best of one side from the best of the other, day by day, and how sure is that?

The heart of ``gap``: from placed ratings to one row a day with the leader, the trailer, the gap in points, in percent
as the AI Index counts it, in percent of the leader and as an expected win rate, whether the intervals tie them, and
how probable the lead is. Over the days: how often the lead changed, as a distribution.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from weighbridge.gap.draws import DRAWS, SEED, best, changes, noise_for, vector
from weighbridge.gap.ratings import Ratings, Remark


@dataclass(frozen=True, slots=True)
class Best:
    """The best model of a side on a day. ``country`` is the side's name where sides are not countries."""

    side: str
    country: str | None
    model: str
    rating: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """One day's gap. ``points`` and ``percent`` are ≥ 0; probabilities are None where a rating has no interval.

    ``decisive`` are the models of unknown side that would be a side's best if they stood on it: (model, rating).
    """

    date: date
    board: str
    leader: Best
    trailer: Best
    points: float
    percent: float
    percent_of_leader: float
    win_rate: float | None
    p_leader_leads: float | None
    tie: bool | None
    decisive: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class LeadChanges:
    """How often the lead passed over: as the ratings stand, and over the draws (share of draws without any change)."""

    as_rated: int
    median: float
    low: float
    high: float
    p_none: float
    p_first_ever_leads: float
    p_second_ever_leads: float


def win_rate(points: float) -> float:
    """The expected score of the higher-rated side, ``1 / (1 + 10^(−points/400))`` (Elo 1978; Bradley–Terry)."""
    return 1.0 / (1.0 + 10.0 ** (-points / 400.0))


def standing(placed: pl.DataFrame, ratings: Ratings) -> Iterator[tuple[date, pl.DataFrame]]:
    """For each day the models that can be compared on it: the snapshot, or all that were released by then."""
    for day in ratings.dates:
        yield day, placed.filter(pl.col("date") == day if ratings.kind == "snapshots" else pl.col("date") <= day)


def gap_on(day: date, models: pl.DataFrame, sides: tuple[str, str], ratings: Ratings, p: float | None) -> Gap | None:
    """The gap among ``models``, or None where one side has no model that day."""
    tops = [_top(models, side) for side in sides]
    if tops[0] is None or tops[1] is None:
        return None
    first, second = tops[0], tops[1]
    leader, trailer = (first, second) if first.rating >= second.rating else (second, first)
    points = leader.rating - trailer.rating
    limits = (leader.low, trailer.high)
    tie = None if limits[0] is None or limits[1] is None else limits[0] <= limits[1]
    unknown = models.filter((pl.col("side") == "unknown") & (pl.col("rating") > trailer.rating))
    return Gap(
        day, ratings.board, leader, trailer, points, 100 * points / trailer.rating, 100 * points / leader.rating,
        win_rate(points) if ratings.elo else None, p, tie,
        tuple(unknown.sort("rating", descending=True).select("model", "rating").iter_rows()),
    )  # fmt: skip


def _top(models: pl.DataFrame, side: str) -> Best | None:
    own = models.filter(pl.col("side") == side).sort("rating", "model", descending=[True, False])
    if own.is_empty():
        return None
    row = own.row(0, named=True)
    # A side that is a country may stand for a model whose country the file alone knows.
    return Best(side, row["country"], row["model"], row["rating"], row["low"], row["high"])


def with_keys(placed: pl.DataFrame) -> pl.DataFrame:
    """Adds ``since`` (the day a model is known from: the earlier of its release and its first rating) and ``key``.

    ``key`` holds the spellings of one model in one mode together, so that a renamed model keeps its error in the draws.
    """
    mode = (
        pl.col("model")
        .str.to_lowercase()
        .str.extract("((?:no[n]?-)?thinking(?:-[a-z0-9]+)?|reasoning|high|instant)", 1)
    )
    key = pl.when(pl.col("id").is_null()).then(pl.col("model")).otherwise(pl.col("id") + "|" + mode.fill_null(""))
    first_seen = pl.col("date").min().over(key)
    return placed.with_columns(key.alias("key"), pl.min_horizontal("released", first_seen).alias("since"))


def all_days(
    placed: pl.DataFrame,
    ratings: Ratings,
    sides: tuple[str, str],
    *,
    draws: int = DRAWS,
    seed: int = SEED,
    shrink: bool = True,
) -> tuple[list[Gap], LeadChanges | None, list[Remark]]:
    """The gap on every day, the changes of the lead, and remarks on days and models that leave the figure open."""
    names = placed["key"].unique().sort().to_list()
    index, noise = noise_for(names, draws, seed)
    gaps: list[Gap] = []
    signs: list[np.ndarray] = []
    one_sided: list[date] = []
    without_interval = 0
    for day, models in standing(placed, ratings):
        near = models.filter(pl.col("side").is_in(sides))
        first = near["side"].to_numpy() == sides[0]
        if not first.any() or first.all():
            one_sided.append(day)
            continue
        ready = vector(near, index, first, shrink=shrink)
        drawn = ready.drawn(noise)
        lead = best(drawn, first[ready.kept]) - best(drawn, ~first[ready.kept])
        plain = gap_on(day, models, sides, ratings, None)
        if plain is None:
            continue
        has_intervals = plain.tie is not None or ratings.kind == "releases"
        without_interval += not has_intervals
        ahead = np.sign(lead).astype(np.int64)
        towards = 1 if plain.leader.side == sides[0] else -1
        p = float(np.mean(ahead == towards) + 0.5 * np.mean(ahead == 0)) if has_intervals else None
        gaps.append(Gap(**{**_fields(plain), "p_leader_leads": p}))
        if has_intervals:
            signs.append(ahead)
    remarks = _open_questions(placed, gaps, one_sided, sides)
    if without_interval:
        text = f"{without_interval} days have no intervals: no probability and no tie can be given for them"
        remarks.append(Remark("no-interval", text, False, None, without_interval))
    return gaps, _lead_changes(gaps, signs, sides), remarks


def _fields(gap: Gap) -> dict[str, object]:
    return {name: getattr(gap, name) for name in Gap.__dataclass_fields__}


def _lead_changes(gaps: list[Gap], signs: list[np.ndarray], sides: tuple[str, str]) -> LeadChanges | None:
    if len(signs) < 2:
        return None
    rated = np.array([[0 if gap.points == 0 else 1 if gap.leader.side == sides[0] else -1] for gap in gaps])
    table = np.vstack(signs)
    counted = changes(table)
    low, median, high = np.quantile(counted, [0.025, 0.5, 0.975])
    return LeadChanges(
        int(changes(rated)[0]), float(median), float(low), float(high), float(np.mean(counted == 0)),
        float(np.mean((table > 0).any(axis=0))), float(np.mean((table < 0).any(axis=0))),
    )  # fmt: skip


def _open_questions(
    placed: pl.DataFrame, gaps: list[Gap], one_sided: list[date], sides: tuple[str, str]
) -> list[Remark]:
    remarks: list[Remark] = []
    unknown = placed.filter(pl.col("side") == "unknown")
    if len(unknown):
        names = unknown.group_by("model").agg(pl.col("rating").max()).sort("rating", descending=True)
        shown = ", ".join(f"{model} ({rating:.0f})" for model, rating in names.head(6).iter_rows())
        text = f"{len(names)} models ({len(unknown)} of {len(placed)} rows) stand on no known side: {shown}"
        remarks.append(Remark("unknown", text, False, None, len(names)))
    decided = [gap for gap in gaps if gap.decisive]
    if decided:
        last = decided[-1]
        model, rating = last.decisive[0]
        role = "LEAD" if rating > last.leader.rating else f"be better than {last.trailer.side}'s best"
        text = (
            f"on {len(decided)} days a model of unknown side decides the figure, last on {last.date}: "
            f"{model} ({rating:.0f}) would {role}; say whose it is in a file of your own (--catalog)"
        )
        remarks.append(Remark("unknown-decides", text, True, last.date, len(decided)))
    if one_sided:
        span = f"no gap from {one_sided[0]} to {one_sided[-1]}"
        text = f"on {len(one_sided)} days one side ({' or '.join(sides)}) has no model: {span}"
        remarks.append(Remark("one-sided", text, False, one_sided[-1], len(one_sided)))
    return remarks
