"""What the sources of published tables computed: their orders of operations, and what is assumed about them.

Where a source computes as the kernels of the suite do, the kernel is used. Where it does not, its order of
operations is here (`ORDERS`). An `Assumption` is more: something that no source says, but that gives digits which
are otherwise off; a row that needs one is labelled by it.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.analysis.reference import ExactFunction
from numdiff.floats.call import evaluate
from numdiff.floats.dyadic import dyadic, nearest_double
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import Method, Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.problems.published import PublishedTable


def left_to_right(stencil: Method) -> list[int]:
    """Return the positions of the nodes from left to right."""
    if not isinstance(stencil, Stencil):
        raise TypeError(f"stencil must have real nodes, got {stencil!r:.60}")
    return sorted(range(len(stencil.offsets)), key=stencil.offsets.__getitem__)


def _quotients_first(stencil: Method, values: Sequence[np.ndarray], h: np.ndarray) -> np.ndarray:
    """Return Σ wⱼ·fl(yⱼ/h) from left to right, the weights rounded to the format."""
    total = np.zeros_like(h)
    for j in left_to_right(stencil):
        weight = float(stencil.weights[j])  # type: ignore[union-attr]
        total = total + weight * (values[j] / h)
    return total


def _second_from_left(stencil: Method, values: Sequence[np.ndarray], h: np.ndarray) -> np.ndarray:
    """Return ((f(x − h) − 2f(x)) + f(x + h)) / fl(h·h)."""
    left, middle, right = (values[j] for j in left_to_right(stencil))
    return (left - 2.0 * middle + right) / (h * h)


Combination = Callable[[Method, Sequence[np.ndarray], np.ndarray], np.ndarray]

ORDERS: dict[str, tuple[str, Combination]] = {
    "forward_vals_over_h": ("sum of w·(f/h), left to right", _quotients_first),
    "central_vals_over_h": ("sum of w·(f/h), left to right", _quotients_first),
    "central4_vals_over_h": ("sum of w·(f/h), left to right", _quotients_first),
    "second_central": ("(f(x−h) − 2f(x) + f(x+h)) / (h·h), left to right", _second_from_left),
}
"""The orders of operations that are not those of our kernel, in words and as code, by the kernel of the table."""


def order_of(table: PublishedTable) -> str:
    """Return how the source computes where our kernel does not, in words; empty where both do the same."""
    words = [ORDERS[table.kernel][0]] if table.kernel in ORDERS else []
    if table.format != "float64":
        words.append(f"f in float64, rounded to {table.format}")
    return "; ".join(words)


def _power_of_a_tenth(step: float) -> float:
    """Return the power of the double 0.1 that is meant by a decimal step, rounded once."""
    return nearest_double(*(Fraction(0.1) ** round(-math.log10(step))).as_integer_ratio())


def _second_unrounded(stencil: Method, values: Sequence[np.ndarray], h: np.ndarray) -> np.ndarray:
    """Return fl(f(x − h) − 2f(x) + f(x + h)) / fl(h·h), the sum rounded once, at its end."""
    sums = [
        nearest_double(*(Fraction(a) - 2 * Fraction(b) + Fraction(c)).as_integer_ratio())
        for a, b, c in zip(*(values[j].tolist() for j in left_to_right(stencil)), strict=True)
    ]
    return np.array(sums) / (h * h)


@dataclass(frozen=True)
class Assumption:
    """What may be assumed about the program of a table beyond what its source says.

    Parameters
    ----------
    words : str
    step : callable
        The step that was used, of the one that the table says.
    truncate : bool
        Whether digits are cut off instead of rounded.
    combination : callable, optional
        Another order of operations.
    only : tuple of str
        The printed steps of the rows that it may be made about; empty for all rows.
    """

    words: str
    step: Callable[[float], float] = float
    truncate: bool = False
    combination: Combination | None = None
    only: tuple[str, ...] = ()


_EXACT_SUM = Assumption(
    "the sum f(x−h) − 2f(x) + f(x+h) was not rounded, as in the extended registers of the x87",
    combination=_second_unrounded,
)
ASSUMPTIONS: dict[str, Assumption] = {
    "ascher_greif": Assumption("the step was the double 0.1 to the power k", step=_power_of_a_tenth),
    "higham_table_1_2": Assumption(
        "the digits that do not fit were cut off, not rounded", truncate=True, only=("1e-13", "1e-14", "1e-15")
    ),
    **{f"hjorth_jensen_exp_x{x}_0": _EXACT_SUM for x in range(6)},
}
"""The assumption that may be made about a table, by its name."""


class Source:
    """The program of a source, with some steps: its function values, and what it makes of them."""

    def __init__(self, table: PublishedTable, assumption: Assumption | None = None) -> None:
        self.table, self.method, self.format = table, METHODS[table.method], FORMATS[table.format]
        self.truncate = assumption is not None and assumption.truncate
        self.combination = ORDERS[table.kernel][1] if table.kernel in ORDERS else None
        if assumption is not None and assumption.combination is not None:
            self.combination = assumption.combination
        steps = table.steps if assumption is None else list(map(assumption.step, table.steps))
        problem = PROBLEMS[table.name]
        self.exact = ExactFunction(problem.f, problem.derivative)
        self.x = np.full(len(steps), self.format.as_array(table.point))
        self.h = np.array([self.format.as_array(step)[()] for step in steps], dtype=self.format.dtype)
        observation = observe(self.method, problem.f, self.x, self.h)
        self.kernel, self.abscissae, self.values = observation.result, observation.abscissae, observation.values
        if table.format != "float64":
            # Java has no sine in float32.
            double, dtype = FORMATS["float64"], self.format.dtype
            self.values = [evaluate(double, problem.f, at.astype(np.float64)).astype(dtype) for at in self.abscissae]
        point = dyadic(self.format.lift(self.x[0]))
        self.derivative = self.format.round(Fraction(self.exact.reference(point, table.derivative_order).value))

    def combine(self, values: Sequence[np.ndarray], rows: slice | list[int] = slice(None)) -> np.ndarray:
        """Return the difference quotients of the source from function values of some rows."""
        if self.combination is not None:
            return self.combination(self.method, values, self.h[rows])
        if not isinstance(self.method, Stencil):
            return values[0].imag / self.h[rows]
        # Our kernel does it in the source's order: it is handed a function that has these values.
        supply = iter(values)
        return observe(self.method, lambda _: next(supply).copy(), self.x[rows], self.h[rows]).result

    def error(self, value: Any) -> Any:
        """Return what the source calls the error, in its format."""
        t = self.derivative
        match self.table.error_kind:
            case "abs":
                return abs(value - t)
            case "abs rel":
                return abs((value - t) / t)
            case "percent rel":
                return 100 * (value - t) / t
        return value - t

    def allowance(self, index: int) -> Fraction:
        """Return w·ulp(f)/hᵐ of a row."""
        ys = [y[index].imag if np.iscomplexobj(y) else y[index] for y in self.values]
        largest = max(self.format.spacing(self.format.lift(y)) for y in ys)
        return self.method.weight_sum * largest / self.format.lift(self.h[index]) ** self.method.derivative_order

    def scale(self) -> Fraction:
        """Return what a change of the difference quotient does to the printed error."""
        t = abs(self.format.lift(self.derivative))
        return {"abs rel": 1 / t, "percent rel": 100 / t}.get(self.table.error_kind, Fraction(1))
