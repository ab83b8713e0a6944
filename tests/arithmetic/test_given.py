"""A callable in mpmath: it gets its argument exactly and the precision, which is restored whatever happens."""

import cmath
import math
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from mpmath import mp

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.given import evaluated, magnitude
from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_to_fraction

HALF = (1, -1)


def value(function: Callable[[Any], Any], point: Dyadic = HALF, bits: int = 300) -> Any:
    return evaluated(function, "exact[0]", point, bits)


def test_argument_is_the_number_with_all_its_bits() -> None:
    point = (3**500 | 1, -700)
    assert point[0].bit_length() > 700
    assert value(lambda t: t, point, 64) == point


@pytest.mark.parametrize("bits", [53, 300, 5000])
def test_result_has_the_precision_of_the_call(bits: int) -> None:
    root = dyadic_to_fraction(value(lambda t: mp.sqrt(t * 4), HALF, bits))
    assert abs(root**2 - 2) <= Fraction(2) ** (2 - bits)
    assert abs(root**2 - 2) >= Fraction(2) ** (-bits - 20)


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (lambda t: 3, (3, 0)),
        (lambda t: Fraction(5, 8), (5, -3)),
        (lambda t: mp.mpf(0), (0, 0)),
        (lambda t: -t, (-1, -1)),
        (lambda t: mp.mpc(t, 0), HALF),
        (lambda t: mp.inf, Undefined.POLE),
        (lambda t: -mp.inf, Undefined.POLE),
        (lambda t: mp.nan, Undefined.DOMAIN),
        (lambda t: mp.sqrt(-t), Undefined.DOMAIN),
        (lambda t: mp.log(-t), Undefined.DOMAIN),
        (lambda t: 1 / (t - t), Undefined.DOMAIN),
        (lambda t: mp.gamma(t - t), Undefined.POLE),
        (lambda t: mp.mpc(mp.inf, 1), Undefined.DOMAIN),
    ],
)
def test_numbers_are_exact_and_what_is_none_has_its_reason(function: Any, expected: Any) -> None:
    assert value(function) == expected


def test_fraction_is_rounded_to_the_precision() -> None:
    third = dyadic_to_fraction(value(lambda t: Fraction(1, 3), HALF, 100))
    assert 0 < abs(third - Fraction(1, 3)) <= Fraction(1, 2**102)


def test_constant_of_mpmath_has_the_precision_of_the_call() -> None:
    low, high = (value(lambda t: mp.pi, HALF, bits) for bits in (100, 200))
    assert low[0].bit_length() <= 100 < high[0].bit_length() <= 200


@pytest.mark.parametrize(
    "function",
    [
        lambda t: math.sin(t),
        lambda t: np.sin(float(t)),
        lambda t: np.float32(0.5),
        lambda t: cmath.sin(complex(t)),
        lambda t: True,
        lambda t: None,
        lambda t: "0.5",
        lambda t: [t],
    ],
)
def test_what_has_no_precision_of_mpmath_is_refused_by_its_type(function: Any) -> None:
    with pytest.raises(TypeError, match=r"exact\[0\] must return an mpf, got \w+ .* at x = 0\.5.*mp\.mpf\(1\)/3"):
        value(function)


@pytest.mark.parametrize("function", [lambda t: np.sin(t), lambda t: t.sin(), lambda t, u: t, lambda t: t + "1"])
def test_callable_that_fails_on_an_mpf_is_told_to_use_mpmath(function: Any) -> None:
    with pytest.raises(TypeError, match=r"exact\[0\] failed at x = 0\.5 .* it gets one mpf .* mp\.sin\(t\)"):
        value(function)


def test_imaginary_part_that_is_rounding_is_refused_with_the_cure() -> None:
    with pytest.raises(TypeError, match=r"real number.*2\*\*-\d+.*mp\.re"):
        value(lambda t: mp.mpc(t, mp.eps))


@pytest.mark.parametrize("digits", [15, 50, 500])
def test_precision_that_is_set_inside_is_refused(digits: int) -> None:
    def setting(t: Any) -> Any:
        mp.dps = digits
        return mp.sin(t)

    before = mp.prec
    with pytest.raises(ValueError, match=r"must not set mp\.prec or mp\.dps, got \d+ bits after a call with 300"):
        value(setting)
    assert mp.prec == before


@pytest.mark.parametrize("error", [RuntimeError, ValueError, KeyboardInterrupt, ZeroDivisionError])
def test_precision_is_restored_when_the_callable_raises(error: type[BaseException]) -> None:
    def failing(t: Any) -> Any:
        mp.dps = 70
        raise error("by itself")

    before = mp.prec, mp.dps
    if error is ZeroDivisionError:
        assert value(failing) is Undefined.DOMAIN
    else:
        with pytest.raises(error, match="by itself"):
            value(failing)
    assert (mp.prec, mp.dps) == before


def test_precision_of_the_user_survives() -> None:
    with mp.workdps(77):
        before = mp.prec, mp.dps
        value(mp.sin)
        assert (mp.prec, mp.dps) == before


def test_threads_get_the_precision_that_they_ask_for() -> None:
    """Without the lock a thread computes at the precision of another one."""

    def slow(t: Any) -> Any:
        return mp.exp(mp.sin(t)) / mp.mpf(7)

    asked = [100, 700, 1900, 4100]
    serial = [[value(slow, dyadic(k / 64), bits) for k in range(1, 40)] for bits in asked]
    found: list[Any] = [None] * len(asked)
    start = threading.Barrier(len(asked))

    def run(i: int) -> None:
        start.wait()
        found[i] = [value(slow, dyadic(k / 64), asked[i]) for k in range(1, 40)]

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(asked))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == serial


@pytest.mark.parametrize(("number", "expected"), [((1, 0), 1), ((3, -2), 0), ((-5, 10), 13)])
def test_magnitude_is_the_power_of_two_above(number: Dyadic, expected: int) -> None:
    assert magnitude(number) == expected
    assert Fraction(2) ** (expected - 1) <= abs(dyadic_to_fraction(number)) < Fraction(2) ** expected
