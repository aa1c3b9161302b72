"""How long does the share by origin take, from a hundred thousand requests to a hundred million, and is it right?

    python bench/adoption.py --rows 100000 1000000 --to build/bench-adoption

makes a log of that many requests as Parquet (columns of OpenRouter's generation export), reads it with
``weighbridge.adoption`` in a process of its own, and prints a row a size: seconds, rows a second, peak memory, and the
largest difference from the true tokens, which the generator added up itself while it drew (numpy, no part of ours). The
mix of models is that of the public rankings, day by day; lengths of answers are those of 25,160 real answers
(characters / 3.6), and a prompt is drawn from the same lengths, fifteen times as long. One row in a thousand stands
there twice, as in overlapping exports.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

SHARED = Path(__file__).parents[1].parent / "shared" / "data"
CHUNK = 1_000_000
TWICE = 1000
USERS = 20_000


def generate(rows: int, folder: Path, seed: int = 6) -> Path:
    """Write ``rows`` requests and some twice, with the true tokens by day and model in ``truth.json`` beside them."""
    done = folder / f"{rows}"
    truth = done / "truth.json"
    if truth.is_file():
        return done
    done.mkdir(parents=True, exist_ok=True)
    rankings = pl.read_csv(SHARED / "openrouter" / "rankings_daily_2026-05-20_06-14.csv", try_parse_dates=True)
    rankings = rankings.filter(pl.col("model_permaslug") != "other")
    answers = pl.read_parquet(SHARED / "answers" / "seccodebench_v2.2.0_14_models.parquet", columns=["code"])
    lengths = np.maximum(1, (answers["code"].str.len_chars().fill_null(1).to_numpy() / 3.6)).astype(np.int64)
    days = rankings["date"].unique().sort().to_list()
    models = rankings["model_permaslug"].unique().sort().to_list()
    place = {name: number for number, name in enumerate(models)}
    mix = np.zeros((len(days), len(models)))
    for day, name, tokens in rankings.select("date", "model_permaslug", "total_tokens").iter_rows():
        mix[days.index(day), place[name]] = tokens
    odds = (mix / mix.sum()).ravel().cumsum()
    totals = np.zeros(mix.size, dtype=np.int64)
    random = np.random.default_rng(seed)
    names, clock = pl.Series(models), np.array(days, dtype="datetime64[ms]")
    # Days in order, as a log is written: a chunk holds a stretch of time.
    for start in range(0, rows, CHUNK):
        size = min(CHUNK, rows - start)
        at = np.linspace(start / rows, (start + size) / rows, size, endpoint=False) + random.random(size) / rows
        by_day = np.minimum(np.searchsorted(mix.sum(axis=1).cumsum() / mix.sum(), at, side="right"), len(days) - 1)
        ends = np.concatenate([[0.0], odds])[(np.arange(len(days) + 1) * len(models))]
        draw = ends[by_day] + random.random(size) * (ends[by_day + 1] - ends[by_day])
        cell = np.minimum(np.searchsorted(odds, draw, side="right"), mix.size - 1)
        output, prompt = random.choice(lengths, size), random.choice(lengths, size) * 15
        totals += np.bincount(cell, weights=output + prompt, minlength=mix.size).astype(np.int64)
        seconds = random.integers(0, 86_400_000, size)
        table = pl.DataFrame({
            "generation_id": "gen-" + pl.Series(mixed(np.arange(start, start + size, dtype=np.uint64))).cast(pl.String),
            "created_at": pl.Series(clock[cell // len(models)] + seconds.astype("timedelta64[ms]")),
            "model_permaslug": names.gather(pl.Series(cell % len(models))),
            "tokens_prompt": prompt, "tokens_completion": output,
            "cost_total": (prompt * 1e-6 + output * 4e-6).round(6),
            "user": random.integers(0, USERS, size),
        })  # fmt: skip
        table = pl.concat([table, table.gather_every(TWICE)])
        table.write_parquet(done / f"part-{start // CHUNK:04d}.parquet")
    true: dict[str, int] = {}
    for (row, column), value in np.ndenumerate(totals.reshape(mix.shape)):
        true[f"{days[row]}|{models[column]}"] = int(value)
    truth.write_text(json.dumps(true), "utf-8")
    return done


def mixed(numbers: np.ndarray) -> np.ndarray:
    """Numbers without visible order, each for one only (steps of splitmix64, which can be undone)."""
    made = numbers * np.uint64(0x9E3779B97F4A7C15)
    made ^= made >> np.uint64(30)
    made *= np.uint64(0xBF58476D1CE4E5B9)
    return made ^ (made >> np.uint64(27))


def measure(folder: Path, memory: str, threads: int) -> dict[str, float]:
    """Read one log and compare with its truth: called in a process of its own."""
    from weighbridge import adoption, catalog

    book = catalog.load()
    begun, cpu = time.perf_counter(), time.process_time()
    parts = sorted(str(part) for part in folder.glob("part-*.parquet"))
    with adoption.read(parts, memory=memory, threads=threads) as usage:
        table, _ = adoption.shares(usage, book, by="origin", every="week")
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
        rows = sum(account.rows for account in usage.accounts)
        assert all(account.whole() for account in usage.accounts)
    true: dict[tuple[str, str], int] = {}
    for key, tokens in json.loads((folder / "truth.json").read_text("utf-8")).items():
        day, name = date.fromisoformat(key.split("|", 1)[0]), key.split("|", 1)[1]
        found = book.find(name, on=day)
        of = (str(day - timedelta(days=day.weekday())), found.origin if found else "unknown")
        true[of] = true.get(of, 0) + tokens
    got = {(str(row["week"]), row["class"]): row["tokens"] for row in table.to_dicts()}
    off = max(abs(got.get(key, 0) - tokens) for key, tokens in true.items())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {"rows": rows, "seconds": seconds, "cpu": used, "peak_gb": peak, "tokens": sum(got.values()), "off": off}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000, 10_000_000])
    asked.add_argument("--to", type=Path, default=Path("build/bench-adoption"))
    asked.add_argument("--memory", default="4GB")
    asked.add_argument("--threads", type=int, default=2)
    asked.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.memory, given.threads)))
        return
    if not SHARED.is_dir():
        sys.exit(f"the mix and the lengths are drawn from {SHARED}, which is not there")
    print(f"DuckDB, {given.threads} threads, memory limit {given.memory}; load before: {os.getloadavg()[0]:.1f}")
    print("| rows | seconds | CPU seconds | rows a second | peak memory, GB | tokens off the truth |")
    print("|---:|---:|---:|---:|---:|---:|")
    for rows in given.rows:
        folder = generate(rows, given.to)
        limits = ["--memory", given.memory, "--threads", str(given.threads)]
        command = [sys.executable, __file__, "--one", str(folder), *limits]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            sys.exit(ran.stderr)
        got = json.loads(ran.stdout)
        print(
            f"| {got['rows']:,} | {got['seconds']:.1f} | {got['cpu']:.1f} | {got['rows'] / got['seconds']:,.0f} "
            f"| {got['peak_gb']:.2f} | {got['off']:,} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
