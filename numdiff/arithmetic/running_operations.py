"""The elements of the running error analysis and the ufuncs on them, for one format; the rules: `running_error`."""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb

from numdiff.arithmetic import ball_functions
from numdiff.arithmetic.accuracy import Arithmetic, limits_of, smaller_limits_of
from numdiff.arithmetic.ball_functions import REAL, SLOPES, exact
from numdiff.arithmetic.ball_pieces import piece
from numdiff.arithmetic.pieces import PIECES, QUOTIENTS
from numdiff.arithmetic.rounded import Known, KnownArithmetic
from numdiff.arithmetic.special_running import special_functions
from numdiff.floats.formats import Dyadic, FloatFormat, dyadic

Real = Any

NOTHING: Real = arb(0)
_UNIT: Real = arb(0, 1)
FAR = 1 << 20
"""An exponent beyond those of all formats."""


class Unbounded(ValueError):
    """An operation whose rounding error has no bound here."""


class Running:
    """One element: an enclosure of the exact value, a bound on the error, and the computed value where it is known.

    Attributes
    ----------
    value : arb
    error : arb
        Its upper end is the bound.
    known : float, NumPy scalar or None
    """

    __slots__ = ("error", "known", "value")

    def __init__(self, value: Real, error: Real, known: Known | None = None) -> None:
        self.value = value
        self.error = error
        self.known = known

    @property
    def span(self) -> Real:
        """A ball that contains the exact and the computed value."""
        return self.value + self.error * _UNIT

    @property
    def reach(self) -> Real:
        """A ball whose upper end is not below the magnitude of the computed value."""
        return abs(self.value) + self.error


def binade_above(upper: Real) -> int:
    """Return floor(log₂ v) of a non-negative number (rounding v to a double does not lower it)."""
    value = float(upper)
    if 1e-300 < value < 1e300:
        return math.frexp(value)[1] - 1
    if not upper.is_finite():
        raise Unbounded
    mantissa, exponent = upper.man_exp()
    return int(mantissa).bit_length() + int(exponent) - 1 if mantissa else -FAR


def binade_below(lower: Real) -> int:
    """Return floor(log₂ v) of a positive number, or one less."""
    value = float(lower)
    if 1e-300 < value < 1e300:
        return math.frexp(math.nextafter(value, 0.0))[1] - 1
    mantissa, exponent = lower.man_exp()
    return int(mantissa).bit_length() + int(exponent) - 1


def is_power_of_two(known: Known | None) -> bool:
    """Return whether a computed value is known to be ±2ᵏ."""
    return known is not None and math.frexp(known)[0] in (0.5, -0.5) and float(known) == known


_HALF = Fraction(1, 2)


class Operations:
    """The operations of one format on elements.

    Parameters
    ----------
    fmt : FloatFormat
    arithmetic : {"platform", "rounded"}
        Whose elementary functions.

    Attributes
    ----------
    functions : mapping
        Ufunc name → function of elements; only ufuncs that have a limit.
    limits, smaller : mapping
        `limits_of` and `smaller_limits_of` the format.
    """

    def __init__(self, fmt: FloatFormat, arithmetic: Arithmetic = "platform") -> None:
        self.format = fmt
        self.known = KnownArithmetic(fmt)
        self._lowest = fmt.min_exponent - fmt.precision + 1
        self._largest = exact(*dyadic(fmt.largest_finite))
        self._normal = exact(1, fmt.min_exponent)
        self._powers: dict[int, Real] = {}
        limits = self.limits = limits_of(fmt, arithmetic)
        smaller = self.smaller = smaller_limits_of(fmt, arithmetic)
        basic: Mapping[str, Callable[..., Running]] = {
            "add": self._sum(operator.add),
            "subtract": self._sum(operator.sub),
            "multiply": self.multiply,
            "divide": self.divide,
            "reciprocal": lambda a: self.divide(self._one, a),
            "square": lambda a: self.multiply(a, a),
            "sqrt": self.square_root,
            "negative": lambda a: Running(-a.value, a.error, None if a.known is None else -a.known),
            "positive": lambda a: a,
            "conjugate": lambda a: a,
            "absolute": lambda a: Running(abs(a.value), a.error, None if a.known is None else abs(a.known)),
            "sign": self.sign,
            "maximum": lambda a, b: self._chosen(a, b, 1),
            "minimum": lambda a, b: self._chosen(a, b, -1),
            **{name: self._piece(name) for name in PIECES},
            **{name: self._remainder(name) for name in QUOTIENTS},
        }
        self.functions: dict[str, Callable[..., Running]] = dict(basic)
        self.functions |= {
            name: self._function(name, limits[name], smaller.get(name, ()))
            for name in SLOPES.keys() & limits.keys() - basic
        }
        if "power" in limits:
            self.functions |= self._powers_within(limits["power"])
        for name, propagated in (("hypot", _hypot_slope), ("arctan2", _arctan2_slope)):
            if name in limits:
                self.functions[name] = self._pair(name, limits[name], propagated)
        self._one = self.lift((1, 0))
        self.functions |= special_functions(self, arithmetic)

    # --- numbers ---------------------------------------------------------------------------------------

    def lift(self, number: Dyadic) -> Running:
        """Return a constant, which the format rounds; NumPy rounds a long int twice on its way to a narrow format."""
        value = exact(*number)
        known = self.known.constant(number)
        if known - known != 0:
            return Running(value, arb("inf"))
        error = abs(self.known.ball(known) - value)
        if number[0].bit_length() > 53 > self.format.precision:
            return Running(value, error + self._power_of_two(self._last(abs(value))))
        return Running(value, error, known)

    def _given(self, value: Real, known: Known) -> Running:
        if known - known != 0:  # infinite
            raise Unbounded
        return Running(value, abs(self.known.ball(known) - value), known)

    # --- roundings -------------------------------------------------------------------------------------

    def _power_of_two(self, exponent: int) -> Real:
        power = self._powers.get(exponent)
        if power is None:
            power = self._powers[exponent] = arb((1, exponent))
        return power

    def ulp(self, reach: Real) -> Real:
        """Return the spacing of the format at the upper end of `reach`."""
        return self._power_of_two(self._last(reach))

    def _last(self, reach: Real) -> int:
        """Return the exponent of the spacing of the format at the upper end of `reach`; raise where it overflows."""
        top = binade_above(reach.abs_upper())
        if top >= self.format.max_exponent and not reach <= self._largest:
            raise Unbounded
        return max(top - self.format.precision + 1, self._lowest)

    def _rounded(self, value: Real, error: Real) -> Running:
        """Add half a unit: one correctly rounded operation."""
        last = self._last(abs(value) + error)
        return Running(value, error + self._power_of_two(last - 1))

    def _scaled(self, value: Real, error: Real) -> Running:
        """Add what a product with a power of two may lose: nothing, unless the result may be subnormal."""
        self._last(abs(value) + error)  # raises where it overflows
        if abs(value) - error >= self._normal:
            return Running(value, error)
        return Running(value, error + self._power_of_two(self._lowest - 1))

    def library_rounding(self, limit: Fraction) -> Callable[[Real, Real], Running]:
        """Return what adds L units, allowing for the next binade, which half a unit does not reach."""
        if limit == _HALF:
            return self._rounded
        units = arb(limit.numerator) / limit.denominator
        growth = 1 + 2 * units * exact(1, -self.format.precision)

        def rounded(value: Real, error: Real) -> Running:
            last = self._last((abs(value) + error) * growth)
            return Running(value, error + units * self._power_of_two(last))

        return rounded

    def quantum(self, a: Running) -> int:
        """Return an exponent q such that the computed value is a multiple of 2**q."""
        if a.known is not None:
            mantissa, exponent = self.known.ball(a.known).man_exp()
            return int(exponent) if mantissa else FAR
        lower = a.span.abs_lower()
        if lower <= self._normal:
            return self._lowest
        return binade_below(lower) - self.format.precision + 1

    # --- the basic operations --------------------------------------------------------------------------

    def _sum(self, operation: Callable[[Any, Any], Any]) -> Callable[[Running, Running], Running]:
        def combined(a: Running, b: Running) -> Running:
            value = operation(a.value, b.value)
            if a.known is not None and b.known is not None:
                return self._given(value, self.known.round(operation(a.known, b.known)))
            error = a.error + b.error
            last = self._last(abs(value) + error)
            if last == self._lowest or last <= min(self.quantum(a), self.quantum(b)):
                return Running(value, error)
            return Running(value, error + self._power_of_two(last - 1))

        return combined

    def multiply(self, a: Running, b: Running) -> Running:
        """Return the product."""
        value = a.value * b.value
        if a.known is not None and b.known is not None:
            return self._given(value, self.known.round(a.known * b.known))
        error = abs(a.value) * b.error + abs(b.value) * a.error + a.error * b.error
        if is_power_of_two(a.known) or is_power_of_two(b.known):
            return self._scaled(value, error)
        return self._rounded(value, error)

    def divide(self, a: Running, b: Running) -> Running:
        """Return the quotient."""
        value = a.value / b.value
        if a.known is not None and b.known is not None:
            return self._given(value, self.known.round(a.known / b.known))
        smallest = abs(b.value) - b.error
        if not smallest > 0:
            raise Unbounded
        error = (a.error + abs(value) * b.error) / smallest
        if is_power_of_two(b.known):
            return self._scaled(value, error)
        return self._rounded(value, error)

    def square_root(self, a: Running) -> Running:
        """Return the square root."""
        value = a.value.sqrt()
        if a.known is not None and a.known >= 0:
            return self._given(value, self.known.square_root(a.known))
        return self._rounded(value, _propagated("sqrt", a))

    def sign(self, a: Running) -> Running:
        """Return the sign, where the exact and the computed number agree on it."""
        side = self.compare(a, self.lift((0, 0)))
        if side is None:
            raise Unbounded
        return self.lift((int(side), 0))

    def _piece(self, name: str) -> Callable[[Running], Running]:
        def function(a: Running) -> Running:
            value = piece(name, a.span)
            if value is None:
                raise Unbounded
            return self.lift((value, 0))

        return function

    def _remainder(self, name: str) -> Callable[[Running, Running], Running]:
        def function(a: Running, b: Running) -> Running:
            q = piece(QUOTIENTS[name], a.span / b.span)
            if q is None:
                raise Unbounded
            return self._rounded(a.value - b.value * q, a.error + b.error * abs(q))

        return function

    def _chosen(self, a: Running, b: Running, sign: int) -> Running:
        side = self.compare(a, b)
        if side is not None:
            return a if side * sign >= 0 else b
        value = a.value.max(b.value) if sign > 0 else a.value.min(b.value)
        return Running(value, a.error.max(b.error))

    # --- functions of the library ----------------------------------------------------------------------

    def of_library(self, name: str, limit: Fraction) -> Callable[[Running], Running]:
        """Return a function of one argument that has a limit in ulp."""
        return self._function(name, limit, ())

    def _function(
        self, name: str, limit: Fraction, smaller: Sequence[tuple[int, Fraction]]
    ) -> Callable[[Running], Running]:
        value_of, rounded = REAL[name], self.library_rounding(limit)
        if not smaller:
            return lambda a: rounded(value_of(a.value), _propagated(name, a))
        large = [(exact(1, k), self.library_rounding(least)) for k, least in reversed(smaller)]

        def function(a: Running) -> Running:
            value, error = value_of(a.value), _propagated(name, a)
            size = abs(value) - error  # of the exact function at the computed argument, too
            return next((small for from_here, small in large if size >= from_here), rounded)(value, error)

        return function

    def _pair(
        self, name: str, limit: Fraction, propagated: Callable[[Running, Running], Real]
    ) -> Callable[[Running, Running], Running]:
        value_of, rounded = REAL[name], self.library_rounding(limit)
        return lambda a, b: rounded(value_of(a.value, b.value), propagated(a, b))

    def _powers_within(self, limit: Fraction) -> dict[str, Callable[..., Running]]:
        """Return powers with a number and with an array as exponent, whose rounding error has a limit."""
        rounding = self.library_rounding(limit)
        return {
            "power": lambda a, b: self._power(a, b, rounding, True),
            "power_of_array": lambda a, b: self._power(a, b, rounding, False),
        }

    def _power(self, a: Running, b: Running, rounding: Callable[[Real, Real], Running], scalar: bool) -> Running:
        """Return a power. Of a number as exponent, 2 is a product in NumPy, as operator and as function."""
        fixed = ball_functions.exact_integer(b.value) if b.error.is_zero() else None
        if fixed == 2 and scalar:
            return self.multiply(a, a)
        if fixed == 0:
            return self._one
        power, base, exponent = REAL["power"], a.span, b.span
        error = NOTHING
        if not a.error.is_zero():
            error = abs(exponent * power(base, exponent - 1)) * a.error
        if not b.error.is_zero():
            error = error + abs(power(base, exponent) * base.log()) * b.error
        return rounding(power(a.value, b.value), error)

    # --- comparisons -----------------------------------------------------------------------------------

    def compare(self, a: Running, b: Running) -> float | None:
        """Order two elements where exact and computed numbers are ordered alike."""
        if a.known is None or b.known is None:
            return ball_functions.order(a.span, b.span)
        side = ball_functions.order(a.value, b.value)
        computed = float(a.known > b.known) - float(a.known < b.known)
        return side if side == computed else None

    def union(self, a: Running, b: Running) -> Running:
        """Cover two branches, of which the exact function may take one and the computed one the other."""
        both = a.span.union(b.span)
        return Running(a.value.union(b.value), both.upper() - both.lower())


def _propagated(name: str, a: Running) -> Real:
    """Return sup|g′|·e."""
    return NOTHING if a.error.is_zero() else abs(SLOPES[name](a.span)) * a.error


def _hypot_slope(a: Running, b: Running) -> Real:
    """Both partial derivatives are at most 1."""
    return a.error + b.error


def _arctan2_slope(y: Running, x: Running) -> Real:
    """|∂/∂y| = |x|/(x² + y²) and |∂/∂x| = |y|/(x² + y²), off the cut along the negative x-axis."""
    rise, run = y.span, x.span
    if not run > 0 and rise.contains(0):
        raise Unbounded
    return (abs(run) * y.error + abs(rise) * x.error) / (run * run + rise * rise)
