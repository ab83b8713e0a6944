"""The functions of the course in a form that loses no digits, for enclosures.

f(y) = A + B·F(y), where F has no cancellation over intervals of y: all y, or y ≥ 0 where f(−y) follows from f(y). The
tables keep f as s + g with a number s that differences of f drop exactly: near 1, sigmoid is 1 + g with a tiny g whose
own digits count. The tests hold each form against the code of the course.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

__all__ = ["FAR", "FORMS", "Form"]

FAR = 720.0
"""Beyond it a tail, which is less than e⁻ʸ, is less than 2⁻¹⁰³⁸."""


@dataclass(frozen=True)
class Form:
    """How a function is enclosed.

    Attributes
    ----------
    function : callable
        F, a NumPy callable.
    offset, factor : float
        A and B.
    parity : {-1, 0, 1}
        1: f(−y) = f(y). −1: f(−y) + f(y) is a constant. 0: neither; then F holds for all y.
    centre : float
        s for |y| < `near`.
    far_left, far_right : float
        s for y ≤ −near and y ≥ near.
    near : float
    low, high : float
        Between them f is tabulated. Beyond them no format of 16 bits holds what the code of the course computes, unless
        there is a tail.
    left_tail, right_tail : bool
        Whether f is less than 2**-1000 away from `far_left` up to `low`, and from `far_right` from `high` on.
    width : float
        Of the intervals over which derivatives are enclosed.
    beyond : tuple of float
        Left of the first and right of the second number the ledger has no value of f, since it is 2**65536 or more.
    exact : bool
        Whether f is y², whose tables have no error.
    """

    function: Callable[[Any], Any]
    offset: float
    factor: float
    parity: int
    centre: float
    far_left: float
    far_right: float
    near: float
    low: float
    high: float
    left_tail: bool
    right_tail: bool
    width: float
    beyond: tuple[float, float] = (-np.inf, np.inf)
    exact: bool = False


_LN_LARGEST = 65536 * float(np.log(2.0))

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "square": Form(
            lambda y: y * y, 0.0, 1.0, 1, 0.0, 0.0, 0.0, 0.0, -np.inf, np.inf, False, False, 1.0, exact=True
        ),
        "exp": Form(np.exp, 0.0, 1.0, 0, 1.0, 0.0, 0.0, 0.25, -FAR, 96.0, True, False, 2.0**-4, (-np.inf, _LN_LARGEST)),
        "sigmoid": Form(
            lambda y: 1.0 / (1.0 + np.exp(y)), 1.0, -1.0, -1, 0.5, 0.0, 1.0, 0.5, -FAR, FAR, True, True, 2.0**-4
        ),
        "tanh": Form(
            lambda y: 2.0 / (1.0 + np.exp(2.0 * y)),
            1.0,
            -1.0,
            -1,
            0.0,
            -1.0,
            1.0,
            0.5,
            -96.0,
            96.0,
            False,
            False,
            2.0**-5,
        ),
        "composition": Form(
            lambda y: np.exp(2.0 * y * y),
            0.0,
            1.0,
            1,
            1.0,
            0.0,
            0.0,
            0.25,
            -7.0,
            7.0,
            False,
            False,
            2.0**-6,
            (-float(np.sqrt(_LN_LARGEST / 2)), float(np.sqrt(_LN_LARGEST / 2))),
        ),  # fmt: skip
    }
)
"""By the names of the problems."""
