"""What rules share: f at a batch of nodes inside the domain, noise, steps of the format."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS, get_format
from numdiff.formulas.stencil import BACKWARD, CENTERED, COMPLEX_STEP, FORWARD, Stencil
from numdiff.rules.base import RuleStatus
from numdiff.rules.evaluation import Probe, not_finite, only_for_centered, only_for_one_sided, root

EVERYWHERE = (-math.inf, math.inf)
every_format = pytest.mark.parametrize("name", FORMATS)


def probe(f: Any, x: float, name: str = "float64", domain: tuple[float, float] = EVERYWHERE) -> Probe:
    fmt = get_format(name)
    return Probe(f, fmt.constant(x), fmt, domain)


@every_format
def test_values_are_those_of_f_in_the_format_at_the_rounded_nodes(name: str) -> None:
    fmt, near = get_format(name), probe(np.sqrt, 1.3, name)
    offsets = [-0.3, 0.0, 0.7]
    nodes = near.nodes(offsets)
    assert nodes.dtype == fmt.dtype
    assert near.at(offsets).tolist() == np.sqrt(nodes).astype(near.wide).tolist()
    assert near.at(offsets).dtype == (np.float64 if name != "float80" else fmt.dtype)
    assert near.x == fmt.constant(1.3)
    assert near.u == 2.0**-fmt.precision


@every_format
def test_a_batch_is_one_call_and_leaves_out_what_is_outside_or_overflows(name: str) -> None:
    seen: list[list[float]] = []

    def f(x: Any) -> Any:
        seen.append(x.astype(np.float64).tolist())
        return x

    near = probe(f, 1.0, name, (0.0, math.inf))
    values = near.at([-1.0, -2.0, -0.5, 1.0, math.inf])
    assert np.isnan(values).tolist() == [True, True, False, False, True]
    assert seen == [[0.5, 2.0]]
    assert np.isnan(near.at([-1.0])).all()
    assert len(seen) == 1


def test_a_node_at_which_f_raises_has_no_value_and_the_others_have() -> None:
    calls: list[int] = []

    def f(x: Any) -> Any:
        calls.append(x.size)
        return np.array([1 / float(item) if item > 0 else math.log(float(item)) + 1 // int(item) for item in x])

    near = probe(f, 0.5)
    values = near.at([-1.5, -0.5, 0.0, 0.5])  # log(−1), 1 // 0
    assert np.isnan(values).tolist() == [True, True, False, False]
    assert values[2:].tolist() == [2.0, 1.0]
    near.at([0.0, 0.5])
    assert calls == [4, 1, 1, 1, 1, 1, 1]


def test_what_f_raises_everywhere_is_raised_unless_it_is_arithmetic() -> None:
    def broken(x: Any) -> Any:
        raise ValueError("no data")

    def divides(x: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ValueError, match="no data"):
        probe(broken, 0.5).at([0.0, 1.0])
    assert np.isnan(probe(divides, 0.5).at([0.0, 1.0])).all()
    with pytest.raises(TypeError, match="f must keep the dtype"):
        probe(lambda x: x.astype(np.float64), 0.5, "float32").at([0.0])
    with pytest.raises(ValueError, match="shape"):
        probe(lambda x: x[:1].reshape(1, 1), 0.5).at([0.0, 1.0])


@every_format
@pytest.mark.parametrize("x", [1.0, 0.0, -1.0, 1e-3, 2.0**-14, 60000.0, -60000.0])
@pytest.mark.parametrize("left, right", [(1, 1), (0, 1), (1, 0), (2, 2), (3, 1)])
@pytest.mark.parametrize("domain", [EVERYWHERE, (-1.5, 1.5), (-0.5, math.inf), (-math.inf, 0.25), (-61440.0, 61440.0)])
def test_longest_step_stays_inside_and_a_little_more_does_not(
    name: str, x: float, left: int, right: int, domain: tuple[float, float]
) -> None:
    fmt, near = get_format(name), probe(np.sin, x, name, domain)
    if not domain[0] < float(near.x) < domain[1]:
        return
    h = near.longest(left, right)
    step = near.step(h)
    if step is None:
        assert h <= fmt.smallest_subnormal
        return
    ends = np.array([-left * near.number(step), right * near.number(step)])
    assert near.inside(near.nodes(ends)).all()
    wider = (1.01 + 32 * near.u) * h + 8 * near.spacing
    if h < near.number(fmt.largest_finite) / 5:  # it is not the format that is the limit
        assert not near.inside(near.nodes([-left * wider, right * wider])).all()


@every_format
def test_steps_are_of_the_format_or_none(name: str) -> None:
    near, fmt = probe(np.sin, 1.0, name), get_format(name)
    assert near.step(0.1) == fmt.constant(0.1)
    assert near.step(0.1).dtype == fmt.dtype
    too_short = near.number(fmt.smallest_subnormal) / 4
    assert [near.step(bad) for bad in (0.0, -1.0, math.nan, math.inf, too_short)] == [None] * 5


def test_noise_is_given_or_a_rounding_of_the_largest_value() -> None:
    near = probe(np.sin, 1.0)
    values = np.array([1.0, -4.0, np.nan, np.inf])
    assert near.noise(values, None) == 2.0**-51
    assert near.noise(values, 1e-3) == 1e-3
    assert near.noise(np.array([np.nan]), None) == 0


@pytest.mark.parametrize("x, scale", [(0.0, 1.0), (1e-20, 1.0), (2.0**-27, 1.0), (2.0**-26, 2.0**-26), (-3.0, 3.0)])
def test_scale_is_the_size_of_x_unless_x_is_near_0(x: float, scale: float) -> None:
    assert probe(np.sin, x).scale == scale


@pytest.mark.parametrize("name", [name for name in ("float64", "float80") if name in FORMATS])
def test_roots_are_correct_to_the_precision_also_far_from_1(name: str) -> None:
    fmt = FORMATS[name]
    for value in (Fraction(2), Fraction(3, 10**300), Fraction(2) ** fmt.max_exponent, fmt.smallest_subnormal):
        for degree in (2, 3, 5):
            found = fmt.lift(root(fmt.round(value), degree))
            exact = fmt.lift(fmt.round(value))
            assert abs(found**degree / exact - 1) <= 4 * degree * fmt.unit_roundoff
    number = fmt.dtype.type
    assert root(number(0), 3) == 0
    assert root(number(np.inf), 3) == np.inf


def test_a_formula_is_known_by_its_terms() -> None:
    mine = Stencil("mine", (Fraction(-1), Fraction(1)), (Fraction(-1, 2), Fraction(1, 2)))
    for formula, centered, one_sided in (
        (CENTERED, True, False),
        (mine, True, False),
        (FORWARD, False, True),
        (BACKWARD, False, True),
        (COMPLEX_STEP, False, False),
        (nd.METHODS["centered4"], False, False),
    ):
        refusals = (only_for_centered("it", formula), only_for_one_sided("it", formula))
        assert [refusal is None for refusal in refusals] == [centered, one_sided]
        for refusal in refusals:
            if refusal is not None:
                assert refusal.status is RuleStatus.UNSUITABLE
                assert formula.name in refusal.reason


def test_the_node_without_a_value_is_named() -> None:
    near = probe(np.sqrt, 1.0, domain=(0.0, math.inf))
    values = near.at([0.0, -2.0])
    choice = not_finite(near, [0.0, -2.0], values)
    assert choice.status is RuleStatus.NOT_FINITE
    assert choice.reason == "f is nan at -1.0, or has no value there"


@pytest.mark.parametrize("name", FORMATS)
def test_lengths_that_are_steps_are_those_that_rounding_keeps(name: str) -> None:
    near = Probe(np.exp, FORMATS[name].round(1), FORMATS[name], EVERYWHERE)
    lengths = np.ldexp(near.number(1), np.arange(-1000, 1000, 7))
    lengths = np.concatenate([lengths, lengths * near.number(1.0009765625)]).astype(near.wide)
    assert near.are_steps(lengths).tolist() == [bool(near.rounded(h) == h) for h in lengths]
