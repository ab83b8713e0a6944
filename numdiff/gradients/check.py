"""The check of a gradient against differences of f, with tolerances from measured rounding and estimated truncation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from numdiff.floats.callables import with_arguments
from numdiff.floats.formats import FloatFormat, format_of
from numdiff.gradients.causes import Evidence, diagnosis
from numdiff.gradients.coordinates import CoordinateProbe, best_estimates, recheck
from numdiff.gradients.directions import DirectionProbe, direction_estimates
from numdiff.gradients.estimates import ROUNDINGS, SAFETY, Estimate, GivenGradient
from numdiff.gradients.noise import as_longdouble, function_noise, gradient_noise, inflated, rounding_floor
from numdiff.gradients.probing import AnalyticGradient, ArrayLibrary, ScalarFunction, starting_point
from numdiff.gradients.remainders import fitted, taylor_test
from numdiff.gradients.result import GradientCheck, SlopeComparison, TaylorTest, Verdict
from numdiff.spellings import hinted

__all__ = ["check_gradient"]

LEAST_DIRECTIONS = 4
COORDINATES = 100
"""Up to this size every coordinate is checked unless directions are asked for."""
RESOLVED = 0.5
"""A slope counts as resolved if its tolerance is at most this part of it."""


@dataclass(frozen=True)
class _Setup:
    """The input of both modes; values in longdouble."""

    function: ScalarFunction
    x: np.ndarray
    at_x: np.longdouble
    gradient: GivenGradient
    noise: np.longdouble | None
    rng: np.random.Generator


@dataclass(frozen=True)
class _Outcome:
    """The result of a mode."""

    estimate: Estimate
    analytic: np.ndarray
    noise: np.longdouble
    taylor: TaylorTest
    directions: np.ndarray | None = None


@hinted
def check_gradient(
    f: Callable[..., Any],
    gradient: Any,
    x: Any,
    *,
    args: Sequence[Any] = (),
    dtype: Any = None,
    directions: int | None = None,
    noise: float | None = None,
    vectorized: bool = False,
    seed: int = 0,
) -> GradientCheck:
    """Check a gradient against differences of its function, with a tolerance that is derived.

    In every coordinate, or along random directions d, the slope of the remainder f(x + hd) − f(x) − h⟨g, d⟩ is
    compared with the sum of its own errors: truncation, from nested centered stencils; rounding in f, whose size is
    measured by differences of high order over neighbouring numbers; and rounding in the gradient. The step is chosen
    for each coordinate, and for the format. No tolerance has to be given, in any format.

    Parameters
    ----------
    f : callable
        Takes an array of the shape and format of x, returns a real scalar of that format (a wider one is noted). With
        `vectorized` it takes ``(b, *x.shape)`` and returns ``(b,)``. It must be deterministic and leave its argument
        alone. Functions of other array libraries (JAX, PyTorch) get arrays of the kind of x.
    gradient : callable or array
        A callable of x, or its value at x; of the shape of x, real and finite. With a callable the rounding error of
        the gradient is measured too (it is called six times); the error of an array is taken to be two units of
        roundoff of its largest component.
    x : array of floats, any shape
        Where the gradient is checked. Near kinks, and near zeros of the gradient, the check is often inconclusive.
    args : tuple
        What f takes after x, and a callable `gradient` too: ``f(x, *args)``.
    dtype : format, optional
        The format to evaluate f in (name or dtype, as in `get_format`); x is rounded to it. By default that of x; where
        f returns a narrower one (JAX without x64), that one, which is noted.
    directions : int, optional
        How many random directions to take, at least 4; 0 checks every coordinate. By default every coordinate if there
        are at most 100, else 4 directions.
    noise : float, optional
        The standard deviation of the error of f, in units of f, if it is known; it may be that of a simulation, which
        then need not be deterministic. By default it is measured.
    vectorized : bool, optional
        Whether f takes many points at once.
    seed : int, optional
        Of the random directions; the same seed gives the same check.

    Returns
    -------
    GradientCheck
        Print it, ask for its `verdict`, or call ``raise_if_wrong()``.

    Raises
    ------
    TypeError
        If f is not callable, x or the gradient not real floats, f or the gradient writes into its argument, or f
        computes in a narrower format than `dtype`.
    ValueError
        If x, f(x) or the gradient is not finite, the gradient has another shape than x, f returns no scalar or is not
        deterministic, or an option is out of range.

    Notes
    -----
    Coordinates take 6 evaluations of f for each step that is tried, and some 30 for all together; directions take 4
    each and 4 for all together, so 20 for four directions, whatever the size of x.

    As far as the tolerance covers the error of the numerical slope, a deviation of ten times the tolerance is found: in
    coordinates always; along k Gaussian directions, where it is its norm that is so large, with a probability of at
    least 1 − P(|N(0, 1)| ≤ 0.2)ᵏ = 1 − 0.1585ᵏ, which is 0.9993 for k = 4. The tolerance is an estimate and no proof:
    if f oscillates within a step, every difference formula can be wrong.

    References
    ----------
    J. J. Moré, S. M. Wild, Estimating derivatives of noisy simulations, ACM Trans. Math. Softw. 38(3), 2012,
    19:1–19:21, doi:10.1145/2168773.2168777 (steps from measured noise).

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
    f = with_arguments(f, args)
    gradient = with_arguments(gradient, args, "gradient") if callable(gradient) else gradient
    count = _checked_directions(directions)
    rng = np.random.default_rng(_checked_seed(seed))
    deviation = _checked_noise(noise)
    library = ArrayLibrary(x)
    point = starting_point(x, dtype)
    function, point, at_x, notes, is_repeated = _opened(f, point, library, vectorized, dtype is not None)
    analytic = AnalyticGradient(gradient, library)
    given, findings = _given_gradient(analytic, point, function.item, rng)
    setup = _Setup(function, point, at_x, given, deviation, rng)
    count = _usual_directions(point.size) if count is None else count
    is_open = deviation is None and not is_repeated  # whether f is deterministic
    outcome = _along_directions(setup, count, function.evaluations + is_open <= 2) if count else _in_coordinates(setup)
    if is_open:
        _refuse_chance(function, point, at_x)
    check = GradientCheck(
        _compared(outcome, point.shape),
        "directions" if count else "coordinates",
        function.item.name,
        point.shape,
        float(outcome.noise),
        outcome.taylor,
        function.evaluations,
        notes=(*notes, *findings),
    )
    return replace(check, cause=_cause(outcome, point, given)) if check.verdict is Verdict.DISAGREE else check


def _usual_directions(size: int) -> int:
    """Return how many directions are taken by default; 0 stands for every coordinate."""
    return 0 if size <= COORDINATES else LEAST_DIRECTIONS


def _cause(outcome: "_Outcome", point: np.ndarray, given: GivenGradient) -> str:
    """Return what is wrong with a gradient that was rejected, as far as the slopes show it."""
    numeric = outcome.analytic + outcome.estimate.deviation
    return diagnosis(Evidence(point, given.value, outcome.directions, numeric, outcome.estimate.tolerance))


def _given_gradient(
    gradient: AnalyticGradient, point: np.ndarray, item: FloatFormat, rng: np.random.Generator
) -> tuple[GivenGradient, tuple[str, ...]]:
    """Return the gradient at x with its estimated rounding error, and notes on noise and on chance."""
    value = gradient.at(point)
    noise = gradient_noise(gradient, point, value, item, rng)
    limit = ROUNDINGS * as_longdouble(item.unit_roundoff) * np.abs(value).max()
    notes = []
    if np.any(SAFETY * noise > limit):
        notes.append(
            f"the gradient jumps by about {float(noise.max()):.1e} between neighbouring numbers: it is random, or not "
            "that of a smooth function"
        )
    if gradient.is_callable and np.any(gradient.at(point) != value):
        notes.append("the gradient is not deterministic: asked again, it was another one")
    return GivenGradient(value, noise, limit), tuple(notes)


def _checked_directions(directions: Any) -> int | None:
    if directions is None:
        return None
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


def _checked_noise(noise: Any) -> np.longdouble | None:
    if noise is None:
        return None
    is_real = isinstance(noise, (int, float, np.integer, np.floating)) and not isinstance(noise, bool)
    if not is_real or not 0 <= noise < np.inf:
        raise ValueError(f"noise must be a finite standard deviation of f, at least 0, got {noise!r}")
    return np.longdouble(noise)


def _opened(
    f: Callable[[Any], Any], point: np.ndarray, library: ArrayLibrary, vectorized: bool, is_required: bool
) -> tuple[ScalarFunction, np.ndarray, np.longdouble, tuple[str, ...], bool]:
    """Return the function, x, and f(x), in the format in which f computes, and notes on this format.

    Last comes whether f(x) has been evaluated twice already: where f rounds x itself, rounding it first has no effect.
    """
    function = ScalarFunction(f, format_of(point), library, vectorized)
    at_x, is_repeated = function.value(point), False
    given, returned = function.item, function.result_item
    notes: tuple[str, ...] = ()
    if returned.precision < given.precision:
        if is_required:
            raise TypeError(
                f"f must compute in {given.name}, the dtype that was asked for, got {returned.name} (JAX needs "
                "jax_enable_x64 for float64)"
            )
        notes = (f"f computes in {returned.name} though x is {given.name}: checked in {returned.name}",)
        point = returned.as_array(point)
        function.item = returned
        first, at_x = at_x, function.value(point)
        is_repeated = bool(first == at_x)
    elif returned.precision > given.precision:
        notes = (f"f returns {returned.name} for x of {given.name}",)
    if not np.isfinite(at_x):
        raise ValueError(f"f must be finite at x, got {at_x} in {function.item.name}")
    return function, point, at_x, notes, is_repeated


def _refuse_chance(function: ScalarFunction, point: np.ndarray, at_x: np.longdouble) -> None:
    """Evaluate f at x once more, after all the rest, and refuse a function whose value has changed."""
    again = function.value(point)
    if again != at_x:
        raise ValueError(
            f"f must be deterministic, got {at_x!s} and later {again!s} for the same x: fix its random numbers "
            "(dropout, sampling, running averages), or give noise=, the standard deviation of f"
        )


def _in_coordinates(setup: _Setup) -> _Outcome:
    function, x, at_x = setup.function, setup.x, setup.at_x
    floor, noise = rounding_floor(np.abs(at_x), function.result_item), setup.noise
    if noise is None:
        noise = inflated(floor, function_noise(function, x, at_x, setup.rng))
    probe = CoordinateProbe(function, x, at_x, noise, setup.gradient)
    found = best_estimates(probe)
    suspects = np.flatnonzero(np.abs(found.deviation) > found.tolerance)
    if suspects.size:
        recheck(probe, found, suspects)
    direction = setup.rng.standard_normal(x.shape).astype(np.longdouble)
    steps = np.ldexp(DirectionProbe.first_step_at(x, function.item), np.arange(-3, 2))
    taylor = taylor_test(function, x, at_x, setup.gradient.value, direction, steps, np.maximum(noise, floor))
    return _Outcome(found, setup.gradient.value.ravel(), noise, taylor)


def _along_directions(setup: _Setup, count: int, has_spare: bool) -> _Outcome:
    directions = setup.rng.standard_normal((count, *setup.x.shape)).astype(np.longdouble)
    probe = DirectionProbe(
        setup.function, setup.x, setup.at_x, setup.gradient, directions, setup.noise, setup.rng, has_spare
    )
    found = direction_estimates(probe)
    analytic = np.array([np.sum(setup.gradient.value * line) for line in directions])
    taylor = fitted(*probe.remainders(), np.maximum(probe.floor, probe.noise if setup.noise is not None else 0))
    return _Outcome(found, analytic, probe.noise, taylor, directions)


def _compared(outcome: _Outcome, shape: tuple[int, ...]) -> tuple[SlopeComparison, ...]:
    """Return the comparisons, each with its verdict."""
    found, analytic = outcome.estimate, outcome.analytic
    numeric = analytic + found.deviation
    tolerance = found.tolerance
    finite = np.abs(numeric[np.isfinite(numeric)])
    typical = np.sqrt(np.mean(finite * finite)) if finite.size else np.longdouble(0)
    rows = []
    for row in range(len(numeric)):
        where = (row,) if outcome.directions is not None else tuple(map(int, np.unravel_index(row, shape)))
        size = max(abs(numeric[row]), abs(analytic[row]), typical)
        verdict, reason = _verdict(found.rows(np.array([row])), tolerance[row], size, not np.any(analytic))
        slopes = float(numeric[row]), float(analytic[row]), float(tolerance[row])
        parts = float(found.truncation[row]), float(found.rounding[row]), float(found.step[row])
        rows.append(SlopeComparison(where, *slopes, *parts, verdict, reason))
    return tuple(rows)


def _verdict(line: Estimate, tolerance: np.longdouble, size: np.longdouble, is_flat: bool) -> tuple[Verdict, str]:
    """Return the verdict on one line and the reason if there is none.

    Parameters
    ----------
    line : Estimate
        Of one row.
    size : longdouble
        Of the slopes: the tolerance has to be small against it.
    is_flat : bool
        Whether all analytic slopes are 0.
    """
    if not np.isfinite(tolerance):
        return Verdict.INCONCLUSIVE, "f is not finite around x"
    disagrees = bool(abs(line.deviation[0]) > tolerance)
    if not disagrees and tolerance <= RESOLVED * size:
        return Verdict.AGREE, ""
    kink = "kink: the slopes left and right of x differ"
    if line.is_kinked[0] and line.is_between[0]:
        return Verdict.INCONCLUSIVE, f"{kink}, and the gradient lies between"
    if disagrees:
        return Verdict.DISAGREE, ""
    if line.is_kinked[0]:
        return Verdict.INCONCLUSIVE, kink
    if is_flat:
        return Verdict.INCONCLUSIVE, "the gradient vanishes here: take another x"
    if line.truncation[0] > line.rounding[0]:
        return Verdict.INCONCLUSIVE, "f bends too much within a step for a slope of this size"
    return Verdict.INCONCLUSIVE, "rounding hides a slope of this size"
