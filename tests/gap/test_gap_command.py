"""The command prints one figure as a table and as JSON, writes a page that needs nothing else, and fetches."""

import http.server
import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
import typer
from typer.testing import CliRunner, Result

from weighbridge.cli import gap as command
from weighbridge.errors import DataError, UnknownName
from weighbridge.gap import official

KEYS = {
    "date",
    "board",
    "leader",
    "trailer",
    "points",
    "percent",
    "percent_of_leader",
    "win_rate",
    "p_leader_leads",
    "tie",
}
DATA = Path(__file__).parents[2].parent / "shared" / "data"
TABLE = """date,board,model,score,ci_low,ci_high
2026-03-04,main,claude-opus-4-6,1505,1498,1512
2026-03-04,main,dola-seed-2.0-preview,1469,1461,1477
2026-03-11,main,claude-opus-4-6,1504,1497,1511
2026-03-11,main,dola-seed-2.0-preview,1465,1457,1473
"""


def run(*arguments: str) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command("other")(lambda: None)
    return CliRunner().invoke(app, ["gap", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def table(tmp_path: Path) -> str:
    (tmp_path / "r.csv").write_text(TABLE)
    return str(tmp_path / "r.csv")


def test_the_stated_call_gives_the_stated_keys(table: str) -> None:
    result = run("--ratings", table, "--board", "main", "--on", "2026-03-11", "--json")
    told = json.loads(result.stdout)
    assert set(told) >= KEYS
    assert set(told["leader"]) >= {"country", "model", "rating", "low", "high"}
    assert (told["date"], told["points"], round(told["percent"], 2), told["tie"]) == ("2026-03-11", 39, 2.66, False)


def test_without_a_day_every_day_is_told(table: str) -> None:
    told = json.loads(run("--ratings", table, "--json").stdout)
    assert [row["date"] for row in told["gaps"]] == ["2026-03-04", "2026-03-11"]
    assert all(set(row) >= KEYS for row in told["gaps"])
    assert told["lead_changes"]["as_rated"] == 0
    assert len(told["data"]["sha256"]) == 64


def test_the_table_shows_what_the_json_says(table: str) -> None:
    shown = run("--ratings", table, "--on", "2026-03-11").stdout
    for part in ("claude-opus-4-6", "1504", "39.0", "2.66", "55.6 %", "no unit"):
        assert part in shown


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ([], DataError, "either --ratings FILE or --official"),
        (["--ratings", "x.csv", "--official", "arena"], DataError, "either --ratings FILE or --official"),
        (["--ratings", "TABLE", "--on", "11.3.2026"], DataError, "write YYYY-MM-DD"),
        (["--ratings", "TABLE", "--on", "2020-01-01"], UnknownName, "begins on 2026-03-04"),
        (["--ratings", "TABLE", "--board", "other"], UnknownName, "boards: main"),
        (["--ratings", "TABLE", "--columns", "model"], DataError, "write pairs"),
        (["--ratings", "TABLE", "--scale", "metres"], DataError, "write elo or other"),
        (["--ratings", "TABLE", "--between", "US"], UnknownName, "two different sides"),
        (["--official", "nobody"], UnknownName, "known: arena, epoch"),
    ],
)
def test_bad_calls_are_told_in_one_sentence(
    table: str, arguments: list[str], error: type[Exception], told: str
) -> None:
    result = run(*(table if word == "TABLE" else word for word in arguments))
    assert isinstance(result.exception, error)
    assert told in str(result.exception) and "\n" not in str(result.exception)


def test_the_page_needs_no_network_and_no_script(table: str, tmp_path: Path) -> None:
    page = tmp_path / "gap.html"
    assert run("--ratings", table, "--html", str(page)).exit_code == 0
    text = page.read_text()
    assert "<svg" in text and "<script" not in text
    assert re.sub(r"http://www\.w3\.org/\S+", "", text).count("http") == text.count("http-equiv")
    assert "dola-seed-2.0-preview" in text and not page.with_suffix(".html.part").exists()


def test_a_name_in_the_data_cannot_write_into_the_page(tmp_path: Path) -> None:
    path, page = tmp_path / "r.csv", tmp_path / "gap.html"
    path.write_text(
        "date,model,rating,organization\n2026-03-11,gpt-5,1500,OpenAI\n2026-03-11,<script>x</script>,1400,Tencent\n"
    )
    assert run("--ratings", str(path), "--html", str(page)).exit_code == 0
    assert "<script>" not in page.read_text() and "&lt;script&gt;" in page.read_text()


def test_a_users_catalogue_decides_an_unknown_model(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text(
        "date,model,rating\n2026-03-11,gpt-5,1500\n2026-03-11,glm-5,1400\n2026-03-11,zzz-9,1490\n"
    )
    (tmp_path / "own.csv").write_text("model,maker,country\nzzz-9,Zzz,CN\n")
    call = ["--ratings", str(tmp_path / "r.csv"), "--on", "2026-03-11", "--json"]
    before, after = json.loads(run(*call).stdout), json.loads(run(*call, "--catalog", str(tmp_path / "own.csv")).stdout)
    assert (before["trailer"]["model"], before["unknown_above_trailer"]) == (
        "glm-5",
        [{"model": "zzz-9", "rating": 1490.0}],
    )
    assert (after["trailer"]["model"], after["unknown_above_trailer"]) == ("zzz-9", [])


class StandIn(http.server.BaseHTTPRequestHandler):
    """A small web server with Epoch's table, and Arena's dataset under the paths that Hugging Face serves it."""

    epoch = b""
    arena = b""

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        path = self.path.split("?")[0]
        hub = "/datasets/lmarena-ai/leaderboard-dataset/resolve/main/text_style_control/full-00000-of-00001.parquet"
        content = {"/eci.csv": self.epoch, "/moved": b"<html>moved</html>", hub: self.arena}.get(path)
        self.send_response(200 if content is not None else 404)
        if content is not None:
            self.send_header("Content-Length", str(len(content)))
            self.send_header("ETag", '"0123456789abcdef0123456789abcdef01234567"')
            self.send_header("X-Repo-Commit", "0123456789abcdef0123456789abcdef01234567")
        else:
            self.send_header("Content-Length", "0")
        self.end_headers()
        if body and content is not None:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    parquet = tmp_path / "source.parquet"
    pl.DataFrame({
        "model_name": ["gpt-5", "glm-5", "gpt-5"], "organization": ["openai", "zai", "openai"],
        "license": ["Proprietary", "MIT", "Proprietary"],
        "rating": [1500.0, 1450.0, 1300.0], "rating_lower": [1490.0, 1440.0, 1290.0],
        "rating_upper": [1510.0, 1460.0, 1310.0],
        "category": ["overall", "overall", "coding"], "leaderboard_publish_date": ["2026-04-01"] * 3,
    }).write_parquet(parquet)  # fmt: skip
    StandIn.arena = parquet.read_bytes()
    StandIn.epoch = (
        b"Model,eci,eci_ci_low,eci_ci_high,date\nGPT-5,150,148,152,2025-08-07\nQwen3-Max,145,143,147,2025-09-24\n"
    )
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), StandIn)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_epochs_table_is_fetched_and_measured(stand_in: str, tmp_path: Path) -> None:
    saved = tmp_path / "kept"
    result = run(
        "--official", "epoch", "--address", stand_in + "/eci.csv", "--save", str(saved), "--on", "2025-10-01", "--json"
    )
    told = json.loads(result.stdout)
    assert (told["points"], told["win_rate"], told["data"]["form"]) == (5.0, None, "epoch")
    assert (saved / "epoch.csv").is_file()


def test_arenas_dataset_is_fetched_and_its_overall_board_taken(stand_in: str, tmp_path: Path) -> None:
    result = run(
        "--official", "arena", "--address", stand_in, "--save", str(tmp_path / "kept"), "--on", "2026-04-01", "--json"
    )
    told = json.loads(result.stdout)
    assert (told["board"], told["points"], told["data"]["form"]) == ("overall", 50.0, "arena")


@pytest.mark.parametrize(
    ("path", "told"), [("/moved", "did not answer with a table"), ("/nothing", "could not be fetched")]
)
def test_an_address_that_does_not_answer_is_told_with_the_mend(
    stand_in: str, tmp_path: Path, path: str, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        official.fetch("epoch", tmp_path, address=stand_in + path)


def test_a_hub_without_the_dataset_is_told_with_the_mend(stand_in: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="give it with --ratings"):
        official.fetch("arena", tmp_path, configuration="nothing", address=stand_in)


@pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not here")
def test_the_issues_own_call_gives_the_issues_own_figures() -> None:
    file = str(DATA / "arena" / "arena_history_to_2026-03.csv")
    told = json.loads(run("--ratings", file, "--board", "site_text_overall", "--on", "2026-03-11", "--json").stdout)
    assert (told["leader"]["model"], told["leader"]["rating"]) == ("claude-opus-4-6", 1504)
    assert (told["trailer"]["model"], told["trailer"]["rating"]) == ("dola-seed-2.0-preview", 1465)
    assert (told["points"], round(told["percent"], 2), round(100 * told["win_rate"], 1)) == (39, 2.66, 55.6)
