"""Back-propagation through graphs: shared, repeated, deep, broadcast; its dtypes, its errors and its memory."""

import gc
import tracemalloc
import weakref

import numpy as np
import pytest

from numdiff.arithmetic import rational
from numdiff.autodiff import Add, Exp, Function, Maximum, Mul, Square, Variable
from numdiff.floats.formats import FORMATS, dyadic

each_format = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS.keys())


class Cube(Function):
    def forward(self, x):
        return x * x * x

    def backward(self, gradient, y, x):
        return 3 * x * x * gradient


def variable(*values: float) -> Variable:
    return Variable(np.array(values))


def scalar(value: float, dtype: type = np.float64) -> Variable:
    return Variable(np.array(value, dtype))


# --- graphs ----------------------------------------------------------------------------------------


def test_composition_of_the_course_has_the_courses_gradient():
    x = scalar(0.5)
    Square()(Exp()(Square()(x))).backward()
    assert x.grad == 3.297442541400256
    assert isinstance(x.grad, np.ndarray)
    assert x.grad.shape == ()


def test_gradient_is_none_before_backward_and_after_clearing():
    x = scalar(3.0)
    y = x * x
    assert x.grad is None
    y.backward()
    assert x.grad == 6
    x.clear_gradient()
    assert x.grad is None


def test_one_variable_used_twice_in_one_function_gets_both_gradients():
    x = scalar(3.0)
    (x + x).backward()
    assert x.grad == 2
    y = scalar(3.0)
    (y * y * y).backward()
    assert y.grad == 27


def test_one_function_applied_twice_keeps_its_applications_apart():
    square, x = Square(), scalar(3.0)
    square(square(x)).backward()
    assert x.grad == 4 * 27


def test_diamond_waits_for_both_branches():
    # The course's step 16: y = (x²)² + (x²)², and the square of x is differentiated once, with a complete gradient.
    calls = []

    class Counted(Square):
        def backward(self, gradient, y, x):
            calls.append(float(gradient))
            return super().backward(gradient, y, x)

    x = scalar(2.0)
    a = Counted()(x)
    (Square()(a) + Square()(a)).backward()
    assert x.grad == 64
    assert calls == [16.0]


def test_branches_of_unequal_depth_meet_in_the_right_order():
    x = scalar(2.0)
    a = x * x
    b = a
    for _ in range(3):
        b = b + 1
    (a * b * x).backward()  # x²(x² + 3)x = x⁵ + 3x³
    assert x.grad == 5 * 16 + 9 * 4


def test_shared_subexpressions_cost_one_pass_each_and_not_one_per_path():
    x = scalar(1.0)
    y = x
    for _ in range(200):  # 2²⁰⁰ paths
        y = (y + y) / 2
    y.backward()
    assert x.grad == 1


def test_deep_graphs_meet_no_limit_of_recursion():
    x = scalar(1.0)
    y = x
    for _ in range(50_000):
        y = y + 1
    y.backward()
    assert x.grad == 1
    del y  # neither does their end


@each_format
def test_gradients_keep_the_dtype(fmt):
    x = Variable(fmt.as_array([0.5, 0.25]))
    y = Cube()(x) * 3 + 2.5 * x / (1 + x) - 0.1 + (x - 0.3) ** 2 + 2 / x
    y.sum().backward()
    assert (x.grad.dtype, x.grad.shape) == (x.dtype, x.shape)
    assert type(x.grad) is np.ndarray
    exact = 9 * x.data.astype(float) ** 2 + 2.5 / (1 + x.data.astype(float)) ** 2
    exact += 2 * (x.data.astype(float) - 0.3) - 2 / x.data.astype(float) ** 2
    assert (abs(x.grad.astype(float) - exact) <= 64 * float(fmt.unit_roundoff) * 32).all()


def test_an_input_that_was_promoted_gets_its_gradient_in_its_own_dtype():
    x, w = scalar(2.0, np.float32), scalar(3.0)
    (x * w).backward()
    assert (x.grad, x.grad.dtype) == (3, np.float32)
    assert (w.grad, w.grad.dtype) == (2, np.float64)


# --- several results, several calls ----------------------------------------------------------------


def test_a_result_of_several_elements_needs_a_seed():
    x = variable(1.0, 2.0)
    y = x * x
    with pytest.raises(ValueError, match=r"gradient of the shape of the result, \(2,\), unless that has one element"):
        y.backward()
    assert x.grad is None
    y.backward(np.array([1.0, 10.0]))
    assert x.grad.tolist() == [2.0, 40.0]


@pytest.mark.parametrize("shape", [(), (1,), (1, 1)])
def test_one_element_is_a_scalar_in_any_shape(shape):
    x = Variable(np.full(shape, 3.0))
    (x * x).backward()
    assert x.grad.shape == shape
    assert x.grad == 6


def test_a_seed_has_shape_and_dtype_of_the_result():
    x = variable(1.0, 2.0)
    with pytest.raises(ValueError, match=r"gradient must have the shape of the result, \(2,\), got \(3,\)"):
        (x * x).backward(np.ones(3))
    with pytest.raises(TypeError, match="gradient must have the dtype of the result, float64, got float32"):
        (x * x).backward(np.ones(2, np.float32))
    with pytest.raises(TypeError, match="gradient must be an array or a number, got list"):
        (x * x).backward([1.0, 1.0])
    assert x.grad is None


@each_format
def test_a_number_is_a_seed_in_the_dtype_of_the_result(fmt):
    x = Variable(fmt.as_array(3.0))
    (x * x).backward(0.5)
    assert (x.grad, x.grad.dtype) == (3, fmt.dtype)


def test_second_call_adds_to_the_gradient():
    x = scalar(3.0)
    y = x * x
    y.backward()
    y.backward()
    assert x.grad == 12


def test_gradients_of_two_losses_add_up_to_that_of_their_sum():
    x, z = variable(0.5, -1.5), variable(0.5, -1.5)
    (x * x).sum().backward()
    Exp()(x).sum().backward()
    ((z * z).sum() + Exp()(z).sum()).backward()
    assert x.grad.tolist() == z.grad.tolist()


def test_a_gradient_left_from_another_shape_is_refused():
    x = variable(1.0, 2.0)
    x.sum().backward()
    x.data = np.zeros(3)
    with pytest.raises(ValueError, match=r"grad must have the shape of the data, \(3,\), got \(2,\).*clear_gradient"):
        x.sum().backward()


def test_variables_on_the_way_keep_their_gradients_only_on_demand():
    x = scalar(3.0)
    a = x * x
    y = a * a
    y.backward()
    assert (a.grad, y.grad) == (None, None)
    y.backward(keep_all=True)
    assert (a.grad, y.grad, x.grad) == (18, 1, 216)


def test_a_variable_that_was_written_down_is_its_own_gradient():
    x = scalar(3.0)
    x.backward()
    assert x.grad == 1


def test_gradients_are_arrays_of_their_own():
    x, z, seed = variable(1.0, 2.0), variable(3.0, 4.0), np.ones(2)
    (x + z).backward(seed)
    x.grad *= 5
    assert z.grad.tolist() == [1, 1]
    assert seed.tolist() == [1, 1]
    w = variable(1.0, 2.0)
    w.sum().backward()
    w.grad *= 2  # not a read-only view of the seed
    assert w.grad.tolist() == [2, 2]


def test_the_gradient_is_that_of_what_was_computed():
    x = scalar(3.0)
    y = x * x
    x.data = np.array(100.0)
    y.backward()
    assert x.grad == 6


def test_descent_by_gradients_finds_the_minimum():
    x = variable(4.0, -3.0)
    for _ in range(60):
        x.clear_gradient()
        ((x - 1) ** 2).sum().backward()
        x.data -= 0.25 * x.grad  # halves the distance
    assert (abs(x.data - 1) <= 4 * 2.0**-53).all()


# --- broadcasting ----------------------------------------------------------------------------------

SHAPES = [
    ((3,), ()),
    ((2, 3), (3,)),
    ((2, 3), (2, 1)),
    ((2, 1), (3,)),
    ((4, 1, 3), (2, 1)),
    ((1,), (3,)),
    ((1, 1), (3,)),
]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("function", [Add, Mul, Maximum])
def test_broadcast_operands_get_the_sum_of_the_gradients_of_their_copies(function, shapes, swap):
    rng = np.random.default_rng(1)
    a, b = (Variable(rng.integers(1, 9, shape).astype(float)) for shape in (shapes[::-1] if swap else shapes))
    y = function()(a, b)
    seed = rng.integers(1, 9, y.shape).astype(float)
    y.backward(seed)
    # The same without broadcasting: every copy is a variable, and small integers are added exactly.
    for one, other in ((a, b), (b, a)):
        whole, rest = (Variable(np.broadcast_to(v.data, y.shape).copy()) for v in (one, other))
        function()(whole, rest).backward(seed)
        expected = np.zeros(one.shape)
        index = np.broadcast_to(np.arange(one.size).reshape(one.shape), y.shape)
        np.add.at(expected.reshape(-1), index.ravel(), whole.grad.ravel())
        assert one.grad.shape == one.shape
        assert one.grad.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_broadcast_gradients_are_added_in_float32_and_rounded_once(name):
    fmt = FORMATS[name]
    x = Variable(fmt.as_array(1.0))
    y = x + np.zeros(5000, fmt.dtype)
    y.backward(np.ones(5000, fmt.dtype))
    assert x.grad.dtype == fmt.dtype
    assert fmt.lift(x.grad) == fmt.lift(fmt.round(5000))


# --- constants -------------------------------------------------------------------------------------


def test_operands_that_are_no_variables_get_no_gradient_and_cost_none():
    asked = []

    class Asking(Mul):
        def backward(self, gradient, z, x, y):
            return lambda: asked.append("x") or gradient * y, lambda: asked.append("y") or gradient * x

    x = variable(1.0, 2.0)
    for other in (3, 3.0, np.float64(3), np.array([3.0, 3.0])):
        x.clear_gradient()
        (x * other).sum().backward()
        assert x.grad.tolist() == [3, 3]
    Asking()(x, Variable(np.array([1, 2]))).sum().backward()
    assert asked == ["x"]


def test_integers_get_no_gradient():
    n, x = Variable(np.array([1, 2])), variable(1.0, 2.0)
    (n * x).sum().backward()
    assert n.grad is None
    assert x.grad.tolist() == [1, 2]
    with pytest.raises(TypeError, match="floating-point result, got ndarray of dtype int64: integers have no deriv"):
        (n * n).sum().backward()


def test_a_result_without_variables_is_refused():
    with pytest.raises(TypeError, match="computed from a Variable, got a constant"):
        Exp()(Variable(np.array([1, 2]))).sum().backward()


# --- a user's functions ----------------------------------------------------------------------------


def test_a_function_without_backward_is_named_when_it_is_reached():
    class OneWay(Function):
        def forward(self, x):
            return x * 2

    x = scalar(1.0)
    y = OneWay()(x) + 1
    assert y.data == 3
    with pytest.raises(NotImplementedError, match=r"OneWay must define backward\(gradient, output, \*arrays\)"):
        y.backward()
    assert x.grad is None


@pytest.mark.parametrize("answer", [1.0, None, [1.0], "g"])
def test_backward_must_return_arrays(answer):
    class Odd(Square):
        def backward(self, gradient, y, x):
            return answer

    with pytest.raises(TypeError, match=r"Odd\.backward must return arrays, got"):
        Odd()(scalar(1.0)).backward()


def test_backward_must_return_a_gradient_for_each_input():
    class Odd(Add):
        def backward(self, gradient, z, x, y):
            return gradient

    with pytest.raises(TypeError, match=r"Odd\.backward must return a gradient for each of 2 inputs, got ndarray"):
        Odd()(scalar(1.0), scalar(2.0)).backward()


@pytest.mark.parametrize("shape", [(3,), (2, 2), (1,)])
def test_backward_must_keep_the_shape(shape):
    class Odd(Square):
        def backward(self, gradient, y, x):
            return np.ones(shape)

    with pytest.raises(ValueError, match=r"Odd\.backward must return a gradient of the shape of the input, \(2,\)"):
        Odd()(variable(1.0, 2.0)).sum().backward()


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32"])
def test_backward_that_leaves_the_format_is_refused(name):
    class Odd(Square):
        def backward(self, gradient, y, x):
            return gradient * np.float64(2)

    with pytest.raises(TypeError, match=rf"Odd\.backward must keep the dtype of the data, {name}, got"):
        Odd()(Variable(FORMATS[name].as_array([1.0]))).backward()


# --- exact arrays ----------------------------------------------------------------------------------


def test_exact_arrays_are_differentiated_exactly():
    def slope(x):
        v = Variable(x)
        y = Cube()(v) / (v + 1) - 0.5 * v
        y.backward(np.ones_like(x))
        return v.grad

    # f = x³/(x + 1) − x/2
    assert rational.values(slope, [dyadic(3.0)]) == [27 / 4 - 27 / 16 - 0.5]


# --- memory ----------------------------------------------------------------------------------------


def test_a_graph_is_freed_with_its_result_without_the_garbage_collector():
    gc.collect()
    gc.disable()
    try:
        x = variable(1.0, 2.0)
        a = Exp()(x)
        y = (Square()(a) + a * x).sum()
        y.backward(keep_all=True)
        watched = [weakref.ref(each) for each in (a, y, y.creator.function, a.data, y.data)]
        del a, y
        assert [each() for each in watched] == [None] * len(watched)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_gradients_on_the_way_are_let_go_when_they_have_been_used():
    n = 100_000
    x = Variable(np.ones(n))
    y = x
    for _ in range(30):
        y = y * 1.5
    total = y.sum()
    tracemalloc.start()
    try:
        total.backward()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # The gradient of a Variable, that of the one before, the result and its copy; not 30.
    assert peak <= 4.1 * 8 * n
    assert (abs(x.grad / 1.5**30 - 1) <= 30 * 2.0**-53).all()


def test_no_graph_is_kept_for_functions_on_arrays():
    from numdiff.autodiff import numerical_diff, on_arrays

    seen = []

    def f(v):
        y = v * 2 + 1
        seen.append(y)
        return y

    on_arrays(f)(np.array([1.0]))
    numerical_diff(f, scalar(1.0))
    assert [y.creator for y in seen] == [None] * 3
    with pytest.raises(TypeError, match="the x that on_arrays hands to its function"):
        seen[0].backward()
