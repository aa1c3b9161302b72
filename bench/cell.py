"""What isolation costs: starts, runs, calls and answers of the cell, as ratios to a bare interpreter's start.

    python bench/cell.py [--repeats N]

Prints the table of docs/cell.md. Medians; a ratio compares with ``python3 -I -S -c pass`` of the same interpreter,
measured in turn with the rest, because another's load on the machine slows both alike. CPU time (ours and that of all
that was started and has ended) says it more steadily on a busy machine; it cannot be had for a part of an open cell.
"""

import argparse
import resource
import statistics
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from weighbridge.cell import Cell, Program, doctor, run_tool
from weighbridge.cell.runtime import prepare

FUNCTION = Program({"main.py": b"def add(a, b): return a + b\n"})
FLASK = Program(
    {"main.py": b"from flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef index(): return 'ok'\n"},
    interface="http",
)
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def clocks(act: Callable[[], object]) -> tuple[float, float]:
    """Wall and CPU seconds of an act, with the CPU of processes that ended in it."""

    def cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(one.ru_utime + one.ru_stime for one in used)

    wall, before = time.perf_counter(), cpu()
    act()
    return time.perf_counter() - wall, cpu() - before


def bare() -> None:
    subprocess.run([prepare("python").python, "-I", "-S", "-c", "pass"], check=True)


def whole_answer(program: Program, runs: int, slot: int = 0) -> None:
    """A program judged as an audit does it: a cell, a functional run, and attacks in fresh runs."""
    with Cell(program, slot=slot) as cell:
        for _ in range(runs):
            with cell.run() as run:
                ask(program, run)


def ask(program: Program, run) -> None:
    if program.interface == "http":
        assert run.http(REQUEST).endswith(b"ok")
    else:
        assert run.call("add", 1, 2) == 3


Row = tuple[str, float, float, float | None, float]


def measure(repeats: int) -> list[Row]:
    """(what, wall, wall of a bare start beside it, CPU or None, CPU of a bare start): medians in seconds."""
    rows: list[Row] = []

    def row(name: str, act: Callable[[], object], times: int = repeats, per: int = 1, ends: bool = True) -> None:
        act()  # once for caches
        pairs = [(clocks(act), clocks(bare)) for _ in range(times)]
        wall, beside = (statistics.median(pair[i][0] for pair in pairs) for i in (0, 1))
        cpu, cpu_beside = (statistics.median(pair[i][1] for pair in pairs) for i in (0, 1))
        rows.append((name, wall / per, beside, cpu / per if ends else None, cpu_beside))

    row("bare interpreter, `python3 -I -S -c pass`", bare)
    for label, program in (("function", FUNCTION), ("Flask", FLASK)):

        def open_and_close(program: Program = program) -> None:
            with Cell(program):
                pass

        row(f"cell opened and closed, {label}", open_and_close)
        with Cell(program) as cell:

            def fresh_run(cell: Cell = cell) -> None:
                with cell.run():
                    pass

            row(f"fresh run in an open cell, {label}", fresh_run, ends=False)
            with cell.run() as run:

                def calls(program: Program = program, run=run) -> None:
                    for _ in range(100):
                        ask(program, run)

                row(f"one {'request' if program is FLASK else 'call'}, {label}", calls, per=100, ends=False)
        row(f"whole answer (cell, 4 runs), {label}", lambda program=program: whole_answer(program, 4))
    source = {"a.py": b"import os\nos.system(input())\n"}
    row(
        "`run_tool` with ruff on one file", lambda: run_tool(["ruff", "check", "--isolated", "--no-cache", "."], source)
    )
    row("doctor", lambda: doctor.examine(), times=3)
    return rows


def rate(program: Program, workers: int, answers: int) -> float:
    """Whole answers (a cell and 4 runs each) a second, on several worker threads."""
    with ThreadPoolExecutor(workers) as pool:
        began = time.perf_counter()
        list(pool.map(lambda n: whole_answer(program, 4, slot=n % workers), range(answers)))
        return answers / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15)
    options = parser.parse_args()
    print("| | ms | ratio to bare | CPU ms | ratio to bare |\n|---|---:|---:|---:|---:|")
    for name, wall, beside, cpu, cpu_beside in measure(options.repeats):
        used = f"{cpu * 1000:.1f} | {cpu / cpu_beside:.1f}" if cpu is not None else "| "
        print(f"| {name} | {wall * 1000:.2f} | {wall / beside:.2f} | {used} |")
    print("\n| whole answers a second (cell, functional run, 3 attacks) | 1 worker | 2 workers |\n|---|---:|---:|")
    for label, program in (("function", FUNCTION), ("Flask", FLASK)):
        print(f"| {label} | {rate(program, 1, 20):.1f} | {rate(program, 2, 40):.1f} |")


if __name__ == "__main__":
    main()
