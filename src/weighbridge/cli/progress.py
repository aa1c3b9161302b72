"""Progress on stderr, alike for every long step: bars on a terminal, a line every few seconds anywhere else."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from weighbridge.cli.options import err

EVERY = 10.0
"""Seconds between two lines where there is no terminal."""


class Bars:
    """Several bars at once, each known by its key."""

    def __init__(self) -> None:
        self._console = err()
        self._bars: dict[str, TaskID] = {}
        self._said: dict[str, tuple[float, int]] = {}
        self._ended: set[str] = set()
        columns = (TextColumn("[bold]{task.description}"), BarColumn(24), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, TextColumn("{task.fields[note]}", markup=False), console=self._console)

    def __enter__(self) -> Bars:
        if self._console.is_terminal:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._progress.stop()

    def show(self, key: str, done: int, total: int, note: str = "") -> None:
        """Move the bar of that key."""
        if self._console.is_terminal:
            if key not in self._bars:
                self._bars[key] = self._progress.add_task(key, total=total, note=note)
            self._progress.update(self._bars[key], completed=done, total=total, note=note)
            return
        now = time.monotonic()
        when, last = self._said.get(key, (-EVERY, -1))
        ended = done >= total and key not in self._ended
        if ended or (now - when >= EVERY and done != last):
            self._said[key] = (now, done)
            line = f"{key}: {done}/{total}  {note}".rstrip()
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)
        if ended:
            self._ended.add(key)
