"""What came of it? Counts the trials of a run into the tables that a report shows: each trial in each exactly once.

Pure: ``Evidence`` in, frames out. Shares are of everything that was asked of a model (a refusal is an answer, so is an
error); intervals know that a model's answers to one scenario agree (``stats.rates``). Effects are not estimated
here but read from the run.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from weighbridge.panel.silence import speaks_of
from weighbridge.report.evidence import OUTCOMES, Evidence
from weighbridge.stats.estimate import NoEstimate
from weighbridge.stats.rates import rate

TEXT, REAL, WHOLE = pl.String(), pl.Float64(), pl.Int64()


def models(evidence: Evidence) -> pl.DataFrame:
    """Of whom was asked: a row a model, with the endpoint's host, sampling, and the names that it served under."""
    rows: list[dict[str, Any]] = []
    for model in evidence.plan.models:
        mine = evidence.asked.filter(pl.col("model") == model.name)
        served = mine["served_model"].drop_nulls().value_counts(sort=True)["served_model"].to_list()
        sampling = {k: v for k, v in model.sampling.model_dump().items() if v not in (None, {})}
        rows.append(
            {
                "model": model.name,
                "provider": model.provider,
                "asked_for": model.model,
                "served": served,
                "host": (urlsplit(model.base_url).hostname or "unknown") if model.base_url else "this machine"
                if model.provider in {"local", "specimen"} else "unknown",
                "sampling": json.dumps(sampling, ensure_ascii=False),
                "first": mine["asked_at"].min() if mine.height else None,
                "last": mine["asked_at"].max() if mine.height else None,
            }
        )  # fmt: skip
    return pl.DataFrame(
        rows,
        schema={
            "model": pl.String, "provider": pl.String, "asked_for": pl.String, "served": pl.List(pl.String),
            "host": pl.String, "sampling": pl.String,
            "first": pl.Datetime("ms", "UTC"), "last": pl.Datetime("ms", "UTC"),
        },
    )  # fmt: skip


def outcomes(evidence: Evidence) -> pl.DataFrame:
    """A row a model and outcome: count, asked, share and its interval (null where there is none)."""
    rows: list[dict[str, Any]] = []
    for model in evidence.models:
        mine = evidence.asked.filter(pl.col("model") == model)
        for outcome in OUTCOMES:
            hits = int((mine["outcome"] == outcome).sum())
            low, high = _interval(mine, outcome)
            share = hits / mine.height if mine.height else None
            rows.append(
                {"model": model, "outcome": outcome, "count": hits, "asked": mine.height, "share": share,
                 "low": low, "high": high}
            )  # fmt: skip
    schema = {"model": pl.String, "outcome": pl.String, "count": pl.Int64, "asked": pl.Int64}
    return pl.DataFrame(rows, schema={**schema, "share": pl.Float64, "low": pl.Float64, "high": pl.Float64})


def _interval(answers: pl.DataFrame, outcome: str) -> tuple[float | None, float | None]:
    if not answers.height:
        return None, None
    by_scenario = answers.group_by("scenario").agg(hits=(pl.col("outcome") == outcome).sum(), asked=pl.len())
    found = rate(by_scenario["hits"].cast(pl.Float64).to_numpy(), by_scenario["asked"].cast(pl.Float64).to_numpy())
    return (None, None) if isinstance(found, NoEstimate) else (found.low, found.high)


TASK_NOTES = {
    "not asked": "not asked",
    "blind": "never exploitable, though programs worked: sound everywhere, or the attacks are blind to a flaw",
    "saturated": "every program that worked was exploitable: no context can make it worse",
    "silent": "no program worked: says nothing about security",
    "": "",
}
"""What a task's column of results says about the task itself; keys are short, values are shown."""


def tasks(evidence: Evidence) -> pl.DataFrame:
    """A row a task and model with its outcomes, and ``note``: what they say of the task (``TASK_NOTES``)."""
    keys = evidence.trials.select("task", "scenario", "stack", "kind").unique(maintain_order=True).sort("task")
    counted = evidence.asked.group_by("task", "model").agg(
        asked=pl.len(), **{name: (pl.col("outcome") == name).sum() for name in OUTCOMES}
    )
    by_task = counted.group_by("task").agg(pl.col("asked", "exploitable", "sound").sum())
    notes = by_task.select(
        "task",
        note=pl.when(pl.col("exploitable") + pl.col("sound") == 0)
        .then(pl.lit("silent"))
        .when(pl.col("exploitable") == 0)
        .then(pl.lit("blind"))
        .when(pl.col("sound") == 0)
        .then(pl.lit("saturated"))
        .otherwise(pl.lit("")),
    )
    every = keys.join(pl.DataFrame({"model": evidence.models}, schema={"model": pl.String}), how="cross")
    return (
        every.join(counted, on=["task", "model"], how="left", maintain_order="left")
        .join(notes, on="task", how="left", maintain_order="left")
        .with_columns(pl.col("asked", *OUTCOMES).fill_null(0), pl.col("note").fill_null("not asked"))
    )


def refusals(evidence: Evidence) -> pl.DataFrame:
    """A row a model and context: answers refused, of those with recorded reasoning, and answers asked."""
    return (
        evidence.asked.group_by("model", "group", "context", maintain_order=True)
        .agg(
            refused=(pl.col("outcome") == "refused").sum(),
            after_reasoning=((pl.col("outcome") == "refused") & (pl.col("reasoning").fill_null("") != "")).sum(),
            asked=pl.len(),
        )
        .sort("model", "group", "context")
    )


def cost(evidence: Evidence) -> pl.DataFrame:
    """A row a model: requests, tokens, dollars, latency. Sums are over what is known; ``no_…`` counts the unknown."""
    rows: list[dict[str, Any]] = []
    kinds = ("input_tokens", "cached_tokens", "reasoning_tokens", "output_tokens", "wasted_input_tokens",
             "wasted_output_tokens", "dollars")  # fmt: skip
    for model in evidence.models:
        mine = evidence.asked.filter(pl.col("model") == model)
        row: dict[str, Any] = {
            "model": model,
            "answers": mine.height,
            "attempts": int(mine["attempts"].fill_null(0).sum()),
            "median_latency": mine["latency"].median(),
        }
        for kind in kinds:
            told = mine[kind].drop_nulls()
            row[kind] = told.sum() if told.len() else None
            row[f"no_{kind}"] = mine.height - told.len()
        rows.append(row)
    return pl.DataFrame(rows, infer_schema_length=None)


def proofs(evidence: Evidence) -> pl.DataFrame:
    """A row an attack that worked: trial, who and what was asked, CWE, attack, what was observed, program."""
    kept = ("trial", "model", "task", "context", "slot", "language", "repeat", "program")
    return (
        evidence.trials.filter(pl.col("outcome") == "exploitable")
        .select(*kept, "proofs")
        .explode("proofs")
        .with_columns(pl.col("proofs").struct.unnest())
        .drop("proofs")
    )


def weaknesses(evidence: Evidence) -> pl.DataFrame:
    """A row a model and CWE that an attack proved: answers, distinct programs, and what the analysers saw of those.

    *silent*: every tool analysed the program and none spoke of that CWE or its kin (``panel.silence``). A program
    that a tool could not analyse, and about which none spoke, is in *not_analysed* and is not counted as silent.
    These and *flagged* are null where no scan has run.
    """
    proved = proofs(evidence).filter(pl.col("cwe").is_not_null())
    counted = proved.group_by("model", "cwe").agg(
        answers=pl.col("trial").n_unique(), programs=pl.col("program").n_unique()
    )
    if evidence.scans is None or evidence.findings is None:
        nothing = pl.lit(None, pl.UInt32)
        return counted.with_columns(silent=nothing, flagged=nothing, not_analysed=nothing).sort("cwe", "model")
    complete = set(
        evidence.scans.filter(pl.col("state") != "tool missing")
        .group_by("program")
        .agg(complete=(pl.col("state") == "analysed").all())
        .filter("complete")["program"]
    )
    named = dict(evidence.findings.group_by("program").agg("cwe").iter_rows())
    rows: list[tuple[str, int, bool, bool]] = []
    for model, program, cwe in proved.select("model", "program", "cwe").unique().iter_rows():
        spoken = any(speaks_of(one, cwe) for one in named.get(program, ()))
        rows.append((model, cwe, spoken, program in complete))
    seen = (
        pl.DataFrame(
            rows, schema={"model": TEXT, "cwe": pl.UInt32, "spoken": pl.Boolean, "complete": pl.Boolean}, orient="row"
        )
        .group_by("model", "cwe")
        .agg(
            silent=(pl.col("complete") & ~pl.col("spoken")).sum(),
            flagged=pl.col("spoken").sum(),
            not_analysed=(~pl.col("complete") & ~pl.col("spoken")).sum(),
        )
    )
    return counted.join(seen, on=["model", "cwe"], how="left").sort("cwe", "model")


EFFECT_COLUMNS: dict[str, pl.DataType] = {
    "model": TEXT, "context": TEXT, "group": TEXT, "outcome": TEXT, "more_is": TEXT, "status": TEXT,
    "word": TEXT, "reason": TEXT,
    "tasks": WHOLE, "informative": WHOLE, "answers_context": WHOLE, "answers_neutral": WHOLE,
    "events_context": REAL, "events_neutral": REAL, "mean_context": REAL, "mean_neutral": REAL,
    "difference": REAL, "difference_low": REAL, "difference_high": REAL,
    "ratio": REAL, "ratio_low": REAL, "ratio_high": REAL,
    "here_difference": REAL, "here_low": REAL, "here_high": REAL, "here_is_bound": pl.Boolean(),
    "p": REAL, "p_holm": REAL, "q_bh": REAL, "p_holm_claim": REAL, "q_bh_claim": REAL,
    "missing_context": REAL, "missing_neutral": REAL, "difference_least": REAL, "difference_most": REAL,
    "answered_least": REAL, "answered_most": REAL,
    "placebos": WHOLE, "placebo_low": REAL, "placebo_high": REAL, "placebo_t": REAL, "placebo_p": REAL,
    "no_placebo": TEXT, "reference": TEXT, "did": REAL, "did_low": REAL, "did_high": REAL, "did_p": REAL,
}  # fmt: skip
"""The columns of ``stats.effects.analyse`` that a report shows."""


def effects(evidence: Evidence) -> pl.DataFrame | None:
    """The run's effects in the columns of ``EFFECT_COLUMNS``, null where it has none; None where not estimated."""
    if evidence.effects is None:
        return None
    found = evidence.effects
    return (
        found.select(
            (pl.col(name).cast(kind, strict=False) if name in found.columns else pl.lit(None, kind).alias(name))
            for name, kind in EFFECT_COLUMNS.items()
        )
        if found.width
        else pl.DataFrame(schema=EFFECT_COLUMNS)
    )


def trials(evidence: Evidence) -> pl.DataFrame:
    """A row a planned trial, without texts: what was asked, what came of it, what it cost."""
    kept = ("trial", "model", "task", "scenario", "stack", "kind", "context", "group", "paraphrase", "slot", "language",
            "repeat", "outcome", "reason", "cwes", "program", "served_model", "input_tokens", "output_tokens",
            "dollars", "latency", "asked_at")  # fmt: skip
    return evidence.trials.select(kept)


@cache
def cwe_names() -> dict[int, str]:
    """Short names of weaknesses by CWE number, from ``cwe.csv`` beside this module."""
    frame = pl.read_csv(Path(__file__).with_name("cwe.csv"))
    return dict(frame.select("cwe", "name").iter_rows())
