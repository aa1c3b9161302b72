"""Opens a file of answers, whatever its wrapping. Each module here is one format, found by its place.

A module has ``opens(path, start)``, which looks at the first bytes and not at the name's ending, and ``table(path)``.
What cannot be read of a row stands in the row itself (``broken``), so that the caller decides whether it stops there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from weighbridge.audit.collect import compressed
from weighbridge.errors import DataError

IN_FOLDERS = (".parquet", ".pq", ".jsonl", ".ndjson", ".csv", ".tsv", ".eval")
"""Endings of files that are read where a folder is named."""
BATCH = 5_000
"""Rows that are held at once while a file is read."""
TEXTS = frozenset({"code", "answer", "system", "user", "reasoning"})
"""Fields whose cells must be text: a number or a list in them is a wrong column."""


@dataclass(frozen=True)
class Table:
    """A file of rows.

    ``read`` takes field → column and gives frames with ``at`` (where the row stands, as ``unit`` counts), ``broken``
    (null, or why the row cannot be read) and a column of strings for each field. A text that is not Unicode
    begins with NUL.
    """

    path: Path
    unit: str  # "row", counted from 0, or "line", counted from 1
    columns: tuple[str, ...]
    read: Callable[[Mapping[str, str]], Iterator[pl.DataFrame]]


def _holds_answers(path: Path) -> bool:
    """In a folder the ending decides, since what else lies there (a README, a licence) is nobody's answer."""
    last = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in {".gz", ".zst"}][-1:]
    return not path.name.startswith(".") and bool(set(last) & set(IN_FOLDERS))


def bare(name: str) -> str:
    """A file's name without the endings that say how it is written: ``Qwen3.5-Plus.jsonl.gz`` is Qwen3.5-Plus."""
    while Path(name).suffix.lower() in {*IN_FOLDERS, ".json", ".gz", ".zst"}:
        name = Path(name).stem
    return name


def schema(fields: Mapping[str, str]) -> dict[str, type[pl.DataType]]:
    """The columns of a frame that ``Table.read`` gives."""
    return {"at": pl.UInt32, "broken": pl.String, **dict.fromkeys(fields, pl.String)}


def tables(path: Path) -> list[Table]:
    """The table in a file, or those of every file in a folder.

    Raises:
        DataError: there is no such file, it is empty, or no reader knows its format.
    """
    if path.is_dir():
        inner = [file for file in sorted(path.rglob("*")) if file.is_file() and _holds_answers(file)]
        if not inner:
            raise DataError(
                f"{path}: the folder holds no file of answers ({', '.join(IN_FOLDERS)}); name the file itself"
            )
        return [table for file in inner for table in tables(file)]
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give a Parquet, JSON lines, CSV or Inspect .eval file")
    start = compressed.start(path)
    if not start.strip():
        raise DataError(f"{path}: the file is empty; export it again")
    for _, name, _ in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        reader = importlib.import_module(f"{__name__}.{name}")
        if reader.opens(path, start):
            return [reader.table(path)]
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise DataError(f"{path}: is UTF-16; save it as UTF-8 (`iconv -f UTF-16 -t UTF-8`) and import that")
    raise DataError(f"{path}: is neither Parquet, JSON lines, CSV in UTF-8 nor an Inspect .eval log; convert it to one")
