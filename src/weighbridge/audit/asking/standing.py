"""How far is asking? What whoever watches is told after every answer: counts, tokens, dollars, errors, time left.

``ask(…, progress=show)`` calls ``show(standing)`` from its own event loop: it must return at once. The command line
draws it; a notebook or a test may keep it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Protocol

from weighbridge.store.journal import Tally


@dataclass
class ModelStanding:
    """One model's part. ``states`` counts the answers by state, those of earlier sessions included."""

    name: str
    trials: int
    states: dict[str, int] = field(default_factory=dict[str, int])
    before: int = 0
    """Answers that were there when this session began."""
    under_way: int = 0
    requests: int = 0
    """Of this session, retries included."""
    input_tokens: int = 0
    output_tokens: int = 0
    wasted_tokens: int = 0
    dollars: float = 0.0
    unpriced: int = 0
    """Answers whose cost is not known; they are not in ``dollars``."""
    note: str = ""
    """What holds it up or has stopped it, in words; empty while all goes well."""
    began: float | None = None
    ended: bool = False

    @property
    def done(self) -> int:
        """Trials that have an answer of any class."""
        return sum(self.states.values())

    @property
    def seconds_left(self) -> float | None:
        """From the speed of this session; None until there is one."""
        asked = self.done - self.before
        if self.began is None or asked <= 0 or self.ended:
            return None
        return (self.trials - self.done) * (time.monotonic() - self.began) / asked

    def start_from(self, tally: Tally | None) -> None:
        """Take over what earlier sessions have done."""
        if tally is None:
            return
        self.states, self.before = dict(tally.states), sum(tally.states.values())
        self.input_tokens, self.output_tokens = tally.input_tokens, tally.output_tokens
        self.wasted_tokens, self.dollars, self.unpriced = tally.wasted_tokens, tally.dollars, tally.unpriced


@dataclass
class Standing:
    """The whole run's: one part a model, and the seconds since asking began."""

    models: dict[str, ModelStanding]
    began: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since this session began."""
        return time.monotonic() - self.began

    @property
    def seconds_left(self) -> float | None:
        """Until the slowest model is done; None until every model that is being asked has answered once."""
        left = [model.seconds_left for model in self.models.values() if model.began is not None and not model.ended]
        known = [seconds for seconds in left if seconds is not None]
        return max(known, default=None) if len(known) == len(left) else None


class Progress(Protocol):
    """Whoever watches."""

    def __call__(self, standing: Standing, /) -> None: ...
