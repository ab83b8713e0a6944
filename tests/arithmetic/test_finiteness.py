"""Finiteness is looked at wherever it can be lost, so that nothing infinite is made finite again."""

import math
from dataclasses import replace

import numpy as np
import pytest
from flint import arb, arb_series
from hypothesis import given
from hypothesis import strategies as st

from numdiff.arithmetic import Undefined, balls, series
from numdiff.arithmetic.ball import Ball

NOT_FINITE = [arb("nan"), arb("inf"), -arb("inf"), arb("0 +/- inf")]
WIDE = Ball(0, 1, 0)
"""From −1 to 1: over it 1/x, log and their kin are no balls."""
FINITE_AGAIN = {
    "tanh": lambda g: lambda x: np.tanh(g(x)),
    "arctan": lambda g: lambda x: np.arctan(g(x)),
    "where": lambda g: lambda x: np.where(x < 2, x, g(x)),
    "the other branch": lambda g: lambda x: np.where(x < 2, g(x), x),
    "exp of minus the square": lambda g: lambda x: np.exp(-g(x) * g(x)),
    "exp of minus the size": lambda g: lambda x: np.exp(-np.abs(g(x))),
    "a product with 0": lambda g: lambda x: 0.0 * g(x),
    "a product with a difference that is 0": lambda g: lambda x: (x - x) * g(x),
    "a quotient by it": lambda g: lambda x: 1 / g(x),
    "a power": lambda g: lambda x: g(x) ** 0,
    "sign": lambda g: lambda x: np.sign(g(x)),
    "maximum": lambda g: lambda x: np.maximum(g(x), 1e300),
    "hyperbolic cosine": lambda g: lambda x: 1 / np.cosh(g(x)),
}
LOST = {
    "reciprocal": lambda x: 1 / x,
    "log": lambda x: np.log(x * x),
    "tangent": lambda x: np.tan(2 * x),
    "root": lambda x: np.sqrt(x),
    "power": lambda x: x**-3,
    "product of what is lost": lambda x: 3 * (1 / x) - 1,
}


@pytest.fixture
def careful(monkeypatch):
    """Return what looks at every coefficient after every operation, as a function of f, a ball and an order."""
    engines = {}
    for name in ("_REAL", "_SERIES", "_POINTWISE"):
        engine = getattr(balls, name)
        every = arb.is_finite if name == "_REAL" else lambda item: all(map(arb.is_finite, item.coeffs()))
        engines[name] = replace(engine, closed=frozenset(), finite=every)

    def found(function, *arguments):
        with monkeypatch.context() as context:
            for name, engine in engines.items():
                context.setattr(balls, name, engine)
            return function(*arguments)

    return found


@pytest.mark.parametrize("again", FINITE_AGAIN)
@pytest.mark.parametrize("lost", LOST)
def test_what_has_no_enclosure_inside_has_none_that_a_later_function_makes(again, lost, careful):
    """Over an interval with a pole inside, beside it, and at the pole: only an untaken branch is forgotten."""
    f = FINITE_AGAIN[again](LOST[lost])
    for order in (0, 1, 2, 4):
        intervals = [Ball(0, 1, 0), Ball(1, 1, -1), Ball(3, 1, -2), Ball(-3, 1, -2)]
        found = balls.enclose_derivatives(f, intervals, order, 128)
        assert found == careful(balls.enclose_derivatives, f, intervals, order, 128)
        assert isinstance(found[0], Undefined) == (again != "where")
        points = [(0, 0), (1, 0), (-1, -3)]
        assert balls.derivatives(f, points, order, 128) == careful(balls.derivatives, f, points, order, 128)


@pytest.mark.parametrize("again", FINITE_AGAIN)
def test_one_bad_interval_among_good_ones_is_told_from_them(again):
    f = FINITE_AGAIN[again](LOST["reciprocal"])
    good = [Ball(3, 1, -2), Ball(5, 1, -2)]
    for order in (1, 3):
        together = balls.enclose_derivatives(f, [good[0], WIDE, good[1]], order, 128)
        alone = [balls.enclose_derivatives(f, [ball], order, 128)[0] for ball in (good[0], WIDE, good[1])]
        assert together == alone


@pytest.mark.parametrize("name", sorted(balls._CLOSED))
def test_ufuncs_that_are_not_looked_at_keep_huge_tiny_and_wide_numbers_finite(name):
    huge, tiny = arb((1, 1 << 80)), arb((1, -(1 << 80)))
    numbers = [arb(0), arb(1), huge, tiny, -huge, arb(huge, huge), arb(0, 1), arb(0, huge), arb(tiny, 1)]
    arity = 2 if name in ("add", "subtract", "multiply") else 1
    with balls.working(64, 3):
        parts = [arb_series([a, b, a]) for a in numbers for b in numbers]
        pairs = zip(*[parts, parts[::-1]][:arity], strict=True)
        assert all(series.finite(balls._SERIES.functions[name](*pair)) for pair in pairs)
        pairs = [(a, b)[:arity] for a in numbers for b in numbers]
        assert all(balls._REAL.functions[name](*pair).is_finite() for pair in pairs)


@pytest.mark.parametrize("n", [1, 2, 3, 7, 12, 13, 49])
def test_one_coefficient_that_is_not_finite_is_found_wherever_it_stands(n):
    with balls.working(128, n):
        assert series.finite(arb_series([arb(1, 2)] * n))
        assert series.finite(arb_series([arb(0)] * n))
        for bad in NOT_FINITE:
            for k in range(n):
                for rest in (arb(0), arb(1), arb("inf"), -arb("inf")):
                    assert not series.finite(arb_series([bad if j == k else rest for j in range(n)]))


@given(st.lists(st.floats() | st.sampled_from([math.inf, -math.inf, math.nan]), min_size=1, max_size=14))
def test_a_series_is_finite_where_all_its_coefficients_are(values):
    with balls.working(64, len(values)):
        assert series.finite(arb_series([arb(value) for value in values])) == all(map(math.isfinite, values))
