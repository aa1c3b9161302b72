"""What an analyser must be and what it says: the one face that every tool of the panel has.

An analyser is one module in ``analysers/``, found by its place, with the attributes of ``Analyser``. It builds a
command line and reads what the tool printed; it runs nothing (``batches`` does, in the cell) and keeps nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, runtime_checkable

State = Literal["analysed", "not analysable", "canary failed", "tool missing"]
CANARY = "canary"
"""Name of the file, without ending, that a tool must flag."""
WORK = "/srv/data"
"""The folder in the cell where a batch's programs are laid."""


@dataclass(frozen=True)
class Finding:
    """One thing that one tool says about one program. ``cwe`` is None where the tool names none."""

    program: str
    tool: str
    version: str
    rule: str
    cwe: int | None
    severity: str
    confidence: str
    line: int
    message: str


@dataclass(frozen=True)
class Scan:
    """Whether one tool could analyse one program, and if not, why."""

    program: str
    tool: str
    version: str
    state: State
    detail: str = ""


@dataclass(frozen=True)
class Remark:
    """A finding as a tool's output has it: ``file`` is the name of the file without its ending."""

    file: str
    rule: str
    cwe: int | None
    line: int
    message: str
    severity: str = ""
    confidence: str = ""


@dataclass(frozen=True)
class Reading:
    """What a tool's output says, by file name without ending.

    ``unreadable``: files that it could not read or parse, with its reason. ``read``: files that it says it read, None
    where the tool does not say so. ``numbers``: measures by file, of a tool that measures.
    """

    remarks: Sequence[Remark] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict[str, str])
    read: Collection[str] | None = None
    numbers: Mapping[str, Mapping[str, int]] = field(default_factory=dict[str, Mapping[str, int]])


@dataclass(frozen=True)
class Command:
    """How a tool is run over the folder ``WORK``: what ``cell.run_tool`` takes."""

    argv: Sequence[str]
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """Configuration and rules, by absolute path in the cell."""
    folders: Mapping[str, str] = field(default_factory=dict[str, str])
    """Folders to mount, outside → inside."""
    environment: Mapping[str, str] = field(default_factory=dict[str, str])


@runtime_checkable
class Analyser(Protocol):
    """A module of ``analysers/``, or an object like one."""

    @property
    def ENDINGS(self) -> Mapping[str, str]:
        """The languages it reads, each with the ending of its files."""
        ...

    @property
    def CANARIES(self) -> Mapping[str, str]:
        """By language, a small program that the tool must flag."""
        ...

    @property
    def BATCH(self) -> int:
        """Programs in one run, whose start-up is paid once."""
        ...

    @property
    def CPU(self) -> tuple[float, float]:
        """Seconds of processor time that a run may take: to start, and for each program."""
        ...

    @property
    def FACTS(self) -> Facts:
        """Licence, home, how to install it, and what it cannot do."""
        ...

    def version(self) -> str | None:
        """The installed version (with what else decides its findings: rules, plugins), or None: it is missing."""
        ...

    def command(self, language: str) -> Command:
        """How to run it over ``WORK``; called only where ``version`` is not None."""
        ...

    def read(self, stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
        """What its output says. Whatever it raises means that this is not the tool's output."""
        ...


@dataclass(frozen=True)
class Facts:
    """What a user wants to know of a tool before leaning on it."""

    licence: str
    home: str
    install: str
    cannot: str
    rules: str = ""
    """Licence and origin of its rules, where they are not the tool's."""
