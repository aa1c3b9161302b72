"""``weighbridge doctor``: attack the cell, and say what holds and which limits are in force."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, err, out, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Attack the cell on this machine: what holds, what does not, and which limits are in force.")
    def doctor(
        brief: Annotated[bool, typer.Option("--brief", help="One line unless something is wrong.")] = False,
        json: AsJson = False,
    ) -> None:
        from rich.table import Table

        from weighbridge.cell.doctor import examine
        from weighbridge.errors import NoIsolation

        seen = examine()
        if json:
            print_json(seen.as_dict())
        elif not (brief and seen.held):
            table = Table("", "check", "what was tried", "what was seen")
            for check in seen.checks:
                mark = "[green]held[/]" if check.held else "[bold red]GOT THROUGH[/]"
                table.add_row(mark, check.name, check.attack, check.detail)
            out().print(table)
            out().print("limits: " + ", ".join(f"{name} {value}" for name, value in seen.limits.as_dict().items()))
        held = sum(check.held for check in seen.checks)
        err().print(f"cell: {held} of {len(seen.checks)} attacks held in {seen.seconds:.1f} s; tier: {seen.tier}")
        if not seen.held:
            raise typer.Exit(NoIsolation.exit_code)


def require_cell() -> None:
    """Attack the cell before anything is asked: what could not be judged safely need not be paid for."""
    from weighbridge.cell.doctor import require

    seen = require()
    err().print(f"cell: {len(seen.checks)} attacks held; tier: {seen.tier}")
