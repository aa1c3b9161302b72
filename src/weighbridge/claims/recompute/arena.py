"""Claims about the gap between the best models of two sides, from rating histories (``gap``)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from datetime import date

import polars as pl

from weighbridge.claims.evidence import Choice, Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim
from weighbridge.claims.verdict import state
from weighbridge.gap.compare import Gap, all_days, gap_on, standing, win_rate

DRAWS = 400
HOLE_DAYS = 30


def gap_in(
    evidence: Evidence, claim: Claim, *, file: str, month: str, board: str | None = None, between: str = "US,CN",
    others: Sequence[Mapping[str, str]] = (),
) -> Recomputed:  # fmt: skip
    """The gap in a month (``YYYY-MM``) on one board.

    A claim that names a month and no day is judged on the day on which its own figures agree best: the choice that is
    kindest to it. The month's other days and other boards (``others``: file, board, and a month if another) are shown.
    Each figure's interval is its range over the month's days. Figures: percent, percent_of_leader, points, leader,
    trailer, win_rate (in percent).
    """
    days = _gaps(evidence, file, board, between, month)
    choices = _elsewhere(evidence, others, between, month)
    if not days:
        name = f"{file}{f', board {board},' if board else ''}"
        said = f"{name} has no day in {month} with both sides: the claim's own board is not in the data"
        return Recomputed({}, choices, [said + "; the choices are other boards or months."], "")
    chosen = min(days, key=lambda gap: (*_distance(claim, gap), gap.date))
    every = [_figures(gap) for gap in days]
    figures = {
        name: Value(value, min(one[name] for one in every), max(one[name] for one in every))
        for name, value in _figures(chosen).items()
    }
    choices = [Choice(f"{gap.date}{why}", _figures(gap), _pair(gap)) for gap, why in _telling(days, chosen)] + choices
    lowest, highest = min(g.percent for g in days), max(g.percent for g in days)
    findings = [
        f"{chosen.date}: {_pair(chosen)}: {chosen.points:.0f} points, {chosen.percent:.2f} % of the trailer, "
        f"{chosen.percent_of_leader:.2f} % of the leader.",
        f"{len(days)} days of {month} have data; the gap lies between {lowest:.2f} and {highest:.2f} %.",
    ]
    if chosen.win_rate is not None:
        findings.append(
            f"A percent of a rating has no unit. {chosen.points:.0f} points are an expected win rate of about "
            f"{100 * win_rate(chosen.points):.1f} % for the leader."
        )
    if chosen.tie is not None:
        findings.append(f"The two 95 % intervals {'overlap' if chosen.tie else 'do not overlap'} on that day.")
    return Recomputed(figures, choices, findings, chosen.date.isoformat())


def _gaps(evidence: Evidence, file: str, board: str | None, between: str, month: str) -> list[Gap]:
    ratings, placed = evidence.ratings(file, board, between)
    first, _, second = between.partition(",")
    found: list[Gap] = []
    for day, models in standing(placed, ratings):
        if day.isoformat().startswith(month):
            gap = gap_on(day, models, (first, second), ratings, None)
            if gap is not None:
                found.append(gap)
    return found


def _figures(gap: Gap) -> dict[str, float]:
    figures = {
        "percent": gap.percent, "percent_of_leader": gap.percent_of_leader, "points": gap.points,
        "leader": gap.leader.rating, "trailer": gap.trailer.rating,
    }  # fmt: skip
    return figures if gap.win_rate is None else {**figures, "win_rate": 100 * gap.win_rate}


def _pair(gap: Gap) -> str:
    best, other = gap.leader, gap.trailer
    return f"{best.side} {best.model} {best.rating:.0f} against {other.side} {other.model} {other.rating:.0f}"


def _distance(claim: Claim, gap: Gap) -> tuple[int, float]:
    """How badly a day agrees with the claim: claimed figures not met, then the relative difference of all."""
    found = _figures(gap)
    tested = [f for f in claim.figures if f.value is not None and f.name in found]
    missed = sum(state(f, Value(found[f.name])) != "met" for f in tested if not f.supporting)
    return missed, sum(abs(found[f.name] - f.value) / max(abs(f.value), 1e-9) for f in tested if f.value is not None)


def _elsewhere(evidence: Evidence, others: Sequence[Mapping[str, str]], between: str, month: str) -> list[Choice]:
    choices: list[Choice] = []
    for other in others:
        try:
            found = _gaps(evidence, other["file"], other.get("board"), between, other.get("month", month))
        except Missing:
            continue
        for gap, why in _telling(found, None):
            name = f"{other.get('called') or other.get('board') or other['file']}, {gap.date}{why}"
            choices.append(Choice(name, _figures(gap), _pair(gap)))
    return choices


def _telling(days: list[Gap], chosen: Gap | None) -> list[tuple[Gap, str]]:
    """The days that show a month's spread: its smallest and largest gap, and its first and last day, each once."""
    if not days:
        return []
    wanted = (
        (min(days, key=lambda gap: gap.percent), ", the smallest gap of the month"),
        (max(days, key=lambda gap: gap.percent), ", the largest"), (days[0], ", the first day with data"),
        (days[-1], ", the last"),
    )  # fmt: skip
    told: dict[date, tuple[Gap, str]] = {}
    for gap, why in wanted:
        if chosen is None or gap.date != chosen.date:
            told.setdefault(gap.date, (gap, why))
    return list(told.values())


def lead_changes(
    evidence: Evidence, claim: Claim, *, series: Sequence[Mapping[str, str]], since: str, between: str = "US,CN"
) -> Recomputed:
    """How often the lead passed from one side to the other since a day, on each of several boards.

    The claim is judged on the board with most changes, the choice that is kindest to it. Figure: lead_changes.
    """
    start = date.fromisoformat(since)
    choices: list[Choice] = []
    findings: list[str] = []
    first, _, second = between.partition(",")
    most: int | None = None
    last = ""
    for one in series:
        name = one.get("called") or one.get("board") or one["file"]
        ratings, placed = evidence.ratings(one["file"], one.get("board"), between)
        recent = placed.filter(pl.col("date") >= start)
        if recent.is_empty():
            continue
        days = [day for day in ratings.dates if day >= start]
        plain = [
            gap
            for day in days
            for gap in [gap_on(day, recent.filter(pl.col("date") == day), (first, second), ratings, None)]
            if gap is not None
        ]
        leads = [gap.leader.side for gap in plain if gap.points > 0]
        changes = sum(a != b for a, b in itertools.pairwise(leads))
        most = changes if most is None else max(most, changes)
        last = max(last, days[-1].isoformat())
        tied = sum(gap.tie is True for gap in plain)
        closest = min(plain, key=lambda gap: gap.points)
        with_intervals = any(gap.tie is not None for gap in plain)
        said = (
            f"{name}: {changes} changes over {len(plain)} days from {days[0]} to {days[-1]}; "
            f"{', '.join(f'{side} leads on {leads.count(side)}' for side in (first, second))}; "
            f"closest on {closest.date} ({closest.points:.0f} points)"
        )
        if with_intervals:
            said += f"; 95 % intervals overlap on {tied} days"
            part = type(ratings)(
                recent.select(ratings.frame.columns),
                ratings.kind,
                ratings.form,
                ratings.board,
                ratings.elo,
                ratings.path,
                ratings.sha256,
                [],
            )
            _, drawn, _ = all_days(recent, part, (first, second), draws=DRAWS)
            if drawn is not None:
                ever = (
                    drawn.p_second_ever_leads if leads.count(first) >= leads.count(second) else drawn.p_first_ever_leads
                )
                said += f"; {100 * ever:.0f} % of draws from the intervals put the trailing side ahead on some day"
        holes = [(a, b) for a, b in itertools.pairwise(days) if (b - a).days > HOLE_DAYS]
        if holes:
            said += "; no data " + ", ".join(f"{a} to {b}" for a, b in holes)
        findings.append(said + ".")
        choices.append(
            Choice(name, {"lead_changes": float(changes)}, f"{tied} days tied" if with_intervals else "no intervals")
        )
    if most is None:
        raise Missing(f"no series has a day since {since}")
    return Recomputed({"lead_changes": Value(float(most))}, choices, findings, last)
