"""What `gradient`, `jacobian` and the others are asked, checked and flat, and what they say of their answers."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from numdiff.adaptive.arguments import RESERVE, check_budget, check_confidence, noise_of, sides_of
from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.outcome import rounded
from numdiff.adaptive.repeats import LOUD
from numdiff.adaptive.result import DerivativeResult
from numdiff.adaptive.status import OK, Status
from numdiff.extras import require_extra
from numdiff.floats.callables import Map, check_workers, require_callable, scalar_of, with_arguments
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import converted, points_of, refuse_not_finite
from numdiff.gradients.arrays import ArrayFunction
from numdiff.gradients.lines import Lines
from numdiff.gradients.searches import BLOCK, searched
from numdiff.spellings import warn_user

__all__ = [
    "Answer",
    "Asked",
    "NonFiniteGradientWarning",
    "Progress",
    "UncertainGradientWarning",
    "asked_of",
    "bounds_of",
    "check_progress",
    "reported",
]

Progress = bool | Callable[[int, int], object]
PARTS = 256
"""How often progress is told at least, if there are as many coordinates."""


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


@dataclass(frozen=True, eq=False)
class Asked:
    """A question about f near x; arrays of shape (n,).

    Attributes
    ----------
    f : ArrayFunction
    item : FloatFormat
    x : ndarray of the format, a copy
    shape : tuple of int
        Of x.
    scale : ndarray or None
        The length over which f varies; NaN where nothing is known.
    lower, upper : ndarray of the format, or None
        Closed bounds.
    side : ndarray of int, or None
    options : dict
        Of the estimator: noise, budget, confidence.
    workers : int or callable
    progress : bool or callable
    """

    f: ArrayFunction
    item: FloatFormat
    x: np.ndarray
    shape: tuple[int, ...]
    scale: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    side: np.ndarray | None
    options: dict[str, Any]
    workers: int | Map
    progress: Progress

    def search(self, lines: Lines, order: int = 1, rows: np.ndarray | None = None) -> Iterator[Any]:
        """Yield the estimates along lines; see `numdiff.gradients.searches.searched`."""
        side = None if self.side is None or lines.moves is not None else self.side[lines.places]
        width = BLOCK
        if self.progress is not False and not self.f.vectorized:
            width = min(BLOCK, lines.size * max(1, lines.at.size // PARTS))
        ends = {"scale": self.scale, "lower": self.lower, "upper": self.upper, "side": side}
        with np.errstate(all="ignore"), lines.running(self.workers), reported(self.progress, lines.at.size) as report:
            done = 0
            for own, found in searched(lines, self.item, order=order, rows=rows, block=width, **ends, **self.options):
                yield own, found
                if rows is None:
                    done += int(np.count_nonzero(own % lines.size == lines.size - 1))
                    report(done)
            if rows is not None:
                report(lines.at.size)


def asked_of(
    f: Any,
    x: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    scale: Any = None,
    bounds: Any = None,
    domain: Any = None,
    noise: Any = None,
    side: Any = None,
    confidence: float = 0.99,
    max_evaluations: int | None = None,
    vectorized: bool = False,
    workers: int | Map | None = 1,
    progress: Progress = False,
    scalar: bool = False,
) -> Asked:
    """Return what is asked, after all checks; the arguments are those of `numdiff.gradient`."""
    function = with_arguments(f, args)
    require_callable(function)
    item, point = _point(x, dtype)
    check_progress(progress)
    workers = 1 if workers is None else workers
    check_workers(workers)
    flat, shape = point.reshape(-1), point.shape
    return Asked(
        ArrayFunction(function, item, shape, bool(vectorized), scalar),
        item,
        flat,
        shape,
        None if scale is None else _scale(item, scale, shape),
        *bounds_of(item, flat, shape, bounds, domain),
        None if side is None else _spread(np.asarray(sides_of(side)), shape, "side"),
        _options(item, noise, max_evaluations, confidence),
        workers,
        progress,
    )


def _options(item: FloatFormat, noise: Any, max_evaluations: Any, confidence: Any) -> dict[str, Any]:
    """Return what the estimator is told."""
    check_budget(max_evaluations)
    check_confidence(confidence)
    if np.ndim(noise):
        raise ValueError(f"noise must be one number, the standard deviation of the error of f, got {noise!r:.60}")
    return {
        "noise": None if noise is None else float(noise_of(noise, item)),
        "budget": None if max_evaluations is None else int(max_evaluations) - RESERVE,
        "confidence": float(confidence),
    }


def _point(x: Any, dtype: Any) -> tuple[FloatFormat, np.ndarray]:
    """Return the format of the evaluation and a contiguous copy of x in it."""
    item, points = points_of(x, dtype)
    if not points.size:
        raise ValueError(f"x must have at least one coordinate, got shape {points.shape}")
    refuse_not_finite(item, points, x)
    return item, np.array(points, order="C", copy=True, subok=False)


def _spread(array: np.ndarray, shape: tuple[int, ...], who: str) -> np.ndarray:
    """Return one number for each coordinate."""
    if array.shape not in ((), shape):
        raise ValueError(f"{who} must be one number or of the shape of x, {shape}, got shape {array.shape}")
    return np.array(np.broadcast_to(array, shape)).reshape(-1)


def _scale(item: FloatFormat, scale: Any, shape: tuple[int, ...]) -> np.ndarray:
    lengths = _spread(points_of(scale, item if item.precision > 53 else "float64", "scale")[1], shape, "scale")
    good = (lengths > 0) & np.isfinite(lengths)
    if not good.all():
        raise ValueError(
            "scale must be positive and finite, the length over which f varies along each coordinate, got "
            f"{lengths[~good][0]!s}"
        )
    return lengths


def bounds_of(
    item: FloatFormat, x: np.ndarray, shape: tuple[int, ...], bounds: Any, domain: Any
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return closed bounds of the format that hold both the bounds and the open domain; None if there are none."""
    if bounds is None and domain is None:
        return None, None
    infinity = item.dtype.type(np.inf)
    lower, upper = np.full(x.shape, -infinity), np.full(x.shape, infinity)
    for given, who in ((bounds, "bounds"), (domain, "domain")):
        if given is None:
            continue
        low, high = _pair(item, given, shape, who)
        inside = (x > low) & (x < high) if who == "domain" else (x >= low) & (x <= high)
        if not inside.all():
            k = int(np.argmin(inside))
            index = tuple(map(int, np.unravel_index(k, shape)))
            what = f"open domain ({low[k]!s}, {high[k]!s})" if who == "domain" else f"bounds [{low[k]!s}, {high[k]!s}]"
            raise ValueError(f"x must lie within its {what}, got {x[k]!s} at index {index}")
        if who == "domain":  # the next number inside; that beside infinity is the last, and no node is beyond it either
            low, high = np.nextafter(low, infinity), np.nextafter(high, -infinity)
        lower, upper = np.maximum(lower, low), np.minimum(upper, high)
    return lower, upper


def _pair(item: FloatFormat, given: Any, shape: tuple[int, ...], who: str) -> tuple[np.ndarray, np.ndarray]:
    ends = (given.lb, given.ub) if hasattr(given, "lb") and hasattr(given, "ub") else given
    if isinstance(ends, str) or not hasattr(ends, "__len__") or len(ends) != 2:
        raise ValueError(
            f"{who} must be a pair, the lower and the upper end, each a number or an array of the shape of x, got "
            f"{given!r:.60}"
        )
    low, high = (_spread(converted(item, end, who), shape, who) for end in ends)
    return low, high


def check_progress(progress: Any) -> None:
    """Refuse progress that is neither a bool nor a callable."""
    if not isinstance(progress, bool) and not callable(progress):
        raise TypeError(f"progress must be a bool or a callable of (done, total), got {progress!r:.60}")


@contextmanager
def reported(progress: Progress, total: int) -> Iterator[Callable[[int], object]]:
    """Give a callable that takes the number of coordinates done."""
    if callable(progress):
        yield lambda done: progress(done, total)
        return
    if not progress:
        yield lambda done: None
        return
    require_extra("progress=True", "tqdm")
    from tqdm import tqdm

    with tqdm(total=total, unit="coordinate", disable=None) as bar:
        yield lambda done: bar.update(done - bar.n)


class Answer:
    """The answer, filled block by block.

    Parameters
    ----------
    asked : Asked
    shape : tuple of int
    full : bool
        Whether all is kept, or the values alone.
    """

    def __init__(self, asked: Asked, shape: tuple[int, ...], full: bool) -> None:
        self.asked, self.shape, self.full = asked, shape, full
        self.kept: dict[str, np.ndarray] = {}
        self.names = [field.name for field in fields(Estimates)] if full else ["value"]
        self.doubts, self.first, self.status = 0, math.prod(shape), OK
        self.is_finite, self.is_loud = True, False

    def put(self, places: np.ndarray, found: Estimates, largest: np.ndarray) -> None:
        """Take in the estimates of some places of the flat answer, of values of f of a size that was seen."""
        part = rounded(found, self.asked.item)
        for name in self.names:
            values = getattr(part, name)
            if name not in self.kept:
                self.kept[name] = np.empty(math.prod(self.shape), values.dtype)
            self.kept[name][places] = values
        loud = part.noise > LOUD * float(self.asked.item.unit_roundoff) * largest
        self.is_loud |= bool(loud.any())
        # Of a slope of 0 no digit is left, and none is missed where f has the noise of its rounding alone.
        doubted = np.flatnonzero((part.status != OK) & (loud | (part.status != Status.NO_DIGITS)))
        if not doubted.size:
            return
        self.doubts += doubted.size
        self.is_finite &= bool(np.isfinite(part.value[doubted].astype(np.float64)).all())
        earliest = doubted[np.argmin(places[doubted])]
        if places[earliest] < self.first:
            self.first, self.status = int(places[earliest]), int(part.status[earliest])

    def values(self) -> np.ndarray:
        """Return the values."""
        return self.kept.get("value", np.empty(0, self.asked.item.dtype)).reshape(self.shape)

    def given(self) -> Any:
        """Return the result; the values alone with a warning of what is doubtful."""
        is_random = self.is_loud and self.asked.options["noise"] is None and self._is_random()
        if self.full:
            return self._result(is_random)
        self.warn(is_random)
        return scalar_of(self.values())

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
        index = tuple(map(int, np.unravel_index(first, self.shape))) if self.shape else ()
        kind = UncertainGradientWarning if self.is_finite else NonFiniteGradientWarning
        message = (Status.NOT_DETERMINISTIC if is_random else Status(self.status)).message
        warn_user(
            kind(
                f"the derivative is uncertain{'' if self.is_finite else ' or not finite'} in {count} of {total} "
                f"entries, first at index {index}: {message}; full=True gives a bar and a status for each",
                count,
                total,
            )
        )

    def _result(self, is_random: bool) -> DerivativeResult:
        empty = np.empty(math.prod(self.shape))
        kept = {name: self.kept.get(name, empty).reshape(self.shape) for name in self.names}
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
