r"""Columns of elements of the running error analysis: the error bounds of many elements as arrays of float64.

An element has an enclosure Z of its exact value, an Arb ball, and a bound e on its error (`running_operations`). A
`Column` keeps the balls of its elements in a list and their bounds in an array, and `ColumnForms` carries all of them
through an operation at once. The balls are those that the elements alone would have; what is bounded here in float64
are the recurrences of `running_error` for e, from U ≥ |z| and L ≤ |z| for all z in Z.

**Outward rounding.** Only + − × ÷ √, powers of two and comparisons of float64 are used, each correctly rounded and the
same on every machine, and no reduction. All numbers that enter are usual: 0 or of [2⁻⁴⁸⁰, 2⁴⁸⁰]. So no product of two
of them and no sum of such is subnormal or overflows, and what is divided or multiplied once more is looked at before.
With u = 2⁻⁵³ the computed result r of one operation on non-negative numbers has exact ≤ r/(1 − u), and a formula of k
operations, of which none subtracts, exact ≤ r(1 − u)⁻ᵏ, since each of them increases with its operands, or decreases
with a divisor that is rounded downward. fl(r(1 + 2⁻⁴⁹)) is at least r(1 + 16u)(1 − u) ≥ r(1 − u)⁻¹⁴:
an upper bound on the exact value for k ≤ 14, and 0 where r is 0. Likewise fl(r(1 − 2⁻⁴⁹)) ≤ r(1 + u)⁻¹⁴ is a lower one.
A difference is that of a lower bound and an upper one, one operation, and not used where it lost more than 20 bits.

The recurrences are those of `running_error`, second-order terms included: e₁ + e₂ (not rounded up where one is 0),
U₁e₂ + U₂e₁ + e₁e₂, (e₁ + U(z₁/z₂)e₂)/(L₂ − e₂), e/(2√(L − e)) and sup|g′|·e. Half a unit, or the units of a limit, of
the spacing at U + e are added; the spacing is a power of two, so that this product is exact.

**The ends of Z.** m = |float(mid Z)| is off by at most u·m, and the radius r, of 30 bits, is a double, or below 2⁻¹⁰⁷⁴
and then less than u·m. So fl(fl(m + r)·c) ≥ |z| and fl(fl(m·(1 − 2⁻⁴⁹)) − r)·(1 − 2⁻⁴⁹) ≤ |z|. A ball of which both
are 0 as doubles has to be 0 itself.

**Tight.** Every bound is larger than the one that Arb finds by less than a part in 2⁴⁴, unless another spacing of the
format is chosen, or a sum is not known to be exact, because a bound lies on the other side of a power of two. That is
seen: what is decided otherwise for a number 2⁻⁴⁴ smaller, or larger, is left to Arb.

**Element by element**, by the functions of `Operations`, go all elements for which a column has no form: where the
computed value is known, where a number is unusual (0 < |number| < 2⁻⁴⁸⁰, or > 2⁴⁸⁰: it stays an element, in
`Column.rest`), where the result may overflow or is not decided, and whatever is undefined. Which way an element goes
depends on itself alone, so that its bound is the same double in whatever company it is evaluated.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from flint import arb

from numdiff.arithmetic import ball_functions
from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.ball_functions import rounded_up
from numdiff.arithmetic.running_operations import NOTHING, Operations, Running, is_power_of_two
from numdiff.floats.formats import Dyadic

UP, DOWN = 1 + 2.0**-49, 1 - 2.0**-49
LEAST_EXPONENT = -480
LEAST = 2.0**LEAST_EXPONENT
_MOST = 2.0**-LEAST_EXPONENT
NOWHERE = arb("nan")
_ABSENT = Running(NOWHERE, NOWHERE)


def is_usual(size: np.ndarray) -> Any:
    """Return where a bound is 0 or of [2⁻⁴⁸⁰, 2⁴⁸⁰]."""
    return (size == 0) | ((size >= LEAST) & (size <= _MOST))


class Column:
    """Elements of the running error analysis; a column of one is a constant beside longer ones.

    Attributes
    ----------
    values : list of arb
        The enclosures; NaN for an element of `rest`.
    error : ndarray of float64
        The bounds; NaN for an element of `rest`.
    known : list of numbers or None, or None
        The computed values where they are known; None where none is.
    upper, lower : ndarray of float64
        Bounds on the magnitude of all numbers in an enclosure; `lower` is not negative.
    usable : ndarray of bool
        Where enclosure and bound are usual numbers.
    rest : dict
        What is no element, or one with other numbers, by position.
    """

    __slots__ = ("_powers", "_quanta", "error", "known", "lower", "rest", "upper", "usable", "values")

    def __init__(self, values: list[Any], error: np.ndarray | None = None, known: list[Any] | None = None) -> None:
        size = len(values)
        self.values, self.known = values, known
        self.error = np.zeros(size) if error is None else error
        self.rest: dict[int, Any] = {}
        self._quanta: Any = None
        self._powers: Any = None
        middle = np.abs(np.fromiter(map(float, values), np.float64, size))
        radius = np.fromiter(map(float, map(arb.rad, values)), np.float64, size)
        self.upper = (middle + radius) * UP
        self.lower = np.maximum((middle * DOWN - radius) * DOWN, 0.0)
        self.usable = is_usual(self.upper) & is_usual(self.error)
        for i in np.flatnonzero(self.upper == 0).tolist():
            self.usable[i] &= bool(values[i].is_zero())

    @classmethod
    def of(cls, items: Sequence[Any]) -> "Column":
        """Return elements, or what is `Undefined`, as a column; their errors are rounded up."""
        plain = [_ABSENT if type(item) is Undefined else item for item in items]
        known = [item.known for item in plain]
        error = np.array([rounded_up(item.error) for item in plain], dtype=np.float64)
        column = cls([item.value for item in plain], error, None if known.count(None) == len(known) else known)
        for i in np.flatnonzero(~column.usable).tolist():
            column._leave(i, items[i])
        return column

    @classmethod
    def exact(cls, numbers: Sequence[Dyadic | None]) -> "Column":
        """Return exact numbers without error, of which none is known to be computed; UNDECIDED for None."""
        values = [NOWHERE if number is None else ball_functions.exact(*number) for number in numbers]
        column = cls(values)
        for i in np.flatnonzero(~column.usable).tolist():
            column._leave(i, Undefined.UNDECIDED if numbers[i] is None else Running(values[i], NOTHING))
        return column

    def _leave(self, i: int, item: Any) -> None:
        """Take what no column holds as it is."""
        self.rest[i], self.values[i], self.usable[i] = item, NOWHERE, False
        self.error[i] = self.upper[i] = self.lower[i] = np.nan

    def bound(self, error: np.ndarray) -> None:
        """Set the bounds."""
        self.error = error
        self.usable &= is_usual(error)

    def replace(self, positions: list[int], items: list[Any]) -> None:
        """Put other elements in the place of some."""
        found = Column.of(items)
        if found.known is not None and self.known is None:
            self.known = [None] * len(self)
        for k, i in enumerate(positions):
            self.values[i] = found.values[k]
            if self.known is not None:
                self.known[i] = None if found.known is None else found.known[k]
            if k in found.rest:
                self.rest[i] = found.rest[k]
        for name in ("error", "upper", "lower", "usable"):
            getattr(self, name)[positions] = getattr(found, name)

    def take(self, positions: list[int]) -> "Column":
        """Return the elements at some positions, as often as they are named."""
        other = Column.__new__(Column)
        other.values = [self.values[i] for i in positions]
        other.known = None if self.known is None else [self.known[i] for i in positions]
        for name in ("error", "upper", "lower", "usable"):
            setattr(other, name, getattr(self, name)[positions])
        other.rest = {k: self.rest[i] for k, i in enumerate(positions) if i in self.rest} if self.rest else {}
        other._quanta = None if self._quanta is None else self._quanta[positions]
        other._powers = None if self._powers is None else self._powers[positions]
        return other

    def joined(self, other: "Column") -> "Column":
        """Return the elements of both."""
        both, size = Column.__new__(Column), len(self)
        both.values, both.known, both._quanta, both._powers = self.values + other.values, None, None, None
        if self.known is not None or other.known is not None:
            both.known = [*(self.known or [None] * size), *(other.known or [None] * len(other))]
        for name in ("error", "upper", "lower", "usable"):
            setattr(both, name, np.concatenate([getattr(self, name), getattr(other, name)]))
        both.rest = self.rest | {size + i: item for i, item in other.rest.items()}
        return both

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, i: int) -> Any:
        if self.rest and i in self.rest:
            return self.rest[i]
        return Running(self.values[i], arb(float(self.error[i])), None if self.known is None else self.known[i])

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    @property
    def bounds(self) -> np.ndarray:
        """The bounds as doubles, infinite where there is none; of shape (n,)."""
        found = self.error.copy()
        for i, item in self.rest.items():
            is_bounded = type(item) is not Undefined and item.value.is_finite()
            found[i] = rounded_up(item.error) if is_bounded else np.inf
        return found

    @property
    def is_clean(self) -> bool:
        """Whether all are elements."""
        return not any(type(item) is Undefined for item in self.rest.values())

    @property
    def is_known(self) -> Any:
        """Where the computed value is known, as an array or as one truth value."""
        return False if self.known is None else np.array([known is not None for known in self.known])

    @property
    def is_power(self) -> Any:
        """Where the computed value is known to be ±2ᵏ, as an array or as one truth value."""
        if self.known is not None and self._powers is None:
            self._powers = np.array([is_power_of_two(known) for known in self.known])
        return False if self.known is None else self._powers

    def quanta(self, operations: Operations) -> Any:
        """Return for known values exponents q so that they are multiples of 2**q; 0 for others."""
        if self._quanta is None:
            elements = zip(self, self.known or (), strict=True)
            self._quanta = np.array([0 if known is None else operations.quantum(one) for one, known in elements])
        return self._quanta

    def over(self, n: int) -> Any:
        """Return the enclosures for columns of n elements."""
        return self.values if len(self.values) == n else self.values * n

    def at(self, i: int) -> Any:
        """Return an element for columns of more elements."""
        return self[i if len(self.values) > 1 else 0]
