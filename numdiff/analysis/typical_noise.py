"""The typical rounding error of a callable at the nodes of a formula, and what the models of one callable share."""

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import islice
from typing import Any

import numpy as np

from numdiff.analysis.taylor import Scaled, Series, larger, taylor_series, total_of_squares
from numdiff.arithmetic.accuracy import CORRECTLY_ROUNDED, EXACT
from numdiff.arithmetic.numpy_functions import ufuncs_used
from numdiff.arithmetic.running_error import scaled_evaluation_errors
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import Dyadic, FloatFormat
from numdiff.formulas.stencil import Stencil

TYPICAL = math.sqrt(1 / 3)
"""The typical error of a callable as a share of the largest one that correctly rounded functions allow.

Most results of an elementary function are the number of the format next to the exact one, or the one after it, however
bad the worst of them is: an error that is uniform in ±ulp/2, whose root mean square is √⅓ of its limit. The largest
error of f as a whole is that of its running bound with the limit ½ for every function (`scaled_evaluation_errors` of
the arithmetic "rounded"): it propagates the errors as the typical ones propagate, and needs no measured limit.

Where several roundings of similar size meet, the bound adds them and the root mean square does not, so that the share
errs on the side of too much noise; for functions of float32 and float80 that are less accurate than the others it errs
on the other. The best step goes with the square or cube root of it, for a truncation error of order h or h².
"""
_DOUBLE = 53
"""Bits of the significand of a double."""
FEW_SPACINGS = 8
"""Steps of fewer spacings at z count with no less noise than that at z.

All z lie at odd multiples of the spacing or at even ones where the room is narrow, and 3 spacings turn odd to even: of
2 − z, which has a spacing twice as large for z < 1, no error was left. A wider step of two bits keeps the last two.
"""


class KnownFunction:
    """A callable, with what is known of it by point: its models for several formulas and formats share most points.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants.
    """

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self.f = f
        self._series: dict[Dyadic, Series | None] = {}
        self._errors: dict[str, dict[Dyadic | None, tuple[float, int]]] = {}

    def series(self, points: Sequence[Dyadic]) -> list[Series | None]:
        """Return `taylor_series`, of each point once."""
        missing = [point for point in dict.fromkeys(points) if point not in self._series]
        if missing:
            self._series.update(zip(missing, taylor_series(self.f, missing), strict=True))
        return [self._series[point] for point in points]

    def errors(self, nodes: Sequence[Dyadic | None], fmt: FloatFormat) -> Mapping[Dyadic | None, tuple[float, int]]:
        """Return by node `scaled_evaluation_errors` of correctly rounded functions; infinite where a node overflows."""
        known = self._errors.setdefault(fmt.name, {None: (math.inf, 0)})
        missing = [node for node in dict.fromkeys(nodes) if node is not None and node not in known]
        if missing:
            known.update(zip(missing, scaled_evaluation_errors(self.f, missing, fmt, "rounded"), strict=True))
        return known

    @cached_property
    def typical_share(self) -> float:
        """The typical evaluation error as a share of its bound with correctly rounded functions.

        `TYPICAL`; 1 where f uses correctly rounded operations only, because then the bound is the error of the one
        computation that IEEE 754 allows.
        """
        return 1.0 if ufuncs_used(self.f) <= CORRECTLY_ROUNDED | EXACT else TYPICAL


def noise_at(
    known: KnownFunction,
    points: Sequence[Fraction],
    noise_steps: Sequence[Fraction],
    stencil: Stencil,
    fmt: FloatFormat,
) -> Scaled:
    """Return for each step the mean over z of Σ wᵢ²σ(z + cᵢh)²; the first stands for h → 0, where all nodes are z."""
    nodes = _nodes(points, (Fraction(0), *noise_steps[1:]), stencil, fmt)
    bounds = known.errors(nodes, fmt)
    shape = len(noise_steps), len(points), len(stencil.offsets)
    pairs = [bounds[node] for node in nodes]
    sizes = np.array([size for size, _ in pairs]).reshape(shape)
    exponents = np.array([exponent for _, exponent in pairs], dtype=np.int64).reshape(shape)
    typical = known.typical_share
    parts = [
        Scaled(float(w) * typical * sizes[:, z, i], exponents[:, z, i])
        for i, w in enumerate(stencil.weights)
        for z in range(len(points))
    ]
    squares = total_of_squares(parts).times(1 / len(points))
    few = FEW_SPACINGS * fmt.spacing(min(map(abs, points)))
    if noise_steps[0] >= few:
        return squares
    at_rest = Scaled(squares.mantissas[:1], squares.exponents[:1])
    return larger(squares, at_rest, np.array([h < few for h in noise_steps]))


def _nodes(
    points: Sequence[Fraction], steps: Sequence[Fraction], stencil: Stencil, fmt: FloatFormat
) -> list[Dyadic | None]:
    """Return the nodes z + cᵢh in the format, by step, point and offset; None where one overflows.

    Where the format holds z and cᵢh its own sum is the node. Elsewhere it is rounded in integers: to reduce the
    fractions would take longer.
    """
    moves = [[c * h for c in stencil.offsets] for h in steps]
    held = [fmt.precision <= _DOUBLE and all(_holds(fmt, move) for move in some) for some in moves]
    z = fmt.as_array(np.array([float(point) for point in points] if fmt.precision <= _DOUBLE else []))
    by = fmt.as_array(np.array([[float(move) for move in some] for some, ok in zip(moves, held, strict=True) if ok]))
    with np.errstate(over="ignore", invalid="ignore"):
        sums = iter(fmt.lift_array(z[:, np.newaxis] + by[:, np.newaxis]) if any(held) else ())
    nodes: list[Dyadic | None] = []
    for some, ok in zip(moves, held, strict=True):
        if ok:
            nodes += islice(sums, len(points) * len(some))
        else:
            parts = [move.as_integer_ratio() for move in some]
            places = [z.as_integer_ratio() for z in points]
            nodes += [fmt.rounded(m * d + n * e, e * d) for m, e in places for n, d in parts]
    return nodes


def _holds(fmt: FloatFormat, number: Fraction) -> bool:
    denominator = number.denominator
    return not denominator & (denominator - 1) and fmt.holds(dyadic(number))
