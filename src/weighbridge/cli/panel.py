"""``weighbridge panel``: which analysers there are, whether each works here, and how to get those that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weighbridge.cli.options import AsJson, err, out, print_json

HELP = """The panel of static analysers: list them, prove each on its canary, and install those that are missing.

Without a subcommand every tool is run on a small flawed program (its canary) for each language it reads.
"""


def register(app: typer.Typer) -> None:
    group = typer.Typer(help=HELP, invoke_without_command=True)
    app.add_typer(group, name="panel")

    @group.callback()
    def panel(
        context: typer.Context,
        rules: Annotated[
            list[Path] | None, typer.Option("--rules", help="Folder of semgrep rules of your own; proves it too.")
        ] = None,
        json: AsJson = False,
    ) -> None:
        if context.invoked_subcommand is not None:
            return
        rows = prove(rules or [])
        if json:
            print_json(rows)
        else:
            show(rows)
        if any(row["state"] == "canary failed" for row in rows):
            raise typer.Exit(1)

    @group.command(help="Install tools from the lock files that Weighbridge ships, each in a folder of its own.")
    def install(
        tools: Annotated[list[str] | None, typer.Argument(help="Tool sets; all that are missing by default.")] = None,
    ) -> None:
        from weighbridge.panel import toolsets

        for name in tools or toolsets.names():
            toolsets.place(name)  # a misspelt name is said before anything is installed
        for name in tools or toolsets.names():
            toolsets.install(name, lambda line: err().print(line, markup=False, highlight=False))


def prove(folders: list[Path]) -> list[dict[str, Any]]:
    """A row a tool and language: version, state, licence, what it cannot do, and how to install it."""
    from dataclasses import asdict

    from weighbridge.cell.doctor import require
    from weighbridge.panel import every_analyser
    from weighbridge.panel.batches import Instrument
    from weighbridge.panel.rulefiles import read_rules

    rules = read_rules(folders)
    require()
    rows: list[dict[str, Any]] = []
    for tool, analyser in every_analyser(rules).items():
        for language in analyser.ENDINGS:
            version, detail = analyser.version(), ""
            if version is None:
                state, detail = "missing", analyser.FACTS.install
            else:
                detail = Instrument(tool, analyser, language, version).canary_alone(slot=0)
                state = "canary failed" if detail else "works"
            facts = {"tool": tool, "language": language, "version": version, "state": state, "detail": detail}
            rows.append({**facts, **asdict(analyser.FACTS)})
    return rows


def show(rows: list[dict[str, Any]]) -> None:
    """The same for eyes."""
    from rich.table import Table

    from weighbridge.panel.engine import ENDINGS

    table = Table("tool", "language", "version", "state", "licence", "what it cannot do", show_lines=False)
    styles = {"works": "", "missing": "dim", "canary failed": "bold red"}
    before = ""
    for row in rows:
        cannot = row["cannot"] if row["tool"] != before else ""
        before = row["tool"]
        words = (row["tool"], row["language"], row["version"] or "", row["state"], row["licence"], cannot)
        table.add_row(*words, style=styles[row["state"]])
    out().print(table)
    if unread := sorted(set(ENDINGS) - {row["language"] for row in rows}):
        out().print(f"No analyser reads {', '.join(unread)}: name a folder of semgrep rules for them with --rules.")
    for line in dict.fromkeys(f"{row['tool']}: {row['detail']}" for row in rows if row["detail"]):
        err().print(line, markup=False, highlight=False)
