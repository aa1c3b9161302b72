"""Cost per task solved: everything charged counts, an unknown price is never 0, and pairs use the sign-flip."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from weighbridge.price.solved import TokenPrice, costs, joined
from weighbridge.stats.signflip import sign_flip
from weighbridge.store.schemas import ANSWERS, TRIALS, VERDICTS

Row = tuple[str, str, str, float | None]
"""Model, task, verdict and dollars of one answer."""


def run(rows: list[Row], *, state: str = "answered", cached: int = 0, wasted: int | None = 0) -> pl.DataFrame:
    trials, answers, verdicts = [], [], []
    for at, (model, task, verdict, dollars) in enumerate(rows):
        name = f"t{at}"
        repeat = sum(r[:2] == (model, task) for r in rows[:at])
        cell = {"task": task, "context": "neutral", "slot": "none", "language": "en", "paraphrase": 0}
        trials.append({"trial": name, "model": model, "repeat": repeat, **cell})
        failed = verdict == "error"
        answers.append({
            "trial": name, "state": "error" if failed else state, "dollars": dollars, "attempts": 1,
            "input_tokens": None if failed else 1000, "cached_tokens": cached, "reasoning_tokens": 50,
            "output_tokens": None if failed else 500, "wasted_input_tokens": wasted, "wasted_output_tokens": wasted,
        })  # fmt: skip
        if verdict:
            verdicts.append({"trial": name, "verdict": verdict})
    frames = [
        pl.DataFrame(rows, schema_overrides=dict(schema), infer_schema_length=None)
        for rows, schema in ((trials, TRIALS), (answers, ANSWERS), (verdicts, VERDICTS))
    ]
    return joined(*frames)


def per_task(rows: pl.DataFrame, outcome: str = "solved", **options: object):
    bill = costs(rows, **options).bills[0]  # type: ignore[arg-type]
    return next(one for one in bill.per_task if one.outcome == outcome)


def test_refusals_and_broken_programs_are_paid_for_by_the_tasks_that_are_solved() -> None:
    rows = run(
        [
            ("a", "1", "secure", 1.0),
            ("a", "2", "vulnerable", 1.0),
            ("a", "3", "refused", 1.0),
            ("a", "4", "broken", 1.0),
        ]
    )
    assert per_task(rows).value == 2.0
    assert per_task(rows, "solved securely").value == 4.0


def test_nothing_solved_is_at_least_a_third_of_what_was_spent() -> None:
    one = per_task(run([("a", "1", "broken", 3.0), ("a", "2", "broken", 3.0)]))
    assert (one.value, one.at_least) == (2.0, True)


@pytest.mark.parametrize(
    ("dollars", "own", "said"),
    [
        ([None] * 4, set(), "its price is not known"),
        ([0.0] * 4, {"a"}, "your own machine"),
        ([1.0, 1.0, None, None], set(), "2 of 4 answers"),
    ],
)
def test_unknown_price_is_never_zero(dollars: list[float | None], own: set[str], said: str) -> None:
    found = costs(run([("a", str(at), "secure", cost) for at, cost in enumerate(dollars)]), own=own)
    one = found.bills[0].per_task[0]
    assert one.value is None
    assert said in (one.reason or "")
    if dollars[0] != 1.0:
        assert found.bills[0].dollars is None
        assert found.remarks == ["the price of 1 of 1 models is not known: a"]


def test_an_answer_without_a_price_takes_no_part_and_is_counted() -> None:
    rows = run([("a", str(at), "secure", 1.0) for at in range(19)] + [("a", "19", "secure", None)])
    bill = costs(rows).bills[0]
    assert (bill.unpriced, bill.per_task[0].value, bill.per_task[0].solved) == (1, 1.0, 19)


def test_a_failed_attempt_that_told_no_usage_makes_the_cost_a_lower_bound() -> None:
    bill = costs(run([("a", "1", "secure", 1.0), ("a", "2", "error", None)])).bills[0]
    assert (bill.silent_failures, bill.per_task[0].at_least, bill.unpriced) == (1, True, 0)


def test_answers_that_are_not_judged_take_no_part_and_are_counted() -> None:
    bill = costs(run([("a", "1", "secure", 1.0), ("a", "2", "", 1.0)])).bills[0]
    assert (bill.not_judged, bill.dollars) == (1, 1.0)


def test_own_price_counts_cached_and_wasted_tokens() -> None:
    rows = run([("a", "1", "secure", None)], cached=400, wasted=100)
    price = TokenPrice(2.0, 10.0, 0.5)
    # 600 fresh and 400 cached in, 500 out, and 100 + 100 that failed attempts used.
    expected = (600 * 2 + 400 * 0.5 + 500 * 10 + 100 * 2 + 100 * 10) / 1e6
    bill = costs(rows, prices={"a": price}).bills[0]
    assert bill.dollars == pytest.approx(expected)
    assert bill.wasted_dollars_share == pytest.approx(100 * 12 / 1e6 / expected)


def test_a_pair_is_the_sign_flip_with_solved_as_exposure_on_tasks_both_solve() -> None:
    rng = np.random.default_rng(5)
    rows: list[Row] = []
    for task in range(14):
        for model, dear in (("cheap", 1.0), ("dear", 3.0)):
            rows += [(model, str(task), "secure", dear * float(rng.uniform(0.8, 1.2))) for _ in range(3)]
    rows += [("cheap", "only", "secure", 1.0), ("dear", "only", "broken", 50.0)]
    pair = next(p for p in costs(run(rows)).pairs if p.outcome == "solved")
    sums = {
        m: [sum(r[3] or 0 for r in rows if r[0] == m and r[1] == str(t)) for t in range(14)] for m in ("cheap", "dear")
    }
    exposure = np.full(14, 3.0)
    direct = sign_flip(np.array(sums["dear"]), exposure, np.array(sums["cheap"]), exposure)
    assert pair.model == "dear"
    assert pair.tasks == 14
    assert pair.ratio == pytest.approx(direct.ratio.value)  # type: ignore[union-attr]
    assert pair.word == "dearer"
    assert 2.5 < (pair.low or 0) < (pair.high or 0) < 3.6


@pytest.mark.parametrize("tasks", [1, 8])
def test_few_tasks_are_not_enough_data(tasks: int) -> None:
    rows: list[Row] = [(m, str(t), "secure", c) for t in range(tasks) for m, c in (("a", 1.0), ("b", 9.0))]
    assert {pair.word for pair in costs(run(rows)).pairs} == {"not enough data"}


def test_equal_models_are_not_told_apart() -> None:
    rng = np.random.default_rng(1)
    rows: list[Row] = [(m, str(t), "secure", float(rng.lognormal())) for t in range(30) for m in ("a", "b")]
    assert costs(run(rows)).pairs[0].word == "not told apart"


def test_no_task_in_common_is_no_ratio_and_says_so() -> None:
    pair = costs(run([("a", "1", "secure", 1.0), ("b", "2", "secure", 1.0)])).pairs[0]
    assert pair.ratio is None
    assert pair.reason == "there is no task that both solved"
    assert pair.left_out == 2
