"""`derivative` as a whole: a value inside its bar, in every format, on either side, never outside of the domain."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numdiff as nd
from numdiff.adaptive.arguments import LEAST, ORDERS
from numdiff.adaptive.outcome import RESOLVED
from numdiff.adaptive.status import DerivativeStatus
from numdiff.floats.formats import FORMATS
from tests.adaptive.canned import Canned, Recorded, answer_with
from tests.extra_rows import EXTRA_FORMATS, FLOAT8_E4M3FN

FORMAT = pytest.mark.parametrize("fmt", FORMATS)
SMOOTH = {
    "exp": (np.exp, [np.exp] * 4),
    "sin": (np.sin, [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin]),
    "cube": (lambda x: x * x * x, [lambda x: 3 * x * x, lambda x: 6 * x, lambda x: 6 + 0 * x, lambda x: 0 * x]),
}
"""By name: a function, and its derivatives of order 1 to 4."""


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("side", [None, "left", "right"])
def test_a_derivative_has_a_bar(name, order, side):
    f, exact = SMOOTH[name]
    x = np.array([0.25, 0.5, 1.25])
    result = nd.derivative(f, x, order=order, side=side)
    # The bar is one at 99 %: beyond three of them there is an error of the code, for order 4 beyond ten.
    assert np.all(abs(result.df - exact[order - 1](x)) <= (10 if order > 3 else 3) * result.error)
    assert np.all(result.error < 1e-6) if order == 1 else np.all(np.isfinite(result.error))


@FORMAT
def test_a_derivative_is_computed_in_the_format_of_x(fmt):
    x = FORMATS[fmt].as_array(np.array([0.25, 0.5, 1.0]))
    result = nd.derivative(np.sin, x)
    assert result.df.dtype == result.error.dtype == result.x.dtype == FORMATS[fmt].dtype
    wide = np.longdouble if fmt == "float80" else np.float64
    assert np.all(abs(result.df.astype(wide) - np.cos(x.astype(wide))) <= 3 * result.error.astype(wide))


@FORMAT
def test_dtype_decides_the_format(fmt):
    result = nd.derivative(np.sin, 0.1, dtype=fmt)
    assert result.x == FORMATS[fmt].as_array(0.1)
    assert result.df.dtype == FORMATS[fmt].dtype


@FORMAT
@pytest.mark.parametrize("value", [1 / 3, -1e5, 7e4, 1e-9, 0.0])
@pytest.mark.parametrize("bar", [1e-3, 1e-9, 1e5, 0.0, np.inf])
def test_value_and_bar_are_rounded_to_the_format_and_the_bar_never_down(monkeypatch, fmt, value, bar):
    answer_with(monkeypatch, Canned(value=value, error=bar, step=2.0**-3))
    result = nd.derivative(np.sin, [0.5, 0.75], dtype=fmt)
    item = FORMATS[fmt]
    expected = item.as_array(np.array(value))
    assert np.array_equal(result.df, [expected] * 2)
    shown = result.error.astype(np.longdouble)
    assert np.all(shown >= bar)
    if bar > 0 and np.isfinite(shown).all():  # and it is the next number of the format, no other
        below = np.nextafter(result.error, item.dtype.type(0)).astype(np.longdouble)
        assert np.all(below < bar)


@pytest.mark.parametrize("item", EXTRA_FORMATS, ids=lambda item: item.name)
def test_a_format_that_was_added_is_one_like_the_others(item):
    with FORMATS.holding(item):
        f = Recorded(lambda x: x * x)
        result = nd.derivative(f, [0.5, 1.0], dtype=item.name, domain=(0.1, 500.0))
        assert np.all((f.nodes.astype(float) > 0.1) & (f.nodes.astype(float) < 500.0))
        assert result.df.dtype == item.dtype
        assert np.all(abs(result.df.astype(float) - 2 * result.x.astype(float)) <= 3 * result.error.astype(float))
        assert not np.isnan(result.error.astype(float)).any()
        assert "±" in repr(result)


def test_an_infinite_bar_stays_one_in_a_format_without_infinity(monkeypatch):
    with FORMATS.holding(FLOAT8_E4M3FN):
        answer_with(monkeypatch, Canned(value=2.0, error=np.inf, step=0.25))
        assert nd.derivative(np.square, 1.0, dtype="float8_e4m3fn").error == np.inf


def test_a_point_has_the_derivative_that_it_has_among_others():
    x = np.linspace(0.25, 2.0, 9).reshape(3, 3)
    together = nd.derivative(np.log, x, domain=(0.0, np.inf))
    for index in np.ndindex(x.shape):
        alone = nd.derivative(np.log, x[index], domain=(0.0, np.inf))
        # The last digits of a value may differ with the length of the array, and with them the value by the bar.
        assert abs(together.df[index] - alone.df) <= together.error[index] + alone.error
        assert together.status[index] == alone.status


# --- domains -------------------------------------------------------------------------------------------------

DISTANCE = st.sampled_from([1e-300, 1e-20, 1e-9, 1e-3, 0.3, 1.0, 30.0])


@given(x=st.floats(-10.0, 10.0), left=DISTANCE, right=DISTANCE, order=st.sampled_from(ORDERS), data=st.data())
def test_f_is_never_evaluated_outside_of_the_domain(x, left, right, order, data):
    low, high = min(x - left, np.nextafter(x, -np.inf)), max(x + right, np.nextafter(x, np.inf))
    side = data.draw(st.sampled_from([None, "left", "right"]))
    f = Recorded(np.sin)
    result = nd.derivative(f, x, domain=(low, high), order=order, side=side)
    assert np.all((f.nodes > low) & (f.nodes < high))
    assert not np.isnan(result.error)


@FORMAT
@given(end=st.floats(0.01, 2.0), steps=st.integers(1, 40))
def test_in_no_format(fmt, end, steps):
    item = FORMATS[fmt]
    x = item.as_array(np.array(end))
    if not float(x) > end:
        x = np.nextafter(x, item.dtype.type(np.inf))
    for _ in range(steps - 1):
        x = np.nextafter(x, item.dtype.type(np.inf))
    f = Recorded(lambda x: x * x)
    nd.derivative(f, x[()], domain=(end, math.inf))
    assert np.all(f.nodes.astype(np.longdouble) > end)


@pytest.mark.parametrize(("side", "sign"), [("left", -1), ("right", 1), (-1, -1), (1, 1)])
def test_a_side_keeps_nodes_on_its_side(side, sign):
    f = Recorded(np.exp)
    result = nd.derivative(f, [0.5, 0.5], side=side)
    assert np.all(sign * (f.nodes - 0.5) >= 0)
    assert np.all(abs(result.df - np.exp(0.5)) <= 3 * result.error)


def test_the_sides_of_a_kink_have_a_slope_each():
    result = nd.derivative(np.abs, [0.0, 0.0], side=[-1, 1])
    assert np.all(abs(result.df - [-1.0, 1.0]) <= result.error)
    assert np.all(result.error < 1e-3)


def test_beside_the_end_of_the_domain_a_derivative_is_found():
    result = nd.derivative(np.sqrt, [1e-3, 1.0], domain=(0.0, math.inf))
    np.testing.assert_allclose(result.df, 0.5 / np.sqrt(result.x), rtol=1e-4)
    assert np.all(result.error < 0.1 * result.df)


# --- the budget ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("f", [np.exp, lambda x: 2.0, lambda x: np.sin(1e9 * x), lambda x: np.sqrt(x - 0.5)])
@pytest.mark.parametrize("budget", [LEAST, 25, 35])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("side", [None, "right"])
def test_no_point_takes_more_evaluations_than_its_budget(f, budget, order, side):
    for x in (0.5, [0.25, 0.5, 3.0]):
        result = nd.derivative(f, x, max_evaluations=budget, order=order, side=side)
        assert np.all(result.nfev <= budget)


def held(fmt, value):
    """Return whether a format holds a number."""
    return bool(np.isfinite(fmt.as_array(np.array([value]))[0]))


@pytest.mark.parametrize("fmt", ["float16", "bfloat16", "float32"])
@pytest.mark.parametrize("status", ["OK", "NO_DIGITS", "KINK"])
@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_derivative_that_overflows_the_format_has_no_bar(monkeypatch, fmt, status, sign):
    most = float(FORMATS[fmt].largest_finite)
    for value in (most, 1.001 * most, 2 * most):
        answer_with(monkeypatch, Canned(value=sign * value, error=1.0, status=DerivativeStatus[status]))
        result = nd.derivative(np.exp, 0.5, dtype=fmt)
        is_held = held(FORMATS[fmt], value)
        assert result.status is DerivativeStatus[status if is_held else "NOT_FINITE"]
        assert result.error == (1.0 if is_held else np.inf)
        assert bool(np.isfinite(result.df)) == is_held


def test_a_bar_that_is_rounded_up_to_the_value_leaves_no_digits(monkeypatch):
    for bar, status in ((0.6, DerivativeStatus.OK), (0.9999, DerivativeStatus.NO_DIGITS)):
        answer_with(monkeypatch, Canned(value=1.0, error=bar))
        assert nd.derivative(np.exp, 0.5, dtype="bfloat16").status is status


def test_a_slope_beyond_the_format_is_not_finite():
    x = np.float16([0.1, 0.5])
    result = nd.derivative(lambda t: t * np.float16(300) * np.float16(300), x)
    assert result.status.tolist() == [DerivativeStatus.NOT_FINITE] * 2
    assert np.isinf(result.error).all()


@pytest.mark.parametrize("factor", [1, 1j, 1 + 1j])
def test_a_part_that_overflows_the_format_has_no_bar(factor):
    result = nd.derivative(lambda t: np.sin(2 * t) * np.float32(3e38) * np.complex64(factor), np.float32(0))
    assert result.status is DerivativeStatus.NOT_FINITE
    assert np.isinf(result.error.real) == (factor != 1j)
    assert np.isinf(result.error.imag) == (factor != 1)


# --- complex values: one status for two parts ----------------------------------------------------------------


def test_a_derivative_with_digits_has_at_least_one(monkeypatch):
    answer_with(monkeypatch, Canned(value=1.0, error=RESOLVED))
    assert nd.derivative(np.exp, 0.5).digits == pytest.approx(1.0)


@pytest.mark.parametrize("bar", [RESOLVED / 2, RESOLVED * 2])
def test_a_part_that_is_zero_needs_no_digits_if_the_whole_has_them(monkeypatch, bar):
    parts = iter([{}, {"value": 0.0, "status": DerivativeStatus.NO_DIGITS}, {"value": 1.0}])
    common = {"error": bar / math.sqrt(2)}

    def estimate(call, x, fmt, **options):  # once to find out that f is complex, then once for each part
        return Canned(**common, **next(parts))(call, x, fmt, **options)

    answer_with(monkeypatch, estimate)
    result = nd.derivative(lambda x: np.exp(1j * x), 0.0)
    assert result.status is (DerivativeStatus.OK if bar < RESOLVED else DerivativeStatus.NO_DIGITS)


@pytest.mark.parametrize(
    ("first", "second", "worse"),
    [
        ("KINK", "NOT_FINITE", "NOT_FINITE"),
        ("NOT_FINITE", "KINK", "NOT_FINITE"),
        ("NO_DIGITS", "OSCILLATES", "OSCILLATES"),
        ("OK", "BUDGET", "BUDGET"),
    ],
)
def test_the_graver_status_of_two_is_that_of_the_point(monkeypatch, first, second, worse):
    parts = iter([{}, {"status": DerivativeStatus[first]}, {"status": DerivativeStatus[second]}])

    def estimate(call, x, fmt, **options):
        return Canned(**next(parts))(call, x, fmt, **options)

    answer_with(monkeypatch, estimate)
    assert nd.derivative(lambda x: np.exp(1j * x), 0.5).status is DerivativeStatus[worse]


# --- what is left as it was ----------------------------------------------------------------------------------


def test_no_warning_and_no_setting_of_numpy_is_left_behind():
    before = np.geterr()
    with np.errstate(all="raise"):
        result = nd.derivative(lambda x: np.sqrt(x) / (x - 0.5), 0.5)  # warnings are errors in these tests
    assert np.geterr() == before
    assert result.status != DerivativeStatus.OK or result.error > 0


def test_the_kinds_of_functions_that_people_have_go_through():
    from functools import partial

    class Model:
        def __call__(self, x):
            return x * x

        def method(self, x):
            return 3.0 * x

    table = np.linspace(0.0, 2.0, 201)
    functions = {
        "object": (Model(), 1.0),
        "method": (Model().method, 3.0),
        "partial": (partial(np.power, 2.0), math.log(2.0) * 2.0**0.5),
        "polynomial": (np.polynomial.Polynomial([1.0, 2.0, 3.0]), 5.0),
        "old polynomial": (np.poly1d([3.0, 2.0, 1.0]), 5.0),
        "vectorize": (np.vectorize(math.exp), math.exp(0.5)),
        "table": (lambda x: np.interp(x, table, 2.0 * table), 2.0),
        "euler": (lambda x: (1.0 + x / 64) ** 64, (1.0 + 0.5 / 64) ** 63),
    }
    for name, (f, exact) in functions.items():
        result = nd.derivative(f, 0.5)
        assert result.df == pytest.approx(exact, rel=1e-9), name
        assert 0 < result.error < 1e-3, name
