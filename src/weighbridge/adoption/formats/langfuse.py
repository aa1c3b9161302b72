"""Langfuse's export of observations: one row an observation, of which the generations call a model.

``usage_details`` are parts that exclude each other (``input`` without ``input_cached_tokens``); ``total`` is their sum.
"""

from __future__ import annotations

from typing import Any

import ibis

from weighbridge.adoption.formats import Columns

NAME = "langfuse"
TITLE = "Langfuse observations"
POPULATION = "own logs (Langfuse)"
GRAIN = "request"
KNOWN_BY = ("id", "trace_id", "type", "start_time", "usage_details")
NEEDED = (("id",), ("type",), ("start_time",), ("provided_model_name", "model"), ("usage_details",))


def long(c: Columns) -> dict[str, Any]:
    usage = c.raw("usage_details")
    fresh, cached = c.inside(usage, "input"), c.inside(usage, "input_cached_tokens", "cache_read_input_tokens")
    answer = c.inside(usage, "output")
    reasoning = c.inside(usage, "reasoning_tokens", "output_reasoning_tokens")
    parts = fresh.coalesce(0) + cached.coalesce(0) + answer.coalesce(0) + reasoning.coalesce(0)
    nothing = fresh.isnull() & answer.isnull() & cached.isnull() & reasoning.isnull()
    return {
        "time": c.time("start_time"),
        "spelling": c.text("provided_model_name", "model"),
        "input": fresh.coalesce(0) + cached.coalesce(0),
        "output": answer.coalesce(0) + reasoning.coalesce(0),
        "cached": cached,
        "reasoning": reasoning,
        "tokens": c.inside(usage, "total").coalesce(ibis.ifelse(nothing, ibis.null("float64"), parts)),
        "requests": 1,
        "spend": c.number("total_cost"),
        "who": c.text("user_id"),
        "key": c.text("id"),
        "fault": ibis.ifelse(
            c.text("type").upper() != "GENERATION", "an observation that is not a generation", ibis.null("string")
        ),
    }
