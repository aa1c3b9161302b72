"""A cell for one program: opened once, the program run in it as often as wanted, each time afresh.

The caller stands outside. It lays the files, asks questions, and looks at effects (files, rows, requests received)
through pid 1 of the cell, never through what the program says about itself. Whatever a program does here ends in a
``ProgramError`` or in a reason in ``CellReport``; it never ends in an exception of another kind.
"""

import json
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from weighbridge.cell.errors import (
    NoIsolation,
    NotPlain,
    ProgramDied,
    ProgramRaised,
    ProgramTimedOut,
    ReplyInvalid,
)
from weighbridge.cell.launch import ENVIRONMENT, INSIDE, MEND_USERNS, Launched, boot_message, compiled, launch
from weighbridge.cell.limits import Limits
from weighbridge.cell.runtime import prepare
from weighbridge.cell.wire import Wire, WireClosed, WireLate, pack, parse_reply, unpack

PORT = 8000
GRACE = 10.0  # how much longer than a limit inside we wait for pid 1 before the whole cell is killed


@dataclass(frozen=True)
class Symlink:
    """A seed that is a symbolic link."""

    target: str


Seed = Mapping[str, "bytes | str | Symlink | None"]


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


@dataclass
class CellReport:
    """Which isolation was in force, which limits, and what ended the runs so far (None: nothing did).

    ``ended_by``: timeout, memory, processes, cpu, output, disk, killed, "answer too long", "closed" (the program shut
    its channel), "exit N", "crash (SIGNAL)", or "cell" (pid 1 was lost); the first that happened. ``reasons`` has all.
    """

    tier: str
    limits: Limits
    reasons: list[str] = field(default_factory=list)

    @property
    def ended_by(self) -> str | None:
        return self.reasons[0] if self.reasons else None


def reason_of(status: int | None) -> str | None:
    """A wait status in words."""
    if status is None:
        return None
    if status & 0x7F:
        number = status & 0x7F
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = str(number)
        return {"SIGXCPU": "cpu", "SIGXFSZ": "disk"}.get(name, f"crash ({name})")
    return f"exit {status >> 8}"


class Run:
    """One run of the program: fresh processes, fresh files."""

    def __init__(self, cell: "Cell", ends: float):
        self._cell = cell
        self._ends = ends
        self._number = 0
        self.ended_by: str | None = None
        self._answering = True

    def _ask(self, do: str, payload: bytes = b"", timeout: float = 10.0, **header: Any) -> tuple[dict[str, Any], bytes]:
        reply, body = self._cell._ask(do, payload, timeout, **header)
        if not reply["alive"] and self.ended_by is None and do != "start":
            self._note(reply)
        return reply, body

    def _note(self, reply: dict[str, Any]) -> None:
        reason = self._cell._reason(reply)
        if reason is not None and self.ended_by is None:
            self.ended_by = reason
            self._cell.report.reasons.append(reason)

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

    def _start(self, seed: Seed, timeout: float) -> None:
        cell = self._cell
        entries: list[tuple[str, str, bytes]] = [(f"/srv/app/{n}", "file", c) for n, c in cell.program.files.items()]
        for path, content in seed.items():
            if isinstance(content, Symlink):
                entries.append((path, "link", content.target.encode()))
            elif content is None:
                entries.append((path, "folder", b""))
            else:
                entries.append((path, "file", content.encode() if isinstance(content, str) else bytes(content)))
        limits = cell.limits
        reply, body = cell._ask(
            "start",
            b"".join(c for _, _, c in entries),
            timeout + GRACE,
            files=[[p, k, len(c)] for p, k, c in entries],
            channel=True,
            host=cell.program.runtime,
            environment=cell.environment,
            settings={"interface": cell.program.interface, "entry": cell.program.entry, "port": PORT},
            cwd="/srv/data",
            wall=limits.wall,
            within=timeout,
            cap=limits.reply,
        )
        if reply.get("refused") == "write":
            raise ValueError(f"a file of the program or the seed cannot be laid: {reply['text']}")
        if not reply["alive"]:
            self._note(reply)
        self._settle(reply, body)

    @property
    def alive(self) -> bool:
        """Whether the program still runs."""
        try:
            return bool(self._ask("processes")[0]["alive"])
        except ProgramDied:
            return False

    def call(self, name: str, /, *args: Any, timeout: float = 5.0, **kwargs: Any) -> Any:
        """Calls a function of the program (dotted names reach attributes) and returns its value as JSON can say it.

        Raises ProgramRaised, ProgramDied, ProgramTimedOut (the run is over then) or ReplyInvalid.
        """
        self._number += 1
        question = {"id": self._number, "name": name, "args": pack(args), "kwargs": pack(kwargs)}
        reply, body = self._ask(
            "call", json.dumps(question).encode(), timeout + GRACE, within=timeout, cap=self._cell.limits.reply
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
            cap=self._cell.limits.reply,
            address=address,
            port=port,
            until_close=until_close,
        )
        if reply.get("refused") == "died" or (reply.get("error") and not reply["alive"]):
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
        return int(self._ask("processes")[0]["count"])

    def kill(self) -> None:
        """Ends the program and everything it started."""
        self._ask("kill")


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
        self.hosts = dict(hosts or {})
        outside = {a for a in self.hosts.values() if not a.startswith("127.") and ":" not in a}
        self.addresses = tuple(sorted(outside | set(addresses)))
        self.slot = slot
        self.runtime = prepare(program.runtime)
        self.environment = {**ENVIRONMENT, "PYTHONPATH": "/srv/app:" + ":".join(self.runtime.paths)}
        self.environment |= {"PYTHONDONTWRITEBYTECODE": "1", "FLASK_RUN_FROM_CLI": "true"}
        if self.runtime.library_path:
            self.environment["LD_LIBRARY_PATH"] = self.runtime.library_path
        self.report = CellReport("rlimits", self.limits)
        self._launched: Launched | None = None
        self._wire: Wire | None = None
        self._running = False

    def __enter__(self) -> "Cell":
        self._open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        ends = time.monotonic() + 20.0
        self._launched = launched = launch(self.runtime, self.limits, self.hosts, self.slot)
        assert launched.process.stdin is not None and launched.process.stdout is not None
        self._wire = wire = Wire(launched.process.stdin.fileno(), launched.process.stdout.fileno())
        limits = self.limits.as_dict() | {"address_space": self.limits.memory, "nproc": self.limits.processes}
        host = INSIDE / "hosts" / f"{self.program.runtime}.py"
        code = compiled(host) if host.exists() else b""
        try:
            wire.write(boot_message(), ends)
            preload = self.runtime.preload if self.program.interface == "http" else ()
            reply, _ = wire.ask(
                "hello",
                code,
                max(1.0, ends - time.monotonic()),
                limits=limits,
                addresses=self.addresses,
                codes=[[self.program.runtime, len(code)]] if code else [],
                paths=self.runtime.paths,
                preload=preload,
            )
        except (WireClosed, WireLate) as e:
            complaint = launched.complaint() or f"no word from inside ({type(e).__name__} {e})"
            self.close()
            raise NoIsolation(f"the cell does not start: {complaint}\n{MEND_USERNS}") from None
        if "refused" in reply:
            self.close()
            raise NoIsolation(f"the cell does not start: {reply['text']}")

    def close(self) -> None:
        """Ends everything in the cell and clears away what it left outside. May be called again."""
        launched, self._launched, self._wire = self._launched, None, None
        if launched is not None:
            launched.close()

    def _ask(self, do: str, payload: bytes, timeout: float, **header: Any) -> tuple[dict[str, Any], bytes]:
        if self._wire is None:
            raise ProgramDied("cell")
        try:
            return self._wire.ask(do, payload, timeout, **header)
        except WireLate:
            reason = "timeout"
        except WireClosed:
            reason = "cell"
        self.close()
        self.report.reasons.append(reason)
        raise ProgramDied(reason)

    def _reason(self, reply: dict[str, Any]) -> str | None:
        return reply["reason"] or reason_of(reply["status"])

    @contextmanager
    def run(self, seed: Seed | None = None, *, timeout: float | None = None) -> Iterator[Run]:
        """Starts the program afresh on fresh files; at the end everything it started is killed and wiped.

        ``seed``: absolute paths below /srv or /tmp; None makes a folder. Raises ProgramRaised, ProgramDied or
        ProgramTimedOut when the program does not come up within ``timeout`` (``Limits.start``).
        """
        if self._running:
            raise RuntimeError("a cell runs its program once at a time")
        if self._launched is None:
            self._open()
        self._running = True
        run = Run(self, time.monotonic() + self.limits.wall)
        try:
            run._start(seed or {}, timeout or self.limits.start)
            yield run
        finally:
            self._running = False
            self._finish(run)

    def _finish(self, run: Run) -> None:
        if self._wire is None:
            return
        try:
            reply, _ = self._ask("end", b"", 15.0, within=5.0)
            if not reply.get("clean"):
                self.close()
        except ProgramDied:
            self.close()
