"""The audit's report as one HTML file: the sections in the order in which a reader needs them.

Each section is a function from the evidence to a ``page.Section``; the frames come from ``accounts``, the words from
``words`` and ``headline``, the programs from ``exhibits``. The verdict comes first, how to repeat it last.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from weighbridge.report import accounts, exhibits, figures, words
from weighbridge.report.evidence import OUTCOMES, Evidence, read, unfinished
from weighbridge.report.headline import headlines, summary
from weighbridge.report.hostile import line
from weighbridge.report.limits import limits
from weighbridge.report.page import Section, render_page, section
from weighbridge.store.tables import write_beside


def write(run_folder: Path, out: Path | None = None) -> Path:
    """Write the report of a run folder as one self-contained HTML file.

    Args:
        out: where to; ``RUN/report.html`` by default.

    Returns:
        The file's path.

    Raises:
        StepMissing: it is no run folder.
        RunMismatch, TableCorrupt: a table is of another plan or damaged.
    """
    path = out or run_folder / "report.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_beside(path, render(run_folder).encode("utf-8", "backslashreplace"))
    return path


def render(run_folder: Path) -> str:
    """The report of a run folder as HTML; raises as ``write``."""
    evidence = read(run_folder)
    proved = exhibits.vulnerable(evidence)
    sections = [
        _verdict(evidence),
        _outcomes(evidence),
        _effects(evidence),
        *([_stops(evidence)] if evidence.stops is not None else []),
        _tasks(evidence, proved),
        _refusals(evidence),
        _weaknesses(evidence),
        _proofs(proved),
        _asked(evidence),
        _certificate(evidence),
        _limits(evidence),
        _reproduce(evidence),
    ]
    return render_page(
        f"Audit “{line(evidence.plan.name, 120)}”",
        sections,
        lead=" ".join(summary(evidence)),
        kind="Weighbridge audit report",
    )


def _verdict(evidence: Evidence) -> Section:
    return section(
        "audit/verdict.html", "Verdict", headlines=headlines(evidence), unfinished=unfinished(evidence),
        folder=shlex.quote(str(evidence.folder)), strays=evidence.strays, plan=evidence.plan,
    )  # fmt: skip


def _asked(evidence: Evidence) -> Section:
    trials = evidence.trials
    contexts = trials.group_by("group", "context", maintain_order=True).agg(
        trials=pl.len(), asked=(pl.col("outcome") != "not asked").sum()
    )
    asked_at = evidence.asked["asked_at"]
    return section(
        "audit/asked.html", "What was asked, and of whom", "Asked",
        plan=evidence.plan, plan_hash=evidence.run.plan_hash, models=accounts.models(evidence).to_dicts(),
        cost=accounts.cost(evidence).to_dicts(), contexts=contexts.sort("group", "context").to_dicts(),
        steps=_steps(evidence), tasks=trials["task"].n_unique(), trials=trials.height, asked=evidence.asked.height,
        when=words.span(asked_at.min(), asked_at.max()),  # type: ignore[arg-type]
        isolation=_distinct(evidence, "isolation"), oracles=_distinct(evidence, "oracle_version"),
        languages=sorted(trials["language"].unique()), slots=sorted(trials["slot"].unique()),
        stacks=sorted(trials["stack"].unique()), kinds=sorted(trials["kind"].unique()), tools=_tools(evidence),
    )  # fmt: skip


def _distinct(evidence: Evidence, column: str) -> list[str]:
    return sorted(value for value in evidence.trials[column].drop_nulls().unique() if value)


def _tools(evidence: Evidence) -> list[tuple[str, str, dict[str, int]]]:
    """Each analyser, its version, and for how many programs it ended how."""
    if evidence.scans is None:
        return []
    counted = evidence.scans.group_by("tool", "version", "state").len().sort("tool", "version", "state")
    found: dict[tuple[str, str], dict[str, int]] = {}
    for tool, version, state, number in counted.iter_rows():
        found.setdefault((tool, version), {})[state] = number
    return [(tool, version, states) for (tool, version), states in found.items()]


def _steps(evidence: Evidence) -> list[dict[str, Any]]:
    """What each step wrote about itself: the table, when, by which version, and its own facts."""
    common = {"plan_hash", "table", "version", "written", "step"}
    return [
        {
            "table": table,
            "written": facts.get("written", ""),
            "version": facts.get("version", ""),
            "more": [(str(key), _fact(value)) for key, value in facts.items() if key not in common],
        }
        for table, facts in evidence.facts.items()
    ]


def _fact(value: Any) -> str:
    if isinstance(value, list):
        return line(", ".join(str(part) for part in value), 400) or "none"
    if isinstance(value, dict):
        return line(", ".join(f"{key} {inner}" for key, inner in value.items()), 400) or "none"
    return "unknown" if value is None else line(str(value), 400)


def _outcomes(evidence: Evidence) -> Section:
    frame = accounts.outcomes(evidence)
    used = [name for name in OUTCOMES if name != "not judged" or frame.filter(pl.col("outcome") == name)["count"].sum()]
    frame = frame.filter(pl.col("outcome").is_in(used))
    rows = [
        {"model": model, "asked": group["asked"][0], "cells": group.to_dicts()}
        for (model,), group in frame.group_by(["model"], maintain_order=True)
    ]
    shown = frame.filter(pl.col("asked") > 0)
    chart = Markup("")
    if shown.height:
        said = "; ".join(
            f"{row['model']} "
            + ", ".join(f"{words.percent(c['share'])} {c['outcome']}" for c in row["cells"] if c["count"])
            for row in rows
        )
        chart = figures.figure(figures.outcomes(shown), f"Outcomes of each model, share of everything asked. {said}.")
    return section("audit/outcomes.html", "Outcomes of each model", "Outcomes", rows=rows, names=used, chart=chart)


def _effects(evidence: Evidence) -> Section:
    frame = accounts.effects(evidence)
    primary, margin = evidence.plan.analysis.primary, evidence.plan.analysis.margin
    models: list[dict[str, Any]] = []
    if frame is not None and frame.height:
        for model in evidence.models:
            mine = _ordered(frame.filter(pl.col("model") == model))
            first = mine.filter(pl.col("outcome") == primary)
            tables = [
                (outcome, group.to_dicts())
                for outcome in [primary, *(o for o in mine["outcome"].unique(maintain_order=True) if o != primary)]
                if (group := mine.filter(pl.col("outcome") == outcome)).height
            ]
            models.append({"model": model, "chart": _forest(model, first, primary, margin), "tables": tables})
    return section(
        "audit/effects.html", "Does it change with who is asking?", "Effects",
        models=models, estimated=frame is not None, plan=evidence.plan, reference=evidence.plan.analysis.reference,
    )  # fmt: skip


def _stops(evidence: Evidence) -> Section:
    assert evidence.stops is not None
    saved = int(evidence.stops["trials_saved"].sum())
    return section(
        "audit/stops.html", "When asking stopped", "Stopping", rows=evidence.stops.to_dicts(), saved=saved,
        planned=evidence.trials.height, interest=evidence.plan.analysis.ratio_of_interest,
    )  # fmt: skip


def _ordered(effects: pl.DataFrame) -> pl.DataFrame:
    rank = pl.col("status").replace_strict({"planned": 0, "exploratory": 1, "placebo": 2}, default=1)
    return effects.sort(rank, "group", "context")


def _forest(model: str, effects: pl.DataFrame, outcome: str, margin: float) -> Markup:
    shown = effects.filter((pl.col("status") != "placebo") & pl.col("difference").is_not_null())
    if not shown.height:
        return Markup("")
    said = "; ".join(
        f"{words.context(row['context'])} {words.points(row['difference'])} points "
        f"({words.points_interval(row['difference_low'], row['difference_high'])}): {row['word']}"
        for row in shown.iter_rows(named=True)
    )
    return figures.figure(
        figures.forest(effects, margin),
        f"{model}: difference in the share of {words.outcome(outcome)} answers against the neutral user. {said}.",
    )


def _tasks(evidence: Evidence, proved: exhibits.Exhibits) -> Section:
    frame = accounts.tasks(evidence)
    rows: list[dict[str, Any]] = []
    shown = {task for task, _ in proved.shown}
    for (task,), group in frame.group_by(["task"], maintain_order=True):
        cells = {row["model"]: _task_cell(row) for row in group.to_dicts()}
        in_order = [cells[model] for model in evidence.models]
        rows.append({"task": task, "proved": task in shown, "note": group["note"][0], "cells": in_order})
    tally = {note: sum(row["note"] == note for row in rows) for note in accounts.TASK_NOTES}
    return section(
        "audit/tasks.html", "Task by task", "Tasks",
        rows=rows, models=evidence.models, notes=accounts.TASK_NOTES, tally=tally,
    )  # fmt: skip


def _task_cell(row: dict[str, Any]) -> dict[str, Any]:
    share = row["exploitable"] / row["asked"] if row["asked"] else None
    return {**row, "share": share, "tint": 0 if not share else min(5, 1 + int(share * 5))}


def _refusals(evidence: Evidence) -> Section:
    frame = accounts.refusals(evidence)
    counts = ("refused", "asked", "after_reasoning")
    groups = sorted(frame["group"].unique(), key=lambda group: (group != "neutral", group != "placebo", group))
    by_group = {
        (row["model"], row["group"]): row
        for row in frame.group_by("model", "group").agg(pl.col(counts).sum()).to_dicts()
    }
    totals = {row["model"]: row for row in frame.group_by("model").agg(pl.col(counts).sum()).to_dicts()}
    rows = [
        {**totals[model], "cells": [by_group.get((model, group)) for group in groups]}
        for model in evidence.models
        if model in totals
    ]
    return section(
        "audit/refusals.html", "Refusals and failures", "Refusals",
        rows=rows, groups=groups, samples=exhibits.refused(evidence), broken=exhibits.broken(evidence),
        why_broken=exhibits.reasons(evidence, "broken"), why_error=exhibits.reasons(evidence, "error"),
        why_truncated=exhibits.reasons(evidence, "truncated"), sample=exhibits.SAMPLE,
    )  # fmt: skip


def _weaknesses(evidence: Evidence) -> Section:
    found = {(row["cwe"], row["model"]): row for row in accounts.weaknesses(evidence).to_dicts()}
    names = accounts.cwe_names()
    rows = [
        {"cwe": cwe, "name": names.get(cwe, ""), "cells": [found.get((cwe, model)) for model in evidence.models]}
        for cwe in sorted({cwe for cwe, _ in found})
    ]
    return section(
        "audit/weaknesses.html", "Weaknesses proved, and what scanners saw", "Weaknesses",
        rows=rows, models=evidence.models, tools=_tools(evidence), scanned=evidence.scans is not None,
    )  # fmt: skip


def _proofs(proved: exhibits.Exhibits) -> Section:
    return section(
        "audit/proofs.html",
        "The proofs",
        "Proofs",
        exhibits=proved,
        limit=exhibits.PROGRAMS_SHOWN,
    )


def _certificate(evidence: Evidence) -> Section:
    held = evidence.certificate
    known = held is not None and {"readings", "chain", "limits", "coverage"} <= held.keys()
    rows = _flat(held) if held and not known else []
    return section(
        "audit/certificate.html", "The instrument’s certificate", "Certificate", one=held if known else None,
        rows=rows[:200], more=max(0, len(rows) - 200), present=held is not None,
    )  # fmt: skip


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """JSON as rows of a dotted name and a value."""
    if isinstance(value, dict):
        return [row for key, inner in value.items() for row in _flat(inner, f"{name} · {key}" if name else str(key))]
    if isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        return [row for number, inner in enumerate(value, 1) for row in _flat(inner, f"{name} {number}")]
    if isinstance(value, list):
        return [(name, line(", ".join(str(inner) for inner in value), 400))]
    return [(name, "unknown" if value is None else line(str(value), 400))]


def _limits(evidence: Evidence) -> Section:
    return section("audit/limits.html", "What this does not say", "Limits", sentences=limits(evidence))


def _reproduce(evidence: Evidence) -> Section:
    first = evidence.trials.filter(pl.col("outcome") == "exploitable")["trial"].head(1).to_list()
    return section(
        "audit/reproduce.html", "How to repeat it", "Repeat",
        folder=shlex.quote(str(evidence.folder)), plan_hash=evidence.run.plan_hash,
        replay=exhibits.replay_command(evidence.folder, first[0]) if first else "",
    )  # fmt: skip
