"""``--exact``: a function whose code cannot be followed, beside what it stands for."""

import mpmath
import pytest

from tests.cli.calls import call, on_terminal

SOURCE = """
import math
from mpmath import mp

def solve(x):
    return math.exp(-x) if x > 0 else 1.0 - x

def table(x):
    import numpy as np
    return np.asarray([math.exp(-t) for t in x.ravel()], dtype=x.dtype).reshape(x.shape)

def f(t):
    return mp.exp(-t)

def df(t):
    return -mp.exp(-t)

def talks(x):
    print("talking")
    return x

def ends(x):
    raise SystemExit(0)

def one(x):
    raise ZeroDivisionError("in one")
"""
FORMULA = ("--exact", "exp(-x)")
FUNCTIONS = ("--exact", "twin_mine:f, twin_mine:df")


def exact_error(offsets, weights, derivative, step=0.01, order=1):
    """Return the truncation error of a formula for exp(-x) at 1, in 60 digits, rounded to a double."""
    with mpmath.workdps(60):
        h = mpmath.mpf(step)
        quotient = sum(w * mpmath.exp(-1 - c * h) for c, w in zip(offsets, weights, strict=True)) / h**order
        return float(quotient - derivative * mpmath.exp(-1))


@pytest.fixture(autouse=True)
def module(tmp_path, monkeypatch):
    """Write a module into the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "twin_mine.py").write_text(SOURCE, encoding="utf-8")


@pytest.mark.parametrize("twin", [FORMULA, FUNCTIONS], ids=["expression", "functions"])
@pytest.mark.parametrize("f", ["twin_mine:solve", "twin_mine:table"])
def test_the_ledger_compares_code_with_its_twin(f, twin):
    done = call("ledger", f, "--at", "1", "--step", "0.01", *twin, "--json")
    (row,) = done.rows
    assert (done.status, row["state"]) == (0, "given")
    assert row["truncation"] == exact_error([1, -1], [0.5, -0.5], -1)


def test_the_twin_of_a_second_derivative_needs_two_and_an_expression_has_them():
    words = ("ledger", "twin_mine:solve", "--at", "1", "--step", "0.01", "--derivative", "2")
    done = call(*words, *FORMULA, "--json")
    assert done.rows[0]["truncation"] == exact_error([1, 0, -1], [1, -2, 1], 1, order=2)
    done = call(*words, *FUNCTIONS)
    assert done.status == 2
    assert "--exact must name f and its derivatives up to order 2, as module:f,module:df,module:ddf" in done.err


@pytest.mark.parametrize("twin", [FORMULA, FUNCTIONS], ids=["expression", "functions"])
def test_the_sweep_measures_code_beside_its_twin(twin):
    done = call("sweep", "twin_mine:solve", "--at", "1", "--step", "0.01", *twin, "--csv")
    assert done.status == 0
    assert {row["state"] for row in done.rows} == {"given"}
    assert {row["method"] for row in done.rows} == {"forward", "centered"}


def test_the_advice_goes_by_the_expression_and_measures_the_code():
    done = call("advise", "twin_mine:solve", "--at", "1", *FORMULA)
    assert done.status == 0
    assert "this holds if f is computed as accurately as exp(-x) would be" in done.out
    row = call("advise", "twin_mine:solve", "--at", "1", *FORMULA, "--json").rows[0]
    plain = call("advise", "exp(-x)", "--at", "1", "--json").rows[0]
    assert row["step"] == plain["step"]
    assert (row["state"], row["bound"]) == ("given", None)
    assert abs(row["total"]) < 1e-10


def test_the_plot_of_a_terminal_has_the_errors_of_the_code(monkeypatch):
    """That of a function which exact arithmetic cannot follow goes by its twin, like the table."""
    done = on_terminal(monkeypatch, "advise", "twin_mine:solve", "--at", "1", *FORMULA)
    assert (done.status, done.err) == (0, "")
    assert done.out.count("\x1b[35mo") > 10


def test_there_is_no_advice_by_values_alone_but_the_errors_of_habit_are_shown():
    done = call("advise", "twin_mine:solve", "--at", "1", *FUNCTIONS)
    assert done.status == 1
    words = " ".join(done.out.split())
    assert "no step: not traced" in words
    assert "give --exact an expression" in words
    assert "habit 1e-4" in words


@pytest.mark.filterwarnings("ignore:Conversion of an array:DeprecationWarning")  # of older versions of NumPy
@pytest.mark.parametrize("command", [("ledger", "--step", "0.01"), ("sweep",), ("advise",)], ids=lambda words: words[0])
def test_where_it_is_missing_the_error_names_it(command):
    name, *others = command
    done = call(name, "twin_mine:solve", "--at", "1", *others)
    assert done.status == 2
    assert "give by --exact the formula that it stands for" in done.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["twin_mine:solve", "--exact", "twin_mine:f"], "--exact must name f and its derivatives up to order 1"),
        (["twin_mine:solve", "--exact", "expp(-x)"], "expp is not known; did you mean exp"),
        (["twin_mine:solve", "--exact", " "], "the expression is empty"),
        (["twin_mine:solve", "--exact", "twin_mine:f,twin_mine:dg"], "module 'twin_mine' has no 'dg'"),
        (["twin_mine:solve", "--exact", "twin_mine:f,twin_mine:f"], "must be the derivative of exact[0]"),
        (["twin_mine:solve", "--exact", "twin_mine:f,twin_mine:solve"], "must return an mpf, got float"),
        (["twin_mine:one", *FORMULA], "in one"),
        (["--problem", "exp", *FORMULA], "--exact must stand beside EXPR, got the problem exp"),
        (["twin_mine:solve", *FORMULA, "--workers", "2"], "must stand beside --exact module:f,module:df"),
        (["twin_mine:solve", *FUNCTIONS, "--workers", "2"], "f is a function of one number"),
    ],
)
def test_what_is_no_twin_is_one_clear_line(words, message):
    done = call("sweep", *words, "--at", "1", "--step", "0.01")
    assert done.status == 2
    assert message in done.err
    assert "np.exp for math.exp" not in done.err


@pytest.mark.parametrize("command", ["ledger", "sweep", "advise"])
def test_help_has_an_example(command):
    assert "mymodule:solve --at 1" in (text := call(command, "--help").out)
    assert '--exact "exp(-x)"' in text


@pytest.mark.parametrize("words", [["advise"], ["ledger", "--step", "0.5"], ["sweep", "--step", "0.5"]])
def test_a_function_beside_a_twin_is_kept_apart_from_the_answer_and_ends_nothing(words):
    command, *more = words
    done = call(command, "twin_mine:talks", "--at", "1", *more, "--exact", "x", "--json")
    assert (done.status, done.out[:1]) == (0, "{")
    assert "talking" in done.err
    ended = call(command, "twin_mine:ends", "--at", "1", *more, "--exact", "x")
    assert ended.status == 2
    assert ended.err.startswith("numdiff: error: the function called sys.exit(0); it must return its value")
