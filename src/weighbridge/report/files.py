"""The tables of a report as data: frames, JSON and CSV, for one's own analysis.

The same frames that the HTML shows (``accounts``), one row a thing, unknown values empty. Texts that models wrote are
made harmless for terminals and spreadsheets; programs are not in here but in ``programs.parquet``.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.report import accounts
from weighbridge.report.evidence import Evidence, read, unfinished
from weighbridge.report.headline import headlines
from weighbridge.report.hostile import line, spreadsheet
from weighbridge.store.tables import write_beside


def tables(run_folder: Path) -> dict[str, pl.DataFrame]:
    """Every table of the report by name; those whose step has not run are missing.

    Raises:
        StepMissing: it is no run folder.
        RunMismatch, TableCorrupt: a table is of another plan or damaged.
    """
    return _tables(read(run_folder))


def _tables(evidence: Evidence) -> dict[str, pl.DataFrame]:
    verdicts = pl.DataFrame(
        [
            {"model": one.model, "verdict": one.verdict, "specimen": one.specimen, "sentences": list(one.sentences)}
            for one in headlines(evidence)
        ],
        schema={"model": pl.String, "verdict": pl.String, "specimen": pl.Boolean, "sentences": pl.List(pl.String)},
    )
    found = {
        "verdicts": verdicts,
        "outcomes": accounts.outcomes(evidence),
        "effects": evidence.effects,
        "rates": evidence.rates,
        "tasks": accounts.tasks(evidence),
        "refusals": accounts.refusals(evidence),
        "weaknesses": accounts.weaknesses(evidence),
        "proofs": accounts.proofs(evidence),
        "models": accounts.models(evidence),
        "cost": accounts.cost(evidence),
        "trials": accounts.trials(evidence),
    }
    return {name: frame for name, frame in found.items() if frame is not None}


def as_json(run_folder: Path) -> str:
    """The whole report as JSON: ``plan``, ``plan_hash``, ``unfinished``, ``facts`` and ``tables`` (rows by table).

    Unknown is null; an infinite limit of an interval is the string ``"inf"``, since JSON has no word for it.
    """
    evidence = read(run_folder)
    whole = {
        "plan_hash": evidence.run.plan_hash,
        "plan": evidence.plan.model_dump(mode="json"),
        "unfinished": [{"step": step, "missing": what} for step, what in unfinished(evidence)],
        "facts": evidence.facts,
        "certificate": evidence.certificate,
        "tables": {name: frame.to_dicts() for name, frame in _tables(evidence).items()},
    }
    return json.dumps(plain(whole), ensure_ascii=False, indent=1, allow_nan=False)


def plain(value: Any) -> Any:
    """A value as JSON has words for: moments as text, no number as null, infinite as ``"inf"``."""
    if isinstance(value, dict):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and value != value:
        return None
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return str(value)
    return value


def write_csv(run_folder: Path, out: Path | None = None) -> list[Path]:
    """Write every table as CSV.

    Args:
        out: the folder; ``RUN/csv`` by default.

    Returns:
        The files written, by table name. Lists stand in one cell, parted by ``; ``.
    """
    folder = out or run_folder / "csv"
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for name, frame in tables(run_folder).items():
        written.append(write_frame(frame, folder / f"{name}.csv"))
    return written


def write_frame(frame: pl.DataFrame, path: Path) -> Path:
    """One table as CSV that a spreadsheet cannot run; returns the path."""
    cells = frame.select(_cell(column, kind) for column, kind in frame.schema.items())
    write_beside(path, cells.write_csv().encode())
    return path


def _cell(column: str, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.List):
        return pl.col(column).map_elements(_joined, return_dtype=pl.String)
    if kind == pl.String:
        return pl.col(column).map_elements(spreadsheet, return_dtype=pl.String)
    return pl.col(column)


def _joined(items: pl.Series) -> str:
    return spreadsheet("; ".join(line(str(item)) for item in items))
