"""Which programs does a reviewer see when it is not to see all? A random part of every task, the same each time.

Programs are put in one order, and a sample of N is its first N: a larger sample holds the smaller one, so that nothing
is paid for twice, and a review that was stopped half-way has still seen a random part. The order gives each task in
turn its share (the k-th of a task's P programs in random order stands at (k − ½)/P, the first of each task at 0), which
is proportional allocation by Webster's method. What a task's sampled programs show then stands for the whole task.
"""

from __future__ import annotations

import hashlib

import polars as pl


def in_order(answers: pl.DataFrame, seed: int) -> pl.DataFrame:
    """Every distinct program of the answers once, in sampling order.

    Args:
        answers: columns program and task; a program that answers several tasks counts for the first by name.
        seed: another seed, another order.

    Returns:
        Columns program and task.
    """
    programs = answers.filter(pl.col("program").is_not_null()).group_by("program").agg(pl.col("task").min())
    draws = [hashlib.sha256(f"{seed}/{program}".encode()).hexdigest() for program in programs["program"]]
    drawn = programs.with_columns(pl.Series("draw", draws, dtype=pl.String))
    rank = pl.col("draw").rank("ordinal").over("task")
    return (
        drawn.with_columns(
            pl.when(rank == 1).then(0.0).otherwise((rank - 0.5) / pl.len().over("task")).alias("place")
        )
        .sort("place", "draw")
        .select("program", "task")
    )  # fmt: skip
