"""What number systems share: the engine, where functions have no value, and three-valued logic.

An engine evaluates first and asks why only when that failed (`diagnose`). So every engine gives the same reason, and a
ball that merely touches the edge of a domain is told apart from a number outside it. A comparison of enclosures is
true, false or undecided.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from numdiff.arithmetic.ball import Undefined, combined
from numdiff.arithmetic.domains import diagnose
from numdiff.arithmetic.special_names import shown, similar
from numdiff.floats.formats import Dyadic

DOMAIN, POLE, UNDECIDED = Undefined.DOMAIN, Undefined.POLE, Undefined.UNDECIDED
INDEFINITE = Undefined.INDEFINITE


SMALLEST_PRECISION = 32
ADVICE = (
    "f must be an elementwise formula of NumPy ufuncs, np.where, np.clip and np.select; another f needs its twin in "
    "mpmath, exact=(f, f'), in error_ledger and sweep (elementwise=False too where it takes one number), or what takes "
    "it as it is: nd.derivative, nd.gradient, or nd.difference with elementwise=False"
)


def unknown_function(name: str) -> TypeError:
    """Return the error for a function that has no exact evaluation."""
    return TypeError(f"{shown(name)} has no exact evaluation; {similar(name)}{ADVICE}")


def refusal(what: str) -> TypeError:
    """Return the error for a use of an exact array that would have to guess."""
    return TypeError(f"{what}; {ADVICE}")


def twin_of(exact: Any) -> tuple[Callable[[Any], Any], ...]:
    """Return a given pair (f, f′), or (f, f′, f″, …), as a tuple of callables; none of None.

    Raises
    ------
    TypeError
        If it is no tuple or list of at least two callables.
    """
    if exact is None:
        return ()
    if not isinstance(exact, (tuple, list)) or len(exact) < 2 or not all(map(callable, exact)):
        raise TypeError(
            "exact must be a pair (f, f') of mpmath callables of one mpf, followed by f'' and so on where a formula is "
            f"for them, got {exact!r:.80}"
        )
    return tuple(exact)


def require_twin(exact: Any) -> None:
    """Refuse a function that is called point by point without a twin.

    Raises
    ------
    ValueError
        If there is none.
    """
    if not exact:
        raise ValueError(
            "exact must be given where elementwise=False, because a function that is called point by point cannot be "
            "traced: exact=(f, f'), mpmath callables of one mpf; or leave elementwise out and write f with np.exp "
            "instead of math.exp, np.where instead of if"
        )


def not_holomorphic(name: str) -> TypeError:
    """Return the error for a function that has no analytic continuation."""
    return TypeError(f"{shown(name)} is not available for complex arguments; use a difference stencil for this f")


def checked_precision(precision: int) -> int:
    """Return a precision that leaves something when 16 bits are lost."""
    if precision < SMALLEST_PRECISION:
        raise ValueError(f"precision must be at least {SMALLEST_PRECISION} bits, got {precision}")
    return int(precision)


def is_clean(items: Iterable[Any]) -> bool:
    """Say whether all elements are numbers (or truth values)."""
    return not any(type(item) is Undefined for item in items)


ARITHMETIC: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "add": operator.add,
        "subtract": operator.sub,
        "multiply": operator.mul,
        "divide": operator.truediv,
        "positive": lambda x: x,
        "square": lambda x: x * x,
        "reciprocal": lambda x: 1 / x,
    }
)
"""The ufuncs of numbers that have Python's operators."""


_KEEPING_INFINITY = frozenset("negative positive conjugate absolute square cbrt deg2rad rad2deg".split())
"""The functions of one number that make an infinity of an infinity, whatever its sign."""


@dataclass(frozen=True)
class Engine:
    """A number system that formulas can be evaluated in.

    Parameters
    ----------
    name : str
        How messages call it.
    lift : callable
        Dyadic → number, exactly.
    functions : mapping
        Ufunc name → function of numbers. It may raise one of `failures` or return something that is not
        `finite` where it has no value; the reason is then found by `diagnose`.
    value_order : callable
        (a, b) → -1, 0 or 1, NaN for unordered but different, None when undecided: what the domains of
        the functions are compared with.
    integral : callable
        number → whether it is an integer, None when undecided.
    compare : callable or None
        Like `value_order`: what ``a < b`` and its kin decide by. None where numbers have no order.
    finite : callable or None
        number → whether it is one; None if `functions` always raise instead.
    closed : frozenset of str
        Ufuncs whose results are `finite` where all operands are, so that they need no look.
    copied : callable or None
        number → the same number as another object. With it, a function of one argument that a formula asks for twice,
        as that of tanh does for eˣ, is computed once. Where two objects are one number says something (two branches
        that are the same, a germ that is another), the second one is still another object.
    failures : tuple of exception types
        What `functions` raise where they have no value.
    union : callable or None
        (a, b) → a number that covers both: the value of ``np.where`` when its condition is undecided.
        None where such a number would be of no use.
    unsupported : callable
        Ufunc name → the error for a ufunc that is not in `functions`.
    ambiguous : frozenset of str
        Ufuncs that make numbers out of NaN, in a number system that cannot tell where there is one: their results
        are undecided, those of the classifications (isnan, …) wherever their operand is undefined.
    observer : callable or None
        Called with the name of each ufunc and of ``where`` as they are used.
    suspect : callable or None
        Called without arguments where NumPy may compute in another dtype than that of x: a constant that is no Python
        number, a truth value as a number, a choice among constants.
    """

    name: str
    lift: Callable[[Dyadic], Any]
    functions: Mapping[str, Callable[..., Any]]
    value_order: Callable[[Any, Any], float | None]
    integral: Callable[[Any], bool | None]
    compare: Callable[[Any, Any], float | None] | None = None
    finite: Callable[[Any], bool] | None = None
    closed: frozenset[str] = frozenset()
    copied: Callable[[Any], Any] | None = None
    failures: tuple[type[Exception], ...] = ()
    union: Callable[[Any, Any], Any] | None = None
    unsupported: Callable[[str], TypeError] = unknown_function
    observer: Callable[[str], None] | None = None
    suspect: Callable[[], None] | None = None
    ambiguous: frozenset[str] = frozenset()

    def order(self, left: Any, right: int) -> float | None:
        """Compare a number with an integer, by value."""
        return self.value_order(left, self.lift((right, 0)))

    def apply(self, name: str, columns: Sequence[Any], clean: bool) -> tuple[list[Any], bool]:
        """Apply one function to columns of elements; return the results and whether all are numbers.

        Parameters
        ----------
        name : str
            A key of `functions`.
        columns : sequence of iterables
            The operands, element by element; at least one is finite, and all can be iterated twice.
        clean : bool
            Whether no operand is `Undefined`. Then everything is computed first and checked afterwards;
            elements are looked at one by one only where that fails.
        """
        if clean:
            try:
                result = list(map(self.functions[name], *columns))
            except self.failures:
                pass
            else:
                if self.finite is None or name in self.closed or all(map(self.finite, result)):
                    return result, True
        result = [self.careful(name, operands) for operands in zip(*columns, strict=False)]
        return result, is_clean(result)

    def careful(self, name: str, operands: tuple[Any, ...]) -> Any:
        """Apply one function to operands that may be undefined; say why where it has no value."""
        missing = [operand for operand in operands if type(operand) is Undefined]
        if missing:
            reason = combined(missing)
            return reason if reason is not POLE else self._of_pole(name, operands)
        try:
            result = self.functions[name](*operands)
        except self.failures:
            return diagnose(self, name, operands)
        if self.finite is not None and not self.finite(result):
            return diagnose(self, name, operands)
        return result

    def _of_pole(self, name: str, operands: tuple[Any, ...]) -> Undefined:
        """Return what IEEE 754 makes of an infinity of unknown sign: an infinity, NaN, or it depends."""
        if len(operands) == 1:
            return POLE if name in _KEEPING_INFINITY else INDEFINITE
        numbers = [operand for operand in operands if type(operand) is not Undefined]
        if not numbers:
            return INDEFINITE
        if name in ("add", "subtract") or (name == "divide" and type(operands[0]) is Undefined):
            return POLE
        side = self.order(numbers[0], 0) if name == "multiply" else None
        return INDEFINITE if side is None else POLE if side else DOMAIN


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


def _is_unclear(value: Any) -> bool:
    return value is UNDECIDED or value is INDEFINITE


def is_nan(value: Any) -> Truth:
    """Whether NumPy would have NaN here: outside the domain."""
    return Undefined.UNDECIDED if _is_unclear(value) else value is Undefined.DOMAIN


def is_infinite(value: Any) -> Truth:
    """Whether NumPy would have an infinity here: at a pole. Exact numbers do not overflow."""
    return Undefined.UNDECIDED if _is_unclear(value) else value is Undefined.POLE


def is_finite(value: Any) -> Truth:
    """Whether there is a number here."""
    return Undefined.UNDECIDED if _is_unclear(value) else type(value) is not Undefined


CONNECTIVES: Mapping[str, Callable[..., Truth]] = MappingProxyType(
    {
        "logical_and": both,
        "bitwise_and": both,
        "logical_or": either,
        "bitwise_or": either,
        "logical_xor": exactly_one,
        "bitwise_xor": exactly_one,
        "logical_not": negation,
        "invert": negation,
    }
)
CLASSIFICATIONS: Mapping[str, Callable[[Any], Truth]] = MappingProxyType(
    {"isnan": is_nan, "isinf": is_infinite, "isfinite": is_finite}
)
AMBIGUOUS = frozenset({"fmax", "fmin", *CLASSIFICATIONS})
"""Ufuncs that make numbers of NaN: what they give at one point says nothing about its neighbours."""


def comparison(engine: Engine, name: str, columns: Iterable[Any]) -> list[Truth]:
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
