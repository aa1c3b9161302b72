"""``weighbridge price``: what a task solved cost, what a model costs where and when, the frontier, and self-hosting."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from weighbridge.cli.options import AsJson, out, print_json
from weighbridge.cli.price_frontier import frontier
from weighbridge.cli.price_options import Blend, Catalogue, Prices, histories, read_blend, read_day
from weighbridge.cli.price_selfhost import break_even

if TYPE_CHECKING:
    from weighbridge.price.history import Listing
    from weighbridge.price.quotes import Disagreement, Quote
    from weighbridge.price.solved import Costs, PerTask, TokenPrice


class RunsByDefault(TyperGroup):
    """``weighbridge price RUN`` and ``weighbridge price --model NAME`` need no word for the command they mean."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["of", *args]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Adds the group ``price``; its command ``of`` may be left out."""
    group = typer.Typer(
        cls=RunsByDefault, no_args_is_help=True,
        help="What it really costs: `weighbridge price RUN…` by task solved, `weighbridge price --model NAME` by host "
        "and day.",
    )  # fmt: skip
    group.command("of", help="Cost per task solved in RUN…, or the price of --model by host and day.")(of)
    group.command("frontier", help="Price against capability, and what equal capability costs each side over time.")(
        frontier
    )
    group.command("break-even", help="From which volume on a machine of your own is cheaper than an API.")(break_even)
    app.add_typer(group, name="price")


def of(
    runs: Annotated[list[Path] | None, typer.Argument(help="Run folders that were judged.", metavar="RUN…")] = None,
    model: Annotated[str | None, typer.Option("--model", help="Price this model instead of a run.")] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="The day of the price (YYYY-MM-DD); without it, today.")
    ] = None,
    host: Annotated[str | None, typer.Option("--host", help="Only this host.")] = None,
    prices: Prices = None,
    price: Annotated[
        list[str] | None,
        typer.Option("--price", help="NAME=INPUT/OUTPUT[/CACHED] in dollars per million tokens, for a run's model."),
    ] = None,
    blend: Blend = "3:1",
    catalogue: Catalogue = None,
    as_json: AsJson = False,
) -> None:
    from weighbridge.errors import DataError

    if bool(runs) == (model is not None):
        raise DataError(
            "give either run folders (weighbridge price RUN…) or one model (weighbridge price --model NAME)"
        )
    if model is not None:
        _of_model(model, on, host, prices, read_blend(blend), catalogue, as_json)
        return
    found = _of_runs(runs or [], _own_prices(price or []))
    if as_json:
        print_json(asdict(found))
        return
    _print_costs(found)


def _of_runs(folders: list[Path], prices: dict[str, TokenPrice]) -> Costs:
    import polars as pl

    from weighbridge.errors import UnknownName
    from weighbridge.price import solved
    from weighbridge.store.tables import open_run, read_plan

    tables: list[pl.DataFrame] = []
    own: set[str] = set()
    seen: dict[str, Path] = {}
    remarks: list[str] = []
    for folder in folders:
        run = open_run(folder)
        rows = solved.joined(*(run.read(table, step=step) for table, step in
                               (("trials", "plan"), ("answers", "ask"), ("verdicts", "judge"))))  # fmt: skip
        own |= {
            m["name"] for m in read_plan(folder)["plan"].get("models", []) if m.get("provider") in ("local", "specimen")
        }
        for name in rows["model"].unique().to_list():
            if name in seen:
                remarks.append(f"'{name}' stands in {seen[name]} and {folder}: its answers of both are taken together")
            seen[name] = folder
        tables.append(rows)
    wrong = sorted(set(prices) - set(seen))
    if wrong:
        raise UnknownName(f"--price names '{wrong[0]}', which no run asked (models: {', '.join(sorted(seen))})")
    found = solved.costs(pl.concat(tables), own=own - set(prices), prices=prices)
    return solved.Costs(found.bills, found.pairs, [*remarks, *found.remarks])


def _print_costs(found: Costs) -> None:
    from rich.markup import escape
    from rich.table import Table

    table = Table(title="Cost per task solved, US dollars", title_justify="left")
    for name, just in (
        ("model", "left"),
        ("answers", "right"),
        ("spent", "right"),
        ("solved", "right"),
        ("$ a solved task", "right"),
        ("securely", "right"),
        ("$ a securely solved task", "right"),
        ("output tokens", "right"),
        ("of them reasoning", "right"),
        ("input (cached)", "right"),
        ("wasted tokens", "right"),
    ):
        table.add_column(name, justify=just)  # type: ignore[arg-type]
    for bill in found.bills:
        works, sound = bill.per_task
        t = bill.tokens
        table.add_row(
            escape(bill.model),
            str(bill.judged),
            "unknown" if bill.dollars is None else f"{bill.dollars:.4f}",
            str(works.solved),
            _dollars(works),
            str(sound.solved),
            _dollars(sound),
            f"{t['output']:,}",
            f"{t['reasoning']:,}",
            f"{t['input']:,} ({t['cached']:,})",
            f"{t['wasted_input'] + t['wasted_output']:,}",
        )
    console = out()
    console.print(table)
    if found.pairs:
        pairs = Table(title="Pairs, on tasks that both solve", title_justify="left")
        for name in ("model against other", "outcome", "tasks", "$ a task", "other", "ratio [95 %]", "p", "word"):
            pairs.add_column(name)
        for pair in found.pairs:
            pairs.add_row(
                escape(f"{pair.model} / {pair.other}"),
                pair.outcome,
                str(pair.tasks),
                _plain(pair.model_dollars),
                _plain(pair.other_dollars),
                "–"
                if pair.ratio is None or pair.low is None or pair.high is None
                else f"{pair.ratio:.2f} [{pair.low:.2f}, {pair.high:.2f}]",
                "–" if pair.p is None else f"{pair.p:.3f}",
                pair.word + (f": {escape(pair.reason)}" if pair.reason else ""),
            )
        console.print(pairs)
    for bill in found.bills:
        said = [
            bill.note,
            f"{bill.unpriced} answers without a known price" if bill.unpriced else "",
            f"{bill.silent_failures} failed attempts told no usage: what they cost is not known"
            if bill.silent_failures
            else "",
            f"{bill.not_judged} answers are not judged and take no part" if bill.not_judged else "",
        ]
        for text in filter(None, said):
            console.print(f"[bold yellow]{escape(bill.model)}:[/] {escape(text)}", highlight=False)
    for text in found.remarks:
        console.print(f"[bold yellow]note:[/] {escape(text)}", highlight=False)


def _dollars(one: PerTask) -> str:
    if one.value is None:
        return "unknown"
    return ("at least " if one.at_least else "") + f"{one.value:.4f}"


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _own_prices(given: list[str]) -> dict[str, TokenPrice]:
    from weighbridge.errors import DataError
    from weighbridge.price.solved import TokenPrice

    found: dict[str, TokenPrice] = {}
    for text in given:
        name, _, numbers = text.rpartition("=")
        try:
            parts = [float(number) for number in numbers.split("/")]
            if not name or len(parts) not in (2, 3) or any(not 0 <= part < float("inf") for part in parts):
                raise ValueError
        except ValueError:
            raise DataError(
                f"--price '{text}': write NAME=INPUT/OUTPUT or NAME=INPUT/OUTPUT/CACHED, e.g. qwen=0.3/1.2"
            ) from None
        found[name] = TokenPrice(*parts)
    return found


def _of_model(
    name: str,
    on: str | None,
    host: str | None,
    prices: Path | None,
    blend: tuple[float, float],
    catalogue: Path | None,
    as_json: bool,
) -> None:
    from weighbridge import catalog
    from weighbridge.errors import UnknownName
    from weighbridge.price import quotes

    book = catalog.load(catalogue)
    day = read_day(on)
    match = book.need(name)
    if match.model is None:
        raise UnknownName(
            f"'{name}': the catalogue knows its maker ({match.maker}) but not the model; name it more exactly"
        )
    known = match.model
    log = histories(prices, book)
    found, missing = quotes.quotes(known, book, day, log)

    def mine(spelling: str) -> bool:
        other = book.find(spelling)
        return other is not None and other.model == known and other.sure == "certain"

    listings = list(quotes.listings_of(log, mine)) if log else []
    if host:
        all_hosts = sorted({quote.host for quote in found})
        found = [quote for quote in found if quote.host == host.casefold()]
        if not found:
            raise UnknownName(
                f"--host '{host}': no registry prices {known} there (hosts: {', '.join(all_hosts) or 'none'})"
            )
    apart = quotes.disagreements(found, today=on is None or day >= date.today())
    if as_json:
        print_json(
            {
                "model": known,
                "maker": match.maker,
                "date": day,
                "blend": list(blend),
                "priced": any(quote.is_price for quote in found),
                "quotes": [
                    {**asdict(quote), "blended": quote.blended(blend) if quote.is_price else None} for quote in found
                ],
                "disagreements": [
                    {"host": one.host, "factor": one.factor, "sources": [q.source for q in one.quotes]} for one in apart
                ],
                "history": [_listing(listing) for listing in listings],
                "remarks": missing,
            }
        )
        return
    _print_quotes(known, day, found, apart, listings, missing, blend)


def _listing(listing: Listing) -> dict[str, Any]:
    return {
        "model_id": listing.model_id, "removed": listing.removed,
        "held": [asdict(level) for level in listing.held],
        "changes": [
            {"date": c.date, "from": [c.before.input, c.before.output], "to": [c.after.input, c.after.output],
             "factor": c.factor, "kind": c.kind, "why": c.why}
            for c in listing.changes
        ],
    }  # fmt: skip


def _print_quotes(
    model: str, day: date, found: list[Quote], apart: list[Disagreement], listings: list[Listing], missing: list[str],
    blend: tuple[float, float],
) -> None:  # fmt: skip
    from rich.markup import escape
    from rich.table import Table

    console = out()
    odd = {one.host for one in apart}
    table = Table(title=f"{model} on {day}, US dollars per million tokens", title_justify="left")
    for name in ("host", "input", "output", "cached", f"blended {blend[0]:g}:{blend[1]:g}", "since", "source", "note"):
        table.add_column(
            name, justify="right" if name in ("input", "output", "cached") or "blended" in name else "left"
        )
    for quote in found:
        note = "; ".join(
            filter(
                None,
                (
                    "the maker's own" if quote.makers_own else "",
                    quote.note,
                    "sources differ" if quote.host in odd else "",
                ),
            )
        )
        table.add_row(
            escape(quote.host),
            *((f"{quote.input:g}", f"{quote.output:g}") if quote.is_price else ("–", "–")),
            "–" if quote.cached is None or not quote.is_price else f"{quote.cached:g}",
            f"{quote.blended(blend):.3f}" if quote.is_price else "–",
            str(quote.since or "undated"),
            escape(quote.source),
            escape(note),
        )
    console.print(table)
    if not any(quote.is_price for quote in found):
        console.print(
            "[bold yellow]unknown:[/] no registry that was asked gives a price for it; that is not 0", highlight=False
        )
    for one in apart:
        said = "; ".join(f"{q.input:g}/{q.output:g} in {q.source}" for q in one.quotes)
        console.print(
            f"[bold yellow]sources differ[/] on {escape(one.host)} by × {one.factor:.2f}: {escape(said)}",
            highlight=False,
        )
    for listing in listings:
        changes = Table(
            title=f"History of {escape(listing.model_id)}: what the list said, and what it was", title_justify="left"
        )
        for name in ("date", "from", "to", "×", "kind", "why"):
            changes.add_column(name)
        for c in listing.changes:
            changes.add_row(
                str(c.date),
                f"{c.before.input:g}/{c.before.output:g}",
                f"{c.after.input:g}/{c.after.output:g}",
                "–" if c.factor is None else f"{c.factor:.2f}",
                c.kind,
                escape(c.why),
            )
        console.print(changes)
    for text in missing:
        console.print(f"[dim]note:[/] {escape(text)}", highlight=False)
