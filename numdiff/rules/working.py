"""What rules with a derivative of their own share: a first step that has room, values of the format, and the answer.

Such a rule is published for one formula and float64, with a first step that its user brings. Here the first step is a
number of the format for which all nodes are inside the domain, the derivative is computed in the format from values of
the format, and the error in wide numbers (see `numdiff.rules.evaluation.Probe`).
"""

from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.rules.base import Choice, RuleStatus
from numdiff.rules.evaluation import Probe, not_finite

__all__ = ["answer", "centered_quotient", "constants", "first_step", "no_room", "power", "values_at"]

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


def power(base: Any, exponent: int) -> Any:
    """Return a power as a product, factor by factor: that of the C library differs from machine to machine.

    Examples
    --------
    >>> import numpy as np
    >>> power(np.float64(1.1), 3) == np.float64(1.1) * np.float64(1.1) * np.float64(1.1)
    np.True_
    """
    product = base
    for _ in range(exponent - 1):
        product = product * base
    return product


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
