"""Claims about what capability costs, from a price log and a rating history (``price.frontier``)."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl

from weighbridge.claims.evidence import Choice, Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim
from weighbridge.price import frontier as front

SIDES = ("open", "closed")
DEPTHS = (0.0, 20.0, 50.0)


def cheaper_at_equal_rating(
    evidence: Evidence, claim: Claim, *, prices: str, ratings: str, on: str, board: str | None = None,
    other_days: tuple[str, ...] = (), other_boards: tuple[str, ...] = (),
) -> Recomputed:  # fmt: skip
    """By how many percent open models are cheaper than closed ones of equal rating. Figure: cheaper.

    Headline: least squares of log blended price (3 : 1) on the rating and an indicator for open weights, one row a
    model that has both on that day. Beside it: the cheapest model of each side that reaches a rating.
    """
    base = _day(evidence, prices, ratings, board, date.fromisoformat(on))
    cheaper, low, high = _regression(base.models)
    choices = _at_levels(base, "")
    for day in other_days:
        other = _day(evidence, prices, ratings, board, date.fromisoformat(day))
        choices.append(Choice(f"regression, {other.date}", {"cheaper": _regression(other.models)[0]}))
    for name in other_boards:
        other = _day(evidence, prices, ratings, name, date.fromisoformat(on))
        choices.append(Choice(f"regression, board {name}, {other.date}", {"cheaper": _regression(other.models)[0]}))
    counts = dict(base.models.group_by("side").len().iter_rows())
    findings = [
        f"{base.date}: {counts.get('open', 0)} open and {counts.get('closed', 0)} closed models with a rating and "
        f"a price; at equal rating open ones are {cheaper:.0f} % cheaper (95 %: {low:.0f} to {high:.0f}) by "
        "regression.",
        f"{len(base.unpriced)} rated models have no known price that day and take no part. Prices are those "
        "of OpenRouter's default endpoint; changes that did not hold are left out (see docs/price.md).",
    ]
    return Recomputed({"cheaper": Value(cheaper, low, high)}, choices, findings, base.date.isoformat())


def _day(evidence: Evidence, prices: str, ratings: str, board: str | None, on: date) -> front.Frontier:
    history, placed = evidence.ratings(ratings, board, "open,closed")
    listed = evidence.prices(prices)
    days = [day for day in history.dates if day <= on]
    if not days:
        raise Missing(f"{ratings}: no day up to {on}")
    standing = placed.filter(
        (pl.col("date") == days[-1]) if history.kind == "snapshots" else (pl.col("date") <= days[-1])
    )
    found = front.frontier(standing, days[-1], listed, evidence.catalog, SIDES)
    if any(side not in found.best_priced for side in SIDES) or len(found.models) < 8:
        raise Missing(f"{ratings} and {prices} share too few models with a rating and a price on {days[-1]}")
    return found


def _regression(models: pl.DataFrame) -> tuple[float, float, float]:
    """Percent by which open models are cheaper, with a 95 % interval from heteroscedasticity-robust errors (HC1)."""
    y = np.log(models["blended"].to_numpy())
    rating = models["rating"].to_numpy()
    is_open = (models["side"] == "open").to_numpy().astype(float)
    x = np.column_stack([np.ones(len(y)), rating - rating.mean(), is_open])
    inverse = np.linalg.inv(x.T @ x)
    beta = inverse @ x.T @ y
    rest = y - x @ beta
    spread = inverse @ (x.T * rest**2) @ x @ inverse * len(y) / (len(y) - 3)
    error = float(np.sqrt(spread[2, 2]))
    low, high = (100 * (1 - float(np.exp(beta[2] + sign * 1.96 * error))) for sign in (1, -1))
    return 100 * (1 - float(np.exp(beta[2]))), low, high


def _at_levels(day: front.Frontier, suffix: str) -> list[Choice]:
    return [
        Choice(
            f"the cheapest of each side with a rating of {row.rating:.0f} or more" + suffix,
            {"cheaper": 100 * (1 - row.ratio)},
            f"{row.first.model} ${row.first.blended:.2f}, {row.second.model} ${row.second.blended:.2f}",
        )
        for row in front.equal_capability(day, SIDES, DEPTHS)
    ]
