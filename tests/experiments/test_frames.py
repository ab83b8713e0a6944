"""Operations on frames that the experiments share."""

import numpy as np
import pandas as pd
import pytest

from experiments.frames import best_cells, blank, log10, methods_of, once, with_smallest

CELLS = pd.DataFrame(
    {
        "run": ["a", "a", "a", "a", "b", "b", "c"],
        "step_value": [1.0, 0.5, 0.25, 0.125, 1.0, 0.5, 1.0],
        "error": [3.0, -1.0, 1.0, 2.0, 5.0, 4.0, np.nan],
    },
    index=[10, 11, 12, 13, 20, 21, 30],
)


def test_the_smallest_error_of_each_group_is_found_and_the_larger_step_where_errors_tie():
    found = with_smallest(CELLS, CELLS["error"], ["run"])
    assert found.index.tolist() == [11, 21]
    assert found["at_edge"].tolist() == [False, True]


def test_a_group_without_an_error_has_no_best_cell():
    assert with_smallest(CELLS[CELLS["run"] == "c"], CELLS["error"], ["run"]).empty


@pytest.mark.parametrize("column, value", [("status", "nan"), ("neighbours", 0), ("failures", 1)])
def test_a_cell_that_failed_is_not_the_best_but_its_step_counts_for_the_edge(column, value):
    records = CELLS[:4].assign(status="ok", neighbours=33, failures=0, rms_error=[1.0, 2.0, 3.0, 4.0])
    assert best_cells(records, ["run"])["at_edge"].tolist() == [True]
    records[column] = [value, *records[column][1:]]
    best = best_cells(records, ["run"])
    assert (best.index.tolist(), best["at_edge"].tolist()) == ([11], [False])


def test_formulas_are_named_in_the_order_of_the_registry():
    assert methods_of(pd.DataFrame({"method": ["centered", "forward", "centered"]})) == ["forward", "centered"]


def test_logarithms_keep_the_index_of_a_series():
    found = log10(pd.Series([100.0, 0.0], index=[3, 1]))
    assert (found.index.tolist(), found.tolist()) == ([3, 1], [2.0, -np.inf])
    assert log10(1000.0) == 3.0


def test_what_is_missing_is_an_empty_cell_and_nothing_else_changes():
    column = pd.Series([1.5, float("nan"), 0.0])
    assert blank(column).tolist() == [1.5, None, 0.0]
    frame = blank(pd.DataFrame({"a": column, "b": ["x", None, ""]}))
    assert frame.to_dict("list") == {"a": [1.5, None, 0.0], "b": ["x", None, ""]}


def test_what_is_computed_once_for_a_frame_is_not_shared_with_another_or_changed_by_its_users():
    calls = []

    @once
    def doubled(frame):
        calls.append(len(frame))
        return 2 * frame

    first, second = pd.DataFrame({"a": [1.0, 2.0]}), pd.DataFrame({"a": [1.0]})
    found = doubled(first)
    found["a"] = 0.0
    assert doubled(first)["a"].tolist() == [2.0, 4.0]
    assert doubled(second)["a"].tolist() == [2.0]
    assert calls == [2, 1]
    for number in range(50):  # a frame that is gone leaves its identity to another
        assert doubled(pd.DataFrame({"a": [float(number)]}))["a"].tolist() == [2.0 * number]
