"""Arms side by side: the sign-flip's numbers, Holm within a family, ties that are called ties, rank ranges."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weighbridge.stats.design import Outcome
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.pairs import Pair, arm_rates, compare_arms, rank_ranges
from weighbridge.stats.signflip import sign_flip
from weighbridge.stats.verdict import Margin

BAD = Outcome("bad", "worse")
SOUND = Outcome("sound", "better")


def answers(rates: dict[str, float], *, tasks: int = 40, repeats: int = 5, seed: int = 1) -> pl.DataFrame:
    """Arms with a rate each, on the same tasks, whose log-odds differ by sd 1."""
    rng = np.random.default_rng(seed)
    ease = rng.normal(0, 1, tasks)
    rows = [
        {"arm": arm, "task": f"t{t}", "bad": bool(rng.random() < 1 / (1 + np.exp(-(np.log(p / (1 - p)) + ease[t]))))}
        for arm, p in rates.items()
        for t in range(tasks)
        for _ in range(repeats)
    ]
    return pl.DataFrame(rows).with_columns(sound=~pl.col("bad"))


def one(
    frame: pl.DataFrame, pairs: list[Pair], outcome: Outcome = BAD, margin: float = 0.05
) -> list[dict[str, object]]:
    return compare_arms(frame, pairs, [outcome], Margin(difference=margin)).to_dicts()


def test_a_pair_is_the_sign_flip_on_task_totals() -> None:
    frame = answers({"a": 0.3, "b": 0.5})
    row = one(frame, [Pair("a", "b", "f")])[0]
    total = {
        arm: frame.filter(pl.col("arm") == arm).group_by("task").agg(pl.col("bad").sum()).sort("task") for arm in "ab"
    }
    counts = [total[arm]["bad"].cast(pl.Float64).to_numpy() for arm in "ab"]
    asked = np.full(40, 5.0)
    flip = sign_flip(counts[0], asked, counts[1], asked, draws=4_999)
    assert row["p"] == pytest.approx(flip.p_mid)  # type: ignore[union-attr]
    assert (row["difference_low"], row["difference_high"]) == pytest.approx(
        (flip.difference.low, flip.difference.high)  # type: ignore[union-attr]
    )


@pytest.mark.parametrize(
    ("rates", "outcome", "margin", "word"),
    [
        ({"a": 0.2, "b": 0.6}, BAD, 0.05, "better"),
        ({"a": 0.6, "b": 0.2}, BAD, 0.05, "worse"),
        ({"a": 0.2, "b": 0.6}, SOUND, 0.05, "better"),
        ({"a": 0.6, "b": 0.2}, SOUND, 0.05, "worse"),
        ({"a": 0.4, "b": 0.4}, BAD, 0.05, "not enough data"),
        ({"a": 0.4, "b": 0.4}, BAD, 0.3, "no difference larger than the margin"),
    ],
)
def test_the_word_speaks_of_the_first_arm(rates: dict[str, float], outcome: Outcome, margin: float, word: str) -> None:
    assert one(answers(rates), [Pair("a", "b", "f")], outcome, margin)[0]["word"] == word


def test_few_tasks_and_few_events_are_not_enough_data() -> None:
    pair = [Pair("a", "b", "f")]
    assert "tasks in both arms" in str(one(answers({"a": 0.1, "b": 0.9}, tasks=8), pair)[0]["reason"])
    assert "events" in str(one(answers({"a": 0.01, "b": 0.01}), pair)[0]["reason"])


def test_answers_without_a_verdict_are_missing_and_never_a_difference() -> None:
    frame = answers({"a": 0.5, "b": 0.5}).with_columns(
        bad=pl.when((pl.col("arm") == "a") & pl.col("bad")).then(None).otherwise(pl.col("bad"))
    )
    row = one(frame, [Pair("a", "b", "f")])[0]
    assert row["word"] == "not enough data"
    assert "no verdict" in str(row["reason"])


def test_holm_corrects_within_a_family_only() -> None:
    arms = {"a": 0.3, "b": 0.45, "c": 0.4, "d": 0.35}
    pairs = [
        Pair(x, y, family)
        for family, x, y in (("one", "a", "b"), ("one", "a", "c"), ("one", "b", "d"), ("two", "a", "b"))
    ]
    rows = one(answers(arms), pairs)
    first = [row for row in rows if row["family"] == "one"]
    expected = holm(np.array([float(str(row["p"])) for row in first]))
    assert [row["p_holm"] for row in first] == pytest.approx(expected.tolist())
    alone = next(row for row in rows if row["family"] == "two")
    assert alone["p_holm"] == alone["p"]


def test_a_task_asked_twice_under_two_names_is_one_cluster() -> None:
    frame = answers({"a": 0.3, "b": 0.5})
    twice = pl.concat([frame, frame.with_columns(task=pl.col("task") + " again")])
    clustered = twice.with_columns(cluster=pl.col("task").str.replace(" again", ""))
    pair = [Pair("a", "b", "f")]
    once, naive, right = (one(each, pair)[0]["p"] for each in (frame, twice, clustered))
    assert right == pytest.approx(once)
    assert float(str(naive)) < float(str(once))


def test_a_density_is_compared_over_its_exposure() -> None:
    frame = answers({"a": 0.4, "b": 0.4}).with_columns(
        findings=pl.lit(3), kloc=pl.when(pl.col("arm") == "a").then(0.1).otherwise(0.05)
    )
    density = Outcome("density", "worse", column="findings", per="kloc", margin=Margin(ratio=1.25))
    row = one(frame, [Pair("a", "b", "f")], density)[0]
    assert row["ratio"] == pytest.approx(0.5)
    assert row["here_low"] is None


def test_a_tie_leaves_the_rank_open() -> None:
    compared = pl.DataFrame(
        {"one": ["a", "a", "b"], "other": ["b", "c", "c"], "word": ["not enough data", "better", "better"]}
    )
    assert rank_ranges(["a", "b", "c"], compared) == {"a": (1, 2), "b": (1, 2), "c": (3, 3)}


def test_an_arm_that_nobody_asked_is_named() -> None:
    with pytest.raises(ValueError, match="no answers of arm z"):
        one(answers({"a": 0.5}), [Pair("a", "z", "f")])


def test_identical_arms_are_not_told_apart() -> None:
    told = 0
    for seed in range(150):
        frame = answers({"a": 0.4, "b": 0.4}, tasks=30, repeats=3, seed=seed)
        told += one(frame, [Pair("a", "b", "f")])[0]["word"] in {"worse", "better"}
    assert told <= 150 * 0.05 + 2.6 * (150 * 0.05 * 0.95) ** 0.5


def test_every_arm_has_a_rate_with_its_interval() -> None:
    rates = arm_rates(answers({"a": 0.3, "b": 0.5}), [BAD, SOUND])
    assert rates.height == 4
    assert rates.filter(pl.col("low").is_null()).height == 0
    a = rates.filter((pl.col("arm") == "a") & (pl.col("outcome") == "bad")).to_dicts()[0]
    assert a["low"] < a["value"] < a["high"]
