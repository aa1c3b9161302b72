"""Who can be asked: one module per provider of a plan (``provider = "openai"`` is ``openai.py``), found by its place.

A provider module has three functions:

* ``check(model, setting)`` raises an error with its mend where the model cannot be asked (no key, no extra, no such
  specimen), before anything is asked of any model.
* ``connect(model, setting)`` is an async context manager around a ``Connection``, which makes one request and gives a
  ``Reply`` or raises a ``Fault``. It never retries: attempts are counted in one place (``asking.questions``).

* ``at_once(model)`` is how many requests make sense at once: the plan's limit, or fewer.

``ALONE = True`` says that models of this provider share a resource and are asked one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol, cast

from weighbridge.audit.asking.reply import Reply
from weighbridge.audit.asking.secrets import Secrets
from weighbridge.audit.plan import Model


@dataclass(frozen=True)
class Setting:
    """What providers need beside the model: keys to be kept out of everything, the plan's seed, tasks' twins."""

    secrets: Secrets
    seed: int = 0
    twins: Callable[[str], Mapping[str, str]] = field(default=lambda task: {})
    """Programs with known behaviour for a task, by its id; for specimens."""
    longest_question: int = 0
    """Characters of the longest question, for servers that must be told beforehand."""
    known: Callable[[str], Mapping[str, Any]] = field(default=lambda program: {})
    """What is proved of a program, by its hash; for specimens that review programs."""


class Connection(Protocol):
    """An open way to one model."""

    async def ask(self, trial: Mapping[str, Any], /) -> Reply:
        """Make one request. ``trial`` is a row of ``trials``.

        Raises:
            Fault: there was no reply.
        """
        ...


class Provider(Protocol):
    """What a provider's module has."""

    ALONE: bool

    def check(self, model: Model, setting: Setting) -> None: ...

    def at_once(self, model: Model) -> int: ...

    def connect(self, model: Model, setting: Setting) -> AbstractAsyncContextManager[Connection]: ...


def provider_of(model: Model) -> Provider:
    """The module that asks a model."""
    return cast(Provider, import_module(f"{__name__}.{model.provider}"))


def messages_of(trial: Mapping[str, Any]) -> list[dict[str, str]]:
    """The messages of a trial, as chat completions take them; an empty system message is left out."""
    user = {"role": "user", "content": str(trial["user"])}
    return [{"role": "system", "content": str(trial["system"])}, user] if trial["system"] else [user]
