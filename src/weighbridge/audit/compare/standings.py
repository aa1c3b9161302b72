"""How do models stand beside each other, and does another way of asking help one model? Rates, pairs, modes, ranks.

All pairs of models within a mode, and every mode of a model against the base mode, on the same tasks. Holm corrects
over all pairs of one mode, and over all models and modes of one outcome.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import polars as pl

from weighbridge.audit.compare.answers import ALL_MODELS, BETWEEN, LENGTHS, Answers
from weighbridge.audit.truth import OURS
from weighbridge.errors import DataError
from weighbridge.stats.pairs import Pair, arm_rates, compare_arms, rank_ranges
from weighbridge.stats.verdict import BETTER, WORSE, Margin

BY_KIND = ("sound", "exploitable")
"""Outcomes whose words are also given with every kind of flaw as one piece of evidence: a stricter reading."""


def rates(known: Answers, *, level: float = 0.95) -> pl.DataFrame:
    """A row a model, mode and outcome: value and interval (``stats.pairs.ARMS``), and of a rate ``least`` and ``most``:
    what it would be over everything asked if no answer without a verdict, or every one, counted."""
    found = arm_rates(known.frame, known.outcomes, level=level)
    is_rate = [one.name for one in known.outcomes if known.frame.schema[one.source] == pl.Boolean and one.per is None]
    asked = pl.col("answers") + pl.col("missing")
    bounds = {"least": pl.col("events") / asked, "most": (pl.col("events") + pl.col("missing")) / asked}
    there = pl.col("outcome").is_in(is_rate)
    return _named(found.with_columns(**{name: pl.when(there).then(value) for name, value in bounds.items()}), "arm")


def pairs(known: Answers, modes: Sequence[str], margin: Margin, *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row an outcome and pair of models within a mode (``stats.pairs.COMPARED``, with ``mode``).

    ``one`` and ``other`` are models; the one with the larger value of *sound* in that mode stands first.
    """
    sound = known.frame.group_by("arm").agg(pl.col("sound").mean())
    order = dict(sound.iter_rows())
    chosen: list[Pair] = []
    for mode in modes:
        arms = sorted({a for a in order if a.endswith(BETWEEN + mode)}, key=lambda a: (-(order[a] or 0.0), a))
        chosen += [Pair(one, other, mode) for one, other in combinations(arms, 2)]
    found = _compared(known, known.frame, chosen, margin, level, seed)
    return _named(found, "one", "other").drop("mode_one", "mode_other").rename({"family": "mode"})


def modes(known: Answers, base: str, margin: Margin, *, level: float = 0.95, seed: int = 0) -> pl.DataFrame:
    """A row a model, outcome and mode against the base mode, on that model's own tasks; and one over all models.

    None of a run of our own: its modes are contexts, and what they do needs the placebos of ``audit.estimate``.
    """
    everyone = known.frame.with_columns(
        model=pl.lit(ALL_MODELS), arm=pl.concat_str(pl.lit(ALL_MODELS), "mode", separator=BETWEEN)
    )
    frame = pl.concat([known.frame, everyone]) if known.frame["model"].n_unique() > 1 else known.frame
    arms = frame.select("arm", "model", "mode").unique().sort("model", "mode")
    with_base = set(arms.filter(pl.col("mode") == base)["model"].to_list())
    if known.sources == (OURS,):
        with_base = set[str]()
    chosen = [
        Pair(arm, f"{model}{BETWEEN}{base}", ALL_MODELS if model == ALL_MODELS else "each model")
        for arm, model, mode in arms.iter_rows()
        if mode != base and model in with_base
    ]
    found = _compared(known, frame, chosen, margin, level, seed)
    named = _named(found, "one", "other")
    return named.drop("one", "mode_other", "family").rename({"other": "model", "mode_one": "mode"})


def ranks(compared: pl.DataFrame, rated: pl.DataFrame) -> pl.DataFrame:
    """A row a mode, outcome and model, best first: its value, the best and worst rank that the pairs leave it, and the
    word of the comparison with the next one down."""
    rows: list[dict[str, object]] = []
    for (mode, outcome), group in rated.filter(pl.col("value").is_not_null()).group_by(
        ["mode", "outcome"], maintain_order=True
    ):
        there = group["model"].to_list()
        mine = compared.filter(pl.col("one").is_in(there), pl.col("other").is_in(there), mode=mode, outcome=outcome)
        more_is = mine["more_is"].first() if mine.height else None
        best_first = group.sort("value", "model", descending=[more_is == "better", False])["model"].to_list()
        ranges = rank_ranges(best_first, mine)
        words = {frozenset((one, other)): word for one, other, word in mine.select("one", "other", "word").iter_rows()}
        for place, model in enumerate(best_first):
            following = best_first[place + 1] if place + 1 < len(best_first) else None
            rows.append(
                {
                    "mode": mode, "outcome": outcome, "model": model, "place": place + 1,
                    "rank_best": ranges[model][0], "rank_worst": ranges[model][1],
                    "next": words.get(frozenset((model, following))) if following else None,
                }
            )  # fmt: skip
    schema = {"mode": pl.String, "outcome": pl.String, "model": pl.String, "place": pl.Int64}
    return pl.DataFrame(rows, schema={**schema, "rank_best": pl.Int64, "rank_worst": pl.Int64, "next": pl.String})


def _compared(
    known: Answers, frame: pl.DataFrame, chosen: list[Pair], margin: Margin, level: float, seed: int
) -> pl.DataFrame:
    """``stats.pairs.COMPARED``, with ``word_by_kind``: the word where a kind of flaw counts once.

    More lines are neither better nor worse, so of lengths the word is *more* or *fewer*.
    """
    found = compare_arms(frame, chosen, known.outcomes, margin, level=level, seed=seed)
    stricter = [one for one in known.outcomes if one.name in BY_KIND]
    by_kind = compare_arms(frame.with_columns(cluster="kind"), chosen, stricter, margin, level=level, seed=seed)
    beside = by_kind.select("family", "one", "other", "outcome", word_by_kind="word")
    of_length = pl.col("outcome").is_in([one.name for one in LENGTHS])
    plain = pl.col("word").replace({WORSE: "more", BETTER: "fewer"})
    return found.join(beside, on=["family", "one", "other", "outcome"], how="left", maintain_order="left").with_columns(
        word=pl.when(of_length).then(plain).otherwise("word")
    )


def base_mode(known: Answers, named: str | None) -> str:
    """The mode that others are compared with: the one that is named, *neutral* or *gen* where there is one, else the
    first by name.

    Raises:
        DataError: no answer was asked in the named mode.
    """
    there = sorted(known.frame["mode"].unique().to_list())
    if named is not None and named not in there:
        raise DataError(f"--base {named}: no answer was asked in that mode; there are {', '.join(there)}")
    return named or next((one for one in ("neutral", "gen") if one in there), there[0])


def _named(frame: pl.DataFrame, *arms: str) -> pl.DataFrame:
    """Arms split into the model (under the arm's own column name, or *model*) and the mode."""
    for arm in arms:
        parts = pl.col(arm).str.split_exact(BETWEEN, 1)
        model, mode = ("model", "mode") if arm == "arm" else (arm, f"mode_{arm}")
        split = [parts.struct.field("field_0").alias(model), parts.struct.field("field_1").alias(mode)]
        frame = frame.with_columns(split)
    return frame.drop("arm") if "arm" in arms else frame
