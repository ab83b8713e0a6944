"""A function that is traced as the twin of one that is not."""

import math

import numpy as np
import pytest
from mpmath import mp

import numdiff as nd
from numdiff.arithmetic.as_twin import twin_functions
from numdiff.expressions import parse_expression


@pytest.mark.parametrize("bits", [53, 300, 2000])
def test_values_and_derivatives_are_right_to_the_precision_of_the_call(bits):
    functions = twin_functions(parse_expression("exp(-2*x)"), 3)
    assert len(functions) == 4
    with mp.workprec(bits):
        t = mp.mpf(7) / 3
        for order, function in enumerate(functions):
            with mp.extraprec(64):
                truth = (-2) ** order * mp.exp(-2 * t)
            assert abs(function(t) - truth) <= mp.ldexp(abs(truth), 1 - bits)


def test_digits_that_cancel_are_made_up_for():
    value, slope = twin_functions(parse_expression("1 - cos(x)"), 1)
    t = mp.ldexp(1, -60)
    assert value(t) == mp.ldexp(1, -121)
    assert slope(-t) == -t


def test_there_is_no_number_where_the_expression_has_none():
    value, slope = twin_functions(parse_expression("1/x"), 1)
    assert mp.isinf(value(mp.mpf(0)))
    assert (value(mp.mpf(-2)), slope(mp.mpf(-2))) == (-0.5, -0.25)
    assert mp.isnan(twin_functions(parse_expression("log(x)"), 1)[0](mp.mpf(-1)))
    value, slope = twin_functions(parse_expression("abs(x)"), 1)
    assert value(mp.mpf(0)) == 0
    assert mp.isnan(slope(mp.mpf(0)))


def test_a_zero_has_no_last_bit_and_ends_all_the_same():
    assert twin_functions(parse_expression("sin(x) - sin(x)"), 1)[0](mp.mpf(1)) == 0


def test_the_ledger_takes_it_in_place_of_the_traced_function():
    x, h = np.array([0.5, 1.0]), 1e-4
    twin = twin_functions(parse_expression("exp(sin(x))"), 1)
    given = nd.error_ledger(lambda t: math.exp(math.sin(t)), x, h, exact=twin, elementwise=False)
    traced = nd.error_ledger(lambda t: np.exp(np.sin(t)), x, h)
    assert given.truncation.tolist() == traced.truncation.tolist()
    assert given.abscissa.tolist() == traced.abscissa.tolist()
