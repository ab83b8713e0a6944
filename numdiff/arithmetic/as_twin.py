"""An elementwise function as the exact twin of another one: its values and derivatives in mpmath, at any precision.

A solver or a table of values has no formula, but the function that it approximates often has one. The derivatives come
from automatic differentiation in Arb, with as many bits as it takes for a radius below the last one of the precision
that is asked for.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mpmath import libmp, mp

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.balls import derivatives

__all__ = ["twin_functions"]

_GUARD_BITS = 32
_DOUBLINGS = 5
"""Of the precision, before a value is taken as it is: a zero has no last bit."""


def twin_functions(f: Callable[[Any], Any], order: int) -> tuple[Callable[[Any], Any], ...]:
    """Return f, f′ … f⁽ᵒʳᵈᵉʳ⁾ as ``exact=`` takes them.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function that exact arithmetic can follow, such as an `Expression`.
    order : int
        The highest derivative, at least 1.

    Returns
    -------
    tuple of callable
        Each takes and returns an mpf of ``mpmath.mp``, right to the precision that ``mp`` has at the call; NaN where
        there is no real value, an infinity at a pole.

    Examples
    --------
    >>> from mpmath import mp
    >>> f, df = twin_functions(lambda x: x * x, 1)
    >>> f(mp.mpf(3)), df(mp.mpf(3))
    (mpf('9.0'), mpf('6.0'))
    """
    return tuple(_Derivative(f, k) for k in range(order + 1))


@dataclass(frozen=True)
class _Derivative:
    """The derivative of some order of f, as a function of an mpf."""

    f: Callable[[Any], Any]
    order: int

    def __call__(self, t: Any) -> Any:
        sign, mantissa, exponent, _ = t._mpf_
        point, wanted = (-int(mantissa) if sign else int(mantissa), int(exponent)), mp.prec
        value: Any = Undefined.UNDECIDED
        for doubling in range(_DOUBLINGS):
            (value,) = derivatives(self.f, [point], self.order, (wanted + _GUARD_BITS) << doubling)
            if isinstance(value, Undefined):
                if value is not Undefined.UNDECIDED:
                    break
            elif value.rad << (wanted + 1) <= abs(value.mid):
                break
        if isinstance(value, Undefined):
            return mp.inf if value is Undefined.POLE else mp.nan
        return mp.make_mpf(libmp.from_man_exp(value.mid, value.exp, wanted, "n"))
