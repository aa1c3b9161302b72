"""The columns of every table of a run, in the order of the flow: what each step writes and the next one reads.

A table is one Parquet file in the run folder. Its metadata holds the plan's hash, the step and the version, so that
a table of another plan is noticed (``tables``).
"""

from __future__ import annotations

import polars as pl

TRIALS = pl.Schema(
    {
        "trial": pl.String,  # hash of the whole request and the repeat's index
        "order": pl.UInt32,  # place in the shuffled order of asking
        "block": pl.UInt32,  # wave of whole task-blocks, for sequential plans
        "model": pl.String,  # the plan's name of the model
        "task": pl.String,  # scenario/stack/kind: the cluster
        "scenario": pl.String,
        "stack": pl.String,
        "kind": pl.String,  # write | modify
        "context": pl.String,  # group/name, or neutral
        "group": pl.String,  # neutral, placebo, us_government, …
        "paraphrase": pl.UInt16,
        "slot": pl.String,  # system | user | none
        "language": pl.String,
        "repeat": pl.UInt16,
        "system": pl.String,  # exactly what is sent
        "user": pl.String,
    }
)

ANSWERS = pl.Schema(
    {
        "trial": pl.String,
        "state": pl.String,  # answered | truncated | refused | error
        "completion": pl.String,
        "reasoning": pl.String,
        "stop_reason": pl.String,
        "served_model": pl.String,
        "input_tokens": pl.Int64,  # null: the endpoint did not say
        "cached_tokens": pl.Int64,
        "reasoning_tokens": pl.Int64,
        "output_tokens": pl.Int64,
        "wasted_input_tokens": pl.Int64,  # of failed attempts, charged all the same
        "wasted_output_tokens": pl.Int64,
        "attempts": pl.UInt16,
        "latency": pl.Float64,  # seconds, of the attempt that counted
        "dollars": pl.Float64,  # null: price unknown
        "error": pl.String,
        "asked_at": pl.Datetime("ms", "UTC"),
    }
)

PROGRAMS = pl.Schema(
    {
        "program": pl.String,  # sha256 of the text
        "language": pl.String,
        "text": pl.String,
        "lines": pl.UInt32,
    }
)

VERDICTS = pl.Schema(
    {
        "trial": pl.String,
        "verdict": pl.String,  # secure | vulnerable | broken | refused | truncated | error
        "reason": pl.String,
        "cwes": pl.List(pl.UInt32),  # proved, each by an attack that worked
        "proofs": pl.List(pl.Struct({"cwe": pl.UInt32, "attack": pl.String, "observed": pl.String})),
        "attacks": pl.String,  # JSON: attack → how it ended
        "program": pl.String,  # null: there is none
        "extraction": pl.String,  # the rule that was applied
        "oracle_version": pl.String,
        "isolation": pl.String,
        "seconds": pl.Float64,
    }
)

SCANS = pl.Schema(
    {
        "program": pl.String,
        "tool": pl.String,
        "version": pl.String,
        "state": pl.String,  # analysed | not analysable | tool missing | canary failed
        "detail": pl.String,
    }
)

FINDINGS = pl.Schema(
    {
        "program": pl.String,
        "tool": pl.String,
        "version": pl.String,
        "rule": pl.String,
        "cwe": pl.UInt32,
        "severity": pl.String,
        "confidence": pl.String,
        "line": pl.UInt32,
        "message": pl.String,
    }
)

SCHEMAS = {
    "trials": TRIALS,
    "answers": ANSWERS,
    "programs": PROGRAMS,
    "verdicts": VERDICTS,
    "scans": SCANS,
    "findings": FINDINGS,
}
"""By table name. The effects' columns are the estimators' own (``stats``) and are not fixed here."""
