"""The step for a function that varies over the size of x."""

import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.formulas.table import METHODS
from numdiff.rules.scale import SCALE, scale_steps, step_exponent

STENCILS = [method for method in METHODS.values() if isinstance(method, Stencil)]


@pytest.mark.parametrize("name", FORMATS)
def test_exponents_are_those_of_the_known_steps(name: str) -> None:
    """2√u for the forward difference, (3u)^⅓ for the centered one, both to the nearest power of two."""
    fmt = FORMATS[name]
    log_u = -fmt.precision
    assert abs(step_exponent(fmt, FORWARD) - (1 + log_u / 2)) <= 0.5
    assert abs(step_exponent(fmt, CENTERED) - (math.log2(3) + log_u) / 3) <= 0.5


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
def test_step_is_within_half_a_binade_of_the_minimum_of_the_two_terms(name: str, stencil: Stencil) -> None:
    """With f and its derivatives of size 1: twice or half the step costs more than √2 to the power of m or p loses."""
    fmt, m, p = FORMATS[name], stencil.derivative_order, stencil.accuracy_order

    def error(h: float) -> float:
        return abs(float(stencil.leading_error_constant)) * h**p + float(stencil.weight_sum * fmt.unit_roundoff) / h**m

    h = 2.0 ** step_exponent(fmt, stencil)
    best = (m * float(stencil.weight_sum * fmt.unit_roundoff) / (p * abs(float(stencil.leading_error_constant)))) ** (
        1 / (m + p)
    )
    assert 2**-0.5 * (1 - 1e-12) <= h / best <= 2**0.5 * (1 + 1e-12)
    assert error(h) <= error(best) * 2 ** (max(m, p) / 2) * (1 + 1e-12)


@pytest.mark.parametrize("name", FORMATS)
def test_steps_follow_the_binade_of_x_from_1_on_and_never_overflow(name: str) -> None:
    fmt = FORMATS[name]
    one = Fraction(2) ** step_exponent(fmt, CENTERED)
    largest = fmt.round(fmt.largest_finite)
    x = np.array([0.0, 0.25, -1.0, 3.0, -6.0, largest, -largest], dtype=fmt.dtype)
    steps = [fmt.lift(h) for h in scale_steps(fmt, CENTERED, x)]
    assert steps[:5] == [one, one, one, 2 * one, 4 * one]
    assert steps[5] == steps[6] == one * Fraction(2) ** fmt.max_exponent <= fmt.lift(largest_step(CENTERED, fmt))
    # A wide formula multiplies the step: the limit is what remains.
    wide = METHODS["centered8"]
    assert isinstance(wide, Stencil)
    (h,) = scale_steps(fmt, wide, x[5:6])
    assert 0 < h <= largest_step(wide, fmt)


def test_subnormal_points_take_the_step_of_0() -> None:
    tiny = np.array([5e-324, 2.2e-308])
    assert scale_steps(FORMATS["float64"], FORWARD, tiny).tolist() == [2.0**-25] * 2


def test_the_rule_takes_the_step_that_gradients_take() -> None:
    for fmt in FORMATS.values():
        for x in (0.0, 0.75, 12.0):
            number = fmt.constant(x)
            choice = SCALE(np.exp, number, fmt, CENTERED, None, (-math.inf, math.inf))
            assert choice.step == scale_steps(fmt, CENTERED, np.array([number], dtype=fmt.dtype))[0]
            assert choice.step.dtype == fmt.dtype
