"""ruff's S rules (Astral, MIT): bandit's rules again, much faster; bandit and ruff count as one instrument.

ruff names no CWE; each S rule takes that of the bandit rule it re-implements (S608 is B608), read from bandit itself.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from importlib.util import find_spec
from pathlib import Path, PurePosixPath

from weighbridge.panel import Finding, Reading

LANGUAGES = ("python",)
ENDING = ".py"
CANARY = "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n"


def version() -> str | None:
    """The installed version, or None."""
    try:
        return installed("ruff")
    except PackageNotFoundError:
        return None


def argv(folder: str) -> list[str]:
    """The command over a folder. ``--ignore-noqa``: a program must not switch its judge off by a comment."""
    return [
        *("ruff", "check", "--isolated", "--no-cache", "--ignore-noqa", "--select", "S"),
        *("--output-format", "json", "--exit-zero", folder),
    ]


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings from ruff's JSON; a file with a syntax error counts as unreadable."""
    known = version() or ""
    findings: list[Finding] = []
    unreadable: dict[str, str] = {}
    for row in json.loads(stdout):
        program = PurePosixPath(row["filename"]).stem
        rule = row.get("code")
        if not rule or rule == "invalid-syntax":
            unreadable[program] = row["message"]
            continue
        line = row["location"]["row"]
        findings.append(Finding(program, "ruff", known, rule, cwe(rule), "", "", line, row["message"]))
    return Reading(findings, unreadable)


def cwe(rule: str) -> int | None:
    """The CWE of the bandit rule that an S rule re-implements, or None where bandit has no such rule."""
    return _bandit_cwes().get(rule.replace("S", "B", 1))


@cache
def _bandit_cwes() -> dict[str, int]:
    """Rule → CWE, read from the text of bandit's own plugins and blacklists (its code is not run for it)."""
    spec = find_spec("bandit")
    if spec is None or spec.origin is None:
        return {}
    home = Path(spec.origin).parent
    numbers = dict(re.findall(r"^    (\w+) = (\d+)$", (home / "core" / "issue.py").read_text(), re.MULTILINE))
    found: dict[str, int] = {}
    for path in [*(home / "plugins").glob("*.py"), *(home / "blacklists").glob("*.py")]:
        ids = ""
        for rule, name in re.findall(r"\"(B\d{3})\"|Cwe\.(\w+)", path.read_text()):
            if rule:
                ids = rule
            elif ids and name in numbers:
                found.setdefault(ids, int(numbers[name]))
    return found
