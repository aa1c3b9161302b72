"""What share has each class of model, by day, week or month? Always as [low, high], and never of a guess.

``usage`` (totals by day) × ``catalog`` → one row a population, period and class. A model that the catalogue does not
know is a class of its own, *unknown* (a stealth model, a router's pick, a name nobody published), and so is the *other*
of a public ranking. ``share_low`` takes it that none of either belongs to the class, ``share_high`` that all of it does
which could: a model known to be Chinese, with weights nobody knows of, can only be open_cn or proprietary_cn.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import polars as pl

from weighbridge.adoption import spend
from weighbridge.adoption.days import marks
from weighbridge.adoption.usage import Remark, Usage
from weighbridge.catalog import ORIGINS, Catalog
from weighbridge.errors import DataError

BY = ("origin", "maker", "family", "model")
EVERY = {"day": "1d", "week": "1w", "month": "1mo"}
MEASURES = ("tokens", "requests", "spend")
BUCKETS = ("unknown", "other")


def classified(usage: Usage, book: Catalog, by: str, *, hindsight: bool = False) -> pl.DataFrame:
    """``usage.days`` with ``class``, and what is known of a row without one: country, open, stealth."""
    if by not in BY:
        raise DataError(f"--by '{by}' is not known; write one of {', '.join(BY)}")
    days = usage.days
    found = book.match(days["spelling"], on=days["day"], hindsight=hindsight)
    kept = found.select("country", "open", "origin", "maker", "family", "rule", pl.col("model").alias("known_model"))
    table = pl.concat([days, kept], how="horizontal")
    name = {"origin": "origin", "maker": "maker", "family": "family", "model": "known_model"}[by]
    label = (
        pl.when("other").then(pl.lit("other")).when(pl.col(name).is_null()).then(pl.lit("unknown")).otherwise(pl.col(name))
    )  # fmt: skip
    stealth = pl.col("rule").str.contains("stealth model").fill_null(False) & pl.col("maker").is_null()
    return table.with_columns(label.alias("class"), stealth.alias("stealth"))


def shares(
    usage: Usage, book: Catalog, *, by: str = "origin", every: str = "week", measure: str = "tokens",
    hindsight: bool = False, since: date | None = None, until: date | None = None,
) -> tuple[pl.DataFrame, list[Remark]]:  # fmt: skip
    """Shares by class and period, and what must be said of them.

    Columns: population, the period's name (day, week or month: its first day), class, tokens, requests, spend,
    share_low, share_high (0 to 1 of ``measure``; null where the population does not tell that measure or it is 0),
    share_of_classified, stealth_tokens, spend_floor, days_missing, marks (words: half, hole, empty, restated …).

    ``share_high`` has a meaning only for tokens and requests. Of spend both ends are shares of the spend that is known;
    where some is not known (``spend_floor``) the mark says that the interval is not a bound.
    """
    if every not in EVERY:
        raise DataError(f"--every '{every}' is not known; write day, week or month")
    if measure not in MEASURES:
        raise DataError(f"--in '{measure}' is not known; write tokens, requests or spend")
    if since or until:
        # Before the marks are made: a week cut by the days asked for is a half one too.
        usage = replace(usage, days=usage.days.filter(pl.col("day").is_between(since or date.min, until or date.max)))
    if usage.days.is_empty():
        raise DataError("not one row is left to count: see what was left out, and the days asked for")
    table, corrected = spend.correct(classified(usage, book, by, hindsight=hindsight), book)
    marked, remarks = marks(usage, every)
    table = table.with_columns(
        pl.col("day").dt.truncate(EVERY[every]).alias(every), spend=pl.col("spend").fill_null(0.0) + pl.col("added"),
        known=pl.col("spend").is_not_null() | (pl.col("added") > 0),
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    for (population, start), part in table.group_by("population", every, maintain_order=True):
        telling = {"tokens": "tokens", "requests": "requests", "spend": "known"}[measure]
        told = part[telling].any() if measure == "spend" else part[telling].is_not_null().any()
        rows += _period(part, by, measure, bool(told), {"population": population, every: start})
    frame = pl.DataFrame(rows, infer_schema_length=None).join(marked, on=["population", every], how="left")
    remarks = [*remarks, *_words(frame, table, corrected, measure)]
    order = {name: place for place, name in enumerate([*(o for o in ORIGINS if o != "unknown"), *BUCKETS])}
    largest = dict(table.group_by("class").agg(pl.col("tokens").sum()).iter_rows())
    if by != "origin":
        by_size = sorted(largest, key=lambda name: (name in BUCKETS, -(largest[name] or 0), name))
        order = {name: place for place, name in enumerate(by_size)}
    rank = pl.col("class").replace_strict(order, return_dtype=pl.Int64)
    return frame.sort("population", every, rank), remarks


def _period(part: pl.DataFrame, by: str, measure: str, told: bool, names: dict[str, Any]) -> list[dict[str, Any]]:
    total = float(part[measure].sum() or 0)
    vague = part.filter(pl.col("class").is_in(BUCKETS))
    sure = total - float(vague[measure].sum() or 0)
    classes = dict.fromkeys(part["class"].to_list())
    if by == "origin":
        # A class that nobody used is 0 of the whole, or as much as the unknown could be: a figure, so it is shown.
        classes = dict.fromkeys([*(o for o in ORIGINS if o != "unknown"), *BUCKETS])
    rows: list[dict[str, Any]] = []
    for name in classes:
        mine = part.filter(pl.col("class") == name)
        low = float(mine[measure].sum() or 0)
        high = low if name in BUCKETS else low + float(vague.filter(_could(name, by))[measure].sum() or 0)
        rows.append({
            **names, "class": name, "tokens": _whole(mine["tokens"]),
            "requests": _whole(mine["requests"], part["requests"]),
            "spend": float(mine["spend"].sum()) if part["known"].any() else None,
            "share_low": low / total if told and total else None,
            "share_high": high / total if told and total else None,
            "share_of_classified": low / sure if told and sure and name not in BUCKETS else None,
            "stealth_tokens": _whole(mine.filter(pl.col("stealth"))["tokens"]),
            "spend_floor": bool(mine["floor"].any()),
        })  # fmt: skip
    return rows


def _could(name: str, by: str) -> pl.Expr:
    """Which rows of unknown class could belong to ``name``, given what is known of them."""
    if by == "origin":
        chinese, is_open = name.endswith("_cn"), name.startswith("open")
        country = (pl.col("country") == "CN") == chinese
        weights = pl.col("open") == is_open
        return country.fill_null(True) & weights.fill_null(True)
    return pl.lit(True)


def _whole(values: pl.Series, of: pl.Series | None = None) -> int | None:
    """A sum as a whole number; None where the whole period has no such figure at all."""
    if of is not None and not of.is_not_null().any():
        return None
    return round(float(values.sum() or 0))


def _words(frame: pl.DataFrame, table: pl.DataFrame, corrected: spend.Corrected, measure: str) -> list[Remark]:
    said: list[Remark] = []
    if corrected.models:
        added = f"${corrected.dollars:,.2f} added (genai-prices, by day and host)"
        text = f"spend was 0 for {_listed(corrected.models)}, which have a price: {added}"
        said.append(Remark("zero-spend", text))
    if corrected.floor:
        text = f"spend was 0 for {_listed(corrected.floor)}, which have no known price: the spend is a floor"
        said.append(Remark("floor", text))
    unspent = float(table["unspent"].sum() or 0)
    if measure == "spend" and unspent:
        said.append(Remark("floor", f"{unspent:,.0f} requests came without a spend: the spend is a floor"))
    untold = float(table["untold"].sum() or 0)
    if untold:
        said.append(Remark("untold", f"{untold:,.0f} requests came without a count of tokens: the tokens are a floor"))
    none = frame.filter(pl.col("share_low").is_null())["population"].unique().to_list()
    if none:
        text = f"no {measure} are told by {', '.join(sorted(none))} in some periods: no share, which is not 0"
        said.append(Remark("no-estimate", text))
    unknown = table.filter((pl.col("class") == "unknown") & (pl.col("tokens") > 0))
    if not unknown.is_empty():
        top = unknown.group_by("spelling").agg(pl.col("tokens").sum()).sort("tokens", descending=True)
        names = tuple(name or "(no name)" for name in top["spelling"].to_list())
        text = f"of unknown class: {_listed(names)}; a catalogue of your own (--catalog) can name them"
        said.append(Remark("unknown", text, False))
    return said


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
