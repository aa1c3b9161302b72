"""Published claims and what became of them, as one page that may be quoted from.

``claims.check`` → a self-contained page: the verdicts at a glance, then a section a claim with the published figures
beside the recomputed ones, what the figure hangs on, what speaks for the claim, and the data's name, date and hash.
It is written to be read by the author of a criticised study: a claim that cannot be checked is not called wrong.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from markupsafe import Markup

from weighbridge import __version__
from weighbridge.claims.check import Checked, Tested
from weighbridge.claims.verdict import NEAR, VERDICTS
from weighbridge.report import words
from weighbridge.report.page import Section, fragment, render_page
from weighbridge.store.tables import write_beside

TONES = {"reproduced": "better", "in part": "wording", "not reproduced": "worse", "not checkable": "nodata"}
STATES = {
    "met": "agrees",
    "near": "close",
    "missed": "differs",
    "unchecked": "not computed",
}
"""Words for a reader: the states of ``claims.verdict``."""
NAMES = {
    "percent": "gap, % of the trailer",
    "percent_of_leader": "gap, % of the leader",
    "points": "gap, points",
    "leader": "leader's rating",
    "trailer": "trailer's rating",
    "win_rate": "expected win rate, %",
    "lead_changes": "changes of the lead",
    "mean": "mean",
    "shortest": "shortest",
    "longest": "longest",
    "last": "on the last day",
    "cheaper": "open models cheaper by, %",
    "open_mean": "open weights, % of tokens",
    "open_peak_month": "highest month, %",
    "open_cn": "Chinese, open, %",
    "open_other": "other open, %",
    "proprietary_cn": "Chinese, closed, %",
    "proprietary_other": "other closed, %",
    "unknown": "unknown, %",
    "other": "below the top 50, %",
}
"""Figures' names for a reader; a name that is not here is printed as it is."""


@dataclass(frozen=True)
class Row:
    """One line of a table: its cells, already said as words and numbers."""

    head: str
    cells: list[str]
    note: str = ""


def write(found: list[Checked], target: Path, *, today: date | None = None) -> None:
    """Write the page to ``target``, beside and renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    write_beside(target, page(found, today=today).encode("utf-8"))


def page(found: list[Checked], *, today: date | None = None) -> str:
    """The whole page as HTML."""
    made = (today or date.today()).isoformat()
    overview = Section(
        "overview",
        "The claims at a glance",
        "At a glance",
        fragment(
            "claims/overview.html", found=found, tones=TONES, counts=_counts(found), made=made, near=round(100 * NEAR)
        ),
    )
    sections = [overview, *(_section(one, made) for one in found)]
    rules = fragment("claims/rules.html", near=round(100 * NEAR), made=made)
    sections.append(Section("rules", "How a verdict is reached", "The rules", rules))
    return render_page("Published claims, computed again", sections, lead=_lead(found), kind="Claims")


def _counts(found: list[Checked]) -> list[tuple[str, int]]:
    return [(word, sum(one.verdict == word for one in found)) for word in VERDICTS]


def _lead(found: list[Checked]) -> str:
    said = words.listing(f"{count} {word}" for word, count in _counts(found) if count)
    return (
        f"{words.many(len(found), 'claim')} about language models that were published and are often quoted: {said}. "
        "Not reproduced means: not from the public data named here. Not checkable means that something needed to "
        "check it was not published or is not at hand; it does not mean wrong."
    )


def _section(one: Checked, made: str) -> Section:
    claim = one.claim
    names = list(dict.fromkeys(name for choice in one.recomputed.choices for name in choice.figures))
    told = [figure.name for figure in claim.figures if figure.name in names]
    shown = (told or names)[:4]
    body = fragment(
        "claims/claim.html",
        one=one,
        claim=claim,
        tone=TONES[one.verdict],
        figures=[_figure(t) for t in one.figures],
        choices=[
            Row(choice.choice, [_number(choice.figures.get(name)) for name in shown], choice.note)
            for choice in one.recomputed.choices
        ],
        cite=_cite(one, made),
        columns=[NAMES.get(name, name) for name in shown],
        also=sorted(
            {
                f"{t.figure.text}: {name}"
                for t in one.figures
                if t.state != "met" and not t.figure.supporting
                for name in t.also_met
            }
        ),
        with_notes=any(choice.note for choice in one.recomputed.choices),
        other_figures=[
            Row(NAMES.get(name, name), [_interval(value.value, value.low, value.high, 1)])
            for name, value in one.recomputed.figures.items()
            if name not in {figure.name for figure in claim.figures}
        ],
    )
    return Section(claim.id, claim.claim, claim.short or claim.id, Markup(body))


def _cite(one: Checked, made: str) -> str:
    """A line that says what a quotation rests on."""
    files = words.listing(Path(file).name for file, _ in one.data)
    rests = f" from {files}" + (f", data of {one.recomputed.as_of}" if one.recomputed.as_of else "") if files else ""
    return f"Weighbridge {__version__}, claim {one.claim.id}: {one.verdict}; computed {made}{rests}"


def _figure(tested: Tested) -> Row:
    figure, value = tested.figure, tested.found
    if value is None:
        return Row(figure.text, ["–", STATES["unchecked"]], "")
    digits = (0 if value.value.is_integer() else 1) if figure.digits is None else max(figure.digits + 1, 0)
    unit = f" {figure.unit}" if figure.unit else ""
    said = STATES[tested.state] if tested.state != "unchecked" else "nothing to compare with"
    note = "supporting figure, not decisive" if figure.supporting else ""
    return Row(figure.text, [_interval(value.value, value.low, value.high, digits) + unit, said], note)


def _interval(value: float, low: float | None, high: float | None, digits: int) -> str:
    text = words.decimal(value, digits)
    if low is None or high is None or low == high:
        return text
    return f"{text} ({words.decimal(low, digits)} to {words.decimal(high, digits)})"


def _number(value: Any) -> str:
    if value is None:
        return words.NO_ESTIMATE
    digits = 0 if abs(value) >= 1000 or float(value).is_integer() else 1 if abs(value) >= 100 else 2
    return words.decimal(value, digits)
