"""The search behind the limits of `numdiff.arithmetic.special_accuracy`: the largest error of SciPy's functions.

The unit is ulp(y) + ulp(x)|f′(x)|. The reference is Arb.

    python -m tests.arithmetic.special_accuracy_search 20000                    random arguments per function and format
    python -m tests.arithmetic.special_accuracy_search 20000 float64 special.j0    of one format and some functions

Random arguments with many seeds are the search ``special_accuracy`` of ``make campaign``.
"""

import math
import sys
from itertools import pairwise

import numpy as np
import scipy.special
from flint import arb

from numdiff.arithmetic import balls
from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.special_accuracy import _TINY, SPECIAL_LIMITS
from numdiff.arithmetic.special_balls import REAL_SPECIAL
from numdiff.arithmetic.special_names import NUMPY_SPECIAL, SPECIAL_BINARY
from numdiff.arithmetic.special_series import SLOPES_SPECIAL
from numdiff.floats.formats import FORMATS, FloatFormat
from tests.campaign.found import Found

POINTS = 100
"""Of one seed, for each function and format."""
HARD_SPOTS = (
    *(1.0, -1.0, 0.5, 2.0, 3.0, 8.0, 5.0, 10.0, 33.0, 34.0, 171.0, 88.0, 709.0, 26.0, 27.0, 38.0, 1e5, 0.25, 0.75),
    *(2.404825557695773, 5.520078110286311, 3.8317059702075125, 1.4616321449683622, 0.37250741078136663),
    *(-0.5040830082644554, -1.5734984731623904, -2.4570247382208006, -2.7476826467274127, -0.36787944117144233, -2.0),
    *(-20.0, -37.5, -14.0, -1.5, -2.5, -10.25, 0.9189385332046728, 6.0, 0.0039),
)
"""Zeros, ends of domains and of the range, and the places where an implementation changes its formula."""


def function_of(key):
    name = key.removeprefix("special.")
    if key in NUMPY_SPECIAL:
        return getattr(np, name)
    if name == "lambertw":
        return lambda x: np.real(scipy.special.lambertw(x))
    return getattr(scipy.special, name)


def arguments(fmt: FloatFormat, low: float, high: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return numbers of the format within [low, high]: of all binades, even ones, and close to the hard spots."""
    third, wide = size // 3 + 1, np.longdouble if fmt.precision >= 53 else np.float64
    sign = rng.choice([-1.0, 1.0], (2, third)).astype(wide)
    exponents = rng.integers(max(fmt.min_exponent, -1100), min(fmt.max_exponent, 1100), third).astype(np.int32)
    with np.errstate(all="ignore"):
        everywhere = sign[0] * np.ldexp(1 + rng.random(third).astype(wide), exponents)
        middle = sign[0] * np.exp2(rng.uniform(-6, 10, third).astype(wide))
        spots = rng.choice([s for s in HARD_SPOTS if low <= s <= high] or [(low + high) / 2], third).astype(wide)
        close = spots * (1 + sign[1] * np.exp2(-rng.uniform(1, fmt.precision, third).astype(wide)))
        spread = rng.uniform(max(low, -300.0), min(high, 300.0), third).astype(wide)
        values = np.concatenate([everywhere, middle, close, spread]).astype(fmt.dtype)
    values = values[np.isfinite(values) & (values >= low) & (values <= high)]
    return rng.permutation(values)[:size]


def errors(key: str, fmt: FloatFormat, x: np.ndarray) -> list[tuple[float, float]]:
    """Return (error in units, argument) for arguments; infinity where SciPy has no finite value and Arb has one."""
    f, found, largest = function_of(key), [], arb(float(np.finfo(np.float64).max))
    with np.errstate(all="ignore"):
        computed = f(x)
    assert computed.dtype == fmt.dtype, (key, computed.dtype)
    value_of, slope_of = REAL_SPECIAL[key], SLOPES_SPECIAL[key]
    tiny = arb(_TINY) * exact(1, fmt.min_exponent)
    if fmt.precision < 53:
        largest = arb(float(fmt.largest_finite))
    with balls.working(192):
        pairs = zip(fmt.lift_array(x), fmt.lift_array(computed), strict=True)
        for point, y in pairs:
            argument = exact(*point)
            value = value_of(argument)
            if not value.is_finite() or not abs(value) <= largest:
                continue
            if y is None:
                found.append((math.inf, float(argument)))
                continue
            unit, slope = _ulp(fmt, value), slope_of(argument)
            if slope.is_finite():
                unit += _ulp(fmt, argument) * abs(slope)
            error = abs(exact(*y) - value) - tiny
            found.append((max(0.0, float((error / unit).upper())), float(argument)))
    return found


def _ulp(fmt: FloatFormat, value):
    """Return the spacing of the format at the midpoint of a ball."""
    mantissa, exponent = value.mid().man_exp()
    lowest = fmt.min_exponent - fmt.precision + 1
    top = int(mantissa).bit_length() + int(exponent) - fmt.precision if mantissa else lowest
    return exact(1, max(top, lowest))


def worst(key: str, fmt: FloatFormat, low: float, high: float, size: int, seed: int = 1) -> tuple[float, float]:
    """Return the largest error in units within an interval, and where it is."""
    x = arguments(fmt, low, high, size, np.random.default_rng([seed, len(key)]))
    return max(errors(key, fmt, x), default=(0.0, math.nan))


def by_size(key: str, fmt: FloatFormat, size: int) -> str:
    """Return the largest errors by sign and size of the argument, as a line of text."""
    cuts = [0, 1e-300, 1e-30, 1e-3, 0.4, 1, 2, 5, 10, 20, 40, 100, 170, 700, 1e4, 1e6, 1e15, math.inf]
    x = arguments(fmt, -math.inf, math.inf, size, np.random.default_rng(3))
    found = errors(key, fmt, x)
    parts = []
    for sign in (-1, 1):
        for low, high in pairwise(cuts):
            here = [pair for pair in found if low <= sign * pair[1] < high]
            if here:
                parts.append(f"{sign * low:g}: {max(here)[0]:.3g}")
    return "  ".join(parts)


def search(seed: int) -> Found:
    """Compare all functions of one argument at a few random ones in all formats; a miss is an error above the limit."""
    cases, misses = 0, []
    for name, limits in SPECIAL_LIMITS.items():
        for key, limit in limits.items():
            if name in FORMATS and key not in SPECIAL_BINARY:
                found, where = worst(key, FORMATS[name], limit.low, limit.high, POINTS, seed)
                cases += POINTS
                if found > limit.units:
                    misses.append(f"{name} {key}: {found:.3f} units at {where!r}, limit {limit.units}")
    return Found(cases, misses)


def main(size: str, *names: str) -> None:
    """Print the worst errors that are found, and the limits."""
    chosen = [name for name in names if name in FORMATS] or list(SPECIAL_LIMITS)
    for name in chosen:
        fmt = FORMATS[name]
        for key, limit in SPECIAL_LIMITS[name].items():
            if key in SPECIAL_BINARY or (set(names) - set(FORMATS) and key not in names):
                continue
            units, where = worst(key, fmt, limit.low, limit.high, int(size))
            print(name, key, f"{units:.3f} at {where!r}", f"limit {limit.units}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
