import hashlib
import json
import platform
import re
import socket
from pathlib import Path

import numpy as np
import pytest

from numdiff.report import provenance
from numdiff.study.records import SCHEMA_VERSION


@pytest.fixture(scope="module")
def data():
    return provenance.collect(None, "make experiments")


def test_lock_is_recorded_by_its_hash_never_by_its_path(tmp_path):
    lock = tmp_path / "requirements.lock"
    lock.write_bytes(b"numpy==2.4\n")
    found = provenance.collect(lock, "make")
    assert found["lock_sha256"] == hashlib.sha256(b"numpy==2.4\n").hexdigest()
    assert str(tmp_path) not in provenance.to_json(found)


def test_versions_are_those_that_run(data):
    assert data["packages"]["numpy"] == np.__version__
    assert set(data["packages"]) <= set(provenance.PACKAGES)
    assert data["python"].endswith(platform.python_version())
    assert data["schema_version"] == SCHEMA_VERSION


def test_simd_features_are_sorted_and_found_ones_only(data):
    from numpy._core._multiarray_umath import __cpu_features__ as features

    assert data["simd"]["found"] == sorted(name for name in features if features[name])
    assert set(data["simd"]["dispatch_found"]) <= set(data["simd"]["found"])


def test_longdouble_is_named_by_what_it_is(data):
    bits = np.finfo(np.longdouble).nmant
    assert (data["longdouble"] == "float64") == (bits == 52)
    assert (data["longdouble"] == "float80") == (bits == 63)


def test_nothing_says_when_where_or_by_whom(data):
    text = provenance.to_json(data)
    assert not re.search(r"\b20\d\d-\d\d-\d\d|\d\d:\d\d:\d\d", text)
    assert str(Path.home()) not in text
    assert socket.gethostname() not in text.replace(platform.machine(), "")


def test_json_has_sorted_keys_and_the_same_bytes_each_time(data, tmp_path):
    path = provenance.write(data, tmp_path / "new")
    assert path.name == "provenance.json"
    text = path.read_text(encoding="utf-8")
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert text == provenance.to_json(provenance.collect(None, "make experiments"))


def test_rows_are_texts(data):
    assert all(isinstance(part, str) and part for row in provenance.rows(data) for part in row)


def test_page_names_what_numpy_uses_and_the_file_all_features(data):
    rows = dict(provenance.rows(data))
    assert "baseline" in rows["simd"]
    assert not any(part.strip().startswith("found ") for part in rows["simd"].split(";"))
    assert data["simd"]["found"]
