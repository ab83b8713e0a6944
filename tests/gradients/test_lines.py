"""Lines through a point: which points f gets, how often, what the estimator makes of them, and bounds."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from numdiff.adaptive.engine import estimate
from numdiff.adaptive.status import Status
from numdiff.floats.formats import FORMATS
from numdiff.gradients.lines import BATCH_BYTES, Lines, coordinates, directions
from numdiff.gradients.searches import ends, estimated, refined, searched

NAMES = [name for name in ("float16", "bfloat16", "float32", "float64", "float80") if name in FORMATS]
F64 = FORMATS["float64"]


class Function:
    """f of rows of points, which keeps them."""

    def __init__(self, f, vectorized=False):
        self.f, self.vectorized, self.seen = f, vectorized, []

    def values(self, points):
        self.seen.append(points)
        return np.stack([np.atleast_1d(self.f(point)) for point in points])

    def points(self):
        return np.concatenate(self.seen)


def several(x):
    return np.array([np.exp(x[0]) * x[1], np.sin(x[1] * x[2]), x[0] * x[2] ** 3])


def slopes_of_several(x):
    a, b, c = x
    return np.array(
        [[np.exp(a) * b, np.exp(a), 0], [0, c * np.cos(b * c), b * np.cos(b * c)], [c**3, 0, 3 * a * c**2]]
    ).T


# --- what f gets ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_along_a_coordinate_the_point_is_x_with_the_node_in_its_place(name):
    fmt = FORMATS[name]
    x = fmt.as_array([1.25, -3.0, 0.5])
    f = Function(lambda p: p[0] + p[1] * p[2])
    nodes = fmt.as_array([2.5, 0.1, -1.0])
    found = coordinates(f, x)(nodes, np.array([0, 1, 2]))
    points = f.points()
    assert points.dtype == fmt.dtype
    for line in range(3):
        expected = x.copy()
        expected[line] = nodes[line]
        assert points[line].tobytes() == expected.tobytes() or np.array_equal(points[line], expected)
        assert found[line] == expected[0] + expected[1] * expected[2]


@pytest.mark.parametrize("name", NAMES)
def test_along_a_direction_the_point_is_the_sum_rounded_once_each(name):
    fmt = FORMATS[name]
    x, moves = fmt.as_array([1.25, -3.0]), fmt.as_array([[1.0, 0.5], [0.0, -0.3]])
    f = Function(lambda p: p[0])
    directions(f, x, moves)(fmt.as_array([0.125, 0.3]), np.array([1, 0]))
    assert np.array_equal(f.points(), [x + fmt.as_array([0.125])[0] * moves[1], x + fmt.as_array([0.3])[0] * moves[0]])


def test_x_itself_is_evaluated_once_and_no_node_twice():
    x = np.array([0.3, 1.1, 0.7])
    for make in (coordinates, lambda f, x: directions(f, x, np.eye(3) + 0.5)):
        f = Function(several)
        lines = make(f, x)
        lines.at_x()
        estimated(lines, F64, order=2)
        points = [point.tobytes() for point in f.points()]
        assert len(set(points)) == len(points) == lines.evaluations
        assert points.count(x.tobytes()) == 1


def test_the_points_of_a_batch_are_bounded_in_memory():
    f = Function(lambda p: p[0] ** 2, vectorized=True)
    estimated(coordinates(f, np.ones(1000)), F64)
    assert max(block.nbytes for block in f.seen) <= BATCH_BYTES
    assert len(f.seen) < 1.1 * len(f.points()) / (BATCH_BYTES // 8000)


def test_some_of_the_coordinates_can_be_chosen():
    x = np.array([1.0, 2.0, 3.0, 4.0])
    found = estimated(coordinates(Function(lambda p: np.sum(p**2)), x, [3, 1]), F64)
    assert found.value == pytest.approx([8, 4])


# --- what comes out ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 3])
def test_the_estimates_of_a_coordinate_are_those_of_a_function_of_one_number(n):
    x = np.array([0.3, 1.1, 1e-3])[:n]
    found = estimated(coordinates(Function(lambda p: np.sum(np.exp(p))), x), F64)
    for i in range(n):
        others = [np.float64(v) for v in x]

        def alone(nodes, rows, i=i, others=others):
            return np.array([np.sum(np.exp(np.array([*others[:i], node, *others[i + 1 :]]))) for node in nodes])

        expected = estimate(alone, x[i : i + 1], F64)
        for field in ("value", "error", "status", "evaluations", "step", "noise"):
            assert getattr(found, field)[i] == getattr(expected, field)[0], field


@pytest.mark.parametrize("block", [1, 4, 1 << 14])
def test_every_value_of_f_has_its_own_search_on_every_line(block):
    x = np.array([0.3, 1.1, 0.7])
    f = Function(several)
    lines = coordinates(f, x)
    lines.at_x()
    found = estimated(lines, F64, block=block)
    assert np.abs(found.value.reshape(3, 3) - slopes_of_several(x)).max() <= 1e-11
    assert (np.abs(found.value.reshape(3, 3) - slopes_of_several(x)) <= found.error.reshape(3, 3)).all()
    assert lines.evaluations < found.evaluations.sum() / 1.5  # shared


def test_more_values_than_a_block_are_taken_in_pieces():
    x = np.array([0.3, 1.1, 0.7])
    f = Function(several)
    lines = coordinates(f, x)
    lines.at_x()
    found = estimated(lines, F64, block=2)
    assert np.abs(found.value.reshape(3, 3) - slopes_of_several(x)).max() <= 1e-11
    points = [point.tobytes() for point in f.points()]
    assert len(set(points)) == len(points)


@pytest.mark.parametrize("name", NAMES)
def test_a_direction_has_the_slope_of_the_product_with_the_gradient(name):
    fmt = FORMATS[name]
    x, moves = fmt.as_array([0.5, 1.25, 0.75]), fmt.as_array([[1.0, -2.0, 0.5], [0.0, 0.0, 3.0], [0.0, 0.0, 0.0]])
    f = Function(lambda p: np.exp(p[0]) + p[1] * p[2])
    found = estimated(directions(f, x, moves), fmt)
    wide = x.astype(float)
    exact = moves.astype(float) @ np.array([np.exp(wide[0]), wide[2], wide[1]])
    assert (np.abs(found.value - exact) <= found.error).all()
    assert (found.status[:2] == Status.OK).all() or fmt.precision < 16


def test_a_scale_says_over_which_length_f_varies():
    lengths = np.array([1e-9, 1.0, 1e9])
    f = Function(lambda p: np.sum(np.sin((p - 1e3 * lengths) / lengths)))
    x = 1e3 * lengths  # an offset: |x| says nothing of a length
    found = estimated(coordinates(f, x), F64, scale=lengths)
    assert found.value * lengths == pytest.approx(np.ones(3), abs=1e-9)
    assert found.evaluations.max() <= 16
    along = estimated(directions(f, x, np.diag(lengths) + 0), F64, scale=lengths)
    assert along.value == pytest.approx(np.ones(3), abs=1e-9)
    assert along.evaluations.max() <= 16


def test_a_direction_begins_where_the_first_of_its_coordinates_would():
    f = Function(lambda p: np.sum(p))
    x = np.array([0.0, 1e8])
    estimated(directions(f, x, np.array([[1e-3, 1.0], [1.0, 1.0]])), F64)
    farthest = [np.abs(f.points() - x)[:, 0].max(), np.abs(f.points() - x)[:, 1].max()]
    assert 0.05 < farthest[0] < 0.2
    assert 10 < farthest[1] < 1000


# --- bounds -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("room", [0.0, 1e-7, 1e-3, 0.1])
@pytest.mark.parametrize("along", ["coordinates", "directions"])
def test_bounds_are_never_crossed(name, room, along):
    fmt = FORMATS[name]
    x = fmt.as_array([1.0, -2.0, 0.5])
    lower, upper = fmt.as_array([1.0 - room, -3.0, 0.5]), fmt.as_array([2.0, -2.0 + room, 0.5 + room])
    lower, upper = np.minimum(lower, x), np.maximum(upper, x)
    f = Function(lambda p: np.sum(p * p))
    moves = fmt.as_array([[1.0, -0.7, 0.3], [0.0, 0.0, -1.0], [-0.3, 0.1, 0.0]])
    lines = coordinates(f, x) if along == "coordinates" else directions(f, x, moves)
    found = estimated(lines, fmt, lower=lower, upper=upper)
    points = f.points()
    assert (points >= lower).all()
    assert (points <= upper).all()
    wide = 2 * x.astype(np.longdouble)
    exact = wide if along == "coordinates" else moves.astype(np.longdouble) @ wide
    good = np.isfinite(found.error)
    assert (np.abs(found.value - exact) <= found.error)[good].all()
    if fmt.precision >= 53 and room != 1e-7:
        assert np.abs(found.value - exact)[good].max() < 1e-6
        assert good.sum() == (3 if room else 2 if along == "coordinates" else 1)  # the last coordinate cannot move


@pytest.mark.parametrize("name", NAMES)
def test_no_argument_passes_a_bound_up_to_the_last_node_of_a_direction(name, rng):
    fmt = FORMATS[name]
    x, moves = fmt.as_array(rng.normal(size=40)), fmt.as_array(rng.normal(size=(60, 40)))
    lower, upper = x - fmt.as_array(rng.uniform(0.01, 1, 40)), x + fmt.as_array(rng.uniform(0.01, 1, 40))
    lines = directions(Function(np.sum), x, moves)
    left, right = ends(lines, fmt, lower, upper)
    for end, inward in ((left, np.inf), (right, -np.inf)):
        nodes = end.astype(fmt.dtype)
        passed = np.abs(nodes.astype(end.dtype)) >= np.abs(end)
        nodes = np.where(passed, np.nextafter(nodes, fmt.dtype.type(inward)), nodes)
        points = x + nodes[:, None] * moves
        assert (points >= lower).all()
        assert (points <= upper).all()
        near = np.minimum(np.abs(points - lower), np.abs(points - upper)).astype(float).min(axis=1)
        assert (near <= 32 * float(fmt.unit_roundoff) * 4).all()


def test_on_a_bound_the_nodes_are_on_the_other_side():
    x = np.array([0.0, 2.0, 1.0])
    f = Function(lambda p: np.sum(np.exp(p)) if p[0] >= 0 and p[1] <= 2 else 1 / 0)
    found = estimated(coordinates(f, x), F64, lower=np.zeros(3), upper=np.full(3, 2.0))
    assert found.value == pytest.approx(np.exp(x), rel=1e-8)
    assert (np.abs(found.value - np.exp(x)) <= found.error).all()


# --- workers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vectorized", [False, True])
def test_the_result_is_the_same_for_any_workers_and_any_order_of_their_results(vectorized):
    x = np.linspace(0.1, 2, 40)
    sizes = []

    class Sized(Function):
        def values(self, points):
            sizes.append(len(points))
            return super().values(points) * (1 + 2.0**-40 * len(points) * self.vectorized)

    def found_with(workers):
        lines = coordinates(Sized(lambda p: np.sum(np.sin(p)), vectorized), x)
        with lines.running(workers):
            found = estimated(lines, F64)
        assert lines.evaluations == found.evaluations.sum()
        return found.value.tobytes()

    def backward(function, works):
        return [function(work) for work in list(works)[::-1]]

    expected = found_with(1)
    with ThreadPoolExecutor(2) as pool:
        for workers in (2, np.int64(3), map, backward, pool.map):
            assert found_with(workers) == expected


@pytest.mark.parametrize(
    ("workers", "error", "message"),
    [
        (lambda function, works: [function(work) for work in list(works)[1:]], ValueError, "one result for each task"),
        (lambda function, works: [0.0 for _ in works], TypeError, "what the mapped callable returns, got 0.0"),
    ],
)
def test_a_map_that_loses_results_is_found_out(workers, error, message):
    lines = coordinates(Function(lambda p: p[0]), np.ones(3))
    with lines.running(workers), pytest.raises(error, match=message):
        estimated(lines, F64)


def test_blocks_are_of_whole_lines():
    lines = coordinates(Function(several), np.ones(3))
    lines.at_x()
    assert [rows.tolist() for rows, _ in searched(lines, F64, block=7)] == [[0, 1, 2, 3, 4, 5], [6, 7, 8]]
    assert [rows.tolist() for rows, _ in searched(lines, F64, block=2)][:2] == [[0, 1], [2]]


def test_some_of_the_searches_can_be_chosen():
    x = np.array([0.3, 1.1, 0.7])
    lines = coordinates(Function(several), x)
    lines.at_x()
    found = list(searched(lines, F64, rows=np.array([1, 3, 8])))
    assert [rows.tolist() for rows, _ in found] == [[1, 3, 8]]
    assert found[0][1].value == pytest.approx(slopes_of_several(x).reshape(-1)[[1, 3, 8]])


def test_no_lines_have_no_estimates():
    assert estimated(Lines(Function(lambda p: p[0]), np.ones(2), np.empty(0, int)), F64).value.shape == (0,)


# --- a second search where the first one is not enough --------------------------------------------------------


def wave(x):
    return np.sin(50 * x.astype(np.float32)).sum()


def test_second_search_finds_a_slope_between_the_first_segment_and_its_restart():
    fmt, decided, before = FORMATS["float32"], 0, 0
    for seed in range(20):
        x = np.random.default_rng(seed).standard_normal(6).astype(np.float32)
        truth = 50 * np.cos(50 * x.astype(np.float64))
        lines = coordinates(Function(wave), x)
        found = estimated(lines, fmt)
        before += int((3 * found.error <= 0.1 * np.abs(found.value)).sum())
        found = refined(lines, fmt, found, 0.1, 3.0)
        is_told = 3 * found.error <= 0.1 * np.abs(found.value)
        decided += int(is_told.sum())
        assert (np.abs(found.value - truth) <= 3 * found.error)[is_told].all()
    assert before <= 105
    assert decided >= 115


def test_second_search_leaves_what_is_known_what_is_constant_and_what_it_contradicts(monkeypatch):
    x = np.array([0.5, 1.5, 2.5])
    lines = coordinates(Function(lambda v: np.exp(v[0]) + v[2] ** 2), x)
    first = estimated(lines, F64)
    seen = lines.evaluations
    same = refined(lines, F64, first, 0.1, 3.0)
    assert lines.evaluations == seen
    assert same is first
    first.error[2], first.value[2] = 2.0, 5.9  # a bar that is too wide, and holds the slope of 5
    assert refined(lines, F64, first, 0.1, 3.0).value[2] == pytest.approx(5.0)
    first.error[2], first.value[2] = 2.0, 12.0  # and one that does not: three bars are 6
    assert refined(lines, F64, first, 0.1, 3.0).value[2] == 12.0
