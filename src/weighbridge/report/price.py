"""Price against capability as one page: who stands on the frontier, and what equal capability costs over time.

``price.frontier`` → two charts and their tables, in the shell of ``page``; models without a known price are named.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import polars as pl

from weighbridge.price.frontier import EqualCapability, Frontier
from weighbridge.report.figures import COLOURS, NARROW, Draw, figure
from weighbridge.report.hostile import line
from weighbridge.report.page import Section, fragment, render_page
from weighbridge.store.tables import write_beside

SIDE_COLOURS = ("tied", "worse")
MOST_LABELS = 9


def write(
    day: Frontier,
    rows: list[EqualCapability],
    sides: tuple[str, str],
    target: Path,
    *,
    ratings: str,
    board: str,
    prices: str,
    hashes: tuple[str, str],
) -> None:
    """Write the page to ``target``, beside and renamed. ``hashes``: SHA-256 of the ratings' and the prices' file."""
    facts = {"ratings": ratings, "board": board, "prices": prices, "hashes": hashes, "date": day.date, "sides": sides}
    on = day.models.filter(pl.col("on_own_frontier")).sort("rating", descending=True)
    chart = figure(
        _scatter(day.models, sides),
        f"{len(day.models)} models by blended price and rating on {day.date}",
        "Blended price (3 : 1 unless told otherwise) on a logarithmic axis. The line is the frontier of all: no other "
        "model is as good for less.",
    )
    history = (
        figure(_ratios(rows), "Price ratio at equal rating over time") if len({row.date for row in rows}) > 1 else ""
    )
    sections = [
        Section("frontier", f"The frontier on {day.date}", "Frontier",
                fragment("price/frontier.html", chart=chart, models=on.to_dicts(), day=day, **facts)),
        Section("equal", "Price at equal capability", "Equal capability",
                fragment("price/equal.html", chart=history, rows=rows, **facts)),
    ]  # fmt: skip
    title = f"Price and capability: {sides[0]} against {sides[1]}"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_beside(target, render_page(title, sections, kind="Price").encode("utf-8"))


def _scatter(models: pl.DataFrame, sides: tuple[str, str]) -> Draw:
    table = models.with_columns(name=pl.col("model").map_elements(lambda name: line(name, 30), return_dtype=pl.String))
    on = table.filter(pl.col("on_frontier")).sort("blended")
    # Only as many names as there is room for: the best rated ones, each far enough from the last.
    labelled: list[dict[str, Any]] = []
    reach = float(table["rating"].max() or 0) - float(table["rating"].min() or 0)  # type: ignore[arg-type]
    for row in on.sort("rating", descending=True).iter_rows(named=True):
        if len(labelled) < MOST_LABELS and all(abs(row["rating"] - other["rating"]) > reach / 28 for other in labelled):
            labelled.append(row)
    names = pl.DataFrame(labelled, schema=table.schema)
    low, high = (float(end) for end in (table["blended"].min() or 0.01, table["blended"].max() or 100))  # type: ignore[arg-type]
    ticks = [tick for tick in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300) if low / 2 <= tick <= high * 2]

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        x = alt.X("blended:Q", title="dollars per million tokens", scale=alt.Scale(type="log", nice=True),
                  axis=alt.Axis(values=ticks, labelExpr="'$' + format(datum.value, '~g')", grid=False))  # fmt: skip
        y = alt.Y("rating:Q", title="rating", scale=alt.Scale(zero=False), axis=alt.Axis(format="d"))
        colour = alt.Color("side:N", title=None,
                           scale=alt.Scale(domain=list(sides), range=[COLOURS[name] for name in SIDE_COLOURS]),
                           legend=alt.Legend(orient="top", labelColor=COLOURS["ink"]))  # fmt: skip
        edge = alt.Chart(on).mark_line(interpolate="step-after", color=COLOURS["soft"]).encode(x=x, y=y)
        dots = alt.Chart(table).mark_circle(size=40 if narrow else 60, opacity=0.9).encode(x=x, y=y, color=colour)
        layers: list[Any] = [edge, dots]
        if not narrow:
            text = alt.Chart(names).mark_text(align="right", dx=-8, dy=-7, fontSize=11.5, color=COLOURS["ink"])
            layers.append(text.encode(x=x, y=y, text="name:N"))
        left, right = 58, 24
        made: Any = alt.layer(*layers).properties(
            width=width - left - right, height=300 if narrow else 420,
            padding=alt.Padding(left=left, right=right, top=40, bottom=46),  # type: ignore[call-arg]
            autosize=alt.AutoSizeParams(type="none", contains="content"),
        )  # fmt: skip
        return made

    return draw


def _ratios(rows: list[EqualCapability]) -> Draw:
    table = pl.DataFrame(
        [{"date": row.date.isoformat(), "ratio": row.ratio, "below": f"{row.below:g} below"} for row in rows]
    )

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        x = alt.X("date:T", title=None, axis=alt.Axis(tickCount=3 if narrow else 7, format="%b %Y", grid=False))
        y = alt.Y(
            "ratio:Q",
            title="price ratio at equal rating",
            scale=alt.Scale(type="log"),
            axis=alt.Axis(labelExpr="'× ' + format(datum.value, '~g')", values=[0.05, 0.1, 0.2, 0.5, 1, 2, 5]),
        )
        order = table["below"].unique(maintain_order=True).to_list()
        colour = alt.Color(
            "below:N",
            title=None,
            sort=order,
            scale=alt.Scale(domain=order, range=[COLOURS[n] for n in ("tied", "worse", "wording", "nodata")]),
            legend=alt.Legend(orient="top", labelColor=COLOURS["ink"]),
        )
        one = (
            alt.Chart(pl.DataFrame({"at": [1.0]})).mark_rule(color=COLOURS["soft"], strokeDash=[3, 3]).encode(y="at:Q")
        )
        lines = alt.Chart(table).mark_line(strokeWidth=2).encode(x=x, y=y, color=colour)
        dots = alt.Chart(table).mark_circle(size=40, opacity=1).encode(x=x, y=y, color=colour)
        left, right = 66, 24
        made: Any = alt.layer(one, lines, dots).properties(
            width=width - left - right, height=260,
            padding=alt.Padding(left=left, right=right, top=40, bottom=46),  # type: ignore[call-arg]
            autosize=alt.AutoSizeParams(type="none", contains="content"),
        )  # fmt: skip
        return made

    return draw
