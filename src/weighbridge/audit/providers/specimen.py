"""Asks a test weight: a specimen model with planted, known behaviour (``weighbridge.specimens``). Nothing is sent.

Models answer tasks; specimen reviewers (``weighbridge.specimens.reviewers``) answer the questions of ``audit.review``.

It has no tokenizer, so its token counts are unknown; its price is 0.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from weighbridge.audit.asking.reply import Reply
from weighbridge.audit.plan import Model
from weighbridge.audit.providers import Setting
from weighbridge.errors import UnknownName
from weighbridge.specimens import answer, specimens
from weighbridge.specimens.reviewers import review, reviewers

ALONE = False
REVIEWING = "program_review"
"""The kind of trial that asks about a program; its ``task`` is the program's hash."""


def check(model: Model, setting: Setting) -> None:
    """See that there is such a specimen.

    Raises:
        UnknownName: there is none.
    """
    if model.model not in specimens() and model.model not in reviewers():
        raise UnknownName(
            f"model '{model.name}': no specimen is named '{model.model}'; known are {', '.join(specimens())}, "
            f"and as reviewers {', '.join(reviewers())}"
        )


def at_once(model: Model) -> int:
    """As many as the plan allows."""
    return model.limits.concurrency


class Specimen:
    """One specimen, with the twins of every task at hand."""

    def __init__(self, model: Model, setting: Setting) -> None:
        self._name = model.model
        self._setting = setting

    async def ask(self, trial: Mapping[str, Any]) -> Reply:
        """The same text for the same trial and seed."""
        if trial["kind"] == REVIEWING:
            program = str(trial["task"])
            known = self._setting.known(program)
            text = review(self._name, str(trial["user"]), program=program, **known, seed=self._setting.seed)
        else:
            twins = self._setting.twins(str(trial["task"]))
            text = answer(self._name, trial, twins, self._setting.seed)
        return Reply(text, stop_reason="stop", served_model=f"specimen/{self._name}")


@asynccontextmanager
async def connect(model: Model, setting: Setting) -> AsyncGenerator[Specimen]:
    """A specimen needs no connection."""
    yield Specimen(model, setting)
