"""Which system calls a program in a cell may make: assembles the filter that bubblewrap loads before it starts pid 1.

The rules are a table, ``syscalls.csv``: what is refused and why. A namespace shuts away files, processes and networks;
this shuts the doors that lead past namespaces (vsock, io_uring, keyrings, handles, ptrace, new namespaces). The output
is classic BPF (``struct sock_filter``: code, jump if true, jump if false, value) in the machine's byte order, as
seccomp(2) describes it.
"""

import csv
import errno
import functools
import os
import platform
import struct
from pathlib import Path

from weighbridge.cell.errors import NoIsolation

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
X32_BIT = 0x40000000

ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
NR, ARCH, ARGS = 0, 4, 16  # offsets in struct seccomp_data

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06

FAMILIES = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6
NAMESPACE_FLAGS = 0x7E020080  # CLONE_NEWTIME, NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID, NEWNET
TERMINAL_COMMANDS = (0x5412, 0x541C)  # TIOCSTI, TIOCLINUX
SETID_BITS = 0o6000

Instruction = tuple[int, int, int, int]


def argument(number: int) -> int:
    """Offset of the low half of an argument on a little-endian machine: the kernel takes these as 32-bit values."""
    return ARGS + 8 * number


def check(rule: str) -> list[Instruction]:
    """Instructions that return a refusal, or fall through with the call allowed as far as this rule goes."""
    kind, _, number = rule.partition(" ")
    refuse: Instruction = (RETURN, 0, 0, ERRNO | errno.EPERM)
    match kind:
        case "refuse":
            return [refuse]
        case "absent":
            return [(RETURN, 0, 0, ERRNO | errno.ENOSYS)]
        case "family":
            left = len(FAMILIES)
            tests = [(JUMP_EQUAL, left - i, 0, family) for i, family in enumerate(FAMILIES)]
            return [(LOAD, 0, 0, argument(0)), *tests, (RETURN, 0, 0, ERRNO | errno.EAFNOSUPPORT)]
        case "namespaces":
            return [(LOAD, 0, 0, argument(0)), (JUMP_ANY_BIT, 0, 1, NAMESPACE_FLAGS), refuse]
        case "terminal":
            left = len(TERMINAL_COMMANDS)
            tests = [(JUMP_EQUAL, left - 1 - i, int(i == left - 1), c) for i, c in enumerate(TERMINAL_COMMANDS)]
            return [(LOAD, 0, 0, argument(1)), *tests, refuse]
        case "own":
            return [(LOAD, 0, 0, argument(0)), (JUMP_EQUAL, 1, 0, 0), refuse]
        case "setid":
            return [(LOAD, 0, 0, argument(int(number))), (JUMP_ANY_BIT, 0, 1, SETID_BITS), refuse]
        case _:
            raise ValueError(f"syscalls.csv: no rule {rule!r}")


def rules(machine: str) -> list[tuple[int, str]]:
    """(number, rule) of every call in the table that this machine has."""
    with (Path(__file__).parent / "syscalls.csv").open() as f:
        rows = list(csv.DictReader(line for line in f if not line.startswith("#")))
    return [(int(row[machine]), row["rule"]) for row in rows if row[machine]]


def assemble(machine: str) -> bytes:
    """The filter for a machine, as bytes for ``bwrap --seccomp``."""
    if machine not in AUDIT_ARCH:
        raise NoIsolation(f"no system-call filter for {machine}: only {', '.join(AUDIT_ARCH)} are known")
    # Another architecture on the same kernel (i386, x32) has other numbers and would pass: such a process is killed.
    program: list[Instruction] = [
        (LOAD, 0, 0, ARCH),
        (JUMP_EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL_PROCESS),
        (LOAD, 0, 0, NR),
    ]
    if machine == "x86_64":
        program += [(JUMP_AT_LEAST, 0, 1, X32_BIT), (RETURN, 0, 0, KILL_PROCESS)]
    for number, rule in rules(machine):
        body = [*check(rule), (RETURN, 0, 0, ALLOW)]
        program += [(JUMP_EQUAL, 0, len(body), number), *body]
    program.append((RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


@functools.lru_cache
def filter_here() -> bytes:
    return assemble(platform.machine())


def descriptor() -> int:
    """A fresh descriptor with the filter, to be passed to one bubblewrap and then closed."""
    fd = os.memfd_create("filter")
    os.write(fd, filter_here())
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
