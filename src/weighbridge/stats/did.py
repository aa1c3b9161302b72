"""Does a context move one model more than it moves the reference model? Difference-in-differences, paired by task.

A context may simply be harder for everybody. The effect on model A minus the effect on the reference model, on the
tasks that all four arms answered, is tested and inverted by the same sign-flip, on the scale of differences.
"""

from dataclasses import dataclass

import numpy as np

from weighbridge.stats.estimate import Floats
from weighbridge.stats.signflip import linear_limits
from weighbridge.stats.signs import SignSets, sign_p, sign_sets


@dataclass(frozen=True)
class Contrast:
    """Per comparison, arrays (comparisons,): the contrast, its interval, mid-p; nan where no task has all four arms."""

    value: Floats
    low: Floats
    high: Floats
    p_mid: Floats
    tasks: Floats


Arm = tuple[Floats, Floats]
"""Counts and exposures of one arm, both (tasks, comparisons)."""


def difference_in_differences(
    context: Arm,
    neutral: Arm,
    reference_context: Arm,
    reference_neutral: Arm,
    *,
    level: float = 0.95,
    mid: bool = True,
    draws: int = 9_999,
    seed: int = 0,
    signs: SignSets | None = None,
) -> Contrast:
    """(context − neutral) of a model minus the same of the reference model, in outcome per unit of exposure.

    Contributions are e_i + (D − δ)w_i with e_i the arms' residuals (c_i − rL_i)/M, signed by arm, and w_i the mean
    share of exposure; with equal exposures that is the sign-flip on each task's own double difference.
    """
    arms = (context, neutral, reference_context, reference_neutral)
    signed = (1.0, -1.0, -1.0, 1.0)
    complete = np.all([exposure > 0 for _, exposure in arms], axis=0)
    tasks = complete.sum(axis=0).astype(np.float64)
    residual, share, value = np.zeros(complete.shape), np.zeros(complete.shape), np.zeros(complete.shape[1])
    with np.errstate(invalid="ignore", divide="ignore"):
        for sign, (count, exposure) in zip(signed, arms, strict=True):
            c, ell = np.where(complete, count, 0.0), np.where(complete, exposure, 0.0)
            m = ell.sum(axis=0)
            r = c.sum(axis=0) / m
            residual += sign * np.nan_to_num((c - r * ell) / m)
            share += np.nan_to_num(ell / m) / 4
            value += sign * r
    shift = residual + np.nan_to_num(value) * share
    shift[np.abs(shift) < 1e-14] = 0.0
    sets = signs or sign_sets(complete.shape[0], draws, seed)
    low, high = linear_limits(shift, share, sets.members, 1 - level, mid)
    ps = [sign_p(shift[:, k]) for k in range(shift.shape[1])]
    flat = (tasks == 0) | ~np.any(shift, axis=0)
    return Contrast(
        np.where(tasks > 0, value, np.nan),
        np.where(flat, np.nan, low),
        np.where(flat, np.nan, high),
        np.where(tasks > 0, np.array([p.mid if mid else p.exact for p in ps]), np.nan),
        tasks,
    )
