"""Samples of programs: a random part of every task, nested, so that a larger one costs only the difference."""

from __future__ import annotations

import polars as pl

from weighbridge.audit.review.sample import in_order

SIZES = {"a": 5, "b": 50, "c": 200, "d": 1}


def answers() -> pl.DataFrame:
    rows = [(f"{task}{number}", task) for task, size in SIZES.items() for number in range(size)]
    return pl.DataFrame([*rows, *rows[:3], (None, "a")], schema=["program", "task"], orient="row")


def test_every_program_stands_once_in_the_same_order_each_time() -> None:
    order = in_order(answers(), 0)
    assert order.height == 256 and order["program"].n_unique() == 256
    assert in_order(answers().reverse(), 0).equals(order)
    assert not in_order(answers(), 1).equals(order)


def test_the_smallest_sample_already_has_every_task_and_a_larger_one_its_shares() -> None:
    order = in_order(answers(), 0)
    assert sorted(order["task"].head(4)) == ["a", "b", "c", "d"]
    counts = dict(order.head(64)["task"].value_counts().iter_rows())
    assert counts["d"] == 1 and counts["a"] in {1, 2} and abs(counts["b"] - 12.5) <= 1 and abs(counts["c"] - 50) <= 1.5


def test_each_program_of_a_task_is_as_likely_as_any_other() -> None:
    seeds = 400
    seen = pl.concat([in_order(answers(), seed).head(64) for seed in range(seeds)])
    counts = seen.filter(pl.col("task") == "b")["program"].value_counts()["count"]
    expected = counts.sum() / 50
    chi_squared = float(((counts - expected) ** 2 / expected).sum())
    assert counts.len() == 50 and 20 < chi_squared < 90  # 49 degrees of freedom, and sampled without replacement
