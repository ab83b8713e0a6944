"""The twin of a function that cannot be traced: f, f′, … as mpmath callables that the user gives.

An ODE with a known solution, a spline, Python code and many functions of SciPy show no formula, but often there is one
in mpmath. `Twin` stands in the place of an `ExactFunction` and answers in the state `given`. What is taken from it, and
what is checked:

- **Values.** At precision P a callable is called with P and with 2P bits, and with guard bits for small and for large
  |x| (1 − cos x loses twice the bits of |x|). The value is that of 2P bits, and its radius covers what changed, and
  2^(16−P) of the value. So an error is decided as soon as two successive precisions agree to its rounding. That is
  evidence and no proof: nothing is seen of what is lost at both precisions. Nor does a twin prove a zero: a part that
  is 0, or a tie between two doubles, is `unresolved`.
- **The precision is used.** Each time that a higher precision is asked for, a callable that gives the same number at
  it and at twice as much is refused, unless it is constant there, or hands its argument on: it is tried beside a node
  and an x or two, at points of more bits than the precision has. So is one that does not see the last digits of its
  argument. So nothing that has floats, a precision of its own or a cache behind it passes there; nor does one whose
  values keep changing.
- **f′ is the derivative of f.** At every x it is compared with difference quotients of f at a step of δ = 2^(−P/3)
  beside |x| or 1, whichever is less. The truncation error of the centered one is δ²f‴/6 and its rounding error 2⁻ᴾf/δ:
  both are near 2^(−2P/3), 2⁻¹⁷⁰ at P = 256 and less at higher P, while 2⁻¹⁰⁰ is asked for, the 30 digits that are
  published. One of the two one-sided quotients suffices, where f has another derivative on each side or a domain that
  ends. A quotient that converges, but not to f′, is an error; so is f″ that is not the derivative of f′.
- **f is the function under test.** See `Twin.compare`.

References
----------
W. H. Press et al., Numerical Recipes, 3rd ed., Cambridge (2007), section 5.7, equations 5.7.5 to 5.7.8 (the two errors
of the centered quotient and the step that balances them).
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), section 1.13 (Increasing the
Precision: what the digits that two precisions share show, and what not).
"""

import math
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from random import Random
from typing import Any

from numdiff.analysis.enclosures import ExactValue
from numdiff.analysis.lookup import Point
from numdiff.analysis.reference import START_PRECISION, ExactFunction, State, precisions
from numdiff.arithmetic.ball import LARGEST_EXPONENT, Ball, Undefined, within_limits
from numdiff.arithmetic.engine import twin_of
from numdiff.arithmetic.given import Number, evaluated, magnitude
from numdiff.arithmetic.one_sided import Direction
from numdiff.floats.dyadic import Dyadic, dyadic_sum, dyadic_to_fraction, nearest_double
from numdiff.floats.formats import FloatFormat
from numdiff.spellings import warn_user

_GUARD_BITS = 32
_LOST_BITS = 16
"""As for mpmath's own functions (`numdiff.arithmetic.multiprecision`)."""
_CANCELLED = 4
"""Guard bits for each binade between |x| and 1: e^x − 1 − x − x²/2 − x³/6 at a small x keeps as many as 1 has."""
_ASKED = Fraction(1, 1 << 100)
"""How closely f′ and a difference quotient of f have to agree: the 30 digits of a published reference."""
_TRIALS = 4
"""Sides of a point on which a callable is tried: of the first node, and of a point x or two."""
_DECIDED = 1024
"""Bits before which no f′ is refused: f may vary over less than the wider steps."""


class TwinMismatchWarning(UserWarning):
    """A function and its twin are not alike: one of them is wrong, or f is very inaccurate.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import numdiff as nd
    >>> from mpmath import mp
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     ledger = nd.error_ledger(np.sin, 1.0, 0.25, exact=(mp.cos, lambda t: -mp.sin(t)))
    >>> said[0].category is nd.TwinMismatchWarning
    True
    """


class Twin(ExactFunction):
    """A function by its values in mpmath; see the module for what is checked.

    Parameters
    ----------
    functions : tuple of callable
        f, f′, and as many further derivatives as formulas are for. Each takes and returns an mpf of ``mpmath.mp`` and
        computes with the precision that ``mp.prec`` has at the call.

    Raises
    ------
    TypeError
        If there are not at least two callables; later, if one returns anything but an mpf, an int or a Fraction.
    ValueError
        Later: if a callable ignores or changes the precision, or f′ is not the derivative of f.
    """

    state = State.GIVEN

    def __init__(self, functions: Sequence[Any]) -> None:
        self.functions = twin_of(functions)
        super().__init__(self.functions[0])
        self._numbers: dict[tuple[int, int], dict[Dyadic, Number]] = {}
        self._balls: dict[tuple[int, int], dict[Point, ExactValue]] = {}
        self._trials: Counter[tuple[int, int]] = Counter()  # by order and precision
        self._checked_at: set[tuple[int, Dyadic]] = set()
        self._compared = False

    def values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Return f at real points; the dictionary holds at least the given ones."""
        return self._enclosed(0, points, precision)

    def imaginary_values(self, points: Sequence[Point], precision: int) -> dict[Point, ExactValue]:
        """Refuse: the callables are functions of a real number."""
        raise ValueError("stencil must be one of real nodes where exact= is given, got the complex step")

    def derivative(
        self, points: Sequence[Point], precision: int, order: int = 1, direction: Direction = 0
    ) -> dict[Point, ExactValue]:
        """Return f⁽ᵐ⁾ at real points, after it was compared with difference quotients there."""
        if order >= len(self.functions):
            raise ValueError(
                f"exact must hold f{_primes(order)} for a formula of order {order}, got {len(self.functions)} callables"
            )
        found = self._enclosed(order, points, precision)
        for point in dict.fromkeys(points):
            if (order, point) not in self._checked_at:
                self._check_derivative(order, point)  # type: ignore[arg-type]
                self._checked_at.add((order, point))  # type: ignore[arg-type]
                for tried in (order - 1, order):
                    if self._trials[tried, START_PRECISION] < _TRIALS:
                        self._check_precision(tried, point, START_PRECISION)  # type: ignore[arg-type]
        return found

    def _proof(self, point: Dyadic, precision: int, order: int, direction: Direction) -> Ball | None:
        value = self.derivative([point], precision, order)[point]
        return value if isinstance(value, Ball) else None

    # --- values --------------------------------------------------------------------------------------------

    def _enclosed(self, order: int, points: Sequence[Any], precision: int) -> dict[Point, ExactValue]:
        """Return f⁽ᵒʳᵈᵉʳ⁾ by point, from the values at two precisions."""
        known = self._balls.setdefault((order, precision), {})
        for point in dict.fromkeys(points):
            if point not in known:
                if not self._trials[order, precision]:
                    self._check_precision(order, point, precision)
                low, high = self._number(order, point, precision), self._number(order, point, 2 * precision)
                known[point] = _enclosure(low, high, precision)
        return known

    def _number(self, order: int, point: Dyadic, precision: int) -> Number:
        known = self._numbers.setdefault((order, precision), {})
        if point not in known:
            known[point] = self._called(order, point, _bits(point, precision))
        return known[point]

    def _called(self, order: int, point: Dyadic, bits: int) -> Number:
        return evaluated(self.functions[order], _name(order), point, bits)

    # --- is the precision used? ----------------------------------------------------------------------------

    def _check_precision(self, order: int, point: Dyadic, precision: int) -> None:
        """Refuse a callable that gives the same digits at a precision and at twice as much, or ever other ones."""
        bits = [_bits(point, precision), _bits(point, 2 * precision)]
        for sign in (1, -1):  # on the other side of x it may be another constant
            nodes = [_beside(point, sign, seed, bits[1] + 64) for seed in (1, 2)]
            results = [self._called(order, node, number) for node in nodes for number in bits]
            numbers = [number for number in results if not isinstance(number, Undefined)]
            if len(numbers) < len(results):
                continue
            for node, low, high in zip(nodes, numbers[::2], numbers[1::2], strict=True):
                if low == high and len(set(numbers)) > 1 and abs(high[0]) != abs(node[0]):
                    raise ValueError(
                        f"{_name(order)} must compute with the precision that mp has at the call, but near x = "
                        f"{_double(point)!r} it returns the same number, of {abs(high[0]).bit_length()} bits, at "
                        f"{bits[0]} and at {bits[1]} bits: floats, a precision of its own, or a cache"
                    )
                if precision == START_PRECISION:
                    self._check_convergence(order, point, node, (low, high))
            if precision == START_PRECISION:
                self._check_response(order, point, nodes[0], (numbers[1], numbers[3]))
            self._trials[order, precision] += 1

    def _check_response(self, order: int, point: Dyadic, near: Dyadic, numbers: tuple[Dyadic, Dyadic]) -> None:
        """Refuse a callable that changes between two points beside x, but not where one of them moves by 2⁻²⁰⁰.

        The points are 2⁻²⁰ apart or more. A change by 2⁻¹²⁸ between them lets expect one by 2⁻³⁰⁰, which 512 bits show.
        """
        first, second = numbers
        change = dyadic_sum(first, (-second[0], second[1]))
        if change[0] and first[0] and magnitude(change) > magnitude(first) - 128:
            moved = dyadic_sum(near, (1, magnitude(near) - 200))
            if self._called(order, moved, _bits(point, 2 * START_PRECISION)) == first:
                raise ValueError(
                    f"{_name(order)} must compute with the precision that mp has at the call, but near x = "
                    f"{_double(point)!r} it does not change with the digits of x beyond the 60th: it rounds x, to a "
                    "float or a fixed precision"
                )

    def _check_convergence(self, order: int, point: Dyadic, near: Dyadic, numbers: tuple[Dyadic, Dyadic]) -> None:
        """Refuse values that change as much from 512 to 1024 bits as from 256 to 512."""
        if max(abs(magnitude(number)) for number in numbers) > LARGEST_EXPONENT:
            return
        low, high = map(dyadic_to_fraction, numbers)
        if abs(high - low) <= abs(high) / (1 << (START_PRECISION - _LOST_BITS)):
            return
        third = self._called(order, near, _bits(point, 4 * START_PRECISION))
        highest = high if isinstance(third, Undefined) else dyadic_to_fraction(third)
        if abs(highest - high) > abs(high - low) / 2:
            raise ValueError(
                f"{_name(order)} must converge as mp.prec grows, but near x = {_double(point)!r} it changes by "
                f"{_nearest(abs(high - low))!r} from 256 to 512 bits and by {_nearest(abs(highest - high))!r} from "
                "512 to 1024: noise, or a method that stops before it has the digits of mp"
            )

    # --- is f′ the derivative of f? ------------------------------------------------------------------------

    def _check_derivative(self, order: int, point: Dyadic) -> None:
        """Compare f⁽ᵐ⁾ with difference quotients of f⁽ᵐ⁻¹⁾ whose steps shrink with the precision."""
        before: dict[str, Fraction] = {}
        for precision in precisions():
            claim = self._enclosed(order, [point], precision)[point]
            if claim is Undefined.UNDECIDED:
                continue
            if not isinstance(claim, Ball):
                return
            found = self._quotients(order - 1, point, precision)
            errors, apart = {}, bool(found)
            for side, (quotient, radius) in found.items():
                error, limit = abs(quotient - claim.midpoint), _ASKED * max(abs(quotient), abs(claim.midpoint))
                radius += claim.radius
                if error + radius <= limit or (precision >= _DECIDED and abs(quotient) + abs(claim.midpoint) <= radius):
                    return  # they agree, or both are 0 for all that can be seen
                apart = apart and error > 2 * radius and error > before.get(side, Fraction(0)) / 2
                errors[side] = error
            if apart and precision >= _DECIDED:
                raise ValueError(_not_the_derivative(order, point, claim, [quotient for quotient, _ in found.values()]))
            before = errors

    def _quotients(self, order: int, point: Dyadic, precision: int) -> dict[str, tuple[Fraction, Fraction]]:
        """Return difference quotients of f⁽ᵒʳᵈᵉʳ⁾ with their radii: centered, right and left, where f has values."""
        exponent = min(magnitude(point) if point[0] else 0, 0) - precision // 3
        nodes = [dyadic_sum(point, (k, exponent)) if k else point for k in (-1, 0, 1)]
        known = self._enclosed(order, nodes, precision)
        left, middle, right = (known[node] for node in nodes)
        found = {}
        sides = (("centered", left, right, 2), ("right", middle, right, 1), ("left", left, middle, 1))
        for side, low, high, width in sides:
            if isinstance(low, Ball) and isinstance(high, Ball):
                step = width * dyadic_to_fraction((1, exponent))
                found[side] = (high.midpoint - low.midpoint) / step, (high.radius + low.radius) / step
        return found

    # --- is f the function under test? ---------------------------------------------------------------------

    def compare(self, nodes: Sequence[Sequence[Any]], values: Sequence[Sequence[Any]], fmt: FloatFormat) -> None:
        """Warn if f as computed has little in common with the twin: less than a quarter of the digits of the format.

        It is a warning: that f̂ is far from f is what the evaluation error measures, and (1 − cos x)/x² at 1e-9 is off
        by all of its digits. What counts is the median cell, each relative to the largest value of f among its
        nodes, so that neither a zero nor a singularity calls. In float64, what is off by 10⁻⁴ of f is found.

        Parameters
        ----------
        nodes, values : sequence of sequence of Dyadic or None
            For every node of a formula, where f was called in each cell and what it returned.
        fmt : FloatFormat
            The format of the call.
        """
        if self._compared:
            return
        known = self.values(list({node for column in nodes for node in column if node is not None}), START_PRECISION)
        cells = []
        for row, seen in zip(zip(*nodes, strict=True), zip(*values, strict=True), strict=True):
            triples = [
                (ball.midpoint, dyadic_to_fraction(y), node)
                for node, y in zip(row, seen, strict=True)
                if y is not None and isinstance(ball := known.get(node), Ball)
            ]
            size = max((max(abs(exact), abs(computed)) for exact, computed, _ in triples), default=Fraction(0))
            if size:
                exact, computed, node = max(triples, key=lambda triple: abs(triple[0] - triple[1]))
                cells.append((abs(computed - exact) / size, computed, exact, node))
        cells.sort(key=lambda cell: cell[0])
        if cells and (median := cells[len(cells) // 2])[0] > Fraction(1, 1 << fmt.precision // 4):
            self._compared = True
            error, computed, exact, node = median
            message = (
                f"f in {fmt.name} and exact[0] agree in {_digits(error)} digits only: at x = {_double(node)!r} f gives "
                f"{_nearest(computed)!r} and exact[0] {_nearest(exact)!r}; is exact[0] another function?"
            )
            warn_user(TwinMismatchWarning(message))


def _enclosure(low: Number, high: Number, precision: int) -> ExactValue:
    """Return the value at the higher of two precisions as a ball that covers the other one and an allowance.

    A value of 0 has a radius of 2^(16−P), as if terms of the size of 1 had cancelled.
    """
    if isinstance(low, Undefined) or isinstance(high, Undefined):
        return high if low is high and isinstance(high, Undefined) else Undefined.UNDECIDED
    sizes = [magnitude(number) for number in (low, high) if number[0]]
    if len(sizes) < 2:
        return within_limits(Ball(0, 1, max([_LOST_BITS - precision, *sizes])))
    if abs(sizes[0] - sizes[1]) > 2:
        return within_limits(Ball(0, 1, max(sizes)))
    mantissa, exponent = high
    excess = abs(mantissa).bit_length() - precision
    middle = mantissa << -excess if excess < 0 else (mantissa + (1 << excess >> 1)) >> excess
    unit = exponent + excess
    difference = dyadic_sum(high, (-low[0], low[1]))
    changed = 1 << max(0, magnitude(difference) - unit) if difference[0] else 0
    return within_limits(Ball(middle, changed + (abs(middle) >> (precision - _LOST_BITS)) + 1, unit))


def _bits(point: Dyadic, precision: int) -> int:
    """Return the working precision of a call: more of it for small and large |x|."""
    size = abs(magnitude(point)) if point[0] else 0
    return precision + _GUARD_BITS + _CANCELLED * size


def _beside(point: Dyadic, sign: int, seed: int, bits: int) -> Dyadic:
    """Return a number of many random bits near x: within 2⁻²⁰|x|, or 2⁻²⁰ where x is 0."""
    size = magnitude(point) if point[0] else 0
    mantissa = Random(seed).getrandbits(bits) | 1 << bits - 1 | 1
    return dyadic_sum(point, (sign * mantissa, size - 20 - bits))


def _primes(order: int) -> str:
    return "'" * order if order < 4 else f"^({order})"


def _name(order: int) -> str:
    return f"exact[{order}], the f{_primes(order)} of the twin,"


def _nearest(value: Fraction) -> float:
    return nearest_double(*value.as_integer_ratio())


def _double(point: Dyadic) -> float:
    return _nearest(dyadic_to_fraction(point))


def _digits(error: Fraction) -> str:
    """Return −log₁₀ of a relative error with one decimal."""
    if not error:
        return "all"
    size = error.numerator.bit_length() - error.denominator.bit_length()
    scaled = error * Fraction(2) ** -size
    return f"{max(0.0, -(size + math.log2(scaled)) * math.log10(2)):.1f}"


def _not_the_derivative(order: int, point: Dyadic, claim: Ball, quotients: list[Fraction]) -> str:
    """Say by how much f⁽ᵐ⁾ misses the nearest difference quotient."""
    quotient = min(quotients, key=lambda middle: abs(middle - claim.midpoint))
    size = max(abs(quotient), abs(claim.midpoint))
    hint = (
        "a number that was computed as a float is good for 16"
        if quotient
        else f"exact[{order - 1}] does not change at all beside x, so it may compute with floats or a fixed precision"
    )
    return (
        f"{_name(order)} must be the derivative of exact[{order - 1}], got {_nearest(claim.midpoint)!r} at x = "
        f"{_double(point)!r}, where the difference quotients converge to {_nearest(quotient)!r}: they agree in "
        f"{_digits(abs(quotient - claim.midpoint) / size)} digits; {hint}"
    )
