"""The panel: static analysers behind one face, as instruments whose findings are recorded and never the truth.

An analyser is one module in ``analysers/``, found by its place. Programs go through it in batches, in the cell, since
analysers parse hostile input. Each batch carries a *canary*, a small program that the tool must flag: a tool that
reports success having read nothing is thereby found out, and its batch counts as not analysed. What could not be
analysed is never clean.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import ModuleType
from typing import Literal

from weighbridge import cell

State = Literal["analysed", "not analysable", "canary failed", "tool missing"]
BATCH = 100
"""Programs in one run of a tool; its start-up is paid once a batch."""
CANARY_NAME = "canary"


@dataclass(frozen=True)
class Finding:
    """One thing that one tool says about one program. ``cwe`` is None where the tool names none."""

    program: str
    tool: str
    version: str
    rule: str
    cwe: int | None
    severity: str
    confidence: str
    line: int
    message: str


@dataclass(frozen=True)
class Scan:
    """Whether one tool could analyse one program, and if not, why."""

    program: str
    tool: str
    version: str
    state: State
    detail: str = ""


@dataclass(frozen=True)
class Reading:
    """What an analyser's output says: findings by file name (without ending), and files it could not read."""

    findings: Sequence[Finding] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)


@cache
def analysers_for(language: str) -> dict[str, ModuleType]:
    """The analysers for a language, by name.

    Each module has ``LANGUAGES``, ``ENDING`` (of files), ``CANARY`` (a program it must flag), ``version()`` (None
    where the tool is missing), ``argv(folder)`` and ``read(stdout, stderr, exit_code) -> Reading``.
    """
    home = importlib.import_module("weighbridge.panel.analysers")
    found = {
        name: importlib.import_module(f"{home.__name__}.{name}") for _, name, _ in pkgutil.iter_modules(home.__path__)
    }
    return {name: module for name, module in sorted(found.items()) if language in getattr(module, "LANGUAGES", ())}


def analyse(
    programs: Mapping[str, str],
    language: str,
    *,
    on_progress: Callable[[str, int, int], None] = lambda tool, done, total: None,
) -> tuple[list[Scan], list[Finding]]:
    """Run every analyser of a language over programs.

    Args:
        programs: text by the program's hash.
        on_progress: called with the tool, programs done and programs in all.

    Returns:
        One ``Scan`` for each program and tool, and the findings.

    Raises:
        cell.NoIsolation: no safe cell is to be had.
    """
    scans: list[Scan] = []
    findings: list[Finding] = []
    for tool, module in analysers_for(language).items():
        names = list(programs)
        for start in range(0, len(names), BATCH):
            batch = {name: programs[name] for name in names[start : start + BATCH]}
            new_scans, new_findings = _one_batch(tool, module, batch)
            scans += new_scans
            findings += new_findings
            on_progress(tool, min(start + BATCH, len(names)), len(names))
    return scans, findings


def _one_batch(tool: str, module: ModuleType, batch: Mapping[str, str]) -> tuple[list[Scan], list[Finding]]:
    version = module.version()
    if version is None:
        return [Scan(name, tool, "", "tool missing", "is not installed") for name in batch], []
    files = {f"/srv/data/{name}{module.ENDING}": text.encode("utf-8", "replace") for name, text in batch.items()}
    files[f"/srv/data/{CANARY_NAME}{module.ENDING}"] = module.CANARY.encode()
    result = cell.run_tool(module.argv("/srv/data"), files, runtime="panel", timeout=30 + len(batch))
    if result.reason or result.truncated:
        if len(batch) > 1:  # one hostile program must not take the others with it
            middle = len(batch) // 2
            names = list(batch)
            halves = [{name: batch[name] for name in part} for part in (names[:middle], names[middle:])]
            parts = [_one_batch(tool, module, half) for half in halves]
            return [scan for part in parts for scan in part[0]], [finding for part in parts for finding in part[1]]
        detail = f"the tool ended by {result.reason or 'too much output'}"
        return [Scan(name, tool, version, "not analysable", detail) for name in batch], []
    try:
        reading: Reading = module.read(result.stdout, result.stderr, result.exit)
    except (ValueError, KeyError, TypeError) as error:
        detail = f"its output cannot be read ({type(error).__name__}: {error})"
        return [Scan(name, tool, version, "canary failed", detail) for name in batch], []
    if not any(finding.program == CANARY_NAME for finding in reading.findings):
        detail = (
            "the tool did not flag its canary, so it has read nothing: "
            + result.stderr.decode("utf-8", "replace")[-300:]
        )
        return [Scan(name, tool, version, "canary failed", detail) for name in batch], []
    scans = [
        Scan(name, tool, version, "not analysable", reading.unreadable[name])
        if name in reading.unreadable
        else Scan(name, tool, version, "analysed")
        for name in batch
    ]
    return scans, [finding for finding in reading.findings if finding.program in batch]
