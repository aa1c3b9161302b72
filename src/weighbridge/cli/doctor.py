"""``weighbridge doctor``: attack the cell, and say what holds and which limits are in force."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, out, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Attack the cell on this machine: what holds, what does not, and which limits are in force.")
    def doctor(
        brief: Annotated[bool, typer.Option("--brief", help="One line unless something is wrong.")] = False,
        json: AsJson = False,
    ) -> None:
        pass
