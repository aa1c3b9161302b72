"""The scan step on any run with programs: every program of every language in the tables, and nothing silently clean."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from weighbridge.audit.scan import Scanned, Texts, scan
from weighbridge.cli import build
from weighbridge.errors import StepMissing, UnknownName
from weighbridge.panel import NO_ANALYSER, toolsets
from weighbridge.store.schemas import PROGRAMS
from weighbridge.store.tables import Run

TEXTS = [
    ("python", "import pickle\nx = pickle.loads(y)\n"),
    ("python", "x = 1\n"),
    ("python", ""),
    ("rust", "fn main() {}\n"),
    ("go", "package main\n\nfunc f() int {\n\treturn 1\n}\n"),
    ("klingon", "nuqneH\n"),
]


def collection(folder: Path) -> Run:
    run = Run(folder, "some source")
    rows = [(hashlib.sha256((name + text).encode()).hexdigest(), name, text, text.count("\n")) for name, text in TEXTS]
    run.write("programs", pl.DataFrame(rows, schema=PROGRAMS, orient="row"), step="import")
    return run


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Scanned]:
    """A scan where no tool set is installed, as on a plain installation."""
    folder = tmp_path_factory.mktemp("collection")
    run = collection(folder / "run")
    with pytest.MonkeyPatch.context() as plain:
        plain.setattr(toolsets, "installed", lambda name: None)
        return run, scan(run, cache=folder / "panel.sqlite", workers=1)


def test_every_program_has_a_row_for_each_tool_of_its_language(scanned: tuple[Run, Scanned]) -> None:
    run, done = scanned
    counts = dict(run.read("scans").group_by("program").len().iter_rows())
    assert len(counts) == len(TEXTS)
    assert run.read("scans").equals(done.scans) and run.read("findings").equals(done.findings)
    assert run.facts("scans")["missing"] == ["none", "weighbridge"]


def test_a_missing_tool_and_a_language_without_one_are_named_with_the_mend(scanned: tuple[Run, Scanned]) -> None:
    lines = {(line.language, line.tool): line for line in scanned[1].lines}
    assert lines["go", "weighbridge"].missing == 1 and "weighbridge panel install" in lines["go", "weighbridge"].detail
    assert lines["rust", NO_ANALYSER].missing == 1 and "no analyser reads rust" in lines["rust", NO_ANALYSER].detail
    assert lines["python", "bandit"].analysed == 2 and lines["python", "bandit"].not_analysable == 1


def test_the_summary_counts_a_finding_once(scanned: tuple[Run, Scanned]) -> None:
    (line,) = [line for line in scanned[1].lines if line.tool == "bandit"]
    assert line.findings == scanned[1].findings.filter(pl.col("tool") == "bandit").height > 0


def test_what_cannot_be_measured_has_nulls_and_no_zeros(scanned: tuple[Run, Scanned]) -> None:
    measures = scanned[0].read("measures").join(scanned[0].read("programs"), on="program", suffix="_told")
    by = {(row["language"], row["text"]): row for row in measures.iter_rows(named=True)}
    assert len(by) == len(TEXTS)
    for key in (TEXTS[2], TEXTS[5]):
        assert by[key]["state"] == "not measurable"
        assert by[key]["code_lines"] is None and by[key]["complexity"] is None
    assert by[TEXTS[4]]["functions"] == 1 and by[TEXTS[4]]["code_lines"] == 4


def test_a_tool_that_does_not_exist_is_said_before_anything_runs(tmp_path: Path) -> None:
    for run in (collection(tmp_path / "run"), Run(tmp_path / "empty", "x")):
        with pytest.raises(UnknownName, match="bandit"):
            scan(run, tools=["bandid"])
    with pytest.raises(StepMissing):
        scan(Run(tmp_path / "empty", "x"), tools=["bandit"])


def test_only_the_tools_that_were_named_are_in_the_tables(tmp_path: Path) -> None:
    done = scan(collection(tmp_path / "run"), tools=["ruff"], workers=1)
    assert set(done.scans.join(pl.read_parquet(tmp_path / "run" / "programs.parquet"), on="program")["language"]) == {
        "python", "rust", "go", "klingon",
    }  # fmt: skip
    assert set(done.findings["tool"]) == {"ruff"}
    (go,) = [line for line in done.lines if (line.language, line.tool) == ("go", NO_ANALYSER)]
    assert go.detail == "of ruff none reads go"  # others may, which were not asked


def test_texts_are_looked_up_one_at_a_time_and_a_null_is_empty() -> None:
    frame = pl.DataFrame({"program": ["a", "b"], "text": ["x", None]})
    assert dict(Texts(frame)) == {"a": "x", "b": ""} and len(Texts(frame)) == 2


def test_the_command_prints_a_row_a_language_and_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run = collection(tmp_path / "run")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("weighbridge.store.tables.open_run", lambda folder: run)
    said = CliRunner().invoke(build(), ["scan", "--run", str(run.folder), "--tool", "ruff", "--json"])
    assert said.exit_code == 0, said.output
    rows = {(row["language"], row["tool"]): row for row in json.loads(said.stdout)}
    assert rows["python", "ruff"]["programs"] == 3 and rows["python", "ruff"]["not_analysable"] == 1
    assert rows["rust", "none"]["missing"] == 1
    assert (tmp_path / "cache" / "weighbridge" / "panel.sqlite").is_file()
