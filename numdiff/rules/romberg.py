r"""Romberg's scheme for a derivative: Richardson extrapolation of centered differences with halved steps.

With hᵢ = h₀/2ⁱ and D(h) = (f(x + h) − f(x − h))/2h the table

    Tᵢ₀ = D(hᵢ),      Tᵢⱼ = Tᵢ,ⱼ₋₁ + (Tᵢ,ⱼ₋₁ − Tᵢ₋₁,ⱼ₋₁)/(4ʲ − 1)                                                  (1)

removes the powers h², h⁴, … The answer is the last entry of the diagonal, its error the distance of the last two. The
table ends with row 11 (the first is row 0), or where the relative difference of two entries of the diagonal,

    2|Tᵢᵢ − Tᵢ₋₁,ᵢ₋₁| / (|Tᵢᵢ| + |Tᵢ₋₁,ᵢ₋₁| + ε),                                                                 (2)

is at most a tolerance. Nothing stops it where rounding or noise takes over before that: it goes on to extrapolate them.

The step h₀ and the tolerance are the user's: the textbook has h₀ = 1 and 1e-13. Here h₀ is 0.1·max(1, |x|), as in
`numdiff.rules.ridders`, so that both differ in their tables alone, and the tolerance is u^(13/16), which is 1.1e-13 in
float64. Ours is also that the table ends where a step falls below four spacings of x. The rule has no use for a known
noise. It takes 24 evaluations at most.

References
----------
J. H. Mathews and K. D. Fink, Numerical Methods Using MATLAB, 4th ed., Pearson (2004), diffext.m (differentiation using
extrapolation): (1), (2), twelve rows.
R. L. Burden and J. D. Faires, Numerical Analysis, section 4.2 (Richardson's extrapolation): (1), with table 4.6.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numdiff.floats.fixed_order import power
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, root
from numdiff.rules.working import answer, centered_quotients, constants, extrapolation_start

__all__ = ["ROMBERG", "Romberg"]

_ROWS = 12


@dataclass(frozen=True)
class Romberg:
    """Extrapolate centered differences; for the centered first difference alone, with a derivative of its own.

    Attributes
    ----------
    name : str
    step : Fraction
        h₀ in units of max(1, |x|).

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> choice = run_rule("romberg", np.sin, 1.0)
    >>> f"{choice.derivative:.12f}", choice.evaluations
    ('0.540302305868', 10)
    """

    name: str
    step: Fraction = Fraction(1, 10)

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the last entry of the diagonal, the last step, and the error; `noise` does not matter."""
        start = extrapolation_start(self.name, self.step, f, x, fmt, formula, domain)
        return start if isinstance(start, Choice) else _table(start[0], fmt, start[1])


def _table(near: Probe, fmt: FloatFormat, h: Any) -> Choice:
    """Fill the table row by row, and return the end of its diagonal."""
    two, epsilon = constants(fmt, 2, fmt.machine_epsilon)
    tolerance = root(power(near.u, 13), 16)
    before: list[Any] = []
    error = None
    for length, quotient in centered_quotients(near, fmt, h, two, _ROWS):
        if isinstance(quotient, Choice):
            return quotient
        h, row = length, [quotient]
        for column, left in enumerate(before, start=1):
            (divisor,) = constants(fmt, 4**column - 1)
            row.append(row[-1] + (row[-1] - left) / divisor)
        if not before:
            before = row
            continue
        last, previous = near.number(row[-1]), near.number(before[-1])
        error, before = abs(last - previous), row
        if 2 * error <= tolerance * (abs(last) + abs(previous) + near.number(epsilon)):
            break
    doubt = "" if error is not None else "one step alone has room: nothing is known of the error"
    return answer(h, before[-1], error, doubt)


ROMBERG = Romberg("romberg")
