"""LiteLLM's totals of a day by user, ``LiteLLM_DailyUserSpend`` (and the same table by team or end user)."""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns, joined

NAME = "litellm-days"
TITLE = "LiteLLM daily totals by user"
POPULATION = "own logs (LiteLLM days)"
GRAIN = "day"
KNOWN_BY = ("date", "model", "custom_llm_provider", "prompt_tokens", "completion_tokens", "api_requests")
NEEDED = (("date",), ("model",), ("prompt_tokens",), ("completion_tokens",), ("api_requests",))


def long(c: Columns) -> dict[str, Any]:
    prompt, completion = c.number("prompt_tokens"), c.number("completion_tokens")
    who = c.text("user_id", "end_user_id", "team_id", "api_key")
    return {
        "time": c.time("date"),
        "spelling": c.text("model", "model_group"),
        "host": c.text("custom_llm_provider"),
        "input": prompt,
        "output": completion,
        "cached": c.number("cache_read_input_tokens"),
        "tokens": prompt.coalesce(0) + completion.coalesce(0),
        "requests": c.number("api_requests"),
        "spend": c.number("spend"),
        "who": who,
        "key": joined(
            c.text("date"), who, c.text("api_key"), c.text("model"), c.text("model_group"),
            c.text("custom_llm_provider"), c.text("mcp_namespaced_tool_name"), c.text("endpoint"),
        ),
        "as_of": c.moment("updated_at"),
    }  # fmt: skip
