"""Runs a tool of ours (a static analyser) in a cell, because it parses hostile input: one batch, one run.

The files are laid below /srv/data, which is the working folder; what the tool prints is what it found.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from weighbridge.cell.box import GRACE, Box, CellReport, entries
from weighbridge.cell.errors import ProgramDied
from weighbridge.cell.limits import MIB, Limits
from weighbridge.cell.runtime import SITE, prepare

# An analyser works through thousands of files of which none is a program that runs.
TOOL_LIMITS = Limits(
    memory=1536 * MIB, cpu=900.0, wall=900.0, disk=256 * MIB, file=256 * MIB, output=64 * MIB, flood=256 * MIB
)


@dataclass(frozen=True)
class ToolResult:
    """What a tool left: its exit code (None: it did not end by itself, see ``reason``) and its two streams."""

    exit: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool
    reason: str | None
    report: CellReport


def run_tool(
    argv: Sequence[str],
    files: Mapping[str, bytes],
    *,
    runtime: str = "panel",
    folders: Mapping[str, str] | None = None,
    environment: Mapping[str, str] | None = None,
    limits: Limits = TOOL_LIMITS,
    timeout: float | None = None,
    stdin: bytes = b"",
    slot: int = 0,
) -> ToolResult:
    """Runs ``argv`` once with ``files`` (names relative to /srv/data, or absolute below /srv) laid in a fresh cell.

    argv[0]: "python" is the cell's interpreter (``["python", "-m", "bandit", ...]``), a bare name is a program of the
    runtime's packages (``["ruff", ...]``), anything else an absolute path inside. ``folders``: further folders to mount
    read-only, outside -> inside (below /opt); the cell's user must be able to read them. ``environment``: variables
    beside the cell's own. ``timeout`` in seconds, by default ``limits.wall``. Raises NoIsolation; never raises for what
    the tool does.
    """
    prepared = prepare(runtime)
    if folders:
        prepared = dataclasses.replace(prepared, mounts=(*prepared.mounts, *folders.items()))
    if timeout is not None:
        limits = dataclasses.replace(limits, wall=timeout)
    head = argv[0]
    if head == "python":
        head = prepared.python
    elif "/" not in head:
        head = f"{SITE}/bin/{head}"
    seed = {name if name.startswith("/") else f"/srv/data/{name}": content for name, content in files.items()}
    box = Box(prepared, limits, slot=slot)
    box.open()
    try:
        # /tmp as home: what a tool caches there must not be found among the files it analyses.
        variables = {**box.environment, "HOME": "/tmp", **(environment or {})}
        reply, _ = box.start(
            entries(seed), within=limits.start, environment=variables, argv=[head, *argv[1:]], stdin=stdin
        )
        if "refused" in reply:
            raise ValueError(f"the tool's files cannot be laid: {reply['text']}")
        box.ask("wait", timeout=limits.wall + GRACE, within=limits.wall + 1)
        reply, body = box.ask("output")
        reason = box.reason(reply)
        status = reply["status"]
    except ProgramDied as died:
        return ToolResult(None, b"", b"", True, died.reason, box.report)
    finally:
        box.close()
    code = status >> 8 if reply["reason"] is None and status is not None and not status & 0x7F else None
    if code is None and reason is not None:
        box.report.reasons.append(reason)
    return ToolResult(
        code,
        body[: reply["out"]],
        body[reply["out"] :],
        reply["truncated"],
        None if code is not None else reason,
        box.report,
    )
