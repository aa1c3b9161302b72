"""How fast is the panel, and what does it do with real programs? A scan from nothing, tool by tool, and again.

    python bench/panel.py ANSWERS.parquet [--most N] [--tool NAME ...] [--workers N] [--rules DIR ...]

Prints the tables of docs/panel.md. ANSWERS has the columns ``language`` and ``code`` (as the answers of SecCodeBench in
``../shared/data/answers``). Everything is scanned in cells, with an empty cache first and then with the full one.
"""

import argparse
import hashlib
import os
import resource
import tempfile
import time
from pathlib import Path

import polars as pl

from weighbridge.audit.scan import Scanned, scan
from weighbridge.panel import every_analyser, measuring
from weighbridge.panel.rulefiles import read_rules
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


def timed(run: Run, tools: list[str] | None, options: argparse.Namespace, cache: Path) -> tuple[float, float, Scanned]:
    """Wall seconds, processor seconds (ours and the cells'), and what came of it."""

    def cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    began, before = time.monotonic(), cpu()
    done = scan(run, tools=tools, rules=options.rules, workers=options.workers, cache=cache)
    return time.monotonic() - began, cpu() - before, done


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("answers", type=Path)
    parser.add_argument("--most", type=int, help="a random sample of so many programs")
    parser.add_argument("--tool", action="append", help="only this analyser")
    parser.add_argument("--rules", action="append", type=Path, default=[])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    frame = programs(options.answers, options.most)
    tools = options.tool or list(every_analyser(read_rules(options.rules)))
    print(
        "| tool | language | programs | analysed | not analysable | findings | seconds | processor s | programs a s |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|")
    total = spent = 0.0
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / "run", "bench")
        run.write("programs", frame)
        cache = Path(folder) / "panel.sqlite"
        for tool in [measuring.NAME, *tools]:  # measures first, so that they are known to the other scans
            wall, cpu, done = timed(run, [] if tool == measuring.NAME else [tool], options, cache)
            total, spent = total + wall, spent + cpu
            lines = [line for line in done.lines if line.tool == tool]
            languages = " ".join(line.language for line in lines)
            names = ("programs", "analysed", "not_analysable", "findings", "missing")
            n = {name: sum(getattr(line, name) for line in lines) for name in names}
            label = f"{tool} {lines[0].version}" if lines and not n["missing"] else f"{tool} (missing)"
            counts = f"{n['programs']:,} | {n['analysed']:,} | {n['not_analysable']:,} | {n['findings']:,}"
            rate = n["programs"] / wall
            print(f"| {label} | {languages} | {counts} | {wall:.0f} | {cpu:.0f} | {rate:,.0f} |", flush=True)
        again, _, done = timed(run, options.tool, options, cache)
        size = sum(path.stat().st_size for path in Path(folder).glob("panel.sqlite*")) / (1 << 20)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"\n{frame.height:,} programs, {options.workers} workers: {total:.0f} s, {spent:.0f} s of processor time;",
        end=" ",
    )
    print(f"load of the machine {os.getloadavg()[1]:.1f}; all again from the cache: {again:.1f} s;", end=" ")
    print(f"peak memory of the scanning process {peak:.0f} MiB; cache {size:.0f} MiB")


if __name__ == "__main__":
    main()
