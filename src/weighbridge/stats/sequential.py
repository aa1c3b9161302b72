"""May we stop asking? A betting e-process that can be looked at after every wave, for an effect and for futility.

A wave asks every task once in both arms. With X = y1 − ρy0 per task, the wealth of a gambler who stakes a fixed share c
on "more than ρ",

    E(ρ) = mean over c of Π (1 + (c/ρ)X),

has mean 1 or less whenever the mean ratio on these tasks is ρ or less, whatever the tasks' own rates are: within a
wave the mean of the product is the product of means, and that is at most the power of their average (arithmetic and
geometric mean). By Ville's inequality it reaches 1/α with probability α or less, ever. So it can be looked at after
every wave. The interval after a stop is the confidence sequence: all ratios that neither gambler has refuted.
It speaks of *these tasks*; fresh tasks in every wave, drawn at random, make it speak of tasks like these.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from weighbridge.stats.estimate import Floats
from weighbridge.stats.multiplicity import holm

STAKES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7)

Stop = Literal["worse side", "better side", "futile"]


def _log_mean_exp(logs: Floats) -> Floats:
    """log of the mean over the first axis (the stakes)."""
    top = logs.max(axis=0)
    return top + np.log(np.exp(logs - top).mean(axis=0))


def log_wealth_over(context: Floats, neutral: Floats, ratio: float) -> Floats:
    """log E after every wave against "the ratio is ``ratio`` or less"; arrays (waves, tasks) of 0..1 → (waves,).

    An unanswered cell is nan and counts against the gambler: 0 in the context arm, 1 in the neutral arm.
    """
    y1, y0 = np.nan_to_num(context, nan=0.0), np.nan_to_num(neutral, nan=1.0)
    return _wealth(y1 / ratio - y0)


def log_wealth_under(context: Floats, neutral: Floats, ratio: float) -> Floats:
    """log E after every wave against "the ratio is ``ratio`` or more"; arrays as in ``log_wealth_over``."""
    y1, y0 = np.nan_to_num(context, nan=1.0), np.nan_to_num(neutral, nan=0.0)
    return _wealth((y0 - y1 / ratio) * min(1.0, ratio))


def _wealth(stake_on: Floats) -> Floats:
    logs = np.array([np.cumsum(np.log1p(c * stake_on).sum(axis=1)) for c in STAKES])
    return _log_mean_exp(logs)


def anytime_p(context: Floats, neutral: Floats) -> Floats:
    """Two-sided anytime p-value of "no difference" after every wave, (waves,): 1 / best mean of the two wealths yet."""
    two = np.array([log_wealth_over(context, neutral, 1.0), log_wealth_under(context, neutral, 1.0)])
    return np.minimum(1.0, np.exp(-np.maximum.accumulate(_log_mean_exp(two))))


def confidence_sequence(context: Floats, neutral: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """The ratios not refuted up to the last wave, each side at half of 1 − level; (0, inf) while nothing is known.

    Both wealths are monotone in the ratio, so the limits are found by halving. Running best: limits only tighten.
    """
    bar = float(np.log(2 / (1 - level)))

    def refuted_low(log_ratio: float) -> bool:
        return float(log_wealth_over(context, neutral, float(np.exp(log_ratio))).max()) >= bar

    def refuted_high(log_ratio: float) -> bool:
        return float(log_wealth_under(context, neutral, float(np.exp(log_ratio))).max()) >= bar

    ends = float(np.log(1e-4)), float(np.log(1e4))
    low, high = 0.0, float("inf")
    if refuted_low(ends[0]):
        inside, outside = ends[1], ends[0]
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if refuted_low(middle) else (middle, outside)
        low = float(np.exp(outside))
    if refuted_high(ends[1]):
        inside, outside = ends[0], ends[1]
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if refuted_high(middle) else (middle, outside)
        high = float(np.exp(outside))
    return low, high


def difference_sequence(context: Floats, neutral: Floats, *, level: float = 0.95) -> tuple[float, float]:
    """The differences of rates not refuted up to the last wave, each side at half of 1 − level; (−1, 1): all of them.

    The same bet with X = y1 − y0 − δ, staked in shares of its worst loss 1 + δ: if the mean difference on these tasks
    is δ or less, a wave multiplies the wealth by at most (1 + c·mean X/(1 + δ))^tasks ≤ 1. Missing answers as above.
    """
    bar = float(np.log(2 / (1 - level)))

    def refuted(delta: float, up: Floats, down: Floats) -> bool:
        """Whether "``up`` exceeds ``down`` by at most ``delta``" is refuted at any wave."""
        return float(_wealth((up - down - delta) / (1 + delta)).max()) >= bar

    def least(up: Floats, down: Floats) -> float:
        inside, outside = 1.0, -1.0
        for _ in range(40):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if refuted(middle, up, down) else (middle, outside)
        return outside

    low = least(np.nan_to_num(context, nan=0.0), np.nan_to_num(neutral, nan=1.0))
    high = -least(np.nan_to_num(neutral, nan=0.0), np.nan_to_num(context, nan=1.0))
    return low, high


@dataclass(frozen=True)
class Stopped:
    """Why and after how many waves asking may stop (None: it may not), with the confidence sequence up to there."""

    why: Stop | None
    waves: int
    low: float
    high: float


def may_stop(
    context: Floats, neutral: Floats, *, of_interest: float = 1.5, alpha: float = 0.05, tests: int = 1
) -> Stopped:
    """Look at one comparison after every wave, (waves, tasks); the first wave at which a bar is passed decides.

    An effect: the two-sided e-process passes tests/α. Futility: ratios of ``of_interest`` or more *and* of
    1/``of_interest`` or less are both refuted at α, so what is left is smaller than what was looked for.
    """
    bar = float(np.log(tests / alpha))
    over, under = log_wealth_over(context, neutral, 1.0), log_wealth_under(context, neutral, 1.0)
    effect = _log_mean_exp(np.array([over, under])) >= bar
    small = np.minimum(
        np.maximum.accumulate(log_wealth_under(context, neutral, of_interest)),
        np.maximum.accumulate(log_wealth_over(context, neutral, 1 / of_interest)),
    ) >= float(np.log(1 / alpha))
    done = np.flatnonzero(effect | small)
    last = int(done[0]) if done.size else context.shape[0] - 1
    low, high = confidence_sequence(context[: last + 1], neutral[: last + 1], level=1 - alpha / tests)
    if not done.size:
        return Stopped(None, last + 1, low, high)
    if effect[last]:
        return Stopped("worse side" if over[last] > under[last] else "better side", last + 1, low, high)
    return Stopped("futile", last + 1, low, high)


@dataclass(frozen=True)
class Family:
    """Comparisons that run beside each other in waves; a stopped one is not asked again and keeps its evidence.

    Holm's correction over anytime p-values holds the familywise error at every wave, so a comparison may be stopped
    for an effect as soon as its adjusted value is ``alpha`` or less.
    """

    of_interest: float = 1.5
    alpha: float = 0.05

    def look(self, arms: list[tuple[Floats, Floats]]) -> list[Stop | None]:
        """What each comparison may do now; ``arms`` holds its context and neutral outcomes so far, (waves, tasks)."""
        if not arms:
            return []
        p = holm(np.array([float(anytime_p(c, n)[-1]) for c, n in arms]))
        answers: list[Stop | None] = []
        for (context, neutral), adjusted in zip(arms, p.tolist(), strict=True):
            if adjusted <= self.alpha:
                over = float(log_wealth_over(context, neutral, 1.0).max())
                under = float(log_wealth_under(context, neutral, 1.0).max())
                answers.append("worse side" if over > under else "better side")
                continue
            small = min(
                float(log_wealth_under(context, neutral, self.of_interest).max()),
                float(log_wealth_over(context, neutral, 1 / self.of_interest).max()),
            )
            answers.append("futile" if small >= float(np.log(1 / self.alpha)) else None)
        return answers
