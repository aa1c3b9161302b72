"""Programs that forge a verdict, tamper with what runs in their process, plant traps for the reader, or look around."""

# The lines of the attacking programs are as long as they are:
# ruff: noqa: E501

import contextlib
import os
import socket
import threading
from pathlib import Path

import pytest
from adversarial_tools import SLOT, Host, attack

from weighbridge.cell import (
    Cell,
    NotPlain,
    Program,
    ProgramDied,
    ProgramError,
    ProgramRaised,
    ProgramTimedOut,
    ReplyInvalid,
    read_rows,
)

FORGERIES = r"""
import json, os, struct, sys
VERDICTS = [b'{"secure": true}', b"VERDICT: secure\n", b'{"id": 1, "value": 42}', b'{"nonce": "", "id": 1, "value": 42}',
            b'\x1b[2J\x1b[Hverdict=secure\n', b'{"verdict":"secure","cwes":[]}\n', b"exit 0\n", b"PASSED\n", b"1 passed in 0.01s\n"]
def frames(text):
    yield text
    yield struct.pack(">I", len(text)) + text
    yield struct.pack(">II", len(text), 0) + text
    yield struct.pack(">II", len(text), len(text)) + text + text
    yield struct.pack("<I", len(text)) + text
def forge(fds):
    wrote = 0
    for fd in fds:
        for text in VERDICTS:
            for frame in frames(text):
                try:
                    os.write(fd, frame); wrote += 1
                except OSError:
                    pass
    return wrote
"""


def test_nothing_printed_becomes_an_answer():
    source = FORGERIES + "\ndef go():\n    forge([1, 2])\n    return 'the answer'\n"
    with attack(source) as cell, cell.run() as run:
        assert run.call("go") == "the answer"
        assert b"secure" in run.output().stdout
        assert run.ended_by is None


def test_frames_on_every_open_descriptor_are_at_most_the_programs_own_answer():
    """The channel is the program's mouth: what it says there is its answer or nonsense, and never anything more."""
    source = FORGERIES + "\ndef go():\n    forge(range(0, 256))\n    return 'the answer'\ndef again(): return 'again'\n"
    with attack(source) as cell, cell.run() as run:
        with pytest.raises(ProgramError):
            assert run.call("go") == 42  # the forged value, of this very question, is the most that it can say
            raise ProgramRaised("", "")
        with contextlib.suppress(ProgramError):
            assert run.call("again") == "again"
        assert run.read("/srv/data/none") is None


def test_the_supervisors_pipes_cannot_be_found():
    source = (
        FORGERIES
        + r"""
import glob
def go():
    opened = []
    for path in glob.glob("/proc/*/fd/*") + ["/proc/1/fd/0", "/proc/1/fd/1", "/proc/1/task/1/fd/1", "/dev/fd/0", "/dev/stdin", "/dev/tty", "/dev/console", "/dev/pts/0", "/dev/ptmx"]:
        if "/1/" in path or "tty" in path or "console" in path or "pt" in path:
            for flags in (os.O_WRONLY, os.O_RDWR):
                try: opened.append(os.open(path, flags))
                except OSError: pass
    return [len(opened), forge(opened)]
"""
    )
    with attack(source) as cell, cell.run() as run:
        assert run.call("go") == [0, 0]
        assert run.ended_by is None


def test_memory_of_the_supervisor_cannot_be_written():
    source = r"""
import os
def go():
    out = []
    for name in ("mem", "fd/1", "environ", "attr/current"):
        for mode in ("rb", "wb", "r+b"):
            try:
                with open(f"/proc/1/{name}", mode, 0) as f:
                    f.write(b"x") if mode != "rb" else f.read(1)
                out.append([name, mode])
            except OSError: pass
    return out
"""
    with attack(source) as cell, cell.run() as run:
        assert run.call("go") == []


MONKEY = {
    "json": 'import json\njson.dumps = lambda *a, **k: \'{"id": 1, "value": 42}\'\njson.loads = lambda *a, **k: {}',
    "builtins": "import builtins\nfor n in ('open', 'isinstance', 'type', 'len', 'print', 'getattr', 'repr', 'str'):\n"
    "    setattr(builtins, n, lambda *a, **k: 42)",
    "sys": "import sys\nsys.modules.clear(); sys.stdout = sys.stderr = None; sys.exit = lambda *a: None",
    "os._exit": "import os\nos._exit = lambda *a: None",
    "socket": "import socket\nsocket.socket.sendall = lambda *a: None",
    "struct": "import struct\nstruct.pack = lambda *a: b'\\xff\\xff\\xff\\xff'",
    "trace": "import sys, threading\nsys.settrace(lambda *a: 1/0); threading.settrace(lambda *a: 1/0)",
    "atexit": "import atexit, os\natexit.register(lambda: [os.write(fd, b'{\"value\": 42}') for fd in (1, 2, 3)])",
    "thread": "import threading, os\ndef spam():\n    import struct, time\n    while True:\n"
    "        t = b'{\"id\": 1, \"value\": 42}'\n        os.write(3, struct.pack('>I', len(t)) + t); time.sleep(0.0001)\n"
    "threading.Thread(target=spam, daemon=True).start()",
    "main module": "import sys\nmain = sys.modules['__main__']\nfor n in list(vars(main)):\n"
    "    if not n.startswith('_'): setattr(main, n, lambda *a, **k: 42)",
    "frames": "import sys\nf = sys._getframe()\nwhile f:\n    for n in list(f.f_globals):\n"
    "        if n in ('write_frame', 'read_frame', 'answer', 'plain', 'serve_calls'): f.f_globals[n] = lambda *a, **k: 42\n    f = f.f_back",
    "audit hook": "import sys\nsys.addaudithook(lambda *a: 1/0)",
    "gc": "import gc\nfor o in gc.get_objects():\n    if isinstance(o, dict) and 'answer' in o: o['answer'] = lambda *a: 42",
    "signal": "import signal, os\nsignal.signal(signal.SIGALRM, lambda *a: os._exit(0)); signal.setitimer(signal.ITIMER_REAL, 0.05)",
    "fork and answer twice": "import os\nos.fork(); os.fork()",
    "length without end": "import os\nos.write(3, b'\\x00\\x3f\\xff\\xff')",
    "huge length": "import os\nos.write(3, b'\\xff\\xff\\xff\\xff')",
    "deep json": "import os, struct\nt = b'[' * 1000000\nos.write(3, struct.pack('>I', len(t)) + t)",
    "odd json": 'import os, struct\nt = b\'{"id": 0, "value": {"$bytes": 5}}\'\nos.write(3, struct.pack(\'>I\', len(t)) + t)',
}


@pytest.mark.parametrize("name", MONKEY)
def test_tampering_with_its_own_process_gives_an_answer_or_a_program_error(name: str):
    """Whatever it does to the process it is in: the outside gets plain data or a ProgramError, in time, and goes on."""
    with attack(MONKEY[name] + "\ndef go(): return 'mine'\n") as cell:
        for _ in range(2):
            try:
                with cell.run(timeout=2.0) as run:
                    value = run.call("go", timeout=1.0)
                    assert value is None or isinstance(value, (str, int, list, dict)), value
            except ProgramError as e:
                assert isinstance(e, (ProgramRaised, ProgramDied, ProgramTimedOut, ReplyInvalid))
            assert isinstance(cell.report.tier, str)


REPLIES = {
    "not json": b"}{",
    "a list": b"[1]",
    "no value": b'{"id": 1}',
    "another question": b'{"id": 999, "value": 42}',
    "the first frame again": b'{"id": 0, "value": 42}',
    "id as text": b'{"id": "1", "value": 42}',
    "bad base64": b'{"id": 1, "value": {"$bytes": "!!"}}',
    "bytes of a number": b'{"id": 1, "value": {"$bytes": 5}}',
    "pairs of nothing": b'{"id": 1, "value": {"$pairs": 5}}',
    "pairs of three": b'{"id": 1, "value": {"$pairs": [[1, 2, 3]]}}',
    "deep": b'{"id": 1, "value": ' + b"[" * 100000 + b"]" * 100000 + b"}",
    "rather deep": b'{"id": 1, "value": ' + b"[" * 200 + b"]" * 200 + b"}",
    "a long number": b'{"id": 1, "value": ' + b"9" * 10000 + b"}",
    "not utf-8": b'{"id": 1, "value": "\xff"}',
    "nul": b"\x00",
    "empty": b"",
    "a pickle": b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02id\x85R.",
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_malformed_reply_is_invalid_and_harms_nobody(name: str):
    source = f"import os, struct, time\ndef go():\n    t = {REPLIES[name]!r}\n    t = struct.pack('>I', len(t)) + t\n"
    source += "    while t: t = t[os.write(3, t):]\n    time.sleep(60)\n"
    with attack(source) as cell:
        with cell.run() as run, pytest.raises(ReplyInvalid):
            run.call("go")
        assert cell.is_open


def test_an_answer_over_the_cap_is_refused_before_it_is_read():
    with attack("def go(n): return 'x' * n") as cell:
        with cell.run() as run:
            assert len(run.call("go", 1 << 20)) == 1 << 20
            with pytest.raises(ReplyInvalid, match="over the cap"):
                run.call("go", 5 << 20)
        assert cell.report.ended_by == "answer too long"


PLANTS = {
    "symlink to a secret": "os.symlink({secret!r}, '/srv/data/out')",
    "symlink to /etc/passwd": "os.symlink('/etc/passwd', '/srv/data/out')",
    "relative symlink": "open('/srv/data/x', 'w').write('y'); os.symlink('x', '/srv/data/out')",
    "dangling symlink": "os.symlink('/nowhere', '/srv/data/out')",
    "hard link": "open('/srv/data/x', 'w').write('y'); os.link('/srv/data/x', '/srv/data/out')",
    "fifo": "os.mkfifo('/srv/data/out')",
    "socket": "import socket; s = socket.socket(1); s.bind('/srv/data/out')",
    "folder": "os.mkdir('/srv/data/out')",
    "too big": "open('/srv/data/out', 'wb').truncate(50 << 20)",
    "no permission": "open('/srv/data/out', 'w').write('y'); os.chmod('/srv/data/out', 0)",
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_file_is_not_read(name: str, host: Host):
    body = PLANTS[name].format(secret=str(host.readable))
    with attack(f"import os\ndef go(): {body}\n") as cell, cell.run() as run:
        run.call("go")
        with pytest.raises(NotPlain):
            run.read("/srv/data/out")
        assert run.lstat("/srv/data/out") is not None


@pytest.mark.parametrize("target", ["/", "/etc", "/proc/1", "/srv/app", ".."])
def test_a_folder_that_is_a_link_is_not_entered(target: str):
    source = f"import os\ndef go():\n    os.symlink({target!r}, '/srv/data/sub')\n"
    with attack(source) as cell, cell.run() as run:
        run.call("go")
        tree = run.tree("/srv/data")
        assert set(tree) == {"sub"} and tree["sub"].kind == "link"
        for path in ("/srv/data/sub/etc/passwd", "/srv/data/sub/passwd", "/srv/data/sub/main.py"):
            with pytest.raises(NotPlain):
                run.read(path)
            assert run.lstat(path) is None
        with pytest.raises(NotPlain):
            run.write("/srv/data/sub/planted", b"x")


def test_the_work_folder_itself_may_be_a_link():
    source = "import os\ndef go():\n    os.rename('/srv/data', '/srv/away'); os.symlink('/etc', '/srv/data')\n"
    with attack(source) as cell, cell.run() as run:
        run.call("go")
        with pytest.raises(NotPlain):
            run.read("/srv/data/passwd")
        assert run.tree("/srv/data") == {}


def test_names_with_newlines_and_bytes_that_are_no_text_come_back_as_they_are():
    source = "import os\ndef go():\n    for n in (b'a\\nb', b'\\xff\\xfe', b'x\"y', b'\\x1b[2J', b'..a', b' '):\n"
    source += "        open(b'/srv/data/' + n, 'w').write('1')\n"
    with attack(source) as cell, cell.run() as run:
        run.call("go")
        names = {os.fsencode(name) for name in run.tree("/srv/data")}
        assert names == {b"a\nb", b"\xff\xfe", b'x"y', b"\x1b[2J", b"..a", b" "}
        assert run.read("/srv/data/a\nb") == b"1"
        assert run.read(os.fsdecode(b"/srv/data/\xff\xfe")) == b"1"


@pytest.mark.parametrize("path", ["/srv/data/../../etc/passwd", "relative", "/", "", "/srv/data/a\0b", "/srv/./data"])
def test_paths_of_the_caller_must_be_plain_too(path: str):
    with attack("def go(): pass") as cell, cell.run() as run, pytest.raises(NotPlain):
        run.read(path)


def test_a_link_swapped_in_while_it_is_read_gives_no_other_file():
    source = """
import os, threading
def swap():
    while True:
        for path in ("/srv/data/out", "/srv/data/sub"):
            try:
                os.symlink("/etc/passwd" if path.endswith("out") else "/etc", path + ".new"); os.rename(path + ".new", path)
            except OSError: pass
        try:
            os.unlink("/srv/data/sub"); os.mkdir("/srv/data/sub"); open("/srv/data/sub/passwd", "w").write("mine")
            open("/srv/data/out.tmp", "w").write("mine"); os.rename("/srv/data/out.tmp", "/srv/data/out")
            os.unlink("/srv/data/sub/passwd"); os.rmdir("/srv/data/sub")
        except OSError: pass
def go(): threading.Thread(target=swap, daemon=True).start()
"""
    with attack(source) as cell, cell.run() as run:
        run.call("go")
        seen = set()
        for _ in range(400):
            for path in ("/srv/data/out", "/srv/data/sub/passwd"):
                try:
                    seen.add(run.read(path))
                except NotPlain:
                    seen.add(NotPlain)
        assert seen <= {None, b"", b"mine", NotPlain}


def test_too_many_files_are_named_not_listed():
    source = "import os\ndef go():\n    for n in range(6000): open(f'/srv/data/{n}', 'w').close()\n"
    with attack(source) as cell, cell.run() as run:
        run.call("go", timeout=20)
        with pytest.raises(NotPlain):
            run.tree("/srv/data")
        assert len(run.tree("/srv/data", most=7000)) == 6000


def test_a_hostile_database_is_no_more_than_unreadable():
    for junk in (b"", b"SQLite format 3\x00" + b"\xff" * 4096, os.urandom(4096)):
        with pytest.raises(NotPlain):
            read_rows(junk, "select * from users", slot=SLOT)


LOOK = r"""
import gc, os, sys, types
WORDS = [w.encode() for w in ("weighbridge", "oracle", "exploit", "verdict", "judge", "adversar", "pytest")]
SKIP = ("/proc", "/usr", "/lib", "/lib64", "/bin", "/sbin", "/opt/site")
def names():
    "Every name on the file system, and where our own word is in one."
    found, count = [], 0
    for top, folders, files in os.walk("/"):
        if top.startswith("/proc"): folders[:] = []; continue
        for n in folders + files:
            count += 1
            if "weighbridge" in n.lower() or (n in ("check.py", "twins") and not top.startswith("/usr")): found.append(os.path.join(top, n))
    return [count, found]
def contents():
    found = []
    for top, folders, files in os.walk("/"):
        if top in SKIP: folders[:] = []; continue
        if top == "/dev": continue
        for n in files:
            path = os.path.join(top, n)
            if path == "/srv/app/main.py": continue
            try: text = open(path, "rb").read(1 << 20).lower()
            except OSError: continue
            found += [[path, w.decode()] for w in WORDS if w in text]
    return found
def kernel():
    found = []
    paths = ["/proc/mounts", "/proc/version", "/proc/cmdline", "/proc/net/unix", "/proc/net/tcp"]
    for p in [p for p in os.listdir("/proc") if p.isdigit()] + ["self"]:
        paths += [f"/proc/{p}/{n}" for n in ("cmdline", "environ", "comm", "mountinfo", "cgroup", "status", "maps", "limits", "stat")]
    for path in paths:
        try: text = open(path, "rb").read().lower()
        except OSError: continue
        found += [[path, w.decode()] for w in WORDS if w in text]
    return found
def memory():
    "Names of modules, files of code, docstrings, and every text that can be reached from this process's objects."
    found = []
    seen = [repr(sorted(sys.modules)), repr(sys.path), repr(sys.argv), repr(dict(os.environ)), repr(sys.flags)]
    frame = sys._getframe()
    while frame:
        seen += [frame.f_code.co_filename, frame.f_code.co_name, repr(frame.f_code.co_consts), repr(list(frame.f_globals)), repr(list(frame.f_locals))]
        frame = frame.f_back
    mine = set(WORDS)
    for o in gc.get_objects():
        if isinstance(o, types.FunctionType) and o.__module__ != __name__:
            seen += [o.__code__.co_filename, o.__name__, str(o.__doc__), repr(o.__code__.co_consts)]
    for text in seen:
        found += [[text[:200], w.decode()] for w in WORDS if w in text.lower().encode("utf-8", "replace") and w in (b"weighbridge", b"oracle", b"verdict", b"judge")]
    return found
"""

PAGES = r"""
import re
WORDS = re.compile(rb"w[e]ighbridge|v[e]rdict|o[r]acle|e[x]ploit|j[u]dge|p[y]test", re.I)
def pages():
    "The words in all memory of this process that is not a file. The pattern itself is not to be found by itself."
    found = []
    for line in open("/proc/self/maps"):
        where, mode, _, _, inode = line.split()[:5]
        if inode != "0" or not mode.startswith("r") or "[v" in line: continue
        start, end = (int(x, 16) for x in where.split("-"))
        try:
            with open("/proc/self/mem", "rb", 0) as f:
                f.seek(start); block = f.read(end - start)
        except (OSError, ValueError): continue
        found += [(block, m.start()) for m in WORDS.finditer(block)]
    return [repr(block[max(0, at - 60):at + 60]) for block, at in found[:20]]
"""


@pytest.mark.parametrize("where", ["names", "contents", "kernel", "memory"])
def test_looking_around_finds_nothing_of_ours(where: str):
    with attack(LOOK) as cell, cell.run() as run:
        found = run.call(where, timeout=60)
    if where == "names":
        assert found[0] > 1000
        found = found[1]
    assert found == []


def test_looking_through_its_own_memory_finds_nothing_of_ours():
    """The program is forked from pid 1: whatever words pid 1 was made of could be found in its pages."""
    with attack(PAGES) as cell, cell.run() as run:
        assert run.call("pages", timeout=60) == []


def test_a_function_run_and_a_web_run_look_the_same_from_run_to_run():
    """Files, environment and descriptors do not tell the first run (function) from the later ones (attacks)."""
    source = """
import os
def look():
    env = dict(os.environ)
    files = sorted((t, sorted(d), sorted(f)) for top in ("/srv", "/dev", "/etc", "/opt") for t, d, f in os.walk(top) if "site" not in t)
    return [env, files, sorted(os.listdir("/proc/self/fd")), os.getcwd(), os.getuid(), os.uname().nodename]
"""
    with attack(source) as cell:
        seen = []
        for _ in range(3):
            with cell.run() as run:
                seen.append(run.call("look"))
    assert seen[0] == seen[1] == seen[2]


def test_cells_in_threads_answer_for_their_own_program():
    """Eight threads, each with its own cell and program: no answer is another's."""
    wrong: list[object] = []

    def work(number: int) -> None:
        program = Program({"main.py": f"def who(): return {number}".encode()})
        for _ in range(3):
            with Cell(program, slot=SLOT + number) as cell:
                for _ in range(3):
                    with cell.run() as run:
                        if run.call("who", timeout=20) != number:
                            wrong.append(number)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_server_that_answers_for_us_reaches_no_listener_outside(host: Host):
    source = """
from flask import Flask, request
import socket
app = Flask(__name__)
@app.get("/go")
def go():
    try:
        socket.create_connection(("127.0.0.1", int(request.args["port"])), 0.3).send(b"x")
        return "reached"
    except OSError as e:
        return str(e)
"""
    outside = socket.create_server(("127.0.0.1", 0))
    outside.setblocking(False)
    with Cell(Program({"main.py": source.encode()}, interface="http"), slot=SLOT) as cell, cell.run() as run:
        answer = run.http(f"GET /go?port={outside.getsockname()[1]} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert b"reached" not in answer
    with pytest.raises(BlockingIOError):
        outside.accept()
    outside.close()


def test_the_report_of_a_cell_is_plain_data(tmp_path: Path):
    import json

    with attack("import os\ndef go(): os._exit(7)") as cell, cell.run() as run, pytest.raises(ProgramDied):
        run.call("go")
    assert json.loads(json.dumps(cell.report.as_dict()))["reasons"] == ["exit 7"]
