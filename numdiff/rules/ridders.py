r"""Ridders' extrapolation of centered differences, as Numerical Recipes has it.

With the steps hᵢ = h₀/1.4ⁱ and D(h) = (f(x + h) − f(x − h))/2h the table

    A₀ᵢ = D(hᵢ),      Aⱼᵢ = (1.96ʲ·Aⱼ₋₁,ᵢ − Aⱼ₋₁,ᵢ₋₁)/(1.96ʲ − 1)                                                 (1)

removes the powers h², h⁴, … The error of an entry is guessed as the larger of its distances from the two that it was
made of. The answer is the entry with the smallest one. The table ends after ten rows, or where the last two entries of
its diagonal differ by twice the smallest error or more, for then higher orders are worse.

The error is thus the smallest of up to 45 differences: a guess, and more often too small than too large. h₀ is the
user's, an interval over which f changes substantially; here it is 0.1·max(1, |x|). Two things are ours: the table ends
where a step falls below four spacings of x, because nodes that are rounded onto their neighbours make equal and wrong
quotients, whose difference is 0; and hᵢ is rounded to the format. The rule has no use for a known noise. It takes 20
evaluations at most.

References
----------
C. J. F. Ridders, Accurate computation of F'(x) and F'(x)F''(x), Adv. Eng. Software 4 (1982) 75-76.
W. H. Press et al., Numerical Recipes in C, 2nd ed., Cambridge (1992), section 5.7, dfridr: (1), the constants 1.4, 10
and 2, and how the table ends. The constants were compared in two ports of dfridr, to C and to Fortran 90. Ridders' own
article was not at hand.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe
from numdiff.rules.working import answer, centered_quotients, constants, extrapolation_start

__all__ = ["RIDDERS", "Ridders"]

_RATIO = Fraction(7, 5)
_ROWS = 10
_SAFE = 2


@dataclass(frozen=True)
class Ridders:
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
    >>> choice = run_rule("ridders", np.sin, 1.0)
    >>> f"{choice.derivative:.12f}", choice.evaluations
    ('0.540302305868', 12)
    """

    name: str
    step: Fraction = Fraction(1, 10)

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the entry with the smallest error, the step of its row, and the error; `noise` does not matter."""
        start = extrapolation_start(self.name, self.step, f, x, fmt, formula, domain)
        return start if isinstance(start, Choice) else _table(start[0], fmt, start[1])


def _table(near: Probe, fmt: FloatFormat, h: Any) -> Choice:
    """Fill the table row by row, and return its best entry."""
    ratio, square, one = constants(fmt, _RATIO, _RATIO**2, 1)
    best, step, error = None, h, near.number(np.inf)
    before: list[Any] = []
    for length, quotient in centered_quotients(near, fmt, h, ratio, _ROWS):
        if isinstance(quotient, Choice):
            return quotient
        row, gain = [quotient], square
        best = quotient if best is None else best
        for left in before:
            entry = (row[-1] * gain - left) / (gain - one)
            found = max(_distance(near, entry, row[-1]), _distance(near, entry, left))
            if found <= error:
                best, step, error = entry, length, found
            row.append(entry)
            gain = gain * square
        if before and _distance(near, row[-1], before[-1]) >= _SAFE * error:
            break
        before = row
    doubt = "" if np.isfinite(error) else "one step alone has room: nothing is known of the error"
    return answer(step, best, error if np.isfinite(error) else None, doubt)


def _distance(near: Probe, one: Any, other: Any) -> Any:
    """Return the distance of two numbers of the format, ∞ where there is none."""
    distance = abs(near.number(one) - near.number(other))
    return near.number(np.inf) if np.isnan(distance) else distance


RIDDERS = Ridders("ridders")
