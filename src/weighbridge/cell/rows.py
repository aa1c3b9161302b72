"""Reads rows of a database that a hostile program wrote, in a cell of its own: SQLite's parser is not the judge's."""

from collections.abc import Sequence
from typing import Any

from weighbridge.cell.cell import Cell, Program
from weighbridge.cell.errors import NotPlain, ProgramError

READER = b"""
import sqlite3


def rows(path, sql, parameters, most):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
        return [list(row) for row in connection.execute(sql, parameters).fetchmany(most)]
"""


def read_rows(
    database: bytes,
    sql: str,
    parameters: Sequence[Any] = (),
    *,
    wal: bytes | None = None,
    most: int = 10_000,
    timeout: float = 10.0,
    slot: int = 0,
) -> list[tuple[Any, ...]]:
    """The rows that one statement finds in a SQLite file (with its write-ahead log, if there is one).

    Raises NotPlain where it is no such database or has no such table.
    """
    seed: dict[str, bytes | str | None] = {"/srv/data/copy.db": database}
    if wal:
        seed["/srv/data/copy.db-wal"] = wal
    try:
        with Cell(Program({"main.py": READER}), slot=slot) as cell, cell.run(seed) as run:
            found = run.call("rows", "/srv/data/copy.db", sql, list(parameters), most, timeout=timeout)
    except ProgramError as e:
        raise NotPlain(f"not a readable database: {e}") from None
    return [tuple(row) for row in found]
