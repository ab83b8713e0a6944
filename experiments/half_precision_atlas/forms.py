"""The functions of the course in a form that loses no digits, for enclosures.

f(y) = A + B·F(y), where F has no cancellation over intervals of y: all y, or y ≥ 0 where f(−y) follows from f(y); there
sigmoid is 1 − e⁻ʸ/(1 + e⁻ʸ), whose derivatives are enclosed without loss as far as they are e⁻ʸ, and tanh likewise. The
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


@dataclass(frozen=True, kw_only=True)
class Form:
    """How a function is enclosed.

    Attributes
    ----------
    function : callable
        F, a NumPy callable.
    offset, factor : float
        A and B, which is 1 or −1.
    parity : {-1, 0, 1}
        1: f(−y) = f(y). −1: f(−y) + f(y) is a constant. 0: neither; then F holds for all y.
    near : float
    centre : float
        s for |y| < `near`.
    far_left, far_right : float
        s for y ≤ −near and y ≥ near.
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
    offset: float = 0.0
    factor: float = 1.0
    parity: int = 0
    near: float = 0.25
    centre: float = 0.0
    far_left: float = 0.0
    far_right: float = 0.0
    low: float
    high: float
    left_tail: bool = False
    right_tail: bool = False
    width: float = 2.0**-4
    beyond: tuple[float, float] = (-np.inf, np.inf)
    exact: bool = False


_LN_LARGEST = 65536 * float(np.log(2.0))
_LARGEST_SQUARE = float(np.sqrt(_LN_LARGEST / 2))

_SQUARE = Form(function=lambda y: y * y, parity=1, low=-np.inf, high=np.inf, exact=True)
_EXP = Form(function=np.exp, centre=1.0, low=-FAR, high=96.0, left_tail=True, beyond=(-np.inf, _LN_LARGEST))
_SIGMOID = Form(
    function=lambda y: np.exp(-y) / (1.0 + np.exp(-y)),
    offset=1.0,
    factor=-1.0,
    parity=-1,
    near=0.5,
    centre=0.5,
    far_right=1.0,
    low=-FAR,
    high=FAR,
    left_tail=True,
    right_tail=True,
)
_TANH = Form(
    function=lambda y: 2.0 * np.exp(-2.0 * y) / (1.0 + np.exp(-2.0 * y)),
    offset=1.0,
    factor=-1.0,
    parity=-1,
    near=0.5,
    far_left=-1.0,
    far_right=1.0,
    low=-96.0,
    high=96.0,
    width=2.0**-5,
)
_COMPOSITION = Form(
    function=lambda y: np.exp(2.0 * y * y),
    parity=1,
    centre=1.0,
    low=-7.0,
    high=7.0,
    width=2.0**-6,
    beyond=(-_LARGEST_SQUARE, _LARGEST_SQUARE),
)

FORMS: Mapping[str, Form] = MappingProxyType(
    {"square": _SQUARE, "exp": _EXP, "sigmoid": _SIGMOID, "tanh": _TANH, "composition": _COMPOSITION}
)
"""By the names of the problems."""
