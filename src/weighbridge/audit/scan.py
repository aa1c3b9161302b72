"""Step four: what static analysers say about each distinct program; an instrument beside the verdicts, never the truth.

Programs → scans, findings and measures, for the run of a plan and for answers that others collected alike. What a tool
said is kept by content as it comes, so a killed scan goes on where it was and a second one costs next to nothing. A
program that a tool could not analyse is written as such and is never clean.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.cell.doctor import require
from weighbridge.panel import Cache, Done, analysers_for, measuring, stream
from weighbridge.panel.batches import Instrument
from weighbridge.panel.batches import run as give
from weighbridge.panel.rulefiles import Rule, read_rules
from weighbridge.store.schemas import FINDINGS, MEASURES, SCANS
from weighbridge.store.tables import Run

Progress = Callable[[str, int, int], None]


@dataclass
class Line:
    """What became of the programs of one language with one tool. ``seconds`` are those of its cells, added up."""

    language: str
    tool: str
    version: str = ""
    programs: int = 0
    analysed: int = 0
    not_analysable: int = 0
    missing: int = 0
    canary_failed: int = 0
    findings: int = 0
    seconds: float = 0.0
    detail: str = ""
    """Why it is missing or failed, with the mend."""

    def add(self, done: Done) -> None:
        """Count one batch."""
        fields = {"not analysable": "not_analysable", "tool missing": "missing", "canary failed": "canary_failed"}
        self.version = done.version
        self.seconds += done.seconds
        for one in done.said:
            self.programs += 1
            name = fields.get(one.state, one.state)
            setattr(self, name, getattr(self, name) + 1)
            # a finding with several CWEs is several rows of the table, and one finding
            self.findings += len({(remark.rule, remark.line) for remark in one.remarks})
            if one.state in ("tool missing", "canary failed"):
                self.detail = one.detail

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**asdict(self), "seconds": round(self.seconds, 2)}


@dataclass(frozen=True)
class Scanned:
    """What a scan wrote: ``store.schemas`` SCANS, FINDINGS and MEASURES, and the summary by language and tool."""

    scans: pl.DataFrame
    findings: pl.DataFrame
    measures: pl.DataFrame
    lines: list[Line]


class Texts(Mapping[str, str]):
    """Programs of one language by name, taken out of the frame one at a time: never all of them as Python strings."""

    def __init__(self, programs: pl.DataFrame) -> None:
        self._texts = programs["text"]
        self._rows = {name: row for row, name in enumerate(programs["program"].to_list())}

    def __getitem__(self, name: str) -> str:
        return self._texts[self._rows[name]] or ""

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def scan(
    run: Run,
    *,
    tools: Collection[str] | None = None,
    rules: Sequence[Path] = (),
    workers: int | None = None,
    cache: Path | None = None,
    on_progress: Progress = lambda what, done, total: None,
) -> Scanned:
    """Scan and measure every distinct program of a run or collection; writes ``scans``, ``findings``, ``measures``.

    Args:
        tools: names of analysers; all by default. Only theirs are in the tables then.
        rules: folders of semgrep rules of the user's own.
        workers: cells at once; all cores by default.
        cache: the file that keeps what was said by content; None keeps nothing.
        on_progress: called with what is being done (language and tool), programs done, and programs in all.

    Raises:
        StepMissing: the run has no programs yet.
        UnknownName, DataError: a tool or a rule folder is not there, or the cache cannot be used.
        cell.NoIsolation: no safe cell is to be had.
    """
    own = read_rules(rules)
    analysers_for("", rules=own, tools=tools)  # a misspelt tool is said before anything is run
    require()
    programs = run.read("programs", step="judge")
    lines: dict[tuple[str, str], Line] = {}
    scans, findings = [pl.DataFrame(schema=SCANS)], [pl.DataFrame(schema=FINDINGS)]
    with _opened(cache) as kept:
        for done in _every(programs, tools, own, workers, kept, on_progress):
            lines.setdefault((done.language, done.tool), Line(done.language, done.tool)).add(done)
            scans.append(pl.DataFrame([asdict(one) for one in done.scans()], schema=SCANS))
            findings.append(pl.DataFrame([asdict(one) for one in done.findings()], schema=FINDINGS))
        measures = _measure(programs, workers, kept, lines, on_progress)
    said, found = pl.concat(scans), pl.concat(findings)
    asked = [line for line in lines.values() if line.tool != measuring.NAME]
    facts = {
        "step": "scan",
        "tools": sorted({f"{line.tool} {line.version}".strip() for line in asked}),
        "missing": sorted({line.tool for line in asked if line.missing}),
        "rules": len(own),
        "summary": [line.as_dict() for line in lines.values()],
    }
    run.write("scans", said, **facts)
    run.write("findings", found, **facts)
    run.write("measures", measures, step="scan", tools=[measuring.version()])
    return Scanned(said, found, measures, list(lines.values()))


def _measure(
    programs: pl.DataFrame,
    workers: int | None,
    cache: Cache | None,
    lines: dict[tuple[str, str], Line],
    on_progress: Progress,
) -> pl.DataFrame:
    """Lines, comments, functions and complexity of every program; what cannot be measured has nulls, not zeros."""
    rows: list[dict[str, Any]] = []
    for (name,), group in programs.group_by(["language"], maintain_order=True):
        language = str(name or "")
        line = lines.setdefault((language, measuring.NAME), Line(language, measuring.NAME))
        if language not in measuring.ENDINGS:
            rows += [{"program": program, "state": "not measurable"} for program in group["program"]]
            line.programs, line.missing = group.height, group.height
            line.detail = f"{language or 'a language that is not named'} is not known to lizard and pygments here"
            continue

        def show(tool: str, done: int, total: int, language: str = language) -> None:
            on_progress(f"{language}: {tool}", done, total)

        instrument = Instrument(measuring.NAME, measuring, language)
        for done in give(instrument, Texts(group), workers=workers, cache=cache, on_progress=show):
            line.add(done)
            for one in done.said:
                measured = one.state == "analysed" and one.numbers is not None
                numbers = dict(one.numbers or {}) if measured else {}
                state = "measured" if measured else "not measurable"
                rows.append({"program": one.program, "state": state, **numbers})
    return pl.DataFrame(rows, schema=MEASURES)


def _every(
    programs: pl.DataFrame,
    tools: Collection[str] | None,
    rules: Sequence[Rule],
    workers: int | None,
    cache: Cache | None,
    on_progress: Progress,
) -> Iterator[Done]:
    for (name,), group in programs.group_by(["language"], maintain_order=True):
        language = str(name or "")

        def show(tool: str, done: int, total: int, language: str = language) -> None:
            on_progress(f"{language}: {tool}", done, total)

        texts = Texts(group)
        yield from stream(texts, language, tools=tools, rules=rules, workers=workers, cache=cache, on_progress=show)


class _opened:
    """The cache, or nothing, in a ``with``."""

    def __init__(self, path: Path | None) -> None:
        self._cache = None if path is None else Cache(path)

    def __enter__(self) -> Cache | None:
        return self._cache

    def __exit__(self, *_: object) -> None:
        if self._cache is not None:
            self._cache.close()
