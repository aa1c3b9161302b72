"""Spans of the OpenTelemetry GenAI conventions, as OTLP JSON; the older names of attributes are read too.

Only spans that call a model count. A span of an agent carries the sum of its calls, which would be counted twice; one
of a tool has none. There is no attribute of cost: spend is unknown. Input tokens hold the cached ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import ibis

from weighbridge.adoption.formats import Columns, joined

NAME = "otel"
TITLE = "OpenTelemetry GenAI spans"
POPULATION = "own logs (OpenTelemetry)"
GRAIN = "request"
KNOWN_BY = ("trace_id", "span_id", "otlp.start", "otlp.genai")
NEEDED = (("otlp.start",), ("otlp.genai",))
CALLS = ("chat", "text_completion", "generate_content", "embeddings", "completion", "")


def long(c: Columns) -> dict[str, Any]:
    given, made = (
        c.number("gen_ai.usage.input_tokens").coalesce(c.number("gen_ai.usage.prompt_tokens")),
        c.number("gen_ai.usage.output_tokens").coalesce(c.number("gen_ai.usage.completion_tokens")),
    )
    operation = c.text("gen_ai.operation.name").lower().fill_null("")
    nothing = given.isnull() & made.isnull()
    fault = ibis.cases(
        (c.text("otlp.genai") != "yes", "not a GenAI span"),
        (~operation.isin(CALLS), "a GenAI span that is not a call of a model (agent, tool …)"),
        else_=ibis.null("string"),
    )
    return {
        "time": c.time("otlp.start"),
        "spelling": c.text("gen_ai.response.model", "gen_ai.request.model"),
        "host": c.text("gen_ai.provider.name", "gen_ai.system"),
        "input": given,
        "output": made,
        "cached": c.number("gen_ai.usage.cache_read.input_tokens"),
        "reasoning": c.number("gen_ai.usage.reasoning.output_tokens"),
        "tokens": ibis.ifelse(nothing, ibis.null("float64"), given.coalesce(0) + made.coalesce(0)),
        "requests": 1,
        "who": c.text("enduser.id", "user.id"),
        "key": ibis.ifelse(
            c.text("span_id").isnull(), ibis.null("string"), joined(c.text("trace_id"), c.text("span_id"))
        ),
        "fault": fault,
    }  # fmt: skip


def is_one(document: Any) -> bool:
    """Whether a JSON document is an export request of OTLP."""
    return isinstance(document, dict) and ("resourceSpans" in document or "resource_spans" in document)


def rows(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each span as one flat row: ids, start, and its attributes by name."""
    for resource in _list(document, "resourceSpans", "resource_spans"):
        for scope in _list(resource, "scopeSpans", "scope_spans", "instrumentationLibrarySpans"):
            for span in _list(scope, "spans"):
                attributes = {
                    str(pair.get("key")): _plain(pair.get("value"))
                    for pair in _list(span, "attributes") if isinstance(pair, dict)
                }  # fmt: skip
                kept = {name: value for name, value in attributes.items()
                        if name.startswith("gen_ai.") or name in {"enduser.id", "user.id"}}  # fmt: skip
                genai = any(name.startswith("gen_ai.") for name in kept)
                yield {
                    "trace_id": span.get("traceId", span.get("trace_id")),
                    "span_id": span.get("spanId", span.get("span_id")),
                    "otlp.start": _start(span.get("startTimeUnixNano", span.get("start_time_unix_nano"))),
                    "otlp.genai": "yes" if genai else "no",
                    **kept,
                }


def _list(place: Any, *names: str) -> list[Any]:
    found = next((place[name] for name in names if isinstance(place, dict) and name in place), [])
    return found if isinstance(found, list) else []


def _plain(value: Any) -> Any:
    """OTLP wraps a value with its type: {"intValue": "12"}."""
    return next(iter(value.values()), None) if isinstance(value, dict) else value


def _start(nanoseconds: Any) -> str | None:
    try:
        return datetime.fromtimestamp(int(nanoseconds) / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    except (TypeError, ValueError, OverflowError, OSError):
        return None if nanoseconds is None else str(nanoseconds)
