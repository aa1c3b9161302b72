"""The step ``import``: files of answers and others' verdicts → a collection (tables ``collected`` and ``programs``).

Every row of the files is accounted for: it is kept with its state, dropped as a duplicate, or left out as unreadable
where the user allowed that, and ``collection.json`` says how many of each. Their verdicts stay theirs: they stand in
``collected`` under their source's name, and no table of our own verdicts is written.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge import __version__
from weighbridge.audit.collect import programs, values
from weighbridge.audit.collect.fields import FILE, ORDER, PLANNED_ONLY
from weighbridge.audit.collect.mapping import Mapping, Request, resolve
from weighbridge.audit.collect.notes import spellings, strange_languages
from weighbridge.audit.collect.readers import Table, bare, tables
from weighbridge.errors import DataError, RunMismatch
from weighbridge.store.schemas import COLLECTED, PROGRAMS
from weighbridge.store.tables import Run, is_collection, read_collection, write_collection

FORMAT = 1
"""Raised when the same files would give other tables."""
LARGEST = 1_000_000
NEEDED = (("model",), ("task",), ("code", "answer"))
STATES = ("program", "empty", "no program", "not text", "too large")
DROPPED = ("duplicate", "unreadable")
KEY = ("model", "task", "mode", "repeat")
Progress = Callable[[int, int, int], None]
"""Files read, files in all, rows so far."""


@dataclass(frozen=True)
class Opened:
    """Files whose columns are understood, and the hash of the collection that they make."""

    files: tuple[tuple[Table, Mapping], ...]
    digests: tuple[str, ...]
    hash: str
    largest: int
    skip_bad_rows: bool

    @property
    def mapping(self) -> Mapping:
        """Of the first file; of the others only the columns may differ."""
        return self.files[0][1]


@dataclass(frozen=True)
class Draft:
    """What an import gives, before anything is written."""

    hash: str
    collected: pl.DataFrame
    programs: pl.DataFrame
    facts: dict[str, Any]


@dataclass
class Parts:
    """What has been gathered from the files so far."""

    rows: int = 0
    frames: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    texts: list[pl.DataFrame] = field(default_factory=list[pl.DataFrame])
    known: set[str] = field(default_factory=set[str])
    unreadable: Counter[str] = field(default_factory=Counter[str])


def understand(paths: Sequence[Path], asked: Request, *, largest: int = LARGEST, skip_bad_rows: bool = False) -> Opened:
    """Open files of answers and find out which column is which field; reads no row.

    Args:
        paths: files or folders; rows are counted through in this order.
        asked: what the user said about columns and source.
        largest: bytes of the largest text whose program is kept.
        skip_bad_rows: leave rows that cannot be read out and count them, instead of stopping at the first.

    Raises:
        DataError: a file cannot be read, a field has no column, or the files are of different layouts.
    """
    files = tuple((table, resolve(table, asked, NEEDED)) for path in paths for table in tables(path))
    for table, mapping in files[1:]:
        if mapping.layout != files[0][1].layout:
            raise DataError(
                f"{table.path}: is of another layout than {files[0][0].path}; import each into its own --run"
            )
    digests = tuple(digest(table.path) for table, _ in files)
    whole: list[Any] = [FORMAT, sorted(digests), [mapping.facts() for _, mapping in files], largest, skip_bad_rows]
    if any(mapping.fields.get("model") == FILE for _, mapping in files):
        whole.append(sorted([digest, bare(table.path.name)] for digest, (table, _) in zip(digests, files, strict=True)))
    named = hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    return Opened(files, digests, named, largest, skip_bad_rows)


def draft(opened: Opened, *, on_progress: Progress = lambda files, of, rows: None) -> Draft:
    """Read the rows of files into the tables of a collection.

    Raises:
        DataError: there is no row, one cannot be read, or two rows that are to be the same answer differ.
    """
    parts, files = Parts(), list[dict[str, Any]]()
    for number, (table, mapping) in enumerate(opened.files):
        before = parts.rows
        for raw in table.read(_chosen(mapping)):
            _take(parts, raw, table, mapping, opened)
            on_progress(number, len(opened.files), parts.rows)
        files.append(
            {
                "name": table.path.name,
                "sha256": opened.digests[number],
                "bytes": table.path.stat().st_size,
                "first_row": before,
                "rows": parts.rows - before,
                "fields": mapping.fields,
                "unused_columns": list(mapping.unused[:200]),
            }
        )
        on_progress(number + 1, len(opened.files), parts.rows)
    first = opened.files[0][0].path
    if not parts.rows:
        raise DataError(f"{first}: has columns and no row; export it again")
    if not parts.frames:
        raise DataError(f"{first}: none of its {parts.rows} rows can be read ({_most(parts.unreadable)})")
    kept, notes = _one_each(pl.concat(parts.frames), opened.mapping)
    texts = pl.concat(parts.texts) if parts.texts else pl.DataFrame(schema=PROGRAMS)
    texts = texts.filter(pl.col("program").is_in(kept["program"].drop_nulls().unique().implode()))
    collected = _identified(kept, opened.mapping)
    return Draft(opened.hash, collected, texts, _facts(parts, collected, files, opened, notes))


def keep(made: Draft, folder: Path) -> bool:
    """Write a draft as a collection; False where the same one stands there already.

    Raises:
        RunMismatch: the folder holds another collection, or a plan.
    """
    if is_kept(folder, made.hash):
        return False
    run = Run(folder, made.hash)
    run.write("programs", made.programs, step="import")
    run.write("collected", made.collected, step="import", source=made.facts["source"], rows=made.facts["rows"])
    write_collection(run, made.facts)
    return True


def is_kept(folder: Path, of: str) -> bool:
    """Whether that collection stands in a folder already.

    Raises:
        RunMismatch: the folder holds another collection, or a plan.
    """
    if (folder / "plan.json").is_file():
        raise RunMismatch(f"{folder}: belongs to a plan; use another --run folder for a collection")
    if not is_collection(folder):
        return False
    there = str(read_collection(folder)["collection_hash"])
    if there != of:
        raise RunMismatch(
            f"{folder}: holds collection {there[:12]}, and this import is {of[:12]} (other files, columns or options); "
            "use another --run folder, or give all files in one command"
        )
    return True


def digest(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chosen(mapping: Mapping) -> dict[str, str]:
    """Field → column of the fields that a collection keeps."""
    return {name: column for name, column in mapping.columns.items() if name not in PLANNED_ONLY}


def _take(parts: Parts, raw: pl.DataFrame, table: Table, mapping: Mapping, opened: Opened) -> None:
    """Add a batch of rows."""
    text = "code" if "code" in raw.columns else "answer"
    if mapping.fields.get("model") == FILE:
        raw = raw.with_columns(model=pl.lit(bare(table.path.name)))
    frame = values.verdicts(values.typed(raw, mapping), mapping.fields.get("verdict", "verdict"))
    frame = frame.with_columns(row=pl.Series(range(parts.rows, parts.rows + raw.height), dtype=pl.UInt32))
    parts.rows += raw.height
    wrong = frame.filter(pl.col("fault").is_not_null())
    if wrong.height and not opened.skip_bad_rows:
        at, said = wrong.row(0, named=True)["at"], wrong["fault"][0]
        more = f" ({wrong.height - 1} more of the {raw.height} rows around it)" if wrong.height > 1 else ""
        raise DataError(f"{table.path}, {table.unit} {at}: {said}{more}; mend it, or leave such rows out and have them "
                        "counted with --skip-bad-rows")  # fmt: skip
    for said, count in wrong["fault"].value_counts().iter_rows():
        parts.unreadable[said] += count
    frame = frame.filter(pl.col("fault").is_null())
    if frame.is_empty():
        return
    found = programs.read(frame.select("language", text=text), text, opened.largest)
    fresh = found.filter(pl.col("program").is_not_null()).unique("program", keep="first", maintain_order=True)
    fresh = fresh.filter([program not in parts.known for program in fresh["program"]])
    parts.known.update(fresh["program"])
    parts.texts.append(
        fresh.select(
            "program", "language", "text", lines=(pl.col("text").str.count_matches("\n", literal=True) + 1)
        ).cast(dict(PROGRAMS.items()))
    )
    frame = frame.with_columns(found.select("state", "extraction", "language", "program", "digest"))
    parts.frames.append(
        frame.select(
            "row", "at", *KEY, "cluster", "language", "state", "program", "extraction", "cwes", "functional",
            "secure", "verdict", "digest", file=pl.lit(str(table.path)), unit=pl.lit(table.unit),
        )
    )  # fmt: skip


def _one_each(rows: pl.DataFrame, mapping: Mapping) -> tuple[pl.DataFrame, list[str]]:
    """One row an answer: repeats numbered where they are to be, duplicates dropped once, contradictions refused."""
    notes: list[str] = []
    if "language" in mapping.fields or "language" in mapping.layout.fixed:
        spread = rows.group_by("task").agg(pl.col("language").n_unique()).filter(pl.col("language") > 1)
        if spread.height:
            many = pl.col("task").is_in(spread["task"].implode())
            rows = rows.with_columns(
                task=pl.when(many).then(pl.col("task") + "/" + pl.col("language")).otherwise("task")
            )
            notes.append(f"{spread.height} tasks were asked in several languages and are a task in each")
    if mapping.fields.get("repeat") == ORDER:
        rows = rows.with_columns(repeat=(pl.int_range(pl.len()).over("model", "task", "mode")).cast(pl.UInt32))
    else:
        rows = rows.with_columns(pl.col("repeat").fill_null(0))
    same = ("digest", "language", "cwes", "functional", "secure", "verdict")
    content = pl.struct(pl.col(name) for name in same).hash()
    rows = rows.with_columns(content=content, first=content.first().over(*KEY))
    apart = rows.filter(pl.col("content") != pl.col("first"))
    if apart.height:
        raise DataError(_contradiction(rows, apart, mapping))
    return rows.unique(KEY, keep="first", maintain_order=True).drop("content", "first"), notes


def _contradiction(rows: pl.DataFrame, apart: pl.DataFrame, mapping: Mapping) -> str:
    one = apart.row(0, named=True)
    other = rows.filter(pl.all_horizontal(pl.col(name) == one[name] for name in KEY)).row(0, named=True)
    key = ", ".join(f"{name} {values.shown(str(one[name]))}" for name in KEY if name in mapping.fields)
    mend = (
        "the source contradicts itself: keep one of them"
        if mapping.fields.get("repeat")
        else "if they are repeats, say so: --map repeat=COLUMN, or --map repeat=@order to number them as they come"
    )
    here, there = f"{one['file']}, {one['unit']} {one['at']}", f"{other['unit']} {other['at']}"
    there = there if other["file"] == one["file"] else f"{other['file']}, {there}"
    return f"{here}: is the same answer as {there} ({key}) with other content, as are {apart.height - 1} more; {mend}"


def _identified(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    source = mapping.layout.source
    names = [
        hashlib.sha256(f"{source}\x00{row}\x00{content}".encode()).hexdigest()[:20]
        for row, content in rows.select("row", "digest").iter_rows()
    ]
    return rows.with_columns(pl.Series("answer", names, pl.String), source=pl.lit(source)).select(
        pl.col(name).cast(kind) for name, kind in COLLECTED.items()
    )


def _facts(
    parts: Parts,
    collected: pl.DataFrame,
    files: list[dict[str, Any]],
    opened: Opened,
    notes: list[str],
) -> dict[str, Any]:
    mapping, layout = opened.mapping, opened.mapping.layout
    unreadable = parts.unreadable.total()
    counts = {state: collected.filter(pl.col("state") == state).height for state in STATES}
    counts |= {"duplicate": parts.rows - collected.height - unreadable, "unreadable": unreadable}
    unread = [name for name in PLANNED_ONLY if name in mapping.fields]
    if unread:
        notes.append(f"not kept in a collection: {', '.join(unread)}")
    notes += spellings(collected["model"]) + strange_languages(collected)
    untold = collected.filter(pl.col("cwes").is_null())["task"].n_unique()
    if untold:
        notes.append(f"{untold} of {collected['task'].n_unique()} tasks name no CWE")
    assert sum(counts.values()) == parts.rows
    return {
        "format": FORMAT,
        "version": __version__,
        "imported": datetime.now(UTC).isoformat(timespec="seconds"),
        "layout": layout.name,
        "source": layout.source,
        "licence": layout.licence,
        "date": layout.date,
        "homepage": layout.homepage,
        "note": layout.note,
        "files": files,
        "fixed": layout.fixed,
        "mapping": layout.model_dump(mode="json", include={"languages", "values", "cwes", "clusters"}),
        "largest": opened.largest,
        "rows": parts.rows,
        "counts": counts,
        "unreadable": dict(parts.unreadable.most_common(50)),
        "programs": collected["program"].drop_nulls().n_unique(),
        "verdicts": _tally(collected, "verdict"),
        "models": _tally(collected, "model"),
        "languages": _tally(collected, "language"),
        "modes": _tally(collected, "mode"),
        "tasks": collected["task"].n_unique(),
        "clusters": collected["cluster"].n_unique(),
        "extraction": _rules(collected),
        "notes": notes,
    }


def _tally(frame: pl.DataFrame, name: str) -> dict[str, int]:
    counted = frame[name].fill_null("none").value_counts().sort("count", name, descending=[True, False])
    return {str(word): int(count) for word, count in counted.iter_rows()}


def _rules(collected: pl.DataFrame) -> dict[str, int]:
    """How often which rule found the program, whatever was noted beside it."""
    rules = collected.filter(pl.col("state") == "program")["extraction"].str.split(";").list.first()
    return dict(Counter(rules.to_list()).most_common())


def _most(reasons: Counter[str]) -> str:
    return "; ".join(f"{count} × {said}" for said, count in reasons.most_common(3))
