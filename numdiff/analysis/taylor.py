r"""Taylor coefficients of a callable, and the truncation error of a stencil summed from them, beyond all doubles.

With the moments Mⱼ = Σ wᵢcᵢʲ of a stencil, Taylor's theorem gives

    T(z, h) = Σ wᵢ f(z + cᵢh)/hᵐ − f⁽ᵐ⁾(z) = Σ_{j>m} Mⱼ·f⁽ʲ⁾(z)/j!·hʲ⁻ᵐ,                                          (1)

all odd j for a centered first difference, all j for a one-sided one, each with its sign.

A `Scaled` number is mantissa·2**exponent. Sums are formed in the unit of their largest term, so that a multiplication
of all terms by one power of two changes nothing but exponents, and where plain doubles have room the results are
theirs, bit for bit: additions and square roots commute with exact scaling (by 4ᵏ for the latter).

References
----------
B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988) 699-706,
section 1: the moments.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from numdiff.arithmetic import balls
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import Dyadic, nearest_double
from numdiff.formulas.stencil import Stencil

TERMS = 48
"""The last j: enough up to steps of 0.8 times the radius of convergence (0.8⁴⁸ = 2·10⁻⁵)."""
LARGEST_LAST_SHARE = 0.01
"""The sum has a value where none of its last eight terms is a larger share of it.

For a pole at the distance ρ the terms fall like (h/ρ)ʲ: that admits steps up to 0.96ρ, where what is left out is 15 %
of the sum. Predicted steps are far smaller: those of the suite are the same with a tenth or ten times of it.
"""
_LAST = 8
"""How many terms are looked at: f may have every second, third or fourth coefficient alone, as exp(x⁴) has at 0."""
HIGHEST_LEADING = TERMS - _LAST
"""The last j at which a truncation error may begin: with its leading term among those last ones no sum has a value."""
_MANY, _FEW = 64, 8
"""From so many steps on, those that are so short that so few terms decide the sum are told from the others."""
_PRECISIONS = (256, 512, 1024)
_CERTAIN = 60
"""Bits by which a coefficient must exceed its radius, seven more than a double has: the midpoint is rounded to the
nearest double or to its neighbour. What does not exceed it at 1024 bits is 0 for all that can be seen."""

CONTINUED_BITS = 40
"""Bits to which f has to agree with its Taylor series beyond an obstacle that is none, as a removable singularity.

The terms are rounded to doubles and their number is 49, which leaves 47 bits. A kink x − a of slope 1 shows where
|x − a| exceeds 2⁻⁴⁰|f|.
"""

_NOWHERE = -(1 << 40)
"""Below the exponent of every number: that of a sum that is 0."""
_FAR = 4000
"""Where doubles have long under- or overflowed."""


# --- doubles with exponents of their own ------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Scaled:
    """Numbers mantissa·2**exponent.

    Attributes
    ----------
    mantissas : ndarray of float64
        Of moderate size, so that their squares are normal doubles; or 0 or infinite.
    exponents : ndarray of int64
        Of a shape that broadcasts with `mantissas`.
    """

    mantissas: np.ndarray
    exponents: np.ndarray

    @property
    def values(self) -> np.ndarray:
        """The nearest doubles."""
        return shifted(self.mantissas, self.exponents)

    def times(self, factor: float) -> "Scaled":
        """Return the product with a factor of moderate size."""
        return Scaled(self.mantissas * factor, self.exponents)


def split(values: np.ndarray) -> Scaled:
    """Return doubles as mantissas in ±[½, 1) and exponents."""
    mantissas, exponents = np.frexp(values)
    return Scaled(mantissas, exponents.astype(np.int64))


def shifted(mantissas: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    """Return mantissa·2**exponent as doubles, whatever the exponent."""
    # np.clip takes three times as long for arrays of this size.
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(mantissas, np.minimum(np.maximum(exponents, -_FAR), _FAR)))


def _unit(terms: Sequence[Scaled]) -> np.ndarray:
    """Return the largest exponent of the terms that are neither 0 nor infinite."""
    unit = np.asarray(_NOWHERE)
    for term in terms:
        counts = (term.mantissas != 0) & np.isfinite(term.mantissas)
        unit = np.maximum(unit, np.where(counts, term.exponents, _NOWHERE))
    return unit


def total(terms: Sequence[Scaled]) -> Scaled:
    """Return the sum, added from the first term to the last."""
    unit = _unit(terms)
    result = np.zeros(unit.shape)
    for term in terms:
        result = result + shifted(term.mantissas, term.exponents - unit)
    return Scaled(result, unit)


def total_of_squares(terms: Sequence[Scaled]) -> Scaled:
    """Return the sum of the squares, added from the first term to the last."""
    unit = _unit(terms)
    result = np.zeros(unit.shape)
    with np.errstate(under="ignore"):
        for term in terms:
            part = shifted(term.mantissas, term.exponents - unit)
            result = result + part * part
    return Scaled(result, 2 * unit)


def _in_one_unit(terms: Scaled) -> tuple[np.ndarray, np.ndarray]:
    """Return terms, a row for each, in the unit of the largest of a column, and the exponents of the units."""
    counts = (terms.mantissas != 0) & np.isfinite(terms.mantissas)
    unit = np.max(np.where(counts, terms.exponents, _NOWHERE), axis=0, initial=_NOWHERE)
    return shifted(terms.mantissas, terms.exponents - unit), unit


def _added(parts: np.ndarray) -> np.ndarray:
    """Return the sum of rows, added to +0.0 from the first to the last: `numpy.add.reduce` has another order."""
    if not len(parts):
        return np.zeros(parts.shape[1:])
    sums: np.ndarray = np.add.accumulate(parts, axis=0)[-1]
    return sums + 0.0


def total_of_rows(terms: Scaled) -> Scaled:
    """Return `total` of the rows of an array of terms."""
    parts, unit = _in_one_unit(terms)
    return Scaled(_added(parts), unit)


def total_of_squared_rows(terms: Scaled) -> Scaled:
    """Return `total_of_squares` of the rows of an array of terms."""
    parts, unit = _in_one_unit(terms)
    with np.errstate(under="ignore"):
        return Scaled(_added(parts * parts), 2 * unit)


def larger(numbers: Scaled, floor: Scaled, where: np.ndarray) -> Scaled:
    """Return the numbers, none of which is less than a floor where that is asked for; all are at least 0."""
    low = where & (shifted(floor.mantissas, floor.exponents - numbers.exponents) > numbers.mantissas)
    return Scaled(np.where(low, floor.mantissas, numbers.mantissas), np.where(low, floor.exponents, numbers.exponents))


def root(number: Scaled) -> Scaled:
    """Return the square root."""
    odd = number.exponents & 1
    return Scaled(np.sqrt(np.ldexp(number.mantissas, odd)), (number.exponents - odd) >> 1)


# --- the series -------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Series:
    """The coefficients f⁽ʲ⁾(z)/j! at one point, each as mantissa·2**exponent, so that none overflows.

    Attributes
    ----------
    mantissas : ndarray of float64, shape (TERMS + 1,)
        In ±[½, 1], or 0.
    exponents : ndarray of int64, shape (TERMS + 1,)
    """

    mantissas: np.ndarray
    exponents: np.ndarray

    def coefficient(self, j: int) -> float:
        """Return f⁽ʲ⁾(z)/j! as a double."""
        return float(shifted(self.mantissas[j], self.exponents[j]))

    def derivative(self, j: int) -> float:
        """Return f⁽ʲ⁾(z) as a double."""
        return self.coefficient(j) * math.factorial(j)

    def scaled_derivative(self, j: int) -> Scaled:
        """Return f⁽ʲ⁾(z) with an exponent of its own."""
        return Scaled(self.mantissas[j] * math.factorial(j), self.exponents[j])

    def exact_derivative(self, j: int) -> Fraction:
        """Return the same number as a `Fraction`."""
        scaled = self.scaled_derivative(j)
        return Fraction(float(scaled.mantissas)) * Fraction(2) ** int(scaled.exponents)


def taylor_series(f: Callable[[Any], Any], points: Sequence[Dyadic]) -> list[Series | None]:
    """Return the Taylor coefficients at some points, from Arb's enclosures.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable.
    points : sequence of Dyadic

    Returns
    -------
    list of Series or None
        None where f has no series. Each coefficient is certified to 2⁻⁶⁰ relative before it is rounded; one that is
        enclosed together with 0 even at 1024 bits is taken for 0.

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation.
    """
    found: dict[Dyadic, list[Ball] | None] = {}
    wanted = list(dict.fromkeys(points))
    for precision in _PRECISIONS:
        for point, item in zip(wanted, balls.taylor_coefficients(f, wanted, TERMS, precision), strict=True):
            found[point] = item if isinstance(item, list) else None
        wanted = [point for point in wanted if not _certified(found[point])]
        if not wanted:
            break
    return [None if (known := found[point]) is None else _series(known) for point in points]


def _certified(coefficients: list[Ball] | None) -> bool:
    return coefficients is not None and all(map(_is_certain, coefficients))


def _is_certain(ball: Ball) -> bool:
    return not ball.rad or abs(ball.mid).bit_length() - ball.rad.bit_length() > _CERTAIN


def _series(coefficients: list[Ball]) -> Series:
    """Round the midpoints to doubles that have exponents of their own."""
    mantissas, exponents = np.zeros(len(coefficients)), np.zeros(len(coefficients), dtype=np.int64)
    for j, ball in enumerate(coefficients):
        if ball.mid and _is_certain(ball):
            bits = abs(ball.mid).bit_length()
            mantissas[j], exponents[j] = nearest_double(ball.mid, 1 << bits), ball.exp + bits
    return Series(mantissas, exponents)


def truncation_error(series: Series, stencil: Stencil, steps: np.ndarray) -> np.ndarray:
    """Return T(z, h) of equation (1).

    Parameters
    ----------
    series : Series
        At z.
    stencil : Stencil
    steps : ndarray of float64
        Positive.

    Returns
    -------
    ndarray of float64, shape of `steps`
        Infinite where the terms up to `TERMS` do not die away: the step is too wide for the series. Only + − × and
        powers of two are used, in a fixed order, so that the same bits come out on every machine.
    """
    return scaled_truncation_error(series, stencil, steps).values


def scaled_truncation_error(series: Series, stencil: Stencil, steps: np.ndarray) -> Scaled:
    """Return `truncation_error` with exponents of its own: summed in the unit of the largest term."""
    found = scaled_truncation_errors([series], stencil, steps)
    return Scaled(found.mantissas[0], found.exponents[0])


def scaled_truncation_errors(series: Sequence[Series], stencil: Stencil, steps: np.ndarray) -> Scaled:
    """Return `scaled_truncation_error` at several points, a row for each."""
    orders, moments = _moments(stencil)
    coefficients = _coefficients(series, orders)
    terms = Scaled(coefficients.mantissas * moments.mantissas, coefficients.exponents + moments.exponents)
    powers, by = orders - stencil.derivative_order, split(steps)
    if steps.size < _MANY:
        return _sum_of_terms(terms, powers, by, orders > TERMS - _LAST)
    short = np.isfinite(by.mantissas) & (by.exponents <= _few_terms_up_to(terms, powers))
    shape = (len(series), *steps.shape)
    found = Scaled(np.empty(shape), np.empty(shape, dtype=np.int64))
    last = orders > TERMS - _LAST
    for where, kept in ((short, slice(_FEW)), (~short, slice(None))):
        some = Scaled(terms.mantissas[kept], terms.exponents[kept])
        sums = _sum_of_terms(some, powers[kept], Scaled(by.mantissas[where], by.exponents[where]), last[kept])
        found.mantissas[:, where], found.exponents[:, where] = sums.mantissas, sums.exponents
    return found


@cache
def _moments(stencil: Stencil) -> tuple[np.ndarray, Scaled]:
    """Return the j of equation (1) whose Mⱼ is not 0, and these Mⱼ as a column: those of wide offsets overflow."""
    exact = {j: stencil.moment(j) for j in range(stencil.derivative_order + 1, TERMS + 1)}
    orders = [j for j, moment in exact.items() if moment]
    exponents = [exact[j].numerator.bit_length() - exact[j].denominator.bit_length() for j in orders]
    mantissas = [float(exact[j] / Fraction(2) ** e) for j, e in zip(orders, exponents, strict=True)]
    column = np.array(exponents, dtype=np.int64)[:, np.newaxis]
    return np.array(orders), Scaled(np.array(mantissas)[:, np.newaxis], column)


def _few_terms_up_to(terms: Scaled, powers: np.ndarray) -> float:
    """Return an exponent e so that for no step below 2ᵉ a term after the first `_FEW` changes a bit of the sum.

    Let t be the first term that is not 0. The others are less than a power of h/2ᵉ times their size at h = 2ᵉ. Where
    there each of the few that is k powers after t is at most 2⁻ᵏ⁻¹|t|, their sum leaves |s| ≥ |t|/2; and where all
    others are less than 2⁻⁵⁸|t|, each is less than a quarter of the spacing at s: fl(s + term) = s.
    """
    mantissas, exponents = np.frexp(terms.mantissas)
    exponents = exponents + terms.exponents
    least = math.inf
    for present, sizes in zip((mantissas != 0).T, exponents.T, strict=True):
        if not present.any():
            continue
        first = int(np.argmax(present))
        if first >= _FEW:
            return -math.inf
        later = np.flatnonzero(present)[1:]
        if later.size:
            distance = powers[later] - powers[first]
            share = np.where(later < _FEW, -distance - 1, -58)
            # |t| ≥ 2**(size − 1), the others are less than 2**size.
            least = min(least, ((share - 1 - sizes[later] + sizes[first]) / distance).min())
    return math.floor(least) if math.isfinite(least) else least


def _sum_of_terms(coefficients: Scaled, powers: np.ndarray, steps: Scaled, last: np.ndarray) -> Scaled:
    """Return Σ cₖhᵏ, added from the first to the last; infinite where the `last` of them have not died away."""
    parts, unit = _in_one_unit(_terms(coefficients.mantissas, coefficients.exponents, _powers(steps, powers)))
    result = _added(parts)
    largest = np.max(np.abs(parts[last]), axis=0, initial=0.0)
    return Scaled(np.where(largest <= LARGEST_LAST_SHARE * np.abs(result), result, np.inf), unit)


def scaled_value(series: Series, moves: np.ndarray) -> Scaled:
    """Return f(z + t) for some t, of either sign, summed up to the term `TERMS`, whether the terms die away or not."""
    orders = np.flatnonzero(series.mantissas)
    if not orders.size:
        return Scaled(np.zeros(moves.shape), np.zeros(moves.shape, dtype=np.int64))
    coefficients = _coefficients([series], orders)
    terms = _terms(coefficients.mantissas, coefficients.exponents, _powers(split(moves), orders))
    sums = total_of_rows(terms)
    return Scaled(sums.mantissas[0], sums.exponents[0])


def _coefficients(series: Sequence[Series], orders: np.ndarray) -> Scaled:
    """Return the coefficients of some orders: a row for each order, a column for each series."""
    mantissas = np.array([item.mantissas[orders] for item in series]).T
    return Scaled(mantissas, np.array([item.exponents[orders] for item in series], dtype=np.int64).T)


def _powers(by: Scaled, orders: np.ndarray) -> Scaled:
    """Return tᵏ for some k, each the product of t and the power before; a row for each k."""
    mantissas = np.ones((1 + orders[-1], *by.mantissas.shape))
    mantissas[1:] = by.mantissas
    np.multiply.accumulate(mantissas, axis=0, out=mantissas)
    return Scaled(mantissas[orders], np.multiply.outer(orders, by.exponents))


def _terms(mantissas: np.ndarray, exponents: np.ndarray, powers: Scaled) -> Scaled:
    """Return coefficients times powers: by row, series and step. A coefficient 0 leaves nothing of an infinite step."""
    coefficients = mantissas[..., np.newaxis]
    products = coefficients * powers.mantissas[:, np.newaxis]
    if not np.isfinite(powers.mantissas[-1:]).all():
        products = np.where(coefficients == 0, 0.0, products)
    return Scaled(products, exponents[..., np.newaxis] + powers.exponents[:, np.newaxis])


def converging(series: Series, distance: Fraction) -> Fraction:
    """Return a distance, halved until the last terms are `CONTINUED_BITS` below the largest one."""
    j, present = np.arange(TERMS + 1), series.mantissas != 0
    while distance > 0:
        numerator, denominator = distance.as_integer_ratio()
        sizes = series.exponents + j * (numerator.bit_length() - denominator.bit_length() + 1)
        last = present & (j > TERMS - _LAST)
        if not last.any() or sizes[last].max() <= sizes[present].max() - CONTINUED_BITS - 2:
            break
        distance /= 2
    return distance
