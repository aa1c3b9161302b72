"""How long and how complex is a program? Measures stand beside the verdicts, since models differ in length.

lizard (MIT) counts functions and cyclomatic complexity, pygments (BSD-2-Clause) tells code from comments; both run in
the cell over batches, like an analyser (``inside/measure.py``). What cannot be measured has no numbers, not zeros.
"""

from __future__ import annotations

import json
from importlib.metadata import version as installed
from pathlib import Path

from weighbridge.panel.engine import ENDINGS
from weighbridge.panel.face import CANARY, WORK, Command, Facts, Reading

__all__ = ["BATCH", "CANARIES", "CPU", "ENDINGS", "FACTS", "NAME", "command", "read", "version"]

NAME = "measures"
_HASH = ("python", "ruby", "shell")
CANARIES = {**dict.fromkeys(ENDINGS, "// said\n"), **dict.fromkeys(_HASH, "# said\n"), "php": "<?php\n// said\n"}
BATCH = 200
CPU = (30.0, 0.1)
FACTS = Facts(
    licence="MIT",
    home="http://www.lizard.ws",
    install="it comes with Weighbridge: `uv sync` or `pip install --force-reinstall weighbridge`",
    cannot="counts tokens without parsing: code that no compiler would take is measured too",
)
_SCRIPT = Path(__file__).parent / "inside" / "measure.py"


def version() -> str | None:
    """Both libraries' versions."""
    return f"lizard {installed('lizard')}, pygments {installed('pygments')}"


def command(language: str) -> Command:
    """The script is laid beside the programs; it is part of the instrument, so its text is in the cache's key."""
    return Command(["python", "/srv/measure.py", WORK, language], files={"/srv/measure.py": _SCRIPT.read_bytes()})


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Numbers by file, or the reason why there are none. The canary must come out as one line of comment."""
    said = json.loads(stdout)
    if said[CANARY]["comment_lines"] != 1:
        raise ValueError(f"its canary has one line of comment, and was measured as {said[CANARY]}")
    numbers = {file: {str(k): int(v) for k, v in row.items()} for file, row in said.items() if isinstance(row, dict)}
    return Reading(unreadable={file: str(row) for file, row in said.items() if file not in numbers}, numbers=numbers)
