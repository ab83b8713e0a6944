"""Rows that tests add to the tables: formats of 8 bits, formulas, a problem."""

import ml_dtypes
import numpy as np

import numdiff as nd

FLOAT8_E5M2 = nd.FloatFormat(
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
    limits=nd.Limits(through="float32"),
    style=nd.Style("#8c564b", "<", (0, (2, 1))),
)
FLOAT8_E4M3FN = nd.FloatFormat(
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
    limits=nd.Limits(through="float32"),
    style=nd.Style("#17becf", ">", (0, (4, 1, 1, 1, 1, 1))),
)
EXTRA_FORMATS = (FLOAT8_E5M2, FLOAT8_E4M3FN)
EXTRA_METHODS = (nd.centered(10), nd.centered(12), nd.centered(2, 3))


def _witch(x):
    return 8.0 / (x * x + 4.0)


def _witch_prime(x):
    return -16.0 * x / ((x * x + 4.0) * (x * x + 4.0))


WITCH = nd.Problem(
    name="witch_of_agnesi",
    formula="8/(x**2 + 4)",
    f=_witch,
    derivative=_witch_prime,
    points=(1.0, 0.5),
    domain=(-np.inf, np.inf),
    source="M. G. Agnesi, Instituzioni analitiche ad uso della gioventù italiana, Milano (1748), the cubic with a = 1.",
    reason="A rational function: exact in fractions.",
    family="added",
)
