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

from weighbridge.panel.face import WORK, Command, Facts, Reading, Remark

ENDINGS = {"python": ".py"}
CANARIES = {"python": "import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n"}
BATCH = 2000
CPU = (20.0, 0.01)
FACTS = Facts(
    licence="MIT",
    home="https://docs.astral.sh/ruff",
    install="it comes with Weighbridge: `uv sync` or `pip install --force-reinstall weighbridge`",
    cannot="is bandit's rules again, so it sees what bandit sees; it does not say which files it read",
)


def version() -> str | None:
    """The installed version, or None."""
    try:
        return installed("ruff")
    except PackageNotFoundError:
        return None


def command(language: str) -> Command:
    """``--ignore-noqa``: a program must not switch its judge off by a comment."""
    options = ["--isolated", "--no-cache", "--ignore-noqa", "--select", "S", "--output-format", "json", "--exit-zero"]
    return Command(["ruff", "check", *options, WORK])


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """Findings from ruff's JSON; a file with a syntax error counts as unreadable."""
    remarks: list[Remark] = []
    unreadable: dict[str, str] = {}
    for row in json.loads(stdout):
        file = PurePosixPath(row["filename"]).stem
        rule = row.get("code")
        if not rule or rule == "invalid-syntax":
            unreadable[file] = row["message"]
            continue
        remarks.append(Remark(file, rule, _cwes().get(rule), row["location"]["row"], row["message"]))
    return Reading(remarks, unreadable)


@cache
def _cwes() -> dict[str, int]:
    return tomllib.loads((Path(__file__).parent / "ruff_cwe.toml").read_text("utf-8"))
