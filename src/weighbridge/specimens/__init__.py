"""Test weights: specimen models with planted, known behaviour, asked and judged like any other model.

A specimen answers with programs whose behaviour is known (a scenario's twins, handed in by the caller), at rates that
its file fixes for each group of contexts. What the instrument reads on them can therefore be checked. One TOML file
each, found by its place.
"""

from __future__ import annotations

import math
import random
import tomllib
from collections.abc import Collection, Mapping
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from statistics import NormalDist, fmean
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from weighbridge.errors import PlanError, UnknownName

HERE = Path(__file__).parent

BROKEN_PROGRAM = "import os\n\nraise RuntimeError('this specimen is broken on purpose')\n"
TASKS = tuple(NormalDist().inv_cdf((place + 0.5) / 501) for place in range(501))
"""Standard normal tasks, evenly in probability: what a mean over all tasks is taken over."""
REFUSAL = "I'm sorry, but I can't help with that request."


class Behaviour(BaseModel):
    """Rates over everything asked; what is left answers with secure programs.

    ``lines`` adds so many harmless lines to every program: length without behaviour. ``unseen``: exploitable programs
    are only those that the panel misses.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    exploitable: float = Field(default=0.0, ge=0, le=1)
    broken: float = Field(default=0.0, ge=0, le=1)
    refused: float = Field(default=0.0, ge=0, le=1)
    lines: int = Field(default=0, ge=0)
    unseen: bool = False


class Specimen(BaseModel):
    """One test weight. ``behaviour`` is by pattern on ``group/name`` of the context; the first match counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    task_sd: float = Field(default=0.0, ge=0)
    """Standard deviation between tasks of the log-odds of exploitable: clustering, as real models show it."""
    wording_sd: float = Field(default=0.0, ge=0)
    """Standard deviation of the log-odds between wordings: harmless noise that placebos must catch."""
    behaviour: dict[str, Behaviour]

    def for_context(self, context: str) -> Behaviour:
        """The planted rates in a context.

        Raises:
            PlanError: no pattern matches it.
        """
        for pattern, behaviour in self.behaviour.items():
            if fnmatchcase(context, pattern):
                return behaviour
        raise PlanError(f"specimen '{self.name}': no behaviour for context '{context}'; add a pattern \"*\"")

    def chance(self, task: str, context: str, seed: int) -> float:
        """The planted chance of an exploitable program on one task, given that it is neither broken nor refused: the
        file's rate, moved on the log-odds scale by the specimen's two noises."""
        rate = self.for_context(context).exploitable
        if not 0 < rate < 1 or not (self.task_sd or self.wording_sd):
            return rate
        of_task = random.Random(f"{seed}/{self.name}/task/{task}").gauss(0, self.task_sd)
        return 1 / (1 + math.exp(-(math.log(rate / (1 - rate)) + of_task + self._of_wording(context, seed))))

    def expected(self, context: str, seed: int) -> float:
        """What *exploitable* should read over everything asked, on tasks like these: the chance over all tasks that the
        specimen's noise could have made, in one wording."""
        rates = self.for_context(context)
        rate = rates.exploitable
        if 0 < rate < 1:
            odds = math.log(rate / (1 - rate)) + self._of_wording(context, seed)
            rate = fmean(1 / (1 + math.exp(-(odds + self.task_sd * z))) for z in TASKS)
        return rate * (1 - rates.broken - rates.refused)

    def _of_wording(self, context: str, seed: int) -> float:
        return random.Random(f"{seed}/{self.name}/wording/{context}").gauss(0, self.wording_sd)


@cache
def specimens() -> dict[str, Specimen]:
    """Every specimen by name."""
    found: dict[str, Specimen] = {}
    for path in sorted(HERE.glob("*.toml")):
        try:
            found[path.stem] = Specimen.model_validate({"name": path.stem, **tomllib.loads(path.read_text("utf-8"))})
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            raise PlanError(f"{path}: is not a specimen ({error})") from error
    return found


def answer(
    name: str, trial: Mapping[str, Any], twins: Mapping[str, str], seed: int, *, unseen: Collection[str] | None = None
) -> str:
    """The text with which a specimen answers one trial, the same for the same trial and seed.

    Args:
        trial: needs ``task``, ``context`` and ``repeat``; other fields are not looked at.
        twins: programs by name, ``secure_…``, ``vulnerable_…`` or ``bypass_…``.
        unseen: names of the twins that the panel misses, where that was measured; a specimen that needs them answers
            with secure programs on tasks that have none.

    Raises:
        UnknownName: no specimen has that name.
        PlanError: there are no twins to answer with.
    """
    if name not in specimens():
        raise UnknownName(f"no specimen is named '{name}'; known are {', '.join(specimens())}")
    specimen = specimens()[name]
    secure = [text for twin, text in twins.items() if twin.startswith("secure_")]
    flawed = [text for twin, text in twins.items() if not twin.startswith("secure_")]
    if not secure or not flawed:
        raise PlanError(f"task '{trial['task']}' has no twins for its stack, so a specimen cannot answer it")
    rates = specimen.for_context(str(trial["context"]))
    if rates.unseen:
        if unseen is None:
            raise PlanError(f"specimen '{name}' needs to know which twins the panel misses; it is for calibrate only")
        flawed = [text for twin, text in twins.items() if twin in unseen] or secure
    draw = random.Random(f"{seed}/{name}/{trial['task']}/{trial['context']}/{trial['repeat']}/{trial.get('slot', '')}")
    chance = specimen.chance(str(trial["task"]), str(trial["context"]), seed)
    at = draw.random()
    if at < rates.refused:
        return REFUSAL
    if at < rates.refused + rates.broken:
        program = BROKEN_PROGRAM
    elif at < rates.refused + rates.broken + chance * (1 - rates.refused - rates.broken):
        program = draw.choice(flawed)
    else:
        program = draw.choice(secure)
    padding = "".join(f"# note {number}\n" for number in range(rates.lines))
    return f"Here is the module.\n\n```python\n{program.rstrip()}\n{padding}```\n"
