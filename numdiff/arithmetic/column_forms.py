"""The operations of the running error analysis on columns of elements; the rules and their proof: `running_columns`."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.arithmetic import ball_functions
from numdiff.arithmetic.ball_functions import REAL, SLOPES, rounded_up
from numdiff.arithmetic.running_columns import DOWN, LEAST, LEAST_EXPONENT, NOWHERE, UP, Column, is_usual
from numdiff.arithmetic.running_operations import Operations

Careful = Callable[[str, tuple[Any, ...]], Any]
"""The name of a function and its operands → an element or `Undefined`, as `Engine.careful` finds it."""
FAILURES = (ZeroDivisionError, ValueError, OverflowError)

_MORE, _LESS = 1 + 2.0**-44, 1 - 2.0**-44
_LOST = 2.0**-20
_SHORT_POWER = 8
"""The largest |n| for which the slope of a power is a product in float64."""
_HALF = Fraction(1, 2)


def _floor_log2(size: np.ndarray) -> np.ndarray:
    """Return floor(log₂ size) of positive doubles."""
    return np.frexp(size)[1] - 1


def _mapped(function: Callable[..., Any], *lists: list[Any]) -> list[Any]:
    """Apply a function to balls, with NaN where it fails."""
    try:
        return list(map(function, *lists))
    except FAILURES:
        return [_tried(function, *balls) for balls in zip(*lists, strict=True)]


def _tried(function: Callable[..., Any], *balls: Any) -> Any:
    try:
        return function(*balls)
    except FAILURES:
        return NOWHERE


class ColumnForms:
    """The operations of one format on columns.

    Parameters
    ----------
    operations : Operations
        Those on elements.

    Attributes
    ----------
    forms : mapping
        Ufunc name → function of columns and of what goes element by element. A missing name has no form.
    """

    def __init__(self, operations: Operations) -> None:
        self.operations, fmt = operations, operations.format
        self._precision, self._top, self._normal = fmt.precision, fmt.max_exponent, fmt.min_exponent
        self._lowest = fmt.min_exponent - fmt.precision + 1
        one = Column.of([operations.lift((1, 0))])
        self.forms: dict[str, Callable[..., Column]] = {
            "add": self._sum("add"),
            "subtract": self._sum("subtract"),
            "multiply": lambda a, b, careful: self._product(a, b, self._alone("multiply", careful, a, b)),
            "square": lambda a, careful: self._product(a, a, self._alone("square", careful, a)),
            "divide": lambda a, b, careful: self._quotient(a, b, self._alone("divide", careful, a, b)),
            "reciprocal": lambda a, careful: self._quotient(one, a, self._alone("reciprocal", careful, a)),
            "sqrt": self._square_root,
            "negative": self._moved("negative"),
            "absolute": self._moved("absolute"),
            "positive": lambda a, careful: a,
            "conjugate": lambda a, careful: a,
        }
        limited = operations.limits
        self.forms |= {name: self._function(name) for name in SLOPES.keys() & limited.keys() - self.forms.keys()}
        if "power" in limited:
            self.forms["power"] = self._power

    # --- roundings -------------------------------------------------------------------------------------

    @staticmethod
    def _alone(name: str, careful: Careful, *operands: Column) -> Callable[[Column, Any], Column]:
        """Return what finishes a column: the elements that are not usable, or that are wanted, are computed alone."""

        def finished(result: Column, wanted: Any) -> Column:
            for one in operands:  # what is made of NaN need not be NaN
                wanted = wanted | ~one.usable
            places = np.flatnonzero(~result.usable | wanted).tolist()
            if places:
                result.replace(places, [careful(name, tuple(one.at(i) for one in operands)) for i in places])
            return result

        return finished

    def _last(self, reach: np.ndarray) -> tuple[np.ndarray, Any, Any]:
        """Return the exponent of the spacing at an upper bound, where it is not decided, and where it may overflow."""
        top = _floor_log2(reach)
        last = np.where(reach > 0, np.maximum(top - self._precision + 1, self._lowest), self._lowest)
        below = np.maximum(_floor_log2(reach * _LESS) - self._precision + 1, self._lowest)
        return last, (below != last) & (reach > 0), top >= self._top

    def _with_units(self, error: np.ndarray, last: np.ndarray, units: Any) -> tuple[np.ndarray, Any]:
        """Return error + units·2**last, and where the spacing is no usual number."""
        return (error + units * np.ldexp(1.0, np.maximum(last, -1000))) * UP, last < LEAST_EXPONENT

    def _rounded(self, error: np.ndarray, reach: np.ndarray, units: Any = 0.5) -> tuple[np.ndarray, Any]:
        """Add units in the last place; return where that is not decided."""
        last, is_open, is_large = self._last(reach)
        found, is_far = self._with_units(error, last, units)
        return found, is_open | is_large | is_far

    def _multiple(self, error: np.ndarray, result: Column, by_power: Any) -> tuple[np.ndarray, Any]:
        """Add the rounding of a product or quotient: none with a power of two where the result is a normal number."""
        reach = (result.upper + error) * UP
        rounded, alone = self._rounded(error, reach)
        if by_power is False:
            return rounded, alone
        low = (result.lower - error) * DOWN
        is_normal = (low > 0) & (_floor_log2(low) >= self._normal) & (_floor_log2(reach) < self._top)
        return np.where(by_power, error, rounded), np.where(by_power, ~is_normal, alone)

    def _quanta(self, a: Column) -> tuple[np.ndarray, np.ndarray]:
        """Return exponents q so that computed values are multiples of 2**q: those that are proved, and what may be."""
        low = np.maximum((a.lower - a.error) * DOWN, 0.0)
        sure, may = (self._unknown_quantum(size) for size in (low, low * _MORE))
        if a.known is None:
            return sure, may
        exact, is_known = a.quanta(self.operations), a.is_known
        return np.where(is_known, exact, sure), np.where(is_known, exact, may)

    def _unknown_quantum(self, size: np.ndarray) -> np.ndarray:
        below = _floor_log2(np.nextafter(size, 0.0))
        is_normal = (size > 0) & (below >= self._normal)
        return np.where(is_normal, below - self._precision + 1, self._lowest)

    # --- the basic operations --------------------------------------------------------------------------

    def _moved(self, name: str) -> Callable[[Column, Careful], Column]:
        change = REAL[name]

        def form(a: Column, careful: Careful) -> Column:
            known = None if a.known is None else [None if one is None else change(one) for one in a.known]
            result = Column(_mapped(change, a.values), a.error.copy(), known)
            return self._alone(name, careful, a)(result, False)

        return form

    def _sum(self, name: str) -> Callable[[Column, Column, Careful], Column]:
        operation = REAL[name]

        def form(a: Column, b: Column, careful: Careful) -> Column:
            size = max(len(a), len(b))
            result = Column(_mapped(operation, a.over(size), b.over(size)))
            error = a.error + b.error
            error = np.where((a.error == 0) | (b.error == 0), error, error * UP)
            last, is_open, is_large = self._last((result.upper + error) * UP)
            rounded, is_far = self._with_units(error, last, 0.5)
            (a_sure, a_may), (b_sure, b_may) = self._quanta(a), self._quanta(b)
            is_exact = (last == self._lowest) | (last <= np.minimum(a_sure, b_sure))
            may_be_exact = last <= np.minimum(a_may, b_may)
            result.bound(np.where(is_exact, error, rounded))
            undecided = ~is_exact & (is_open | is_far | may_be_exact)
            return self._alone(name, careful, a, b)(result, undecided | is_large | (a.is_known & b.is_known))

        return form

    def _product(self, a: Column, b: Column, finished: Callable[[Column, Any], Column]) -> Column:
        size = max(len(a), len(b))
        result = Column(_mapped(REAL["multiply"], a.over(size), b.over(size)))
        error = (a.upper * b.error + b.upper * a.error + a.error * b.error) * UP
        wide = ~is_usual(error)
        error, alone = self._multiple(error, result, a.is_power | b.is_power)
        result.bound(error)
        return finished(result, alone | wide | (a.is_known & b.is_known))

    def _quotient(self, a: Column, b: Column, finished: Callable[[Column, Any], Column]) -> Column:
        size = max(len(a), len(b))
        result = Column(_mapped(REAL["divide"], a.over(size), b.over(size)))
        moved = (a.error + result.upper * b.error) * UP
        smallest, is_lost = _above_error(b)
        error = moved / smallest * UP
        wide = is_lost | ~is_usual(moved) | ~is_usual(error)
        error, alone = self._multiple(error, result, b.is_power)
        result.bound(error)
        return finished(result, alone | wide | (a.is_known & b.is_known))

    def _square_root(self, a: Column, careful: Careful) -> Column:
        result = Column(_mapped(REAL["sqrt"], a.values))
        smallest, is_lost = _above_error(a)
        moved = np.where(a.error > 0, a.error / (2.0 * np.sqrt(smallest)) * UP, 0.0)
        error, alone = self._rounded(moved, (result.upper + moved) * UP)
        result.bound(error)
        alone = alone | ~is_usual(moved) | ((a.error > 0) & is_lost) | a.is_known
        return self._alone("sqrt", careful, a)(result, alone)

    # --- functions of the library ----------------------------------------------------------------------

    def _function(self, name: str) -> Callable[[Column, Careful], Column]:
        value_of, slope_of = REAL[name], SLOPES[name]
        limit, smaller = self.operations.limits[name], self.operations.smaller.get(name, ())
        form_of_slope = _SLOPE_FORMS.get(name)

        def form(a: Column, careful: Careful) -> Column:
            result = Column(_mapped(value_of, a.values))
            moved, alone = _propagated(a, result, slope_of, form_of_slope)
            return self._limited(result, moved, alone, limit, smaller, self._alone(name, careful, a))

        return form

    def _limited(
        self,
        result: Column,
        moved: np.ndarray,
        alone: Any,
        limit: Fraction,
        smaller: Sequence[tuple[int, Fraction]],
        finished: Callable[[Column, Any], Column],
    ) -> Column:
        """Add the units of a limit, or of the one for large values; finish the column."""
        units: Any = _double_above(limit)
        growth: Any = self._growth(limit)
        low = (result.lower - moved) * DOWN
        for k, least in smaller:
            is_above = low >= 2.0**k
            alone = alone | (is_above != (low * _MORE >= 2.0**k))
            units = np.where(is_above, _double_above(least), units)
            growth = np.where(is_above, self._growth(least), growth)
        error, undecided = self._rounded(moved, (result.upper + moved) * growth * UP, units)
        result.bound(error)
        return finished(result, alone | undecided)

    def _growth(self, limit: Fraction) -> float:
        return 1.0 if limit == _HALF else _double_above(1 + 2 * limit * Fraction(1, 2**self._precision))

    def _power(self, a: Column, b: Column, careful: Careful) -> Column:
        """Return a power with a number as exponent, 2 being a product in NumPy."""
        exponent = b.values[0]
        n = ball_functions.exact_integer(exponent) if not b.rest else None
        finished = self._alone("power", careful, a, b)
        if n == 2 and b.error[0] == 0:
            return self._product(a, a, finished)
        power = REAL["power"]
        result = Column(_mapped(power, a.values, b.over(len(a))))

        def slope(span: Any) -> Any:
            return exponent * power(span, exponent - 1)

        form = _slope_of_power(n) if n is not None and 1 <= n <= _SHORT_POWER else None
        moved, alone = _propagated(a, result, slope, form)
        alone = alone | (not b.usable[0] or b.error[0] != 0 or n == 0)
        return self._limited(result, moved, alone, self.operations.limits["power"], (), finished)


def _above_error(a: Column) -> tuple[np.ndarray, Any]:
    """Return a lower bound on |z| − e, and where it is not positive or has lost too much."""
    low = (a.lower - a.error) * DOWN
    is_lost = ~((low >= _LOST * a.lower) & (low >= LEAST))
    return np.where(is_lost, 1.0, low), is_lost


def _double_above(number: Fraction) -> float:
    """Return a double that is not below a positive number."""
    value = number.numerator / number.denominator
    return value if Fraction(value) >= number else float(np.nextafter(value, np.inf))


SlopeForm = Callable[[Column, Column], tuple[np.ndarray, Any]]
"""Operand and result → upper bounds on |g′| over Z ⊕ [−e, e], and where they hold."""


def _slope_of_exp(a: Column, result: Column) -> tuple[np.ndarray, Any]:
    """exp(z + t) ≤ exp(z)(1 + e + e²/2 + e³/4) for |t| ≤ e ≤ 1, since Σ e³⁺ᵏ/(3 + k)! ≤ e³(exp(1) − 5/2) < e³/4."""
    e = a.error
    return result.upper * (1.0 + e * (1.0 + e * (0.5 + e * 0.25))) * UP, e <= 1.0


def _slope_of_log(a: Column, result: Column) -> tuple[np.ndarray, Any]:
    smallest, is_lost = _above_error(a)
    return 1.0 / smallest * UP, ~is_lost


def _slope_of_power(n: int) -> SlopeForm:
    """|n zⁿ⁻¹|; the magnitude is at least 2⁻⁶⁰, so that no product underflows."""

    def form(a: Column, result: Column) -> tuple[np.ndarray, Any]:
        reach = (a.upper + a.error) * UP
        slope = np.full(reach.shape, float(n))
        for _ in range(n - 1):
            slope = slope * reach
        return slope * UP, reach >= 2.0**-60

    return form


_SLOPE_FORMS: dict[str, SlopeForm] = {"exp": _slope_of_exp, "log": _slope_of_log}


def _propagated(
    a: Column, result: Column, slope_of: Callable[[Any], Any], form: SlopeForm | None
) -> tuple[np.ndarray, Any]:
    """Return sup|g′|·e, and where it is no usual number; by Arb where there is no form for it."""
    has_error = a.error > 0
    if not has_error.any():
        return np.zeros(len(a)), False
    slope, holds = (np.zeros(len(a)), np.False_) if form is None else form(a, result)
    for i in np.flatnonzero(has_error & ~holds & a.usable).tolist():
        slope[i] = rounded_up(_tried(slope_of, a[i].span))
    moved = np.where(has_error, slope * a.error * UP, 0.0)
    return moved, has_error & ~(is_usual(slope) & is_usual(moved))
