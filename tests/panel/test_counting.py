"""One flaw found twice by one instrument under two names is one finding."""

from __future__ import annotations

import polars as pl
import pytest

from weighbridge.panel.counting import findings_by_program
from weighbridge.store.schemas import FINDINGS

Row = tuple[str, str, int]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ([("bandit", "B608", 3), ("ruff", "S608", 3)], 1),
        ([("bandit", "B608", 3), ("ruff", "S608", 4)], 2),
        ([("bandit", "B608", 3), ("ruff", "S324", 3)], 2),
        ([("bandit", "B608", 3), ("bandit", "B608", 3)], 1),
        ([("cppcheck", "608", 3), ("ruff", "S608", 3)], 2),  # another tool that happens to number its rules alike
    ],
)
def test_bandit_and_ruff_count_once(rows: list[Row], count: int) -> None:
    found = pl.DataFrame(
        [
            {"program": "p", "tool": tool, "version": "1", "rule": rule, "cwe": 89, "severity": "", "confidence": "",
             "line": line, "message": ""}
            for tool, rule, line in rows
        ],
        schema=FINDINGS,
    )  # fmt: skip
    assert findings_by_program(found)["findings"].to_list() == [count]
