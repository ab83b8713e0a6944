"""The straight way for one number: the same result as the general way, the same calls of f, the same errors."""

import functools
import math
import warnings
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numdiff as nd
from numdiff.adaptive import engine, single
from numdiff.adaptive.calls import Arguments
from numdiff.adaptive.status import Status
from tests.adaptive.canned import Recorded
from tests.adaptive.test_fast import FUNCTIONS, points

OTHERS = {
    "sum": np.sum,
    "list": lambda x: x.tolist(),
    "integers": lambda x: x.astype(int).tolist(),
    "int": lambda x: 3,
    "float32": lambda x: np.float32(x),
    "complex": lambda x: np.exp(1j * x),
    "complex sometimes": lambda x: np.exp(1j * x) if x.size == 10 else np.exp(x),
    "number": lambda x: math.exp(x),
    "scalar": lambda x: np.exp(x)[0],
    "column": lambda x: np.exp(x)[:, None],
    "masked": lambda x: np.ma.masked_greater(x, 1.0),
    "text": lambda x: "one",
    "none": lambda x: None,
    "writes": lambda x: x.sort(),
    "raises": lambda x: 1 / 0,
    "raises later": lambda x: x if x.size == 10 else {}["key"],
    "raises on the right": lambda x: math.log(x) if x < 0.6 else [][1],
    "strided": lambda x: np.repeat(np.exp(x), 2)[::2],
    "swapped": lambda x: np.exp(x).astype(">f8"),
    "wide": lambda x: np.exp(x.astype(np.longdouble)),
    "warns": lambda x: warnings.warn("one", stacklevel=1) or np.exp(x),
    "identity": lambda x: x,
}
"""What f returns or does beside an array of its nodes."""


SURE = 1 - 2.0**-53
"""A confidence with which bars are many times as wide as their totals."""


def outcome(f, x, **options):
    """Return what f was asked, and the result or the error with its notes."""
    asked = Recorded(f)
    try:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            found = nd.derivative(lambda nodes: asked(nodes), x, **options)
        out = [(type(value), repr(value)) for value in (getattr(found, item.name) for item in fields(found))]
        out.append(len(warned))
    except Exception as error:
        out = [type(error), str(error), getattr(error, "__notes__", [])]
    return [call.tolist() for call in asked.calls], out


def both(monkeypatch, f, x, **options):
    """Return the outcome of the straight and that of the general way."""
    straight = outcome(f, x, **options)
    with monkeypatch.context() as patched:
        patched.setattr("numdiff.adaptive.derivative.differentiated", lambda *arguments: None)
        return straight, outcome(f, x, **options)


@pytest.mark.parametrize("name", [*FUNCTIONS, *OTHERS])
@pytest.mark.parametrize("domain", [None, (0.0, math.inf), (-1, 4)])
def test_the_result_the_calls_and_the_errors_are_those_of_the_general_way(monkeypatch, name, domain):
    f = (FUNCTIONS | OTHERS)[name]
    for x in (*points(12).tolist(), np.float64(0.5), 1.0, 1e-9, 3.999):
        straight, general = both(monkeypatch, f, x, domain=domain)
        assert straight == general


@given(
    x=st.floats(-1e30, 1e30) | st.floats(),
    shift=st.floats(-3, 3),
    exponent=st.floats(-320, 300),
    room=st.floats(0, 2),
    confidence=st.sampled_from([0.99, 0.5, 0.999999]),
)
def test_also_at_any_scale_and_beside_the_end_of_a_domain(x, shift, exponent, room, confidence):
    def f(t):
        return np.sin(t / (abs(x) + 1e-200) + shift) * 10.0**exponent

    with pytest.MonkeyPatch.context() as monkeypatch:
        for domain in (None, (x - room, x + 1.0), (x - 10 * abs(x), x + room * abs(x))):
            straight, general = both(monkeypatch, f, x, domain=domain, confidence=confidence)
            assert straight == general


@pytest.mark.parametrize("x", [math.nan, math.inf, -0.0, 0.0, 5e-324, 1.7e308, 2, True, "1", 1j, None])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"domain": (1, 0)},
        {"domain": 3},
        {"domain": (0.0, math.nan)},
        {"domain": (0.0, 1.0, 2.0)},
        {"domain": [-5.0, 5.0]},
        {"domain": (0.5, 5.0)},
        {"domain": (10**400, math.inf)},
        {"order": 2},
        {"order": True},
        {"confidence": 1.0},
        {"confidence": math.nan},
        {"args": 3},
        {"args": []},
        {"workers": 0},
        {"elementwise": False},
        {"max_evaluations": 20},
        {"max_evaluations": 3},
    ],
)
def test_also_for_arguments_of_any_kind(monkeypatch, x, options):
    straight, general = both(monkeypatch, np.exp, x, **options)
    assert straight == general


@pytest.mark.parametrize("f", [np.exp, math.exp, lambda t: t * t, functools.partial(np.power, 2.0), np.poly1d([1, 2])])
@pytest.mark.parametrize("x", [0.5, np.float64(0.5)])
def test_plain_functions_of_a_number_take_the_straight_way(f, x):
    found = single.differentiated(f, x, (0, math.inf), 0.99)
    if isinstance(f, np.poly1d):
        assert found is None  # a class of its own may be anything
    elif f is math.exp:
        assert isinstance(found, single.Answers)
    else:
        assert found.status is Status.OK
        assert found.nfev == 12


@pytest.mark.parametrize("f", [next(iter(nd.PROBLEMS.values())), nd.Exp(), nd.Exp, "exp", 3])
def test_what_is_no_plain_function_does_not(f):
    assert single.differentiated(f, 0.5, None, 0.99) is None


@pytest.mark.parametrize(
    ("f", "x", "domain", "confidence"),
    [
        (FUNCTIONS["noisy"], 0.5, None, 0.99),  # the search goes on
        (FUNCTIONS["stairs"], 0.5, None, 0.99),
        (np.cos, 0.0, None, 0.99),
        (lambda t: 4e4 * (1 + 1e-14 * np.sin(1e12 * t)) + np.sin(7.9 * t), 1.4, None, SURE),  # no digits
        (np.sqrt, 1e-6, (0.0, math.inf), 0.99),
        (lambda t: 3e4 + np.sin(8.1 * t), 0.91, (0.909, math.inf), SURE),  # the end of the domain is near
    ],
)
def test_where_the_first_levels_are_not_enough_f_is_not_asked_again(monkeypatch, f, x, domain, confidence):
    assert isinstance(single.differentiated(f, x, domain, confidence), single.Answers)
    straight, general = both(monkeypatch, f, x, domain=domain, confidence=confidence)
    assert straight == general


def test_steps_of_few_spacings_are_those_of_the_general_way(monkeypatch):
    straight, general = both(monkeypatch, lambda t: t, 2e26)
    assert straight == general


def test_answers_are_given_for_their_own_nodes_alone():
    answers = single.Answers(np.exp)
    answers([0.25, 0.5])
    calls = single.Replayed(answers, np.exp, nd.get_format("float64"), np.array([0.5]), Arguments(), True, 1)
    other = np.array([0.125, 0.5])
    assert np.array_equal(calls(other, np.zeros(2, int)), np.exp(other))


def test_a_function_that_writes_into_the_same_memory_each_time_is_differentiated(monkeypatch):
    buffer = np.empty(10)

    def f(x):
        out = buffer[: x.size]
        out[:] = np.sin(x) * (1 + 1e-8 * np.sin(1e12 * x))
        return out

    straight, general = both(monkeypatch, f, 0.5)
    assert straight == general


def test_the_estimator_is_not_called_for_a_smooth_function(monkeypatch):
    monkeypatch.setattr(engine, "estimate", None)
    assert nd.derivative(np.sin, 0.5).success
