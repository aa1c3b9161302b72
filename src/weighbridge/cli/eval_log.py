"""``weighbridge eval-log``: a run's answers as Inspect's ``.eval`` logs, out and in (extra ``[inspect]``)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import RunFolder, out


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="A run's answers as Inspect's .eval logs, out and in.", no_args_is_help=True)
    app.add_typer(group, name="eval-log")

    @group.command("export", help="Write the answers (and verdicts as scores) as .eval logs for `inspect view`.")
    def export(run: RunFolder) -> None:
        from weighbridge.audit.inspect_logs import export_eval
        from weighbridge.audit.plan import thaw

        folder = export_eval(thaw(run)[1])
        out().print(f"logs: {folder}\nlook at them with: inspect view --log-dir {folder}", soft_wrap=True)

    @group.command(
        "import", help="Take the answers in .eval logs into a planned run; then judge, scan, estimate, report."
    )
    def import_(
        log: Annotated[Path, typer.Argument(help="A .eval log, or a folder of them.")],
        run: RunFolder,
    ) -> None:
        from weighbridge.audit.collect.mapping import Request
        from weighbridge.cli.import_ import take_answers

        take_answers([log], run, Request())
