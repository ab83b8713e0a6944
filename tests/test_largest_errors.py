"""Largest errors over points: the same in whatever pieces records come, and failures are counted, not averaged."""

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.largest_errors import LARGEST, LargestErrors


@pytest.fixture(scope="module")
def records() -> pd.DataFrame:
    x = [0.5, 1.0, 300.0]
    return nd.sweep(np.exp, x, [2.0**-3, 2.0**-9], dtype=["float32", "float64"], engine="arb").records


def known(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values(["method", "format", "k"], ignore_index=True)


def test_pieces_and_their_order_change_nothing(records: pd.DataFrame) -> None:
    whole, pieces = LargestErrors(), LargestErrors()
    whole.add(records)
    pieces.add_all(records[records["point"] == point] for point in (2, 0, 1))
    pd.testing.assert_frame_equal(known(whole.frame()), known(pieces.frame()))
    assert whole.statuses == pieces.statuses == records["status"].value_counts().to_dict()
    assert whole.states == pieces.states
    assert whole.points == pieces.points == 3


def test_platform_columns_are_those_of_cells_that_are_ok_and_portable_ones_those_of_all(records: pd.DataFrame) -> None:
    """exp(300) overflows float32: a cell without a total error, whose truncation error is known."""
    largest = LargestErrors()
    largest.add(records)
    row = largest.frame().query("method == 'centered' and format == 'float32' and k == 0").iloc[0]
    cells = records.query("method == 'centered' and format == 'float32' and k == 0")
    assert (row["cells"], row["ok"]) == (3, 2)
    assert row["failed"].startswith("1 ")
    assert row["total"] == cells.query("status == 'ok'")["total"].abs().max()
    assert row["truncation"] == cells["truncation"].abs().max() > 1e100


def test_nothing_is_an_empty_frame_with_the_columns() -> None:
    frame = LargestErrors().add_all([]).frame()
    assert frame.empty
    assert {"cells", "ok", "failed", *LARGEST} <= set(frame.columns)
