"""How long does an import of published answers take, and how much memory? Prints the table that is in docs/import.md.

nice -n 10 uv run python bench/import.py FILE.parquet

FILE is a file of SecCodeBench's layout. It is imported as it is, and doubled and made eightfold by giving the models
other names and every program a line of its own, so that none is the same as another. Each import is a process of its
own; time is on the wall, memory the most that was resident. The same rows are imported from JSON lines and CSV too.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import polars as pl


def grown(source: Path, times: int) -> pl.DataFrame:
    """The rows of a file several times, each time with other models and other programs."""
    rows = pl.read_parquet(source)
    parts = [rows]
    for number in range(1, times):
        comment = (
            pl.when(pl.col("language") == "Python")
            .then(pl.lit(f"\n# {number}\n"))
            .otherwise(pl.lit(f"\n// {number}\n"))
        )
        blank = pl.col("code").str.strip_chars() == ""
        parts.append(
            rows.with_columns(
                model=pl.col("model") + f" #{number}",
                code=pl.when(blank).then(pl.col("code")).otherwise(pl.col("code") + comment),
            )
        )
    return pl.concat(parts)


CHILD = """
import sys
from weighbridge.cli import main
try:
    main()
finally:
    print([line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")][0])
"""
# VmHWM and not ru_maxrss, which counts the parent's memory at the fork.


def measured(file: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds on the wall and of the processor, and megabytes, of one import in a process of its own."""
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    words = [sys.executable, "-c", CHILD, "import", str(file), "--run", str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"the import of {file.name} failed: {done.stderr[-500:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    busy = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.monotonic() - started, busy, int(done.stdout.split()[-1]) / 1024


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--turns", type=int, default=3, help="the quickest of so many is printed")
    asked = parser.parse_args()
    headings = ["file", "rows", "distinct programs", "MB of file", "seconds", "of the processor", "MB of memory"]
    print(f"| {' | '.join(headings)} |\n|{'---|' * len(headings)}")
    with tempfile.TemporaryDirectory() as scratch:
        for times, kind in ((1, "parquet"), (2, "parquet"), (8, "parquet"), (2, "jsonl"), (2, "csv")):
            rows = grown(asked.file, times)
            file = Path(scratch) / f"answers.{kind}"
            {"parquet": rows.write_parquet, "jsonl": rows.write_ndjson, "csv": rows.write_csv}[kind](file)
            count = rows.height
            del rows
            turns = [measured(file, Path(scratch) / f"{times}-{kind}-{turn}") for turn in range(asked.turns)]
            programs = pl.scan_parquet(Path(scratch) / f"{times}-{kind}-0" / "programs.parquet")
            distinct = programs.select(pl.len()).collect().item()
            seconds, busy, memory = min(turns)
            size = file.stat().st_size / 1e6
            cells = [
                f"{kind}, {times} ×",
                f"{count:,}",
                f"{distinct:,}",
                f"{size:.0f}",
                f"{seconds:.1f}",
                f"{busy:.1f}",
            ]
            print(f"| {' | '.join(cells)} | {memory:.0f} |", flush=True)


if __name__ == "__main__":
    main()
