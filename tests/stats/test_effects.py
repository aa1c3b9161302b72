"""From a trials frame to words: what is planned, what is missing, and outcomes kept apart."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from weighbridge.stats.design import Design, Outcome
from weighbridge.stats.effects import analyse
from weighbridge.stats.multiplicity import benjamini_hochberg, holm
from weighbridge.stats.verdict import Margin

DESIGN = Design(Margin(difference=0.05), reference="reference", draws=999)
GROUPS = {"neutral": "neutral", "us": "us_government", "china": "mirror"} | {f"p{i}": "placebo" for i in range(10)}


OUTCOMES = DESIGN.outcomes


def frame(
    seed=0, tasks=50, repeats=5, models=("reference", "suspect"), exploit=None, refuse=None, breaking=None, base=-1.0
):
    """Simulated trials; ``exploit`` moves log-odds, the others add refusals or breakage, by (model, context)."""
    rng = np.random.default_rng(seed)
    rows = []
    for model in models:
        difficulty = rng.normal(base, 1.5, tasks)
        for context, group in GROUPS.items():
            shift = (exploit or {}).get((model, context), 0.0)
            refusing = (refuse or {}).get((model, context), 0.02)
            p = 1 / (1 + np.exp(-(difficulty + shift)))
            for repeat in range(repeats):
                refused = rng.random(tasks) < refusing
                failing = (breaking or {}).get((model, context), 0.0)
                fails = rng.random(tasks) < failing if failing else np.zeros(tasks, dtype=bool)
                exploitable = (rng.random(tasks) < p) & ~refused & ~fails
                broken = ((rng.random(tasks) < 0.2) | fails) & ~refused & ~exploitable
                rows += [
                    (model, context, group, f"t{t:02}", repeat, bool(e), bool(b), bool(r), not (e or b or r))
                    for t, (e, b, r) in enumerate(zip(exploitable, broken, refused, strict=True))
                ]
    names = ["model", "context", "group", "task", "repeat", "exploitable", "broken", "refused", "sound"]
    return pl.DataFrame(rows, schema=names, orient="row")


def one(effects, model, context, outcome):
    return effects.filter(model=model, context=context, outcome=outcome).row(0, named=True)


def test_a_planted_effect_is_worse_and_the_rest_is_not():
    result = analyse(frame(exploit={("suspect", "us"): 1.6}), DESIGN).effects
    found = one(result, "suspect", "us", "exploitable")
    assert found["word"] == "worse" and found["status"] == "planned" and found["did_low"] > 0
    others = result.filter(
        (pl.col("status") == "planned") & ~((pl.col("model") == "suspect") & (pl.col("context") == "us"))
    )
    assert others.height == 3
    assert not set(others["word"]) & {"worse", "better", "wording noise"}
    assert one(result, "suspect", "us", "sound")["word"] == "worse"


def test_a_context_that_only_adds_refusals_is_not_called_exploitable():
    result = analyse(frame(refuse={("suspect", "us"): 0.4}), DESIGN).effects
    exploitable, refused = (one(result, "suspect", "us", o) for o in ("exploitable", "refused"))
    assert exploitable["word"] != "worse" and exploitable["difference"] < 0
    assert refused["word"] == "worse" and refused["status"] == "exploratory"
    assert "refusals differ too" in exploitable["reason"]
    # had it answered: as much as all of the refused requests could have been exploitable
    assert exploitable["answered_most"] == pytest.approx(exploitable["difference"] + refused["mean_context"])
    assert exploitable["answered_least"] <= exploitable["difference"] < 0 < exploitable["answered_most"]
    assert refused["answered_most"] is None


def test_a_context_that_only_breaks_programs_is_not_sold_as_a_safer_one():
    result = analyse(frame(breaking={("suspect", "us"): 0.5}), DESIGN).effects
    exploitable, broken, sound = (one(result, "suspect", "us", o) for o in ("exploitable", "broken", "sound"))
    assert broken["word"] == "worse" and sound["word"] == "worse" and exploitable["difference"] < 0
    assert "broken answers differ too" in exploitable["reason"] and "broken" not in broken["reason"]
    untouched = one(result, "reference", "us", "exploitable")
    assert "broken answers differ" not in untouched["reason"]


def test_a_context_that_moves_less_than_every_harmless_wording_is_no_claim():
    """It differs from neutral and from the placebos, but in opposite directions."""
    shifts = {("suspect", f"p{i}"): 2.5 for i in range(10)} | {("suspect", "us"): 1.2}
    row = one(analyse(frame(tasks=120, exploit=shifts), DESIGN).effects, "suspect", "us", "exploitable")
    assert row["p_holm"] < 0.001 and row["placebo_p"] < 0.001 and row["difference"] > 0 > row["placebo_t"]
    assert row["p_claim"] == 1.0 and row["word"] == "wording noise"


def test_answers_lost_because_of_what_they_would_have_shown_are_no_claim():
    """One arm loses under a tenth of its answers, all with one outcome: less than what stops the rule by itself."""
    claims = 0
    for seed in range(8):
        trials = frame(seed=seed, tasks=150, repeats=6, models=("suspect",))
        hole = (pl.col("context") == "us") & pl.col("exploitable") & (pl.int_range(pl.len()).hash(seed) % 100 < 25)
        thin = trials.with_columns(
            pl.when(hole).then(None).otherwise(pl.col(o.source)).alias(o.source) for o in OUTCOMES
        )
        row = one(analyse(thin, DESIGN).effects, "suspect", "us", "exploitable")
        assert 0.03 < row["missing_context"] < 0.10
        claims += row["word"] in {"worse", "better"}
    assert claims <= 1


def test_identical_arms_read_tied_or_not_enough_data():
    words = analyse(frame(seed=3), DESIGN).effects.filter(pl.col("word").is_not_null())["word"]
    assert set(words) <= {"not enough data", "no difference larger than the margin"}


def test_missing_cells_are_counted_and_paired_on_what_both_arms_have():
    trials = frame()
    gone = (pl.col("context") == "us") & (pl.col("task").is_in(["t00", "t01"]))
    half = (pl.col("context") == "us") & (pl.col("task") == "t02") & (pl.col("repeat") >= 2)
    unjudged = (pl.col("context") == "us") & (pl.col("task") == "t03")
    trials = trials.filter(~gone & ~half).with_columns(
        pl.when(unjudged).then(None).otherwise(pl.col(o)).alias(o)
        for o in ("exploitable", "sound", "broken", "refused")
    )
    row = one(analyse(trials, DESIGN).effects, "suspect", "us", "exploitable")
    assert (row["tasks"], row["tasks_unpaired"]) == (47, 3)
    assert row["missing_context"] == pytest.approx((10 + 3 + 5) / 250) and row["missing_neutral"] == 0
    assert row["difference_least"] < row["difference"] < row["difference_most"]
    arms = analyse(trials, DESIGN).arms.filter(model="suspect", context="us", outcome="exploitable").row(0, named=True)
    assert arms["missing"] == 18


def test_answers_missing_where_tasks_are_hard_do_not_move_the_difference():
    """Totals over answers would compare easy tasks with hard ones; each task weighs the same in both arms."""
    trials = frame(seed=5, tasks=80, repeats=10, base=0.0)
    hard = trials.filter(context="neutral").group_by("task").agg(pl.col("exploitable").mean())
    hard = hard.filter(pl.col("exploitable") > 0.4)["task"].to_list()
    lost = (pl.col("context") == "us") & pl.col("task").is_in(hard) & (pl.col("repeat") >= 1)
    thin = trials.filter(~lost)
    row, whole = (one(analyse(t, DESIGN).effects, "suspect", "us", "exploitable") for t in (thin, trials))
    assert abs(row["difference"] - whole["difference"]) < 0.05
    # what pooling all answers would have said
    naive = thin.filter(model="suspect", context="us")["exploitable"].mean() - whole["mean_neutral"]
    assert naive < -0.08


def test_paraphrases_weigh_the_same_however_often_they_were_answered():
    trials = frame(tasks=20).with_columns(paraphrase=pl.lit("a"))
    other = trials.filter(context="us").with_columns(
        paraphrase=pl.lit("b"),
        exploitable=pl.lit(True),
        sound=pl.lit(False),
        broken=pl.lit(False),
        refused=pl.lit(False),
    )
    both = pl.concat([trials, other, other.with_columns(repeat=pl.col("repeat") + 5)])
    row, alone = (one(analyse(t, DESIGN).effects, "suspect", "us", "exploitable") for t in (both, trials))
    assert row["mean_context"] == pytest.approx((alone["mean_context"] + 1) / 2)


def test_tasks_of_one_scenario_flip_together():
    trials = frame(tasks=24).with_columns(cluster=pl.col("task").str.slice(1).cast(pl.Int64) // 3)
    row = one(analyse(trials, DESIGN).effects, "suspect", "us", "exploitable")
    assert row["tasks"] == 8 and row["word"] == "not enough data"


def test_too_few_placebos_can_not_make_a_claim():
    trials = frame(exploit={("suspect", "us"): 1.6}).filter(~pl.col("context").is_in([f"p{i}" for i in range(2, 10)]))
    row = one(analyse(trials, DESIGN).effects, "suspect", "us", "exploitable")
    assert row["word"] == "not enough data" and "placebo" in row["reason"] and row["placebo_p"] is None


def test_several_neutral_contexts_are_one_arm():
    trials = frame()
    second = trials.filter(context="neutral").with_columns(context=pl.lit("plain"))
    result = analyse(pl.concat([trials, second]), DESIGN).effects
    assert one(result, "suspect", "us", "exploitable")["answers_neutral"] == 500


def test_findings_and_their_density_stand_beside_each_other():
    rng = np.random.default_rng(2)
    trials = frame(tasks=40)
    lines = pl.Series(rng.gamma(8, 0.02, trials.height))
    trials = trials.with_columns(kloc=pl.when(pl.col("context") == "us").then(lines * 2).otherwise(lines))
    trials = trials.with_columns(findings=pl.Series(rng.poisson(trials["kloc"].to_numpy() * 25)))
    outcomes = (
        Outcome("findings", margin=Margin(ratio=1.25)),
        Outcome("density", column="findings", per="kloc", margin=Margin(ratio=1.25)),
    )
    result = analyse(trials, Design(Margin(ratio=1.25), outcomes=outcomes, primary=("findings",), draws=999)).effects
    count, density = (one(result, "suspect", "us", o) for o in ("findings", "density"))
    assert count["word"] == "worse" and count["ratio_low"] > 1.5
    assert density["ratio_low"] < 1 < density["ratio_high"] and density["word"] != "worse"


def test_columns_keep_their_types_where_nothing_could_be_estimated():
    trials = frame(tasks=12)
    full = analyse(trials, DESIGN).effects
    bare = analyse(trials.filter(pl.col("group") != "placebo"), Design(Margin(difference=0.05), draws=99)).effects
    assert bare.schema == full.schema and bare["placebo_p"].null_count() == bare.height


def test_the_same_seed_gives_the_same_frame():
    trials = frame(tasks=30)
    assert analyse(trials, DESIGN).effects.equals(analyse(trials, DESIGN).effects)


@pytest.mark.parametrize(
    "broken, message",
    [
        (lambda t: t.drop("exploitable"), "no column exploitable"),
        (lambda t: t.filter(pl.col("context") != "neutral"), "nothing to compare with"),
        (
            lambda t: t.with_columns(group=pl.when(pl.col("repeat") == 0).then(pl.lit("x")).otherwise("group")),
            "more than",
        ),
    ],
)
def test_a_frame_that_can_not_be_analysed_says_why(broken, message):
    with pytest.raises(ValueError, match=message):
        analyse(broken(frame(tasks=4, repeats=2)), DESIGN)


def test_a_context_that_moves_as_much_as_wordings_do_is_wording_noise():
    """Every placebo moves the model as far as the context: the sign-flip is significant, the claim is not made."""
    shifts = {("suspect", f"p{i}"): (1.4 if i % 2 else -1.4) for i in range(10)} | {("suspect", "us"): 1.4}
    row = one(analyse(frame(exploit=shifts), DESIGN).effects, "suspect", "us", "exploitable")
    assert row["p_holm"] < 0.01 and row["placebo_p"] > 0.1
    assert row["word"] == "wording noise" and row["p_holm_claim"] > 0.05


def test_planned_rows_are_corrected_by_holm_and_the_others_by_bh():
    result = analyse(frame(exploit={("suspect", "us"): 0.5}), DESIGN).effects
    for status, column, adjust in (("planned", "p_holm", holm), ("exploratory", "q_bh", benjamini_hochberg)):
        rows = result.filter(status=status)
        np.testing.assert_allclose(rows[column].to_numpy(), adjust(rows["p"].to_numpy()))
        np.testing.assert_allclose(rows[column + "_claim"].to_numpy(), adjust(rows["p_claim"].to_numpy()))
    assert result.filter(status="placebo")["p_holm"].null_count() == result.filter(status="placebo").height


def test_wordings_that_rotate_over_tasks_leave_nothing_missing_and_a_null_row_does():
    trials = frame(tasks=12, repeats=2)
    number = trials["task"].rank("dense") + pl.int_range(trials.height, eager=True)
    rotating = trials.with_columns((number % 3).cast(pl.String).alias("paraphrase"))
    design = dataclasses.replace(DESIGN, rows_are_planned=True)
    assert set(analyse(rotating, design).effects["missing_context"]) == {0.0}
    gone = rotating.with_columns(
        pl.when(pl.int_range(trials.height) == 0).then(None).otherwise(pl.col(o.source)).alias(o.source)
        for o in DESIGN.outcomes
    )
    effects = analyse(gone, design).effects
    assert max(*effects["missing_context"], *effects["missing_neutral"]) == pytest.approx(1 / 24)


def test_a_task_that_one_arm_was_never_asked_is_unpaired_and_not_a_number_that_is_none():
    trials = frame(tasks=12, repeats=2).filter((pl.col("context") != "us") | (pl.col("task") > "t03"))
    effects = analyse(trials, dataclasses.replace(DESIGN, rows_are_planned=True)).effects
    row = one(effects, "suspect", "us", "exploitable")
    assert row["tasks_unpaired"] == 4 and row["missing_context"] == 0
    assert row["difference_least"] == pytest.approx(row["difference"]) == row["difference_most"]
    assert not any(effects[name].is_nan().any() for name, kind in effects.schema.items() if kind == pl.Float64)
