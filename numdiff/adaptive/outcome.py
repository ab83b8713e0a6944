"""From estimates to the result: in the format, in the shape of the question, the two parts of a complex f in one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from numdiff.adaptive.arguments import Question
from numdiff.adaptive.calls import Calls
from numdiff.adaptive.ending import Estimates, has_digits
from numdiff.adaptive.plan import near_bar
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.status import OK, Status
from numdiff.floats.formats import FloatFormat

__all__ = ["OF_NO_POINTS", "RESOLVED", "result_of", "rounded"]

_GRAVER = (
    Status.NO_DIGITS,
    Status.TOUCHES_DOMAIN,
    Status.BUDGET,
    Status.AMBIGUOUS,
    Status.KINK,
    Status.JUMP,
    Status.OSCILLATES,
    Status.NOT_FINITE,
)
"""From the one that matters least to the one that matters most."""
RESOLVED = 0.1
"""A derivative has digits if its bar is less than this part of it: one digit."""
_EMPTY, _NO_CODES = np.empty(0), np.empty(0, np.intp)
OF_NO_POINTS = Estimates(_EMPTY, _EMPTY, _NO_CODES, _NO_CODES, *[_EMPTY] * 5)
"""The estimates where there are no points to ask for."""


def result_of(asked: Question, calls: Calls, parts: Sequence[Estimates], is_random: bool) -> DerivativeResult:
    """Return what was found in the format and the shape of the question."""
    found = [rounded(part, asked.fmt) for part in parts]
    part = _joined(calls, found[0], found[1], asked.fmt) if len(found) > 1 else found[0]
    df, error, status, count = part.value, part.error, part.status, part.evaluations
    if is_random:
        keeps = (status == Status.NOT_FINITE) | (status == Status.TOUCHES_DOMAIN)
        status = np.where(keeps, status, Status.NOT_DETERMINISTIC)
    if calls.extra:
        count = count + np.bincount(calls.extra, minlength=asked.x.size)
    rest = asked.x, part.step, part.noise, part.freedom, part.left, part.right
    if asked.shape:
        arrays = df, error, status.astype(np.int32), count.astype(np.int32), *rest
        return DerivativeResult(*[array.reshape(asked.shape) for array in arrays])
    return DerivativeResult(df[0], error[0], Status(int(status[0])), int(count[0]), *[array[0] for array in rest])


def rounded(part: Estimates, fmt: FloatFormat) -> Estimates:
    """Return estimates with values and bars of the format; nothing is known of a value that it does not hold."""
    if part.value.dtype is fmt.dtype:
        return part
    value, error = fmt.as_array(part.value), _rounded_up(part.error, fmt)
    with np.errstate(invalid="ignore"):  # ml_dtypes warns of NaN in a comparison
        has_none = (part.status == OK) & ~has_digits(value, error)
    status = np.where(has_none, int(Status.NO_DIGITS), part.status)
    overflows = np.isfinite(part.value) & ~np.isfinite(value)
    if overflows.any():
        error = np.where(overflows, error.dtype.type(np.inf), error)
        status = np.where(overflows, int(Status.NOT_FINITE), status)
    return replace(part, value=value, error=error, status=status)


def _joined(calls: Calls, real: Estimates, imaginary: Estimates, fmt: FloatFormat) -> Estimates:
    """Return the estimates of a complex f, made of those of its real and of its imaginary part."""
    return Estimates(
        value=_paired(real.value, imaginary.value),
        error=_paired(real.error, imaginary.error),
        status=_worse(real, imaginary, fmt),
        evaluations=calls.evaluations(),
        step=_paired(real.step, imaginary.step),
        noise=_paired(real.noise, imaginary.noise),
        freedom=np.minimum(real.freedom, imaginary.freedom),
        left=_paired(real.left, imaginary.left),
        right=_paired(real.right, imaginary.right),
    )


def _worse(real: Estimates, imaginary: Estimates, fmt: FloatFormat) -> np.ndarray:
    """Return the graver status of the two parts; a part near 0 may have a bar that is small beside the whole."""
    bar, size = _length(real.error, imaginary.error), _length(real.value, imaginary.value)
    least = {Status.NO_DIGITS: bar < RESOLVED * size, Status.TOUCHES_DOMAIN: bar <= near_bar(fmt) * size}
    found = np.full(real.status.shape, OK)
    for status in _GRAVER:
        is_so = (real.status == status) | (imaginary.status == status)
        found[is_so & ~least[status] if status in least else is_so] = status
    return found


def _length(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return √(a² + b²), which overflows only where it is larger than any number."""
    large, small = np.maximum(np.abs(a), np.abs(b)), np.minimum(np.abs(a), np.abs(b))
    with np.errstate(all="ignore"):
        part = small / large
        return np.where(np.isfinite(part), large * np.sqrt(1 + part * part), large)  # 0/0 and ∞/∞


def _paired(real: np.ndarray, imaginary: np.ndarray) -> np.ndarray:
    """Return two arrays as one of complex numbers."""
    pair = np.empty(real.shape, np.result_type(real, np.complex64))
    pair.real, pair.imag = real, imaginary
    return pair


def _rounded_up(bars: np.ndarray, fmt: FloatFormat) -> np.ndarray:
    """Return bars in the format, not smaller than they were; as they are if the format has no infinity for them."""
    if bars.dtype == fmt.dtype or not fmt.has_infinity:
        return bars
    with np.errstate(all="ignore"):  # a bar may overflow to infinity, or be smaller than the smallest number
        near = bars.astype(fmt.dtype)
        return np.where(near.astype(bars.dtype) < bars, np.nextafter(near, fmt.dtype.type(np.inf)), near)
