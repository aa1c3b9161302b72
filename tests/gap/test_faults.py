"""What is wrong with a series is seen and told; a sound one is left in peace."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from weighbridge import catalog, gap
from weighbridge.gap import faults

BOOK = catalog.load()
DATA = Path(__file__).parents[2].parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is not here")
MODELS = [name for name, model in BOOK.models.items() if model.kind == "model"][::12][:60]


class Series:
    """A sound history: sixty models that drift a little, a snapshot a week; each method breaks it in one way."""

    def __init__(self, weeks: int = 12, seed: int = 5) -> None:
        draw = np.random.default_rng(seed)
        level = np.linspace(1100, 1500, len(MODELS))
        self.days = [date(2026, 1, 5) + timedelta(7 * n) for n in range(weeks)]
        self.names = [list(MODELS) for _ in self.days]
        self.levels = [
            level + draw.normal(0, 1.0, len(MODELS)).cumsum() * 0.05 + draw.normal(0, 0.8, len(MODELS))
            for _ in self.days
        ]

    def write(self, tmp_path: Path) -> gap.Ratings:
        lines = ["date,model,rating,low,high"]
        for day, names, levels in zip(self.days, self.names, self.levels, strict=True):
            lines += [f"{day},{n},{x:.2f},{x - 5:.2f},{x + 5:.2f}" for n, x in zip(names, levels, strict=True)]
        path = tmp_path / "series.csv"
        path.write_text("\n".join(lines) + "\n")
        return gap.read(path)


def found(series: Series, tmp_path: Path) -> list[gap.Remark]:
    return faults.look(series.write(tmp_path), BOOK)


def test_a_sound_series_gets_no_remark(tmp_path: Path) -> None:
    assert found(Series(), tmp_path) == []


@pytest.mark.parametrize("jump", [60.0, -25.0, 12.0])
def test_a_rebased_scale_is_seen_on_its_day(tmp_path: Path, jump: float) -> None:
    series = Series()
    series.levels[6:] = [level + jump for level in series.levels[6:]]
    remarks = found(series, tmp_path)
    assert [(r.kind, r.date, r.serious) for r in remarks] == [("re-based", series.days[6], True)]
    assert f"{jump:+.0f}"[:2] in remarks[0].text


def test_a_board_that_changes_behind_one_name_is_seen(tmp_path: Path) -> None:
    series = Series()
    other = np.random.default_rng(9).normal(0, 35, len(MODELS))
    series.levels[7:] = [level + other for level in series.levels[7:]]
    assert [(r.kind, r.date) for r in found(series, tmp_path)] == [("board-changed", series.days[7])]


def test_a_stretched_scale_is_seen(tmp_path: Path) -> None:
    series = Series()
    series.levels[7:] = [(level - 1000) * 2 + 1000 for level in series.levels[7:]]
    assert {r.kind for r in found(series, tmp_path)} >= {"re-based", "board-changed"}


def test_a_hole_is_seen_with_its_length(tmp_path: Path) -> None:
    series = Series()
    series.days[5:] = [day + timedelta(86) for day in series.days[5:]]
    remarks = found(series, tmp_path)
    assert [(r.kind, r.count) for r in remarks] == [("hole", 93)]


def test_a_shrunken_snapshot_is_seen(tmp_path: Path) -> None:
    series = Series()
    series.names[4], series.levels[4] = series.names[4][:20], series.levels[4][:20]
    assert ("shrunken", series.days[4], 20) in [(r.kind, r.date, r.count) for r in found(series, tmp_path)]


def test_a_repeated_snapshot_is_told_once_for_all(tmp_path: Path) -> None:
    series = Series()
    for at in (3, 4, 8):
        series.levels[at] = series.levels[at - 1]
    remarks = found(series, tmp_path)
    assert [(r.kind, r.serious, r.count) for r in remarks] == [("repeated", False, 3)]


def test_a_renamed_model_is_seen_by_the_catalogue_and_not_taken_for_another(tmp_path: Path) -> None:
    series = Series()
    old = series.names[0][0]
    for names in series.names[6:]:
        names[0] = old.upper() + "-FP8"
    remarks = found(series, tmp_path)
    assert [(r.kind, r.date, r.serious) for r in remarks] == [("renamed", series.days[6], False)]
    assert old in remarks[0].text


def test_a_wholesale_change_of_spelling_is_serious_and_the_scale_is_still_watched(tmp_path: Path) -> None:
    series = Series()
    for at in range(6, len(series.days)):
        series.names[at] = [name.upper() for name in series.names[at]]
        series.levels[at] = series.levels[at] + 50
    assert {(r.kind, r.serious) for r in found(series, tmp_path)} == {("renamed", True), ("re-based", True)}


def test_snapshots_without_a_common_model_are_told(tmp_path: Path) -> None:
    series = Series(weeks=4)
    for at in (2, 3):
        series.names[at] = [f"nobody-{n}" for n in range(len(MODELS))]
    assert "disjoint" in {r.kind for r in found(series, tmp_path)}


def test_a_date_in_the_future_is_told(tmp_path: Path) -> None:
    series = Series(weeks=3)
    series.days[-1] = date.today() + timedelta(20)
    assert "future" in {r.kind for r in found(series, tmp_path)}


@needs_data
def test_the_known_faults_of_the_real_histories_are_seen() -> None:
    arena = DATA / "arena" / "arena_history_to_2026-03.csv"
    style = faults.look(gap.read(arena, board="sc_overall"), BOOK)
    rebased = {r.date: r.text for r in style if r.kind == "re-based"}
    assert "+59.9 points" in rebased[date(2025, 5, 20)]
    raw = faults.look(gap.read(arena, board="raw_overall"), BOOK)
    assert (date(2025, 11, 5), 93) in {(r.date, r.count) for r in raw if r.kind == "hole"}
    wide = faults.look(gap.read(DATA / "arena" / "nakasyou_result.csv"), BOOK)
    assert {"re-based", "board-changed"} <= {r.kind for r in wide if r.date == date(2024, 6, 29)}
    site = faults.look(gap.read(arena, board="site_text_overall"), BOOK)
    assert [(r.kind, r.date) for r in site if r.serious] == [("renamed", date(2026, 2, 10))]
