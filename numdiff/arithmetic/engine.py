"""What a number system has to offer so that formulas can be evaluated in it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from numdiff.arithmetic.ball import Undefined, combined
from numdiff.arithmetic.domains import diagnose
from numdiff.floats.formats import Dyadic

SMALLEST_PRECISION = 32
ADVICE = "f must be an elementwise formula of NumPy ufuncs, np.where, np.clip and np.select"


def unknown_function(name: str) -> TypeError:
    """Return the error for a function that has no exact evaluation."""
    return TypeError(f"np.{name} has no exact evaluation; {ADVICE}")


def refusal(what: str) -> TypeError:
    """Return the error for a use of an exact array that would have to guess."""
    return TypeError(f"{what}; {ADVICE}")


def not_holomorphic(name: str) -> TypeError:
    """Return the error for a function that has no analytic continuation."""
    return TypeError(f"np.{name} is not available for complex arguments; use a difference stencil for this f")


def checked_precision(precision: int) -> int:
    """Return a precision that leaves something when 16 bits are lost."""
    if precision < SMALLEST_PRECISION:
        raise ValueError(f"precision must be at least {SMALLEST_PRECISION} bits, got {precision}")
    return int(precision)


def is_clean(items: Iterable[Any]) -> bool:
    """Say whether all elements are numbers (or truth values)."""
    return not any(type(item) is Undefined for item in items)


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
        `finite` where it has no value; the reason is then found by `domains.diagnose`.
    value_order : callable
        (a, b) → -1, 0 or 1, NaN for unordered but different, None when undecided: what the domains of
        the functions are judged by.
    integral : callable
        number → whether it is an integer, None when undecided.
    compare : callable or None
        Like `value_order`: what ``a < b`` and its kin decide by. None where numbers have no order.
    finite : callable or None
        number → whether it is one; None if `functions` always raise instead.
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
    """

    name: str
    lift: Callable[[Dyadic], Any]
    functions: Mapping[str, Callable[..., Any]]
    value_order: Callable[[Any, Any], float | None]
    integral: Callable[[Any], bool | None]
    compare: Callable[[Any, Any], float | None] | None = None
    finite: Callable[[Any], bool] | None = None
    failures: tuple[type[Exception], ...] = ()
    union: Callable[[Any, Any], Any] | None = None
    unsupported: Callable[[str], TypeError] = unknown_function
    observer: Callable[[str], None] | None = None
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
                if self.finite is None or all(map(self.finite, result)):
                    return result, True
        result = [self.careful(name, operands) for operands in zip(*columns, strict=False)]
        return result, is_clean(result)

    def careful(self, name: str, operands: tuple[Any, ...]) -> Any:
        """Apply one function to operands that may be undefined; say why where it has no value."""
        missing = [operand for operand in operands if type(operand) is Undefined]
        if missing:
            return combined(missing)
        try:
            result = self.functions[name](*operands)
        except self.failures:
            return diagnose(self, name, operands)
        if self.finite is not None and not self.finite(result):
            return diagnose(self, name, operands)
        return result
