"""Print the tables of docs/statistics.md: how the estimators behave on made-up data with a known truth.

    uv run python bench/estimators.py TABLE [--datasets N]

TABLE: methods, repeats, holds, closer, rates, here, placebo, families, missing, sequential, published, golden, speed,
rule; or all.

Everything is seeded. The number of data sets stands under each table; a share of 0.05 from 1,000 data sets has a
standard error of 0.007. (The file is not called statistics.py: that would hide Python's own module of that name.)
"""

import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import simulated_attacks
import simulated_families
import simulated_intervals
import simulated_methods
import simulated_sequential

TABLES = {
    "methods": (simulated_methods.methods, 500),
    "repeats": (simulated_methods.by_repeats, 1_000),
    "holds": (simulated_intervals.holds, 800),
    "closer": (simulated_intervals.closer, 5_000),
    "rates": (simulated_intervals.rates, 1_000),
    "here": (simulated_intervals.here, 600),
    "placebo": (simulated_families.placebo, 2_000),
    "families": (simulated_families.families, 400),
    "missing": (simulated_families.missing, 200),
    "sequential": (simulated_sequential.savings, 200),
    "published": (simulated_sequential.published, 1_000),
    "golden": (simulated_families.golden, 200),
    "attacks": (simulated_attacks.attacks, 300),
    "speed": (simulated_families.speed, 1),
    "rule": (simulated_families.rule, 1),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=[*TABLES, "all"])
    parser.add_argument("--datasets", type=int, default=None, help="data sets a row, instead of the table's own number")
    chosen = parser.parse_args()
    for name in TABLES if chosen.table == "all" else [chosen.table]:
        table, datasets = TABLES[name]
        started = time.perf_counter()
        datasets = chosen.datasets or datasets
        table(datasets)
        print(f"\n{datasets} data sets a row; {time.perf_counter() - started:.0f} s\n", flush=True)


if __name__ == "__main__":
    main()
