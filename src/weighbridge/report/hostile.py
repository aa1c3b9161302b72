"""How is text that a model or its program wrote shown without harm? Every report passes it through here first.

Such text is hostile: it may hold markup, terminal escapes, characters that turn the reading direction (which hide
what code does: "Trojan Source", CVE-2021-42574), or be endless. Markup is escaped by Jinja. Here, what cannot be
seen is made visible, and what is too long is cut with a note that says so.
"""

from __future__ import annotations

import unicodedata
from itertools import groupby

from markupsafe import Markup, escape

INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode categories that show nothing, or not what they are: controls, formats, surrogates, private, separators."""
KEPT = {"\n", "\t"}
BLANKS = frozenset(
    {0x115F, 0x1160, 0x3164, 0xFFA0, 0x2800, 0xA0, 0x202F, 0x205F, 0x3000}
    | set(range(0x2000, 0x200B))
    | set(range(0xFE00, 0xFE10))
    | set(range(0xE0100, 0xE01F0))
)
"""Blanks that are not the plain space, and variation selectors: harmless in prose, but in code they hide things."""

PROGRAM_LIMIT = 20_000
"""Characters of one program that are shown."""
MARK_LIMIT = 200
"""Unseen characters of one text that get a mark of their own; further ones are named in plain brackets."""
FIELD_LIMIT = 600
"""Characters of one field (a reason, an error, a name) that are shown."""


def is_unseen(character: str) -> bool:
    """Whether a character would not be seen for what it is."""
    if character in KEPT or " " <= character <= "~":
        return False
    return unicodedata.category(character) in INVISIBLE or ord(character) in BLANKS


def code_point(character: str) -> str:
    """A character's code point, such as ``U+202E``."""
    return f"U+{ord(character):04X}"


def cut(text: str, limit: int) -> tuple[str, str]:
    """The beginning of a text, and a note on what was left out ('' where nothing was)."""
    if len(text) <= limit:
        return text, ""
    return text[:limit], f"[… {len(text) - limit:,} more characters are not shown]"


def visible(text: str | None, limit: int = FIELD_LIMIT) -> str:
    """Plain text in which unseen characters stand as ``⟨U+202E⟩``, at most ``limit`` characters and then a note.

    Safe for a terminal (no escape sequence survives) and for files; still to be escaped for HTML.
    """
    kept, note = cut(text or "", limit)
    return "".join(f"⟨{code_point(c)}⟩" if is_unseen(c) else c for c in kept) + (f" {note}" if note else "")


def line(text: str | None, limit: int = FIELD_LIMIT) -> str:
    """``visible`` on one line: line breaks and tabs become spaces."""
    return " ".join(visible(text, limit).split())


def marked(text: str | None, limit: int = PROGRAM_LIMIT) -> Markup:
    """HTML of a longer text: escaped, unseen characters marked and named, cut with a note where it is too long.

    The result has at most about a dozen characters for each one shown, whatever the text is made of.
    """
    kept, note = cut(text or "", limit)
    kept = kept.replace("\r\n", "\n")
    unseen = {character for character in set(kept) if is_unseen(character)}
    parts: list[str] = []
    marks = 0
    for odd, characters in groupby(kept, key=lambda c: c if c in unseen else ""):
        run = "".join(characters)
        if not odd:
            parts.append(str(escape(run)))
            continue
        marks += 1
        name = code_point(odd) + (f" ×{len(run)}" if len(run) > 1 else "")
        parts.append(f'<span class="unseen">{name}</span>' if marks <= MARK_LIMIT else f"⟨{name}⟩")
    if note:
        parts.append(f'\n<span class="note">{escape(note)}</span>')
    return Markup("".join(parts))


def spreadsheet(text: str) -> str:
    """Text for a CSV cell: unseen characters visible, and nothing that a spreadsheet would run as a formula."""
    shown = line(text)
    return f"'{shown}" if shown[:1] in {"=", "+", "-", "@"} else shown
