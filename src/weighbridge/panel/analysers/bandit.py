"""bandit (PyCQA, Apache-2.0): rules for Python with a CWE each."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import PurePosixPath

from weighbridge.panel import Finding, Reading

LANGUAGES = ("python",)
ENDING = ".py"
CANARY = "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n"


def version() -> str | None:
    """The installed version, or None."""
    try:
        return installed("bandit")
    except PackageNotFoundError:
        return None


def argv(folder: str) -> list[str]:
    """The command over a folder. ``--ignore-nosec``: a program must not switch its judge off by a comment."""
    return ["python", "-m", "bandit", "--quiet", "--ignore-nosec", "--format", "json", "--recursive", folder]


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings and unreadable files from bandit's JSON."""
    report = json.loads(stdout)
    known = version() or ""
    findings = [
        Finding(
            PurePosixPath(row["filename"]).stem,
            "bandit",
            known,
            row["test_id"],
            (row.get("issue_cwe") or {}).get("id"),
            row["issue_severity"].lower(),
            row["issue_confidence"].lower(),
            row["line_number"],
            row["issue_text"],
        )
        for row in report["results"]
    ]
    return Reading(findings, {PurePosixPath(row["filename"]).stem: row["reason"] for row in report["errors"]})
