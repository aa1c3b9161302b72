"""OpenRouter's public rankings: tokens a day of its fifty most used models, and ``other`` for all that are not.

One router's traffic, not the market. A day is restated as a whole: its snapshot with the latest ``as_of`` counts.
Licence CC BY 4.0: "Source: OpenRouter (openrouter.ai/rankings), as of <as_of>."
"""

from __future__ import annotations

from typing import Any

from weighbridge.adoption.formats import Columns, joined

NAME = "openrouter-rankings"
TITLE = "OpenRouter public rankings"
POPULATION = "OpenRouter's traffic (public rankings)"
GRAIN = "snapshot"
KNOWN_BY = ("date", "model_permaslug", "total_tokens")
NEEDED = (("date",), ("model_permaslug",), ("total_tokens",))


def long(c: Columns) -> dict[str, Any]:
    model = c.text("model_permaslug")
    return {
        "time": c.time("date"),
        "spelling": model,
        "tokens": c.number("total_tokens"),
        "key": joined(c.text("date"), model),
        "as_of": c.moment("as_of"),
        "other": (model.lower() == "other").fill_null(False),
    }
