"""The twin of a function that cannot be traced: what it says is right, and what is wrong with it is found."""

import functools
import math
import random
import threading
import warnings
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp
from scipy import special
from scipy.integrate import solve_ivp
from scipy.interpolate import CubicSpline

from numdiff.analysis import PARTS
from numdiff.analysis.bounded_function import BoundedFunction
from numdiff.analysis.bounds import a_priori_bounds, bounds_of
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger, Status
from numdiff.analysis.reference import State
from numdiff.analysis.twin import Twin, TwinMismatchWarning
from numdiff.analysis.unbounded import UNTRACED
from numdiff.arithmetic.given import evaluated
from numdiff.floats.dyadic import dyadic, dyadic_to_fraction
from numdiff.floats.formats import FORMATS
from numdiff.formulas.kernels import observe
from numdiff.formulas.stencil import CENTERED, COMPLEX_STEP, FORWARD, centered

Pair = tuple[Callable[[Any], Any], Callable[[Any], Any]]
SIN: Pair = (mp.sin, mp.cos)
STEPS = 1.2357 * 2.0 ** -np.arange(2, 50, 6)


def reference(functions: Any, x: float = 0.5, order: int = 1) -> Any:
    return Twin(functions).reference(dyadic(x), order)


def parts_of(ledger: Ledger) -> list[bytes]:
    return [getattr(ledger, name).tobytes() for name in (*PARTS, "total", "roundoff", "reference")]


# --- values ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "twin", "x"),
    [
        (np.sin, SIN, 0.5),
        (np.sin, SIN, 1e22),
        (lambda x: np.exp(x * x), (lambda t: mp.exp(t * t), lambda t: 2 * t * mp.exp(t * t)), 1.25),
        (lambda x: x**3 - 2.0 * x, (lambda t: t**3 - 2 * t, lambda t: 3 * t * t - 2), 0.75),
        (lambda x: 1.0 / x, (lambda t: 1 / t, lambda t: -1 / t**2), 1e-5),
        (lambda x: np.tanh(x) - 1.0, (lambda t: mp.tanh(t) - 1, lambda t: mp.sech(t) ** 2), 300.0),
        (lambda x: np.expm1(x) - x, (lambda t: mp.exp(t) - 1 - t, lambda t: mp.exp(t) - 1), 1e-100),
        (lambda x: (1.0 - np.cos(x)) / x**2, None, 2.0**-20),
    ],
)
@pytest.mark.parametrize("stencil", [FORWARD, CENTERED, centered(4)], ids=lambda stencil: stencil.name)
def test_twin_gives_what_is_certified_for_a_traced_function(f: Any, twin: Any, x: float, stencil: Any) -> None:
    if twin is None:
        twin = (lambda t: (1 - mp.cos(t)) / t**2, lambda t: (t * mp.sin(t) - 2 * (1 - mp.cos(t))) / t**3)
    steps = abs(x) * STEPS
    certified = error_ledger(f, x, steps, stencil)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TwinMismatchWarning)  # tanh(300) − 1 is 0 in float64
        found = error_ledger(f, x, steps, stencil, exact=twin)
    assert parts_of(found) == parts_of(certified)
    assert set(found.state) <= {State.GIVEN, State.UNRESOLVED}
    assert list(found.status) == list(certified.status)
    assert [r.text for r in found.references] == [r.text for r in certified.references]


@settings(max_examples=25, deadline=None)
@given(x=st.floats(-50, 50).filter(lambda x: abs(x) > 1e-8), k=st.integers(1, 45))
def test_random_cells_of_a_twin_are_those_of_the_traced_function(x: float, k: int) -> None:
    h = abs(x) * 2.0**-k
    assert parts_of(error_ledger(np.sin, x, h, exact=SIN)) == parts_of(error_ledger(np.sin, x, h))


def test_engines_give_the_same_bytes() -> None:
    cells = [error_ledger(np.sin, [0.5, 3.0], 2.0**-9, engine=engine, exact=SIN) for engine in ("mpmath", "arb")]
    assert parts_of(cells[0]) == parts_of(cells[1])
    assert cells[0].references == cells[1].references


@pytest.mark.parametrize("precision", [256, 512, 1024])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda t: mp.tanh(t) - 1, 300.0),
        (lambda t: mp.tanh(t) - 1, 100.0),
        (lambda t: mp.sin(mp.pi * t) - mp.sin(mp.pi * (t - 2)), 1.0),
        (lambda t: t / 4, 0.75),
        (lambda t: mp.exp(-mp.exp(t)), 9.0),
    ],
)
def test_enclosure_covers_the_value_also_where_it_cancels(f: Any, x: float, precision: int) -> None:
    point = dyadic(x)
    (ball,) = Twin((f, f)).values([point], precision).values()
    true = evaluated(f, "f", point, 6000)
    assert ball.contains(dyadic_to_fraction(true))  # type: ignore[arg-type]
    assert ball.rad  # a twin proves nothing


def test_state_is_given_in_the_ledger_and_in_the_reference() -> None:
    ledger = error_ledger(np.sin, 0.5, [0.25, 0.125], exact=SIN)
    assert list(ledger.state) == [State.GIVEN] * 2 == ["given"] * 2
    assert {r.state for r in ledger.references} == {State.GIVEN}
    assert 0 < float(ledger.reference_radius[0]) < 1e-60


def test_thirty_digits_of_the_reference_are_those_of_the_twin() -> None:
    with mp.workdps(60):
        expected = mp.nstr(mp.cos(mp.mpf(0.5)), 30)
    assert reference(SIN).text == f"{expected[2]}.{expected[3:]}e-1"


def test_zero_of_a_twin_is_unresolved_like_one_that_mpmath_does_not_prove() -> None:
    found = reference((mp.cos, lambda t: -mp.sin(t)), 0.0)
    assert (found.value, found.state) == (0.0, State.UNRESOLVED)
    assert math.copysign(1.0, found.value) == 1.0


@pytest.mark.parametrize(
    ("f", "twin", "x", "status"),
    [
        (np.log, (mp.log, lambda t: 1 / t), -1.0, Status.OUTSIDE_DOMAIN),
        (np.log, (mp.log, lambda t: mp.inf if t == 0 else 1 / t), 0.0, Status.POLE),
        (special.gamma, (mp.gamma, lambda t: mp.gamma(t) * mp.psi(0, t)), -1.0, Status.POLE),
        (np.log, (lambda t: mp.nan, lambda t: mp.nan), 0.5, Status.OUTSIDE_DOMAIN),
    ],
)
def test_point_without_a_value_has_a_status(f: Any, twin: Any, x: float, status: Status) -> None:
    ledger = error_ledger(f, x, 0.25, FORWARD, exact=twin)
    assert (ledger.status, ledger.state) == (status, State.OUT_OF_DOMAIN)


def test_higher_derivatives_are_those_of_a_longer_tuple() -> None:
    longer = (mp.sin, mp.cos, lambda t: -mp.sin(t))
    second = centered(2, 2)
    assert parts_of(error_ledger(np.sin, 0.5, STEPS[:4], second, exact=longer)) == parts_of(
        error_ledger(np.sin, 0.5, STEPS[:4], second)
    )
    with pytest.raises(ValueError, match=r"exact must hold f'' for a formula of order 2, got 2 callables"):
        error_ledger(np.sin, 0.5, 0.125, second, exact=SIN)
    with pytest.raises(ValueError, match=r"exact\[2\].* must be the derivative of exact\[1\]"):
        error_ledger(np.sin, 0.5, 0.125, second, exact=(mp.sin, mp.cos, mp.sin))


# --- the precision must be used ----------------------------------------------------------------------------


def fixed(digits: int) -> Callable[[Any], Any]:
    def function(t: Any) -> Any:
        with mp.workdps(digits):
            return mp.sin(t)

    return function


def table(t: Any) -> Any:
    """The value of sin at the nearest multiple of 2⁻¹⁰, at full precision."""
    return mp.sin(mp.nint(t * 1024) / 1024)


IGNORING: dict[str, Pair] = {
    "float inside": (lambda t: mp.mpf(math.sin(t)), mp.cos),
    "float16 inside": (lambda t: mp.mpf(float(np.float16(math.sin(t)))), mp.cos),
    "a float handed on": (lambda t: mp.mpf(float(t)), lambda t: mp.mpf(1)),
    "15 digits": (fixed(15), mp.cos),
    "50 digits": (fixed(50), mp.cos),
    "500 digits": (fixed(500), mp.cos),
    "50 digits in the derivative": (mp.sin, lambda t: fixed(50)(t + mp.pi / 2)),
    "a cache": (functools.cache(mp.sin), mp.cos),
    "a cache in the derivative": (mp.sin, functools.cache(mp.cos)),
    "digits of a text": (lambda t: mp.mpf(mp.nstr(mp.sin(t), 40)), mp.cos),
}


@pytest.mark.parametrize("name", IGNORING)
@pytest.mark.parametrize("x", [0.5, 0.0, 3.0, 1e-20])
def test_callable_that_ignores_the_precision_is_refused(name: str, x: float) -> None:
    message = "of the twin, must compute with the precision that mp has"
    if name == "float16 inside":  # constant near most x
        message += "|does not change at all beside x"
    with pytest.raises(ValueError, match=message):
        reference(IGNORING[name], x)


@pytest.mark.parametrize("bits", [300, 700])
def test_precision_of_its_own_is_found_as_soon_as_more_is_asked_for(bits: int) -> None:
    def fixed(t: Any) -> Any:
        with mp.workprec(bits):
            result = mp.exp(t)
        return +result

    with pytest.raises(ValueError, match="returns the same number, of"):
        error_ledger(np.exp, 1.0, 1.1 * 2.0**-48, centered(16), exact=(fixed, fixed))


@pytest.mark.parametrize(
    "f",
    [lambda t: mp.exp(mp.mpf(math.sin(t))), lambda t: mp.sqrt(2 + mp.mpf(float(t))), table],
    ids=["exp", "sqrt", "table"],
)
def test_argument_that_is_rounded_inside_a_longer_formula_is_found(f: Any) -> None:
    message = (
        "does not change with the digits of x beyond|does not change at all beside x, so it may compute with floats"
    )
    with pytest.raises(ValueError, match=message):
        reference((f, lambda t: mp.mpf(1) + t))


def test_values_that_never_settle_are_refused() -> None:
    noise = random.Random(1)
    with pytest.raises(ValueError, match=r"exact\[0\].*must converge as mp\.prec grows, but near x = 0\.5"):
        reference((lambda t: mp.sin(t) + noise.random() * mp.mpf(10) ** -40, mp.cos))


@pytest.mark.parametrize(
    "twin",
    [
        (lambda t: t, lambda t: 1),
        (lambda t: -t, lambda t: mp.mpf(-1)),
        (lambda t: t / 3, lambda t: Fraction(1, 3)),
        (lambda t: t * mp.pi, lambda t: mp.pi),
        (lambda t: t / mp.pi, lambda t: 1 / mp.pi),
        (lambda t: t**2, lambda t: 2 * t),
        (lambda t: 3, lambda t: 0),
        (abs, mp.sign),
        (lambda t: mp.floor(t + mp.mpf(0.25)), lambda t: 0),
        (lambda t: mp.quad(mp.cos, [0, t]), mp.cos),
        (mp.sin, lambda t: mp.diff(mp.sin, t)),
        (lambda t: mp.findroot(lambda y: mp.sinh(y) - t, t), lambda t: 1 / mp.sqrt(1 + t * t)),
        (mp.memoize(mp.sin), mp.memoize(mp.cos)),
        (lambda t: mp.polylog(2, t / 4), lambda t: -mp.log(1 - t / 4) / t),
    ],
)
def test_callable_that_uses_the_precision_is_accepted(twin: Any) -> None:
    for x in (0.5, 0.75, 1e-3):
        assert reference(twin, x).state in (State.GIVEN, State.UNRESOLVED)


def test_step_function_has_another_constant_on_each_side() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ledger = error_ledger(np.abs, 0.0, 0.25, FORWARD, exact=(abs, lambda t: 1 if t >= 0 else -1))
    assert (float(ledger.reference), float(ledger.truncation)) == (1.0, 0.0)


# --- f′ must be the derivative of f ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("twin", "x", "digits"),
    [
        ((mp.sin, mp.sin), 0.5, "0.3"),
        ((mp.sin, lambda t: -mp.cos(t)), 0.5, "0.0"),
        ((mp.sin, lambda t: mp.cos(t) * (1 + mp.mpf(10) ** -20)), 0.5, "20.0"),
        ((mp.sin, lambda t: mp.cos(t) * (1 + mp.mpf(10) ** -29)), 0.5, "29.0"),
        ((mp.sin, lambda t: mp.cos(t) + mp.mpf(10) ** -25), 1e8, "24.[5-9]"),
        ((lambda t: mp.sin(t / 3), lambda t: mp.cos(t / 3) * mp.mpf(1 / 3)), 0.5, "16.[0-9]"),
        ((lambda t: t**2, lambda t: 2 * t + mp.mpf(10) ** -100), 0.0, "0.0"),
        ((abs, lambda t: mp.mpf(0.5)), 0.0, "0.0"),
        ((mp.sin, mp.cos), 0.5, ""),
        ((lambda t: mp.sin(10**6 * t), lambda t: 10**6 * mp.cos(10**6 * t)), 0.5, ""),
        ((lambda t: mp.sqrt(t) ** 3, lambda t: mp.sqrt(t) * 3 / 2), 0.0, ""),
        ((lambda t: t**3, lambda t: 3 * t * t), 0.0, ""),
        ((lambda t: t * abs(t), lambda t: 2 * abs(t)), 0.0, ""),
        ((mp.sqrt, lambda t: 1 / (2 * mp.sqrt(t))), 1e-300, ""),
        ((mp.sqrt, lambda t: 1 / (2 * mp.sqrt(t))), 1e300, ""),
        ((mp.sin, mp.cos), 1e300, ""),
        ((lambda t: mp.sin(mp.mpf(2) ** 120 * t), lambda t: mp.mpf(2) ** 120 * mp.cos(mp.mpf(2) ** 120 * t)), 0.5, ""),
    ],
)
def test_wrong_derivative_is_refused_with_its_digits_and_a_right_one_is_not(twin: Any, x: float, digits: str) -> None:
    if digits:
        with pytest.raises(ValueError, match=rf"exact\[1\].*derivative of exact\[0\], got .* agree in {digits} digits"):
            reference(twin, x)
    else:
        assert reference(twin, x).state in (State.GIVEN, State.UNRESOLVED)


def test_derivative_that_is_wrong_at_one_point_is_refused_at_that_point() -> None:
    with pytest.raises(ValueError, match=r"at x = 2\.0, where the difference quotients converge to -0\.416"):
        error_ledger(np.sin, [0.5, 1.0, 2.0], 0.125, exact=(mp.sin, lambda t: mp.cos(t) if t < 2 else mp.mpf(1) / 3))


# --- f must be the function under test ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "name"),
    [
        (lambda x: np.sin(x) * 1.001, "float64"),
        (lambda x: np.sin(x) + 0.001, "float64"),
        (lambda x: np.cos(x), "float64"),
        (lambda x: -np.sin(x), "float32"),
        (lambda x: np.sin(x * 57.3), "float16"),
        (lambda x: x * 3.0, "bfloat16"),
    ],
)
def test_twin_of_another_function_warns_with_both_values(f: Any, name: str) -> None:
    message = rf"f in {name} and exact\[0\] agree in .* x = .* f gives .* exact\[0\]"
    with pytest.warns(TwinMismatchWarning, match=message):
        error_ledger(f, 0.5, [0.25, 0.125, 0.0625], dtype=name, exact=SIN)


@pytest.mark.parametrize("name", FORMATS)
def test_inaccurate_function_is_not_called_another_one(name: str) -> None:
    """exp by its Taylor series at −3, the solution of an ODE to 5 digits, a zero of f: rounding and no more."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        series = lambda x: sum((x**k * float(1 / math.factorial(k)) for k in range(1, 9)), 1.0 + 0.0 * x)
        error_ledger(series, 0.5, [0.25, 0.125], dtype=name, exact=(mp.exp, mp.exp))
        error_ledger(np.sin, math.pi, [2.0**-5, 2.0**-6], dtype=name, exact=SIN)
        if name == "float64":
            error_ledger(lambda x: np.sin(x) * (1 + 1e-5), 0.5, 0.25, exact=SIN)


def test_warning_comes_once_and_the_ledger_is_made() -> None:
    with pytest.warns(TwinMismatchWarning) as caught:
        ledger = error_ledger(np.cos, 0.5, [0.25, 0.125], exact=SIN)
    assert len(caught) == 1
    assert (np.abs(ledger.evaluation) > 0.1).all()


# --- black boxes -------------------------------------------------------------------------------------------


def decay(x: np.ndarray) -> np.ndarray:
    """y′ = −y, y(0) = 1, by a Runge-Kutta method to 9 digits."""
    ends = [solve_ivp(lambda t, y: -y, (0.0, float(v)), [1.0], rtol=1e-9, atol=1e-12).y[0, -1] for v in x.ravel()]
    return np.array(ends).reshape(x.shape)


def newton_root(x: np.ndarray) -> np.ndarray:
    """The square root by Newton's iteration, one number at a time."""
    roots = []
    for v in x.ravel().tolist():
        y = max(v, 1.0)
        while (better := 0.5 * (y + v / y)) < y:
            y = better
        roots.append(y)
    return np.array(roots).reshape(x.shape)


def kepler(x: np.ndarray) -> np.ndarray:
    """E − 0.25·sin E = x by Newton's iteration."""
    y = np.array(x)
    for _ in range(8):
        y = y - (y - 0.25 * np.sin(y) - x) / (1 - 0.25 * np.cos(y))
    return y


def exact_kepler(t: Any) -> Any:
    y = t
    while True:
        better = y - (y - mp.sin(y) / 4 - t) / (1 - mp.cos(y) / 4)
        if abs(better - y) < 16 * mp.eps:
            return better
        y = better


KNOTS = np.array([0.0, 0.5, 1.25, 2.0, 3.0])
SPLINE = CubicSpline(KNOTS, np.sin(KNOTS))


def exact_spline(t: Any, order: int = 0) -> Any:
    """The piecewise polynomial with the coefficients of SciPy, which are doubles."""
    i = max(int(np.searchsorted(KNOTS, float(t), side="right")) - 1, 0)
    i -= t < mp.mpf(KNOTS[i])
    coefficients = [mp.mpf(float(c)) for c in SPLINE.c[:, min(max(i, 0), 3)]]
    s = t - mp.mpf(KNOTS[min(max(i, 0), 3)])
    a, b, c, d = coefficients
    return ((a * s + b) * s + c) * s + d if order == 0 else (3 * a * s + 2 * b) * s + c


BLACK_BOXES: dict[str, tuple[Any, Pair, float]] = {
    "ode": (decay, (lambda t: mp.exp(-t), lambda t: -mp.exp(-t)), 1.0),
    "newton": (newton_root, (mp.sqrt, lambda t: 1 / (2 * mp.sqrt(t))), 2.0),
    "kepler": (kepler, (exact_kepler, lambda t: 1 / (1 - mp.cos(exact_kepler(t)) / 4)), 1.25),
    "spline": (SPLINE, (exact_spline, lambda t: exact_spline(t, 1)), 1.75),
    "jv": (lambda x: special.jv(2, x), (lambda t: mp.besselj(2, t), lambda t: mp.besselj(2, t, 1)), 1.5),
    "ellipj": (
        lambda x: special.ellipj(x, 0.5)[0],
        (
            lambda t: mp.ellipfun("sn", t, m=mp.mpf(0.5)),
            lambda t: mp.ellipfun("cn", t, m=mp.mpf(0.5)) * mp.ellipfun("dn", t, m=mp.mpf(0.5)),
        ),
        0.75,
    ),
    "vectorised": (np.vectorize(math.atan), (mp.atan, lambda t: 1 / (1 + t * t)), 0.5),
}


@pytest.mark.parametrize("name", BLACK_BOXES)
def test_black_box_has_a_ledger_whose_parts_are_its_own(name: str) -> None:
    f, twin, x = BLACK_BOXES[name]
    ledger = error_ledger(f, x, STEPS, exact=twin)
    assert set(ledger.status) == {Status.OK}
    assert set(ledger.state) == {State.GIVEN}
    for i in range(STEPS.size):
        parts = ledger.exact_parts(i)
        assert parts["total"] == sum(parts[part] for part in PARTS)
    with mp.workdps(60):
        truth = twin[1](mp.mpf(x))
        for h, truncation in zip(STEPS[:4], ledger.truncation, strict=False):
            quotient = (twin[0](mp.mpf(x) + h) - twin[0](mp.mpf(x) - h)) / (2 * mp.mpf(h))
            assert abs(quotient - truth - truncation) <= abs(truncation) * 2.0**-52
    assert set(ledger.reference.tolist()) == {float(truth)}


@pytest.mark.parametrize("name", [name for name in BLACK_BOXES if name != "kepler"])
def test_black_box_without_a_twin_is_told_where_to_go(name: str) -> None:
    f, _, x = BLACK_BOXES[name]
    with pytest.raises((TypeError, AttributeError), match=r"exact=\(f, f'\).*elementwise=False.*nd\.gradient"):
        error_ledger(f, x, 0.125)


def test_knot_of_a_spline_has_a_derivative() -> None:
    ledger = error_ledger(SPLINE, KNOTS[1:-1], STEPS[1], exact=(exact_spline, lambda t: exact_spline(t, 1)))
    assert set(ledger.state) == {State.GIVEN}
    assert (np.abs(ledger.total) < 1e-4).all()


def test_jax_function_is_judged_by_its_twin() -> None:
    jax = pytest.importorskip("jax", reason="jax is in no environment of the tests but that of the libraries")
    jax.config.update("jax_enable_x64", True)
    ledger = error_ledger(lambda x: np.asarray(jax.numpy.sin(x)), 0.5, 2.0**-10, exact=SIN)
    assert float(ledger.reference) == math.cos(0.5)


# --- what a twin does not give -----------------------------------------------------------------------------


@pytest.mark.parametrize("x", [0.5, 1 / 3])
def test_bounds_that_need_the_formula_are_infinite_with_the_reason(x: float) -> None:
    fmt, points, steps = FORMATS["float64"], np.array(x), np.array([0.25, 1e-3])
    function = BoundedFunction(newton_root, untraced=True)
    seen = observe(CENTERED, newton_root, points, steps)
    found = bounds_of(function, CENTERED, fmt, points, steps, seen.abscissae, seen.values)
    for part in ("truncation", "evaluation", "total"):
        assert np.isinf(getattr(found, part)).all()
    exact_nodes = np.array([x == 0.5, False])
    assert list(found.abscissa) == [0.0 if exact else math.inf for exact in exact_nodes]
    ledger = error_ledger(newton_root, x, steps, exact=BLACK_BOXES["newton"][1])
    assert (np.abs(ledger.combination) <= found.combination).all()
    assert np.isfinite(found.combination).all()
    assert list(found.reasons) == [f"truncation: {UNTRACED}"] * 2
    assert np.isinf(a_priori_bounds(function, CENTERED, fmt, points, steps)).all()


def test_complex_step_is_refused() -> None:
    with pytest.raises(ValueError, match=r"stencil must be one of real nodes where exact= is given"):
        error_ledger(np.sin, 0.5, 1e-20, COMPLEX_STEP, exact=SIN)


@pytest.mark.parametrize(
    "exact", [mp.sin, (mp.sin,), (mp.sin, 1.0), "sin", {0: mp.sin, 1: mp.cos}, [mp.sin]], ids=lambda e: type(e).__name__
)
def test_what_is_no_pair_of_callables_is_refused(exact: Any) -> None:
    with pytest.raises(TypeError, match=r"exact must be a pair \(f, f'\) of mpmath callables of one mpf.* got "):
        error_ledger(np.sin, 0.5, 0.25, exact=exact)


def test_closed_form_beside_a_twin_is_refused() -> None:
    with pytest.raises(ValueError, match="derivative must be None where exact= is given"):
        error_ledger(np.sin, 0.5, 0.25, derivative=np.cos, exact=SIN)


# --- the global precision ----------------------------------------------------------------------------------


def test_precision_of_the_user_is_what_it_was_also_after_an_error() -> None:
    def failing(t: Any) -> Any:
        if t > 0.6:
            mp.dps = 99
            raise RuntimeError("no value there")
        return mp.sin(t)

    before = mp.prec, mp.dps
    error_ledger(np.sin, 0.5, 0.25, exact=SIN)
    with pytest.raises(RuntimeError, match="no value there"):
        error_ledger(np.sin, 0.5, 0.25, exact=(failing, mp.cos))
    assert (mp.prec, mp.dps) == before


def test_threads_give_what_one_gives() -> None:
    def work(k: int) -> list[bytes]:
        return parts_of(error_ledger(np.sin, [[0.5 + k], [1e-100]], STEPS, exact=SIN)) + parts_of(
            error_ledger(np.exp, 0.25 * k, STEPS, exact=(mp.exp, mp.exp))
        )

    serial = [work(k) for k in range(4)]
    together: list[Any] = [None] * 4
    start = threading.Barrier(4)

    def run(k: int) -> None:
        start.wait()
        together[k] = work(k)

    threads = [threading.Thread(target=run, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == serial
