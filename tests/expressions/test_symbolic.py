"""Expressions of SymPy become problems: the same function, and its derivative exactly."""

import math

import numpy as np
import pytest

import numdiff as nd
from numdiff.expressions import ExpressionError, parse_expression
from numdiff.expressions.symbolic import from_sympy

sympy = pytest.importorskip("sympy", reason="sympy asks for an older mpmath; `make test-lowest` has it")
x = sympy.Symbol("x")
half = sympy.Rational(1, 2)
FORMULAS = {
    "polynomial": 3 * x**3 - x / 7 + 2,
    "quotient": (x + 1) / (x**2 + 3),
    "negative_powers": -2 / x**3 + 1 / sympy.sqrt(x),
    "root": sympy.sqrt(x + 1) - sympy.sqrt(x),
    "third": x ** sympy.Rational(1, 3),
    "power_of_two": 2**x + sympy.pi**x,
    "tower": x**x,
    "exponential": sympy.exp(-(x**2)) * sympy.sin(sympy.pi * x / 3),
    "logarithm": sympy.log(x, 2) + sympy.log(3) * x + sympy.E * x,
    "circular": sympy.tan(x) + sympy.cot(x) + sympy.sec(x) * sympy.csc(x),
    "inverse": sympy.asin(x / 2) + sympy.acos(x / 3) + sympy.atan(x) + sympy.atan2(x, 2),
    "hyperbolic": sympy.sinh(x) + sympy.cosh(x) * sympy.tanh(x),
    "area": sympy.asinh(x) + sympy.acosh(x + 1) + sympy.atanh(x / 3),
    "error_function": sympy.erf(x) + sympy.erfc(2 * x),
    "gamma": sympy.gamma(x + 1) + sympy.loggamma(x),
    "bessel": sympy.besselj(0, x) + sympy.besseli(0, x) + sympy.besselk(0, x),
    "lambert": sympy.LambertW(x),
    "integral": sympy.Ei(x) + sympy.expint(1, x),
    "absolute": sympy.Abs(x - 3) * sympy.sign(x),
    "largest": sympy.Max(x, x**2, half) + sympy.Min(x, 3),
    "pieces": sympy.Piecewise((x**2, x < half), (sympy.exp(x), (x > 1) & (x < 4)), (x, True)),
    "step": sympy.Heaviside(x - half) * x,
    "float": 0.1 * x**3 + 0.3,
    "float_powers": x**0.1 - 0.1 * x**0.3,
    "long_numbers": x**3 * sympy.Rational(10**30 + 1, 7) + x * sympy.sqrt(2**70 + 1),
}


def problem_of(name, points=(0.75, 1.5)):
    return nd.Problem.from_sympy(FORMULAS[name], name=name, points=points, domain=(0.0, 2.0))


@pytest.mark.parametrize("name", FORMULAS)
def test_f_and_its_derivative_are_those_of_sympy(name):
    problem = problem_of(name)
    real = sympy.Symbol("x", real=True)
    formula = FORMULAS[name].xreplace({x: real})
    slope = sympy.diff(formula, real).replace(sympy.DiracDelta, lambda *_: sympy.Integer(0))
    for point in problem.points:
        for exact, f in ((formula, problem.f), (slope, problem.derivative)):
            # Rational up to the evaluation: the numbers of SymPy are exact, and so is the point.
            value = exact.subs(real, sympy.Rational(point)).evalf(30)
            assert f(point) == pytest.approx(float(value), rel=1e-13), exact


@pytest.mark.parametrize("name", FORMULAS)
def test_the_derivative_is_that_of_f_to_the_last_digit(name):
    """Automatic differentiation of f, and f' itself: both certified, to 30 digits."""
    problem = problem_of(name)
    dyadic = (3, -2)  # 0.75
    given = nd.ExactFunction(problem.f, problem.derivative).reference(dyadic)
    derived = nd.ExactFunction(problem.f).reference(dyadic)
    assert given.text[:28] == derived.text[:28]
    assert math.isfinite(given.value)


@pytest.mark.parametrize("name", FORMULAS)
def test_its_texts_are_read_as_the_same_functions(name):
    problem = problem_of(name)
    for f in (problem.f, problem.derivative):
        again = parse_expression(f.text)
        assert again == f
        np.testing.assert_array_equal(again(np.array([0.75, 1.5])), f(np.array([0.75, 1.5])))


def test_a_problem_of_sympy_is_measured_in_every_format():
    problem = problem_of("exponential")
    for dtype in nd.FORMATS:
        assert np.isfinite(nd.error_ledger(problem, 0.75, 2.0**-4, dtype=dtype).total)
    assert problem.formula == "exp(-x**2) * sin(arccos(constant(-1)) * x / 3)"
    assert problem.family == "sympy"


def test_a_factor_with_many_bits_is_one_number_and_overflows_in_no_format():
    """0.1 is 3602879701896397/2**55: x times the numerator is beyond float16, and a short quotient stays one."""
    for factor, text in ((0.1, "0.1 * x"), (-0.1, "-(0.1 * x)"), (0.5, "x / 2"), (1 / 3, f"{1 / 3!r} * x")):
        f, slope = from_sympy(sympy.Float(factor) * x)
        assert f.text == text
        assert f(np.float16(0.75)) == np.float16(factor) * np.float16(0.75)
        assert slope(0.75) == factor


def test_another_symbol_and_a_name_that_is_taken():
    t, e = sympy.symbols("t e")
    assert from_sympy(t**2)[0].variable == "t"
    assert from_sympy(e**2)[0].text == "x**2"
    assert from_sympy(sympy.Integer(3), t)[1](0.5) == 0.0


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        (sympy.besselj(2, x), "besselj(2, x) is not known"),
        (sympy.besselj(1, x), "in its derivative, besselj(2, x) is not known"),
        (sympy.digamma(x), "in its derivative, polygamma(1, x) is not known"),
        (sympy.Function("g")(x), "g(x) is not known"),
        (sympy.Integral(sympy.sin(x) / x, x), "is not known"),
        (sympy.I * x, "I is not known"),
        (x + sympy.oo * sympy.sign(x), "oo is not known"),
        (sympy.Piecewise((x, x > 0)), "a Piecewise has no value where none of its conditions holds"),
        (sympy.Add(*(sympy.sin(k * x) for k in range(1, 300))), "it may have"),
        (x ** sympy.Integer(10) ** 400, "is beyond the range of float64"),
        (sympy.EulerGamma * x, "EulerGamma is not known"),
    ],
)
def test_what_is_not_known_is_named(formula, message):
    with pytest.raises(ExpressionError) as caught:
        from_sympy(formula)
    assert message in str(caught.value)


def test_what_is_no_expression_of_one_symbol_is_refused():
    y = sympy.Symbol("y")
    with pytest.raises(ValueError, match="must have one symbol, which is differentiated by, got x, y"):
        from_sympy(x + y)
    with pytest.raises(ValueError, match="got x, y"):
        from_sympy(x + y, x)
    with pytest.raises(ValueError, match="got none"):
        from_sympy(sympy.Integer(2))
    with pytest.raises(TypeError, match=r"expression must be a sympy\.Expr, got str 'x'"):
        from_sympy("x")
    with pytest.raises(TypeError, match=r"expression must be a sympy\.Expr"):
        from_sympy(x > 0)
    with pytest.raises(TypeError, match="variable must be a symbol of SymPy, got str"):
        from_sympy(x, "x")
