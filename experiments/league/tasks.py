r"""What is asked of our estimator: f′, and beside it f″, f‴, f⁗ and the derivatives from the left and from the right.

Each task has the plainest formula for it, of the lowest accuracy order, whose best error is the yardstick. On a
function of scale 1 the error of a formula of accuracy order p for f⁽ᵐ⁾ is about hᵖ + u/hᵐ, and at the best step

    e(p) = u^(p/(p + m)).                                                                                         (1)

References
----------
W. H. Press et al., Numerical Recipes, 3rd ed., Cambridge (2007), section 5.7, equation 5.7.8 (the balance of the two
errors, for m = 1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import BACKWARD, CENTERED, FORWARD, Stencil, centered

__all__ = ["FIRST", "FURTHER", "TASKS", "Task", "best_error", "further_tasks"]

FIRST = "first"
"""The task of the league: f′, with nodes on both sides."""
_ONE_DIGIT = 0.1


@dataclass(frozen=True)
class Task:
    """A derivative, and the formula that it is compared with.

    Attributes
    ----------
    name : str
        What stands in the tables.
    stencil : Stencil
        Of the lowest accuracy order.
    side : {-1, 0, 1}
        Where nodes may lie: to the left of x, on both sides, to the right.
    """

    name: str
    stencil: Stencil
    side: int = 0

    @property
    def order(self) -> int:
        """The order of the derivative."""
        return self.stencil.derivative_order


TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            Task(FIRST, CENTERED),
            Task("second", centered(derivative_order=2)),
            Task("third", centered(derivative_order=3)),
            Task("fourth", centered(derivative_order=4)),
            Task("first, left", BACKWARD, -1),
            Task("first, right", FORWARD, 1),
        )
    }
)
FURTHER = tuple(name for name in TASKS if name != FIRST)
"""All tasks but that of the league."""


def best_error(format: str, order: int, accuracy_order: int) -> float:
    """Return (1) in a format, to six digits.

    Examples
    --------
    >>> best_error("float64", 2, 2)  # 2 to the power of −26.5
    1.05367e-08
    """
    exact = float(FORMATS[format].unit_roundoff) ** (accuracy_order / (accuracy_order + order))
    return float(f"{exact:.6g}")


def further_tasks(format: str) -> tuple[str, ...]:
    """Return the tasks beside f′ that make sense in a format: by (1) the plainest formula has a correct digit.

    Examples
    --------
    >>> further_tasks("bfloat16")
    ('second', 'first, left', 'first, right')
    """
    return tuple(
        name
        for name in FURTHER
        if best_error(format, TASKS[name].order, TASKS[name].stencil.accuracy_order) <= _ONE_DIGIT
    )
