"""``numdiff derivative``: what it prints, in text and for programs, and its exit status."""

import math

import numpy as np
import pytest

import numdiff as nd
from numdiff.cli.derivative import COLUMNS, HIGHEST, TRUSTED
from tests.cli.calls import call, names_of, on_terminal
from tests.core_environment import needs_everything


def test_one_point_is_a_value_with_its_bar_digits_and_evaluations():
    done = call("derivative", "exp(sin(x))", "--at", "0.5")
    assert done.status == 0
    title, answer, rest = done.out.splitlines()
    assert title == "f(x) = exp(sin(x)) in float64"
    value, bar = answer.removeprefix("f′(0.5) = ").split(" ± ")
    assert abs(float(value) - math.cos(0.5) * math.exp(math.sin(0.5))) <= float(bar) < 1e-11
    assert "digits" in rest
    assert "evaluations" in rest


def test_rows_for_programs_are_what_the_library_finds():
    done = call("derivative", "exp(sin(x))", "--at", "0.5,1", "--at", "-0x1.8p+0", "--json")
    found = nd.derivative(lambda x: np.exp(np.sin(x)), np.array([0.5, 1.0, -1.5]))
    assert [row["x"] for row in done.rows] == [0.5, 1.0, -1.5]
    assert [row["df"] for row in done.rows] == found.df.tolist()
    assert [row["error"] for row in done.rows] == found.error.tolist()
    assert [row["evaluations"] for row in done.rows] == found.nfev.tolist()
    assert [float.fromhex(row["df_hex"]) for row in done.rows] == found.df.tolist()


@pytest.mark.parametrize("how", ["--json", "--csv"])
def test_columns_are_those_of_the_help(how):
    (row,) = call("derivative", "x", "--at", "1", how).rows
    assert list(row) == names_of(COLUMNS)
    help_text = call("derivative", "--help").out
    assert all(names in help_text for names in COLUMNS)


@pytest.mark.parametrize(
    ("words", "status", "label"),
    [
        (["sqrt(x)", "--at", "4"], 0, "ok"),
        (["cos(x)", "--at", "0"], 0, None),  # the derivative is 0: value and bar hold
        (["abs(x)", "--at", "0"], 1, "kink"),
        (["where(x < 1, 0, 1) + x", "--at", "1"], 1, "jump"),
        (["log(x)", "--at", "-1"], 1, "not finite"),
    ],
)
def test_status_is_1_where_there_is_no_answer_to_trust(words, status, label):
    done = call("derivative", *words)
    assert done.status == status
    assert label is None or label in done.out


def test_trusted_statuses_are_those_whose_advice_says_that_the_value_holds():
    for status in nd.DerivativeStatus:
        if "value and bar hold" in status.advice:
            assert status.name in TRUSTED
    assert set(TRUSTED) <= {status.name for status in nd.DerivativeStatus}
    assert not {"KINK", "JUMP", "NOT_FINITE", "OSCILLATES", "NOT_DETERMINISTIC"} & set(TRUSTED)


def test_advice_names_the_options_of_the_command():
    out = " ".join(call("derivative", "abs(x)", "--at", "0").out.split())
    assert "take --side left or --side right" in out
    assert call("derivative", "abs(x)", "--at", "0", "--side", "right", "--csv").rows[0]["df"] == "1.0"


def test_options_reach_the_estimator():
    second = call("derivative", "x**3", "--at", "2", "--derivative", "2", "--csv").rows[0]
    assert abs(float(second["df"]) - 12) <= float(second["error"])
    narrow = call("derivative", "sin(x)", "--at", "1", "--dtype", "float32", "--csv").rows[0]
    assert (narrow["format"], np.float32(float(narrow["df"])) == float(narrow["df"])) == ("float32", True)
    noisy = call("derivative", "sin(x)", "--at", "1", "--noise", "1e-4", "--csv").rows[0]
    assert float(noisy["error"]) > 1e-6
    sure, plain = (
        call("derivative", "sin(x)", "--at", "1", *words, "--csv").rows[0] for words in (["--confidence", "0.9999"], [])
    )
    assert float(sure["error"]) > float(plain["error"])
    for budget in (20, 30):
        row = call("derivative", "sin(1/x)", "--at", "0", "--max-evaluations", str(budget), "--csv").rows[0]
        assert int(row["evaluations"]) <= budget


def test_a_point_beyond_the_format_is_named_as_it_was_written():
    done = call("derivative", "x", "--at", "7e4", "--dtype", "float16")
    assert (done.status, done.err) == (2, "numdiff: error: --at must be finite in float16, got 70000.0 at index (0,)\n")


def test_the_domain_is_kept(tmp_path, monkeypatch):
    (tmp_path / "watched_domain.py").write_text(
        "import numpy as np\nseen = []\ndef f(x):\n    seen.extend(np.ravel(x))\n    return np.log(x)\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    done = call("derivative", "watched_domain:f", "--at", "1e-9", "--domain", "0:inf")
    import sys

    assert min(sys.modules["watched_domain"].seen) > 0
    assert done.status == 0


def test_numbers_that_no_double_holds_are_there_as_hex_text():
    if "float80" not in nd.FORMATS:
        pytest.skip("this machine has no float80")
    row = call("derivative", "sqrt(x)", "--at", "2", "--dtype", "float80", "--json").rows[0]
    exact = nd.FORMATS["float80"].from_hex(row["df_hex"])
    assert exact == nd.derivative(np.sqrt, np.longdouble(2)).df
    assert np.float64(exact) == row["df"]


def test_infinite_bars_are_text_and_nan_is_null_in_json():
    (row,) = call("derivative", "log(x)", "--at", "-1", "--json").rows
    assert row["df"] is None
    assert row["error"] == "inf"


def test_complex_values_are_refused(tmp_path, monkeypatch):
    (tmp_path / "complex_module.py").write_text(
        "import numpy as np\ndef f(x):\n    return np.exp(1j * x)\n", encoding="utf-8"
    )
    monkeypatch.chdir(tmp_path)
    done = call("derivative", "complex_module:f", "--at", "1")
    assert done.status == 2
    assert "must return real numbers" in done.err


def test_a_problem_brings_its_domain():
    row = call("derivative", "--problem", "gsl_power_three_halves", "--at", "1e-9", "--csv").rows[0]
    assert (row["function"], row["status"]) == ("gsl_power_three_halves", "ok")
    assert abs(float(row["df"]) - 1.5 * math.sqrt(1e-9)) <= float(row["error"])
    assert "open domain (0.0, inf)" in call("derivative", "--problem", "gsl_power_three_halves", "--at", "-1").err


def test_colour_is_for_terminals_alone(monkeypatch):
    words = ("derivative", "abs(x)", "--at", "0")
    assert "\x1b" not in call(*words).out
    assert "\x1b[31m" in on_terminal(monkeypatch, *words).out
    assert "\x1b[31m" not in on_terminal(monkeypatch, *words, NO_COLOR="1").out


def test_several_points_are_a_table():
    done = call("derivative", "-x**2", "--at", "-1,0.1,20")
    _, head, *rows = done.out.splitlines()
    assert head.split() == ["x", "f′(x)", "±", "error", "digits", "evaluations", "status"]
    assert [row.split()[0] for row in rows] == ["-1", "0.1", "20"]


@needs_everything
def test_a_derivative_beyond_those_with_an_error_bar_is_refused_with_the_way_to_it():
    done = call("derivative", "sin(x)", "--at", "pi", "--derivative", "5")
    assert done.status == 2
    first, *_ = done.err.splitlines()
    assert first.startswith("numdiff: error: --derivative must be 1 to 4 for a value with an error bar, got 5; ")
    assert "numdiff advise --derivative 5" in first
    assert call("advise", "sin(x)", "--at", "pi", "--derivative", "5").status == 0
    assert call("derivative", "sin(x)", "--at", "pi", "--derivative", str(HIGHEST)).status == 0
    with pytest.raises(ValueError, match="order"):
        nd.derivative(np.sin, 1.0, order=HIGHEST + 1)


def test_the_advice_for_the_end_of_a_domain_can_be_followed():
    refused = call("derivative", "x**2", "--at", "0", "--domain", "0:inf")
    assert refused.status == 2
    assert refused.err.rstrip().endswith("end --domain at -5e-324, with --side right")
    followed = call("derivative", "x**2", "--at", "0", "--domain", "-5e-324:inf", "--side", "right", "--json")
    assert abs(followed.rows[0]["df"]) <= followed.rows[0]["error"]


def test_an_infinite_bar_is_not_said_to_hold():
    done = call("derivative", "sqrt(x)", "--at", "5e-324", "--domain", "0:inf", "--json")
    assert (done.status, done.rows[0]["error"], done.rows[0]["status"]) == (1, "inf", "touches domain")
    assert "value and bar hold" not in done.rows[0]["message"]
    assert done.rows[0]["message"].endswith("the bar is infinite: no digit holds")


def test_a_point_near_the_largest_number_is_shown():
    done = call("derivative", "x", "--at", "1.7e308")
    assert (done.status, done.err) == (1, "")
    assert "f′(1.7e+308) = " in done.out


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_an_expression_that_a_format_cannot_compute_is_told_of_those_that_can(name):
    pytest.importorskip("scipy")
    done = call("derivative", "erf(x)", "--at", "1", "--dtype", name)
    assert done.status == 2
    assert done.err.rstrip().endswith(f"in float32 and float64 alone, not in {name}; write --dtype float64")
