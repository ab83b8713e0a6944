"""`numericalderivative`: four published rules, by the library of their names.

Dumontet and Vignes (DV), Gill, Murray, Saunders and Wright (GMSW), Stepleman and Winarsky (SW), and Shi, Xie, Xuan and
Nocedal (SXXN, forward and central). It computes in float64. Two things are left to the user, and both decide:

- The error of f(x). The default is 1e-15, absolute (and relative for DV). The docstrings name ε|f(x)| for where f(x) is
  of another size; that, or `noise`, is what the scaled rows take, with the ε of the format.
- The steps among which to search. GMSW and SW have no default; the first rows take the range of the example in the
  docstring of the class, DV and SXXN their own default. The examples of the documentation give every function a range
  of its own, about [1e-10, 1]; the scaled rows take [ε^⅔, 1]·max(|x|, 1), cut to the domain.

DV and GMSW come with an error, from the formula of the optimal step with the derivative that they estimated; SW and
SXXN have none. The library has no one-sided formula for an end of the domain but the forward one. The weights of SXXN's
central formula come from `numpy.linalg.solve`, that is LAPACK; the others compute without BLAS, with powers, logarithms
and exponentials of the C library.

References
----------
numericalderivative 0.3, docstrings of `DumontetVignes`, `GillMurraySaundersWright`, `SteplemanWinarsky`,
`SteplemanWinarskyInitialize`, `ShiXieXuanNocedalForward` and `ShiXieXuanNocedalGeneral`, and their examples.
"""

from dataclasses import dataclass
from typing import ClassVar

from numdiff.rules.peers.peer import Answer, Peer, Task, Watched

__all__ = ["NUMERICALDERIVATIVE", "Numericalderivative"]

_PRECISION = 1e-15
"""The default of `absolute_precision` and of `relative_precision`."""


@dataclass(frozen=True)
class Numericalderivative(Peer):
    """A rule of `numericalderivative`.

    Attributes
    ----------
    rule : {"DV", "GMSW", "SW", "SXXN", "SXXN central"}
    scaled : bool
        Whether the error of f(x) is that of the format, or `noise`, and the steps follow x and the domain.
    """

    rule: str = "DV"
    scaled: bool = False
    modules: ClassVar[tuple[str, ...]] = ("numericalderivative",)

    def compute(self, f: Watched, task: Task) -> Answer:
        """Return the derivative, its step, and the error where the library has one."""
        rules = {"DV": self._dv, "GMSW": self._gmsw, "SW": self._sw}
        return rules.get(self.rule, self._sxxn)(f, task)

    def _precisions(self, f: Watched, task: Task) -> tuple[float, float]:
        """Return the absolute and the relative error of f(x)."""
        if not self.scaled:
            return _PRECISION, _PRECISION
        value = abs(float(f(task.x)))
        absolute = task.noise or task.epsilon * value or _PRECISION
        return absolute, min(absolute / value, 0.5) if value else task.epsilon

    def _range(self, task: Task, room: float) -> tuple[float, float]:
        """Return the range of the scaled rows; nodes are `room` steps from x at most."""
        longest = task.cut(task.scale) / room
        return min(task.epsilon ** (2 / 3) * task.scale, longest / 2), longest

    def _dv(self, f: Watched, task: Task) -> Answer:
        from numericalderivative import DumontetVignes, FirstDerivativeCentral

        absolute, relative = self._precisions(f, task)
        search = DumontetVignes(f, task.x, relative, absolute)
        shortest, longest = self._range(task, 2) if self.scaled else (None, None)
        third, _ = search.compute_third_derivative(shortest, longest, logscale=self.scaled)
        step, error = FirstDerivativeCentral.compute_step(third, absolute)
        return Answer(search.compute_first_derivative(step), error, step)

    def _gmsw(self, f: Watched, task: Task) -> Answer:
        from numericalderivative import FirstDerivativeForward, GillMurraySaundersWright

        absolute, _ = self._precisions(f, task)
        search = GillMurraySaundersWright(f, task.x, absolute)
        shortest, longest = self._range(task, 1) if self.scaled else (1e-8, 1e8)
        at, _ = search.compute_step_for_second_derivative(shortest, longest)
        second = search.second_derivative_central.compute(at)
        step, error = FirstDerivativeForward.compute_step(second, absolute)
        return Answer(search.compute_first_derivative(step), error, step)

    def _sw(self, f: Watched, task: Task) -> Answer:
        from numericalderivative import SteplemanWinarsky, SteplemanWinarskyInitialize

        _, relative = self._precisions(f, task)
        search = SteplemanWinarsky(f, task.x)
        shortest, longest = self._range(task, 1) if self.scaled else (1e-5, 1e7)
        first, _ = SteplemanWinarskyInitialize(search, relative).find_initial_step(shortest, longest)
        step, _ = search.find_step(first)
        return Answer(search.compute_first_derivative(step), step=step)

    def _sxxn(self, f: Watched, task: Task) -> Answer:
        from numericalderivative import (
            FirstDerivativeForward,
            GeneralFiniteDifference,
            ShiXieXuanNocedalForward,
            ShiXieXuanNocedalGeneral,
        )

        absolute, _ = self._precisions(f, task)
        if self.rule == "SXXN":
            search = ShiXieXuanNocedalForward(f, task.x, absolute)
            # What the docstring of `find_step` has as its default; without it, 0.3 compares None with a number.
            first, _ = FirstDerivativeForward.compute_step(1.0, absolute)
            step, _ = search.find_step(min(first, self._range(task, 4)[1]) if self.scaled else first)
            return Answer(search.compute_first_derivative(step), step=step)
        formula = GeneralFiniteDifference(f, task.x, 1, 2)
        central = ShiXieXuanNocedalGeneral(formula, absolute)
        first, _ = formula.compute_step(1.0, absolute)
        step, _ = central.find_step(min(first, self._range(task, 2)[1]) if self.scaled else None)
        return Answer(central.compute_derivative(step), step=step)


NUMERICALDERIVATIVE = tuple(
    Numericalderivative("_".join(("numericalderivative", rule.lower().replace(" ", "_"), *suffix)), rule, bool(suffix))
    for rule in ("DV", "GMSW", "SW", "SXXN", "SXXN central")
    for suffix in ((), ("scaled",))
)
"""Each rule with defaults, and with an error of f and a range of steps that follow the problem."""
