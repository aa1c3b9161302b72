"""Many tests at once: the placebo test's size, familywise error, missing cells, real answers, and the time it takes."""

import time
from pathlib import Path

import numpy as np
import polars as pl

from simulated_tables import head, row
from weighbridge.stats.design import Design
from weighbridge.stats.effects import analyse
from weighbridge.stats.multiplicity import holm
from weighbridge.stats.placebo import placebo_test
from weighbridge.stats.population import Population
from weighbridge.stats.rates import rate
from weighbridge.stats.signflip import sign_flips
from weighbridge.stats.verdict import RULE, Margin

ANSWERS = Path(__file__).parents[2] / "shared/data/answers/seccodebench_v2.2.0_14_models.parquet"


def wordings(rng, odds, sd, repeats, paraphrases):
    """Task means (tasks,) of a context whose every wording moves the log-odds by its own amount."""
    shifts = rng.normal(0, sd, paraphrases)
    return np.mean([rng.binomial(repeats, 1 / (1 + np.exp(-(odds + s)))) for s in shifts], axis=0) / repeats


def placebo_size(wording_sd, placebos, paraphrases, datasets, tasks=50, repeats=5, base=-1.4, heavy=False, seed=0):
    """Share of harmless contexts that the placebo test and the sign-flip against neutral call significant."""
    rng = np.random.default_rng([seed, int(wording_sd * 100), placebos, paraphrases, int(heavy)])
    found, effects = 0, np.zeros((tasks, datasets))
    for k in range(datasets):
        odds = rng.normal(base, 1.5, tasks)
        scale = wording_sd * (rng.standard_t(3) / np.sqrt(3) if heavy else 1.0)
        neutral = wordings(rng, odds, 0.0, repeats, 1)
        harmless = np.array(
            [(wordings(rng, odds, abs(scale) if heavy else wording_sd, repeats, 1) - neutral).mean()
             for _ in range(placebos)]
        )  # fmt: skip
        context = wordings(rng, odds, wording_sd, repeats, paraphrases)
        effects[:, k] = (context - neutral) * repeats * paraphrases
        test = placebo_test(float((context - neutral).mean()), harmless)
        found += test.p <= 0.05
    up, down = np.maximum(effects, 0), np.maximum(-effects, 0)
    ones = np.ones_like(effects) * repeats
    return found / datasets, float((sign_flips(np.rint(up), ones, np.rint(down), ones, draws=9).p_mid <= 0.05).mean())


def sd_text(sd: float) -> str:
    return f"{sd:.1f}"


def placebo(datasets: int) -> None:
    print(
        "A harmless context, 50 tasks × 5 answers, every wording moves the log-odds by its own amount (sd)."
        " Rows with fewer than 10 placebos have a quarter of the data sets."
    )
    head("wording sd", "placebos", "paraphrases", "placebo test", "sign-flip against neutral alone")
    for sd in (0.0, 0.1, 0.2, 0.3):
        for placebos, paraphrases in ((3, 1), (5, 1), (10, 1), (10, 3)):
            size, alone = placebo_size(sd, placebos, paraphrases, datasets // 4 if placebos < 10 else datasets)
            row(sd_text(sd), placebos, paraphrases, size, alone)


def family_errors(
    wording_sd, datasets, planted=1.0, paraphrases=3, models=4, contexts=12, placebos=10, tasks=50, repeats=5, seed=0
):
    """Shares of whole audits with a false claim under four rules, and how often a planted effect is found."""
    rng = np.random.default_rng([seed, int(wording_sd * 100), int(planted * 100)])
    arms = contexts + placebos + 1
    population = Population(0.2, 1.5, ratio=planted, effect="spread", heterogeneity=0.5)
    rules = ("uncorrected", "Holm, sign-flip only", "Holm on the sign-flip, placebo test at 5 %", "Holm on both")
    false, found = dict.fromkeys(rules, 0), dict.fromkeys(rules, 0)
    for _ in range(datasets):
        p_flip, p_claim = np.zeros((models, contexts)), np.zeros((models, contexts))
        for m in range(models):
            neutral_rate, moved_rate = population.draw(rng, (tasks,))
            odds = np.tile(np.log(neutral_rate / (1 - neutral_rate))[:, None], (1, arms))
            if planted != 1 and m == 0:
                odds[:, 0] = np.log(moved_rate / (1 - moved_rate))
            shifts = rng.normal(0, wording_sd, arms)
            shifts[-1] = 0.0
            shifts[:contexts] = rng.normal(0, wording_sd, (paraphrases, contexts)).mean(axis=0)
            counts = rng.binomial(repeats, 1 / (1 + np.exp(-(odds + shifts)))).astype(float)
            asked = np.full((tasks, arms - 1), float(repeats))
            zero = np.tile(counts[:, -1:], (1, arms - 1))
            flips = sign_flips(counts[:, :-1], asked, zero, asked, draws=9)
            harmless = flips.difference[contexts:]
            p_flip[m] = flips.p_mid[:contexts]
            tests = [placebo_test(float(d), harmless).p for d in flips.difference[:contexts]]
            p_claim[m] = np.array(tests)
        both = np.maximum(p_flip, p_claim)
        alone = holm(p_flip.ravel()).reshape(p_flip.shape) <= 0.05
        claims = {
            rules[0]: p_flip <= 0.05,
            rules[1]: alone,
            rules[2]: alone & (p_claim <= 0.05),
            rules[3]: holm(both.ravel()).reshape(both.shape) <= 0.05,
        }
        for rule, claim in claims.items():
            if planted != 1:
                found[rule] += int(claim[0, 0])
                claim = claim.copy()
                claim[0, 0] = False
            false[rule] += int(claim.any())
    return {r: false[r] / datasets for r in rules}, {r: found[r] / datasets for r in rules}


def families(datasets: int) -> None:
    print(
        "Whole audits: 4 models × 12 contexts, 10 placebos, 50 tasks × 5 answers, base 20 %."
        " False: share of audits with at least one false claim. Found: the one planted effect of that ratio."
    )
    head("wording sd", "paraphrases", "planted", "rule", "false", "found")
    cells = [(sd, 3, planted) for sd in (0.0, 0.2, 0.3) for planted in (1.0, 1.5, 2.3)]
    for sd, paraphrases, planted in [*cells, (0.2, 1, 1.0), (0.3, 1, 1.0)]:
        false, found = family_errors(sd, datasets, planted, paraphrases)
        for rule in false:
            shown = "–" if planted == 1 else f"{found[rule]:.2f}"
            row(sd_text(sd), paraphrases, planted if planted > 1 else "none", rule, false[rule], shown)


def trials(rng, tasks, repeats, *, mechanism="none", missing="none", models=1, contexts=3, placebos=10, ratio=2.0):
    """A frame of trials. Mechanisms: none, effect, opposed, refusals. Missing: none, random, hard tasks, one arm."""
    effect = "opposed" if mechanism == "opposed" else "same"
    population = Population(0.3, 1.5, ratio=ratio if mechanism == "effect" else 1.0, effect=effect, heterogeneity=1.2)
    frames = []
    names = ["neutral", *(f"context{i}" for i in range(contexts)), *(f"placebo{i}" for i in range(placebos))]
    for m in range(models):
        neutral, moved = population.draw(rng, (tasks,))
        for name in names:
            group = {"n": "neutral", "p": "placebo"}.get(name[0], "us_government")
            shape = (repeats, tasks)
            hit = name == "context0"
            refused = rng.random(shape) < (0.4 if hit and mechanism == "refusals" else 0.03)
            exploitable = (rng.random(shape) < (moved if hit else neutral)) & ~refused
            broken = (rng.random(shape) < 0.15) & ~refused & ~exploitable
            chance = np.zeros(tasks)
            if missing == "random":
                chance += 0.15
            elif missing == "hard tasks" and hit:
                chance += np.where(neutral > 0.5, 0.5, 0.0)
            elif missing == "one arm" and hit:
                chance += 0.3
            keep = (rng.random(shape) >= chance).ravel()
            frames.append(
                pl.DataFrame(
                    {
                        "model": f"m{m}", "context": name,
                        "group": group,
                        "task": np.tile([f"t{t:03}" for t in range(tasks)], repeats),
                        "exploitable": exploitable.ravel(), "broken": broken.ravel(), "refused": refused.ravel(),
                        "sound": ~(exploitable | broken | refused).ravel(),
                    }
                ).filter(pl.Series(keep))
            )  # fmt: skip
    return pl.concat(frames)


def words_of(mechanism, absent, datasets, tasks=50, repeats=5, seed=0):
    """The words that ``analyse`` gives the one context that is touched, per outcome, and its mean bias."""
    design = Design(Margin(difference=0.05), repeats=repeats, draws=499)
    words: dict[tuple[str, str], int] = {}
    covered: list[bool] = []
    for k in range(datasets):
        frame = trials(np.random.default_rng([seed, k]), tasks, repeats, mechanism=mechanism, missing=absent)
        rows = analyse(frame, design).effects.filter(context="context0")
        for found in rows.iter_rows(named=True):
            words[found["outcome"], found["word"]] = words.get((found["outcome"], found["word"]), 0) + 1
            tested = found["outcome"] == "exploitable" and mechanism in ("none", "opposed")
            if tested and found["difference_low"] is not None:
                covered.append(found["difference_low"] <= 0 <= found["difference_high"])
    return words, float(np.mean(covered)) if covered else None


def missing(datasets: int) -> None:
    print("Other mechanisms, through `analyse`: 50 tasks × 5, base 30 %, one context touched. Shares of words.")
    words_shown = ("worse", "better", "no difference larger than the margin", "wording noise", "not enough data")
    head("mechanism", "missing cells", "outcome", *words_shown, "covers 0")
    for mechanism in ("none", "opposed", "refusals", "effect"):
        for absent in ("none", "random", "hard tasks", "one arm"):
            if mechanism in ("opposed", "refusals") and absent in ("hard tasks", "one arm"):
                continue
            words, cover = words_of(mechanism, absent, datasets)
            for outcome in ("exploitable", "refused"):
                shares = [f"{words.get((outcome, w), 0) / (datasets):.2f}" for w in words_shown]
                shown = cover if cover is not None and outcome == "exploitable" else "–"
                row(mechanism, absent, outcome, *shares, shown)


def answers_by_task(path: Path = ANSWERS, mode: str = "gen"):
    """Vulnerable (functional and not secure) over everything asked: model names, counts and answers (tasks, models)."""
    frame = pl.read_parquet(path, columns=["model", "case", "mode", "round", "functional", "secure"])
    frame = frame.filter(mode=mode).with_columns(vulnerable=pl.col("functional") & ~pl.col("secure"))
    models, cases = sorted(frame["model"].unique()), sorted(frame["case"].unique())
    sums = frame.group_by("model", "case").agg(pl.col("vulnerable").sum(), pl.len().alias("asked"))
    counts, asked = np.zeros((len(cases), len(models))), np.zeros((len(cases), len(models)))
    for model, case, vulnerable, n in sums.iter_rows():
        counts[cases.index(case), models.index(model)] = vulnerable
        asked[cases.index(case), models.index(model)] = n
    return frame, models, counts, asked


def golden_figures(path: Path = ANSWERS):
    """Widths of paired, unpaired and naive intervals over all pairs of models, ICC, and ties between neighbours."""
    _, models, counts, asked = answers_by_task(path)
    pairs = [(a, b) for a in range(len(models)) for b in range(a)]
    columns = [[p[i] for p in pairs] for i in (0, 1)]
    flips = sign_flips(counts[:, columns[0]], asked[:, columns[0]], counts[:, columns[1]], asked[:, columns[1]])
    paired = flips.difference_high - flips.difference_low
    arms = [rate(counts[:, m], asked[:, m]) for m in range(len(models))]
    unpaired, naive = [], []
    for a, b in pairs:
        spreads = []
        for m in (a, b):
            there = asked[:, m] > 0
            share = counts[there, m] / asked[there, m]
            spreads.append((share.var(ddof=1) / there.sum(), share.mean() * (1 - share.mean()) / asked[:, m].sum()))
        unpaired.append(2 * 2.015 * np.sqrt(spreads[0][0] + spreads[1][0]))
        naive.append(2 * 1.96 * np.sqrt(spreads[0][1] + spreads[1][1]))
    order = np.argsort([a.value for a in arms])
    which = {frozenset(p): k for k, p in enumerate(pairs)}
    neighbours = [flips.p_mid[which[frozenset((order[i], order[i + 1]))]] for i in range(len(order) - 1)]
    return {
        "models": [(models[m], arms[m]) for m in order],
        "paired": float(np.median(paired)),
        "unpaired": float(np.median(unpaired)),
        "naive": float(np.median(naive)),
        "icc": float(np.median([a.icc for a in arms])),
        "ties": int(sum(p > 0.05 for p in neighbours)),
        "neighbours": len(neighbours),
        "found": int((holm(flips.p_mid) <= 0.05).sum()),
        "pairs": len(pairs),
    }


def null_rates(datasets: int, path: Path = ANSWERS, seed: int = 0):
    """Shares significant: every model's rounds split in halves; arm labels of two models shuffled within tasks."""
    frame, models, counts, asked = answers_by_task(path)
    rng = np.random.default_rng(seed)
    split, shuffled = [], []
    cases = sorted(frame["case"].unique())
    matrix = np.full((len(cases), len(models), 10), np.nan)
    for model, case, number, vulnerable in frame.select("model", "case", "round", "vulnerable").iter_rows():
        matrix[cases.index(case), models.index(model), number - 1] = vulnerable
    for _ in range(datasets):
        order = rng.permuted(np.tile(np.arange(10), (len(cases), 1)), axis=1)
        mixed = np.take_along_axis(matrix, order[:, None, :], axis=2)
        c1, c0 = np.nansum(mixed[:, :, :5], axis=2), np.nansum(mixed[:, :, 5:], axis=2)
        l1, l0 = (~np.isnan(mixed[:, :, :5])).sum(axis=2), (~np.isnan(mixed[:, :, 5:])).sum(axis=2)
        split.append(sign_flips(c1, l1.astype(float), c0, l0.astype(float), draws=9).p_mid)
        a, b = rng.choice(len(models), 2, replace=False)
        swap = rng.random(len(cases)) < 0.5
        one, two = np.where(swap, counts[:, a], counts[:, b]), np.where(swap, counts[:, b], counts[:, a])
        n1, n2 = np.where(swap, asked[:, a], asked[:, b]), np.where(swap, asked[:, b], asked[:, a])
        shuffled.append(sign_flips(one[:, None], n1[:, None], two[:, None], n2[:, None], draws=9).p_mid[0])
    return float((np.array(split) <= 0.05).mean()), float((np.array(shuffled) <= 0.05).mean())


def golden(datasets: int) -> None:
    if not ANSWERS.exists():
        print(f"no labelled answers beside the repository ({ANSWERS.name}): this table needs them")
        return
    g = golden_figures()
    print("Labelled answers of 14 models to 45 tasks × 10 rounds, mode gen: vulnerable over everything asked.")
    head("model", "vulnerable", "95 % interval (clustered)", "design effect", "ICC")
    for name, r in g["models"]:
        row(name, r.value, f"{r.low:.3f} to {r.high:.3f}", f"{r.design_effect:.1f}", f"{r.icc:.2f}")
    print(
        f"\nMedian width of a difference's interval over {g['pairs']} pairs: paired {g['paired']:.3f}, unpaired"
        f" clustered {g['unpaired']:.3f}, naive binomial {g['naive']:.3f}: paired/unpaired"
        f" {g['paired'] / g['unpaired']:.2f}, naive/unpaired {g['naive'] / g['unpaired']:.2f}."
        f" Median ICC {g['icc']:.2f}. Ties among neighbours: {g['ties']} of {g['neighbours']}."
        f" Pairs that differ after Holm: {g['found']} of {g['pairs']}."
    )
    split, shuffled = null_rates(datasets)
    print(f"Significant at 0.05: split halves {split:.3f}, labels shuffled within tasks {shuffled:.3f}.")


def speed(datasets: int) -> None:
    print("Whole analysis of 30,250 × 5 trials (5 models, 121 configurations of which 10 placebos, 50 tasks × 5).\n")
    rng = np.random.default_rng(0)
    frame = trials(rng, 50, 5, models=5, contexts=110, placebos=10)
    started = time.perf_counter()
    result = analyse(frame, Design(Margin(difference=0.05), reference="m0"))
    took = time.perf_counter() - started
    print(f"{frame.height} trials × 4 outcomes → {result.effects.height} effects in {took:.1f} s")


def rule(datasets: int) -> None:
    head("", "word", "when")
    for k, (word, when) in enumerate(RULE, 1):
        row(k, f"*{word}*", when)
