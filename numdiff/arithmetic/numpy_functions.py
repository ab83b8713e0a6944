"""The NumPy functions that exact arrays know: those beyond ufuncs, ufuncs made of others, and which of them f uses."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from numdiff.arithmetic.constants import is_constant, is_infinite_constant, is_unbounded
from numdiff.arithmetic.dispatch import (
    ARRAY_FUNCTIONS,
    COMPOSITES,
    ExactArray,
    apply_ufunc,
    column,
    common_shape,
    evaluate_exactly,
    truth_column,
)
from numdiff.arithmetic.engine import COMPARISONS, Engine, chosen, is_clean, refusal
from numdiff.arithmetic.special_names import PREFIX, SPECIAL, computed_in, shown


def _implements(function: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(implementation: Callable[..., Any]) -> Callable[..., Any]:
        ARRAY_FUNCTIONS[function.__name__] = implementation
        return implementation

    return register


@_implements(np.where)
def _where(array: ExactArray, condition: Any, *branches: Any) -> ExactArray:
    if len(branches) != 2:
        raise refusal("np.where needs a condition and two branches")
    engine = array.engine
    if engine.observer is not None:
        engine.observer("where")
    if engine.compare is None:
        raise engine.unsupported("where")
    shape = common_shape(engine, (condition, *branches))
    mask = all(isinstance(branch, ExactArray) and branch.mask for branch in branches)
    if engine.suspect is not None and not any(isinstance(branch, ExactArray) for branch in branches):
        engine.suspect()
    truths = truth_column(condition, shape)
    if mask:
        items = chosen(engine, truths, *(truth_column(branch, shape) for branch in branches))
    else:
        items = chosen(engine, truths, *(column(engine, branch, shape)[0] for branch in branches))
    return ExactArray(engine, items, shape, clean=is_clean(items), mask=mask)


@_implements(np.clip)
def _clip(array: ExactArray, a: Any, a_min: Any = None, a_max: Any = None, **bounds: Any) -> Any:
    lower, upper = bounds.pop("min", a_min), bounds.pop("max", a_max)
    if bounds:
        raise refusal(f"np.clip with {', '.join(bounds)}= has no exact meaning")
    raised = a if is_unbounded(lower) else np.maximum(a, lower)
    return raised if is_unbounded(upper) else np.minimum(raised, upper)


@_implements(np.select)
def _select(array: ExactArray, condlist: Sequence[Any], choicelist: Sequence[Any], default: Any = 0) -> Any:
    if len(condlist) != len(choicelist) or not condlist:
        sizes = f"{len(condlist)} conditions and {len(choicelist)} choices"
        raise ValueError(f"np.select needs as many choices as conditions, at least one; got {sizes}")
    result = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        result = _where(array, condition, choice, result)
    return result


@_implements(np.full_like)
def _full_like(array: ExactArray, a: ExactArray, fill_value: Any, **options: Any) -> ExactArray:
    if options:
        raise refusal(f"np.full_like and its kin with {', '.join(options)}= have no exact meaning")
    if isinstance(fill_value, ExactArray):
        raise refusal("np.full_like needs a constant to fill with")
    if array.engine.suspect is not None and a.mask:
        array.engine.suspect()
    items, clean = column(array.engine, fill_value, ())
    return ExactArray(array.engine, [next(iter(items))] * a.size, a.shape, clean=clean)


@_implements(np.zeros_like)
def _zeros_like(array: ExactArray, a: ExactArray, **options: Any) -> ExactArray:
    return _full_like(array, a, 0, **options)


@_implements(np.ones_like)
def _ones_like(array: ExactArray, a: ExactArray, **options: Any) -> ExactArray:
    return _full_like(array, a, 1, **options)


@_implements(np.shape)
def _shape(array: ExactArray, a: ExactArray) -> tuple[int, ...]:
    return a.shape


@_implements(np.ndim)
def _ndim(array: ExactArray, a: ExactArray) -> int:
    return a.ndim


@_implements(np.size)
def _size(array: ExactArray, a: ExactArray, axis: int | None = None) -> int:
    return a.size if axis is None else a.shape[axis]


@_implements(np.copy)
def _copy(array: ExactArray, a: ExactArray) -> ExactArray:
    return a


@_implements(np.real)
def _real(array: ExactArray, val: ExactArray) -> ExactArray:
    return val


@_implements(np.sinc)
def _sinc(array: ExactArray, x: ExactArray) -> ExactArray:
    return apply_ufunc(array.engine, "sinc", (x,))


@_implements(np.i0)
def _i0(array: ExactArray, x: ExactArray) -> ExactArray:
    return apply_ufunc(array.engine, "i0", (x,))


@_implements(np.polyval)
def _polyval(array: ExactArray, p: Any, x: Any) -> Any:
    if isinstance(p, ExactArray) or not len(p):
        raise refusal("np.polyval needs a sequence of constant coefficients")
    result: Any = np.zeros_like(x)
    for coefficient in p:
        result = result * x + coefficient
    return result


@_implements(np.interp)
def _interp(
    array: ExactArray, x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None
) -> Any:
    """Interpolate as NumPy does: with the slope of the interval, from its left end, each operation rounded once."""
    if period is not None or not isinstance(x, ExactArray) or any(isinstance(part, ExactArray) for part in (xp, fp)):
        raise refusal("np.interp has an exact evaluation for constant xp and fp without period=")
    knots, values = [float(v) for v in np.asarray(xp)], [float(v) for v in np.asarray(fp)]
    if len(knots) != len(values) or not all(a < b for a, b in pairwise(knots)):
        raise refusal("np.interp needs as many fp as xp, and xp that increase")
    result: Any = np.full_like(x, values[-1] if right is None else float(right))
    result = np.where(x == knots[-1], values[-1], result)
    for a, b, below, above in reversed([*zip(knots[:-1], knots[1:], values[:-1], values[1:], strict=True)]):
        slope = (np.full_like(x, above) - below) / (np.full_like(x, b) - a)
        result = np.where(x < b, slope * (x - a) + below, result)
    return np.where(x < knots[0], values[0] if left is None else float(left), result)


def _fmax(a: Any, b: Any) -> Any:
    """Ignore what is outside its domain, as fmax ignores NaN."""
    return _unless_nan(a, b, np.maximum)


def _fmin(a: Any, b: Any) -> Any:
    return _unless_nan(a, b, np.minimum)


def _unless_nan(a: Any, b: Any, best: np.ufunc) -> Any:
    return np.where(np.isnan(a), b, np.where(np.isnan(b), a, best(a, b)))


def _heaviside(x: Any, at_zero: Any) -> Any:
    return np.where(x < 0, 0, np.where(x > 0, 1, at_zero))


def _copysign(x: Any, sign: Any) -> Any:
    """An exact number that is 0 has no sign, and counts as positive; a constant may be −0.0."""
    if is_constant(sign):
        return -np.absolute(x) if np.signbit(sign) else np.absolute(x)
    return np.where(sign < 0, -np.absolute(x), np.absolute(x))


def _lifted(value: Any, other: Any) -> Any:
    """Make a constant exact, of which NumPy would compute a function in its own format; an infinite one stays."""
    if isinstance(value, ExactArray) or is_infinite_constant(value):
        return value
    return np.zeros_like(other) + value


def _float_power(base: Any, exponent: Any) -> Any:
    """Raise to a power without the short cuts that NumPy has for ``x**2.0``: the exponent is an array."""
    whole = isinstance(base, ExactArray) and not isinstance(exponent, ExactArray) and not np.ndim(exponent)
    return np.power(base, np.full(base.shape, exponent) if whole else exponent)


COMPOSITES.update(
    {
        "float_power": _float_power,
        "fabs": np.absolute,
        "radians": np.deg2rad,
        "degrees": np.rad2deg,
        "fmax": _fmax,
        "fmin": _fmin,
        "heaviside": _heaviside,
        "copysign": _copysign,
        "logaddexp": lambda a, b: np.log(np.exp(_lifted(a, b)) + np.exp(_lifted(b, a))),
        "logaddexp2": lambda a, b: np.log2(np.exp2(_lifted(a, b)) + np.exp2(_lifted(b, a))),
    }
)


UNARY = frozenset(
    """
        negative positive conjugate absolute sign square reciprocal sqrt cbrt exp exp2 expm1 log log2 log10
        log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg
        floor ceil trunc rint
    """.split()
)
BINARY = frozenset(
    {"add", "subtract", "multiply", "divide", "power", "arctan2", "hypot", "maximum", "minimum", "remainder", "fmod"}
)
FUNCTIONS = UNARY | BINARY
"""The ufuncs that an engine for real numbers implements; all others are made of them."""

REAL_ONLY = frozenset(
    """
        absolute sign conjugate cbrt arctan2 hypot maximum minimum deg2rad rad2deg floor ceil trunc rint remainder fmod
    """.split()
)
ANALYTIC = FUNCTIONS - REAL_ONLY
"""The ufuncs that an engine for complex numbers implements."""

NO_COMPLEX_STEP = (
    REAL_ONLY
    | SPECIAL
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
    evaluate_exactly(f, _tracer(set(), observer=names.add), [0] * (1 if x is None else max(1, len(x))))
    return frozenset(names)


class Trace(NamedTuple):
    """What a look at a callable says of it."""

    is_elementwise: bool
    """Whether f does the same to a point wherever it stands, whatever stands beside it, and each time."""
    is_plain: bool
    """Whether f has nothing in it that NumPy may compute in another dtype than that of x."""
    used: frozenset[str]
    """As `ufuncs_used`."""


def traced(f: Callable[[Any], Any]) -> Trace:
    """Say what a callable does, without computing anything.

    The numbers of this trace are digests of how they came about. f is called with two points, and with three of which
    those are the second and the first.

    Raises
    ------
    TypeError
        As `ufuncs_used`.
    """
    suspicions: list[None] = []
    used: set[str] = set()
    compared: tuple[set[int], set[int]] = (set(), set())
    first, second = evaluate_exactly(
        f, _tracer(compared[0], observer=used.add, suspect=lambda: suspicions.append(None)), [1, 2]
    )
    again = evaluate_exactly(f, _tracer(compared[1]), [2, 1, 2])
    is_elementwise = again == [second, first, second] and compared[0] == compared[1]
    return Trace(is_elementwise, not suspicions, frozenset(used))


def _tracer(compared: set[int], **hooks: Any) -> Engine:
    """Return an engine whose numbers are digests of how they came about; it notes comparisons, deciding nothing."""
    engine: Engine = object.__new__(Engine)  # the constructor of a frozen class takes a fifth of a trace
    vars(engine).update(vars(_TRACING), compare=lambda a, b: compared.add(hash((a, b))), **hooks)
    return engine


_DIGESTS: Mapping[str, Callable[..., int]] = {
    name: partial(lambda *made: hash(made), name) for name in FUNCTIONS | SPECIAL
}
_TRACING = Engine(
    name="tracing",
    lift=lambda number: hash(f"{number}"),  # a hash of integers takes −1 for −2
    functions=_DIGESTS,
    value_order=lambda a, b: None,
    integral=lambda a: None,
    union=lambda a, b: hash(("where", a, b)),
)


def outside_format(f: Callable[[Any], Any], format_name: str) -> str:
    """Return why SciPy does not compute a callable in a format, or the empty string where nothing is known against it.

    Parameters
    ----------
    f : callable
        An elementwise NumPy function; of one that has no exact evaluation nothing is known.
    format_name : str
    """
    try:
        used = ufuncs_used(f)
    except (TypeError, ValueError):
        return ""
    for name in sorted(used):
        if name.startswith(PREFIX) and format_name not in (formats := computed_in(name)):
            return f"{shown(name)} computes in {' and '.join(formats)}, not in {format_name}"
    return ""


def special_functions_of(f: Callable[[Any], Any]) -> str:
    """Return the functions of SciPy that a callable uses, as messages call them; empty where it uses none."""
    try:
        return ", ".join(shown(name) for name in sorted(ufuncs_used(f)) if name.startswith(PREFIX))
    except (TypeError, ValueError):
        return ""
