"""Values far beyond every format: they end in a status at once, in both engines alike, and never read 0."""

import math
import time
from typing import Any

import numpy as np
import pytest

import numdiff as nd
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger, State, Status
from numdiff.analysis.reference import ExactFunction
from numdiff.analysis.totals import total_errors
from numdiff.floats.dyadic import TINY
from numdiff.floats.formats import dyadic, get_format
from numdiff.formulas.stencil import CENTERED
from numdiff.formulas.table import METHODS

ENGINES = ("mpmath", "arb")
PARTS = ("truncation", "abscissa", "evaluation", "combination", "total", "roundoff")


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def gauss(x: Any) -> Any:
    return np.exp(-x * x)


def towers(x: Any) -> Any:
    return np.exp(x**2) ** 2


def softplus(x: Any) -> Any:
    return np.log(1 + np.exp(-x))


def branch(x: Any) -> Any:
    return np.where(x > 0, x, np.arccosh(np.exp(-x)))


CASES = {
    "tanh": (np.tanh, 1e20, 1.0),
    "sigmoid, a saturated value": (sigmoid, 1e10, 1.0),
    "sigmoid, an enormous argument": (sigmoid, 1e300, 1e290),
    "sigmoid, a tiny value": (sigmoid, -1e10, 1.0),
    "exp, one enormous node": (np.exp, 1.0, 1e300),
    "exp, everything enormous": (np.exp, 1e10, 1.0),
    "exp, everything tiny": (np.exp, -1e10, 1.0),
    "exp2": (np.exp2, 1.0, 1e100),
    "towers": (towers, 1.0, 1e100),
    "towers of towers": (towers, 1.0, 1e300),
    "x to the x": (lambda x: x**x, 2e100, 1e100),
    "hypot": (lambda x: np.hypot(1, np.exp(-x)), 1e10, 1.0),
    "softplus": (softplus, 1e10, 1.0),
    "a branch that is not taken": (branch, 1e10, 1.0),
    "cosine of the enormous": (lambda x: np.cos(np.exp(x)), 1e10, 1.0),
}


def quiet(*args: Any, **kwargs: Any) -> Ledger:
    with np.errstate(all="ignore"):
        return error_ledger(*args, **kwargs)


@pytest.mark.filterwarnings("ignore::numdiff.StepAbsorbedWarning")
@pytest.mark.parametrize("name", CASES)
def test_engines_agree_on_values_beyond_every_format_and_take_no_time(name: str) -> None:
    start = time.process_time()
    one, two = (quiet(*CASES[name], engine=engine) for engine in ENGINES)
    assert time.process_time() - start < 10  # with integers of that size: minutes, and gigabytes
    assert (one.status, one.state) == (two.status, two.state)
    for part in PARTS:
        assert repr(getattr(one, part)[()]) == repr(getattr(two, part)[()])


@pytest.mark.filterwarnings("ignore::numdiff.StepAbsorbedWarning")
@pytest.mark.parametrize("name", ["softplus", "sigmoid", "arctan", "square", "x + softplus", "x + arctan"])
@pytest.mark.parametrize("x", [1e10, -1e5])
def test_engines_agree_on_complex_values_beyond_every_format(name: str, x: float) -> None:
    f = {
        "softplus": softplus,
        "sigmoid": sigmoid,
        "arctan": lambda v: np.arctan(np.exp(-v)),
        "square": lambda v: np.exp(-v) ** 2,
        "x + softplus": lambda v: v + softplus(v),
        "x + arctan": lambda v: v + np.arctan(np.exp(-v)),
    }[name]
    one, two = (quiet(f, x, 1e-20, METHODS["complex_step"], engine=engine) for engine in ENGINES)
    assert (one.status, one.state, repr(one.total[()])) == (two.status, two.state, repr(two.total[()]))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("f", "x", "h"), [(np.exp, 1e10, 1.0), (np.exp, 1.0, 1e300), (towers, 1.0, 1e300), (np.exp2, 1.0, 1e100)]
)
def test_value_that_every_format_overflows_is_an_overflow_and_not_outside_the_domain(
    f: Any, x: float, h: float, engine: Any
) -> None:
    ledger = quiet(f, x, h, engine=engine)
    assert ledger.status == Status.OVERFLOW
    assert ledger.state == State.OUT_OF_RANGE
    assert all(math.isnan(getattr(ledger, part)[()]) for part in PARTS)


@pytest.mark.parametrize("engine", ENGINES)
def test_complex_step_of_what_every_format_overflows_is_an_overflow(engine: Any) -> None:
    ledger = quiet(np.exp, 1e5, 1e-20, METHODS["complex_step"], engine=engine)
    assert (ledger.status, ledger.state) == (Status.OVERFLOW, State.OUT_OF_RANGE)


@pytest.mark.parametrize("engine", ENGINES)
def test_infinite_function_value_is_an_overflow_where_the_exact_one_cannot_be_decided(engine: Any) -> None:
    fmt = nd.FORMATS.get("float80")
    if fmt is None:
        pytest.skip("no longdouble with a wider range than float64")
    ledger = quiet(np.exp, 1.0, np.longdouble("1e4900"), CENTERED, fmt, engine)
    assert (ledger.status, ledger.state) == (Status.OVERFLOW, State.OUT_OF_DOMAIN)


@pytest.mark.parametrize("engine", ENGINES)
def test_derivative_beyond_every_format_is_out_of_range(engine: Any) -> None:
    found = ExactFunction(np.exp, None, engine).reference(dyadic(1e10))
    assert found.state is State.OUT_OF_RANGE
    assert math.isnan(found.value)
    assert found.text == "beyond every format"


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("f", "x", "sign"),
    [
        (np.exp, -1e5, -1),
        (np.exp, -1e10, -1),
        (gauss, 1000.0, 1),
        (gauss, -1000.0, -1),
        (sigmoid, -1e5, -1),
        (sigmoid, 1e10, -1),
        (softplus, 1e10, 1),
    ],
)
def test_total_error_below_every_number_keeps_its_sign_and_is_flagged(f: Any, x: float, sign: int, engine: Any) -> None:
    # The slope computed is 0, so the error is −f′.
    ledger = quiet(f, x, 1.0, engine=engine)
    assert ledger.computed[()] == 0
    assert ledger.total[()] == sign * TINY
    assert ledger.underflow[()]


@pytest.mark.parametrize("engine", ENGINES)
def test_totals_alone_keep_the_sign_below_every_number(engine: Any) -> None:
    exact, fmt = ExactFunction(np.exp, None, engine), get_format("float64")
    assert total_errors(exact, np.array([-1e5]), np.zeros((1, 1)), 1, fmt)[0, 0] == -TINY


@pytest.mark.parametrize("engine", ENGINES)
def test_bound_of_a_derivative_below_every_number_is_not_zero(engine: Any) -> None:
    found = ExactFunction(np.exp, None, engine).reference(dyadic(-1e10))
    assert (found.value, found.radius, found.state) == (0.0, TINY, State.UNRESOLVED)


@pytest.mark.filterwarnings("ignore::numdiff.StepAbsorbedWarning")
def test_sweep_survives_steps_and_points_beyond_every_format() -> None:
    start = time.process_time()
    with np.errstate(all="ignore"):
        far = nd.sweep(sigmoid, 1e10, dtype=["float64"], engine="arb").records
        bad = nd.sweep(towers, 1.0, [0.5, 1e300], stencil=["centered"], dtype=["float64"]).records
    assert time.process_time() - start < 30
    assert set(far["status"]) == {"ok", "absorbed"}
    assert (far["total"] != 0).all()
    assert not far["ulps"].isna().any()
    assert bad["status"].tolist() == ["ok", "overflow"]
