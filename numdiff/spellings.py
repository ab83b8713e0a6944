"""Old spellings of arguments: kept, with a DeprecationWarning that names the new one."""

import warnings
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

__all__ = ["renamed"]

P = ParamSpec("P")
R = TypeVar("R")


def renamed(**new_names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function take arguments under their old names too.

    Parameters
    ----------
    **new_names : str
        The new name by the old one.

    Returns
    -------
    callable
        A decorator. What it makes raises TypeError where both names are given.

    Examples
    --------
    >>> @renamed(step="h")
    ... def half(h):
    ...     return h / 2
    >>> half(h=3.0)
    1.5
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def with_old_names(*args: P.args, **kwargs: P.kwargs) -> R:
            for old, new in new_names.items():
                if old in kwargs:
                    if new in kwargs:
                        raise TypeError(f"{function.__name__}() got {new} and {old}, its old name; leave {old} out")
                    message = f"the argument {old} of {function.__name__}() is called {new} now"
                    warnings.warn(message, DeprecationWarning, stacklevel=2)
                    kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return with_old_names

    return decorate
