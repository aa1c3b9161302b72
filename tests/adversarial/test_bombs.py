"""Programs that use up what the machine has, or never answer. Each ends with its reason in the report."""

# The lines of the attacking programs are as long as they are:
# ruff: noqa: E501

import os
import time

import pytest
from adversarial_tools import attack

from weighbridge.cell import Limits, ProgramDied, ProgramError, ProgramTimedOut
from weighbridge.cell.limits import MIB

CASES = {
    # name: (source of go(), the reasons that may be given, limits)
    "fork bomb": ("while True: os.fork()", {"processes"}, Limits(wall=8)),
    "fork bomb that ignores refusals": (
        """
    while True:
        try: os.fork()
        except OSError: pass
    """,
        {"processes"},
        Limits(wall=8),
    ),
    "thread bomb": (
        """
    import threading
    while True: threading.Thread(target=time.sleep, args=(60,)).start()
    """,
        {"processes", "exit 1"},
        Limits(wall=8),
    ),
    "memory in one process": (
        "x = []\n    while True: x.append(bytearray(16 << 20))",
        {"memory"},
        Limits(memory=256 * MIB, wall=8),
    ),
    "memory in four processes": (
        """
    for _ in range(4):
        if os.fork() == 0:
            x = bytearray(120 << 20)
            for at in range(0, len(x), 4096): x[at] = 1
            time.sleep(60)
    time.sleep(60)
    """,
        {"memory"},
        Limits(memory=256 * MIB, wall=8),
    ),
    "disk in one file": (
        "f = open('/srv/data/x', 'wb')\n    while True: f.write(bytes(1 << 20))",
        {"disk"},
        Limits(disk=16 * MIB, wall=8),
    ),
    "disk by ignoring errors": (
        """
    n = 0
    while True:
        n += 1
        try: open(f'/tmp/{n}', 'wb').write(bytes(1 << 20))
        except OSError: pass
    """,
        {"disk"},
        Limits(wall=8),
    ),
    "shared memory": (
        """
    while True:
        try: open('/dev/shm/x', 'ab').write(bytes(1 << 16))
        except OSError: pass
    """,
        {"disk"},
        Limits(wall=8),
    ),
    "a million empty files": (
        "for n in range(10**6): open(f'/srv/data/{n}', 'w').close()",
        {"disk"},
        Limits(wall=20, cpu=20),
    ),
    "a gigabyte on stdout": ("for _ in range(1 << 10): os.write(1, bytes(1 << 20))", {"output"}, Limits(wall=20)),
    "a gigabyte on stderr by print": (
        "import sys\n    while True: print('x' * 100000, file=sys.stderr)",
        {"output"},
        Limits(wall=20),
    ),
    "an endless loop": ("while True: pass", {"cpu"}, Limits(cpu=0.5, wall=8)),
    "endless loops in children": (
        """
    for _ in range(8):
        if os.fork() == 0:
            while True: pass
    time.sleep(60)
    """,
        {"cpu"},
        Limits(cpu=1, wall=8),
    ),
    "loops in children that are thrown away": (
        """
    while True:
        if os.fork() == 0:
            end = time.process_time() + 0.1
            while time.process_time() < end: pass
            os._exit(0)
        os.wait()
    """,
        {"cpu"},
        Limits(cpu=0.6, wall=8),
    ),
    "sleep for ever": ("time.sleep(10**6)", {"timeout"}, Limits(wall=1)),
    "ignores every signal and sleeps": (
        """
    import signal
    for number in signal.valid_signals():
        try: signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError): pass
    while True:
        time.sleep(1)
    """,
        {"timeout"},
        Limits(wall=1),
    ),
    "stops itself": ("import signal\n    os.kill(os.getpid(), signal.SIGSTOP)", {"timeout"}, Limits(wall=1)),
    "crash": ("import ctypes\n    ctypes.string_at(0)", {"crash (SIGSEGV)"}, Limits()),
    "abort": ("os.abort()", {"crash (SIGABRT)"}, Limits()),
    "leaves quietly": ("os._exit(0)", {"exit 0"}, Limits()),
    "closes every descriptor": ("os.closerange(0, 256)\n    time.sleep(60)", {"closed"}, Limits()),
    "endless recursion in C": (
        "import sys\n    sys.setrecursionlimit(10**9)\n    f = lambda: f()\n    f()",
        {"crash (SIGSEGV)", "memory"},
        Limits(memory=256 * MIB),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_bomb_is_contained_and_its_reason_given(name: str):
    body, reasons, limits = CASES[name]
    source = f"import os, time\ndef go():\n    {body.strip()}\ndef add(a, b): return a + b\n"
    began = time.monotonic()
    with attack(source, limits=limits) as cell:
        with cell.run() as run:
            with pytest.raises(ProgramError):
                run.call("go", timeout=15.0)
            if cell.is_open:
                output = run.output()
                assert len(output.stdout) <= limits.output and len(output.stderr) <= limits.output
        assert run.ended_by in reasons, run.ended_by
        assert cell.report.ended_by in reasons
        with cell.run() as run:  # the same program, afresh
            assert run.call("add", 1, 1) == 2
            assert run.tree("/srv/data") == {} and run.tree("/tmp") == {}
    assert time.monotonic() - began < 25


def test_a_flood_is_never_buffered():
    """The memory of this process does not grow with what a program prints."""
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with attack("import os\ndef go():\n    while True: os.write(1, bytes(1 << 20))") as cell, cell.run() as run:
        with pytest.raises(ProgramDied):
            run.call("go", timeout=20.0)
        output = run.output()
    assert output.truncated and len(output.stdout) == cell.limits.output
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10  # KiB


@pytest.mark.parametrize(
    "body",
    [
        "import time\ntime.sleep(60)",
        "while True: pass",
        "import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)",
    ],
)
def test_a_program_that_never_comes_up_is_a_time_out(body: str):
    with attack(body, limits=Limits(start=1.0)) as cell:
        with pytest.raises((ProgramTimedOut, ProgramDied)), cell.run():
            raise AssertionError("it came up")
        assert cell.report.ended_by in ("timeout", "cpu")


@pytest.mark.parametrize("how", ["says nothing", "drips", "never ends its head", "floods"])
def test_a_server_that_never_answers_is_a_time_out(how: str):
    source = f"""
import socketserver, time
class Handler(socketserver.BaseRequestHandler):
    def handle(self):
        how = {how!r}
        self.request.recv(1000)
        try:
            while True:
                if how == "says nothing": time.sleep(60)
                elif how == "drips":
                    self.request.send(b"x"); time.sleep(0.01)
                elif how == "never ends its head": self.request.send(b"X-A: b\\r\\n")
                else: self.request.send(bytes(1 << 16))
        except OSError:
            pass
"""
    from adversarial_tools import SLOT

    from weighbridge.cell import Cell, Program

    program = Program({"main.py": source.encode()}, interface="http")
    began = time.monotonic()
    with Cell(program, slot=SLOT, limits=Limits(reply=MIB)) as cell, cell.run() as run:
        if how in ("floods", "never ends its head"):
            assert len(run.http(b"GET / HTTP/1.0\r\n\r\n", timeout=5)) == MIB
        else:
            with pytest.raises(ProgramTimedOut) as late:
                run.http(b"GET / HTTP/1.0\r\n\r\n", timeout=0.5)
            assert (b"xx" in late.value.partial) == (how == "drips")
        assert run.alive, run.ended_by
    assert time.monotonic() - began < 15


def test_a_wall_time_holds_between_calls_too():
    with attack("def idle(): return 1", limits=Limits(wall=0.5)) as cell, cell.run() as run:
        assert run.call("idle") == 1
        time.sleep(0.8)
        with pytest.raises(ProgramDied) as died:
            run.call("idle")
        assert died.value.reason == "timeout"


@pytest.mark.parametrize(
    "plant",
    [
        "import os\n    os.chdir('/srv/data')\n    for _ in range(3000):\n        os.mkdir('d')\n        os.chdir('d')",
        "import os\n    for n in range(200): os.mkdir(f'/srv/data/{n}', 0)\n    os.chmod('/srv/data', 0)\n    os.chmod('/srv', 0)",
        "import os\n    os.symlink('/', '/srv/data/root')\n    os.symlink('/srv/data/loop', '/srv/data/loop')",
        "import os, shutil\n    shutil.rmtree('/srv/app')\n    os.symlink('/usr', '/srv/app')\n    os.rename('/srv/data', '/srv/away')",
        "import os\n    os.setxattr('/srv', 'user.a', b'x'*100)",
        "import os\n    os.mkfifo('/srv/data/f')\n    import socket\n    socket.socket(1).bind('/srv/data/s')",
        "import os\n    open(b'/srv/data/\\xff\\n\\x01\"', 'w').close()\n    os.mkdir(b'/srv/data/' + b'\\xfe' * 250)",
    ],
    ids=["3000 deep", "no permission", "links", "places moved", "attributes", "fifo and socket", "odd names"],
)
def test_whatever_is_left_in_the_files_is_wiped(plant: str):
    with attack(f"def plant():\n    {plant}\ndef idle(): return 1") as cell:
        with cell.run() as run:
            try:
                run.call("plant", timeout=20)
            except ProgramError as e:
                assert "ENOTSUP" in str(e) or "Errno 95" in str(e), e
        init = cell.init
        with cell.run(seed={"/srv/data/x": b"1"}) as run:
            assert run.call("idle") == 1
            assert set(run.tree("/srv")) == {"app", "app/main.py", "data", "data/x", "tmp"}
            assert run.lstat("/srv/data").mode == 0o755
            assert cell.init == init, "the wipe failed and the cell had to be opened again"


def test_two_cells_at_once_do_not_meet():
    from adversarial_tools import SLOT

    source = """
import os, socket
def put(): open("/tmp/shared", "w").write("x"); open("/dev/shm/shared", "w").write("x"); return os.getpid()
def listen():
    global s
    s = socket.create_server(("127.0.0.1", 9999)); t = socket.socket(1); t.bind("\\0here"); return "ok"
def look():
    out = [p for p in ("/tmp/shared", "/dev/shm/shared") if os.path.exists(p)]
    try: socket.create_connection(("127.0.0.1", 9999), 0.3); out.append("tcp")
    except OSError: pass
    try: s = socket.socket(1); s.connect("\\0here"); out.append("unix")
    except OSError as e: pass
    return out + [p for p in os.listdir("/proc") if p.isdigit() and p not in ("1", str(os.getpid()))]
"""
    one, two, same_slot = attack(source), attack(source, slot=SLOT + 1), attack(source)
    with one, two, same_slot, one.run() as a, two.run() as b, same_slot.run() as c:
        a.call("put")
        a.call("listen")
        assert b.call("look") == []
        assert c.call("look") == []
        assert a.processes() == b.processes() == c.processes() == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a group of its own")
def test_no_group_is_left_behind():
    from weighbridge.cell.cgroup import PREFIX, place

    where = place()
    if where is None:
        pytest.skip("no cgroups to be had here")
    with attack("def f(): return 1") as cell, cell.run() as run:
        run.call("f")
        mine = [g for _, parent in where.folders for g in parent.glob(f"{PREFIX}{os.getpid()}-*")]
        assert len(mine) == len(where.folders)
    assert [g for g in mine if g.exists()] == []
