"""What NumPy's functions get from a Variable: its operators, and else a refusal that says what to write."""

from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np

_OPERATORS: Mapping[np.ufunc, tuple[str, str]] = {
    np.add: ("__add__", "__radd__"),
    np.subtract: ("__sub__", "__rsub__"),
    np.multiply: ("__mul__", "__rmul__"),
    np.divide: ("__truediv__", "__rtruediv__"),
    np.power: ("__pow__", "__rpow__"),
    np.matmul: ("__matmul__", "__rmatmul__"),
}
"""The methods behind an operator, by the ufunc that NumPy calls for it."""
_INSTEAD = {
    **{name: f"nd.{name.capitalize()}()(x)" for name in ("exp", "log", "sqrt", "square", "sin", "cos")},
    "tanh": "nd.Tanh()(x) or nd.StableTanh()(x)",
    "absolute": "nd.Abs()(x)",
    "fabs": "nd.Abs()(x)",
    "maximum": "nd.Maximum()(x, y)",
    "negative": "-x",
    "logaddexp": "nd.LogSumExp()(x)",
    **{name: f"x.{name}(…)" for name in ("sum", "mean", "reshape", "transpose")},
    "ravel": "x.reshape(-1)",
    "dot": "x @ y",
    "broadcast_to": "nd.BroadcastTo(shape)(x)",
    "take": "x[index]",
}
"""What to write in place of a NumPy function, by its name."""


def _refusal(name: str) -> TypeError:
    instead = _INSTEAD.get(name)
    advice = f"write {instead}" if instead else "derive a class from nd.Function for it, with forward and backward"
    return TypeError(f"np.{name} takes no Variable: {advice}, or x.data where no gradient is wanted")


def answer_ufunc(node: Any, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
    """Return what an operator between an array and a Variable gives; refuse every other ufunc.

    Raises
    ------
    TypeError
        That names the function and what to write in its place.
    """
    names = _OPERATORS.get(ufunc) if method == "__call__" else None
    in_place = kwargs.keys() == {"out"} and kwargs["out"][0] is inputs[0]  # array *= x, which rebinds
    if names is None or (kwargs and not in_place):
        raise _refusal(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}")
    left, right = inputs
    forward, reflected = names
    result = getattr(left, forward)(right) if hasattr(left, "creator") else getattr(right, reflected)(left)
    if result is NotImplemented:
        raise TypeError(
            f"np.{ufunc.__name__} takes Variables, arrays and numbers of a format, got {left!r:.60}, {right!r:.60}"
        )
    return result


def no_number(node: Any) -> NoReturn:
    """Refuse to become a Python number, as ``math.exp`` wants it."""
    raise TypeError("a Variable becomes no Python number: write nd.Exp()(x) in place of math.exp(x), or float(x.data)")


class UfuncProtocol:
    """``__array_ufunc__`` of a Variable: what it is depends on who asks.

    NumPy asks the class, and gets `answer_ufunc`. The operators of exact arrays ask the object, as the protocol has it
    for arrays that are none of NumPy's; they get None, and leave the operation to the Variable.
    """

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any] | None:
        return answer_ufunc if instance is None else None


def answer_function(node: Any, func: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Return shape, dimensions and size of a Variable; refuse every other NumPy function that is no ufunc."""
    if func in (np.shape, np.ndim, np.size):
        return func(np.broadcast_to(0, node.shape), *args[1:], **kwargs)
    raise _refusal(func.__name__)
