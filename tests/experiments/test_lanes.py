"""Lanes stand in the order that is asked for, and none of them meets another."""

from itertools import pairwise

import pandas as pd

from experiments.lanes import lanes_of
from experiments.step_sweep.drawing import _median_text

FRAME = pd.DataFrame(
    [(name, method) for name in ("float16", "float64") for method in ("forward", "centered")],
    columns=["format", "method"],
)


def test_lanes_of_one_format_stand_together_by_default():
    lanes = lanes_of(FRAME)
    assert sorted(lanes, key=lambda pair: -lanes[pair]) == [
        ("float16", "forward"),
        ("float16", "centered"),
        ("float64", "forward"),
        ("float64", "centered"),
    ]


def test_lanes_of_one_formula_stand_together_a_little_apart_from_those_of_the_next():
    lanes = lanes_of(FRAME, "method")
    ordered = sorted(lanes, key=lambda pair: -lanes[pair])
    assert [method for _, method in ordered] == ["forward", "forward", "centered", "centered"]
    assert [name for name, _ in ordered] == ["float16", "float64"] * 2
    gaps = [lanes[a] - lanes[b] for a, b in pairwise(ordered)]
    assert gaps[0] == gaps[2] == 1 < gaps[1]
    assert min(lanes.values()) == 0


def test_medians_are_given_in_digits_of_what_the_format_holds():
    assert _median_text(7.94, 15.955, narrow=False) == "7.9 of 16.0"
    assert _median_text(7.94, 15.955, narrow=True) == "7.9\nof 16.0"
