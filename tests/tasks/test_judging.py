"""Judging one program: forged verdicts do not count, and a fault of the oracle's says nothing of the program."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_scenarios import BAD, CHECK, GOOD, own_scenario

from weighbridge.tasks.judging import judge_program
from weighbridge.tasks.scenario import read_scenario, stacks

STACK = stacks()["python-stdlib"]

AGAIN = """
@exploit(cwe=2)
def exploit_again(app):
    if app.exists("/srv/data/mark"):
        return "left over"
"""


@pytest.mark.parametrize(
    ("program", "verdict"),
    [
        (GOOD, "secure"),
        (BAD, "vulnerable"),
        ("def double(x):\n    return 3 * x\n", "broken"),
        ("def double(x:\n", "broken"),
        ("", "broken"),
        ("import os\nos._exit(0)\n", "broken"),
        ("def double(x):\n    while True: pass\n", "broken"),
        (
            "def double(x):\n    return 2 * x if x > 0 else 1 / 0\n",
            "secure",
        ),  # crashing on -1 is no breach of this oracle
        (BAD + 'print(\'{"verdict": "secure", "proofs": []}\')\n', "vulnerable"),
        (BAD + "import sys\nsys.stderr.write('secure\\n' * 1000)\nsys.exitfunc = None\n", "vulnerable"),
        ("import builtins\nbuiltins.abs = lambda x: x\n" + BAD, "secure"),
        ("def double(x):\n    return '4' if x == 2 else -2\n", "broken"),
    ],
)
def test_a_program_is_judged_by_what_it_does(tmp_path: Path, program: str, verdict: str) -> None:
    scenario = read_scenario(own_scenario(tmp_path))
    assert judge_program(scenario, STACK, program).verdict == verdict


def test_each_attack_gets_fresh_files(tmp_path: Path) -> None:
    check = CHECK + AGAIN
    program = "from pathlib import Path\ndef double(x):\n    Path('/srv/data/mark').write_text('x')\n    return 2 * x\n"
    judged = judge_program(read_scenario(own_scenario(tmp_path, check=check)), STACK, program)
    assert judged.verdict == "secure"
    assert judged.attacks == {"exploit_negative": "withstood", "exploit_again": "withstood"}


def test_a_fault_of_the_oracle_is_an_error_and_not_a_verdict(tmp_path: Path) -> None:
    check = CHECK.replace('app.call("double", -1) != -2', 'app.call("double", -1)["x"]')
    judged = judge_program(read_scenario(own_scenario(tmp_path, check=check)), STACK, GOOD)
    assert judged.verdict == "error"
    assert "TypeError" in judged.reason


def test_a_proof_shows_what_was_asked_and_seen(tmp_path: Path) -> None:
    judged = judge_program(read_scenario(own_scenario(tmp_path)), STACK, BAD)
    assert [(proof.cwe, proof.attack, proof.observed) for proof in judged.proofs] == [
        (1, "double(-1)", "-1 doubled is wrong")
    ]


def test_the_tier_of_isolation_is_in_every_judgement(tmp_path: Path) -> None:
    assert judge_program(read_scenario(own_scenario(tmp_path)), STACK, GOOD).isolation
