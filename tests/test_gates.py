"""Speed limits: a broken, unreadable or absent one must not pass."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench import gates

ROOT = Path(__file__).resolve().parents[1]


def entry(**extra_info):
    return {"name": "a benchmark", "stats": {"median": 1e-3}, "extra_info": extra_info}


def gate_entry(name="centered/floor", ratio=1.07, limit=1.25, sense="<="):
    return entry(gate=name, ratio=ratio, limit=limit, sense=sense)


@pytest.fixture
def written(tmp_path):
    def write(*entries):
        path = tmp_path / "benchmark.json"
        path.write_text(json.dumps({"benchmarks": list(entries)}), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(
    ("ratio", "sense", "holds"),
    [
        (1.25, "<=", True),
        (math.nextafter(1.25, 2), "<=", False),
        (1.25, ">=", True),
        (math.nextafter(1.25, 1), ">=", False),
        (math.nan, "<=", False),
        (math.nan, ">=", False),
    ],
)
def test_gate_holds_up_to_its_limit_and_never_for_nan(ratio, sense, holds):
    assert gates.Gate("g", ratio, 1.25, sense, "").holds is holds


def test_all_gates_kept_is_success_and_every_gate_is_listed(written, capsys):
    path = written(gate_entry(), entry(), gate_entry("forward/one-liner", 0.5, 0.65), gate_entry("x", 4, 3, ">="))
    assert gates.main([str(path)]) == 0
    header, *lines = capsys.readouterr().out.splitlines()
    assert header.split() == ["gate", "ratio", "limit", "ok"]
    assert [line.split() for line in lines] == [
        ["centered/floor", "1.070", "<=", "1.250", "yes"],
        ["forward/one-liner", "0.500", "<=", "0.650", "yes"],
        ["x", "4.000", ">=", "3.000", "yes"],
    ]


def test_one_broken_gate_fails_and_is_named(written, capsys):
    path = written(gate_entry(), gate_entry("slow one", 1.26))
    assert gates.main([str(path)]) == 1
    out, err = capsys.readouterr()
    assert out.splitlines()[-1].endswith("NO")
    assert "1 of 2 limits broken: slow one" in err


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "no gate"),
        ([entry()], "1 benchmarks and no gate"),
        ([entry(gate="half", ratio=1.0)], "no limit, sense"),
        ([gate_entry(sense="<")], "sense must be one of"),
        ([gate_entry(ratio="1.0")], "ratio must be a number"),
        ([gate_entry(limit=True)], "limit must be a number"),
        ([gate_entry(), gate_entry(ratio=1.0)], "names gates twice: centered/floor"),
    ],
)
def test_missing_or_malformed_gates_fail(written, capsys, entries, message):
    assert gates.main([str(written(*entries))]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", "null"])
def test_file_of_another_kind_fails_in_one_line(tmp_path, capsys, text):
    path = tmp_path / "other.json"
    path.write_text(text, encoding="utf-8")
    assert gates.main([str(path)]) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_absent_file_fails(tmp_path, capsys):
    assert gates.main([str(tmp_path / "absent.json")]) == 1
    assert "absent.json" in capsys.readouterr().err


def test_script_exits_with_the_verdict(written):
    script = [sys.executable, str(ROOT / "bench" / "gates.py")]
    assert subprocess.run([*script, str(written(gate_entry()))], capture_output=True).returncode == 0
    assert subprocess.run([*script, str(written(gate_entry(ratio=2.0)))], capture_output=True).returncode == 1


BENCHMARK = """
import pathlib

def test_of_a_disturbed_machine(benchmark):
    count = pathlib.Path(__file__).with_name("count")
    count.write_text(count.read_text() + "." if count.exists() else ".")
    benchmark.pedantic(int)
    benchmark.extra_info.update(gate="disturbed", ratio={ratios}[len(count.read_text()) - 1], limit=1.25, sense="<=")

def test_of_another(benchmark):
    count = pathlib.Path(__file__).with_name("other")
    count.write_text(count.read_text() + "." if count.exists() else ".")
    benchmark.pedantic(int)
    benchmark.extra_info.update(gate="other", ratio=1.0, limit=1.25, sense="<=")
"""


@pytest.mark.parametrize(
    ("ratios", "runs", "verdict"),
    [([1.3, 1.2], 2, 0), ([1.3, 1.3, 1.3], 3, 1), ([1.3, 1.3, 1.2], 3, 0), ([1.2, 1.3], 1, 0)],
)
def test_what_is_broken_is_measured_twice_more_and_nothing_else(tmp_path, ratios, runs, verdict):
    (tmp_path / "test_bench.py").write_text(BENCHMARK.format(ratios=ratios), encoding="utf-8")
    path = tmp_path / "benchmark.json"
    # In a worker of pytest-xdist, which it knows by its environment, pytest-benchmark measures nothing.
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--benchmark-json={path}"]
    first = subprocess.run([*command, "test_bench.py"], cwd=tmp_path, env=env, capture_output=True, text=True)
    assert first.returncode == 0, first.stdout + first.stderr
    assert path.exists(), first.stdout + first.stderr
    script = [sys.executable, str(ROOT / "bench" / "gates.py"), "--again", str(path)]
    done = subprocess.run(script, cwd=tmp_path, env=env, capture_output=True, text=True)
    assert done.returncode == verdict, done.stdout + done.stderr
    assert (tmp_path / "count").read_text() == "." * runs
    assert (tmp_path / "other").read_text() == "."


def test_a_benchmark_that_does_not_run_again_fails(written, capsys):
    broken = {**gate_entry(ratio=2.0), "fullname": "tests/no_such_file.py::test"}
    assert gates.main([str(written(broken)), "--again"]) == 1
    assert "did not run again" in capsys.readouterr().err
