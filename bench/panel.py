"""How fast is the panel, and what does it do with real programs? A scan from nothing, tool by tool, and again.

    python bench/panel.py ANSWERS.parquet [--most N] [--tool NAME ...] [--workers N] [--rules DIR ...]

Prints the tables of docs/panel.md. ANSWERS has the columns ``language`` and ``code`` (as the answers of SecCodeBench in
``../shared/data/answers``). Everything is scanned in cells, with an empty cache first and then with the full one.
"""

import argparse
import hashlib
import resource
import tempfile
import time
from pathlib import Path

import polars as pl

from weighbridge.audit.scan import Scanned, scan
from weighbridge.store.schemas import PROGRAMS
from weighbridge.store.tables import Run

LANGUAGES = {"C/C++": "cpp", "Node.js": "javascript"}


def programs(path: Path, most: int | None) -> pl.DataFrame:
    """Distinct programs, in the order of the file."""
    answers = pl.read_parquet(path, columns=["language", "code"]).unique("code", keep="first", maintain_order=True)
    rows = answers if most is None else answers.sample(min(most, answers.height), seed=1)
    return pl.DataFrame(
        {
            "program": [hashlib.sha256(code.encode()).hexdigest() for code in rows["code"]],
            "language": [LANGUAGES.get(name, name.lower()) for name in rows["language"]],
            "text": rows["code"],
            "lines": rows["code"].str.count_matches("\n"),
        },
        schema=PROGRAMS,
    )


def timed(run: Run, options: argparse.Namespace, cache: Path) -> tuple[float, Scanned]:
    began = time.monotonic()
    done = scan(run, tools=options.tool, rules=options.rules, workers=options.workers, cache=cache)
    return time.monotonic() - began, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--most", type=int, help="a random sample of so many programs")
    parser.add_argument("--tool", action="append", help="only this analyser")
    parser.add_argument("--rules", action="append", type=Path, default=[])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    frame = programs(options.answers, options.most)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / "run", "bench")
        run.write("programs", frame)
        cache = Path(folder) / "panel.sqlite"
        first, done = timed(run, options, cache)
        again, _ = timed(run, options, cache)
        size = sum(path.stat().st_size for path in Path(folder).glob("panel.sqlite*")) / (1 << 20)
    print("| language | tool | version | programs | analysed | not analysable | findings | cell seconds | programs/s |")
    print("|---|---|---|---:|---:|---:|---:|---:|---:|")
    for line in done.lines:
        rate = f"{line.programs / line.seconds:,.0f}" if line.seconds else "–"
        counts = f"{line.programs:,} | {line.analysed:,} | {line.not_analysable:,} | {line.findings:,}"
        name = f"{line.tool} (missing)" if line.missing else line.tool
        print(f"| {line.language} | {name} | {line.version} | {counts} | {line.seconds:.0f} | {rate} |")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    workers = options.workers
    print(
        f"\n{frame.height:,} programs, {workers} workers: {first:.0f} s; again from the cache: {again:.1f} s; ", end=""
    )
    print(f"peak memory of the scanning process {peak:.0f} MiB; cache {size:.0f} MiB")


if __name__ == "__main__":
    main()
