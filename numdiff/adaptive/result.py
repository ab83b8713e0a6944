"""The result of `derivative`: a value and an error bar for every point, and what a person reads of them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

import numpy as np

from numdiff.adaptive.status import DerivativeStatus
from numdiff.digits import is_moderate
from numdiff.display import ELLIPSIS, Shown, View, few, number
from numdiff.floats.formats import format_of

__all__ = ["DerivativeResult"]

_CEILING = Context(prec=1, rounding=ROUND_CEILING)


@dataclass(frozen=True, repr=False, eq=False)
class DerivativeResult(Shown):
    """What `derivative` found; scalars for a scalar x, arrays of the shape of x (broadcast with `args`) otherwise.

    The fields `df`, `error`, `success`, `status`, `nfev` and `x` have the names and shapes of those of
    ``scipy.differentiate.derivative``. Where f is complex, `df`, `error`, `step`, `noise`, `left` and `right` are
    complex too: their real parts belong to the real part of f, and their imaginary parts to its imaginary part.

    Parameters
    ----------
    df : scalar or ndarray, of the format of x
        The derivative; in units of f per unit of xᵐ for the order m.
    error : scalar or ndarray, of the format of x
        The bar: |df − f⁽ᵐ⁾(x)| is at most this in 99 of 100 cases, or in the share that `confidence` asks for; rounded
        up to the format (a double where it has no infinity). Infinite where nothing can be said.
    status : DerivativeStatus or ndarray of int32
        The outcome, and its code for an array: see `DerivativeStatus`.
    nfev : int or ndarray of int32
        At how many points f was evaluated for the derivative at x.
    x : scalar or ndarray
        The point, rounded to the format.
    step : scalar or ndarray of float
        The widest step of the formula that was chosen.
    noise : scalar or ndarray of float
        The standard deviation of the error of a value of f, as it was seen, in units of f.
    freedom : int or ndarray of int
        The degrees of freedom with which the noise was seen.
    left, right : scalar or ndarray of float
        The derivatives from the left and from the right at a kink; NaN elsewhere.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.derivative(np.sin, np.array([0.0, 0.5]))
    >>> found.success.tolist(), found.message[0]
    ([True, True], 'the error is within the bar')
    >>> bool(np.all(abs(found.df - np.cos(found.x)) <= found.error))
    True
    """

    df: Any
    error: Any
    status: Any
    nfev: Any
    x: Any
    step: Any
    noise: Any
    freedom: Any
    left: Any
    right: Any

    @property
    def success(self) -> Any:
        """Whether the status is OK. With some others value and bar hold too, see `message`."""
        return self.status == DerivativeStatus.OK

    @property
    def digits(self) -> Any:
        """The decimal digits of `df` that hold: log₁₀ |df/error|, from 0 to what the format has; 0 for no bar."""
        return self._digits(())

    def _digits(self, index: Any) -> Any:
        """Return the digits of the points at an index of the arrays."""
        most = format_of(np.asarray(self.x)).precision * math.log10(2)
        value, error = (np.abs(_wide(np.asarray(item)[index])) for item in (self.df, self.error))
        with np.errstate(all="ignore"):
            found = np.log10(value / error)
        found = np.where(error == 0, most, np.clip(np.nan_to_num(found, nan=0.0), 0.0, most)).astype(np.float64)
        return found if found.ndim else found[()]

    @property
    def message(self) -> Any:
        """What the status means and what to do: a text, or an array of them."""
        if isinstance(self.status, DerivativeStatus):
            return self._message(())
        out = np.empty(self.status.shape, dtype=object)
        for index in np.ndindex(out.shape):
            out[index] = self._message(index)
        return out

    def _message(self, index: tuple[int, ...]) -> str:
        status = DerivativeStatus(int(np.asarray(self.status)[index]))
        if status is not DerivativeStatus.KINK:
            return status.message
        left, right = (_short(np.asarray(side)[index][()]) for side in (self.left, self.right))
        return f"{status.meaning}: the derivative is {left} from the left and {right} from the right; {status.advice}"

    def _view(self) -> View:
        """Return what is shown: one line for one point, a table for several."""
        if isinstance(self.status, DerivativeStatus):
            line = f"{self._pair(())} ({self.digits:.1f} digits, {self.nfev} evaluations)"
            more = () if self.status is DerivativeStatus.OK else (f"{self.status.label}: {self.message}",)
            return View((line, *more))
        seen = [DerivativeStatus(int(code)) for code in np.unique(self.status)]
        counts = {item: int(np.count_nonzero(self.status == int(item))) for item in seen}
        ordered = sorted(seen, key=lambda item: (item is not DerivativeStatus.OK, -counts[item], item.label))
        said = ", ".join(f"{counts[item]} {item.label}" for item in ordered) or "no points"
        shape = "×".join(map(str, self.status.shape))
        rows = [(ELLIPSIS, *[""] * (len(_HEAD) - 1)) if i is None else self._cells(i) for i in few(self.status.size)]
        head = f"derivative at {shape} points: {said}; {int(np.sum(self.nfev))} evaluations"
        others = sorted(set(seen) - {DerivativeStatus.OK}, reverse=True)
        return View((head,), _HEAD if rows else (), rows, tuple(f"{item.label}: {item.message}" for item in others))

    def _cells(self, place: int) -> tuple[str, ...]:
        """Return a row of the table, that of a point in the order of the flat arrays."""
        index = tuple(int(i) for i in np.unravel_index(place, self.status.shape))
        digits = f"{self._digits(index):.1f}"
        label = DerivativeStatus(int(self.status[index])).label
        return number(self.x[index], 6), self._pair(index), digits, str(int(self.nfev[index])), label

    def _pair(self, index: tuple[int, ...]) -> str:
        """Return value and bar; two of each for a complex f."""
        value, error = (np.asarray(item)[index][()] for item in (self.df, self.error))
        if not np.iscomplexobj(value):
            return _with_bar(value, error)
        return f"({_with_bar(value.real, error.real)}) + ({_with_bar(value.imag, error.imag)})i"

    def _columns(self) -> Mapping[str, Any]:
        """Return a row for each point, numbers as doubles; of complex ones two columns."""
        columns: dict[str, Any] = {}
        for name in ("x", "df", "error", "digits", "status", "nfev", "step", "noise", "freedom", "left", "right"):
            array = np.asarray(getattr(self, name)).ravel()
            if name == "status":
                columns[name] = [DerivativeStatus(code).label for code in array.tolist()]
            elif np.iscomplexobj(array):
                columns |= {f"{name}_real": _double(array.real), f"{name}_imag": _double(array.imag)}
            else:
                columns[name] = array if array.dtype.kind in "iu" else _double(array)
        columns["message"] = np.asarray(self.message, dtype=object).ravel().tolist()
        return columns


_HEAD = ("x", "df ± error", "digits", "nfev", "status")


def _wide(item: Any) -> np.ndarray:
    """Return numbers of any format where quotients do not overflow sooner than they must."""
    array = np.asarray(item)
    return array if array.dtype.kind == "c" or array.dtype.itemsize >= 8 else array.astype(np.float64)


def _double(array: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore", under="ignore"):
        return array.astype(np.float64)


def _short(value: Any) -> str:
    if np.iscomplexobj(value):
        return f"{_short(value.real)} (imaginary part: {_short(value.imag)})"
    return number(value, 6)


def _with_bar(value: Any, error: Any) -> str:
    """Return ``0.877582561890373 ± 4e-15``: the bar rounded up to a digit, the value to the same decimal place."""
    if value.dtype.itemsize < 8:
        value, error = np.float64(value), np.float64(error)
    if not np.isfinite(value) or not np.isfinite(error) or not error:
        return f"{value!s} ± {error!s}" if error else f"{value!s} ± 0"
    # The shortest text of a bar is no smaller than it, beside which an ulp is nothing.
    bar = _CEILING.create_decimal(np.format_float_scientific(error))
    place = bar.adjusted()
    shown = f"{bar:f}" if is_moderate([float(bar)]) else f"{bar.scaleb(-place):f}e{place:+03d}"
    if not value:
        return f"0 ± {shown}"
    if is_moderate([float(value)]):
        text = np.format_float_positional(value, unique=False, precision=max(-place, 0))
    else:
        top = Decimal(np.format_float_scientific(value)).adjusted()
        text = np.format_float_scientific(value, unique=False, precision=max(top - place, 0), exp_digits=2)
    return f"{text.removesuffix('.').replace('.e', 'e')} ± {shown}"
