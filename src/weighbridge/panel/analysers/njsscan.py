"""njsscan's rules (Ajin Abraham, LGPL-3.0) for Node.js, with a CWE each, run by semgrep itself.

njsscan's own program hears ``njsscan-ignore`` comments, by which a program would switch its judge off; semgrep does
not. Its rules for templates, which search texts by regular expression, are not used; none is for TypeScript.
"""

from __future__ import annotations

from functools import cache

from weighbridge.panel import engine, toolsets
from weighbridge.panel.face import Command, Facts, Reading
from weighbridge.panel.rulefiles import Rule, read_rules

ENDINGS = {"javascript": ".js"}
CANARIES = {"javascript": engine.CANARIES["javascript"]}
BATCH = 300
CPU = engine.CPU
FACTS = Facts(
    licence="LGPL-2.1",
    home="https://github.com/ajinabraham/njsscan",
    install="`weighbridge panel install semgrep njsscan` brings it",
    cannot="knows request handlers of Express and Node's http; of a function that is handed its input it says nothing",
    rules="njsscan LGPL-3.0",
)


def version() -> str | None:
    """njsscan's version with the engine's, or None."""
    folder, engine_version = toolsets.installed("njsscan"), engine.version()
    if folder is None or engine_version is None:
        return None
    return f"{toolsets.package_version(folder, 'njsscan')} (semgrep {engine_version}, {len(_rules())} rules)"


def command(language: str) -> Command:
    """semgrep with njsscan's rules."""
    return engine.command(_rules(), language)


def read(stdout: bytes, stderr: bytes, exit_code: int) -> Reading:
    """As the engine reads it."""
    return engine.read(stdout, stderr, exit_code, {rule.id: rule.cwes for rule in _rules()})


@cache
def _rules() -> list[Rule]:
    folder = toolsets.installed("njsscan")
    # rules of "good" practice flag what a whole server lacks; a single program of a task has no such duty
    found = read_rules([folder / "njsscan" / "rules" / "semantic_grep"]) if folder else []
    return [rule for rule in found if "/good/" not in rule.source]
