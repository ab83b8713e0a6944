"""Every name of an expression means what NumPy, SciPy and mpmath mean by it, and has an exact evaluation."""

import math

import mpmath
import numpy as np
import pytest
import scipy.special

import numdiff as nd
from numdiff.arithmetic.numpy_functions import COMPOSITES, FUNCTIONS, ufuncs_used
from numdiff.arithmetic.special_names import NUMPY_SPECIAL, PREFIX, SPECIAL
from numdiff.expressions import ExpressionError, parse_expression
from numdiff.expressions.functions import CONSTANTS, NAMES, belongs

POINTS = np.array([0.3, 0.5, 0.75, 1.25, 2.0, 3.5])
INSIDE = {"arccosh": 1.0, "acosh": 1.0, "arcosh": 1.0, "zeta": 1.0, "k0": 0.0}
"""Where functions begin that do not begin at 0."""
MPMATH = {
    "absolute": abs,
    "fabs": abs,
    "square": lambda x: x**2,
    "reciprocal": lambda x: 1 / x,
    "exp2": lambda x: mpmath.mpf(2) ** x,
    "log2": lambda x: mpmath.log(x, 2),
    "arcsin": mpmath.asin,
    "arccos": mpmath.acos,
    "arctan": mpmath.atan,
    "arcsinh": mpmath.asinh,
    "arccosh": mpmath.acosh,
    "arctanh": mpmath.atanh,
    "deg2rad": mpmath.radians,
    "rad2deg": mpmath.degrees,
    "trunc": int,
    "rint": mpmath.nint,
    "sinc": mpmath.sincpi,
    "erfcx": lambda x: mpmath.exp(x * x) * mpmath.erfc(x),
    "ndtr": mpmath.ncdf,
    "log_ndtr": lambda x: mpmath.log(mpmath.ncdf(x)),
    "gammaln": mpmath.loggamma,
    "psi": mpmath.digamma,
    "expit": lambda x: 1 / (1 + mpmath.exp(-x)),
    "logit": lambda x: mpmath.log(x / (1 - x)),
    "log_expit": lambda x: -mpmath.log1p(mpmath.exp(-x)),
    "entr": lambda x: -x * mpmath.log(x),
    "expi": mpmath.ei,
    "exp1": mpmath.e1,
    "i0": lambda x: mpmath.besseli(0, x),
    "i1": lambda x: mpmath.besseli(1, x),
    "i0e": lambda x: mpmath.exp(-x) * mpmath.besseli(0, x),
    "i1e": lambda x: mpmath.exp(-x) * mpmath.besseli(1, x),
    "k0": lambda x: mpmath.besselk(0, x),
    "k1": lambda x: mpmath.besselk(1, x),
    "arctan2": mpmath.atan2,
    "power": lambda x, y: x**y,
    "maximum": max,
    "minimum": min,
    "fmax": max,
    "fmin": min,
    "remainder": lambda x, y: x % y,
    "heaviside": lambda x, y: mpmath.mpf(x > 0),
    "copysign": lambda x, y: abs(x) if y >= 0 else -abs(x),
    "logaddexp": lambda x, y: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "logaddexp2": lambda x, y: mpmath.log(2**x + 2**y, 2),
    "xlogy": lambda x, y: x * mpmath.log(y),
    "xlog1py": lambda x, y: x * mpmath.log1p(y),
}
"""Those that mpmath has under another name."""
UNARY = [name for name, function in NAMES.items() if function.arity == 1]
BINARY = [name for name, function in NAMES.items() if function.arity == 2]


def points_of(name):
    x = POINTS[INSIDE.get(name, 0.0) < POINTS]
    return x[x < 1] if NAMES[name].name in ("arcsin", "arccos", "arctanh", "logit", "erfinv", "ellipk") else x


def numpys(name):
    own = NAMES[name].name
    return getattr(np, own, None) or getattr(scipy.special, own)


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_argument_is_numpys_and_near_mpmaths(name):
    x = points_of(name)
    values = parse_expression(f"{name}(x)")(x)
    np.testing.assert_array_equal(values, np.real(numpys(name)(x)))
    own = NAMES[name].name
    exact = MPMATH.get(own) or getattr(mpmath, own)
    with mpmath.workprec(200):
        np.testing.assert_allclose(values, [float(exact(mpmath.mpf(v))) for v in x], rtol=1e-13, atol=1e-16)


@pytest.mark.parametrize("name", BINARY)
@pytest.mark.parametrize("text", ["{}(x, 2.5)", "{}(0.5, x)", "{}(x, x + 1)"])
def test_a_function_of_two_arguments_is_numpys_and_near_mpmaths(name, text):
    x, own = POINTS, NAMES[name].name
    values = parse_expression(text.format(name))(x)
    pairs = {"{}(x, 2.5)": (x, 2.5), "{}(0.5, x)": (0.5, x), "{}(x, x + 1)": (x, x + 1)}[text]
    np.testing.assert_array_equal(values, numpys(name)(*pairs))
    exact = MPMATH.get(own) or getattr(mpmath, own)
    with mpmath.workprec(200):
        rows = zip(*np.broadcast_arrays(*pairs), strict=True)
        np.testing.assert_allclose(values, [float(exact(*map(mpmath.mpf, row))) for row in rows], rtol=1e-13)


@pytest.mark.parametrize("name", NAMES)
def test_every_function_has_an_exact_evaluation(name):
    x = points_of(name)[-1] - 0.25  # where rint is smooth
    arguments = {1: "x", 2: "x, 2.5", 3: "x > 1, x*x, x"}[NAMES[name].arity]
    f = parse_expression(f"{name}({arguments})")
    h = 2.0**-12
    # A row that the reference decides: the error of a centered difference, not NaN and not a refusal.
    ledger = nd.error_ledger(f, x, h)
    assert math.isfinite(ledger.total)
    assert ufuncs_used(f)


def test_all_functions_that_the_exact_arithmetics_have_can_be_named():
    named = {function.name for function in NAMES.values()}
    exact = {name.removeprefix(PREFIX) for name in FUNCTIONS | SPECIAL | NUMPY_SPECIAL | COMPOSITES.keys()}
    as_operators = {"add", "subtract", "multiply", "divide", "negative", "positive", "conjugate"}
    by_other_names = {"radians", "degrees", "float_power"}
    assert exact - named == as_operators | by_other_names
    assert named - exact == {"where"}


@pytest.mark.parametrize("name", CONSTANTS)
def test_a_constant_is_the_double_nearest_to_it(name):
    exact = {"pi": mpmath.pi, "e": mpmath.e, "tau": 2 * mpmath.pi, "euler_gamma": mpmath.euler}[name]
    assert parse_expression(name)(0.0) == float(+exact) == CONSTANTS[name]


@pytest.mark.parametrize("prefix", ["np", "numpy", "math", "special", "sp.special", "scipy.special"])
def test_a_prefix_is_taken_where_the_package_means_the_same_by_the_name(prefix):
    module = {"np": np, "numpy": np, "math": math}.get(prefix, scipy.special)
    for name in NAMES:
        if belongs(prefix, name):
            arguments = {1: (0.75,), 2: (0.75, 0.5), 3: (True, 0.75, 0.5)}[NAMES[name].arity]
            if NAMES[name].name in ("arccosh", "zeta"):
                arguments = (1.5,)
            text = f"{prefix}.{name}({', '.join(map(str, arguments))})".replace("True", "1 > 0")
            assert parse_expression(text)(0.0) == pytest.approx(np.real(getattr(module, name)(*arguments)), rel=1e-14)
        else:
            with pytest.raises(ExpressionError, match=f"has no elementwise {name} that is meant here"):
                parse_expression(f"{prefix}.{name}(x)")


def test_radians_and_degrees_of_numpy_are_taken():
    degrees = np.linspace(-400.0, 400.0, 1001)
    np.testing.assert_array_equal(parse_expression("np.radians(x)")(degrees), np.radians(degrees))
    np.testing.assert_array_equal(parse_expression("np.degrees(x)")(degrees), np.degrees(degrees))


def test_a_constant_part_is_what_numpy_makes_of_it_in_float64():
    assert parse_expression("sqrt(2)*x")(1.0) == float(np.sqrt(2.0))
    assert parse_expression("erf(0.5)")(1.0) == float(scipy.special.erf(0.5))
    assert parse_expression("where(2 > 1, maximum(2, 3), 7) + 7 % 4")(1.0) == 6
