"""What scatter allows to conclude: the exponent of a power law, a probability from a count.

=====================  ============================================================
`power_law`            the exponent p of a growth as nᵖ, with its interval
`binomial_interval`    an interval for a probability, from hits in trials
`binomial_limit`       one side of it alone
=====================  ============================================================

Logarithms are correctly rounded, sums stand in a fixed order (`numdiff.floats.fixed_order`), quantiles are cut to the
twelve digits on which libraries agree: the results are the same on every machine. That is why slopes do not come from
`scipy.stats.linregress`, whose sums depend on the BLAS, and the interval not from `scipy.stats.binomtest`, whose root
finder stops earlier, at an absolute error of 2e-12.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.extras import require_extra
from numdiff.floats.fixed_order import fitted_slope

CONFIDENCE = 0.95
DECIMALS = 9
"""Of the exponent of a power law: beyond them stands the rounding of the logarithms."""


@dataclass(frozen=True)
class PowerLaw:
    """A growth as nᵖ.

    Attributes
    ----------
    exponent : float
        The exponent p.
    half_width : float
        Half the width of its 95 % confidence interval.
    points : int
        The number of points that it rests on.
    """

    exponent: float
    half_width: float
    points: int


def power_law(n: Sequence[float] | np.ndarray, values: Sequence[float] | np.ndarray) -> PowerLaw:
    """Fit values ∝ nᵖ by least squares on the decimal logarithms.

        p = Sxy/Sxx,  half width = t·√(r/((k − 2)·Sxx))

    with the sum r of the squared residuals of k points and the quantile t of Student's distribution with k − 2 degrees
    of freedom for a two-sided interval of 95 %. It takes the residuals for independent errors of equal size: it says
    how well a straight line is determined, not whether the line is straight.

    Parameters
    ----------
    n, values : array of float, shape (k,)
        Positive.

    Returns
    -------
    PowerLaw
        Exponent and half width rounded to nine decimals.

    Raises
    ------
    ValueError
        If there are fewer than three points, all n are the same, the arrays differ in length, or a number is not
        positive and finite.

    References
    ----------
    N. R. Draper, H. Smith, Applied Regression Analysis, 3rd ed., Wiley 1998, section 1.4 (interval of the slope).
    """
    if len(n) != len(values):
        raise ValueError(f"values must be as many as n, got {len(values)} and {len(n)}")
    if len(n) < 3 or len(set(n)) < 2:
        raise ValueError(f"n must hold at least three points that are not all the same, got {list(n)}")
    for name, series in (("n", n), ("values", values)):
        bad = [float(value) for value in series if not 0 < value < math.inf]
        if bad:
            raise ValueError(f"{name} must be positive and finite, got {bad[0]!r}")
    require_extra("power_law", "flint", "scipy")
    from numdiff.arithmetic.rounded import rounded

    x, y = (rounded(np.log10)(np.asarray(series, dtype=float)).tolist() for series in (n, values))
    exponent, deviation = fitted_slope(x, y)
    half_width = student_quantile(len(x) - 2, (1 + CONFIDENCE) / 2) * deviation
    return PowerLaw(round(exponent, DECIMALS), round(half_width, DECIMALS), len(x))


def binomial_interval(hits: int, trials: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the interval of Clopper and Pearson for a probability of which `hits` in `trials` were seen.

    Its ends are the probabilities at which so many hits or more, and so many or fewer, have half of what the
    confidence leaves.

    Parameters
    ----------
    hits, trials : int
    confidence : float
        Between 0 and 1.

    Returns
    -------
    (float, float)
        To twelve digits.

    Raises
    ------
    ValueError
        If there is no trial, there are more hits than trials, or `confidence` is not between 0 and 1.

    References
    ----------
    C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
    Biometrika 26 (1934) 404-413.
    """
    _check_counts(hits, trials, confidence)
    left = (1 - confidence) / 2
    low = _beta_quantile(left, hits, trials - hits + 1) if hits else 0.0
    high = _beta_quantile(1 - left, hits + 1, trials - hits) if hits < trials else 1.0
    return low, high


def binomial_limit(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the probability at which so few hits or fewer have only what the confidence leaves: a one-sided limit.

    For no hit it is 1 − (1 − confidence)^(1/trials), about 3/trials at 95 %: with the whole of the 5 % on one side
    a claim "at most" is smaller than the upper end of `binomial_interval`, whose parameters and errors it has.
    """
    _check_counts(hits, trials, confidence)
    return _beta_quantile(confidence, hits + 1, trials - hits) if hits < trials else 1.0


def student_quantile(freedom: int, probability: float) -> float:
    """Return a quantile of Student's distribution, to the twelve digits on which libraries agree."""
    from scipy.special import stdtrit

    return float(f"{stdtrit(freedom, probability):.12g}")


def _beta_quantile(probability: float, a: int, b: int) -> float:
    """Return a quantile of the beta distribution, to the twelve digits on which libraries agree."""
    require_extra("binomial_interval", "scipy")
    from scipy.stats import beta

    quantile: Any = beta.ppf(probability, a, b)
    return float(f"{quantile:.12g}")


def _check_counts(hits: int, trials: int, confidence: float) -> None:
    if not 0 <= hits <= trials or not trials:
        raise ValueError(f"hits must be 0 to trials and trials positive, got {hits} of {trials}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie between 0 and 1, got {confidence!r}")
