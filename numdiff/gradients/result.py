"""The result of a gradient check: a comparison for every coordinate or direction, and a verdict with its reasons."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np

from numdiff.display import Shown, View, wrapped
from numdiff.gradients.rule import Verdict

__all__ = ["GradientCheck", "SlopeComparison", "WrongGradientError"]


class WrongGradientError(AssertionError):
    """A gradient disagrees with the slopes of its function, or is not confirmed where that was asked for.

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
    """A claim and a slope, in one coordinate or along one direction.

    Parameters
    ----------
    where : tuple of int
        The index of the coordinate in x (in a tree: in its flat vector); for a direction its number alone.
    name : str
        What it is called: ``x[3]``, ``W[2, 3]``, ``direction 0``.
    numeric, analytic : float
        The slope v and the claim c, in units of f per unit of x, or along a direction d per d.
    error : float
        The bar of their difference, b + R, with the bar b of `numeric`; infinite where nothing is known.
    rounding : float
        What the claim may be off by its own rounding, R.
    tolerance : float
        B = 3(b + R).
    step : float
        The widest step from which `numeric` comes; along a direction the factor of d.
    verdict : Verdict
    reason : str
        Why nothing is decided; empty otherwise.
    """

    where: tuple[int, ...]
    name: str
    numeric: float
    analytic: float
    error: float
    rounding: float
    tolerance: float
    step: float
    verdict: Verdict
    reason: str = ""

    @property
    def difference(self) -> float:
        """The claim minus the slope."""
        return self.analytic - self.numeric

    @property
    def excess(self) -> float:
        """|difference|/tolerance: above 1 there is a second look; 0 where nothing is known."""
        if not np.isfinite(self.tolerance) or np.isnan(self.difference):
            return 0.0
        return abs(self.difference) / self.tolerance if self.tolerance else (np.inf if self.difference else 0.0)

    @property
    def uncertainty(self) -> float:
        """(|difference| + tolerance)/|numeric|: how far off the claim may be; NaN for a slope of 0."""
        return (abs(self.difference) + self.tolerance) / abs(self.numeric) if self.numeric else float("nan")


@dataclass(frozen=True, repr=False)
class GradientCheck(Shown):
    """The result of `check_gradient`; its truth is not defined: ask for `verdict`, or call `raise_if_wrong`.

    Parameters
    ----------
    comparisons : tuple of SlopeComparison
        One for each coordinate that was checked, in the order of x, or one for each direction.
    mode : str
        ``"coordinates"`` or ``"directions"``.
    format : str
        The name of the format in which f was evaluated.
    shape : tuple of int
        The shape of x; of a tree ``(n,)``.
    noise : float
        The standard deviation of the error of f: the median over all slopes, in units of f.
    evaluations : int
        Of f, in points.
    resolution : float
        The part of a slope to which it is checked.
    visible : float
        Along directions: a single coordinate that is wrong by more would have been seen, whichever it is. NaN for
        coordinates, where each has its own tolerance.
    cause : str
        A likely cause of a disagreement, or an empty text.
    notes : tuple of str
        Further observations, such as a format that f chose by itself.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> check = nd.check_gradient(lambda x: np.sum(x * x), lambda x: 3 * x, np.array([0.5, -1.0]))
    >>> check.verdict.value, check.cause
    ('disagree', 'a factor: the gradient has to be multiplied by 2/3')
    """

    comparisons: tuple[SlopeComparison, ...]
    mode: str
    format: str
    shape: tuple[int, ...]
    noise: float
    evaluations: int
    resolution: float
    visible: float = float("nan")
    cause: str = ""
    notes: tuple[str, ...] = ()

    def __bool__(self) -> NoReturn:
        """Refuse to be true or false."""
        raise TypeError(
            "the truth of a GradientCheck is not defined: write check.raise_if_wrong() in a test, which raises where "
            "the gradient is wrong (inconclusive=True: also where not all is resolved), or check.verdict == 'agree'"
        )

    @property
    def verdict(self) -> Verdict:
        """Disagree if any comparison does, agree if all are resolved, otherwise inconclusive.

        Resolved are slopes that agree, and inexact ones.
        """
        found = {comparison.verdict for comparison in self.comparisons}
        if Verdict.DISAGREE in found:
            return Verdict.DISAGREE
        return Verdict.INCONCLUSIVE if found - {Verdict.AGREE, Verdict.INEXACT} else Verdict.AGREE

    @property
    def resolved(self) -> int:
        """How many of the comparisons agree, are inexact, or disagree."""
        return sum(one.verdict not in (Verdict.UNDECIDED, Verdict.ZERO) for one in self.comparisons)

    @property
    def tolerance(self) -> float:
        """The largest tolerance of all comparisons; infinite where nothing is known of one."""
        return max(comparison.tolerance for comparison in self.comparisons)

    @property
    def worst(self) -> SlopeComparison:
        """The comparison with the gravest verdict, and among these with the largest excess."""
        return self._worst_first()[0]

    def raise_if_wrong(self, *, inconclusive: bool = False, inexact: bool = False) -> "GradientCheck":
        """Raise if the gradient is wrong, return the check otherwise: one line in a test.

        Parameters
        ----------
        inconclusive : bool, optional
            Whether to raise as well where any slope is undecided, or 0 to within its tolerance, which is frequent in
            the formats of 16 bits.
        inexact : bool, optional
            Whether to raise as well where any component is right to some digits only.

        Raises
        ------
        WrongGradientError
            If the verdict is disagree (or, where asked for, inconclusive); the message is the whole table.
        """
        is_inexact = any(comparison.verdict is Verdict.INEXACT for comparison in self.comparisons)
        is_open = inconclusive and self.verdict is Verdict.INCONCLUSIVE
        if self.verdict is Verdict.DISAGREE or is_open or (inexact and is_inexact):
            raise WrongGradientError(str(self))
        return self

    def __str__(self) -> str:
        return "\n".join([*self._lines(), self.table(10), *(f"note: {note}" for note in self.notes)])

    def _view(self) -> View:
        """Return what is shown: the verdict and its worst comparisons, in ten lines at most."""
        lines, after = self._lines(), []
        if self.notes:
            after = [f"notes: {len(self.notes)}, the first: {self.notes[0]}"]
        ordered = self._worst_first()
        room = 9 - sum(len(wrapped(line).splitlines()) for line in (*lines, *after))
        if len(ordered) > room:
            room -= 1
            after.insert(0, f"… and {len(ordered) - max(room, 1)} more; print() shows ten, .to_pandas() has all")
        return View(tuple(lines), _HEAD, [self._cells(one) for one in ordered[: max(room, 1)]], tuple(after))

    def _columns(self) -> Mapping[str, Any]:
        """Return the comparisons in the order of x, one row each."""
        names = ("numeric", "error", "analytic", "difference", "rounding", "tolerance", "excess", "step")
        columns: dict[str, list[Any]] = {"where": [one.name for one in self.comparisons]}
        columns |= {name: [float(getattr(one, name)) for one in self.comparisons] for name in names}
        return columns | {name: [str(getattr(one, name)) for one in self.comparisons] for name in ("verdict", "reason")}

    def _worst_first(self) -> list[SlopeComparison]:
        return sorted(self.comparisons, key=lambda one: (_GRAVEST.index(one.verdict), -one.excess))

    def table(self, rows: int | None = None) -> str:
        """Return the comparisons as text, worst first; `rows` limits their number (None: all)."""
        ordered = self._worst_first()
        cells = [_HEAD, *(self._cells(comparison) for comparison in ordered[:rows])]
        widths = [max(len(row[column]) for row in cells) for column in range(len(_HEAD))]
        lines = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:6], widths[1:6]), row[6]]) for row in cells]
        left = len(ordered) - len(ordered[:rows])
        return "\n".join([*map(str.rstrip, lines), *([f"… and {left} more"] if left else [])])

    @staticmethod
    def _cells(one: SlopeComparison) -> tuple[str, ...]:
        slopes = f"{one.numeric:.6g}", f"{one.analytic:.6g}"
        errors = f"{one.difference:.1e}", f"{one.tolerance:.1e}", f"{one.excess:.2g}"
        said = f"0 to within {one.tolerance:.1e}" if one.verdict is Verdict.ZERO else str(one.verdict)
        return one.name, *slopes, *errors, said + (f": {one.reason}" if one.reason else "")

    def _lines(self) -> list[str]:
        counts = Counter(comparison.verdict for comparison in self.comparisons)
        said = ", ".join(f"{counts[verdict]} {verdict}" for verdict in Verdict if counts[verdict])
        count, what = len(self.comparisons), self.mode
        if count == 1:
            what = what.removesuffix("s")
        lines = [
            f"gradient check: {self.verdict.upper()}{self._resolved()} ({count} {what}: {said})",
            f"{self.format}, x of shape {self.shape}, noise of f {self.noise:.1e}, {self.evaluations} evaluations of f",
        ]
        if np.isfinite(self.visible) and self.verdict is not Verdict.DISAGREE:
            lines.append(f"a single coordinate wrong by more than {self.visible:.1e} would have been seen")
        left = {one.verdict for one in self.comparisons} - {Verdict.AGREE, Verdict.INEXACT}
        if left == {Verdict.ZERO}:
            lines.append(
                "what is left are slopes of 0, which raise_if_wrong() accepts: for agreement check at an x where they "
                "are not 0, or name the others in coordinates="
            )
        return [*lines, *([f"likely cause: {self.cause}"] if self.cause else [])]

    def _resolved(self) -> str:
        """Return what was resolved: `` to 3e-09 (worst x[3]: 4e-07)``; nothing for a wrong gradient."""
        known = [one for one in self.comparisons if one.verdict in (Verdict.AGREE, Verdict.INEXACT)]
        if self.verdict is Verdict.DISAGREE:
            return ""
        part = "" if self.verdict is Verdict.AGREE else f", resolved {self.resolved} of {len(self.comparisons)}"
        if not known:
            return part
        worst = max(known, key=lambda one: one.uncertainty)
        typical = float(np.median([one.uncertainty for one in known]))
        least = f" (worst {worst.name}: {worst.uncertainty:.0e})" if len(known) > 1 else ""
        return f"{part} to {typical:.0e}{least}"


_HEAD = ("where", "numeric", "analytic", "difference", "tolerance", "diff/tol", "verdict")
"""The columns of the comparisons as a person reads them."""
_GRAVEST = (Verdict.DISAGREE, Verdict.INEXACT, Verdict.UNDECIDED, Verdict.ZERO, Verdict.AGREE)
