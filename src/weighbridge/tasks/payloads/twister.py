"""What will Python's default generator say next? Its state from 624 words of its output.

``random`` is the Mersenne Twister MT19937 (Matsumoto and Nishimura, ACM TOMACS 8, 1998): each word that it gives out is
an invertible function ("tempering") of one of its 624 words of state. Used by oracles whose program draws something
that nobody shall guess, and only for ways of drawing that give out whole words (``getrandbits``, ``randbytes``).
"""

from __future__ import annotations

import random
import re
from typing import Literal

Order = Literal["little", "big"]
ORDERS: tuple[Order, ...] = ("little", "big")
"""How bytes of a code make a number: ``getrandbits`` prints as a number (big), ``randbytes`` as bytes (little)."""


def number(code: str, base: int) -> int | None:
    """A code read as a number, dashes left out; None where it is none."""
    bare = code.replace("-", "")
    if len(bare) > 200 or not re.fullmatch("[0-9a-fA-F]+" if base == 16 else "[0-9]+", bare):
        return None
    return int(bare, base)


def untemper(word: int) -> int:
    """The word of state behind a word of output: the four steps of tempering, taken back."""
    word ^= word >> 18
    word ^= (word << 15) & 0xEFC60000
    mixed = word
    for _ in range(5):
        mixed = word ^ ((mixed << 7) & 0x9D2C5680)
    shown = mixed
    for _ in range(3):
        shown = mixed ^ (shown >> 11)
    return shown & 0xFFFFFFFF


def words(value: int, width: int) -> list[int]:
    """A number of ``width`` bits as the words that ``getrandbits`` made it of, the first one first."""
    return [value >> shift & 0xFFFFFFFF for shift in range(0, width, 32)]


def following(codes: list[str], base: int, width: int, order: Order) -> str | None:
    """The code after these, written like them; None where they do not tell.

    ``codes`` are at least 624 · 32 / ``width`` successive ones, each all of ``width`` bits drawn at once.
    """
    drawn: list[int] = []
    for code in codes:
        value = number(code, base)
        if value is None or value.bit_length() > width:
            return None
        if order == "little":
            if base != 16:
                return None
            value = int.from_bytes(value.to_bytes(width // 8, "big"), "little")
        drawn += words(value, width)
    if len(drawn) < 624:
        return None
    generator = random.Random()
    generator.setstate((3, (*map(untemper, drawn[-624:]), 624), None))
    value = generator.getrandbits(width)
    if order == "little":
        value = int.from_bytes(value.to_bytes(width // 8, "little"), "big")
    if base == 10:
        return str(value)
    shown = f"{value:0{len(codes[-1].replace('-', ''))}x}"
    if "-" in codes[-1] and len(shown) == 32:
        shown = "-".join((shown[:8], shown[8:12], shown[12:16], shown[16:20], shown[20:]))
    return shown.upper() if codes[-1].upper() == codes[-1] and not codes[-1].isdigit() else shown
