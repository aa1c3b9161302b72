"""The other processes of the cell, as pid 1 sees them: counted, measured, and all killed at once."""

# pathlib and contextlib would cost milliseconds at every start:
# ruff: noqa: PTH123, PTH208, SIM105
# pyright: basic

import os
import resource
import signal
import time

PAGE, TICKS = resource.getpagesize(), os.sysconf("SC_CLK_TCK")


def pids():
    return [name for name in os.listdir("/proc") if name.isdigit() and name != "1"]


def measure():
    """Processes, threads, resident bytes and CPU seconds of everything but pid 1 (their reaped children's CPU too)."""
    count = threads = resident = cpu = 0
    for name in pids():
        try:
            with open(f"/proc/{name}/stat", "rb") as f:
                fields = f.read().rpartition(b")")[2].split()
        except OSError:
            continue
        cpu += sum(int(x) for x in fields[11:15]) / TICKS
        if fields[0] in (b"Z", b"X"):
            continue
        count += 1
        threads += int(fields[17])
        resident += int(fields[21]) * PAGE
    return count, threads, resident, cpu


def proportional():
    """Bytes of memory with shared pages counted once, where the kernel says it; otherwise resident bytes."""
    total = 0
    for name in pids():
        try:
            with open(f"/proc/{name}/smaps_rollup") as f:
                total += sum(int(line.split()[1]) << 10 for line in f if line.startswith("Pss:"))
        except OSError:
            try:
                with open(f"/proc/{name}/statm") as f:
                    total += int(f.read().split()[1]) * PAGE
            except OSError:
                continue
    return total


def reaped_cpu():
    """CPU seconds of everything that pid 1 has reaped so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def kill_all(ends):
    """SIGKILL to everything else in the pid namespace until nothing is left. From pid 1: ``kill -1``.

    The kernel walks all processes under one lock and a fork with a signal pending fails, so a fork bomb does not win.
    """
    while True:
        try:
            os.kill(-1, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            while True:
                os.waitpid(-1, 0)
        except ChildProcessError:
            pass
        if not pids():
            return True
        if time.monotonic() > ends:
            return False
