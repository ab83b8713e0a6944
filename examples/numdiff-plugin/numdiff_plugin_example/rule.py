"""A step rule: the step of the rule of thumb times |x|, however small |x| is.

The table of numdiff has the rule of thumb with the scales 1 and max(|x|, 1). Numerical Recipes takes |x| itself as the
scale on which f varies, and something else at x = 0 alone; here that is 1.

References
----------
W. H. Press, S. A. Teukolsky, W. T. Vetterling and B. P. Flannery, Numerical Recipes, 3rd ed., Cambridge (2007), section
5.7, below equation (5.7.8): x as the scale where nothing better is known, except near 0.
"""

from dataclasses import dataclass
from typing import Any

from numdiff import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.thumb import thumb_step

__all__ = ["NUMERICAL_RECIPES"]


@dataclass(frozen=True)
class NumericalRecipes:
    """Answer with a step; numdiff evaluates the formula there, and says if a node leaves the domain."""

    name: str = "numerical_recipes"

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step, rounded once to the format."""
        return Choice(fmt.round(thumb_step(fmt, formula) * (abs(fmt.lift(x)) or 1)))


NUMERICAL_RECIPES = NumericalRecipes()
