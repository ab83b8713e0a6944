"""What a format does with the nodes of a stencil at given steps: which it holds exactly, and which steps it would need.

A node x + c·h is exact where c·h is a number of the format and both x and c·h are multiples of the spacing at the node.
A step of few bits, of the size that suits a first difference, is such a step nearly always; among the steps below 64
spacings of x few are.
"""

import math
import sys
from fractions import Fraction
from functools import cache

import numpy as np

from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Stencil

SHORT_BITS = 32
"""Significant bits up to which a double is taken for the step itself, in a format that has more bits than a double.

A step of such a format that is given as a double may have lost bits; one of more than 32 bits probably has, and counts
as generic. The steps of a search have 7 bits at most, and generic steps all that a double holds.
"""
_DOUBLE = 53


def binade(value: Fraction) -> int:
    """Return the exponent of the binade of a positive number, ⌊log₂ value⌋, from its integers."""
    numerator, denominator = value.as_integer_ratio()
    exponent = numerator.bit_length() - denominator.bit_length()
    return exponent - (numerator << max(-exponent, 0) < denominator << max(exponent, 0))


def ulp_exponents(fmt: FloatFormat, values: np.ndarray) -> np.ndarray:
    """Return the exponent of the spacing of a format at each of some doubles."""
    lowest = fmt.min_exponent
    finite = np.clip(values, -sys.float_info.max, sys.float_info.max)
    exponents = np.where(values == 0, lowest, np.maximum(np.frexp(finite)[1] - 1, lowest))
    return exponents.astype(np.int64) - fmt.precision + 1


def exact_nodes(fmt: FloatFormat, x: Fraction, stencil: Stencil, steps: np.ndarray) -> list[np.ndarray]:
    """Say for each offset of a stencil at which steps the format holds the node.

    Parameters
    ----------
    fmt : FloatFormat
    x : Fraction
        A number of the format.
    stencil : Stencil
    steps : ndarray of float64
        Positive.

    Returns
    -------
    list of ndarray of bool, shape of `steps`
        False also where only the carry of a sum makes a node representable, as 2 − ulp/2 + 3ulp/2.
    """
    low_bit = _lowest_bit(x)
    short = np.ones(steps.shape, dtype=bool) if fmt.precision <= _DOUBLE else _has_bits(steps, SHORT_BITS)
    held = []
    for c in stencil.offsets:
        with np.errstate(over="ignore"):
            moves = float(c) * steps
            at_node = ulp_exponents(fmt, float(x) + moves)
        needed = np.maximum(at_node, ulp_exponents(fmt, moves))
        held.append(short & (at_node <= low_bit) & _is_multiple(moves, needed))
    return held


def exactly_representable(fmt: FloatFormat, x: Fraction, stencil: Stencil, steps: np.ndarray) -> np.ndarray:
    """Return the steps, each moved to the nearest one with exact nodes where that takes a multiple of the spacing.

    Parameters
    ----------
    fmt, x, stencil, steps
        As for `exact_nodes`; finite.

    Returns
    -------
    ndarray of float64
        Ascending, each once, none of them 0; numbers of the format if the steps have at most 7 bits.
    """
    factor, reach = float(_common_denominator(stencil)), float(max(map(abs, stencil.offsets)))
    with np.errstate(over="ignore"):
        unit = ulp_exponents(fmt, abs(float(x)) + reach * steps)
    with np.errstate(under="ignore"):
        moved = np.ldexp(np.rint(_shifted(steps / factor, -unit)), unit) * factor
    if fmt.precision < SHORT_BITS:
        mantissas, exponents = np.frexp(moved)
        moved = np.ldexp(np.rint(np.ldexp(mantissas, fmt.precision)), exponents - fmt.precision)
    return np.unique(moved[moved > 0])


def short_steps(fmt: FloatFormat, x: Fraction, stencil: Stencil, most: int) -> np.ndarray:
    """Return the steps of 1, 2, … `most` spacings at x, or of one over the offsets' denominator, with exact nodes."""
    spacing = fmt.spacing(abs(x)) * _common_denominator(stencil)
    steps = np.array([float(spacing * j) for j in range(1, most + 1)])
    return steps[np.logical_and.reduce(exact_nodes(fmt, x, stencil, steps)) & (steps > 0)]


def reaches(stencil: Stencil) -> tuple[Fraction, Fraction]:
    """Return how far the nodes reach to the left and to the right of x, in steps; 0 or less where there are none."""
    return -min(stencil.offsets), max(stencil.offsets)


def _lowest_bit(x: Fraction) -> float:
    """Return the exponent of the lowest set bit of a dyadic number; infinity for 0."""
    mantissa, exponent = dyadic(x)
    return exponent + (mantissa & -mantissa).bit_length() - 1 if mantissa else math.inf


def _is_multiple(values: np.ndarray, exponents: np.ndarray) -> np.ndarray:
    units = _shifted(values, -exponents)
    return units == np.rint(units)


def _shifted(values: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Return value·2**by; what is beyond the doubles is a multiple of every unit, and stays one."""
    with np.errstate(over="ignore", under="ignore"):
        return np.asarray(np.ldexp(values, np.clip(by, -4000, 4000)))


def _has_bits(values: np.ndarray, bits: int) -> np.ndarray:
    mantissas = np.ldexp(np.frexp(values)[0], bits)
    return np.asarray(mantissas == np.rint(mantissas))


@cache
def _common_denominator(stencil: Stencil) -> int:
    return math.lcm(*(c.denominator for c in stencil.offsets))
