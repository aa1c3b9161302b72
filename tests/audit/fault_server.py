"""The tests' own OpenAI-compatible endpoint on loopback: it answers by script, misbehaves on demand, and counts.

A script is a function of the request's body and of how often the same question has been asked, which gives a ``Say``.
The server runs in a thread of the test, so that an asking process can be killed and the counts are still here.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

USAGE = {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150}
PROGRAM = "```python\ndef f():\n    return 1\n```"


@dataclass
class Say:
    """One reply, or what stands for it. ``drop`` closes the connection, ``trickle`` never comes to an end."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    wait: float = 0.0
    drop: bool = False
    trickle: bool = False


def completion(content: Any = PROGRAM, *, finish: Any = "stop", usage: Any = USAGE, **message: Any) -> dict[str, Any]:
    """The body of a chat completion."""
    body: dict[str, Any] = {
        "id": "x",
        "object": "chat.completion",
        "model": "served-name",
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
    }
    if usage is not None:
        body["usage"] = usage
    return body


def good(content: Any = PROGRAM, wait: float = 0.0, **more: Any) -> Say:
    """A normal answer."""
    return Say(body=completion(content, **more), wait=wait)


Script = Callable[[dict[str, Any], int], Say]


def question(body: dict[str, Any]) -> str:
    """The user's message of a request."""
    return str(body["messages"][-1]["content"])


class FaultServer:
    """``with FaultServer(script) as server: … server.base_url, server.asked``."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.asked: Counter[str] = Counter()
        """How often each question arrived, by the user's message."""
        self.answered: Counter[str] = Counter()
        """How often a whole reply to it was sent off."""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.at: list[float] = []
        self.most_at_once = 0
        self._now = 0

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        key = question(body)
        self.asked[key] += 1
        self.bodies.append(body)
        self.headers.append(dict(request.headers))
        self.at.append(asyncio.get_running_loop().time())
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            say = self.script(body, self.asked[key])
            await asyncio.sleep(say.wait)
            if say.drop:
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            if say.trickle:
                stream = web.StreamResponse()
                await stream.prepare(request)
                while True:
                    await stream.write(b" ")
                    await asyncio.sleep(0.05)
            text = say.body if isinstance(say.body, str) else json.dumps(say.body)
            response = web.Response(status=say.status, text=text, headers=say.headers, content_type="application/json")
            self.answered[key] += 1
            return response
        finally:
            self._now -= 1

    def __enter__(self) -> FaultServer:
        ready = threading.Event()

        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            app = web.Application(client_max_size=2**26)
            app.router.add_post("/v1/chat/completions", self._serve)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
            self.base_url = f"http://127.0.0.1:{port}/v1"
            ready.set()
            await self._stop.wait()
            await runner.cleanup()

        self._thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(5)
