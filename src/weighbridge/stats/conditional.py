"""The difference *on these tasks*: how sure is it if these very tasks are all one cares about?

The tasks are held fixed and only the noise within a task (asking the same thing again) counts. It is a different
question from *on tasks like these* (``signflip``), with a narrower interval, and the two are never mixed: where an
effect changes sign from task to task they can disagree, and a finding on these tasks need not carry over to others.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.distributions import t_quantiles
from weighbridge.stats.estimate import Bools, Floats


@dataclass(frozen=True)
class OnTheseTasks:
    """Per comparison, arrays (comparisons,): the mean difference over the fixed tasks, its interval and df.

    ``bound`` marks comparisons in which a cell has a single answer: noise within a task can't be told from differences
    between tasks there, so the spread between tasks stands in for it, which makes the interval too wide, never too
    narrow. All nan where there is no paired task or no noise to be seen.
    """

    difference: Floats
    low: Floats
    high: Floats
    bound: Floats


def on_these_tasks(
    means: Floats,
    noise: Floats,
    answers: Floats,
    neutral_means: Floats,
    neutral_noise: Floats,
    neutral_answers: Floats,
    *,
    level: float = 0.95,
) -> OnTheseTasks:
    """Stratified comparison with Welch's degrees of freedom; all arrays are (tasks, comparisons).

    ``means`` are task means, ``noise`` the unbiased variances of single answers within a task, ``answers`` how many
    there are (0 = missing cell). Variance of the mean difference: Σ (s1²/n1 + s0²/n0) / tasks².
    """
    paired = (answers > 0) & (neutral_answers > 0)
    tasks = paired.sum(axis=0).astype(np.float64)
    n1, n0 = np.where(paired, answers, 1.0), np.where(paired, neutral_answers, 1.0)
    gap = np.where(paired, means - neutral_means, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        difference = gap.sum(axis=0) / tasks
        v1, v0 = np.where(paired, noise / n1, 0.0), np.where(paired, neutral_noise / n0, 0.0)
        repeated = paired & (n1 > 1) & (n0 > 1)
        bound: Bools = np.any(repeated != paired, axis=0)
        within: Floats = (v1 + v0).sum(axis=0) / tasks**2
        pieces: Floats = (v1**2 / np.maximum(n1 - 1, 1) + v0**2 / np.maximum(n0 - 1, 1)).sum(axis=0) / tasks**4
        spread: Floats = np.where(paired, (gap - difference) ** 2, 0.0).sum(axis=0)
        variance: Floats = np.where(bound, spread / ((tasks - 1) * tasks), within)
        df: Floats = np.where(bound, tasks - 1, within**2 / pieces)
        reach = t_quantiles(0.5 + level / 2, df) * np.sqrt(variance)
    known: Bools = (tasks > 1) & (variance > 0)
    return OnTheseTasks(
        np.where(tasks > 0, difference, np.nan),
        np.where(known, difference - reach, np.nan),
        np.where(known, difference + reach, np.nan),
        bound.astype(np.float64),
    )
