"""A peer: NumPy's Chebyshev interpolation, differentiated.

The polynomial of degree 12 through f at 13 Chebyshev points in [x − r, x + r], r = max(|x|, 1)/4 or half the way to the
end of the domain. Its error is guessed from the last two coefficients, which the derivative multiplies by n²/r.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from numdiff.rules.peers import Answer, Peer, Task, Watched

__all__ = ["NUMPY_CHEBYSHEV"]


@dataclass(frozen=True)
class NumpyChebyshev(Peer):
    """`numpy.polynomial.Chebyshev.interpolate`; `Peer` counts, and records what is raised and warned of."""

    degree: int = 12
    platform: ClassVar[bool] = True  # the interpolation is a matrix product, that is BLAS

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return the derivative at x and the guess of its error."""
        radius = task.cut(task.scale / 4)
        ends = (task.x - radius, task.x + radius)
        series = np.polynomial.Chebyshev.interpolate(f, self.degree, domain=ends)
        error = np.abs(series.coef[-2:]).sum() * self.degree**2 / radius
        return Answer(series.deriv()(task.x), error)


NUMPY_CHEBYSHEV = NumpyChebyshev("numpy_chebyshev")
