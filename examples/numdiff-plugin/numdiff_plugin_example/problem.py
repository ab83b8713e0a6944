"""A problem: a function with its derivative, its points, where it comes from and why it is of interest."""

from typing import Any

import numpy as np

from numdiff import Problem

__all__ = ["GUDERMANNIAN"]


def gudermannian(x: Any) -> Any:
    """Return gd(x); a function of a module, so that worker processes find it."""
    return np.arctan(np.sinh(x))


def gudermannian_prime(x: Any) -> Any:
    """Return gd′(x)."""
    return 1.0 / np.cosh(x)


GUDERMANNIAN = Problem(
    name="gudermannian",
    formula="arctan(sinh(x))",
    f=gudermannian,
    derivative=gudermannian_prime,
    points=(0.5, 3.0),
    domain=(-np.inf, np.inf),
    source="NIST Digital Library of Mathematical Functions, section 4.23(viii).",
    reason="Flat at x = 3: arctan is evaluated near its limit, where it loses what sinh knows.",
    family="example",
)
