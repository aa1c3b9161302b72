"""What share of a model's answers is exploitable, where only some were attacked and a reviewer labelled the others?

Three figures side by side: by the reviewer's labels alone (wrong by as much as the reviewer errs), by the proved
answers alone, and both together (prediction-powered inference, ``stats.ppi``). Answers that delivered no program are
known not to be exploitable; so are broken ones, where the source says of the others that they work. All this rests on
one thing: that it was chance which of the rest were attacked, within each task, or over all tasks where a task has none
that was. What contradicts that is looked for, and then there is no corrected rate, only the bounds that hold whatever
was attacked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from weighbridge.audit.truth import Truth
from weighbridge.stats.estimate import Bools, Floats, Ints, NoEstimate
from weighbridge.stats.ppi import Corrected, alike_in_all, pooled_ppi, random_within, stratified_ppi
from weighbridge.stats.rates import Rate, rate

SUSPECT = 0.01
"""A test of chance below this, after Bonferroni over its covariates, withholds the corrected rate."""

RATES = pl.Schema(
    {
        "reviewer": pl.String,
        "source": pl.String,  # whose verdicts are the proved ones
        "model": pl.String,
        "answers": pl.UInt32,
        "proved": pl.UInt32,  # with a verdict, or known without one
        "exploitable": pl.UInt32,  # of the proved
        "reviewed": pl.UInt32,  # with a readable verdict of the reviewer, of all with a program
        "unread": pl.UInt32,  # reviewed without one
        "tasks": pl.UInt32,  # that count as one piece of evidence each (``Truth.unit``)
        "least": pl.Float64,  # were nothing else exploitable
        "most": pl.Float64,  # were everything else
        **{
            f"{what}{end}": pl.Float64
            for what in ("by_reviewer", "by_proof", "corrected")
            for end in ("", "_low", "_high")
        },
        **{  # of these tasks only
            f"{what}{end}": pl.Float64 for what in ("by_proof", "corrected") for end in ("_low_here", "_high_here")
        },
        "weight": pl.Float64,  # how far the reviewer's labels were used, 0 to 1
        "design": pl.String,  # all proved | chance within tasks | chance over all answers
        "why": pl.String,  # where there is no corrected rate
    }
)


@dataclass(frozen=True)
class Chance:
    """Whether which answers were attacked may have been chance within tasks, as far as can be seen.

    ``against`` names what contradicts it; ``p`` is by covariate, None where the data cannot tell.
    """

    p: dict[str, float | None]
    against: tuple[str, ...]
    unproved: int
    """Answers with a program of which nothing is proved."""

    @property
    def words(self) -> str:
        """One sentence."""
        if not self.unproved:
            return "every answer is proved: there is nothing to correct"
        if self.against:
            return f"which answers were attacked was not chance within tasks: it goes with {', '.join(self.against)}"
        seen = [name for name, p in self.p.items() if p is not None]
        if not seen:
            return "whether it was chance which answers were attacked cannot be seen in these data: it is assumed"
        return f"nothing seen against chance in which answers were attacked, by {', '.join(seen)}: the rest is assumed"


def rates(truth: Truth, reviews: pl.DataFrame, *, level: float = 0.95) -> tuple[pl.DataFrame, dict[str, Chance]]:
    """A row a model and reviewer (``RATES``), and for each reviewer what was seen of how answers were chosen."""
    rows: list[dict[str, Any]] = []
    chances: dict[str, Chance] = {}
    source = ", ".join(truth.sources)
    for (reviewer,), mine in reviews.group_by("reviewer", maintain_order=True):
        frame = _frame(truth, mine)
        chances[str(reviewer)] = chance = _chance(frame)
        for (model,), group in frame.group_by("model", maintain_order=True):
            rows.append({"reviewer": reviewer, "source": source, "model": model, **_one(group, chance, level)})
    return pl.DataFrame(rows, schema=RATES).sort("reviewer", "model"), chances


def _frame(truth: Truth, mine: pl.DataFrame) -> pl.DataFrame:
    """Answers with what the reviewer said, and ``stratum``: a task's answers that had to be attacked to be known."""
    answers = truth.answers.join(mine.select("program", "state", "vulnerable"), on="program", how="left")
    unknown = answers.filter(pl.col("exploitable").is_null())
    known_to_work = bool(unknown["works"].fill_null(False).all())
    apart = ["refused", "truncated", *(["broken"] if known_to_work else [])]
    settled = pl.col("verdict").is_in(apart).fill_null(False) | (
        pl.col("exploitable").is_not_null() & pl.col("verdict").is_null()
    )
    read = answers["vulnerable"].drop_nulls().cast(pl.Float64)
    usual = read.mean() if read.len() else 0.5
    return answers.with_columns(
        settled.alias("settled"),
        pl.concat_str("task", settled.cast(pl.String), separator="\n").alias("stratum"),
        # Any fixed label is allowed where the reviewer gave none: the mean moves nothing.
        pl.when(pl.col("program").is_null())
        .then(0.0)
        .otherwise(pl.col("vulnerable").cast(pl.Float64).fill_null(usual))
        .alias("label"),
        pl.col(truth.unit).alias("unit"),
        (pl.col("state").is_not_null() | settled).alias("seen"),
    )


def _chance(frame: pl.DataFrame) -> Chance:
    open_ = frame.filter(~pl.col("settled") & pl.col("program").is_not_null())
    unproved = frame.filter(pl.col("exploitable").is_null()).height
    once = open_.unique(["task", "model", "program"], maintain_order=True)
    if not unproved or once.is_empty():
        return Chance({}, (), unproved)
    _, stratum = np.unique(
        once.select(pl.concat_str("task", "model", separator="\n")).to_series().to_numpy().astype(str),
        return_inverse=True,
    )
    chosen = once["exploitable"].is_not_null().to_numpy().astype(np.bool_)
    covariates = {"length": once["length"].fill_null(0.0).log1p()}
    read = once["vulnerable"].is_not_null().to_numpy().astype(np.bool_)
    for how in sorted(set(once["how"].to_list())) if once["how"].n_unique() > 1 else ():
        covariates[f"how '{how}'"] = (once["how"] == how).cast(pl.Float64)
    p = {
        name: random_within(stratum, chosen, values.to_numpy().astype(np.float64))
        for name, values in covariates.items()
    }
    said = once["vulnerable"].fill_null(False).cast(pl.Float64).to_numpy()
    p["the reviewer's label"] = random_within(stratum[read], chosen[read], said[read]) if read.any() else None
    tests = max(sum(value is not None for value in p.values()), 1)
    against = tuple(name for name, value in p.items() if value is not None and value * tests < SUSPECT)
    return Chance(p, against, unproved)


def _one(group: pl.DataFrame, chance: Chance, level: float) -> dict[str, Any]:
    known = group["exploitable"].is_not_null().to_numpy().astype(np.bool_)
    proved = group["exploitable"].fill_null(False).cast(pl.Float64).to_numpy()
    seen = group["seen"].to_numpy().astype(np.bool_)
    label = group["label"].to_numpy().astype(np.float64)
    readable = (group["vulnerable"].is_not_null() | group["settled"]).to_numpy().astype(np.bool_)
    _, stratum = np.unique(group["stratum"].to_numpy().astype(str), return_inverse=True)
    _, cluster = np.unique(group["unit"].to_numpy().astype(str), return_inverse=True)
    clusters = int(cluster.max()) + 1

    def plain(values: Floats, chosen: Bools) -> Rate | NoEstimate:
        counts = np.bincount(cluster[chosen], weights=values[chosen], minlength=clusters).astype(np.float64)
        return rate(counts, np.bincount(cluster[chosen], minlength=clusters).astype(np.float64), level=level)

    exploitable, total = float(proved[known].sum()), float(known.size)
    row: dict[str, Any] = {
        "answers": known.size,
        "proved": int(known.sum()),
        "exploitable": int(exploitable),
        "reviewed": group["vulnerable"].drop_nulls().len(),
        "unread": group.filter(pl.col("state").is_not_null() & (pl.col("state") != "reviewed")).height,
        "tasks": clusters,
        "least": exploitable / total,
        "most": (exploitable + total - float(known.sum())) / total,
    }
    row |= _columns("by_reviewer", plain(label, readable & seen))
    if known.all():
        found = plain(proved, known)
        return row | _columns("by_proof", found) | _columns("corrected", found) | {"design": "all proved"}
    if chance.against:
        return row | {"why": chance.words}
    open_ = ~group["settled"].to_numpy().astype(np.bool_)
    within = _some_everywhere(stratum, known)
    row["design"] = "chance within tasks" if within else "chance over all answers"
    if not within:
        alike = alike_in_all(stratum[open_], known[open_])
        if alike is not None and alike < SUSPECT:
            return row | {"why": "some tasks have no answer that was attacked, and others more than chance would give"}

    def estimate(reviewed: Bools) -> Corrected | NoEstimate:
        if within:
            return stratified_ppi(stratum, cluster, label, proved, reviewed, known, level=level)
        return pooled_ppi(cluster.astype(np.float64), open_, label, proved, reviewed, known, level=level)

    found = estimate(seen)
    row |= _columns("by_proof", estimate(np.zeros_like(seen))) | _columns("corrected", found)
    return row | ({"why": found.reason} if isinstance(found, NoEstimate) else {"weight": found.weight})


def _columns(name: str, found: Rate | Corrected | NoEstimate) -> dict[str, float | None]:
    if isinstance(found, NoEstimate):
        return {}
    here = {}
    if isinstance(found, Corrected):
        here = {f"{name}_low_here": found.low_here, f"{name}_high_here": found.high_here}
    return {name: found.value, f"{name}_low": found.low, f"{name}_high": found.high, **here}


def _some_everywhere(stratum: Ints, known: Bools) -> bool:
    return bool((np.bincount(stratum[known], minlength=int(stratum.max()) + 1) > 0).all())
