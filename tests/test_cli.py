"""The command `numdiff`: what it prints, what it loads, and how it fails."""

import os
import re
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import pytest

import numdiff
from numdiff import cli
from numdiff.floats.formats import FORMATS, UNAVAILABLE
from numdiff.problems import PROBLEMS
from tests.core_environment import needs_everything

ROOT = Path(__file__).resolve().parents[1]


def python(*words, cwd=ROOT, **environment):
    return subprocess.run(
        [sys.executable, *words],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"} | environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


def checkout(directory, program):
    """Make a folder look like a checkout whose experiments are the given program."""
    (directory / "numdiff").mkdir()
    (directory / "experiments").mkdir()
    # A regular package: it goes before the real experiments, which an editable installation puts on the path.
    (directory / "experiments" / "__init__.py").touch()
    (directory / "experiments" / "__main__.py").write_text(program, encoding="utf-8")
    return directory


def test_version_is_that_of_the_library(capsys):
    assert cli.main(["version"]) == 0
    assert capsys.readouterr().out == f"numdiff {numdiff.__version__}\n"


def test_formats_lists_every_format_with_its_precision_and_unit_roundoff(capsys):
    assert cli.main(["formats"]) == 0
    _, *lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(FORMATS) + len(UNAVAILABLE)
    for line, (name, known) in zip(lines, FORMATS.items(), strict=False):
        first, precision, unit, roundoff, *_ = line.split()
        assert (first, precision, unit) == (name, str(known.precision), "bits")
        # three significant digits: half a unit of the third is at most 1/200 of the value
        assert abs(Fraction(Decimal(roundoff)) / known.unit_roundoff - 1) <= Fraction(1, 200)


def test_formats_gives_the_reason_for_an_unavailable_one(capsys, monkeypatch):
    monkeypatch.setattr("numdiff.floats.formats.UNAVAILABLE", {"float80": "long double is float64 here"})
    assert cli.main(["formats"]) == 0
    assert "float80 is not available: long double is float64 here" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(1, 2**53), "1.11e-16"),
        (Fraction(1, 2**16382), "3.36e-4932"),
        ((2 - Fraction(1, 2**63)) * 2**16383, "1.19e+4932"),
    ],
)
def test_numbers_outside_the_range_of_a_double_are_printed(value, text):
    assert cli._scientific(value) == text


def test_problems_lists_every_problem_by_name(capsys):
    assert cli.main(["problems"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0].strip() for line in lines if re.match(r"  \w+:( |$)", line)] == list(PROBLEMS)
    heads = [line for line in lines if not line.startswith(" ")]
    families = Counter(problem.family for problem in PROBLEMS.values())
    assert heads == [f"{family}: {count} problems" for family, count in families.items()]


@pytest.mark.parametrize("command", ["problems", "formats"])
def test_lists_fit_a_terminal(capsys, command):
    assert cli.main([command]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_columns_of_a_table_are_aligned():
    lines = cli._table(("a", "second"), [("long cell", "x"), ("b", "y z")]).splitlines()
    assert lines == ["a          second", "long cell  x", "b          y z"]


def test_experiments_outside_a_checkout_is_one_line_and_status_2(tmp_path):
    done = python("-m", "numdiff", "experiments", "--quick", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("numdiff: error: the experiments live in a checkout")
    assert str(tmp_path) in line


@needs_everything
@pytest.mark.parametrize("words", [[], ["step_sweep", "--quick"], ["--help"], ["--workers", "2", "--", "-x"]])
def test_experiments_hands_every_word_on_and_returns_the_status(tmp_path, capfd, words):
    root = checkout(tmp_path, "import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    assert cli.run_experiments(words, root) == 7
    assert capfd.readouterr().out.strip() == repr(words)


@needs_everything
def test_experiments_are_those_of_the_working_directory(tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(checkout(tmp_path, "print('found')\n"))
    assert cli.main(["experiments"]) == 0
    assert capfd.readouterr().out.strip() == "found"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["formats", "--nonsense"]])
def test_wrong_call_says_how_to_call_and_has_status_2(capsys, words):
    with pytest.raises(SystemExit) as stop:
        cli.main(words)
    assert stop.value.code == 2
    assert "usage: numdiff" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (ValueError("step must be positive,\n  got -1"), "step must be positive, got -1"),
        (KeyError("no problem 'expp'"), "no problem 'expp'"),
        (ImportError("No module named 'flint'"), "No module named 'flint'"),
        (ValueError(), "ValueError"),
    ],
)
def test_errors_are_one_line(capsys, monkeypatch, error, message):
    def fail():
        raise error

    parser = SimpleNamespace(parse_args=lambda words: SimpleNamespace(command=fail))
    monkeypatch.setattr(cli, "_parser", lambda: parser)
    assert cli.main(["formats"]) == 2
    assert capsys.readouterr().err == f"numdiff: error: {message}\n"


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit) as stop:
        cli.main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    listed = {line.split()[0] for line in out.splitlines() if line.startswith("    ")}
    assert {"experiments", "formats", "problems", "version"} <= listed


def test_command_loads_nothing_heavy():
    heavy = ("numpy", "pandas", "pyarrow", "matplotlib", "mpmath", "gmpy2", "flint", "jinja2")
    program = f"import sys, numdiff.cli; print(*[name for name in {heavy} if name in sys.modules])"
    done = python("-c", program)
    assert (done.returncode, done.stdout.split()) == (0, [])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows reports a closed pipe as another error")
def test_reader_that_stops_early_is_no_error():
    program = (
        "import subprocess, sys\n"
        "writer = subprocess.Popen([sys.executable, '-m', 'numdiff', 'problems'],\n"
        "                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)\n"
        "writer.stdout.close()\n"
        "message = writer.stderr.read().decode()\n"
        "sys.exit(message or writer.wait())\n"
    )
    done = python("-c", program)
    assert (done.returncode, done.stderr) == (0, "")


def test_console_without_mathematical_symbols_gets_a_replacement():
    done = python("-m", "numdiff", "problems", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(f"  {name}:" in done.stdout for name in PROBLEMS)
