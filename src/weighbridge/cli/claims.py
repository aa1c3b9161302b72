"""``weighbridge claims``: published claims computed again: reproduced, in part, not reproduced, or not checkable."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, err, out, print_json

if TYPE_CHECKING:
    from weighbridge.claims import Checked


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("claims", help="Published claims computed again, each with its verdict and what it hangs on.")(claims)


def claims(
    folder: Annotated[Path, typer.Option("--data", help="The folder with the data that claims are computed from.")],
    ledger: Annotated[
        list[Path] | None,
        typer.Option("--ledger", help="Your own claims: a TOML file with [[claim]]; may be repeated."),
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only the claim with this id; may be repeated.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write one page to quote from.")] = None,
    catalogue: Annotated[Path | None, typer.Option("--catalog", help="Your own models and makers: a CSV.")] = None,
    as_json: AsJson = False,
) -> None:
    from weighbridge import catalog
    from weighbridge.claims import check, shipped, user_file
    from weighbridge.claims.evidence import Evidence
    from weighbridge.claims.ledger import together
    from weighbridge.errors import DataError, UnknownName

    if not folder.is_dir():
        raise DataError(
            f"--data {folder}: there is no such folder; give the one with arena/, epoch/, openrouter/, prices/"
        )
    all_claims = together(shipped(), *(user_file(path) for path in ledger or []))
    wrong = sorted(set(only or []) - {claim.id for claim in all_claims})
    if wrong:
        raise UnknownName(f"--only {wrong[0]}: no such claim (claims: {', '.join(claim.id for claim in all_claims)})")
    chosen = [claim for claim in all_claims if not only or claim.id in only]
    found = check(chosen, Evidence(folder, catalog.load(catalogue)))
    if html is not None:
        from weighbridge.report import claims as page

        page.write(found, html)
    if as_json:
        print_json([_json(one) for one in found])
        return
    _print(found, whole=bool(only))
    if html is not None:
        err().print(f"page: {html}")


def _json(one: Checked) -> dict[str, Any]:
    from dataclasses import asdict

    claim = one.claim
    return {
        "id": claim.id, "claim": claim.claim, "publisher": claim.publisher,
        "published": {
            "date": claim.published_on, "source": claim.source,
            "figures": [figure.model_dump(exclude_none=True) for figure in claim.figures],
        },
        "recomputed": {
            "figures": {name: asdict(value) for name, value in one.recomputed.figures.items()},
            "states": {tested.figure.name: tested.state for tested in one.figures},
            "choices": [asdict(choice) for choice in one.recomputed.choices],
            "findings": one.recomputed.findings, "command": claim.command,
        },
        "verdict": one.verdict, "definition": claim.definition,
        "data": {
            "as_of": one.recomputed.as_of or None, "needed": list(claim.data),
            "files": [{"file": file, "sha256": sha256} for file, sha256 in one.data],
        },
        "missing": one.missing or None, "why": claim.why, "in_fairness": claim.in_fairness or None,
    }  # fmt: skip


def _print(found: list[Checked], *, whole: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    table = Table(title="Published claims, computed again", title_justify="left", show_lines=True)
    for name, least in (
        ("claim", 40),
        ("publisher", 14),
        ("published", 16),
        ("recomputed", 18),
        ("verdict", 10),
        ("as of", 10),
    ):
        table.add_column(name, min_width=least, overflow="fold")
    colours = {"reproduced": "green", "in part": "yellow", "not reproduced": "red", "not checkable": "dim"}
    for one in found:
        claim = one.claim
        table.add_row(
            f"{escape(claim.claim)}\n[dim]{claim.id}[/]", escape(f"{claim.publisher}, {claim.published_on}"),
            escape("\n".join(figure.text for figure in claim.figures)), escape(_found(one)),
            f"[{colours[one.verdict]}]{one.verdict}[/]", escape(one.recomputed.as_of or "–"),
        )  # fmt: skip
    console.print(table)
    for one in found if whole else []:
        _print_one(one)
    counts = {word: sum(one.verdict == word for one in found) for word in colours}
    console.print(", ".join(f"{count} {word}" for word, count in counts.items() if count), highlight=False)
    if not whole:
        console.print(
            "[dim]`--only ID` shows how a claim was computed and what it hangs on; `--html FILE` all of them.[/]"
        )


def _found(one: Checked) -> str:
    if not one.recomputed.figures:
        return "see what was found instead" if one.recomputed.findings else "not computed"
    return "\n".join(shown(tested) for tested in one.figures)


def shown(tested: Any) -> str:
    """A recomputed figure beside the published one, with its interval and state."""
    value = tested.found
    if value is None:
        return "not computed"
    if tested.figure.digits is None and float(value.value).is_integer():
        return f"{value.value:.0f}" + ("" if tested.state == "unchecked" else f" ({tested.state})")
    number = figure_text(value.value, tested.figure.digits)
    if value.low is not None and value.high is not None and value.low < value.high:
        number += f" [{figure_text(value.low, tested.figure.digits)}, {figure_text(value.high, tested.figure.digits)}]"
    unit = f" {tested.figure.unit}" if tested.figure.unit else ""
    return f"{number}{unit}" + ("" if tested.state == "unchecked" else f" ({tested.state})")


def figure_text(value: float, digits: int | None) -> str:
    """A number with one digit more than was published, so that rounding can be seen."""
    return f"{value:,.{max(1 if digits is None else digits + 1, 0)}f}"


def _print_one(one: Checked) -> None:
    from rich.markup import escape
    from rich.table import Table

    console = out()
    claim = one.claim
    console.print(f"\n[bold]{escape(claim.id)}[/]", highlight=False)
    lines = [
        ("definition", claim.definition),
        *(("found", text) for text in one.recomputed.findings),
        ("missing", one.missing),
        ("why", claim.why),
        ("in fairness", claim.in_fairness),
        ("command", claim.command),
    ]
    for name, text in lines:
        if text:
            console.print(f"[dim]{name}:[/] {escape(text)}", highlight=False)
    for file, sha256 in one.data:
        console.print(f"[dim]data:[/] {escape(file)}, SHA-256 {sha256}", highlight=False)
    if one.recomputed.choices:
        names = list(dict.fromkeys(name for choice in one.recomputed.choices for name in choice.figures))
        table = Table(title="Under other reasonable choices", title_justify="left")
        for name in ("choice", *names, "note"):
            table.add_column(name, justify="left" if name in ("choice", "note") else "right")
        for choice in one.recomputed.choices:
            values = [choice.figures.get(name) for name in names]
            table.add_row(
                escape(choice.choice),
                *("–" if value is None else f"{value:,.2f}" for value in values),
                escape(choice.note),
            )
        console.print(table)
