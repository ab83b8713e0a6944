r"""How accurate SciPy's special functions are: one limit per format and function, and where it holds.

There is no limit in ulp of the value alone: the computed J₀ of the double next to its first zero is off by 10¹⁵ units
of a value that is nearly 0. A limit L says that for every argument x of the format with low ≤ x ≤ high

    |ŷ − f(x)| ≤ L·(ulp(f(x)) + ulp(x)·|f′(x)|) + c,

the second term being what one unit of the argument does to the value, and c a tiny part of the smallest normal number,
for results near 0 that pass through subnormal ones. Outside the interval, where SciPy flushes to 0 too early, overflows
too early or loses digits, there is no bound. Bessel's J end where the phase, which is off by units of x, is off by so
much that an extremum, where f′ = 0, shows it.

**Held against the worst that was found**, not proved: ``python -m tests.arithmetic.special_accuracy_search 20000``
repeats the search with SciPy 1.17 on x86-64. The largest errors found stand beside the limits, which are about three
times as large, because the search is random. In float32 most functions are computed in float64 and rounded once.

**Derived.** ``np.sinc`` is sin(y)/y with y = fl(πx), π rounded to the format (to a double in wider ones). Hence
y = πx′ with |x′ − x| ≤ β·ulp(x), β = |fl(π)/π − 1|/u + 1 plus terms of second order. sin has a limit L of its own,
which is at most 2uL of the quotient, and the quotient is rounded: 2L + 1 units of the value, β of the argument, with
the slope over all x ± β·ulp(x). At x = 0 the argument is replaced by another one, of which sin(y)/y is 1 to the same
accuracy; next to 0, where sin(y) is subnormal, there is no bound.

A function that is not listed for a format has no bound there: SciPy computes it in another format, so that the result
is refused for its dtype, or nobody has searched.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

from flint import arb

from numdiff.arithmetic.ball_functions import exact
from numdiff.arithmetic.balls import working
from numdiff.arithmetic.special_names import SPECIAL, SPECIAL_BINARY
from numdiff.floats.formats import FloatFormat, dyadic


@dataclass(frozen=True)
class SpecialLimit:
    """The limit of one function in one format.

    Attributes
    ----------
    units : float
        L.
    low, high : float
        The interval of arguments in which it holds.
    tiny : float
        c as a part of the smallest normal number.
    """

    units: float
    low: float = -math.inf
    high: float = math.inf
    tiny: float = 0.0


_TINY = 1e-11
"""c in units of the smallest normal number. J₁ of float64 needs 4·10⁻¹⁴."""


def _table(*rows: tuple[float, float, float, str]) -> Mapping[str, SpecialLimit]:
    keys = {"numpy_i0": "i0"}
    found: dict[str, SpecialLimit] = {}
    for units, low, high, names in rows:
        limit = SpecialLimit(units, low, high, _TINY)
        found |= {keys.get(name, f"special.{name}"): limit for name in names.split()}
    return MappingProxyType(found)


_ALL = math.inf

SPECIAL_LIMITS: Mapping[str, Mapping[str, SpecialLimit]] = MappingProxyType(
    {
        "float32": _table(
            (2, -_ALL, _ALL, "erf erfc i0e i1e log_ndtr ndtr psi"),  # 0.50
            (2, -1e10, 1e10, "j0 j1"),  # 0.50
            (2, -_ALL, 1, "ellipk"),  # 0.50
            (2, -9, _ALL, "erfcx"),  # 0.49
            (3, -1, 1, "erfinv"),  # 0.89
            (2, 0, _ALL, "entr exp1 k0 k1"),  # 0.50
            (2, -_ALL, 88, "expi"),  # 0.49
            (2, -30, 35, "gamma"),  # 0.49
            (2, -_ALL, 1e36, "gammaln"),  # 0.49
            (2, -30, _ALL, "rgamma zeta"),  # 0.50
            (2, -91, 91, "i0 i1"),  # 0.50
            (6, -87, _ALL, "expit"),  # 1.68
            (4, -_ALL, 87, "log_expit"),  # 1.04
            (3, 0, 1, "logit"),  # 0.70
            (12, -87, 87, "numpy_i0"),  # 3.9
        ),
        "float64": _table(
            (5, -_ALL, _ALL, "erf"),  # 1.49
            (8, -_ALL, 26, "erfc"),  # 2.57
            (24, -26, _ALL, "erfcx"),  # 7.54
            (4, -1, 1, "erfinv"),  # 1.04
            (5, -37, _ALL, "ndtr"),  # 1.66
            (6, -_ALL, 20, "log_ndtr"),  # 1.89
            (10, -170, 171, "gamma"),  # 3.40
            (30, -_ALL, 2.5e305, "gammaln"),  # 10.2
            (6, -170, 170, "rgamma"),  # 1.98
            (7, -_ALL, _ALL, "psi"),  # 2.31
            (6, -709, _ALL, "expit"),  # 1.77
            (4, -_ALL, 700, "log_expit"),  # 1.07
            (2, 0, 1, "logit"),  # 0.65
            (3, 0, _ALL, "entr"),  # 0.89
            (18, -700, 700, "expi"),  # 6.36
            (15, 0, 700, "exp1"),  # 5.09
            (
                10,
                -1e7,
                1e7,
                "j0 j1",
            ),  # 3.23 2.21, and 127 of J₁ at 7.5·10⁻³⁰⁸, which c allows for; 13 of J₁ at 7.8·10¹⁶
            (10, -709, 709, "i0 i1 numpy_i0"),  # 3.10 2.88 3.13
            (20, -_ALL, _ALL, "i0e i1e"),  # 5.51 6.58
            (18, 0, 700, "k0"),  # 5.63
            (6, 0, 700, "k1"),  # 1.92
            (5, -_ALL, 1, "ellipk"),  # 1.70
            (3, -_ALL, _ALL, "lambertw"),  # 0.85
            (10, 0, _ALL, "zeta"),  # 3.13; 44 at -0.3, 2·10⁵ at -10⁻²⁰
        ),
        "float80": _table(
            (5, -11000, _ALL, "expit"),  # 1.38
            (4, -_ALL, 11000, "log_expit"),  # 1.29
            (3, 0, 1, "logit"),  # 0.85
        ),
    }
)
"""By name of the format, then of the function."""

LOG1P_OF_XLOG1PY = Fraction(4)
"""Units of the value by which the logarithm inside ``xlog1py`` may be off in float32 and float64; 1.0 was found."""


def sinc_units(fmt: FloatFormat) -> Fraction:
    """Return β, the units of the argument by which y/π may be off in ``np.sinc``, y being the computed πx."""
    with working(256):
        rounded = exact(*(fmt.rounded(*math.pi.as_integer_ratio()) or dyadic(math.pi)))
        relative = abs(rounded / arb.pi() - 1) * exact(1, fmt.precision)
        units = int((relative * 16).ceil().abs_upper().ceil().unique_fmpz()) + 1
    return Fraction(units, 16) + Fraction(17, 16)


def with_limit(fmt: FloatFormat, *, rounded: bool) -> frozenset[str]:
    """Return the special functions that have a limit in a format; all of them if they are correctly rounded."""
    if rounded:
        return SPECIAL
    products = SPECIAL_BINARY if fmt.name in ("float32", "float64") else frozenset()
    return frozenset({"sinc", *SPECIAL_LIMITS.get(fmt.name, {}), *products})
