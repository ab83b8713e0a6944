"""Where functions have no value: outside their domain, or at a pole. One list of reasons for every number system."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.special_names import SPECIAL_RULES

DOMAIN, POLE, UNDECIDED = Undefined.DOMAIN, Undefined.POLE, Undefined.UNDECIDED
Rule = Callable[..., Undefined]


def _logarithm(start: int) -> Rule:
    def rule(numbers: Any, x: Any) -> Undefined:
        side = numbers.order(x, start)
        if side is None:
            return UNDECIDED
        return DOMAIN if side < 0 else POLE if side == 0 else UNDECIDED

    return rule


def _at_least(start: int) -> Rule:
    def rule(numbers: Any, x: Any) -> Undefined:
        side = numbers.order(x, start)
        return DOMAIN if side is not None and side < 0 else UNDECIDED

    return rule


def _between_units(numbers: Any, x: Any) -> Undefined:
    below, above = numbers.order(x, -1), numbers.order(x, 1)
    outside = (below is not None and below < 0) or (above is not None and above > 0)
    return DOMAIN if outside else UNDECIDED


def _arctanh(numbers: Any, x: Any) -> Undefined:
    if numbers.order(x, -1) == 0 or numbers.order(x, 1) == 0:
        return POLE
    return _between_units(numbers, x)


def _reciprocal(numbers: Any, x: Any) -> Undefined:
    return POLE if numbers.order(x, 0) == 0 else UNDECIDED


def _divide(numbers: Any, x: Any, y: Any) -> Undefined:
    # As in IEEE 754: 0/0 is invalid, anything else over 0 is a pole.
    if numbers.order(y, 0) != 0:
        return UNDECIDED
    numerator = numbers.order(x, 0)
    if numerator is None:
        return UNDECIDED
    return DOMAIN if numerator == 0 else POLE


def _power(numbers: Any, x: Any, y: Any) -> Undefined:
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
        "log": _logarithm(0),
        "log2": _logarithm(0),
        "log10": _logarithm(0),
        "log1p": _logarithm(-1),
        "sqrt": _at_least(0),
        "arccosh": _at_least(1),
        "arcsin": _between_units,
        "arccos": _between_units,
        "arctanh": _arctanh,
        "reciprocal": _reciprocal,
        "divide": _divide,
        "power": _power,
        **SPECIAL_RULES,
    }
)


def diagnose(numbers: Any, name: str, operands: tuple[Any, ...]) -> Undefined:
    """Return why the ufunc `name` has no value at `operands`."""
    rule = RULES.get(name)
    return UNDECIDED if rule is None else rule(numbers, *operands)
