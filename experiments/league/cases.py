"""The cases of the league: functions, their points and some random ones, and the half that each belongs to.

A function belongs to the development half if the first byte of the SHA-256 of its name is below 128, else to the
judgement half; a noisy variant belongs to the half of its function. Constants may be chosen on the first alone.

The random points are p(½ + 3v/2)·2ᵏ for p among the points of the function in turn, with either sign, and 2v − 1 where
p is 0; k is 0, then 1, then −1 as often as there are points, and so on; v and the sign are bits of the SHA-256 of name
and number. A point that is outside the domain, or at which the format does not hold f and f′, is passed over.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from numdiff.analysis.reference import ExactFunction
from numdiff.analysis.twin import Twin
from numdiff.analysis.yardstick import TrueDerivatives, exact_points
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.problems import PROBLEMS, Problem
from numdiff.problems.adversarial import ADVERSARIAL
from numdiff.problems.noise import Noisy

__all__ = ["COVERAGE_FUNCTIONS", "COVERAGE_POINTS", "DEVELOPMENT", "HALVES", "JUDGEMENT", "LEVELS", "RANDOM_POINTS"]
__all__ += ["SETS", "Subject", "adversaries", "covered_functions", "half_of", "holds", "league_functions"]
__all__ += ["points_of", "subject_of", "usable"]

DEVELOPMENT, JUDGEMENT = HALVES = ("development", "judgement")
LEVELS = {"none": 0.0, "1e-8": 1e-8, "1e-4": 1e-4}
"""The noise of a variant, relative to f."""
RANDOM_POINTS = 4
"""Beside the points of each function."""
COVERAGE_FUNCTIONS, COVERAGE_POINTS = 15, 400
"""How many functions of each half, and points of each, the coverage of an error bar is measured at."""
SETS = ("league", "coverage", "adversarial")
_ATTEMPTS = 20_000
"""Random points that are tried, at most, for those that are wanted: a narrow format has few numbers."""


def half_of(name: str) -> str:
    """Return the half of a function.

    Examples
    --------
    >>> half_of("exp"), half_of("square")
    ('judgement', 'development')
    """
    return DEVELOPMENT if hashlib.sha256(name.encode()).digest()[0] < 128 else JUDGEMENT


def runs_in(problem: Problem, fmt: FloatFormat) -> bool:
    """Return whether a function computes in a format: those of SciPy know two, or one."""
    with np.errstate(all="ignore"):
        try:
            evaluate(fmt, problem.f, fmt.as_array(np.array(problem.points[:1])))
        except TypeError:
            return False
    return True


@cache
def league_functions(format_name: str) -> tuple[str, ...]:
    """Return the names of the functions that are compared in a format: all but those of published tables."""
    fmt = FORMATS[format_name]
    usual = [p for p in PROBLEMS.values() if p.family != "published"]
    return tuple(problem.name for problem in usual if runs_in(problem, fmt))


@cache
def adversaries(format_name: str) -> tuple[str, ...]:
    """Return the names of the adversarial problems of a format."""
    return tuple(name for name, adversary in ADVERSARIAL.items() if adversary.runs_in(format_name))


@cache
def covered_functions(format_name: str) -> tuple[str, ...]:
    """Return the functions of which many points are taken: of each half those of the smallest SHA-256 of the name.

    Those of SciPy, which two formats have, are left out, so that they are the same in every format.
    """
    names = [name for name in league_functions(format_name) if PROBLEMS[name].family != "special"]
    names.sort(key=lambda name: hashlib.sha256(name.encode()).digest())
    return tuple(name for half in HALVES for name in [n for n in names if half_of(n) == half][:COVERAGE_FUNCTIONS])


@dataclass(frozen=True)
class Subject:
    """A function of the league: a problem, or an adversary.

    Attributes
    ----------
    name : str
    f : callable
        What is computed, without the noise of a variant.
    truth : TrueDerivatives
        Of what is meant.
    domain : tuple of float
    points : tuple of float
    """

    name: str
    f: Callable[[Any], Any]
    truth: TrueDerivatives
    domain: tuple[float, float]
    points: tuple[float, ...]

    def variant(self, level: float, absolute: bool) -> Callable[[Any], Any]:
        """Return the function with noise, or without."""
        return Noisy(self.f, level, absolute) if level else self.f


@cache
def subject_of(name: str) -> Subject:
    """Return what a name of a problem, or else of an adversary, stands for."""
    if name in PROBLEMS:
        problem = PROBLEMS[name]
        exact = Twin(problem.exact) if problem.exact else ExactFunction(problem.f, engine="arb")
        return Subject(name, problem.f, TrueDerivatives(exact), problem.domain, problem.points)
    adversary = ADVERSARIAL[name]
    exact = ExactFunction(adversary.meant or adversary.f, engine="arb")
    return Subject(name, adversary.f, TrueDerivatives(exact), adversary.domain, adversary.points)


@cache
def points_of(name: str, fmt: FloatFormat, randoms: int) -> np.ndarray:
    """Return the points of a function that the format has, then random ones, all distinct; they are read-only.

    Parameters
    ----------
    name : str
    fmt : FloatFormat
    randoms : int
        How many random ones are wanted.
    """
    subject = subject_of(name)
    own = fmt.as_array(np.array(subject.points))
    found = dict.fromkeys(x for x, good in zip(own, usable(name, fmt, own), strict=True) if good)
    wanted, tried, drawn = len(found) + randoms, 0, random_points(subject)
    while len(found) < wanted and tried < _ATTEMPTS:
        batch = fmt.as_array(np.array([next(drawn) for _ in range(4 * randoms)]))
        tried += len(batch)
        new = np.array(list(dict.fromkeys([x for x in batch if x not in found])), dtype=fmt.dtype)
        while len(new) and len(found) < wanted:  # no more truths than are wanted: they are what takes the time
            some, new = np.split(new, [wanted - len(found)])
            found |= dict.fromkeys(x for x, good in zip(some, usable(name, fmt, some), strict=True) if good)
    points = np.array(list(found)[:wanted], dtype=fmt.dtype)
    points.flags.writeable = False  # it is the same for everybody who asks
    return points


def random_points(subject: Subject) -> Iterator[float]:
    """Yield random points of a function inside its domain."""
    number = 0
    while True:
        digest = hashlib.sha256(f"{subject.name}:{number}".encode()).digest()
        v = int.from_bytes(digest[:6]) * 2.0**-48
        turn, place = divmod(number, len(subject.points))
        p = subject.points[place] * (1.0, 2.0, 0.5)[turn % 3]
        x = p * (0.5 + 1.5 * v) if p else 2 * v - 1
        number += 1
        yield -x if digest[6] & 1 and subject.domain[0] < -x < subject.domain[1] else x


def usable(name: str, fmt: FloatFormat, x: np.ndarray) -> np.ndarray:
    """Return at which points, inside the domain, the format holds f, and f′ as a normal number or 0.

    Of an adversary f alone: where there is no derivative, or none that the format holds, is what it is for.
    """
    subject = subject_of(name)
    wide = x.astype(np.float64)
    good = np.isfinite(x) & (wide > subject.domain[0]) & (wide < subject.domain[1])
    if not good.any():
        return good
    inside = x[good]
    with np.errstate(all="ignore"):
        good[good] = np.isfinite(evaluate(fmt, subject.f, inside))
    if name in ADVERSARIAL or not good.any():
        return good
    good[good] = holds(fmt, subject.truth(exact_points(fmt, x[good]))[0])
    return good


def holds(fmt: FloatFormat, derivatives: np.ndarray) -> np.ndarray:
    """Return which derivatives a format holds as a normal number or 0; there is none where they are NaN."""
    size = np.abs(derivatives)
    return ((size >= float(fmt.smallest_normal)) | (size == 0)) & (size <= largest(fmt))


def largest(fmt: FloatFormat) -> float:
    """Return the largest number of a format that a double holds."""
    return float(min(fmt.largest_finite, FORMATS["float64"].largest_finite))
