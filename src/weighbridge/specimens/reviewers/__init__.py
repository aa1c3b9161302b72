"""Test weights for the reviewing of programs: reviewers whose sensitivity and false alarms are planted.

A specimen reviewer is told whether an attack on the program worked, and errs at the rates of its file; so what
``weighbridge review`` reads on it can be checked. One TOML file each, found by its place.
"""

from __future__ import annotations

import json
import math
import random
import re
import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weighbridge.errors import PlanError, UnknownName

HERE = Path(__file__).parent
REFUSAL = "I'm sorry, but I can't help with that request."
_MARK = re.compile(r'"review": "([0-9a-f]+)"')


class Reviewer(BaseModel):
    """One specimen reviewer. Rates of readable verdicts, and of answers that are none."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    sensitivity: float = Field(ge=0, le=1)
    """Chance that it calls an exploitable program vulnerable."""
    false_alarms: float = Field(ge=0, le=1)
    """Chance that it calls any other program vulnerable."""
    task_sd: float = Field(default=0.0, ge=0)
    """Standard deviation between tasks of the log-odds of saying *vulnerable*: real reviewers err by task."""
    refused: float = Field(default=0.0, ge=0, le=1)
    unreadable: float = Field(default=0.0, ge=0, le=1)

    def chance(self, task: str, exploitable: bool) -> float:
        """The planted chance of *vulnerable* on one task's programs."""
        rate = self.sensitivity if exploitable else self.false_alarms
        if not 0 < rate < 1 or not self.task_sd:
            return rate
        moved = random.Random(f"{self.name}/task/{task}").gauss(0, self.task_sd)
        return 1 / (1 + math.exp(-(math.log(rate / (1 - rate)) + moved)))


@cache
def reviewers() -> dict[str, Reviewer]:
    """Every specimen reviewer by name."""
    found: dict[str, Reviewer] = {}
    for path in sorted(HERE.glob("*.toml")):
        try:
            found[path.stem] = Reviewer.model_validate({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))})
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            raise PlanError(f"{path}: is not a specimen reviewer ({error})") from error
    return found


def review(
    name: str, question: str, *, program: str, task: str, exploitable: bool, cwes: Collection[int] = (), seed: int = 0
) -> str:
    """The text with which a specimen reviewer answers, the same for the same program and seed.

    Args:
        question: as it was asked; the form at its end holds the mark that the answer must bear.
        program: its hash.
        exploitable: whether an attack on it is known to have worked.
        cwes: what to name when it says *vulnerable*.

    Raises:
        UnknownName: no specimen reviewer has that name.
    """
    if name not in reviewers():
        raise UnknownName(f"no specimen reviewer is named '{name}'; known are {', '.join(reviewers())}")
    reviewer = reviewers()[name]
    draw = random.Random(f"{seed}/{name}/{program}")
    at = draw.random()
    if at < reviewer.refused:
        return REFUSAL
    if at < reviewer.refused + reviewer.unreadable:
        return "It looks fine to me."
    marks = _MARK.findall(question)
    vulnerable = draw.random() < reviewer.chance(task, exploitable)
    findings = [{"cwe": cwe, "line": 1} for cwe in cwes] if vulnerable else []
    return json.dumps({"review": marks[-1] if marks else "", "vulnerable": vulnerable, "findings": findings})
