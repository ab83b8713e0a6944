"""A sweep with correctly rounded functions: what it gives, and the same bytes whatever the vector instructions are."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy._core import _multiarray_umath

import numdiff as nd
from numdiff.arithmetic import accuracy, running_error
from numdiff.arithmetic.rounded import rounded
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.study.grids import NEIGHBOURS, neighbours
from numdiff.study.measure import measure
from numdiff.study.records import FIELDS
from numdiff.study.sweep import Sweep, plan

BOTH = ("platform", "rounded")
SWEEP = Sweep("s", ("exp",), formats=("float32", "float64"), grids=("generic",), last_step=20, arithmetics=BOTH)


# --- what it gives ---------------------------------------------------------------------------------------


def test_every_cell_is_there_once_in_each_arithmetic() -> None:
    records, skips = measure(plan(PROBLEMS["exp"], SWEEP), "arb")
    assert len(records) == plan(PROBLEMS["exp"], SWEEP).cells
    parts = [records[records["arithmetic"] == name].reset_index(drop=True) for name in BOTH]
    portable = [name for name, field in FIELDS.items() if field.metadata["kind"] == "portable"]
    portable += ["problem", "point", "format", "method", "grid", "k"]
    pd.testing.assert_frame_equal(parts[0][portable], parts[1][portable])
    assert not len(skips)
    alone = [measure(plan(PROBLEMS["exp"], replace(SWEEP, arithmetics=(name,))), "arb")[0] for name in BOTH]
    for part, other in zip(parts, alone, strict=True):
        pd.testing.assert_frame_equal(part, other)


def test_values_and_neighbours_are_those_of_the_rounded_callable() -> None:
    sweep = replace(SWEEP, formats=("float32",), methods=("centered",), arithmetics=("rounded",), neighbourhood=True)
    records, _ = measure(plan(PROBLEMS["exp"], sweep), "arb")
    fmt = FORMATS["float32"]
    near = neighbours(fmt, fmt.as_array(0.5)[()])
    h = np.array([fmt.from_hex(text) for text in records["step"]], dtype=fmt.dtype)
    found = observe(METHODS["centered"], rounded(PROBLEMS["exp"].f), near[:, np.newaxis], h).result
    assert [fmt.hex(value) for value in found[NEIGHBOURS // 2]] == records["computed"].tolist()
    errors = found.astype(np.float64) - np.exp(near.astype(np.float64))[:, np.newaxis]
    # The references are doubles here: the tolerance is their error beside that of float32.
    np.testing.assert_allclose(records["rms_error"], np.sqrt((errors**2).mean(axis=0)), rtol=2.0**-20)


def test_the_complex_step_is_skipped_with_a_reason() -> None:
    sweep = replace(SWEEP, methods=("centered", "complex_step"), formats=("float64",))
    records, skips = measure(plan(PROBLEMS["exp"], sweep), "arb")
    counts = records.groupby(["method", "arithmetic"]).size()
    assert set(counts.index) == {("centered", "platform"), ("centered", "rounded"), ("complex_step", "platform")}
    assert skips["reason"].tolist() == ["complex elementary functions have no correctly rounded version"]


@pytest.mark.parametrize("arithmetics", [(), ("exact",), ("rounded", "")])
def test_an_unknown_arithmetic_is_refused(arithmetics: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="arithmetics must be among platform, rounded"):
        replace(SWEEP, arithmetics=arithmetics)


def test_ones_own_function_is_swept_in_the_arithmetic_that_is_asked_for() -> None:
    given = [nd.sweep(np.exp, 0.5, dtype=("float64",), arithmetic=name).records for name in BOTH]
    assert [set(frame["arithmetic"]) for frame in given] == [{"platform"}, {"rounded"}]
    by_hand = nd.sweep(nd.rounded(np.exp), 0.5, dtype=("float64",)).records
    pd.testing.assert_frame_equal(by_hand.drop(columns="arithmetic"), given[1].drop(columns="arithmetic"))
    with pytest.raises(ValueError, match="arithmetic must be 'platform' or 'rounded', got 'exact'"):
        nd.sweep(np.exp, 0.5, arithmetic="exact")


def test_a_box_is_swept_with_rounded_functions() -> None:
    records = nd.sweep(nd.Sigmoid(), 0.5, dtype=("bfloat16", "float32"), arithmetic="rounded").records
    assert (records["status"] == "ok").any()


# --- the same on every machine --------------------------------------------------------------------------

SETTINGS = {
    "all": "",
    "without AVX-512": "X86_V4 AVX512_ICL AVX512_SPR",
    "without AVX2": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR",
}
"""Values of NPY_DISABLE_CPU_FEATURES, in the names of NumPy 2.4. NumPy ignores unknown names silently."""

_PROGRAM = """
import hashlib, json
from numpy._core._multiarray_umath import __cpu_features__ as features
from tests.study.sweeps import run_sweeps
from numdiff.study.sweep import Sweep

names = ("exp", "composition", "oliver_cos_log")
found = {"features": {name: on for name, on in features.items() if name in ("X86_V3", "X86_V4")}}
for name in ("platform", "rounded"):
    sweep = Sweep("s", names, ("centered",), grids=("generic",), last_step=16, neighbourhood=True, arithmetics=(name,))
    records = run_sweeps([sweep], "arb", progress=False)["s"].records
    found[name] = [len(records), hashlib.sha256(records.to_csv().encode()).hexdigest()]
print(json.dumps(found))
"""


@cache
def under_settings() -> dict[str, dict]:
    """Run one sweep in a process for each setting, all at once."""
    root = Path(nd.__file__).parents[1]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("NPY_")}
    clean["PYTHONPATH"] = str(root)
    started = {
        name: subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            env=clean | ({"NPY_DISABLE_CPU_FEATURES": disabled} if disabled else {}),
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, disabled in SETTINGS.items()
    }
    results = {}
    for name, process in started.items():
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        results[name] = json.loads(output)
    return results


def skip_unless_found(feature: str) -> None:
    if not under_settings()["all"]["features"].get(feature):
        pytest.skip(f"this machine has no {feature}: there is nothing to disable")


@pytest.mark.parametrize(
    "setting, feature", [("without AVX-512", "X86_V4"), ("without AVX2", "X86_V3"), ("without AVX2", "X86_V4")]
)
def test_disabling_vector_instructions_takes_effect(setting: str, feature: str) -> None:
    skip_unless_found(feature)
    assert under_settings()[setting]["features"][feature] is False


def test_records_with_rounded_functions_are_the_same_bytes_under_every_setting() -> None:
    results = [result["rounded"] for result in under_settings().values()]
    assert results[0][0] > 200
    assert results == results[:1] * len(SETTINGS)


@pytest.mark.parametrize("setting, feature", [("without AVX-512", "X86_V4"), ("without AVX2", "X86_V3")])
def test_records_with_the_functions_of_the_platform_are_not(setting: str, feature: str) -> None:
    skip_unless_found(feature)
    whole = under_settings()["all"]
    assert under_settings()[setting]["platform"] != whole["platform"]
    assert whole["platform"] != whole["rounded"]


def test_rounded_records_and_their_bounds_do_not_depend_on_the_features_of_the_cpu(monkeypatch) -> None:
    """Half-precision instructions change functions of the platform in float16, and no limit of any function."""
    sweep = Sweep("s", ("exp",), formats=("float16",), grids=("generic",), arithmetics=("rounded",), predictions=True)
    found = []
    for present in (False, True):
        monkeypatch.setitem(_multiarray_umath.__cpu_features__, "AVX512_SPR", present)
        for cached in (accuracy.limits_of, running_error.operations_of, running_error.forms_of, running_error._engine):
            cached.cache_clear()
        found.append((measure(plan(PROBLEMS["exp"], sweep), "arb")[0], accuracy.limits_of(FORMATS["float16"])["exp"]))
    pd.testing.assert_frame_equal(found[0][0], found[1][0])
    assert found[0][1] == found[1][1]
    platform = measure(plan(PROBLEMS["exp"], replace(sweep, arithmetics=("platform",))), "arb")[0]
    assert (found[0][0]["a_priori_bound"] <= platform["a_priori_bound"]).all()
    assert (found[0][0]["a_priori_bound"] < platform["a_priori_bound"]).any()
