r"""The ladder of steps, and what is linear in the values on it: extrapolations, their noise, and their residuals.

A *level* is one step h of the ladder. Its values give a number that has a power series in t:

    centered, m odd     D = (f(x+h) − f(x−h))/(2h)        = Σ f⁽²ⁱ⁺¹⁾ tⁱ/(2i+1)!,    t = h²
    centered, m even    S = (E − f(x))/h²                 = Σ f⁽²ⁱ⁺²⁾ tⁱ/(2i+2)!,    t = h²,  E = (f(x+h) + f(x−h))/2
    one-sided           F = (f(x±h) − f(x))/(±h)          = Σ (±1)ⁱ f⁽ⁱ⁺¹⁾ tⁱ/(i+1)!, t = h

A *window* is a row of neighbouring levels i, …, i+j. Its value is m! times the coefficient of tʳ of the polynomial of
degree j through them, r = ⌊(m−1)/2⌋ for the centered series and m − 1 for the one-sided one: for r = 0 Richardson's
extrapolation by Neville's scheme.

**Residuals.** Let the values of f have independent errors of standard deviation σ. The corrections d₁, …, dₙ₋₁ of the
windows that start at the outermost level, dⱼ annihilating polynomials of degree below j, are orthogonalized from the
last to the first and scaled to the deviation σ. What comes out, c₁, …, cₙ₋₁, falls as truncation does and ends in
independent numbers of deviation σ: the noise can be read off its tail. The centered formula has a second series, the
even one beside the odd one and the other way round, with residuals of its own, from the same values.

The multipliers 1, 15/16, 17/16, … of the powers of two are such that no period of f divides all steps: on steps 2⁻ᵏ
the table of sin(50x) converges to a wrong slope.

References
----------
L. F. Richardson and J. A. Gaunt, The deferred approach to the limit, Phil. Trans. R. Soc. A 226 (1927) 299-361.
J. J. Moré and S. M. Wild, Estimating computational noise, SIAM J. Sci. Comput. 33 (2011) 1292-1314: noise from the
tail of a difference table, on equidistant points.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np

from numdiff.formulas.rationals import solved_weights

__all__ = ["EVEN", "MEAN", "MULTIPLIERS", "ODD", "SIDE", "SLOTS", "START", "Ladder", "Scheme", "Series", "ladder"]

START = 4
"""The slot of the ladder at which a search begins."""
_SIXTEENTHS = (16, 15, 17, 16, 13, 18, 15, 17, 16, 13, 18, 15, 17, 16, 13, 18)
STEPS = tuple(Fraction(sixteenths, 16) * Fraction(2) ** (START - slot) for slot, sixteenths in enumerate(_SIXTEENTHS))
SLOTS = len(STEPS)
"""The length of the ladder: slots 0, 1, … from the widest step to the narrowest."""
MULTIPLIERS = np.array([float(step) for step in STEPS])
"""The steps of the ladder whose start is 1."""


@dataclass(frozen=True)
class Series:
    """A number of each level that has a power series in t.

    Attributes
    ----------
    power : int
        t is this power of h.
    pole : int
        The power of h by which the values of f are divided.
    paired : bool
        Whether it is half of a sum or a difference of two values; else it holds one value.
    centered : bool
        Whether f(x) is subtracted.
    """

    power: int
    pole: int
    paired: bool
    centered: bool

    def covariance(self, left: Sequence[Fraction], right: Sequence[Fraction], steps: Sequence[Fraction]) -> Fraction:
        """Return the covariance of Σ aₖyₖ and Σ bₖyₖ over the numbers y of the levels, where f has deviation 1."""
        a = [weight / step**self.pole for weight, step in zip(left, steps, strict=True)]
        b = [weight / step**self.pole for weight, step in zip(right, steps, strict=True)]
        own = sum((p * q for p, q in zip(a, b, strict=True)), Fraction(0)) / (2 if self.paired else 1)
        return own + sum(a, Fraction(0)) * sum(b, Fraction(0)) if self.centered else own

    def shares(self, weights: Sequence[Fraction], steps: Sequence[Fraction]) -> list[Fraction]:
        """Return the parts of the levels, and of f(x) as the last, in the variance of Σ aₖyₖ; they sum to 1."""
        own = [weight / step**self.pole for weight, step in zip(weights, steps, strict=True)]
        parts = [part * part / (2 if self.paired else 1) for part in own]
        parts.append(sum(own, Fraction(0)) ** 2 if self.centered else Fraction(0))
        whole = sum(parts, Fraction(0))
        return [part / whole for part in parts] if whole else [Fraction(0)] * len(parts)


ODD = Series(power=2, pole=1, paired=True, centered=False)
"""D, the centered difference."""
MEAN = Series(power=2, pole=0, paired=True, centered=False)
"""E, the mean of the two values."""
EVEN = Series(power=2, pole=2, paired=True, centered=True)
"""S, half the second difference."""
SIDE = Series(power=1, pole=1, paired=False, centered=True)
"""F, the one-sided difference."""


@dataclass(frozen=True)
class Scheme:
    """Which series is extrapolated, and to which coefficient.

    Attributes
    ----------
    order : int
        m, the order of the derivative.
    one_sided : bool

    Examples
    --------
    >>> Scheme(2).series is EVEN, Scheme(3).coefficient, Scheme(3, one_sided=True).coefficient
    (True, 1, 2)
    """

    order: int
    one_sided: bool = False

    @property
    def series(self) -> Series:
        """The series with the derivative in it."""
        return SIDE if self.one_sided else ODD if self.order % 2 else EVEN

    @property
    def companion(self) -> Series | None:
        """The series that the same values give beside it."""
        return None if self.one_sided else MEAN if self.order % 2 else ODD

    @property
    def coefficient(self) -> int:
        """The power r of t whose coefficient is wanted."""
        return self.order - 1 if self.one_sided else (self.order - 1) // 2


@dataclass(frozen=True)
class Ladder:
    """Constants of some neighbouring levels; windows are listed by degree, then from the outermost.

    Attributes
    ----------
    levels : int
        n.
    steps : ndarray, shape (n, 1)
        The multipliers of the levels.
    first : tuple of int
        The place of the first window of each degree.
    degree, outer : ndarray of int, shape (w,)
        j and i of a window.
    noise : ndarray, shape (w, 1)
        The deviation of the value of a window where that of f and the start of the ladder are 1: times start⁻ᵐ.
    decay : ndarray, shape (w, 1)
        tᵢ/tᵢ₊₁: how much faster the error of a window falls with its degree than its last correction did.
    parent, grandparent : ndarray of int, shape (w,)
        The window without its outermost level, and without the two outermost.
    wider : ndarray of int, shape (w,)
        The window with one more level on the inner side.
    widest : ndarray of bool, shape (w,)
        Where there is none.
    residuals, companions : ndarray, shape (n − 1, n − 1)
        Rows that make residuals c₁, … of the corrections d₁, … of the series and of its companion (None: there is
        none), times the power of the start that is their pole.
    companion_noise : ndarray, shape (w, 1)
        The deviation of the last correction of a window of the companion.
    shares : ndarray, shape (w, n + 1)
        The part of each level, and of f(x), in the variance of the value of a window.
    residual_shares : ndarray, shape (n − 1, n + 1)
        The same of the residuals c₁, ….
    """

    levels: int
    steps: np.ndarray
    first: tuple[int, ...]
    degree: np.ndarray
    outer: np.ndarray
    noise: np.ndarray
    decay: np.ndarray
    parent: np.ndarray
    grandparent: np.ndarray
    wider: np.ndarray
    widest: np.ndarray
    residuals: np.ndarray
    companions: np.ndarray | None
    companion_noise: np.ndarray
    shares: np.ndarray
    residual_shares: np.ndarray


@cache
def ladder(scheme: Scheme, outermost: int, levels: int) -> Ladder:
    """Return the constants of a scheme on the slots outermost, …, outermost + levels − 1.

    Examples
    --------
    >>> item = ladder(Scheme(1), START, 3)
    >>> item.degree.tolist(), item.outer.tolist()
    ([0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 0])
    """
    steps = STEPS[outermost : outermost + levels]
    windows = [(i, j) for j in range(levels) for i in range(levels - j)]
    place = {window: k for k, window in enumerate(windows)}
    series, companion = scheme.series, scheme.companion
    t = [step**series.power for step in steps]
    decay = [t[i] / t[i + 1] if i + 1 < levels else Fraction(2) ** series.power for i, _ in windows]
    weights = _weights(t, scheme.coefficient)
    corrections = _corrections(t)
    size = math.factorial(scheme.order)
    residuals = _residuals(series, steps, corrections)
    return Ladder(
        levels=levels,
        steps=_column(steps),
        first=tuple(place[0, j] for j in range(levels)),
        degree=np.array([j for _, j in windows]),
        outer=np.array([i for i, _ in windows]),
        noise=_column([size * math.sqrt(series.covariance(weights[w], weights[w], steps)) for w in windows]),
        decay=_column(decay),
        parent=np.array([place.get((i + 1, j - 1), 0) for i, j in windows]),
        grandparent=np.array([place.get((i + 2, j - 2), place.get((i + 1, j - 1), 0)) for i, j in windows]),
        wider=np.array([place.get((i, j + 1), 0) for i, j in windows]),
        widest=np.array([(i, j + 1) not in place for i, j in windows]),
        residuals=_rows(residuals),
        companions=_rows(_residuals(companion, steps, corrections)) if companion else None,
        companion_noise=_column(
            [
                math.sqrt(companion.covariance(corrections[w], corrections[w], steps))
                if companion and w[1]
                else math.inf
                for w in windows
            ]
        ),
        shares=_table([series.shares(weights[w], steps) for w in windows]),
        residual_shares=_table([series.shares(item.weights, steps) for item in residuals]),
    )


def _column(numbers: Sequence[Fraction | float]) -> np.ndarray:
    return np.array([float(number) for number in numbers])[:, None]


def _table(rows: Sequence[Sequence[Fraction]]) -> np.ndarray:
    return np.array([[float(number) for number in row] for row in rows])


def _rows(residuals: "Sequence[_Residual]") -> np.ndarray:
    return np.array([[float(entry) / math.sqrt(item.square) for entry in item.row] for item in residuals])


def _weights(t: Sequence[Fraction], coefficient: int) -> dict[tuple[int, int], list[Fraction]]:
    """Return the weights of the levels in the coefficient of tʳ of the polynomial of each window (i, j)."""
    n, none = len(t), Fraction(0)
    table = {}
    for j, i in [(degree, outer) for degree in range(n) for outer in range(n - degree)]:
        inside = solved_weights(tuple(t[i : i + j + 1]), coefficient) if j >= coefficient else (none,) * (j + 1)
        own = (weight / math.factorial(coefficient) for weight in inside)
        table[i, j] = [none] * i + [*own] + [none] * (n - i - j - 1)
    return table


def _corrections(t: Sequence[Fraction]) -> dict[tuple[int, int], list[Fraction]]:
    """Return the weights of the levels in the last correction of the extrapolation of each window of degree ≥ 1."""
    values = _weights(t, 0)
    return {(i, j): [a - b for a, b in zip(values[i, j], values[i + 1, j - 1], strict=True)] for i, j in values if j}


def _residuals(
    series: Series, steps: Sequence[Fraction], corrections: dict[tuple[int, int], list[Fraction]]
) -> "list[_Residual]":
    """Return the residuals c₁, …, before they are scaled, of the corrections d₁, … at the outermost level."""
    n = len(steps) - 1
    starts = [corrections[0, j] for j in range(1, n + 1)]
    made: list[_Residual] = []
    for p in reversed(range(n)):
        row, weights = [Fraction(int(k == p)) for k in range(n)], list(starts[p])
        for other in made:
            share = series.covariance(starts[p], other.weights, steps) / other.square
            row = [a - share * b for a, b in zip(row, other.row, strict=True)]
            weights = [a - share * b for a, b in zip(weights, other.weights, strict=True)]
        made.append(_Residual(row, weights, series.covariance(weights, weights, steps)))
    return made[::-1]


@dataclass(frozen=True)
class _Residual:
    """A combination of the corrections, its weights of the levels, and its mean square."""

    row: list[Fraction]
    weights: list[Fraction]
    square: Fraction
