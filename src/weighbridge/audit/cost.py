"""What asking costs in US dollars, before and after: prices from the plan, else from ``genai-prices``.

An unknown price is None and is said to be unknown wherever it is shown; it is never 0. Models that run on one's own
machine (provider *local* or *specimen*) have no price per token and cost 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
from genai_prices import Usage, calc_price

from weighbridge.audit.plan import Model, Plan

CHARACTERS_PER_TOKEN = 3.6
"""English prose and code; only for the estimate before asking."""
EXPECTED_OUTPUT = 900
"""Output tokens of a usual answer to the shipped tasks, without reasoning; only for the estimate before asking."""


def price(
    model: Model, input_tokens: int, output_tokens: int, cached_tokens: int = 0, *, on: datetime | None = None
) -> float | None:
    """Dollars for one request, or None where no price is known.

    Args:
        input_tokens: all tokens of the request, cached ones included.
        output_tokens: all tokens generated, reasoning included.
        cached_tokens: those of the request that were read from the provider's cache.
    """
    if model.provider in {"local", "specimen"}:
        return 0.0
    if model.price is not None:
        cached = model.price.cached if model.price.cached is not None else model.price.input
        fresh = max(0, input_tokens - cached_tokens)
        return (fresh * model.price.input + cached_tokens * cached + output_tokens * model.price.output) / 1e6
    usage = Usage(input_tokens=input_tokens, output_tokens=output_tokens, cache_read_tokens=cached_tokens or None)
    try:
        found = calc_price(
            usage, model.model, provider_api_url=model.base_url, genai_request_timestamp=on or datetime.now(UTC)
        )
    except (LookupError, ValueError):
        return None
    return float(found.total_price)


@dataclass(frozen=True)
class Expected:
    """What one model of a plan is expected to cost; ``dollars`` is None where its price is unknown."""

    model: str
    trials: int
    input_tokens: int
    output_tokens: int
    dollars: float | None


def expected(plan: Plan, trials: pl.DataFrame) -> list[Expected]:
    """Trials, tokens and dollars that a plan is expected to need, one row a model."""
    rows: list[Expected] = []
    for model in plan.models:
        mine = trials.filter(pl.col("model") == model.name)
        characters = int(mine.select((pl.col("system").str.len_chars() + pl.col("user").str.len_chars()).sum()).item())
        asked = round(characters / CHARACTERS_PER_TOKEN)
        answered = mine.height * min(EXPECTED_OUTPUT, model.sampling.max_tokens)
        rows.append(Expected(model.name, mine.height, asked, answered, price(model, asked, answered)))
    return rows
