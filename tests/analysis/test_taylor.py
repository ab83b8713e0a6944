"""The truncation error, summed from certified Taylor coefficients."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.analysis import taylor
from numdiff.analysis.taylor import TERMS, Scaled, split, taylor_series, total, truncation_error
from numdiff.arithmetic import balls
from numdiff.floats.dyadic import dyadic
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.formulas.table import METHODS
from tests.formulas.exact_formula import applied_exactly

STENCILS = [method for method in METHODS.values() if isinstance(method, Stencil)]


def series_of(f: Any, x: float) -> Any:
    return taylor_series(f, [dyadic(x)])[0]


def test_coefficients_of_exp_are_reciprocal_factorials() -> None:
    series = series_of(np.exp, 0.0)
    assert [series.coefficient(j) for j in range(TERMS + 1)] == [1 / math.factorial(j) for j in range(TERMS + 1)]
    assert series.derivative(7) == pytest.approx(1, rel=2**-52)


@pytest.mark.parametrize("order", [0, 1, 5, 20])
def test_all_coefficients_at_once_are_those_of_single_derivatives(order: int) -> None:
    points = [dyadic(0.75), dyadic(2.5)]
    together = balls.taylor_coefficients(lambda x: np.sin(x) / x, points, TERMS, 256)
    for item, single in zip(together, balls.derivatives(lambda x: np.sin(x) / x, points, order, 256), strict=True):
        assert isinstance(item, list)
        assert len(item) == TERMS + 1
        distance = abs(item[order].midpoint * math.factorial(order) - single.midpoint)  # type: ignore[union-attr]
        assert distance <= item[order].radius * math.factorial(order) + single.radius  # type: ignore[union-attr]


def test_taylor_coefficients_refuse_a_negative_order() -> None:
    with pytest.raises(ValueError, match="order must not be negative, got -1"):
        balls.taylor_coefficients(np.exp, [dyadic(1)], -1, 64)


def test_a_coefficient_that_cancels_at_256_bits_is_found() -> None:
    """The value of cos(x) − 1 + x²/2 at x = 2⁻⁸⁰ is x⁴/24, 2⁻³²⁰ of 1; at 256 bits it is a ball around 0."""
    x = 2.0**-80
    series = series_of(lambda x: np.cos(x) - 1 + x**2 / 2, x)
    assert series.coefficient(0) == pytest.approx(x**4 / 24, rel=2**-50)


def test_no_series_at_a_kink_a_pole_and_outside_of_the_domain() -> None:
    points = [dyadic(0.0), dyadic(1.0)]
    assert [item is None for item in taylor_series(np.abs, points)] == [True, False]
    assert [item is None for item in taylor_series(lambda x: 1 / x, points)] == [True, False]
    assert [item is None for item in taylor_series(lambda x: np.log(x - 0.5), points)] == [True, False]


@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
@pytest.mark.parametrize("k", [-2, 0, 3, 12])
def test_the_signed_sum_is_the_truncation_error(stencil: Stencil, k: int) -> None:
    """Against the formula in exact arithmetic, of values that are known to 2⁻⁶⁰⁰."""
    f, x, h = np.exp, Fraction(1, 2), Fraction(2) ** -k
    if k == -2 and max(map(abs, stencil.offsets)) > 2:
        pytest.skip("16 is too wide for 48 terms of exp")
    nodes = balls.values(f, [dyadic(x + c * h) for c in stencil.offsets], 640)
    (center,) = balls.values(f, [dyadic(x)], 640)
    exact = applied_exactly(stencil, [node.midpoint for node in nodes], h) - center.midpoint
    found = truncation_error(series_of(f, 0.5), stencil, np.array([float(h)]))[0]
    # A sum of positive terms, or of terms that fall fast; each is rounded a few times.
    assert found == pytest.approx(float(exact), rel=TERMS * 4 * 2**-53 * 64)


def test_odd_terms_alone_count_for_the_centered_difference() -> None:
    """sin at 0 has odd terms only, cos even ones."""
    h = np.array([0.25])
    assert truncation_error(series_of(np.sin, 0.0), CENTERED, h)[0] == pytest.approx(np.sin(0.25) / 0.25 - 1)
    assert truncation_error(series_of(np.cos, 0.0), CENTERED, h)[0] == 0
    assert truncation_error(series_of(np.cos, 0.0), FORWARD, h)[0] == pytest.approx((np.cos(0.25) - 1) / 0.25)


def test_a_step_beyond_the_radius_of_convergence_is_infinitely_wrong() -> None:
    """The series of 1/x at 1 converges for h < 1, to T = h/(1 + h)."""
    found = truncation_error(series_of(lambda x: 1 / x, 1.0), FORWARD, np.array([0.5, 0.8, 1.0, 1.5, 1e300]))
    assert found[:2] == pytest.approx([0.5 / 1.5, 0.8 / 1.8], rel=4 * 0.8**TERMS)
    assert np.isinf(found[2:]).all()


def test_coefficients_beyond_the_doubles_do_not_overflow() -> None:
    """exp(2⁴⁰x) at 0 has coefficients up to 2¹⁹²⁰/48!; at h = 2⁻⁴² all terms are small."""
    series = series_of(lambda x: np.exp(2.0**40 * x), 0.0)
    found = truncation_error(series, FORWARD, np.array([2.0**-42]))[0]
    assert found == pytest.approx(2.0**42 * (math.expm1(0.25) - 0.25), rel=1e-12)


@pytest.mark.parametrize(("x", "known"), [(1e300, False), (1e10, False), (-1e300, True), (-1e10, True)])
def test_function_beyond_every_format_has_no_series_and_one_below_it_the_series_of_zero(x: float, known: bool) -> None:
    (series,) = taylor_series(np.exp, [dyadic(x)])
    assert (series is not None) == known
    assert series is None or not series.mantissas.any()


def term_by_term(series: taylor.Series, stencil: Stencil, steps: np.ndarray) -> Scaled:
    """Return the sum of equation (1) as it is written, one term after the other."""
    by, power, terms = split(steps), np.ones(steps.shape), []
    for j in range(stencil.derivative_order + 1, TERMS + 1):
        power = power * by.mantissas
        if (moment := float(stencil.moment(j))) and series.mantissas[j]:
            exponents = (j - stencil.derivative_order) * by.exponents + series.exponents[j]
            terms.append(Scaled(moment * series.mantissas[j] * power, exponents))
    return total(terms)


@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
@pytest.mark.parametrize("size", [1, 2, 7, 300])
def test_all_points_and_steps_at_once_give_the_bits_of_term_by_term(stencil: Stencil, size: int) -> None:
    """Of even, odd and short series, and at infinite steps too."""
    steps = np.ldexp(1.2357, np.arange(-size, 0))
    steps[-1] = np.inf if size > 2 else steps[-1]
    several = [series_of(f, 0.0) for f in (np.exp, np.sin, np.cos, lambda x: x**3 - x, lambda x: 0 * x)]
    with np.errstate(invalid="ignore"):
        found = taylor.scaled_truncation_errors(several, stencil, steps)
        for i, series in enumerate(several):
            expected = term_by_term(series, stencil, steps)
            kept = ~np.isinf(found.mantissas[i])
            in_its_unit = np.ldexp(expected.mantissas, expected.exponents - found.exponents[i])
            assert np.array_equal(found.mantissas[i][kept], in_its_unit[kept])
            values = taylor.scaled_value(series, -steps)
            alone = [taylor.scaled_value(series, -steps[k : k + 1]) for k in range(size)]
            assert np.array_equal(values.mantissas, np.concatenate([one.mantissas for one in alone]), equal_nan=True)


@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
def test_terms_that_are_left_out_of_many_short_steps_change_no_bit(stencil: Stencil) -> None:
    """Of series with gaps, of any growth, and with terms that cancel: few steps at a time have all terms."""
    rng = np.random.default_rng(stencil.evaluations)
    steps = np.sort(np.ldexp(rng.uniform(1, 2, 900), rng.integers(-90, 20, 900)))
    for growth in (-3, 0, 2, 9):
        exponents = rng.integers(-6, 6, TERMS + 1) + growth * np.arange(TERMS + 1)
        mantissas = rng.uniform(0.5, 1, TERMS + 1) * rng.choice([-1, 0, 1], TERMS + 1, p=[0.4, 0.2, 0.4])
        series = taylor.Series(mantissas, exponents)
        together = taylor.scaled_truncation_errors([series], stencil, steps).values[0]
        apart = [taylor.scaled_truncation_errors([series], stencil, part).values[0] for part in np.split(steps, 30)]
        assert np.isfinite(together).sum() > 100
        assert together.tobytes() == np.concatenate(apart).tobytes()


@pytest.mark.parametrize("k", [-50, 23, 60])
def test_offsets_and_steps_that_make_the_same_nodes_have_the_same_truncation(k: int) -> None:
    """The moments of such offsets are beyond the doubles."""
    c = Fraction(2) ** k
    far = Stencil("far", (c, -c), (Fraction(1, 2) / c, -Fraction(1, 2) / c))
    steps = np.ldexp(1.5, np.arange(-90, 0))
    series = series_of(np.exp, 0.0)
    expected = taylor.truncation_error(series, CENTERED, steps)
    assert (expected > 0).all()
    assert taylor.truncation_error(series, far, np.ldexp(steps, -k)).tobytes() == expected.tobytes()


def test_a_sum_whose_first_term_comes_late_has_all_its_terms() -> None:
    late = taylor.Series(np.where(np.arange(TERMS + 1) > 20, 0.75, 0.0), np.zeros(TERMS + 1, dtype=np.int64))
    steps = np.ldexp(1.5, np.arange(-40, 30))
    together = taylor.scaled_truncation_errors([late], FORWARD, steps).values[0]
    assert together[20] == pytest.approx(0.75 * steps[20] ** 20 / (1 - steps[20]), rel=1e-12)
    apart = [taylor.truncation_error(late, FORWARD, steps[i : i + 1]) for i in range(len(steps))]
    assert together.tobytes() == np.concatenate(apart).tobytes()
