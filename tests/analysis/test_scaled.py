"""Numbers with exponents of their own: plain doubles where these have room, and the same further out."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from numdiff.analysis.taylor import (
    Scaled,
    root,
    split,
    total,
    total_of_rows,
    total_of_squared_rows,
    total_of_squares,
)

moderate = st.lists(st.floats(1e-20, 1e20) | st.just(0.0), min_size=1, max_size=5)


def _terms(values: list[float], shift: int = 0) -> list[Scaled]:
    parts = [split(np.array([value])) for value in values]
    return [Scaled(part.mantissas, part.exponents + shift) for part in parts]


@given(moderate)
def test_sums_and_roots_are_those_of_doubles_bit_for_bit(values: list[float]) -> None:
    plain, squares = 0.0, 0.0
    for value in values:
        plain, squares = plain + value, squares + value * value
    assert total(_terms(values)).values[0] == plain
    assert total_of_squares(_terms(values)).values[0] == squares
    assert root(total_of_squares(_terms(values))).values[0] == np.sqrt(squares)


@given(moderate, st.integers(-100_000, 100_000))
def test_a_power_of_two_changes_only_the_exponent(values: list[float], k: int) -> None:
    plain, moved = (root(total_of_squares(_terms(values, shift))) for shift in (0, k))
    assert np.array_equal(moved.mantissas, plain.mantissas)
    assert not plain.mantissas.any() or np.array_equal(moved.exponents, plain.exponents + k)


def test_infinity_and_zero_have_no_say_in_the_unit() -> None:
    tiny, nothing = Scaled(np.array([0.5]), np.array([-5000])), Scaled(np.array([0.0]), np.array([0]))
    assert total([nothing, tiny]).mantissas[0] == 0.5
    assert total([Scaled(np.array([np.inf]), np.array([0])), tiny]).values[0] == np.inf
    assert total_of_squares([nothing]).values[0] == 0


numbers = st.floats(-1e20, 1e20) | st.sampled_from([0.0, -0.0, np.inf, -np.inf])
tables = st.integers(1, 3).flatmap(
    lambda n: st.lists(st.lists(numbers, min_size=n, max_size=n), min_size=1, max_size=60)
)


@given(tables, st.integers(-5000, 5000))
def test_rows_of_an_array_are_added_in_the_order_of_a_list_to_the_last_bit(
    table: list[list[float]], shift: int
) -> None:
    rows = split(np.array(table))
    rows = Scaled(rows.mantissas, rows.exponents + shift * np.arange(len(table))[:, np.newaxis])
    terms = [Scaled(*pair) for pair in zip(rows.mantissas, rows.exponents, strict=True)]
    with np.errstate(invalid="ignore"):
        for one, other in ((total, total_of_rows), (total_of_squares, total_of_squared_rows)):
            expected, found = one(terms), other(rows)
            assert found.mantissas.tobytes() == expected.mantissas.tobytes()
            assert np.array_equal(found.exponents, np.broadcast_to(expected.exponents, found.exponents.shape))
