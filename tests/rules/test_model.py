"""The predicted optimum: closed form, minimiser of the model, and what it says where it cannot know."""

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.best_step import FINE, minimiser, usable_steps
from numdiff.analysis.error_ledger import error_ledger
from numdiff.arithmetic.running_error import evaluation_errors
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, Stencil, centered
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.rules.base import RuleStatus
from numdiff.rules.model import CLOSED_FORM, MODEL, FailedAssumption, optimal_step

STENCILS = [method for method in METHODS.values() if isinstance(method, Stencil)]


# --- the minimiser ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stencil", STENCILS, ids=lambda s: s.name)
def test_step_minimises_the_model(name: str, stencil: Stencil) -> None:
    """Against brute force with 1000 steps a decade; a model that is flat at its minimum is met to 1 %."""
    found = optimal_step(np.exp, 0.5, dtype=name, stencil=stencil)
    assert found.model is not None
    usable = usable_steps(found.model)
    steps = np.geomspace(usable[0], usable[-1], 1000 * (1 + int(math.log10(usable[-1] / usable[0]))))
    assert found.predicted_error <= 1.01 * found.model.total(steps).min()
    assert found.predicted_error == found.model.total(np.array([float(found.step)]))[0]


@pytest.mark.parametrize("name", FORMATS)
def test_step_is_a_number_of_the_format_that_no_point_nearby_absorbs(name: str) -> None:
    fmt = FORMATS[name]
    for x in (1.0, 0.99, 3.0, 1e-3):
        for stencil in (FORWARD, CENTERED, centered(6)):
            found = optimal_step(np.exp, x, dtype=name, stencil=stencil)
            assert found.step.dtype == fmt.dtype
            assert found.model is not None
            h = usable_steps(found.model)[:1].astype(fmt.dtype)
            xs = np.array([fmt.round(z) for z in found.model.points], dtype=fmt.dtype)
            assert not observe(stencil, lambda x: x * 1.0, xs, h).absorbed.any()


def test_of_equal_errors_the_widest_step_is_taken() -> None:
    class Flat:
        @staticmethod
        def total(steps: np.ndarray) -> np.ndarray:
            return np.where(steps < 1, 2.0, 1.0)

    step, error = minimiser(Flat(), np.array([0.5, 1.0, 2.0, 4.0]))  # type: ignore[arg-type]
    assert (step, error) == (4.0, 1.0)


@pytest.mark.parametrize("best", [0.71, 0.735, 0.78, 1.01, 1.06, 1.2])
def test_refined_step_is_within_a_part_in_a_hundred_of_the_minimum(best: float) -> None:
    class Valley:
        @staticmethod
        def total(steps: np.ndarray) -> np.ndarray:
            return 1 + np.abs(np.log(steps / best))

    grid = np.array([2.0**k * (1 + i / FINE) for k in range(-3, 3) for i in range(FINE)])
    step, _ = minimiser(Valley(), grid)  # type: ignore[arg-type]
    # Half of 1/64 at the lower end of a binade, where the steps are widest beside h.
    assert step == pytest.approx(best, rel=1 / 2 / FINE**2 * 1.01)


def test_a_wider_format_has_a_smaller_step_and_a_smaller_error() -> None:
    found = [optimal_step(np.exp, 0.5, dtype=name) for name in ("bfloat16", "float16", "float32", "float64")]
    assert [f.failed for f in found] == [None] * 4
    assert all(a.step > b.step and a.predicted_error > b.predicted_error for a, b in pairwise(found))


def test_digits_are_those_of_the_predicted_error() -> None:
    found = optimal_step(np.exp, 0.5)
    assert found.predicted_digits == pytest.approx(-math.log10(found.predicted_error / math.exp(0.5)))
    assert 9.5 < found.predicted_digits < 11.5
    assert optimal_step(np.cos, 0.0).predicted_digits == -math.inf


def test_closed_form_agrees_with_the_model_where_two_terms_matter() -> None:
    for stencil in (FORWARD, CENTERED):
        found = optimal_step(np.exp, 0.5, dtype="float64", stencil=stencil)
        assert found.closed_form_step / found.step == pytest.approx(1, rel=0.5)
        assert found.closed_form_error / found.predicted_error == pytest.approx(1, rel=1)


def test_first_point_and_dtype_may_be_given_in_any_type() -> None:
    expected = optimal_step(np.exp, 0.5, dtype="float32")
    assert optimal_step(np.exp, np.float32(0.5), dtype=np.float32) == expected
    assert optimal_step(np.exp, Fraction(1, 2), dtype=FORMATS["float32"]) == expected
    assert nd.optimal_step(np.exp, 0.5, dtype="float32", stencil=nd.CENTERED) == expected


def test_the_search_widens_until_it_meets_the_scale_of_the_function() -> None:
    """exp(x/2³⁰) at 1 varies over 2³⁰: with u = 2⁻⁵³, ∛(3ε/f‴) is near 2³⁰·2⁻¹⁷."""
    found = optimal_step(lambda x: np.exp(x * 2.0**-30), 1.0)
    assert found.failed is None
    assert found.closed_form_step / found.step == pytest.approx(1, rel=0.5)
    assert 2.0**10 < found.step < 2.0**16


# --- the assumptions -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "f, x, dtype, stencil, domain, expected",
    [
        (np.exp, 1.0, "float64", CENTERED, (-math.inf, math.inf), None),
        (np.abs, 0.0, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.NOT_SMOOTH),
        (lambda x: np.abs(x - 1.0), 1.0, "float32", FORWARD, (-math.inf, math.inf), FailedAssumption.NOT_SMOOTH),
        (lambda x: np.logaddexp(x, 1.0), 1.0, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.NO_BOUND),
        (lambda x: np.exp(800.0 * x), 1.0, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.NO_BOUND),
        (np.exp, 1.0, "float16", CENTERED, (0.99, math.inf), FailedAssumption.NO_ROOM),
        (np.log, 1.0, "bfloat16", centered(8), (-math.inf, math.inf), FailedAssumption.NO_ROOM),
        (np.sqrt, 1e-320, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.NO_ROOM),
        (np.log, 2.0**-24, "float16", CENTERED, (-math.inf, math.inf), FailedAssumption.NO_ROOM),
        (np.exp, 0.0, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.POINT_ZERO),
        (np.log, 1.0, "float64", CENTERED, (-math.inf, math.inf), FailedAssumption.FUNCTION_ZERO),
        (
            lambda x: x**2 + 1.0,
            1.0,
            "float64",
            CENTERED,
            (-math.inf, math.inf),
            FailedAssumption.LEADING_DERIVATIVE_ZERO,
        ),
    ],
)
def test_the_assumption_that_fails_is_named(
    f: Any, x: float, dtype: str, stencil: Stencil, domain: tuple[float, float], expected: FailedAssumption | None
) -> None:
    assert optimal_step(f, x, dtype=dtype, stencil=stencil, domain=domain).failed is expected


def test_every_assumption_has_advice_of_its_own() -> None:
    advice = [assumption.advice for assumption in FailedAssumption]
    assert len(set(advice)) == len(advice)
    assert all(len(text) > 40 and not text.endswith(".") for text in advice)


def test_without_a_prediction_there_is_no_number() -> None:
    found = optimal_step(np.abs, 0.0, dtype="float16")
    assert found.model is None
    assert found.step.dtype == np.float16
    assert all(
        math.isnan(value)
        for value in (found.step, found.predicted_error, found.predicted_digits, found.closed_form_step)
    )


def test_a_point_below_every_step_has_no_room_although_its_function_values_have_a_bound() -> None:
    """No normal double is a step beside 1e-320, below which √x ends; the rounding error of √x is known there."""
    found = optimal_step(np.sqrt, 1e-320)
    assert math.isnan(found.step)
    assert math.isfinite(evaluation_errors(np.sqrt, [dyadic(Fraction(1e-320))], FORMATS["float64"])[0])
    assert optimal_step(np.sqrt, 1e-300).failed is None


def test_no_node_leaves_the_domain() -> None:
    """The best step in float16 is near 0.1: with less room, it is the widest that there is."""
    free = optimal_step(np.exp, 1.0, dtype="float16")
    assert free.step > 0.0625
    bound = optimal_step(np.exp, 1.0, dtype="float16", domain=(0.9375, math.inf))
    assert 0.0625 * (1 - 1 / FINE) <= bound.step < 0.0625
    forward = optimal_step(np.exp, 1.0, dtype="float16", stencil=FORWARD, domain=(0.9375, math.inf))
    assert forward.step == pytest.approx(optimal_step(np.exp, 1.0, dtype="float16", stencil=FORWARD).step, rel=0.1)


@pytest.mark.parametrize("name", FORMATS)
def test_a_parabola_wants_a_wide_step_and_has_no_closed_form(name: str) -> None:
    """The centered difference has no truncation error: the step is of the size of x, where the noise is relative."""
    found = optimal_step(lambda x: x**2 + 1.0, 1.0, dtype=name)
    assert found.failed is FailedAssumption.LEADING_DERIVATIVE_ZERO
    assert 0.25 <= found.step <= 8
    assert math.isnan(found.closed_form_step)
    u = float(FORMATS[name].unit_roundoff)
    assert found.predicted_error < 8 * u


@pytest.mark.parametrize("name", FORMATS)
def test_a_line_is_predicted_without_end_of_the_search(name: str) -> None:
    found = optimal_step(lambda x: 3.0 * x + 1.0, 1.0, dtype=name, stencil=FORWARD)
    assert found.failed is FailedAssumption.LEADING_DERIVATIVE_ZERO
    assert found.step >= 1
    assert found.predicted_error < 8 * 3 * float(FORMATS[name].unit_roundoff)


def test_a_zero_leading_derivative_leaves_the_next_terms() -> None:
    """f‴ = 0 at 1 and f⁽⁵⁾ = 120: the best step is that of an error of order 4 near x."""
    found = optimal_step(lambda x: (x - 1.0) ** 5 + x**2, 1.0)
    assert found.failed is FailedAssumption.LEADING_DERIVATIVE_ZERO
    assert math.isnan(found.closed_form_step)
    assert found.predicted_error < 1e-9


@pytest.mark.parametrize(
    "change, error, message",
    [
        ({"x": math.inf}, ValueError, "x must be finite in float64, got inf"),
        ({"x": [1.0, math.nan]}, ValueError, r"x must be finite in float64, got nan at index \(1,\)"),
        ({"x": 2.0, "domain": (0.0, 1.0)}, ValueError, r"x must lie in the open domain \(0.0, 1.0\), got 2.0"),
        ({"stencil": COMPLEX_STEP}, TypeError, "stencil must be a Stencil, got ComplexStep"),
        ({"dtype": "float12"}, ValueError, "dtype must be one of"),
        ({"stencil": centered(40)}, ValueError, r"accuracy_order of at most 40 .*, got 41 \(centered40\)"),
        ({"f": lambda x: np.spacing(x)}, TypeError, "spacing"),
    ],
)
def test_what_is_no_argument_is_refused(change: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        optimal_step(**{"f": np.exp, "x": 1.0} | change)


def test_orders_up_to_the_last_that_the_series_admits_have_a_prediction() -> None:
    anywhere = (-math.inf, math.inf)
    assert optimal_step(np.sin, 1.0, centered(38, 2)).predicted_digits > 10
    for rule in (MODEL, CLOSED_FORM):
        choice = rule(np.sin, 1.0, FORMATS["float64"], centered(40), None, anywhere)
        assert (choice.status, "at most 40" in choice.reason) == (RuleStatus.UNSUITABLE, True)


# --- far from 1 --------------------------------------------------------------------------------------


@pytest.mark.parametrize("k", [-900, -560, 560, 960])
@pytest.mark.parametrize("stencil", [FORWARD, CENTERED, centered(4)], ids=lambda s: s.name)
def test_the_optimum_follows_the_units_of_function_and_argument(stencil: Stencil, k: int) -> None:
    """With x 2ᵏ times as large, the leading derivative is 2⁻ᵏ⁽ᵐ⁺ᵖ⁾ times as large, which no double holds."""
    up, down = 2.0**k, 2.0**-k
    plain = optimal_step(np.exp, 0.75, dtype="float64", stencil=stencil)
    taller = optimal_step(lambda x: np.exp(x) * up, 0.75, dtype="float64", stencil=stencil)
    wider = optimal_step(lambda x: np.exp(x * down), 0.75 * up, dtype="float64", stencil=stencil)
    assert taller.failed is wider.failed is plain.failed is None
    assert taller.step == plain.step == wider.step * down
    assert taller.predicted_error * down == plain.predicted_error == wider.predicted_error * up
    assert taller.predicted_digits == plain.predicted_digits == wider.predicted_digits
    assert taller.closed_form_step == plain.closed_form_step == pytest.approx(wider.closed_form_step * down, rel=2**-51)
    assert taller.closed_form_error * down == pytest.approx(plain.closed_form_error, rel=2**-48)
    assert wider.closed_form_error * up == pytest.approx(plain.closed_form_error, rel=2**-48)


def test_a_point_near_overflow_leaves_fewer_steps_than_a_binade_has() -> None:
    found = optimal_step(np.log, 60000.0, dtype="float16", stencil=METHODS["centered8"])  # type: ignore[arg-type]
    assert found.model is not None
    assert 0 < usable_steps(found.model).size < FINE
    assert found.step in usable_steps(found.model)


@pytest.mark.skipif("float80" not in FORMATS, reason="this machine has no float80")
@pytest.mark.parametrize("f", [lambda x: x, lambda x: 0 * x + 3], ids=["line", "constant"])
def test_the_search_ends_at_the_largest_double_where_the_format_goes_on(f: Any) -> None:
    found = optimal_step(f, 1e300, dtype="float80")
    assert 0 < float(found.step) < math.inf
    assert found.predicted_error < 1e-18


def test_logarithm_near_overflow_has_a_step_near_its_closed_form() -> None:
    found = optimal_step(np.log, 1e307)
    assert found.failed is None
    assert found.closed_form_step / found.step == pytest.approx(1, rel=0.5)


@pytest.mark.skipif("float80" not in FORMATS, reason="no float80 here")
@pytest.mark.parametrize("x", ["1e-320", "1e-4000"])
def test_grid_begins_with_the_doubles_where_the_spacing_is_below_them(x: str) -> None:
    found, zero = optimal_step(np.exp, np.longdouble(x), dtype="float80"), optimal_step(np.exp, 0.0, dtype="float80")
    assert found.failed is None
    assert float(found.step) == pytest.approx(float(zero.closed_form_step), rel=0.5)
    assert found.model is not None
    assert usable_steps(found.model)[0] == 2.0**-1022


@pytest.mark.skipif("float80" not in FORMATS, reason="no float80 here")
@pytest.mark.parametrize(
    "f, x, message",
    [
        (np.sqrt, "1e400", r"x must not exceed the largest double, 1\.79.*, got .*1e\+400"),
        (np.sqrt, "1e-320", "x must be 0 or at least 2.2.*, got .*1e-320"),
        (lambda x: np.exp(x) * np.longdouble("1e-400"), "1", "derivative 1 of f at x must be 0 or of a size from 2.2"),
        (lambda x: np.exp(x) * np.longdouble("1e400"), "1", "derivative 1 of f at x must be 0 or of a size from 2.2"),
    ],
)
def test_what_no_double_holds_is_refused(f: Any, x: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        optimal_step(f, np.longdouble(x), dtype="float80")


@pytest.mark.parametrize("f, x", [(np.log, 1e308), (np.exp, -740.0)])
def test_a_subnormal_derivative_is_refused(f: Any, x: float) -> None:
    with pytest.raises(ValueError, match=r"derivative 1 of f at x must be 0 or of a size .* at x = .*; scale f"):
        optimal_step(f, x)


# --- against observation ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("method", ["forward", "centered", "centered6", "second_centered"])
def test_observed_error_at_the_predicted_step_is_the_predicted_one(name: str, method: str) -> None:
    """The root mean square over 33 neighbours, within a factor of 4, for functions of the suite."""
    fmt, stencil = FORMATS[name], METHODS[method]
    for problem in (PROBLEMS[item] for item in ("exp", "sigmoid", "composition", "runge")):
        found = optimal_step(problem.f, problem.points[0], dtype=fmt, stencil=stencil)  # type: ignore[arg-type]
        offsets = [1 + Fraction(r, 256) for r in range(-16, 17)]
        xs = np.array([fmt.round(Fraction(problem.points[0]) * t) for t in offsets], dtype=fmt.dtype)
        # A step of few bits leaves no abscissa error: the model is for steps with a full significand.
        h = fmt.round(fmt.lift(found.step) * Fraction(12357, 12288))
        total = error_ledger(problem.f, xs, h, stencil, fmt, "arb").total
        assert found.predicted_error / 4 < math.hypot(*total) / math.sqrt(33) < 4 * found.predicted_error


def test_steps_come_in_eighths_of_a_binade_and_the_minimiser_in_sixty_fourths() -> None:
    found = optimal_step(np.exp, 0.5)
    mantissa, _ = math.frexp(found.step)
    assert mantissa * 2 * FINE * FINE == int(mantissa * 2 * FINE * FINE)
