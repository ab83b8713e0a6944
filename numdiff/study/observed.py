"""The kernel calls of a sweep as they were recorded: on the cells of its batches, and on the neighbours of points."""

from collections.abc import Iterator

import numpy as np

from numdiff.analysis.cells import LiftedCall
from numdiff.analysis.ledger import lifted_call
from numdiff.analysis.nodes import NodePlaces
from numdiff.formulas.kernels import Observation, observe
from numdiff.study.grids import POINTWISE_GRIDS, neighbours, steps_at
from numdiff.study.sweep import Batch


class Observed:
    """The kernel calls of batches, each made once: for the digests of what f returned, and for the errors."""

    def __init__(self) -> None:
        self._cells: dict[int, Observation] = {}
        self._lifted: dict[int, tuple[LiftedCall, NodePlaces]] = {}
        self._near: dict[int, list[tuple[np.ndarray, np.ndarray, Observation]]] = {}

    def cells(self, batch: Batch) -> Observation:
        """Return the kernel call on the cells of a batch."""
        if id(batch) not in self._cells:
            x, h = batch.points[:, np.newaxis], batch.steps[np.newaxis, :]
            self._cells[id(batch)] = observe(batch.method, batch.subject.f, x, h)
        return self._cells[id(batch)]

    def lifted(self, batch: Batch) -> tuple[LiftedCall, NodePlaces]:
        """Return the kernel call in exact numbers, and its nodes."""
        if id(batch) not in self._lifted:
            x, h = batch.points[:, np.newaxis], batch.steps[np.newaxis, :]
            observation, method, fmt = self.cells(batch), batch.method, batch.format
            call = lifted_call(observation, x, h, method, fmt)
            places = NodePlaces(method, fmt, x, h, observation.result.shape, (call.points, call.steps))
            self._lifted[id(batch)] = call, places
        return self._lifted[id(batch)]

    def near(self, batch: Batch) -> list[tuple[np.ndarray, np.ndarray, Observation]]:
        """Return for each point its neighbours, where a step is lost, and the kernel call on them."""
        if id(batch) not in self._near:
            self._near[id(batch)] = [
                (near, lost, observe(batch.method, batch.subject.f, near[:, np.newaxis], steps))
                for near, steps, lost in steps_near(batch)
            ]
        return self._near[id(batch)]

    def forget(self, batch: Batch) -> None:
        """Give the memory of a batch back."""
        self._cells.pop(id(batch), None)
        self._lifted.pop(id(batch), None)
        self._near.pop(id(batch), None)


def steps_near(batch: Batch) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield for each point its neighbours, their steps, and where a step is lost; nothing if none are wanted.

    Yields
    ------
    near : ndarray, shape (n,)
        The neighbours that are finite: one beyond the largest number is a failure.
    steps : ndarray, shape (m,) or (n, m)
        The steps of all grids but the dyadic one; each neighbour has its own where the grid depends on the point.
    lost : ndarray of bool, of the shape of `steps`
        Where the own step of a neighbour is 0, a failure; `steps` has that of the grid there.
    """
    wanted = [j for j, grid in enumerate(batch.grids) if grid != "dyadic"]
    if not batch.sweep.neighbourhood or not wanted:
        return
    steps = batch.steps[wanted]
    for x in batch.points:
        near = neighbours(batch.format, x)
        near = near[np.isfinite(near)]
        own = steps
        if set(batch.grids) & set(POINTWISE_GRIDS):
            own = steps_at(batch.format, batch.grids, batch.ks, near)
        lost = own == 0
        yield near, np.where(lost, steps, own), lost
