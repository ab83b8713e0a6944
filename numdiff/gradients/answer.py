"""The answer to what is asked of a function of many variables, and the warnings of what is doubtful in it."""

import math
from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any

import numpy as np

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.outcome import RESOLVED, rounded
from numdiff.adaptive.repeats import LOUD
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.status import OK, Status
from numdiff.floats.callables import scalar_of
from numdiff.gradients.asked import Asked
from numdiff.spellings import warn_user

__all__ = ["Answer", "NonFiniteGradientWarning", "UncertainGradientWarning", "warn_not_finite"]


_NO_ROOM = "the bounds leave no room for a node beside x; leave out the coordinate, or widen them"
_SCALE = "; scale= if it is smooth over a shorter length than that of x"


class UncertainGradientWarning(UserWarning):
    """Some derivatives are not what they may seem: their bar is wide, or another step contradicts the one taken.

    Attributes
    ----------
    coordinates : int
        How many.
    total : int
        Of how many.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import numdiff as nd
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     nd.gradient(lambda x: abs(x[0]) + x[1], np.array([0.0, 1.0])).shape
    (2,)
    >>> caught[-1].message.coordinates, caught[-1].message.total
    (1, 2)
    """

    def __init__(self, message: str, coordinates: int, total: int) -> None:
        super().__init__(message, coordinates, total)  # all that pickling hands back
        self.coordinates = coordinates
        self.total = total

    def __str__(self) -> str:
        return str(self.args[0])


class NonFiniteGradientWarning(UncertainGradientWarning):
    """Some derivatives are infinite or NaN, because f is, or because a quotient overflows.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import numdiff as nd
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     nd.gradient(lambda x: np.sum(np.sqrt(x)), np.array([0.5, 0.0]))[1]
    np.float64(nan)
    >>> caught[-1].message.coordinates, caught[-1].message.total
    (1, 2)
    """


def warn_not_finite(found: np.ndarray, message: str) -> bool:
    """Warn of derivatives that are not finite, with their number and that of all in the message."""
    count = int(np.count_nonzero(~np.isfinite(found)))
    if count:
        warn_user(NonFiniteGradientWarning(message.format(count, found.size), count, found.size))
    return bool(count)


class Answer:
    """The answer, filled block by block.

    Parameters
    ----------
    asked : Asked
    shape : tuple of int
    full : bool
        Whether all is kept, or the values alone.

    Attributes
    ----------
    name : callable
        What a place of the flat answer is called in a message.
    """

    def __init__(self, asked: Asked, shape: tuple[int, ...], full: bool) -> None:
        self.asked, self.shape, self.full = asked, shape, full
        self.name: Callable[[int], str] = partial(asked.entry, shape=shape)
        self.kept: dict[str, np.ndarray] = {}
        self.names = [field.name for field in fields(Estimates)] if full else ["value"]
        self.doubts, self.first, self.status = 0, math.prod(shape), OK
        self.is_finite, self.is_loud, self.reason = True, False, ""

    def put(self, places: np.ndarray, found: Estimates, largest: np.ndarray, own: np.ndarray, at: np.ndarray) -> None:
        """Take in the estimates of some places of the flat answer.

        Parameters
        ----------
        places : ndarray of int
        found : Estimates
        largest : ndarray
            The largest size of f that was seen.
        own : ndarray
            The length over which f varies if no scale is given: a derivative times it is a difference of values of f.
            Of second derivatives it is the product of two.
        at : ndarray
            The one that belongs to the step.
        """
        part = rounded(found, self.asked.item)
        for name in self.names:
            values = getattr(part, name)
            if name not in self.kept:
                self.kept[name] = np.empty(math.prod(self.shape), values.dtype)
            self.kept[name][places] = values
        loud = part.noise > LOUD * float(self.asked.item.unit_roundoff) * largest
        self.is_loud |= bool(loud.any())
        # Of a slope of 0 no digit is left, and none is missed where f has the noise of its rounding alone.
        flat = (part.status == Status.NO_DIGITS) & ~loud & self._explained(part, largest, own, at)
        doubted = np.flatnonzero((part.status != OK) & ~flat)
        if not doubted.size:
            return
        self.doubts += doubted.size
        self.is_finite &= bool(np.isfinite(part.value[doubted].astype(np.float64)).all())
        earliest = doubted[np.argmin(places[doubted])]
        if places[earliest] < self.first:
            self.first, self.status = int(places[earliest]), int(part.status[earliest])
            self.reason = ""
            if self.status == Status.TOUCHES_DOMAIN and not np.isfinite(part.value[earliest]):
                self.reason = _NO_ROOM
            elif self.status == Status.OSCILLATES:
                self.reason = f"{Status.OSCILLATES.message}{_SCALE}"
            elif self.status == Status.NO_DIGITS:
                advice = "" if self.asked.scale is None else ", or another scale="
                bar = f"the value is {part.value[earliest]!s} with a bar of {part.error[earliest]!s}"
                self.reason = f"{bar}; {Status.NO_DIGITS.message}{advice}"

    def _explained(self, part: Estimates, largest: np.ndarray, own: np.ndarray, at: np.ndarray) -> np.ndarray:
        """Return where a value without digits is what a flat f has.

        Either f is the same at all nodes, or the bar is small beside the differences of f over its own length: it hides
        no slope that matters. From nodes further away, which a scale leads to, differences are taken to fall with the
        square of the distance, as they do where the slope is 0.
        """
        wide = self.asked.item.wide
        value, error, step = (np.asarray(array).astype(wide) for array in (part.value, part.error, part.step))
        with np.errstate(all="ignore"):
            near = np.minimum(1, np.abs(at) / step) ** 2
            is_small = error * np.abs(own) <= RESOLVED * near * largest.astype(wide)
        return np.asarray(np.isfinite(error) & (is_small | ((value == 0) & (part.noise == 0))))

    def flat(self, name: str) -> np.ndarray:
        """Return a field of the estimates at all places; it is empty if there are none."""
        return self.kept.get(name, np.empty(0, self.asked.item.dtype if name == "value" else np.float64))

    def given(self) -> Any:
        """Return the result; the values alone with a warning of what is doubtful."""
        is_random = self.is_loud and self.asked.options["noise"] is None and self._is_random()
        if self.full:
            return self._result(is_random)
        self.warn(is_random)
        return scalar_of(self.flat("value").reshape(self.shape))

    def _is_random(self) -> bool:
        """Return whether f returns another value for x when it is asked again."""
        with np.errstate(all="ignore"):
            first, second = (self.asked.f.values(self.asked.x[None].copy()) for _ in range(2))
        return not bool(np.all((first == second) | ((first != first) & (second != second))))

    def warn(self, is_random: bool) -> None:
        """Warn of derivatives that are not what they may seem."""
        if not (is_random or self.doubts):
            return
        total = math.prod(self.shape)
        count, first = (total, 0) if is_random else (self.doubts, self.first)
        kind = UncertainGradientWarning if self.is_finite else NonFiniteGradientWarning
        message = Status.NOT_DETERMINISTIC.message if is_random else self.reason or Status(self.status).message
        warn_user(
            kind(
                f"the derivative is uncertain{'' if self.is_finite else ' or not finite'} in {count} of {total} "
                f"entries, first at {self.name(first)}: {message}; full=True gives a bar and a "
                "status for each",
                count,
                total,
            )
        )

    def _result(self, is_random: bool) -> DerivativeResult:
        kept = {name: self.flat(name).reshape(self.shape) for name in self.names}
        status, x = kept["status"], self.asked.x.reshape(self.asked.shape)
        if is_random:
            keeps = (status == Status.NOT_FINITE) | (status == Status.TOUCHES_DOMAIN)
            status = np.where(keeps, status, int(Status.NOT_DETERMINISTIC))
        ends_in_x = self.shape[len(self.shape) - x.ndim :] == x.shape
        x = np.broadcast_to(x, self.shape) if ends_in_x else np.full(self.shape, np.nan, x.dtype)
        rest = (x, *(kept[name] for name in ("step", "noise", "freedom", "left", "right")))
        if self.shape:
            counts = kept["evaluations"].astype(np.int32)
            return DerivativeResult(kept["value"], kept["error"], status.astype(np.int32), counts, *rest)
        code, count = Status(int(status)), int(kept["evaluations"])
        return DerivativeResult(kept["value"][()], kept["error"][()], code, count, *(array[()] for array in rest))
