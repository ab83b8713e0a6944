"""The machine: what its digest hangs on."""

import pytest

from numdiff.study import machine as module


def digest():
    module.machine.cache_clear()
    return module.machine()


@pytest.fixture(autouse=True)
def forgotten():
    yield
    module.machine.cache_clear()


def test_the_digest_is_the_same_as_long_as_nothing_changes(monkeypatch):
    known = digest()
    monkeypatch.setenv("NUMDIFF_SOMETHING_ELSE", "1")
    assert digest() == known


@pytest.mark.parametrize(
    "setting", ["GLIBC_TUNABLES", "NPY_DISABLE_CPU_FEATURES", "OPENBLAS_CORETYPE", "LD_PRELOAD", "MPMATH_NOGMPY"]
)
def test_settings_that_choose_a_path_count(setting, monkeypatch):
    monkeypatch.delenv(setting, raising=False)
    known = digest()
    monkeypatch.setenv(setting, "other")
    assert digest() != known


@pytest.mark.parametrize("part", ["_processor", "_libraries", "fingerprints"])
def test_processor_libraries_and_functions_count(part, monkeypatch):
    known = digest()
    monkeypatch.setattr(module, part, lambda: ["another"])
    assert digest() != known


def test_the_library_of_numpy_is_among_those_that_count():
    found = [path for path, size, _ in module._libraries() if size > 0]
    if not found:
        pytest.skip("this system does not list what a process has loaded")
    assert any("_multiarray_umath" in path for path in found)
    assert any("libm" in path or "libc" in path or "ld-musl" in path for path in found)
