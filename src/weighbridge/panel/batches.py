"""Runs one tool over many programs: in batches, in cells, on several workers, and never fooled by silence.

Each batch carries a *canary* that the tool must flag: a tool that reports success having read nothing is found out.
Where a batch fails, the canary alone tells whether the tool is broken; if not, the batch is cut up until the program
that breaks it is alone. A program that a tool did not read, or says it could not, is *not analysable*, never clean.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

from weighbridge import cell
from weighbridge.cell.runtime import prepare
from weighbridge.cell.tool import TOOL_LIMITS
from weighbridge.panel.cache import Cache, Row
from weighbridge.panel.face import CANARY, WORK, Analyser, Finding, Reading, Remark, Scan, State
from weighbridge.panel.texts import LARGEST, content_hash, unfit

BATCH_BYTES = 4 << 20
ALONE = 60.0
"""Seconds of processor time that a program may take when it is alone: a batch that fails may be slow, not bad."""
PARTS = 4
"""Into how many a batch that failed is cut. A run that fails costs most (a program that hangs uses up its time in every
batch that it is in), one that succeeds little, so more parts than two find a culprit sooner."""
MOST = 500
"""Remarks of one tool on one program that are kept, and letters of a message: a program can be made of nothing else."""
LOADED = frozenset({"timeout", "cell", "processes", "killed"})
"""Ends of a tool that say something of the machine at that moment, not of the program."""


@dataclass(frozen=True)
class Said:
    """What a tool said of one program. ``lasts``: would be the same again, so it may be kept."""

    program: str
    state: State
    detail: str = ""
    remarks: tuple[Remark, ...] = ()
    numbers: Mapping[str, int] | None = None
    lasts: bool = True


@dataclass(frozen=True)
class Done:
    """One batch: a tool's words on programs of one language, and the wall seconds they took (0: from the cache)."""

    tool: str
    version: str
    language: str
    said: Sequence[Said]
    seconds: float = 0.0

    def scans(self) -> list[Scan]:
        """A row a program."""
        return [Scan(one.program, self.tool, self.version, one.state, one.detail) for one in self.said]

    def findings(self) -> list[Finding]:
        """Every remark on these programs."""
        return [
            Finding(
                one.program,
                self.tool,
                self.version,
                remark.rule,
                remark.cwe,
                remark.severity,
                remark.confidence,
                max(remark.line, 0),
                remark.message,
            )
            for one in self.said
            for remark in one.remarks
        ]


@dataclass
class Instrument:
    """An analyser with its name, ready for one language."""

    tool: str
    analyser: Analyser
    language: str
    version: str = ""
    canary_fails: str | None = None
    _canary: threading.Lock = field(default_factory=threading.Lock)
    _canary_seen: bool = False

    def canary_alone(self, slot: int) -> str:
        """Why the tool fails on its canary alone, or "". Tried once."""
        with self._canary:
            if not self._canary_seen:
                found = _run(self, {}, slot)
                self.canary_fails = "" if isinstance(found, Reading) else found.detail
                self._canary_seen = True
        return self.canary_fails or ""


@dataclass(frozen=True)
class _Failed:
    detail: str
    lasts: bool


def fingerprint(instrument: Instrument) -> str:
    """The hash of everything that decides what a tool says: its version, command, rules, files and our adapter."""
    analyser, command = instrument.analyser, instrument.analyser.command(instrument.language)
    runtime = prepare("panel")
    facts = {
        "tool": instrument.tool,
        "language": instrument.language,
        "version": instrument.version,
        "ending": analyser.ENDINGS[instrument.language],
        "canary": analyser.CANARIES[instrument.language],
        "argv": list(command.argv),
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in command.files.items()},
        "folders": [Path(folder).name for folder in command.folders],
        "environment": dict(command.environment),
        "runtime": [list(runtime.versions), sys.version],
        "adapter": adapter_version(analyser),
        "limits": [LARGEST, *analyser.CPU],
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def adapter_version(analyser: Analyser) -> str:
    """The hash of the source that an analyser comes from, of the data files beside it that bear its name, and of the
    panel's own modules, which it reads with."""
    source = Path(inspect.getfile(analyser if isinstance(analyser, ModuleType) else type(analyser)))
    files = {*source.parent.glob(f"{source.stem}*"), *Path(__file__).parent.glob("*.py")}
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def run(
    instrument: Instrument,
    programs: Mapping[str, str],
    *,
    workers: int | None = None,
    cache: Cache | None = None,
    on_progress: Callable[[str, int, int], None] = lambda tool, done, total: None,
) -> Iterator[Done]:
    """Give programs to a tool; yields batches as they end, what is known from the cache first.

    Args:
        programs: text by name. Texts are looked up as they are needed, so a lazy mapping is never whole in memory.
        workers: cells at once, each of its own user; all cores by default.

    Raises:
        cell.NoIsolation: no safe cell is to be had.
    """
    names, total, done = list(programs), len(programs), 0
    version = instrument.analyser.version()
    if version is None:
        detail = f"is not installed; {instrument.analyser.FACTS.install}"
        yield Done(instrument.tool, "", instrument.language, [Said(name, "tool missing", detail) for name in names])
        on_progress(instrument.tool, total, total)
        return
    instrument.version = version
    hashes: dict[str, list[str]] = {}
    for name in names:
        hashes.setdefault(content_hash(programs[name]), []).append(name)
    key = fingerprint(instrument) if cache is not None else ""
    if cache is not None:
        for batch in _in_parts(cache.known(key, list(hashes)), 1000):
            said = [_thaw(name, row) for row in batch for name in hashes.pop(row[0], ())]
            done += len(said)
            yield Done(instrument.tool, version, instrument.language, said)
            on_progress(instrument.tool, done, total)
    # The same text is given to the tool once, whatever names it has.
    first = {group[0]: (digest, group) for digest, group in hashes.items()}
    for one in _in_cells(instrument, list(first), programs, workers or os.cpu_count() or 1):
        if cache is not None:
            lasting = [said for said in one.said if said.lasts and said.state in ("analysed", "not analysable")]
            cache.keep(key, [(first[said.program][0], said.state, said.detail, _freeze(said)) for said in lasting])
        said = [replace(said, program=name) for said in one.said for name in first[said.program][1]]
        done += len(said)
        yield replace(one, said=said)
        on_progress(instrument.tool, done, total)


def _in_cells(
    instrument: Instrument, names: Sequence[str], programs: Mapping[str, str], workers: int
) -> Iterator[Done]:
    """Batches on several workers, a few ahead of what is taken, so that memory stays bounded."""
    slots: queue.SimpleQueue[int] = queue.SimpleQueue()
    for slot in range(workers):
        slots.put(slot)

    def work(batch: Mapping[str, str]) -> Done:
        slot, began = slots.get(), time.monotonic()
        try:
            said = _batch(instrument, batch, slot)
        finally:
            slots.put(slot)
        seconds = time.monotonic() - began
        return Done(instrument.tool, instrument.version, instrument.language, said, seconds)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="panel")
    waiting: deque[Future[Done]] = deque()
    try:
        for batch in _batches(names, programs, instrument.analyser.BATCH):
            waiting.append(pool.submit(work, batch))
            if len(waiting) > workers + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _batches(names: Sequence[str], programs: Mapping[str, str], most: int) -> Iterator[dict[str, str]]:
    batch: dict[str, str] = {}
    size = 0
    for name in names:
        text = programs[name]
        weight = len(text) if len(text) <= LARGEST else 0  # a larger one is not laid
        if batch and (len(batch) >= most or size + weight > BATCH_BYTES):
            yield batch
            batch, size = {}, 0
        batch[name] = text
        size += weight
    if batch:
        yield batch


def _batch(instrument: Instrument, batch: Mapping[str, str], slot: int) -> list[Said]:
    refused = {name: reason for name, text in batch.items() if (reason := unfit(text))}
    said = [Said(name, "not analysable", reason) for name, reason in refused.items()]
    fit = {name: text for name, text in batch.items() if name not in refused}
    return said + (_fit(instrument, fit, slot) if fit else [])


def _fit(instrument: Instrument, batch: Mapping[str, str], slot: int) -> list[Said]:
    reading = _run(instrument, batch, slot)
    if isinstance(reading, Reading):
        return _sorted_out(batch, reading)
    if broken := instrument.canary_alone(slot):
        return [Said(name, "canary failed", broken, lasts=False) for name in batch]
    if len(batch) == 1:
        return [Said(name, "not analysable", reading.detail, lasts=reading.lasts) for name in batch]
    names = list(batch)  # one hostile program must not take the others with it
    size = -(-len(names) // PARTS)
    parts = [{name: batch[name] for name in names[at : at + size]} for at in range(0, len(names), size)]
    return [said for part in parts for said in _fit(instrument, part, slot)]


def _run(instrument: Instrument, batch: Mapping[str, str], slot: int) -> Reading | _Failed:
    """One run of the tool; file names are of our making, so that none of theirs can reach a command line."""
    analyser, language = instrument.analyser, instrument.language
    command, ending = analyser.command(language), analyser.ENDINGS[language]
    names = {f"p{number:05d}": name for number, name in enumerate(batch)}
    files = {f"{WORK}/{file}{ending}": batch[name].encode("utf-8", "replace") for file, name in names.items()}
    files[f"{WORK}/{CANARY}{ending}"] = analyser.CANARIES[language].encode()
    seconds = max(analyser.CPU[0] + analyser.CPU[1] * (len(batch) + 1), ALONE if len(batch) == 1 else 0)
    limits = replace(TOOL_LIMITS, cpu=seconds, start=60.0)
    result = cell.run_tool(
        command.argv,
        {**files, **command.files},
        folders=command.folders,
        environment=command.environment,
        limits=limits,
        timeout=30 + 6 * seconds,
        slot=slot,
    )
    if result.reason or result.truncated or result.exit is None:
        reason = result.reason or "too much output"
        return _Failed(f"the tool ended by {reason}", reason not in LOADED)
    try:
        reading = analyser.read(result.stdout, result.stderr, result.exit)
    except Exception as error:  # what a tool prints is made of hostile text: it may be anything
        said = result.stderr.decode("utf-8", "replace").strip()[-300:]
        return _Failed(f"the tool's output cannot be read ({type(error).__name__}: {error}) {said}".strip(), True)
    spoke = {remark.file for remark in reading.remarks} | set(reading.numbers)
    if CANARY not in spoke:
        said = result.stderr.decode("utf-8", "replace").strip()[-300:]
        return _Failed(f"the tool did not flag its canary, so it has read nothing: {said}", True)
    return Reading(
        [
            replace(remark, file=names[remark.file], message=remark.message[:MOST])
            for remark in reading.remarks
            if remark.file in names
        ],
        {names[file]: reason for file, reason in reading.unreadable.items() if file in names},
        None if reading.read is None else {names[file] for file in reading.read if file in names},
        {names[file]: numbers for file, numbers in reading.numbers.items() if file in names},
    )


def _sorted_out(batch: Mapping[str, str], reading: Reading) -> list[Said]:
    remarks: dict[str, list[Remark]] = {}
    for remark in reading.remarks:
        remarks.setdefault(remark.file, []).append(remark)
    said: list[Said] = []
    for name in batch:
        every, numbers = remarks.get(name, []), reading.numbers.get(name)
        mine = _bounded(every)
        cut = f"{len(mine):,} of {len(every):,} remarks are kept" if len(mine) < len(every) else ""
        if name in reading.unreadable:
            said.append(Said(name, "not analysable", reading.unreadable[name][:300], mine, numbers))
        elif reading.read is not None and name not in reading.read:
            said.append(Said(name, "not analysable", "the tool does not say that it read it", mine, numbers))
        else:
            said.append(Said(name, "analysed", cut, mine, numbers))
    return said


def _bounded(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """The first of each rule and CWE, so that none is silenced by the rest, then others as there is room for them."""
    if len(remarks) <= MOST:
        return tuple(remarks)
    first = list({(remark.rule, remark.cwe): remark for remark in reversed(remarks)}.values())
    chosen = set(first)
    others = [remark for remark in remarks if remark not in chosen]
    return tuple(first + others[: max(0, MOST - len(first))])


def _freeze(said: Said) -> str:
    rows = [[r.rule, r.cwe, r.line, r.message, r.severity, r.confidence] for r in said.remarks]
    return json.dumps({"remarks": rows, "numbers": said.numbers}, ensure_ascii=True, separators=(",", ":"))


def _thaw(name: str, row: Row) -> Said:
    _, state, detail, kept = row
    held: dict[str, Any] = json.loads(kept)
    remarks = tuple(Remark(name, *fields) for fields in held["remarks"])
    return Said(name, "analysed" if state == "analysed" else "not analysable", detail, remarks, held["numbers"])


def _in_parts(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    part: list[Row] = []
    for row in rows:
        part.append(row)
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part
