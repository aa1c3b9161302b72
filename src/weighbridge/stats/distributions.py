# pyright: reportMissingTypeStubs=false, reportUnknownVariableType=false, reportUnknownMemberType=false
"""The few distribution functions of scipy that the estimators need, typed once here because scipy ships no stubs."""

from scipy import special

from weighbridge.stats.estimate import Floats


def normal_quantile(probability: float) -> float:
    """The point that a standard normal variable stays under with this probability."""
    return float(special.ndtri(probability))


def normal_below(x: float) -> float:
    """P(Z ≤ x) for a standard normal Z."""
    return float(special.ndtr(x))


def t_quantile(probability: float, df: float) -> float:
    """The point that Student's t with ``df`` degrees of freedom stays under with this probability."""
    return float(special.stdtrit(df, probability))


def t_quantiles(probability: float, df: Floats) -> Floats:
    """``t_quantile`` for an array of degrees of freedom."""
    return special.stdtrit(df, probability)


def t_two_sided(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for Student's t with ``df`` degrees of freedom."""
    return float(2 * special.stdtr(df, -abs(t)))


def noncentral_t_power(effect: float, df: float, critical: float) -> float:
    """P(|T| ≥ critical) for the noncentral t with ``df`` degrees of freedom, centred on ``effect`` standard errors."""
    upper = 1 - float(special.nctdtr(df, effect, critical))
    lower = float(special.nctdtr(df, effect, -critical))
    return upper + (lower if lower == lower else 0.0)


def chi_squared_above(x: float, df: float) -> float:
    """P(χ² ≥ x) with ``df`` degrees of freedom."""
    return float(special.chdtrc(df, x))


def expit(x: Floats) -> Floats:
    """The rate that belongs to a log-odds."""
    return special.expit(x)


def logit(p: Floats) -> Floats:
    """The log-odds that belong to a rate."""
    return special.logit(p)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """The point that a Beta(a, b) variable stays under with this probability."""
    return float(special.betaincinv(a, b, probability))


def binomial_tail(count: int, of: int, share: float) -> float:
    """P(at least ``count`` of ``of``) where each comes with chance ``share``."""
    return 1.0 if count <= 0 else float(special.bdtrc(count - 1, of, share))
