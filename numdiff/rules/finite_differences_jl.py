r"""The adaptive rule of FiniteDifferences.jl, with its default central method of five points.

A method of P points with the grid g and the weights w for the derivative of order Q, Σ wᵢf(x + hgᵢ)/h^Q, has an error
of about

    C₁h^(−Q) + C₂h^(P−Q),     C₁ = e·Σ|wᵢ|,     C₂ = m·Σ|wᵢgᵢᴾ|/P!,     smallest at h = (Q/(P − Q)·C₁/C₂)^(1/P),  (1)

where e is the rounding error of a value of f and m the size of f⁽ᴾ⁾ near x. The method for f′ has P = 5 and Q = 1.
Its m is the largest of three estimates of f⁽⁵⁾, at x − h, x and x + h, from one set of seven values; its e is the
distance of the largest of them, in absolute value, from the next number of the format. For these seven, P = 7 and
Q = 5, the step is the default one, (1) with e = ε and m = 10 (the "condition"). Where m or the values are 0 the method
for f′ takes its own default step. No step is longer than 1000 default steps, nor than the largest distance of a node
from x, `max_range`, allows. A step that is cut has no error, because (1) does not hold there.

The default steps are absolute, in float64 7e-3 for the seven points and 7e-4 for the five, whatever x is. Where two
nodes are the same number there is no answer; that check is ours. Here `max_range` is nine tenths of the distance to the
nearer end of the domain, as in the README's example (9e-4 for log at 1e-3). A vanishing f⁽⁵⁾ makes the step too long
and the error too small. A known noise has no use (the library has a factor for e, 1 by default). The rule takes 12
evaluations: f(x) is among them, although its weight in f′ is 0.

References
----------
FiniteDifferences.jl, src/methods.jl (estimate_step, _compute_step_acc, _limit_step, _estimate_magnitudes): (1), the
condition 10, the limit 1000, seven points for the fifth derivative.
FiniteDifferences.jl, README.md and the documentation of `FiniteDifferenceMethod`: sin at 1 and log at 1e-3.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import factorial
from typing import Any

import numpy as np

from numdiff.floats.fixed_order import power
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, from_offsets
from numdiff.rules.base import Choice, Domain, Function, RuleStatus
from numdiff.rules.evaluation import Probe, only_for_centered, root
from numdiff.rules.working import answer, constants, values_at

__all__ = ["FINITE_DIFFERENCES_JL", "FiniteDifferencesJl"]

_CONDITION = 10
_LONGEST = 1000
_ROOM = Fraction(9, 10)


@dataclass(frozen=True)
class _Grid:
    """A central method: a derivative of order Q from P = 2k + 1 points."""

    reach: int
    order: int

    @property
    def points(self) -> int:
        return 2 * self.reach + 1

    @property
    def offsets(self) -> list[int]:
        return list(range(-self.reach, self.reach + 1))


_FIRST = _Grid(2, 1)
_BOUND = _Grid(3, 5)
"""What estimates the size of the derivative of order P = 5 that the error of the first method has."""


@lru_cache(maxsize=8)
def _weights(grid: _Grid, away: int = 0) -> tuple[Fraction, ...]:
    """Return the weights of the values at x + hg for the derivative at x + `away`·h."""
    places = [Fraction(g - away) for g in grid.offsets]
    stencil = from_offsets("fdm", places, grid.order)
    found = dict(zip(stencil.offsets, stencil.weights, strict=True))
    return tuple(found.get(place, Fraction(0)) for place in places)


@lru_cache(maxsize=8)
def _multipliers(grid: _Grid) -> tuple[Fraction, Fraction]:
    """Return Σ|w| and Σ|w·gᴾ|/P!."""
    weights, power = _weights(grid), grid.points
    moment = sum(abs(w * g**power) for w, g in zip(weights, grid.offsets, strict=True))
    return Fraction(sum(map(abs, weights))), Fraction(moment) / factorial(power)


@dataclass(frozen=True)
class FiniteDifferencesJl:
    """central_fdm(5, 1); for the centered first difference alone, with a derivative of its own.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> choice = run_rule("finite_differences_jl", np.sin, 1.0)
    >>> f"{choice.step:.6f} {choice.error:.1e}"
    '0.001065 2.0e-13'
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the derivative with its step and its error; `noise` does not matter."""
        if (refusal := only_for_centered(self.name, formula)) is not None:
            return refusal
        near = Probe(f, x, fmt, domain)
        found = _step(near, fmt)
        if isinstance(found, Choice):
            return found
        step, error = found
        values = _values(near, fmt, _FIRST, step)
        if isinstance(values, Choice):
            return values
        products = [w * value for w, value in zip(constants(fmt, *_weights(_FIRST)), values, strict=True)]
        total = products[0]
        for product in products[1:]:
            total = total + product
        doubt = "" if error is not None else "the step was cut: the rule says nothing of the error"
        return answer(step, total / step, error, doubt)


def _step(near: Probe, fmt: FloatFormat) -> Any:
    """Return the step for f′ and its error (None where it was cut), or the reason why there is none."""
    length, _ = _limited(near, _BOUND, *_default(near, _BOUND))
    step = near.step(length)
    values = _values(near, fmt, _BOUND, step)
    if isinstance(values, Choice):
        return values
    wide, h = values.astype(near.wide), near.number(step)
    sizes = [
        abs(sum(near.number(w) * value for w, value in zip(_weights(_BOUND, away), wide, strict=True)))
        for away in (-1, 0, 1)
    ]
    size, largest = max(sizes) / power(h, _BOUND.order), np.abs(wide).max()
    if not np.isfinite(size):
        return Choice(status=RuleStatus.NOT_FINITE, reason=f"the fifth derivative is {size!s} with the step {step!s}")
    if size and largest:
        spacing = near.number(fmt.spacing(Fraction(*largest.as_integer_ratio())))
        length, error = _limited(near, _FIRST, *_best(near, _FIRST, size, spacing))
    else:
        length, error = _limited(near, _FIRST, *_default(near, _FIRST))
    return near.step(length), error


def _best(near: Probe, grid: _Grid, size: Any, spacing: Any) -> tuple[Any, Any]:
    """Return the step of (1) and the error there."""
    p, q = grid.points, grid.order
    of_noise, of_size = (near.number(number) for number in _multipliers(grid))
    c1, c2 = spacing * of_noise, size * of_size
    h = root(near.number(Fraction(q, p - q)) * c1 / c2, p)
    return h, c1 / power(h, q) + c2 * power(h, p - q)


def _default(near: Probe, grid: _Grid) -> tuple[Any, Any]:
    return _best(near, grid, near.number(_CONDITION), 2 * near.u)


def _limited(near: Probe, grid: _Grid, length: Any, error: Any) -> tuple[Any, Any]:
    """Return a step that is not too long, and its error, or None where it was cut."""
    longest = min(near.number(_ROOM) * near.longest(grid.reach, grid.reach), _LONGEST * _default(near, grid)[0])
    return (length, error) if length <= longest else (longest, None)


def _values(near: Probe, fmt: FloatFormat, grid: _Grid, step: Any) -> Any:
    """Return f on the grid, or the reason why there is no answer."""
    if step is None:
        reason = f"no step has room around x = {near.x!s} inside the domain and the format"
        return Choice(status=RuleStatus.OUTSIDE_DOMAIN, reason=reason)
    offsets = [near.number(g) * near.number(step) for g in grid.offsets]
    nodes = near.nodes(offsets)
    if (nodes[1:] == nodes[:-1]).any():
        reason = f"two nodes around x = {near.x!s} are the same number with the step {step!s}, which does not scale"
        return Choice(step=step, status=RuleStatus.STEP_LOST, reason=reason)
    return values_at(near, fmt, offsets)


FINITE_DIFFERENCES_JL = FiniteDifferencesJl("finite_differences_jl")
