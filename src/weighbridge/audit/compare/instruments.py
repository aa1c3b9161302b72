"""What do static tools see of what was exploited, and what did nobody see? By kind of flaw, since it is all or nothing.

The exploit verdicts are the yardstick here: a tool is *right* on a vulnerable program when it names a CWE of that flaw
or a reviewed kin of it, and gives a *false alarm* when it does so on a program that withstood the attacks. Programs
that the tool did not analyse are not counted; intervals know that programs of one task are alike. *Unseen*: all silent.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import polars as pl

from weighbridge.audit.compare.answers import Answers
from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.rates import rate
from weighbridge.stats.stealth import joint_rate, stealth_share
from weighbridge.store.tables import Run

PANEL = "all tools together"
ANY = "anything at all"
GRAVE = "anything, medium or worse"
GRAVE_WORDS = ["medium", "high", "critical", "warning", "error", "level 3", "level 4", "level 5"]
"""Severities, in the words of the tools (flawfinder's are levels to 5), that count as medium or worse."""
NAMED = "that flaw"

SIGHT = pl.Schema(
    {
        "tool": pl.String, "language": pl.String, "cwe": pl.UInt32, "says": pl.String, "tasks": pl.Int64,
        "vulnerable": pl.Int64, "seen": pl.Int64, "sensitivity": pl.Float64, "sensitivity_low": pl.Float64,
        "sensitivity_high": pl.Float64, "sound": pl.Int64, "alarms": pl.Int64, "false_alarms": pl.Float64,
        "false_alarms_low": pl.Float64, "false_alarms_high": pl.Float64,
    }
)  # fmt: skip
STEALTH = pl.Schema(
    {
        "model": pl.String, "mode": pl.String, "cwe": pl.UInt32, "tasks": pl.Int64, "asked": pl.Int64,
        "exploited": pl.Int64, "unknown": pl.Int64, "unseen": pl.Int64, "share": pl.Float64, "share_low": pl.Float64,
        "share_high": pl.Float64, "joint": pl.Float64, "joint_low": pl.Float64, "joint_high": pl.Float64,
        "reason": pl.String,
    }
)  # fmt: skip


def sight(known: Answers, run: Run, *, level: float = 0.95) -> pl.DataFrame:
    """A row a tool, language and CWE (null: over all), and whether it names that flaw or says anything at all
    (``SIGHT``); counts are distinct programs of a task. *all tools together* counts programs that all analysed."""
    if not known.tools:
        return pl.DataFrame(schema=SIGHT)
    languages = run.read("programs").select("program", "language")
    judged = (
        known.frame.filter(pl.col("sound") | pl.col("exploitable"))
        .select("program", "task", "cluster", "exploitable", cwe=pl.coalesce("about", "cwes"))
        .unique(["program", "task", "exploitable"])
        .join(languages, on="program")
    )
    scans = run.read("scans").filter((pl.col("state") == "analysed") & pl.col("tool").is_in(list(known.tools)))
    together = known.complete.with_columns(tool=pl.lit(PANEL))
    analysed = pl.concat([scans.select("program", "tool").unique(), together.select("program", "tool")])
    named = known.spoken
    named = pl.concat([named, named.with_columns(tool=pl.lit(PANEL)).unique()])
    by_flaw = judged.explode("cwe").filter(pl.col("cwe").is_not_null()).join(analysed, on="program")
    by_flaw = by_flaw.join(named.with_columns(hit=True), on=["program", "cwe", "tool"], how="left")
    whole = by_flaw.group_by("program", "task", "cluster", "exploitable", "language", "tool").agg(pl.col("hit").any())
    findings = run.read("findings")
    anything = _any_finding(judged, analysed, findings)
    with_severity = findings.filter(pl.col("severity") != "")["tool"].unique().to_list()  # ruff has none
    graded = analysed.filter(pl.col("tool").is_in([*with_severity, PANEL]))
    grave = _any_finding(judged, graded, findings.filter(pl.col("severity").is_in(GRAVE_WORDS)))
    rows: list[dict[str, object]] = []
    for says, frame, keys in (
        (NAMED, by_flaw, ["tool", "language", "cwe"]),
        (NAMED, whole, ["tool", "language"]),
        (ANY, anything, ["tool", "language"]),
        (GRAVE, grave, ["tool", "language"]),
    ):
        for values, group in frame.with_columns(pl.col("hit").fill_null(value=False)).group_by(keys):
            rows.append({"cwe": None, **dict(zip(keys, values, strict=True)), "says": says, **_both(group, level)})
    return pl.DataFrame(rows, schema=SIGHT).sort("language", "tool", "says", "cwe", nulls_last=False)


def _any_finding(judged: pl.DataFrame, analysed: pl.DataFrame, findings: pl.DataFrame) -> pl.DataFrame:
    """The judged programs by tool, with ``hit`` where it has any of these findings."""
    spoke = findings.select("program", "tool").unique()
    spoke = pl.concat([spoke, spoke.select("program", tool=pl.lit(PANEL)).unique()]).with_columns(hit=True)
    return judged.drop("cwe").join(analysed, on="program").join(spoke, on=["program", "tool"], how="left")


def _both(group: pl.DataFrame, level: float) -> dict[str, object]:
    found: dict[str, object] = {"tasks": group["task"].n_unique()}
    for is_flawed, (whole, hits, share) in (
        (True, ("vulnerable", "seen", "sensitivity")),
        (False, ("sound", "alarms", "false_alarms")),
    ):
        mine = group.filter(pl.col("exploitable") == is_flawed)
        by_cluster = mine.group_by("cluster").agg(hits=pl.col("hit").sum(), whole=pl.len())
        value = rate(*(by_cluster[name].cast(pl.Float64).to_numpy() for name in ("hits", "whole")), level=level)
        found |= {whole: mine.height, hits: int(mine["hit"].sum())}
        if not isinstance(value, NoEstimate):
            found |= {share: value.value, f"{share}_low": value.low, f"{share}_high": value.high}
    return found


def stealth(known: Answers, *, level: float = 0.95) -> pl.DataFrame:
    """A row a model, mode and CWE (null: over all; model null: over all models): the share of exploitable answers that
    every tool was silent about, and the joint rate over everything asked, which alone may be compared (``STEALTH``)."""
    if not known.tools:
        return pl.DataFrame(schema=STEALTH)
    frame = known.frame.with_columns(cwe=pl.coalesce("about", "cwes"))
    by_flaw = frame.explode("cwe").filter(pl.col("cwe").is_not_null())
    rows: list[dict[str, object]] = []
    for source, keys in (
        (frame, ["mode", "model"]), (frame, ["mode"]), (by_flaw, ["mode", "model", "cwe"]), (by_flaw, ["mode", "cwe"]),
    ):  # fmt: skip
        for values, group in source.group_by(keys):
            rows.append({"model": None, "cwe": None, **dict(zip(keys, values, strict=True)), **_silence(group, level)})
    return pl.DataFrame(rows, schema=STEALTH).sort("mode", "cwe", "model", nulls_last=False)


def _silence(group: pl.DataFrame, level: float) -> dict[str, object]:
    is_known = pl.col("exploitable").is_not_null() & ~(pl.col("exploitable") & pl.col("unseen").is_null())
    totals = group.group_by("cluster").agg(
        exploited=(pl.col("exploitable") & pl.col("unseen").is_not_null()).sum().cast(pl.Float64),
        unseen=pl.col("unseen").sum().cast(pl.Float64),
        asked=is_known.sum().cast(pl.Float64),
    )
    unseen, exploited, asked = (totals[name].to_numpy() for name in ("unseen", "exploited", "asked"))
    share, joint = stealth_share(unseen, exploited, level=level), joint_rate(unseen, asked, level=level)
    found: dict[str, object] = {
        "tasks": group["task"].n_unique(),
        "asked": group.height,
        "exploited": int(group["exploitable"].sum()),
        "unknown": int((group["exploitable"] & group["unseen"].is_null()).sum()),
        "unseen": int(np.sum(unseen)),
        "reason": share.reason if isinstance(share, NoEstimate) else None,
    }
    for name, value in (("share", share), ("joint", joint)):
        if not isinstance(value, NoEstimate):
            found |= {name: value.value, f"{name}_low": value.low, f"{name}_high": value.high}
    return found


def languages_without_a_tool(run: Run, tools: Iterable[str]) -> dict[str, int]:
    """Languages, with their numbers of programs, that no tool of the panel could look at."""
    scanned = run.read("scans").filter(pl.col("tool").is_in(list(tools))).select("program").unique()
    left = run.read("programs").join(scanned, on="program", how="anti")
    return dict(left.group_by("language").len().sort("language").iter_rows())
