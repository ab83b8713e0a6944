"""The model of the total error: its parts against what they stand for."""

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from numdiff.analysis import error_model as error_model_module
from numdiff.analysis import typical_noise
from numdiff.analysis.error_model import (
    NEIGHBOURHOOD,
    ROUNDING,
    ErrorModel,
    _rounded_sums,
    binade,
    error_model,
)
from numdiff.analysis.taylor import root
from numdiff.analysis.typical_noise import TYPICAL, KnownFunction
from numdiff.arithmetic import balls
from numdiff.arithmetic.rounded import rounded
from numdiff.arithmetic.running_error import evaluation_errors, scaled_evaluation_errors
from numdiff.floats.call import evaluate
from numdiff.floats.dyadic import dyadic, dyadic_to_fraction
from numdiff.floats.formats import FORMATS, FloatFormat
from numdiff.formulas.stencil import CENTERED, FORWARD, Stencil, centered, from_offsets
from numdiff.formulas.table import METHODS

F64 = FORMATS["float64"]


def model_of(f: Any, x: float, fmt: FloatFormat = F64, stencil: Any = CENTERED, **options: Any) -> ErrorModel:
    model = error_model(f, fmt.lift(fmt.as_array(x)), fmt, stencil, **options)
    assert model is not None
    return model


def test_root_mean_square_of_a_rounding_error_is_that_of_logarithmic_mantissas() -> None:
    assert pytest.approx(1 / math.sqrt(8 * math.log(2)), abs=5e-5) == ROUNDING
    # Of all numbers of 24 bits between 1 and 2 rounded to 11, weighted by 1/μ.
    exact = np.float32(1) + np.arange(0, 2**23, 7, dtype=np.float32) * np.float32(2.0**-23)
    error = (exact.astype(np.float16).astype(np.float64) - exact) / exact * 2**11
    weights = 1 / exact.astype(np.float64)
    assert math.sqrt((error**2 * weights).sum() / weights.sum()) == pytest.approx(ROUNDING, rel=0.01)


def test_neighbourhood_has_the_moments_of_its_range() -> None:
    """Chebyshev's nodes integrate polynomials up to degree 5: the mean of t² over ±1 is 1/3, that of t⁴ 1/5."""
    assert sum(NEIGHBOURHOOD) == 0
    assert float(sum(t**2 for t in NEIGHBOURHOOD) / 4) == pytest.approx(1 / 3, rel=1e-5)
    assert float(sum(t**4 for t in NEIGHBOURHOOD) / 4) == pytest.approx(1 / 5, rel=1e-5)


def test_neighbourhood_is_that_of_the_study_unless_something_is_in_the_way() -> None:
    def width(f: Any, x: float, **options: Any) -> float:
        points = model_of(f, x, **options).points
        return float(max(points) - min(points)) / 2 / 0.794654

    assert width(np.exp, 3.0) == pytest.approx(3 / 16)
    assert width(np.exp, 0.0) == pytest.approx(1 / 16)
    assert width(np.exp, 1.0, domain=(-math.inf, 1.0625)) == pytest.approx(1 / 128)
    # tan has a pole at π/2, and |x − 0.98| a kink: an eighth of the way there.
    assert width(np.tan, 1.5) == pytest.approx((math.pi / 2 - 1.5) / 8, rel=1e-3)
    assert width(lambda x: np.abs(x - 0.98) + x, 1.0) == pytest.approx(0.02 / 8, rel=1e-3)


@pytest.mark.parametrize("share, good", [(Fraction(1, 8), True), (Fraction(1, 2), False)])
def test_an_eighth_of_the_way_to_a_pole_changes_the_third_derivative_by_half(
    monkeypatch: pytest.MonkeyPatch, share: Fraction, good: bool
) -> None:
    monkeypatch.setattr(error_model_module, "_SHARE_OF_ROOM", share)
    model = model_of(lambda x: 1 / (x - 0.99), 1.0)
    third = model.at.derivative(3)
    mean = math.sqrt(sum(series.derivative(3) ** 2 for series in model.series) / 4)
    assert (0.5 < mean / abs(third) < 1.5) == good


# --- the typical evaluation error ------------------------------------------------------------------

RANGES = {
    (-3.0, 3.0): "arcsinh arctan cos cosh exp exp2 expm1 sin sinh tanh",
    (-0.9, 0.9): "arccos arcsin arctanh tan",
    (0.1, 10.0): "cbrt log log10 log2",
    (1.1, 4.0): "arccosh",
    (-0.5, 3.0): "log1p",
}
ELEMENTARY = [(name, low, high) for (low, high), names in RANGES.items() for name in names.split()]


def observed_over_model(f: Any, fmt: FloatFormat, low: float, high: float, number: int, arithmetic: Any) -> list[float]:
    """Return (f̂ − f)/σ at random numbers of a format, σ being the typical error that the model reckons with."""
    drawn = np.random.default_rng(1).uniform(low, high, number)
    points = np.array([fmt.round(Fraction(v)) for v in drawn.tolist()], dtype=fmt.dtype)
    exact = list(fmt.lift_array(points))
    bounds = [size * 2.0**exponent for size, exponent in scaled_evaluation_errors(f, exact, fmt, "rounded")]
    values = fmt.lift_array(evaluate(fmt, rounded(f) if arithmetic == "rounded" else f, points))
    truth = balls.values(f, exact, 256)
    errors = [float(dyadic_to_fraction(v) - t.midpoint) for v, t in zip(values, truth, strict=True)]  # type: ignore
    return [e / (KnownFunction(f).typical_share * bound) for e, bound in zip(errors, bounds, strict=True)]


def root_mean_square(values: Any) -> float:
    return float(np.sqrt(np.mean(np.square(values))))


@pytest.mark.parametrize("name", FORMATS)
def test_typical_error_of_correctly_rounded_functions_is_that_of_uniform_errors(name: str) -> None:
    """Of n independent uniform errors the mean square is known to a part of 2/√(5n), one deviation."""
    number = 40
    found = [
        observed_over_model(getattr(np, g), FORMATS[name], low, high, number, "rounded") for g, low, high in ELEMENTARY
    ]
    assert root_mean_square(found) ** 2 == pytest.approx(1, abs=4 * 2 / math.sqrt(5 * number * len(found)))


@pytest.mark.parametrize("name", FORMATS)
def test_typical_error_of_the_functions_of_the_platform_is_modelled_to_a_third(name: str) -> None:
    """Median over all functions of one argument; half or twice the share would be beyond."""
    found = [
        root_mean_square(observed_over_model(getattr(np, g), FORMATS[name], low, high, 100, "platform"))
        for g, low, high in ELEMENTARY
    ]
    assert 3 / 4 < np.median(found) < 3 / 2


@pytest.mark.parametrize("name", FORMATS)
def test_typical_error_of_random_compositions_is_a_third_to_all_of_the_modelled_one(name: str) -> None:
    """a·g₁(g₂(bx) + c) + d·g₃(x): nine roundings meet, and the bound adds what ought to be added as squares."""
    rng, found = np.random.default_rng(2), []
    for _ in range(25):
        outer, inner, beside = rng.choice(["arctan", "cos", "exp", "sin", "tanh"], 3).tolist()
        a, b, c, d = rng.uniform(0.2, 2, 4).tolist()

        def f(x: Any, outer=outer, inner=inner, beside=beside, a=a, b=b, c=c, d=d) -> Any:
            return a * getattr(np, outer)(getattr(np, inner)(b * x) + c) + d * getattr(np, beside)(x)

        found.append(root_mean_square(observed_over_model(f, FORMATS[name], 0.3, 1.7, 60, "platform")))
    assert 1 / 3 < np.median(found) < 3 / 4
    assert max(found) < 1


def test_share_is_1_where_every_operation_is_rounded_correctly() -> None:
    assert KnownFunction(lambda x: 1 / (x * x + 1)).typical_share == 1
    assert KnownFunction(np.exp).typical_share == TYPICAL == pytest.approx(1 / math.sqrt(3), rel=1e-15)


@pytest.mark.parametrize("f", [np.exp, rounded(np.exp)])
def test_noise_is_the_typical_share_of_the_bound_of_correctly_rounded_functions_nearby(f: Any) -> None:
    model = model_of(f, 0.5)
    bounds = evaluation_errors(rounded(np.exp), [dyadic(z) for z in model.points], F64)
    assert model.noise == pytest.approx(TYPICAL * math.hypot(*bounds) / 2, rel=1e-12)


def test_rounding_of_a_function_without_any_limit_has_no_bound() -> None:
    assert np.isinf(model_of(lambda x: np.logaddexp(x, 1.0), 0.5).noise)


def test_rounding_is_amplified_by_the_power_of_the_step() -> None:
    """Far below |x| and far above the floor of the combination, N ∝ 1/hᵐ."""
    steps = np.array([1e-9, 1e-8])
    for name, order in (("forward", 1), ("centered4", 1), ("second_centered", 2)):
        small, large = model_of(np.exp, 0.5, stencil=METHODS[name]).roundoff(steps)
        assert small / large == pytest.approx(10.0**order, rel=1e-6)


def test_floor_of_the_roundoff_is_that_of_the_quotient() -> None:
    """All that is left of a linear function at wide steps: two roundings relative to the slope, and the noise of f."""
    model = model_of(lambda x: 3.0 * x, 1.0, wide=20)
    least = math.sqrt(2) * ROUNDING * 2.0**-53 * 3
    floor = model.roundoff(np.array([2.0**20]))[0]
    assert least < floor < 4 * least


def test_abscissa_error_is_the_slope_times_the_spacing() -> None:
    """f = x is computed without error, so that what is amplified is the rounding of x + h and x − h."""
    model = model_of(lambda x: x * 1.0, 1.5)
    spacing, h = 2.0**-52, 4 / 3 * 2.0**-30
    expected = math.sqrt(2 * 0.25 * spacing**2 / 12) / h
    assert model.roundoff(np.array([h]))[0] == pytest.approx(expected, rel=1e-6)


def test_there_is_no_abscissa_error_where_the_format_holds_the_nodes() -> None:
    """f = x is then computed without any error but that of the quotient."""
    model = model_of(lambda x: x * 1.0, 1.5)
    exact, rounded_nodes = model.roundoff(np.array([2.0**-30, 2.0**-30 + 2.0**-53]))
    assert exact == pytest.approx(math.sqrt(2) * ROUNDING * 2.0**-53, rel=1e-6)
    assert rounded_nodes > 1e6 * exact


def test_sums_of_more_than_two_nodes_are_rounded() -> None:
    assert _rounded_sums(FORWARD) == _rounded_sums(CENTERED) == 0
    # centered4: (−f(x+2h) + f(x−2h) + 8f(x+h) − 8f(x−h))/12: products exact, partial sums 0 and 8/12.
    assert centered(4).numerators == (-1, 1, 8, -8)
    assert _rounded_sums(centered(4)) == pytest.approx((8 / 12) ** 2)


def test_total_is_the_root_of_the_sum_of_squares() -> None:
    model, steps = model_of(np.sin, 1.0), np.array([1e-8, 1e-5, 1e-2])
    assert model.total(steps) == pytest.approx(np.hypot(model.truncation(steps), model.roundoff(steps)), rel=2**-50)


def test_a_node_outside_of_the_domain_is_infinitely_wrong() -> None:
    steps = np.array([0.4, 0.6])
    given = model_of(np.exp, 1.0, domain=(0.5, math.inf))
    assert list(np.isfinite(given.total(steps))) == [True, False]
    assert np.isfinite(model_of(np.exp, 1.0, stencil=FORWARD, domain=(0.5, math.inf)).total(steps)).all()
    # The bound itself knows that log ends at 0: x − h is computed at 0.4 and 0.9 of x.
    found = model_of(lambda x: np.log(x) + 1e6, 1.0)
    assert list(np.isfinite(found.roundoff(np.array([0.5, 1.5])))) == [True, False]


def test_there_is_no_model_at_or_near_a_kink() -> None:
    for x in (0.0, 1.0):
        assert error_model(lambda x: np.abs(x - 1.0) * np.abs(x), Fraction(x), F64, CENTERED) is None


def test_noise_of_wide_nodes_is_that_at_the_nodes() -> None:
    """exp(16x) at 1 and h = ½: the upper node is e⁸ times as large, and so is its ulp, to a factor of 2."""
    model = model_of(lambda x: np.exp(16.0 * x), 1.0)
    near, wide = root(model._evaluation(np.array([2.0**-20, 0.5]))).values
    # Of the two nodes near x both count, and only the upper one of the wide ones.
    assert math.exp(8) / math.sqrt(2) / 2 < wide / near < math.exp(8) / math.sqrt(2) * 2


@pytest.mark.parametrize("k", [-900, -520, 520, 960])
@pytest.mark.parametrize("name", ["forward", "centered4", "second_centered"])
def test_all_parts_grow_with_the_function_by_any_power_of_two(name: str, k: int) -> None:
    """Squares of doubles under- and overflow from 2^±512 on."""
    steps, factor = np.array([2.0**-30, 2.0**-17, 2.0**-9, 2.0**-2]), 2.0**k
    plain = model_of(np.exp, 0.75, stencil=METHODS[name])
    scaled = model_of(lambda x: np.exp(x) * factor, 0.75, stencil=METHODS[name])
    assert scaled.noise == plain.noise * factor
    for part in ("truncation", "roundoff", "total"):
        assert np.array_equal(getattr(scaled, part)(steps), getattr(plain, part)(steps) * factor), part


@pytest.mark.parametrize("name", ["float16", "float64"])
def test_rungs_end_where_the_format_does(name: str) -> None:
    fmt = FORMATS[name]
    noise_steps = model_of(np.log, float(fmt.largest_finite) / 2, fmt).noise_steps
    assert noise_steps[-1] == float(fmt.largest_finite)
    assert (np.diff(noise_steps) > 0).all()


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(2, 3), Fraction(4, 3), 8, 7, Fraction(1, 2**5000)])
def test_binade_is_the_floor_of_the_logarithm(value: Any) -> None:
    exponent = binade(Fraction(value))
    assert Fraction(2) ** exponent <= value < Fraction(2) ** (exponent + 1)


def test_what_models_share_changes_no_bit_of_them() -> None:
    f = lambda x: np.exp(np.sin(x)) / (1 + x * x)
    known, steps = KnownFunction(f), np.ldexp(1.2357, np.arange(-40, 1))
    for fmt in (FORMATS["float32"], F64):
        for stencil in (FORWARD, CENTERED, centered(4)):
            for x in (Fraction(1, 2), Fraction(2)):
                shared, own = (error_model(item, x, fmt, stencil) for item in (known, f))
                assert shared is not None
                assert own is not None
                assert shared.total(steps).tobytes() == own.total(steps).tobytes()
                assert shared.noise == own.noise


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("stencil", [FORWARD, CENTERED, centered(4), from_offsets("third", (0, Fraction(1, 4), 3))])
def test_nodes_of_the_noise_are_rounded_once(name: str, stencil: Stencil) -> None:
    """Where the format adds them itself too, up to steps that overflow and steps that it does not hold."""
    fmt = FORMATS[name]
    rng = np.random.default_rng(fmt.precision)
    points = [Fraction(fmt.lift(fmt.round(Fraction(float(z))))) for z in rng.uniform(-4, 4, 6)]
    points.append(fmt.largest_finite)
    steps = [Fraction(m, 2) * Fraction(2) ** k for k in range(-fmt.precision, fmt.max_exponent + 1) for m in (2, 3)]
    steps = [*steps[:60], *steps[-6:], Fraction(1, 3), Fraction(0)]
    found = typical_noise._nodes(points, steps, stencil, fmt)
    exact = [z + c * h for h in steps for z in points for c in stencil.offsets]
    assert found == [fmt.rounded(*node.as_integer_ratio()) for node in exact]
    assert None in found
