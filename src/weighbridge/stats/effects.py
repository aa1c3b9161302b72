"""From trials to words: for every model, context and outcome the effect against neutral, with all that qualifies it.

The one entry that the ``estimate`` step of an audit calls. It joins the other modules: task totals, the sign-flip on
tasks like these, the interval on these tasks, the placebo test, the difference against the reference model, Holm over
the planned family and BH over the rest, and the rule of words. Every row says what it rests on and what is missing.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from weighbridge.stats.arms import arm_rows
from weighbridge.stats.conditional import OnTheseTasks, on_these_tasks
from weighbridge.stats.design import Design, Outcome
from weighbridge.stats.did import Contrast, difference_in_differences
from weighbridge.stats.estimate import Floats, NoEstimate
from weighbridge.stats.placebo import PlaceboTest, placebo_test
from weighbridge.stats.rare import limits_if_rare
from weighbridge.stats.signflip import SignFlips, sign_flips
from weighbridge.stats.signs import sign_sets
from weighbridge.stats.totals import TaskTotals, task_totals
from weighbridge.stats.words import Row, adjust, beside_refusals, beside_undelivered, known, word

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


@dataclass(frozen=True)
class _Compared:
    """One model and outcome, every context against neutral; the arrays' last axis follows ``contexts``."""

    contexts: list[str]
    columns: list[int]
    neutral: int
    flips: SignFlips
    here: OnTheseTasks | None
    paired: Floats
    means: tuple[Floats, Floats]
    if_rare: tuple[Floats, Floats]


def _compare(totals: TaskTotals, outcome: Outcome, design: Design) -> _Compared | None:
    neutral = [c for c in totals.contexts if totals.groups[c] == design.neutral_group]
    contexts = [c for c in totals.contexts if totals.groups[c] != design.neutral_group]
    if not neutral or not contexts:
        return None
    zero = totals.contexts.index(neutral[0])
    columns = [totals.contexts.index(c) for c in contexts]
    again = [zero] * len(columns)
    paired = ((totals.answered[:, columns] > 0) & (totals.answered[:, again] > 0)).astype(np.float64)
    (c1, l1), (c0, l0) = totals.by_cluster(columns, paired), totals.by_cluster(again, paired)
    sets = sign_sets(c1.shape[0], design.draws, design.seed)
    flips = sign_flips(c1, l1, c0, l0, level=design.level, signs=sets)
    here = None
    if outcome.per is None:
        arms = [(totals.mean[:, k], totals.noise[:, k], totals.answered[:, k]) for k in (columns, again)]
        here = on_these_tasks(*arms[0], *arms[1], level=design.level)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = c1.sum(axis=0) / l1.sum(axis=0), c0.sum(axis=0) / l0.sum(axis=0)
    if_rare = limits_if_rare(c1, l1, c0, l0, level=design.level)
    return _Compared(contexts, columns, zero, flips, here, paired, means, if_rare)


def _model_rows(
    totals: TaskTotals, reference: TaskTotals | None, outcome: Outcome, is_rate: bool, design: Design
) -> list[Row]:
    compared = _compare(totals, outcome, design)
    if compared is None:
        return []
    contrast = _contrast(totals, reference, compared, design)
    effects, resolution = _placebo_scale(totals, compared, design)
    is_placebo = np.array([totals.groups[c] == design.placebo_group for c in compared.contexts])
    rows: list[Row] = []
    for k, context in enumerate(compared.contexts):
        group = totals.groups[context]
        row: Row = {
            "model": totals.model,
            "context": context,
            "group": group,
            "outcome": outcome.name,
            "more_is": outcome.more_is,
            "status": "placebo" if is_placebo[k] else _status(design, context, group, outcome.name),
        }
        row |= _counts(totals, compared, k, is_rate)
        row |= _numbers(compared, k)
        row |= {
            f"rare_{end}": known(float(x[k])) if is_rate else None
            for end, x in zip(("low", "high"), compared.if_rare, strict=True)
        }
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


def _counts(totals: TaskTotals, compared: _Compared, k: int, is_rate: bool) -> Row:
    kept, one, zero = compared.paired[:, k] > 0, compared.columns[k], compared.neutral
    answered = [float(totals.answered[kept, j].sum()) for j in (one, zero)]
    events = [float(totals.total[kept, j].sum()) for j in (one, zero)]
    rarer = min(sum(events), sum(answered) - sum(events)) if is_rate else sum(events)
    missing = [1 - float(totals.answered[:, j].sum() / totals.expected[:, j].sum()) for j in (one, zero)]
    mean_context, mean_neutral = (known(float(m[k])) for m in compared.means)
    return {
        "tasks": int(compared.flips.tasks[k]),
        "tasks_unpaired": int((~kept).sum()),
        "informative": int(compared.flips.informative[k]),
        "answers_context": int(answered[0]),
        "answers_neutral": int(answered[1]),
        "missing_context": missing[0],
        "missing_neutral": missing[1],
        "events_context": events[0],
        "events_neutral": events[1],
        "events_rarer": rarer,
        "mean_context": mean_context,
        "mean_neutral": mean_neutral,
    }


def _numbers(compared: _Compared, k: int) -> Row:
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


def _conditional(compared: _Compared, k: int, enough: bool) -> Row:
    """On these tasks; with too few events the noise within tasks is not seen well enough for an interval."""
    h = compared.here
    return {
        "here_difference": None if h is None else known(float(h.difference[k])),
        "here_low": None if h is None or not enough else known(float(h.low[k])),
        "here_high": None if h is None or not enough else known(float(h.high[k])),
        "here_is_bound": None if h is None else bool(h.bound[k]),
    }


def _bounds(totals: TaskTotals, compared: _Compared, k: int, is_rate: bool) -> Row:
    """What the difference over everything planned would be if all missing answers leaned one way, then the other."""
    if not is_rate:
        return {"difference_least": None, "difference_most": None}
    ends: list[tuple[float, float]] = []
    arms = compared.columns[k], compared.neutral
    planned = np.all([totals.expected[:, j] > 0 for j in arms], axis=0)
    if not planned.any():
        return {"difference_least": None, "difference_most": None}
    for j in arms:
        asked, events = totals.expected[planned, j], totals.total[planned, j]
        absent = asked - totals.answered[planned, j]
        ends.append((float((events / asked).mean()), float(((events + absent) / asked).mean())))
    return {"difference_least": ends[0][0] - ends[1][1], "difference_most": ends[0][1] - ends[1][0]}


def _placebo_scale(totals: TaskTotals, compared: _Compared, design: Design) -> tuple[Floats, float]:
    """Every context's effect on the scale of the placebo test, and what one differing answer would change."""
    answers = np.median(totals.answered[:, compared.columns].sum(axis=0))
    exposure = float(np.mean(totals.per[:, compared.neutral])) * max(float(answers), 1.0)
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
    totals: TaskTotals, reference: TaskTotals | None, compared: _Compared, design: Design
) -> tuple[Contrast, list[int]] | None:
    """Each context's effect minus the same on the reference model, on the tasks that all four arms answered."""
    if reference is None or reference.model == totals.model:
        return None
    shared = [t for t in totals.tasks if t in set(reference.tasks)]
    neutral = [c for c in reference.contexts if reference.groups[c] == design.neutral_group]
    which = [k for k, c in enumerate(compared.contexts) if c in set(reference.contexts)]
    if not shared or not neutral or not which:
        return None
    groups = totals.cluster[[totals.tasks.index(t) for t in shared]]
    fold = (groups[None, :] == np.unique(groups)[:, None]).astype(np.float64)
    parts: list[tuple[Floats, Floats, Floats]] = []
    for source, columns in (
        (totals, [compared.columns[k] for k in which]),
        (totals, [compared.neutral] * len(which)),
        (reference, [reference.contexts.index(compared.contexts[k]) for k in which]),
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
