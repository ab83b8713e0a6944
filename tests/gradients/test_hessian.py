"""Second derivatives and directions: exact ones are within the bars, symmetric, and in the shapes they should have."""

import sys

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS

NAMES = [name for name in ("float32", "float64", "float80") if name in FORMATS]
both_modes = pytest.mark.parametrize("vectorized", [False, True], ids=["points", "batches"])


def rosenbrock(x):
    return np.sum(100 * (x[..., 1:] - x[..., :-1] ** 2) ** 2 + (1 - x[..., :-1]) ** 2, axis=-1)


def hessian_of_rosenbrock(x):
    n = x.size
    found = np.zeros((n, n), x.dtype)
    for i in range(n - 1):
        found[i, i] += 1200 * x[i] ** 2 - 400 * x[i + 1] + 2
        found[i + 1, i + 1] += 200
        found[i, i + 1] = found[i + 1, i] = -400 * x[i]
    return found


@pytest.mark.parametrize("name", NAMES)
@both_modes
def test_second_derivatives_are_within_their_bars_and_symmetric(name, vectorized):
    fmt = FORMATS[name]
    x = fmt.as_array([0.7, 1.25, -0.5, 1.0])
    found = nd.hessian(rosenbrock, x, vectorized=vectorized, full=True)
    exact = hessian_of_rosenbrock(x.astype(np.longdouble))
    assert found.df.dtype == fmt.dtype
    assert np.array_equal(found.df, found.df.T)
    assert np.array_equal(found.error, found.error.T)
    assert (np.abs(found.df - exact) <= found.error).all()
    if fmt.precision >= 53:
        assert found.error.max() < 1e-6
        assert np.abs(found.df - exact).max() < 1e-7


def test_mixed_scales_have_bars_that_hold():
    lengths = np.array([1e-6, 1e3, 1.0])
    x = lengths.copy()

    def f(v):
        a, b, c = v / lengths
        return np.exp(a) * np.log(1 + b) * c**3

    found = nd.hessian(f, x, scale=lengths, full=True)
    e, log = np.e, np.log(2)
    exact = np.array([[e * log, e / 2, 3 * e * log], [e / 2, -e / 4, 1.5 * e], [3 * e * log, 1.5 * e, 6 * e * log]])
    scaled = found.df * np.outer(lengths, lengths)
    assert np.abs(scaled - exact).max() < 1e-7
    assert (np.abs(scaled - exact) <= found.error * np.outer(lengths, lengths)).all()


def test_the_shape_is_that_of_x_twice_and_the_work_is_that_of_its_lines():
    seen = []

    def f(x):
        seen.append(x.tobytes())
        return np.sum(np.exp(x) * np.sum(x))

    found = nd.hessian(f, np.linspace(0, 1, 6).reshape(2, 3))
    assert found.shape == (2, 3, 2, 3)
    assert len(set(seen)) == len(seen)
    assert len(seen) <= 21 * 16
    x = np.linspace(0, 1, 6)
    exact = np.exp(x)[:, None] + np.exp(x)[None] + np.diag(np.exp(x) * x.sum())
    assert np.abs(found.reshape(6, 6) - exact).max() < 1e-7


def test_many_directions_are_taken_in_parts(monkeypatch):
    x = np.array([0.7, 1.25, -0.5, 1.0])
    whole = nd.hessian(rosenbrock, x), nd.hessian_vector_product(rosenbrock, x, x)
    monkeypatch.setattr(sys.modules["numdiff.gradients.hessian"], "MOVES_BYTES", 64)
    assert np.array_equal(nd.hessian(rosenbrock, x), whole[0])
    assert np.array_equal(nd.hessian_vector_product(rosenbrock, x, x), whole[1])


def test_bounds_hold_for_second_derivatives():
    x = np.array([1.0, 1.6, 2.0])

    def f(v):
        assert (v >= 1).all()
        assert (v <= 2).all()
        return rosenbrock(v)

    found = nd.hessian(f, x, bounds=(1, 2), full=True)
    assert (np.abs(found.df - hessian_of_rosenbrock(x)) <= found.error).all()
    assert found.success.sum() >= 7


def test_a_kink_is_told():
    with pytest.warns(nd.UncertainGradientWarning, match="uncertain in"):
        nd.hessian(lambda v: abs(v[0]) + v[1] ** 2, [0.0, 1.0])


@pytest.mark.parametrize("name", NAMES)
@both_modes
def test_a_product_with_the_hessian_is_within_its_bars(name, vectorized):
    fmt = FORMATS[name]
    x, v = fmt.as_array([0.7, 1.25, -0.5, 1.0]), fmt.as_array([1.0, -20.0, 0.0, 0.3])
    found = nd.hessian_vector_product(rosenbrock, x, v, vectorized=vectorized, full=True)
    exact = hessian_of_rosenbrock(x.astype(np.longdouble)) @ v.astype(np.longdouble)
    assert (np.abs(found.df - exact) <= found.error).all()
    if fmt.precision >= 53:
        assert np.abs(found.df - exact).max() < 1e-5
    assert found.df.shape == (4,)


@pytest.mark.parametrize("seed", [43, 64, 75, 80, 83, 86, 146, 168, 178])
def test_a_wave_along_one_coordinate_is_seen_along_directions_too(seed):
    """Its period divided the steps between the first nodes of these directions, and f seemed to be smooth."""
    rng, lengths = np.random.default_rng(seed), np.array([1e-4, 1], np.float32)
    x, v = (lengths * rng.normal(size=2)).astype(np.float32), rng.normal(size=2).astype(np.float32)

    def f(w):
        return np.sin(w / lengths).sum(dtype=np.float32)

    product = nd.hessian_vector_product(f, x, v, full=True)
    matrix = nd.hessian(f, x, full=True)
    wide = lengths.astype(float)
    exact = np.diag(-np.sin(x / wide) / wide**2)
    assert (np.abs(product.df - exact @ v) <= 3 * product.error).all()
    assert (np.abs(matrix.df - exact) <= 3 * matrix.error).all()


# --- directions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [1, 2, 3])
def test_derivatives_along_a_direction_are_within_their_bars(order):
    x, v = np.array([0.3, 0.7]), np.array([2.0, -1.0])
    found = nd.directional_derivative(lambda w: np.exp(w[0] + 2 * w[1]), x, v * 2, order=order, full=True)
    assert found.df == 0 or abs(found.df) <= found.error  # v is a contour
    along = nd.directional_derivative(lambda w: np.exp(w[0] + 2 * w[1]), x, [1.0, 1.0], order=order, full=True)
    assert abs(along.df - 3**order * np.exp(1.7)) <= along.error < 1e-3
    assert along.success


@pytest.mark.parametrize("size", [1e-200, 1e-20, 3e15, 1e200])
def test_the_length_of_a_direction_changes_nothing(size):
    x, v = np.array([0.3, 0.7, 1.2]), np.array([2.0, -1.0, 0.5])
    power = 2.0 ** np.round(np.log2(size))
    for order in (1, 2) if 1e-150 < size < 1e150 else (1,):
        found, long = (nd.directional_derivative(rosenbrock, x, w, order=order, full=True) for w in (v, v * power))
        assert long.df == found.df * power**order
        assert long.error == found.error * power**order
        assert long.step == found.step / power
    product = nd.hessian_vector_product(rosenbrock, x, v)
    assert np.array_equal(nd.hessian_vector_product(rosenbrock, x, v * power), product * power)


def test_a_product_with_the_jacobian_has_the_shape_of_f():
    x, v = np.array([0.3, 0.7, 0.2]), np.array([1.0, 0.0, -2.0])
    found = nd.directional_derivative(lambda w: np.outer(w, w), x, v)
    assert found.shape == (3, 3)
    assert np.abs(found - np.outer(x, v) - np.outer(v, x)).max() < 1e-12


def test_it_costs_what_one_coordinate_costs():
    calls = []

    def f(x):
        calls.append(1)
        return np.sum(np.sin(x))

    x = np.linspace(0, 3, 10**4)
    found = nd.directional_derivative(f, x, np.ones(10**4))
    assert found == pytest.approx(np.cos(x).sum(), rel=1e-9)
    assert len(calls) <= 40


@pytest.mark.parametrize(
    ("v", "options", "message"),
    [
        ([1.0], {}, r"v must have the shape of x, \(2,\), got shape \(1,\)"),
        ([1.0, np.nan], {}, "v must be finite"),
        ([1.0, 0.0], {"order": 5}, "order must be the order of the derivative"),
    ],
)
def test_an_unsuitable_direction_is_refused(v, options, message):
    with pytest.raises(ValueError, match=message):
        nd.directional_derivative(lambda w: w[0], [1.0, 2.0], v, **options)
    if not options:
        with pytest.raises(ValueError, match=message):
            nd.hessian_vector_product(lambda w: w[0], [1.0, 2.0], v)


def test_a_function_with_several_values_has_no_hessian():
    with pytest.raises(ValueError, match="f must return a scalar"):
        nd.hessian(lambda w: w, [1.0, 2.0])


def test_names_of_other_libraries_are_answered():
    with pytest.raises(TypeError, match="has no argument n_jobs; write workers"):
        nd.hessian(rosenbrock, [1.0, 2.0], n_jobs=2)


def test_directions_of_any_length_have_derivatives():
    largest = np.finfo(np.float64).max
    found = nd.directional_derivative(lambda v: 2.0**-10 * v[0] ** 2, [1.0], [largest], full=True)
    assert abs(found.df / largest - 2.0**-9) <= found.error / largest < 1e-10
    assert nd.directional_derivative(lambda v: v[0] ** 2, [1.0], [5e-324]) == 1e-323
    product = nd.hessian_vector_product(lambda v: 2.0**-10 * v[0] ** 2, [1.0], [largest])
    assert abs(product[0] / largest - 2.0**-9) < 1e-10


def test_a_product_that_overflows_is_told():
    with pytest.warns(nd.NonFiniteGradientWarning):
        assert np.isposinf(nd.directional_derivative(lambda v: v[0] ** 2, [1.0], [1e300], order=2))
    with pytest.warns(nd.NonFiniteGradientWarning):
        assert np.isposinf(nd.hessian_vector_product(lambda v: 4 * v[0] ** 2, [1.0], [1e308])[0])
    with pytest.warns(nd.UncertainGradientWarning, match="the value is 0.0 with a bar of inf"):
        assert nd.directional_derivative(lambda v: v[0], [1.0], [1e300], order=2) == 0
    found = nd.directional_derivative(lambda v: 4 * v[0], [1.0], [1e308], full=True)
    assert found.status.name == "NOT_FINITE"
    assert np.isposinf(found.error)


@pytest.mark.parametrize("v", [(1.0, 1.0, 1.0), (-1.0, -1.0, -1.0)])
@pytest.mark.parametrize("x", [(0.0, -1.0, 1.0), (1.0, 2.0, 1.5)])
def test_products_in_a_corner_stay_inside_where_the_vector_points_out(x, v):
    lower, upper = np.array([0.0, -1.0, 1.0]), np.array([1.0, 2.0, 1.5])

    def f(x):
        assert ((lower <= x) & (x <= upper)).all()
        return x @ x + x[0] * x[1]

    found = nd.hessian_vector_product(f, x, v, bounds=(lower, upper), full=True)
    exact = np.array([[2, 1, 0], [1, 2, 0], [0, 0, 2]]) @ v
    assert (np.abs(found.df - exact) <= found.error).all()
    assert found.error.max() < 1e-8
