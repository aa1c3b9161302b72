"""How fast one model is asked, and what a budget lets through."""

from __future__ import annotations

import asyncio
import time
from email.utils import formatdate

import pytest

from weighbridge.audit.asking.budget import Cost, Purse
from weighbridge.audit.asking.pace import Pace, seconds_to_wait
from weighbridge.audit.plan import Budget, Limits


@pytest.mark.parametrize(
    ("value", "milliseconds", "seconds"),
    [
        ("2", None, 2.0),
        ("0.5", None, 0.5),
        ("2", "250", 0.25),
        (None, None, None),
        ("soon", None, None),
        ("-3", None, 0.0),
    ],
)
def test_retry_after_is_read(value: str | None, milliseconds: str | None, seconds: float | None) -> None:
    assert seconds_to_wait(value, milliseconds) == seconds


def test_retry_after_may_be_a_date() -> None:
    found = seconds_to_wait(formatdate(time.time() + 30, usegmt=True))
    assert found is not None and 27 < found <= 31


def test_a_429_halves_what_is_asked_at_once_and_answers_win_it_back() -> None:
    async def go() -> None:
        pace = Pace(Limits(concurrency=16), first_wait=0.01)
        for _ in range(5):
            pace.slow_down(None)  # one wave: they were under way together
        assert pace.allowed == 8
        await asyncio.sleep(0.05)
        pace.slow_down(None)
        assert pace.allowed == 4
        for _ in range(200):
            pace.went_well()
        assert pace.allowed == 16

    asyncio.run(go())


def test_the_pause_grows_from_wave_to_wave() -> None:
    async def go() -> None:
        pace = Pace(Limits(), first_wait=0.01)
        lengths: list[float] = []
        for _ in range(4):
            pace.slow_down(None)
            lengths.append(pace.paused_for())
            await asyncio.sleep(pace.paused_for() + 0.001)
        assert lengths[0] < lengths[1] < lengths[2] < lengths[3]

    asyncio.run(go())


def test_nobody_gets_a_turn_during_a_pause() -> None:
    async def go() -> float:
        pace = Pace(Limits(concurrency=4))
        pace.slow_down(0.2)
        began = time.monotonic()
        await asyncio.gather(*[pace.turn(1) for _ in range(2)])
        return time.monotonic() - began

    assert asyncio.run(go()) >= 0.19


def test_a_purse_holds_back_what_might_pass_the_limit_until_it_is_known_to_fit() -> None:
    async def go() -> None:
        purse = Purse(Budget(tokens=100), Cost(tokens=10))
        assert await purse.hold(Cost(tokens=60))
        second = asyncio.create_task(purse.hold(Cost(tokens=60)))
        await asyncio.sleep(0.01)
        assert not second.done()  # it might not fit
        await purse.give_back(Cost(tokens=60), Cost(tokens=20))
        assert await second
        third = asyncio.create_task(purse.hold(Cost(tokens=60)))
        await purse.give_back(Cost(tokens=60), Cost(tokens=20))
        assert await third is False  # 50 are spent, and nothing is under way
        assert purse.spent == Cost(tokens=50)
        assert await purse.hold(Cost(tokens=50))

    asyncio.run(go())


def test_what_costs_nothing_is_let_through_whatever_is_spent() -> None:
    async def go() -> None:
        purse = Purse(Budget(dollars=1, tokens=10), Cost(tokens=99, dollars=9))
        assert await purse.hold(Cost())
        assert not await purse.hold(Cost(tokens=1))

    asyncio.run(go())
