"""`approx_derivative` of SciPy: the differences behind `scipy.optimize.approx_fprime`, `minimize` and `least_squares`.

The step is √ε·max(|x|, 1) for two points and for the complex step, ∛ε·max(|x|, 1) for three; ε is that of the format of
x or of f(x). It has no estimate of the error. `approx_fprime` is public, and has two points alone; the function itself
is `scipy.optimize._numdiff.approx_derivative`, whose docstring is its documentation.

f is called with numbers of the format, or with complex128 for the complex step, and the quotient is a double. Nothing
here goes through BLAS or LAPACK; the step is a power that the C library computes.

References
----------
SciPy 1.17, docstring of `scipy.optimize._numdiff.approx_derivative`: the steps in its notes; `bounds` in the list of
parameters ("Use it to limit the range of function evaluation").
"""

import math
from dataclasses import dataclass
from typing import ClassVar

from numdiff.rules.peers.peer import Answer, Peer, Task, Watched

__all__ = ["SCIPY_OPTIMIZE", "ScipyOptimize"]


@dataclass(frozen=True)
class ScipyOptimize(Peer):
    """`approx_derivative`.

    Attributes
    ----------
    method : {"2-point", "3-point", "cs"}
    bounded : bool
        Whether it is told the domain: `bounds`, which are those of a closed interval.
    """

    method: str = "3-point"
    bounded: bool = False
    modules: ClassVar[tuple[str, ...]] = ("scipy",)
    formats: ClassVar[frozenset[str]] = frozenset({"float16", "float32", "float64", "float80"})

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return the derivative."""
        from scipy.optimize._numdiff import approx_derivative

        lower, upper = task.domain if self.bounded else (-math.inf, math.inf)
        # The next doubles inside: bounds may be reached, the ends of a domain may not.
        lower = math.nextafter(lower, math.inf) if lower > -math.inf else lower
        upper = math.nextafter(upper, -math.inf) if upper < math.inf else upper
        return Answer(approx_derivative(f, task.x, method=self.method, bounds=(lower, upper)))


SCIPY_OPTIMIZE = (
    ScipyOptimize("scipy_2_point", "2-point"),
    ScipyOptimize("scipy_2_point_bounds", "2-point", bounded=True),
    ScipyOptimize("scipy_3_point"),
    ScipyOptimize("scipy_3_point_bounds", bounded=True),
    ScipyOptimize("scipy_cs", "cs"),
)
"""Two points, three points, both with the domain as bounds, and the complex step."""
