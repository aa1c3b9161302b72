"""The same three requests written in every format: what the readers must agree on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl

MODELS = ("deepseek/deepseek-r1", "anthropic/claude-sonnet-4.5", "qwen/qwen3-coder")
TOKENS = ((100, 20), (1000, 500), (50, 30))
TIMES = ("2026-06-01 03:00:00", "2026-06-02 23:59:59", "2026-06-03 12:00:00")


def litellm_spend() -> list[dict[str, Any]]:
    return [
        {"request_id": f"r{n}", "call_type": "acompletion", "api_key": "hash", "spend": 0.5,
         "total_tokens": sum(tokens),
         "prompt_tokens": tokens[0], "completion_tokens": tokens[1], "startTime": time + "+00:00", "model": model,
         "model_group": "", "custom_llm_provider": "openrouter", "user": f"u{n}", "cache_hit": "False",
         "metadata": json.dumps({"usage_object": {"cache_read_input_tokens": 10}}), "status": "success"}
        for n, (model, tokens, time) in enumerate(zip(MODELS, TOKENS, TIMES, strict=True))
    ]  # fmt: skip


def litellm_days() -> list[dict[str, Any]]:
    return [
        {"user_id": "u", "date": time[:10], "api_key": "hash", "model": model, "model_group": model,
         "custom_llm_provider": "openrouter", "endpoint": "/chat", "prompt_tokens": tokens[0],
         "completion_tokens": tokens[1], "cache_read_input_tokens": 10, "cache_creation_input_tokens": 0, "spend": 0.5,
         "api_requests": 1, "successful_requests": 1, "failed_requests": 0}
        for model, tokens, time in zip(MODELS, TOKENS, TIMES, strict=True)
    ]  # fmt: skip


def litellm_tags() -> list[dict[str, Any]]:
    return [{**row, "tag": tag} for row in litellm_days() for tag in ("User-Agent: a", "User-Agent: a/1.0")]


def generations() -> list[dict[str, Any]]:
    return [
        {"generation_id": f"g{n}", "created_at": time + ".713", "cost_total": 0.5, "byok_usage_inference": 0,
         "tokens_prompt": tokens[0], "tokens_completion": tokens[1], "tokens_reasoning": 5, "tokens_cached": 10,
         "model_permaslug": model, "provider_name": "Any", "variant": "standard", "user": f"u{n}"}
        for n, (model, tokens, time) in enumerate(zip(MODELS, TOKENS, TIMES, strict=True))
    ]  # fmt: skip


def activity() -> list[dict[str, Any]]:
    return [
        {"date": time[:10], "model": model, "model_permaslug": model, "endpoint_id": "e", "provider_name": "Any",
         "usage": 0.5, "byok_usage_inference": 0, "requests": 1, "prompt_tokens": tokens[0],
         "completion_tokens": tokens[1], "reasoning_tokens": 5}
        for model, tokens, time in zip(MODELS, TOKENS, TIMES, strict=True)
    ]  # fmt: skip


def rankings(as_of: str = "2026-06-09T08:00:00Z") -> list[dict[str, Any]]:
    return [
        {"date": time[:10], "model_permaslug": model, "total_tokens": str(sum(tokens)), "as_of": as_of}
        for model, tokens, time in zip(MODELS, TOKENS, TIMES, strict=True)
    ]


def langfuse() -> list[dict[str, Any]]:
    made = [
        {"id": f"o{n}", "trace_id": "t", "type": "GENERATION", "start_time": time + "Z", "provided_model_name": model,
         "usage_details": {"input": tokens[0] - 10, "input_cached_tokens": 10, "output": tokens[1],
                           "total": sum(tokens)},
         "cost_details": {"input": 0.4, "output": 0.1}, "total_cost": 0.5, "user_id": f"u{n}"}
        for n, (model, tokens, time) in enumerate(zip(MODELS, TOKENS, TIMES, strict=True))
    ]  # fmt: skip
    return made


def otel(older: bool = False) -> dict[str, Any]:
    from datetime import UTC, datetime

    names = ("gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens", "gen_ai.system") if older else (
        "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.provider.name")  # fmt: skip
    spans = []
    for n, (model, tokens, time) in enumerate(zip(MODELS, TOKENS, TIMES, strict=True)):
        start = int(datetime.fromisoformat(time).replace(tzinfo=UTC).timestamp()) * 10**9
        attributes = [
            {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
            {"key": "gen_ai.request.model", "value": {"stringValue": model}},
            {"key": names[0], "value": {"intValue": str(tokens[0])}},
            {"key": names[1], "value": {"intValue": str(tokens[1])}},
            {"key": names[2], "value": {"stringValue": "openrouter"}},
        ]
        spans.append({"traceId": "t", "spanId": f"s{n}", "startTimeUnixNano": str(start), "attributes": attributes})
    return {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": spans}]}]}


ROWS = {
    "litellm-spend": litellm_spend, "litellm-days": litellm_days, "litellm-tags": litellm_tags,
    "openrouter-generations": generations, "openrouter-activity": activity, "openrouter-rankings": rankings,
    "langfuse": langfuse,
}  # fmt: skip


def write(rows: list[dict[str, Any]], path: Path) -> str:
    """Write rows as the file's ending says; nested cells are JSON text in CSV and Parquet."""
    if path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    elif path.suffix == ".json":
        path.write_text(json.dumps({"data": rows}, indent=2), "utf-8")
    else:
        flat = [{k: json.dumps(v) if isinstance(v, dict) else v for k, v in row.items()} for row in rows]
        table = pl.DataFrame(flat)
        table.write_csv(path) if path.suffix == ".csv" else table.write_parquet(path)
    return str(path)
