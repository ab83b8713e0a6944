"""Total errors alone, where the parts are not wanted: one reference a point, one subtraction a cell."""

import math

import numpy as np

from numdiff.analysis.reference import MAX_PRECISION, ExactFunction, ball_of, precisions
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.dyadic import TINY, Dyadic, settled_double, unsettled_double
from numdiff.floats.formats import FloatFormat


def total_errors(
    exact: ExactFunction, x: np.ndarray, results: np.ndarray, derivative_order: int, fmt: FloatFormat
) -> np.ndarray:
    """Return d − f⁽ᵐ⁾(x), each difference formed exactly and rounded once.

    Parameters
    ----------
    exact : ExactFunction
    x : ndarray of the format, shape (n,)
    results : ndarray of the format, shape (n, s)
        What a kernel returned at each point for s steps.
    derivative_order : int
        m.
    fmt : FloatFormat

    Returns
    -------
    ndarray of float64, shape (n, s)
        NaN where the result is not finite or the derivative has no value.
    """
    points = fmt.lift_array(x)
    lifted = fmt.lift_array(results)
    steps = results.shape[1]
    errors = [math.nan] * results.size
    for i, point in enumerate(points):
        results_here = {j: item for j, item in enumerate(lifted[i * steps : (i + 1) * steps], i * steps) if item}
        if point is not None:
            _fill(errors, exact, point, results_here, derivative_order)
    return np.array(errors).reshape(results.shape)


def _fill(
    errors: list[float], exact: ExactFunction, point: Dyadic, results: dict[int, Dyadic], derivative_order: int
) -> None:
    """Write the errors of the results at one point, at rising precision until each has one nearest double."""
    for precision in precisions():
        truth = exact.derivative((point,), precision, derivative_order)[point]
        if truth is Undefined.UNDECIDED:
            continue
        if isinstance(truth, Undefined):
            return
        ball = truth if isinstance(truth, Ball) else ball_of(truth, precision)
        last = precision == MAX_PRECISION
        results = {j: result for j, result in results.items() if not _settle(errors, j, result, ball, last)}
        if not results:
            return


def _settle(errors: list[float], j: int, result: Dyadic, truth: Ball, last: bool) -> bool:
    """Write result − truth to `errors[j]`; return False where the enclosure does not decide it yet."""
    exponent = min(truth.exp, result[1])
    middle = (result[0] << (result[1] - exponent)) - (truth.mid << (truth.exp - exponent))
    radius = truth.rad << (truth.exp - exponent)
    raised = max(exponent, 0)
    error = settled_double(middle << raised, radius << raised, 1 << max(-exponent, 0))
    if error is None:
        errors[j] = unsettled_double(middle << raised, radius << raised, 1 << max(-exponent, 0))
        return last
    errors[j] = error or (-TINY if middle < 0 else TINY if middle else 0.0)
    return True
