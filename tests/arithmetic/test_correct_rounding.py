"""Every elementary function gives the number of the format that is nearest to the exact value."""

import math
import random
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import gmpy2
import ml_dtypes
import mpmath
import numpy as np
import pytest
from flint import ctx

from numdiff.arithmetic import correct_rounding
from numdiff.arithmetic.correct_rounding import FUNCTIONS, correctly_rounded
from numdiff.arithmetic.dispatch import EXACT_LOCK
from numdiff.floats.formats import FORMATS, FloatFormat, Limits, dyadic
from numdiff.floats.views import WeakScalarArray
from numdiff.style import Style

BINARY = ("power", "arctan2", "hypot", "logaddexp", "logaddexp2")
UNARY = tuple(sorted(FUNCTIONS.difference(BINARY)))
SAMPLES = 24
_BITS = 400
_SLACK = Fraction(1, 1 << 300)
"""Relative error of mpmath at 400 bits, with 100 bits in hand."""

_context = mpmath.mp.clone()
_context.prec = _BITS

MPMATH: dict[str, Callable[..., Any]] = {
    "arccos": _context.acos,
    "arccosh": _context.acosh,
    "arcsin": _context.asin,
    "arcsinh": _context.asinh,
    "arctan": _context.atan,
    "arctanh": _context.atanh,
    "cos": _context.cos,
    "cosh": _context.cosh,
    "exp": _context.exp,
    "expm1": _context.expm1,
    "log": _context.log,
    "log1p": _context.log1p,
    "sin": _context.sin,
    "sinh": _context.sinh,
    "tan": _context.tan,
    "tanh": _context.tanh,
    "arctan2": _context.atan2,
    "hypot": _context.hypot,
    "cbrt": lambda x: _context.sign(x) * _context.cbrt(abs(x)),
    "exp2": lambda x: _context.power(2, x),
    "log2": lambda x: _context.log(x) / _context.log(2),
    "log10": lambda x: _context.log(x) / _context.log(10),
    "deg2rad": lambda x: x * _context.pi / 180,
    "rad2deg": lambda x: x * 180 / _context.pi,
    "power": _context.power,
    "logaddexp": lambda a, b: _context.log(_context.exp(a) + _context.exp(b)),
    "logaddexp2": lambda a, b: _context.log(_context.power(2, a) + _context.power(2, b)) / _context.log(2),
}
"""The functions again, in an arithmetic that shares nothing with Arb, and with MPFR no more than the integers."""


FLOAT8 = [
    FloatFormat(
        name,
        np.dtype(getattr(ml_dtypes, name)),
        precision=precision,
        min_exponent=lowest,
        max_exponent=highest,
        reserved=int(not has_infinity),
        has_infinity=has_infinity,
        complex_dtype=None,
        weak_scalars=True,
        rounded_once_from=(),
        limits=Limits(through="float32"),
        style=Style("#8c564b", "<", ":"),
    )
    for name, precision, lowest, highest, has_infinity in (
        ("float8_e5m2", 3, -14, 15, True),
        ("float8_e4m3fn", 4, -6, 8, False),
    )
]


def rounded_value(name: str, fmt: FloatFormat, *arguments: Any) -> Any:
    """Return one value, through the door of the arrays."""
    return correctly_rounded(name, fmt, [fmt.as_array(a).reshape(1) for a in arguments])[0]


def lifted(mpf: Any) -> Fraction:
    sign, mantissa, exponent, _ = mpf._mpf_
    value = Fraction(mantissa) * Fraction(2) ** exponent
    return -value if sign else value


def nearest(name: str, fmt: FloatFormat, arguments: tuple[Any, ...]) -> Any:
    """Return the correctly rounded value by mpmath: the same for all numbers that its error allows."""
    exact = lifted(MPMATH[name](*(_context.mpf(dyadic(fmt.lift(a))) for a in arguments)))
    low, high = (fmt.round(exact * (1 + sign * _SLACK)) for sign in (-1, 1))
    assert low == high, "this argument needs more bits in the test"
    return low


def arguments_of(name: str, fmt: FloatFormat, seed: int) -> list[tuple[Any, ...]]:
    """Return random arguments in the domain: ordinary ones, and ones of any binade of the format."""
    random_ = random.Random(f"{name} {fmt.name} {seed}")

    def number(widest: int) -> Any:
        exponent = random_.randint(max(-widest, fmt.min_exponent - fmt.precision + 1), min(widest, fmt.max_exponent))
        significand = Fraction(random_.getrandbits(fmt.precision) | 1 << (fmt.precision - 1), 1 << (fmt.precision - 1))
        sign = random_.choice((-1, 1))
        return fmt.round(sign * significand * Fraction(2) ** exponent)

    found: list[tuple[Any, ...]] = []
    while len(found) < SAMPLES:
        # mpmath would write out exp(1e300); beyond 2**16 the limits have their own test.
        wide = 15 if name in ("exp", "exp2", "expm1", "sinh", "cosh", "tanh", "logaddexp", "logaddexp2") else 1 << 15
        widest = 3 if len(found) % 2 else wide
        numbers = tuple(number(widest) for _ in range(2 if name in BINARY else 1))
        if name == "power":
            numbers = abs(numbers[0]), number(3)
        if in_domain(name, numbers[0]) and all(np.isfinite(n) and n != 0 for n in numbers):
            found.append(numbers)
    return found


def in_domain(name: str, x: Any) -> bool:
    if name in ("arcsin", "arccos", "arctanh"):
        return bool(abs(x) < 1)
    if name in ("log", "log2", "log10"):
        return bool(x > 0)
    return bool(x > 1) if name == "arccosh" else bool(x > -1) if name == "log1p" else True


def same(left: Any, right: Any) -> bool:
    return bool(left == right and np.signbit(left) == np.signbit(right)) or bool(left != left and right != right)


# --- against mpmath -------------------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_random_arguments_give_the_nearest_number(name: str, fmt: FloatFormat) -> None:
    cases = arguments_of(name, fmt, 1)
    columns = [np.array(column, dtype=fmt.dtype) for column in zip(*cases, strict=True)]
    for numbers, found in zip(cases, correctly_rounded(name, fmt, columns), strict=True):
        assert same(found, nearest(name, fmt, numbers)), numbers


@pytest.mark.parametrize("name", ["exp", "cbrt", "tanh", "log2"])
def test_every_float16_argument_gives_the_nearest_number(name: str) -> None:
    # The slow path is left to the arguments that a double, which errs by less than 8 ulps, does not settle.
    fmt = FORMATS["float16"]
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[np.isfinite(x) & (x > 0 if name == "log2" else x != 0)]
    with np.errstate(all="ignore"):
        double = getattr(np, name)(x.astype(np.float64))
        low, high = ((double * (1 + sign * 2.0**-50)).astype(np.float16) for sign in (-1, 1))
    undecided = np.flatnonzero(low != high)
    assert len(undecided) < 100
    for i in undecided:
        low[i] = nearest(name, fmt, (x[i],))
    np.testing.assert_array_equal(correctly_rounded(name, fmt, [x]), low)


# --- ties, and what is almost one ------------------------------------------------------------------------


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_values_next_to_a_tie_go_to_the_right_side(fmt: FloatFormat) -> None:
    u, one = fmt.unit_roundoff, Fraction(1)
    above = fmt.round(one + fmt.machine_epsilon)
    assert rounded_value("exp", fmt, u) == above  # 1 + u + u²/2: the even neighbour would be 1
    assert rounded_value("exp", fmt, -u / 2) == 1  # 1 - u/2 + u²/8
    assert rounded_value("exp", fmt, -3 * u / 2) == fmt.round(one - u)  # 1 - 3u/2 + 9u²/8: even is 1 - 2u
    assert rounded_value("power", fmt, above, 0.5) == 1  # 1 + u - u²/2
    assert rounded_value("power", fmt, above, 2.5) == fmt.round(one + 6 * u)  # 1 + 5u + 15u²/2: even is 1 + 4u


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_arctan2_below_a_tie_of_subnormal_numbers_is_rounded_down(name: str) -> None:
    # y/x is 3/2 of the smallest number and the angle is less than that by the factor 1 - (y/x)²/3.
    fmt = FORMATS[name]
    tiny = fmt.smallest_subnormal
    assert rounded_value("arctan2", fmt, 3 * tiny, 2) == fmt.round(tiny)
    assert rounded_value("arctan2", fmt, -3 * tiny, 2) == fmt.round(-tiny)


@pytest.mark.parametrize("name", ["deg2rad", "logaddexp", "logaddexp2"])
def test_precision_rises_until_a_value_is_decided(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fmt = FORMATS["float64"]
    flat = sample(name, fmt, 300)
    expected = correct_rounding._slowly(name, fmt, flat)
    monkeypatch.setattr(correct_rounding, "GUARD", 1)
    np.testing.assert_array_equal(correct_rounding._slowly(name, fmt, flat), expected)
    monkeypatch.setattr(correct_rounding, "LAST_PRECISION", fmt.precision + 1)
    with pytest.raises(ArithmeticError, match=rf"np\.{name} at .* is a tie that is not known to be one"):
        correct_rounding._slowly(name, fmt, flat)


@pytest.mark.parametrize(
    "name, format_name, arguments, exact",
    [
        ("power", "float16", (625, 1.25), 3125),  # 5**5, from the fourth root of 5**4: half-way to the neighbours
        ("power", "float16", (45, 2), 2025),
        ("power", "float16", (53, 2), 2809),
        ("power", "float16", (-15, 3), -3375),
        ("power", "float16", (2, -25), Fraction(1, 1 << 25)),  # half of the smallest number
        ("power", "float16", (9, -0.5), Fraction(1, 3)),
        ("power", "float64", (2, -1075), Fraction(1, 1 << 1075)),
        ("power", "float64", (9, 17), 9**17),
        ("power", "float64", (7**4, 4.75), 7**19),
        ("power", "float32", (257**2, 1.5), 257**3),
        ("power", "float64", (2**-0.5, 2.0**60), 0),
        ("exp2", "float16", (-25,), Fraction(1, 1 << 25)),
        ("exp2", "float64", (-1075,), Fraction(1, 1 << 1075)),
        ("exp2", "float64", (-1074,), Fraction(1, 1 << 1074)),
        ("exp2", "float32", (-150,), Fraction(1, 1 << 150)),
        ("hypot", "float16", (1420, 1491), 2059),  # 71·(20, 21, 29)
        ("hypot", "float64", (3, -4), 5),
        ("logaddexp2", "float16", (1 + 2.0**-10, 1 + 2.0**-10), 2 + Fraction(1, 1 << 10)),
        ("logaddexp2", "float64", (-1, -1), 0),
        ("cbrt", "float64", (-27,), -3),
        ("log2", "float64", (2.0**-1074,), -1074),
        ("log10", "float64", (1e22,), 22),
        ("log10", "float32", (1e10,), 10),
    ],
)
def test_exact_values_and_ties_are_rounded_to_even(
    name: str, format_name: str, arguments: tuple[float, ...], exact: Any
) -> None:
    fmt = FORMATS[format_name]
    assert rounded_value(name, fmt, *arguments) == fmt.round(Fraction(exact))


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_powers_of_two_are_exact_down_to_the_smallest_and_overflow_after_the_largest(fmt: FloatFormat) -> None:
    last = fmt.min_exponent - fmt.precision + 1
    for n in (last, last + 1, fmt.min_exponent, -1, 0, 1):
        assert rounded_value("exp2", fmt, n) == fmt.round(Fraction(2) ** n) != 0
        assert rounded_value("power", fmt, 2, n) == rounded_value("exp2", fmt, n)
    largest = [fmt.max_exponent, fmt.max_exponent + 1]
    values = [rounded_value("exp2", fmt, n) for n in largest]
    assert values == [fmt.round(Fraction(2) ** fmt.max_exponent), np.inf]


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_overflow_and_underflow_are_those_of_ieee(fmt: FloatFormat) -> None:
    largest = fmt.round(fmt.largest_finite)
    for name, value in (("exp", np.inf), ("exp2", np.inf), ("expm1", np.inf), ("sinh", np.inf), ("cosh", np.inf)):
        assert rounded_value(name, fmt, fmt.largest_finite) == value
    assert same(rounded_value("exp", fmt, -fmt.largest_finite), fmt.dtype.type(0))
    assert rounded_value("expm1", fmt, -fmt.largest_finite) == -1
    assert rounded_value("tanh", fmt, -fmt.largest_finite) == -1
    assert rounded_value("hypot", fmt, fmt.largest_finite, fmt.largest_finite) == np.inf
    assert rounded_value("hypot", fmt, fmt.largest_finite, fmt.smallest_subnormal) == largest
    assert rounded_value("power", fmt, -fmt.largest_finite, 3) == -np.inf
    assert same(rounded_value("power", fmt, -fmt.largest_finite, -3), fmt.dtype.type(-0.0))
    assert rounded_value("power", fmt, fmt.largest_finite, fmt.largest_finite) == np.inf
    assert rounded_value("rad2deg", fmt, fmt.largest_finite) == np.inf
    assert same(rounded_value("deg2rad", fmt, -fmt.smallest_subnormal), fmt.dtype.type(-0.0))
    assert rounded_value("logaddexp", fmt, fmt.largest_finite, -fmt.largest_finite) == largest


# --- zeros, infinities, NaN -------------------------------------------------------------------------------

SPECIALS = (math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 0.5, -0.5)


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_special_arguments_give_what_numpy_gives_in_double(name: str, fmt: FloatFormat) -> None:
    pairs = [(x, y) for x in SPECIALS for y in SPECIALS] if name in BINARY else [(x,) for x in SPECIALS]
    columns = [np.array(column) for column in zip(*pairs, strict=True)]
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(*columns)
        rounded_once = np.array([fmt.as_array(v)[()] for v in expected], dtype=fmt.dtype)
    found = correctly_rounded(name, fmt, [fmt.as_array(column) for column in columns])
    for arguments, value, double in zip(pairs, found, rounded_once, strict=True):
        if not np.isfinite(double) or double == 0 or abs(double) == 1:
            assert same(value, double), (arguments, value, double)
        else:  # an ordinary number: NumPy's double may be an ulp or two off
            assert abs(float(value) / float(double) - 1) <= max(float(fmt.machine_epsilon), 2.0**-50), arguments


@pytest.mark.parametrize("fmt", FORMATS.values(), ids=lambda fmt: fmt.name)
def test_multiples_of_pi_are_rounded_once(fmt: FloatFormat) -> None:
    quarter = lifted(_context.pi / 4)
    angles = [
        ("arctan", (math.inf,), 2),
        ("arctan", (-math.inf,), -2),
        ("arctan2", (math.inf, math.inf), 1),
        ("arctan2", (-math.inf, -math.inf), -3),
        ("arctan2", (1, -math.inf), 4),
        ("arctan2", (-0.0, -0.0), -4),
        ("arctan2", (5, 0), 2),
        ("arccos", (-1,), 4),
        ("arctan2", (0.0, -3), 4),
    ]
    for name, arguments, quarters in angles:
        assert rounded_value(name, fmt, *arguments) == fmt.round(quarters * quarter), (name, arguments)


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
@pytest.mark.parametrize("row", FLOAT8, ids=lambda row: row.name)
def test_formats_of_8_bits_give_the_nearest_number_to_all_arguments(name: str, row: FloatFormat) -> None:
    """Subnormal numbers, overflow and zeros with signs at every turn; double precision settles most."""
    with FORMATS.holding(row):
        every = np.arange(256, dtype=np.uint8).view(row.dtype)
        every = every[np.isfinite(every)]
        columns = [np.ravel(c) for c in np.meshgrid(every[::5], every[::7])] if name in BINARY else [every]
        found = correctly_rounded(name, row, columns)
        with np.errstate(all="ignore"):
            double = getattr(np, name)(*(column.astype(np.float64) for column in columns))
            low, high = (row.as_array(double * (1 + sign * 2.0**-45)) for sign in (-1, 1))
        is_decided = (low == high) | np.isnan(low) & np.isnan(high)
        assert is_decided.mean() > 0.9  # the rest is next to ties, as log2(2⁹)
        is_same = (found == low) & (np.signbit(found) == np.signbit(low)) | np.isnan(found) & np.isnan(low)
        assert is_same[is_decided].all()


# --- the quick path ----------------------------------------------------------------------------------------


def sample(name: str, fmt: FloatFormat, count: int) -> list[np.ndarray]:
    """Return arguments of a function, with both signs where it has them, over many binades."""
    rng = np.random.default_rng(11)
    x = np.ldexp(rng.uniform(1, 2, count), rng.integers(-20, 6, count)) * rng.choice([-1, 1], count)
    if name in ("arcsin", "arccos", "arctanh"):
        x = rng.uniform(-1, 1, count)
    elif name in ("log", "log2", "log10", "log1p", "power", "arccosh"):
        x = np.abs(x) + (name == "arccosh")
    return [fmt.as_array(v) for v in (x, *[rng.normal(0, 2, count)] * (name in BINARY))]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
@pytest.mark.parametrize("fmt", FORMATS.values(), ids=FORMATS)
def test_what_is_decided_quickly_is_what_the_slow_path_gives(name: str, fmt: FloatFormat) -> None:
    flat = sample(name, fmt, 300)
    quick, is_decided = correct_rounding._quickly(name, fmt, flat)
    slow = correct_rounding._slowly(name, fmt, flat)
    np.testing.assert_array_equal(quick[is_decided], slow[is_decided])
    if correct_rounding._wider(fmt.name) is None or name.startswith("logaddexp"):
        assert not is_decided.any()
    else:
        assert is_decided.mean() > 0.4  # the rest overflows, is subnormal or 0


@pytest.mark.parametrize("fmt", [f for f in FORMATS.values() if f.precision <= 24], ids=lambda fmt: fmt.name)
@pytest.mark.parametrize("share", [-1.0, -0.5, 0.5, 1.0])
def test_functions_that_are_off_by_the_margin_change_no_value(
    fmt: FloatFormat, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    flat = sample("exp", fmt, 2000)
    slow, honest = correct_rounding._slowly("exp", fmt, flat), np.exp
    off = share * correct_rounding._MARGINS["float64"]
    monkeypatch.setattr(np, "exp", lambda x: honest(x) + off * np.spacing(honest(x)))
    quick, is_decided = correct_rounding._quickly("exp", fmt, flat)
    np.testing.assert_array_equal(quick[is_decided], slow[is_decided])


def test_functions_that_are_off_by_more_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    fmt, honest = FORMATS["float32"], np.exp
    flat = sample("exp", fmt, 2000)
    monkeypatch.setattr(np, "exp", lambda x: honest(x) * (1 + 2.0**-24))
    quick, is_decided = correct_rounding._quickly("exp", fmt, flat)
    assert (quick != correct_rounding._slowly("exp", fmt, flat))[is_decided].any()


@pytest.mark.parametrize("name", ["bfloat16", "float32"])
def test_views_of_a_working_format_are_taken_like_plain_arrays(name: str) -> None:
    fmt = FORMATS[name]
    x = fmt.as_array(np.linspace(0.1, 2, 12)).reshape(3, 4)
    plain = correctly_rounded("tanh", fmt, [x])
    found = correctly_rounded("tanh", fmt, [x.view(WeakScalarArray)])
    assert type(found) is np.ndarray
    np.testing.assert_array_equal(found, plain)


def test_ties_are_left_to_the_slow_path() -> None:
    assert (4097**2).bit_length() == 25  # and odd: half-way between two numbers of float32
    operands = [np.array([4097, 4097], np.float32), np.array([2, 1.5], np.float32)]
    _, is_decided = correct_rounding._quickly("power", FORMATS["float32"], operands)
    assert is_decided.tolist() == [False, True]


@pytest.mark.parametrize("name", ["float16", "bfloat16", "float32", "float64"])
def test_ends_of_a_format_are_left_to_the_slow_path(name: str) -> None:
    fmt = FORMATS[name]
    ends = [fmt.smallest_normal, fmt.smallest_subnormal, fmt.largest_finite]
    x = np.array([fmt.round(v)[()] for v in ends] + [fmt.dtype.type(v) for v in (0.0, np.inf, np.nan)], fmt.dtype)
    assert not correct_rounding._quickly("arctan", fmt, [x[:2]])[1].any()
    assert not correct_rounding._quickly("sinh", fmt, [x[2:]])[1].any()


def test_threads_in_several_formats_get_the_same_values() -> None:
    x = np.linspace(0.1, 5, 200)
    work = [(name, fmt) for name in ("exp", "cos") for fmt in FORMATS.values()]
    alone = [correctly_rounded(name, fmt, [fmt.as_array(x)]) for name, fmt in work]
    found: dict[int, np.ndarray] = {}

    def run(i: int) -> None:
        name, fmt = work[i]
        found[i] = correctly_rounded(name, fmt, [fmt.as_array(x)])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(work))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i, expected in enumerate(alone):
        np.testing.assert_array_equal(found[i], expected)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_no_context_and_no_precision_of_others_is_touched(name: str) -> None:
    before = gmpy2.get_context().copy(), ctx.prec, mpmath.mp.prec
    for fmt in FORMATS.values():
        correct_rounding._slowly(name, fmt, sample(name, fmt, 5))
    assert (repr(gmpy2.get_context()), ctx.prec, mpmath.mp.prec) == (repr(before[0]), *before[1:])


def test_enclosures_hold_the_lock_of_the_exact_engines_and_restore_the_precision() -> None:
    x = np.linspace(0.1, 5, 100)
    work = [("logaddexp", FORMATS["float16"]), ("logaddexp2", FORMATS["float64"]), ("deg2rad", FORMATS["float32"])]

    def values(name: str, fmt: FloatFormat) -> np.ndarray:
        column = fmt.as_array(x)
        return correct_rounding._slowly(name, fmt, [column, column[::-1]] if name in BINARY else [column])

    alone = [values(*item) for item in work]
    before, found = ctx.prec, {}

    def run(i: int) -> None:
        found[i] = values(*work[i])

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(work))]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with EXACT_LOCK:
            for thread in threads:
                thread.start()
            threads[0].join(0.05)
            assert not found
            assert ctx.prec == before
        for thread in threads:
            thread.join(60)
    finally:
        sys.setswitchinterval(interval)
    for i, expected in enumerate(alone):
        np.testing.assert_array_equal(found[i], expected)
    assert ctx.prec == before
