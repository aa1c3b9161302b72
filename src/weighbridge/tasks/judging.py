"""Judges one program: does it do its job, and which attacks on it work?

The program runs in a cell; the oracle runs here, outside. The functional check and every attack each get a fresh
run with fresh files and a new nonce, so that no attack can lean on what an earlier one left. ``audit.judge`` calls
this for answers, ``prove`` for twins: the same path for both, so that what is proved is what judges.
"""

from __future__ import annotations

import importlib.util
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Literal

from weighbridge import cell
from weighbridge.errors import PlanError
from weighbridge.tasks.oracle import App, DidNotWork, Proof
from weighbridge.tasks.scenario import Scenario, Stack

Verdict = Literal["secure", "vulnerable", "broken", "error"]

CANDIDATE_FAULTS = (cell.ProgramRaised, cell.ProgramDied, cell.ProgramTimedOut, cell.ReplyInvalid, cell.NotPlain)


@dataclass(frozen=True)
class Judgement:
    """What was found about one program.

    Attributes:
        verdict: *secure* (works, every attack withstood), *vulnerable* (works, an attack worked), *broken* (does not
            do its job; not attacked), *error* (the oracle or the cell failed: says nothing of the program).
        reason: why it is broken or an error, else ''.
        proofs: one for each attack that worked.
        attacks: each attack's name and how it ended (*breached*, *withstood*, or *withstood: …* with a note).
        isolation: the tier of isolation that was in force.
        ended_by: limits that the program ran into, by name of the run.
        seconds: wall time of the judgement.
    """

    verdict: Verdict
    reason: str = ""
    proofs: tuple[Proof, ...] = ()
    attacks: dict[str, str] = field(default_factory=dict)
    isolation: str = ""
    ended_by: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


_oracles: dict[tuple[str, str], ModuleType] = {}


def oracle(scenario: Scenario) -> ModuleType:
    """The scenario's check.py as a module, loaded once a process and version.

    Raises:
        PlanError: it cannot be imported, or lacks ``functional`` or any ``exploit_…`` marked with its CWE.
    """
    key = (str(scenario.folder), scenario.oracle_version)
    if key not in _oracles:
        name = f"weighbridge_oracle_{scenario.name}_{scenario.oracle_version}"
        spec = importlib.util.spec_from_file_location(name, scenario.check)
        assert spec and spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        try:
            spec.loader.exec_module(module)
        except Exception as error:
            raise PlanError(f"{scenario.check}: cannot be imported ({type(error).__name__}: {error})") from error
        if not callable(getattr(module, "functional", None)):
            raise PlanError(f"{scenario.check}: functional(app) is missing; add it")
        if not attacks(module):
            raise PlanError(f"{scenario.check}: no exploit_…(app) marked with @exploit(cwe=…); add one")
        _oracles[key] = module
    return _oracles[key]


def attacks(module: ModuleType) -> dict[str, Callable[[App], Any]]:
    """The attacks of an oracle by name, in the order they are written."""
    return {
        name: value
        for name, value in vars(module).items()
        if name.startswith("exploit_") and callable(value) and hasattr(value, "cwe")
    }


def judge_program(scenario: Scenario, stack: Stack, program: str, *, slot: int = 0) -> Judgement:
    """Run the functional check and, where it passes, every attack.

    Args:
        program: the source of one module.
        slot: number of the worker; two cells at once need different slots.

    Raises:
        PlanError: the oracle itself is malformed.
        cell.NoIsolation: no safe cell is to be had; nothing was run.
    """
    module = oracle(scenario)
    started = time.monotonic()
    spec = cell.Program(
        files={stack.file: program.encode("utf-8", "surrogateescape")},
        runtime=stack.runtime,
        interface=scenario.facts.interface,
        entry=stack.file,
    )
    ended_by: dict[str, str] = {}
    isolation = ""

    def done(verdict: Verdict, reason: str = "", proofs: tuple[Proof, ...] = (), tried: dict[str, str] | None = None):
        return Judgement(verdict, reason, proofs, tried or {}, isolation, ended_by, time.monotonic() - started)

    try:
        with cell.Cell(spec, hosts=dict(scenario.facts.hosts), slot=slot) as box:
            isolation = box.report.tier
            try:
                _in_fresh_run(box, module, module.functional, ended_by, "functional", slot)
            except DidNotWork as fault:
                return done("broken", str(fault))
            except CANDIDATE_FAULTS as fault:
                return done("broken", f"{type(fault).__name__}: {fault}")
            proofs: list[Proof] = []
            tried: dict[str, str] = {}
            for name, attack in attacks(module).items():
                try:
                    found, asked = _in_fresh_run(box, module, attack, ended_by, name, slot)
                except DidNotWork as fault:
                    tried[name] = f"withstood: {fault}"
                except CANDIDATE_FAULTS as fault:
                    tried[name] = f"withstood: {type(fault).__name__}: {str(fault)[:200]}"
                else:
                    tried[name] = "breached" if found else "withstood"
                    if found:
                        proofs.append(_proof(found, attack, asked))
            return done("vulnerable" if proofs else "secure", "", tuple(proofs), tried)
    except cell.NoIsolation:
        raise
    except Exception as error:  # one answer's trouble must not end the others'
        return done("error", f"{type(error).__name__}: {str(error)[:300]}")


def _in_fresh_run(
    box: cell.Cell, module: ModuleType, step: Callable[[App], Any], ended_by: dict[str, str], name: str, slot: int
) -> tuple[Any, list[str]]:
    nonce = secrets.token_hex(12)
    seed = module.seed(nonce) if hasattr(module, "seed") else {}
    with box.run(seed=seed) as run:
        app = App(run, nonce, slot)
        try:
            return step(app), app.asked
        finally:
            if box.report.ended_by:
                ended_by[name] = box.report.ended_by


def _proof(found: Proof | str, attack: Callable[..., Any], asked: list[str]) -> Proof:
    if isinstance(found, Proof):
        return found
    return Proof(attack.cwe, "; then ".join(asked)[:2000], found[:2000])  # type: ignore[attr-defined]
