"""The decision rules of the gradient checkers that people use, at their documented defaults.

Each rule is written anew after the public source that its `Checker` names, and does what that source does: the
steps, the directions (drawn from the same generator in the same order), the format in which each operation is
rounded, the tolerances and the side on which the relative one stands. One thing is ours: scalar products, which the
libraries leave to a BLAS or to their compiler, are summed from left to right (`numdiff.floats.fixed_order`), in the
same format, so that a verdict near its tolerance is the same on every machine. f is a function ℝⁿ → ℝ that computes in
the format of x, and takes wider arguments by rounding them to it.

What a rule decides is a `Decision`. A checker that raises another error than its rejection, or does not take a format
at all, says so in its verdict: such a trial is neither a detection nor a miss.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
import scipy
from scipy.optimize import check_grad

from numdiff.floats.fixed_order import dot
from numdiff.floats.formats import format_of

Function = Callable[[np.ndarray], Any]
Rule = Callable[..., "Outcome"]
"""(f, gradient, x, seed) → Outcome; of a checker that repeats, with the number of evaluations at the end."""
ALL_FORMATS = ("bfloat16", "float16", "float32", "float64")
IEEE_FORMATS = ("float16", "float32", "float64")
SCIPY_LIMIT = 1e-5
"""Where the number that `check_grad` returns counts as a rejection; its documentation names no limit.

A text search found 13 assertions in public repositories, with limits from 1e-7 to 1e-2 and the median 1e-5
(scikit-learn's sklearn/neighbors/tests/test_nca.py has 1e-4), nearly all of them absolute. That the number is not
relative to the gradient is a known complaint: https://github.com/scipy/scipy/issues/7766.
"""


class Decision(StrEnum):
    """What a checker said of a gradient."""

    PASSED = "passed"
    REJECTED = "rejected"
    INCONCLUSIVE = "inconclusive"
    INEXACT = "called inexact"
    """It is not rejected, but said to be right to some digits only, somewhere."""
    FAILED = "failed"
    """It raised an error that is not its rejection."""
    UNAVAILABLE = "unavailable"
    """It does not take the format."""


class Line(StrEnum):
    """What a checker said of one coordinate, or along one direction."""

    AGREE = "agree"
    ZERO = "zero"
    """0 is claimed, and nothing above the bar is seen."""
    INEXACT = "inexact"
    """Right to some digits, but not to those of the format."""
    DISAGREE = "disagree"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Outcome:
    """The answer of a checker.

    Parameters
    ----------
    verdict : Decision
        On the whole gradient.
    note : str
        What it rests on, in a few words.
    lines : tuple of Line
        The verdict on each coordinate, or along each direction; empty where there is only that on the whole.
    bars : tuple of float
        How far a slope may be off, for each line; empty where the checker has none of its own.
    """

    verdict: Decision
    note: str = ""
    lines: tuple[Line, ...] = ()
    bars: tuple[float, ...] = ()

    @property
    def rejected(self) -> bool:
        """Whether the checker said that the gradient is wrong."""
        return self.verdict is Decision.REJECTED

    @property
    def noticed(self) -> bool:
        """Whether it said that something is wrong, or inexact."""
        return self.verdict in (Decision.REJECTED, Decision.INEXACT)


@dataclass(frozen=True)
class Checker:
    """A gradient checker.

    Parameters
    ----------
    name, version : str
        The function, and the release whose source was read or run.
    mode : {"coordinates", "direction", "directions"}
        What is compared: every partial derivative, or the derivative in one or several random directions.
    formats : tuple of str
        The formats that it takes.
    rule : callable
        (f, gradient, x, seed) → Outcome.
    source : str
        Where the rule is published.
    defaults : str
        Its difference, step and tolerance in short.
    repeats : bool
        Whether the rule also takes how many evaluations it may make, as its last argument: it draws further directions
        until they are used.
    """

    name: str
    version: str
    mode: str
    formats: tuple[str, ...]
    rule: Rule
    source: str = ""
    defaults: str = ""
    repeats: bool = False

    def check(self, f: Function, gradient: Function, x: np.ndarray, seed: int = 0, evaluations: int = 0) -> Outcome:
        """Return the verdict on `gradient` at x, shape (n,), after so many evaluations of f; nothing is raised."""
        if format_of(x).name not in self.formats:
            return Outcome(Decision.UNAVAILABLE, f"does not take {format_of(x).name}")
        try:
            with np.errstate(all="ignore"):
                return self.rule(f, gradient, x, seed, *[evaluations] * self.repeats)
        except Exception as error:  # whatever a foreign library raises is its answer
            return Outcome(Decision.FAILED, f"{type(error).__name__}: {error}".split("\n")[0][:160])


def decided(wrong: Any, note: str) -> Outcome:
    """Return the outcome of a rule that has two answers."""
    return Outcome(Decision.REJECTED if wrong else Decision.PASSED, note)


def _wide(dtype: np.dtype) -> np.dtype:
    """Return the format in which PyTorch combines a tensor of some format with a Python number."""
    return np.dtype(np.float32) if dtype.itemsize == 2 else dtype


# --- PyTorch ---------------------------------------------------------------------------------------

TORCH_EPS, TORCH_ATOL, TORCH_RTOL = 1e-6, 1e-5, 1e-3


def torch_gradcheck(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Decide as `torch.autograd.gradcheck` does in its default, slow mode.

    nᵢ = (f(x + eps·eᵢ) − f(x − eps·eᵢ)) / (2 eps) for every coordinate, everything in the format of x; rejected
    where |gᵢ − nᵢ| > atol + rtol·|nᵢ|, with eps = 1e-6, atol = 1e-5, rtol = 1e-3.

    A format below float64 gets a warning and is computed all the same. The further tests of gradcheck (that the
    backward pass is deterministic, and multiplies by its incoming gradient) hold for every gradient here.
    """
    wide, numeric, point = _wide(x.dtype), np.empty_like(x), x.copy()
    eps, twice = wide.type(TORCH_EPS), wide.type(2 * TORCH_EPS)
    for i in range(x.size):
        here = x[i].astype(wide)
        point[i] = (here - eps).astype(x.dtype)
        below = f(point)
        point[i] = (here + eps).astype(x.dtype)
        above = f(point)
        point[i] = x[i]
        numeric[i] = ((above - below).astype(wide) / twice).astype(x.dtype)
    claimed = gradient(x).astype(np.float64)
    numbers = numeric.astype(np.float64)
    excess = np.abs(claimed - numbers) / (TORCH_ATOL + TORCH_RTOL * np.abs(numbers))
    largest = float(np.max(excess))
    lines = tuple(Line.AGREE if one <= 1 else Line.DISAGREE for one in excess)
    return replace(decided(not largest <= 1, f"largest deviation {largest:.2g} × its tolerance"), lines=lines)


# --- JAX -------------------------------------------------------------------------------------------

JAX_EPS = 1e-4
JAX_TOLERANCE = {"bfloat16": 1e-1, "float16": 1e-2, "float32": 2e-3, "float64": 1e-5}


def jax_direction(x: np.ndarray) -> tuple[np.ndarray, Any]:
    """Return the tangent and the cotangent of `check_vjp`: those of RandomState(0), whatever the caller's seed."""
    random = np.random.RandomState(0)  # the generator of the source
    return random.randn(*x.shape).astype(x.dtype), x.dtype.type(random.randn())


def jax_check_grads(
    f: Function, gradient: Function, x: np.ndarray, seed: int, drawn: tuple[np.ndarray, Any] | None = None
) -> Outcome:
    """Decide as `jax.test_util.check_grads` does with ``order=1, modes=("rev",)``.

    With v and c standard normal from RandomState(0), d = (f(x + eps·v) − f(x − eps·v)) / (2 eps), everything in the
    format of x, eps = 1e-4: a rejection where |⟨v, c·g⟩ − c·d| > tol + tol·|c·d|, tol by format (1e-5 in float64, 2e-3
    in float32, 1e-2 in float16, 1e-1 in bfloat16).

    `order` has no default; the forward mode of the default modes does not exist for a function with a hand-written
    backward pass (jax.custom_vjp). Other v and c than those of the source are `drawn`.
    """
    tangent, cotangent = jax_direction(x) if drawn is None else drawn
    number = x.dtype.type
    step = tangent * number(JAX_EPS)
    slope = (f(x + step) - f(x - step)) * number(0.5 / JAX_EPS)
    claimed = float(dot(tangent, (cotangent * gradient(x)).astype(x.dtype)))
    numeric = float(slope * cotangent)
    tolerance = JAX_TOLERANCE[x.dtype.name]
    close = abs(claimed - numeric) <= tolerance + tolerance * abs(numeric)
    return decided(not close, f"claimed {claimed:.4g}, numeric {numeric:.4g}")


def jax_repeated(f: Function, gradient: Function, x: np.ndarray, seed: int, evaluations: int) -> Outcome:
    """Decide as `jax_check_grads` along as many directions as two evaluations each allow; all have to pass.

    The first direction is that of the source. The source has no repetition: this is what a user could do who gives it
    as many evaluations as another check takes.
    """
    random, kept = np.random.RandomState(seed), gradient(x)  # the generator of the source
    lines: list[Line] = []
    for number in range(max(1, evaluations // 2)):
        drawn = (random.randn(*x.shape).astype(x.dtype), x.dtype.type(random.randn())) if number else None
        found = jax_check_grads(f, lambda point: kept, x, seed, drawn)
        lines.append(Line.DISAGREE if found.rejected else Line.AGREE)
    return replace(decided(Line.DISAGREE in lines, f"{len(lines)} directions"), lines=tuple(lines))


# --- SciPy -----------------------------------------------------------------------------------------


def scipy_check_grad(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Take `scipy.optimize.check_grad` at its defaults, and reject above `SCIPY_LIMIT`.

    It returns ‖g − (f(x + eps·eᵢ) − f(x))/eps‖₂ with eps = 1.49e-8; x becomes float64, and a function that computes
    in a narrower format rounds it back.
    """
    distance = float(check_grad(lambda point: float(f(point)), lambda point: gradient(x).astype(np.float64), x))
    return decided(not distance <= SCIPY_LIMIT, f"distance {distance:.3g}")


# --- autograd --------------------------------------------------------------------------------------

AUTOGRAD_EPS, AUTOGRAD_TOL = 1e-6, 1e-6


def autograd_check_grads(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Decide as `autograd.test_util.check_grads` does with ``modes=["rev"], order=1``.

    With v and c standard normal, d = (f(x + eps/2·v) − f(x − eps/2·v)) / eps, eps = 1e-6, in the format of x: an
    a rejection unless |c·d − ⟨v, c·g⟩| < 1e-6 or that difference is below 1e-6 of |c·d + ⟨v, c·g⟩|.

    The default modes and order ask for a forward mode and a second derivative, which a function with a hand-written
    backward pass does not have.
    """
    random, number = np.random.RandomState(seed), x.dtype.type  # the generator of the source
    direction, scale = random.randn(*x.shape).astype(x.dtype), number(random.randn())
    step = direction * number(AUTOGRAD_EPS / 2)
    slope = (f(x + step) - f(x - step)) * number(1 / AUTOGRAD_EPS)
    numeric, claimed = scale * slope, dot(direction, scale * gradient(x))
    distance = abs(numeric - claimed)
    close = distance < AUTOGRAD_TOL or distance / abs(numeric + claimed) < AUTOGRAD_TOL
    return decided(not close, f"claimed {float(claimed):.4g}, numeric {float(numeric):.4g}")


# --- Chainer ---------------------------------------------------------------------------------------

CHAINER_EPS, CHAINER_ATOL, CHAINER_RTOL = 1e-3, 1e-5, 1e-4


def chainer_direction(n: int, seed: int) -> np.ndarray:
    """Return the direction of `check_backward`: normal, but no element below 0.1/√n, and of length 1."""
    normal = np.random.RandomState(seed).normal(size=n)  # the generator of the source
    squares = np.square(normal)
    return np.copysign(np.sqrt(0.99 / squares.sum() * squares + 0.01 / n), normal)


def chainer_check_backward(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Decide as `chainer.gradient_check.check_backward` does at its defaults.

    With w standard normal and vᵢ = sign(wᵢ) √(0.99 wᵢ²/‖w‖² + 0.01/n), a vector of length 1,
    d = (f(x + eps·v) − f(x − eps·v)) / (2 eps), eps = 1e-3: the points are computed in float64 and rounded to the
    format of x, the values of f are combined in float64; a rejection where |d − ⟨g, v⟩| > 1e-5 + 1e-4·|⟨g, v⟩|.

    The library itself does not import with NumPy 2 (it asks for np.sctypes), so that only the rule is here.
    """
    direction = chainer_direction(x.size, seed)
    centre = x.astype(np.float64)
    below, above = (float(f((centre + side * direction).astype(x.dtype))) for side in (-CHAINER_EPS, CHAINER_EPS))
    numeric = (above - below) / (2 * CHAINER_EPS)
    claimed = float((gradient(x).astype(np.float64) * direction).sum())
    close = abs(numeric - claimed) <= CHAINER_ATOL + CHAINER_RTOL * abs(claimed)
    return decided(not close, f"claimed {claimed:.4g}, numeric {numeric:.4g}")


RULES = (
    Checker(
        "torch gradcheck",
        "2.13.0",
        "coordinates",
        ALL_FORMATS,
        torch_gradcheck,
        "torch/autograd/gradcheck.py: gradcheck, _compute_numerical_gradient, _allclose_with_type_promotion; "
        "https://github.com/pytorch/pytorch/blob/v2.13.0/torch/autograd/gradcheck.py",
        "centered, h = 1e-6; 1e-5 + 1e-3 |numeric|",
    ),
    Checker(
        "jax check_grads",
        "0.10.2",
        "direction",
        ALL_FORMATS,
        jax_check_grads,
        "jax/_src/public_test_util.py: check_vjp, numerical_jvp, default_gradient_tolerance; "
        "https://github.com/jax-ml/jax/blob/jax-v0.10.2/jax/_src/public_test_util.py",
        "centered, h = 1e-4 times a normal direction; tol + tol |numeric|, tol from 1e-5 (float64) to 1e-1 (bfloat16)",
    ),
    Checker(
        "jax check_grads (repeated)",
        "0.10.2",
        "directions",
        ALL_FORMATS,
        jax_repeated,
        "jax/_src/public_test_util.py, along further directions; "
        "https://github.com/jax-ml/jax/blob/jax-v0.10.2/jax/_src/public_test_util.py",
        "as jax check_grads, along as many directions as our check has evaluations for",
        repeats=True,
    ),
    Checker(
        "scipy check_grad",
        scipy.__version__,
        "coordinates",
        ALL_FORMATS,
        scipy_check_grad,
        "scipy/optimize/_optimize.py: check_grad, approx_fprime; "
        "https://github.com/scipy/scipy/blob/v1.17.1/scipy/optimize/_optimize.py",
        "forward, h = 1.49e-8; the norm of the difference, here at most 1e-5",
    ),
    Checker(
        "autograd check_grads",
        "1.9.1",
        "direction",
        IEEE_FORMATS,
        autograd_check_grads,
        "autograd/test_util.py: check_vjp, make_numerical_jvp, scalar_close; "
        "https://github.com/HIPS/autograd/blob/v1.9.1/autograd/test_util.py",
        "centered, h = 5e-7 times a normal direction; 1e-6, or 1e-6 |numeric + claimed|",
    ),
    Checker(
        "chainer check_backward",
        "7.8.1",
        "direction",
        IEEE_FORMATS,
        chainer_check_backward,
        "chainer/gradient_check.py: check_backward, numerical_grad, and chainer/testing/array.py: assert_allclose; "
        "https://github.com/chainer/chainer/blob/v7.8.1/chainer/gradient_check.py",
        "centered, h = 1e-3 along a unit direction; 1e-5 + 1e-4 |claimed|",
    ),
)
"""The checkers as rules, all of which run without the libraries (SciPy is there)."""
