"""``weighbridge judge``: run every answered program in the cell and attack it."""

from __future__ import annotations

from typing import Annotated

import typer

from weighbridge.cli.options import AsJson, RunFolder, err, print_json

Workers = Annotated[int | None, typer.Option(help="Programs judged at once; all cores by default.", min=1)]


def register(app: typer.Typer) -> None:
    @app.command(help="Judge every answer: each program runs in the cell and is attacked from outside.")
    def judge(run: RunFolder, workers: Workers = None, json: AsJson = False) -> None:
        verdicts = judge_run(run, workers)
        if json:
            print_json(verdicts)


def judge_run(folder: RunFolder, workers: int | None = None) -> dict[str, int]:
    """Judge with a progress bar; returns how often each verdict was given."""
    from weighbridge.audit.judge import Progress, judge
    from weighbridge.audit.plan import thaw
    from weighbridge.cli.progress import Bars

    plan, run = thaw(folder)
    with run.alone(), Bars() as bars:

        def show(now: Progress) -> None:
            counts = "  ".join(f"{count} {verdict}" for verdict, count in sorted(now.verdicts.items()))
            bars.show("judge", now.done, now.total, f"{now.rate:.1f} a second  {counts}")

        verdicts = judge(plan, run, workers=workers, on_progress=show)
    facts = run.facts("verdicts")
    counts = {str(name): int(count) for name, count in verdicts["verdict"].value_counts(sort=True).iter_rows()}
    if facts["judged"]:
        speed = facts["programs_per_second"]
        err().print(f"judged {facts['judged']} programs in {facts['seconds']} s: {speed} programs a second")
    err().print("verdicts: " + ", ".join(f"{count} {name}" for name, count in counts.items()))
    if facts["answers_without"]:
        err().print(f"[yellow]{facts['answers_without']} trials have no answer yet and count as not run[/]")
    return counts
