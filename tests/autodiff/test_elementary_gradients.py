"""Every function of one variable, backward: its formula is proved by Arb, its rounding bounded in every format."""

from collections.abc import Callable
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from numdiff.analysis.reference import ExactFunction
from numdiff.arithmetic import balls
from numdiff.arithmetic.accuracy import limits_of
from numdiff.autodiff import (
    Abs,
    Cos,
    Exp,
    Function,
    Log,
    Neg,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    Sin,
    Sqrt,
    Square,
    StableSigmoid,
    StableTanh,
    Tanh,
    Variable,
    on_arrays,
)
from numdiff.floats.formats import FORMATS, dyadic

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())


def slope(f: Callable[[Variable], Variable], x) -> np.ndarray:
    """Return f′ at every element of an array by back-propagation through an elementwise f."""
    variable = Variable(x)
    y = f(variable)
    y.backward(np.ones_like(y.data))
    return variable.grad


# Bounds on the relative error of the derivative in units of u, to first order; A is the error of the elementary
# function in u (twice its limit in ulp), at the exact x. The seed is 1, so the product with it is exact.


def of_sigmoid(x: float, a: float) -> float:
    """y(1 − y): y carries 2 + A(1 − σ) units, which 1 − y magnifies by σ/(1 − σ) = eˣ; two more roundings."""
    tail = 1 / (1 + np.exp(x))
    return (2 + a * tail) / tail + 2


def of_tanh(x: float, a: float) -> float:
    """1 − y²: y carries A(coth|x| + 1) + 3 units, magnified by 2y²/(1 − y²); y² one more, and the difference one."""
    t = np.tanh(abs(x))
    return (2 * (a * (t + t * t) + 3 * t * t) + t * t) * np.cosh(x) ** 2 + 1


BOUNDS: dict[Function, tuple[str, Callable[[float, float], float]]] = {
    Exp(): ("exp", lambda x, a: a),
    Log(): ("log", lambda x, a: 1),
    Sqrt(): ("sqrt", lambda x, a: 2),
    Square(): ("square", lambda x, a: 0),
    Neg(): ("negative", lambda x, a: 0),
    Abs(): ("absolute", lambda x, a: 0),
    ReLU(): ("maximum", lambda x, a: 0),
    Sin(): ("cos", lambda x, a: a),
    Cos(): ("sin", lambda x, a: a),
    # e/(1 + e)²: A for e; (1 + e)² doubles 1 + A·e/(1 + e) ≤ 1 + A/2 and is rounded; so is the quotient.
    StableSigmoid(): ("exp", lambda x, a: 2 * a + 4),
    # (2e/(1 + e²))²: A + (A + 1/2 + 1) + 1 for the quotient (e²/(1 + e²) ≤ 1/2), doubled, and one rounding.
    StableTanh(): ("exp", lambda x, a: 2 * (2 * a + 2.5) + 1),
    Sigmoid(): ("exp", of_sigmoid),
    Tanh(): ("exp", of_tanh),
}
each_function = pytest.mark.parametrize("function", BOUNDS, ids=repr)


def points(function: Function, fmt, n: int = 150) -> np.ndarray:
    rng = np.random.default_rng([fmt.precision, *map(ord, repr(function))])
    x = rng.uniform(-4, 4, n)
    if isinstance(function, (Log, Sqrt)):
        x = np.exp(2 * x)
    return fmt.as_array(x[np.abs(x) > 1e-3])


def derivatives(f, x: np.ndarray, fmt) -> list[Fraction]:
    """Return the exact derivatives at the points of an array, to 2⁻²⁵⁰ of them."""
    found = balls.derivatives(f, fmt.lift_array(x), 1, 300)
    return [Fraction(ball.mid) * Fraction(2) ** ball.exp for ball in found]


@each_function
@each_format
def test_derivative_is_arbs_to_the_rounding_of_its_formula(function, fmt):
    x = points(function, fmt)
    got = slope(function, x)
    assert (got.dtype, got.shape) == (x.dtype, x.shape)
    name, bound = BOUNDS[function]
    a, u, tiny = 2 * float(limits_of(fmt)[name]), fmt.unit_roundoff, fmt.smallest_subnormal
    for point, value, exact in zip(x, got, derivatives(on_arrays(function), x, fmt), strict=True):
        # k roundings are at most ku/(1 − ku); e^−|x| may be subnormal, and its error is that of the result.
        k = Fraction(bound(float(point), a)) * u
        if k >= 1:
            continue  # the course's formulas have no correct digit there
        assert abs(fmt.lift(value) - exact) <= k / (1 - k) * abs(exact) + 2 * tiny, (point, value)


@each_function
def test_formula_of_the_derivative_is_proved_by_arb(function):
    """`ExactFunction` raises where the balls of the closed form and of automatic differentiation exclude each other."""
    exact = ExactFunction(on_arrays(function), lambda x: slope(function, x), "arb")
    chosen = [dyadic(float(x)) for x in points(function, FORMATS["float64"], 40)]
    assert len(exact.derivative(chosen, 256)) == len(chosen)


def test_a_wrong_formula_is_found_by_that_proof():
    class Wrong(Sin):
        def backward(self, gradient, y, x):
            return gradient * np.cos(x) * (1 + 2.0**-100 * x)

    exact = ExactFunction(on_arrays(Wrong()), lambda x: slope(Wrong(), x), "arb")
    with pytest.raises(ValueError, match="derivative must be f'"):
        exact.derivative([dyadic(0.5)], 256)


@pytest.mark.parametrize("number", [3, -2, 0.5, 2.5, 0, 1])
@pytest.mark.parametrize(
    "operate",
    [
        lambda v, c: v**c,
        lambda v, c: c * v - v,
        lambda v, c: (c + v) / (v - 9),
        lambda v, c: c - v * c,
        lambda v, c: v / (c + 0.25),
    ],
)
def test_operators_with_numbers_are_differentiated_as_arb_does(operate, number):
    def f(v):
        return operate(v, number)

    exact = ExactFunction(on_arrays(f), lambda x: slope(f, x), "arb")
    exact.derivative([dyadic(x) for x in (0.25, 1.5, 3.75)], 256)


@pytest.mark.parametrize("f", [lambda v: 2**v, lambda v: v**v, lambda v: (v + 1) ** (v * 2), lambda v: 1 / v**0.5])
@each_format
def test_powers_are_differentiated_to_their_rounding_in_base_and_exponent(f, fmt):
    x = fmt.as_array(np.linspace(0.75, 2.5, 40))
    a = 2 * float(max(limits_of(fmt)["power"], limits_of(fmt)["log"]))
    for value, exact in zip(slope(f, x), derivatives(on_arrays(f), x, fmt), strict=True):
        # Base v + 1 ≤ 3.5 and exponent 2v ≤ 5 are rounded: 5 units and 5·ln 3.5 < 7 more. Two terms of one power and
        # one logarithm, which may be of either sign: against the sum of their sizes, at most x^x·(1 + ln x) ≤ 400.
        bound = (2 * a + 16) * float(fmt.unit_roundoff) * 400
        assert abs(float(fmt.lift(value) - exact)) <= bound
        if abs(exact) > 1:
            assert abs(float(fmt.lift(value) / exact) - 1) <= 4 * (2 * a + 16) * float(fmt.unit_roundoff)


@each_format
def test_stable_derivatives_keep_the_tail_that_the_courses_lose(fmt):
    x = fmt.as_array([6.0, -6.0])
    u = float(fmt.unit_roundoff)
    for course, stable, tail in ((Tanh, StableTanh, 2), (Sigmoid, StableSigmoid, 1)):
        exact = np.array([float(d) for d in derivatives(on_arrays(stable()), x, fmt)])
        assert (abs(slope(stable(), x).astype(float) / exact - 1) <= 16 * u).all()
        assert exact[0] == pytest.approx(tail**2 * np.exp(-6.0 * tail), rel=0.01)
        # 1 − y and 1 − y² are multiples of the spacing below 1, which is u.
        error = abs(float(slope(course(), x)[0]) - exact[0])
        assert error <= 8 * u
    if fmt.precision <= 11:
        assert error > 0.01 * exact[0]


@pytest.mark.parametrize("function", [StableTanh(), StableSigmoid()])
@each_format
def test_stable_derivatives_overflow_nowhere(function, fmt):
    x = fmt.as_array([-300.0, 300.0])
    assert (slope(function, x) >= 0).all()  # warnings are errors


@each_format
@pytest.mark.parametrize("targets", [0.0, 1.0, 0.25])
def test_cross_entropy_of_logits_has_the_slope_sigmoid_minus_target(fmt, targets):
    z = fmt.as_array(np.linspace(-9, 9, 50))
    function = SigmoidCrossEntropy(fmt.as_array(targets))
    exact = 1 / (1 + np.exp(-z.astype(np.longdouble))) - targets
    a = 2 * float(limits_of(fmt)["exp"])
    # σ(z) carries A for each of two exponentials and 2 roundings, and the difference one more.
    assert (abs(slope(function, z).astype(np.longdouble) - exact) <= (2 * a + 4) * float(fmt.unit_roundoff)).all()


def test_cross_entropy_is_the_naive_one_where_that_can_be_computed_and_finite_elsewhere():
    t = np.array([0.0, 1.0, 0.25])
    z = np.array([-3.0, 0.5, 2.0])
    sigma = 1 / (1 + np.exp(-z))
    naive = -t * np.log(sigma) - (1 - t) * np.log(1 - sigma)
    np.testing.assert_allclose(SigmoidCrossEntropy(t)(Variable(z)).data, naive, rtol=32 * 2.0**-53)
    far = np.array([-1000.0, 1000.0, 1000.0])
    assert SigmoidCrossEntropy(t)(Variable(far)).data.tolist() == [0.0, 0.0, 750.0]
    assert slope(SigmoidCrossEntropy(t), far).tolist() == [0.0, 0.0, 0.75]


@each_format
def test_derivatives_at_kinks_are_the_documented_ones(fmt):
    zero = fmt.as_array([0.0])
    assert slope(Abs(), zero) == 0
    assert slope(ReLU(), zero) == 0


@each_format
def test_the_power_zero_and_the_base_zero_have_their_limits(fmt):
    zero = fmt.as_array([0.0])
    assert slope(lambda v: v**0, zero) == 0
    assert slope(lambda v: v**1, zero) == 1
    assert slope(lambda v: v**2, zero) == 0
    exponent = Variable(fmt.as_array([2.0]))
    (zero**exponent).backward()
    assert exponent.grad == 0
    assert exponent.grad.dtype == fmt.dtype


def test_the_exponent_of_a_negative_base_is_differentiated_only_on_demand():
    base = Variable(np.array([-2.0]))
    (base**2).backward()  # no logarithm is taken: warnings are errors
    assert base.grad == -4
    with pytest.warns(RuntimeWarning, match="invalid value encountered in log"):
        (base ** Variable(np.array([2.0]))).backward()


def test_square_root_has_an_infinite_slope_at_zero():
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        assert slope(Sqrt(), np.array([0.0])) == np.inf


@each_function
def test_a_number_is_differentiated_as_a_0d_array(function):
    for dtype in (np.float32, ml_dtypes.bfloat16):
        got = slope(function, np.array(0.5, dtype))
        assert type(got) is np.ndarray
        assert (got.shape, got.dtype) == ((), np.dtype(dtype))
