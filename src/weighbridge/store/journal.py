"""Keeps every answer from the moment it arrives, so that a kill at any point loses none and none is asked twice.

The asking step writes here, not to a table: one SQLite file beside the run's tables. An attempt is written down
before its request leaves and again when it ends; an answer is committed, on the disk, before it is counted as there.
What was under way when a process was killed stands as an attempt without an end: it may have been answered and
charged, which nobody can know, so it is counted and shown. The table ``answers`` is made from the journal at the end.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import polars as pl

from weighbridge.errors import RunMismatch, TableCorrupt, WeighbridgeError
from weighbridge.store.schemas import ANSWERS

NAME = "journal.sqlite"
FORMAT = "1"
ROWS_AT_ONCE = 1000

Charge = Literal["none", "known", "unknown"]
"""Whether a failed attempt was charged for: certainly not, as much as its usage says, or nobody knows."""

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sessions (session INTEGER PRIMARY KEY, started REAL NOT NULL, process INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS attempts (
    attempt INTEGER PRIMARY KEY, trial TEXT NOT NULL, model TEXT NOT NULL, session INTEGER NOT NULL,
    started REAL NOT NULL, ended REAL, outcome TEXT, status INTEGER, detail TEXT, charge TEXT,
    input_tokens INTEGER, cached_tokens INTEGER, output_tokens INTEGER,
    counted_tokens INTEGER NOT NULL, counted_dollars REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS attempts_of_trial ON attempts (trial);
CREATE INDEX IF NOT EXISTS attempts_under_way ON attempts (ended) WHERE ended IS NULL;
CREATE TABLE IF NOT EXISTS answers (
    trial TEXT PRIMARY KEY, model TEXT NOT NULL, state TEXT NOT NULL, completion TEXT, reasoning TEXT,
    stop_reason TEXT, served_model TEXT, input_tokens INTEGER, cached_tokens INTEGER, reasoning_tokens INTEGER,
    output_tokens INTEGER, wasted_input_tokens INTEGER, wasted_output_tokens INTEGER, attempts INTEGER NOT NULL,
    latency REAL, dollars REAL, error TEXT, asked_at INTEGER
);
"""


@dataclass(frozen=True)
class End:
    """How an attempt ended. ``counted_…`` is what it takes from a run's budget: its usage, or an estimate."""

    outcome: str
    charge: Charge
    input_tokens: int | None = None
    cached_tokens: int | None = None
    output_tokens: int | None = None
    counted_tokens: int = 0
    counted_dollars: float = 0.0
    status: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Wasted:
    """Attempts at a trial that gave no answer: how many, and their tokens (None: some may be charged, none said)."""

    attempts: int
    input_tokens: int | None
    output_tokens: int | None


@dataclass(frozen=True)
class Tally:
    """What a model's answers come to, over every session of the run."""

    states: dict[str, int]
    input_tokens: int
    output_tokens: int
    wasted_tokens: int
    dollars: float
    unpriced: int
    """Answers whose cost is not known; they are not in ``dollars``."""


class Journal:
    """The journal of one run, held by one process at a time. A method is one transaction or part of ``all_or_none``."""

    def __init__(self, folder: Path, plan_hash: str) -> None:
        """Open a run's journal, or begin it.

        Raises:
            WeighbridgeError: another process is asking on this run.
            RunMismatch: the journal belongs to another plan.
            TableCorrupt: the file is damaged, or was written by a version that is not understood here.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / NAME
        self._lock = (folder / f".{NAME}.lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise WeighbridgeError(
                f"{folder}: another weighbridge process is asking on this run; wait for it or use another --run"
            ) from error
        self._nested = False
        try:
            # The writing thread and the opening one never use it at the same time (asking.writer).
            self._db = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            self._begin(plan_hash)
        except sqlite3.Error as error:
            self._lock.close()
            raise TableCorrupt(
                f"{self.path}: cannot be read as a journal ({error}); the answers in it may be saved with "
                "`sqlite3 … .recover`, or remove it and ask again"
            ) from error

    def _begin(self, plan_hash: str) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)
        if self._db.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise sqlite3.DatabaseError("it fails SQLite's own check")
        known: dict[str, str] = dict(self._db.execute("SELECT name, value FROM facts").fetchall())
        if known and known.get("plan_hash") != plan_hash:
            self.close()
            raise RunMismatch(
                f"{self.path}: belongs to plan {known.get('plan_hash', '')[:12]}, this run is of plan "
                f"{plan_hash[:12]}; use another --run folder"
            )
        if known and known.get("format") != FORMAT:
            self.close()
            raise TableCorrupt(
                f"{self.path}: is a journal of format {known.get('format')}, this version reads {FORMAT}; "
                "use the version that wrote it, or another --run folder"
            )
        with self.all_or_none():
            facts = {"plan_hash": plan_hash, "format": FORMAT}
            self._db.executemany("INSERT OR IGNORE INTO facts VALUES (?, ?)", facts.items())
            begun = self._db.execute(
                "INSERT INTO sessions (started, process) VALUES (?, ?)", (time.time(), os.getpid())
            )
        self.session = int(begun.lastrowid or 0)

    def close(self) -> None:
        """Close the file and let another process in."""
        self._db.close()
        self._lock.close()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def all_or_none(self, *, on_disk: bool = True) -> Generator[None]:
        """One transaction. ``on_disk`` False does not wait for the disk: a kill loses nothing, a power cut may."""
        if self._nested:
            yield
            return
        self._db.execute(f"PRAGMA synchronous = {'FULL' if on_disk else 'NORMAL'}")
        self._db.execute("BEGIN IMMEDIATE")
        self._nested = True
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        else:
            self._db.execute("COMMIT")
        finally:
            self._nested = False

    def started(self, trial: str, model: str, at: float, *, tokens: int, dollars: float) -> int:
        """Write down that a request is about to leave, and what it may cost at most; gives the attempt's number."""
        with self.all_or_none(on_disk=False):
            row = self._db.execute(
                "INSERT INTO attempts (trial, model, session, started, counted_tokens, counted_dollars) "
                "VALUES (?, ?, ?, ?, ?, ?)",
                (trial, model, self.session, at, tokens, dollars),
            )
        return int(row.lastrowid or 0)

    def ended(self, attempt: int, at: float, end: End) -> None:
        """Write down how an attempt ended."""
        with self.all_or_none():
            self._db.execute(
                "UPDATE attempts SET ended = ?, outcome = ?, status = ?, detail = ?, charge = ?, input_tokens = ?, "
                "cached_tokens = ?, output_tokens = ?, counted_tokens = ?, counted_dollars = ? WHERE attempt = ?",
                (
                    at,
                    end.outcome,
                    end.status,
                    end.detail,
                    end.charge,
                    end.input_tokens,
                    end.cached_tokens,
                    end.output_tokens,
                    end.counted_tokens,
                    end.counted_dollars,
                    attempt,
                ),
            )

    def wasted(self, trial: str, answered_by: int | None) -> Wasted:
        """The attempts at a trial other than the one that counts, of all sessions, those cut off by a kill too."""
        row = self._db.execute(
            "SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "
            "count(*) FILTER (WHERE ended IS NULL OR charge = 'unknown') FROM attempts "
            "WHERE trial = ? AND attempt IS NOT ?",
            (trial, answered_by),
        ).fetchone()
        unknown = row[3] > 0
        return Wasted(int(row[0]), None if unknown else int(row[1]), None if unknown else int(row[2]))

    def settle(self, model: str, answer: Mapping[str, Any]) -> None:
        """Keep what counts as a trial's answer; ``answer`` has the columns of ``store.schemas.ANSWERS``."""
        row: dict[str, Any] = {**answer, "model": model, "asked_at": round(answer["asked_at"] * 1000)}
        names = ["model", *ANSWERS.names()]
        with self.all_or_none():
            self._db.execute(
                f"INSERT INTO answers ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                [row[name] for name in names],
            )

    def forget_errors(self) -> int:
        """Make every trial of class *error* unasked again; its attempts stay, and count as wasted."""
        with self.all_or_none():
            return self._db.execute("DELETE FROM answers WHERE state = 'error'").rowcount

    def settled(self) -> set[str]:
        """The trials that have an answer."""
        return {row[0] for row in self._db.execute("SELECT trial FROM answers")}

    def models_that_answered(self) -> set[str]:
        """The models that have given an answer which is not an error."""
        return {row[0] for row in self._db.execute("SELECT DISTINCT model FROM answers WHERE state <> 'error'")}

    def unfinished(self) -> dict[str, int]:
        """Attempts of earlier sessions that were under way at a kill, by model: perhaps answered, perhaps charged."""
        rows = self._db.execute(
            "SELECT model, count(*) FROM attempts WHERE ended IS NULL AND session < ? GROUP BY model", (self.session,)
        )
        return {str(model): int(count) for model, count in rows}

    def spent(self) -> tuple[int, float]:
        """Tokens and dollars that the run has taken from its budget, attempts without an end at what they may cost."""
        row = self._db.execute(
            "SELECT coalesce(sum(counted_tokens), 0), coalesce(sum(counted_dollars), 0.0) FROM attempts"
        ).fetchone()
        return int(row[0]), float(row[1])

    def attempts(self) -> dict[str, int]:
        """Requests that were sent, by model, over all sessions."""
        rows = self._db.execute("SELECT model, count(*) FROM attempts GROUP BY model")
        return {str(model): int(count) for model, count in rows}

    def tallies(self) -> dict[str, Tally]:
        """What each model's answers come to."""
        states: dict[str, dict[str, int]] = {}
        for model, state, count in self._db.execute(
            "SELECT model, state, count(*) FROM answers GROUP BY model, state ORDER BY model, state"
        ):
            states.setdefault(model, {})[state] = count
        rows = self._db.execute(
            "SELECT model, coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "
            "coalesce(sum(wasted_input_tokens), 0) + coalesce(sum(wasted_output_tokens), 0), "
            "coalesce(sum(dollars), 0.0), count(*) FILTER (WHERE dollars IS NULL) FROM answers GROUP BY model"
        )
        return {row[0]: Tally(states[row[0]], *row[1:]) for row in rows}

    def answers(self) -> pl.DataFrame:
        """Every answer, a row each (``store.schemas.ANSWERS``), in no order."""
        columns = ", ".join(ANSWERS.names())
        rows = self._db.execute(f"SELECT {columns} FROM answers")
        stored = pl.Schema({**ANSWERS, "asked_at": pl.Int64})
        parts = [pl.DataFrame(part, schema=stored, orient="row") for part in _parts(rows)]
        frame = pl.concat(parts) if parts else pl.DataFrame(schema=stored)
        return frame.with_columns(pl.col("asked_at").cast(ANSWERS["asked_at"]))


def _parts(rows: sqlite3.Cursor) -> Iterator[list[tuple[Any, ...]]]:
    while part := rows.fetchmany(ROWS_AT_ONCE):
        yield part
