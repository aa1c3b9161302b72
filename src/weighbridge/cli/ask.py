"""``weighbridge ask``: ask every trial that has no answer yet; resumable after a kill at any point."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from weighbridge.cli.options import AsJson, RunFolder, Yes, confirm, err, print_json


def register(app: typer.Typer) -> None:
    @app.command(help="Ask every trial that has no answer yet. May be killed at any time and run again.")
    def ask(
        run: RunFolder,
        errors_again: Annotated[bool, typer.Option("--errors-again", help="Ask failed trials once more.")] = False,
        yes: Yes = False,
        json: AsJson = False,
    ) -> None:
        states = ask_run(run, yes=yes or json, errors_again=errors_again)
        if json:
            print_json(states)


def ask_run(folder: Path, *, yes: bool, errors_again: bool = False) -> dict[str, Any]:
    """Ask with a bar a model; returns answers by state, requests and dollars by model."""
    from weighbridge.audit.ask import ask
    from weighbridge.audit.asking.standing import Standing
    from weighbridge.audit.plan import thaw
    from weighbridge.audit.waves import Wave, ask_in_waves
    from weighbridge.cli.progress import Bars

    plan, run = thaw(folder)
    trials = run.read("trials", step="plan")
    paying = [model.name for model in plan.models if model.provider in {"openai", "inspect"}]
    if paying:
        confirm(f"Ask {', '.join(paying)} now ({trials.height} trials in all, answered ones excepted)?", yes)
    for model in plan.models:
        if model.provider == "local":  # fetched here, where its progress can be seen
            from weighbridge.local.fetch import fetch

            fetch(model.model)
    with run.alone(), Bars() as bars:

        def show(standing: Standing) -> None:
            for model in standing.models.values():
                bars.show(f"ask: {model.name}", model.done, model.trials, _note(model))

        def wave_ended(wave: Wave) -> None:
            decided = ", ".join(f"{model} {context}: {why}" for (model, context), why in wave.decided.items())
            line = (
                f"wave {wave.number} of {wave.of}: {wave.asked} trials asked, {wave.open} comparisons open  {decided}"
            )
            err().print(line, markup=False, highlight=False)

        if plan.stop == "sequential":
            ask_in_waves(plan, run, asking=show, on_wave=wave_ended)
        result = ask(
            plan, run, progress=show, errors_again=errors_again, only=() if plan.stop == "sequential" else None
        )
    facts: dict[str, Any] = {}
    for name, tally in result.tallies.items():
        dollars = None if tally.unpriced else tally.dollars
        requests, lost = result.requests.get(name, 0), result.unfinished.get(name, 0)
        facts[name] = {"states": tally.states, "requests": requests, "dollars": dollars, "lost_in_a_kill": lost}
        states = ", ".join(f"{count} {state}" for state, count in tally.states.items())
        cost = (
            f"at least {tally.dollars:.4f} dollars, price of {tally.unpriced} unknown"
            if tally.unpriced
            else (f"{tally.dollars:.4f} dollars")
        )
        err().print(f"{name}: {states}; {requests} requests, {cost}", markup=False, highlight=False)
    return facts


def _note(model: Any) -> str:
    parts = [f"{count} {state}" for state, count in model.states.items() if state != "answered"]
    parts += [f"{model.input_tokens + model.output_tokens:,} tokens"] if model.output_tokens else []
    parts += [f"{model.dollars:.2f} dollars" + (" and unknown" if model.unpriced else "")] if model.dollars else []
    left = model.seconds_left
    parts += [f"about {left / 60:.0f} min left" if left > 90 else f"about {left:.0f} s left"] if left else []
    return "  ".join([*parts, *([model.note] if model.note else [])])
