"""What a sweep can measure, and with what: a function, its points, and why a formula or a format is left out."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from numdiff.arithmetic.numpy_functions import NO_COMPLEX_STEP, outside_format, ufuncs_used
from numdiff.arithmetic.promotion import OtherFormatError, refuse_unsuitable
from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import ComplexStep, Method
from numdiff.problems import Problem
from numdiff.rules.base import unsuitable
from numdiff.study.grids import Number, in_format, shown


@dataclass(frozen=True)
class UserFunction:
    """A function that is in no registry, with all that a sweep needs to know of it."""

    name: str
    f: Callable[[Any], Any]
    derivative: Callable[[Any], Any] | None
    points: tuple[Number, ...]
    domain: tuple[float, float] = (-math.inf, math.inf)
    exact: tuple[Callable[[Any], Any], ...] = ()


Subject: TypeAlias = Problem | UserFunction
"""What a sweep can measure."""


def compatible(subject: Subject, method: Method, fmt: FloatFormat) -> str:
    """Return why a function cannot be run with a method in a format, or the empty string where it can."""
    if subject.exact and isinstance(method, ComplexStep):
        return "a function that is known by its twin (exact=) is not traced, and the complex step needs that"
    if subject.exact and method.derivative_order >= len(subject.exact):
        return f"exact= holds no derivative of order {method.derivative_order}, only up to {len(subject.exact) - 1}"
    if (reason := unsuitable(method, fmt)) or subject.exact:
        return reason
    if reason := outside_format(subject.f, fmt.name):
        return reason
    if not isinstance(method, ComplexStep):
        try:
            refuse_unsuitable(subject.f, fmt)
        except OtherFormatError as error:
            return str(error)
        except (TypeError, ValueError):
            return ""  # f has another fault, which its call names best
        return ""
    refused = sorted(ufuncs_used(subject.f) & NO_COMPLEX_STEP)
    return f"no complex step through {', '.join(refused)}" if refused else ""


def refused(subject: Subject, fmt: FloatFormat, points: np.ndarray) -> str:
    """Return why a function with a twin does not compute in a format, or the empty string where it does.

    Black boxes often have one format, as an ODE solver that answers in float64 whatever it is asked in.
    """
    if subject.exact:
        try:
            with np.errstate(all="ignore"):
                evaluate(fmt, subject.f, points)
        except TypeError as error:
            return f"f does not compute in {fmt.name}: {error}"
    return ""


def lost_points(points: Sequence[Number], domain: tuple[float, float], fmt: FloatFormat) -> np.ndarray:
    """Return which points cannot be had in a format, as `representable` says of each: shape (n,), bool."""
    here = in_format(fmt, points)
    wide: Any = here.astype(np.float64 if fmt.precision <= 53 else np.longdouble)  # compares with an end of the domain
    return ~(np.isfinite(wide) & (wide > domain[0]) & (wide < domain[1]))


def representable(x: Number, domain: tuple[float, float], fmt: FloatFormat) -> str:
    """Return why a point cannot be had in a format, or the empty string where it can."""
    here = fmt.as_array(x)
    if not np.isfinite(here):
        return f"x = {shown(x)} overflows {fmt.name}"
    if not domain[0] < fmt.lift(here) < domain[1]:
        return f"x = {shown(x)} rounds to {float(here)!r} in {fmt.name}, outside the domain {domain!r}"
    return ""
