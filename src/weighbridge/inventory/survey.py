"""Which models are these trees built on? The whole way of an inventory: walk, read in a pool, judge, count once.

Workers read and find mentions with a pattern; only what passes comes back, and the catalogue is asked here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from weighbridge.catalog import Catalog
from weighbridge.errors import DataError
from weighbridge.inventory import detectors, sdks, words
from weighbridge.inventory.addresses import redacted
from weighbridge.inventory.hits import COUNTED_PLACES, Hit, Judged, Remarks, printable
from weighbridge.inventory.judge import Judge
from weighbridge.inventory.reading import Read, read_many
from weighbridge.inventory.walk import Found, shown, walk

CHUNK = 250
CATALOGUE = 25
"""A file that names more models than this is a list of models (prices, limits, menus): what it names are hints."""
MENU = 8
"""Code that names more models than this in a run, each within ``APART`` lines of the one before, lists them."""
APART = 2
FEW = 600
"""Fewer files than this are read here: starting a pool would take longer."""


@dataclass
class Survey:
    """The result: repositories in order, hits, what was not read, and how many files were."""

    repositories: list[str]
    hits: list[Hit]
    remarks: Remarks
    files: int
    seconds: float
    paths: dict[str, Path] = field(default_factory=dict[str, Path])

    @property
    def counted(self) -> list[Hit]:
        """Hits that are uses: certain or likely, and standing where the product's own code stands."""
        return [hit for hit in self.hits if hit.counted]


def survey(
    paths: Sequence[Path],
    book: Catalog,
    *,
    fleet: bool = False,
    everything: bool = False,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Survey:
    """Surveys each path as one repository; with ``fleet`` and one path, each of its folders is a repository.

    ``everything`` reads vendored folders too and counts hits in tests, docs, vendored and lock files.
    ``progress`` is told now and then how many files have been read.
    DataError where a path is missing or lies in another one: nothing is counted twice.
    """
    began = time.monotonic()
    roots = repositories(paths, fleet=fleet)
    remarks, judge = Remarks(), Judge(book)
    everyday = judge.words["everyday"]
    patterns = words.patterns(book, everyday, sdks.packages(), sdks.variables())
    hits: list[Hit] = []
    files = 0

    def listed() -> Iterator[tuple[str, Found]]:
        for name, root in roots.items():
            own = Remarks()
            for found in walk(root, own, vendored=everything):
                yield name, found
            for why, count in own.counts.items():
                prefix = f"{name}/" if len(roots) > 1 else ""
                remarks.add(why, count=count)
                remarks.names[why] = (remarks.names.get(why, []) + [prefix + n for n in own.names[why]])[
                    : Remarks.NAMED
                ]

    walked = listed()
    for chunk, results in _read(walked, patterns, workers or os.cpu_count() or 1):
        files += len(chunk)
        if progress:
            progress(files)
        owner = {found.path: name for name, found in chunk}
        for result in results:
            name = owner[result.found.path]
            if result.remark:
                remarks.add(result.remark, f"{name}/{result.found.shown}" if len(roots) > 1 else result.found.shown)
            own = list(_hits(name, result, judge, everything))
            if len({hit.name for hit in own if hit.kind == "model"}) > CATALOGUE:
                remarks.add(f"files that list more than {CATALOGUE} models: hints, not uses", result.found.shown)
            own = _without_lists(own)
            hits += own
    order = {name: number for number, name in enumerate(roots)}
    hits.sort(key=lambda hit: (order[hit.repository], hit.file, hit.line, hit.kind, hit.name))
    return Survey(list(roots), hits, remarks, files, time.monotonic() - began, roots)


def repositories(paths: Sequence[Path], *, fleet: bool = False) -> dict[str, Path]:
    """The repositories by name. A path that is a link is followed once, because the user named it."""
    real: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(
                f"{shown(str(path))}: there is no such file or folder; name a source tree, an image or a fleet"
            )
        real.append(path.resolve())
    if fleet and len(real) == 1:
        try:
            real = sorted(
                path for path in real[0].iterdir() if path.is_dir() and not path.is_symlink() and path.name[0] != "."
            )
        except OSError as error:
            raise DataError(f"{shown(str(paths[0]))}: cannot be listed as a fleet ({error.strerror})") from error
        if not real:
            raise DataError(
                f"{shown(str(paths[0]))}: has no folder in it; with --fleet and one PATH each folder is a repository"
            )
    for path in real:
        inside = [other for other in real if other != path and other in path.parents]
        if inside or real.count(path) > 1:
            raise DataError(
                f"{shown(str(path))}: is given twice or lies in {shown(str((inside or [path])[0]))}; name a tree once"
            )
    named: dict[str, Path] = {}
    for path in real:
        name = shown(path.name or str(path))
        named[name if name not in named else shown(str(path))] = path
    return named


def _read(
    walked: Iterator[tuple[str, Found]], patterns: words.Patterns, workers: int
) -> Iterator[tuple[list[tuple[str, Found]], list[Read]]]:
    first = list(islice(walked, FEW))
    if len(first) < FEW or workers < 2:
        yield first, read_many([found for _, found in first], patterns)
        while chunk := list(islice(walked, CHUNK)):
            yield chunk, read_many([found for _, found in chunk], patterns)
        return
    # Spawned, not forked: polars' threads do not survive a fork.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = [
            (chunk, pool.submit(read_many, [found for _, found in chunk], patterns))
            for chunk in (first[at : at + CHUNK] for at in range(0, FEW, CHUNK))
        ]
        while waiting:
            chunk: list[tuple[str, Found]] = []
            try:
                while len(waiting) < workers * 4 and (chunk := list(islice(walked, CHUNK))):
                    waiting.append((chunk, pool.submit(read_many, [found for _, found in chunk], patterns)))
                chunk, future = waiting.pop(0)
                yield chunk, future.result()
            except BrokenProcessPool as error:
                raise DataError(
                    f"a reader died on one of {CHUNK} files from {chunk[0][1].shown}; run with --workers 1 to see which"
                ) from error


def _hits(repository: str, result: Read, judge: Judge, everything: bool) -> Iterator[Hit]:
    seen: set[tuple[int, str, str]] = set()
    sures = {"certain": 0, "likely": 1, "hint": 2}
    for judged in sorted(judge.file(result.mentions), key=lambda one: (one.line, sures[one.sure])):
        key = (judged.line, judged.kind, judged.name)
        if key not in seen:
            seen.add(key)
            yield _hit(repository, result.found, judged, judge.book, everything)


def _without_lists(hits: list[Hit]) -> list[Hit]:
    """The hits of one file, those that are entries of a list of models turned to hints.

    In code a long run of different models is a menu, or what an SDK can do; configuration offers what it lists. A file
    that names very many is a list as a whole, in which code may yet have a default that stands alone.
    """
    named: dict[int, set[str]] = {}
    for hit in hits:
        if hit.kind == "model":
            named.setdefault(hit.line, set()).add(hit.name)
    is_list = len(set[str]().union(*named.values())) > CATALOGUE
    if is_list and not detectors.is_code(hits[0].file):
        entries = set(named)
    elif is_list:
        entries = _runs(named, 2, 3 * APART)
    else:
        entries = _runs(named, MENU, APART) if named and detectors.is_code(hits[0].file) else set[int]()
    return [
        replace(hit, sure="hint", counted=False, why=f"in a list of models; {hit.why}")
        if hit.kind == "model" and (hit.line in entries or (is_list and not _is_default(hit)))
        else hit
        for hit in hits
    ]


def _runs(named: dict[int, set[str]], most: int, apart: int) -> set[int]:
    """The lines of runs that name more than ``most`` models, each line within ``apart`` of the one before."""
    found: set[int] = set()
    run: list[int] = []
    for line in [*sorted(named), -1]:
        if run and not 0 < line - run[-1] <= apart:
            if len(set[str]().union(*(named[one] for one in run))) > most:
                found.update(run)
            run = []
        run.append(line)
    return found


def _is_default(hit: Hit) -> bool:
    """Certain, and under a name that speaks of one model."""
    return hit.sure == "certain" and "models" not in hit.evidence.split(" = ")[0].lower()


def _hit(repository: str, found: Found, judged: Judged, book: Catalog, everything: bool) -> Hit:
    match = judged.match
    place = found.place
    use = judged.kind in ("model", "weights", "host") and judged.sure != "hint"
    counted = use and (everything or place in COUNTED_PLACES)
    serves = judged.host
    host = next((row for row in book.facts.hosts if row.id == serves), None)
    hit = Hit(
        repository=repository,
        file=found.shown,
        line=judged.line,
        kind=judged.kind,
        name=printable(redacted(judged.name)),
        evidence=printable(redacted(judged.evidence))[:160],
        sure=judged.sure,
        place=place,
        counted=counted,
        why=printable(redacted(judged.why)),
        host=serves,
        host_country=host.country if host else None,
    )
    if match is None:
        return hit
    return replace(
        hit,
        model=match.model,
        maker=match.maker,
        maker_name=match.maker_name,
        country=match.country,
        open=match.open,
        licence=match.licence,
        family=match.family,
        derived_from=match.derived_from or judged.derived_from,
        origin=match.origin,
    )
