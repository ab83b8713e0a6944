"""The special functions on the elements of the running error analysis; their limits: `special_accuracy`.

With the limit L of a function, an element with exact value z in Z and computed value ẑ has

    |ŷ − f(z)| ≤ |ŷ − f(ẑ)| + |f(ẑ) − f(z)| ≤ L·ulp(f(ẑ)) + c + sup|f′|·(L·ulp(ẑ) + e)

with the supremum over Z ⊕ [−e, e], by the limit and the mean value theorem. With correctly rounded functions L·ulp(ẑ)
is missing and L = ½.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Protocol

from flint import arb

from numdiff.arithmetic.accuracy import Arithmetic, limits_of
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.special_accuracy import LOG1P_OF_XLOG1PY, SPECIAL_LIMITS, SpecialLimit, sinc_units
from numdiff.arithmetic.special_balls import REAL_SPECIAL
from numdiff.arithmetic.special_names import SPECIAL, SPECIAL_BINARY
from numdiff.arithmetic.special_series import SLOPES_SPECIAL
from numdiff.floats.formats import FloatFormat

Element = Any
"""What `running_operations.Running` is; that module imports this one."""
Function = Callable[[Element], Element]


class FormatOperations(Protocol):
    """What is needed of `running_operations.Operations`."""

    format: FloatFormat
    functions: dict[str, Callable[..., Element]]

    def ulp(self, reach: Any) -> Any:
        """Return the spacing of the format at the upper end of `reach`."""

    def library_rounding(self, limit: Fraction) -> Callable[[Any, Any], Element]:
        """Return what adds units to an enclosure and its error."""

    def of_library(self, name: str, limit: Fraction) -> Function:
        """Return a function of one argument that has a limit in ulp."""

    def multiply(self, a: Element, b: Element) -> Element:
        """Return the product."""


_HALF = Fraction(1, 2)
_UNIT = arb(0, 1)


class _Outside(ValueError):
    """An argument for which there is no limit."""


def special_functions(operations: FormatOperations, arithmetic: Arithmetic) -> dict[str, Callable[..., Element]]:
    """Return the special functions that have a limit in a format.

    Parameters
    ----------
    operations : Operations
        Those of the format.
    arithmetic : {"platform", "rounded"}
        Whose functions; "rounded" stands for correctly rounded ones.
    """
    fmt = operations.format
    limits = SPECIAL_LIMITS.get(fmt.name, {}) if arithmetic == "platform" else {}
    found: dict[str, Callable[..., Element]] = {
        name: _limited(operations, name, limit) for name, limit in limits.items()
    }
    found["sinc"] = _sinc(operations, limits_of(fmt, arithmetic)["sin"])
    if arithmetic == "rounded":
        found |= {name: _nearest(operations, name) for name in SPECIAL - SPECIAL_BINARY - {"sinc"}}
    if arithmetic == "rounded" or fmt.name in ("float32", "float64"):
        found |= _products(operations, arithmetic)
    return found


def _nearest(operations: FormatOperations, name: str) -> Function:
    value_of, slope_of, rounded = REAL_SPECIAL[name], SLOPES_SPECIAL[name], operations.library_rounding(_HALF)

    def function(a: Element) -> Element:
        moved = a.error if a.error.is_zero() else abs(slope_of(a.span)) * a.error
        return rounded(value_of(a.value), moved)

    return function


def _limited(operations: FormatOperations, name: str, limit: SpecialLimit) -> Function:
    value_of, slope_of = REAL_SPECIAL[name], SLOPES_SPECIAL[name]
    units, low, high = arb(limit.units), arb(limit.low), arb(limit.high)
    rounded = operations.library_rounding(Fraction(limit.units))
    tiny = arb(limit.tiny) * exact(1, operations.format.min_exponent)

    def function(a: Element) -> Element:
        span = a.span
        if not (span >= low and span <= high):
            raise _Outside
        moved = a.error + units * operations.ulp(a.reach)
        return rounded(value_of(a.value), abs(slope_of(span)) * moved + tiny)

    return function


def _sinc(operations: FormatOperations, sine: Fraction) -> Function:
    fmt = operations.format
    beta = sinc_units(fmt)
    units = arb(beta.numerator) / beta.denominator
    value_of, slope_of = REAL_SPECIAL["sinc"], SLOPES_SPECIAL["sinc"]
    rounded = operations.library_rounding(2 * sine + 1)
    normal, largest = exact(4, fmt.min_exponent), exact(1, fmt.max_exponent - 2)

    def function(a: Element) -> Element:
        span = a.span
        if not a.reach < largest or not (abs(span) > normal or (a.error.is_zero() and a.value.is_zero())):
            raise _Outside
        moved = a.error + units * operations.ulp(a.reach)
        return rounded(value_of(a.value), abs(slope_of(a.value + moved * _UNIT)) * moved)

    return function


def _products(operations: FormatOperations, arithmetic: Arithmetic) -> dict[str, Callable[..., Element]]:
    """Return x log y and x log(1 + y): the product with a logarithm, and 0 for x = 0."""
    log, log1p = operations.functions["log"], operations.functions["log1p"]
    if arithmetic == "platform":
        log1p = operations.of_library("log1p", LOG1P_OF_XLOG1PY)

    def product(logarithm: Callable[[Element], Element]) -> Callable[[Element, Element], Element]:
        def function(a: Element, b: Element) -> Element:
            if a.value.is_zero() and a.error.is_zero():
                return a
            return operations.multiply(a, logarithm(b))

        return function

    return {"special.xlogy": product(log), "special.xlog1py": product(log1p)}
