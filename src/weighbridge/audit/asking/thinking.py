"""Which fields of a message hold reasoning? It is kept apart from the answer, and never scanned or run as one.

Endpoints send it in fields of its own (``reasoning_content``, ``reasoning``, ``thinking``, ``reasoning_details``) or as
parts of a content list. Reasoning inside the text, between tags, is taken out by ``audit.reasoning``.
"""

from __future__ import annotations

from typing import Any, cast


def from_fields(message: dict[str, Any]) -> str:
    """Reasoning from the fields of a message; where an endpoint sends it twice, the first spelling counts."""
    for name in ("reasoning_content", "reasoning", "thinking"):
        text = words(message.get(name))
        if text.strip():
            return text
    details = message.get("reasoning_details")
    if not isinstance(details, list):
        return ""
    texts: list[str] = []
    for part in cast("list[Any]", details):
        if isinstance(part, dict):
            fields = cast("dict[str, Any]", part)
            texts.append(words(fields.get("text")) or words(fields.get("summary")))
    return "\n\n".join(text for text in texts if text.strip())


def words(value: Any) -> str:
    """The text in a field that may be a string, a list of parts, or a part."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(words(part) for part in cast("list[Any]", value))
    if isinstance(value, dict):
        part = cast("dict[str, Any]", value)
        return words(part.get("text") or part.get("thinking") or part.get("content") or part.get("summary") or "")
    return ""


def from_parts(content: Any) -> tuple[str, str]:
    """Reasoning and text of a message's content, which is a string or a list of parts that name their type."""
    if not isinstance(content, list):
        return "", words(content)
    reasoning: list[str] = []
    text: list[str] = []
    for part in cast("list[Any]", content):
        kind = str(cast("dict[str, Any]", part).get("type", "")) if isinstance(part, dict) else ""
        (reasoning if kind in {"thinking", "reasoning", "reasoning_text"} else text).append(words(part))
    return "".join(reasoning), "".join(text)
