"""Who reads which file? Each module of this folder says it in ``SUFFIXES`` and ``NAMES`` and gives mentions by
``read``.

``SUFFIXES`` are endings with the dot, lower case; ``NAMES`` are patterns of whole names (``fnmatch``, lower case) and
win over suffixes. ``read(text, name, wanted)`` gives the mentions of one file; strings that ``wanted`` refuses may be
left out. A module with ``BINARY = True`` gets the open file (binary) instead of its text and reads no more than its
header. A new kind of file is a new module.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fnmatch import translate
from functools import cache
from typing import Any

from weighbridge.inventory.hits import Mention, Wanted


@dataclass(frozen=True, slots=True)
class Detector:
    """One module: its name, how it reads, and whether it wants the open file rather than text."""

    name: str
    read: Callable[[Any, str, Wanted], Iterator[Mention]]
    binary: bool
    always: bool
    """Read even where the prefilter sees no model's name (manifests are about packages, weights are bytes)."""


@cache
def _found() -> tuple[dict[str, Detector], list[tuple[re.Pattern[str], Detector]]]:
    by_suffix: dict[str, Detector] = {}
    by_name: list[tuple[re.Pattern[str], Detector]] = []
    for _, name, _ in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{name}")
        detector = Detector(name, module.read, getattr(module, "BINARY", False), getattr(module, "ALWAYS", False))
        for suffix in getattr(module, "SUFFIXES", ()):
            if suffix in by_suffix:
                raise ValueError(f"{suffix} is read by both {by_suffix[suffix].name} and {name}")
            by_suffix[suffix] = detector
        names = getattr(module, "NAMES", ())
        if names:
            by_name.append((re.compile("|".join(translate(pattern) for pattern in names)), detector))
    return by_suffix, by_name


def of(name: str) -> Detector | None:
    """The detector for a file of this name, or None: the file is not read."""
    by_suffix, by_name = _found()
    low = name.lower()
    for pattern, detector in by_name:
        if pattern.match(low):
            return detector
    dot = low.rfind(".")
    return by_suffix.get(low[dot:]) if dot >= 0 else None


def is_code(name: str) -> bool:
    """Whether a file of this name is read as source code."""
    detector = of(name.rsplit("/", 1)[-1])
    return detector is not None and detector.name in ("code", "notebooks")
