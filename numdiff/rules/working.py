"""What rules with a derivative of their own share: a first step that has room, values of the format, and the answer.

Such a rule is published for one formula and float64, with a first step that its user brings. Here the first step is a
number of the format for which all nodes are inside the domain, the derivative is computed in the format from values of
the format, and the error in wide numbers (see `numdiff.rules.evaluation.Probe`).
"""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, centered
from numdiff.rules.base import Choice, Domain, Function, RuleStatus
from numdiff.rules.evaluation import Probe, not_finite, only_for_centered

__all__ = ["SPACINGS", "answer", "centered_quotient", "centered_quotients", "constants"]
__all__ += ["extrapolation_start", "first_step", "no_room", "third_nodes", "third_terms", "values_at"]

SPACINGS = 4
"""Spacings of x that a step of an extrapolation has at least: nodes that are rounded onto others spoil quotients."""
_THIRD = centered(2, derivative_order=3)
_OFFSETS, _WEIGHTS = np.array(sorted(zip(_THIRD.offsets, _THIRD.weights, strict=True)), dtype=np.float64).T
"""The third difference of four points, from the left to the right."""

_ROOM = Fraction(9, 10)
"""Of the distance to the end of a domain, the part that nodes may take where a first step is too long: the README of
FiniteDifferences.jl takes 9e-4 for log at 1e-3."""


def constants(fmt: FloatFormat, *numbers: Fraction | int) -> list[Any]:
    """Return numbers as scalars of the format, each rounded once.

    Examples
    --------
    >>> import numdiff as nd
    >>> constants(nd.get_format("float16"), Fraction(1, 3), 2)
    [np.float16(0.3333), np.float16(2.0)]
    """
    return [fmt.round(number) for number in numbers]


def first_step(near: Probe, length: Any, left: float, right: float, spacings: int = 1) -> Any:
    """Return a length as a step of the format, or nine tenths of the room there is, or the reason why there is none.

    Parameters
    ----------
    near : Probe
    length : number
        The step, if there is room for it.
    left, right : float
        How far the nodes reach to both sides, in steps.
    spacings : int
        How many spacings of x the step must have; 0 where a rule takes care of that itself.

    Returns
    -------
    scalar of the format, or Choice
    """
    longest = near.longest(left, right)
    cut = length > longest
    step = near.step(near.number(_ROOM) * longest if cut else length)
    if step is not None and near.number(step) >= spacings * near.spacing:
        return step
    if cut:
        return no_room(near, max(spacings, 1))
    reason = f"a step of {length!s} is no {spacings} spacings of x = {near.x!s}, or vanishes or overflows in the format"
    return Choice(status=RuleStatus.STEP_LOST, reason=reason)


def no_room(near: Probe, spacings: int) -> Choice:
    """Return the answer of a rule where a step of some spacings of x has no room in the domain or the format."""
    reason = f"no step of {spacings} spacings of x = {near.x!s} or more has room inside the domain and the format"
    return Choice(status=RuleStatus.OUTSIDE_DOMAIN, reason=reason)


def values_at(near: Probe, fmt: FloatFormat, offsets: Any) -> Any:
    """Return f at x + offsets as an array of the format, or the reason why it is not finite there.

    Returns
    -------
    ndarray of the format, or Choice
    """
    values = near.at(offsets)
    if not np.isfinite(values).all():
        return not_finite(near, offsets, values)
    return fmt.as_array(values)


def centered_quotient(near: Probe, fmt: FloatFormat, step: Any) -> Any:
    """Return (f(x + h) − f(x − h))/2h in the format, or the reason why a value is not finite.

    Returns
    -------
    scalar of the format, or Choice
    """
    h = near.number(step)
    values = values_at(near, fmt, (h, -h))
    return values if isinstance(values, Choice) else (values[0] - values[1]) / (step + step)


def third_nodes(k: Any) -> np.ndarray:
    """Return the distances −2k, −k, k and 2k of the nodes of the third difference."""
    return _OFFSETS.astype(type(k)) * k


def third_terms(values: np.ndarray) -> np.ndarray:
    """Return the terms −½f(x − 2k), f(x − k), −f(x + k), ½f(x + 2k): their sum is about k³f‴."""
    return values * _WEIGHTS.astype(values.dtype)


def extrapolation_start(
    rule: str, step: Fraction, f: Function, x: Any, fmt: FloatFormat, formula: Method, domain: Domain
) -> tuple[Probe, Any] | Choice:
    """Return f near x and the first step of a table of centered differences, or the reason why there is none.

    Parameters
    ----------
    rule : str
    step : Fraction
        The first step in units of max(1, |x|).
    f, x, fmt, formula, domain
        As a rule gets them.
    """
    if (refusal := only_for_centered(rule, formula)) is not None:
        return refusal
    near = Probe(f, x, fmt, domain)
    h = first_step(near, near.number(step) * max(near.number(1), abs(near.x)), 1, 1, SPACINGS)
    return h if isinstance(h, Choice) else (near, h)


def centered_quotients(near: Probe, fmt: FloatFormat, h: Any, ratio: Any, rows: int) -> Iterator[tuple[Any, Any]]:
    """Yield the steps h, h/ratio, …, at most so many and none below `SPACINGS` spacings of x, with their quotients.

    In place of a quotient stands the reason why a value is not finite.
    """
    for _ in range(rows):
        yield h, centered_quotient(near, fmt, h)
        h = h / ratio
        if near.number(h) < SPACINGS * near.spacing:
            return


def answer(step: Any, derivative: Any, error: Any, doubt: str = "") -> Choice:
    """Return a derivative with the step it belongs to and the rule's own error, or say that it is not finite.

    Parameters
    ----------
    step, derivative : scalars of the format
    error : number or None
    doubt : str
        What the rule has to say of its answer.
    """
    if not np.isfinite(derivative):
        reason = f"the formula of the rule gives {derivative!s} from finite values with the step {step!s}"
        return Choice(step=step, status=RuleStatus.NOT_FINITE, reason=reason)
    bar = None if error is None or not np.isfinite(error) else float(error)
    return Choice(step, derivative, bar, reason=doubt if bar is not None else doubt or "the error overflows")
