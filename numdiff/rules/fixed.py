"""The same step everywhere."""

from dataclasses import dataclass
from typing import Any

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function

__all__ = ["FIXED", "Fixed"]


@dataclass(frozen=True)
class Fixed:
    """Take one step, whatever f, x, format and formula are.

    Attributes
    ----------
    name : str
    step : float
        Rounded to the format.
    """

    name: str
    step: float

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step."""
        return Choice(fmt.constant(self.step))


FIXED = Fixed("fixed", 1e-4)
"""h = 10⁻⁴, the default of many courses and of `numdiff.numerical_diff`."""
