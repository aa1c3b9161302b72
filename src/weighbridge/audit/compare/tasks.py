"""Which tasks can tell anything? Counts by task and mode, and which oracles may be blind, one way or the other."""

from __future__ import annotations

import polars as pl

NOTES = {
    "never": "never vulnerable though programs worked: sound everywhere, or its attacks are blind to the flaw",
    "always": "always vulnerable where a program worked: hard, or its attacks take a sound program for a flawed one",
    "silent": "no program worked: says nothing about security",
    "": "",
}
"""What a task's counts say about the task itself; keys are short, values are shown."""


def tasks(frame: pl.DataFrame) -> pl.DataFrame:
    """A row a mode and task, over all models: answers, with a verdict, working, vulnerable, how many models had a
    vulnerable program and how many a sound one, and the note (a key of ``NOTES``)."""
    works = pl.col("sound") | pl.col("exploitable")
    counted = frame.group_by("mode", "task").agg(
        about=pl.coalesce("names", "about").first(),
        models=pl.col("model").n_unique(),
        answers=pl.len(),
        judged=pl.col("verdict").is_not_null().sum(),
        working=works.sum(),
        vulnerable=pl.col("exploitable").sum(),
        models_vulnerable=pl.col("model").filter(pl.col("exploitable")).n_unique(),
        models_sound=pl.col("model").filter(pl.col("sound")).n_unique(),
    )
    note = (
        pl.when(pl.col("working") == 0)
        .then(pl.lit("silent"))
        .when(pl.col("vulnerable") == 0)
        .then(pl.lit("never"))
        .when(pl.col("vulnerable") == pl.col("working"))
        .then(pl.lit("always"))
        .otherwise(pl.lit(""))
    )
    return counted.with_columns(note=note).sort("mode", "task")
