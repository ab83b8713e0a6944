"""Rational numbers for stencils: from what a caller gives, as the solution of the moment conditions, and as text."""

import math
import operator
from collections.abc import Iterable
from fractions import Fraction
from typing import Any


def _is_truth_value(value: Any) -> bool:
    """Say whether a value is a bool of Python or NumPy, whose older versions took theirs for an index."""
    return isinstance(value, bool) or getattr(getattr(value, "dtype", None), "kind", None) == "b"


def integer_from(least: int, argument: str, value: Any) -> int:
    """Return an integer of Python or NumPy as an int; a bool is none."""
    try:
        number = least - 1 if _is_truth_value(value) else operator.index(value)
    except TypeError:
        number = least - 1
    if number < least:
        raise ValueError(f"{argument} must be an integer of at least {least}, got {value!r}")
    return number


def rationals(argument: str, values: Iterable[Any]) -> tuple[Fraction, ...]:
    """Return exact numbers of Python or NumPy (a float stands for its binary value) as Fractions."""
    try:
        listed = tuple(values)
    except TypeError:
        raise TypeError(f"{argument} must be a sequence of numbers, got {values!r:.60}") from None
    return tuple(_rational(argument, value) for value in listed)


def _rational(argument: str, value: Any) -> Fraction:
    if not _is_truth_value(value) and hasattr(value, "as_integer_ratio"):
        try:
            n, d = value.as_integer_ratio()
        except (ValueError, OverflowError):
            raise ValueError(f"{argument} must be finite, got {value!r}") from None
        return Fraction(int(n), int(d))
    try:  # NumPy's integers have no as_integer_ratio
        if not _is_truth_value(value):
            return Fraction(operator.index(value))
    except TypeError:
        pass
    raise TypeError(f"{argument} must be rational numbers, got {type(value).__name__} {value!r:.60}")


def solved_weights(offsets: tuple[Fraction, ...], derivative_order: int) -> tuple[Fraction, ...]:
    """Return the weights that satisfy the moments 0 … n−1 on distinct offsets.

    They are those of the polynomial through all values: m!·[tᵐ]Lⱼ(t) with Lagrange's Lⱼ(t) = Π (t − cₖ)/(cⱼ − cₖ),
    k ≠ j. With the offsets as integers over one denominator D, its numerator is the product of all t − Dcₖ divided by
    t − Dcⱼ, without a remainder: n² operations on integers.
    """
    scale = math.lcm(*(c.denominator for c in offsets))
    nodes = [int(c * scale) for c in offsets]
    product = [1]  # of all t − Dcₖ: the coefficients of 1, t, …, as far as one of them is used
    for a in nodes:
        product = [low - a * high for low, high in zip([0, *product], [*product, 0], strict=True)]
        del product[derivative_order + 2 :]
    whole = math.factorial(derivative_order) * scale**derivative_order
    return tuple(
        Fraction(whole * _coefficient_beside(product, a, derivative_order), math.prod(a - b for b in nodes if b != a))
        for a in nodes
    )


def _coefficient_beside(product: list[int], node: int, k: int) -> int:
    """Return the coefficient of tᵏ of a product, given by its first coefficients, over its factor t − node."""
    if not node:
        return product[k + 1]
    found = 0
    for coefficient in product[: k + 1]:
        found = (found - coefficient) // node
    return found


def quotient_text(offsets: tuple[Fraction, ...], numerators: tuple[int, ...], denominator: int, order: int) -> str:
    """Return what a difference quotient approximates, and itself: ``f'(x) ≈ (f(x + h) - f(x - h)) / (2h)``."""
    terms = []
    for c, n in zip(offsets, numerators, strict=True):
        step = f"{'' if abs(c) == 1 else f'({abs(c)})' if abs(c).denominator > 1 else abs(c)}h"
        node = f"x {'-' if c < 0 else '+'} {step}" if c else "x"
        terms.append(f"{'-' if n < 0 else '+'} {'' if abs(n) == 1 else abs(n)}f({node})")
    total = " ".join(terms).removeprefix("+ ")
    total = f"-{total[2:]}" if total.startswith("- ") else total
    power = "h" if order == 1 else f"h**{order}"
    divisor = power if denominator == 1 else f"({denominator}{power})"
    return "f" + "'" * order + f"(x) ≈ ({total}) / {divisor}"
