"""The course's Variables and Functions: what they hold and compute, and that all that speaks ufuncs passes through."""

import pickle
import warnings
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff import autodiff as functions
from numdiff.arithmetic import balls, multiprecision, rational
from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.dispatch import ExactArray
from numdiff.arithmetic.numpy_functions import NO_COMPLEX_STEP, ufuncs_used
from numdiff.autodiff import (
    Add,
    Cos,
    Div,
    Exp,
    Function,
    Log,
    Mul,
    Neg,
    Pow,
    Sigmoid,
    Sin,
    Square,
    StableSigmoid,
    StableTanh,
    Sub,
    Tanh,
    Variable,
    as_array,
    numerical_diff,
    on_arrays,
)
from numdiff.autodiff.adapters import gradient_of
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, FloatFormat, dyadic
from numdiff.floats.views import HolomorphicArray, WeakScalarArray

UNARY = (Exp, Square, Sigmoid, StableSigmoid, Tanh, StableTanh, Sin, Cos, Log, Neg)
BINARY = (Add, Sub, Mul, Div, Pow)
INTEGERS = (np.int8, np.int32, np.int64, np.uint8)

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())
each_shape = pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3)], ids=str)


class Cube(Function):
    """Defined as a user does it, and at the top of a module, so that it can be pickled."""

    def forward(self, x):
        return x * x * x


def composition(x: Variable) -> Variable:
    """Return C(B(A(x))) with A = C = Square, B = Exp: the example of the chapter."""
    a, b, c = Square(), Exp(), Square()
    return c(b(a(x)))


def filled(fmt: FloatFormat, shape: tuple[int, ...], value: float = 1.5) -> np.ndarray:
    return np.full(shape, fmt.as_array(value)[()], dtype=fmt.dtype)


def variable(*values: float, dtype: type = np.float64) -> Variable:
    return Variable(np.array(values, dtype=dtype))


def same(left, right) -> bool:
    """Whether two arrays hold the same bits but for padding (the raw bytes of longdouble hold garbage)."""
    left, right = np.asarray(left), np.asarray(right)
    if (left.dtype, left.shape) != (right.dtype, right.shape):
        return False
    return bool(np.all((left == right) & (np.signbit(left) == np.signbit(right))))


def exactly(f, *points: float) -> list:
    return rational.values(f, [dyadic(point) for point in points])


# --- Variable --------------------------------------------------------------------------------------


@each_format
@each_shape
def test_variable_holds_the_array_itself_in_every_format_and_shape(fmt, shape):
    data = filled(fmt, shape)
    held = Variable(data)
    assert held.data is data
    assert (held.shape, held.ndim, held.size, held.dtype) == (shape, len(shape), data.size, fmt.dtype)


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_data_stays_integer(dtype):
    data = np.array([1, 2], dtype=dtype)
    assert Variable(data).data is data
    assert Square()(Variable(data)).dtype == dtype


@pytest.mark.parametrize(
    "data",
    [
        *(0.5, 1, True, None, "0.5", [0.5], (0.5,), 1j, Fraction(1, 2), mpmath.mpf(1)),
        *(np.float64(0.5), np.float32(0.5), np.int64(1), ml_dtypes.bfloat16(0.5)),
        *(np.array(True), np.array(1j), np.array("a"), np.array([None]), np.array(0, "M8[s]")),
        *(np.zeros(2, dtype=dtype) for dtype in ([("a", float)], ml_dtypes.float8_e4m3)),
    ],
    ids=lambda data: f"{type(data).__name__}-{getattr(data, 'dtype', '')}",
)
def test_variable_refuses_what_is_no_array_of_real_numbers(data):
    kind = type(data).__name__
    with pytest.raises(TypeError, match=f"data must be an ndarray of floats or integers.*got {kind}"):
        Variable(data)


def test_refusals_say_what_to_write_instead():
    with pytest.raises(TypeError, match=r"write np\.array\(0\.5\)"):
        Variable(0.5)
    with pytest.raises(TypeError, match="write as_array"):
        Variable(np.float64(0.5))
    with pytest.raises(TypeError, match="Variable already"):
        Variable(variable(0.5))


def test_other_array_libraries_are_not_taken_for_exact_arrays():
    import pandas as pd

    series = pd.Series([0.5])
    assert callable(type(series).__array_ufunc__)
    with pytest.raises(TypeError, match="got Series"):
        Variable(series)


def test_assigned_data_are_checked_like_new_ones():
    held = Variable(np.array(0.5))
    with pytest.raises(TypeError, match="data must be"):
        held.data = held.data * 2
    held.data = as_array(held.data * 2)
    assert isinstance(held.data, np.ndarray)
    assert held.data == 1.0


def test_data_can_be_updated_in_place():
    data = np.array([1.0, 2.0])
    held = Variable(data)
    held.data -= 0.5
    assert held.data is data
    assert data.tolist() == [0.5, 1.5]


def test_len_is_the_length_of_the_first_axis():
    assert len(Variable(np.zeros((4, 2)))) == 4
    with pytest.raises(TypeError, match="unsized"):
        len(Variable(np.array(0.5)))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (np.array(4.000000000004), "Variable(4.000000000004)"),
        (np.array([1, 2]), "Variable([1 2])"),
        (np.array([0.5], np.float32), "Variable([0.5], dtype=float32)"),
        (np.array(0.5, ml_dtypes.bfloat16), "Variable(0.5, dtype=bfloat16)"),
        (np.eye(2), "Variable([[1. 0.]\n          [0. 1.]])"),
    ],
)
def test_repr_shows_data_and_any_unusual_dtype(data, text):
    assert repr(Variable(data)) == text


def test_a_variable_never_becomes_an_array_of_objects():
    with pytest.raises(TypeError, match=r"write \.data"):
        np.asarray(variable(1.0))
    with pytest.raises(TypeError, match="Variable"):
        np.exp(variable(1.0))


# --- as_array --------------------------------------------------------------------------------------


@each_format
def test_as_array_undoes_numpys_scalars_and_keeps_the_dtype(fmt):
    scalar = filled(fmt, ()) + filled(fmt, ())
    assert isinstance(scalar, np.generic)  # the trap: 0-d arrays in, a scalar out
    array = as_array(scalar)
    assert type(array) is np.ndarray
    assert (array.shape, array.dtype) == ((), fmt.dtype)
    assert array == scalar


def test_as_array_takes_python_numbers_and_passes_arrays_on():
    data = np.zeros(3)
    assert as_array(data) is data
    assert as_array(0.5).dtype == np.float64
    assert as_array(2).dtype == np.int64
    with pytest.raises(TypeError, match=r"x must be an array or a number, got list .*; write np.array\(\[1.0\]\)"):
        as_array([1.0])


# --- Function --------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", UNARY)
@each_format
@each_shape
def test_every_function_keeps_array_shape_and_dtype(function, fmt, shape):
    y = function()(Variable(filled(fmt, shape, 0.5)))
    assert isinstance(y, Variable)
    assert type(y.data) is np.ndarray
    assert (y.shape, y.dtype) == (shape, fmt.dtype)


@pytest.mark.parametrize("function", BINARY)
@each_format
@each_shape
def test_every_function_of_two_keeps_array_shape_and_dtype(function, fmt, shape):
    y = function()(Variable(filled(fmt, shape)), Variable(filled(fmt, shape, 2.0)))
    assert type(y.data) is np.ndarray
    assert (y.shape, y.dtype) == (shape, fmt.dtype)


@pytest.mark.parametrize(
    ("function", "formula"),
    [
        (Exp, np.exp),
        (Square, lambda x: x**2),
        (Sigmoid, lambda x: 1 / (1 + np.exp(-x))),
        (Tanh, lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))),
        (StableTanh, np.tanh),
        (Sin, np.sin),
        (Cos, np.cos),
        (Neg, np.negative),
    ],
)
@each_format
def test_functions_compute_the_formulas_of_the_chapter_bit_for_bit(function, formula, fmt):
    x = fmt.as_array(np.linspace(-3, 3, 41))
    assert same(function()(Variable(x)).data, formula(x))


@pytest.mark.parametrize("function", [Exp, Sigmoid, Tanh, StableSigmoid, StableTanh, Sin, Cos, Log])
@pytest.mark.parametrize("dtype", [np.int64, np.int32])
def test_transcendental_functions_of_integers_are_float64(function, dtype):
    y = function()(Variable(np.array([1, 2], dtype=dtype)))
    assert y.dtype == np.float64
    assert same(y.data, function()(variable(1.0, 2.0)).data)


def test_composition_is_calling():
    y = composition(Variable(np.array(0.5)))
    assert y.data == np.exp(np.array(0.5) ** 2) ** 2
    assert y.shape == ()


def test_one_function_can_be_used_twice_in_a_composition():
    square = Square()
    assert square(square(variable(3.0))).data == 81.0


def test_function_refuses_anything_but_variables():
    with pytest.raises(TypeError, match=r"Square takes Variables, but argument 0 is float 2\.0; write Var"):
        Square()(2.0)
    with pytest.raises(TypeError, match="Add takes Variables, but argument 1 is ndarray of dtype float64"):
        Add()(variable(1.0), np.array([1.0]))


def test_function_without_forward_is_named():
    class Empty(Function):
        pass

    with pytest.raises(NotImplementedError, match=r"Empty must define forward"):
        Empty()(variable(1.0))


@pytest.mark.parametrize("result", [1.0, [1.0], None, np.array([True]), np.array([1j])])
def test_forward_must_return_an_array_of_numbers(result):
    class Odd(Function):
        def forward(self, x):
            return result

    with pytest.raises(TypeError, match=r"Odd\.forward must return an array of floats or integers, got"):
        Odd()(variable(1.0))


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_forward_that_leaves_the_format_is_refused(name):
    class Promoting(Function):
        def forward(self, x):
            return x * np.float64(0.5)

    with pytest.raises(TypeError, match=rf"Promoting\.forward must keep the dtype of its input, {name}"):
        Promoting()(Variable(FORMATS[name].as_array([1.0])))


def test_repr_of_a_function_names_it():
    assert repr(Cube()) == "Cube()"


# --- the chapter's formulas against stable ones ----------------------------------------------------


@each_format
@pytest.mark.parametrize("sign", [1, -1])
def test_tanh_of_the_chapter_is_nan_where_an_exponential_overflows_and_the_stable_one_is_not(fmt, sign):
    beyond = float(mpmath.log(mpmath.mpf(fmt.largest_finite.numerator))) + 1
    x = Variable(fmt.as_array([sign * (beyond + beyond / 16)]))
    # NumPy warns of the overflow and of inf/inf; ml_dtypes does so not in every version.
    with np.errstate(over="ignore", invalid="ignore"):
        assert np.isnan(Tanh()(x).data).all()
    assert StableTanh()(x).data == sign


def test_overflow_in_the_tanh_of_the_chapter_is_announced():
    with pytest.warns(RuntimeWarning) as caught:
        Tanh()(variable(1000.0))
    assert any("overflow" in str(w.message) for w in caught)
    assert any("invalid" in str(w.message) for w in caught)


def test_tanh_of_the_chapter_cancels_near_zero_and_the_stable_one_does_not():
    u = 2.0**-53
    x = np.array([1.1, 1.3, 1.7]) * 2.0**-30  # tanh x = x to a relative 2⁻⁶⁰/3
    course = abs(Tanh()(Variable(x)).data / x - 1)
    stable = abs(StableTanh()(Variable(x)).data / x - 1)
    assert course.max() > 2**10 * u
    assert stable.max() <= 4 * u
    # Two exponentials near 1, each off by at most an ulp (2u), and their difference over 2x.
    assert course.max() <= 4 * u / x.min()


def test_the_two_forms_of_tanh_agree_to_the_rounding_of_the_chapters_one():
    u = 2.0**-53
    x = np.linspace(0.25, 20, 501)
    # Numerator and denominator carry at most 2 ulp of each exponential and one rounding; the difference
    # amplifies by coth x.
    bound = (2 * 4 * u + 2 * u) / np.tanh(x) + 4 * u
    assert (abs(Tanh()(Variable(x)).data / np.tanh(x) - 1) <= bound).all()


@each_format
def test_sigmoid_of_the_chapter_loses_the_left_tail_that_the_stable_one_keeps(fmt):
    # Between these points e⁻ˣ overflows, but the format holds eˣ as a subnormal number.
    overflow = float(mpmath.log(mpmath.mpf(fmt.largest_finite.numerator)))
    underflow = -float(mpmath.log(mpmath.mpf(fmt.smallest_subnormal.denominator)))
    x = fmt.as_array([(underflow - overflow) / 2])
    assert underflow < float(x[0]) < -overflow
    with np.errstate(over="ignore"):
        assert Sigmoid()(Variable(x)).data == 0
    stable = StableSigmoid()(Variable(x)).data
    with mpmath.workprec(100):
        exact = mpmath.exp(mpmath.mpf(dyadic(fmt.lift(x[0]))))
        spacing = 1 / mpmath.mpf(fmt.smallest_subnormal.denominator)
        assert exact > 4 * spacing
        assert abs(mpmath.mpf(dyadic(fmt.lift(stable[0]))) - exact) <= 2 * spacing


@pytest.mark.parametrize("name", ["float32", "float64"])
@given(x=st.floats(0, 80, width=32))
def test_both_sigmoids_are_the_same_operations_for_positive_x(name, x):
    x = Variable(FORMATS[name].as_array([x]))
    assert same(StableSigmoid()(x).data, Sigmoid()(x).data)


@given(x=st.floats(-600, 0))
def test_both_sigmoids_agree_to_their_rounding_for_negative_x(x):
    x = variable(x)
    course, stable = Sigmoid()(x).data, StableSigmoid()(x).data
    # Each: two exponentials within an ulp (2u), an addition, a division.
    assert abs(course - stable) <= 2 * (2 * 2 + 1 + 1) * 2.0**-53 * stable


@each_format
@pytest.mark.parametrize("x", [-300.0, 300.0])
def test_stable_sigmoid_overflows_nowhere(fmt, x):
    y = StableSigmoid()(Variable(fmt.as_array([x, x])))  # warnings are errors
    assert ((y.data >= 0) & (y.data <= 1)).all()


# --- operators -------------------------------------------------------------------------------------

OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "**": lambda a, b: a**b,
}
each_operator = pytest.mark.parametrize("operate", OPERATORS.values(), ids=OPERATORS.keys())


@each_operator
def test_operators_between_variables_are_numpys(operate):
    a, b = np.array([1.5, 2.5]), np.array([0.3, 3.0])
    y = operate(Variable(a), Variable(b))
    assert isinstance(y, Variable)
    assert same(y.data, operate(a, b))


@each_operator
@each_format
@each_shape
@pytest.mark.parametrize("number", [2, 2.5])
def test_python_numbers_are_weak_on_either_side_in_every_format(operate, fmt, shape, number):
    data = filled(fmt, shape)
    constant = fmt.as_array(number)[()]
    for y, expected in (
        (operate(Variable(data), number), operate(data, constant)),
        (operate(number, Variable(data)), operate(constant, data)),
    ):
        assert type(y.data) is np.ndarray
        assert (y.shape, y.dtype) == (shape, fmt.dtype)
        assert same(y.data, np.asarray(expected))


def test_the_same_would_leave_bfloat16_in_plain_ml_dtypes():
    data = np.array([1.5], dtype=ml_dtypes.bfloat16)
    assert (data * 2.5).dtype == np.float32
    assert (Variable(data) * 2.5).dtype == data.dtype


def test_a_python_number_is_rounded_once_to_bfloat16():
    x = Variable(FORMATS["bfloat16"].as_array([1.0]))
    just_above_the_tie = 1 + 2.0**-8 + 2.0**-40  # float32 makes it the tie, which goes down to 1
    assert (x * just_above_the_tie).data == 1 + 2.0**-7
    assert (x * float("inf")).data == float("inf")


@each_operator
@each_format
def test_arrays_on_either_side_give_variables(operate, fmt):
    data, other = filled(fmt, (3,)), filled(fmt, (3,), 2.0)
    for y in (operate(Variable(data), other), operate(data, Variable(other))):
        assert isinstance(y, Variable)
        assert same(y.data, operate(data, other))


@each_operator
@each_format
def test_numpy_scalars_on_either_side_give_variables(operate, fmt):
    data, scalar = filled(fmt, (3,)), filled(fmt, (), 2.0)[()]
    for y, expected in (
        (operate(Variable(data), scalar), operate(data, scalar)),
        (operate(scalar, Variable(data)), operate(scalar, data)),
    ):
        assert isinstance(y, Variable)
        assert same(y.data, expected)


def test_arrays_and_numpy_scalars_promote_as_in_numpy():
    x = variable(1.5, dtype=np.float32)
    assert (x * np.float64(2)).dtype == np.float64
    assert (np.float64(2) * x).dtype == np.float64
    assert (x + np.array([2.0])).dtype == np.float64
    assert (x * Variable(np.array(2.0))).dtype == np.float64


def test_integers_follow_numpys_rules():
    x = Variable(np.array([2, 4]))
    assert (x + 1).dtype == np.int64
    assert (x**2).dtype == np.int64
    assert (x / 2).dtype == np.float64
    assert (x * 0.5).dtype == np.float64


def test_negation_and_augmented_assignment():
    x = y = variable(1.0, 2.0)
    assert (-x).data.tolist() == [-1.0, -2.0]
    x += 1
    x *= 2
    assert x.data.tolist() == [4.0, 6.0]
    assert y.data.tolist() == [1.0, 2.0]  # rebound, not changed


@each_operator
@pytest.mark.parametrize("other", ["a", None, 1j, [1.0], np.array([1j]), np.complex128(1), np.array([None])])
def test_other_operands_are_refused(operate, other):
    with pytest.raises(TypeError):
        operate(variable(1.0), other)
    with pytest.raises(TypeError):
        operate(other, variable(1.0))


def test_operators_compose_with_functions():
    x = Variable(np.array(0.5))
    y = 1 / (1 + Exp()(-x))
    assert same(y.data, Sigmoid()(x).data)


# --- the derivative --------------------------------------------------------------------------------


def forward_quotient(f, x: float, h: float) -> float:
    return float((f(Variable(np.array(x + h))).data - f(Variable(np.array(x))).data) / h)


def test_the_secant_of_the_square_approaches_the_tangent_exactly_by_h():
    # ((x + h)² − x²)/h = 2x + h; every operation here is exact.
    for k in range(1, 20):
        assert forward_quotient(Square(), 1.0, 2.0**-k) == 2 + 2.0**-k


def test_the_derivative_is_the_limit_of_the_difference_quotient():
    slopes = [forward_quotient(Exp(), 0.0, 2.0**-k) for k in range(1, 20)]
    errors = np.array(slopes) - 1
    assert (np.diff(errors) < 0).all()
    # h/2 + h²/6 + …, and the rounding of two values of f within an ulp.
    for k, error in enumerate(errors, start=1):
        h = 2.0**-k
        assert abs(error - h / 2) <= h * h / 5 + 4 * 2.0**-53 / h


def test_forward_halves_and_centered_quarters_its_error_with_the_step():
    def forward(h):
        return abs(forward_quotient(Exp(), 0.5, h) - np.exp(0.5))

    def centered(h):
        return abs(numerical_diff(Exp(), Variable(np.array(0.5)), h) - np.exp(0.5))

    h = 2.0**-8
    # The next Taylor term changes the ratio by a relative h/6 (forward) and h²·3/80 (centered).
    assert forward(h) / forward(h / 2) == pytest.approx(2, rel=h)
    rounding = 8 * 2.0**-53 / (h / 2) / centered(h / 2)
    assert centered(h) / centered(h / 2) == pytest.approx(4, rel=h * h + rounding)


def test_centered_is_nearer_than_forward_at_the_same_step():
    truth, eps = 4 * 0.5 * np.exp(0.5), 1e-4
    centered = abs(numerical_diff(composition, Variable(np.array(0.5)), eps) - truth)
    assert centered < eps * abs(forward_quotient(composition, 0.5, eps) - truth) * 10


def test_numerical_diff_of_the_square_is_the_courses_number():
    assert numerical_diff(Square(), Variable(np.array(2.0))) == 4.000000000004


def test_numerical_diff_of_the_composition_is_the_courses_number():
    assert numerical_diff(composition, Variable(np.array(0.5))) == 3.2974426293330694


@pytest.mark.parametrize("function", UNARY)
def test_numerical_diff_is_the_formula_of_the_course(function):
    x, eps = np.array([0.3, 0.7, 2.0]), 1e-4
    f = on_arrays(function())
    expected = (f(x + eps) - f(x - eps)) / (2 * eps)
    assert same(numerical_diff(function(), Variable(x)), expected)


@pytest.mark.filterwarnings("ignore:eps = .* is absorbed")
@each_format
@each_shape
def test_numerical_diff_keeps_dtype_and_shape(fmt, shape):
    slope = numerical_diff(Square(), Variable(filled(fmt, shape)), eps=2**-4)
    assert isinstance(slope, np.generic if shape == () else np.ndarray)
    assert (slope.dtype, slope.shape) == (fmt.dtype, shape)
    # (x ± h)² = 2.25 ± 0.1875 + 2⁻⁸: at most one rounding of each value, then exact operations.
    assert (abs(slope.astype(np.float64) - 3) <= 2 * 4 * float(fmt.unit_roundoff) / 2**-3).all()


def test_integers_are_differentiated_in_float64():
    slope = numerical_diff(Square(), Variable(np.array([2, 3])))
    assert slope.dtype == np.float64
    assert same(slope, numerical_diff(Square(), variable(2.0, 3.0)))
    assert numerical_diff(Square(), Variable(np.array(2))) == 4.000000000004


def test_numerical_diff_does_not_change_its_variable():
    data = np.array([0.5, 1.0])
    data.flags.writeable = False
    x = Variable(data)
    numerical_diff(Exp(), x)
    assert x.data is data


def test_the_identity_has_slope_one():
    assert numerical_diff(lambda v: v, variable(1.0), eps=0.25) == 1.0


@pytest.mark.parametrize("eps", [0, -1e-4, float("inf"), float("nan"), np.float64(0)])
def test_eps_must_be_positive_and_finite(eps):
    with pytest.raises(ValueError, match="eps must be positive and finite"):
        numerical_diff(Square(), variable(1.0), eps=eps)


@pytest.mark.parametrize(("name", "eps"), [("float16", 1e-9), ("float16", 1e6), ("float32", 1e-60)])
def test_eps_must_exist_in_the_format_of_x(name, eps):
    with pytest.raises(ValueError, match=f"eps must be positive and finite in {name}"):
        numerical_diff(Square(), Variable(FORMATS[name].as_array([1.0])), eps=eps)


@pytest.mark.parametrize("eps", ["1e-4", None, 1j, True, [1e-4]])
def test_eps_must_be_a_number(eps):
    with pytest.raises(TypeError, match="eps must be a real number"):
        numerical_diff(Square(), variable(1.0), eps=eps)


def test_eps_is_rounded_once_to_the_format_of_x():
    fmt = FORMATS["float32"]
    eps = np.float32(1e-4)
    x = fmt.as_array([0.75])
    expected = (np.exp(x + eps) - np.exp(x - eps)) / (2 * eps)
    for given_eps in (1e-4, np.float64(1e-4), eps):
        slope = numerical_diff(Exp(), Variable(x), eps=given_eps)
        assert slope.dtype == np.float32
        assert same(slope, expected)


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_the_default_step_is_absorbed_in_the_narrow_formats_and_that_is_said(name):
    x = Variable(FORMATS[name].as_array([1.0, 0.0]))
    with pytest.warns(UserWarning, match=rf"absorbed at 1 of 2 points: x ± eps rounds to x in {name}"):
        slope = numerical_diff(Exp(), x)
    assert slope[0] == 0.0  # not e


def test_absorption_on_one_side_is_said_too():
    # At 1 the spacing below is half of that above: only x − eps moves, and the slope of x reads 0.5.
    with pytest.warns(UserWarning, match="absorbed at 1 of 1"):
        assert numerical_diff(lambda v: v, variable(1.0), eps=2.0**-53) == 0.5


def test_points_that_are_not_finite_are_no_absorption():
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("error")
        assert np.isnan(numerical_diff(Square(), variable(np.inf, np.nan))).all()


@pytest.mark.parametrize("f", [3, None, "exp"])
def test_numerical_diff_takes_a_callable(f):
    with pytest.raises(TypeError, match=f"f must be callable, got {type(f).__name__}"):
        numerical_diff(f, variable(2.0))


@pytest.mark.parametrize("x", [2.0, np.array([2.0]), None])
def test_numerical_diff_takes_a_variable(x):
    with pytest.raises(TypeError, match="x must be a Variable, got"):
        numerical_diff(Square(), x)


def test_numerical_diff_says_what_f_must_return():
    x = variable(1.0, 2.0)
    with pytest.raises(TypeError, match="f must return a Variable, got ndarray"):
        numerical_diff(lambda v: v.data, x)
    with pytest.raises(ValueError, match=r"f must keep the shape of x, \(2,\), got \(\)"):
        numerical_diff(lambda v: Variable(as_array(v.data.sum())), x)
    with pytest.raises(TypeError, match="f must keep the dtype of x, float32, got float64"):
        numerical_diff(lambda v: v * np.float64(2), variable(1.0, dtype=np.float32))


# --- exact arrays ----------------------------------------------------------------------------------


@pytest.mark.parametrize("function", UNARY)
@pytest.mark.parametrize("engine", [multiprecision, balls])
def test_exact_arrays_pass_through_every_function_unchanged_in_type(function, engine):
    seen = []

    def f(x):
        y = function()(Variable(x))
        seen.append((type(x), type(y.data), y.shape, hasattr(y, "dtype")))
        return y.data

    values = engine.values(f, [dyadic(0.5), dyadic(0.75)], 100)
    assert not any(isinstance(value, Undefined) for value in values)
    assert seen
    assert set(seen) == {(ExactArray, ExactArray, (2,), False)}


@pytest.mark.parametrize("function", BINARY)
def test_exact_arrays_pass_through_every_function_of_two(function):
    f = on_arrays(lambda v: function()(v, Variable(v.data + 1)))
    g = {
        Add: lambda x: 2 * x + 1,
        Sub: lambda x: 0 * x - 1,
        Mul: lambda x: x * (x + 1),
        Div: lambda x: x / (x + 1),
        Pow: lambda x: x ** (x + 1),
    }[function]
    assert exactly(f, 2.0, 3.0) == exactly(g, 2.0, 3.0)


@each_operator
@pytest.mark.parametrize("number", [2, 2.0, np.float64(2), np.float32(2), np.int64(2)])
def test_numbers_meet_exact_arrays_on_either_side(operate, number):
    point, exact = 3.0, Fraction(3)
    assert exactly(on_arrays(lambda v: operate(v, number)), point) == [operate(exact, 2)]
    if operate is not OPERATORS["**"]:
        assert exactly(on_arrays(lambda v: operate(number, v)), point) == [operate(2, exact)]


def test_a_python_float_means_its_binary_value_in_a_box():
    assert exactly(on_arrays(lambda v: v * 0.1), 1.0) == [Fraction(0.1)]


def test_sigmoid_and_tanh_are_the_same_function_in_both_forms():
    points = [dyadic(point) for point in (-800.0, -2.5, -0.5, 0.75, 3.0)]
    for course, stable in ((Sigmoid, StableSigmoid), (Tanh, StableTanh)):
        one = balls.values(on_arrays(course()), points, 300)
        two = balls.values(on_arrays(stable()), points, 300)
        for a, b in zip(one, two, strict=True):
            # |mid − mid| ≤ rad + rad: enclosures of the same number.
            distance = abs(Fraction(a.mid) * Fraction(2) ** a.exp - Fraction(b.mid) * Fraction(2) ** b.exp)
            assert distance <= a.rad * Fraction(2) ** a.exp + b.rad * Fraction(2) ** b.exp


def test_a_function_is_differentiated_by_arb():
    (ball,) = balls.derivatives(on_arrays(composition), [dyadic(0.5)], 1, 200)
    with mpmath.workprec(200):
        exact = 2 * mpmath.exp(mpmath.mpf(0.5))  # 4x·e^(2x²)
        mid, rad = mpmath.ldexp(ball.mid, ball.exp), mpmath.ldexp(ball.rad, ball.exp)
        assert abs(mid - exact) <= rad + exact * 2**-195  # mpmath's own rounding


@given(x=st.floats(-4, 4), k=st.integers(1, 12))
def test_numerical_diff_on_exact_arrays_is_the_formula_without_rounding(x, k):
    eps = 2.0**-k
    slopes = exactly(lambda a: numerical_diff(Cube(), Variable(a), eps), x)
    assert slopes == [3 * Fraction(x) ** 2 + Fraction(eps) ** 2]


def test_the_square_has_no_truncation_error():
    assert exactly(lambda a: numerical_diff(Square(), Variable(a)), 2.0) == [4]


def test_an_exact_variable_has_shape_and_length_but_no_dtype():
    seen = {}

    def f(x):
        held = Variable(x)
        seen.update(shape=held.shape, length=len(held), size=held.size, text=repr(held))
        seen.update(dtype=hasattr(held, "dtype"))
        return x

    exactly(f, 1.0, 2.0)
    assert seen.pop("text").startswith("Variable(<exact array of shape (2,)")
    assert seen == {"shape": (2,), "length": 2, "size": 2, "dtype": False}


# --- on_arrays -------------------------------------------------------------------------------------


@pytest.mark.parametrize("function", UNARY)
@each_format
def test_a_function_is_a_numpy_callable_in_every_format(function, fmt):
    x = fmt.as_array([0.25, 0.5, 0.75])
    y = evaluate(fmt, on_arrays(function()), x)
    assert type(y) is np.ndarray
    assert (y.shape, y.dtype) == (x.shape, x.dtype)
    assert same(y, function()(Variable(x)).data)


def test_the_view_of_bfloat16_goes_through_a_box_and_keeps_its_class():
    x = FORMATS["bfloat16"].as_array([0.5]).view(WeakScalarArray)
    for function in UNARY:
        assert type(on_arrays(function())(x)) is WeakScalarArray


def test_the_view_keeps_python_floats_weak_in_a_users_forward():
    class Half(Function):
        def forward(self, x):
            return 0.5 * x

    fmt = FORMATS["bfloat16"]
    assert evaluate(fmt, on_arrays(Half()), fmt.as_array([3.0])) == fmt.as_array([1.5])
    with pytest.raises(TypeError, match="in bfloat16 a Python float too"):
        Half()(Variable(fmt.as_array([3.0])))


@pytest.mark.parametrize("shape", [(1,), (4,), (2, 3), (0,)], ids=str)
def test_the_shape_stays(shape):
    assert on_arrays(composition)(np.zeros(shape)).shape == shape


@pytest.mark.parametrize("x", [np.array(0.5), np.float64(0.5), 0.5])
def test_numbers_give_numbers(x):
    y = on_arrays(composition)(x)
    assert type(y) is np.float64
    assert y == on_arrays(composition)(np.array([0.5]))[0]


@pytest.mark.parametrize("function", [Exp, Square, Sigmoid, Tanh, StableTanh, Sin, Cos, Log, Neg])
def test_the_complex_step_goes_through_analytic_functions(function):
    fmt, x, h = FORMATS["float64"], 0.75, 2.0**-100
    y = evaluate(fmt, on_arrays(function()), np.array([complex(x, h)]))
    centered = numerical_diff(function(), Variable(np.array(x)), eps=2.0**-17)
    # Truncation h²·|f‴|/6 with |f‴| ≤ 8 at this point (log: 2/x³ = 4.7), rounding of f over eps.
    assert abs(y.imag[0] / h - centered) <= 8 * 2.0**-34 / 6 + 16 * 2.0**-53 * 2.0**17
    assert not ufuncs_used(on_arrays(function())) & NO_COMPLEX_STEP


def test_the_stable_sigmoid_says_that_it_is_not_analytic():
    with pytest.raises(TypeError, match="analytic"):
        evaluate(FORMATS["float64"], on_arrays(StableSigmoid()), np.array([1 + 1e-20j]))
    assert ufuncs_used(on_arrays(StableSigmoid())) & NO_COMPLEX_STEP


def test_complex_numbers_enter_only_in_the_view_of_the_complex_step():
    z = np.array([0.5 + 1e-20j])
    with pytest.raises(TypeError, match="got ndarray of dtype complex128"):
        on_arrays(Exp())(z)
    y = on_arrays(Exp())(z.view(HolomorphicArray))
    assert type(y) is HolomorphicArray
    assert repr(Variable(y)).endswith("dtype=complex128)")


@pytest.mark.parametrize("function", [Cube(), composition])
def test_a_function_on_arrays_can_be_pickled(function):
    copy = pickle.loads(pickle.dumps(on_arrays(function)))
    x = np.array([0.5, 1.5])
    assert same(copy(x), on_arrays(function)(x))


def test_a_function_on_arrays_has_a_name():
    assert on_arrays(Cube()).__name__ == "Cube"
    assert on_arrays(composition).__name__ == "composition"
    assert repr(on_arrays(Cube())) == "on_arrays(Cube())"


def test_what_needs_no_on_arrays_is_not_passed_through():
    with pytest.raises(TypeError, match=r"function must take Variables, got np\.exp"):
        on_arrays(np.exp)
    with pytest.raises(TypeError, match="function must be callable, got float"):
        on_arrays(0.5)
    with pytest.raises(TypeError, match=r"function must return a Variable, got ndarray.*needs no on_arrays"):
        on_arrays(lambda v: v.data)(np.array([1.0]))


def test_a_box_writes_into_no_array():
    for function in UNARY:
        x = np.array([0.5, 0.25])
        x.flags.writeable = False
        assert not np.shares_memory(on_arrays(function())(x), x)


def test_every_function_is_public_and_documented():
    for name in functions.__all__:
        assert getattr(functions, name).__doc__, name
    for function in (*UNARY, *BINARY):
        assert function.__name__ in functions.__all__


# --- masks -----------------------------------------------------------------------------------------------


MASKED = np.ma.array([1.0, 2.0], mask=[False, True])


@pytest.mark.parametrize(
    "use",
    [
        Variable,
        on_arrays(Square()),
        gradient_of(lambda x: (x * x).sum()),
        lambda masked: Variable(np.ones(2)) * masked,
        lambda masked: (Variable(np.ones(2)) ** 2).backward(masked),
        lambda masked: on_arrays(lambda x: x * masked)(np.ones(2)),
    ],
    ids=["Variable", "on_arrays", "gradient_of", "operand", "seed", "constant in f"],
)
def test_what_is_masked_never_becomes_a_variable(use):
    with pytest.raises(TypeError, match="masked at some of its places"):
        use(MASKED)


def test_a_mask_that_masks_nothing_is_taken_for_an_array():
    x = np.ma.array([1.0, 2.0], mask=[False, False])
    assert gradient_of(lambda v: (v * v).sum())(x).tolist() == [2.0, 4.0]
