"""`scipy.differentiate.derivative`: differences of order 8 with halved steps, until two of them agree.

The first step is 0.5, absolute, and is halved at most ten times. The error is the difference of the last two
derivatives; it stops where that is below √ε|f′|, or has grown. It keeps float16, float32, float64 and the longdouble
that it is given. The weights come from `numpy.linalg.solve` and the sums from a matrix product, so its figures go
through LAPACK and BLAS.

References
----------
SciPy 1.17, reference of `scipy.differentiate.derivative`: the defaults in the list of parameters; tolerances and
`step_direction` there; initial steps for large |x| in the notes ("Step sizes are absolute").
"""

from dataclasses import dataclass
from typing import ClassVar

from numdiff.rules.peers.peer import Answer, Peer, Task, Watched

__all__ = ["SCIPY_DIFFERENTIATE", "ScipyDifferentiate"]

_PROBLEMS = {
    -1: "its error estimate increased before the tolerance was met",
    -2: "it reached its maximum number of iterations before the tolerance was met",
    -3: "it met a value that is not finite",
}
_FIRST_STEP = 0.5
"""The default of `initial_step`."""


@dataclass(frozen=True)
class ScipyDifferentiate(Peer):
    """`scipy.differentiate.derivative`.

    Attributes
    ----------
    tight : bool
        Whether the relative tolerance is ε^¾ (1.8e-12 in float64) instead of √ε: the default stops at half the digits.
    scaled : bool
        Whether the first step is 0.5·max(|x|, 1), for the reference asks for larger steps where |x| is large, and at
        most half the way to an end of the domain.
    directed : bool
        Whether near an end of the domain steps go to the other side: `step_direction`.
    """

    tight: bool = False
    scaled: bool = False
    directed: bool = False
    modules: ClassVar[tuple[str, ...]] = ("scipy",)
    formats: ClassVar[frozenset[str]] = frozenset({"float16", "float32", "float64", "float80"})

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return derivative and error, with the status where it is not 0."""
        from scipy.differentiate import derivative

        step, direction = _FIRST_STEP, 0
        if self.scaled:
            step = task.cut(_FIRST_STEP * task.scale)
        if self.directed and (direction := task.side(_FIRST_STEP)):
            step = min(_FIRST_STEP, max(task.below, task.above) / 2)
        tolerances = {"rtol": task.epsilon**0.75} if self.tight else None
        found = derivative(f, task.x, tolerances=tolerances, initial_step=step, step_direction=direction)
        return Answer(found.df, found.error, problem=_PROBLEMS.get(int(found.status), ""))


SCIPY_DIFFERENTIATE = (
    ScipyDifferentiate("scipy_derivative"),
    ScipyDifferentiate("scipy_derivative_tight", tight=True),
    ScipyDifferentiate("scipy_derivative_scaled", tight=True, scaled=True),
    ScipyDifferentiate("scipy_derivative_directed", tight=True, directed=True),
)
"""Defaults; a tighter tolerance; with it a first step that follows x and the domain; with it a direction instead."""
