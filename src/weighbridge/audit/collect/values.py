"""From the cells of somebody's file to typed fields: yes and no, repeats, languages, CWEs, verdicts.

A cell that says nothing is null, never false. A cell that cannot be understood makes its row a fault, which names the
column, the cell and the mend; nothing is guessed. Each distinct cell is read once.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import polars as pl

from weighbridge.audit.collect.mapping import Mapping
from weighbridge.audit.languages import language_of

YES = frozenset({"true", "yes", "y", "1", "1.0", "pass", "passed", "t", "ok"})
NO = frozenset({"false", "no", "n", "0", "0.0", "fail", "failed", "f"})
INSPECT = {"C": True, "I": False}
"""Inspect's letters for correct and incorrect."""
NOTHING = frozenset({"", "null", "none", "nan", "n/a", "na", "unknown"})
VERDICTS = {
    "secure": "secure",
    "safe": "secure",
    "vulnerable": "vulnerable",
    "insecure": "vulnerable",
    "broken": "broken",
    "refused": "refused",
    "refusal": "refused",
}
LANGUAGES = {"c/c++": "cpp", "c++/c": "cpp", "c & c++": "cpp", "c and c++": "cpp", "js/ts": "typescript"}
"""Names of two languages at once, of which one is read by all that reads the other."""
NAME_LIMIT = 300
"""Characters of a model's, task's, mode's or cluster's name; a longer cell is a text in the wrong column."""
REPEAT_LIMIT = 2**31
KINDS: dict[str, pl.DataType] = {
    "model": pl.String(),
    "task": pl.String(),
    "language": pl.String(),
    "mode": pl.String(),
    "repeat": pl.UInt32(),
    "functional": pl.Boolean(),
    "secure": pl.Boolean(),
    "verdict": pl.String(),
    "cwes": pl.List(pl.UInt32),
    "cluster": pl.String(),
}


def typed(raw: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    """The fields of ``KINDS`` with their types, and ``fault``: null, or the first thing that is wrong with the row.

    Args:
        raw: a frame of ``readers.Table.read``: strings.
    """
    frame = raw.with_columns(fault=pl.when(pl.col("broken").is_not_null()).then(pl.col("broken")))
    for name, kind in KINDS.items():
        if name in mapping.layout.fixed:
            cells = pl.lit(str(mapping.layout.fixed[name]))
        elif name in raw.columns:
            cells = pl.col(name)
        else:
            cells = pl.lit(None, pl.String)
        frame = frame.with_columns(cells.str.strip_chars().alias(name))
        frame = read_column(frame, name, kind, _reading(name, mapping), mapping.fields.get(name, name))
    for name in ("model", "task"):
        column = mapping.fields.get(name, name)
        said = f"column {column!r} is empty, and every row must name its {name}"
        frame = frame.with_columns(fault=pl.coalesce("fault", pl.when(pl.col(name).is_null()).then(pl.lit(said))))
    by_task = dict.fromkeys(("cwes",), mapping.layout.cwes) | {"cluster": mapping.layout.clusters}
    for name, patterns in by_task.items():
        frame = _by_task(frame, name, KINDS[name], patterns)
    return frame.with_columns(
        cluster=pl.coalesce("cluster", "task"),
        mode=pl.col("mode").fill_null(""),
        language=pl.col("language").fill_null(""),
    )


def read_column(
    frame: pl.DataFrame, name: str, kind: pl.DataType, reading: Callable[[str], Any], column: str
) -> pl.DataFrame:
    """Turn one column of strings into values, adding to ``fault`` where ``reading`` raises ValueError."""
    words = frame[name].drop_nulls().unique().to_list()
    values: list[Any] = []
    faults: list[str | None] = []
    for word in words:
        try:
            values.append(reading(word))
            faults.append(None)
        except ValueError as error:
            values.append(None)
            faults.append(f"column {column!r} {error}")
    known = pl.DataFrame(
        {name: words, "__value": values, "__fault": faults},
        schema={name: pl.String, "__value": kind, "__fault": pl.String},
    )
    joined = frame.join(known, on=name, how="left", maintain_order="left")
    return joined.with_columns(pl.col("__value").alias(name), fault=pl.coalesce("fault", "__fault")).drop(
        "__value", "__fault"
    )


def _reading(name: str, mapping: Mapping) -> Callable[[str], Any]:
    words = mapping.layout.values.get(name, {})
    ways: dict[str, Callable[[str], Any]] = {
        "functional": yes_or_no,
        "secure": yes_or_no,
        "verdict": verdict,
        "repeat": repeat,
        "cwes": cwes,
        "language": partial(language, words=mapping.layout.languages),
    }
    plain = ways.get(name, name_of)

    def reading(word: str) -> Any:
        if word in words:
            meant = words[word]
            return meant if isinstance(meant, bool) else plain(meant) if meant else None
        try:
            return plain(word)
        except ValueError as error:
            if name not in {"functional", "secure", "verdict"}:
                raise
            raise ValueError(
                f"{error}; say what it means in a --mapping file: [values.{name}] {shown(word)} = …"
            ) from None

    return reading


def shown(cell: str, most: int = 60) -> str:
    """A cell in an error message: quoted, nothing unseen in it, cut where it is long."""
    return repr(cell[:most]) + ("…" if len(cell) > most else "")


def yes_or_no(cell: str) -> bool | None:
    """True or false; None for a cell that says nothing. ValueError for any other."""
    word = cell.lower()
    if cell in INSPECT:
        return INSPECT[cell]
    if word in NOTHING:
        return None
    if word in YES or word in NO:
        return word in YES
    raise ValueError(f"holds {shown(cell)}, which is neither yes nor no")


def verdict(cell: str) -> str | None:
    """One of our four words; None for a cell that says nothing."""
    word = cell.lower()
    if word in NOTHING:
        return None
    if word not in VERDICTS:
        raise ValueError(f"holds {shown(cell)}, which is no verdict (secure, vulnerable, broken, refused)")
    return VERDICTS[word]


def repeat(cell: str) -> int | None:
    """A repeat's number, not negative."""
    if cell.lower() in NOTHING:
        return None
    try:
        number = float(cell)
    except ValueError:
        number = -1.0
    if not 0 <= number < REPEAT_LIMIT or number != int(number):
        raise ValueError(f"holds {shown(cell)}, which is no repeat's number; use whole numbers, or --map repeat=@order")
    return int(number)


def cwes(cell: str) -> list[int] | None:
    """CWE numbers in any dress: ``89``, ``CWE-89``, ``CWE-089, CWE-564``, ``[89]``. None where there is none."""
    if cell.lower() in NOTHING or cell == "[]":
        return None
    parts = [part for part in re.split(r"[\s,;|\[\]\"']+", cell) if part]
    found = [re.fullmatch(r"(?:CWE[-_ ]?)?0*(\d{1,5})", part, re.IGNORECASE) for part in parts]
    if not parts or not all(found):
        raise ValueError(f"holds {shown(cell)}, which is no list of CWEs; write them as CWE-89, CWE-79")
    return sorted({int(match[1]) for match in found if match})


def language(cell: str, words: dict[str, str]) -> str | None:
    """A language's name as ``audit/languages.toml`` has it; an unknown one stays as it is, in lower case."""
    if cell in words:
        return words[cell]
    if cell.lower() in NOTHING:
        return None
    return language_of(cell).name or LANGUAGES.get(cell.lower()) or name_of(cell.lower())


def name_of(cell: str) -> str | None:
    """A name; ValueError for a text that is none."""
    if cell == "":
        return None
    if len(cell) > NAME_LIMIT or "\n" in cell or "\x00" in cell:
        raise ValueError(f"holds {shown(cell)}, which is no name but a text; name another column with --map")
    return cell


def _by_task(frame: pl.DataFrame, name: str, kind: pl.DataType, patterns: dict[str, Any]) -> pl.DataFrame:
    tasks = frame["task"].drop_nulls().unique().to_list()
    fitting = [next((value for like, value in patterns.items() if fnmatchcase(task, like)), None) for task in tasks]
    known = pl.DataFrame({"task": tasks, "__by_task": fitting}, schema={"task": pl.String, "__by_task": kind})
    joined = frame.join(known, on="task", how="left", maintain_order="left")
    return joined.with_columns(pl.coalesce(name, "__by_task").alias(name)).drop("__by_task")


def verdicts(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Fill ``verdict`` where the source gives none, from its two answers: what does not work is broken, whatever else;
    nothing is secure by silence. A verdict in words that the two answers contradict is a fault; ``column`` names it."""
    functional, secure, given = pl.col("functional"), pl.col("secure"), pl.col("verdict")
    derived = (
        pl.when(functional.eq(False))
        .then(pl.lit("broken"))
        .when(secure.eq(True))
        .then(pl.lit("secure"))
        .when(secure.eq(False))
        .then(pl.lit("vulnerable"))
    )
    against = (
        pl.when(given.is_in(["secure", "vulnerable"]))
        .then(derived.ne(given))
        .when(given.eq("broken"))
        .then(functional.eq(True))
        .otherwise(pl.lit(False))
    )
    said = pl.format("column {} says {} where the row's other columns say otherwise", pl.lit(repr(column)), given)
    return frame.with_columns(
        fault=pl.coalesce("fault", pl.when(against).then(said)), verdict=pl.coalesce(given, derived)
    )
