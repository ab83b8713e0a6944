"""Stencils against published tables, against exact differentiation of polynomials, and against wrong input."""

import copy
import dataclasses
import math
import os
import pickle
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.formulas.stencil import (
    BACKWARD,
    CENTERED,
    COMPLEX_STEP,
    FORWARD,
    ComplexStep,
    Stencil,
    backward,
    centered,
    forward,
    from_offsets,
)
from tests.formulas.exact_formula import applied_exactly

# B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988) 699-706.
# Table 1, centered approximations at a grid point: (derivative, accuracy) → weights at −p/2 … p/2.
FORNBERG_TABLE_1 = {
    (1, 2): "-1/2 0 1/2",
    (1, 4): "1/12 -2/3 0 2/3 -1/12",
    (1, 6): "-1/60 3/20 -3/4 0 3/4 -3/20 1/60",
    (1, 8): "1/280 -4/105 1/5 -4/5 0 4/5 -1/5 4/105 -1/280",
    (2, 2): "1 -2 1",
    (2, 4): "-1/12 4/3 -5/2 4/3 -1/12",
    (2, 6): "1/90 -3/20 3/2 -49/18 3/2 -3/20 1/90",
    (2, 8): "-1/560 8/315 -1/5 8/5 -205/72 8/5 -1/5 8/315 -1/560",
}
# Table 3, one-sided approximations at a grid point: weights at 0, 1, 2, …
FORNBERG_TABLE_3 = {
    (1, 1): "-1 1",
    (1, 2): "-3/2 2 -1/2",
    (1, 3): "-11/6 3 -3/2 1/3",
    (1, 4): "-25/12 4 -3 4/3 -1/4",
    (1, 5): "-137/60 5 -5 10/3 -5/4 1/5",
    (1, 6): "-49/20 6 -15/2 20/3 -15/4 6/5 -1/6",
    (1, 7): "-363/140 7 -21/2 35/3 -35/4 21/5 -7/6 1/7",
    (1, 8): "-761/280 8 -14 56/3 -35/2 56/5 -14/3 8/7 -1/8",
    (2, 1): "1 -2 1",
    (2, 2): "2 -5 4 -1",
    (2, 3): "35/12 -26/3 19/2 -14/3 11/12",
    (2, 4): "15/4 -77/6 107/6 -13 61/12 -5/6",
    (2, 5): "203/45 -87/5 117/4 -254/9 33/2 -27/5 137/180",
    (2, 6): "469/90 -223/10 879/20 -949/18 41 -201/10 1019/180 -7/10",
    (2, 7): "29531/5040 -962/35 621/10 -4006/45 691/8 -282/5 2143/90 -206/35 363/560",
}

FAMILY = [
    *(forward(p, m) for m in (1, 2) for p in range(1, 9)),
    *(backward(p, m) for m in (1, 2) for p in range(1, 9)),
    *(centered(p, m) for m in (1, 2) for p in (2, 4, 6, 8, 10)),
    CENTERED.richardson(),
    CENTERED.richardson(3),
    FORWARD.richardson(),
    FORWARD.richardson().richardson(),
    CENTERED.richardson().richardson(3),
    centered(4, 2).richardson(),
    BACKWARD.richardson(4),
    from_offsets("skew", [Fraction(-1, 2), 0, 1, Fraction(7, 4)]),
    from_offsets("third", [-2, -1, 0, 1, 2], 3),
    from_offsets("fourth", [-3, -1, 0, Fraction(1, 4), 2, 5], 4),
]
IDS = [f"{s.name}-{i}" for i, s in enumerate(FAMILY)]
ANY = st.sampled_from(FAMILY)
RATIONALS = st.fractions(-50, 50, max_denominator=1000)


def weights_of(stencil: Stencil) -> dict[Fraction, Fraction]:
    return dict(zip(stencil.offsets, stencil.weights, strict=True))


def row(text: str, first: int) -> dict[Fraction, Fraction]:
    entries = {Fraction(first + i): Fraction(entry) for i, entry in enumerate(text.split())}
    return {offset: weight for offset, weight in entries.items() if weight}


def derivative(coefficients: list[Fraction], order: int) -> list[Fraction]:
    """Differentiate Σ aₖxᵏ: the coefficients move down and are multiplied."""
    for _ in range(order):
        coefficients = [k * a for k, a in enumerate(coefficients)][1:]
    return coefficients


def value(coefficients: list[Fraction], x: Fraction) -> Fraction:
    return sum((a * x**k for k, a in enumerate(coefficients)), Fraction(0))


def applied(stencil: Stencil, coefficients: list[Fraction], x: Fraction, h: Fraction) -> Fraction:
    return applied_exactly(stencil, [value(coefficients, x + c * h) for c in stencil.offsets], h)


# --- against the literature --------------------------------------------------------------------------


@pytest.mark.parametrize("orders", FORNBERG_TABLE_1)
def test_centered_weights_are_those_of_fornberg_table_1(orders):
    m, p = orders
    assert weights_of(centered(p, m)) == row(FORNBERG_TABLE_1[orders], -p // 2)


@pytest.mark.parametrize("orders", FORNBERG_TABLE_3)
def test_forward_weights_are_those_of_fornberg_table_3(orders):
    m, p = orders
    assert weights_of(forward(p, m)) == row(FORNBERG_TABLE_3[orders], 0)


def test_the_two_point_stencils_are_the_formulas_of_the_course():
    assert weights_of(FORWARD) == {Fraction(0): -1, Fraction(1): 1}
    assert weights_of(BACKWARD) == {Fraction(0): 1, Fraction(-1): -1}
    assert weights_of(CENTERED) == {Fraction(1): Fraction(1, 2), Fraction(-1): Fraction(-1, 2)}
    assert (FORWARD.accuracy_order, BACKWARD.accuracy_order, CENTERED.accuracy_order) == (1, 1, 2)
    assert (FORWARD.name, BACKWARD.name, CENTERED.name) == ("forward", "backward", "centered")


def test_leading_error_constants_of_the_textbook():
    """Taylor: (f(x+h) − f(x))/h = f′ + h f″/2 + …, centered h² f‴/6, second centered h² f⁗/12, fourth −h⁴f⁽⁵⁾/30."""
    assert FORWARD.leading_error_constant == Fraction(1, 2)
    assert BACKWARD.leading_error_constant == Fraction(-1, 2)
    assert CENTERED.leading_error_constant == Fraction(1, 6)
    assert centered(2, 2).leading_error_constant == Fraction(1, 12)
    assert centered(4).leading_error_constant == Fraction(-1, 30)
    assert centered(6).leading_error_constant == Fraction(1, 140)
    assert centered(4, 2).leading_error_constant == Fraction(-1, 90)
    assert forward(2).leading_error_constant == Fraction(-1, 3)


@pytest.mark.parametrize("k", range(1, 6))
def test_leading_error_constant_of_centered_has_its_closed_form(k):
    """(−1)^(k+1) (k!)² / (2k + 1)! for the first derivative of accuracy 2k."""
    expected = Fraction((-1) ** (k + 1) * math.factorial(k) ** 2, math.factorial(2 * k + 1))
    assert centered(2 * k).leading_error_constant == expected


@pytest.mark.parametrize("p", range(1, 9))
def test_leading_error_constant_of_forward_has_its_closed_form(p):
    """(−1)^(p+1) / (p + 1) for the first derivative."""
    assert forward(p).leading_error_constant == Fraction((-1) ** (p + 1), p + 1)
    assert backward(p).leading_error_constant == Fraction(-1, p + 1)


def test_the_weight_sums_of_the_textbook():
    sums = [s.weight_sum for s in (FORWARD, CENTERED, centered(4), centered(2, 2))]
    assert sums == [2, 1, Fraction(3, 2), 4]


def test_the_complex_step_is_second_order_with_its_taylor_constant():
    """Im (x + ih)ᵏ / h for k = 3: 3x² − h², so the error is −h² = C·f‴·h² with f‴ = 6."""
    x, h = Fraction(3, 7), Fraction(1, 8)
    imaginary = 3 * x**2 * h - h**3
    error = imaginary / h - 3 * x**2
    assert error == COMPLEX_STEP.leading_error_constant * 6 * h**COMPLEX_STEP.accuracy_order
    assert ComplexStep() == COMPLEX_STEP
    assert (COMPLEX_STEP.name, COMPLEX_STEP.derivative_order) == ("complex_step", 1)
    assert COMPLEX_STEP.complex_nodes
    assert not CENTERED.complex_nodes
    assert (COMPLEX_STEP.evaluations, CENTERED.evaluations, centered(4, 2).evaluations) == (1, 2, 5)


# --- exactness ---------------------------------------------------------------------------------------


@given(ANY, st.data())
def test_polynomials_of_degree_below_m_plus_p_are_differentiated_exactly(stencil, data):
    size = stencil.derivative_order + stencil.accuracy_order
    coefficients = data.draw(st.lists(RATIONALS, min_size=size, max_size=size))
    x, h = data.draw(RATIONALS), data.draw(RATIONALS.filter(bool))
    exact = value(derivative(coefficients, stencil.derivative_order), x)
    assert applied(stencil, coefficients, x, h) == exact


@given(ANY, st.data())
def test_at_degree_m_plus_p_the_error_is_exactly_the_leading_term(stencil, data):
    m, p = stencil.derivative_order, stencil.accuracy_order
    coefficients = data.draw(st.lists(RATIONALS, min_size=m + p, max_size=m + p))
    coefficients.append(data.draw(RATIONALS.filter(bool)))
    x, h = data.draw(RATIONALS), data.draw(RATIONALS.filter(bool))
    error = applied(stencil, coefficients, x, h) - value(derivative(coefficients, m), x)
    highest = math.factorial(m + p) * coefficients[-1]
    assert error == stencil.leading_error_constant * highest * h**p
    assert error != 0


@pytest.mark.parametrize("stencil", FAMILY, ids=IDS)
def test_derived_quantities_are_those_of_the_definition(stencil):
    m, p = stencil.derivative_order, stencil.accuracy_order
    moments = [sum(w * c**k for c, w in weights_of(stencil).items()) for k in range(m + p + 1)]
    assert moments[:m] == [0] * m
    assert moments[m] == math.factorial(m)
    assert moments[m + 1 : m + p] == [0] * (p - 1)
    assert moments[m + p] == stencil.moment(m + p) == math.factorial(m + p) * stencil.leading_error_constant != 0
    assert stencil.weight_sum == sum(abs(w) for w in stencil.weights)
    assert all(w != 0 for w in stencil.weights)


@pytest.mark.parametrize("stencil", FAMILY, ids=IDS)
def test_numerators_stand_over_the_least_common_denominator(stencil):
    assert tuple(Fraction(n, stencil.denominator) for n in stencil.numerators) == stencil.weights
    assert math.gcd(stencil.denominator, *stencil.numerators) == 1
    assert all(type(n) is int for n in stencil.numerators)
    assert stencil.denominator > 0


@pytest.mark.parametrize("stencil", FAMILY, ids=IDS)
def test_dyadic_offsets_are_the_offsets(stencil):
    assert [Fraction(m) * Fraction(2) ** e for m, e in stencil.dyadic_offsets] == list(stencil.offsets)


@pytest.mark.parametrize("stencil", FAMILY, ids=IDS)
def test_nodes_are_summed_from_the_outermost_inward(stencil):
    reach = [abs(c) for c in stencil.offsets]
    assert reach == sorted(reach, reverse=True)


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("p", [1, 2, 3, 5, 8])
def test_backward_is_forward_mirrored(p, m):
    mirrored = {-c: (-1) ** m * w for c, w in weights_of(forward(p, m)).items()}
    assert weights_of(backward(p, m)) == mirrored
    assert backward(p, m).accuracy_order == p
    assert backward(p, m).leading_error_constant == (-1) ** p * forward(p, m).leading_error_constant


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("p", [2, 4, 6, 8, 12])
def test_centered_weights_are_odd_for_the_first_and_even_for_the_second_derivative(p, m):
    weights = weights_of(centered(p, m))
    assert all(weights[-c] == (-1) ** m * w for c, w in weights.items())
    assert (Fraction(0) in weights) == (m == 2)
    assert all(centered(p, m).moment(k) == 0 for k in range(m + 1, 20, 2))


@pytest.mark.parametrize("make", [forward, backward])
@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("p", [1, 2, 3, 4, 7, 12])
def test_one_sided_stencils_have_the_accuracy_asked_for(make, p, m):
    stencil = make(p, m)
    assert (stencil.accuracy_order, stencil.derivative_order, stencil.evaluations) == (p, m, p + m)


@pytest.mark.parametrize("m", [1, 2])
@pytest.mark.parametrize("p", [2, 4, 8, 12])
def test_centered_stencils_have_the_accuracy_asked_for(p, m):
    stencil = centered(p, m)
    assert (stencil.accuracy_order, stencil.derivative_order, stencil.evaluations) == (p, m, p + (m == 2))


def test_names_are_distinct():
    built = FAMILY[:42]
    assert len({stencil.name for stencil in built}) == len(built)


@given(
    st.lists(st.integers(-40, 40), min_size=3, max_size=6, unique=True),
    st.integers(0, 3),
    st.integers(1, 2),
)
def test_a_stencil_on_any_dyadic_offsets_is_exact_as_far_as_its_nodes_reach(numbers, shift, m):
    stencil = from_offsets("any", [Fraction(n, 2**shift) for n in numbers], m)
    assert stencil.accuracy_order + m >= len(numbers)


# --- Richardson --------------------------------------------------------------------------------------


def test_richardson_of_centered_is_the_fourth_order_stencil():
    extrapolated = CENTERED.richardson()
    assert (extrapolated.offsets, extrapolated.weights) == (centered(4).offsets, centered(4).weights)


def test_richardson_of_centered_second_derivative_is_its_fourth_order_stencil():
    assert weights_of(centered(2, 2).richardson()) == weights_of(centered(4, 2))


def test_richardson_of_forward_is_the_three_point_stencil():
    """(4f(x + h) − 3f(x) − f(x + 2h)) / 2h."""
    assert weights_of(FORWARD.richardson()) == weights_of(forward(2))


def test_repeated_richardson_gains_an_order_each_time():
    one_sided, symmetric = FORWARD, CENTERED
    for k in range(1, 4):
        one_sided, symmetric = one_sided.richardson(), symmetric.richardson()
        assert (one_sided.accuracy_order, symmetric.accuracy_order) == (k + 1, 2 * k + 2)
    # Romberg's table: offsets 1, 2, 4, 8 and no others.
    assert sorted(abs(c) for c in symmetric.offsets) == [1, 1, 2, 2, 4, 4, 8, 8]


@given(ANY, st.integers(2, 5))
def test_richardson_is_the_combination_of_the_two_differences(stencil, ratio):
    m, gain = stencil.derivative_order, ratio**stencil.accuracy_order
    coefficients = [Fraction(k * k - 7 * k + 3) for k in range(18)]
    x, h = Fraction(3, 4), Fraction(1, 8)
    fine, coarse = applied(stencil, coefficients, x, h), applied(stencil, coefficients, x, ratio * h)
    extrapolated = stencil.richardson(ratio)
    assert applied(extrapolated, coefficients, x, h) == (gain * fine - coarse) / (gain - 1)
    assert extrapolated.derivative_order == m
    assert extrapolated.accuracy_order > stencil.accuracy_order
    assert isinstance(extrapolated, Stencil)


@pytest.mark.parametrize("ratio", [1, 0, -2, 2.0, Fraction(3, 2), "2", None, True, np.True_, np.float64(2), np.int8(1)])
def test_a_richardson_ratio_that_is_no_integer_of_at_least_two_is_refused(ratio):
    with pytest.raises(ValueError, match="ratio must be an integer of at least 2, got"):
        CENTERED.richardson(ratio)


# --- what is refused ---------------------------------------------------------------------------------


@given(ANY, st.data())
def test_any_single_wrong_weight_is_refused(stencil, data):
    index = data.draw(st.integers(0, len(stencil.weights) - 1))
    change = data.draw(RATIONALS.filter(bool))
    weights = list(stencil.weights)
    weights[index] += change
    with pytest.raises(ValueError, match=r"must have moment \d+ equal to|must not be zero"):
        Stencil("wrong", stencil.offsets, tuple(weights), stencil.derivative_order)


@pytest.mark.parametrize(
    "offsets, weights, m, message",
    [
        ((1, 0), (1, -2), 1, r"weights of stencil 'bad' must have moment 0 equal to 0 .*got -1"),
        ((1, -1), (1, -1), 1, r"moment 1 equal to 1 \(sum of w\*c\*\*1\), got 2"),
        ((1, 0), (-1, 1), 1, "moment 1 equal to 1 .*got -1"),
        ((1, 0, -1), (1, -2, 1), 1, "moment 1 equal to 1 .*got 0"),
        ((1, 0, -1), (2, -4, 2), 2, "moment 2 equal to 2 .*got 4"),
        ((1, 0, -1), (2, -3, 1), 2, "moment 1 equal to 0 .*got 1"),
        ((1, -1), (Fraction(1, 2), Fraction(-1, 2)), 2, "moment 1 equal to 0 .*got 1"),
        ((), (), 1, "moment 1 equal to 1 .*got 0"),
    ],
)
def test_a_wrong_weight_is_refused_with_the_moment_that_fails(offsets, weights, m, message):
    with pytest.raises(ValueError, match=message):
        Stencil("bad", offsets, weights, m)


def test_a_duplicate_offset_is_refused():
    with pytest.raises(ValueError, match="offsets of stencil 'bad' must be distinct, got 1 twice"):
        Stencil("bad", (1, Fraction(2, 2), 0), (Fraction(1, 2), Fraction(1, 2), -1))
    with pytest.raises(ValueError, match="offsets of stencil 'bad' must be distinct, got 0, 1, 1"):
        from_offsets("bad", [0, 1, 1])


@pytest.mark.parametrize("offset", [Fraction(1, 3), Fraction(-5, 6), Fraction(1, 10)])
def test_an_offset_that_is_not_dyadic_is_refused(offset):
    weights = (1 / offset, -1 / offset)
    with pytest.raises(ValueError, match=f"offsets of stencil 'bad' must be dyadic rationals, got {offset}"):
        Stencil("bad", (offset, 0), weights)
    with pytest.raises(ValueError, match="must be dyadic rationals"):
        from_offsets("bad", [0, offset])


def test_a_decimal_offset_is_its_binary_value_and_passes_while_its_weight_does_not():
    """0.1 as a float is dyadic; 10 is then not the exact weight, and the moment says so."""
    with pytest.raises(ValueError, match="moment 1 equal to 1"):
        Stencil("bad", (0.1, 0), (10, -10))


def test_a_zero_weight_is_refused():
    with pytest.raises(ValueError, match="weights of stencil 'bad' must not be zero"):
        Stencil("bad", (1, 0, -1), (Fraction(1, 2), 0, Fraction(-1, 2)))


@pytest.mark.parametrize("weights", [(1,), (1, -1, 0), ()])
def test_unequal_lengths_are_refused(weights):
    with pytest.raises(ValueError, match=f"as many as offsets, got {len(weights)} for 2 offsets"):
        Stencil("bad", (1, 0), weights)


@pytest.mark.parametrize("m", [0, -1, 1.0, "1", None, True, np.True_, np.float64(1), np.int64(0)])
def test_a_derivative_order_below_one_is_refused(m):
    with pytest.raises(ValueError, match=f"derivative_order must be an integer .* 1, got {re.escape(repr(m))}"):
        Stencil("bad", (1, 0), (1, -1), m)
    with pytest.raises(ValueError, match="derivative_order must be an integer of at least 1, got "):
        from_offsets("bad", (1, 0), m)


@pytest.mark.parametrize("p", [1, 3, 7])
def test_an_odd_accuracy_of_a_centered_stencil_is_refused(p):
    with pytest.raises(ValueError, match=f"centered stencil must be even, got {p}"):
        centered(p)


@pytest.mark.parametrize("make", [forward, backward, centered])
@pytest.mark.parametrize("p", [0, -2, 2.0, "2", None, True, np.True_, np.float64(2), np.int16(-2)])
def test_an_accuracy_order_that_is_no_positive_integer_is_refused(make, p):
    with pytest.raises(ValueError, match=f"accuracy_order must be an integer of at least 1, got {re.escape(repr(p))}"):
        make(p)


@pytest.mark.parametrize("make", [forward, backward, centered])
@pytest.mark.parametrize("m", [0, -1, None, True, 1.0, np.True_, np.float64(1), np.int64(-3)])
def test_a_derivative_order_that_is_no_positive_integer_is_refused_by_the_families(make, m):
    with pytest.raises(ValueError, match=f"derivative_order must be an integer .* 1, got {re.escape(repr(m))}"):
        make(2, m)


@pytest.mark.parametrize("make", [forward, backward, centered])
@pytest.mark.parametrize("p", [2, 4, 6])
@pytest.mark.parametrize("m", range(1, 9))
def test_a_family_has_the_orders_that_were_asked_for_on_the_fewest_nodes(make, p, m):
    made = make(p, m)
    assert (made.accuracy_order, made.derivative_order) == (p, m)
    fewest = m + p - 1 + m % 2 if make is centered else m + p
    assert max(made.offsets) - min(made.offsets) + 1 == fewest
    assert made.moment(m) == math.factorial(m)


def test_names_say_which_derivative_and_what_order():
    assert [centered(2, m).name for m in range(1, 5)] == [
        "centered",
        "second_centered",
        "third_centered",
        "fourth_centered",
    ]
    assert (centered(4, 3).name, forward(1, 5).name) == ("third_centered4", "fifth_forward")
    names = {make(p, m).name for make in (forward, backward, centered) for p in (2, 4) for m in range(1, 13)}
    assert len(names) == 3 * 2 * 12
    assert all(name.replace("_", "").isalnum() for name in names)


def test_the_third_derivative_is_the_formula_of_the_textbooks():
    made = centered(2, 3)
    pairs = dict(zip(made.offsets, made.weights, strict=True))
    assert pairs == {2: Fraction(1, 2), 1: -1, -1: 1, -2: Fraction(-1, 2)}
    assert made.leading_error_constant == Fraction(1, 4)


@pytest.mark.parametrize("kind", [np.int8, np.int64, np.uint32])
def test_orders_and_ratios_may_be_integers_of_numpy(kind):
    for made, expected in [
        (forward(kind(3), kind(2)), forward(3, 2)),
        (backward(kind(2)), backward(2)),
        (centered(kind(4), kind(1)), centered(4)),
        (CENTERED.richardson(kind(3)), CENTERED.richardson(3)),
        (from_offsets("mine", [1, 0, -1], kind(2)), from_offsets("mine", [1, 0, -1], 2)),
        (Stencil("mine", (1, 0), (1, -1), kind(1)), Stencil("mine", (1, 0), (1, -1), 1)),
    ]:
        assert made == expected
        assert repr(made) == repr(expected)  # no NumPy integer is left in it
        assert type(made.derivative_order) is int


def test_offsets_and_weights_may_be_numbers_of_numpy_and_are_taken_exactly():
    made = Stencil("mine", np.array([1, -1]), (np.float32(0.5), np.float64(-0.5)))
    assert made == Stencil("mine", (1, -1), (Fraction(1, 2), Fraction(-1, 2)))
    assert all(type(part) is int for c in (*made.offsets, *made.weights) for part in c.as_integer_ratio())


@pytest.mark.parametrize("bad", ["x", "1", None, 1j, [1], True, np.True_])
def test_an_offset_or_weight_that_is_no_number_is_refused_by_name(bad):
    got = re.escape(f"got {type(bad).__name__} {bad!r}")
    with pytest.raises(TypeError, match=f"offsets of stencil 'a' must be rational numbers, {got}"):
        Stencil("a", (bad, 1), (1, -1))
    with pytest.raises(TypeError, match=f"weights of stencil 'a' must be rational numbers, {got}"):
        Stencil("a", (0, 1), (-1, bad))
    with pytest.raises(TypeError, match=f"offsets of stencil 'a' must be rational numbers, {got}"):
        from_offsets("a", (bad, 1))


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, np.float32("nan")])
def test_an_offset_or_weight_that_is_not_finite_is_refused_by_name(bad):
    got = re.escape(f"got {bad!r}")
    with pytest.raises(ValueError, match=f"offsets of stencil 'a' must be finite, {got}"):
        Stencil("a", (bad, 1), (1, -1))
    with pytest.raises(ValueError, match=f"weights of stencil 'a' must be finite, {got}"):
        Stencil("a", (0, 1), (bad, 1))


def test_offsets_that_are_no_sequence_are_refused_by_name():
    with pytest.raises(TypeError, match="offsets of stencil 'a' must be a sequence of numbers, got 1"):
        Stencil("a", 1, (1,))


def test_too_few_offsets_are_refused():
    with pytest.raises(ValueError, match="offsets must be more than derivative_order=2, got 2"):
        from_offsets("bad", [0, 1], 2)


# --- as a value --------------------------------------------------------------------------------------


def test_offsets_and_weights_become_fractions():
    stencil = Stencil("mine", [0.5, 0], [2, -2])  # type: ignore[arg-type]
    assert stencil.offsets == (Fraction(1, 2), Fraction(0))
    assert all(type(entry) is Fraction for entry in (*stencil.offsets, *stencil.weights))


def test_equal_stencils_are_equal_and_hash_alike():
    assert forward(3) == forward(3)
    assert hash(forward(3)) == hash(forward(3))
    assert len({CENTERED, centered(), FORWARD, ComplexStep(), COMPLEX_STEP}) == 3
    assert centered(4) != CENTERED.richardson()  # they differ in name


def test_a_hash_that_was_pickled_is_right_in_another_process():
    """The hash of text differs from process to process, and the pickle carries what was computed before."""
    original = Stencil("mine", (1, 0), (1, -1))
    hash(original)
    code = (
        "import pickle, sys; from numdiff.formulas.stencil import Stencil; "
        "twin = pickle.load(sys.stdin.buffer); assert twin in {Stencil('mine', (1, 0), (1, -1))}"
    )
    root = Path(__file__).resolve().parents[2]
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        command = [sys.executable, "-c", code]
        subprocess.run(command, input=pickle.dumps(original), env=environment, cwd=root, check=True)


def test_a_stencil_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CENTERED.weights = (Fraction(1), Fraction(-1))  # type: ignore[misc]


def test_replacing_a_weight_is_proved_again():
    with pytest.raises(ValueError, match="moment 0"):
        dataclasses.replace(CENTERED, weights=(Fraction(1), Fraction(-1, 2)))


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("method", [CENTERED, forward(4, 2), CENTERED.richardson(3), COMPLEX_STEP])
def test_methods_survive_pickling_and_copying_with_or_without_cached_quantities(method, warm):
    original = dataclasses.replace(method)
    if warm:
        names = ("accuracy_order", "leading_error_constant", "weight_sum", "numerators", "denominator")
        assert all(getattr(original, name) for name in names)
    for twin in (pickle.loads(pickle.dumps(original)), copy.deepcopy(original), copy.copy(original)):
        assert twin == original
        assert hash(twin) == hash(original)
        assert twin.leading_error_constant == method.leading_error_constant
        assert twin.numerators == method.numerators


@pytest.mark.parametrize("n", [1, 2, 10, 150])
def test_weights_of_any_order_are_those_in_closed_form(n):
    # The slopes at 0 of Lagrange's polynomials on −n … n: the products of k' ≠ 0, k over those of k − k'.
    stencil = centered(2 * n)
    for c, weight in zip(stencil.offsets, stencil.weights, strict=True):
        k = abs(int(c))
        size = Fraction(math.factorial(n) ** 2, k * math.factorial(n - k) * math.factorial(n + k))
        assert weight == (size if (c > 0) == (k % 2 == 1) else -size)
