import math
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.digits import adding_up, aligned, fixed, is_moderate, scientific, step_text, sums_of

numbers = st.floats(allow_nan=False, allow_infinity=False, min_value=-1e200, max_value=1e200)


def last_place(text: str) -> Decimal:
    return Decimal(1).scaleb(int(Decimal(text).as_tuple().exponent))


def adds_up(total: str, parts: list[str]) -> bool:
    exact = sum((Decimal(part) for part in parts), Decimal(0))
    place = last_place(total) if total != "0" else max(last_place(part) for part in parts)
    return exact.quantize(place, ROUND_HALF_EVEN) == Decimal(total)


@given(numbers, numbers)
def test_printed_rows_add_up_and_each_number_is_rounded_correctly(first: float, second: float) -> None:
    total = first + second
    if total and max(abs(first), abs(second)) > 1e250 * abs(total):
        return
    printed, parts = adding_up(total, [first, second])
    assert adds_up(printed, parts)
    for text, exact in zip([printed, *parts], [total, first, second], strict=True):
        assert (text == "0") == (exact == 0)
        if exact:
            assert abs(Decimal(text) - Decimal(exact)) <= last_place(text) / 2


@pytest.mark.parametrize(
    ("total", "parts", "printed"),
    [
        (0.1069172, [0.1069172, 1.83e-16], ("1.07e-01", ["1.07e-01", "1.83e-16"])),
        (-6.431031e-12, [6.105795e-12, -1.253683e-11], ("-6.4e-12", ["6.11e-12", "-1.25e-11"])),
        # 1.24 + 1.24 is not 2.49, 1.244 + 1.244 is.
        (2.4888, [1.2444, 1.2444], ("2.49e+00", ["1.244e+00", "1.244e+00"])),
        (2 / 3, [1 / 3, 1 / 3], ("6.67e-01", ["3.333e-01", "3.333e-01"])),
        (0.0, [0.25, -0.25], ("0", ["2.50e-01", "-2.50e-01"])),
        (-1.6e-32, [0.0, -5.551115123125784e-17, 5.551115123125783e-17], ("0.00e-17", ["0", "-5.55e-17", "5.55e-17"])),
        (0.0, [0.0, 0.0], ("0", ["0", "0"])),
    ],
)
def test_rows_have_three_digits_or_as_many_as_it_takes(
    total: float, parts: list[float], printed: tuple[str, list[str]]
) -> None:
    assert adding_up(total, parts) == printed


def test_parts_that_do_not_make_the_total_are_refused() -> None:
    with pytest.raises(ValueError, match=r"parts must add up to the total, got 1.0 and \[0.25, 0.25\]"):
        adding_up(1.0, [0.25, 0.25])


def test_sums_leave_rows_with_a_word_or_a_gap_alone() -> None:
    sums = {"t": ("a", "b")}
    assert sums_of({"t": "absorbed", "a": 0.5, "b": None}, sums) == {}
    assert sums_of({"t": 0.75, "a": 0.5, "b": 0.25}, sums) == {"t": "7.50e-01", "a": "5.00e-01", "b": "2.50e-01"}


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (2.0**-5, "2⁻⁵"),
        (0.5, "2⁻¹"),
        (1.0, "1"),
        (2.0**20, "2²⁰"),
        (1e-4, "10⁻⁴"),
        (0.1, "10⁻¹"),
        (0.3, "0.3"),
        (12.0, "12"),
        (1.2357 * 2.0**-5, "1.2357·2⁻⁵"),
        (1.2357 * 2.0**-1, "1.2357·2⁻¹"),
        (1.2357, "1.2357"),
        (0.01931762695312500, "fl(1.2357·2⁻⁶)"),
        (5.23456789e-6, "5.23e-06"),
        (0.0, "0"),
    ],
)
def test_step_is_written_as_it_is_defined_never_as_0_0312(step: float, text: str) -> None:
    assert step_text(step) == text


@given(st.floats(1e-3, 1e5, exclude_max=True))
def test_fixed_keeps_three_digits(value: float) -> None:
    text = fixed(value, 3)
    assert "e" not in text
    assert float(text) == pytest.approx(value, rel=5.01e-3)
    assert len(text.replace(".", "").lstrip("0")) >= 3


@pytest.mark.parametrize(
    ("value", "text"), [(0.5, "0.500"), (99.95, "100"), (0.0012345, "0.00123"), (12345.6, "12346"), (0.0, "0")]
)
def test_fixed_numbers_end_where_their_digits_do(value: float, text: str) -> None:
    assert fixed(value, 3) == text


def test_scientific_drops_zeros_only_if_asked() -> None:
    assert (scientific(1.5e-8, 3), scientific(1.5e-8, 3, keep_zeros=False)) == ("1.50e-08", "1.5e-08")


def test_columns_without_powers_of_ten_span_eight_decades() -> None:
    assert is_moderate([0.001, 0.0, -99999.0])
    assert not is_moderate([0.00099])
    assert not is_moderate([1e5])


def test_decimal_points_stand_below_each_other() -> None:
    texts = aligned(["12.5", "3", "-0.125", "absorbed", "–"])
    numbers = [text for text in texts if text[-1] not in "d–"]
    behind = {len(text) - len(text.partition(".")[0].partition("\u2008")[0]) for text in numbers}
    assert behind == {4}
    assert [float(text) for text in numbers] == [12.5, 3.0, -0.125]
    assert texts[3:] == ["absorbed", "–"]


def test_infinite_steps_are_no_steps() -> None:
    assert step_text(math.inf) == "inf"
