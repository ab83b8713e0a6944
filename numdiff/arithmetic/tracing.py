"""Which ufuncs a callable uses, found by running it on an array that only takes notes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numdiff.arithmetic.dispatch import evaluate
from numdiff.arithmetic.engine import Engine
from numdiff.arithmetic.logic import COMPARISONS

UNARY = frozenset(
    {
        "negative", "positive", "conjugate", "absolute", "sign", "square", "reciprocal", "sqrt", "cbrt",
        "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "arcsin", "arccos",
        "arctan", "sinh", "cosh", "tanh", "arcsinh", "arccosh", "arctanh", "deg2rad", "rad2deg",
    }
)  # fmt: skip
BINARY = frozenset(
    {"add", "subtract", "multiply", "divide", "power", "arctan2", "hypot", "maximum", "minimum"}
)  # fmt: skip
FUNCTIONS = UNARY | BINARY
"""The ufuncs that an engine for real numbers implements; all others are made of them."""

REAL_ONLY = frozenset(
    {
        "absolute", "sign", "conjugate", "cbrt", "arctan2", "hypot", "maximum", "minimum", "deg2rad",
        "rad2deg",
    }
)  # fmt: skip
HOLOMORPHIC = FUNCTIONS - REAL_ONLY
"""The ufuncs that an engine for complex numbers implements."""

NO_COMPLEX_STEP = (
    REAL_ONLY
    | COMPARISONS.keys()
    | {"where", "fabs", "fmax", "fmin", "heaviside", "copysign", "radians", "degrees"}
    | {"logaddexp", "logaddexp2"}
)
"""Names in `ufuncs_used` that rule the complex step out: not analytic, or in NumPy for real numbers only."""


def ufuncs_used(f: Callable[[Any], Any], x: Sequence[Any] | None = None) -> frozenset[str]:
    """Return the names of the ufuncs that a callable uses, operators included, and ``where``.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function.
    x : sequence, optional
        Only its length matters: the size of the array that f gets to see (default 1).

    Raises
    ------
    TypeError
        If f uses a ufunc that has no exact evaluation, or an exact array in a way that is refused.
    """
    names: set[str] = set()
    tracer = Engine(
        name="tracing",
        lift=_nothing,
        functions=_EVERYTHING,
        value_order=_nothing,
        integral=_nothing,
        compare=_nothing,
        union=_nothing,
        observer=names.add,
    )
    evaluate(f, tracer, [None] * (1 if x is None else max(1, len(x))))
    return frozenset(names)


def _nothing(*operands: Any) -> None:
    """Stand for a number of which nothing is known."""


_EVERYTHING: Mapping[str, Callable[..., None]] = dict.fromkeys(FUNCTIONS, _nothing)
