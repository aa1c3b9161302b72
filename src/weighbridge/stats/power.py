"""What can a design see before it is paid for? Smallest detectable effect, best repeats, and power by simulation.

With n tasks and R repeats an arm the variance of a paired difference is

    Var = (1/n)[τ² + σ²/R],

τ² the variance between tasks of the true effect, σ² the noise of one answer in each arm together. A formula is only
used where at least about 20 events are expected; below that the answer is to simulate, and ``simulated_power`` does.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.distributions import noncentral_t_power, t_quantile
from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.population import Population
from weighbridge.stats.sequential import may_stop
from weighbridge.stats.signflip import sign_flips

FEWEST_EVENTS = 20.0


@dataclass(frozen=True)
class Detectable:
    """The smallest effect found with the asked-for power, as a difference and as a ratio to the base rate."""

    difference: float
    ratio: float
    standard_error: float
    events: float


def answer_noise(base: float, icc: float) -> float:
    """σ²: the within-task variance of one answer in each of two arms, 2·base(1 − base)(1 − icc)."""
    return 2 * base * (1 - base) * (1 - icc)


def smallest_detectable(
    tasks: int,
    repeats: int,
    base: float,
    *,
    icc: float = 0.5,
    effect_sd: float = 0.1,
    alpha: float = 0.05,
    power: float = 0.8,
    tests: int = 1,
) -> Detectable | NoEstimate:
    """(t_{1−α/2} + t_power)·√Var with tasks − 1 degrees of freedom, α divided by the number of planned ``tests``.

    ``icc`` is the share of an outcome's variance that lies between tasks (0.86 in labelled answers of frontier
    models), ``effect_sd`` = τ the sd between tasks of the true difference. The ratio is the larger of two: the
    difference over the base rate. None where that would take the rate over 1.
    """
    noise = _noise(tasks, repeats, base, icc, effect_sd)
    if isinstance(noise, NoEstimate):
        return noise
    (se, events), df = noise, tasks - 1
    difference = (t_quantile(1 - alpha / tests / 2, df) + t_quantile(power, df)) * se
    if base + difference > 1:
        return NoEstimate(f"from a base rate of {base:g} not even a rise to 1 would be found: plan more tasks")
    return Detectable(difference, 1 + difference / base, se, events)


def power_of(
    tasks: int,
    repeats: int,
    base: float,
    ratio: float,
    *,
    icc: float = 0.5,
    effect_sd: float = 0.1,
    alpha: float = 0.05,
    tests: int = 1,
) -> float | NoEstimate:
    """The chance to find a given ratio, by the noncentral t; *simulate* where too few events are expected.

    None where the ratio would take the rate over 1.
    """
    if base * ratio > 1:
        return NoEstimate(f"{ratio:g} times a rate of {base:g} is over 1")
    noise = _noise(tasks, repeats, base, icc, effect_sd)
    if isinstance(noise, NoEstimate):
        return noise
    effect = base * (ratio - 1) / noise[0]
    return noncentral_t_power(effect, tasks - 1, t_quantile(1 - alpha / tests / 2, tasks - 1))


def _noise(tasks: int, repeats: int, base: float, icc: float, effect_sd: float) -> tuple[float, float] | NoEstimate:
    """The standard error √Var and the events expected in both arms, where the formula holds."""
    if tasks < 9:
        return NoEstimate(f"{tasks} tasks can't reject anything: plan at least 9")
    events = round(2 * tasks * repeats * min(base, 1 - base), 6)
    if events < FEWEST_EVENTS:
        return NoEstimate(f"{events:.0f} events expected in both arms: simulate (fewer than {FEWEST_EVENTS:.0f})")
    return float(np.sqrt((effect_sd**2 + answer_noise(base, icc) / repeats) / tasks)), events


def best_repeats(base: float, *, icc: float, effect_sd: float, task_cost: float, trial_cost: float) -> float:
    """R* = √((c_task / 2c_trial)·σ²/τ²): the repeats that give the least variance for the money; inf if τ = 0.

    ``task_cost`` is what a further task costs beside its trials (writing and proving it), ``trial_cost`` one answer.
    """
    if effect_sd <= 0:
        return float("inf")
    return max(1.0, float(np.sqrt(task_cost / (2 * trial_cost) * answer_noise(base, icc) / effect_sd**2)))


@dataclass(frozen=True)
class SimulatedPower:
    """Shares of simulated data sets: sign-flip significant, and its ratio interval's median width (high / low)."""

    power: float
    error: float
    datasets: int


def simulated_power(
    tasks: int, repeats: int, population: Population, *, alpha: float = 0.05, datasets: int = 1_000, seed: int = 0
) -> SimulatedPower:
    """The sign-flip's power (mid-p ≤ α) on made-up data, with the simulation's own standard error."""
    rng = np.random.default_rng(seed)
    neutral, context = population.draw(rng, (tasks, datasets))
    asked = np.full((tasks, datasets), float(repeats))
    c1, c0 = (rng.binomial(repeats, p).astype(np.float64) for p in (context, neutral))
    share = float((sign_flips(c1, asked, c0, asked, draws=99).p_mid <= alpha).mean())
    return SimulatedPower(share, float(np.sqrt(max(share * (1 - share), 1 / datasets) / datasets)), datasets)


@dataclass(frozen=True)
class PublishedCell:
    """What a published design could have seen under one assumption on how its trials were spent."""

    tasks: int
    repeats: int
    ratio: float
    base: float
    power: float
    power_in_family: float
    shows_twenty: float


def published_design(
    trials: int = 2_800,
    models: int = 5,
    contexts: int = 5,
    *,
    task_counts: tuple[int, ...] = (5, 10, 20, 56, 112),
    ratios: tuple[float, ...] = (1.2, 1.5, 2.3),
    base: float = 0.3,
    sd: float = 2.0,
    datasets: int = 1_000,
    seed: int = 0,
) -> list[PublishedCell]:
    """Power of a design of ``trials`` over models × contexts whose tasks and repeats were not published.

    For every assumed number of tasks the repeats follow. ``power_in_family`` is at α divided by the number of
    comparisons; ``shows_twenty`` how often the arms show a ratio
    of 1.2 or more (at ratio 1: a false alarm of somebody who only looks at shares). Tasks are logit-normal,
    effects differ between tasks.
    """
    each = trials // (models * contexts)
    tests = models * (contexts - 1)
    rows: list[PublishedCell] = []
    for tasks in task_counts:
        repeats = max(each // tasks, 1)
        asked = np.full((tasks, datasets), float(repeats))
        for ratio in (1.0, *ratios):
            rng = np.random.default_rng([seed, tasks])
            neutral, context = Population(base, sd, ratio=ratio, effect="spread").draw(rng, (tasks, datasets))
            c1, c0 = (rng.binomial(repeats, p).astype(np.float64) for p in (context, neutral))
            flips = sign_flips(c1, asked, c0, asked, draws=99)
            found = float((flips.p_mid <= 0.05).mean())
            found_in_family = float((flips.p_mid <= 0.05 / tests).mean())
            twenty = float((c1.sum(axis=0) >= 1.2 * np.maximum(c0.sum(axis=0), 0.5)).mean())
            rows.append(PublishedCell(tasks, repeats, ratio, base, found, found_in_family, twenty))
    return rows


@dataclass(frozen=True)
class Savings:
    """How a sequential comparison ended, as shares of the simulated ones, and the share of trials it saved."""

    ratio: float
    saved: float
    effect: float
    futile: float
    to_the_end: float
    covers: float
    datasets: int


def sequential_savings(
    tasks: int,
    waves: int,
    population: Population,
    *,
    of_interest: float = 1.5,
    alpha: float = 0.05,
    tests: int = 1,
    datasets: int = 200,
    seed: int = 0,
) -> Savings:
    """Trials that ``sequential.may_stop`` saves on average against asking all ``waves`` (a wave: every task, two arms).

    ``covers``: how often the confidence sequence at the stop holds the true ratio on the drawn tasks.
    """
    waves_used, effect, futile, covered = 0, 0, 0, 0
    for k in range(datasets):
        rng = np.random.default_rng([seed, k])
        neutral, context = population.draw(rng, (tasks,))
        y1 = (rng.random((waves, tasks)) < context).astype(np.float64)
        y0 = (rng.random((waves, tasks)) < neutral).astype(np.float64)
        stop = may_stop(y1, y0, of_interest=of_interest, alpha=alpha, tests=tests)
        waves_used += stop.waves
        effect += stop.why in ("worse side", "better side")
        futile += stop.why == "futile"
        covered += stop.low <= float(context.mean()) / float(neutral.mean()) <= stop.high
    to_the_end = datasets - effect - futile
    return Savings(
        population.ratio,
        saved=1 - waves_used / (datasets * waves),
        effect=effect / datasets,
        futile=futile / datasets,
        to_the_end=to_the_end / datasets,
        covers=covered / datasets,
        datasets=datasets,
    )
