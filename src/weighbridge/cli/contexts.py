"""``weighbridge contexts``: who is asking, as it is put to a model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, out, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="List the contexts: group, name, and the sentences that they add to a request.")
    def contexts(
        file: Annotated[
            list[Path] | None, typer.Option("--file", help="Further file with contexts of your own.")
        ] = None,
        language: Annotated[str, typer.Option(help="en or zh.")] = "en",
        json: AsJson = False,
    ) -> None:
        from rich.table import Table

        from weighbridge.contexts import contexts as known

        found = known(file or ())
        if json:
            print_json([{"id": one.id, "group": one.group, "sentences": one.sentences} for one in found.values()])
            return
        table = Table("context", "paraphrases", "first sentence")
        for one in found.values():
            sentences = one.sentences.get(language, ())
            table.add_row(one.id, str(len(sentences)), sentences[0] if sentences else f"(none in {language})")
        out().print(table)
