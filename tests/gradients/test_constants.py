"""Values that are constant along a line are found by one search for all of them, and told what each would be told."""

from dataclasses import fields

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS
from numdiff.gradients import constants
from numdiff.gradients.arrays import ArrayFunction
from numdiff.gradients.constants import searched_apart
from numdiff.gradients.lines import coordinates
from numdiff.gradients.searches import estimated, gathered, starts

NAMES = [name for name in ("float16", "bfloat16", "float32", "float64", "float80") if name in FORMATS]


def mixed(x):
    """Return squares, constants, zeros, NaN, and a value that is constant near 0.5 alone."""
    step = np.where(np.abs(x - x.dtype.type(0.5)) < 0.02, 1, x).astype(x.dtype)
    rest = np.array([3.0, 0.0, -(2.0**-20), np.nan], x.dtype)
    return np.concatenate([x * x, rest, step])


@pytest.mark.parametrize("block", [1, 7, 40, 10**6])
@pytest.mark.parametrize("name", NAMES)
def test_every_value_is_told_what_its_own_search_tells(name, block):
    fmt = FORMATS[name]
    x = fmt.as_array([0.3, 0.5, 0.0, 1000.0])
    lines = coordinates(ArrayFunction(mixed, fmt, x.shape, False, False), x)
    lines.at_x()
    own = starts(lines, fmt, 1, None)
    found = gathered(searched_apart(lines, fmt, own, block), 4 * lines.size)
    expected = estimated(lines, fmt)
    for field in fields(expected):
        a, b = getattr(found, field.name), getattr(expected, field.name)
        np.testing.assert_allclose(a, b, rtol=4 * 2.0**-53, err_msg=field.name)


def test_f_is_evaluated_once_at_each_node(monkeypatch):
    def counted():
        seen = []

        def f(x):
            seen.append(x.tobytes())
            return x * x

        found = nd.jacobian(f, np.linspace(0.1, 2, 40))
        assert len(set(seen)) == len(seen)
        return found, len(seen)

    found, count = counted()
    monkeypatch.setattr(constants, "MANY", 10**9)
    monkeypatch.setattr("numdiff.gradients.asked.MANY", 10**9)
    expected, least = counted()
    assert np.array_equal(found, expected)
    assert count <= least + 40


@pytest.mark.parametrize("workers", [1, 2])
def test_progress_counts_each_line_once(workers):
    told = []
    x = np.linspace(0.1, 2, 600)
    found = nd.jacobian(lambda v: v[:3] ** 2, x, progress=lambda *now: told.append(now), workers=workers)
    assert np.allclose(found[:, :3], np.diag(2 * x[:3]))
    assert not found[:, 3:].any()
    assert told == sorted(told)
    assert told[-1] == (600, 600)
