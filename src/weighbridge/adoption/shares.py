"""What share has each class of model, by day, week or month? Always as [low, high], and never of a guess.

``usage`` (totals by day) × ``catalog`` → one row a population, period and class. Two things make a share unsure, and
they are kept apart. The *map* from names to classes has gaps: a name that the catalogue does not know, weights said to
be open of which no repository is on record. A better map would settle those; ``share_low`` to ``share_high`` spans
them. Other usage nobody outside can place: a stealth model, a router's own pick, a row without a name, the *other* of
a public ranking. Those are buckets of their own; ``share_most`` is the share if all of them belonged to the class too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

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
KNOWN = tuple(name for name in ORIGINS if name != "unknown")


def classified(usage: Usage, book: Catalog, by: str, *, hindsight: bool = False) -> pl.DataFrame:
    """``usage.days`` with ``class`` and what is known of the row's model.

    Added columns: class, known_model, maker, country, open, sure; ``stealth`` (a stealth model whose maker was not
    named by that day), ``hidden`` (nobody outside can say whose it is: stealth, a router's pick, no name), and
    ``doubtful`` (counted as open, but the catalogue cannot point at the weights: no repository, or placed by the name
    of its family alone).
    """
    if by not in BY:
        raise DataError(f"--by '{by}' is not known; write one of {', '.join(BY)}")
    days = usage.days
    found = book.match(days["spelling"], on=days["day"], hindsight=hindsight)
    kept = found.select("country", "open", "origin", "maker", "family", "sure", pl.col("model").alias("known_model"))
    kinds = {name: model.kind for name, model in book.models.items()}
    shipped = {model.id: model for model in book.facts.models}
    # A row of the user's own is believed without a repository: they know where their weights lie.
    placed = [name for name, model in book.models.items() if model.hugging_face or model is not shipped.get(name)]
    table = pl.concat([days, kept], how="horizontal")
    name = {"origin": "origin", "maker": "maker", "family": "family", "model": "known_model"}[by]
    label = (
        pl.when("other").then(pl.lit("other")).when(pl.col(name).is_null()).then(pl.lit("unknown")).otherwise(pl.col(name))
    )  # fmt: skip
    kind = pl.col("known_model").replace_strict(kinds, default=None, return_dtype=pl.String)
    unnamed = pl.col("spelling").is_null() & ~pl.col("other")
    by_family = pl.col("known_model").is_null() & (pl.col("sure") == "likely")
    nowhere = pl.col("known_model").is_not_null() & ~pl.col("known_model").is_in(placed)
    return table.with_columns(
        label.alias("class"),
        ((kind == "stealth") & pl.col("maker").is_null()).fill_null(False).alias("stealth"),
        (unnamed | ((kind != "model") & pl.col("maker").is_null())).fill_null(False).alias("hidden"),
        (pl.col("open") & (by_family | nowhere)).fill_null(False).alias("doubtful"),
    )  # fmt: skip


def shares(
    usage: Usage, book: Catalog, *, by: str = "origin", every: str = "week", measure: str = "tokens",
    hindsight: bool = False, since: date | None = None, until: date | None = None,
) -> tuple[pl.DataFrame, list[Remark]]:  # fmt: skip
    """Shares by class and period, and what must be said of them.

    Columns: population, the period's name (day, week or month: its first day; weeks begin on Monday), class, tokens,
    requests, spend; share (as the catalogue reads it), share_low, share_high, share_most (0 to 1 of ``measure``, the
    whole with unknown and other in it; null where the population does not tell that measure or it is 0);
    share_of_classified, stealth_tokens, spend_added (dollars put where the log says 0), spend_floor, days_missing,
    marks (words: half, hole, empty, restated …).

    Of spend all are shares of the spend that is known; where some is not (``spend_floor``) none of them is a bound.
    """
    if every not in EVERY:
        raise DataError(f"--every '{every}' is not known; write day, week or month")
    if measure not in MEASURES:
        raise DataError(f"--in '{measure}' is not known; write tokens, requests or spend")
    if usage.days.is_empty():
        raise DataError(_nothing(usage))
    if since or until:
        # Before the marks are made: a week cut by the days asked for is a half one too.
        usage = replace(usage, days=usage.days.filter(pl.col("day").is_between(since or date.min, until or date.max)))
    if usage.days.is_empty():
        raise DataError(f"no row is of the days asked for ({since or 'the first'} to {until or 'the last'})")
    table, corrected = spend.correct(classified(usage, book, by, hindsight=hindsight), book)
    marked, remarks = marks(usage, every)
    table = table.with_columns(
        pl.col("day").dt.truncate(EVERY[every]).alias(every), spend=pl.col("spend").fill_null(0.0) + pl.col("added"),
        known=pl.col("spend").is_not_null() | (pl.col("added") > 0),
    )  # fmt: skip
    frame = _counted(table, by, every, measure).join(marked, on=["population", every], how="left")
    remarks = [*remarks, *_words(frame, table, corrected, by, measure)]
    order = {name: place for place, name in enumerate([*KNOWN, *BUCKETS])}
    largest = dict(table.group_by("class").agg(pl.col("tokens").sum()).iter_rows())
    if by != "origin":
        by_size = sorted(largest, key=lambda name: (name in BUCKETS, -(largest[name] or 0), name))
        order = {name: place for place, name in enumerate(by_size)}
    rank = pl.col("class").replace_strict(order, return_dtype=pl.Int64)
    return frame.sort("population", every, rank), remarks


def _nothing(usage: Usage) -> str:
    why = [
        f"{book.path}: {n:,} of {book.rows:,}: {reason}"
        for book in usage.accounts
        for reason, n in book.left_out.items()
    ]
    why += [f"{book.path}: no rows in it" for book in usage.accounts if not book.rows]
    return f"not one row can be counted ({'; '.join(why)})"


def _counted(table: pl.DataFrame, by: str, every: str, measure: str) -> pl.DataFrame:
    """One row a population, period and class with its sums and shares, without the marks."""
    keys = ["population", every]
    value = pl.col(measure).fill_null(0.0)
    vague = pl.col("class").is_in(BUCKETS)
    told = pl.col("known").any() if measure == "spend" else pl.col(measure).is_not_null().any()
    whole = table.group_by(keys, maintain_order=True).agg(
        value.sum().alias("total"), value.filter(~vague).sum().alias("sure"), told.alias("told"),
        pl.col("requests").is_not_null().any().alias("tells_requests"), pl.col("known").any().alias("tells_spend"),
    )  # fmt: skip
    mine = table.group_by(*keys, "class", maintain_order=True).agg(
        value.sum().alias("mine"), value.filter("doubtful").sum().alias("doubt"), pl.col("tokens").sum(),
        pl.col("requests").sum(), pl.col("spend").sum(),
        pl.col("tokens").filter("stealth").sum().alias("stealth_tokens"),
        pl.col("floor").any().alias("spend_floor"), pl.col("added").sum().alias("spend_added"),
        pl.col("maker").drop_nulls().first(),
    )  # fmt: skip
    if by == "origin":
        # A class that nobody used is 0 of the whole, or as much as the unknown could be: a figure, so it is shown.
        classes = pl.DataFrame({"class": [*KNOWN, *BUCKETS]})
        mine = whole.select(keys).join(classes, how="cross").join(mine, on=[*keys, "class"], how="left")
        mine = mine.with_columns(pl.col("spend_floor").fill_null(False))
        mine = mine.with_columns(pl.selectors.numeric().fill_null(0))
    nobody = pl.col("hidden") | pl.col("other")
    sums = (value.filter(~nobody).sum().alias("map"), value.filter(nobody).sum().alias("most"))
    reach = _of_origins(table, keys, sums) if by == "origin" else _of_names(table, mine, keys, sums)
    frame = mine.join(whole, on=keys).join(reach, on=[*keys, "class"], how="left")
    bucket = pl.col("class").is_in(BUCKETS)
    low = pl.col("mine") - pl.when(by == "origin").then(pl.col("doubt")).otherwise(0.0)
    extra = {name: pl.when(bucket).then(0.0).otherwise(pl.col(name).fill_null(0)) for name in ("map", "most")}
    figures = {"share": pl.col("mine"), "share_low": low, "share_high": pl.col("mine") + extra["map"],
               "share_most": pl.col("mine") + extra["map"] + extra["most"]}  # fmt: skip
    counted = pl.col("told") & (pl.col("total") != 0)
    return frame.select(
        *keys, "class", _whole("tokens"), pl.when("tells_requests").then(_whole("requests")).alias("requests"),
        pl.when("tells_spend").then(pl.col("spend")).alias("spend"),
        *(pl.when(counted).then(figure / pl.col("total")).alias(name) for name, figure in figures.items()),
        pl.when(counted & (pl.col("sure") != 0) & ~bucket).then(pl.col("mine") / pl.col("sure"))
        .alias("share_of_classified"),
        _whole("stealth_tokens"), "spend_added", "spend_floor",
    )  # fmt: skip


def _of_origins(table: pl.DataFrame, keys: list[str], sums: tuple[pl.Expr, ...]) -> pl.DataFrame:
    """What could belong to an origin besides its own rows: ``map`` (a better map would say) and ``most`` (nobody can).

    A doubtful model's weights count as not known; what is sure of a row excludes every class but its own.
    """
    is_open = pl.when("doubtful").then(None).otherwise(pl.col("open"))
    made: list[pl.DataFrame] = []
    for name in KNOWN:
        country = (pl.col("country") == "CN") == name.endswith("_cn")
        could = country.fill_null(True) & (is_open == name.startswith("open")).fill_null(True)
        rows = table.filter((pl.col("class") != name) & could)
        made.append(rows.group_by(keys).agg(*sums).with_columns(pl.lit(name).alias("class")))
    return pl.concat(made)


def _of_names(
    table: pl.DataFrame, mine: pl.DataFrame, keys: list[str], sums: tuple[pl.Expr, ...]
) -> pl.DataFrame:  # fmt: skip
    """The same by maker, family or model: a name of a known maker can only be one of that maker's."""
    rows = table.filter(pl.col("class").is_in(BUCKETS))
    of_maker = rows.filter(pl.col("maker").is_not_null()).group_by(*keys, "maker").agg(*sums)
    of_anyone = rows.filter(pl.col("maker").is_null()).group_by(keys).agg(*sums)
    whose = mine.select(*keys, "class", "maker")
    both = pl.concat([whose.join(of_maker, on=[*keys, "maker"]), whose.join(of_anyone, on=keys)])
    return both.group_by(*keys, "class").agg(pl.col("map").sum(), pl.col("most").sum())


def _whole(name: str) -> pl.Expr:
    return pl.col(name).fill_null(0).round().cast(pl.Int64).alias(name)


def _words(frame: pl.DataFrame, table: pl.DataFrame, corrected: spend.Corrected, by: str, measure: str) -> list[Remark]:
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
    used = table.filter(pl.col("tokens") > 0)
    unknown = used.filter(pl.col("class") == "unknown")
    if names := _by_size(unknown.filter(~pl.col("hidden"))):
        text = f"of unknown class: {_listed(names)}; a catalogue of your own (--catalog) can name them"
        said.append(Remark("unknown", text, False))
    if names := _by_size(unknown.filter("hidden")):
        text = f"nobody outside can say whose they are (stealth, a router's pick, no name): {_listed(names)}"
        said.append(Remark("hidden", text, False))
    if by == "origin" and (names := _by_size(used.filter("doubtful"))):
        text = f"counted as open, but no repository of the weights is on record: {_listed(names)}; low is without them"
        said.append(Remark("doubtful", text, False))
    return said


def _by_size(rows: pl.DataFrame) -> tuple[str, ...]:
    top = rows.group_by("spelling").agg(pl.col("tokens").sum()).sort("tokens", "spelling", descending=[True, False])
    return tuple(name or "(no name)" for name in top["spelling"].to_list())


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")
