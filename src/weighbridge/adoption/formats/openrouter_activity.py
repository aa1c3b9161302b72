"""OpenRouter's ``/activity``: one row a day, model and endpoint of one's own account. Days are UTC."""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns, joined

NAME = "openrouter-activity"
TITLE = "OpenRouter activity"
POPULATION = "own logs (OpenRouter days)"
GRAIN = "day"
KNOWN_BY = ("date", "model_permaslug", "usage", "requests", "prompt_tokens", "completion_tokens")
NEEDED = (("date",), ("model_permaslug", "model"), ("requests",), ("prompt_tokens",), ("completion_tokens",))


def long(c: Columns) -> dict[str, Any]:
    prompt, completion = c.number("prompt_tokens"), c.number("completion_tokens")
    charged, own = c.number("usage"), c.number("byok_usage_inference")
    return {
        "time": c.time("date"),
        "spelling": c.text("model_permaslug", "model"),
        "host": c.text("provider_name"),
        "input": prompt,
        "output": completion,
        "reasoning": c.number("reasoning_tokens"),
        "tokens": prompt.coalesce(0) + completion.coalesce(0),
        "requests": c.number("requests"),
        "spend": charged + own.coalesce(0),
        "free": c.text("model").endswith(":free").fill_null(False),
        "key": joined(
            c.text("date"), c.text("model_permaslug"), c.text("model"), c.text("endpoint_id"), c.text("provider_name")
        ),
    }
