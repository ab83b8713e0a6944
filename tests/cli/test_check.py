"""``numdiff check``: verdicts, exit statuses, and what x may be."""

import numpy as np
import pytest

import numdiff as nd
from numdiff.cli.check import COLUMNS
from tests.cli.calls import call, names_of

MODULE = """
import numpy as np

def loss(w):
    return np.sum(np.tanh(w) ** 2)

def slope(w):
    return 2 * np.tanh(w) * (1 - np.tanh(w) ** 2)

def wrong(w):
    return slope(w) / 2

def tree_loss(p):
    return np.sum(p["w"] ** 2) + p["b"] ** 3

def tree_slope(p):
    return {"w": 2 * p["w"], "b": 3 * p["b"] ** 2}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "check_module.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    np.save(tmp_path / "w.npy", np.linspace(-1, 2, 6).reshape(2, 3))
    np.savez(tmp_path / "p.npz", w=np.array([1.0, 2.0]), b=np.array(0.5))
    return tmp_path


def test_a_right_gradient_agrees_with_status_0():
    done = call("check", "check_module:loss", "check_module:slope", "--at", "w.npy")
    assert done.status == 0
    assert done.out.startswith("gradient check: AGREE")
    assert "x of shape (2, 3)" in done.out


def test_a_wrong_gradient_disagrees_with_status_1_and_its_cause():
    done = call("check", "check_module:loss", "check_module:wrong", "--at", "0.5,-1,2")
    assert done.status == 1
    assert done.out.startswith("gradient check: DISAGREE")
    assert "multiplied by 2" in done.out


def test_what_is_not_shown_has_status_1():
    done = call("check", "x**2", "2*x", "--at", "0")
    assert done.status == 1
    assert "INCONCLUSIVE" in done.out


def test_arrays_of_a_file_are_a_claim_and_a_tree():
    np.save("claim.npy", np.array([2.0, 4.0]))
    assert call("check", "x**2", "claim.npy", "--at", "1,2").status == 0
    done = call("check", "check_module:tree_loss", "check_module:tree_slope", "--at", "p.npz")
    assert done.status == 0
    assert "w[1]" in done.out


def test_a_derivative_is_checked_at_each_number():
    assert call("check", "exp(sin(x))", "cos(x)*exp(sin(x))", "--at", "0.5,1,2").status == 0
    rows = call("check", "exp(sin(x))", "cos(x)*exp(cos(x))", "--at", "0.5,1,2", "--json")
    assert rows.status == 1
    assert [row["verdict_here"] for row in rows.rows] == ["disagree"] * 3


def test_rows_are_the_comparisons_of_the_library():
    rows = call("check", "check_module:loss", "check_module:slope", "--at", "w.npy", "--csv").rows
    found = nd.check_gradient(
        lambda w: np.sum(np.tanh(w) ** 2), lambda w: 2 * np.tanh(w) * (1 - np.tanh(w) ** 2), np.load("w.npy")
    )
    assert [float(row["numeric"]) for row in rows] == [one.numeric for one in found.comparisons]
    assert [row["where"] for row in rows] == [one.name for one in found.comparisons]
    assert list(rows[0]) == names_of(COLUMNS)


def test_options_reach_the_check():
    done = call("check", "check_module:loss", "check_module:slope", "--at", "w.npy", "--directions", "4", "--json")
    assert len(done.rows) == 4
    narrow = call("check", "check_module:loss", "check_module:slope", "--at", "w.npy", "--dtype", "float32")
    assert "float32" in narrow.out


def test_a_constant_with_a_dot_is_a_number_and_no_file():
    assert call("check", "sin(x)", "cos(x)", "--at", "np.pi").status == 0


def test_every_other_option_reaches_the_check_too(monkeypatch):
    asked = {}

    def check(f, gradient, x, **options):
        asked.update(options)
        raise ValueError("enough")

    monkeypatch.setattr(nd, "check_gradient", check)
    words = ("--resolution", "0.5", "--noise", "1e-3", "--vectorized", "--seed", "7")
    assert call("check", "check_module:loss", "check_module:slope", "--at", "w.npy", *words).status == 2
    wanted = {"resolution": 0.5, "noise": 1e-3, "vectorized": True, "seed": 7, "dtype": None, "directions": None}
    assert {name: asked[name] for name in wanted} == wanted


def test_the_format_is_that_of_the_file_where_none_is_asked_for(folder):
    np.save(folder / "narrow.npy", np.ones(2, dtype=np.float32))
    assert "\nfloat32, " in call("check", "check_module:loss", "check_module:slope", "--at", "narrow.npy").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["check_module:loss", "check_module:slope", "--at", "none.npy"], "none.npy"),
        (["check_module:loss", "check_module:slope", "--at", "broken.npy"], "broken.npy must be a file of numpy.save"),
        (["check_module:loss", "check_module:slop", "--at", "1"], "did you mean 'slope'"),
        (["check_module:loss"], "missing argument 'GRADIENT'"),
        (
            ["check_module:loss", "check_module:slope", "--at", "1,2", "--directions", "2"],
            "--directions must be 0 (every coordinate) or an integer of at least 4, got 2",
        ),
        (["check_module:loss", "check_module:slope", "--at", "1", "--at", "2"], "--at must be given once here, got 2"),
        (["check_module:loss", "check_module:slope", "--at", "w.txt"], "'w.txt' must be a file of NumPy, .npy or .npz"),
        (["check_module:loss", "check_module:slope", "--at", "no.txt"], "'no.txt' must be a file of NumPy, .npy or"),
        (["check_module:loss", "check_module:slope", "--at", "1,,2"], "'' is no number; write numbers such as"),
        (
            ["check_module:loss", "check_module:slope", "--at", "one.npz"],
            "f must take a dict of the arrays of the .npz",
        ),
        (
            ["check_module:loss", "check_module:slope", "--at", "nan"],
            "invalid value for '--at': 'nan' is no finite number",
        ),
    ],
)
def test_wrong_calls_are_said(folder, words, message):
    (folder / "broken.npy").write_bytes(b"nothing")
    (folder / "w.txt").write_text("1 2", encoding="utf-8")
    np.savez(folder / "one.npz", w=np.ones(2))
    done = call("check", *words)
    assert done.status == 2
    assert message in done.err
    assert "allow_pickle" not in done.err, "no option of the command"


def test_pickles_are_not_loaded(folder):
    np.save(folder / "object.npy", np.array([{}], dtype=object), allow_pickle=True)
    assert call("check", "check_module:loss", "check_module:slope", "--at", "object.npy").status == 2


def test_advice_is_on_the_command_and_not_on_the_library():
    zero = call("check", "x**2", "2*x", "--at", "0")
    assert zero.status == 1
    assert "what is left are slopes of 0: check at an x where they are not 0\n" in zero.out
    noisy = call("check", "x", "1", "--at", "1", "--noise", "10")
    assert "--noise 10, as it was given" in noisy.out
