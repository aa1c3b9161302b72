"""``weighbridge audit``: the whole way from a plan to a report. Each step resumes, so the same command goes on."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.options import RunFolder, Yes, err
from weighbridge.cli.plan import PlanFile


def register(app: typer.Typer) -> None:
    @app.command(
        help="The whole audit: plan, ask, judge, scan, estimate, report. Killed at any point, the same command goes on."
    )
    def audit(
        plan: PlanFile,
        run: RunFolder,
        yes: Yes = False,
        workers: Annotated[
            int | None, typer.Option(help="Programs judged at once; all cores by default.", min=1)
        ] = None,
    ) -> None:
        from weighbridge.cli.ask import ask_run
        from weighbridge.cli.doctor import require_cell
        from weighbridge.cli.estimate import estimate_run
        from weighbridge.cli.judge import judge_run
        from weighbridge.cli.plan import freeze_plan
        from weighbridge.cli.report import write_report
        from weighbridge.cli.scan import scan_run

        freeze_plan(plan, run, yes=yes, question="Go on and ask?")
        require_cell()
        for number, (name, step) in enumerate(
            [
                ("ask", lambda: ask_run(run, yes=True)),
                ("judge", lambda: judge_run(run, workers)),
                ("scan", lambda: scan_run(run)),
                ("estimate", lambda: estimate_run(run)),
                ("report", lambda: write_report(run)),
            ],
            start=1,
        ):
            err().rule(f"{number} of 5: {name}", align="left")
            step()
