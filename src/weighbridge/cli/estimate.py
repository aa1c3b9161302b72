"""``weighbridge estimate``: from verdicts to effects, each with interval, placebos and word."""

from __future__ import annotations

from pathlib import Path

import typer

from weighbridge.cli.options import AsJson, RunFolder, err, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Estimate every effect against neutral, with intervals, placebos, Holm, and a word for each.")
    def estimate(run: RunFolder, json: AsJson = False) -> None:
        estimate_run(run)
        if json:
            from weighbridge.audit.plan import thaw

            print_json(thaw(run)[1].read("effects").to_dicts())


def estimate_run(folder: Path) -> None:
    """Estimate, and say how many effects got which word."""
    from weighbridge.audit.estimate import estimate
    from weighbridge.audit.plan import thaw

    plan, run = thaw(folder)
    with run.alone():
        effects = estimate(plan, run).effects
    if effects.is_empty():
        err().print("no effects: nothing was asked beside neutral")
        return
    words = effects.filter(effects["status"] == "planned")["word"].value_counts(sort=True)
    said = ", ".join(f"{count} {word}" for word, count in words.iter_rows())
    err().print(f"planned effects: {said or 'none'}", highlight=False)
