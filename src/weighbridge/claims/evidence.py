"""The data that claims are recomputed from: found in a folder, read once, and remembered by name and hash.

Handed to every recomputing function. What a function opened is noted, so that a verdict can name its data.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from weighbridge.catalog import Catalog
from weighbridge.errors import DataError
from weighbridge.gap import ratings as reading
from weighbridge.gap import sides
from weighbridge.gap.compare import with_keys
from weighbridge.gap.ratings import Ratings
from weighbridge.price import history


class Missing(Exception):
    """Something that a recomputation needs is not there; the claim is then not checkable, and this says why."""


@dataclass(frozen=True, slots=True)
class Value:
    """A recomputed figure; with ``low`` and ``high`` where the data leave an interval (unknown models, noise)."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """The same figures under one other reasonable choice, by figure's name."""

    choice: str
    figures: Mapping[str, float | None]
    note: str = ""


@dataclass(frozen=True)
class Recomputed:
    """What a function found: ``figures`` by name, the choices it tried, sentences, and the day of the data."""

    figures: Mapping[str, Value]
    choices: list[Choice] = field(default_factory=list)
    findings: list[str] = field(default_factory=list)
    as_of: str = ""


@dataclass
class Evidence:
    """One data folder. Files are opened through ``path``."""

    folder: Path
    catalog: Catalog
    opened: dict[str, str] = field(default_factory=dict)
    _hashes: dict[str, str] = field(default_factory=dict)
    _placed: dict[tuple[str, str | None, tuple[str, str]], tuple[Ratings, pl.DataFrame]] = field(default_factory=dict)
    _listed: dict[str, history.Histories] = field(default_factory=dict)

    def path(self, name: str) -> Path:
        """A file of the folder by its relative name. Raises ``Missing``, or ``DataError`` for a name that leads out."""
        path = self.folder / name
        if not path.resolve().is_relative_to(self.folder.resolve()):
            raise DataError(f"'{name}' leads out of the data folder; name a file inside it")
        if not path.is_file():
            raise Missing(f"{name} is not in the data folder")
        if name not in self._hashes:
            self._hashes[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        self.opened[name] = self._hashes[name]
        return path

    def ratings(self, name: str, board: str | None, between: str) -> tuple[Ratings, pl.DataFrame]:
        """A rating history and its models placed on two sides (``gap.sides``), read once."""
        path = self.path(name)
        key = (name, board, sides.pair(between))
        if key not in self._placed:
            ratings = reading.read(path, board=board)
            placed, _ = sides.place(ratings, key[2], self.catalog)
            self._placed[key] = ratings, with_keys(placed)
        return self._placed[key]

    def prices(self, name: str) -> history.Histories:
        """A price log with its changes judged, read once."""
        path = self.path(name)
        if name not in self._listed:
            self._listed[name] = history.read(path, is_closed=self._closed)
        return self._listed[name]

    def _closed(self, model_id: str, day: date) -> bool | None:
        match = self.catalog.find(model_id, on=day)
        return None if match is None or match.open is None else not match.open
