"""Step four: what static analysers say about each distinct program; an instrument beside the verdicts, never the truth.

Programs → scans and findings. A program that a tool could not analyse is written as such and is never clean.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import polars as pl

from weighbridge.audit.plan import Plan
from weighbridge.cell.doctor import require
from weighbridge.panel import Finding, Scan, analyse
from weighbridge.store.schemas import FINDINGS, SCANS
from weighbridge.store.tables import Run


def scan(
    plan: Plan, run: Run, *, on_progress: Callable[[str, int, int], None] = lambda tool, done, total: None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Scan every distinct program of a run and write the tables ``scans`` and ``findings``.

    Returns:
        Scans (a row a program and tool) and findings (``store.schemas.SCANS``, ``FINDINGS``).

    Raises:
        StepMissing: the run has not been judged.
        cell.NoIsolation: no safe cell is to be had.
    """
    require()
    programs = run.read("programs", step="judge")
    scans: list[Scan] = []
    findings: list[Finding] = []
    for (language,), group in programs.group_by(["language"], maintain_order=True):
        texts = dict(group.select("program", "text").iter_rows())
        new_scans, new_findings = analyse(texts, str(language), on_progress=on_progress)
        scans += new_scans
        findings += new_findings
    said = pl.DataFrame([asdict(one) for one in scans], schema=SCANS)
    found = pl.DataFrame([asdict(one) for one in findings], schema=FINDINGS)
    versions = sorted({f"{one.tool} {one.version}".strip() for one in scans})
    run.write("scans", said, step="scan", tools=versions)
    run.write("findings", found, step="scan", tools=versions)
    return said, found
