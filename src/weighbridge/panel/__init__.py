"""The panel: static analysers behind one face, as instruments whose findings are recorded and never the truth.

An analyser is one module in ``analysers/``, found by its place (``face.Analyser``). Programs go through it in batches,
in the cell, since analysers parse hostile input (``batches``); what was said is kept by content (``cache``); tools that
are no part of a plain installation are brought by ``weighbridge panel install`` (``toolsets``). What could not be
analysed is never clean.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import cache as remembered
from types import ModuleType

from weighbridge.errors import UnknownName
from weighbridge.panel.batches import Done, Instrument, Said, run
from weighbridge.panel.cache import Cache
from weighbridge.panel.face import CANARY as CANARY_NAME
from weighbridge.panel.face import Analyser, Finding, Reading, Remark, Scan, State
from weighbridge.panel.rulefiles import Rule

__all__ = [
    "CANARY_NAME",
    "NO_ANALYSER",
    "Analyser",
    "Cache",
    "Done",
    "Finding",
    "Reading",
    "Remark",
    "Scan",
    "State",
    "analyse",
    "analysers_for",
    "every_analyser",
    "stream",
]

NO_ANALYSER = "none"
"""Stands where a tool's name does, for a language that no analyser reads."""


@remembered
def _modules() -> dict[str, ModuleType]:
    home = importlib.import_module("weighbridge.panel.analysers")
    found = (name for _, name, _ in pkgutil.iter_modules(home.__path__))
    return {name: importlib.import_module(f"{home.__name__}.{name}") for name in sorted(found)}


def every_analyser(rules: Sequence[Rule] = ()) -> dict[str, Analyser]:
    """Every analyser by name. One that needs rules of the user's is there only where some are given."""
    found: dict[str, Analyser] = {}
    for name, module in _modules().items():
        with_rules = getattr(module, "with_rules", None)
        analyser = module if with_rules is None else with_rules(tuple(rules)) if rules else None
        if isinstance(analyser, Analyser):
            found[name] = analyser
    return found


def analysers_for(
    language: str, *, rules: Sequence[Rule] = (), tools: Collection[str] | None = None
) -> dict[str, Analyser]:
    """The analysers that read a language, by name.

    Raises:
        UnknownName: ``tools`` names one that is not there.
    """
    every = every_analyser(rules)
    if unknown := sorted(set(tools or ()) - set(every)):
        needs = "; `semgrep` needs rules: name their folder with --rules" if "semgrep" in unknown else ""
        raise UnknownName(f"no analyser is called {', '.join(unknown)}; there are {', '.join(every)}{needs}")
    chosen = every if tools is None else {name: every[name] for name in every if name in tools}
    return {name: analyser for name, analyser in chosen.items() if language in analyser.ENDINGS}


def stream(
    programs: Mapping[str, str],
    language: str,
    *,
    tools: Collection[str] | None = None,
    rules: Sequence[Rule] = (),
    workers: int | None = None,
    cache: Cache | None = None,
    on_progress: Callable[[str, int, int], None] = lambda tool, done, total: None,
) -> Iterator[Done]:
    """Run every analyser of a language over programs, batch by batch.

    Args:
        programs: text by name; looked up as needed.
        tools: names of analysers; all by default.
        rules: semgrep rules of the user's own (``rulefiles.read_rules``).
        workers: cells at once; all cores by default.
        cache: where to look first and to keep what is said; without it nothing is kept.
        on_progress: called with the tool, programs done and programs in all.

    Raises:
        UnknownName: there is no such tool.
        cell.NoIsolation: no safe cell is to be had.
    """
    chosen = analysers_for(language, rules=rules, tools=tools)
    if not chosen:
        asked = f"of {', '.join(sorted(tools))} none" if tools else "no analyser"
        detail = f"{asked} reads {language or 'a language that is not named'}"
        yield Done(NO_ANALYSER, "", language, [Said(name, "tool missing", detail) for name in programs])
    for tool, analyser in chosen.items():
        instrument = Instrument(tool, analyser, language)
        yield from run(instrument, programs, workers=workers, cache=cache, on_progress=on_progress)


def analyse(
    programs: Mapping[str, str],
    language: str,
    *,
    tools: Collection[str] | None = None,
    rules: Sequence[Rule] = (),
    workers: int | None = None,
    cache: Cache | None = None,
    on_progress: Callable[[str, int, int], None] = lambda tool, done, total: None,
) -> tuple[list[Scan], list[Finding]]:
    """As ``stream``, all at once: one ``Scan`` for each program and tool, and the findings."""
    scans: list[Scan] = []
    findings: list[Finding] = []
    for done in stream(
        programs, language, tools=tools, rules=rules, workers=workers, cache=cache, on_progress=on_progress
    ):
        scans += done.scans()
        findings += done.findings()
    return scans, findings
