"""Gradients on trial: the right one, and wrong ones, each with what is wrong about it."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from experiments.gradient_check.bugs import BUGS, CONTESTED, NARROWER, deviation
from experiments.gradient_check.subjects import Case

__all__ = [
    "FACTORS",
    "JUDGED",
    "KINDS",
    "LEAST_BARS",
    "RIGHT",
    "TEN_BARS",
    "TIMES",
    "Claim",
    "claim_of",
    "is_short",
    "kind_of",
]

RIGHT = "right"
FACTORS = {"times_2": 2.0, "times_half": 0.5, "sign_of_one": -1.0, "zero": 0.0, "times_1.25": 1.25}
"""What one coordinate is multiplied with."""
TEN_BARS = "ten_bars"
"""One coordinate is off by ten times its bar: the column ``error`` of the report, a third of the tolerance.

It is the bar of the report that judges this claim. Before a claim is called wrong, the rounding of the gradient is
looked at more often, and its part of the bar may grow: then the claim is put farther off, and judged again."""
TIMES, LEAST_BARS, JUDGED = 10, 9.5, 4
"""So many bars are put in; so many have to be left once the claim is rounded to its format, and beside the bar of the
report; and so often, at most, a claim is put farther off."""
KINDS = ("right", "one coordinate", "ten bars", "mistake", "error", "contested")
"""Kinds of claims: a right gradient; one wrong coordinate; ten bars in one coordinate; a mistake of the catalogue; an
error of known relative size; and a gradient computed in a narrower format, which is right to that format."""


def kind_of(name: str) -> str:
    """Return the kind of a claim.

    Examples
    --------
    >>> kind_of("times_2"), kind_of("narrower_format")
    ('one coordinate', 'contested')
    """
    if name in CONTESTED:
        return "contested"
    if name in (RIGHT, TEN_BARS):
        return name.replace("_", " ")
    if name in FACTORS:
        return "one coordinate"
    return "mistake" if BUGS[name].kind == "mistake" else "error"


@dataclass(frozen=True, eq=False)
class Claim:
    """A gradient that is put to a checker, as a callable.

    Parameters
    ----------
    case : Case
    name : str
    value : ndarray of shape (n,)
        The claim at x, in the format of x.
    right : ndarray of shape (n,)
        The right gradient there.
    at : int
        The coordinate that is wrong; -1 if it is not one alone.
    offset : float
        What is added to that coordinate, where the claim is no multiple.
    """

    case: Case
    name: str
    value: np.ndarray
    right: np.ndarray
    at: int = -1
    offset: float = 0.0

    @property
    def size(self) -> float:
        """‖claim − right‖ / ‖right‖."""
        return deviation(self.value, self.right)

    def __call__(self, point: np.ndarray) -> np.ndarray:
        """Return the claim at a point, a fresh array in the format of x."""
        point = np.asarray(point).astype(self.value.dtype, copy=False)
        if np.array_equal(point, self.case.x):
            return self.value.copy()
        if self.name in CONTESTED:
            return self.case.gradient_in(NARROWER[point.dtype], point).astype(point.dtype)
        if self.name in BUGS:
            wrong = self.case.wrong(self.name, point)
            return self.case.gradient(point) if wrong is None else wrong
        return altered(self.case.gradient(point), self.name, self.at, self.offset)


def altered(gradient: np.ndarray, name: str, at: int, offset: float) -> np.ndarray:
    """Return a gradient with one coordinate changed as a claim says; one is rounded to the format once."""
    result = gradient.copy()
    if at >= 0:
        wide = gradient[at : at + 1].astype(np.longdouble)
        result[at] = (wide * FACTORS.get(name, 1.0) + offset).astype(gradient.dtype)[0]
    return result


def claim_of(case: Case, name: str, seed: int, bars: Sequence[float] = ()) -> Claim | None:
    """Return a claim on a case; None where it would be the right gradient, or no number.

    Parameters
    ----------
    case : Case
    name : str
        `RIGHT`, one of `FACTORS`, `TEN_BARS`, or the name of a bug.
    seed : int
        The wrong coordinate is drawn with it, from those whose claim then differs from the right one.
    bars : sequence of float
        For `TEN_BARS`: those of the check of the right gradient.
    """
    right = case.gradient(case.x)
    if name == RIGHT:
        return Claim(case, name, right, right)
    if name in FACTORS:
        return _one_wrong(case, name, right, seed, np.zeros(right.size))
    if name == TEN_BARS:
        return _one_wrong(case, name, right, seed, TIMES * np.asarray(bars, dtype=np.float64))
    if name in CONTESTED:
        with np.errstate(all="ignore"):
            wrong = case.gradient_in(NARROWER[right.dtype]).astype(right.dtype) if right.dtype in NARROWER else None
    else:
        wrong = case.wrong(name, case.x)
    if wrong is None or not np.isfinite(wrong.astype(np.float64)).all() or np.array_equal(wrong, right):
        return None
    return Claim(case, name, wrong, right)


def is_short(claim: Claim, bars: Sequence[float]) -> bool:
    """Return whether a deviation of ten bars is one of fewer bars of the report that judges it."""
    return bool(bars) and LEAST_BARS * bars[claim.at] > abs(claim.offset)


def _one_wrong(case: Case, name: str, right: np.ndarray, seed: int, offsets: np.ndarray) -> Claim | None:
    """Return a claim that is wrong in one coordinate, drawn from those in which it can be."""
    digest = hashlib.sha256(f"{name}:{seed}:{right.size}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
    for at in rng.permutation(right.size):
        offset = float(rng.choice([-1.0, 1.0]) * offsets[at]) if offsets.size else np.inf
        with np.errstate(all="ignore"):
            value = altered(right, name, int(at), offset)
            moved = abs(float(value[at].astype(np.longdouble) - right[at].astype(np.longdouble)))
        if 0 < moved < np.inf and moved >= LEAST_BARS / TIMES * abs(offset):
            return Claim(case, name, value, right, int(at), offset)
    return None
