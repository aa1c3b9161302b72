"""Claims about a number in a table: for ledgers of the user's own, without writing any code."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from weighbridge.claims.evidence import Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim
from weighbridge.errors import DataError

AGGREGATES = ("sum", "mean", "median", "min", "max", "count")


def value(
    evidence: Evidence, claim: Claim, *, file: str, column: str, aggregate: str = "sum",
    where: Mapping[str, Any] | None = None, of: Mapping[str, Any] | None = None, figure: str = "value",
) -> Recomputed:  # fmt: skip
    """An aggregate of a column over the rows that equal ``where``; with ``of``, in percent of the same over those rows.

    ``file`` is a CSV or Parquet file of the data folder. Values are compared as text. ``of = {}`` means all rows.
    """
    path = evidence.path(file)
    frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, infer_schema_length=None)
    if aggregate not in AGGREGATES:
        raise DataError(f"claim {claim.id}, arguments.aggregate: '{aggregate}' is not one of {', '.join(AGGREGATES)}")
    part, whole = _rows(frame, where or {}, claim, file), None if of is None else _rows(frame, of, claim, file)
    if column not in frame.columns:
        raise DataError(f"claim {claim.id}: {file} has no column '{column}' (columns: {', '.join(frame.columns)})")
    if part.is_empty():
        raise Missing(f"{file} has no row where {dict(where or {})}")
    found = _aggregate(part, column, aggregate)
    if found is None:
        raise DataError(
            f"claim {claim.id}: column '{column}' of {file} holds no numbers; choose another or aggregate = \"count\""
        )
    finding = f"{aggregate} of {column} over {len(part):,} of {len(frame):,} rows"
    if whole is not None:
        total = _aggregate(whole, column, aggregate)
        if not total:
            raise Missing(f"{file}: the {aggregate} of {column} over the whole is 0 or none")
        found, finding = 100 * found / total, finding + f", in percent of {len(whole):,} rows"
    return Recomputed({figure: Value(found)}, [], [f"{finding}: {found:,.4g}."], "")


def _rows(frame: pl.DataFrame, where: Mapping[str, Any], claim: Claim, file: str) -> pl.DataFrame:
    for name, wanted in where.items():
        if name not in frame.columns:
            raise DataError(f"claim {claim.id}: {file} has no column '{name}' (columns: {', '.join(frame.columns)})")
        frame = frame.filter(pl.col(name).cast(pl.String) == str(wanted))
    return frame


def _aggregate(frame: pl.DataFrame, column: str, aggregate: str) -> float | None:
    if aggregate == "count":
        return float(frame[column].count())
    if not frame.schema[column].is_numeric():
        return None
    found = getattr(frame[column], aggregate)()
    return None if found is None else float(found)
