r"""The rule of thumb: a step from the format and the formula alone.

If f and its derivatives are all of size 1 and its values have an error of u, a formula of order p for a derivative of
order m has an error of about hᵖ + u/hᵐ. Without constants that is smallest at

    h = u^(1/(p + m)):    √u for the forward difference, ∛u for the centered one.

The complex step does not amplify u: m is 0, and √u makes the truncation error as small as one rounding.

References
----------
W. H. Press, S. A. Teukolsky, W. T. Vetterling and B. P. Flannery, Numerical Recipes, 3rd ed., Cambridge (2007), section
5.7: √ε_f·x_c and ∛ε_f·x_c, with the scale x_c of x, for which x itself is taken unless it is near 0.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function, noise_order
from numdiff.rules.textbook import nth_root

__all__ = ["SCALED_THUMB", "THUMB", "Thumb", "thumb_step"]


def thumb_step(fmt: FloatFormat, formula: Method) -> Fraction:
    """Return u^(1/(p + m)), correct to 80 bits."""
    return nth_root(fmt.unit_roundoff, formula.accuracy_order + noise_order(formula))


@dataclass(frozen=True)
class Thumb:
    """Take the rule of thumb; f and its noise do not matter.

    Attributes
    ----------
    name : str
    scaled : bool
        Whether the step is taken times max(|x|, 1).
    """

    name: str
    scaled: bool

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step, rounded once to the format."""
        scale = max(abs(fmt.lift(x)), Fraction(1)) if self.scaled else Fraction(1)
        return Choice(fmt.round(thumb_step(fmt, formula) * scale))


THUMB = Thumb("thumb", scaled=False)
SCALED_THUMB = Thumb("scaled_thumb", scaled=True)
