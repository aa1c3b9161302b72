"""Who stands on the price–capability frontier, and what does equal capability cost each side?

Takes ratings that were placed on sides (by ``gap``, which stands beside this folder and is called by whoever calls
this) and the prices that held on a day. A model is on the frontier when no other is as good or better for less. *Equal
capability*: for a rating that both sides reach, the cheapest model of each side that has it. Models without a known
price are counted and named.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from weighbridge.catalog import Catalog
from weighbridge.price.history import BLEND, Histories

Names = tuple[str, ...]


@dataclass(frozen=True)
class Frontier:
    """One day. ``models``: model, id, side, rating, input, output, blended, spelling, on_frontier, on_own_frontier."""

    date: date
    models: pl.DataFrame
    unpriced: Names
    best_priced: dict[str, float]


@dataclass(frozen=True, slots=True)
class Offer:
    """The cheapest model of a side that reaches a rating."""

    side: str
    model: str
    rating: float
    blended: float


@dataclass(frozen=True, slots=True)
class EqualCapability:
    """What a rating costs on each side on a day. ``ratio`` is the first side's price over the second's."""

    date: date
    below: float
    rating: float
    first: Offer
    second: Offer
    ratio: float


def priced_on(histories: Histories, catalog: Catalog, day: date) -> dict[str, tuple[float, float, str]]:
    """Catalogue id → (input, output, spelling) of the cheapest listing that held that day."""
    found: dict[str, tuple[float, float, str]] = {}
    for spelling, listing in histories.listings.items():
        held = None if ":" in spelling else listing.held_on(day)
        match = catalog.find(spelling) if held else None
        if held is None or match is None or match.model is None or match.sure != "certain":
            continue
        old = found.get(match.model)
        if old is None or held.input + held.output < old[0] + old[1]:
            found[match.model] = (held.input, held.output, spelling)
    return found


def frontier(
    placed: pl.DataFrame, day: date, histories: Histories, catalog: Catalog, sides: tuple[str, str],
    blend: tuple[float, float] = BLEND,
) -> Frontier:  # fmt: skip
    """Join the ratings of a day with the prices of that day.

    ``placed`` has model, id (the catalogue's), side and rating, the rows that can be compared on that day; of several
    spellings or modes of one model the best rated counts.
    """
    prices = priced_on(histories, catalog, day)
    rows: list[dict[str, object]] = []
    unpriced: dict[str, None] = {}
    seen: set[str] = set()
    ordered = placed.filter(pl.col("side").is_in(list(sides))).sort("rating", "model", descending=[True, False])
    for model, known, side, rating in ordered.select("model", "id", "side", "rating").iter_rows():
        name = known or model
        if name in seen:
            continue
        seen.add(name)
        price = prices.get(known) if known else None
        if price is None:
            unpriced[model] = None
            continue
        mixed = (blend[0] * price[0] + blend[1] * price[1]) / sum(blend)
        rows.append({"model": model, "id": known, "side": side, "rating": rating, "input": price[0], "output": price[1],
                     "blended": mixed, "spelling": price[2]})  # fmt: skip
    schema = {"model": pl.String, "id": pl.String, "side": pl.String, "rating": pl.Float64, "input": pl.Float64,
              "output": pl.Float64, "blended": pl.Float64, "spelling": pl.String}  # fmt: skip
    table = pl.DataFrame(rows, schema=schema)
    table = table.with_columns(
        pl.Series("on_frontier", undominated(table), dtype=pl.Boolean),
        pl.Series("on_own_frontier", _within_sides(table), dtype=pl.Boolean),
    ).sort("blended", "rating")
    best = {side: float(part["rating"].max()) for (side,), part in table.group_by("side")}  # type: ignore[arg-type]
    return Frontier(day, table, tuple(unpriced), {str(k): v for k, v in best.items()})


def undominated(table: pl.DataFrame) -> list[bool]:
    """For each row whether no other is as good or better for less, or better for the same."""
    pairs = list(table.select("rating", "blended").iter_rows())
    return [
        not any((r >= rating and p < price) or (r > rating and p <= price) for r, p in pairs) for rating, price in pairs
    ]


def _within_sides(table: pl.DataFrame) -> list[bool]:
    on: dict[int, bool] = {}
    numbered = table.with_row_index("row")
    for part in numbered.partition_by("side"):
        on.update(zip(part["row"].to_list(), undominated(part), strict=True))
    return [on[at] for at in range(len(table))]


def equal_capability(
    day: Frontier, sides: tuple[str, str], below: Sequence[float] = (0.0, 20.0, 50.0)
) -> list[EqualCapability]:
    """The cheapest model of each side that reaches a rating: the best both have, minus each of ``below``."""
    if any(side not in day.best_priced for side in sides):
        return []
    shared = min(day.best_priced[side] for side in sides)
    rows: list[EqualCapability] = []
    for less in below:
        first, second = (_cheapest(day.models, side, shared - less) for side in sides)
        rows.append(EqualCapability(day.date, less, shared - less, first, second, first.blended / second.blended))
    return rows


def _cheapest(models: pl.DataFrame, side: str, rating: float) -> Offer:
    row = (
        models.filter((pl.col("side") == side) & (pl.col("rating") >= rating))
        .sort("blended", "rating")
        .row(0, named=True)
    )
    return Offer(side, row["model"], row["rating"], row["blended"])
