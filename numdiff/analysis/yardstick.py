r"""The yardstick: how accurate the best difference of a formula near a point is.

A method that chooses its own steps is compared with what the plain formula can do there, at a step that nobody could
have known. The error of the formula is taken at steps of a fine grid and at eight neighbours of x, each against its own
true derivative,

    e_ij = D(xᵢ, hⱼ) − f⁽ᵐ⁾(xᵢ),    xᵢ = x(1 + δᵢ), |δᵢ| ≤ 2⁻⁶,

where m is the order of the derivative that the formula is for, and the yardstick is the smallest root mean square over
all neighbours and the steps of one binade,

    Y = max(u|f⁽ᵐ⁾(x)|, min_k √(mean of e_ij² over all i and the j of binade k)).                                 (1)

Where x is 0 the neighbours are δᵢs with the largest power of two s ≤ 1 for which f varies there by no more than
max(1, |f(0)|): of an even function every centered difference at 0 itself is exact, which says nothing of the formula.
A mean over a binade and over neighbours, because the error at one step and one point may be small by luck; the floor,
because no result of the format is better than one rounding.

References
----------
R. S. Stepleman and N. D. Winarsky, Adaptive numerical differentiation, Math. Comp. 33 (1979) 1257-1264, section 2: the
error of the quotient as a function of h, with one minimum between truncation and rounding.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from numdiff.analysis.enclosures import split, two_doubles
from numdiff.analysis.reference import ExactFunction, precisions
from numdiff.arithmetic.ball import Ball
from numdiff.floats.call import evaluate
from numdiff.floats.dyadic import Dyadic
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, Stencil

__all__ = ["NEIGHBOURS", "TrueDerivatives", "best_rms", "errors_of", "exact_points", "foresee", "neighbours"]
__all__ += ["step_grid", "yardstick"]

Function: TypeAlias = Callable[[Any], Any]
Domain: TypeAlias = tuple[float, float]
"""The ends of an open interval."""

NEIGHBOURS = (0.97, 0.71, 0.43, 0.19, -0.19, -0.43, -0.71, -0.97)
"""δ in units of 2⁻⁶."""
_CLOSE = 2.0**-6
PER_BINADE = 8
"""Steps in a binade of the grid: fl(1.2357·2ᵏ(1 + j/8)), j = 0 … 7."""
_GENERIC = 1.2357
"""No step of the grid is dyadic: dyadic steps hide the rounding of arguments."""
_WIDEST = 6
"""The grid ends at 2⁶·max(1, |x|): beyond, the error of a straight line falls for ever."""
_NARROWEST = -64
"""The grid begins at 2⁻⁶⁴ where x is 0, and else where x + h begins to differ from x."""


class TrueDerivatives:
    """f, f′ or a higher derivative at many points, as sums of two doubles, from the house's reference.

    Parameters
    ----------
    exact : ExactFunction
        It proves the values, or a `numdiff.analysis.twin.Twin` gives them.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.analysis.reference import ExactFunction
    >>> high, low = TrueDerivatives(ExactFunction(np.exp, engine="arb"))([(1, 0)])
    >>> high[0], low[0]
    (np.float64(2.718281828459045), np.float64(1.4456468917292502e-16))
    """

    def __init__(self, exact: ExactFunction) -> None:
        self.exact = exact

    def __call__(self, points: Sequence[Dyadic], order: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Return the high and the low parts, both NaN where there is no derivative; infinite where it is too large.

        Parameters
        ----------
        points : sequence of Dyadic
        order : int
            Which derivative; 0 for the values of f.

        Returns
        -------
        ndarray of float64, shape (n,)
            The nearest doubles.
        ndarray of float64, shape (n,)
            What they lack.
        """
        found: dict[Dyadic, tuple[float, float]] = {}
        missing = list(dict.fromkeys(points))
        for bits in precisions():
            values = self.exact.derivative(missing, bits, order) if order else self.exact.values(missing, bits)
            for point in missing:
                parts = two_doubles(values[point])
                if parts is not None:
                    found[point] = parts
            missing = [point for point in missing if point not in found]
            if not missing:
                break
        for point in missing:
            found[point] = (0.0, 0.0) if isinstance(values[point], Ball) else (math.nan, math.nan)
        pairs = np.array([found[point] for point in points], dtype=np.float64).reshape(len(points), 2)
        return pairs[:, 0].copy(), pairs[:, 1].copy()


def errors_of(values: np.ndarray, high: np.ndarray, low: np.ndarray) -> np.ndarray:
    """Return value − truth as doubles, for values of a format and truths that are sums of two doubles."""
    above, below = split(values)
    with np.errstate(invalid="ignore", over="ignore"):
        return (above - high) + (below - low)


def neighbours(fmt: FloatFormat, x: Any, domain: Domain, scale: float) -> np.ndarray:
    """Return the eight neighbours of a point in the format, all inside the open domain.

    Near an end of the domain they are at most half as far from x as the end is.

    Parameters
    ----------
    fmt : FloatFormat
    x : scalar of the format
    domain : tuple of float
    scale : float
        In units of which 2⁻⁶ is the largest distance: |x| where x is not 0.
    """
    here = float(x)
    reach = min(_CLOSE * scale, (here - domain[0]) / 2, (domain[1] - here) / 2)
    return fmt.as_array(here + reach * np.array(NEIGHBOURS))


def _scale_at_zero(f: Function, fmt: FloatFormat, domain: Domain) -> float:
    """Return the largest power of two, 1 or below, near which f varies by no more than max(1, |f(0)|)."""
    for exponent in range(-_NARROWEST):
        near = neighbours(fmt, 0.0, domain, math.ldexp(1, -exponent))
        with np.errstate(all="ignore"):
            value, *others = evaluate(fmt, f, np.append(fmt.as_array(0.0), near)).astype(np.float64)
            if np.max(np.abs(np.array(others) - value)) <= max(1.0, abs(value)):
                break
    return math.ldexp(1, -exponent)


def step_grid(fmt: FloatFormat, stencil: Stencil, x: Any, domain: Domain) -> np.ndarray:
    """Return the steps at which (1) is searched, ascending and distinct, in the format.

    Parameters
    ----------
    fmt : FloatFormat
    stencil : Stencil
    x : scalar of the format
    domain : tuple of float
        No node leaves it, nor does that of a neighbour.
    """
    here = abs(float(x))
    widest = min(
        math.ldexp(1, _WIDEST) * max(1.0, here),
        float(largest_step(stencil, fmt)) / 4,
        *(abs(end - float(x)) for end in domain if math.isfinite(end)),
    )
    least = here * float(fmt.unit_roundoff) if here else math.ldexp(1, _NARROWEST)
    least = max(least, float(fmt.smallest_normal), 2.0**-1000)
    if not widest > least:
        return fmt.as_array(np.empty(0))
    first, last = math.frexp(least)[1] - 1, math.frexp(widest)[1]
    binades = np.ldexp(_GENERIC, np.arange(first, last + 1))
    steps = (binades[:, np.newaxis] * (1 + np.arange(PER_BINADE) / PER_BINADE)).ravel()
    steps = np.unique(steps[(steps >= least) & (steps <= widest)])
    rounded = fmt.as_array(steps)
    return rounded[np.append(True, rounded[1:] != rounded[:-1])]


def best_rms(errors: np.ndarray, width: int = PER_BINADE) -> float:
    """Return the smallest root mean square over all rows and `width` successive columns.

    Parameters
    ----------
    errors : ndarray of float64, shape (neighbours, steps)
        A window with an error that is not finite does not count.
    width : int
        All columns are one window where there are fewer.

    Returns
    -------
    float
        Infinite where no window counts.

    Examples
    --------
    >>> import numpy as np
    >>> best_rms(np.array([[3.0, 1.0, 1.0, np.nan], [4.0, 1.0, -1.0, 0.0]]), width=2)
    1.0
    """
    if not errors.size:
        return math.inf
    width = min(width, errors.shape[1])
    with np.errstate(over="ignore", invalid="ignore"):
        columns = np.max(np.abs(errors), axis=0)
        largest = np.lib.stride_tricks.sliding_window_view(columns, width).max(axis=1)
        usable = np.flatnonzero(np.isfinite(largest))
        if not usable.size:
            return math.inf
        scale = np.where(largest[usable] > 0, largest[usable], 1.0)  # squares would underflow
        total = np.zeros(usable.size)
        squares = np.square(errors[:, usable + np.arange(width)[:, np.newaxis]] / scale)
        for square in squares.reshape(-1, usable.size):  # a fixed order of additions, on every machine
            total += square
        means = total / (errors.shape[0] * width)
        return float(np.min(scale * np.sqrt(means)))


def yardstick(
    f: Function,
    truth: TrueDerivatives,
    fmt: FloatFormat,
    x: Any,
    domain: Domain = (-math.inf, math.inf),
    stencils: Sequence[Stencil] = (CENTERED,),
) -> tuple[float, ...]:
    """Return (1) for some formulas at a point: the errors of their best steps.

    Parameters
    ----------
    f : callable
        Elementwise, in the format; it may be noisy, as long as the truth is that of the function without noise.
    truth : TrueDerivatives
    fmt : FloatFormat
    x : scalar of the format
    domain : tuple of float
        The ends of the open interval in which f is smooth.
    stencils : sequence of Stencil
        Each is compared with the derivative of the order that it is for.

    Returns
    -------
    tuple of float
        One for each formula; infinite where no window of steps has finite errors.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> from numdiff.analysis.reference import ExactFunction
    >>> truth = TrueDerivatives(ExactFunction(np.exp, engine="arb"))
    >>> (best,) = yardstick(np.exp, truth, nd.get_format("float64"), np.float64(1.0))
    >>> 1e-12 < best < 1e-10
    True
    """
    u, here = float(fmt.unit_roundoff), exact_points(fmt, fmt.as_array(x))
    grids = [step_grid(fmt, stencil, x, domain) for stencil in stencils]
    if not any(steps.size for steps in grids):
        return (math.inf,) * len(grids)
    near = neighbours(fmt, x, domain, abs(float(x)) or _scale_at_zero(f, fmt, domain))
    beside = exact_points(fmt, near)
    true = {m: truth([*here, *beside], m) for m in {stencil.derivative_order for stencil in stencils}}
    found = []
    for stencil, steps in zip(stencils, grids, strict=True):
        high, low = true[stencil.derivative_order]
        errors = _errors(f, near, (high[1:], low[1:]), domain, stencil, steps)
        found.append(max(best_rms(errors), u * abs(float(high[0]))))
    return tuple(found)


def foresee(
    truth: TrueDerivatives, fmt: FloatFormat, x: Sequence[Any], domain: Domain, stencils: Sequence[Stencil]
) -> None:
    """Find the true derivatives that `yardstick` asks for at many points: all at once they take half the time.

    Those at 0 are left to it, since there the neighbours depend on f.
    """
    near = [point for here in x if here for point in (here, *neighbours(fmt, here, domain, abs(float(here))))]
    for m in {stencil.derivative_order for stencil in stencils} if near else ():
        truth.exact.derivative(exact_points(fmt, np.array(near, dtype=fmt.dtype)), next(precisions()), m)


def _errors(
    f: Function,
    near: np.ndarray,
    true: tuple[np.ndarray, np.ndarray],
    domain: Domain,
    stencil: Stencil,
    steps: np.ndarray,
) -> np.ndarray:
    """Return e_ij of (1), NaN where a node leaves the domain; shape (8, number of steps)."""
    if not steps.size:
        return np.empty((len(near), 0))
    seen = observe(stencil, f, near[:, np.newaxis], steps[np.newaxis, :])
    high, low = true
    errors = errors_of(seen.result, high[:, np.newaxis], low[:, np.newaxis])
    for nodes in seen.abscissae:
        places = nodes.astype(np.float64)
        errors[~((places > domain[0]) & (places < domain[1]))] = np.nan
    return errors


def exact_points(fmt: FloatFormat, x: np.ndarray) -> list[Dyadic]:
    """Return finite numbers of a format as dyadic numbers."""
    lifted = fmt.lift_array(x)
    if any(point is None for point in lifted):
        raise ValueError(f"x must be finite, got {x!r:.80}")
    return [point for point in lifted if point is not None]
