"""Points, steps and formats as the public functions take them: one check, one set of rules, one set of messages.

- Points are real numbers: arrays or numbers of one of the formats, integers (which become float64 where no format is
  asked for) or fractions. Truth values, complex numbers and text are none, and nothing may be masked.
- The format is that of the points, unless `dtype` says otherwise.
- Points and steps are rounded to the format, each once, and have to be finite there; steps are positive and not too
  large for the formula.
- A formula is given as an object or by its name in ``METHODS``.

The names of the arguments are the same in all functions: the points are `x`, the steps `h`, the format `dtype`, the
formula `stencil`, further arguments of f `args`. The formula is called `stencil`, and not `method`, because it nearly
always is one (of the methods only the complex step is none, and has a function of its own), because ``nd.Stencil`` is
the class of which a user makes further ones, and because a *method* in the records and tables is, by its name, the
formula and all that is done with it.

An error names the argument, what is required of it, the number as it was given, and its index.
"""

import math
from collections.abc import Sequence
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS, FloatFormat, get_format
from numdiff.floats.masks import masked_count
from numdiff.formulas.stencil import ComplexStep, Method, Stencil
from numdiff.formulas.table import METHODS

__all__ = ["beyond", "converted", "extremes", "format_named", "is_format", "largest_step", "method_of", "not_finite"]
__all__ += ["points_and_steps", "points_of", "refuse_not_finite", "refuse_steps", "require_constants", "stencil_of"]
__all__ += ["steps_of"]

_LONG = 200
"""Bits from which an integer or a fraction is shown by 30 digits: Python refuses to print the longest."""
_PLAIN = frozenset({float, np.ndarray})
"""What cannot be masked, is no truth value, and needs no further look if its dtype is that of a format."""
_DECIMAL = Context(prec=30, Emin=MIN_EMIN, Emax=MAX_EMAX)


def points_of(x: Any, dtype: Any = None, argument: str = "x") -> tuple[FloatFormat, np.ndarray]:
    """Return the working format and the points as an array of it, each rounded once; they need not be finite.

    Parameters
    ----------
    x : real number or array of them
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x, and float64 for Python numbers, integers and fractions.
    argument : str
        What the caller's user calls x.

    Raises
    ------
    TypeError
        If x does not hold real numbers, or is masked somewhere.
    ValueError
        If there is no such format.
    """
    if dtype is None and type(x) in _PLAIN:
        array = np.asarray(x)
        item = FORMATS.of_dtype(array.dtype)
        if item is not None:
            return item, array
    array = _real(x, argument)
    if dtype is not None:
        item = format_named(dtype)
    else:
        item = FORMATS.of_dtype(array.dtype.newbyteorder("=")) or FORMATS["float64"]
    if array.dtype == item.dtype:
        return item, array
    return item, item.as_array(array if array.dtype.kind != "O" else x, argument)


def steps_of(item: FloatFormat, h: Any, argument: str = "h", method: Method | None = None) -> np.ndarray:
    """Return steps as an array of the format, each rounded once: positive, finite, and not too large for a method.

    Parameters
    ----------
    item : FloatFormat
    h : real number or array of them
    argument : str
        What the caller's user calls h.
    method : Method, optional
        Whose largest step is the limit, if one is given.

    Raises
    ------
    TypeError
        If h does not hold real numbers, or is masked somewhere.
    ValueError
        If a step is not positive, or vanishes or is too large in the format.
    """
    steps = converted(item, h, argument)
    limit = item.round(item.largest_finite) if method is None else largest_step(method, item)
    with np.errstate(invalid="ignore"):  # some formats raise the flag for a quiet NaN
        good = (steps > 0) & (steps <= limit)
    if not good.all():
        refuse_steps(item, steps, h, argument, method)
    return steps


def points_and_steps(x: Any, h: Any, dtype: Any = None) -> tuple[FloatFormat, np.ndarray, np.ndarray]:
    """Return the working format, the points and the steps, all finite in it; see `points_of` and `steps_of`."""
    item, points = points_of(x, dtype)
    refuse_not_finite(item, points, x)
    return item, points, steps_of(item, h)


def converted(item: FloatFormat, given: Any, argument: str) -> np.ndarray:
    """Return real numbers as an array of the format, each rounded once, or say why they are none."""
    if type(given) in _PLAIN or type(given) is item.dtype.type:
        array = np.asarray(given)
        if array.dtype == item.dtype:
            return array
    array = _real(given, argument)
    return item.as_array(array if array.dtype.kind != "O" else given, argument)


def _real(given: Any, argument: str) -> np.ndarray:
    """Return what was given as an array of real numbers (of objects for a fraction or a long integer)."""
    if masked_count(given):
        raise TypeError(f"{argument} must not be masked anywhere, got {given!s:.60}; write {argument}.compressed()")
    try:
        array = np.asarray(given)
    except ValueError as error:  # lists of different lengths
        raise TypeError(
            f"{argument} must be a real number or an array of them, got {type(given).__name__} {given!r:.60}"
        ) from error
    kind = array.dtype.kind
    exact = isinstance(given, (Fraction, int)) and not isinstance(given, bool)
    if kind in "iu" or exact or FORMATS.of_dtype(array.dtype.newbyteorder("=")) is not None:
        return array
    advice = "; give the real and the imaginary part as two real arrays" if kind == "c" else ""
    raise TypeError(
        f"{argument} must be a real number or an array of them, got {type(given).__name__} {given!r:.60} of dtype "
        f"{array.dtype}, which is none of {', '.join(FORMATS)} or integers{advice}"
    )


def refuse_not_finite(item: FloatFormat, array: np.ndarray, given: Any = None, argument: str = "x") -> None:
    """Refuse points that are not finite in the format.

    Parameters
    ----------
    item : FloatFormat
    array : ndarray of the format
    given : the same numbers as they were given, if the format may have changed them
    argument : str
        What the caller's user calls them.

    Raises
    ------
    ValueError
        If one is infinite or NaN; the message shows the first.
    """
    finite = np.isfinite(array)
    if not finite.all():
        index = tuple(map(int, np.argwhere(~finite)[0]))
        raise not_finite(item, np.asarray(array if given is None else given)[index], index, argument)


def not_finite(item: FloatFormat, number: Any, index: tuple[int, ...], argument: str = "x") -> ValueError:
    """Return the error about a point that is not finite in the format."""
    return ValueError(f"{argument} must be finite in {item.name}, got {_shown(number)}{_where(index)}")


def refuse_steps(
    item: FloatFormat, steps: np.ndarray, given: Any, argument: str = "h", method: Method | None = None
) -> None:
    """Say what is wrong with the first step that is not positive, finite and at most the largest of the method.

    Raises
    ------
    ValueError
        Always; there has to be such a step.
    """
    limit = item.round(item.largest_finite) if method is None else largest_step(method, item)
    with np.errstate(invalid="ignore"):
        index = tuple(map(int, np.argwhere(~((steps > 0) & (steps <= limit)))[0]))
        number = np.asarray(given)[index]
        proper = number > 0 and number != math.inf
    if not proper:
        requirement = "finite and positive"
    elif steps[index] == 0:
        requirement = f"at least {item.round(item.smallest_subnormal)!s}"
    else:
        requirement = f"at most {limit!s}" + ("" if method is None else f" for the formula {method.name!r}")
    raise ValueError(f"{argument} must be {requirement} in {item.name}, got {_shown(number)}{_where(index)}")


def _where(index: tuple[int, ...]) -> str:
    return f" at index {index}" if index else ""


def _shown(number: Any) -> str:
    """Return a number as text; a long exact one by 30 digits."""
    if not isinstance(number, int | Fraction):
        return str(number)
    n, d = number.as_integer_ratio()
    if max(n.bit_length(), d.bit_length()) <= _LONG:
        return str(number)
    return str(_DECIMAL.divide(Decimal(n), Decimal(d))).lower()


# --- formulas ------------------------------------------------------------------------------------------


def method_of(given: Any, argument: str = "stencil") -> Method:
    """Return a formula that was given as an object or by its name: a stencil or the complex step.

    Parameters
    ----------
    given : Stencil, ComplexStep or str
        A name is one of ``METHODS``.
    argument : str
        What the caller's user calls it.

    Raises
    ------
    TypeError
        If it is neither.
    ValueError
        If no formula has the name.
    """
    if isinstance(given, (Stencil, ComplexStep)):
        return given
    if isinstance(given, str) and given in METHODS:
        return METHODS[given]
    advice = "which is a format: write dtype=" if is_format(given) else ""
    if not isinstance(given, str):
        raise TypeError(
            f"{argument} must be a Stencil, got {type(given).__name__} {given!r:.60}, "
            f"{advice or 'and no name of a formula either'}"
        )
    raise ValueError(
        f"{argument} must be a formula or the name of one, got {given!r}"
        + (f", {advice}{given!r}" if advice else f"; {METHODS.suggestion(given)}")
    )


def is_format(given: Any) -> bool:
    """Whether something names a format, as `get_format` takes it."""
    try:
        get_format(given)
    except ValueError:
        return False
    return True


def format_named(given: Any, argument: str = "dtype") -> FloatFormat:
    """Return the format that an argument names; say so where it is a formula."""
    try:
        return get_format(given, argument)
    except ValueError as error:
        if isinstance(given, (Stencil, ComplexStep)) or (isinstance(given, str) and given in METHODS):
            raise ValueError(f"{error}, which is a formula and no format: write stencil=") from None
        raise


def stencil_of(given: Any, argument: str = "stencil") -> Stencil:
    """Return a difference stencil that was given as an object or by its name; see `method_of`."""
    method = method_of(given, argument)
    if not isinstance(method, Stencil):
        raise TypeError(
            f"{argument} must be a Stencil, got {type(method).__name__} {method.name!r}; its kernel is nd.complex_step"
        )
    return method


# --- what a format can take of a method ------------------------------------------------------------------


@lru_cache(maxsize=1024)
def beyond(method: Method, item: FloatFormat) -> str:
    """Return why a format cannot hold the constants of a formula, or the empty string where it can.

    The offsets have to be numbers of the format, for a moved node is no node of the formula. The integers n and D of
    the weights n/D are rounded, which the error ledger accounts for, but they must not overflow.
    """
    offsets: Sequence[Fraction] = method.offsets if isinstance(method, Stencil) else ()
    for c in offsets:
        if not item.holds(dyadic(c)):
            return f"stencil must have offsets that {item.name} holds exactly, got {c}"
    for n in (*method.numerators, method.denominator):
        if item.rounded(n, 1) is None:
            most = int(item.largest_finite)
            return f"stencil must have weights n/D with |n| and D at most {most} in {item.name}, got {n}"
    return ""


def require_constants(method: Method, item: FloatFormat) -> None:
    """Raise ValueError where the format cannot hold the constants of a formula."""
    if problem := beyond(method, item):
        raise ValueError(problem)


@lru_cache(maxsize=1024)
def largest_step(method: Method, item: FloatFormat) -> Any:
    """Return the largest h of the format for which D·h and all c·h are at most the largest number.

    D is the common denominator of the weights as the kernels multiply with it, rounded to the format; c are the
    offsets. With h at most this, no product of h in a formula overflows.

    Returns
    -------
    scalar of the dtype of the format
        Comparisons with it are exact.
    """
    reach = max(map(abs, method.offsets)) if isinstance(method, Stencil) else Fraction(1)
    require_constants(method, item)
    limit = item.largest_finite / max(item.lift(item.round(method.denominator)), reach)
    nearest = item.round(limit)
    return nearest if item.lift(nearest) <= limit else np.nextafter(nearest, item.dtype.type(0))


def extremes(array: np.ndarray) -> tuple[Any, Any]:
    """Return the smallest and the largest element as fast scalars; a NaN shows in both."""
    if array.size == 1:
        value = array.item()
        return value, value
    if not array.size:
        return 1.0, 1.0
    if array.dtype.char in "fdg" and array.flags.c_contiguous:
        # Places are found faster than a reduction starts; of an array that is not contiguous, they would copy it.
        return array.item(array.argmin()), array.item(array.argmax())
    if array.dtype.char in "efdg":
        return np.minimum.reduce(array, axis=None).item(), np.maximum.reduce(array, axis=None).item()
    with np.errstate(invalid="ignore"):  # the formats of ml_dtypes raise the flag for a quiet NaN
        return np.minimum.reduce(array, axis=None).item(), np.maximum.reduce(array, axis=None).item()
