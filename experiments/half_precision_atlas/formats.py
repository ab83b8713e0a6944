"""The formats of the atlas: two of 16 bits that the package has, and two of 8 bits that are added for its length."""

from collections.abc import Iterator
from contextlib import contextmanager

import ml_dtypes
import numpy as np

from numdiff.floats.float_format import FloatFormat, Limits
from numdiff.floats.formats import FORMATS
from numdiff.style import Style

__all__ = ["EIGHT_BITS", "NAMES", "SIXTEEN_BITS", "eight_bits"]

SIXTEEN_BITS = ("float16", "bfloat16")
EIGHT_BITS = ("float8_e5m2", "float8_e4m3fn")
NAMES = (*SIXTEEN_BITS, *EIGHT_BITS)

_ROWS = (
    FloatFormat(
        "float8_e5m2",
        np.dtype(ml_dtypes.float8_e5m2),
        precision=3,
        min_exponent=-14,
        max_exponent=15,
        reserved=0,
        has_infinity=True,
        complex_dtype=None,
        weak_scalars=True,
        rounded_once_from=(),
        limits=Limits(through="float32"),
        style=Style("#8c564b", "<", ":"),
    ),
    FloatFormat(
        "float8_e4m3fn",
        np.dtype(ml_dtypes.float8_e4m3fn),
        precision=4,
        min_exponent=-6,
        max_exponent=8,
        reserved=1,
        has_infinity=False,
        complex_dtype=None,
        weak_scalars=True,
        rounded_once_from=(),
        limits=Limits(through="float32"),
        style=Style("#17becf", ">", "--"),
    ),
)


@contextmanager
def eight_bits() -> Iterator[None]:
    """Have the formats of 8 bits among the formats of the package, those that it lacks."""
    with FORMATS.holding(*(row for row in _ROWS if row.name not in FORMATS)):
        yield
