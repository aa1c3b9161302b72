"""One running sandbox: pid 1 in it, the pipe to it, its tier, and why what ran in it ended.

``Cell`` and ``run_tool`` stand on this. It opens again by itself after a run that took it down.
"""

import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from weighbridge.cell.cgroup import Counters, place
from weighbridge.cell.errors import NoIsolation, ProgramDied
from weighbridge.cell.launch import ENVIRONMENT, INSIDE, MEND_USERNS, Launched, boot_message, compiled, launch
from weighbridge.cell.limits import Limits
from weighbridge.cell.runtime import Runtime
from weighbridge.cell.wire import Wire, WireClosed, WireLate

GRACE = 10.0  # how much longer than a limit inside we wait for pid 1 before the whole cell is ended

Seed = Mapping[str, "bytes | str | Symlink | None"]


@dataclass(frozen=True)
class Symlink:
    """A seed that is a symbolic link."""

    target: str


@dataclass
class CellReport:
    """Which isolation was in force, which limits, and what ended the runs so far (None: nothing did).

    ``tier``: "cgroup v2", "cgroup v1" or "rlimits" (per process, with pid 1 watching the sum); namespaces and the
    system-call filter are in force in every tier. ``ended_by``: timeout, memory, processes, cpu, output, disk, killed,
    "answer too long", "closed" (the program shut its channel), "exit N", "crash (SIGNAL)", or "cell" (pid 1 was lost);
    the first that happened. ``reasons`` has all.
    """

    tier: str
    limits: Limits
    reasons: list[str] = field(default_factory=list)

    @property
    def ended_by(self) -> str | None:
        return self.reasons[0] if self.reasons else None

    def as_dict(self) -> dict[str, Any]:
        return {"tier": self.tier, "limits": self.limits.as_dict(), "reasons": list(self.reasons)}


def reason_of(status: int | None) -> str | None:
    """A wait status in words."""
    if status is None:
        return None
    if number := status & 0x7F:
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = str(number)
        return {"SIGXCPU": "cpu", "SIGXFSZ": "disk"}.get(name, f"crash ({name})")
    return f"exit {status >> 8}"


def entries(seed: Seed) -> list[tuple[str, str, bytes]]:
    """Seeds as pid 1 lays them: (path, kind, content)."""
    found: list[tuple[str, str, bytes]] = []
    for path, content in seed.items():
        if isinstance(content, Symlink):
            found.append((path, "link", content.target.encode()))
        elif content is None:
            found.append((path, "folder", b""))
        else:
            found.append((path, "file", content.encode() if isinstance(content, str) else bytes(content)))
    return found


class Box:
    """A sandbox in one thread. Nothing in here knows what a program is for."""

    def __init__(
        self,
        runtime: Runtime,
        limits: Limits,
        *,
        hosts: dict[str, str] | None = None,
        addresses: tuple[str, ...] = (),
        preload: tuple[str, ...] = (),
        slot: int = 0,
    ):
        self.runtime, self.limits, self.slot = runtime, limits, slot
        self.hosts, self.addresses, self.preload = hosts or {}, addresses, preload
        where = place()
        self.report = CellReport(where.tier if where else "rlimits", limits)
        self.environment = {**ENVIRONMENT, "PYTHONPATH": ":".join(runtime.paths), "PYTHONDONTWRITEBYTECODE": "1"}
        if runtime.library_path:
            self.environment["LD_LIBRARY_PATH"] = runtime.library_path
        self.launched: Launched | None = None
        self._wire: Wire | None = None
        self._counted = Counters(0, 0)

    def open(self) -> None:
        """Starts pid 1. Raises NoIsolation, with the mend, where that cannot be had."""
        ends = time.monotonic() + 20.0
        self.launched = launched = launch(self.runtime, self.limits, self.hosts, self.slot)
        self._counted = Counters(0, 0)
        assert launched.process.stdin is not None and launched.process.stdout is not None
        self._wire = wire = Wire(launched.process.stdin.fileno(), launched.process.stdout.fileno())
        together = launched.group is not None
        limits = self.limits.as_dict() | {
            "address_space": None if together else self.limits.memory,
            "watch_memory": not together,
            # One more for pid 1, which is of the same user. The group's limit is the one that counts its refusals.
            "nproc": self.limits.processes + (16 if together else 1),
        }
        host = INSIDE / "hosts" / f"{self.runtime.name}.py"
        code = compiled(host) if host.exists() else b""
        try:
            wire.write(boot_message(), ends)
            reply, _ = wire.ask(
                "hello",
                code,
                max(1.0, ends - time.monotonic()),
                limits=limits,
                addresses=self.addresses,
                codes=[[self.runtime.name, len(code)]] if code else [],
                paths=self.runtime.paths,
                preload=self.preload,
            )
        except (WireClosed, WireLate) as e:
            complaint = launched.complaint() or f"no word from inside ({type(e).__name__} {e})"
            self.close()
            raise NoIsolation(f"the cell does not start: {complaint}. {MEND_USERNS}") from None
        if "refused" in reply or not reply.get("filtered"):
            self.close()
            raise NoIsolation(f"the cell does not start: {reply.get('text', 'its system-call filter is not loaded')}")
        launched.identify()

    @property
    def is_open(self) -> bool:
        return self.launched is not None

    def close(self) -> None:
        """Ends everything in the sandbox and clears away what it left outside. May be called again."""
        launched, self.launched, self._wire = self.launched, None, None
        if launched is not None:
            launched.close()

    def ask(self, do: str, payload: bytes = b"", timeout: float = 10.0, **header: Any) -> tuple[dict[str, Any], bytes]:
        """A command to pid 1. Raises ProgramDied where pid 1 is gone or does not answer; the sandbox is closed then."""
        if self._wire is None or self.launched is None:
            raise ProgramDied("cell")
        try:
            return self._wire.ask(do, payload, timeout, self._kernel_reason if self.launched.group else None, **header)
        except WireLate:
            reason = "timeout"
        except WireClosed:
            reason = self._kernel_reason() or "cell"
        self.close()
        self.report.reasons.append(reason)
        raise ProgramDied(reason)

    def start(
        self,
        files: list[tuple[str, str, bytes]],
        *,
        within: float,
        environment: dict[str, str],
        settings: dict[str, Any] | None = None,
        argv: list[str] | None = None,
        stdin: bytes = b"",
        cwd: str = "/srv/data",
    ) -> tuple[dict[str, Any], bytes]:
        """Lays the files and starts a host (``settings``), waiting for its first frame, or a command (``argv``)."""
        if not self.is_open:
            self.open()
        self._kernel_reason()  # what was counted before this run is not this run's
        return self.ask(
            "start",
            b"".join(content for _, _, content in files) + stdin,
            within + GRACE,
            files=[[path, kind, len(content)] for path, kind, content in files],
            channel=argv is None,
            argv=argv,
            host=self.runtime.name,
            environment=environment,
            settings=settings,
            cwd=cwd,
            wall=self.limits.wall,
            within=within,
            cap=self.limits.reply,
        )

    def _kernel_reason(self) -> str | None:
        """What the cgroup counted since it was last asked: memory, processes, or nothing."""
        if self.launched is None or self.launched.group is None:
            return None
        before, self._counted = self._counted, self.launched.group.counters()
        if self._counted.killed_for_memory > before.killed_for_memory:
            return "memory"
        if self._counted.refused_processes > before.refused_processes:
            return "processes"
        return None

    def reason(self, reply: dict[str, Any]) -> str | None:
        """Why the program of this run ended, from a reply's state and the kernel's counters; None if it goes on."""
        if reply["alive"]:
            return None
        stopped = reply["reason"]
        if stopped in ("output", "disk", "processes", "memory"):
            return stopped
        # The kernel kills one process for memory and the rest may go on into a time limit: its word comes first.
        return self._kernel_reason() or stopped or reason_of(reply["status"])

    def finish(self) -> str | None:
        """Ends the run. Returns the limit that it had passed, if nobody has noticed before."""
        if self._wire is None:
            return None
        try:
            reply, _ = self.ask("end", timeout=15.0, within=5.0)
        except ProgramDied:
            return None
        noticed = self.reason(reply) if reply["reason"] else self._kernel_reason()
        if not reply.get("clean"):
            self.close()
        return noticed
