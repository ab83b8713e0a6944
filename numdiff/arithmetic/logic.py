"""Three-valued logic: what comparisons of enclosures decide, and what they leave open."""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

from numdiff.arithmetic.ball import Undefined, combined
from numdiff.arithmetic.engine import Engine

Truth: TypeAlias = bool | Undefined

COMPARISONS: Mapping[str, Callable[[float], bool]] = MappingProxyType(
    {
        "less": lambda side: side < 0,
        "less_equal": lambda side: side <= 0,
        "equal": lambda side: side == 0,
        "not_equal": lambda side: side != 0,
        "greater": lambda side: side > 0,
        "greater_equal": lambda side: side >= 0,
    }
)


def both(left: Truth, right: Truth) -> Truth:
    """Kleene's "and": False decides, whatever the other is."""
    if left is False or right is False:
        return False
    if left is True:
        return right
    return left if right is True else combined([left, right])


def negation(value: Truth) -> Truth:
    """Kleene's "not"."""
    return value if isinstance(value, Undefined) else not value


def either(left: Truth, right: Truth) -> Truth:
    """Kleene's "or": True decides, whatever the other is."""
    return negation(both(negation(left), negation(right)))


def exactly_one(left: Truth, right: Truth) -> Truth:
    """Kleene's "exclusive or": nothing decides alone."""
    missing = [value for value in (left, right) if isinstance(value, Undefined)]
    return combined(missing) if missing else left is not right


def is_nan(value: Any) -> Truth:
    """Whether NumPy would have NaN here: outside the domain."""
    return Undefined.UNDECIDED if value is Undefined.UNDECIDED else value is Undefined.DOMAIN


def is_infinite(value: Any) -> Truth:
    """Whether NumPy would have an infinity here: at a pole. Exact numbers do not overflow."""
    return Undefined.UNDECIDED if value is Undefined.UNDECIDED else value is Undefined.POLE


def is_finite(value: Any) -> Truth:
    """Whether there is a number here."""
    return Undefined.UNDECIDED if value is Undefined.UNDECIDED else type(value) is not Undefined


CONNECTIVES: Mapping[str, Callable[..., Truth]] = MappingProxyType(
    {
        "logical_and": both, "bitwise_and": both, "logical_or": either, "bitwise_or": either,
        "logical_xor": exactly_one, "bitwise_xor": exactly_one, "logical_not": negation, "invert": negation,
    }
)  # fmt: skip
CLASSIFICATIONS: Mapping[str, Callable[[Any], Truth]] = MappingProxyType(
    {"isnan": is_nan, "isinf": is_infinite, "isfinite": is_finite}
)


def compared(engine: Engine, name: str, columns: Iterable[Any]) -> list[Truth]:
    """Return the truth of a comparison for each pair of elements."""
    order, verdict = engine.compare, COMPARISONS[name]
    if order is None:
        raise engine.unsupported(name)

    def truth(left: Any, right: Any) -> Truth:
        missing = [value for value in (left, right) if type(value) is Undefined]
        if missing:
            return combined(missing)
        side = order(left, right)
        return Undefined.UNDECIDED if side is None else verdict(side)

    return list(map(truth, *columns))


def chosen(engine: Engine, conditions: Iterable[Truth], first: Iterable[Any], second: Iterable[Any]) -> list[Any]:
    """Return ``np.where``: what the condition selects, and the union of both where it is undecided."""

    def choose(condition: Truth, left: Any, right: Any) -> Any:
        if condition is True:
            return left
        if condition is False:
            return right
        if condition is not Undefined.UNDECIDED:
            return condition
        if left is right:
            return left
        missing = [value for value in (left, right) if type(value) is Undefined]
        if missing or engine.union is None or isinstance(left, bool) or isinstance(right, bool):
            return Undefined.UNDECIDED
        return engine.union(left, right)

    return list(map(choose, conditions, first, second))
