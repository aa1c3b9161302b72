"""The placebo test against a prediction interval computed by hand, and where it must not answer."""

import numpy as np
import pytest
from scipy import stats

from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.placebo import PlaceboTest, placebo_test

PLACEBOS = np.array([0.01, -0.02, 0.03, 0.0, 0.02, -0.01, 0.015, -0.005, 0.0, 0.01])


def test_it_is_the_t_of_one_more_harmless_wording():
    test = placebo_test(0.08, PLACEBOS)
    assert isinstance(test, PlaceboTest)
    t = (0.08 - PLACEBOS.mean()) / (PLACEBOS.std(ddof=1) * np.sqrt(1.1))
    assert test.t == pytest.approx(t)
    assert test.p == pytest.approx(2 * stats.t.sf(t, 9))
    edge = placebo_test(test.harmless_high, PLACEBOS)
    assert isinstance(edge, PlaceboTest) and edge.p == pytest.approx(0.05)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_too_few_placebos_give_no_estimate(k):
    answer = placebo_test(0.5, PLACEBOS[:k])
    assert isinstance(answer, NoEstimate) and f"{k} placebo" in answer.reason


def test_missing_placebos_are_not_counted():
    test = placebo_test(0.08, np.r_[PLACEBOS, np.nan])
    assert isinstance(test, PlaceboTest) and test.placebos == 10


def test_placebos_without_spread_do_not_make_one_answer_significant():
    one_answer = 1 / 250
    test = placebo_test(one_answer / 10, np.zeros(10), resolution=one_answer)
    assert isinstance(test, PlaceboTest) and test.p > 0.05
    large = placebo_test(0.2, np.zeros(10), resolution=one_answer)
    assert isinstance(large, PlaceboTest) and large.p < 0.001


@pytest.mark.parametrize("wording_sd", [0.0, 0.1, 0.2, 0.3])
def test_the_placebo_test_holds_its_size_under_wording_noise(wording_sd):
    """60 tasks × 5 answers; every wording moves the log-odds by its own amount, paraphrases of the context as well."""
    rng = np.random.default_rng(int(wording_sd * 100) + 7)
    false = 0
    rounds = 1200
    for _ in range(rounds):
        base = rng.normal(-1, 1.5, 60)

        def arm(answers, base=base):
            p = 1 / (1 + np.exp(-(base + rng.normal(0, wording_sd))))
            return rng.binomial(answers, p) / answers

        neutral = arm(5)
        placebos = np.array([(arm(5) - neutral).mean() for _ in range(10)])
        context = (np.mean([arm(5) for _ in range(3)], axis=0) - neutral).mean()
        test = placebo_test(float(context), placebos)
        assert isinstance(test, PlaceboTest)
        false += test.p <= 0.05
    assert false / rounds <= 0.06 + 2 * np.sqrt(0.06 * 0.94 / rounds)
