"""How far a function is smooth around a point: obstacles are found where they are, and nowhere else."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.analysis import smooth
from numdiff.analysis.smooth import CUTS, Room, Sides, Surroundings
from numdiff.analysis.taylor import CONTINUED_BITS, taylor_series
from numdiff.floats.dyadic import dyadic

ULP = Fraction(1, 2**52)
EVERYWHERE = (-math.inf, math.inf)


def around(f: Any, x: float, order: int = 3, domain: Sides = EVERYWHERE) -> Surroundings:
    series = taylor_series(f, [dyadic(x)])[0]
    assert series is not None
    return Surroundings(f, Fraction(x), series, order, ULP, domain)


def room(f: Any, x: float, far: float = 0.5, **options: Any) -> Sides:
    return around(f, x, **options).within(Room(Fraction(far), Fraction(far)))[0]


A = 0.75
OBSTACLES: dict[str, Any] = {
    "kink": lambda x: np.abs(x - A),
    "corner of a maximum": lambda x: np.maximum(x, A) * x,
    "corner of a clip": lambda x: np.clip(x, A, 8.0),
    "jump": lambda x: np.where(x < A, np.sin(x), np.cos(x)),
    "joint of parabolas": lambda x: np.maximum(x - A, 0.0) ** 2 + x,
    "faint kink": lambda x: np.exp(x) + 2.0**-20 * np.abs(x - A),
    "pole": lambda x: 1 / (x - A),
    "pole of order 2 in a sum": lambda x: np.exp(x) + 1e-6 / (x - A) ** 2,
    "pole of the tangent": lambda x: np.cos(x - A) / np.sin(x - A),
    "essential singularity": lambda x: np.exp(-1 / (x - A) ** 2),
    "cube root": lambda x: np.cbrt(x - A),
    "root of a modulus": lambda x: np.sqrt(np.abs(x - A)),
    "logarithm of a modulus": lambda x: np.log(np.abs(x - A)),
}


@pytest.mark.parametrize("name", OBSTACLES)
@pytest.mark.parametrize("distance", [4 * ULP, Fraction(1, 1000), Fraction(1, 8)], ids=["4ulp", "0.001", "1/8"])
def test_room_ends_just_before_an_obstacle_on_its_side_only(name: str, distance: Fraction) -> None:
    for sign in (1, -1):
        x = float(Fraction(A) + sign * distance)
        away = float(abs(Fraction(x) - Fraction(A)))
        left, right = room(OBSTACLES[name], x)
        near, other = (left, right) if sign == 1 else (right, left)
        assert away * (1 - 2.0 ** -(CUTS - 1)) <= near < away
        assert other == math.inf


@pytest.mark.parametrize(
    "f, x",
    [(lambda x: np.sqrt(x - 0.75), 0.76), (lambda x: np.log(x - 0.75), 0.76), (lambda x: (x - 0.75) ** 1.5, 0.76)],
)
def test_room_ends_with_the_domain_of_a_function(f: Any, x: float) -> None:
    left, right = room(f, x)
    assert 0.0099 < left < 0.01 + 2.0**-50
    assert right == math.inf


SMOOTH: dict[str, Any] = {
    "exp": np.exp,
    "wide enclosure": lambda x: 1 / (1 - x + x * x + np.sin(5 * x) - np.sin(5 * x)),
    "removable singularity": lambda x: (1 - np.cos(x - A)) / (x - A) ** 2,
    "guarded sin(x)/x": lambda x: np.where(x == A, 1.0, np.sin(x - A) / (x - A)),
    "equal branches": lambda x: np.where(x < A, x**2, x * x),
}


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize("x", [0.7509765625, 0.7001953125])
def test_a_smooth_function_has_room_on_both_sides(name: str, x: float) -> None:
    assert room(SMOOTH[name], x) == (math.inf, math.inf)


def test_room_never_ends_behind_a_kink_that_is_hidden_by_a_removable_singularity() -> None:
    left, right = room(lambda x: np.sin(x - A) / (x - A) + np.abs(x - 0.6875), 0.8125)
    assert 0.0624 < left < 0.125
    assert right == math.inf


@pytest.mark.parametrize("share", [0.002, 0.01, 0.1, 0.3, 0.9, 1.5])
@pytest.mark.parametrize("distance", [2.0**-30, 2.0**-10, 0.125])
def test_room_ends_at_a_branch_that_is_taken_for_a_stretch_only(share: float, distance: float) -> None:
    """f is the same function before and behind the stretch, from a distance to (1 + share) times as much."""
    low, high = A + distance, A + distance * (1 + share)
    left, right = room(lambda x: np.where((x > low) & (x < high), np.sin(x) + 1, np.sin(x)), A)
    assert distance * (1 - 2.0 ** -(CUTS - 1)) <= right < distance
    assert left == math.inf


@pytest.mark.parametrize("bits, seen", [(8, True), (-8, False)])
def test_a_kink_is_taken_for_none_only_below_the_digits_of_the_series(bits: int, seen: bool) -> None:
    """|x − a| at the distance 1, beside 1: what is not seen is 2⁻⁴⁸ of the function."""
    size = 2.0 ** (bits - CONTINUED_BITS)
    left, right = room(lambda x: np.cos(x * 2.0**-4) + size * np.abs(x - A), 0.8125, far=1.0)
    assert (left < 1) == seen
    assert right == math.inf


def test_nothing_is_looked_for_beyond_the_domain() -> None:
    found, looked = around(np.log, 1.0, domain=(0.0, 2.0)).within(Room(Fraction(4), Fraction(4)))
    assert found == (1.0, 1.0)
    assert looked.left == looked.right < 1


def test_more_is_looked_for_only_beyond_what_is_known() -> None:
    here = around(lambda x: np.abs(x - 4.0), 1.0)
    found, looked = here.within(Room(Fraction(1), Fraction(1)))
    assert found == (math.inf, math.inf)
    assert here.beyond(Room(Fraction(1, 2), Fraction(1)), found, looked) == (found, looked)
    found, looked = here.beyond(Room(Fraction(1, 2), Fraction(8)), found, looked)
    assert found[0] == math.inf
    assert 2.99 < found[1] < 3
    assert here.beyond(Room(Fraction(1), Fraction(16)), found, looked) == (found, looked)


def test_the_work_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """sin(1/x) beside 0 has no radius: the search ends all the same, before the singularity."""
    asked: list[int] = []
    enclose = smooth.enclose_derivatives

    def counted(f: Any, balls: Any, *rest: int) -> Any:
        asked.append(len(balls))
        return enclose(f, balls, *rest)

    monkeypatch.setattr(smooth, "enclose_derivatives", counted)
    left, _ = room(lambda x: np.sin(1 / x), 0.25)
    assert 0 < left <= 0.25
    assert sum(asked) < 3 * smooth._MOST_PIECES + 200
