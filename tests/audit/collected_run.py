"""Collections made up for tests: answers of two models with verdicts of *Somebody*, and what two tools say of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.store.schemas import COLLECTED, FINDINGS, PROGRAMS, SCANS
from weighbridge.store.tables import Run, write_collection

TASKS = 20
Verdict = Callable[[str, str, int, int], str | None]


def collection(folder: Path, verdict: Verdict, *, modes: tuple[str, ...] = ("gen", "hints"), repeats: int = 3) -> Run:
    """Answers of models *a* and *b* to 20 tasks about SQL injection (even) and path traversal (odd).

    Every answer is its own program, of which ``verdict(model, mode, task, repeat)`` says what it came to.
    """
    rows: list[dict[str, Any]] = []
    for model in ("a", "b"):
        for mode in modes:
            for task in range(TASKS):
                for repeat in range(repeats):
                    said = verdict(model, mode, task, repeat)
                    name = f"{model}-{mode}-{task}-{repeat}"
                    rows.append(
                        {
                            "answer": name, "row": len(rows), "model": model, "task": f"task{task:02}",
                            "cluster": "sql" if task % 2 == 0 else "path", "language": "python", "mode": mode,
                            "repeat": repeat, "state": "empty" if said == "empty" else "program",
                            "program": None if said == "empty" else name, "extraction": "as given",
                            "cwes": [89] if task % 2 == 0 else [22], "source": "Somebody",
                            "functional": None, "secure": None, "verdict": None if said == "empty" else said,
                        }
                    )  # fmt: skip
    frame = pl.DataFrame(rows, schema=COLLECTED)
    run = Run(folder, "collected")
    folder.mkdir(parents=True, exist_ok=True)
    write_collection(run, {"source": "Somebody"})
    run.write("collected", frame, step="import")
    programs = frame.filter(pl.col("program").is_not_null())["program"].to_list()
    lines = [10 if name.startswith("a") else 20 for name in programs]
    texts = pl.DataFrame({"program": programs, "language": "python", "text": "pass", "lines": lines}, schema=PROGRAMS)
    run.write("programs", texts, step="import")
    return run


def scanned(run: Run, speaks: Callable[[str], int | None], unread: frozenset[str] = frozenset()) -> Run:
    """Two tools that know Python: *one* says what ``speaks`` says, *two* is silent and cannot read ``unread``; a third
    is missing."""
    programs = run.read("programs")["program"].to_list()
    rows = [
        {"program": name, "tool": tool, "version": "1", "state": state, "detail": ""}
        for name in programs
        for tool, state in (
            ("one", "analysed"),
            ("two", "not analysable" if name in unread else "analysed"),
            ("gone", "tool missing"),
        )
    ]
    found = [
        {"program": name, "tool": "one", "version": "1", "rule": "X1", "cwe": cwe, "severity": "", "confidence": "",
         "line": 1, "message": ""}
        for name in programs
        if (cwe := speaks(name)) is not None
    ]  # fmt: skip
    run.write("scans", pl.DataFrame(rows, schema=SCANS), step="scan")
    run.write("findings", pl.DataFrame(found, schema=FINDINGS), step="scan")
    return run


def a_is_sounder(model: str, mode: str, task: int, repeat: int) -> str:
    return "vulnerable" if (task * 7 + repeat) % 10 < (2 if model == "a" else 8) else "secure"
