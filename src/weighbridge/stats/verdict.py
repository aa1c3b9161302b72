"""Which word follows from the numbers? The one place where the rule of words is written down.

The rule is read from top to bottom; the first row that applies gives the word. ``RULE`` is the same table for people,
and the documentation prints it from here.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

Word = Literal["worse", "better", "no difference larger than the margin", "wording noise", "not enough data"]

WORSE: Word = "worse"
BETTER: Word = "better"
TIED: Word = "no difference larger than the margin"
WORDING: Word = "wording noise"
UNKNOWN: Word = "not enough data"


@dataclass(frozen=True)
class Margin:
    """The smallest difference of interest, fixed before asking; as a difference, as a ratio (1.25), or as both.

    A ratio margin of 1.25 means from 1/1.25 to 1.25. With both, the interval must lie inside both.
    """

    difference: float | None = None
    ratio: float | None = None

    def __post_init__(self) -> None:
        if self.difference is None and self.ratio is None:
            raise ValueError("a margin needs a difference (such as 0.05) or a ratio (such as 1.25)")
        if self.difference is not None and self.difference <= 0:
            raise ValueError(f"margin: a difference must be over 0, not {self.difference}")
        if self.ratio is not None and self.ratio <= 1:
            raise ValueError(f"margin: a ratio must be over 1, not {self.ratio}")


@dataclass(frozen=True)
class Thresholds:
    """Below these the word is *not enough data*; ``docs/statistics.md`` shows the simulations they are from."""

    tasks: int = 9
    events: float = 20
    informative: int = 8
    missing_gap: float = 0.10
    alpha: float = 0.05


@dataclass(frozen=True)
class Evidence:
    """The numbers of one effect, as the rule of words reads them; None where there is no estimate.

    ``events`` are those of the rarer side (outcome or its absence) in both arms together. ``p_context`` is the
    sign-flip p-value and ``p_claim`` the larger of it and the placebo test's; both are adjusted for the family (Holm)
    or the exploratory matrix (BH). ``missing`` is the share of answers without a verdict, context and neutral arm;
    ``lost`` what the one arm lacks more than the other, 0 where the outcome has no bounds (a count). So much can the
    difference be off where answers are lost because of what they would have shown: an arm that lost the share m of
    its answers, all with the outcome or all without it, reads at most m from what it was. ``mean_neutral`` puts that
    on the scale of a ratio. ``if_rare`` are the difference's limits if few tasks carry it (``rare.limits_if_rare``).
    """

    more_is: Literal["worse", "better"]
    tasks: int
    events: float
    informative: int
    difference: float | None
    difference_low: float | None
    difference_high: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_context: float | None
    p_claim: float | None
    no_placebo: str | None
    missing: tuple[float, float]
    lost: float = 0.0
    mean_neutral: float | None = None
    if_rare: tuple[float, float] | None = None


RULE: tuple[tuple[Word, str], ...] = (
    (UNKNOWN, "fewer than 9 tasks with answers in both arms"),
    (UNKNOWN, "fewer than 20 events of the rarer side (outcome or its absence) in both arms together"),
    (UNKNOWN, "the shares of answers without a verdict differ by more than 10 points between the arms"),
    (TIED, "the 95 % interval lies inside the margin, also if few tasks carry the difference, or lost answers do"),
    (UNKNOWN, "fewer than 8 tasks on which the arms differ, and no claim possible"),
    (UNKNOWN, "a claim, but answers that one arm lost more than the other could be all of it"),
    (WORSE, "sign-flip and placebo test both significant after adjustment, in the bad direction"),
    (BETTER, "sign-flip and placebo test both significant after adjustment, in the good direction"),
    (UNKNOWN, "sign-flip significant, but too few placebo wordings to tell it from wording noise"),
    (WORDING, "sign-flip significant, placebo test not: harmless wordings do as much"),
    (UNKNOWN, "everything else: the interval reaches beyond the margin"),
)


def verdict(evidence: Evidence, margin: Margin, thresholds: Thresholds | None = None) -> tuple[Word, str]:
    """The word and the reason for it, by ``RULE``."""
    e, limit = evidence, thresholds or Thresholds()
    before = _before_claims(e, margin, limit)
    if before is not None:
        return before
    if e.p_claim is not None and e.p_claim <= limit.alpha and e.difference is not None:
        return _claimed(e, e.difference, "sign-flip and placebo test both significant after adjustment")
    if _found(e, limit) and e.no_placebo is not None:
        return UNKNOWN, e.no_placebo
    if _found(e, limit):
        return WORDING, "it differs from neutral, but no more than harmless wordings do"
    return UNKNOWN, _few_differ(e, limit) or f"{_beyond(e, margin)}: a difference that matters is not ruled out"


def paired_verdict(evidence: Evidence, margin: Margin, thresholds: Thresholds | None = None) -> tuple[Word, str]:
    """The word where two arms are meant to differ (two models, a hint or none), so that no placebo is asked for.

    The same rows of ``RULE`` without those about placebos: a claim needs the corrected sign-flip alone.
    """
    e, limit = evidence, thresholds or Thresholds()
    before = _before_claims(e, margin, limit)
    if before is not None:
        return before
    if _found(e, limit) and e.difference is not None:
        return _claimed(e, e.difference, "significant after correction")
    return UNKNOWN, _few_differ(e, limit) or f"not significant after correction, and {_beyond(e, margin)}"


def _found(e: Evidence, limit: Thresholds) -> bool:
    return e.p_context is not None and e.p_context <= limit.alpha


def _before_claims(e: Evidence, margin: Margin, limit: Thresholds) -> tuple[Word, str] | None:
    """The rows of ``RULE`` that come before any claim: too little to say anything, and a difference of no matter."""
    too_little = _too_little(e, limit)
    if too_little:
        return UNKNOWN, too_little
    if e.informative >= limit.informative and inside(e, margin):
        more = "; a difference was found, but it is smaller than that" if _found(e, limit) else ""
        return TIED, f"the interval lies inside the margin{more}"
    return None


def _claimed(e: Evidence, difference: float, reason: str) -> tuple[Word, str]:
    """A claim, unless lost answers could be all of it."""
    if _could_be_lost(e):
        return UNKNOWN, _lost(e)
    return (WORSE if (difference > 0) == (e.more_is == "worse") else BETTER), reason


def _few_differ(e: Evidence, limit: Thresholds) -> str:
    return f"only {e.informative} tasks differ between the arms" if e.informative < limit.informative else ""


def _too_little(e: Evidence, limit: Thresholds) -> str:
    if e.tasks < limit.tasks:
        return f"{e.tasks} tasks in both arms, at least {limit.tasks} are needed"
    if e.events < limit.events:
        return f"{e.events:.0f} events in both arms together, at least {limit.events:.0f} are needed"
    if abs(e.missing[0] - e.missing[1]) > limit.missing_gap:
        return (
            f"{e.missing[0]:.0%} of one arm's answers have no verdict against {e.missing[1]:.0%} of the other's: "
            "what is missing could be the effect"
        )
    return ""


def _beyond(e: Evidence, margin: Margin) -> str:
    if inside(replace(e, lost=0.0, if_rare=None), margin):
        return "the interval lies inside the margin, but a few tasks or the answers lost in one arm could carry more"
    return "the interval reaches beyond the margin"


def _could_be_lost(e: Evidence) -> bool:
    """Whether the interval for the difference, moved by what one arm lost more, reaches "no difference"."""
    if e.lost == 0 or e.difference is None or e.difference_low is None or e.difference_high is None:
        return False
    return e.difference_low - e.lost <= 0 <= e.difference_high + e.lost


def _lost(e: Evidence) -> str:
    return (
        f"significant, but {e.missing[0]:.1%} of one arm's answers have no verdict against {e.missing[1]:.1%} of the "
        "other's: what is missing could be the effect"
    )


def inside(evidence: Evidence, margin: Margin) -> bool:
    """Whether the interval lies inside the margin on every scale that the margin states, whatever one arm lost more."""
    e = evidence
    if margin.difference is not None:
        if e.difference_low is None or e.difference_high is None:
            return False
        rare_low, rare_high = e.if_rare or (e.difference_low, e.difference_high)
        low, high = min(e.difference_low, rare_low) - e.lost, max(e.difference_high, rare_high) + e.lost
        if not -margin.difference < low <= high < margin.difference:
            return False
    if margin.ratio is not None:
        if e.ratio_low is None or e.ratio_high is None or not np.isfinite(e.ratio_high):
            return False
        if e.lost > 0 and not e.mean_neutral:
            return False
        lost = e.lost / e.mean_neutral if e.lost > 0 and e.mean_neutral else 0.0
        return 1 / margin.ratio < e.ratio_low - lost and e.ratio_high + lost < margin.ratio
    return True
