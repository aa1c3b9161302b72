"""Test weights for a reviewer: the suite's own twins, programs whose flaws are proved, as a collection of their own.

``weighbridge tasks check`` proves every twin by attacks: secure ones withstand them all, vulnerable ones and half-fixes
fall. So what a reviewer says of them can be checked before it is asked, and paid, for anything else. Twins are public:
a reviewer may have seen them, so that this is the best it can do rather than what it will do.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge.errors import DataError
from weighbridge.store.schemas import COLLECTED, PROGRAMS
from weighbridge.store.tables import Run, is_collection, read_collection, write_collection
from weighbridge.tasks.scenario import scenarios, stacks

SOURCE = "weighbridge tasks check"
OURS = {"collected.parquet", "programs.parquet", ".lock"}
"""What a killed call may have left."""


def collect_twins(folder: Path) -> Run:
    """Write every shipped twin into a folder as a collection; where they are there already, nothing is done.

    The task is the scenario, whose twins share an oracle; the mode is the stack.

    Raises:
        DataError: the folder holds another run, or twins of another version of the suite.
    """
    answers: list[dict[str, Any]] = []
    programs: dict[str, dict[str, Any]] = {}
    for name, scenario in sorted(scenarios().items()):
        for stack in sorted(stacks()):
            for twin, text in scenario.twins(stack).items():
                program = hashlib.sha256(text.encode()).hexdigest()
                secure, language = twin.startswith("secure_"), stacks()[stack].language
                lines = text.count("\n") + 1
                programs[program] = {"program": program, "language": language, "text": text, "lines": lines}
                answers.append(
                    {
                        "answer": hashlib.sha256(f"{name}/{stack}/{twin}/{program}".encode()).hexdigest(),
                        "row": len(answers), "model": "twins", "task": name, "cluster": name, "language": language,
                        "mode": stack, "repeat": 0, "state": "program", "program": program, "extraction": "as given",
                        "cwes": list(scenario.facts.cwes), "source": SOURCE, "functional": True, "secure": secure,
                        "verdict": "secure" if secure else "vulnerable",
                    }
                )  # fmt: skip
    collected = pl.DataFrame(answers, schema=COLLECTED)
    digest = hashlib.sha256(json.dumps([SOURCE, answers]).encode()).hexdigest()
    run = Run(folder, digest)
    if is_collection(folder) and read_collection(folder)["collection_hash"] == digest:
        return run
    if folder.is_dir() and any(path.name not in OURS for path in folder.iterdir()):
        raise DataError(
            f"{folder}: holds something else, or twins of another version; give --twins a folder of its own"
        )
    run.write("collected", collected, step="import", source=SOURCE)
    run.write("programs", pl.DataFrame(list(programs.values()), schema=PROGRAMS), step="import")
    write_collection(run, {"source": SOURCE, "layout": "twins", "licence": "as the suite", "rows": collected.height})
    return run
