"""A number in, a number out: public results without dimensions are NumPy scalars of their dtype, as a ufunc's are."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.floats.callables import name_of, scalar_of
from numdiff.floats.formats import FORMATS
from numdiff.floats.views import WeakScalarArray
from tests.core_environment import needs_everything

pytestmark = needs_everything

RESULTS: dict[str, Callable[[Any], Any]] = {
    "error_bounds": lambda x: nd.error_bounds(np.exp, x, 2.0**-4),
    "gradient": lambda x: nd.gradient(lambda v: v * v, x),
    "jacobian": lambda x: nd.jacobian(lambda v: v * v, x),
    "difference": lambda x: nd.difference(np.exp, x, 2.0**-4, "centered"),
    "on_arrays": lambda x: nd.on_arrays(nd.Exp())(x),
    "gradient_of": lambda x: nd.gradient_of(nd.Exp())(x),
    "rounded": lambda x: nd.rounded(np.exp)(x),
    "derivative": lambda x: nd.derivative(np.exp, x).df,
    "optimal_step": lambda x: nd.optimal_step(np.exp, x).step,
}


@pytest.mark.parametrize("name", RESULTS)
@pytest.mark.parametrize("fmt", ["float32", "float64"])
def test_number_gives_a_scalar_that_can_be_formatted(name: str, fmt: str) -> None:
    found = RESULTS[name](FORMATS[fmt].as_array(0.5)[()])
    assert isinstance(found, np.floating)
    assert found.dtype == np.dtype("float64" if name == "error_bounds" else fmt)
    assert float(f"{found:.3e}") == pytest.approx(float(found), rel=1e-3)


@pytest.mark.parametrize("name", ["error_bounds", "gradient", "on_arrays"])
def test_python_number_gives_a_double_and_an_array_stays_one(name: str) -> None:
    assert type(RESULTS[name](0.5)) is np.float64
    scalar_function = RESULTS[name] if name != "gradient" else lambda x: nd.gradient(lambda v: np.sum(v * v), x)
    assert type(scalar_function(np.array([0.5]))) is np.ndarray


@pytest.mark.parametrize("fmt", FORMATS)
def test_ledger_of_a_number_has_scalars_of_the_format(fmt: str) -> None:
    ledger = nd.error_ledger(np.exp, 0.5, 0.25, dtype=fmt)
    for name in ("x", "h", "computed"):
        assert isinstance(getattr(ledger, name), np.generic)
        assert getattr(ledger, name).dtype == FORMATS[fmt].dtype
    for name in ("truncation", "total", "roundoff", "reference", "effective_step"):
        assert type(getattr(ledger, name)) is np.float64
    assert f"{ledger.truncation:.1e}" == f"{float(ledger.truncation):.1e}"
    assert (type(ledger.status), type(ledger.state)) == (nd.Status, nd.State)
    assert ledger.shape == ()
    assert len(ledger.to_pandas()) == 1


@pytest.mark.parametrize("name", nd.PROBLEMS)
def test_problem_at_a_number_has_a_number(name: str) -> None:
    problem = nd.PROBLEMS[name]
    for f in filter(None, (problem.f, problem.derivative)):
        assert isinstance(f(problem.points[0]), (float, int))  # float64 is a float


def test_arrays_of_another_class_are_kept() -> None:
    held = np.array(1.0, dtype="float32").view(WeakScalarArray)
    assert scalar_of(held) is held
    assert scalar_of("text") == "text"


def cube(x: Any, factor: float = 1.0) -> Any:
    """Return x³."""
    return factor * x**3


def test_function_has_one_name_wherever_it_is_shown() -> None:
    nameless = [lambda x: x, partial(lambda x, y: x, y=1), nd.on_arrays(lambda x: x), nd.rounded(lambda x: x)]
    assert {name_of(f) for f in nameless} == {"f"}
    assert {name_of(f) for f in (cube, partial(cube, factor=2.0), nd.on_arrays(cube), nd.rounded(cube))} == {"cube"}
    assert name_of(nd.gradient_of(lambda x: x)) == "gradient_of_f"
    assert name_of(nd.Exp()) == "Exp"


def test_wrapper_is_shown_by_the_name_of_its_function() -> None:
    assert repr(nd.rounded(np.exp)) == "rounded(exp)"
    assert repr(nd.rounded(lambda x: x)) == "rounded(f)"
    assert repr(nd.on_arrays(cube)) == "on_arrays(cube)"
    assert repr(nd.on_arrays(nd.Exp())) == "on_arrays(Exp())"
    assert repr(nd.gradient_of(lambda x: x)) == "gradient_of(f)"
