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
from weighbridge.stats.conditional import on_these_tasks
from weighbridge.stats.design import Outcome
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.rare import limits_if_rare
from weighbridge.stats.signflip import sign_flips
from weighbridge.stats.signs import sign_sets
from weighbridge.stats.totals import TaskTotals, task_totals
from weighbridge.stats.verdict import BETTER, WORSE, Evidence, Margin, Thresholds, paired_verdict
from weighbridge.stats.words import known

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
    paired = ((totals.answered[:, one] > 0) & (totals.answered[:, other] > 0)).astype(np.float64)
    (c1, l1), (c0, l0) = totals.by_cluster(one, paired), totals.by_cluster(other, paired)
    flips = sign_flips(c1, l1, c0, l0, level=level, signs=sign_sets(c1.shape[0], draws, seed))
    arms = [(totals.mean[:, k], totals.noise[:, k], totals.answered[:, k]) for k in (one, other)]
    here = on_these_tasks(*arms[0], *arms[1], level=level) if outcome.per is None else None
    with np.errstate(invalid="ignore", divide="ignore"):
        means = c1.sum(axis=0) / l1.sum(axis=0), c0.sum(axis=0) / l0.sum(axis=0)
    if_rare = limits_if_rare(c1, l1, c0, l0, level=level)
    rows: list[Row] = []
    for k, pair in enumerate(pairs):
        kept = paired[:, k] > 0
        answered = [float(totals.answered[kept, j[k]].sum()) for j in (one, other)]
        events = [float(totals.total[kept, j[k]].sum()) for j in (one, other)]
        missing = [1 - float(totals.answered[:, j[k]].sum() / totals.expected[:, j[k]].sum()) for j in (one, other)]
        rows.append(
            {
                "family": pair.family,
                "one": pair.one,
                "other": pair.other,
                "outcome": outcome.name,
                "more_is": outcome.more_is,
                "tasks": int(kept.sum()),
                "tasks_unpaired": int((~kept).sum()),
                "informative": int(flips.informative[k]),
                "answers_one": int(answered[0]),
                "answers_other": int(answered[1]),
                "missing_one": missing[0],
                "missing_other": missing[1],
                "events_one": events[0],
                "events_other": events[1],
                "events_rarer": min(sum(events), sum(answered) - sum(events)) if is_rate else sum(events),
                "mean_one": known(float(means[0][k])),
                "mean_other": known(float(means[1][k])),
                "difference": known(float(flips.difference[k])),
                "difference_low": known(float(flips.difference_low[k])),
                "difference_high": known(float(flips.difference_high[k])),
                "ratio": known(float(flips.ratio[k])),
                "ratio_low": float(flips.ratio_low[k]),
                "ratio_high": float(flips.ratio_high[k]),
                "here_difference": None if here is None else known(float(here.difference[k])),
                "here_low": None if here is None else known(float(here.low[k])),
                "here_high": None if here is None else known(float(here.high[k])),
                "rare_low": known(float(if_rare[0][k])) if is_rate else None,
                "rare_high": known(float(if_rare[1][k])) if is_rate else None,
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
    def number(name: str) -> float | None:
        value = row[name]
        return float(value) if isinstance(value, int | float) else None

    low, high = number("rare_low"), number("rare_high")
    missing = number("missing_one") or 0.0, number("missing_other") or 0.0
    evidence = Evidence(
        more_is=outcome.more_is,
        tasks=int(number("tasks") or 0),
        events=number("events_rarer") or 0.0,
        informative=int(number("informative") or 0),
        difference=number("difference"),
        difference_low=number("difference_low"),
        difference_high=number("difference_high"),
        ratio_low=number("ratio_low"),
        ratio_high=number("ratio_high"),
        p_context=number("p_holm"),
        p_claim=number("p_holm"),
        no_placebo=None,
        missing=missing,
        lost=abs(missing[0] - missing[1]) if is_rate else 0.0,
        mean_neutral=number("mean_other"),
        if_rare=None if low is None or high is None else (low, high),
    )
    return paired_verdict(evidence, outcome.margin or margin, Thresholds(alpha=1 - level))
