"""What pid 1 and the program may do: privileges given up at the start, limits laid on every child."""

# pathlib and contextlib would cost milliseconds at every start, and paths here are descriptors:
# ruff: noqa: PTH123, SIM105
# pyright: basic, reportOptionalMemberAccess=false, reportOptionalOperand=false, reportArgumentType=false
# pyright: reportOperatorIssue=false

import ctypes
import fcntl
import os
import resource
import signal
import socket
import struct

libc = ctypes.CDLL(None, use_errno=True)


def prctl(*args):
    if libc.prctl(*[ctypes.c_ulong(a) for a in (*args, 0, 0, 0, 0)[:5]]) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {args[0]}")


def add_address(address, number):
    """Gives the loopback a further address, so that a listener can stand for a machine elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        name = f"lo:{number}".encode()
        packed = struct.pack("16sH2s4s8s", name, socket.AF_INET, b"", socket.inet_aton(address), b"")
        fcntl.ioctl(s, 0x8916, packed)  # SIOCSIFADDR


def put(path, text):
    with open(path, "w") as f:
        f.write(text)


def settle(addresses):
    """What needs privileges in the cell's own namespaces, then gives them all up for good."""
    put("/proc/sys/net/ipv4/ip_unprivileged_port_start", "0")
    for number, address in enumerate(addresses, 1):
        add_address(address, number)
    put("/proc/sys/user/max_user_namespaces", "0")
    prctl(47, 4)  # PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL
    header = struct.pack("=Ii", 0x20080522, 0)
    empty = bytes(24)
    if libc.capset(header, empty) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    prctl(38, 1)  # PR_SET_NO_NEW_PRIVS
    prctl(4, 0)  # PR_SET_DUMPABLE: /proc/1/{fd,mem,environ,maps} are shut to everyone in here
    with open("/proc/thread-self/status") as f:
        status = dict(line.split(":", 1) for line in f if ":" in line)
    if any(int(status[k], 16) for k in ("CapPrm", "CapEff", "CapInh", "CapAmb")):
        raise OSError("capabilities are left")
    return {"filtered": status.get("Seccomp", "0").strip() == "2"}


def become(spec):
    """In the forked child: descriptors, limits and environment of the program, then nothing of the parent is left."""
    os.setsid()
    if spec["input"]:
        source = os.memfd_create("stdin")
        os.write(source, spec["input"])
        os.lseek(source, 0, os.SEEK_SET)
    else:
        source = os.open("/dev/null", os.O_RDONLY)
    keep = {0: source, 1: spec["out"], 2: spec["err"]}
    if spec["channel"] is not None:
        keep[3] = spec["channel"]
    high = {target: fcntl.fcntl(fd, fcntl.F_DUPFD, 100) for target, fd in keep.items()}
    for target, fd in high.items():
        os.dup2(fd, target, inheritable=target < 3)
    os.closerange(len(keep), 1 << 16)
    limits = spec["limits"]
    for what, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(limits["cpu"]) + 1),
        (resource.RLIMIT_FSIZE, limits["file"]),
        (resource.RLIMIT_NOFILE, limits["descriptors"]),
        (resource.RLIMIT_AS, limits["address_space"]),
        (resource.RLIMIT_NPROC, limits["nproc"]),
    ):
        if value is not None:
            resource.setrlimit(what, (value, value))
    # Signals as the interpreter has them when it starts by itself; a command starts with none ignored.
    usual = signal.SIG_DFL if spec["argv"] else signal.SIG_IGN
    signal.signal(signal.SIGPIPE, usual)
    signal.signal(signal.SIGXFSZ, usual)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.chdir(spec["cwd"])
    prctl(4, 1)  # an ordinary process again: it may look at itself
    try:
        put("/proc/self/oom_score_adj", "1000")
    except OSError:
        pass
    os.environ.clear()
    os.environ.update(spec["environment"])
