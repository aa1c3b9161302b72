"""What did the endpoint say: an answer, a cut-off answer, a refusal, or nothing that counts?

The first thing that happens to every reply. ``parse`` reads the body of a chat completion, in the many spellings of
OpenAI-compatible endpoints, and ``state_of`` gives it one of the four states of ``answers``. What is no reply at all
is a ``Fault``, which says whether asking again makes sense and whether the attempt may have been charged for.
Rule for an answer without text: cut off is *truncated*; turned away is *refused*; reasoning and then nothing, or a
call of a tool that was not offered, is *error*, and final, because the model did so; wholly empty is a fault of the
endpoint until it has happened as often as the plan allows attempts, and then *error*.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from weighbridge.audit.asking import thinking
from weighbridge.audit.reasoning import split_reasoning
from weighbridge.store.journal import Charge

State = Literal["answered", "truncated", "refused", "error"]
FaultKind = Literal[
    "unreachable", "broken", "time-out", "slow down", "server", "unusable", "filtered", "too long",
    "key", "not found", "request", "cancelled",
]  # fmt: skip
START = 500
"""Characters kept of a body that is no answer."""
FACTS = Path(__file__).with_name("known_replies.toml")


@dataclass(frozen=True)
class Usage:
    """Tokens as the endpoint counted them; None: it did not say. ``output`` includes reasoning, ``input`` cached."""

    input: int | None = None
    cached: int | None = None
    reasoning: int | None = None
    output: int | None = None


@dataclass(frozen=True)
class Reply:
    """A chat completion, read."""

    completion: str
    reasoning: str = ""
    stop_reason: str | None = None
    served_model: str | None = None
    usage: Usage = Usage()
    refusal: str = ""
    wanted_tool: bool = False


@dataclass(eq=False)
class Fault(Exception):
    """No reply. ``again``: asking again makes sense. ``charge``: whether this attempt may have cost something."""

    kind: FaultKind
    text: str
    again: bool = True
    charge: Charge = "none"
    status: int | None = None
    retry_after: float | None = None
    usage: Usage = Usage()

    def __str__(self) -> str:
        status = f"HTTP {self.status}: " if self.status else ""
        return f"{self.kind}: {status}{self.text}"


@cache
def _facts() -> dict[str, Any]:
    return tomllib.loads(FACTS.read_text("utf-8"))


@cache
def _finishes() -> dict[str, str]:
    return {row["word"].lower(): row["means"] for row in _facts()["finish_reason"]}


def speaks_of(table: Literal["filtered", "too_long"], text: str) -> bool:
    """Whether an error's body has one of the known phrases for a filter, or for a question that is too long."""
    lower = text.lower()
    return any(row["phrase"].lower() in lower for row in _facts()[table])


def fault_of_status(status: int, body: str, retry_after: float | None = None) -> Fault:
    """What an HTTP status other than 2xx means."""
    kind: FaultKind
    if status < 500 and speaks_of("filtered", body):
        kind = "filtered"
    elif status < 500 and speaks_of("too_long", body):
        kind = "too long"
    elif status == 429:
        kind = "slow down"
    elif status >= 500 or status in {408, 409, 425}:
        kind = "server"
    elif status in {401, 402}:
        kind = "key"
    elif status == 404:
        kind = "not found"
    else:
        kind = "request"
    return Fault(kind, body[:START], kind in {"slow down", "server"}, status=status, retry_after=retry_after)


def parse(body: str) -> Reply:
    """Read the body of a chat completion, or of a stream of its chunks.

    Raises:
        Fault: it is none: not JSON, an error inside a 200, no choices, no message, a stream that breaks off.
    """
    text = body.lstrip()
    if text.startswith(("data:", "event:", "id:", ": ", ":\n")):
        return _reply(_joined(text), body)
    try:
        whole = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Fault("unusable", f"not JSON: {body[:START]!r}", charge="unknown") from error
    if not isinstance(whole, dict):
        raise Fault("unusable", f"not a chat completion: {body[:START]!r}", charge="unknown")
    return _reply(cast("dict[str, Any]", whole), body)


def _reply(whole: dict[str, Any], body: str) -> Reply:
    usage = read_usage(whole.get("usage"))
    charge: Charge = "known" if usage.input is not None and usage.output is not None else "unknown"
    choices = whole.get("choices")
    choice: Any = cast("list[Any]", choices)[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict):
        error = whole.get("error") or (whole.get("message") and whole)
        if error and speaks_of("filtered", body):
            raise Fault("filtered", body[:START], again=False, charge=charge, usage=usage)
        what = "an error inside a 200" if error else "no choices"
        raise Fault("unusable", f"{what}: {body[:START]}", charge=charge, usage=usage)
    first = cast("dict[str, Any]", choice)
    finish = first.get("finish_reason")
    means = _finishes().get(str(finish).lower())
    if first.get("error") or means == "again":
        raise Fault("unusable", f"the endpoint failed ({finish}): {body[:START]}", charge=charge, usage=usage)
    message = first.get("message")
    if not isinstance(message, dict):
        raise Fault("unusable", f"no message: {body[:START]}", charge=charge, usage=usage)
    fields = cast("dict[str, Any]", message)
    in_parts, text = thinking.from_parts(fields.get("content"))
    text, in_tags = split_reasoning(text)
    reasoning = [part for part in (thinking.from_fields(fields), in_parts, in_tags) if part.strip()]
    served = whole.get("model")
    return Reply(
        completion=text,
        reasoning="\n\n".join(reasoning),
        stop_reason=str(finish) if finish else None,
        served_model=str(served) if served else None,
        usage=replace(usage, output=None) if usage.output == 0 and (text or reasoning) else usage,
        refusal=thinking.words(fields.get("refusal")),
        wanted_tool=bool(fields.get("tool_calls") or fields.get("function_call")),
    )


def _joined(stream: str) -> dict[str, Any]:
    """The chunks of a server-sent stream as one chat completion, for models that answer in no other way."""
    whole: dict[str, Any] = {}
    message: dict[str, Any] = {}
    finish: Any = None
    done = False
    for line in stream.splitlines():
        if not line.startswith("data:"):
            continue
        rest = line[5:].strip()
        if rest == "[DONE]":
            done = True
            continue
        try:
            chunk: Any = json.loads(rest)
        except (ValueError, RecursionError) as error:
            raise Fault("unusable", f"a chunk that is not JSON: {rest[:START]!r}", charge="unknown") from error
        if not isinstance(chunk, dict):
            continue
        part = cast("dict[str, Any]", chunk)
        whole.update({name: part[name] for name in ("model", "usage", "error") if part.get(name)})
        choices: Any = part.get("choices")
        for choice in cast("list[Any]", choices) if isinstance(choices, list) else []:
            if not isinstance(choice, dict):
                continue
            one = cast("dict[str, Any]", choice)
            finish = one.get("finish_reason") or finish
            delta = one.get("delta")
            for name, value in cast("dict[str, Any]", delta).items() if isinstance(delta, dict) else ():
                if isinstance(value, str) and name != "role":
                    message[name] = message.get(name, "") + value
                elif isinstance(value, list):
                    message[name] = [*message.get(name, []), *cast("list[Any]", value)]
    if whole.get("error"):
        return whole
    if not finish and not done:
        raise Fault("broken", f"the stream broke off: {stream[-START:]!r}", charge="unknown")
    return {**whole, "choices": [{"message": message, "finish_reason": finish}]}


def _count(value: Any) -> int | None:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0 else None


def _first(fields: dict[str, Any], *names: str) -> int | None:
    for name in names:
        inner: Any = fields
        for part in name.split("."):
            inner = cast("dict[str, Any]", inner).get(part) if isinstance(inner, dict) else None
        found = _count(inner)
        if found is not None:
            return found
    return None


def read_usage(value: Any) -> Usage:
    """Token counts in the spellings of OpenAI, DeepSeek, Moonshot, xAI, Anthropic and Gemini alike.

    Some endpoints leave reasoning out of ``completion_tokens``; ``total_tokens`` shows it, and it is put back in,
    because it is generated and charged. No question has 0 tokens: an endpoint that says so (a cache) did not count.
    """
    if not isinstance(value, dict):
        return Usage()
    usage = cast("dict[str, Any]", value)
    asked = _first(usage, "prompt_tokens", "input_tokens")
    generated = _first(usage, "completion_tokens", "output_tokens")
    cached = _first(
        usage, "prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens", "prompt_cache_hit_tokens",
        "cached_tokens", "cache_read_input_tokens",
    )  # fmt: skip
    reasoning = _first(
        usage,
        "completion_tokens_details.reasoning_tokens",
        "output_tokens_details.reasoning_tokens",
        "reasoning_tokens",
    )
    total = _first(usage, "total_tokens")
    if "prompt_tokens" not in usage and asked is not None:
        # Anthropic's spelling counts what was read from or written to the cache apart.
        asked += (_first(usage, "cache_read_input_tokens") or 0) + (_first(usage, "cache_creation_input_tokens") or 0)
    if asked is not None and generated is not None and total is not None and total > asked + generated:
        generated = total - asked
    return Usage(asked or None, cached if asked else None, reasoning, generated if asked else generated or None)


def state_of(reply: Reply) -> tuple[State, str]:
    """The state of a reply, and for *error* what is wrong.

    Raises:
        Fault: it is wholly empty.
    """
    means = _finishes().get((reply.stop_reason or "").lower())
    if reply.refusal.strip() or means == "refused":
        return "refused", ""
    if means == "truncated":
        return "truncated", ""
    if reply.completion.strip():
        return "answered", ""
    if reply.wanted_tool:
        return "error", "the model called a tool, and none was offered"
    if reply.reasoning.strip():
        return "error", "the model reasoned and then gave no answer"
    known = reply.usage.input is not None and reply.usage.output is not None
    raise Fault(
        "unusable",
        f"empty content (finish_reason {reply.stop_reason})",
        charge="known" if known else "unknown",
        usage=reply.usage,
    )
