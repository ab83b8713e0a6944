"""What rules that evaluate f share: f at a batch of nodes, the noise of its values, and a step of the format.

A published rule is a few lines of arithmetic around values of f, and says nothing of a node outside the domain, of an
overflow, or of a format other than its author's. `Probe` is where that is taken care of. It evaluates f in the working
format and hands the values over in `Probe.wide`: float64, or the format itself where float64 does not hold it. In wide
numbers a rule computes its differences, which adds no more than another rounding of the values.

- A node that lies outside the open domain or overflows is not evaluated: its value is NaN.
- Where f raises an ArithmeticError or a ValueError (``math.log(-1)``), its value there is NaN; if it raises ValueErrors
  at all nodes of a batch, the first is raised, for then it is f that cannot be called so.
- A value of ±inf stays one. A rule tests values with `numpy.isfinite` before it computes with them.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import numpy as np

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import BACKWARD, CENTERED, FORWARD, Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, RuleStatus
from numdiff.rules.textbook import integer_root

__all__ = ["Probe", "no_step", "not_finite", "only_for_centered", "only_for_one_sided", "root", "settled"]


class Probe:
    """f near x, in a working format.

    Parameters
    ----------
    f, x, fmt, domain
        As a rule gets them.

    Attributes
    ----------
    wide : numpy.dtype
        float64, or the dtype of the format where its precision is above 53.
    x, u : scalar of `wide`
        The point, and the unit roundoff of the format.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> near = Probe(np.sqrt, np.float32(1.0), nd.get_format("float32"), (0.0, 9.0))
    >>> near.at([-0.75, 0.0, 1.25, 8.0])
    array([0.5, 1. , 1.5, nan])
    >>> bool(0.49 < near.longest(2.0, 1.0) < 0.5)
    True
    """

    def __init__(self, f: Function, x: Any, fmt: FloatFormat, domain: Domain) -> None:
        self._f, self._fmt, self._domain = f, fmt, domain
        self._one_by_one = False
        self._exact = fmt.lift(x)
        self.wide: np.dtype[Any] = fmt.dtype if fmt.precision > 53 else np.dtype(np.float64)
        self.x = self.number(x)
        self.u = _wide_of(fmt, self.wide, "unit_roundoff")

    def number(self, value: Any) -> Any:
        """Return a number as a scalar of `wide`: exactly what the format holds, a Fraction rounded."""
        # Whether a number of NumPy or a float is a Fraction takes longer to find out than all the rest.
        if not isinstance(value, (np.generic, float)) and isinstance(value, Fraction):
            fmt = self._fmt
            return self.wide.type(fmt.round(value)) if fmt.precision > 53 else self.wide.type(float(value))
        return self.wide.type(value)

    @cached_property
    def spacing(self) -> Any:
        """The distance of x from its next neighbour (ulp)."""
        return self.number(self._fmt.spacing(self._exact))

    @property
    def scale(self) -> Any:
        """|x|, or 1 where |x| < √u, for then x says nothing of the length over which f varies."""
        size = abs(self.x)
        return size if size >= np.sqrt(self.u) else self.number(1)

    def nodes(self, offsets: Any) -> np.ndarray:
        """Return x + offsets, rounded to the format.

        Parameters
        ----------
        offsets : array_like of numbers
            The distances from x, with their sign.
        """
        with np.errstate(all="ignore"):
            return np.ascontiguousarray(self._fmt.as_array(self.x + np.asarray(offsets, self.wide)).reshape(-1))

    def inside(self, nodes: np.ndarray) -> np.ndarray:
        """Return which nodes are finite and inside the open domain; exact also where float64 does not hold them."""
        wide, (low, high) = nodes.astype(self.wide), self._domain
        inside: np.ndarray = np.isfinite(wide) & (wide > low) & (wide < high)
        return inside

    def at(self, offsets: Any) -> np.ndarray:
        """Return f at x + offsets in `wide`, in one call of f; NaN where it is not evaluated or raises.

        Parameters
        ----------
        offsets : array_like of n numbers
            The distances from x, with their sign; 0 is x itself.

        Returns
        -------
        ndarray of shape (n,) of `wide`
        """
        nodes = self.nodes(offsets)
        inside = self.inside(nodes)
        values = np.full(nodes.shape, np.nan, self.wide)
        if inside.any():
            values[inside] = self._values(np.ascontiguousarray(nodes[inside]))
        return values

    def _values(self, nodes: np.ndarray) -> np.ndarray:
        """Return f at nodes that it may be called at."""
        if not self._one_by_one:
            try:
                with np.errstate(all="ignore"):
                    return evaluate(self._fmt, self._guarded, nodes).astype(self.wide)
            except _FailedError:
                self._one_by_one = True  # from now on, so that no node of a later batch is evaluated twice
        values = np.full(nodes.shape, np.nan, self.wide)
        failures: list[Exception] = []
        for place in range(nodes.size):
            try:
                with np.errstate(all="ignore"):
                    values[place] = evaluate(self._fmt, self._guarded, nodes[place : place + 1].copy())[0]
            except _FailedError as failed:
                failures.append(failed.cause)
        if len(failures) == nodes.size and all(isinstance(error, ValueError) for error in failures):
            raise failures[0]
        return values

    def _guarded(self, x: Any) -> Any:
        try:
            return self._f(x)
        except (ArithmeticError, ValueError) as error:
            raise _FailedError(error) from error

    @cached_property
    def _ends(self) -> tuple[Any, Any, Any]:
        """The largest number of the format, and the ends of the domain where they are less."""
        largest = _wide_of(self._fmt, self.wide, "largest_finite")
        low, high = (self.number(min(max(end, -float(largest)), float(largest))) for end in self._domain)
        return largest, low, high

    def longest(self, left: float, right: float) -> Any:
        """Return the longest step h for which x − left·h and x + right·h are finite and inside the domain.

        It stays away from the ends by a relative 4u, so that the rounded nodes are inside too; 0 where there is no room
        for a step.

        Parameters
        ----------
        left, right : float
            How far the nodes reach to both sides, in steps; 0 for not at all.
        """
        largest, low, high = self._ends
        room = largest / 4
        for reach, distance in ((left, self.x - low), (right, high - self.x)):
            if reach:
                # Near the largest number the distance itself may overflow; then it is no limit.
                room = min(room, distance / self.number(reach))
        room = room * (1 - 4 * self.u) - 2 * self.spacing / self.number(max(left, right))
        return max(room, self.number(0))

    def step(self, length: Any) -> Any:
        """Return a length as a step of the format, or None where it is no positive finite number there."""
        with np.errstate(all="ignore"):
            rounded = self._fmt.as_array(self.wide.type(length))[()]
        return rounded if np.isfinite(rounded) and rounded > 0 else None

    def are_steps(self, lengths: np.ndarray) -> np.ndarray:
        """Return which positive lengths are steps of the format as they are."""
        with np.errstate(all="ignore"):
            same: np.ndarray = self._fmt.as_array(lengths).astype(self.wide) == lengths
        return same

    def rounded(self, length: Any) -> Any:
        """Return a length rounded to a step of the format, in `wide`; 0 where there is no such step."""
        step = self.step(length)
        return self.number(0 if step is None else step)

    def noise(self, values: np.ndarray, given: float | None) -> Any:
        """Return the error of a value of f: what is given, or u times the largest of some values, or 0.

        The values should be those that the rule compares, and not f(x) alone, which may be 0.
        """
        if given is not None:
            return self.number(given)
        finite = np.abs(values[np.isfinite(values)])
        return self.u * finite.max() if finite.size else self.number(0)


@cache
def _wide_of(fmt: FloatFormat, wide: np.dtype[Any], name: str) -> Any:
    """Return an exact number that a format has by name, as a scalar of `Probe.wide`."""
    exact: Fraction = getattr(fmt, name)
    return wide.type(fmt.round(exact)) if fmt.precision > 53 else wide.type(float(exact))


class _FailedError(ArithmeticError):
    """What f itself raised, apart from what is raised about f."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def root(value: Any, degree: int) -> Any:
    """Return the root of a number that is not negative, to its precision and the same on every machine.

    Parameters
    ----------
    value : scalar of float64 or longdouble
        0, ∞ and NaN are their own roots.
    degree : int

    Examples
    --------
    >>> import numpy as np
    >>> root(np.float64(0.125), 3)
    np.float64(0.5)
    """
    if not value or not np.isfinite(value):
        return value
    numerator, denominator = value.as_integer_ratio()
    mantissa, bits = integer_root(numerator, denominator, degree)
    point = mantissa.bit_length() - 1
    # In two parts, because a longdouble has more bits than a float, and near 1, because it has more range.
    head = mantissa / (1 << point)
    n, d = head.as_integer_ratio()
    tail = (mantissa * d - (n << point)) / (d << point)
    return np.ldexp(type(value)(head) + type(value)(tail), point - bits)


def only_for_centered(rule: str, formula: Method) -> Choice | None:
    """Return the refusal of a rule for (f(x + h) − f(x − h))/2h, where the formula is another one."""
    return _only_for(rule, formula, (CENTERED,))


def only_for_one_sided(rule: str, formula: Method) -> Choice | None:
    """Return the refusal of a rule for (f(x ± h) − f(x))/±h, where the formula is another one."""
    return _only_for(rule, formula, (FORWARD, BACKWARD))


def _only_for(rule: str, formula: Method, wanted: Sequence[Stencil]) -> Choice | None:
    if any(formula is item for item in wanted):
        return None
    if isinstance(formula, Stencil) and any(_terms(formula) == _terms(item) for item in wanted):
        return None
    names = " and ".join(item.name for item in wanted)
    reason = f"{rule} is a rule for the formula {names}, got {formula.name}"
    return Choice(status=RuleStatus.UNSUITABLE, reason=reason)


@cache
def _terms(stencil: Stencil) -> set[tuple[Fraction, Fraction]]:
    return set(zip(stencil.offsets, stencil.weights, strict=True))


def settled(near: Probe, formula: Stencil, length: Any, error: Any = None, doubt: str = "") -> Choice:
    """Return a length that a rule has found as its answer: a step of the format for which the formula has room.

    A length below one ulp of x becomes one ulp, for the step would be lost, and one that reaches beyond the domain or
    the format becomes the longest that does not; the reason then says so, after the rule's own doubt.

    Parameters
    ----------
    near : Probe
    formula : Stencil
    length : scalar of `Probe.wide`
    error : scalar, optional
        What the rule says of the error at that length; left out where it is not finite, or the length was changed.
    doubt : str
        What the rule doubts of its step.
    """
    if not (np.isfinite(length) and length > 0):
        return no_step(f"the rule gives a step of {length!s}")
    left, right = (float(max(side * c for c in (*formula.offsets, Fraction(0)))) for side in (-1, 1))
    longest, shortest = near.longest(left, right), near.spacing
    if longest < shortest:
        return no_step("there is no room for a step between x and the end of the domain or of the format")
    doubts = [doubt] if doubt else []
    fitted = min(max(length, shortest), longest)
    if fitted != length:
        which = "one ulp of x" if length < shortest else "what the domain and the format have room for"
        doubts.append(f"the step of the rule, {float(length):.3g}, was changed to {which}")
        error = None
    step = near.step(fitted)
    if step is None:
        return no_step(f"a step of {float(length):.3g} is 0 in the format")
    bar = None if error is None or not np.isfinite(error) else float(error)
    return Choice(step, error=bar, reason="; ".join(doubts))


def no_step(reason: str) -> Choice:
    """Return the answer of a rule that has no step, with the reason."""
    return Choice(status=RuleStatus.NO_STEP, reason=reason)


def not_finite(near: Probe, offsets: Any, values: np.ndarray) -> Choice:
    """Return the answer of a rule that cannot go on because of values that are not finite, with the first of them."""
    place = int(np.flatnonzero(~np.isfinite(values))[0])
    node = near.nodes(np.asarray(offsets, near.wide).reshape(-1)[place])[0]
    reason = f"f is {values[place]!s} at {node!s}, or has no value there"
    return Choice(status=RuleStatus.NOT_FINITE, reason=reason)
