"""A few semgrep rules of our own (``panel/rules/``), for what no tool that can be had sees: Go, and paths in Node.js.

A rule stands there only if it tells vulnerable answers of real models from secure ones, and carries a program that it
must flag; the first of them is the canary.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from weighbridge.panel import engine, toolsets
from weighbridge.panel.face import CANARY, Command, Facts, Reading
from weighbridge.panel.rulefiles import Rule, read_rules

RULES = Path(__file__).parents[1] / "rules"
_RULES = read_rules([RULES])


def example(rule: Rule, which: str) -> str:
    """The program in a rule's metadata that it must flag (``flags``) or pass (``passes``)."""
    body: dict[str, Any] = yaml.safe_load(rule.body)
    return str(body["metadata"][which])


ENDINGS = {name: ending for name, ending in engine.ENDINGS.items() if any(rule.reads(name) for rule in _RULES)}
CANARIES = {name: example(next(rule for rule in _RULES if rule.reads(name)), "flags") for name in ENDINGS}
BATCH = 300
CPU = engine.CPU
FACTS = Facts(
    licence="LGPL-2.1",
    home="https://semgrep.dev/docs",
    install=toolsets.INSTALL.format("semgrep"),
    cannot="a handful of rules: CWE-78, 79 and 352 in Go, 22 in JavaScript; within one function; a check whose meaning "
    "it does not know counts as none",
    rules="Weighbridge's own, Apache-2.0",
)


def version() -> str | None:
    """The engine's version with the number of our rules, or None; their text is in the cache's key."""
    engine_version = engine.version()
    return f"{len(_RULES)} rules (semgrep {engine_version})" if engine_version else None


def command(language: str) -> Command:
    """semgrep with our rules."""
    return engine.command(_RULES, language)


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """As the engine reads it; the canary must be flagged by a real rule."""
    reading = engine.read(stdout, stderr, exit_code, _cwes())
    if not any(remark.file == CANARY and remark.rule in _cwes() for remark in reading.remarks):
        raise ValueError("no rule has flagged the canary")
    return reading


@cache
def _cwes() -> dict[str, tuple[int, ...]]:
    return {rule.id: rule.cwes for rule in _RULES}
