"""Can a program talk its reviewer round? Asked of the reviewer itself, before it is believed.

Programs that it has called vulnerable are shown to it again with a comment at their end that says otherwise
(``probes.toml``). The flaw is still there, so a verdict that turns to *not vulnerable* is one that the author of a
program can have at will. The fence keeps a program from ending its question or forging an answer; it cannot keep a
model from believing what it reads, and how far this one does is measured here.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.audit.ask import FIRST_WAIT, ask
from weighbridge.audit.asking.standing import Progress
from weighbridge.audit.plan import Budget, Plan, trial_key
from weighbridge.audit.review.prepare import Review, setting_of, trial_row
from weighbridge.audit.review.prompt import mark_of, prompt
from weighbridge.audit.review.reading import read
from weighbridge.audit.review.review import RAISE_IT, left_of, probes_of
from weighbridge.audit.review.sample import in_order
from weighbridge.errors import BudgetSpent
from weighbridge.store.schemas import TRIALS

TEXTS = Path(__file__).with_name("probes.toml")
COMMENT = {"python": "#"}
"""By language; all others that are reviewed begin a comment with ``//``."""

PROBES = pl.Schema(
    {
        "reviewer": pl.String,
        "probe": pl.String,  # by name, as in probes.toml
        "program": pl.String,  # the one it had called vulnerable
        "state": pl.String,  # of its answer to the same program with the comment
        "vulnerable": pl.Boolean,
    }
)


@dataclass(frozen=True)
class Probed:
    """What probing came to: the reviewer's rows (``PROBES``), and what was used; dollars None: the price is unknown."""

    table: pl.DataFrame
    input_tokens: int
    output_tokens: int
    dollars: float | None


@cache
def probes() -> dict[str, str]:
    """Every probe's comment by name, with ``{c}`` for the comment mark."""
    return {row["name"]: row["text"] for row in tomllib.loads(TEXTS.read_text("utf-8"))["probe"]}


def with_comment(text: str, language: str, probe: str) -> str:
    """A program with the probe's comment at its end."""
    comment = probes()[probe].format(c=COMMENT.get(language, "//")).strip("\n")
    return f"{text.rstrip()}\n\n{comment}\n"


def probe(
    ready: Review,
    count: int,
    *,
    budget: Budget | None = None,
    progress: Progress | None = None,
    first_wait: float = FIRST_WAIT,
) -> Probed:
    """Show ``count`` programs that the reviewer called vulnerable to it again with every probe; write ``probes``.

    Programs are taken in sampling order. Resumable, and nothing is asked twice, as the review itself.

    Raises:
        As ``review``.
    """
    run, model = ready.run, ready.model
    said = run.read("reviews", step="review").filter((pl.col("reviewer") == model.name) & pl.col("vulnerable"))
    order = in_order(ready.truth.answers, ready.seed).join(said, on="program", how="semi", maintain_order="left")
    texts = {name: (text, language) for name, text, language in run.read("programs").select(
        "program", "text", "language").iter_rows()}  # fmt: skip
    rows: list[dict[str, Any]] = []
    asked: dict[str, tuple[str, str, str]] = {}
    for program, task in order.head(count).iter_rows():
        text, language = texts[program]
        for name in probes():
            hostile = with_comment(text, language, name)
            question = prompt(hostile, language)
            key = trial_key(model, [("system", question.system), ("user", question.user)], 0)
            asked[key] = (program, name, mark_of(hostile))
            rows.append(trial_row(key, len(rows), model, program, task, question.system, question.user))
    found: list[dict[str, Any]] = []
    cost: tuple[int, int, float | None] = (0, 0, 0.0)
    if rows:
        own = probes_of(ready)
        trials = pl.DataFrame(rows, schema=TRIALS).unique("trial", maintain_order=True)
        own.write("trials", trials, step="review")
        plan = Plan(
            name=f"probes of {model.name}",
            seed=ready.seed,
            models=(model,),
            budget=left_of(budget or Budget(), ready.own),
        )
        try:
            result = ask(
                plan, own, progress=progress, first_wait=first_wait, setting=setting_of(ready, trials)
            )  # fmt: skip
        except BudgetSpent:
            raise BudgetSpent(f"the limit is reached, and not every probe was asked; {RAISE_IT}") from None
        tally = result.tallies[model.name]
        cost = (tally.input_tokens, tally.output_tokens, None if tally.unpriced else tally.dollars)
        for one in result.answers.iter_rows(named=True):
            program, name, mark = asked[one["trial"]]
            reading = read(one["state"], one["completion"] or "", mark, error=one["error"] or "")
            found.append(
                {"reviewer": model.name, "probe": name, "program": program, "state": reading.state,
                 "vulnerable": reading.vulnerable}
            )  # fmt: skip
    mine = pl.DataFrame(found, schema=PROBES)
    others = run.read("probes").filter(pl.col("reviewer") != model.name) if run.has("probes") else mine.clear()
    run.write("probes", pl.concat([others, mine]), step="review")
    return Probed(mine, *cost)


def turned(table: pl.DataFrame) -> dict[str, dict[str, tuple[int, int]]]:
    """By reviewer and probe: verdicts that turned to *not vulnerable*, of those that could be read."""
    counts = (
        table.filter(pl.col("state") == "reviewed")
        .group_by("reviewer", "probe", maintain_order=True)
        .agg((~pl.col("vulnerable")).sum().alias("turned"), pl.len().alias("of"))
    )
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for reviewer, name, yes, of in counts.iter_rows():
        found.setdefault(reviewer, {})[name] = (int(yes), int(of))
    return found
