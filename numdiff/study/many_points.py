"""A sweep of one function over many points, cut into blocks that are made when their turn comes.

The points stay what they were given as, an array of numbers. What all of them decide together, the steps of each
format, is found in a first pass over pieces of the array; then a block is planned from its own points. So the memory
that a sweep takes does not grow with its points, apart from the array.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
import pandas as pd

from numdiff.analysis.reference import Engine
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.study.blocks import Block, Ks, planned_at
from numdiff.study.grids import Number, in_format, step_indices
from numdiff.study.measure import measure, skip_frame
from numdiff.study.subject import UserFunction, lost_points
from numdiff.study.sweep import Skip, Sweep, SweepPlan
from numdiff.study.values import values_of

__all__ = ["ManyPoints", "PointsHere"]

PART = 4_000
"""Cells of a block, about: it takes 5 kB a cell while it is measured, and what its start costs is not seen yet."""
_PIECE = 8192
"""Points that are looked at together: their exact numbers take a few megabytes."""


@dataclass(frozen=True, eq=False)
class ManyPoints:
    """All cells of one function over many points.

    Parameters
    ----------
    subject : UserFunction
        The function; its own points do not count.
    sweep : Sweep
    points : ndarray, shape (n,)
    block : Block or PointsHere
        Measures some of the points when it is given these, with the index of the first one and `Ks`.
    exactly : callable
        Makes exact numbers of some of the points: ``exactly("x", points)``.
    """

    subject: UserFunction
    sweep: Sweep
    points: np.ndarray
    block: "Block | PointsHere"
    exactly: Callable[[str, np.ndarray], tuple[Number, ...]]

    @cached_property
    def _formats(self) -> dict[str, tuple[range, int, int]]:
        """By format the k of the binary grids, the index of the first point, and how many there are."""
        known = [fmt for name in self.sweep.formats if (fmt := FORMATS.get(name)) is not None]
        found = {fmt.name: _Extremes(fmt) for fmt in known}
        for start in range(0, len(self.points), _PIECE):
            numbers = self._numbers(start, start + _PIECE)
            for extremes in found.values():
                extremes.add(start, numbers, self.subject.domain)
        sweep = self.sweep
        return {
            name: (step_indices(seen.format, seen.ends, sweep.first_step, sweep.last_step), seen.first, seen.count)
            for name, seen in found.items()
            if seen.count
        }

    @property
    def ks(self) -> Ks:
        """What all points decide."""
        return tuple((name, ks.start, ks.stop) for name, (ks, _, _) in self._formats.items())

    @cached_property
    def _by_format(self) -> dict[str, int]:
        """By format the cells of its first point."""
        cells = {}
        for name, (_, first, _) in self._formats.items():
            sweep = replace(self.sweep, formats=(name,))
            planned = self._plan(sweep, self._numbers(first, first + 1))
            cells[name] = planned.cells
        return cells

    @property
    def cells(self) -> int:
        """How many records there are if no other point is without a step that its format has."""
        return sum(cells * self._formats[name][2] for name, cells in self._by_format.items())

    @property
    def points_of_a_block(self) -> int:
        """How many points a block has: about `PART` cells, and one point at least."""
        return max(1, PART // max(1, sum(self._by_format.values())))

    def parts(self) -> "Iterator[Block | PointsHere]":
        """Make one block after the other, in the order of the points; the cut depends on nothing but the sweep."""
        for start, numbers in self._pieces():
            yield replace(self.block, points=numbers, first=start, ks=self.ks)

    def skips(self) -> pd.DataFrame:
        """Plan all blocks again, and return what cannot be run and why; what holds for all points is said once."""
        found: list[Skip] = []
        said: set[Skip] = set()
        for start, numbers in self._pieces():
            for skip in self._plan(self.sweep, numbers, start).skips:
                if skip.point or skip not in said:
                    found.append(skip)
                    said |= set() if skip.point else {skip}
        places = {name: i for i, name in enumerate(self.sweep.formats)}
        return skip_frame(sorted(found, key=lambda skip: places[skip.format]))

    def _pieces(self) -> Iterator[tuple[int, tuple[Number, ...]]]:
        size = self.points_of_a_block
        for start in range(0, len(self.points), size):
            yield start, self._numbers(start, start + size)

    def _numbers(self, start: int, stop: int) -> tuple[Number, ...]:
        return self.exactly("x", self.points[start:stop])

    def _plan(self, sweep: Sweep, numbers: tuple[Number, ...], first: int = 0) -> SweepPlan:
        return planned_at(replace(self.subject, points=numbers), sweep, first, self.ks)


@dataclass(frozen=True, eq=False)
class PointsHere:
    """A block of points that this process measures: it has the function itself, which need not have a name."""

    subject: UserFunction
    sweep: Sweep
    engine: Engine
    points: tuple[Number, ...] = ()
    first: int = 0
    ks: Ks = ()

    is_stable: ClassVar[bool] = False

    @cached_property
    def plan(self) -> SweepPlan:
        """What there is to measure."""
        return planned_at(replace(self.subject, points=self.points), self.sweep, self.first, self.ks)

    @property
    def cells(self) -> int:
        """How many records the block gives."""
        return self.plan.cells

    def key(self) -> str:
        """Return a name: nothing is stored under it, for the function has none."""
        return f"points from {self.first}"

    def values(self) -> pd.DataFrame:
        """Return the digests of what f returns at the nodes of the block."""
        return values_of(self.plan)

    def measure(self, done: Callable[[int], Any] = lambda cells: None) -> dict[str, pd.DataFrame]:
        """Return the ``records`` of the block and its ``skips``."""
        records, skips = measure(self.plan, self.engine, done)
        return {"records": records, "skips": skips}


class _Extremes:
    """Which points of many there are in a format, and the smallest and the largest of their magnitudes but 0."""

    def __init__(self, fmt: FloatFormat) -> None:
        self.format, self.ends = fmt, np.empty(0, dtype=fmt.dtype)
        self.first = self.count = 0

    def add(self, start: int, numbers: Sequence[Number], domain: tuple[float, float]) -> None:
        """Look at the points from the index `start` on."""
        there = ~lost_points(numbers, domain, self.format)
        if there.any():
            self.first = self.first if self.count else start + int(np.flatnonzero(there)[0])
            self.count += int(there.sum())
            sizes = np.abs(in_format(self.format, numbers)[there])
            sizes = np.sort(np.concatenate([self.ends, sizes[sizes > 0]]))
            self.ends = sizes[[0, -1]] if sizes.size else sizes
