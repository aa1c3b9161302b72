"""Batches of rows from formats that are read record by record: JSON lines, CSV and Inspect logs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

import polars as pl

from weighbridge.audit.collect.readers import BATCH, TEXTS, schema

HELD = 64 * 1024 * 1024
"""Characters of text after which a batch ends early."""

Record = tuple[int, Mapping[str, Any] | None, str]
"""Where it stands, its cells by column, and why it cannot be read where there are none."""


def frames(records: Iterable[Record], fields: Mapping[str, str]) -> Iterator[pl.DataFrame]:
    """Records as ``readers.Table.read`` gives them. A column ``a.b`` is the key ``b`` of the object in ``a``."""
    rows: list[list[Any]] = []
    held = 0
    for at, cells, wrong in records:
        row: list[Any] = [at, wrong or None]
        for field, column in fields.items():
            value = cell(cells, column) if cells is not None else None
            if field in TEXTS and value is not None and not isinstance(value, str):
                row[1] = f"column {column!r} holds {kind(value)} and is to be '{field}', which must be text"
            text = as_text(value)
            held += len(text or "")
            row.append(text)
        rows.append(row)
        if len(rows) == BATCH or held > HELD:
            yield pl.DataFrame(rows, schema=schema(fields), orient="row")
            rows, held = [], 0
    if rows:
        yield pl.DataFrame(rows, schema=schema(fields), orient="row")


def cell(cells: Mapping[str, Any], column: str) -> Any:
    """A cell by its column's name, or by the way to it through objects."""
    if column in cells:
        return cells[column]
    first, dot, rest = column.partition(".")
    inner = cells.get(first)
    return cell(cast("dict[str, Any]", inner), rest) if dot and isinstance(inner, dict) else None


def names(cells: Mapping[str, Any], before: str = "", depth: int = 3) -> Iterator[str]:
    """The columns of one record, those inside objects with dots."""
    for name, value in cells.items():
        if isinstance(value, dict) and value and depth:
            yield from names(cast("dict[str, Any]", value), f"{before}{name}.", depth - 1)
        else:
            yield f"{before}{name}"


def kind(value: object) -> str:
    """A JSON value's kind in words."""
    words: dict[type, str] = {
        bool: "true or false",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return words.get(type(value), type(value).__name__)


def as_text(value: Any) -> str | None:
    """A JSON value as the text of a cell; half a surrogate pair is not text, so NUL stands before its digest."""
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "\x00" + hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return value
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in cast("list[Any]", value)):
        return ",".join(as_text(one) or "" for one in cast("list[Any]", value))
    return json.dumps(value)
