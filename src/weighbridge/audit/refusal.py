"""Does an answer without a program decline to write one? By rule, in English and Chinese, and conservative.

``judge`` asks it of answers in which ``extract`` found no program. A program with a disclaimer is no refusal, a
question back is none, and neither is an answer that does not know how. The phrases are in ``refusals.toml``, each with
an example; ``docs/extraction.md`` states the rule.
"""

import re
import tomllib
from functools import cache
from pathlib import Path

from weighbridge.audit.reasoning import split_reasoning

_PHRASES = Path(__file__).with_name("refusals.toml")
# A refusal says so at once; further on, "I cannot" speaks about something else.
_OPENING_CHARACTERS = 400


def looks_refused(text: str) -> bool:
    """Whether the opening of an answer declines, its reasoning left out. False for an answer with a code block.

    Meant for answers that hold no program; of one that holds code without fences it says nothing useful.
    """
    answer = split_reasoning(text).answer.strip()
    if re.search(r"^[ \t]*(?:```|~~~)", answer, re.MULTILINE):
        return False
    opening = answer[:_OPENING_CHARACTERS].replace("’", "'").replace("‘", "'")
    declines, asks_back = _patterns()
    return bool(declines.search(opening)) and not asks_back.search(opening)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    facts = tomllib.loads(_PHRASES.read_text(encoding="utf-8"))

    def any_of(key: str) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{row['pattern']})" for row in facts[key]), re.IGNORECASE)

    return any_of("declines"), any_of("asks_back")
