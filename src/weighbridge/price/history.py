"""How did a model's price change, and which changes were real?

Reads a log of price events (a model's prompt and completion price, whenever a daily snapshot differed) and judges each
change by a written rule, because a listed price is that of a host: when a maker's own API fails, a router's default
moves to another host and back, and no price was cut. The rule, first that applies:

1. *no price*: the new price is 0 on both sides (a free promotion or a missing value) or negative (a router's mark).
2. *passing*: it stood for fewer than ``HOLD`` days before the next change. What stood at the start counts as a price
   however long; what stands at the end of the data is *fresh* until it has stood that long.
3. *reverted*: between prices that stood, one that comes back (within ``SAME``) not later than ``REVERT`` days after it
   was left takes both changes with it.
4. *jump*: the blended price changes by a factor of ``JUMP`` or more and the weights are open, or not known to be
   closed: another host may stand behind the same listing.
5. what is left is a *cut* or a *rise*.

So deepseek-r1's 0.55/2.19 → 7/7 → 6.5/8 → 0.8/2.4 of 28 to 31 January 2025 is three passing listings and no cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from weighbridge.errors import DataError

HOLD, REVERT, SAME, JUMP = 14, 60, 0.05, 2.0
BLEND = (3.0, 1.0)
"""Parts of input to parts of output in a blended price: the 3 : 1 that Artificial Analysis uses."""
COLUMNS = ("date", "model_id", "event", "new_prompt_usd_mtok|new_prompt", "new_completion")
EVENTS = {"added", "changed", "removed", "relisted"}


@dataclass(frozen=True, slots=True)
class Level:
    """A listed price in dollars per million tokens, from ``since`` to the day before ``until`` (None: to the end)."""

    since: date
    until: date | None
    input: float
    output: float
    days: int

    def blended(self, blend: tuple[float, float] = BLEND) -> float:
        """One price for a usual mix of input and output."""
        return blended(self.input, self.output, blend)


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a listing. ``kind``: cut, rise, jump, reverted, passing, fresh, same or no price."""

    date: date
    before: Level
    after: Level
    factor: float | None
    kind: str
    why: str


@dataclass(frozen=True)
class Listing:
    """One model id's prices at one host: what was listed, what held by the rule, and every change judged."""

    model_id: str
    listed: list[Level]
    held: list[Level]
    changes: list[Change]
    removed: date | None

    def listed_on(self, day: date) -> Level | None:
        """What the list said on that day; None before it, after removal, and where that was no price."""
        return _on(self.listed, day, ended=True)

    def held_on(self, day: date) -> Level | None:
        """The price that held on that day: the last one that was not passing; None where there was none."""
        listed = self.listed_on(day)
        if listed is None or listed.input < 0 or (listed.input == 0 and listed.output == 0):
            return None
        return _on(self.held, day, ended=False)


@dataclass(frozen=True)
class Histories:
    """All listings of one file, by model id."""

    listings: dict[str, Listing]
    until: date
    file: str
    sha256: str
    remarks: list[str] = field(default_factory=list)


def blended(input_price: float, output_price: float, blend: tuple[float, float] = BLEND) -> float:
    """The price of a mix of input and output tokens, per million."""
    return (blend[0] * input_price + blend[1] * output_price) / sum(blend)


def find(folder: Path) -> Path:
    """The newest price-event log in a folder (a CSV with model_id, event and new_completion), or the file itself."""
    if folder.is_file():
        return folder
    if not folder.is_dir():
        raise DataError(f"--prices {folder}: there is no such folder or file")
    logs = [path for path in sorted(folder.glob("*.csv")) if {"model_id", "event", "new_completion"} <= _header(path)]
    if not logs:
        raise DataError(
            f"--prices {folder}: holds no price log (a CSV with the columns date, model_id, event, new_completion)"
        )
    return logs[-1]


def _header(path: Path) -> set[str]:
    with path.open(encoding="utf-8", errors="replace") as file:
        return set(file.readline().strip().split(","))


def read(folder: Path, *, is_closed: Callable[[str, date], bool | None] | None = None) -> Histories:
    """Read a price log. ``is_closed(model_id, day)`` says whether weights were closed (None: not known).

    Raises ``DataError`` where the file is missing, empty, or a column or a value is not what it must be.
    """
    path = find(folder)
    frame = _frame(path)
    remarks: list[str] = []
    backwards = int((frame["date"].diff().dt.total_days().fill_null(0) < 0).sum())
    if backwards:
        remarks.append(f"{path.name}: dates run backwards in {backwards} places; sorted")
        frame = frame.sort("date", maintain_order=True)
    until: date = frame["date"].max()  # type: ignore[assignment]
    listings: dict[str, Listing] = {}
    for (model_id,), rows in frame.group_by("model_id", maintain_order=True):
        levels, removed = _levels(rows, until)
        closed = _closed_by(is_closed, str(model_id))
        held, changes = judge(levels, until, closed)
        listings[str(model_id)] = Listing(str(model_id), levels, held, changes, removed)
    return Histories(listings, until, path.name, hashlib.sha256(path.read_bytes()).hexdigest(), remarks)


def _closed_by(is_closed: Callable[[str, date], bool | None] | None, model_id: str) -> Callable[[date], bool | None]:
    return (lambda _: None) if is_closed is None else (lambda day: is_closed(model_id, day))


def _frame(path: Path) -> pl.DataFrame:
    try:
        raw = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError) as error:
        raise DataError(f"{path}: cannot be read as CSV ({str(error).splitlines()[0]}); mend the file") from None
    chosen: dict[str, str] = {}
    for names in COLUMNS:
        options = names.split("|")
        there = next((name for name in options if name in raw.columns), None)
        if there is None:
            raise DataError(f"{path}: the column '{options[0]}' is missing (columns: {', '.join(raw.columns)})")
        chosen[options[-1]] = there
    if raw.is_empty():
        raise DataError(f"{path}: has no rows; give a log with at least one price")
    frame = raw.select(pl.col(theirs).alias(ours) for ours, theirs in chosen.items())
    typed = frame.with_columns(
        pl.col("date").str.to_date("%Y-%m-%d", strict=False),
        pl.col("new_prompt").cast(pl.Float64, strict=False), pl.col("new_completion").cast(pl.Float64, strict=False),
    )  # fmt: skip
    needs_price = typed["event"] != "removed"
    wrong = {
        "date": typed["date"].is_null(),
        "event": ~typed["event"].is_in(list(EVENTS)).fill_null(False),
        "model_id": typed["model_id"].is_null(),
        "new_prompt": typed["new_prompt"].is_null() & needs_price,
        "new_completion": typed["new_completion"].is_null() & needs_price,
    }
    for column, bad in wrong.items():
        if bad.any():
            row = int(bad.arg_max() or 0)
            value = frame[column][row]
            raise DataError(
                f"{path}, row {row + 2}, column {chosen[column]}: '{value}' cannot be used "
                f"({int(bad.sum())} such rows); "
                + ("write one of " + ", ".join(sorted(EVENTS)) if column == "event" else "mend or remove the row")
            )
    return typed


def _levels(rows: pl.DataFrame, end: date) -> tuple[list[Level], date | None]:
    spans: list[list[date | float | None]] = []
    removed: date | None = None
    for day, event, new_input, new_output in rows.select("date", "event", "new_prompt", "new_completion").iter_rows():
        if spans and spans[-1][1] is None and (event == "removed" or (new_input, new_output) != tuple(spans[-1][2:])):
            spans[-1][1] = day
        removed = day if event == "removed" else None
        if event != "removed" and (not spans or spans[-1][1] is not None):
            spans.append([day, None, new_input, new_output])
    levels = [
        Level(since, until, i, o, ((until or end) - since).days)  # type: ignore[arg-type, operator]
        for since, until, i, o in spans
        if since != until
    ]
    return levels, removed


def judge(
    levels: list[Level], end: date, is_closed: Callable[[date], bool | None] = lambda _: None
) -> tuple[list[Level], list[Change]]:
    """Apply the written rule of this module to one listing: the levels that held, and every change with its kind."""
    kinds: dict[int, tuple[str, str]] = {}
    held: list[int] = []
    for at, level in enumerate(levels):
        if level.input < 0 or level.output < 0:
            kinds[at] = ("no price", "a negative price is a router's mark for 'it varies'")
        elif level.input == 0 and level.output == 0:
            kinds[at] = ("no price", "0 on both sides is a free promotion or a missing value, not a price")
        elif held and level.days < HOLD and level.until is not None:
            kinds[at] = ("passing", f"stood for {level.days} days, fewer than {HOLD}")
        elif held and level.days < HOLD:
            kinds[at] = ("fresh", f"has stood for {level.days} days at the end of the data, fewer than {HOLD}")
        else:
            held.append(at)
    for place, at in enumerate(held[1:], start=1):
        kinds.setdefault(at, _between(levels, held, place, is_closed))
    # The excursion that a reversal ends began with a change that is reverted as well.
    for place in range(1, len(held)):
        back = _came_back(levels, held, place)
        if back is not None:
            for inner in range(back + 1, place):
                kinds[held[inner]] = (
                    "reverted",
                    f"was left again by {levels[held[place]].since} for the earlier price",
                )
    changes: list[Change] = []
    for at in range(1, len(levels)):
        before_at = max((h for h in held if h < at), default=0)
        before = levels[before_at] if kinds.get(at, ("",))[0] in ("cut", "rise", "jump", "reverted") else levels[at - 1]
        kind, why = kinds.get(at, ("same", "as before"))
        old, new = before.blended(), levels[at].blended()
        changes.append(
            Change(levels[at].since, before, levels[at], new / old if old > 0 and new > 0 else None, kind, why)
        )
    standing = [levels[at] for at in held]
    return standing, changes


def _between(
    levels: list[Level], held: list[int], place: int, is_closed: Callable[[date], bool | None]
) -> tuple[str, str]:
    before, after = levels[held[place - 1]], levels[held[place]]
    old, new = before.blended(), after.blended()
    if (before.input, before.output) == (after.input, after.output):
        return "same", "the earlier price again"
    back = _came_back(levels, held, place)
    if back is not None:
        left = levels[held[back]]
        return "reverted", f"the price of {left.since} again, within {REVERT} days of leaving it"
    factor = new / old
    closed = is_closed(after.since)
    if (factor >= JUMP or factor <= 1 / JUMP) and closed is not True:
        host = "the weights are open" if closed is False else "the weights are not known to be closed"
        return "jump", f"× {factor:.2g}: {host}, so another host may stand behind the listing"
    return ("cut" if factor < 1 else "rise"), f"stood before, stands after, × {factor:.2f}"


def _came_back(levels: list[Level], held: list[int], place: int) -> int | None:
    """The place of the held price, left not more than REVERT days ago, that this one returns to."""
    after = levels[held[place]]
    for earlier in range(place - 2, -1, -1):
        left = levels[held[earlier]]
        gone = levels[held[earlier + 1]].since
        near = all(
            abs(a - b) <= SAME * max(b, 1e-9) for a, b in ((after.input, left.input), (after.output, left.output))
        )
        if near and after.since - gone <= timedelta(days=REVERT):
            return earlier
    return None


def _on(levels: list[Level], day: date, *, ended: bool) -> Level | None:
    for level in reversed(levels):
        if level.since <= day:
            return level if not ended or level.until is None or day < level.until else None
    return None
