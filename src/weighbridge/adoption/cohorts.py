"""Who starts with a class of model, and who stays? First-use cohorts and their retention, from one's own logs.

``usage`` (rows, not totals) × the class of each model on its day → a row a population, class, first period and age in
periods. A user counts once in each class he uses, from his first use of it that the logs show. A log that begins in the
middle of his use dates him to its beginning: the first cohort is marked for it.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import ibis
import polars as pl

from weighbridge.adoption.shares import EVERY, classified
from weighbridge.adoption.usage import Remark, Usage
from weighbridge.catalog import Catalog
from weighbridge.errors import DataError


def cohorts(
    usage: Usage, book: Catalog, *, by: str = "origin", every: str = "week", hindsight: bool = False
) -> tuple[pl.DataFrame, list[Remark]]:
    """Columns: population, class, first (the cohort's period), age (periods since), users, of (its size), retention.

    ``retention`` is the share of the cohort that used the class again in that period. Only periods up to the last one
    in the log stand here: a later one is not 0, it has not been.
    """
    if every not in EVERY:
        raise DataError(f"--every '{every}' is not known; write day, week or month")
    table = classified(usage, book, by, hindsight=hindsight)
    made: list[pl.DataFrame] = []
    remarks: list[Remark] = []
    for population, rows in usage.counted.items():
        mine = table.filter(pl.col("population") == population)
        used, without = _periods(rows, mine, every)
        if used.is_empty():
            remarks.append(Remark("no-users", f"{population}: names no user or key, so it has no cohorts"))
            continue
        if without:
            text = f"{population}: {without:,} requests name no user and stand in no cohort"
            remarks.append(Remark("no-users", text))
        made.append(_retained(used, every).select(pl.lit(population).alias("population"), pl.all()))
    if not made:
        raise DataError("no log names a user or a key, so there are no cohorts; a public series has none")
    return pl.concat(made), remarks


def _periods(rows: Any, mine: pl.DataFrame, every: str) -> tuple[pl.DataFrame, int]:
    """Each user, class and period once, taken together by the engine; and the requests that name nobody."""
    names = mine.select("spelling", "day", "other", name="class").unique()
    known = ibis.memtable(names.with_columns(spelling=pl.col("spelling").fill_null("")))
    unit = {"day": "D", "week": "W", "month": "M"}[every]
    whole = {"spelling": rows.spelling.fill_null(""), "other": rows.other.fill_null(False)}
    named = rows.filter(rows.who.notnull()).mutate(**whole)
    joined = named.join(known, ["spelling", "day", "other"])
    used = joined.select("who", "name", start=joined.day.truncate(unit)).distinct().to_polars()
    without = rows.filter(rows.who.isnull()).requests.sum().to_pyarrow().as_py()
    return used.with_columns(pl.col("start").cast(pl.Date)), int(without or 0)


def _retained(used: pl.DataFrame, every: str) -> pl.DataFrame:
    last: date = used["start"].max()  # type: ignore[assignment]
    earliest: date = used["start"].min()  # type: ignore[assignment]
    first = used.with_columns(first=pl.col("start").min().over("who", "name"))
    sizes = first.group_by("name", "first").agg(of=pl.col("who").n_unique())
    again = first.group_by("name", "first", "start").agg(users=pl.col("who").n_unique())
    starts = pl.date_range(earliest, last, EVERY[every], eager=True).alias("start").to_frame()
    full = sizes.join(starts, how="cross").filter(pl.col("start") >= pl.col("first"))
    table = full.join(again, on=["name", "first", "start"], how="left").with_columns(pl.col("users").fill_null(0))
    age = pl.int_range(pl.len()).over("name", "first", order_by="start")
    return table.select(
        pl.col("name").alias("class"), "first", age.alias("age"), "users", "of",
        (pl.col("users") / pl.col("of")).alias("retention"), (pl.col("first") == earliest).alias("from_the_start"),
    ).sort("class", "first", "age")  # fmt: skip
