"""Asks a model about the programs of a review, and writes its verdicts to the table ``reviews``.

The asking itself is ``audit.ask``'s, with its pace, journal, budget and resumption. The table is made anew from that
journal each time; rows of other reviewers stay.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import polars as pl

from weighbridge.audit.ask import FIRST_WAIT, ask
from weighbridge.audit.asking.secrets import without_login
from weighbridge.audit.asking.standing import Progress
from weighbridge.audit.plan import Budget, Plan
from weighbridge.audit.review.prepare import Review, setting_of
from weighbridge.audit.review.prompt import mark_of, version
from weighbridge.audit.review.reading import Reading, read
from weighbridge.errors import BudgetSpent, PlanError, WeighbridgeError
from weighbridge.store.journal import Journal
from weighbridge.store.schemas import REVIEWS
from weighbridge.store.tables import Run

RAISE_IT = "raise the limit and run the same command again: what was answered is kept"


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
    model, budget = ready.model, left_of(budget or Budget(), probes_of(ready))
    if budget.dollars is not None and ready.outlook.dollars is None:
        raise PlanError(
            f"--max-dollars cannot be kept: no price is known for '{model.model}'; give --price-in and --price-out "
            "(dollars per million tokens)"
        )
    plan = Plan(name=f"review by {model.name}", seed=ready.seed, models=(model,), budget=budget)
    trouble: WeighbridgeError | None = None
    if ready.trials.height:
        ready.own.write("trials", ready.trials, step="review")
        try:
            setting = setting_of(ready, ready.trials)
            ask(plan, ready.own, progress=progress, errors_again=errors_again, first_wait=first_wait, setting=setting)
        except BudgetSpent:
            trouble = BudgetSpent("")
        except WeighbridgeError as error:
            if not ready.own.has("answers"):  # nothing was asked
                raise
            trouble = error
    done = _keep(ready)
    if isinstance(trouble, BudgetSpent):
        raise BudgetSpent(
            f"the limit is reached, and one more answer might pass it: {done.missing} of {ready.outlook.chosen} "
            f"programs are not reviewed, {done.at_least:.4f} dollars are known to be spent; {RAISE_IT}"
        )
    if trouble is not None:
        raise trouble
    return done


def probes_of(ready: Review) -> Run:
    """The small run of the review's probes (``audit.review.probe``)."""
    return Run(ready.own.folder / "probes", hashlib.sha256(f"{ready.own.plan_hash} probes".encode()).hexdigest())


def left_of(budget: Budget, other: Run) -> Budget:
    """What is left of a budget after what another small run of the same review has spent.

    Raises:
        BudgetSpent: nothing.
    """
    if not other.folder.is_dir():
        return budget
    with Journal(other.folder, other.plan_hash) as journal:
        tokens, dollars = journal.spent()
    left = {
        "dollars": None if budget.dollars is None else budget.dollars - dollars,
        "tokens": None if budget.tokens is None else budget.tokens - tokens,
    }
    if any(value is not None and value <= 0 for value in left.values()):
        raise BudgetSpent(f"the limit is reached: {dollars:.4f} dollars and {tokens:,} tokens are spent; {RAISE_IT}")
    return Budget.model_validate(left)


def _keep(ready: Review) -> Reviewed:
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
