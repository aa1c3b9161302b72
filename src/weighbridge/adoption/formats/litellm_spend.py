"""LiteLLM's table of requests, ``LiteLLM_SpendLogs``, from Postgres or as its export: one row a request.

Tokens of the prompt hold the cached ones. A spend of 0 is right where the proxy answered from its cache.
"""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns

NAME = "litellm-spend"
TITLE = "LiteLLM spend logs"
POPULATION = "own logs (LiteLLM requests)"
GRAIN = "request"
KNOWN_BY = ("request_id", "call_type", "spend", "startTime", "model")
NEEDED = (("startTime",), ("model",), ("total_tokens", "prompt_tokens"), ("request_id",))


def long(c: Columns) -> dict[str, Any]:
    metadata = c.raw("metadata")
    prompt, completion = c.number("prompt_tokens"), c.number("completion_tokens")
    return {
        "time": c.time("startTime"),
        "spelling": c.text("model", "model_group"),
        "host": c.text("custom_llm_provider"),
        "input": prompt,
        "output": completion,
        "cached": c.inside(metadata, "cache_read_input_tokens", "cached_tokens"),
        "reasoning": c.inside(metadata, "reasoning_tokens"),
        "tokens": c.number("total_tokens").coalesce(prompt + completion),
        "requests": 1,
        "spend": c.number("spend"),
        "free": (c.text("cache_hit").lower() == "true").fill_null(False),
        "who": c.text("end_user", "user", "api_key"),
        "key": c.text("request_id"),
    }
