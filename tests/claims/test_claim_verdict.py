"""A verdict follows from written rules, and a figure that nothing computed is never judged."""

from __future__ import annotations

import pytest

from weighbridge.claims.evidence import Choice, Recomputed, Value
from weighbridge.claims.ledger import Figure
from weighbridge.claims.verdict import state, verdict


def figure(name: str = "x", **fields: object) -> Figure:
    return Figure(name=name, text="as published", **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("published", "found", "expected"),
    [
        ({"value": 2.7, "digits": 1}, Value(2.66), "met"),
        ({"value": 2.7, "digits": 1}, Value(2.65), "met"),
        ({"value": 2.7, "digits": 1}, Value(2.64), "near"),
        ({"value": 2.7, "digits": 1}, Value(2.43), "near"),
        ({"value": 2.7, "digits": 1}, Value(2.42), "missed"),
        ({"value": 2.7, "digits": 1}, Value(2.0, 1.9, 2.8), "near"),
        ({"value": 90, "digits": -1}, Value(86.0), "met"),
        ({"value": 90, "digits": 0}, Value(86.0), "near"),
        ({"value": 0, "digits": 0}, Value(0.4), "met"),
        ({"at_least": 2}, Value(2), "met"),
        ({"at_least": 2}, Value(0), "missed"),
        ({"at_least": 2}, Value(1, 0, 3), "near"),
        ({"at_most": 5}, Value(5), "met"),
        ({"at_most": 5}, Value(6, 4, 7), "near"),
        ({"value": 2.7, "digits": 1}, None, "unchecked"),
        ({}, Value(1.0), "unchecked"),
    ],
)
def test_a_figure_is_met_near_missed_or_unchecked(
    published: dict[str, float], found: Value | None, expected: str
) -> None:
    assert state(figure(**published), found) == expected


A, B = {"value": 10, "digits": 0}, {"value": 20, "digits": 0}


@pytest.mark.parametrize(
    ("figures", "found", "choices", "expected"),
    [
        ([("a", A)], {"a": 10}, [], "reproduced"),
        ([("a", A), ("b", B)], {"a": 10, "b": 20}, [], "reproduced"),
        ([("a", A), ("b", B)], {"a": 10, "b": 90}, [], "in part"),
        ([("a", A), ("b", B)], {"a": 10}, [], "in part"),
        ([("a", A)], {"a": 10.9}, [], "in part"),
        ([("a", A)], {"a": 30}, [], "not reproduced"),
        ([("a", A)], {"a": 30}, [{"a": 10}], "in part"),
        ([("a", A), ("b", B)], {"a": 30}, [], "not reproduced"),
        ([("a", A)], {}, [{"a": 10}], "not checkable"),
        ([("a", {})], {"a": 10}, [], "not checkable"),
        ([("a", A), ("b", {**B, "supporting": True})], {"a": 10, "b": 90}, [], "reproduced"),
    ],
)
def test_the_verdict_of_a_claim(
    figures: list[tuple[str, dict[str, float]]], found: dict[str, float], choices: list[dict[str, float]], expected: str
) -> None:
    recomputed = Recomputed({name: Value(v) for name, v in found.items()}, [Choice("other", one) for one in choices])
    assert verdict(tuple(figure(name, **fields) for name, fields in figures), recomputed) == expected
