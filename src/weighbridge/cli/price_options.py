"""Options and readings that the commands of ``weighbridge price`` share. Registers no command of its own."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.catalog import Catalog
    from weighbridge.price.history import Histories

Prices = Annotated[
    Path | None,
    typer.Option("--prices", help="A price log by day: a CSV (date, model_id, event, prices) or a folder with one."),
]
Blend = Annotated[str, typer.Option("--blend", help="Parts of input to output in a blended price.")]
Catalogue = Annotated[Path | None, typer.Option("--catalog", help="Your own models and makers: a CSV.")]


def read_blend(text: str) -> tuple[float, float]:
    from weighbridge.errors import DataError

    try:
        first, second = (float(part) for part in text.split(":"))
        if first < 0 or second < 0 or first + second <= 0:
            raise ValueError
    except ValueError:
        raise DataError(f"--blend '{text}': write parts of input to output, such as 3:1") from None
    return first, second


def read_day(text: str | None) -> date:
    from weighbridge.errors import DataError

    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"--on '{text}' is not a day; write YYYY-MM-DD") from None


def closed_by(book: Catalog) -> Callable[[str, date], bool | None]:
    def closed(model_id: str, day: date) -> bool | None:
        match = book.find(model_id, on=day)
        return None if match is None or match.open is None else not match.open

    return closed


def histories(prices: Path | None, book: Catalog) -> Histories | None:
    from weighbridge.price import history

    return None if prices is None else history.read(prices, is_closed=closed_by(book))
