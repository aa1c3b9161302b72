"""CSV and its kin: the first line names the columns; comma, semicolon, tab or bar between cells."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from weighbridge.audit.collect import compressed
from weighbridge.audit.collect.readers import Table
from weighbridge.audit.collect.records import Record, frames
from weighbridge.errors import DataError

SEPARATORS = ",;\t|"


def opens(path: Path, start: bytes) -> bool:
    """Text whose first line has a separator, and that does not begin like JSON."""
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if b"\x00" in head.split(b"\n", 1)[0] or head[:1] in (b"{", b"[") or start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    named = {".csv", ".tsv"} & {suffix.lower() for suffix in path.suffixes}
    return bool(named) or any(mark.encode() in head.split(b"\n", 1)[0] for mark in SEPARATORS)


def table(path: Path) -> Table:
    """The records of a CSV file."""
    # A program is one cell; the csv module's own limit is 128 kB. ``compressed`` limits a line.
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    _, header, wrong = next(_rows(path), (1, None, "is empty"))
    if header is None:
        raise DataError(f"{path}: line 1 {wrong}; the first line must name the columns: export it again")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise DataError(f"{path}: column {twice[0]!r} stands twice in the first line; rename one")

    def records() -> Iterator[Record]:
        for place, (at, cells, said) in enumerate(_rows(path)):
            if place == 0:
                continue
            if cells is None:
                yield at, None, said
            elif len(cells) != len(header):
                yield at, None, f"has {len(cells)} cells where the first line names {len(header)} columns"
            else:
                yield at, dict(zip(header, cells, strict=True)), ""

    def read(fields: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        return frames(records(), fields)

    return Table(path, "line", tuple(header), read)


def _rows(path: Path) -> Iterator[tuple[int, list[str] | None, str]]:
    """Every row with the line that it begins in; what is wrong with one ends the reading, as the next may be inside
    its quotes."""
    wrong: list[tuple[int, str]] = []
    last = 0

    def texts() -> Iterator[str]:
        nonlocal last
        for number, line, said in compressed.lines(path):
            last = number
            if line is None:
                wrong.append((number, said))
                return
            yield line

    head = compressed.start(path).decode("utf-8", "replace").split("\n", 1)[0]
    rows = csv.reader(texts(), delimiter=max(SEPARATORS, key=head.count), strict=True)
    begins = 1
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            if not wrong:
                yield begins, None, f"cannot be read as CSV ({error})"
                return
            cells = None
        if wrong:
            yield wrong[0][0], None, wrong[0][1]
            return
        if cells is None:
            return
        if cells:
            yield begins, cells, ""
        begins = last + 1
