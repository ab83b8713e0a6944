"""The check of a gradient: slopes of its function with their bars, and what the decision rule says of the claims."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numdiff.adaptive.arguments import check_confidence
from numdiff.adaptive.ending import Estimates
from numdiff.floats.callables import Map, check_workers, require_callable, with_arguments
from numdiff.floats.formats import FloatFormat
from numdiff.gradients.asked import Progress, bounds_of, check_progress, reported
from numdiff.gradients.causes import Evidence, diagnosis
from numdiff.gradients.claims import Claim, Directions, chosen_directions, claimed
from numdiff.gradients.functions import Function, Gradient
from numdiff.gradients.lines import Lines
from numdiff.gradients.lines import coordinates as along_coordinates
from numdiff.gradients.lines import directions as along_directions
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.repeats import is_doubtful, refuse_random, repeats_of
from numdiff.gradients.result import GradientCheck, SlopeComparison
from numdiff.gradients.rule import BARS, Slopes, Verdict, is_loud, resolution_of
from numdiff.gradients.searches import estimated, searched
from numdiff.gradients.second_look import second_look
from numdiff.spellings import hinted

__all__ = ["check_gradient"]

LEAST_DIRECTIONS = 4
COORDINATES = 100
"""Up to this size every coordinate is checked unless directions are asked for."""
SEARCH = 18
"""The evaluations along a direction, at most, before a second look: a segment, and one that begins again inside it."""
REPEATS = 12
"""Of f(x), where there is doubt along directions: dropout of a tenth of 8 units is missed with 0.43¹³ = 2·10⁻⁵."""
EACH = 25
"""The evaluations for each direction, at most, all in all: so many are left for a second look."""
PLAIN, LEAST = 6, 8
"""The evaluations of a second look at least: the plain steps, and one segment."""
DOUBTED = 0.05
"""The part of a slope by which f itself may be off where a deviation is no larger: a coarse solver."""
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
        eight times, to measure its rounding error.
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
    A coordinate takes some 12 evaluations of f in float64 and 10 in float32, and at most 60 (beside a second look);
    four directions take some 50 for all together, and at most 100, whatever the size of x.

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
    check_confidence(confidence)
    check_progress(progress)
    check_workers(workers)
    require_callable(f)
    f = with_arguments(f, args)
    claim = Gradient(with_arguments(gradient, args, "gradient") if callable(gradient) else gradient)
    function, at_x, notes, evaluations = _opened(Function(f, Parameters(x, dtype), vectorized), dtype is not None)
    point = function.point
    lower, upper = _bounds(point, domain)
    rng = np.random.default_rng(_checked_seed(seed))
    given = claimed(claim, point, lower, upper, rng)
    along, places = _chosen(point, given, coordinates, directions, rng)
    setup = _Setup(function, at_x, given, lower, upper, _checked_noise(noise), float(confidence))
    lines = along_coordinates(function, point.vector, places)
    if along is not None:
        lines = along_directions(function, point.vector, along.moves)
    lines.base = np.array([at_x])
    lines.evaluations = evaluations
    with lines.running(workers):
        found = _searched(setup, lines, None if along is None else along.start, progress)
        again = 1 if setup.noise is None else 0
        if again and is_doubtful(found, abs(float(at_x)), setup.unit):
            again = repeats_of(lines.evaluations) if along is None else REPEATS
        lines.evaluations += refuse_random(lambda: function.values(point.vector[None])[0, 0], at_x, again)
        slopes = _slopes(setup, lines, found)
        confirmed, reasons = _confirmed(setup, lines, slopes)
    part = _checked_resolution(resolution, point.item)
    verdicts = slopes.verdicts(confirmed, part)
    rows = _compared(setup, lines, slopes, verdicts, reasons)
    check = GradientCheck(
        rows,
        "coordinates" if along is None else "directions",
        point.item.name,
        point.shape,
        float(np.median(found.noise)),
        lines.evaluations,
        part,
        math.nan if lines.moves is None else _visible(lines.moves, slopes),
        notes=(*notes, *_observed(setup, slopes, verdicts)),
    )
    return replace(check, cause=_cause(setup, lines, slopes)) if check.verdict is Verdict.DISAGREE else check


@dataclass(frozen=True)
class _Setup:
    """What both modes are given."""

    function: Function
    at_x: Any
    claim: Claim
    lower: np.ndarray | None
    upper: np.ndarray | None
    noise: float | None
    confidence: float

    @property
    def item(self) -> FloatFormat:
        """The format."""
        return self.function.point.item

    @property
    def is_coarse(self) -> bool:
        """Whether the format has 16 bits."""
        return self.item.precision < 16

    @property
    def unit(self) -> float:
        """The unit roundoff."""
        return float(self.item.unit_roundoff)

    @property
    def options(self) -> dict[str, Any]:
        """What goes to `numdiff.gradients.lines.estimated`."""
        return {"lower": self.lower, "upper": self.upper, "noise": self.noise, "confidence": self.confidence}


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
        if not moves.size or moves.shape[1] != point.vector.size or not np.isfinite(moves).all():
            raise ValueError(
                f"directions must be finite, of shape (k, {point.vector.size}) as x has, got {np.shape(directions)}"
            )
        return Directions(moves), None
    else:
        count = _checked_directions(directions)
    return (chosen_directions(point, claim.value, count, rng) if count else None), None


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


def _checked_resolution(resolution: Any, item: FloatFormat) -> float:
    if resolution is None:
        return resolution_of(item)
    if not (_is_real(resolution) and 0 < resolution < 1):
        raise ValueError(f"resolution must be a part of each slope, between 0 and 1, got {resolution!r}")
    return float(resolution)


def _searched(setup: _Setup, lines: Lines, start: np.ndarray | None, progress: Progress) -> Estimates:
    """Return the slopes on all lines, of which nothing depends on the claim."""
    options = {"start": start, "budget": None if lines.moves is None else SEARCH, **setup.options}
    if progress is False:
        return estimated(lines, setup.item, **options)
    found, done = [], 0
    with reported(progress, lines.at.size) as report:
        for rows, part in searched(lines, setup.item, block=WATCHED, **options):
            found.append((rows, part))
            done += rows.size
            report(done)
    order = np.argsort(np.concatenate([rows for rows, _ in found]), kind="stable")
    parts = zip(*(vars(part).values() for _, part in found), strict=True)
    return Estimates(*(np.concatenate(part)[order] for part in parts))


def _slopes(setup: _Setup, lines: Lines, found: Estimates) -> Slopes:
    """Return the slopes beside their claims."""
    if lines.moves is None:
        return Slopes(*setup.claim.at(lines.places), found, setup.is_coarse)
    values, rounding = setup.claim.along(lines.moves)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Slopes(values, rounding + setup.unit * setup.claim.reach / found.step, found, setup.is_coarse)


def _confirmed(setup: _Setup, lines: Lines, slopes: Slopes) -> tuple[np.ndarray, dict[int, str]]:
    """Look again at the suspicions, and return which are confirmed, and why others are not."""
    confirmed, suspects = np.zeros(slopes.claim.shape, bool), np.flatnonzero(slopes.is_suspect)
    reasons: dict[int, str] = {}
    if not suspects.size:
        return confirmed, reasons
    size, budget = abs(float(setup.at_x)), None
    if lines.moves is not None:
        reasons = dict.fromkeys(suspects.tolist(), "only the direction with the largest deviation was looked at again")
        # One that is confirmed is enough, and the evaluations are limited.
        with np.errstate(divide="ignore"):
            suspects = suspects[[np.argmax(slopes.deviation[suspects] / slopes.tolerance[suspects])]]
        size = math.hypot(size, setup.claim.reach)
        plain = PLAIN * (1 + int(is_loud(slopes.found, size, setup.unit)[suspects[0]]))
        budget = EACH * len(lines.moves) - lines.evaluations - plain
        if budget < LEAST:
            reasons[int(suspects[0])] = "no evaluations are left for a second look: take more directions="
            return confirmed, reasons
    among = lines.some(suspects)
    part, options = slopes.rows(suspects), {"budget": budget, **setup.options}
    confirmed[suspects], withdrawn = second_look(among, setup.item, part, size, **options)
    lines.evaluations += among.evaluations
    said = ("another ladder of steps sees another slope", "small steps see the claim: a kink or a wave beside x")
    return confirmed, reasons | {int(row): said[int(back)] for row, back in zip(suspects, withdrawn, strict=True)}


def _compared(
    setup: _Setup, lines: Lines, slopes: Slopes, verdicts: list[Verdict], reasons: dict[int, str]
) -> tuple[SlopeComparison, ...]:
    """Return the comparisons, each with its verdict."""
    point, found, tolerance, rows = setup.function.point, slopes.found, slopes.tolerance, []
    size = abs(float(setup.at_x))
    for row, verdict in enumerate(verdicts):
        place = int(lines.places[row])
        is_along = lines.moves is not None
        where, name = ((row,), f"direction {row}") if is_along else (point.where(place), point.name(place))
        reason = ""
        if verdict is Verdict.UNDECIDED:
            reason = reasons.get(row) or slopes.reason(row, size, setup.unit)
        numbers = (found.value, slopes.claim, tolerance / BARS, slopes.rounding, tolerance, found.step)
        value, claim, error, rounding, most, step = (array[row].item() for array in numbers)
        rows.append(SlopeComparison(where, name, value, claim, error, rounding, most, step, verdict, reason))
    return tuple(rows)


def _visible(moves: np.ndarray, slopes: Slopes) -> float:
    """Return the smallest deviation of a single coordinate, whichever it is, that would have been a suspicion."""
    with np.errstate(invalid="ignore", divide="ignore"):
        seen = slopes.deviation + slopes.tolerance
        least = np.full(moves.shape[1], np.inf)
        for move, size in zip(moves, np.where(np.isfinite(seen), seen, np.inf), strict=True):
            least = np.fmin(least, float(size) / np.abs(move.astype(np.float64)))
    return float(least.max())


def _observed(setup: _Setup, slopes: Slopes, verdicts: list[Verdict]) -> list[str]:
    """Return notes on the accuracy of f and of the gradient."""
    notes, claim, found, name = [], setup.claim, slopes.found, setup.function.point.name
    with np.errstate(divide="ignore", invalid="ignore"):
        part = slopes.deviation / np.abs(found.value)
        jumps = np.abs(claim.scatter) > resolution_of(setup.item) * np.abs(claim.value)
    off = [part[row] for row, verdict in enumerate(verdicts) if verdict in (Verdict.INEXACT, Verdict.DISAGREE)]
    if off and max(off) <= DOUBTED:
        notes.append(
            f"slopes and claims differ by {max(off):.0e} of the slopes at most: either the gradient is wrong by that, "
            "or f is not more accurate (the tolerance of a solver, a table): then give noise=, its standard deviation"
        )
    loud = is_loud(found, abs(float(setup.at_x)), setup.unit)
    if loud.any() and setup.noise is None:
        notes.append(
            f"f is less accurate than {setup.item.name}: it scatters by {float(np.median(found.noise[loud])):.0e} or "
            "so (a stair, a solver, cancellation?); give noise= if it is known to be more"
        )
    jumps &= claim.value != 0
    if jumps.any():
        place = int(np.argmax(jumps.any(axis=0)))
        size = float(np.abs(claim.scatter[:, place]).max())
        notes.append(
            f"the gradient jumps by about {size:.1e} between neighbouring numbers at {name(place)}: it is random, or "
            "loses its digits, or f is not smooth"
        )
    return [
        *notes,
        *(["the gradient is not deterministic: asked again, it was another one"] if claim.is_random else []),
    ]


def _cause(setup: _Setup, lines: Lines, slopes: Slopes) -> str:
    """Return what is wrong with a gradient that was rejected, as far as the slopes show it."""
    point, claim = setup.function.point, setup.claim
    numeric, tolerance = slopes.found.value, np.where(slopes.is_open, slopes.tolerance, np.inf)
    if lines.moves is None:
        whole = np.full((2, claim.value.size), np.nan, claim.value.dtype)
        whole[0, lines.places], whole[1, lines.places] = numeric, tolerance
        (numeric, tolerance), moves = whole, None
    else:
        moves = lines.moves.astype(claim.value.dtype).reshape(-1, *point.shape)
    shaped = (claim.x.reshape(point.shape), claim.value.reshape(point.shape))
    return diagnosis(Evidence(*shaped, moves, numeric, tolerance, point.name))
