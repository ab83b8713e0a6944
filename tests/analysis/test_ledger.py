"""The ledger against a second, slow one in mpmath at 1000 digits, and as an identity on random cells."""

import math
import threading
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any, NamedTuple

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.analysis import cells, reference
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.ledger import Ledger, State, Status
from numdiff.arithmetic import promotion
from numdiff.floats.formats import FORMATS, FloatFormat, get_format
from numdiff.formulas.differences import apply
from numdiff.formulas.stencil import (
    BACKWARD,
    CENTERED,
    COMPLEX_STEP,
    FORWARD,
    ComplexStep,
    Method,
    Stencil,
    centered,
    forward,
    from_offsets,
)
from numdiff.formulas.table import METHODS

ENGINES = ("mpmath", "arb")
PARTS = ("truncation", "abscissa", "evaluation", "combination", "total", "roundoff")
MP: Any = mpmath.MPContext()
MP.dps = 1000
TINY = Fraction(5e-324)


# --- what the kernel did, seen from outside --------------------------------------------------------------


class Spy:
    """A callable that keeps what the kernel gave it and what it returned.

    The look at the dtypes of f calls it on a watched array, after the kernel; exact arithmetic on exact ones.
    """

    def __init__(self, f: Callable) -> None:
        self.f = f
        self.calls: list[tuple[np.ndarray, np.ndarray]] = []

    def __call__(self, x: Any) -> Any:
        y = self.f(x)
        if isinstance(x, np.ndarray) and not isinstance(x, promotion._Typed):
            self.calls.append((np.array(x).view(np.ndarray).ravel(), np.array(y).view(np.ndarray).ravel()))
        return y


def lift(value: Any) -> Fraction:
    """Return a finite NumPy scalar of any format exactly, without the code under test."""
    if value.dtype.name == "bfloat16":
        value = float(value)
    return Fraction(*value.as_integer_ratio())


def combined(stencil: Method, values: Iterable[Any], h: Fraction) -> Any:
    """Return Σ wⱼvⱼ/hᵐ for any kind of exact number."""
    weights = [Fraction(1)] if isinstance(stencil, ComplexStep) else stencil.weights
    total = sum(v * w.numerator / w.denominator for v, w in zip(values, weights, strict=True))
    return total * h.denominator**stencil.derivative_order / h.numerator**stencil.derivative_order


def mpf(value: Fraction) -> Any:
    return MP.mpf(value.numerator) / value.denominator


def rational(number: Any) -> Fraction:
    sign, mantissa, exponent, _ = number._mpf_
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** exponent


class Problem(NamedTuple):
    """f as a NumPy callable, f and f⁽ᵐ⁾ in mpmath, the closed form of f′ or None, and x."""

    f: Callable
    g: Callable
    slope: Callable
    derivative: Callable | None
    x: float
    curvature: Callable | None = None


def _cos_ratio(x: Any) -> Any:
    return (1 - np.cos(x)) / x**2


def _cos_ratio_mp(z: Any) -> Any:
    return (1 - MP.cos(z)) / z**2


def _cos_ratio_slope(x: Any) -> Any:
    return (x * MP.sin(x) - 2 * (1 - MP.cos(x))) / x**3


def _cos_ratio_prime(x: Any) -> Any:
    return (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3


ORACLES: dict[str, Problem] = {
    "exp": Problem(np.exp, lambda z: MP.exp(z), lambda x: MP.exp(x), np.exp, 0.5, lambda x: MP.exp(x)),
    "sin 50x": Problem(
        lambda x: np.sin(50 * x),
        lambda z: MP.sin(50 * z),
        lambda x: 50 * MP.cos(50 * x),
        None,
        1.0,
        lambda x: -2500 * MP.sin(50 * x),
    ),
    "log": Problem(np.log, lambda z: MP.log(z), lambda x: 1 / x, lambda x: 1 / x, 0.75, lambda x: -1 / x**2),
    "sqrt": Problem(np.sqrt, lambda z: MP.sqrt(z), lambda x: 1 / (2 * MP.sqrt(x)), None, 2.0),
    "tanh": Problem(np.tanh, lambda z: MP.tanh(z), lambda x: MP.sech(x) ** 2, None, -0.5),
    "arctan": Problem(
        lambda x: np.arctan(20 * x), lambda z: MP.atan(20 * z), lambda x: 20 / (1 + 400 * x * x), None, 0.25
    ),
    "x**4.5": Problem(
        lambda x: x**4.5,
        lambda z: z**4 * MP.sqrt(z),
        lambda x: x**3 * MP.sqrt(x) * 9 / 2,
        lambda x: 4.5 * x**3.5,
        1.5,
    ),
    "sigmoid": Problem(
        lambda x: 1 / (1 + np.exp(-x)),
        lambda z: 1 / (1 + MP.exp(-z)),
        lambda x: MP.exp(-x) / (1 + MP.exp(-x)) ** 2,
        lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2,
        2.0,
    ),
    "composition": Problem(
        lambda x: np.exp(x**2) ** 2, lambda z: MP.exp(2 * z * z), lambda x: 4 * x * MP.exp(2 * x * x), None, 0.5
    ),
    "expm1 over x": Problem(
        lambda x: (np.exp(x) - 1) / x,
        lambda z: (MP.exp(z) - 1) / z,
        lambda x: (x * MP.exp(x) - (MP.exp(x) - 1)) / x**2,
        lambda x: (x * np.exp(x) - (np.exp(x) - 1)) / x**2,
        2.0**-12,
    ),
    "log1p": Problem(lambda x: np.log(1 + x), lambda z: MP.log(1 + z), lambda x: 1 / (1 + x), None, 2.0**-14),
    "1 - cos at 2**-20": Problem(_cos_ratio, _cos_ratio_mp, _cos_ratio_slope, _cos_ratio_prime, 2.0**-20),
    "1 - cos at 2**-40": Problem(_cos_ratio, _cos_ratio_mp, _cos_ratio_slope, None, 2.0**-40),
    "1 - cos at 2**-45": Problem(_cos_ratio, _cos_ratio_mp, _cos_ratio_slope, _cos_ratio_prime, 2.0**-45),
    "square": Problem(lambda x: x * x, lambda z: z * z, lambda x: 2 * x, lambda x: 2 * x, 2.0, lambda x: MP.mpf(2)),
    "runge": Problem(
        lambda x: 1 / (1 + 25 * x * x),
        lambda z: 1 / (1 + 25 * z * z),
        lambda x: -50 * x / (1 + 25 * x * x) ** 2,
        lambda x: -50 * x / (1 + 25 * x * x) ** 2,
        0.25,
    ),
    "reciprocal": Problem(lambda x: 1 / x, lambda z: 1 / z, lambda x: -1 / x**2, None, 0.375, lambda x: 2 / x**3),
}

STENCILS: tuple[Method, ...] = (FORWARD, CENTERED, centered(4), forward(2), CENTERED.richardson(), COMPLEX_STEP)
SECOND: tuple[Method, ...] = (centered(2, 2), forward(1, 2))


def oracle(problem: Problem, spy: Spy, x: np.ndarray, h: np.ndarray, method: Method, result: np.ndarray) -> Any:
    """Return the six parts of each cell as doubles, rounded once, from plain mpmath at 1000 digits."""
    point = lift(x[()])
    slope = problem.curvature if method.derivative_order == 2 else problem.slope
    assert slope is not None
    t = slope(mpf(point))
    rows = []
    for i, step in enumerate(map(lift, h)):
        captured = [y.imag[i] if isinstance(method, ComplexStep) else y[i] for _, y in spy.calls]
        if isinstance(method, ComplexStep):
            a = b = MP.im(problem.g(MP.mpc(mpf(point), mpf(step)))) / mpf(step)
        else:
            a = combined(method, [problem.g(mpf(point + c * step)) for c in method.offsets], step)
            b = combined(method, [problem.g(mpf(lift(at[i]))) for at, _ in spy.calls], step)
        c = combined(method, [mpf(lift(value)) for value in captured], step)
        d = mpf(lift(result[i]))
        rows.append([rounded_once(p) for p in (a - t, b - a, c - b, d - c, d - t, d - a)])
    return dict(zip(PARTS, zip(*rows, strict=True), strict=True))


def rounded_once(part: Any) -> float:
    exact = rational(part)
    if abs(exact) < Fraction(1, 10**900):  # the noise of 1000 digits
        return 0.0
    value = float(exact)
    return value or math.copysign(5e-324, exact)


def disagreements(name: str, fmt: FloatFormat, methods: Iterable[Method], *engines: Any) -> list[str]:
    """Return the cells in which the ledger of an engine and the slow one are not the same double."""
    problem, found = ORACLES[name], []
    x = fmt.as_array(problem.x)
    h = np.array([fmt.round(Fraction(12357, 10000) * size) for size in steps_near(problem.x, fmt)], fmt.dtype)
    for method in methods:
        if isinstance(method, ComplexStep) and fmt.complex_dtype is None:
            continue
        spy = Spy(problem.f)
        with np.errstate(all="ignore"):
            ledgers = [error_ledger(spy, x, h, method, fmt, e, derivative=problem.derivative) for e in engines]
            result = apply(method, problem.f, np.broadcast_to(x, h.shape), h, blocked=False)
        nodes = 1 if isinstance(method, ComplexStep) else len(method.offsets)
        finite = [i for i in range(h.size) if all(np.isfinite(y[i]) for _, y in spy.calls)]
        spy.calls = [(at[finite], y[finite]) for at, y in spy.calls[:nodes]]
        expected = oracle(problem, spy, x, h[finite], method, result[finite])
        for engine, ledger in zip(engines, ledgers, strict=True):
            for part in PARTS:
                for i, value in zip(finite, expected[part], strict=True):
                    ours = float(getattr(ledger, part)[i])
                    if ours.hex() != value.hex():
                        found.append(f"{engine} {method.name} h={h[i]} {part}: {ours!r}, not {value!r}")
    return found


def steps_near(x: float, fmt: FloatFormat) -> list[Fraction]:
    """Return powers of two: below x, and one near the end of the format."""
    binade = math.frexp(abs(x))[1]
    return [Fraction(2) ** (binade - k) for k in (5, fmt.precision - 2)]


@pytest.mark.parametrize("name", ORACLES)
def test_every_part_is_the_double_of_a_thousand_digits(name: str) -> None:
    methods = STENCILS + (SECOND if ORACLES[name].curvature else ())
    for fmt in FORMATS.values():
        if ORACLES[name].x < float(fmt.smallest_normal) * 2**8:
            continue  # 2**-40 is no number of float16
        assert disagreements(name, fmt, methods, *ENGINES) == []


def test_reference_of_53_bits_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "START_PRECISION", 53)
    monkeypatch.setattr(reference, "MAX_PRECISION", 53)
    float64 = FORMATS["float64"]
    seen = {(n, e): disagreements(n, float64, [CENTERED], e) for n in ("exp", "log1p", "tanh") for e in ENGINES}
    assert all(seen.values())
    for engine in ENGINES:
        poor = error_ledger(np.exp, 0.5, 2.0**-30, engine=engine)  # type: ignore[arg-type]
        assert poor.state == State.UNRESOLVED


@pytest.mark.parametrize("start", [64, 128, 1024])
def test_start_of_the_precision_does_not_change_a_double(start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "START_PRECISION", start)
    for name in ("exp", "1 - cos at 2**-40", "reciprocal"):
        assert disagreements(name, FORMATS["float64"], [CENTERED, COMPLEX_STEP], *ENGINES) == []


# --- the identity ---------------------------------------------------------------------------------------

EXPRESSIONS: tuple[Callable, ...] = (
    lambda x: x,
    lambda x: x * x,
    lambda x: x**3 - 2 * x,
    lambda x: 1 / (1 + x * x),
    np.exp,
    np.sin,
    np.tanh,
    np.arctan,
    lambda x: np.exp(x) * np.sin(3 * x),
    lambda x: np.log(2 + np.cos(x)),
    lambda x: np.sqrt(1 + x * x) - 1,
    lambda x: 0.1 * x + np.cos(x),
)
METHOD_LIST: tuple[Method, ...] = (
    *METHODS.values(),
    BACKWARD,
    forward(3),
    forward(2, 2),
    centered(4, 2),
    from_offsets("skewed", (Fraction(-1, 2), 0, 1, Fraction(3, 4))),
)


@st.composite
def calls(draw: st.DrawFn) -> tuple[Callable, np.ndarray, np.ndarray, Method, FloatFormat]:
    fmt = FORMATS[draw(st.sampled_from(list(FORMATS)))]
    allowed = [m for m in METHOD_LIST if fmt.complex_dtype is not None or not isinstance(m, ComplexStep)]
    method = draw(st.sampled_from(allowed))
    f = draw(st.sampled_from(EXPRESSIONS))
    numerators = st.integers(-(2**fmt.precision), 2**fmt.precision)
    x = draw(st.builds(lambda n: fmt.round(Fraction(2 * n, 2**fmt.precision)), numerators))
    sizes = st.builds(
        lambda n, k: fmt.round(Fraction(n, 2**fmt.precision) / 2**k),
        st.integers(2 ** (fmt.precision - 1), 2**fmt.precision),
        st.integers(0, min(fmt.precision + 4, -fmt.min_exponent - 2)),
    )
    h = np.array(draw(st.lists(sizes, min_size=1, max_size=3)), dtype=fmt.dtype)
    return f, np.asarray(x, dtype=fmt.dtype), h, method, fmt


@settings(max_examples=120)
@given(calls(), st.sampled_from(ENGINES))
def test_parts_sum_to_the_total_and_are_what_they_say(call: Any, engine: Any) -> None:
    f, x, h, method, fmt = call
    spy = Spy(f)
    with np.errstate(all="ignore"):
        ledger = error_ledger(spy, x, h, method, fmt, engine)
    for i in range(h.size):
        exact = ledger.exact_parts(i)
        if any(part is None for part in exact.values()):
            continue
        four = [exact[name] for name in PARTS[:4]]
        assert sum(four, Fraction(0)) == exact["total"]  # type: ignore[arg-type]
        assert sum(four[1:], Fraction(0)) == exact["roundoff"]  # type: ignore[arg-type]
        check_stored(ledger, i)
        check_combination(ledger, spy, i, lift(h[i]))
        check_abscissa(ledger, spy, i, lift(x[()]), lift(h[i]))


def check_stored(ledger: Ledger, i: int) -> None:
    """The stored doubles are the exact parts rounded once, and sum to the total within half an ulp each."""
    stored = {name: float(getattr(ledger, name)[i]) for name in PARTS}
    if ledger.state[i] != State.UNRESOLVED:
        for name, part in ledger.exact_parts(i).items():
            assert part is not None
            assert stored[name] == float(part) or (abs(part) <= TINY and abs(stored[name]) == 5e-324)
        half_ulps = sum(Fraction(math.ulp(stored[name])) for name in PARTS[:5]) / 2
        summed = sum(Fraction(stored[name]) for name in PARTS[:4])
        assert abs(summed - Fraction(stored["total"])) <= half_ulps
    assert not any(value == 0 and math.copysign(1, value) < 0 for value in stored.values())


def check_combination(ledger: Ledger, spy: Spy, i: int, h: Fraction) -> None:
    values = [lift(y.imag[i] if isinstance(ledger.method, ComplexStep) else y[i]) for _, y in spy.calls]
    expected = lift(ledger.computed[i]) - combined(ledger.method, values, h)
    assert ledger.exact_parts(i)["combination"] == expected
    assert ledger.combination[i] == float(expected) or abs(expected) < TINY


def check_abscissa(ledger: Ledger, spy: Spy, i: int, x: Fraction, h: Fraction) -> None:
    if not isinstance(ledger.method, Stencil) or all(
        lift(at[i]) == x + c * h for (at, _), c in zip(spy.calls, ledger.method.offsets, strict=True)
    ):
        assert ledger.exact_parts(i)["abscissa"] == 0
        assert math.copysign(1, ledger.abscissa[i]) == 1
        assert ledger.abscissa[i] == 0


@settings(max_examples=80)
@given(calls())
def test_result_is_the_documented_order_of_operations_in_the_format(call: Any) -> None:
    """d, recomputed from the captured values with one correct rounding an operation: nothing was promoted."""
    f, x, h, method, fmt = call
    spy = Spy(f)
    with np.errstate(all="ignore"):
        ledger = error_ledger(spy, x, h, method, fmt, "arb")
    assert all(at.dtype in (fmt.dtype, fmt.complex_dtype) and y.dtype == at.dtype for at, y in spy.calls)
    is_complex = isinstance(method, ComplexStep)
    calls = spy.calls[:1] if is_complex else spy.calls  # beside x = 0, where powers may end, f is asked for real x too
    for i in range(h.size):
        step = lift(h[i])
        values = [lift(y.imag[i] if is_complex else y[i]) for _, y in calls]
        if np.isfinite(ledger.computed[i]):  # a second derivative of narrow formats may overflow
            assert lift(ledger.computed[i]) == emulated(method, values, step, fmt)


def emulated(method: Method, values: list[Fraction], h: Fraction, fmt: FloatFormat) -> Fraction:
    def fl(exact: Fraction) -> Fraction:
        return lift(fmt.round(exact))

    terms = [fl(fl(Fraction(n)) * v) for n, v in zip(method.numerators, values, strict=True)]
    total = terms[0]
    for term in terms[1:]:
        total = fl(total + term)
    total = fl(total / fl(fl(Fraction(method.denominator)) * h))
    for _ in range(1, method.derivative_order):
        total = fl(total / h)
    return total


def test_nodes_are_rounded_to_the_format_once_and_the_error_is_theirs() -> None:
    """With f(x) = x the abscissa error is ((x̂₁ − x̂₂) − 2h)/2h, and the other parts are 0 in float64."""
    x, h = np.float64(0.1), np.float64(1e-3)
    ledger = error_ledger(lambda x: x, x, h, derivative=lambda x: np.ones_like(x))
    width = Fraction(float(x + h)) - Fraction(float(x - h))
    assert ledger.abscissa[()] == float((width - 2 * Fraction(float(h))) / (2 * Fraction(float(h))))
    assert ledger.effective_step[()] == float(width / 2)
    assert ledger.abscissa[()] != 0
    assert ledger.evaluation[()] == ledger.truncation[()] == 0


# --- zero, and nearly --------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
def test_unprovable_zero_is_unresolved_and_positive_zero(engine: Any) -> None:
    ledger = error_ledger(np.cos, 0.0, [0.5, 2.0**-20, 1e-3], CENTERED, "float64", engine)
    assert list(ledger.state) == [State.UNRESOLVED] * 3
    assert list(ledger.status) == [Status.OK] * 3
    assert [value.hex() for value in ledger.truncation.tolist()] == [(0.0).hex()] * 3


@pytest.mark.parametrize("engine", ENGINES)
def test_unresolved_part_does_not_take_the_certified_parts_with_it(engine: Any) -> None:
    # The truncation of sin²x + cos²x is an unprovable 0, what the format computes is not.
    ledger = error_ledger(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, 0.7, 1e-7, FORWARD, "float32", engine)
    assert ledger.state == State.UNRESOLVED
    assert ledger.truncation[()] == 0
    assert ledger.total[()] == float(ledger.computed[()])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("dtype", FORMATS)
@pytest.mark.parametrize("method", [FORWARD, CENTERED, BACKWARD, centered(4)], ids=lambda m: m.name)
def test_nodes_that_fall_together_cancel_exactly(method: Method, dtype: str, engine: Any) -> None:
    """All nodes on x: b = c = d = 0 for certain, although f(x) − f(x) of two enclosures is not."""
    fmt = get_format(dtype)
    h = fmt.round(Fraction(1, 2 ** (fmt.precision + 6)))
    ledger = error_ledger(np.exp, fmt.round(1), h, method, fmt, engine)
    assert ledger.status == Status.ABSORBED
    assert ledger.state == State.CERTIFIED
    assert (ledger.evaluation[()], ledger.combination[()]) == (0, 0)
    assert ledger.total[()] == -math.e
    assert ledger.effective_step[()] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_half_absorbed_step_reads_half_the_slope(engine: Any) -> None:
    ledger = error_ledger(lambda x: x, 1.0, 2.0**-53, CENTERED, "float64", engine)
    assert ledger.status == Status.ABSORBED
    assert ledger.computed[()] == 0.5
    assert (ledger.total[()], ledger.abscissa[()]) == (-0.5, -0.5)
    assert ledger.effective_step[()] == 2.0**-54


@pytest.mark.parametrize("engine", ENGINES)
def test_part_below_the_smallest_double_is_stored_as_that_with_a_flag(engine: Any) -> None:
    # The truncation of the complex step is −h²/6·e: of the order of 1e-400.
    tiny = error_ledger(np.exp, 1.0, [1e-200, 0.5], COMPLEX_STEP, "float64", engine)
    assert list(tiny.underflow) == [True, False]
    assert tiny.truncation[0] == -5e-324
    assert tiny.exact_parts(0)["truncation"] is not None
    assert 0 < -tiny.exact_parts(0)["truncation"] < TINY / 2  # type: ignore[operator]


@pytest.mark.skipif("float80" not in FORMATS, reason="needs a format with a wider exponent range than a double")
@pytest.mark.parametrize(("x", "sign"), [(-11000.0, 1), (-800.0, 1)])
def test_errors_of_values_below_the_doubles_keep_their_sign(x: float, sign: int) -> None:
    positive = error_ledger(np.exp, x, 0.5, dtype="float80")
    negative = error_ledger(lambda x: -np.exp(x), x, 0.5, dtype="float80")
    assert positive.total[()] == 5e-324 * sign
    assert negative.total[()] == -5e-324 * sign
    assert positive.underflow[()]
    assert negative.underflow[()]


# --- states -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["square", "runge"])
def test_rational_problem_is_exact(name: str, engine: Any) -> None:
    problem = ORACLES[name]
    for dtype in FORMATS:
        ledger = error_ledger(problem.f, problem.x, 2.0**-5, CENTERED, dtype, engine, derivative=problem.derivative)
        assert ledger.state == State.EXACT
        assert ledger.reference_radius[()] == 0


def test_square_has_no_truncation_at_all() -> None:
    ledger = error_ledger(lambda x: x * x, 2.0, [0.5, 1e-3, 1e-9], derivative=lambda x: 2 * x)
    assert ledger.truncation.tolist() == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("engine", ENGINES)
def test_power_at_the_end_of_its_domain_is_certified_from_the_closed_form(engine: Any) -> None:
    ledger = error_ledger(
        lambda x: x**4.5, 0.0, [0.5, 0.25], FORWARD, "float64", engine, derivative=lambda x: 4.5 * x**3.5
    )
    assert list(ledger.state) == [State.CERTIFIED] * 2
    assert ledger.truncation.tolist() == [float(rational(MP.mpf(h) ** MP.mpf(3.5))) for h in (0.5, 0.25)]


# --- status ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("f", "x", "h", "dtype", "status", "state"),
    [
        (np.exp, 0.5, 0.25, "float64", Status.OK, State.CERTIFIED),
        (np.exp, 12.0, 0.5, "float16", Status.OVERFLOW, State.CERTIFIED),  # both values: inf − inf
        (np.exp, 11.0, 0.5, "float16", Status.OVERFLOW, State.CERTIFIED),  # one value
        (lambda x: x, 65504.0, 64.0, "float16", Status.OVERFLOW, State.EXACT),  # one node
        (lambda x: 60000 * x, 1.0, 0.015625, "float16", Status.OK, State.EXACT),
        (lambda x: 60000 * np.tanh(64 * x), 0.0, 0.0078125, "float16", Status.OVERFLOW, State.CERTIFIED),  # result
        (lambda x: np.exp(x) / np.exp(x), 12.0, 0.5, "float16", Status.NAN, None),
        (np.log, 0.25, 0.5, "float64", Status.OUTSIDE_DOMAIN, State.OUT_OF_DOMAIN),
        (np.log, 0.25, 0.25, "float64", Status.POLE, State.OUT_OF_DOMAIN),
        (np.sqrt, 0.25, 0.5, "float64", Status.OUTSIDE_DOMAIN, State.OUT_OF_DOMAIN),
        (np.sqrt, 0.25, 0.25, "float64", Status.OK, State.CERTIFIED),
        (np.sqrt, 0.0, 0.25, "float64", Status.OUTSIDE_DOMAIN, State.OUT_OF_DOMAIN),
        (lambda x: 1 / x, 0.0, 0.25, "float64", Status.POLE, State.OUT_OF_DOMAIN),
        (lambda x: 1 / x, 0.25, 0.25, "float64", Status.POLE, State.OUT_OF_DOMAIN),
        (np.abs, 0.0, 0.25, "float64", Status.KINK, State.KINK),
        (np.sign, 0.0, 0.25, "float64", Status.JUMP, State.JUMP),
        (lambda x: x, 1.0, 2.0**-60, "float64", Status.ABSORBED, None),
    ],
)
def test_status_says_what_happened(
    f: Any, x: float, h: float, dtype: str, status: Status, state: State | None, engine: Any
) -> None:
    with np.errstate(all="ignore"):
        ledger = error_ledger(f, x, h, CENTERED, dtype, engine)
    assert ledger.status == status
    assert state is None or ledger.state == state
    undefined = status not in (Status.OK, Status.ABSORBED)
    assert math.isnan(ledger.total[()]) == undefined


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("shape", [(), (2,)])
def test_closed_form_that_has_a_value_where_f_has_none_does_not_stop_the_ledger(engine: Any, shape: Any) -> None:
    x = np.full(shape, -1.0)
    ledger = error_ledger(np.log, x, 0.5, CENTERED, "float64", engine, derivative=lambda x: 1 / np.sqrt(x**2))
    assert np.all(ledger.status == Status.OUTSIDE_DOMAIN)
    assert np.isnan(ledger.total).all()


@pytest.mark.parametrize("engine", ENGINES)
def test_parts_that_exist_survive_in_a_cell_that_failed(engine: Any) -> None:
    ledger = error_ledger(np.exp, 12.0, 0.5, CENTERED, "float16", engine)
    assert ledger.truncation[()] == float(rational((MP.exp(12.5) - MP.exp(11.5)) - MP.exp(12)))
    assert ledger.abscissa[()] == 0
    assert math.isnan(ledger.evaluation[()])
    assert math.isnan(ledger.combination[()])


# --- arguments ----------------------------------------------------------------------------------------------


def test_x_is_rounded_to_the_format_before_there_is_a_truth() -> None:
    ledger = error_ledger(np.exp, 0.1, 0.25, dtype="float16")
    assert ledger.reference[()] == float(rational(MP.exp(MP.mpf(float(np.float16(0.1))))))


def test_ledger_has_the_shape_of_x_against_h() -> None:
    xs, hs = np.array([[0.5], [1.0]]), np.array([0.25, 0.125, 1e-3])
    table = error_ledger(np.exp, xs, hs)
    assert table.shape == table.truncation.shape == table.status.shape == table.x.shape == (2, 3)
    for i, x in enumerate(xs[:, 0]):
        for j, h in enumerate(hs):
            single = error_ledger(np.exp, x, h)
            for part in PARTS[:2]:
                assert getattr(table, part)[i, j] == getattr(single, part)[()]
            assert table.exact_parts(3 * i + j)["truncation"] is not None


@pytest.mark.parametrize(("x", "h"), [([], 0.5), (0.5, []), (np.ones((2, 0)), 0.5)], ids=["x", "h", "both axes"])
def test_no_cell_is_an_empty_ledger(x: Any, h: Any) -> None:
    ledger = error_ledger(np.exp, np.array(x, dtype=float), np.array(h, dtype=float))
    assert ledger.total.size == 0
    assert ledger.total.shape == ledger.status.shape == np.broadcast_shapes(np.shape(x), np.shape(h))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((np.exp, 1.0, 0.0), ValueError, "h must be finite and positive"),
        ((np.exp, 1.0, -1.0), ValueError, "h must be finite and positive"),
        ((np.exp, math.nan, 0.1), ValueError, "x must be finite"),
        ((np.exp, 1e6, 0.1, CENTERED, "float16"), ValueError, "x must be finite"),
        ((np.exp, 1.0, 0.1, CENTERED, "float8"), ValueError, "dtype must be one of"),
        ((np.exp, 1.0, 0.1, CENTERED, "float64", "maple"), ValueError, "engine must be"),
        ((np.exp, 1.0, 0.1, COMPLEX_STEP, "float16"), TypeError, "complex"),
        ((np.spacing, 1.0, 0.1), TypeError, "spacing"),
    ],
)
def test_bad_argument_is_named(arguments: tuple[Any, ...], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        error_ledger(*arguments)


def test_wrong_closed_form_is_refused_with_its_x() -> None:
    with pytest.raises(ValueError, match=r"derivative must be f', got .* at x = 0\.5"):
        error_ledger(np.exp, 0.5, 0.25, derivative=np.sin)


# --- threads ------------------------------------------------------------------------------------------------


def test_four_threads_give_what_one_gives() -> None:
    def work(seed: int) -> list[Any]:
        rows: list[Any] = []
        for name in ("exp", "1 - cos at 2**-20", "tanh", "runge"):
            problem = ORACLES[name]
            hs = [2.0 ** -(k + seed) for k in range(20, 30)]
            for engine in ENGINES:
                ledger = error_ledger(problem.f, problem.x, hs, CENTERED, "float64", engine)  # type: ignore[arg-type]
                rows += [getattr(ledger, part).tobytes() for part in PARTS]
        return rows

    serial = [work(seed) for seed in range(4)]
    together: list[Any] = [None] * 4
    start = threading.Barrier(4)

    def run(seed: int) -> None:
        start.wait()
        together[seed] = work(seed)

    threads = [threading.Thread(target=run, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == serial


def test_module_of_the_arithmetic_names_the_parts_of_the_ledger() -> None:
    assert cells.ENTRIES == PARTS
