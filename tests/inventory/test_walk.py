"""Hostile trees: nothing leads outside, nothing hangs, everything left out is counted and named."""

from __future__ import annotations

import os
import socket
import struct
import sys
from pathlib import Path

import pytest

from weighbridge import catalog
from weighbridge.errors import DataError
from weighbridge.inventory.survey import Survey, survey

USE = 'MODEL = "gpt-4o"\n'


def look(*paths: Path, **options: bool) -> Survey:
    return survey(paths, catalog.load(), workers=1, **options)


def reasons(found: Survey) -> str:
    return "\n".join(f"{row['count']} {row['reason']}: {row['first']}" for row in found.remarks.as_rows())


def test_links_are_never_followed_and_loops_do_not_matter(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text(USE)
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "out").symlink_to(outside)
    (tree / "out.py").symlink_to(outside / "a.py")
    (tree / "loop").symlink_to(tree)
    (tree / "dangling.py").symlink_to("nowhere")
    found = look(tree)
    assert found.hits == []
    assert "4 links, not followed" in reasons(found)


def test_a_file_exchanged_for_a_link_after_listing_is_not_opened(tmp_path: Path) -> None:
    from weighbridge.inventory.reading import read
    from weighbridge.inventory.walk import Found
    from weighbridge.inventory.words import Patterns

    (tmp_path / "secret").write_text(USE)
    (tmp_path / "a.py").symlink_to(tmp_path / "secret")
    assert "cannot be opened" in read(Found(str(tmp_path / "a.py"), "a.py", "code"), Patterns("gpt", "gpt")).remark


def test_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "config.yaml")
    os.mkfifo(tmp_path / "model.gguf")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            server.bind("a.py")
        finally:
            os.chdir(here)
        found = look(tmp_path)
    assert found.hits == []
    assert "3 devices, pipes and sockets, not opened" in reasons(found)


def test_a_tree_deeper_than_the_limit_is_named_and_does_not_exhaust_the_stack(tmp_path: Path) -> None:
    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        for _ in range(400):
            Path("d").mkdir()
            os.chdir("d")
    finally:
        os.chdir(here)
    (tmp_path / "a.py").write_text(USE)
    found = look(tmp_path)
    assert [hit.name for hit in found.counted] == ["gpt-4o"]
    assert "folders deeper than" in reasons(found)


def test_huge_binary_and_archived_files_are_named_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.json").open("wb") as file:
        file.truncate(5 << 30)
    (tmp_path / "binary.py").write_bytes(b'\x7fELF\0\0 model="gpt-4o"' * 20)
    (tmp_path / "a.zip").write_bytes(b"PK\3\4 gpt-4o")
    found = look(tmp_path)
    assert found.hits == []
    text = reasons(found)
    assert "huge.json" in text and "binary.py" in text and "a.zip" in text


@pytest.mark.parametrize("call", ["open", "scandir"])
def test_what_may_not_be_read_is_named_and_the_rest_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    (tmp_path / "shut").mkdir()
    (tmp_path / "shut" / "a.py").write_text(USE)
    (tmp_path / "b.py").write_text(USE)
    true = getattr(os, call)

    def refuse(path: str, *rest: object) -> object:
        # Root may read everything, so the refusal is played.
        if "shut" in str(path):
            raise PermissionError(13, "Permission denied", path)
        return true(path, *rest)

    monkeypatch.setattr(os, call, refuse)
    found = look(tmp_path)
    assert [hit.file for hit in found.counted] == ["b.py"]
    assert "(Permission denied)" in reasons(found)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_never_opened(tmp_path: Path) -> None:
    os.mknod(tmp_path / "zero.py", 0o666 | 0o020000, os.makedev(1, 5))
    (tmp_path / "b.py").write_text(USE)
    found = look(tmp_path)
    assert [hit.file for hit in found.counted] == ["b.py"]
    assert "zero.py" in reasons(found)


def test_a_reader_that_breaks_on_one_file_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from weighbridge.inventory.detectors import notebooks

    def broken(text: str) -> None:
        raise IndexError(text)

    (tmp_path / "a.ipynb").write_text('{"gpt-4o": 1}')
    (tmp_path / "b.py").write_text(USE)
    monkeypatch.setattr(notebooks.json, "loads", broken)
    found = look(tmp_path)
    assert [hit.file for hit in found.counted] == ["b.py"]
    assert "a.ipynb" in reasons(found) and "IndexError" in reasons(found)


def test_an_unpacked_image_is_read_from_its_stores_its_app_and_its_configuration(tmp_path: Path) -> None:
    files = {
        "usr/lib/python3/dist-packages/openai/client.py": USE,
        "app/main.py": 'llm = ask(model="claude-3-opus-20240229")',
        "app/.env": "EMBED_MODEL=text-embedding-3-small",
        "root/.ollama/models/manifests/registry.ollama.ai/library/qwen3/8b": "{}",
        "root/.ollama/models/blobs/sha256-00": "x",
        "root/.cache/huggingface/hub/models--deepseek-ai--DeepSeek-V3/blobs/00": "x",
        "config.json": '{"process": {"env": ["PATH=/bin", "CHAT_MODEL=glm-4.6"]}}',
        "etc/os-release": "NAME=x",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "lib").symlink_to("/usr/lib")
    assert {hit.name for hit in look(tmp_path).counted} == {
        "claude-3-opus", "text-embedding-3-small", "qwen3-8b", "deepseek-v3", "glm-4.6",
    }  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="names there are Unicode")
def test_a_name_that_is_no_utf8_is_written_out(tmp_path: Path) -> None:
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py"))).write_text(USE)
    found = look(tmp_path)
    assert [hit.file for hit in found.counted] == ["caf\\xe9.py"]


HEADERS = {
    "length.safetensors": struct.pack("<Q", 2**63) + b"{",
    "short.safetensors": b"\1",
    "nojson.safetensors": struct.pack("<Q", 5) + b"abcde",
    "magic.gguf": b"not a gguf at all, but long enough to be read",
    "count.gguf": b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63),
    "string.gguf": b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + b"x" * 40,
    "array.gguf": b"GGUF"
    + struct.pack("<IQQ", 3, 0, 1)
    + struct.pack("<Q", 1)
    + b"k"
    + struct.pack("<IIQ", 9, 8, 2**60)
    + b"x" * 40,
    "nested.gguf": b"GGUF"
    + struct.pack("<IQQ", 3, 0, 1)
    + struct.pack("<Q", 1)
    + b"k"
    + struct.pack("<IIQ", 9, 9, 2**60),
}


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_that_lies_is_named_and_costs_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(HEADERS[name])
    assert "header cannot be believed" in reasons(look(tmp_path))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.js", "/*" * 500_000 + " gpt-4o"),
        ("a.py", '"""' * 300_001 + "gpt-4o"),
        ("a.py", "(" * 900_000 + "'gpt-4o'"),
        ("a.json", "[" * 900_000 + '"gpt-4o"'),
        ("a.yaml", "".join(" " * (n % 900) + "- - -\n" for n in range(1500)) + "model: gpt-4o\n"),
        ("a.yaml", "[" * 100_000 + "gpt-4o"),
        ("a.xml", "<a " * 300_000 + "gpt-4o"),
        ("a.ipynb", "[" * 900_000 + "gpt-4o"),
        ("a.env", "A=" + "gpt-4o" * 100_000),
        ("a.sh", "ollama pull " * 100_000),
        ("Dockerfile", "RUN gpt-4o \\\n" * 100_000),
        ("a.go", "openai.GPT9o+" * 140_000),
        ("b.js", 'a("gpt-4o",' * 150_000),
        ("c.py", 'm = ["gpt-4o", ' + '"x", ' * 300_000),
        ("d.js", "x.replace(" * 150_000 + '"gpt-4o"'),
        ("e.yaml", "model: ${" + "A:-" * 500_000 + "gpt-4o}"),
    ],
    ids=lambda value: value if len(value) < 12 else "",
)
def test_a_hostile_text_is_read_in_a_moment(tmp_path: Path, name: str, text: str) -> None:
    """A pattern that tries again at every character would need hours: the suite's time limit is the assertion."""
    (tmp_path / name).write_text(text)
    look(tmp_path)


def test_a_file_with_very_many_mentions_is_cut_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = [\n" + '"gpt-4o",\n' * 5000 + "]\n")
    assert "mentions, cut there" in reasons(look(tmp_path))


def test_nothing_is_counted_twice(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for pair in ([tmp_path, tmp_path / "in"], [tmp_path, tmp_path]):
        with pytest.raises(DataError, match="twice or lies in"):
            look(*pair)


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such file"):
        look(tmp_path / "nowhere")


def test_vendored_folders_give_weights_only_unless_all_is_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "node_modules" / "x"
    folder.mkdir(parents=True)
    (folder / "a.js").write_text('const model = "gpt-4o"')
    assert look(tmp_path).hits == []
    assert "vendored folders" in reasons(look(tmp_path))
    assert [hit.name for hit in look(tmp_path, everything=True).counted] == ["gpt-4o"]


def test_a_file_that_lists_many_models_is_a_catalogue(tmp_path: Path) -> None:
    names = [name for name in catalog.load().models if name.startswith("gpt-")][:40]
    (tmp_path / "menu.py").write_text("MODELS = " + repr(names))
    found = look(tmp_path)
    assert not found.counted and found.hits
    assert "menu.py" in reasons(found)
