"""How close to the ideal does asking come, and what does it cost in CPU and memory? Prints the table in docs/asking.md.

Run by hand: ``python bench/ask.py [--answers 2800] [--bytes 9000] [--latency 0.5] [--at-once 100]``. An endpoint with
fixed latency runs in a process of its own; the ideal is answers × latency / requests at once. Two rows: everything in
one go, and the same with ten times the answers at a tenth of the latency, which shows that time and memory do not grow
faster than the answers do.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import polars as pl
from aiohttp import web

from weighbridge.audit.ask import ask
from weighbridge.audit.plan import Limits, Model, Plan
from weighbridge.store.schemas import TRIALS
from weighbridge.store.tables import Run


def serve(pipe: Connection, size: int, latency: float) -> None:
    """An endpoint that answers every question after ``latency`` seconds with ``size`` bytes."""
    content = "x" * (size - 300)
    usage = {"prompt_tokens": 400, "completion_tokens": 2000, "total_tokens": 2400}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}
    body = json.dumps({"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage})

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        await asyncio.sleep(latency)
        return web.Response(text=body, content_type="application/json")

    async def main() -> None:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
        await site.start()
        pipe.send(runner.addresses[0][1])
        await asyncio.Event().wait()

    asyncio.run(main())


def trials_of(count: int) -> pl.DataFrame:
    """Questions of the usual length."""
    rows = pl.DataFrame({"order": range(count)}).with_columns(
        trial=pl.format("trial-{}", "order"),
        system=pl.lit("You are a helpful assistant that writes code."),
        user=pl.format("question {} " + "word " * 300, "order"),
        model=pl.lit("m"),
        stack=pl.lit("python-stdlib"),
    )
    rest = [
        pl.lit(0 if kind.is_numeric() else "").alias(name) for name, kind in TRIALS.items() if name not in rows.columns
    ]
    return rows.with_columns(rest).select([pl.col(name).cast(kind) for name, kind in TRIALS.items()])


def measure(count: int, size: int, latency: float, at_once: int, results: Connection) -> None:
    """One run, in a process of its own so that its memory is its own."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, size, latency), daemon=True)
    server.start()
    port = ours.recv()
    plan = Plan(
        name="bench",
        models=(
            Model(name="m", model="m", base_url=f"http://127.0.0.1:{port}/v1", limits=Limits(concurrency=at_once)),
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder), "0" * 64)
        run.write("trials", trials_of(count), step="plan")
        before = resource.getrusage(resource.RUSAGE_SELF)
        began = time.perf_counter()
        result = ask(plan, run)
        wall = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF)
    assert result.complete and sum(result.requests.values()) == count
    server.kill()
    results.send(
        {
            "wall": wall,
            "ideal": count * latency / at_once,
            "cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "memory": after.ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1),
            "memory_before": before.ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1),
        }
    )


def main() -> None:
    """Measure and print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--answers", type=int, default=2800)
    asked.add_argument("--bytes", type=int, default=9000)
    asked.add_argument("--latency", type=float, default=0.5)
    asked.add_argument("--at-once", type=int, default=100)
    asked.add_argument("--long", action="store_true", help="ten times the answers as well")
    options = asked.parse_args()
    multiprocessing.set_start_method("spawn")
    print(
        "| answers | at once | latency | ideal | wall | wall / ideal | CPU | CPU an answer | memory | memory before |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for times in (1, 10) if options.long else (1,):
        ours, theirs = multiprocessing.Pipe()
        count = options.answers * times
        work = multiprocessing.Process(
            target=measure, args=(count, options.bytes, options.latency, options.at_once, theirs)
        )
        work.start()
        row = ours.recv()
        work.join()
        print(
            f"| {count:,} | {options.at_once} | {options.latency:g} s | {row['ideal']:.1f} s | {row['wall']:.1f} s "
            f"| {row['wall'] / row['ideal']:.2f} | {row['cpu']:.1f} s | {1000 * row['cpu'] / count:.2f} ms "
            f"| {row['memory']:.0f} MB | {row['memory_before']:.0f} MB |"
        )


if __name__ == "__main__":
    main()
