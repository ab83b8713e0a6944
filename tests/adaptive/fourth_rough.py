"""The fourth set: solvers with a tolerance, rounded output and input.

The derivative is that of the exact problem. Between two jumps the error of a solver is smooth, and its slope cannot be
seen in the values: pool this kind apart from the others.
"""

import math

import numpy as np
import scipy.integrate

from tests.adaptive.fourth_noisy import double_well, langevin, spectrum, tanh_layer
from tests.adaptive.unseen_function import CONTEXT as C
from tests.adaptive.unseen_function import Unseen
from tests.adaptive.unseen_rough import one_by_one, rough, rounded_formula

__all__ = ["ROUGH"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)


def _riccati(x):
    """Solution of y′ = x − y², y(0) = 0, at 2, by LSODA at rtol = 1e-7."""
    answer = scipy.integrate.solve_ivp(lambda t, y: x - y * y, (0.0, 2.0), [0.0], method="LSODA", rtol=1e-7, atol=1e-9)
    return float(answer.y[0, -1])


def _exact_riccati(x):
    return C.sqrt(x) * C.tanh(2 * C.sqrt(x))


def _riccati_slope(x):
    root = C.sqrt(x)
    return C.tanh(2 * root) / (2 * root) + C.sech(2 * root) ** 2


def _kepler_steps(x):
    """Eccentric anomaly at the mean anomaly x, e = 0.3, by E ← x + e·sin E until a step is below 1e-8."""
    e, active = x + 0.0, np.ones(x.shape, bool)
    for _ in range(60):
        following = np.where(active, x + 0.3 * np.sin(e), e)
        active = np.abs(following - e) > 1e-8
        e = following
    return e


def _exact_anomaly(x):
    e, eccentricity = x, C.mpf(0.3)
    for _ in range(12):
        e = e - (e - eccentricity * C.sin(e) - x) / (1 - eccentricity * C.cos(e))
    return e


def _arithmetic_geometric(x):
    """π/(2·M(1, x)), the complete elliptic integral; the two means of M differ by less than 1e-4, and are averaged."""
    a, b = np.ones_like(x), x + 0.0
    for _ in range(40):
        active = np.abs(a - b) > 1e-4 * np.abs(a)
        a, b = np.where(active, 0.5 * (a + b), a), np.where(active, np.sqrt(a * b), b)
    return math.pi / (a + b)


def _exact_mean(x):
    return C.mpf(math.pi) / 2 / C.agm(1, x)


def _mean_slope(x):
    """d/dk′ of K(m), m = 1 − x²: dK/dm = (E − (1 − m)·K)/(2m(1 − m)), dm/dx = −2x (DLMF 19.4.1)."""
    m = 1 - x * x
    slope = -2 * x * (C.ellipe(m) - (1 - m) * C.ellipk(m)) / (2 * m * (1 - m))
    return slope * C.mpf(math.pi) / C.pi


_ROW = ((4.0, 1.0, -0.5), (1.0, 3.0, 0.75), (-0.5, 0.75, 2.0))


def _gauss_seidel(x):
    """First unknown of (A + xI)y = (1, 2, −1) by Gauss and Seidel until a sweep moves it by less than 1e-7."""
    y, active = [np.zeros_like(x) for _ in range(3)], np.ones(x.shape, bool)
    for _ in range(60):
        before = y[0]
        for i, right in enumerate((1.0, 2.0, -1.0)):
            rest = sum(_ROW[i][j] * y[j] for j in range(3) if j != i)
            y[i] = np.where(active, (right - rest) / (_ROW[i][i] + x), y[i])
        active = np.abs(y[0] - before) > 1e-7
    return y[0]


def _exact_unknowns(x, right=(1, 2, -1)):
    return C.lu_solve(C.matrix([list(row) for row in _ROW]) + x * C.eye(3), C.matrix(list(right)))


def _simpson(x):
    """∫ e^(x·t) dt from 0 to 1 by adaptive Simpson's rule, tolerance 1e-7."""

    def f(t):
        return math.exp(x * t)

    def part(a, fa, b, fb, whole, middle, allowed):
        m = 0.5 * (a + b)
        left, right = f(0.5 * (a + m)), f(0.5 * (m + b))
        halves = (b - a) / 12.0 * (fa + 4.0 * left + 2.0 * middle + 4.0 * right + fb)
        if abs(halves - whole) <= 15.0 * allowed or b - a < 1e-4:
            return halves + (halves - whole) / 15.0
        first = (m - a) / 6.0 * (fa + 4.0 * left + middle)
        second = (b - m) / 6.0 * (middle + 4.0 * right + fb)
        return part(a, fa, m, middle, first, left, 0.5 * allowed) + part(m, middle, b, fb, second, right, 0.5 * allowed)

    if x > 20.0:
        return math.nan
    return part(0.0, 1.0, 1.0, f(1.0), (1.0 + 4.0 * f(0.5) + f(1.0)) / 6.0, f(0.5), 1e-7)


def _wind_chill(x, m):
    """Index of 2001 in degrees C at −10 degrees as a function of the wind in km/h."""
    power = m.exp(0.16 * m.log(x))
    return 13.12 - 6.215 - 11.37 * power - 3.965 * power


def _haversine(x, m):
    s, t = m.sin(0.5 * (x - 0.6)), m.sin(0.125)
    a = s * s + m.cos(x) * (math.cos(0.6) * (t * t))
    return 6371.0 * 2.0 * m.arctan(m.sqrt(a / (1.0 - a)))


def _four_digits(computed, x):
    return np.array([float(f"{value:.4g}") for value in computed(x, np).tolist()])


def _three_decimals(computed, x):
    return np.round(computed(x, np), 3)


def _single(computed, x):
    return computed(x.astype(np.float32), np).astype(np.float64)


def _half(computed, x):
    return computed(x, np).astype(np.float16).astype(np.float64)


def _stepped(computed, x):
    return computed(np.round(x, 6), np)


def _truncated(computed, x):
    """Twelve bits, cut off: an error with a mean."""
    return np.floor(computed(x, np) * 2.0**10) * 2.0**-10


ROUGH: tuple[Unseen, ...] = (
    rough(
        "lsoda_riccati",
        "A. Hindmarsh 1983; LSODA, rtol = 1e-7",
        one_by_one(_riccati),
        _riccati_slope,
        _exact_riccati,
        (0.0, 1e4),
        (0.25, 9.0),
        "solver",
        1e-6,
        yardstick_points=4,
    ),
    rough(
        "kepler_fixed_point",
        "Kepler's equation by fixed-point iteration to 1e-8",
        _kepler_steps,
        lambda x: 1 / (1 - C.mpf(0.3) * C.cos(_exact_anomaly(x))),
        _exact_anomaly,
        _LINE,
        (0.1, 6.0),
        "solver",
        1e-7,
    ),
    rough(
        "arithmetic_geometric_mean",
        "C. F. Gauss 1818; until the means agree to 1e-4",
        _arithmetic_geometric,
        _mean_slope,
        _exact_mean,
        _POSITIVE,
        (1e-6, 0.95),
        "solver",
        1e-9,
        is_log=True,
    ),
    rough(
        "gauss_seidel",
        "L. Seidel 1874; three unknowns to 1e-7",
        _gauss_seidel,
        lambda x: -_exact_unknowns(x, _exact_unknowns(x))[0],
        lambda x: _exact_unknowns(x)[0],
        (-0.75, 1e4),
        (0.0, 5.0),
        "solver",
        2e-6,
    ),
    rough(
        "adaptive_simpson",
        "W. McKeeman 1962; tolerance 1e-7",
        one_by_one(_simpson),
        lambda x: (C.exp(x) * (x - 1) + 1) / (x * x),
        lambda x: C.expm1(x) / x,
        (0.0, 20.0),
        (0.1, 8.0),
        "solver",
        1e-7,
        yardstick_points=4,
    ),
    rounded_formula(
        "wind_chill",
        "R. Osczevski, M. Bluestein 2005; three decimals",
        _wind_chill,
        _three_decimals,
        _POSITIVE,
        (5.0, 100.0),
        1e-4,
    ),
    rounded_formula(
        "langevin_printed", "P. Langevin 1905; four digits", langevin, _four_digits, _POSITIVE, (0.5, 20.0), 5e-4
    ),
    rounded_formula(
        "haversine_single", "J. Inman 1835; single precision inside", _haversine, _single, _LINE, (-1.0, 1.0), 1e-6
    ),
    rounded_formula(
        "layer_in_half", "Six seeded units, stored in half precision", tanh_layer, _half, _LINE, (-3.0, 3.0), 1e-3
    ),
    rounded_formula(
        "stepped_input",
        "Two wells; the argument rounded to six decimals",
        double_well,
        _stepped,
        _LINE,
        (-1.75, 1.75),
        1e-5,
    ),
    rounded_formula(
        "truncated_converter", "A line on a slope, cut off at 2⁻¹⁰", spectrum, _truncated, _LINE, (0.5, 10.0), 1e-3
    ),
)
