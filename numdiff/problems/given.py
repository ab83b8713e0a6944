"""What a user gives as f: a callable, a Function of Variables, or a problem."""

import math
from collections.abc import Callable, Sequence
from typing import Any

from numdiff.autodiff import Function, on_arrays
from numdiff.floats.callables import require_callable, with_arguments
from numdiff.problems.problem import Problem

__all__ = ["common_domain", "function_of", "interval", "refuse_derivative", "traceable"]


def function_of(f: Any, args: Sequence[Any] = ()) -> Callable[[Any], Any]:
    """Return f as a function of arrays alone.

    Parameters
    ----------
    f : callable, Function or Problem
    args : tuple
        What f takes after x; nothing beside a problem or a `Function`.

    Raises
    ------
    TypeError
        If f is none of these, or `args` no tuple.
    ValueError
        If there are arguments for what takes none.
    """
    if isinstance(f, (Problem, Function)):
        if not isinstance(args, (tuple, list)) or args:
            raise ValueError(f"args must be empty where f is a {type(f).__name__}, got {args!r:.60}")
        return f.f if isinstance(f, Problem) else on_arrays(f)
    require_callable(f)
    if isinstance(f, type) and issubclass(f, Function):
        raise TypeError(f"f must be a function, got the class {f.__name__}; write {f.__name__}()")
    return with_arguments(f, args)


def traceable(f: Any, args: Sequence[Any], who: str) -> Callable[[Any], Any]:
    """Return f as a function of arrays alone, for what has to see inside it; refuse a problem known by its twin."""
    if isinstance(f, Problem) and f.exact:
        raise TypeError(
            f"f must be a formula that can be traced in {who}, got the problem {f.name!r}, which is known by its twin "
            "(exact=); error_ledger and sweep take it"
        )
    return function_of(f, args)


def refuse_derivative(f: Any, derivative: Any) -> None:
    """Refuse a derivative that is given beside a problem."""
    if isinstance(f, Problem):
        raise ValueError(f"derivative must be left out where f is a Problem, which has its own, got {derivative!r}")


def interval(domain: Any) -> tuple[float, float]:
    """Return the two ends of a domain as floats.

    Raises
    ------
    TypeError
        If it is no pair of numbers.
    ValueError
        If the first end is not below the second, or one is no double.
    """
    rule = "domain must be a pair of ends (low, high) with low < high"
    try:
        ends = tuple(domain)
        low, high = map(float, ends) if len(ends) == 2 else (math.nan, math.nan)
    except OverflowError:
        raise ValueError("domain must have ends that are doubles, got an integer beyond the largest of them") from None
    except (TypeError, ValueError):
        raise TypeError(f"{rule}, got {domain!r}") from None
    if not low < high:
        raise ValueError(f"{rule}, got {domain!r}")
    if (low, high) != ends:
        raise ValueError(f"domain must have ends that are doubles, got {domain!r}")
    return low, high


def common_domain(f: Any, domain: tuple[float, float]) -> tuple[float, float]:
    """Return a domain as two floats, or what it has in common with that of a problem.

    Raises
    ------
    TypeError, ValueError
        As `interval`, and if they have nothing in common.
    """
    domain = interval(domain)
    if not isinstance(f, Problem):
        return domain
    low, high = max(domain[0], f.domain[0]), min(domain[1], f.domain[1])
    if not low < high:
        raise ValueError(f"domain must overlap that of the problem {f.name!r}, {f.domain!r}, got {domain!r}")
    return low, high
