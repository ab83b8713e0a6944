"""`jacobi.jacobi`: central differences with halved steps, fitted by polynomials in h².

The first step is |x|/4, or 1/4 at 0; each fit has one degree of freedom, from which its error is estimated, and the
best of ten is returned. It computes in float64. The fits are `numpy.polyfit`, so its figures go through LAPACK and
BLAS.

By default (``method=None``) it goes to one side where f is NaN on the other, as f is here outside the domain. Its
one-sided steps have the sign of x: at x < 0, ``method=1`` is the way down.

References
----------
jacobi 0.9.2, docstring of `jacobi.jacobi`: defaults and `method` in the list of parameters.
"""

from dataclasses import dataclass
from typing import ClassVar

from numdiff.rules.peers.peer import Answer, Peer, Task, Watched

__all__ = ["JACOBI", "Jacobi"]

_FIRST_STEP = 0.25
"""The first step over |x|."""


@dataclass(frozen=True)
class Jacobi(Peer):
    """`jacobi.jacobi`.

    Attributes
    ----------
    directed : bool
        Whether `method` is given: central where the first step stays in the domain, else away from its end.
    """

    directed: bool = False
    modules: ClassVar[tuple[str, ...]] = ("jacobi",)

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return derivative and error."""
        from jacobi import jacobi

        method = None
        if self.directed:
            method = task.side(_FIRST_STEP * (abs(task.x) or 1.0)) * (-1 if task.x < 0 else 1)
        return Answer(*jacobi(f, task.x, method=method))


JACOBI = (Jacobi("jacobi"), Jacobi("jacobi_directed", directed=True))
"""Defaults; the side that the domain asks for."""
