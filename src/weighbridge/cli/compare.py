"""``weighbridge compare``: models side by side on the same tasks, ties named as ties, and what the tools saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, CsvFolder, RunFolder, out


def register(app: typer.Typer) -> None:
    @app.command(
        help="Compare models on the same tasks: answers that others collected (`weighbridge import`), or a judged run. "
        "Paired intervals, ties, ways of asking, possibly blind tasks, and what static tools saw of what was exploited."
    )
    def compare(
        run: RunFolder,
        base: Annotated[
            str | None, typer.Option(help="The mode that the others are compared with; 'neutral' or 'gen' by default.")
        ] = None,
        margin: Annotated[
            float, typer.Option(help="Differences in rate within ± this count as none.", min=0.001, max=0.5)
        ] = 0.05,
        seed: Annotated[int, typer.Option(help="Of the sign vectors.")] = 20260601,
        html: Annotated[
            Path | None, typer.Option("--out", help="Where the HTML goes; RUN/compare.html by default.")
        ] = None,
        csv: CsvFolder = None,
        json: AsJson = False,
    ) -> None:
        from weighbridge.audit.compare import compare as weigh
        from weighbridge.cli.progress import Bars
        from weighbridge.report import compare as report
        from weighbridge.store.tables import open_run

        folder = open_run(run)
        with Bars() as bars, folder.alone():
            found = weigh(folder, base=base, margin=margin, seed=seed, on_progress=bars.show)
        path = report.write(folder, html)
        if csv is not None:
            report.write_csv(found, csv)
        if json:
            typer.echo(report.as_json(found))
            return
        report.print_summary(out(), found)
        out().print(f"\nreport: [bold]{path}[/]", soft_wrap=True, highlight=False)
