"""Measures of accuracy on data whose answer is known."""

import math
import random

import numpy as np
import pytest

from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.metrics import correct_digits, loss_of_accuracy, observed_optimum, performance_ratio
from numdiff.analysis.orders import FEWEST_POINTS, ROUNDOFF_SHARE, observed_order
from numdiff.arithmetic.rounded import rounded
from numdiff.formulas.stencil import CENTERED, FORWARD, centered, forward

STEPS = 2.0 ** -np.arange(1, 50)


def model(order: int, constant: float = 0.7, floor: float = 1e-16) -> tuple[np.ndarray, np.ndarray]:
    """Return total error and roundoff of a formula of the given order with a rounding floor."""
    roundoff = floor / STEPS
    return constant * STEPS**order + roundoff, roundoff


@pytest.mark.parametrize("order", [1, 2, 4, 6])
def test_order_of_a_power_law_above_a_floor_is_recovered(order: int) -> None:
    error, roundoff = model(order)
    found = observed_order(STEPS, error, roundoff)
    assert found.reason == ""
    # Roundoff is at most 2 % of the error, at the end of the window only: it tilts the line by less than 0.1/n.
    assert abs(found.order - order) <= 0.1 / found.points * 10
    assert found.halfwidth < 0.05


@pytest.mark.parametrize("order", [1, 2, 4])
def test_window_is_where_roundoff_is_a_fiftieth_of_the_error(order: int) -> None:
    error, roundoff = model(order)
    found = observed_order(STEPS, error, roundoff)
    inside = STEPS[roundoff <= ROUNDOFF_SHARE * error]
    assert (found.smallest_step, found.largest_step, found.points) == (inside.min(), inside.max(), inside.size)
    assert found.smallest_step > (1e-16 / 0.7) ** (1 / (order + 1))  # above the optimal step


def test_pure_power_law_has_its_exact_order() -> None:
    found = observed_order(STEPS, 3 * STEPS**2, np.zeros_like(STEPS))
    assert found.order == pytest.approx(2, abs=1e-12)
    assert found.halfwidth <= 1e-12
    assert found.points == STEPS.size


def test_rounding_floor_is_never_fitted() -> None:
    roundoff = 1e-16 / STEPS
    found = observed_order(STEPS, roundoff, roundoff)
    assert math.isnan(found.order)
    assert math.isnan(found.halfwidth)
    assert (found.points, found.reason) == (0, "roundoff or an exact result everywhere")


def test_exact_results_have_no_order() -> None:
    found = observed_order(STEPS, np.zeros_like(STEPS), np.zeros_like(STEPS))
    assert (math.isnan(found.order), found.points, bool(found.reason)) == (True, 0, True)


def test_noise_without_a_common_slope_has_no_window(rng: np.random.Generator) -> None:
    error = STEPS * 10.0 ** rng.uniform(-2, 2, STEPS.size)
    found = observed_order(STEPS, error, np.zeros_like(STEPS))
    assert found.points == 0 or found.points >= FEWEST_POINTS
    assert math.isnan(found.order)
    assert found.reason


def test_part_before_the_asymptotic_range_is_left_out() -> None:
    error = np.where(STEPS > 2.0**-10, 1.0, STEPS**2 * 2.0**20)
    error[:10] = [1.0, 3.0, 0.1, 2.0, 7.0, 0.5, 4.0, 0.2, 5.0, 0.3]
    found = observed_order(STEPS, error, np.zeros_like(STEPS))
    assert found.largest_step <= 2.0**-10
    assert found.order == pytest.approx(2, abs=1e-9)


@pytest.mark.parametrize("count", range(1, 7))
def test_window_of_fewer_than_four_cells_is_no_evidence(count: int) -> None:
    found = observed_order(STEPS[:count], STEPS[:count] ** 2, np.zeros(count))
    assert (found.points > 0) == (count >= FEWEST_POINTS)
    assert math.isnan(found.order) == (count < FEWEST_POINTS)


def test_failed_cell_splits_the_window_and_poisons_nothing() -> None:
    error, roundoff = model(2)
    error[5] = math.nan
    found = observed_order(STEPS, error, roundoff)
    assert found.largest_step == STEPS[6]
    assert found.order == pytest.approx(2, abs=0.01)
    roundoff[:] = math.nan
    assert math.isnan(observed_order(STEPS, error, roundoff).order)


def test_infinite_error_is_not_in_the_window() -> None:
    error, roundoff = model(1)
    error[0] = math.inf
    assert observed_order(STEPS, error, roundoff).largest_step == STEPS[1]


def test_order_of_the_input_does_not_matter() -> None:
    error, roundoff = model(2)
    places = list(range(STEPS.size))
    random.Random(1).shuffle(places)
    assert observed_order(STEPS[places], -error[places], roundoff[places]) == observed_order(STEPS, error, roundoff)


def test_one_step_given_twice_is_no_division_by_zero() -> None:
    error, roundoff = model(2)
    twice = [np.repeat(a, 2) for a in (STEPS, error, roundoff)]
    assert math.isnan(observed_order(*twice).order) or observed_order(*twice).order == pytest.approx(2, abs=0.01)


@pytest.mark.parametrize(
    ("stencil", "order"), [(FORWARD, 1), (CENTERED, 2), (forward(2), 2), (centered(4), 4)], ids=lambda v: str(v)[:30]
)
def test_order_of_a_real_formula_is_observed(stencil, order: int) -> None:  # type: ignore[no-untyped-def]
    ledger = error_ledger(np.exp, 0.5, 2.0 ** -np.arange(2, 50) * 1.2357, stencil)
    found = observed_order(ledger.h, ledger.total, ledger.roundoff)
    # The next Taylor term tilts the line at the coarse end: h/3 of the error at h = 0.3.
    assert abs(found.order - order) <= 0.1
    assert found.points >= FEWEST_POINTS


def test_confidence_interval_is_that_of_student() -> None:
    stats = pytest.importorskip("scipy.stats")
    rng = np.random.default_rng(7)
    error = STEPS[:12] ** 2 * 2 ** rng.uniform(-0.02, 0.02, 12)
    found = observed_order(STEPS[:12], error, np.zeros(12))
    fit = stats.linregress(np.log2(STEPS[:12]), np.log2(error))
    assert found.points == 12
    assert found.order == pytest.approx(fit.slope, rel=1e-12)
    assert found.halfwidth == pytest.approx(stats.t.ppf(0.975, 10) * fit.stderr, rel=1e-9)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (
            ([1, 2], [1], [1]),
            r"error must be one-dimensional and as long as h, got shape \(1,\) beside shape \(2,\)",
        ),
        (([1, 2], [1, 2], [1]), r"roundoff must be .* as long as h, got shape \(1,\)"),
        (([[1, 2]], [1, 2], [1, 2]), r"h must be one-dimensional .* got shape \(1, 2\)"),
        ((1.0, [1], [1]), r"h must be one-dimensional .* got shape \(\)"),
        (([1, -2.0], [1, 2], [0, 0]), r"h must be positive and finite, got -2\.0"),
        (([1, 0.0], [1, 2], [0, 0]), r"h must be positive and finite, got 0\.0"),
        (([1, math.nan], [1, 2], [0, 0]), "h must be positive and finite, got nan"),
        (([1, math.inf], [1, 2], [0, 0]), "h must be positive and finite, got inf"),
    ],
)
def test_bad_column_is_named(columns, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        observed_order(*columns)
    if "roundoff" not in message:
        with pytest.raises(ValueError, match=message):
            observed_optimum(*columns[:2])


# --- the optimum -----------------------------------------------------------------------------------------


def test_optimum_is_the_step_of_the_smallest_error() -> None:
    steps, errors = [1.0, 0.5, 0.25, 0.125], [-4.0, 2.0, -1.0, 3.0]
    best = observed_optimum(steps, errors)
    assert (best.step, best.error, best.index, best.at_edge) == (0.25, 1.0, 2, False)


def test_larger_step_wins_a_tie() -> None:
    assert observed_optimum([0.25, 1.0, 0.5, 0.125], [1.0, 3.0, -1.0, 2.0]).step == 0.5
    assert observed_optimum([0.125, 0.25, 0.5, 1.0], [0.0, 0.0, 0.0, 1.0]).index == 2


@pytest.mark.parametrize(("errors", "edge"), [([1, 2, 3], True), ([3, 2, 1], True), ([2, 1, 3], False)])
def test_optimum_at_the_end_of_the_sweep_is_marked(errors: list[float], edge: bool) -> None:
    assert observed_optimum([1.0, 0.5, 0.25], errors).at_edge is edge


def test_failed_cells_are_passed_over() -> None:
    best = observed_optimum([1.0, 0.5, 0.25, 0.125], [math.nan, 5.0, math.inf, 6.0])
    assert (best.step, best.index) == (0.5, 1)
    nothing = observed_optimum([1.0, 0.5], [math.nan, math.inf])
    assert (math.isnan(nothing.step), math.isnan(nothing.error), nothing.index) == (True, True, -1)
    assert observed_optimum([], []).index == -1


# --- digits and ratios ------------------------------------------------------------------------------------


def test_correct_digits_are_those_of_the_relative_error():
    assert correct_digits([1e-3, -1e-5, 2.0], [1.0, 10.0, -2.0]).tolist() == [3.0, 6.0, 0.0]


def test_correct_digits_of_an_exact_result_and_of_a_zero():
    found = correct_digits([0.0, 1e-3, 0.0, math.nan], [2.0, 0.0, 0.0, 1.0])
    assert found[:2].tolist() == [math.inf, -math.inf]
    assert np.isnan(found[2:]).all()


def test_digits_do_not_depend_on_the_vector_instructions():
    errors = np.array([[1e-3, 2e-5], [0.3, 7e-300]])
    found = correct_digits(errors, 1.0)
    assert np.array_equal(found, -rounded(np.log10)(errors.reshape(-1)).reshape(2, 2))


def test_loss_of_accuracy_is_what_one_result_has_in_digits_more_than_the_other():
    error, best, reference = np.array([3e-4, 2e-9, 1e-3]), np.array([1e-7, 5e-9, 1e-3]), np.array([2.0, 0.5, 3.0])
    known = correct_digits(best, reference) - correct_digits(error, reference)
    assert loss_of_accuracy(error, best) == pytest.approx(known, abs=1e-14)
    assert loss_of_accuracy([1.0, 0.0], [0.0, 1.0]).tolist() == [math.inf, -math.inf]


def test_performance_ratio_is_1_for_the_best_and_infinite_for_a_failure():
    costs = np.array([[2.0, 4.0, math.inf], [0.0, 0.0, 3.0]])
    found = performance_ratio(costs, costs.min(axis=1, keepdims=True))
    assert found.tolist() == [[1.0, 2.0, math.inf], [1.0, 1.0, math.inf]]


def test_performance_ratio_is_undefined_where_nothing_was_tried_or_all_failed():
    assert np.isnan(performance_ratio([math.nan, math.inf], [1.0, math.inf])).all()
    assert performance_ratio([], []).shape == (0,)


# --- what is mixed, few, or without roundoff ----------------------------------------------------------------


FORMULAS = [FORWARD, CENTERED, forward(2), centered(4)]
GENERIC = 2.0 ** -np.arange(2, 40) * 1.2357


@pytest.fixture(scope="module")
def ledgers() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    found = {}
    for formula in FORMULAS:
        ledger = error_ledger(np.exp, 0.5, GENERIC, formula)
        found[formula.name] = (ledger.h, ledger.total, ledger.roundoff)
    return found


@pytest.mark.parametrize("known", [True, False], ids=["roundoff", "without"])
@pytest.mark.parametrize("together", ["after", "before", "in turn", "shuffled"])
@pytest.mark.parametrize(
    ("one", "other", "orders"),
    [("forward", "centered", (1, 2)), ("centered", "centered4", (2, 4)), ("forward", "forward2", (1, 2))],
)
def test_formulas_of_two_orders_are_not_fitted_together(ledgers, one, other, orders, together, known) -> None:  # type: ignore[no-untyped-def]
    first, second = (other, one) if together == "before" else (one, other)
    columns = [np.concatenate(pair) for pair in zip(ledgers[first], ledgers[second], strict=True)]
    places = np.arange(columns[0].size)
    if together == "in turn":
        places = places.reshape(2, -1).T.ravel()
    elif together == "shuffled":
        random.Random(3).shuffle(places)
    found = observed_order(*(column[places] for column in columns[: 2 + known]))
    assert math.isnan(found.order)
    assert "errors of the orders {} and {} are mixed".format(*orders) in found.reason


def test_formulas_are_told_apart_at_steps_of_their_own_too() -> None:
    steps = np.concatenate([2.0 ** -np.arange(2, 20), 10.0 ** -np.arange(1, 7)])
    error = np.concatenate([0.8 * steps[:18], 0.3 * steps[18:] ** 2])
    assert "orders 1 and 2 are mixed" in observed_order(steps, error).reason
    assert "orders 1 and 2 are mixed" in observed_order(steps, error, np.zeros(24)).reason


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_one_formula_at_several_points_is_no_mixture(formula) -> None:  # type: ignore[no-untyped-def]
    ledger = error_ledger(np.exp, np.array([[0.5], [0.75], [1.5]]), GENERIC, formula)
    columns = [np.broadcast_to(a, ledger.shape).ravel() for a in (ledger.h, ledger.total, ledger.roundoff)]
    found = observed_order(*columns)
    assert found.order == pytest.approx(formula.accuracy_order, abs=0.1)


@pytest.mark.parametrize("formula", FORMULAS, ids=lambda formula: formula.name)
def test_the_order_is_observed_without_roundoff_too(ledgers, formula) -> None:  # type: ignore[no-untyped-def]
    found = observed_order(*ledgers[formula.name][:2])
    assert found.order == pytest.approx(formula.accuracy_order, abs=0.15)
    known = observed_order(*ledgers[formula.name])
    assert abs(found.points - known.points) <= 4


def test_a_rounding_floor_is_never_fitted_without_roundoff_either() -> None:
    assert math.isnan(observed_order(STEPS, 1e-16 / STEPS).order)
    assert math.isnan(observed_order(STEPS, np.full(STEPS.size, 1e-3)).order)
    rng = np.random.default_rng(5)
    for _ in range(20):
        assert math.isnan(observed_order(STEPS, 10 ** rng.uniform(-12, -8, STEPS.size)).order)


@pytest.mark.parametrize("count", range(FEWEST_POINTS))
def test_too_few_steps_are_said_to_be_so(count: int) -> None:
    found = observed_order(STEPS[:count], STEPS[:count] ** 2)
    assert found.reason == f"{count} steps are given, and an order is observed in at least {FEWEST_POINTS}"
    assert repr(found) == f"ObservedOrder(reason={found.reason!r})"
    assert "nan" not in repr(found)


def test_a_step_that_is_given_often_is_one_step() -> None:
    assert observed_order([0.5] * 9, [0.25] * 9).reason.startswith("1 steps are given")


@pytest.mark.parametrize("function", [observed_order, observed_optimum])
def test_the_steps_are_called_h_and_step_still_does(function) -> None:  # type: ignore[no-untyped-def]
    now = function(h=STEPS[:9], error=STEPS[:9] ** 2)
    with pytest.warns(DeprecationWarning, match=rf"the argument step of {function.__name__}\(\) is called h now"):
        before = function(step=STEPS[:9], error=STEPS[:9] ** 2)
    assert now == before
    with pytest.raises(TypeError, match="got h and step, its old name; leave step out"):
        function(h=STEPS, step=STEPS, error=STEPS)


def test_digits_of_a_ratio_beyond_the_doubles_are_those_of_both_numbers() -> None:
    assert correct_digits([1e-200, 1e200, 0.0, math.inf], [1e200, 1e-200, 1.0, 1.0]).tolist() == [
        400.0,
        -400.0,
        math.inf,
        -math.inf,
    ]
