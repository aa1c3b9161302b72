"""How fast may one model be asked? As fast as its plan allows, and slower for as long as its endpoint says 429.

One ``Pace`` is shared by everything that asks a model. It holds the plan's limits (requests at once, requests and
tokens a minute, evenly spaced so that no window of the provider's is overrun) and one back-off: a 429 pauses every
request to the model, by ``Retry-After`` where given, and halves how many may be under way at once; answers win that
back one by one.
"""

from __future__ import annotations

import asyncio
import random
import time
from email.utils import parsedate_to_datetime

from weighbridge.audit.plan import Limits

LONGEST_PAUSE = 60.0
"""Seconds, where the endpoint does not say how long."""
TOO_LONG = 900.0
"""A ``Retry-After`` above this many seconds ends asking; the run goes on another time."""


def seconds_to_wait(value: str | None, milliseconds: str | None = None) -> float | None:
    """What ``Retry-After`` (seconds or a date) or ``retry-after-ms`` asks for, in seconds; None: it says nothing."""
    try:
        if milliseconds:
            return max(0.0, float(milliseconds) / 1000)
        if not value:
            return None
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value or "").timestamp() - time.time())
    except ValueError:
        return None


class Pace:
    """Gives turns to ask one model."""

    def __init__(self, limits: Limits, *, first_wait: float = 1.0) -> None:
        self._limits = limits
        self._first_wait = first_wait
        self._turnstile = asyncio.Lock()
        self._changed = asyncio.Event()
        self._next_request = 0.0
        self._next_tokens = 0.0
        self._paused_until = 0.0
        self._waves = 0
        self.allowed = float(limits.concurrency)
        """How many requests may be under way at once, for now."""
        self.under_way = 0

    async def turn(self, tokens: int) -> None:
        """Wait until one more request may leave; ``tokens`` is what it is expected to need."""
        async with self._turnstile:  # so that one waits for the clock, and the others for their turn
            while True:
                now = time.monotonic()
                wait = max(self._paused_until, self._next_request, self._next_tokens) - now
                if wait <= 0 and self.under_way < max(1, int(self.allowed)):
                    break
                self._changed.clear()
                try:
                    async with asyncio.timeout(wait if wait > 0 else None):
                        await self._changed.wait()
                except TimeoutError:
                    pass
            self.under_way += 1
            if self._limits.requests_per_minute:
                self._next_request = max(now, self._next_request) + 60 / self._limits.requests_per_minute
            self._book_tokens(tokens, now)

    def leave(self, expected: int, used: int | None) -> None:
        """A request has come back; what it used beyond what was expected is made up for in time."""
        self.under_way -= 1
        if used is not None:
            self._book_tokens(used - expected, time.monotonic())
        self._changed.set()

    def _book_tokens(self, tokens: int, now: float) -> None:
        if self._limits.tokens_per_minute:
            self._next_tokens = max(now, self._next_tokens) + tokens * 60 / self._limits.tokens_per_minute

    def went_well(self) -> None:
        """The endpoint answered: what a 429 took away is won back, a whole place per round of answers.

        The pause shrinks step by step too: an endpoint that allows three requests a minute answers between its 429s.
        """
        if time.monotonic() >= self._paused_until:
            self._waves = max(0, self._waves - 1)
        self.allowed = min(float(self._limits.concurrency), self.allowed + 1 / self.allowed)

    def slow_down(self, retry_after: float | None) -> None:
        """The endpoint said 429. Those that were under way together count as one wave."""
        now = time.monotonic()
        if now >= self._paused_until:
            self._waves += 1
            self.allowed = max(1.0, self.allowed / 2)
        backed_off = min(LONGEST_PAUSE, self._first_wait * 2 ** (self._waves - 1)) * random.uniform(0.75, 1.25)
        self._paused_until = max(self._paused_until, now + (backed_off if retry_after is None else retry_after))

    def paused_for(self) -> float:
        """Seconds until the next request may leave, for the one who watches; 0 where nothing holds it up."""
        return max(0.0, self._paused_until - time.monotonic())
