"""Functions with further arguments, of one number, and what is said of those that take no arrays."""

import math
import pickle

import numpy as np
import pytest

from numdiff.floats.callables import number_of, with_arguments
from numdiff.floats.formats import FORMATS
from numdiff.formulas.differences import apply, centered_difference, complex_step, difference, forward_difference
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP
from numdiff.formulas.table import METHODS

ALL = pytest.mark.parametrize("item", FORMATS.values(), ids=lambda item: item.name)
WITH_COMPLEX = [item for item in FORMATS.values() if item.complex_dtype is not None]
POINTS = np.array([-1.0, -0.25, 0.5, 2.0])


def branch(x):
    return x * x if x > 0 else -x


def newton(x):
    """Return √x by a loop that asks for its size."""
    y = x
    while abs(y * y - x) > 1e-12 * x:
        y = (y + x / y) / 2
    return y


def table(x):
    return {0.5: 1.0}.get(x, float(x))


def determinant(x):
    return np.linalg.det(np.array([[x, 1.0], [1.0, x]]))


def text(x):
    return float(f"{x:.17g}") ** 2


OF_ONE_NUMBER = [branch, newton, table, determinant, text, math.sin, lambda x: int(x) * x, lambda x: max(x, 0.25)]


# --- elementwise=False -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS.values(), ids=lambda method: method.name)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 2), (0,)])
def test_a_function_of_one_number_gives_what_its_elementwise_form_gives(method, shape):
    x = np.resize(POINTS, shape)
    h = 1e-20 if method is COMPLEX_STEP else 2.0**-10
    found = apply(method, lambda t: t * t - t, x, h, elementwise=False)
    expected = apply(method, lambda t: t * t - t, x, h)
    assert np.shape(found) == shape
    assert np.array_equal(found, expected)
    assert type(found) is type(expected)


@ALL
def test_f_gets_numbers_of_the_format_in_every_format(item):
    seen = []

    def f(t):
        seen.append(t)
        return t * 2.0 + 1 / (1 + abs(t)) if t > 0 else -t

    x = item.as_array([-1.0, 0.5, 2.0])
    found = centered_difference(f, x, 2.0**-3, elementwise=False)
    assert found.dtype == item.dtype
    assert all(np.shape(t) == () and t.dtype == item.dtype for t in seen)
    assert all(isinstance(t, np.generic) for t in seen) or item.weak_scalars
    exact = np.where(x > 0, 2.0 - (1.0 + np.abs(x.astype(float))) ** -2, -1.0)
    assert np.abs(found.astype(float) - exact).max() <= 2.0**-5 + 64 * float(item.unit_roundoff)


@pytest.mark.parametrize("x", [0.75, POINTS[2:]])
@pytest.mark.parametrize("f", OF_ONE_NUMBER, ids=lambda f: f.__name__)
def test_functions_of_python_numbers_are_differentiated_as_they_are_written(f, x):
    h = 2.0**-20
    found = centered_difference(f, x, h, elementwise=False)
    assert np.array_equal(
        found, [(f(t + h) - f(t - h)) / (2 * h) for t in x] if np.ndim(x) else (f(x + h) - f(x - h)) / (2 * h)
    )


def test_a_python_number_is_rounded_to_the_format_once():
    seen = observe(CENTERED, math.exp, np.float32([0.5, 1.0]), 0.25, elementwise=False)
    for x, y in zip(seen.abscissae, seen.values, strict=True):
        assert y.dtype == np.float32
        assert y.tolist() == [float(np.float32(math.exp(t))) for t in x]


@pytest.mark.parametrize(
    "f, message",
    [
        (lambda x: np.float64(2) * x, r"f must keep the dtype of its argument, float32, got float64: a np\.float64"),
        (lambda x: np.array([x, x]), r"f must return one number for one number .* got shape \(2,\).*jacobian"),
        (lambda x: None, "f must return numbers of float32"),
        (lambda x: "1", "f must return numbers of float32"),
        (lambda x: complex(x), "f must keep the dtype of its argument, float32, got complex"),
        (lambda x: np.ma.masked_greater(x * x, 0), "f must not return masked values"),
    ],
)
def test_what_is_no_number_of_the_format_is_refused(f, message):
    with pytest.raises((TypeError, ValueError), match=message):
        centered_difference(f, np.float32([0.5, 1.0]), 0.25, elementwise=False)


@pytest.mark.parametrize(
    "f", [abs, math.exp, lambda z: z.real, lambda z: float(z), lambda z: 1.0 if z > 0 else 0.0, complex]
)
@pytest.mark.parametrize("item", WITH_COMPLEX, ids=lambda item: item.name)
def test_the_complex_step_lets_no_number_drop_its_imaginary_part(item, f):
    with pytest.raises(TypeError, match="f must be analytic for the complex step"):
        complex_step(f, item.as_array([0.5, 1.0]), 2.0**-20, elementwise=False)


def test_an_error_of_f_stays_its_own():
    def f(x):
        raise KeyError("mine")

    for elementwise in (True, False):
        with pytest.raises(KeyError, match="mine"):
            centered_difference(f, 0.5, 1e-3, elementwise=elementwise)


def test_f_cannot_change_what_is_measured():
    for item in FORMATS.values():
        x = item.as_array([0.5, 1.0])
        number = number_of(x, 1)
        assert number == 1
        with pytest.raises((TypeError, ValueError)):
            number[...] = 3


def test_a_text_in_place_of_f_is_told_what_it_may_stand_for():
    with pytest.raises(TypeError, match=r"got str 'exp'; a problem of the suite is nd\.PROBLEMS\['exp'\]"):
        centered_difference("exp", 0.5, 0.1)
    with pytest.raises(TypeError, match=r"'exp\(x\)'; numdiff\.expressions\.parse_expression makes a function"):
        centered_difference("exp(x)", 0.5, 0.1)


def test_f_must_be_callable():
    with pytest.raises(TypeError, match="f must be callable, got int 3"):
        centered_difference(3, 0.5, 1e-3, elementwise=False)
    with pytest.raises(TypeError, match="f must be callable, got int 3"):
        centered_difference(3, 0.5, 1e-3, args=(2,))


# --- what is said ----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:Conversion of an array with ndim > 0:DeprecationWarning")
@pytest.mark.parametrize("f", OF_ONE_NUMBER, ids=lambda f: f.__name__)
def test_a_function_of_one_number_is_told_where_to_go(f):
    with pytest.raises(TypeError, match=r"f is a function of one number: write elementwise=False, .*exact=.*gradient"):
        centered_difference(f, np.linspace(0.5, 0.9, 5), 1e-3)


@pytest.mark.parametrize("n", [1, 5])
def test_a_function_of_a_matrix_is_told_where_to_go(n):
    with pytest.raises(ValueError, match=r"f must be elementwise, .*gradient and numdiff\.jacobian"):
        centered_difference(np.linalg.det, np.ones(n), 1e-3)


@pytest.mark.parametrize("n", [1, 5])
def test_a_function_with_several_values_is_told_where_to_go(n):
    def f(x):
        return np.array([float(x) if np.ndim(x) == 0 else x.nothing, 1.0])

    with pytest.raises(ValueError, match=r"for one number it returns shape \(2,\).*blocked=False.*jacobian"):
        centered_difference(f, np.ones(n), 1e-3)


def test_a_result_of_another_shape_is_told_where_to_go():
    with pytest.raises(ValueError, match=r"blocked=False, .*elementwise=False; .*gradient and numdiff\.jacobian"):
        centered_difference(lambda x: np.ones(58), 0.5, 1e-3)


def test_a_floating_point_event_that_was_made_an_error_is_no_function_of_one_number():
    with np.errstate(all="raise"), pytest.raises(FloatingPointError):
        centered_difference(np.log, [1.0, -1.0, 2.0], 2.0**-3)
    with pytest.raises(RuntimeWarning, match="invalid value"):
        centered_difference(np.log, [1.0, -1.0, 2.0], 2.0**-3)


@pytest.mark.parametrize("error", [MemoryError, OSError, ZeroDivisionError])
def test_a_lack_of_memory_is_no_sign_of_a_function_of_one_number(error):
    def f(x):
        if np.size(x) > 1:
            raise error("mine")
        return x

    with pytest.raises(error, match="mine"):
        centered_difference(f, np.ones(5), 0.5)


class Foreign:
    """An array of another library, as JAX has them: no ndarray, but one can be made of it."""

    __module__ = "jaxlib._jax"

    def __init__(self, values):
        self.values = values

    def __array__(self, dtype=None, copy=None):
        return self.values


def test_arrays_of_another_library_are_taken_in_the_format_of_x():
    x = np.linspace(0.5, 1, 5)
    assert np.array_equal(
        centered_difference(lambda t: Foreign(np.sin(t)), x, 1e-3), centered_difference(np.sin, x, 1e-3)
    )


def test_arrays_of_jax_in_single_precision_are_told_why():
    with pytest.raises(TypeError, match=r"float64, got float32: JAX computes in float32 unless .*jax_enable_x64"):
        centered_difference(lambda t: Foreign(np.sin(t).astype(np.float32)), 0.5, 1e-3)


def test_arrays_of_another_library_are_refused_in_the_complex_step():
    with pytest.raises(
        TypeError, match=r"a NumPy array of shape \(1,\) .* in the complex step, .* derivative of that library"
    ):
        complex_step(lambda t: Foreign(np.asarray(t)), 0.5, 1e-20)


def test_a_constant_of_numpy_is_told_what_to_write_in_the_complex_step():
    with pytest.raises(TypeError, match="write a constant as a Python number"):
        complex_step(lambda t: np.float64(3.0), 0.5, 1e-20)
    assert complex_step(lambda t: 3.0, 0.5, 1e-20) == 0


def test_a_function_that_computes_in_one_format_whatever_it_is_given_is_told_of_dtype():
    def f(x):
        return np.interp(x, [0.0, 1.0], [0.0, 2.0])

    with pytest.raises(TypeError, match=r"dtype='float64' if f computes in it whatever it is given"):
        centered_difference(f, np.float32(0.5), 2.0**-8)
    assert centered_difference(f, np.float32(0.5), 2.0**-8, dtype="float64") == 2


# --- args, dtype, names ----------------------------------------------------------------------------------


def power(x, k, factor=1):
    return factor * x**k


KERNELS = [
    forward_difference,
    centered_difference,
    lambda *a, **k: difference(*a, "centered4", **k),
    lambda *a, **k: difference(*a, METHODS["second_centered"], **k),
]


@ALL
@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("elementwise", [True, False])
def test_args_are_what_f_takes_after_x(item, kernel, elementwise):
    x = item.as_array([0.5, 1.0, 1.5])
    found = kernel(power, x, 2.0**-4, args=(3, 2), elementwise=elementwise)
    assert np.array_equal(found, kernel(lambda t: power(t, 3, 2), x, 2.0**-4, elementwise=elementwise))


def test_args_reach_the_complex_step():
    assert complex_step(power, 0.5, 1e-20, args=(3,)) == complex_step(lambda x: x**3, 0.5, 1e-20)


@pytest.mark.parametrize("args", [2.0, "ab", np.array([2.0]), None, {"k": 2}])
def test_args_must_be_a_tuple(args):
    with pytest.raises(TypeError, match=r"args must be a tuple, got .*; write args="):
        centered_difference(power, 0.5, 1e-3, args=args)


def test_a_function_with_arguments_pickles_equals_its_like_and_has_a_name():
    f = with_arguments(power, [3, 2])
    assert f == with_arguments(power, (3, 2)) != with_arguments(power, (3, 1))
    assert pickle.loads(pickle.dumps(f))(2.0) == f(2.0) == 16.0
    assert f.__name__ == "power"
    assert with_arguments(power, ()) is power


@ALL
@pytest.mark.parametrize("x", [0.1, np.float32(0.1), [0.1, 0.3], np.longdouble("0.1"), 1, [1, 2]])
def test_dtype_rounds_x_to_the_format_first(item, x):
    found = centered_difference(np.exp, x, 0.25, dtype=item.name)
    expected = centered_difference(np.exp, item.as_array(np.asarray(x)), 0.25)
    assert found.dtype == item.dtype
    assert np.array_equal(found, expected)


@pytest.mark.parametrize("name", [name for name in METHODS if name != "complex_step"])
def test_a_stencil_is_taken_by_its_name(name):
    assert difference(np.exp, 0.5, 2.0**-8, name) == difference(np.exp, 0.5, 2.0**-8, METHODS[name])
