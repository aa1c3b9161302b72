"""Difference-in-differences against the sign-flip on each task's own double difference."""

import numpy as np
import pytest

from weighbridge.stats.did import difference_in_differences
from weighbridge.stats.signs import sign_p


def four(seed, tasks=30, shift=0.0):
    rng = np.random.default_rng(seed)
    rates = rng.beta(1, 2, tasks)
    asked = np.full((tasks, 1), 5.0)
    moved = np.clip(rates + shift, 0, 1)
    return [(rng.binomial(5, p)[:, None].astype(float), asked) for p in (moved, rates, rates, rates)]


def test_it_is_the_sign_flip_on_double_differences():
    a, b, c, d = four(1)
    found = difference_in_differences(a, b, c, d)
    double = (a[0] - b[0] - c[0] + d[0])[:, 0]
    assert found.value[0] == pytest.approx(double.mean() / 5)
    assert found.p_mid[0] == pytest.approx(sign_p(double).mid, abs=0.005)


def test_what_happens_to_both_models_is_no_difference():
    rng = np.random.default_rng(2)
    rates, asked = rng.beta(1, 2, 60), np.full((60, 1), 10.0)
    arms = [(rng.binomial(10, p)[:, None].astype(float), asked) for p in (rates * 0.5, rates, rates * 0.5, rates)]
    found = difference_in_differences(*arms)
    assert found.low[0] < 0 < found.high[0]


def test_an_effect_on_one_model_only_is_found():
    found = difference_in_differences(*four(3, tasks=60, shift=0.25))
    assert found.low[0] > 0 and found.p_mid[0] < 0.01


def test_a_task_without_all_four_arms_drops_out():
    arms = four(4)
    count, asked = arms[2]
    asked = asked.copy()
    asked[:5] = 0
    found = difference_in_differences(arms[0], arms[1], (np.where(asked > 0, count, 0), asked), arms[3])
    assert found.tasks[0] == 25


def test_no_complete_task_is_no_estimate():
    arms = four(5)
    none = (arms[0][0] * 0, arms[0][1] * 0)
    found = difference_in_differences(none, *arms[1:])
    assert np.isnan(found.value[0]) and np.isnan(found.low[0]) and np.isnan(found.p_mid[0])
