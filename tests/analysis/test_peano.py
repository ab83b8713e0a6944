"""Peano kernels: they reproduce the moments, and ∫|K| is the smallest constant of the remainder."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.analysis.suprema import peano_constant, peano_kernel
from numdiff.formulas.stencil import Stencil, backward, centered, forward, from_offsets
from numdiff.formulas.table import METHODS

USUAL = [
    *(method for method in METHODS.values() if isinstance(method, Stencil)),
    *(forward(p) for p in (3, 4, 6)),
    backward(5),
    forward(3, 2),
    centered(4, 2),
    centered(6, 2),
]
# Five nodes for a first derivative of order 2: one free parameter more than the moments need.
LOOSE = Stencil("loose", (-2, -1, 1, 2), (Fraction(1, 6), Fraction(-5, 6), Fraction(5, 6), Fraction(-1, 6)))


def sampled(stencil, count):
    """∫|K| by the midpoint rule with `count` points in each piece."""
    total = 0.0
    for p, width in peano_kernel(stencil):
        for i in range(count):
            s = float(width) * (i + 0.5) / count
            total += abs(sum(float(c) * s**k for k, c in enumerate(p))) * float(width) / count
    return total


@pytest.mark.parametrize("stencil", USUAL, ids=lambda stencil: stencil.name)
def test_the_constant_of_a_usual_stencil_is_its_leading_error_constant(stencil):
    assert peano_constant(stencil) == abs(stencil.leading_error_constant)


@pytest.mark.parametrize("stencil", [*USUAL, LOOSE], ids=lambda stencil: stencil.name)
def test_the_integral_of_the_kernel_is_the_leading_error_constant(stencil):
    integral = sum(
        (c * width ** (k + 1) / (k + 1) for p, width in peano_kernel(stencil) for k, c in enumerate(p)), Fraction(0)
    )
    assert integral == stencil.leading_error_constant


def test_a_kernel_that_changes_sign_has_a_larger_constant():
    """The error of the formula for a function with a sign-changing derivative reaches it."""
    found = peano_constant(LOOSE)
    assert found > abs(LOOSE.leading_error_constant)
    assert float(found) == pytest.approx(sampled(LOOSE, 4000), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-6, 6), min_size=3, max_size=6, unique=True),
    st.integers(1, 2),
    st.fractions(-2, 2, max_denominator=8),
)
def test_the_constant_bounds_the_sampled_integral_tightly(offsets, order, tilt):
    """Random stencils, and random combinations of two of them that give up an order for nothing."""
    if len(offsets) <= order + 1:
        return
    whole, part = from_offsets("whole", offsets, order), from_offsets("part", offsets[:-1], order)
    weights = dict.fromkeys((*whole.offsets, *part.offsets), Fraction(0))
    for stencil, share in ((whole, 1 - tilt), (part, tilt)):
        for c, w in zip(stencil.offsets, stencil.weights, strict=True):
            weights[c] += share * w
    used = {c: w for c, w in weights.items() if w}
    mixed = Stencil("mixed", tuple(used), tuple(used.values()), order)
    constant = peano_constant(mixed)
    assert constant >= abs(mixed.leading_error_constant)
    assert float(constant) == pytest.approx(sampled(mixed, 2000), rel=1e-3)
