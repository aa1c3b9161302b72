"""Claims about shares of usage, from OpenRouter's public token counts. Unknown models make a share an interval."""

from __future__ import annotations

from datetime import date, timedelta

import polars as pl

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


def week(evidence: Evidence, claim: Claim, *, file: str, monday: str) -> Recomputed:
    """Shares by origin in the seven days from ``monday``, in percent of all tokens.

    Figures: open_cn, open_other, proprietary_cn, proprietary_other, unknown, other. A known class reaches from its own
    share up to that plus all unknown; ``other`` (below the top 50) is a class of its own.
    """
    start = date.fromisoformat(monday)
    frame = _columns(
        pl.read_csv(evidence.path(file), infer_schema_length=None), file, ("date", "model_permaslug", "total_tokens")
    )
    frame = frame.with_columns(pl.col("date").str.to_date())
    seven = frame.filter(pl.col("date").is_between(start, start + timedelta(days=6)))
    if seven["date"].n_unique() < 7:
        raise Missing(f"{file} has {seven['date'].n_unique()} of the seven days from {monday}")
    named = seven.filter(pl.col("model_permaslug") != "other")
    totals: dict[str, float] = {
        "other": float(seven.filter(pl.col("model_permaslug") == "other")["total_tokens"].sum())
    }
    unknown_names: dict[str, float] = {}
    for slug, day, tokens in named.select("model_permaslug", "date", "total_tokens").iter_rows():
        match = evidence.catalog.find(slug, on=day)
        origin = "unknown" if match is None else match.origin
        totals[origin] = totals.get(origin, 0.0) + float(tokens)
        if origin == "unknown":
            unknown_names[slug] = unknown_names.get(slug, 0.0) + float(tokens)
    everything = sum(totals.values())
    share = {origin: 100 * tokens / everything for origin, tokens in totals.items()}
    spare = share.get("unknown", 0.0)
    classes = ("open_cn", "proprietary_other", "open_other", "proprietary_cn")
    figures = {
        name: Value(share.get(name, 0.0), share.get(name, 0.0), share.get(name, 0.0) + spare) for name in classes
    }
    figures |= {name: Value(share.get(name, 0.0)) for name in ("unknown", "other")}
    without = {name: 100 * totals.get(name, 0.0) / (everything - totals["other"]) for name in classes}
    choices = [
        Choice("`other` left out of the denominator", without),
        Choice("unknown models all counted to the class", {name: share.get(name, 0.0) + spare for name in classes}),
    ]
    worst = ", ".join(
        f"{slug} {100 * t / everything:.1f} %" for slug, t in sorted(unknown_names.items(), key=lambda x: -x[1])[:4]
    )
    said = ", ".join(f"{name} {share.get(name, 0.0):.1f} %" for name in (*classes, "unknown", "other"))
    findings = [f"Week of {monday}: {said} of {everything / 1e12:.1f} trillion tokens."]
    if worst:
        findings.append(f"Unknown: {worst}.")
    return Recomputed(figures, choices, findings, f"{start} to {start + timedelta(days=6)}")


def _columns(frame: pl.DataFrame, file: str, needed: tuple[str, ...]) -> pl.DataFrame:
    missing = [name for name in needed if name not in frame.columns]
    if missing:
        raise DataError(f"{file}: the column '{missing[0]}' is missing (columns: {', '.join(frame.columns)})")
    return frame
