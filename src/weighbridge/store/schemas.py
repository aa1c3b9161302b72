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

COLLECTED = pl.Schema(
    {
        "answer": pl.String,  # hash of source, row and content
        "row": pl.UInt32,  # in the source, from 0
        "model": pl.String,
        "task": pl.String,
        "cluster": pl.String,  # tasks that share a flaw or an oracle; the task where the source names none
        "language": pl.String,  # python | javascript | typescript | go | c | cpp | …
        "mode": pl.String,  # how it was asked: gen, genhints, fix, fixhints, …; "" where the source has one only
        "repeat": pl.UInt32,
        "state": pl.String,  # program | empty | no program | not text | too large
        "program": pl.String,  # null: there is none
        "extraction": pl.String,  # the rule that was applied
        "cwes": pl.List(pl.UInt32),  # that the task is about; null: the source does not say
        "source": pl.String,  # whose verdict it is: shown wherever the verdict is
        "functional": pl.Boolean,  # null: the source does not say
        "secure": pl.Boolean,
        "verdict": pl.String,  # secure | vulnerable | broken | refused; null: the source has none
    }
)
"""Answers that others collected, with their verdicts, which are never mixed with ours."""

MEASURES = pl.Schema(
    {
        "program": pl.String,
        "state": pl.String,  # measured | not measurable
        "lines": pl.UInt32,
        "code_lines": pl.UInt32,
        "comment_lines": pl.UInt32,
        "functions": pl.UInt32,
        "complexity": pl.UInt32,  # cyclomatic, summed over functions
        "complexity_most": pl.UInt32,  # of the most complex function
    }
)

REVIEWS = pl.Schema(
    {
        "program": pl.String,
        "reviewer": pl.String,  # the model's name, as configured
        "state": pl.String,  # reviewed | unreadable | refused | truncated | error
        "vulnerable": pl.Boolean,  # null unless reviewed
        "cwes": pl.List(pl.UInt32),
        "detail": pl.String,
        "input_tokens": pl.Int64,
        "output_tokens": pl.Int64,
        "dollars": pl.Float64,  # null: price unknown
    }
)

SCHEMAS = {
    "trials": TRIALS,
    "answers": ANSWERS,
    "programs": PROGRAMS,
    "verdicts": VERDICTS,
    "scans": SCANS,
    "findings": FINDINGS,
    "collected": COLLECTED,
    "measures": MEASURES,
    "reviews": REVIEWS,
}
"""By table name. The effects' columns are the estimators' own (``stats``) and are not fixed here."""
