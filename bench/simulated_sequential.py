"""What stopping early saves and what it costs, and what a published design could have seen."""

import numpy as np
from scipy import stats

from simulated_tables import head, row
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.population import Population
from weighbridge.stats.power import published_design, sequential_savings
from weighbridge.stats.sequential import STAKES, log_wealth_over, log_wealth_under


def peeking(population, tasks, waves, datasets, seed=0):
    """How often an ordinary z-test at 5 % is significant after at least one of the rounds."""
    found = 0
    for k in range(datasets):
        rng = np.random.default_rng([seed, k])
        neutral, context = population.draw(rng, (tasks,))
        y1, y0 = (rng.random((waves, tasks)) < context) * 1.0, (rng.random((waves, tasks)) < neutral) * 1.0
        gap = np.cumsum((y1 - y0).sum(axis=1))
        noise = np.sqrt(np.cumsum(((y1 - y0) ** 2).sum(axis=1)).clip(1))
        found += bool((2 * stats.norm.sf(np.abs(gap / noise)) <= 0.05).any())
    return found / datasets


def family(datasets, tests=48, tasks=50, waves=10, effect="same", seed=0):
    """Share of families of ``tests`` null comparisons with any stop for an effect, peeking after every wave.

    The tasks' mean effect is set to exactly none *on these tasks* by asking both arms with swapped rates in pairs.
    """
    false = 0
    for k in range(datasets):
        rng = np.random.default_rng([seed, k])
        alive = False
        best = np.zeros((waves, tests))
        for t in range(tests):
            neutral, context = Population(0.3, 1.5, effect=effect, heterogeneity=1.0).draw(rng, (tasks,))
            half = tasks // 2
            context[half:], neutral[half:] = neutral[:half].copy(), context[:half].copy()
            y1, y0 = (rng.random((waves, tasks)) < context) * 1.0, (rng.random((waves, tasks)) < neutral) * 1.0
            over, under = log_wealth_over(y1, y0, 1.0), log_wealth_under(y1, y0, 1.0)
            best[:, t] = np.maximum.accumulate(np.logaddexp(over, under) - np.log(2))
        for w in range(waves):
            alive |= bool((holm(np.minimum(1, np.exp(-best[w]))) <= 0.05).any())
        false += alive
    return false / datasets


def savings(datasets: int) -> None:
    print(
        "One comparison, fixed design 2,800 trials (56 tasks × 25 rounds × 2 arms), base 30 %, stakes"
        f" {STAKES}, looked at after every round."
        " Peeking: an ordinary z-test at 5 % after every round."
    )
    head("of interest", "true ratio", "effects", "trials saved", "stopped for an effect", "futile", "ran to the end",
         "interval covers", "peeking finds")  # fmt: skip
    cells = [(1.5, ratio, effect) for ratio in (1.0, 1.2, 1.5, 2.3) for effect in ("same", "opposed")]
    for of_interest, ratio, effect in [*cells, (1.22, 1.0, "same"), (1.22, 1.22, "same")]:
        population = Population(0.3, 1.5, ratio=ratio, effect=effect)
        r = sequential_savings(56, 25, population, of_interest=of_interest, datasets=datasets)
        often = peeking(population, 56, 25, datasets)
        row(f"{of_interest}", f"{ratio}", effect, f"{r.saved:.0%}", r.effect, r.futile, r.to_the_end, r.covers, often)
    for effect in ("same", "opposed"):
        share = family(datasets // 4, effect=effect)
        print(
            f"\nFamilies of 48 without effect (mean 0 on these tasks, effects {effect}), peeking after each of 10"
            f" waves, Holm: {share:.3f} with a false stop ({datasets // 4} families)."
        )


def _published_head() -> None:
    head("tasks", "repeats", "true ratio", "power, one test", "power in the family of 20", "shares show +20 % or more")


def published(datasets: int) -> None:
    print(
        "2,800 trials over 5 models × 5 personas = 112 an arm; tasks and repeats were not published. Base 30 %, sd 2."
    )
    _published_head()
    for c in published_design(datasets=datasets):
        row(c.tasks, c.repeats, f"{c.ratio}", c.power, c.power_in_family, c.shows_twenty)
    print("\nThe same with most tasks unanimous (sd 4):")
    _published_head()
    for c in published_design(datasets=datasets, sd=4.0, task_counts=(20,)):
        row(c.tasks, c.repeats, f"{c.ratio}", c.power, c.power_in_family, c.shows_twenty)
