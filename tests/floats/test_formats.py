"""Formats: what they are, exact lift, correct rounding, text, conversion, and the door to f.

The definition of rounding used here is that of IEEE 754: no neighbour is nearer, and at a tie the last bit of the
encoding is 0. Neighbours come from `nextafter` and the bit from memory, so nothing is shared with the code.
"""

import copy
import math
import pickle
import warnings
from fractions import Fraction
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from numdiff.floats import formats
from numdiff.floats.call import evaluate
from numdiff.floats.formats import (
    FORMATS,
    UNAVAILABLE,
    FloatFormat,
    dyadic,
    dyadic_to_fraction,
    format_of,
    get_format,
)

NAMES = list(FORMATS)
ALL = pytest.mark.parametrize("item", FORMATS.values(), ids=NAMES)
PAIRS = [(a, b) for a in FORMATS.values() for b in FORMATS.values()]
ALL_PAIRS = pytest.mark.parametrize("target, source", PAIRS, ids=[f"{b.name}-to-{a.name}" for a, b in PAIRS])
FLOAT16, BFLOAT16, FLOAT32, FLOAT64 = (FORMATS[n] for n in ("float16", "bfloat16", "float32", "float64"))
FLOAT80 = FORMATS.get("float80", FLOAT64)  # the stand-in is never used: the mark skips
X87 = pytest.mark.skipif("float80" not in FORMATS, reason="longdouble is not the x87 format here")
SIXTEEN = pytest.mark.parametrize("item", [FLOAT16, BFLOAT16], ids=["float16", "bfloat16"])
PATTERNS = np.arange(1 << 16, dtype=np.uint16)


def finfo(item: FloatFormat) -> Any:
    return ml_dtypes.finfo(item.dtype) if item.name == "bfloat16" else np.finfo(item.dtype)


def last_bit(scalar: Any) -> int:
    """Return the last bit of the encoding (little end first in memory on every platform with these formats)."""
    raw = np.asarray(scalar).astype(np.asarray(scalar).dtype.newbyteorder("<")).tobytes()
    return raw[0] & 1


def power(item: FloatFormat) -> Fraction:
    """Return what ±inf stands for when distances are compared: the number after the largest finite one."""
    return Fraction(2) ** (item.max_exponent + 1)


def exact_value(item: FloatFormat, scalar: Any) -> Fraction:
    if np.isinf(scalar):
        return power(item) if scalar > 0 else -power(item)
    return Fraction(*scalar.as_integer_ratio()) if item.precision > 53 else Fraction(float(scalar))


def assert_correctly_rounded(item: FloatFormat, exact: Fraction, result: Any) -> None:
    """Nearest of the neighbours, ties to even, ±inf from the midpoint on, the sign kept by a zero."""
    assert type(result) is item.dtype.type
    assert not np.isnan(result)
    assert bool(np.signbit(result)) == (exact < 0)
    if abs(exact) >= power(item):
        assert np.isinf(result)
        return
    error = abs(exact_value(item, result) - exact)
    for towards in (math.inf, -math.inf):
        with np.errstate(over="ignore", under="ignore"):
            neighbour = np.nextafter(result, item.dtype.type(towards))
        if neighbour == result:  # ±inf has no neighbour beyond
            continue
        distance = abs(exact_value(item, neighbour) - exact)
        assert error <= distance, (exact, result, neighbour)
        if error == distance:
            assert last_bit(result) == 0, (exact, result, neighbour)


def scalar_at(item: FloatFormat, k: int, exponent: int) -> Any:
    """Return k·2**exponent, exact by construction, without `round`: NumPy's own ldexp on a double of ≤ 53 bits."""
    if item.precision > 53:
        high, low = divmod(k, 1 << 32)
        number = item.dtype.type(high) * item.dtype.type(2**32) + item.dtype.type(low)
        half = exponent // 2
        return np.ldexp(np.ldexp(number, half), exponent - half)
    return item.dtype.type(math.ldexp(float(k), exponent))


@st.composite
def members(draw: st.DrawFn, item: FloatFormat) -> tuple[Any, Fraction]:
    """Draw a finite value of the format beside its exact value; subnormals and the extremes often."""
    k = draw(st.integers(0, 2**item.precision - 1))
    lowest, highest = item.min_exponent - item.precision + 1, item.max_exponent - item.precision + 1
    exponent = draw(st.one_of(st.just(lowest), st.just(highest), st.integers(lowest, highest)))
    sign = draw(st.sampled_from([1, -1]))
    return sign * scalar_at(item, k, exponent), sign * Fraction(k) * Fraction(2) ** exponent


@st.composite
def rationals_near(draw: st.DrawFn, item: FloatFormat) -> Fraction:
    """Draw a rational on, beside or between numbers of the format, ties and overflow included."""
    _, value = draw(members(item))
    unit = item.spacing(value)
    step = draw(st.one_of(st.sampled_from([Fraction(1, 2), Fraction(-1, 2), Fraction(-1, 4)]), st.fractions(-2, 2)))
    nudge = draw(st.sampled_from([0, 1, -1])) * unit / draw(st.sampled_from([10**3, 2**70, 3**200]))
    return value + step * unit + nudge


FORMAT = st.sampled_from(list(FORMATS.values()))
WIDE = st.builds(
    lambda n, d, e: Fraction(n, d) * Fraction(2) ** e,
    st.integers(-(2**70), 2**70),
    st.integers(1, 2**70),
    st.integers(-400, 400),
)


# --- what a format is --------------------------------------------------------------------------------


@ALL
def test_the_properties_are_those_of_finfo(item):
    info = finfo(item)
    assert item.precision == info.nmant + 1
    assert item.machine_epsilon == item.lift(info.eps)
    assert item.smallest_normal == item.lift(info.smallest_normal)
    assert item.smallest_subnormal == item.lift(info.smallest_subnormal)
    assert item.largest_finite == item.lift(info.max)
    assert item.lift(info.min) == -item.largest_finite
    assert (item.min_exponent, item.max_exponent) == (info.minexp, info.maxexp - 1)


@ALL
def test_the_properties_are_what_arithmetic_in_the_format_shows(item):
    kind = item.dtype.type
    one = kind(1)
    assert item.lift(np.nextafter(one, kind(2)) - one) == item.machine_epsilon == 2 * item.unit_roundoff
    assert item.lift(np.nextafter(kind(0), one)) == item.smallest_subnormal
    assert item.lift(np.nextafter(kind(math.inf), one)) == item.largest_finite


def test_the_table_of_ieee_754_and_the_formats_of_this_machine():
    table = {item.name: (item.precision, item.min_exponent, item.max_exponent) for item in FORMATS.values()}
    assert table.pop("float80", (64, -16382, 16383)) == (64, -16382, 16383)
    assert table == {
        "float16": (11, -14, 15),
        "bfloat16": (8, -126, 127),
        "float32": (24, -126, 127),
        "float64": (53, -1022, 1023),
    }
    assert list(FORMATS)[:4] == ["float16", "bfloat16", "float32", "float64"]


def test_longdouble_goes_by_its_true_name_or_is_left_out_with_the_reason():
    if np.finfo(np.longdouble).nmant == 63:
        assert get_format("longdouble") is get_format(np.longdouble) is FORMATS["float80"]
        assert not UNAVAILABLE
    elif np.finfo(np.longdouble).nmant == 52:
        assert "float80" not in FORMATS
        assert "52" in UNAVAILABLE["float80"]


@pytest.mark.parametrize("stored_bits", [52, 105, 112])
def test_where_longdouble_is_another_format_it_is_left_out_with_the_reason(monkeypatch, stored_bits):
    monkeypatch.setattr(np, "finfo", lambda _: SimpleNamespace(nmant=stored_bits))
    wide, reason = formats._longdouble()
    assert wide is None
    assert str(stored_bits) in reason


def test_asking_for_a_missing_format_says_why_it_is_missing(monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", {"float64": FLOAT64})
    monkeypatch.setattr(formats, "UNAVAILABLE", {"float80": "longdouble has 52 stored significand bits here"})
    with pytest.raises(ValueError, match="spec 'float80' is not available here: longdouble has 52 stored"):
        get_format("float80")


@ALL
def test_complex_dtypes_are_made_of_two_such_parts(item):
    if item.name in ("float16", "bfloat16"):
        assert item.complex_dtype is None
    else:
        assert np.zeros(1, item.complex_dtype).real.dtype == item.dtype


@ALL
def test_a_format_is_a_value_and_survives_pickling(item):
    assert item.unit_roundoff  # cached
    for twin in (pickle.loads(pickle.dumps(item)), copy.deepcopy(item)):
        assert twin == item
        assert hash(twin) == hash(item)
        assert twin.round(Fraction(1, 3)) == item.round(Fraction(1, 3))
    with pytest.raises(AttributeError):
        item.precision = 3


def test_the_tables_of_formats_cannot_be_changed():
    with pytest.raises(TypeError):
        FORMATS["float8"] = FLOAT16  # type: ignore[index]
    with pytest.raises(TypeError):
        UNAVAILABLE["float16"] = "gone"  # type: ignore[index]


@given(st.data(), FORMAT)
def test_spacing_is_the_gap_to_the_next_number_outward(data, item):
    scalar, exact = data.draw(members(item))
    if abs(exact) < item.largest_finite:
        outward = np.nextafter(scalar, item.dtype.type(math.copysign(math.inf, float(np.sign(scalar)) or 1)))
        assert abs(exact_value(item, outward) - exact) == item.spacing(exact) == item.spacing(-exact)


@ALL
def test_spacing_between_numbers_is_that_of_the_binade(item):
    assert item.spacing(Fraction(1)) == item.spacing(Fraction(5, 3)) == item.machine_epsilon
    assert item.spacing(Fraction(2, 3)) == item.unit_roundoff
    assert item.spacing(Fraction(0)) == item.spacing(item.smallest_normal) == item.smallest_subnormal
    assert item.spacing(item.smallest_normal * Fraction(2, 3)) == item.smallest_subnormal


# --- names -------------------------------------------------------------------------------------------


@ALL
def test_a_format_is_found_by_name_dtype_type_and_itself(item):
    for spec in (item.name, item.dtype, item.dtype.type, item):
        assert get_format(spec) is item
    assert format_of(np.zeros(2, item.dtype)) is item
    assert format_of(np.zeros((), item.dtype)) is item


def test_python_float_and_the_usual_aliases_are_understood():
    assert get_format(float) is get_format("double") is FLOAT64
    assert get_format("half") is FLOAT16
    assert get_format("f4") is FLOAT32


@pytest.mark.parametrize(
    "spec", ["float8", "int32", "", "f8,f8", "(2", ">f8", "complex64", int, complex, object, None, 3, [], {}]
)
def test_an_unknown_format_is_a_value_error_that_lists_the_known_ones(spec):
    with pytest.raises(ValueError, match=r"spec must be one of float16, bfloat16, float32, .*, got") as caught:
        get_format(spec)
    assert repr(spec) in str(caught.value)


@given(st.text(max_size=12))
@example("01")  # NumPy raises SyntaxError
@example("(2,)f8")
def test_no_text_makes_get_format_fail_otherwise(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy deprecates some one-letter names
        try:
            known = get_format(text) in FORMATS.values()
        except ValueError as error:
            known = "spec must be one of" in str(error)
    assert known


@pytest.mark.parametrize("dtype", [np.int64, np.complex128, bool, object, "<U3", ml_dtypes.float8_e5m2])
def test_an_array_of_another_dtype_has_no_format(dtype):
    with pytest.raises(TypeError, match=r"x must have one of the dtypes float16, .*, got"):
        format_of(np.zeros(2, dtype))


# --- out of the format -------------------------------------------------------------------------------


@given(st.data(), FORMAT)
def test_lift_is_exact(data, item):
    scalar, exact = data.draw(members(item))
    assert item.lift(scalar) == exact
    assert item.lift(np.asarray(scalar)) == exact
    assert item.lift_array(np.asarray([scalar])) == [dyadic(exact)]
    assert type(item.lift(scalar)) is Fraction


@ALL
def test_the_extremes_lift_exactly_everywhere(item):
    info = finfo(item)
    for scalar, exact in [
        (info.max, item.largest_finite),
        (info.smallest_normal, item.smallest_normal),
        (info.smallest_subnormal, item.smallest_subnormal),
        (-info.smallest_subnormal, -item.smallest_subnormal),
        (item.dtype.type(0.0), Fraction(0)),
        (item.dtype.type(-0.0), Fraction(0)),
    ]:
        assert item.lift(scalar) == exact
        assert item.lift_array(np.array([scalar])) == [dyadic(exact)]


@X87
def test_a_longdouble_is_lifted_with_all_its_64_bits():
    third = np.longdouble(1) / np.longdouble(3)
    exact = FLOAT80.lift(third)
    assert exact == Fraction(round(Fraction(2**65, 3)), 2**65)
    assert exact != Fraction(float(third))
    all_ones = np.longdouble(2) - np.finfo(np.longdouble).eps
    assert FLOAT80.lift(all_ones) == 2 - Fraction(1, 2**63)


@ALL
@pytest.mark.parametrize("reach", [3, 10**5])
def test_lift_array_is_exact_for_thousands_of_numbers(item, reach, rng):
    """Significands of all lengths, exponents near 0 (`reach`) or over the whole range, both signs."""
    lowest, highest = item.min_exponent - item.precision + 1, item.max_exponent - item.precision + 1
    middle = 1 - item.precision
    pairs = [
        (int(sign) * int(rng.integers(0, 2**63)) * 2 // 2 ** int(64 - length), int(exponent))
        for sign, length, exponent in zip(
            rng.choice([-1, 1], 2000),
            rng.integers(1, min(item.precision, 63), 2000),
            rng.integers(max(lowest, middle - reach), min(highest, middle + reach), 2000),
            strict=True,
        )
    ]
    array = np.array([scalar_at(item, abs(k), e) * (-1 if k < 0 else 1) for k, e in pairs], item.dtype)
    assert item.lift_array(array) == [dyadic(Fraction(k) * Fraction(2) ** e) for k, e in pairs]


@ALL
def test_lift_array_keeps_c_order_and_marks_what_is_not_finite(item):
    array = np.array([[1.5, math.nan, -0.0], [math.inf, -2.0, -math.inf]], dtype=item.dtype)
    assert item.lift_array(array) == [(3, -1), None, (0, 0), None, (-1, 1), None]
    assert item.lift_array(array.T) == [(3, -1), None, None, (-1, 1), (0, 0), None]
    assert item.lift_array(array[:, ::-2]) == [(0, 0), (3, -1), None, None]
    assert item.lift_array(np.zeros((0, 3), item.dtype)) == []


@ALL
def test_lift_array_refuses_another_dtype(item):
    for other in FORMATS.values():
        if other is not item:
            with pytest.raises(TypeError, match=f"array must have dtype {item.name}, got"):
                item.lift_array(np.zeros(2, other.dtype))


@ALL
@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_lift_refuses_what_is_not_finite(item, number):
    for value in (number, item.dtype.type(number)):
        with pytest.raises(ValueError, match="value must be finite, got"):
            item.lift(value)


@ALL
def test_lift_refuses_an_array(item):
    with pytest.raises(ValueError, match=r"value must be a scalar, got an array of shape \(2,\)"):
        item.lift(np.ones(2, item.dtype))


@ALL
def test_lift_takes_other_numbers_that_the_format_holds(item):
    for value in (3, 0.5, Fraction(-5, 4), True, np.int64(7), np.float32(1.25), ml_dtypes.bfloat16(1.5)):
        expected = Fraction(float(value)) if isinstance(value, np.generic) else Fraction(value)
        assert item.lift(value) == expected


def test_lift_never_rounds_a_number_of_another_format():
    """The trap: a longdouble or float64 that is silently truncated on its way to the reference."""
    for item in (FLOAT16, BFLOAT16):
        for value in (0.1, np.float64(0.1), np.float32(0.1), np.longdouble(1) / 10, Fraction(1, 3), 4097, 1e300):
            with pytest.raises(ValueError, match=f"value must be a number of {item.name}, got"):
                item.lift(value)
            with pytest.raises(ValueError, match=f"value must be a number of {item.name}, got"):
                item.hex(value)
    with pytest.raises(ValueError, match="value must be a number of float64"):
        FLOAT64.lift(2**53 + 1)
    with pytest.raises(ValueError, match="value must be a number of float64"):
        FLOAT64.lift(np.int64(2**53 + 1))
    assert FLOAT64.lift(10**22) == 10**22


@X87
def test_a_longdouble_is_no_float64_unless_it_fits():
    with pytest.raises(ValueError, match="value must be a number of float64"):
        FLOAT64.lift(np.longdouble(1) / 3)
    assert FLOAT64.lift(np.longdouble(1) / 4) == Fraction(1, 4)
    assert FLOAT80.lift(2**63 + 1) == 2**63 + 1


# --- into the format ---------------------------------------------------------------------------------


@settings(max_examples=150)
@given(st.data(), FORMAT)
def test_rounding_is_to_nearest_with_ties_to_even_everywhere_in_the_range(data, item):
    exact = data.draw(rationals_near(item))
    assert_correctly_rounded(item, exact, item.round(exact))


@given(FORMAT, WIDE)
@example(FLOAT32, Fraction(-1, 3))
@example(FLOAT64, Fraction(0))
def test_any_rational_is_rounded_correctly(item, exact):
    assert_correctly_rounded(item, exact, item.round(exact))


@given(st.data(), FORMAT)
def test_what_the_format_holds_is_not_rounded(data, item):
    scalar, exact = data.draw(members(item))
    if exact:
        assert item.round(exact) == scalar


@ALL
@pytest.mark.parametrize("sign", [1, -1])
def test_overflow_begins_half_a_unit_beyond_the_largest_finite_number(item, sign):
    half = item.spacing(item.largest_finite) / 2
    tiny = half / 10**30
    assert item.lift(item.round(sign * (item.largest_finite + half - tiny))) == sign * item.largest_finite
    for beyond in (half, half + tiny, 3 * half, item.largest_finite, Fraction(2) ** 20000):
        assert item.round(sign * (item.largest_finite + beyond)) == sign * math.inf


@ALL
def test_underflow_is_gradual_and_keeps_the_sign(item):
    unit = item.smallest_subnormal
    assert item.lift(item.round(Fraction(7, 5) * unit)) == unit
    assert item.lift(item.round(Fraction(3, 2) * unit)) == 2 * unit
    assert item.lift(item.round(Fraction(5, 2) * unit)) == 2 * unit
    assert item.lift(item.round(unit / 2 + unit / 10**30)) == unit
    assert item.lift(item.round(item.smallest_normal - unit)) == item.smallest_normal - unit
    assert item.lift(item.round(item.smallest_normal - unit / 2)) == item.smallest_normal
    for below in (unit / 2, unit / 3, unit / 10**400):
        assert str(item.round(below)) in ("0.0", "0")
        assert str(item.round(-below)) in ("-0.0", "-0")
    assert not np.signbit(item.round(0))


@ALL
@pytest.mark.parametrize("value", [0.5, "1", None, np.float64(1.0), np.int64(1), 1j])
def test_only_exact_numbers_are_rounded(item, value):
    with pytest.raises(TypeError, match="exact must be a Fraction or an int, got"):
        item.round(value)


@ALL
def test_integers_of_any_size_are_rounded(item):
    assert item.lift(item.round(2**item.precision + 1)) == 2**item.precision
    assert item.lift(item.round(2**item.precision + 3)) == 2**item.precision + 4
    assert item.round(-(10**6000)) == -math.inf


# --- sixteen bits, all of them -----------------------------------------------------------------------


def infinity(item: FloatFormat) -> int:
    """Return the pattern of +inf: all bits of the exponent, none of the fraction."""
    return 0x7C00 if item is FLOAT16 else 0x7F80


def is_nan(item: FloatFormat) -> np.ndarray:
    """Tell the NaNs by their patterns: np.isnan warns of a signalling one in bfloat16."""
    magnitudes = PATTERNS & 0x7FFF
    return magnitudes > infinity(item)


def decoded(item: FloatFormat) -> list[int | None]:
    """Decode all 65,536 patterns by the definition of the encoding, in units of the smallest subnormal."""
    stored = item.precision - 1
    values: list[int | None] = []
    for pattern in range(1 << 16):
        fraction, biased = pattern & ((1 << stored) - 1), (pattern & 0x7FFF) >> stored
        significand = fraction + (1 << stored if biased else 0)
        magnitude = significand << max(biased, 1) - 1
        value = -magnitude if pattern >> 15 else magnitude
        values.append(None if (pattern & 0x7FFF) >= infinity(item) else value)
    return values


def in_units(item: FloatFormat, array: np.ndarray) -> list[int | None]:
    """Lift an array; the numbers are integers in units of the smallest subnormal."""
    unit = item.min_exponent - item.precision + 1
    return [None if pair is None else pair[0] << pair[1] - unit if pair[0] else 0 for pair in item.lift_array(array)]


@SIXTEEN
def test_all_patterns_lift_to_the_number_that_they_encode_and_round_back(item):
    expected = decoded(item)
    assert in_units(item, PATTERNS.view(item.dtype)) == expected
    unit = item.smallest_subnormal
    rounded = [item.round(k * unit) for k in expected if k is not None]
    patterns = PATTERNS[np.array([k is not None for k in expected])]
    patterns[patterns == 0x8000] = 0  # the exact 0 has no sign
    assert np.array_equal(np.array(rounded, item.dtype).view(np.uint16), patterns)


@SIXTEEN
def test_all_patterns_are_ordered_as_their_exact_values(item):
    magnitudes = PATTERNS & 0x7FFF
    finite = PATTERNS.view(item.dtype)[magnitudes < infinity(item)]
    exact = in_units(item, np.sort(finite.astype(np.float64)).astype(item.dtype))
    assert len(exact) == finite.size
    assert all(a < b or a == b == 0 for a, b in pairwise(exact))
    # Numbers whose encodings are neighbours are one spacing apart, and the spacing doubles from binade to binade.
    gaps = np.array([float(b - a) for a, b in pairwise(in_units(item, PATTERNS[: infinity(item)].view(item.dtype)))])
    per_binade = 1 << item.precision - 1
    assert np.array_equal(gaps, 2.0 ** np.maximum(np.arange(gaps.size) // per_binade - 1, 0))


@SIXTEEN
def test_all_midpoints_between_neighbours_round_to_the_even_pattern(item):
    array = PATTERNS[:0x8000].view(item.dtype)
    exact = [dyadic_to_fraction(pair) for pair in item.lift_array(array) if pair is not None]
    midpoints = [(a + b) / 2 for a, b in zip(exact, [*exact[1:], power(item)], strict=True)]
    rounded = np.array([item.round(m) for m in midpoints], item.dtype).view(np.uint16)
    patterns = PATTERNS[: len(exact)]
    assert np.array_equal(rounded, patterns + (patterns & 1))


@SIXTEEN
def test_all_patterns_survive_the_way_through_text(item):
    array = PATTERNS.view(item.dtype)
    texts = [item.hex(value) for value in array]
    back = np.array([item.from_hex(text) for text in texts], item.dtype)
    nan = is_nan(item)
    assert np.array_equal(back.view(np.uint16)[~nan], PATTERNS[~nan])
    assert all((text == "nan") == is_nan for text, is_nan in zip(texts, nan.tolist(), strict=True))
    numbers = [text for text in texts if text != "nan"]
    assert len(set(numbers)) == len(numbers)  # signed zeros and infinities are told apart


@SIXTEEN
def test_every_pattern_converts_to_float64_and_back(item):
    array = PATTERNS.view(item.dtype)
    wide = FLOAT64.as_array(array)
    back = item.as_array(wide)
    kept = ~is_nan(item)
    assert np.array_equal(back.view(np.uint16)[kept], PATTERNS[kept])
    assert np.isnan(wide[~kept]).all()
    assert np.isnan(back[~kept]).all()


# --- as text -----------------------------------------------------------------------------------------


@given(st.data(), FORMAT)
def test_hex_round_trips(data, item):
    scalar, _ = data.draw(members(item))
    text = item.hex(scalar)
    back = item.from_hex(text)
    assert type(back) is item.dtype.type
    assert back == scalar
    assert np.signbit(back) == np.signbit(scalar)
    assert text.startswith("-") == bool(np.signbit(scalar))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_hex_of_a_float64_reads_as_the_same_number_in_python(value):
    text = FLOAT64.hex(value)
    assert float.fromhex(text) == value
    assert math.copysign(1, float.fromhex(text)) == math.copysign(1, value)


@ALL
def test_hex_of_special_values(item):
    kind = item.dtype.type
    assert item.hex(kind(0.0)) == "0x0p+0"
    assert item.hex(kind(-0.0)) == "-0x0p+0"
    assert item.hex(kind(1.5)) == "0x1.8p+0"
    assert item.hex(kind(-2.0)) == "-0x1p+1"
    assert item.hex(kind(math.nan)) == "nan"
    assert item.hex(kind(math.inf)) == "inf"
    assert item.hex(kind(-math.inf)) == "-inf"
    assert item.hex(item.smallest_subnormal) == f"0x1p{item.min_exponent - item.precision + 1:+d}"
    for text in ("nan", "inf", "-inf", "-0x0p+0", "0x0p+0"):
        assert item.hex(item.from_hex(text)) == text


@X87
def test_hex_of_a_longdouble_shows_all_its_bits():
    assert FLOAT80.hex(np.longdouble(2) - np.finfo(np.longdouble).eps) == "0x1.fffffffffffffffep+0"
    assert FLOAT80.hex(np.longdouble(1) / 3) == "0x1.5555555555555556p-2"
    assert FLOAT80.hex(np.finfo(np.longdouble).smallest_subnormal) == "0x1p-16445"


def test_hex_refuses_an_array():
    with pytest.raises(ValueError, match="value must be a scalar"):
        FLOAT64.hex(np.ones(2))


@ALL
@pytest.mark.parametrize(
    "text", ["", "1.5", "0x1.8", "0x1.8p", "0x2p+0", " 0x1p+0", "0x1p+0\n", "-nan", "Inf", "0X1P+0"]
)
def test_text_that_is_no_number_is_refused(item, text):
    with pytest.raises(ValueError, match=r"text must be a hexadecimal number like 0x1\.8p"):
        item.from_hex(text)


@ALL
def test_text_with_more_than_the_format_holds_is_refused(item):
    one_bit_more = f"0x1.{'0' * 40}1p+0"
    below, above = f"0x1p{item.min_exponent - item.precision:+d}", f"0x1p{item.max_exponent + 1:+d}"
    for text in (one_bit_more, below, above, "0x1p+99999999999", "-0x1p-99999999999"):
        with pytest.raises(ValueError, match=f"text must be a number of {item.name}, got"):
            item.from_hex(text)


# --- conversions -------------------------------------------------------------------------------------


def specials(source: FloatFormat) -> np.ndarray:
    return np.array([math.nan, math.inf, -math.inf, 0.0, -0.0], source.dtype)


@ALL_PAIRS
def test_nan_infinities_and_signed_zeros_keep_their_nature_in_every_conversion(target, source):
    result = target.as_array(specials(source))
    assert result.dtype == target.dtype
    assert np.isnan(result[0])
    assert result[1:].tolist() == [math.inf, -math.inf, 0.0, 0.0]
    assert np.signbit(result[1:]).tolist() == [False, True, False, True]


@ALL_PAIRS
def test_conversions_of_random_numbers_of_all_sizes_are_those_of_each_number(target, source):
    """Ties and their neighbours in every binade of the target, overflow and gradual underflow included."""
    rng = np.random.default_rng(7)
    exponents = rng.integers(target.min_exponent - 2 * target.precision, target.max_exponent + 3, 600)
    pairs = zip(rng.integers(-4096, 4096, 600).tolist(), exponents.tolist(), strict=True)
    numbers = [m * Fraction(2) ** (e - 12) for m, e in pairs]
    values = np.array([source.round(n) for n in numbers], source.dtype)
    with np.errstate(all="ignore"):
        values = np.concatenate([values, np.nextafter(values, np.full_like(values, math.inf))])
    values = values[np.isfinite(values)]
    expected = [target.round(exact_value(source, value)) for value in values]
    result = target.as_array(values)
    assert result.tolist() == np.array(expected, target.dtype).tolist()
    assert np.signbit(result).tolist() == np.signbit(values).tolist()


@ALL_PAIRS
def test_every_conversion_rounds_once(target, source):
    """Each element is the correctly rounded exact value: on ties of the target, beside them, and at the ends."""
    numbers = [1 + target.unit_roundoff, 1 + 3 * target.unit_roundoff, target.largest_finite, Fraction(1, 3)]
    numbers += [target.largest_finite + target.spacing(target.largest_finite) / 2, target.smallest_subnormal / 2]
    numbers += [target.smallest_subnormal * k / 4 for k in (1, 3, 5, 6, 7, 10)] + [target.smallest_normal]
    numbers = [-n for n in numbers] + numbers
    values = np.array([source.round(n) for n in numbers], source.dtype)
    with np.errstate(over="ignore", under="ignore"):
        outward = np.nextafter(values, np.full_like(values, math.inf))
        inward = np.nextafter(values, np.zeros_like(values))
    values = np.concatenate([values, outward, inward])
    values = values[np.isfinite(values)]
    result = target.as_array(values)
    assert result.dtype == target.dtype
    for value, rounded in zip(values, result, strict=True):
        exact = exact_value(source, value)
        if exact:
            assert_correctly_rounded(target, exact, rounded)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(PAIRS))
def test_any_number_of_any_format_converts_to_any_other_with_one_rounding(data, pair):
    target, source = pair
    scalar, exact = data.draw(members(source))
    result = target.as_array(scalar)
    assert result.shape == ()
    if exact:
        assert_correctly_rounded(target, exact, result[()])


@settings(max_examples=80)
@given(st.data(), st.sampled_from([p for p in PAIRS if p[0].precision < p[1].precision]))
def test_conversion_of_numbers_near_ties_rounds_once(data, pair):
    target, source = pair
    scalar = source.round(data.draw(rationals_near(target)))
    exact = exact_value(source, scalar)
    if exact and np.isfinite(scalar):
        assert_correctly_rounded(target, exact, target.as_array(scalar)[()])


ONCE_IN_NUMPY = [
    (target, source)
    for target, source in PAIRS
    if (target.name, source.name)
    in {
        ("float32", "float64"),
        ("float16", "float64"),
        ("float16", "float32"),
        ("bfloat16", "float32"),
        ("float64", "float80"),
        ("float32", "float80"),
    }
]


@settings(max_examples=120)
@given(st.data(), st.sampled_from(ONCE_IN_NUMPY))
def test_round_agrees_with_the_conversions_of_numpy_that_round_once(data, pair):
    target, source = pair
    scalar = data.draw(st.one_of(members(source).map(lambda m: m[0]), rationals_near(target).map(source.round)))
    if not np.isfinite(scalar) or not scalar:
        return
    with np.errstate(over="ignore", under="ignore"):
        converted = np.asarray(scalar).astype(target.dtype)[()]
    assert target.round(source.lift(scalar)) == converted


def test_float64_to_bfloat16_rounds_twice_in_ml_dtypes_and_once_here():
    """1 + 2⁻⁸ + 2⁻³⁰ is above a tie of bfloat16; in float32 it becomes the tie, which goes to even."""
    value = 1 + 2.0**-8 + 2.0**-30
    assert np.float64(value).astype(BFLOAT16.dtype) == 1
    assert BFLOAT16.as_array(value) == BFLOAT16.round(Fraction(value)) == 1 + 2.0**-7
    assert BFLOAT16.as_array(np.array([value, -value])).tolist() == [1 + 2.0**-7, -1 - 2.0**-7]


@X87
def test_longdouble_to_float16_rounds_twice_in_numpy_and_once_here():
    """1 + 2⁻¹¹ + 2⁻⁶⁰ is above a tie of float16; on NumPy's way through a narrower format it becomes the tie."""
    value = np.longdouble(1) + np.longdouble(2) ** -11 + np.longdouble(2) ** -60
    assert value.astype(np.float16) == 1
    assert FLOAT16.as_array(value) == FLOAT16.round(FLOAT80.lift(value)) == 1 + 2.0**-10


@X87
def test_longdouble_to_bfloat16_rounds_once_here():
    value = np.longdouble(1) + np.longdouble(2) ** -8 + np.longdouble(2) ** -60
    assert BFLOAT16.as_array(value) == 1 + 2.0**-7


@ALL_PAIRS
def test_overflow_in_a_conversion_gives_infinity_without_a_warning(target, source):
    values = np.array([source.dtype.type(s) * finfo(source).max for s in (1, -1)], source.dtype)
    result = target.as_array(values)
    fits = source.largest_finite <= target.largest_finite
    assert bool(np.isfinite(result).all()) == fits
    assert np.signbit(result).tolist() == [False, True]


@ALL
def test_an_array_of_the_format_is_returned_as_it_is(item):
    array = np.ones((2, 3), item.dtype)
    assert item.as_array(array) is array


@ALL
def test_conversion_keeps_the_shape(item):
    for shape in [(), (1,), (2, 3), (0, 2)]:
        for dtype in (np.float64, np.longdouble, np.int32, np.uint8, bool, ml_dtypes.bfloat16, np.float16):
            assert item.as_array(np.ones(shape, dtype)).shape == shape
    strided = np.arange(6.0).reshape(2, 3).T
    assert item.as_array(strided).tolist() == strided.tolist()


@given(st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2**64 - 1), st.integers(-(2**80), 2**80)), FORMAT)
@example(2**24 + 1, FLOAT32)
@example(2**53 + 1, FLOAT64)
@example(2**63 + 2**39 + 1, FLOAT32)  # rounds twice when it goes through float64
@example(2**32 + 2**24 + 1, BFLOAT16)  # rounds twice when it goes through float32
@example(2**16 - 16, FLOAT16)
@example(2**64 - 1, FLOAT80)
def test_integers_round_once_as_python_numbers_and_in_arrays(value, item):
    assert item.as_array(value)[()] == item.round(value)
    for kind in (np.int64, np.uint64):
        if np.iinfo(kind).min <= value <= np.iinfo(kind).max:
            assert item.as_array(np.array([value], kind))[0] == item.round(value)


@ALL
def test_python_numbers_and_fractions_convert(item):
    assert item.as_array([1, 2.5, -0.0]).dtype == item.dtype
    assert np.signbit(item.as_array(-0.0))
    assert item.as_array(Fraction(1, 3))[()] == item.round(Fraction(1, 3))
    assert item.as_array(10**5000)[()] == math.inf
    assert item.as_array(True)[()] == 1
    assert item.as_array([True, False]).tolist() == [1, 0]


@ALL
@pytest.mark.parametrize("value", ["1.0", ["1.0"], None, 1j, [Fraction(1, 2)], object()])
def test_what_is_not_numeric_is_refused(item, value):
    with pytest.raises(TypeError, match=r"^x must be numeric, got dtype"):
        item.as_array(value)


@ALL
@pytest.mark.parametrize("value", ["1.0", None, 1j, object()])
def test_a_value_that_is_not_numeric_is_refused_as_the_argument_value(item, value):
    for take in (item.lift, item.hex):
        with pytest.raises(TypeError, match=r"^value must be numeric, got dtype"):
            take(value)


# --- the door ----------------------------------------------------------------------------------------


def points(item: FloatFormat) -> np.ndarray:
    return np.array([-1.5, 0.25, 0.75, 2.0], item.dtype)


@ALL
def test_f_gets_a_read_only_contiguous_array_of_the_format(item):
    seen: list[Any] = []
    x = points(item)
    y = evaluate(item, lambda v: seen.append(v) or v * 2, x)
    (view,) = seen
    assert isinstance(view, np.ndarray)
    assert (view.dtype, view.shape) == (item.dtype, x.shape)
    assert view.flags.c_contiguous
    assert not view.flags.writeable
    assert x.flags.writeable
    assert type(y) is np.ndarray
    assert y.tolist() == [-3, 0.5, 1.5, 4]


@ALL
def test_a_scalar_or_strided_array_is_not_let_in(item):
    """NumPy computes float32 scalar**3 and reversed views differently from arrays."""
    x = points(item)
    for wrong in (x[0:1].reshape(()), x[::2], x[::-1], np.ones((4, 4), item.dtype)[:, :2]):
        with pytest.raises(ValueError, match="x must be a contiguous array of at least one dimension, got"):
            evaluate(item, lambda v: v, wrong)
    square = np.asfortranarray(np.ones((3, 4), item.dtype))
    assert evaluate(item, lambda v: v + 1, square).shape == (3, 4)


@ALL_PAIRS
def test_an_array_of_another_format_is_not_let_in(target, source):
    if target is not source:
        with pytest.raises(TypeError, match=f"x must have dtype {target.name}, got"):
            evaluate(target, lambda v: v, points(source))


@ALL
def test_complex_arrays_enter_only_where_the_format_has_complex_numbers(item):
    for dtype in (np.complex64, np.complex128, np.clongdouble):
        x = np.array([1 + 1j], dtype)
        if x.dtype == item.complex_dtype:
            assert evaluate(item, lambda v: v * v, x).tolist() == [2j]
        else:
            with pytest.raises(TypeError, match=f"x must have dtype {item.name}, got"):
                evaluate(item, lambda v: v, x)


def fill(x):
    x.fill(0)
    return x


def add_in_place(x):
    x += 1
    return x


def scale_in_place(x):
    x *= 2.0
    return x


def assign(x):
    x[x > 0] = 0
    return x


def sort(x):
    x.sort()
    return x


def copy_to(x):
    np.copyto(x, 1)
    return x


@ALL
@pytest.mark.parametrize(
    "f",
    [fill, add_in_place, scale_in_place, assign, sort, copy_to, lambda x: np.exp(x, out=x)],
    ids=lambda f: f.__name__,
)
def test_an_in_place_f_is_refused_and_its_input_is_untouched(item, f):
    x = points(item)
    before = x.copy()
    with pytest.raises(TypeError, match="f must not write into its argument"):
        evaluate(item, f, x)
    assert np.array_equal(x, before)


@ALL
def test_errors_of_f_pass_through(item):
    def broken(x):
        raise ValueError("my own")

    with pytest.raises(ValueError, match=r"^my own$"):
        evaluate(item, broken, points(item))


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("float64", "float80")])
@pytest.mark.parametrize("f", [lambda x: x * np.float64(2), lambda x: np.sqrt(2) * x, lambda x: x + np.array([0.5])])
def test_a_float64_constant_is_refused_with_the_advice(name, f):
    item = FORMATS[name]
    message = f"f must keep the dtype of its argument, {name}, got float64: a np.float64 constant promotes; write float"
    with pytest.raises(TypeError, match=message):
        evaluate(item, f, points(item))


@X87
@pytest.mark.parametrize("name", [n for n in NAMES if n != "float80"])
def test_a_longdouble_constant_is_refused_with_the_advice(name):
    item = FORMATS[name]
    message = f"{name}, got {np.dtype(np.longdouble)}: a np.longdouble constant promotes; write float"
    with pytest.raises(TypeError, match=message):
        evaluate(item, lambda x: x * np.longdouble(2), points(item))


def test_a_float32_constant_is_refused_with_the_advice():
    with pytest.raises(TypeError, match=r"float16, got float32: a np\.float32 constant promotes; write float"):
        evaluate(FLOAT16, lambda x: x * np.float32(2), points(FLOAT16))
    with pytest.raises(TypeError, match=r"bfloat16, got float32: .*np\.float32 .*after np\.asarray any Python number"):
        evaluate(BFLOAT16, lambda x: np.asarray(x) * 2.0, points(BFLOAT16))


@pytest.mark.parametrize("constant", [np.float64(2), np.complex128(2)])
def test_a_constant_that_widens_a_complex_array_is_refused_with_the_advice(constant):
    x = points(FLOAT32).astype(np.complex64)
    with pytest.raises(TypeError, match=r"complex64, got complex128: a np\.float64 constant promotes; write float"):
        evaluate(FLOAT32, lambda z: z * constant, x)


@ALL
def test_no_constant_is_blamed_for_a_result_that_no_constant_makes(item):
    """A comparison, a conversion to integers, a narrower format."""
    others = [np.bool_, np.int64, np.uint8]
    others += [other.dtype for other in FORMATS.values() if other.precision < item.precision]
    for other in map(np.dtype, others):
        with pytest.raises(TypeError, match=rf"f must keep the dtype of its argument, {item.dtype}, got {other}$"):
            evaluate(item, lambda x, other=other: np.asarray(x).astype(other), points(item))


@ALL
@pytest.mark.parametrize("other", [np.complex64, np.clongdouble])
def test_the_real_part_is_to_be_taken_of_complex_values(item, other):
    with pytest.raises(TypeError, match=r"must keep the dtype .*, got complex\d+; take the real part in f: np\.real"):
        evaluate(item, lambda x: np.asarray(x).astype(other), points(item))
    assert evaluate(item, lambda x: np.real(x), points(item)).dtype == item.dtype


@ALL
def test_a_function_that_changes_the_dtype_is_refused(item):
    for other in [*(o.dtype for o in FORMATS.values() if o is not item), np.dtype(np.int64), np.dtype(bool)]:
        with pytest.raises(TypeError, match="f must keep the dtype of its argument"):
            evaluate(item, lambda x, other=other: np.asarray(x).astype(other), points(item))


@ALL
@pytest.mark.parametrize(
    "f", [lambda x: x[:2], lambda x: np.sum(x, keepdims=True), lambda x: x[:, None], lambda x: np.outer(x, x)]
)
def test_a_function_that_changes_the_shape_is_refused(item, f):
    with pytest.raises(ValueError, match=r"f must keep the shape of its argument, \(4,\), got .*blocked=False"):
        evaluate(item, f, points(item))


@ALL
@pytest.mark.parametrize("f", [lambda x: None, lambda x: "1", lambda x: 1j, lambda x: [x, x[:2]], lambda x: {0: x}])
def test_what_is_no_array_of_numbers_is_refused(item, f):
    with pytest.raises(
        TypeError, match=rf"f must (return numbers of|keep the dtype of its argument,) {item.name}|float128"
    ):
        evaluate(item, f, points(item))


@ALL
def test_what_numpy_takes_for_an_array_of_the_format_is_one(item):
    x = points(item)
    assert evaluate(item, lambda x: list(x), x).tolist() == x.tolist()
    assert evaluate(item, lambda x: item.dtype.type(3), x).tolist() == [3] * 4
    with pytest.raises(ValueError, match=r"f must keep the shape of its argument, \(4,\), got \(2, 4\)"):
        evaluate(item, lambda x: (x, x), x)


@ALL
def test_a_masked_result_is_refused_and_one_without_masked_numbers_is_an_array(item):
    x = points(item)
    with pytest.raises(TypeError, match=r"f must not return masked values, got 1 of 4; write \.filled"):
        evaluate(item, lambda x: np.ma.MaskedArray(np.asarray(x), [False, True, False, False]), x)
    y = evaluate(item, lambda x: np.ma.MaskedArray(np.asarray(x)), x)
    assert type(y) is np.ndarray
    assert y.tolist() == x.tolist()


@ALL
@pytest.mark.parametrize("value", [3, -0.25, 0, -0.0, math.inf, 0.1, 1e-400, 10**30])
def test_a_python_scalar_is_broadcast_and_rounded_once(item, value):
    y = evaluate(item, lambda x: value, points(item))
    assert (y.dtype, y.shape) == (item.dtype, (4,))
    assert y.tolist() == [item.as_array(value)[()]] * 4
    assert np.signbit(y).all() == (math.copysign(1, value) < 0)


def test_a_constant_result_is_rounded_once_in_bfloat16():
    assert evaluate(BFLOAT16, lambda x: 1 + 2.0**-8 + 2.0**-30, points(BFLOAT16)).tolist() == [1 + 2.0**-7] * 4


@ALL
def test_the_result_is_what_f_returned(item):
    made = np.ones(4, item.dtype)
    assert evaluate(item, lambda x: made, points(item)) is made
    x = points(item)
    assert np.shares_memory(evaluate(item, lambda v: v, x), x)  # who needs separate buffers passes separate buffers
    assert not np.shares_memory(evaluate(item, np.exp, x), x)


@pytest.mark.parametrize("name", [n for n in NAMES if n != "bfloat16"])
def test_numpys_own_formats_see_a_plain_array(name):
    """The code under test runs as the user would run it: no wrapper where NumPy needs none."""
    item = FORMATS[name]
    kinds: list[type] = []
    evaluate(item, lambda x: kinds.append(type(x)) or x + 0.1, points(item))
    assert kinds == [np.ndarray]
