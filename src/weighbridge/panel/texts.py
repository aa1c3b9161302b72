"""Which texts are given to a tool at all, and the hash that the cache knows them by.

What is no program must not come out as clean, whatever a tool makes of it: the same answer for every tool.
"""

from __future__ import annotations

import hashlib

LARGEST = 1 << 20
"""Bytes of text over which a program is given to no tool: no answer of a model is that long, and tools choke on it."""


def content_hash(text: str) -> str:
    """The hash that the cache knows a program by."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def unfit(text: str) -> str:
    """Why a text is given to no tool at all, or "": what is no program must not come out as clean."""
    if not text.strip():
        return "the program is empty"
    if "\0" in text:
        return "is not text (NUL bytes)"
    if len(text) > LARGEST or len(text.encode("utf-8", "replace")) > LARGEST:
        return f"is larger than {LARGEST:,} bytes"
    strange = sum(1 for letter in text if (letter < " " and letter not in "\t\n\r\f\v") or letter == "\ufffd")
    if strange > max(8, len(text) // 20):
        return "is not text (control characters)"
    return ""
