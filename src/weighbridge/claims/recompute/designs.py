"""What could a published design have seen? For studies whose answers or definitions were not published."""

from __future__ import annotations

import numpy as np

from weighbridge.claims.evidence import Choice, Evidence, Recomputed
from weighbridge.claims.ledger import Claim
from weighbridge.stats.power import published_design

NULL_DRAWS = 20_000


def detectable(
    evidence: Evidence,
    claim: Claim,
    *,
    trials: int,
    models: int,
    contexts: int,
    base: float = 0.3,
    datasets: int = 400,
    ratios: tuple[float, ...] = (1.2, 1.5, 2.3),
    seed: int = 0,
) -> Recomputed:
    """Power and false alarms of a design of this size, for several assumed numbers of tasks. Tests no figure."""
    rows = published_design(trials, models, contexts, ratios=ratios, base=base, datasets=datasets, seed=seed)
    each = trials // (models * contexts)
    choices: list[Choice] = []
    for tasks in sorted({row.tasks for row in rows}):
        mine = [row for row in rows if row.tasks == tasks]
        null = next(row for row in mine if row.ratio == 1.0)
        found = {f"finds a true ×{row.ratio:g}, %": round(100 * row.power) for row in mine if row.ratio != 1.0}
        note = f"no effect, yet the arms show +20 % or more: {100 * null.shows_twenty:.0f} %"
        choices.append(Choice(f"{tasks} tasks × {mine[0].repeats} answers in each context", found, note))
    false = [row.shows_twenty for row in rows if row.ratio == 1.0]
    twenty = [row.power for row in rows if row.ratio == min(ratios)]
    findings = [
        f"{trials:,} trials over {models} models and {contexts} contexts are about {each} answers in each cell. "
        f"How they were spread over tasks was not published; simulated for "
        f"{', '.join(str(r.tasks) for r in rows if r.ratio == 1.0)} tasks at a base rate of {100 * base:.0f} %.",
        f"Without any effect two such cells show a difference of +20 % or more in {100 * min(false):.0f} to "
        f"{100 * max(false):.0f} % of draws; a true ×{min(ratios):g} is found with a power of "
        f"{100 * min(twenty):.0f} to {100 * max(twenty):.0f} %.",
    ]
    return Recomputed({}, choices, findings, "")


def largest_of_null_cells(
    evidence: Evidence,
    claim: Claim,
    *,
    base: float,
    matched: float,
    shown: float,
    answers: int,
    cells: int,
    seed: int = 0,
    design_effects: tuple[float, ...] = (1.0, 3.0),
) -> Recomputed:
    """Two published rates (percent) against each other, and what the largest of many cells is when none differs.

    Each cell has ``answers`` answers at rate ``base``; ``matched`` is the rate of the cell that differs from ``shown``
    in the place alone. ``design_effects``: answers to one task agree, so that a cell is worth fewer of them.
    """
    rng = np.random.default_rng(seed)
    choices: list[Choice] = []
    for effect in design_effects:
        worth = round(answers / effect)
        largest = 100 * rng.binomial(worth, base / 100, size=(NULL_DRAWS, cells)).max(axis=1) / worth
        low, high = np.quantile(largest, [0.025, 0.975])
        z = _z(shown, matched, worth)
        choices.append(
            Choice(
                f"a cell worth {worth} independent answers" + ("" if effect == 1 else f" (design effect {effect:g})"),
                {"z against the matched cell": z, "largest null cell, median %": float(np.median(largest)),
                 "at least as large as shown, %": 100 * float((largest >= shown - 1e-9).mean())},
                f"largest null cell 95 %: {low:.1f} to {high:.1f} %",
            )
        )  # fmt: skip
    first = choices[0].figures
    findings = [
        f"{shown:g} % against {base:g} % changes two things at once. Against the matched cell ({matched:g} %, "
        f"the same request without the place) it is {100 * (shown / matched - 1):+.0f} %, "
        f"z = {first['z against the matched cell']:.2f} at "
        f"{answers} answers a cell.",
        f"Of {cells} cells that are all {base:g} %, the largest has a median of "
        f"{first['largest null cell, median %']:.1f} % (simulated, "
        f"{NULL_DRAWS:,} draws, seed {seed}); it is {shown:g} % or more in "
        f"{first['at least as large as shown, %']:.0f} % of draws.",
    ]
    return Recomputed({}, choices, findings, "")


def _z(first: float, second: float, n: int) -> float:
    p = (first + second) / 200
    return (first - second) / 100 / float(np.sqrt(p * (1 - p) * 2 / n))
