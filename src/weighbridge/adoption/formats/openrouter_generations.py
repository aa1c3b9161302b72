"""OpenRouter's export of generations: one row a request of one's own account.

Times have no zone and are UTC. Spend is what OpenRouter charged plus what one's own key paid elsewhere. A variant
``free`` costs nothing, so its 0 is right.
"""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns

NAME = "openrouter-generations"
TITLE = "OpenRouter generation export"
POPULATION = "own logs (OpenRouter requests)"
GRAIN = "request"
KNOWN_BY = ("generation_id", "created_at", "model_permaslug", "tokens_prompt", "tokens_completion")
NEEDED = (("generation_id",), ("created_at",), ("model_permaslug",), ("tokens_prompt",), ("tokens_completion",))


def long(c: Columns) -> dict[str, Any]:
    prompt, completion = c.number("tokens_prompt"), c.number("tokens_completion")
    charged, own = c.number("cost_total"), c.number("byok_usage_inference")
    return {
        "time": c.time("created_at"),
        "spelling": c.text("model_permaslug"),
        "host": c.text("provider_name"),
        "input": prompt,
        "output": completion,
        "cached": c.number("tokens_cached"),
        "reasoning": c.number("tokens_reasoning"),
        "tokens": prompt.coalesce(0) + completion.coalesce(0),
        "requests": 1,
        "spend": charged + own.coalesce(0),
        "free": (c.text("variant").lower() == "free").fill_null(False),
        "who": c.text("user", "api_key_name"),
        "key": c.text("generation_id"),
    }
