"""Exact nodes: found where there are some, and claimed nowhere else."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from numdiff.analysis.representable import SHORT_BITS, exact_nodes, exactly_representable, short_steps
from numdiff.floats.dyadic import dyadic
from numdiff.floats.formats import FORMATS
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil, centered
from numdiff.formulas.table import METHODS

HALF = Stencil("half", (Fraction(1, 2), Fraction(-1, 2)), (Fraction(1), Fraction(-1)), 1)
POINTS = (1.0, 0.75, 1.0625, -2.5, 1000.0, 1e4, 0.0, 3 * 2.0**-12)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stencil", [FORWARD, CENTERED, centered(4), HALF], ids=lambda s: s.name)
def test_a_node_is_called_exact_only_if_the_format_holds_it(name: str, stencil: Stencil) -> None:
    fmt = FORMATS[name]
    steps = np.array([2.0**k * (1 + i / 8) for k, i in itertools.product(range(-14, 3), range(8))])
    for given in POINTS:
        x = fmt.lift(fmt.round(Fraction(given)))
        for c, exact in zip(stencil.offsets, exact_nodes(fmt, x, stencil, steps), strict=True):
            held = [fmt.holds(dyadic(x + c * Fraction(h))) and fmt.holds(dyadic(c * Fraction(h))) for h in steps]
            assert not (exact & ~np.array(held)).any()
            if x in (1, 0):
                assert np.array_equal(exact, held)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("method", ["forward", "centered", "centered4", "second_centered"])
def test_moved_steps_have_exact_nodes_and_are_numbers_of_the_format(name: str, method: str) -> None:
    fmt, stencil = FORMATS[name], METHODS[method]
    assert isinstance(stencil, Stencil)
    for given in (1.0, 1.0625, -2.5, 1000.0):
        x = fmt.lift(fmt.round(Fraction(given)))
        steps = float(fmt.spacing(abs(x))) * np.geomspace(3, 60, 25)
        moved = exactly_representable(fmt, x, stencil, steps)
        assert all(fmt.holds(dyadic(h)) for h in moved)
        assert np.abs(moved - steps[:, np.newaxis]).min(1).max() <= 2 * float(fmt.spacing(abs(x)))
        assert np.logical_and.reduce(exact_nodes(fmt, x, stencil, moved)).all()


def test_steps_of_more_than_64_spacings_stay_where_they_are() -> None:
    steps = 2.0**-20 * (1 + np.arange(64) / 64)
    assert np.array_equal(exactly_representable(FORMATS["float64"], Fraction(3, 2), CENTERED, steps), steps)


def test_short_steps_are_whole_spacings_at_the_point() -> None:
    assert list(short_steps(FORMATS["float64"], Fraction(10**10), CENTERED, 4)) == [j * 2.0**-19 for j in (1, 2, 3, 4)]
    # Below a power of two the spacing above is twice as wide: of the nodes 2 − ulp + h, h = 1 ulp is left.
    below = Fraction(2) - Fraction(1, 2**52)
    assert list(short_steps(FORMATS["float64"], below, FORWARD, 4)) == []
    assert list(short_steps(FORMATS["float64"], Fraction(1), HALF, 2)) == [2.0**-51, 2.0**-50]


@pytest.mark.skipif("float80" not in FORMATS, reason="no float80 here")
@pytest.mark.parametrize("bits, exact", [(SHORT_BITS - 1, True), (SHORT_BITS, False)])
def test_a_double_of_many_bits_is_no_exact_step_of_a_wider_format(bits: int, exact: bool) -> None:
    step = np.array([0.25 * (1 + 2.0**-bits)])
    assert exact_nodes(FORMATS["float80"], Fraction(1), FORWARD, step)[0][0] == exact
