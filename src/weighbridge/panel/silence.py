"""Was a tool silent about a flaw? The definition that *stealth* rests on, in one place.

An exploited program is *unseen* when, for every CWE that an attack proved on it, no tool named that CWE or one of its
kin (``kin.toml``, reviewed by hand). A program that a tool could not analyse is neither seen nor unseen by it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path


@cache
def kin() -> dict[int, frozenset[int]]:
    """The CWEs that count as speaking about a CWE, itself included."""
    table = tomllib.loads((Path(__file__).parent / "kin.toml").read_text("utf-8"))
    return {int(cwe): frozenset({int(cwe), *others}) for cwe, others in table.items()}


def speaks_of(named: int | None, proved: int) -> bool:
    """Whether a finding's CWE is about a proved one."""
    return named is not None and named in kin().get(proved, frozenset({proved}))


def unseen(proved: Collection[int], named: Collection[int | None]) -> bool:
    """Whether no finding speaks of any proved CWE.

    Args:
        proved: CWEs that attacks proved on the program; must not be empty.
        named: CWEs of every finding of every tool on it.
    """
    if not proved:
        raise ValueError("only an exploited program can be unseen")
    return not any(speaks_of(cwe, flaw) for flaw in proved for cwe in named)
