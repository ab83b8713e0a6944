r"""The finite differences of Boost.Math: orders 1, 2, 4, 6 and 8, a step for each that depends on the format alone.

With ε the machine epsilon, Dₖ = f(x + kh) − f(x − kh), and values f± at x ± h:

    order   h                derivative                       error
    1       2√ε              (f₊ − f(x))/h                    |f₊ − 2f(x) + f₋|/2h + ε(|f₊| + |f(x)|)/h
    2       (3ε)^(1/3)       D₁/2h                            |D₂/2 − D₁|/6h + ε(|f₊| + |f₋|)/2h
    4       (11.25ε)^(1/5)   (8D₁ − D₂)/12h                   |D₃/2 − 2D₂ + 5D₁/2|/30h + ε(…)/12h
    6       (ε/168)^(1/7)    (45D₁ − 9D₂ + D₃)/60h            |D₄ − 6D₃ + 14D₂ − 14D₁|/280h + 5ε(|f₊| + |f₋|)/h
    8       (551.25ε)^(1/9)  (84D₁ − 21D₂ + 4D₃ − ⅜D₄)/105h   |½D₅ − 4D₄ + 13½D₃ − 24D₂ + 21D₁|/630h
                                                              + 7ε(|f₊| + |f₋|)/h

where (…) of order 4 is |f(x + 2h)| + |f(x − 2h)| + 8(|f₊| + |f₋|). The errors add the truncation, from two more values,
to the rounding. The steps are where the sum is smallest if f and its derivatives are 1: order 4 has h⁴/30 + 1.5ε/h, and
its minimum at h⁵ = 11.25ε. For order 6, with h⁶/140 + 5ε/h, it is at h⁷ = 116.7ε; the published 1/168 is the reciprocal
of 140·6/5, and the step 4.1 times as short as its own derivation asks for. It is kept.

h is made representable: h = (x + h) − x, and the next number after x, less x, where that is 0. It does not scale with
x: at 1e20 it is one spacing of x. Boost computes the error on demand; here it always does, with one evaluation more
for order 1 and two for the others: 3, 4, 6, 8 and 10 in all. Where the domain has no room, h is cut, and made
representable again: that is ours. The rule has no use for a known noise.

References
----------
N. Thompson, Boost.Math, boost/math/differentiation/finite_difference.hpp (2018): the table, with the constants. There
is no second source of the steps; those of orders 1, 2, 4 and 8 follow from the errors, and the weights are those of
`numdiff.formulas.stencil.centered`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, Stencil, centered
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, only_for_centered, only_for_one_sided, root
from numdiff.rules.working import answer, constants, first_step, no_room, values_at

__all__ = ["BOOST", "Boost"]


@dataclass(frozen=True)
class _Row:
    """A row of the table: h = (step·ε)^(1/(order + 1)), and the weights of the Dₖ.

    The derivative is (Σ derivative·D)/(divisor·h), its error |Σ truncation·D|/(divided·h) + noise·ε/h, where noise sums
    weights of |f(x + kh)| + |f(x − kh)|.
    """

    step: Fraction
    derivative: tuple[Fraction, ...]
    divisor: int
    truncation: tuple[Fraction, ...]
    divided: int
    noise: tuple[Fraction, ...]


def _row(order: int, step: str, divisor: int, truncation: int, divided: int, noise: str) -> _Row:
    """Return a row: the weights are those of f′ and of `truncation` times the derivative of the next odd order."""
    derivative = tuple(divisor * weight for weight in _outward(centered(order)))
    truncated = tuple(truncation * weight for weight in _outward(centered(2, order + 1)))
    return _Row(Fraction(step), derivative, divisor, truncated, divided, tuple(map(Fraction, noise.split())))


def _outward(stencil: Stencil) -> list[Fraction]:
    """Return the weights at x + h, x + 2h and so on."""
    weights = dict(zip(stencil.offsets, stencil.weights, strict=True))
    return [weights[offset] for offset in sorted(weights) if offset > 0]


_TABLE: Mapping[int, _Row] = MappingProxyType(
    {
        2: _row(2, "3", 2, 1, 6, "1/2"),
        4: _row(4, "45/4", 12, 1, 30, "2/3 1/12"),
        6: _row(6, "1/168", 60, 2, 280, "5"),
        8: _row(8, "2205/4", 105, 1, 630, "7"),
    }
)
_ONE_SIDED_STEP = Fraction(4)
"""Order 1: h = (4ε)^(1/2)."""


@dataclass(frozen=True)
class Boost:
    """Boost's finite_difference_derivative, with a derivative of its own.

    Order 1 is for the forward and, mirrored, the backward first difference; the others for the centered one alone.

    Attributes
    ----------
    name : str
    order : int
        1, 2, 4, 6 or 8; Boost's default is 6.

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> choice = run_rule("boost6", np.sin, 1.0)
    >>> f"{choice.derivative:.12f} ± {choice.error:.0e}"
    '0.540302305868 ± 7e-13'
    """

    name: str
    order: int = 6

    def __post_init__(self) -> None:
        if self.order != 1 and self.order not in _TABLE:
            raise ValueError(f"order must be 1, 2, 4, 6 or 8, got {self.order!r}")

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the derivative with its step and its error; `noise` does not matter."""
        only_for = only_for_one_sided if self.order == 1 else only_for_centered
        if (refusal := only_for(self.name, formula)) is not None:
            return refusal
        near = Probe(f, x, fmt, domain)
        factor = _ONE_SIDED_STEP if self.order == 1 else _TABLE[self.order].step
        length = root(near.number(factor) * 2 * near.u, self.order + 1)
        reach = 1 if self.order == 1 else len(_TABLE[self.order].truncation)
        h = _representable(near, fmt, x, length, reach, -1 if formula.direction < 0 else 1)
        if isinstance(h, Choice):
            return h
        return _one_sided(near, fmt, h) if self.order == 1 else _centered(near, fmt, h, _TABLE[self.order])


def _representable(near: Probe, fmt: FloatFormat, x: Any, length: Any, reach: int, sign: int) -> Any:
    """Return h with its sign, so that x + h is a number of the format; or the reason why there is none."""
    cut = first_step(near, length, reach, reach, 0)
    if isinstance(cut, Choice):
        return cut
    h = (x + cut * fmt.round(sign)) - x
    if h == 0:
        h = np.nextafter(x, fmt.round(sign * fmt.largest_finite)) - x
    return no_room(near, 1) if abs(near.number(h)) > near.longest(reach, reach) else h


def _one_sided(near: Probe, fmt: FloatFormat, h: Any) -> Choice:
    """Return the answer of order 1."""
    wide = near.number(h)
    values = values_at(near, fmt, (wide, 0, -wide))
    if isinstance(values, Choice):
        return values
    right, middle, left = values.astype(near.wide)
    noise = 2 * near.u * (abs(right) + abs(middle))
    error = abs(right - 2 * middle + left) / 2 + noise
    return answer(abs(h), (values[0] - values[1]) / h, error / abs(wide))


def _centered(near: Probe, fmt: FloatFormat, h: Any, row: _Row) -> Choice:
    """Return the answer of an even order."""
    wide, nodes = near.number(h), len(row.truncation)
    multiples = [near.number(k) * wide for k in range(1, nodes + 1)]
    values = values_at(near, fmt, [*multiples, *(-offset for offset in multiples)])
    if isinstance(values, Choice):
        return values
    right, left = values[:nodes], values[nodes:]
    (divisor,) = constants(fmt, row.divisor)
    terms = [weight * (right[k] - left[k]) for k, weight in enumerate(constants(fmt, *row.derivative))]
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    ahead, behind = right.astype(near.wide), left.astype(near.wide)
    truncation = sum(near.number(w) * (ahead[k] - behind[k]) for k, w in enumerate(row.truncation))
    noise = sum(near.number(w) * (abs(ahead[k]) + abs(behind[k])) for k, w in enumerate(row.noise))
    error = abs(truncation) / row.divided + 2 * near.u * noise
    return answer(h, total / (divisor * h), error / wide)


BOOST = tuple(Boost(f"boost{order}", order) for order in (1, *_TABLE))
