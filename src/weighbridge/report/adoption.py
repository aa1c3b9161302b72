"""Shares over time as one page: a chart and a table for each population, what was counted, and what must be said.

``adoption.shares`` → a band from low to high by class on one axis of time, in the shell of ``page``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from weighbridge.adoption import Account, Remark
from weighbridge.report.figures import COLOURS, NARROW, Draw, figure
from weighbridge.report.page import Section, fragment, render_page
from weighbridge.store.tables import write_beside

DRAWN = 4
INKS = ("worse", "tied", "better", "wording")


def write(
    table: pl.DataFrame, target: Path, *, every: str, by: str, measure: str, accounts: list[Account],
    remarks: list[Remark],
) -> None:  # fmt: skip
    """Write the page to ``target``, beside and renamed."""
    sections: list[Section] = []
    span = (str(table[every].min()), str(table[every].max()))
    for number, ((population,), part) in enumerate(table.group_by("population", maintain_order=True)):
        top = _largest(part)
        drawn = part.filter(pl.col("class").is_in(top) & pl.col("share_low").is_not_null())
        chart = figure(
            _bands(drawn.with_columns(start=pl.col(every).cast(pl.String)), top, span, measure),
            f"Share of {measure} by {every} in {population}",
            "The line is what is sure; the band reaches to what it is if all that is unknown belongs to the class.",
        ) if drawn[every].n_unique() > 1 else ""  # fmt: skip
        rows = part.with_columns(start=pl.col(every).cast(pl.String)).to_dicts()
        body = fragment("adoption/shares.html", chart=chart, rows=rows, every=every, by=by, measure=measure)
        sections.append(Section(f"population-{number}", str(population), str(population), body))
    said = fragment("adoption/accounts.html", accounts=accounts, remarks=remarks)
    sections.append(Section("accounts", "What was counted", "Accounts", said))
    page = render_page("Who uses which models", sections, kind="Adoption", lead=_lead(table, by, every, measure))
    target.parent.mkdir(parents=True, exist_ok=True)
    write_beside(target, page.encode("utf-8"))


def _lead(table: pl.DataFrame, by: str, every: str, measure: str) -> str:
    whose = ", ".join(table["population"].unique(maintain_order=True).to_list())
    return f"Share of {measure} by {by} and {every}: {whose}. Each population is its own; none of them is the market."


def _largest(part: pl.DataFrame) -> list[str]:
    sure = part.filter(~pl.col("class").is_in(["unknown", "other"]))
    summed = sure.group_by("class").agg(pl.col("tokens").sum()).sort("tokens", "class", descending=True)
    return summed.head(DRAWN)["class"].to_list()


def _bands(drawn: pl.DataFrame, order: list[str], span: tuple[str, str], measure: str) -> Draw:
    data = drawn.select("start", "class", "share_low", "share_high")

    def draw(width: int) -> alt.LayerChart:
        # One axis of time for every population, so that one's own logs stand under the public series.
        x = alt.X("start:T", title=None, scale=alt.Scale(domain=list(span)) if span[0] != span[1] else alt.Undefined,
                  axis=alt.Axis(tickCount=3 if width <= NARROW else 7, format="%d %b %y", grid=False))  # fmt: skip
        y = alt.Y(
            "share_low:Q", title=f"share of {measure}", axis=alt.Axis(format=".0%"), scale=alt.Scale(domain=[0, 1])
        )
        colour = alt.Color("class:N", title=None, sort=order,
                           scale=alt.Scale(domain=order, range=[COLOURS[name] for name in INKS[: len(order)]]),
                           legend=alt.Legend(orient="top", labelColor=COLOURS["ink"],
                                             columns=2 if width <= NARROW else 4))  # fmt: skip
        base = alt.Chart(data)
        bands = base.mark_area(opacity=0.14).encode(x=x, y=y, y2="share_high:Q", color=colour)
        lines = base.mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
        dots = base.mark_circle(size=30, opacity=1).encode(x=x, y=y, color=colour)
        left, right = 58, 24
        made: Any = alt.layer(bands, lines, dots).properties(
            width=width - left - right, height=300,
            padding=alt.Padding(left=left, right=right, top=60, bottom=46),  # type: ignore[call-arg]
            autosize=alt.AutoSizeParams(type="none", contains="content"),
        )  # fmt: skip
        return made

    return draw
