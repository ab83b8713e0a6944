"""The second look confirms what is wrong, and withdraws what a kink, a wave or a stair has made."""

import math

import numpy as np
import pytest

import numdiff
from numdiff.floats.formats import FORMATS
from numdiff.gradients import check_gradient
from numdiff.gradients import second_look as module
from numdiff.gradients.claims import Roundings, roundings_of
from numdiff.gradients.functions import Function
from numdiff.gradients.lines import coordinates
from numdiff.gradients.parameters import Parameters
from numdiff.gradients.rule import Slopes, Verdict
from numdiff.gradients.searches import estimated
from numdiff.gradients.second_look import second_look

FLOAT64 = FORMATS["float64"]


def looked(f, x, claim, value=None, grain=math.inf):
    """Return whether a claim is called wrong and whether small steps see it; `value` replaces the first value."""
    lines = coordinates(Function(lambda v: f(v[0]), Parameters([x])), np.array([x]))
    found = estimated(lines, FLOAT64)
    if value is not None:
        found.value[:] = value
        found.error[:] = abs(value) * 1e-9
    slopes = Slopes(np.array([claim]), np.array([0.0]), found)
    looks = second_look(lines, FLOAT64, slopes, abs(f(x)), roundings=Roundings(grain))
    return bool(looks.confirmed[0]), bool(looks.withdrawn[0])


@pytest.mark.parametrize("factor", [2, 0.5, -1, 0, 1 + 1e-6, 1 - 1e-8])
def test_wrong_claim_is_confirmed(factor):
    assert looked(np.exp, 0.5, factor * np.exp(0.5)) == (True, False)


def test_value_that_is_wrong_is_not_confirmed():
    """Small steps see the right claim; without them the second ladder does not see the wrong value."""
    assert looked(np.exp, 0.5, np.exp(0.5), value=1.8) == (False, True)


def test_second_ladder_alone_does_not_confirm_a_wrong_value(monkeypatch):
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    assert looked(np.exp, 0.5, np.exp(0.5), value=1.8) == (False, False)
    assert looked(np.exp, 0.5, 2 * np.exp(0.5)) == (True, False)


@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9])
def test_slope_on_one_side_of_a_kink_is_no_mistake(side, distance):
    """v is that of the steps beyond the kink, which are all that was taken."""
    x = side * distance
    assert looked(lambda v: max(v, 0.0) + v * v + 1, x, (side > 0) + 2 * x, value=0.5) == (False, True)


def test_constant_says_nothing_about_a_small_claim_and_enough_about_a_large_one():
    assert looked(lambda v: 1.0, 0.5, 1e-6, value=0.0)[0] is False
    assert looked(lambda v: 1.0, 0.5, 1.0, value=0.0) == (True, False)


def test_nodes_of_the_second_ladder_are_not_those_of_the_first():
    seen = []

    def f(v):
        seen.append(float(v))
        return np.exp(v)

    looked(f, 0.5, 3.0)
    visited = [node for node in seen if node != 0.5]
    assert len(set(visited)) == len(visited)


def test_domain_is_not_left():
    seen = []

    def f(v):
        seen.append(float(v[0]))
        return np.log(v[0])

    x, ends = np.array([1e-3]), {"lower": np.array([1e-4]), "upper": np.array([1.0])}
    lines = coordinates(Function(f, Parameters(x)), x)
    found = estimated(lines, FLOAT64, **ends)
    slopes = Slopes(np.array([500.0]), np.array([0.0]), found)
    assert second_look(lines, FLOAT64, slopes, 7.0, **ends).confirmed.all()
    assert min(seen) >= 1e-4


@pytest.mark.parametrize(
    "second, confirmed",
    [(1.0, True), (1.3, True), (0.7, True), (1.35, False), (0.65, False), (1.6, False), (2.0, False)],
)
def test_second_value_confirms_within_a_third_of_the_deviation(monkeypatch, second, confirmed):
    """The claim is 2 and the first value 1: what is farther from both, or between them, confirms neither."""

    def other(lines, fmt, **options):
        found = estimated(lines, fmt)
        found.value[:], found.error[:] = second, 1e-9
        return found

    monkeypatch.setattr(module, "estimated", other)
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    monkeypatch.setattr(Slopes, "is_suspect", np.zeros(1, bool))  # the second and a third value are the same one here
    assert looked(lambda v: v, 0.5, 2.0, value=1.0)[0] is confirmed


@pytest.mark.parametrize(
    "second, third, confirmed",
    [
        ((1.0, 5.0), (1.0, 1e-9), True),  # the second bar is too wide to say anything
        ((1.6, 5.0), (1.0, 1e-9), True),
        ((0.4, 1e-9), (0.4, 1e-9), True),  # the first value is off, two others are one
        ((0.4, 1e-9), (1.6, 1e-9), False),
        ((1.6, 5.0), (1.6, 1e-9), False),
        ((2.0, 1e-9), (1.0, 1e-9), False),  # the second value is the claim
        ((1.6, 0.9), (1.0, 1e-9), False),  # it is nearer to the claim, with a bar below the deviation
        ((1.6, 1.1), (1.0, 1e-9), True),
    ],
)
def test_third_value_decides_where_the_second_one_is_neither(monkeypatch, second, third, confirmed):
    """The claim is 2 and the first value 1."""
    answers = [(1.0, 1e-9), second, third]

    def other(lines, fmt, **options):
        found = estimated(lines, fmt)
        found.value[:], found.error[:] = answers[1 if options["start"][0] > 3 * found.step[0] else 2]
        return found

    monkeypatch.setattr(module, "estimated", other)
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    assert looked(lambda v: v, 0.5, 2.0, value=1.0)[0] is confirmed


def test_third_value_is_not_taken_in_16_bits(monkeypatch):
    taken = []

    def other(lines, fmt, **options):
        taken.append(options["start"])
        found = estimated(lines, fmt)
        found.value[:], found.error[:] = 0.4, 1e-9
        return found

    monkeypatch.setattr(module, "estimated", other)
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    lines = coordinates(Function(lambda v: v[0], Parameters([0.5])), np.array([0.5]))
    found = estimated(lines, FLOAT64)
    for is_coarse, count in ((True, 1), (False, 2)):
        taken.clear()
        second_look(lines, FLOAT64, Slopes(np.array([2.0]), np.array([0.0]), found, is_coarse), 0.5)
        assert len(taken) == count


@pytest.mark.parametrize("grains, confirmed", [(1.9, False), (2.1, True)])
def test_constant_contradicts_a_claimed_change_of_two_grains(grains, confirmed):
    """The widest step of the second ladder is measured, and the claim put on both sides of the constant."""
    lines = coordinates(Function(lambda v: 1.0, Parameters([0.5])), np.array([0.5]))
    widest = max(
        estimated(lines, FLOAT64, start=module.WIDER * estimated(lines, FLOAT64).step).step[0],
        estimated(lines, FLOAT64).step[0],
    )
    assert looked(lambda v: 1.0, 0.5, grains * 1e-12 / widest, value=0.0, grain=1e-12)[0] is confirmed


def test_grain_is_that_of_the_rounding_or_a_tread():
    rng, x = np.random.default_rng(0), Parameters(np.linspace(0.5, 1.5, 6))

    def grain(f):
        return roundings_of(Function(f, x), f(x.vector), rng).grain

    value = float(np.exp(x.vector).sum())
    assert np.spacing(value) <= grain(lambda v: np.exp(v).sum()) <= 8 * np.spacing(value)
    assert grain(lambda v: float(f"{np.exp(v).sum():.6g}")) >= 9e-5  # numbers of six digits between 10 and 100
    assert grain(lambda v: 1.0) == np.inf


def test_claim_that_is_near_once_by_chance_is_not_withdrawn(monkeypatch):
    """Plain differences are near the claim at the first steps, and not at those between."""
    taken = []

    def plain(lines, step, low, high, most):
        taken.append(float(step[0]))
        is_near = len(taken) <= len(module.PLAIN)
        return tuple(np.full(1, 2 * np.exp(0.5) if is_near and kind == 0 else np.exp(0.5)) for kind in range(3))

    monkeypatch.setattr(module, "_plain", plain)
    assert looked(np.exp, 0.5, 2 * np.exp(0.5)) == (True, False)
    assert taken[len(module.PLAIN)] == pytest.approx(module.BETWEEN * taken[0])


@pytest.mark.parametrize("distance, withdrawn", [(1.05, True), (0.95, False)])
def test_kink_next_to_a_plain_step_is_seen_at_the_smaller_ones_again(monkeypatch, distance, withdrawn):
    """Steps up to the kink see the claim; the second plain step is the last of these, or already beyond it."""
    kink = distance * module.PLAIN[1] * module.ROOM * 2.0**-53

    def plain(lines, step, low, high, most):
        return tuple(np.where(step < kink, 2.0, 1.0) * np.exp(0.5) for _ in range(3))

    monkeypatch.setattr(module, "_plain", plain)
    assert looked(np.exp, 0.5, 2 * np.exp(0.5))[1] is withdrawn


def test_plain_steps_are_asked_again_at_other_nodes_with_errors_of_a_sixth():
    steps = {factor * part for factor in module.PLAIN for part in (1.0, module.BETWEEN)}
    assert len(steps) == 2 * len(module.PLAIN)
    assert module.ROOM * module.BETWEEN >= 6


@pytest.mark.parametrize("part, withdrawn", [(3.9, False), (4.1, True)])
def test_error_of_f_at_x_is_not_a_slope_on_one_side(monkeypatch, part, withdrawn):
    """Differences on one side count from steps on at which the noise is a quarter of the deviation, which is 1 here."""
    size = 1.5
    first = module.ROOM * 2.0**-53 * size

    def plain(lines, step, low, high, most):
        is_narrow = step < 1.5 * module.PLAIN[-1] * first  # not where the noise stands for the rounding
        return np.full(1, 1.0), np.where(is_narrow, 2.0, 1.0), np.full(1, 0.0)

    monkeypatch.setattr(module, "_plain", plain)
    lines = coordinates(Function(lambda v: 1.0 + v[0], Parameters([0.5])), np.array([0.5]))
    found = estimated(lines, FLOAT64)
    found.noise[:] = module.BETWEEN * module.PLAIN[1] * first / part  # at the second of the narrowest two that count
    slopes = Slopes(np.array([2.0]), np.array([0.0]), found)
    assert bool(second_look(lines, FLOAT64, slopes, size).withdrawn[0]) is withdrawn


def test_plain_steps_are_two_spacings_at_least():
    """A claim that is off by much needs so small a step that it would be one spacing, or none."""
    seen, x = [], 1e6
    looked(lambda v: seen.append(float(v)) or v, x, 1e9)
    apart = np.abs(np.array(seen) - x)
    assert 2 * np.spacing(x) <= apart[apart > 0].min() <= 3 * np.spacing(x)


def checked(f, gradient, x, **options):
    """Return the check of a function of arrays, in one or a few coordinates."""
    return numdiff.check_gradient(f, gradient, np.array(x), **options)


@pytest.mark.parametrize("width", [1e-3, 1e-4, 1e-6])
def test_claim_that_misses_a_narrow_peak_at_x_is_not_called_right(width):
    """A mixture of a wide and a narrow density: steps longer than the narrow one see the wide one alone."""

    def f(v):
        return -np.log(np.exp(-((v[0] - 2) ** 2) / 2) + np.exp(-(((v[0] - 1) / width) ** 2) / 2) / width)

    check = checked(f, lambda v: v - 2, [1 + width / 2])
    assert check.verdict != "agree"
    assert "small steps see another slope" in str(check) or check.verdict == "disagree"


@pytest.mark.parametrize(("size", "rate"), [(1e-5, 1e6), (1e-6, 1e7), (1e-7, 1e9), (1e-8, 1e9)])
def test_claim_that_misses_a_small_fast_wave_is_not_called_right(size, rate):
    check = checked(lambda v: v[0] ** 2 + size * np.sin(rate * v[0]), lambda v: 2 * v, [0.7])
    assert check.comparisons[0].verdict == "undecided"
    assert "small steps see another slope" in check.comparisons[0].reason


def test_wave_that_is_too_flat_to_matter_leaves_the_claim_right():
    assert checked(lambda v: v[0] ** 2 + 1e-9 * np.sin(1e6 * v[0]), lambda v: 2 * v, [0.7]).verdict == "agree"


@pytest.mark.parametrize("directions", [None, 4])
def test_value_at_x_apart_from_all_others_is_said(directions):
    x = [1.0, 2.0]
    check = checked(lambda v: v @ v + 1e-9 * (v.tolist() == x), lambda v: 2 * v, x, directions=directions)
    assert check.verdict == "inconclusive"
    assert all("f(x) is off the line" in one.reason for one in check.comparisons)


def test_stair_and_random_rounding_do_not_contradict_a_right_claim():
    """Small steps of a stair see a slope of 0, and those of a noisy f another one each time."""
    stair = checked(lambda v: np.round(np.exp(v[0]), 9), lambda v: np.exp(v), [0.5])
    noisy = checked(lambda v: np.exp(v[0]) + 1e-9 * np.sin(1e20 * v[0]), lambda v: np.exp(v), [0.5])
    assert (stair.verdict, noisy.verdict) == ("agree", "agree")


def test_small_steps_cost_one_evaluation_where_they_see_the_claim():
    lines = coordinates(Function(lambda v: np.exp(v).sum(), Parameters([0.5, 1.0])), np.array([0.5, 1.0]))
    found, before = estimated(lines, FLOAT64), lines.evaluations + lines.at_x().size
    slopes = Slopes(np.exp([0.5, 1.0]), np.zeros(2), found)
    slope, apart = module.contradicted(lines, FLOAT64, slopes, 4.4, 0.1 * found.value)
    assert np.isnan([slope, apart]).all()
    assert lines.evaluations == before + 2


def normalised(seed, n=16, offset=100.0, dtype=np.float32):
    """A layer norm, whose mean is rounded as its arguments are."""
    rng = np.random.default_rng(seed)
    x, w = (offset + rng.standard_normal(n)).astype(dtype), rng.standard_normal(n).astype(dtype)

    def parts(v):
        centered = v - v.mean()
        size = np.sqrt((centered * centered).mean())
        return centered / size, size

    def gradient(v):
        h, size = parts(v)
        return (w - w.mean() - h * (w * h).mean()) / size

    return (lambda v: (w * parts(v)[0]).sum()), gradient, x


def waves(seed, offset, ulps=16, dtype=np.float32):
    """Waves of some units in the last place of an offset."""
    rng = np.random.default_rng(seed)
    x, base = rng.uniform(0.5, 2, 2).astype(dtype), dtype(offset)
    size, rate = dtype(ulps * np.spacing(base)), dtype(rng.uniform(50, 1000))
    return (lambda v: base + (size * np.sin(rate * v)).sum()), (lambda v: size * rate * np.cos(rate * v)), x


def test_right_gradient_is_not_wrong_where_the_noise_of_a_slope_is_small_by_luck():
    f, gradient, x = normalised(72)
    assert check_gradient(f, gradient, x, directions=0).verdict is not Verdict.DISAGREE


@pytest.mark.parametrize("factor", [2, 0.5, -1])
def test_wrong_gradient_of_a_layer_norm_is_found(factor):
    for seed in range(3):
        f, gradient, x = normalised(seed)
        found = check_gradient(f, lambda v: factor * gradient(v), x, directions=0).comparisons  # noqa: B023
        assert [one.verdict for one in found].count(Verdict.DISAGREE) >= 12


@pytest.mark.parametrize("offset", [100, 1e4])
@pytest.mark.parametrize("seed", [3, 8, 11, 28, 37, 49, 57, 142, 168, 170, 202, 246])
def test_right_gradient_of_a_wave_of_few_units_in_the_last_place_is_not_wrong(offset, seed):
    f, gradient, x = waves(seed, offset)
    assert check_gradient(f, gradient, x, directions=0).verdict is not Verdict.DISAGREE


@pytest.mark.parametrize("scatter, confirmed", [(2e-4, True), (4e-4, False)])
def test_value_that_knows_of_less_noise_than_f_has_needs_wider_bars(monkeypatch, scatter, confirmed):
    """The value knows of noise of 1e-4, and a second value has a bar that holds the claim."""

    def other(lines, fmt, **options):
        found = estimated(lines, fmt)
        found.value[:], found.error[:] = 1.0, 0.5
        return found

    monkeypatch.setattr(module, "estimated", other)
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    monkeypatch.setattr(module, "scatter_along", lambda *arguments: np.array([scatter]))
    lines = coordinates(Function(lambda v: v[0], Parameters([0.5])), np.array([0.5]))
    found = estimated(lines, FLOAT64)
    found.noise[:] = 1e-4
    looks = second_look(lines, FLOAT64, Slopes(np.array([2.0]), np.array([0.0]), found), 0.5)
    assert bool(looks.confirmed[0]) is confirmed


@pytest.mark.parametrize(
    "noise, freedom, seen, confirmed",
    [
        (3, 6, 2.0, False),  # a wave with the slope that is claimed
        (3, 6, 1.6, False),
        (3, 6, 1.4, True),
        (3, 6, 1.0, True),
        (3, 6, 0.0, True),  # a stair
        (1, 6, 2.0, True),  # rounding
        (3, 4, 2.0, True),  # a truncation error
    ],
)
def test_small_steps_see_that_a_claim_is_wrong_where_noise_may_be_a_wave(monkeypatch, noise, freedom, seen, confirmed):
    """The claim is 2 and both values 1."""
    size = 0.5

    def other(lines, fmt, **options):
        found = estimated(lines, fmt)
        found.noise[:] = 0
        return found

    monkeypatch.setattr(module, "estimated", other)
    monkeypatch.setattr(module, "_is_withdrawn", lambda *arguments: np.zeros(1, bool))
    monkeypatch.setattr(
        module, "_plain", lambda lines, step, low, high, most: (np.where(step <= most, seen, np.nan),) * 3
    )
    lines = coordinates(Function(lambda v: v[0], Parameters([0.5])), np.array([0.5]))
    found = estimated(lines, FLOAT64)
    found.noise[:], found.freedom[:] = noise * 2.0**-53 * size, freedom
    looks = second_look(lines, FLOAT64, Slopes(np.array([2.0]), np.array([0.0]), found), size)
    assert bool(looks.confirmed[0]) is confirmed
