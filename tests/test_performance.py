"""The page of performance: what was measured, and what a large sweep takes at the measured rates."""

import json
from pathlib import Path

import pytest

from bench import performance
from numdiff.report import checksums


def benchmark(name: str, **info: object) -> dict[str, object]:
    return {"name": name, "fullname": f"bench/{name}", "stats": {"median": 2.0}, "extra_info": info}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return what a run of the benchmarks may have written."""
    found = [
        benchmark("test_sweep_throughput[arb]", cells=8000, bytes_per_cell=100.0),
        benchmark("test_ledger_throughput", cells_per_second_arb=40000, cells_per_second_script=4000),
        benchmark("test_gate", gate="this/that", ratio=3.0, limit=4.0, sense="<="),
        benchmark("test_other", gate="that/this", ratio=8.0, limit=7.0, sense=">="),
    ]
    path = tmp_path / "benchmark.json"
    path.write_text(json.dumps({"benchmarks": found}))
    return path


def test_the_page_shows_all_ratios_and_the_folder_keeps_its_sums(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "measured"
    out.mkdir()
    (out / "times.csv").write_text("a\n1\n")
    assert performance.main([str(file), "--out", str(out)]) == 0
    page = (out / "performance.html").read_text()
    assert "this/that" in page
    assert "75%" in page
    assert "at least 7" in page
    assert "4,000 cells a second" in page
    assert (out / "performance.csv").read_text().splitlines()[1] == "this/that,3.0,at most 4,0.75"
    assert checksums.broken(out) == []


def test_the_plan_follows_from_the_rates() -> None:
    found = performance.planned(10**10, 4000.0, 100.0)
    assert found["blocks"] == 10**10 / performance.BLOCK
    assert found["gigabytes"] == 1000.0
    assert found["core_hours"] == pytest.approx(10**10 / 4000 / 3600, rel=1e-15)
    assert found["hours_on_64_cores"] == pytest.approx(found["core_hours"] / 64, rel=1e-15)


def test_a_run_without_the_sweep_is_refused(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = json.loads(file.read_text())
    data["benchmarks"] = data["benchmarks"][1:]
    file.write_text(json.dumps(data))
    assert performance.main([str(file), "--out", str(tmp_path)]) == 1
    assert "test_sweep_throughput[arb]: run make bench" in capsys.readouterr().err
