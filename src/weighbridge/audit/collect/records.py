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

INDEXED = 8
"""Items of a list that can be named as columns."""

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
    if isinstance(inner, list):  # an item by its number: choices.0.message.content
        inner = {str(number): item for number, item in enumerate(cast("list[Any]", inner)[:INDEXED])}
    return cell(cast("dict[str, Any]", inner), rest) if dot and isinstance(inner, dict) else None


def names(cells: Mapping[str, Any], before: str = "", depth: int = 5) -> Iterator[str]:
    """The columns of one record, those inside objects and lists of objects with dots."""
    for name, value in cells.items():
        inner = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            inner = {str(number): item for number, item in enumerate(cast("list[Any]", value)[:INDEXED])}
        if inner and depth:
            yield from names(inner, f"{before}{name}.", depth - 1)
        else:
            yield f"{before}{name}"


def printable(text: object, most: int = 160) -> str:
    """The first line of somebody's error, nothing unseen in it."""
    first = next(iter(str(text).strip().splitlines()), "")
    return "".join(letter if letter.isprintable() else "�" for letter in first[:most])


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
