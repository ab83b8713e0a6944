"""The Taylor test: with the right gradient the remainder of f falls with the square of the step.

    R(t) = |f(x + td) − f(x) − t⟨g, d⟩| = t²|dᵀHd|/2 + O(t³),

and with a wrong one, off by δ, only with the first power: R(t) = t|⟨δ, d⟩| + O(t²). It needs no tolerance, but
the curvature has to be above the rounding of f, and a small δ is hidden by the curvature.

References
----------
P. E. Farrell, D. A. Ham, S. W. Funke, M. E. Rognes, Automated derivation of the adjoint of high-level transient
finite element programs, SIAM J. Sci. Comput. 35(4), 2013, C369–C393, doi:10.1137/120873558, section 6.
"""

from collections.abc import Iterator

import numpy as np

from numdiff.floats.fixed_order import fitted_slope
from numdiff.gradients.probing import ScalarFunction
from numdiff.gradients.result import TaylorTest

__all__ = ["fitted", "taylor_test"]

ABOVE_NOISE = 4
"""A remainder counts where it is this many deviations of the noise."""


def fitted(steps: np.ndarray, remainders: np.ndarray, noise: np.longdouble) -> TaylorTest:
    """Return the power with which remainders fall, by least squares on logarithms.

    Parameters
    ----------
    steps, remainders : ndarray of longdouble, shape (s,)
    noise : longdouble
        The deviation of the rounding error of a remainder.
    """
    counted = np.isfinite(remainders) & (remainders > ABOVE_NOISE * noise)
    slope = None
    if len(set(steps[counted].tolist())) > 1:
        logarithms = (np.log(values[counted]).astype(float).tolist() for values in (steps / steps.max(), remainders))
        slope, _ = fitted_slope(*logarithms)
    return TaylorTest(tuple(map(float, steps)), tuple(map(float, remainders)), float(noise), slope)


def taylor_test(
    function: ScalarFunction,
    x: np.ndarray,
    at_x: np.longdouble,
    gradient: np.ndarray,
    direction: np.ndarray,
    steps: np.ndarray,
    noise: np.longdouble,
) -> TaylorTest:
    """Evaluate f on both sides of x along a direction, and fit the power.

    Parameters
    ----------
    function : ScalarFunction
        Called twice for each step.
    x : ndarray of the format
    at_x, noise : longdouble
    gradient, direction : ndarray of longdouble, the shape of x
    steps : ndarray of longdouble, shape (s,)
    """
    wide = x.astype(np.longdouble)
    predicted: list[np.longdouble] = []

    def points() -> Iterator[np.ndarray]:
        for step in steps:
            for sign in (-1, 1):
                with np.errstate(over="ignore", invalid="ignore"):
                    point = (wide + sign * step * direction).astype(x.dtype)
                    predicted.append(np.sum(gradient * (point.astype(np.longdouble) - wide)))
                yield point

    values = function.values(points(), 2 * len(steps))
    with np.errstate(all="ignore"):
        remainders = np.abs(values - at_x - np.array(predicted)).reshape(-1, 2).mean(axis=1)
    return fitted(steps, remainders, noise)
