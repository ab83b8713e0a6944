"""How much the best step and its digits depend on two choices: the factor of the grid, and the number of neighbours.

The generic steps are fl(1.2357·2⁻ᵏ), the errors are RMS errors over 33 points x(1 + 2⁻⁸r). Here both are varied one at
a time, over the same range of steps and the same neighbourhood.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from experiments.frames import frame_beside, log10
from experiments.words import written
from numdiff.analysis.reference import ExactFunction
from numdiff.floats.call import evaluate
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.kernels import observe
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.report.tables import Table
from numdiff.study.blocks import digest_of
from numdiff.study.conditions import conditions
from numdiff.study.grids import GENERIC_FACTOR, NEIGHBOURS
from numdiff.study.run import Measured
from numdiff.study.values import Digests

FUNCTIONS = ("composition", "exp", "runge", "oscillation", "ascher_greif_sin", "martins_quotient", "sigmoid")
"""Smooth functions whose derivative is not 0."""
FORMULAS = ("forward", "centered")
FORMAT_NAMES = ("float16", "float32", "float64")
FACTORS = (Fraction(11, 10), GENERIC_FACTOR, Fraction(13, 10), Fraction(14142, 10000), Fraction(17, 10))
"""Of the grid fl(factor·2⁻ᵏ); the fourth is nearly √2, farthest from a power of two."""
COUNTS = (9, 17, NEIGHBOURS, 65)
"""Of the neighbours, each evenly over x(1 ± 2⁻⁴)."""
MOST = max(COUNTS)
_LAST = {"float16": 12, "float32": 24, "float64": 40}
"""The k of the smallest step: beyond it no best step lies."""


@dataclass(frozen=True)
class Choices:
    """The best steps of one function under all choices, as something that can be measured in any process and stored."""

    problem: str

    @property
    def cells(self) -> int:
        """How many steps are measured."""
        return len(FORMULAS) * len(FACTORS) * sum(_LAST.values())

    def key(self) -> str:
        """Return the key under which the frame is stored."""
        return digest_of([type(self).__name__, self.problem, conditions(__name__)])

    def values(self) -> pd.DataFrame:
        """Return the digests of what the function returns on this machine at its neighbours."""
        digests = Digests()
        for name in FORMAT_NAMES:
            fmt = FORMATS[name]
            f, x = PROBLEMS[self.problem].f, _points(fmt, PROBLEMS[self.problem].points[0])
            digests.add(f"choices {self.problem}", name, [evaluate(fmt, f, x)])
        return digests.frame()

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the frame ``choices``: the best step and its relative error for each choice."""
        rows = []
        for name in FORMAT_NAMES:
            for method in FORMULAS:
                rows += list(self._rows(FORMATS[name], method))
                done(len(FACTORS) * _LAST[name])
        return {"choices": pd.DataFrame(rows, columns=["problem", "format", "method", "choice", "value", "h", "error"])}

    def _rows(self, fmt: FloatFormat, method: str) -> Iterator[tuple[Any, ...]]:
        subject = PROBLEMS[self.problem]
        x = _points(fmt, subject.points[0])
        exact = ExactFunction(subject.f)
        slopes = np.array([exact.reference(dyadic(fmt.lift(point)), 1).value for point in x])
        size = abs(slopes[MOST // 2])
        for factor in FACTORS:
            steps = fmt.as_array([float(fmt.round(factor / 2**k)) for k in range(1, _LAST[fmt.name] + 1)])
            # The error is at least 10³ times the rounding error of a double that holds the derivative.
            found = observe(METHODS[method], subject.f, x[:, np.newaxis], steps).result
            errors = (np.asarray(found, dtype=np.float64) - slopes[:, np.newaxis]) / size
            choices = [("factor", float(factor), NEIGHBOURS)]
            if factor == GENERIC_FACTOR:
                choices += [("neighbours", float(count), count) for count in COUNTS]
            for choice, value, count in choices:
                step, error = _best(steps, errors[:: (MOST - 1) // (count - 1)])
                yield self.problem, fmt.name, method, choice, value, step, error


def _points(fmt: FloatFormat, x: float) -> np.ndarray:
    """Return the finest neighbourhood of a point, x in its middle."""
    exact = fmt.lift(fmt.as_array(x)[()])
    half = MOST // 2
    return fmt.as_array([float(fmt.round(exact * (1 + Fraction(r, 16 * half)))) for r in range(-half, half + 1)])


def _best(steps: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Return the step of the smallest root mean square error, and that error; the larger step where two tie."""
    rms = np.sqrt(np.mean(errors**2, axis=0))
    index = int(np.nanargmin(rms))
    return float(steps[index]), float(rms[index])


CHOICES = tuple(Choices(name) for name in FUNCTIONS)
"""The measurements of all functions."""


def compared(measured: Measured) -> pd.DataFrame:
    """Return the best steps with the change of the digits, and the ratio of the steps, to the choice of the suite."""
    frame = frame_beside(measured, "choices", CHOICES)
    frame["digits"] = -log10(frame["error"])
    keys = ["problem", "format", "method"]
    usual = {"factor": float(GENERIC_FACTOR), "neighbours": float(NEIGHBOURS)}
    base = frame[frame["value"] == frame["choice"].map(usual)][[*keys, "choice", "digits", "h"]]
    both = frame.merge(base, on=[*keys, "choice"], suffixes=("", "_usual"))
    both["change"] = both["digits"] - both["digits_usual"]
    both["ratio"] = both["h"] / both["h_usual"]
    return both


def summary(frame: pd.DataFrame) -> pd.DataFrame:
    """Return for each choice the median over functions, formulas and formats, and the largest change of a run."""
    groups = frame.groupby(["choice", "value"], sort=False)
    table = pd.DataFrame(
        {
            "median_digits": groups["change"].median(),
            "largest_change": groups["change"].agg(lambda change: change.abs().max()),
            "median_step": groups["ratio"].median(),
        }
    )
    return table.reset_index().sort_values(["choice", "value"], kind="stable", ignore_index=True)


def table(measured: Measured) -> Table:
    """The table of the section's small print."""
    return Table(
        "sensitivity",
        "What the factor of the grid and the number of neighbours change",
        f"{len(FUNCTIONS)} smooth functions, both formulas, {', '.join(FORMAT_NAMES)}. The suite takes the factor "
        f"{float(GENERIC_FACTOR):g} and {NEIGHBOURS} neighbours; digits and step are compared with those. Change of "
        "the correct digits at the best step: median, and the largest in size; step: median of the ratio.",
        summary(compared(measured)),
        {"value": "g6", "median_digits": "g3", "largest_change": "g3", "median_step": "g3"},
        headings={
            "median_digits": "change of digits, median",
            "largest_change": "largest change",
            "median_step": "ratio of best steps, median",
        },
        kinds={"choice": "portable", "value": "portable"},
    )


def finding(measured: Measured) -> str:
    """How much the answer depends on the two choices, in a sentence."""
    frame: Any = compared(measured)
    medians = summary(frame).groupby("choice")["median_digits"].agg(lambda part: part.abs().max())
    worst = frame.loc[frame["change"].abs().idxmax()]
    return (
        f"Another factor of the grid than {float(GENERIC_FACTOR):g} changes the median digits at the best step by at "
        f"most {medians['factor']:.2f}, another number of neighbours than {NEIGHBOURS} by at most "
        f"{medians['neighbours']:.2f}. Single runs depend more on the factor: "
        f"{written(PROBLEMS[worst.problem].formula)} changes by up to {abs(worst.change):.1f} digits."
    )
