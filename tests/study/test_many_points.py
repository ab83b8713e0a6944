"""A sweep over many points: planned from pieces as from all of them, and never as one list of Python numbers."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from numdiff.study import many_points
from numdiff.study.grids import Number
from numdiff.study.many_points import ManyPoints, PointsHere
from numdiff.study.subject import UserFunction
from numdiff.study.sweep import Sweep, plan

SWEEP = Sweep(
    "many", (), ("forward", "centered"), ("float16", "float32", "float64"), ("generic",), None, all_points=True
)
SUBJECT = UserFunction("log", np.log, None, (), (0.0, np.inf))
X = np.concatenate([np.geomspace(1e-7, 1e6, 40), [0.0, -1.0, 1e-300]])


def exactly(argument: str, points: np.ndarray) -> tuple[Number, ...]:
    return tuple(points.tolist())


def many(x: np.ndarray = X, made: Any = exactly) -> ManyPoints:
    return ManyPoints(SUBJECT, SWEEP, x, PointsHere(SUBJECT, SWEEP, "arb"), made)


@pytest.mark.parametrize("piece", [1, 7, 8192])
def test_steps_of_each_format_are_those_that_all_points_decide(monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(many_points, "_PIECE", piece)
    whole = plan(replace(SUBJECT, points=tuple(X.tolist())), SWEEP)
    parts = [part.plan for part in many().parts()]
    for name in SWEEP.formats:
        ks = {batch.ks for batch in whole.batches if batch.format.name == name}
        assert {batch.ks for part in parts for batch in part.batches if batch.format.name == name} == ks
    assert sum(part.cells for part in parts) == whole.cells == many().cells


def test_parts_have_all_points_in_their_order_and_about_the_cells_that_are_wanted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(many_points, "PART", 1000)
    x = X[:-1]  # the smallest one asks for a thousand steps, and a point is never cut
    parts = list(many(x).parts())
    assert len(parts) > 3
    assert np.concatenate([part.points for part in parts]).tolist() == x.tolist()
    assert [part.first for part in parts] == np.cumsum([0, *(len(part.points) for part in parts[:-1])]).tolist()
    assert max(part.cells for part in parts) <= 1000


def test_no_more_points_than_a_piece_are_numbers_at_once() -> None:
    sizes = []

    def counted(argument: str, points: np.ndarray) -> tuple[Number, ...]:
        sizes.append(len(points))
        return exactly(argument, points)

    swept = many(np.linspace(1.0, 2.0, 50_000), counted)
    next(swept.parts())
    assert max(sizes) <= 8192
    assert len(swept.ks) == 3
