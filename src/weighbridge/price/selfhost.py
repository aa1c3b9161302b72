"""From which volume on is a machine of one's own cheaper than an API?

A rented GPU costs the same whether it is busy or not, an API costs by the token. Both are compared at the user's own
volume: GPUs needed at peak rate, dollars a month on either side, the volume at which they are equal, and whether the
machine could serve that volume at all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from weighbridge.errors import DataError

HOURS_PER_MONTH = 730.5
"""365.25 days × 24 hours / 12."""


@dataclass(frozen=True, slots=True)
class BreakEven:
    """Both sides a month, in dollars and in millions of tokens.

    ``break_even_tokens`` is None where the machine stays dearer however full it is.
    """

    tokens_per_month: float
    gpus: int
    busy: float
    own_dollars: float
    api_dollars: float
    own_per_million: float
    own_per_million_full: float
    api_per_million: float
    capacity_per_gpu: float
    break_even_tokens: float | None
    cheaper: str


def break_even(
    tokens_per_month: float,
    gpu_dollars_per_hour: float,
    tokens_per_second: float,
    api_per_million: float,
    *,
    utilisation: float = 0.5,
    fixed_dollars: float = 0.0,
) -> BreakEven:
    """Compare an always-on machine with an API.

    ``tokens_per_second`` is what one GPU (or one server that is rented as a whole) makes under load, over all requests
    at once; ``utilisation`` the share of that which a month's real traffic reaches, since requests come unevenly;
    ``fixed_dollars`` what running it costs a month beside. ``api_per_million`` is the blended price of the same tokens.

        capacity = tokens/s · 3600 · 730.5 · utilisation            tokens a month and GPU
        own      = ⌈volume / capacity⌉ · $/h · 730.5 + fixed        dollars a month
        api      = volume · price / 10⁶
        break-even: the smallest volume at which own ≤ api; with one GPU ($/h · 730.5 + fixed) · 10⁶ / price

    Raises ``DataError`` where a number cannot be one.
    """
    given = {
        "--tokens-per-month": tokens_per_month, "--gpu-dollars-per-hour": gpu_dollars_per_hour,
        "--tokens-per-second": tokens_per_second, "the API's price": api_per_million,
    }  # fmt: skip
    for name, value in given.items():
        if not (value > 0 and math.isfinite(value)):
            raise DataError(f"{name} is {value:g}; give a number above 0")
    if not 0 < utilisation <= 1:
        raise DataError(f"--utilisation is {utilisation:g}; give a share above 0 and up to 1, such as 0.5")
    if fixed_dollars < 0:
        raise DataError(f"--fixed-dollars is {fixed_dollars:g}; give 0 or more")
    capacity = tokens_per_second * 3600 * HOURS_PER_MONTH * utilisation
    a_gpu = gpu_dollars_per_hour * HOURS_PER_MONTH
    gpus = math.ceil(tokens_per_month / capacity)
    own = gpus * a_gpu + fixed_dollars
    api = tokens_per_month * api_per_million / 1e6
    return BreakEven(
        tokens_per_month,
        gpus,
        tokens_per_month / (gpus * capacity / utilisation),
        own,
        api,
        own / tokens_per_month * 1e6,
        a_gpu / capacity * 1e6,
        api_per_million,
        capacity,
        _equal_at(a_gpu, fixed_dollars, capacity, api_per_million / 1e6),
        "own machine" if own < api else "API",
    )


def _equal_at(a_gpu: float, fixed: float, capacity: float, price: float) -> float | None:
    """With n GPUs the two are equal at (n·a_gpu + fixed)/price, which must lie within what n GPUs serve."""
    gain = capacity * price - a_gpu
    if gain <= 0:
        return None
    # n GPUs suffice when n·capacity·price ≥ n·a_gpu + fixed.
    n = max(1, math.ceil(fixed / gain))
    return (n * a_gpu + fixed) / price
