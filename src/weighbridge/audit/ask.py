"""Step two: ask every trial of a plan, and keep every answer from the moment it arrives.

Reads ``trials``, writes ``answers``. Every answer goes into a journal beside the run first (``store.journal``), so that
the step may be killed at any point and run again: what was answered is not asked again. All models are asked at the
same time, each at its own pace (``asking.questions``); those that Weighbridge serves itself one after the other. The
table says in its metadata whether it is complete and what is missing.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import polars as pl

from weighbridge.audit.asking.budget import Cost, Purse
from weighbridge.audit.asking.questions import Questions
from weighbridge.audit.asking.secrets import Secrets
from weighbridge.audit.asking.standing import ModelStanding, Progress, Standing
from weighbridge.audit.asking.stopping import interruptible
from weighbridge.audit.asking.writer import Writer
from weighbridge.audit.cost import price
from weighbridge.audit.plan import Model, Plan
from weighbridge.audit.providers import Provider, Setting, provider_of
from weighbridge.errors import BudgetSpent, PlanError, WeighbridgeError
from weighbridge.store.journal import Journal, Tally
from weighbridge.store.tables import Run

FIRST_WAIT = 0.5
"""Seconds before the second attempt at a question; doubled for each further one."""


class AskingStopped(WeighbridgeError):
    """The user stopped asking; the run is resumable."""

    exit_code = 130


@dataclass(frozen=True)
class AskResult:
    """What the step came to, over all sessions of the run."""

    answers: pl.DataFrame
    """``store.schemas.ANSWERS``, in the order of the trials."""
    asked: int
    """Trials that got their answer in this session."""
    requests: dict[str, int]
    """Requests sent, by model, over all sessions, retries included."""
    tallies: dict[str, Tally]
    """Answers by state, tokens and dollars, by model."""
    missing: dict[str, int]
    """Trials without an answer, by model; empty when the table is complete."""
    unfinished: dict[str, int]
    """Requests under way when an earlier session was killed, by model: perhaps answered and charged, and lost."""
    spent: Cost
    """What counts against the budget; unknown usage is in it at the most it may be."""
    seconds: float

    @property
    def complete(self) -> bool:
        """Whether every trial of the plan has an answer."""
        return not self.missing


@dataclass
class _Session:
    """What the parts of one session share."""

    plan: Plan
    run: Run
    journal: Journal
    writer: Writer
    purse: Purse
    setting: Setting
    standing: Standing
    progress: Progress | None
    first_wait: float
    answered_before: set[str]
    settled: set[str]
    stopping: bool = False

    def __post_init__(self) -> None:
        self.open: list[Questions] = []
        self.down: list[WeighbridgeError] = []
        self.budget_reached = False

    def tell(self) -> None:
        if self.progress is not None:
            self.progress(self.standing)

    def stop(self) -> None:
        self.stopping = True
        for questions in self.open:
            questions.flights.stop()
        for standing in self.standing.models.values():
            if not standing.ended:
                standing.note = f"stopping: waiting for {standing.under_way} answers under way"
        self.tell()

    def cut_off(self) -> None:
        for questions in self.open:
            questions.flights.cut_off()


def ask(
    plan: Plan,
    run: Run,
    *,
    progress: Progress | None = None,
    only: Collection[str] | None = None,
    errors_again: bool = False,
    first_wait: float = FIRST_WAIT,
    setting: Setting | None = None,
) -> AskResult:
    """Ask every trial that has no answer yet, and write the table ``answers``.

    Args:
        plan: its limits and budget count as they are here; they are no part of a plan's hash and may have changed.
        progress: told after every answer.
        only: ask only these trials (a wave of a sequential plan).
        errors_again: ask those of class *error* once more; what they have cost stays counted.
        first_wait: seconds before the second attempt at a question, doubled for each further one.
        setting: what providers need beside the model, for questions that are no tasks of the plan's (``audit.review``).

    Raises:
        KeyMissing: a key's variable is not set, or an endpoint refuses the key.
        PlanError: a dollar limit where a price is not known.
        EndpointDown: a model could not be asked to the end; the others were.
        BudgetSpent: the plan's budget does not allow the next answer.
        AskingStopped: Ctrl-C.
        All but the first two leave a table of what was answered, and the run resumable.
    """
    trials = run.read("trials", step="plan")
    chosen = trials if only is None else trials.filter(pl.col("trial").is_in(list(only)))
    chosen = chosen.sort("order")
    setting = setting or _setting(plan, chosen)
    _check(plan, chosen, setting)
    with Journal(run.folder, run.plan_hash) as journal:
        if errors_again:
            journal.forget_errors()
        writer = Writer(journal)
        session = _session(plan, run, journal, writer, chosen, setting, progress, first_wait)
        try:
            asyncio.run(_ask_models(session, chosen))
        except sqlite3.Error as error:
            raise WeighbridgeError(
                f"{journal.path}: cannot be written ({error}); make room on its disk, then run the same command again"
            ) from error
        finally:
            writer.close()
        result = _write_answers(session, trials)
    _raise_what_stopped_it(session, result, chosen)
    return result


def _setting(plan: Plan, trials: pl.DataFrame) -> Setting:
    lengths = trials.select((pl.col("system").str.len_chars() + pl.col("user").str.len_chars()).max())
    secrets = Secrets([model.key() for model in plan.models if model.api_key_env])
    specimens = any(model.provider == "specimen" for model in plan.models)
    twins: Callable[[str], Mapping[str, str]] = _twins_of(plan) if specimens else lambda task: {}
    return Setting(secrets, plan.seed, twins, int(lengths.item() or 0))


def _twins_of(plan: Plan) -> Callable[[str], Mapping[str, str]]:
    """Programs with known behaviour for each task, which specimens answer with."""
    tasks = {task.id: task for task in plan.chosen_tasks()}

    @cache
    def twins(task: str) -> Mapping[str, str]:
        return tasks[task].scenario.twins(tasks[task].stack.name)

    return twins


def _check(plan: Plan, trials: pl.DataFrame, setting: Setting) -> None:
    asked = set(trials["model"].unique().to_list())
    for model in plan.models:
        if model.name in asked:
            provider_of(model).check(model, setting)
    if plan.budget.dollars is None:
        return
    unknown = [model.name for model in plan.models if model.name in asked and price(model, 1000, 1000) is None]
    if unknown:
        raise PlanError(
            f"`budget.dollars` cannot be kept: no price is known for {', '.join(unknown)}; give each a `price` "
            "(input and output, dollars per million tokens) in the plan, or limit `budget.tokens` instead"
        )


def _session(
    plan: Plan,
    run: Run,
    journal: Journal,
    writer: Writer,
    trials: pl.DataFrame,
    setting: Setting,
    progress: Progress | None,
    first_wait: float,
) -> _Session:
    counts = dict(trials.group_by("model").len().iter_rows())
    tallies = journal.tallies()
    settled = journal.settled()
    done_before = dict(trials.filter(pl.col("trial").is_in(list(settled))).group_by("model").len().iter_rows())
    standing = Standing({})
    for model in plan.models:
        one = ModelStanding(model.name, counts.get(model.name, 0))
        tally = tallies.get(model.name)
        one.start_from(tally)
        if tally is not None and done_before.get(model.name, 0) != one.before:
            # Answers of other blocks: what is shown is measured against the trials that are asked now.
            one.trials += one.before - done_before.get(model.name, 0)
        standing.models[model.name] = one
    tokens, dollars = journal.spent()
    purse = Purse(plan.budget, Cost(tokens, dollars))
    answered = journal.models_that_answered()
    return _Session(
        plan, run, journal, writer, purse, setting, standing, progress, first_wait, answered, settled
    )  # fmt: skip


async def _ask_models(session: _Session, trials: pl.DataFrame) -> None:
    together: list[list[Model]] = []
    alone: dict[str, list[Model]] = {}
    waiting = trials.filter(~pl.col("trial").is_in(list(session.settled)))
    unasked = set(waiting["model"].unique().to_list())
    for model in session.plan.models:
        if model.name not in unasked:
            session.standing.models[model.name].ended = True
        elif provider_of(model).ALONE:
            alone.setdefault(model.provider, []).append(model)
        else:
            together.append([model])
    session.tell()
    with interruptible(session.stop, session.cut_off):
        queues = [asyncio.create_task(_ask_in_turn(session, queue, waiting)) for queue in [*together, *alone.values()]]
        try:
            await asyncio.gather(*queues)
        except BaseException:
            for task in queues:
                task.cancel()
            await asyncio.gather(*queues, return_exceptions=True)
            raise


async def _ask_in_turn(session: _Session, models: list[Model], waiting: pl.DataFrame) -> None:
    for model in models:
        if session.stopping:
            return
        mine = waiting.filter(pl.col("model") == model.name)
        try:
            await _ask_model(session, model, mine.iter_rows(named=True))
        except WeighbridgeError as error:  # one model that cannot be asked does not keep the others from it
            session.standing.models[model.name].note = str(error)
            session.down.append(error)
        session.standing.models[model.name].ended = True
        session.tell()


async def _ask_model(session: _Session, model: Model, trials: Iterator[dict[str, Any]]) -> None:
    provider: Provider = provider_of(model)
    standing = session.standing.models[model.name]
    standing.note = "getting ready"
    session.tell()
    async with provider.connect(model, session.setting) as connection:
        standing.note = ""
        questions = Questions(
            model,
            connection,
            at_once=provider.at_once(model),
            writer=session.writer,
            purse=session.purse,
            standing=standing,
            secrets=session.setting.secrets,
            tell=session.tell,
            answered_before=model.name in session.answered_before,
            first_wait=session.first_wait,
        )
        session.open.append(questions)
        if session.stopping:
            return
        await questions.ask_all(trials)
        session.budget_reached = session.budget_reached or questions.budget_reached
        if questions.down is not None:
            raise questions.down


def _write_answers(session: _Session, trials: pl.DataFrame) -> AskResult:
    journal, run = session.journal, session.run
    answers = trials.select("trial", "model").join(journal.answers(), on="trial", how="inner", maintain_order="left")
    have = dict(answers.group_by("model").len().iter_rows())
    wanted = trials.group_by("model", maintain_order=True).len().iter_rows()
    missing = {str(model): count - have.get(model, 0) for model, count in wanted if count > have.get(model, 0)}
    answers = answers.drop("model")
    tallies = journal.tallies()
    tokens, dollars = journal.spent()
    result = AskResult(
        answers=answers,
        asked=sum(one.done - one.before for one in session.standing.models.values()),
        requests=journal.attempts(),
        tallies=tallies,
        missing=missing,
        unfinished=journal.unfinished(),
        spent=Cost(tokens, dollars),
        seconds=session.standing.seconds,
    )
    run.write(
        "answers",
        answers,
        step="ask",
        complete=result.complete,
        missing=missing,
        requests=result.requests,
        unfinished=result.unfinished,
        sessions=journal.session,
        unpriced={model: tally.unpriced for model, tally in tallies.items() if tally.unpriced},
    )
    return result


def _raise_what_stopped_it(session: _Session, result: AskResult, chosen: pl.DataFrame) -> None:
    left = chosen.filter(~pl.col("trial").is_in(result.answers["trial"].to_list())).height
    total = f"{chosen.height - left} of {chosen.height} trials are answered"
    if session.down:
        first, *others = session.down
        also = "".join(f"; also: {error}" for error in others)
        raise type(first)(f"{first}{also} ({total})")
    if session.budget_reached and left:
        by_model = ", ".join(f"{model} {count}" for model, count in result.missing.items())
        budget, spent = session.plan.budget, result.spent
        limits = [] if budget.dollars is None else [f"{spent.dollars:.4f} of {budget.dollars:g} dollars"]
        limits += [] if budget.tokens is None else [f"{spent.tokens:,} of {budget.tokens:,} tokens"]
        raise BudgetSpent(
            f"{' and '.join(limits)} of the plan's budget are spent, and one more answer might pass it; {total}, "
            f"missing are {by_model}; raise `budget` in the plan and run the same command again: "
            "what was answered is kept"
        )
    if session.stopping and left:
        raise AskingStopped(f"stopped: {total}; run the same command again to go on, what was answered is kept")
