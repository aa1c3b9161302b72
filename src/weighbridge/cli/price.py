"""``weighbridge price``: what a task solved cost, what a model costs where and when, the frontier, and self-hosting."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from weighbridge.cli.options import AsJson, err, out, print_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from weighbridge.catalog import Catalog
    from weighbridge.price.frontier import EqualCapability, Frontier
    from weighbridge.price.history import Histories, Listing
    from weighbridge.price.quotes import Disagreement, Quote
    from weighbridge.price.solved import Costs, PerTask, TokenPrice

Prices = Annotated[
    Path | None,
    typer.Option("--prices", help="A price log by day: a CSV (date, model_id, event, prices) or a folder with one."),
]
Blend = Annotated[str, typer.Option("--blend", help="Parts of input to output in a blended price.")]
Catalogue = Annotated[Path | None, typer.Option("--catalog", help="Your own models and makers: a CSV.")]


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
        _of_model(model, on, host, prices, _blend(blend), catalogue, as_json)
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
    for name, just in (("model", "left"), ("answers", "right"), ("spent", "right"), ("solved", "right"), ("$ a solved task", "right"),
                       ("securely", "right"), ("$ a securely solved task", "right"), ("output tokens", "right"),
                       ("of them reasoning", "right"), ("input (cached)", "right"), ("wasted tokens", "right")):  # fmt: skip
        table.add_column(name, justify=just)  # type: ignore[arg-type]
    for bill in found.bills:
        works, sound = bill.per_task
        t = bill.tokens
        table.add_row(
            escape(bill.model), str(bill.judged), "unknown" if bill.dollars is None else f"{bill.dollars:.4f}",
            str(works.solved), _dollars(works), str(sound.solved), _dollars(sound), f"{t['output']:,}",
            f"{t['reasoning']:,}", f"{t['input']:,} ({t['cached']:,})", f"{t['wasted_input'] + t['wasted_output']:,}",
        )  # fmt: skip
    console = out()
    console.print(table)
    if found.pairs:
        pairs = Table(title="Pairs, on tasks that both solve", title_justify="left")
        for name in ("model against other", "outcome", "tasks", "$ a task", "other", "ratio [95 %]", "p", "word"):
            pairs.add_column(name)
        for pair in found.pairs:
            pairs.add_row(
                escape(f"{pair.model} / {pair.other}"), pair.outcome, str(pair.tasks), _plain(pair.model_dollars),
                _plain(pair.other_dollars),
                "–" if pair.ratio is None or pair.low is None or pair.high is None
                else f"{pair.ratio:.2f} [{pair.low:.2f}, {pair.high:.2f}]",
                "–" if pair.p is None else f"{pair.p:.3f}", pair.word + (f": {escape(pair.reason)}" if pair.reason else ""),
            )  # fmt: skip
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


def _blend(text: str) -> tuple[float, float]:
    from weighbridge.errors import DataError

    try:
        first, second = (float(part) for part in text.split(":"))
        if first < 0 or second < 0 or first + second <= 0:
            raise ValueError
    except ValueError:
        raise DataError(f"--blend '{text}': write parts of input to output, such as 3:1") from None
    return first, second


def _day(text: str | None) -> date:
    from weighbridge.errors import DataError

    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"--on '{text}' is not a day; write YYYY-MM-DD") from None


def _closed_by(book: Catalog) -> Callable[[str, date], bool | None]:
    def closed(model_id: str, day: date) -> bool | None:
        match = book.find(model_id, on=day)
        return None if match is None or match.open is None else not match.open

    return closed


def _histories(prices: Path | None, book: Catalog) -> Histories | None:
    from weighbridge.price import history

    return None if prices is None else history.read(prices, is_closed=_closed_by(book))


def _of_model(
    name: str, on: str | None, host: str | None, prices: Path | None, blend: tuple[float, float], catalogue: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    from weighbridge import catalog
    from weighbridge.errors import UnknownName
    from weighbridge.price import quotes

    book = catalog.load(catalogue)
    day = _day(on)
    match = book.need(name)
    if match.model is None:
        raise UnknownName(
            f"'{name}': the catalogue knows its maker ({match.maker}) but not the model; name it more exactly"
        )
    known = match.model
    histories = _histories(prices, book)
    found, missing = quotes.quotes(known, book, day, histories)

    def mine(spelling: str) -> bool:
        other = book.find(spelling)
        return other is not None and other.model == known and other.sure == "certain"

    listings = list(quotes.listings_of(histories, mine)) if histories else []
    if host:
        all_hosts = sorted({quote.host for quote in found})
        found = [quote for quote in found if quote.host == host.casefold()]
        if not found:
            raise UnknownName(
                f"--host '{host}': no registry prices {known} there (hosts: {', '.join(all_hosts) or 'none'})"
            )
    apart = quotes.disagreements(found, today=on is None or day >= date.today())
    if as_json:
        print_json({
            "model": known, "maker": match.maker, "date": day, "blend": list(blend),
            "priced": any(quote.is_price for quote in found),
            "quotes": [{**asdict(quote), "blended": quote.blended(blend) if quote.is_price else None} for quote in found],
            "disagreements": [
                {"host": one.host, "factor": one.factor, "sources": [q.source for q in one.quotes]} for one in apart
            ],
            "history": [_listing(listing) for listing in listings],
            "remarks": missing,
        })  # fmt: skip
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
            escape(quote.host), *((f"{quote.input:g}", f"{quote.output:g}") if quote.is_price else ("–", "–")),
            "–" if quote.cached is None or not quote.is_price else f"{quote.cached:g}",
            f"{quote.blended(blend):.3f}" if quote.is_price else "–", str(quote.since or "undated"), escape(quote.source), escape(note),
        )  # fmt: skip
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
            changes.add_row(str(c.date), f"{c.before.input:g}/{c.before.output:g}", f"{c.after.input:g}/{c.after.output:g}",
                            "–" if c.factor is None else f"{c.factor:.2f}", c.kind, escape(c.why))  # fmt: skip
        console.print(changes)
    for text in missing:
        console.print(f"[dim]note:[/] {escape(text)}", highlight=False)


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
    listed = _histories(prices, book)
    assert listed is not None
    history = reading.read(ratings, board=board)
    placed, remarks = sides.place(history, pair, book)
    placed = with_keys(placed)
    begin = min(listing.listed[0].since for listing in listed.listings.values() if listing.listed)
    last = min(_day(on), listed.until) if on else min(listed.until, max(history.dates))
    wanted = _day(on) if on else last
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

    found = [front.frontier(standing(day), day, listed, book, pair, _blend(blend)) for day in sorted(chosen)]
    rows = [row for one in found for row in front.equal_capability(one, pair, depths)]
    if html is not None:
        from weighbridge.report import price as page

        page.write(found[-1], rows, pair, html, ratings=Path(history.path).name, board=history.board,
                   prices=listed.file, hashes=(history.sha256, listed.sha256))  # fmt: skip
    said = [remark.text for remark in [*history.remarks, *remarks]] + listed.remarks
    if as_json:
        print_json({
            "date": found[-1].date, "board": history.board, "between": list(pair), "blend": blend,
            "models": found[-1].models.to_dicts(), "unpriced": list(found[-1].unpriced),
            "equal_capability": [asdict(row) for row in rows],
            "data": [{"file": Path(history.path).name, "sha256": history.sha256}, {"file": listed.file, "sha256": listed.sha256}],
            "remarks": said,
        })  # fmt: skip
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
        table.add_row(escape(row["model"]), row["side"], f"{row['rating']:.0f}", f"{row['blended']:.3f}", f"{row['input']:g}",
                      f"{row['output']:g}", "of all" if row["on_frontier"] else "of its side")  # fmt: skip
    console.print(table)
    equal = Table(title=f"Price at equal capability: {pair[0]} over {pair[1]}", title_justify="left")
    for name in ("date", "rating", "below the best both reach", pair[0], pair[1], "ratio"):
        equal.add_column(name)
    for row in rows:
        equal.add_row(str(row.date), f"{row.rating:.0f}", f"{row.below:g}", escape(f"{row.first.model} ${row.first.blended:.2f}"),
                      escape(f"{row.second.model} ${row.second.blended:.2f}"), f"{row.ratio:.2f}")  # fmt: skip
    console.print(equal)
    if found.unpriced:
        names = ", ".join(found.unpriced[:12]) + (" …" if len(found.unpriced) > 12 else "")
        console.print(
            f"[bold yellow]unknown price:[/] {len(found.unpriced)} rated models, best first: {escape(names)}",
            highlight=False,
        )
    for text in said:
        console.print(f"[dim]note:[/] {escape(text)}", highlight=False)


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
        api, source = _api_price(model or "", host, prices, _blend(blend), catalogue)
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
        f"own machine: {found.gpus} GPU{'s' if found.gpus > 1 else ''}, {100 * found.busy:.0f} % busy, ${found.own_dollars:,.0f} a month, "
        f"${found.own_per_million:.3f} per million tokens (${found.own_per_million_full:.3f} when full)",
        f"API:         ${found.api_dollars:,.0f} a month at ${found.api_per_million:.3f} per million tokens ({source})",
        f"cheaper at this volume: {found.cheaper}",
        "break-even: never, the machine is dearer than the API even when it is full" if found.break_even_tokens is None
        else f"break-even: {found.break_even_tokens / 1e6:,.0f} million tokens a month",
    ]  # fmt: skip
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
    found, _ = quotes.quotes(match.model or "", book, date.today(), _histories(prices, book))
    usable = [quote for quote in found if quote.is_price and (host is None or quote.host == host.casefold())]
    if not usable:
        raise UnknownName(
            f"no registry gives a price for '{model}'{f' at {host}' if host else ''}; give --api-dollars-per-million"
        )
    best = min(usable, key=lambda quote: quote.blended(blend))
    return best.blended(blend), f"{best.host}, {best.source}"
