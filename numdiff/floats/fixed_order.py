"""Products, powers, norms and slopes in a fixed order of IEEE 754 operations, the same numbers on every machine.

A BLAS adds the terms of a product in an order that depends on the processor, and may fuse a product with a sum; two of
them differ in the last digits, and a decision near its threshold differs with them. Here every product and every sum
is rounded on its own and stands at a fixed place:

    matrices    cᵢⱼ = ((aᵢ₁b₁ⱼ + aᵢ₂b₂ⱼ) + aᵢ₃b₃ⱼ) + …,   in at least float32, rounded to the format once at the end;
    norms       2ᵉ·√(Σ (v·2⁻ᵉ)²) with max|v| = μ·2ᵉ, ½ ≤ μ < 1, and a sum that is rounded correctly (`math.fsum`).

Fused operations cannot come in, because products and sums are ufunc calls of their own. Complex matrices are multiplied
too, but a product of two complex numbers is NumPy's, and the order within it the processor's.
"""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

__all__ = [
    "column_root_mean_squares",
    "dot",
    "fitted_slope",
    "matrix_product",
    "norm",
    "power",
    "root",
    "root_mean_square",
]

_ITERATIONS = 12
"""Newton's iteration for a root begins at most a factor of four above it: it is there after eight."""
_FEW = 256
"""So many elements of a product of matrices are summed by one call; for more a call for each term is faster."""


def matrix_product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of matrices, summed from left to right.

    Parameters
    ----------
    a : ndarray of shape (…, r, n)
    b : ndarray of shape (…, n, s)
        Of the same dtype. Leading axes are broadcast.

    Returns
    -------
    ndarray of shape (…, r, s)
        In the dtype of `a`, contiguous.

    Raises
    ------
    ValueError
        If an array has fewer than two axes, the lengths of the inner axes or the dtypes differ.

    Examples
    --------
    >>> import numpy as np
    >>> matrix_product(np.array([[1.0, 2.0]]), np.array([[3.0], [4.0]]))
    array([[11.]])
    """
    if a.ndim < 2 or b.ndim < 2 or a.shape[-1] != b.shape[-2] or a.dtype != b.dtype:
        raise ValueError(
            "a and b must be matrices (…, r, n) and (…, n, s) of the same dtype, "
            f"got {a.shape} of {a.dtype} and {b.shape} of {b.dtype}"
        )
    left, right = _wide(a), _wide(b)
    if a.shape[-2] * b.shape[-1] > _FEW or not a.shape[-1]:
        return _term_by_term(left, right).astype(a.dtype, copy=False)
    terms = left[..., None] * (right if right.ndim == 2 else right[..., None, :, :])
    # By its definition accumulate adds each term to the sum of those before.
    return np.add.accumulate(terms, axis=-2)[..., -1, :].astype(a.dtype)


def _term_by_term(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the product of matrices that are large; it is 0 where there is no term."""
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    total, term = np.zeros(shape, a.dtype), np.empty(shape, a.dtype)
    for k in range(a.shape[-1]):
        np.multiply(a[..., k, None], b[..., k, None, :], out=term if k else total)
        if k:
            total += term
    return total


def dot(a: np.ndarray, b: np.ndarray) -> np.generic:
    """Return the scalar product of two vectors of one dtype as a scalar of it, summed as in `matrix_product`.

    Examples
    --------
    >>> import numpy as np
    >>> float(dot(np.array([1.0, 2.0]), np.array([3.0, 4.0])))
    11.0
    """
    return matrix_product(a[None], b[:, None])[0, 0]


def _wide(a: np.ndarray) -> np.ndarray:
    """Return an array in float32 at least."""
    return a.astype(np.float32) if a.dtype.itemsize < 4 else a


def power(base: Any, exponent: int) -> Any:
    """Return a power as a product, factor by factor: that of the C library differs from machine to machine.

    Parameters
    ----------
    base : number or ndarray
    exponent : int
        At least 0.

    Examples
    --------
    >>> import numpy as np
    >>> power(np.float64(1.1), 3) == np.float64(1.1) * np.float64(1.1) * np.float64(1.1)
    np.True_
    """
    if not exponent:
        return base * 0 + 1
    product = base
    for _ in range(exponent - 1):
        product = product * base
    return product


def root(values: np.ndarray, degree: int) -> np.ndarray:
    """Return roots of positive numbers, to a few roundings, by Newton's iteration.

    Examples
    --------
    >>> import numpy as np
    >>> root(np.array([32.0, 1e-5, 3.0]), 5).round(6).tolist()
    [2.0, 0.1, 1.245731]
    """
    found = np.ldexp(np.ones_like(values), np.frexp(values)[1] // degree + 1)  # above the root, so that it falls
    for _ in range(_ITERATIONS):
        found = found - (found - values / power(found, degree - 1)) / degree
    return found


def norm(values: Iterable[float]) -> float:
    """Return √Σv², within two roundings of it; infinite if a value is, else NaN if one is.

    Squares neither over- nor underflow; the result is infinite only if it rounds to that.

    Examples
    --------
    >>> norm([3 * 2.0**700, 4 * 2.0**700]) == 5 * 2.0**700
    True
    """
    squares, exponent = _squares([float(v) for v in values])
    return _scaled(math.sqrt(math.fsum(squares)), exponent)


def root_mean_square(values: Iterable[float]) -> float:
    """Return √(Σv²/n), within three roundings of it and never above max|v|; otherwise as `norm`.

    Raises
    ------
    ValueError
        If there is no value.

    Examples
    --------
    >>> root_mean_square([1.0, 7.0])
    5.0
    """
    numbers = [float(v) for v in values]
    if not numbers:
        raise ValueError("values must hold at least one number, got none")
    squares, exponent = _squares(numbers)
    mean = _scaled(math.sqrt(math.fsum(squares) / len(numbers)), exponent)
    return mean if math.isnan(mean) else min(mean, max(map(abs, numbers)))


def column_root_mean_squares(ascending: np.ndarray, counts: Sequence[int]) -> list[float]:
    """Return `root_mean_square` of the first numbers of each column; NaN where there are none.

    Parameters
    ----------
    ascending : ndarray of float64, shape (n, s)
        Not negative, the smallest of a column first; the first `counts` of it are finite.
    counts : sequence of int, length s

    Examples
    --------
    >>> import numpy as np
    >>> column_root_mean_squares(np.array([[1.0, 3.0], [7.0, np.inf]]), [2, 1])
    [5.0, 3.0]
    """
    largest = ascending[np.maximum(np.array(counts, dtype=np.intp) - 1, 0), np.arange(ascending.shape[1])]
    exponents = np.frexp(largest)[1]
    with np.errstate(all="ignore"):  # what is not finite is not looked at
        scaled = np.ldexp(ascending, -exponents)
        squares = (scaled * scaled).T.tolist()
    columns = zip(squares, counts, largest.tolist(), exponents.tolist(), strict=True)
    return [
        min(_scaled(math.sqrt(math.fsum(column[:n]) / n), exponent), most) if n else math.nan
        for column, n, most, exponent in columns
    ]


def fitted_slope(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Return the slope of a straight line by least squares, with its standard error.

        slope = Sxy/Sxx,    error = √(r/((n − 2)·Sxx)),

    r being the sum of the squared residuals; the error is NaN for two points. Sums are rounded once (`math.fsum`).

    Raises
    ------
    ValueError
        If x and y differ in length, or x has not two values.

    Examples
    --------
    >>> fitted_slope([0.0, 1.0, 2.0], [1.0, 3.0, 5.0])
    (2.0, 0.0)
    """
    if len(x) != len(y) or len(set(x)) < 2:
        raise ValueError(f"x must hold two different values, and as many as y, got {list(x)} and {list(y)}")
    across, along = ([v - mean for v in values] for values in (y, x) for mean in [math.fsum(values) / len(values)])
    square = math.fsum(a * a for a in along)
    slope = math.fsum(a * b for a, b in zip(along, across, strict=True)) / square
    rest = [b - slope * a for a, b in zip(along, across, strict=True)]
    if len(x) == 2:
        return slope, math.nan
    return slope, math.sqrt(math.fsum(r * r for r in rest) / ((len(x) - 2) * square))


def _squares(values: Sequence[float]) -> tuple[list[float], int]:
    """Return (v·2⁻ᵉ)² and e; what is not finite stays that, and an infinity stands alone."""
    if not all(map(math.isfinite, values)):
        return [math.inf if any(map(math.isinf, values)) else math.nan], 0
    exponent = math.frexp(max(map(abs, values), default=0.0))[1]
    if -1000 < exponent < 1000:  # a product with a power of two is `ldexp`, and rounds the same where it is subnormal
        scale = math.ldexp(1.0, -exponent)
        scaled = [v * scale for v in values]
    else:
        scaled = [math.ldexp(v, -exponent) for v in values]
    return [v * v for v in scaled], exponent


def _scaled(value: float, exponent: int) -> float:
    """Return value·2**exponent, infinite where it overflows, for a value of moderate size: rounded once."""
    half = exponent // 2
    return value * math.ldexp(1.0, half) * math.ldexp(1.0, exponent - half)
