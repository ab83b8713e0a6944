"""What is done with a user's function beside calling it: its name, further arguments, single numbers, and advice."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from numdiff.floats.views import HolomorphicArray, WeakScalarArray

__all__ = [
    "Map",
    "check_workers",
    "name_of",
    "number_of",
    "require_callable",
    "scalar_of",
    "shapes_for_numbers",
    "takes_a_pair",
    "with_arguments",
]

Map = Callable[[Callable[..., Any], Iterable[Any]], Iterable[Any]]
"""A callable like ``map``: of a function and of what it is applied to."""
_PLACES = 4
"""Points at which a function that failed on an array is tried with a single number, beside the first."""


@dataclass(frozen=True)
class _WithArguments:
    """A function of x alone, made of one that takes further arguments after it; pickles where that one does."""

    f: Callable[..., Any]
    args: tuple[Any, ...]

    @property
    def __name__(self) -> str:
        return name_of(self.f)

    def __call__(self, x: Any) -> Any:
        return self.f(x, *self.args)


def name_of(f: Any) -> str:
    """Return what a function is called wherever a name is shown: its ``__name__``; ``f`` for a lambda, which has none.

    A partial function has the name of the whole one; another object without ``__name__`` that of its class.

    Examples
    --------
    >>> import numpy as np
    >>> name_of(np.exp), name_of(lambda x: x), name_of(np.poly1d([1, 0]))
    ('exp', 'f', 'poly1d')
    """
    while isinstance(f, partial):
        f = f.func
    return str(getattr(f, "__name__", type(f).__name__)).replace("<lambda>", "f")


def scalar_of(result: Any) -> Any:
    """Return a result as NumPy's ufuncs return it: a NumPy scalar of the dtype for an array without dimensions.

    Arrays of another class, which behave in their own way, and everything else are returned as they are.
    """
    return result[()] if type(result) is np.ndarray and not result.ndim else result


def with_arguments(f: Callable[..., Any], args: Sequence[Any], who: str = "f") -> Callable[[Any], Any]:
    """Return the function x ↦ f(x, *args); f itself if there are no further arguments.

    Parameters
    ----------
    f : callable
        If it has a method ``with_arguments``, as `numdiff.rounded` gives it, that decides.
    args : tuple or list
        What f takes after x. Numbers should be Python numbers, which are weak in every format.
    who : str
        Its name in the message.

    Raises
    ------
    TypeError
        If f is not callable, or `args` is no tuple.

    Examples
    --------
    >>> with_arguments(pow, (2,))(3.0)
    9.0
    """
    if not isinstance(args, (tuple, list)):
        raise TypeError(f"args must be a tuple, got {type(args).__name__} {args!r:.60}; write args=({args!r:.60},)")
    if not args:
        return f
    require_callable(f, who)
    bind = getattr(f, "with_arguments", None)
    return _WithArguments(f, tuple(args)) if bind is None else bind(args)


def require_callable(f: Any, who: str = "f") -> None:
    """Refuse what cannot be called; a text may be meant for the name of a problem, or for an expression."""
    if callable(f):
        return
    advice = ""
    if isinstance(f, str):
        advice = (
            f"; a problem of the suite is nd.PROBLEMS[{f!r:.40}]"
            if f.isidentifier()
            else "; numdiff.expressions.parse_expression makes a function of an expression in x"
        )
    raise TypeError(f"{who} must be callable, got {type(f).__name__} {f!r:.60}{advice}")


def number_of(x: np.ndarray, place: int) -> Any:
    """Return one number of an array as a function of one number gets it: a NumPy scalar.

    Where a scalar would not keep Python numbers weak, or would let the derivative of the complex step go unseen, it is
    an array without dimensions, which behaves as a number: ``math.exp`` and ``if`` take it.
    """
    # A view, so that the class and what it takes care of stay; copied, so that f cannot change what is measured.
    number = x.reshape(-1)[place : place + 1].reshape(())
    if isinstance(x, (WeakScalarArray, HolomorphicArray)):
        number = number.copy().view(type(x))
        number.setflags(False)  # type: ignore[call-arg]
        return number
    return number[()]


def check_workers(workers: Any) -> None:
    """Refuse workers that are neither a number of threads nor a callable."""
    if callable(workers):
        return
    if isinstance(workers, bool) or not isinstance(workers, int | np.integer) or workers < 1:
        raise ValueError(f"workers must be an integer of at least 1 or a callable like map, got {workers!r}")


def shapes_for_numbers(f: Callable[[Any], Any], x: np.ndarray) -> set[tuple[int, ...]]:
    """Return the shapes of what a function returns for a few single numbers of an array; none where it fails for one.

    This tells what kind of function one that failed on the array is.
    """
    if not x.size:
        return set()
    places = sorted({0, *np.linspace(0, x.size - 1, _PLACES + 1, dtype=int).tolist()})
    try:
        with np.errstate(all="ignore"):
            return {np.shape(f(number_of(x, place))) for place in places}
    except Exception:  # whatever f raises for a number: it is no function of one
        return set()


def takes_a_pair(f: Callable[[Any], Any], x: np.ndarray) -> bool:
    """Return whether a function takes an array of two numbers, the ends of an array on which it failed."""
    pair = x.reshape(-1)[[0, -1]]
    pair.setflags(False)  # type: ignore[call-arg]
    try:
        with np.errstate(all="ignore"):
            return np.shape(f(pair)) == (2,)
    except Exception:  # whatever f raises for an array
        return False
