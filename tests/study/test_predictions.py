"""The predicted columns: what the model says, for the right cell, and only where it was asked."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.rules.model import FailedAssumption, optimal_step
from numdiff.study.blocks import UserFunction
from numdiff.study.measure import NOT_ASKED, OK, measure
from numdiff.study.sweep import Sweep, plan


def records(name: str, engine: Any = "arb", **fields: Any) -> pd.DataFrame:
    options: dict[str, Any] = {"formats": ("float32",), "grids": ("generic",), "predictions": True}
    return measure(plan(PROBLEMS[name], Sweep("s", (), **{**options, **fields})), engine)[0]


@pytest.mark.parametrize("method", ["forward", "centered", "centered4"])
def test_every_cell_has_the_error_that_the_model_gives_for_its_step(method: str) -> None:
    frame = records("shi_quartic", methods=(method,), all_points=True)
    assert frame["point"].nunique() == len(PROBLEMS["shi_quartic"].points)
    for point, cells in frame.groupby("point"):
        x = PROBLEMS["shi_quartic"].points[int(point)]  # type: ignore[call-overload]
        found = optimal_step(PROBLEMS["shi_quartic"].f, x, dtype="float32", stencil=METHODS[method])  # type: ignore[arg-type]
        assert found.model is not None
        expected = found.model.total(cells["step_value"].to_numpy())
        assert np.array_equal(cells["model_error"], np.where(np.isfinite(expected), expected, np.nan), equal_nan=True)
        assert set(cells["predicted_step"]) == {float(found.step)}
        assert set(cells["predicted_error"]) == {found.predicted_error}
        assert cells["closed_form_step"].iloc[0] == pytest.approx(float(found.closed_form_step), nan_ok=True)
        assert set(cells["prediction"]) == {OK if found.failed is None else str(found.failed)}


def test_both_engines_predict_the_same_bytes() -> None:
    names = ["model_error", "predicted_step", "predicted_error", "closed_form_step", "prediction"]
    frames = [records("runge", engine, formats=tuple(FORMATS))[names] for engine in ("mpmath", "arb")]
    pd.testing.assert_frame_equal(*frames, check_exact=True)


def test_a_failed_assumption_is_written_down() -> None:
    frame = records("signed_square", methods=("forward",))
    assert set(frame["prediction"]) == {FailedAssumption.NOT_SMOOTH.value}
    assert frame[["model_error", "predicted_step", "predicted_error", "closed_form_step"]].isna().all(axis=None)
    assert set(records("kostyrka_line")["prediction"]) == {FailedAssumption.LEADING_DERIVATIVE_ZERO.value}


def test_without_being_asked_there_is_no_prediction() -> None:
    frame = records("exp", predictions=False)
    assert set(frame["prediction"]) == {NOT_ASKED}
    assert frame["model_error"].isna().all()


def test_the_complex_step_has_no_prediction_beside_those_of_others() -> None:
    frame = records("exp", methods=("complex_step", "forward"))
    asked = frame.groupby("method")["prediction"].unique()
    assert list(asked["complex_step"]) == [NOT_ASKED]
    assert list(asked["forward"]) == [OK]


def test_the_domain_of_the_problem_bounds_the_step() -> None:
    """The best step of exp at ½ in float16 is near 0.1; only the domain knows that there is less room."""
    frame = measure(
        plan(
            UserFunction("near_the_edge", np.exp, None, (0.5,), (0.46875, math.inf)),
            Sweep("s", (), ("centered",), ("float16",), ("generic",), predictions=True),
        ),
        "arb",
    )[0]
    room = 0.5 - 0.46875
    assert frame.loc[frame["step_value"] >= room, "model_error"].isna().all()
    assert frame.loc[frame["step_value"].between(room / 32, room, inclusive="left"), "model_error"].notna().all()
    assert 0.8 * room < frame["predicted_step"].iloc[0] < room
    assert set(frame["prediction"]) == {FailedAssumption.NO_ROOM.value}


def test_a_node_without_a_function_value_has_no_modelled_error() -> None:
    """nash_log_near_zero: x − h leaves the domain of log at h = x."""
    frame = records("nash_log_near_zero", methods=("centered",), formats=("bfloat16",))
    x = PROBLEMS["nash_log_near_zero"].points[0]
    assert frame.loc[frame["step_value"] >= x, "model_error"].isna().all()
    assert frame.loc[frame["step_value"] < x / 2, "model_error"].notna().all()
    assert 0 < frame["predicted_step"].iloc[0] < x
