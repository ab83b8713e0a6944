"""An expression is an f for everything that takes one, judged like the same formula of NumPy."""

import mpmath
import numpy as np
import pytest

import numdiff as nd
from numdiff.arithmetic.as_twin import twin_functions
from numdiff.expressions import parse_expression
from numdiff.study.blocks import imported, stable_name

F = parse_expression("exp(sin(x)) * where(x > 0, 1, 2)")


def same(x):
    return np.exp(np.sin(x)) * np.where(x > 0, np.full_like(x, 1.0), np.full_like(x, 2.0))


@pytest.mark.parametrize("dtype", nd.FORMATS)
def test_its_ledger_is_that_of_the_formula(dtype):
    mine, other = (nd.error_ledger(f, [0.5, -1.25], 2.0**-5, dtype=dtype) for f in (F, same))
    np.testing.assert_array_equal(mine.total, other.total)
    np.testing.assert_array_equal(mine.truncation, other.truncation)


@pytest.mark.parametrize("text", ["constant({n}) * x", "where(x > 0, {n}, x) * x", "{n}"])
def test_an_integer_that_is_no_double_is_itself_in_exact_arithmetic(text):
    n = 2**70 + 1
    f = parse_expression(text.format(n=n))
    with mpmath.workprec(200):
        assert twin_functions(f, 1)[0](mpmath.mpf(1)) == n
    for fmt in ("float32", "bfloat16", "float64"):
        array = nd.FORMATS[fmt].as_array(np.ones(3))
        assert np.asarray(f(array)).astype(np.float64).tolist() == [2.0**70] * 3


@pytest.mark.parametrize("dtype", nd.FORMATS)
@pytest.mark.parametrize("text", ["2/3", "sqrt(2)", "x**3/3 + 10**3", "where(x > 0, 1, 0)", "x if x > 0 else 2"])
def test_numbers_alone_and_in_branches_stay_in_the_format(dtype, text):
    ledger = nd.error_ledger(parse_expression(text), 0.5, 2.0**-4, dtype=dtype)
    assert np.isfinite(ledger.total).all()


def test_step_derivative_bounds_kernel_and_complex_step():
    assert nd.optimal_step(F, 0.5).step == nd.optimal_step(same, 0.5).step
    result = nd.derivative(F, 0.5)
    assert abs(result.df - np.exp(np.sin(0.5)) * np.cos(0.5)) <= result.error
    assert nd.error_bounds(F, 0.5, 1e-3) == nd.error_bounds(same, 0.5, 1e-3)
    assert nd.centered_difference(F, 0.5, 0.25) == nd.centered_difference(same, 0.5, 0.25)
    assert nd.complex_step(parse_expression("exp(x)"), 0.5, 1e-20) == nd.complex_step(np.exp, 0.5, 1e-20)


def test_a_sweep_gives_the_same_records_with_one_process_and_with_two():
    one, two = (nd.sweep(F, [0.5], dtype=["float32", "bfloat16"], workers=workers) for workers in (1, 2))
    assert one.records.equals(two.records)
    assert set(one.records["problem"]) == {F.text}


@pytest.mark.parametrize(("text", "variable"), [("exp(x) + 1.5", "x"), ("t if t > 1 else 2*t", "t")])
def test_another_process_finds_it_by_its_name(text, variable):
    f = parse_expression(text, variable=variable)
    assert imported(stable_name("f", f)) == f


def test_it_may_be_the_function_of_a_problem():
    problem = nd.Problem(
        name="of_text",
        formula="x**3",
        f=parse_expression("x**3"),
        derivative=parse_expression("3*x**2"),
        points=(0.5,),
        domain=(0.0, 1.0),
        source="ours",
        reason="It is read from a text.",
        family="classic",
    )
    assert nd.centered_difference(problem, 0.5, 0.25) == 0.8125


@pytest.mark.parametrize(
    "text", ["exp(exp(exp(exp(x))))", "x**1000000000", "x**x**x**x", "sin(1e300*x)", "gamma(1e300*x)"]
)
def test_numbers_beyond_all_formats_take_no_longer_than_a_second(text):
    import time

    start = time.process_time()
    nd.ExactFunction(parse_expression(text)).reference((1, -1))
    assert time.process_time() - start < 2  # twice what is asked, for a slow machine
