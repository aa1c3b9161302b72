"""Snapshots of the hub's counts, against a local stand-in of its API: kinds apart, growth, no half answer."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from weighbridge import catalog
from weighbridge.adoption import downloads
from weighbridge.cli import adoption as adoption_command
from weighbridge.errors import DataError, EndpointDown, UnknownName

REPOS = [
    ("Qwen/Qwen3-8B", [], 100, 1000),
    ("Qwen/Qwen3-8B-GGUF", ["base_model:Qwen/Qwen3-8B", "base_model:quantized:Qwen/Qwen3-8B"], 10, 200),
    ("somebody/Qwen3-8B-lora", ["base_model:adapter:Qwen/Qwen3-8B"], 1, 5),
    ("somebody/Qwen3-8B-tuned", ["base_model:finetune:Qwen/Qwen3-8B"], 2, 7),
    ("somebody/Qwen3-8B", [], 3, 9),
    ("somebody/llama-with-qwen-tokenizer", ["base_model:finetune:meta-llama/Llama-3.1-8B"], 999, 9999),
]


class Hub:
    """What the stand-in answers: two pages, or a page and then an error."""

    def __init__(self) -> None:
        self.repos: list[Any] = list(REPOS)
        self.breaks = False
        self.url = ""


@pytest.fixture
def hub() -> Iterator[Hub]:
    state = Hub()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            second = "page=2" in self.path
            if second and state.breaks:
                self.send_error(400)
                return
            part = state.repos[3:] if second else state.repos[:3]
            body = json.dumps([
                {"_id": name, "id": name, "modelId": name, "tags": tags, "downloads": recent, "downloadsAllTime": total}
                for name, tags, recent, total in part
            ]).encode()  # fmt: skip
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if not second and state.repos:
                self.send_header("Link", f'<{state.url}/api/models?page=2>; rel="next"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    state.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()


def test_kinds_are_told_apart_and_namesakes_left_out(hub: Hub, tmp_path: Path) -> None:
    path, remarks = downloads.take("qwen", catalog.load(), tmp_path, hub=hub.url)
    table = pl.read_parquet(path)
    assert dict(table.select("repo", "kind").iter_rows()) == {
        "Qwen/Qwen3-8B": "original", "Qwen/Qwen3-8B-GGUF": "quantized", "somebody/Qwen3-8B-lora": "adapter",
        "somebody/Qwen3-8B-tuned": "finetune", "somebody/Qwen3-8B": "unlabelled",
    }  # fmt: skip
    assert [remark.kind for remark in remarks] == ["alike"]


def test_growth_is_between_snapshots_and_none_in_the_first(hub: Hub, tmp_path: Path) -> None:
    first, _ = downloads.take("qwen", catalog.load(), tmp_path, hub=hub.url)
    # The same answer, dated a week earlier: what a user's folder has after a week.
    older = pl.read_parquet(first).with_columns(pl.col("taken") - pl.duration(days=7))
    older.write_parquet(tmp_path / "qwen-20200101T000000Z.parquet")
    first.unlink()
    hub.repos = [("Qwen/Qwen3-8B", [], 100, 1500), *REPOS[1:4], ("Qwen/Qwen3-14B", [], 4, 44)]
    downloads.take("qwen", catalog.load(), tmp_path, hub=hub.url)
    table = downloads.growth(downloads.snapshots("qwen", tmp_path))
    original = table.filter(pl.col("kind") == "original").to_dicts()
    assert original[0]["grown"] is None
    assert (original[1]["grown"], original[1]["new"], original[1]["all_time"]) == (500, 1, 1544)
    assert original[1]["days"] == pytest.approx(7, abs=0.01)
    assert table.filter(pl.col("kind") == "unlabelled")["gone"].to_list() == [None, 1]


def test_an_answer_that_breaks_off_is_no_snapshot(hub: Hub, tmp_path: Path) -> None:
    hub.breaks = True
    with pytest.raises(EndpointDown):
        downloads.take("qwen", catalog.load(), tmp_path, hub=hub.url)
    hub.breaks, hub.repos = False, []
    with pytest.raises(DataError, match="empty"):
        downloads.take("qwen", catalog.load(), tmp_path, hub=hub.url)
    assert not list(tmp_path.iterdir())


def test_an_unknown_family_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="qwne"):
        downloads.take("qwne", catalog.load(), tmp_path, hub="http://127.0.0.1:9")


def command(*arguments: object) -> Result:
    app = typer.Typer()
    adoption_command.register(app)
    app.command("another")(lambda: None)
    return CliRunner().invoke(app, ["adoption", "--downloads", *map(str, arguments)])


def test_the_command_keeps_a_snapshot_says_what_a_download_is_and_shows_the_kept_when_the_hub_is_away(
    hub: Hub, tmp_path: Path
) -> None:
    done = command("qwen", "--keep", tmp_path, "--hub", hub.url, "--json")
    assert done.exit_code == 0, done.output
    rows = {row["kind"]: row for row in json.loads(done.stdout)}
    assert (rows["original"]["all_time"], rows["quantized"]["all_time"], rows["adapter"]["all_time"]) == (1000, 200, 5)
    assert rows["original"]["grown"] is None
    said = " ".join(done.stderr.split())
    assert "GET or HEAD" in said and "Neither users nor deployments" in said
    assert len(list(tmp_path.glob("qwen-*Z.parquet"))) == 1
    hub.breaks = True
    away = command("qwen", "--keep", tmp_path, "--hub", hub.url)
    assert isinstance(away.exception, EndpointDown)
    assert "1,000" in away.stdout, "what was kept is shown all the same"
    assert len(list(tmp_path.glob("qwen-*Z.parquet"))) == 1
