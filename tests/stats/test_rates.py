"""Rates at the ends, with few tasks, and against statsmodels where answers are independent."""

import numpy as np
import polars as pl
import pytest
from statsmodels.stats.proportion import proportion_confint

from weighbridge.stats.design import Outcome
from weighbridge.stats.estimate import Estimate, NoEstimate
from weighbridge.stats.pairs import arm_rates
from weighbridge.stats.ppi import clustered_ppi
from weighbridge.stats.rates import Rate, clopper_pearson, density, icc, rate, wilson
from weighbridge.stats.stealth import joint_rate, stealth_share


@pytest.mark.parametrize("events, answers", [(0, 20), (3, 20), (20, 20), (117, 250)])
def test_the_binomial_intervals_are_those_of_statsmodels(events, answers):
    assert wilson(events / answers, answers) == pytest.approx(proportion_confint(events, answers, method="wilson"))
    assert clopper_pearson(events / answers, answers) == pytest.approx(
        proportion_confint(events, answers, method="beta")
    )


@pytest.mark.parametrize("every, value", [(0.0, 0.0), (5.0, 1.0)])
def test_a_rate_of_nothing_or_everything_is_not_certain(every, value):
    found = rate(np.full(12, every), np.full(12, 5.0))
    assert isinstance(found, Rate) and found.value == value
    assert found.high - found.low == pytest.approx(1 - 0.025 ** (1 / 12))  # twelve tasks, not sixty answers


def test_unanimous_tasks_count_once():
    counts = np.r_[np.full(15, 10.0), np.zeros(15)]
    found = rate(counts, np.full(30, 10.0))
    assert isinstance(found, Rate)
    assert found.design_effect == pytest.approx(10, rel=0.15) and found.icc == pytest.approx(1.0)


def test_independent_answers_have_no_design_effect():
    rng = np.random.default_rng(0)
    found = rate(rng.binomial(10, 0.4, 200).astype(float), np.full(200, 10.0))
    assert isinstance(found, Rate)
    assert found.design_effect < 1.3 and found.icc == pytest.approx(0, abs=0.05)


def test_no_answer_is_no_estimate():
    assert isinstance(rate(np.zeros(3), np.zeros(3)), NoEstimate)
    assert icc(np.ones(5), np.ones(5)) is None
    assert isinstance(density(np.zeros(5), np.ones(5)), NoEstimate)


def test_more_events_than_answers_are_refused():
    with pytest.raises(ValueError, match="counts ≤ answers"):
        rate(np.array([3.0]), np.array([2.0]))


def test_removing_easy_bugs_raises_the_stealth_share_while_fewer_go_unseen():
    asked = np.full(40, 10.0)
    before = stealth_share(np.full(40, 2.0), np.full(40, 8.0)), joint_rate(np.full(40, 2.0), asked)
    after = stealth_share(np.full(40, 1.0), np.full(40, 2.0)), joint_rate(np.full(40, 1.0), asked)
    assert all(isinstance(x, Rate) for x in (*before, *after))
    assert after[0].value > before[0].value and after[1].value < before[1].value  # type: ignore[union-attr]
    assert isinstance(stealth_share(np.zeros(9), np.r_[2.0, np.zeros(8)]), NoEstimate)


def judged_answers(rng, tasks=60, repeats=10):
    """A judge whose errors go by task, as errors about one kind of flaw do."""
    p = rng.beta(0.6, 1.2, tasks)
    truth = rng.random((tasks, repeats)) < p[:, None]
    wrong = rng.random((tasks, 1)) < 0.25
    judged = np.where(wrong, rng.random((tasks, repeats)) < 0.8, truth)
    known = np.repeat(rng.random((tasks, 1)) < 0.5, repeats, axis=1)
    task = np.repeat(np.arange(tasks), repeats).astype(float)
    return task, judged.ravel().astype(float), truth.ravel().astype(float), known.ravel()


def test_prediction_powered_inference_covers_when_the_judge_errs_by_task():
    rng = np.random.default_rng(4)
    hits, widths, alone = [], [], []
    for _ in range(400):
        task, judged, truth, known = judged_answers(rng)
        found = clustered_ppi(task, judged, truth, known)
        assert isinstance(found, Estimate)
        hits.append(found.low <= 1 / 3 <= found.high)
        widths.append(found.high - found.low)
        only = rate(
            np.bincount(task[known].astype(int), truth[known], 60), np.bincount(task[known].astype(int), None, 60)
        )
        alone.append(only.high - only.low)  # type: ignore[union-attr]
    assert np.mean(hits) >= 0.92
    assert np.mean(widths) < np.mean(alone)


def test_prediction_powered_inference_needs_proved_tasks():
    task, judged, truth, known = judged_answers(np.random.default_rng(0))
    assert isinstance(clustered_ppi(task, judged, truth, known & (task < 8)), NoEstimate)


SIZES = {"geometric": lambda rng, n: np.minimum(rng.geometric(0.25, n), 25),
         "long tail": lambda rng, n: np.minimum(rng.zipf(1.7, n), 80)}  # fmt: skip


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("tasks, base", [(25, 0.7), (60, 0.2), (60, 0.7)])
def test_rates_are_covered_where_a_few_tasks_have_most_of_the_answers(sizes, tasks, base):
    """Tasks − 1 degrees of freedom, and residuals of tasks that pull the rate to themselves, covered 0.82 here."""
    rng, hits, runs = np.random.default_rng(8), 0, 300
    for _ in range(runs):
        asked = SIZES[sizes](rng, tasks)
        counts = rng.binomial(asked, rng.beta(base, 1 - base, tasks)).astype(float)
        found = rate(counts, asked.astype(float))
        assert isinstance(found, Rate)
        hits += found.low <= base <= found.high
    assert hits / runs >= 0.93 - 2.6 * (0.93 * 0.07 / runs) ** 0.5


def test_a_density_of_few_tasks_has_a_value_and_no_interval():
    few = density(np.array([3.0, 9.0, 1.0, 4.0, 4.0]), np.full(5, 2.0))
    assert isinstance(few, NoEstimate) and "5 tasks" in few.reason
    frame = pl.DataFrame({"arm": "a", "task": [f"t{t}" for t in range(5)], "findings": [3, 9, 1, 4, 4]})
    row = arm_rates(frame, [Outcome("findings", "worse")]).row(0, named=True)
    assert row["value"] == pytest.approx(4.2) and row["low"] is None and "5 tasks" in row["reason"]
