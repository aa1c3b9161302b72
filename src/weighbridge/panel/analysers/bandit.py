"""bandit (PyCQA, Apache-2.0): rules for Python with a CWE each."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed
from pathlib import PurePosixPath

from weighbridge.panel.face import WORK, Command, Facts, Reading, Remark

ENDINGS = {"python": ".py"}
CANARIES = {"python": "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n"}
BATCH = 400
CPU = (20.0, 0.05)
FACTS = Facts(
    licence="Apache-2.0",
    home="https://bandit.readthedocs.io",
    install="it comes with Weighbridge: `uv sync` or `pip install --force-reinstall weighbridge`",
    cannot="sees one call at a time and no data flow: no path traversal, SSRF, reflected XSS, header or log injection",
)


def version() -> str | None:
    """The installed version, or None."""
    try:
        return installed("bandit")
    except PackageNotFoundError:
        return None


def command(language: str) -> Command:
    """``--ignore-nosec``: a program must not switch its judge off by a comment."""
    options = ["--quiet", "--ignore-nosec", "--format", "json", "--recursive", WORK]
    return Command(["python", "-m", "bandit", *options])


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings and unreadable files from bandit's JSON, whose metrics name every file that it read."""
    report = json.loads(stdout)
    remarks = [
        Remark(
            PurePosixPath(row["filename"]).stem,
            row["test_id"],
            (row.get("issue_cwe") or {}).get("id"),
            row["line_number"],
            row["issue_text"],
            row["issue_severity"].lower(),
            row["issue_confidence"].lower(),
        )
        for row in report["results"]
    ]
    unreadable = {PurePosixPath(row["filename"]).stem: row["reason"] for row in report["errors"]}
    return Reading(remarks, unreadable, {PurePosixPath(name).stem for name in report["metrics"] if name != "_totals"})
