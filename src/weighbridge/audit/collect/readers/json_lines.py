"""JSON lines (an object a line), or one JSON list of objects; plain, ``.gz`` or ``.zst``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, cast

import polars as pl

from weighbridge.audit.collect import compressed
from weighbridge.audit.collect.readers import Table
from weighbridge.audit.collect.records import Record, frames, kind, names
from weighbridge.errors import DataError

LOOKED_AT = 1_000
"""Records whose keys are listed as the file's columns."""


def opens(path: Path, start: bytes) -> bool:
    """Text that begins like JSON."""
    return b"\x00" not in start and start.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"[")


def table(path: Path) -> Table:
    """The records of a file of JSON."""
    start = compressed.start(path).removeprefix(b"\xef\xbb\xbf").lstrip()
    records = _listed if start[:1] == b"[" else _lines
    columns: dict[str, None] = {}
    wrong = ""
    for at, cells, said in islice(records(path), LOOKED_AT):
        columns |= dict.fromkeys(names(cells or {}))
        wrong = wrong or (f"line {at} {said}" if said else "")
    if not columns:
        raise DataError(f"{path}: holds no JSON object a line ({wrong or 'no row'}); export it as JSON lines")

    def read(fields: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        return frames(records(path), fields)

    return Table(path, "line" if records is _lines else "item", tuple(columns), read)


def _lines(path: Path) -> Iterator[Record]:
    for number, line, wrong in compressed.lines(path):
        if line is None:
            yield number, None, wrong
        elif line.strip():
            try:
                yield _record(number, json.loads(line))
            except (ValueError, RecursionError) as error:
                cut = "" if line.endswith("\n") else "; it is the last line, the file may be cut off"
                yield number, None, f"is no JSON ({_short(error)}){cut}"


def _listed(path: Path) -> Iterator[Record]:
    parts: list[str] = []
    for number, line, wrong in compressed.lines(path):
        if line is None:
            raise DataError(f"{path}: line {number} {wrong}; export it again")
        parts.append(line)
    try:
        items = json.loads("".join(parts))
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: is no whole JSON list ({_short(error)}); export it as JSON lines") from None
    for number, item in enumerate(cast("list[Any]", items), start=1):
        yield _record(number, item)


def _record(number: int, item: Any) -> Record:
    if not isinstance(item, dict):
        return number, None, f"holds {kind(item)} and not an object"
    return number, cast("dict[str, Any]", item), ""


def _short(error: Exception) -> str:
    return str(error)[:120] if not isinstance(error, RecursionError) else "nested too deeply"
