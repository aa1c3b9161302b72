"""The gap, its probability, changes of the lead and the lag, on histories whose answers are known."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from weighbridge import catalog, gap
from weighbridge.errors import UnknownName
from weighbridge.gap import compare, draws, sides

BOOK = catalog.load()
DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not here")
ARENA = DATA / "arena" / "arena_history_to_2026-03.csv"
EPOCH = DATA / "epoch" / "eci_scores_2026-02-08.csv"
NAMES = [
    "claude-opus-4.6",
    "gpt-5.2",
    "gemini-3-pro",
    "grok-4",
    "glm-5",
    "qwen3-max",
    "kimi-k2.5",
    "deepseek-v3.2",
    "mistral-large-3",
]


def history(tmp_path: Path, rows: list[tuple[str, str, float, float | None]], name: str = "h.csv") -> gap.Ratings:
    lines = ["date,model,rating,low,high"]
    for day, model, rating, half in rows:
        lines.append(f"{day},{model},{rating}," + ("," if half is None else f"{rating - half},{rating + half}"))
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n")
    return gap.read(path)


def snapshot(day: str, ratings: list[float], half: float | None = 5) -> list[tuple[str, str, float, float | None]]:
    return [(day, name, rating, half) for name, rating in zip(NAMES, ratings, strict=False)]


def test_points_percent_and_win_rate_of_a_day(tmp_path: Path) -> None:
    measured = gap.measure(
        history(tmp_path, snapshot("2026-03-11", [1504, 1480, 1490, 1470, 1465, 1450, 1440, 1430])), BOOK
    )
    row = measured.gaps[0]
    assert (row.leader.model, row.leader.country, row.trailer.model, row.trailer.country) == (
        "claude-opus-4.6",
        "US",
        "glm-5",
        "CN",
    )
    assert row.points == 39
    assert row.percent == pytest.approx(100 * 39 / 1465)
    assert row.percent_of_leader == pytest.approx(100 * 39 / 1504)
    assert row.win_rate == pytest.approx(1 / (1 + 10 ** (-39 / 400)))
    assert row.tie is False


@pytest.mark.parametrize(("half", "tie"), [(5, False), (19, False), (19.5, True), (20, True), (None, None)])
def test_a_tie_is_two_intervals_that_meet(tmp_path: Path, half: float | None, tie: bool | None) -> None:
    row = gap.measure(history(tmp_path, snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 1, 1, 1], half)), BOOK).gaps[0]
    assert row.tie is tie
    assert (row.p_leader_leads is None) is (half is None)


def test_the_probability_of_the_lead_is_that_of_two_normal_ratings(tmp_path: Path) -> None:
    rows: list[tuple[str, str, float, float | None]] = [
        ("2026-01-01", "gpt-5", 1010, 19.6),
        ("2026-01-01", "glm-5", 1000, 19.6),
    ]
    row = gap.measure(history(tmp_path, rows), BOOK, draws=20000).gaps[0]
    # Two standard errors of 10: z = 10 / (10 √2), and nothing is shrunk where there are but two ratings.
    assert row.p_leader_leads == pytest.approx(0.760, abs=0.012)


def test_a_change_of_the_lead_is_counted_once_and_a_tie_between_is_none(tmp_path: Path) -> None:
    days = ["2026-01-01", "2026-01-08", "2026-01-15", "2026-01-22"]
    rows = [r for day, us, cn in zip(days, [1500, 1500, 1500, 1500], [1450, 1500, 1550, 1450], strict=True)
            for r in ((day, "gpt-5", us, 0.1), (day, "glm-5", cn, 0.1))]  # fmt: skip
    changed = gap.measure(history(tmp_path, rows), BOOK).lead_changes
    assert changed is not None
    assert (changed.as_rated, changed.median, changed.p_second_ever_leads) == (2, 2, 1)


def test_the_noise_of_one_rating_does_not_invent_changes_of_the_lead(tmp_path: Path) -> None:
    days = [str(date(2026, 1, 1) + timedelta(n)) for n in range(60)]
    rows = [r for day in days for r in ((day, "gpt-5", 1505.0, 10.0), (day, "glm-5", 1500.0, 10.0))]
    changed = gap.measure(history(tmp_path, rows), BOOK).lead_changes
    assert changed is not None
    # The same ratings on sixty days are one measurement: in each draw one side leads throughout.
    assert (changed.as_rated, changed.high, changed.p_none) == (0, 0, 1)
    assert 0.05 < changed.p_second_ever_leads < 0.45


def test_the_lag_is_the_time_since_the_other_side_first_had_it(tmp_path: Path) -> None:
    text = (
        "Model,eci,eci_ci_low,eci_ci_high,date\nGPT-4 (Mar 2023),100,99,101,2023-03-14\nQwen-14B,90,89,91,2023-09-28\n"
        "DeepSeek-V2 (MoE-236B),99.8,99,101,2024-05-07\nClaude 3 Opus,110,109,111,2024-02-29\n"
    )
    path = tmp_path / "eci.csv"
    path.write_text(text)
    lag = gap.measure(gap.read(path), BOOK).lag
    assert lag is not None
    assert (lag.behind, lag.ahead) == ("CN", "US")
    assert lag.spread.last == pytest.approx((date(2024, 5, 7) - date(2023, 3, 14)).days / 30.4375)
    stricter = next(choice for choice in lag.choices if "more than 0.5" in choice.choice)
    assert stricter.spread.last == pytest.approx((date(2024, 5, 7) - date(2024, 2, 29)).days / 30.4375)


def test_as_good_is_enough_to_have_had_it(tmp_path: Path) -> None:
    path = tmp_path / "eci.csv"
    path.write_text(
        "Model,eci,date\nGPT-4 (Mar 2023),100,2023-03-14\nClaude 3 Opus,110,2024-02-29\nDeepSeek-V3,100,2024-12-26\n"
    )
    lag = gap.measure(gap.read(path), BOOK).lag
    assert lag is not None
    assert lag.spread.last == pytest.approx((date(2024, 12, 26) - date(2023, 3, 14)).days / 30.4375)


def test_a_lag_on_a_leaderboard_is_untouched_by_a_rebased_scale(tmp_path: Path) -> None:
    levels = [1504, 1480, 1490, 1470, 1465, 1450, 1440, 1430]
    plain = [*snapshot("2026-02-12", levels), *snapshot("2026-03-12", levels)]
    moved = [*snapshot("2026-02-12", levels), *snapshot("2026-03-12", [x + 100 for x in levels])]
    first = gap.measure(history(tmp_path, plain, "a.csv"), BOOK).lag
    second = gap.measure(history(tmp_path, moved, "b.csv"), BOOK).lag
    assert first is not None and second is not None
    assert first.spread == second.spread
    # The first US model as good as GLM-5 in the snapshot is Grok 4, released on 2025-07-09.
    assert first.spread.last == pytest.approx((date(2026, 3, 12) - date(2025, 7, 9)).days / 30.4375)


def test_noisy_ratings_are_shrunk_towards_the_trend_and_sure_ones_are_not() -> None:
    when = np.arange(20.0) * 30
    rating = 100 + when / 30 + np.where(np.arange(20) == 19, 15, 0)
    sure, _ = draws.shrunk(rating, np.full(20, 0.01), when)
    assert sure == pytest.approx(rating, abs=0.01)
    noisy, sd = draws.shrunk(rating, np.full(20, 10.0), when)
    assert noisy[19] < rating[19] - 5
    assert (sd < 10).all()


def test_what_has_no_interval_is_neither_shrunk_nor_drawn() -> None:
    rating, error = np.array([1.0, 2.0]), np.array([np.nan, np.nan])
    mean, sd = draws.shrunk(rating, error, np.array([1.0, 2.0]))
    assert mean.tolist() == [1.0, 2.0] and sd.tolist() == [0.0, 0.0]


def test_open_weights_can_be_set_against_closed_ones(tmp_path: Path) -> None:
    row = gap.measure(
        history(tmp_path, snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 1495, 1, 1, 1])), BOOK, ("open", "closed")
    ).gaps[0]
    assert (row.leader.side, row.trailer.side, row.trailer.model) == ("closed", "open", "glm-5")


def test_any_two_countries_can_be_compared(tmp_path: Path) -> None:
    row = gap.measure(
        history(tmp_path, snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 1, 1, 1, 1470])), BOOK, ("FR", "CN")
    ).gaps[0]
    assert (row.leader.side, row.points) == ("FR", 5)
    rest = gap.measure(
        history(tmp_path, snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 1, 1, 1, 1470])), BOOK, ("CN", "rest")
    ).gaps[0]
    assert (rest.leader.model, rest.trailer.side) == ("claude-opus-4.6", "CN")


@pytest.mark.parametrize("text", ["US", "US,US", "US,Mars", "US,CN,FR", "open,ajar", ""])
def test_sides_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(UnknownName, match="--between"):
        sides.pair(text)


def test_sides_that_never_meet_are_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="on no day do both"):
        gap.measure(history(tmp_path, snapshot("2026-03-11", [1500, 1490])), BOOK)


def test_an_unknown_model_that_would_lead_is_named_loudly(tmp_path: Path) -> None:
    rows = [*snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 1, 1, 1]), ("2026-03-11", "zzz-mystery-9", 1600.0, 5.0)]
    measured = gap.measure(history(tmp_path, rows), BOOK)
    assert measured.gaps[0].leader.model == "claude-opus-4.6"
    assert measured.gaps[0].decisive == (("zzz-mystery-9", 1600.0),)
    remark = next(r for r in measured.remarks if r.kind == "unknown-decides")
    assert remark.serious and "zzz-mystery-9" in remark.text and "LEAD" in remark.text


def test_the_files_own_maker_is_asked_where_the_catalogue_knows_no_model(tmp_path: Path) -> None:
    path = tmp_path / "h.csv"
    path.write_text(
        "date,model,rating,organization\n2026-03-11,gpt-5,1500,OpenAI\n2026-03-11,zzz-9,1490,Tencent\n2026-03-11,glm-5,1400,Meta\n"
    )
    measured = gap.measure(gap.read(path), BOOK)
    assert (measured.gaps[0].trailer.model, measured.gaps[0].trailer.country) == ("zzz-9", "CN")
    found = {r.kind: r.text for r in measured.remarks}
    assert "zzz-9" in found["maker-from-file"]
    assert "glm-5 (Meta in the file, zhipu here)" in found["maker-differs"]


def test_a_day_without_a_snapshot_gets_the_last_one_before_it(tmp_path: Path) -> None:
    measured = gap.measure(history(tmp_path, snapshot("2026-03-11", [1504, 1, 1, 1, 1465])), BOOK)
    row, remark = gap.on_day(measured, date(2026, 3, 20))
    assert row.date == date(2026, 3, 11)
    assert remark is not None and "9 days earlier" in remark.text
    with pytest.raises(UnknownName, match="no gap by that day"):
        gap.on_day(measured, date(2026, 3, 10))


def test_figures_of_one_day_alone_are_those_of_the_whole_history(tmp_path: Path) -> None:
    rows = [
        *snapshot("2026-03-04", [1505, 1, 1, 1, 1469, 2, 3, 4], 20),
        *snapshot("2026-03-11", [1504, 1, 1, 1, 1465, 2, 3, 4], 20),
    ]
    ratings = history(tmp_path, rows)
    whole = gap.measure(ratings, BOOK).gaps[-1]
    alone = gap.measure(ratings, BOOK, only=date(2026, 3, 11), with_lag=False).gaps[0]
    assert whole == alone


@needs_data
@pytest.mark.parametrize(
    ("day", "points", "percent"),
    [("2026-03-07", 39, 2.66), ("2026-03-11", 39, 2.66), ("2026-03-27", 39, 2.66), ("2026-03-29", 39, 2.66)],
)
def test_the_ai_indexs_gap_of_march_2026_comes_out(day: str, points: float, percent: float) -> None:
    ratings = gap.read(ARENA, board="site_text_overall")
    row = gap.measure(ratings, BOOK, only=date.fromisoformat(day), with_lag=False).gaps[0]
    assert (row.points, round(row.percent, 2)) == (points, percent)
    assert row.win_rate == pytest.approx(0.556, abs=0.0005)
    if day == "2026-03-11":
        assert (row.leader.model, row.leader.rating) == ("claude-opus-4-6", 1504)
        assert (row.trailer.model, row.trailer.rating) == ("dola-seed-2.0-preview", 1465)


@needs_data
def test_the_gap_through_march_2026_stays_in_its_published_range() -> None:
    gaps = gap.measure(gap.read(ARENA, board="site_text_overall"), BOOK, with_lag=False).gaps
    march = [g.percent for g in gaps if g.date >= date(2026, 3, 4)]
    assert min(march) >= 2.44 and max(march) <= 2.82
    assert all(g.leader.side == "US" for g in gaps)


@needs_data
def test_epochs_lag_comes_out_under_both_choices() -> None:
    lag = gap.measure(gap.read(EPOCH), BOOK, draws=200).lag
    assert lag is not None
    assert (round(lag.spread.mean, 1), round(lag.spread.shortest, 1), round(lag.spread.longest, 1)) == (7.9, 1.1, 18.2)
    other = lag.choices[0].spread
    assert (round(other.mean, 1), round(other.shortest, 1), round(other.longest, 1)) == (6.2, 1.1, 13.8)
    assert 2 < (lag.mean_high - lag.mean_low) / 2 < 5
    assert lag.decided_by[0] == "GPT-4 (Mar 2023)"


def test_a_win_rate_of_no_gap_is_a_half() -> None:
    assert compare.win_rate(0) == 0.5
    assert compare.win_rate(400) == pytest.approx(10 / 11)
