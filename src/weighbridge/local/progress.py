"""How far is a download? A bar on a terminal, a line every few seconds where output is a log file."""

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

_SECONDS_BETWEEN_LINES = 5.0


class Meter:
    """Shows bytes done out of ``total``. ``at`` is the absolute position: a resumed download starts where it was."""

    def __init__(self, title: str, total: int, console: Console | None = None, *, quiet: bool = False) -> None:
        self._title, self._total, self._quiet = title, total, quiet
        self._console = console or Console(stderr=True)
        self._last_line = time.monotonic()
        self._bar: Progress | None = None

    def __enter__(self) -> Self:
        if not self._quiet and self._console.is_terminal:
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=self._console,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._title, total=self._total)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def at(self, position: int) -> None:
        """``position`` bytes of the whole are here."""
        if self._bar is not None:
            self._bar.update(self._task, completed=position)
        elif not self._quiet and time.monotonic() - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = time.monotonic()
            self.say(f"{self._title}: {position / 1e6:,.0f} of {self._total / 1e6:,.0f} MB")

    def say(self, line: str) -> None:
        """One line for the user, above the bar where there is one."""
        if not self._quiet:
            self._console.print(line, highlight=False, soft_wrap=True)
