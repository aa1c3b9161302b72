"""Models side by side: others' verdicts keep their name, ties are ties, silence needs every tool to have looked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from collected_run import TASKS, a_is_sounder, collection, scanned

from weighbridge.audit.collect.keep import draft, keep, understand
from weighbridge.audit.collect.mapping import Request
from weighbridge.audit.compare import Comparison, compare, read_comparison
from weighbridge.audit.compare.answers import answers
from weighbridge.errors import DataError
from weighbridge.store.schemas import MEASURES
from weighbridge.store.tables import Run, open_run


def one(frame: pl.DataFrame, **where: Any) -> dict[str, Any]:
    found = frame.filter(**where).to_dicts()
    assert len(found) == 1, found
    return found[0]


def test_the_sounder_model_is_better_and_the_hint_that_does_nothing_is_a_tie(tmp_path: Path) -> None:
    found = compare(collection(tmp_path, a_is_sounder))
    pair = one(found.pairs, mode="gen", outcome="sound")
    assert (pair["one"], pair["other"], pair["word"]) == ("a", "b", "better")
    assert pair["difference"] == pytest.approx(0.6)
    assert one(found.pairs, mode="gen", outcome="exploitable")["word"] == "better"
    hint = one(found.modes, model="a", outcome="sound")
    assert (hint["mode"], hint["difference"], hint["word"]) == ("hints", 0.0, "not enough data")
    ranks = found.ranks.filter(mode="gen", outcome="sound").sort("place").to_dicts()
    assert [(row["model"], row["rank_best"], row["rank_worst"]) for row in ranks] == [("a", 1, 1), ("b", 2, 2)]


def test_where_a_kind_of_flaw_counts_once_two_kinds_are_not_enough(tmp_path: Path) -> None:
    pair = one(compare(collection(tmp_path, a_is_sounder)).pairs, mode="gen", outcome="sound")
    assert pair["word_by_kind"] == "not enough data"


def test_a_hint_that_helps_is_found_over_all_models_too(tmp_path: Path) -> None:
    def helps(model: str, mode: str, task: int, repeat: int) -> str:
        return "vulnerable" if (task * 7 + repeat) % 10 < (7 if mode == "gen" else 1) else "secure"

    found = compare(collection(tmp_path, helps))
    for model in ("a", "b", "all models"):
        assert one(found.modes, model=model, outcome="sound")["word"] == "better"


def test_breaking_things_is_not_security(tmp_path: Path) -> None:
    def broken(model: str, mode: str, task: int, repeat: int) -> str:
        if model == "b" and (task + repeat) % 5 < 4:
            return "broken"
        return "vulnerable" if task % 2 else "secure"

    found = compare(collection(tmp_path, broken))
    assert one(found.pairs, mode="gen", outcome="exploitable")["word"] == "worse"  # a, over everything asked
    of_working = one(found.pairs, mode="gen", outcome="exploitable_of_working")
    assert of_working["difference"] == pytest.approx(0.0, abs=0.02)
    assert one(found.pairs, mode="gen", outcome="sound")["word"] == "better"


def test_an_answer_without_a_program_is_broken_and_one_without_a_verdict_is_missing(tmp_path: Path) -> None:
    def gaps(model: str, mode: str, task: int, repeat: int) -> str | None:
        return "empty" if repeat == 0 else None if repeat == 1 else "secure"

    found = compare(collection(tmp_path, gaps))
    rate = one(found.rates, model="a", mode="gen", outcome="sound")
    assert (rate["value"], rate["missing"]) == (0.5, TASKS)
    assert one(found.rates, model="a", mode="gen", outcome="broken")["value"] == 0.5
    assert found.facts["without_verdict"] == 4 * TASKS


def test_many_missing_verdicts_are_no_difference(tmp_path: Path) -> None:
    def gaps(model: str, mode: str, task: int, repeat: int) -> str | None:
        return None if model == "b" and repeat else a_is_sounder(model, mode, task, repeat)

    pair = one(compare(collection(tmp_path, gaps)).pairs, mode="gen", outcome="sound")
    assert pair["word"] == "not enough data"
    assert "no verdict" in pair["reason"]


def test_tasks_that_are_never_or_always_vulnerable_may_be_blind(tmp_path: Path) -> None:
    def some(model: str, mode: str, task: int, repeat: int) -> str:
        by_task = {0: "secure", 1: "vulnerable", 2: "broken"}
        return by_task.get(task) or ("secure" if repeat else "vulnerable")

    notes = dict(compare(collection(tmp_path, some)).tasks.filter(mode="gen").select("task", "note").iter_rows())
    assert [notes[f"task0{task}"] for task in range(4)] == ["never", "always", "silent", ""]


@pytest.mark.parametrize(
    ("said", "unread", "unseen", "unknown"),
    [
        (None, (), 10, 0),
        (89, (), 0, 0),
        (564, (), 0, 0),  # a kin of 89
        (22, (), 10, 0),  # another flaw
        (None, ("a-gen-0-0",), 9, 1),  # a tool could not read it and none spoke
        (89, ("a-gen-0-0",), 0, 0),  # one spoke: seen, whatever the other could read
    ],
)
def test_unseen_needs_every_tool_to_have_looked_and_none_to_have_spoken(
    tmp_path: Path, said: int | None, unread: tuple[str, ...], unseen: int, unknown: int
) -> None:
    def flawed(model: str, mode: str, task: int, repeat: int) -> str:
        return "vulnerable" if task % 2 == 0 else "secure"

    run = scanned(collection(tmp_path, flawed, repeats=1), lambda name: said, frozenset(unread))
    found = compare(run)
    row = one(found.stealth.filter(pl.col("cwe").is_null()), model="a", mode="gen")
    assert (row["exploited"], row["unseen"], row["unknown"]) == (10, unseen, unknown)
    assert found.facts["absent"] == ["gone"]


def test_tools_are_held_against_exploits_by_kind_of_flaw(tmp_path: Path) -> None:
    def flawed(model: str, mode: str, task: int, repeat: int) -> str:
        return "vulnerable" if model == "a" else "secure"

    def speaks(name: str) -> int | None:  # sees every SQL injection, alarms on every sound SQL program, blind to paths
        return 89 if int(name.split("-")[2]) % 2 == 0 else None

    sight = compare(scanned(collection(tmp_path, flawed), speaks)).sight
    sql = one(sight, tool="one", cwe=89, says="that flaw")
    assert (sql["sensitivity"], sql["false_alarms"], sql["tasks"]) == (1.0, 1.0, 10)
    path = one(sight, tool="one", cwe=22, says="that flaw")
    assert (path["sensitivity"], path["false_alarms"]) == (0.0, 0.0)
    assert one(sight, tool="two", cwe=89, says="that flaw")["seen"] == 0
    together = one(sight.filter(pl.col("cwe").is_null()), tool="all tools together", says="that flaw")
    assert together["sensitivity"] == 0.5
    assert 0 < together["sensitivity_low"] < 0.5 < together["sensitivity_high"] < 1


def test_lengths_are_more_or_fewer_and_never_better(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    programs = run.read("programs")["program"]
    measured = pl.DataFrame({"program": programs}).with_columns(
        state=pl.lit("measured"), lines=1, code_lines=2, comment_lines=1, functions=1, complexity=3, complexity_most=3
    )
    run.write("measures", measured.select(pl.col(name).cast(kind) for name, kind in MEASURES.items()), step="scan")
    found = compare(run)
    assert one(found.pairs, mode="gen", outcome="lines")["word"] == "fewer"
    assert one(found.rates, model="a", mode="gen", outcome="complexity")["value"] == 3
    assert set(found.pairs.filter(pl.col("outcome") == "code_lines")["word"]) <= {
        "more", "fewer", "no difference larger than the margin", "not enough data",
    }  # fmt: skip


def test_without_any_verdict_there_is_nothing_to_compare(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no answer has a verdict"):
        compare(collection(tmp_path, lambda *_: None))


def test_a_base_mode_that_nobody_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there are gen, hints"):
        compare(collection(tmp_path, a_is_sounder), base="fix")


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    found = compare(run)
    again = read_comparison(run)
    assert again.pairs.equals(found.pairs)
    assert again.facts["sources"] == ["Somebody"]


SHARED = Path(__file__).parents[3] / "shared/data/answers/seccodebench_v2.2.0_14_models.parquet"


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Comparison]:
    if not SHARED.is_file():
        pytest.skip(f"needs ../shared/data/answers/{SHARED.name}")
    folder = tmp_path_factory.mktemp("golden") / "run"
    keep(draft(understand([SHARED], Request())), folder)
    run = open_run(folder)
    return run, compare(run)


def test_real_verdicts_are_counted_as_an_independent_query_counts_them(golden: tuple[Run, Comparison]) -> None:
    raw = pl.read_parquet(SHARED)
    sound = (
        raw.filter(mode="gen").group_by("model").agg((pl.col("functional") & pl.col("secure")).mean().alias("sound"))
    )
    rates = golden[1].rates.filter(mode="gen", outcome="sound").join(sound, on="model")
    assert rates.height == 14
    assert (rates["value"] - rates["sound"]).abs().max() < 1e-9


def test_paired_intervals_of_real_models_are_about_half_as_wide_and_neighbours_are_ties(
    golden: tuple[Run, Comparison],
) -> None:
    found = golden[1]
    mine = found.pairs.filter(mode="gen", outcome="exploitable").with_columns(
        width=pl.col("difference_high") - pl.col("difference_low")
    )
    alone = found.rates.filter(mode="gen", outcome="exploitable").select("model", width=pl.col("high") - pl.col("low"))
    both = mine.join(alone, left_on="one", right_on="model", suffix="_one").join(
        alone, left_on="other", right_on="model", suffix="_other"
    )
    unpaired = (both["width_one"] ** 2 + both["width_other"] ** 2).sqrt()
    assert 0.35 < (both["width"] / unpaired).median() < 0.65
    ranks = found.ranks.filter(mode="gen", outcome="sound")
    assert ranks.filter(~pl.col("next").is_in(["better", "worse"])).height >= 10


def test_real_tasks_that_may_be_blind_are_those_without_or_with_nothing_but_vulnerable_programs(
    golden: tuple[Run, Comparison],
) -> None:
    works = pl.read_parquet(SHARED).filter(mode="gen").filter("functional")
    share = works.group_by("case").agg(pl.col("secure").mean())
    blind = set(share.filter(pl.col("secure").is_in([0.0, 1.0]))["case"])
    assert set(golden[1].tasks.filter(pl.col("note").is_in(["never", "always"]), mode="gen")["task"]) == blind


def test_a_hint_changes_real_answers_as_a_plain_difference_of_means_says(golden: tuple[Run, Comparison]) -> None:
    raw = pl.read_parquet(SHARED).with_columns(sound=pl.col("functional") & pl.col("secure"))
    mean = {(m, o): v for m, o, v in raw.group_by("model", "mode").agg(pl.col("sound").mean()).iter_rows()}
    row = one(golden[1].modes, model="GPT-5.2", mode="fixhints", outcome="sound")
    assert row["difference"] == pytest.approx(mean["GPT-5.2", "fixhints"] - mean["GPT-5.2", "gen"])
    assert row["word"] == "better"


def test_every_answer_of_the_collection_is_in_the_comparison(golden: tuple[Run, Comparison]) -> None:
    assert answers(golden[0]).frame.height == golden[1].facts["answers"] == 25_160


def test_a_name_that_holds_the_separator_or_is_that_of_all_models_stays_one_model(tmp_path: Path) -> None:
    run = collection(tmp_path, a_is_sounder)
    names = {"a": "a\x1fgen", "b": "all models"}
    run.write("collected", run.read("collected").with_columns(pl.col("model").replace(names)), step="import")
    found = compare(run)
    expected = {"a␟gen", "all models (a model's name)"}
    assert set(found.rates["model"]) == expected == set(found.ranks["model"])
    assert set(found.modes["model"]) == {*expected, "all models"}
    assert one(found.pairs, mode="gen", outcome="sound")["difference"] == pytest.approx(0.6)


def test_what_is_missing_bounds_a_rate(tmp_path: Path) -> None:
    def gaps(model: str, mode: str, task: int, repeat: int) -> str | None:
        return "broken" if repeat == 0 else None if repeat == 1 else "secure"

    rates = compare(collection(tmp_path, gaps)).rates
    sound = one(rates, model="a", mode="gen", outcome="sound")
    assert (sound["value"], sound["least"], sound["most"]) == pytest.approx((1 / 2, 1 / 3, 2 / 3))
    assert one(rates, model="a", mode="gen", outcome="exploitable_per_kloc")["least"] is None


def test_where_no_working_program_was_attacked_nothing_is_known_of_security(tmp_path: Path) -> None:
    found = compare(
        collection(tmp_path, lambda model, mode, task, repeat: None if repeat or model == "b" else "broken")
    )
    assert one(found.rates, model="a", mode="gen", outcome="sound")["value"] is None
    assert set(found.pairs.filter(outcome="sound")["word"]) == {"not enough data"}


def test_a_program_that_works_and_was_not_attacked_is_not_broken(tmp_path: Path) -> None:
    run = collection(tmp_path, lambda model, mode, task, repeat: None if repeat else "broken")
    works = pl.when(pl.col("verdict").is_null()).then(pl.lit(True)).otherwise(pl.lit(False))
    run.write("collected", run.read("collected").with_columns(functional=works), step="import")
    rate = one(compare(run).rates, model="a", mode="gen", outcome="broken")
    assert (rate["value"], rate["missing"]) == (pytest.approx(1 / 3), 0)
