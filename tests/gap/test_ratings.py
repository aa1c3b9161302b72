"""A rating history is read in any published form, and nothing of it is dropped silently."""

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from weighbridge.errors import DataError, UnknownName
from weighbridge.gap.ratings import read

HISTORY = "date,board,model,score,ci_low,ci_high\n"


def written(tmp_path: Path, text: str, name: str = "ratings.csv") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def kinds(path: Path, **options: object) -> dict[str, int | None]:
    return {remark.kind: remark.count for remark in read(path, **options).remarks}  # pyright: ignore[reportArgumentType]


def test_a_history_is_found_by_its_columns(tmp_path: Path) -> None:
    ratings = read(
        written(tmp_path, HISTORY + "2026-01-01,b,gpt-5,1500,1490,1510\n2026-01-01,b,glm-5,1450,1440,1460\n")
    )
    assert (ratings.kind, ratings.board, ratings.elo) == ("snapshots", "b", True)
    assert ratings.frame.select("date", "model", "rating", "low", "high").row(0) == (
        date(2026, 1, 1),
        "gpt-5",
        1500,
        1490,
        1510,
    )


def test_arenas_own_schema_is_found_by_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "full.parquet"
    pl.DataFrame({
        "model_name": ["gpt-5", "glm-5"], "organization": ["openai", "Z.ai"], "license": ["Proprietary", "MIT"],
        "rating": [1500.5, 1450.25], "rating_lower": [1490.0, 1440.0], "rating_upper": [1510.0, 1460.0],
        "variance": [1.0, 1.0], "vote_count": [9, 9], "rank": [1, 2], "category": ["overall"] * 2,
        "leaderboard_publish_date": [date(2026, 1, 1)] * 2,
    }).write_parquet(path)  # fmt: skip
    ratings = read(path, board="overall")
    assert (ratings.form, ratings.board) == ("arena", "overall")
    assert ratings.frame["rating"].to_list() == [1500.5, 1450.25]
    assert ratings.frame["low"].to_list() == [1490.0, 1440.0]


def test_epochs_index_is_a_history_of_releases_without_win_rates(tmp_path: Path) -> None:
    text = (
        "Model,Display name,eci,eci_ci_low,eci_ci_high,date,Organization,Country (of organization)\n"
        'Gemini 3 Pro,x,154,151,159,2025-11-18,Google DeepMind,"United States of America,United Kingdom"\n'
        "Claude Instant,x,121,111,125,,Anthropic,United States of America\n"
        "Qwen3-Max,x,145,139,153,2025-09-24,Alibaba,China\n"
    )
    ratings = read(written(tmp_path, text))
    assert (ratings.kind, ratings.form, ratings.elo) == ("releases", "epoch", False)
    assert {r.kind: r.count for r in ratings.remarks} == {"no-date": 1}
    assert ratings.frame["model"].to_list() == ["Qwen3-Max", "Gemini 3 Pro"]


def test_in_a_wide_table_zero_is_absent_and_an_empty_day_is_seen(tmp_path: Path) -> None:
    models = ["gpt-4", "claude-1", "vicuna-13b", "chatglm-6b", "palm-2"]
    text = (
        ","
        + ",".join(models)
        + "\n2023-05-08,1200,1150,1100,900,0\n2023-05-15,0,0,0,0,0\n2023-05-22,1210,1140,1090,910,1000\n"
    )
    ratings = read(written(tmp_path, text))
    assert len(ratings.frame) == 9
    found = {r.kind: (r.count, r.date) for r in ratings.remarks}
    assert found["absent"][0] == 6
    assert found["empty"][1] == date(2023, 5, 15)


def test_columns_of_any_name_can_be_mapped(tmp_path: Path) -> None:
    path = written(tmp_path, "who;what\n".replace(";", ",") + "gpt-5,10\nglm-5,9\n")
    ratings = read(path, columns={"model": "who", "rating": "what", "date": "2026-03-11"}, elo=False)
    assert ratings.frame["date"].unique().to_list() == [date(2026, 3, 11)]
    assert not ratings.elo


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        ("", {}, "no rows|cannot be read"),
        (HISTORY, {}, "has no rows"),
        ("date,model\n2026-01-01,gpt-5\n", {}, "no column for rating"),
        ("model,score\ngpt-5,1500\n", {}, "no column for date"),
        (HISTORY + "soon,b,gpt-5,1500,,\n", {}, "no value is a date"),
        (HISTORY + "2026-01-01,b,gpt-5,high,,\n", {}, "no value is a number"),
        (HISTORY + "2026-01-01,a,gpt-5,1500,,\n2026-01-01,b,gpt-5,1400,,\n", {}, "holds 2 boards .*--board"),
        (HISTORY + "2026-01-01,b,gpt-5,,,\n", {}, "no row with a model"),
        (HISTORY + "2026-01-01,b,gpt-5,1500,,\n", {"columns": {"rating": "elo"}}, "no column 'elo'"),
        (HISTORY + "2026-01-01,b,gpt-5,1500,,\n", {"columns": {"colour": "x"}}, "'colour' is not one of"),
        ("a,b\n1,2,3\n", {}, "cannot be read"),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_used_is_told_by_file_and_mend(
    tmp_path: Path, text: str, options: dict[str, dict[str, str]], told: str
) -> None:
    with pytest.raises(DataError, match=told):
        read(written(tmp_path, text), **options)  # pyright: ignore[reportArgumentType]


def test_a_board_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="boards: b"):
        read(written(tmp_path, HISTORY + "2026-01-01,b,gpt-5,1500,,\n"), board="c")


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(DataError, match="no such file"):
        read(Path("no-such.csv"))


def test_bad_cells_are_counted_and_left_out(tmp_path: Path) -> None:
    rows = [
        "2026-01-01,b,gpt-5,1500,1490,1510", "2026-01-01,b,glm-5,n/a,,", "someday,b,kimi-k2,1400,,",
        "2026-01-01,b,,1300,,", "2026-01-01,b,qwen3-max,1400,1410,1420", "2026-01-01,b,deepseek-v3,1390,low,1400",
    ]  # fmt: skip
    path = written(tmp_path, HISTORY + "\n".join(rows) + "\n")
    assert kinds(path) == {"bad-date": 1, "bad-number": 1, "bad-interval": 1, "no-rating": 2}
    assert sorted(read(path).frame["model"].to_list()) == ["deepseek-v3", "gpt-5", "qwen3-max"]


def test_rows_that_stand_twice_are_kept_once_and_counted(tmp_path: Path) -> None:
    line = "2026-01-01,b,gpt-5,1500,1490,1510\n"
    path = written(tmp_path, HISTORY + line * 3 + "2026-01-01,b,glm-5,1450,1440,1460\n")
    assert kinds(path) == {"duplicates": 2}
    assert len(read(path).frame) == 2


def test_two_ratings_of_one_model_on_one_day_are_a_conflict(tmp_path: Path) -> None:
    path = written(tmp_path, HISTORY + "2026-01-01,b,gpt-5,1500,1490,1510\n2026-01-01,b,gpt-5,1400,1390,1410\n")
    ratings = read(path)
    conflict = next(r for r in ratings.remarks if r.kind == "conflict")
    assert conflict.serious and "100.0 points" in conflict.text
    assert ratings.frame["rating"].to_list() == [1450]


def test_two_boards_mixed_without_a_column_are_refused(tmp_path: Path) -> None:
    models = ["gpt-5", "glm-5", "kimi-k2", "qwen3-max", "grok-4", "deepseek-v3", "gemini-3-pro", "o3"]
    lines = [f"2026-01-01,{model},{1500 - 9 * n + board}" for board in (0, 60) for n, model in enumerate(models)]
    path = written(tmp_path, "date,model,rating\n" + "\n".join(lines) + "\n")
    with pytest.raises(DataError, match=r"8 of 8 models have two ratings, typically 60.0 points apart: two boards"):
        read(path)


def test_a_shuffled_file_is_sorted_and_told_but_one_that_runs_backwards_is_not(tmp_path: Path) -> None:
    days = [f"2026-01-{d:02d}" for d in range(1, 8)]
    shuffled = [days[i] for i in (3, 0, 5, 1, 6, 2, 4)]
    for order, told in ((days, False), (days[::-1], False), (shuffled, True)):
        text = HISTORY + "".join(f"{day},b,{m},1500,1490,1510\n" for day in order for m in ("gpt-5", "glm-5"))
        ratings = read(written(tmp_path, text))
        assert ("out-of-order" in {r.kind for r in ratings.remarks}) is told
        assert ratings.dates == sorted(ratings.dates)
