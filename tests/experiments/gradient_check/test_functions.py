"""The realistic functions have the gradients that they say, stay in their format, and belong to fixed groups."""

import numpy as np
import pytest

from experiments.gradient_check.functions import DEVELOPMENT, FUNCTIONS, GROUPS, JUDGEMENT, LAST, group_of
from experiments.gradient_check.functions.numerics import solved
from experiments.gradient_check.functions.statistics import _cholesky, _solved
from numdiff.floats.formats import FORMATS

EIGHTH = (4 / 5, -1 / 5, 4 / 105, -1 / 280)
"""Weights of f(x + kh) − f(x − kh), k = 1 … 4, over h."""
STEPS = {"oscillation": 2.0**-14, "fourier_features": 2.0**-14, "stairs": 2.0**-7, "ode": 2.0**-6}
LENGTHS = {"mixed_scales": 10.0 ** np.arange(10), "camera": np.array([100.0, 1, 1, 1, 1])}
COARSE = {"stairs": 3e-3, "ode": 1e-6}
"""What f leaves of the digits where it is no formula."""


def widest(name):
    return "float80" if "float80" in FUNCTIONS[name].formats else "float64"


def differences(case):
    """Return the gradient by differences of order 8 in the widest format; steps are a length of each coordinate."""
    x, name = case.x.astype(np.longdouble), case.function.name
    data = {key: values.astype(np.longdouble) for key, values in case.data.items()}
    steps = np.longdouble(STEPS.get(name, 2.0**-11)) * LENGTHS.get(name, np.ones(x.size))
    found = np.zeros_like(x)
    for i, h in enumerate(steps):
        for k, weight in enumerate(EIGHTH, start=1):
            moved = np.zeros_like(x)
            moved[i] = k * h
            above, below = (np.longdouble(case.function.run(point, data)[0]) for point in (x + moved, x - moved))
            found[i] += np.longdouble(weight) * (above - below) / h
    return found


def quiet(name):
    """Return a case whose differences meet no kink: the first seed where two steps agree."""
    for seed in range(20):
        case = FUNCTIONS[name].case(widest(name), seed)
        found = differences(case)
        if name not in ("relu_5",) or np.allclose(found, case.gradient(case.x), rtol=1e-6, atol=1e-9):
            return case, found
    raise AssertionError(name)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_gradient_is_that_of_the_function(name):
    case, found = quiet(name)
    right = case.gradient(case.x)
    sizes = np.abs(right) if name in LENGTHS else np.full(right.size, np.abs(right).max())
    assert np.all(np.abs(found - right) <= COARSE.get(name, 1e-9) * sizes)
    assert np.count_nonzero(right) > right.size / 2 or name.startswith("relu")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradient_stay_in_the_format(name):
    item = FUNCTIONS[name]
    for format_name in item.formats:
        case = item.case(format_name, 0)
        value, back = item.run(case.x, case.data)
        assert case.x.dtype == back().dtype == FORMATS[format_name].dtype
        assert item.given or np.asarray(value).dtype == case.dtype
        assert np.isfinite([float(value), *back().astype(float)]).all()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_computed_gradient_is_right_to_its_format(name):
    """Against the same formulas in the widest format: within a condition number of some hundred, at every seed."""
    item = FUNCTIONS[name]
    limits = {"layer_norm_offset": 5e3, "gaussian_process": 1e3, "lennard_jones": 300}
    limits |= dict.fromkeys(("oscillation", "fourier_features"), 300)
    for format_name in set(item.formats) & {"float32", "float64"}:
        for seed in range(5):
            case = item.case(format_name, seed)
            off = np.abs(case.gradient(case.x).astype(np.longdouble) - case.truth).max()
            assert off <= limits.get(name, 100) * float(FORMATS[format_name].unit_roundoff) * np.abs(case.truth).max()


def test_a_seed_is_one_function_in_all_formats():
    wide, narrow, other = (
        FUNCTIONS["attention"].case(*key) for key in (("float64", 1), ("float16", 1), ("float64", 2))
    )
    np.testing.assert_array_equal(wide.x.astype(np.float16), narrow.x)
    assert np.all(wide.x != other.x)
    np.testing.assert_array_equal(wide.x, FUNCTIONS["attention"].case("float64", 1).x)


def test_there_are_enough_functions_in_each_group_and_format():
    members = {group: [name for name in FUNCTIONS if group_of(name) == group] for group in GROUPS}
    assert len(members[DEVELOPMENT]) >= 10 <= len(members[JUDGEMENT])
    assert len(members[LAST]) >= 8
    for format_name in ("bfloat16", "float16", "float32", "float64"):
        assert sum(format_name in FUNCTIONS[name].formats for name in FUNCTIONS) >= 20


def test_a_matrix_is_factored_and_solved_for():
    rng = np.random.default_rng(0)
    root = rng.normal(size=(5, 5)).astype(np.longdouble)
    matrix = root @ root.T + np.eye(5)
    lower = _cholesky(matrix)
    tolerance = 100 * np.finfo(np.longdouble).eps * np.abs(matrix).max()
    np.testing.assert_allclose((lower @ lower.T).astype(float), matrix.astype(float), rtol=1e-12)
    assert np.abs(lower @ _solved(lower, np.eye(5, dtype=np.longdouble)) - np.eye(5)).max() < tolerance
    assert not np.triu(lower, 1).any()


@pytest.mark.parametrize("tolerance", [1e-4, 1e-6, 1e-8])
def test_the_equation_is_solved_to_about_its_tolerance(tolerance):
    exact = 3 / (1 + (3 / 0.5 - 1) * np.exp(-1.3 * 2))
    assert 0 < abs(solved(lambda y: 1.3 * y * (1 - y / 3), 0.5, 2.0, tolerance) - exact) < 10 * tolerance
