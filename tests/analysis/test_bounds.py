"""Bounds on the error: no part of any cell exceeds its bound, and what is exact has the bound 0."""

import math
from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from numdiff.analysis import bounds as module
from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.bounds import PARTS, a_priori_bounds, both_bounds, bounds_of, sum_above
from numdiff.analysis.error_bounds import error_bounds
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import ledger_of, lifted_call
from numdiff.analysis.nodes import NodePlaces
from numdiff.analysis.reference import ExactFunction
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Stencil, centered, from_offsets
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS, general_problems
from tests.arithmetic.test_running_error import expressions

ALL = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
STENCILS = [m for m in METHODS.values() if isinstance(m, Stencil)] + [
    from_offsets("halves", (0, Fraction(1, 2), 1)),
    from_offsets("odd", (-1, 1, 3)),
    centered(4, 2),
]


@lru_cache(maxsize=1)
def problem_bounds(name):
    """Return the bounds of a problem, which formulas and formats share: their intervals have pieces in common."""
    return BoundedFunction(PROBLEMS[name].f)


def bounded_cells(f, x, h, method, fmt, function=None):
    """Return what was observed and bounded, by part; `x` and `h` are arrays of the format."""
    x, h = x[:, np.newaxis], h[np.newaxis, :]
    with np.errstate(all="ignore"):
        seen = observe(method, f, x, h)
    ledger = ledger_of(ExactFunction(f, None, "arb"), seen, x, h, method, fmt)
    function = function or BoundedFunction(f)
    found = bounds_of(function, method, fmt, x, h, seen.abscissae, seen.values)
    pairs = {part: (np.abs(getattr(ledger, part)), getattr(found, part)) for part in (*PARTS, "total")}
    return ledger, found, pairs | {"a_priori_bound": (pairs["total"][0], a_priori_bounds(function, method, fmt, x, h))}


def exceeded(pairs):
    """Return by part the cells whose error is not bounded."""
    over = {part: np.argwhere(observed > bound).tolist() for part, (observed, bound) in pairs.items()}
    return {part: cells for part, cells in over.items() if cells}


def steps(fmt, count=14):
    """Generic and dyadic steps, from ½ to where they are lost."""
    ks = np.linspace(1, fmt.precision + 2, count).astype(int)
    exact = [Fraction(factor) / 2 ** int(k) for factor in (1, Fraction(12357, 10000)) for k in ks]
    return np.array([fmt.round(h) for h in exact], fmt.dtype)


@ALL
@pytest.mark.parametrize("name", general_problems())
def test_no_error_of_a_problem_exceeds_its_bound(name, fmt):
    problem = PROBLEMS[name]
    x = fmt.as_array(np.array(problem.points))
    low, high = problem.domain
    x = x[np.isfinite(x) & (x > low) & (x < high)]
    for method in (centered(4), centered(2, 2)):
        assert not exceeded(bounded_cells(problem.f, x, steps(fmt, 7), method, fmt, problem_bounds(name))[2])


@ALL
@pytest.mark.parametrize("method", STENCILS, ids=lambda m: m.name)
def test_no_error_of_a_stencil_exceeds_its_bound(method, fmt):
    x = fmt.as_array(np.array([0.3, 1.0, -1.7, 0.0, 2.0**-12]))
    for f in (np.exp, lambda x: np.sin(3.3 * x) / (2.0 + x), lambda x: x**3 - 0.7 * x):
        ledger, found, pairs = bounded_cells(f, x, steps(fmt, 9), method, fmt)
        assert not exceeded(pairs)
        assert np.isfinite(found.total[ledger.status == "ok"]).mean() > 0.85


@ALL
@pytest.mark.parametrize("method", [FORWARD, CENTERED, centered(6), centered(2, 2)], ids=lambda m: m.name)
def test_bounds_hold_at_the_ends_of_the_range_of_a_format(method, fmt):
    """Subnormal points and steps, and points and steps near the largest number."""
    tiny = np.array([fmt.round(fmt.smallest_subnormal * k) for k in (0, 117)], fmt.dtype)
    small = np.array([fmt.round(fmt.smallest_subnormal * k) for k in (1, 333)], fmt.dtype)
    top = np.array([fmt.round(fmt.largest_finite * k / 128) for k in (-3, 128)], fmt.dtype)
    wide = np.array([fmt.round(fmt.largest_finite / k) for k in (101, 5000)], fmt.dtype)
    for f in (lambda x: x * 0.3, lambda x: x * x, np.arctan, lambda x: 1 / (1 + x * x)):
        for x, h in ((tiny, small), (top, wide)):
            ledger, _, pairs = bounded_cells(f, x, h, method, fmt)
            assert not exceeded(pairs)
            # A finite bound on the total promises a result.
            assert np.isfinite(ledger.computed[np.isfinite(pairs["a_priori_bound"][1])]).all()


@ALL
def test_dyadic_cells_of_a_parabola_have_no_error_and_the_bound_0(fmt):
    x, h = fmt.as_array(np.array([0.5, 1.25, -2.0])), fmt.as_array(np.array([0.5, 0.25]))
    _, found, pairs = bounded_cells(lambda x: x * x - 2 * x, x, h, CENTERED, fmt)
    for part in ("truncation", "abscissa", "evaluation"):
        assert not getattr(found, part).any()
    assert not exceeded(pairs)


@ALL
def test_abscissae_that_the_format_holds_cost_nothing_and_others_do(fmt):
    x = fmt.as_array(np.array([1.0]))
    held, lost = fmt.as_array(np.array([2.0**-4])), np.array([fmt.round(Fraction(12357, 10000) / 16)], fmt.dtype)
    assert bounded_cells(np.exp, x, held, CENTERED, fmt)[1].abscissa.item() == 0.0
    assert bounded_cells(np.exp, x, lost, CENTERED, fmt)[1].abscissa.item() > 0.0


@pytest.mark.parametrize("method", STENCILS, ids=lambda m: m.name)
def test_the_truncation_bound_is_reached_as_the_step_vanishes(method):
    """So a constant that is off by 2 would be seen from either side."""
    fmt = FORMATS["float80"] if "float80" in FORMATS else FORMATS["float64"]
    h = np.array([fmt.round(Fraction(1, 2**9))], fmt.dtype)
    _, found, pairs = bounded_cells(np.exp, fmt.as_array(np.array([0.3])), h, method, fmt)
    observed, bound = pairs["truncation"]
    assert observed <= bound
    assert bound <= 1.05 * observed
    assert found.reasons.item() == ""


@ALL
@pytest.mark.parametrize("factor", [1, 2])
@pytest.mark.parametrize("part", PARTS)
def test_half_a_bound_would_be_exceeded(part, factor, fmt):
    """Each bound is within a factor of 2 of what is observed somewhere."""
    x = fmt.as_array(np.linspace(0.25, 1.75, 40))
    largest = 0.0
    for f in (np.exp, lambda x: x * x * x, lambda x: 0.1 * x):
        observed, bound = bounded_cells(f, x, steps(fmt, 6), FORWARD, fmt)[2][part]
        usable = np.isfinite(observed) & (bound > 0)
        largest = max(largest, float((observed[usable] / bound[usable]).max(initial=0.0)))
    assert largest <= 1
    assert factor == 1 or factor * largest > 1


def test_a_missing_bound_says_why():
    fmt = FORMATS["float64"]
    x, h = np.array([0.5]), np.array([1.0])
    reason = bounded_cells(np.log, x, h, CENTERED, fmt)[1].reasons.item()
    assert reason.startswith("truncation: f^(3) has no finite enclosure")
    found = bounded_cells(np.exp, x, h, COMPLEX_STEP, fmt)[1]
    assert found.reasons.item() == module.NO_COMPLEX_LIMITS
    assert (found.truncation.item(), found.abscissa.item()) == (math.inf, 0.0)
    assert math.isfinite(found.combination.item())
    kink = bounded_cells(lambda x: x * np.abs(x), np.array([0.25]), h, CENTERED, fmt)[1]
    assert kink.truncation.item() == math.inf
    assert math.isfinite(kink.evaluation.item())


def test_error_bounds_need_no_run():
    """The a priori bound is the bound of the library's own function, and refuses what is no point or step."""
    h = 2.0 ** -np.arange(1.0, 50.0)
    bound = error_bounds(np.sin, 1.0, h)
    assert (np.abs(error_ledger(np.sin, 1.0, h).total) <= bound).all()
    assert bound.shape == h.shape
    with pytest.raises(ValueError, match="x must be finite in float16"):
        error_bounds(np.sin, 1e6, 0.5, dtype="float16")
    with pytest.raises(ValueError, match="h must be finite and positive"):
        error_bounds(np.sin, 1.0, [0.5, -0.5])


def test_bounds_beyond_the_doubles_are_infinite():
    """Each part may have a finite bound whose sum has none."""
    assert sum_above((1e308, 1e308, 0.0)) == math.inf
    assert sum_above((1.0, math.inf)) == math.inf
    assert sum_above((1.0, 2.0**-80)) > 1.0
    assert sum_above((0.0, 0.0)) == 0.0


def test_bounds_are_the_same_in_any_company():
    """A cell has the bounds that it has alone, bit for bit: nothing depends on batches."""
    fmt = FORMATS["float32"]
    x, h = fmt.as_array(np.array([0.3, 0.7])), steps(fmt, 5)
    f = lambda x: np.where(x > 0.5, np.sin(x), np.exp(x))
    _, together, _ = bounded_cells(f, x, h, CENTERED, fmt)
    for i in range(2):
        for j in range(len(h)):
            alone = bounded_cells(f, x[i : i + 1], h[j : j + 1], CENTERED, fmt)[1]
            for part in (*PARTS, "total"):
                assert getattr(alone, part).item() == getattr(together, part)[i, j]


@pytest.mark.parametrize(
    "f", [np.exp, lambda x: x * x / (1 + x), lambda x: np.log(x - 0.5)], ids=["exp", "rational", "log"]
)
@pytest.mark.parametrize("method", [FORWARD, CENTERED, centered(4), COMPLEX_STEP], ids=lambda m: m.name)
def test_both_bounds_at_once_are_those_of_each_alone(f, method):
    """With nodes of two formulas looked at beforehand, overflowing and undefined ones among them."""
    for fmt in (FORMATS["float32"], FORMATS["float64"]):
        x, h = fmt.as_array(np.array([[0.3], [0.7], [9.0]])), steps(fmt, 5)[np.newaxis, :]
        h = np.append(h, fmt.as_array(np.array([[5e3]])), axis=1)
        with np.errstate(all="ignore"):
            seen = observe(method, f, x, h)
        call, function = lifted_call(seen, x, h, method, fmt), BoundedFunction(f)
        cells = NodePlaces(method, fmt, x, h, seen.result.shape, (call.points, call.steps))
        if method is not COMPLEX_STEP:
            other = NodePlaces(FORWARD, fmt, x, h, seen.result.shape)
            function.prepare([cells, other], [node for column in call.rounded_nodes for node in column])
        found, a_priori = both_bounds(function, cells, seen.abscissae, seen.values, call.rounded_nodes, call.values)
        alone = bounds_of(BoundedFunction(f), method, fmt, x, h, seen.abscissae, seen.values)
        for part in (*PARTS, "total"):
            assert getattr(found, part).tobytes() == getattr(alone, part).tobytes()
        assert found.reasons.tolist() == alone.reasons.tolist()
        assert a_priori.tobytes() == a_priori_bounds(BoundedFunction(f), method, fmt, x, h).tobytes()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(expressions(), st.sampled_from(list(FORMATS)), st.sampled_from(STENCILS), st.integers(0, 2**32))
def test_no_error_of_a_random_cell_exceeds_its_bound(f, name, method, seed):
    fmt, rng = FORMATS[name], np.random.default_rng(seed)
    x = fmt.as_array(rng.uniform(-2, 2, 3))
    h = fmt.as_array(2.0 ** rng.uniform(-fmt.precision, 0, 4))
    assert not exceeded(bounded_cells(f, x, h, method, fmt)[2])
