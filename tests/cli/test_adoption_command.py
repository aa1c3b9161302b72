"""What ``weighbridge adoption`` prints and writes: JSON for programs, a page, accounts, and clear refusals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from weighbridge.cli import adoption as command
from weighbridge.errors import DataError

PUBLIC = [
    ("deepseek/deepseek-r1", 60), ("anthropic/claude-sonnet-4.5", 30), ("openrouter/owl-alpha", 4), ("other", 6),
]  # fmt: skip
OWN = "generation_id,created_at,model_permaslug,tokens_prompt,tokens_completion,cost_total,user"


@pytest.fixture
def public(tmp_path: Path) -> str:
    """Two whole weeks of a public series."""
    rows = [{"date": f"2026-06-{day:02}", "model_permaslug": name, "total_tokens": str(tokens)}
            for day in range(1, 15) for name, tokens in PUBLIC]  # fmt: skip
    path = tmp_path / "rankings.json"
    path.write_text(json.dumps({"data": rows, "meta": {"as_of": "2026-06-20T08:00:00Z"}}))
    return str(path)


@pytest.fixture
def own(tmp_path: Path) -> str:
    """Own requests of nine days, the last without a readable count, one twice."""
    rows = [f"g{n},2026-06-{n + 1:02} 10:00:00,{name},{10 * n},5,0.5,u{n % 3}"
            for n, name in enumerate(["qwen/qwen3-coder", "openai/gpt-4o", "our-own-model"] * 3)]  # fmt: skip
    path = tmp_path / "own.csv"
    path.write_text("\n".join([OWN, *rows, rows[0], rows[-1].replace("g8", "g9").replace(",80,", ",many,")]) + "\n")
    return str(path)


def run(*arguments: object) -> Result:
    app = typer.Typer()
    command.register(app)
    app.command("another")(lambda: None)
    return CliRunner().invoke(app, ["adoption", *map(str, arguments)])


def rows_of(*arguments: object) -> list[dict[str, Any]]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_json_has_a_row_a_week_and_class_and_nothing_else_on_stdout(public: str) -> None:
    rows = rows_of(public, "--by", "origin", "--every", "week")
    assert {"week", "class", "tokens", "share_low", "share_high"} <= set(rows[0])
    assert [(row["week"], row["class"], row["tokens"]) for row in rows[:6]] == [
        ("2026-06-01", "open_cn", 420), ("2026-06-01", "open_other", 0), ("2026-06-01", "proprietary_cn", 0),
        ("2026-06-01", "proprietary_other", 210), ("2026-06-01", "unknown", 28), ("2026-06-01", "other", 42),
    ]  # fmt: skip
    first = rows[0]
    assert (first["share_low"], first["share_high"], first["share_most"]) == pytest.approx((0.6, 0.6, 0.7))
    done = run(public, "--json")
    assert "rankings.json (openrouter-rankings): 56 rows read, 56 counted" in done.stderr


@pytest.mark.parametrize(
    ("by", "every", "classes", "starts"),
    [
        ("maker", "month", {"deepseek", "anthropic", "unknown", "other"}, {"2026-06-01"}),
        ("model", "day", {"deepseek-r1", "claude-sonnet-4.5", "owl-alpha", "other"}, None),
        ("family", "week", {"deepseek", "claude", "unknown", "other"}, {"2026-06-01", "2026-06-08"}),
    ],
)
def test_by_and_every(by: str, every: str, classes: set[str], starts: set[str] | None, public: str) -> None:
    rows = rows_of(public, "--by", by, "--every", every)
    assert {row["class"] for row in rows} == classes
    got = {row[every] for row in rows}
    assert got == starts if starts else len(got) == 14


@pytest.mark.parametrize(
    ("measure", "unknown"), [("tokens", (25 + 55 + 85) / 405), ("requests", 1 / 3), ("spend", 1 / 3)]
)
def test_in_tokens_requests_and_spend(measure: str, unknown: float, own: str) -> None:
    rows = rows_of(own, "--in", measure, "--every", "month")
    share = {row["class"]: row["share"] for row in rows}
    assert sum(share.values()) == pytest.approx(1)
    assert share["unknown"] == pytest.approx(unknown)


def test_since_and_until_cut_the_days_and_mark_the_week(public: str) -> None:
    rows = rows_of(public, "--since", "2026-06-03", "--until", "2026-06-08")
    assert {row["week"]: row["marks"] for row in rows} == {
        "2026-06-01": ["half: 5 of 7 days"], "2026-06-08": ["half: 1 of 7 days"],
    }  # fmt: skip


def test_own_logs_stand_beside_the_public_series_and_each_population_is_named(
    public: str, own: str, tmp_path: Path
) -> None:
    page, books = tmp_path / "deep" / "page.html", tmp_path / "books.json"
    done = run(public, own, "--html", page, "--accounts", books)
    assert done.exit_code == 0, done.output
    for population in ("OpenRouter's traffic (public rankings)", "own logs (OpenRouter requests)"):
        assert population in done.stdout
    html = page.read_text("utf-8")
    assert 'id="beside"' in html and "not the market" in html
    assert "<script" not in html and "http://" not in html.replace("http://www.w3.org", "")
    # The same days under both lines of one drawing.
    assert html.count("Share of tokens of open, China in") >= 1
    written = json.loads(books.read_text("utf-8"))
    for book in written["accounts"]:
        assert book["rows"] == book["counted"] + sum(book["left_out"].values())
    assert written["accounts"][1]["left_out"] == {"tokens_prompt is not a number": 1, "a request that came twice": 1}
    assert "1 rows are not counted: tokens_prompt is not a number" in done.stdout


def test_a_named_format_decides_and_a_wrong_one_says_what_is_missing(public: str, own: str) -> None:
    assert rows_of(own, "--format", "openrouter-generations")
    done = run(own, "--format", "langfuse")
    assert isinstance(done.exception, DataError)
    assert "own.csv: read as langfuse, the column 'id' is missing" in str(done.exception)
    done = run(own, "--format", "litelm")
    assert "litellm-spend" in str(done.exception), "the error lists what is known"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--by", "colour"], "--by 'colour' is not known"),
        (["--every", "year"], "--every 'year' is not known"),
        (["--in", "euros"], "--in 'euros' is not known"),
        (["--since", "yesterday"], "--since 'yesterday' is not a day"),
        (["--since", "2030-01-01"], "no row is of the days asked for"),
        (["--memory", "much"], "--memory 'much' is not a size"),
    ],
)
def test_a_wrong_option_is_one_sentence(arguments: list[str], says: str, public: str) -> None:
    done = run(public, *arguments)
    assert isinstance(done.exception, DataError)
    assert says in str(done.exception)


def test_cohorts_are_printed_and_a_public_series_has_none(own: str, public: str) -> None:
    rows = rows_of(own, "--cohorts", "--every", "week", "--by", "maker")
    first = [row for row in rows if row["class"] == "alibaba" and row["age"] == 0]
    assert [(row["first"], row["users"], row["of"], row["retention"]) for row in first] == [("2026-06-01", 1, 1, 1.0)]
    assert run(own, "--cohorts").exit_code == 0
    assert "no log names a user" in str(run(public, "--cohorts").exception)


def test_your_own_catalogue_names_your_own_models(own: str, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("model,maker,weights,open_since\nour-own-model,alibaba,open,2025-01-01\n")
    done = run(own, "--every", "month", "--catalog", mine, "--json")
    if isinstance(done.exception, DataError):
        pytest.fail(str(done.exception))
    rows = {row["class"]: row for row in json.loads(done.stdout)}
    assert rows["unknown"]["tokens"] == 0
    # Our own word that its weights are open is enough, although we name no repository.
    assert rows["open_cn"]["share_low"] == rows["open_cn"]["share"] == pytest.approx((165 + 105) / 405)


def test_a_name_in_a_log_cannot_write_on_the_terminal_or_the_page(tmp_path: Path) -> None:
    path, page = tmp_path / "evil.csv", tmp_path / "page.html"
    evil = "\x1b[31mred<script>alert(1)</script>[bold]"
    path.write_text(f"{OWN}\ng1,2026-06-01 10:00:00,{evil},10,5,0,u\n")
    done = run(path, "--html", page, "--in", "spend")
    assert done.exit_code == 0, done.output
    assert "\x1b[31mred" not in done.stdout and "[bold]" in done.stdout
    assert "<script>" not in page.read_text("utf-8")
