"""From a frame of trials to task totals: what each task showed in each context, over everything asked.

The first step of ``effects.analyse``. A row is a trial; an outcome column is true or false for every trial that was
judged (a refusal is a trial in which ``exploitable`` is false and ``refused`` is true) and null where there is no
verdict (an endpoint error). Nothing is dropped in silence: every planned answer that is not there is counted.
"""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from weighbridge.stats.estimate import Floats

KEYS = ("model", "context", "group", "task")


@dataclass(frozen=True)
class TaskTotals:
    """One model and one outcome; matrices are (tasks, contexts), 0 where a cell has no answer.

    ``mean`` is the cell's mean outcome with paraphrases weighing the same, ``per`` the mean exposure (1 for a rate or
    a count), ``noise`` the variance of single answers, ``answered`` and ``expected`` count answers, ``total`` sums
    the outcome. ``cluster`` numbers the cluster of each task.
    """

    model: str
    tasks: list[str]
    contexts: list[str]
    groups: dict[str, str]
    cluster: Floats
    mean: Floats
    per: Floats
    noise: Floats
    answered: Floats
    expected: Floats
    total: Floats
    scale: float = field(default=1.0)

    def by_cluster(self, columns: list[int], kept: Floats) -> tuple[Floats, Floats]:
        """Counts and exposures (clusters, comparisons) of the kept tasks; every task weighs the same in both arms.

        ``kept`` is (tasks, comparisons), over 0 where a task takes part.
        """
        groups = (self.cluster[None, :] == np.unique(self.cluster)[:, None]).astype(np.float64)
        counts = groups @ np.where(kept > 0, self.mean[:, columns] * self.scale, 0.0)
        exposures = groups @ np.where(kept > 0, self.per[:, columns] * self.scale, 0.0)
        nearest: Floats = np.rint(counts)
        return np.where(np.abs(counts - nearest) < 1e-9, nearest, counts), exposures


def task_totals(
    trials: pl.DataFrame,
    outcome: str,
    per: str | None = None,
    repeats: int | None = None,
    *,
    rows_are_planned: bool = False,
) -> list[TaskTotals]:
    """Totals of ``outcome`` for every model of ``trials`` (columns model, context, group, task, and the outcome).

    Optional columns: ``paraphrase`` (averaged within a context) and ``cluster`` (tasks of one scenario; by default
    every task is its own). ``per`` names an exposure column, such as thousand lines. ``repeats`` is the planned number
    of answers a cell and paraphrase; by default the most that any cell of the model has. With ``rows_are_planned``
    every planned answer has its row (null where it is missing), so that rows are counted and nothing is supposed.
    Raises ``ValueError`` naming the column that is missing, and where a task or context belongs to two groups.
    """
    needed = [*KEYS, outcome, *([per] if per else [])]
    absent = [c for c in needed if c not in trials.columns]
    if absent:
        raise ValueError(f"trials: no column {', '.join(absent)}; there are {', '.join(trials.columns)}")
    frame = trials.select(
        *(pl.col(k).cast(pl.String) for k in KEYS),
        _or_own(trials, "paraphrase", pl.lit("")).alias("paraphrase"),
        _or_own(trials, "cluster", pl.col("task")).cast(pl.String).alias("cluster"),
        pl.col(outcome).cast(pl.Float64).alias("y"),
        (pl.col(per).cast(pl.Float64) if per else pl.lit(1.0)).alias("ell"),
    )
    for of, by in (("context", "group"), ("task", "cluster")):
        twice = frame.group_by(of).agg(pl.col(by).n_unique()).filter(pl.col(by) > 1)
        if twice.height:
            raise ValueError(f"trials: {of} {twice[of][0]!r} stands in more than one {by}")
    known = frame.filter(pl.col("y").is_not_null() & pl.col("ell").is_not_null())
    cells = known.group_by("model", "context", "paraphrase", "task").agg(
        pl.len().alias("n"),
        pl.col("y").mean().alias("y_mean"),
        pl.col("y").sum().alias("y_sum"),
        pl.col("y").var().fill_null(0.0).alias("y_var"),
        pl.col("ell").mean().alias("ell_mean"),
    )
    asked = frame.group_by("model", "context", "paraphrase", "task").agg(pl.len().alias("asked"))
    groups = dict(frame.select("context", "group").unique().iter_rows())
    clusters = dict(frame.select("task", "cluster").unique().iter_rows())
    return [
        _one_model(str(model), asked, cells, groups, clusters, repeats, rows_are_planned)
        for model in frame["model"].unique(maintain_order=True)
    ]


def _or_own(trials: pl.DataFrame, column: str, otherwise: pl.Expr) -> pl.Expr:
    return pl.col(column) if column in trials.columns else otherwise


def _one_model(
    model: str,
    asked: pl.DataFrame,
    cells: pl.DataFrame,
    groups: dict[str, str],
    clusters: dict[str, str],
    repeats: int | None,
    rows_are_planned: bool,
) -> TaskTotals:
    mine = asked.filter(pl.col("model") == model)
    have = cells.filter(pl.col("model") == model)
    tasks, contexts = sorted(mine["task"].unique().to_list()), sorted(mine["context"].unique().to_list())
    shape = (len(tasks), len(contexts))
    per_cell = float(repeats or max(mine["asked"].to_list()))
    wordings = dict(mine.group_by("context").agg(pl.col("paraphrase").n_unique()).iter_rows())
    expected = np.tile(np.array([per_cell * wordings[c] for c in contexts]), (len(tasks), 1))
    if rows_are_planned:
        at = {(t, c): float(n) for t, c, n in mine.group_by("task", "context").agg(pl.col("asked").sum()).iter_rows()}
        expected = np.array([[at.get((t, c), 0.0) for c in contexts] for t in tasks])

    summed = have.group_by("task", "context").agg(
        pl.col("n").sum().alias("answered"),
        pl.col("y_mean").mean().alias("mean"),
        pl.col("y_sum").sum().alias("total"),
        pl.col("ell_mean").mean().alias("per"),
        # pooled variance of single answers: unequal paraphrases only widen it
        ((pl.col("y_var") * (pl.col("n") - 1)).sum() + (pl.col("n") * pl.col("y_mean") ** 2).sum()).alias("square"),
        pl.col("n").unique().alias("sizes"),
        pl.len().alias("wordings"),
    )
    row = {t: i for i, t in enumerate(tasks)}
    column = {c: j for j, c in enumerate(contexts)}
    i = np.array([row[t] for t in summed["task"]], dtype=np.int64)
    j = np.array([column[c] for c in summed["context"]], dtype=np.int64)

    def matrix(name: str) -> Floats:
        out = np.zeros(shape)
        out[i, j] = summed[name].cast(pl.Float64).to_numpy()
        return out

    answered, total = matrix("answered"), matrix("total")
    with np.errstate(invalid="ignore", divide="ignore"):
        noise = (matrix("square") - total**2 / answered) / (answered - 1)
    noise = np.where(answered > 1, np.maximum(noise, 0.0), 0.0)
    numbers = np.array(sorted({clusters[t] for t in tasks}))
    cluster = np.searchsorted(numbers, np.array([clusters[t] for t in tasks])).astype(np.float64)
    expected = np.maximum(expected, answered)
    return TaskTotals(
        model, tasks, contexts, {c: groups[c] for c in contexts}, cluster, matrix("mean"), matrix("per"), noise,
        answered, expected, total, _common_denominator(summed),
    )  # fmt: skip


def _common_denominator(summed: pl.DataFrame, largest: int = 5_040) -> float:
    """A number that makes every cell mean whole, so that the sign-flip is convolved exactly; 1 if it is too large."""
    scale = 1
    for sizes, wordings in summed.select("sizes", "wordings").unique().iter_rows():
        for size in sizes:
            scale = int(np.lcm(scale, int(size) * int(wordings)))
            if scale > largest:
                return 1.0
    return float(scale)
