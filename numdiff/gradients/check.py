"""The check of a gradient: slopes of its function with their bars, and what the decision rule says of the claims."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.adaptive.arguments import check_confidence
from numdiff.adaptive.ending import Estimates
from numdiff.floats.callables import Map, check_workers, require_callable, with_arguments
from numdiff.gradients.arrays import coupled, is_far
from numdiff.gradients.asked import Progress, bounds_of, check_progress, reported
from numdiff.gradients.claims import Claim, Directions, chosen_directions, claimed
from numdiff.gradients.comparison import Setup, compared
from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.lines import Lines
from numdiff.gradients.lines import coordinates as along_coordinates
from numdiff.gradients.lines import directions as along_directions
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.repeats import is_doubtful, refuse_random, repeats_of
from numdiff.gradients.result import GradientCheck
from numdiff.gradients.rule import BARS, resolution_of
from numdiff.gradients.searches import ends, estimated, gathered, refined, searched
from numdiff.spellings import hinted

__all__ = ["check_gradient"]

LEAST_DIRECTIONS = 4
COORDINATES = 100
"""Up to this size every coordinate is checked unless directions are asked for."""
SEARCH = 18
"""The evaluations along a direction, at most, before a second look: a segment, and one that begins again inside it."""
REPEATS = 12
"""Of f(x), where there is doubt along directions: dropout of a tenth of 8 units is missed with 0.43¹³ = 2·10⁻⁵."""
WATCHED = 64
"""Coordinates that are searched side by side where progress is reported."""


@hinted
def check_gradient(
    f: Callable[..., Any],
    gradient: Any,
    x: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    coordinates: Any = None,
    directions: Any = None,
    resolution: float | None = None,
    domain: tuple[Any, Any] | None = None,
    noise: float | None = None,
    confidence: float = 0.99,
    vectorized: bool = False,
    progress: Progress = False,
    workers: int | Map = 1,
    seed: int = 0,
) -> GradientCheck:
    """Check a gradient against slopes of its function, which are measured without looking at it.

    In every coordinate, or along a few directions, the estimator of `derivative` finds the slope with an error bar. A
    claim that is farther away than three bars, and its own rounding, is looked at again from other values of f, before
    it is called wrong; one is called right only if all that it may be off is small beside *that* slope. No step and no
    tolerance has to be given, in any format. The rule, with its derivation: `numdiff.gradients.rule`.

    Parameters
    ----------
    f : callable
        Takes the parameters x and returns a real scalar of their format (a wider one is noted). With `vectorized` all
        arrays have a leading axis of b points, and f returns ``(b,)``. It must be deterministic and leave its argument
        alone. Functions of other array libraries (JAX, PyTorch) get arrays of the kind of x.
    gradient : callable, array or tree
        A callable of x, or its value at x; of the structure and the shapes of x, real and finite. A callable is called
        eight times, to measure its rounding error, and 18 times more before it is called wrong.
    x : array or number, or a tree of them
        Where the gradient is checked. A tree is a dict, list, tuple, named tuple, or what is registered with JAX, where
        JAX is imported already; f gets the same. Integers become floats.
    args : tuple
        What f takes after x, and a callable `gradient` too: ``f(x, *args)``.
    dtype : format, optional
        The format to evaluate f in (name or dtype, as in `get_format`); x is rounded to it. By default that of x; where
        f returns a narrower one (JAX without x64), that one, which is noted.
    coordinates : sequence of int, tuples or names, or a mask, optional
        Which coordinates to check: places in the flat x, indices, names as in the table (``"W[2, 3]"``, ``"W"`` for all
        of W), or truth values of the shape of x.
    directions : int or array of shape ``(k, n)``, optional
        How many directions to take, at least 4, or the directions themselves; 0 checks every coordinate. By default
        every coordinate if there are at most 100, else 4 directions.
    resolution : float, optional
        The part of each slope that a mistake may have and be overlooked, between 0 and 1; 0.1 by default, and 0.2 in
        formats of 16 bits.
    domain : tuple, optional
        The open interval in which f is smooth, two ends, each a number or in the structure of x: f is not evaluated
        outside of it, nor at its ends.
    noise : float, optional
        The standard deviation of the error of f, in units of f, if it is known: a floor of what is seen. With it, f
        need not be deterministic. Give it where f is less accurate than its format: the tolerance of a solver.
    confidence : float
        Of the bars, 0.99 by default.
    vectorized : bool, optional
        Whether f takes many points at once.
    progress : bool or callable, optional
        True shows a bar (needs tqdm); a callable gets the numbers of slopes done and of all.
    workers : int or map-like callable, optional
        Threads in which f is called, or a callable like ``map``.
    seed : int, optional
        Of the random signs; the same seed gives the same check.

    Returns
    -------
    GradientCheck
        Print it, ask for its `verdict`, or call ``raise_if_wrong()``, which is one line in a test.

    Raises
    ------
    TypeError
        If f is not callable, x or the gradient not real numbers, f or the gradient writes into its argument, or f
        computes in a narrower format than `dtype`.
    ValueError
        If x, f(x) or the gradient is not finite, x is empty or outside the domain, the gradient has another structure
        or shape than x, f returns no scalar or is not deterministic, or an option is out of range.

    Notes
    -----
    A coordinate takes some 13 evaluations of f in float64 and 11 in float32, and at most 67, twice where a first search
    leaves it unresolved (beside a second look);
    four directions take some 54 for all together, and at most 100, whatever the size of x.

    Directions find mistakes in many coordinates, and in a single one if it is large beside what the bar leaves of the
    slope along the direction. How large, is said.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff import check_gradient
    >>> x = np.array([0.5, -1.0, 2.0])
    >>> check = check_gradient(lambda x: np.sum(np.exp(x)), np.exp, x)
    >>> check.verdict
    <Verdict.AGREE: 'agree'>
    >>> check_gradient(lambda x: np.sum(np.exp(x)), lambda x: -np.exp(x), x).cause
    'sign: the gradient points the other way'
    """
    _check_options(f, confidence, progress, workers)
    deviation, part = _checked_noise(noise), _checked_resolution(resolution)
    rng, signs = np.random.default_rng(_checked_seed(seed)).spawn(2)  # the signs must not depend on the claim
    claim = Gradient(with_arguments(gradient, args, "gradient") if callable(gradient) else gradient)
    function = Function(with_arguments(f, args), Parameters(x, dtype), vectorized)
    function, at_x, notes, evaluations = _opened(function, dtype is not None)
    point = function.point
    lower, upper = _bounds(point, domain)
    given = claimed(claim, point, rng, lower, upper)
    along, places = _chosen(point, given, coordinates, directions, signs)
    part = resolution_of(point.item) if part is None else part
    notes += _unseen(point, along)
    setup = Setup(function, at_x, claim, given, rng, lower, upper, deviation, float(confidence), part, notes, along)
    lines = _lines(function, along, places, at_x, evaluations)
    with np.errstate(all="ignore"), lines.running(workers):
        found = _searched(setup, lines, None if along is None else along.start, progress)
        is_odd = is_doubtful(found, abs(float(at_x)), setup.unit)
        found = _refined(setup, lines, found)
        if deviation is None:
            _refuse_unsteady(setup, lines, found, is_odd)
        return compared(setup, lines, found)


def _check_options(f: Any, confidence: Any, progress: Any, workers: Any) -> None:
    """Refuse a confidence, a progress or workers that are none, and what cannot be called."""
    check_confidence(confidence)
    check_progress(progress)
    check_workers(workers)
    require_callable(f)


def _lines(
    function: Function, along: Directions | None, places: np.ndarray | None, at_x: Any, evaluations: int
) -> Lines:
    """Return the lines through x that are looked at, some coordinates or directions, with f(x)."""
    if along is not None:
        lines = along_directions(function, function.point.vector, along.moves)
    else:
        lines = along_coordinates(function, function.point.vector, places)
    lines.base, lines.evaluations = np.array([at_x]), evaluations
    return lines


def _opened(function: Function, is_required: bool) -> tuple[Function, Any, tuple[str, ...], int]:
    """Return the function in the format in which it computes, f(x), notes on this format, and the evaluations."""
    value, returned = function.opened()
    given, evaluations = function.point.item, 1
    notes: tuple[str, ...] = ()
    if returned.precision < given.precision:
        if is_required:
            raise TypeError(
                f"f must compute in {given.name}, the dtype that was asked for, got {returned.name} (JAX needs "
                "jax_enable_x64 for float64)"
            )
        notes = (f"f computes in {returned.name} though x is {given.name}: checked in {returned.name}",)
        function, evaluations = replace(function, point=function.point.rounded(returned)), 2
        value = function.values(function.point.vector[None])[0]
    elif returned.precision > given.precision:
        notes = (f"f returns {returned.name} for x of {given.name}",)
    at_x = value.astype(np.longdouble if function.point.item.precision > 53 else np.float64).reshape(())[()]
    if not np.isfinite(at_x):
        raise ValueError(f"f must be finite at x, got {at_x} in {function.point.item.name}")
    return function, at_x, notes, evaluations


def _bounds(point: Parameters, domain: Any) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return closed bounds that hold the open domain, flat."""
    if point.is_tree and isinstance(domain, (tuple, list)) and len(domain) == 2:
        domain = [point.spread(end, "domain") for end in domain]
    return bounds_of(point.item, point.vector, point.shape, None, domain)


def _chosen(
    point: Parameters, claim: Claim, coordinates: Any, directions: Any, rng: np.random.Generator
) -> tuple[Directions | None, np.ndarray | None]:
    """Return the directions, or None and the places of the coordinates (None: all of them)."""
    if coordinates is not None:
        if directions is not None and not (isinstance(directions, int) and directions == 0):
            raise ValueError("coordinates and directions must not both be given")
        return None, point.chosen(coordinates)
    if directions is None:
        count = 0 if point.vector.size <= COORDINATES else LEAST_DIRECTIONS
    elif isinstance(directions, (list, tuple)) or (isinstance(directions, np.ndarray) and directions.ndim):
        moves = point.item.as_array(directions, "directions").reshape(len(directions), -1)
        if not moves.size or moves.shape[1] != point.vector.size:
            raise ValueError(f"directions must have the shape (k, {point.vector.size}), got {np.shape(directions)}")
        if not np.isfinite(moves).all():
            raise ValueError(f"directions must be finite in {point.item.name}, got {moves[~np.isfinite(moves)][0]!s}")
        if not moves.any(axis=1).all():
            raise ValueError(f"directions must not be 0, got one that is: row {int(np.argmin(moves.any(axis=1)))}")
        return Directions(moves), None
    else:
        count = _checked_directions(directions)
    return (chosen_directions(point, claim.value, count, rng) if count else None), None


def _unseen(point: Parameters, along: Directions | None) -> tuple[str, ...]:
    """Return a note on coordinates along which no direction goes."""
    still = np.array([]) if along is None else np.flatnonzero(~along.moves.any(axis=0))
    if not still.size:
        return ()
    names = ", ".join([point.name(int(place)) for place in still[:3]]) + (", …" if still.size > 3 else "")
    return (
        f"no direction goes along {still.size} of {point.vector.size} coordinates ({names}): nothing is said of them",
    )


def _checked_directions(directions: Any) -> int:
    is_integer = isinstance(directions, (int, np.integer)) and not isinstance(directions, bool)
    if not is_integer or (directions != 0 and directions < LEAST_DIRECTIONS):
        raise ValueError(
            f"directions must be None, 0 (every coordinate) or an integer of at least {LEAST_DIRECTIONS}, got "
            f"{directions!r}: fewer miss too much"
        )
    return int(directions)


def _checked_seed(seed: Any) -> int:
    if not isinstance(seed, (int, np.integer)) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed must be an integer of at least 0, got {seed!r}")
    return int(seed)


def _is_real(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def _checked_noise(noise: Any) -> float | None:
    if noise is not None and not (_is_real(noise) and 0 <= noise < np.inf):
        raise ValueError(f"noise must be a finite standard deviation of f, at least 0, got {noise!r}")
    return None if noise is None else float(noise)


def _checked_resolution(resolution: Any) -> float | None:
    if resolution is not None and not (_is_real(resolution) and 0 < resolution < 1):
        raise ValueError(f"resolution must be a part of each slope, between 0 and 1, got {resolution!r}")
    return None if resolution is None else float(resolution)


def _searched(setup: Setup, lines: Lines, start: np.ndarray | None, progress: Progress) -> Estimates:
    """Return the slopes on all lines, of which nothing depends on the claim."""
    options = {"start": start, "budget": None if lines.moves is None else SEARCH, **setup.options}
    if progress is False:
        return estimated(lines, setup.item, **options)
    blocks, done = [], 0
    with reported(progress, lines.at.size) as report:
        for rows, part in searched(lines, setup.item, block=WATCHED, **options):
            blocks.append((rows, part))
            done += rows.size
            report(done)
    return gathered(blocks, lines.at.size)


def _refined(setup: Setup, lines: Lines, found: Estimates) -> Estimates:
    """Search once more where a coordinate is not resolved; along directions the evaluations are limited."""
    if lines.moves is not None or setup.is_coarse:
        return found
    return refined(lines, setup.item, found, setup.resolution, BARS, **setup.options)


def _refuse_unsteady(setup: Setup, lines: Lines, found: Estimates, is_odd: bool) -> None:
    """Ask for f(x) again, once or as often as doubt needs, and among other points, and refuse another value."""
    again = 1
    if is_odd:
        again = repeats_of(lines.evaluations) if lines.moves is None else REPEATS
    vector = setup.function.point.vector[None]
    lines.evaluations += refuse_random(lambda: setup.function.values(vector)[0, 0], setup.at_x, again)
    if setup.function.vectorized:
        _refuse_coupled(setup, lines, found)


def _refuse_coupled(setup: Setup, lines: Lines, found: Estimates) -> None:
    """Refuse an f that returns another value for x among several points than alone."""
    row = np.flatnonzero(np.isfinite(found.step))[:1]
    if not row.size:
        return
    low, high = ends(lines.some(row), setup.item, setup.lower, setup.upper)
    step = np.concatenate((lines.at[row] - found.step[row], lines.at[row] + found.step[row]))
    inside = step[(step > low) & (step < high)][:1].astype(setup.item.dtype)
    points = np.concatenate((lines.points(inside, row[: inside.size]), setup.function.point.vector[None]))
    lines.evaluations += len(points)
    values = setup.function.values(points)[:, 0]
    if is_far(values, setup.at_x, setup.item) and setup.function.values(points[-1:])[0, 0] == setup.at_x:
        raise ValueError(coupled(values[-1], setup.at_x, len(values)))
