"""Mechanisms made to break the rule of words: lost answers, wording and early stops, ties at the margin, long tails."""

import numpy as np
import polars as pl

from simulated_tables import head, row
from weighbridge.stats.design import Design, Outcome
from weighbridge.stats.distributions import expit, logit
from weighbridge.stats.effects import analyse
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.pairs import Pair, compare_arms, rank_ranges
from weighbridge.stats.placebo import placebo_test
from weighbridge.stats.rare import limits_if_rare
from weighbridge.stats.rates import NoEstimate, density, rate
from weighbridge.stats.sequential import Family, anytime_p
from weighbridge.stats.signflip import sign_flips
from weighbridge.stats.verdict import Margin

BAD = Outcome("bad", "worse")


def attacks(datasets: int) -> None:
    print("**Lost because of what they would have shown**: 150 tasks × 6, no effect, 10 placebos.\n")
    head("lost in the context's arm", "of its answers", "called *worse* or *better*", "without the guard")
    for lost in (0.1, 0.3):
        row(f"{lost:.0%} of the outcome", *(f"{x:.2f}" for x in lost_answers(datasets // 3, lost)))
    print("\n**Wording and early stops**: contexts that only wording moves, 40 tasks, 12 waves, 10 placebos.\n")
    head("wording sd", "comparisons", "false claim, placebo test at 5 %", "false claim, Holm on both")
    for sd, models in ((0.0, 2), (0.3, 2), (0.3, 4), (0.5, 2)):
        row(sd, 12 * models, *(f"{x:.2f}" for x in stopped_by_wording(datasets // 5, sd, models)))
    print("\n**Ties at the margin** (true difference = margin of 5 points, 10 × as many data sets):\n")
    head("tasks", "repeats", "what carries the difference", "tie, interval alone", "tie")
    for tasks, repeats in ((50, 5), (120, 5), (120, 10), (400, 5)):
        for kind in ("every task a little", "failing tasks only", "one task in twenty"):
            row(tasks, repeats, kind, *(f"{x:.3f}" for x in ties(10 * datasets, tasks, repeats, kind)))
    print("\n**Arms**: coverage of a rate (base 20 %, U-shaped) or a density where sizes or counts differ much.\n")
    head("tasks", "what", "given", "covers")
    for tasks in (12, 25, 60, 120):
        for what in ARMS:
            row(tasks, what, *arm(datasets, tasks, what))
    print("\n**Comparisons of counts and of clusters with a long tail**, true ratio 1.4 (counts):\n")
    head("tasks", "what", "covers ratio", "covers difference")
    for tasks in (20, 50, 120):
        for what in ("gamma-Poisson counts", "log-normal counts", "clusters of Zipf sizes, effect by size"):
            row(tasks, what, *(f"{x:.3f}" for x in long_tails(4 * datasets, tasks, what)))
    print("\n**Models side by side**: six, Holm over 15 pairs, 50 tasks × 3.\n")
    head("models", "families with a false claim", "with a true rank outside its range")
    for what in ("one rate, each its own skewed tasks", "a ladder"):
        row(what, *(f"{x:.3f}" for x in six_models(datasets, what)))


def lost_answers(datasets: int, lost: float) -> tuple[float, float, float]:
    design = Design(Margin(difference=0.05), outcomes=(BAD,), primary=("bad",), draws=299)
    gone, claims, before = 0.0, 0, 0
    for k in range(datasets):
        rng = np.random.default_rng([1, k])
        p = rng.beta(0.3, 0.7, 150)
        parts: list[pl.DataFrame] = []
        for context in ("neutral", "us", *(f"p{i}" for i in range(10))):
            y = (rng.random((6, 150)) < p).ravel()
            group = "placebo" if context.startswith("p") else context
            kept = ~(y & (rng.random(y.size) < lost)) if context == "us" else np.ones_like(y)
            frame = pl.DataFrame({"task": np.tile(np.arange(150).astype(str), 6), "y": y, "kept": kept})
            parts.append(frame.with_columns(model=pl.lit("m"), context=pl.lit(context), group=pl.lit(group)))
        trials = pl.concat(parts).with_columns(bad=pl.when("kept").then("y"))
        found = analyse(trials, design).effects.filter(context="us").row(0, named=True)
        claims += found["word"] in {"worse", "better"}
        gone += found["missing_context"] / datasets
        before += (found["p_holm_claim"] or 1.0) <= 0.05
    return gone, claims / datasets, before / datasets


def stopped_by_wording(datasets: int, sd: float, models: int, tasks: int = 40, waves: int = 12) -> tuple[float, float]:
    plain, corrected = 0, 0
    for k in range(datasets):
        rng = np.random.default_rng([9, k])
        arms, ended, why = [], {}, {}
        for _ in range(models):
            odds = rng.normal(-1, 1.5, tasks)

            def arm(shift: float, rng=rng, odds=odds):
                return (rng.random((waves, tasks)) < expit(odds + shift)) * 1.0

            neutral, placebos = arm(0.0), [arm(rng.normal(0, sd)) for _ in range(10)]
            arms += [(arm(rng.normal(0, sd)), neutral, placebos) for _ in range(12)]
        wave = 0
        for wave in range(1, waves + 1):
            seen = [(c[: ended.get(i, wave)], n[: ended.get(i, wave)]) for i, (c, n, _) in enumerate(arms)]
            for i, stop in enumerate(Family().look(seen)):
                if stop and i not in why:
                    why[i], ended[i] = stop, wave
            if len(why) == len(arms):
                break
        tests, claims = [], []
        for i, (context, neutral, placebos) in enumerate(arms):
            end, base = ended.get(i, wave), neutral[:wave].mean()
            gap = float(context[:end].mean() - base)
            test = placebo_test(gap, np.array([p[:wave].mean() - base for p in placebos]))
            assert not isinstance(test, NoEstimate)
            tests.append(test.p)
            claims.append(test.claim(gap, float(anytime_p(context[:end], neutral[:end])[-1])))
        adjusted = holm(np.array(claims))
        effect = [i for i, stop in why.items() if stop != "futile"]
        plain += any(tests[i] <= 0.05 for i in effect)
        corrected += any(adjusted[i] <= 0.05 for i in effect)
    return plain / datasets, corrected / datasets


def ties(datasets: int, tasks: int, repeats: int, kind: str, margin: float = 0.05) -> tuple[float, float]:
    rng, shape = np.random.default_rng(11), (tasks, datasets)
    if kind == "every task a little":
        p = rng.uniform(0.1, 0.4, shape)
        q = p + margin
    elif kind == "failing tasks only":
        p = np.where(rng.random(shape) < 0.5, 0, rng.uniform(0, 0.8, shape))
        q = p * (1 + margin / 0.2)
    else:
        p = rng.beta(0.3, 9.7, shape)
        q = np.where(rng.random(shape) < margin / 0.97, 1.0, p)
    c1, c0, asked = rng.binomial(repeats, q) * 1.0, rng.binomial(repeats, p) * 1.0, np.full(shape, float(repeats))
    found = sign_flips(c1, asked, c0, asked, draws=999)
    events = np.minimum((c1 + c0).sum(axis=0), (2 * asked - c1 - c0).sum(axis=0))
    alone = (found.informative >= 8) & (events >= 20)
    alone &= (found.difference_high < margin) & (found.difference_low > -margin)
    low, high = limits_if_rare(c1, asked, c0, asked)
    return float(alone.mean()), float((alone & (high < margin) & (low > -margin)).mean())


ARMS = {
    "rate, sizes equal": lambda rng, n: np.full(n, 5),
    "rate, sizes geometric": lambda rng, n: np.minimum(rng.geometric(0.25, n), 25),
    "rate, sizes Zipf": lambda rng, n: np.minimum(rng.zipf(1.7, n), 80),
    "density, gamma-Poisson": None,
    "density, log-normal": None,
}


def arm(datasets: int, tasks: int, what: str, base: float = 0.2) -> tuple[str, str]:
    rng, hits, given = np.random.default_rng(21), 0, 0
    for _ in range(datasets):
        sizes = ARMS[what]
        if sizes is not None:
            asked = sizes(rng, tasks)
            found, truth = rate(rng.binomial(asked, rng.beta(base, 1 - base, tasks)) * 1.0, asked * 1.0), base
        else:
            gamma = what.endswith("gamma-Poisson")
            level = rng.gamma(0.5, 4, tasks) if gamma else np.exp(rng.normal(0, 1.5, tasks))
            found = density(rng.poisson(3 * level) * 1.0, np.full(tasks, 3.0))
            truth = 2.0 if gamma else float(np.exp(1.125))
        if not isinstance(found, NoEstimate):
            given += 1
            hits += found.low <= truth <= found.high
    return f"{given / datasets:.2f}", f"{hits / given:.3f}" if given >= 30 else "–"


def long_tails(datasets: int, tasks: int, what: str) -> tuple[float, float]:
    rng, shape = np.random.default_rng(31), (tasks, datasets)
    if what.startswith("clusters"):

        def draw(shape: tuple[int, ...]):
            size = np.minimum(rng.zipf(1.8, shape), 60)
            odds = rng.normal(-0.85, 1.4, shape)
            return size, expit(odds + np.where(size > 3, -0.8, 0.6)), expit(odds)

        size, q, p = draw((400_000,))
        ratio, difference = (size * q).sum() / (size * p).sum(), (size * (q - p)).sum() / size.sum()
        size, q, p = draw(shape)
        asked = 3.0 * size
        one, zero = (rng.binomial(3 * size, x) * 1.0 for x in (q, p))
    else:
        gamma = what.startswith("gamma")
        level = rng.gamma(0.5, 4, shape) if gamma else np.exp(rng.normal(0, 1.5, shape))
        ratio, asked = 1.4, np.full(shape, 3.0)
        difference = 0.4 * (2.0 if gamma else float(np.exp(1.125)))
        one, zero = (rng.poisson(3 * x * level * rng.gamma(3, 1 / 3, shape)) * 1.0 for x in (1.4, 1.0))
    f = sign_flips(one, asked, zero, asked, draws=999)
    held = (f.ratio_low <= ratio) & (ratio <= f.ratio_high), (f.difference_low <= difference)
    return float(held[0].mean()), float((held[1] & (difference <= f.difference_high)).mean())


def six_models(datasets: int, what: str, tasks: int = 50, repeats: int = 3) -> tuple[float, float]:
    names = [f"m{i}" for i in range(6)]
    step = np.array([-1, -0.5, -0.2, 0.2, 0.5, 1.0]) if what == "a ladder" else np.zeros(6)
    pairs = [Pair(a, b, "f") for i, a in enumerate(names) for b in names[i + 1 :]]
    false, outside = 0, 0
    for k in range(datasets):
        rng = np.random.default_rng([41, k])
        odds = logit(np.clip(rng.beta(0.5, 0.9, tasks), 1e-4, 1 - 1e-4)) + step[:, None]
        own = rng.normal(0, 1, (6, tasks)) if step.any() else np.where(rng.random((6, tasks)) < 0.2, 2.5, -0.6)
        y = rng.random((repeats, 6, tasks)) < expit(odds + own)
        _, m, t = np.indices(y.shape)
        frame = pl.DataFrame({"arm": np.array(names)[m.ravel()], "task": t.ravel().astype(str), "bad": y.ravel()})
        compared = compare_arms(frame, pairs, [BAD], Margin(difference=0.05), draws=299)
        at = dict(zip(names, step.tolist(), strict=True))
        claims = compared.filter(pl.col("word").is_in(["worse", "better"])).select("one", "other", "word").iter_rows()
        false += any((at[a] <= at[b]) if word == "worse" else (at[a] >= at[b]) for a, b, word in claims)
        ranges = rank_ranges(names, compared)
        outside += any(
            1 + sum(x < at[a] for x in at.values()) > ranges[a][1]
            or 6 - sum(x > at[a] for x in at.values()) < ranges[a][0]
            for a in names
        )
    return false / datasets, outside / datasets
