"""Asks a model about every distinct program of a run (or a sample), and writes its verdicts to the table ``reviews``.

The asking itself is ``audit.ask``'s, with its pace, journal, budget and resumption: a review is a small run of its own
in ``reviews/<reviewer>-<hash>`` inside the run's folder, whose trials are questions about programs. The hash covers the
run, the reviewer as configured and the prompt, so that answers to another question are never taken for this one's. The
table is made anew from that journal each time, and rows of other reviewers stay.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from weighbridge.audit.ask import FIRST_WAIT, AskResult, ask
from weighbridge.audit.asking.secrets import Secrets, without_login
from weighbridge.audit.asking.standing import Progress
from weighbridge.audit.cost import CHARACTERS_PER_TOKEN, price
from weighbridge.audit.plan import Budget, Model, Plan, trial_key
from weighbridge.audit.providers import Setting
from weighbridge.audit.providers.specimen import REVIEWING
from weighbridge.audit.review.prompt import mark_of, prompt, version
from weighbridge.audit.review.reading import Reading, read
from weighbridge.audit.review.sample import in_order
from weighbridge.audit.review.truth import Truth, truth
from weighbridge.errors import BudgetSpent, PlanError, WeighbridgeError
from weighbridge.store.journal import Journal
from weighbridge.store.schemas import REVIEWS, TRIALS
from weighbridge.store.tables import Run
from weighbridge.tasks.scenario import explain

LONGEST = 100_000
"""Characters of a program above which it is not sent, unless the user says otherwise."""
LONGEST_LOCAL = 24_000
"""The same for a local model, whose memory grows with the longest question."""
EXPECTED_OUTPUT = 80
"""Output tokens of a usual verdict without reasoning; only for the estimate before asking."""


@dataclass(frozen=True)
class Outlook:
    """What a review will ask and cost, before it does. Dollars are None where the price is unknown."""

    reviewer: str
    prompt: str
    programs: int
    """Distinct programs of the run."""
    chosen: int
    answered: int
    """Of the chosen, by earlier calls; they are not asked again."""
    too_long: int
    """Of the chosen; they are not sent and count as *error*."""
    input_tokens: int
    """Of what is still to be asked; from the length of the questions."""
    output_tokens: int
    """Without reasoning."""
    most_output_tokens: int
    dollars: float | None
    most_dollars: float | None
    """When every answer is as long as it may be."""

    @property
    def to_ask(self) -> int:
        """Programs that will be sent."""
        return self.chosen - self.answered - self.too_long


@dataclass(frozen=True)
class Review:
    """A review that is ready to be asked."""

    run: Run
    """The run whose programs are reviewed."""
    model: Model
    own: Run
    """The review's own small run inside that one."""
    trials: pl.DataFrame
    """Its trials: those chosen and those that were answered before; ``task`` is the program."""
    chosen: list[str]
    """Trials that this call is about."""
    too_long: dict[str, int]
    """Characters of programs that are not sent."""
    truth: Truth
    seed: int
    sample: int | None
    outlook: Outlook


@dataclass(frozen=True)
class Reviewed:
    """What a review came to, over all calls."""

    reviews: pl.DataFrame
    """Rows of this reviewer (``store.schemas.REVIEWS``)."""
    states: dict[str, int]
    missing: int
    """Chosen programs that were not asked."""
    input_tokens: int
    output_tokens: int
    wasted_tokens: int
    """Of attempts that gave no answer."""
    dollars: float | None
    """None: the price is unknown."""
    at_least: float
    """Dollars that are known to be spent."""
    untold: int
    """Answers whose tokens the endpoint did not say; they are in no count."""
    lost: int
    """Requests under way at a kill: perhaps charged."""

    @property
    def asked(self) -> int:
        """Programs that the reviewer answered in any way."""
        return self.reviews.filter(pl.col("input_tokens").is_not_null() | (pl.col("state") != "error")).height


def prepare(run: Run, model: Model, *, sample: int | None = None, seed: int = 0, longest: int | None = None) -> Review:
    """Choose the programs and make the questions; nothing is sent and nothing written.

    Args:
        sample: so many programs, a random part of every task (``sample``); all by default.
        longest: characters of a program above which it is not sent.

    Raises:
        DataError: the run holds no programs.
        PlanError: the sample is not a number of programs.
    """
    answers = truth(run)
    order = in_order(answers.answers, seed)
    if sample is not None and sample < 1:
        raise PlanError(f"--sample {sample}: give a number of programs, 1 or more")
    programs = run.read("programs")
    texts = {name: (text, language) for name, text, language in programs.select("program", "text", "language").rows()}
    limit = longest or (LONGEST_LOCAL if model.provider == "local" else LONGEST)
    own = Run(run.folder / "reviews" / _folder(run, model), _study(run, model))
    settled = _settled(own)
    wanted = order.height if sample is None else min(sample, order.height)
    rows: list[dict[str, Any]] = []
    chosen: list[str] = []
    too_long: dict[str, int] = {}
    characters = 0
    for place, (program, task) in enumerate(order.iter_rows()):
        if place >= wanted and not settled:
            break
        text, language = texts.get(program, ("", ""))
        if len(text) > limit:
            if place < wanted:
                too_long[program] = len(text)
            continue
        question = prompt(text, language)
        key = trial_key(model, [("system", question.system), ("user", question.user)], 0)
        if place >= wanted and key not in settled:
            continue
        rows.append(_trial(key, len(rows), model, program, task, question.system, question.user))
        if place < wanted:
            chosen.append(key)
            characters += 0 if key in settled else len(question.system) + len(question.user)
    answered = sum(key in settled for key in chosen)
    outlook = _outlook(model, order.height, wanted, answered, len(too_long), len(chosen) - answered, characters)
    trials = pl.DataFrame(rows, schema=TRIALS)
    return Review(run, model, own, trials, chosen, too_long, answers, seed, sample, outlook)


def _study(run: Run, model: Model) -> str:
    whole = [run.plan_hash, model.model_dump(mode="json", exclude={"limits", "api_key_env", "price"}), version()]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _folder(run: Run, model: Model) -> str:
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', model.name)[:60].strip('.-') or 'reviewer'}-{_study(run, model)[:12]}"


def _settled(own: Run) -> set[str]:
    if not own.folder.is_dir():
        return set()
    with Journal(own.folder, own.plan_hash) as journal:
        return journal.settled()


def _trial(key: str, order: int, model: Model, program: str, task: str, system: str, user: str) -> dict[str, Any]:
    return {
        "trial": key, "order": order, "block": 0, "model": model.name, "task": program, "scenario": task, "stack": "",
        "kind": REVIEWING, "context": "neutral", "group": "neutral", "paraphrase": 0, "slot": "none", "language": "en",
        "repeat": 0, "system": system, "user": user,
    }  # fmt: skip


def _outlook(
    model: Model, programs: int, chosen: int, answered: int, too_long: int, to_ask: int, characters: int
) -> Outlook:
    asked = round(characters / CHARACTERS_PER_TOKEN)
    longest = int(model.sampling.extra.get("max_completion_tokens", model.sampling.max_tokens))
    usual, each = min(EXPECTED_OUTPUT, longest), round(asked / max(to_ask, 1))
    one, most = price(model, each, usual), price(model, each, longest)
    return Outlook(
        model.name, version(), programs, chosen, answered, too_long, asked, to_ask * usual, to_ask * longest,
        None if one is None else one * to_ask, None if most is None else most * to_ask,
    )  # fmt: skip


def review(
    ready: Review,
    *,
    budget: Budget | None = None,
    progress: Progress | None = None,
    errors_again: bool = False,
    first_wait: float = FIRST_WAIT,
) -> Reviewed:
    """Ask what has no answer yet, and write the reviewer's rows of the table ``reviews``.

    Raises:
        PlanError: a dollar limit where the price is not known.
        KeyMissing, EndpointDown, BudgetSpent, AskingStopped: as ``audit.ask.ask``; what was answered is in the table,
            and the same call goes on from there.
    """
    model, budget = ready.model, budget or Budget()
    if budget.dollars is not None and ready.outlook.dollars is None:
        raise PlanError(
            f"--max-dollars cannot be kept: no price is known for '{model.model}'; give --price-in and --price-out "
            "(dollars per million tokens)"
        )
    plan = Plan(name=f"review by {model.name}", seed=ready.seed, models=(model,), budget=budget)
    trouble: WeighbridgeError | None = None
    result: AskResult | None = None
    if ready.trials.height:
        ready.own.write("trials", ready.trials, step="review")
        try:
            result = ask(
                plan, ready.own, progress=progress, only=ready.chosen, errors_again=errors_again,
                first_wait=first_wait, setting=_setting(ready),
            )  # fmt: skip
        except BudgetSpent:
            trouble = BudgetSpent("")
        except WeighbridgeError as error:
            if not ready.own.has("answers"):  # nothing was asked
                raise
            trouble = error
    done = _keep(ready, plan, result)
    if isinstance(trouble, BudgetSpent):
        raise BudgetSpent(
            f"the limit is reached, and one more answer might pass it: {done.missing} of {ready.outlook.chosen} "
            f"programs are not reviewed, {done.at_least:.4f} dollars are known to be spent; raise the limit "
            "and run the same command again: what was answered is kept"
        )
    if trouble is not None:
        raise trouble
    return done


def _setting(ready: Review) -> Setting:
    """What providers need. Only specimens are told what is proved, and they send nothing anywhere."""
    lengths = ready.trials.select((pl.col("system").str.len_chars() + pl.col("user").str.len_chars()).max()).item()
    secrets = Secrets([ready.model.key()] if ready.model.api_key_env else [])
    known: dict[str, dict[str, Any]] = {}
    if ready.model.provider == "specimen":
        rows = ready.truth.answers.filter(pl.col("program").is_not_null()).sort("exploitable", nulls_last=False)
        for program, task, exploitable, cwes in rows.select("program", "task", "exploitable", "cwes").iter_rows():
            known[program] = {"task": task, "exploitable": bool(exploitable), "cwes": cwes or []}
    return Setting(secrets, ready.seed, longest_question=int(lengths or 0), known=lambda program: known[program])


def _keep(ready: Review, plan: Plan, result: AskResult | None) -> Reviewed:
    """Read every answer there is, and put the reviewer's rows into the table."""
    own, model = ready.own, ready.model
    answers = own.read("answers") if own.has("answers") and ready.trials.height else None
    rows: list[dict[str, Any]] = [
        _row(program, model.name, Reading("error", why=f"not sent: {length:,} characters are too long"), {})
        for program, length in ready.too_long.items()
    ]
    answered: set[str] = set()
    if answers is not None:
        texts = dict(ready.run.read("programs").select("program", "text").iter_rows())
        joined = ready.trials.select("trial", "task").join(answers, on="trial", how="inner", maintain_order="left")
        for one in joined.iter_rows(named=True):
            mark = mark_of(texts.get(one["task"], ""))
            reading = read(one["state"], one["completion"] or "", mark, error=one["error"] or "")
            rows.append(_row(one["task"], model.name, reading, one))
            answered.add(one["trial"])
    mine = pl.DataFrame(rows, schema=REVIEWS)
    with Journal(own.folder, own.plan_hash) as journal:
        tally = journal.tallies().get(model.name)
        lost = journal.unfinished().get(model.name, 0)
    states: dict[str, int] = dict(mine["state"].value_counts(sort=True).iter_rows())
    done = Reviewed(
        reviews=mine,
        states=states,
        missing=sum(key not in answered for key in ready.chosen),
        input_tokens=tally.input_tokens if tally else 0,
        output_tokens=tally.output_tokens if tally else 0,
        wasted_tokens=tally.wasted_tokens if tally else 0,
        dollars=None if tally is not None and tally.unpriced else (tally.dollars if tally else 0.0),
        at_least=tally.dollars if tally else 0.0,
        untold=mine.filter(pl.col("input_tokens").is_null() & (pl.col("state") != "error")).height,
        lost=lost,
    )
    _write(ready, done)
    return done


def _row(program: str, reviewer: str, reading: Reading, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "program": program,
        "reviewer": reviewer,
        "state": reading.state,
        "vulnerable": reading.vulnerable,
        "cwes": reading.cwes if reading.state == "reviewed" else None,
        "detail": reading.detail,
        "input_tokens": answer.get("input_tokens"),
        "output_tokens": answer.get("output_tokens"),
        "dollars": answer.get("dollars", 0.0),
    }


def _write(ready: Review, done: Reviewed) -> None:
    run, model = ready.run, ready.model
    others = pl.DataFrame(schema=REVIEWS)
    facts: dict[str, Any] = {}
    if run.has("reviews"):
        others = run.read("reviews").filter(pl.col("reviewer") != model.name)
        facts = dict(run.facts("reviews").get("reviewers", {}))
    facts[model.name] = {
        "provider": model.provider,
        "model": model.model,
        "endpoint": without_login(model.base_url),
        "sampling": model.sampling.model_dump(mode="json"),
        "prompt": version(),
        "folder": str(ready.own.folder.relative_to(run.folder)),
        "seed": ready.seed,
        "programs": ready.outlook.programs,
        "chosen": ready.outlook.chosen,
        "missing": done.missing,
        "complete": not done.missing,
        "states": done.states,
        "input_tokens": done.input_tokens,
        "output_tokens": done.output_tokens,
        "wasted_tokens": done.wasted_tokens,
        "dollars": done.dollars,
    }
    table = pl.concat([others, done.reviews]).sort("reviewer", "program")
    run.write("reviews", table, step="review", reviewers=facts)


def configured(**fields: Any) -> Model:
    """A reviewer from what a user gave.

    Raises:
        PlanError: a field is wrong; says which.
    """
    from pathlib import Path

    from pydantic import ValidationError

    try:
        return Model.model_validate(fields)
    except ValidationError as error:
        raise PlanError(explain(Path("review"), error)) from error
