"""``weighbridge tasks list`` and ``weighbridge tasks check``: the scenarios, and the proof of their oracles."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, err, out, print_json

Folders = Annotated[list[Path] | None, typer.Option("--folder", help="Further folder with scenarios of your own.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The scenarios: list them, and prove their oracles on twins.", no_args_is_help=True)
    app.add_typer(group, name="tasks")

    @group.command("list", help="List every task: scenario, stack, kind, CWEs and number of twins.")
    def list_(folder: Folders = None, json: AsJson = False) -> None:
        from rich.table import Table

        from weighbridge.tasks.scenario import scenarios

        rows = [
            {
                "scenario": one.name,
                "title": one.facts.title,
                "category": one.facts.category,
                "cwes": list(one.facts.cwes),
                "interface": one.facts.interface,
                "kinds": list(one.facts.kinds),
                "stacks": list(one.facts.stacks),
                "languages": sorted(one.facts.text),
                "twins": sum(len(one.twins(stack)) for stack in one.facts.stacks),
                "oracle_version": one.oracle_version,
            }
            for one in scenarios(folder or []).values()
        ]
        if json:
            print_json(rows)
            return
        table = Table("scenario", "title", "CWE", "interface", "kinds", "stacks", "twins")
        for row in rows:
            cwes = " ".join(str(cwe) for cwe in row["cwes"])
            words = [row["scenario"], row["title"], cwes, row["interface"], " ".join(row["kinds"])]
            table.add_row(*words, " ".join(row["stacks"]), str(row["twins"]))
        out().print(table)
        tasks = sum(len(row["stacks"]) * len(row["kinds"]) for row in rows)
        cwes = {cwe for row in rows for cwe in row["cwes"]}
        out().print(f"{len(rows)} scenarios, {tasks} tasks, {len(cwes)} CWEs")

    @group.command(
        help="Prove oracles on their twins: secure ones withstand, flawed ones fall. Exit code 1 if any fails."
    )
    def check(
        names: Annotated[list[str] | None, typer.Argument(help="Scenarios; all by default.")] = None,
        times: Annotated[int, typer.Option(help="How often each twin is judged.", min=1)] = 1,
        workers: Annotated[int | None, typer.Option(help="Scenarios at once; all cores by default.", min=1)] = None,
        every: Annotated[bool, typer.Option("--twins", help="Show every twin, not only those that failed.")] = False,
        folder: Folders = None,
        json: AsJson = False,
    ) -> None:
        from dataclasses import asdict

        from rich.table import Table

        from weighbridge.tasks.prove import ScenarioProof, prove_all

        def show(proof: ScenarioProof) -> None:
            mark = "[green]proved[/]" if proof.proved else "[red]NOT PROVED[/]"
            held = sum(twin.held for twin in proof.twins)
            err().print(f"{proof.scenario}: {mark} ({held} of {len(proof.twins)} twins held)")

        proofs = prove_all(names or (), folders=folder or (), times=times, workers=workers, on_scenario=show)
        if json:
            print_json([{**asdict(proof), "proved": proof.proved} for proof in proofs])
        else:
            table = Table("scenario", "stack", "twin", "expected", "judged", "attacks that worked", "reason")
            for twin in (twin for proof in proofs for twin in proof.twins if every or not twin.held):
                judged = ", ".join(f"{twin.verdicts.count(v)}x {v}" for v in sorted(set(twin.verdicts)))
                words = [twin.scenario, twin.stack, twin.twin, twin.expected, judged, " ".join(twin.breached)]
                table.add_row(*words, twin.reason, style="" if twin.held else "bold red")
            if table.row_count:
                out().print(table)
            for proof in proofs:
                for fault in proof.faults:
                    out().print(f"[red]{proof.scenario}: {fault}[/]")
        failed = [proof.scenario for proof in proofs if not proof.proved]
        if not json:
            out().print(
                f"{len(proofs) - len(failed)} of {len(proofs)} scenarios are proved, each twin judged {times} times"
            )
        if failed:
            raise typer.Exit(1)
