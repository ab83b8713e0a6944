"""The fast way: the same numbers for one point as for many, and the same verdict as that of the search."""

import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numdiff.adaptive import engine, fast_many
from numdiff.adaptive.engine import FIRST_ORDER, Estimates, estimate
from numdiff.adaptive.fast import FIRST, LEVELS
from numdiff.adaptive.state import Request
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from tests.adaptive.estimating import Asked, estimated, same

F64 = FORMATS["float64"]
FUNCTIONS = {
    "exp": np.exp,
    "log": np.log,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "sin50": lambda x: np.sin(50 * x),
    "cubic": lambda x: x * x * x - 2 * x,
    "line": lambda x: 3 * x + 1,
    "constant": np.ones_like,
    "zero": np.zeros_like,
    "kink": lambda x: np.abs(x - 1),
    "stairs": lambda x: np.round(np.sin(x), 6),
    "noisy": lambda x: np.sin(x) * (1 + 1e-8 * np.sin(1e12 * x)),
    "nan": lambda x: np.where(x > 1, np.nan, np.exp(x)),
    "infinite": lambda x: np.where(np.abs(x - 1) < 0.03, np.inf, np.exp(x)),
    "tiny": lambda x: np.exp(x) * 1e-110,
    "huge": lambda x: np.exp(x) * 1e110,
    "small": lambda x: np.exp(x) * 1e-140,
    "large": lambda x: np.exp(x) * 1e140,
    "overflowing": lambda x: np.exp(x) * 8e307,
}


def points(n: int = 60) -> np.ndarray:
    return np.random.default_rng(5).uniform(0.01, 3, n)


def alone(f, x: np.ndarray, **options) -> Estimates:
    """Return the estimates of points that are asked for one by one."""
    parts = [estimated(f, point, **options) for point in x]
    return Estimates(**{k: np.concatenate([getattr(part, k) for part in parts]) for k in vars(parts[0])})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_one_point_and_many_have_the_same_numbers(name):
    f = FUNCTIONS[name]
    with np.errstate(all="ignore"):
        assert same(alone(f, points()), estimated(f, points()))


@given(st.floats(-1e30, 1e30), st.floats(-3, 3), st.floats(-300, 300))
def test_one_point_and_many_have_the_same_numbers_at_any_scale(x, shift, exponent):
    def f(t):
        return np.sin(t / (abs(x) + 1e-200) + shift) * 10.0**exponent

    at = np.array([x, x, 0.5])
    with np.errstate(all="ignore"):
        many, one = estimated(f, at), estimated(f, at[:1])
    assert same(one, many.rows(slice(0, 1)))


@pytest.mark.parametrize("name", ["exp", "log", "noisy", "nan"])
def test_the_size_of_the_blocks_and_the_order_of_the_points_change_no_bit(name, monkeypatch, rng):
    f, x = FUNCTIONS[name], points(300)
    with np.errstate(all="ignore"):
        whole = estimated(f, x)
        order = rng.permutation(x.size)
        assert same(whole.rows(order), estimated(f, x[order]))
        for block, piece in ((7, 1600), (64, 10), (299, 300), (300, 3)):
            monkeypatch.setattr(fast_many, "BLOCK", block)
            monkeypatch.setattr(fast_many, "PIECE", piece)
            monkeypatch.setattr(fast_many, "_spare", threading.local())
            assert same(whole, estimated(f, x))


@pytest.mark.parametrize("name", ["exp", "log", "sigmoid", "sin50", "tiny", "huge"])
def test_where_the_fast_way_ends_the_search_says_the_same(name):
    f, x = FUNCTIONS[name], points(400)
    found = estimated(f, x)
    request = Request(Asked(f, F64), F64, FIRST_ORDER, 0, -np.inf, np.inf, None, 60, 0.99)
    with np.errstate(all="ignore"):
        smooth, levels = fast_many.take_many(request.call, x, engine._first_start(request, x), 7e-8, 0.99)
        searched = engine._searched(request, x)
    good = np.setdiff1d(np.arange(x.size), levels.rows)
    assert good.size > 0.9 * x.size
    assert (searched.status[good] == Status.OK).mean() > 0.99
    assert (np.abs(smooth.value - searched.value)[good] <= (smooth.bar + searched.error)[good]).all()
    has_digits = found.error < np.abs(found.value)
    assert (found.status[good] == np.where(has_digits, Status.OK, Status.NO_DIGITS)[good]).all()
    assert has_digits[good].mean() > 0.99
    assert (found.evaluations[good] == 2 * LEVELS).all()


def test_bars_of_random_series_cover_for_one_point_and_for_many():
    """Each point has a series of its own; some have a correction that is small by chance."""
    n = 50000
    coefficients = np.random.default_rng(3).standard_normal((7, n)) * 30.0 ** np.arange(7)[:, None]

    def call(nodes, rows):
        return 1 + nodes * sum(c[rows] * nodes ** (2 * k) for k, c in enumerate(coefficients))

    x = np.zeros(n)
    found = estimate(call, x, F64)
    error = np.abs(found.value - coefficients[0])
    assert (found.evaluations == 2 * LEVELS).mean() > 0.5
    assert (error <= found.error).mean() > 0.999
    assert (error > 3 * found.error).sum() <= 10
    for k in range(1500):
        one = estimate(lambda nodes, rows, k=k: call(nodes, rows + k), x[:1], F64)
        assert same(one, found.rows(slice(k, k + 1)))


def test_most_smooth_points_take_the_fast_way_also_beside_an_end():
    for f, x in ((np.exp, points(4000)), (np.log, points(4000)), (FUNCTIONS["sigmoid"], points(4000))):
        request = Request(Asked(f, F64), F64, FIRST_ORDER, 0, -np.inf, np.inf, None, 60, 0.99)
        with np.errstate(all="ignore"):
            _, levels = fast_many.take_many(request.call, x, engine._first_start(request, x), 7e-8, 0.99)
        assert levels.rows.size < 0.04 * x.size


def test_noise_is_seen_before_the_sixth_level_is_taken():
    asked = Asked(FUNCTIONS["noisy"], F64)
    at = points(50)
    request = Request(asked, F64, FIRST_ORDER, 0, -np.inf, np.inf, None, 60, 0.99)
    _, levels = fast_many.take_many(asked, at, engine._first_start(request, at), 7e-8, 0.99)
    assert (levels.taken == FIRST).mean() > 0.5
    assert asked.counts(at.size).tolist() == (2 * levels.taken[np.argsort(levels.rows)]).tolist()


@pytest.mark.parametrize(("spacings", "is_taken"), [(60, True), (16, False)])
def test_steps_of_few_spacings_are_left_to_the_search(spacings, is_taken):
    x = np.array([1.0, 1.0])
    asked = Asked(np.exp, F64)
    with np.errstate(all="ignore"):
        _, levels = fast_many.take_many(asked, x, np.full(2, spacings * 2.0**-52), 7e-8, 0.99)
    assert bool(asked.nodes) == is_taken
    assert (levels.taken == 0).all() or is_taken


def test_f_may_differentiate_too():
    x = points(5000)

    def f(t):
        inner = estimate(lambda p, rows: np.sin(p), t[:4000], F64)
        return np.exp(t) + 0 * inner.value[0]

    found = estimate(lambda p, rows: f(p), x, F64)
    assert same(found, estimate(lambda p, rows: np.exp(p), x, F64))


def test_threads_do_not_share_memory():
    x = [points(5000) + k for k in range(4)]
    expected = [estimate(lambda p, rows: np.exp(p), part, F64) for part in x]
    found: dict[int, Estimates] = {}

    def work(k: int) -> None:
        for _ in range(5):
            found[k] = estimate(lambda p, rows: np.exp(p), x[k], F64)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(same(found[k], expected[k]) for k in range(4))


def test_nodes_and_values_of_a_call_stay_as_they_are():
    kept = []

    def call(nodes, rows):
        y = np.exp(nodes)
        kept.append((nodes, nodes.copy(), rows, rows.copy(), y, y.copy()))
        return y

    estimate(call, points(9000), F64)
    assert len(kept) > 4
    for nodes, old_nodes, rows, old_rows, y, old_y in kept:
        assert np.array_equal(nodes, old_nodes)
        assert np.array_equal(rows, old_rows)
        assert np.array_equal(y, old_y)
