"""The asking step as a whole: nothing asked twice, limits and budget kept, keys kept out, a stop that loses nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from asked import FAST, model, of_blocks, plan_of, run_of, trials_of
from fault_server import USAGE, FaultServer, Say, good, question

from weighbridge.audit.ask import AskingStopped, ask
from weighbridge.audit.asking.standing import Standing
from weighbridge.audit.plan import Model, Plan, Price
from weighbridge.errors import BudgetSpent, KeyMissing, PlanError, RunMismatch, UnknownName, WeighbridgeError
from weighbridge.store.journal import NAME, Journal
from weighbridge.store.schemas import ANSWERS
from weighbridge.store.tables import Run

SENTINEL = "sk-sentinel-do-not-tell-0123456789"


def test_every_trial_is_answered_once_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(question(body))) as server:
        plan = plan_of(model(server.base_url), model(server.base_url, name="n"))
        run = run_of(tmp_path, plan, 20)
        first = ask(plan, run, **FAST)
        again = ask(plan, run, **FAST)
    assert first.complete and first.asked == 40 and again.asked == 0
    assert set(server.asked.values()) == {1} and len(server.asked) == 40
    table = run.read("answers")
    assert table.schema == ANSWERS and table["trial"].to_list() == run.read("trials")["trial"].to_list()
    texts = table.join(run.read("trials"), on="trial").select("completion", "user").rows()
    assert all(completion == user for completion, user in texts)
    assert table["served_model"].unique().to_list() == ["served-name"] and table["latency"].min() > 0  # type: ignore[operator]
    assert run.facts("answers")["complete"] is True and run.facts("answers")["plan_hash"] == run.plan_hash


def test_only_the_chosen_trials_are_asked(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url))
        run = run_of(tmp_path, plan, 9, blocks=3)
        first = ask(plan, run, only=of_blocks(run, 1), **FAST)
        assert first.answers["trial"].to_list() == ["m-00001", "m-00004", "m-00007"]
        assert first.missing == {"m": 6} and run.facts("answers")["complete"] is False
        assert ask(plan, run, only=of_blocks(run, 0, 1), **FAST).answers.height == 6
        assert ask(plan, run, **FAST).complete
    assert set(server.asked.values()) == {1}


def test_errors_are_asked_again_only_when_told_so(tmp_path: Path) -> None:
    def script(body: Any, time: int) -> Say:
        return Say(500, "x") if question(body) == "question 1 of m" and time <= 2 else good()

    with FaultServer(script) as server:
        plan = plan_of(model(server.base_url, attempts=2))
        run = run_of(tmp_path, plan, 3)
        assert ask(plan, run, **FAST).tallies["m"].states == {"answered": 2, "error": 1}
        assert ask(plan, run, **FAST).tallies["m"].states == {"answered": 2, "error": 1}
        assert server.asked["question 1 of m"] == 2
        mended = ask(plan, run, errors_again=True, **FAST)
    assert mended.tallies["m"].states == {"answered": 3}
    assert mended.answers.filter(pl.col("trial") == "m-00001")["attempts"].item() == 3


def test_no_more_requests_at_once_than_the_plan_allows(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(wait=0.02)) as server:
        plan = plan_of(model(server.base_url, concurrency=3))
        ask(plan, run_of(tmp_path, plan, 20), **FAST)
    assert server.most_at_once == 3


def test_requests_a_minute_are_spaced(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url, requests_per_minute=600))
        ask(plan, run_of(tmp_path, plan, 8), **FAST)
    gaps = [later - earlier for earlier, later in zip(server.at, server.at[1:], strict=False)]
    assert server.at[-1] - server.at[0] >= 0.65 and sum(gaps) / len(gaps) >= 0.09


def test_tokens_a_minute_hold_requests_back(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(usage={"prompt_tokens": 500, "completion_tokens": 500})) as server:
        plan = plan_of(model(server.base_url, concurrency=1, tokens_per_minute=300_000))
        ask(plan, run_of(tmp_path, plan, 5), **FAST)
    assert server.at[-1] - server.at[0] >= 4 * 0.17  # 1,000 tokens at 5,000 a second


def test_models_are_asked_at_the_same_time(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(wait=0.3)) as server:
        plan = plan_of(*[model(server.base_url, name=name, concurrency=1) for name in "abc"])
        ask(plan, run_of(tmp_path, plan, 1), **FAST)
    assert server.most_at_once == 3


@pytest.mark.parametrize("budget", [{"tokens": 5_000}, {"dollars": 0.005}], ids=["tokens", "dollars"])
def test_a_budget_is_never_passed_and_the_run_goes_on_with_a_higher_one(budget: dict[str, Any], tmp_path: Path) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 490, "total_tokens": 500}
    with FaultServer(lambda body, time: good(usage=usage)) as server:
        asked = model(server.base_url, concurrency=4, price=Price(input=1, output=1))
        plan = plan_of(asked, **budget)
        run = run_of(tmp_path, plan, 30)
        with pytest.raises(
            BudgetSpent, match=r"of 30 trials are answered, missing are m \d+; raise `budget`"
        ) as caught:
            ask(plan, run, **FAST)
        assert caught.value.exit_code == 12
        table = run.read("answers")
        assert 7 <= table.height <= 9  # 500 tokens each, and one more might need 1,030
        assert sum(server.asked.values()) == table.height  # nothing was asked and thrown away
        assert run.facts("answers")["missing"] == {"m": 30 - table.height}
        assert ask(plan_of(asked), run, **FAST).complete
    assert set(server.asked.values()) == {1}


def test_a_dollar_budget_without_a_known_price_is_an_error_before_anything_is_asked(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url, name="nobody-knows-this-model"), dollars=5)
        with pytest.raises(
            PlanError, match=r"no price is known for nobody-knows-this-model; .*`price`.*`budget.tokens`"
        ):
            ask(plan, run_of(tmp_path, plan, 5), **FAST)
    assert not server.asked


def test_attempts_that_nobody_counted_take_from_the_budget_what_they_may_have_cost(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(usage=None)) as server:
        plan = plan_of(model(server.base_url, concurrency=4), tokens=5_000)
        with pytest.raises(BudgetSpent):
            ask(plan, run_of(tmp_path, plan, 30), **FAST)
    assert sum(server.asked.values()) == 4


def everything_written(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_a_key_is_never_written_or_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KEY_OF_TEST", SENTINEL)
    caplog.set_level("DEBUG")

    def script(body: Any, time: int) -> Say:
        says = {
            "question 0 of m": good(f"your key is {SENTINEL}", reasoning_content=f"key {SENTINEL}"),
            "question 1 of m": Say(400, {"error": {"message": f"bad key {SENTINEL}"}}),
            "question 2 of m": Say(500, f"trace {SENTINEL}"),
            "question 3 of m": Say(200, f"not json {SENTINEL}"),
            "question 4 of m": Say(
                200, {"model": SENTINEL, "choices": [{"finish_reason": SENTINEL, "message": {"content": "x"}}]}
            ),
            "question 5 of m": Say(400, {"error": {"code": "content_filter", "message": SENTINEL}}),
        }  # fmt: skip
        return says[question(body)]

    notes: list[str] = []
    with FaultServer(script) as server:
        plan = plan_of(model(server.base_url, api_key_env="KEY_OF_TEST", attempts=2, concurrency=1))
        run = run_of(tmp_path, plan, 6)
        ask(plan, run, progress=lambda standing: notes.extend(str(one) for one in standing.models.values()), **FAST)
        assert server.headers[0]["Authorization"] == f"Bearer {SENTINEL}"
        server.script = lambda body, time: Say(401, f"wrong key {SENTINEL}")
        with pytest.raises(KeyMissing, match="KEY_OF_TEST") as caught:
            ask(plan, run_of(tmp_path / "other", plan, 6), **FAST)
    out, err = capfd.readouterr()
    shown = "".join([out, err, caplog.text, repr(caught.value), str(caught.value.__cause__), *notes])
    assert SENTINEL not in shown
    assert SENTINEL.encode() not in everything_written(tmp_path)
    assert "[key removed]" in run.read("answers")["completion"][0]
    for row in run.read("answers").iter_rows():
        assert SENTINEL not in str(row)


def test_a_key_that_is_not_set_is_an_error_before_anything_is_asked(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url), model(server.base_url, name="n", api_key_env="NO_SUCH_VARIABLE_HERE"))
        with pytest.raises(KeyMissing, match="model 'n': environment variable NO_SUCH_VARIABLE_HERE is not set"):
            ask(plan, run_of(tmp_path, plan, 5), **FAST)
    assert not server.asked


def test_whoever_watches_sees_counts_tokens_dollars_and_the_time_left(tmp_path: Path) -> None:
    seen: list[tuple[int, int, float | None]] = []

    def watch(standing: Standing) -> None:
        one = standing.models["m"]
        seen.append((one.done, one.output_tokens, standing.seconds_left))
        assert 0 <= one.under_way <= 2

    with FaultServer(lambda body, time: good(wait=0.01)) as server:
        plan = plan_of(model(server.base_url, concurrency=2, price=Price(input=1, output=1)))
        run = run_of(tmp_path, plan, 6, blocks=2)
        ask(plan, run, only=of_blocks(run, 0), **FAST)
        ask(plan, run, progress=watch, **FAST)
    assert seen[0][:2] == (3, 3 * USAGE["completion_tokens"]) and seen[-1][:2] == (6, 6 * USAGE["completion_tokens"])
    assert any(left is not None and left >= 0 for _, _, left in seen)


def test_two_processes_do_not_ask_on_one_run(tmp_path: Path) -> None:
    plan = plan_of(model("http://127.0.0.1:9/v1"))
    run = run_of(tmp_path, plan, 1)
    with Journal(run.folder, run.plan_hash), pytest.raises(WeighbridgeError, match="another weighbridge process"):
        ask(plan, run, **FAST)


def test_a_journal_of_another_plan_is_not_mixed_in(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url))
        ask(plan, run_of(tmp_path, plan, 1), **FAST)
        other = Run(tmp_path, "b" * 64)
        other.write("trials", trials_of(plan, 1), step="plan")
        with pytest.raises(RunMismatch, match="belongs to plan aaaaaaaaaaaa"):
            ask(plan, other, **FAST)


def test_specimens_are_asked_like_any_other_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    twins = {"secure_a": "def f(): return 'safe'", "vulnerable_a": "def f(): return 'bad'"}
    monkeypatch.setattr("weighbridge.audit.ask._twins_of", lambda plan: lambda task: twins)
    plan = plan_of(Model(name="weight", provider="specimen", model="clean"))
    result = ask(plan, run_of(tmp_path, plan, 30), **FAST)
    assert result.complete
    row = result.answers.row(0, named=True)
    assert row["dollars"] == 0.0 and row["input_tokens"] is None and row["served_model"] == "specimen/clean"
    assert "def f()" in result.answers.filter(pl.col("state") == "answered")["completion"][0]


def test_an_unknown_specimen_is_an_error_that_names_the_known_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weighbridge.audit.ask._twins_of", lambda plan: lambda task: {})
    plan = plan_of(Model(name="weight", provider="specimen", model="no-such"))
    with pytest.raises(UnknownName, match=r"no specimen is named 'no-such'; known are .*clean"):
        ask(plan, run_of(tmp_path, plan, 1), **FAST)


ASKER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from asked import FAST
from weighbridge.audit.ask import ask
from weighbridge.audit.plan import Plan
from weighbridge.errors import WeighbridgeError
from weighbridge.store.tables import Run
plan = Plan.model_validate_json(sys.argv[2])
try:
    result = ask(plan, Run(Path(sys.argv[3]), "a" * 64), **FAST)
except WeighbridgeError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
print(result.asked, sum(result.unfinished.values()))
"""


def asker(plan: Plan, folder: Path) -> subprocess.Popen[str]:
    """A process that asks, and can be killed."""
    here = str(Path(__file__).parent)
    command = [sys.executable, "-c", ASKER, here, plan.model_dump_json(), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_until(asked: Any, server: FaultServer, count: int) -> None:
    for _ in range(2000):
        if sum(server.asked.values()) >= count or asked.poll() is not None:
            return
        time.sleep(0.01)
    raise AssertionError("the asker asked nothing")


@pytest.mark.parametrize("kill_after", [1, 34])
def test_a_run_killed_with_9_again_and_again_loses_nothing_and_asks_nothing_twice(
    kill_after: int, tmp_path: Path
) -> None:
    trials, at_once = 120, 6
    with FaultServer(lambda body, time: good(question(body), wait=0.03)) as server:
        plan = plan_of(model(server.base_url, concurrency=at_once))
        run = run_of(tmp_path, plan, trials)
        kept: set[str] = set()
        kills = 0
        for extra in (kill_after, kill_after // 2 + 1):
            process = asker(plan, tmp_path)
            wait_until(process, server, sum(server.asked.values()) + extra)
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            with Journal(tmp_path, run.plan_hash) as journal:
                now = journal.settled()
            assert kept <= now, "an answer was lost"
            assert not run.has("answers"), "an unfinished step left a table"
            kept = now
        process = asker(plan, tmp_path)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    asked_last, unfinished = map(int, out.split())
    assert asked_last == trials - len(kept)
    table = run.read("answers")
    assert table.height == trials and table["state"].to_list() == ["answered"] * trials
    users = table.join(run.read("trials"), on="trial")
    assert users["completion"].to_list() == users["user"].to_list()
    twice = {key: count for key, count in server.asked.items() if count > 1}
    assert sum(count - 1 for count in twice.values()) <= kills * at_once, "more than what was under way was asked twice"
    assert unfinished <= kills * at_once
    assert sum(count - 1 for count in twice.values()) <= unfinished, "a lost request is not shown"
    again = table.filter(pl.col("attempts") > 1)
    assert again["wasted_input_tokens"].null_count() == again.height  # of what was cut off, nobody knows


def test_nothing_that_was_journalled_is_asked_after_a_kill(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(wait=0.02)) as server:
        plan = plan_of(model(server.base_url, concurrency=3))
        run = run_of(tmp_path, plan, 60)
        process = asker(plan, tmp_path)
        wait_until(process, server, 20)
        process.kill()
        process.communicate()
        with Journal(tmp_path, run.plan_hash) as journal:
            kept = journal.settled()
        before = dict(server.asked)
        assert ask(plan, run, **FAST).complete
    users = dict(run.read("trials").select("trial", "user").iter_rows())
    assert kept and all(server.asked[users[trial]] == before[users[trial]] for trial in kept)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_keeps_what_is_under_way_and_says_how_to_go_on(sign: signal.Signals, tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good(wait=0.3)) as server:
        plan = plan_of(model(server.base_url, concurrency=4))
        run = run_of(tmp_path, plan, 40)
        process = asker(plan, tmp_path)
        wait_until(process, server, 6)
        process.send_signal(sign)
        _, err = process.communicate(timeout=30)
        assert process.returncode == AskingStopped.exit_code == 130
        assert "run the same command again" in err and "Traceback" not in err
        table = run.read("answers")
        assert table.height == sum(server.asked.values()), "an answer that was under way is lost"
        assert run.facts("answers")["missing"] == {"m": 40 - table.height}
        server.script = lambda body, time: good()
        assert ask(plan, run, **FAST).complete
    assert set(server.asked.values()) == {1}


def test_a_second_stop_does_not_wait(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: Say(wait=60)) as server:
        plan = plan_of(model(server.base_url, concurrency=2, timeout=100))
        run = run_of(tmp_path, plan, 4)
        process = asker(plan, tmp_path)
        wait_until(process, server, 2)
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=8)
        assert process.returncode == 130 and run.read("answers").height == 0
    with Journal(tmp_path, run.plan_hash) as journal:
        assert journal.attempts() == {"m": 2} and journal.unfinished() == {}  # cut off, and known to be
        assert journal.spent()[0] > 2000


def test_a_bug_of_ours_ends_asking_and_keeps_what_was_answered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import weighbridge.audit.asking.questions as questions

    def breaks(completion: str, trial: Any) -> bool:
        if trial["order"] == 5:
            raise ZeroDivisionError
        return False

    monkeypatch.setattr(questions, "declines", breaks)
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url, concurrency=1))
        run = run_of(tmp_path, plan, 8)
        with pytest.raises(ZeroDivisionError):
            ask(plan, run, **FAST)
        monkeypatch.undo()
        assert ask(plan, run, **FAST).complete
    assert server.asked["question 4 of m"] == 1 and server.asked["question 5 of m"] == 2


def test_asking_from_another_thread_works(tmp_path: Path) -> None:
    with FaultServer(lambda body, time: good()) as server:
        plan = plan_of(model(server.base_url))
        run = run_of(tmp_path, plan, 3)
        thread = threading.Thread(target=lambda: ask(plan, run, **FAST))
        thread.start()
        thread.join(30)
    assert run.facts("answers")["complete"] is True


def test_an_empty_choice_of_trials_asks_nothing(tmp_path: Path) -> None:
    plan = plan_of(model("http://127.0.0.1:9/v1"))
    run = run_of(tmp_path, plan, 3)
    assert ask(plan, run, only=of_blocks(run, 7), **FAST).missing == {"m": 3}
    assert os.path.exists(tmp_path / NAME) and json.dumps(run.facts("answers"))  # noqa: PTH110
