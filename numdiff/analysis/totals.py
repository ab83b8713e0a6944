"""Total errors of many results at once, without their parts: for the neighbours of a point."""

import math
from typing import Any

import numpy as np

from numdiff.analysis.enclosures import as_ball, nearest_or_tiny, split, two_doubles
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
    points = fmt.lift_array(x)
    first = next(precisions())
    truths = exact.derivative([p for p in points if p is not None], first, derivative_order, direction)
    known = [None if p is None else two_doubles(truths[p]) for p in points]
    errors, decided = _quickly(results, np.array([pair or (math.nan, math.nan) for pair in known]).reshape(-1, 2))
    has_point = np.array([p is not None for p in points], dtype=bool)
    undecided = np.isfinite(results) & ~decided & has_point[:, np.newaxis]
    lifted = iter(fmt.lift_array(results[undecided]))
    for i, point in enumerate(points):
        if point is None or not undecided[i].any():
            continue
        pending = {j: next(lifted) for j in np.flatnonzero(undecided[i]).tolist()}
        for precision in precisions():
            truth = exact.derivative((point,), precision, derivative_order, direction)[point]
            if truth is Undefined.UNDECIDED:
                continue
            ball = as_ball(truth, precision)
            if ball is None:
                break
            found = {j: _difference(result, ball) for j, result in pending.items()}
            for j, (error, _) in found.items():
                errors[i, j] = error
            pending = {j: pending[j] for j, (_, resolved) in found.items() if not resolved}
            if not pending:
                break
    return errors


_LEAST, _MOST = 2.0**-900, 2.0**900
"""Between them no product and no part of a sum below is subnormal or infinite."""


def _quickly(results: np.ndarray, truths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    r"""Return results − truths as doubles, and which of them are certainly rounded once; NaN elsewhere.

    With d = d₁ + d₂ of a format, t = t₁ + t₂ + η of `two_doubles`, and the exact s + e = d₁ − t₁ (Knuth),

        d − t = s + w + ε,  w = fl(e + fl(d₂ − t₂)),  |ε| ≤ u|fl(d₂ − t₂)| + u|w| + 2⁻¹⁰⁵|t₁|.

    δ = 2⁻⁵⁰(|fl(d₂ − t₂)| + |w|) + 2⁻¹⁰²|t₁| is more than |ε| and the rounding of w ± δ together, by a factor of 2 and
    more. Rounding is monotonic: where fl(s + (w − δ)) = fl(s + (w + δ)), that double is the one nearest to d − t.

    References
    ----------
    D. E. Knuth, The Art of Computer Programming, vol. 2, 3rd ed., section 4.2.2, theorem B.
    A. Ziv, Fast evaluation of elementary mathematical functions with correctly rounded last bit, ACM Trans. Math.
    Softw. 17 (1991) 410-423: the test.
    """
    t1, t2 = truths[:, :1], truths[:, 1:]
    with np.errstate(all="ignore"):
        d1, d2 = split(results)
        s = d1 - t1
        back = s - d1
        e = (d1 - (s - back)) + (-t1 - back)
        rest = d2 - t2
        w = e + rest
        margin = 2.0**-50 * (np.abs(rest) + np.abs(w)) + 2.0**-102 * np.abs(t1)
        low, high = s + (w - margin), s + (w + margin)
        usual = [(size > _LEAST) & (size < _MOST) for size in (np.abs(d1), np.abs(t1), np.abs(low))]
        decided = (usual[0] | (d1 == 0)) & usual[1] & usual[2] & (low == high)
    return np.where(decided, low, math.nan), decided


def _difference(result: Any, truth: Ball) -> tuple[float, bool]:
    """Return result − truth as a double, and whether the enclosure decides it."""
    exponent = min(truth.exp, result[1])
    middle = (result[0] << (result[1] - exponent)) - (truth.mid << (truth.exp - exponent))
    radius = truth.rad << (truth.exp - exponent)
    raised = max(exponent, 0)
    error, resolved, _ = nearest_or_tiny(middle << raised, radius << raised, 1 << max(-exponent, 0))
    return error, resolved
