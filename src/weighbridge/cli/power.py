"""``weighbridge power``: what a design can and cannot detect, before it is paid for."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from weighbridge.cli.options import AsJson, out, print_json

RATIOS = (1.2, 1.5, 2.3)


def register(app: typer.Typer) -> None:
    @app.command(
        help="What a design can detect: smallest effect, power by simulation, a published design, early stopping."
    )
    def power(
        tasks: Annotated[int, typer.Option(help="Tasks (scenarios: those that are independent).", min=2)] = 50,
        repeats: Annotated[int, typer.Option(help="Answers to each task in each context.", min=1)] = 2,
        rate: Annotated[
            float, typer.Option(help="Rate of the outcome for a neutral user.", min=0.001, max=0.999)
        ] = 0.3,
        icc: Annotated[
            float, typer.Option(help="How far answers to one task agree (0.86 in labelled answers).")
        ] = 0.86,
        tests: Annotated[int, typer.Option(help="Planned comparisons (models × contexts).", min=1)] = 1,
        simulate: Annotated[int, typer.Option(help="Simulated data sets behind each figure.", min=50)] = 400,
        published: Annotated[
            bool, typer.Option("--published", help="What 2,800 trials over 5 models and 5 personas could have seen.")
        ] = False,
        sequential: Annotated[
            bool,
            typer.Option("--sequential", help="Trials that stopping early saves, under no effect and under effects."),
        ] = False,
        json: AsJson = False,
    ) -> None:
        if published:
            rows, title = _published(simulate), "a design of 2,800 trials, 5 models, 5 personas (560 trials a model)"
        elif sequential:
            rows, title = _sequential(tasks, repeats, rate, tests, simulate), f"{tasks} tasks, at most {repeats} waves"
        else:
            rows, title = _design(tasks, repeats, rate, icc, tests, simulate), f"{tasks} tasks × {repeats} answers"
        if json:
            print_json(rows)
            return
        from rich.table import Table

        table = Table(*rows[0], title=title, title_justify="left")
        for row in rows:
            table.add_row(*(_shown(value) for value in row.values()))
        out().print(table)


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _design(tasks: int, repeats: int, rate: float, icc: float, tests: int, datasets: int) -> list[dict[str, Any]]:
    from weighbridge.stats.estimate import NoEstimate
    from weighbridge.stats.population import Population
    from weighbridge.stats.power import simulated_power, smallest_detectable

    found = smallest_detectable(tasks, repeats, rate, icc=icc, tests=tests)
    known = not isinstance(found, NoEstimate)
    rows: list[dict[str, Any]] = [
        {
            "question": "smallest effect found with 80 % power (formula)",
            "ratio": found.ratio if known else None,
            "answer": f"{100 * found.difference:.1f} points" if known else found.reason,
        }
    ]
    for ratio in RATIOS:
        if rate * ratio >= 0.95:
            rows.append({"question": "power", "ratio": ratio, "answer": f"{rate:.0%} times {ratio} is no rate"})
            continue
        seen = simulated_power(
            tasks,
            repeats,
            Population(rate, _sd(icc), ratio=ratio, effect="spread"),
            alpha=0.05 / tests,
            datasets=datasets,
        )
        said = f"{seen.power:.0%} ± {2 * seen.error:.0%}"
        rows.append({"question": f"power (simulated, {datasets} data sets)", "ratio": ratio, "answer": said})
    return rows


def _sd(icc: float) -> float:
    """The standard deviation of log-odds whose latent agreement is ``icc``: sd² / (sd² + π²/3)."""
    agreement = min(max(icc, 0.0), 0.97)
    return (agreement / (1 - agreement) * 3.2899) ** 0.5


def _published(datasets: int) -> list[dict[str, Any]]:
    from weighbridge.stats.power import published_design

    return [
        {
            "tasks, if": cell.tasks,
            "repeats": cell.repeats,
            "true ratio": cell.ratio,
            "power": cell.power,
            "power after correction": cell.power_in_family,
            "share showing +20 % or more": cell.shows_twenty,
        }
        for cell in published_design(datasets=datasets)
    ]


def _sequential(tasks: int, waves: int, rate: float, tests: int, datasets: int) -> list[dict[str, Any]]:
    from weighbridge.stats.population import Population
    from weighbridge.stats.power import sequential_savings

    rows: list[dict[str, Any]] = []
    for ratio in (1.0, *RATIOS):
        if rate * ratio >= 0.95:
            continue
        saved = sequential_savings(tasks, waves, Population(rate, 1.5, ratio=ratio), tests=tests, datasets=datasets)
        rows.append(
            {
                "true ratio": ratio,
                "trials saved": saved.saved,
                "stopped for an effect": saved.effect,
                "stopped as futile": saved.futile,
                "asked to the end": saved.to_the_end,
                "interval covers": saved.covers,
            }
        )
    return rows
