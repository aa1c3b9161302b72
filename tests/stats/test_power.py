"""Power by formula against simulation, the design rules, and where only simulation may answer."""

import numpy as np
import pytest

from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.population import Population
from weighbridge.stats.power import (
    Detectable,
    best_repeats,
    power_of,
    published_design,
    simulated_power,
    smallest_detectable,
)
from weighbridge.stats.rates import icc


@pytest.mark.parametrize("tasks, repeats, ratio", [(50, 5, 1.5), (50, 5, 1.3), (120, 5, 1.3), (50, 10, 1.5)])
def test_the_formula_agrees_with_simulation(tasks, repeats, ratio):
    population = Population(0.3, 1.5, ratio=ratio, effect="spread", heterogeneity=0.6)
    rng = np.random.default_rng(0)
    neutral, context = population.draw(rng, (4_000,))
    within = icc(rng.binomial(50, neutral).astype(float), np.full(4_000, 50.0))
    assert within is not None
    # noise of one answer in either arm, from this population rather than from the base rate
    formula = power_of(tasks, repeats, 0.3, ratio, icc=within, effect_sd=float((context - neutral).std()))
    assert isinstance(formula, float)
    assert simulated_power(tasks, repeats, population, datasets=500).power == pytest.approx(formula, abs=0.09)


@pytest.mark.parametrize("tasks, repeats, base, word", [(8, 10, 0.3, "at least 9"), (50, 5, 0.02, "simulate")])
def test_the_formula_is_not_used_where_it_does_not_hold(tasks, repeats, base, word):
    answer = smallest_detectable(tasks, repeats, base)
    assert isinstance(answer, NoEstimate) and word in answer.reason


def test_buying_tasks_beats_buying_repeats():
    few, some, many = (smallest_detectable(n, 500 // n, 0.3, icc=0.6) for n in (10, 50, 250))
    assert isinstance(few, Detectable) and isinstance(some, Detectable) and isinstance(many, Detectable)
    assert few.difference > some.difference > many.difference


def test_best_repeats_follow_the_price_of_a_task():
    cheap, dear = (best_repeats(0.3, icc=0.5, effect_sd=0.1, task_cost=c, trial_cost=1) for c in (2, 200))
    assert 1 <= cheap < dear
    assert best_repeats(0.3, icc=0.5, effect_sd=0, task_cost=1, trial_cost=1) == float("inf")


def test_a_published_design_of_few_tasks_shows_large_shares_where_nothing_is():
    rows = published_design(datasets=300, task_counts=(5, 56))
    at = {(r.tasks, r.ratio): r for r in rows}
    assert at[5, 1.0].repeats == 22 and at[56, 1.0].repeats == 2
    assert at[5, 2.3].power_in_family == 0  # five tasks can't pass a corrected level at all
    assert at[56, 1.0].shows_twenty > 0.05
    assert at[56, 1.2].power < 0.5 < at[56, 2.3].power


@pytest.mark.parametrize("sd", [1.5, 2.0, None])
@pytest.mark.parametrize("effect", ["same", "spread", "opposed"])
def test_a_population_has_the_rates_that_were_asked_for(sd, effect):
    neutral, context = Population(0.2, sd, ratio=1.5, effect=effect).draw(np.random.default_rng(1), (200_000,))
    assert neutral.mean() == pytest.approx(0.2, rel=0.02)
    assert context.mean() / neutral.mean() == pytest.approx(1.5, rel=0.02)


def test_a_rate_over_one_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        Population(0.7, ratio=1.5)


def test_an_effect_that_takes_the_rate_over_one_is_not_promised():
    answer = smallest_detectable(9, 5, 0.7, effect_sd=0.3, tests=48)
    assert isinstance(answer, NoEstimate) and "rise to 1" in answer.reason
    impossible = power_of(50, 5, 0.7, 1.9)
    assert isinstance(impossible, NoEstimate) and "over 1" in impossible.reason
    assert power_of(50, 5, 0.7, 1.2) == pytest.approx(power_of(50, 5, 0.7, 0.8))


def test_exactly_twenty_expected_events_are_enough():
    assert isinstance(smallest_detectable(20, 5, 0.9, effect_sd=0.01, icc=0.9), Detectable)
