"""How fast is the panel, and what does it do with real programs? A scan from nothing, tool by tool, and again.

    python bench/panel.py ANSWERS.parquet [--most N] [--tool NAME ...] [--workers N] [--rules DIR ...] [--levels]

Prints the tables of docs/panel.md: speed, and what each tool says of answers that an attack proved vulnerable or that
withstood it. ANSWERS has the columns ``language``, ``code``, ``case``, ``functional`` and ``secure``, as the answers of
SecCodeBench in ``../shared/data/answers``. Everything is scanned in cells, with an empty cache first.
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
from weighbridge.panel.analysers import flawfinder
from weighbridge.panel.batches import Instrument
from weighbridge.panel.batches import run as give
from weighbridge.panel.rulefiles import read_rules
from weighbridge.panel.silence import speaks_of
from weighbridge.store.schemas import PROGRAMS
from weighbridge.store.tables import Run

LANGUAGES = {"C/C++": "cpp", "Node.js": "javascript"}
CWES = {
    "BufferOverflow": 787, "DoubleFree": 415, "OutOfBoundsRead": 125, "CommandInjection": 78, "CodeInjection": 95,
    "DynamicCodeExecution": 94, "OAuthConstantState": 352, "SQLInjection": 89, "SSRF": 918, "XSS": 79,
    "PathTraversal": 22, "Deserialization": 502, "SSTI": 1336,
}  # fmt: skip
"""What SecCodeBench's cases are about, by the beginning of their names."""


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


def discrimination(answers: Path, done: Scanned) -> list[str]:
    """Rows of Markdown: by language, kind of flaw and tool, how many vulnerable and secure programs were named.

    A program is *named* where a finding speaks of the flaw (``panel.silence``). Programs that do not function were not
    attacked and are left out; each distinct program counts once.
    """
    rows = pl.read_parquet(answers).filter("functional").unique("code", keep="first", maintain_order=True)
    kind = {case: next(name for name in CWES if case.startswith(name)) for case in set(rows["case"])}
    named: dict[tuple[str, str], set[int]] = {}
    for program, tool, cwe in done.findings.select("program", "tool", "cwe").iter_rows():
        named.setdefault((program, tool), set()).add(cwe)
    ran = done.scans.filter(pl.col("state") == "analysed").select("program", "tool").iter_rows()
    analysed: dict[str, list[str]] = {}
    for program, tool in ran:
        analysed.setdefault(program, []).append(tool)
    counts: dict[tuple[str, str, str], list[int]] = {}
    for code, language, case, secure in rows.select("code", "language", "case", "secure").iter_rows():
        program = hashlib.sha256(code.encode()).hexdigest()
        for tool in analysed.get(program, ()):
            spoke = any(speaks_of(cwe, CWES[kind[case]]) for cwe in named.get((program, tool), ()))
            count = counts.setdefault((language, f"{kind[case]} ({CWES[kind[case]]})", tool), [0, 0, 0, 0])
            count[2 * secure] += spoke
            count[2 * secure + 1] += 1
    return [
        f"| {language} | {flaw} | {tool} | {hit} of {flawed} | {alarm} of {sound} |"
        for (language, flaw, tool), (hit, flawed, alarm, sound) in sorted(counts.items())
    ]


def levels(answers: Path) -> None:
    """Print what flawfinder's levels would come to: findings of the flaw on vulnerable and on secure C programs."""
    flawfinder.LEVEL = 1
    rows = pl.read_parquet(answers).filter("functional", pl.col("language") == "C/C++")
    rows = rows.unique("code", keep="first", maintain_order=True)
    instrument = Instrument("flawfinder", every_analyser()["flawfinder"], "cpp")
    texts = {code: code for code in rows["code"]}
    said = {one.program: one.remarks for done in give(instrument, texts) for one in done.said}
    print("| from level | named, of the vulnerable | named, of the secure |")
    print("|---|---:|---:|")
    for level in range(1, 6):
        count = [0, 0, 0, 0]
        for code, case, secure in rows.select("code", "case", "secure").iter_rows():
            cwe = next(number for name, number in CWES.items() if case.startswith(name))
            count[2 * secure] += any(int(one.severity[-1]) >= level and speaks_of(one.cwe, cwe) for one in said[code])
            count[2 * secure + 1] += 1
        print(f"| {level} | {count[0]} of {count[1]} | {count[2]} of {count[3]} |")


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
    parser.add_argument("--levels", action="store_true", help="only flawfinder, level by level")
    options = parser.parse_args()
    if options.levels:
        levels(options.answers)
        return
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
    print(f"peak memory of the scanning process {peak:.0f} MiB; cache {size:.0f} MiB\n")
    print("| language | flaw (CWE) | tool | named, of the vulnerable | named, of the secure |")
    print("|---|---|---|---:|---:|")
    print("\n".join(discrimination(options.answers, done)))


if __name__ == "__main__":
    main()
