"""Rules and the runner: every rule in every format, what happens at the edges, and a rule of one's own."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS, FloatFormat, get_format
from numdiff.formulas.differences import apply
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Method, Stencil
from numdiff.formulas.table import METHODS
from numdiff.report.tables import Table
from numdiff.rules.base import Choice, Rule, Rules, RuleStatus
from numdiff.rules.fixed import FIXED, Fixed
from numdiff.rules.model import MODEL
from numdiff.rules.run import RULES, run_rule
from numdiff.rules.textbook import Textbook, closed_form_step
from numdiff.rules.thumb import THUMB
from tests.extra_rows import EXTRA_FORMATS
from tests.rules.formulas import formula_of

SECOND = METHODS["second_centered"]
EVERYWHERE = (-math.inf, math.inf)
ALL_RULES = [*RULES.values(), Textbook("textbook", 1.0)]
BLIND = ("fixed", "thumb", "scaled_thumb", "scale", "closed_form", "model")
"""The rules that do not evaluate f."""
OWN_DERIVATIVE = ("ridders", "romberg", "finite_differences_jl", "gsl_central", "gsl_forward")
OWN_DERIVATIVE += ("boost1", "boost2", "boost4", "boost6", "boost8")
"""The rules that answer with a derivative of their own."""
every_rule = pytest.mark.parametrize("rule", ALL_RULES, ids=lambda rule: rule.name)
every_format = pytest.mark.parametrize("name", [*FORMATS, *(item.name for item in EXTRA_FORMATS)])


@pytest.fixture(autouse=True)
def registered():
    """Register the formats of 8 bits for the length of a test."""
    with FORMATS.holding(*EXTRA_FORMATS):
        yield


# --- every rule, in every format -------------------------------------------------------------------------------


@every_rule
@every_format
@pytest.mark.parametrize("formula", [FORWARD, CENTERED, METHODS["centered4"], SECOND], ids=lambda m: m.name)
def test_the_derivative_is_that_of_the_kernel_at_the_chosen_step(rule: Rule, name: str, formula: Method) -> None:
    fmt = get_format(name)
    choice = run_rule(rule, np.exp, 0.5, formula, name)
    if choice.derivative is None:
        assert choice.status is not RuleStatus.OK
        assert choice.reason
        return
    assert choice.step.dtype == choice.derivative.dtype == fmt.dtype
    if rule.name in OWN_DERIVATIVE:
        assert choice.evaluations > formula.evaluations
        return
    with np.errstate(all="ignore"), pytest.warns() if choice.status is RuleStatus.STEP_LOST else np.errstate():
        expected = apply(formula, np.exp, fmt.constant(0.5), choice.step)
    assert choice.derivative == expected
    if rule.name in BLIND:
        assert choice.evaluations == formula.evaluations
    else:
        assert choice.evaluations > formula.evaluations


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("formula", [FORWARD, CENTERED, METHODS["centered4"]], ids=lambda m: m.name)
def test_rules_that_balance_find_the_first_digits_of_a_smooth_function(name: str, formula: Stencil) -> None:
    """f and its derivatives are of one size: the error is that of the two terms, u^(p/(p + 1)), up to a factor."""
    fmt = FORMATS[name]
    aim = (
        8
        * float(formula.weight_sum)
        * float(fmt.unit_roundoff) ** (formula.accuracy_order / (formula.accuracy_order + 1))
    )
    for rule in ("thumb", "scaled_thumb", "scale", "closed_form", "model"):
        choice = run_rule(rule, np.exp, 0.5, formula, name)
        assert choice.status is RuleStatus.OK, rule
        assert abs(float(choice.derivative) / math.exp(0.5) - 1) < aim, rule


@every_format
def test_the_course_step_is_lost_or_rounds_to_0_in_the_narrow_formats(name: str) -> None:
    status = run_rule("fixed", np.exp, 0.5, CENTERED, name).status
    lost = get_format(name).precision <= 11
    assert status in ((RuleStatus.STEP_LOST, RuleStatus.OUT_OF_RANGE) if lost else (RuleStatus.OK,))


def test_steps_of_thumb_balance_the_powers_of_h_and_scale_with_x() -> None:
    u = 2.0**-53
    for formula, power in ((FORWARD, 2), (CENTERED, 3), (METHODS["centered4"], 5), (SECOND, 4), (COMPLEX_STEP, 2)):
        assert float(run_rule("thumb", np.exp, 0.5, formula).step) == pytest.approx(u ** (1 / power), rel=1e-15)
    thumb = float(run_rule("thumb", np.sin, 1.0).step)
    for x in (0.0, 0.5, -1.0, 3.0, -1e10):
        assert float(run_rule("scaled_thumb", np.sin, x).step) == pytest.approx(thumb * max(abs(x), 1), rel=1e-15)


def test_the_model_rules_answer_what_optimal_step_predicts() -> None:
    for x in (0.5, 0.0, 3.0):
        found = nd.optimal_step(np.sin, x)
        model, closed = (run_rule(name, np.sin, x) for name in ("model", "closed_form"))
        assert (model.step, model.error) == (found.step, found.predicted_error)
        assert model.reason == ("" if found.failed is None else str(found.failed))
        assert closed.step == found.closed_form_step or math.isnan(found.closed_form_step)


def test_the_textbook_takes_noise_where_it_is_given_and_else_a_rounding_of_f() -> None:
    rule = Textbook("textbook", math.exp(0.5))
    given = run_rule(rule, np.exp, 0.5, noise=1e-6)
    assert given.evaluations == 2
    assert given.step == float(closed_form_step(CENTERED, 1e-6, math.exp(0.5)) or 0)
    own = run_rule(rule, np.exp, 0.5)
    assert own.evaluations == 3
    assert float(own.step) == pytest.approx((3 * 2.0**-53) ** (1 / 3), rel=1e-12)
    assert own.error == pytest.approx(1.5 * math.exp(0.5) * 2.0**-53 / float(own.step), rel=1e-12)


# --- the edges ----------------------------------------------------------------------------------------------------


def test_a_step_that_is_lost_in_a_large_point_is_a_status_with_the_value() -> None:
    choice = run_rule("thumb", np.sqrt, 1e30)
    assert choice.status is RuleStatus.STEP_LOST
    assert choice.derivative == 0
    assert "same number for two nodes" in choice.reason


@every_rule
def test_the_largest_points_have_a_status_and_no_exception(rule: Rule) -> None:
    for name in ("float16", "float32", "float64", "bfloat16", "float8_e4m3fn"):
        fmt = get_format(name)
        choice = run_rule(rule, lambda x: x * 0.5, fmt.round(fmt.largest_finite), FORWARD, name)
        assert choice.status is RuleStatus.OK or choice.reason


@every_rule
def test_zero_and_subnormal_points_have_a_finite_derivative(rule: Rule) -> None:
    for x in (0.0, -0.0, 5e-324, -2.2e-310):
        choice = run_rule(rule, np.exp, x, formula_of(rule))
        assert choice.status is RuleStatus.OK, choice
        assert abs(float(choice.derivative) - 1) < 1e-7


@every_rule
def test_a_constant_has_derivative_0_or_no_step(rule: Rule) -> None:
    choice = run_rule(rule, lambda x: x * 0 + 1.5, 0.5, formula_of(rule))
    if choice.status is RuleStatus.OK:
        assert choice.derivative == 0
    else:
        assert choice.status is RuleStatus.NO_STEP


def _nan(x: Any) -> Any:
    return x * np.nan


def _raises(x: Any) -> Any:
    raise ZeroDivisionError("1/0")


@every_rule
@pytest.mark.parametrize("f, text", [(_nan, "nan"), (lambda x: x * 0 + np.inf, "inf"), (_raises, "ZeroDivisionError")])
def test_what_f_cannot_compute_is_a_status(rule: Rule, f: Any, text: str) -> None:
    choice = run_rule(rule, f, 0.5)
    assert choice.status in (RuleStatus.NOT_FINITE, RuleStatus.NO_STEP, RuleStatus.UNSUITABLE)
    assert choice.reason
    if rule in (FIXED, THUMB):
        assert choice.status is RuleStatus.NOT_FINITE
        assert text in choice.reason


@every_rule
def test_no_rule_evaluates_f_outside_its_domain(rule: Rule) -> None:
    seen: list[float] = []

    def f(x: Any) -> Any:
        if isinstance(x, np.ndarray):
            seen.extend(x.tolist())
        return np.sqrt(x)

    for x in (2.0**-60, 1e-3, 0.0, -1.0):
        choice = run_rule(rule, f, x, domain=(0.0, math.inf))
        assert choice.status is RuleStatus.OK or choice.reason
        if x <= 0:
            assert choice.status is RuleStatus.OUTSIDE_DOMAIN
    assert all(at > 0 for at in seen)
    assert run_rule(FIXED, np.sqrt, 1e-5, FORWARD, domain=(0.0, math.inf)).status is RuleStatus.OK
    assert run_rule(FIXED, np.sqrt, 1e-5, domain=(0.0, math.inf)).status is RuleStatus.OUTSIDE_DOMAIN


def test_a_node_that_overflows_is_out_of_range() -> None:
    assert run_rule(Fixed("f", 1e308), np.tanh, 1.7e308, FORWARD).status is RuleStatus.OUT_OF_RANGE
    assert run_rule(Fixed("f", 1e308), np.tanh, 0.0, CENTERED).status is RuleStatus.OUT_OF_RANGE
    assert run_rule(Fixed("f", 1e-9), np.tanh, 0.0, CENTERED, "float16").status is RuleStatus.OUT_OF_RANGE


@every_rule
def test_the_complex_step_is_taken_or_refused_with_the_reason(rule: Rule) -> None:
    for name in FORMATS:
        choice = run_rule(rule, np.exp, 0.5, COMPLEX_STEP, name)
        if FORMATS[name].complex_dtype is None:
            assert choice.status is RuleStatus.UNSUITABLE
        elif rule.name in ("fixed", "thumb", "scaled_thumb"):
            assert choice.status is RuleStatus.OK
            assert choice.evaluations == 1
            assert abs(float(choice.derivative) / math.exp(0.5) - 1) < max(1e-8, 8 * float(FORMATS[name].unit_roundoff))
        else:
            assert choice.status in (RuleStatus.NO_STEP, RuleStatus.UNSUITABLE)
            assert choice.reason


def test_a_formula_that_the_format_cannot_hold_is_unsuitable() -> None:
    with METHODS.holding(nd.centered(12)):
        choice = run_rule("thumb", np.exp, 0.5, METHODS["centered12"], "float8_e4m3fn")
    assert choice.status is RuleStatus.UNSUITABLE
    assert "float8_e4m3fn" in choice.reason


def test_the_model_says_that_it_cannot_follow_a_function_or_its_size() -> None:
    opaque = run_rule("model", lambda x: np.nan_to_num(2 * x), 0.5)  # of which there is no exact evaluation
    assert opaque.status is RuleStatus.UNSUITABLE
    beyond = run_rule("model", np.log, 1e308)
    assert beyond.status is RuleStatus.UNSUITABLE
    assert "must be 0 or of a size" in beyond.reason
    assert run_rule("thumb", lambda x: np.nan_to_num(2 * x), 0.5).derivative == pytest.approx(2)


def test_wrong_arguments_raise() -> None:
    for arguments, options, message in [
        (("centred", np.exp, 0.5), {}, "rule must be a registered name, got 'centred'"),
        (("thumb", np.exp, [0.5]), {}, "x must be one number"),
        (("thumb", np.exp, math.inf), {}, "x must be finite"),
        (("thumb", np.exp, 0.5), {"noise": 0.0}, "noise must be positive and finite"),
        (("thumb", np.exp, 0.5), {"domain": (1.0, 0.0)}, "domain must be an open interval"),
    ]:
        with pytest.raises(ValueError, match=message):
            run_rule(*arguments, **options)
    with pytest.raises(TypeError, match="formula must be a Stencil or ComplexStep"):
        run_rule("thumb", np.exp, 0.5, "centered")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="f must keep the dtype"):
        run_rule("thumb", lambda x: x.astype(np.float64), 0.5, CENTERED, "float32")


# --- the table, and a rule of one's own --------------------------------------------------------------------


def test_every_rule_of_the_package_is_in_the_table_under_its_name() -> None:
    assert tuple(RULES)[:6] == BLIND
    assert tuple(RULES)[6:10] == ("curtis_reid", "dumontet_vignes", "stepleman_winarsky", "gill_murray")
    assert tuple(RULES)[10:13] == ("mathur", "kink_robust", "plug_in")
    assert tuple(RULES)[13:16] == ("more_wild", "shi_forward", "shi_centered")
    assert tuple(RULES)[16:] == OWN_DERIVATIVE
    assert RULES["model"] is MODEL
    assert all(isinstance(rule, Rule) for rule in ALL_RULES)


def test_what_cannot_be_called_as_a_rule_is_refused() -> None:
    for item in (None, 3, "thumb", CENTERED, np.exp):
        with pytest.raises(TypeError, match="rule"):
            RULES.register(item)  # type: ignore[arg-type]

    @dataclass(frozen=True)
    class Short:
        name: str = "short"

        def __call__(self, f: Any, x: Any) -> Choice:
            return Choice(1.0)

    with pytest.raises(TypeError, match="rule 'short' must take f, x, fmt, formula, noise and domain"):
        RULES.register(Short())  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name of a rule must be new, got 'thumb'"):
        RULES.register(THUMB)
    assert Rules(()).added() == ()


def test_a_class_in_place_of_a_rule_is_told_what_to_write() -> None:
    for register_or_run in (RULES.register, lambda rule: run_rule(rule, np.exp, 0.5)):
        with pytest.raises(TypeError, match=r"rule must be an object, got the class Fixed; write Fixed\(\)"):
            register_or_run(Fixed)  # type: ignore[arg-type]


def test_a_rule_that_answers_with_a_number_is_told_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"rule must answer with a Choice, got float 1e-05; write Choice\(step=…\)"):
        run_rule(lambda *_: 1e-5, np.exp, 1.0)  # type: ignore[arg-type,return-value]
    with pytest.raises(TypeError, match="rule must be callable, got int 3"):
        run_rule(3, np.exp, 1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="f must be callable, got str 'log'"):
        run_rule("ridders", "log", 1.0)  # type: ignore[arg-type]


def test_an_answer_without_step_or_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="step or derivative must be given"):
        Choice()
    with pytest.raises(ValueError, match="reason must say why the status is 'no step'"):
        Choice(status=RuleStatus.NO_STEP)
    assert all(bool(status.advice) == (status is not RuleStatus.OK) for status in RuleStatus)


@dataclass(frozen=True)
class Halving:
    """Halve the step until two quotients agree to a relative 2⁻⁴: a rule with a derivative of its own."""

    name: str = "halving"

    def __call__(
        self, f: Any, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: tuple[float, float]
    ) -> Choice:
        """Return step, derivative, and the last difference of two quotients."""
        h, before, calls = fmt.round(Fraction(1, 2)), None, 0
        while h:
            value = apply(formula, f, x, h)
            calls += formula.evaluations
            if before is not None and value and abs(float(value) - float(before)) <= 2**-4 * abs(float(value)):
                return Choice(h, value, abs(float(value) - float(before)), calls)
            before, h = value, fmt.round(fmt.lift(h) / 2)
        return Choice(evaluations=calls, status=RuleStatus.NO_STEP, reason="no two quotients agree")


@every_format
def test_a_registered_rule_runs_with_every_formula_and_makes_a_row_of_a_table(name: str) -> None:
    rows = []
    with RULES.holding(Halving()):
        assert RULES.added() == (Halving(),)
        for formula in (FORWARD, CENTERED, SECOND):
            for rule in RULES:
                choice = run_rule(rule, np.exp, 0.5, formula, name)
                derivative = math.nan if choice.derivative is None else float(choice.derivative)
                rows.append((rule, formula.name, derivative, choice.evaluations, str(choice.status)))
                if rule == "halving" and choice.status is RuleStatus.OK:
                    assert choice.evaluations % formula.evaluations == 0
                    assert choice.error is not None
                    if get_format(name).precision >= 11:
                        assert abs(derivative / math.exp(0.5) - 1) < 2**-2
    assert "halving" not in RULES
    frame = pd.DataFrame(rows, columns=["rule", "method", "derivative", "evaluations", "status"])
    text = Table("rules", "Rules", "Every rule at 0.5.", frame).to_markdown()
    assert text.count("halving") == 3
