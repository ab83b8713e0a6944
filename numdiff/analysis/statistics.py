"""Intervals for counts and slopes.

Quantiles come from SciPy and are cut to the twelve digits on which libraries agree: the results are the same on every
machine. The interval of a count does not come from `scipy.stats.binomtest`, whose root finder stops earlier, at an
absolute error of 2e-12.
"""

from typing import Any

from numdiff.extras import require

CONFIDENCE = 0.95


def student_quantile(freedom: int, probability: float) -> float:
    """Return a quantile of Student's distribution, to the twelve digits on which libraries agree."""
    from scipy.special import stdtrit

    return float(f"{stdtrit(freedom, probability):.12g}")


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
        If there is no trial, or there are more hits than trials.

    References
    ----------
    C. J. Clopper, E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
    Biometrika 26 (1934) 404-413.
    """
    _check_counts(hits, trials)
    left = (1 - confidence) / 2
    low = _beta_quantile(left, hits, trials - hits + 1) if hits else 0.0
    high = _beta_quantile(1 - left, hits + 1, trials - hits) if hits < trials else 1.0
    return low, high


def binomial_limit(hits: int, trials: int, confidence: float = CONFIDENCE) -> float:
    """Return the probability at which so few hits or fewer have only what the confidence leaves: a one-sided limit.

    For no hit it is 1 − (1 − confidence)^(1/trials), about 3/trials at 95 %: with the whole of the 5 % on one side
    a claim "at most" is smaller than the upper end of `binomial_interval`, whose parameters and errors it has.
    """
    _check_counts(hits, trials)
    return _beta_quantile(confidence, hits + 1, trials - hits) if hits < trials else 1.0


def _beta_quantile(probability: float, a: int, b: int) -> float:
    """Return a quantile of the beta distribution, to the twelve digits on which libraries agree."""
    require("binomial_interval", "scipy")
    from scipy.stats import beta

    quantile: Any = beta.ppf(probability, a, b)
    return float(f"{quantile:.12g}")


def _check_counts(hits: int, trials: int) -> None:
    if not 0 <= hits <= trials or not trials:
        raise ValueError(f"hits must be 0 to trials and trials positive, got {hits} of {trials}")
