"""Why a part of the error has no bound in a cell: one sentence, from what was seen there."""

from collections.abc import Iterator, Sequence

import numpy as np

from numdiff.analysis import PARTS

__all__ = ["NO_COMPLEX_LIMITS", "UNTRACED", "reasons_of"]

NO_COMPLEX_LIMITS = "truncation: none is derived for the complex step, whose functions have no limits of rounding"
UNTRACED = "f is known by the values of its twin (exact=), which enclose nothing between the nodes"
_SINGULAR = "a pole, a kink or the end of the domain"


def reasons_of(
    columns: Sequence[Sequence[float]],
    order: int,
    abscissae: Sequence[np.ndarray],
    values: Sequence[np.ndarray],
    unlimited: frozenset[str] | None,
) -> list[str]:
    """Say for every cell why the first part without a bound has none.

    Parameters
    ----------
    columns : sequence of sequence of float
        The bounds on the parts, in the order of `PARTS`.
    order : int
        The order of the derivative in the truncation error.
    abscissae, values : sequence of ndarray
        For each node the rounded arguments of f and what it returned.
    unlimited : frozenset of str or None
        The functions that f uses and whose rounding error has no limit; None where f is not traced.

    Returns
    -------
    list of str
        ``"part: reason"``, empty where all parts have a bound.
    """
    reasons = []
    seen = _Seen(abscissae, values)
    for i, row in enumerate(zip(*columns, strict=True)):
        part = next((part for part, bound in zip(PARTS, row, strict=True) if bound == np.inf), None)
        if part is None:
            reasons.append("")
        elif unlimited is None and part != "combination":
            reasons.append(f"{part}: {UNTRACED}")
        else:
            reasons.append(f"{part}: {seen.reason(part, i, order, unlimited or frozenset())}")
    return reasons


class _Seen:
    """Where each cell called f, and what it returned."""

    def __init__(self, abscissae: Sequence[np.ndarray], values: Sequence[np.ndarray]) -> None:
        self.lost = _any(~np.isfinite(column) for column in abscissae)
        self.nan = _any(np.isnan(column) for column in values)
        self.infinite = _any(np.isinf(column) for column in values)

    def value(self, i: int) -> str:
        """Return what is wrong with a function value, if something is."""
        if self.nan[i]:
            return "f is NaN at a node, as outside its domain"
        return "f is infinite at a node: a pole or an overflow" if self.infinite[i] else ""

    def reason(self, part: str, i: int, order: int, unlimited: frozenset[str]) -> str:
        """Return why a part of a cell has no bound."""
        node = "a node overflows" if self.lost[i] else ""
        if part == "truncation":
            why = self.value(i) or f"{_SINGULAR}, or numbers beyond the doubles"
            return f"f^({order}) has no finite enclosure between the nodes: {node or why}"
        if part == "abscissa":
            return node or f"f' has no finite enclosure near a node: {self.value(i) or _SINGULAR}"
        if part == "evaluation":
            names = ", ".join(sorted(unlimited))
            limits = f"the rounding error of {names} has no limit in this format" if names else ""
            return (
                node
                or limits
                or self.value(i)
                or (f"within its rounding error f meets {_SINGULAR}, an overflow or an undecided sign")
            )
        return self.value(i) or "the sum or the quotient may overflow"


def _any(columns: Iterator[np.ndarray]) -> np.ndarray:
    found: np.ndarray = np.logical_or.reduce(list(columns)).ravel()
    return found
