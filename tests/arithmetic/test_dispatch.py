"""What exact arrays accept, what they mean by it, and what they refuse."""

import math
from dataclasses import replace
from fractions import Fraction

import ml_dtypes
import mpmath
import numpy as np
import pytest
from flint import arb, arb_series

from numdiff.arithmetic import EXACT_LOCK, Undefined, balls, multiprecision, rational, ufuncs_used
from numdiff.arithmetic.as_twin import twin_functions
from numdiff.arithmetic.dispatch import evaluate_exactly
from numdiff.floats.formats import dyadic

ENGINES = [
    lambda f, points: multiprecision.values(f, points, 128),
    lambda f, points: balls.values(f, points, 128),
    lambda f, points: balls.derivatives(f, points, 1, 128),
    rational.values,
]
POINTS = [dyadic(0.5), dyadic(1.5), dyadic(-3.0)]

TENTH32 = np.float32(0.1)
LONG = np.longdouble(1) / 3


def exact(value):
    return Fraction(*value.as_integer_ratio())


@pytest.mark.parametrize(
    "constant, meaning",
    [
        (3, 3),
        (True, 1),
        (10**40, 10**40),
        (0.1, Fraction(0.1)),
        (np.float64(0.1), Fraction(0.1)),
        (TENTH32, exact(TENTH32)),
        (np.float16(0.1), exact(np.float16(0.1))),
        (LONG, exact(LONG)),
        (ml_dtypes.bfloat16(0.1), Fraction(float(ml_dtypes.bfloat16(0.1)))),
        (np.int64(-7), -7),
        (np.uint8(200), 200),
        (np.bool_(True), 1),
        (np.array(0.1), Fraction(0.1)),
        (-0.0, 0),
        (5e-324, Fraction(1, 2**1074)),
        (np.array(LONG), exact(LONG)),
        (np.full(3, 0.1), Fraction(0.1)),
    ],
)
def test_constant_on_either_side_means_its_exact_binary_value(constant, meaning):
    assert rational.values(lambda x: x + constant, POINTS) == [
        Fraction(1, 2) + meaning,
        Fraction(3, 2) + meaning,
        meaning - 3,
    ]
    assert rational.values(lambda x: constant - x, POINTS)[2] == meaning + 3
    for ball in balls.values(lambda x: np.multiply(constant, x), [dyadic(1.0)] * 3, 128):
        assert ball.contains(meaning)
        assert ball.radius <= abs(meaning) / 2**100


def test_longdouble_is_not_rounded_to_double():
    if np.finfo(np.longdouble).nmant == np.finfo(np.float64).nmant:
        pytest.skip("longdouble is float64 here")
    assert rational.values(lambda x: x * LONG, [dyadic(1.0)]) != [Fraction(float(LONG))]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "f, word",
    [
        (lambda x: np.spacing(x), "spacing"),
        (lambda x: x // 2, "floor_divide"),
        (lambda x: x @ x, "matmul"),
        (lambda x: np.sum(x), "sum"),
        (lambda x: np.max(x), "max"),
        (lambda x: np.cumsum(x), "cumsum"),
        (lambda x: np.sort(x), "sort"),
        (lambda x: np.nan_to_num(x), "nan_to_num"),
        (lambda x: np.piecewise(x, [x > 0], [1.0]), "piecewise"),
    ],
)
def test_unknown_function_is_named(engine, f, word):
    with pytest.raises(TypeError, match=word):
        engine(f, POINTS)


def assign(x):
    x[0] = 1.0
    return x


def add_into_ndarray(x):
    total = np.zeros(3)
    total += x
    return total


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "f, word",
    [
        (lambda x: np.add(x, 1, out=np.zeros(3)), "out="),
        (add_into_ndarray, "out="),
        (lambda x: np.add(x, 1, out=x), "out="),
        (lambda x: np.add(x, 1, where=np.array([True, False, True])), "where="),
        (lambda x: np.add(x, 1, dtype=np.float32), "dtype="),
        (np.add.reduce, "reduce"),
        (np.multiply.accumulate, "accumulate"),
        (lambda x: np.add.outer(x, x), "outer"),
        (np.asarray, "ndarray"),
        (lambda x: np.array([x, x]), "ndarray"),
        (math.exp, "math.exp"),
        (float, "Python number"),
        (int, "Python number"),
        (complex, "Python number"),
        (assign, "assigned"),
        (lambda x: x if x > 0 else -x, "neither true nor false"),
        (lambda x: max(x, 0.0), "neither true nor false"),
        (sum, "iterated"),
        (lambda x: x[x > 0], "indexed with a condition"),
        (lambda x: x * np.array([1.0, 2.0, 3.0]), "positions"),
        (lambda x: x * np.ones(4), "positions"),
        (lambda x: x + "1", "constant"),
        (lambda x: x + Fraction(1, 3), "constant"),
        (lambda x: x * 1j, "constant"),
        (lambda x: x + None, "constant"),
        (lambda x: np.add(x, [1.0, 2.0, 3.0]), "constant"),
        (lambda x: x > 0, "condition"),
        (lambda x: np.zeros(3), "same kind as x"),
        (lambda x: None, "same kind as x"),
        (lambda x: (x, x), "same kind as x"),
        (lambda x: np.add(x > 0, x > 1), "only conditions"),
        (lambda x: np.logical_and(x, x > 0), "connects conditions"),
        (lambda x: np.where(x > 0), "two branches"),
        (lambda x: np.full_like(x, x), "constant to fill"),
        (lambda x: np.zeros_like(x, dtype=np.float32), "dtype="),
        (lambda x: np.polyval(x, x), "coefficients"),
    ],
)
def test_guessing_is_refused_with_advice(engine, f, word):
    with pytest.raises(TypeError, match=word):
        engine(f, POINTS)


@pytest.mark.parametrize("engine", ENGINES)
def test_result_of_another_shape_is_refused(engine):
    with pytest.raises(ValueError, match="shape"):
        engine(lambda x: x[:, None], POINTS)
    with pytest.raises(ValueError, match="shape"):
        engine(lambda x: x + x[:, None], POINTS)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_index_that_takes_other_points_is_refused(engine):
    for f, text in (
        (lambda x: x[0], "0"),
        (lambda x: x + x[:2], ":2"),
        (lambda x: x[::-1], "::-1"),
        (lambda x: x[1:, None], "1:, None"),
    ):
        with pytest.raises(TypeError, match=rf"x\[{text}\] takes some points for others"):
            engine(f, POINTS)


@pytest.mark.parametrize("attribute", ["dtype", "reshape", "sum", "real", "T", "astype", "__array_interface__"])
def test_foreign_attribute_raises_attribute_error(attribute):
    def f(x):
        assert not hasattr(x, attribute)
        with pytest.raises(AttributeError):
            getattr(x, attribute)
        return x

    assert rational.values(f, POINTS) == [Fraction(1, 2), Fraction(3, 2), -3]


def test_array_from_another_evaluation_is_refused():
    kept = []
    multiprecision.values(lambda x: kept.append(x) or x, POINTS, 128)
    with pytest.raises(TypeError, match="do not mix"):
        rational.values(lambda x: x + kept[0], POINTS)
    with pytest.raises(TypeError, match="same kind"):
        rational.values(lambda x: kept[0], POINTS)


def test_augmented_assignment_rebinds_and_leaves_the_argument_alone():
    def f(x):
        y = x
        y += 1
        y *= 2
        y -= x
        y /= 2
        y **= 2
        return y

    # ((2(x + 1)) - x)/2 squared
    assert rational.values(f, POINTS) == [(2 * (v + 1) - v) ** 2 / 4 for v in map(Fraction, (0.5, 1.5, -3))]


def test_shape_size_and_indexing_are_those_of_an_array():
    def f(x):
        assert (x.shape, x.ndim, x.size, len(x)) == ((3,), 1, 3, 3)
        assert (np.shape(x), np.ndim(x), np.size(x), np.size(x, 0)) == ((3,), 1, 3, 3)
        assert (x[...].shape, x[:, None].shape, x[:, None][:, 0].shape) == ((3,), (3, 1), (3,))
        assert type(x * 2) is type(x) is type(x > 0) is type(np.copy(x))
        return x[:]

    assert rational.values(f, POINTS) == [Fraction(1, 2), Fraction(3, 2), -3]


@pytest.mark.parametrize(
    "f",
    [
        lambda x: 2.5,
        lambda x: np.float32(2.5),
        lambda x: np.full_like(x, 2.5),
        lambda x: np.zeros_like(x) + 2.5,
        lambda x: 2.5 * np.ones_like(x),
        lambda x: np.zeros(x.shape) + 2.5 + 0 * x,
    ],
)
def test_constant_function_is_broadcast(f):
    assert rational.values(f, POINTS) == [Fraction(5, 2)] * 3
    assert [ball.midpoint for ball in balls.values(f, POINTS, 64)] == [Fraction(5, 2)] * 3
    assert [ball.midpoint for ball in multiprecision.values(f, POINTS, 64)] == [Fraction(5, 2)] * 3
    assert [ball.midpoint for ball in balls.derivatives(f, POINTS, 1, 64)] == [0] * 3


def test_operators_mean_their_ufuncs_on_both_sides():
    f = lambda x: (1 - x) / (2 + x) + 3 * x - x**2 + abs(x) + 2 / (x - 7) + x**-1 + (x - 1) * (-x) + (+x)
    g = lambda x: (1 - x) / (2 + x) + 3 * x - x * x + abs(x) + 2 / (x - 7) + 1 / x + (1 - x) * x + x
    assert rational.values(f, POINTS) == [g(Fraction(v)) for v in (0.5, 1.5, -3)]


def test_function_of_no_points_gives_nothing():
    assert rational.values(np.exp, []) == []
    assert multiprecision.values(np.exp, [], 64) == []
    assert balls.values(np.exp, [], 64) == []


@pytest.mark.parametrize("engine", [multiprecision, balls])
def test_precision_below_32_bits_is_refused(engine):
    with pytest.raises(ValueError, match="precision must be at least 32 bits, got 31"):
        engine.values(np.exp, POINTS, 31)


@pytest.mark.parametrize("engine", ENGINES[:3])
def test_branch_that_is_not_taken_never_raises(engine):
    f = lambda x: np.where(x > 0, np.log(np.abs(x) + 1), np.sqrt(-1 - x**2) / 0.0)
    good, _, bad = engine(f, POINTS)
    assert not isinstance(good, Undefined)
    assert isinstance(bad, Undefined)


def test_where_select_and_clip_choose_exactly():
    choose = lambda x: np.where((x > 1) & ~(x > 2), 1, np.where((x < 0) | (x == 0.5), 2, 3))
    assert rational.values(choose, POINTS) == [2, 1, 2]
    assert rational.values(lambda x: np.select([x > 1, x > 0], [x, x**2], -1), POINTS) == [
        Fraction(1, 4),
        Fraction(3, 2),
        -1,
    ]
    assert rational.values(lambda x: np.clip(x, -1, 1), POINTS) == [Fraction(1, 2), 1, -1]
    assert rational.values(lambda x: np.where(True, x, 0), POINTS)[1] == Fraction(3, 2)
    assert rational.values(lambda x: np.where(x - 0.5, 7, 0), POINTS) == [0, 7, 7]
    assert rational.values(lambda x: np.where(np.where(x > 1, x > 0, x < 0), 7, 0), POINTS) == [0, 7, 7]
    assert rational.values(lambda x: (x > 1) * x + (x <= 1) * 2, POINTS) == [2, Fraction(3, 2), 2]
    assert rational.values(lambda x: np.where((x >= 1) ^ (x != 0.5), 7, 0), POINTS) == [0, 0, 7]


def test_condition_decided_by_one_side_ignores_an_undefined_other():
    f = lambda x: np.where((x > 0) & (np.log(x) > -1), 1.0, 2.0)
    mirrored = lambda x: np.where((np.log(x) > -1) & (x > 0), 1.0, 2.0)
    g = lambda x: np.where((x <= 0) | (np.log(x) > -1), 1.0, 2.0)
    for engine in ENGINES[:2]:
        assert [value.midpoint for value in engine(f, POINTS)] == [1, 1, 2]
        assert [value.midpoint for value in engine(mirrored, POINTS)] == [1, 1, 2]
        assert [value.midpoint for value in engine(g, POINTS)] == [1, 1, 1]
        assert engine(lambda x: np.where(np.log(x) > -1, 1.0, 2.0), POINTS)[2] is Undefined.DOMAIN


@pytest.mark.parametrize(
    "f, names",
    [
        (lambda x: np.exp(x**2) ** 2, {"exp", "power"}),
        (lambda x: 1 / (1 + np.exp(-x)), {"divide", "add", "exp", "negative"}),
        (lambda x: np.where(x > 0, x, abs(x)), {"where", "greater", "absolute"}),
        (lambda x: np.fabs(x), {"fabs", "absolute"}),
        (lambda x: np.clip(x, 0, 1), {"maximum", "minimum"}),
        (lambda x: np.where((x > 0) & (x < 1), 1.0, x), {"where", "greater", "less", "bitwise_and"}),
        (lambda x: x, set()),
        (lambda x: 1.0, set()),
    ],
)
def test_tracing_names_every_ufunc_that_is_used(f, names):
    assert ufuncs_used(f) == names
    assert ufuncs_used(f, POINTS) == names


def test_tracing_refuses_what_evaluation_refuses():
    with pytest.raises(TypeError, match="spacing"):
        ufuncs_used(np.spacing)
    with pytest.raises(TypeError, match="neither true nor false"):
        ufuncs_used(lambda x: x if x > 0 else -x)


def test_evaluation_inside_an_evaluation_does_not_deadlock():
    def f(x):
        assert balls.values(np.exp, [dyadic(0.0)], 64)[0].contains(1)
        return np.exp(x)

    assert balls.values(f, POINTS, 256) == balls.values(np.exp, POINTS, 256)
    assert EXACT_LOCK.acquire(blocking=False)
    EXACT_LOCK.release()


def test_a_function_of_one_argument_is_applied_once_to_the_same_numbers():
    """The formula of tanh has e^x and e^-x twice each."""
    calls = []

    def counted(x):
        calls.append(x)
        return x.exp()

    engine = replace(balls._REAL, functions={**balls._REAL.functions, "exp": counted})
    f = lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))
    with balls.working(128):
        points = [arb(1), arb(2)]
        found, expected = (evaluate_exactly(f, item, points) for item in (engine, balls._REAL))
    assert len(calls) == 2 * len(points)
    assert [str(item) for item in found] == [str(item) for item in expected]


def test_a_repeated_function_is_observed_each_time():
    seen = []
    evaluate_exactly(lambda x: np.exp(x) + np.exp(x), replace(balls._REAL, observer=seen.append), [arb(1)])
    assert seen == ["exp", "exp", "add"]


def test_what_a_function_gives_the_second_time_is_equal_and_another_object():
    for engine, points in ((balls._REAL, [arb(1, 2)]), (balls._SERIES, [arb_series([arb(1, 2), 1])])):
        kept = []
        with balls.working(128, 3):
            evaluate_exactly(lambda x: kept.extend([np.exp(x), np.exp(x)]) or kept[0], engine, points)  # noqa: B023
            (one,), (other,) = kept[0].items, kept[1].items
        assert one is not other
        assert type(one) is type(other)
        assert repr(one) == repr(other)
        assert str(one) == str(other)


@pytest.mark.parametrize("constant", [1.1, np.float32(1.1), np.float64(-0.3), np.array(1.1), 1000.5, 5000.5, -1e5])
@pytest.mark.parametrize("base", [None, 2])
def test_a_sum_of_exponentials_with_a_constant_is_exact(constant, base):
    """NumPy would compute exp(1.1) in the format of the constant, and exp(1000.5) as an infinity."""
    with mpmath.workprec(20_000):
        x, c = mpmath.mpf(0.75), mpmath.mpf(float(constant))
        if base is None:
            truth = mpmath.log(mpmath.exp(x) + mpmath.exp(c))
        else:
            truth = mpmath.log(mpmath.mpf(2) ** x + mpmath.mpf(2) ** c, 2)
    ufunc = np.logaddexp if base is None else np.logaddexp2
    for f in (
        lambda x: ufunc(x, constant),
        lambda x: ufunc(constant, x),
        lambda x: ufunc(np.full(x.shape, constant), x),
    ):
        with mpmath.workprec(100):
            assert abs(twin_functions(f, 1)[0](mpmath.mpf(0.75)) - truth) <= abs(truth) * mpmath.mpf(2) ** -99


def test_a_sum_of_exponentials_with_an_infinity_is_the_other_part():
    value, slope = twin_functions(lambda x: np.logaddexp(-np.inf, x), 1)
    assert (value(mpmath.mpf(0.75)), slope(mpmath.mpf(0.75))) == (0.75, 1)
