"""The journal's pen: one thread that writes, so that waiting for the disk never holds up what is being asked.

Everything that is waiting when the thread comes round goes into one transaction, and nobody is told that a thing is
written before that transaction is on the disk. An answer never waits for another to arrive.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from weighbridge.store.journal import Journal

T = TypeVar("T")


@dataclass
class _Order:
    write: Callable[[Journal], Any]
    durable: bool
    done: Future[Any]


class Writer:
    """Runs writes on a journal in a thread of its own, in the order in which they were asked for."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._orders: queue.SimpleQueue[_Order | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    async def write(self, what: Callable[[Journal], T], *, durable: bool = True) -> T:
        """Do one write and come back when it is kept; ``durable`` False does not wait for the disk.

        Raises:
            sqlite3.Error: the disk is full or the file is damaged; nothing of the transaction is kept.
        """
        done: Future[Any] = Future()
        self._orders.put(_Order(what, durable, done))
        return cast(T, await asyncio.wrap_future(done))

    def close(self) -> None:
        """Finish what was asked for, then end the thread."""
        self._orders.put(None)
        self._thread.join()

    def _run(self) -> None:
        ending = False
        while not ending:
            orders: list[_Order] = []
            order = self._orders.get()
            while True:
                if order is None:
                    ending = True
                    break
                orders.append(order)
                try:
                    order = self._orders.get_nowait()
                except queue.Empty:
                    break
            if orders:
                self._commit(orders)

    def _commit(self, orders: list[_Order]) -> None:
        results: list[Any] = []
        try:
            with self._journal.all_or_none(on_disk=any(order.durable for order in orders)):
                results.extend(order.write(self._journal) for order in orders)
        except Exception as error:
            for order in orders:
                if not order.done.cancelled():
                    order.done.set_exception(error)
            return
        for order, result in zip(orders, results, strict=True):
            if order.done.set_running_or_notify_cancel():
                order.done.set_result(result)
