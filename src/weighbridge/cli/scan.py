"""``weighbridge scan``: static analysers over every distinct program, as instruments beside the verdicts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from weighbridge.cli.options import AsJson, RunFolder, err, out, print_json

if TYPE_CHECKING:
    from weighbridge.audit.scan import Scanned

HELP = """Run the panel of static analysers over every distinct program of a run, or of a collection.

What a tool said is kept by content: a second scan costs nothing, and a killed one goes on. Tools that are missing are
named in the result; `weighbridge panel` says which there are, and `weighbridge panel install` brings them.
"""


def register(app: typer.Typer) -> None:
    @app.command(help=HELP)
    def scan(
        run: RunFolder,
        tool: Annotated[
            list[str] | None, typer.Option("--tool", help="Only this analyser; may be given several times.")
        ] = None,
        rules: Annotated[
            list[Path] | None,
            typer.Option("--rules", help="Folder of semgrep rules of your own; may be given several times."),
        ] = None,
        workers: Annotated[int | None, typer.Option(help="Cells at once; all cores by default.", min=1)] = None,
        no_cache: Annotated[bool, typer.Option("--no-cache", help="Ask every tool again, and keep nothing.")] = False,
        json: AsJson = False,
    ) -> None:
        done = scan_run(run, tools=tool or None, rules=rules or (), workers=workers, keep=not no_cache, quiet=json)
        if json:
            print_json([line.as_dict() for line in done.lines])


def scan_run(
    folder: Path,
    *,
    tools: Sequence[str] | None = None,
    rules: Sequence[Path] = (),
    workers: int | None = None,
    keep: bool = True,
    quiet: bool = False,
) -> Scanned:
    """Scan with progress bars, and print a row a language and tool unless ``quiet``."""
    from rich.table import Table

    from weighbridge.audit.scan import scan
    from weighbridge.cli.progress import Bars
    from weighbridge.panel.cache import place
    from weighbridge.store.tables import open_run

    run = open_run(folder)
    with run.alone(), Bars() as bars:
        done = scan(
            run,
            tools=tools,
            rules=rules,
            workers=workers,
            cache=place() if keep else None,
            on_progress=lambda what, done, total: bars.show(f"scan: {what}", done, total),
        )
    if not quiet:
        names = ("programs", "analysed", "not analysable", "missing", "canary failed", "findings")
        table = Table("language", "tool", "version", *names, "seconds")
        for line in done.lines:
            values: dict[str, Any] = line.as_dict()
            counts = [f"{values[name.replace(' ', '_')]:,}" for name in names]
            style = "bold red" if line.canary_failed else "dim" if line.missing else ""
            table.add_row(line.language, line.tool, line.version, *counts, f"{line.seconds:.1f}", style=style)
        out().print(table)
    for detail in dict.fromkeys(f"{line.tool}: {line.detail}" for line in done.lines if line.detail):
        err().print(detail, markup=False, highlight=False)
    return done
