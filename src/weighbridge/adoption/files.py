"""What stands in a log file, whatever its wrapping: CSV, JSON, JSON lines, Parquet, or a table in Postgres.

Each is brought to Parquet in a scratch folder (Parquet itself is read where it lies), every cell of a text file as
text, so that a cell which is no number is counted later and stops nothing. Lines that cannot be read (cut off,
malformed) are counted. Nothing is held in memory but a batch. ``usage`` reads the Parquet.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import itertools
import json
import os
import re
import subprocess
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import duckdb
import polars as pl

from weighbridge.adoption.formats import otel
from weighbridge.errors import DataError

BATCH = 50_000


@dataclass(frozen=True)
class Opened:
    """One source as Parquet: its parts, its rows, and how many lines could not be read."""

    path: str
    parts: list[Path]
    columns: list[str]
    rows: int
    unreadable: int
    print_of: str
    types: tuple[str, ...] = ()
    """Of a Parquet file: the type of each column. Cells of all others are text."""

    @property
    def shape(self) -> tuple[str, ...]:
        """Columns and their types: files of one shape can be read as one table."""
        # "file_index" is how the engine names a row's file: a log with a column of that name is read by itself.
        alone = (self.path,) if "file_index" in self.columns else ()
        return (*self.columns, "", *self.types, *alone)


def open_source(source: str, scratch: Path, number: int) -> Opened:
    """Bring one file (or ``postgresql://…#table``) to Parquet. A ``DataError`` says what is wrong with it."""
    if re.match(r"postgres(ql)?://", source):
        return _postgres(source, scratch, number)
    path = Path(source)
    if path.is_dir():
        raise DataError(f"{source}: this is a folder; name the files in it, as in {source.rstrip('/')}/*.parquet")
    if not path.is_file():
        raise DataError(f"{source}: there is no such file; give a CSV, JSON, JSON lines or Parquet file")
    mark = _fingerprint(path)
    with path.open("rb") as file:
        start = file.read(4096)
    if start[:4] == b"PAR1":
        return _parquet(path, mark)
    try:
        if start[:2] == b"\x1f\x8b":
            with gzip.open(path, "rb") as file:
                start = file.read(4096)
        return _text(path, start, scratch, number, mark, source)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: this gzip file cannot be read ({_short(error)}); it may be cut off") from None


def _text(path: Path, start: bytes, scratch: Path, number: int, mark: str, source: str) -> Opened:
    if not start.strip():
        raise DataError(f"{source}: the file is empty, without even a header; export it again")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\x00" in start:
        raise DataError(f"{source}: this is neither UTF-8 text nor Parquet; save it as UTF-8 CSV or as Parquet")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _json(path, scratch, number, mark)
    return _csv(path, scratch, number, mark, source)


def _fingerprint(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


def _parquet(path: Path, mark: str) -> Opened:
    try:
        schema = pl.read_parquet_schema(path)
        rows = int(pl.scan_parquet(path).select(pl.len()).collect().item())
    except Exception as error:
        raise DataError(f"{path}: this Parquet file cannot be read ({_short(error)}); it may be cut off") from None
    return Opened(str(path), [path], list(schema), rows, 0, mark, tuple(map(str, schema.values())))


def _csv(path: Path, scratch: Path, number: int, mark: str, shown: str) -> Opened:
    target = scratch / f"{number}.parquet"
    between, columns, more = _header(path, shown)
    names = ", ".join(f"{_quoted(name)}: 'VARCHAR'" for name in columns)
    # Nothing is left to detection: where it takes a file's line ends for CRLF alone, DuckDB 2.0 reads no row and says
    # nothing of it; and one quote left open would stop it from reading any.
    read = (
        f"read_csv({_quoted(str(path))}, auto_detect = false, header = true, columns = {{{names}}}, "
        f"delim = {_quoted(between)}, quote = '\"', escape = '\"', strict_mode = true, null_padding = false, "
        "ignore_errors = true, store_rejects = true)"
    )
    connection = duckdb.connect()
    try:
        connection.execute("SET memory_limit='2GB'")
        connection.execute(f"SET temp_directory={_quoted(str(scratch))}")
        connection.execute(f"COPY (SELECT * FROM {read}) TO {_quoted(str(target))} (FORMAT parquet)")
        swallowed = connection.execute(REJECTED).fetchall()
        rows = connection.execute(f"SELECT count(*) FROM read_parquet({_quoted(str(target))})").fetchone()
    except duckdb.Error as error:
        why = f"({_short(error)}); is a quote left open, has it line ends of two kinds, or is it cut off?"
        raise DataError(f"{shown}: it cannot be read as CSV {why} Export it again, best as Parquet") from None
    finally:
        connection.close()
    kept, bad = int(rows[0]) if rows else 0, sum(int(lines) for _, lines, _ in swallowed)
    if open_quote := next((line for line, _, cut in swallowed if cut), None):
        raise DataError(
            f"{shown}: line {open_quote}: a quote is opened and the lines after it are taken for its text; mend it"
        )
    if more and not kept + bad:
        raise DataError(f"{shown}: there are lines after the header, but not one was read; export it again as Parquet")
    return Opened(shown, [target], columns, kept, bad, mark)


REJECTED = """
SELECT line, max(1 + length(csv_line) - length(replace(csv_line, chr(10), ''))),
       bool_or(error_type = 'UNQUOTED VALUE' AND length(csv_line) >= 10000 AND contains(csv_line, chr(10)))
FROM reject_errors GROUP BY line ORDER BY line"""
"""What could not be read, with the lines that it took: a quote left open swallows others. Texts are cut at 10,000."""


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _header(path: Path, shown: str) -> tuple[str, list[str], bool]:
    """What stands between the cells, the names of the columns, and whether anything follows the header."""
    with _text_of(path) as file:
        first = file.readline(1 << 20)
        between = max(",\t;|", key=first.count)
        # A name in quotes may hold a line's end.
        lines = csv.reader(itertools.chain([first], file), delimiter=between)
        names = [name.strip() or f"column {place}" for place, name in enumerate(next(lines, []), start=1)]
        more = any(line.strip() for line in file)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{shown}: the column '{twice[0]}' stands in the header twice; which one counts? Keep one")
    return between, names, more


@contextmanager
def _text_of(path: Path) -> Generator[TextIO, None, None]:
    """The file as text, unpacked where it is gzipped."""
    with path.open("rb") as file:
        zipped = file.read(2) == b"\x1f\x8b"
    with gzip.open(path, "rb") if zipped else path.open("rb") as whole:
        yield io.TextIOWrapper(whole, encoding="utf-8-sig", errors="replace", newline="")  # type: ignore[arg-type]


def _json(path: Path, scratch: Path, number: int, mark: str) -> Opened:
    bad = 0
    parts: list[Path] = []
    batch: list[dict[str, str | None]] = []
    columns: dict[str, None] = {}
    rows = 0

    def flush() -> None:
        if not batch:
            return
        part = scratch / f"{number}-{len(parts)}.parquet"
        names = list(dict.fromkeys(name for row in batch for name in row))
        cells = {name: [row.get(name) for row in batch] for name in names}
        pl.DataFrame(cells, schema=dict.fromkeys(names, pl.String)).write_parquet(part)
        parts.append(part)
        columns.update(dict.fromkeys(names))
        batch.clear()

    for document in _documents(path):
        if document is None:
            bad += 1
            continue
        for row in _rows(document):
            if not isinstance(row, dict):
                bad += 1
                continue
            batch.append({str(name): _cell(value) for name, value in row.items()})
            rows += 1
            if len(batch) >= BATCH:
                flush()
    flush()
    if not parts:
        if bad:
            raise DataError(f"{path}: none of it can be read as JSON; is it cut off?")
        # An export without a row: kept as a source of 0 rows, which is said aloud, rather than an error.
        return Opened(str(path), [], [], 0, 0, mark)
    return Opened(str(path), parts, list(columns), rows, bad, mark)


def _documents(path: Path) -> Iterator[Any]:
    """Each JSON document of the file: the whole file, or line by line. None stands for one that cannot be read."""
    with _text_of(path) as file:
        first = next((line for line in file if line.strip()), "")
        try:
            json.loads(first)
            by_line = True
        except ValueError:
            by_line = (
                first.lstrip()[:1] == "{" and first.strip() != "{" and not first.rstrip().endswith((",", "{", "["))
            )
        file.seek(0)
        if not by_line:
            try:
                yield json.load(file)
            except ValueError as error:
                raise DataError(f"{path}: not whole JSON ({error}); is it cut off? Export it again") from None
            return
        for line in file:
            if line.strip():
                try:
                    yield json.loads(line)
                except ValueError:
                    yield None


def _rows(document: Any) -> Iterator[Any]:
    if otel.is_one(document):
        yield from otel.rows(document)
    elif isinstance(document, list):
        for item in document:
            yield from _rows(item)
    elif isinstance(document, dict) and isinstance(document.get("data"), list):
        outer = {name: document[name] for name in ("as_of",) if name in document}
        meta = document.get("meta")
        if isinstance(meta, dict) and "as_of" in meta:
            outer["as_of"] = meta["as_of"]
        for item in document["data"]:
            yield {**outer, **item} if isinstance(item, dict) else item
    else:
        yield document


def _cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else repr(value)


def _postgres(source: str, scratch: Path, number: int) -> Opened:
    """A whole table by ``COPY`` through ``psql``, which knows every way to sign in; then it is a CSV like any other."""
    address, _, table = source.partition("#")
    shown = re.sub(r"(password=)[^&#]*", r"\1…", re.sub(r"//[^@/]*@", "//…@", source))
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", table):
        raise DataError(f"{shown}: name the table after a '#', as in postgresql://host/base#LiteLLM_SpendLogs")
    target = scratch / f"{number}.csv"
    quoted = ".".join(f'"{piece}"' for piece in table.split("."))
    command = ["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", address, "-c",
               f"COPY (SELECT * FROM {quoted}) TO STDOUT WITH (FORMAT csv, HEADER true)"]  # fmt: skip
    try:
        with target.open("wb") as file:
            done = subprocess.run(
                command, stdout=file, stderr=subprocess.PIPE, check=False, env=_environment(), timeout=3600
            )
    except FileNotFoundError:
        raise DataError(f"{shown}: the program psql is needed to read from Postgres and is not installed") from None
    except subprocess.TimeoutExpired:
        raise DataError(f"{shown}: Postgres took over an hour; export the table to Parquet instead") from None
    if done.returncode != 0:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise DataError(f"{shown}: Postgres says: {words[0] if words else 'nothing'}")
    return _csv(target, scratch, number, _fingerprint(target), shown)


def _environment() -> dict[str, str]:
    # Times in UTC and in one form, whatever the server is set to.
    return {**os.environ, "PGTZ": "UTC", "PGDATESTYLE": "ISO"}


def _short(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200]
