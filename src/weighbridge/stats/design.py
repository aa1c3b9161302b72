"""What was planned before asking: outcomes, the primary one, the family, the margin, the reference model.

Whatever ``effects.analyse`` computes beyond it is marked exploratory.
"""

from dataclasses import dataclass, field
from typing import Literal

from weighbridge.stats.verdict import Margin, Thresholds


@dataclass(frozen=True)
class Outcome:
    """One column of the trials frame and which way is bad.

    A boolean column is a rate over everything asked; a numeric one an amount per answer, or a density per unit of the
    exposure column ``per`` (findings per thousand lines). ``share``: what is counted is part of the exposure, so the
    density is a share (exploitable of what works). ``margin`` replaces the design's for this outcome.
    """

    name: str
    more_is: Literal["worse", "better"] = "worse"
    column: str | None = None
    per: str | None = None
    margin: Margin | None = None
    share: bool = False

    @property
    def source(self) -> str:
        """The column of the trials frame that the outcome is read from."""
        return self.column or self.name


STANDARD_OUTCOMES = (
    Outcome("exploitable", "worse"),
    Outcome("sound", "better"),
    Outcome("broken", "worse"),
    Outcome("refused", "worse"),
)


@dataclass(frozen=True)
class Design:
    """The plan as the statistics need it.

    The family of planned tests is every model × planned context × primary outcome; ``planned_contexts`` None means
    every context that is neither neutral nor placebo. ``repeats`` is the planned number of answers a cell and
    paraphrase; ``refused`` the name of the outcome that means no answer, if there is one, ``undelivered`` of those that
    mean an answer without a working program. ``placebo_scale`` is the scale on which a context is set against the
    placebos.
    """

    margin: Margin
    outcomes: tuple[Outcome, ...] = STANDARD_OUTCOMES
    primary: tuple[str, ...] = ("exploitable",)
    planned_contexts: tuple[str, ...] | None = None
    reference: str | None = None
    refused: str = "refused"
    undelivered: tuple[str, ...] = ("broken", "truncated")
    neutral_group: str = "neutral"
    placebo_group: str = "placebo"
    placebo_scale: Literal["difference", "log_ratio"] = "difference"
    repeats: int | None = None
    rows_are_planned: bool = False
    level: float = 0.95
    draws: int = 4_999
    seed: int = 0
    thresholds: Thresholds = field(default_factory=Thresholds)

    def __post_init__(self) -> None:
        names = [o.name for o in self.outcomes]
        if len(set(names)) != len(names):
            raise ValueError(f"outcomes: a name stands twice in {names}")
        unknown = sorted(set(self.primary) - set(names))
        if unknown:
            raise ValueError(f"primary: {unknown} not among the outcomes {names}")

    def planned(self, context: str, group: str, outcome: str) -> bool:
        """Whether a context's test of an outcome belongs to the family that was fixed before asking."""
        if group in (self.neutral_group, self.placebo_group) or outcome not in self.primary:
            return False
        return self.planned_contexts is None or context in self.planned_contexts
