"""What do the steps of an inventory hand to each other? Plain, picklable records; no logic beyond their own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from weighbridge.catalog import Match

Wanted = Callable[[str], bool]
"""Can this string be a model, a host or a command at all? Asked before the dearer question of where it stands."""

Role = Literal[
    "value", "weak", "command", "weights", "architecture", "file name", "url", "sdk", "environment", "constant"
]
"""How a string stands in its file: ``value`` is set or passed, ``weak`` is compared with, a key, or a caption."""

Sure = Literal["certain", "likely", "hint"]
Kind = Literal["model", "weights", "host", "sdk", "key name"]
Place = Literal["code", "test", "vendored", "lock", "docs"]
COUNTED_PLACES: frozenset[str] = frozenset({"code"})


@dataclass(frozen=True, slots=True)
class Mention:
    """One string of a file that may name a model: ``key`` is the name it is set or passed under, if there is one."""

    line: int
    text: str
    key: str = ""
    role: Role = "value"


@dataclass(frozen=True, slots=True)
class Hit:
    """One use: where, what was seen (shortened, secrets taken out), how sure, and what the catalogue knows of it.

    ``name`` is what it is called here: the catalogue's id, or the text as it stands where the catalogue knows none.
    ``counted`` is true for uses that are certain or likely and stand neither in tests nor in vendored or lock files.
    ``country`` is that of the model's maker; ``host_country`` that of whoever serves it: two facts.
    """

    repository: str
    file: str
    line: int
    kind: Kind
    name: str
    evidence: str
    sure: Sure
    place: Place
    counted: bool
    why: str = ""
    model: str | None = None
    maker: str | None = None
    maker_name: str | None = None
    country: str | None = None
    open: bool | None = None
    licence: str = ""
    family: str | None = None
    derived_from: str | None = None
    origin: str = "unknown"
    host: str | None = None
    host_country: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """One use found in a mention: what it is called, how sure, why, and the catalogue's match if there is one."""

    kind: Kind
    name: str
    evidence: str
    sure: Sure
    why: str
    match: Match | None = None
    host: str | None = None
    line: int = 0
    derived_from: str | None = None


def printable(text: str) -> str:
    """``text`` with every character that could break a line, move a cursor or turn the reading order written out:
    names of files and strings of a stranger's tree go to terminals, logs and JSON."""
    if text.isprintable():
        return text
    return "".join(
        one if one.isprintable() else one.encode("unicode_escape", "surrogatepass").decode("ascii") for one in text
    )


@dataclass
class Remarks:
    """What was not read, and why: a count for each reason, and the first few names."""

    counts: dict[str, int] = field(default_factory=dict[str, int])
    names: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    NAMED = 20

    def add(self, reason: str, name: str = "", count: int = 1) -> None:
        """Count one more."""
        self.counts[reason] = self.counts.get(reason, 0) + count
        named = self.names.setdefault(reason, [])
        if name and len(named) < self.NAMED:
            named.append(name)

    def as_rows(self) -> list[dict[str, Any]]:
        """A row a reason: reason, count, the first names."""
        return [{"reason": why, "count": n, "first": self.names.get(why, [])} for why, n in sorted(self.counts.items())]
