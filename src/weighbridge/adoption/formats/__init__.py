"""Which shapes can a usage log have? One module a format, found by its place, each turning columns into one long form.

A format says by which columns it is recognised (``KNOWN_BY``), whose usage it shows (``POPULATION``), whether a row is
a request or a day's total (``GRAIN``), and gives ``long(columns)``: Ibis expressions for the columns of ``LONG``.
Nothing here touches a file or an engine: ``usage`` runs the expression, on any engine that Ibis speaks to.
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
        self.names = {plain(name): name for name in table.columns if name != FILE}
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

    def raw(self, *names: str) -> Any:
        """The column as it is, or None where the table has none of these names."""
        name = next((self.names[plain(name)] for name in names if plain(name) in self.names), None)
        return None if name is None else self.table[name]

    def text(self, *names: str) -> Any:
        """The first of these columns that says something, as text; '' counts as nothing said."""
        found = [self.table[self.names[plain(name)]] for name in names if plain(name) in self.names]
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
        self._faults.append((made > 1e300, f"{label} is not finite"))
        return made

    def inside(self, column: Any, *names: str) -> Any:
        """A number under one of ``names`` in a column of JSON text, wherever it stands in it.

        By pattern and not by a JSON function: one damaged cell must not stop the file, and every engine has patterns.
        """
        if column is None:
            return ibis.literal(None, type="float64")
        text = column.cast("string")
        found = [
            text.re_extract(rf'"{name}"\s*:\s*"?([0-9]+(\.[0-9]+)?)', 1).nullif("").try_cast("float64")
            for name in names
        ]
        return ibis.coalesce(*found)

    def time(self, *names: str) -> Any:
        """A moment in UTC. A time without a zone is read as UTC, and ``naive`` says for which rows that was done."""
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
            made = clean.try_cast("timestamp('UTC')").cast("timestamp")
            self.naive = ~zoned & (said.length() > 10)
            self._faults.append((said.notnull() & made.isnull(), f"{label} is not a time"))
        else:
            kind = column.type()
            self.naive = ibis.literal(not (kind.is_date() or (kind.is_timestamp() and kind.timezone is not None)))
            made = column.cast("timestamp")
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
    return fits[0]
