"""What the instrument promises, sized for CI: type-I error, coverage, familywise error, sequential looks.

The full-size versions are ``bench/estimators.py``; here each row has few data sets, so a bound is widened by 2.6
standard errors of the simulation: a method that is off by three points still fails.
"""

import sys
from pathlib import Path

import numpy as np
import pytest

from weighbridge.stats.population import Population
from weighbridge.stats.power import sequential_savings
from weighbridge.stats.rates import rate
from weighbridge.stats.sequential import may_stop

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

import simulated_families
import simulated_intervals
import simulated_sequential

DATASETS = 400


def over(bound, datasets=DATASETS):
    return bound + 2.6 * np.sqrt(bound * (1 - bound) / datasets)


def under(bound, datasets=DATASETS):
    return bound - 2.6 * np.sqrt(bound * (1 - bound) / datasets)


GRID = [
    (tasks, repeats, base, sd, effect)
    for tasks, repeats in ((20, 5), (50, 1), (50, 10), (120, 5))
    for base in (0.02, 0.2, 0.7)
    for sd, effect in ((1.5, "same"), (2.0, "opposed"), (None, "same"), (None, "opposed"))
]


@pytest.mark.parametrize("tasks, repeats, base, sd, effect", GRID)
def test_type_one_error_and_coverage_hold(tasks, repeats, base, sd, effect):
    r = simulated_intervals.cell(tasks, repeats, base, sd, effect, DATASETS, seed=11)
    assert r["mid"] <= over(0.06) and r["exact"] <= over(0.055)
    if r["events"] >= 20 and r["informative"] >= 8:
        assert r["mid"] >= under(0.03)
    assert r["ratio"] >= under(0.93)
    if r["given"] > 0.2:
        assert r["difference"] >= under(0.93, int(DATASETS * r["given"]))


@pytest.mark.parametrize("tasks, repeats", [(9, 5), (20, 1), (20, 10), (50, 5), (120, 5)])
@pytest.mark.parametrize("base, sd", [(0.02, 1.5), (0.02, None), (0.2, 1.5), (0.7, None)])
def test_rates_are_covered_with_few_tasks_and_near_the_ends(tasks, repeats, base, sd):
    rng = np.random.default_rng(5)
    neutral, _ = Population(base, sd).draw(rng, (tasks, DATASETS))
    counts = rng.binomial(repeats, neutral).astype(float)
    found = [rate(counts[:, k], np.full(tasks, float(repeats))) for k in range(DATASETS)]
    assert np.mean([r.low <= base <= r.high for r in found]) >= under(0.93)  # type: ignore[union-attr]


@pytest.mark.parametrize("tasks, repeats, base, sd", [(20, 5, 0.2, 1.5), (50, 5, 0.2, None), (50, 1, 0.7, 2.0)])
def test_the_two_questions_are_each_covered_by_their_own_interval(tasks, repeats, base, sd):
    r = simulated_intervals.here_row(tasks, repeats, base, sd, "opposed", DATASETS)
    assert r["here_here"] >= under(0.93) and r["alike_alike"] >= under(0.93)


def test_on_these_tasks_is_no_answer_about_tasks_like_these():
    r = simulated_intervals.here_row(50, 10, 0.2, 1.5, "opposed", DATASETS)
    assert r["here_alike"] < 0.85 and r["width_here"] < 0.8 * r["width_alike"]


@pytest.mark.parametrize("wording_sd", [0.0, 0.3])
def test_familywise_error_of_claims_holds_with_and_without_wording_noise(wording_sd):
    false, _ = simulated_families.family_errors(wording_sd, 60)
    assert false["Holm on both"] <= over(0.05, 60)
    assert false["uncorrected"] > 0.5
    if wording_sd == 0:
        assert false["Holm, sign-flip only"] <= over(0.05, 60)


def test_a_large_planted_effect_is_found_in_the_family():
    _, found = simulated_families.family_errors(0.0, 30, planted=2.3)
    assert found["Holm on both"] >= 0.8


@pytest.mark.parametrize("effect", ["same", "opposed"])
def test_peeking_after_every_wave_keeps_the_familywise_error(effect):
    assert simulated_sequential.family(40, tests=48, tasks=20, waves=6, effect=effect) <= over(0.05, 40)


@pytest.mark.parametrize("effect", ["same", "opposed"])
def test_a_single_comparison_may_be_looked_at_after_every_wave(effect):
    rng = np.random.default_rng(3)
    false, covered, runs = 0, 0, 120
    for _ in range(runs):
        neutral, context = Population(0.3, 1.5, effect=effect, heterogeneity=1.5).draw(rng, (20,))
        context[10:], neutral[10:] = neutral[:10].copy(), context[:10].copy()
        y1, y0 = (rng.random((15, 20)) < context) * 1.0, (rng.random((15, 20)) < neutral) * 1.0
        stop = may_stop(y1, y0)
        false += stop.why in ("worse side", "better side")
        covered += stop.low <= 1 <= stop.high
    assert false / runs <= over(0.05, runs) and covered / runs >= under(0.95, runs)


def test_stopping_saves_most_trials_where_there_is_no_effect_or_a_large_one():
    none, large = (sequential_savings(56, 25, Population(0.3, 1.5, ratio=r), datasets=25) for r in (1.0, 2.3))
    assert none.saved > 0.6 and none.futile > 0.9
    assert large.saved > 0.9 and large.effect == 1.0


WORDS = ("worse", "better", "wording noise")


@pytest.mark.parametrize(
    "mechanism, absent, outcome, never",
    [
        ("none", "random", "exploitable", WORDS),
        ("none", "hard tasks", "exploitable", WORDS),
        ("none", "one arm", "exploitable", WORDS),
        ("opposed", "none", "exploitable", WORDS),
        ("opposed", "random", "exploitable", WORDS),
        ("refusals", "random", "exploitable", ("worse",)),
    ],
)
def test_other_mechanisms_do_not_make_false_claims(mechanism, absent, outcome, never):
    words, _ = simulated_families.words_of(mechanism, absent, 15)
    assert sum(words.get((outcome, w), 0) for w in never) <= 2


@pytest.mark.parametrize("mechanism, outcome", [("effect", "exploitable"), ("refusals", "refused")])
def test_what_is_planted_is_found_although_cells_are_missing(mechanism, outcome):
    words, _ = simulated_families.words_of(mechanism, "random", 10)
    assert words.get((outcome, "worse"), 0) >= 8
