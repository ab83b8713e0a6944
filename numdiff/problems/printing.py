"""Printed numbers, exactly: what digits a program prints of a number, and how closely they fix it."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal


@dataclass(frozen=True)
class Print:
    """How a source prints a number.

    Parameters
    ----------
    kind : {"shortest", "fixed", "significant"}
        The fewest digits that give the number back (Python, Julia, Java), or a number of digits after the point,
        or of significant digits.
    digits : int
        How many; of the shortest form, how many it has at most.
    """

    kind: Literal["shortest", "fixed", "significant"]
    digits: int


def printed(number: Any, how: Print, *, truncate: bool = False) -> Fraction:
    """Return what a number is once it is printed, exactly.

    Parameters
    ----------
    number : scalar of a NumPy format
        Finite.
    how : Print
    truncate : bool
        Drop the digits after the last one instead of rounding to nearest, ties to even (no shortest form).

    Returns
    -------
    Fraction
        The decimal number that stands on the paper.

    Raises
    ------
    ValueError
        If the shortest form shall be truncated.
    """
    if how.kind == "shortest":
        if truncate:
            raise ValueError("truncate must be False for the shortest form, got True")
        return Fraction(str(number))
    exact = Fraction(*number.as_integer_ratio())
    unit = unit_of(exact, how)
    return (math.trunc(exact / unit) if truncate else round(exact / unit)) * unit


def unit_of(number: Fraction, how: Print) -> Fraction:
    """Return the unit of the last digit that a source prints of a number; 1 of 0, of which any unit is one.

    Raises
    ------
    ValueError
        If the form is the shortest, whose number of digits depends on the format.
    """
    if how.kind == "fixed":
        return Fraction(1, 10**how.digits)
    if how.kind == "shortest":
        raise ValueError(f"how must be fixed or significant, got {how!r}")
    if not number:
        return Fraction(1)
    power = len(str(int(abs(number)))) - 1 if abs(number) >= 1 else -len(str(int(1 / abs(number))))
    if Fraction(10) ** (power + 1) <= abs(number):
        power += 1
    return Fraction(10) ** (power - how.digits + 1)


def half_unit(text: str, how: Print, spacing: Fraction) -> Fraction:
    """Return half a unit of the last printed digit, at most: trailing zeros that were not printed count as digits.

    Parameters
    ----------
    text : str
        The number as printed.
    how : Print
    spacing : Fraction
        Between the number that was printed and its neighbours: the shortest form tells them apart, and no closer.
    """
    number = Fraction(text)
    mantissa, _, exponent = text.lower().partition("e")
    unit = Fraction(10) ** (int(exponent or 0) - len(mantissa.partition(".")[2]))
    if how.kind == "shortest":
        return min(unit, spacing) / 2
    if how.kind == "significant":
        # A zero has no significant digit: only 0 prints as 0.
        return min(unit, unit_of(number, how) if number else Fraction(0)) / 2
    return unit / 2
