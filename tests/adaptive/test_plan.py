"""What a search begins with."""

import numpy as np
import pytest

from numdiff.adaptive.engine import estimate
from numdiff.adaptive.ladder import MULTIPLIERS, START, Scheme
from numdiff.adaptive.plan import (
    APART,
    FEW,
    GENERIC,
    GRAINS,
    first_start,
    grains,
    natural_start,
    plan,
    power_below,
    spacing,
)
from numdiff.floats.formats import FORMATS
from tests.adaptive.estimating import Asked


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_the_spacing_is_that_of_the_format(name):
    fmt = FORMATS[name]
    sizes = np.array([1.0, 1.5, 3.0, 0.3, 100.0, float(fmt.smallest_subnormal), 0.0])
    found = spacing(fmt, sizes)
    rounded = sizes.astype(fmt.dtype)
    after = np.array([np.nextafter(v, fmt.dtype.type(np.inf)) for v in rounded]).astype(float)
    assert found.tolist() == (after - rounded.astype(float)).tolist() or name == "float16"
    assert found[0] == 2.0 ** (1 - fmt.precision)
    assert found[-1] == float(fmt.smallest_subnormal)


def test_the_spacing_of_float64_is_that_of_numpy(rng):
    x = np.abs(rng.standard_normal(1000)) * 10.0 ** rng.integers(-300, 300, 1000)
    assert spacing(FORMATS["float64"], x).tolist() == np.spacing(x).tolist()


def test_the_power_below_is_exact_at_powers_and_beside_them():
    x = np.array([1.0, np.nextafter(1, 0), np.nextafter(1, 2), 2.0**-1022, 2.0**1023])
    assert power_below(x).tolist() == [1.0, 0.5, 1.0, 2.0**-1022, 2.0**1023]


def test_wider_formats_take_more_levels():
    levels = [plan(FORMATS[name], Scheme(1)).levels for name in ("bfloat16", "float32", "float64")]
    assert levels == sorted(levels)
    assert levels[-1] == 6
    assert plan(FORMATS["float64"], Scheme(3)).fewest == plan(FORMATS["float64"], Scheme(1)).fewest + 1


def test_the_first_start_is_that_of_the_square_root_within_spacings_and_room():
    fmt = FORMATS["float64"]
    own = plan(fmt, Scheme(1))
    size = np.array([0.0, 1.0, 100.0, 1e40, 1.0])
    room = np.array([np.inf, np.inf, np.inf, np.inf, 1e-3])
    found = first_start(fmt, own, size, room, natural_start(own, size))
    assert found[:3] / GENERIC == pytest.approx([0.125, 0.125, 1.25])
    assert found[3] == 64 * np.spacing(1e40)
    assert found[4] == GENERIC * 1e-3
    assert first_start(fmt, own, size, room, np.full(5, 0.5)).tolist()[:3] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("levels", range(3, 12))
def test_the_steps_of_the_least_start_differ_by_two_spacings(name, levels):
    fmt = FORMATS[name]
    steps = grains(fmt, levels) * MULTIPLIERS[START : START + levels]
    assert (steps[:-1] - steps[1:]).min() >= APART - 1e-12 or levels == FEW
    assert steps[-1] >= (APART if levels > FEW else 1.6)
    assert len(set(np.rint(steps))) == levels


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
@pytest.mark.parametrize("levels", range(3, 12))
def test_the_least_start_is_below_half_of_x_in_formats_of_few_bits(name, levels):
    fmt = FORMATS[name]
    assert GRAINS <= grains(fmt, levels) <= 0.5 * 2.0 ** (fmt.precision - 1)


@pytest.mark.parametrize("name", ["bfloat16", "float32", "float64"])
def test_an_x_below_the_root_of_u_says_nothing_of_the_first_step(name):
    fmt = FORMATS[name]
    own, root = plan(fmt, Scheme(2)), float(fmt.unit_roundoff) ** 0.5
    sizes = np.array([0.0, 1e-30, 0.99 * root, root, 1.0])
    found = natural_start(own, sizes) / own.scale / GENERIC
    assert found == pytest.approx([1, 1, 1, root**0.5, 1])


def test_steps_do_not_share_the_low_bits_of_x():
    """With a start of few bits, 1 + x would be rounded alike at all nodes, and no difference would show it."""
    fmt = FORMATS["float64"]
    asked = Asked(np.sin, fmt)
    estimate(asked, np.array([0.7]), fmt)
    steps = np.unique(np.abs(asked.all_nodes() - 0.7))
    grain = 2.0**-40
    assert all(step / grain != np.rint(step / grain) for step in steps)
    narrowest = GRAINS * MULTIPLIERS[START + 5]
    assert 1 < narrowest < 8
