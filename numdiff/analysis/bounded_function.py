"""A function with what its bounds need of it: suprema of derivatives, and rounding errors at nodes and around them."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from numdiff.analysis.nodes import NodePlaces
from numdiff.analysis.suprema import Suprema
from numdiff.arithmetic.accuracy import without_limit
from numdiff.arithmetic.ball import Ball
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.promotion import refuse_unsuitable
from numdiff.arithmetic.running_columns import Column
from numdiff.arithmetic.running_error import enclosed, evaluation_errors, working_precision
from numdiff.floats.formats import Dyadic, FloatFormat


class BoundedFunction:
    """A function, with what its bounds need and cells share.

    Parameters
    ----------
    f : callable
        An elementwise NumPy callable with Python constants. What `rounded` makes has the bounds of correctly rounded
        functions.
    suprema : Suprema, optional
        Of the same exact function, to be shared by its arithmetics.
    untraced : bool
        Whether f is known by the values of a twin alone: what needs its formula has no bound then.
    """

    def __init__(self, f: Callable[[Any], Any], suprema: Suprema | None = None, untraced: bool = False) -> None:
        self.f, self.untraced = f, untraced
        self.suprema = Suprema(None if untraced else f) if suprema is None else suprema
        self._errors: dict[str, dict[Dyadic | None, float]] = {}
        self._used: dict[str, frozenset[str]] = {}
        self._enclosed: dict[str, tuple[dict[Ball, int], Column]] = {}

    def ufuncs(self, fmt: FloatFormat) -> frozenset[str]:
        """Return the ufuncs of f; raise OtherFormatError (a TypeError) where it is not computed in the format."""
        if fmt.name not in self._used:
            self._used[fmt.name] = refuse_unsuitable(self.f, fmt)
        return self._used[fmt.name]

    def unlimited(self, fmt: FloatFormat) -> frozenset[str] | None:
        """Return the functions that f uses and whose rounding error has no limit; None where f is not traced."""
        return None if self.untraced else without_limit(self.f, fmt, used=self.ufuncs(fmt))

    def prepare(self, cells: Sequence[NodePlaces], nodes: Sequence[Dyadic | None]) -> None:
        """Look at once at all that `errors` and `enclosed` will be asked for cells of one format.

        A call of the arithmetics takes as long as its elements do where they are few.

        Parameters
        ----------
        cells : sequence of NodePlaces
        nodes : sequence of Dyadic or None
            Where f was called.
        """
        if self.untraced or not cells:
            return
        fmt = cells[0].format
        self.errors(nodes, fmt)
        with working(working_precision(fmt)), np.errstate(all="ignore"):
            self.enclosed([place.ball for some in cells for row in some.places for place in row], fmt)

    def errors(self, points: Sequence[Dyadic | None], fmt: FloatFormat) -> Mapping[Dyadic | None, float]:
        """Return the bounds on the rounding error of f by abscissa.

        Parameters
        ----------
        points : sequence of Dyadic or None
            Numbers of the format; None stands for an abscissa that overflowed.
        fmt : FloatFormat

        Returns
        -------
        mapping of Dyadic or None to float
            At least the points that were asked for; doubles, rounded up; infinite at None.

        Raises
        ------
        TypeError
            As `evaluation_errors`.
        """
        if self.untraced:
            return dict.fromkeys(points, math.inf)
        used = self.ufuncs(fmt)
        known = self._errors.setdefault(fmt.name, {None: math.inf})
        missing = [x for x in dict.fromkeys(points) if x is not None and x not in known]
        known.update(zip(missing, evaluation_errors(self.f, missing, fmt, used), strict=True))
        return known

    def enclosed(self, places: Sequence[Ball], fmt: FloatFormat) -> Column:
        """Enclose values and rounding errors where a node may be rounded to; `Undefined` where there is none.

        To be called inside ``balls.working(working_precision(fmt))``. Formulas and steps share most places.
        """
        known, elements = self._enclosed.setdefault(fmt.name, ({}, Column([])))
        missing = [place for place in dict.fromkeys(places) if place not in known]
        if missing:
            more = enclosed(self.f, missing, fmt, self.ufuncs(fmt))
            known.update(zip(missing, range(len(elements), len(elements) + len(missing)), strict=True))
            elements = elements.joined(more)
            self._enclosed[fmt.name] = known, elements
        return elements.take([known[place] for place in places])
