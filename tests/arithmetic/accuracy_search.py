"""The search behind the limits of `numdiff.arithmetic.accuracy`: the largest error of NumPy's functions in ulp.

The reference of the narrow formats is NumPy's own function in a format of twice as many bits, whose error vanishes
beside theirs; that of float64 is float80 (2⁻¹¹ of a unit of float64 each), that of float80 is Arb.

    python -m tests.arithmetic.accuracy_search 1000000        random arguments per function and format
    python -m tests.arithmetic.accuracy_search float32        every argument of float32 (some 40 s a function)
    python -m tests.arithmetic.accuracy_search float32 exp    of some functions

Random arguments with many seeds are the search ``accuracy`` of ``make campaign``.
"""

import math
import sys

import ml_dtypes
import numpy as np

from numdiff.arithmetic import Ball, balls
from numdiff.arithmetic.accuracy import CORRECTLY_ROUNDED, EXACT, limits_of
from numdiff.arithmetic.numpy_functions import BINARY
from numdiff.floats.formats import FORMATS, FloatFormat, dyadic_to_fraction
from tests.campaign.found import Found

ELEMENTARY = tuple(sorted(limits_of(FORMATS["float64"]).keys() - EXACT - CORRECTLY_ROUNDED))
HARD_SPOTS = (1.0, -1.0, math.pi / 2, math.pi, -3 * math.pi / 2, 11 * math.pi, 88.0, -87.3, 709.0, -708.0, 1e5)
"""Ends of domains, zeros and extrema of the trigonometric functions, the ends of the range of exp."""
_CHUNK = 1 << 16
_SHIFT = np.uint64(52)
_EXPONENT_BITS = np.uint64(0x7FF << 52)
_LARGEST_FLOAT32 = float(np.finfo(np.float32).max)
_WIDER = {"float16": np.float64, "bfloat16": np.float64, "float32": np.float64, "float64": np.longdouble}


def all_patterns(fmt: FloatFormat) -> np.ndarray:
    """Return every finite number of a 16-bit format."""
    values = np.arange(1 << 8 * fmt.dtype.itemsize, dtype=f"u{fmt.dtype.itemsize}").view(fmt.dtype)
    with np.errstate(invalid="ignore"):
        return values[np.isfinite(values)]


def random_arguments(fmt: FloatFormat, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return arguments of all binades, of the middle ones, and close to the hard spots, a third each."""
    third = size // 3
    wide = np.longdouble if fmt.precision >= 53 else np.float64
    sign = rng.choice([-1.0, 1.0], third).astype(wide)
    exponents = rng.integers(fmt.min_exponent - fmt.precision + 1, fmt.max_exponent + 1, third).astype(np.int32)
    with np.errstate(all="ignore"):
        everywhere = sign * np.ldexp(1 + rng.random(third).astype(wide), exponents)
        middle = sign * np.exp2(rng.uniform(-12, 9, third).astype(wide))
        spots = rng.choice(HARD_SPOTS, third).astype(wide)
        close = spots * (1 + sign * np.exp2(-rng.uniform(1, fmt.precision, third).astype(wide)))
        values = np.concatenate([everywhere, middle, close]).astype(fmt.dtype)
    return values[np.isfinite(values)]


def worst(name: str, fmt: FloatFormat, *arguments: np.ndarray) -> float:
    """Return the largest |ŷ − y|/ulp(|y|) of a function over arguments; 0 where it has no value anywhere.

    Where the exact value is beyond the largest number of the format, there is nothing to compare.
    """
    function = getattr(np, name)
    with np.errstate(all="ignore"):
        computed = function(*arguments)
        assert computed.dtype == fmt.dtype
        if fmt.precision > 53:
            return _worst_by_arb(name, fmt, computed, arguments)
        wide = _WIDER.get(fmt.name, np.float64)
        exact = function(*(argument.astype(wide) for argument in arguments))
        unit = np.ldexp(wide(1), np.maximum(np.frexp(exact)[1], fmt.min_exponent + 1) - fmt.precision)
        units = np.abs(computed.astype(wide) - exact) / unit
        valid = np.isfinite(exact) & (np.abs(exact) <= wide(float(fmt.largest_finite)))
    return float(units[valid].max(initial=0.0))


def _worst_by_arb(name: str, fmt: FloatFormat, computed: np.ndarray, arguments: tuple[np.ndarray, ...]) -> float:
    function = getattr(np, name)
    lifted = [fmt.lift_array(argument) for argument in arguments]
    if len(arguments) == 1:
        proven = balls.values(function, lifted[0], 128)
    else:  # the second argument as a constant, a number at a time
        seconds = arguments[1]
        proven = [
            balls.values(lambda x, y=y: function(x, y), [x], 128)[0] for x, y in zip(lifted[0], seconds, strict=True)
        ]
    largest = 0.0
    for value, y in zip(proven, fmt.lift_array(computed), strict=True):
        if not isinstance(value, Ball) or y is None or abs(value.exp) > 1 << 16:
            continue  # outside the domain or far beyond the largest number
        if abs(value.midpoint) <= fmt.largest_finite:
            error = abs(dyadic_to_fraction(y) - value.midpoint) / fmt.spacing(value.midpoint)
            largest = max(largest, float(error))
    return largest


def pairs(name: str, fmt: FloatFormat, size: int, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return random arguments for a function of one or two."""
    x = random_arguments(fmt, size, rng)
    if name not in BINARY:
        return (x,)
    y = rng.permutation(random_arguments(fmt, size, rng))
    n = min(len(x), len(y))
    if name == "power":
        x = np.abs(x)
    return x[:n], y[:n]


Worst = dict[int, tuple[float, float]]
"""By the exponent of the binade of the exact value: the largest error in ulp, and the argument."""


def worst_of_float32(name: str, exponent: int, sign: int) -> Worst:
    """Return the largest errors of a function over one binade of float32, at all its 2²³ numbers.

    The reference is the function in float64, whose own error is below 4·2⁻²⁹ units of float32.

    Parameters
    ----------
    name : str
    exponent : int
        The biased exponent, 0 (zero and the subnormal numbers) to 254.
    sign : {0, 1}
        1 for the negative numbers.
    """
    function, largest = getattr(np, name), Worst()
    places = np.arange(_CHUNK, dtype=np.uint32)
    for start in range(0, 1 << 23, _CHUNK):
        x = (places + np.uint32(sign << 31 | exponent << 23 | start)).view(np.float32)
        with np.errstate(all="ignore"):
            computed, exact = function(x), function(x.astype(np.float64))
            assert computed.dtype == np.float32
            binades = exact.view(np.uint64) & _EXPONENT_BITS
            units = np.abs(computed - exact) / np.maximum(binades.view(np.float64) * 2.0**-23, 2.0**-149)
        units[np.isnan(units)] = math.inf  # no value, although the exact one is finite
        units[~(np.abs(exact) <= _LARGEST_FLOAT32)] = 0.0
        for binade in range(int(binades.min() >> _SHIFT), int(binades.max() >> _SHIFT) + 1):
            here = units if binades.min() == binades.max() else np.where(binades >> _SHIFT == binade, units, 0.0)
            place = int(here.argmax())
            largest[binade - 1023] = max(largest.get(binade - 1023, (0.0, 0.0)), (float(here[place]), float(x[place])))
    return largest


def exhaustive_float32(name: str) -> None:
    """Print the largest error over all finite numbers of float32, and that of every binade of the value above 1 ulp."""
    found = Worst()
    for exponent in range(255):
        for sign in (0, 1):
            for binade, worst_here in worst_of_float32(name, exponent, sign).items():
                found[binade] = max(found.get(binade, (0.0, 0.0)), worst_here)
    units, where = max(found.values())
    print(f"float32 {name} {units:.4f} at {where!r}", flush=True)
    for binade, (units, where) in sorted(found.items()):
        if units > 1:
            print(f"    2**{binade} <= |value|: {units:.4f} at {where!r}", flush=True)


def search(seed: int) -> Found:
    """Compare all functions at random arguments in all formats; a miss is an error above the limit."""
    rng, cases, misses = np.random.default_rng(seed), 0, []
    for fmt in FORMATS.values():
        for name in ELEMENTARY:
            size = 6000 if fmt.precision <= 53 else 30 if name in BINARY else 150
            arguments = pairs(name, fmt, size, rng)
            cases += len(arguments[0])
            if (found := worst(name, fmt, *arguments)) > (limit := limits_of(fmt)[name]):
                misses.append(f"{fmt.name} {name}: {found:.4f} ulp, limit {float(limit):.4f}")
    return Found(cases, misses)


def main(what: str, *names: str) -> None:
    """Print the worst errors that are found."""
    if what == "float32":
        for name in names or [name for name in ELEMENTARY if name not in BINARY]:
            exhaustive_float32(name)
        return
    rng = np.random.default_rng(2026)
    for fmt in FORMATS.values():
        for name in ELEMENTARY:
            size = min(int(what), 60_000) if fmt.precision > 53 else int(what)
            if fmt.precision > 53 and name in BINARY:
                size = min(size, 6_000)
            found = worst(name, fmt, *pairs(name, fmt, size, rng))
            if fmt.dtype.itemsize == 2 and name not in BINARY:
                found = max(found, worst(name, fmt, all_patterns(fmt)))
            print(fmt.name, name, f"{found:.4f}", f"limit {float(limits_of(fmt)[name]):.4f}", flush=True)


if __name__ == "__main__":
    assert ml_dtypes.bfloat16
    main(*sys.argv[1:])
