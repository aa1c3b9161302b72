"""Inspect's providers as models, and its logs out and in. Skipped where the extra is not installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from asked import FAST, model, plan_of, trials_of
from fault_server import FaultServer, Say, good, question
from polars.testing import assert_frame_equal

from weighbridge.audit.ask import ask
from weighbridge.audit.inspect_logs import export_eval, import_eval
from weighbridge.audit.plan import Limits, Model, Plan, Price
from weighbridge.errors import DataError, PlanError, WeighbridgeError
from weighbridge.store.tables import Run, write_plan

there = importlib.util.find_spec("inspect_ai") is not None
needs_inspect = pytest.mark.skipif(not there, reason="the extra [inspect] is not installed")


def run_with_plan(folder: Path, plan: Plan, count: int) -> Run:
    run = write_plan(folder, plan.model_dump(mode="json"), "a" * 64)
    run.write("trials", trials_of(plan, count), step="plan")
    return run


def mock(**more: Any) -> Model:
    return Model(name="mock", provider="inspect", model="mockllm/model", limits=Limits(attempts=2), **more)


def counted(content: Any, stop: Any = "stop") -> Any:
    """What the mock model says, with usage: without, it fetches a tokenizer from the network to count."""
    from inspect_ai.model import ModelOutput, ModelUsage

    output = ModelOutput.from_content("mock", content, stop)
    output.usage = ModelUsage(input_tokens=10, input_tokens_cache_read=90, output_tokens=5, reasoning_tokens=2)
    return output


def mock_says(monkeypatch: pytest.MonkeyPatch, outputs: list[Any]) -> None:
    from inspect_ai.model import get_model

    from weighbridge.audit.providers import inspect as provider

    def speaking(model: Model) -> Any:
        return get_model(model.model, custom_outputs=list(outputs), memoize=False)

    monkeypatch.setattr(provider, "_model", speaking)


@needs_inspect
def test_a_model_of_inspect_is_asked_like_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mock_says(monkeypatch, [counted(f"answer {number}") for number in range(3)])
    plan = plan_of(mock())
    result = ask(plan, run_with_plan(tmp_path, plan, 3), **FAST)
    assert result.tallies["mock"].states == {"answered": 3} and result.requests == {"mock": 3}
    assert set(result.answers["completion"]) == {"answer 0", "answer 1", "answer 2"}
    assert result.answers["dollars"].null_count() == 3  # no price is known, and none is made up


@needs_inspect
@pytest.mark.parametrize("stop", ["max_tokens", "model_length", "content_filter", "stop"])
def test_what_inspect_says_has_its_class(stop: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from inspect_ai.model import ContentReasoning, ContentText

    mock_says(monkeypatch, [counted([ContentReasoning(reasoning="hmm"), ContentText(text="x = 1")], stop)])
    plan = plan_of(mock())
    row = ask(plan, run_with_plan(tmp_path, plan, 1), **FAST).answers.row(0, named=True)
    expected = {"max_tokens": "truncated", "model_length": "truncated", "content_filter": "refused", "stop": "answered"}
    assert row["state"] == expected[stop] and row["reasoning"] == "hmm" and row["completion"] == "x = 1"
    counts = (row["input_tokens"], row["cached_tokens"], row["reasoning_tokens"], row["output_tokens"])
    assert counts == (100, 90, 2, 5)


@needs_inspect
def test_inspect_does_not_retry_beside_us(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FaultServer(lambda body, time: Say(500, {"error": {"message": "x"}}) if time <= 2 else good()) as server:
        monkeypatch.setenv("FAULTY_API_KEY", "sk-a-key-of-the-test")
        monkeypatch.setenv("FAULTY_BASE_URL", server.base_url)
        asked = Model(name="m", provider="inspect", model="openai-api/faulty/m", limits=Limits(attempts=3))
        result = ask(plan_of(asked), run_with_plan(tmp_path, plan_of(asked), 1), **FAST)
        assert server.asked["question 0 of m"] == 3
    assert result.answers["attempts"].item() == 3 and result.answers["state"].item() == "answered"


@needs_inspect
def test_a_model_that_inspect_cannot_make_is_an_error_before_asking(tmp_path: Path) -> None:
    plan = plan_of(Model(name="m", provider="inspect", model="nosuchprovider/model"))
    with pytest.raises(PlanError, match="model 'm': Inspect cannot make 'nosuchprovider/model'"):
        ask(plan, run_with_plan(tmp_path, plan, 1), **FAST)


def test_a_missing_extra_is_said_with_its_mend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.audit.inspect_extra.find_spec", lambda name: None)
    plan = plan_of(mock())
    run = run_with_plan(tmp_path, plan, 1)
    for act in (lambda: ask(plan, run, **FAST), lambda: export_eval(run), lambda: import_eval(tmp_path)):
        with pytest.raises(WeighbridgeError, match=r"needs Inspect.*pip install 'weighbridge\[inspect\]'"):
            act()


def answered_run(folder: Path) -> Run:
    """A run with an answer of every class, of two models, one of them priced."""
    says = {
        0: good("```python\nx = 1\n```", reasoning_content="I think"),
        1: good("```python\nx =", finish="length"),
        2: good("", finish="content_filter"),
        3: Say(400, {"error": {"message": "maximum context length"}}),
        4: good("plain", usage=None),
    }
    with FaultServer(lambda body, time: says[int(question(body).split()[1])]) as server:
        plan = plan_of(model(server.base_url, price=Price(input=1, output=2)), model(server.base_url, name="org/n:1"))
        run = run_with_plan(folder, plan, 5)
        ask(plan, run, **FAST)
    return run


@needs_inspect
def test_a_log_that_is_written_and_read_again_is_the_same(tmp_path: Path) -> None:
    run = answered_run(tmp_path)
    folder = export_eval(run)
    assert sorted(path.name for path in folder.iterdir()) == ["m.eval", "org-n-1.eval"]
    back = import_eval(folder)
    assert_frame_equal(back.answers.sort("trial"), run.read("answers").sort("trial"))
    asked = back.questions.select("trial", "model", "system", "user").sort("trial")
    assert_frame_equal(asked, run.read("trials").select("trial", "model", "system", "user").sort("trial"))
    assert import_eval(folder / "m.eval").answers.height == 5


@needs_inspect
def test_inspect_itself_reads_the_log(tmp_path: Path) -> None:
    from inspect_ai.analysis import samples_df
    from inspect_ai.log import list_eval_logs, read_eval_log

    run = answered_run(tmp_path)
    verdicts = run.read("trials").select(
        "trial", verdict=pl.lit("vulnerable"), reason=pl.lit("it fell"), cwes=pl.lit(None, pl.List(pl.UInt32)),
        proofs=pl.lit(None, pl.List(pl.Struct({"cwe": pl.UInt32, "attack": pl.String, "observed": pl.String}))),
        attacks=pl.lit("{}"), program=pl.lit(None, pl.String), extraction=pl.lit(""), oracle_version=pl.lit(""),
        isolation=pl.lit(""), seconds=pl.lit(0.0),
    )  # fmt: skip
    run.write("verdicts", verdicts, step="judge")
    folder = export_eval(run)
    assert len(list_eval_logs(str(folder))) == 2
    log = read_eval_log(str(folder / "m.eval"))
    assert log.status == "success" and log.samples is not None and len(log.samples) == 5
    sample = log.samples[0]
    assert sample.scores is not None and sample.scores["verdict"].value == "vulnerable"
    frame = samples_df(str(folder))
    assert len(frame) == 10 and set(frame["score_verdict"]) == {"vulnerable"}
    assert import_eval(folder).scores.height == 10


@needs_inspect
def test_a_log_of_somebody_else_is_read_by_rule(tmp_path: Path) -> None:
    from inspect_ai import Task, eval
    from inspect_ai.dataset import Sample
    from inspect_ai.model import get_model
    from inspect_ai.scorer import includes

    ends: list[Any] = ["stop", "max_tokens", "content_filter"]
    outputs = [counted(f"answer {number}", end) for number, end in enumerate(ends)]
    samples = [Sample(input=f"do {number}", target="answer", id=number) for number in range(3)]
    mocked = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    eval(Task(dataset=samples, scorer=includes()), model=mocked, log_dir=str(tmp_path), display="none", max_samples=1)
    read = import_eval(tmp_path)
    rows = read.questions.join(read.answers, on="trial").sort("sample")
    assert rows["state"].to_list() == ["answered", "truncated", "refused"]
    assert rows["user"].to_list() == ["do 0", "do 1", "do 2"] and rows["completion"][0] == "answer 0"
    assert rows["output_tokens"].to_list() == [5, 5, 5] and rows["input_tokens"].to_list() == [100] * 3
    assert read.scores["scorer"].unique().to_list() == ["includes"] and read.scores.height == 3
    assert rows["trial"].n_unique() == 3


@needs_inspect
def test_a_damaged_or_missing_log_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "cut.eval").write_bytes(b"PK\x03\x04 cut short")
    with pytest.raises(DataError, match=r"cut\.eval: cannot be read as an Inspect log"):
        import_eval(tmp_path / "cut.eval")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"holds no \.eval log"):
        import_eval(tmp_path / "empty")
