"""A local model's server: ready means ready, errors carry their mend, and nothing is left running."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
import urllib.request
from pathlib import Path

import pytest

from weighbridge.local import serve as module
from weighbridge.local.known import cache_folder, known
from weighbridge.local.serve import ServerFailed, has_avx2, serve

STUB = Path(__file__).parent / "stub"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder for model files; servers started from here run the stub in place of xllamacpp."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(STUB), os.environ.get("PYTHONPATH", "")]))
    monkeypatch.syspath_prepend(str(STUB))
    return tmp_path


def model_file(folder: Path, name: str = "tiny") -> Path:
    path = folder / f"{name}.gguf"
    path.write_bytes(b"GGUF and nothing else")
    return path


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.05)
    return False


def test_server_is_ready_inside_the_block_and_gone_after(stub: Path) -> None:
    with serve(model_file(stub), parallel=3, context_tokens=1000) as endpoint:
        assert endpoint.model == "tiny"
        with urllib.request.urlopen(endpoint.base_url.removesuffix("/v1") + "/health") as answer:
            seen = json.load(answer)
    assert seen["n_ctx"] == 3000, "the context is divided among the slots"
    assert seen["n_parallel"] == 3
    assert seen["cache_ram_mib"] == 0
    assert seen["hostnames"] == ["127.0.0.1"]
    assert seen["omp"] == "passive"
    assert seen["stop"] == [] and seen["template"] == ""
    assert gone(endpoint.pid)


def test_base_model_is_given_exercises_and_a_stop(stub: Path) -> None:
    with (
        serve(model_file(stub), few_shot=True) as endpoint,
        urllib.request.urlopen(endpoint.base_url.removesuffix("/v1") + "/health") as answer,
    ):
        seen = json.load(answer)
    assert seen["stop"] == ["### Exercise"]
    assert seen["template"].count("### Exercise\n") == 3


def test_server_ends_when_its_parent_is_killed(stub: Path) -> None:
    path = model_file(stub)
    code = f"""
        import time
        from weighbridge.local.serve import serve
        with serve({str(path)!r}) as endpoint:
            print(endpoint.pid, flush=True)
            time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    assert gone(child)


def test_server_that_dies_in_use_is_an_error(stub: Path) -> None:
    with pytest.raises(ServerFailed, match="ended while it was in use"), serve(model_file(stub)) as endpoint:
        os.kill(endpoint.pid, signal.SIGKILL)
        os.waitid(os.P_PID, endpoint.pid, os.WEXITED | os.WNOWAIT)


FAILURES = [
    ("refuse", b"GGUF", "the stub refuses this model"),
    ("die", b"GGUF", "illegal instruction"),
    ("words", b"text", "is not a GGUF file"),
    ("absent", None, "is not a file: give the path"),
]


@pytest.mark.parametrize(("name", "content", "message"), FAILURES, ids=[f[0] for f in FAILURES])
def test_model_that_cannot_be_served_says_why(stub: Path, name: str, content: bytes | None, message: str) -> None:
    path = stub / f"{name}.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ServerFailed, match=message) as error, serve(path):
        pass
    assert error.value.exit_code == 5


def test_port_in_use_is_named(stub: Path) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        with pytest.raises(ServerFailed, match=f"port {port} .*give another"), serve(model_file(stub), port=port):
            pass


def test_missing_runtime_names_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ServerFailed, match="uv sync --extra local"), serve(model_file(tmp_path)):
        pass


def test_processor_without_avx2_is_told() -> None:
    assert has_avx2("processor: 0\nflags\t\t: fpu sse avx avx2 fma\n")
    assert not has_avx2("processor: 0\nflags\t\t: fpu sse avx\nbugs: none avx2\n")


def test_real_model_answers_through_the_sdk() -> None:
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    if not (cache_folder() / known("smollm2").file).exists():
        pytest.skip("SmolLM2 is not in the cache: `weighbridge serve-model smollm2` fetches it (98 MB)")
    from openai import OpenAI

    with serve("smollm2", parallel=2, quiet=True) as endpoint:
        client = OpenAI(base_url=endpoint.base_url, api_key="none", max_retries=0)
        ask = lambda: client.chat.completions.create(  # noqa: E731
            model=endpoint.model,
            messages=[{"role": "user", "content": "Write a Python function that adds two numbers."}],
            max_tokens=24,
            temperature=0.8,
            seed=3,
        )
        first, again = ask(), ask()
    assert first.model == "smollm2-135m-instruct"
    assert first.choices[0].finish_reason == "length"
    assert first.usage is not None and first.usage.completion_tokens == 24
    assert first.choices[0].message.content == again.choices[0].message.content, "a seed repeats, one at a time"
