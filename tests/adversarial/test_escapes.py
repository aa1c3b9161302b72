"""Programs that reach out of the cell: for files, networks, processes and secrets of the machine."""

# The lines of the attacking programs are as long as they are:
# ruff: noqa: E501

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from adversarial_tools import SLOT, Host, attack

import weighbridge.cell
from weighbridge.cell.launch import FIRST_UID

READ = """
    import os, glob
    def read(path):
        out = []
        ways = [path, "/proc/self/root" + path, "/proc/1/root" + path, "/proc/1/cwd" + path, "../" * 20 + path[1:]]
        os.symlink(path, "/srv/data/l")
        os.symlink("/", "/srv/data/d")
        ways += ["/srv/data/l", "/srv/data/d" + path]
        for way in ways:
            try:
                out.append(open(way, "rb").read())
            except OSError as e:
                out.append(repr(e))
        return out
    def exists(path):
        return os.path.lexists(path)
"""


def oracle_sources() -> list[Path]:
    here = Path(weighbridge.cell.__file__).resolve()
    return [here, *sorted(here.parents[1].rglob("check.py"))[:3], Path(__file__)]


def test_a_secret_of_the_machine_is_out_of_reach(host: Host):
    with attack(READ) as cell:
        for path in (host.readable, host.private, Path("/etc/shadow"), Path("/root"), Path("/etc/machine-id")):
            with cell.run() as run:
                came = run.call("read", str(path))
                assert len(came) == 7
                assert all(isinstance(one, str) and "Error" in one for one in came), (path, came)


def test_the_source_of_the_oracle_is_out_of_reach():
    with attack(READ) as cell:
        for path in oracle_sources():
            with cell.run() as run:
                assert run.call("exists", str(path)) is False
                assert all("Error" in str(one) for one in run.call("read", str(path)))


def test_nothing_can_be_written_outside(host: Host):
    source = """
        import os
        def write(folder):
            out = []
            for folder in (folder, "/proc/1/root" + folder, "/usr", "/usr/bin", "/etc", "/opt/site", "/dev", "/proc", "/"):
                try:
                    os.makedirs(folder, exist_ok=True)
                    with open(folder + "/planted", "w") as f: f.write("x")
                    out.append(folder)
                except OSError:
                    pass
            for path in ("/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger", "/proc/sys/vm/drop_caches", "/proc/1/oom_score_adj"):
                try:
                    open(path, "w"); out.append(path)
                except OSError:
                    pass
            return out
    """
    with attack(source) as cell, cell.run() as run:
        # /var/tmp inside is the cell's own.
        assert run.call("write", str(host.folder / "open")) == [str(host.folder / "open")]
        assert run.read("/tmp" + str(host.folder / "open").removeprefix("/var/tmp") + "/planted") == b"x"
    assert list((host.folder / "open").iterdir()) == []


def test_no_network_but_its_own_loopback(host: Host):
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind("\0" + host.token)
    abstract.listen()
    abstract.setblocking(False)
    named = socket.socket(socket.AF_UNIX)
    named.bind(str(host.folder / "socket"))
    (host.folder / "socket").chmod(0o777)
    named.listen()
    named.setblocking(False)
    source = """
        import socket
        def reach(port, abstract, named):
            out = []
            for family, address in ((2, ("127.0.0.1", port)), (2, ("0.0.0.0", port)), (10, ("::1", port)), (2, ("1.1.1.1", 53)),
                                    (2, ("169.254.169.254", 80)), (1, "\\0" + abstract), (1, named)):
                for kind in (1, 2):
                    s = socket.socket(family, kind)
                    s.settimeout(0.2)
                    try:
                        s.connect(address)
                        s.send(b"x")
                        out.append([kind, str(address)])
                    except OSError:
                        pass
            try:
                socket.getaddrinfo("example.com", 80)
                out.append("resolved")
            except OSError:
                pass
            return out
    """
    with attack(source) as cell, cell.run() as run:
        # Datagrams to its own loopback leave without anybody there to take them.
        assert [
            w for w in run.call("reach", host.port, host.token, str(host.folder / "socket"), timeout=20) if w[0] == 1
        ] == []
    assert not host.visited()
    for listener in (abstract, named):
        with pytest.raises(BlockingIOError):
            listener.accept()
        listener.close()


@pytest.mark.parametrize("family", [40, 16, 17, 38, 44, 15, 21, 31, 29], ids=lambda f: f"family {f}")
def test_socket_families_that_lead_past_the_network_namespace_are_refused(family: int):
    source = """
        import socket
        def open_socket(family):
            out = []
            for kind in (1, 2, 3, 5):
                try:
                    socket.socket(family, kind, 0)
                    out.append("open")
                except OSError as e:
                    out.append(e.errno)
            return out
    """
    with attack(source) as cell, cell.run() as run:
        assert run.call("open_socket", family) == [97] * 4  # EAFNOSUPPORT, from the filter, whatever the kernel has


def test_environment_secrets_are_not_inside(host: Host):
    source = """
        import os, glob
        def look():
            found = [repr(dict(os.environ))]
            for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/task/*/environ"):
                try: found.append(open(path).read())
                except OSError: pass
            return found
        def through_a_shell():
            import subprocess
            return subprocess.run("env; cat /proc/1/environ", shell=True, capture_output=True, text=True).stdout
    """
    assert os.environ["API_KEY"] == host.token
    with attack(source) as cell, cell.run() as run:
        found = "\n".join([*run.call("look"), run.call("through_a_shell")])
        # Not even where nothing inside can look: bubblewrap itself was started without.
        assert cell._box.launched is not None
        for pid in (cell.init, cell._box.launched.process.pid):
            assert host.token.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert host.token not in found
    assert "API_KEY" not in found
    assert "PATH" in found


def test_descriptors_of_the_parent_are_not_inherited(host: Host):
    fd = os.open(host.private, os.O_RDONLY)
    os.set_inheritable(fd, True)
    source = """
        import os, stat
        def look():
            out = {}
            for n in os.listdir("/proc/self/fd"):
                try:
                    out[n] = [os.readlink("/proc/self/fd/" + n).split(":")[0], os.pread(int(n), 4096, 0) if stat.S_ISREG(os.fstat(int(n)).st_mode) else b""]
                except OSError as e:
                    pass
            return out
    """
    with attack(source) as cell, cell.run() as run:
        found = run.call("look")
    os.close(fd)
    # null, two output pipes and the channel of the host; the listing's own descriptor is closed again.
    assert sorted(found) == ["0", "1", "2", "3"], found
    assert host.token not in str(found)


@pytest.fixture
def victim():
    argv = ["/bin/sleep", "60"]
    if os.geteuid() == 0:
        uid = str(FIRST_UID + SLOT)
        argv = ["/usr/bin/setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", *argv]
    process = subprocess.Popen(argv)
    time.sleep(0.05)
    yield process
    process.kill()
    process.wait()


def test_processes_outside_can_be_neither_signalled_nor_traced(victim):
    source = """
        import ctypes, os, signal
        libc = ctypes.CDLL(None, use_errno=True)
        def hit(pids):
            out = []
            for pid in pids:
                for attempt in (lambda: os.kill(pid, signal.SIGKILL), lambda: os.pidfd_open(pid), lambda: os.sched_setaffinity(pid, {0}),
                                lambda: open(f"/proc/{pid}/mem", "rb"), lambda: os.getpgid(pid)):
                    try:
                        attempt(); out.append(pid)
                    except OSError:
                        pass
                if libc.ptrace(16, pid, None, None) == 0: out.append(["ptrace", pid])
            return out
    """
    with attack(source) as cell, cell.run() as run:
        assert run.call("hit", [victim.pid, os.getpid(), os.getppid()]) == []
        assert run.alive
    assert victim.poll() is None


def test_the_supervisor_can_be_neither_killed_nor_read_nor_traced():
    source = """
        import ctypes, os, signal, resource
        libc = ctypes.CDLL(None, use_errno=True)
        def hit():
            out = []
            for number in signal.valid_signals():
                os.kill(1, number)
            for name in ("mem", "environ", "maps", "fd", "fd/0", "fd/1", "cwd", "root", "exe", "stack", "syscall", "auxv", "map_files", "oom_score_adj"):
                for mode in (os.O_RDONLY, os.O_WRONLY, os.O_RDWR):
                    try:
                        os.close(os.open("/proc/1/" + name, mode))
                        out.append([name, mode])
                    except OSError:
                        pass
                try:
                    out.append([name, os.readlink("/proc/1/" + name)])
                except OSError:
                    pass
            for request in (16, 0x4206):
                if libc.ptrace(request, 1, None, None) == 0: out.append("ptrace")
            try:
                resource.prlimit(1, resource.RLIMIT_NOFILE, (3, 3)); out.append("prlimit")
            except OSError:
                pass
            buffer = ctypes.create_string_buffer(64)
            class Vec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
            ours, theirs = Vec(ctypes.addressof(buffer), 64), Vec(0x400000, 64)
            for call in (libc.process_vm_readv, libc.process_vm_writev):
                if call(1, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0) >= 0: out.append("process_vm")
            for fd in range(64):
                if libc.syscall(438, os.pidfd_open(1), fd, 0) >= 0: out.append("pidfd_getfd")
            return out
    """
    with attack(source) as cell, cell.run() as run:
        # The file mode of oom_score_adj and the like is 0644: being read is no harm, being written would be.
        assert [hit for hit in run.call("hit") if hit != ["oom_score_adj", os.O_RDONLY]] == []
        assert run.alive
        assert run.write("/srv/data/still", b"there") is None and run.read("/srv/data/still") == b"there"


def test_a_process_outlives_neither_its_run_nor_the_cell():
    source = """
        import os, signal, sys, time
        def leave():
            for _ in range(5):
                if os.fork() == 0:
                    os.setsid()
                    for number in signal.valid_signals():
                        try: signal.signal(number, signal.SIG_IGN)
                        except (OSError, ValueError): pass
                    if os.fork() != 0: os._exit(0)
                    os.closerange(0, 256)
                    while True:
                        try: open("/srv/data/alive", "a").write("x")
                        except OSError: pass
                        time.sleep(0.001)
            return "left"
        def idle(): return "ok"
    """
    with attack(source) as cell:
        with cell.run() as run:
            run.call("leave")
            time.sleep(0.05)
            assert run.processes() >= 6
        init = cell.init
        with cell.run() as run:
            assert run.call("idle") == "ok"
            time.sleep(0.05)
            assert run.processes() == 1
            assert run.lstat("/srv/data/alive") is None
            assert cell.init == init, "it was ended only with the whole cell"
        with cell.run() as run:
            run.call("leave")


@pytest.mark.parametrize("inside_call", [True, False])
def test_a_parent_killed_with_9_leaves_nothing(inside_call: bool, tmp_path: Path):
    script = tmp_path / "judge.py"
    script.write_text(
        f"""
import sys, time
from weighbridge.cell import Cell, Program
source = b'''
import os, time
def leave():
    if os.fork() == 0:
        os.setsid()
        while True: time.sleep(1)
def wait(): time.sleep(60)
'''
with Cell(Program({{"main.py": source}}), slot={SLOT}) as cell, cell.run() as run:
    run.call("leave")
    print("up", cell.init, flush=True)
    {'run.call("wait", timeout=60)' if inside_call else "time.sleep(60)"}
"""
    )
    judge = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert judge.stdout is not None
    word, init = judge.stdout.readline().split()
    assert word == "up"
    assert Path("/proc", init).exists()
    judge.kill()
    judge.wait()
    deadline = time.monotonic() + 5
    while Path("/proc", init).exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path("/proc", init).exists()


SYSCALLS = {
    "unshare user": (272, 0x10000000),
    "unshare net": (272, 0x40000000),
    "clone with a namespace": (56, 0x10000000 | 17, 0, 0, 0, 0),
    "setns": (308, 0, 0),
    "mount": (165, 0, 0, 0, 0, 0),
    "umount": (166, 0, 0),
    "pivot_root": (155, 0, 0),
    "chroot": (161, 0),
    "open_tree": (428, -100, 0, 0),
    "fsopen": (430, 0, 0),
    "ptrace": (101, 0, 0, 0, 0),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 0),
    "process_vm_writev": (311, 1, 0, 0, 0, 0, 0),
    "kcmp": (312, 1, 1, 0, 0, 0),
    "pidfd_getfd": (438, 0, 0, 0),
    "keyctl": (250, 0, -3, 1),
    "add_key": (248, 0, 0, 0, 0, 0),
    "request_key": (249, 0, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0, 0, -1, -1, 0),
    "userfaultfd": (323, 1),
    "open_by_handle_at": (304, 0, 0, 0),
    "name_to_handle_at": (303, 0, 0, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "finit_module": (313, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0, 0),
    "reboot": (169, 0, 0, 0, 0),
    "swapon": (167, 0, 0),
    "iopl": (172, 3),
    "modify_ldt": (154, 0, 0, 0),
    "personality": (135, 0x0040000),
    "fanotify_init": (300, 0, 0),
    "shmget": (29, 0, 4096, 0o1600),
    "msgget": (68, 0, 0o1600),
    "semget": (64, 0, 1, 0o1600),
    "mq_open": (240, 0, 0, 0, 0),
    "memfd_secret": (447, 0),
    "ioctl TIOCSTI": (16, 0, 0x5412, 0),
    "ioctl TIOCLINUX": (16, 0, 0x541C, 0),
    "ioctl TIOCSTI with high bits": (16, 0, 0x100005412, 0),
    "fchmod setuid": (91, 1, 0o4755),
    "chmod setgid": (90, 0, 0o2755),
    "fchmodat setuid": (268, -100, 0, 0o4755),
    "fchmodat2 setuid": (452, -100, 0, 0o4755, 0),
    "prlimit of another": (302, 1, 7, 0, 0),
    "settimeofday": (164, 0, 0),
    "sethostname": (170, 0, 0),
    "syslog": (103, 3, 0, 0),
}
ABSENT = {
    "clone3": (435, 0, 0),
    "io_uring_setup": (425, 1, 0),
    "io_uring_enter": (426, 0, 0, 0, 0, 0),
    "io_uring_register": (427, 0, 0, 0, 0),
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of this table are x86_64's")
def test_each_dangerous_system_call_is_refused_by_the_filter():
    source = """
        import ctypes
        libc = ctypes.CDLL(None, use_errno=True)
        def call(*args):
            ctypes.set_errno(0)
            return [libc.syscall(*[ctypes.c_long(a) for a in args]), ctypes.get_errno()]
    """
    with attack(source) as cell, cell.run() as run:
        assert {n: run.call("call", *c) for n, c in SYSCALLS.items()} == {key: [-1, 1] for key in SYSCALLS}  # EPERM
        assert {n: run.call("call", *c) for n, c in ABSENT.items()} == {key: [-1, 38] for key in ABSENT}  # ENOSYS
        # What programs need is not refused: socket, socketpair, prlimit of oneself, chmod, threads, fork.
        assert run.call("call", 41, 2, 1, 0)[0] > 0
        assert run.call("call", 302, 0, 7, 0, 0)[0] == 0
        assert run.call("call", 39)[0] > 0


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="x32 and i386 are of x86_64")
@pytest.mark.parametrize("how", ["x32", "i386"])
def test_foreign_architectures_are_killed(how: str):
    source = """
        import ctypes, mmap, os
        libc = ctypes.CDLL(None, use_errno=True)
        def x32(): return libc.syscall(ctypes.c_long(0x40000000 + 39))
        def i386():
            # mov eax, 20 (getpid of i386); int 0x80; ret
            code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            code.write(bytes.fromhex("b814000000cd80c3"))
            return ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
    """
    from weighbridge.cell import ProgramDied

    with attack(source) as cell, cell.run() as run:
        with pytest.raises(ProgramDied):
            run.call(how)
        assert run.ended_by == "crash (SIGSYS)"


def test_setuid_programs_give_nothing():
    source = """
        import os, subprocess
        def look():
            found = [p for p in ("/usr/bin/su", "/usr/bin/passwd", "/usr/bin/mount", "/usr/bin/newgrp") if os.path.exists(p)]
            said = subprocess.run(["/usr/bin/id", "-u"], capture_output=True, text=True).stdout.strip()
            mount = subprocess.run(["/usr/bin/mount", "-t", "tmpfs", "x", "/srv/data"], capture_output=True).returncode
            status = dict(l.split(":\\t") for l in open("/proc/self/status").read().splitlines() if ":\\t" in l)
            return [said, mount != 0, status["NoNewPrivs"], status["CapEff"], status["CapPrm"], status["CapAmb"]]
    """
    with attack(source) as cell, cell.run() as run:
        assert run.call("look") == ["1000", True, "1", *["0" * 16] * 3]
