"""Asks an open-weight model that Weighbridge serves itself, on loopback, for as long as the asking takes.

The server is a process of its own and ends with us (``weighbridge.local``). Local models share the processor, so
they are asked one after the other; then each is an OpenAI-compatible endpoint like any other.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import ExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from weighbridge.audit.plan import Model
from weighbridge.audit.providers import Setting, openai
from weighbridge.errors import WeighbridgeError
from weighbridge.local.known import known
from weighbridge.local.serve import serve

ALONE = True
MOST_AT_ONCE = 4
"""Requests that a processor answers together: more share the same cores and only need more memory."""
CHARACTERS_PER_TOKEN = 2.5
"""Fewer than prose has, so that the longest question certainly fits; Chinese has about 1.5, see ``context_tokens``."""
ROOM = 128
STEP = 1024


def check(model: Model, setting: Setting) -> None:
    """See that the model is known or a file, and that the runtime is installed.

    Raises:
        WeighbridgeError: the extra is not installed.
        UnknownName: no local model has that name.
    """
    if find_spec("xllamacpp") is None:
        raise WeighbridgeError(
            f"model '{model.name}': provider 'local' needs the extra `local`; pip install 'weighbridge[local]'"
        )
    if not _is_file(model.model):
        known(model.model)


def _is_file(name: str) -> bool:
    return name.endswith(".gguf") or "/" in name


def at_once(model: Model) -> int:
    """As the plan allows, but no more than share a processor well."""
    return min(model.limits.concurrency, MOST_AT_ONCE)


def context_tokens(model: Model, longest_question: int) -> int:
    """Tokens that question and answer may have together: room for the longest of both, in whole steps."""
    needed = longest_question / CHARACTERS_PER_TOKEN + model.sampling.max_tokens + ROOM
    return -(-int(needed) // STEP) * STEP


@asynccontextmanager
async def connect(model: Model, setting: Setting) -> AsyncGenerator[openai.Endpoint]:
    """Serve the model, ask it, and end the server.

    Raises:
        EndpointDown: it could not be fetched or served.
    """
    with ExitStack() as stack:
        server = serve(
            Path(model.model) if _is_file(model.model) else model.model,
            parallel=at_once(model),
            context_tokens=context_tokens(model, setting.longest_question),
            quiet=True,
        )
        # Loading takes a while; other models are asked meanwhile.
        endpoint = await asyncio.to_thread(stack.enter_context, server)
        there = model.model_copy(
            update={
                "base_url": endpoint.base_url,
                "model": endpoint.model,
            }
        )
        async with openai.connect(there, setting) as connection:
            yield connection
