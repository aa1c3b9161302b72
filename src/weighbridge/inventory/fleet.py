"""What share of a fleet's repositories is built on each class of origin, and how sure is that of fleets like it?

A repository is built on a class if it has at least one counted model or weights file of that class. A repository may
stand in several classes. Those with a model of unknown origin may belong to any: the share is an interval from what
is known (``share``) to what it could be at most (``share_at_most``); Wilson's interval (1927) over repositories comes
on top of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from weighbridge.inventory.hits import Hit
from weighbridge.stats.rates import wilson

CLASSES = ("open_cn", "open_other", "proprietary_cn", "proprietary_other", "unknown")


@dataclass(frozen=True, slots=True)
class Share:
    """One class: repositories built on it, of how many; shares and the 95 % interval, from the lower share's lower
    bound to the upper share's upper bound. None where there is no repository at all."""

    name: str
    repositories: int
    at_most: int
    of: int
    share: float | None
    share_at_most: float | None
    low: float | None
    high: float | None


def shares(repositories: list[str], hits: Iterable[Hit], *, level: float = 0.95) -> list[Share]:
    """A row a class, then ``any`` (at least one model found), ``any_cn`` (open or proprietary) and, of the repositories
    with any model at all, ``open_cn_of_users``: the denominator that a claim about *users of models* needs."""
    origins: dict[str, set[str]] = {name: set() for name in repositories}
    for hit in hits:
        if hit.counted and hit.kind in ("model", "weights"):
            origins[hit.repository].add(hit.origin)
    rows = [
        _share(
            name,
            [{name} & found != set() for found in origins.values()],
            [name != "unknown" and "unknown" in found for found in origins.values()],
            level,
        )
        for name in CLASSES
    ]
    rows.append(_share("any", [bool(found) for found in origins.values()], [False] * len(origins), level))
    cn = {"open_cn", "proprietary_cn"}
    rows.append(
        _share(
            "any_cn",
            [bool(found & cn) for found in origins.values()],
            ["unknown" in found for found in origins.values()],
            level,
        )
    )
    users = [found for found in origins.values() if found]
    rows.append(
        _share(
            "open_cn_of_users", ["open_cn" in found for found in users], ["unknown" in found for found in users], level
        )
    )
    return rows


def _share(name: str, is_in: list[bool], could_be: list[bool], level: float) -> Share:
    of, known = len(is_in), sum(is_in)
    most = sum(a or b for a, b in zip(is_in, could_be, strict=True))
    if not of:
        return Share(name, 0, 0, 0, None, None, None, None)
    low, _ = wilson(known / of, of, level=level)
    _, high = wilson(most / of, of, level=level)
    return Share(name, known, most, of, known / of, most / of, low, high)
