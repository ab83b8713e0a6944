"""The unseen set: solvers with a tolerance, rounded output, single precision inside.

The derivative is that of the exact problem; `noise` is the relative size of what the tolerance or the rounding leaves.
"""

import math

import numpy as np
import scipy.integrate
import scipy.optimize

from tests.adaptive.unseen_function import CONTEXT as C
from tests.adaptive.unseen_function import EXACT, Unseen, chain_rule, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["ROUGH"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_SOLVED = (0.0, 1e4)
"""Where the solvers of SciPy are called; beyond, they would take long or raise."""


def rough(name, source, f, derivative, twin, domain, span, kind, noise, **more):
    """Return a function in float64 whose values have an error far above the last place."""
    return Unseen(
        name,
        source,
        f,
        derivative,
        lambda x: twin(C.mpf(x)),
        domain,
        span,
        kind=kind,
        noise=noise,
        formats=("float64",),
        **more,
    )


def one_by_one(f):
    """Return a function of one Python number as a function of an array; NaN outside `_SOLVED`."""
    low, high = _SOLVED

    def function(x):
        return np.array([f(t) if low < t < high else math.nan for t in x.tolist()], dtype=np.float64)

    return function


def _peak_integral(x):
    return scipy.integrate.quad(
        lambda t: 1.0 / (t * t + x * x), 0.0, 1.0, epsabs=0.0, epsrel=1e-6, limit=200, full_output=1
    )[0]


def _exact_peak(x):
    return C.atan(1 / x) / x


def _exact_peak_slope(x):
    return -C.atan(1 / x) / x**2 - 1 / (x * (1 + x * x))


def _growth(x):
    """y(3) of y′ = x·y·(1 − y), y(0) = 1/8."""
    answer = scipy.integrate.solve_ivp(lambda t, y: x * y * (1.0 - y), (0.0, 3.0), [0.125], rtol=1e-8, atol=1e-10)
    return float(answer.y[0, -1])


def _exact_growth(x):
    return 1 / (1 + 7 * C.exp(-3 * x))


def _exact_growth_slope(x):
    return 21 * C.exp(-3 * x) / (1 + 7 * C.exp(-3 * x)) ** 2


def _crossing(x):
    """The y where cos y = x·y, to 1e-7."""
    return scipy.optimize.brentq(lambda y: math.cos(y) - x * y, 0.0, 1.6, xtol=1e-7, rtol=1e-7)


def _exact_crossing(x):
    return C.findroot(lambda y: C.cos(y) - x * y, (C.mpf(0), C.pi / 2), solver="anderson", tol=1e-90)


def _exact_crossing_slope(x):
    y = _exact_crossing(x)
    return -y / (C.sin(y) + x)


def _compressibility(x):
    """The vapour root Z of Redlich and Kwong by Newton's method, until a step is below 1e-4; x is the pressure."""
    a, b = 0.0625 * x, 0.03125 * x
    z, active = np.ones_like(x), np.ones(x.shape, bool)
    for _ in range(50):
        value = ((z - 1.0) * z + (a - b - b * b)) * z - a * b
        step = value / ((3.0 * z - 2.0) * z + (a - b - b * b))
        z = np.where(active, z - step, z)
        active &= np.abs(step) > 1e-4
    return z


def _cubic(x):
    a, b = x / 16, x / 32
    return a, b, a - b - b * b


def _exact_compressibility(x):
    a, b, c = _cubic(x)
    z = C.mpf(1)
    for _ in range(60):
        z = z - (((z - 1) * z + c) * z - a * b) / ((3 * z - 2) * z + c)
    return z


def _exact_compressibility_slope(x):
    """−(∂F/∂x)/(∂F/∂z) of F = z³ − z² + c(x)·z − x²/512 with c = x/32 − x²/1024."""
    z = _exact_compressibility(x)
    return -((C.mpf(1) / 32 - x / 512) * z - x / 256) / ((3 * z - 2) * z + _cubic(x)[2])


def _bisection(x):
    """The root of y³ + y = x in (0, 4) by 24 halvings."""
    low, high = np.zeros_like(x), np.full_like(x, 4.0)
    for _ in range(24):
        middle = 0.5 * (low + high)
        below = (middle * middle + 1.0) * middle < x
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return 0.5 * (low + high)


def _exact_cubic_root(x):
    y = C.sqrt(x) if x > 2 else x
    for _ in range(60):
        y = y - (y**3 + y - x) / (3 * y * y + 1)
    return y


def _entire_exponential(x):
    """Ein(x) = ∫ (1 − e⁻ᵗ)/t dt from 0 to x by its series, until a term is below 1e-9."""
    total, power, active = np.zeros_like(x), -np.ones_like(x), np.ones(x.shape, bool)
    for k in range(1, 80):
        power = power * -x / k
        term = power / k
        total = np.where(active, total + term, total)
        active &= np.abs(term) > 1e-9
    return total


def _exact_entire(x):
    return C.e1(x) + C.log(x) + C.euler


def _barometric(x, m):
    return 1013.25 * m.exp(5.25588 * m.log1p(-x * 2.25577e-5))


def _magnus(x, m):
    return 6.1094 * m.exp(17.625 * x / (x + 243.04))


_LOGITS, _SLOPES = dyadic_draws(18, 16), dyadic_draws(19, 16)


def _log_sum_exp(x, m):
    return m.log(summed(m.exp(a + b * x) for a, b in zip(_LOGITS, _SLOPES, strict=True)))


def _recorded(x, m):
    """A damped vibration."""
    return m.exp(-0.125 * x) * m.cos(3.0 * x)


def rounded_formula(name, source, computed, cut, domain, span, noise, **more):
    """Return a formula whose values go through `cut`."""
    return rough(
        name,
        source,
        lambda x: cut(computed, x),
        chain_rule(computed),
        lambda x: computed(x, EXACT),
        domain,
        span,
        "rounded",
        noise,
        **more,
    )


def _two_decimals(computed, x):
    return np.round(computed(x, np), 2)


def _seven_digits(computed, x):
    return np.array([float(f"{value:.7g}") for value in computed(x, np).tolist()])


def _single(computed, x):
    return computed(x.astype(np.float32), np).astype(np.float64)


def _single_result(computed, x):
    return computed(x, np).astype(np.float32).astype(np.float64)


def _converter(computed, x):
    return np.floor(computed(x, np) * 2.0**15 + 0.5) * 2.0**-15


ROUGH: tuple[Unseen, ...] = (
    rough(
        "adaptive_quadrature",
        "QUADPACK qags, epsrel = 1e-6",
        one_by_one(_peak_integral),
        _exact_peak_slope,
        _exact_peak,
        _SOLVED,
        (1e-3, 3.0),
        "solver",
        1e-9,
        is_log=True,
        yardstick_points=8,
    ),
    rough(
        "solve_ivp_growth",
        "J. Dormand, P. Prince 1980; rtol = 1e-8",
        one_by_one(_growth),
        _exact_growth_slope,
        _exact_growth,
        _SOLVED,
        (0.25, 3.0),
        "solver",
        1e-7,
        yardstick_points=4,
    ),
    rough(
        "brent_crossing",
        "R. P. Brent 1973; tolerance 1e-7",
        one_by_one(_crossing),
        _exact_crossing_slope,
        _exact_crossing,
        _SOLVED,
        (0.1, 10.0),
        "solver",
        1e-7,
        is_log=True,
        yardstick_points=16,
    ),
    rough(
        "redlich_kwong",
        "O. Redlich, J. Kwong 1949; Newton's method to 1e-4",
        _compressibility,
        _exact_compressibility_slope,
        _exact_compressibility,
        _POSITIVE,
        (0.05, 4.0),
        "solver",
        1e-8,
    ),
    rough(
        "bisection",
        "24 halvings of (0, 4)",
        _bisection,
        lambda x: 1 / (3 * _exact_cubic_root(x) ** 2 + 1),
        _exact_cubic_root,
        (0.0, 60.0),
        (0.1, 50.0),
        "solver",
        2e-7,
        is_log=True,
    ),
    rough(
        "truncated_series",
        "DLMF 6.6.4; terms to 1e-9",
        _entire_exponential,
        lambda x: -C.expm1(-x) / x,
        _exact_entire,
        _POSITIVE,
        (0.05, 8.0),
        "solver",
        1e-9,
    ),
    rounded_formula(
        "barometer",
        "ICAO standard atmosphere in hPa, two decimals; height in m",
        _barometric,
        _two_decimals,
        (-1000.0, 40000.0),
        (10.0, 11000.0),
        1e-5,
    ),
    rounded_formula(
        "magnus_printed", "G. Magnus 1844; seven digits", _magnus, _seven_digits, (-243.04, math.inf), (1.0, 60.0), 5e-7
    ),
    rounded_formula(
        "single_inside", "log-sum-exp in single precision", _log_sum_exp, _single, _LINE, (-6.0, 6.0), 1e-7
    ),
    rounded_formula(
        "single_result",
        "log-sum-exp stored in single precision",
        _log_sum_exp,
        _single_result,
        _LINE,
        (-6.0, 6.0),
        6e-8,
    ),
    rounded_formula(
        "converter", "A vibration through a converter of 16 bits", _recorded, _converter, _LINE, (0.1, 8.0), 1e-4
    ),
)
