"""``weighbridge calibrate``: check the instrument with test weights, and keep its certificate for every report."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, err, out, print_json


def register(app: typer.Typer) -> None:
    @app.command(
        help="Check the instrument with test weights through the whole pipeline; every report shows the result."
    )
    def calibrate(
        studies: Annotated[
            int, typer.Option(help="Studies made of every specimen; 400 for the full size.", min=5)
        ] = 40,
        repeats: Annotated[int, typer.Option(help="Answers for each task and context.", min=1)] = 6,
        seed: Annotated[int, typer.Option(help="Of the specimens' answers.")] = 20261124,
        workers: Annotated[
            int | None, typer.Option(help="Programs judged at once; all cores by default.", min=1)
        ] = None,
        json: AsJson = False,
    ) -> None:
        from rich.table import Table

        from weighbridge.audit.calibrate import calibrate as weigh
        from weighbridge.cli.progress import Bars
        from weighbridge.store.certificate import issue

        with Bars() as bars:
            seen = weigh(studies=studies, repeats=repeats, seed=seed, workers=workers, on_progress=bars.show)
        path = issue(seen.as_dict())
        if json:
            print_json(seen.as_dict())
        else:
            table = Table("specimen", "outcome", "planted", "read", "covers", "p ≤ 5 %", "found", "false word", "words")
            for one in seen.readings:
                numbers = ["–" if value is None else f"{100 * value:+.1f}" for value in (one.planted, one.read)]
                shares = [
                    "–" if value is None else f"{value:.1%}"
                    for value in (one.share(one.covered, one.with_interval), one.share(one.significant))
                ]
                shares += [f"{one.share(one.found):.1%}", f"{one.share(one.false):.1%}"]
                words = ", ".join(f"{count}x {word}" for word, count in one.words.items())
                table.add_row(one.specimen, one.outcome, *numbers, *shares, words, style="bold red" * bool(one.missed))
            out().print(table)
            chain = seen.chain
            out().print(
                f"chain: {chain.found} of {chain.flawed} flawed twins found, {chain.accused} of {chain.secure} secure "
                f"ones accused, {chain.errors} errors; the panel misses {chain.unseen} of the {chain.flawed} flawed"
            )
            for twin in chain.wrong:
                out().print(f"[bold red]wrong:[/] {twin}", highlight=False)
            gate = "pass" if seen.identical_arms_pass else "DO NOT PASS"
            out().print(
                f"identical arms {gate}: significant in {seen.type_one:.1%} of {2 * seen.studies} studies at 5 %; "
                f"{seen.coverage:.1%} of all intervals cover"
            )
            for one in seen.readings:
                for limit in one.missed:
                    out().print(f"[bold red]{one.specimen}:[/] {limit}")
            out().print("[green]calibrated[/]" if seen.passed else "[bold red]NOT calibrated[/]")
        err().print(f"certificate: {path}", highlight=False, soft_wrap=True)
        if not seen.passed:
            raise typer.Exit(1)
