"""SciPy's special functions on Arb balls.

A monotone function is enclosed by its values at both ends of a ball. Bessel's J are bounded by their value at the
midpoint and |J| <= 1, |J'| <= 1. A function that has no value on some part of a ball gives NaN.

References
----------
NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov: 13.6.8 (erfc by U), 5.5.3, 10.14.1 and 10.6.1
(bounds of J and of its derivative), 19.8.5 (K by the arithmetic-geometric mean).
M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, Dover (1965): 7.1.2, 6.1.17, 9.1.60, 17.6.3.
F. Johansson, Computing hypergeometric functions rigorously, ACM Trans. Math. Softw. 45 (2019) 30.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from flint import arb, ctx

Real = Any

NOWHERE: Real = arb("nan")


# --- values ---------------------------------------------------------------------------------------------


def monotone(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    """Return a monotone function on balls, from the values at both ends."""

    def enclosed(x: Real) -> Real:
        if x.is_exact():
            return function(x)
        return function(x.lower()).union(function(x.upper()))

    return enclosed


def of_size(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    """Return an even function that is monotone in |x|."""

    def enclosed(x: Real) -> Real:
        if x.is_exact():
            return function(abs(x))
        return function(x.abs_lower()).union(function(x.abs_upper()))

    return enclosed


def _where(condition: Callable[[Real], bool], function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    """Return a function that has values only where all of a ball meets a condition."""
    return lambda x: function(x) if condition(x) else NOWHERE


def is_positive(x: Real) -> bool:
    """Say whether all of a ball is."""
    return bool(x > 0)


def _erfcx(x: Real) -> Real:
    square = x * x
    if x > 1:
        half = arb(0.5)
        return square.hypgeom_u(half, half) / arb.const_sqrt_pi()
    return square.exp() * x.erfc()


def by_root2(x: Real) -> Real:
    """Return x/√2."""
    return x / arb(2).sqrt()


_erfc = monotone(arb.erfc)


def _ndtr(x: Real) -> Real:
    return _erfc(-by_root2(x)) / 2


def _log_ndtr(x: Real) -> Real:
    if x > 0:
        return (-_erfc(by_root2(x)) / 2).log1p()
    return (_erfcx(-by_root2(x)) / 2).log() - x * x / 2


def _log_gamma(x: Real) -> Real:
    """Return log|Γ(x)|; for x < 0 by Γ(x)Γ(1 - x) = π/sin πx (DLMF 5.5.3)."""
    if x > 0:
        return x.lgamma()
    if not x < 0:
        return NOWHERE
    return (arb.pi() / abs(x.sin_pi())).log() - (1 - x).lgamma()


def _logit(x: Real) -> Real:
    return -(1 / x - 1).log()


def _log_expit(x: Real) -> Real:
    return -(-x).exp().log1p() if x > 0 else x - x.exp().log1p()


def _entropy(x: Real) -> Real:
    return x if x.is_zero() else -x * x.log()


def _product_with(logarithm: Callable[[Real], Real]) -> Callable[[Real, Real], Real]:
    return lambda x, y: x if x.is_zero() else x * logarithm(y)


_MANY_BITS = 1 << 11
"""With as many or more, Arb's E₁ takes a second and more for arguments from 0.17 to 0.34 times the precision."""


def _exp1(x: Real) -> Real:
    """Return E₁ at a point; where Arb's is slow, as -Ei(-x) (DLMF 6.2.6).

    The terms of Ei's series grow to exp(x), and their sum is about exp(-x): 2x/ln 2 < 3x bits more make up for it.
    """
    precision = ctx.prec
    if precision < _MANY_BITS or not precision / 8 < x < precision / 2:
        return x.expint(1)
    ctx.prec = precision + 3 * precision // 2
    try:
        found = -(-x).ei()
    finally:
        ctx.prec = precision
    return +found


def bessel_j(order: int) -> Callable[[Real], Real]:
    """Return J of an order, not negative."""
    unit = arb(0, 1)

    def enclosed(x: Real) -> Real:
        if x.is_exact():
            return x.bessel_j(order)
        return (x.mid().bessel_j(order) + x.rad() * unit).intersection(unit)

    return enclosed


def bessel_k(order: int) -> Callable[[Real], Real]:
    """Return K of an order, which falls for x > 0."""
    return _where(is_positive, monotone(lambda x: bessel_k_at(x, order)[order]))


def bessel_k_at(x: Real, order: int) -> list[Real]:
    """Return K₀ … Kₙ at a point, by Kₙ₊₁ = Kₙ₋₁ + (2n/x) Kₙ (DLMF 10.29.1), which adds positive numbers.

    K₁ is (1/x - I₁K₀)/I₀ (DLMF 10.28.2), where I₁K₀ is below half of 1/x.
    """
    found = [_bessel_k0(x)]
    if order:
        found.append((1 / x - x.bessel_i(1) * found[0]) / x.bessel_i(0))
    for n in range(1, order):
        found.append(found[n - 1] + 2 * n * found[n] / x)
    return found


def _bessel_k0(x: Real) -> Real:
    """Return K₀ at a point: FLINT's, which loses 2x/ln 2 bits; far from 0 √π exp(-x) U(½, 1, 2x) (DLMF 10.39.6)."""
    precision = ctx.prec
    if not 3 * x < precision:
        return arb.const_sqrt_pi() * (-x).exp() * (2 * x).hypgeom_u(arb(0.5), 1)
    ctx.prec = precision + int(3 * float(x)) + 8
    try:
        return x.bessel_k(0)
    finally:
        ctx.prec = precision


def _zeta(x: Real) -> Real:
    """Return ζ, which falls for x > 1: over a wide ball Arb's has no bounds."""
    if x > FAR:
        return 1 + ZETA_FAR_RIGHT
    return monotone(arb.zeta)(x) if x > 1 else arb.zeta(x)


def _ellipk(m: Real) -> Real:
    return arb.pi() / (2 * arb(1).agm((1 - m).sqrt()))


FAR = 1 << 16
"""Where |ζ(-x)| and ζ(x) - 1 have long left every format, unless they are 0; beyond, ζ takes up to hours."""
ZETA_FAR_RIGHT: Real = arb(0, 1) * arb(2) ** (2 - FAR)
"""Holds ζ(x) - 1 and all its Taylor coefficients beyond: (log m)ᵏ/k! <= m, and Σ m¹⁻ˣ < 4/2ˣ over m >= 2."""


def _is_below_one(m: Real) -> bool:
    return bool(m < 1)


def _is_inside_units(x: Real) -> bool:
    return bool(abs(x) < 1)


REAL_SPECIAL: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {
        "special.erf": arb.erf,
        "special.erfc": arb.erfc,
        "special.erfcx": monotone(_erfcx),
        "special.erfinv": _where(_is_inside_units, monotone(arb.erfinv)),
        "special.ndtr": _ndtr,
        "special.log_ndtr": monotone(_log_ndtr),
        "special.gamma": arb.gamma,
        "special.gammaln": _log_gamma,
        "special.rgamma": arb.rgamma,
        "special.psi": arb.digamma,
        "special.expit": lambda x: 1 / (1 + (-x).exp()),
        "special.logit": _logit,
        "special.log_expit": monotone(_log_expit),
        "special.xlogy": _product_with(arb.log),
        "special.xlog1py": _product_with(arb.log1p),
        "special.entr": _entropy,
        "special.expi": arb.ei,
        "special.exp1": _where(is_positive, monotone(_exp1)),
        "special.j0": bessel_j(0),
        "special.j1": bessel_j(1),
        "special.i0": of_size(lambda x: x.bessel_i(0)),
        "special.i1": monotone(lambda x: x.bessel_i(1)),
        "special.i0e": of_size(lambda x: x.bessel_i(0, scaled=True)),
        "special.i1e": lambda x: x.bessel_i(1) * (-abs(x)).exp(),
        "special.k0": bessel_k(0),
        "special.k1": bessel_k(1),
        "special.ellipk": _where(_is_below_one, monotone(_ellipk)),
        "special.lambertw": monotone(arb.lambertw),
        "special.zeta": _where(lambda x: bool(x > -FAR), _zeta),
        "sinc": arb.sinc_pi,
        "i0": of_size(lambda x: x.bessel_i(0)),
    }
)
"""The special functions on balls."""
