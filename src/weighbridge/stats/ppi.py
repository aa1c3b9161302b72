"""Can a model's verdicts on many answers be used beside proved verdicts on a few? Prediction-powered inference.

A judge model labels everything, attacks prove a part. The mean of the judge's labels is corrected by the mean of its
errors where the truth is known (Angelopoulos et al. 2023), with the power-tuning weight of PPI++ (2023). Errors cluster
by task, so the variance is taken between tasks: the version for independent answers covers 0.75 to 0.81, not 0.95.
"""

import numpy as np

from weighbridge.stats.distributions import t_quantile
from weighbridge.stats.estimate import Bools, Estimate, Floats, NoEstimate

FEWEST_TASKS = 10


def clustered_ppi(
    task: Floats, judged: Floats, proved: Floats, known: Bools, *, level: float = 0.95
) -> Estimate | NoEstimate:
    """Mean of the proved label over all answers; arrays (answers,), ``proved`` is read only where ``known``.

    Estimate: λ·mean(judged over all) + mean(proved − λ·judged over known), λ by least clustered variance within
    [0, 1]. The two parts share tasks, so the variance is that of their sum per task, linearised, tasks − 1 df.
    """
    labels, where = np.unique(task, return_inverse=True)
    tasks = labels.size
    with_known = np.unique(task[known]).size
    if with_known < FEWEST_TASKS:
        return NoEstimate(f"{with_known} tasks with a proved verdict, at least {FEWEST_TASKS} are needed")
    n_all, n_known = float(task.size), float(known.sum())

    def influence(values: Floats, chosen: Bools, size: float) -> Floats:
        """What each task adds to the error of a mean over the chosen answers."""
        centred = np.where(chosen, values - float(values[chosen].mean()), 0.0)
        return np.bincount(where, weights=centred, minlength=tasks) / size

    everything = np.ones_like(known)
    truth = np.where(known, proved, 0.0)
    of_truth = influence(truth, known, n_known)
    of_judge = influence(judged, everything, n_all) - influence(judged, known, n_known)
    spread = float((of_judge**2).sum())
    weight = min(max(-float((of_truth * of_judge).sum()) / spread, 0.0), 1.0) if spread > 0 else 0.0
    value = float(truth[known].mean()) + weight * (float(judged.mean()) - float(judged[known].mean()))
    variance = tasks / (tasks - 1) * float(((of_truth + weight * of_judge) ** 2).sum())
    reach = t_quantile(0.5 + level / 2, with_known - 1) * float(np.sqrt(variance))
    return Estimate(value, value - reach, value + reach, level)
