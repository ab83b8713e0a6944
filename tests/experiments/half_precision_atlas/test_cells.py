"""The cells of the atlas are those of the ledger, within bounds that are proved."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from experiments.half_precision_atlas.atlas import FORMULAS, FUNCTIONS
from experiments.half_precision_atlas.cells import PARTS, Subject, measured
from experiments.half_precision_atlas.formats import EIGHT_BITS, NAMES, eight_bits
from experiments.half_precision_atlas.forms import FORMS
from experiments.half_precision_atlas.numbers import numbers_of
from experiments.half_precision_atlas.settling import FLOOR, RELATIVE, is_settled, settle
from experiments.half_precision_atlas.steps import steps_of
from experiments.half_precision_atlas.verify import compared, difficult, is_far
from numdiff.floats.formats import FORMATS
from numdiff.formulas.table import METHODS


@cache
def subject(function, fmt):
    with eight_bits():
        return Subject.of(function, fmt)


def near(item, step, numbers):
    """Return those bit patterns for which the ledger is fast."""
    return numbers[~is_far(item, step, numbers)]


def slice_of(item, method, seed):
    """Yield some steps with some numbers: a few at random, and a few at which something is special."""
    generator = np.random.default_rng(seed)
    for step in steps_of(item.numbers.format, METHODS[method])[seed % 6 :: 6]:
        at = np.union1d(generator.choice(item.numbers.finite, 8), generator.choice(difficult(item), 8))
        yield step, near(item, step, at)


@pytest.mark.parametrize("method", FORMULAS)
@pytest.mark.parametrize(
    ("function", "fmt"), [("square", "float16"), ("tanh", "bfloat16"), ("composition", "bfloat16")]
)
def test_a_slice_agrees_with_the_ledger(function, fmt, method):
    for step, at in slice_of(subject(function, fmt), method, 1):
        assert compared(subject(function, fmt), method, step, at).differences == []


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("fmt", EIGHT_BITS)
def test_formats_of_8_bits_agree_with_the_ledger(function, fmt):
    item = subject(function, fmt)
    with eight_bits():
        for method in FORMULAS:
            for step in steps_of(item.numbers.format, METHODS[method])[::13]:
                found = compared(item, method, step, near(item, step, item.numbers.finite[::2]))
                assert found.differences == []


def test_both_engines_agree_with_the_atlas():
    item = subject("square", "float16")
    for step, at in list(slice_of(item, "centered", 2))[:3]:
        assert compared(item, "centered", step, at, "mpmath").differences == []


@pytest.mark.parametrize("column", ["high", "slope_high", "coefficients"])
def test_a_wrong_table_is_found(column):
    item = subject("tanh", "bfloat16")
    table, step = replace(item.table), 2.0**-5
    if column == "coefficients":
        table.coefficients = [c * (1 + 2.0**-30) for c in table.coefficients]
    else:
        setattr(table, column, getattr(table, column) * (1 + 2.0**-40))
    at = near(item, step, np.random.default_rng(0).choice(item.numbers.finite, 200, replace=False))
    assert compared(replace(item, table=table), "centered", step, at).differences
    assert compared(item, "centered", step, at).differences == []


def test_a_remainder_that_is_left_out_is_found():
    item, step = subject("tanh", "bfloat16"), 2.0**-2
    values = np.abs(item.numbers.values[item.numbers.finite])
    at = item.numbers.finite[(values > 64) & (values < 80)]  # x ± h lies in the middle of two numbers
    bare = replace(item, remainder=np.zeros_like(item.remainder))
    assert compared(bare, "centered", step, at).differences
    assert compared(item, "centered", step, at).differences == []


def test_the_sum_of_the_parts_is_the_total():
    item = subject("tanh", "bfloat16")
    for step in (2.0**-20, 2.0**-6, 1.0):
        cells = measured(item, "centered", step)
        parts = [cells.parts[name] for name in PARTS]
        off = np.abs(sum(part.value for part in parts[:4]) - parts[4].value)
        allowed = sum(part.bound for part in parts) + 2.0**-50 * sum(np.abs(part.value) for part in parts)
        known = cells.given & np.isfinite(allowed)
        assert known.sum() > 10_000
        assert (off[known] <= allowed[known]).all()


def test_settling_leaves_nothing_open():
    item = subject("sigmoid", "float8_e5m2")
    with eight_bits():
        cells = measured(item, "centered", 16.0)
        before = cells.parts["abscissa"].bound.copy()
        unsettled = settle(cells)
    assert unsettled["abscissa"] > 0
    assert unsettled["total"] == 0
    assert np.nanmax(before) == np.inf
    for name in PARTS:
        assert is_settled(cells, name).all()
        part = cells.parts[name]
        bounds = part.bound[cells.given]
        assert (bounds <= np.maximum(RELATIVE * np.abs(part.value[cells.given]), FLOOR)).all()


def test_there_are_parts_exactly_where_the_kernel_returned_a_number():
    cells = measured(subject("tanh", "bfloat16"), "forward", 2.0**-4)
    assert set(cells.status) <= {"ok", "absorbed", "nan"}
    assert 0 < cells.given.sum() < cells.given.size
    assert np.isfinite(cells.observation.result[cells.given].astype(float)).all()
    for name in PARTS:
        assert np.isnan(cells.parts[name].value[~cells.given]).all()


def test_steps_are_all_powers_of_two_that_the_formula_takes():
    steps = {m: steps_of(FORMATS["float16"], METHODS[m]) for m in FORMULAS}
    assert steps["forward"] == [2.0**k for k in range(-24, 16)]
    assert steps["centered"] == [2.0**k for k in range(-24, 15)]  # 2h is finite
    assert len(steps_of(FORMATS["bfloat16"], METHODS["centered"])) == 40


def test_every_finite_number_is_a_point_and_zero_has_two_signs():
    for fmt, count in (("float16", 63488), ("bfloat16", 65280)):
        values = numbers_of(FORMATS[fmt]).values[numbers_of(FORMATS[fmt]).finite]
        assert values.size == count
        assert (np.diff(values) >= 0).all()
        assert (values == 0).sum() == 2


def test_a_tail_holds_as_far_as_a_node_may_be_rounded():
    with eight_bits():
        for fmt in NAMES:
            numbers = numbers_of(FORMATS[fmt])
            ordered = np.unique(np.abs(numbers.values[numbers.finite]))
            first = np.searchsorted(ordered, FORMS["sigmoid"].high)
            if first < ordered.size:
                halfway = (ordered[first] + ordered[first - 1]) / 2
                assert halfway > 1000 * np.log(2.0)  # e⁻ʸ < 2⁻¹⁰⁰⁰
