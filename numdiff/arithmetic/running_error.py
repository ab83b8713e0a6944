r"""A running bound on the rounding error of a callable, carried through it by the ufunc protocol.

An element of this number system, for one format, is

* Z, an Arb ball that contains the *exact* value z of the intermediate result,
* e, a bound: the *computed* value ẑ satisfies |ẑ − z| ≤ e,
* ẑ itself where IEEE 754 leaves no choice: an argument, a constant rounded to the format, a basic operation on such.

An operation g on computed operands has the exact result y = g(ẑ₁, …), and

    |ŷ − g(z₁, …)| ≤ |ŷ − y| + |y − g(z₁, …)| ≤ L·ulp(M(1 + 2Lu)) + propagated,   M = max|g(Z)| + propagated ≥ |y|,

with the limit L of `numdiff.arithmetic.accuracy`; for a correctly rounded operation L = ½, and the factor is not
needed, since rounding to a power of two is within half a unit of the lower binade. ulp is never less than the smallest
subnormal number. Propagated is

* e₁ + e₂ for ±, |z₁|e₂ + |z₂|e₁ + e₁e₂ for ×, (e₁ + |z₁/z₂|e₂)/(|z₂| − e₂) for ÷, since
  ẑ₁/ẑ₂ − z₁/z₂ = ((ẑ₁ − z₁) − (z₁/z₂)(ẑ₂ − z₂))/ẑ₂;
* sup|g′|·e over Z ⊕ [−e, e] for a function of one argument (mean value theorem), likewise with partial derivatives
  over the box for power, arctan2 and hypot;
* max(e₁, e₂) for maximum and minimum, e for abs (both are 1-Lipschitz).

No rounding at all: a product with a power of two, outside the subnormal range; a sum of which both terms are
multiples of q and which is at most 2ᵖq (Sterbenz' x/2 ≤ y ≤ 2x is a case of it; so is every subnormal sum). The
ends of Z ⊕ [−e, e] say what q is.

All bounds are formed in Arb, whose own rounding is part of the enclosure; the double that is returned is rounded up.
A comparison holds for the exact and for the computed numbers alike or is undecided; ``np.where`` then answers with both
branches, and e covers the distance from any point of the one to any of the other. There is no bound (infinity) where
the exact value is undefined or undecided, where a computed value may be infinite or NaN (overflow, a pole or the
edge of a domain within Z ⊕ [−e, e]), where the sign of a number is undecided, and where a ufunc has no limit.

References
----------
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), section 3.3 (running error
analysis); theorem 2.5 (Sterbenz).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import repeat
from typing import Any

import numpy as np

from numdiff.arithmetic import ball_functions
from numdiff.arithmetic.accuracy import Arithmetic, arithmetic_of, without_limit
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.balls import arb_of, working
from numdiff.arithmetic.column_forms import ColumnForms
from numdiff.arithmetic.dispatch import evaluate_exactly
from numdiff.arithmetic.engine import Engine
from numdiff.arithmetic.rounded import KnownArithmetic
from numdiff.arithmetic.running_columns import Column
from numdiff.arithmetic.running_operations import NOTHING, Operations, Running
from numdiff.floats.formats import Dyadic, FloatFormat

_DOUBLE = 53
"""Bits of the significand of a double."""


@dataclass(frozen=True)
class _RunningEngine(Engine):
    """The engine; ``x ** array`` is told apart from ``x ** number``, for which NumPy has short cuts.

    `forms` are the operations that are done by columns, by name of the ufunc.
    """

    forms: Mapping[str, Callable[..., Column]] = field(default_factory=dict)

    def apply(self, name: str, columns: Sequence[Any], clean: bool) -> tuple[Any, bool]:
        """Apply one function to columns of elements, as `Engine.apply` does."""
        if name == "power" and not isinstance(columns[1], repeat):
            name = "power_of_array"
        form = self.forms.get(name)
        if form is None:
            return super().apply(name, columns, clean)
        result = form(*map(_as_column, columns), self.careful)
        return result, result.is_clean


def _as_column(operand: Any) -> Column:
    if isinstance(operand, Column):
        return operand
    return Column.of([next(operand)] if isinstance(operand, repeat) else operand)


@cache
def operations_of(fmt: FloatFormat, arithmetic: Arithmetic = "platform") -> Operations:
    """Return the operations on elements in a format.

    Their constants are formed at one precision, whoever asks first, so that a bound is the same double in every run.
    """
    with working(working_precision(fmt)):
        return Operations(fmt, arithmetic)


@cache
def forms_of(fmt: FloatFormat, arithmetic: Arithmetic = "platform") -> Mapping[str, Callable[..., Column]]:
    """Return the operations on columns of elements in a format, by name of the ufunc."""
    with working(working_precision(fmt)):
        return ColumnForms(operations_of(fmt, arithmetic)).forms


@cache
def _engine(fmt: FloatFormat, arithmetic: Arithmetic, by_columns: bool) -> Engine:
    operations = operations_of(fmt, arithmetic)
    return _RunningEngine(
        name=f"running errors of {fmt.name}, {arithmetic} functions",
        lift=operations.lift,
        functions=operations.functions,
        value_order=lambda a, b: ball_functions.order(a.value, b.value),
        integral=lambda a: ball_functions.integral(a.value),
        compare=operations.compare,
        finite=_is_bounded,
        failures=(ZeroDivisionError, ValueError, OverflowError),
        union=operations.union,
        # What is undefined for the exact function need not be NaN as computed, and the other way round.
        ambiguous=frozenset({"fmax", "fmin", "heaviside", "isnan", "isinf", "isfinite"}),
        forms=forms_of(fmt, arithmetic) if by_columns else {},
    )


def evaluation_errors(
    f: Callable[[Any], Any], points: Sequence[Dyadic], fmt: FloatFormat, used: frozenset[str] | None = None
) -> list[float]:
    """Bound the rounding error of a callable at numbers of a format.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; it is called once, with all points.
    points : sequence of Dyadic
        The arguments, each a number of the format.
    fmt : FloatFormat
    used : frozenset of str, optional
        The names of the ufuncs of f, where they are known.

    Returns
    -------
    list of float
        For each x̂ an upper bound on |f̂(x̂) − f(x̂)|, proved given the limits of the elementary functions (of which a
        `Rounded` callable needs none that were searched for), a double rounded up; infinity where there is none.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    """
    with working(working_precision(fmt)):
        return _by_columns(f, _points(points, fmt), fmt, used).bounds.tolist()


def scaled_evaluation_errors(
    f: Callable[[Any], Any], points: Sequence[Dyadic], fmt: FloatFormat, arithmetic: Arithmetic | None = None
) -> list[tuple[float, int]]:
    """Return the bounds of `evaluation_errors` as pairs (μ, e) for μ·2**e, so that none under- or overflows.

    μ is rounded up and of [½, 1], or 0 with e = 0, or infinite with e = 0. With the arithmetic "rounded" they hold if
    all elementary functions are correctly rounded, whether those of f are or not.
    """
    with working(working_precision(fmt)):
        found = _evaluated(f, _points(points, fmt), fmt, arithmetic, False)
        return [_split_up(item.error) if _is_bounded(item) else (math.inf, 0) for item in found]


def _points(points: Sequence[Dyadic], fmt: FloatFormat) -> list[Running]:
    known = KnownArithmetic(fmt)
    return [Running(exact(*point), NOTHING, known.constant(point)) for point in points]


def enclosed(
    f: Callable[[Any], Any], intervals: Sequence[Ball], fmt: FloatFormat, used: frozenset[str] | None = None
) -> Column:
    """Enclose values and rounding errors over intervals, as elements for further arithmetic; some may be `Undefined`.

    To be called inside ``balls.working(working_precision(fmt))``.
    """
    return _by_columns(f, [Running(arb_of(interval), NOTHING) for interval in intervals], fmt, used)


def working_precision(fmt: FloatFormat) -> int:
    """Return the bits of the enclosures: room for an error of a unit in a result that has lost all its digits."""
    return 2 * fmt.precision + 64


def _by_columns(f: Callable[[Any], Any], items: list[Running], fmt: FloatFormat, used: frozenset[str] | None) -> Column:
    with np.errstate(all="ignore"):  # numbers that no column holds
        return _as_column(_evaluated(f, Column.of(items), fmt, None, True, used))


def _evaluated(
    f: Callable[[Any], Any],
    items: Any,
    fmt: FloatFormat,
    arithmetic: Arithmetic | None,
    by_columns: bool,
    used: frozenset[str] | None = None,
) -> Any:
    """Evaluate f on elements, with the limits of the functions that it uses or of those of another arithmetic."""
    if without_limit(f, fmt, arithmetic, used):
        return [Undefined.UNDECIDED] * len(items)
    with np.errstate(all="ignore"):  # longdouble scalars warn on overflow
        return evaluate_exactly(f, _engine(fmt, arithmetic or arithmetic_of(f), by_columns), items)


def _is_bounded(item: Any) -> bool:
    return type(item) is not Undefined and bool(item.value.is_finite() and item.error.is_finite())


def _split_up(ball: Any) -> tuple[float, int]:
    """Return μ·2**e that is not below the magnitude of any number of a finite ball."""
    mantissa, exponent = map(int, ball.abs_upper().man_exp())
    bits = mantissa.bit_length()
    excess = max(0, bits - _DOUBLE)
    return math.ldexp(-(-mantissa >> excess), excess - bits), exponent + bits if mantissa else 0
