"""Programs that do as they are asked: values, exceptions, files, output, and that each run is afresh."""

# ruff: noqa: E501

import select
import sys

import pytest
from cell_programs import SLOT, ordinary

from weighbridge.cell import Cell, Limits, NotPlain, Program, ProgramDied, ProgramRaised, Symlink, read_rows

ECHO = """
    def echo(value, **more): return [value, more] if more else value
    def types(): return {"t": (1, 2), "s": {3}, "b": b"\\x00\\xff", "f": 1.5, "n": None, 5: "five", "o": object}
    def items():
        yield 1
        yield 2
    async def later(): return "awaited"
    class Store:
        def __init__(self): self.rows = {}
        def put(self, k, v): self.rows[k] = v; return len(self.rows)
    store = Store()
    def fail(): raise ValueError("no such thing")
    def leave(): raise SystemExit(3)
    class Odd(Exception):
        def __str__(self): raise RuntimeError
    def odd(): raise Odd()
"""


@pytest.fixture(scope="module")
def echo():
    with ordinary(ECHO) as cell, cell.run() as run:
        yield run


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -(10**30),
        1.5,
        "text \u4e2d\u6587 \U0001f600",
        "",
        b"",
        b"\x00\xff\n",
        [],
        [1, [2, [3]]],
        {},
        {"a": {"b": [b"x"]}},
        {1: "a", "b": 2},
        {"$bytes": "not bytes"},
    ],
    ids=repr,
)
def test_a_value_comes_back_as_it_went(echo, value):
    assert echo.call("echo", value) == value
    assert echo.call("echo", 1, more=value) == [1, {"more": value}]


def test_what_json_cannot_say_has_a_rule(echo):
    value = echo.call("types")
    assert value == {
        "t": [1, 2],
        "s": [3],
        "b": b"\x00\xff",
        "f": 1.5,
        "n": None,
        5: "five",
        "o": {"$repr": "<class 'object'>"},
    }
    assert echo.call("items") == [1, 2]
    assert echo.call("later") == "awaited"


def test_dotted_names_reach_attributes_and_state_stays_within_a_run(echo):
    assert [echo.call("store.put", k, 1) for k in "ab"] == [1, 2]


@pytest.mark.parametrize(
    ("name", "type", "message"),
    [
        ("fail", "ValueError", "no such thing"),
        ("leave", "SystemExit", "3"),
        ("odd", "Odd", ""),
        ("absent", "AttributeError", None),
    ],
)
def test_an_exception_comes_back_as_name_and_text(echo, name, type, message):
    with pytest.raises(ProgramRaised) as raised:
        echo.call(name)
    assert raised.value.type == type
    assert message is None or raised.value.message == message
    assert echo.call("echo", 1) == 1


@pytest.mark.parametrize(
    ("source", "type"),
    [("def f(:\n", "SyntaxError"), ("import no_such_module", "ModuleNotFoundError"), ("1 / 0", "ZeroDivisionError")],
)
def test_a_program_that_does_not_import_raises_at_the_start_of_its_run(source, type):
    with ordinary(source) as cell:
        with pytest.raises(ProgramRaised) as raised, cell.run():
            raise AssertionError
        assert raised.value.type == type


def test_a_program_that_exits_when_imported_died():
    with ordinary("import os; os._exit(4)") as cell:
        with pytest.raises(ProgramDied) as died, cell.run():
            raise AssertionError
        assert died.value.reason == "exit 4"


def test_each_run_is_afresh():
    source = """
        import os
        n = 0
        def go():
            global n
            n += 1
            open("/srv/data/left", "w").close(); open("/tmp/left", "w").close(); open("/dev/shm/left", "w").close()
            open("/srv/app/main.py", "a").write("\\nn = 100\\n")
            return n
    """
    with ordinary(source) as cell:
        for _ in range(3):
            with cell.run() as run:
                assert run.tree("/srv/data") == {} and run.tree("/tmp") == {}
                assert run.lstat("/dev/shm/left") is None
                assert run.call("go") == 1
                assert run.call("go") == 2


def test_a_cell_opens_again_after_it_was_lost():
    with ordinary("def f(): return 1") as cell:
        with cell.run() as run:
            assert cell._box.launched is not None
            # Pid 1 dies with bubblewrap, though its pipes are still open.
            cell._box.launched.process.kill()
            assert cell._box.launched.init_fd is not None
            gone = select.poll()
            gone.register(cell._box.launched.init_fd, select.POLLIN)
            assert gone.poll(5000)
            with pytest.raises(ProgramDied):
                run.call("f")
        with cell.run() as run:
            assert run.call("f") == 1
        assert cell.report.reasons == ["cell"]


def test_seeds_are_laid_and_files_read():
    seed = {
        "/srv/data/a/b/file.txt": b"bytes",
        "/srv/data/text": "text \u4e2d",
        "/srv/data/empty/": None,
        "/tmp/t": b"t",
        "/srv/data/link": Symlink("a/b/file.txt"),
    }
    source = "import os\ndef read(p): return open(p, 'rb').read()\ndef where(): return os.getcwd()\n"
    with ordinary(source) as cell, cell.run(seed) as run:
        assert run.call("read", "/srv/data/link") == b"bytes"
        assert run.call("read", "/tmp/t") == run.read("/tmp/t") == run.read("/srv/tmp/t") == b"t"
        assert run.call("where") == "/srv/data"
        assert {k: v.kind for k, v in run.tree("/srv/data").items()} == {
            "a": "folder",
            "a/b": "folder",
            "a/b/file.txt": "file",
            "text": "file",
            "empty": "folder",
            "link": "link",
        }
        run.write("/srv/data/text", b"new")
        assert run.call("read", "text") == b"new" == run.read("/srv/data/text")
        assert run.read("/srv/data/none") is None and run.lstat("/srv/data/none") is None
        with pytest.raises(NotPlain):
            run.read("/srv/data/text", cap=2)


@pytest.mark.parametrize("path", ["relative", "/etc/x", "/srv/../x", "/"])
def test_a_seed_outside_the_writable_places_is_the_callers_mistake(path):
    with ordinary("x = 1") as cell, pytest.raises(ValueError, match="cannot be laid"), cell.run({path: b""}):
        raise AssertionError


def test_output_is_kept_and_capped():
    source = "import sys\ndef say(n):\n    print('o' * n); print('e' * n, file=sys.stderr)\nprint('up')\n"
    with ordinary(source, limits=Limits(output=1000)) as cell, cell.run() as run:
        run.call("say", 5)
        assert (run.output().stdout, run.output().stderr, run.output().truncated) == (b"up\nooooo\n", b"eeeee\n", False)
        run.call("say", 5000)
        assert (len(run.output().stdout), len(run.output().stderr), run.output().truncated) == (1000, 1000, True)


def test_several_files_and_packages():
    program = Program({"main.py": b"from lib.thing import f\nimport yaml, flask", "lib/thing.py": b"def f(): return 7"})
    with Cell(program, slot=SLOT) as cell, cell.run() as run:
        assert run.call("f") == 7


def test_rows_of_a_database_that_the_program_wrote():
    source = """
        import sqlite3
        def go(mode):
            c = sqlite3.connect("app.db"); c.execute(f"pragma journal_mode={mode}")
            c.execute("create table if not exists users (name, blob)"); c.execute("insert into users values ('eve', x'00ff')")
            c.commit()
            globals().setdefault("kept", []).append(c)
    """
    with ordinary(source) as cell:
        for mode in ("delete", "wal"):
            with cell.run() as run:
                run.call("go", mode)
                database, wal = run.read("/srv/data/app.db"), run.read("/srv/data/app.db-wal")
                assert database is not None
                rows = read_rows(database, "select * from users where name = ?", ["eve"], wal=wal, slot=SLOT)
                assert rows == [("eve", b"\x00\xff")], mode
    with pytest.raises(NotPlain, match="no such table"):
        read_rows(database, "select * from others", slot=SLOT)


def test_a_run_inside_a_run_is_refused():
    with ordinary("x = 1") as cell, cell.run(), pytest.raises(RuntimeError), cell.run():
        raise AssertionError


def test_without_a_fitting_system_interpreter_ours_is_copied(monkeypatch):
    from weighbridge.cell import cell, runtime

    monkeypatch.setattr(runtime, "_system_python", lambda: None)
    monkeypatch.setattr(cell, "prepare", runtime.prepare.__wrapped__)
    source = "import sys, sqlite3, ssl, ctypes, flask, yaml\ndef where(): return [sys.executable, list(sys.version_info[:3])]"
    with ordinary(source) as box, box.run() as run:
        assert run.call("where") == [f"/opt/python/bin/python3.{sys.version_info.minor}", list(sys.version_info[:3])]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (b"import os, sys as s\nfrom flask import Flask", {"os", "sys", "flask", "werkzeug.serving"}),
        (b"  from urllib.parse import quote", {"urllib.parse"}),
        (b"import antigravity, this, tkinter.ttk, turtle", set()),
        (b"import helper, requests_of_nobody\nfrom . import x\nfrom .os import y", set()),
        (b"\xff\xfe import os\n\x00import json", {"json"} - {"json"}),
        (b"import os.path", {"os.path"}),
    ],
)
def test_only_trusted_modules_are_imported_ahead(source, expected):
    from weighbridge.cell.runtime import preload, prepare

    runtime = prepare("python")
    assert set(preload(runtime, {"main.py": source, "helper.py": b""})) - set(runtime.host) == expected


def test_a_file_of_the_program_hides_a_library_of_the_same_name():
    program = Program(
        {
            "main.py": b"import colorsys, yaml\ndef f(): return [colorsys.x, yaml.x]",
            "colorsys.py": b"x = 1",
            "yaml/__init__.py": b"x = 2",
        }
    )
    with Cell(program, slot=SLOT) as cell, cell.run() as run:
        assert run.call("f") == [1, 2]
