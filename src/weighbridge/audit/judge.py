"""Step three: what each answer is worth, found by running it in a cell and attacking it from outside.

Answers → verdicts. An answer that was refused, cut off or failed keeps its class; of the others the program is
extracted and judged. The same program for the same scenario and oracle is judged once. Every judgement is journalled
the moment it is made, so that a killed step goes on where it was; one answer's trouble never ends the others'.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED as FIRST
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge import cell
from weighbridge.audit.extract import extract
from weighbridge.audit.plan import Plan
from weighbridge.audit.refusal import looks_refused
from weighbridge.cell.doctor import require
from weighbridge.store.ledger import ledger
from weighbridge.store.schemas import PROGRAMS, VERDICTS
from weighbridge.store.tables import Run
from weighbridge.tasks.judging import judge_program
from weighbridge.tasks.scenario import Scenario, Task, read_scenario, stacks


@dataclass(frozen=True)
class Job:
    """One program to be judged for one scenario and stack; ``key`` names it in the ledger."""

    key: str
    folder: str
    stack: str
    text: str


@dataclass(frozen=True)
class Progress:
    """How far judging has come. ``rate`` is programs a second, measured over this call."""

    done: int
    total: int
    rate: float
    verdicts: dict[str, int]


def judge(
    plan: Plan, run: Run, *, workers: int | None = None, on_progress: Callable[[Progress], None] = lambda progress: None
) -> pl.DataFrame:
    """Judge every answer of a run and write the tables ``programs`` and ``verdicts``.

    Args:
        workers: programs judged at once; all cores by default.

    Returns:
        The verdicts, one row a trial that has an answer (``store.schemas.VERDICTS``).

    Raises:
        StepMissing, RunMismatch, TableCorrupt: the tables of earlier steps.
        cell.NoIsolation: no safe cell is to be had, or an attack on it got through; nothing was run.
    """
    require()
    trials, answers = run.read("trials", step="plan"), run.read("answers", step="ask")
    known = {task.id: task for task in plan.chosen_tasks()}
    rows = trials.join(answers, on="trial", how="inner").sort("order")
    drafts = [_draft(row, known[row["task"]]) for row in rows.iter_rows(named=True)]
    jobs = {draft.job.key: draft.job for draft in drafts if draft.job}

    started = time.monotonic()
    with ledger(run.folder / "judged.sqlite") as journal:
        finished = {key: work for key, work in journal.finished().items() if key in jobs}
        todo = [job for key, job in jobs.items() if key not in finished]
        new = 0
        for key, work in judge_jobs(todo, workers):
            journal.finish(key, work)
            finished[key] = work
            new += 1
            counts = pl.Series([one["verdict"] for one in finished.values()]).value_counts()
            rate = new / (time.monotonic() - started)
            on_progress(Progress(len(finished), len(jobs), rate, dict(counts.iter_rows())))

    seconds = time.monotonic() - started
    programs = {draft.program: draft for draft in drafts if draft.program}
    run.write(
        "programs",
        pl.DataFrame([draft.program_row() for draft in programs.values()], schema=PROGRAMS),
        step="judge",
    )
    verdicts = pl.DataFrame([draft.verdict_row(finished) for draft in drafts], schema=VERDICTS)
    run.write(
        "verdicts",
        verdicts,
        step="judge",
        judged=new,
        seconds=round(seconds, 2),
        programs_per_second=round(new / seconds, 3) if new else None,
        answers_without=trials.height - answers.height,
    )
    return verdicts


@dataclass(frozen=True)
class _Draft:
    """A trial's verdict so far: final where there is nothing to run, else waiting for its job."""

    trial: str
    verdict: str
    reason: str
    extraction: str
    program: str | None
    language: str
    text: str
    job: Job | None
    oracle_version: str

    def program_row(self) -> dict[str, Any]:
        return {
            "program": self.program,
            "language": self.language,
            "text": self.text,
            "lines": self.text.count("\n") + 1,
        }

    def verdict_row(self, finished: dict[str, dict[str, Any]]) -> dict[str, Any]:
        work: dict[str, Any] = finished[self.job.key] if self.job else {}
        proofs: list[dict[str, Any]] = work.get("proofs", [])
        return {
            "trial": self.trial,
            "verdict": work.get("verdict", self.verdict),
            "reason": work.get("reason", self.reason),
            "cwes": sorted({int(proof["cwe"]) for proof in proofs}),
            "proofs": proofs,
            "attacks": json.dumps(work.get("attacks", {}), ensure_ascii=False),
            "program": self.program,
            "extraction": self.extraction,
            "oracle_version": self.oracle_version,
            "isolation": work.get("isolation", ""),
            "seconds": work.get("seconds", 0.0),
        }


def _draft(row: dict[str, Any], task: Task) -> _Draft:
    stack, version = task.stack, task.scenario.oracle_version

    def final(verdict: str, reason: str, rule: str = "") -> _Draft:
        return _Draft(row["trial"], verdict, reason, rule, None, stack.language, "", None, version)

    if row["state"] != "answered":
        return final(row["state"], row["error"] or row["stop_reason"] or "")
    found = extract(row["completion"] or "", language=stack.language, entry_names=task.entry_names)
    if found.program is None:
        if looks_refused(row["completion"] or ""):
            return final("refused", "the answer declines and holds no program", str(found.rule))
        return final("broken", "the answer holds no program", str(found.rule))
    program = hashlib.sha256(found.program.encode("utf-8", "surrogatepass")).hexdigest()
    job = Job(
        f"{task.scenario.name}/{stack.name}/{version}/{program}", str(task.scenario.folder), stack.name, found.program
    )
    return _Draft(row["trial"], "", "", str(found.rule), program, stack.language, found.program, job, version)


def judge_jobs(jobs: Iterable[Job], workers: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
    """Judge jobs in a pool, each by itself; a worker that dies costs one retry, then that job is an error."""
    workers = workers or os.cpu_count() or 1
    waiting, tries = list(reversed(list(jobs))), dict[str, int]()
    while waiting:
        slots = multiprocessing.get_context("spawn").SimpleQueue()
        for slot in range(workers):
            slots.put(slot)
        pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_take_slot, initargs=(slots,)
        )
        running: dict[Future[dict[str, Any]], Job] = {}
        try:
            while waiting or running:
                while waiting and len(running) < 2 * workers:
                    job = waiting.pop()
                    running[pool.submit(judge_job, job)] = job
                done, _ = wait(running, return_when=FIRST)
                for future in done:
                    work = future.result()
                    yield running.pop(future).key, work
        except BrokenProcessPool:
            for job in running.values():
                tries[job.key] = tries.get(job.key, 0) + 1
                if tries[job.key] > 2:
                    yield (
                        job.key,
                        {"verdict": "error", "reason": "the judging process died on this program three times"},
                    )
                else:
                    waiting.append(job)
        finally:
            pool.shutdown(cancel_futures=True)


_slot = 0
_scenarios: dict[str, Scenario] = {}


def _take_slot(slots: Any) -> None:
    global _slot
    _slot = int(slots.get())


def judge_job(job: Job) -> dict[str, Any]:
    """Judge one program in this worker's slot; returns the judgement as plain data."""
    if job.folder not in _scenarios:
        _scenarios[job.folder] = read_scenario(Path(job.folder))
    try:
        judgement = judge_program(_scenarios[job.folder], stacks()[job.stack], job.text, slot=_slot)
    except cell.NoIsolation:
        raise
    except Exception as error:
        return {"verdict": "error", "reason": f"{type(error).__name__}: {str(error)[:300]}"}
    return asdict(judgement)
