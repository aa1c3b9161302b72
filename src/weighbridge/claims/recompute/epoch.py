"""Claims about a lag in months, from a history of releases such as Epoch's Capabilities Index (``gap.lag``)."""

from __future__ import annotations

from weighbridge.claims.evidence import Choice, Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim
from weighbridge.gap.lag import Spread, lag

DRAWS = 400


def lag_behind(
    evidence: Evidence, claim: Claim, *, file: str, behind: str = "CN", ahead: str = "US", board: str | None = None
) -> Recomputed:
    """For each day the rating of ``behind``'s best so far, and the months since ``ahead`` first had it.

    Figures: mean (its interval is the ratings' own noise), shortest, longest, last.
    """
    ratings, placed = evidence.ratings(file, board, f"{ahead},{behind}")
    found = lag(placed, ratings, behind, ahead, draws=DRAWS)
    if found is None:
        raise Missing(f"{file}: {behind} never has a model in it")
    figures = {name: Value(value) for name, value in _figures(found.spread).items()}
    figures["mean"] = Value(found.spread.mean, found.mean_low, found.mean_high)
    choices = [Choice(choice.choice, _figures(choice.spread)) for choice in found.choices]
    findings = [
        f"{found.behind} behind {found.ahead}: {found.spread.mean:.1f} months on average over {found.days} days from "
        f"{found.first} to {found.until} ({found.spread.shortest:.1f} to {found.spread.longest:.1f}).",
        f"The ratings' own noise makes the mean {found.mean_low:.1f} to {found.mean_high:.1f} months.",
    ]
    return Recomputed(figures, choices, findings, found.until.isoformat())


def _figures(spread: Spread) -> dict[str, float]:
    return {"mean": spread.mean, "shortest": spread.shortest, "longest": spread.longest, "last": spread.last}
