"""What is a reviewer asked about one program? One versioned text, with the program fenced so that it cannot get out.

A program is hostile: it may hold fences, orders to its reviewer, or a verdict of its own. Four things keep it in. The
fence bears a *mark*, a hash of the program that does not occur in it, and an answer counts only if it bears that mark
(``reading``), so that neither an end of the fence nor a verdict can be forged. Every line is numbered, so that no line
of the program can look like a line of the prompt. Words by which chat templates change turns are broken up
(``controls.toml``). And whatever could hide the rest of the program from the reviewer (NUL) is made visible. What
this cannot prevent is that a reviewer is talked round by what it reads: that is measured (``docs/review.md``).
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TEXT = Path(__file__).with_name("prompt.toml")
CONTROLS = Path(__file__).with_name("controls.toml")
MARK_CHARACTERS = 12
UNSEEN = "\u200b"
NAMES = {
    "python": "Python",
    "javascript": "JavaScript",
    "typescript": "TypeScript",
    "go": "Go",
    "c": "C",
    "cpp": "C or C++",
    "java": "Java",
}


@dataclass(frozen=True)
class Prompt:
    """One question about one program; ``mark`` must be in its answer."""

    mark: str
    system: str
    user: str


@cache
def _text() -> dict[str, Any]:
    return tomllib.loads(TEXT.read_text("utf-8"))


def version() -> str:
    """Version and hash of the question, such as ``1-3f2a…``: of its text for a program that holds every oddity."""
    rows = tomllib.loads(CONTROLS.read_text("utf-8"))["control"]
    ask = prompt("a\r\nb\rc\x00\n" + "\n".join(row["example"] + row["pattern"] for row in rows), "python")
    return f"{_text()['version']}-{hashlib.sha256((ask.system + ask.user).encode()).hexdigest()[:12]}"


def mark_of(program: str) -> str:
    """The mark of a program: the same each time, unknown to who wrote it, and nowhere in it."""
    for salt in range(1000):
        mark = hashlib.sha256(f"{salt}\n{program}".encode("utf-8", "surrogatepass")).hexdigest()[:MARK_CHARACTERS]
        if mark not in program:
            return mark
    raise ValueError("no mark is free: the program holds a thousand of its own hashes")  # pragma: no cover


@cache
def _controls() -> re.Pattern[str]:
    rows = tomllib.loads(CONTROLS.read_text("utf-8"))["control"]
    return re.compile("|".join(f"(?:{row['pattern']})" for row in rows), re.IGNORECASE)


def shown(program: str) -> str:
    """The program as the reviewer sees it: lines numbered from 1, NUL visible, words of chat templates broken up.

    Only a line feed, with or without a carriage return before it, ends a line, as in the tools that number lines.
    """
    safe = program.encode("utf-8", "replace").decode("utf-8").replace("\x00", "␀").replace("\r\n", "\n")
    safe = _controls().sub(lambda word: f"{word.group()[0]}{UNSEEN}{word.group()[1:]}", safe.replace("\r", "␍"))
    lines = safe.removesuffix("\n").split("\n")
    return "\n".join(f"{number}| {line}" for number, line in enumerate(lines, 1))


def prompt(program: str, language: str = "") -> Prompt:
    """The question about one program; ``language`` as in the table ``programs``, or empty."""
    mark = mark_of(program)
    name = NAMES.get(language, language)
    user = _text()["user"].format(mark=mark, language=f", which is in {name}" if name else "", program=shown(program))
    return Prompt(mark, _text()["system"], user)
