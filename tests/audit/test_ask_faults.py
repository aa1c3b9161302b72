"""Every fault that was seen in another harness, and what must happen (the table in docs/asking.md)."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from asked import FAST, model, of_blocks, plan_of, run_of, trials_of
from fault_server import PROGRAM, USAGE, FaultServer, Say, good, question

from weighbridge.audit.ask import AskResult, ask
from weighbridge.audit.plan import Price, trial_key
from weighbridge.errors import EndpointDown, KeyMissing
from weighbridge.store.tables import Run


def one(result: AskResult, trial: str = "m-00000") -> dict[str, Any]:
    return result.answers.filter(pl.col("trial") == trial).row(0, named=True)


def asked_once_with(say: Say, folder: Path, **more: Any) -> tuple[dict[str, Any], FaultServer]:
    """One trial that meets ``say`` every time, beside another that is answered normally."""
    with FaultServer(lambda body, time: say if question(body) == "question 0 of m" else good()) as server:
        plan = plan_of(model(server.base_url, **{"attempts": 3, **more}))
        return one(ask(plan, run_of(folder, plan, 2), **FAST)), server


AGAIN = {
    "HTTP 500": Say(500, {"error": {"message": "internal"}}),
    "HTTP 503": Say(503, "busy"),
    "an error inside a 200": Say(200, {"error": {"message": "overloaded", "code": 502}}),
    "bad JSON": Say(200, "{ not json"),
    "empty choices": Say(200, {"choices": [], "usage": USAGE}),
    "empty content": good(""),
    "no message": Say(200, {"choices": [{"finish_reason": "stop"}]}),
    "a dropped connection": Say(drop=True),
    "HTTP 429": Say(429, {"error": {"message": "slow"}}, headers={"retry-after": "0.01"}),
}


@pytest.mark.parametrize("fault", AGAIN)
def test_a_fault_of_the_endpoint_is_asked_again_and_then_answered(fault: str, tmp_path: Path) -> None:
    with FaultServer(lambda body, time: AGAIN[fault] if time == 1 else good()) as server:
        plan = plan_of(model(server.base_url, attempts=3))
        answer = one(ask(plan, run_of(tmp_path, plan, 1), **FAST))
    assert (answer["state"], answer["completion"], answer["attempts"]) == ("answered", PROGRAM, 2)
    assert server.asked["question 0 of m"] == 2


@pytest.mark.parametrize("fault", AGAIN)
def test_attempts_are_counted_in_one_place_and_end(fault: str, tmp_path: Path) -> None:
    answer, server = asked_once_with(AGAIN[fault], tmp_path)
    assert server.asked["question 0 of m"] == 3  # not attempts times the SDK's own
    assert (answer["state"], answer["attempts"], answer["completion"]) == ("error", 3, "")
    assert answer["error"]


def test_the_start_of_a_body_that_is_no_answer_is_kept(tmp_path: Path) -> None:
    answer, _ = asked_once_with(Say(200, "<html>gateway says no</html>" + "x" * 10_000), tmp_path)
    assert "<html>gateway says no</html>" in answer["error"] and len(answer["error"]) < 1000


NOT_AGAIN = {
    "HTTP 400": Say(400, {"error": {"message": "bad parameter"}}),
    "HTTP 403": Say(403, "forbidden"),
    "HTTP 422": Say(422, "unprocessable"),
    "too long": Say(
        400, {"error": {"message": "maximum context length is 10 tokens", "code": "context_length_exceeded"}}
    ),
}


@pytest.mark.parametrize("fault", NOT_AGAIN)
def test_a_request_that_is_turned_away_is_asked_once_and_is_an_error(fault: str, tmp_path: Path) -> None:
    answer, server = asked_once_with(NOT_AGAIN[fault], tmp_path)
    assert server.asked["question 0 of m"] == 1
    assert (answer["state"], answer["completion"], answer["attempts"]) == ("error", "", 1)
    assert str(NOT_AGAIN[fault].status) in answer["error"]


STATES: list[tuple[str, Say, str, str]] = [
    ("cut off", good("```python\ndef f(", finish="length"), "truncated", "```python\ndef f("),
    ("cut off with nothing", good("", finish="length"), "truncated", ""),
    ("cut off in reasoning", good(None, finish="length", reasoning="hm"), "truncated", ""),
    ("filtered", good("", finish="content_filter"), "refused", ""),
    ("refusal field", good(None, refusal="I won't."), "refused", "I won't."),
    (
        "refused in words",
        good("I'm sorry, but I can't help with that."),
        "refused",
        "I'm sorry, but I can't help with that.",
    ),
    ("refused in Chinese", good("抱歉，我无法协助完成这个请求。"), "refused", "抱歉，我无法协助完成这个请求。"),
    ("provider's filter", Say(400, {"error": {"message": "Content Exists Risk"}}), "refused", ""),
    ("reasoning only", good(None, reasoning_content="hm"), "error", ""),
    ("normal", good(PROGRAM), "answered", PROGRAM),
]


@pytest.mark.parametrize(("name", "say", "state", "completion"), STATES, ids=[row[0] for row in STATES])
def test_every_end_has_its_class_and_is_asked_once(
    name: str, say: Say, state: str, completion: str, tmp_path: Path
) -> None:
    answer, server = asked_once_with(say, tmp_path)
    assert (answer["state"], answer["completion"]) == (state, completion)
    assert server.asked["question 0 of m"] == 1


def test_errors_stay_in_the_denominator(tmp_path: Path) -> None:
    kinds = itertools.cycle([good(), Say(500, "x"), good("", finish="length"), good("", finish="content_filter")])
    says = {f"question {number} of m": next(kinds) for number in range(8)}
    with FaultServer(lambda body, time: says[question(body)]) as server:
        plan = plan_of(model(server.base_url, attempts=2))
        result = ask(plan, run_of(tmp_path, plan, 8), **FAST)
    assert result.answers.height == 8 and result.complete
    assert result.tallies["m"].states == {"answered": 2, "error": 2, "truncated": 2, "refused": 2}


@pytest.mark.parametrize("say", [Say(wait=60), Say(trickle=True)], ids=["hangs", "trickles for ever"])
def test_an_attempt_ends_at_its_deadline(say: Say, tmp_path: Path) -> None:
    def script(body: Any, time: int) -> Say:
        return say if question(body) == "question 0 of m" and time == 1 else good()

    with FaultServer(script) as server:
        plan = plan_of(model(server.base_url, timeout=0.3))
        answer = one(ask(plan, run_of(tmp_path, plan, 2), **FAST))
    assert (answer["state"], answer["attempts"]) == ("answered", 2)
    assert answer["wasted_input_tokens"] is None and answer["wasted_output_tokens"] is None  # nobody knows


def test_tokens_of_failed_attempts_are_charged(tmp_path: Path) -> None:
    says = [
        Say(200, {"choices": [], "usage": USAGE}),
        good(""),
        Say(500, "x"),
        good(usage={**USAGE, "completion_tokens": 7, "total_tokens": 107}),
    ]
    with FaultServer(lambda body, time: says[time - 1]) as server:
        plan = plan_of(model(server.base_url, price=Price(input=1, output=10)))
        result = ask(plan, run_of(tmp_path, plan, 1), **FAST)
    answer = one(result)
    assert (answer["input_tokens"], answer["output_tokens"]) == (100, 7)
    assert (answer["wasted_input_tokens"], answer["wasted_output_tokens"]) == (200, 100)
    assert answer["dollars"] == pytest.approx((100 + 70 + 200 + 1000) / 1e6)
    assert result.spent.tokens == 407 and result.spent.dollars == pytest.approx(answer["dollars"])


def test_missing_usage_is_unknown_and_never_zero(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(usage=None)) as server:
        plan = plan_of(model(server.base_url, price=Price(input=1, output=10)))
        result = ask(plan, run_of(tmp_path, plan, 1), **FAST)
    answer = one(result)
    assert [answer[name] for name in ("input_tokens", "output_tokens", "cached_tokens", "dollars")] == [None] * 4
    assert answer["wasted_input_tokens"] == 0 and result.tallies["m"].unpriced == 1
    assert result.spent.tokens > 1000  # counted at the most it may be


def test_an_unknown_price_is_unknown_and_the_answer_counts(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url, name="nobody-knows-this-model"))
        result = ask(plan, run_of(tmp_path, plan, 1), **FAST)
    answer = one(result, "nobody-knows-this-model-00000")
    assert answer["state"] == "answered" and answer["dollars"] is None


def test_a_slow_down_pauses_the_whole_model_for_as_long_as_is_asked(tmp_path: Path) -> None:
    def script(body: Any, time: int) -> Say:
        first = sum(server.asked.values()) == 1
        return Say(429, "slow", headers={"Retry-After": "0.6"}) if first else good()

    with FaultServer(script) as server:
        plan = plan_of(model(server.base_url, concurrency=1))
        result = ask(plan, run_of(tmp_path, plan, 3), **FAST)
    assert result.tallies["m"].states == {"answered": 3}
    assert server.at[1] - server.at[0] >= 0.6


def test_a_pause_that_is_far_too_long_ends_asking(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: Say(429, "daily limit", headers={"Retry-After": "86400"})) as server:
        plan = plan_of(model(server.base_url))
        with pytest.raises(EndpointDown, match=r"requests_per_minute.*0 of 5 trials"):
            ask(plan, run_of(tmp_path, plan, 5), **FAST)


def test_a_changed_request_is_another_trial_and_a_repeat_is_no_copy() -> None:
    messages = [("system", "s"), ("user", "u")]
    asked = model("http://127.0.0.1:1/v1")
    warmer = model("http://127.0.0.1:1/v1", sampling={"temperature": 1})
    optioned = model("http://127.0.0.1:1/v1", sampling={"extra": {"top_k": 5}})
    keys = [
        trial_key(asked, messages, 0), trial_key(asked, messages, 1), trial_key(asked, [("user", "v")], 0),
        trial_key(warmer, messages, 0), trial_key(optioned, messages, 0),
    ]  # fmt: skip
    assert len(set(keys)) == len(keys) and keys[0] == trial_key(asked, messages, 0)


def test_repeats_are_asked_each_and_with_seeds_of_their_own(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(str(body["seed"]))) as server:
        plan = plan_of(model(server.base_url, sampling={"seed": 40, "temperature": 0.5, "extra": {"top_k": 3}}))
        run = Run(tmp_path, "a" * 64)
        trials = trials_of(plan, 3).with_columns(
            pl.lit("the same question").alias("user"), pl.col("order").cast(pl.UInt16).alias("repeat")
        )
        run.write("trials", trials, step="plan")
        result = ask(plan, run, **FAST)
    assert sorted(result.answers["completion"]) == ["40", "41", "42"]
    assert {body["top_k"] for body in server.bodies} == {3} and {body["temperature"] for body in server.bodies} == {0.5}


def test_an_endpoint_that_is_down_at_the_start_says_so_and_settles_nothing(tmp_path: Path) -> None:
    plan = plan_of(model("http://127.0.0.1:9/v1", attempts=2))
    run = run_of(tmp_path, plan, 20)
    with pytest.raises(
        EndpointDown, match=r"model 'm' at http://127.0.0.1:9/v1: cannot be reached .*base_url"
    ) as caught:
        ask(plan, run, **FAST)
    assert caught.value.exit_code == 5
    assert run.read("answers").height == 0 and run.facts("answers")["complete"] is False
    with FaultServer(lambda body, time: good()) as server:
        there = plan_of(model(server.base_url, attempts=2))
        assert ask(there, run, **FAST).complete


@pytest.mark.parametrize(
    ("say", "error", "words", "most"),
    [
        (Say(401, "Incorrect API key"), KeyMissing, "refuses the key", 8),
        (Say(402, "Insufficient Balance"), KeyMissing, "refuses the key", 8),
        (Say(404, "model not found"), EndpointDown, "m-at-endpoint.*base_url", 8),
        (Say(403, "forbidden"), EndpointDown, "10 requests in a row", 20),
        (Say(400, "temperature must be 1"), EndpointDown, "10 requests in a row", 20),
        (Say(200, "<html>wrong page</html>"), EndpointDown, "no usable answer", 2 * 16),
        (Say(500, "boom"), EndpointDown, "no usable answer", 2 * 16),
    ],
)
def test_an_endpoint_that_never_answers_is_given_up_early(
    say: Say, error: type[Exception], words: str, most: int, tmp_path: Path
) -> None:
    with FaultServer(lambda body, time: say) as server:
        plan = plan_of(model(server.base_url, attempts=2))
        run = run_of(tmp_path, plan, 60)
        with pytest.raises(error, match=words):
            ask(plan, run, **FAST)
        assert sum(server.asked.values()) <= most
        assert run.read("answers").height == 0
        server.script = lambda body, time: good()
        assert ask(plan, run, **FAST).tallies["m"].states == {"answered": 60}


def test_one_bad_question_does_not_give_an_endpoint_up(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: Say(500, "x") if question(body) == "question 0 of m" else good()) as server:
        plan = plan_of(model(server.base_url, attempts=2, concurrency=1))
        assert ask(plan, run_of(tmp_path, plan, 5), **FAST).tallies["m"].states == {"answered": 4, "error": 1}


def test_a_few_bad_questions_in_a_row_do_not_give_an_endpoint_up_that_has_answered(tmp_path: Path) -> None:
    bad = [f"question {number} of m" for number in range(1, 10)]
    with FaultServer(lambda body, time: Say(500, "x") if question(body) in bad else good()) as server:
        plan = plan_of(model(server.base_url, attempts=1, concurrency=1))
        assert ask(plan, run_of(tmp_path, plan, 11), **FAST).tallies["m"].states == {"answered": 2, "error": 9}


def test_an_endpoint_that_dies_in_the_middle_is_given_up_and_its_trials_stay_unasked(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good() if sum(server.asked.values()) <= 5 else Say(500, "dead")) as server:
        plan = plan_of(model(server.base_url, attempts=1, concurrency=2))
        run = run_of(tmp_path, plan, 100)
        with pytest.raises(EndpointDown, match=r"5 of 100 trials"):
            ask(plan, run, **FAST)
        assert run.read("answers")["state"].to_list() == ["answered"] * 5 and sum(server.asked.values()) < 20
        server.script = lambda body, time: good()
        assert ask(plan, run, **FAST).tallies["m"].states == {"answered": 100}


def test_a_bad_question_at_the_end_of_a_resumed_run_is_settled(tmp_path: Path) -> None:
    def script(body: Any, time: int) -> Say:
        return Say(400, "odd") if question(body) == "question 3 of m" else good()

    with FaultServer(script) as server:
        plan = plan_of(model(server.base_url, attempts=2, concurrency=1))
        run = run_of(tmp_path, plan, 4, blocks=4)
        ask(plan, run, only=of_blocks(run, 0, 1, 2), **FAST)
        assert ask(plan, run, **FAST).tallies["m"].states == {"answered": 3, "error": 1}


def test_one_model_that_is_down_does_not_keep_the_others_from_answering(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url), model("http://127.0.0.1:9/v1", name="dead", attempts=2))
        run = run_of(tmp_path, plan, 10)
        with pytest.raises(EndpointDown, match=r"dead.*10 of 20"):
            ask(plan, run, **FAST)
    facts = run.facts("answers")
    assert facts["missing"] == {"dead": 10} and run.read("answers")["state"].to_list() == ["answered"] * 10


def test_max_completion_tokens_takes_the_place_of_max_tokens(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url, sampling={"extra": {"max_completion_tokens": 77}}))
        ask(plan, run_of(tmp_path, plan, 1), **FAST)
    assert "max_tokens" not in server.bodies[0] and server.bodies[0]["max_completion_tokens"] == 77


def test_what_was_sent_is_the_trial_and_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-someone-elses-key")
    monkeypatch.setenv("OPENAI_ORG_ID", "org-of-the-user")
    monkeypatch.setenv("OPENAI_PROJECT_ID", "project-of-the-user")
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url))
        ask(plan, run_of(tmp_path, plan, 1), **FAST)
    assert server.bodies[0]["messages"] == [
        {"role": "system", "content": "You write code."},
        {"role": "user", "content": "question 0 of m"},
    ]
    sent = str(server.headers[0])
    assert not [word for word in ("someone-elses", "org-of-the-user", "project-of-the-user") if word in sent]
