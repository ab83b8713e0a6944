"""Halves are fixed by a published rule; cases are distinct, inside their domains and held by their formats."""

import hashlib

import numpy as np
import pytest

from experiments.league.cases import (
    COVERAGE_FUNCTIONS,
    COVERAGE_POINTS,
    HALVES,
    RANDOM_POINTS,
    covered_functions,
    half_of,
    league_functions,
    points_of,
    subject_of,
    usable,
)
from experiments.league.yardsticks import Yardsticks, x_of, yardsticks_of
from numdiff.floats.formats import FORMATS
from numdiff.problems import PROBLEMS, Problem

HALF = {"exp": "judgement", "square": "development", "runge": "judgement", "shi_cubic": "development"}


def test_halves_follow_from_the_first_byte_of_the_name():
    for name in PROBLEMS:
        byte = int(hashlib.sha256(name.encode()).hexdigest()[:2], 16)
        assert half_of(name) == HALVES[byte // 128]


def test_some_halves_are_what_they_were():
    assert {name: half_of(name) for name in HALF} == HALF


def test_noisy_cases_belong_to_the_half_of_their_function():
    plain, noisy = (
        Yardsticks("league", ("exp", "square"), "float64", noise).measure()["cases"] for noise in ("none", "1e-4")
    )
    assert plain[["problem", "x", "half"]].equals(noisy[["problem", "x", "half"]])


@pytest.mark.parametrize("name", FORMATS)
def test_cases_are_the_points_and_random_ones_distinct_and_inside(name):
    fmt = FORMATS[name]
    for function in league_functions(name):
        problem, x = PROBLEMS[function], points_of(function, fmt, RANDOM_POINTS)
        assert len(set(x.tolist())) == len(x) >= RANDOM_POINTS + 1
        assert all(problem.domain[0] < float(point) < problem.domain[1] for point in x)
        assert usable(function, fmt, x).all()


def test_random_points_do_not_depend_on_how_many_are_asked_for():
    fmt = FORMATS["float64"]
    few, many = points_of("runge", fmt, 4), points_of("runge", fmt, 50)
    assert many[: len(few)].tolist() == few.tolist()


def test_points_without_a_derivative_that_the_format_holds_are_passed_over():
    fmt = FORMATS["float16"]
    x = fmt.as_array(np.array([-12.0, 0.5]))
    assert usable("sigmoid", fmt, x).tolist() == [False, True]  # exp(12) overflows, and the slope is subnormal


@pytest.mark.parametrize("name", FORMATS)
def test_coverage_is_measured_at_400_points_of_15_functions_of_each_half(name):
    chosen = covered_functions(name)
    assert {half: sum(half_of(f) == half for f in chosen) for half in HALVES} == dict.fromkeys(
        HALVES, COVERAGE_FUNCTIONS
    )
    assert chosen == covered_functions("float64")
    for function in chosen[:: COVERAGE_FUNCTIONS // 3]:
        assert len(points_of(function, FORMATS[name], COVERAGE_POINTS)) >= COVERAGE_POINTS


def test_published_tables_do_not_take_part():
    assert all(PROBLEMS[name].family != "published" for name in league_functions("float64"))
    assert "lambert_w" in league_functions("float64")
    assert "lambert_w" not in league_functions("float32")  # SciPy computes it in float64 alone


def test_a_function_that_is_known_by_its_twin_takes_part():
    from mpmath import mp

    twin = Problem(
        name="twin_of_exp",
        formula="exp(x)",
        f=np.exp,
        derivative=None,
        points=(0.5,),
        domain=(-1.0, 1.0),
        source="ours",
        reason="Known by its twin.",
        family="classic",
        exact=(mp.exp, mp.exp),
    )
    with PROBLEMS.holding(twin):
        high, low = subject_of("twin_of_exp").truth([(1, -1)])
    subject_of.cache_clear()
    assert (high[0], low[0]) == (1.6487212707001282, subject_of("exp").truth([(1, -1)])[1][0])


def test_points_come_back_from_their_text_in_every_format():
    for name, fmt in FORMATS.items():
        cases = yardsticks_of("league", name)[0].measure()["cases"]
        x = x_of(cases)
        assert x.dtype == fmt.dtype
        assert [fmt.hex(point) for point in x] == cases["x"].to_list()


def test_noise_is_absolute_where_the_function_is_zero():
    cases = Yardsticks("league", ("shi_cubic",), "float64", "1e-8").measure()["cases"]
    assert cases["absolute"].to_list() == [text == "0x0p+0" for text in cases["x"]]
    assert (cases["deviation"] > 0).all()


def test_measuring_twice_gives_the_same_cases_and_the_same_digests():
    item = Yardsticks("league", ("exp", "runge"), "float32", "none")
    assert item.measure()["cases"].equals(item.measure()["cases"])
    assert item.values().equals(item.values())
    assert item.key() != Yardsticks("league", ("exp", "runge"), "float32", "1e-4").key()
