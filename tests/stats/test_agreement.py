"""Agreement beyond chance with clustered intervals, and rates corrected by a judge: known answers and coverage."""

from __future__ import annotations

import numpy as np
import pytest

from weighbridge.stats.agreement import FEWEST_CLUSTERS, kappa
from weighbridge.stats.estimate import Estimate, NoEstimate
from weighbridge.stats.ppi import (
    Corrected,
    alike_in_all,
    clustered_ppi,
    pooled_ppi,
    random_within,
    stratified_ppi,
)
from weighbridge.stats.rates import Rate, rate


def labels(both: int, only_first: int, only_second: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    sizes = [both, only_first, only_second, neither]
    return np.repeat([True, True, False, False], sizes), np.repeat([True, False, True, False], sizes)


@pytest.mark.parametrize(
    "table, wanted",
    [
        ((20, 5, 10, 15), 0.4),  # worked out in many textbooks
        ((45, 15, 25, 15), 0.1304),
        ((25, 35, 5, 35), 0.2593),
        ((5, 5, 5, 5), 0.0),
        ((0, 10, 10, 0), -1.0),
        ((10, 0, 0, 10), 1.0),
    ],
)
def test_kappa_is_as_by_hand(table: tuple[int, int, int, int], wanted: float) -> None:
    first, second = labels(*table)
    found = kappa(np.arange(first.size, dtype=float), first, second)
    assert isinstance(found, Estimate) and found.value == pytest.approx(wanted, abs=1e-4)
    assert -1 <= found.low <= found.value <= found.high <= 1


def test_full_agreement_on_a_few_tasks_is_not_certain() -> None:
    first, _ = labels(30, 0, 0, 30)
    cluster = np.tile(np.arange(12.0), 5)
    found = kappa(cluster, first, first)
    assert isinstance(found, Estimate) and found.value == 1 and 0 < found.low < 0.6


def test_the_interval_of_kappa_covers_where_a_reviewer_errs_by_task() -> None:
    rng = np.random.default_rng(23)
    task, truth, judged, _ = simulated(rng, 40_000, 5, 1.0)
    whole = kappa(task.astype(float), judged > 0, truth > 0)
    assert isinstance(whole, Estimate)
    by_task = by_answer = 0
    for _ in range(1500):
        task, truth, judged, _ = simulated(rng, 40, 15, 1.0)
        clustered = kappa(task.astype(float), judged > 0, truth > 0)
        single = kappa(np.arange(float(task.size)), judged > 0, truth > 0)
        assert isinstance(clustered, Estimate) and isinstance(single, Estimate)
        by_task += clustered.low <= whole.value <= clustered.high
        by_answer += single.low <= whole.value <= single.high
    assert by_task / 1500 >= 0.93 and by_answer / 1500 < 0.75


def test_the_interval_of_kappa_is_as_wide_as_leaving_out_tasks_says() -> None:
    """Delete-one-task jackknife, where margins are far apart, so that chance agreement matters."""
    rng = np.random.default_rng(29)
    task = np.repeat(np.arange(60), 12)
    base = rng.beta(0.3, 1.7, 60)[task]
    truth = rng.random(task.size) < base
    said = rng.random(task.size) < np.where(truth, 0.95, rng.beta(2, 1, 60)[task])

    def point(kept: np.ndarray) -> float:
        found = kappa(np.arange(float(kept.sum())), said[kept], truth[kept])
        assert isinstance(found, Estimate)
        return found.value

    without = np.array([point(task != one) for one in range(60)])
    error = np.sqrt(59 / 60 * ((without - without.mean()) ** 2).sum())
    found = kappa(task.astype(float), said, truth)
    assert isinstance(found, Estimate)
    assert (found.high - found.low) / 2 == pytest.approx(2.001 * error, rel=0.05)


def test_there_is_no_kappa_without_two_kinds_or_enough_tasks() -> None:
    yes = np.ones(50, dtype=bool)
    assert kappa(np.arange(50.0), yes, yes) == NoEstimate("every label is the same")
    few = kappa(np.arange(50.0) % (FEWEST_CLUSTERS - 1), *labels(20, 5, 10, 15))
    assert isinstance(few, NoEstimate) and "clusters" in few.reason


def simulated(rng: np.random.Generator, tasks: int, per: int, share: float, *, uneven: bool = False):
    """Answers of U-shaped tasks, a reviewer that errs by task, and which of them were attacked.

    Sensitivity 0.7 and false alarms 0.3 on average. ``uneven``: tasks with more exploits are attacked more.
    """
    base = rng.beta(0.4, 0.8, tasks)
    task = np.repeat(np.arange(tasks), per)
    truth = rng.random(task.size) < base[task]
    sensitivity, alarms = rng.beta(2.8, 1.2, tasks)[task], rng.beta(1.2, 2.8, tasks)[task]
    judged = np.where(truth, rng.random(task.size) < sensitivity, rng.random(task.size) < alarms).astype(float)
    chance = np.where(base > np.median(base), 0.6, 0.1) if uneven else np.full(tasks, share)
    known = rng.random(task.size) < chance[task]
    known[np.arange(0, task.size, per)] = True  # every task has one
    return task, truth.astype(float), judged, known


TRUTH = 0.4 / 1.2
RUNS = 3000


def covers(found: Corrected | Estimate | Rate | NoEstimate, truth: float) -> bool:
    assert not isinstance(found, NoEstimate)
    return found.low <= truth <= found.high


@pytest.mark.parametrize("uneven", [False, True])
def test_a_corrected_rate_covers_the_truth_and_the_reviewers_alone_does_not(uneven: bool) -> None:
    rng = np.random.default_rng(20261125)
    corrected = here = alone = pooled = 0
    for _ in range(RUNS):
        task, truth, judged, known = simulated(rng, 45, 20, 0.2, uneven=uneven)
        everything = np.ones_like(known)
        found = stratified_ppi(task, task, judged, truth, everything, known)
        corrected += covers(found, TRUTH)
        assert isinstance(found, Corrected) and found.low_here is not None and found.high_here is not None
        here += found.low_here <= truth.mean() <= found.high_here
        alone += covers(rate(np.bincount(task, judged), np.bincount(task).astype(float)), TRUTH)
        pooled += covers(clustered_ppi(task.astype(float), judged, truth, known), TRUTH)
    assert corrected / RUNS >= 0.93 and here / RUNS >= 0.93
    assert alone / RUNS < 0.75
    # Where tasks are attacked unequally, pooling over tasks is wrong; the strata put it right.
    assert (pooled / RUNS < 0.6) if uneven else (pooled / RUNS >= 0.93)


def test_a_sample_that_was_reviewed_is_enough() -> None:
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(RUNS):
        task, truth, judged, known = simulated(rng, 45, 20, 0.2)
        reviewed = rng.random(task.size) < 0.4
        hits += covers(stratified_ppi(task, task, np.where(reviewed, judged, 99.0), truth, reviewed, known), TRUTH)
    assert hits / RUNS >= 0.93


def test_answers_that_need_no_proof_shrink_the_rate_and_not_the_coverage() -> None:
    rng = np.random.default_rng(11)
    hits = here = 0
    for _ in range(RUNS):
        task, truth, judged, _ = simulated(rng, 45, 20, 0.2)
        open_ = rng.random(task.size) < rng.beta(0.6, 0.2, 45)[task]
        truth, judged, known = truth * open_, judged * open_, (rng.random(task.size) < 0.2) | ~open_
        everything = np.ones_like(known)
        found = pooled_ppi(task.astype(float), open_, judged, truth, everything, known)
        hits += covers(found, 0.75 * TRUTH)
        assert isinstance(found, Corrected) and found.low_here is not None and found.high_here is not None
        here += found.low_here <= truth.mean() <= found.high_here
    assert hits / RUNS >= 0.93 and here / RUNS >= 0.93


def test_a_useless_reviewer_changes_nothing_and_a_perfect_one_leaves_no_doubt() -> None:
    rng = np.random.default_rng(3)
    task, truth, _, known = simulated(rng, 45, 20, 0.2)
    everything = np.ones_like(known)
    useless = stratified_ppi(task, task, np.ones(task.size), truth, everything, known)
    alone = stratified_ppi(task, task, np.ones(task.size), truth, np.zeros_like(known), known)
    perfect = stratified_ppi(task, task, truth, truth, everything, known)
    assert isinstance(useless, Corrected) and isinstance(alone, Corrected) and isinstance(perfect, Corrected)
    assert useless.weight == 0 and useless.value == pytest.approx(alone.value)
    assert perfect.weight == pytest.approx(1, abs=0.25)
    # With the truth as label, λ of the way from the proved mean to the true one is gone.
    wanted = alone.value + perfect.weight * (truth.mean() - alone.value)
    assert perfect.value == pytest.approx(wanted) and abs(wanted - alone.value) > 1e-3
    assert useless.high_here and useless.low_here and perfect.high_here and perfect.low_here
    assert perfect.high_here - perfect.low_here < 0.4 * (useless.high_here - useless.low_here)


def test_with_everything_proved_the_corrected_rate_is_the_rate() -> None:
    rng = np.random.default_rng(5)
    task, truth, judged, known = simulated(rng, 45, 20, 0.2)
    everything = np.ones_like(known)
    found = stratified_ppi(task, task, judged, truth, everything, everything)
    assert isinstance(found, Corrected) and found.value == pytest.approx(truth.mean())
    assert found.low_here == found.high_here == pytest.approx(truth.mean())


def test_a_stratum_without_a_proof_has_no_estimate() -> None:
    rng = np.random.default_rng(5)
    task, truth, judged, known = simulated(rng, 45, 20, 0.2)
    found = stratified_ppi(task, task, judged, truth, np.ones_like(known), known & (task != 3))
    assert isinstance(found, NoEstimate) and "1 of 45 strata" in found.reason


@pytest.mark.parametrize("by_label", [False, True])
def test_a_choice_by_the_label_is_seen_and_chance_is_not_accused(by_label: bool) -> None:
    rng = np.random.default_rng(13)
    suspected = 0
    for _ in range(400):
        task, _, judged, known = simulated(rng, 45, 20, 0.2)
        chosen = rng.random(task.size) < (0.1 + 0.2 * judged if by_label else 0.2)
        p = random_within(task, chosen if by_label else known, judged)
        assert p is not None
        suspected += p < 0.05
    assert suspected / 400 > 0.9 if by_label else 0.02 <= suspected / 400 <= 0.08


def test_where_nothing_or_everything_was_chosen_chance_cannot_be_judged() -> None:
    task, values = np.repeat(np.arange(5), 4), np.arange(20.0)
    assert random_within(task, np.zeros(20, dtype=bool), values) is None
    assert random_within(task, np.ones(20, dtype=bool), values) is None
    assert random_within(task, np.arange(20) < 10, np.ones(20)) is None
    assert alike_in_all(task, np.zeros(20, dtype=bool)) is None


def test_unequal_shares_between_groups_are_seen() -> None:
    rng = np.random.default_rng(17)
    group = np.repeat(np.arange(45), 40)
    even = [alike_in_all(group, rng.random(group.size) < 0.2) for _ in range(200)]
    assert 0.02 <= np.mean([p is not None and p < 0.05 for p in even]) <= 0.09
    p = alike_in_all(group, rng.random(group.size) < np.where(group < 20, 0.1, 0.3))
    assert p is not None and p < 1e-6


def test_no_error_among_a_few_proofs_is_no_interval_of_no_width() -> None:
    """Two proofs a task, all as the judge said, and more answers left open: how sure that is, nobody has seen."""
    task = np.repeat(np.arange(12), 5)
    truth = np.repeat(np.arange(12) % 2, 5).astype(float)
    known = np.tile([True, True, False, False, False], 12)
    found = stratified_ppi(task, task, truth, truth, np.ones_like(known), known)
    assert isinstance(found, Corrected) and found.low_here is None and found.high_here is None


def test_of_these_answers_few_proofs_are_covered_by_students_t() -> None:
    rng, hits, given = np.random.default_rng(12), 0, 0
    for _ in range(500):
        rate_of = np.where(rng.random(20) < 0.4, 0, rng.beta(0.6, 0.6, 20))
        truth = rng.random((20, 5)) < rate_of[:, None]
        wrong = (rng.random((20, 1)) < 0.25) | (rng.random((20, 5)) < 0.1)
        known = (np.argsort(rng.random((20, 5)), axis=1) < 2).ravel()
        task, judged = np.repeat(np.arange(20), 5), (truth ^ wrong).ravel().astype(float)
        found = stratified_ppi(task, task, judged, truth.ravel().astype(float), np.ones_like(known), known)
        assert isinstance(found, Corrected)
        if found.low_here is not None and found.high_here is not None:
            given += 1
            hits += found.low_here <= truth.mean() <= found.high_here
    assert given > 450 and hits / given >= 0.93 - 2.6 * (0.93 * 0.07 / given) ** 0.5
