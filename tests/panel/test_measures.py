"""Measures of programs: known programs have known numbers, and what is no program has none."""

from __future__ import annotations

import pytest

from weighbridge.panel import measuring
from weighbridge.panel.batches import Instrument, run

PYTHON = (
    '"""Said."""\n# said\n\ndef f(a):\n    if a:  # a branch\n        return 1\n    return 0\n\n\n'
    "def g():\n    return 2\n"
)
GO = "package main\n\n// Said.\nfunc f(a int) int {\n\tfor a > 0 {\n\t\ta--\n\t}\n\treturn a\n}\n"
C = "/* said\n   and said */\nint f(int a) {\n    return a && a > 1 ? 1 : 0;\n}\n"
JS = "// said\nfunction f(a) {\n  return a || 1;\n}\nconst g = (b) => b;\n"

CASES = [
    ("python", PYTHON, (11, 6, 2, 2, 3, 2)),
    ("go", GO, (9, 7, 1, 1, 2, 2)),
    ("c", C, (5, 3, 2, 1, 3, 3)),
    ("cpp", C, (5, 3, 2, 1, 3, 3)),
    ("javascript", JS, (5, 4, 1, 2, 3, 2)),
    ("typescript", JS, (5, 4, 1, 2, 3, 2)),
]
NAMES = ("lines", "code_lines", "comment_lines", "functions", "complexity", "complexity_most")


@pytest.mark.parametrize(("language", "text", "expected"), CASES, ids=[case[0] for case in CASES])
def test_lines_comments_functions_and_branches_are_counted(language: str, text: str, expected: tuple[int, ...]) -> None:
    (done,) = run(Instrument(measuring.NAME, measuring, language), {"it": text}, workers=1)
    assert done.said[0].numbers == dict(zip(NAMES, expected, strict=True))


def test_what_is_no_program_or_takes_too_long_has_no_numbers() -> None:
    texts = {"empty": "", "nul": "a\0", "huge": "a = 1\n" * 300_000, "good": "a = 1\n", "nested": "(" * 10_000}
    (done,) = run(Instrument(measuring.NAME, measuring, "python"), texts, workers=1)
    found = {one.program: one for one in done.said}
    assert all(
        found[name].numbers is None and found[name].state == "not analysable" for name in ("empty", "nul", "huge")
    )
    assert found["good"].numbers is not None and found["good"].numbers["lines"] == 1
