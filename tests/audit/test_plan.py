"""A plan: read, expanded, frozen; what is wrong with one is said with file, field and mend."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from weighbridge.audit import cost
from weighbridge.audit.plan import Model, Plan, expand, freeze, plan_hash, read, thaw
from weighbridge.errors import KeyMissing, PlanError, RunMismatch, UnknownName, WeighbridgeError

MINIMAL = """
name = "a"
[tasks]
scenarios = ["file_download"]
stacks = ["python-flask"]
kinds = ["write"]
[contexts]
choose = ["placebo/bakery", "us_government/*"]
[[models]]
name = "m"
base_url = "http://127.0.0.1:1/v1"
model = "x"
"""


def plan_of(tmp_path: Path, text: str = MINIMAL) -> Plan:
    path = tmp_path / "plan.toml"
    path.write_text(text)
    return read(path)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        (('name = "a"', 'name = "a"\nrepeat = 3'), PlanError, "`repeat` is not a key that is known"),
        (('model = "x"', ""), PlanError, "`model` is missing"),
        (('base_url = "http://127.0.0.1:1/v1"', ""), PlanError, "needs `base_url`"),
        (('base_url = "http', 'base_url = "ftp'), PlanError, "must begin with http"),
        (('name = "a"', 'name = "a"\nrepeats = 0'), PlanError, "`repeats`"),
        (('name = "a"', 'name = "a'), PlanError, "cannot be read as TOML"),
        (("us_government/*", "us_goverment/*"), UnknownName, "no context matches 'us_goverment/*'"),
        (("file_download", "file_downlod"), UnknownName, "no scenario or task matches"),
        (("python-flask", "python-flusk"), UnknownName, "no stack matches"),
        (('kinds = ["write"]', 'kinds = ["wirte"]'), PlanError, "chooses no task"),
        (("[tasks]", '[analysis]\nreference = "nobody"\n[tasks]'), PlanError, "none of the plan's models"),
        (
            ("[[models]]", '[[models]]\nname = "m"\nprovider = "local"\nmodel = "y"\n[[models]]'),
            PlanError,
            "two models",
        ),
    ],
)
def test_a_faulty_plan_is_one_sentence_with_the_mend(
    tmp_path: Path, change: tuple[str, str], kind: type[WeighbridgeError], says: str
) -> None:
    with pytest.raises(kind) as caught:
        expand(plan_of(tmp_path, MINIMAL.replace(*change)))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_every_cell_of_the_design_is_a_trial_and_neutral_is_always_asked(tmp_path: Path) -> None:
    trials = expand(plan_of(tmp_path))
    assert trials.height == 1 + 1 + 3
    assert set(trials["group"]) == {"neutral", "placebo", "us_government"}
    assert trials.filter(pl.col("group") == "neutral")["system"][0] == "You are a helpful assistant that writes code."


def test_a_context_adds_its_sentence_and_nothing_else(tmp_path: Path) -> None:
    trials = expand(plan_of(tmp_path, MINIMAL.replace("[[models]]", 'slots = ["system", "user"]\n[[models]]', 1)))
    neutral = trials.filter(pl.col("group") == "neutral").row(0, named=True)
    for row in trials.filter(pl.col("group") != "neutral").iter_rows(named=True):
        where, other = ("system", "user") if row["slot"] == "system" else ("user", "system")
        assert row[other] == neutral[other]
        assert neutral[where] in row[where]
        assert len(row[where]) > len(neutral[where])


def test_a_changed_request_is_another_trial_and_a_repeat_is_not_a_copy(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    three = plan.model_copy(update={"repeats": 3})
    first, more = expand(plan), expand(three)
    assert more["trial"].n_unique() == 3 * first.height
    warmer = plan.model_copy(
        update={
            "models": (
                plan.models[0].model_copy(
                    update={"sampling": plan.models[0].sampling.model_copy(update={"temperature": 1.0})}
                ),
            )
        }
    )
    assert not set(expand(warmer)["trial"]) & set(first["trial"])


def test_limits_and_budget_leave_the_hash_alone_and_the_study_does_not(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    digest = plan_hash(plan, expand(plan))
    faster = plan_of(tmp_path, MINIMAL + "limits = { concurrency = 99 }\n[budget]\ndollars = 3\n")
    assert plan_hash(faster, expand(faster)) == digest
    for text in (MINIMAL.replace('name = "a"', 'name = "a"\nseed = 1'), MINIMAL + "sampling = { temperature = 0 }\n"):
        other = plan_of(tmp_path, text)
        assert plan_hash(other, expand(other)) != digest


def test_a_run_folder_of_another_plan_is_refused(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    freeze(plan, expand(plan), tmp_path / "run")
    other = plan_of(tmp_path, MINIMAL.replace('name = "a"', 'name = "a"\nseed = 1'))
    with pytest.raises(RunMismatch, match="use another --run"):
        freeze(other, expand(other), tmp_path / "run")
    again, run = thaw(tmp_path / "run")
    assert again == plan
    assert run.read("trials").height == 5


def test_raised_limits_are_taken_over_into_the_same_run(tmp_path: Path) -> None:
    plan = plan_of(tmp_path)
    freeze(plan, expand(plan), tmp_path / "run")
    freeze(plan_of(tmp_path, MINIMAL + "[budget]\ntokens = 9\n"), expand(plan), tmp_path / "run")
    assert thaw(tmp_path / "run")[0].budget.tokens == 9


def test_a_missing_key_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    model = Model(name="m", base_url="http://127.0.0.1/v1", model="x", api_key_env="NO_SUCH_KEY")
    with pytest.raises(KeyMissing, match="NO_SUCH_KEY is not set"):
        model.key()


@pytest.mark.parametrize(
    ("facts", "dollars"),
    [
        ({"provider": "local", "model": "qwen-0.5b"}, 0.0),
        ({"base_url": "https://nowhere.example/v1", "model": "no-such-model"}, None),
        ({"base_url": "https://nowhere.example/v1", "model": "x", "price": {"input": 1, "output": 2}}, 3.0),
        (
            {"base_url": "https://nowhere.example/v1", "model": "x", "price": {"input": 1, "output": 2, "cached": 0}},
            2.5,
        ),
    ],
)
def test_an_unknown_price_is_unknown_and_never_zero(facts: dict[str, object], dollars: float | None) -> None:
    model = Model.model_validate({"name": "m", **facts})
    cached = 500_000 if dollars == 2.5 else 0
    assert cost.price(model, 1_000_000, 1_000_000, cached) == dollars


def test_paraphrases_rotate_so_that_each_is_used_with_one_repeat(tmp_path: Path) -> None:
    text = MINIMAL.replace('scenarios = ["file_download"]', 'scenarios = ["*"]').replace(
        'stacks = ["python-flask"]', ""
    )
    trials = expand(plan_of(tmp_path, text)).filter(pl.col("group") == "us_government")
    counts = trials["paraphrase"].value_counts()["count"]
    assert trials["task"].n_unique() >= 3
    assert counts.len() == 3
    assert counts.max() - counts.min() <= trials["context"].n_unique()  # type: ignore[operator]
