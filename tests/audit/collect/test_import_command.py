"""``weighbridge import`` from the command line: into a collection, into a planned run, shown without being written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from typer.testing import CliRunner, Result

from weighbridge.audit.plan import expand, freeze, read
from weighbridge.cli import build
from weighbridge.errors import DataError, RunMismatch, StepMissing, WeighbridgeError
from weighbridge.store.tables import Run, open_run

ROW = {"model": "m", "task": "t", "repeat": 0, "code": "print(1)\n", "secure": True}
PLAN = """
name = "planned"
[tasks]
scenarios = ["file_download"]
stacks = ["python-flask"]
kinds = ["write"]
[contexts]
choose = ["placebo/*"]
[[models]]
name = "m"
provider = "specimen"
model = "clean"
"""


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def run_command(*words: object) -> Result:
    return CliRunner().invoke(build(), [str(word) for word in words])


def failure(result: Result) -> WeighbridgeError:
    assert isinstance(result.exception, WeighbridgeError), result.output
    return result.exception


def planned(folder: Path) -> Run:
    (folder / "plan.toml").write_text(PLAN)
    plan = read(folder / "plan.toml")
    return freeze(plan, expand(plan), folder / "run")


def test_an_import_says_what_became_of_every_row_and_what_comes_next(tmp_path: Path) -> None:
    rows = [ROW, ROW, {**ROW, "repeat": 1, "code": ""}, {**ROW, "repeat": 2, "secure": None}]
    path = lines(tmp_path / "a.jsonl", rows)
    result = run_command("import", path, "--run", tmp_path / "run", "--source", "them")
    assert result.exit_code == 0, result.output
    assert "4 rows of a.jsonl" in result.output
    assert "2 (1 distinct)" in result.output
    assert "1 empty, 0 no program" in result.output
    assert "1 duplicates, 0 unreadable" in result.output
    assert "2 secure, 1 without one; they are them's, not Weighbridge's" in result.output
    assert f"weighbridge compare --run {tmp_path / 'run'}" in result.output
    again = run_command("import", path, "--run", tmp_path / "run", "--source", "them", "--json")
    assert "nothing to do" in again.stderr
    facts = json.loads(again.stdout)
    assert facts["rows"] == sum(facts["counts"].values()) == 4


def test_a_dry_run_shows_the_mapping_and_writes_nothing(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{**ROW, "why": "x"}])
    asked = ("import", path, "--run", tmp_path / "run", "--source", "them", "--dry-run")
    shown = run_command(*asked)
    assert "not read" in shown.output and "why" in shown.output and "verdict" in shown.output
    facts = json.loads(run_command(*asked, "--json").stdout)
    assert facts["first_rows"][0]["verdict"] == "secure"
    assert not (tmp_path / "run").exists()


def test_what_others_wrote_cannot_steer_the_terminal(tmp_path: Path) -> None:
    row = {**ROW, "model": "m\x1b[2J\u202e[red]x", "x\x1b]0;t\x07": 1}
    path = lines(tmp_path / "a.jsonl", [row])
    for more in ((), ("--dry-run",)):
        output = run_command("import", path, "--run", tmp_path / "run", "--source", "a\x1b[2Jb", *more).output
        assert "[red]x" in output
        assert not {"\x1b", "\x07", "\u202e"} & set(output)


def test_a_help_text_names_every_field() -> None:
    from weighbridge.audit.collect.fields import FIELDS

    words = run_command("import", "--help").output
    assert [name for name in FIELDS if name not in words] == []


@pytest.mark.parametrize("command", ["judge", "estimate", "ask"])
def test_steps_of_an_audit_say_that_a_collection_has_no_plan(tmp_path: Path, command: str) -> None:
    run_command("import", lines(tmp_path / "a.jsonl", [ROW]), "--run", tmp_path / "run", "--source", "them")
    error = failure(run_command(command, "--run", tmp_path / "run"))
    assert isinstance(error, StepMissing)
    assert "compare --run" in str(error)


def test_another_import_into_the_same_folder_is_refused(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [ROW])
    run_command("import", path, "--run", tmp_path / "run", "--source", "them")
    lines(path, [ROW, {**ROW, "repeat": 1}])
    assert isinstance(failure(run_command("import", path, "--run", tmp_path / "run", "--source", "them")), RunMismatch)


def answers_of(run: Run) -> list[dict[str, Any]]:
    trials = run.read("trials").sort("order").head(6).to_dicts()
    texts = ["```python\npass\n```", "", "cut", "no", "a\x00b", "x"]
    stops = ["stop", "stop", "length", "content_filter", "stop", None]
    return [
        {"model": trial["model"], "system": trial["system"] or None, "prompt": trial["user"], "completion": text,
         "stop_reason": stop, "output_tokens": 7, "secure": True, "dollars": "0.5"}
        for trial, text, stop in zip(trials, texts, stops, strict=True)
    ]  # fmt: skip


STATES = ["answered", "error", "truncated", "refused", "answered", "answered"]


@pytest.mark.parametrize("kind", ["jsonl", "parquet", "csv"])
def test_answers_to_our_tasks_enter_a_planned_run_with_their_class(tmp_path: Path, kind: str) -> None:
    run = planned(tmp_path)
    rows = answers_of(run)
    stranger = {**rows[0], "prompt": "something else"}
    frame = pl.DataFrame([*rows, stranger])
    path = tmp_path / f"a.{kind}"
    {"jsonl": frame.write_ndjson, "parquet": frame.write_parquet, "csv": frame.write_csv}[kind](path)
    dry = run_command("import", path, "--run", run.folder, "--dry-run")
    assert "6 answers would be taken, 1 belong to no trial" in dry.output
    assert not run.has("answers")
    result = run_command("import", path, "--run", run.folder)
    assert "6 answers taken" in result.output and "weighbridge judge --run" in result.output
    assert "left out" in result.output and "column secure" in result.output
    trials = run.read("trials").sort("order")
    taken = trials.join(run.read("answers"), on="trial", maintain_order="left")
    assert taken["state"].to_list() == STATES
    assert taken["output_tokens"].to_list() == [7] * 6
    assert taken["dollars"].to_list() == [0.5] * 6
    assert taken["completion"][0] == "```python\npass\n```"
    again = run_command("import", path, "--run", run.folder)
    assert again.exit_code == 0 and "nothing to do" in again.output
    frame.head(3).write_parquet(tmp_path / "other.parquet")
    other = failure(run_command("import", tmp_path / "other.parquet", "--run", run.folder))
    assert isinstance(other, DataError) and "has answers already" in str(other)


STRANGERS = [
    ({"model": "another"}, "it names the models 'another' and the plan 'm'"),
    ({"prompt": "another"}, "a row belongs to a trial by its id"),
    ({"output_tokens": "many"}, "line 1: column 'output_tokens' holds 'many'"),
    ({"dollars": "much"}, "line 1: column 'dollars' holds 'much', which is no number"),
]


@pytest.mark.parametrize(("cells", "said"), STRANGERS)
def test_answers_that_fit_no_trial_say_what_does_not_fit(tmp_path: Path, cells: dict[str, Any], said: str) -> None:
    run = planned(tmp_path)
    path = lines(tmp_path / "a.jsonl", [{**answers_of(run)[0], **cells}])
    assert said in str(failure(run_command("import", path, "--run", run.folder)))
    assert not run.has("answers")


def test_answers_are_found_by_the_trials_id_alone(tmp_path: Path) -> None:
    run = planned(tmp_path)
    trials = run.read("trials")["trial"].head(2).to_list()
    path = lines(tmp_path / "a.jsonl", [{"trial": trial, "answer": "x"} for trial in trials])
    assert run_command("import", path, "--run", run.folder).exit_code == 0
    assert sorted(run.read("answers")["trial"]) == sorted(trials)


def log_file(folder: Path) -> Path:
    pytest.importorskip("inspect_ai", reason="needs the extra [inspect]")
    from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
    from inspect_ai.model import ChatCompletionChoice, ChatMessageAssistant, ModelOutput
    from inspect_ai.scorer import Score

    def sample(number: int, epoch: int, text: str, value: str) -> EvalSample:
        message = ChatMessageAssistant(content=text)
        output = ModelOutput(model="v/m", choices=[ChatCompletionChoice(message=message, stop_reason="stop")])
        return EvalSample(
            id=number, epoch=epoch, input="Write it.", target="", messages=[message], output=output,
            scores={"exploit": Score(value=value)}, metadata={"language": "en", "lang": "Go", "cwe": 89},
        )  # fmt: skip

    fence = "```go\npackage main\n```"
    samples = [sample(1, 1, fence, "C"), sample(1, 2, fence, "I"), sample(2, 1, "Sorry, I can't help with that.", "I")]
    spec = EvalSpec(
        created="2026-01-01T00:00:00", task="cwe", dataset=EvalDataset(name="d"), model="v/m", config=EvalConfig()
    )
    write_eval_log(EvalLog(status="success", eval=spec, samples=samples), str(folder / "a.eval"))
    return folder / "a.eval"


def test_an_inspect_log_becomes_a_collection_and_a_score_may_be_its_verdict(tmp_path: Path) -> None:
    path = log_file(tmp_path)
    words = ("--map", "secure=score.exploit", "--map", "language=metadata.lang", "--map", "cwes=metadata.cwe")
    result = run_command("import", path, "--run", tmp_path / "run", *words, "--source", "their scorer")
    assert result.exit_code == 0, result.output
    rows = open_run(tmp_path / "run").read("collected").sort("task", "repeat").to_dicts()
    assert [row["task"] for row in rows] == ["cwe/1", "cwe/1", "cwe/2"]
    assert [row["verdict"] for row in rows] == ["secure", "vulnerable", "vulnerable"]
    assert [row["state"] for row in rows] == ["program", "program", "no program"]
    assert rows[2]["extraction"] == "0 no program; reads as a refusal"
    assert [row["repeat"] for row in rows] == [1, 2, 1]
    assert {(row["language"], tuple(row["cwes"])) for row in rows} == {("go", (89,))}


def test_a_spoiled_log_and_a_missing_extra_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = log_file(tmp_path)
    path.write_bytes(path.read_bytes()[:200])
    assert "cannot be read as an Inspect log" in str(failure(run_command("import", path, "--run", tmp_path / "run")))
    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    assert "[inspect]" in str(failure(run_command("import", path, "--run", tmp_path / "run")))


def test_both_commands_take_a_log_into_a_planned_run_alike(tmp_path: Path) -> None:
    pytest.importorskip("inspect_ai", reason="needs the extra [inspect]")
    from weighbridge.audit.inspect_logs import export_eval

    run = planned(tmp_path)
    source = lines(tmp_path / "a.jsonl", answers_of(run))
    run_command("import", source, "--run", run.folder)
    logs = export_eval(run)
    for number, words in enumerate([("import", logs), ("eval-log", "import", logs)]):
        (tmp_path / str(number)).mkdir()
        other = planned(tmp_path / str(number))
        result = run_command(*words, "--run", other.folder)
        assert "6 answers taken" in result.output, result.output
        assert other.read("answers").sort("trial").equals(run.read("answers").sort("trial"))


def test_answers_without_a_verdict_are_nobodys_and_are_not_to_be_compared(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{**ROW, "secure": None}])
    result = run_command("import", path, "--run", tmp_path / "run", "--map", "secure=")
    assert result.exit_code == 0, result.output
    assert "nobody" not in result.output and "compare --run" not in result.output
    assert "1 row of a.jsonl" in result.output and "1 in 1 cluster\n" in result.output


def test_an_unknown_layout_is_answered_with_the_line_to_write(tmp_path: Path) -> None:
    path = lines(tmp_path / "a.jsonl", [{"meta": {"model": "m", "test_case": "t"}, "message": {"content": "x"}}])
    said = str(failure(run_command("import", path, "--run", tmp_path / "run")))
    assert "--map model=meta.model --map task=meta.test_case --map answer=message.content" in said
