"""Extraction filters (PEP 706) work in the cell whatever release of Python 3.11 is there, and bind nobody else."""

from __future__ import annotations

import io
import tarfile

import pytest

from weighbridge.cell import Cell, Program, ProgramRaised

SOURCE = b"""
import shutil
import tarfile

def by_filter(path, to):
    with tarfile.open(path) as archive:
        archive.extractall(to, filter="data")

def unpacked(path, to):
    shutil.unpack_archive(path, to, filter="data")

def as_it_comes(path, to):
    with tarfile.open(path) as archive:
        archive.extractall(to)
"""


def archive() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name in ("inside.txt", "../outside.txt"):
            member = tarfile.TarInfo(name)
            member.size = 2
            tar.addfile(member, io.BytesIO(b"ab"))
    return made.getvalue()


@pytest.mark.parametrize(("function", "escapes"), [("by_filter", False), ("unpacked", False), ("as_it_comes", True)])
def test_a_filter_that_is_asked_for_is_there(function: str, escapes: bool) -> None:
    seed = {"/srv/data/a.tar": archive(), "/srv/data/to/": None}
    with Cell(Program({"main.py": SOURCE})) as cell, cell.run(seed=seed) as run:
        if escapes:
            run.call(function, "/srv/data/a.tar", "/srv/data/to")
        else:
            with pytest.raises(ProgramRaised, match="outside the destination"):
                run.call(function, "/srv/data/a.tar", "/srv/data/to")
        assert ("outside.txt" in run.tree("/srv/data")) is escapes
        assert "to/inside.txt" in run.tree("/srv/data")
