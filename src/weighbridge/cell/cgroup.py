"""Limits on everything in a cell together: memory and processes, by cgroup v2, else v1, else not at all.

rlimits hold for one process only (four of 400 MB pass a limit of 512), so where a cgroup can be had it is used; where
not, pid 1 of the cell watches instead and the tier says so. Groups are folders of the kernel's; those that a killed
run left behind are swept up by the next.
"""

import contextlib
import functools
import itertools
import os
import time
from dataclasses import dataclass
from pathlib import Path

from weighbridge.cell.limits import Limits

PREFIX = "weighbridge-"
OURS = 2  # bubblewrap and pid 1, which are in the group too
_numbers = itertools.count()


@dataclass(frozen=True)
class Place:
    """Where groups can be made: one folder for v2, one a controller for v1."""

    version: int
    folders: tuple[tuple[str, Path], ...]

    @property
    def tier(self) -> str:
        return f"cgroup v{self.version}"


@dataclass(frozen=True)
class Counters:
    """What the kernel counted since the group was made."""

    killed_for_memory: int
    refused_processes: int


def _mounts() -> list[tuple[str, str, Path]]:
    """(type, options, mount point) of the cgroup mounts, from mountinfo."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, _, right = line.partition(" - ")
        kind, _, options = right.split(" ", 2)
        if kind in ("cgroup", "cgroup2"):
            found.append((kind, options, Path(left.split()[4])))
    return found


def _own() -> dict[str, str]:
    """Our own group by controller ("" is v2)."""
    own = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            own[controller] = path.lstrip("/")
    return own


def _usable(parent: Path, version: int, needs: tuple[str, ...]) -> bool:
    """Whether groups with limits can really be made below ``parent``."""
    probe = parent / f"{PREFIX}{_maker()}-probe"
    try:
        if version == 2:
            have = (parent / "cgroup.subtree_control").read_text().split()
            if missing := [controller for controller in ("memory", "pids") if controller not in have]:
                (parent / "cgroup.subtree_control").write_text(" ".join(f"+{controller}" for controller in missing))
        probe.mkdir()
        try:
            return all(os.access(probe / need, os.W_OK) for need in needs)
        finally:
            probe.rmdir()
    except OSError:
        return False


@functools.lru_cache
def place() -> Place | None:
    """Where groups can be made here, or None. Looked up once."""
    try:
        mounts, own = _mounts(), _own()
    except OSError:
        return None
    for kind, _, mount in mounts:
        if kind == "cgroup2":
            here = mount / own.get("", "")
            for parent in dict.fromkeys((here, here.parent, mount)):
                needs = ("memory.max", "pids.max", "cgroup.procs")
                if parent.is_relative_to(mount) and _usable(parent, 2, needs):
                    _sweep(parent)
                    return Place(2, (("", parent),))
    folders: list[tuple[str, Path]] = []
    for controller, limit in (("memory", "memory.limit_in_bytes"), ("pids", "pids.max")):
        parents = [
            parent
            for kind, options, mount in mounts
            if kind == "cgroup" and controller in options.split(",")
            for parent in (mount / own.get(controller, ""), mount)
        ]
        parent = next((p for p in parents if _usable(p, 1, (limit, "cgroup.procs"))), None)
        if parent is None:
            return None
        _sweep(parent)
        folders.append((controller, parent))
    return Place(1, tuple(folders))


def _started(pid: str) -> str | None:
    """When a process started, in clock ticks since boot: with its pid, a name that is not used twice."""
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _maker() -> str:
    return f"{os.getpid()}-{_started(str(os.getpid()))}"


def _sweep(parent: Path) -> None:
    """Removes groups whose maker is gone, and what still runs in them."""
    for group in parent.glob(f"{PREFIX}*"):
        pid, _, rest = group.name.removeprefix(PREFIX).partition("-")
        if _started(pid) != rest.partition("-")[0]:
            _empty(group, time.monotonic() + 1.0)


def _empty(group: Path, ends: float) -> None:
    with contextlib.suppress(OSError):
        fd = os.open(group / "cgroup.kill", os.O_WRONLY)  # version 2 only
        try:
            os.write(fd, b"1")
        finally:
            os.close(fd)
    while True:
        try:
            pids = (group / "cgroup.procs").read_text().split()
        except OSError:
            pids = []
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(int(pid), 9)
        with contextlib.suppress(OSError):
            group.rmdir()
        if not group.exists():
            return
        if time.monotonic() > ends:
            return
        time.sleep(0.005)


class Group:
    """One cell's group. ``procs`` are the files that a process writes its own pid to in order to join."""

    def __init__(self, where: Place, limits: Limits):
        name = f"{PREFIX}{_maker()}-{next(_numbers)}"
        self._folders = {controller: parent / name for controller, parent in where.folders}
        for folder in self._folders.values():
            folder.mkdir()
        if where.version == 2:
            folder = self._folders[""]
            (folder / "memory.max").write_text(str(limits.memory))
            (folder / "pids.max").write_text(str(limits.processes + OURS))
            with contextlib.suppress(OSError):
                (folder / "memory.swap.max").write_text("0")
        else:
            memory = self._folders["memory"]
            (memory / "memory.limit_in_bytes").write_text(str(limits.memory))
            with contextlib.suppress(OSError):
                (memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory))
            (self._folders["pids"] / "pids.max").write_text(str(limits.processes + OURS))
        self.procs = [str(folder / "cgroup.procs") for folder in self._folders.values()]

    def _count(self, controller: str, file: str, key: str) -> int:
        folder = self._folders.get(controller) or self._folders[""]
        try:
            for line in (folder / file).read_text().splitlines():
                if line.startswith(key + " "):
                    return int(line.split()[1])
        except OSError:
            pass
        return 0

    def counters(self) -> Counters:
        events = "memory.events" if "" in self._folders else "memory.oom_control"
        return Counters(self._count("memory", events, "oom_kill"), self._count("pids", "pids.events", "max"))

    def close(self) -> None:
        """Kills what is still in the group and removes it."""
        for folder in self._folders.values():
            _empty(folder, time.monotonic() + 2.0)
