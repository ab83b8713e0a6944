"""Diagnosis of a wrong gradient: the simplest change that makes it agree with the differences.

Each cause is a corrected gradient; a cause is named if with its correction every coordinate, or every direction, is
within its tolerance, and if more slopes are wrong than it has parameters: one number is always explained by another.
A number in a cause has to be a plain one, such as mistakes are made of (see `_simplest`), and a change: no factor of 1,
and none of 0. The numbers of the check are used: f is not called again.
"""

import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import NamedTuple

import numpy as np

__all__ = ["Evidence", "diagnosis"]

SIMPLE, COUNTED = 12, 100
"""Plain fractions have a numerator and a denominator of at most 12; whole numbers, and parts of a mean, go to 100."""


class Evidence(NamedTuple):
    """The numbers of a check; arrays of float64, or of longdouble for a wider format."""

    x: np.ndarray
    gradient: np.ndarray
    """Of the shape of x."""
    directions: np.ndarray | None
    """Shape ``(k, *x.shape)``; None where there is a comparison for every coordinate."""
    numeric: np.ndarray
    tolerance: np.ndarray
    """Shape ``(k,)``, or ``(n,)`` in the order of x; infinite, or NaN, where nothing is decided."""
    name: Callable[[int], str]
    """Returns what a place in the flat x is called."""

    def along(self, field: np.ndarray) -> np.ndarray:
        """Return the slopes along the directions, or the components, of a field of the shape of x."""
        if self.directions is None:
            return field.ravel()
        return np.array([np.sum(field * direction) for direction in self.directions])

    def explains(self, slopes: np.ndarray) -> bool:
        """Whether these slopes agree with the numerical ones everywhere."""
        known = np.isfinite(self.numeric) & np.isfinite(self.tolerance)
        return bool(known.any() and np.all(np.abs(slopes - self.numeric)[known] <= self.tolerance[known]))

    @property
    def wrong(self) -> int:
        """How many of the slopes are known to differ from the gradient."""
        with np.errstate(invalid="ignore"):
            return int(np.sum(np.abs(self.along(self.gradient) - self.numeric) > self.tolerance))

    def factor(self, slopes: np.ndarray, target: np.ndarray) -> np.floating:
        """Return the c for which c·slopes is nearest to the target, in units of the tolerances."""
        known = np.isfinite(target) & np.isfinite(self.tolerance) & (self.tolerance > 0)
        weight = np.where(known, 1 / np.where(known, self.tolerance, 1) ** 2, 0)
        norm = np.sum(weight * slopes * slopes)
        return np.sum(weight * slopes * np.where(known, target, 0)) / norm if norm else weight.dtype.type(0)


def diagnosis(evidence: Evidence) -> str:
    """Return the likely cause as a sentence, or an empty text where no simple change explains the deviations."""
    several = evidence.wrong > 1
    if evidence.explains(-evidence.along(evidence.gradient)):
        return "sign: the gradient points the other way"
    for cause, corrected in _rearranged(evidence.gradient) if several else ():
        if evidence.explains(evidence.along(corrected)):
            return cause
    return (_fitted(evidence) if several else "") or (_local(evidence) if evidence.directions is None else "")


def _rearranged(gradient: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Yield causes that change only the place of the components."""
    if gradient.ndim == 2 and gradient.shape[0] == gradient.shape[1]:
        yield "transposed: the gradient is that of the transposed argument", gradient.T
    for axis in range(gradient.ndim):
        if gradient.shape[axis] < 2:
            continue
        along = f" along axis {axis}" if gradient.ndim > 1 else ""
        for shift in (1, -1):
            yield f"index off by one{along}: every component is its neighbour's", np.roll(gradient, shift, axis)
        yield f"reversed order{along}", np.flip(gradient, axis)


def _fitted(evidence: Evidence) -> str:
    """Return a cause with one number in it, found by least squares."""
    given, nothing = evidence.along(evidence.gradient), np.zeros_like(evidence.numeric)
    ones = np.ones_like(evidence.gradient)
    for fixed, field, cause in (
        (nothing, evidence.gradient, "a factor: the gradient has to be multiplied by {}"),
        (given, evidence.x, "a term proportional to x is missing (weight decay?): add {}·x"),
        (given, ones, "a constant is missing: add {} to every component"),
    ):
        along = evidence.along(field)
        factor = evidence.factor(along, evidence.numeric - fixed)
        if factor and evidence.explains(fixed + factor * along) and not evidence.explains(fixed):
            simple = _simplest(factor, partial(_is_enough, evidence, fixed, along))
            if simple:
                return cause.format(simple)
    return ""


def _is_enough(evidence: Evidence, fixed: np.ndarray, along: np.ndarray, factor: Fraction) -> bool:
    """Whether a factor explains the numerical slopes as ``fixed + factor·along``."""
    return evidence.explains(fixed + along.dtype.type(factor.numerator) / factor.denominator * along)


def _simplest(number: np.floating, is_enough: Callable[[Fraction], bool]) -> str:
    """Return the plainest number near another one that explains as much, or an empty text: 1 and 0 explain nothing.

    Plain are fractions of numbers up to `SIMPLE`, whole numbers and their inverses up to `COUNTED`, and powers of ten
    times one digit, such as a weight decay has.
    """
    value = float(number)
    if not math.isfinite(value) or not value:
        return ""
    near = [Fraction(round(value * denominator), denominator) for denominator in range(1, SIMPLE + 1)]
    plain = [one for one in near if abs(one.numerator) <= (COUNTED if one.denominator == 1 else SIMPLE)]
    if abs(value) * COUNTED > 1 / 2:
        plain.append(1 / Fraction(round(1 / value) or 1))
    digit, power = f"{value:.0e}".split("e")
    plain.append(int(digit) * Fraction(10) ** int(power))
    for one in plain:
        if one not in (0, 1) and is_enough(one):
            is_short = max(abs(one.numerator), one.denominator) <= COUNTED
            return str(one) if is_short else f"{float(one):.0e}"
    return ""


def _local(evidence: Evidence) -> str:
    """Return what the wrong coordinates have in common."""
    gradient, shape = evidence.gradient.ravel(), evidence.x.shape
    with np.errstate(invalid="ignore"):
        wrong = np.abs(gradient - evidence.numeric) > evidence.tolerance
    where, count = np.flatnonzero(wrong), int(wrong.sum())
    numeric, x = evidence.numeric[where], evidence.x.ravel()
    swap = count == 2 and np.all(np.abs(gradient[where][::-1] - numeric) <= evidence.tolerance[where])
    if swap:
        first, second = (evidence.name(int(index)) for index in where)
        return f"swapped: {first} and {second} have each other's component"
    facts = []
    if not np.any(gradient[where]):
        facts.append("a missing term: the gradient is 0 there")
    elif np.all(np.abs(gradient[where] + numeric) <= evidence.tolerance[where]):
        facts.append("sign: the gradient points the other way there")
    else:
        along = np.where(wrong, gradient, 0)
        ratio = evidence.factor(along, np.where(wrong, evidence.numeric, 0))
        rest = np.where(wrong, 0, gradient)
        if count > 1 and evidence.explains(rest + ratio * along):
            simple = _simplest(ratio, partial(_is_enough, evidence, rest, along))
            if simple:
                facts.append(f"a factor: it has to be multiplied by {simple} there")
    place = _pattern(where, x, shape, evidence.name)
    if not facts and count == int(np.isfinite(evidence.tolerance).sum()):
        return ""  # wrong everywhere, which is seen
    return "; ".join([f"wrong {place}", *facts])


def _pattern(where: np.ndarray, x: np.ndarray, shape: tuple[int, ...], name: Callable[[int], str]) -> str:
    """Return what the places of the wrong coordinates have in common; an empty text for nothing."""
    if len(where) == 1 and len(x) > 1:
        return f"in one coordinate only, {name(int(where[0]))}"
    right = np.setdiff1d(np.arange(len(x)), where)
    for sign, word in ((-1, "negative"), (1, "positive")):
        if len(right) and np.all(sign * x[where] > 0) and np.all(sign * x[right] <= 0):
            return f"exactly where x is {word}"
    for axis, index in enumerate(np.unravel_index(where, shape) if shape else ()):
        if len(shape) > 1 and len(np.unique(index)) == 1 and len(where) > 1:
            return f"only at index {index[0]} of axis {axis}"
    if len(where) > 1 and where[-1] - where[0] == len(where) - 1 and len(right):
        return f"in {len(where)} neighbouring coordinates, from {name(int(where[0]))} on"
    return f"in {len(where)} of {len(x)} coordinates"
