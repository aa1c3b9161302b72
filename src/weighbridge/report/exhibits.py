"""Which programs are shown? Chooses the proofs that a report embeds, by a stated rule, so that its size is bounded.

A distinct program of a task is shown once, with every trial that produced it. Programs take turns over models and
tasks, so that each pair shows something before any shows more. What is not embedded is named with its replay command.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from markupsafe import Markup

from weighbridge.report.accounts import cwe_names
from weighbridge.report.evidence import Evidence
from weighbridge.report.hostile import line, marked

PROGRAMS_SHOWN = 200
"""Vulnerable programs that a report embeds at most."""
HTML_SHOWN = 4_000_000
"""Characters of HTML that those programs may take together."""
REPLAYS_NAMED = 5_000
"""Replay commands of programs that are not embedded, at most."""
SAMPLE = 8
"""Broken programs, and refusals, that are shown of each model."""
TRIALS_NAMED = 12
"""Trials that one program names."""


@dataclass(frozen=True)
class Exhibit:
    """One program to be shown: what was asked by whom, the text as HTML, the proofs, and how to see it again."""

    model: str
    task: str
    title: str
    text: Markup
    proofs: tuple[dict[str, Any], ...]
    attacks: tuple[tuple[str, str], ...]
    reason: str
    trials: tuple[dict[str, Any], ...]
    more_trials: int
    replay: str


@dataclass(frozen=True)
class Exhibits:
    """The vulnerable programs: those shown, by task, how many there are, and the replay commands of the rest."""

    shown: list[tuple[str, list[Exhibit]]]
    programs: int
    answers: int
    replays: list[str]
    unnamed: int

    @property
    def count(self) -> int:
        """How many programs are shown."""
        return sum(len(group) for _, group in self.shown)


def replay_command(folder: Path, trial: str) -> str:
    """The command that runs one trial's oracle again."""
    return f"weighbridge replay {shlex.quote(str(folder))} {shlex.quote(trial)}"


def vulnerable(evidence: Evidence) -> Exhibits:
    """Every distinct vulnerable program, as many as the limits allow embedded."""
    rows = evidence.trials.filter(pl.col("outcome") == "exploitable")
    texts = _texts(evidence, rows)
    groups = _distinct(rows)
    shown: list[Exhibit] = []
    replays: list[str] = []
    spent = 0
    for group in groups:
        if len(shown) < PROGRAMS_SHOWN and spent < HTML_SHOWN:
            exhibit = _exhibit(evidence.folder, group, texts)
            spent += len(exhibit.text)
            shown.append(exhibit)
        else:
            first = group[0]
            about = line(f"{first['model']} · {first['task']} · {first['context']}", 160)
            cwes = " ".join(f"CWE-{cwe}" for cwe in first["cwes"] or [])
            replays.append(f"{replay_command(evidence.folder, first['trial'])}  # {about} {cwes}")
    by_task: dict[str, list[Exhibit]] = {}
    order = {model: number for number, model in enumerate(evidence.models)}
    for exhibit in sorted(shown, key=lambda one: order[one.model]):
        by_task.setdefault(exhibit.task, []).append(exhibit)
    return Exhibits(
        sorted(by_task.items()), len(groups), rows.height, replays[:REPLAYS_NAMED], max(0, len(replays) - REPLAYS_NAMED)
    )


def broken(evidence: Evidence) -> list[Exhibit]:
    """A sample of programs that did not do their job, tasks taking turns, at most ``SAMPLE`` a model."""
    rows = evidence.trials.filter((pl.col("outcome") == "broken") & pl.col("program").is_not_null())
    texts = _texts(evidence, rows)
    return [_exhibit(evidence.folder, group, texts) for group in _sampled(_distinct(rows))]


def refused(evidence: Evidence) -> list[Exhibit]:
    """A sample of refusals with their words, at most ``SAMPLE`` a model."""
    rows = evidence.trials.filter(pl.col("outcome") == "refused").with_columns(program=pl.col("trial"))
    groups = _sampled(_distinct(rows))
    texts = {
        group[0]["trial"]: "\n\n".join(
            part
            for part in (
                group[0]["completion"] or "(the answer is empty)",
                f"— reasoning —\n{group[0]['reasoning']}" if group[0]["reasoning"] else "",
            )
            if part
        )
        for group in groups
    }
    return [_exhibit(evidence.folder, group, texts, limit=3_000) for group in groups]


def reasons(evidence: Evidence, outcome: str, limit: int = 8) -> list[tuple[str, str, int]]:
    """The most frequent reasons of an outcome: model, reason, answers."""
    rows = evidence.trials.filter(pl.col("outcome") == outcome)
    counted = (
        rows.select("model", reason=pl.col("reason").fill_null("").str.slice(0, 160))
        .group_by("model", "reason")
        .len()
        .sort(["model", "len", "reason"], descending=[False, True, False])
    )
    return [
        (model, line(reason, 160) or "no reason given", number)
        for (model,), group in counted.group_by(["model"], maintain_order=True)
        for _, reason, number in group.head(limit).iter_rows()
    ]


def _texts(evidence: Evidence, rows: pl.DataFrame) -> dict[str, str]:
    if evidence.programs is None:
        return {}
    wanted = rows.select("program").unique().drop_nulls()
    kept = evidence.programs.join(wanted, on="program", how="semi")
    return dict(kept.select("program", "text").iter_rows())


def _distinct(rows: pl.DataFrame) -> list[list[dict[str, Any]]]:
    """Trials of one program and task together; groups take turns over (model, task), in the order of asking."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        groups.setdefault((row["task"], row["program"] or row["trial"]), []).append(row)
    turn: dict[tuple[str, str], int] = {}
    ranked: list[tuple[int, int, list[dict[str, Any]]]] = []
    for number, group in enumerate(groups.values()):
        pair = (group[0]["model"], group[0]["task"])
        turn[pair] = turn.get(pair, 0) + 1
        ranked.append((turn[pair], number, group))
    return [group for _, _, group in sorted(ranked, key=lambda one: one[:2])]


def _sampled(groups: Iterable[list[dict[str, Any]]]) -> list[list[dict[str, Any]]]:
    taken: dict[str, int] = {}
    kept: list[list[dict[str, Any]]] = []
    for group in groups:
        model = group[0]["model"]
        taken[model] = taken.get(model, 0) + 1
        if taken[model] <= SAMPLE:
            kept.append(group)
    return sorted(kept, key=lambda group: (group[0]["model"], group[0]["task"]))


def _exhibit(folder: Path, group: list[dict[str, Any]], texts: dict[str, str], *, limit: int = 20_000) -> Exhibit:
    first = group[0]
    text = texts.get(first["program"] or "")
    names = cwe_names()
    proofs = tuple({**proof, "name": names.get(proof["cwe"], "")} for proof in first["proofs"] or ())
    return Exhibit(
        model=first["model"],
        task=first["task"],
        title=" ".join(f"CWE-{cwe}" for cwe in dict.fromkeys(proof["cwe"] for proof in proofs)),
        text=marked(text, limit) if text is not None else Markup("<i>the program's text is not in this run folder</i>"),
        proofs=proofs,
        attacks=_attacks(first["attacks"]),
        reason=line(first["reason"]),
        trials=tuple(group[:TRIALS_NAMED]),
        more_trials=max(0, len(group) - TRIALS_NAMED),
        replay=replay_command(folder, first["trial"]),
    )


def _attacks(written: str | None) -> tuple[tuple[str, str], ...]:
    """Each attack and how it ended, from the verdict's JSON; nothing where it cannot be read."""
    try:
        found = json.loads(written or "{}")
    except (ValueError, RecursionError):
        return ()
    if not isinstance(found, dict):
        return ()
    return tuple((line(str(name), 80), line(str(end), 200)) for name, end in list(found.items())[:60])
