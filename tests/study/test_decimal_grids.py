"""Decimal steps and what a format makes of them: which nodes are exact, and where a trick misses."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.problems import PROBLEMS
from numdiff.study.blocks import UserFunction
from numdiff.study.grids import DECIMAL_GRIDS, POINTWISE_GRIDS, decimal_indices, decimal_steps, neighbours, steps_at
from numdiff.study.measure import measure
from numdiff.study.sweep import Sweep, plan

formats = st.sampled_from(list(FORMATS.values()))


def exact(value: Any) -> Fraction:
    """Return a NumPy scalar exactly, without the code under test."""
    return Fraction(*(float(value) if value.dtype.name == "bfloat16" else value).as_integer_ratio())


def held(fmt: FloatFormat, value: Fraction) -> bool:
    return fmt.lift(fmt.round(value)) == value


@st.composite
def points_and_steps(draw: Any) -> tuple[FloatFormat, Any, int]:
    """Return a format, a point of it and a k with 10⁻ᵏ ≤ |x|, none of them near overflow or underflow."""
    fmt = draw(formats)
    significand = draw(st.integers(2 ** (fmt.precision - 1), 2**fmt.precision - 1))
    exponent = draw(st.integers(-6, 6)) - fmt.precision
    x = fmt.round(draw(st.sampled_from((1, -1))) * significand * Fraction(2) ** exponent)
    return fmt, x, draw(st.integers(0, 8))


# --- what is exact -----------------------------------------------------------------------------------------


@given(points_and_steps())
@settings(max_examples=400, deadline=None)
def test_representable_outward_step_makes_both_nodes_exact(case: tuple[FloatFormat, Any, int]) -> None:
    fmt, x, k = case
    (nominal,) = decimal_steps(fmt, "decimal", (k,))
    assume(0 < exact(nominal) <= abs(exact(x)))
    ((h,),) = steps_at(fmt, ("representable_outward",), (k,), np.array([x], dtype=fmt.dtype))
    assert held(fmt, exact(x) + exact(h))
    assert held(fmt, exact(x) - exact(h))
    assert exact(x + h) == exact(x) + exact(h)


@given(points_and_steps())
@settings(max_examples=400, deadline=None)
def test_representable_step_is_the_exact_distance_to_the_node(case: tuple[FloatFormat, Any, int]) -> None:
    fmt, x, k = case
    (nominal,) = decimal_steps(fmt, "decimal", (k,))
    assume(0 < exact(nominal) <= abs(exact(x)))
    ((h,),) = steps_at(fmt, ("representable",), (k,), np.array([x], dtype=fmt.dtype))
    assert exact(h) == exact(x + nominal) - exact(x)
    assert exact(x + h) == exact(x + nominal)


@pytest.mark.parametrize("name", FORMATS)
def test_representable_step_at_minus_1_misses_the_other_node(name: str) -> None:
    """At x = −1 the numbers on the inner side lie twice as close; at x = 1 the trick snaps outwards, and hits both."""
    fmt = FORMATS[name]
    ks = tuple(range(1, 1 + int(fmt.precision * 0.3)))
    x = np.array([-1, 1], dtype=fmt.dtype)
    inward, outward = (steps_at(fmt, (grid,) * len(ks), ks, x) for grid in POINTWISE_GRIDS)
    missed = [[not held(fmt, exact(point) - exact(h)) for h in row] for point, row in zip(x, inward, strict=True)]
    assert any(missed[0])
    assert not any(missed[1])
    assert all(held(fmt, exact(point) - exact(h)) for point, row in zip(x, outward, strict=True) for h in row)


def test_representable_step_in_float64_is_the_one_of_numerical_recipes() -> None:
    for x in (0.1, -3.7, 12.0):
        ((h,),) = steps_at(FORMATS["float64"], ("representable",), (6,), np.array([x]))
        temp = x + 1e-6
        assert h == temp - x != 1e-6


def test_trick_without_x_is_0_for_small_steps_and_misses_for_large_points() -> None:
    fmt = FORMATS["float64"]
    small, large = decimal_steps(fmt, "representable_at_1", (17, 6))
    assert small == (1e-17 + 1.0) - 1.0 == 0
    assert large == (1e-6 + 1.0) - 1.0
    assert held(fmt, 1 + exact(large))
    assert not held(fmt, 16 + exact(large))
    ((outward,),) = steps_at(fmt, ("representable_outward",), (6,), np.array([16.0]))
    assert held(fmt, 16 + exact(outward))


# --- the grids ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FORMATS)
def test_decimal_steps_are_rounded_once(name: str) -> None:
    fmt = FORMATS[name]
    for k, h in zip(range(5), decimal_steps(fmt, "decimal", tuple(range(5))), strict=True):
        spacing = fmt.lift(fmt.spacing(Fraction(1, 10**k)))
        assert abs(exact(h) - Fraction(1, 10**k)) <= spacing / 2
        assert k == 0 or exact(h) != Fraction(1, 10**k)


def test_decimal_steps_in_half_precision_go_to_0_and_float32_moves_them() -> None:
    assert decimal_steps(FORMATS["float16"], "decimal", (8,))[0] == 0
    moved = exact(decimal_steps(FORMATS["float32"], "decimal", (3,))[0]) * 1000 - 1
    assert Fraction(4, 10**8) < abs(moved) < Fraction(1, 2**24)


@pytest.mark.parametrize("k", range(-3, 20))
def test_nearest_power_is_the_nearest_in_ratio(k: int) -> None:
    (h,) = decimal_steps(FORMATS["float64"], "nearest_power", (k,))
    assert exact(h).numerator == 1 or exact(h).denominator == 1
    ratio = exact(h) * Fraction(10) ** k
    assert Fraction(1, 2) < ratio**2 < 2
    assert bin(exact(h).numerator * exact(h).denominator).count("1") == 1


def test_decimal_indices_are_those_between_the_ends() -> None:
    for first in range(-12, 8):
        for last in range(first, 70, 7):
            expected = [
                k for k in range(-30, 60) if Fraction(2) ** -last <= Fraction(10) ** -k <= Fraction(2) ** -first
            ]
            assert list(decimal_indices(range(first, last + 1))) == expected
    assert decimal_indices(range(3, 3)) == ()


def test_steps_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        decimal_steps(FORMATS["float64"], "decimal", (1,))[0] = 1.0


# --- in a sweep ------------------------------------------------------------------------------------------------

SWEEP = Sweep("s", (), ("forward", "centered"), ("float16", "float32", "float64"), DECIMAL_GRIDS, all_points=True)
ARSINH = PROBLEMS["oliver_arsinh"]


def test_every_decimal_step_is_a_cell_or_named_in_a_skip() -> None:
    result = plan(ARSINH, SWEEP)
    for fmt in SWEEP.formats:
        for method in SWEEP.methods:
            mine = [t for t in result.batches if (t.format.name, t.method.name) == (fmt, method)]
            wanted = {k for t in mine for grid, k in zip(t.grids, t.ks, strict=True) if grid == "decimal"}
            for index, point in enumerate(ARSINH.points):
                for grid in DECIMAL_GRIDS:
                    found = [
                        k
                        for t in mine
                        if index in t.point_indices
                        for g, k in zip(t.grids, t.ks, strict=True)
                        if g == grid
                    ]
                    lost = [
                        int(word[3:])
                        for s in result.skips
                        if (s.format, s.method) == (fmt, method)
                        and s.point in ("", repr(point))
                        and f"the grid {grid} is 0" in s.reason
                        for word in s.reason.split(" for h = ")[1].split(", ")
                    ]
                    assert sorted(found + lost) == sorted(wanted), (fmt, method, point, grid)


def test_steps_in_the_records_belong_to_their_point() -> None:
    frame, _ = measure(plan(ARSINH, SWEEP), "arb")
    assert not frame.duplicated(["point", "format", "method", "grid", "k"]).any()
    for row in frame[frame["grid"].isin(POINTWISE_GRIDS)].itertuples():
        fmt = FORMATS[str(row.format)]
        x, h = fmt.from_hex(str(row.x)), decimal_steps(fmt, "decimal", (row.k,))[0]  # type: ignore[arg-type]
        anchor = abs(x) if row.grid == "representable_outward" else x
        assert fmt.from_hex(str(row.step)) == (anchor + h) - anchor > 0
    near = frame[(frame["step_value"] <= frame["x_value"].abs()) & (frame["status"] == "ok")]
    assert (near[near["grid"] == "representable_outward"]["abscissa"] == 0).all()
    assert (near[(near["grid"] == "representable") & (near["method"] == "forward")]["abscissa"] == 0).all()
    missed = near[(near["grid"] == "representable") & (near["abscissa"] != 0)]
    assert set(missed["x_value"]) == {-2.0}
    assert (near[near["grid"] == "decimal"]["abscissa"] != 0).mean() > 0.8


def test_both_engines_write_the_same_bytes() -> None:
    sweep = Sweep("s", (), ("centered",), ("bfloat16", "float64"), DECIMAL_GRIDS, all_points=True, neighbourhood=True)
    written = [measure(plan(ARSINH, sweep), engine)[0].to_csv() for engine in ("mpmath", "arb")]  # type: ignore[arg-type]
    assert written[0] == written[1]


def identity(x: Any) -> Any:
    """Return x, whose slope is 1 up to the error of the nodes."""
    return x / 4


def test_each_neighbour_has_its_own_representable_step() -> None:
    """The forward difference of x/4 is 1/4 exactly where x + h is, and nowhere else.

    Above 4 the spacing is twice that at 3.9, so that the representable step of the point itself would miss there.
    """
    subject = UserFunction("line", identity, None, (3.9,))
    sweep = Sweep("s", (), ("forward",), ("float64",), DECIMAL_GRIDS, neighbourhood=True, first_step=10, last_step=40)
    frame, _ = measure(plan(subject, sweep), "arb")
    for grid, zero in (("representable", True), ("representable_outward", True), ("decimal", False)):
        part = frame[frame["grid"] == grid]
        assert len(part) > 5
        assert (part["max_error"] == 0).all() == zero
        assert (part["failures"] == 0).all()


def test_neighbour_that_absorbs_the_step_is_a_failure() -> None:
    """Half the spacing of float16 is 2⁻¹⁰ below 4 and 2⁻⁹ above: 10⁻³ lies between, and moves no point above."""
    fmt = FORMATS["float16"]
    subject = UserFunction("line", identity, None, (3.9,))
    sweep = Sweep("s", (), ("forward",), ("float16",), ("representable",), neighbourhood=True)
    frame, _ = measure(plan(subject, sweep), "arb")
    (row,) = frame[frame["k"] == 3].itertuples()
    near = neighbours(fmt, fmt.as_array(3.9)[()])
    assert row.failures == np.sum(near >= 4)
    assert 0 < int(row.failures) < row.neighbours == len(near)  # type: ignore[call-overload]
    assert row.max_error == 0


@pytest.mark.parametrize("name", FORMATS)
def test_zeros_of_both_signs_have_records_of_their_own(name: str) -> None:
    """Their steps are the same, and as exact numbers they are too; 1/x is not the same at both."""
    sweep = Sweep("zeros", (), ("forward",), (name,), ("representable",), 1, 8, all_points=True)
    points = (-0.0, 0.0)
    both, *alone = (
        measure(plan(UserFunction("reciprocal", lambda x: 1 / x, None, some), sweep), "arb")[0]
        for some in (points, points[:1], points[1:])
    )
    for column in ("x", "computed"):
        assert both[column].tolist() == [text for frame in alone for text in frame[column]]
    assert both.computed.nunique() == 2
