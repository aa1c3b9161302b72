"""Shares over time as one page: populations side by side on one axis, then each by itself, and what was counted.

``adoption.shares`` → bands from low to high by class, in the shell of ``page``. A pale band above reaches to
``share_most``. A population is named wherever its figures stand: none of them is the market.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from weighbridge.adoption import Account, Remark
from weighbridge.report import words
from weighbridge.report.figures import COLOURS, NARROW, Draw, figure
from weighbridge.report.page import Section, fragment, render_page
from weighbridge.store.tables import write_beside

DRAWN = 4
COLUMNS = 8
"""Classes that stand in the table of periods; the folded list has all."""
INKS = ("worse", "tied", "better", "wording")
BUCKETS = ("unknown", "other")
NAMED = {
    "open_cn": "open, China", "open_other": "open, elsewhere", "proprietary_cn": "proprietary, China",
    "proprietary_other": "proprietary, elsewhere",
}  # fmt: skip


def write(
    table: pl.DataFrame, target: Path, *, every: str, by: str, measure: str, accounts: list[Account],
    remarks: list[Remark],
) -> None:  # fmt: skip
    """Write the page to ``target``, beside and renamed."""
    named = table.with_columns(
        pl.col("class").replace(NAMED).alias("label"), pl.col(every).cast(pl.String).alias("start")
    )
    span = (str(table[every].min()), str(table[every].max()))
    told = named.filter(pl.col("share_low").is_not_null())
    populations = named["population"].unique(maintain_order=True).to_list()
    sections: list[Section] = []
    if told["population"].n_unique() > 1:
        body = fragment("adoption/beside.html", charts=_beside(told, span, measure), populations=populations)
        sections.append(Section("beside", "Side by side", "Side by side", body))
    for number, population in enumerate(populations):
        part = named.filter(pl.col("population") == population)
        body = fragment(
            "adoption/shares.html", chart=_alone(part, span, measure, population), every=every, by=by, measure=measure,
            rows=part.to_dicts(), grid=_grid(part), headings=[[name, "number"] for name in _columns(part)],
        )  # fmt: skip
        sections.append(Section(f"population-{number}", str(population), _short(population), body))
    said = fragment("adoption/accounts.html", accounts=accounts, remarks=remarks)
    sections.append(Section("accounts", "What was counted", "Accounts", said))
    page = render_page("Who uses which models", sections, kind="Adoption", lead=_lead(populations, by, every, measure))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_beside(target, page.encode("utf-8"))


def _lead(populations: list[str], by: str, every: str, measure: str) -> str:
    whose = "; ".join(populations)
    return f"Share of {measure} by {by} and {every}: {whose}. Each population is its own; none of them is the market."


def _short(population: str) -> str:
    """A population's name where there is room for a word or two: what stands in its brackets."""
    inner = population.partition("(")[2].rstrip(")")
    return inner[:1].upper() + inner[1:] if inner else population


def _largest(part: pl.DataFrame, count: int) -> list[str]:
    sure = part.filter(~pl.col("class").is_in(BUCKETS))
    summed = sure.group_by("label").agg(pl.col("tokens").sum())
    return summed.sort("tokens", "label", descending=[True, False]).head(count)["label"].to_list()


def _common(told: pl.DataFrame, count: int) -> list[str]:
    """Classes that most populations use, then those with the largest shares: a big population must not decide alone."""
    sure = told.filter(~pl.col("class").is_in(BUCKETS) & (pl.col("share") > 0))
    mean = sure.group_by("label", "population").agg(pl.col("share").sum() / told["start"].n_unique())
    ranked = mean.group_by("label").agg(pl.len(), pl.col("share").sum())
    return ranked.sort("len", "share", "label", descending=[True, True, False]).head(count)["label"].to_list()


def _columns(part: pl.DataFrame) -> list[str]:
    there = part["class"].to_list()
    return [*_largest(part, COLUMNS), *(name for name in BUCKETS if name in there)]


def _grid(part: pl.DataFrame) -> list[dict[str, Any]]:
    """A row a period: its tokens, each class's share in words, its marks."""
    made: list[dict[str, Any]] = []
    for (start,), period in part.group_by("start", maintain_order=True):
        rows = {row["label"]: row for row in period.to_dicts()}
        cells = [interval(rows.get(name)) for name in _columns(part)]
        marks = next(iter(rows.values()))["marks"] or []
        made.append({"start": start, "tokens": short(int(period["tokens"].sum())), "cells": cells, "marks": marks})
    return made


def short(count: int) -> str:
    """A count in three figures, where a column has no room for more: 20.7 trillion is ``20.7 T``."""
    for size, letter in ((10**12, "T"), (10**9, "G"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            return f"{count / size:.3g} {letter}" if count < 1000 * size else f"{count / size:,.0f} {letter}"
    return str(count)


def interval(row: dict[str, Any] | None) -> str:
    """A share in percent: one figure, or low – high; a dash where nothing was told."""
    if row is None or row["share_low"] is None:
        return "–"
    low, high = words.decimal(100 * row["share_low"], 1), words.decimal(100 * row["share_high"], 1)
    return low if low == high else f"{low} – {high}"


def _alone(part: pl.DataFrame, span: tuple[str, str], measure: str, population: str) -> str:
    top = _largest(part, DRAWN)
    drawn = part.filter(pl.col("label").is_in(top) & pl.col("share_low").is_not_null())
    if drawn.is_empty():
        return ""
    caption = (
        "A line is the share as the catalogue reads the models' names; the band around it is what a better map could "
        "still move; the pale band reaches to the share if stealth models and other were all of that class too."
    )
    return figure(_bands(drawn, "label", top, span, 300), f"Share of {measure} over time in {population}", caption)


def _beside(told: pl.DataFrame, span: tuple[str, str], measure: str) -> list[dict[str, Any]]:
    """One small chart a class, all populations on the same axes."""
    populations = told["population"].unique(maintain_order=True).to_list()
    charts: list[dict[str, Any]] = []
    for label in _common(told, DRAWN):
        drawn = told.filter(pl.col("label") == label)
        said = f"Share of {measure} of {label} in {', '.join(populations)}"
        charts.append({"label": label, "chart": figure(_bands(drawn, "population", populations, span, 170), said)})
    return charts


def _bands(drawn: pl.DataFrame, key: str, order: list[str], span: tuple[str, str], height: int) -> Draw:
    data = drawn.select("start", key, "share", "share_low", "share_high", "share_most")
    order, inks = order[: len(INKS)], [COLOURS[name] for name in INKS[: len(order)]]
    data = data.filter(pl.col(key).is_in(order))
    # Small shares get an axis of their own size; it always begins at 0.
    most = float(data["share_most"].max() or 0)  # type: ignore[arg-type]
    top = 1.0 if most > 0.5 else math.ceil(10 * most + 1e-9) / 10

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        # One axis of time for every population, so that one's own logs stand under the public series.
        x = alt.X("start:T", title=None, scale=alt.Scale(domain=list(span)) if span[0] != span[1] else alt.Undefined,
                  axis=alt.Axis(tickCount=3 if narrow else 7, format="%d %b %y", grid=False,
                                labelFlush=True))  # fmt: skip
        axis = alt.Axis(format=".0%", tickCount=5)
        y = alt.Y("share:Q", title=None, axis=axis, scale=alt.Scale(domain=[0, top]))
        legend = alt.Legend(orient="top", labelColor=COLOURS["ink"], labelFontSize=12, labelLimit=width - 40,
                            symbolOpacity=1, symbolType="stroke", symbolStrokeWidth=3,
                            columnPadding=16 if narrow else 44,
                            columns=1 if narrow and key == "population" else 2 if narrow else 4)  # fmt: skip
        colour = alt.Color(f"{key}:N", title=None, sort=order, scale=alt.Scale(domain=order, range=inks), legend=legend)
        base = alt.Chart(data)
        pale = base.mark_area(opacity=0.07).encode(x=x, y=alt.Y("share_high:Q"), y2="share_most:Q", color=colour)
        bands = base.mark_area(opacity=0.3).encode(x=x, y=alt.Y("share_low:Q"), y2="share_high:Q", color=colour)
        lines = base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
        dots = base.mark_circle(size=26, opacity=1).encode(x=x, y=y, color=colour)
        left, right = 50, 30
        rows = len(order) if narrow and key == "population" else (len(order) + 1) // 2 if narrow else 1
        made: Any = alt.layer(pale, bands, lines, dots).properties(
            width=width - left - right, height=height,
            padding=alt.Padding(left=left, right=right, top=16 + 20 * rows, bottom=34),  # type: ignore[call-arg]
            autosize=alt.AutoSizeParams(type="none", contains="content"),
        )  # fmt: skip
        return made

    return draw
