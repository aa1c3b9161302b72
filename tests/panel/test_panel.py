"""The panel: findings with a CWE; a canary finds out a tool that read nothing; what cannot be read is not clean."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from weighbridge import cell, panel
from weighbridge.panel import analyse, analysers_for
from weighbridge.panel.face import WORK
from weighbridge.panel.silence import unseen

PICKLE = "import pickle\n\ndef load(text):\n    return pickle.loads(text)\n"
HIDDEN = "import hashlib\n\ndef weak(text):\n    return hashlib.md5(text).hexdigest()  # nosec  # noqa\n"
CLEAN = "def add(a, b):\n    return a + b\n"
BROKEN = "def f(:\n"
PROGRAMS = {hashlib.sha256(text.encode()).hexdigest(): text for text in (PICKLE, HIDDEN, CLEAN, BROKEN)}
PICKLE_ID, HIDDEN_ID, CLEAN_ID, BROKEN_ID = PROGRAMS


def test_findings_carry_their_cwe_and_a_clean_program_has_none() -> None:
    _, findings = analyse(PROGRAMS, "python")
    for tool in ("bandit", "ruff"):
        assert any(f.program == PICKLE_ID and f.tool == tool and f.cwe == 502 and f.line == 4 for f in findings)
    assert not [f for f in findings if f.program == CLEAN_ID]
    assert not [f for f in findings if f.program == panel.CANARY_NAME]


def test_a_comment_does_not_switch_a_tool_off() -> None:
    _, findings = analyse({HIDDEN_ID: HIDDEN}, "python")
    assert {f.tool for f in findings} == {"bandit", "ruff"}


def test_what_cannot_be_parsed_is_not_clean() -> None:
    scans, _ = analyse(PROGRAMS, "python")
    states = {(scan.program, scan.tool): scan.state for scan in scans}
    for tool in ("bandit", "ruff"):
        assert states[BROKEN_ID, tool] == "not analysable"
        assert states[CLEAN_ID, tool] == "analysed"


@pytest.mark.parametrize("name", sorted(analysers_for("python")))
def test_a_tool_that_reads_nothing_is_found_out_by_its_canary(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = analysers_for("python")[name]
    real = module.command("python")
    elsewhere = [word.replace(WORK, "/srv/data/no-such-folder") for word in real.argv]
    monkeypatch.setattr(module, "command", lambda language: replace(real, argv=elsewhere))
    scans, findings = analyse({CLEAN_ID: CLEAN}, "python")
    assert [scan.state for scan in scans if scan.tool == name] == ["canary failed"]
    assert not [finding for finding in findings if finding.tool == name]


def test_a_missing_tool_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(analysers_for("python")["bandit"], "version", lambda: None)
    scans, _ = analyse({CLEAN_ID: CLEAN}, "python")
    (scan,) = [scan for scan in scans if scan.tool == "bandit"]
    assert scan.state == "tool missing" and scan.program == CLEAN_ID and "install" in scan.detail


def test_one_program_that_chokes_a_tool_does_not_take_the_others_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = cell.run_tool

    def choking(argv: list[str], files: dict[str, bytes], **options: object) -> cell.ToolResult:
        result = real(argv, files, **options)  # type: ignore[arg-type]
        if any(HIDDEN.encode() == content for content in files.values()):
            return cell.ToolResult(None, b"", b"", False, "timeout", result.report)
        return result

    monkeypatch.setattr(cell, "run_tool", choking)
    scans, findings = analyse(PROGRAMS, "python")
    states = {(scan.program, scan.tool): scan.state for scan in scans}
    assert states[HIDDEN_ID, "bandit"] == "not analysable"
    assert states[PICKLE_ID, "bandit"] == "analysed"
    assert any(f.program == PICKLE_ID for f in findings)


def test_a_program_that_hangs_is_found_in_few_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each run that it is in may use up a minute."""
    real, hung = cell.run_tool, list[int]()

    def hanging(argv: list[str], files: dict[str, bytes], **options: object) -> cell.ToolResult:
        if any(HIDDEN.encode() == content for content in files.values()):
            hung.append(len(files))
            return cell.ToolResult(None, b"", b"", False, "cpu", None)  # type: ignore[arg-type]
        return real(argv, files, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(cell, "run_tool", hanging)
    programs = {HIDDEN_ID: HIDDEN, **{f"other{number}": f"x = {number}\n" for number in range(62)}}
    scans, _ = analyse(programs, "python", tools=["ruff"], workers=1)
    assert [scan.program for scan in scans if scan.state != "analysed"] == [HIDDEN_ID]
    assert len(scans) == 63 and len(hung) == 4


@pytest.mark.parametrize(
    ("proved", "named", "is_unseen"),
    [
        ([22], [], True),
        ([22], [22], False),
        ([22], [73], False),
        ([22], [327, None], True),
        ([916], [327], False),
        ([22, 79], [79], False),
        ([999], [999], False),
        ([999], [22], True),
    ],
)
def test_unseen_means_that_no_tool_spoke_of_any_proved_flaw(
    proved: list[int], named: list[int], is_unseen: bool
) -> None:
    assert unseen(proved, named) is is_unseen


def test_only_an_exploited_program_can_be_unseen() -> None:
    with pytest.raises(ValueError, match="exploited"):
        unseen([], [22])
