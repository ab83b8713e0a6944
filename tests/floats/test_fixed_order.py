"""Products and norms are what they say, operation by operation, on every machine."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from numdiff.floats.fixed_order import dot, fitted_slope, matrix_product, norm, root_mean_square

FORMATS = {
    "float16": np.float16,
    "bfloat16": ml_dtypes.bfloat16,
    "float8_e5m2": ml_dtypes.float8_e5m2,
    "float32": np.float32,
    "float64": np.float64,
    "longdouble": np.longdouble,
}
SHAPES = ((4, 3, 2), (1, 1, 1), (1, 50, 20), (20, 1, 50), (16, 3, 16), (16, 3, 17), (40, 7, 30))
"""Of at most 256 elements, which are summed by one call, and of more."""


def by_hand(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Each product and each sum rounded by itself, scalars of the wider format from left to right."""
    wide = np.float32 if a.dtype.itemsize < 4 else a.dtype.type
    result = np.empty((len(a), b.shape[1]), a.dtype)
    for i, j in np.ndindex(result.shape):
        total = wide(a[i, 0]) * wide(b[0, j])
        for k in range(1, a.shape[1]):
            term = wide(a[i, k]) * wide(b[k, j])
            total = total + term
        result[i, j] = total
    return result


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", FORMATS)
def test_product_is_summed_from_left_to_right(name: str, shape: tuple[int, int, int]) -> None:
    rng = np.random.default_rng(0)
    a, b = (rng.normal(size=s).astype(FORMATS[name]) for s in (shape[:2], shape[1:]))
    found = matrix_product(a, b)
    assert found.dtype == FORMATS[name]
    assert found.flags.c_contiguous
    assert found.tobytes() == by_hand(a, b).tobytes() or np.array_equal(found, by_hand(a, b))


def test_sum_of_products_is_not_fused_and_keeps_its_order() -> None:
    """With fused operations the first is 2⁻⁶⁰, in reversed order the second is 1."""
    a, b = np.array([1 + 2.0**-30, 1.0]), np.array([1 + 2.0**-30, -1 - 2.0**-29])
    assert dot(a, b) == 0
    assert dot(np.array([1.0, 2.0**53, -(2.0**53)]), np.ones(3)) == 0
    assert dot(np.array([2.0**53, -(2.0**53), 1.0]), np.ones(3)) == 1


@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
@pytest.mark.parametrize("columns", [5, 200])
def test_batches_are_multiplied_one_by_one(lead: tuple[int, ...], columns: int) -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(4, 6)), rng.normal(size=(*lead, 6, columns))
    for left in (a, rng.normal(size=(*lead, 4, 6))):
        found = matrix_product(left, b)
        assert found.shape == (*lead, 4, columns)
        np.testing.assert_array_equal(found, np.vectorize(matrix_product, signature="(i,k),(k,j)->(i,j)")(left, b))
        np.testing.assert_allclose(found, np.matmul(left, b), rtol=0, atol=6 * 2**-53 * 100)


def test_strides_change_nothing() -> None:
    rng = np.random.default_rng(2)
    a, b = rng.normal(size=(8, 8)).astype(np.float32), rng.normal(size=(8, 8)).astype(np.float32)
    for left in (a.T, a[::-1], a[:, ::-1]):
        np.testing.assert_array_equal(matrix_product(left, b.T), matrix_product(left.copy(), b.T.copy()))


def test_complex_matrices_are_multiplied() -> None:
    rng = np.random.default_rng(3)
    a, b = (rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)) for _ in range(2))
    np.testing.assert_allclose(matrix_product(a, b), a @ b, rtol=1e-13)


def test_sum_without_terms_is_0() -> None:
    np.testing.assert_array_equal(matrix_product(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))


@pytest.mark.parametrize(
    "a, b",
    [
        (np.ones((2, 1)), np.ones((3, 2))),
        (np.ones((2, 3)), np.ones((1, 2))),
        (np.ones(3), np.ones((3, 2))),
        (np.ones((2, 3)), np.ones((3, 2), np.float32)),
    ],
)
def test_what_is_no_product_is_refused(a: np.ndarray, b: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"a and b must be matrices .* of the same dtype, got"):
        matrix_product(a, b)


def close(found: float, square: Fraction, units: float) -> bool:
    """Whether a root is known to so many u of itself, or to half the smallest number."""
    slack = Fraction(units) * Fraction(found) / 2**53 + Fraction(1, 2**1075)
    return max(Fraction(found) - slack, Fraction(0)) ** 2 <= square <= (Fraction(found) + slack) ** 2


@pytest.mark.parametrize("n", range(1, 34))
@pytest.mark.parametrize("exponent", [-1074, -1060, -1022, -540, 0, 500, 1018])
def test_norm_and_mean_are_known_to_their_roundings(n: int, exponent: int) -> None:
    """Squares, their sum, the root and, for the mean, a quotient: (u + u)/2 + u and (u + u + u)/2 + u."""
    rng = np.random.default_rng(n)
    values = [math.ldexp(v, exponent) for v in rng.normal(size=n) * 2.0 ** rng.integers(0, 4, n)]
    square = sum((Fraction(v) ** 2 for v in values), Fraction(0))
    assert close(norm(values), square, 2.01)
    assert close(root_mean_square(values), square / n, 2.51)


@pytest.mark.parametrize("n", range(1, 34))
@pytest.mark.parametrize("value", [5e-324, 2.0**-1022, 1.0, np.nextafter(2.0, 1), np.finfo(float).max])
def test_mean_of_equal_values_is_not_above_them(n: int, value: float) -> None:
    assert close(root_mean_square([value] * n), Fraction(value) ** 2, 2.51)
    assert root_mean_square([value, -value] * n) <= value


def test_norm_overflows_only_where_it_must() -> None:
    largest = float(np.finfo(float).max)
    assert norm([largest]) == largest
    assert norm([0.6 * largest, 0.7 * largest]) < math.inf
    assert norm([largest, largest]) == math.inf


def test_norm_of_nothing_and_of_zeros_is_0() -> None:
    assert norm([]) == norm([0.0, -0.0]) == root_mean_square([0.0, -0.0]) == 0


def test_norm_of_what_is_not_finite_says_so() -> None:
    for function in (norm, root_mean_square):
        assert function([1.0, -math.inf, math.nan]) == math.inf
        assert math.isnan(function([1.0, math.nan]))


def test_order_of_the_values_does_not_matter() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(size=200) * 10.0 ** rng.integers(-20, 20, 200)
    assert len({norm(rng.permutation(values)) for _ in range(20)}) == 1


def test_mean_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="values must hold at least one number, got none"):
        root_mean_square([])


def test_slope_is_that_of_the_exact_sums() -> None:
    rng = np.random.default_rng(5)
    for n in (3, 4, 10, 33):
        x, y = (rng.normal(size=n).tolist() for _ in range(2))
        exact_x, exact_y = ([Fraction(v) for v in values] for values in (x, y))
        along = [v - sum(exact_x) / n for v in exact_x]
        square = sum(a * a for a in along)
        slope = sum(a * v for a, v in zip(along, exact_y, strict=True)) / square
        centre = sum(exact_y) / n
        rest = sum((v - centre - slope * a) ** 2 for a, v in zip(along, exact_y, strict=True))
        assert fitted_slope(x, y) == pytest.approx((float(slope), math.sqrt(rest / ((n - 2) * square))), rel=1e-13)


def test_two_points_have_a_slope_without_an_error() -> None:
    slope, error = fitted_slope([1.0, 3.0], [2.0, 8.0])
    assert slope == 3
    assert math.isnan(error)


@pytest.mark.parametrize("x, y", [([1.0], [1.0]), ([2.0, 2.0], [1.0, 3.0]), ([1.0, 2.0, 3.0], [1.0, 2.0])])
def test_what_has_no_slope_is_refused(x: list[float], y: list[float]) -> None:
    with pytest.raises(ValueError, match="x must hold two different values, and as many as y, got"):
        fitted_slope(x, y)
