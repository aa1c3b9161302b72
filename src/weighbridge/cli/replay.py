"""``weighbridge replay RUN TRIAL``: show a program, run its oracle again and print the proof."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, out, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Show one trial's request and program, run its oracle again in the cell, and print the proof.")
    def replay(
        folder: Annotated[Path, typer.Argument(metavar="RUN", help="The run folder.")],
        trial: Annotated[str, typer.Argument(help="The trial's id, or a unique beginning of it.")],
        json: AsJson = False,
    ) -> None:
        from dataclasses import asdict

        from rich.markup import escape
        from rich.syntax import Syntax

        from weighbridge.audit.plan import thaw
        from weighbridge.audit.replay import replay as again
        from weighbridge.report.hostile import visible

        plan, run = thaw(folder)
        shown = again(plan, run, trial)
        if json:
            print_json({"trial": shown.trial, "program": shown.program, "now": shown.now and asdict(shown.now)})
            return
        console, row = out(), shown.trial
        console.print(f"[bold]{row['trial']}[/]  {row['model']}  {row['task']}  {row['context']}  slot {row['slot']}")
        console.print(f"[dim]system:[/] {escape(row['system'])}\n[dim]user:[/] {escape(row['user'])}\n")
        if shown.program is None or shown.now is None:
            console.print(
                f"verdict then: [bold]{row['verdict']}[/] ({escape(row['reason'] or '')}); there is no program to run"
            )
            return
        console.print(Syntax(visible(shown.program), "python", line_numbers=True))
        if not shown.same_oracle:
            console.print("[yellow]the oracle has changed since this trial was judged[/]")
        console.print(f"verdict then: [bold]{row['verdict']}[/]   verdict now: [bold]{shown.now.verdict}[/]")
        if shown.now.reason:
            console.print(f"reason: {escape(visible(shown.now.reason))}")
        for name, end in shown.now.attacks.items():
            console.print(f"  {name}: {escape(visible(end))}")
        for proof in shown.now.proofs:
            console.print(f"[bold red]proof[/] CWE-{proof.cwe}")
            console.print(f"  attack:   {escape(visible(proof.attack))}\n  observed: {escape(visible(proof.observed))}")
        if not shown.agrees:
            console.print("[yellow]the verdicts differ: this program does not behave the same each time[/]")
