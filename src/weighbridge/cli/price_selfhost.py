"""``weighbridge price break-even``: from which volume on a machine of one's own is cheaper than an API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, out, print_json
from weighbridge.cli.price_options import Blend, Catalogue, Prices, histories, read_blend


def break_even(
    tokens_per_month: Annotated[float, typer.Option("--tokens-per-month", help="Input and output tokens together.")],
    gpu_dollars_per_hour: Annotated[float, typer.Option("--gpu-dollars-per-hour", help="Rent of one GPU or server.")],
    tokens_per_second: Annotated[
        float, typer.Option("--tokens-per-second", help="What it makes under load, all requests together.")
    ],
    api: Annotated[float | None, typer.Option("--api-dollars-per-million", help="The API's blended price.")] = None,
    model: Annotated[
        str | None, typer.Option("--model", help="Take the API's price of this model instead, the cheapest host's.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="With --model: at this host.")] = None,
    prices: Prices = None,
    blend: Blend = "3:1",
    utilisation: Annotated[
        float, typer.Option("--utilisation", help="Share of full load that a month's traffic reaches.")
    ] = 0.5,
    fixed_dollars: Annotated[
        float, typer.Option("--fixed-dollars", help="What running it costs a month beside.")
    ] = 0.0,
    catalogue: Catalogue = None,
    as_json: AsJson = False,
) -> None:
    from weighbridge.errors import DataError
    from weighbridge.price import selfhost

    if (api is None) == (model is None):
        raise DataError("give the API's price with --api-dollars-per-million, or a model to look up with --model")
    source = "given"
    if api is None:
        api, source = _api_price(model or "", host, prices, read_blend(blend), catalogue)
    found = selfhost.break_even(
        tokens_per_month,
        gpu_dollars_per_hour,
        tokens_per_second,
        api,
        utilisation=utilisation,
        fixed_dollars=fixed_dollars,
    )
    if as_json:
        print_json({**asdict(found), "api_price_from": source})
        return
    console = out()
    lines = [
        f"own machine: {found.gpus} GPU{'s' if found.gpus > 1 else ''}, {100 * found.busy:.0f} % busy, "
        f"${found.own_dollars:,.0f} a month, "
        f"${found.own_per_million:.3f} per million tokens (${found.own_per_million_full:.3f} at the most it serves)",
        f"API:         ${found.api_dollars:,.0f} a month at ${found.api_per_million:.3f} per million tokens ({source})",
        f"cheaper at this volume: {found.cheaper}",
        "break-even: never, the machine is dearer than the API at any volume it can serve"
        if found.break_even_tokens is None
        else f"break-even: {found.break_even_tokens / 1e6:,.0f} million tokens a month",
    ]
    for text in lines:
        console.print(text, highlight=False, markup=False)


def _api_price(
    model: str, host: str | None, prices: Path | None, blend: tuple[float, float], catalogue: Path | None
) -> tuple[float, str]:
    from weighbridge import catalog
    from weighbridge.errors import UnknownName
    from weighbridge.price import quotes

    book = catalog.load(catalogue)
    match = book.need(model)
    found, _ = quotes.quotes(match.model or "", book, date.today(), histories(prices, book))
    usable = [quote for quote in found if quote.is_price and (host is None or quote.host == host.casefold())]
    if not usable:
        raise UnknownName(
            f"no registry gives a price for '{model}'{f' at {host}' if host else ''}; give --api-dollars-per-million"
        )
    best = min(usable, key=lambda quote: quote.blended(blend))
    return best.blended(blend), f"{best.host}, {best.source}"
