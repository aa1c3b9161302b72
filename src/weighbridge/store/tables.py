"""Reads and writes the tables of a run folder: written beside and renamed, and never mixed between plans.

A run folder belongs to one plan, named by its hash, or is a collection: answers that others collected, named by the
hash of their files and of how they were read. Every table carries that hash in its metadata; reading a table of
another plan, or one that is cut short, is an error that says which file and what to do.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from weighbridge import __version__
from weighbridge.errors import RunMismatch, StepMissing, TableCorrupt, WeighbridgeError
from weighbridge.store.schemas import SCHEMAS

MARK = "weighbridge"
COLLECTION = "collection.json"


def write_beside(path: Path, content: bytes) -> None:
    """Write a file so that a kill at any moment leaves the old one or the new one, whole."""
    beside = path.with_name(f".{path.name}.{os.getpid()}.part")
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


def provenance(path: Path) -> dict[str, Any]:
    """What a table says of itself: plan hash, step, version, time, and what its step added.

    Raises:
        TableCorrupt: the file is not a whole Parquet table of ours.
    """
    try:
        return json.loads(pl.read_parquet_metadata(path)[MARK])
    except KeyError as error:
        raise TableCorrupt(f"{path}: is not a table of a Weighbridge run; remove it and run its step again") from error
    except Exception as error:
        raise TableCorrupt(f"{path}: cannot be read ({error}); remove it and run its step again") from error


@dataclass(frozen=True)
class Run:
    """A run folder and the hash of the plan (or the collection) it belongs to."""

    folder: Path
    plan_hash: str

    def path(self, table: str) -> Path:
        """Where a table stands."""
        return self.folder / f"{table}.parquet"

    def has(self, table: str) -> bool:
        """Whether a step has finished that table."""
        return self.path(table).is_file()

    def write(self, table: str, frame: pl.DataFrame, **facts: Any) -> None:
        """Write one table, with the plan's hash and the step's facts in its metadata.

        Raises:
            TableCorrupt: the frame has not the columns that the table must have (a fault of ours, found early).
        """
        schema = SCHEMAS.get(table)
        if schema is not None:
            missing = [name for name in schema if name not in frame.columns]
            if missing:
                raise TableCorrupt(f"table '{table}' lacks columns {', '.join(missing)}")
            frame = frame.select([pl.col(name).cast(kind) for name, kind in schema.items()])
        self.folder.mkdir(parents=True, exist_ok=True)
        stamp = {
            "plan_hash": self.plan_hash,
            "table": table,
            "version": __version__,
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
            **facts,
        }
        beside = self.folder / f".{table}.{os.getpid()}.part"
        frame.write_parquet(beside, metadata={MARK: json.dumps(stamp)})
        beside.replace(self.path(table))

    def read(self, table: str, *, step: str = "") -> pl.DataFrame:
        """Read one table.

        Raises:
            StepMissing: it has not been written; names the step that does.
            RunMismatch: it belongs to another plan.
            TableCorrupt: it cannot be read, or lacks columns.
        """
        path = self.path(table)
        if not path.is_file():
            mend = f"run `weighbridge {step} --run {self.folder}` first" if step else "run the earlier steps first"
            raise StepMissing(f"{path}: is not there yet; {mend}")
        facts = provenance(path)
        if facts.get("plan_hash") != self.plan_hash:
            raise RunMismatch(
                f"{path}: belongs to plan {str(facts.get('plan_hash'))[:12]}, this run is of plan "
                f"{self.plan_hash[:12]}; use another --run folder or remove the table"
            )
        try:
            frame = pl.read_parquet(path)
        except Exception as error:
            raise TableCorrupt(f"{path}: cannot be read ({error}); remove it and run its step again") from error
        schema = SCHEMAS.get(table) or pl.Schema()
        for name, kind in schema.items():
            if name not in frame.columns:
                raise TableCorrupt(f"{path}: column '{name}' is missing; remove the table and run its step again")
            if frame.schema[name] != kind:
                raise TableCorrupt(
                    f"{path}: column '{name}' is {frame.schema[name]}, must be {kind}; "
                    "remove the table and run its step again"
                )
        return frame

    def facts(self, table: str) -> dict[str, Any]:
        """The metadata of a table that has been written, or {}."""
        return provenance(self.path(table)) if self.has(table) else {}

    @contextmanager
    def alone(self) -> Generator[None]:
        """Hold the run folder: a second process on the same run is refused, since both would ask and pay.

        Raises:
            WeighbridgeError: another process holds it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise WeighbridgeError(
                    f"{self.folder}: another weighbridge process is working on this run; "
                    "wait for it or use another --run"
                ) from error
            yield


def write_plan(folder: Path, plan: Mapping[str, Any], plan_hash: str) -> Run:
    """Freeze a plan into a run folder. Where the same study is frozen there already, only what its hash leaves out
    (limits, budget) is taken over.

    Raises:
        RunMismatch: the folder belongs to another plan, or is a collection.
    """
    path = folder / "plan.json"
    if is_collection(folder):
        raise RunMismatch(f"{folder}: is a collection of answers that others judged; use another --run folder")
    if path.is_file():
        run = open_run(folder)
        if run.plan_hash != plan_hash:
            raise RunMismatch(
                f"{folder}: belongs to plan {run.plan_hash[:12]}, and this plan is {plan_hash[:12]} "
                "(a changed plan is a new study); use another --run folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    write_beside(path, json.dumps({"plan_hash": plan_hash, "plan": plan}, ensure_ascii=False, indent=1).encode())
    return Run(folder, plan_hash)


def read_plan(folder: Path) -> dict[str, Any]:
    """The frozen plan of a run folder: ``{"plan_hash": …, "plan": {…}}``.

    Raises:
        StepMissing: the folder is no run, or is a collection, which has no plan.
        TableCorrupt: plan.json cannot be read.
    """
    path = folder / "plan.json"
    if is_collection(folder):
        raise StepMissing(
            f"{folder}: is a collection (collection.json) of answers that others collected and judged: it has no plan, "
            f"and nothing here is asked, judged or estimated against neutral; run `weighbridge compare --run {folder}`"
        )
    if not path.is_file():
        raise StepMissing(
            f"{folder}: is not a run folder (no plan.json); run `weighbridge plan PLAN.toml --run {folder}`, "
            "or `weighbridge import` again if an import was stopped in it"
        )
    try:
        frozen = json.loads(path.read_text("utf-8"))
        if not isinstance(frozen["plan_hash"], str) or not isinstance(frozen["plan"], dict):
            raise TypeError("plan_hash or plan is of the wrong kind")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise TableCorrupt(f"{path}: cannot be read ({error}); plan again into a new --run folder") from error
    return frozen


def is_collection(folder: Path) -> bool:
    """Whether a run folder holds answers that others collected, instead of a plan."""
    return (folder / COLLECTION).is_file() and not (folder / "plan.json").is_file()


def write_collection(run: Run, facts: Mapping[str, Any]) -> None:
    """Write what a collection is. Written last, after its tables: with it the import is whole."""
    whole = {"collection_hash": run.plan_hash, **facts}
    write_beside(run.folder / COLLECTION, json.dumps(whole, ensure_ascii=False, indent=1).encode())


def read_collection(folder: Path) -> dict[str, Any]:
    """The facts of a collection: collection_hash, source, licence, date, files, mapping, rows, counts, verdicts …

    Raises:
        StepMissing: the folder is no collection.
        TableCorrupt: collection.json cannot be read.
    """
    path = folder / COLLECTION
    if not path.is_file():
        raise StepMissing(f"{folder}: is no collection (no {COLLECTION}); run `weighbridge import FILE --run {folder}`")
    try:
        facts = json.loads(path.read_text("utf-8"))
        if not isinstance(facts["collection_hash"], str):
            raise TypeError("collection_hash is of the wrong kind")
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise TableCorrupt(f"{path}: cannot be read ({error}); import again into a new --run folder") from error
    return facts


def open_run(folder: Path) -> Run:
    """The run in a folder, of a plan or a collection.

    Raises:
        StepMissing, TableCorrupt: as ``read_plan`` and ``read_collection``.
    """
    if is_collection(folder):
        return Run(folder, str(read_collection(folder)["collection_hash"]))
    return Run(folder, str(read_plan(folder)["plan_hash"]))
