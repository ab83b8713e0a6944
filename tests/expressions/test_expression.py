"""An expression is an elementwise function of NumPy arrays, in every format, and behaves as a value."""

import pickle

import ml_dtypes
import numpy as np
import pytest

from numdiff.expressions import Expression, ExpressionError, parse_expression
from numdiff.expressions.nodes import written

X = np.array([-1.5, -0.5, 0.25, 0.5, 1.0, 2.0, 7.0])


def branches(x):
    return np.where(x > 1, x * x, np.where(x > 0, 2.0, -x))


FORMULAS = {
    "exp(sin(x))": lambda x: np.exp(np.sin(x)),
    "-x**2": lambda x: -(x**2),
    "(-x)**2": lambda x: (-x) ** 2,
    "x**-2": lambda x: x**-2,
    "2**x**2": lambda x: 2**x**2,
    "x - 1 - 2": lambda x: x - 1 - 2,
    "x - (1 - x)": lambda x: x - (1 - x),
    "x / 2 * 3": lambda x: x / 2 * 3,
    "2 / 3 * x": lambda x: 2 / 3 * x,
    "0.1 + x": lambda x: 0.1 + x,
    "pi * x + e": lambda x: np.pi * x + np.e,
    "1_000 * x": lambda x: 1000 * x,
    "0x10 * x": lambda x: 16 * x,
    ".5e1*x": lambda x: 5.0 * x,
    "x % 2": lambda x: x % 2,
    "+x": lambda x: x,
    "where(x > 1, x*x, where(x > 0, 2, -x))": branches,
    "x*x if x > 1 else (2 if x > 0 else -x)": branches,
    "clip(x, 0, 1)": lambda x: np.clip(x, 0, 1),
    "max(x, 0, 1 - x)": lambda x: np.maximum(np.maximum(x, 0), 1 - x),
    "min(x, 1)": lambda x: np.minimum(x, 1),
    "where(0 < x <= 1, x, 0)": lambda x: np.where((x > 0) & (x <= 1), x, 0.0),
    "where(x < 0 or x > 1 and not x > 5, x, 0)": lambda x: np.where((x < 0) | (x > 1) & ~(x > 5), x, 0.0),
    "where((x > 0) & (x < 1) | ~(x < 5), x, 0)": lambda x: np.where((x > 0) & (x < 1) | ~(x < 5), x, 0.0),
    "where(x == 1, 3, x) + where(x != 1, 0, 1)": lambda x: np.where(x == 1, 4.0, x),
    "np.exp(numpy.sin(x)) + math.cos(x) + np.pi": lambda x: np.exp(np.sin(x)) + np.cos(x) + np.pi,
    "where(2 > 1 and x > 0, x, 1)": lambda x: np.where(x > 0, x, 1.0),
    "where(2 > 1, x, 1)": lambda x: x,
    "where(1 > 2 or x > 0, x, 1)": lambda x: np.where(x > 0, x, 1.0),
}


@pytest.mark.parametrize("text", FORMULAS)
def test_an_expression_computes_bit_for_bit_what_the_same_formula_of_numpy_does(text):
    np.testing.assert_array_equal(parse_expression(text)(X), FORMULAS[text](X))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_tree_written_as_text_is_read_as_the_same_function(text):
    f = parse_expression(text)
    again = parse_expression(written(f.node, "x"))
    np.testing.assert_array_equal(again(X), f(X))
    assert written(again.node, "x") == written(f.node, "x")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("text", [*FORMULAS, "3", "sqrt(2)", "pi"])
def test_numbers_take_the_format_of_x(text, dtype):
    with np.errstate(over="ignore"):
        result = parse_expression(text)(X.astype(dtype))
    assert result.dtype == dtype
    assert result.shape == X.shape


def test_numbers_take_the_format_of_x_in_bfloat16_too():
    from numdiff.floats.call import evaluate
    from numdiff.floats.formats import get_format

    for text in FORMULAS:
        if "%" not in text:
            y = evaluate(get_format("bfloat16"), parse_expression(text), X.astype(ml_dtypes.bfloat16))
            assert y.dtype == ml_dtypes.bfloat16, text


def test_an_expression_without_x_is_a_constant_function_of_the_shape_of_x():
    f = parse_expression("2/3")
    assert f(np.zeros((2, 3))).tolist() == [[2 / 3] * 3] * 2
    assert f(np.array([1, 2])).tolist() == [2 / 3] * 2
    assert f(1) == 2 / 3


@pytest.mark.parametrize("x", [2, 2.0, True, np.int32(2), np.float64(2.0)])
def test_a_number_gives_a_number(x):
    result = parse_expression("where(x > 1, 1/x, x**-1)")(x)
    assert result == 1 / x
    assert isinstance(result, np.float64)


def test_integers_and_lists_are_taken_as_float64():
    f = parse_expression("x**-1")
    assert f([1, 2]).tolist() == f(np.array([1, 2])).tolist() == [1.0, 0.5]


def test_a_float_means_its_exact_binary_value():
    from fractions import Fraction

    assert parse_expression("0.1 * x")(np.array([1.0]))[0] == 0.1
    assert parse_expression("10**22 * x").node.operands[0].value == 10**22
    assert Fraction(parse_expression("1/3*x").node.operands[0].value) == Fraction(1 / 3)


def test_a_constant_in_words_is_folded_by_nobody():
    """The truth of log(2)*x has the double nearest to log 2, that of log(constant(2))*x has log 2 itself."""
    f = parse_expression("log(constant(2)) * x")
    assert f(X.astype(np.float32)).dtype == np.float32
    np.testing.assert_array_equal(f(X), np.log(2.0) * X)
    assert f.node.operands[0].operands[0].function.name == "constant"
    for text in ("constant(x)", "constant()", "constant(1, 2)", "constant(1 > 0)", "constant"):
        with pytest.raises(ExpressionError):
            parse_expression(text)


def test_another_variable():
    f = parse_expression("t**2 + 1", variable="t")
    assert f(3) == 10
    assert f != parse_expression("x**2 + 1")
    with pytest.raises(ExpressionError, match="x is not known; the variable is t"):
        parse_expression("x + t", variable="t")


@pytest.mark.parametrize("variable", ["", "1", "if", "exp", "pi", "np", "ｘ", "x y", "a" * 41, None, "clip"])
def test_a_variable_is_a_name_that_nothing_else_has(variable):
    with pytest.raises(ValueError, match="variable must be a name"):
        parse_expression("1", variable=variable)


def test_expressions_are_equal_by_text_and_pickle():
    f = parse_expression(" exp(x)\n + 1 ")
    assert f.text == str(f) == "exp(x)  + 1"
    assert pickle.loads(pickle.dumps(f)) == f == parse_expression(f.text)
    assert hash(f) == hash(parse_expression(f.text))
    assert f != parse_expression("exp(x) + 1")
    assert eval(repr(parse_expression("t", variable="t"))) == parse_expression("t", variable="t")
    with pytest.raises(AttributeError):
        f.text = "x"
    assert isinstance(f, Expression)


@pytest.mark.parametrize("text", [None, 3, b"x", ["x"]])
def test_a_text_must_be_a_str(text):
    with pytest.raises(TypeError, match="text must be a str"):
        parse_expression(text)
