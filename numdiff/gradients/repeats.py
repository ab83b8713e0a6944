"""Is f deterministic? Its value at x is asked for again, as often as the rate of chance needs.

A function with dropout, sampling or noise returns other values at the same x. Where all slopes are smooth to rounding,
there is no chance: a dozen evaluations for each would not have fitted one series. Where f looks noisy, or something
else is in doubt, f(x) is compared with m further values. If two values are equal with probability q, all are with about
qᵐ: for dropout of one half of 8 units q = 2⁻⁸ and one repeat would do; for dropout of a tenth of them all are kept with
0.9⁸ = 0.43, and 16 repeats miss it with 0.43¹⁷ = 6·10⁻⁷. Of a rarer event little is seen in the slopes of few
coordinates, so that there are as many repeats as a quarter of all evaluations, if that is more, up to 64: dropout of
2 % of 8 units is missed with 0.85⁶⁵ = 3·10⁻⁵.
"""

from collections.abc import Callable

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.status import OK, Status
from numdiff.gradients.rule import is_loud

__all__ = ["is_doubtful", "refuse_random", "repeats_of"]

FEWEST, MOST = 16, 64
SHARE = 4
"""One repeat for so many evaluations, between the two."""


def is_doubtful(found: Estimates, size: float, unit: float) -> bool:
    """Return whether any slope gives a reason to ask again.

    Parameters
    ----------
    found : Estimates
    size : float
        |f(x)|.
    unit : float
        The unit roundoff.
    """
    quiet = (found.status == OK) | (found.status == Status.NO_DIGITS) | (found.status == Status.TOUCHES_DOMAIN)
    return bool(np.any(~quiet | is_loud(found, size, unit)))


def repeats_of(evaluations: int) -> int:
    """Return how often f(x) is asked for again after so many evaluations.

    Examples
    --------
    >>> repeats_of(60), repeats_of(200), repeats_of(10**6)
    (16, 50, 64)
    """
    return min(max(FEWEST, evaluations // SHARE), MOST)


def refuse_random(value: Callable[[], float], at_x: float, count: int) -> int:
    """Evaluate f at x again, so many times, and refuse a function whose value changes.

    Parameters
    ----------
    value : callable
        Returns f(x).
    at_x : float
        What it was.
    count : int

    Returns
    -------
    int
        The evaluations.

    Raises
    ------
    ValueError
        If a value is another one.
    """
    for _ in range(count):
        again = value()
        if again != at_x:
            raise ValueError(
                f"f must be deterministic, got {at_x!s} and later {again!s} for the same x: fix its random numbers "
                "(dropout, sampling, running averages), or give noise=, the standard deviation of f"
            )
    return count
