"""Every analyser on programs of ours: what it must flag, what no comment may switch off, what it cannot read.

A tool of a tool set that is not installed skips with the command that brings it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from weighbridge.panel import Done, every_analyser
from weighbridge.panel.analysers import weighbridge
from weighbridge.panel.batches import Instrument, run

ROUTE = """const child = require('child_process');
const express = require('express');
const app = express();
app.get('/', function (req, res) {
  child.exec('ls ' + req.query.name, () => res.end());%s
});
"""
COPY = "#include <string.h>\nvoid f(const char *from) {\n    char to[8];\n    strcpy(to, from);%s\n}\n"
BEYOND = "void f(void) {\n    char a[4];\n%s    a[7] = 1;\n}\n"
EVAL = "%sfunction f(x) {\n  return eval(x + 1);%s\n}\n"
SHELL = 'package main\n\nfunc f(name string) {\n\texec.Command("sh", "-c", "ls "+name).Run()%s\n}\n'


@dataclass(frozen=True)
class Case:
    tool: str
    language: str
    plain: str
    cwe: int
    silenced: tuple[str, ...]
    """The same flaw, with the comments by which a program may ask this tool to look away."""
    broken: str | None
    """A text that this tool cannot parse; None: it parses nothing (flawfinder searches for words)."""
    clean: str


CASES = [
    Case(
        "bandit",
        "python",
        "import pickle\nx = pickle.loads(y)\n",
        502,
        ("import pickle\nx = pickle.loads(y)  # nosec\n", "import pickle\nx = pickle.loads(y)  # nosec B301\n"),
        "def f(:\n",
        "x = 1\n",
    ),
    Case(
        "ruff",
        "python",
        "import pickle\nx = pickle.loads(y)\n",
        502,
        ("import pickle\nx = pickle.loads(y)  # noqa\n", "# ruff: noqa\nimport pickle\nx = pickle.loads(y)\n"),
        "def f(:\n",
        "x = 1\n",
    ),
    Case(
        "cppcheck",
        "cpp",
        BEYOND % "",
        788,
        (BEYOND % "    // cppcheck-suppress arrayIndexOutOfBounds\n", "// cppcheck-suppress-file *\n" + BEYOND % ""),
        "void f( { ) }\n",
        "int f(void) {\n    return 1;\n}\n",
    ),
    Case(
        "flawfinder",
        "c",
        COPY % "",
        120,
        (COPY % "  /* Flawfinder: ignore */", COPY % "  /* RATS: ignore */"),
        None,
        "int f(void) {\n    return 1;\n}\n",
    ),
    Case(
        "eslint",
        "javascript",
        EVAL % ("", ""),
        95,
        (EVAL % ("/* eslint-disable */\n", ""), EVAL % ("", "  // eslint-disable-line no-eval")),
        "function ( {\n",
        "export const f = (a) => a + 1;\n",
    ),
    Case(
        "eslint",
        "typescript",
        EVAL.replace("x)", "x: string)", 1) % ("", ""),
        95,
        (EVAL % ("// eslint-disable-next-line\n/* eslint no-eval: 0 */\n", ""),),
        "const f: = ;\n",
        "export const f = (a: number): number => a + 1;\n",
    ),
    Case(
        "njsscan",
        "javascript",
        ROUTE % "",
        78,
        (ROUTE % "  // njsscan-ignore: generic_os_command_exec", ROUTE % "  // nosemgrep"),
        "function ( {\n",
        "const f = (a) => a + 1;\n",
    ),
    Case(
        "weighbridge",
        "go",
        SHELL % "",
        78,
        (SHELL % " // nosemgrep", SHELL % " // nosem: go-shell-command"),
        # with words of a rule in it: semgrep does not parse a file in which no rule could match
        'package main\n\nfunc f(x string) {\n\texec.Command("sh", "-c", x)\n\t)))\n}\n',
        "package main\n\nfunc f() int {\n\treturn 1\n}\n",
    ),
]
HOSTILE = {
    "huge": "a = 1;\n" * 1_500_000,
    "nul": "a\0b = 1\n",
    "junk": "".join(chr(n % 32) for n in range(4000)),
    "empty": "",
    "blank": " \n\t\n",
    "surrogate": "a = '\ud800'\n",
    "nested": "(" * 10_000,
}
NOT_TEXT = {"huge", "nul", "junk", "empty", "blank"}
IDS = [f"{case.tool}-{case.language}" for case in CASES]


def examples(language: str) -> dict[str, str]:
    """What each rule of ours must flag, and what it must pass."""
    rules = [rule for rule in weighbridge._RULES if rule.reads(language)]
    return {f"{rule.id} {which}": weighbridge.example(rule, which) for rule in rules for which in ("flags", "passes")}


@cache
def said(number: int) -> Done:
    """One run over all programs of a case, hostile ones among them."""
    case = CASES[number]
    analyser = every_analyser()[case.tool]
    if analyser.version() is None:
        pytest.skip(f"{case.tool} is not installed: {analyser.FACTS.install}")
    programs = {"plain": case.plain, "clean": case.clean, **HOSTILE}
    programs |= {f"silenced {place}": text for place, text in enumerate(case.silenced)}
    if case.tool == "weighbridge":
        programs |= examples(case.language)
    if case.broken is not None:
        programs["broken"] = case.broken
    batches = list(run(Instrument(case.tool, analyser, case.language), programs))
    assert len({done.version for done in batches}) == 1
    return Done(case.tool, batches[0].version, case.language, [one for done in batches for one in done.said])


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_a_flaw_is_flagged_with_its_cwe_and_line_and_a_clean_program_is_not(number: int) -> None:
    findings = said(number).findings()
    assert any(f.program == "plain" and f.cwe == CASES[number].cwe and f.line > 1 for f in findings)
    assert not [f for f in findings if f.program == "clean"]
    assert {one.state for one in said(number).said if one.program in ("plain", "clean")} == {"analysed"}


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_no_comment_in_a_program_switches_its_judge_off(number: int) -> None:
    rules: dict[str, set[str]] = {}
    for finding in said(number).findings():
        rules.setdefault(finding.program, set()).add(finding.rule)
    for place in range(len(CASES[number].silenced)):
        assert rules.get(f"silenced {place}", set()) >= rules["plain"]


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_a_program_that_a_tool_cannot_parse_is_not_clean(number: int) -> None:
    states = {one.program: one.state for one in said(number).said}
    assert states.get("broken", "not analysable") == "not analysable"


@pytest.mark.parametrize("number", range(len(CASES)), ids=IDS)
def test_what_is_no_program_is_not_analysable_and_takes_no_other_with_it(number: int) -> None:
    states = {one.program: one.state for one in said(number).said}
    assert {states[name] for name in NOT_TEXT} == {"not analysable"}
    assert states["nested"] in ("analysed", "not analysable") and states["surrogate"] in ("analysed", "not analysable")
    assert len(states) == len(said(number).said)


@pytest.mark.parametrize("language", ["go", "javascript"])
def test_each_rule_of_ours_flags_its_example_and_passes_the_mended_one(language: str) -> None:
    if weighbridge.version() is None:
        pytest.skip(f"semgrep is not installed: {weighbridge.FACTS.install}")
    rules = [rule for rule in weighbridge._RULES if rule.reads(language)]
    if language == "go":  # they were in the run of this tool's case
        batches = [said(IDS.index("weighbridge-go"))]
    else:
        batches = list(run(Instrument("weighbridge", every_analyser()["weighbridge"], language), examples(language)))
    remarks = [(one.program, remark.rule) for done in batches for one in done.said for remark in one.remarks]
    named = [(program, rule) for program, rule in remarks if program in examples(language)]
    assert rules and all(len(rule.cwes) == 1 for rule in rules)
    assert set(named) == {(f"{rule.id} flags", rule.id) for rule in rules}
