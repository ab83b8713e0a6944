"""The fourth set: noise of nine kinds, a function of the bits of the node.

The derivative is that of the function without noise.
"""

import dataclasses
import math

import numpy as np

from tests.adaptive.unseen_function import NUMPY, Unseen, formula
from tests.adaptive.unseen_models import dyadic_draws
from tests.adaptive.unseen_scoring import unit_noise

__all__ = ["NOISY"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_TWO = ("float64", "float80")


def uniform(x, salt):
    """Return noise in (−1, 1)."""
    return unit_noise(x, salt).astype(x.dtype)


def exponential(x, salt):
    """Return two-sided exponential noise of scale 1 (P.-S. Laplace 1774): heavier tails."""
    noise = unit_noise(x, salt)
    return (-np.sign(noise) * np.log1p(-np.abs(noise))).astype(x.dtype)


def student(x, salt):
    """Return noise with the distribution of Student's t with 2 degrees of freedom: tails without a variance."""
    noise = unit_noise(x, salt)
    return (noise * np.sqrt(2.0 / ((1.0 - noise) * (1.0 + noise)))).astype(x.dtype)


def contaminated(x, salt):
    """Return noise in (−1/16, 1/16), and in (−1, 1) at one node of twenty (J. W. Tukey 1960)."""
    return uniform(x, salt) * np.where(unit_noise(x, salt + 1) < -0.9, 1.0, 0.0625).astype(x.dtype)


def in_cells(x, salt):
    """Return noise that is constant in cells of width 2⁻¹⁴."""
    return uniform(np.floor(x * 2.0**14), salt)


def disturbed(name, source, computed, disturbance, domain, span, **more):
    """Return a formula plus disturbance(x, value)."""

    def f(x):
        value = computed(x, NUMPY)
        return value + disturbance(x, value)

    function = formula(computed, name, source, domain, span, kind="noisy", **({"formats": _TWO} | more))
    return dataclasses.replace(function, f=f)


def _mexican_hat(x, m):
    """Ricker's wavelet."""
    y = x * x
    return (1.0 - y) * m.exp(-0.5 * y)


def _discharge(x, m):
    """Voltage of a cell with two time constants; 0 near 1.5."""
    return 3.0 * m.exp(-x) - 0.5 * m.exp(-0.25 * x) - 0.3


def langevin(x, m):
    """Langevin's function, coth x − 1/x."""
    return 1.0 / m.tanh(x) - 1.0 / x


def spectrum(x, m):
    """A line on a slope."""
    t = (x - 5.0) * 2.0
    return 2.0 + 0.125 * x + 3.0 / (1.0 + t * t)


def _creep(x, m):
    """Creep of a standard linear solid."""
    return 1.0 - 0.625 * m.exp(-x / 3.0)


def _chirp(x, m):
    return m.sin(x * (1.0 + 0.25 * x))


def double_well(x, m):
    y = x * x - 1.0
    return y * y + 0.25 * x


_TAPS, _LEANS = dyadic_draws(90, 6), dyadic_draws(91, 6)


def tanh_layer(x, m):
    total = 0.25 * x
    for a, b in zip(_TAPS, _LEANS, strict=True):
        total = total + a * m.tanh(b * x + 0.5 * a)
    return total


NOISY: tuple[Unseen, ...] = (
    disturbed(
        "constant_noise",
        "N. Ricker 1953; noise of constant size where f decays",
        _mexican_hat,
        lambda x, value: 1e-7 * uniform(x, 101),
        _LINE,
        (-5.0, 5.0),
        noise_size=1e-7,
        formats=("float64", "float80", "float32"),
    ),
    disturbed(
        "proportional_noise",
        "Noise of 1e-6 of |f| across a zero of f",
        _discharge,
        lambda x, value: 1e-6 * value * uniform(x, 102),
        _LINE,
        (0.5, 4.0),
        noise=1e-6,
    ),
    disturbed(
        "exponential_noise",
        "P. Langevin 1905; two-sided exponential noise",
        langevin,
        lambda x, value: 1e-8 * exponential(x, 103),
        _POSITIVE,
        (0.5, 20.0),
        is_log=True,
        noise_size=2e-8,
    ),
    disturbed(
        "student_noise",
        "C. Zener 1948; noise of Student's t with 2 degrees of freedom",
        _creep,
        lambda x, value: 1e-9 * student(x, 104),
        _LINE,
        (0.1, 15.0),
        noise_size=1e-8,
    ),
    disturbed(
        "contaminated_noise",
        "J. W. Tukey 1960; one value of twenty has sixteen times the noise",
        double_well,
        lambda x, value: 1e-8 * contaminated(x, 105),
        _LINE,
        (-1.75, 1.75),
        noise_size=1e-8,
    ),
    disturbed(
        "counting_noise",
        "S. D. Poisson 1837; noise as the square root of f",
        spectrum,
        lambda x, value: 1e-6 * np.sqrt(np.abs(value)) * uniform(x, 106),
        _POSITIVE,
        (0.5, 10.0),
        noise=1e-6,
    ),
    disturbed(
        "growing_noise",
        "Noise that grows as 1 + x²",
        _chirp,
        lambda x, value: 1e-10 * (1.0 + x * x) * uniform(x, 107),
        _LINE,
        (-12.0, 12.0),
        noise_size=2e-8,
        reach=2.0**-8,
    ),
    disturbed(
        "noise_on_one_side",
        "Noise of 1e-7 beyond 1, none before",
        tanh_layer,
        lambda x, value: np.where(x > 1.0, 1e-7, 0.0).astype(x.dtype) * uniform(x, 108),
        _LINE,
        (-1.0, 3.0),
        noise_size=1e-7,
    ),
    disturbed(
        "noise_in_cells",
        "An error of 1e-9 that is constant in cells of width 2⁻¹⁴",
        double_well,
        lambda x, value: 1e-9 * in_cells(x, 109),
        _LINE,
        (-1.75, 1.75),
        noise_size=1e-9,
    ),
)
