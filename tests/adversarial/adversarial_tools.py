"""Programs that attack, and what every test of this folder is given: a host to attack, and a check that all is well.

Each attack runs in the cell like any candidate. The tests look from outside.
"""

import os
import secrets
import shutil
import socket
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from weighbridge.cell import Cell, Limits, Program
from weighbridge.cell.launch import FIRST_UID

SLOT = 3007  # a uid that nobody else takes, so that what is left behind can be counted


def attack(source: str, **options) -> Cell:
    """A cell for an attacking program."""
    options.setdefault("slot", SLOT)
    return Cell(Program({"main.py": textwrap.dedent(source).encode()}), **options)


def ordinary(slot: int = SLOT) -> None:
    """The next program answers normally."""
    with attack("def add(a, b): return a + b", slot=slot) as cell, cell.run() as run:
        assert run.call("add", 2, 3) == 5


def processes_of(slot: int) -> list[str]:
    """Processes on this side that belong to a slot's uid: as root its own, otherwise those that bubblewrap started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            status = (folder / "status").read_text()
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if "State:\tZ" in status:
            continue  # ended, and not yet collected by whoever is init here
        uid = int(next(line for line in status.splitlines() if line.startswith("Uid:")).split()[1])
        if uid == FIRST_UID + slot or (os.geteuid() != 0 and uid == os.getuid() and b"bwrap" in command):
            found.append(f"{folder.name} {command.decode(errors='replace')[:80]}")
    return found


@dataclass
class Host:
    """What there is to take on this side."""

    folder: Path
    token: str
    readable: Path
    private: Path
    listener: socket.socket
    port: int
    connections: list[bytes] = field(default_factory=list)

    def visited(self) -> bool:
        try:
            self.listener.accept()[0].close()
            return True
        except BlockingIOError:
            return False


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    token = secrets.token_hex(16)
    folder = Path(f"/var/tmp/target-{token[:8]}")
    folder.mkdir(mode=0o755)
    readable, private = folder / "readable", folder / "private"
    readable.write_text(token)
    private.write_text(token)
    private.chmod(0o600)
    (folder / "open").mkdir()
    (folder / "open").chmod(0o1777)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    monkeypatch.setenv("API_KEY", token)
    yield Host(folder, token, readable, private, listener, listener.getsockname()[1])
    listener.close()
    shutil.rmtree(folder)


@pytest.fixture(autouse=True)
def all_is_well_afterwards() -> Iterator[None]:
    """After every attack nothing of it runs on this side, and the next program is answered normally."""
    yield
    assert processes_of(SLOT) == [], processes_of(SLOT)
    ordinary()
    assert processes_of(SLOT) == []


SMALL = Limits(cpu=1.0, wall=8.0)
