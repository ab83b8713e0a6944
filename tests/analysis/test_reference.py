"""The reference against mpmath at 1000 digits, and what it says where there is no reference."""

import decimal
import math
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
from flint import ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from numdiff.analysis import reference
from numdiff.analysis.enclosures import ball_of, certify, decimal_text, double_above
from numdiff.analysis.error_ledger import error_ledger
from numdiff.analysis.reference import ExactFunction, Reference, State, precisions
from numdiff.arithmetic.ball import Ball, Undefined
from numdiff.floats.formats import dyadic, dyadic_to_fraction
from numdiff.formulas.stencil import FORWARD

ENGINES = ("mpmath", "arb")
MP: Any = mpmath.MPContext()
MP.dps = 1000


def exact_of(number: Any) -> Fraction:
    """Return an mpf as a rational number."""
    sign, mantissa, exponent, _ = number._mpf_
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** exponent


def cancelling(x: Any) -> Any:
    return (1 - np.cos(x)) / x**2


def cancelling_prime(x: Any) -> Any:
    return (x * np.sin(x) - 2 * (1 - np.cos(x))) / x**3


# name: f, f' (None: automatic differentiation), x, f' at 1000 digits
TRUTHS: dict[str, tuple[Callable, Callable | None, float, Callable]] = {
    "exp": (np.exp, np.exp, 0.5, lambda x: MP.exp(x)),
    "exp by differentiation": (np.exp, None, 0.1, lambda x: MP.exp(x)),
    "exp far left": (np.exp, np.exp, -740.0, lambda x: MP.exp(x)),
    "log": (np.log, lambda x: 1 / x, 2.0**-10, lambda x: 1 / x),
    "sin": (lambda x: np.sin(50 * x), lambda x: 50 * np.cos(50 * x), 1.0, lambda x: 50 * MP.cos(50 * x)),
    "sin at the double nearest to pi/2": (np.sin, np.cos, math.pi / 2, lambda x: MP.cos(x)),
    "arctan": (lambda x: np.arctan(20 * x), None, 0.3, lambda x: 20 / (1 + 400 * x * x)),
    "sigmoid": (lambda x: 1 / (1 + np.exp(-x)), None, -12.0, lambda x: MP.exp(-x) / (1 + MP.exp(-x)) ** 2),
    "tanh": (np.tanh, lambda x: 1 - np.tanh(x) ** 2, 12.0, lambda x: MP.sech(x) ** 2),
    "composition": (lambda x: np.exp(x**2) ** 2, None, 0.5, lambda x: 4 * x * MP.exp(2 * x * x)),
    "power": (lambda x: x**4.5, lambda x: 4.5 * x**3.5, 0.1, lambda x: MP.mpf(9) / 2 * x ** (MP.mpf(7) / 2)),
    "sqrt": (np.sqrt, None, 2.0, lambda x: 1 / (2 * MP.sqrt(x))),
    "log1p tiny": (lambda x: np.log(1 + x), None, 2.0**-60, lambda x: 1 / (1 + x)),
    "expm1 over x": (
        lambda x: (np.exp(x) - 1) / x,
        lambda x: (x * np.exp(x) - (np.exp(x) - 1)) / x**2,
        2.0**-30,
        lambda x: (x * MP.exp(x) - (MP.exp(x) - 1)) / x**2,
    ),
    "1 - cos, 2**-20": (cancelling, cancelling_prime, 2.0**-20, lambda x: (x * MP.sin(x) - 2 * (1 - MP.cos(x))) / x**3),
    "1 - cos, 2**-40": (cancelling, cancelling_prime, 2.0**-40, lambda x: (x * MP.sin(x) - 2 * (1 - MP.cos(x))) / x**3),
    "1 - cos, 2**-100": (
        cancelling,
        cancelling_prime,
        2.0**-100,
        lambda x: (x * MP.sin(x) - 2 * (1 - MP.cos(x))) / x**3,
    ),
    "x squared": (lambda x: x * x, lambda x: 2 * x, 0.1, lambda x: 2 * x),
    "runge": (
        lambda x: 1 / (1 + 25 * x * x),
        lambda x: -50 * x / (1 + 25 * x * x) ** 2,
        0.1,
        lambda x: -50 * x / (1 + 25 * x * x) ** 2,
    ),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2, 3.0, lambda x: -1 / x**2),
}


def reference_and_truth(name: str, engine: Any) -> tuple[Reference, Fraction]:
    f, derivative, x, truth = TRUTHS[name]
    return ExactFunction(f, derivative, engine).reference(dyadic(x)), exact_of(truth(MP.mpf(x)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRUTHS)
def test_reference_is_the_double_nearest_to_a_thousand_digits(name: str, engine: str) -> None:
    found, truth = reference_and_truth(name, engine)
    assert found.value == float(truth)
    assert found.state in (State.CERTIFIED, State.EXACT)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRUTHS)
def test_thirty_digits_of_the_reference_are_the_digits_of_the_truth(name: str, engine: str) -> None:
    found, truth = reference_and_truth(name, engine)
    half_a_unit = Fraction(1, 2) * Fraction(10) ** (math.floor(math.log10(abs(truth))) - 29)
    assert abs(Fraction(found.text) - truth) <= half_a_unit * (1 + Fraction(1, 10**20))


@pytest.mark.parametrize("name", TRUTHS)
def test_both_engines_publish_the_same_reference(name: str) -> None:
    assert reference_and_truth(name, "mpmath")[0] == reference_and_truth(name, "arb")[0]


@pytest.mark.parametrize("exponent", range(-56, -36))
def test_both_engines_publish_the_same_reference_however_much_cancels(exponent: int) -> None:
    point = (1, exponent)
    found = [ExactFunction(cancelling, cancelling_prime, engine).reference(point) for engine in ("mpmath", "arb")]
    assert found[0] == found[1]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["1 - cos, 2**-20", "1 - cos, 2**-40", "expm1 over x", "log1p tiny"])
@pytest.mark.parametrize("precision", [64, 128, 256, 512])
def test_enclosures_of_a_cancelling_function_contain_the_truth(name: str, engine: Any, precision: int) -> None:
    functions = {
        "1 - cos": lambda x: (1 - MP.cos(x)) / x**2,
        "expm1": lambda x: (MP.exp(x) - 1) / x,
        "log1p": lambda x: MP.log(1 + x),
    }
    f, _, x, _ = TRUTHS[name]
    truth = exact_of(functions[next(key for key in functions if name.startswith(key))](MP.mpf(x)))
    value = ExactFunction(f, None, engine).values([dyadic(x)], precision)[dyadic(x)]
    assert value is Undefined.UNDECIDED or (isinstance(value, Ball) and value.contains(truth))


# --- precision -----------------------------------------------------------------------------------------


def test_precision_doubles_from_256_to_4096() -> None:
    assert list(precisions()) == [256, 512, 1024, 2048, 4096]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", TRUTHS)
def test_start_of_the_precision_does_not_change_the_reference(
    name: str, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = reference_and_truth(name, engine)[0]
    monkeypatch.setattr(reference, "START_PRECISION", 64)
    assert reference_and_truth(name, engine)[0].value == expected.value


@pytest.mark.parametrize("engine", ENGINES)
def test_reference_of_53_bits_is_never_certified(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Caught: at the precision of a double no transcendental value can be the nearest double for certain."""
    monkeypatch.setattr(reference, "START_PRECISION", 53)
    monkeypatch.setattr(reference, "MAX_PRECISION", 53)
    transcendental = ("exp", "sin", "tanh", "composition", "1 - cos, 2**-20", "expm1 over x")
    assert {reference_and_truth(name, engine)[0].state for name in transcendental} == {State.UNRESOLVED}


def test_mpmath_value_that_arb_contradicts_is_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = reference.multiprecision.values

    def off_by_a_part_in_2_to_the_40(f: Any, points: Any, precision: int) -> list[Any]:
        return [Ball(v.mid + (abs(v.mid) >> 40), v.rad, v.exp) for v in honest(f, points, precision)]

    monkeypatch.setattr(reference.multiprecision, "values", off_by_a_part_in_2_to_the_40)
    found = ExactFunction(np.exp, np.exp, "mpmath").reference(dyadic(0.5))
    assert found.state is State.UNRESOLVED


def test_certified_enclosure_covers_both_engines() -> None:
    ours, proven = Ball(1000, 1, 0), Ball(1010 << 4, 3, -4)
    union = certify(ours, proven)
    assert isinstance(union, Ball)
    for edge in (proven.midpoint - proven.radius, proven.midpoint + proven.radius):
        assert union.contains(edge)
    assert certify(ours, Ball(1000, 0, 0)) == Ball(1000, 0, 0)
    assert certify(Undefined.POLE, Undefined.POLE) is Undefined.POLE
    # What mpmath finds by rounding says nothing against what Arb proves, nor for what Arb leaves open.
    for pair in ((ours, Undefined.DOMAIN), (Undefined.DOMAIN, proven), (Undefined.POLE, Undefined.UNDECIDED)):
        assert certify(*pair) is pair[1]


@given(st.fractions(), st.integers(64, 512))
def test_ball_of_a_rational_contains_it_at_the_precision_asked_for(value: Fraction, precision: int) -> None:
    ball = ball_of(value, precision)
    assert ball.contains(value)
    assert ball.radius <= abs(value) * Fraction(2) ** (1 - precision)


# --- states --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["x squared", "runge", "reciprocal"])
def test_rational_callable_with_a_rational_derivative_is_exact(name: str, engine: str) -> None:
    found, _ = reference_and_truth(name, engine)
    assert found.state is State.EXACT
    assert found.radius == 0.0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", ["exp", "log1p tiny", "composition"])
def test_radius_is_certified_and_far_below_the_double(name: str, engine: str) -> None:
    found, _ = reference_and_truth(name, engine)
    assert found.state is State.CERTIFIED
    assert 0 < found.radius <= abs(found.value) * 2.0**-100


@pytest.mark.parametrize("engine", ENGINES)
def test_zero_that_cannot_be_proved_is_unresolved_with_its_bound(engine: Any) -> None:
    # sin²x + cos²x has the derivative 0, which no precision proves.
    found = ExactFunction(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, None, engine).reference(dyadic(0.5))
    assert found.state is State.UNRESOLVED
    assert (found.value, math.copysign(1.0, found.value)) == (0.0, 1.0)
    assert found.radius > 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("exponent", [-1015, -1020, -1022])
def test_bound_of_an_unresolved_reference_covers_the_truth(engine: Any, exponent: int) -> None:
    """(1 − cos x)/x² loses 4·1020 bits in its closed form: f′ = −x/12 + … is not the 0 that is reported."""
    found = ExactFunction(cancelling, cancelling_prime, engine).reference((1, exponent))
    truth = -(Fraction(2) ** exponent) / 12 * (1 - Fraction(2) ** (2 * exponent) / 30)
    if found.state is State.UNRESOLVED:
        assert abs(truth - Fraction(found.value)) <= Fraction(found.radius)
    else:
        assert found.value == float(truth)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("f", "derivative", "x"),
    [
        (np.log, None, -1.0),
        (np.sqrt, None, -1.0),
        (np.log, lambda x: 1 / np.sqrt(x) ** 2, -1.0),
        (lambda x: 1 / x, lambda x: -1 / x**2, 0.0),
        (lambda x: x**1.5, None, 0.0),
    ],
    ids=["log", "sqrt", "closed form", "pole", "end of the domain"],
)
def test_derivative_without_a_value_is_out_of_domain(engine: Any, f: Any, derivative: Any, x: float) -> None:
    found = ExactFunction(f, derivative, engine).reference(dyadic(x))
    assert found.state is State.OUT_OF_DOMAIN
    assert math.isnan(found.value)


@pytest.mark.parametrize("engine", ENGINES)
def test_closed_form_gives_the_reference_where_the_series_has_none(engine: Any) -> None:
    with_form = ExactFunction(lambda x: x**4.5, lambda x: 4.5 * x**3.5, engine).reference((0, 0))
    assert (with_form.value, with_form.state) == (0.0, State.CERTIFIED)
    assert ExactFunction(lambda x: x**4.5, None, engine).reference((0, 0)).state is State.OUT_OF_DOMAIN


# --- the closed form ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("f", "wrong"),
    [
        (np.exp, np.cos),
        (np.exp, lambda x: np.exp(x) * (1 + 2.0**-50)),
        (lambda x: x * x, lambda x: 2 * x + 2.0**-200),
        (lambda x: 1 / x, lambda x: 1 / x**2),
        (lambda x: x**3, lambda x: 3 * np.exp(2 * np.log(x)) + 2.0**-60),
        (lambda x: 0.3 * np.sin(0.15 * x), lambda x: 0.045 * np.cos(0.15 * x)),  # 0.3·0.15 is not 0.045
    ],
    ids=["other function", "one part in 2**50", "rational", "sign", "rational f", "decimal constant"],
)
def test_closed_form_that_is_not_the_derivative_is_refused_with_its_x(engine: Any, f: Any, wrong: Any) -> None:
    with pytest.raises(ValueError, match=r"derivative must be f', got .* at x = 0\.625, .* proves"):
        ExactFunction(f, wrong, engine).reference(dyadic(0.625))


@pytest.mark.parametrize("engine", ENGINES)
def test_closed_form_that_is_wrong_at_one_point_is_refused_at_that_point(engine: Any) -> None:
    exact = ExactFunction(np.exp, lambda x: np.where(x > 1, 2 * np.exp(x), np.exp(x)), engine)
    assert exact.reference(dyadic(0.5)).value == math.exp(0.5)
    with pytest.raises(ValueError, match=r"at x = 1\.5"):
        exact.reference(dyadic(1.5))


def test_unknown_engine_is_refused() -> None:
    with pytest.raises(ValueError, match="engine must be 'mpmath' or 'arb', got 'float'"):
        ExactFunction(np.exp, None, "float")  # type: ignore[arg-type]


# --- one evaluation ------------------------------------------------------------------------------------


class Census:
    """A callable that counts every exact point it is asked for, by engine and precision."""

    def __init__(self, f: Callable) -> None:
        self.f, self.seen = f, Counter[Any]()

    def __call__(self, x: Any) -> Any:
        if not isinstance(x, np.ndarray) and x.engine.name in ("mpmath", "Arb"):
            # The engines of mpmath are one a precision; Arb has its precision in its context.
            self.seen.update((x.engine.name, id(x.engine), ctx.prec, str(item)) for item in x.items)
        return self.f(x)


@pytest.mark.parametrize("engine", ENGINES)
def test_one_abscissa_is_evaluated_once_whoever_asks(engine: Any) -> None:
    census = Census(np.exp)
    exact = ExactFunction(census, None, engine)
    points = [dyadic(x) for x in (0.5, 0.25, 0.5, 0.125)]
    exact.values(points, 256)
    exact.values(points[::-1], 256)
    exact.values([*points, dyadic(3.0)], 256)
    assert set(census.seen.values()) == {1}
    engines = 2 if engine == "mpmath" else 1  # Arb certifies beside mpmath
    assert len(census.seen) == 4 * engines


# --- text and rounding ---------------------------------------------------------------------------------


@settings(max_examples=200)
@given(
    st.fractions().filter(bool)
    | st.builds(lambda m, e: Fraction(m) * Fraction(10) ** e, st.integers(1, 10**35), st.integers(-400, 400))
    | st.builds(lambda e, d: Fraction(10) ** e * (1 - Fraction(d, 10**31)), st.integers(-40, 40), st.integers(0, 20))
)
def test_decimal_text_is_correctly_rounded(value: Fraction) -> None:
    context = decimal.Context(prec=30, Emax=10**6, Emin=-(10**6))
    expected = context.divide(decimal.Decimal(value.numerator), decimal.Decimal(value.denominator))
    assert decimal.Decimal(decimal_text(value)) == expected
    assert len(decimal_text(abs(value)).partition("e")[0]) == 31


@given(st.integers(0, 2**200), st.integers(1, 2**200))
def test_rounded_up_is_the_smallest_double_not_below(numerator: int, denominator: int) -> None:
    found, exact = double_above(numerator, denominator), Fraction(numerator, denominator)
    assert Fraction(found) >= exact
    assert found == 0 or Fraction(math.nextafter(found, 0)) < exact


def test_second_derivative_is_that_of_automatic_differentiation() -> None:
    for engine in ENGINES:
        found = ExactFunction(np.sin, np.cos, engine).reference(dyadic(0.5), order=2)  # type: ignore[arg-type]
        assert found.value == float(exact_of(-MP.sin(MP.mpf(0.5))))
        assert Fraction(found.text) != dyadic_to_fraction(dyadic(found.value))


# --- ties, rational functions, huge exponents -------------------------------------------------------------------


TIES = {
    "of 30 digits": (lambda x: np.exp(2 * np.log(x)), (2**31 - 1) / 2**32, "9.99999999534338712692260742188e-1"),
    "of doubles": (lambda x: x + 2.0**-53 * np.sqrt(x) ** 2, 0.5, "1.00000000000000011102230246252e+0"),
}


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
@pytest.mark.parametrize("name", TIES)
def test_a_derivative_that_is_a_tie_is_rounded_to_even_and_never_reads_zero(name: str, engine: Any) -> None:
    f, x, text = TIES[name]
    found = ExactFunction(f, engine=engine).reference(dyadic(x))
    assert found.text == text
    assert found.value == float(Fraction(text)) or found.value == 1.0
    assert found.radius == 5e-324


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
def test_a_part_that_is_a_tie_is_rounded_to_even(engine: Any) -> None:
    # f(1) − f(0) = 1 + 2**-53, a tie of doubles that no enclosure decides; f' is 0 there.
    ledger = error_ledger(
        lambda x: np.where(x > 0.5, np.exp(np.log(x + 2.0**-52) / 2) ** 2 / 2 + 0.5, 0 * x),
        0.0,
        1.0,
        FORWARD,
        engine=engine,
    )
    assert ledger.truncation[()] == 1.0
    assert ledger.state == State.UNRESOLVED


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
@pytest.mark.parametrize("f", [lambda x: x / 3, lambda x: x**2 - 3 * x, lambda x: 1 / (1 + 25 * x**2)])
def test_a_rational_function_needs_no_closed_form_to_be_exact(f: Any, engine: Any) -> None:
    ledger = error_ledger(f, 0.3, [0.1, 0.01], engine=engine)
    assert set(ledger.state) == {State.EXACT}


@pytest.mark.parametrize("engine", ["mpmath", "arb"])
@pytest.mark.parametrize("c", [1e6, 1e8, -3e6, -1e8])
def test_huge_exponents_end_in_a_state_and_not_in_huge_integers(c: float, engine: Any) -> None:
    ledger = error_ledger(lambda x: np.exp(c * x), 0.5, 0.1, engine=engine)
    if c > 0:
        assert ledger.state == State.OUT_OF_RANGE
    else:
        assert ledger.truncation[()] == 0
