"""The result of `derivative`: SciPy's names and shapes, a line that says what is known, and a frame."""

import math
import pickle
import re
import time
import tracemalloc
from dataclasses import FrozenInstanceError

import numpy as np
import pytest

import numdiff as nd
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.status import DerivativeStatus
from numdiff.display import WIDTH
from numdiff.floats.formats import FORMATS

OF_SCIPY = ("df", "error", "success", "status", "nfev", "x")
OURS = ("step", "digits", "noise", "freedom", "left", "right", "message")
FORMAT = pytest.mark.parametrize("fmt", FORMATS)


def result_of(df, error, status=DerivativeStatus.OK, **fields):
    """Return a result of given numbers: of one point, or of as many as `df` has."""
    df = np.asarray(df)
    real = df.real.dtype if df.dtype.kind == "c" else df.dtype
    shape = df.shape
    others = {name: np.full(shape, np.nan) for name in ("step", "noise", "freedom", "left", "right")}
    others |= {"x": np.full(shape, 0.5).astype(real), "nfev": np.full(shape, 12, np.int32)}
    others |= {name: np.broadcast_to(np.asarray(value), shape) for name, value in fields.items()}
    error = np.broadcast_to(np.asarray(error, df.dtype), shape)
    if shape:
        return DerivativeResult(df=df, error=error, status=np.broadcast_to(np.int32(status), shape), **others)
    scalars = {name: value[()] for name, value in others.items()} | {"nfev": int(others["nfev"])}
    return DerivativeResult(df=df[()], error=error[()], status=DerivativeStatus(status), **scalars)


# --- fields --------------------------------------------------------------------------------------------------


@FORMAT
def test_a_number_gives_scalars_and_an_array_gives_arrays_of_its_shape(fmt):
    dtype = FORMATS[fmt].dtype
    one = nd.derivative(np.exp, FORMATS[fmt].as_array(0.5)[()])
    many = nd.derivative(np.exp, FORMATS[fmt].as_array(np.array([[0.5, 0.25, 1.0]])))
    for name in (*OF_SCIPY, *OURS):
        assert np.shape(getattr(one, name)) == (), name
        assert getattr(many, name).shape == (1, 3), name
    assert isinstance(one.df, dtype.type)
    assert {getattr(one, name).dtype for name in ("df", "error", "x")} == {dtype}
    assert {getattr(many, name).dtype for name in ("df", "error", "x")} == {dtype}
    kinds = {name: type(getattr(one, name)) for name in ("status", "nfev", "success", "message")}
    assert kinds == {"status": DerivativeStatus, "nfev": int, "success": bool, "message": str}
    assert (many.status.dtype, many.nfev.dtype, many.success.dtype) == (np.int32, np.int32, bool)
    assert type(one.digits) is np.float64


def test_the_fields_of_scipy_have_its_names_dtypes_and_shapes():
    scipy_derivative = pytest.importorskip("scipy.differentiate").derivative
    for x in (np.float64(0.5), np.array([[0.25, 0.5]])):
        theirs, ours = scipy_derivative(np.exp, x), nd.derivative(np.exp, x)
        assert set(theirs) - {"nit", "_order_keys"} == set(OF_SCIPY)
        for name in OF_SCIPY:
            mine, other = (np.asarray(getattr(result, name)) for result in (ours, theirs))
            assert mine.shape == other.shape, name
            assert mine.dtype.kind == other.dtype.kind, name


def test_a_result_cannot_be_changed_but_copied():
    result = nd.derivative(np.exp, [0.5, 1.0])
    with pytest.raises(FrozenInstanceError):
        result.df = 0.0
    again = pickle.loads(pickle.dumps(result))
    np.testing.assert_array_equal(again.df, result.df)
    assert repr(again) == repr(result)


@pytest.mark.parametrize("status", DerivativeStatus)
def test_success_is_the_status_ok_and_nothing_else(status):
    assert result_of(1.0, 1e-3, status).success == (status is DerivativeStatus.OK)
    assert result_of([1.0, 2.0], 1e-3, status).success.tolist() == [status is DerivativeStatus.OK] * 2


@pytest.mark.parametrize(
    ("df", "error", "digits"),
    [
        (1.0, 1e-3, 3.0),
        (-250.0, 2.5e-3, 5.0),
        (1.0, 1.0, 0.0),
        (1.0, 10.0, 0.0),
        (0.0, 1e-14, 0.0),
        (1.0, np.inf, 0.0),
        (np.nan, np.inf, 0.0),
        (1.0, 0.0, 53 * math.log10(2)),
        (0.0, 0.0, 53 * math.log10(2)),
        (1.0, 1e-40, 53 * math.log10(2)),
        (1e300, 1e-300, 53 * math.log10(2)),
        (3 + 4j, 3e-3 + 4e-3j, 3.0),
    ],
)
def test_digits_are_those_above_the_bar(df, error, digits):
    assert result_of(df, error).digits == pytest.approx(digits, abs=1e-12)
    assert result_of([df, df], error).digits.tolist() == pytest.approx([digits] * 2, abs=1e-12)


def test_digits_of_a_wide_format_may_be_more():
    if "float80" not in FORMATS:
        pytest.skip(nd.UNAVAILABLE["float80"])
    assert result_of(np.longdouble(1.0), np.longdouble("1e-18")).digits == pytest.approx(18.0)


# --- messages ------------------------------------------------------------------------------------------------


def test_a_message_is_that_of_the_status_and_at_a_kink_it_has_the_slopes():
    statuses = [DerivativeStatus.OK, DerivativeStatus.KINK, DerivativeStatus.JUMP]
    fields = {"left": [np.nan, -1.0, np.nan], "right": [np.nan, 1.5, np.nan]}
    several = result_of([1.0, 0.25, 2.0], 1e-3, statuses, **fields)
    first, second, third = several.message
    assert first == DerivativeStatus.OK.message
    assert "the derivative is -1 from the left and 1.5 from the right" in second
    assert second.endswith(DerivativeStatus.KINK.advice)
    assert third == DerivativeStatus.JUMP.message
    one = result_of(0.25, 1e-3, DerivativeStatus.KINK, left=-1.0, right=1.5)
    assert one.message == second


# --- what a person reads -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("df", "error", "shown"),
    [
        (0.8775825618903728, 3.1e-15, "0.877582561890373 ± 4e-15"),
        (0.8775825618903728, 4e-15, "0.877582561890373 ± 4e-15"),
        (1234.5678, 0.05, "1234.57 ± 0.05"),
        (1234.5678, 0.051, "1234.57 ± 0.06"),
        (1234.5678, 30.0, "1235 ± 30"),
        (1.2345678e-9, 1e-14, "1.23457e-09 ± 1e-14"),
        (-6.02214076e23, 1e17, "-6.022141e+23 ± 1e+17"),
        (1e-18, 3e-14, "1e-18 ± 3e-14"),
        (0.0, 2e-14, "0 ± 2e-14"),
        (2.0, 0.0, "2.0 ± 0"),
        (2.0, np.inf, "2.0 ± inf"),
        (np.nan, np.inf, "nan ± inf"),
        (1.0, 9.5e-3, "1.00 ± 0.01"),
        (1.0, 1.0, "1 ± 1"),
        (0.25, 2e5, "0 ± 2e+05"),
    ],
)
def test_a_value_is_shown_to_the_place_of_its_bar_which_is_rounded_up(df, error, shown):
    assert repr(result_of(df, error)).startswith(f"{shown} (")


@FORMAT
def test_a_shown_bar_is_never_smaller_than_the_bar(fmt, rng):
    for _ in range(50):
        df, error = (FORMATS[fmt].as_array(10.0 ** rng.uniform(-4, 4))[()] for _ in range(2))
        bar = re.search(r"± (\S+) ", repr(result_of(df, error)))[1]
        assert float(bar) >= float(error)
        assert float(bar) <= 2.0 * float(error)


def test_a_line_has_digits_and_evaluations():
    assert repr(result_of(0.8775825618903728, 4e-15)) == ("0.877582561890373 ± 4e-15 (14.3 digits, 12 evaluations)")


def test_what_is_not_ok_is_said_with_what_to_do():
    lines = repr(result_of(1.0, np.inf, DerivativeStatus.OSCILLATES)).splitlines()
    assert lines[0] == "1.0 ± inf (0.0 digits, 12 evaluations)"
    said = " ".join(line.strip() for line in lines[1:])
    assert said == f"oscillates: {DerivativeStatus.OSCILLATES.message}"
    assert all(len(line) <= WIDTH for line in lines)


def test_complex_values_have_a_bar_for_each_part():
    assert repr(result_of(-0.5 + 0.25j, 1e-3 + 2e-4j)).startswith("(-0.500 ± 0.001) + (0.2500 ± 2e-04)i (")


def test_several_points_are_a_table_with_counts_and_the_advice_once():
    statuses = [DerivativeStatus.OK] * 7 + [DerivativeStatus.KINK] * 2 + [DerivativeStatus.NOT_FINITE]
    text = repr(result_of(np.linspace(1.0, 2.0, 10), 1e-3, statuses, x=np.linspace(0.0, 0.9, 10)))
    lines = text.splitlines()
    assert lines[0] == "derivative at 10 points: 7 ok, 2 kink, 1 not finite; 120 evaluations"
    assert lines[1].split() == ["x", "df", "±", "error", "digits", "nfev", "status"]
    assert "…" in text
    assert text.count("kink: ") == text.count("not finite: ") == 1
    assert "0.9" in text


def test_a_million_points_are_shown_without_a_look_at_each(monkeypatch):
    found = result_of(np.ones(10**6), 1e-3, [DerivativeStatus.OK] * (10**6 - 1) + [DerivativeStatus.KINK])
    tracemalloc.start()
    begun = time.perf_counter()
    text = repr(found)
    seconds, most = time.perf_counter() - begun, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert text.startswith("derivative at 1000000 points: 999999 ok, 1 kink; 12000000 evaluations")
    assert len(text.splitlines()) < 12
    assert most < 2e7  # some bytes a point, and no object for any
    assert seconds < 0.5


def test_a_matrix_of_points_and_no_points_are_shown():
    assert "derivative at 2×3 points: 6 ok" in repr(result_of(np.ones((2, 3)), 1e-3))
    assert repr(nd.derivative(np.exp, [])) == "derivative at 0 points: no points; 0 evaluations"


def test_a_notebook_gets_the_line_or_a_table():
    assert result_of(2.0, 0.5)._repr_html_() == "<p>2.0 ± 0.5 (0.6 digits, 12 evaluations)</p>"
    page = result_of([2.0, 1.0], 0.5)._repr_html_()
    assert page.count("<tr>") == 3
    assert "<th>df ± error</th>" in page


def test_a_frame_has_a_row_for_each_point():
    pandas = pytest.importorskip("pandas")
    statuses = [DerivativeStatus.OK, DerivativeStatus.KINK]
    frame = result_of([2.0, 1.0], 0.5, statuses, left=[np.nan, 1.0], right=[np.nan, 2.0]).to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["status"]) == ["ok", "kink"]
    assert list(frame["df"]) == [2.0, 1.0]
    assert "1 from the left and 2 from the right" in frame["message"][1]
    assert set(OF_SCIPY) - {"success"} <= set(frame)
    assert len(nd.derivative(np.exp, 0.5).to_pandas()) == 1
    assert len(nd.derivative(np.exp, [[0.5, 1.0]]).to_pandas()) == 2
    assert len(nd.derivative(np.exp, []).to_pandas()) == 0


@FORMAT
def test_a_frame_of_any_format_has_doubles(fmt):
    pytest.importorskip("pandas")
    frame = nd.derivative(np.exp, [0.5, 1.0], dtype=fmt).to_pandas()
    assert (frame[["x", "df", "error"]].dtypes == np.float64).all()


def test_a_frame_of_complex_values_has_two_columns_for_each():
    pytest.importorskip("pandas")
    frame = result_of([1 + 2j], 0.5 + 0.25j).to_pandas()
    assert frame.loc[0, ["df_real", "df_imag", "error_real", "error_imag"]].tolist() == [1.0, 2.0, 0.5, 0.25]
