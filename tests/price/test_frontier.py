"""The frontier, price at equal capability, and break-even."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from weighbridge import catalog
from weighbridge.errors import DataError
from weighbridge.price import frontier as front
from weighbridge.price import history
from weighbridge.price.selfhost import HOURS_PER_MONTH, break_even

DAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("points", "on"),
    [
        ([(1500, 10), (1400, 1)], [True, True]),
        ([(1500, 10), (1400, 20)], [True, False]),
        ([(1500, 10), (1500, 9)], [False, True]),
        ([(1500, 10), (1490, 10)], [True, False]),
        ([(1500, 10), (1500, 10)], [True, True]),
    ],
)
def test_a_model_is_on_the_frontier_when_none_is_as_good_for_less(
    points: list[tuple[float, float]], on: list[bool]
) -> None:
    table = pl.DataFrame(points, schema={"rating": pl.Float64, "blended": pl.Float64}, orient="row")
    assert front.undominated(table) == on


def test_equal_capability_takes_the_cheapest_of_each_side_and_names_the_unpriced(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "date,model_id,event,new_prompt,new_completion\n2025-01-01,deepseek/deepseek-r1,added,1,1\n"
        "2025-01-01,openai/o1,added,8,8\n2025-01-01,openai/gpt-4o,added,4,4\n2026-06-01,openai/o1,removed,,\n"
    )
    placed = pl.DataFrame(
        {"model": ["o1", "deepseek-r1", "gpt-4o", "qwq-32b"], "id": ["o1", "deepseek-r1", "gpt-4o", "qwq-32b"],
         "side": ["US", "CN", "US", "CN"], "rating": [1400.0, 1390.0, 1350.0, 1340.0]}
    )  # fmt: skip
    found = front.frontier(placed, DAY, history.read(tmp_path), catalog.load(), ("US", "CN"))
    assert found.unpriced == ("qwq-32b",)
    rows = front.equal_capability(found, ("US", "CN"), (0.0, 50.0))
    assert [(row.rating, row.first.model, row.second.model, row.ratio) for row in rows] == [
        (1390.0, "o1", "deepseek-r1", 8.0), (1340.0, "gpt-4o", "deepseek-r1", 4.0),
    ]  # fmt: skip


def test_break_even_is_where_both_sides_cost_the_same() -> None:
    found = break_even(5e9, 2.5, 6000, 0.5)
    volume = found.break_even_tokens
    assert volume == pytest.approx(2.5 * HOURS_PER_MONTH / 0.5 * 1e6)
    at = break_even(volume or 1, 2.5, 6000, 0.5)
    assert at.own_dollars == pytest.approx(at.api_dollars)
    assert (found.gpus, found.cheaper) == (1, "own machine")


def test_a_machine_that_is_dearer_at_any_volume_has_no_break_even() -> None:
    found = break_even(5e9, 2.5, 1500, 0.5)
    assert (found.break_even_tokens, found.cheaper, found.gpus) == (None, "API", 3)


def test_fixed_cost_can_need_a_second_gpu_before_it_pays() -> None:
    found = break_even(1e9, 2.0, 3000, 0.6, utilisation=1.0, fixed_dollars=5000)
    volume = found.break_even_tokens or 0
    at = break_even(volume, 2.0, 3000, 0.6, utilisation=1.0, fixed_dollars=5000)
    assert at.gpus > 1
    assert at.own_dollars == pytest.approx(at.api_dollars)


@pytest.mark.parametrize(
    ("numbers", "options", "said"),
    [
        ((0, 1, 1, 1), {}, "--tokens-per-month"),
        ((1, -1, 1, 1), {}, "--gpu-dollars-per-hour"),
        ((1, 1, float("nan"), 1), {}, "--tokens-per-second"),
        ((1, 1, 1, 0), {}, "the API's price"),
        ((1, 1, 1, 1), {"utilisation": 1.5}, "--utilisation"),
        ((1, 1, 1, 1), {"fixed_dollars": -1}, "--fixed-dollars"),
    ],
)
def test_a_number_that_cannot_be_one_is_named(numbers: tuple[float, ...], options: dict[str, float], said: str) -> None:
    with pytest.raises(DataError, match=said):
        break_even(*numbers, **options)  # type: ignore[arg-type]
