"""Evaluation in mpmath: the reference that every table quotes.

The functions are those of ``mpmath.libmp``, the layer that mpmath's own contexts are made of: each
takes its precision as an argument, so no global or shared context is touched, and points enter
exactly, as mantissa and exponent. mpmath keeps no rigorous bound of its error. All computation carries
32 guard bits, and the radius of a result allows for a loss of 16 bits; Arb certifies that it suffices.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

from mpmath import libmp

from numdiff.arithmetic.ball import (
    Ball,
    ComplexValue,
    Undefined,
    Value,
    complex_point_groups,
    complex_within_limits,
    outside_real_domain,
    within_limits,
)
from numdiff.arithmetic.dispatch import EXACT_LOCK, evaluate
from numdiff.arithmetic.engine import Engine, checked_precision, not_holomorphic
from numdiff.arithmetic.multiprecision_functions import FAILURES, complex_functions, real_functions
from numdiff.floats.formats import Dyadic

GUARD_BITS = 32
LOST_BITS = 16


def _order(left: Any, right: Any) -> float:
    return float(libmp.mpf_cmp(left, right))


def _complex_order(left: Any, right: Any) -> float:
    if left[1] == right[1] == libmp.fzero:
        return _order(left[0], right[0])
    return 0.0 if left == right else float("nan")


@lru_cache(maxsize=64)
def _real_engine(precision: int) -> Engine:
    return Engine(
        name="mpmath",
        lift=lambda number: libmp.from_man_exp(*number),
        functions=real_functions(precision),
        value_order=_order,
        # The exponent of a normalised number is that of its last bit.
        integral=lambda x: x[2] >= 0,
        compare=_order,
        finite=lambda x: x[1] or not x[2],
        failures=FAILURES,
    )


@lru_cache(maxsize=64)
def _complex_engine(precision: int) -> Engine:
    return Engine(
        name="complex mpmath",
        lift=lambda number: (libmp.from_man_exp(*number), libmp.fzero),
        functions=complex_functions(precision),
        value_order=_complex_order,
        integral=lambda z: z[1] == libmp.fzero and z[0][2] >= 0,
        finite=lambda z: (z[0][1] or not z[0][2]) and (z[1][1] or not z[1][2]),
        failures=FAILURES,
        unsupported=not_holomorphic,
    )


def _ball(number: Any, precision: int) -> Ball:
    """Round to `precision` bits; the radius is 2**(16 - precision) of the value, rounded up."""
    sign, mantissa, exponent, bits = number
    if not mantissa:
        return Ball(0, 1, LOST_BITS - precision)
    excess = bits - precision
    mantissa = int(mantissa)
    if excess > 0:
        mantissa = (mantissa + (1 << (excess - 1))) >> excess
    else:
        mantissa <<= -excess
    return Ball(-mantissa if sign else mantissa, (mantissa >> (precision - LOST_BITS)) + 1, exponent + excess)


def values(f: Callable[[Any], Any], points: Sequence[Dyadic], precision: int) -> list[Value]:
    """Evaluate a callable in mpmath.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
    precision : int
        Bits of the results, at least 32.

    Returns
    -------
    list of Ball or Undefined
        The radius is 2**(16 - precision)·|value|. A value of 0 has the radius 2**(16 - precision), as
        if the terms that cancelled were of the size of 1: nothing is known about them.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    ValueError
        If `precision` is below 32.
    """
    engine = _real_engine(checked_precision(precision) + GUARD_BITS)
    with EXACT_LOCK:
        results = evaluate(f, engine, [libmp.from_man_exp(*point) for point in points])
        return [item if type(item) is Undefined else within_limits(_ball(item, precision)) for item in results]


def complex_values(
    f: Callable[[Any], Any], points: Sequence[tuple[Dyadic, Dyadic]], precision: int
) -> list[ComplexValue]:
    """Evaluate a callable in mpmath at complex points.

    The functions are the principal branches, as in NumPy. Where f is undefined at the real part of a
    point, the result is that reason.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once for each group of points of similar magnitude.
    points : sequence of (Dyadic, Dyadic)
        Real and imaginary parts.
    precision : int
        Bits of each part of the results, at least 32.

    Returns
    -------
    list of (Ball, Ball) or Undefined
        Real and imaginary parts, with radii as in `values`.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no complex meaning (abs, sign, comparisons, maximum, minimum, where …).
    ValueError
        If `precision` is below 32.
    """
    results: list[ComplexValue] = [Undefined.UNDECIDED] * len(points)
    with EXACT_LOCK:
        missing = outside_real_domain(values(f, [real for real, _ in points], checked_precision(precision)))
        for extra, group in complex_point_groups(points):
            engine = _complex_engine(precision + GUARD_BITS + extra)
            items = [tuple(libmp.from_man_exp(*part) for part in points[i]) for i in group]
            for i, item in zip(group, evaluate(f, engine, items), strict=True):
                if isinstance(item, Undefined):
                    results[i] = item
                else:
                    results[i] = complex_within_limits(_ball(item[0], precision), _ball(item[1], precision))
    for i, reason in missing.items():
        results[i] = reason
    return results
