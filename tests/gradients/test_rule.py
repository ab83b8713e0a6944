"""The decision rule, case by case, and what it promises for any error of the value within its bar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.adaptive.ending import Estimates
from numdiff.adaptive.status import OK, Status
from numdiff.floats.formats import get_format
from numdiff.gradients.rule import BARS, COARSE_BARS, Slopes, Verdict, resolution_of


def slopes(claim, value, bar, rounding=0.0, status=OK, is_coarse=False, **fields):
    one = {"step": 0.1, "noise": 0.0, "freedom": 3, "left": np.nan, "right": np.nan} | fields
    parts = (value, bar, status, 12, *one.values())
    found = Estimates(*(np.array([part]) for part in parts))
    return Slopes(np.array([claim]), np.array([rounding]), found, is_coarse)


def verdict(confirmed=False, resolution=0.1, **case):
    return slopes(**case).verdicts(np.array([confirmed]), resolution)[0]


@pytest.mark.parametrize(
    "case, confirmed, expected",
    [
        ({"claim": 1.0, "value": 1.0, "bar": 1e-9}, False, Verdict.AGREE),
        ({"claim": 1.0, "value": 1.01, "bar": 0.02}, False, Verdict.AGREE),
        ({"claim": 1.0, "value": 1.01, "bar": 0.031}, False, Verdict.UNDECIDED),
        ({"claim": 1.0, "value": 1.01, "bar": 0.02, "rounding": 0.02}, False, Verdict.UNDECIDED),
        ({"claim": 2.0, "value": 1.0, "bar": 1e-9}, True, Verdict.DISAGREE),
        ({"claim": 2.0, "value": 1.0, "bar": 1e-9}, False, Verdict.UNDECIDED),
        ({"claim": 1.0009, "value": 1.0, "bar": 1e-9}, True, Verdict.INEXACT),
        ({"claim": 1.0011, "value": 1.0, "bar": 1e-9}, True, Verdict.DISAGREE),
        ({"claim": 1.0009, "value": 1.0, "bar": 1e-9}, False, Verdict.UNDECIDED),
        ({"claim": 0.0, "value": 1e-10, "bar": 1e-9}, False, Verdict.ZERO),
        ({"claim": 0.0, "value": 0.0, "bar": 0.0}, False, Verdict.ZERO),
        ({"claim": 0.0, "value": 0.0, "bar": 1.0, "status": int(Status.KINK)}, False, Verdict.UNDECIDED),
        ({"claim": 1e-12, "value": 1e-10, "bar": 1e-9}, False, Verdict.UNDECIDED),
        ({"claim": 1.0, "value": 1.0, "bar": np.inf}, True, Verdict.UNDECIDED),
        ({"claim": 1.0, "value": np.nan, "bar": np.inf, "status": int(Status.NOT_FINITE)}, True, Verdict.UNDECIDED),
        ({"claim": 9.0, "value": 1.0, "bar": 0.1, "status": int(Status.JUMP)}, True, Verdict.UNDECIDED),
        ({"claim": 9.0, "value": 1.0, "bar": 0.1, "status": int(Status.KINK)}, True, Verdict.DISAGREE),
    ],
)
def test_each_case_has_its_verdict(case, confirmed, expected):
    assert verdict(confirmed=confirmed, **case) is expected


@given(st.floats(-1, 1), st.floats(1e-12, 1e3), st.floats(0, 1), st.booleans(), st.sampled_from([2, 0.5, -1, 0, 1.25]))
def test_no_claim_off_by_a_quarter_agrees_while_the_tolerance_holds_the_error(part, size, bar, is_coarse, factor):
    """Whatever the bar, and wherever in three of them the value lies."""
    value = size * (1 + BARS * bar * part)
    resolution = resolution_of(get_format("bfloat16" if is_coarse else "float64"))
    case = {"claim": factor * size, "value": value, "bar": size * bar, "is_coarse": is_coarse}
    assert verdict(resolution=resolution * (1 - 1e-9), **case) is not Verdict.AGREE


@given(st.floats(-1, 1), st.floats(1e-12, 1e3), st.floats(1e-12, 1))
def test_right_claim_is_no_suspicion_while_the_value_is_within_three_bars(part, size, bar):
    value = size * (1 + BARS * bar * part * (1 - 1e-9))
    assert not slopes(size, value, size * bar, size * 1e-9).is_suspect[0]


@given(st.floats(-1, 1), st.floats(1e-3, 1e3), st.floats(1e-9, 1), st.booleans(), st.sampled_from([-1, 1]))
def test_deviation_of_ten_bars_is_a_suspicion(part, size, bar, is_coarse, sign):
    case = slopes(size + sign * 10 * size * bar, size * (1 + bar * part), size * bar, 0.0, is_coarse=is_coarse)
    assert case.is_suspect[0]


def test_suspicions_of_16_bits_begin_at_eight_bars_and_nothing_in_between_is_decided():
    for bars, suspect in ((2.9, False), (3.1, False), (7.9, False), (8.1, True)):
        case = slopes(1 + bars * 0.01, 1.0, 0.01, is_coarse=True)
        assert case.is_suspect[0] == suspect
        assert (case.verdicts(np.array([False]), 0.5)[0] is Verdict.AGREE) == (bars < BARS)
    assert COARSE_BARS < 10


@pytest.mark.parametrize(
    "case, text",
    [
        ({"status": int(Status.KINK), "left": -1.0, "right": 2.0}, "kink: the slope is -1 from the left and 2 from"),
        ({"status": int(Status.JUMP)}, "f jumps"),
        ({"status": int(Status.OSCILLATES)}, "f oscillates"),
        ({"status": int(Status.AMBIGUOUS)}, "large and small steps see different slopes"),
        ({"status": int(Status.NOT_FINITE)}, "f is infinite or NaN near x"),
        ({"status": int(Status.TOUCHES_DOMAIN)}, "the end of the domain leaves little room"),
        ({"rounding": 1.0}, "the rounding error of the gradient hides"),
        ({"noise": 1e-3}, "noise of f, about 1.0e-03, hides"),
        ({"status": int(Status.BUDGET)}, "the evaluations ended"),
        ({}, "rounding hides a slope of this size: the format is too coarse"),
    ],
)
def test_each_undecided_slope_has_its_reason(case, text):
    assert slopes(claim=1.0, value=1.0, bar=0.5, **case).reason(0, 1.0, 2.0**-53).startswith(text)
