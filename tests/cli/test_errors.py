"""What goes wrong is one sentence with the mend, an exit code of its own, and no traceback."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ENDPOINT = """
name = "errors"
[tasks]
scenarios = ["file_download"]
stacks = ["python-flask"]
kinds = ["write"]
[contexts]
choose = ["placebo/bakery"]
[[models]]
name = "m"
model = "x"
base_url = "{url}"
limits = {{ attempts = 2, timeout = 5 }}
"""


def weighbridge(*arguments: object, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "weighbridge", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
    )


def dead_url() -> str:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{found.getsockname()[1]}/v1"


def plan_file(folder: Path, more: str = "", *, seed: int = 0) -> Path:
    path = folder / f"plan{seed}.toml"
    path.write_text(f"seed = {seed}\n" + ENDPOINT.format(url=dead_url()) + more)
    return path


def says(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    for word in words:
        assert word in done.stderr.replace("\n", " "), done.stderr


def test_an_unknown_key_in_a_plan(tmp_path: Path) -> None:
    path = plan_file(tmp_path, "temprature = 1\n")
    says(
        weighbridge("plan", path, "--run", tmp_path / "run", "--yes"),
        3,
        "plan0.toml",
        "temprature",
        "mend its spelling",
    )


def test_a_plan_that_is_not_there(tmp_path: Path) -> None:
    says(weighbridge("audit", tmp_path / "none.toml", "--run", tmp_path / "run", "--yes"), 3, "there is no such file")


def test_a_missing_key_variable(tmp_path: Path) -> None:
    path = plan_file(tmp_path, 'api_key_env = "NO_SUCH_KEY_HERE"\n')
    assert weighbridge("plan", path, "--run", tmp_path / "run", "--yes").returncode == 0
    says(weighbridge("ask", "--run", tmp_path / "run", "--yes"), 4, "NO_SUCH_KEY_HERE", "export")


def test_an_endpoint_that_is_down(tmp_path: Path) -> None:
    path = plan_file(tmp_path)
    assert weighbridge("plan", path, "--run", tmp_path / "run", "--yes").returncode == 0
    says(weighbridge("ask", "--run", tmp_path / "run", "--yes"), 5, "127.0.0.1")


def test_a_run_folder_of_another_plan(tmp_path: Path) -> None:
    assert weighbridge("plan", plan_file(tmp_path), "--run", tmp_path / "run", "--yes").returncode == 0
    other = plan_file(tmp_path, seed=1)
    says(weighbridge("plan", other, "--run", tmp_path / "run", "--yes"), 6, "belongs to plan", "another --run")


def test_a_corrupt_table(tmp_path: Path) -> None:
    assert weighbridge("plan", plan_file(tmp_path), "--run", tmp_path / "run", "--yes").returncode == 0
    (tmp_path / "run" / "trials.parquet").write_bytes(b"PAR1")
    says(weighbridge("ask", "--run", tmp_path / "run", "--yes"), 7, "trials.parquet", "remove it")


WITHOUT_BUBBLEWRAP = "import shutil; shutil.which = lambda *a, **k: None; from weighbridge.cli import main; main()"


def test_no_bubblewrap(tmp_path: Path) -> None:
    arguments = ["audit", str(plan_file(tmp_path)), "--run", str(tmp_path / "run"), "--yes"]
    command = [sys.executable, "-c", WITHOUT_BUBBLEWRAP, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    says(done, 8, "bubblewrap", "apt")
    assert not (tmp_path / "run" / "answers.parquet").exists()


@pytest.mark.parametrize("step", ["ask", "judge", "scan", "estimate", "report"])
def test_a_folder_that_is_no_run(tmp_path: Path, step: str) -> None:
    says(weighbridge(step, "--run", tmp_path / "nothing"), 9, "nothing", "weighbridge plan")


def test_an_earlier_step_that_is_missing(tmp_path: Path) -> None:
    assert weighbridge("plan", plan_file(tmp_path), "--run", tmp_path / "run", "--yes").returncode == 0
    says(weighbridge("judge", "--run", tmp_path / "run"), 9, "weighbridge ask --run")
    says(weighbridge("estimate", "--run", tmp_path / "run"), 9, "weighbridge judge --run")


def test_nothing_is_spent_without_a_yes(tmp_path: Path) -> None:
    path = plan_file(tmp_path)
    says(weighbridge("audit", path, "--run", tmp_path / "run"), 3, "add --yes")
    assert not (tmp_path / "run").exists()


def test_a_budget_that_cannot_be_kept(tmp_path: Path) -> None:
    path = plan_file(tmp_path, "[budget]\ndollars = 1\n")
    assert weighbridge("plan", path, "--run", tmp_path / "run", "--yes").returncode == 0
    says(weighbridge("ask", "--run", tmp_path / "run", "--yes"), 3, "no price is known", "budget.tokens")


def test_every_command_teaches_by_its_help() -> None:
    listed = weighbridge("--help")
    assert listed.returncode == 0
    for command in ("audit", "plan", "ask", "judge", "scan", "estimate", "report", "replay", "doctor", "tasks"):
        assert command in listed.stdout
        done = weighbridge(command, "--help")
        assert done.returncode == 0
        assert len(done.stdout.split()) > 15
