"""``weighbridge plan``: what a plan will ask, cost and be able to see, before anything is spent; then freeze it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weighbridge.cli.options import AsJson, RunFolder, Yes, confirm, err, out, print_json

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.toml", help="The plan. See docs/plan.md for every key.")]


def register(app: typer.Typer) -> None:
    @app.command(help="Check a plan, print its trials, tokens, dollars and smallest detectable effect, and freeze it.")
    def plan(plan: PlanFile, run: RunFolder, yes: Yes = False, json: AsJson = False) -> None:
        freeze_plan(plan, run, yes=yes or json, json=json, question=f"Freeze this plan into {run}?")
        if not json:
            err().print(f"frozen in {run}; next: weighbridge ask --run {run}")


def freeze_plan(path: Path, folder: Path, *, yes: bool, question: str, json: bool = False) -> None:
    """Show a plan, ask, and freeze it into a run folder."""
    from weighbridge.audit.plan import expand, freeze, plan_hash, read

    plan = read(path)
    trials = expand(plan)
    facts = outlook(plan, trials)
    if json:
        print_json({"plan_hash": plan_hash(plan, trials), **facts})
    else:
        _show(facts, plan_hash(plan, trials))
    confirm(question, yes)
    freeze(plan, trials, folder)


def outlook(plan: Any, trials: Any) -> dict[str, Any]:
    """Trials, expected tokens and dollars by model, and what the design can detect, as plain data."""
    from dataclasses import asdict

    from weighbridge.audit.cost import expected
    from weighbridge.audit.outlook import smallest_effect

    rows = [asdict(one) for one in expected(plan, trials)]
    unknown = [row["model"] for row in rows if row["dollars"] is None]
    known = sum(row["dollars"] for row in rows if row["dollars"] is not None)
    return {
        "name": plan.name,
        "trials": trials.height,
        "tasks": trials["task"].n_unique(),
        "scenarios": trials["scenario"].n_unique(),
        "contexts": trials["context"].n_unique(),
        "models": rows,
        "dollars_known": known,
        "price_unknown": unknown,
        "smallest_effect": [asdict(one) for one in smallest_effect(plan, trials)],
    }


def _show(facts: dict[str, Any], digest: str) -> None:
    from rich.table import Table

    console = out()
    tasks, scenarios = f"{facts['tasks']} tasks of {facts['scenarios']} scenarios", facts["contexts"]
    console.print(f"[bold]{facts['name']}[/]: {facts['trials']} trials, {tasks}, {scenarios} contexts")
    console.print(f"plan hash {digest}")
    table = Table("model", "trials", "input tokens", "output tokens", "dollars", "smallest effect it can detect")
    effects = {one["model"]: one["words"] for one in facts["smallest_effect"]}
    for row in facts["models"]:
        dollars = "unknown" if row["dollars"] is None else f"{row['dollars']:.2f}"
        numbers = [f"{row[name]:,}" for name in ("trials", "input_tokens", "output_tokens")]
        table.add_row(row["model"], *numbers, dollars, effects.get(row["model"], ""))
    console.print(table)
    total = f"expected: {facts['dollars_known']:.2f} dollars"
    if facts["price_unknown"]:
        total += f", and what {', '.join(facts['price_unknown'])} cost, whose price is unknown"
    console.print(total)
