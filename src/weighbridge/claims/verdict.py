"""Does a recomputed figure agree with the published one? The rules; docs/claims.md says what was decided when.

A figure is *met* when the recomputed one rounds to it: no further away than half a unit of the last published digit.
It is *near* within ``NEAR`` of the published value, or when the published value lies in the interval that the data
leave. A bound is met when the recomputed value keeps it, near when the interval reaches it. Otherwise it is *missed*.
A figure without a test, or that nothing recomputed, is *unchecked*. Supporting figures are shown and decide nothing.

The claim is *reproduced* when every figure that has a test is met; *not checkable* when none was checked; *not
reproduced* when none is met or near, under the published definition or any other choice that was tried; else *in part*.
"""

from __future__ import annotations

from typing import Literal

from weighbridge.claims.evidence import Choice, Recomputed, Value
from weighbridge.claims.ledger import Figure

NEAR = 0.1
"""Share of the published value within which a figure is near."""

State = Literal["met", "near", "missed", "unchecked"]
Verdict = Literal["reproduced", "in part", "not reproduced", "not checkable"]
VERDICTS: tuple[Verdict, ...] = ("reproduced", "in part", "not reproduced", "not checkable")


def state(figure: Figure, found: Value | None) -> State:
    """How one published figure stands against the recomputed one."""
    if found is None:
        return "unchecked"
    low = found.value if found.low is None else found.low
    high = found.value if found.high is None else found.high
    if figure.at_least is not None:
        return "met" if found.value >= figure.at_least else "near" if high >= figure.at_least else "missed"
    if figure.at_most is not None:
        return "met" if found.value <= figure.at_most else "near" if low <= figure.at_most else "missed"
    if figure.value is None or figure.digits is None:
        return "unchecked"
    apart = abs(found.value - figure.value)
    if apart <= 0.5 * 10.0**-figure.digits + 1e-9:
        return "met"
    return "near" if apart <= NEAR * abs(figure.value) + 1e-9 or low <= figure.value <= high else "missed"


def met_elsewhere(figure: Figure, choices: list[Choice]) -> list[str]:
    """The other choices under which a figure is met."""
    values = [(choice.choice, choice.figures.get(figure.name)) for choice in choices]
    return [name for name, value in values if value is not None and state(figure, Value(value)) == "met"]


def verdict(figures: tuple[Figure, ...], found: Recomputed) -> Verdict:
    """The verdict on a claim by the rules of this module."""
    tested = [f for f in figures if not f.supporting and (f.value, f.at_least, f.at_most) != (None, None, None)]
    states = [state(figure, found.figures.get(figure.name)) for figure in tested]
    checked = [one for one in states if one != "unchecked"]
    if not checked:
        return "not checkable"
    if all(one == "met" for one in states):
        return "reproduced"
    if any(one in ("met", "near") for one in checked) or any(met_elsewhere(f, found.choices) for f in tested):
        return "in part"
    return "not reproduced"
