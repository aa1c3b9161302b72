"""Semgrep rules of the user's own: read from folders, sorted by language, and faults named with file and mend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from weighbridge.errors import DataError, UnknownName
from weighbridge.panel import analyse, analysers_for, engine
from weighbridge.panel.rulefiles import cwes_in, laid, read_rules

RULE = {
    "id": "no-money",
    "languages": ["python"],
    "severity": "ERROR",
    "message": "Money.",
    "metadata": {"cwe": ["CWE-862: Missing Authorization"]},
    "pattern": "pay(...)",
}


def folder(tmp_path: Path, **files: object) -> Path:
    for name, content in files.items():
        text = content if isinstance(content, str) else yaml.safe_dump({"rules": content})
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


@pytest.mark.parametrize(
    ("value", "numbers"),
    [
        ("CWE-89: Improper Neutralization", (89,)),
        (["CWE-79", "cwe-80: x"], (79, 80)),
        (22, (22,)),
        ("cwe_78", (78,)),
        (["CWE-79", "CWE-79"], (79,)),
        (None, ()),
        ("none", ()),
        (True, ()),
    ],
)
def test_the_cwe_is_read_however_a_rule_writes_it(value: object, numbers: tuple[int, ...]) -> None:
    assert cwes_in(value) == numbers


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "holds no semgrep rule"),
        ({"a": "rules: ["}, r"a\.yaml: cannot be read as YAML"),
        ({"a": "rules:\n- pattern: x\n"}, r"a\.yaml: rule 1 has no `id`"),
        ({"a": [{"id": "x"}]}, r"a\.yaml: rule 'x' names no `languages`"),
    ],
)
def test_a_fault_in_a_rule_folder_names_file_and_mend(tmp_path: Path, files: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        read_rules([folder(tmp_path, **files)])
    with pytest.raises(DataError, match="is not there"):
        read_rules([tmp_path / "nowhere"])


def test_only_rules_for_the_language_are_laid_and_ids_stay_apart(tmp_path: Path) -> None:
    other = {**RULE, "languages": ["go"]}
    rules = read_rules([folder(tmp_path, a=[RULE, {**RULE, "pattern": "owe(...)"}], b=[other])])
    canary = "id: canary\nlanguages: [python]\nseverity: INFO\nmessage: m\npattern: f()\n"
    ids = [rule["id"] for rule in yaml.safe_load(laid(rules, "python", canary))["rules"]]
    assert ids == ["no-money", "no-money-again", "canary"]
    assert [rule["id"] for rule in yaml.safe_load(laid(rules, "rust", canary))["rules"]] == ["canary"]


def test_semgrep_is_an_instrument_only_where_rules_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="--rules"):
        analysers_for("python", tools=["semgrep"])
    rules = read_rules([folder(tmp_path, a=[RULE])])
    assert "semgrep" in analysers_for("python", rules=rules)
    assert "semgrep" not in analysers_for("go", rules=rules)


def test_a_rule_of_the_users_is_found_with_its_cwe_and_no_comment_silences_it(tmp_path: Path) -> None:
    if engine.version() is None:
        pytest.skip("semgrep is not installed: `weighbridge panel install semgrep` brings it")
    rules = read_rules([folder(tmp_path, a=[RULE])])
    programs = {"flagged": "pay(1)\n", "silenced": "pay(2)  # nosemgrep\n", "clean": "x = 1\n"}
    scans, findings = analyse(programs, "python", tools=["semgrep"], rules=rules)
    assert {(f.program, f.cwe, f.rule) for f in findings} == {(p, 862, "no-money") for p in ("flagged", "silenced")}
    assert {scan.state for scan in scans} == {"analysed"}
    assert all("1 rules" in scan.version for scan in scans)


def test_a_rule_that_semgrep_refuses_is_no_clean_result() -> None:
    said = {
        "results": [],
        "paths": {"scanned": []},
        "errors": [{"level": "error", "type": "Rule parse error", "message": "in rule no-money: Invalid pattern"}],
    }
    with pytest.raises(ValueError, match="no-money"):
        engine.read(json.dumps(said).encode(), b"", 2, {})


def test_a_file_that_semgrep_read_only_in_part_is_not_analysable() -> None:
    error = {"level": "warn", "type": ["PartialParsing", []], "path": "/srv/data/p00001.py", "message": "line 3"}
    said = {"results": [], "paths": {"scanned": ["/srv/data/p00001.py", "/srv/data/p00002.py"]}, "errors": [error]}
    reading = engine.read(json.dumps(said).encode(), b"", 0, {})
    assert set(reading.unreadable) == {"p00001"} and set(reading.read or ()) == {"p00001", "p00002"}
