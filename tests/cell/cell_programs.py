"""Ordinary programs for the tests of this folder. Slots from 2900 on, so as not to meet anybody else's."""

import textwrap

from weighbridge.cell import Cell, Program

SLOT = 2900


def ordinary(source: str, interface: str = "function", **options) -> Cell:
    options.setdefault("slot", SLOT)
    program = Program({"main.py": textwrap.dedent(source).encode()}, interface=interface)  # type: ignore[arg-type]
    return Cell(program, **options)
