"""At which steps a number inside a difference quotient exceeds the largest one of the format.

The kernels form n·f(x + c·h), the partial sums of these in the order of the stencil, and the quotients by D·h and, for
a higher derivative, by h again. Each of them is computed here from the Taylor coefficients of f at x, in doubles that
have exponents of their own.
"""

import math

import numpy as np

from numdiff.analysis.taylor import TERMS, Scaled, Series, scaled_value, shifted, split, total
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Stencil

ROUNDINGS = 8
"""What is within so many unit roundoffs of the largest number counts as overflow.

A term is off by the error of f, of a few u, and by one rounding; each sum and quotient adds one. So a number that is
accepted stays finite as computed, for functions as accurate as NumPy's.
"""


def largest_safe_step(series: Series, stencil: Stencil, fmt: FloatFormat) -> float:
    """Return a step up to which nothing overflows by a crude bound.

    Each of Σ|n|·|aⱼ|·(c·h)ʲ has to stay below 2⁻⁸ times the largest number: 49 terms and the rounding fit.
    """
    if _exceeds(series.scaled_derivative(stencil.derivative_order), fmt):
        return 0.0
    counts = math.ceil(math.log2(sum(map(abs, stencil.numerators))))
    reach = math.ceil(math.log2(max(map(abs, stencil.offsets))))
    room = np.where(series.mantissas != 0, fmt.max_exponent - 8 - counts - series.exponents, 1 << 20)
    if room[0] < 0:
        return 0.0
    binade = int((room[1:] // np.arange(1, TERMS + 1)).min()) - reach
    return math.ldexp(1.0, min(max(binade, -1074), 1023))


def overflows(series: Series, stencil: Stencil, fmt: FloatFormat, steps: np.ndarray) -> np.ndarray:
    """Say at which steps a term, a partial sum, or a quotient is larger than the largest number of the format.

    Parameters
    ----------
    series : Series
        The Taylor coefficients of f at x.
    stencil : Stencil
    fmt : FloatFormat
    steps : ndarray of float64
        Positive.

    Returns
    -------
    ndarray of bool, shape of `steps`
        Of no meaning where a step is too wide for the series.
    """
    divisor, sums = split(steps), list[Scaled]()
    hit = np.full(steps.shape, _exceeds(series.scaled_derivative(stencil.derivative_order), fmt))
    for c, n in zip(stencil.offsets, stencil.numerators, strict=True):
        term = scaled_value(series, float(c) * steps).times(float(n))
        sums = [total([*sums, term])]
        hit = hit | _exceeds(term, fmt) | _exceeds(sums[0], fmt)
    quotient = sums[0].times(1 / stencil.denominator)
    for _ in range(stencil.derivative_order):
        quotient = Scaled(quotient.mantissas / divisor.mantissas, quotient.exponents - divisor.exponents)
        hit = hit | _exceeds(quotient, fmt)
    return hit


def _exceeds(number: Scaled, fmt: FloatFormat) -> np.ndarray:
    largest = float(fmt.largest_finite / 2**fmt.max_exponent) / (1 + ROUNDINGS * float(fmt.unit_roundoff))
    return np.abs(shifted(number.mantissas, number.exponents - fmt.max_exponent)) > largest
