"""The e-process: monotone in the ratio, honest about missing answers, and stopping for the right reason."""

import numpy as np
import pytest

from weighbridge.stats.sequential import (
    Family,
    anytime_p,
    confidence_sequence,
    difference_sequence,
    log_wealth_over,
    log_wealth_under,
    may_stop,
)


def waves(seed, p1, p0, count=20, tasks=40):
    rng = np.random.default_rng(seed)
    return (rng.random((count, tasks)) < p1) * 1.0, (rng.random((count, tasks)) < p0) * 1.0


def test_wealth_has_mean_one_or_less_without_effect_although_tasks_differ():
    rng = np.random.default_rng(0)
    p1 = np.r_[np.full(10, 0.9), np.full(10, 0.1)]
    p0 = np.r_[np.full(10, 0.1), np.full(10, 0.9)]
    ends = []
    for _ in range(4_000):
        y1, y0 = (rng.random((2, 20)) < p1) * 1.0, (rng.random((2, 20)) < p0) * 1.0
        ends.append(np.exp(log_wealth_over(y1, y0, 1.0)[-1]))
    assert np.mean(ends) <= 1.0 + 3 * np.std(ends) / np.sqrt(len(ends))


def test_wealth_falls_as_the_refuted_ratio_rises():
    y1, y0 = waves(1, 0.4, 0.2)
    over = [log_wealth_over(y1, y0, r)[-1] for r in (0.5, 1.0, 1.5, 2.5, 5.0)]
    under = [log_wealth_under(y1, y0, r)[-1] for r in (0.5, 1.0, 1.5, 2.5, 5.0)]
    assert over == sorted(over, reverse=True) and under == sorted(under)


def test_the_confidence_sequence_ends_where_the_wealth_passes_its_bar():
    y1, y0 = waves(2, 0.45, 0.25)
    low, high = confidence_sequence(y1, y0)
    assert low < 1.8 < high
    assert log_wealth_over(y1, y0, low).max() == pytest.approx(np.log(40), abs=1e-3)
    assert log_wealth_under(y1, y0, high).max() == pytest.approx(np.log(40), abs=1e-3)


def test_without_events_nothing_is_known():
    zero = np.zeros((5, 10))
    assert confidence_sequence(zero, zero) == (0.0, float("inf"))
    assert may_stop(zero, zero).why is None


@pytest.mark.parametrize("p1, why", [(0.7, "worse side"), (0.1, "better side"), (0.3, "futile")])
def test_it_stops_for_the_right_reason(p1, why):
    stop = may_stop(*waves(3, p1, 0.3, count=60))
    assert stop.why == why and stop.waves < 60
    assert (stop.low < 1 < stop.high) == (why == "futile")


def test_a_missing_answer_is_never_evidence():
    y1, y0 = waves(4, 0.5, 0.3)
    full = anytime_p(y1, y0)[-1]
    holes = np.random.default_rng(0).random(y1.shape) < 0.2
    assert anytime_p(np.where(holes, np.nan, y1), y0)[-1] >= full
    assert anytime_p(y1, np.where(holes, np.nan, y0))[-1] >= full


def test_anytime_p_values_never_rise():
    assert (np.diff(anytime_p(*waves(5, 0.4, 0.3))) <= 0).all()


def test_a_family_needs_more_evidence_than_a_single_comparison():
    arms = [waves(6, 0.5, 0.3, count=3)] + [waves(s, 0.3, 0.3, count=3) for s in range(10, 57)]
    alone, crowd = Family().look(arms[:1]), Family().look(arms)
    assert alone[0] == "worse side" or anytime_p(*arms[0])[-1] > 0.05
    assert [a for a in crowd[1:] if a in ("worse side", "better side")] == []
    assert Family().look([]) == []


def test_the_difference_is_covered_at_every_wave_whatever_is_missing_and_why():
    """Effects of both signs on unequal tasks, and a third of the context's hits lost: the sequence only gets wider."""
    missed, runs = 0, 100
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        p0 = rng.beta(0.5, 1.0, 30)
        p1 = np.clip(p0 + rng.choice([-0.2, 0.3], 30), 0, 1)
        y1, y0 = (rng.random((12, 30)) < p1) * 1.0, (rng.random((12, 30)) < p0) * 1.0
        lost = np.where((y1 == 1) & (rng.random(y1.shape) < 0.33), np.nan, y1)
        (low, high), (wide_low, wide_high) = difference_sequence(y1, y0), difference_sequence(lost, y0)
        assert wide_low <= low and high <= wide_high
        missed += not low <= p1.mean() - p0.mean() <= high
    assert missed <= runs * 0.05


def test_the_difference_sequence_ends_at_the_whole_range_and_knows_the_sign():
    y1, y0 = waves(2, 0.6, 0.3)
    low, high = difference_sequence(y1, y0)
    assert 0 < low < 0.3 < high < 1
    assert difference_sequence(y0, y1) == pytest.approx((-high, -low))
    nothing = np.full((3, 8), np.nan)
    assert difference_sequence(nothing, nothing) == (-1.0, 1.0)
