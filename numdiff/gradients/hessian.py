r"""Second derivatives along lines, and slopes along one: `hessian`, `hessian_vector_product`, `directional_derivative`.

The second derivative of f along sᵢeᵢ + sⱼeⱼ is D₊ = sᵢ²Hᵢᵢ + 2sᵢsⱼHᵢⱼ + sⱼ²Hⱼⱼ, so that

    Hᵢⱼ = (D₊ − sᵢ²Hᵢᵢ − sⱼ²Hⱼⱼ)/(2sᵢsⱼ),    (Hv)ᵢ = (D₊ − sᵢ²Hᵢᵢ − s²v·Hv)/(2sᵢs),    D₊ along sᵢeᵢ + s·v,

each D and Hᵢᵢ by the estimator. The bar is the sum of the bars in it. s are the lengths over which f varies along each
coordinate: D has an error by the rounding of f, which does not depend on them, and by the product it is divided.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.adaptive.arguments import check_order
from numdiff.adaptive.ending import Estimates, has_digits
from numdiff.adaptive.status import OK, Status
from numdiff.floats.callables import Map
from numdiff.formulas.arguments import converted, refuse_not_finite
from numdiff.gradients.answer import Answer
from numdiff.gradients.asked import Asked, Progress, asked_of, powers
from numdiff.gradients.lines import Lines, coordinates, directions
from numdiff.gradients.searches import ends, gathered, lengths, starts
from numdiff.spellings import hinted

__all__ = ["directional_derivative", "hessian", "hessian_vector_product"]

MOVES_BYTES = 1 << 22
"""Bytes of the directions that are held at once: of one line, if that has more."""
NARROW = 0.25
"""The part of a start below which a step is narrow. A search that does not begin again ends at its start or half of it;
one that does begins at an eighth of its narrowest step."""


@hinted
def directional_derivative(
    f: Callable[..., Any],
    x: Any,
    v: Any,
    *,
    args: Sequence[Any] = (),
    order: int = 1,
    dtype: Any = None,
    scale: Any = None,
    bounds: Any = None,
    domain: Any = None,
    noise: float | None = None,
    max_evaluations: int | None = None,
    confidence: float = 0.99,
    workers: int | Map | None = 1,
    vectorized: bool = False,
    full: bool = False,
) -> Any:
    """Differentiate f along a direction: the derivative of f(x + t·v) at t = 0, with an error bar.

    Of a function with several values it is the product of the Jacobian with v; of a gradient that of the Hessian with
    v. It costs the evaluations of one coordinate, whatever the number of them.

    Parameters
    ----------
    f, x, args, dtype, scale, bounds, domain, noise, max_evaluations, confidence, workers, vectorized, full
        As in `numdiff.jacobian`: f may have values of any shape.
    v : array of the shape of x, or tree
        The direction; it need not have length 1.
    order : int
        Of the derivative: 1 to 4.

    Returns
    -------
    ndarray of the shape of f(x), or a NumPy scalar; with ``full=True`` a `DerivativeResult` of these

    Raises
    ------
    TypeError, ValueError
        As `numdiff.jacobian`, or if v has another shape than x or is not finite, or the order is none of 1 to 4.

    Warns
    -----
    UncertainGradientWarning, NonFiniteGradientWarning
        As `numdiff.gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> found = nd.directional_derivative(lambda w: w[0] * w[1], [2.0, 3.0], [1.0, -1.0])
    >>> round(float(found), 9)
    1.0
    """
    limits = {"scale": scale, "bounds": bounds, "domain": domain, "noise": noise, "max_evaluations": max_evaluations}
    own = {"args": args, "dtype": dtype, "confidence": confidence, "workers": workers, "vectorized": vectorized}
    asked = asked_of(f, x, **limits, **own)
    check_order(order)
    move, power = _direction(asked, v)
    lines = directions(asked.f, asked.x, move[None])
    lines.at_x()
    answer = Answer(asked, asked.f.shape or (), full)
    reach = _along_direction(asked.own_lengths(), move, power)
    for rows, found in asked.search(lines, int(order)):
        found = replace(_times(found, power * int(order)), step=np.ldexp(found.step, -power))
        answer.put(rows, found, lines.largest[rows], reach ** int(order), reach)
    return answer.given()


@hinted
def hessian(
    f: Callable[..., Any],
    x: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    scale: Any = None,
    bounds: Any = None,
    domain: Any = None,
    noise: float | None = None,
    max_evaluations: int | None = None,
    confidence: float = 0.99,
    vectorized: bool = False,
    workers: int | Map | None = 1,
    progress: Progress = False,
    full: bool = False,
) -> Any:
    """Differentiate a scalar function twice: all second derivatives, each with an error bar.

    f is evaluated along n coordinates and n(n − 1)/2 diagonals, some 13 times each. Where a gradient can be computed,
    ``numdiff.jacobian`` of it takes n lines.

    Parameters
    ----------
    f, x, args, dtype, scale, bounds, domain, noise, max_evaluations, confidence, vectorized, workers, progress, full
        As in `numdiff.gradient`; max_evaluations is for each line.

    Returns
    -------
    ndarray of shape x.shape + x.shape, symmetric; with ``full=True`` a `DerivativeResult` of such arrays
        For a tree a tree of trees, whose leaves have the shape of one leaf and that of another.

    Raises
    ------
    TypeError, ValueError
        As `numdiff.gradient`.

    Warns
    -----
    UncertainGradientWarning, NonFiniteGradientWarning
        As `numdiff.gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.hessian(lambda w: w[0] ** 2 * w[1], [1.0, 3.0]).round(6).tolist()
    [[6.0, 2.0], [2.0, 0.0]]
    """
    limits = {"scale": scale, "bounds": bounds, "domain": domain, "noise": noise, "max_evaluations": max_evaluations}
    own = {"args": args, "dtype": dtype, "confidence": confidence, "workers": workers, "vectorized": vectorized}
    asked = asked_of(f, x, **limits, **own, progress=progress, scalar=True)
    n, answer = asked.x.size, Answer(asked, asked.shape + asked.shape, full)
    if asked.point is not None and asked.point.is_tree:
        answer.name = lambda place: " and ".join(map(asked.entry, divmod(place, n), (asked.shape, asked.shape)))
    lines = coordinates(asked.f, asked.x)
    along = _along(asked, lines)
    reach = asked.own_lengths()
    answer.put(np.arange(n) * (n + 1), along, lines.largest, reach * reach, reach)
    size = powers(asked.item, asked.inward())
    first, second = np.triu_indices(n, 1)
    for part in _parts(first.size, asked):
        i, j = first[part], second[part]
        moves = np.zeros((i.size, n), asked.x.dtype)
        moves[np.arange(i.size), i], moves[np.arange(i.size), j] = size[i], size[j]
        both = _along(replace(asked, progress=False), lines, moves, along)
        mixed = _mixed(both, (along.rows(i), size[i]), (along.rows(j), size[j]))
        for places in (i * n + j, j * n + i):
            answer.put(places, mixed, lines.largest, reach[i] * reach[j], reach[i])
    found = answer.given()
    return found if full or asked.point is None else asked.point.twice_like(found.reshape(n, n))


@hinted
def hessian_vector_product(
    f: Callable[..., Any],
    x: Any,
    v: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    scale: Any = None,
    bounds: Any = None,
    domain: Any = None,
    noise: float | None = None,
    max_evaluations: int | None = None,
    confidence: float = 0.99,
    vectorized: bool = False,
    workers: int | Map | None = 1,
    progress: Progress = False,
    full: bool = False,
) -> Any:
    """Multiply the Hessian of a scalar function with a vector, with an error bar for each entry.

    f is evaluated along 2n + 1 lines, some 13 times each. Where a gradient can be computed,
    ``numdiff.directional_derivative(gradient, x, v)`` is the product, of one line.

    Parameters
    ----------
    f, x, args, dtype, scale, bounds, domain, noise, max_evaluations, confidence, vectorized, workers, progress, full
        As in `numdiff.hessian`.
    v : array of the shape of x, or tree

    Returns
    -------
    ndarray of the shape of x, or tree; with ``full=True`` a `DerivativeResult` of such arrays

    Raises
    ------
    TypeError, ValueError
        As `numdiff.gradient`, or if v has another shape than x or is not finite.

    Warns
    -----
    UncertainGradientWarning, NonFiniteGradientWarning
        As `numdiff.gradient`.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.hessian_vector_product(lambda w: w[0] ** 2 * w[1], [1.0, 3.0], [1.0, 1.0]).round(6).tolist()
    [8.0, 2.0]
    """
    limits = {"scale": scale, "bounds": bounds, "domain": domain, "noise": noise, "max_evaluations": max_evaluations}
    own = {"args": args, "dtype": dtype, "confidence": confidence, "workers": workers, "vectorized": vectorized}
    asked = asked_of(f, x, **limits, **own, progress=progress, scalar=True)
    n, answer, (move, power) = asked.x.size, Answer(asked, asked.shape, full), _direction(asked, v)
    lines = coordinates(asked.f, asked.x)
    along, quiet = _along(asked, lines), replace(asked, progress=False)
    alone = _along(quiet, lines, move[None], along)
    size, other = powers(asked.item, asked.inward()), _length(asked, move)
    reach = asked.own_lengths()
    far = _along_direction(reach, move, power)
    for part in _parts(n, asked):
        i = np.arange(part.start, min(part.stop, n))
        moves = np.repeat((other * move)[None], i.size, axis=0)
        moves[np.arange(i.size), i] += size[i]
        # What was moved, as it was rounded: the product is with v alone.
        own_size = (moves[np.arange(i.size), i] - (other * move)[i]).astype(size.dtype)
        both = _along(quiet, lines, moves, along)
        mixed = _mixed(both, (along.rows(i), own_size), (alone.rows(i * 0), other))
        answer.put(i, _times(mixed, power), lines.largest, reach[i] * far, reach[i])
    return answer.given() if full else asked.structured(answer.given())


def _direction(asked: Asked, v: Any) -> tuple[np.ndarray, int]:
    """Return a direction, flat, in the format and with entries near 1, and the power of 2 that it was divided by."""
    move = converted(asked.item, asked.flat(v, "v"), "v")
    if move.shape != asked.shape:
        raise ValueError(f"v must have the shape of x, {asked.shape}, got shape {move.shape}")
    refuse_not_finite(asked.item, move, v, "v")
    wide: np.ndarray = move.reshape(-1).astype(asked.item.wide)
    power = int(np.frexp(np.abs(wide).max())[1]) - 1 if wide.any() else 0
    return np.ldexp(wide, -power).astype(asked.item.dtype), power


def _length(asked: Asked, move: np.ndarray) -> np.ndarray:
    """Return the power of two, of shape (1,), next to the length over which f varies along a direction.

    It is negative where bounds leave less room than that ahead, and more behind.
    """
    found = powers(asked.item, _along_direction(lengths(asked.x, asked.item, asked.scale), move)[None])
    left, right = ends(directions(asked.f, asked.x, move[None]), asked.item, asked.lower, asked.upper)
    return np.where(right < np.minimum(found, -left), -found, found)


def _along_direction(own: np.ndarray, move: np.ndarray, power: int = 0) -> np.ndarray:
    """Return the length over which f varies along a direction times a power of 2, from those along the coordinates."""
    with np.errstate(divide="ignore", over="ignore"):
        length = np.min(own / np.abs(move.astype(own.dtype)))
        return np.asarray(np.ldexp(np.where(np.isfinite(length), length, 1), -power))


def _times(found: Estimates, power: int) -> Estimates:
    """Return estimates of a slope times a power of 2; nothing is known of one that overflows."""
    with np.errstate(all="ignore"):
        parts = {name: np.ldexp(getattr(found, name), power) for name in ("value", "error", "left", "right")}
    overflows = np.isfinite(found.value) & ~np.isfinite(parts["value"])
    parts["error"] = np.where(overflows, np.inf, parts["error"])
    return replace(found, **parts, status=np.where(overflows, int(Status.NOT_FINITE), found.status))


def _along(asked: Asked, lines: Lines, moves: np.ndarray | None = None, along: Estimates | None = None) -> Estimates:
    """Return the second derivatives along lines, or along directions from the same x, where f is known.

    If those along the coordinates are given, a direction starts no further than the steps that were narrow enough along
    each: f varies as fast along it. Beyond, the nodes may be periods of f apart, so that f seems to be smooth.
    """
    own, start = lines, None
    if moves is not None:
        own = directions(asked.f, asked.x, moves)
        own.base = lines.base
    if moves is not None and along is not None:
        start = starts(own, asked.item, 2, asked.scale)
        with np.errstate(all="ignore"):
            narrow = along.step / np.abs(moves.astype(start.dtype))
        least = np.where(narrow > 0, narrow, np.inf).min(axis=1)
        start = np.where(least < NARROW * start, least, start)
    found = gathered(asked.search(own, 2, start=start), own.at.size)
    lines.base, lines.largest = own.base, np.maximum(lines.largest, own.largest)
    return found


def _parts(count: int, asked: Asked) -> Iterator[slice]:
    """Cut directions into parts of bounded memory."""
    width = max(1, MOVES_BYTES // asked.x.nbytes)
    return (slice(first, min(first + width, count)) for first in range(0, count, width))


def _mixed(both: Estimates, one: tuple[Estimates, np.ndarray], two: tuple[Estimates, np.ndarray]) -> Estimates:
    """Return the mixed derivatives of D along s·d + r·e, from those along d and e, each with its s or r."""
    (left, s), (right, r) = ((part, size.astype(both.value.dtype)) for part, size in (one, two))
    by = 2 * s * r
    with np.errstate(all="ignore"):
        value = (both.value - s * s * left.value - r * r * right.value) / by
        # Four roundings of terms of these sizes, too.
        size = np.abs(both.value) + s * s * np.abs(left.value) + r * r * np.abs(right.value)
        error = both.error + s * s * left.error + r * r * right.error + 4 * np.finfo(value.dtype).eps * size
        error = error / np.abs(by)
    error = np.where(np.isnan(error), np.inf, error)
    status = np.where(has_digits(value, error), OK, int(Status.NO_DIGITS))
    for part in (right, left, both):
        keeps = (part.status == OK) | (part.status == Status.NO_DIGITS)
        status = np.where(keeps, status, part.status)
    nan = np.full(value.shape, np.nan, value.dtype)
    return Estimates(
        value=value,
        error=error,
        status=status,
        evaluations=both.evaluations + left.evaluations + right.evaluations,
        step=both.step * np.abs(s),
        noise=np.maximum(both.noise, np.maximum(left.noise, right.noise)),
        freedom=both.freedom,
        left=nan,
        right=nan,
    )
