"""How many findings is one flaw? bandit and ruff's S rules are one instrument: B608 and S608 on a line are one."""

from __future__ import annotations

import polars as pl

SAME_RULES = ["bandit", "ruff"]


def findings_by_program(findings: pl.DataFrame) -> pl.DataFrame:
    """``program`` and how many ``findings`` it has, those that two names of one instrument share counted once.

    Args:
        findings: ``store.schemas.FINDINGS``.
    """
    number = pl.col("rule").str.replace(r"^[BS](\d+)$", "$1")
    instrument = pl.when(pl.col("tool").is_in(SAME_RULES)).then(pl.lit(SAME_RULES[0])).otherwise("tool")
    shared = pl.when(pl.col("tool").is_in(SAME_RULES)).then(number).otherwise("rule")
    once = findings.with_columns(instrument=instrument, shared=shared)
    return once.unique(["program", "line", "instrument", "shared"]).group_by("program").len("findings")
