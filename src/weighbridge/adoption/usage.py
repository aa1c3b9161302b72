"""How much was used of which model on which day: any number of logs, each row counted once or named as left out.

``files`` → ``formats`` → this module → ``shares`` and ``cohorts``. The sentence is written in Ibis: leave out what
cannot be counted, count a request or a day once, add up by day, model and host. DuckDB runs it by default, with a limit
on its memory; ``totals`` and ``counted_once`` take a table of any engine that Ibis speaks to.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import ibis
import polars as pl

from weighbridge.adoption import files, formats
from weighbridge.adoption.once import counted_once
from weighbridge.errors import DataError

DAYS = {
    "population": pl.String, "day": pl.Date, "spelling": pl.String, "host": pl.String, "other": pl.Boolean,
    "tokens": pl.Float64, "requests": pl.Float64, "spend": pl.Float64, "input": pl.Float64, "cached": pl.Float64,
    "output": pl.Float64, "untold": pl.Float64, "unspent": pl.Float64, "zero_requests": pl.Float64,
    "zero_input": pl.Float64, "zero_cached": pl.Float64, "zero_output": pl.Float64, "zero_tokens": pl.Float64,
}  # fmt: skip
"""Totals of a day: ``untold`` requests came without a count of tokens, ``unspent`` without a spend, and the columns
``zero_…`` add up those whose spend is written as 0 although tokens were used and nothing says that they were free."""

RESTATED = {"population": pl.String, "day": pl.Date, "before": pl.Float64, "after": pl.Float64}
"""Tokens of the rows of a day that were restated, before and after."""


@dataclass
class Account:
    """Every row of one file: read = counted + left out, each reason with its number."""

    path: str
    format: str
    population: str
    rows: int
    counted: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    naive: int = 0

    def whole(self) -> bool:
        """Whether the account adds up."""
        return self.rows == self.counted + sum(self.left_out.values())


@dataclass(frozen=True)
class Remark:
    """Something the reader must know; ``serious`` ones change what a figure means."""

    kind: str
    text: str
    serious: bool = True


@dataclass
class Usage:
    """What was read: totals by day, the accounts, what was restated, and the rows themselves for cohorts."""

    days: pl.DataFrame
    accounts: list[Account]
    remarks: list[Remark]
    restated: pl.DataFrame
    counted: dict[str, Any]


@contextmanager
def read(
    sources: list[str], *, named: str | None = None, memory: str | None = None, threads: int | None = None
) -> Generator[Usage, None, None]:
    """Read logs on DuckDB. ``named`` is a format's name, ``memory`` a limit like "4GB". Open while rows are needed."""
    if not sources:
        raise DataError("give at least one usage log: a CSV, JSON, JSON lines or Parquet file")
    scratch = Path(tempfile.mkdtemp(prefix="weighbridge-adoption-"))
    try:
        settings: dict[str, Any] = {"temp_directory": str(scratch), "preserve_insertion_order": False}
        if memory:
            settings["memory_limit"] = memory
        if threads:
            settings["threads"] = threads
        try:
            connection = ibis.duckdb.connect(**settings)
        except Exception as error:
            raise DataError(f"--memory '{memory}' is not a size DuckDB knows ({error}); write e.g. 4GB") from None
        connection.raw_sql("SET TimeZone='UTC'")
        try:
            yield _read(connection, sources, named, scratch)
        finally:
            connection.disconnect()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _read(connection: Any, sources: list[str], named: str | None, scratch: Path) -> Usage:
    accounts: list[Account] = []
    remarks: list[Remark] = []
    groups: dict[str, dict[tuple[str, ...], list[tuple[int, files.Opened]]]] = {}
    seen: dict[str, str] = {}
    for number, source in enumerate(sources):
        opened = files.open_source(source, scratch, number)
        # Lines that cannot be read are rows of the file too, so that the account starts with all there was.
        account = Account(opened.path, named or "", "", opened.rows + opened.unreadable)
        accounts.append(account)
        if opened.unreadable:
            account.left_out["a line that cannot be read (cut off or malformed)"] = opened.unreadable
            text = (
                f"{opened.path}: {opened.unreadable:,} lines cannot be read (cut off or malformed) and are not counted"
            )
            remarks.append(Remark("unreadable", text))
        if opened.rows == 0:
            text = f"{opened.path}: not one row in it; an empty snapshot is not a day without use"
            remarks.append(Remark("empty", text))
        if opened.print_of in seen:
            account.left_out["the same file given twice"] = opened.rows
            account.population = "–"
            same = seen[opened.print_of]
            remarks.append(Remark("twice", f"{opened.path}: the same content as {same}; counted once"))
            continue
        seen[opened.print_of] = opened.path
        if not opened.columns:
            continue
        form = formats.recognise(opened.columns, opened.path, named)
        account.format, account.population = form.name, form.population
        # Files of one shape are one table: a plan of a hundred branches takes longer than the rows.
        groups.setdefault(form.name, {}).setdefault(opened.shape, []).append((number, opened))
    days: list[pl.DataFrame] = []
    restated: list[pl.DataFrame] = []
    counted: dict[str, Any] = {}
    for name, shapes in groups.items():
        form = formats.every()[name]
        whole = ibis.union(*[_long(connection, form, same) for same in shapes.values()])
        numbers = [number for same in shapes.values() for number, _ in same]
        kept = _kept(connection, scratch, name)
        if not all(accounts[number].path.endswith(".parquet") for number in numbers):
            # Text is parsed once: each later pass would cost more than writing it down.
            whole = kept(whole)
        for row in faults(whole).to_polars().iter_rows(named=True):
            account = accounts[row["file"]]
            account.naive += int(row["naive"] or 0)
            if row["fault"] is None:
                account.counted += int(row["n"])
            else:
                account.left_out[row["fault"]] = account.left_out.get(row["fault"], 0) + int(row["n"])

        clean, twice = counted_once(whole, form.grain, kept)
        counted[form.population] = clean
        days.append(totals(clean).to_polars().with_columns(population=pl.lit(form.population)).select(
            pl.col(column).cast(kind) for column, kind in DAYS.items()))  # fmt: skip
        if twice is not None:
            restated.append(_repeats(twice, form, accounts, remarks))
    for account in accounts:
        _said(account, remarks)
    shared = sorted({account.population for account in accounts if account.population.startswith("own logs")})
    if len(shared) > 1:
        text = f"{', '.join(shared)} may hold the same requests; they are shown apart and never added up"
        remarks.append(Remark("populations", text, False))
    table = pl.concat(days) if days else pl.DataFrame(schema=DAYS)
    table = table.sort("population", "day", "spelling", "host")
    return Usage(table, accounts, remarks, pl.concat([pl.DataFrame(schema=RESTATED), *restated]), counted)


def _long(connection: Any, form: formats.Format, same: list[tuple[int, files.Opened]]) -> Any:
    """The long form of files of one shape, with the number of the file a row stands in."""
    parts = [(str(part), number) for number, opened in same for part in opened.parts]
    listed = ", ".join("'" + path.replace("'", "''") + "'" for path, _ in parts)
    of = str(same[0][0])
    if len(same) > 1:
        of = f"([{', '.join(str(number) for _, number in parts)}])[file_index::BIGINT + 1]"
    view = f"weighbridge_{form.name}_{same[0][0]}"
    connection.raw_sql(
        f'CREATE VIEW "{view}" AS SELECT *, {of}::BIGINT AS "{formats.FILE}" '
        f"FROM read_parquet([{listed}], union_by_name = true)"
    )
    table = connection.table(view)
    return form.long(table, same[0][1].path)


def _kept(connection: Any, scratch: Path, name: str) -> Callable[[Any], Any]:
    """Writes a table down, once, and gives it back to read."""
    numbers = count()

    def keep(table: Any) -> Any:
        target = str(scratch / f"{name}-kept-{next(numbers)}.parquet")
        connection.to_parquet(table, target)
        return connection.read_parquet(target)

    return keep


def faults(long: Any) -> Any:
    """Rows by file and fault, with how many of their times had no zone."""
    return long.group_by("file", "fault").agg(n=long.count(), naive=long.naive.fill_null(False).cast("int64").sum())


def totals(clean: Any) -> Any:
    """Totals by day, spelling and host: the one expression that every engine runs."""
    zero = (clean.spend == 0) & ~clean.free.fill_null(False) & (clean.tokens > 0)
    none = ibis.literal(0.0)

    def where(value: Any, condition: Any) -> Any:
        chosen: Any = ibis.ifelse(condition.fill_null(False), value.fill_null(none), none)
        return chosen.sum()

    # Tokens are whole numbers, whose sums are exact; dollars are added up as decimals, or every engine and every order
    # of the rows would give another last digit.
    spend = clean.spend.cast("decimal(38, 12)").sum().cast("float64")
    return clean.group_by("day", "spelling", "host", other=clean.other.fill_null(False)).agg(
        tokens=clean.tokens.sum(), requests=clean.requests.sum(), spend=spend,
        input=clean.input.sum(), cached=clean.cached.sum(), output=clean.output.sum(),
        untold=where(clean.requests, clean.tokens.isnull()), unspent=where(clean.requests, clean.spend.isnull()),
        zero_requests=where(clean.requests, zero), zero_input=where(clean.input, zero),
        zero_cached=where(clean.cached, zero), zero_output=where(clean.output, zero),
        zero_tokens=where(clean.tokens, zero),
    )  # fmt: skip


def _repeats(twice: Any, form: formats.Format, accounts: list[Account], remarks: list[Remark]) -> pl.DataFrame:
    """Book the rows that came twice; give the days whose totals were restated, as they were and as they are."""
    dropped = twice.filter(twice["rank"] > 0)
    by_file = dropped.group_by("file", "differs").agg(n=dropped.count()).to_polars()
    words = {"request": ("a request that came twice", "a request that came twice, with other figures"),
             "day": ("a day's row that came twice", "a day's row that was restated later"),
             "snapshot": ("a day's row that came twice", "a row of a day that was restated later"),
             "tags": ("a row of the same requests under another tag",) * 2}[form.grain]  # fmt: skip
    for row in by_file.iter_rows(named=True):
        account = accounts[row["file"]]
        reason = words[bool(row["differs"])]
        account.left_out[reason] = account.left_out.get(reason, 0) + int(row["n"])
        account.counted -= int(row["n"])
    many = int(by_file["n"].sum())
    if many and form.grain == "tags":
        text = f"{many:,} rows show requests that stand under another tag too; the largest of each counts: a floor"
        remarks.append(Remark("tags", text))
    elif many:
        remarks.append(Remark("twice", f"{form.title}: {many:,} rows came more than once and are counted once", False))
    changed = twice.filter(twice.differs)
    if form.grain not in ("day", "snapshot"):
        return pl.DataFrame(schema=RESTATED)
    after: Any = ibis.ifelse(changed["rank"] == 0, changed.tokens, 0.0)
    before: Any = ibis.ifelse(changed["rank"] == 1, changed.tokens, 0.0)
    by_day = changed.group_by("day").agg(before=before.sum(), after=after.sum()).to_polars()
    by_day = by_day.with_columns(population=pl.lit(form.population))
    return by_day.select(pl.col(name).cast(kind) for name, kind in RESTATED.items()).sort("day")


def _said(account: Account, remarks: list[Remark]) -> None:
    if account.naive:
        text = f"{account.path}: {account.naive:,} times have no zone and are read as UTC"
        remarks.append(Remark("naive", text, False))
    # A reason that is the nature of the format (an agent's span, an event) is in the account and needs no alarm.
    faulty = {reason: n for reason, n in account.left_out.items() if " is " in reason and not reason.startswith("a")}
    for reason, n in faulty.items():
        remarks.append(Remark("fault", f"{account.path}: {n:,} rows are not counted: {reason}"))
