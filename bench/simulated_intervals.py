"""Does it hold? Type-I error and coverage over tasks × repeats × base rates × shapes × effects, and for rates."""

import numpy as np

from simulated_tables import head, row
from weighbridge.stats.conditional import on_these_tasks
from weighbridge.stats.population import Population
from weighbridge.stats.rates import rate
from weighbridge.stats.signflip import sign_flips

SHAPES = (("sd 1.5", 1.5), ("sd 2", 2.0), ("U", None))
SIZES = [(tasks, repeats, base) for tasks in (20, 50, 120) for repeats in (1, 5, 10) for base in (0.02, 0.2, 0.7)]


def draw(population, tasks, repeats, datasets, seed):
    rng = np.random.default_rng([seed, tasks, repeats, int(population.base * 100)])
    neutral, context = population.draw(rng, (tasks, datasets))
    c1, c0 = rng.binomial(repeats, context).astype(float), rng.binomial(repeats, neutral).astype(float)
    return c1, c0, np.full((tasks, datasets), float(repeats)), neutral, context


def cell(tasks, repeats, base, sd, effect, datasets, seed=0):
    """One row of the grid: type-I error, and coverage at a ratio of 1.4 (0.8 at base 70 %)."""
    c1, c0, asked, _, _ = draw(Population(base, sd, effect=effect), tasks, repeats, datasets, seed)
    null = sign_flips(c1, asked, c0, asked, draws=199)
    total = (c1 + c0).sum(axis=0)
    events = float(np.minimum(total, 2 * tasks * repeats - total).mean())
    ratio = 0.8 if base > 0.5 else 1.4
    d1, d0, asked, _, _ = draw(Population(base, sd, ratio=ratio, effect=effect), tasks, repeats, datasets, seed + 1)
    moved = sign_flips(d1, asked, d0, asked, draws=1_999)
    given = ~np.isnan(moved.difference_low)
    difference = base * (ratio - 1)
    inside = (moved.difference_low <= difference) & (difference <= moved.difference_high)
    return {
        "events": events,
        "informative": float(null.informative.mean()),
        "mid": float((null.p_mid <= 0.05).mean()),
        "exact": float((null.p_exact <= 0.05).mean()),
        "ratio": float(((moved.ratio_low <= ratio) & (ratio <= moved.ratio_high)).mean()),
        "difference": float(inside[given].mean()) if given.any() else float("nan"),
        "given": float(given.mean()),
    }


def holds(datasets: int) -> None:
    print(
        "Type-I at nominal 0.05 without effect; coverage of 95 % intervals at a ratio of 1.4 (0.8 at base 70 %).\n"
        "`informative`: tasks on which the arms differ. `given`: data sets with an interval for the difference."
    )
    head("tasks", "repeats", "base", "shape", "effects", "events", "informative", "type-I mid-p", "exact",
         "covers ratio", "covers difference", "given")  # fmt: skip
    rows = []
    for tasks, repeats, base in SIZES:
        for shape, sd in SHAPES:
            for effect in ("same", "opposed"):
                r = cell(tasks, repeats, base, sd, effect, datasets)
                rows.append(r)
                row(tasks, repeats, f"{base:.0%}", shape, effect, f"{r['events']:.0f}", f"{r['informative']:.0f}",
                    r["mid"], r["exact"], r["ratio"], r["difference"], f"{r['given']:.2f}")  # fmt: skip
    enough = [r for r in rows if r["events"] >= 20 and r["informative"] >= 8]
    print(f"\nLargest type-I: mid-p {max(r['mid'] for r in rows):.3f}, exact {max(r['exact'] for r in rows):.3f}; "
          f"mean of the rows with 20 events and 8 informative tasks: {np.mean([r['mid'] for r in enough]):.3f}, "
          f"smallest there {min(r['mid'] for r in enough):.3f}. Least coverage: ratio "
          f"{min(r['ratio'] for r in rows):.3f}, difference {min(r['difference'] for r in rows):.3f}.")  # fmt: skip


def closer(datasets: int) -> None:
    """The rows of ``holds`` with the largest type-I error, with ten times the data sets."""
    print(
        "The rows of the table above with the largest type-I error or least coverage, looked at again with other seeds."
    )
    head("tasks", "repeats", "base", "shape", "effects", "type-I mid-p", "exact", "covers ratio", "covers difference")
    for tasks, repeats, base, (shape, sd), effect in (
        (20, 10, 0.7, SHAPES[1], "opposed"), (20, 10, 0.7, SHAPES[0], "opposed"), (20, 10, 0.2, SHAPES[1], "same"),
        (120, 5, 0.7, SHAPES[0], "opposed"), (120, 10, 0.2, SHAPES[2], "opposed"), (20, 5, 0.7, SHAPES[2], "opposed"),
        (20, 1, 0.2, SHAPES[2], "opposed"), (50, 5, 0.7, SHAPES[0], "opposed"),
    ):  # fmt: skip
        runs = [cell(tasks, repeats, base, sd, effect, 1_000, seed=100 + k) for k in range(max(datasets // 1_000, 1))]
        means = {name: float(np.mean([r[name] for r in runs])) for name in ("mid", "exact", "ratio", "difference")}
        row(tasks, repeats, f"{base:.0%}", shape, effect, *means.values())


def rates(datasets: int) -> None:
    print("Coverage of an arm's 95 % interval, and its mean width.")
    head("tasks", "repeats", "base", "covers, sd 1.5", "covers, U-shaped", "width, sd 1.5", "width, U")
    least = 1.0
    for tasks in (9, 20, 50, 120):
        for repeats in (1, 5, 10):
            for base in (0.02, 0.2, 0.7):
                cover, width = [], []
                for sd in (1.5, None):
                    _, c0, asked, _, _ = draw(Population(base, sd), tasks, repeats, datasets, 3)
                    found = [rate(c0[:, k], asked[:, k]) for k in range(datasets)]
                    cover.append(np.mean([r.low <= base <= r.high for r in found]))
                    width.append(np.mean([r.high - r.low for r in found]))
                least = min(least, *cover)
                row(tasks, repeats, f"{base:.0%}", *map(float, cover), *map(float, width))
    print(f"\nLeast coverage {least:.3f}.")


def here_row(tasks, repeats, base, sd, effect, datasets, seed=0):
    """Coverage of both intervals for both truths, effects with mean 0 over the population."""
    c1, c0, asked, neutral, context = draw(
        Population(base, sd, effect=effect, heterogeneity=1.5), tasks, repeats, datasets, seed
    )
    m1, m0 = c1 / repeats, c0 / repeats
    v1, v0 = (m * (1 - m) * repeats / max(repeats - 1, 1) for m in (m1, m0))
    on_these = on_these_tasks(m1, v1, asked, m0, v0, asked)
    alike = sign_flips(c1, asked, c0, asked, draws=999)
    truth_here = (context - neutral).mean(axis=0)

    def covers(low, high, truth):
        given = ~np.isnan(low)
        return float(((low <= truth) & (truth <= high))[given].mean()) if given.any() else float("nan")

    total = (c1 + c0).sum(axis=0)
    enough = np.minimum(total, 2 * tasks * repeats - total) >= 20
    low, high = np.where(enough, on_these.low, np.nan), np.where(enough, on_these.high, np.nan)
    return {
        "here_here": covers(low, high, truth_here),
        "here_alike": covers(low, high, 0.0),
        "alike_alike": covers(alike.difference_low, alike.difference_high, 0.0),
        "alike_here": covers(alike.difference_low, alike.difference_high, truth_here),
        "width_here": float(np.nanmedian(on_these.high - on_these.low)),
        "width_alike": float(np.nanmedian(alike.difference_high - alike.difference_low)),
    }


def here(datasets: int) -> None:
    print("Two questions, two intervals; effects opposed in sign with mean 0 over the population, unless said.")
    head("tasks", "repeats", "base", "shape", "effects", "*these*: covers these", "covers like these",
         "*like these*: covers like these", "covers these", "width, these", "width, like these")  # fmt: skip
    for tasks in (20, 50, 120):
        for repeats in (1, 2, 5, 10):
            for base, (shape, sd), effect in (
                (0.2, SHAPES[0], "same"), (0.2, SHAPES[0], "opposed"), (0.2, SHAPES[2], "opposed"),
                (0.02, SHAPES[0], "opposed"), (0.7, SHAPES[1], "opposed"),
            ):  # fmt: skip
                r = here_row(tasks, repeats, base, sd, effect, datasets)
                row(tasks, repeats, f"{base:.0%}", shape, effect, *r.values())
