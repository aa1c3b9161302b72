"""What is made of an inventory: policy and baseline, SARIF, ML-BOM, a fleet's shares, the command's exit code; and no
key ever."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from typer.testing import CliRunner

from weighbridge import catalog
from weighbridge.cli import build
from weighbridge.cli.inventory import BREACHED
from weighbridge.errors import DataError
from weighbridge.inventory import bom, policy, sarif
from weighbridge.inventory.fleet import shares
from weighbridge.inventory.hits import Hit
from weighbridge.inventory.survey import Survey, survey

KEY = "sk-proj-Abcdefghijklmnopqrstuvwxyz0123456789"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "app"
    root.mkdir()
    (root / "a.py").write_text(
        'c = OpenAI(base_url="https://user:hunter2@api.deepseek.com/v1?k=' + KEY + '")\n'
        f'c.chat(model="deepseek-chat", api_key="{KEY}")\n'
        'x = AutoModel.from_pretrained("stranger/Qwen2.5-7B-Uncensored")\n'
        'y = AutoModel.from_pretrained("acme/own")\nz = f(model="gpt-4o")\n'
    )
    (root / ".env").write_text(f"OPENAI_API_KEY={KEY}\nMODEL=gpt-4o-{KEY}\nBASE=https://api.openai.com/v1/{KEY}\n")
    return root


def look(root: Path) -> Survey:
    return survey([root], catalog.load(), workers=1)


def breaches(root: Path, text: str) -> dict[tuple[str, str], bool]:
    book = catalog.load()
    path = root.parent / "policy.toml"
    path.write_text(text)
    found = policy.breaches(look(root).hits, policy.read(path, book), book)
    return {(breach.rule, breach.hit.name): breach.decided for breach in found}


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        (
            '[models]\nnot_from = ["CN"]',
            {
                ("models.not_from", "deepseek-v4-flash"): True,
                ("models.not_from", "stranger/Qwen2.5-7B-Uncensored"): True,
                ("models.not_from", "acme/own"): False,
                ("models.not_from", "gpt-4o-…"): False,
            },
        ),
        ('[models]\nnot_made_by = ["OpenAI"]\nunknown = "breach"', {("models.not_made_by", "gpt-4o"): True}),
        ('[models]\nnever = ["gpt-4o"]', {("models.never", "gpt-4o"): True}),
        (
            '[models]\nonly_licences = ["MIT"]',
            {("models.only_licences", "gpt-4o"): True, ("models.only_licences", "acme/own"): False},
        ),
        ('[hosts]\nnot_in = ["CN"]', {("hosts.not_in", "deepseek-api"): True}),
        ('[hosts]\nonly = ["openai-api"]', {("hosts.only", "deepseek-api"): True}),
    ],
)
def test_a_policy_finds_breaches_and_says_what_it_cannot_decide(
    tree: Path, rules: str, expected: dict[tuple[str, str], bool]
) -> None:
    found = breaches(tree, rules)
    for key, decided in expected.items():
        if key[1] != "gpt-4o-…":
            assert found.get(key) is decided, found
    if "only_licences" in rules:
        assert ("models.only_licences", "deepseek-v4-flash") not in found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[models]\nnot_form = ['CN']", "models.not_form"),
        ("[models]\nnot_from = ['China']", "models.not_from"),
        ("[models]\nnot_made_by = ['Nobody Ltd']", "Nobody Ltd"),
        ("[hosts]\nonly = ['nowhere']", "hosts.only"),
        ("[models", "cannot be read"),
    ],
)
def test_a_wrong_policy_names_file_and_field(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "p.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"p\.toml") as error:
        policy.read(path, catalog.load())
    assert words in str(error.value)


def test_the_command_exits_with_its_code_until_the_baseline_accepts(tree: Path, tmp_path: Path) -> None:
    rules, accepted = tmp_path / "p.toml", tmp_path / "accepted.json"
    rules.write_text('[models]\nnot_from = ["CN"]\n')
    run = CliRunner().invoke
    command = ["inventory", str(tree), "--policy", str(rules), "--workers", "1", "--json"]
    assert run(build(), command).exit_code == BREACHED
    assert run(build(), [*command, "--write-baseline", str(accepted)]).exit_code == 0
    (tree / "a.py").write_text("\n\n" + (tree / "a.py").read_text())
    assert run(build(), [*command, "--baseline", str(accepted)]).exit_code == 0, "lines that moved are no new breach"
    (tree / "b.py").write_text('model = "qwen-max"')
    result = run(build(), [*command, "--baseline", str(accepted)])
    assert result.exit_code == BREACHED
    fresh = [row for row in json.loads(result.stdout)["breaches"] if row["decided"] and not row["accepted"]]
    assert [row["file"] for row in fresh] == ["b.py"]


def test_no_output_ever_holds_a_key(tree: Path, tmp_path: Path) -> None:
    bill, log = tmp_path / "bom.json", tmp_path / "log.sarif"
    command = ["inventory", str(tree), "--workers", "1", "--bom", str(bill), "--sarif", str(log)]
    texts = [CliRunner().invoke(build(), [*command, *more]).output for more in (["--json"], ["--hints"])]
    for text in [*texts, bill.read_text(), log.read_text()]:
        assert "api.deepseek.com" in text.replace("\n", "") or "deepseek-api" in text
        assert KEY[8:20] not in text and "hunter2" not in text


def test_the_bom_validates_against_the_schema_of_cyclonedx(tree: Path) -> None:
    found = look(tree)
    text = bom.document("app", found.hits, catalog.load(), many=False)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    table = json.loads(text)
    kinds = {row["name"]: row for row in table["components"]}
    assert kinds["gpt-4o"]["type"] == "machine-learning-model"
    assert kinds["gpt-4o"]["manufacturer"]["address"]["country"] == "US"
    assert {row["name"] for row in table["services"]} >= {"deepseek-api"}


def sarif_faults(log: dict[str, Any]) -> list[str]:
    """What SARIF 2.1.0 requires of the parts that are written (sections 3.13, 3.19, 3.27, 3.28, 3.30, 3.49)."""
    faults = [] if log["version"] == "2.1.0" and log["$schema"].startswith("https://") else ["version"]
    for run in log["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        faults += [] if run["tool"]["driver"]["name"] and len(rules) == len(set(rules)) else ["driver"]
        for row in run["results"]:
            faults += [] if rules[row["ruleIndex"]] == row["ruleId"] else ["ruleIndex"]
            faults += (
                [] if row["level"] in {"none", "note", "warning", "error"} and row["message"]["text"] else ["level"]
            )
            for place in row["locations"]:
                uri = place["physicalLocation"]["artifactLocation"]["uri"]
                faults += ["uri"] if " " in uri or uri.startswith("/") or "\\" in uri else []
                faults += ["line"] if place["physicalLocation"].get("region", {"startLine": 1})["startLine"] < 1 else []
    return faults


def test_sarif_has_the_structure_that_the_standard_asks_for(tree: Path) -> None:
    (tree / "a b.py").write_text('model = "gpt-4o"')
    (tree / "m.gguf").write_bytes(b"GGUF" + b"\3\0\0\0" + b"\0" * 16)
    found, book = look(tree), catalog.load()
    path = tree.parent / "p.toml"
    path.write_text('[models]\nnot_from = ["CN"]\n')
    log = sarif.document(found.hits, policy.breaches(found.hits, policy.read(path, book), book), many=False)
    assert sarif_faults(log) == []
    assert {row["level"] for row in log["runs"][0]["results"]} == {"note", "warning", "error"}


NAMES = [
    "new\nline.py",
    "\x1b[31mred.py",
    "[bold]markup.py",
    "turn\u202eyp.py",
    "quote\"'`<&>.py",
    "per%20cent #?.py",
]


def test_names_and_strings_of_strangers_break_no_output(tmp_path: Path) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for name in [*NAMES, os.fsdecode(b"caf\xe9.py")]:
        (root / name).write_text(
            'model = "gpt-4o"\nm(model="acme/x\\u001b[2J-7b")\nb = "https://api.openai.com/\x1b]0;x\x07"\n'
        )
    (root / "half.ipynb").write_text('{"cells": [{"cell_type": "code", "source": "model = \'gpt-4o-\\ud800\'"}]}')
    bill, log = tmp_path / "bom.json", tmp_path / "log.sarif"
    command = ["inventory", str(root), "--workers", "1", "--bom", str(bill), "--sarif", str(log)]
    as_json = CliRunner().invoke(build(), [*command, "--json"])
    as_table = CliRunner().invoke(build(), [*command, "--hints"])
    assert as_json.exit_code == as_table.exit_code == 0
    for text in (as_json.output, as_table.output, bill.read_text(), log.read_text()):
        assert not {"\x1b", "\x07", "\u202e"} & set(text)
    table = json.loads(as_json.stdout)
    files = {row["file"] for row in table["hits"] if row["name"] == "gpt-4o"}
    assert len(files) == len(NAMES) + 1 and "new\\nline.py" in files and "[bold]markup.py" in files
    assert "[bold]markup" in as_table.output.replace("\n", "")
    assert sarif_faults(json.loads(log.read_text())) == []
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill.read_text()) is None


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--policy", "nowhere.toml"], "nowhere.toml"),
        (["--policy", "p.toml", "--baseline", "p.toml"], "is no baseline"),
        (["--baseline", "p.toml"], "--policy"),
        (["--sarif", "no/such/folder/x"], "folder does not exist"),
        (["--fleet"], "has no folder in it"),
    ],
)
def test_what_cannot_be_used_is_said_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str], words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("p.toml").write_text('[models]\nnot_from = ["CN"]\n')
    Path("a.py").write_text("model = 'gpt-4o'")
    result = CliRunner().invoke(build(), ["inventory", ".", *more])
    assert isinstance(result.exception, DataError)
    assert words in str(result.exception) and result.stdout == ""


def hit(repository: str, origin: str, *, counted: bool = True) -> Hit:
    return Hit(repository, "a.py", 1, "model", origin, "", "certain", "code", counted, origin=origin)


def test_shares_of_a_fleet_are_intervals_where_origins_are_unknown() -> None:
    repositories = [f"r{number}" for number in range(10)]
    hits = [
        hit("r0", "open_cn"),
        hit("r0", "open_cn"),
        hit("r1", "open_cn"),
        hit("r2", "unknown"),
        hit("r3", "open_other"),
    ]
    rows = {row.name: row for row in shares(repositories, [*hits, hit("r4", "open_cn", counted=False)])}
    cn = rows["open_cn"]
    assert (cn.repositories, cn.at_most, cn.of, cn.share, cn.share_at_most) == (2, 3, 10, 0.2, 0.3)
    assert cn.low == pytest.approx(0.0567, abs=1e-3) and cn.high == pytest.approx(0.6032, abs=1e-3)
    users = rows["open_cn_of_users"]
    assert (users.repositories, users.of) == (2, 4)
    assert rows["any"].repositories == 4
    assert shares([], [])[0].share is None


def test_a_fleet_is_counted_by_folder(tmp_path: Path) -> None:
    for name, model in (("a", "qwen-max"), ("b", "gpt-4o"), ("c", "")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.py").write_text(f"model = '{model}'")
    result = CliRunner().invoke(build(), ["inventory", str(tmp_path), "--fleet", "--workers", "1", "--json"])
    table = json.loads(result.stdout)
    assert table["repositories"] == ["a", "b", "c"]
    assert {row["name"]: row["repositories"] for row in table["fleet"]}["proprietary_cn"] == 1


def test_a_pool_finds_what_one_process_finds(tmp_path: Path) -> None:
    for number in range(700):
        (tmp_path / f"f{number}.py").write_text("model = 'gpt-4o'" if number % 7 == 0 else "x = 1")
    book = catalog.load()
    assert survey([tmp_path], book, workers=2).hits == survey([tmp_path], book, workers=1).hits
