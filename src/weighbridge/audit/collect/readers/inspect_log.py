"""Inspect's ``.eval`` logs (extra ``[inspect]``): a row a sample; scores are columns ``score.NAME``."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import polars as pl

from weighbridge.audit.collect.readers import Table
from weighbridge.audit.collect.records import Record, frames
from weighbridge.audit.inspect_logs import Imported, import_eval

ANSWERED = ("reasoning", "stop_reason", "served_model", "input_tokens", "cached_tokens", "reasoning_tokens")
ANSWERED_TOO = ("output_tokens", "latency", "dollars", "error")


def opens(path: Path, start: bytes) -> bool:
    """A zip file, which is what a ``.eval`` log is, or whatever is named so."""
    return path.suffix == ".eval" or start[:4] == b"PK\x03\x04"


def table(path: Path) -> Table:
    """The samples of one log. Columns: model, task, sample, repeat, system, user, answer, …, ``score.NAME`` and
    ``metadata.KEY``."""
    rows = list(_rows(import_eval(path)))
    columns = dict.fromkeys(name for row in rows for name in row)

    def read(fields: Mapping[str, str]) -> Iterator[pl.DataFrame]:
        records: Iterator[Record] = ((number, row, "") for number, row in enumerate(rows, start=1))
        return frames(records, fields)

    return Table(path, "sample", tuple(columns), read)


def _rows(found: Imported) -> Iterator[dict[str, Any]]:
    scores: dict[str, dict[str, Any]] = {}
    for trial, scorer, value in found.scores.select("trial", "scorer", "value").iter_rows():
        scores.setdefault(trial, {})[f"score.{scorer}"] = value
    pairs = zip(found.questions.iter_rows(named=True), found.answers.iter_rows(named=True), strict=True)
    for question, answer in pairs:
        metadata: Any = json.loads(question["metadata"] or "{}")
        known = cast("dict[str, Any]", metadata) if isinstance(metadata, dict) else {}
        yield {
            "trial": question["trial"],
            "model": question["model"],
            "task": f"{question['task']}/{question['sample']}",
            "sample": question["sample"],
            "repeat": question["epoch"],
            "system": question["system"],
            "user": question["user"],
            "answer": answer["completion"],
            **{name: answer[name] for name in (*ANSWERED, *ANSWERED_TOO)},
            **scores.get(question["trial"], {}),
            **{f"metadata.{key}": value for key, value in known.items()},
        }
