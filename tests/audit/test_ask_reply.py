"""How a reply is read: spellings of usage and reasoning, streams, and what a status means."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fault_server import completion

from weighbridge.audit.asking.reply import Fault, Usage, fault_of_status, parse, read_usage, state_of
from weighbridge.audit.asking.secrets import STANDS_FOR_KEY, Secrets, without_login

CODE = "```python\nx = 1\n```"


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 10, "completion_tokens": 5}, Usage(10, None, None, 5)),
        ({"input_tokens": 10, "output_tokens": 5}, Usage(10, None, None, 5)),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 8}},
            Usage(10, 8, None, 5),
        ),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_cache_hit_tokens": 7}, Usage(10, 7, None, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "cached_tokens": 6}, Usage(10, 6, None, 5)),
        ({"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": None}, Usage(10, None, None, 5)),
        (
            {"prompt_tokens": 10, "completion_tokens": 5, "completion_tokens_details": {"reasoning_tokens": 4}},
            Usage(10, None, 4, 5),
        ),
        (  # reasoning left out of completion_tokens, and seen in the total
            {
                "prompt_tokens": 10,
                "completion_tokens": 5,
                "total_tokens": 115,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            Usage(10, None, 100, 105),
        ),
        ({"input_tokens": 2, "output_tokens": 5, "cache_read_input_tokens": 90}, Usage(92, 90, None, 5)),
        ({"prompt_tokens": 0, "completion_tokens": 0}, Usage(None, None, None, None)),
        ({"prompt_tokens": 10, "completion_tokens": 0}, Usage(10, None, None, 0)),
        ({"prompt_tokens": "10", "completion_tokens": True}, Usage()),
        ({}, Usage()),
        (None, Usage()),
        ("many", Usage()),
    ],
)
def test_usage_is_read_in_every_spelling_and_missing_is_unknown(usage: Any, expected: Usage) -> None:
    assert read_usage(usage) == expected


@pytest.mark.parametrize(
    "message",
    [
        {"content": CODE, "reasoning_content": "hmm"},
        {"content": CODE, "reasoning": "hmm"},
        {"content": CODE, "reasoning_content": "hmm", "reasoning": "hmm"},
        {"content": CODE, "reasoning_details": [{"type": "reasoning.text", "text": "hmm"}]},
        {"content": CODE, "reasoning_details": [{"type": "reasoning.summary", "summary": "hmm"}, "odd"]},
        {"content": f"<think>hmm</think>\n{CODE}"},
        {"content": f"<think>\nhmm\n</think>\n\n{CODE}"},
        {"content": f"hmm\n</think>\n\n{CODE}"},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "hmm"}]},
                {"type": "text", "text": CODE},
            ]
        },
    ],
    ids=lambda message: ", ".join(message),
)
def test_reasoning_is_kept_apart_in_every_form(message: dict[str, Any]) -> None:
    content = message.pop("content")
    reply = parse(json.dumps(completion(content, **message)))
    assert reply.completion.strip() == CODE
    assert reply.reasoning == "hmm"


def test_reasoning_in_a_field_and_in_tags_is_all_kept() -> None:
    reply = parse(json.dumps(completion(f"<think>second</think>{CODE}", reasoning_content="first")))
    assert (reply.reasoning, reply.completion) == ("first\n\nsecond", CODE)


@pytest.mark.parametrize(
    ("body", "state", "error"),
    [
        (completion(CODE), "answered", ""),
        (completion(CODE, finish=None), "answered", ""),
        (completion(CODE, finish="length"), "truncated", ""),
        (completion("", finish="length"), "truncated", ""),
        (completion(None, finish="length", reasoning_content="hmm"), "truncated", ""),
        (completion("<think>still", finish="length"), "truncated", ""),
        (completion("", finish="content_filter"), "refused", ""),
        (completion(CODE, finish="content_filter"), "refused", ""),
        (completion(None, refusal="I cannot."), "refused", ""),
        (completion("", finish="sensitive"), "refused", ""),
        (completion(None, reasoning_content="hmm"), "error", "the model reasoned and then gave no answer"),
        (completion("<think>only this", finish="stop"), "error", "the model reasoned and then gave no answer"),
        (completion(None, finish="tool_calls", tool_calls=[{"id": "1"}]), "error", "the model called a tool"),
    ],
)
def test_a_reply_without_a_normal_answer_has_a_class_of_its_own(body: Any, state: str, error: str) -> None:
    found, said = state_of(parse(json.dumps(body)))
    assert found == state
    assert said.startswith(error) and bool(said) == bool(error)


@pytest.mark.parametrize(
    ("body", "charge"),
    [
        ("not json", "unknown"),
        ("", "unknown"),
        ("[]", "unknown"),
        ("<html>404</html>", "unknown"),
        ('{"error": {"message": "overloaded", "code": 502}}', "unknown"),
        ('{"choices": []}', "unknown"),
        ('{"choices": null, "usage": {"prompt_tokens": 5, "completion_tokens": 1}}', "known"),
        ('{"choices": [{"finish_reason": "stop"}]}', "unknown"),
        (
            '{"choices": [{"finish_reason": "error", "error": {"code": 502}, "message": {"content": "half"}}]}',
            "unknown",
        ),
        (json.dumps(completion("half", finish="insufficient_system_resource")), "known"),
        ("[" * 100000, "unknown"),
    ],
)
def test_what_is_no_completion_is_a_fault_to_be_asked_again(body: str, charge: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(body)
    assert caught.value.again and caught.value.kind == "unusable" and caught.value.charge == charge
    assert body[:50] in str(caught.value) or repr(body[:50])[1:-1] in str(caught.value)


def test_empty_content_is_a_fault_and_its_tokens_are_known() -> None:
    with pytest.raises(Fault) as caught:
        state_of(parse(json.dumps(completion(""))))
    assert caught.value.again and caught.value.usage == Usage(100, None, None, 50)


@pytest.mark.parametrize(
    ("status", "body", "kind", "again"),
    [
        (400, "This model's maximum context length is 4096 tokens", "too long", False),
        (400, '{"error":{"type":"exceed_context_size_error"}}', "too long", False),
        (400, "temperature must be 1", "request", False),
        (400, '{"error": {"code": "data_inspection_failed"}}', "filtered", False),
        (400, '{"error": {"message": "Content Exists Risk"}}', "filtered", False),
        (400, '{"error": {"type": "content_filter", "message": "considered high risk"}}', "filtered", False),
        (403, "Your chosen model requires moderation and your input was flagged", "filtered", False),
        (403, "forbidden", "request", False),
        (401, "", "key", False),
        (402, "Insufficient Balance", "key", False),
        (404, "", "not found", False),
        (422, "", "request", False),
        (408, "", "server", True),
        (429, "", "slow down", True),
        (500, "content_filter", "server", True),
        (503, "", "server", True),
        (529, "", "server", True),
    ],
)
def test_a_status_says_whether_asking_again_makes_sense(status: int, body: str, kind: str, again: bool) -> None:
    fault = fault_of_status(status, body)
    assert (fault.kind, fault.again) == (kind, again)


def stream(*chunks: Any, done: bool = True) -> str:
    lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
    return "".join([": keep-alive\n\n", *lines, *(["data: [DONE]\n\n"] if done else [])])


def delta(**fields: Any) -> dict[str, Any]:
    return {"model": "served", "choices": [{"index": 0, "delta": fields, "finish_reason": None}]}


END: dict[str, Any] = {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}


def test_a_stream_reads_as_the_whole_completion() -> None:
    counted = {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    reply = parse(
        stream(
            delta(role="assistant", reasoning_content="h"),
            delta(reasoning_content="mm"),
            delta(content="a"),
            delta(content="b"),
            END,
            counted,
        )
    )
    assert (reply.completion, reply.reasoning, reply.stop_reason) == ("ab", "hmm", "stop")
    assert reply.usage == Usage(3, None, None, 2) and reply.served_model == "served"


@pytest.mark.parametrize(
    "body",
    [
        stream(delta(content="half"), done=False),
        stream(delta(content="half"), {"error": {"message": "gone"}}, done=False),
        "data: {broken\n\n",
    ],
)
def test_a_stream_that_breaks_off_is_no_answer(body: str) -> None:
    with pytest.raises(Fault) as caught:
        parse(body)
    assert caught.value.again and caught.value.charge == "unknown"


@pytest.mark.parametrize(
    "echo", ["sk-sentinel/+1234", "sk-sentinel%2F%2B1234", "c2stc2VudGluZWwvKzEyMzQ", "sk-sentinel\\/+1234"]
)
def test_a_key_is_removed_in_every_form_it_may_come_back_in(echo: str) -> None:
    assert Secrets(["sk-sentinel/+1234"]).removed(f"key {echo}!") == f"key {STANDS_FOR_KEY}!"


def test_a_stand_in_for_a_key_does_not_change_answers() -> None:
    assert Secrets(["none", "test"]).removed("none of the test") == "none of the test"


def test_a_login_in_an_address_is_not_shown() -> None:
    assert without_login("https://me:secret@host:8/v1") == "https://host:8/v1"
    assert without_login(None) == ""
