"""The sign-flip, its interval and its p-value, against listing every sign vector by hand."""

import numpy as np
import pytest

from weighbridge.stats.estimate import Estimate, NoEstimate
from weighbridge.stats.signflip import SignFlip, linear_limits, sign_flip, sign_flips
from weighbridge.stats.signs import sign_p, sign_sets


def listed_p(c1, l1, c0, l0, ratio, mid):
    """p(ρ) from the definition: all 2^n sign vectors, no shortcut."""
    m1, m0, total = l1.sum(), l0.sum(), c1.sum() + c0.sum()
    pooled = total / (m0 + ratio * m1)
    u = (c1 - ratio * pooled * l1) / (ratio * m1) - (c0 - pooled * l0) / m0
    signs = 1 - 2 * ((np.arange(2 ** len(u))[:, None] >> np.arange(len(u))) & 1)
    sums, seen = np.abs(signs @ u), abs(u.sum())
    at_least, beyond = (sums >= seen - 1e-12).mean(), (sums > seen + 1e-12).mean()
    return (at_least + beyond) / 2 if mid else at_least


def arms(seed, tasks, same_exposure, rates=(0.5, 0.3)):
    rng = np.random.default_rng(seed)
    l1 = rng.integers(3, 8, tasks).astype(float)
    l0 = l1.copy() if same_exposure else rng.integers(3, 8, tasks).astype(float)
    c1 = rng.binomial(l1.astype(int), rates[0]).astype(float)
    c0 = rng.binomial(l0.astype(int), rates[1]).astype(float)
    return c1, l1, c0, l0


@pytest.mark.parametrize("mid", [True, False])
@pytest.mark.parametrize("same_exposure", [True, False])
@pytest.mark.parametrize("seed", range(6))
def test_interval_ends_where_the_listed_p_value_crosses_alpha(seed, same_exposure, mid):
    data = arms(seed, 10, same_exposure)
    flip = sign_flip(*data, mid=mid)
    assert isinstance(flip, SignFlip) and isinstance(flip.ratio, Estimate)
    for limit, outward in ((flip.ratio.low, 1 - 1e-5), (flip.ratio.high, 1 + 1e-5)):
        if 0 < limit < np.inf and limit != 1:
            assert listed_p(*data, limit * outward, mid) <= 0.05
            assert listed_p(*data, limit / outward, mid) > 0.05


@pytest.mark.parametrize("seed", range(6))
def test_p_value_is_the_listed_share_of_sign_vectors(seed):
    data = arms(seed, 10, True)
    flip = sign_flip(*data)
    assert isinstance(flip, SignFlip)
    assert flip.p_mid == pytest.approx(listed_p(*data, 1, True), abs=1e-12)
    assert flip.p_exact == pytest.approx(listed_p(*data, 1, False), abs=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_p_value_with_unequal_exposures_is_within_rounding_of_the_listed_one(seed):
    data = arms(seed, 11, False)
    flip = sign_flip(*data)
    assert isinstance(flip, SignFlip)
    assert flip.p_mid == pytest.approx(listed_p(*data, 1, True), abs=0.01)
    assert flip.p_exact >= listed_p(*data, 1, False) - 1e-12


@pytest.mark.parametrize("seed", range(4))
def test_difference_interval_is_the_sign_flip_on_shifted_differences(seed):
    c1, l1, c0, _ = arms(seed, 12, True)
    total = l1.sum()
    shift, weight = ((c1 - c0) / total)[:, None], (l1 / total)[:, None]
    low, high = linear_limits(shift, weight, sign_sets(12).members, 0.05, mid=True)
    signs = 1 - 2 * ((np.arange(2**12)[:, None] >> np.arange(12)) & 1)

    def listed(shift):
        v = (c1 - c0 - shift * l1) / l1.sum()
        sums, seen = np.abs(signs @ v), abs(v.sum())
        return ((sums >= seen - 1e-12).mean() + (sums > seen + 1e-12).mean()) / 2

    for limit, outward in ((low[0], -1e-6), (high[0], 1e-6)):
        assert listed(limit + outward) <= 0.05 < listed(limit - outward)


def test_with_few_differing_tasks_the_difference_covers_what_the_ratio_allows():
    c0, asked = np.r_[np.full(3, 5.0), np.zeros(47)], np.full(50, 5.0)
    c1 = np.r_[np.full(2, 5.0), 2.0, np.zeros(47)]
    flip = sign_flip(c1, asked, c0, asked)
    assert isinstance(flip, SignFlip)
    assert isinstance(flip.ratio, Estimate) and isinstance(flip.difference, Estimate)
    pooled = (c1.sum() + c0.sum()) / asked.sum()
    for ratio in (flip.ratio.low, min(flip.ratio.high, 1e9)):
        implied = (ratio - 1) * pooled / (1 + ratio)
        assert flip.difference.low - 1e-9 <= implied <= flip.difference.high + 1e-9


@pytest.mark.parametrize("seed", range(40))
def test_interval_and_p_value_agree_at_no_effect(seed):
    c1, l1, c0, l0 = arms(seed, 30, bool(seed % 2), rates=(0.45, 0.3))
    flip = sign_flip(c1, l1, c0, l0, draws=999)
    assert isinstance(flip, SignFlip)
    assert isinstance(flip.ratio, Estimate) and isinstance(flip.difference, Estimate)
    rejected = flip.p_mid <= 0.05
    assert rejected == (not (flip.ratio.low < 1 < flip.ratio.high))
    assert rejected == (not (flip.difference.low < 0 < flip.difference.high))


def test_no_events_is_no_estimate_and_not_zero():
    zero, asked = np.zeros(12), np.full(12, 5.0)
    flip = sign_flip(zero, asked, zero, asked)
    assert isinstance(flip, SignFlip)
    assert isinstance(flip.ratio, NoEstimate) and isinstance(flip.difference, NoEstimate)
    assert flip.p_exact == flip.p_mid == 1.0
    many = sign_flips(zero[:, None], asked[:, None], zero[:, None], asked[:, None])
    assert (many.ratio_low[0], many.ratio_high[0]) == (0.0, np.inf)


def test_events_in_one_arm_only_leave_the_ratio_open_above():
    zero, asked = np.zeros(20), np.full(20, 5.0)
    flip = sign_flip(np.r_[np.full(10, 2.0), np.zeros(10)], asked, zero, asked)
    assert isinstance(flip, SignFlip) and isinstance(flip.ratio, Estimate)
    assert flip.ratio.value == np.inf and flip.ratio.high == np.inf and flip.ratio.low > 1


def test_an_unpaired_task_changes_nothing():
    c1, l1, c0, l0 = arms(5, 20, True)
    lone = sign_flip(np.r_[c1, 7.0], np.r_[l1, 7.0], np.r_[c0, 0.0], np.r_[l0, 0.0], draws=199)
    without = sign_flip(c1, l1, c0, l0, draws=199)
    assert isinstance(lone, SignFlip) and isinstance(without, SignFlip)
    assert (lone.p_mid, lone.tasks) == (without.p_mid, 20)
    assert lone.ratio.value == without.ratio.value  # type: ignore[union-attr]


def test_no_paired_task_is_no_estimate():
    asked, none = np.full(4, 5.0), np.zeros(4)
    assert isinstance(sign_flip(asked, asked, none, none), NoEstimate)


@pytest.mark.parametrize("wrong", [np.array([-1.0, 1.0]), np.array([np.nan, 1.0])])
def test_negative_or_missing_counts_are_refused(wrong):
    ones = np.ones(2)
    with pytest.raises(ValueError, match="0 or more"):
        sign_flip(wrong, ones, ones, ones)


def test_density_can_fall_while_the_count_rises():
    rng = np.random.default_rng(1)
    lines0 = rng.gamma(5, 0.03, 40)
    lines1 = lines0 * 2
    found0, found1 = rng.poisson(lines0 * 80).astype(float), rng.poisson(lines1 * 60).astype(float)
    one = np.ones(40)
    count, per_line = sign_flip(found1, one, found0, one), sign_flip(found1, lines1, found0, lines0)
    assert isinstance(count, SignFlip) and isinstance(per_line, SignFlip)
    assert count.ratio.low > 1 and per_line.ratio.high < 1  # type: ignore[union-attr]


def test_swapping_the_arms_inverts_the_ratio():
    c1, l1, c0, l0 = arms(2, 12, False)
    there, back = sign_flip(c1, l1, c0, l0), sign_flip(c0, l0, c1, l1)
    assert isinstance(there, SignFlip) and isinstance(back, SignFlip)
    assert isinstance(there.ratio, Estimate) and isinstance(back.ratio, Estimate)
    assert there.ratio.low == pytest.approx(1 / back.ratio.high)
    assert there.p_mid == pytest.approx(back.p_mid)


@pytest.mark.parametrize("tasks, vectors, listed", [(1, 1, True), (13, 4096, True), (14, 1000, False)])
def test_sign_vectors_are_listed_while_they_are_few(tasks, vectors, listed):
    sets = sign_sets(tasks, draws=999)
    assert sets.members.shape == (vectors, tasks) and sets.listed == listed
    assert not listed or len(np.unique(sets.members, axis=0)) == vectors
    assert np.all(sets.members[0] == 1)


def test_six_unanimous_tasks_give_two_in_two_to_the_six():
    assert sign_p(np.ones(6)).exact == 2 / 64
    assert sign_p(np.ones(6)).mid == 1 / 64
    assert sign_p(np.zeros(6)).exact == 1.0


def test_the_difference_of_counts_with_a_long_tail_is_not_too_sure_of_itself():
    """Where few tasks have most of the findings the plain interval covered 0.85: what it has not seen is the tail."""
    rng = np.random.default_rng(4)
    tasks, sets = 50, 400
    level = np.exp(rng.normal(0, 1.5, (tasks, sets)))
    asked = np.full((tasks, sets), 3.0)
    one, zero = (rng.poisson(3 * level * times * rng.gamma(2, 0.5, level.shape)) * 1.0 for times in (1.4, 1.0))
    found = sign_flips(one, asked, zero, asked, draws=999)
    truth = 0.4 * np.exp(1.5**2 / 2)
    covers = ((found.difference_low <= truth) & (truth <= found.difference_high)).mean()
    ratio = ((found.ratio_low <= 1.4) & (found.ratio_high >= 1.4)).mean()
    assert ratio >= 0.92 and covers >= 0.88
