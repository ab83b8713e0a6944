"""Functions whose numbers are awkward: offsets, scales, oscillation, printed numbers, a differential equation."""

from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.gradient_check.functions.case import WIDE, Data, Drawn, RealisticFunction, joined, mean, number
from numdiff.floats.fixed_order import matrix_product

__all__ = ["FUNCTIONS", "logistic_growth", "solved"]

Found = tuple[Any, Callable[[], np.ndarray]]


def _fourier(x: np.ndarray, data: Data) -> Found:
    """A target missed by Σ aₖ cos(ωₖ·x + φₖ), as a function of the inputs x."""
    phases = matrix_product(data["frequencies"], x[:, None])[:, 0] + data["phases"]
    off = (data["amplitudes"] * np.cos(phases)).sum() - data["target"][0]

    def back() -> np.ndarray:
        slopes = -data["amplitudes"] * np.sin(phases) * (off + off)
        return matrix_product(data["frequencies"].T, slopes[:, None])[:, 0]

    return off * off, back


def _draw_fourier(rng: np.random.Generator) -> Drawn:
    data = {"frequencies": rng.normal(0, 10, (8, 5)), "phases": rng.uniform(0, 6, 8)}
    return rng.uniform(-1, 1, 5), data | {"amplitudes": rng.normal(size=8), "target": rng.normal(size=1)}


def _weight_decay(x: np.ndarray, data: Data) -> Found:
    off, rest = x[:3] - number(x, 1), x[3:]
    large, small = number(x, 1e4), number(x, 1e-4)

    def back() -> np.ndarray:
        return joined(off * number(x, 2e4 / 3), rest * number(x, 2e-4))

    return large * mean(off * off) + small * (rest * rest).sum(), back


def _draw_weight_decay(rng: np.random.Generator) -> Drawn:
    return rng.normal(size=8), {}


def _mixed_scales(x: np.ndarray, data: Data) -> Found:
    ratios = x / data["scales"]
    return np.sin(ratios).sum(), lambda: np.cos(ratios) / data["scales"]


def _draw_mixed_scales(rng: np.random.Generator) -> Drawn:
    scales = 10.0 ** np.arange(10)
    return scales * rng.uniform(-2, 2, 10), {"scales": scales}


def _stairs(x: np.ndarray, data: Data) -> Found:
    """exp(x₀) + x₂·sin(x₁), read from a text of six digits."""
    value = np.exp(x[0]) + x[2] * np.sin(x[1])
    return float(f"{float(value):.6g}"), lambda: np.array([np.exp(x[0]), x[2] * np.cos(x[1]), np.sin(x[1])])


def _draw_stairs(rng: np.random.Generator) -> Drawn:
    return rng.uniform(0.2, 1.5, 3), {}


def _oscillation(x: np.ndarray, data: Data) -> Found:
    fifty = number(x, 50)
    return np.sin(fifty * x).sum(), lambda: fifty * np.cos(fifty * x)


def _draw_oscillation(rng: np.random.Generator) -> Drawn:
    return rng.uniform(-1, 1, 6), {}


def _rosenbrock(x: np.ndarray, data: Data) -> Found:
    one, two, hundred = (number(x, c) for c in (1, 2, 100))
    low, high = x[:-1], x[1:]
    valley, off = high - low * low, low - one

    def back() -> np.ndarray:
        slopes = np.zeros_like(x)
        slopes[:-1] = two * off - number(x, 400) * valley * low
        slopes[1:] += number(x, 200) * valley
        return slopes

    return (hundred * valley * valley + off * off).sum(), back


def _draw_rosenbrock(rng: np.random.Generator) -> Drawn:
    return rng.uniform(-1.5, 1.5, 6), {}


# --- a differential equation ----------------------------------------------------------------------------

_NODES: tuple[tuple[float, ...], ...] = ((), (1 / 4,), (3 / 32, 9 / 32), (1932 / 2197, -7200 / 2197, 7296 / 2197))
_NODES += ((439 / 216, -8.0, 3680 / 513, -845 / 4104), (-8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40))
_FIFTH = (16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55)
_FOURTH = (25 / 216, 0.0, 1408 / 2565, 2197 / 4104, -1 / 5, 0.0)


def solved(slope: Callable[[float], float], start: float, end: float, tolerance: float) -> float:
    """Return y(end) of y′ = slope(y), y(0) = start, by steps that are chosen from an estimate of their error.

    References
    ----------
    E. Fehlberg, Low-order classical Runge-Kutta formulas with stepsize control, NASA TR R-315, 1969, table III.
    """
    at, y, step = 0.0, start, end / 10
    while at < end:
        step = min(step, end - at)
        slopes: list[float] = []
        for row in _NODES:
            slopes.append(slope(y + step * sum(a * k for a, k in zip(row, slopes, strict=True))))
        change = step * sum(w * k for w, k in zip(_FIFTH, slopes, strict=True))
        error = abs(change - step * sum(w * k for w, k in zip(_FOURTH, slopes, strict=True)))
        allowed = tolerance * max(abs(y), 1e-12)
        if error <= allowed:
            at, y = at + step, y + change
        step *= min(5.0, max(0.2, 0.9 * (allowed / error) ** 0.2)) if error else 5.0
    return y


def logistic_growth(tolerance: float) -> Callable[[np.ndarray, Data], Found]:
    """Return y(2) of y′ = r·y·(1 − y/K), y(0) = y₀, with x = (r, K, y₀), solved numerically; its gradient is exact."""

    def run(x: np.ndarray, data: Data) -> Found:
        rate, limit, start = (float(v) for v in x)
        value = solved(lambda y: rate * y * (1 - y / limit), start, 2.0, tolerance)

        def back() -> np.ndarray:
            r, k, y = x
            fall = np.exp(number(x, -2) * r)
            ratio = k / y - number(x, 1)
            below = number(x, 1) + ratio * fall
            square = below * below
            return np.array(
                [
                    k * ratio * number(x, 2) * fall / square,
                    number(x, 1) / below - k * fall / (y * square),
                    k * k * fall / (y * y * square),
                ]
            )

        return value, back

    return run


def _draw_growth(rng: np.random.Generator) -> Drawn:
    return rng.uniform([0.5, 2.0, 0.2], [2.0, 4.0, 1.0]), {}


FUNCTIONS = (
    RealisticFunction("fourier_features", "Fourier features of frequencies about 10", _draw_fourier, _fourier),
    RealisticFunction(
        "weight_decay", "Weight decay of 1e-4 beside a loss of 1e4", _draw_weight_decay, _weight_decay, WIDE
    ),
    RealisticFunction(
        "mixed_scales", "Σ sin(x/s) with scales s from 1 to 1e9", _draw_mixed_scales, _mixed_scales, WIDE
    ),
    RealisticFunction(
        "stairs",
        "A value that was printed with six digits",
        _draw_stairs,
        _stairs,
        ("float32", "float64"),
        smooth=False,
        given=True,
    ),
    RealisticFunction(
        "ode",
        "Logistic growth, solved to a tolerance of 1e-8",
        _draw_growth,
        logistic_growth(1e-8),
        ("float32", "float64"),
        smooth=False,
        given=True,
    ),
    RealisticFunction("oscillation", "Σ sin(50 x)", _draw_oscillation, _oscillation),
    RealisticFunction("rosenbrock", "Rosenbrock's valley in six variables", _draw_rosenbrock, _rosenbrock),
)
"""The functions of this module."""
