"""`numdifftools.Derivative`: central differences with 15 halved steps, extrapolated twice.

The largest step is 2·max(log(e − 1 + |x|), 1); Richardson extrapolation is followed by Wynn's, and the best of all
entries is the one with the smallest estimated error. It computes in float64. The weights come from a pseudoinverse and
the sums from matrix products, so its figures go through LAPACK and BLAS.

References
----------
numdifftools 0.11, docstrings of `Derivative` (defaults in the list of parameters; in the notes "Higher order
approximation methods will generally be more accurate" and "Complex methods are usually the most accurate provided the
function to differentiate is analytic") and of `MaxStepGenerator` (`base_step`, the largest step, and `step_nom`, its
scale). Documentation, topic "Introduction derivative estimation", section "Odd and even transformations": forward or
backward rules where f cannot be evaluated on both sides.
"""

import math
from dataclasses import dataclass
from typing import Any, ClassVar

from numdiff.rules.peers.peer import Answer, Peer, Task, Watched

__all__ = ["NUMDIFFTOOLS", "Numdifftools"]

_BASE_STEP = 2.0
"""The default of `base_step`."""
_SIDES = {0: "central", 1: "forward", -1: "backward"}


@dataclass(frozen=True)
class Numdifftools(Peer):
    """`numdifftools.Derivative`.

    Attributes
    ----------
    order : int
        The order of the error.
    complex_step : bool
        Whether the method is ``"complex"``.
    scaled : bool
        Whether the largest step is 2·max(|x|, 1), and at most half the way to an end of the domain.
    directed : bool
        Whether near an end of the domain the method is ``"forward"`` or ``"backward"``.
    """

    order: int = 2
    complex_step: bool = False
    scaled: bool = False
    directed: bool = False
    modules: ClassVar[tuple[str, ...]] = ("numdifftools",)
    orders: ClassVar[range] = range(1, 11)

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return derivative, error and the last step of the entry that was chosen."""
        from numdifftools import Derivative, MaxStepGenerator

        options: dict[str, Any] = {}
        if self.complex_step:
            options["method"] = "complex"
        if self.scaled:
            options["step"] = MaxStepGenerator(base_step=task.cut(_BASE_STEP * task.scale), step_nom=1.0)
        if self.directed:
            nominal = max(math.log(math.e - 1 + abs(task.x)), 1.0)
            options["method"] = _SIDES[task.side(_BASE_STEP * nominal)]
        found = Derivative(f, n=task.order, order=self.order, full_output=True, **options)(task.x)
        return Answer(found.estimate, found.error_estimate, found.final_step)


NUMDIFFTOOLS = (
    Numdifftools("numdifftools"),
    Numdifftools("numdifftools_order_4", order=4),
    Numdifftools("numdifftools_scaled", order=4, scaled=True),
    Numdifftools("numdifftools_directed", directed=True),
    Numdifftools("numdifftools_complex", complex_step=True),
)
"""Defaults; a higher order; with it steps that follow x and the domain; one-sided near an end; the complex step."""
