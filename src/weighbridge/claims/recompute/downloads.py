"""Claims about Hugging Face downloads, from the snapshots that ``weighbridge adoption --downloads`` keeps.

The hub gives counts of today and no history. A day that has passed can be judged only by a snapshot taken by then; a
later one can only refute, since an all-time count does not fall unless the hub restates it.
"""

from __future__ import annotations

from datetime import date

import polars as pl

from weighbridge.adoption import downloads
from weighbridge.claims.evidence import Choice, Evidence, Missing, Recomputed, Value
from weighbridge.claims.ledger import Claim

ORIGINAL = "original"


def total(evidence: Evidence, claim: Claim, *, family: str, by: str, folder: str = "downloads") -> Recomputed:
    """All-time downloads of a family by a day (``YYYY-MM-DD``).

    Figure: downloads, of the maker's own repositories; up to those with quantisations, adapters, tunes and merges.
    """
    kept = _snapshots(evidence, family, folder)
    until = kept.filter(pl.col("taken").dt.date() <= date.fromisoformat(by))
    late = until.is_empty()
    taken = kept["taken"].min() if late else until["taken"].max()
    sums = _by_kind(kept.filter(pl.col("taken") == taken))
    own, every = float(sums.get(ORIGINAL, 0)), float(sum(sums.values()))
    listed = ", ".join(f"{kind} {count:,}" for kind, count in sums.items())
    findings = [f"Snapshot of {taken:%Y-%m-%d}: {listed}. {downloads.WHAT_IT_COUNTS}"]
    claimed = min((figure.value for figure in claim.figures if figure.value), default=0.0)
    if late and every >= claimed:
        findings.append(f"The first snapshot is later than {by}: it says nothing of that day.")
        return Recomputed({}, [], findings, f"{taken:%Y-%m-%d}")
    if late:
        findings.append(f"The first snapshot is later than {by}, and still below: all-time counts do not fall.")
    choices = [Choice("with quantisations, adapters, fine-tunes and merges by anybody", {"downloads": every})]
    return Recomputed({"downloads": Value(own, own, every)}, choices, findings, f"{taken:%Y-%m-%d}")


def growth(
    evidence: Evidence, claim: Claim, *, family: str, since: str, until: str, folder: str = "downloads"
) -> Recomputed:  # fmt: skip
    """Growth of a family's all-time downloads between two days, in percent. Figure: growth, of the maker's own."""
    kept = _snapshots(evidence, family, folder)
    sums: list[dict[str, int]] = []
    days: list[str] = []
    for day in (since, until):
        there = kept.filter(pl.col("taken").dt.date() <= date.fromisoformat(day))
        if there.is_empty():
            raise Missing(f"no snapshot of '{family}' was taken by {day}")
        sums.append(_by_kind(there.filter(pl.col("taken") == there["taken"].max())))
        days.append(f"{there['taken'].max():%Y-%m-%d}")
    if days[0] == days[1]:
        raise Missing(f"one snapshot of '{family}' ({days[0]}) is no growth; a second is needed")

    def risen(before: float, after: float) -> float | None:
        return 100 * (after / before - 1) if before else None

    own = risen(sums[0].get(ORIGINAL, 0), sums[1].get(ORIGINAL, 0))
    every = risen(sum(sums[0].values()), sum(sums[1].values()))
    figures = {} if own is None else {"growth": Value(own)}
    return Recomputed(
        figures, [Choice("with everything derived from it", {"growth": every})],
        [f"All-time downloads between {days[0]} and {days[1]}. {downloads.WHAT_IT_COUNTS}"], days[1],
    )  # fmt: skip


def _snapshots(evidence: Evidence, family: str, folder: str) -> pl.DataFrame:
    for path in sorted((evidence.folder / folder).glob(f"{family}-*Z.parquet")):
        evidence.path(f"{folder}/{path.name}")
    kept = downloads.snapshots(family, evidence.folder / folder)
    if kept.is_empty():
        take = f"weighbridge adoption --downloads {family} --keep DATA/{folder}"
        raise Missing(f"no snapshot of '{family}' is in {folder}; the hub has no history, so take some: {take}")
    return kept


def _by_kind(snapshot: pl.DataFrame) -> dict[str, int]:
    sums = dict(snapshot.group_by("kind").agg(pl.col("all_time").sum()).iter_rows())
    return {kind: int(sums[kind] or 0) for kind in downloads.KINDS if kind in sums}
