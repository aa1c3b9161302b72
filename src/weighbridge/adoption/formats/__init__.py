"""Which shapes can a usage log have? One module a format, found by its place, each turning columns into one long form.

A format says by which columns it is recognised (``KNOWN_BY``), whose usage it shows (``POPULATION``), what a row is
(``GRAIN``: a request, a day's total, a day's total by tag, or part of a day's snapshot, which is restated as a whole),
and gives ``long(columns)``: Ibis expressions for the columns of ``LONG``. Nothing here touches a file or an engine:
``usage`` runs the expression, on any engine that Ibis speaks to.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

import ibis

from weighbridge.errors import DataError

LONG = {
    "time": "timestamp", "spelling": "string", "host": "string", "input": "float64", "cached": "float64",
    "reasoning": "float64", "output": "float64", "tokens": "float64", "requests": "float64", "spend": "float64",
    "free": "boolean", "who": "string", "key": "string", "as_of": "timestamp", "other": "boolean", "naive": "boolean",
    "file": "int64", "fault": "string",
}  # fmt: skip
"""The long form. ``input`` holds the cached tokens too, ``output`` the reasoning; ``spend`` is null where unknown;
``free`` says that a spend of 0 is right (a cached answer, a free variant); ``who`` is the user or the key; ``key``
names the request, or the row of a day's totals; ``file`` is the file's place among those given; ``fault`` is why a row
cannot be counted."""

FILE = "weighbridge:file"
"""The column in which a table says which file a row is from; without it all rows are of file 0."""


PLAUSIBLE = ("2015-01-01", "2100-01-01")
"""Moments outside are no use of a language model but a clock that was not set, or a unit misread."""


LARGEST = 1e15
"""A cell above, infinity too, is no count of tokens and no sum of dollars; and sums of cells below stay exact."""


@dataclass(frozen=True)
class Format:
    """One format: its module's facts, and ``long``."""

    name: str
    title: str
    population: str
    grain: str
    known_by: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    module: Any

    def long(self, table: Any, path: str) -> Any:
        """The long form of one table, as an Ibis expression; a needed column that is missing is a ``DataError``."""
        columns = Columns(table, path, self.name)
        for names in self.needed:
            columns.need(*names)
        made = {**dict.fromkeys(LONG), **self.module.long(columns)}
        made["naive"] = columns.naive if made["naive"] is None else made["naive"]
        made["file"] = table[FILE] if FILE in table.columns else 0
        made["fault"] = _first(columns.faults(made), made["fault"])
        return table.select(**{name: _typed(made[name], kind) for name, kind in LONG.items()})


def _trimmed(text: Any) -> Any:
    """Text without blanks around it, '' as null. Trimming is asked for where there is a blank: it is dear on keys."""
    blank = text.contains(" ") | text.contains("\t") | text.contains("\n")
    trimmed: Any = ibis.ifelse(blank, text.strip(), text)
    return trimmed.nullif("")


def _typed(value: Any, kind: str) -> Any:
    return ibis.literal(None, type=kind) if value is None else _value(value).cast(kind)


def _value(value: Any) -> Any:
    return value if isinstance(value, ibis.Value) else ibis.literal(value)


def _first(faults: list[tuple[Any, str]], more: Any) -> Any:
    """The first fault that holds, as its words; the format's own reason stands before the general ones."""
    general = ibis.cases(*faults, else_=ibis.null("string")) if faults else ibis.literal(None, type="string")
    return general if more is None else ibis.coalesce(more, general)


def plain(name: str) -> str:
    """A column's name without case and underscores: ``startTime`` and ``start_time`` are one column."""
    return name.replace("_", "").replace(" ", "").casefold()


class Columns:
    """A table's columns under any of their names, as text, number or time; what could not be read becomes a fault."""

    def __init__(self, table: Any, path: str, form: str) -> None:
        self.table, self.path, self.form = table, path, form
        # Where two columns differ only in how they are written, the first counts, unless one is written as asked for.
        self.names = {plain(name): name for name in reversed(table.columns) if name != FILE}
        self.naive: Any = None
        self._faults: list[tuple[Any, str]] = []
        self._counts: list[Any] = []

    def has(self, *names: str) -> bool:
        """Whether the table has the column under one of these names."""
        return any(plain(name) in self.names for name in names)

    def need(self, *names: str) -> None:
        """The column must be there under one of these names, or the file cannot be read as this format."""
        if not self.has(*names):
            other = f" (or {', '.join(names[1:])})" if names[1:] else ""
            raise DataError(
                f"{self.path}: read as {self.form}, the column '{names[0]}'{other} is missing; it has "
                f"{_listed(list(self.names.values()))}. Name another format with --format, or export that column too"
            )

    def _columns(self, names: tuple[str, ...]) -> list[Any]:
        written = {name for name in self.table.columns if name != FILE}
        have = [name if name in written else self.names.get(plain(name)) for name in names]
        return [self.table[name] for name in have if name is not None]

    def raw(self, *names: str) -> Any:
        """The column as it is, or None where the table has none of these names."""
        found = self._columns(names)
        return found[0] if found else None

    def text(self, *names: str) -> Any:
        """The first of these columns that says something, as text; '' counts as nothing said."""
        found = self._columns(names)
        if not found:
            return ibis.literal(None, type="string")
        # An id of any type (a UUID, a number) is compared as text.
        said = [_trimmed(column.cast("string")) for column in found]
        return said[0] if len(said) == 1 else ibis.coalesce(*said)

    def number(self, *names: str) -> Any:
        """A number of any type of column; text that is none is a fault, and so is one below 0. None if not there."""
        column = self.raw(*names)
        if column is None:
            return ibis.literal(None, type="float64")
        label = names[0]
        if column.type().is_string():
            said = _trimmed(column)
            made = said.try_cast("float64")
            # Engines do not agree whether NaN is null; it is not a number either way.
            nothing = made.isnull() | made.isnan()
            self._faults.append((said.notnull() & nothing, f"{label} is not a number"))
        else:
            made = column.cast("float64")
            self._faults.append((made.isnan(), f"{label} is not a number"))
        self._faults.append((made < 0, f"{label} is below 0"))
        # By comparison: Spark's own test for infinity, as Ibis writes it, does not find one that was cast from text.
        self._faults.append((made > LARGEST, f"{label} is too large to be true"))
        return made

    def inside(self, column: Any, *names: str) -> Any:
        """A number under one of ``names`` in a column of JSON text, a struct or a map, wherever it stands in it.

        Text by pattern and not by a JSON function: one damaged cell must not stop the file, and every engine has
        patterns. Single quotes are read too: so Python writes a dictionary into a CSV.
        """
        if column is None:
            return ibis.literal(None, type="float64")
        kind = column.type()
        if kind.is_struct():
            found = [_field(column, name) for name in names]
        elif kind.is_map():
            found = [column.get(name).cast("string").try_cast("float64") for name in names]
        else:
            text = column.cast("string")
            found = [
                text.re_extract(rf"""["']{name}["']\s*:\s*["']?([0-9]+(\.[0-9]+)?)""", 1).nullif("").try_cast("float64")
                for name in names
            ]
        return ibis.coalesce(*found)

    def time(self, *names: str) -> Any:
        """A moment in UTC. A time without a zone is read as UTC, and ``naive`` says for which rows that was done.

        A bare number is a count since 1970. Moments outside ``PLAUSIBLE`` are a fault: an unset clock says 1970.
        """
        column = self.raw(*names)
        label = names[0]
        if column is None:
            return ibis.literal(None, type="timestamp")
        if column.type().is_string():
            said = _trimmed(column)
            # What follows the day tells the zone: looked for by letters, since a pattern a row costs more than the sum.
            clock: Any = said.substr(11)
            marks = [clock.contains(mark) for mark in ("Z", "z", "+", "-")]
            zoned = marks[0] | marks[1] | marks[2] | marks[3] | clock.contains("UTC")
            # "UTC" and a bare "+00" after a space are how databases print a zone.
            printed = said.re_replace(r"\s*UTC$", "Z").re_replace(r"\s+([+-][0-9]{2})", r"\1")
            clean: Any = ibis.ifelse(clock.contains(" ") | clock.contains("UTC"), printed, said)
            count = ibis.ifelse(said.re_search("^[0-9]{10,19}$"), said, ibis.null("string")).try_cast("int64")
            made = clean.try_cast("timestamp('UTC')").cast("timestamp").coalesce(_since_1970(count))
            self.naive = ~zoned & (said.length() > 10) & count.isnull()
            self._faults.append((said.notnull() & made.isnull(), f"{label} is not a time"))
        else:
            kind = column.type()
            zoned_type = kind.is_date() or kind.is_integer() or (kind.is_timestamp() and kind.timezone is not None)
            self.naive = ibis.literal(not zoned_type)
            made = _since_1970(column.cast("int64")) if kind.is_integer() else column.cast("timestamp")
        implausible = (made < ibis.timestamp(PLAUSIBLE[0])) | (made >= ibis.timestamp(PLAUSIBLE[1]))
        words = f"{label} is not plausible (before {PLAUSIBLE[0][:4]} or after {int(PLAUSIBLE[1][:4]) - 1})"
        self._faults.append((implausible, words))
        self._faults.append((made.isnull(), f"{label} is empty"))
        return made

    def moment(self, *names: str) -> Any:
        """A time that may be missing: null where it cannot be read."""
        column = self.raw(*names)
        if column is None:
            return ibis.literal(None, type="timestamp")
        if column.type().is_string():
            return column.try_cast("timestamp('UTC')").cast("timestamp")
        return column.cast("timestamp")

    def faults(self, made: dict[str, Any]) -> list[tuple[Any, str]]:
        """What was found to be wrong, as pairs of a condition and words."""
        return self._faults


def _field(column: Any, name: str) -> Any:
    """The number called ``name`` in a struct or in the structs within it."""
    fields = column.type().fields
    if name in fields:
        return column[name].cast("string").try_cast("float64")
    deeper = [_field(column[inner], name) for inner, kind in fields.items() if kind.is_struct()]
    return ibis.coalesce(*deeper) if deeper else ibis.literal(None, type="float64")


def _since_1970(number: Any) -> Any:
    """A count since 1970 in seconds, milli-, micro- or nanoseconds (told by its size) as a moment."""
    seconds: Any = ibis.cases(
        (number >= 10**17, number // 10**9), (number >= 10**14, number // 10**6), (number >= 10**11, number // 10**3),
        else_=number,
    )  # fmt: skip
    return seconds.cast("int64").as_timestamp("s").cast("timestamp")


def joined(*parts: Any) -> Any:
    """Several columns as one key; a missing part is a part of its own."""
    made = [part.cast("string").fill_null("\x00") for part in parts]
    separator: Any = ibis.literal("\x1f")
    return separator.join(made) if len(made) > 1 else made[0]


def _listed(names: list[str]) -> str:
    return (
        ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") if names else "no columns"
    )


@cache
def every() -> dict[str, Format]:
    """Every format of this folder by its name."""
    found: dict[str, Format] = {}
    for _, name, _ in sorted(pkgutil.iter_modules(__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{__name__}.{name}")
        if hasattr(module, "long"):
            found[module.NAME] = Format(
                module.NAME, module.TITLE, module.POPULATION, module.GRAIN, module.KNOWN_BY, module.NEEDED, module
            )
    return found


def recognise(columns: list[str], path: str, named: str | None = None) -> Format:
    """The format of a table with these columns; ``named`` decides, else the one whose marks are all there."""
    known = every()
    if named is not None:
        if named not in known:
            raise DataError(f"--format '{named}' is not known; known are {', '.join(known)}")
        return known[named]
    have = {plain(name) for name in columns}
    fits = [form for form in known.values() if all(plain(mark) in have for mark in form.known_by)]
    # A format that asks for more is the more certain one: the public rankings have few columns, which others have too.
    fits.sort(key=lambda form: -len(form.known_by))
    if not fits:
        near = max(known.values(), key=lambda form: sum(plain(mark) in have for mark in form.known_by))
        lacks = [mark for mark in near.known_by if plain(mark) not in have]
        raise DataError(
            f"{path}: no known format has these columns ({_listed(columns)}). Nearest is {near.name}, which lacks "
            f"{', '.join(lacks)}; name one with --format: {', '.join(known)}"
        )
    marks = {plain(mark) for mark in fits[0].known_by}
    others = [form.name for form in fits[1:] if not {plain(mark) for mark in form.known_by} <= marks]
    if others:
        raise DataError(
            f"{path}: rows of more than one format stand in it ({', '.join([fits[0].name, *others])}); split it into a "
            "file each, or name one with --format (what is not of it is then counted as left out)"
        )
    return fits[0]
