"""Model ids, hosts and SDK imports in source code: strings, never comments and never docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from weighbridge.inventory.hits import Mention, Wanted
from weighbridge.inventory.lexer import LOOK_AHEAD, LOOK_BACK, blanked, languages, standing, strings

SUFFIXES = tuple(languages())
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts", ".pyi")
_CONSTANT = re.compile(
    r"\.(?:ANTHROPIC_|META_|AMAZON_|MISTRAL_|DEEPSEEK_|Chat)?(?:Model_?)?"
    r"((?:GPT|Claude|CLAUDE|Gemini|GEMINI|LLAMA|NOVA|O[134](?=Mini|Pro|Preview|_)|qwen_)\w+)\b(?!\s*\()"
)
_OWNER = re.compile(r"[\w.]+$")
_WEIGHED = re.compile(r"\bcase\b|[=!]==?[^=]{0,40}$|(?i:token\w*\([^()]*$)|\bin\s*[\[({][^\])}]*$")
_SEAM = re.compile(r"_|(?<=[a-z])(?=[A-Z0-9])|(?<=\d)(?=[A-Z][a-z])|(?<=[A-Z])(?=\d)")
_PYTHON_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Every string of the code with its name, and what Python imports."""
    suffix = name[name.rfind(".") :].lower()
    if suffix == ".py":
        line, at = 1, 0
        for found in _PYTHON_IMPORT.finditer(text):
            line, at = line + text.count("\n", at, found.start(1)), found.start(1)
            yield Mention(line, found.group(1), "import", "sdk")
    if _CONSTANT.search(text):
        yield from _constants(blanked(text, languages()[suffix]))
    declares = name.lower().endswith(_DECLARATIONS)
    for mention in strings(text, languages()[suffix], wanted):
        # What a declaration names is what may be passed, not what is.
        yield replace(mention, role="weak") if declares and mention.role == "value" else mention


def _constants(text: str) -> Iterator[Mention]:
    """Names of models that SDKs give as constants: ``openai.GPT4oMini``, ``Model.CLAUDE_3_7_SONNET_LATEST``."""
    line, at = 1, 0
    for found in _CONSTANT.finditer(text):
        line, at = line + text.count("\n", at, found.start()), found.start()
        left = text[max(text.rfind("\n", max(0, at - LOOK_BACK), at) + 1, at - LOOK_BACK, 0) : at]
        # Compared with, or named so that tokens can be counted.
        key, role = standing(_OWNER.sub("", left), text[found.end() : found.end() + LOOK_AHEAD])
        if role == "value" and not _WEIGHED.search(left):
            spelled = "-".join(_SEAM.split(found.group(1)[:80].replace("Dot", "."))).replace("-.-", ".")
            yield Mention(line, re.sub(r"-v-?(\d)-(\d)$", r"-v\1:\2", spelled.lower()), key, "constant")
