"""The unseen set: splines and tables, linear algebra, integrators, transforms, seeded samples."""

import math

import numpy as np
import scipy.interpolate
import scipy.linalg

from tests.adaptive.unseen_function import CONTEXT as C
from tests.adaptive.unseen_function import Dual, Unseen, dual, formula, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["COMPUTED"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_DOUBLE = ("float64",)

# Density of water in kg/m³ at degrees C (CRC Handbook of Chemistry and Physics).
_WATER_T = (0.0, 4.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
_WATER_D = (
    999.84,
    999.97,
    999.70,
    999.10,
    998.21,
    997.05,
    995.65,
    992.2,
    988.0,
    983.2,
    977.8,
    971.8,
    965.3,
    958.4,
)
_STEPS_X = tuple(0.5 * k for k in range(17))
_STEPS_Y = (0.0, 0.0, 0.0, 0.125, 0.5, 2.0, 2.0, 2.25, 5.0, 5.0, 4.5, 4.75, 1.0, 0.5, 0.5, 0.25, 0.0)
PCHIP = scipy.interpolate.PchipInterpolator(_WATER_T, _WATER_D)
AKIMA = scipy.interpolate.Akima1DInterpolator(_STEPS_X, _STEPS_Y)
_KNOTS = np.array([0.0] * 4 + [float(k) for k in range(1, 10)] + [10.0] * 4)
BSPLINE = scipy.interpolate.BSpline(_KNOTS, np.array(dyadic_draws(13, 13)), 3)


def piecewise(spline):
    """Return a piecewise polynomial of SciPy for an exact or dual number, with the coefficients that it has."""

    def value(x):
        x = dual(x)
        i = int(np.clip(np.searchsorted(spline.x, float(x.value), side="right") - 1, 0, len(spline.x) - 2))
        t = x - float(spline.x[i])
        total = dual(0)
        for c in spline.c[:, i].tolist():
            total = total * t + c
        return total

    return value


def de_boor(x):
    """Return the B-spline for an exact or dual number, by de Boor's recursion."""
    x = dual(x)
    t, c = _KNOTS.tolist(), BSPLINE.c.tolist()
    k = int(np.clip(np.searchsorted(_KNOTS, float(x.value), side="right") - 1, 3, 12))
    d = [dual(c[k - 3 + j]) for j in range(4)]
    for r in range(1, 4):
        for j in range(3, r - 1, -1):
            a = (x - t[j + k - 3]) / (C.mpf(t[j + 1 + k - r]) - C.mpf(t[j + k - 3]))
            d[j] = (1 - a) * d[j - 1] + a * d[j]
    return d[3]


def exact_twin(name, source, f, value, domain, span, **more):
    """Return a function whose twin is given for dual numbers."""
    return Unseen(
        name,
        source,
        f,
        lambda x: value(Dual(x, 1)).slope,
        lambda x: value(C.mpf(x)).value,
        domain,
        span,
        **({"formats": _DOUBLE} | more),
    )


_A = np.array(dyadic_draws(14, 25, 1.0, 4)).reshape(5, 5)
_B = np.array(dyadic_draws(15, 25, 1.0, 4)).reshape(5, 5)
_S = np.array(dyadic_draws(16, 16, 1.0, 4)).reshape(4, 4)
_S = _S + _S.T
_D = np.diag([1.0, -0.5, 0.25, -1.0])
_G = 0.25 * _A[:3, :3]


def _stack(x, a, b):
    return a.astype(x.dtype) + x[:, None, None] * b.astype(x.dtype)


def _determinant(x):
    return np.linalg.det(_stack(x, _A, _B))


def _exact_determinant(x):
    """Gaussian elimination with pivots."""
    rows = [
        [a + b * dual(x) for a, b in zip(*pair, strict=True)] for pair in zip(_A.tolist(), _B.tolist(), strict=True)
    ]
    total = dual(1)
    for k in range(5):
        p = max(range(k, 5), key=lambda i: abs(rows[i][k].value))
        if p != k:
            rows[k], rows[p], total = rows[p], rows[k], -total
        total = total * rows[k][k]
        for i in range(k + 1, 5):
            ratio = rows[i][k] / rows[k][k]
            rows[i] = [a - ratio * b for a, b in zip(rows[i], rows[k], strict=True)]
    return total


def _eigenvalue(x):
    finite = np.isfinite(x)
    return np.where(finite, np.linalg.eigvalsh(_stack(np.where(finite, x, 0.0), _S, _D))[:, -1], np.nan)


def _exact_eigen(x):
    values, vectors = C.eigsy(C.matrix(_S.tolist()) + x * C.matrix(_D.tolist()))
    k = max(range(4), key=lambda i: values[i])
    return values[k], [vectors[i, k] for i in range(4)]


def _eigenvalue_slope(x):
    """vᵀDv for the unit eigenvector v (Hellmann and Feynman)."""
    v = _exact_eigen(x)[1]
    return sum(C.mpf(d) * a * a for d, a in zip(_D.diagonal().tolist(), v, strict=True)) / sum(a * a for a in v)


def _exponential(x):
    return scipy.linalg.expm(x[:, None, None] * _G)[:, 0, 1]


def _exact_exponential(x):
    return C.expm(x * C.matrix(_G.tolist()))


def _exponential_slope(x):
    return (C.matrix(_G.tolist()) * _exact_exponential(x))[0, 1]


_WINDOW = [0.5, 0.75, 1.0, 1.0, 1.0, 1.0, 0.75, 0.5] * 2


def _fft_power(x):
    """Power in bin 3 of a windowed wave of 16 samples as a function of its frequency."""
    phase = x[:, None] * np.arange(16).astype(x.dtype)
    bins = np.fft.fft(np.array(_WINDOW, x.dtype) * np.cos(phase), axis=1)[:, 3]
    return bins.real * bins.real + bins.imag * bins.imag


def _exact_power(x):
    from tests.adaptive.unseen_function import EXACT

    waves = [w * EXACT.cos(dual(x) * n) for n, w in enumerate(_WINDOW)]
    angles = [2 * C.pi * 3 * n / 16 for n in range(16)]
    real = summed(w * C.cos(a) for w, a in zip(waves, angles, strict=True))
    imaginary = summed(w * C.sin(a) for w, a in zip(waves, angles, strict=True))
    return real * real + imaginary * imaginary


def _lotka_volterra(x, m):
    """Prey at t = 4 after 32 steps of Runge and Kutta, as a function of the rate of predation."""

    def flow(u, v):
        return u * (1.0 - x * v), v * (0.75 * u - 1.5)

    u, v, h = x * 0.0 + 1.0, x * 0.0 + 0.5, 0.125
    for _ in range(32):
        a, b = flow(u, v)
        c, d = flow(u + 0.5 * h * a, v + 0.5 * h * b)
        e, f = flow(u + 0.5 * h * c, v + 0.5 * h * d)
        g, k = flow(u + h * e, v + h * f)
        u, v = u + h / 6.0 * (a + 2.0 * (c + e) + g), v + h / 6.0 * (b + 2.0 * (d + f) + k)
    return u


def _pendulum(x, m):
    """Angle after 64 leapfrog steps of 1/8, as a function of the first angle."""
    angle, speed = x + 0.0, x * 0.0
    for _ in range(64):
        speed = speed - 0.0625 * m.sin(angle)
        angle = angle + 0.125 * speed
        speed = speed - 0.0625 * m.sin(angle)
    return angle


_DRAWS = dyadic_draws(17, 64, 1.0, 10)


def _utility(x, m):
    """Mean utility −exp(−wealth) of a lognormal wealth over 64 seeded draws, as a function of the volatility."""
    return -summed(m.exp(-m.exp(x * z - 0.5 * x * x)) for z in _DRAWS) / 64.0


COMPUTED: tuple[Unseen, ...] = (
    exact_twin(
        "pchip_water",
        "F. N. Fritsch, R. E. Carlson 1980; density of water",
        PCHIP,
        piecewise(PCHIP),
        (0.0, 100.0),
        (0.5, 99.5),
        kind="kinked",
    ),
    exact_twin(
        "akima_steps",
        "H. Akima 1970; a table with steps",
        AKIMA,
        piecewise(AKIMA),
        (0.0, 8.0),
        (0.05, 7.95),
        kind="kinked",
    ),
    exact_twin("cubic_bspline", "C. de Boor 1978; seeded coefficients", BSPLINE, de_boor, (0.0, 10.0), (0.05, 9.95)),
    exact_twin(
        "determinant",
        "LAPACK getrf; seeded matrices A + xB",
        _determinant,
        _exact_determinant,
        _LINE,
        (-3.0, 3.0),
        formats=("float64", "float32"),
        yardstick_points=16,
    ),
    Unseen(
        "largest_eigenvalue",
        "LAPACK syevd; seeded symmetric S + xD",
        _eigenvalue,
        _eigenvalue_slope,
        lambda x: _exact_eigen(x)[0],
        _LINE,
        (-6.0, 6.0),
        formats=_DOUBLE,
        yardstick_points=16,
    ),
    Unseen(
        "matrix_exponential",
        "A. Al-Mohy, N. Higham 2009; SciPy's expm",
        _exponential,
        _exponential_slope,
        lambda x: _exact_exponential(x)[0, 1],
        _LINE,
        (0.1, 20.0),
        formats=_DOUBLE,
        yardstick_points=16,
        is_log=True,
    ),
    exact_twin(
        "fft_power",
        "J. Cooley, J. Tukey 1965; NumPy's FFT",
        _fft_power,
        _exact_power,
        _LINE,
        (0.3, 2.8),
        formats=("float64", "float80", "float32"),
    ),
    formula(
        _lotka_volterra,
        "lotka_volterra_rk4",
        "W. Kutta 1901; 32 steps",
        _POSITIVE,
        (0.25, 3.0),
        formats=("float64", "float80", "float32"),
        yardstick_points=16,
    ),
    formula(
        _pendulum,
        "pendulum_leapfrog",
        "L. Verlet 1967; 64 steps",
        _LINE,
        (0.1, 3.1),
        formats=("float64", "float80"),
        yardstick_points=16,
    ),
    formula(_utility, "monte_carlo_utility", "64 seeded draws", _POSITIVE, (0.05, 2.0), yardstick_points=16),
)
