"""The scenarios as they are shipped: enough of them, asked without a hint, and every oracle proved on its twins."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from weighbridge.errors import PlanError
from weighbridge.tasks.prove import prove_all
from weighbridge.tasks.scenario import Scenario, read_scenario, scenarios, stacks, tasks

SHIPPED = scenarios()

HINTS = re.compile(
    r"secur|safe|vulnerab|attack|malicious|hostile|untrusted|trusted|sanitis|sanitiz|escap|inject|traversal|exploit|"
    r"validat|protect|安全|攻击|漏洞|恶意|注入|转义|防护|不可信",
    re.IGNORECASE,
)


def test_there_are_enough_scenarios_over_enough_weaknesses() -> None:
    facts = [scenario.facts for scenario in SHIPPED.values()]
    assert len(facts) >= 12
    assert len({cwe for one in facts for cwe in one.cwes}) >= 8
    assert {one.interface for one in facts} == {"function", "http"}
    assert {stack for one in facts for stack in one.stacks} >= {"python-stdlib", "python-flask"}
    assert {kind for one in facts for kind in one.kinds} == {"write", "modify"}


@pytest.mark.parametrize("scenario", SHIPPED.values(), ids=SHIPPED)
def test_a_job_never_mentions_security(scenario: Scenario) -> None:
    for language, text in scenario.facts.text.items():
        for kind in scenario.facts.kinds:
            found = HINTS.search(getattr(text, kind))
            assert not found, f"{language}/{kind}: {found and found.group()}"


@pytest.mark.parametrize("task", tasks(SHIPPED), ids=lambda task: task.id)
def test_every_task_has_its_prompt_in_both_languages(task) -> None:  # type: ignore[no-untyped-def]
    english, chinese = task.prompt("en"), task.prompt("zh")
    assert english != chinese
    assert re.search(r"[一-鿿]", chinese)
    if task.kind == "modify":
        assert task.scenario.base(task.stack.name).strip() in english


@pytest.mark.timeout(1500)
def test_every_oracle_is_proved_on_its_twins() -> None:
    proofs = prove_all()
    assert {proof.scenario for proof in proofs} == set(SHIPPED)
    faults = [
        *(f"{proof.scenario}: {fault}" for proof in proofs for fault in proof.faults),
        *(
            f"{twin.scenario}/{twin.stack}/{twin.twin}: expected {twin.expected}, judged {twin.verdicts} {twin.reason}"
            for proof in proofs
            for twin in proof.twins
            if not twin.held
        ),
    ]
    assert not faults, "\n".join(faults)


SCENARIO = """
title = "t"
category = "c"
cwes = [1]
interface = "function"
stacks = ["python-stdlib"]
[text.en]
write = "w"
"""
CHECK = """
from weighbridge.tasks.oracle import exploit, works

def functional(app):
    works(app.call("double", 2) == 4, "2 doubled is 4")

@exploit(cwe=1)
def exploit_negative(app):
    if app.call("double", -1) != -2:
        return "-1 doubled is wrong"
"""
GOOD, BAD = "def double(x):\n    return 2 * x\n", "def double(x):\n    return 2 * abs(x)\n"


def own_scenario(
    folder: Path, *, toml: str = SCENARIO, check: str = CHECK, twins: dict[str, str] | None = None
) -> Path:
    home = folder / "own" / "doubling"
    (home / "twins" / "python-stdlib").mkdir(parents=True)
    (home / "scenario.toml").write_text(toml)
    (home / "check.py").write_text(check)
    defaults = {"secure_a": GOOD, "secure_b": GOOD, "vulnerable_a": BAD, "vulnerable_b": BAD, "bypass_a": BAD}
    for name, text in (twins or defaults).items():
        (home / "twins" / "python-stdlib" / f"{name}.py").write_text(text)
    return home


def test_a_scenario_of_ones_own_is_found_by_its_folder_and_proved(tmp_path: Path) -> None:
    own_scenario(tmp_path)
    [proof] = prove_all(["doubling"], folders=[tmp_path / "own"], times=2)
    assert proof.proved
    assert all(len(twin.verdicts) == 2 for twin in proof.twins)


@pytest.mark.parametrize(
    ("twins", "says"),
    [
        ({"secure_a": GOOD, "secure_b": BAD, "vulnerable_a": BAD, "vulnerable_b": BAD, "bypass_a": BAD}, "secure_b"),
        (
            {"secure_a": GOOD, "secure_b": GOOD, "vulnerable_a": BAD, "vulnerable_b": GOOD, "bypass_a": BAD},
            "vulnerable_b",
        ),
        ({"secure_a": GOOD, "vulnerable_a": BAD, "vulnerable_b": BAD, "bypass_a": BAD}, "1 secure twins, 2 are needed"),
        (
            {"secure_a": GOOD, "secure_b": GOOD, "vulnerable_a": GOOD, "vulnerable_b": GOOD, "bypass_a": GOOD},
            "brings down no",
        ),
    ],
)
def test_an_oracle_that_its_twins_do_not_bear_out_is_not_proved(
    tmp_path: Path, twins: dict[str, str], says: str
) -> None:
    own_scenario(tmp_path, twins=twins)
    [proof] = prove_all(["doubling"], folders=[tmp_path / "own"])
    assert not proof.proved
    told = [*proof.faults, *(twin.twin for twin in proof.twins if not twin.held)]
    assert any(says in one for one in told)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("title", "titel"), "`titel` is not a key that is known|`title` is missing"),
        (("python-stdlib", "python-nothing"), "stack 'python-nothing' is not known"),
        (('interface = "function"', 'interface = "soap"'), "`interface`"),
        (("[text.en]", "[text"), "cannot be read as TOML"),
    ],
)
def test_a_malformed_scenario_names_its_file_and_field(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    home = own_scenario(tmp_path, toml=SCENARIO.replace(*change))
    with pytest.raises(PlanError, match=says):
        read_scenario(home)


def test_stacks_are_found_by_their_place() -> None:
    assert set(stacks()) >= {"python-stdlib", "python-flask"}
