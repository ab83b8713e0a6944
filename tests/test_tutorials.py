"""The tutorials and the tour: their code runs as it is typed, and prints what they show."""

import ast
import doctest
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

from numdiff.study.values import fingerprints

ROOT = Path(__file__).resolve().parents[1]
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.md"))
TOUR = ROOT / "docs" / "tour.ipynb"
WIDTH = 91
"""The characters of code that the page has room for."""
NAMES = ("course", "which_step", "gradient", "own_rule", "cluster")
SESSION = re.compile(r"^```pycon\n(.*?)^```", re.MULTILINE | re.DOTALL)
CONSOLE = re.compile(r"^```console\n\$ ([^\n]*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
CELL = re.compile(r"^```\{code-cell\}\n(?::[^\n]*\n)*(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```\{code-block\} python\n:caption: (\w+\.py)\n\n(.*?)^```", re.MULTILINE | re.DOTALL)
NUMBER = re.compile(r"-?(?<![\w.])\d+(?:\.\d*)?(?:e[-+]?\d+)?(?!\w)")


def same_functions():
    """Whether the elementary functions are those of the machine that made the results, and so the pages."""
    stored = json.loads((ROOT / "results" / "provenance.json").read_text(encoding="utf-8"))["functions"]
    return stored == fingerprints()


def tolerance(text):
    """Return by how much a printed number may be off: a unit of its last digit, and for all digits of a double the

    rounding of two function values of size 2, amplified by the 1/(2h) of the course's h = 1e-4.
    """
    digits = text.partition("e")
    decimals = len(digits[0].partition(".")[2])
    unit = 10.0 ** (-decimals + int(digits[2] or 0)) if "." in text or "e" in text else 0.0
    return max(unit, 4 * 2.0**-53 * 2 / 2e-4 if decimals > 12 else 0.0)


class Checker(doctest.OutputChecker):
    """Words as they are; numbers to the digits that are shown.

    Where the elementary functions of the machine are others, rounding errors are too, and with them the order of rows:
    there the words of all rows are compared.
    """

    def __init__(self, exact):
        self.exact = exact

    def check_output(self, want, got, optionflags):
        if super().check_output(want, got, optionflags):
            return True
        if self.exact:
            numbers = zip(NUMBER.findall(want), NUMBER.findall(got), strict=False)
            return words(want) == words(got) and all(abs(float(w) - float(g)) <= tolerance(w) for w, g in numbers)
        return sorted(words(want)) == sorted(words(got))


def printed_by(command):
    """Run a command, and return what a reader in a pipe sees of it."""
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)], capture_output=True, encoding="utf-8", timeout=120, check=False
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def words(text):
    return [NUMBER.sub("#", line).split() for line in text.splitlines()]


def run(text, name, exact):
    """Run the sessions of a page in one namespace, then its cells in another; return what differs."""
    parser, names, report = doctest.DocTestParser(), {"__name__": "__main__"}, []
    runner = doctest.DocTestRunner(Checker(exact), verbose=False)
    for number, session in enumerate(SESSION.findall(text)):
        test = parser.get_doctest(session, names, f"{name}[{number}]", name, 0)
        test.globs = names
        runner.run(test, out=report.append, clear_globs=False)
    for cell in CELL.findall(text):
        exec(compile(cell, name, "exec"), {})
    for command, want in CONSOLE.findall(text):
        got = printed_by(command)
        if not Checker(exact).check_output(want, got, 0):
            report.append(f"$ {command}\nExpected:\n{want}Got:\n{got}")
    return "".join(report)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder where a page has its files, from which processes import them too."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), str(ROOT)]))
    monkeypatch.delenv("MPLBACKEND")  # a kernel shows its figures
    modules = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - modules:
        if getattr(sys.modules[name], "__file__", None) and Path(sys.modules[name].__file__).parent == tmp_path:
            del sys.modules[name]


def test_there_are_the_tutorials_that_readme_and_site_list_in_one_order():
    assert {path.stem for path in TUTORIALS} == set(NAMES)
    readme, home = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "docs/index.md"))
    assert re.findall(r"^\| \[[^]]+\]\(docs/tutorials/(\w+)\.md\)", readme, re.MULTILINE) == list(NAMES)
    assert re.findall(r"^tutorials/(\w+)\.md$", home, re.MULTILINE) == list(NAMES)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_code_of_a_tutorial_prints_what_it_shows(path, folder, request):
    text = path.read_text(encoding="utf-8")
    assert len(SESSION.findall(text)) >= 3
    for name, code in FILE.findall(text):
        (folder / name).write_text(code, encoding="utf-8")
    if "RULES.register" in text:
        from numdiff.rules.run import RULES

        request.addfinalizer(lambda: RULES._items.pop("smallest_change", None))
    differences = run(text, path.stem, same_functions())
    assert not differences, differences


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_no_line_of_code_is_wider_than_the_page(path):
    blocks = re.findall(r"^```\S.*?^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert [line for block in blocks for line in block.splitlines() if len(line) > WIDTH] == []


def test_the_page_of_the_command_prints_what_it_shows(folder):
    page = ROOT / "docs" / "command.md"
    text = page.read_text(encoding="utf-8")
    assert len(CONSOLE.findall(text)) == 1
    assert run(text, page.stem, same_functions()) == ""


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_says_what_one_learns_what_one_needs_and_what_comes_next(path):
    text = path.read_text(encoding="utf-8")
    assert re.search(r"^You learn [^.]+\.$", text, re.MULTILINE)
    assert "pip install" in text
    assert "## What next" in text
    assert len(CELL.findall(text)) <= 1


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_only_what_needs_another_library_is_not_run(path):
    text = path.read_text(encoding="utf-8")
    others = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert all("import torch" in block and ast.parse(block) for block in others)
    assert len(others) == (path.stem == "gradient")


@pytest.mark.parametrize(
    ("want", "got", "exact", "same"),
    [
        ("step 5.07e-06\n", "step 5.08e-06\n", True, True),
        ("step 5.07e-06\n", "step 5.09e-06\n", True, False),
        ("3.2974426293330694\n", "3.2974426293330001\n", True, True),
        ("3.2974426293330694\n", "3.2974426393330694\n", True, False),
        ("54 agree\n", "55 agree\n", True, False),
        ("54 agree\n", "54 disagree\n", True, False),
        ("a 1\nb 2\n", "b 3\na 4\n", False, True),
        ("a 1\nb 2\n", "b 3\nc 4\n", False, False),
    ],
)
def test_checker_compares_the_digits_that_are_shown_and_elsewhere_the_words(want, got, exact, same):
    assert Checker(exact).check_output(want, got, 0) is same


def test_a_wrong_output_and_an_error_are_found():
    assert "Expected" in run("```pycon\n>>> 1 + 1\n3\n```\n", "wrong", True)
    assert "ZeroDivisionError" in run("```pycon\n>>> 1 / 0\n```\n", "wrong", True)
    assert "Expected" in run("```console\n$ numdiff --version\nnumdiff none\n```\n", "wrong", True)


def test_the_tour_has_no_stored_outputs_and_runs(folder):
    notebook = nbformat.read(TOUR, as_version=4)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    nbclient.NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = {key: value for cell in cells for output in cell.outputs for key, value in output.get("data", {}).items()}
    assert {"text/plain", "text/html", "image/png"} <= set(shown)
    text = "\n".join(output.data["text/plain"] for cell in cells for output in cell.outputs if "data" in output)
    assert "evaluations)" in text
    assert "3.29744262933" in text
    assert "agree" in text
    assert "'a factor: the gradient has to be multiplied by 2'" in text
