"""What `derivative` is asked: its arguments, checked, in the working format, and broadcast to one flat shape."""

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from numdiff.adaptive.calls import Arguments, arguments_of
from numdiff.autodiff import Function
from numdiff.floats.callables import with_arguments
from numdiff.floats.dyadic import dyadic, dyadic_to_fraction
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import points_of, refuse_not_finite
from numdiff.problems.given import common_domain, function_of
from numdiff.problems.problem import Problem

__all__ = ["LEAST", "ORDERS", "RESERVE", "Question", "check_budget", "check_confidence", "check_order"]
__all__ += ["noise_of", "question", "sides_of"]

ORDERS = (1, 2, 3, 4)
"""The orders of a derivative that the estimator knows."""
RESERVE = 4
"""The evaluations of a budget that are kept for looks at whether f is a constant, deterministic, elementwise."""
LEAST = 20
"""The least budget: f at x, seven steps of two nodes, which is what no search goes without, and the reserve."""
_NOTHING = Arguments()
_SIDES = {"left": -1, "right": 1}
_SIDE = "side must be None, 'left', 'right', -1, 0 or 1, or an array of such integers"


class Question(NamedTuple):
    """A call of `derivative`, ready for the estimator; n is the number of points.

    Attributes
    ----------
    fmt : FloatFormat
    shape : tuple of int
        Of the answer.
    x : ndarray of shape (n,), of the format
    f : callable
        Of nodes, and of `further`.
    further : Arguments
    lower, upper : float or longdouble
        Numbers of the format, or infinite: a node between them is inside the domain, and no other is.
    noise : ndarray of shape (n,), or None
    side : ndarray of int of shape (n,), or 0
    """

    fmt: FloatFormat
    shape: tuple[int, ...]
    x: np.ndarray
    f: Callable[..., Any]
    further: Arguments
    lower: Any
    upper: Any
    noise: np.ndarray | None
    side: Any


def question(f: Any, x: Any, args: Sequence[Any], dtype: Any, domain: Any, noise: Any, side: Any) -> Question:
    """Return the arguments of `derivative` as a question; what is wrong with one is raised, as said there."""
    function, is_bound = _function(f, args)
    fmt, points = points_of(x, dtype)
    refuse_not_finite(fmt, points, x)
    further = _NOTHING if is_bound else arguments_of(args, fmt)
    if further.values and not any(further.varies):
        function, further = with_arguments(function, further.values), _NOTHING
    deviation = None if noise is None else noise_of(noise, fmt)
    chosen = 0 if side is None else sides_of(side)
    shape, further, deviation, chosen = _broadcast(points, further, deviation, chosen)
    if shape != points.shape:
        points = np.broadcast_to(points, shape)
    lower, upper = -math.inf, math.inf
    if domain is not None or isinstance(f, Problem):
        ends = common_domain(f, (-math.inf, math.inf) if domain is None else domain)
        lower, upper = _ends(fmt, *ends)
        _refuse_outside(points, lower, upper, ends)
    # A copy: what the caller does with x afterwards does not change the result.
    return Question(fmt, shape, points.flatten(), function, further, lower, upper, deviation, chosen)


def _function(f: Any, args: Any) -> tuple[Callable[..., Any], bool]:
    """Return f as a function of nodes, and whether nothing stands in `args`."""
    if type(args) is tuple and not args:
        return function_of(f), True
    if isinstance(f, (Problem, Function)) or not isinstance(args, (tuple, list)):
        return function_of(f, args), True  # which refuses them
    return function_of(f), not args


def _broadcast(
    x: np.ndarray, further: Arguments, noise: Any, side: Any
) -> tuple[tuple[int, ...], Arguments, np.ndarray | None, Any]:
    """Return the shape of the answer, and arrays with one value for each of its points."""
    if not further.values and type(side) is int and (noise is None or not noise.ndim):
        return x.shape, further, None if noise is None else np.full(x.size, noise), side
    arrays = {f"args[{i}]": v for i, v in enumerate(further.values) if further.varies[i]}
    arrays |= {name: array for name, array in (("noise", noise), ("side", side)) if np.ndim(array)}
    shape = x.shape
    for name, array in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            advice = "; bind it to f with functools.partial if each node needs all of it" if "args" in name else ""
            rule = f"{name} must broadcast with x, of shape {shape}"
            raise ValueError(f"{rule}, got shape {array.shape}{advice}") from None

    def flat(array: Any) -> Any:
        return np.broadcast_to(array, shape).flatten()

    if further.values:
        values = (flat(v) if varies else v for v, varies in zip(further.values, further.varies, strict=True))
        further = Arguments(tuple(values), further.varies)
    return shape, further, None if noise is None else flat(noise), flat(side) if np.ndim(side) else side


def noise_of(noise: Any, fmt: FloatFormat) -> np.ndarray:
    """Return standard deviations in the precision of the estimator."""
    kind = fmt if fmt.dtype.itemsize > 8 else "float64"
    array = np.asarray(noise) if type(noise) is float else points_of(noise, kind, "noise")[1]
    good = np.isfinite(array) & (array >= 0)
    if not good.all():
        raise ValueError(
            "noise must be finite and at least 0, the standard deviation of the error of f, got "
            f"{array[~good].reshape(-1)[0]!s}"
        )
    return array


def sides_of(side: Any) -> Any:
    """Return −1 for left, 1 for right and 0 for both: one number, or an array of them."""
    if isinstance(side, str):
        if side in _SIDES:
            return _SIDES[side]
        raise ValueError(f"{_SIDE}, got {side!r}")
    try:
        array: np.ndarray = np.asarray(side)
    except ValueError:  # a ragged list
        array = np.array(None)
    if array.dtype.kind not in "iu" or not np.isin(array, (-1, 0, 1)).all():
        raise ValueError(f"{_SIDE}, got {side!r:.80}")
    return array.astype(np.intp) if array.ndim else int(array)


@lru_cache(maxsize=256)
def _ends(fmt: FloatFormat, low: float, high: float) -> tuple[Any, Any]:
    """Return the ends of an open interval of real numbers as ends of the same numbers of a format.

    Each is rounded outward to a number of the format: between it and the end there is no other.
    """
    wide = np.longdouble if fmt.dtype.itemsize > 8 else float
    down, up = (_outward(fmt, end, way) for end, way in ((low, -math.inf), (high, math.inf)))
    return wide(down), wide(up)


def _outward(fmt: FloatFormat, end: float, way: float) -> Any:
    if not math.isfinite(end):
        return end
    exact = dyadic_to_fraction(dyadic(end))
    rounded = fmt.round(exact)
    if not np.isfinite(rounded):
        return way if (end > 0) == (way > 0) else end  # all numbers are on one side of it
    held = fmt.lift(rounded)
    if not ((held > exact) if way < 0 else (held < exact)):
        return rounded
    last = fmt.round(fmt.largest_finite if way > 0 else -fmt.largest_finite)  # a format may have no infinity
    return way if rounded == last else np.nextafter(rounded, last)


def _refuse_outside(x: np.ndarray, lower: Any, upper: Any, ends: tuple[float, float]) -> None:
    """Refuse points that are not inside the domain; every format compares exactly with its own numbers."""
    wide = x if x.dtype.itemsize >= 8 else x.astype(np.float64)
    inside = (wide > lower) & (wide < upper)
    if inside.all():
        return
    index = tuple(map(int, np.argwhere(~inside)[0]))
    where, number = f" at index {index}" if index else "", wide[index]
    advice = ""
    if number in ends:
        sign, side = ("-", "right") if number == ends[0] else ("", "left")
        advice = f"; if f is defined there too, end the domain at np.nextafter({number!s}, {sign}np.inf), with {side=}"
    raise ValueError(f"x must lie inside the open domain {ends!r}, got {number!s}{where}{advice}")


def check_order(order: Any) -> None:
    """Refuse an order that the estimator does not know; SciPy's `order` is another one."""
    if isinstance(order, (int, np.integer)) and not isinstance(order, bool) and order in ORDERS:
        return
    raise ValueError(
        f"order must be the order of the derivative, an integer from {ORDERS[0]} to {ORDERS[-1]}, got {order!r}; the "
        "accuracy order of the formula, which is what order= means in scipy.differentiate and numdifftools, is chosen "
        "here: leave it out"
    )


def check_budget(budget: Any) -> None:
    """Refuse a budget of evaluations that is no integer, or too small for a bar."""
    is_integer = isinstance(budget, (int, np.integer)) and not isinstance(budget, bool)
    if budget is not None and not (is_integer and budget >= LEAST):
        raise ValueError(
            f"max_evaluations must be an integer of at least {LEAST}, with which an error bar can be told, or None, "
            f"got {budget!r}"
        )


def check_confidence(confidence: Any) -> None:
    """Refuse a confidence that is no probability between 0 and 1."""
    if isinstance(confidence, Real) and not isinstance(confidence, bool) and 0 < float(confidence) < 1:
        return
    raise ValueError(
        "confidence must be the probability that the bar holds, a number between 0 and 1 such as 0.99, got "
        f"{confidence!r}"
    )
