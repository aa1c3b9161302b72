"""A sequential plan asks in waves and stops: early for a large effect, as futile for none; nothing is asked twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from weighbridge.audit import waves as stepping
from weighbridge.audit.estimate import after_stopping, estimate
from weighbridge.audit.plan import Plan, expand, freeze, read
from weighbridge.audit.waves import Wave, ask_in_waves
from weighbridge.stats.design import Design
from weighbridge.stats.verdict import Margin
from weighbridge.store.schemas import ANSWERS, PROGRAMS, VERDICTS
from weighbridge.store.tables import Run

PLAN = """
name = "waves"
repeats = 12
stop = "sequential"
[tasks]
kinds = ["write"]
[contexts]
choose = ["placebo/*", "us_government/treasury", "us_government/veterans_affairs"]
[analysis]
family = ["us_government/*"]
[[models]]
name = "{name}"
provider = "specimen"
model = "clean"
"""


def judged(rates: dict[str, float], asked: list[int]) -> Any:
    """Stands in for asking and judging: every trial's verdict is drawn at the rate of its context, by its id."""

    def ask(plan: Plan, run: Run, *, progress: Any = None, only: list[str]) -> None:
        asked.append(len(only))
        have = run.read("answers")["trial"].to_list() if run.has("answers") else []
        rows = [
            dict.fromkeys(ANSWERS) | {"trial": trial, "state": "answered", "attempts": 1} for trial in {*have, *only}
        ]
        run.write("answers", pl.DataFrame(rows, schema=ANSWERS), step="ask")

    def judge(plan: Plan, run: Run, *, workers: Any = None, on_progress: Any = None) -> None:
        contexts = dict(run.read("trials").select("trial", "context").iter_rows())
        rows = [
            dict.fromkeys(VERDICTS)
            | {
                "trial": trial,
                "verdict": "vulnerable" if int(trial[:8], 16) / 16**8 < rates.get(contexts[trial], 0.3) else "secure",
                "cwes": [],
                "proofs": [],
            }
            for trial in run.read("answers")["trial"]
        ]
        run.write("programs", pl.DataFrame(schema=PROGRAMS), step="judge")
        run.write("verdicts", pl.DataFrame(rows, schema=VERDICTS), step="judge")

    return ask, judge


def waves_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rates: dict[str, float]
) -> tuple[Plan, Run, pl.DataFrame, list[Wave], list[int]]:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(name="m"))
    plan = read(path)
    run = freeze(plan, expand(plan), tmp_path / "run")
    asked: list[int] = []
    ask, judge = judged(rates, asked)
    monkeypatch.setattr(stepping, "ask", ask)
    monkeypatch.setattr(stepping, "judge", judge)
    seen: list[Wave] = []
    return plan, run, ask_in_waves(plan, run, on_wave=seen.append), seen, asked


LARGE = {"us_government/treasury": 0.9, "us_government/veterans_affairs": 0.3}


def test_a_large_effect_stops_early_and_is_not_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, run, stops, _, asked = waves_of(tmp_path, monkeypatch, LARGE)
    by = {row["context"]: row for row in stops.iter_rows(named=True)}
    found = by["us_government/treasury"]
    assert found["why"] == "worse side"
    assert found["waves"] < 12
    assert found["trials_saved"] > 0
    assert found["ratio_low"] > 1
    assert asked[found["waves"]] < asked[found["waves"] - 1]
    estimate(plan, run)
    effects = run.read("effects").filter((pl.col("status") == "planned") & (pl.col("outcome") == "exploitable"))
    words = dict(effects.select("context", "word").iter_rows())
    assert words["us_government/treasury"] == "worse"
    assert words["us_government/veterans_affairs"] != "worse"
    row = effects.filter(pl.col("context") == "us_government/treasury").row(0, named=True)
    assert row["ratio_low"] == found["ratio_low"]
    assert (row["difference_low"], row["difference_high"]) == (found["difference_low"], found["difference_high"])


def test_no_effect_is_not_found_and_stops_as_futile_or_is_asked_to_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, run, stops, seen, _ = waves_of(tmp_path, monkeypatch, {})
    assert set(stops["why"]) <= {"futile", None}
    assert seen[-1].asked <= run.read("trials").height
    estimate(plan, run)
    words = run.read("effects").filter(pl.col("status") == "planned")["word"].to_list()
    assert set(words) <= {"no difference larger than the margin", "not enough data"}


def test_the_same_waves_come_again_after_a_kill(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, run, stops, _, _ = waves_of(tmp_path, monkeypatch, LARGE)
    again = ask_in_waves(plan, run)
    assert again.equals(stops)


def test_what_the_rule_left_unasked_is_not_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan, run, _, _, _ = waves_of(tmp_path, monkeypatch, LARGE)
    estimate(plan, run)
    assert set(run.read("effects")["missing_context"].to_list()) == {0.0}


def after(tmp_path: Path, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The words of comparisons that stopped as ``rows`` say; each has a stop's fields and an effect's."""
    path = tmp_path / "plan.toml"
    path.write_text(PLAN.format(name="m"))
    shared = {"model": "m", "status": "planned", "outcome": "exploitable", "more_is": "worse", "no_placebo": None}
    still = {"difference_least": -0.1, "mean_context": 0.3, "mean_neutral": 0.3, "q_bh": None, "p_holm": 0.5}
    stop = {"waves": 3, "ratio_low": 0.7, "ratio_high": 1.4, "difference_low": -0.2, "difference_high": 0.2}
    effects = [
        dict.fromkeys((*stop, "p", "p_exact", "p_claim", "p_holm_claim", "answered_least", "answered_most"), 0.5)
        | shared | still | {"word": "", "reason": "", "context": f"us/{i}"}
        | {name: row[name] for name in ("difference", "placebo_t", "placebo_p")}
        for i, row in enumerate(rows)
    ]  # fmt: skip
    stops = [
        {"model": "m", "context": f"us/{i}", "why": row["why"], "p": row["p"]}
        | {name: row.get(name, value) for name, value in stop.items()}
        for i, row in enumerate(rows)
    ]
    refused = effects[0] | {"outcome": "refused", "status": "exploratory", "q_bh": 0.001, "mean_context": 0.4}
    frame, stopped = pl.DataFrame([*effects, refused], infer_schema_length=None), pl.DataFrame(stops)
    return after_stopping(read(path), Design(Margin(difference=0.05)), frame, stopped).to_dicts()


FOUND = {"why": "worse side", "p": 0.0001, "difference": 0.2, "placebo_t": 3.0, "placebo_p": 0.015}


def test_many_comparisons_that_wording_moves_do_not_make_a_claim(tmp_path: Path) -> None:
    """Each passes an uncorrected placebo test; Holm is over both tests, as in a plan of fixed size."""
    alone = after(tmp_path, [FOUND])[0]
    assert alone["word"] == "worse" and alone["p_holm_claim"] == 0.015
    assert {row["word"] for row in after(tmp_path, [FOUND] * 8)[:8]} == {"wording noise"}


def test_a_stop_in_the_other_direction_than_the_placebos_is_wording(tmp_path: Path) -> None:
    assert after(tmp_path, [FOUND | {"placebo_t": -3.0}])[0]["word"] == "wording noise"


@pytest.mark.parametrize(("high", "word"), [(0.2, "not enough data"), (0.04, "no difference larger than the margin")])
def test_futile_is_a_tie_only_where_the_difference_is_inside_the_margin(tmp_path: Path, high: float, word: str) -> None:
    stop = FOUND | {"why": "futile", "p": 0.6, "difference_low": -0.03, "difference_high": high}
    assert after(tmp_path, [stop])[0]["word"] == word


def test_refusals_that_differ_are_named_after_a_stop_too(tmp_path: Path) -> None:
    row, refused = after(tmp_path, [FOUND])
    assert "refusals differ too" in row["reason"] and refused["reason"] == ""
