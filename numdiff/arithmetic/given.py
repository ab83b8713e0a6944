"""Evaluation of a callable that is written in mpmath: what it gets, what it may return, at which precision.

Such a callable takes one mpf and returns one. It must compute with the precision that ``mp.prec`` has at the call: the
precision is what the caller raises until the digits stand. That of the global context is set for one call, under
`EXACT_LOCK`, and restored after it, also when the callable raises. Other threads that use the same context while
this one does would see it.

References
----------
The mpmath documentation, Contexts and Basics: ``mp.prec`` is global, ``mp.workprec`` restores it.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, TypeAlias

from mpmath import libmp, mp

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.dispatch import EXACT_LOCK
from numdiff.floats.dyadic import Dyadic, dyadic_to_fraction, nearest_double, normalised, round_ratio

Number: TypeAlias = Dyadic | Undefined
"""What a callable returned, exactly; or why that is no number."""

_LOWEST = -(1 << 60)
"""An exponent below all that occur: the quotient of two integers is rounded relative to its own size."""


def evaluated(function: Callable[[Any], Any], name: str, point: Dyadic, bits: int) -> Number:
    """Call a callable at one point with a working precision.

    Parameters
    ----------
    function : callable
        Takes and returns an mpf of ``mpmath.mp``. Outside its domain it may return ``mp.nan`` or a complex number, at
        a pole an infinity.
    name : str
        What messages call it.
    point : Dyadic
        The argument; it enters exactly.
    bits : int
        ``mp.prec`` during the call.

    Returns
    -------
    Dyadic or Undefined

    Raises
    ------
    TypeError
        If the callable returns anything but an mpf, an int or a Fraction, or fails on what it gets.
    ValueError
        If it leaves ``mp.prec`` changed.
    """
    with EXACT_LOCK, mp.workprec(bits):
        try:
            result = function(mp.make_mpf(libmp.from_man_exp(*point)))
        except libmp.ComplexResult:
            return Undefined.DOMAIN
        except ZeroDivisionError:  # 1/t at 0 or sin(t)/t: there is no value, and it need not be a pole
            return Undefined.DOMAIN
        except ValueError as error:
            if "pole" in str(error):  # so mpmath says it of gamma and zeta
                return Undefined.POLE
            raise
        except (TypeError, AttributeError) as error:
            raise TypeError(
                f"{name} failed at x = {_shown(point)} ({error!s:.200}); it gets one mpf and must compute with mpmath: "
                "mp.sin(t), not np.sin(t) or math.sin(t)"
            ) from error
        if mp.prec != bits:
            raise ValueError(
                f"{name} must not set mp.prec or mp.dps, got {mp.prec} bits after a call with {bits}; compute with the "
                "precision that mp has at the call, or write `with mp.extraprec(n):`"
            )
        return _number(result, name, point, bits)


def _number(result: Any, name: str, point: Dyadic, bits: int) -> Number:
    """Return a result as an exact number; the precision is that of the call."""
    if hasattr(result, "_mpf_"):
        return _real(result._mpf_)
    if hasattr(result, "_mpc_"):
        real, imaginary = map(_real, result._mpc_)
        if isinstance(real, Undefined) or isinstance(imaginary, Undefined):
            return Undefined.DOMAIN
        if not imaginary[0]:
            return real
        if real[0] and magnitude(imaginary) < magnitude(real) - bits // 2:
            raise TypeError(
                f"{name} must return a real number, got one with an imaginary part of 2**{magnitude(imaginary)} at "
                f"x = {_shown(point)}; write mp.re(…) if that is rounding"
            )
        return Undefined.DOMAIN
    if isinstance(result, (int, Fraction)) and not isinstance(result, bool):
        return round_ratio(*result.as_integer_ratio(), bits, _LOWEST)
    raise TypeError(
        f"{name} must return an mpf, got {type(result).__name__} {result!r:.60} at x = {_shown(point)}: its precision "
        "does not grow with mp.prec; compute with mpmath from end to end, and write mp.mpf(1)/3 for a constant"
    )


def _real(parts: Any) -> Number:
    sign, mantissa, exponent, _ = parts
    if not mantissa:
        if not exponent:
            return 0, 0
        return Undefined.DOMAIN if parts == libmp.fnan else Undefined.POLE
    return normalised(-int(mantissa) if sign else int(mantissa), int(exponent))


def magnitude(number: Dyadic) -> int:
    """Return the e with 2**(e−1) ≤ |number| < 2**e of a nonzero number."""
    return number[0].bit_length() + number[1]


def _shown(point: Dyadic) -> str:
    return repr(nearest_double(*dyadic_to_fraction(point).as_integer_ratio()))
