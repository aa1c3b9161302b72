"""``weighbridge adoption``: who uses which models, from usage logs and public series, as shares with their bounds."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, err, out, print_json

if TYPE_CHECKING:
    import polars as pl

    from weighbridge.adoption import Account, Remark

SHOWN = 12
SAID = 2_000
"""Letters of a remark that are printed: names of models come from logs, and may be of any length and kind."""
BOUNDS = (
    "low to high: what a better map from names to classes could still move (unknown names, open weights without a "
    "known repository). at most: if stealth models and other were all of that class too. A router's traffic is not the "
    "market."
)

_HELP = """
Who uses which models: shares by origin from usage logs and public series, as low – high.

Formats are recognised by their columns: LiteLLM, OpenRouter (generations, activity, rankings), OpenTelemetry GenAI,
Langfuse. Every row is counted once or named as left out. Files of one format are added up, populations never.
"""
_EXAMPLES = """
**Examples**

`weighbridge adoption rankings.csv own/*.parquet --html page.html` – your logs beside a public series, on one axis

`weighbridge adoption spend.csv --by model --in spend --every month` – what each model cost, spend of 0 put right

`weighbridge adoption 'postgresql://user@host/litellm#LiteLLM_SpendLogs' --json` – a table where it lies

`weighbridge adoption spend.csv --cohorts` – who starts with a class of model, and who stays

`weighbridge adoption --downloads qwen deepseek --keep history` – Hugging Face's counts today, and their growth
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("adoption", help=_HELP, epilog=_EXAMPLES)(adoption)


def adoption(
    sources: Annotated[
        list[str], typer.Argument(metavar="FILE…", help="Logs: CSV, JSON, JSON lines, Parquet, postgresql://…#table.")
    ],
    form: Annotated[str | None, typer.Option("--format", help="The logs' format, where it is not recognised.")] = None,
    by: Annotated[str, typer.Option("--by", help="origin, maker, family or model.")] = "origin",
    every: Annotated[str, typer.Option("--every", help="day, week (from Monday) or month, in UTC.")] = "week",
    measure: Annotated[str, typer.Option("--in", help="tokens, requests or spend.")] = "tokens",
    since: Annotated[str | None, typer.Option("--since", help="First day to count (YYYY-MM-DD).")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day to count (YYYY-MM-DD).")] = None,
    cohorts: Annotated[bool, typer.Option("--cohorts", help="First-use cohorts and their retention instead.")] = False,
    hindsight: Annotated[
        bool, typer.Option("--hindsight", help="Count a stealth model under the maker named later.")
    ] = False,
    catalogue: Annotated[
        Path | None, typer.Option("--catalog", help="Your own models and makers: a CSV with model, maker …")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write chart and table to this page.")] = None,
    accounts: Annotated[
        Path | None, typer.Option("--accounts", help="Write rows read, counted and left out, and remarks, as JSON.")
    ] = None,
    downloads: Annotated[
        bool, typer.Option("--downloads", help="Take FILE… as families (qwen …) and snapshot Hugging Face's counts.")
    ] = False,
    keep: Annotated[Path, typer.Option("--keep", help="The folder in which --downloads keeps its snapshots.")] = Path(
        "downloads"
    ),
    hub: Annotated[str | None, typer.Option("--hub", help="Another address of the hub's API, e.g. a mirror.")] = None,
    memory: Annotated[str | None, typer.Option("--memory", help="Limit of the engine's memory, e.g. 4GB.")] = None,
    threads: Annotated[int | None, typer.Option("--threads", min=1, help="Threads of the engine.")] = None,
    as_json: AsJson = False,
) -> None:
    from rich.markup import escape

    from weighbridge import catalog
    from weighbridge.adoption import read, shares
    from weighbridge.adoption.cohorts import cohorts as retained

    book = catalog.load(catalogue)
    if downloads:
        _downloads(sources, book, keep, hub, as_json)
        return
    days = (_day(since, "--since"), _day(until, "--until"))
    files = f"{len(sources)} files" if len(sources) > 1 else sources[0].partition("://")[0]
    # A spinner where there is a terminal to see it: a hundred million rows take a minute.
    with (
        err().status(f"counting {escape(files)} …"),
        read(sources, named=form, memory=memory, threads=threads) as usage,
    ):
        if cohorts:
            table, said = retained(usage, book, by=by, every=every, hindsight=hindsight)
        else:
            table, said = shares(
                usage, book, by=by, every=every, measure=measure, hindsight=hindsight, since=days[0], until=days[1]
            )
        remarks = [*usage.remarks, *said]
        books = usage.accounts
    if accounts is not None:
        _write_accounts(accounts, books, remarks)
    if html is not None and not cohorts:
        from weighbridge.report import adoption as page

        page.write(table, html, every=every, by=by, measure=measure, accounts=books, remarks=remarks)
    if as_json:
        print_json([_plain(row) for row in table.to_dicts()])
        _say(remarks, books, to_stderr=True)
        return
    if cohorts:
        _print_cohorts(table)
    else:
        _print(table, every, measure)
    _say(remarks, books, to_stderr=False)
    if html is not None:
        err().print("--html draws shares; cohorts have no page" if cohorts else f"chart: {html}")


def _downloads(families: list[str], book: Any, keep: Path, hub: str | None, as_json: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    from weighbridge.adoption import downloads as hugging_face
    from weighbridge.errors import EndpointDown

    printed: list[dict[str, Any]] = []
    down: EndpointDown | None = None
    for family in families:
        remarks: list[Remark] = []
        try:
            path, remarks = hugging_face.take(family, book, keep, hub=hub)
            err().print(escape(f"snapshot kept: {path}"), highlight=False, soft_wrap=True)
        except EndpointDown as error:
            # What was kept earlier is shown all the same, and the error stands at the end.
            down = error
        rows = hugging_face.growth(hugging_face.snapshots(family, keep)).to_dicts()
        printed += rows
        if not as_json and rows:
            shown = Table(title=f"Downloads of {escape(family)} on Hugging Face", title_justify="left")
            shown.add_column("snapshot (UTC)")
            shown.add_column("kind")
            for name in ("repositories", "last 30 days", "all time", "grown", "new", "gone", "fallen"):
                shown.add_column(name, justify="right")
            for row in rows:
                numbers = (row[k] for k in ("repos", "last_30_days", "all_time", "grown", "new", "gone", "fallen"))
                shown.add_row(f"{row['taken']:%Y-%m-%d %H:%M}", row["kind"], *(_count(number) for number in numbers))
            out().print(shown)
        _say(remarks, [], to_stderr=as_json)
    if as_json:
        print_json([_plain(row) for row in printed])
    (err() if as_json else out()).print(f"[dim]{hugging_face.WHAT_IT_COUNTS}[/]", highlight=False)
    if down is not None:
        raise down


def _day(text: str | None, option: str) -> date | None:
    from weighbridge.errors import DataError

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"{option} '{text}' is not a day; write YYYY-MM-DD") from None


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}


def _write_accounts(target: Path, books: list[Account], remarks: list[Remark]) -> None:
    import json
    from dataclasses import asdict

    from weighbridge.store.tables import write_beside

    whole = {"accounts": [asdict(book) for book in books], "remarks": [asdict(remark) for remark in remarks]}
    target.parent.mkdir(parents=True, exist_ok=True)
    write_beside(target, json.dumps(whole, ensure_ascii=False, indent=1, default=str).encode())


def _print(table: pl.DataFrame, every: str, measure: str) -> None:
    import polars as pl
    from rich.markup import escape
    from rich.table import Table

    console = out()
    for (population,), part in table.group_by("population", maintain_order=True):
        shown = Table(title=f"Share of {measure} in {population}", title_justify="left")
        shown.add_column(every)
        shown.add_column("class", overflow="fold")
        for name in ("tokens", "requests", "spend", "share, low – high", "at most", "of the classified"):
            shown.add_column(name, justify="right")
        shown.add_column("marks", overflow="fold")
        for (start,), period in part.group_by(every, maintain_order=True):
            rows = period.to_dicts()
            kept = [row for n, row in enumerate(rows) if n < SHOWN or row["class"] in ("unknown", "other")]
            for n, row in enumerate(kept):
                shown.add_row(
                    str(start) if n == 0 else "", escape(row["class"]), _count(row["tokens"]), _count(row["requests"]),
                    _dollars(row),
                    _share(row), _percent(row["share_most"]), _percent(row["share_of_classified"]),
                    escape("; ".join(row["marks"] or [])) if n == 0 else "",
                )  # fmt: skip
            if len(rows) > len(kept):
                rest = period.filter(~pl.col("class").is_in([row["class"] for row in kept]))
                together = float(rest["share"].sum()) if rest["share"].is_not_null().any() else None
                more = f"[dim]{len(rows) - len(kept)} more (--json has all)[/]"
                shown.add_row("", more, _count(int(rest["tokens"].sum())), "", "", f"{_percent(together)} together")
            shown.add_section()
        console.print(shown)
    if table["spend_added"].sum():
        console.print("[dim]* with what requests of spend 0 cost at list prices (genai-prices).[/]", highlight=False)
    console.print(f"[dim]{BOUNDS}[/]", highlight=False)


def _dollars(row: dict[str, Any]) -> str:
    if row["spend"] is None:
        return "–"
    return f"{'≥ ' if row['spend_floor'] else ''}{row['spend']:,.2f}{'*' if row['spend_added'] else ''}"


def _share(row: dict[str, Any]) -> str:
    if row["share_low"] is None:
        return "no estimate"
    low, high = f"{100 * row['share_low']:.1f}", f"{100 * row['share_high']:.1f}"
    return f"{low} %" if low == high else f"{low} – {high} %"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f} %"


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _print_cohorts(table: pl.DataFrame) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    for (population,), part in table.group_by("population", maintain_order=True):
        title = f"Retention in {population}, % of a cohort by periods since its first use"
        shown = Table(title=title, title_justify="left")
        ages = list(range(min(SHOWN, int(part["age"].max() or 0) + 1)))  # type: ignore[arg-type]
        for name in ("class", "first", "users"):
            shown.add_column(name)
        for age in ages:
            shown.add_column(str(age), justify="right")
        for (name, first), cohort in part.group_by("class", "first", maintain_order=True):
            of = {row["age"]: row for row in cohort.to_dicts()}
            mark = "*" if of[0]["from_the_start"] else ""
            cells = [f"{100 * of[age]['retention']:.0f}" if age in of else "" for age in ages]
            shown.add_row(escape(str(name)), f"{first}{mark}", str(of[0]["of"]), *cells)
        console.print(shown)
    console.print("[dim]* the log's first period: these users may have begun before it.[/]", highlight=False)


def _say(remarks: list[Remark], books: list[Account], *, to_stderr: bool) -> None:
    from rich.markup import escape

    from weighbridge.report.hostile import visible

    console = err() if to_stderr else out()
    for book in books:
        left = "; ".join(f"{n:,} {reason}" for reason, n in book.left_out.items())
        text = f"{book.path} ({book.format or 'no format'}): {book.rows:,} rows read, {book.counted:,} counted"
        text += f"; left out: {left}" if left else ""
        console.print(escape(visible(text, SAID)), highlight=False, soft_wrap=True)
    for remark in sorted(remarks, key=lambda remark: not remark.serious):
        mark = "[bold yellow]warning:[/]" if remark.serious else "[dim]note:[/]"
        console.print(f"{mark} {escape(visible(remark.text, SAID))}", highlight=False, soft_wrap=True)
