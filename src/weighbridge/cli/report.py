"""``weighbridge report``: one self-contained HTML file, and the same tables in the terminal, as CSV or JSON."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, CsvFolder, RunFolder, out


def register(app: typer.Typer) -> None:
    @app.command(help="Write the report of a run: one HTML file without network; also tables as CSV or JSON.")
    def report(
        run: RunFolder,
        html: Annotated[
            Path | None, typer.Option("--out", help="Where the HTML goes; RUN/report.html by default.")
        ] = None,
        csv: CsvFolder = None,
        json: AsJson = False,
    ) -> None:
        from weighbridge import report as reports

        if json:
            typer.echo(reports.as_json(run))
            return
        if csv is not None:
            reports.write_csv(run, csv)
        write_report(run, html)


def write_report(folder: Path, html: Path | None = None) -> Path:
    """Print the result table, write the HTML and name it."""
    from weighbridge import report as reports

    reports.print_summary(out(), folder)
    path = reports.write(folder, html)
    out().print(f"\nreport: [bold]{path}[/]", soft_wrap=True, highlight=False)
    return path
