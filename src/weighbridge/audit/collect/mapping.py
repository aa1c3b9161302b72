"""Which column of somebody's file is which field of ours? By a known layout, a mapping file, or ``--map`` lines.

Layouts are mapping files of this project in ``layouts/``, found by their place and recognised by a file's columns. A
mapping file of the user's has the same form. A column that has a field's own name needs no line. ``docs/import.md``
shows the form by example.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping as Mapped
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from weighbridge.audit.collect.fields import ALSO, FIELDS, GUESSES, NO_COLUMN, VERDICT_FIELDS
from weighbridge.audit.collect.readers import Table
from weighbridge.errors import DataError

_LAYOUTS = Path(__file__).with_name("layouts")


class Layout(BaseModel):
    """A mapping file: columns of fields, words of values, facts about the source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    columns: tuple[str, ...] = ()
    """A file that has all of these is of this layout."""
    source: str = ""
    """Whose verdicts they are: shown wherever a verdict is."""
    licence: str = ""
    date: str = ""
    homepage: str = ""
    note: str = ""
    fields: dict[str, str] = {}
    fixed: dict[str, str | int] = {}
    """Fields that are the same for every row."""
    languages: dict[str, str] = {}
    values: dict[str, dict[str, str | bool]] = {}
    """By field (functional, secure, verdict, mode, model, task): the source's word → ours; "" is no value."""
    cwes: dict[str, list[int]] = {}
    clusters: dict[str, str] = {}
    """By task, or pattern of tasks with ``*``: the first that fits."""

    @field_validator("fields", "fixed", "values")
    @classmethod
    def _known(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if name not in FIELDS:
                raise ValueError(f"'{name}' is no field; fields are {', '.join(FIELDS)}")
        return value

    @field_validator("date", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return value.isoformat() if hasattr(value, "isoformat") else value


@dataclass(frozen=True)
class Request:
    """What the user said about the files; '' and {} where nothing."""

    fields: Mapped[str, str] = field(default_factory=dict[str, str])
    file: Path | None = None
    source: str = ""
    licence: str = ""
    date: str = ""


@dataclass(frozen=True)
class Mapping:
    """How one file is read: its layout, field → column, and columns that no field takes."""

    layout: Layout
    fields: dict[str, str]
    unused: tuple[str, ...]

    @property
    def columns(self) -> dict[str, str]:
        """Field → column of the file, without what is not in it (``@order``, ``@file``)."""
        return {name: column for name, column in self.fields.items() if column != NO_COLUMN.get(name)}

    def facts(self) -> dict[str, Any]:
        """What determines the tables, as plain data."""
        return {**self.layout.model_dump(mode="json", exclude={"columns"}), "fields": dict(sorted(self.fields.items()))}


def read_layout(path: Path) -> Layout:
    """A mapping file.

    Raises:
        DataError: it cannot be read, or names what is not there.
    """
    try:
        return Layout.model_validate(tomllib.loads(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: cannot be read as a mapping in TOML ({error})") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        said = first["msg"].removeprefix("Value error, ")
        raise DataError(f"{path}: '{place}': {said}; docs/import.md shows a whole mapping file") from error


@cache
def layouts() -> tuple[Layout, ...]:
    """The layouts that are known, those with the most columns first."""
    found = [read_layout(path) for path in sorted(_LAYOUTS.glob("*.toml"))]
    return tuple(sorted(found, key=lambda layout: -len(layout.columns)))


def pairs(lines: Sequence[str]) -> dict[str, str]:
    """``field=column`` lines as fields and columns; an empty column leaves the field out.

    Raises:
        DataError: a line has no ``=``, or names no field.
    """
    found: dict[str, str] = {}
    for line in lines:
        name, equals, column = line.partition("=")
        if not equals or name not in FIELDS:
            raise DataError(
                f"--map {line!r}: must be field=column, and fields are {', '.join(FIELDS)}; as in --map task=case_id"
            )
        found[name] = column
    return found


def resolve(table: Table, asked: Request, needed: Sequence[Sequence[str]], *, verdicts: bool = True) -> Mapping:
    """How a file is to be read. Of each group in ``needed`` one field must be there.

    ``verdicts``: they are read, so somebody must be named who gave them.

    Raises:
        DataError: a needed field has no column, or a column that is named is not in the file; says which columns
            there are and what line to write.
    """
    own = read_layout(asked.file) if asked.file else None
    known = own or next((one for one in layouts() if one.columns and set(one.columns) <= set(table.columns)), None)
    layout = known or Layout()
    named = {**layout.fields, **asked.fields}
    for name, column in named.items():
        if column and column not in table.columns and column != NO_COLUMN.get(name):
            place = f"--map {name}={column}" if name in asked.fields else f"the mapping's {name} = {column!r}"
            raise DataError(
                f"{table.path}: has no column {column!r} ({place}); its columns are {_listed(table.columns)}"
            )
    taken = set(named.values())
    for name in FIELDS:
        own_name = next((one for one in (name, *ALSO.get(name, ())) if one in table.columns and one not in taken), None)
        if own_name and name not in named and name not in layout.fixed:
            named[name] = own_name
    chosen = {name: column for name, column in named.items() if column}
    given = {*chosen, *layout.fixed}
    if {"code", "answer"} <= set(chosen):
        dropped = "answer" if "answer" not in asked.fields else "code" if "code" not in asked.fields else ""
        if not dropped:
            raise DataError(f"{table.path}: 'code' and 'answer' are both mapped; map the one that is to be read")
        del chosen[dropped]
    lacking = [group for group in needed if not given & set(group)]
    if lacking:
        raise DataError(_unrecognised(table, lacking))
    unused = tuple(name for name in table.columns if name not in set(chosen.values()))
    said = {name: value for name in ("source", "licence", "date") if (value := getattr(asked, name))}
    layout = layout.model_copy(update=said)
    if verdicts and not layout.source and given & set(VERDICT_FIELDS):
        names = ", ".join(f"{name} = {chosen.get(name, 'fixed')!r}" for name in VERDICT_FIELDS if name in given)
        raise DataError(
            f"{table.path}: has verdicts ({names}) and nobody is named who gave them; add --source NAME, "
            "or leave the column out with --map secure="
        )
    return Mapping(layout, chosen, unused)


def _unrecognised(table: Table, lacking: Sequence[Sequence[str]]) -> str:
    """The error for a file whose columns say nothing, with the line to write."""
    # of meta.model the last part is what says something
    lower = {name.lower().rsplit(".", 1)[-1]: name for name in reversed(table.columns)}
    lower |= {name.lower(): name for name in reversed(table.columns)}
    guesses: list[str] = []
    for group in lacking:
        likely = ((name, lower.get(other)) for name in group for other in (name, *GUESSES.get(name, ())))
        name, column = next(((name, column) for name, column in likely if column), (group[0], None))
        guesses.append(f"--map {_quoted(name, column)}")
    what = " and ".join(" or ".join(f"'{name}'" for name in group) for group in lacking)
    return (
        f"{table.path}: no column is known to be {what}. Its columns are {_listed(table.columns)}. "
        f"Write: {' '.join(guesses)}   (or a file for --mapping; `weighbridge import --help` lists the fields)"
    )


def _quoted(name: str, column: str | None) -> str:
    pair = f"{name}={column or 'COLUMN'}"
    return pair if pair.replace("=", "").replace("_", "").replace(".", "").isalnum() else f"'{pair}'"


def _listed(columns: Sequence[str], most: int = 40) -> str:
    shown = ", ".join(ascii(name)[1:-1] if not name.isprintable() else name[:80] for name in columns[:most])
    return shown + (f" and {len(columns) - most} more" if len(columns) > most else "")
