"""``numdiff experiments``: every word is handed on, and the status comes back."""

import pytest

from numdiff.cli import main
from numdiff.cli.experiments import checkout, run_experiments
from tests.cli.calls import ROOT, call, python
from tests.core_environment import needs_everything


def root_of(directory, program):
    """Make a folder look like a checkout whose experiments are the given program."""
    (directory / "numdiff").mkdir()
    (directory / "experiments").mkdir()
    # A regular package: it goes before the real experiments, which an editable installation puts on the path.
    (directory / "experiments" / "__init__.py").touch()
    (directory / "experiments" / "__main__.py").write_text(program, encoding="utf-8")
    return directory


def test_outside_a_checkout_is_one_line_and_status_2(tmp_path):
    done = python("-m", "numdiff", "experiments", "--quick", cwd=tmp_path)
    assert (done.status, done.out) == (2, "")
    (line,) = done.err.splitlines()
    assert line.startswith("numdiff: error: the experiments live in a checkout")
    assert str(tmp_path) in line


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_is_that_of_the_command_in_a_checkout_and_outside(tmp_path, monkeypatch, word):
    monkeypatch.chdir(tmp_path)
    done = call("experiments", word)
    monkeypatch.chdir(ROOT)
    assert call("experiments", word) == done
    assert (done.status, done.err) == (0, "")
    assert done.out.startswith("Usage: numdiff experiments [WORD]...")
    assert "numdiff experiments step_sweep --quick" in done.out


@needs_everything
@pytest.mark.parametrize("words", [[], ["step_sweep", "--quick"], ["--help"], ["--workers", "2", "--", "-x"]])
def test_every_word_is_handed_on_and_the_status_returned(tmp_path, capfd, words):
    root = root_of(tmp_path, "import sys\nprint(sys.argv[1:])\nsys.exit(7)\n")
    assert run_experiments(words, root) == 7
    assert capfd.readouterr().out.strip() == repr(words)


@needs_everything
@pytest.mark.parametrize("words", [[], ["step_sweep", "--quick"], ["step_sweep", "--help"], ["--quick", "--version"]])
def test_the_command_hands_them_on_from_the_working_directory(tmp_path, monkeypatch, capfd, words):
    monkeypatch.chdir(root_of(tmp_path, "import sys\nprint(sys.argv[1:])\n"))
    assert main(["experiments", *words]) == 0
    assert capfd.readouterr().out.strip() == repr(words)


def test_a_checkout_is_the_working_directory_or_the_given_one(tmp_path):
    root = root_of(tmp_path, "")
    assert checkout("they", "experiments/__main__.py", root) == root
    with pytest.raises(FileNotFoundError, match="they live in a checkout of numdiff-bench"):
        checkout("they", "bench/gates.py", root)
