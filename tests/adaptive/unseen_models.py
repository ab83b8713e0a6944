"""The unseen set: fitted models, least-squares lines, likelihoods, and layers of networks."""

import math

import numpy as np

from tests.adaptive.unseen_function import Unseen, formula, summed

__all__ = ["MODELS"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")
_MORE = "J. Moré, B. Garbow, K. Hillstrom, ACM TOMS 7 (1981) 17-41"


def dyadic_draws(seed: int, size: int, scale: float = 1.0, bits: int = 6) -> list[float]:
    """Return normal numbers rounded to a few bits, so that each format holds them."""
    return [round(scale * z * 2**bits) / 2**bits for z in np.random.default_rng(seed).standard_normal(size).tolist()]


def _thurber(x, m):
    top = 1288.13968 + x * (1491.0792535 + x * (583.23836877 + x * 75.416644291))
    return top / (1.0 + x * (0.96629502864 + x * (0.39797285797 + x * 0.049727297349)))


def _rat43(x, m):
    return 699.6415127 * m.exp(-m.log1p(m.exp(5.2771253025 - 0.75962938329 * x)) / 1.2792483859)


_MISRA1A_X = (77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1, 760.0)
_MISRA1A_Y = (10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47, 81.78)


def misra1a_squares(x, m):
    """Residual sum of squares as a function of b₂, at the certified b₁."""
    return summed((y + 238.94212918 * m.expm1(-t * x)) ** 2 for t, y in zip(_MISRA1A_X, _MISRA1A_Y, strict=True))


def _mgh10(x, m):
    return 0.005609636471 * m.exp(6181.3463463 / (x + 345.22363462))


def _jennrich_sampson(x, m):
    return summed((2.0 + 2.0 * i - m.exp(i * x) - math.exp(0.25 * i)) ** 2 for i in range(1, 11))


def _powell_badly_scaled(x, m):
    return (1e4 * x * 9.106 - 1.0) ** 2 + (m.exp(-x) + math.exp(-9.106) - 1.0001) ** 2


def _brown_badly_scaled(x, m):
    return (x - 1e6) ** 2 + (x * 2e-6 - 2.0) ** 2


def _box_three(x, m):
    """Box's three-dimensional function along x₁, at x₂ = 9, x₃ = 1."""
    return summed(
        (m.exp(-0.1 * i * x) - math.exp(-0.9 * i) - math.exp(-0.1 * i) + math.exp(-1.0 * i)) ** 2 for i in range(1, 11)
    )


_SAMPLE = [*dyadic_draws(1, 14), 7.5]


def _cauchy_likelihood(x, m):
    return -summed(m.log1p((y - x) * (y - x)) for y in _SAMPLE)


_LIFETIMES = [0.25 + abs(z) for z in dyadic_draws(2, 16, 2.0)]


def _weibull_likelihood(x, m):
    """Log-likelihood of lifetimes as a function of the shape; scale 2."""
    return summed(m.log(x) + (x - 1.0) * math.log(t / 2.0) - m.exp(x * math.log(t / 2.0)) for t in _LIFETIMES)


_RETURNS = dyadic_draws(3, 50)


def _garch_likelihood(x, m):
    """Log-likelihood of GARCH(1, 1) as a function of α; ω = 1/8, β = 5/8."""
    variance, total = x * 0.0 + 1.0, x * 0.0
    for r in _RETURNS:
        total = total - 0.5 * (m.log(variance) + r * r / variance)
        variance = 0.125 + x * (r * r) + 0.625 * variance
    return total


_SERIES = dyadic_draws(4, 40, 1.5)


def _smoothing_error(x, m):
    """Sum of squared one-step errors of exponential smoothing as a function of the weight."""
    level, total = x * 0.0 + _SERIES[0], x * 0.0
    for y in _SERIES[1:]:
        error = y - level
        total = total + error * error
        level = level + x * error
    return total


_KEYS, _VALUES = dyadic_draws(5, 8, 1.0, 4), dyadic_draws(6, 8, 1.0, 4)


def _attention(x, m):
    """Attention of one query x to eight keys, with the largest score subtracted."""
    scores = [x * key for key in _KEYS]
    largest = scores[0]
    for score in scores[1:]:
        largest = m.maximum(largest, score)
    weights = [m.exp(score - largest) for score in scores]
    return summed(w * v for w, v in zip(weights, _VALUES, strict=True)) / summed(weights)


_FEATURES, _DIRECTION = dyadic_draws(7, 8, 1.0, 4), dyadic_draws(8, 8, 1.0, 4)


def _layer_norm(x, m):
    """First feature after layer normalisation, moved along a direction."""
    row = [a + b * x for a, b in zip(_FEATURES, _DIRECTION, strict=True)]
    mean = summed(row) * 0.125
    variance = summed((a - mean) * (a - mean) for a in row) * 0.125
    return (row[0] - mean) / m.sqrt(variance + 2.0**-10)


def _mish(x, m):
    return x * m.tanh(m.log1p(m.exp(x)))


def _gelu_tanh(x, m):
    return 0.5 * x * (1.0 + m.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


_W1, _B1, _W2 = dyadic_draws(9, 12, 1.0, 4), dyadic_draws(10, 12, 1.5, 4), dyadic_draws(11, 12, 1.0, 4)


def _relu_net(x, m):
    return summed(v * m.maximum(w * x + b, 0.0) for w, b, v in zip(_W1, _B1, _W2, strict=True))


def _elu_net(x, m):
    def elu(t):
        return m.where(t > 0.0, t, m.expm1(m.minimum(t, 0.0)))

    return summed(v * elu(w * x + b) for w, b, v in zip(_W1, _B1, _W2, strict=True))


def _huber(x, m):
    """Huber's loss of a sample as a function of the location, with its corner at 1."""

    def loss(t):
        return m.where(t <= 1.0, 0.5 * t * t, t - 0.5)

    return summed(loss(abs(y - x)) for y in _SAMPLE)


# Lower end of a bracket, and how much the rate rises there; a married couple, in units of money.
_BRACKETS = ((0.0, 0.10), (23200.0, 0.02), (94300.0, 0.10), (201050.0, 0.02), (383900.0, 0.08), (487450.0, 0.03))


def _income_tax(x, m):
    return summed(rise * m.maximum(x - low, 0.0) for low, rise in _BRACKETS)


def _insurance_layer(x, m):
    """Payment of a layer 30 in excess of 10, after a loss of 64·(1 − e^(−x/16))."""
    return 0.75 * m.clip(-64.0 * m.expm1(-x / 16.0) - 10.0, 0.0, 30.0)


def _clipped_wave(x, m):
    return m.clip(m.sin(x), -0.5, 0.75)


_GRID = [dyadic_draws(20 + i, 6, 1.0, 4) for i in range(6)]


def _bilinear_cut(x, m):
    """A bilinear table of 6 × 6 along the line (x, 3x/4 + 1/2)."""

    def hat(t, i):
        return m.maximum(1.0 - abs(t - i), 0.0)

    y = 0.75 * x + 0.5
    rows = [summed(c * hat(x, j) for j, c in enumerate(row)) for row in _GRID]
    return summed(row * hat(y, i) for i, row in enumerate(rows))


def _lstm_cell(x, m):
    """State of a one-unit LSTM after eight equal inputs x; gates by tanh of half the argument."""

    def gate(t):
        return 0.5 + 0.5 * m.tanh(0.5 * t)

    cell, output = x * 0.0, x * 0.0
    for _ in range(8):
        drive = m.tanh(0.75 * x - 0.5 * output)
        cell = gate(0.5 * x + 0.25 * output + 1.0) * cell + gate(1.25 * x - output) * drive
        output = gate(0.5 * output - x) * m.tanh(cell)
    return output


MODELS: tuple[Unseen, ...] = (
    formula(_thurber, "thurber", "NIST StRD, Thurber, certified values", (-3.5, 3.0), (-3.067, 2.2)),
    formula(_rat43, "rat43", "NIST StRD, Rat43, certified values", _LINE, (0.5, 40.0), kind="flat"),
    formula(
        misra1a_squares,
        "misra1a_squares",
        "NIST StRD, Misra1a, data and certified b1",
        _POSITIVE,
        (1e-4, 3e-3),
        is_log=True,
    ),
    formula(_mgh10, "mgh10", "NIST StRD, MGH10, certified values", (-345.0, math.inf), (45.0, 130.0)),
    formula(_jennrich_sampson, "jennrich_sampson", f"{_MORE}, problem 6 along x1", _LINE, (-1.0, 1.0), kind="smooth"),
    formula(
        _powell_badly_scaled, "powell_badly_scaled", f"{_MORE}, problem 3 along x1", _LINE, (1e-7, 1.0), is_log=True
    ),
    formula(_brown_badly_scaled, "brown_badly_scaled", f"{_MORE}, problem 4 along x1", _LINE, (9.9e5, 1.01e6)),
    formula(_box_three, "box_three_dimensional", f"{_MORE}, problem 12 along x1", _LINE, (0.05, 20.0)),
    formula(
        _cauchy_likelihood,
        "cauchy_likelihood",
        "Location of a Cauchy sample with an outlier",
        _LINE,
        (-6.0, 12.0),
        formats=_ALL,
    ),
    formula(
        _weibull_likelihood, "weibull_likelihood", "W. Weibull 1951; shape of a seeded sample", _POSITIVE, (0.2, 6.0)
    ),
    formula(
        _garch_likelihood,
        "garch_likelihood",
        "T. Bollerslev 1986; seeded returns",
        _POSITIVE,
        (0.01, 1.5),
        is_log=True,
        yardstick_points=16,
    ),
    formula(
        _smoothing_error, "smoothing_error", "R. G. Brown 1956; seeded series", _LINE, (0.02, 0.98), formats=_THREE
    ),
    formula(
        _attention, "attention_row", "A. Vaswani et al. 2017; seeded keys and values", _LINE, (-4.0, 4.0), formats=_ALL
    ),
    formula(_layer_norm, "layer_norm", "J. L. Ba, J. R. Kiros, G. E. Hinton 2016", _LINE, (-6.0, 6.0), formats=_ALL),
    formula(_mish, "mish", "D. Misra 2019", _LINE, (-8.0, 8.0), formats=_ALL),
    formula(_gelu_tanh, "gelu_tanh", "D. Hendrycks, K. Gimpel 2016, approximation by tanh", _LINE, (-4.0, 4.0)),
    formula(
        _lstm_cell, "lstm_cell", "S. Hochreiter, J. Schmidhuber 1997; eight steps", _LINE, (-3.0, 3.0), formats=_ALL
    ),
    formula(_relu_net, "relu_net", "Twelve seeded rectifiers", _LINE, (-5.0, 5.0), kind="kinked", formats=_ALL),
    formula(
        _elu_net,
        "elu_net",
        "D.-A. Clevert et al. 2015; twelve seeded units",
        _LINE,
        (-5.0, 5.0),
        kind="kinked",
        formats=_THREE,
    ),
    formula(
        _huber,
        "huber_loss",
        "P. J. Huber 1964; seeded sample with an outlier",
        _LINE,
        (-4.0, 9.0),
        kind="kinked",
        formats=_THREE,
    ),
    formula(
        _income_tax, "income_tax", "Six brackets of an income tax", _POSITIVE, (1e3, 2e6), kind="kinked", is_log=True
    ),
    formula(
        _insurance_layer,
        "insurance_layer",
        "Excess-of-loss layer",
        _POSITIVE,
        (0.5, 30.0),
        kind="kinked",
        formats=_THREE,
    ),
    formula(
        _clipped_wave, "clipped_wave", "A clipped periodic signal", _LINE, (-20.0, 20.0), kind="kinked", formats=_THREE
    ),
    formula(
        _bilinear_cut,
        "bilinear_cut",
        "A cut through a seeded bilinear table",
        (0.0, 5.0),
        (0.05, 4.95),
        kind="kinked",
        formats=_THREE,
    ),
)
