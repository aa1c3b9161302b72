"""Which periods can be compared? Marks half ones, holes, silently empty snapshots and restated days.

``usage`` → this module → ``shares``. A day is a hole when the days on both sides of it have rows and it has none; it is
empty when it has rows without a single token, or under a tenth of the median of the days around it in a public series.
"""

from __future__ import annotations

from datetime import date, timedelta
from statistics import median
from typing import Any

import polars as pl

from weighbridge.adoption.usage import Remark, Usage

TENTH = 0.1
AROUND = 4


def marks(usage: Usage, every: str) -> tuple[pl.DataFrame, list[Remark]]:
    """One row a population and period: population, the period's first day, days_missing, marks; and the remarks."""
    rows: list[dict[str, Any]] = []
    remarks: list[Remark] = []
    unit = {"day": "1d", "week": "1w", "month": "1mo"}[every]
    for (population,), part in usage.days.group_by("population", maintain_order=True):
        totals = dict(part.group_by("day").agg(pl.col("tokens").sum()).sort("day").iter_rows())
        if not totals:
            continue
        public = not str(population).startswith("own logs")
        first, last = min(totals), max(totals)
        empty = [day for day in totals if _is_empty(day, totals, public)]
        changed = usage.restated.filter(pl.col("population") == population)
        restated = set(changed["day"].to_list())
        starts = pl.Series("day", sorted(totals), dtype=pl.Date).dt.truncate(unit).unique(maintain_order=True).to_list()
        holes: list[date] = []
        for start in starts:
            end = _next(start, every)
            span = [start + timedelta(days=n) for n in range((end - start).days)]
            missing = [day for day in span if day not in totals]
            inside = [day for day in missing if first < day < last]
            holes += inside
            words: list[str] = []
            if any(day < first or day > last for day in missing):
                words.append(f"half: {len(span) - len(missing)} of {len(span)} days")
            if inside:
                words.append(f"{len(inside)} days missing" if len(inside) > 1 else "1 day missing")
            if any(day in empty for day in span):
                words.append("an empty snapshot")
            if any(day in restated for day in span):
                words.append("restated")
            rows.append({"population": population, every: start, "days_missing": len(missing), "marks": words})
        if holes:
            remarks.append(Remark("hole", f"{population}: no rows on {_listed(holes)}", public))
        if empty:
            text = f"{population}: (nearly) empty on {_listed(empty)}; a snapshot that failed, or no use"
            remarks.append(Remark("empty", text))
        if restated:
            before, after = float(changed["before"].sum()), float(changed["after"].sum())
            percent = f", {100 * (after / before - 1):+.2f} %" if before else ""
            change = f"{before:,.0f} → {after:,.0f} tokens{percent}"
            text = f"{population}: rows restated on {_listed(sorted(restated))} ({change}); the latest count"
            remarks.append(Remark("restated", text))
    schema = {"population": pl.String, every: pl.Date, "days_missing": pl.Int64, "marks": pl.List(pl.String)}
    return pl.DataFrame(rows, schema=schema), remarks


def _is_empty(day: date, totals: dict[date, Any], public: bool) -> bool:
    mine = totals[day] or 0
    if mine <= 0:
        return True
    near = [totals[other] or 0 for other in totals if other != day and abs((other - day).days) <= AROUND]
    return public and len(near) >= 3 and mine < TENTH * median(near)


def _next(start: date, every: str) -> date:
    if every == "month":
        return date(start.year + start.month // 12, start.month % 12 + 1, 1)
    return start + timedelta(days=7 if every == "week" else 1)


def _listed(days: list[date]) -> str:
    return ", ".join(str(day) for day in days[:5]) + (f" and {len(days) - 5} more days" if len(days) > 5 else "")
