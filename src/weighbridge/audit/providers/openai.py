"""Asks any OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, OpenRouter, DeepSeek, DashScope and their like.

Through the openai SDK on aiohttp, its own retries off. The body is taken as text and read by ``asking.reply``,
because endpoints say in fields that the SDK does not know what it would be wrong to overlook.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import httpx2
from openai import APIError, APIStatusError, AsyncOpenAI, DefaultAioHttpClient

from weighbridge.audit.asking.pace import seconds_to_wait
from weighbridge.audit.asking.reply import START, Fault, Reply, fault_of_status, parse
from weighbridge.audit.plan import Model
from weighbridge.audit.providers import Setting, messages_of

ALONE = False
BACKSTOP = 5.0
"""Seconds by which the SDK's own time-outs come after the deadline that ``asking`` keeps."""


def check(model: Model, setting: Setting) -> None:
    """See that the key is there.

    Raises:
        KeyMissing: the plan names a variable that is not set.
    """
    model.key()


def at_once(model: Model) -> int:
    """As many as the plan allows."""
    return model.limits.concurrency


def body_of(model: Model, trial: Mapping[str, Any]) -> dict[str, Any]:
    """The request's body. ``max_completion_tokens`` among the extra fields takes the place of ``max_tokens``."""
    sampling = model.sampling
    body: dict[str, Any] = {"model": model.model, "messages": messages_of(trial)}
    if "max_completion_tokens" not in sampling.extra:
        body["max_tokens"] = sampling.max_tokens
    if sampling.temperature is not None:
        body["temperature"] = sampling.temperature
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.seed is not None:
        body["seed"] = sampling.seed + int(trial["repeat"])
    return {**body, **sampling.extra}


class Endpoint:
    """One model at one endpoint."""

    def __init__(self, client: AsyncOpenAI, model: Model, setting: Setting) -> None:
        self._client = client
        self._model = model
        self._secrets = setting.secrets

    async def ask(self, trial: Mapping[str, Any]) -> Reply:
        """One request, one reply.

        Raises:
            Fault: what came back is none.
        """
        try:
            response = await self._client.post(
                "/chat/completions", cast_to=httpx2.Response, body=body_of(self._model, trial)
            )
            text = self._secrets.removed(response.text)
        except APIStatusError as error:
            headers = error.response.headers
            wait = seconds_to_wait(headers.get("retry-after"), headers.get("retry-after-ms"))
            body = self._secrets.removed(error.response.text)
            raise fault_of_status(error.response.status_code, body, wait) from None
        except (APIError, httpx2.HTTPError) as error:
            raise self._lost(error) from None
        return parse(text)

    def _lost(self, error: BaseException) -> Fault:
        """No reply came. The transport's own word counts: the layers above call a refused connection a time-out."""
        causes = [error]
        while causes[-1].__cause__ is not None:
            causes.append(causes[-1].__cause__)
        last = causes[-1]
        text = self._secrets.removed(f"{type(last).__name__}: {last}"[:START])
        if any(isinstance(cause, aiohttp.ClientConnectorError | httpx2.UnsupportedProtocol) for cause in causes):
            return Fault("unreachable", text)
        if any(isinstance(cause, TimeoutError) for cause in causes):
            return Fault("time-out", text, charge="unknown")
        return Fault("broken", text, charge="unknown")


@asynccontextmanager
async def connect(model: Model, setting: Setting) -> AsyncGenerator[Endpoint]:
    """Open connections to one model's endpoint, as many as its plan allows at once."""
    limits = httpx2.Limits(max_connections=model.limits.concurrency, keepalive_expiry=30)
    timeout = httpx2.Timeout(model.limits.timeout + BACKSTOP, connect=min(30.0, model.limits.timeout + BACKSTOP))
    transport = DefaultAioHttpClient(limits=limits, timeout=timeout)
    client = AsyncOpenAI(
        api_key=model.key(), base_url=model.base_url, max_retries=0, timeout=timeout, http_client=transport
    )
    if httpx2.URL(model.base_url or "").host != "api.openai.com":
        # The SDK takes these from the environment and would tell them to every endpoint.
        client.organization = client.project = client.admin_api_key = None
    async with client:
        yield Endpoint(client, model, setting)
