"""``numdiff sweep``: what the library measures, printed or written."""

import io
import json
import os
import sys

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.study.records import FIELDS
from tests.cli.calls import call, on_terminal, python

WORDS = ("sweep", "exp(x**2)**2", "--at", "0.5", "--step", "1e-4,1e-6")


def swept(**options):
    return nd.sweep(nd.PROBLEMS["composition"].f, 0.5, [1e-4, 1e-6], dtype="float64", **options).records


def test_csv_has_the_records_of_the_library():
    found = pd.read_csv(io.StringIO(call(*WORDS, "--csv").out))
    expected = swept()
    assert list(found.columns) == list(FIELDS)
    for name in ("method", "x", "step", "computed", "status", "state"):
        assert found[name].tolist() == expected[name].tolist()
    for name in ("total", "truncation"):
        assert [float(row[name]) for row in call(*WORDS, "--csv").rows] == expected[name].tolist()
    assert set(found["problem"]) == {"exp(x**2)**2"}


def test_json_has_the_same_rows():
    rows = call(*WORDS, "--json").rows
    assert [row["total"] for row in rows] == swept()["total"].tolist()
    assert rows[0]["rms_error"] is None


def test_formats_formulas_and_points_multiply():
    words = (
        "sweep",
        "sin(x)",
        "--at",
        "1,2",
        "--step",
        "0.1",
        "--dtype",
        "float32,bfloat16",
        "--formula",
        "forward,centered4",
    )
    rows = call(*words, "--csv").rows
    assert len(rows) == 8
    assert {row["format"] for row in rows} == {"float32", "bfloat16"}
    assert {row["method"] for row in rows} == {"forward", "centered4"}


def test_a_problem_brings_its_points():
    rows = call("sweep", "--problem", "square", "--step", "0.125", "--csv").rows
    assert {float(row["x_value"]) for row in rows} == set(nd.PROBLEMS["square"].points)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".tex"])
def test_files_are_written_and_named(tmp_path, ending):
    path = tmp_path / f"records{ending}"
    done = call(*WORDS, "--out", str(path))
    assert done.status == 0
    assert f"written: {path}" in " ".join(done.out.split())
    if ending == ".tex":
        assert path.read_text(encoding="utf-8").startswith("\\begin{table}")
    else:
        frame = pd.read_csv(path) if ending == ".csv" else pd.read_parquet(path)
        assert sorted(frame["computed"]) == sorted(swept()["computed"])


def test_a_parquet_file_and_rows_can_be_asked_for_together(tmp_path):
    done = call(*WORDS, "--out", str(tmp_path / "records.parquet"), "--json")
    assert len(json.loads(done.out)["rows"]) == 4


@pytest.mark.parametrize(("ending", "head"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".pdf", b"%PDF")])
def test_figures_are_written_by_their_ending(tmp_path, ending, head):
    path = tmp_path / f"errors{ending}"
    assert call(*WORDS, "--plot", str(path)).status == 0
    assert path.read_bytes().startswith(head)
    assert os.listdir(tmp_path) == [path.name]


def test_advise_draws_too_with_a_ring_at_each_advised_step(tmp_path, monkeypatch):
    rings = []
    monkeypatch.setattr("numdiff.report.guides.mark_optimum", lambda axes, *point: rings.append(point))
    path = tmp_path / "errors.svg"
    assert call("advise", "exp(x)", "--at", "0.5,1", "--plot", str(path)).status == 0
    assert path.exists()
    found = [nd.optimal_step(np.exp, x) for x in (0.5, 1.0)]
    assert rings == [(float(item.step), item.predicted_error, "advised") for item in found]


def test_tables_are_those_of_the_library():
    out = call(*WORDS, "--quantity", "truncation").out
    assert "Truncation (error of the formula in exact arithmetic)" in out
    latex = call(*WORDS, "--latex", "--quantity", "ledger").out
    expected = nd.sweep(nd.PROBLEMS["composition"].f, 0.5, [1e-4, 1e-6], dtype="float64", name="exp(x**2)**2")
    assert latex == expected.table("ledger").to_latex()


def test_workers_measure_the_same_bytes():
    assert call(*WORDS, "--workers", "2", "--csv").out == call(*WORDS, "--csv").out


def test_where_nothing_can_be_measured_the_reason_is_said_with_status_1():
    done = call("sweep", "x**2", "--at", "1e5", "--dtype", "float16")
    assert done.status == 1
    assert "x = 100000.0 overflows float16" in done.out
    assert ".skips" not in done.out


@pytest.mark.parametrize("words", [["--out", "a.csv"], ["--out", "a.tex"], ["--out", "a.parquet"], ["--plot", "a.svg"]])
def test_a_file_that_is_not_written_is_not_said_to_be(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    done = call("sweep", "x**2", "--at", "1e5", "--dtype", "float16", *words)
    assert done.status == 1
    assert ("written:" in done.out) == (tmp_path / words[1]).exists() == (words[1] == "a.parquet")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", "a.xls"], "--out must end in .parquet, .csv, .tex, got 'a.xls'"),
        (["--out", "a.PARQUET"], "--out must end in .parquet, .csv, .tex, got 'a.PARQUET'"),
        (["--plot", "a.gif"], "--plot must end in .png, .svg, .pdf, got 'a.gif'"),
        (["--json", "--latex"], "--json, --csv and --latex must not be given together"),
        (["--scheduler", "tcp://x:1", "--workers", "2"], "--workers must be left out beside --scheduler"),
        (["--scheduler", "nonsense"], "--scheduler must be an address such as tcp://10.0.0.1:8786, got 'nonsense'"),
        (["--grid", "generik"], "generik"),
        (["--grid", "dyadic", "--step", "0.1"], "--grid must be left out beside --step"),
        (["--quantity", "total", "--json"], "--quantity must be left out beside --json and --csv"),
        (["--quantity", "truncatoin"], "did you mean 'truncation'"),
        (["--order", "4", "--formula", "centered4"], "which has orders of its own"),
    ],
)
def test_what_does_not_go_together_is_refused(words, message):
    done = call(*WORDS[:4], *words)
    assert done.status == 2
    assert message in done.err


def test_a_quantity_is_refused_before_anything_is_measured(monkeypatch):
    monkeypatch.setattr(nd, "sweep", lambda *_, **__: pytest.fail("it was measured"))
    assert call(*WORDS, "--quantity", "truncatoin").status == 2


@pytest.mark.parametrize("out", [(), ("--out", "records.parquet"), ("--json",)])
def test_a_sweep_without_an_error_has_status_1(tmp_path, monkeypatch, out):
    monkeypatch.chdir(tmp_path)
    assert call("sweep", "1/x", "--at", "0", "--step", "0.1", *out).status == 1
    assert call("sweep", "1/x", "--at", "0,1", "--step", "0.1", *out).status == 0


@pytest.mark.parametrize("option", ["--plot", "--out"])
def test_a_file_that_has_nothing_to_hold_is_not_said_to_be_written(tmp_path, option):
    path = tmp_path / ("errors.svg" if option == "--plot" else "errors.csv")
    done = call("sweep", "exp(x)", "--at", "1e6", "--dtype", "float16", option, str(path))
    assert (done.status, "written" in done.out, path.exists()) == (1, False, False)


def test_options_reach_the_sweep(monkeypatch):
    asked = {}

    def sweep(f, **options):
        asked.update(options)
        raise ValueError("enough")

    monkeypatch.setattr(nd, "sweep", sweep)
    call(*WORDS, "--engine", "arb", "--arithmetic", "rounded", "--workers", "3", "--domain", "0:1")
    wanted = {"engine": "arb", "arithmetic": "rounded", "workers": 3, "domain": (0.0, 1.0), "h": [1e-4, 1e-6]}
    assert {name: asked[name] for name in wanted} == wanted


def test_several_grids_are_given_between_commas():
    rows = call("sweep", "x**2", "--at", "1", "--grid", "dyadic,decimal", "--csv").rows
    assert {row["grid"] for row in rows} == {"dyadic", "decimal"}


def test_points_outside_of_the_domain_are_skipped():
    done = call("sweep", "log(x)", "--at", "-1,1", "--step", "0.1", "--domain", "0:inf")
    assert done.status == 0
    assert "skipped: x = -1.0" in done.out
    assert {row["x_value"] for row in call("sweep", "log(x)", "--at", "-1,1", "--domain", "0:inf", "--csv").rows} == {
        "1.0"
    }


def test_points_are_needed():
    assert "--at must name the points" in call("sweep", "x").err


def test_orders_make_formulas():
    rows = call(*WORDS, "--order", "10", "--csv").rows
    assert {row["method"] for row in rows} == {"centered10"}


def test_the_answer_fits_a_terminal(monkeypatch):
    done = on_terminal(monkeypatch, "sweep", "exp(x)", "--at", "0.5", "--quantity", "ledger")
    import re

    assert max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in done.out.splitlines()) <= 80
    assert ".to_pandas" not in done.out


def test_what_a_function_prints_in_other_processes_is_no_part_of_the_answer(tmp_path):
    (tmp_path / "sweep_prints.py").write_text("def f(x):\n    print('called')\n    return x * x\n", encoding="utf-8")
    points = ",".join(str(place / 64) for place in range(1, 64))
    words = ["sweep_prints:f", "--at", points, "--dtype", "float32,float64", "--workers", "2", "--csv"]
    done = python("-m", "numdiff", "sweep", *words, cwd=tmp_path)
    assert done.status == 0
    assert "called" in done.err
    assert "called" not in done.out


FULL = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024))
from numdiff.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limit of the size of a file")
@pytest.mark.parametrize("name", ["errors.parquet", "errors.csv"])
def test_a_disk_without_room_is_no_fault_of_the_function(tmp_path, name):
    done = python("-c", FULL, "sweep", "exp(x)", "--at", "1", "--out", name, cwd=tmp_path)
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith("numdiff: error: ")
    assert line.endswith(f"file too large: {name}")
    assert list(tmp_path.iterdir()) == []
