"""Measures of accuracy, as pure functions of arrays.

=====================  ==================================================================
`correct_digits`       decimal digits of a result that are right
`loss_of_accuracy`     decimal digits that one result has less than another
`performance_ratio`    how many times larger an error or a cost is than the smallest one
`observed_optimum`     the step of the smallest error
=====================  ==================================================================

Logarithms are correctly rounded and sums stand in a fixed order: the results are the same on every machine.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from numdiff.extras import require_extra
from numdiff.spellings import renamed


def correct_digits(error: npt.ArrayLike, reference: npt.ArrayLike) -> np.ndarray:
    """Return the correct decimal digits, −log₁₀(|error|/|reference|).

    Parameters
    ----------
    error, reference : array of float
        Of shapes that broadcast; the reference is the exact result.

    Returns
    -------
    ndarray of float64
        Infinite for an exact result, minus infinity where the reference is 0 and the error is not, NaN where both are
        0 or one is NaN.

    References
    ----------
    N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM 2002, section 1.2: relative error and
    correct significant digits.

    Examples
    --------
    >>> correct_digits([0.01, 0.0], 10.0).tolist()
    [3.0, inf]
    """
    return -loss_of_accuracy(error, reference)


def loss_of_accuracy(error: npt.ArrayLike, best: npt.ArrayLike) -> np.ndarray:
    """Return the decimal digits that are lost with one error against another, log₁₀(|error|/|best|).

    Parameters
    ----------
    error, best : array of float
        Of shapes that broadcast.

    Returns
    -------
    ndarray of float64
        Negative where `error` is the smaller one; infinite where only `best` is 0, minus infinity where only `error`
        is; NaN where both are 0 or one is NaN.

    Examples
    --------
    >>> loss_of_accuracy([1e-3, 1e-8], 1e-6).tolist()
    [3.0, -2.0]
    """
    require_extra("loss_of_accuracy", "flint")
    from numdiff.arithmetic.rounded import rounded

    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        e, b = np.broadcast_arrays(np.abs(np.asarray(error, dtype=float)), np.abs(np.asarray(best, dtype=float)))
        ratio = e / b
        beyond = ((ratio == 0) | np.isinf(ratio)) & (e > 0) & (b > 0) & np.isfinite(e) & np.isfinite(b)
        found: np.ndarray = rounded(np.log10)(ratio.reshape(-1)).reshape(ratio.shape)
        if beyond.any():  # both are numbers, and their ratio is none
            found[beyond] = rounded(np.log10)(e[beyond]) - rounded(np.log10)(b[beyond])
    return found


def performance_ratio(cost: npt.ArrayLike, best: npt.ArrayLike) -> np.ndarray:
    """Return how many times larger a cost (an error, a number of evaluations) is than the smallest one, cost/best.

    Parameters
    ----------
    cost : array of float
        Not negative; infinite for a failure, NaN where nothing was tried.
    best : array of float
        The smallest cost of all solvers for the same problem, of a shape that broadcasts.

    Returns
    -------
    ndarray of float64
        1 where the two are the same number, also 0; infinite for a failure, and where only `best` is 0; NaN where
        nothing was tried or every solver failed.

    References
    ----------
    E. D. Dolan, J. J. Moré, Benchmarking optimization software with performance profiles, Math. Program. 91 (2002)
    201-213, equation (2.1).

    Examples
    --------
    >>> performance_ratio([3e-9, 1e-9, float("inf")], 1e-9).tolist()
    [3.0, 1.0, inf]
    """
    costs, least = np.broadcast_arrays(np.asarray(cost, dtype=float), np.asarray(best, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        ratio = costs / least
    return np.where((costs == least) & np.isfinite(costs), 1.0, ratio)


def columns_of_numbers(**given: Sequence[float] | np.ndarray) -> list[np.ndarray]:
    """Return the columns of cells as arrays of double; refuse what is not one cell a step."""
    arrays = {name: np.asarray(column, dtype=float) for name, column in given.items()}
    for name, array in arrays.items():
        if array.shape != (arrays["h"].size,):
            raise ValueError(
                f"{name} must be one-dimensional and as long as h, got shape {array.shape} "
                f"beside shape {arrays['h'].shape}"
            )
    steps = arrays["h"]
    bad = steps[~((steps > 0) & (steps < np.inf))]
    if bad.size:
        raise ValueError(f"h must be positive and finite, got {float(bad[0])!r}")
    return list(arrays.values())


@dataclass(frozen=True)
class Optimum:
    """The best step of a sweep.

    Attributes
    ----------
    step, error : float
        NaN where no cell has a finite error.
    index : int
        Position in the arrays given; −1 where there is none.
    at_edge : bool
        Whether it is the largest or smallest step of the sweep, so that the true optimum may lie beyond.
    """

    step: float
    error: float
    index: int
    at_edge: bool


@renamed(step="h")
def observed_optimum(h: Sequence[float] | np.ndarray, error: Sequence[float] | np.ndarray) -> Optimum:
    """Return the step of the smallest |error|; the larger step where errors tie.

    Parameters
    ----------
    h : array of float, shape (n,)
        Steps, positive and finite, in any order.
    error : array of float, shape (n,)
        Cells with a NaN or infinite error are passed over.

    Returns
    -------
    Optimum
        With index −1 where no cell has a finite error.

    Raises
    ------
    ValueError
        If the arrays differ in length or have more than one dimension, or a step is not positive and finite.

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.observed_optimum([0.5, 0.25, 0.125], [0.4, -0.1, 0.2])
    Optimum(step=0.25, error=0.1, index=1, at_edge=False)
    """
    steps, errors = columns_of_numbers(h=h, error=error)
    errors = np.abs(errors)
    finite = np.flatnonzero(np.isfinite(errors))
    if not finite.size:
        return Optimum(math.nan, math.nan, -1, False)
    best = min(finite.tolist(), key=lambda i: (errors[i], -steps[i]))
    edge = steps[best] in (steps.min(), steps.max())
    return Optimum(float(steps[best]), float(errors[best]), best, bool(edge))
