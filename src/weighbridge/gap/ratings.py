"""Which model had which rating on which day?

The first step of ``gap``: reads a rating history in any of the forms in which they are published, finds the columns by
their names, and brings it to one table. Nothing is dropped silently: every row that cannot be used is counted in a
remark. Two kinds of history exist: *snapshots* (a leaderboard, all models again on each day) and *releases* (one row a
model, its day is the day of its release).
"""

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Literal

import polars as pl

from weighbridge.errors import DataError, UnknownName

Kind = Literal["snapshots", "releases"]
SCHEMA = {
    "date": pl.Date, "board": pl.String, "model": pl.String, "rating": pl.Float64, "low": pl.Float64,
    "high": pl.Float64, "maker_said": pl.String, "licence_said": pl.String, "source": pl.String,
}  # fmt: skip

# The names under which publishers give each column, most specific first; compared without case.
NAMES: Mapping[str, tuple[str, ...]] = {
    "model": ("model_name", "model", "display name", "name", "key"),
    "date": ("leaderboard_publish_date", "publish_date", "date", "day", "snapshot", "release_date"),
    "rating": ("rating", "score", "eci", "elo", "arena_score", "arena score"),
    "low": ("rating_lower", "ci_low", "eci_ci_low", "rating_q025", "lower", "low"),
    "high": ("rating_upper", "ci_high", "eci_ci_high", "rating_q975", "upper", "high"),
    "board": ("board", "category", "leaderboard"),
    "maker_said": ("organization", "organisation", "maker", "developer"),
    "licence_said": ("license", "licence", "accessibility group"),
    "source": ("source",),
}


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the data that a reader of the figure must know. ``serious`` ones can change the figure."""

    kind: str
    text: str
    serious: bool = False
    date: dt.date | None = None
    count: int | None = None


@dataclass(frozen=True)
class Ratings:
    """A rating history of one board. ``frame`` has the columns of ``SCHEMA``, sorted by date, best rating first."""

    frame: pl.DataFrame
    kind: Kind
    form: str
    board: str
    elo: bool
    path: str
    sha256: str
    remarks: list[Remark] = field(default_factory=list)

    @property
    def dates(self) -> list[date]:
        """The days of the history, in order."""
        return self.frame["date"].unique().sort().to_list()


def read(
    path: Path, *, board: str | None = None, columns: Mapping[str, str] | None = None, elo: bool | None = None
) -> Ratings:
    """Reads a CSV or Parquet file of ratings.

    ``columns`` maps our names (model, date, rating, low, high, board) to the file's, where they are not found by
    themselves; a ``date`` may also be one day for the whole file. ``elo`` says whether a difference means a win rate
    (None: Elo unless the file is an Epoch Capabilities Index). Raises ``DataError`` where a needed column is missing,
    nothing is left, or boards are mixed without ``board``; ``UnknownName`` where there is no such board.
    """
    raw = _table(path)
    remarks: list[Remark] = []
    form, table = _one_form(raw, path, columns or {}, remarks)
    table = _typed(table, path, remarks)
    table, name = _one_board(table, path, board)
    table = _emptied(table, remarks)
    # One row a model and many days: the day is the model's, not the board's.
    per_model = table.group_by("model").len()["len"]
    releases = form == "epoch" or (
        table["date"].n_unique() > 1
        and len(table) > 5
        and per_model.max() == 1
        and len(table) < 4 * table["date"].n_unique()
    )
    if not releases and form != "wide":
        remarks += _out_of_order(table["date"])
    table = _without_duplicates(table, path, "releases" if releases else "snapshots", remarks)
    is_elo = (form != "epoch") if elo is None else elo
    return Ratings(
        table.sort("date", "rating", descending=[False, True], maintain_order=True),
        "releases" if releases else "snapshots",
        form, name, is_elo, str(path), hashlib.sha256(path.read_bytes()).hexdigest(), remarks,
    )  # fmt: skip


def _table(path: Path) -> pl.DataFrame:
    if not path.is_file():
        raise DataError(f"{path}: there is no such file; give a CSV or Parquet file of ratings")
    try:
        if path.suffix == ".parquet":
            table = pl.read_parquet(path)
        else:
            # As text: a cell that is no number is ours to count and name, not the reader's to guess at.
            table = pl.read_csv(path, infer_schema=False, encoding="utf8-lossy")
    except (pl.exceptions.PolarsError, OSError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path}: cannot be read as {path.suffix.lstrip('.') or 'CSV'} ({first}); mend the file"
        ) from None
    if table.is_empty():
        raise DataError(f"{path}: has no rows; give a file with at least one rating")
    return table


def _one_form(
    raw: pl.DataFrame, path: Path, columns: Mapping[str, str], remarks: list[Remark]
) -> tuple[str, pl.DataFrame]:
    by_name = {name.strip().casefold(): name for name in reversed(raw.columns)}
    found: dict[str, str] = {}
    fixed: date | None = None
    for ours, theirs in columns.items():
        if ours not in NAMES:
            raise DataError(f"--columns: '{ours}' is not one of {', '.join(NAMES)}; write e.g. model=Name,rating=Elo")
        if theirs in raw.columns:
            found[ours] = theirs
        elif ours == "date" and (fixed := _day(theirs)) is not None:
            continue
        else:
            raise DataError(f"{path}: there is no column '{theirs}' for {ours} (columns: {_some(raw.columns)})")
    if not found and _is_wide(raw):
        return "wide", _long(raw, remarks)
    for ours, theirs in NAMES.items():
        match = next((by_name[name] for name in theirs if name in by_name), None)
        if match is not None and ours not in found and not (ours == "date" and fixed):
            found[ours] = match
    missing = [ours for ours in ("model", "date", "rating") if ours not in found and not (ours == "date" and fixed)]
    if missing:
        raise DataError(
            f"{path}: no column for {' and '.join(missing)} was found (columns: {_some(raw.columns)}); "
            f"name it with --columns {missing[0]}=COLUMN"
        )
    table = raw.select(
        (pl.col(found[ours]) if ours in found else pl.lit(None, pl.String)).alias(ours).cast(pl.String)
        for ours in SCHEMA
    )
    if fixed:
        table = table.with_columns(pl.lit(fixed.isoformat()).alias("date"))
    names = {name.casefold() for name in raw.columns}
    form = "arena" if "leaderboard_publish_date" in names else "epoch" if "eci" in names else "table"
    return form, table


def _is_wide(raw: pl.DataFrame) -> bool:
    first = raw.columns[0].strip().casefold()
    rating_named = any(name in {c.strip().casefold() for c in raw.columns} for name in NAMES["rating"])
    return len(raw.columns) > 5 and first in ("", "date", "day", "index") and not rating_named


def _long(raw: pl.DataFrame, remarks: list[Remark]) -> pl.DataFrame:
    day = raw.columns[0]
    remarks += _out_of_order(raw[day].str.slice(0, 10).str.to_date("%Y-%m-%d", strict=False))
    table = raw.unpivot(index=day, variable_name="model", value_name="rating").rename({day: "date"})
    number = pl.col("rating").cast(pl.Float64, strict=False)
    absent = table.filter((number == 0) | pl.col("rating").is_null())
    remarks.append(
        Remark(
            "absent",
            f"a wide table: {len(absent)} of {len(table)} cells are 0 or empty, read as absent",
            False,
            None,
            len(absent),
        )
    )
    # An all-absent day stays as a row without a rating, so that an empty snapshot is seen.
    kept = table.filter(number.is_null() | (number != 0)).filter(pl.col("rating").is_not_null())
    lost = table.select("date").unique().join(kept.select("date").unique(), on="date", how="anti")
    lost = lost.with_columns(pl.lit(None, pl.String).alias(c) for c in ("model", "rating"))
    return pl.concat([kept, lost], how="diagonal").select(
        (pl.col(c) if c in ("date", "model", "rating") else pl.lit(None, pl.String).alias(c)) for c in SCHEMA
    )  # fmt: skip


def _typed(table: pl.DataFrame, path: Path, remarks: list[Remark]) -> pl.DataFrame:
    days = table["date"].str.strip_chars().str.slice(0, 10)
    parsed = days.str.to_date("%Y-%m-%d", strict=False)
    compact = days.str.to_date("%Y%m%d", strict=False)
    table = table.with_columns(parsed.fill_null(compact).alias("parsed"))
    blank = table.filter(pl.col("date").is_null() | (pl.col("date").str.strip_chars() == ""))
    wrong = table.filter(pl.col("parsed").is_null() & ~(pl.col("date").fill_null("").str.strip_chars() == ""))
    if len(wrong) + len(blank) == len(table):
        example = wrong["date"].first() if len(wrong) else "(blank)"
        raise DataError(f"{path}, column date: no value is a date, e.g. '{example}'; write YYYY-MM-DD")
    if len(blank):
        names = _some(blank["model"].drop_nulls().to_list())
        remarks.append(
            Remark("no-date", f"{len(blank)} rows have no date and are left out: {names}", False, None, len(blank))
        )
    if len(wrong):
        remarks.append(
            Remark(
                "bad-date",
                f"{len(wrong)} rows have a date that cannot be read and are left out, e.g. '{wrong['date'].first()}'",
                True,
                None,
                len(wrong),
            )
        )
    table = table.filter(pl.col("parsed").is_not_null())
    numbers = {c: pl.col(c).str.strip_chars().cast(pl.Float64, strict=False) for c in ("rating", "low", "high")}
    typed = table.with_columns(**numbers).with_columns(
        pl.when(pl.col(c).is_finite()).then(pl.col(c)).alias(c) for c in numbers
    )
    for column in numbers:
        given = table[column].fill_null("").str.strip_chars()
        bad = typed.filter(typed[column].is_null() & ~given.is_in(["", "nan", "NaN", "null", "None"]))
        if column == "rating" and len(bad) == len(typed) and len(typed):
            raise DataError(f"{path}, column rating: no value is a number, e.g. '{table['rating'].first()}'")
        if len(bad):
            example = table.filter(typed[column].is_null() & ~given.is_in(["", "nan", "NaN", "null", "None"]))[
                column
            ].first()
            remarks.append(
                Remark(
                    "bad-number",
                    f"{len(bad)} values of {column} are no numbers and count as missing, e.g. '{example}'",
                    True,
                    None,
                    len(bad),
                )
            )
    crossed = typed.filter((pl.col("low") > pl.col("rating")) | (pl.col("high") < pl.col("rating")))
    if len(crossed):
        remarks.append(
            Remark(
                "bad-interval",
                f"{len(crossed)} intervals do not hold their own rating and count as missing, e.g. "
                f"{crossed['model'].first()}",
                True,
                None,
                len(crossed),
            )
        )
        outside = (pl.col("low") > pl.col("rating")) | (pl.col("high") < pl.col("rating"))
        typed = typed.with_columns(pl.when(~outside.fill_null(False)).then(pl.col(c)).alias(c) for c in ("low", "high"))
    return typed.with_columns(date=pl.col("parsed"), model=pl.col("model").str.strip_chars()).select(list(SCHEMA))


def _one_board(table: pl.DataFrame, path: Path, board: str | None) -> tuple[pl.DataFrame, str]:
    boards = table["board"].drop_nulls().unique().sort().to_list()
    if board is not None:
        if board not in boards:
            listed = ", ".join(boards) or "none: the file has no column for a board"
            raise UnknownName(f"{path}: there is no board '{board}' (boards: {listed})")
        return table.filter(pl.col("board") == board), board
    if len(boards) > 1:
        spans = (
            table.group_by("board").agg(pl.col("date").min().alias("a"), pl.col("date").max().alias("b")).sort("board")
        )
        listed = "; ".join(f"{name}, {a} to {b}" for name, a, b in spans.drop_nulls("board").iter_rows())
        raise DataError(f"{path}, column board: holds {len(boards)} boards ({listed}); choose one with --board")
    return table, boards[0] if boards else ""


def _emptied(table: pl.DataFrame, remarks: list[Remark]) -> pl.DataFrame:
    usable = table.filter(pl.col("rating").is_not_null() & pl.col("model").is_not_null() & (pl.col("model") != ""))
    missing = len(table) - len(usable)
    for day in sorted(set(table["date"].unique()) - set(usable["date"].unique())):
        remarks.append(Remark("empty", f"the snapshot of {day} is empty", True, day))
    if missing:
        text = f"{missing} rows have no rating or no model's name and are left out"
        remarks.append(Remark("no-rating", text, False, None, missing))
    if usable.is_empty():
        raise DataError("the table has no row with a model, a date and a rating; nothing can be compared")
    return usable


def _without_duplicates(table: pl.DataFrame, path: Path, kind: Kind, remarks: list[Remark]) -> pl.DataFrame:
    same = table.unique(["date", "model", "rating", "low", "high"], maintain_order=True)
    if len(same) < len(table):
        gone = len(table) - len(same)
        remarks.append(
            Remark(
                "duplicates", f"{gone} rows stand there twice, word for word; one of each is kept", False, None, gone
            )
        )
    groups = same.group_by("date", "model", maintain_order=True)
    spread = groups.agg(pl.len().alias("n"), (pl.col("rating").max() - pl.col("rating").min()).alias("spread"))
    twice = spread.filter(pl.col("n") > 1)
    if twice.is_empty():
        return same
    worst = twice.sort("spread", descending=True).row(0, named=True)
    days = twice.group_by("date").agg(pl.len().alias("n"), pl.col("spread").median())
    sizes = spread.group_by("date").agg(pl.len().alias("size"))
    many = (pl.col("n") >= 5) & (pl.col("n") >= 0.2 * pl.col("size")) & (pl.col("spread") > 5)
    mixed = days.join(sizes, on="date").filter(many)
    if len(mixed):
        day, n, apart, size = mixed.sort("date").row(0)
        raise DataError(
            f"{path}, column rating: on {len(mixed)} days, first on {day}, {n} of {size} models have two ratings, "
            f"typically {apart:.1f} points apart: two boards are mixed in one file; give one, or name the column "
            "that tells them apart (--columns board=COLUMN) and choose with --board"
        )
    what = "releases" if kind == "releases" else "snapshots"
    remarks.append(
        Remark(
            "conflict",
            f"{len(twice)} models have more than one rating on one day (up to {worst['spread']:.1f} points apart: "
            f"{worst['model']} on {worst['date']}); the mean of each is used: the {what} of two sources may be mixed",
            bool(worst["spread"] > 2),
            worst["date"],
            len(twice),
        )
    )
    return groups.agg(
        pl.col("board").first(), pl.col("rating").mean(), pl.col("low").min(), pl.col("high").max(),
        pl.col("maker_said").first(), pl.col("licence_said").first(), pl.col("source").first(),
    ).select(list(SCHEMA))  # fmt: skip


def _out_of_order(days: pl.Series) -> list[Remark]:
    """A file may run forwards or backwards in time; one that does neither was shuffled or pasted together."""
    steps = days.diff().dt.total_days().drop_nulls()
    turns = min(int((steps < 0).sum()), int((steps > 0).sum()))
    if not turns:
        return []
    return [
        Remark("out-of-order", f"dates run against the file's own order in {turns} places; sorted", False, None, turns)
    ]


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _some(names: list[str], most: int = 8) -> str:
    shown = ", ".join(repr(name) if " " in name or not name else name for name in names[:most])
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")
