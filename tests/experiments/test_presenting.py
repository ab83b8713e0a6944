"""The report of the last run is written again where nothing has changed, and made again where anything has."""

import pytest

from experiments import presenting as module
from experiments.presenting import KeptReport, key_of
from numdiff.study.blocks import blocks_of
from numdiff.study.run import run_blocks
from numdiff.study.store import Store
from numdiff.study.sweep import Sweep

FILES = {"report.html": "<p>Ü</p>\n", "tables/a/b.csv": "x\n1\n", "SHA256SUMS": "of the report itself\n"}


@pytest.fixture(scope="module")
def measured():
    sweep = Sweep("s", ("square",), ("forward",), ("float64",), last_step=3)
    return {"s": run_blocks(blocks_of(sweep, "arb"), progress=False)[0]}


def test_files_come_back_as_they_were(tmp_path):
    kept = KeptReport(Store(tmp_path))
    assert kept.load("k") is None
    files = {name: text for name, text in FILES.items() if name != "SHA256SUMS"}
    kept.save("k", files)
    assert kept.load("k") == files
    assert kept.load("other") is None
    kept.save("other", {"report.html": "b"})
    assert kept.load("k") is None
    assert kept.load("other") == {"report.html": "b"}


@pytest.mark.parametrize("damage", ["edited", "missing", "more"])
def test_a_damaged_report_is_not_taken(tmp_path, damage):
    kept = KeptReport(Store(tmp_path))
    kept.save("k", {"report.html": "a", "b.csv": "1"})
    path = tmp_path / "report" / ("c.csv" if damage == "more" else "b.csv")
    if damage == "missing":
        path.unlink()
    else:
        path.write_text("2")
    assert kept.load("k") is None


def test_the_key_hangs_on_data_code_versions_facts_and_large_runs(tmp_path, measured, monkeypatch):
    code = tmp_path / "numdiff"
    (code / "inner").mkdir(parents=True)
    (code / "inner" / "a.py").write_text("a = 1")
    monkeypatch.setattr(module, "CODE", (code,))
    results = tmp_path / "results"
    known = [key_of(results, measured, ["facts"])]
    assert key_of(results, measured, ["facts"]) == known[0]
    known.append(key_of(results, measured, ["other facts"]))
    known.append(key_of(results, {}, ["facts"]))
    (code / "inner" / "a.py").write_text("a = 2")
    known.append(key_of(results, measured, ["facts"]))
    (code / "inner" / "a.py").rename(code / "a.py")
    known.append(key_of(results, measured, ["facts"]))
    (results / "ml").mkdir(parents=True)
    (results / "ml" / "verdicts.csv").write_text("1")
    known.append(key_of(results, measured, ["facts"]))
    monkeypatch.setattr(module, "_versions", lambda: ["matplotlib 99"])
    known.append(key_of(results, measured, ["facts"]))
    assert len(set(known)) == len(known)


def test_what_is_compiled_does_not_count(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "CODE", (tmp_path,))
    before = key_of(tmp_path / "results", {}, [])
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"1")
    assert key_of(tmp_path / "results", {}, []) == before
