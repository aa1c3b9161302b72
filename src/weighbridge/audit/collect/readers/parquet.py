"""Parquet, batch by batch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import polars as pl

from weighbridge.audit.collect.readers import BATCH, TEXTS, Table, schema
from weighbridge.audit.collect.records import printable
from weighbridge.errors import DataError


def opens(path: Path, start: bytes) -> bool:
    """Parquet by its magic bytes, or by its ending where they are damaged."""
    return start[:4] == b"PAR1" or path.suffix.lower() in {".parquet", ".pq"}


def table(path: Path) -> Table:
    """The rows of a Parquet file; a field of a struct column is named ``column.field``."""
    with path.open("rb") as file:
        magic = file.read(4)
    if magic != b"PAR1":
        raise DataError(f"{path}: is named like Parquet and is not; rename it, or export it again")
    try:
        kinds = dict(pl.read_parquet_schema(path))
    except Exception as error:
        raise _unreadable(path, error) from None
    columns: dict[str, tuple[pl.Expr, pl.DataType]] = {}
    for name, kind in kinds.items():
        if isinstance(kind, pl.Struct):
            for inner in kind.fields:
                dtype = inner.dtype() if isinstance(inner.dtype, type) else inner.dtype
                columns[f"{name}.{inner.name}"] = (pl.col(name).struct.field(inner.name), dtype)
        else:
            columns[name] = (pl.col(name), kind)

    def read(fields: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        chosen = [_cell(path, field, column, *columns[column]) for field, column in fields.items()]
        at = 0
        try:
            batches = pl.scan_parquet(path).select(chosen).collect_batches(chunk_size=BATCH, maintain_order=True)
            for batch in batches:
                where = pl.Series("at", range(at, at + batch.height), dtype=pl.UInt32)
                at += batch.height
                frame = batch.with_columns(where, broken=pl.lit(None, pl.String))
                yield _decoded(frame).select(pl.col(name).cast(kind) for name, kind in schema(fields).items())
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _unreadable(path, error) from None

    return Table(path, "row", tuple(columns), read)


def _unreadable(path: Path, error: Exception) -> DataError:
    said = printable(error) or type(error).__name__
    return DataError(f"{path}: this Parquet file cannot be read ({said}); it may be cut off: copy it again")


def _cell(path: Path, field: str, column: str, value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if field in TEXTS and not isinstance(kind, pl.String | pl.Binary | pl.Categorical | pl.Enum | pl.Null):
        raise DataError(
            f"{path}: column {column!r} holds {kind} and is to be '{field}', which must be text; "
            f"name another column with --map {field}=COLUMN"
        )
    if isinstance(kind, pl.List | pl.Array):
        inner = kind.inner
        if isinstance(inner, pl.Struct | pl.List):
            raise DataError(f"{path}: column {column!r} holds nested lists and cannot be '{field}'")
        value = value.cast(pl.List(pl.String)).list.join(",")
    elif isinstance(kind, pl.Struct):
        raise DataError(f"{path}: column {column!r} holds structs and cannot be '{field}'; name one of its fields")
    elif not isinstance(kind, pl.Binary):
        value = value.cast(pl.String)
    return value.alias(field)


def _decoded(frame: pl.DataFrame) -> pl.DataFrame:
    """Binary columns as text; a cell that is not UTF-8 becomes NUL and its digest, which nobody takes for text."""

    def text(cell: bytes) -> str:
        try:
            return cell.decode("utf-8")
        except UnicodeDecodeError:
            return "\x00" + hashlib.sha256(cell).hexdigest()

    binary = [name for name, kind in frame.schema.items() if kind == pl.Binary]
    cells = {name: [None if cell is None else text(cell) for cell in frame[name].to_list()] for name in binary}
    return frame.with_columns(pl.Series(name, values, dtype=pl.String) for name, values in cells.items())
