"""Where the real elementary functions have no value: one table for all engines.

An engine evaluates first and asks here only when that failed. So every engine gives the same reason,
and a ball that merely touches the edge of a domain is told apart from a number outside it.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Protocol

from numdiff.arithmetic.ball import Undefined

DOMAIN, POLE, UNDECIDED = Undefined.DOMAIN, Undefined.POLE, Undefined.UNDECIDED


class Ordered(Protocol):
    """What the rules need to know about the numbers of an engine."""

    def order(self, left: Any, right: int) -> float | None:
        """Return -1, 0 or 1 for <, = or >; NaN for unordered but different; None if undecided."""
        ...

    def integral(self, value: Any) -> bool | None:
        """Say whether a number is an integer; None if undecided."""
        ...


Rule = Callable[..., Undefined]


def _logarithm(start: int) -> Rule:
    def rule(numbers: Ordered, x: Any) -> Undefined:
        side = numbers.order(x, start)
        if side is None:
            return UNDECIDED
        return DOMAIN if side < 0 else POLE if side == 0 else UNDECIDED

    return rule


def _at_least(start: int) -> Rule:
    def rule(numbers: Ordered, x: Any) -> Undefined:
        side = numbers.order(x, start)
        return DOMAIN if side is not None and side < 0 else UNDECIDED

    return rule


def _between_units(numbers: Ordered, x: Any) -> Undefined:
    below, above = numbers.order(x, -1), numbers.order(x, 1)
    outside = (below is not None and below < 0) or (above is not None and above > 0)
    return DOMAIN if outside else UNDECIDED


def _arctanh(numbers: Ordered, x: Any) -> Undefined:
    if numbers.order(x, -1) == 0 or numbers.order(x, 1) == 0:
        return POLE
    return _between_units(numbers, x)


def _reciprocal(numbers: Ordered, x: Any) -> Undefined:
    return POLE if numbers.order(x, 0) == 0 else UNDECIDED


def _divide(numbers: Ordered, x: Any, y: Any) -> Undefined:
    # As in IEEE 754: 0/0 is invalid, anything else over 0 is a pole.
    if numbers.order(y, 0) != 0:
        return UNDECIDED
    numerator = numbers.order(x, 0)
    if numerator is None:
        return UNDECIDED
    return DOMAIN if numerator == 0 else POLE


def _power(numbers: Ordered, x: Any, y: Any) -> Undefined:
    base, exponent = numbers.order(x, 0), numbers.order(y, 0)
    if base is None or exponent is None:
        return UNDECIDED
    if base == 0 and exponent < 0:
        return POLE
    if base < 0 and numbers.integral(y) is False:
        return DOMAIN
    return UNDECIDED


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "log": _logarithm(0), "log2": _logarithm(0), "log10": _logarithm(0), "log1p": _logarithm(-1),
        "sqrt": _at_least(0), "arccosh": _at_least(1), "arcsin": _between_units, "arccos": _between_units,
        "arctanh": _arctanh, "reciprocal": _reciprocal, "divide": _divide, "power": _power,
    }
)  # fmt: skip


def diagnose(numbers: Ordered, name: str, operands: tuple[Any, ...]) -> Undefined:
    """Return why the ufunc `name` has no value at `operands`."""
    rule = RULES.get(name)
    return UNDECIDED if rule is None else rule(numbers, *operands)
