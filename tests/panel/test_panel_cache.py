"""What the panel keeps: by content and instrument, never the failure of a tool, and never trusted when damaged."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from weighbridge import cell
from weighbridge.errors import DataError
from weighbridge.panel import analysers_for, batches
from weighbridge.panel.batches import Instrument, Said, content_hash, fingerprint, run
from weighbridge.panel.cache import Cache
from weighbridge.panel.face import Analyser

TEXTS = {f"program {n}": f"import pickle\nx = pickle.loads({n})\n" for n in range(6)}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many files each run of a tool was given; the runs are real."""
    sizes: list[int] = []
    real = cell.run_tool

    def counted(argv: list[str], files: Mapping[str, bytes], **options: Any) -> cell.ToolResult:
        sizes.append(sum(name.startswith("/srv/data/p") for name in files))
        return real(argv, files, **options)

    monkeypatch.setattr(cell, "run_tool", counted)
    return sizes


def instrument(tool: str = "ruff") -> Instrument:
    return Instrument(tool, analysers_for("python")[tool], "python")


def states(said: list[Said]) -> dict[str, str]:
    return {one.program: one.state for one in said}


def scan(one: Instrument, texts: Mapping[str, str], cache: Cache | None) -> list[Said]:
    return [said for done in run(one, texts, workers=1, cache=cache) for said in done.said]


def test_a_second_scan_runs_nothing_and_says_the_same(tmp_path: Path, runs: list[int]) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        first = scan(instrument(), TEXTS, cache)
        again = scan(instrument(), TEXTS, cache)
    assert runs == [6]
    assert {(s.program, len(s.remarks)) for s in first} == {(s.program, len(s.remarks)) for s in again}
    assert [r.cwe for s in again for r in s.remarks if r.rule == "S301"] == [502] * 6


def test_the_same_text_under_two_names_is_scanned_once_and_both_are_answered(runs: list[int]) -> None:
    said = scan(instrument(), {"one": "x = 1\n", "two": "x = 1\n"}, None)
    assert runs == [1]
    assert states(said) == {"one": "analysed", "two": "analysed"}


def test_a_scan_that_was_stopped_goes_on_where_it_was(
    tmp_path: Path, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(analysers_for("python")["ruff"], "BATCH", 2)
    with Cache(tmp_path / "c.sqlite") as cache:
        stopped = run(instrument(), TEXTS, workers=1, cache=cache)
        next(stopped)
        stopped.close()
        begun = len(runs)
        said = scan(instrument(), TEXTS, cache)
    assert set(states(said)) == set(TEXTS)
    assert begun < 3 or sum(runs) > 6, "the stopped scan must not have finished"
    assert len(runs) - begun == 2, "two of the three batches were left"


@pytest.mark.parametrize("how", ["missing", "canary"])
def test_a_missing_or_failing_tool_is_not_remembered(
    how: str, tmp_path: Path, runs: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = analysers_for("python")["ruff"]
    with Cache(tmp_path / "c.sqlite") as cache:
        with monkeypatch.context() as broken:
            if how == "missing":
                broken.setattr(module, "version", lambda: None)
            else:
                broken.setattr(module, "read", lambda *said: batches.Reading())
            assert set(states(scan(instrument(), TEXTS, cache)).values()) <= {"tool missing", "canary failed"}
        assert set(states(scan(instrument(), TEXTS, cache)).values()) == {"analysed"}


def test_a_time_out_is_not_remembered_but_a_crash_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = cell.run_tool
    ends = "timeout"

    def ending(argv: list[str], files: Mapping[str, bytes], **options: Any) -> cell.ToolResult:
        result = real(argv, files, **options)
        hit = any(b"loads(3)" in content for content in files.values())
        return replace(result, exit=None, reason=ends) if hit else result

    monkeypatch.setattr(cell, "run_tool", ending)
    hit = content_hash(TEXTS["program 3"])
    with Cache(tmp_path / "c.sqlite") as cache:
        for ends in ("timeout", "crash (SIGSEGV)"):
            said = {one.program: one for one in scan(instrument(), TEXTS, cache)}
            assert said["program 3"].state == "not analysable" and ends in said["program 3"].detail
            assert said["program 2"].state == "analysed"
            one = instrument()
            one.version = one.analyser.version() or ""
            assert bool(list(cache.known(fingerprint(one), [hit]))) is (ends != "timeout")


def test_what_says_nothing_of_the_program_cannot_be_kept(tmp_path: Path) -> None:
    with Cache(tmp_path / "c.sqlite") as cache:
        for state in ("tool missing", "canary failed"):
            with pytest.raises(ValueError, match="never kept"):
                cache.keep("key", [("hash", state, "", "{}")])


def test_another_version_command_or_adapter_is_another_instrument(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Analyser = analysers_for("python")["ruff"]
    one = instrument()
    keys = {fingerprint(one)}
    one.version = "9.9.9"
    keys.add(fingerprint(one))
    command = module.command("python")
    monkeypatch.setattr(module, "command", lambda language: replace(command, files={"/srv/rules": b"other"}))
    keys.add(fingerprint(one))
    monkeypatch.setattr(batches, "adapter_version", lambda analyser: "another")
    keys.add(fingerprint(one))
    assert len(keys) == 4


def test_a_damaged_cache_is_named_with_its_mend_and_a_damaged_row_is_asked_again(tmp_path: Path) -> None:
    path = tmp_path / "c.sqlite"
    with Cache(path) as cache:
        scan(instrument(), TEXTS, cache)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE said SET said = 'not json'")
        db.commit()
    with Cache(path) as cache:
        assert set(states(scan(instrument(), TEXTS, cache)).values()) == {"analysed"}
    for left in tmp_path.glob("c.sqlite-*"):
        left.unlink()
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(DataError, match=r"c\.sqlite.*remove the file"):
        Cache(path)


def test_a_program_made_of_findings_keeps_a_bounded_number_and_every_cwe() -> None:
    text = "import os\n" + "os.system(x)\n" * 3000 + "import pickle\npickle.loads(y)\n"
    (said,) = scan(instrument(), {"many": text}, None)
    assert len(said.remarks) == batches.MOST and "remarks are kept" in said.detail and said.state == "analysed"
    assert 502 in {remark.cwe for remark in said.remarks}
