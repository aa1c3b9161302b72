"""What language does a code block say it is in? Tags as models write them, from ``languages.toml``."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_FACTS = Path(__file__).with_name("languages.toml")


@dataclass(frozen=True)
class Language:
    """``name`` is empty for a tag that says nothing (none, ``text``, an unknown word). ``begins``: a regular expression
    for a first line that can only be code of this language."""

    name: str
    begins: str = ""


@cache
def _by_tag() -> dict[str, Language]:
    rows: list[dict[str, Any]] = tomllib.loads(_FACTS.read_text(encoding="utf-8"))["language"]
    return {tag: Language(row["name"], row.get("begins", "")) for row in rows for tag in (row["name"], *row["tags"])}


def language_of(tag: str) -> Language:
    """The language of a tag in any case: ``Python3``, ``js``, or a file name (``app.py``)."""
    known = _by_tag()
    tag = tag.strip().lower()
    return known.get(tag) or known.get(tag.rpartition(".")[2]) or Language("")
