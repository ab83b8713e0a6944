"""Sweeps over functions that cannot be traced: their twins give the truth, and every record says so."""

import dataclasses
import math
import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from mpmath import mp
from scipy import special

import numdiff as nd
from numdiff.problems import PROBLEMS, Problem
from numdiff.rules.model import FailedAssumption
from numdiff.study.blocks import Block
from numdiff.study.measure import measure
from numdiff.study.subject import UserFunction
from numdiff.study.sweep import Sweep, plan
from tests.study.in_this_process import in_this_process
from tests.study.sweeps import run_sweeps

ERRORS = ["truncation", "abscissa", "evaluation", "combination", "total", "roundoff", "reference"]


def bessel(x: Any) -> Any:
    return special.jv(2, x)


def exact_bessel(t: Any) -> Any:
    return mp.besselj(2, t)


def exact_slope(t: Any) -> Any:
    return mp.besselj(2, t, 1)


def python_sine(x: Any) -> Any:
    """A black box of one format: it answers in float64 whatever it is asked in."""
    return np.array([math.sin(v) for v in x.ravel().tolist()]).reshape(x.shape)


TWIN = exact_bessel, exact_slope
PROBLEM = Problem(
    name="bessel_2",
    formula="jv(2, x)",
    f=bessel,
    derivative=None,
    points=(1.5, 0.3),
    domain=(-math.inf, math.inf),
    source="F. W. J. Olver et al., NIST Handbook of Mathematical Functions (2010), section 10.2; points: our own",
    reason="A function that is not traced.",
    family="example",
    exact=TWIN,
)


def records(subject: Any, engine: Any = "mpmath", **fields: Any) -> tuple[pd.DataFrame, pd.DataFrame]:
    defaults: dict[str, Any] = {"formats": ("float64",), "grids": ("generic",), "last_step": 30}
    return measure(plan(subject, Sweep("s", (), **{**defaults, **fields})), engine)


def test_every_record_says_that_its_truth_is_given() -> None:
    frame, skips = records(PROBLEM, all_points=True)
    assert skips.empty
    assert set(frame["state"]) == {"given"}
    assert set(frame["status"]) == {"ok"}
    assert (frame["reference_radius"] > 0).all()
    with mp.workdps(50):
        for row in frame.itertuples():
            assert row.reference == float(exact_slope(mp.mpf(row.x_value)))


def test_records_of_a_twin_are_those_of_the_traced_function() -> None:
    """The same f once as a formula, once as a black box: all that both know is the same, byte for byte."""
    traced = UserFunction("sin", np.sin, None, (0.5, 3.0))
    given = dataclasses.replace(traced, exact=(mp.sin, mp.cos))
    fields: dict[str, Any] = {
        "formats": ("float16", "bfloat16", "float32", "float64", "float80"),
        "methods": ("forward", "centered", "centered4"),
        "all_points": True,
        "neighbourhood": True,
        "last_step": 12,
    }
    one, two = (records(subject, **fields)[0] for subject in (traced, given))
    resolved = two["state"] == "given"
    assert resolved.mean() > 0.95
    same = [*ERRORS, "reference_text", "relative_error", "ulps", "computed", "status", "effective_step"]
    same += ["rms_error", "median_error", "max_error", "failures", "combination_bound"]
    pd.testing.assert_frame_equal(one.loc[resolved, same], two.loc[resolved, same], check_exact=True)


def test_engines_write_the_same_bytes() -> None:
    one, two = (records(PROBLEM, engine)[0] for engine in ("mpmath", "arb"))
    assert one.to_csv() == two.to_csv()


def test_bounds_are_infinite_or_hold() -> None:
    frame, _ = records(PROBLEM, grids=("generic", "dyadic"), methods=("forward", "centered"))
    assert np.isinf(frame[["truncation_bound", "evaluation_bound", "total_bound", "a_priori_bound"]]).all(axis=None)
    assert set(frame["abscissa_bound"]) == {0.0, math.inf}
    assert (frame["abscissa"][frame["abscissa_bound"] == 0] == 0).all()
    assert (frame["combination"].abs() <= frame["combination_bound"]).all()
    assert np.isfinite(frame["combination_bound"]).all()


def test_prediction_fails_by_name() -> None:
    frame, _ = records(PROBLEM, predictions=True)
    assert set(frame["prediction"]) == {FailedAssumption.NOT_TRACED.value} == {"not traced"}
    assert frame[["model_error", "predicted_step", "predicted_error", "closed_form_step"]].isna().all(axis=None)


def test_what_a_twin_cannot_do_is_skipped_with_the_reason() -> None:
    frame, skips = records(PROBLEM, methods=("complex_step", "second_centered", "forward"))
    assert set(frame["method"]) == {"forward"}
    reasons = dict(zip(skips["method"], skips["reason"], strict=True))
    assert "is not traced, and the complex step needs that" in reasons["complex_step"]
    assert reasons["second_centered"] == "exact= holds no derivative of order 2, only up to 1"
    longer = dataclasses.replace(PROBLEM, exact=(*TWIN, lambda t: mp.besselj(2, t, 2)))
    assert set(records(longer, methods=("second_centered",))[0]["state"]) == {"given"}


def test_formats_that_a_black_box_does_not_compute_in_are_skipped() -> None:
    found = nd.sweep(python_sine, 0.5, exact=(mp.sin, mp.cos))
    assert set(found.records["format"]) == {"float64"}
    assert set(found.records["state"]) <= {"given", "unresolved"}
    reasons = found.skips.drop_duplicates("format").set_index("format")["reason"]
    assert set(reasons.index) >= {"float16", "bfloat16", "float32"}
    assert reasons["float32"].startswith("f does not compute in float32: f must keep the dtype of its argument")


def test_function_that_fails_in_every_format_leaves_the_reason() -> None:
    found = nd.sweep(lambda x: x > 0.5, 0.5, [0.25], dtype=["float32", "float64"], exact=(mp.sin, mp.cos))
    assert found.records.empty
    assert "f does not compute in float32" in " ".join(repr(found).split())


def test_rounded_arithmetic_takes_a_twin() -> None:
    found = nd.sweep(np.sin, 0.5, [0.25, 0.125], arithmetic="rounded", dtype=["float32"], exact=(mp.sin, mp.cos))
    traced = nd.sweep(np.sin, 0.5, [0.25, 0.125], arithmetic="rounded", dtype=["float32"])
    pd.testing.assert_frame_equal(found.records[ERRORS], traced.records[ERRORS], check_exact=True)


def test_ledger_of_a_sweep_shows_the_state() -> None:
    found = nd.sweep(bessel, 1.5, [0.1, 0.01], dtype=["float64"], exact=TWIN)
    assert set(found.ledger["state"]) == {"given"}


# --- names, processes, the registry ------------------------------------------------------------------------


def test_registered_problem_with_a_twin_is_swept_by_name() -> None:
    sweep = Sweep("s", ("bessel_2",), ("centered",), ("float64",), ("generic",), last_step=8)
    with PROBLEMS.holding(PROBLEM):
        one, two = (run_sweeps([sweep], "mpmath", workers=workers, progress=False)["s"] for workers in (1, 2))
    assert set(one.records["state"]) == {"given"}
    assert one.records.to_csv() == two.records.to_csv()


def test_importable_twin_goes_to_workers_with_the_same_records(monkeypatch: pytest.MonkeyPatch) -> None:
    in_this_process(monkeypatch)
    fields: dict[str, Any] = {"dtype": ["float32", "float64"], "exact": TWIN}
    serial, parallel = (nd.sweep(bessel, 1.5, [0.25, 1e-3], workers=workers, **fields) for workers in (1, 2))
    assert parallel.records.to_csv() == serial.records.to_csv()
    assert set(serial.records["state"]) == {"given"}


@pytest.mark.parametrize("place", [0, 1])
def test_lambda_in_a_twin_is_refused_before_workers_start(place: int) -> None:
    exact = [*TWIN]
    exact[place] = lambda t: mp.sin(t)
    with pytest.raises(ValueError, match=rf"exact\[{place}\] must be importable as module:function when workers > 1"):
        nd.sweep(bessel, 1.5, workers=2, exact=exact)


def test_block_carries_the_names_of_a_twin() -> None:
    sweep = Sweep("s", (), ("forward",), ("float64",), ("generic",), last_step=3)
    here = bessel.__module__
    names = tuple(f"{here}:{f.__name__}" for f in TWIN)
    plain = Block(sweep, "mpmath", f"{here}:bessel", points=(1.5,))
    block = dataclasses.replace(plain, exact=names)
    assert block.key() != plain.key()
    again = pickle.loads(pickle.dumps(block))
    assert again == block
    assert again.subject().exact == TWIN
    assert set(again.measure()["records"]["state"]) == {"given"}


def test_closed_form_beside_a_twin_is_refused() -> None:
    for workers in (1, 2):
        with pytest.raises(ValueError, match="derivative must be None where exact= is given"):
            nd.sweep(bessel, 1.5, exact=TWIN, derivative=np.cos, workers=workers)
    with pytest.raises(TypeError, match=r"exact must be a pair"):
        nd.sweep(bessel, 1.5, exact=exact_bessel)


def test_wrong_twin_stops_a_sweep_with_the_message_of_the_ledger() -> None:
    with pytest.raises(ValueError, match=r"exact\[1\], the f' of the twin, must be the derivative of exact\[0\]"):
        nd.sweep(bessel, 1.5, [0.25], dtype=["float64"], exact=(exact_bessel, exact_bessel))
    with pytest.warns(nd.TwinMismatchWarning, match="f in float64 and exact") as caught:
        nd.sweep(bessel, 1.5, dtype=["float64"], exact=(mp.sin, mp.cos))
    assert len(caught) == 1
