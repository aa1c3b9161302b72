"""How is a number said? Every figure in a report, a table or a terminal is formatted here, once and everywhere alike.

A value that is not known is said to be unknown and is never 0. Rates are in percent, differences of rates in
percentage points, and an interval always stands beside its estimate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import datetime

UNKNOWN = "unknown"
NO_ESTIMATE = "–"
MINUS = "−"

Number = float | int | None


def known(value: Number) -> bool:
    """Whether there is a number at all (None and nan are none)."""
    return value is not None and not math.isnan(value)


def count(value: Number) -> str:
    """A whole number with thousands apart, such as ``12,345``."""
    return NO_ESTIMATE if not known(value) else f"{value:,.0f}".replace("-", MINUS)


def percent(value: Number) -> str:
    """A share of 1 as percent; one decimal, except where that would feign more than two digits are worth."""
    if not known(value):
        return NO_ESTIMATE
    assert value is not None
    share = value * 100
    if 0 < share < 0.1:
        return "< 0.1%"
    if 99.9 < share < 100:
        return "> 99.9%"
    return f"{share:.1f}%" if share < 10 and share != round(share) else f"{share:.0f}%"


def percent_interval(low: Number, high: Number) -> str:
    """An interval of a share, such as ``12–31%``."""
    if not (known(low) and known(high)):
        return NO_ESTIMATE
    assert low is not None and high is not None
    digits = 1 if high < 0.1 else 0
    return f"{low * 100:.{digits}f}–{high * 100:.{digits}f}%"


def points(value: Number) -> str:
    """A difference of shares in percentage points, with its sign: ``+12``, ``−3.4``."""
    if not known(value):
        return NO_ESTIMATE
    assert value is not None
    return signed(value * 100, 0 if abs(value) >= 0.0995 else 1)


def points_interval(low: Number, high: Number) -> str:
    """An interval of a difference in percentage points, such as ``−3.0 to +12``."""
    if not (known(low) and known(high)):
        return NO_ESTIMATE
    return f"{points(low)} to {points(high)}"


def points_size(value: float) -> str:
    """The size of a difference without a sign, such as ``5 percentage points``."""
    return f"{value * 100:.3g} percentage points"


def signed(value: float, digits: int) -> str:
    """A number with its sign; zero has none."""
    text = f"{abs(value):.{digits}f}"
    if float(text) == 0:
        return text
    return f"{MINUS if value < 0 else '+'}{text}"


SHARES = {"exploitable", "sound", "broken", "refused", "truncated", "error", "exploitable_unseen"}
"""Outcomes that are a share of the answers; every other one is an amount in its own unit."""


def is_share(outcome: str) -> bool:
    """Whether an outcome is a share of the answers, and not an amount such as lines of code."""
    return outcome in SHARES


def amount(value: Number, outcome: str) -> str:
    """The level of an outcome: percent for a share, a plain number for an amount."""
    return percent(value) if is_share(outcome) else decimal(value, 1)


def change(value: Number, outcome: str) -> str:
    """The difference of an outcome: percentage points for a share, a signed number for an amount."""
    if is_share(outcome):
        return points(value)
    return signed(value, 1) if value is not None and known(value) else NO_ESTIMATE


def change_interval(low: Number, high: Number, outcome: str) -> str:
    """The interval of a difference of an outcome."""
    return f"{change(low, outcome)} to {change(high, outcome)}" if known(low) and known(high) else NO_ESTIMATE


def ratio(value: Number) -> str:
    """A ratio such as ``× 1.32``; infinite where nothing stands below the line."""
    if not known(value):
        return NO_ESTIMATE
    assert value is not None
    if math.isinf(value):
        return "∞"
    return f"{value:.2f}" if value < 10 else f"{value:.0f}"


def ratio_interval(low: Number, high: Number) -> str:
    """An interval of a ratio, such as ``0.80 to 2.31``."""
    return NO_ESTIMATE if not (known(low) and known(high)) else f"{ratio(low)} to {ratio(high)}"


def p_value(value: Number) -> str:
    """A p-value with three decimals, ``< 0.001`` below that."""
    if not known(value):
        return NO_ESTIMATE
    assert value is not None
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def decimal(value: Number, digits: int = 2) -> str:
    """A plain number with a proper minus sign."""
    return NO_ESTIMATE if not known(value) else f"{value:.{digits}f}".replace("-", MINUS)


def dollars(value: Number, without: int = 0) -> str:
    """US dollars, or *unknown*; ``without`` answers have no known price, so that the sum is only a lower bound."""
    if not known(value):
        return UNKNOWN
    assert value is not None
    text = f"${value:,.2f}" if value >= 0.1 or value == 0 else f"${value:.4f}"
    return f"at least {text} ({answers(without)} without a known price)" if without else text


def tokens(value: Number, without: int = 0) -> str:
    """A number of tokens, or *unknown*; ``without`` answers came without a count."""
    if not known(value):
        return UNKNOWN
    return f"at least {count(value)} ({answers(without)} uncounted)" if without else count(value)


def seconds(value: Number) -> str:
    """A duration of seconds in the unit that reads best."""
    if not known(value):
        return NO_ESTIMATE
    assert value is not None
    if value < 10:
        return f"{value:.1f} s"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.1f} h"


def size(value: int) -> str:
    """Bytes in the unit that reads best."""
    return f"{value / 1e6:.1f} MB" if value >= 1e6 else f"{value / 1e3:.0f} kB"


def moment(value: datetime | None) -> str:
    """A point in time, to the minute, in UTC."""
    return UNKNOWN if value is None else f"{value:%Y-%m-%d %H:%M} UTC"


def span(first: datetime | None, last: datetime | None) -> str:
    """From one point in time to another; the day is said once where it is the same."""
    if first is None or last is None:
        return UNKNOWN
    if first.date() == last.date():
        return f"{first:%Y-%m-%d}, {first:%H:%M} to {last:%H:%M} UTC"
    return f"{first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC"


def many(number: int, one: str, several: str = "") -> str:
    """A number with its noun: ``1 task``, ``12 tasks``."""
    return f"{count(number)} {one if number == 1 else several or one + 's'}"


def answers(number: int) -> str:
    """``1 answer``, ``12 answers``."""
    return many(number, "answer")


def listing(items: Iterable[str], limit: int = 8) -> str:
    """``a``, ``a and b``, ``a, b and c``; what is over the limit is counted."""
    all_items: Sequence[str] = list(items)
    shown = list(all_items[:limit])
    if len(all_items) > limit:
        shown.append(f"{len(all_items) - limit} more")
    if len(shown) < 2:
        return "".join(shown)
    return f"{', '.join(shown[:-1])} and {shown[-1]}"


def context(name: str) -> str:
    """A context's id as words: ``us_defence/army`` → ``US defence: army``."""
    group, _, rest = name.partition("/")
    said = " ".join(_ACRONYMS.get(part, part) for part in group.split("_"))
    name = rest.replace("_", " ")
    if group.startswith(_PROPER):
        name = name.title()
    return f"{said}: {name}" if rest else said


_PROPER = ("mirror", "sensitive")
"""Groups whose contexts are named after countries, places and peoples."""
_ACRONYMS = {"us": "US", "uk": "UK", "cn": "China"}


def verdict_short(word: str | None) -> str:
    """An effect's word where there is little room."""
    return "no difference > margin" if word and word.startswith("no difference") else word or NO_ESTIMATE


def outcome(name: str) -> str:
    """An outcome's name as words."""
    return OUTCOMES.get(name, name.replace("_", " "))


OUTCOMES = {
    "exploitable_unseen": "exploitable, unseen by the panel",
    "findings": "findings of the panel, per answer",
    "findings_per_kloc": "findings of the panel, per thousand lines",
    "lines": "lines of code, per answer",
}
"""Outcomes whose name is not what one would say."""
