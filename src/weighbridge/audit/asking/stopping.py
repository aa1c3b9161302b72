"""What a Ctrl-C does while asking: nothing more is asked, and what is under way is waited for, since it is paid for."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

GRACE = 10.0
"""Seconds that a first Ctrl-C waits for answers under way; a second one does not wait."""


@contextmanager
def interruptible(stop: Callable[[], None], cut_off: Callable[[], None]) -> Generator[None]:
    """While within, SIGINT and SIGTERM call ``stop``; ``cut_off`` follows after ``GRACE`` seconds or a second one.

    Outside of the main thread, where no signal arrives, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = []

    def interrupted() -> None:
        if timers:
            cut_off()
            return
        stop()
        timers.append(loop.call_later(GRACE, cut_off))

    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(sign) for sign in signals]
    for sign in signals:
        loop.add_signal_handler(sign, interrupted)
    try:
        yield
    finally:
        for timer in timers:
            timer.cancel()
        for sign, handler in zip(signals, before, strict=True):
            loop.remove_signal_handler(sign)
            signal.signal(sign, handler)
