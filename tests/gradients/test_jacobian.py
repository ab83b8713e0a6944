"""`jacobian`: values of any shape, and sparse matrices by products with groups of columns."""

import warnings

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.formats import FORMATS

NAMES = [name for name in ("float32", "float64", "float80") if name in FORMATS]
both_modes = pytest.mark.parametrize("vectorized", [False, True], ids=["points", "batches"])
N = 30


def band(x):
    """Return x₀² + x₁³, …, a function with a Jacobian of two diagonals."""
    places = np.arange(1, x.size + 1) % x.size
    return np.exp(x) + np.where(places > 0, x[places] ** 3, 0 * x)


def jacobian_of_band(x):
    return np.diag(np.exp(x)) + np.diag(3 * x[1:] ** 2, 1)


PATTERN = np.eye(N) + np.eye(N, k=1)


@both_modes
def test_values_of_any_shape_have_bars(vectorized, rng):
    matrix = rng.normal(size=(2, 3, 4))

    def f(x):  # (2, 3) values of a (2, 2) point
        return np.sin((x.reshape(*x.shape[:-2], 1, 1, 4) * matrix).sum(axis=-1))

    x = rng.normal(size=(2, 2))
    found = nd.jacobian(f, x, vectorized=vectorized, full=True)
    inner = (matrix * x.reshape(4)).sum(axis=-1)
    exact = (np.cos(inner)[..., None] * matrix).reshape(2, 3, 2, 2)
    assert found.df.shape == found.error.shape == found.x.shape == (2, 3, 2, 2)
    assert (np.abs(found.df - exact) <= found.error).all()
    assert np.abs(found.df - exact).max() < 1e-10
    assert np.array_equal(nd.jacobian(f, x, vectorized=vectorized), found.df)


def test_f_is_evaluated_once_at_each_node_for_all_its_values():
    seen = []

    def f(x):
        seen.append(x.tobytes())
        return np.concatenate([np.exp(x), np.sin(x * 3), x**2])

    found = nd.jacobian(f, [0.3, 0.4, 0.5], full=True)
    assert len(set(seen)) == len(seen)
    assert len(seen) <= 3 * 16
    assert found.nfev.sum() > 5 * len(seen)


def test_a_function_without_values_has_an_empty_jacobian():
    assert nd.jacobian(lambda x: x[:0], np.ones(3)).shape == (0, 3)


def test_a_scalar_function_has_its_gradient():
    x = np.array([0.3, 0.4])
    assert nd.jacobian(lambda v: v[0] * v[1], x).tobytes() == nd.gradient(lambda v: v[0] * v[1], x).tobytes()
    assert isinstance(nd.jacobian(lambda v: v * v, np.float64(2.0)), np.float64)


def test_f_may_return_the_same_buffer_each_time():
    buffer = np.empty(3)

    def f(x):
        buffer[...] = np.exp(x)
        return buffer

    assert np.diagonal(nd.jacobian(f, [0.1, 0.2, 0.3])) == pytest.approx(np.exp([0.1, 0.2, 0.3]))


# --- sparse -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("options", [{}, {"h": 2.0**-8}, {"stencil": "forward"}, {"method": "complex"}], ids=str)
def test_a_pattern_saves_evaluations_and_changes_nothing_else(name, options):
    fmt = FORMATS[name]
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return band(x)

    x = fmt.as_array(np.linspace(0.5, 1.5, N))
    dense = nd.jacobian(f, x, **options)
    before, calls = calls, 0
    sparse = nd.jacobian(f, x, sparsity=PATTERN, **options)
    assert calls < before
    exact = jacobian_of_band(x.astype(np.longdouble))
    rough = 0.05 if options and "method" not in options else 100 * float(fmt.unit_roundoff) ** 0.7
    assert np.abs(sparse - exact).max() <= rough
    assert np.abs(sparse - dense.astype(sparse.dtype)).max() <= rough
    assert sparse.dtype == fmt.dtype
    if not options:
        assert calls < before / 4
    else:  # one step or formula: the same quotients
        scale = 2.0**8 if "h" in options else float(fmt.unit_roundoff) ** -0.5 if "stencil" in options else 1
        assert np.abs(sparse - dense)[PATTERN > 0].max() <= 64 * float(fmt.unit_roundoff) * scale


def test_bars_of_a_sparse_matrix_hold():
    x = np.linspace(0.5, 1.5, N)
    found = nd.jacobian(band, x, sparsity=PATTERN, full=True)
    assert (np.abs(found.df - jacobian_of_band(x)) <= found.error).all()
    assert found.success.all()
    assert (found.error[PATTERN == 0] == 0).all()


@pytest.mark.parametrize("options", [{}, {"h": 2.0**-12}, {"method": "complex"}], ids=str)
@pytest.mark.parametrize("missed", [(3, 4), (0, 0), (N - 1, N - 1)])
def test_a_pattern_that_misses_an_entry_is_refused(options, missed):
    pattern = PATTERN.copy()
    pattern[missed] = 0
    with pytest.raises(ValueError, match=rf"must hold all entries .* but its row {missed[0]} misses one"):
        nd.jacobian(band, np.linspace(0.5, 1.5, N), sparsity=pattern, **options)


def random_sparse(seed):
    """Return a function of a random sparse Jacobian whose entries lie over two decades, its pattern, and a point."""
    rng = np.random.default_rng(seed)
    n, m = (int(size) for size in rng.integers(3, 25, 2))
    pattern = rng.random((m, n)) < 0.2
    pattern[np.arange(m), rng.integers(0, n, m)] = True
    matrix = rng.choice([-1.0, 1.0], (m, n)) * 10 ** rng.uniform(-1, 1, (m, n)) * pattern
    functions = (
        lambda x: matrix @ x**2,
        lambda x: np.sin(matrix @ x) + matrix @ x,
        lambda x: matrix @ np.exp(x),
        lambda x: matrix @ np.tanh(x) + (matrix @ x) ** 2 / 10,
    )
    return functions[seed % len(functions)], pattern, rng.uniform(0.3, 1.5, n) * rng.choice([-1, 1], n), rng


@pytest.mark.parametrize("options", [{}, {"h": 1e-6}, {"h": 1e-4}, {"stencil": "forward"}, {"stencil": "centered4"}])
def test_an_entry_of_any_size_is_missed(options):
    """A tenth of the largest entry would hide the others: only what a step and rounding leave in doubt may."""
    refused = right = 0
    for seed in range(40):
        f, pattern, x, rng = random_sparse(seed)
        places = np.argwhere(pattern)
        less = pattern.copy()
        less[tuple(places[rng.integers(len(places))])] = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nd.jacobian(f, x, sparsity=pattern, **options)
            right += 1
            try:
                nd.jacobian(f, x, sparsity=less, **options)
            except ValueError as error:
                refused += "misses one" in str(error)
    assert right == 40
    assert refused >= 39


def test_a_step_that_is_too_wide_for_a_pattern_is_told_and_not_taken_for_a_missed_entry():
    x = np.linspace(0.5, 1.5, N)
    with pytest.warns(
        nd.UncertainGradientWarning, match="f contradicts the quotients in row 0: .* leave out h"
    ) as told:
        found = nd.jacobian(band, x, sparsity=PATTERN, h=1.5)
    assert told[0].filename == __file__
    assert found[0, 0] > 1.3 * np.exp(0.5)
    with pytest.warns(nd.UncertainGradientWarning, match="f contradicts the quotients"):
        nd.jacobian(
            lambda v: np.float32(1e4) + v * v, np.linspace(1, 2, 9, dtype=np.float32), sparsity=np.eye(9), h=1e-5
        )


def test_another_step_of_all_groups_is_taken_only_where_it_is_needed():
    calls = 0

    def f(x):
        nonlocal calls
        calls += 1
        return band(x)

    x, counts = np.linspace(0.5, 1.5, N), []
    for h in (None, 2.0**-3):
        nd.jacobian(f, x, sparsity=PATTERN, stencil="centered", h=h)
        counts.append(calls)
        calls = 0
    assert counts[1] - counts[0] >= 4  # two groups, two nodes
    assert counts[1] <= counts[0] + 8


@pytest.mark.parametrize("seed", range(6))
def test_a_right_pattern_is_not_refused_by_chance(seed):
    """Of thousands of rows some are beyond three bars along one direction."""
    sparse = pytest.importorskip("scipy.sparse")
    n, rng = 2000, np.random.default_rng(seed)
    x = rng.standard_normal(n) * np.exp(rng.standard_normal(n))
    pattern = sparse.csr_array(sparse.eye(n) + sparse.eye(n, k=-1))
    found = nd.jacobian(
        lambda v: np.concatenate([v[:1] ** 2, v[1:] * np.sin(v[:-1])]), x, sparsity=pattern, method="complex"
    )
    assert np.allclose(found.diagonal()[1:], np.sin(x[:-1]), rtol=1e-12)


@pytest.mark.parametrize("options", [{}, {"h": 0.125}, {"method": "complex"}], ids=str)
def test_a_pattern_without_entries_is_checked_too(options):
    nothing = np.zeros((2, 2))
    assert np.array_equal(nd.jacobian(lambda x: 0 * x + 2, [1.0, 2.0], sparsity=nothing, **options), nothing)
    with pytest.raises(ValueError, match="its row 1 misses one"):
        nd.jacobian(lambda x: x * np.arange(2.0), [1.0, 2.0], sparsity=nothing, **options)


def test_a_small_entry_that_is_missed_is_found_too():
    def f(x):
        return band(x) + 1e-6 * x[::-1]

    with pytest.raises(ValueError, match="misses one"):
        nd.jacobian(f, np.linspace(0.5, 1.5, N), sparsity=PATTERN)


def test_a_sparse_matrix_is_answered_by_one():
    sparse = pytest.importorskip("scipy.sparse")
    x = np.linspace(0.5, 1.5, N)
    found = nd.jacobian(band, x, sparsity=sparse.csc_array(PATTERN))
    assert isinstance(found, sparse.csr_array)
    assert np.abs(found.toarray() - jacobian_of_band(x)).max() < 1e-10
    with pytest.raises(ValueError, match="full=True gives arrays"):
        nd.jacobian(band, x, sparsity=sparse.csc_array(PATTERN), full=True)


def test_bounds_hold_where_columns_move_together():
    low, high = np.zeros(N), np.full(N, 2.0)
    x = np.where(np.arange(N) % 4 < 2, 0.0, 2.0)

    def f(v):
        assert (v >= low).all()
        assert (v <= high).all()
        return band(v)

    found = nd.jacobian(f, x, sparsity=PATTERN, bounds=(low, high), full=True)
    assert (np.abs(found.df - jacobian_of_band(x)) <= found.error).all()
    assert found.error.max() < 1e-6
    assert np.array_equal(nd.jacobian(f, x, sparsity=PATTERN, bounds=(low, high)), found.df)


@pytest.mark.parametrize(
    ("f", "x", "sparsity", "message"),
    [
        (band, np.ones(3), np.eye(2), r"shape of the Jacobian, \(3, 3\), got \(2, 2\)"),
        (lambda v: v, np.ones((2, 2)), np.eye(4), "for x and f.x. of one dimension"),
        (lambda v: v[0], np.ones(2), np.ones((1, 2)), "for x and f.x. of one dimension"),
        (band, np.ones(2), (np.ones((2, 2)), [0, 0]), "columns that share a row into different groups"),
        (band, np.ones(2), (np.ones((2, 2)), [0, 1, 2]), "one group for each column"),
    ],
)
def test_an_unsuitable_pattern_is_refused(f, x, sparsity, message):
    with pytest.raises(ValueError, match=message):
        nd.jacobian(f, x, sparsity=sparsity)


@pytest.mark.parametrize("sparsity", ["tridiagonal", len, {"a": 1}, [["x", "y"], ["z", "w"]]], ids=str)
def test_a_pattern_is_an_array(sparsity):
    with pytest.raises(TypeError, match="sparsity must be an array or a sparse matrix of numbers, got "):
        nd.jacobian(band, np.ones(2), sparsity=sparsity)


def test_side_does_not_go_with_a_pattern():
    with pytest.raises(ValueError, match="side is of single coordinates"):
        nd.jacobian(band, np.ones(3), sparsity=np.ones((3, 3)), side=1)


@pytest.mark.parametrize("m", [0, 3])
def test_a_pattern_without_entries_gives_bars_too(m):
    found = nd.jacobian(lambda v: 0 * v[:m], [1.0, 2.0, 3.0], sparsity=np.zeros((m, 3)), full=True)
    assert found.df.shape == found.error.shape == found.status.shape == (m, 3)
    assert not found.df.any()
    assert not found.error.any()


def test_a_sparse_matrix_in_a_format_of_16_bits_is_refused_with_advice():
    sparse = pytest.importorskip("scipy.sparse")
    for name in ("float16", "bfloat16"):
        with pytest.raises(TypeError, match=rf"sparsity must be an array in {name}, .*; \.toarray\(\)"):
            nd.jacobian(lambda v: v, np.ones(3), sparsity=sparse.eye_array(3), dtype=name)


def test_no_values_of_a_tree_have_a_jacobian_without_rows():
    found = nd.jacobian(lambda p: p["a"][:0], {"a": np.ones(2), "b": 1.0})
    assert found["a"].shape == (0, 2)
    assert found["b"].shape == (0,)


@pytest.mark.parametrize("bounds", [None, (-10, 105), (-10, 300)], ids=str)
def test_steps_and_sides_of_a_sparse_matrix_are_those_of_the_coordinates(bounds):
    found = nd.jacobian(lambda v: np.abs(v - 100), [100.0, 1.0], sparsity=np.eye(2), bounds=bounds, full=True)
    assert found.left[0, 0] == pytest.approx(-1, rel=1e-3)
    assert found.right[0, 0] == pytest.approx(1, rel=1e-3)
    dense = nd.jacobian(np.exp, [100.0, 1.0], bounds=bounds, full=True)
    found = nd.jacobian(np.exp, [100.0, 1.0], sparsity=np.eye(2), bounds=bounds, full=True)
    assert (np.abs(np.log2(np.diagonal(found.step) / np.diagonal(dense.step))) < 2.5).all()
