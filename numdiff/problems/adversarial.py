"""Adversarial problems: black boxes on which numerical derivatives are reported to fail, and what a good answer is.

They are for methods that see nothing but values of f. What is computed is often not what is meant: there is noise, or
a narrower format inside, or rounded output. So `Adversary.f` is what is called, and the true derivative is that of
`Adversary.meant`, by `numdiff.analysis.reference`. A sweep looks inside f and cannot take them: they have a registry of
their own and are no `numdiff.PROBLEMS`.

A good answer is a value with an error of at most `Adversary.within` and a bar that holds, or one of the honest statuses
of the problem with a bar that holds. Statuses are the names of those of `numdiff.derivative`; for any other method each
status but ok is honest where there is one.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.problems.noise import Noisy
from numdiff.registry import Registry

__all__ = ["ADVERSARIAL", "WIDE", "Adversary"]

_LINE = (-math.inf, math.inf)
_HALF_LINE = (0.0, math.inf)
_UNIT = (-1.0, 1.0)
WIDE = ("float64", "float80")
"""The formats of problems that need the range or the precision of a double."""
_SINGLE = ("float32", "float64", "float80")
_DOUBLE = ("float64",)

_CALCULUS = "Calculus.jl, pull request 131 (2019): log near 0"
_JACOBI = "jacobi, issue 37 (2023): one absolute step for elements of different magnitude"
_SCIPY_DIFFERENTIATE = (
    "SciPy, pull request 18811 (2024), discussion of the first step: sin at 10**10, log near its edge"
)
_SCIPY_RELU = "SciPy, issue 12887 (2020): the derivative of a ReLU at and near its kink"
_SCIPY_SINGLE = "SciPy, issue 12991 (2020): least squares of a model in float32"
_DEERLAB = "DeerLab, pull request 58 (2020): values outside the bounds are NaN or infinite"
_GMSW = (
    "P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, Computing forward-difference intervals for numerical "
    "optimization, SIAM J. Sci. Stat. Comput. 4 (1983) 310-321: f'' that vanishes"
)
_MORE_WILD = (
    "J. J. Moré and S. M. Wild, Estimating derivatives of noisy simulations, ACM Trans. Math. Softw. 38 (2012) 19:1-21"
)
_HIGHAM = "N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002), section 1.7"
_GLASSERMAN = "P. Glasserman, Monte Carlo Methods in Financial Engineering, Springer (2003), section 7.1"
_OURS = "ours"

_KINK = ("kink",)
_UNCLEAR = ("no_digits", "ambiguous", "budget")
_UNRESOLVED = ("oscillates", *_UNCLEAR)
_THIRD = 1 / math.sqrt(3)
"""The standard deviation of what is uniform on (-1, 1)."""


@dataclass(frozen=True)
class Adversary:
    """A black box, the points at which it is differentiated, and what a good answer is.

    Parameters
    ----------
    name : str
    formula : str
        What is meant, in Python notation.
    f : callable
        What is computed, elementwise.
    points : tuple of float
    reason : str
        What goes wrong there: one line.
    source : str
        Where it was reported or published.
    meant : callable, optional
        What f stands for, as an elementwise NumPy callable that can be traced; f itself by default.
    domain : tuple of float
        The open interval in which f may be evaluated.
    within : float
        The largest good error, relative to max(|f′|, `scale`); 0 where no value is good enough without a status.
    scale : float
        The size of f over that of x, below which f′ is as good as 0.
    statuses : tuple of str
        Honest statuses.
    slopes : tuple of float, optional
        At a kink, f′ from the left and from the right: an honest bar covers both.
    jumps : bool
        Whether f jumps at the points: then no finite bar is honest.
    deviation : callable, optional
        x ↦ the standard deviation of f, where it is known.
    undecidable : str
        Why no method that sees values alone can do better than a wrong value; `noise=` is the cure then.
    formats : tuple of str
        In which it is a problem; all by default.

    Raises
    ------
    ValueError
        If neither a good error nor an honest status is named, or a point is outside the domain.

    Examples
    --------
    >>> import numpy as np
    >>> steep = Adversary("steep", "exp(1e3*x)", lambda x: np.exp(1e3 * x), (0.0,), "A small scale.", "ours")
    >>> steep.smooth, steep.runs_in("float32")
    (True, True)
    """

    name: str
    formula: str
    f: Callable[[Any], Any]
    points: tuple[float, ...]
    reason: str
    source: str
    meant: Callable[[Any], Any] | None = None
    domain: tuple[float, float] = _LINE
    within: float = 1e-4
    scale: float = 0.0
    statuses: tuple[str, ...] = ()
    slopes: tuple[float, float] | None = None
    jumps: bool = False
    deviation: Callable[[float], float] | None = None
    undecidable: str = ""
    formats: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.within and not self.statuses:
            raise ValueError(f"within or statuses must say what a good answer of {self.name!r} is, got neither")
        for x in self.points:
            if not self.domain[0] < x < self.domain[1]:
                raise ValueError(f"points of {self.name!r} must lie inside {self.domain!r}, got {x!r}")

    @property
    def smooth(self) -> bool:
        """Whether f is meant to have a derivative at the points."""
        return self.slopes is None and not self.jumps

    def runs_in(self, format_name: str) -> bool:
        """Return whether it is a problem in a format."""
        return not self.formats or format_name in self.formats


def _single(x: Any) -> Any:
    """Return numbers rounded to float32, in their own format."""
    return x.astype(np.float32)


def _single_inside(x: Any) -> Any:
    return np.exp(_single(x)).astype(x.dtype)


def _single_result(x: Any) -> Any:
    return _single(np.sin(x)).astype(x.dtype)


def _stairs(x: Any) -> Any:
    return np.round(np.exp(x), 6)


def _percent(x: Any) -> Any:
    return np.round(100.0 * np.tanh(x), 2) / 100.0


def _exp_sin(x: Any) -> Any:
    return np.exp(np.sin(x))


_GROWTH = tuple(0.7 + 0.6 * (path + 0.5) / 200 for path in range(200))
"""The growth of the price along each of 200 paths."""


def _option(x: Any) -> Any:
    """Return the mean payoff of a call at the price x, over fixed paths: a polygon with a kink for each path."""
    total = x * 0.0
    for growth in _GROWTH:
        total = total + np.maximum(x * growth - 1.0, 0.0)
    return total / 200.0


def _noise(power: int, within: float) -> Adversary:
    """Return a problem with noise of a power of ten, relative to f."""
    level = 10.0**power
    return Adversary(
        f"noise_of_1em{-power}",
        "exp(sin(x))",
        Noisy(_exp_sin, level),
        (0.5, 2.0),
        f"Deterministic noise of up to 10**{power} of f.",
        _MORE_WILD,
        meant=_exp_sin,
        within=within,
        statuses=_UNCLEAR,
        deviation=lambda x: level * _THIRD * math.exp(math.sin(x)),
        formats=WIDE,
    )


_SIZES: tuple[Adversary, ...] = (
    Adversary(
        "huge_argument_square",
        "x**2",
        lambda x: x * x,
        (1e20, -1e20),
        "A step of fixed size is lost in x; the best one is of the size of x.",
        _SCIPY_DIFFERENTIATE,
        formats=WIDE,
    ),
    Adversary(
        "huge_argument_log",
        "log(x)",
        np.log,
        (1e20, 1e9),
        "The slope is far below every absolute tolerance.",
        _SCIPY_DIFFERENTIATE,
        domain=_HALF_LINE,
        within=1e-2,
        formats=_SINGLE,
    ),
    Adversary(
        "huge_argument_sine",
        "sin(x)",
        np.sin,
        (1e10,),
        "A step relative to x spans many periods; there is a good one nevertheless.",
        _SCIPY_DIFFERENTIATE,
        within=1e-2,
        statuses=_UNRESOLVED,
        formats=WIDE,
    ),
    Adversary(
        "unresolved_sine",
        "sin(x)",
        np.sin,
        (1e20, 1e18),
        "Neighbouring numbers are many periods apart: no step can see the slope.",
        _OURS,
        within=1e-2,
        statuses=_UNRESOLVED,
        formats=_DOUBLE,
    ),
    Adversary(
        "tiny_argument_exp",
        "exp(x)",
        np.exp,
        (1e-20, -1e-20),
        "A step relative to x changes nothing; the scale of f is 1.",
        _CALCULUS,
        formats=_SINGLE,
    ),
    Adversary(
        "tiny_argument_square",
        "x**2",
        lambda x: x * x,
        (1e-10, -1e-8),
        "The slope is far below f over the usual step.",
        _CALCULUS,
        statuses=("no_digits", "budget"),
        formats=_SINGLE,
    ),
    Adversary(
        "reciprocal_near_zero",
        "1/x",
        lambda x: 1.0 / x,
        (1e-20, 1e-6),
        "The scale of f is x itself, and there is a pole at 0.",
        _CALCULUS,
        domain=_HALF_LINE,
        formats=WIDE,
    ),
    Adversary(
        "mixed_scales",
        "x*log(x)",
        lambda x: x * np.log(x),
        (1.0, 1e3, 1e6, 1e9),
        "Inputs from 1 to 10**9 beside each other: each needs a step of its own.",
        _JACOBI,
        domain=_HALF_LINE,
        within=1e-3,
        formats=_SINGLE,
    ),
    Adversary(
        "slow_sine",
        "sin(1e-9*x)",
        lambda x: np.sin(1e-9 * x),
        (1e9, 1.0),
        "The scale of f is far above that of one of the points.",
        _JACOBI,
        within=1e-2,
        formats=WIDE,
    ),
    Adversary(
        "scaled_exponential",
        "exp(-x/1e6)",
        lambda x: np.exp(-x / 1e6),
        (0.01, 1.0),
        "A step of the size of x changes f by less than an ulp in float32.",
        "M. Baudin, numericalderivative 0.3 (2025), benchmark problem with alpha = 10**6",
        within=1e-2,
        statuses=_UNCLEAR,
        formats=_SINGLE,
    ),
    Adversary(
        "steep_exponential",
        "exp(1e6*x)",
        lambda x: np.exp(1e6 * x),
        (0.0, 1e-5),
        "f overflows at the usual first step, and varies on a scale of 10**-6.",
        _SCIPY_DIFFERENTIATE,
        within=1e-3,
        formats=WIDE,
    ),
    Adversary(
        "subnormal_values",
        "1e-310*sin(x)",
        lambda x: 1e-310 * np.sin(x),
        (1.0, 2.0),
        "Values of 44 bits instead of 53: the noise is absolute.",
        _OURS,
        formats=_DOUBLE,
    ),
    Adversary(
        "subnormal_argument",
        "exp(x)",
        np.exp,
        (5e-310, -5e-310),
        "A step relative to x is subnormal.",
        _OURS,
        formats=_DOUBLE,
    ),
    Adversary(
        "huge_values",
        "1e300*sin(x)",
        lambda x: 1e300 * np.sin(x),
        (1.0, 3.0),
        "A squared error, or a sum of weights times values, overflows.",
        _OURS,
        formats=_DOUBLE,
    ),
    Adversary(
        "overflow_beside",
        "exp(x)",
        np.exp,
        (709.0,),
        "f overflows 0.78 to the right of x.",
        _SCIPY_DIFFERENTIATE,
        statuses=("not_finite", "touches_domain"),
        formats=_DOUBLE,
    ),
    Adversary(
        "offset_million",
        "1e6 + sin(x)",
        lambda x: 1e6 + np.sin(x),
        (1.0, 2.0),
        "Six digits of f are the offset.",
        _GMSW,
        within=1e-6,
        statuses=_UNCLEAR,
        formats=_SINGLE,
    ),
    Adversary(
        "offset_trillion",
        "1e12 + exp(x)",
        lambda x: 1e12 + np.exp(x),
        (1.0,),
        "Twelve digits of f are the offset: what is left is a staircase.",
        _GMSW,
        within=1e-2,
        statuses=_UNCLEAR,
        formats=_DOUBLE,
    ),
    Adversary(
        "offset_hides_all",
        "1e17 + sin(x)",
        lambda x: 1e17 + np.sin(x),
        (1.0,),
        "f is a constant as computed: no value tells it from one.",
        _GMSW,
        within=1e-2,
        statuses=_UNCLEAR,
        undecidable="the computed function is constant",
        formats=_DOUBLE,
    ),
)
"""Problems of size: of the argument, of the value, of the scale on which f varies."""


_EDGES: tuple[Adversary, ...] = (
    Adversary(
        "log_at_its_edge",
        "log(x)",
        np.log,
        (1e-50, 1e-10, 1e-5),
        "A step above x leaves the domain.",
        _CALCULUS,
        domain=_HALF_LINE,
        statuses=("touches_domain",),
        formats=WIDE,
    ),
    Adversary(
        "log_without_a_domain",
        "log(x)",
        np.log,
        (1e-10, 1e-5),
        "The same, and nobody says where the domain ends: f is NaN there.",
        _DEERLAB,
        statuses=("not_finite", "touches_domain", "budget"),
        formats=WIDE,
    ),
    Adversary(
        "root_at_its_edge",
        "sqrt(x)",
        np.sqrt,
        (1e-12, 1e-6),
        "All derivatives grow without limit at the end of the domain.",
        _DEERLAB,
        domain=_HALF_LINE,
        statuses=("touches_domain",),
        formats=_SINGLE,
    ),
    Adversary(
        "arcsine_at_its_edge",
        "arcsin(x)",
        np.arcsin,
        (1 - 2.0**-20, 2.0**-12 - 1),
        "The domain ends beside x, on either side.",
        _DEERLAB,
        domain=_UNIT,
        within=1e-2,
        statuses=("touches_domain", "no_digits", "budget"),
        formats=_SINGLE,
    ),
    Adversary(
        "flat_cosine",
        "cos(x)",
        np.cos,
        (0.0, math.pi),
        "The derivative is 0, or one ulp of it.",
        _GMSW,
        scale=1.0,
        statuses=("no_digits",),
    ),
    Adversary(
        "flat_quartic",
        "(x - 1)**4",
        lambda x: (x - 1.0) * (x - 1.0) * (x - 1.0) * (x - 1.0),
        (1.0,),
        "The first three derivatives are 0, and f is too.",
        _GMSW,
        scale=1.0,
        statuses=("no_digits",),
    ),
    Adversary(
        "constant",
        "3",
        lambda x: 0.0 * x + 3.0,
        (0.5, 0.0),
        "All derivatives are 0: a rule that divides by one fails.",
        _GMSW,
        scale=1.0,
        statuses=("no_digits",),
    ),
    Adversary(
        "line",
        "2*x + 1",
        lambda x: 2.0 * x + 1.0,
        (0.7, 0.0),
        "f'' and f''' are 0: the best step has no limit.",
        _GMSW,
        within=1e-2,
        formats=_SINGLE,
    ),
    Adversary(
        "parabola",
        "3*x**2 - x",
        lambda x: 3.0 * x * x - x,
        (0.7, 2.0),
        "f''' is 0: the centered difference has no truncation error.",
        _GMSW,
        within=2e-2,
        formats=_SINGLE,
    ),
    Adversary(
        "odd_quintic",
        "x**5 + x",
        lambda x: x * x * x * x * x + x,
        (0.0,),
        "f, f'' and f''' are 0.",
        _GMSW,
        within=2e-2,
        formats=_SINGLE,
    ),
)
"""Problems near the end of a domain, and with derivatives that vanish."""


_ROUGH: tuple[Adversary, ...] = (
    Adversary(
        "absolute_value",
        "abs(x)",
        np.abs,
        (0.0,),
        "By symmetry the centered difference is exactly 0.",
        _SCIPY_RELU,
        within=0.0,
        statuses=_KINK,
        slopes=(-1.0, 1.0),
        formats=_SINGLE,
    ),
    Adversary(
        "relu",
        "maximum(x, 0)",
        lambda x: np.maximum(x, 0.0),
        (0.0,),
        "The centered difference is 1/2 for all steps: they agree on nothing's slope.",
        _SCIPY_RELU,
        within=0.0,
        statuses=_KINK,
        slopes=(0.0, 1.0),
        formats=_SINGLE,
    ),
    Adversary(
        "kink_of_a_curve",
        "exp(x) + abs(x - 0.5)",
        lambda x: np.exp(x) + np.abs(x - 0.5),
        (0.5,),
        "A kink where f is curved too.",
        _SCIPY_RELU,
        within=0.0,
        statuses=_KINK,
        slopes=(math.exp(0.5) - 1, math.exp(0.5) + 1),
        formats=_SINGLE,
    ),
    Adversary(
        "kink_beside",
        "abs(x - 1)",
        lambda x: np.abs(x - 1.0),
        (1.001, 1.0 + 2.0**-20),
        "There is a derivative, and a kink within the usual steps.",
        _SCIPY_RELU,
        within=2e-2,
        statuses=("kink", "ambiguous", "no_digits", "budget"),
        formats=_SINGLE,
    ),
    Adversary(
        "unit_step",
        "where(x < 0, 0, 1)",
        lambda x: np.where(x < 0, x * 0.0, x * 0.0 + 1.0),
        (0.0,),
        "The quotient grows as 1/h.",
        _OURS,
        within=0.0,
        statuses=("jump", "oscillates", "ambiguous"),
        jumps=True,
        formats=_SINGLE,
    ),
    Adversary(
        "jump_of_a_curve",
        "sin(x) + where(x < 1, 0, 0.125)",
        lambda x: np.sin(x) + np.where(x < 1, x * 0.0, x * 0.0 + 0.125),
        (1.0,),
        "A jump on top of a slope.",
        _OURS,
        within=0.0,
        statuses=("jump", "oscillates", "ambiguous"),
        jumps=True,
        formats=_SINGLE,
    ),
    Adversary(
        "floor_between",
        "floor(x) + x",
        lambda x: np.floor(x) + x,
        (1.5, 2.25),
        "The slope is 1 between the jumps; a wide step sees 2.",
        _OURS,
        within=2e-2,
        statuses=("jump", "ambiguous", "oscillates"),
        formats=_SINGLE,
    ),
    Adversary(
        "sine_of_reciprocal",
        "sin(1/x)",
        lambda x: np.sin(1.0 / x),
        (1e-3, 1e-4),
        "Oscillations that accumulate at 0.",
        "GNU Scientific Library, test program of gsl_deriv (2009): sin(1/x), there at 0.45",
        domain=_HALF_LINE,
        within=1e-2,
        statuses=_UNRESOLVED,
        formats=WIDE,
    ),
    Adversary(
        "fast_oscillation",
        "sin(1e4*x)",
        lambda x: np.sin(1e4 * x),
        (1.0, 0.3),
        "1,600 periods within the first step of most methods.",
        _SCIPY_DIFFERENTIATE,
        within=1e-3,
        statuses=_UNRESOLVED,
        formats=WIDE,
    ),
    Adversary(
        "faster_oscillation",
        "sin(1e7*x)",
        lambda x: np.sin(1e7 * x),
        (1.0, 0.3),
        "Values that look like noise at all usual steps.",
        _SCIPY_DIFFERENTIATE,
        within=1e-2,
        statuses=_UNRESOLVED,
        formats=WIDE,
    ),
    Adversary(
        "alias_of_halving",
        "x + 0.01*sin(128*pi*x)",
        lambda x: x + 0.01 * np.sin(402.1238596594935 * x),
        (0.3, 0.7),
        "The period is a power of two: at halved steps the ripple is invisible, then it is all.",
        _OURS,
        within=1e-3,
        statuses=_UNRESOLVED,
        formats=_SINGLE,
    ),
    Adversary(
        "steep_front",
        "tanh(1e4*(x - 1))",
        lambda x: np.tanh(1e4 * (x - 1.0)),
        (1.0, 1.00005),
        "A front that looks like a jump at all usual steps.",
        _OURS,
        within=1e-2,
        statuses=("jump", "ambiguous", "no_digits", "budget", "oscillates"),
        formats=WIDE,
    ),
)
"""Problems with kinks, jumps and oscillations."""


_NOISY: tuple[Adversary, ...] = (
    *(_noise(power, within) for power, within in ((-12, 1e-7), (-8, 1e-4), (-4, 0.1), (-2, 0.5))),
    Adversary(
        "single_inside",
        "exp(x)",
        _single_inside,
        (0.7, 2.3),
        "float32 behind an interface of float64: f is a staircase of width 10**-7.",
        _SCIPY_SINGLE,
        meant=np.exp,
        within=1e-3,
        statuses=_UNCLEAR,
        deviation=lambda x: 2.0**-24 * math.exp(x) * (1 + abs(x)),
        formats=WIDE,
    ),
    Adversary(
        "single_result",
        "sin(x)",
        _single_result,
        (0.7, 2.3),
        "The result passed through float32.",
        _SCIPY_SINGLE,
        meant=np.sin,
        within=1e-3,
        statuses=_UNCLEAR,
        deviation=lambda x: 2.0**-25 * _THIRD,
        formats=WIDE,
    ),
    Adversary(
        "rounded_output",
        "exp(x)",
        _stairs,
        (0.5, 1.0),
        "Six decimals, as a program prints them: stairs.",
        _MORE_WILD,
        meant=np.exp,
        within=1e-2,
        statuses=_UNCLEAR,
        deviation=lambda x: 1e-6 / math.sqrt(12),
        formats=WIDE,
    ),
    Adversary(
        "rounded_percentage",
        "tanh(x)",
        _percent,
        (0.5, 1.0),
        "Two decimals of a percentage: stairs 10**-4 high.",
        _MORE_WILD,
        meant=np.tanh,
        within=0.1,
        statuses=_UNCLEAR,
        deviation=lambda x: 1e-4 / math.sqrt(12),
        formats=WIDE,
    ),
    Adversary(
        "cancelled_quotient",
        "(1 - cos(x))/x**2",
        lambda x: (1.0 - np.cos(x)) / (x * x),
        (1e-7, 3e-8),
        "As computed it is c/x**2 between jumps: smooth, and wrong.",
        _HIGHAM,
        within=1e-2,
        statuses=_UNCLEAR,
        undecidable="the computed function is smooth and has another slope",
        deviation=lambda x: 2.0**-53 / (x * x),
        formats=_DOUBLE,
    ),
    Adversary(
        "monte_carlo_option",
        "mean of max(x*g - 1, 0)",
        _option,
        (1.003, 0.902),
        "A polygon with 200 kinks, which is smooth in the mean.",
        _GLASSERMAN,
        within=0.1,
        statuses=("kink", "ambiguous", "no_digits", "budget"),
        undecidable="kinks along a sample path",
        formats=WIDE,
    ),
)
"""Problems with noise of a known level, of a narrower format, or of rounded output."""


ADVERSARIAL: Registry[Adversary] = Registry("adversarial problem", (*_SIZES, *_EDGES, *_ROUGH, *_NOISY), Adversary)
"""All adversarial problems, by name.

Examples
--------
>>> ADVERSARIAL["relu"].statuses, ADVERSARIAL["relu"].slopes
(('kink',), (0.0, 1.0))
"""
