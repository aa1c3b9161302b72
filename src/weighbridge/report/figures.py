"""What does it look like? Frames → charts, drawn by Altair and set into the page as inline SVG.

A chart is drawn twice, wide and narrow, and the style sheet shows the one that fits. The drawing is taken apart and
only known shapes are kept; colours become classes of the style sheet, so that one drawing serves light and dark.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

import altair as alt
import polars as pl
import vl_convert
from altair.utils.schemapi import debug_mode
from markupsafe import Markup, escape

from weighbridge.report import words
from weighbridge.report.hostile import line

SVG = "http://www.w3.org/2000/svg"
SHAPES = {"svg", "g", "path", "line", "rect", "text", "tspan", "circle", "title"}
ATTRIBUTES = {
    "d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "r", "cx", "cy", "width", "height", "viewBox", "transform",
    "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-miterlimit", "stroke-opacity",
    "fill-opacity", "opacity", "text-anchor", "font-size", "font-weight", "font-style", "display",
}  # fmt: skip
ROLES = (
    "ink", "soft", "rule", "paper", "exploitable", "sound", "broken", "refused", "truncated", "error", "not-judged",
    "worse", "better", "tied", "wording", "nodata", "band", "on-strong", "on-weak",
)  # fmt: skip
COLOURS = {role: f"#0000{0x51 + number:02x}" for number, role in enumerate(ROLES)}
"""Stand-ins for the colours of the style sheet: ``class="fill-worse"`` takes the place of ``fill="#0000…"``."""
WORD_COLOUR = {
    "worse": "worse",
    "better": "better",
    "no difference larger than the margin": "tied",
    "wording noise": "wording",
    "not enough data": "nodata",
}
WIDE, NARROW = 860, 350
"""Widths of the two drawings in CSS pixels."""
Draw = Callable[[int], alt.LayerChart]
"""A chart for a width: everything it needs, labels included, fits into it."""


def figure(draw: Draw, alternative: str, caption: str = "") -> Markup:
    """Both drawings of a chart with its alternative text (what it shows, in words) and a caption."""
    with debug_mode(False):  # a test draws them with the schema checked, which takes as long as the drawing
        wide, narrow = svg(draw(WIDE), alternative), svg(draw(NARROW), alternative)
    said = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    return Markup(f'<figure><div class="wide">{wide}</div><div class="narrow">{narrow}</div>{said}</figure>')


def svg(chart: alt.LayerChart, alternative: str) -> Markup:
    """A chart as inline SVG that holds nothing but known shapes, with its alternative text."""
    styled = chart.configure(
        background="transparent",
        font="sans-serif",
        view=alt.ViewConfig(stroke=None),
        axis=alt.AxisConfig(
            labelColor=COLOURS["ink"], titleColor=COLOURS["soft"], gridColor=COLOURS["rule"], domain=False,
            ticks=False, labelFontSize=13, titleFontSize=12, titleFontWeight="normal", labelPadding=8, titlePadding=8,
        ),
    )  # fmt: skip
    clean = _clean(ElementTree.fromstring(vl_convert.vegalite_to_svg(styled.to_dict())))
    assert clean is not None
    clean.set("role", "img")
    clean.set("aria-label", line(alternative, 4_000))
    ElementTree.register_namespace("", SVG)
    return Markup(ElementTree.tostring(clean, encoding="unicode"))


def _clean(node: ElementTree.Element) -> ElementTree.Element | None:
    name = node.tag.removeprefix(f"{{{SVG}}}")
    if name not in SHAPES or node.get("display") == "none":
        return None
    kept = ElementTree.Element(f"{{{SVG}}}{name}")
    by_colour = {colour: role for role, colour in COLOURS.items()}
    classes: list[str] = []
    for key, value in node.attrib.items():
        if key in {"fill", "stroke"} and value in by_colour:
            classes.append(f"{key}-{by_colour[value]}")
        elif key in ATTRIBUTES:
            kept.set(key, value)
    if classes:
        kept.set("class", " ".join(classes))
    kept.text, kept.tail = node.text, node.tail
    kept.extend(inner for inner in map(_clean, node) if inner is not None)
    return kept


def _framed(layers: list[Any], *, width: int, left: int, right: int, rows: int, step: int) -> alt.LayerChart:
    """Layers in a frame of fixed margins: a reader's font is wider than the one measured here, and must have room."""
    made: Any = alt.layer(*layers).properties(
        width=width - left - right,
        height=alt.Step(step) if rows else 40,
        padding=alt.Padding(left=left, right=right, top=8, bottom=46),  # type: ignore[call-arg]
        autosize=alt.AutoSizeParams(type="none", contains="content"),
    )
    return made


def _above(frame: pl.DataFrame, column: str, y: alt.Y, label: str = "") -> alt.Chart:
    """Labels of rows above their marks: where the drawing is narrow there is no room for them at the side."""
    text = alt.Chart(frame).mark_text(align="left", dy=-22, fontSize=12.5, color=COLOURS["ink"], limit=NARROW - 24)
    return text.encode(y=y, x=alt.value(0), text=f"{label or column}:N")


def outcomes(frame: pl.DataFrame) -> Draw:
    """Stacked bars: a bar a model, a part an outcome, over everything asked (``accounts.outcomes``)."""
    order = frame["outcome"].unique(maintain_order=True).to_list()
    named = {model: line(model, 60) for model in frame["model"].unique(maintain_order=True)}
    parts = (
        frame.filter(pl.col("count") > 0)
        .with_columns(end=pl.col("share").cum_sum().over("model"), name=pl.col("model").replace(named))
        .with_columns(
            start=pl.col("end") - pl.col("share"),
            middle=pl.col("end") - pl.col("share") / 2,
            label=(pl.col("share") * 100).round().cast(pl.Int64).cast(pl.String),
        )
    )
    colours = [COLOURS[str(name).replace(" ", "-")] for name in order]
    strong = alt.FieldOneOfPredicate(field="outcome", oneOf=["exploitable", "sound", "error", "refused"])

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        left, right = (8, 12) if narrow else (205, 20)
        axis = None if narrow else alt.Axis(labelLimit=int((left - 12) * 0.86))
        space = alt.Scale(padding=0.55 if narrow else 0.28)
        y = alt.Y("name:N", sort=list(named.values()), title=None, scale=space, axis=axis)
        x = alt.X(
            "start:Q", title="% of everything asked", scale=alt.Scale(domain=[0, 1], nice=False),
            axis=alt.Axis(labelExpr="round(datum.value * 100)", tickCount=4 if narrow else 5, grid=False),
        )  # fmt: skip
        colour = alt.Color("outcome:N", scale=alt.Scale(domain=order, range=colours), legend=None)
        bars = alt.Chart(parts).mark_bar(stroke=COLOURS["paper"], strokeWidth=1)
        bars = bars.encode(y=y, x=x, x2="end:Q", color=colour)
        numbers = (
            alt.Chart(parts.filter(pl.col("share") >= (0.1 if narrow else 0.04)))
            .mark_text(fontSize=12.5, fontWeight=600)
            .encode(
                y=y, x="middle:Q", text="label:N",
                color=alt.condition(strong, alt.value(COLOURS["on-strong"]), alt.value(COLOURS["on-weak"])),
            )
        )  # fmt: skip
        layers = [bars, numbers]
        if narrow:
            layers.append(_above(parts.select("name").unique(maintain_order=True), "name", y))
        return _framed(layers, width=width, left=left, right=right, rows=len(named), step=62 if narrow else 38)

    return draw


def forest(frame: pl.DataFrame, margin: float) -> Draw:
    """Effects of one model on one outcome as points with intervals, in percentage points against neutral.

    The placebos' own effects stand in one row at the foot; the band is what one more harmless wording could do, the
    dashed lines are the plan's margin. Rows without a difference have no point. (``accounts.effects``, one model.)
    """
    placebos = frame.filter((pl.col("status") == "placebo") & pl.col("difference").is_not_null())
    contexts = frame.filter(pl.col("status") != "placebo")
    names = [
        line(words.context(context), 60) + ("" if status == "planned" else " °")
        for context, status in contexts.select("context", "status").iter_rows()
    ]
    contexts = contexts.with_columns(
        pl.Series("row", names, dtype=pl.String),
        pl.Series("short", [words.verdict_short(word) for word in contexts["word"]], dtype=pl.String),
        low=pl.coalesce("difference_low", "difference"),
        high=pl.coalesce("difference_high", "difference"),
        said=pl.col("word").fill_null(""),
    )
    foot = f"placebo wordings ({placebos.height})"
    rows = [*names, *([foot] if placebos.height else [])]
    said = [f"{name} · {word}" for name, word in contexts.select("row", "short").iter_rows()]
    above = pl.DataFrame({"row": rows, "label": [*said, *rows[len(said) :]]})
    band = contexts.filter(pl.col("placebo_low").is_not_null()).head(1)
    limits = ("difference_low", "difference_high", "placebo_low", "placebo_high", "difference")
    ends = itertools.chain.from_iterable(frame[name].drop_nulls().to_list() for name in limits)
    reach = min(1.0, 1.05 * max([margin * 1.5, *(abs(end) for end in ends)]))
    scale = alt.Scale(domain=[-reach, reach], nice=False, clamp=True)

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        left, right = (12, 12) if narrow else (265, 175)

        def x(column: str) -> alt.X:
            sign = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + round(abs(datum.value) * 100)"
            axis = alt.Axis(labelExpr=sign, tickCount=4 if narrow else 7, gridOpacity=0.7)
            title = "points against neutral" if narrow else "difference against neutral, percentage points"
            return alt.X(f"{column}:Q", scale=scale, title=title, axis=axis)

        axis = None if narrow else alt.Axis(labelLimit=int((left - 12) * 0.86))
        y = alt.Y("row:N", sort=rows, title=None, scale=alt.Scale(domain=rows, padding=0.5), axis=axis)
        colour = alt.Color(
            "said:N", legend=None,
            scale=alt.Scale(domain=list(WORD_COLOUR), range=[COLOURS[role] for role in WORD_COLOUR.values()]),
        )  # fmt: skip
        edges = alt.Chart(pl.DataFrame({"at": [-margin, margin]}))
        shown = alt.Chart(contexts.filter(pl.col("difference").is_not_null()))
        layers: list[Any] = []
        if band.height:
            layers.append(
                alt.Chart(band).mark_rect(color=COLOURS["band"]).encode(x=x("placebo_low"), x2="placebo_high:Q")
            )
        layers += [
            edges.mark_rule(color=COLOURS["soft"], strokeDash=[3, 3]).encode(x=x("at")),
            alt.Chart(pl.DataFrame({"at": [0.0]})).mark_rule(color=COLOURS["soft"]).encode(x=x("at")),
            shown.mark_rule(strokeWidth=2).encode(y=y, x=x("low"), x2="high:Q", color=colour),
            shown.mark_point(filled=True, size=80, opacity=1).encode(y=y, x=x("difference"), color=colour),
        ]
        if placebos.height:
            strokes = alt.Chart(placebos.with_columns(row=pl.lit(foot)))
            layers.append(strokes.mark_tick(thickness=2, size=14, color=COLOURS["soft"]).encode(y=y, x=x("difference")))
        if narrow:
            layers.append(_above(above, "row", y, "label"))
        else:
            beside = alt.Chart(contexts).mark_text(align="left", fontSize=12.5, color=COLOURS["soft"])
            layers.append(beside.encode(y=y, x=alt.value(width - left - right + 14), text="short:N"))
        return _framed(layers, width=width, left=left, right=right, rows=len(rows), step=46 if narrow else 28)

    return draw


def ranges(frame: pl.DataFrame, title: str, *, signed: bool = False, margin: float | None = None) -> Draw:
    """Shares as points with intervals, a row each: ``row``, ``value``, ``low``, ``high``, ``word`` (its colour; null:
    plain) and ``beside`` (a text at the right). ``signed`` draws differences around 0, with the margin dashed."""
    rows = frame["row"].to_list()
    ends = [abs(end) for name in ("value", "low", "high") for end in frame[name].drop_nulls()]
    reach = min(1.0, 1.05 * max([*ends, 1.5 * (margin or 0.02)]))
    scale = alt.Scale(domain=[-reach, reach] if signed else [0, reach], nice=False, clamp=True)
    sign = "(datum.value > 0 ? '+' : datum.value < 0 ? '−' : '') + " if signed else ""
    known = frame.filter(pl.col("value").is_not_null()).with_columns(
        low=pl.coalesce("low", "value"), high=pl.coalesce("high", "value"), tone=pl.col("word").fill_null("")
    )
    tones = {"": "ink", **WORD_COLOUR}

    def draw(width: int) -> alt.LayerChart:
        narrow = width <= NARROW
        left, right = (12, 12) if narrow else (235, 175)

        def x(column: str) -> alt.X:
            axis = alt.Axis(
                labelExpr=f"{sign}round(abs(datum.value) * 100)", tickCount=4 if narrow else 7, gridOpacity=0.7
            )
            return alt.X(f"{column}:Q", scale=scale, title=title, axis=axis)

        axis = None if narrow else alt.Axis(labelLimit=int((left - 12) * 0.86))
        y = alt.Y("row:N", sort=rows, title=None, scale=alt.Scale(domain=rows, padding=0.5), axis=axis)
        colour = alt.Color(
            "tone:N", legend=None, scale=alt.Scale(domain=list(tones), range=[COLOURS[tone] for tone in tones.values()])
        )
        shown = alt.Chart(known)
        layers: list[Any] = []
        for at in [0.0, *([-margin, margin] if margin else [])] if signed else []:
            dash = [3, 3] if at else [1, 0]
            rule = alt.Chart(pl.DataFrame({"at": [at]})).mark_rule(color=COLOURS["soft"], strokeDash=dash)
            layers.append(rule.encode(x=x("at")))
        layers += [
            shown.mark_rule(strokeWidth=2).encode(y=y, x=x("low"), x2="high:Q", color=colour),
            shown.mark_point(filled=True, size=80, opacity=1).encode(y=y, x=x("value"), color=colour),
        ]
        if narrow:
            label = pl.concat_str("row", pl.lit(" · "), "beside").alias("label")
            layers.append(_above(frame.with_columns(label), "row", y, "label"))
        else:
            beside = alt.Chart(frame).mark_text(align="left", fontSize=12.5, color=COLOURS["soft"])
            layers.append(beside.encode(y=y, x=alt.value(width - left - right + 14), text="beside:N"))
        return _framed(layers, width=width, left=left, right=right, rows=len(rows), step=46 if narrow else 28)

    return draw
