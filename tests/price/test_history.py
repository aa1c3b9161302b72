"""A correction in a registry, a passing listing and a jump to another host are no price cuts."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from weighbridge.errors import DataError
from weighbridge.price import history
from weighbridge.price.history import Level, judge

DATA = Path(__file__).parents[2].parent / "shared" / "data" / "prices"
START = date(2025, 1, 1)
HEADER = "date,model_id,event,old_prompt_usd_mtok,old_completion,new_prompt,new_completion\n"


def levels(*steps: tuple[int, float]) -> tuple[list[Level], date]:
    """Listings of (days, price) one after the other, the last one to the end."""
    made: list[Level] = []
    at = START
    for place, (days, price) in enumerate(steps):
        end = at + timedelta(days)
        made.append(Level(at, None if place == len(steps) - 1 else end, price, price, days))
        at = end
    return made, at


@pytest.mark.parametrize(
    ("steps", "closed", "kinds"),
    [
        ([(30, 1.0), (30, 0.8)], None, ["cut"]),
        ([(30, 1.0), (30, 1.2)], None, ["rise"]),
        ([(30, 1.0), (3, 0.1), (30, 1.0)], None, ["passing", "same"]),
        ([(5, 1.0), (30, 0.8)], None, ["cut"]),
        ([(30, 1.0), (5, 0.8)], None, ["fresh"]),
        ([(30, 1.0), (20, 0.8), (30, 1.0)], None, ["reverted", "reverted"]),
        ([(30, 1.0), (90, 0.8), (30, 1.0)], None, ["cut", "rise"]),
        ([(30, 1.0), (30, 0.4)], False, ["jump"]),
        ([(30, 1.0), (30, 0.4)], None, ["jump"]),
        ([(30, 1.0), (30, 0.4)], True, ["cut"]),
        ([(30, 1.0), (30, 0.0)], True, ["no price"]),
        ([(30, 1.0), (30, -1e6)], True, ["no price"]),
        ([(30, 1.0), (30, 0.0), (30, 0.9)], True, ["no price", "cut"]),
    ],
)
def test_each_change_is_what_the_written_rule_says(
    steps: list[tuple[int, float]], closed: bool | None, kinds: list[str]
) -> None:
    made, end = levels(*steps)
    assert [change.kind for change in judge(made, end, lambda _: closed)[1]] == kinds


def read(tmp_path: Path, rows: str) -> history.Histories:
    (tmp_path / "events.csv").write_text(HEADER + rows)
    return history.read(tmp_path)


def test_a_removed_or_free_model_has_no_price_on_that_day(tmp_path: Path) -> None:
    found = read(tmp_path, "2025-01-01,a/b,added,,,1,2\n2025-02-01,a/b,removed,1,2,,\n2025-03-01,a/b,relisted,,,0,0\n")
    listing = found.listings["a/b"]
    assert listing.held_on(date(2025, 1, 15)) is not None
    assert listing.held_on(date(2025, 2, 15)) is None
    assert listing.held_on(date(2025, 3, 15)) is None
    assert listing.held_on(date(2024, 12, 31)) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "has no rows"),
        ("2025-13-01,a,added,,,1,2\n", "row 2, column date: '2025-13-01'"),
        ("2025-01-01,a,invented,,,1,2\n", "column event: 'invented'"),
        ("2025-01-01,a,added,,,cheap,2\n", "column new_prompt: 'cheap'"),
    ],
)
def test_a_bad_log_is_one_error_that_names_row_and_column(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        read(tmp_path, text)


def test_a_folder_without_a_log_says_which_columns_it_needs(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="holds no price log"):
        history.read(tmp_path)


def test_shuffled_rows_give_the_same_history_and_say_so(tmp_path: Path) -> None:
    rows = ["2025-01-01,a,added,,,1,1", "2025-03-01,a,changed,1,1,0.8,0.8", "2025-06-01,a,changed,0.8,0.8,0.7,0.7"]
    forward = read(tmp_path, "\n".join(rows) + "\n")
    backward = read(tmp_path, "\n".join(reversed(rows)) + "\n")
    assert forward.listings == backward.listings
    assert not forward.remarks
    assert "backwards" in backward.remarks[0]


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/prices is not there")
def test_deepseek_r1_was_not_cut_when_its_listing_went_to_7_and_back() -> None:
    listing = history.read(DATA).listings["deepseek/deepseek-r1"]
    spell = [c for c in listing.changes if date(2025, 1, 28) <= c.date <= date(2025, 1, 31)]
    assert [(c.after.input, c.after.output, c.kind) for c in spell] == [
        (7.0, 7.0, "passing"), (6.5, 8.0, "passing"), (0.8, 2.4, "passing"),
    ]  # fmt: skip
    held, listed = listing.held_on(date(2025, 1, 29)), listing.listed_on(date(2025, 1, 29))
    assert held is not None and (held.input, held.output) == (0.55, 2.19)
    assert listed is not None and (listed.input, listed.output) == (7.0, 7.0)
    assert not [c for c in listing.changes if c.kind == "cut" and c.date < date(2025, 4, 1)]
