"""What is asked: scenarios, stacks and the tasks they make, read from their folders.

A *scenario* is a job that a developer would ask for, written once. A *stack* says in which language and
framework. A *task* is scenario × stack × kind (write or modify) and is the unit of every estimate. Scenarios
and stacks are found by their place: a new folder or file is a new one, with no list to edit. This module
only reads; ``oracle`` and ``judging`` attack the answers, ``prove`` checks the oracles on their twins.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from weighbridge.errors import PlanError, UnknownName

HERE = Path(__file__).parent
SHIPPED_SCENARIOS = HERE / "scenarios"
SHIPPED_STACKS = HERE / "stacks"

Interface = Literal["function", "http"]
Kind = Literal["write", "modify"]
Language = Literal["en", "zh"]


class StackText(BaseModel):
    """The sentences about a stack in one language; ``function`` or ``http`` is used, by the scenario's interface."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    function: str
    http: str
    answer: str
    modify: str


class Stack(BaseModel):
    """A language and framework that a scenario can be asked in."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    title: str
    language: str
    runtime: str
    file: str
    text: dict[Language, StackText]


class ScenarioText(BaseModel):
    """The job in one language. ``write`` never mentions security; ``modify`` speaks of the existing module."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    write: str = ""
    modify: str = ""


class ScenarioFile(BaseModel):
    """scenario.toml as it stands in its folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    title: str
    category: str
    cwes: tuple[int, ...]
    interface: Interface
    stacks: tuple[str, ...]
    kinds: tuple[Kind, ...] = ("write",)
    entry_names: tuple[str, ...] = ()
    hosts: dict[str, str] = {}
    text: dict[Language, ScenarioText]


@dataclass(frozen=True)
class Scenario:
    """One scenario: its facts, its folder, and the version of its oracle (a hash of what it rests on)."""

    name: str
    folder: Path
    facts: ScenarioFile
    oracle_version: str

    @property
    def check(self) -> Path:
        """The oracle, which runs outside the cell."""
        return self.folder / "check.py"

    def twins(self, stack: str) -> dict[str, str]:
        """Programs with known behaviour for a stack, by name (``secure_…``, ``vulnerable_…``, ``bypass_…``)."""
        return {path.stem: path.read_text("utf-8") for path in sorted((self.folder / "twins" / stack).glob("*.py"))}

    def base(self, stack: str) -> str:
        """The existing module that a *modify* task starts from.

        Raises:
            PlanError: the scenario offers *modify* but has no ``base/<stack>.py``.
        """
        path = self.folder / "base" / f"{stack}.py"
        if not path.is_file():
            raise PlanError(f"{self.folder.name}: kind 'modify' needs the existing module {path.name} in base/; add it")
        return path.read_text("utf-8")


@dataclass(frozen=True)
class Task:
    """Scenario × stack × kind: the unit that estimates are clustered on."""

    scenario: Scenario
    stack: Stack
    kind: Kind

    @property
    def id(self) -> str:
        """``scenario/stack/kind``."""
        return f"{self.scenario.name}/{self.stack.name}/{self.kind}"

    @property
    def entry_names(self) -> tuple[str, ...]:
        """Names that the program must define; they guide code extraction only."""
        if self.scenario.facts.entry_names:
            return self.scenario.facts.entry_names
        if self.scenario.facts.interface == "http":
            return ("app",) if self.stack.name != "python-stdlib" else ("Handler",)
        return ()

    def prompt(self, language: Language = "en") -> str:
        """The whole user's message of this task in a language, without any context.

        Raises:
            PlanError: the scenario or stack has no text in that language.
        """
        facts = self.scenario.facts
        if language not in facts.text or language not in self.stack.text:
            raise PlanError(f"task {self.id} has no text in language '{language}'; drop it from the plan's `languages`")
        text, stack = facts.text[language], self.stack.text[language]
        job = (text.write if self.kind == "write" else text.modify).strip()
        if not job:
            raise PlanError(f"task {self.id} has no `{self.kind}` text in language '{language}'")
        if self.kind == "write":
            about = stack.http if facts.interface == "http" else stack.function
            return f"{about}\n\n{job}\n\n{stack.answer}"
        code = self.scenario.base(self.stack.name).strip()
        return f"{stack.modify}\n\n```{self.stack.language}\n{code}\n```\n\n{job}\n\n{stack.answer}"


def _read_toml(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PlanError(f"{path}: cannot be read as TOML ({error})") from error


def explain(path: Path | str, error: ValidationError) -> str:
    """One sentence for the first fault pydantic found in a file, naming the field and, where it can, the mend."""
    fault = error.errors()[0]
    field = ".".join(str(part) for part in fault["loc"]) or "(top level)"
    more = f" (and {len(error.errors()) - 1} more)" if len(error.errors()) > 1 else ""
    if fault["type"] == "extra_forbidden":
        return f"{path}: `{field}` is not a key that is known here; remove it or mend its spelling{more}"
    if fault["type"] == "missing":
        return f"{path}: `{field}` is missing; add it{more}"
    return f"{path}: `{field}`: {fault['msg']}{more}"


@cache
def stacks() -> dict[str, Stack]:
    """Every stack, by name: one TOML file each in ``tasks/stacks``."""
    found: dict[str, Stack] = {}
    for path in sorted(SHIPPED_STACKS.glob("*.toml")):
        try:
            found[path.stem] = Stack.model_validate({"name": path.stem, **_read_toml(path)})
        except ValidationError as error:
            raise PlanError(explain(path, error)) from error
    return found


@cache
def _shared() -> bytes:
    """What every oracle rests on beside its own file: how it sees a program, and the payloads that several share."""
    files = [HERE / "oracle.py", HERE / "judging.py", *sorted((HERE / "payloads").glob("*.py"))]
    return b"\0".join(path.read_bytes() for path in files) + b"\0"


def read_scenario(folder: Path) -> Scenario:
    """One scenario from its folder.

    Raises:
        PlanError: scenario.toml or check.py is missing or malformed, or a stack is not known.
    """
    path = folder / "scenario.toml"
    try:
        facts = ScenarioFile.model_validate(_read_toml(path))
    except ValidationError as error:
        raise PlanError(explain(path, error)) from error
    if not (folder / "check.py").is_file():
        raise PlanError(f"{folder}: check.py is missing; a scenario without an oracle cannot be asked")
    for name in facts.stacks:
        if name not in stacks():
            raise PlanError(f"{path}: stack '{name}' is not known; known are {', '.join(stacks())}")
    own = (folder / "check.py").read_bytes() + b"\0" + path.read_bytes()
    version = hashlib.sha256(_shared() + own).hexdigest()[:16]
    return Scenario(folder.name, folder, facts, version)


def scenarios(folders: Iterable[Path] = ()) -> dict[str, Scenario]:
    """Every scenario by name: those shipped, and those in further folders of the user's own.

    Raises:
        PlanError: a scenario is malformed, or two have one name.
    """
    found: dict[str, Scenario] = {}
    for root in (SHIPPED_SCENARIOS, *folders):
        for path in sorted(root.glob("*/scenario.toml")):
            scenario = read_scenario(path.parent)
            if scenario.name in found:
                raise PlanError(
                    f"{path.parent}: a scenario named '{scenario.name}' is known already; rename the folder"
                )
            found[scenario.name] = scenario
    return found


def tasks(
    known: dict[str, Scenario],
    *,
    patterns: Sequence[str] = ("*",),
    only_stacks: Sequence[str] = ("*",),
    only_kinds: Sequence[str] = ("*",),
) -> list[Task]:
    """Every task of the chosen scenarios, stacks and kinds, sorted by id. Patterns are shell patterns.

    Raises:
        UnknownName: a pattern that matches nothing (a misspelt name must not shrink a study silently).
    """
    every = [
        Task(scenario, stacks()[stack], kind)
        for scenario in known.values()
        for stack in scenario.facts.stacks
        for kind in scenario.facts.kinds
    ]
    for pattern in patterns:
        if not any(fnmatchcase(task.scenario.name, pattern) or fnmatchcase(task.id, pattern) for task in every):
            names = ", ".join(sorted(known))
            raise UnknownName(f"no scenario or task matches '{pattern}'; known scenarios: {names}")
    for pattern in only_stacks:
        if not any(fnmatchcase(name, pattern) for name in stacks()):
            raise UnknownName(f"no stack matches '{pattern}'; known are {', '.join(stacks())}")
    chosen = [
        task
        for task in every
        if any(fnmatchcase(task.scenario.name, pattern) or fnmatchcase(task.id, pattern) for pattern in patterns)
        and any(fnmatchcase(task.stack.name, pattern) for pattern in only_stacks)
        and any(fnmatchcase(task.kind, pattern) for pattern in only_kinds)
    ]
    return sorted(chosen, key=lambda task: task.id)
