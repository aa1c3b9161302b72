"""A cell for one program: opened once, the program run in it as often as wanted, each time afresh.

The caller stands outside. It lays the files, asks questions, and looks at effects (files, rows, requests received)
through pid 1 of the cell, never through what the program says about itself. Whatever a program does here ends in a
``ProgramError`` or in a reason in ``CellReport``; it never ends in an exception of another kind.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

from weighbridge.cell.box import GRACE, Box, CellReport, Seed, Symlink, entries
from weighbridge.cell.errors import NotPlain, ProgramDied, ProgramRaised, ProgramTimedOut, ReplyInvalid
from weighbridge.cell.limits import Limits
from weighbridge.cell.runtime import preload, prepare
from weighbridge.cell.wire import pack, parse_reply, unpack

PORT = 8000


@dataclass(frozen=True)
class Program:
    """One program: its files (relative to /srv/app), what runs it, how it is asked, and the file to start from."""

    files: Mapping[str, bytes]
    runtime: str = "python"
    interface: Literal["function", "http"] = "function"
    entry: str = "main.py"


@dataclass(frozen=True)
class Stat:
    kind: Literal["file", "folder", "link", "fifo", "socket", "device"]
    mode: int
    size: int
    links: int
    mtime: float
    uid: int


@dataclass(frozen=True)
class Received:
    """What somebody in the cell sent to a listener."""

    address: str
    port: int
    raw: bytes
    time: float


@dataclass(frozen=True)
class Output:
    """What was kept of stdout and stderr (``Limits.output`` bytes of each). Never a verdict."""

    stdout: bytes
    stderr: bytes
    truncated: bool
    total: int


class Run:
    """One run of the program: fresh processes, fresh files."""

    def __init__(self, box: Box):
        self._box = box
        self._number = 0
        self.ended_by: str | None = None

    def _ask(self, do: str, payload: bytes = b"", timeout: float = 10.0, **header: Any) -> tuple[dict[str, Any], bytes]:
        reply, body = self._box.ask(do, payload, timeout, **header)
        self._note(self._box.reason(reply))
        return reply, body

    def _note(self, reason: str | None) -> None:
        if reason is not None and self.ended_by is None:
            self.ended_by = reason
            self._box.report.reasons.append(reason)

    def _settle(self, reply: dict[str, Any], body: bytes) -> Any:
        """The value of a call's reply, or the exception that says why there is none."""
        refused = reply.get("refused")
        if refused == "late":
            raise ProgramTimedOut(reply["text"])
        if refused == "died":
            raise ProgramDied(self.ended_by or "exit")
        if refused == "reply":
            raise ReplyInvalid(reply["text"])
        if refused is not None:
            raise ReplyInvalid(f"{refused}: {reply.get('text')}")
        answer = parse_reply(body)
        if answer.get("id", 0) != self._number:
            raise ReplyInvalid("an answer to another question")
        if "raised" in answer:
            raise ProgramRaised(str(answer["raised"])[:200], str(answer.get("text", ""))[:4000])
        if "value" not in answer:
            raise ReplyInvalid("an answer without a value")
        return unpack(answer["value"])

    def _start(self, program: Program, seed: Seed, timeout: float) -> None:
        files = [(f"/srv/app/{name}", "file", content) for name, content in program.files.items()] + entries(seed)
        environment = {**self._box.environment, "FLASK_RUN_FROM_CLI": "true"}
        environment["PYTHONPATH"] = "/srv/app:" + environment["PYTHONPATH"]
        settings = {"interface": program.interface, "entry": program.entry, "port": PORT}
        reply, body = self._box.start(files, within=timeout, environment=environment, settings=settings)
        if reply.get("refused") in ("write", "path"):
            raise ValueError(f"a file of the program or the seed cannot be laid: {reply['text']}")
        self._note(self._box.reason(reply))
        self._settle(reply, body)

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        try:
            return bool(self._ask("state")[0]["alive"])
        except ProgramDied:
            return False

    def call(self, name: str, /, *args: Any, timeout: float = 5.0, **kwargs: Any) -> Any:
        """Calls a function of the program (dotted names reach attributes) and returns its value as JSON can say it.

        Raises ProgramRaised, ProgramDied, ProgramTimedOut (the run is over then) or ReplyInvalid.
        """
        self._number += 1
        question = {"id": self._number, "name": name, "args": pack(args), "kwargs": pack(kwargs)}
        reply, body = self._ask(
            "call", json.dumps(question).encode(), timeout + GRACE, within=timeout, cap=self._box.limits.reply
        )
        return self._settle(reply, body)

    def http(
        self,
        request: bytes,
        timeout: float = 5.0,
        *,
        port: int = PORT,
        address: str = "127.0.0.1",
        until_close: bool = False,
    ) -> bytes:
        """Sends raw bytes to the program's web server and returns the raw answer, at most ``Limits.reply`` bytes.

        The answer lasts until its stated end (length or chunks) or until the server closes. Raises ProgramTimedOut
        (the run goes on; ``partial`` has what came) or ProgramDied.
        """
        reply, body = self._ask(
            "http",
            request,
            timeout + GRACE,
            within=timeout,
            cap=self._box.limits.reply,
            address=address,
            port=port,
            until_close=until_close,
        )
        if reply.get("refused") == "died" or (not reply["alive"] and (reply.get("error") or not body)):
            raise ProgramDied(self.ended_by or "exit")
        if reply.get("late"):
            raise ProgramTimedOut("no whole answer within the time limit", body)
        if reply.get("error") and not body:
            raise ProgramDied(f"connection: {reply['error']}")
        return body

    def lstat(self, path: str) -> Stat | None:
        """Facts about a path, following no link at any component; None where there is nothing."""
        found = self._ask("stat", path=path)[0].get("stat")
        return None if found is None else Stat(*found)

    def read(self, path: str, cap: int = 1 << 20) -> bytes | None:
        """A regular file with one link, following no link; None where there is nothing. Raises NotPlain."""
        reply, body = self._ask("read", path=path, cap=cap)
        if "refused" in reply:
            raise NotPlain(f"{path}: {reply['text']}")
        return body if reply["found"] else None

    def tree(self, path: str, most: int = 5000, deepest: int = 32) -> dict[str, Stat]:
        """Everything below a folder, by path relative to it; links are named, not followed. Raises NotPlain."""
        reply, body = self._ask("tree", path=path, most=most, deepest=deepest)
        if "refused" in reply:
            raise NotPlain(f"{path}: {reply['text']}")
        found = json.loads(body)
        return {name: Stat(*facts) for name, facts in (found or {}).items()}

    def write(self, path: str, content: bytes | str | Symlink | None) -> None:
        """Lays a file (beside and renamed), a folder (None) or a link while the program runs."""
        kind = "folder" if content is None else "link" if isinstance(content, Symlink) else "file"
        raw = content.target if isinstance(content, Symlink) else content or b""
        reply, _ = self._ask("write", raw.encode() if isinstance(raw, str) else raw, path=path, kind=kind)
        if "refused" in reply:
            raise NotPlain(reply["text"])

    def listen(self, address: str, port: int, reply: bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") -> None:
        """Opens a listener of ours on the cell's loopback that answers everyone with ``reply``."""
        answer, _ = self._ask("listen", reply, address=address, port=port)
        if "refused" in answer:
            raise ValueError(
                f"cannot listen: {answer['text']}; addresses outside 127.0.0.0/8 go into Cell(addresses=...)"
            )

    def received(self) -> list[Received]:
        """What came to the listeners so far; a connection without a byte counts, with ``raw`` empty."""
        reply, body = self._ask("received")
        rows, at = [], 0
        for address, port, size, when in reply["rows"]:
            rows.append(Received(address, port, body[at : at + size], when))
            at += size
        return rows

    def output(self) -> Output:
        """What the program printed. Give it a moment: the pipe is read as it comes."""
        reply, body = self._ask("output")
        return Output(body[: reply["out"]], body[reply["out"] :], reply["truncated"], reply["total"])

    def processes(self) -> int:
        """How many processes run in the cell besides pid 1."""
        return int(self._ask("state")[0]["count"])

    def kill(self) -> None:
        """Ends the program and everything it started."""
        self._ask("kill", reason="killed")


class Cell:
    """One sandbox for one program. Use in a ``with``, in one thread; ``slot`` is the worker's number (own uid).

    ``hosts``: names that resolve inside, to loopback addresses; ``addresses``: further addresses, like
    169.254.169.254, that the cell's loopback is to have. Raises NoIsolation where nothing isolates.
    """

    def __init__(
        self,
        program: Program,
        *,
        limits: Limits | None = None,
        hosts: Mapping[str, str] | None = None,
        addresses: tuple[str, ...] = (),
        slot: int = 0,
    ):
        self.program = program
        self.limits = limits or Limits()
        names = dict(hosts or {})
        elsewhere = {address for address in names.values() if not address.startswith("127.")}
        runtime = prepare(program.runtime)
        self._box = Box(
            runtime,
            self.limits,
            hosts=names,
            addresses=tuple(sorted(elsewhere | set(addresses))),
            preload=preload(runtime, program.files),
            slot=slot,
        )
        self._running = False

    @property
    def report(self) -> CellReport:
        return self._box.report

    @property
    def is_open(self) -> bool:
        return self._box.is_open

    @property
    def init(self) -> int | None:
        """The pid, on this side, of pid 1 of the cell, while it is open."""
        return self._box.launched.init if self._box.launched else None

    def __enter__(self) -> "Cell":
        self._box.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything in the cell and clears away what it left outside. May be called again."""
        self._box.close()

    @contextmanager
    def run(self, seed: Seed | None = None, *, timeout: float | None = None) -> Iterator[Run]:
        """Starts the program afresh on fresh files; at the end everything it started is killed and wiped.

        ``seed``: absolute paths below /srv or /tmp; None makes a folder. Raises ProgramRaised, ProgramDied or
        ProgramTimedOut when the program does not come up within ``timeout`` (``Limits.start``).
        """
        if self._running:
            raise RuntimeError("a cell runs its program once at a time")
        self._running = True
        run = Run(self._box)
        try:
            run._start(self.program, seed or {}, timeout or self.limits.start)
            yield run
        finally:
            self._running = False
            run._note(self._box.finish())
