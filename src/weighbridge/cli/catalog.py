"""``weighbridge catalog``: what is known of models and makers, and where it contradicts what others say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, out, print_json

if TYPE_CHECKING:
    from weighbridge.catalog import Catalog, Match
    from weighbridge.catalog.check import Findings

Extra = Annotated[
    Path | None, typer.Option("--catalog", help="Your own rows: a CSV with model, maker, country, weights …")
]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(help="What is known of models and makers: dated, sourced facts.", no_args_is_help=True)
    group.command("show", help="What is known of one model, by any spelling.")(show)
    group.command("list", help="The models of the catalogue.")(list_models)
    group.command("check", help="Rows that contradict other registries, and spellings that match nothing.")(check)
    app.add_typer(group, name="catalog")


def show(
    model: Annotated[str, typer.Argument(help="A model, in any spelling.")],
    on: Annotated[str | None, typer.Option("--on", help="As things stood that day (YYYY-MM-DD).")] = None,
    catalogue: Extra = None,
    as_json: AsJson = False,
) -> None:
    """Prints one match: the model, its maker, and by which rule the spelling was read."""
    from weighbridge import catalog

    book = catalog.load(catalogue)
    match = book.need(model, on=_day(on))
    facts = _facts(book, match)
    if as_json:
        print_json(facts)
        return
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(model), title_justify="left", show_header=False)
    for name, value in facts.items():
        shown = ", ".join(value) if isinstance(value, list) else "–" if value in (None, "") else str(value)
        table.add_row(name.replace("_", " "), escape(shown))
    out().print(table)


def list_models(
    maker: Annotated[str | None, typer.Option("--maker", help="Only this maker's.")] = None,
    country: Annotated[str | None, typer.Option("--country", help="Only this country's, e.g. CN.")] = None,
    catalogue: Extra = None,
    as_json: AsJson = False,
) -> None:
    """Prints the models, oldest first within each maker."""
    from weighbridge import catalog
    from weighbridge.errors import UnknownName

    book = catalog.load(catalogue)
    wanted = book.maker_named(maker) if maker else None
    if maker and wanted is None:
        raise UnknownName(f"the catalogue has no maker '{maker}' (makers: {', '.join(sorted(book.makers)[:20])} …)")
    rows: list[dict[str, Any]] = []
    for row in book.models.values():
        whose = book.makers.get(row.maker or "")
        at = whose.country if whose else None
        if (wanted and row.maker != wanted) or (country and at != country.upper()):
            continue
        rows.append({
            "model": row.id, "maker": whose.name if whose else None, "country": at, "released": row.released,
            "weights": row.weights, "open_since": row.open_since, "licence": row.licence, "family": row.family,
            "source": row.source, "checked": row.checked,
        })  # fmt: skip
    if as_json:
        print_json(rows)
        return
    from rich.table import Table

    table = Table()
    for name in ("model", "maker", "country", "released", "weights", "licence"):
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*("–" if row[name] in (None, "") else str(row[name]) for name in
                        ("model", "maker", "country", "released", "weights", "licence")))  # fmt: skip
    out().print(table)
    out().print(f"{len(rows)} models", highlight=False)


def check(
    files: Annotated[
        list[Path] | None, typer.Argument(help="CSV or Parquet data whose model names are looked up.")
    ] = None,
    column: Annotated[str | None, typer.Option("--column", help="The column with the names, if not found.")] = None,
    atom: Annotated[Path | None, typer.Option("--atom", help="The folder of the ATOM project's list.")] = None,
    catalogue: Extra = None,
    as_json: AsJson = False,
) -> None:
    """Prints contradictions, unknown spellings, and what could not be checked."""
    from dataclasses import asdict

    from weighbridge import catalog
    from weighbridge.catalog import check as checking

    found = checking.check(catalog.load(catalogue), files or [], column=column, atom=atom)
    if as_json:
        print_json(asdict(found))
        return
    _print(found)


def _print(found: Findings) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    if found.contradictions:
        table = Table(title=f"{len(found.contradictions)} contradictions", title_justify="left")
        for name in ("model or maker", "fact", "ours", "theirs", "source", "their spelling", "our note"):
            table.add_column(name, overflow="fold")
        for row in found.contradictions:
            cells = (row.model, row.fact, row.ours, row.theirs, row.source, row.spelling, row.note)
            table.add_row(*(escape(cell) for cell in cells))
        console.print(table)
    if found.unmatched:
        table = Table(title=f"{len(found.unmatched)} spellings without a known maker", title_justify="left")
        for name in ("spelling", "rows", "file", "why", "similar"):
            table.add_column(name, overflow="fold")
        for row in found.unmatched:
            table.add_row(
                escape(row.spelling), str(row.rows), escape(row.file), escape(row.why), escape(", ".join(row.near))
            )
        console.print(table)
    for line in found.checked:
        console.print(f"checked: {escape(line)}", highlight=False)
    for line in found.not_checked:
        console.print(f"[bold yellow]not checked:[/] {escape(line)}", highlight=False)


def _facts(book: Catalog, match: Match) -> dict[str, Any]:
    row = book.models.get(match.model or "")
    maker = book.makers.get(match.maker or "")
    host = next((h for h in book.facts.hosts if h.id == match.host), None)
    family = book.families.get(match.family or "")
    weights = {True: "open", False: "closed", None: "not known"}[match.open]
    return {
        "model": match.model, "name": row.name if row else None, "maker": match.maker, "maker_name": match.maker_name,
        "country": match.country, "country_source": maker.source if maker else None, "weights": weights,
        "open_since": row.open_since if row else None, "licence": match.licence or None, "family": match.family,
        "released": match.released, "derived_from": match.derived_from, "origin": match.origin,
        "hugging_face": row.hugging_face if row else None, "host": host.name if host else None,
        "host_country": host.country if host else None, "how": match.how, "rule": match.rule, "sure": match.sure,
        "could_be": list(match.candidates), "source": row.source if row else family.source if family else None,
        "checked": row.checked if row else family.checked if family else None,
        "note": (row.note if row else family.note if family else "") or None,
        "spellings": [a.spelling for a in book.facts.aliases if row and a.model == row.id],
    }  # fmt: skip


def _day(text: str | None) -> Any:
    from datetime import date

    from weighbridge.errors import DataError

    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise DataError(f"--on '{text}' is not a day; write YYYY-MM-DD") from None
