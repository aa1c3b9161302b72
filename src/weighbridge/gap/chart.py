"""The gap over time as one self-contained page.

Two charts on one axis of time: the best rating of each side with its interval, and the gap between them with the days
marked on which the scale was re-based, the board changed or the series has a hole. A line never runs across such a day.
"""

import json
from datetime import date
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import markupsafe
import polars as pl
import vl_convert

from weighbridge.gap import Measured

BREAKS = ("hole", "re-based", "board-changed", "disjoint", "shrunken")


def frame(measured: Measured) -> pl.DataFrame:
    """One row a day and side: date, side, model, rating, low, high, points (second side behind is positive), part.

    ``part`` counts the stretches between holes, re-based scales and changed boards: a line is drawn within one.
    """
    cuts = sorted({r.date for r in measured.remarks if r.kind in BREAKS and r.date is not None})
    rows: list[dict[str, Any]] = []
    for gap in measured.gaps:
        part = sum(cut <= gap.date for cut in cuts)
        ahead = 1 if gap.leader.side == measured.between[0] else -1
        for best in (gap.leader, gap.trailer):
            rows.append({
                "date": gap.date, "side": best.side, "model": best.model, "rating": best.rating, "low": best.low,
                "high": best.high, "points": ahead * gap.points, "percent": ahead * gap.percent, "part": part,
                "p": gap.p_leader_leads, "tie": gap.tie,
            })  # fmt: skip
    return pl.DataFrame(rows, schema={
        "date": pl.Date, "side": pl.String, "model": pl.String, "rating": pl.Float64, "low": pl.Float64,
        "high": pl.Float64, "points": pl.Float64, "percent": pl.Float64, "part": pl.Int64, "p": pl.Float64,
        "tie": pl.Boolean,
    })  # fmt: skip


def chart(measured: Measured) -> alt.VConcatChart:
    """The Altair chart: ratings of both sides above, the gap below."""
    table = frame(measured).with_columns(pl.col("date").dt.to_string("%Y-%m-%d"))
    data = alt.Data(values=table.to_dicts())
    time = alt.X("date:T", title=None)
    level = alt.Scale(zero=False, nice=False)
    tip = [alt.Tooltip("date:T"), "side:N", "model:N", alt.Tooltip("rating:Q", format=".1f"),
           alt.Tooltip("points:Q", format=".1f"), alt.Tooltip("percent:Q", format=".2f")]  # fmt: skip
    colour = alt.Color(
        "side:N", title=None, scale=alt.Scale(domain=list(measured.between), range=["#3366aa", "#cc3333"])
    )
    shape = "step-after" if measured.ratings.kind == "releases" else "linear"
    base = alt.Chart(data)
    band = base.mark_area(opacity=0.15, interpolate=shape).encode(
        time, alt.Y("low:Q", scale=level), alt.Y2("high:Q"), colour, detail="part:N"
    )
    line = base.mark_line(interpolate=shape).encode(
        time, alt.Y("rating:Q", title="best rating", scale=level), colour, detail="part:N"
    )
    dots = base.mark_circle(size=22).encode(time, alt.Y("rating:Q", scale=level), colour, tooltip=tip)
    first, second = measured.between
    gap = base.mark_line(interpolate=shape, color="#444").encode(
        time, alt.Y("points:Q", title=f"{first} ahead of {second}, points"), detail="part:N"
    )
    zero = alt.Chart(alt.Data(values=[{"y": 0}])).mark_rule(color="#999").encode(y="y:Q")
    gap_dots = base.mark_circle(size=22, color="#444").encode(time, alt.Y("points:Q"), tooltip=tip)
    upper, lower = alt.layer(band, line, dots), alt.layer(zero, gap, gap_dots)
    marks = [
        {"date": str(r.date), "what": r.text, "kind": r.kind} for r in measured.remarks if r.kind in BREAKS and r.date
    ]
    if marks:
        rule = (
            alt.Chart(alt.Data(values=marks))
            .mark_rule(strokeDash=[4, 3], color="#aa7700")
            .encode(x="date:T", tooltip=["date:T", "kind:N", "what:N"])
        )
        upper, lower = alt.layer(upper, rule), alt.layer(lower, rule)
    return alt.vconcat(upper.properties(width=820, height=300), lower.properties(width=820, height=180)).resolve_scale(
        x="shared"
    )


def write(measured: Measured, target: Path, summary: list[str]) -> None:
    """Writes the page: the chart, what it says in words, every remark, and the data's name and hash.

    The chart is inline SVG: the page needs no script and no network.
    """
    picture = vl_convert.vegalite_to_svg(json.dumps(chart(measured).to_dict()))
    ratings, (first, second) = measured.ratings, measured.between
    page = jinja2.Environment(autoescape=True).from_string(
        Path(__file__).with_name("gap.html").read_text(encoding="utf-8")
    )
    body = page.render(
        title=f"The gap between {first} and {second}" + (f" on {ratings.board}" if ratings.board else ""),
        summary=summary, picture=markupsafe.Markup(picture), remarks=measured.remarks, gaps=measured.gaps[::-1],
        file=Path(ratings.path).name, sha256=ratings.sha256, today=date.today(),
    )  # fmt: skip
    beside = target.with_suffix(target.suffix + ".part")
    beside.write_text(body, encoding="utf-8")
    beside.replace(target)
