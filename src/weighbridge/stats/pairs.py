"""Which of two arms does better on the same tasks? Models side by side, or one model asked in two ways.

The same estimator as ``effects`` (score sign-flip on task totals, tasks paired and clustered), for comparisons that are
named one by one. There are no placebos here: another model, or a hint in the request, is meant to change the answer, so
a claim needs the sign-flip alone, corrected by Holm within the comparison's family. A pair without a claim is a *tie*:
shown where the word is *no difference larger than the margin*, not ruled out where it is *not enough data*.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from weighbridge.stats.arms import Row, arm_rows
from weighbridge.stats.columns import compare_columns, known
from weighbridge.stats.design import Outcome
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.totals import TaskTotals, task_totals
from weighbridge.stats.verdict import BETTER, WORSE, Margin, Thresholds, paired_verdict
from weighbridge.stats.words import evidence_of, number

ARM_NAMES = ("one", "other")
TEXT, REAL, WHOLE = pl.String, pl.Float64, pl.Int64
COMPARED = pl.Schema(
    {
        "family": TEXT, "one": TEXT, "other": TEXT, "outcome": TEXT, "more_is": TEXT, "tasks": WHOLE,
        "tasks_unpaired": WHOLE, "informative": WHOLE, "answers_one": WHOLE, "answers_other": WHOLE,
        "missing_one": REAL, "missing_other": REAL, "events_one": REAL, "events_other": REAL, "events_rarer": REAL,
        "mean_one": REAL, "mean_other": REAL, "difference": REAL, "difference_low": REAL, "difference_high": REAL,
        "ratio": REAL, "ratio_low": REAL, "ratio_high": REAL, "here_difference": REAL, "here_low": REAL,
        "here_high": REAL, "p": REAL, "p_exact": REAL, "p_holm": REAL, "word": TEXT, "reason": TEXT,
    }
)  # fmt: skip
"""``here_*``: on these tasks; everything else on tasks like these. The word speaks of ``one``."""
ARMS = pl.Schema(
    {
        "arm": TEXT, "outcome": TEXT, "tasks": WHOLE, "answers": WHOLE, "missing": WHOLE, "events": REAL,
        "value": REAL, "low": REAL, "high": REAL, "design_effect": REAL, "icc": REAL, "reason": TEXT,
    }
)  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Arm ``one`` against arm ``other``; Holm corrects within a ``family`` and outcome."""

    one: str
    other: str
    family: str


def arm_rates(answers: pl.DataFrame, outcomes: Iterable[Outcome], *, level: float = 0.95) -> pl.DataFrame:
    """What every arm shows by itself (``ARMS``), a row an outcome and arm; ``answers`` as in ``compare_arms``."""
    rows: list[Row] = []
    for outcome in outcomes:
        totals, is_rate = _totals(answers, outcome)
        rows += [
            {**row, "arm": row["context"]} for row in arm_rows(totals, outcome.name, is_rate or outcome.share, level)
        ]
    return pl.DataFrame([{name: row[name] for name in ARMS} for row in rows], schema=ARMS)


def compare_arms(
    answers: pl.DataFrame,
    pairs: Sequence[Pair],
    outcomes: Iterable[Outcome],
    margin: Margin,
    *,
    level: float = 0.95,
    draws: int = 4_999,
    seed: int = 0,
) -> pl.DataFrame:
    """A row for every outcome and pair (``COMPARED``): what both arms showed, difference and ratio, p, Holm, the word.

    Args:
        answers: one row a planned answer: ``arm``, ``task``, a column for every outcome (null: no verdict), and
            optionally ``cluster`` (tasks that share a flaw; by default every task is its own).

    Raises:
        ValueError: a column is missing, or a pair names an arm that has no answer.
    """
    absent = sorted({arm for pair in pairs for arm in (pair.one, pair.other)} - set(answers["arm"].unique().to_list()))
    if absent:
        raise ValueError(f"pairs: no answers of arm {', '.join(absent)}")
    rows: list[Row] = []
    for outcome in outcomes if pairs else ():
        totals, is_rate = _totals(answers, outcome)
        mine = _rows(totals, pairs, outcome, is_rate, level=level, draws=draws, seed=seed)
        _correct(mine)
        for row in mine:
            row["word"], row["reason"] = _word(row, outcome, margin, level, is_rate)
            del row["rare_low"], row["rare_high"]
        rows += mine
    return pl.DataFrame(rows, schema=COMPARED)


def rank_ranges(arms: Sequence[str], compared: pl.DataFrame) -> dict[str, tuple[int, int]]:
    """Best and worst rank that the corrected comparisons of one family and outcome leave each arm.

    An arm ranks behind every arm that is *better* than it and before every arm that is *worse*; ties are open.
    """
    ahead, behind = dict.fromkeys(arms, 0), dict.fromkeys(arms, 0)
    for one, other, word in compared.select("one", "other", "word").iter_rows():
        if word in {BETTER, WORSE}:
            winner, loser = (one, other) if word == BETTER else (other, one)
            ahead[loser] += 1
            behind[winner] += 1
    return {arm: (1 + ahead[arm], len(arms) - behind[arm]) for arm in arms}


def _totals(answers: pl.DataFrame, outcome: Outcome) -> tuple[TaskTotals, bool]:
    frame = answers.with_columns(model=pl.lit(""), group=pl.lit(""), context=pl.col("arm"))
    is_rate = answers.schema.get(outcome.source) == pl.Boolean and outcome.per is None
    return task_totals(frame, outcome.source, outcome.per, rows_are_planned=True)[0], is_rate


def _rows(
    totals: TaskTotals, pairs: Sequence[Pair], outcome: Outcome, is_rate: bool, *, level: float, draws: int, seed: int
) -> list[Row]:
    one, other = (
        [totals.contexts.index(arm) for arm in arms] for arms in ([p.one for p in pairs], [p.other for p in pairs])
    )
    compared = compare_columns(
        totals, one, other, is_density=outcome.per is not None, level=level, draws=draws, seed=seed
    )
    flips, here = compared.flips, compared.here
    rows: list[Row] = []
    for k, pair in enumerate(pairs):
        rows.append(
            {
                "family": pair.family,
                "one": pair.one,
                "other": pair.other,
                "outcome": outcome.name,
                "more_is": outcome.more_is,
                "tasks": int((compared.paired[:, k] > 0).sum()),
                **compared.counts(totals, k, is_rate, ARM_NAMES),
                "difference": known(float(flips.difference[k])),
                "difference_low": known(float(flips.difference_low[k])),
                "difference_high": known(float(flips.difference_high[k])),
                "ratio": known(float(flips.ratio[k])),
                "ratio_low": float(flips.ratio_low[k]),
                "ratio_high": float(flips.ratio_high[k]),
                "here_difference": None if here is None else known(float(here.difference[k])),
                "here_low": None if here is None else known(float(here.low[k])),
                "here_high": None if here is None else known(float(here.high[k])),
                **compared.rare(k, is_rate),
                "p": float(flips.p_mid[k]) if flips.tasks[k] else None,
                "p_exact": float(flips.p_exact[k]) if flips.tasks[k] else None,
            }
        )
    return rows


def _correct(rows: list[Row]) -> None:
    for family in {row["family"] for row in rows}:
        mine = [row for row in rows if row["family"] == family]
        raw = np.array([np.nan if row["p"] is None else float(row["p"]) for row in mine])
        for row, value in zip(mine, holm(raw).tolist(), strict=True):
            row["p_holm"] = known(value)


def _word(row: Row, outcome: Outcome, margin: Margin, level: float, is_rate: bool) -> tuple[str, str]:
    p = number(row, "p_holm")
    evidence = evidence_of(row, outcome, ARM_NAMES, p_context=p, p_claim=p, no_placebo=None, is_bounded=is_rate)
    return paired_verdict(evidence, outcome.margin or margin, Thresholds(alpha=1 - level))
