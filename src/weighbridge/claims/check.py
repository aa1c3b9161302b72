"""Recompute every claim of a ledger and judge it: the step from the ledger and a data folder to verdicts."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

from weighbridge.claims import recompute, verdict
from weighbridge.claims.evidence import Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim, Figure
from weighbridge.errors import DataError

Function = Callable[..., Recomputed]


@dataclass(frozen=True, slots=True)
class Tested:
    """One published figure beside the recomputed one. ``also_met`` are other choices under which it would be met."""

    figure: Figure
    found: Value | None
    state: verdict.State
    also_met: tuple[str, ...]


@dataclass(frozen=True)
class Checked:
    """A claim with its verdict. ``data``: (file, sha256) of what was opened; ``missing`` is "" unless something is."""

    claim: Claim
    verdict: verdict.Verdict
    figures: tuple[Tested, ...]
    recomputed: Recomputed
    data: tuple[tuple[str, str], ...]
    missing: str


def check(claims: list[Claim], evidence: Evidence) -> list[Checked]:
    """Every claim recomputed and judged, in the ledger's order.

    Raises:
        DataError: a claim names a function that does not exist or arguments that it does not take.
    """
    ready = [(claim, None if claim.recompute is None else _function(claim)) for claim in claims]
    return [_check(claim, function, evidence) for claim, function in ready]


def functions() -> dict[str, Function]:
    """Every recomputing function by its name in ledgers: the public functions of the modules in ``recompute``."""
    found: dict[str, Function] = {}
    for entry in sorted(pkgutil.iter_modules(recompute.__path__), key=lambda one: one.name):
        module = importlib.import_module(f"{recompute.__name__}.{entry.name}")
        for name, value in vars(module).items():
            if inspect.isfunction(value) and value.__module__ == module.__name__ and not name.startswith("_"):
                found[f"{entry.name}.{name}"] = value
    return found


def _function(claim: Claim) -> Function:
    known = functions()
    function = known.get(claim.recompute or "")
    if function is None:
        raise DataError(
            f"claim {claim.id}, recompute: there is no '{claim.recompute}' (known: {', '.join(sorted(known))})"
        )
    try:
        inspect.signature(function).bind(None, claim, **claim.arguments)
    except TypeError as error:
        taken = [name for name in inspect.signature(function).parameters if name not in ("evidence", "claim")]
        raise DataError(
            f"claim {claim.id}, arguments: {error}; {claim.recompute} takes {', '.join(taken) or 'none'}"
        ) from None
    return function


def _check(claim: Claim, function: Function | None, evidence: Evidence) -> Checked:
    evidence.opened.clear()
    missing = claim.missing
    found = Recomputed({})
    if function is not None:
        try:
            found = function(evidence, claim, **claim.arguments)
        except Missing as error:
            missing = "; ".join(filter(None, (str(error), claim.missing)))
    tested = tuple(
        Tested(figure, value, verdict.state(figure, value), tuple(verdict.met_elsewhere(figure, found.choices)))
        for figure in claim.figures
        for value in [found.figures.get(figure.name)]
    )
    given = verdict.verdict(claim.figures, found)
    return Checked(claim, given, tested, found, tuple(sorted(evidence.opened.items())), missing)
