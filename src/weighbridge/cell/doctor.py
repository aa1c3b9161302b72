"""Does the cell hold here? Attacks it with programs of ours and looks, from outside, at what got through.

The command ``weighbridge doctor`` prints this, and nothing is run where an attack succeeded (``require``). A check that
could not be tried does not count as held. What is taken as a sign is an effect (a secret that comes back, a file that
appears, a connection that arrives, a process that dies or lives), not what the attack says of itself; only for system
calls is it their result.
"""

import contextlib
import dataclasses
import errno
import os
import secrets
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from weighbridge.cell.cell import Cell, Program, Run
from weighbridge.cell.errors import NoIsolation, ProgramError
from weighbridge.cell.launch import FIRST_UID, INSIDE
from weighbridge.cell.limits import MIB, Limits

# Small, so that the bombs go off in a fraction of a second; what is shown is that the limits are obeyed at all.
SMALL = Limits(
    memory=96 * MIB, processes=24, cpu=0.4, wall=5.0, disk=8 * MIB, file=8 * MIB, output=MIB // 4, flood=4 * MIB
)


@dataclass(frozen=True)
class Check:
    """One attack: its name, what was tried, whether the cell held, and what was seen."""

    name: str
    attack: str
    held: bool
    detail: str


@dataclass(frozen=True)
class Examination:
    """Every check, the tier that was in force, and the limits a program has by default."""

    checks: tuple[Check, ...]
    tier: str
    limits: Limits
    seconds: float

    @property
    def held(self) -> bool:
        return all(check.held for check in self.checks)

    def as_dict(self) -> dict[str, Any]:
        return {
            "held": self.held,
            "tier": self.tier,
            "limits": self.limits.as_dict(),
            "seconds": self.seconds,
            "checks": [dataclasses.asdict(check) for check in self.checks],
        }


class Bait:
    """What the attacks are after, on this side: files, sockets, a variable, a process; each with a secret in it."""

    def __init__(self, folder: Path, slot: int):
        self.token = secrets.token_hex(16)
        self.folder = folder
        folder.chmod(0o755)
        self.readable, self.private = folder / "readable", folder / "private"
        self.readable.write_text(self.token)
        self.private.write_text(self.token)
        self.readable.chmod(0o644)
        self.private.chmod(0o600)
        self.open_folder = folder / "open"
        self.open_folder.mkdir()
        self.open_folder.chmod(0o1777)
        self.abstract = f"bait-{self.token[:8]}"
        self.listeners = [socket.create_server(("127.0.0.1", 0))]
        self.port = self.listeners[0].getsockname()[1]
        with contextlib.suppress(OSError):
            self.listeners.append(socket.create_server(("::1", self.port), family=socket.AF_INET6))
        for address in ("\0" + self.abstract, str(folder / "socket")):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(address)
            listener.listen(4)
            self.listeners.append(listener)
        (folder / "socket").chmod(0o777)
        for listener in self.listeners:
            listener.setblocking(False)
        # Same uid as the program has on this side: nothing but the pid namespace is between them.
        as_program = ["/usr/bin/setpriv", "--reuid", str(FIRST_UID + slot), "--clear-groups", "--regid"]
        argv = [*as_program, str(FIRST_UID + slot), "--"] if os.geteuid() == 0 else []
        self.victim = subprocess.Popen([*argv, "/bin/sh", "-c", f"sleep 60; : {self.token}"], start_new_session=True)
        self.descriptor = os.open(self.readable, os.O_RDONLY)
        os.set_inheritable(self.descriptor, True)
        self.variable = f"BAIT_{self.token[:8]}"
        os.environ[self.variable] = self.token

    def visitors(self) -> int:
        """Connections that arrived at one of our listeners."""
        came = 0
        for listener in self.listeners:
            with contextlib.suppress(OSError):
                listener.accept()[0].close()
                came += 1
        return came

    def close(self) -> None:
        for listener in self.listeners:
            listener.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.victim.pid, 9)
        self.victim.wait()
        os.close(self.descriptor)
        os.environ.pop(self.variable, None)


@contextlib.contextmanager
def bait(slot: int) -> Iterator[Bait]:
    with tempfile.TemporaryDirectory(prefix="bait-") as name:
        laid = Bait(Path(name), slot)
        try:
            yield laid
        finally:
            laid.close()


def holds(value: Any, token: str) -> bool:
    """Whether a secret is anywhere in what came back."""
    if isinstance(value, bytes):
        return token.encode() in value
    if isinstance(value, dict):
        return any(holds(v, token) for pair in value.items() for v in pair)
    if isinstance(value, (list, tuple)):
        return any(holds(v, token) for v in value)
    return token in str(value)


Probe = tuple[str, str, Callable[[], tuple[bool, str]]]


def _reaching(run: Run, bait: Bait) -> list[Probe]:
    """Attacks that reach for something outside the cell."""

    def secret(name: str, *args: Any) -> tuple[bool, str]:
        tried = run.call(name, *args)
        got = holds(tried, bait.token)
        return not got and len(tried) > 0, "the secret came back" if got else f"{len(tried)} ways, none gave it"

    def writing() -> tuple[bool, str]:
        name = f"planted-{bait.token[:8]}"
        folders = [str(bait.open_folder), str(bait.folder), "/usr", "/etc", "/opt/site", "/var/tmp", "/dev", "/"]
        tried = run.call("write", folders, name)
        # What it writes to /var/tmp is the cell's own, and must not be on this side.
        landed = [folder for folder in folders if Path(folder, name).exists()]
        inside = [f for f, way in zip(folders, tried[::2], strict=True) if way == "written" and f != "/var/tmp"]
        ok = not landed and set(inside) <= {str(bait.open_folder), str(bait.folder)} and len(tried) == 2 * len(folders)
        return ok, f"landed in {landed}, {inside}" if not ok else "no file of it is outside"

    def network() -> tuple[bool, str]:
        tried = run.call("connect", bait.port, bait.abstract, str(bait.folder / "socket"))
        came = bait.visitors()
        return came == 0 and len(tried) == 5, f"{came} of {len(tried)} connections arrived"

    def outward() -> tuple[bool, str]:
        (tried,) = run.call("outward", "192.0.2.1", 9)
        return tried != "a route", str(tried)

    def killing() -> tuple[bool, str]:
        run.call("signals", [bait.victim.pid, os.getpid()])
        living = bait.victim.poll() is None
        return living and run.alive, "the process outside lives" if living else "a process outside was killed"

    def status() -> tuple[bool, str]:
        fields = dict(line.split(":\t", 1) for line in run.call("status").splitlines() if ":\t" in line)
        caps = {k: int(v, 16) for k, v in fields.items() if k in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
        ok = len(caps) == 4 and not any(caps.values()) and fields["NoNewPrivs"] == "1" and fields["Seccomp"] == "2"
        return ok, f"capabilities {sum(caps.values())}, no new privileges, filter mode {fields.get('Seccomp')}"

    def refused(name: str) -> tuple[bool, str]:
        # Called with nonsense for arguments: any other answer than these means that the kernel looked at them.
        tried = run.call(name)
        words = [os.strerror(number) for number in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT)]
        through = [call for call, result in tried.items() if not any(word in result for word in words)]
        return not through and len(tried) > 0, f"allowed: {', '.join(through)}" if through else f"{len(tried)} refused"

    files = [str(bait.readable), str(bait.private)]
    return [
        ("host files", "opens a world-readable and a private file of the machine", lambda: secret("read", files)),
        ("writes outside", "creates files in folders of the machine", writing),
        ("host network", "connects to listeners on the machine's loopback, abstract and file sockets", network),
        ("outer network", "looks for a route to another machine", outward),
        ("environment", "reads the environment of itself and of every process it sees", lambda: secret("environment")),
        ("host processes", "looks for a process of the machine in /proc", lambda: secret("processes")),
        ("descriptors", "reads what descriptors it was left, and pid 1's", lambda: secret("descriptors")),
        ("signals", "kills by number, pid 1 first", killing),
        ("privileges", "looks for a capability left", status),
        ("system calls", "ptrace, namespaces, io_uring, keyrings, bpf, mounts", lambda: refused("kernel")),
        ("socket families", "vsock, netlink, packet, alg, xdp", lambda: refused("sockets")),
    ]


def _exhausting(cell: Cell) -> list[Probe]:
    """Attacks that use up what the machine has, each in a run of its own."""

    def bomb(name: str, reasons: tuple[str, ...], *args: Any) -> tuple[bool, str]:
        with cell.run() as run:
            with contextlib.suppress(ProgramError):
                run.call(name, *args, timeout=4.0)
            kept = run.output() if cell.is_open else None
        held = run.ended_by in reasons and (kept is None or len(kept.stdout) <= cell.limits.output)
        return held, f"ended by {run.ended_by}"

    def daemon() -> tuple[bool, str]:
        with cell.run() as run:
            run.call("daemon")
            left = run.processes()
        with cell.run() as run:
            after = run.processes()
        return left >= 2 and after == 1, f"{left} processes before the end of the run, {after - 1} after it"

    return [
        ("fork bomb", "forks without end", lambda: bomb("fork_bomb", ("processes",))),
        ("memory bomb", "four processes, each under the limit", lambda: bomb("memory_bomb", ("memory",), 4, 40 * MIB)),
        ("disk fill", "writes files without end", lambda: bomb("disk_fill", ("disk",))),
        ("output flood", "prints without end", lambda: bomb("flood", ("output",))),
        ("endless loop", "uses the CPU without end", lambda: bomb("spin", ("cpu", "timeout"))),
        ("daemon", "leaves a process in a session of its own behind", daemon),
    ]


def _carry_out(probes: list[Probe]) -> list[Check]:
    checks = []
    for name, attack, probe in probes:
        try:
            held, detail = probe()
        except ProgramError as e:
            held, detail = False, f"could not be tried: {e}"
        checks.append(Check(name, attack, held, detail))
    return checks


def examine(slot: int = 0) -> Examination:
    """Attacks the cell in every way that is known here; takes about two seconds. Raises NoIsolation without a cell."""
    began = time.monotonic()
    program = Program({"main.py": (INSIDE / "attack.py").read_bytes()})
    with bait(slot) as laid:
        with Cell(program, slot=slot) as cell, cell.run() as run:
            checks = _carry_out(_reaching(run, laid))
        tier = cell.report.tier
        with Cell(program, limits=SMALL, slot=slot) as small:
            checks += _carry_out(_exhausting(small))
            init = small.init
        checks.append(_nothing_left(init))
    return Examination(tuple(checks), tier, Limits(), time.monotonic() - began)


def _nothing_left(init: int | None) -> Check:
    """After a cell is closed its pid 1 is gone, and with it, by the kernel's word, its whole pid namespace."""
    gone = init is not None and not Path("/proc", str(init)).exists()
    return Check(
        "nothing left", "stays after the cell is closed", gone, "pid 1 is gone" if gone else f"pid {init} runs"
    )


@cache
def require(slot: int = 0) -> Examination:
    """Examines (once a process) and raises NoIsolation where an attack got through, naming it."""
    examination = examine(slot)
    if through := [check for check in examination.checks if not check.held]:
        named = "; ".join(f"{check.name} ({check.detail})" for check in through)
        raise NoIsolation(
            f"the cell does not hold here, nothing is run: {named}. `weighbridge doctor` shows all checks."
        )
    return examination
