"""Tables by number: f, f′ and Taylor coefficients, each certified by Arb.

f(y) = s + g and t = f′(y) are kept as pairs of doubles, g and t with the error that a pair leaves; the coefficients
f⁽ᵏ⁾(y)/k! for k = 2 … ORDER are doubles, certified to 2⁻⁵². Where f has a parity, y ≥ 0 is computed and the rest
follows exactly.
"""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from experiments.half_precision_atlas.forms import Form
from experiments.half_precision_atlas.numbers import Numbers
from numdiff.arithmetic import balls
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import dyadic, nearest_double

__all__ = ["ORDER", "TINY_TAIL", "Table", "table_of"]

ORDER = 12
"""The last coefficient."""
PRECISION = 512
"""Bits: exp(2y²) − 1 at the smallest y of bfloat16, 2⁻¹³³, has 265 fewer than 1, and a pair has 107."""
TINY_TAIL = 2.0**-1000
"""What is left of f − s and of f′ where |y| ≥ 720."""
_CERTAIN = 56
"""Bits by which a coefficient exceeds its radius: rounded to nearest it is off by less than 2⁻⁵² of it."""


@dataclass(eq=False)
class Table:
    """What is known of f at every number of a format; arrays of float64 by bit pattern, NaN where nothing is.

    Attributes
    ----------
    base : ndarray
        s.
    high, low, error : ndarray
        g = high + low ± error.
    slope_high, slope_low, slope_error : ndarray
        t.
    upper, lower : ndarray
        slope_high in two pieces of 27 and 26 bits: their products with a number of the format are exact.
    coefficients : list of ndarray
        For k = 2 … ORDER.
    tail : ndarray
        How far f may be from its value anywhere up to the neighbouring numbers, where that is all that is known of it
        (|y| ≥ 720); 0 elsewhere.
    """

    base: np.ndarray
    high: np.ndarray
    low: np.ndarray
    error: np.ndarray
    slope_high: np.ndarray
    slope_low: np.ndarray
    slope_error: np.ndarray
    upper: np.ndarray
    lower: np.ndarray
    coefficients: list[np.ndarray]
    tail: np.ndarray


def table_of(form: Form, numbers: Numbers) -> Table:
    """Return the table of a function in a format."""
    size = len(numbers.values)
    columns = np.full((8 + ORDER, size), np.nan)
    tail = np.zeros(size)
    asked = _asked(form, numbers)
    columns[:, asked] = _exact_columns(numbers.values[asked]) if form.exact else _rows(form, numbers.values[asked])
    if form.parity:
        _mirror(form, numbers, asked, columns)
    for values, base in _tails(form, numbers.values):
        columns[:, values] = 0.0
        columns[0, values], columns[3, values], columns[6, values] = base, TINY_TAIL, TINY_TAIL
        tail[values] = 2 * TINY_TAIL
    base, high, low, error, slope_high, slope_low, slope_error, *coefficients = columns[: 6 + ORDER]
    upper = _upper_half(slope_high)
    return Table(
        base, high, low, error, slope_high, slope_low, slope_error, upper, slope_high - upper, coefficients, tail
    )


def _asked(form: Form, numbers: Numbers) -> np.ndarray:
    """Return the bit patterns at which f is computed."""
    values = numbers.values
    inside = np.isfinite(values) & (values > form.low) & (values < form.high)
    if form.parity:
        inside &= ~np.signbit(values)
    return np.flatnonzero(inside)


def _tails(form: Form, values: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Return where f is its limit but for less than 2**-1000, and the limit."""
    finite = np.isfinite(values)
    found = []
    if form.left_tail:
        found.append((np.flatnonzero(finite & (values <= form.low)), form.far_left))
    if form.right_tail:
        found.append((np.flatnonzero(finite & (values >= form.high)), form.far_right))
    return found


def _mirror(form: Form, numbers: Numbers, asked: np.ndarray, columns: np.ndarray) -> None:
    """Fill in f at −y from f at y ≥ 0; at 0 the coefficients that the parity excludes are 0."""
    even = form.parity > 0
    signs = np.array([1.0 if (k % 2 == 0) == even else -1.0 for k in range(ORDER + 1)])
    zeros = asked[numbers.values[asked] == 0]
    for k in range(ORDER + 1):
        if signs[k] < 0:
            columns[_rows_of(k), zeros] = 0.0
    other = asked + numbers.sign_bit
    columns[:, other] = columns[:, asked]
    for k in range(ORDER + 1):
        rows = _rows_of(k)[:2]
        columns[rows, other[:, None]] = signs[k] * columns[rows, asked[:, None]]
    columns[0, other] = columns[0, asked] if even else form.far_left + form.far_right - columns[0, asked]


def _rows_of(k: int) -> list[int]:
    """Return the rows of the k-th coefficient, the one of its error last for f and f′."""
    return [1, 2, 3] if k == 0 else [4, 5, 6] if k == 1 else [5 + k]


def _exact_columns(y: np.ndarray) -> np.ndarray:
    """Return the columns of y²: every entry is exact, because y has at most 11 bits."""
    columns = np.zeros((8 + ORDER, y.size))
    columns[1], columns[4], columns[7] = y * y, 2.0 * y, 1.0
    return columns


def _rows(form: Form, y: np.ndarray) -> np.ndarray:
    """Return the columns at some numbers, computed in Arb."""
    found = np.zeros((8 + ORDER, y.size))
    points = [dyadic(value) for value in y.tolist()]
    for j, series in enumerate(balls.taylor_coefficients(form.function, points, ORDER, PRECISION)):
        if not isinstance(series, list):
            raise ArithmeticError(f"f has no series at {y[j]!r}")
        found[:, j] = _row(form, float(y[j]), series)
    return found


def _row(form: Form, y: float, series: list[Ball]) -> list[float]:
    """Return the column of one number: s, g, t and the coefficients."""
    base = form.centre if abs(y) < form.near else form.far_right if y > 0 else form.far_left
    value = _shifted(series[0], form.factor, form.offset - base)
    slope, *others = (_shifted(ball, form.factor, 0.0) for ball in series[1:])
    row = [base, *_pair(value), *_pair(slope)]
    for k, ball in enumerate(others, 2):
        excluded = y == 0 and form.parity != 0 and (k % 2 == 0) != (form.parity > 0)
        row.append(0.0 if excluded else _coefficient(ball, y))
    return row + [0.0] * (8 + ORDER - len(row))


def _shifted(ball: Ball, factor: float, offset: float) -> Ball:
    """Return factor·ball + offset, for a factor of ±1."""
    mid = -ball.mid if factor < 0 else ball.mid
    if not offset:
        return Ball(mid, ball.rad, ball.exp)
    m, e = dyadic(offset)
    low = min(e, ball.exp)
    return Ball((mid << (ball.exp - low)) + (m << (e - low)), ball.rad << (ball.exp - low), low)


def _pair(ball: Ball) -> tuple[float, float, float]:
    """Return a ball as hi + lo and a bound of the error."""
    high = _double(ball.mid, ball.exp)
    low, rest = _rounded_rest(ball, high)
    # The last term is for a bound that is subnormal, where the product is not larger.
    bound = nearest_double(*rest.as_integer_ratio()) * (1 + 2.0**-50) + 2.0**-1074 if rest else 0.0
    return high, low, bound


def _rounded_rest(ball: Ball, high: float) -> tuple[float, Fraction]:
    """Return what a double leaves of a ball, as a double, and what that leaves, with the radius."""
    e = min(ball.exp, -1200)
    m = ball.mid << (ball.exp - e)
    number = dyadic(high)
    m -= number[0] << (number[1] - e)
    low = _double(m, e)
    number = dyadic(low)
    m -= number[0] << (number[1] - e)
    return low, Fraction(abs(m) + (ball.rad << (ball.exp - e)), 1 << -e)


def _double(mantissa: int, exponent: int) -> float:
    return nearest_double(mantissa << max(exponent, 0), 1 << max(-exponent, 0))


def _coefficient(ball: Ball, y: float) -> float:
    """Return the double nearest to the midpoint of a ball.

    Raises
    ------
    ArithmeticError
        If the ball is too wide to certify it.
    """
    if ball.rad and abs(ball.mid).bit_length() - ball.rad.bit_length() <= _CERTAIN:
        raise ArithmeticError(f"a coefficient at {y!r} is not certain to {_CERTAIN} bits")
    return _double(ball.mid, ball.exp)


def _upper_half(values: np.ndarray) -> np.ndarray:
    """Return doubles cut to 26 or 27 bits (Veltkamp's splitting, on mantissas so that nothing overflows)."""
    mantissa, exponent = np.frexp(values)
    scaled = mantissa * 134217729.0
    return np.ldexp(scaled - (scaled - mantissa), exponent)
