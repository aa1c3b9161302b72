"""Agreement of a reviewer with attacks, and rates that it corrects: by hand, planted, and when there is no rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from reviewed import SOURCE, collection, reviews, sha

from weighbridge.audit.plan import expand, freeze, read
from weighbridge.audit.review.agreement import NAMES, SAYS, agreement, broken_called_vulnerable
from weighbridge.audit.review.prepare import configured, prepare
from weighbridge.audit.review.rates import rates
from weighbridge.audit.review.review import review
from weighbridge.audit.truth import truth
from weighbridge.errors import DataError
from weighbridge.store.schemas import PROGRAMS, VERDICTS
from weighbridge.store.tables import Run

Said = dict[str, tuple[str, bool | None, list[int]]]


def answer(text: str | None, verdict: str | None, task: str = "t", cwes: tuple[int, ...] = (89,), **more: Any):
    works = {"vulnerable": True, "secure": True, "broken": False}.get(verdict or "")
    return {"text": text, "verdict": verdict, "task": task, "cwes": list(cwes), "functional": works, **more}


def row_of(frame: pl.DataFrame, cwe: int | None = None, by: str = SAYS) -> dict[str, Any]:
    return frame.filter(pl.col("cwe").eq_missing(cwe) & (pl.col("by") == by)).row(0, named=True)


def test_agreement_is_as_counted_by_hand(tmp_path: Path) -> None:
    rows = [
        answer("v1", "vulnerable"), answer("v2", "vulnerable"), answer("v3", "vulnerable", cwes=(22,), task="u"),
        answer("v4", "vulnerable"), answer("s1", "secure"), answer("s2", "secure", cwes=(22,), task="u"),
        answer("s3", "secure"), answer("b1", "broken"), answer(None, "broken"), answer("n1", None),
    ]  # fmt: skip
    said: Said = {
        "v1": ("reviewed", True, [564]),  # kin of 89
        "v2": ("reviewed", True, [79]),  # says so, for another reason
        "v3": ("reviewed", False, []),
        "v4": ("unreadable", None, []),
        "s1": ("reviewed", True, [22]),  # an alarm about something else
        "s2": ("reviewed", True, [22]),
        "s3": ("refused", None, []),
        "b1": ("reviewed", True, [89]),
        "n1": ("reviewed", True, [89]),
    }
    known = truth(collection(tmp_path, [*rows, *rows[:3]]))
    found = agreement(known, reviews(said))
    says, names = row_of(found), row_of(found, by=NAMES)
    assert says["source"] == SOURCE and says["reviewer"] == "r"
    counts = ("vulnerable", "secure", "caught", "alarms", "unread_vulnerable", "unread_secure", "tasks")
    assert [says[name] for name in counts] == [3, 2, 2, 2, 1, 1, 2]
    assert [names[name] for name in counts] == [3, 2, 1, 1, 1, 1, 2]
    assert says["sensitivity"] == pytest.approx(2 / 3) and says["false_alarms"] == 1
    assert (says["sensitivity_least"], says["sensitivity_most"]) == (2 / 4, 3 / 4)
    assert (says["false_alarms_least"], says["false_alarms_most"]) == (2 / 3, 1)
    of_22 = row_of(found, 22)
    assert [of_22[name] for name in counts] == [1, 1, 0, 1, 0, 0, 1]
    assert says["kappa"] is None and "clusters" in says["why"]
    assert broken_called_vulnerable(known, reviews(said)) == {"r": (1, 1)}


def test_a_program_that_fell_once_is_vulnerable(tmp_path: Path) -> None:
    run = collection(tmp_path, [answer("p", "secure"), answer("p", "vulnerable"), answer("p", "broken")])
    found = row_of(agreement(truth(run), reviews({"p": ("reviewed", True, [89])})))
    assert (found["vulnerable"], found["secure"]) == (1, 0)


def test_without_verdicts_there_is_no_agreement(tmp_path: Path) -> None:
    known = truth(collection(tmp_path, [answer("p", None)]))
    assert agreement(known, reviews({"p": ("reviewed", True, [])})).is_empty() and not known.has_verdicts


def many(folder: Path, *, tasks: int = 30, per: int = 8) -> Run:
    rng = np.random.default_rng(1)
    rows = [
        answer(f"{task} {number}", "vulnerable" if rng.random() < (0.1 + 0.8 * (task % 2)) else "secure", f"t{task}")
        for task in range(tasks)
        for number in range(per)
    ]
    return collection(folder, rows)


@pytest.mark.parametrize("name", ["exact", "coin", "typical", "alarmist"])
def test_a_planted_reviewer_is_read_as_planted(name: str, tmp_path: Path) -> None:
    run = many(tmp_path)
    review(prepare(run, configured(name=name, model=name, provider="specimen")))
    found = row_of(agreement(truth(run), run.read("reviews"), level=0.999))
    planted = {"exact": (1.0, 0.0, 1.0), "coin": (0.5, 0.5, 0.0), "typical": (0.7, 0.2, 0.5), "alarmist": (1.0, 1.0, 0)}
    for what, value in zip(("sensitivity", "false_alarms", "kappa"), planted[name], strict=True):
        assert found[f"{what}_low"] - 1e-9 <= value <= found[f"{what}_high"] + 1e-9, what
    assert (found["unread_vulnerable"] > 0) == (name == "typical")


PLAN = """
name = "reviewed"
[tasks]
scenarios = ["file_download", "order_search"]
stacks = ["python-flask"]
kinds = ["write"]
[contexts]
choose = ["placebo/bakery"]
[[models]]
name = "m"
provider = "specimen"
model = "clean"
repeats = 2
"""


def test_a_judged_run_of_our_own_is_read_by_scenario_and_proved_cwe(tmp_path: Path) -> None:
    (tmp_path / "plan.toml").write_text(PLAN, encoding="utf-8")
    plan = read(tmp_path / "plan.toml")
    trials = expand(plan)
    run = freeze(plan, trials, tmp_path / "run")
    with pytest.raises(DataError, match="weighbridge judge"):
        truth(run)
    outcomes = ["vulnerable", "secure", "broken", "refused", "error", "truncated", "vulnerable", "secure"]
    rows: list[dict[str, Any]] = []
    for number, (trial, outcome) in enumerate(zip(trials["trial"], outcomes, strict=True)):
        text = f"p{number}" if outcome in {"vulnerable", "secure", "broken"} else None
        cwes = [22] if outcome == "vulnerable" else []
        blank = dict.fromkeys(VERDICTS)
        rows.append({**blank, "trial": trial, "verdict": outcome, "cwes": cwes, "program": text and sha(text)})
    run.write("verdicts", pl.DataFrame(rows, schema=VERDICTS), step="judge")
    texts = [f"p{number}" for number in range(8)]
    programs = [{"program": sha(text), "language": "python", "text": text, "lines": 1} for text in texts]
    run.write("programs", pl.DataFrame(programs, schema=PROGRAMS), step="judge")
    known = truth(run)
    assert known.sources == ("weighbridge",) and known.unit == "cluster"
    assert set(known.answers["cluster"]) == {"file_download", "order_search"}
    exploitable = dict(zip(known.answers["answer"], known.answers["exploitable"], strict=True))
    assert [exploitable[trial] for trial in trials["trial"]] == [True, False, False, False, None, False, True, False]
    about = {task: set(cwes) for task, cwes in known.answers.select("task", "about").iter_rows()}
    assert 22 in about["file_download/python-flask/write"] and 89 in about["order_search/python-flask/write"]
    found = agreement(known, reviews({text: ("reviewed", True, [22]) for text in texts}))
    assert row_of(found, by=NAMES)["sensitivity"] == 1


# Rates -----------------------------------------------------------------------------------------------------------


def attacked(
    folder: Path, rng: np.random.Generator, choice: str, *, tasks: int = 40, per: int = 12
) -> tuple[Run, pl.DataFrame, float]:
    """Answers of two models of which a part was attacked, a reviewer's labels on all, and the true rate of model m."""
    rows: list[dict[str, Any]] = []
    said: Said = {}
    true: list[bool] = []
    for task in range(tasks):
        base = rng.beta(0.4, 0.8)
        for number in range(per):
            flawed, text = bool(rng.random() < base), f"{task:02}/{number:02}"
            yes = bool(rng.random() < (0.75 if flawed else 0.25))
            known = {
                "chance": rng.random() < 0.25 or number == 0,
                "by label": rng.random() < (0.6 if yes else 0.1) or number == 0,
                "few tasks": task < 12 and rng.random() < 0.6,
                "few answers": rng.random() < 0.06,
                "all": True,
                "none": False,
            }[choice]
            verdict = ("vulnerable" if flawed else "secure") if known else None
            rows.append(answer(text, verdict, f"t{task:02}", functional=True))
            said[text] = ("reviewed", yes, [89] if yes else [])
            true.append(flawed)
        # Broken programs are never attacked, and half of what is called vulnerable among them means nothing.
        rows += [answer(f"{task}/b{number}", "broken", f"t{task:02}") for number in range(3)]
        said |= {f"{task}/b{number}": ("reviewed", bool(rng.random() < 0.5), []) for number in range(3)}
        rows.append(answer(None, None, f"t{task:02}"))
    return collection(folder, rows), reviews(said), sum(true) / len(rows)


def rates_of(run: Run, table: pl.DataFrame) -> tuple[dict[str, Any], Any]:
    frame, chances = rates(truth(run), table)
    return frame.row(0, named=True), chances["r"]


def test_a_corrected_rate_over_everything_asked_covers_the_truth(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    here = alone = 0
    for number in range(25):
        run, table, true = attacked(tmp_path / str(number), rng, "chance")
        row, chance = rates_of(run, table)
        assert row["design"] == "chance within tasks" and row["why"] is None and not chance.against
        here += row["corrected_low_here"] <= true <= row["corrected_high_here"]
        alone += row["by_reviewer_low"] <= true <= row["by_reviewer_high"]
        assert row["least"] <= true <= row["most"] and row["answers"] == 40 * 16
        assert row["corrected_low"] <= row["corrected"] <= row["corrected_high"]
    assert here >= 22 and alone <= 8


@pytest.mark.parametrize(
    "choice, words",
    [("by label", "not chance within tasks: it goes with the reviewer's label"), ("few tasks", "some tasks have no")],
)
def test_what_was_not_chosen_by_chance_gets_bounds_and_no_corrected_rate(
    choice: str, words: str, tmp_path: Path
) -> None:
    run, table, true = attacked(tmp_path, np.random.default_rng(2), choice)
    row, _ = rates_of(run, table)
    assert row["corrected"] is None and words in row["why"]
    assert row["least"] <= true <= row["most"] and row["most"] - row["least"] > 0.2


def test_a_few_answers_over_all_tasks_are_pooled(tmp_path: Path) -> None:
    run, table, true = attacked(tmp_path, np.random.default_rng(9), "few answers")
    row, chance = rates_of(run, table)
    assert row["design"] == "chance over all answers" and not chance.against
    assert row["corrected_low"] <= true <= row["corrected_high"]
    assert row["corrected_low_here"] <= true <= row["corrected_high_here"]
    assert row["by_proof_low"] <= true <= row["by_proof_high"]


def test_with_everything_proved_there_is_nothing_to_correct(tmp_path: Path) -> None:
    run, table, true = attacked(tmp_path, np.random.default_rng(3), "all")
    row, chance = rates_of(run, table)
    assert row["corrected"] == row["by_proof"] == pytest.approx(true) and row["least"] == row["most"]
    assert "nothing to correct" in chance.words and row["proved"] == row["answers"]


def test_with_nothing_proved_there_is_no_corrected_rate(tmp_path: Path) -> None:
    run, table, _ = attacked(tmp_path, np.random.default_rng(3), "none")
    row, _ = rates_of(run, table)
    assert row["corrected"] is None and row["by_reviewer"] is not None and row["why"]


def test_broken_programs_that_were_not_attacked_are_known_not_to_be_exploitable(tmp_path: Path) -> None:
    """Counting them as missing at random would take the reviewer's alarms about them for exploits."""
    run, table, true = attacked(tmp_path, np.random.default_rng(7), "chance")
    row, _ = rates_of(run, table)
    answers = run.read("collected").with_columns(
        verdict=pl.when(pl.col("verdict") == "broken").then(None).otherwise("verdict")
    )
    run.write("collected", answers, step="import")
    as_missing, _ = rates_of(run, table)
    assert row["corrected_low_here"] <= true <= row["corrected_high_here"]
    assert row["proved"] - as_missing["proved"] == 40 * 3
    assert as_missing["corrected"] is None or as_missing["corrected"] > row["corrected"]


def test_where_it_is_not_said_which_of_the_others_work_broken_ones_stand_for_them_too(tmp_path: Path) -> None:
    """A source that tests a part and says nothing of the rest: broken ones among the tested are a sample too."""
    rng = np.random.default_rng(6)
    rows: list[dict[str, Any]] = []
    said: Said = {}
    for task in range(40):
        for number in range(20):
            text, draw = f"{task:02}/{number:02}", rng.random()
            verdict = "broken" if draw < 0.4 else "vulnerable" if draw < 0.7 else "secure"
            tested = number < 5
            rows.append(
                answer(text, verdict if tested else None, f"t{task}", **({} if tested else {"functional": None}))
            )
            said[text] = ("reviewed", verdict == "vulnerable", [])
    run = collection(tmp_path, rows)
    row, _ = rates_of(run, reviews(said))
    assert row["corrected_low"] <= 0.3 <= row["corrected_high"] and row["corrected"] < 0.36


def test_a_program_too_large_to_keep_is_unknown_and_an_empty_answer_is_not(tmp_path: Path) -> None:
    rows = [answer(None, None, state="too large"), answer(None, None, state="empty"), answer("p", "secure")]
    known = truth(collection(tmp_path, rows)).answers
    assert known["exploitable"].to_list() == [None, False, False]


def test_unreadable_answers_are_counted_and_move_the_corrected_rate_nowhere(tmp_path: Path) -> None:
    run, table, true = attacked(tmp_path, np.random.default_rng(8), "chance")
    half = table.with_columns(
        state=pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.lit("unreadable")).otherwise("state")
    ).with_columns(vulnerable=pl.when(pl.col("state") == "reviewed").then("vulnerable"))
    row, _ = rates_of(run, half)
    assert row["unread"] == table.height / 2 and row["reviewed"] == table.height / 2
    assert row["corrected_low_here"] <= true <= row["corrected_high_here"]
