"""Evaluation in mpmath: the reference that every table quotes.

The precision of its context is set for one evaluation under `EXACT_LOCK`; nobody else's context is touched. Points
enter exactly. mpmath keeps no rigorous bound of its error. All computation carries 32 guard bits, and the radius of a
result allows for a loss of 16 bits; Arb certifies that it suffices.
"""

from collections.abc import Callable, Sequence
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
from numdiff.arithmetic.dispatch import EXACT_LOCK, evaluate_exactly
from numdiff.arithmetic.engine import Engine, checked_precision, not_holomorphic
from numdiff.arithmetic.multiprecision_functions import COMPLEX, CONTEXT, FAILURES, REAL, is_integer, lifted
from numdiff.arithmetic.special_multiprecision import REAL_SPECIAL
from numdiff.floats.formats import Dyadic

GUARD_BITS = 32
LOST_BITS = 16


def _order(left: Any, right: Any) -> float:
    return float((left > right) - (left < right))


def _complex_order(left: Any, right: Any) -> float:
    if not left.imag and not right.imag:
        return _order(left.real, right.real)
    return 0.0 if left == right else float("nan")


def _is_finite(x: Any) -> bool:
    return bool(x._mpf_[1] or not x._mpf_[2])


_REAL = Engine(
    name="mpmath",
    lift=lifted,
    functions={**REAL, **REAL_SPECIAL},
    value_order=_order,
    integral=is_integer,
    compare=_order,
    finite=_is_finite,
    failures=FAILURES,
)
_COMPLEX = Engine(
    name="complex mpmath",
    lift=lambda number: CONTEXT.make_mpc((lifted(number)._mpf_, libmp.fzero)),
    functions=COMPLEX,
    value_order=_complex_order,
    integral=lambda z: not z.imag and is_integer(z.real),
    finite=lambda z: _is_finite(z.real) and _is_finite(z.imag),
    failures=FAILURES,
    unsupported=not_holomorphic,
)


def _ball(number: Any, precision: int) -> Ball:
    """Round to `precision` bits; the radius is 2**(16 - precision) of the value, rounded up."""
    sign, mantissa, exponent, bits = number._mpf_
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
    with EXACT_LOCK, CONTEXT.workprec(checked_precision(precision) + GUARD_BITS):
        results = evaluate_exactly(f, _REAL, [lifted(point) for point in points])
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
            items = [CONTEXT.make_mpc(tuple(lifted(part)._mpf_ for part in points[i])) for i in group]
            with CONTEXT.workprec(precision + GUARD_BITS + extra):
                found = evaluate_exactly(f, _COMPLEX, items)
            for i, item in zip(group, found, strict=True):
                if isinstance(item, Undefined):
                    results[i] = item
                else:
                    results[i] = complex_within_limits(_ball(item.real, precision), _ball(item.imag, precision))
    for i, reason in missing.items():
        results[i] = reason
    return results
