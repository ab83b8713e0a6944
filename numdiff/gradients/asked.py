"""What `gradient`, `jacobian` and the others are asked: checked, flat, and in the format of x."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.adaptive.arguments import RESERVE, check_budget, check_confidence, noise_of, sides_of
from numdiff.extras import require_extra
from numdiff.floats.callables import Map, check_workers, require_callable, with_arguments
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import converted, points_of, refuse_not_finite
from numdiff.gradients.arrays import ArrayFunction
from numdiff.gradients.constants import MANY, searched_apart
from numdiff.gradients.lines import Lines
from numdiff.gradients.parameters import Parameters, has_structure
from numdiff.gradients.searches import BLOCK, lengths, searched, starts

__all__ = ["Asked", "Progress", "asked_of", "bounds_of", "check_progress", "powers", "reported", "spread"]

Progress = bool | Callable[[int, int], object]
PARTS = 256
"""How often progress is told at least, if there are as many coordinates."""


@dataclass(frozen=True, eq=False)
class Asked:
    """A question about f near x; arrays of shape (n,).

    Attributes
    ----------
    f : ArrayFunction
    item : FloatFormat
    x : ndarray of the format, a copy
    shape : tuple of int
        Of x; ``(n,)`` of a tree.
    point : Parameters or None
        The structure of x, if it is no array of NumPy.
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
    point: Parameters | None
    scale: np.ndarray | None
    lower: np.ndarray | None
    upper: np.ndarray | None
    side: np.ndarray | None
    options: dict[str, Any]
    workers: int | Map
    progress: Progress

    def search(
        self, lines: Lines, order: int = 1, rows: np.ndarray | None = None, start: np.ndarray | None = None
    ) -> Iterator[Any]:
        """Yield the estimates along lines, from the first steps that are given; see `searches.searched`."""
        side = None if self.side is None or lines.moves is not None else self.side[lines.places]
        width = BLOCK
        if self.progress is not False and not self.f.vectorized:
            width = min(BLOCK, lines.size * max(1, lines.at.size // PARTS))
        is_free = rows is self.lower is self.side is self.options["noise"] is None
        if is_free and order == 1 and lines.size > 1 and lines.size * lines.at.size >= MANY:
            first = starts(lines, self.item, order, self.scale) if start is None else start
            searches = searched_apart(lines, self.item, first, width, **self.options)
        else:
            ends: dict[str, Any] = {"scale": self.scale, "lower": self.lower, "upper": self.upper, "side": side}
            ends |= {"order": order, "rows": rows, "start": start, "block": width}
            searches = searched(lines, self.item, **ends, **self.options)
        with np.errstate(all="ignore"), lines.running(self.workers), reported(self.progress, lines.at.size) as report:
            done = 0
            for own, found in searches:
                yield own, found
                if rows is None:
                    done += int(np.count_nonzero(own % lines.size == lines.size - 1))
                    report(done)
            if rows is not None:
                report(lines.at.size)

    def flat(self, given: Any, who: str) -> Any:
        """Return an argument with a number for each coordinate as an array, if it has the structure of a tree x."""
        return _flat(self.point, given, who)

    def structured(self, found: Any) -> Any:
        """Return derivatives, whose last axes are those of x, in the structure of x."""
        if self.point is None:
            return found
        array = np.asarray(found)
        return self.point.like(array.reshape(*array.shape[: array.ndim - len(self.shape)], self.x.size))

    def entry(self, place: int, shape: tuple[int, ...]) -> str:
        """Return what an entry of an answer is called: by its index, or by the name of its coordinate in a tree."""
        index = tuple(map(int, np.unravel_index(place, shape)))
        if self.point is None or not self.point.is_tree or shape[-1:] != self.shape:
            return f"index {index}"
        return self.point.name(index[-1]) + (f" of the values {index[:-1]}" if index[:-1] else "")

    def holds(self, nodes: np.ndarray, places: Any) -> np.ndarray:
        """Return which nodes, one for each of some coordinates, are within the bounds."""
        if self.lower is None or self.upper is None:
            return np.ones(nodes.shape, bool)
        return np.asarray((nodes >= self.lower[places]) & (nodes <= self.upper[places]))

    def own_lengths(self) -> np.ndarray:
        """Return the length over which f varies along each coordinate, by x alone; a scale counts where x is 0."""
        scale = None if self.scale is None else np.where(self.x == 0, self.scale, np.nan)
        return lengths(self.x, self.item, scale)

    def inward(self) -> np.ndarray:
        """Return the length over which f varies along each coordinate, negative if the upper bound is the nearer."""
        found = lengths(self.x, self.item, self.scale)
        if self.lower is None or self.upper is None:
            return found
        return np.where(self.upper - self.x < self.x - self.lower, -found, found)


def powers(item: FloatFormat, sizes: Any) -> np.ndarray:
    """Return the powers of two next to numbers, with their signs, in a format: products with them are exact."""
    with np.errstate(all="ignore"):
        power = np.exp2(np.rint(np.log2(np.abs(sizes))))
    return np.asarray(np.copysign(power, sizes).astype(item.dtype))


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
    point, item, flat, shape = _point(x, dtype)
    check_progress(progress)
    workers = 1 if workers is None else workers
    check_workers(workers)
    bounds, domain = _flat_ends(point, bounds, "bounds"), _flat_ends(point, domain, "domain")
    return Asked(
        ArrayFunction(function, item, shape, bool(vectorized), scalar, point),
        item,
        flat,
        shape,
        point,
        None if scale is None else _scale(item, _flat(point, scale, "scale"), shape),
        *bounds_of(item, flat, shape, bounds, domain),
        None if side is None else spread(np.asarray(sides_of(side)), shape, "side"),
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


def _point(x: Any, dtype: Any) -> tuple[Parameters | None, FloatFormat, np.ndarray, tuple[int, ...]]:
    """Return the structure of x if it has one, the format of the evaluation, a flat copy of x in it, and its shape."""
    if has_structure(x):
        point = Parameters(x, dtype)
        return point, point.item, point.vector, point.shape
    item, points = points_of(x, dtype)
    if not points.size:
        raise ValueError(f"x must have at least one coordinate, got shape {points.shape}")
    refuse_not_finite(item, points, x)
    return None, item, np.array(points, order="C", copy=True, subok=False).reshape(-1), points.shape


def _flat(point: Parameters | None, given: Any, who: str) -> Any:
    is_tree = given is not None and point is not None and point.is_tree and has_structure(given)
    return point.flat(given, who) if point is not None and is_tree else given


def _flat_ends(point: Parameters | None, given: Any, who: str) -> Any:
    is_pair = isinstance(given, (tuple, list)) and len(given) == 2
    return tuple(_flat(point, end, who) for end in given) if is_pair else given


def spread(array: np.ndarray, shape: tuple[int, ...], who: str) -> np.ndarray:
    """Return one number for each coordinate, of an array of the shape of x or of one number for all."""
    if array.shape not in ((), shape):
        raise ValueError(f"{who} must be one number or of the shape of x, {shape}, got shape {array.shape}")
    return np.broadcast_to(array.reshape(-1), math.prod(shape))


def _scale(item: FloatFormat, scale: Any, shape: tuple[int, ...]) -> np.ndarray:
    lengths = spread(points_of(scale, item if item.precision > 53 else "float64", "scale")[1], shape, "scale")
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
        is_order = (low < high) if who == "domain" else (low <= high)
        if not is_order.all():
            k = int(np.argmin(is_order))
            than = "below" if who == "domain" else "at most"
            raise ValueError(f"{who} must have its lower end {than} the upper one, got ({low[k]!s}, {high[k]!s})")
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
    ends = given
    if hasattr(given, "lb") and hasattr(given, "ub"):  # those of SciPy have a dimension, also for one number
        ends = [end[0] if np.shape(end) == (1,) else end for end in (given.lb, given.ub)]
    if isinstance(ends, (str, dict)) or not hasattr(ends, "__len__") or len(ends) != 2:
        raise ValueError(
            f"{who} must be a pair, the lower and the upper end, each a number or an array of the shape of x, got "
            f"{given!r:.60}; of a list with a pair for each coordinate, zip(*{who}) makes the two ends"
        )
    low, high = (
        spread(converted(item, _without_none(end, infinity), who), shape, who)
        for end, infinity in zip(ends, (-np.inf, np.inf), strict=True)
    )
    return low, high


def _without_none(end: Any, infinity: float) -> Any:
    """Return an end, with an infinite number where there is none."""
    if isinstance(end, (list, tuple)):
        return [_without_none(one, infinity) for one in end]
    return infinity if end is None else end


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
