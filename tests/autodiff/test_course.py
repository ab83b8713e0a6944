"""Functions as the course writes them, and what NumPy's functions say to a Variable."""

import gc
import math
import weakref

import numpy as np
import pytest

import numdiff as nd
from numdiff.arithmetic import rational
from numdiff.autodiff import Function, Variable, gradient_of, numerical_diff
from numdiff.floats.formats import FORMATS, dyadic

ALL = pytest.mark.parametrize("item", FORMATS.values(), ids=lambda item: item.name)


def scalar(value, dtype=np.float64):
    return Variable(np.array(value, dtype))


# --- backward(self, gy) ----------------------------------------------------------------------------------


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.input.data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return np.exp(self.input.data) * gy


class ExpOfOutput(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        return self.output.data * gy


class Mul(Function):
    def forward(self, x0, x1):
        return x0 * x1

    def backward(self, gy):
        x0, x1 = self.inputs[0].data, self.inputs[1].data
        return gy * x1, gy * x0


class Add(Function):
    def forward(self, x0, x1):
        return x0 + x1

    def backward(self, gy):
        return [gy, gy]


class SinOfVariables(Function):
    """As the course writes it from step 32 on: of Variables."""

    def forward(self, x):
        return np.sin(x)

    def backward(self, gy):
        (x,) = self.inputs
        return nd.Cos()(x) * gy


class Kept(Function):
    """Keeps in `forward` what `backward` needs."""

    def __init__(self, factor):
        self.factor = factor

    def forward(self, x):
        self.mask = x > 0
        return np.where(self.mask, self.factor * x, np.zeros_like(x))

    def backward(self, gy):
        return np.where(self.mask, self.factor * gy, np.zeros_like(gy))


def test_the_composition_of_the_course_has_its_gradient():
    x = scalar(0.5)
    Square()(Exp()(Square()(x))).backward()
    assert x.grad == 3.297442541400256
    assert numerical_diff(lambda v: Square()(Exp()(Square()(v))), x) == 3.2974426293330694


@ALL
@pytest.mark.parametrize("shape", [(), (3,), (2, 3)])
@pytest.mark.parametrize("pair", [(Square, nd.Square), (Exp, nd.Exp), (ExpOfOutput, nd.Exp), (SinOfVariables, nd.Sin)])
def test_both_forms_give_the_same_gradient(item, shape, pair):
    data = item.as_array(np.linspace(0.25, 1.5, math.prod(shape)).reshape(shape))
    grads = []
    for function in pair:
        x = Variable(data)
        function()(x).backward(np.ones_like(data))
        grads.append(x.grad)
    assert grads[0].dtype == item.dtype
    assert grads[0].shape == shape
    assert np.array_equal(*grads) or pair[0] is SinOfVariables


def test_several_inputs_have_several_gradients():
    x, y = scalar(3.0), scalar(4.0)
    Add()(Mul()(x, y), Square()(x)).backward()
    assert (x.grad, y.grad) == (10.0, 3.0)


def test_an_input_that_is_used_twice_gets_the_sum():
    x = scalar(3.0)
    Mul()(x, x).backward()
    assert x.grad == 6.0


def test_inputs_that_were_broadcast_get_the_sum():
    x, y = Variable(np.ones((2, 3))), Variable(np.full(3, 2.0))
    Mul()(x, y).backward(np.ones((2, 3)))
    assert x.grad.tolist() == [[2.0] * 3] * 2
    assert y.grad.tolist() == [2.0] * 3


def test_both_forms_mix_in_one_graph():
    x = scalar(0.5)
    nd.Square()(Exp()(nd.Square()(x)) + 0).backward()
    assert x.grad == pytest.approx(3.297442541400256, rel=1e-15)


def test_one_function_applied_twice_keeps_its_calls_apart():
    for function, expected in ((Square(), 4 * 3.0**3), (Exp(), math.exp(math.exp(0.5) + 0.5))):
        x = scalar(3.0 if type(function) is Square else 0.5)
        function(function(x)).backward()
        assert x.grad == pytest.approx(expected, rel=1e-15)


def test_what_forward_keeps_on_self_belongs_to_its_call():
    kept = Kept(3.0)
    x, y = Variable(np.array([1.0, -1.0])), Variable(np.array([-1.0, 1.0]))
    one, other = kept(x), kept(y)
    other.backward(np.ones(2))
    one.backward(np.ones(2))
    assert x.grad.tolist() == [3.0, 0.0]
    assert y.grad.tolist() == [0.0, 3.0]


def test_the_derivative_is_of_what_was_computed():
    x = scalar(3.0)
    y = Square()(x)
    x.data = np.array(100.0)
    y.backward()
    assert x.grad == 6.0


def test_numbers_beside_a_variable_are_inputs_too():
    class Scale(Function):
        def forward(self, x, c):
            return x * c

        def backward(self, gy):
            return gy * self.inputs[1].data, gy * self.inputs[0].data

    x, c = Variable(np.array([1.0, 2.0])), Variable(np.array(3.0))
    c.make_constant()
    Scale()(x, c).backward(np.ones(2))
    assert x.grad.tolist() == [3.0, 3.0]
    assert c.grad is None


def test_gradient_of_and_exact_arrays_go_through_the_form_of_the_course():
    assert gradient_of(lambda x: (Square()(x)).sum())(np.array([1.0, 3.0])).tolist() == [2.0, 6.0]
    slope = gradient_of(lambda x: Mul()(Square()(x), x))
    assert rational.values(slope, [dyadic(3.0)]) == [27]


def test_a_graph_is_freed_without_the_collector():
    gc.disable()
    try:
        x = scalar(0.5)
        y = Square()(Exp()(x))
        y.backward()
        gone = weakref.ref(y)
        del y
        assert gone() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "backward",
    [lambda self: 1, lambda self, gy, y: gy, lambda self, gy, y, x, z: gy, lambda self, *, gy: gy],
    ids=["none", "two", "four", "keyword"],
)
def test_a_wrong_signature_is_named_with_both_right_ones(backward):
    wrong = type("Wrong", (Function,), {"forward": lambda self, x: x * x, "backward": backward})
    message = r"Wrong\.backward must be written as backward\(self, gradient, output, x\), or as backward\(self, gy\)"
    with pytest.raises(TypeError, match=message):
        wrong()(scalar(1.0)).backward()


def test_a_type_error_inside_backward_stays_its_own():
    class Broken(Function):
        def forward(self, x):
            return x * x

        def backward(self, gradient, output, x):
            return gradient + "1"

    with pytest.raises(TypeError) as caught:
        Broken()(scalar(1.0)).backward()
    assert "must be written" not in str(caught.value)


def test_too_few_gradients_are_refused():
    class One(Mul):
        def backward(self, gy):
            return gy

    with pytest.raises(TypeError, match=r"One\.backward must return a gradient for each of 2 inputs"):
        One()(scalar(1.0), scalar(2.0)).backward()


# --- NumPy's functions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "message"),
    [
        (np.exp, r"np\.exp takes no Variable: write nd\.Exp\(\)\(x\), or x\.data"),
        (np.log, r"nd\.Log\(\)"),
        (np.sqrt, r"nd\.Sqrt\(\)"),
        (np.square, r"nd\.Square\(\)"),
        (np.sin, r"nd\.Sin\(\)"),
        (np.tanh, r"nd\.Tanh\(\)\(x\) or nd\.StableTanh\(\)"),
        (np.abs, r"np\.absolute takes no Variable: write nd\.Abs\(\)"),
        (np.negative, r"write -x"),
        (lambda x: np.maximum(x, 0.0), r"nd\.Maximum\(\)"),
        (lambda x: np.maximum(np.zeros(2), x), r"nd\.Maximum\(\)"),
        (math.exp, r"a Variable becomes no Python number: write nd\.Exp\(\)\(x\)"),
        (float, r"float\(x\.data\)"),
        (np.arctan, r"np\.arctan takes no Variable: derive a class from nd\.Function"),
        (np.add.reduce, r"np\.add\.reduce takes no Variable"),
        (lambda x: np.add(x, 1.0, out=np.empty(2)), r"np\.add takes no Variable"),
        (np.sum, r"np\.sum takes no Variable: write x\.sum\(…\)"),
        (np.mean, r"write x\.mean"),
        (lambda x: np.reshape(x, (2, 1)), r"write x\.reshape"),
        (lambda x: np.where(True, x, 0.0), r"np\.where takes no Variable"),
        (np.zeros_like, r"np\.zeros_like takes no Variable"),
        (lambda x: np.ones(2) < x, r"np\.less takes no Variable"),
    ],
)
def test_a_numpy_function_of_a_variable_says_what_to_write(f, message):
    with pytest.raises(TypeError, match=message):
        f(Variable(np.array([1.0, 2.0])))


def test_every_name_that_is_advised_exists():
    for name in ("Exp", "Log", "Sqrt", "Square", "Sin", "Cos", "Tanh", "StableTanh", "Abs", "Maximum", "LogSumExp"):
        assert issubclass(getattr(nd, name), Function)


@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.power], ids=lambda f: f.__name__)
@pytest.mark.parametrize("other", [2.0, np.float64(2.0), np.array([2.0, 3.0])], ids=lambda v: type(v).__name__)
def test_the_ufunc_of_an_operator_is_the_operator(ufunc, other):
    x = Variable(np.array([1.0, 2.0]))
    for found, expected in ((ufunc(x, other), ufunc(x.data, other)), (ufunc(other, x), ufunc(other, x.data))):
        assert isinstance(found, Variable)
        assert np.array_equal(found.data, expected)
        found.backward(np.ones(2))
    assert x.grad is not None


def test_an_array_that_a_variable_is_multiplied_into_becomes_one():
    x = Variable(np.array([1.0, 2.0]))
    a = b = np.array([3.0, 4.0])
    a *= x
    assert isinstance(a, Variable)
    assert a.data.tolist() == [3.0, 8.0]
    assert b.tolist() == [3.0, 4.0]


def test_a_variable_of_an_exact_array_is_no_exact_array():
    def f(x):
        with pytest.raises(TypeError, match="it is a Variable already"):
            Variable(Variable(x))
        return (x * Variable(x)).data

    assert rational.values(f, [dyadic(3.0)]) == [9]


def test_shape_dimensions_and_size_are_told():
    x = Variable(np.ones((2, 3)))
    assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)) == ((2, 3), 2, 6, 3)
