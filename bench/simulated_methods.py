"""The estimators an auditor might have chosen, on the same data: type-I error, coverage, power and time."""

import time

import numpy as np
from scipy import optimize, special, stats

from simulated_tables import head, row
from weighbridge.stats.population import Population
from weighbridge.stats.signflip import sign_flip

NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(24)
LOG_WEIGHTS = np.log(WEIGHTS / WEIGHTS.sum())

# each method: (c1, c0, repeats) → (p, (low, high) of the difference or None, (low, high) of the ratio or None)


def naive_z(c1, c0, repeats):
    n = c1.size * repeats
    r1, r0 = c1.sum() / n, c0.sum() / n
    pooled = (r1 + r0) / 2
    se0, se = np.sqrt(2 * pooled * (1 - pooled) / n), np.sqrt(r1 * (1 - r1) / n + r0 * (1 - r0) / n)
    p = 1.0 if se0 == 0 else 2 * stats.norm.sf(abs(r1 - r0) / se0)
    ratio = None
    if r1 > 0 and r0 > 0:
        half = 1.96 * np.sqrt((1 - r1) / (n * r1) + (1 - r0) / (n * r0))
        ratio = r1 / r0 * np.exp(-half), r1 / r0 * np.exp(half)
    return p, (r1 - r0 - 1.96 * se, r1 - r0 + 1.96 * se), ratio


def sandwich_difference(c1, c0, repeats):
    """Linear model with task-clustered errors and the small-sample factor n/(n − 1): here the paired t."""
    d = (c1 - c0) / repeats
    n = d.size
    se = d.std(ddof=1) / np.sqrt(n)
    if se == 0:
        return (1.0 if d.mean() == 0 else 0.0), (d.mean(), d.mean()), None
    reach = stats.t.ppf(0.975, n - 1) * se
    return 2 * stats.t.sf(abs(d.mean() / se), n - 1), (d.mean() - reach, d.mean() + reach), None


def sandwich_log_ratio(c1, c0, repeats):
    """Poisson or log-binomial working model with task-clustered errors, n/(n − 1), t(n − 1)."""
    if c1.sum() == 0 or c0.sum() == 0:
        return 1.0, None, None
    n = c1.size
    influence = (c1 - c1.mean()) / c1.sum() - (c0 - c0.mean()) / c0.sum()
    se = np.sqrt(n / (n - 1) * (influence**2).sum())
    log_ratio = np.log(c1.sum() / c0.sum())
    if se == 0:
        return 1.0, None, None
    reach = stats.t.ppf(0.975, n - 1) * se
    p = 2 * stats.t.sf(abs(log_ratio / se), n - 1)
    return p, None, (np.exp(log_ratio - reach), np.exp(log_ratio + reach))


def _flip(c1, c0, repeats, mid):
    asked = np.full(c1.size, float(repeats))
    f = sign_flip(c1, asked, c0, asked, mid=mid, draws=999)
    difference = (f.difference.low, f.difference.high) if hasattr(f.difference, "low") else None
    ratio = (f.ratio.low, f.ratio.high) if hasattr(f.ratio, "low") else None
    return (f.p_mid if mid else f.p_exact), difference, ratio


def sign_flip_exact(c1, c0, repeats):
    return _flip(c1, c0, repeats, mid=False)


def sign_flip_mid(c1, c0, repeats):
    return _flip(c1, c0, repeats, mid=True)


def bootstrap_t(c1, c0, repeats, draws=399):
    """Tasks drawn with replacement, each mean difference studentised by its own standard error."""
    d = (c1 - c0) / repeats
    n, se = d.size, d.std(ddof=1) / np.sqrt(d.size)
    if se == 0:
        return 1.0, None, None
    again = d[np.random.default_rng(0).integers(0, n, (draws, n))]
    spread = again.std(axis=1, ddof=1) / np.sqrt(n)
    t = np.where(spread > 0, (again.mean(axis=1) - d.mean()) / np.where(spread > 0, spread, 1), np.inf)
    low, high = np.quantile(t, [0.025, 0.975], method="inverted_cdf")
    p = (1 + (np.abs(t) >= abs(d.mean() / se)).sum()) / (draws + 1)
    return p, (d.mean() - high * se, d.mean() - low * se), None


def mantel_haenszel(c1, c0, repeats):
    """Stratified by task: tests that no task is affected, with Greenland and Robins' interval for the ratio."""
    both = c1 + c0
    variance = (both * (2 * repeats - both) / (4 * (2 * repeats - 1))).sum()
    if c1.sum() == 0 or c0.sum() == 0 or variance == 0:
        return 1.0, None, None
    p = 2 * stats.norm.sf(abs((c1 - both / 2).sum()) / np.sqrt(variance))
    spread = np.sqrt((both - 2 * c1 * c0 / repeats).sum() / (c1.sum() * c0.sum()))
    ratio = c1.sum() / c0.sum()
    return p, None, (ratio * np.exp(-1.96 * spread), ratio * np.exp(1.96 * spread))


def mixed_logit(c1, c0, repeats):
    """Random-intercept logit by Gauss-Hermite quadrature, weak normal priors; Wald test, marginal ratio."""
    if c1.sum() + c0.sum() == 0:
        return 1.0, None, None

    def loss(theta):
        centre, log_sd, effect = theta
        eta = centre + np.exp(log_sd) * NODES
        score = [
            c[:, None] * log_p + (repeats - c)[:, None] * log_q
            for c, log_p, log_q in (
                (c0, special.log_expit(eta), special.log_expit(-eta)),
                (c1, special.log_expit(eta + effect), special.log_expit(-eta - effect)),
            )
        ]
        seen = special.logsumexp(score[0] + score[1] + LOG_WEIGHTS, axis=1).sum()
        return -seen + effect**2 / 18 + (log_sd - 0.5) ** 2 / 4

    rate = np.clip((c1.sum() + c0.sum()) / (2 * c1.size * repeats), 1e-3, 1 - 1e-3)
    fit = optimize.minimize(loss, [special.logit(rate) * 1.5, 0.5, 0.0], method="BFGS", options={"gtol": 1e-3})
    centre, log_sd, effect = fit.x
    steps = 1e-3 * np.eye(3)
    at = fit.x
    bend = np.array(
        [
            [(loss(at + a + b) - loss(at + a - b) - loss(at - a + b) + loss(at - a - b)) / 4e-6 for a in steps]
            for b in steps
        ]
    )
    se = np.sqrt(max(np.linalg.pinv(bend)[2, 2], 1e-12))
    mix = np.exp(LOG_WEIGHTS)

    def marginal(shift):
        return float((special.expit(centre + np.exp(log_sd) * NODES + shift) * mix).sum())

    ends = [marginal(effect + z * se) for z in (-1.96, 1.96)]
    neutral = marginal(0.0)
    return (
        2 * stats.norm.sf(abs(effect / se)),
        (ends[0] - neutral, ends[1] - neutral),
        (ends[0] / neutral, ends[1] / neutral),
    )


METHODS = {
    "naive two-proportion z": naive_z,
    "cluster sandwich, difference, t(n−1)": sandwich_difference,
    "cluster sandwich, log ratio, t(n−1)": sandwich_log_ratio,
    "Mantel–Haenszel by task": mantel_haenszel,
    "bootstrap-t, difference": bootstrap_t,
    "mixed logit (quadrature, weak prior)": mixed_logit,
    "**sign-flip, exact**": sign_flip_exact,
    "**sign-flip, mid-p**": sign_flip_mid,
}
CELLS = (
    ("base 20 %, sd 2", 0.2, 2.0),
    ("base 20 %, U-shaped", 0.2, None),
    ("base 2 %, sd 1.5", 0.02, 1.5),
    ("base 70 %, sd 2", 0.7, 2.0),
)


def methods(datasets: int, tasks: int = 50, repeats: int = 5) -> None:
    print(
        f"{tasks} tasks × {repeats} answers an arm. Type-I: nominal 0.05, none for any task, or opposed"
        " in sign with mean 0. Coverage of the 95 % interval and power at a ratio of 1.5 (1.2 at base 70 %), effects"
        " spread. mixed logit: a third of the data sets. –: the method gives none."
    )
    for label, base, sd in CELLS:
        print(f"\n**{label}**")
        head("method", "type-I same", "type-I opposed", "covers difference", "covers ratio", "power", "ms")
        ratio = 1.2 if base > 0.5 else 1.5
        for name, method in METHODS.items():
            size = datasets // 3 if method is mixed_logit else datasets
            started = time.perf_counter()
            same, _, _ = _run(method, Population(base, sd, effect="same"), tasks, repeats, size, 1)
            each = (time.perf_counter() - started) / size * 1000
            opposed, _, _ = _run(
                method, Population(base, sd, effect="opposed", heterogeneity=1.2), tasks, repeats, size, 2
            )
            effect = Population(base, sd, ratio=ratio, effect="spread")
            power, cover_d, cover_r = _run(method, effect, tasks, repeats, size, 3)
            row(name, same, opposed, cover_d, cover_r, f"{power:.2f}", f"{each:.1f}")


def by_repeats(datasets: int) -> None:
    print("Type-I error as repeats grow: 50 tasks, base 20 %, sd 2, effects opposed in sign with mean 0 (or none).")
    head("repeats", "naive z, no effects", "naive z, opposed", "Mantel–Haenszel, opposed", "sign-flip mid-p, opposed")
    for repeats in (1, 5, 10, 25, 50):
        none = Population(0.2, 2.0)
        opposed = Population(0.2, 2.0, effect="opposed", heterogeneity=1.2)
        found = [
            _run(method, population, 50, repeats, datasets, 5)[0]
            for method, population in (
                (naive_z, none), (naive_z, opposed), (mantel_haenszel, opposed), (sign_flip_mid, opposed)
            )
        ]  # fmt: skip
        row(repeats, *found)


def _run(method, population, tasks, repeats, datasets, seed):
    rng = np.random.default_rng([seed, int(population.base * 100)])
    neutral, context = population.draw(rng, (tasks, datasets))
    c1, c0 = rng.binomial(repeats, context).astype(float), rng.binomial(repeats, neutral).astype(float)
    found, covered = 0, {"difference": [], "ratio": []}
    truth = {"difference": population.base * (population.ratio - 1), "ratio": population.ratio}
    for k in range(datasets):
        p, difference, ratio = method(c1[:, k], c0[:, k], repeats)
        found += p <= 0.05
        for scale, interval in (("difference", difference), ("ratio", ratio)):
            if interval is not None:
                covered[scale].append(interval[0] <= truth[scale] <= interval[1])

    def share(hits):
        if not hits:
            return "–"
        given = len(hits) / datasets
        return f"{np.mean(hits):.3f}" + (f" (undefined in {1 - given:.0%})" if given < 0.995 else "")

    return found / datasets, share(covered["difference"]), share(covered["ratio"])
