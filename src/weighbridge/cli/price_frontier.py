"""``weighbridge price frontier``: price against capability on a day, and equal capability over time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, err, out, print_json
from weighbridge.cli.price_options import Blend, Catalogue, histories, read_blend, read_day

if TYPE_CHECKING:
    from weighbridge.price.frontier import EqualCapability, Frontier


def frontier(
    ratings: Annotated[Path, typer.Option("--ratings", help="Ratings by date, as for `weighbridge gap`.")],
    prices: Annotated[Path, typer.Option("--prices", help="A price log by day: a CSV or a folder with one.")],
    board: Annotated[str | None, typer.Option("--board", help="Which board of the ratings.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="One day (YYYY-MM-DD); without it, the last that has both.")
    ] = None,
    between: Annotated[str, typer.Option("--between", help="Two sides: open,closed; US,CN …")] = "open,closed",
    below: Annotated[str, typer.Option("--below", help="Points below the best rating both sides reach.")] = "0,20,50",
    every: Annotated[int, typer.Option("--every-days", min=1, help="Days between two rows of the history.")] = 30,
    blend: Blend = "3:1",
    catalogue: Catalogue = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write the charts to this page.")] = None,
    as_json: AsJson = False,
) -> None:
    from weighbridge import catalog
    from weighbridge.errors import DataError
    from weighbridge.gap import ratings as reading
    from weighbridge.gap import sides
    from weighbridge.gap.compare import with_keys
    from weighbridge.price import frontier as front

    try:
        depths = [float(part) for part in below.split(",")]
    except ValueError:
        raise DataError(f"--below '{below}': write numbers with commas, such as 0,20,50") from None
    pair = sides.pair(between)
    book = catalog.load(catalogue)
    listed = histories(prices, book)
    assert listed is not None
    history = reading.read(ratings, board=board)
    placed, remarks = sides.place(history, pair, book)
    placed = with_keys(placed)
    begin = min(listing.listed[0].since for listing in listed.listings.values() if listing.listed)
    last = min(read_day(on), listed.until) if on else min(listed.until, max(history.dates))
    wanted = read_day(on) if on else last
    if wanted < begin or wanted > listed.until:
        raise DataError(f"--on {wanted}: the price log runs from {begin} to {listed.until}; choose a day within it")
    days = [day for day in history.dates if begin <= day <= last]
    if not days:
        raise DataError(f"{ratings}: no day of the ratings lies within the price log ({begin} to {listed.until})")
    chosen = [days[-1]]
    for day in reversed(days):
        if chosen[-1] - day >= timedelta(days=every):
            chosen.append(day)

    def standing(day: date) -> Any:
        import polars as pl

        return placed.filter((pl.col("date") == day) if history.kind == "snapshots" else (pl.col("date") <= day))

    found = [front.frontier(standing(day), day, listed, book, pair, read_blend(blend)) for day in sorted(chosen)]
    rows = [row for one in found for row in front.equal_capability(one, pair, depths)]
    if html is not None:
        from weighbridge.report import price as page

        page.write(found[-1], rows, pair, html, ratings=Path(history.path).name, board=history.board,
                   prices=listed.file, hashes=(history.sha256, listed.sha256))  # fmt: skip
    said = [remark.text for remark in [*history.remarks, *remarks]] + listed.remarks
    if as_json:
        print_json(
            {
                "date": found[-1].date,
                "board": history.board,
                "between": list(pair),
                "blend": blend,
                "models": found[-1].models.to_dicts(),
                "unpriced": list(found[-1].unpriced),
                "equal_capability": [asdict(row) for row in rows],
                "data": [
                    {"file": Path(history.path).name, "sha256": history.sha256},
                    {"file": listed.file, "sha256": listed.sha256},
                ],
                "remarks": said,
            }
        )
        return
    _print_frontier(found[-1], rows, pair, said)
    if html is not None:
        err().print(f"charts: {html}")


def _print_frontier(found: Frontier, rows: list[EqualCapability], pair: tuple[str, str], said: list[str]) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    table = Table(
        title=f"Price–capability frontier on {found.date}, blended dollars per million tokens", title_justify="left"
    )
    for name in ("model", "side", "rating", "$ blended", "input", "output", "frontier"):
        table.add_column(name, justify="left" if name in ("model", "side", "frontier") else "right")
    for row in (
        found.models.filter(found.models["on_own_frontier"]).sort("rating", descending=True).iter_rows(named=True)
    ):
        table.add_row(
            escape(row["model"]),
            row["side"],
            f"{row['rating']:.0f}",
            f"{row['blended']:.3f}",
            f"{row['input']:g}",
            f"{row['output']:g}",
            "of all" if row["on_frontier"] else "of its side",
        )
    console.print(table)
    equal = Table(title=f"Price at equal capability: {pair[0]} over {pair[1]}", title_justify="left")
    for name in ("date", "rating", "below the best both reach", pair[0], pair[1], "ratio"):
        equal.add_column(name)
    for row in rows:
        equal.add_row(
            str(row.date),
            f"{row.rating:.0f}",
            f"{row.below:g}",
            escape(f"{row.first.model} ${row.first.blended:.2f}"),
            escape(f"{row.second.model} ${row.second.blended:.2f}"),
            f"{row.ratio:.2f}",
        )
    console.print(equal)
    if found.unpriced:
        names = ", ".join(found.unpriced[:12]) + (" …" if len(found.unpriced) > 12 else "")
        console.print(
            f"[bold yellow]unknown price:[/] {len(found.unpriced)} rated models, best first: {escape(names)}",
            highlight=False,
        )
    for text in said:
        console.print(f"[dim]note:[/] {escape(text)}", highlight=False)
