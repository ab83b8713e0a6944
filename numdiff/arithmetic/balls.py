"""Evaluation in Arb balls through python-flint: rigorous enclosures of values and of derivatives.

Reference
---------
Johansson 2017, Arb: efficient arbitrary-precision midpoint-radius interval arithmetic, IEEE
Transactions on Computers 66(8), 1281-1292.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from flint import acb, arb, arb_series, ctx

from numdiff.arithmetic import ball_functions, series
from numdiff.arithmetic.ball import (
    Ball,
    ComplexValue,
    Undefined,
    Value,
    combined,
    complex_point_groups,
    complex_within_limits,
    outside_real_domain,
    within_limits,
)
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.ball_pieces import BALL_PIECES, SERIES_PIECES
from numdiff.arithmetic.dispatch import EXACT_LOCK, evaluate_exactly
from numdiff.arithmetic.engine import AMBIGUOUS, Engine, checked_precision, not_holomorphic
from numdiff.arithmetic.special_balls import REAL_SPECIAL
from numdiff.arithmetic.special_series import SERIES_SPECIAL
from numdiff.floats.formats import Dyadic

_CLOSED = frozenset({"add", "subtract", "multiply", "square", "negative", "positive", "conjugate"})
"""What is finite of finite operands: the exponents of Arb have any size, and these divide by nothing.

All numbers of a formula are finite: points and constants are, and what any other function makes is looked at before it
goes on. So nothing that is infinite reaches a function that would make it finite again, as tanh or a product with 0 do.
"""

_REAL = Engine(
    name="Arb",
    lift=lambda number: exact(*number),
    functions={**ball_functions.REAL, **BALL_PIECES, **REAL_SPECIAL},
    value_order=ball_functions.order,
    integral=ball_functions.integral,
    compare=ball_functions.order,
    finite=arb.is_finite,
    closed=_CLOSED,
    copied=lambda number: type(number)(number),
    failures=(ZeroDivisionError, ValueError, OverflowError),
    union=arb.union,
)
_COMPLEX = Engine(
    name="complex Arb",
    lift=lambda number: acb(exact(*number)),
    functions=ball_functions.COMPLEX,
    value_order=ball_functions.complex_order,
    integral=lambda z: ball_functions.integral(z.real) if z.imag.is_zero() else False,
    finite=acb.is_finite,
    failures=(ZeroDivisionError, ValueError, OverflowError),
    unsupported=not_holomorphic,
)
_SERIES = Engine(
    name="Arb series",
    lift=lambda number: series.Constant([exact(*number)]),
    functions={**series.FUNCTIONS, **SERIES_PIECES, **SERIES_SPECIAL},
    value_order=series.value_order,
    integral=lambda s: ball_functions.integral(s[0]),
    compare=series.compare,
    finite=series.finite,
    closed=_CLOSED,
    copied=lambda number: type(number)(number),
    failures=(ZeroDivisionError, ValueError, OverflowError),
)
_POINTWISE = replace(_SERIES, ambiguous=AMBIGUOUS)
"""For exact points: where f is undefined at a point alone (sin(x)/x at 0), isnan is no constant nearby."""


@contextmanager
def working(precision: int, length: int = 0) -> Iterator[None]:
    """Hold the lock and FLINT's precision (and length of series) for one evaluation."""
    with EXACT_LOCK:
        saved = ctx.prec, ctx.cap
        ctx.prec = precision
        if length:
            ctx.cap = length
        try:
            yield
        finally:
            ctx.prec, ctx.cap = saved


def ball_of_arb(x: Any, precision: int) -> Ball:
    """Return a ball of integers that contains an Arb ball: the same one, unless its parts lie far apart."""
    mantissa, exponent = x.mid().man_exp()
    mid, exp = int(mantissa), int(exponent)
    mantissa, exponent = x.rad().man_exp()
    rad, rad_exp = int(mantissa), int(exponent)
    if not rad:
        return Ball(mid, 0, exp)
    if not mid:
        return Ball(0, rad, rad_exp)
    shift = rad_exp - exp
    if shift >= 0:
        if shift <= 4 * precision:
            return Ball(mid, rad << shift, exp)
        if mid.bit_length() <= shift:  # then |mid|·2**exp is at most one unit of the radius
            return Ball(0, rad + 1, rad_exp)
        return Ball(mid, rad << shift, exp)
    if -shift <= 4 * precision:
        return Ball(mid << -shift, rad, rad_exp)
    # A radius far below the last bit of the midpoint is rounded up to something printable.
    far = 4 * precision
    return Ball(mid << far, (rad >> (-shift - far)) + 1, exp - far)


def arb_of(interval: Ball) -> Any:
    """Return a ball of integers as an Arb ball; its radius is rounded up to 30 bits."""
    return arb(exact(interval.mid, interval.exp), exact(interval.rad, interval.exp))


def _balls(results: list[Any], precision: int) -> list[Value]:
    return [item if type(item) is Undefined else within_limits(ball_of_arb(item, precision)) for item in results]


def values(f: Callable[[Any], Any], points: Sequence[Dyadic], precision: int) -> list[Value]:
    """Enclose the values of a callable in Arb balls.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of Ball or Undefined
        UNDECIDED asks for more precision.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    ValueError
        If `precision` is below 32.
    """
    with working(checked_precision(precision)):
        return _balls(evaluate_exactly(f, _REAL, [exact(*point) for point in points]), precision)


def complex_values(
    f: Callable[[Any], Any], points: Sequence[tuple[Dyadic, Dyadic]], precision: int
) -> list[ComplexValue]:
    """Enclose the values of a callable at complex points, each part in a ball.

    The functions are the principal branches, as in NumPy. Where f is undefined at the real part of a
    point, the result is that reason.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once for each group of points of similar magnitude.
    points : sequence of (Dyadic, Dyadic)
        Real and imaginary parts.
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of (Ball, Ball) or Undefined

    Raises
    ------
    TypeError
        If f uses a ufunc that has no complex meaning (abs, sign, comparisons, maximum, minimum, where …).
    ValueError
        If `precision` is below 32.
    """
    results: list[ComplexValue] = [Undefined.UNDECIDED] * len(points)
    missing = outside_real_domain(values(f, [real for real, _ in points], precision))
    for extra, group in complex_point_groups(points):
        with working(precision + extra):
            items = [acb(exact(*points[i][0]), exact(*points[i][1])) for i in group]
            for i, item in zip(group, evaluate_exactly(f, _COMPLEX, items), strict=True):
                if isinstance(item, Undefined):
                    results[i] = item
                else:
                    parts = ball_of_arb(item.real, precision + extra), ball_of_arb(item.imag, precision + extra)
                    results[i] = complex_within_limits(*parts)
    for i, reason in missing.items():
        results[i] = reason
    return results


def derivatives(f: Callable[[Any], Any], points: Sequence[Dyadic], order: int, precision: int) -> list[Value]:
    """Enclose f⁽ᵒʳᵈᵉʳ⁾ at exact points, by automatic differentiation.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
    order : int
        0 gives the values.
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of Ball or Undefined
        UNDECIDED where the series has no coefficients although f may have a value: at a kink, at the
        end of a domain (sqrt at 0), where a comparison or a maximum ties.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    ValueError
        If `precision` is below 32 or `order` negative.
    """
    intervals = [Ball(mantissa, 0, exponent) for mantissa, exponent in points]
    return _differentiated(f, _POINTWISE, intervals, order, precision)


def enclose_derivatives(f: Callable[[Any], Any], intervals: Sequence[Ball], order: int, precision: int) -> list[Value]:
    """Enclose f⁽ᵒʳᵈᵉʳ⁾ over whole intervals: each result contains the derivative at every point of its ball.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all intervals.
    intervals : sequence of Ball
        Radii are rounded up to 30 bits.
    order : int
        0 gives the values.
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of Ball or Undefined
        UNDECIDED where an interval is too wide, or contains a kink or the end of a domain.

    Raises
    ------
    TypeError, ValueError
        As `derivatives`.
    """
    return _differentiated(f, _SERIES, intervals, order, precision)


def enclose_centred(
    f: Callable[[Any], Any], intervals: Sequence[Ball], order: int, precision: int, terms: int
) -> list[tuple[Value, Value]]:
    """Enclose f⁽ᵐ⁾ over whole intervals by Taylor's formula as well, and at their midpoints.

    Over a ball X of midpoint z and radius r, with R = [-r, r], f⁽ᵐ⁾ lies in

        Σ f⁽ᵐ⁺ʲ⁾(z) Rʲ/j! + f⁽ᵐ⁺ⁿ⁾(X) Rⁿ/n!,  j = 0 … n - 1.

    What f⁽ᵐ⁺ⁿ⁾(X) encloses too much counts rⁿ/n! times. A term is none but the mean value form.

    Parameters
    ----------
    f, intervals, order, precision
        As in `enclose_derivatives`.
    terms : int
        n, at least 1.

    Returns
    -------
    list of (Ball or Undefined, Ball or Undefined)
        The enclosure over the interval and that at its midpoint.

    Raises
    ------
    TypeError, ValueError
        As `derivatives`.

    References
    ----------
    R. E. Moore, R. B. Kearfott and M. J. Cloud, Introduction to Interval Analysis, SIAM (2009), sections 6.4 (the mean
    value form) and 9.3 (Taylor's formula with the interval of its remainder).
    """
    with working(checked_precision(precision), order + terms + 1):
        wide = [arb_of(interval) for interval in intervals]
        points = [arb_series([point, 1]) for point in (*wide, *(ball.mid() for ball in wide))]
        found = evaluate_exactly(f, _SERIES, points)
        pairs = zip(wide, found[: len(wide)], found[len(wide) :], strict=True)
        return [_centred(ball, over, middle, order, precision, terms) for ball, over, middle in pairs]


def _centred(ball: Any, over: Any, middle: Any, order: int, precision: int, terms: int) -> tuple[Value, Value]:
    """Return what `enclose_centred` does of a ball, from the series over it and at its midpoint."""
    if type(over) is Undefined or over.prec <= order:
        missing = over if type(over) is Undefined else Undefined.UNDECIDED
        return missing, Undefined.UNDECIDED
    enclosure = series.derivative_of(over, order)
    if type(middle) is Undefined or min(over.prec, middle.prec) <= order + terms:
        return _balls([enclosure], precision)[0], Undefined.UNDECIDED
    move = ball - ball.mid()
    total, factor = over[order + terms] * math.comb(order + terms, terms), math.factorial(order)
    for j in reversed(range(terms)):
        total = total * move + middle[order + j] * math.comb(order + j, j)
    total = total * factor
    if total.overlaps(enclosure):
        enclosure = total.intersection(enclosure)
    first, second = _balls([enclosure, series.derivative_of(middle, order)], precision)
    return first, second


def _differentiated(
    f: Callable[[Any], Any], engine: Engine, intervals: Sequence[Ball], order: int, precision: int
) -> list[Value]:
    if order < 0:
        raise ValueError(f"order must not be negative, got {order}")
    with working(checked_precision(precision), order + 1):
        points = [arb_of(interval) for interval in intervals]
        if order == 0:
            return _balls(evaluate_exactly(f, _REAL, points), precision)
        results = evaluate_exactly(f, engine, [arb_series([point, 1]) for point in points])
        found = [item if type(item) is Undefined else series.derivative_of(item, order) for item in results]
        return _balls(found, precision)


def taylor_coefficients(
    f: Callable[[Any], Any], points: Sequence[Dyadic], order: int, precision: int
) -> list[list[Ball] | Undefined]:
    """Enclose the Taylor coefficients f⁽ʲ⁾(x)/j!, j = 0 … order, at exact points, all from one evaluation.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
    order : int
        The last j.
    precision : int
        Bits of the midpoints, at least 32.

    Returns
    -------
    list of list of Ball, or Undefined
        For each point its ``order + 1`` coefficients; UNDECIDED where the series does not reach so far, as in
        `derivatives`; BEYOND where a coefficient is of 2**LARGEST_EXPONENT or more.

    Raises
    ------
    TypeError, ValueError
        As `derivatives`.
    """
    if order < 0:
        raise ValueError(f"order must not be negative, got {order}")
    with working(checked_precision(precision), order + 1):
        results = evaluate_exactly(f, _POINTWISE, [arb_series([exact(*point), 1]) for point in points])
        return [
            item
            if type(item) is Undefined
            else Undefined.UNDECIDED
            if item.prec <= order
            else _all_or_none(_balls([item[j] for j in range(order + 1)], precision))
            for item in results
        ]


def _all_or_none(values: list[Value]) -> list[Ball] | Undefined:
    missing = [value for value in values if isinstance(value, Undefined)]
    return combined(missing) if missing else values  # type: ignore[return-value]
