"""Digests of what f returned: they tell values apart, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS
from numdiff.study.sweep import Sweep, plan
from numdiff.study.values import COLUMNS, Digests, by_subject, canonical_bytes, unlike, values_of

SWEEP = Sweep("s", ("exp",), ("forward", "centered"), ("float32", "float64"), last_step=6, neighbourhood=True)


@pytest.mark.parametrize("name", FORMATS)
def test_equal_values_have_equal_bytes_and_one_changed_ulp_has_not(name: str) -> None:
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(0.5, 2, 50))
    assert canonical_bytes(x) == canonical_bytes(x.copy())
    for index in (0, 17, 49):
        moved = x.copy()
        moved[index] = np.nextafter(moved[index], fmt.dtype.type(4))
        assert canonical_bytes(moved) != canonical_bytes(x)
    signed = x.copy()
    signed[3] = 0
    other = signed.copy()
    other[3] = -signed[3]
    assert canonical_bytes(other) != canonical_bytes(signed)


@pytest.mark.parametrize("name", FORMATS)
def test_the_sign_of_nan_does_not_count(name: str) -> None:
    x = FORMATS[name].as_array([1.0, np.nan])
    assert canonical_bytes(x) == canonical_bytes(np.copysign(x, FORMATS[name].as_array([1.0, -1.0])))


@pytest.mark.skipif("float80" not in FORMATS, reason="longdouble is not the x87 format here")
@pytest.mark.parametrize("dtype", [np.longdouble, np.clongdouble])
def test_the_padding_of_longdouble_does_not_count(dtype: type) -> None:
    x = np.linspace(0.5, 2, 9).astype(dtype)
    dirty = x.copy()
    dirty.view(np.uint8).reshape(-1, 16)[:, 10:] = 0xA5
    assert np.array_equal(x, dirty)
    assert x.tobytes() != dirty.tobytes()
    assert canonical_bytes(x) == canonical_bytes(dirty)


def test_both_parts_of_complex_values_count() -> None:
    z = np.array([1 + 2j, 3 - 1j])
    assert canonical_bytes(z) != canonical_bytes(z.conj())
    assert canonical_bytes(z) != canonical_bytes(z + 1)


def test_digest_knows_where_one_array_ends() -> None:
    whole, parts = Digests(), Digests()
    whole.add("f", "float64", [np.arange(4.0)])
    parts.add("f", "float64", [np.arange(2.0), np.arange(2.0, 4.0)])
    assert unlike(whole.frame(), parts.frame()) == [("f", "float64")]


def test_there_is_a_digest_for_each_format_of_a_sweep() -> None:
    frame = values_of(plan(PROBLEMS["exp"], SWEEP))
    assert list(frame.columns) == list(COLUMNS)
    assert frame[["subject", "format"]].values.tolist() == [["exp", "float32"], ["exp", "float64"]]
    assert frame["digest"].nunique() == 2
    pd.testing.assert_frame_equal(frame, values_of(plan(PROBLEMS["exp"], SWEEP)))


@pytest.mark.parametrize("change", [{"methods": ("forward",)}, {"last_step": 7}, {"neighbourhood": False}])
def test_digest_covers_every_node(change: dict[str, object]) -> None:
    from dataclasses import replace

    other = values_of(plan(PROBLEMS["exp"], replace(SWEEP, **change)))
    assert len(unlike(values_of(plan(PROBLEMS["exp"], SWEEP)), other)) == 2


def test_correctly_rounded_functions_are_left_out() -> None:
    from dataclasses import replace

    assert values_of(plan(PROBLEMS["exp"], replace(SWEEP, arithmetics=("rounded",)))).empty
    both = values_of(plan(PROBLEMS["exp"], replace(SWEEP, arithmetics=("platform", "rounded"))))
    assert unlike(both, values_of(plan(PROBLEMS["exp"], SWEEP))) == []


def test_unlike_names_what_differs_and_what_is_missing() -> None:
    rows = [("f", "float32", "a"), ("f", "float64", "b"), ("g", "float32", "c")]
    here = pd.DataFrame(rows, columns=COLUMNS)
    there = pd.DataFrame([rows[0], ("f", "float64", "x"), ("h", "float32", "d")], columns=COLUMNS)
    assert unlike(here, there) == [("f", "float64"), ("g", "float32"), ("h", "float32")]
    assert unlike(here, here) == []


def test_two_sweeps_of_one_function_have_two_digests() -> None:
    frame = pd.DataFrame([("f", "float32", "a"), ("f", "float32", "b")], columns=COLUMNS)
    assert by_subject(frame) == {("f", "float32"): ("a", "b")}
