"""The limits of SciPy's special functions are searched again, and the bounds that rest on them hold."""

import math
from fractions import Fraction

import numpy as np
import pytest
import scipy.special

from numdiff.arithmetic import Ball, balls
from numdiff.arithmetic.accuracy import limits_of, without_limit
from numdiff.arithmetic.running_error import evaluation_errors
from numdiff.arithmetic.special_accuracy import SPECIAL_LIMITS, sinc_units
from numdiff.arithmetic.special_names import SPECIAL_BINARY
from numdiff.floats.formats import FORMATS, dyadic_to_fraction
from tests.arithmetic.special_accuracy_search import function_of, worst

SEARCHED = [(name, key) for name, limits in SPECIAL_LIMITS.items() if name in FORMATS for key in limits]


@pytest.mark.parametrize("name, key", SEARCHED)
def test_special_function_holds_its_limit_at_random_arguments(name, key):
    limit = SPECIAL_LIMITS[name][key]
    found, where = worst(key, FORMATS[name], limit.low, limit.high, 400, seed=2)
    assert 0.05 < found <= limit.units, where


def test_no_limit_in_units_of_the_value_alone_exists():
    """J₀ next to its zero is off by many units of the value, and within its limit."""
    x = np.array([2.404825557695773])
    (value,) = balls.values(scipy.special.j0, FORMATS["float64"].lift_array(x), 256)
    error = abs(Fraction(float(scipy.special.j0(x)[0])) - value.midpoint)
    (bound,) = evaluation_errors(scipy.special.j0, FORMATS["float64"].lift_array(x), FORMATS["float64"])
    assert error > 10 * FORMATS["float64"].spacing(value.midpoint)
    assert error <= bound < 1e-14


FORMULAS = {
    "gelu": lambda x: 0.5 * x * (1.0 + scipy.special.erf(x * 0.7071067811865476)),
    "softplus": lambda x: -scipy.special.log_expit(-x),
    "binary entropy": lambda x: scipy.special.entr(x) + scipy.special.entr(1.0 - x),
    "xlogy": lambda x: scipy.special.xlogy(x, x),
    "xlog1py": lambda x: scipy.special.xlog1py(x, -x),
    "von Mises": lambda x: np.cos(x) - np.log(scipy.special.i0e(x)),
    "gammaln": lambda x: scipy.special.gammaln(x) - scipy.special.gammaln(x + 0.5),
    "logit of expit": lambda x: scipy.special.logit(scipy.special.expit(x)),
    "probit": lambda x: scipy.special.log_ndtr(-x * x),
    "sinc": lambda x: np.sinc(x) * np.sinc(3.0 * x),
    "bessel": lambda x: scipy.special.j0(40.0 * x) * scipy.special.k0(x),
}


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("f", FORMULAS.values(), ids=FORMULAS)
def test_bounds_of_formulas_hold_and_are_of_use(f, name):
    fmt = FORMATS[name]
    x = fmt.as_array(np.random.default_rng(5).uniform(0.02, 0.98, 150))
    computed, points = f(x), fmt.lift_array(x)
    assert computed.dtype == fmt.dtype
    bounds = evaluation_errors(f, points, fmt)
    for y, value, bound in zip(fmt.lift_array(computed), balls.values(f, points, 256), bounds, strict=True):
        error = abs(dyadic_to_fraction(y) - value.midpoint)
        assert isinstance(value, Ball)
        assert error <= bound < 3000 * fmt.unit_roundoff * max(1, abs(value.midpoint))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_bounds_of_sinc_hold_in_every_format(fmt):
    x = fmt.as_array(np.random.default_rng(6).uniform(-40, 40, 300))
    x = np.concatenate([x, fmt.as_array(np.array([0.0, 1.0, 2.5, 17.0]))])
    with np.errstate(invalid="ignore"):
        points, computed = fmt.lift_array(x), np.sinc(fmt.as_array(x))
    if not np.isfinite(fmt.as_array(computed)).all():
        pytest.skip(f"sinc(0) is NaN in {fmt.name} in this version of NumPy")
    if computed.dtype != fmt.dtype:  # plain ml_dtypes; the kernels hand over arrays whose constants are weak
        from numdiff.floats.call import evaluate

        computed = evaluate(fmt, np.sinc, x)
    bounds = evaluation_errors(np.sinc, points, fmt)
    for y, value, bound in zip(fmt.lift_array(computed), balls.values(np.sinc, points, 256), bounds, strict=True):
        assert abs(dyadic_to_fraction(y) - value.midpoint) <= bound < math.inf


def test_the_rounding_of_pi_is_part_of_the_limit_of_sinc():
    assert sinc_units(FORMATS["float64"]) < 2
    if "float80" in FORMATS:  # π is a double there: 719 units
        assert 719 < sinc_units(FORMATS["float80"]) < 722


@pytest.mark.parametrize(
    "f, x",
    [(scipy.special.gamma, -172.5), (scipy.special.zeta, -0.3), (scipy.special.i0, 712.0), (scipy.special.j1, 7.8e16)],
)
def test_there_is_no_bound_outside_the_interval_of_a_limit(f, x):
    fmt = FORMATS["float64"]
    assert evaluation_errors(f, fmt.lift_array(np.array([x])), fmt) == [math.inf]


def test_functions_without_a_limit_are_named_by_format():
    assert without_limit(scipy.special.erf, FORMATS["float64"]) == frozenset()
    assert without_limit(scipy.special.erf, FORMATS["float16"]) == {"special.erf"}
    assert without_limit(lambda x: scipy.special.xlogy(x, x), FORMATS["bfloat16"]) == {"special.xlogy"}
    assert without_limit(scipy.special.erf, FORMATS["float16"], "rounded") == frozenset()
    assert not limits_of(FORMATS["float64"]).keys() & {"special.erf", *SPECIAL_BINARY}


def test_every_function_of_the_table_is_one_that_scipy_computes_in_the_format():
    for name, key in SEARCHED:
        fmt = FORMATS[name]
        with np.errstate(all="ignore"):
            assert function_of(key)(np.array([0.5], fmt.dtype)).dtype == fmt.dtype
