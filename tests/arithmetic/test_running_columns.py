"""Error bounds by columns: as tight as those of the elements, whatever the company, and rounded upward only."""

import hashlib
import math
from fractions import Fraction

import numpy as np
import pytest

from numdiff.arithmetic.ball import Undefined
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.rounded import rounded
from numdiff.arithmetic.running_columns import DOWN, UP, Column
from numdiff.arithmetic.running_error import _by_columns, _evaluated, _points, evaluation_errors, working_precision
from numdiff.arithmetic.running_operations import NOTHING, Running
from numdiff.floats.formats import FORMATS
from tests.arithmetic.test_running_error import FUNCTIONS, arguments
from tests.arithmetic.tightness_search import compared, intervals, points

ALL = pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
TIGHT = 1 + 2.0**-40
UNIT = Fraction(1, 1 << 53)


@ALL
def test_bounds_of_columns_are_those_of_the_elements_to_their_last_digits(fmt):
    rng = np.random.default_rng(7)
    for f in FUNCTIONS.values():
        with working(working_precision(fmt)):
            corners = _points(fmt.lift_array(arguments(fmt, 2, rng)), fmt)
            items = [points(fmt, 6, rng), intervals(fmt, 6, rng), corners]
        for chosen in items:
            for g in (f, rounded(f)):
                found = compared(g, chosen, fmt)
                assert found.one_sided == 0
                assert (found.ratios <= TIGHT).all()
                assert (found.ratios >= 1 - 2.0**-20).all()  # Arb's radii have 30 bits


def test_a_looser_recurrence_is_seen(monkeypatch):
    """The comparison fails where a bound is larger by one part in 2³⁰."""
    fmt = FORMATS["float32"]
    monkeypatch.setattr("numdiff.arithmetic.column_forms.UP", 1 + 2.0**-30)
    found = compared(lambda x: np.exp(x) * np.sin(x), points(fmt, 8, np.random.default_rng(1)), fmt)
    assert (found.ratios > TIGHT).any()


@ALL
def test_a_bound_does_not_depend_on_the_company(fmt):
    chosen = fmt.lift_array(arguments(fmt, 3, np.random.default_rng(2)))
    for name in ("polynomial", "sigmoid", "where", "real power", "exp far left", "cancelling", "horner"):
        whole = evaluation_errors(FUNCTIONS[name], chosen, fmt)
        assert evaluation_errors(FUNCTIONS[name], chosen[::-1], fmt)[::-1] == whole
        assert [evaluation_errors(FUNCTIONS[name], [x], fmt)[0] for x in chosen] == whole


def test_elements_beyond_the_range_of_columns_go_alone_and_come_back():
    fmt = FORMATS["float64"]
    x = [(1, -600), (3, 500), (1, 0), (0, 0)]
    with working(working_precision(fmt)):
        assert set(Column.of(_points(x, fmt)).rest) == {0, 1}
        found = _by_columns(np.exp, _points(x, fmt), fmt, None)
        others = _by_columns(np.exp, _points(x[2:], fmt), fmt, None)
        alone = _evaluated(np.exp, _points(x, fmt), fmt, None, False)
    assert set(found.rest) == {1}  # exp(2⁻⁶⁰⁰) is an ordinary number
    assert found.bounds.tolist()[2:] == others.bounds.tolist()
    assert found.bounds[1] == math.inf
    assert found.bounds[0] == pytest.approx(float(alone[0].error), rel=2.0**-40)


def test_numbers_that_no_double_tells_from_0_are_not_taken_for_it():
    for number in ((1, -1100), (-1, -16000)):
        column = Column.exact([number, (0, 0), None, (5, -3)])
        assert set(column.rest) == {0, 2}
        assert column.rest[2] is Undefined.UNDECIDED
        assert column.bounds.tolist() == [0.0, 0.0, math.inf, 0.0]
        assert column.upper[1] == 0
        assert column.upper[3] >= 0.625 >= column.lower[3] > 0.62499


def test_a_column_holds_both_ends_of_its_enclosures():
    rng = np.random.default_rng(3)
    with working(128):
        for _ in range(300):
            middle, radius = (
                int(rng.integers(-(2**62), 2**62)) ** 2,
                int(rng.integers(1, 2**30)) << int(rng.integers(80)),
            )
            ball = exact(middle, -100) + Running(exact(0, 0), exact(radius, -100)).span
            (upper,), (lower,) = Column([ball]).upper, Column([ball]).lower
            assert Fraction(float(upper)) >= Fraction(middle + radius, 1 << 100)
            assert Fraction(float(lower)) <= max(Fraction(middle - radius, 1 << 100), Fraction(0))


def test_outward_rounding_covers_fourteen_operations():
    for r in np.random.default_rng(4).uniform(1, 2, 2000).tolist():
        assert Fraction(r * UP) >= Fraction(r) / (1 - UNIT) ** 14
        assert Fraction(r * DOWN) <= Fraction(r) / (1 + UNIT) ** 14


def test_elements_taken_and_joined_are_the_same():
    fmt = FORMATS["float32"]
    with working(working_precision(fmt)):
        first = Column.of([Running(exact(3, -1), NOTHING), Undefined.POLE, Running(exact(1, -700), NOTHING)])
        both = first.joined(Column.of([Running(exact(7, 0), exact(1, -30))]))
        taken = both.take([3, 1, 1, 2, 0])
    assert [type(item) is Undefined for item in taken] == [False, True, True, False, False]
    assert taken.rest.keys() == {1, 2, 3}
    assert taken.bounds.tolist() == [2.0**-30, math.inf, math.inf, 0.0, 0.0]
    assert not taken.is_clean
    assert both.known is None
    known = both.joined(Column.of([Running(exact(1, -1), NOTHING, 0.5)])).take([4, 3])
    assert known.known == [0.5, None]


def test_bounds_are_the_same_bytes_everywhere():
    text = []
    for name, fmt in FORMATS.items():
        if name != "float80":
            chosen = fmt.lift_array(fmt.as_array(np.arange(-12, 13) / 8.0))
            text += [bound.hex() for f in FUNCTIONS.values() for bound in evaluation_errors(f, chosen, fmt)]
    assert hashlib.sha256(" ".join(text).encode()).hexdigest()[:16] == "af27d2154288a247"
