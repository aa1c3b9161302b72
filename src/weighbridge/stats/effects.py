"""From trials to words: for every model, context and outcome the effect against neutral, with all that qualifies it.

The one entry that the ``estimate`` step of an audit calls. It joins the other modules: task totals, the sign-flip on
tasks like these, the interval on these tasks, the placebo test, the difference against the reference model, Holm over
the planned family and BH over the rest, and the rule of words. Every row says what it rests on and what is missing.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from weighbridge.stats.arms import arm_rows
from weighbridge.stats.columns import Compared, compare_columns, known
from weighbridge.stats.design import Design, Outcome
from weighbridge.stats.did import Contrast, difference_in_differences
from weighbridge.stats.estimate import Floats, NoEstimate
from weighbridge.stats.placebo import PlaceboTest, placebo_test
from weighbridge.stats.signs import sign_sets
from weighbridge.stats.totals import TaskTotals, task_totals
from weighbridge.stats.words import Row, adjust, beside_refusals, beside_undelivered, word

EMPTY_TYPES = {
    "word": pl.String,
    "reason": pl.String,
    "no_placebo": pl.String,
    "reference": pl.String,
    "placebos": pl.Int64,
    "here_is_bound": pl.Boolean,
}


@dataclass(frozen=True)
class Effects:
    """``effects``: a row for every model × context × outcome against neutral. ``arms``: a row for every arm."""

    effects: pl.DataFrame
    arms: pl.DataFrame


def analyse(trials: pl.DataFrame, design: Design) -> Effects:
    """Analyse a frame of trials: columns model, context, group, task, and a column for every outcome of the design.

    Optional columns: ``paraphrase``, ``cluster``; see ``totals.task_totals``, whose errors (``ValueError``) it passes
    on. Several contexts in the neutral group are averaged into one arm named after the group.
    """
    trials = _one_neutral(trials, design)
    rows: list[Row] = []
    arms: list[Row] = []
    for outcome in design.outcomes:
        is_rate = trials.schema.get(outcome.source) == pl.Boolean and outcome.per is None
        models = task_totals(
            trials, outcome.source, outcome.per, design.repeats, rows_are_planned=design.rows_are_planned
        )
        reference = next((m for m in models if m.model == design.reference), None)
        for totals in models:
            arms.extend(arm_rows(totals, outcome.name, is_rate, design.level))
            rows.extend(_model_rows(totals, reference, outcome, is_rate, design))
    adjust(rows)
    for row in rows:
        row["word"], row["reason"] = word(row, design)
        del row["rare_low"], row["rare_high"]
    beside_refusals(rows, design)
    beside_undelivered(rows, design)
    return Effects(_frame(rows), _frame(arms))


def _frame(rows: list[Row]) -> pl.DataFrame:
    """Rows to a frame in which a column without any value keeps the type that it has elsewhere."""
    if not rows:
        return pl.DataFrame()
    frame = pl.DataFrame(rows, infer_schema_length=None)
    empty = [name for name, kind in frame.schema.items() if kind == pl.Null]
    return frame.with_columns(pl.col(name).cast(EMPTY_TYPES.get(name, pl.Float64)) for name in empty)


def _one_neutral(trials: pl.DataFrame, design: Design) -> pl.DataFrame:
    for column in ("context", "group"):
        if column not in trials.columns:
            raise ValueError(f"trials: no column {column}; there are {', '.join(trials.columns)}")
    neutral = trials.filter(pl.col("group") == design.neutral_group)["context"].unique().to_list()
    if not neutral:
        raise ValueError(f"trials: no trial in the group {design.neutral_group!r}, nothing to compare with")
    if len(neutral) == 1:
        return trials
    is_neutral = pl.col("group") == design.neutral_group
    wording = pl.col("paraphrase").cast(pl.String) if "paraphrase" in trials.columns else pl.lit("")
    return trials.with_columns(
        pl.when(is_neutral).then(pl.col("context") + "/" + wording).otherwise(wording).alias("paraphrase"),
        pl.when(is_neutral).then(pl.lit(design.neutral_group)).otherwise(pl.col("context")).alias("context"),
    )


def _compare(totals: TaskTotals, outcome: Outcome, design: Design) -> tuple[list[str], Compared] | None:
    """One model and outcome: the contexts, and each of them against neutral."""
    neutral = [c for c in totals.contexts if totals.groups[c] == design.neutral_group]
    contexts = [c for c in totals.contexts if totals.groups[c] != design.neutral_group]
    if not neutral or not contexts:
        return None
    columns = [totals.contexts.index(c) for c in contexts]
    again = [totals.contexts.index(neutral[0])] * len(columns)
    return contexts, compare_columns(
        totals,
        columns,
        again,
        is_density=outcome.per is not None,
        level=design.level,
        draws=design.draws,
        seed=design.seed,
    )


def _model_rows(
    totals: TaskTotals, reference: TaskTotals | None, outcome: Outcome, is_rate: bool, design: Design
) -> list[Row]:
    found = _compare(totals, outcome, design)
    if found is None:
        return []
    contexts, compared = found
    contrast = _contrast(totals, reference, contexts, compared, design)
    effects, resolution = _placebo_scale(totals, compared, design)
    is_placebo = np.array([totals.groups[c] == design.placebo_group for c in contexts])
    rows: list[Row] = []
    for k, context in enumerate(contexts):
        group = totals.groups[context]
        row: Row = {
            "model": totals.model,
            "context": context,
            "group": group,
            "outcome": outcome.name,
            "more_is": outcome.more_is,
            "status": "placebo" if is_placebo[k] else _status(design, context, group, outcome.name),
        }
        row |= {"tasks": int(compared.flips.tasks[k]), **compared.counts(totals, k, is_rate, ("context", "neutral"))}
        row |= _numbers(compared, k)
        row |= compared.rare(k, is_rate)
        row |= _conditional(compared, k, float(row["events_rarer"] or 0) >= design.thresholds.events)
        row |= _bounds(totals, compared, k, is_rate)
        test = None if is_placebo[k] else placebo_test(float(effects[k]), effects[is_placebo], resolution=resolution)
        row |= _placebo(test)
        p = row["p"]
        tested = test if isinstance(test, PlaceboTest) and isinstance(p, float) else None
        row["p_claim"] = tested.claim(float(compared.flips.difference[k]), float(p or 0.0)) if tested else None
        row |= _did(contrast, k, None if reference is None else reference.model)
        rows.append(row)
    return rows


def _status(design: Design, context: str, group: str, outcome: str) -> str:
    return "planned" if design.planned(context, group, outcome) else "exploratory"


def _numbers(compared: Compared, k: int) -> Row:
    """The sign-flip's own numbers: on tasks like these."""
    f = compared.flips
    nothing = f.tasks[k] == 0
    return {
        "ratio": known(float(f.ratio[k])),
        "ratio_low": None if nothing else float(f.ratio_low[k]),
        "ratio_high": None if nothing else float(f.ratio_high[k]),
        "difference": known(float(f.difference[k])),
        "difference_low": known(float(f.difference_low[k])),
        "difference_high": known(float(f.difference_high[k])),
        "p_exact": None if nothing else float(f.p_exact[k]),
        "p": None if nothing else float(f.p_mid[k]),
    }


def _conditional(compared: Compared, k: int, enough: bool) -> Row:
    """On these tasks; with too few events the noise within tasks is not seen well enough for an interval."""
    h = compared.here
    return {
        "here_difference": None if h is None else known(float(h.difference[k])),
        "here_low": None if h is None or not enough else known(float(h.low[k])),
        "here_high": None if h is None or not enough else known(float(h.high[k])),
        "here_is_bound": None if h is None else bool(h.bound[k]),
    }


def _bounds(totals: TaskTotals, compared: Compared, k: int, is_rate: bool) -> Row:
    """What the difference over everything planned would be if all missing answers leaned one way, then the other."""
    if not is_rate:
        return {"difference_least": None, "difference_most": None}
    ends: list[tuple[float, float]] = []
    arms = compared.one[k], compared.other[k]
    planned = np.all([totals.expected[:, j] > 0 for j in arms], axis=0)
    if not planned.any():
        return {"difference_least": None, "difference_most": None}
    for j in arms:
        asked, events = totals.expected[planned, j], totals.total[planned, j]
        absent = asked - totals.answered[planned, j]
        ends.append((float((events / asked).mean()), float(((events + absent) / asked).mean())))
    return {"difference_least": ends[0][0] - ends[1][1], "difference_most": ends[0][1] - ends[1][0]}


def _placebo_scale(totals: TaskTotals, compared: Compared, design: Design) -> tuple[Floats, float]:
    """Every context's effect on the scale of the placebo test, and what one differing answer would change."""
    answers = np.median(totals.answered[:, compared.one].sum(axis=0))
    exposure = float(np.mean(totals.per[:, compared.other[0]])) * max(float(answers), 1.0)
    if exposure <= 0:
        exposure = 1.0
    if design.placebo_scale == "difference":
        return compared.flips.difference, 1 / exposure
    with_half = [np.log((m * exposure + 0.5) / exposure) for m in compared.means]
    level = float(np.nanmean(compared.means[1])) * exposure + 0.5
    return with_half[0] - with_half[1], 1 / level


def _placebo(test: PlaceboTest | NoEstimate | None) -> Row:
    t = test if isinstance(test, PlaceboTest) else None
    return {
        "placebos": None if t is None else t.placebos,
        "placebo_mean": None if t is None else t.mean,
        "placebo_sd": None if t is None else t.sd,
        "placebo_low": None if t is None else t.harmless_low,
        "placebo_high": None if t is None else t.harmless_high,
        "placebo_t": None if t is None else t.t,
        "placebo_p": None if t is None else t.p,
        "no_placebo": test.reason if isinstance(test, NoEstimate) else None,
    }


def _contrast(
    totals: TaskTotals, reference: TaskTotals | None, contexts: list[str], compared: Compared, design: Design
) -> tuple[Contrast, list[int]] | None:
    """Each context's effect minus the same on the reference model, on the tasks that all four arms answered."""
    if reference is None or reference.model == totals.model:
        return None
    shared = [t for t in totals.tasks if t in set(reference.tasks)]
    neutral = [c for c in reference.contexts if reference.groups[c] == design.neutral_group]
    which = [k for k, c in enumerate(contexts) if c in set(reference.contexts)]
    if not shared or not neutral or not which:
        return None
    groups = totals.cluster[[totals.tasks.index(t) for t in shared]]
    fold = (groups[None, :] == np.unique(groups)[:, None]).astype(np.float64)
    parts: list[tuple[Floats, Floats, Floats]] = []
    for source, columns in (
        (totals, [compared.one[k] for k in which]),
        (totals, [compared.other[k] for k in which]),
        (reference, [reference.contexts.index(contexts[k]) for k in which]),
        (reference, [reference.contexts.index(neutral[0])] * len(which)),
    ):
        rows = np.ix_([source.tasks.index(t) for t in shared], columns)
        parts.append((source.mean[rows], source.per[rows], source.answered[rows]))
    complete = np.all([answered > 0 for _, _, answered in parts], axis=0)
    arms = [(fold @ np.where(complete, mean, 0.0), fold @ np.where(complete, per, 0.0)) for mean, per, _ in parts]
    sets = sign_sets(fold.shape[0], design.draws, design.seed)
    contrast = difference_in_differences(arms[0], arms[1], arms[2], arms[3], level=design.level, signs=sets)
    return contrast, which


def _did(contrast: tuple[Contrast, list[int]] | None, k: int, reference: str | None) -> Row:
    at = contrast[1].index(k) if contrast is not None and k in contrast[1] else None
    c = None if contrast is None or at is None else contrast[0]
    return {
        "reference": None if c is None else reference,
        "did": None if c is None or at is None else known(float(c.value[at])),
        "did_low": None if c is None or at is None else known(float(c.low[at])),
        "did_high": None if c is None or at is None else known(float(c.high[at])),
        "did_p": None if c is None or at is None else known(float(c.p_mid[at])),
    }
