"""A tie is not called where a few tasks, hardly in the sample, could carry a difference as large as the margin."""

import numpy as np
import polars as pl
import pytest

from weighbridge.stats.design import Outcome
from weighbridge.stats.pairs import Pair, compare_arms
from weighbridge.stats.rare import limits_if_rare
from weighbridge.stats.rates import clopper_pearson
from weighbridge.stats.signflip import sign_flips
from weighbridge.stats.verdict import Margin


def arrays(rng, tasks, sets, repeats, turned):
    """Counts of two arms; ``turned`` is the chance that a task which hardly ever fails always does in the first arm."""
    rare = rng.beta(0.3, 9.7, (tasks, sets))
    context = np.where(rng.random((tasks, sets)) < turned, 1.0, rare)
    return (rng.binomial(repeats, p) * 1.0 for p in (context, rare))


def test_a_tie_at_the_margin_is_rare_although_one_task_in_twenty_carries_it_all():
    rng, margin, repeats = np.random.default_rng(2), 0.05, 10
    c1, c0 = arrays(rng, 120, 2_000, repeats, margin / 0.97)
    asked = np.full(c1.shape, float(repeats))
    found = sign_flips(c1, asked, c0, asked, draws=499)
    inside = (-margin < found.difference_low) & (found.difference_high < margin)
    low, high = limits_if_rare(c1, asked, c0, asked)
    assert inside.mean() > 0.05  # what the interval alone says
    assert (inside & (-margin < low) & (high < margin)).mean() <= 0.03


def test_where_many_tasks_differ_a_little_nothing_is_widened():
    rng = np.random.default_rng(3)
    c1, c0 = (rng.binomial(10, 0.4, (120, 50)) * 1.0 for _ in range(2))
    asked = np.full(c1.shape, 10.0)
    low, high = limits_if_rare(c1, asked, c0, asked)
    assert low == pytest.approx((c1 - c0).mean(axis=0) / 10) and high == pytest.approx(low)


def test_two_tasks_of_a_hundred_reach_as_far_as_two_answers_of_a_hundred():
    c1, c0, asked = np.zeros((100, 1)), np.zeros((100, 1)), np.ones((100, 1))
    c1[:2] = 1.0
    low, high = limits_if_rare(c1, asked, c0, asked)
    assert high[0] == pytest.approx(clopper_pearson(0.02, 100)[1])
    assert low[0] == pytest.approx(0.02 - clopper_pearson(0.0, 100)[1])


def test_without_a_paired_task_there_is_no_limit():
    none, some = np.zeros((3, 1)), np.ones((3, 1))
    assert np.isnan(limits_if_rare(none, none, some, some)).all()


def test_the_word_waits_for_tasks_although_the_interval_lies_inside():
    """Three of 120 tasks turn: the interval ends before the margin of six points, the exact limit beyond it."""
    turned, slightly = {"a": {0, 1, 2}, "b": set[int]()}, {"a": range(100, 105), "b": range(105, 110)}
    rows = [
        {"arm": arm, "task": f"t{t}", "bad": t in turned[arm] or (t in slightly[arm] and r == 0) or (t > 110 and r < 3)}
        for arm in "ab"
        for t in range(120)
        for r in range(6)
    ]
    compared = compare_arms(pl.DataFrame(rows), [Pair("a", "b", "f")], [Outcome("bad")], Margin(difference=0.06))
    row = compared.row(0, named=True)
    assert row["difference_low"] > -0.06 and row["difference_high"] < 0.06
    assert row["word"] == "not enough data" and "a few tasks" in row["reason"]
