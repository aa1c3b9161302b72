"""LiteLLM's totals of a day by tag, ``LiteLLM_DailyTagSpend``: a request with several tags stands in several rows.

Adding the tags up would count it several times (LiteLLM gives most requests two tags by itself, of the caller's user
agent). So of the rows that differ in nothing but the tag the largest is kept: a floor, never a double count.
"""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns, joined

NAME = "litellm-tags"
TITLE = "LiteLLM daily totals by tag"
POPULATION = "own logs (LiteLLM days by tag)"
GRAIN = "tags"
KNOWN_BY = ("tag", "date", "model", "custom_llm_provider", "prompt_tokens", "completion_tokens", "api_requests")
NEEDED = (("tag",), ("date",), ("model",), ("prompt_tokens",), ("completion_tokens",), ("api_requests",))


def long(c: Columns) -> dict[str, Any]:
    prompt, completion = c.number("prompt_tokens"), c.number("completion_tokens")
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
        "who": c.text("api_key"),
        "key": joined(
            c.text("date"), c.text("api_key"), c.text("model"), c.text("model_group"), c.text("custom_llm_provider"),
            c.text("endpoint"),
        ),
    }  # fmt: skip
