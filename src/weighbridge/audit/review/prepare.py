"""Makes a review ready: which programs, which questions, what is there already, and what the rest will cost.

Nothing is sent here and nothing written. A review is a small run of its own in ``reviews/<reviewer>-<hash>`` inside the
run's folder, whose trials are questions about programs; the hash covers the run, the reviewer as configured and the
prompt, so that answers to another question are never taken for this one's.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
from pydantic import ValidationError

from weighbridge.audit.asking.secrets import Secrets
from weighbridge.audit.cost import CHARACTERS_PER_TOKEN, price
from weighbridge.audit.plan import Model, trial_key
from weighbridge.audit.providers import Setting
from weighbridge.audit.providers.specimen import REVIEWING
from weighbridge.audit.review.prompt import prompt, version
from weighbridge.audit.review.sample import in_order
from weighbridge.audit.truth import Truth, truth
from weighbridge.errors import PlanError
from weighbridge.store.journal import Journal
from weighbridge.store.schemas import TRIALS
from weighbridge.store.tables import Run
from weighbridge.tasks.scenario import explain

LONGEST = 100_000
"""Characters of a program above which it is not sent, unless the user says otherwise."""
LONGEST_LOCAL = 24_000
"""The same for a local model, whose memory grows with the longest question."""
EXPECTED_OUTPUT = 80
"""Output tokens of a usual verdict without reasoning; only for the estimate before asking."""


def configured(**fields: Any) -> Model:
    """A reviewer from what a user gave.

    Raises:
        PlanError: a field is wrong; says which.
    """
    try:
        return Model.model_validate(fields)
    except ValidationError as error:
        raise PlanError(explain(Path("review"), error)) from error


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
    """Of these, the ones that this call is about."""
    too_long: dict[str, int]
    """Characters of programs that are not sent."""
    truth: Truth
    seed: int
    sample: int | None
    outlook: Outlook


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
        rows.append(trial_row(key, len(rows), model, program, task, question.system, question.user))
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


def trial_row(key: str, order: int, model: Model, program: str, task: str, system: str, user: str) -> dict[str, Any]:
    """A question about a program as a row of ``trials``."""
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


def setting_of(ready: Review, trials: pl.DataFrame) -> Setting:
    """What providers need. Only specimens are told what is proved, and they send nothing anywhere."""
    lengths = trials.select((pl.col("system").str.len_chars() + pl.col("user").str.len_chars()).max()).item()
    secrets = Secrets([ready.model.key()] if ready.model.api_key_env else [])
    known: dict[str, dict[str, Any]] = {}
    if ready.model.provider == "specimen":
        rows = ready.truth.answers.filter(pl.col("program").is_not_null()).sort("exploitable", nulls_last=False)
        for program, task, exploitable, cwes in rows.select("program", "task", "exploitable", "cwes").iter_rows():
            known[program] = {"task": task, "exploitable": bool(exploitable), "cwes": cwes or []}
    return Setting(secrets, ready.seed, longest_question=int(lengths or 0), known=lambda program: known[program])
