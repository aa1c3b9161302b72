"""Model ids, hosts and SDK imports in source code: strings, never comments and never docstrings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from weighbridge.inventory.hits import Mention, Wanted
from weighbridge.inventory.lexer import languages, strings

SUFFIXES = tuple(languages())
_DECLARATIONS = (".d.ts", ".d.mts", ".d.cts", ".pyi")
_PYTHON_IMPORT = re.compile(r"^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)", re.MULTILINE)


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Every string of the code with its name, and what Python imports."""
    suffix = name[name.rfind(".") :].lower()
    if suffix == ".py":
        line, at = 1, 0
        for found in _PYTHON_IMPORT.finditer(text):
            line, at = line + text.count("\n", at, found.start(1)), found.start(1)
            yield Mention(line, found.group(1), "import", "sdk")
    declares = name.lower().endswith(_DECLARATIONS)
    for mention in strings(text, languages()[suffix], wanted):
        # What a declaration names is what may be passed, not what is.
        yield replace(mention, role="weak") if declares and mention.role == "value" else mention
