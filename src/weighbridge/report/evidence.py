"""What does a run folder hold? Reads every table that is there and joins trials, answers and verdicts, one row a trial.

The first step of a report. A table that is not there yet is None, and the report says which step is missing; one that
is damaged or of another plan is an error with its mend, since a report over half of the data would lie.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.audit.plan import Plan, thaw
from weighbridge.errors import TableCorrupt
from weighbridge.store.certificate import held, place
from weighbridge.store.schemas import ANSWERS, VERDICTS
from weighbridge.store.tables import Run

OUTCOMES = ("exploitable", "sound", "broken", "refused", "truncated", "error", "not judged")
"""What an answer can have come to, in the order in which it is shown. *not asked* is no outcome: nothing came back."""
OUTCOME_OF = {"vulnerable": "exploitable", "secure": "sound"}
"""The verdict's word for one program → the outcome's word for a model. Other verdicts keep their word."""
STEPS = {"plan": "trials", "ask": "answers", "judge": "verdicts", "scan": "findings", "estimate": "effects"}
"""Each step of the flow and the table that shows it has finished."""


@dataclass(frozen=True)
class Evidence:
    """A run folder, read.

    Attributes:
        trials: one row a planned trial, with its answer's and its verdict's columns (null where there is none) and
            ``outcome`` (one of ``OUTCOMES`` or *not asked*).
        effects, rates: the estimates, or None where that step has not run.
        stops: what a sequential plan decided and when, or None.
        scans, findings, programs: likewise.
        facts: by table, what its step wrote about itself.
        certificate: the instrument's calibration, or None.
        strays: answers of no trial of this plan; they are counted nowhere.
    """

    folder: Path
    run: Run
    plan: Plan
    trials: pl.DataFrame
    programs: pl.DataFrame | None
    scans: pl.DataFrame | None
    findings: pl.DataFrame | None
    effects: pl.DataFrame | None
    rates: pl.DataFrame | None
    stops: pl.DataFrame | None
    facts: dict[str, dict[str, Any]]
    certificate: dict[str, Any] | None
    strays: int

    @property
    def models(self) -> list[str]:
        """The models' names, in the plan's order."""
        return [model.name for model in self.plan.models]

    @property
    def asked(self) -> pl.DataFrame:
        """The trials that were answered in any way: what every share is a share of."""
        return self.trials.filter(pl.col("outcome") != "not asked")


def read(folder: Path) -> Evidence:
    """Read a run folder.

    Raises:
        StepMissing: it is no run folder, or its trials are not there.
        RunMismatch, TableCorrupt, PlanError: a table is of another plan or damaged, or the plan cannot be read.
    """
    plan, run = thaw(folder)
    trials, strays = _joined(run)
    optional = {
        name: run.read(name) if run.has(name) else None
        for name in ("programs", "scans", "findings", "effects", "rates", "stops")
    }
    facts = {name: run.facts(name) for name in ("trials", "answers", "verdicts", *optional) if run.has(name)}
    return Evidence(
        folder=folder,
        run=run,
        plan=plan,
        trials=trials,
        programs=optional["programs"],
        scans=optional["scans"],
        findings=optional["findings"],
        effects=optional["effects"],
        rates=optional["rates"],
        stops=optional["stops"],
        facts=facts,
        certificate=certificate(folder),
        strays=strays,
    )


def certificate(folder: Path) -> dict[str, Any] | None:
    """The calibration's certificate: the run folder's own (``certificate.json``), else this machine's, else None.

    Raises:
        TableCorrupt: it is there and cannot be read.
    """
    own = folder / "certificate.json"
    return held(own if own.is_file() else place())


def unfinished(evidence: Evidence) -> list[tuple[str, str]]:
    """Steps that have not finished: the step, and in a sentence what is missing."""
    missing: list[tuple[str, str]] = []
    tally = dict(evidence.trials.group_by("outcome").len().iter_rows())
    planned = evidence.trials.height
    if "answers" not in evidence.facts:
        missing.append(("ask", "no answer has been collected"))
    elif tally.get("not asked"):
        missing.append(("ask", f"{tally['not asked']:,} of {planned:,} trials have not been asked"))
    if "verdicts" not in evidence.facts:
        missing.append(("judge", "no answer has been judged"))
    elif tally.get("not judged"):
        missing.append(("judge", f"{tally['not judged']:,} answers have not been judged"))
    if evidence.scans is None or evidence.findings is None:
        missing.append(("scan", "no program has been scanned by static analysers"))
    if evidence.effects is None:
        missing.append(("estimate", "no effect has been estimated"))
    return missing


def _joined(run: Run) -> tuple[pl.DataFrame, int]:
    trials = run.read("trials", step="plan")
    answers = run.read("answers") if run.has("answers") else pl.DataFrame(schema=ANSWERS)
    verdicts = run.read("verdicts") if run.has("verdicts") else pl.DataFrame(schema=VERDICTS)
    for name, frame in (("trials", trials), ("answers", answers), ("verdicts", verdicts)):
        if frame["trial"].n_unique() != frame.height:
            raise TableCorrupt(f"{run.path(name)}: a trial stands in it twice; remove the table and run its step again")
    strays = answers.join(trials, on="trial", how="anti").height
    joined = (
        trials.sort("order")
        .join(answers, on="trial", how="left", maintain_order="left")
        .join(verdicts, on="trial", how="left", maintain_order="left")
        .with_columns(
            outcome=pl.when(pl.col("state").is_null())
            .then(pl.lit("not asked"))
            .when(pl.col("verdict").is_null())
            .then(pl.lit("not judged"))
            .otherwise(pl.col("verdict").replace(OUTCOME_OF))
        )
    )
    odd = joined.filter(~pl.col("outcome").is_in([*OUTCOMES, "not asked"]))
    if odd.height:
        raise TableCorrupt(
            f"{run.path('verdicts')}: verdict '{odd['outcome'][0]}' is none that is known; "
            "remove the table and run `weighbridge judge` again"
        )
    return joined, strays
