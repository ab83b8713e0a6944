"""Gradients and Jacobians by differences: one coordinate at a time, in the working format, in memory flat in n.

For a coordinate i of x with the step hᵢ, offsets cⱼ and weights wⱼ of a first-derivative stencil

    ∂f/∂xᵢ ≈ Σⱼ wⱼ f(x + cⱼhᵢeᵢ) / hᵢ.

Abscissae, order of operations and the nominal divisor fl(D·h) are those of `numdiff.formulas.kernels`, so that for a
separable function the gradient is what `numdiff.difference` gives for each coordinate, and all that is known about the
errors of the kernels holds here. Dividing by the rounded difference x̂₁ − x̂₂ instead would spare the formulas of two
nodes most of the abscissa error, but no other: their weights belong to the nominal nodes. The steps that are chosen
here are powers of two and no smaller than the spacing of the format at x, so that x ± h is exact unless it is larger
than x by a binade; where it is not, the abscissa error is at most u·|x ± h|, of the order of the rounding error of f.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.floats.callables import check_workers, require_callable, scalar_of, with_arguments
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import method_of, points_of, refuse_not_finite
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.stencil import Stencil
from numdiff.gradients.quotients import Columns, Quotients
from numdiff.gradients.running import Map, Progress, check_progress, reported, results
from numdiff.gradients.steps import Steps
from numdiff.spellings import renamed, warn_user

__all__ = ["NonFiniteGradientWarning", "gradient", "jacobian"]


class NonFiniteGradientWarning(UserWarning):
    """Some coordinates of a gradient are infinite or NaN, because f is, or because the quotient overflows.

    Attributes
    ----------
    coordinates : int
        How many.
    total : int
        Of how many.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import numdiff as nd
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     nd.gradient(lambda x: np.sum(np.sqrt(x)), np.array([0.5, 0.0]))[1]
    np.float64(nan)
    >>> caught[-1].message.coordinates, caught[-1].message.total
    (1, 2)
    """

    def __init__(self, message: str, coordinates: int, total: int) -> None:
        super().__init__(message, coordinates, total)  # all that pickling hands back
        self.coordinates = coordinates
        self.total = total

    def __str__(self) -> str:
        return str(self.args[0])


@renamed(step="h")
def gradient(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    h: Any = None,
    stencil: str | Stencil = "centered",
    dtype: Any = None,
    vectorized: bool = False,
    workers: int | Map = 1,
    progress: Progress = False,
) -> Any:
    """Approximate the gradient of a scalar function by differences.

    Parameters
    ----------
    f : callable
        ℝⁿ → ℝ: takes an array of the shape and format of x and returns a scalar of the format (a NumPy scalar, a
        0-dimensional array, or a Python number, which is rounded to the format).
    x : array_like
        The point, of any shape and floating format.
    args : tuple
        What f takes after x: ``f(x, *args)``. Numbers should be Python numbers.
    h : None, positive number, or array of the shape of x
        The step or steps, rounded to the format. None takes for each coordinate a power of two near the minimum
        of truncation and rounding for a function of scale max(1, |xᵢ|); see `numdiff.rules.scale`.
    stencil : str or Stencil
        A first-derivative stencil or the name of one in ``METHODS``.
    dtype : str, dtype or FloatFormat, optional
        The format to evaluate in, to which x is rounded; that of x if it is not given.
    vectorized : bool
        Whether f takes a batch of points, of shape ``(b, *x.shape)``, and returns b values. A batch has at most 124 KiB
        (``numdiff.gradients.quotients.BATCH_BYTES``), or one point. This saves the cost of calls, which matters as
        long as it is not small beside the arithmetic on n numbers.
    workers : int or map-like callable
        Threads to evaluate f in, or a callable with the signature of ``map``, as ``multiprocessing.Pool(4).map``, which
        may return its results in any order. Threads take any f, without a copy of x for each, and help where f releases
        the interpreter lock, as NumPy does in long operations; processes help any f that pickles. The result is the
        same, bit for bit.
    progress : bool or callable
        True shows a bar on standard error where that is a terminal; a callable is given (coordinates done, all).

    Returns
    -------
    ndarray of the shape of x and the format of the evaluation, or a NumPy scalar where x has no dimension

    Raises
    ------
    TypeError
        If f is not callable, x not of a floating format, h no number, stencil no first-derivative stencil, or if f
        returns another dtype or writes into its argument.
    ValueError
        If x is empty or not finite, h is not positive, too small or too large for the format or of another
        shape than x, or f returns anything but a scalar.

    Warns
    -----
    StepAbsorbedWarning
        If two of xᵢ, xᵢ + c₁hᵢ, xᵢ + c₂hᵢ, … are the same number of the format for some coordinates.
    NonFiniteGradientWarning
        If f or the quotient is infinite or NaN for some coordinates; the result is so there and only there.

    Notes
    -----
    f is evaluated exactly n·(number of nonzero offsets) times, and once more, at x, where the stencil has the offset 0.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.gradient(lambda w: np.sum(w * w), np.array([1.0, 3.0]))
    >>> bool(np.allclose(found, [2.0, 6.0])), found.shape
    (True, (2,))
    """
    return _differentiate(with_arguments(f, args), x, h, stencil, dtype, vectorized, workers, progress, scalar=True)


@renamed(step="h")
def jacobian(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    h: Any = None,
    stencil: str | Stencil = "centered",
    dtype: Any = None,
    vectorized: bool = False,
    workers: int | Map = 1,
    progress: Progress = False,
) -> Any:
    """Approximate the derivatives of a function of any shape by differences; see `gradient`.

    Returns
    -------
    ndarray of shape f(x).shape + x.shape and the format of the evaluation, or a NumPy scalar where that is ()
        With the entry [k, i] = ∂fₖ/∂xᵢ.

    Raises
    ------
    TypeError, ValueError
        As `gradient`, or if f does not return arrays of one shape.

    Warns
    -----
    StepAbsorbedWarning, NonFiniteGradientWarning
        As `gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.jacobian(lambda w: np.array([w[0] * w[1], w[0] + w[1]]), np.array([2.0, 3.0]))
    >>> bool(np.allclose(found, [[3.0, 2.0], [1.0, 1.0]]))
    True
    """
    return _differentiate(with_arguments(f, args), x, h, stencil, dtype, vectorized, workers, progress, scalar=False)


def _differentiate(
    f: Callable[[Any], Any],
    x: Any,
    h: Any,
    stencil: str | Stencil,
    dtype: Any,
    vectorized: bool,
    workers: int | Map,
    progress: Progress,
    *,
    scalar: bool,
) -> Any:
    require_callable(f)
    item, point = _point(x, dtype)
    formula = _first_derivative(stencil)
    check_workers(workers)
    check_progress(progress)
    steps = Steps(h, point, item, formula)
    absorbed, smallest = steps.check()
    if absorbed:
        _warn_absorbed(item, absorbed, point.size, smallest)
    columns = Columns(f, item.name, point, steps, formula, () if scalar else None, scalar, bool(vectorized))
    out, failures, first = _gathered(columns, workers, progress)
    if failures:
        message = f"the derivative is not finite in {failures} of {point.size} coordinates, first {first}"
        warn_user(NonFiniteGradientWarning(message, failures, point.size))
    return scalar_of(out)


def _point(x: Any, dtype: Any) -> tuple[FloatFormat, np.ndarray]:
    """Return the format of the evaluation and a contiguous copy of x in it."""
    item, points = points_of(x, dtype)
    if not points.size:
        raise ValueError(f"x must have at least one coordinate, got shape {points.shape}")
    refuse_not_finite(item, points, x)
    return item, np.array(points, order="C", copy=True, subok=False)


def _first_derivative(stencil: Any) -> Stencil:
    formula = method_of(stencil)
    if not isinstance(formula, Stencil):
        raise TypeError(f"stencil must be a difference stencil or the name of one, got {stencil!r:.60}")
    if formula.derivative_order != 1:
        raise ValueError(
            f"stencil must approximate the first derivative, got {formula.name!r} of order {formula.derivative_order}"
        )
    return formula


def _gathered(columns: Columns, workers: int | Map, progress: Progress) -> tuple[np.ndarray, int, str]:
    """Run all tasks; return the derivatives, how many coordinates are not finite, and what happened at the first."""
    n = columns.x.size
    out, failures, first, place, done = None, 0, "", n, 0
    if 0 in columns.stencil.offsets:
        shape, base = columns.at_x()
        columns = replace(columns, shape=shape, base=base)
    with reported(progress, n) as report:
        for result in results(columns, workers, watched=progress is not False):
            if not isinstance(result, Quotients):
                raise TypeError(f"workers must return what the mapped callable returns, got {result!r:.60}")
            if out is None:
                shape = result.shape
                out = np.empty((result.rows.shape[1], n), result.rows.dtype)
            out[:, result.start : result.stop] = result.rows.T
            failures += result.failures
            if result.failures and result.start < place:
                place, first = result.start, result.first
            done += result.stop - result.start
            report(done)
    if out is None or done != n:
        raise ValueError(f"workers must return one result for each task, got results for {done} of {n} coordinates")
    return out.reshape((*shape, *columns.x.shape)), failures, first


def _warn_absorbed(item: FloatFormat, absorbed: int, total: int, smallest: Any) -> None:
    advice = f"the smallest useful step is {smallest!s}" if np.isfinite(smallest) else "no step is useful"
    message = (
        f"h is absorbed in {absorbed} of {total} coordinates: two of x and the abscissae x + c*h are the same "
        f"{item.name} number there; {advice}"
    )
    warn_user(StepAbsorbedWarning(message, absorbed, total, smallest))
