"""Claims about shares of usage, from OpenRouter's public token counts. Unknown models make a share an interval."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

from weighbridge import adoption
from weighbridge.claims.evidence import Choice, Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim
from weighbridge.errors import DataError

TOKENS = ("open_tokens", "frontier_tokens", "unknown_tokens", "other_tokens")


def open_share(evidence: Evidence, claim: Claim, *, file: str, first: str, last: str) -> Recomputed:
    """The share of open weights between two months (``YYYY-MM``), all origins together, in percent of tokens.

    Figures: open_mean (of tokens that are classified; low: of all, high: if all unknown and ``other`` were open) and
    open_peak_month, the highest month on the same terms.
    """
    frame = _columns(pl.read_csv(evidence.path(file)), file, ("date", *TOKENS))
    part = frame.filter(pl.col("date").cast(pl.String).is_between(pl.lit(first), pl.lit(last)))
    if part.is_empty():
        raise Missing(f"{file} has no month from {first} to {last}")
    by_month = {str(row["date"]): _shares(*(float(row[name]) for name in TOKENS)) for row in part.iter_rows(named=True)}
    low, middle, high = _shares(*(float(part[name].sum()) for name in TOKENS))
    peak = max(by_month, key=lambda month: by_month[month][1])
    months = list(by_month.values())
    equal = sum(share[1] for share in months) / len(months)
    figures = {"open_mean": Value(middle, low, high), "open_peak_month": Value(by_month[peak][1], *by_month[peak][::2])}
    choices = [
        Choice(
            "of all tokens, unknown and `other` counted as not open",
            {"open_mean": low, "open_peak_month": by_month[peak][0]},
        ),
        Choice(
            "unknown and `other` all counted as open (the most it can be)",
            {"open_mean": high, "open_peak_month": max(share[2] for share in months)},
        ),
        Choice("every month counts the same, whatever its tokens", {"open_mean": equal}),
    ]
    findings = [
        f"Open weights of all origins, {first} to {last}: {low:.1f} % of all tokens, {middle:.1f} % of the classified, "
        f"at most {high:.1f} %; highest month {peak} ({by_month[peak][0]:.1f} to {by_month[peak][1]:.1f} %).",
        "The monthly series has no origin: the Chinese part of it lies below these figures, how far it does not say.",
    ]
    return Recomputed(figures, choices, findings, last)


def _shares(is_open: float, frontier: float, unknown: float, other: float) -> tuple[float, float, float]:
    everything = is_open + frontier + unknown + other
    return (
        100 * is_open / everything,
        100 * is_open / (is_open + frontier),
        100 * (is_open + unknown + other) / everything,
    )


def open_month(evidence: Evidence, claim: Claim, *, file: str, month: str, others: list[str]) -> Recomputed:
    """The share of open weights in one month (``YYYY-MM``), all origins together, in percent of tokens.

    Figure: open, of what is classified; low: of all tokens; high: if all unknown and ``other`` were open. The other
    months are shown as choices.
    """
    frame = _columns(pl.read_csv(evidence.path(file)), file, ("date", *TOKENS))
    there = {str(row["date"]): _shares(*(float(row[name]) for name in TOKENS)) for row in frame.iter_rows(named=True)}
    if month not in there:
        raise Missing(f"{file} has no {month}")
    low, middle, high = there[month]
    choices = [
        Choice(f"{month}, of all tokens, unknown and `other` as not open", {"open": low}),
        Choice(f"{month}, unknown and `other` all open (the most it can be)", {"open": high}),
        *(Choice(other, {"open": there[other][1]}, f"{there[other][0]:.1f} to {there[other][2]:.1f} %")
          for other in others if other in there),
    ]  # fmt: skip
    reached = [name for name, (_, share, _) in sorted(there.items()) if share >= 100 / 3]
    findings = [f"{month}: {low:.1f} % of all tokens, {middle:.1f} % of the classified, at most {high:.1f} %."]
    if reached:
        findings.append(f"A third of the classified or more: {', '.join(reached)}.")
    return Recomputed({"open": Value(middle, low, high)}, choices, findings, month)


def week(evidence: Evidence, claim: Claim, *, file: str, monday: str) -> Recomputed:
    """Shares by origin in the seven days from ``monday``, in percent of all tokens, as ``weighbridge adoption`` counts.

    Figures: open_cn, open_other, proprietary_cn, proprietary_other, unknown, other, each from what is sure to what a
    better map from names to models could make of it. ``other`` (below the top 50) and stealth models are apart.
    """
    start = date.fromisoformat(monday)
    if start.weekday():
        raise DataError(f"claim {claim.id}, arguments.monday: {monday} is a {start:%A}; weeks begin on Monday")
    with adoption.read([str(evidence.path(file))], named="openrouter-rankings") as usage:
        days = usage.days["day"].is_between(start, start + timedelta(days=6))
        there = usage.days.filter(days)["day"].n_unique()
        if there < 7:
            raise Missing(f"{file} has {there} of the seven days from {monday}")
        table, remarks = adoption.shares(usage, evidence.catalog, by="origin", every="week")
    rows = {row["class"]: row for row in table.filter(pl.col("week") == start).to_dicts()}
    figures = {
        name: Value(*(100 * float(row[key]) for key in ("share", "share_low", "share_high")))
        for name, row in rows.items()
    }
    known = [name for name in rows if name not in ("unknown", "other")]
    choices = [
        Choice("`other` and unknown left out of the denominator",
               {name: 100 * float(rows[name]["share_of_classified"]) for name in known}),
        Choice("all unknown, stealth and `other` counted to the class (the most it can be)",
               {name: 100 * float(rows[name]["share_most"]) for name in known}),
    ]  # fmt: skip
    everything = sum(row["tokens"] for row in rows.values())
    said = ", ".join(f"{name} {100 * row['share']:.1f} %" for name, row in rows.items())
    findings = [f"Week of {monday}: {said} of {everything / 1e12:.1f} trillion tokens."]
    findings += [f"{remark.text[:1].upper()}{remark.text[1:]}." for remark in remarks
                 if remark.kind in ("unknown", "hidden", "doubtful")]  # fmt: skip
    return Recomputed(figures, choices, findings, f"{start} to {start + timedelta(days=6)}")


def _columns(frame: pl.DataFrame, file: str, needed: tuple[str, ...]) -> pl.DataFrame:
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(f"{file}: the column '{missing[0]}' is missing (columns: {', '.join(frame.columns)})")
    return frame
