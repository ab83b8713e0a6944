"""Maxima are those of all cells, and a map promises no digit that is not there."""

from functools import cache

import numpy as np
import pytest

from experiments.half_precision_atlas.atlas import FORMULAS, sheet_of
from experiments.half_precision_atlas.cells import PARTS, Subject
from experiments.half_precision_atlas.drawing import draw
from experiments.half_precision_atlas.formats import eight_bits
from experiments.half_precision_atlas.maps import EXACT, NOTHING, PER_DIGIT, SMALL, worst_in_groups
from experiments.half_precision_atlas.maxima import TIE
from experiments.half_precision_atlas.steps import steps_of
from numdiff.analysis.error_ledger import error_ledger
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS

FORMAT = "float8_e4m3fn"


@cache
def sheet(function, formula):
    with eight_bits():
        return sheet_of(Subject.of(function, FORMAT), formula)


@cache
def ledgers(function, formula):
    """Return the ledger of every cell of every other step."""
    with eight_bits():
        subject = Subject.of(function, FORMAT)
        return [
            error_ledger(PROBLEMS[function], subject.points, subject.points.dtype.type(step), formula, engine="arb")
            for step in steps_of(FORMATS[FORMAT], METHODS[formula])[::2]
        ]


def scale(ledger):
    return np.maximum(np.abs(ledger.reference), 2.0**-6)


@pytest.mark.parametrize(("function", "formula"), [("exp", "forward"), ("tanh", "centered")])
def test_maxima_are_those_of_the_ledgers_of_all_cells(function, formula):
    rows = sheet(function, formula).maxima.set_index(["k", "part"])
    for ledger in ledgers(function, formula):
        k = int(np.log2(float(ledger.h.flat[0])))
        if not np.isfinite(ledger.total).any():
            assert rows.loc[k, ["absolute", "relative"]].isna().all(axis=None)
            continue
        for part in PARTS:
            number = np.abs(np.where(np.isfinite(ledger.total), getattr(ledger, part), 0.0))
            for measure, size in (("absolute", number), ("relative", number / scale(ledger))):
                row = rows.loc[k, part]
                assert row[measure] == pytest.approx(size.max(), rel=2 * TIE, abs=0)
                if size.max():
                    x = float(ledger.format.from_hex(row[f"{measure}_at"]))
                    at = np.flatnonzero(ledger.x.astype(float) == x)
                    assert size[at].max() == row[measure]


def test_a_map_promises_digits_that_are_there():
    for function, formula in (("exp", "forward"), ("tanh", "centered")):
        for codes, ledger in zip(sheet(function, formula).digits[::2], ledgers(function, formula), strict=True):
            given = np.isfinite(ledger.total)
            assert ((codes == NOTHING) == ~given).all()
            shown = given & (codes < SMALL)
            error = np.abs(ledger.total) / scale(ledger)
            small = codes == SMALL
            assert (np.maximum(np.abs(ledger.reference), np.abs(ledger.total))[small] < 2.0**-6).all()
            assert (ledger.total[codes == EXACT] == 0).all()
            assert (error[shown] <= 10.0 ** (-codes[shown].astype(float) / PER_DIGIT) + (codes[shown] == 0) * 1e9).all()
            close = shown & (codes > 0) & (codes < SMALL - 1)
            assert (error[close] >= 10.0 ** (-(codes[close].astype(float) + 1.01) / PER_DIGIT)).all()


def test_counts_add_up():
    counts = sheet("tanh", "centered").counts
    assert (counts[["ok", "absorbed", "overflow", "nan"]].sum(axis=1) == counts["cells"]).all()
    assert (counts["with_parts"] <= counts["cells"]).all()
    assert set(counts["cells"]) == {254}


def test_groups_show_their_worst_cell():
    codes = np.array([3, 9, EXACT, NOTHING, NOTHING, NOTHING, 7, 8], dtype=np.uint8)
    assert worst_in_groups(codes, 2).tolist() == [3, 7]
    assert worst_in_groups(codes, 4).tolist() == [3, EXACT, NOTHING, 7]
    assert worst_in_groups(codes, 8).tolist() == codes.tolist()


def test_the_maps_are_drawn(tmp_path):
    with eight_bits():
        draw([sheet("tanh", formula) for formula in FORMULAS], tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
