"""The result of a gradient check: a comparison for every coordinate or direction, and a verdict with its reason."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from numdiff.display import Shown, View, wrapped

__all__ = ["GradientCheck", "SlopeComparison", "TaylorTest", "Verdict", "WrongGradientError"]


class Verdict(StrEnum):
    """The outcome of the comparison of a numerical with an analytic slope.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> x = np.array([0.5, -1.0])
    >>> nd.check_gradient(lambda x: np.sum(x * x), lambda x: 2 * x, x).verdict
    <Verdict.AGREE: 'agree'>
    """

    AGREE = "agree"
    DISAGREE = "disagree"
    INCONCLUSIVE = "inconclusive"


class WrongGradientError(AssertionError):
    """A gradient disagrees with the differences of its function beyond the tolerance, or the check is inconclusive.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> x = np.array([0.5, -1.0])
    >>> try:
    ...     nd.check_gradient(lambda x: np.sum(x * x), lambda x: 3 * x, x).raise_if_wrong()
    ... except nd.WrongGradientError as error:
    ...     print(str(error).splitlines()[0])
    gradient check: DISAGREE (2 coordinates: 2 disagree)
    """


@dataclass(frozen=True)
class SlopeComparison:
    """A numerical and an analytic slope, in one coordinate or along one direction.

    Parameters
    ----------
    where : tuple of int
        The index of the coordinate in x; for a direction its number alone.
    numeric, analytic : float
        The slopes, in units of f per unit of x. Along a direction d with independent standard normal components both
        are ⟨gradient, d⟩.
    tolerance : float
        The largest difference that truncation and rounding explain; infinite where f has no finite values.
    truncation, rounding : float
        The parts of the tolerance: of the formula, and of rounding in f and in the gradient.
    step : float
        h; along a direction the factor of d.
    verdict : Verdict
    reason : str
        Why it is inconclusive; empty otherwise.
    """

    where: tuple[int, ...]
    numeric: float
    analytic: float
    tolerance: float
    truncation: float
    rounding: float
    step: float
    verdict: Verdict
    reason: str = ""

    @property
    def difference(self) -> float:
        """The analytic slope minus the numerical one."""
        return self.analytic - self.numeric

    @property
    def excess(self) -> float:
        """|difference|/tolerance: above 1 the two disagree."""
        if not np.isfinite(self.tolerance):
            return 0.0
        return abs(self.difference) / self.tolerance if self.tolerance else (np.inf if self.difference else 0.0)


@dataclass(frozen=True)
class TaylorTest:
    """How the remainder R(t) = |f(x + td) − f(x) − t⟨gradient, d⟩| falls with t.

    Parameters
    ----------
    steps, remainders : tuple of float
        t, and R(t) in units of f; R is the mean over both signs of d and over the directions.
    noise : float
        The remainder that rounding alone leaves.
    slope : float or None
        Of log R against log t: 2 where the gradient is right, 1 where it is wrong. None where fewer than two
        remainders are clearly above the noise, as for a linear function.
    """

    steps: tuple[float, ...]
    remainders: tuple[float, ...]
    noise: float
    slope: float | None

    def __str__(self) -> str:
        if self.slope is None:
            return "Taylor test: no remainder above rounding (f is linear along these directions, or too noisy)"
        return f"Taylor test: the remainder falls with the power {self.slope:.2f} of the step (right: 2, wrong: 1)"


@dataclass(frozen=True, repr=False)
class GradientCheck(Shown):
    """The result of `check_gradient`.

    Parameters
    ----------
    comparisons : tuple of SlopeComparison
        One for each coordinate in the order of x, or one for each direction.
    mode : str
        ``"coordinates"`` or ``"directions"``.
    format : str
        The name of the format in which f was evaluated.
    shape : tuple of int
        The shape of x.
    noise : float
        The standard deviation of the rounding error of f, estimated or given, in units of f.
    taylor : TaylorTest
    evaluations : int
        Of f, in points.
    cause : str
        A likely cause of a disagreement, or an empty text.
    notes : tuple of str
        Further observations, such as a format that f chose by itself.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> check = nd.check_gradient(lambda x: np.sum(x * x), lambda x: 3 * x, np.array([0.5, -1.0]))
    >>> check.worst.where, check.cause
    ((1,), 'a factor: the gradient has to be multiplied by 2/3')
    """

    comparisons: tuple[SlopeComparison, ...]
    mode: str
    format: str
    shape: tuple[int, ...]
    noise: float
    taylor: TaylorTest
    evaluations: int
    cause: str = ""
    notes: tuple[str, ...] = ()

    @property
    def verdict(self) -> Verdict:
        """Disagree if any comparison does, agree if all do, otherwise inconclusive."""
        found = {comparison.verdict for comparison in self.comparisons}
        if Verdict.DISAGREE in found:
            return Verdict.DISAGREE
        return Verdict.INCONCLUSIVE if Verdict.INCONCLUSIVE in found else Verdict.AGREE

    @property
    def tolerance(self) -> float:
        """The largest tolerance of all comparisons: a deviation ten times as large is found.

        As far as it covers the error of the numerical slopes: in coordinates always; along k independent Gaussian
        directions with a probability of at least 1 − 0.16ᵏ, if it is the norm of the deviation that is so large.
        """
        return max(comparison.tolerance for comparison in self.comparisons)

    @property
    def worst(self) -> SlopeComparison:
        """The comparison with the largest excess."""
        return max(self.comparisons, key=lambda comparison: comparison.excess)

    def raise_if_wrong(self, *, inconclusive: bool = False) -> "GradientCheck":
        """Raise if the gradient is wrong, return the check otherwise: one line in a test.

        Parameters
        ----------
        inconclusive : bool, optional
            Whether to raise as well where any coordinate or direction is inconclusive, which is frequent in the
            formats of 16 bits.

        Raises
        ------
        WrongGradientError
            If the verdict is disagree (or, where asked for, inconclusive); the message is the whole table.
        """
        if self.verdict is Verdict.DISAGREE or (inconclusive and self.verdict is Verdict.INCONCLUSIVE):
            raise WrongGradientError(str(self))
        return self

    def __str__(self) -> str:
        return "\n".join(self._lines(rows=10))

    def _view(self) -> View:
        """Return what is shown: the verdict and its worst comparisons, in ten lines at most."""
        first, conditions, *cause = self._lines(rows=0)[: 3 if self.cause else 2]
        more = f"notes: {len(self.notes)}, the first: {self.notes[0]}" if self.notes else ""
        after = [str(self.taylor), *([more] if more else [])]
        room = 10 - sum(len(wrapped(line).splitlines()) for line in (first, conditions, *cause, *after)) - 2
        ordered = self._worst_first()
        rows = [self._cells(comparison) for comparison in ordered[:room]]
        if len(ordered) > room:
            after.insert(0, f"… and {len(ordered) - room} more; print() shows ten, .to_pandas() has all")
        return View((first, conditions, *cause), _HEAD, rows, tuple(after))

    def _columns(self) -> Mapping[str, Any]:
        """Return the comparisons in the order of x, one row each."""
        names = ("numeric", "analytic", "difference", "tolerance", "excess", "truncation", "rounding", "step")
        columns: dict[str, list[Any]] = {"where": [self.place(comparison.where) for comparison in self.comparisons]}
        for name in (*names, "verdict", "reason"):
            values = [getattr(comparison, name) for comparison in self.comparisons]
            columns[name] = [float(value) for value in values] if name in names else list(map(str, values))
        return columns

    def _worst_first(self) -> list[SlopeComparison]:
        return sorted(self.comparisons, key=lambda comparison: (-_rank(comparison), -comparison.excess))

    def table(self, rows: int | None = None) -> str:
        """Return the comparisons as text, worst first; `rows` limits their number (None: all)."""
        ordered, head = self._worst_first(), _HEAD
        cells = [head, *(self._cells(comparison) for comparison in ordered[:rows])]
        widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:7], widths[1:7]), row[7]]).rstrip()
            for row in cells
        ]
        left = len(ordered) - len(ordered[:rows])
        return "\n".join([*lines, *([f"… and {left} more"] if left else [])])

    def _cells(self, comparison: SlopeComparison) -> tuple[str, ...]:
        slopes = f"{comparison.numeric:.6g}", f"{comparison.analytic:.6g}"
        errors = f"{comparison.difference:.1e}", f"{comparison.tolerance:.1e}", f"{comparison.excess:.2g}"
        verdict = comparison.verdict + (f": {comparison.reason}" if comparison.reason else "")
        return self.place(comparison.where), *slopes, *errors, f"{comparison.step:.1e}", verdict

    def place(self, where: tuple[int, ...]) -> str:
        """Return the name of a coordinate (``x[3]``) or of a direction (``direction 0``)."""
        if self.mode == "directions":
            return f"direction {where[0]}"
        return f"x[{', '.join(map(str, where))}]" if where else "x"

    def _lines(self, rows: int) -> list[str]:
        counts = Counter(comparison.verdict for comparison in self.comparisons)
        what = "coordinates" if self.mode == "coordinates" else "random directions"
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        return [
            f"gradient check: {self.verdict.upper()} ({len(self.comparisons)} {what}: {said})",
            f"{self.format}, x of shape {self.shape}, noise of f {self.noise:.1e}, {self.evaluations} evaluations of f",
            *([f"likely cause: {self.cause}"] if self.cause else []),
            self.table(rows),
            str(self.taylor),
            *(f"note: {note}" for note in self.notes),
        ]


_HEAD = ("where", "numeric", "analytic", "difference", "tolerance", "diff/tol", "step", "verdict")
"""The columns of the comparisons as a person reads them."""


def _rank(comparison: SlopeComparison) -> int:
    return {Verdict.DISAGREE: 2, Verdict.INCONCLUSIVE: 1, Verdict.AGREE: 0}[comparison.verdict]
