"""The tuned constants of the analysis: what each buys, and that its neighbours do not."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest

from numdiff.analysis import best_step, error_model, nodes, suprema, taylor
from numdiff.analysis.orders import FEWEST_POINTS, LEAST_ORDER, ROUNDOFF_SHARE, SLOPE_TOLERANCE, observed_order
from numdiff.analysis.statistics import student_quantile
from numdiff.arithmetic.ball import Ball
from numdiff.floats.dyadic import dyadic, dyadic_to_fraction
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil
from numdiff.formulas.table import METHODS
from numdiff.problems import PROBLEMS
from numdiff.rules.model import FailedAssumption, optimal_step

STEPS = 2.0 ** -np.arange(1, 12)
NOTHING = np.zeros_like(STEPS)


# --- the observed order -----------------------------------------------------------------------------------


def test_roundoff_takes_less_than_half_of_the_tolerance_and_a_percent_more_would_not() -> None:
    def turned(share: float) -> float:
        return math.log2(math.e) * share * (1 + 2 / 4 + 1 / 16)

    assert turned(ROUNDOFF_SHARE) < SLOPE_TOLERANCE / 2 < turned(ROUNDOFF_SHARE + 0.01)


@pytest.mark.parametrize("share, kept", [(0.95, True), (1.05, False)])
def test_a_cell_leaves_the_window_at_two_percent_of_roundoff(share: float, kept: bool) -> None:
    error, roundoff = STEPS**2, NOTHING.copy()
    roundoff[-1] = 0.02 * share * error[-1]
    assert (observed_order(STEPS, error, roundoff).smallest_step == STEPS[-1]) == kept


@pytest.mark.parametrize("share, kept", [(0.95, True), (1.05, False)])
def test_the_window_ends_where_the_slope_turns_by_a_tenth(share: float, kept: bool) -> None:
    """The slope of the widest interval is off by 0.1 times `share`: error = h²·2**(0.1·share) there."""
    error = STEPS**2
    error[0] *= 2 ** (0.1 * share)
    assert (observed_order(STEPS, error, NOTHING).largest_step == STEPS[0]) == kept


def test_the_tolerance_admits_a_next_term_of_42_percent() -> None:
    for share, kept in ((0.4, True), (0.44, False)):
        error = STEPS * (1 + share * STEPS / STEPS[0])
        assert (observed_order(STEPS, error, NOTHING).largest_step == STEPS[0]) == kept


def test_three_cells_are_no_evidence_and_four_are() -> None:
    assert student_quantile(FEWEST_POINTS - 3, 0.975) > 10 > 5 > student_quantile(FEWEST_POINTS - 2, 0.975)
    for points, found in ((3, False), (4, True)):
        assert math.isfinite(observed_order(STEPS[:points], STEPS[:points] ** 2, NOTHING[:points]).order) is found


@pytest.mark.parametrize("order, found", [(0.45, False), (0.55, True)])
def test_an_error_that_falls_more_slowly_than_the_root_of_h_has_no_order(order: float, found: bool) -> None:
    assert LEAST_ORDER == (0 + 1) / 2
    assert math.isfinite(observed_order(STEPS, STEPS**order, NOTHING).order) is found


# --- Taylor series ------------------------------------------------------------------------------------------


def test_steps_up_to_096_of_the_radius_are_summed_to_15_percent_and_wider_ones_refused() -> None:
    (series,) = taylor.taylor_series(lambda x: 1 / (1 - x), [dyadic(0.0)])
    assert series is not None
    steps = np.array([0.5, 0.9, 0.95, 0.96, 0.97, 1.0, 1.5])
    found, exact = taylor.truncation_error(series, FORWARD, steps), steps / (1 - np.minimum(steps, 0.99))
    assert np.isfinite(found).tolist() == [True] * 4 + [False] * 3
    assert np.abs(found[:4] / exact[:4] - 1).max() < 0.15


def test_eight_terms_see_every_series_with_a_gap_of_up_to_eight(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(period: int) -> bool:
        (series,) = taylor.taylor_series(lambda x: 1 / (1 - x**period), [dyadic(0.0)])
        assert series is not None
        return math.isinf(taylor.truncation_error(series, FORWARD, np.array([1.25]))[0])

    assert all(refused(period) for period in range(1, 9))
    monkeypatch.setattr(taylor, "_LAST", 6)
    assert not refused(7)


# --- the model of the error ----------------------------------------------------------------------------------


def predicted(name: str, method: str) -> float:
    stencil = METHODS[method]
    assert isinstance(stencil, Stencil)
    problem = PROBLEMS[name]
    return optimal_step(
        problem.f, problem.points[0], dtype="float16", stencil=stencil, domain=problem.domain
    ).predicted_error


CASES = [
    ("gsl_sin_reciprocal", "centered"),
    ("saito_parabola", "forward"),
    ("burden_faires_x_exp", "forward"),
    ("oscillation", "centered"),
    ("binomial_horner", "forward"),
    ("exp", "centered"),
]


def test_six_binades_of_noise_below_x_are_enough_and_five_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    here = {case: predicted(*case) for case in CASES}

    def change(binades: int) -> float:
        monkeypatch.setattr(error_model, "_NOISE_BINADES", binades)
        return max(abs(predicted(*case) / error - 1) for case, error in here.items())

    assert change(12) < 0.075 < change(5)


def generic(model: error_model.ErrorModel, steps: np.ndarray) -> np.ndarray:
    return model.generic_total(steps, model.total(steps))


def counting(build: Any, built: list[int], *args: Any) -> Any:
    built.append(args[-1])
    return build(*args)


def test_how_wide_the_model_begins_decides_nothing_but_the_number_of_models(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [*CASES, ("saito_parabola", "centered")]
    here, build, numbers = [predicted(*case) for case in cases], best_step.error_model, {}
    for wide in (0, best_step.WIDE, 6):
        built: list[int] = []
        monkeypatch.setattr(best_step, "error_model", partial(counting, build, built))
        monkeypatch.setattr(best_step, "WIDE", wide)
        assert [predicted(*case) for case in cases] == here
        numbers[wide] = len(built)
    assert numbers[0] > numbers[3] == numbers[6]


def test_by_how_much_the_model_is_widened_decides_nothing_but_the_number_of_models(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The best step of exp(2⁻⁴⁰x) at 1 is about 2²³, which the first model does not reach."""
    found, numbers, build = {}, {}, best_step.error_model
    for wider in (8, 16, 32):
        built: list[int] = []
        monkeypatch.setattr(best_step, "error_model", partial(counting, build, built))
        monkeypatch.setattr(best_step, "_WIDER", wider)
        found[wider] = float(optimal_step(lambda x: np.exp(x * 2.0**-40), 1.0).step)
        numbers[wider] = len(built)
    assert 2.0**20 < found[16] < 2.0**26
    assert found[8] == found[16] == found[32]
    assert numbers[8] > numbers[16] > numbers[32]


def test_the_search_for_a_wider_step_ends_after_64_binades() -> None:
    found = optimal_step(lambda x: x * 0 + 1.5, 1.0)
    assert found.failed is FailedAssumption.NO_ROOM
    assert 2.0**64 <= float(found.step) < 2.0**80


def test_the_refinement_loses_less_than_a_thousandth() -> None:
    for stencil in (FORWARD, CENTERED, METHODS["centered8"]):
        assert isinstance(stencil, Stencil)
        found = optimal_step(np.exp, 0.5, dtype="float64", stencil=stencil)
        assert found.model is not None
        h = float(found.step)
        steps = np.linspace(h / 1.1, h * 1.1, 4001)
        coarse = 2.0 ** (np.arange(-80, 1) / 2)
        here, nearby, far = (generic(found.model, some) for some in (np.array([h]), steps, coarse))
        assert here.min() <= 1.001 * nearby.min()
        if stencil.accuracy_order == 8:
            assert far.min() > 1.001 * here.min()


@pytest.mark.parametrize("gain, short, moved", [(1.0, True, True), (best_step.GAIN, True, False), (1e9, False, False)])
def test_exact_nodes_decide_where_they_gain_more_than_twice(
    monkeypatch: pytest.MonkeyPatch, gain: float, short: bool, moved: bool
) -> None:
    """They gain 10⁶ for sin at 10¹⁰, and 1.5 for x^4.5, whose best step with rounded nodes is 1.6 times as wide."""
    plain = optimal_step(lambda x: x**4.5, 1.5)
    monkeypatch.setattr(best_step, "GAIN", gain)
    assert (optimal_step(np.sin, 1e10).step < 1e-4) == short
    assert (optimal_step(lambda x: x**4.5, 1.5).step < plain.step / 1.2) == moved


# --- suprema -------------------------------------------------------------------------------------------------


def runge(x: Any) -> Any:
    return 1 / (1 + 25 * x * x)


def test_an_interval_may_come_as_close_to_a_singularity_as_twelve_cuts_tell() -> None:
    for exponent, finite in ((25, True), (26, False)):
        (bound,) = suprema.suprema(lambda x: np.sqrt(x - x * x * 0.25), 2, [(1, 2**exponent, -exponent)])
        assert math.isfinite(bound) is finite


def test_the_number_of_pieces_ends_a_search_that_needs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    largest = max(abs(_ninth_derivative_of_runge(x)) for x in np.linspace(-1, 1, 4001))
    results = {}
    for pieces in (20, 40, 80, 160):
        monkeypatch.setattr(suprema, "_MOST_PIECES", pieces)
        (results[pieces],) = suprema.suprema(runge, 9, [(-1, 1, 0)])
    assert largest <= results[160] == results[80] < suprema.SLACK * largest < results[40] < results[20]


@pytest.mark.parametrize("terms, fewest, most", [(1, 200, 300), (2, 200, 300), (4, 40, 80), (6, 10, 20), (8, 3, 10)])
def test_more_terms_need_fewer_pieces(monkeypatch: pytest.MonkeyPatch, terms: int, fewest: int, most: int) -> None:
    pieces = 0

    def counted(*asked: Any) -> Any:
        nonlocal pieces
        pieces += len(asked[1])
        return enclose_centred(*asked)

    monkeypatch.setattr(suprema, "TERMS", terms)
    enclose_centred = suprema.enclose_centred
    monkeypatch.setattr(suprema, "enclose_centred", counted)
    suprema.suprema(lambda x: (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x)), 1, [(191, 193, -4)])
    assert fewest < pieces < most


def _ninth_derivative_of_runge(x: float) -> float:
    """The function is Re 1/(1 − 5ix), by partial fractions."""
    return (math.factorial(9) * (5j) ** 9 / (1 - 5j * x) ** 10).real


def test_a_smaller_slack_is_tighter_and_a_lower_precision_looser(monkeypatch: pytest.MonkeyPatch) -> None:
    (here,) = suprema.suprema(runge, 3, [(-1, 1, 0)])
    monkeypatch.setattr(suprema, "SLACK", 1.1)
    (tighter,) = suprema.suprema(runge, 3, [(-1, 1, 0)])
    assert tighter < here < 1.2 * tighter
    monkeypatch.setattr(suprema, "SLACK", 1.2)
    for precision, tells in ((128, True), (64, False)):
        monkeypatch.setattr(suprema, "PRECISION", precision)
        (found,) = suprema.suprema(lambda x: (np.exp(x) - 1 - x) / x**2, 2, [(2**20 - 1, 2**20 + 1, -40)])
        assert (found < 1.2 / 12) is tells


# --- certified coefficients -------------------------------------------------------------------------------


@pytest.mark.parametrize("lost, seen", [(900, True), (1000, False)])
def test_a_coefficient_is_seen_while_at_most_about_960_of_1024_bits_cancel(lost: int, seen: bool) -> None:
    """exp(x) + 2ᵏ − 2ᵏ keeps 1024 − k bits: more than the 60 that are demanded at k = 900, fewer at k = 1000."""
    (series,) = taylor.taylor_series(lambda x: np.exp(x) + 2.0**lost - 2.0**lost, [dyadic(0.5)])
    assert series is not None
    assert (series.coefficient(0) == pytest.approx(math.exp(0.5), rel=2**-52)) == seen
    assert (series.coefficient(0) == 0) != seen


@pytest.mark.parametrize("radius, certain", [(0, True), (1, True), (2, False)])
def test_a_coefficient_is_certain_from_60_bits_above_its_radius(radius: int, certain: bool) -> None:
    """Its radius is then a 64th of half a unit of a double at most, so that rounding is off by one unit at most."""
    assert taylor._is_certain(Ball(1 << 61, radius, -61)) == certain
    if certain:
        assert radius * 2**-61 <= 2**-53 / 64


# --- nodes ------------------------------------------------------------------------------------------------


def step_of(name: str, k: int) -> Any:
    fmt = FORMATS[name]
    return dyadic(float(fmt.dtype.type(1.2357 * 2.0**-k)))


@pytest.mark.parametrize("k", [3, 9])
def test_the_step_above_is_one_for_all_formats_of_eleven_bits_and_not_with_two_bits_more(
    k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("float16", "float32", "float64")
    above = {dyadic_to_fraction(nodes.step_above(step_of(name, k))) for name in names}
    assert len(above) == 1
    assert all(1 <= above.copy().pop() / dyadic_to_fraction(step_of(name, k)) <= 1 + 2**-9 for name in names)
    monkeypatch.setattr(nodes, "_STEP_BITS", 12)
    assert len({dyadic_to_fraction(nodes.step_above(step_of(name, k))) for name in names}) > 1


def intervals(name: str, k: int) -> list[Any]:
    places = (nodes.place_of(FORMATS[name], dyadic(0.7109375), step_of(name, k), (c, 0), 2) for c in (-1, 1))
    return [place.interval for place in places]


def width(interval: tuple[int, int, int]) -> float:
    return math.ldexp(interval[1] - interval[0], interval[2])


@pytest.mark.parametrize("bits, shared", [(6, True), (12, False)])
def test_formats_share_the_interval_of_a_node(bits: int, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within 2⁻⁶ of the distance rounding to float16 stays; within 2⁻¹² it would leave, and widen the interval."""
    monkeypatch.setattr(nodes, "_WIDTH_BITS", bits)
    narrow, wide = intervals("float16", 3), intervals("float64", 3)
    assert (narrow == wide) == shared
    if shared:
        h = float(dyadic_to_fraction(nodes.step_above(step_of("float64", 3))))
        assert [width(one) for one in wide] == pytest.approx([2 * h / 64] * 2)


@pytest.mark.parametrize("k, shared", [(7, False), (9, True)])
def test_steps_below_a_256th_have_one_interval_for_all_nodes(k: int, shared: bool) -> None:
    """f′ changes over it by 2·2·2⁻⁸ of f″ at most; with larger steps every node has its own."""
    left, right = intervals("float32", k)
    assert (left == right) == shared


# --- magnitudes -------------------------------------------------------------------------------------------


def test_every_double_has_finite_magnitudes_and_the_next_binade_has_none() -> None:
    """The exponent at which a magnitude is given up is that of the smallest double, and above every double's."""
    top = suprema._LARGEST
    assert top >= 1074
    assert suprema._size_of(Ball((1 << 53) - 1, 0, 1024 - 53)).upper == math.inf  # the largest double, rounded outward
    assert suprema._size_of(Ball((1 << 53) - 2, 0, 1024 - 53)).upper < math.inf
    assert suprema._size_of(Ball(1, 0, top)).upper == math.inf
    assert suprema._size_of(Ball(1, 0, -1074)) == (2 * 5e-324, 0.0, False)
    assert suprema._size_of(Ball(1, 0, -top - 5)) == (5e-324, 0.0, False)
