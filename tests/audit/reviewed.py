"""Small collections with planted verdicts, and a reviewer behind an endpoint, for the tests of ``audit.review``."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
from fault_server import Say, good, question

from weighbridge.audit.plan import Model
from weighbridge.audit.review.prepare import configured
from weighbridge.store.schemas import COLLECTED, PROGRAMS, REVIEWS
from weighbridge.store.tables import Run, write_collection

HASH = "c" * 64
SOURCE = "Somebody Else"


def sha(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def collection(folder: Path, rows: Sequence[dict[str, Any]]) -> Run:
    """A collection of answers: each row has ``text`` (None: no program) and any columns of ``collected``."""
    usual: dict[str, Any] = {
        "model": "m", "task": "t", "cluster": None, "language": "python", "mode": "gen", "repeat": 0,
        "extraction": "", "cwes": [89], "source": SOURCE, "functional": None, "secure": None, "verdict": None,
    }  # fmt: skip
    answers: list[dict[str, Any]] = []
    programs: dict[str, dict[str, Any]] = {}
    for number, row in enumerate(rows):
        text = row.get("text")
        fields = {name: value for name, value in row.items() if name != "text"}
        program = None if text is None else sha(text)
        state = "no program" if text is None else "program"
        one = {"answer": f"a{number}", "row": number, "state": state, "program": program, **usual, **fields}
        answers.append({**one, "cluster": one["cluster"] or one["task"]})
        if text is not None:
            programs[sha(text)] = {"program": sha(text), "language": "python", "text": text, "lines": 1}
    run = Run(folder, HASH)
    run.write("collected", pl.DataFrame(answers, schema=COLLECTED), step="import")
    run.write("programs", pl.DataFrame(list(programs.values()), schema=PROGRAMS), step="import")
    write_collection(run, {"source": SOURCE})
    return run


def reviews(said: dict[str, tuple[str, bool | None, list[int]]], reviewer: str = "r") -> pl.DataFrame:
    """Rows of the table ``reviews``: by program's text, its state, what was said, and the CWEs named."""
    rows = [
        {
            "program": sha(text), "reviewer": reviewer, "state": state, "vulnerable": vulnerable, "cwes": cwes,
            "detail": "", "input_tokens": 1, "output_tokens": 1, "dollars": 0.0,
        }
        for text, (state, vulnerable, cwes) in said.items()
    ]  # fmt: skip
    return pl.DataFrame(rows, schema=REVIEWS)


def reviewer(base_url: str, name: str = "r", **more: Any) -> Model:
    limits = {"concurrency": 4, "timeout": 5, "attempts": 2, **more.pop("limits", {})}
    return configured(name=name, model=name, base_url=base_url, sampling={"max_tokens": 200}, limits=limits, **more)


def mark(body: dict[str, Any]) -> str:
    """The mark of a question, as a model reads it."""
    return re.findall(r'"review": "([0-9a-f]+)"', question(body))[-1]


def program_in(body: dict[str, Any]) -> str:
    """The program in a question, without its line numbers."""
    between = question(body).split(f"BEGIN {mark(body)}\n")[1].split(f"\nEND {mark(body)}")[0]
    return "\n".join(re.sub(r"^\d+\| ", "", line) for line in between.split("\n"))


def verdict(body: dict[str, Any], vulnerable: bool, *cwes: int) -> str:
    findings = [{"cwe": cwe, "line": 1} for cwe in cwes]
    return json.dumps({"review": mark(body), "vulnerable": vulnerable, "findings": findings})


def says(vulnerable: Callable[[str], bool], *cwes: int) -> Callable[[dict[str, Any], int], Say]:
    """A script for a ``FaultServer``: a reviewer with a rule on the program's text."""

    def script(body: dict[str, Any], time: int) -> Say:
        yes = vulnerable(program_in(body))
        return good(verdict(body, yes, *(cwes if yes else ())))

    return script
