"""How an estimator is scored on the unseen set: truth, noise, the best centered difference, and the figures.

Errors are value − truth, where truth is a sum of three doubles (159 bits), subtracted one after the other in
longdouble: the leading subtraction is exact where the value is right to a factor of two.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.analysis.statistics import binomial_interval
from numdiff.floats.formats import FORMATS
from tests.adaptive.unseen_function import CONTEXT, POINTS, Unseen

__all__ = [
    "Outcome",
    "best_centered",
    "noisy",
    "outcome_of",
    "run",
    "signed_error",
    "truths",
    "unit_noise",
]

NEIGHBOURS, STEPS = 8, 8
LARGEST_STEP = 10
"""The largest relative step of the yardstick is 2 to this power."""
CHUNK = 1 << 14
"""Nodes a call."""


def truths(function: Unseen, x: np.ndarray) -> np.ndarray:
    """Return f′ at the points as three doubles each, shape (3, n)."""
    parts = np.zeros((3, x.size))
    for i, number in enumerate(x.ravel()):
        rest = function.derivative(exact(number))
        for part in parts:
            part[i] = float(rest)
            rest = rest - part[i]
    return parts


def exact(number: Any) -> Any:
    """Return a floating-point number as an exact number."""
    top, bottom = number.as_integer_ratio()
    return CONTEXT.mpf(top) / CONTEXT.mpf(bottom)


def signed_error(value: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return value − truth in longdouble."""
    difference = np.asarray(value, np.longdouble)
    for part in truth:
        difference = difference - part
    return difference


def unit_noise(x: np.ndarray, salt: int) -> np.ndarray:
    """Return numbers in (−1, 1), uniform, each a function of the bits of its node and of a salt.

    The bits are mixed by the finalizer of SplitMix64 (G. Steele, D. Lea, C. Flood 2014).
    """
    high = x.astype(np.float64)
    rest = (x - high.astype(x.dtype)).astype(np.float64)  # what a double does not hold
    state = np.full(x.shape, salt, np.uint64)
    for word in (high.view(np.uint64), rest.view(np.uint64)):
        state = (state ^ word) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return ((state >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-52 - 1.0


def noisy(function: Unseen, level: float) -> Callable[[np.ndarray], np.ndarray]:
    """Return f with the relative noise level·ξ, where ξ depends on the node alone; nodes in any shape."""
    salt = int(function.generator().integers(2**63))

    def evaluated(nodes: np.ndarray) -> np.ndarray:
        x = np.ascontiguousarray(nodes).ravel()
        values = np.empty_like(x)
        for start in range(0, x.size, CHUNK):
            part = x[start : start + CHUNK]
            with np.errstate(all="ignore"):
                value = np.asarray(function.f(part))
            if value.dtype != x.dtype or value.shape != part.shape:
                raise TypeError(f"{function.name} must return {x.dtype} {part.shape}, got {value.dtype} {value.shape}")
            values[start : start + CHUNK] = value
        if level:
            values = values * (1 + (level * unit_noise(x, salt)).astype(x.dtype))
        return values.reshape(np.shape(nodes))

    return evaluated


def neighbours(function: Unseen, x: np.ndarray) -> np.ndarray:
    """Return eight neighbours x·(1 + δ) of each point, shape (n, 8).

    |δ| is at most the reach of the function, 2⁻⁶ if it has no narrower features, and less near an end of the domain.
    """
    low, high = function.domain
    size = np.abs(x.astype(np.float64))
    room = np.minimum(x - low, high - x).astype(np.float64)
    reach = np.minimum(function.reach * size, room / 4)
    delta = np.random.default_rng(7).uniform(-1.0, 1.0, (x.size, NEIGHBOURS))
    return (x[:, None] + (delta * reach[:, None]).astype(x.dtype)).astype(x.dtype)


def best_centered(function: Unseen, f: Callable[[np.ndarray], np.ndarray], x: np.ndarray, fmt: Any) -> np.ndarray:
    """Return the error of the best centered difference at each point, shape (n,), float64.

    The root mean square over one binade of steps |x|·2^−(k + j/8), j = 0 … 7, and over eight neighbours, each against
    its own truth; the smallest over k, at least u·|f′(x)|. Steps that leave the domain or overflow do not compete.
    For a function that takes long, steps below |x|·√u are left out: rounding is u·|f|/h there, more than √u·|f/x|.
    """
    near = neighbours(function, x)
    truth = truths(function, near).reshape(3, *near.shape)
    low, high = function.domain
    best = np.full(x.size, np.inf)
    last = fmt.precision if function.yardstick_points == POINTS else fmt.precision // 2
    for k in range(-LARGEST_STEP, last):
        squares = np.zeros(x.size)
        for j in range(STEPS):
            with np.errstate(all="ignore"):
                step = (np.abs(near) * np.asarray(2.0 ** -(k + j / STEPS), x.dtype)).astype(x.dtype)
                right, left = near + step, near - step
                inside = (right < high) & (left > low) & np.isfinite(right) & (step > 0)
                usable = inside.all(axis=1)
                difference = np.full(near.shape, np.nan, x.dtype)
                values = f(np.stack([right[usable], left[usable]]))
                difference[usable] = (values[0] - values[1]) / (step + step)[usable]
                squares += np.mean(signed_error(difference, truth).astype(np.float64) ** 2, axis=1)
        rms = np.sqrt(squares / STEPS)
        best = np.fmin(best, rms)
    floor = 2.0**-fmt.precision * np.abs(truths(function, x)[0])
    return np.maximum(best, floor)


@dataclass(frozen=True)
class Outcome:
    """What an estimator returned for one function, and how far off it was.

    Attributes
    ----------
    function : Unseen
    deviation, bar : array, shape (n,)
        The estimate minus f′, as float64 (NaN where there is no estimate), and its error bar.
    truth : array
        f′, rounded to float64.
    status, evaluations : array of int
    yardstick : array, shape (m,)
        The error of the best centered difference at the first m points; empty if it was not measured.
    called, outside : int
        Nodes at which f was evaluated, and those of them that are not inside the domain.
    """

    function: Unseen
    deviation: np.ndarray
    bar: np.ndarray
    truth: np.ndarray
    status: np.ndarray
    evaluations: np.ndarray
    yardstick: np.ndarray
    called: int
    outside: int


def run(
    estimate: Callable[..., Any],
    function: Unseen,
    name: str,
    level: float = 0.0,
    told: bool = False,
    yardstick: bool = True,
) -> Outcome:
    """Run an estimator on one function in one format.

    Parameters
    ----------
    estimate : callable
        ``estimate(call, x, fmt, lower=…, upper=…, noise=None)``, where ``call(nodes, rows)`` returns f at nodes of any
        shape; lower and upper are the ends of the domain, as floats.
    function : Unseen
    name : str
        Of the format.
    level : float
        Relative noise.
    told : bool
        Whether the estimator learns the level, as `noise`.
    yardstick : bool
        Whether the best centered difference is measured.
    """
    fmt = FORMATS[name]
    x = function.points(fmt.dtype)
    f = noisy(function, level)
    low, high = function.domain
    called = outside = 0

    def call(nodes: np.ndarray, rows: Any = None) -> np.ndarray:
        nonlocal called, outside
        nodes = np.asarray(nodes)
        if nodes.dtype != fmt.dtype:
            raise TypeError(f"nodes must have the dtype {fmt.dtype}, got {nodes.dtype}")
        called += nodes.size
        outside += nodes.size - int(((nodes > low) & (nodes < high)).sum())
        return f(nodes)

    answer = estimate(call, x.copy(), fmt, lower=low, upper=high, noise=level if told else None)
    counts = called, outside  # before the yardstick
    some = x[: function.yardstick_points]
    best = best_centered(function, f, some, fmt) if yardstick else np.empty(0)
    return outcome_of(function, answer, truths(function, x), best, counts)


def outcome_of(function: Unseen, answer: Any, truth: np.ndarray, best: np.ndarray, counts: tuple[int, int]) -> Outcome:
    """Compare an answer with the truth."""
    shape = truth[0].shape
    value, bar = (np.broadcast_to(np.asarray(part), shape) for part in (answer.value, answer.error))
    status, evaluations = (np.broadcast_to(np.asarray(part), shape) for part in (answer.status, answer.evaluations))
    deviation = signed_error(value, truth).astype(np.float64)
    return Outcome(function, deviation, bar.astype(np.float64), truth[0], status, evaluations, best, *counts)


def quantile(numbers: np.ndarray, share: float) -> float:
    """Return the smallest number with at least this share at or below it; NaN counts as infinite."""
    ordered = np.sort(np.where(np.isnan(numbers), np.inf, numbers))
    return float(ordered[max(math.ceil(share * ordered.size) - 1, 0)]) if ordered.size else math.nan


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return the figures of one function, or of several pooled.

    A refusal is an infinite or missing bar. Coverage is over the answers that are not refused. A point without a
    value counts as an infinite error. A point where f′ = 0 has no relative error, and none over the yardstick.
    """
    join = lambda attribute: np.concatenate([getattr(outcome, attribute) for outcome in outcomes])
    size, bar, truth, status = np.abs(join("deviation")), join("bar"), np.abs(join("truth")), join("status")
    refused = ~np.isfinite(bar)
    size = np.where(np.isnan(size), np.inf, size)
    answered = int((~refused).sum())
    covered = int((size[~refused] <= bar[~refused]).sum())
    with np.errstate(all="ignore"):
        ratio = np.where(size > 0, bar / size, np.inf)[~refused]
        relative = (size / truth)[truth > 0]
        rivals = [np.abs(o.deviation[: o.yardstick.size]) / o.yardstick for o in outcomes]
    counts = np.concatenate([np.isfinite(o.yardstick) & (o.truth[: o.yardstick.size] != 0) for o in outcomes])
    rival = np.concatenate(rivals)[counts]
    firm = (status == 0) & ~refused
    return {
        "points": size.size,
        "answered": answered,
        "coverage": covered / answered if answered else math.nan,
        "interval": binomial_interval(covered, answered) if answered else (0.0, 1.0),
        "bar_ratio": quantile(ratio, 0.5),
        "refused": int(refused.sum()),
        "evaluations": float(np.median(join("evaluations"))),
        "called": sum(outcome.called for outcome in outcomes) / size.size,
        "outside": sum(outcome.outside for outcome in outcomes),
        "beyond_3": int((size[firm] > 3 * bar[firm]).sum()),
        "beyond_10": int((size[firm] > 10 * bar[firm]).sum()),
        "relative": (quantile(relative, 0.5), quantile(relative, 0.9)),
        "rival": (quantile(rival, 0.5), quantile(rival, 0.9)),
    }
