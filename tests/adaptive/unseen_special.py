"""The unseen set: special functions of SciPy, and series, fractions and quadrature that are written out."""

import math

import numpy as np
import scipy.special as special

from tests.adaptive.unseen_function import CONTEXT as C
from tests.adaptive.unseen_function import Unseen, formula, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["SPECIAL"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_DOUBLE = ("float64",)
_THREE = ("float64", "float80", "float32")
_ALL = (*_THREE, "float16")


def _beta_slope(x):
    return x ** C.mpf(1.5) * (1 - x) ** 9 / C.beta(C.mpf(2.5), 10)


def _elliptic_slope(x):
    return (C.ellipe(x) - (1 - x) * C.ellipk(x)) / (2 * x * (1 - x))


def _dawson(x):
    return C.sqrt(C.pi) / 2 * C.exp(-x * x) * C.erfi(x)


def _spence(x):
    return C.re(C.polylog(2, 1 - x))


_COEFFICIENTS = [c / (1.0 + 0.25 * k * k) for k, c in enumerate(dyadic_draws(12, 26))]


def _clenshaw(x, m):
    """A series of 26 Chebyshev polynomials."""
    b1, b2 = x * 0.0, x * 0.0
    for c in reversed(_COEFFICIENTS[1:]):
        b1, b2 = 2.0 * x * b1 - b2 + c, b1
    return x * b1 - b2 + _COEFFICIENTS[0]


def _mills_fraction(x, m):
    """Mills' ratio by 48 terms of its continued fraction, from the end."""
    tail = x + 0.0
    for k in range(48, 0, -1):
        tail = x + float(k) / tail
    return 1.0 / tail


def _legendre(x, m):
    """P₂₄(x) by its recursion."""
    before, now = x * 0.0 + 1.0, x + 0.0
    for k in range(1, 24):
        before, now = now, ((2.0 * k + 1.0) * x * now - k * before) / (k + 1.0)
    return now


def _logistic_map(x, m):
    """Seven steps of the logistic map with r = 3.75."""
    for _ in range(7):
        x = 3.75 * x * (1.0 - x)
    return x


_LAGUERRE = list(zip(*(part.tolist() for part in np.polynomial.laguerre.laggauss(16)), strict=True))
_LEGENDRE = list(zip(*(part.tolist() for part in np.polynomial.legendre.leggauss(20)), strict=True))
_SINES = [math.sin(2.0 * math.pi * k / 48.0) for k in range(48)]


def _gauss_laguerre(x, m):
    """∫ e⁻ᵗ/(1 + x·t) dt by 16 nodes."""
    return summed(w / (1.0 + x * t) for t, w in _LAGUERRE)


def _debye_heat(x, m):
    """Debye's heat capacity in units of 3R at the temperature x in K; Θ = 428 K, 20 nodes."""
    y = 428.0 / x

    def term(t):
        s = 0.5 * y * (t + 1.0)
        return s * s / (4.0 * m.sinh(0.5 * s) * m.sinh(0.5 * s)) * s * s

    return 3.0 / (y * y) * 0.5 * summed(w * term(t) for t, w in _LEGENDRE) / y


def _bessel_trapezoid(x, m):
    """J₀(x) plus aliases by the trapezoidal rule with 48 nodes."""
    return summed(m.cos(x * s) for s in _SINES) / 48.0


def scipy_function(name, f, twin, derivative, source, domain, span, **more):
    """Return a function of SciPy with its twin and derivative."""
    return Unseen(name, source, f, derivative, lambda x: twin(C.mpf(x)), domain, span, formats=_DOUBLE, **more)


SPECIAL: tuple[Unseen, ...] = (
    scipy_function(
        "airy_ai",
        lambda x: special.airy(x)[0],
        C.airyai,
        lambda x: C.airyai(x, derivative=1),
        "DLMF 9.2; Cephes",
        _LINE,
        (-12.0, 5.0),
        yardstick_points=16,
    ),
    scipy_function(
        "digamma",
        special.psi,
        C.digamma,
        lambda x: C.polygamma(1, x),
        "DLMF 5.2; Cephes, near the pole at 0",
        _POSITIVE,
        (1e-4, 20.0),
        is_log=True,
        kind="pole",
    ),
    scipy_function(
        "riemann_zeta",
        special.zeta,
        C.zeta,
        lambda x: C.zeta(x, derivative=1),
        "DLMF 25.2; near the pole at 1",
        (1.0, math.inf),
        (1e-5, 20.0),
        is_log=True,
        offset=1.0,
        yardstick_points=16,
        kind="pole",
    ),
    scipy_function(
        "elliptic_k",
        special.ellipk,
        C.ellipk,
        _elliptic_slope,
        "DLMF 19.4.1; near the end at 1",
        (0.0, 1.0),
        (1e-9, 0.9),
        is_log=True,
        offset=1.0,
        sign=-1.0,
        kind="pole",
    ),
    scipy_function(
        "dawson",
        special.dawsn,
        _dawson,
        lambda x: 1 - 2 * x * _dawson(x),
        "DLMF 7.2.5",
        _LINE,
        (0.02, 12.0),
    ),
    scipy_function(
        "fresnel_s",
        lambda x: special.fresnel(x)[0],
        C.fresnels,
        lambda x: C.sin(C.pi * x * x / 2),
        "DLMF 7.2.8",
        _LINE,
        (0.05, 9.0),
    ),
    scipy_function(
        "spence",
        special.spence,
        _spence,
        lambda x: C.log(x) / (1 - x),
        "DLMF 25.12; Cephes",
        _POSITIVE,
        (1e-3, 0.95),
        is_log=True,
    ),
    scipy_function(
        "incomplete_beta",
        lambda x: special.betainc(2.5, 10.0, x),
        lambda x: C.betainc(C.mpf(2.5), 10, 0, x, regularized=True),
        _beta_slope,
        "DLMF 8.17; flat at both ends",
        (0.0, 1.0),
        (1e-4, 0.98),
        is_log=True,
        yardstick_points=16,
        kind="flat",
    ),
    scipy_function(
        "chi_square_tail",
        lambda x: special.gammaincc(20.0, x),
        lambda x: C.gammainc(20, x, regularized=True),
        lambda x: -(x**19) * C.exp(-x) / C.factorial(19),
        "DLMF 8.2.4; upper tail of chi-square, 40 degrees",
        _POSITIVE,
        (1.0, 120.0),
        kind="flat",
    ),
    scipy_function(
        "struve_h1",
        lambda x: special.struve(1.0, x),
        lambda x: C.struveh(1, x),
        lambda x: C.struveh(0, x) - C.struveh(1, x) / x,
        "DLMF 11.4.27",
        _POSITIVE,
        (0.1, 25.0),
        yardstick_points=16,
    ),
    formula(_clenshaw, "chebyshev_series", "C. W. Clenshaw 1955; seeded coefficients", _LINE, (-0.98, 0.98)),
    formula(
        _mills_fraction,
        "mills_ratio",
        "DLMF 7.9; continued fraction",
        _POSITIVE,
        (0.5, 30.0),
        is_log=True,
        formats=_ALL,
    ),
    formula(_legendre, "legendre_24", "DLMF 14.10.3; recursion", _LINE, (-0.99, 0.99), formats=_THREE),
    formula(_logistic_map, "logistic_map", "R. M. May 1976; seven steps", (0.0, 1.0), (0.01, 0.99), formats=_THREE),
    formula(_gauss_laguerre, "gauss_laguerre", "DLMF 3.5.v; a Stieltjes integral", _POSITIVE, (1e-3, 1e3), is_log=True),
    formula(
        _debye_heat, "debye_heat", "P. Debye 1912, by Gauss-Legendre quadrature", _POSITIVE, (20.0, 2000.0), is_log=True
    ),
    formula(_bessel_trapezoid, "bessel_trapezoid", "DLMF 10.9.1, by the trapezoidal rule", _LINE, (0.1, 40.0)),
)
