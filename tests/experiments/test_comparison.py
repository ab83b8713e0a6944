"""Rebuilt results against the committed ones: what may differ on another platform, and what may not."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from experiments.comparison import PLATFORM, PORTABLE, PORTABLE_WITH_FORMATS, main
from experiments.overview import overview
from numdiff.report import provenance
from numdiff.study.run import run_sweeps
from numdiff.study.sweep import Sweep

ROOT = Path(__file__).resolve().parents[2]
PLATFORM_FILE = "tables/step_sweep/roundoff.csv"


@pytest.fixture
def folders(tmp_path):
    """Return two equal folders of results."""
    committed, rebuilt = tmp_path / "results", tmp_path / "rebuilt"
    for name in (*PORTABLE, *PORTABLE_WITH_FORMATS, PLATFORM_FILE, "README.md"):
        path = committed / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (committed / "provenance.json").write_text(json.dumps(dict.fromkeys(PLATFORM, "here") | {"command": "make"}))
    shutil.copytree(committed, rebuilt)
    return committed, rebuilt


def on_another(folder, field="simd"):
    path = folder / "provenance.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: "there"}))


def verdict(folders, capsys):
    status = main([str(folder) for folder in folders])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_equal_folders_are_equal(folders, capsys):
    assert verdict(folders, capsys) == (0, "results/ is reproduced byte for byte\n", "")


@pytest.mark.parametrize("name", ["README.md", PLATFORM_FILE, *PORTABLE])
def test_on_one_platform_every_difference_is_a_mistake(folders, capsys, name):
    (folders[1] / name).write_text("other")
    status, out, err = verdict(folders, capsys)
    assert (status, out) == (1, f"{name}: must be the same\n")
    assert err == "results/ is not what this commit produces: run make experiments and commit the result\n"


@pytest.mark.parametrize("field", PLATFORM)
def test_on_another_platform_measured_figures_may_differ(folders, capsys, field):
    on_another(folders[1], field)
    (folders[1] / PLATFORM_FILE).write_text("other")
    status, out, err = verdict(folders, capsys)
    assert (status, err) == (0, "")
    assert f"{PLATFORM_FILE}: differs\n" in out
    assert f"another platform than that of results/ ({field})" in out


@pytest.mark.parametrize("name", [*PORTABLE, *PORTABLE_WITH_FORMATS])
def test_on_another_platform_pure_arithmetic_may_not_differ(folders, capsys, name):
    on_another(folders[1])
    (folders[1] / name).write_text("other")
    status, out, err = verdict(folders, capsys)
    assert status == 1
    assert f"{name}: must be the same" in out
    assert "even on another platform (simd)" in err


@pytest.mark.parametrize("side", [0, 1])
def test_on_another_platform_the_set_of_files_may_not_differ(folders, capsys, side):
    on_another(folders[1])
    (folders[side] / "tables/step_sweep/extra.md").write_text("new")
    status, out, _ = verdict(folders, capsys)
    assert status == 1
    assert "tables/step_sweep/extra.md: must be the same" in out


@pytest.mark.parametrize("name", [*PORTABLE_WITH_FORMATS, "tables/step_sweep/left_out.csv"])
def test_machine_with_another_longdouble_may_have_other_formats(folders, capsys, name):
    on_another(folders[1], "longdouble")
    (folders[1] / name).write_text("other")
    assert verdict(folders, capsys)[0] == 0
    (folders[1] / PORTABLE[0]).write_text("other")
    assert verdict(folders, capsys)[0] == 1


@pytest.mark.parametrize("side", [0, 1])
def test_missing_results_are_one_clear_line(folders, capsys, side):
    shutil.rmtree(folders[side])
    status, out, err = verdict(folders, capsys)
    assert (status, out) == (2, "")
    assert err == f"{folders[side].name}/ holds no results (no provenance.json): run make experiments\n"


def test_two_folders_are_asked_for(capsys):
    assert main(["results"]) == 2
    assert "usage" in capsys.readouterr().err


def test_the_files_and_fields_that_are_judged_exist():
    measured = run_sweeps([Sweep("s", ("exp",), formats=("float64",), last_step=1)], "arb", progress=False)
    written = {f"tables/overview/{table.name}.csv" for table in overview(measured)}
    assert {name for name in (*PORTABLE, *PORTABLE_WITH_FORMATS) if "/overview/" in name} == written
    assert set(PLATFORM) <= set(provenance.collect(None, "make"))


@pytest.mark.skipif(shutil.which("bash") is None, reason="the script is written for bash")
def test_ci_without_results_ends_at_once_with_one_line(tmp_path):
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    done = subprocess.run(["bash", str(tmp_path / ".ci" / "run")], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "results/ is missing: run make experiments and commit the result\n"
