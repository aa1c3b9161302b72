"""``weighbridge import``: answers that others collected, with their verdicts, as a run folder that later steps read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from weighbridge.cli.options import AsJson, RunFolder, print_json

if TYPE_CHECKING:
    pass

HELP = """Take answers that others collected, with their verdicts where they have them.
"""


def register(app: typer.Typer) -> None:
    @app.command("import", help=HELP)
    def import_(
        files: Annotated[list[Path], typer.Argument(help="Parquet, JSON lines, CSV or Inspect .eval; or folders.")],
        run: RunFolder,
        fields: Annotated[list[str] | None, typer.Option("--map", help="field=column; repeatable.")] = None,
        mapping: Annotated[Path | None, typer.Option("--mapping", help="A mapping file (TOML).")] = None,
        source: Annotated[str, typer.Option("--source", help="Whose verdicts they are.")] = "",
        json: AsJson = False,
    ) -> None:
        from weighbridge.audit.collect.keep import draft, keep
        from weighbridge.audit.collect.mapping import Request, pairs

        made = draft(files, Request(pairs(fields or []), mapping, source))
        keep(made, run)
        print_json(made.facts)
