"""The command prices a run, a model and a frontier, as a table and as JSON, and says what is wrong in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from weighbridge.cli import price as command
from weighbridge.errors import DataError, StepMissing, UnknownName
from weighbridge.price import quotes
from weighbridge.store.schemas import ANSWERS, TRIALS, VERDICTS
from weighbridge.store.tables import write_plan

LOG = """date,model_id,event,new_prompt,new_completion
2025-01-01,openai/o1,added,15,60
2025-01-01,deepseek/deepseek-r1,added,0.55,2.19
2025-01-01,deepseek/deepseek-v3,added,0.2,0.4
"""
RATINGS = """date,model,rating
2025-01-20,o1,1350
2025-01-20,deepseek-r1,1360
2025-01-20,deepseek-v3,1310
2025-01-20,gpt-4o,1340
2025-02-20,o1,1352
2025-02-20,deepseek-r1,1358
2025-02-20,deepseek-v3,1311
2025-02-20,gpt-4o,1341
"""


def run(*arguments: str) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["price", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A price log, ratings, and no registry installed: those that are change with every release."""
    monkeypatch.setattr(quotes, "_version", lambda package: None)
    monkeypatch.setattr(quotes, "_file", lambda module, name: None)
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "ratings").mkdir()
    (tmp_path / "ratings" / "r.csv").write_text(RATINGS)
    return tmp_path


def judged(folder: Path) -> Path:
    models = [{"name": "paid", "provider": "openai"}, {"name": "own", "provider": "local"}]
    frozen = write_plan(folder / "run", {"models": models}, "h")
    cells = [(f"{m}{t}", m, f"task{t}") for m in ("paid", "own") for t in range(10)]
    frames = {
        "trials": (TRIALS, [{"trial": i, "model": m, "task": t, "context": "neutral"} for i, m, t in cells]),
        "answers": (ANSWERS, [{"trial": i, "state": "answered", "input_tokens": 1000, "output_tokens": 500,
                               "dollars": 0.01 if m == "paid" else 0.0} for i, m, _ in cells]),
        "verdicts": (VERDICTS, [{"trial": i, "verdict": "secure" if t < "task5" else "broken"} for i, _, t in cells]),
    }  # fmt: skip
    for table, (schema, rows) in frames.items():
        frozen.write(table, pl.DataFrame(rows, schema=schema))
    return folder / "run"


def test_a_run_is_priced_without_naming_the_command(tmp_path: Path) -> None:
    result = run(str(judged(tmp_path)), "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    paid, own = found["bills"]
    assert paid["per_task"][0]["value"] == pytest.approx(0.02)
    assert own["dollars"] is None
    assert "your own machine" in own["note"]
    assert {pair["word"] for pair in found["pairs"]} == {"not enough data"}


def test_a_price_of_ones_own_replaces_what_is_not_known(tmp_path: Path) -> None:
    found = json.loads(run(str(judged(tmp_path)), "--price", "own=1/2", "--json").stdout)
    assert found["bills"][1]["dollars"] == pytest.approx(10 * (1000 * 1 + 500 * 2) / 1e6)


def test_the_table_says_unknown_and_never_0(tmp_path: Path) -> None:
    shown = run(str(judged(tmp_path))).stdout
    assert "unknown" in shown
    assert "the price of 1 of 2 models is not known: own" in shown


def test_a_model_is_priced_with_its_history(folder: Path) -> None:
    found = json.loads(
        run("--model", "deepseek/deepseek-r1", "--prices", str(folder), "--on", "2025-01-05", "--json").stdout
    )
    assert found["priced"]
    assert found["quotes"][0]["blended"] == pytest.approx((3 * 0.55 + 2.19) / 4)
    assert any("litellm is not installed" in text for text in found["remarks"])


def test_a_model_without_a_price_is_unknown(folder: Path) -> None:
    result = run("--model", "gpt-4o", "--prices", str(folder), "--on", "2025-01-05")
    assert "no registry that was asked gives a price" in result.stdout
    found = json.loads(run("--model", "gpt-4o", "--prices", str(folder), "--json").stdout)
    assert (found["priced"], found["quotes"]) == (False, [])


def test_ratings_outside_the_price_log_are_an_error_that_names_its_days(folder: Path) -> None:
    # The log ends on the day of its last event: what a price was after that is not known.
    result = run("frontier", "--ratings", str(folder / "ratings/r.csv"), "--prices", str(folder), "--between", "US,CN")
    assert isinstance(result.exception, DataError)
    assert "2025-01-01 to 2025-01-01" in str(result.exception)


def test_the_frontier_over_time_is_a_table_and_a_page_that_needs_nothing_else(folder: Path) -> None:
    with (folder / "log.csv").open("a") as log:
        log.write("2025-06-01,openai/gpt-4o,added,2.5,10\n")
    page = folder / "page.html"
    arguments = ("frontier", "--ratings", str(folder / "ratings/r.csv"), "--prices", str(folder), "--between", "US,CN")
    found = json.loads(run(*arguments, "--below", "0,40", "--html", str(page), "--json").stdout)
    assert found["unpriced"] == ["gpt-4o"]
    assert [(row["date"], row["rating"]) for row in found["equal_capability"]] == [
        ("2025-01-20", 1350.0), ("2025-01-20", 1310.0), ("2025-02-20", 1352.0), ("2025-02-20", 1312.0),
    ]  # fmt: skip
    assert found["equal_capability"][0]["ratio"] == pytest.approx(26.25 / 0.96)
    html = page.read_text("utf-8")
    assert "<svg" in html and "<script" not in html and "gpt-4o" in html


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ([], None, ""),
        (["run", "--model", "x"], DataError, "give either run folders"),
        (["--model", "no-such-model-at-all"], UnknownName, "does not know the model"),
        (["--model", "deepseek-r1", "--on", "tomorrow"], DataError, "is not a day"),
        (["--model", "deepseek-r1", "--blend", "3"], DataError, "--blend '3'"),
        (["--model", "deepseek-r1", "--prices", "LOG", "--host", "moon"], UnknownName, "hosts: openrouter"),
        (["nowhere"], StepMissing, "is not a run folder"),
        (["nowhere", "--price", "x=cheap"], DataError, "--price 'x=cheap'"),
        (
            ["break-even", "--tokens-per-month", "1", "--gpu-dollars-per-hour", "1", "--tokens-per-second", "1"],
            DataError,
            "give the API's price",
        ),
    ],
)
def test_a_wrong_call_is_one_sentence(
    folder: Path, arguments: list[str], error: type[Exception] | None, said: str
) -> None:
    result = run(*(str(folder) if word == "LOG" else word for word in arguments))
    if error is None:
        assert "break-even" in result.output
        return
    assert isinstance(result.exception, error), result.output
    assert said in str(result.exception)
