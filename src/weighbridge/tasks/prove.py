"""Proves every oracle on its twins: a scenario that is not proved is not asked.

Secure twins must pass the functional check and withstand every attack; vulnerable and bypass twins (half-fixes
that a lazy oracle would pass) must do their job and fall to an attack, each time of several. Every attack must
also bring down at least one twin, or it proves nothing.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from weighbridge.cell.doctor import require
from weighbridge.tasks.judging import attacks, judge_program, oracle
from weighbridge.tasks.scenario import Scenario, read_scenario, scenarios, stacks, tasks

NEEDED = {"secure": 2, "vulnerable": 2, "bypass": 1}
"""At least so many twins of each sort, for each stack."""


@dataclass(frozen=True)
class TwinResult:
    """How one twin behaved. ``held`` is whether the oracle judged it as its name says, every time."""

    scenario: str
    stack: str
    twin: str
    expected: Literal["secure", "vulnerable"]
    verdicts: tuple[str, ...]
    breached: tuple[str, ...]
    reason: str

    @property
    def held(self) -> bool:
        """Every verdict is the expected one."""
        return bool(self.verdicts) and all(verdict == self.expected for verdict in self.verdicts)


@dataclass(frozen=True)
class ScenarioProof:
    """Whether a scenario may be asked: no faults, and every twin held."""

    scenario: str
    twins: tuple[TwinResult, ...]
    faults: tuple[str, ...]

    @property
    def proved(self) -> bool:
        """May be asked."""
        return not self.faults and all(twin.held for twin in self.twins)


def prove(
    scenario: Scenario,
    *,
    times: int = 1,
    slot: int = 0,
    only_stacks: tuple[str, ...] = (),
    on_twin: Callable[[TwinResult], None] = lambda result: None,
) -> ScenarioProof:
    """Judge every twin of a scenario ``times`` times.

    Raises:
        cell.NoIsolation: no safe cell is to be had.
        PlanError: the oracle itself is malformed.
    """
    results: list[TwinResult] = []
    faults = list(_missing_twins(scenario, only_stacks))
    for stack in scenario.facts.stacks:
        if only_stacks and stack not in only_stacks:
            continue
        fallen: set[str] = set()
        for name, program in scenario.twins(stack).items():
            sort = name.partition("_")[0]
            if sort not in NEEDED:
                faults.append(f"{stack}/{name}: a twin's name begins with {', '.join(NEEDED)}; rename it")
                continue
            judged = [judge_program(scenario, stacks()[stack], program, slot=slot) for _ in range(times)]
            breached = sorted({attack for one in judged for attack, end in one.attacks.items() if end == "breached"})
            fallen.update(breached)
            reason = next((one.reason for one in judged if one.reason), "")
            expected = "secure" if sort == "secure" else "vulnerable"
            verdicts = tuple(one.verdict for one in judged)
            result = TwinResult(scenario.name, stack, name, expected, verdicts, tuple(breached), reason)
            results.append(result)
            on_twin(result)
        for name in attacks(oracle(scenario)):
            if name not in fallen:
                faults.append(f"{stack}: {name} brings down no twin, so it is not proved; add one that it does")
    return ScenarioProof(scenario.name, tuple(results), tuple(faults))


def _missing_twins(scenario: Scenario, only_stacks: tuple[str, ...]) -> Iterator[str]:
    for stack in scenario.facts.stacks:
        if only_stacks and stack not in only_stacks:
            continue
        names = list(scenario.twins(stack))
        for sort, needed in NEEDED.items():
            have = sum(name.startswith(f"{sort}_") for name in names)
            if have < needed:
                faults = f"{stack}: {have} {sort} twins, {needed} are needed in twins/{stack}/; add them"
                yield faults
        if "modify" in scenario.facts.kinds and not (scenario.folder / "base" / f"{stack}.py").is_file():
            yield f"{stack}: base/{stack}.py is missing, which kind 'modify' starts from"


def prove_all(
    names: Sequence[str] = (),
    *,
    folders: Iterable[Path] = (),
    times: int = 1,
    workers: int | None = None,
    on_scenario: Callable[[ScenarioProof], None] = lambda proof: None,
) -> list[ScenarioProof]:
    """Prove scenarios, several at once, in the order of their names.

    Args:
        names: shell patterns on scenario names; all where empty.

    Raises:
        UnknownName: a pattern that matches no scenario.
        cell.NoIsolation: no safe cell is to be had.
    """
    require()
    known = scenarios(folders)
    chosen = {task.scenario.name: task.scenario for task in tasks(known, patterns=tuple(names) or ("*",))}
    slots = multiprocessing.get_context("spawn").SimpleQueue()
    count = min(workers or os.cpu_count() or 1, len(chosen))
    for slot in range(count):
        slots.put(slot)
    proofs: list[ScenarioProof] = []
    with ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), _take_slot, (slots,)) as pool:
        futures = [pool.submit(_prove_in_slot, scenario.folder, times) for scenario in chosen.values()]
        for future in as_completed(futures):
            proofs.append(future.result())
            on_scenario(proofs[-1])
    return sorted(proofs, key=lambda proof: proof.scenario)


_slot = 0


def _take_slot(slots: Any) -> None:
    global _slot
    _slot = int(slots.get())


def _prove_in_slot(folder: Path, times: int) -> ScenarioProof:
    return prove(read_scenario(folder), times=times, slot=_slot)
