"""What a message advises works where it is said."""

import math

import numpy as np
import pytest
import scipy.special
from mpmath import mp

import numdiff as nd


def branch(x):
    return math.exp(x) if x > 0.0 else 1.0


TWIN = (mp.exp, mp.exp)
ONE_NUMBER = {
    "kernel": lambda **k: nd.centered_difference(branch, [0.5, 1.0], 2.0**-8, **k),
    "error_ledger": lambda **k: nd.error_ledger(branch, [0.5, 1.0], 2.0**-8, **k).total,
    "sweep": lambda **k: nd.sweep(branch, [0.5, 1.0], 2.0**-8, dtype="float64", **k).records["total"],
}


@pytest.mark.parametrize("name", ONE_NUMBER)
def test_a_function_of_one_number_is_called_point_by_point_as_the_message_says(name):
    call = ONE_NUMBER[name]
    with pytest.raises(TypeError, match=r"elementwise=False.*in error_ledger and sweep beside its.*exact=\(f, f'\)"):
        call()
    found = call(elementwise=False, **({} if name == "kernel" else {"exact": TWIN}))
    assert np.isfinite(found).all()


@pytest.mark.parametrize("call", [ONE_NUMBER["error_ledger"], ONE_NUMBER["sweep"]])
def test_point_by_point_without_a_twin_is_refused_with_advice_that_works(call):
    with pytest.raises(ValueError, match=r"exact must be given where elementwise=False.*exact=\(f, f'\)"):
        call(elementwise=False)
    assert len(call(elementwise=False, exact=TWIN)) >= 2


def test_point_by_point_gives_the_ledger_of_the_vectorised_function():
    arguments = ([0.5, 1.0], [[0.25], [2.0**-10]])
    alone = nd.error_ledger(branch, *arguments, exact=TWIN, elementwise=False)
    vectorised = nd.error_ledger(np.vectorize(branch), *arguments, exact=TWIN)
    for part in ("total", "truncation", "abscissa", "evaluation", "combination"):
        np.testing.assert_array_equal(getattr(alone, part), getattr(vectorised, part))


def test_a_sweep_point_by_point_has_the_totals_of_the_ledger():
    found = nd.sweep(branch, 0.5, [0.25, 2.0**-10], dtype="float64", stencil="centered", exact=TWIN, elementwise=False)
    ledger = nd.error_ledger(branch, 0.5, [0.25, 2.0**-10], exact=TWIN, elementwise=False)
    assert found.records["total"].tolist() == ledger.total.tolist()


@pytest.mark.parametrize(("key", "value"), [("arithmetic", "rounded"), ("workers", 2)])
def test_point_by_point_says_what_it_does_not_go_with(key, value):
    with pytest.raises(ValueError, match=f"{key} must be .* where elementwise=False, got"):
        nd.sweep(branch, 0.5, 0.25, exact=TWIN, elementwise=False, **{key: value})


def problem(**changes):
    fields = {
        "name": "branch",
        "formula": "exp(x) for x > 0, else 1",
        "f": branch,
        "derivative": None,
        "points": (0.5, 2.0),
        "domain": (0.0, 10.0),
        "source": "ours",
        "reason": "A function of one number.",
        "family": "classic",
        "exact": TWIN,
        "elementwise": False,
    }
    return nd.Problem(**(fields | changes))


def test_a_problem_of_one_number_goes_everywhere():
    given = problem()
    arrays = nd.centered_difference(given, [0.5, 1.0], 2.0**-8)
    np.testing.assert_array_equal(arrays, nd.centered_difference(branch, [0.5, 1.0], 2.0**-8, elementwise=False))
    ledger = nd.error_ledger(given, 0.5, 2.0**-8)
    records = nd.sweep(given, h=2.0**-8, dtype="float64", stencil="centered").records
    assert (ledger.state, float(ledger.total)) == ("given", records["total"].iloc[0])
    with pytest.raises(ValueError, match="exact must be given where elementwise=False"):
        problem(exact=(), derivative=np.exp)


@pytest.mark.parametrize(
    ("call", "advised"),
    [
        (scipy.special.log1p, np.log1p),
        (scipy.special.expm1, np.expm1),
        (scipy.special.cbrt, np.cbrt),
        (scipy.special.exp2, np.exp2),
        (scipy.special.exp10, lambda x: 10.0**x),
        (scipy.special.sindg, lambda x: np.sin(np.deg2rad(x))),
        (scipy.special.cosdg, lambda x: np.cos(np.deg2rad(x))),
        (scipy.special.tandg, lambda x: np.tan(np.deg2rad(x))),
        (scipy.special.cosm1, lambda x: -2.0 * np.sin(0.5 * x) ** 2),
    ],
)
def test_a_function_of_scipy_that_numpy_has_is_answered_with_that_one(call, advised):
    text = getattr(advised, "__name__", "")
    with pytest.raises(TypeError, match=f"has no exact evaluation; write {'np.' + text if text in dir(np) else ''}"):
        nd.error_ledger(call, 0.75, 0.125)
    ledger = nd.error_ledger(advised, 0.75, 0.125)
    assert ledger.status == "ok"
    assert float(advised(np.float64(0.75))) == pytest.approx(float(call(0.75)), rel=1e-14)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: nd.centered_difference(f, 0.5, 0.125),
        lambda f: nd.error_ledger(f, 0.5, 0.125),
        lambda f: nd.sweep(f, 0.5, 0.125, dtype="float64"),
        lambda f: nd.optimal_step(f, 0.5),
        lambda f: nd.error_bounds(f, 0.5, 0.125),
        lambda f: nd.gradient(f, 0.5),
        lambda f: nd.check_gradient(f, lambda x: x, 0.5),
    ],
)
def test_complex_values_of_lambert_are_answered_with_the_real_part(call):
    with pytest.raises(TypeError, match=r"np\.real\("):
        call(scipy.special.lambertw)
    call(lambda x: np.real(scipy.special.lambertw(x)))
    call(lambda x: scipy.special.lambertw(x).real)


NARROW = {
    "kernel": lambda dtype: nd.centered_difference(scipy.special.erf, 0.5, 0.125, dtype=dtype),
    "error_ledger": lambda dtype: nd.error_ledger(scipy.special.erf, 0.5, 0.125, dtype=dtype),
    "error_bounds": lambda dtype: nd.error_bounds(scipy.special.erf, 0.5, 0.125, dtype=dtype),
    "optimal_step": lambda dtype: nd.optimal_step(scipy.special.erf, 0.5, dtype=dtype),
    "gradient": lambda dtype: nd.gradient(scipy.special.erf, 0.5, dtype=dtype),
}


@pytest.mark.parametrize("dtype", [name for name in nd.FORMATS if name not in ("float32", "float64")])
@pytest.mark.parametrize("name", NARROW)
def test_scipy_in_a_format_that_it_lacks_is_answered_with_those_that_it_has(name, dtype):
    message = r"scipy\.special computes in float32 and float64 alone: write dtype='float64'"
    with pytest.raises(TypeError, match=message):
        NARROW[name](dtype)
    for advised in ("float32", "float64"):
        NARROW[name](advised)


@pytest.mark.parametrize("call", [nd.sweep, lambda f: nd.error_ledger(f, 0.5, 0.25), lambda f: nd.gradient(f, 0.5)])
def test_the_name_of_a_problem_is_answered_with_the_problem(call):
    with pytest.raises(TypeError, match=r"f must be callable, got str 'exp'; .* nd\.PROBLEMS\['exp'\]"):
        call("exp")


def test_a_cell_that_is_not_there_is_named():
    ledger = nd.error_ledger(np.exp, [0.5, 1.0], 0.25)
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"index must be less than the number of cells, 2, got {index}"):
            ledger.exact_parts(index)
    with pytest.raises(TypeError, match=r"index must be an integer.*got \(1,\); write np\.ravel_multi_index"):
        ledger.exact_parts((1,))
    told = np.ravel_multi_index((1,), ledger.shape)
    assert ledger.exact_parts(told) == ledger.exact_parts(1) == ledger.exact_parts(-1)


def test_points_that_are_missing_or_variables_are_answered():
    with pytest.raises(TypeError, match=r"got None; only a Problem brings points of its own: write sweep\(f, x\)"):
        nd.sweep(np.exp)
    with pytest.raises(TypeError, match=r"write \.data"):
        nd.sweep(np.exp, nd.Variable(np.array(0.5)), 0.25)


def test_one_grid_needs_no_list():
    one = nd.sweep(np.exp, 0.5, grids="dyadic", dtype="float16").records
    assert one.to_csv() == nd.sweep(np.exp, 0.5, grids=("dyadic",), dtype="float16").records.to_csv()


def test_a_part_given_as_axes_is_answered():
    result = nd.sweep(np.exp, 0.5, [0.25, 0.125], dtype="float64")
    with pytest.raises(TypeError, match=r"ax must be axes.*got 'truncation'; write parts='truncation'"):
        result.plot("truncation")


@pytest.mark.parametrize("given", [[1.0, 2.0], np.ones(2), nd.Square])
def test_gradient_of_wants_a_function(given):
    with pytest.raises(TypeError, match=r"f must be a function of a Variable.*gradient_of\(f\)\(x\)"):
        nd.gradient_of(given)


@pytest.mark.parametrize(
    "call",
    [
        lambda f: nd.centered_difference(f, 0.5, 0.25),
        lambda f: nd.error_ledger(f, 0.5, 0.25),
        lambda f: nd.error_bounds(f, 0.5, 0.25),
        lambda f: nd.optimal_step(f, 0.5),
    ],
)
def test_a_class_in_place_of_a_function_is_named(call):
    with pytest.raises(TypeError, match=r"f must be a function, got the class Exp; write Exp\(\)"):
        call(nd.Exp)
