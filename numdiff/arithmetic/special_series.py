"""SciPy's special functions on power series of balls, by their Taylor coefficients over whole balls.

The coefficients cₖ = f⁽ᵏ⁾(x)/k! come from FLINT's power series or, where it has none, from closed forms that do not
cancel:

- erfcx: f′ = 2x f - 2/√π, hence (k + 1)cₖ₊₁ = 2(x cₖ + cₖ₋₁) for k > 0; far to the right, where that cancels too much,
  cₖ = (-1)ᵏ U((k + 1)/2, ½, x²)/√π (DLMF 7.18.4 and 7.18.10). Over a ball the values at its ends are enough:
  erfcx(x) = (2/√π) ∫ exp(-t² - 2xt) dt over t > 0 (7.4.2 of Abramowitz and Stegun with a = 1, b = x, c = 0), so that
  (-1)ᵏf⁽ᵏ⁾(x) = (2/√π) ∫ (2t)ᵏ exp(-t² - 2xt) dt is positive and falls;
- Bessel functions: J⁽ᵏ⁾ₙ = 2⁻ᵏ Σ (-1)ⁱ C(k, i) Jₙ₋ₖ₊₂ᵢ (DLMF 10.6.7), I⁽ᵏ⁾ₙ without and K⁽ᵏ⁾ₙ with all signs (-1)ᵏ
  (DLMF 10.29.5), with J₋ₙ = (-1)ⁿJₙ, I₋ₙ = Iₙ, K₋ₙ = Kₙ (DLMF 10.4.1, 10.27.1, 10.27.3);
- the elliptic integral K(m) = ½π F(½, ½; 1; m): cₖ = ½π ((½)ₖ/k!)² F(k + ½, k + ½; k + 1; m) (DLMF 19.5.1, 15.5.2);
- erf⁻¹: the series of erf at erf⁻¹(x), reverted;
- sin(πx)/(πx) around 0: ₀F₁(; 3/2; w), w = -(πx/2)² (DLMF 10.16.9 at ν = ½), with the derivatives
  ₀F₁(; b + k; w)/(b)ₖ.

References
----------
NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov, the equations above.
M. Abramowitz and I. A. Stegun, Handbook of Mathematical Functions, Dover (1965): 7.1.13, 7.2.5, 7.2.9 (erfc and its
iterated integrals), 7.4.2, 9.1.31 and 9.6.29 (derivatives of Bessel functions), 15.2.2 and 17.3.9.
F. Johansson, Computing hypergeometric functions rigorously, ACM Trans. Math. Softw. 45 (2019) 30.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

from flint import arb, arb_series, ctx

from numdiff.arithmetic.series import Constant
from numdiff.arithmetic.special_balls import (
    FAR,
    NOWHERE,
    REAL_SPECIAL,
    ZETA_FAR_RIGHT,
    bessel_j,
    bessel_k_at,
    by_root2,
    is_positive,
    monotone,
    of_size,
)

Real = Any
Series = Any


@contextmanager
def _length(n: int) -> Iterator[None]:
    """Let FLINT's power series have n coefficients."""
    saved, ctx.cap = ctx.cap, n
    try:
        yield
    finally:
        ctx.cap = saved


def _coefficients(series: Series, n: int) -> list[Real]:
    return [series[k] for k in range(n)]


def _argument(x: Real) -> Series:
    return arb_series([x, 1])


_FAR = 32
"""From 2 to this power on few terms of the asymptotic series of U have all digits; the recurrence needs many bits."""

Coefficients = Callable[[Real, int], list[Real]]


def _from_series(function: Callable[[Series], Series]) -> Coefficients:
    """Return the coefficients that FLINT's power series have."""

    def found(x: Real, n: int) -> list[Real]:
        with _length(n):
            return _coefficients(function(_argument(x)), n)

    return found


def _erfcx_coefficients(x: Real, n: int) -> list[Real]:
    if x.is_exact():
        return _erfcx_at(x, n)
    return [low.union(high) for low, high in zip(_erfcx_at(x.lower(), n), _erfcx_at(x.upper(), n), strict=True)]


def _erfcx_at(x: Real, n: int) -> list[Real]:
    """Return the coefficients at a point: by the recurrence, with more bits, except far to the right.

    For x > 1 a step of it makes relative errors larger by less than 10x². It adds 2x|cₖ| and 2|cₖ₋₁|, whose difference
    is (k + 1)|cₖ₊₁|: the factor is 4x|cₖ|/((k + 1)|cₖ₊₁|) + 1 = 2xMₖ/Mₖ₊₁ + 1 with the moments Mₖ = ∫ tᵏ exp(-t² - 2xt)
    dt. Mₖ/Mₖ₊₁ falls with k (Cauchy and Schwarz), and M₀/M₁ <= πx + 1: M₁ = ½ - xM₀ by parts, and
    M₀ <= 1/(x + √(x² + 4/π)) by 7.1.13 of Abramowitz and Stegun.
    """
    if not x > 1:
        return _erfcx_by_recurrence(x, n)
    mantissa, exponent = x.man_exp()
    size = int(mantissa).bit_length() + int(exponent)  # x < 2**size
    if size > _FAR:
        root, square, half = arb.const_sqrt_pi(), x * x, arb(0.5)
        return [(-1) ** k * square.hypgeom_u(arb(k + 1) / 2, half) / root for k in range(n)]
    precision = ctx.prec
    ctx.prec = precision + n * (2 * size + 4)
    try:
        found = _erfcx_by_recurrence(x, n)
    finally:
        ctx.prec = precision
    return [+c for c in found]


def _erfcx_by_recurrence(x: Real, n: int) -> list[Real]:
    found = [(x * x).exp() * x.erfc()]
    for k in range(n - 1):
        total = 2 * x * found[k] + (2 * found[k - 1] if k else -2 / arb.const_sqrt_pi())
        found.append(total / (k + 1))
    return found


def _erfinv_coefficients(x: Real, n: int) -> list[Real]:
    y = REAL_SPECIAL["special.erfinv"](x)
    if n == 1 or not y.is_finite():
        return [y, *[NOWHERE] * (n - 1)]
    with _length(n):
        grown = _argument(y).erf()
        tail = arb_series([arb(0), *_coefficients(grown, n)[1:]])
        return [y, *_coefficients(tail.reversion(), n)[1:]]


def _ndtr_coefficients(x: Real, n: int) -> list[Real]:
    with _length(n):
        return _coefficients(arb_series([-by_root2(x), -1 / arb(2).sqrt()]).erfc() / 2, n)


def _log_ndtr_coefficients(x: Real, n: int) -> list[Real]:
    """Differentiate log Φ(x) = log(erfcx(-x/√2)/2) - x²/2 left of 0, log Φ itself elsewhere."""
    if not x < 0:
        values = _ndtr_coefficients(x, n)
        with _length(n):
            return _coefficients(arb_series(values).log(), n)
    step = -1 / arb(2).sqrt()
    scaled = [c * step**k for k, c in enumerate(_erfcx_coefficients(x * step, n))]
    with _length(n):
        grown = arb_series(scaled).log()
        return _coefficients(grown - _argument(x) * _argument(x) / 2, n)


def _psi_coefficients(x: Real, n: int) -> list[Real]:
    """Differentiate log Γ for x > 0, and -log(1/Γ) elsewhere."""
    with _length(n + 1):
        if x > 0:
            slope = _argument(x).lgamma().derivative()
        else:
            reciprocal = _argument(x).rgamma()
            slope = -reciprocal.derivative() / reciprocal
        return _coefficients(slope, n)


def _log_gamma_coefficients(x: Real, n: int) -> list[Real]:
    slopes = _psi_coefficients(x, n - 1) if n > 1 else []
    return [REAL_SPECIAL["special.gammaln"](x), *(c / (k + 1) for k, c in enumerate(slopes))]


def _exp1_coefficients(x: Real, n: int) -> list[Real]:
    """E₁′ = -exp(-x)/x (DLMF 6.2.1)."""
    if not x > 0:
        return [NOWHERE] * n
    with _length(n):
        slope = -(-_argument(x)).exp() / _argument(x)
        return [REAL_SPECIAL["special.exp1"](x), *_coefficients(slope.integral(), n)[1:]]


_zeta_at = _from_series(arb_series.zeta)


def _zeta_coefficients(x: Real, n: int) -> list[Real]:
    """Return those at both ends of a ball right of 1: (-1)ᵏ Σ (log m)ᵏ/(k! mˣ) falls in size with x (DLMF 25.2.6).

    Over a wide ball the power series of FLINT have no finite bounds, so that what asks for them goes on halving it; on
    one that reaches far to the left they do not end.
    """
    if x.contains(1) or not x > -FAR:
        return [NOWHERE] * n
    if x > FAR:
        return [1 + ZETA_FAR_RIGHT, *[ZETA_FAR_RIGHT] * (n - 1)]
    if x.is_exact() or not x > 1:
        return _zeta_at(x, n)
    ends = zip(_zeta_at(x.lower(), n), _zeta_at(x.upper(), n), strict=True)
    return [low.union(high) for low, high in ends]


def _bessel_coefficients(known: Sequence[Real], order: int, sign: int) -> list[Real]:
    """Return the first coefficients from Σ signⁱ C(k, i) B(order - k + 2i)/(2ᵏk!) with B(-m) = signᵐ B(m).

    `known` holds B(0), B(1), …: the last one is met in the last coefficient.
    """
    found = []
    for k in range(len(known) - order):
        orders = [order - k + 2 * i for i in range(k + 1)]
        terms = [sign ** (i + max(-m, 0)) * math.comb(k, i) * known[abs(m)] for i, m in enumerate(orders)]
        found.append(sum(terms, arb(0)) / (math.factorial(k) << k))
    return found


def _j_coefficients(order: int) -> Coefficients:
    return lambda x, n: _bessel_coefficients([bessel_j(m)(x) for m in range(order + n)], order, -1)


def _value_of_i(x: Real, m: int) -> Real:
    shape = monotone if m % 2 else of_size
    return shape(lambda t: t.bessel_i(m))(x)


def _i_coefficients(order: int) -> Coefficients:
    return lambda x, n: _bessel_coefficients([_value_of_i(x, m) for m in range(order + n)], order, 1)


def _k_coefficients(order: int) -> Coefficients:
    def found(x: Real, n: int) -> list[Real]:
        if not x > 0:
            return [NOWHERE] * n
        known = bessel_k_at(x.lower(), order + n)
        if not x.is_exact():
            known = [low.union(high) for low, high in zip(known, bessel_k_at(x.upper(), order + n), strict=True)]
        return [(-1) ** k * c for k, c in enumerate(_bessel_coefficients(known[: order + n], order, 1))]

    return found


def _scaled_i_coefficients(order: int) -> Coefficients:
    """exp(-|x|)·I: there is a kink at 0."""

    def found(x: Real, n: int) -> list[Real]:
        if not (x > 0 or x < 0):
            return [NOWHERE] * n
        grown = _i_coefficients(order)(x, n)
        with _length(n):
            shrunk = (-_argument(x)).exp() if x > 0 else _argument(x).exp()
            value = REAL_SPECIAL[f"special.i{order}e"](x)
            return [value, *_coefficients(arb_series(grown) * shrunk, n)[1:]]

    return found


def _ellipk_coefficients(m: Real, n: int) -> list[Real]:
    if not m < 1:
        return [NOWHERE] * n
    found, factor = [REAL_SPECIAL["special.ellipk"](m)], arb(1)
    for k in range(1, n):
        factor = factor * arb(2 * k - 1) / (2 * k)
        middle = arb(2 * k + 1) / 2
        found.append(arb.pi() / 2 * factor * factor * m.hypgeom_2f1(middle, middle, k + 1))
    return found


def _sinc_coefficients(x: Real, n: int) -> list[Real]:
    with _length(n):
        s = _argument(x)
        if x > 0.25 or x < -0.25:
            return _coefficients(s.sin_pi() / (arb.pi() * s), n)
        square = -(arb.pi() * arb.pi()) / 4 * s * s
        w, factor, outer = square[0], arb(1), []
        for k in range(n):
            outer.append(w.hypgeom_0f1(arb(3) / 2 + k) / factor)
            factor = factor * (arb(3) / 2 + k) * (k + 1)
        return _coefficients(composed(outer, square), n)


def composed(outer: list[Real], inner: Series) -> Series:
    """Return Σ outerₖ (inner - inner₀)ᵏ: a function with those coefficients at inner₀, applied to a series."""
    changes = inner.coeffs()[1:]
    if all(c.is_zero() for c in changes):  # FLINT refuses to compose with 0
        return arb_series(outer[:1])
    return arb_series(outer)(arb_series([arb(0), *changes]))


def _inside(condition: Callable[[Real], bool], coefficients: Coefficients) -> Coefficients:
    return lambda x, n: coefficients(x, n) if condition(x) else [NOWHERE] * n


def _expit_series(s: Series) -> Series:
    if s[0] > 0:
        return 1 / (1 + (-s).exp())
    grown = s.exp()
    return grown / (1 + grown)


def _log_expit_series(s: Series) -> Series:
    return -(1 + (-s).exp()).log() if s[0] > 0 else s - (1 + s.exp()).log()


COEFFICIENTS: Mapping[str, Coefficients] = MappingProxyType(
    {
        "special.erf": _from_series(arb_series.erf),
        "special.erfc": _from_series(arb_series.erfc),
        "special.erfcx": _erfcx_coefficients,
        "special.erfinv": _erfinv_coefficients,
        "special.ndtr": _ndtr_coefficients,
        "special.log_ndtr": _log_ndtr_coefficients,
        "special.gamma": _from_series(arb_series.gamma),
        "special.gammaln": _log_gamma_coefficients,
        "special.rgamma": _from_series(arb_series.rgamma),
        "special.psi": _psi_coefficients,
        "special.expit": _from_series(_expit_series),
        "special.logit": _from_series(lambda s: s.log() - (1 - s).log()),
        "special.log_expit": _from_series(_log_expit_series),
        "special.entr": _inside(is_positive, _from_series(lambda s: -s * s.log())),
        "special.expi": _inside(lambda x: x > 0 or x < 0, _from_series(arb_series.ei)),
        "special.exp1": _exp1_coefficients,
        "special.j0": _j_coefficients(0),
        "special.j1": _j_coefficients(1),
        "special.i0": _i_coefficients(0),
        "special.i1": _i_coefficients(1),
        "special.i0e": _scaled_i_coefficients(0),
        "special.i1e": _scaled_i_coefficients(1),
        "special.k0": _k_coefficients(0),
        "special.k1": _k_coefficients(1),
        "special.ellipk": _ellipk_coefficients,
        "special.lambertw": _from_series(arb_series.lambertw),
        "special.zeta": _zeta_coefficients,
        "sinc": _sinc_coefficients,
        "i0": _i_coefficients(0),
    }
)
"""(x, n) → the first n Taylor coefficients of a function of one argument at every point of a ball."""


def _applied(name: str) -> Callable[[Series], Series]:
    coefficients, value = COEFFICIENTS[name], REAL_SPECIAL[name]

    def function(series: Series) -> Series:
        outer = coefficients(series[0], max(1, series.prec))
        return composed([value(series[0]), *outer[1:]], series)

    return function


def _product_series(name: str, logarithm: Callable[[Series], Series]) -> Callable[[Series, Series], Series]:
    def function(x: Series, y: Series) -> Series:
        if type(x) is Constant and x[0].is_zero():
            return x
        product = x * logarithm(y)
        return arb_series([REAL_SPECIAL[name](x[0], y[0]), *product.coeffs()[1:]])

    return function


SERIES_SPECIAL: Mapping[str, Callable[..., Series]] = MappingProxyType(
    {name: _applied(name) for name in COEFFICIENTS}
    | {
        "special.xlogy": _product_series("special.xlogy", arb_series.log),
        "special.xlog1py": _product_series("special.xlog1py", lambda s: (1 + s).log()),
    }
)
"""The special functions on power series of balls."""


def _slope(coefficients: Coefficients) -> Callable[[Real], Real]:
    return lambda x: coefficients(x, 2)[1]


SLOPES_SPECIAL: Mapping[str, Callable[[Real], Real]] = MappingProxyType(
    {name: _slope(coefficients) for name, coefficients in COEFFICIENTS.items()}
)
"""g′ by name, for the mean value theorem."""
