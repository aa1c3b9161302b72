"""Asks a model through Inspect, for every provider that Inspect knows (``model = "anthropic/…"``); needs ``[inspect]``.

Inspect's own retries and its cache are off: attempts are counted in one place, and a repeat is no copy. Keys are taken
by Inspect from the variables its providers name, and those that are set are kept out of everything like any other.
"""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, cast

from weighbridge.audit.asking.reply import START, Fault, Reply, Usage, fault_of_status, speaks_of
from weighbridge.audit.asking.secrets import Secrets
from weighbridge.audit.inspect_extra import require_inspect
from weighbridge.audit.plan import Model
from weighbridge.audit.providers import Setting
from weighbridge.audit.reasoning import split_reasoning
from weighbridge.errors import PlanError

ALONE = False
STOP_REASONS = {"max_tokens": "length", "model_length": "length", "unknown": None}
"""Inspect's stop reasons in the words of a chat completion, where they differ."""


def check(model: Model, setting: Setting) -> None:
    """See that Inspect is installed and knows the provider.

    Raises:
        WeighbridgeError: the extra is missing.
        PlanError: Inspect cannot make that model; its own words say why.
    """
    require_inspect(f"model '{model.name}': provider 'inspect'")
    _model(model)


def at_once(model: Model) -> int:
    """As many as the plan allows."""
    return model.limits.concurrency


def _config(model: Model, repeat: int | None = None) -> Any:
    from inspect_ai.model import GenerateConfig

    sampling = model.sampling
    seed = None if sampling.seed is None or repeat is None else sampling.seed + repeat
    return GenerateConfig(
        max_retries=0,
        max_connections=model.limits.concurrency,
        adaptive_connections=False,
        max_tokens=sampling.max_tokens,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        seed=seed,
        extra_body=dict(sampling.extra) or None,
    )


def _model(model: Model) -> Any:
    from inspect_ai.model import get_model

    try:
        key = model.key() if model.api_key_env else None
        through = get_model(model.model, config=_config(model), api_key=key, memoize=False)
    except Exception as error:  # Inspect raises what its providers raise
        raise PlanError(f"model '{model.name}': Inspect cannot make '{model.model}': {str(error)[:START]}") from None
    # Inspect leaves its SDKs' own retries on; those of the openai and anthropic clients can be turned off here.
    client: Any = getattr(through.api, "client", None)
    if hasattr(client, "max_retries"):
        client.max_retries = 0
    return through


class ThroughInspect:
    """One model of Inspect's."""

    def __init__(self, through: Any, model: Model, setting: Setting) -> None:
        self._through = through
        self._model = model
        keys = [value for name, value in os.environ.items() if name.endswith(("_API_KEY", "_TOKEN", "_SECRET"))]
        self._secrets = Secrets(keys)
        self._plan_secrets = setting.secrets

    def _removed(self, text: str) -> str:
        return self._plan_secrets.removed(self._secrets.removed(text))

    async def ask(self, trial: Mapping[str, Any]) -> Reply:
        """One request, one reply.

        Raises:
            Fault: Inspect raised.
        """
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser

        system = [ChatMessageSystem(content=str(trial["system"]))] if trial["system"] else []
        messages = [*system, ChatMessageUser(content=str(trial["user"]))]
        try:
            output = await self._through.generate(
                messages, config=_config(self._model, int(trial["repeat"])), cache=False
            )
        except Exception as error:
            raise self._fault(error) from None
        return self._reply(output)

    def _fault(self, error: Exception) -> Fault:
        text = self._removed(f"{type(error).__name__}: {error}"[:START])
        status: Any = getattr(error, "status_code", None) or getattr(
            getattr(error, "response", None), "status_code", None
        )
        if isinstance(status, int):
            return fault_of_status(status, text)
        try:
            again = bool(self._through.api.should_retry(error))
        except Exception:
            again = False
        return Fault("broken" if again else "unusable", text, again=True, charge="unknown")

    def _reply(self, output: Any) -> Reply:
        if output.empty:
            text = self._removed(str(output.error or "no choices")[:START])
            if speaks_of("filtered", text):
                raise Fault("filtered", text, again=False)
            raise Fault("unusable", text, charge="unknown")
        content: Any = output.message.content
        parts = cast("list[Any]", content) if isinstance(content, list) else []
        reasoning = [reasoning_of(part) for part in parts if part.type == "reasoning"]
        answer, in_tags = split_reasoning(str(output.message.text))
        reasoning += [in_tags] if in_tags else []
        stop = str(output.stop_reason)
        return Reply(
            completion=self._removed(answer),
            reasoning=self._removed("\n\n".join(reasoning)),
            stop_reason=STOP_REASONS.get(stop, stop),
            served_model=str(output.model) or None,
            usage=_usage(output.usage),
            wanted_tool=bool(output.message.tool_calls),
        )


def reasoning_of(part: Any) -> str:
    """The words of a reasoning part; where the provider keeps them to itself, its summary."""
    return str(part.summary or "") if part.redacted else str(part.reasoning)


def _usage(usage: Any) -> Usage:
    """Inspect counts what was read from and written to a cache apart from the rest of the input."""
    if usage is None:
        return Usage()
    cached = usage.input_tokens_cache_read
    asked = usage.input_tokens + (cached or 0) + (usage.input_tokens_cache_write or 0)
    return Usage(asked or None, cached, usage.reasoning_tokens, usage.output_tokens if asked else None)


@asynccontextmanager
async def connect(model: Model, setting: Setting) -> AsyncGenerator[ThroughInspect]:
    """Make the model; Inspect opens its connections itself."""
    async with _model(model) as through:
        yield ThroughInspect(through, model, setting)
