"""Models that are fetched or served by a command: Dockerfiles, shell scripts, Makefiles, Procfiles, Ollama's
Modelfiles."""

from __future__ import annotations

import re
from collections.abc import Iterator

from weighbridge.inventory.hits import Mention, Wanted

SUFFIXES = (".sh", ".bash", ".zsh", ".fish", ".ps1", ".bat", ".cmd", ".mk", ".dockerfile", ".service", ".nix")
NAMES = (
    "dockerfile",
    "dockerfile.*",
    "*.dockerfile",
    "containerfile",
    "containerfile.*",
    "makefile",
    "gnumakefile",
    "justfile",
    "procfile",
    "modelfile",
    "modelfile.*",
    "*.modelfile",
    "jenkinsfile",
)

_SET = re.compile(
    r"(?:^|\s)(?:export\s+|ENV\s+|ARG\s+|set\s+|local\s+|readonly\s+|\$env:)?([A-Za-z_]\w*)\s*[:?]?=\s*(\"[^\"\n]*\"|'[^'\n]*'|[^\s;&|]+)"
)
_OLD_ENV = re.compile(r"^ENV\s+([A-Za-z_]\w*)\s+([^=\s]\S*)\s*$", re.IGNORECASE)
_MODELFILE = re.compile(r"^(FROM|ADAPTER)\s+(\S+)", re.IGNORECASE)
_DEFAULT = re.compile(r"^\$\{(\w+):?[-=]([^}]*)\}$")


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Command lines joined over their continuations, and variables with their values."""
    modelfile = "modelfile" in name.lower()
    for number, line in joined(text):
        if line.lstrip().startswith(("#", "//", "REM ", "::")):
            continue
        line = re.split(r"\s#\s", line, maxsplit=1)[0]
        if modelfile:
            found = _MODELFILE.match(line.strip())
            if found:
                yield Mention(number, found.group(2), found.group(1).lower(), "command")
            continue
        old = _OLD_ENV.match(line.strip())
        if old:
            yield Mention(number, old.group(2), old.group(1), "value")
        for found in _SET.finditer(line):
            value = found.group(2).strip("\"'")
            default = _DEFAULT.match(value)
            yield Mention(number, found.group(1), "", "environment")
            yield Mention(number, default.group(2) if default else value, found.group(1), "value")
        yield Mention(number, line.strip(), "", "command")


def joined(text: str) -> Iterator[tuple[int, str]]:
    """Lines with their numbers, a line that ends in a backslash joined with the next."""
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        start = start or number
        if line.rstrip().endswith(("\\", "`")) and len(held) < 20_000:
            stripped = line.strip()
            held += "" if held and stripped.startswith("#") else stripped[:-1] + " "
            continue
        yield start, held + line
        held, start = "", 0
    if held:
        yield start, held
