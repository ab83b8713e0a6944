"""Total errors of many results at once, without their parts: for the neighbours of a point."""

import math
from typing import Any

import numpy as np

from numdiff.analysis.enclosures import (
    as_ball,
    nearest_or_tiny,
)
from numdiff.analysis.reference import ExactFunction, precisions
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.arithmetic.one_sided import Direction
from numdiff.floats.formats import FloatFormat


def total_errors(
    exact: ExactFunction,
    x: np.ndarray,
    results: np.ndarray,
    derivative_order: int,
    fmt: FloatFormat,
    direction: Direction = 0,
) -> np.ndarray:
    """Return d − f⁽ᵐ⁾(x) where the parts are not wanted: one reference a point, one subtraction a cell.

    Parameters
    ----------
    exact : ExactFunction
    x : ndarray of the format, shape (n,)
    results : ndarray of the format, shape (n, s)
        What a kernel returned at each point for s steps.
    derivative_order : int
        m.
    fmt : FloatFormat
    direction : {-1, 0, 1}
        As in `ExactFunction.derivative`.

    Returns
    -------
    ndarray of float64, shape (n, s)
        Each difference is formed exactly and rounded once; NaN where the result is not finite or the derivative has
        no value.
    """
    errors = np.full(results.shape, math.nan)
    lifted = fmt.lift_array(results)
    for i, point in enumerate(fmt.lift_array(x)):
        row = lifted[i * results.shape[1] : (i + 1) * results.shape[1]]
        pending = [j for j, result in enumerate(row) if result is not None]
        if point is None:
            continue
        for precision in precisions():
            truth = exact.derivative((point,), precision, derivative_order, direction)[point]
            if truth is Undefined.UNDECIDED:
                continue
            ball = as_ball(truth, precision)
            if ball is None:
                break
            found = {j: _difference(row[j], ball) for j in pending}
            for j, (error, _) in found.items():
                errors[i, j] = error
            pending = [j for j, (_, resolved) in found.items() if not resolved]
            if not pending:
                break
    return errors


def _difference(result: Any, truth: Ball) -> tuple[float, bool]:
    """Return result − truth as a double, and whether the enclosure decides it."""
    exponent = min(truth.exp, result[1])
    middle = (result[0] << (result[1] - exponent)) - (truth.mid << (truth.exp - exponent))
    radius = truth.rad << (truth.exp - exponent)
    raised = max(exponent, 0)
    error, resolved, _ = nearest_or_tiny(middle << raised, radius << raised, 1 << max(-exponent, 0))
    return error, resolved
