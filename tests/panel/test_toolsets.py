"""Tool sets: held to hashes, found by place, keyed by their locks, and a failed installation leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from weighbridge.errors import DataError, UnknownName
from weighbridge.panel import every_analyser, toolsets


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and tool sets of its own."""
    for name in ("one", "two"):
        (tmp_path / "sets" / name).mkdir(parents=True)
        (tmp_path / "sets" / name / "requirements.txt").write_text(f"{name}==1 --hash=sha256:{'0' * 64}\n")
    (tmp_path / "cache").mkdir()
    monkeypatch.setattr(toolsets, "HERE", tmp_path / "sets")
    monkeypatch.setattr(toolsets, "cache", lambda: tmp_path / "cache")
    return tmp_path


@pytest.mark.parametrize("name", toolsets.names())
def test_every_package_is_pinned_with_a_hash(name: str) -> None:
    lock = (toolsets.HERE / name / "requirements.txt").read_text()
    blocks = [block for block in lock.replace("\\\n", " ").splitlines() if block and not block.startswith("#")]
    assert blocks and all("==" in block and "--hash=sha256:" in block for block in blocks)
    node = toolsets.HERE / name / "package-lock.json"
    if node.is_file():
        packages = {path: row for path, row in json.loads(node.read_text())["packages"].items() if path}
        assert packages and all(row.get("integrity", "").startswith("sha512-") for row in packages.values())
        assert not [row for row in packages.values() if "resolved" in row], "no registry's address is shipped"


def test_a_lock_that_changes_is_another_folder(elsewhere: Path) -> None:
    before = toolsets.place("one")
    (elsewhere / "sets" / "one" / "requirements.txt").write_text("one==2\n")
    assert toolsets.place("one") != before and toolsets.place("one") != toolsets.place("two")


def test_a_set_is_installed_once(elsewhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []

    def called(name: str, argv: list[str], cwd: Path | None = None) -> None:
        calls.append(name)
        assert "--require-hashes" in argv and "--only-binary" in argv
        Path(argv[argv.index("--target") + 1], "module.py").write_text("x = 1\n")

    monkeypatch.setattr(toolsets, "_call", called)
    monkeypatch.setattr(toolsets.shutil, "which", lambda name: "/usr/bin/uv")
    folder = toolsets.install("one")
    assert toolsets.install("one") == folder == toolsets.installed("one")
    assert calls == ["one"] and (folder / "module.py").is_file()


def test_a_failed_installation_names_what_failed_and_leaves_nothing(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fails = elsewhere / "uv"
    fails.write_text("#!/bin/sh\necho 'no such package' >&2\nexit 1\n")
    fails.chmod(0o755)
    monkeypatch.setattr(toolsets.shutil, "which", lambda name: str(fails))
    with pytest.raises(DataError, match=r"tool set one.*no such package"):
        toolsets.install("one")
    assert toolsets.installed("one") is None and not list((elsewhere / "cache").iterdir())
    with pytest.raises(UnknownName, match="one, two"):
        toolsets.install("three")


def test_every_tool_says_how_it_is_installed_and_what_it_cannot_do() -> None:
    for name, analyser in every_analyser().items():
        facts = analyser.FACTS
        assert facts.licence and facts.home.startswith("http") and facts.install and facts.cannot, name
        assert set(analyser.CANARIES) == set(analyser.ENDINGS), name
