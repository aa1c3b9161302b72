"""Notebooks: the code cells are code; what was printed and what is written between them is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from weighbridge.inventory.detectors import code
from weighbridge.inventory.hits import Mention, Wanted

SUFFIXES = (".ipynb",)


def read(text: str, name: str, wanted: Wanted) -> Iterator[Mention]:
    """Mentions of the code cells; ``line`` counts lines of code over the notebook's cells. Broken files raise
    ValueError."""
    try:
        notebook: Any = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    cells: Any = notebook.get("cells") if isinstance(notebook, dict) else None
    line = 0
    for cell in cells if isinstance(cells, list) else []:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source: Any = cell.get("source", "")
        joined = "".join(str(part) for part in source) if isinstance(source, list) else str(source)
        # JSON can hold halves of characters, which no output could print.
        lines = joined.encode("utf-8", "replace").decode().splitlines()
        for number, bare in enumerate(lines, 1):
            if bare.lstrip().startswith(("!", "%")):
                yield Mention(line + number, bare.lstrip(" !%"), "", "command")
        plain = "\n".join("" if bare.lstrip().startswith(("!", "%")) else bare for bare in lines)
        for mention in code.read(plain, "cell.py", wanted):
            yield Mention(line + mention.line, mention.text, mention.key, mention.role)
        line += len(lines)
