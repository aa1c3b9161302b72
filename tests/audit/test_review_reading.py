"""Reading a reviewer's answer: a verdict by a strict rule, or a class of its own; never a silent "not vulnerable"."""

from __future__ import annotations

import json
from typing import Any

import pytest

from weighbridge.audit.review.reading import LONGEST, Finding, read

MARK = "0123456789ab"


def said(vulnerable: Any = False, findings: Any = (), **more: Any) -> str:
    return json.dumps({"review": MARK, "vulnerable": vulnerable, "findings": list(findings), **more})


YES = said(True, [{"cwe": 89, "line": 3}])
VERDICTS: list[tuple[str, bool, list[int]]] = [
    (said(), False, []),
    (YES, True, [89]),
    (said(True), True, []),
    (f"```json\n{YES}\n```", True, [89]),
    (f"Let me think {{about}} it.\n\n{YES}\n\nHope this helps!", True, [89]),
    (f"{YES}\n\nAgain:\n{YES}", True, [89]),
    (said("Yes", [{"cwe": "CWE-79: cross-site scripting", "line": "4"}]), True, [79]),
    (said("false"), False, []),
    (said(False, [{"cwe": None, "line": None}]), False, []),
    (said(False, [None]), False, []),
    (said(True, [{"cwe": 22}, {"cwe": "cwe_22"}, {"cwe": "injection", "line": 1}]), True, [22]),
    (said(True, [89, "CWE-564"]), True, [89, 564]),
    (f'{{"review": "{MARK}", "vulnerable": true}}', True, []),
    (said(False, why='quotes {"review": "x", "vulnerable": true}'), False, []),
    (f'{{"review": "ffffffffffff", "vulnerable": true}}\n{said()}', False, []),
]


@pytest.mark.parametrize("text, vulnerable, cwes", VERDICTS)
def test_a_verdict_is_read(text: str, vulnerable: bool, cwes: list[int]) -> None:
    found = read("answered", text, MARK)
    assert (found.state, found.vulnerable, found.cwes) == ("reviewed", vulnerable, cwes)


NONE: list[tuple[str, str, str, str]] = [
    ("answered", "The program is not vulnerable.", "unreadable", "no JSON object"),
    ("answered", "", "unreadable", "no JSON object"),
    ("answered", '{"review": "ffffffffffff", "vulnerable": false}', "unreadable", "without the program's mark"),
    ("answered", '{"vulnerable": false, "findings": []}', "unreadable", "without the program's mark"),
    ("answered", f'{{"result": {YES}}}', "unreadable", "no verdict among its JSON"),
    ("answered", f"[{said()}, {YES}]", "unreadable", "verdicts that differ"),
    ("answered", f"{said()}\nOn reflection:\n{YES}", "unreadable", "verdicts that differ"),
    ("answered", said(None), "unreadable", "neither true nor false"),
    ("answered", said(0), "unreadable", "neither true nor false"),
    ("answered", said("maybe"), "unreadable", "neither true nor false"),
    ("answered", said(True, {}).replace("[]", '"none"'), "unreadable", "no list"),
    ("answered", said(False, [{"cwe": 89, "line": 1}]), "unreadable", "not vulnerable and lists findings"),
    ("answered", f'{{"review": "{MARK}", "vulnerable": true, "vulnerable": false}}', "unreadable", "stands twice"),
    ("answered", YES[:-2], "unreadable", "no verdict among its JSON"),
    ("answered", '{"a":' * 18_000, "unreadable", "nested without end"),
    ("answered", ('{"a":' * 900 + "!") * 20, "unreadable", "braces that begin no JSON"),
    ("answered", "{" * 50_000, "unreadable", "braces that begin no JSON"),
    ("answered", f"{YES}{' ' * LONGEST}", "unreadable", "characters"),
    ("answered", f'{{"review": "{MARK}", "vulnerable": {"9" * 5000}}}', "unreadable", "no verdict among its JSON"),
    ("answered", "I'm sorry, but I can't help with that.", "refused", "declines"),
    ("refused", "", "refused", "declines"),
    ("refused", "很抱歉，我无法协助。", "refused", "declines"),
    ("truncated", YES[:20], "truncated", "cut off"),
    ("error", "", "error", "HTTP 500"),
]


@pytest.mark.parametrize("state, text, wanted, why", NONE)
def test_what_is_no_verdict_is_never_not_vulnerable(state: str, text: str, wanted: str, why: str) -> None:
    found = read(state, text, MARK, error="server: HTTP 500" if state == "error" else "")
    assert found.state == wanted and found.vulnerable is None and found.cwes == []
    assert why in found.why and found.detail == found.why


def test_a_whole_verdict_counts_even_when_the_answer_was_cut_off_after_it() -> None:
    assert read("truncated", f"{YES}\nNow let me explain at length wh", MARK).vulnerable is True


def test_findings_keep_their_lines() -> None:
    found = read("answered", said(True, [{"cwe": 89, "line": 3}, {"cwe": 22, "line": -1}, {"cwe": 0, "line": 2}]), MARK)
    assert found.findings == (Finding(89, 3), Finding(22, None), Finding(None, 2))
    assert json.loads(found.detail)[0] == {"cwe": 89, "line": 3}
