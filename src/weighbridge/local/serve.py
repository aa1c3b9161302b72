"""How is a local model asked like any other endpoint? By a server of its own on loopback, for as long as it is needed.

``serve`` is a context manager around a child process (``llama``): it waits until the model is loaded, gives the base
URL for a plan or the openai SDK, and ends the child on the way out; the child also ends itself where we are killed.
``serve_in_foreground`` is ``weighbridge serve-model NAME``.
"""

import contextlib
import importlib.util
import json
import os
import platform
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from weighbridge.errors import EndpointDown
from weighbridge.local.fetch import fetch
from weighbridge.local.known import KnownModel, known

_FEW_SHOT = Path(__file__).with_name("few_shot.jinja")
_FEW_SHOT_STOP = "### Exercise"
_SECONDS_TO_LOAD = 300.0
_SECONDS_TO_END = 5.0


class ServerFailed(EndpointDown):
    """A local model's server could not be started, or ended by itself."""


@dataclass(frozen=True)
class Endpoint:
    """A server that is ready. ``base_url`` ends in ``/v1`` as the openai SDK wants it; no key is needed (give any)."""

    base_url: str
    model: str
    file: Path
    pid: int


@contextlib.contextmanager
def serve(
    model: str | Path,
    *,
    port: int = 0,
    parallel: int = 4,
    context_tokens: int = 4096,
    threads: int | None = None,
    few_shot: bool | None = None,
    cache_prompt: bool = False,
    quiet: bool = False,
) -> Iterator[Endpoint]:
    """Serves a known model (fetched first where it is missing) or any GGUF file for the length of the ``with`` block.

    ``port`` 0 takes a free one. ``parallel`` requests are answered at once, each with ``context_tokens`` tokens for
    prompt and answer together. ``threads`` None leaves the number to llama.cpp. ``few_shot`` wraps each prompt in two
    neutral exercises and stops before a third, which makes a base model answer; None does so for known base models.
    ``cache_prompt`` reuses prompts in a slot: faster for long shared prompts, but a seed then repeats no answer.
    Raises ``UnknownName``, ``ModelUnavailable``, or ``ServerFailed`` with the mend.
    """
    _require_runtime()
    _require_free(port)
    path, facts = _find(model, quiet=quiet)
    alias = facts.name if facts else path.stem
    if few_shot is None:
        few_shot = facts is not None and facts.kind == "base"
    settings = {
        "parent": os.getpid(),
        "path": str(path),
        "alias": alias,
        "port": port,
        "parallel": parallel,
        "context_tokens": context_tokens,
        "threads": threads,
        "cache_prompt": cache_prompt,
        "template": _FEW_SHOT.read_text(encoding="utf-8") if few_shot else "",
        "stop": [_FEW_SHOT_STOP] if few_shot else [],
    }
    with tempfile.TemporaryFile() as log, _child(settings, log) as child:
        address = _wait_until_ready(child, log, alias)
        yield Endpoint(base_url=f"{address}/v1", model=alias, file=path, pid=child.pid)
        if child.poll() is not None:
            raise ServerFailed(f"the server of {alias} ended while it was in use ({_last_words(child, log)}).")


def serve_in_foreground(
    model: str | Path,
    *,
    port: int = 8080,
    parallel: int = 4,
    context_tokens: int = 4096,
    threads: int | None = None,
    few_shot: bool | None = None,
) -> None:
    """Serves until Ctrl-C (or SIGTERM), after printing what a plan needs to know."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console()
    with serve(
        model, port=port, parallel=parallel, context_tokens=context_tokens, threads=threads, few_shot=few_shot
    ) as endpoint:
        for line in (
            f"serving {endpoint.file}",
            f'in a plan: model = "{endpoint.model}", base_url = "{endpoint.base_url}"',
            f"{parallel} requests at once, {context_tokens} tokens each; Ctrl-C ends it",
        ):
            console.print(line, highlight=False, soft_wrap=True)
        with contextlib.suppress(KeyboardInterrupt):
            while _alive(endpoint.pid):
                time.sleep(0.5)


def _find(model: str | Path, *, quiet: bool) -> tuple[Path, KnownModel | None]:
    path = Path(model).expanduser()
    if path.suffix == ".gguf" or isinstance(model, Path):
        if not path.is_file():
            raise ServerFailed(f"{path} is not a file: give the path of a GGUF file, or the name of a known model.")
        with path.open("rb") as file:
            if file.read(4) != b"GGUF":
                raise ServerFailed(f"{path} is not a GGUF file: llama.cpp reads no other format.")
        return path.resolve(), None
    facts = known(str(model))
    return fetch(facts.name, quiet=quiet), facts


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: a port just left is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as why:
            raise ServerFailed(f"port {port} of 127.0.0.1 cannot be had ({why.strerror}): give another, or 0.") from why


def _require_runtime() -> None:
    if importlib.util.find_spec("xllamacpp") is None:
        raise ServerFailed(
            "xllamacpp, which runs local models, is not installed: `uv sync --extra local`"
            " (or `pip install 'weighbridge[local]'`)."
        )
    cpuinfo = Path("/proc/cpuinfo")
    if platform.machine() in ("x86_64", "AMD64") and cpuinfo.exists() and not has_avx2(cpuinfo.read_text()):
        raise ServerFailed(
            "this processor (or virtual machine) has no AVX2, which the xllamacpp wheels need: build xllamacpp from"
            " source here, or point the plan at an endpoint elsewhere."
        )


def has_avx2(cpuinfo: str) -> bool:
    """Whether the text of Linux's ``/proc/cpuinfo`` names AVX2 among the flags."""
    return any("avx2" in line.split() for line in cpuinfo.splitlines() if line.startswith("flags"))


@contextlib.contextmanager
def _child(settings: dict[str, Any], log: Any) -> Iterator["subprocess.Popen[str]"]:
    child = subprocess.Popen(
        [sys.executable, "-m", "weighbridge.local.llama", json.dumps(settings)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        # Threads that spin while they wait starve everything else on a busy machine.
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        start_new_session=True,  # Ctrl-C reaches us, and we end it in order
    )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdout:
            child.stdout.close()


def _wait_until_ready(child: "subprocess.Popen[str]", log: Any, alias: str) -> str:
    """The server's address, once it answers 200 to a health check: until the model is loaded it answers 503."""
    assert child.stdout is not None
    line = child.stdout.readline()  # ends with the child, if it dies
    if not line:
        child.wait()
        raise ServerFailed(f"the server of {alias} did not start ({_last_words(child, log)}).")
    address = json.loads(line)["address"].rstrip("/")
    deadline = time.monotonic() + _SECONDS_TO_LOAD
    while time.monotonic() < deadline:
        if child.poll() is not None:
            raise ServerFailed(f"the server of {alias} ended while loading ({_last_words(child, log)}).")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
            if answer.status == 200:
                return address
        time.sleep(0.1)
    raise ServerFailed(
        f"the server of {alias} was not ready after {_SECONDS_TO_LOAD:.0f} s: is the machine overloaded?"
    )


def _last_words(child: "subprocess.Popen[str]", log: Any) -> str:
    if child.returncode == -signal.SIGILL:
        return "illegal instruction: the processor lacks what the xllamacpp wheel was built for"
    if child.returncode == -signal.SIGKILL:
        return "killed, most likely for want of memory: a smaller model, or a smaller `parallel` or `context_tokens`"
    log.seek(0)
    lines = [line.strip() for line in log.read().decode("utf-8", "replace").splitlines() if line.strip()]
    telling = [line for line in lines if "error" in line.lower() or "fail" in line.lower()] or lines
    return " | ".join(telling[-3:]) or f"exit code {child.returncode}"


def _alive(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG) == (0, 0)
    except ChildProcessError:
        return False
