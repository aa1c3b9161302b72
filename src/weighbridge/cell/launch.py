"""Starts pid 1 of a cell: the chain of commands from this process into the sandbox, and its end.

``sh`` (moves itself into the cgroup) -> ``setpriv`` (a real unprivileged uid, one per worker slot) -> ``bwrap`` ->
the interpreter with the supervisor. bubblewrap started by root is no sandbox (its uid is a renaming), so the change of
user comes first. Nothing is run between fork and exec, so this is safe in threads; but the cell dies with the *thread*
that started it (PR_SET_PDEATHSIG), so a cell is opened, used and closed in one thread.
"""

import contextlib
import functools
import json
import marshal
import os
import select
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from weighbridge.cell import cgroup, seccomp
from weighbridge.cell.cgroup import Group
from weighbridge.cell.errors import NoIsolation
from weighbridge.cell.limits import Limits
from weighbridge.cell.runtime import Runtime, synthetic_etc

FIRST_UID = 61184  # the start of the range that systemd keeps for users that exist only while a service runs
INSIDE = Path(__file__).parent / "inside"
MODULES = ("files", "processes", "rights", "web", "program", "supervisor")  # in the order of their imports
BOOT = """
import marshal, os, sys
def take(n):
    parts = b""
    while len(parts) < n:
        parts += os.read(0, n - len(parts))
    return parts
for name, code in marshal.loads(take(int.from_bytes(take(4), "big"))):
    sys.modules[name] = module = type(os)(name)
    exec(code, module.__dict__)
code, settings = module.following
del sys.modules[name], name, module, take, marshal, os, sys
exec(code, {"__name__": "__main__", "__builtins__": __builtins__, "SETTINGS": settings})
"""
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "HOME": "/srv/data", "LANG": "C.UTF-8", "TMPDIR": "/tmp"}
# Moves itself into the groups whose files come first among the arguments, then becomes the rest.
JOIN = 'n=$1; shift; while [ "$n" -gt 0 ]; do echo $$ > "$1" || exit 97; shift; n=$((n-1)); done; exec "$@"'
MASKED_FILES = ("cmdline", "config.gz", "interrupts", "kallsyms", "kcore", "key-users", "keys", "kmsg", "modules")
MASKED_FOLDERS = ("acpi", "bus", "driver", "fs", "irq", "scsi", "tty")
MEND = "Install it with `apt-get install bubblewrap`."
MEND_USERNS = (
    "Unprivileged user namespaces are refused here. On Ubuntu 23.10 and later: "
    "`sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or give bwrap an AppArmor profile with `userns,`. "
    "Elsewhere: `sysctl -w kernel.unprivileged_userns_clone=1` and `sysctl -w user.max_user_namespaces=10000`. "
    "In a container the host must allow them (a seccomp and AppArmor profile that is unconfined)."
)


@dataclass
class Launched:
    """A running bubblewrap with pid 1 of a cell in it, and what is to be cleared away afterwards."""

    process: "subprocess.Popen[bytes]"
    stderr: int
    information: int
    group: Group | None
    init: int | None = None  # pid of the cell's pid 1 on this side, and a descriptor of it
    init_fd: int | None = None

    def complaint(self) -> str:
        """What bubblewrap or the interpreter said on stderr."""
        os.lseek(self.stderr, 0, os.SEEK_SET)
        return os.read(self.stderr, 4000).decode("utf-8", "replace").strip()

    def identify(self) -> None:
        """Learns which process is pid 1 of the cell. bubblewrap has said so before it starts it."""
        said = os.read(self.information, 4096)
        with contextlib.suppress(ValueError, KeyError, OSError):
            self.init = int(json.loads(said)["child-pid"])
            self.init_fd = os.pidfd_open(self.init)

    def close(self) -> None:
        """Ends pid 1, waits until the kernel has ended everything in its pid namespace, and removes the group."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        # With its input closed pid 1 leaves by itself, and cannot be gone before all its namespace is.
        try:
            self.process.wait(2.0)
        except subprocess.TimeoutExpired:
            if self.init_fd is not None:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self.init_fd, signal.SIGKILL)
            self.process.kill()
            self.process.wait()
        if self.init_fd is not None:
            waiting = select.poll()
            waiting.register(self.init_fd, select.POLLIN)
            waiting.poll(5000)
            os.close(self.init_fd)
        os.close(self.stderr)
        os.close(self.information)
        if self.group is not None:
            self.group.close()


@functools.lru_cache
def compiled(path: Path) -> bytes:
    """Byte code of a file of ``inside/`` for the interpreter in the cell (same minor version as ours)."""
    return marshal.dumps(compile(path.read_text(), f"<{path.stem}>", "exec", dont_inherit=True))


@functools.lru_cache
def bubblewrap() -> str:
    path = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin")
    if path is None:
        raise NoIsolation(f"bubblewrap is not installed, and untrusted code is not run without it. {MEND}")
    return path


def own_folder() -> Path:
    return Path(__file__).resolve().parents[1]


def sandbox(runtime: Runtime, limits: Limits, hosts: dict[str, str], filter_fd: int, info_fd: int) -> list[str]:
    """The command line of bubblewrap: what is mounted, unshared and dropped."""
    args = [bubblewrap(), "--unshare-all", "--unshare-user", "--die-with-parent", "--new-session", "--as-pid-1"]
    args += ["--uid", "1000", "--gid", "1000", "--hostname", "app"]
    # Two capabilities in the cell's own namespaces, for pid 1's first lines only: it opens low ports and adds loopback
    # addresses, forbids further user namespaces, and gives both up before any foreign code is there.
    args += ["--cap-drop", "ALL", "--cap-add", "CAP_NET_ADMIN", "--cap-add", "CAP_SYS_RESOURCE"]
    args += ["--clearenv"]
    for name, value in {**ENVIRONMENT, "PYTHONHASHSEED": "random"}.items():
        args += ["--setenv", name, value]
    if runtime.library_path:
        args += ["--setenv", "LD_LIBRARY_PATH", runtime.library_path]
    args += ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64", "libx32"):
        top = Path("/", name)
        if top.is_symlink():
            args += ["--symlink", str(top.readlink()), str(top)]
        elif top.is_dir():
            args += ["--ro-bind", str(top), str(top)]
    # Locally installed software, ours among it, is nobody's business inside.
    masked = ["/usr/local", "/usr/src", "/usr/lib/python3/dist-packages", "/usr/games"]
    if str(own_folder()).startswith("/usr/") and not str(own_folder()).startswith("/usr/local/"):
        masked.append(str(own_folder()))
    for folder in masked:
        if Path(folder).is_dir():
            args += ["--tmpfs", folder, "--remount-ro", folder]
    for outside, inside in runtime.mounts:
        args += ["--ro-bind", outside, inside]
    args += ["--ro-bind", str(synthetic_etc(hosts)), "/etc"]
    args += ["--proc", "/proc"]
    for name in MASKED_FILES:
        if Path("/proc", name).exists():
            args += ["--ro-bind", "/dev/null", f"/proc/{name}"]
    for name in MASKED_FOLDERS:
        if Path("/proc", name).is_dir():
            args += ["--tmpfs", f"/proc/{name}", "--remount-ro", f"/proc/{name}"]
    for name in ("null", "zero", "full", "random", "urandom"):
        args += ["--dev-bind", f"/dev/{name}", f"/dev/{name}"]
    for target, name in (("/proc/self/fd", "fd"), ("fd/0", "stdin"), ("fd/1", "stdout"), ("fd/2", "stderr")):
        args += ["--symlink", target, f"/dev/{name}"]
    args += ["--size", str(limits.shared_memory), "--tmpfs", "/dev/shm"]
    args += ["--size", str(limits.disk), "--tmpfs", "/srv"]
    args += ["--symlink", "srv/tmp", "/tmp", "--dir", "/var", "--symlink", "../tmp", "/var/tmp"]
    args += ["--remount-ro", "/", "--chdir", "/srv"]
    args += ["--seccomp", str(filter_fd), "--info-fd", str(info_fd)]
    return [*args, "--", runtime.python, "-I", "-S", "-c", BOOT]


def launch(runtime: Runtime, limits: Limits, hosts: dict[str, str], slot: int) -> Launched:
    """Starts bubblewrap with the interpreter that waits for ``boot_message``. Raises NoIsolation without bubblewrap."""
    bubblewrap()
    where = cgroup.place()
    group = Group(where, limits) if where is not None else None
    filter_fd, stderr = seccomp.descriptor(), os.memfd_create("stderr")
    information, info_fd = os.pipe()
    try:
        procs = group.procs if group is not None else []
        chain = ["/bin/sh", "-c", JOIN, "sh", str(len(procs)), *procs]
        if os.geteuid() == 0:
            uid = str(FIRST_UID + slot)
            chain += ["/usr/bin/setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "--inh-caps=-all"]
            chain += ["--bounding-set=-all", "--no-new-privs", "--"]
        chain += ["/usr/bin/prlimit", "--core=0", "--nofile=1024:1024", "--"]
        process = subprocess.Popen(
            chain + sandbox(runtime, limits, hosts, filter_fd, info_fd),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={},
            cwd="/",
            close_fds=True,
            pass_fds=(filter_fd, info_fd),
            start_new_session=True,
            bufsize=0,
        )
    except BaseException:
        os.close(stderr)
        os.close(information)
        if group is not None:
            group.close()
        raise
    finally:
        os.close(filter_fd)
        os.close(info_fd)
    return Launched(process, stderr, information, group)


@functools.lru_cache
def boot_message() -> bytes:
    """What the boot lines read from descriptor 0: the length and the byte code of the supervisor's modules."""
    code = marshal.dumps([(name, marshal.loads(compiled(INSIDE / f"{name}.py"))) for name in MODULES])
    return len(code).to_bytes(4, "big") + code
