"""Where untrusted code runs: one program in one sandbox, asked and looked at from outside.

Imports nothing of ours. Start with ``Cell``; ``docs/cell.md`` says what holds and why.
"""

from weighbridge.cell.box import CellReport, Symlink
from weighbridge.cell.cell import Cell, Output, Program, Received, Run, Stat
from weighbridge.cell.errors import (
    CellError,
    NoIsolation,
    NotPlain,
    ProgramDied,
    ProgramError,
    ProgramRaised,
    ProgramTimedOut,
    ReplyInvalid,
)
from weighbridge.cell.limits import Limits
from weighbridge.cell.rows import read_rows
from weighbridge.cell.tool import ToolResult, run_tool

__all__ = [
    "Cell",
    "CellError",
    "CellReport",
    "Limits",
    "NoIsolation",
    "NotPlain",
    "Output",
    "Program",
    "ProgramDied",
    "ProgramError",
    "ProgramRaised",
    "ProgramTimedOut",
    "Received",
    "ReplyInvalid",
    "Run",
    "Stat",
    "Symlink",
    "ToolResult",
    "read_rows",
    "run_tool",
]
