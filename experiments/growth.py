"""How something grows with n: the exponent of a power law, with the confidence that its scatter allows."""

from collections.abc import Sequence
from typing import NamedTuple

from experiments.runs import log10
from numdiff.analysis.metrics import student_quantile
from numdiff.floats.fixed_order import fitted_slope

CONFIDENCE = 0.95
DECIMALS = 9
"""Of an exponent: beyond them stands the rounding of the logarithms."""


class Growth(NamedTuple):
    """An exponent, half the width of its confidence interval, and the number of points that it rests on."""

    exponent: float
    half_width: float
    points: int


def growth(n: Sequence[float], values: Sequence[float]) -> Growth:
    """Fit values ∝ nᵖ by least squares on the decimal logarithms.

        p = Sxy/Sxx,  half width = t·√(r/((k − 2)·Sxx))

    with the sum r of the squared residuals of k points and the quantile t of Student's distribution with k − 2 degrees
    of freedom for a two-sided interval of 95 %. It takes the residuals for independent errors of equal size: it says
    how well a straight line is determined, not whether the line is straight.

    Raises
    ------
    ValueError
        If there are fewer than three points, or all n are the same.

    References
    ----------
    N. R. Draper, H. Smith, Applied Regression Analysis, 3rd ed., Wiley 1998, section 1.4 (interval of the slope).
    """
    if len(n) < 3 or len(set(n)) < 2:
        raise ValueError(f"n must hold at least three points that are not all the same, got {list(n)}")
    x, y = ([float(log10(float(value))) for value in series] for series in (n, values))
    exponent, deviation = fitted_slope(x, y)
    half_width = student_quantile(len(x) - 2, (1 + CONFIDENCE) / 2) * deviation
    return Growth(round(exponent, DECIMALS), round(half_width, DECIMALS), len(x))
