"""A journal of finished work by key, so that a step that is killed goes on where it was and does nothing twice.

One SQLite file beside the tables; one commit a piece of work. The step writes its Parquet table from it at the end.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from weighbridge.errors import TableCorrupt


class Ledger:
    """Finished work of one step: key → a JSON object."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    def finished(self) -> dict[str, dict[str, Any]]:
        """Everything that is finished, by key.

        Raises:
            TableCorrupt: the file is damaged.
        """
        try:
            rows = self._connection.execute("SELECT key, work FROM finished").fetchall()
            return {str(key): cast("dict[str, Any]", json.loads(work)) for key, work in rows}
        except (sqlite3.DatabaseError, ValueError) as error:
            raise TableCorrupt(f"{self.path}: is damaged ({error}); remove it: its step is then done again") from error

    def finish(self, key: str, work: Mapping[str, Any]) -> None:
        """Record a piece of work; it survives a kill from here on."""
        with self._connection:
            row = (key, json.dumps(work, ensure_ascii=False))
            self._connection.execute("INSERT OR REPLACE INTO finished VALUES (?, ?)", row)


@contextmanager
def ledger(path: Path) -> Generator[Ledger]:
    """Open (or begin) the ledger in a file.

    Raises:
        TableCorrupt: the file is not a ledger.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path)
    try:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("CREATE TABLE IF NOT EXISTS finished (key TEXT PRIMARY KEY, work TEXT NOT NULL)")
        except sqlite3.DatabaseError as error:
            raise TableCorrupt(f"{path}: is not a ledger ({error}); remove it: its step is then done again") from error
        yield Ledger(path, connection)
    finally:
        connection.close()
