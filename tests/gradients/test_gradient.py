"""`gradient` by the estimator: what it finds, what it says of what it cannot find, and which arguments it takes."""

import multiprocessing
import tracemalloc
import warnings
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS
from numdiff.gradients.lines import BATCH_BYTES
from tests.core_environment import needs_everything

NAMES = [name for name in ("float16", "bfloat16", "float32", "float64", "float80") if name in FORMATS]
both_modes = pytest.mark.parametrize("vectorized", [False, True], ids=["points", "batches"])


def smooth(x):
    """Return Σ exp(x)·sin(2x), in the order of the last axis, for a point or for a batch."""
    return np.sum(np.exp(x) * np.sin(2 * x), axis=-1)


def slope_of_smooth(x):
    return np.exp(x) * (np.sin(2 * x) + 2 * np.cos(2 * x))


# --- what it finds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@both_modes
def test_every_derivative_is_within_its_bar(name, vectorized):
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(-1.5, 2, 24))
    found = nd.gradient(smooth, x, vectorized=vectorized, full=True)
    exact = slope_of_smooth(x.astype(np.longdouble))
    assert found.df.dtype == fmt.dtype
    good = np.isfinite(found.error.astype(float))
    covered = np.abs(found.df.astype(np.longdouble) - exact) <= found.error.astype(np.longdouble)
    assert covered[good].mean() >= 0.95
    if fmt.precision >= 53:
        assert found.success.all()
        assert found.error.max() < 1e-9
        assert np.abs(found.df - exact).max() < 1e-10
        assert found.nfev.mean() <= 15


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (lambda v: np.log(v[0]), 1e-5, 1e5),
        (lambda v: np.sin(v[0]), 1e6, np.cos(1e6)),
        (lambda v: 1 / v[0], 1e-5, -1e10),
    ],
    ids=["log at 1e-5", "sin at 1e6", "1/x at 1e-5"],
)
def test_lengths_that_a_silent_step_missed_are_found(f, x, slope):
    found = nd.gradient(f, [x], full=True)
    assert abs(found.df[0] - slope) <= found.error[0]
    assert abs(found.df[0] / slope - 1) < 1e-5


def test_the_bar_holds_the_noise_of_a_noisy_function():
    rng = np.random.default_rng(3)

    def f(v):
        return v @ v + 1e-3 * rng.standard_normal()

    found = nd.gradient(f, [1.0, 2.0], noise=1e-3, full=True)
    assert (np.abs(found.df - [2, 4]) <= found.error).all()
    assert (found.error < 0.5).all()
    with pytest.warns(nd.UncertainGradientWarning, match="another value when it was asked again .* fix its seed"):
        nd.gradient(f, [1.0, 2.0])


@both_modes
@pytest.mark.parametrize("shape", [(), (1,), (12,), (3, 4), (2, 1, 6)])
def test_the_gradient_has_the_shape_of_x_and_f_gets_points_of_it(shape, vectorized):
    seen = set()

    def f(x):
        seen.add(x.shape[1:] if vectorized else x.shape)
        assert not x.flags.writeable
        assert x.flags.c_contiguous
        return np.sum(x * x, axis=tuple(range(1, x.ndim))) if vectorized else np.sum(x * x)

    x = np.arange(1.0, np.prod(shape, dtype=int) + 1).reshape(shape)
    found = nd.gradient(f, x, vectorized=vectorized)
    assert np.allclose(found, 2 * x, rtol=1e-12)
    assert np.shape(found) == shape
    assert seen == {shape}
    full = nd.gradient(f, x, vectorized=vectorized, full=True)
    assert np.shape(full.error) == np.shape(full.status) == np.shape(full.nfev) == np.shape(full.x) == shape


def test_a_coordinate_has_what_derivative_finds_for_it():
    x = np.array([0.3, 1.7, -0.4])
    found, alone = nd.gradient(lambda v: np.sum(np.sin(v)), x, full=True), []
    for i in range(3):
        others = np.delete(x, i)

        def line(t, i=i, others=others):
            return np.array([np.sum(np.sin(np.insert(others, i, one))) for one in np.atleast_1d(t)])

        alone.append(nd.derivative(line, x[i]))
    for i, one in enumerate(alone):
        assert (found.df[i], found.error[i], found.nfev[i]) == (one.df, one.error, one.nfev)


def test_the_result_is_that_of_derivative():
    found = nd.gradient(smooth, np.linspace(0, 1, 4), full=True)
    assert isinstance(found, nd.DerivativeResult)
    assert found.x.tolist() == np.linspace(0, 1, 4).tolist()
    assert "4 points" in repr(found)
    assert isinstance(nd.gradient(lambda v: v**2, 1.5, full=True).status, nd.DerivativeStatus)
    assert len(found.message) == 4


def test_integers_become_floats():
    assert nd.gradient(lambda v: v[0] * v[1], [2, 3]).tolist() == pytest.approx([3, 2])
    assert nd.gradient(lambda v: v[0] * v[1], np.array([2, 3], np.int32)).dtype == np.float64


# --- what it says -------------------------------------------------------------------------------------------------


def test_one_warning_names_how_many_and_the_first():
    with pytest.warns(nd.UncertainGradientWarning) as told:
        nd.gradient(lambda v: np.sum(np.abs(v)) + v[0, 0], np.array([[1.0, 0.0], [2.0, 0.0]]))
    assert len(told) == 1
    assert told[0].filename == __file__
    assert (told[0].message.coordinates, told[0].message.total) == (2, 4)
    assert "uncertain in 2 of 4 entries, first at index (0, 1): f has a kink" in str(told[0].message)
    assert "full=True gives a bar" in str(told[0].message)


def test_what_is_not_finite_has_its_own_warning():
    with pytest.warns(nd.NonFiniteGradientWarning, match=r"first at index \(1,\): f is infinite or NaN near x"):
        found = nd.gradient(lambda v: np.sum(np.sqrt(v)), [1.0, 0.0])
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


def test_no_warning_is_given_for_what_is_0():
    for f, x in (
        (lambda v: np.sum((v - 1) ** 2), np.ones(3)),
        (lambda v: np.cos(v[0]) + 0 * v[1], np.array([0.0, 1.0])),
        (lambda v: 7.0, np.ones(2)),
        (lambda v: np.sum((v - 1) ** 4) + 3, np.ones(2)),
    ):
        found = nd.gradient(f, x)
        assert np.abs(found).max() < 1e-8


def test_the_whole_result_needs_no_warning():
    found = nd.gradient(lambda v: abs(v[0]) + v[1], [0.0, 1.0], full=True)
    assert found.status.tolist() == [nd.DerivativeStatus.KINK, nd.DerivativeStatus.OK]
    assert (found.left[0], found.right[0]) == pytest.approx((-1, 1), abs=1e-3)


def test_a_side_gives_one_slope_of_a_kink():
    assert nd.gradient(lambda v: np.sum(np.abs(v)), [0.0, 0.0], side=[-1, 1]) == pytest.approx([-1, 1])
    assert nd.gradient(lambda v: np.sum(np.abs(v)), [0.0, 0.0], side="left") == pytest.approx([-1, -1])


# --- scales and bounds --------------------------------------------------------------------------------------------


def test_a_scale_for_each_coordinate():
    lengths = np.array([1e-8, 1.0, 1e8])
    x = 1e4 * lengths

    def f(v):
        return np.sum(np.sin(v / lengths))

    found = nd.gradient(f, x, scale=lengths, full=True)
    assert found.df * lengths == pytest.approx(np.cos(1e4 * np.ones(3)), abs=1e-8)
    assert found.nfev.max() <= 14
    assert nd.gradient(f, x, scale=1e-8)[0] * 1e-8 == pytest.approx(np.cos(1e4), abs=1e-8)


@both_modes
@pytest.mark.parametrize("where", ["bounds", "domain"])
def test_f_is_never_called_beyond_bounds(where, vectorized):
    low, high = np.array([0.0, -1.0, 5.0]), np.array([np.inf, 1.0, 5.5])
    x = np.array([1e-9, 0.999999, 5.25])

    def f(v):
        assert (v >= low).all()
        assert (v <= high).all()
        assert where == "bounds" or ((v > low).all() and (v < high).all())
        return np.sum(np.exp(v), axis=-1)

    found = nd.gradient(f, x, vectorized=vectorized, **{where: (low, high)})
    assert found == pytest.approx(np.exp(x), rel=1e-7)
    if where == "bounds":
        assert nd.gradient(f, [0.0, 1.0, 5.5], bounds=(low, high), vectorized=vectorized) == pytest.approx(
            np.exp([0.0, 1.0, 5.5]), rel=1e-7
        )


def test_bounds_of_scipy_are_taken():
    bounds = pytest.importorskip("scipy.optimize").Bounds([0, 0], [1, np.inf])
    assert nd.gradient(lambda v: np.sum(np.sqrt(v)), [1.0, 4.0], bounds=bounds) == pytest.approx([0.5, 0.25])


def test_bounds_of_scipy_may_be_numbers():
    bounds = pytest.importorskip("scipy.optimize").Bounds
    for x in (1.0, [1.0], [1.0, 2.0], [[0.0], [0.5]], {"a": [1.0, 2.0]}):
        given = nd.gradient(inside, x, bounds=bounds(0, 2), full=True)
        assert np.array_equal(given.df, nd.gradient(inside, x, bounds=(0, 2), full=True).df)


def inside(x):
    x = np.asarray(x["a"] if isinstance(x, dict) else x)
    assert ((x >= 0) & (x <= 2)).all()
    return np.sum(np.sqrt(4 - x))


def test_none_is_no_bound():
    def f(v):
        assert v[0] >= 0
        return np.sum(np.sqrt(v))

    expected = [0.5 / np.sqrt(1e-9), 0.25]
    assert nd.gradient(f, [1e-9, 4.0], bounds=(0, None)) == pytest.approx(expected, rel=1e-5)
    assert nd.gradient(f, [1e-9, 4.0], bounds=([0, None], None)) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match=r"a list with a pair for each coordinate, zip\(\*bounds\) makes the two ends"):
        nd.gradient(f, [1e-9, 4.0, 1.0], bounds=[(0, None), (0, None), (0, 2)])


def test_a_coordinate_without_room_is_told():
    with pytest.warns(nd.NonFiniteGradientWarning, match="in 1 of 2 .* the bounds leave no room for a node beside x"):
        found = nd.gradient(lambda v: v[0] * v[1], [1.0, 2.0], bounds=([1.0, 0.0], [1.0, 3.0]))
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1)


def test_scale_is_named_where_f_oscillates():
    with pytest.warns(
        nd.UncertainGradientWarning, match="f oscillates .* scale= if it is smooth over a shorter length"
    ):
        nd.gradient(lambda v: np.sin(1e9 * v[0]), [0.0])


# --- the complex step ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
@both_modes
def test_the_complex_step_is_right_to_the_last_digits(name, vectorized):
    if name not in FORMATS:
        pytest.skip(f"no {name} here")
    fmt = FORMATS[name]
    x = fmt.as_array([0.3, 1.1, -0.7])
    found = nd.gradient(smooth, x, method="complex", vectorized=vectorized)
    exact = slope_of_smooth(x.astype(np.longdouble))
    assert found.dtype == fmt.dtype
    assert np.abs(found - exact).max() <= 16 * float(fmt.unit_roundoff) * np.abs(exact).max()
    assert nd.gradient(lambda v: np.exp(v[0]), [0.0], method="complex", h=1e-30) == [1.0]


def test_the_complex_step_refuses_what_is_not_analytic():
    with pytest.raises(TypeError, match=r"f must be analytic for the complex step, but it uses np\.absolute"):
        nd.gradient(lambda v: np.sum(np.abs(v)), [1.0, 2.0], method="complex")
    with pytest.warns(nd.NonFiniteGradientWarning, match="complex step gives no finite derivative in 2 of 4"):
        found = nd.jacobian(np.log, [-1.0, 2.0], method="complex")[[0, 1], [0, 1]]
    assert np.isnan(found[0])
    with pytest.raises(TypeError, match="complex dtype for method='complex', got float16; leave out method, or write"):
        nd.gradient(lambda v: v[0], np.ones(1, np.float16), method="complex")


@both_modes
def test_real_x_contradicts_a_complex_step_that_f_does_not_see(vectorized):
    def hidden(v):
        return np.sum(np.abs(np.asarray(v)) + 0 * np.asarray(v), axis=-1)

    with pytest.warns(nd.UncertainGradientWarning, match="f of real x contradicts the complex step: along a random"):
        assert not nd.gradient(hidden, [1.0, 2.0], method="complex", vectorized=vectorized).any()
    with pytest.warns(nd.UncertainGradientWarning, match="f of real x contradicts"):
        nd.jacobian(lambda v: np.array([v[0], np.asarray(v).real[1] + 0 * v[1]]), [1.0, 2.0], method="complex")


ROOTS = {
    "x(x-3)": (lambda v: v * (v - 3), 3.0, 3.0),
    "x^2": (lambda v: v**2, 0.0, 0.0),
    "(x-3)^2": (lambda v: (v - 3) ** 2, 3.0, 0.0),
    "x^2 log x": (lambda v: v * v * np.log(v), 1.0, 1.0),
    "log": (np.log, 1.0, 1.0),
    "exp(x) - e": (lambda v: np.exp(v) - np.exp(v.dtype.type(1).real), 1.0, np.exp(np.longdouble(1))),
    "x^2 + x^3": (lambda v: v**2 + v**3, 0.0, 0.0),
    "1-cos": (lambda v: 1 - np.cos(v), 0.0, 0.0),
}


@pytest.mark.parametrize("name", ["float32", "float64", "float80"])
@pytest.mark.parametrize("root", ROOTS)
@pytest.mark.parametrize("options", [{}, {"sparsity": np.eye(2)}, {"h": 1e-20}, {"scale": 2.0}], ids=str)
def test_the_complex_step_differentiates_at_a_root(root, name, options):
    if name not in FORMATS:
        pytest.skip(f"no {name} here")
    f, x, exact = ROOTS[root]
    found = nd.jacobian(f, np.full(2, x, FORMATS[name].dtype), method="complex", **options)
    assert np.abs(found - exact * np.eye(2)).max() <= 4 * float(FORMATS[name].unit_roundoff)


def test_the_complex_step_differentiates_at_a_minimum():
    def rosenbrock(v):
        return np.sum(100 * (v[1:] - v[:-1] ** 2) ** 2 + (1 - v[:-1]) ** 2)

    assert not nd.gradient(rosenbrock, np.ones(3), method="complex").any()
    found = nd.gradient(lambda v: np.sum((v - 0.1) ** 2), [0.1 + 2.0**-56, 0.1], method="complex")
    assert np.abs(found - [2.0**-55, 0]).max() <= 2.0**-56


def test_a_complex_step_where_f_is_not_analytic_is_told():
    def powers(v, power):
        return np.sum(v**power)

    for power in (0.5, 1.5):
        with pytest.warns(nd.NonFiniteGradientWarning, match="its real part is not f"):
            assert np.isnan(nd.gradient(powers, [0.0], args=(power,), method="complex"))
        # Beside 1 the real part tells nothing.
        with pytest.warns(nd.UncertainGradientWarning, match="it has the slope nan, .* or its domain ends at x"):
            nd.gradient(powers, [0.0, 1.0], args=(power,), method="complex")
    nd.gradient(powers, [0.0, 1.0], args=(1.5,), method="complex", bounds=(0, None))


def test_a_constant_of_the_complex_step_is_a_number_of_python():
    assert nd.gradient(lambda v: 3.0, [1.0, 2.0], method="complex").tolist() == [0.0, 0.0]
    assert nd.jacobian(lambda v: [3.0, 4], [1.0, 2.0], method="complex").tolist() == [[0.0, 0.0], [0.0, 0.0]]
    for f in (lambda v: np.asarray(v).real[0], lambda v: np.asarray(v).real):
        with pytest.raises(
            TypeError, match="keep the dtype of its argument for the complex step, complex128, got float64"
        ):
            nd.jacobian(f, [1.0, 2.0], method="complex")


# --- how f is called ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [{}, {"h": 2.0**-10}, {"method": "complex"}], ids=str)
@pytest.mark.parametrize("differentiate", [nd.gradient, nd.jacobian])
def test_a_batch_whose_points_are_mixed_is_refused(differentiate, options):
    def mixed(x):  # the coordinates of the first point alone
        return x[0].sum() * x[:, 0] if differentiate is nd.gradient else x * x[0]

    with pytest.raises(ValueError, match=r"for each point of a batch what it returns for that point alone .* among "):
        differentiate(mixed, np.array([0.5, 1.0, 2.0]), vectorized=True, **options)


def test_a_batch_that_sums_in_another_order_is_not_mixed(rng):
    matrix = rng.normal(size=(300, 40))
    x = rng.normal(size=40)
    b = matrix @ x

    def f(v):  # about 1e-28 at x: rounding alone
        r = v @ matrix.T - b
        return np.sum(r * r, axis=-1)

    found = nd.gradient(f, x, vectorized=True, full=True)
    assert np.all(np.abs(found.df) <= np.maximum(found.error, 1e-10))


def test_a_random_batch_is_random_not_mixed(rng):
    def f(v):
        return np.sum(v * v, axis=-1) + 1e-3 * rng.normal(size=len(v))

    with pytest.warns(nd.UncertainGradientWarning, match="f returned another value when it was asked again"):
        nd.gradient(f, np.array([0.5, 1.0]), vectorized=True)


def test_an_error_of_a_batch_names_its_shape():
    with pytest.raises(ValueError) as caught:
        nd.gradient(lambda v: v @ v, np.ones(3), vectorized=True)
    assert caught.value.__notes__ == ["numdiff called f with 30 points, of shape (30, 3) (vectorized=True)"]


def test_a_function_of_several_arguments_is_told_to_take_one():
    with pytest.raises(
        TypeError, match=r"f must take x as its one argument; .* the others as args=; lambda x: f\(\*x\)"
    ):
        nd.gradient(lambda a, b: a * b, [1.0, 2.0])


def test_batches_are_bounded_in_memory():
    largest = 0

    def f(x):
        nonlocal largest
        largest = max(largest, x.nbytes)
        return x[:, 0] * x[:, 1]

    nd.gradient(f, np.linspace(1, 2, 3000), vectorized=True)
    assert largest <= BATCH_BYTES


def test_memory_is_a_few_copies_of_x_and_the_work_of_a_block():
    def peak(n):
        x = np.ones(n)
        tracemalloc.start()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nd.gradient(lambda v: v[..., 0] * 2.0, x, vectorized=True, progress=stop_at(4))
        return tracemalloc.get_traced_memory()[1]

    class Enough(Exception):
        pass

    def stop_at(blocks):
        told = []

        def watch(done, total):
            told.append(done)
            if len(told) >= blocks:
                raise Enough

        return watch

    peaks = []
    for n in (1 << 14, 3 << 14):
        try:
            peaks.append(peak(n))
        except Enough:
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] - peaks[0] <= 12 * 8 * (2 << 14)


@pytest.mark.parametrize("workers", [2, map])
def test_workers_change_nothing(workers):
    x = np.linspace(-1, 1, 30)
    assert nd.gradient(smooth, x, workers=workers).tobytes() == nd.gradient(smooth, x).tobytes()


@needs_everything
def test_processes_can_be_the_workers():
    x = np.linspace(1, 2, 5)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert nd.gradient(np.linalg.norm, x, workers=pool.map).tobytes() == nd.gradient(np.linalg.norm, x).tobytes()


def test_progress_counts_up_to_all_coordinates():
    told = []
    nd.gradient(lambda v: v[0], np.ones(700), progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (700, 700)
    assert len(told) >= 256


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"method": "3-point"},
            ValueError,
            "None or 'complex', got '3-point'; write stencil='centered'",
        ),
        ({"method": "nonsense"}, ValueError, "a difference formula is stencil='forward'"),
        ({"method": ["cs"]}, ValueError, "method must be None or 'complex', got .'cs'.; a difference formula"),
        ({"method": np.ones(2)}, ValueError, "method must be None or 'complex', got array"),
        ({"method": "complex", "stencil": "forward"}, ValueError, "method='complex' takes no stencil"),
        ({"h": 0.1, "full": True}, ValueError, "full=True needs the estimator"),
        ({"h": 0.1, "noise": 0.1}, ValueError, "noise is for the estimator; leave it out"),
        ({"h": 0.1, "scale": 0.1}, ValueError, "scale is for the estimator"),
        ({"stencil": "forward", "max_evaluations": 30}, ValueError, "max_evaluations is for the estimator"),
        ({"scale": 0.0}, ValueError, "scale must be positive and finite, the length .* got 0.0"),
        ({"scale": [1.0, 2.0, 3.0]}, ValueError, r"scale must be one number or of the shape of x, \(2,\)"),
        ({"bounds": (2, 3)}, ValueError, r"x must lie within its bounds \[2.0, 3.0\], got 1.0 at index \(0,\)"),
        ({"domain": (1, 3)}, ValueError, r"x must lie within its open domain \(1.0, 3.0\), got 1.0 at index \(0,\)"),
        ({"bounds": 3}, ValueError, "bounds must be a pair, the lower and the upper end"),
        ({"method": "complex", "h": [0.1] * 3}, ValueError, r"h must be one number or of the shape of x, \(2,\), got"),
        ({"noise": -1.0}, ValueError, "noise must be finite and at least 0"),
        ({"noise": [0.1, 0.2]}, ValueError, "noise must be one number"),
        ({"side": "up"}, ValueError, "side must be None, 'left', 'right'"),
        ({"side": [1]}, ValueError, "side must be one number or of the shape of x"),
        ({"max_evaluations": 3}, ValueError, "max_evaluations must be an integer of at least 20"),
        ({"confidence": 1.0}, ValueError, "confidence must be the probability"),
        ({"workers": 0}, ValueError, "workers must be an integer of at least 1"),
        ({"progress": 5}, TypeError, "progress must be a bool or a callable"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        nd.gradient(lambda v: v[0] * v[1], [1.0, 2.0], **options)


@pytest.mark.parametrize("vectorized", [False, True])
def test_a_function_with_several_values_is_sent_to_jacobian(vectorized):
    with pytest.raises(ValueError, match="use jacobian"):
        nd.gradient(lambda v: v, [1.0, 2.0], vectorized=vectorized)
    with pytest.raises(TypeError, match="f must not write into its argument"):
        nd.gradient(writes, [1.0, 2.0], vectorized=vectorized)


@pytest.mark.parametrize("f", [np.sum, lambda v: 3.0])
@pytest.mark.parametrize("options", [{}, {"h": 0.1}], ids=str)
def test_a_sum_over_all_points_of_a_batch_is_told_where_sums_go(f, options):
    with pytest.raises(ValueError, match=r"got an array of shape \(\); sums go over the axes after the first one"):
        nd.gradient(f, [1.0, 2.0], vectorized=True, **options)


def writes(v):
    v *= 2
    return v[0]


@pytest.mark.parametrize(
    ("f", "x", "how"),
    [
        (lambda v: v.dtype.type(1e4) + np.sum(v * v), np.float32([1.3, 0.7]), {"stencil": "forward"}),
        (lambda v: 1e8 + np.sum(np.sin(v)), np.array([1.3, 0.7]), {"stencil": "forward"}),
        (lambda v: 1e8 + np.sum(np.sin(v)), np.array([1.3, 0.7]), {"h": 1e-8}),
        (lambda v: np.sum(np.sin(v)), np.array([1.3, 0.7]), {"stencil": "forward", "h": 1e-15}),
        (lambda v: 1e6 + 1e-3 * np.sum(v**2), np.array([1.3, 0.7]), {"stencil": "forward"}),
        (lambda v: np.array([1.0, 1e8 + np.sum(v**2)]), np.array([1.3, 0.7]), {"h": 1e-8}),
    ],
)
def test_quotient_that_is_mostly_rounding_is_told(f, x, how):
    """Caught: what rounding explains was never looked at, and half of a gradient was silently wrong."""
    with pytest.warns(nd.UncertainGradientWarning, match="another step contradicts the quotient"):
        (nd.gradient if np.ndim(f(x)) == 0 else nd.jacobian)(f, x, **how)


@pytest.mark.parametrize("how", [{"stencil": "forward"}, {"stencil": "centered"}, {"h": 1e-4}])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda v: np.sum(np.cos(v)), np.zeros(3)),
        (lambda v: np.sum((v - 0.7) ** 2) + v.dtype.type(5), np.full(3, 0.7)),
        (lambda v: v.dtype.type(3), np.ones(3)),
        (lambda v: np.sum(np.sin(v)), np.array([1.3, 0.7])),
        (lambda v: np.sum(np.exp(v)) + v.dtype.type(100), np.array([1.3, 0.7, -0.4])),
    ],
)
@pytest.mark.parametrize("name", ["float64", "float32"])
def test_minimum_and_quotient_with_digits_are_not_doubted(name, f, x, how):
    with warnings.catch_warnings():
        warnings.simplefilter("error", nd.UncertainGradientWarning)
        nd.gradient(f, x.astype(name), **how)


def test_looks_at_rounding_stay_inside_the_bounds_and_batches():
    seen = []

    def f(v):
        seen.append(v.copy())
        return 1e8 + np.sum(np.sin(v), axis=-1)

    x, bounds = np.array([1.3, 0.7]), (np.array([1.3 - 1e-6, 0.5]), np.array([1.3 + 1e-6, 0.9]))
    with pytest.warns(nd.UncertainGradientWarning):
        nd.gradient(f, x, h=1e-8, bounds=bounds, vectorized=True)
    points = np.concatenate(seen)
    assert ((bounds[0] <= points) & (points <= bounds[1])).all()
