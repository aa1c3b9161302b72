"""How far is one country's best model from another's, or the best open model from the best closed one?

``measure`` reads nothing and writes nothing: it takes a rating history (``ratings.read``, or ``official`` from the
publishers' addresses) and the catalogue, and gives the gap on every day, the changes of the lead, the lag in months,
and everything about the data that a reader of these figures must know.
"""

from dataclasses import dataclass
from datetime import date

import polars as pl

from weighbridge.catalog import Catalog
from weighbridge.errors import UnknownName
from weighbridge.gap import faults, sides
from weighbridge.gap.compare import Gap, LeadChanges, all_days, with_keys
from weighbridge.gap.lag import Lag, lag
from weighbridge.gap.ratings import Ratings, Remark, read

__all__ = ["Gap", "Lag", "LeadChanges", "Measured", "Ratings", "Remark", "measure", "on_day", "read"]


@dataclass(frozen=True)
class Measured:
    """Everything measured from one history. ``trailing`` is the side that trails on most days."""

    ratings: Ratings
    between: tuple[str, str]
    gaps: list[Gap]
    lead_changes: LeadChanges | None
    lag: Lag | None
    remarks: list[Remark]
    placed: pl.DataFrame


def measure(
    ratings: Ratings, catalog: Catalog, between: tuple[str, str] = sides.DEFAULT, *, draws: int = 2000,
    hole_days: int = 30, with_lag: bool = True, only: date | None = None,
) -> Measured:  # fmt: skip
    """Measures the gap between two sides over the days of ``ratings``; with ``only``, the figures of that day alone."""
    placed, remarks = sides.place(ratings, between, catalog)
    placed = with_keys(placed)
    found = [*ratings.remarks, *faults.look(ratings, catalog, hole_days=hole_days), *remarks]
    part = _one_day(ratings, only) if only else ratings
    gaps, changed, open_questions = all_days(placed, part, between, draws=draws)
    if not gaps and not only:
        raise UnknownName(
            f"{ratings.path}: on no day do both {between[0]} and {between[1]} have a model; "
            "choose other sides with --between"
        )
    behind = _trailing(gaps, between)
    ahead = between[1] if behind == between[0] else between[0]
    measured = lag(placed, ratings, behind, ahead, draws=draws) if with_lag and gaps else None
    return Measured(ratings, between, gaps, changed, measured, [*found, *open_questions], placed)


def on_day(measured: Measured, asked: date) -> tuple[Gap, Remark | None]:
    """The gap of the day ``asked``, or of the last day before it that has one, and then a remark that says so."""
    earlier = [gap for gap in measured.gaps if gap.date <= asked]
    if not earlier:
        first = measured.gaps[0].date if measured.gaps else None
        raise UnknownName(
            f"--on {asked}: the history has no gap by that day" + (f"; its first is of {first}" if first else "")
        )
    last = earlier[-1]
    if last.date == asked:
        return last, None
    away = (asked - last.date).days
    text = f"there is no snapshot of {asked}; this is the last one before it, of {last.date} ({away} days earlier)"
    return last, Remark("no-such-day", text, away > 30, last.date, away)


def day_for(ratings: Ratings, asked: date) -> date:
    """The last day of the history that is not after ``asked``; raises ``UnknownName`` where there is none."""
    days = [day for day in ratings.dates if day <= asked]
    if not days:
        raise UnknownName(f"--on {asked}: the history begins on {ratings.dates[0]}; choose a later day")
    return days[-1]


def _one_day(ratings: Ratings, day: date) -> Ratings:
    """The same history as if it ended with ``day`` and that were its only day (releases keep what came before)."""
    condition = pl.col("date") <= day if ratings.kind == "releases" else pl.col("date") == day
    return Ratings(
        ratings.frame.filter(condition), ratings.kind, ratings.form, ratings.board, ratings.elo, ratings.path,
        ratings.sha256, ratings.remarks,
    )  # fmt: skip


def _trailing(gaps: list[Gap], between: tuple[str, str]) -> str:
    behind = sum(gap.trailer.side == between[0] for gap in gaps)
    return between[0] if behind > len(gaps) / 2 else between[1]
