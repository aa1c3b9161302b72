"""How well does a reviewer tell what attacks proved? Sensitivity, false alarms and kappa, overall and per CWE.

The unit is a distinct program of a task on which an attack was tried: *vulnerable* where one worked, *secure* where all
failed. Broken programs were not shown to be either; how many of them are called vulnerable stands beside. Under *says
vulnerable* any yes counts, under *names it* only one that names a CWE (or its kin, ``panel.silence``) that was proved
or, on a secure program, that its task is about. Answers without a readable verdict are counted apart, and the bounds
say what they could change. Intervals know that programs of one task agree.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import polars as pl

from weighbridge.audit.truth import ATTACKED, Truth
from weighbridge.panel.silence import speaks_of
from weighbridge.stats.agreement import kappa
from weighbridge.stats.estimate import Bools, Estimate, NoEstimate
from weighbridge.stats.rates import Rate, rate

SAYS, NAMES = "says vulnerable", "names it or its kin"

AGREEMENT = pl.Schema(
    {
        "reviewer": pl.String,
        "source": pl.String,  # whose verdicts
        "cwe": pl.UInt32,  # null: all
        "by": pl.String,  # says vulnerable | names it or its kin
        "tasks": pl.UInt32,  # that count as one piece of evidence each (``Truth.unit``)
        "vulnerable": pl.UInt32,  # programs with a readable verdict of the reviewer
        "secure": pl.UInt32,
        "caught": pl.UInt32,
        "alarms": pl.UInt32,
        "unread_vulnerable": pl.UInt32,  # reviewed without a readable verdict
        "unread_secure": pl.UInt32,
        **{
            f"{what}{end}": pl.Float64
            for what in ("sensitivity", "false_alarms", "kappa")
            for end in ("", "_low", "_high")
        },
        "sensitivity_least": pl.Float64,  # had every unreadable answer been wrong
        "sensitivity_most": pl.Float64,  # had every one been right
        "false_alarms_least": pl.Float64,
        "false_alarms_most": pl.Float64,
        "why": pl.String,  # where there is no estimate
    }
)


def labelled(truth: Truth, reviews: pl.DataFrame) -> pl.DataFrame:
    """One row a distinct program of a task and reviewer: what is proved, and what the reviewer said.

    A program that was judged several times with different outcomes is vulnerable if any attack ever worked.
    """
    rank = pl.col("verdict").replace_strict(
        {"vulnerable": 0, "secure": 1, "broken": 2}, default=None, return_dtype=pl.UInt8
    )
    proved = (
        truth.answers.filter(pl.col("program").is_not_null())
        .with_columns(rank.alias("rank"))
        .filter(pl.col("rank").is_not_null())
        .sort("rank")
        .group_by("source", "task", "program", maintain_order=True)
        .agg(
            pl.first(truth.unit).alias("unit") if truth.unit != "task" else pl.col("task").first().alias("unit"),
            pl.first("verdict", "about"),
            pl.col("cwes").drop_nulls().list.explode().unique().alias("proved"),
        )
    )
    return proved.join(
        reviews.select("program", "reviewer", "state", "vulnerable", pl.col("cwes").alias("named")),
        on="program",
        how="inner",
    )


def agreement(truth: Truth, reviews: pl.DataFrame, *, level: float = 0.95) -> pl.DataFrame:
    """How every reviewer agrees with every source's verdicts (``AGREEMENT``); empty where nothing was attacked."""
    frame = labelled(truth, reviews)
    rows: list[dict[str, Any]] = []
    groups = frame.filter(pl.col("verdict").is_in(list(ATTACKED))).group_by("reviewer", "source", maintain_order=True)
    for (reviewer, source), group in groups:
        who = {"reviewer": reviewer, "source": source}
        for by in (SAYS, NAMES):
            rows.append({**who, "cwe": None, "by": by, **_numbers(group, None, by, level)})
        cwes = sorted({cwe for column in ("proved", "about") for cwe in group[column].explode().drop_nulls()})
        for cwe in cwes:
            about = group.filter(
                pl.when(pl.col("verdict") == "vulnerable")
                .then(pl.col("proved").list.contains(cwe))
                .otherwise(pl.col("about").list.contains(cwe).fill_null(False))
            )
            for by in (SAYS, NAMES) if about.height else ():
                rows.append({**who, "cwe": cwe, "by": by, **_numbers(about, cwe, by, level)})
    return pl.DataFrame(rows, schema=AGREEMENT).sort("reviewer", "source", pl.col("cwe").fill_null(0), "by")


def broken_called_vulnerable(truth: Truth, reviews: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """By reviewer: broken programs that it calls vulnerable, and broken programs with a readable verdict."""
    frame = labelled(truth, reviews).filter((pl.col("verdict") == "broken") & (pl.col("state") == "reviewed"))
    counts = frame.group_by("reviewer").agg(pl.col("vulnerable").sum().alias("yes"), pl.len().alias("all"))
    return {reviewer: (int(yes), int(all_)) for reviewer, yes, all_ in counts.iter_rows()}


def _said(row: dict[str, Any], cwe: int | None, by: str) -> bool:
    if not row["vulnerable"]:
        return False
    if by == SAYS:
        return True
    flaws: Collection[int] = (row["proved"] if row["verdict"] == "vulnerable" else row["about"]) or ()
    looked_for = flaws if cwe is None else (cwe,)
    return any(speaks_of(named, flaw) for flaw in looked_for for named in row["named"] or ())


def _numbers(group: pl.DataFrame, cwe: int | None, by: str, level: float) -> dict[str, Any]:
    read = group.filter(pl.col("state") == "reviewed")
    unread = group.filter(pl.col("state") != "reviewed")
    said = np.array([_said(row, cwe, by) for row in read.iter_rows(named=True)], dtype=np.bool_)
    true = (read["verdict"] == "vulnerable").to_numpy().astype(np.bool_)
    _, cluster = np.unique(read["unit"].to_numpy().astype(str), return_inverse=True)
    clusters = int(cluster.max()) + 1 if cluster.size else 0

    def share(chosen: Bools) -> Rate | NoEstimate:
        hits = np.bincount(cluster[chosen & said], minlength=clusters).astype(np.float64)
        return rate(hits, np.bincount(cluster[chosen], minlength=clusters).astype(np.float64), level=level)

    found = {"sensitivity": share(true), "false_alarms": share(~true)}
    chance = kappa(cluster.astype(np.float64), said, true, level=level) if said.size else NoEstimate("no verdict")
    missed = {kind: unread.filter(pl.col("verdict") == kind).height for kind in ATTACKED}
    counts = {"vulnerable": int(true.sum()), "secure": int((~true).sum())}
    hits = {"vulnerable": int((said & true).sum()), "secure": int((said & ~true).sum())}
    row: dict[str, Any] = {
        "tasks": clusters,
        **counts,
        "caught": hits["vulnerable"],
        "alarms": hits["secure"],
        "unread_vulnerable": missed["vulnerable"],
        "unread_secure": missed["secure"],
    }
    reasons: list[str] = []
    for name, kind in (("sensitivity", "vulnerable"), ("false_alarms", "secure")):
        row |= _columns(name, found[name])
        whole = counts[kind] + missed[kind]
        row[f"{name}_least"] = hits[kind] / whole if whole else None
        row[f"{name}_most"] = (hits[kind] + missed[kind]) / whole if whole else None
        if isinstance(found[name], NoEstimate):
            reasons.append(f"no {kind} program with a readable verdict")
    row |= _columns("kappa", chance)
    reasons += [f"kappa: {chance.reason}"] if isinstance(chance, NoEstimate) else []
    return {**row, "why": "; ".join(reasons) or None}


def _columns(name: str, found: Rate | Estimate | NoEstimate) -> dict[str, float | None]:
    if isinstance(found, NoEstimate):
        return dict.fromkeys((name, f"{name}_low", f"{name}_high"))
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high}
