"""What a tool said of a program, kept by content: a second scan costs nothing, and a killed one goes on where it was.

One SQLite file for the user (``place()``), shared by all runs. A row's key is the instrument (``batches.fingerprint``:
tool, version, configuration, rules, our adapter) and the hash of the program's text. Only *analysed* and *not
analysable* are kept, the latter only where it does not hang on this machine's load: that a tool is missing or failed
must not be remembered.
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType

from weighbridge.errors import DataError

FORMAT = 1
AT_ONCE = 500
KEPT = ("analysed", "not analysable")

Row = tuple[str, str, str, str]
"""Program's content hash, state, detail, and JSON of what was said."""


def place() -> Path:
    """Where the cache stands: ``$XDG_CACHE_HOME/weighbridge/panel.sqlite``."""
    top = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return top / "weighbridge" / "panel.sqlite"


class Cache:
    """The cache, open in one thread. Several processes may use the file at once."""

    def __init__(self, path: Path) -> None:
        """Open or begin it.

        Raises:
            DataError: the file is damaged, cannot be written, or is of a version that is not understood here.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=60, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            found = int(self._db.execute("PRAGMA user_version").fetchone()[0])
            if found not in (0, FORMAT):
                raise DataError(f"{path}: is a cache of format {found}, understood is {FORMAT}; remove the file")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS said (instrument TEXT NOT NULL, program TEXT NOT NULL, "
                "state TEXT NOT NULL, detail TEXT NOT NULL, said TEXT NOT NULL, "
                "PRIMARY KEY (instrument, program)) WITHOUT ROWID"
            )
            self._db.execute(f"PRAGMA user_version = {FORMAT}")
        except (sqlite3.Error, OSError) as error:
            raise self._broken(error) from error

    def _broken(self, error: Exception) -> DataError:
        return DataError(
            f"{self.path}: cannot be used as the panel's cache ({error}); remove the file, or scan with --no-cache"
        )

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def known(self, instrument: str, programs: Sequence[str]) -> Iterator[Row]:
        """What is kept of these programs (content hashes), in no order. A row that cannot be read is not known."""
        for start in range(0, len(programs), AT_ONCE):
            part = programs[start : start + AT_ONCE]
            marks = ",".join("?" * len(part))
            query = f"SELECT program, state, detail, said FROM said WHERE instrument = ? AND program IN ({marks})"
            try:
                rows = self._db.execute(query, (instrument, *part)).fetchall()
            except sqlite3.Error as error:
                raise self._broken(error) from error
            for program, state, detail, said in rows:
                if state in KEPT and _is_whole(said):
                    yield program, state, detail, said

    def keep(self, instrument: str, rows: Iterable[Row]) -> None:
        """Remember what an instrument said; one transaction.

        Raises:
            ValueError: a state that must not be remembered (a fault of ours).
        """
        ready = list(rows)
        for _, state, _, _ in ready:
            if state not in KEPT:
                raise ValueError(f"'{state}' says something of the tool, not of the program, and is never kept")
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany(
                "INSERT OR REPLACE INTO said VALUES (?, ?, ?, ?, ?)", [(instrument, *row) for row in ready]
            )
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._broken(error) from error


def _is_whole(said: object) -> bool:
    try:
        return isinstance(json.loads(str(said)), dict)
    except ValueError:
        return False
