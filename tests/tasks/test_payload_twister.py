"""The Mersenne Twister's next output follows from what it gave out."""

from __future__ import annotations

import random

import pytest

from weighbridge.tasks.payloads import twister


@pytest.mark.parametrize("width", [32, 64, 128, 256])
@pytest.mark.parametrize(
    ("order", "base", "draw"),
    [
        ("big", 16, lambda r, w: f"{r.getrandbits(w):0{w // 4}x}"),
        ("big", 10, lambda r, w: str(r.getrandbits(w))),
        ("little", 16, lambda r, w: r.randbytes(w // 8).hex()),
        ("little", 16, lambda r, w: r.randbytes(w // 8).hex().upper()),
    ],
)
def test_next_code_follows_from_those_before(width, order, base, draw) -> None:
    generator = random.Random(width)
    for _ in range(37):  # wherever the attacker joins
        draw(generator, width)
    codes = [draw(generator, width) for _ in range(-(-624 * 32 // width))]
    assert twister.following(codes, base, width, order) == draw(generator, width)


def test_too_few_codes_tell_nothing() -> None:
    generator = random.Random(1)
    assert twister.following([f"{generator.getrandbits(128):032x}" for _ in range(155)], 16, 128, "big") is None


def test_codes_of_the_system_are_not_followed() -> None:
    generator = random.SystemRandom()
    codes = [f"{generator.getrandbits(128):032x}" for _ in range(156)]
    assert twister.following(codes, 16, 128, "big") != f"{generator.getrandbits(128):032x}"
