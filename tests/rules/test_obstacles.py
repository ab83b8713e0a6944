"""Predicted steps beside branches, poles and edges, near overflow, and where short steps have exact nodes."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.arithmetic import balls
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil, centered
from numdiff.rules.model import FailedAssumption, Prediction, Predictions, optimal_step

A = 1.25
FUNCTIONS: dict[str, tuple[Any, int]] = {
    "kink": (lambda x: np.abs(x - A) + np.exp(x), 0),
    "maximum": (lambda x: np.maximum(x, A) * x, 0),
    "jump": (lambda x: np.where(x < A, np.sin(x), np.cos(x)), 0),
    "parabola joined to a line": (lambda x: np.maximum(x - A, 0.0) ** 2 + x, 0),
    "pole": (lambda x: 1 / (x - A), 0),
    "small pole": (lambda x: np.sin(x) + 1e-3 / (x - A), 0),
    "cotangent": (lambda x: np.cos(x - A) / np.sin(x - A), 0),
    "root": (lambda x: np.sqrt(x - A), 1),
    "logarithm": (lambda x: np.log(x - A), 1),
    "power": (lambda x: (x - A) ** 1.5, 1),
    "arc sine": (lambda x: np.arcsin(1.0 - (x - A)), 1),
    "logarithm from the left": (lambda x: np.log(A - x) + x, -1),
}
"""Each with the side on which it is defined, 0 for both."""
PER_BINADE = 6


def derivative(f: Any, x: Fraction, order: int = 1) -> Fraction:
    found = balls.derivatives(f, [dyadic(x)], order, 512)[0]
    assert isinstance(found, Ball)
    return found.midpoint


def errors(f: Any, fmt: FloatFormat, x: Any, steps: np.ndarray, stencil: Stencil, true: Fraction) -> np.ndarray:
    seen = observe(stencil, f, x, steps)
    lost = seen.absorbed | ~np.isfinite(seen.result)
    with np.errstate(over="ignore"):
        return np.array(
            [math.inf if bad else float(abs(fmt.lift(d) - true)) for d, bad in zip(seen.result, lost, strict=True)]
        )


def smallest_error(f: Any, fmt: FloatFormat, x: Any, stencil: Stencil, true: Fraction) -> float:
    """The smallest RMS error over a binade of generic steps, floored at u|f′|."""
    here = fmt.lift(x)
    low = max(math.frexp(float(fmt.spacing(here)))[1] - 1, -64)
    parts = [Fraction(1) + Fraction(2 * i + 1, 2 * PER_BINADE) for i in range(PER_BINADE)]
    steps = [fmt.round(Fraction(2) ** k * part) for k in range(low, 4) for part in parts]
    squares = errors(f, fmt, x, np.array(steps, dtype=fmt.dtype), stencil, true).reshape(-1, PER_BINADE) ** 2
    return max(math.sqrt(squares.mean(1).min()), float(fmt.unit_roundoff * abs(true)))


@pytest.mark.parametrize("name", FORMATS)
def test_error_beside_an_obstacle_is_near_the_best_or_the_reason_is_named(name: str) -> None:
    fmt, ratios = FORMATS[name], []
    for f, side in FUNCTIONS.values():
        for distance in (4 * fmt.spacing(Fraction(A)), Fraction(1, 30), Fraction(1)):
            for sign in (1, -1):
                x = fmt.round(Fraction(A) + sign * max(distance, 4 * fmt.spacing(Fraction(A))))
                if side not in (0, sign) or abs(fmt.lift(x) - Fraction(A)) < 4 * fmt.spacing(fmt.lift(x)):
                    continue
                found = optimal_step(f, x, dtype=fmt)
                away = abs(fmt.lift(x) - Fraction(A))
                if math.isnan(found.step):
                    assert found.failed is not None
                    continue
                assert fmt.lift(found.step) < away
                if found.failed is None:
                    true = derivative(f, fmt.lift(x))
                    error = errors(f, fmt, x, np.array([found.step]), CENTERED, true)[0]
                    ratios.append(error / smallest_error(f, fmt, x, CENTERED, true))
    assert len(ratios) > 10
    assert max(ratios) < 20
    assert np.mean(np.array(ratios) < 4) >= 0.95


@pytest.mark.parametrize("stencil, spacings", [(CENTERED, 3), (FORWARD, 3), (centered(4), 1)], ids=lambda s: str(s)[:9])
@pytest.mark.parametrize("name", FORMATS)
def test_four_spacings_beside_a_kink_the_step_is_the_widest_with_exact_nodes(
    stencil: Stencil, spacings: int, name: str
) -> None:
    fmt = FORMATS[name]
    x = Fraction(3, 2) - 4 * fmt.spacing(Fraction(3, 2))
    found = optimal_step(lambda x: np.abs(x - 1.5), fmt.round(x), dtype=fmt, stencil=stencil)
    assert fmt.lift(found.step) == spacings * fmt.spacing(x)
    assert found.failed is FailedAssumption.NO_ROOM


# --- faults that were seen -----------------------------------------------------------------------------------------


def test_the_step_of_a_maximum_does_not_reach_its_corner() -> None:
    found = optimal_step(lambda x: np.maximum(x, 0.0), 0.5)
    assert 0.25 < found.step < 0.5
    assert found.failed is FailedAssumption.NO_ROOM
    assert nd.centered_difference(lambda x: np.maximum(x, 0.0), 0.5, found.step) == 1


@pytest.mark.parametrize("x", [1e10, 1e13, -3e14])
def test_far_from_zero_the_step_has_exact_nodes(x: float) -> None:
    """sin at 1e10: of the steps of a few spacings 2⁻¹⁹, 2⁻¹⁷ balances h²/6 and u/h; both are near 1e-11."""
    found = optimal_step(np.sin, x)
    assert found.failed is None
    assert x + float(found.step) - x == found.step == x - (x - float(found.step))
    error = abs(float(Fraction(float(nd.centered_difference(np.sin, x, found.step))) - derivative(np.sin, Fraction(x))))
    assert error < 4 * found.predicted_error
    if x == 1e10:
        assert 2.0**-18 <= found.step <= 2.0**-16
        assert error < 3e-11


def test_the_step_is_short_enough_for_the_terms_to_stay_finite() -> None:
    found = optimal_step(np.exp, 8.734375, dtype="float16", stencil=centered(4))
    quotient = float(nd.difference(np.exp, np.float16(8.734375), found.step, centered(4)))
    assert quotient == pytest.approx(math.exp(8.734375), rel=0.05)
    assert found.predicted_error < 0.05 * quotient


@pytest.mark.parametrize("x, room", [(1.0, "none"), (0.875, "little"), (2.0, "enough"), (0.25, "enough")])
def test_where_steps_overflow_the_prediction_says_so(x: float, room: str) -> None:
    """8·10⁴·sin(x ± h) has to be below 65504: at 1 it never is, at 7/8 for h < 0.08, at 2 for h > 1.04."""
    found = optimal_step(lambda x: 1e4 * np.sin(x), x, dtype="float16", stencil=centered(4))
    assert math.isnan(found.step) == (room == "none")
    assert (found.failed is FailedAssumption.OVERFLOW) == (room != "enough")
    if room != "none":
        assert np.isfinite(nd.difference(lambda x: 1e4 * np.sin(x), np.float16(x), found.step, centered(4)))


def test_a_derivative_beyond_the_format_is_an_overflow() -> None:
    """6·10⁴·cos(2⁻¹⁰) is within the format, and twice it is not."""
    for factor, expected in ((6e3, None), (1.2e4, FailedAssumption.OVERFLOW)):
        found = optimal_step(lambda x, factor=factor: factor * np.sin(10.0 * x), 2.0**-10, dtype="float16")
        assert found.failed is expected
        assert math.isnan(found.step) == (expected is not None)


@pytest.mark.parametrize(
    "f, x", [(lambda x: np.sin(x * x), math.sqrt(math.pi / 2)), (np.cos, 2.0**-60), (lambda x: x - x**3 / 3.0, 1.0)]
)
def test_a_derivative_below_its_error_has_no_digit(f: Any, x: float) -> None:
    found = optimal_step(f, x)
    assert found.failed is FailedAssumption.NO_DIGIT
    assert found.predicted_digits < 0


def test_a_small_value_is_no_reason_to_doubt_the_digits() -> None:
    """At 30 exp(−x²/8) and its derivative are 10⁻⁴⁹, and far larger nearby."""
    assert optimal_step(lambda x: np.exp(-x * x / 8.0), 30.0).failed is None


@pytest.mark.parametrize("name", ["exp_kahan", "log_goldberg"])
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_errors_that_cancel_inside_f_are_named(name: str, fmt: str) -> None:
    """Their bound is some 500 times the error, near 2⁻¹⁰."""
    problem = nd.PROBLEMS[name]
    assert optimal_step(problem.f, 2.0**-10, dtype=fmt).failed is FailedAssumption.LOST_ACCURACY
    assert optimal_step(problem.f, 1.0, dtype=fmt).failed is None


@pytest.mark.parametrize(
    "x, stencil, named",
    [(2.0**-7, CENTERED, True), (2.0**-5, CENTERED, False), (2.0**-10, FORWARD, True), (2.0**-8, FORWARD, False)],
)
def test_lost_accuracy_is_named_from_where_it_may_cost_twenty_times_the_error(
    x: float, stencil: Stencil, named: bool
) -> None:
    """log(1 + x) errs by √⅓·1.5u beside x, two roundings by 0.42·√2·ux: some 1.4/x times as much; limits 89 and 400."""
    found = optimal_step(lambda x: np.log(1 + x), x, dtype="float64", stencil=stencil)
    assert (found.failed is FailedAssumption.LOST_ACCURACY) == named


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
@pytest.mark.parametrize("stencil", [CENTERED, FORWARD], ids=lambda s: s.name)
def test_errors_that_cancel_are_named_wherever_they_make_the_step_twenty_times_as_bad(
    name: str, stencil: Stencil
) -> None:
    """x·log(w)/(w − 1): its bound has errors of u in w twice, and they cancel."""
    if name not in FORMATS:
        pytest.skip(f"no {name} here")
    goldberg, fmt, named = nd.PROBLEMS["log_goldberg"].f, FORMATS[name], []
    for k in (10, 11, 12):
        x = fmt.round(Fraction(1, 2**k))
        found = optimal_step(goldberg, x, stencil, fmt)
        true = derivative(goldberg, fmt.lift(x))
        error = errors(goldberg, fmt, x, np.array([found.step]), stencil, true)[0]
        named.append(found.failed is FailedAssumption.LOST_ACCURACY)
        assert named[-1] or error < 20 * smallest_error(goldberg, fmt, x, stencil, true)
    assert any(named)
    assert optimal_step(goldberg, 0.5, stencil, fmt).failed is None


def narrow(x: Any) -> Any:
    return np.maximum(x * x, 2.0 - x)


@pytest.mark.parametrize("spacings", [32, 48, 112, 128])
@pytest.mark.parametrize("name", [name for name in FORMATS if name not in ("bfloat16", "float80")])
def test_a_step_that_moves_four_odd_points_to_even_ones_is_not_taken_for_one_without_noise(
    name: str, spacings: int
) -> None:
    """2 − x below 1 is exact at even multiples of the spacing; beside 1 the step of 3 spacings seemed to have no error.

    Each value is off by half a spacing at most, of numbers above 1, so that the quotient is off by ulp(x)/h at most.
    """
    fmt = FORMATS[name]
    spacing = fmt.spacing(Fraction(3, 4))
    x = fmt.round(1 - spacings * spacing)
    found = optimal_step(narrow, x, dtype=fmt)
    assert fmt.lift(found.step) > 8 * spacing
    error = errors(narrow, fmt, x, np.array([found.step]), CENTERED, Fraction(-1))[0]
    assert error <= float(spacing / fmt.lift(found.step))
    assert 8 * found.predicted_error > float(spacing / fmt.lift(found.step))


@pytest.mark.parametrize("away, named", [(2.0**-40, True), (2.0**-14, True), (2.0**-9, False)])
def test_beside_an_inflection_the_leading_derivative_counts_as_zero(away: float, named: bool) -> None:
    """f″ of exp(−x²) changes its sign at √½; 400 times less than nearby, at 0.04, is about 2⁻¹³ away."""
    found = optimal_step(lambda x: np.exp(-x * x), math.sqrt(0.5) + away, dtype="float64", stencil=FORWARD)
    assert (found.failed is FailedAssumption.LEADING_DERIVATIVE_ZERO) == named


def test_the_format_of_x_decides() -> None:
    found = optimal_step(np.exp, np.float32(0.5))
    assert found.step.dtype == np.float32
    assert found == optimal_step(np.exp, 0.5, dtype="float32")
    assert optimal_step(np.exp, np.float32(0.5), dtype="float64").step.dtype == np.float64


# --- arrays ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (1, 3), (0,)])
def test_arrays_of_points_give_arrays_of_their_shape(shape: tuple[int, ...]) -> None:
    xs = np.array([0.5, 2.0, 0.0], dtype=np.float32)[: math.prod(shape)].reshape(shape)
    found = optimal_step(np.exp, xs)
    assert isinstance(found, Predictions)
    names = ("step", "predicted_error", "predicted_digits", "closed_form_step", "closed_form_error", "failed", "model")
    assert {name: getattr(found, name).shape for name in names} == dict.fromkeys(names, shape)
    assert found.step.dtype == found.closed_form_step.dtype == np.float32
    assert found.predicted_error.dtype == np.float64
    for index, x in np.ndenumerate(xs):
        alone = optimal_step(np.exp, x)
        assert isinstance(alone, Prediction)
        assert alone.step == found.step[index]
        assert alone.predicted_error == found.predicted_error[index]
        assert alone.failed is found.failed[index]
    assert np.isfinite(nd.centered_difference(np.exp, xs, found.step)).all()


def test_an_array_without_a_prediction_at_one_point_says_so_there() -> None:
    found = optimal_step(np.abs, [0.0, 1.0])
    assert np.isnan(found.step[0])
    assert found.step[1] > 0.1
    assert list(found.failed) == [FailedAssumption.NOT_SMOOTH, FailedAssumption.NO_ROOM]
    assert found.model[0] is None
