"""A predicted step that a person reads."""

import math

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS
from tests.core_environment import needs_everything

pytestmark = needs_everything


@pytest.mark.parametrize("name", FORMATS)
def test_prediction_says_step_error_and_digits_in_three_lines(name: str) -> None:
    found = nd.optimal_step(np.exp, 0.5, dtype=name)
    lines = repr(found).splitlines()
    assert len(lines) == 3
    assert lines[0].startswith(f"Prediction in {name}: step ")
    assert f"({found.predicted_digits:.1f} digits)" in lines[0]
    assert lines[1].startswith("closed form of two terms: step ")
    assert lines[2] == "no assumption fails"


def test_a_derivative_that_is_zero_has_no_count_of_digits() -> None:
    assert "error 0 (the formula is exact)" in repr(nd.optimal_step(lambda x: 3.0, 0.5))
    assert "no digits: the derivative is 0" in " ".join(repr(nd.optimal_step(np.cos, 0.0)).split())
    several = repr(nd.optimal_step(lambda x: x**2, [0.0, 1.0]))
    assert "none" in several
    assert "inf" not in several


def test_failed_assumption_is_named_with_its_advice() -> None:
    found = nd.optimal_step(np.abs, 0.0)
    assert repr(found).splitlines()[0] == "Prediction in float64: no step"
    assert found.failed is not None
    assert f"failed assumption: {found.failed}; {found.failed.advice}" in " ".join(repr(found).split())
    assert str(found.failed) in found._repr_html_()


def test_frame_has_one_row_with_the_numbers() -> None:
    found = nd.optimal_step(np.sin, 0.0)
    frame = found.to_pandas()
    assert frame.shape[0] == 1
    assert frame["step"][0] == float(found.step)
    assert frame["failed"].tolist() == ["x = 0"]
    assert "model" not in frame


def test_array_of_predictions_is_a_table_of_its_points() -> None:
    count = 40
    found = nd.Predictions(
        step=np.full(count, 1e-5),
        predicted_error=np.full(count, 1e-11),
        predicted_digits=np.full(count, 10.0),
        closed_form_step=np.full(count, 1e-5),
        closed_form_error=np.full(count, 1e-11),
        model=np.full(count, None),
        failed=np.array([None] * (count - 1) + ["no room"], dtype=object),
    )
    lines = repr(found).splitlines()
    assert lines[0] == "Predictions in float64: 40 points; 39 ok, 1 no room"
    assert len(lines) <= 10
    assert lines[-1].split() == ["39", "1.00e-05", "1.00e-11", "10.0", "no", "room"]
    assert found._repr_html_().count("<tr>") == 7
    assert found.to_pandas()["step"].tolist() == [1e-5] * count


def test_equal_predictions_stay_equal() -> None:
    one, two = nd.optimal_step(np.exp, 0.5), nd.optimal_step(np.exp, 0.5)
    assert one == two
    assert not math.isnan(one.step)
