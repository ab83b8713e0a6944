"""Total errors alone: the same doubles as the ledger's, and nothing for what failed."""

import math
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.analysis import reference
from numdiff.analysis.enclosures import two_doubles
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.reference import ExactFunction
from numdiff.analysis.totals import _quickly, total_errors
from numdiff.floats.dyadic import nearest_double
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Method, centered

ENGINES = ("mpmath", "arb")


def totals(f: Any, x: Any, h: Any, method: Method, dtype: str, engine: Any, derivative: Any = None) -> np.ndarray:
    fmt = FORMATS[dtype]
    xs, hs = fmt.as_array(x), fmt.as_array(h)
    results = observe(method, f, xs[:, np.newaxis], hs).result
    return total_errors(ExactFunction(f, derivative, engine), xs, results, method.derivative_order, fmt)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("method", [FORWARD, centered(4), centered(2, 2)], ids=lambda m: m.name)
@pytest.mark.parametrize("f", [np.exp, np.sin, lambda x: x * x, lambda x: 1 / (1 + 25 * x * x)])
def test_totals_are_the_doubles_of_the_ledger(f: Any, method: Method, dtype: str, engine: Any) -> None:
    x, h = [0.5, 0.1, -1.25], [0.25, 1e-2, 2.0**-9]
    table = error_ledger(f, FORMATS[dtype].as_array(x)[:, np.newaxis], h, method, dtype, engine)
    assert totals(f, x, h, method, dtype, engine).tobytes() == table.total.tobytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_total_is_formed_before_it_is_rounded(engine: Any) -> None:
    """The difference of two doubles would be 0 or an ulp; the error is below half an ulp here."""
    context = mpmath.MPContext()
    context.prec = 2000
    found = totals(np.exp, [1.0], [1e-200], COMPLEX_STEP, "float64", engine, np.exp)[0, 0]
    truth = context.exp(1)
    result = float(observe(COMPLEX_STEP, np.exp, np.array([1.0]), 1e-200).result[0])
    assert found == float(result - truth)
    assert abs(found) < math.ulp(math.e)
    assert found not in (0.0, result - math.e)


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_of_53_bits_would_be_seen(engine: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    h = [2.0**-k for k in range(20, 30)]
    honest = totals(np.exp, [0.5], h, CENTERED, "float64", engine)
    monkeypatch.setattr(reference, "START_PRECISION", 53)
    monkeypatch.setattr(reference, "MAX_PRECISION", 53)
    assert totals(np.exp, [0.5], h, CENTERED, "float64", engine).tobytes() != honest.tobytes()


@pytest.mark.parametrize("engine", ENGINES)
def test_what_failed_is_nan_and_the_others_are_not(engine: Any) -> None:
    with np.errstate(all="ignore"):
        overflow = totals(np.exp, [11.0, 12.0, 1.0], [0.5, 0.0625], FORWARD, "float16", engine)
        domain = totals(np.log, [0.25, -1.0, 0.0], [0.125, 0.5], CENTERED, "float64", engine)
    assert np.isnan(overflow).tolist() == [[True, False], [True, True], [False, False]]
    assert np.isnan(domain).tolist() == [[False, True], [True, True], [True, True]]


@pytest.mark.parametrize("engine", ENGINES)
def test_nonzero_total_never_underflows_to_zero(engine: Any) -> None:
    if "float80" not in FORMATS:
        pytest.skip("needs a format with a wider exponent range than a double")
    found = totals(np.exp, [-11000.0, -800.0], [0.5, 1e-3], FORWARD, "float80", engine)
    assert (found == 5e-324).all()
    assert (totals(lambda x: -np.exp(x), [-11000.0], [0.5], FORWARD, "float80", engine) == -5e-324).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_exact_result_has_the_total_plus_zero(engine: Any) -> None:
    found = totals(lambda x: x * x, [2.0, -3.0], [0.5, 0.25], CENTERED, "float64", engine, lambda x: 2 * x)
    assert [value.hex() for value in found.ravel().tolist()] == [(0.0).hex()] * 4


@pytest.mark.parametrize("engine", ENGINES)
def test_total_of_an_unprovable_zero_is_the_result(engine: Any) -> None:
    # f′ = 0 is never proved: where the kernel returns 0 the error is +0.0, elsewhere it is the result.
    f = lambda x: np.sin(x) ** 2 + np.cos(x) ** 2
    h = np.array([2.0**-k for k in range(4, 30)])
    results = observe(FORWARD, f, np.full(1, 0.7), h).result
    found = totals(f, [0.7], h, FORWARD, "float64", engine)
    assert found[0].tolist() == [value or 0.0 for value in results.tolist()]
    assert (results == 0).any()
    assert (results != 0).any()


def test_no_step_and_no_point_give_no_error() -> None:
    for shape in ((2, 0), (0, 3)):
        x, results = np.ones(shape[0]), np.ones(shape)
        assert total_errors(ExactFunction(np.exp), x, results, 1, FORMATS["float64"]).shape == shape


def test_truth_is_asked_once_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    exact = ExactFunction(np.exp, np.exp, "arb")
    honest = reference.balls.values
    monkeypatch.setattr(reference.balls, "values", lambda f, p, precision: asked.extend(p) or honest(f, p, precision))
    fmt = FORMATS["float64"]
    h = 2.0 ** -np.arange(1, 30)
    for method in (FORWARD, CENTERED):
        x = np.array([0.5, 0.25, 0.125])
        total_errors(exact, x, observe(method, np.exp, x[:, np.newaxis], h).result, 1, fmt)
    assert sorted(asked) == sorted(fmt.lift_array(np.array([0.5, 0.25, 0.125])))


numerators = st.integers(-(2**200), 2**200)


@given(numerators, st.integers(1, 2**80), st.sampled_from([0, 1, -1, 2**40, -(2**70)]), st.integers(-60, 60))
@settings(max_examples=400, deadline=None)
def test_what_is_decided_in_doubles_is_the_nearest_double_of_the_exact_difference(n, divisor, nudge, shift):
    """Of truths of 200 bits and results close to them and far away, in every format, ties included."""
    truth = Fraction(n, divisor) * Fraction(2) ** (shift - 120)
    for fmt in FORMATS.values():
        near = fmt.round(truth)
        beside = fmt.round(truth + nudge * fmt.spacing(truth))
        tie = fmt.round(fmt.spacing(truth))
        results = np.array([[near, beside, tie, -near, fmt.round(1)]], dtype=fmt.dtype)
        errors, decided = _quickly(results, np.array([two_doubles(truth)]))
        for j in np.flatnonzero(decided[0]):
            assert errors[0, j] == nearest_double(*(fmt.lift(results[0, j]) - truth).as_integer_ratio())
        assert np.isnan(errors[~decided]).all()


def test_nearly_all_differences_that_are_no_rounding_errors_are_decided_in_doubles():
    truths = np.array([two_doubles(Fraction(k, 7**3)) for k in range(1, 2001)])
    for fmt in FORMATS.values():
        results = fmt.as_array(truths[:, :1] * np.array([1.5, 1.0625, -0.125, 1e3]))
        assert _quickly(results, truths)[1].mean() > 0.99


def test_exact_ties_and_numbers_near_the_ends_of_the_doubles_are_left_to_integers():
    cases = [(1.0, 1 + Fraction(1, 2**54)), (2.0, 1 + Fraction(1, 2**53)), (1.0, Fraction(1)), (0.0, Fraction(1, 3))]
    cases += [
        (2.0**-1000, Fraction(1, 3)),
        (1e300, Fraction(1, 3)),
        (1.0, Fraction(1, 2**1000)),
        (math.inf, Fraction(1)),
    ]
    for result, truth in cases:
        errors, decided = _quickly(np.array([[result]]), np.array([two_doubles(truth)]))
        expected = None if math.isinf(result) else nearest_double(*(Fraction(result) - truth).as_integer_ratio())
        assert not decided[0, 0] or errors[0, 0] == expected
    assert not _quickly(np.array([[2.0]]), np.array([two_doubles(1 - Fraction(1, 2**53))]))[1][0, 0]
    assert not _quickly(np.array([[1.0]]), np.array([[math.nan, math.nan]]))[1][0, 0]
