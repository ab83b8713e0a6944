"""``numdiff advise``: what it says is what the library predicts and what mpmath confirms."""

import math
import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import numdiff as nd
from numdiff.cli.advise import COLUMNS
from numdiff.rules.thumb import thumb_step
from tests.cli.calls import call, names_of, on_terminal

WORDS = ("advise", "exp(sin(x))", "--at", "0.5")


def f(x):
    return np.exp(np.sin(x))


def exact_truncation(h):
    """Return the truncation error of the centered difference of exp∘sin at 0.5, in 60 digits."""
    with mpmath.workdps(60):
        g, x, h = (lambda t: mpmath.exp(mpmath.sin(t))), mpmath.mpf(0.5), mpmath.mpf(h)
        return float((g(x + h) - g(x - h)) / (2 * h) - mpmath.cos(x) * g(x))


@pytest.mark.parametrize(
    ("options", "stencil", "dtype"),
    [
        ([], nd.CENTERED, "float64"),
        (["--dtype", "float32", "--order", "4"], nd.centered(4), "float32"),
        (["--formula", "forward", "--dtype", "bfloat16"], nd.FORWARD, "bfloat16"),
        (["--derivative", "2"], nd.centered(2, 2), "float64"),
    ],
)
def test_the_advice_is_that_of_optimal_step(options, stencil, dtype):
    rows = call(*WORDS, *options, "--json").rows
    found = nd.optimal_step(f, 0.5, stencil, dtype)
    first = rows[0]
    assert first["rule"] == "advised"
    assert first["step"] == float(found.step)
    assert first["expected_error"] == found.predicted_error
    assert first["expected_digits"] == found.predicted_digits
    (line,) = [line for line in call(*WORDS, *options).out.splitlines() if line.startswith("take h = ")]
    step, digits = re.fullmatch(r"take h = (\S+): expect (\S+) digits \(error about \S+\)", line).groups()
    assert float(step) == pytest.approx(float(found.step), rel=0.06)
    assert float(digits) == pytest.approx(found.predicted_digits, abs=0.051)


def test_errors_are_split_at_every_step_as_mpmath_has_them():
    rows = call(*WORDS, "--json").rows
    assert [row["rule"] for row in rows] == ["advised", "1e-4", "thumb", "textbook"]
    exact = float(mpmath.cos(0.5) * mpmath.exp(mpmath.sin(0.5)))
    for row in rows:
        assert row["exact"] == pytest.approx(exact, rel=2.0**-52)
        assert row["truncation"] == pytest.approx(exact_truncation(row["step"]), rel=1e-15)
        parts = row["abscissa"] + row["evaluation"] + row["combination"]
        assert row["roundoff"] == pytest.approx(parts, rel=1e-12)
        assert row["total"] == pytest.approx(row["truncation"] + row["roundoff"], rel=1e-12)
        assert abs(row["total"]) <= row["bound"]
        assert abs(row["computed"] - row["exact"] - row["total"]) <= 2.0**-52 * abs(exact)


def test_steps_are_1e_4_and_those_of_the_rules_of_thumb():
    rows = {row["rule"]: row for row in call("advise", "x**3", "--at", "-20", "--json").rows}
    assert rows["1e-4"]["step"] == 1e-4
    thumb = thumb_step(nd.FORMATS["float64"], nd.CENTERED)
    assert rows["thumb"]["step"] == float(thumb)
    assert float(thumb) == pytest.approx((2.0**-53) ** (1 / 3), rel=1e-15)
    assert rows["scaled_thumb"]["step"] == float(thumb * 20)
    assert rows["textbook"]["step"] == float(nd.optimal_step(lambda x: x**3, -20.0).closed_form_step)


def test_a_point_without_a_step_leaves_the_others_their_answer():
    ended = call("advise", "exp(x)", "--at", "0,-710,1", "--json")
    by_point = {x: [row for row in ended.rows if row["x"] == x] for x in (0.0, -710.0, 1.0)}
    assert ended.status == 1
    assert [by_point[x][0]["rule"] for x in by_point] == ["advised", "1e-4", "advised"]
    for row in by_point[-710.0]:
        assert row["state"] == "certified"
        assert row["expected_error"] is None
        assert abs(row["total"]) <= row["bound"]


def test_the_model_says_what_other_steps_are_expected_to_cost():
    rows = {row["rule"]: row for row in call(*WORDS, "--json").rows}
    model = nd.optimal_step(f, 0.5).model
    assert rows["1e-4"]["expected_error"] == float(model.total(np.array([1e-4]))[0])
    share = rows["1e-4"]["expected_error"] / rows["advised"]["expected_error"]
    lost = rows["advised"]["expected_digits"] - rows["1e-4"]["expected_digits"]
    assert lost == pytest.approx(math.log10(share))


@pytest.mark.parametrize(
    ("expr", "x", "failed", "status", "said"),
    [
        ("abs(x)", "0", "not smooth", 1, "no step: not smooth"),
        ("exp(x)", "1e300", "out-of-range", 1, "no step: out-of-range; f or its derivative at x is beyond"),
        ("exp(x)", "-710", "beyond doubles", 1, "no step: beyond doubles; derivative 1 of f at x must be 0 or"),
        ("x**3 - x*1e-310", "0", "beyond doubles", 1, "no step: beyond doubles; derivative 1 of f at x must be 0 or"),
        ("x**2", "1", "leading derivative = 0", 0, "no truncation error for this f"),
        ("x**5 - 10*x**3", "1", "leading derivative = 0", 0, "but beware: leading derivative = 0"),
        ("cos(x)", "0", "no digit", 0, "of which no digit can be right"),
        ("exp(x)", "0", "x = 0", 0, "but beware: x = 0"),
        ("zeta(x)", "1000", "no digit", 0, "no step gives a digit"),
        ("atan(x)", "1e20", "no digit", 0, "no step gives a digit"),
    ],
)
def test_the_assumption_that_fails_is_named_with_what_follows(expr, x, failed, status, said):
    rows = call("advise", expr, "--at", x, "--json")
    assert rows.status == status
    assert {row["failed"] for row in rows.rows} == {failed}
    done = call("advise", expr, "--at", x)
    assert done.status == status
    assert said in " ".join(done.out.split())
    assert ("no step:" in done.out) == (status == 1)


FLAT = [("zeta(x)", "1000"), ("tanh(x)", "30"), ("erf(x)", "6"), ("expit(x)", "50"), ("atan(x)", "1e20")]


@pytest.mark.parametrize(("expr", "x"), FLAT)
def test_where_rounding_hides_the_derivative_no_step_is_praised(expr, x):
    done = call("advise", expr, "--at", x)
    words = " ".join(done.out.split())
    assert "no step gives a digit" in words
    assert "differentiate it without the constant" in words
    assert "take h" not in words
    assert "no room" not in words
    # What is said is what happens: none of the steps of the table gives half of the derivative.
    for row in call("advise", expr, "--at", x, "--json").rows:
        if row["rule"] != "textbook" and row["status"] == "ok":
            assert abs(row["total"]) > 0.5 * abs(row["exact"])


@pytest.mark.parametrize(("flat", "written"), [("tanh(x)", "-2/(1 + exp(2*x))"), ("erf(x)", "-erfc(x)")])
def test_the_way_out_of_a_flat_function_that_is_advised_leads_out(flat, written):
    x = "6" if flat.startswith("erf") else "30"
    (first, *_), (other, *_) = (call("advise", expr, "--at", x, "--json").rows for expr in (flat, written))
    assert first["exact"] == other["exact"]
    assert abs(other["total"]) < 1e-8 * other["exact"]


@pytest.mark.parametrize("expr", ["7", "x**0", "0*x"])
def test_any_step_is_right_for_a_constant(expr):
    done = call("advise", expr, "--at", "1.5")
    assert "take any step: expect no error" in done.out
    assert "beware" not in done.out


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_a_straight_line_has_rounding_alone(dtype):
    out = " ".join(call("advise", "2*x + 1", "--at", "0.5", "--dtype", dtype).out.split())
    assert "the formula has no truncation error for this f" in out
    assert "beware" not in out
    assert "no truncation error" not in call("advise", "cos(x)", "--at", "0", "--dtype", dtype).out


@pytest.mark.parametrize(("expr", "x"), [("exp(-x**2)", "20"), ("gamma(x)", "170")])
def test_where_f_is_far_larger_nearby_it_is_said_that_the_error_is_a_mean(expr, x):
    out = " ".join(call("advise", expr, "--at", x).out.split())
    assert "the error that is expected is a mean over that neighbourhood, and at x itself it is smaller" in out
    row = call("advise", expr, "--at", x, "--json").rows[0]
    assert abs(row["total"]) < row["expected_error"] / 10
    assert "is a mean" not in call("advise", "exp(x)", "--at", "1").out


def test_a_format_that_a_function_lacks_is_named_without_advice_for_other_cases():
    pytest.importorskip("scipy")
    done = call("advise", "erf(x)", "--at", "4", "--dtype", "float16")
    assert done.status == 2
    assert done.err.rstrip().endswith("write --dtype float64")


@pytest.mark.parametrize("how", ["--json", "--csv"])
def test_columns_are_those_of_the_help(how):
    assert list(call(*WORDS, how).rows[0]) == names_of(COLUMNS)


def test_several_points_follow_each_other():
    done = call("advise", "log(x)", "--at", "1e-3,1", "--domain", "0:inf")
    assert done.out.count("take h = ") == 2
    assert len({row["x"] for row in call("advise", "log(x)", "--at", "1e-3,1", "--csv").rows}) == 2


def test_a_step_that_x_absorbs_is_named():
    rows = {row["rule"]: row for row in call("advise", "x**3", "--at", "1", "--dtype", "bfloat16", "--json").rows}
    assert rows["1e-4"]["status"] == "absorbed"
    assert "absorbed" in call("advise", "x**3", "--at", "1", "--dtype", "bfloat16").out


def test_the_plot_is_for_terminals_and_marks_the_step(monkeypatch):
    assert "▲" not in call(*WORDS).out
    shown = re.sub(r"\x1b\[[\d;]*m", "", on_terminal(monkeypatch, *WORDS).out)
    assert shown.count("▲") == 2  # the mark and the legend
    assert max(map(len, shown.splitlines())) <= 80


def test_a_function_that_cannot_be_traced_is_refused_with_advice(tmp_path, monkeypatch):
    (tmp_path / "untraced.py").write_text("import math\ndef f(x):\n    return math.exp(x)\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    done = call("advise", "untraced:f", "--at", "1")
    assert done.status == 2
    (line,) = done.err.splitlines()
    assert "np.exp" in line
    assert "numdiff derivative, which takes any f" in line
    assert call("derivative", "untraced:f", "--at", "1").status == 0


def test_where_no_error_is_expected_it_says_so():
    assert "expect no error" in call("advise", "3", "--at", "1").out


def test_the_complex_step_has_no_best_step():
    done = call("advise", "x", "--at", "1", "--formula", "complex_step")
    assert done.status == 2
    assert "numdiff ledger --formula complex_step shows its error" in done.err


def test_orders_that_have_no_prediction_are_refused_by_the_option():
    done = call("advise", "exp(x)", "--at", "1", "--order", "60")
    assert done.status == 2
    assert done.err.startswith("numdiff: error: --formula must have derivative_order + accuracy_order of at most 40")


def test_a_problem_is_taken_with_its_domain():
    row = call("advise", "--problem", "composition", "--at", "0.5", "--json").rows[0]
    assert row["step"] == float(nd.optimal_step(nd.PROBLEMS["composition"], 0.5).step)
    assert Fraction(row["step"]) == Fraction(float.fromhex(row["step_hex"]))


def test_a_step_beside_which_accuracy_is_lost_is_given_with_all_its_digits():
    """1e10 ± h is exact for multiples of 2⁻¹⁹; two digits of the step would cost ten of the derivative."""
    done = call("advise", "sin(x)", "--at", "1e10")
    (line,) = re.findall(r"take h = (\S+): expect (\S+) digits", done.out)
    step, digits = Fraction(line[0]), float(line[1])
    assert (step * 2**19).denominator == 1
    assert "take all digits of h" in done.out
    x = np.float64(1e10)
    measured = (np.sin(x + float(step)) - np.sin(x - float(step))) / (2 * float(step))
    with mpmath.workdps(40):
        exact = mpmath.cos(mpmath.mpf(10**10))
        assert abs(measured - exact) < 3 * abs(exact) * mpmath.mpf(10) ** -digits
        rough = float(f"{float(step):.2g}")
        worse = (np.sin(x + rough) - np.sin(x - rough)) / (2 * rough)
        assert abs(worse - exact) > 1e3 * abs(measured - exact)
    assert "take all digits of h" not in call(*WORDS).out


def test_a_rule_whose_step_is_too_wide_for_the_model_has_no_digits():
    (row,) = [row for row in call("advise", "sin(x)", "--at", "1e10", "--json").rows if row["rule"] == "scaled_thumb"]
    assert row["expected_error"] in (None, "inf")
    assert row["expected_digits"] is None
    assert abs(row["total"]) > 0.5


@pytest.mark.parametrize("x", [10.3, 100.1, 1000.3])
def test_the_digits_of_the_step_keep_the_tenth_of_a_digit_of_accuracy_that_is_shown(x):
    (step,) = re.findall(r"take h = (\S+):", call("advise", "sin(x)", "--at", repr(x)).out)
    found = nd.optimal_step(np.sin, x)
    assert float(found.model.total(np.array([float(step)]))[0]) <= 10**0.1 * float(found.predicted_error)


def test_the_step_stays_inside_of_the_domain_that_is_given_or_that_an_fpcore_has(tmp_path):
    path = tmp_path / "cores.fpcore"
    path.write_text("(FPCore (x) :pre (< 0.49 x 0.51) (exp x))", encoding="utf-8")
    free, given, own = (
        float(call("advise", *words, "--at", "0.5", "--dtype", "float16", "--csv").rows[0]["step"])
        for words in (("exp(x)",), ("exp(x)", "--domain", "0.49:0.51"), ("--fpcore", str(path)))
    )
    assert given == own < 0.01 < free
