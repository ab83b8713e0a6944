"""The closed form of the optimal step: what is published, and what it is the minimum of."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.formulas.table import METHODS
from numdiff.rules.textbook import closed_form_error, closed_form_step, nth_root

STENCILS = [method for method in METHODS.values() if isinstance(method, Stencil)]
positive = st.floats(1e-30, 1e30)


@given(positive, positive)
def test_closed_form_of_the_forward_difference_is_that_of_gill_murray_saunders_and_wright(noise: float, d2: float):
    """SIAM J. Sci. Stat. Comput. 4 (1983), section 2: h = 2√(ε/|f″|), where the error is 2√(ε|f″|)."""
    h = closed_form_step(FORWARD, noise, -d2)
    assert h is not None
    assert float(h) == pytest.approx(2 * math.sqrt(noise / d2), rel=4 * 2**-53)
    assert closed_form_error(FORWARD, noise, d2, float(h)) == pytest.approx(2 * math.sqrt(noise * d2), rel=16 * 2**-53)


@given(positive, positive)
def test_closed_form_is_numerical_recipes_up_to_their_constant(noise: float, derivative: float) -> None:
    """Numerical Recipes, section 5.7: √(ε f/f″) and ∛(ε f/f‴), which leave the constants 2 and ∛3 out."""
    forward, middle = (closed_form_step(stencil, noise, derivative) for stencil in (FORWARD, CENTERED))
    assert float(forward or 0) / math.sqrt(noise / derivative) == pytest.approx(2, rel=8 * 2**-53)
    assert float(middle or 0) / math.cbrt(noise / derivative) == pytest.approx(math.cbrt(3), rel=8 * 2**-53)


def test_closed_form_of_the_centered_difference_is_that_of_burden_and_faires() -> None:
    """Section 4.1: f = sin at 0.9 with values rounded to 5·10⁻⁶ and M = cos 0.8 = 0.69671 gives h ≈ 0.028."""
    h = closed_form_step(CENTERED, 5e-6, 0.69671)
    assert round(float(h or 0), 3) == 0.028


def test_closed_form_of_the_second_difference() -> None:
    """4ε/h² + |f⁗|h²/12 is smallest at h⁴ = 48ε/|f⁗|."""
    h = closed_form_step(METHODS["second_centered"], 1e-16, 3.0)  # type: ignore[arg-type]
    assert float(h or 0) == pytest.approx((48e-16 / 3) ** 0.25, rel=1e-14)


@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
def test_closed_form_minimises_its_two_terms(stencil: Stencil) -> None:
    h = float(closed_form_step(stencil, 1e-10, 7.0) or 0)
    least = closed_form_error(stencil, 1e-10, 7.0, h)
    assert all(closed_form_error(stencil, 1e-10, 7.0, h * factor) > least for factor in (0.5, 0.99, 1.01, 2.0))
    # Truncation and noise are as m to p.
    truncation = abs(float(stencil.leading_error_constant)) * 7 * h**stencil.accuracy_order
    assert least == pytest.approx(truncation * (1 + stencil.accuracy_order / stencil.derivative_order), rel=1e-12)


@pytest.mark.parametrize("noise, derivative", [(0.0, 1.0), (1.0, 0.0), (math.inf, 1.0), (1.0, math.nan)])
def test_closed_form_has_no_answer_without_noise_or_without_truncation(noise: float, derivative: float) -> None:
    assert closed_form_step(CENTERED, noise, derivative) is None


@given(st.fractions(min_value=Fraction(1, 10**40), max_value=10**40), st.integers(1, 10))
def test_root_is_correct_to_80_bits(value: Fraction, degree: int) -> None:
    root = nth_root(value, degree)
    assert root**degree <= value < (root * (1 + Fraction(1, 2**78))) ** degree
