"""ruff's S rules (Astral, MIT): bandit's rules again, much faster; bandit and ruff count as one instrument.

ruff names no CWE; each S rule takes that of the bandit rule it re-implements (``ruff_cwe.toml``).
"""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
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
        findings.append(Finding(program, "ruff", known, rule, _cwes().get(rule), "", "", line, row["message"]))
    return Reading(findings, unreadable)


@cache
def _cwes() -> dict[str, int]:
    return tomllib.loads((Path(__file__).parent / "ruff_cwe.toml").read_text("utf-8"))
