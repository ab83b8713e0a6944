"""Where a function comes from."""

import pytest

import numdiff as nd
from numdiff.cli.subjects import imported_function, subject_of
from tests.cli.calls import call, python


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Return a function that writes a module into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

    def write(name, text):
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")

    return write


def test_an_expression_is_a_function_by_its_text():
    subject = subject_of(" x**2 + 1 ")
    assert (subject.f(3.0), subject.name, subject.said) == (10.0, "x**2 + 1", "f(x) = x**2 + 1")


def test_a_function_of_a_module_in_the_working_directory_is_found(module):
    module(
        "subject_one", "def f(x):\n    return x * x\nclass A:\n    @staticmethod\n    def g(x):\n        return -x\n"
    )
    assert subject_of("subject_one:f").f(3.0) == 9.0
    assert imported_function("subject_one:A.g")(3.0) == -3.0
    assert call("derivative", "subject_one:f", "--at", "3", "--csv").rows[0]["function"] == "subject_one:f"


def test_a_problem_is_found_by_name_with_its_points():
    subject = subject_of(None, problem=("composition",))
    assert subject.f is nd.PROBLEMS["composition"]
    assert subject.points == nd.PROBLEMS["composition"].points


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no_such_module:f", "module 'no_such_module' cannot be imported"),
        ("subject_two:fn", "module 'subject_two' has no 'fn'; did you mean 'fun'?"),
        ("subject_two:number", "subject_two:number must be a function, got int 3"),
        ("subject_broken:f", "module 'subject_broken' cannot be imported: ZeroDivisionError"),
        ("subject_syntax:f", "module 'subject_syntax' cannot be imported: SyntaxError"),
        ("subject_two.py:fun", "write subject_two:fun, without .py"),
        (
            "subject_exits:f",
            "module 'subject_exits' cannot be imported: SystemExit: 0",
        ),
    ],
)
def test_what_cannot_be_imported_is_one_line(module, text, message):
    module("subject_two", "number = 3\ndef fun(x):\n    return x\n")
    module("subject_broken", "1 / 0\n")
    module("subject_syntax", "def f(:\n")
    module("subject_exits", "import sys\nsys.exit(0)\n")
    done = call("derivative", text, "--at", "1")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert message in line


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give one function"),
        (["x", "--problem", "exp"], "give one function"),
        (["x", "--name", "y"], "--name must stand beside --fpcore"),
        (["--problem", "expp"], "did you mean 'exp'"),
        (["--problem", "exp,square"], "--problem must name one"),
        (["composition"], "the problem of that name is --problem composition"),
    ],
)
def test_exactly_one_function_is_needed(words, message):
    done = call("derivative", *words, "--at", "1")
    assert done.status == 2
    assert message in done.err


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("return {}['key']", "KeyError: 'key'; f was called at 1.08"),
        ("raise ValueError('x must be a temperature')", "ValueError: x must be a temperature; f was called at 1.08"),
    ],
)
def test_an_error_inside_of_the_function_is_one_line(module, code, message):
    name = f"subject_raising_{message[:3].lower()}"
    module(name, f"def f(x):\n    {code}\n")
    done = call("derivative", f"{name}:f", "--at", "1")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert line.startswith(f"numdiff: error: the function raised {message}")
    assert "NUMDIFF_TRACEBACK=1" in line


ENDING = """
import sys
def exits(x):
    sys.exit(0)
def loses_a_pipe(x):
    raise BrokenPipeError("the simulator is gone")
def aborts(x):
    assert False
"""


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("exits", "the function called sys.exit(0); it must return its value"),
        ("loses_a_pipe", "the function raised BrokenPipeError: the simulator is gone"),
        ("aborts", "the function raised AssertionError"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("derivative", "{f}", "--at", "1"),
        ("advise", "{f}", "--at", "1"),
        ("ledger", "{f}", "--at", "1", "--step", "0.1"),
        ("sweep", "{f}", "--at", "1", "--step", "0.1"),
        ("check", "{f}", "2*x", "--at", "1"),
        ("check", "x**2", "{f}", "--at", "1"),
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_a_function_that_ends_is_an_error_and_no_answer(module, words, name, message):
    """A status of 0 would say that all is fine."""
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    module("subject_ending", ENDING)
    done = call(*(word.format(f=f"subject_ending:{name}") for word in words))
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"numdiff: error: {message}")
    assert "; with NUMDIFF_TRACEBACK=1" in done.err


PRINTING = """
import os
print("imported")
def f(x):
    print("called")
    os.system("echo called by another program")
    return x * x
"""


@pytest.mark.parametrize(
    "words",
    [
        ("derivative", "subject_printing:f", "--at", "1", "--json"),
        ("advise", "subject_printing:f", "--at", "1", "--json"),
        ("ledger", "subject_printing:f", "--at", "1", "--step", "0.1", "--json"),
        ("sweep", "subject_printing:f", "--at", "1", "--step", "0.1", "--json", "--workers", "2"),
        ("check", "subject_printing:f", "2*x", "--at", "1", "--json"),
    ],
    ids=lambda words: words[0],
)
def test_what_a_function_prints_is_no_part_of_the_answer(module, tmp_path, words):
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    module("subject_printing", PRINTING)
    done = python("-m", "numdiff", *words, cwd=tmp_path)
    assert done.status == 0
    assert done.rows
    assert {"imported", "called", "called by another program"} <= set(done.err.splitlines())


def test_a_function_of_another_shape_is_sent_to_a_command_that_takes_it(module):
    """Arguments of the library are no advice on the command."""
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    module("subject_shape", "import numpy as np\ndef f(x):\n    return np.ones(3)\n")
    done = call("ledger", "subject_shape:f", "--at", "1", "--step", "0.1")
    assert "f must keep the shape of its argument, (1, 1), got (3,); write np.exp for math.exp" in done.err
    assert "blocked=False" not in done.err


FPCORES = """
(FPCore (x) :name "root" :pre (>= x 0) (- (sqrt (+ x 1)) (sqrt x)))
(FPCore (x) :name "square" (* x x))
(FPCore (x y) :name "two" (+ x y))
"""


def test_an_fpcore_is_found_by_name_with_its_domain_and_point(tmp_path):
    path = tmp_path / "cores.fpcore"
    path.write_text(FPCORES, encoding="utf-8")
    subject = subject_of(None, fpcore=path, name="root")
    assert subject.f(0.0) == 1.0
    assert subject.domain[0] == 0.0
    done = call("derivative", "--fpcore", str(path), "--name", "square", "--at", "3", "--csv")
    assert abs(float(done.rows[0]["df"]) - 6) <= float(done.rows[0]["error"])
    assert call("derivative", "--fpcore", str(path), "--name", "root").status == 0  # at the point that the reader chose


def test_an_fpcore_that_is_not_there_or_not_named_is_said_with_those_that_are(tmp_path):
    path = tmp_path / "cores.fpcore"
    path.write_text(FPCORES, encoding="utf-8")
    for words in ([], ["--name", "two"], ["--name", "three"]):
        done = call("derivative", "--fpcore", str(path), *words, "--at", "1")
        assert done.status == 2
        assert "has root, square; refused: two" in done.err
    assert call("derivative", "--fpcore", str(tmp_path / "none"), "--at", "1").status == 2


def test_of_an_fpcore_nothing_outside_of_its_domain_is_evaluated(tmp_path):
    path = tmp_path / "cores.fpcore"
    path.write_text('(FPCore (x) :name "root" :pre (< 1 x 3) (sqrt (- x 1)))', encoding="utf-8")
    pytest.importorskip("mpmath", reason="the ledger needs the extra [judge]")
    for words in (("derivative",), ("advise",), ("sweep", "--step", "0.1")):
        inside = call(*words, "--fpcore", str(path), "--at", "2", "--csv")
        given = call(*words, "sqrt(x - 1)", "--at", "2", "--domain", "1:3", "--csv")
        assert inside.status == 0
        same = [name for name in given.rows[0] if name not in ("function", "problem")]
        assert [[row[name] for name in same] for row in inside.rows] == [
            [row[name] for name in same] for row in given.rows
        ]
    outside = call("derivative", "--fpcore", str(path), "--at", "4")
    assert (outside.status, "inside the open domain (1.0, 3.0)" in outside.err) == (2, True)


def test_of_a_refused_fpcore_that_is_asked_for_its_own_reason_is_said(tmp_path):
    path = tmp_path / "cores.fpcore"
    others = "".join(f'(FPCore (x y) :name "other {k}" (+ x y))' for k in range(9))
    path.write_text(others + '(FPCore (x) :name "loop" (while (< x 1) ((x x x)) x))', encoding="utf-8")
    done = call("derivative", "--fpcore", str(path), "--name", "loop")
    assert "refused: loop (line 1): it has a loop\n" in done.err


@pytest.mark.parametrize(
    ("data", "message"), [(b"(FPCore (x) x", "line 1 opens a ("), (b"\xff", "can't decode byte"), (b"import numpy", "")]
)
def test_a_file_that_is_none_of_fpcores_is_named(tmp_path, data, message):
    path = tmp_path / "cores.fpcore"
    path.write_bytes(data)
    done = call("derivative", "--fpcore", str(path))
    assert done.status == 2
    assert f"--fpcore must name a file of FPCores, got {str(path)!r}: " in done.err
    assert message in done.err


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("./mine.py:f", "mine:f"),
        ("folder/mine.py::f", "folder.mine:f"),
        ("mine:", "mine:f"),
    ],
)
def test_a_file_and_a_function_are_told_how_they_are_written(text, meant):
    done = call("derivative", text, "--at", "1")
    assert done.status == 2
    assert done.err.splitlines()[0].endswith(f"a function of a file is written module:function, as {meant}")


def test_a_name_that_no_file_may_have_is_refused_as_an_expression():
    done = call("derivative", "x" * 2000, "--at", "1")
    assert done.status == 2
    assert " is not known; the variable is x" in done.err


def test_the_heading_names_the_variable_of_an_fpcore(tmp_path):
    path = tmp_path / "one.fpcore"
    path.write_text('(FPCore (t) :name "growth" (exp t))', encoding="utf-8")
    assert call("derivative", "--fpcore", str(path)).out.startswith("growth: f(t) = exp(t) in float64\n")


def test_points_are_those_of_the_problem_where_none_are_asked_for():
    rows = call("derivative", "--problem", "square", "--csv").rows
    assert [float(row["x"]) for row in rows] == list(nd.PROBLEMS["square"].points)
    done = call("derivative", "x")
    assert done.status == 2
    assert "--at must name the points" in done.err


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("subject_named", "the function f of subject_named.py is subject_named:f"),
        ("subject_named.fun", "the function fun of the module subject_named is subject_named:fun"),
    ],
)
def test_a_name_of_a_module_that_is_no_expression_is_told_how_it_is_written(module, text, advice):
    module("subject_named", "def fun(x):\n    return x\n")
    done = call("derivative", text, "--at", "1")
    assert done.status == 2
    assert advice in done.err


def test_what_a_module_prints_is_no_part_of_the_answer(module):
    module("subject_prints", "print('loaded')\ndef f(x):\n    print('called')\n    return x * x\n")
    for words in (
        ["derivative", "subject_prints:f", "--at", "1"],
        ["check", "subject_prints:f", "subject_prints:f", "--at", "1"],
    ):
        done = call(*words, "--json")
        assert done.out.startswith("{")
        assert "called" not in done.out
        assert "called" in done.err
