"""Options that several commands share, and the consoles they print to: results to stdout, progress to stderr."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

RunFolder = Annotated[Path, typer.Option("--run", help="The run folder: tables, journal and report stand in it.")]
CsvFolder = Annotated[Path | None, typer.Option("--csv", help="Also write every table as CSV into this folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before going on.")]


def out() -> Console:
    """Where results go."""
    from rich.console import Console

    console = Console(soft_wrap=False)
    return console if console.is_terminal else Console(width=160)


def err() -> Console:
    """Where progress and remarks go."""
    from rich.console import Console

    return Console(stderr=True)


def print_json(value: Any) -> None:
    """Machine-readable output on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def confirm(question: str, yes: bool) -> None:
    """Ask on a terminal; without one, say that ``--yes`` is needed rather than go on by oneself."""
    if yes:
        return
    if not sys.stdin.isatty():
        from weighbridge.errors import PlanError

        raise PlanError("nobody is there to say yes; add --yes to go on without being asked")
    typer.confirm(question, abort=True)
