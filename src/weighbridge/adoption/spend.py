"""Is a spend of 0 really nothing? Gateways write 0 where their price map lacks a model.

``usage`` adds such rows up apart; this module gives them the price of ``genai-prices``, of the day and of the host that
served, and leaves what has no price as it is: the total is then a floor, and says so. 0 is never taken as free.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache

import polars as pl
from genai_prices import Usage, calc_price

from weighbridge.catalog import Catalog


@dataclass(frozen=True)
class Corrected:
    """What was put right: dollars added at known prices, and models whose spend stays a floor."""

    dollars: float
    models: tuple[str, ...]
    floor: tuple[str, ...]


def correct(days: pl.DataFrame, book: Catalog) -> tuple[pl.DataFrame, Corrected]:
    """``days`` with ``added`` (dollars for rows of spend 0 that have a price) and ``floor`` (true: spend unknown).

    One request's price is that of the average request, times their number: tiers by length can't be told from totals.
    """
    added: list[float] = []
    floor: list[bool] = []
    priced: dict[str, None] = {}
    unpriced: dict[str, None] = {}
    zeros = ("zero_requests", "zero_input", "zero_cached", "zero_output", "zero_tokens")
    columns = ("day", "spelling", "host", *zeros, "unspent")
    for day, spelling, host, requests, given, cached, made, tokens, unspent in days.select(columns).iter_rows():
        dollars: float | None = 0.0
        if tokens:
            each = max(1.0, requests or 1.0)
            usual = tuple(round(part / each) for part in (given or 0, cached or 0, made or 0))
            dollars = None if not any(usual) else price(spelling or "", host or "", day, usual, book)
            if dollars is not None:
                dollars *= each
            (unpriced if dollars is None else priced)[spelling or "(no name)"] = None
        added.append(dollars or 0.0)
        floor.append(dollars is None or bool(unspent))
    table = days.with_columns(added=pl.Series(added, dtype=pl.Float64), floor=pl.Series(floor, dtype=pl.Boolean))
    return table, Corrected(sum(added), tuple(priced), tuple(unpriced))


def price(spelling: str, host: str, day: date, tokens: tuple[int, ...], book: Catalog) -> float | None:
    """Dollars for (input, cached, output) tokens on a day, or None where no price is known. Never 0 for 'not known'."""
    given, cached, made = tokens
    # The bare name may stand in several hosts' lists; the host of the log decides, then the router's list by full name.
    at = book.host_of(host) if host else None
    tries: list[tuple[str, str | None]] = [(spelling, name) for name in (host.casefold(), at.id if at else "") if name]
    bare = spelling.rsplit("/", 1)[-1]
    tries += [(bare, name) for _, name in tries] + [(spelling, None)]
    tries += [(spelling, "openrouter"), (bare, None)]
    for name, provider in tries:
        found = _price(name, provider, day, given, cached, made)
        if found is not None:
            return found
    return None


@cache
def _price(name: str, provider: str | None, day: date, given: int, cached: int, made: int) -> float | None:
    usage = Usage(input_tokens=given, output_tokens=made, cache_read_tokens=min(cached, given) or None)
    try:
        moment = datetime.combine(day, time(12), UTC)
        found = float(calc_price(usage, name, provider_id=provider, genai_request_timestamp=moment).total_price)
    except (LookupError, ValueError):
        return None
    return found or None
