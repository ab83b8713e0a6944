"""``python -m experiments table NAME``: forms, wrong names, the store."""

import csv
import io
import subprocess
import sys

import pytest

from experiments import tables
from experiments.registry import EXPERIMENTS


@pytest.fixture
def printed(tmp_path, capsys):
    def run(*arguments, status=0):
        assert tables.main([*arguments, "--engine", "arb", "--records", str(tmp_path)]) == status
        out, err = capsys.readouterr()
        return err if status else out

    return run


def test_no_experiment_has_the_name_of_the_command():
    assert tables.COMMAND == "table"
    assert tables.COMMAND not in EXPERIMENTS


def test_markdown_latex_and_csv_are_one_table(printed):
    markdown = printed("square", "--format", "float16")
    latex = printed("square", "--format", "float16", "--latex")
    rows = list(csv.DictReader(io.StringIO(printed("square", "--format", "float16", "--csv"))))
    assert markdown.startswith("Error: x², centered difference in float16. h = fl(1.2357·2⁻ᵏ), x = 2;")
    body = [line for line in markdown.splitlines() if line.startswith("| ")][2:]
    assert len(body) == len(rows) == len([line for line in latex.splitlines() if line.startswith("$")])
    assert [row["k"] for row in rows] == [line.split(" ")[1] for line in body]
    assert float(rows[0]["total"]) == pytest.approx(
        float(rows[0]["truncation"]) + float(rows[0]["roundoff"]), abs=1e-18
    )
    assert r"\label{tab:square-centered-float16}" in latex
    assert latex.isascii()


def test_parts_and_truncation_are_tables_of_their_own(printed):
    assert "| k | h ≈ | roundoff | abscissa | evaluation | combination |" in printed("square", "--parts")
    text = printed("square", "--formula", "forward", "--truncation")
    assert "| k | h | forward |" in text
    assert "| 5 | 2⁻⁵ | 3.12e-02 |" in text


def test_function_outside_the_step_sweep_is_measured(printed):
    assert "centered h⁴ formula in float32" in printed("square", "--formula", "centered4", "--format", "float32")


def test_table_is_taken_from_the_store_the_second_time(printed, monkeypatch):
    first = printed("square", "--format", "float16")
    monkeypatch.setattr("numdiff.study.blocks.Block.measure", lambda *_: pytest.fail("measured again"))
    assert printed("square", "--format", "float16") == first


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("squaer",), "NAME: problem must be a registered name, got 'squaer'; did you mean 'square'"),
        (("square", "--formula", "centred"), "--formula: method must be a registered name, got 'centred'"),
        (("square", "--format", "float46"), "--format: format must be a registered name, got 'float46'"),
        (
            ("lambert_w", "--format", "float16"),
            "there is no table of lambert_w with centered in float16: scipy.special",
        ),
    ],
)
def test_wrong_names_are_refused_with_the_nearest(printed, arguments, said):
    assert said in printed(*arguments, status=2)


def test_command_is_that_of_the_experiments(tmp_path):
    command = [
        sys.executable,
        "-m",
        "experiments",
        "table",
        "square",
        "--format",
        "float16",
        "--records",
        str(tmp_path),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.startswith("Error: x², centered difference in float16.")
