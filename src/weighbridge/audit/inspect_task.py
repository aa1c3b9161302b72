"""The suite as an Inspect task: ``inspect eval weighbridge/audit/inspect_task.py -T plan=plan.toml --model …``.

For those who live in Inspect: its models, its retries, its logs; our questions, our extraction and our oracles, which
run outside the cell. The effects and their statistics are not in it: import the log (``inspect_logs``) for those.
Needs the extra ``[inspect]``.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import polars as pl
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer
from inspect_ai.solver import TaskState, generate

from weighbridge.audit.extract import extract
from weighbridge.audit.plan import Plan, expand, read
from weighbridge.audit.reasoning import split_reasoning
from weighbridge.audit.refusal import looks_refused
from weighbridge.cell.doctor import require
from weighbridge.tasks.judging import judge_program
from weighbridge.tasks.scenario import Task as Asked


@task
def weighbridge(plan: str) -> Task:
    """The trials of a plan, of whichever model Inspect asks; the plan's own models only give the number of repeats."""
    read_plan = read(Path(plan))
    trials = expand(read_plan).filter(pl.col("model") == read_plan.models[0].name)
    samples = [_sample(row) for row in trials.iter_rows(named=True)]
    return Task(dataset=MemoryDataset(samples, name=read_plan.name), solver=generate(), scorer=secure(read_plan))


def _sample(row: dict[str, Any]) -> Sample:
    system = [ChatMessageSystem(content=row["system"])] if row["system"] else []
    kept = ("task", "context", "group", "paraphrase", "slot", "language", "repeat")
    return Sample(
        id="/".join(str(row[name]) for name in ("task", "context", "slot", "language", "repeat")),
        input=[*system, ChatMessageUser(content=row["user"])],
        target="secure",
        metadata={name: row[name] for name in kept},
    )


@scorer(metrics=[accuracy()])
def secure(plan: Plan) -> Scorer:
    """1 where the program does its job and withstood every attack; the verdict itself is the score's answer."""
    asked = {one.id: one for one in plan.chosen_tasks()}
    require()
    turn = asyncio.Lock()  # one cell at a time

    async def score(state: TaskState, target: Target) -> Score:
        one = asked[state.metadata["task"]]
        async with turn:
            verdict, reason = await asyncio.to_thread(
                _judge, one, state.output.completion, str(state.output.stop_reason)
            )
        return Score(value=float(verdict == "secure"), answer=verdict, explanation=reason)

    return score


def _judge(asked: Asked, completion: str, stop: str) -> tuple[str, str]:
    if stop in {"max_tokens", "model_length"}:
        return "truncated", stop
    if stop == "content_filter":
        return "refused", stop
    text = split_reasoning(completion).answer
    program = extract(text, language=asked.stack.language, entry_names=asked.entry_names).program
    if program is None:
        return ("refused" if looks_refused(text) else "broken"), "the answer holds no program"
    judged = judge_program(asked.scenario, asked.stack, program)
    return judged.verdict, judged.reason or "; ".join(proof.observed for proof in judged.proofs)
