r"""The adaptive differences of the GNU Scientific Library: gsl_deriv_central, _forward and _backward.

The centered rule has four nodes, x ± h and x ± h/2. With ε the machine epsilon,

    r₃ = (f(x + h) − f(x − h))/2,      r₅ = (4/3)(f(x + h/2) − f(x − h/2)) − r₃/3,
    e₃ = ε(|f(x + h)| + |f(x − h)|),   e₅ = 2ε(|f(x + h/2)| + |f(x − h/2)|) + e₃,
    truncation T = |r₅ − r₃|/h,        rounding R = e₅/h + ε·max(|r₃|, |r₅|)/h·|x|/h,                                (1)

r₅/h is the derivative and R + T its error. If 0 < R < T, this is done once more with h·(R/2T)^(1/3), and that answer is
taken if its error is smaller and the derivatives differ by less than four of the first errors. The one-sided rule has
the nodes x + h/4, x + h/2, x + 3h/4 and x + h (h < 0 for the backward one) and, of f₁ to f₄ there,

    r₂ = 2(f₄ − f₂),      r₄ = (22/3)(f₄ − f₃) − (62/3)(f₃ − f₂) + (52/3)(f₂ − f₁),
    e₄ = 41.34ε(|f₄| + |f₃| + |f₂| + |f₁|),                                                                         (2)

T = |r₄ − r₂|/h, R alike, and the second step h·(R/T)^(1/2).

T is the truncation of r₃ (of r₂) and not that of the answer, which the authors chose "for safety": the error is wide.
Older versions have ε·max(|r₃|, |r₅|)·|x| in (1), without the division by h²; the manual's figures are of both kinds.

The first step is the user's; the manual's examples take 1e-8, from which the rule cannot find its way to a longer one.
Here it is u^(1/5)·max(1, |x|), which balances h⁴ and u/h, the errors of r₅: 6e-4 in float64. The rule has no use for a
known noise. It takes 8 evaluations at most.

References
----------
GNU Scientific Library 2.x, deriv/deriv.c (B. Gough, 2004, 2007): (1), (2) and how the second step is taken.
GNU Scientific Library Reference Manual, chapter "Numerical Differentiation": the nodes, and x^(3/2) at 2 and 0.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, only_for_centered, only_for_one_sided, root
from numdiff.rules.working import answer, constants, first_step, values_at

__all__ = ["GSL_CENTRAL", "GSL_FORWARD", "GslCentral", "GslForward"]


@dataclass(frozen=True)
class _Estimate:
    """A derivative in the format, and the two parts of its error in wide numbers."""

    step: Any
    derivative: Any
    truncation: Any
    rounding: Any

    @property
    def error(self) -> Any:
        return self.truncation + self.rounding


_Difference = Callable[[Probe, FloatFormat, Any], Any]
"""Takes the point, the format and a step (negative to the left), and gives an _Estimate, or a Choice with a reason."""


@dataclass(frozen=True)
class GslCentral:
    """gsl_deriv_central; for the centered first difference alone, with a derivative of its own.

    Attributes
    ----------
    name : str
    step : float, optional
        The first step; by default u^(1/5)·max(1, |x|).

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> choice = run_rule("gsl_central", np.sin, 1.0)
    >>> f"{choice.derivative:.9f} ± {choice.error:.0e}"
    '0.540302306 ± 1e-10'
    """

    name: str
    step: float | None = None

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the derivative with its step and its error; `noise` does not matter."""
        if (refusal := only_for_centered(self.name, formula)) is not None:
            return refusal
        near = Probe(f, x, fmt, domain)
        h = first_step(near, _length(near, self.step), 1, 1, 4)
        return h if isinstance(h, Choice) else _adapted(near, fmt, h, _central, Fraction(1, 2), 3)


@dataclass(frozen=True)
class GslForward:
    """gsl_deriv_forward and _backward; for these two first differences, with a derivative of its own.

    Attributes
    ----------
    name : str
    step : float, optional
        The first step; by default u^(1/5)·max(1, |x|).

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> from numdiff.formulas.stencil import FORWARD
    >>> choice = run_rule("gsl_forward", np.sin, 1.0, FORWARD)
    >>> f"{choice.derivative:.6f} ± {choice.error:.0e}"
    '0.540302 ± 3e-07'
    """

    name: str
    step: float | None = None

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the derivative with its step and its error; `noise` does not matter."""
        if (refusal := only_for_one_sided(self.name, formula)) is not None:
            return refusal
        near, leftward = Probe(f, x, fmt, domain), formula.direction < 0
        h = first_step(near, _length(near, self.step), float(leftward), float(not leftward), 4)
        if isinstance(h, Choice):
            return h
        return _adapted(near, fmt, -h if leftward else h, _one_sided, Fraction(1), 2)


def _length(near: Probe, step: float | None) -> Any:
    """Return the first step: u^(1/5)·max(1, |x|) where none is given."""
    return root(near.u, 5) * max(near.number(1), abs(near.x)) if step is None else near.number(step)


def _adapted(near: Probe, fmt: FloatFormat, h: Any, difference: _Difference, factor: Fraction, degree: int) -> Choice:
    """Return the first estimate, or the one with the step h·(factor·R/T)^(1/degree) where that is better."""
    first = difference(near, fmt, h)
    if isinstance(first, Choice):
        return first
    if 0 < first.rounding < first.truncation:
        shorter = near.step(abs(near.number(h)) * root(near.number(factor) * first.rounding / first.truncation, degree))
        second = None if shorter is None else difference(near, fmt, np.copysign(shorter, h))
        if isinstance(second, _Estimate) and second.error < first.error:
            apart = abs(near.number(second.derivative) - near.number(first.derivative))
            first = second if apart < 4 * first.error else first
    return answer(abs(first.step), first.derivative, first.error)


def _central(near: Probe, fmt: FloatFormat, h: Any) -> Any:
    """Return (1)."""
    wide = near.number(h)
    values = values_at(near, fmt, (wide, -wide, wide / 2, -wide / 2))
    if isinstance(values, Choice):
        return values
    half, four_thirds, third = constants(fmt, Fraction(1, 2), Fraction(4, 3), Fraction(1, 3))
    r3 = half * (values[0] - values[1])
    r5 = four_thirds * (values[2] - values[3]) - third * r3
    sizes = np.abs(values.astype(near.wide))
    e5 = near.u * 2 * (2 * (sizes[2] + sizes[3]) + sizes[0] + sizes[1])
    return _estimate(near, h, r5, r3, e5)


def _one_sided(near: Probe, fmt: FloatFormat, h: Any) -> Any:
    """Return (2)."""
    wide = near.number(h)
    values = values_at(near, fmt, (wide / 4, wide / 2, near.number(Fraction(3, 4)) * wide, wide))
    if isinstance(values, Choice):
        return values
    two, *weights = constants(fmt, 2, Fraction(22, 3), Fraction(62, 3), Fraction(52, 3))
    f1, f2, f3, f4 = values
    r2 = two * (f4 - f2)
    r4 = weights[0] * (f4 - f3) - weights[1] * (f3 - f2) + weights[2] * (f2 - f1)
    e4 = near.u * 2 * near.number(Fraction(4134, 100)) * np.abs(values.astype(near.wide)).sum()
    return _estimate(near, h, r4, r2, e4)


def _estimate(near: Probe, h: Any, high: Any, low: Any, noise: Any) -> _Estimate:
    """Return high/h, the derivative, with the error that high − low and the error of high give it."""
    wide, better, worse = near.number(h), near.number(high), near.number(low)
    of_nodes = max(abs(better / wide), abs(worse / wide)) * abs(near.x / wide) * 2 * near.u
    return _Estimate(h, high / h, abs((better - worse) / wide), abs(noise / wide) + of_nodes)


GSL_CENTRAL = GslCentral("gsl_central")
GSL_FORWARD = GslForward("gsl_forward")
