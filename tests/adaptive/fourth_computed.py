"""The fourth set: interpolation, accelerated series, functions of matrices, integrators, cancellation."""

import itertools
import math

import numpy as np
import scipy.linalg
import scipy.special

from tests.adaptive.unseen_computed import exact_twin
from tests.adaptive.unseen_function import CONTEXT as C
from tests.adaptive.unseen_function import EXACT, Unseen, dual, formula, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["COMPUTED"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")
_DOUBLE = ("float64",)

_CONTROL = dyadic_draws(60, 7, 1.0, 4)


def _bezier(x, m):
    """Bézier polynomial of degree 6 by de Casteljau's steps."""
    row = [c + 0.0 * x for c in _CONTROL]
    while len(row) > 1:
        row = [a + (b - a) * x for a, b in itertools.pairwise(row)]
    return row[0]


_NODES = [math.cos(math.pi * (k + 0.5) / 16.0) for k in range(16)]
_WEIGHTS = [(-1.0) ** k * math.sin(math.pi * (k + 0.5) / 16.0) for k in range(16)]
_ORDINATES = dyadic_draws(61, 16, 1.0, 5)


def _barycentric(x, m):
    """Polynomial of degree 15 in its second barycentric form."""
    terms = [w / (x - t) for w, t in zip(_WEIGHTS, _NODES, strict=True)]
    return summed(q * y for q, y in zip(terms, _ORDINATES, strict=True)) / summed(terms)


def _rogers_ramanujan(x, m):
    """Continued fraction 1/(1 + x/(1 + x²/(1 + …))) by 40 terms."""
    powers = [x]
    for _ in range(39):
        powers.append(powers[-1] * x)
    tail = x * 0.0 + 1.0
    for power in reversed(powers):
        tail = 1.0 + power / tail
    return 1.0 / tail


def _aitken(x, m):
    """Four rounds of Aitken's Δ² on the sums of (−1)ᵏ/(k + x), k < 12."""
    sums, total = [], x * 0.0
    for k in range(12):
        total = total + (-1.0) ** k / (x + float(k))
        sums.append(total)
    for _ in range(4):
        triples = list(zip(sums, sums[1:], sums[2:], strict=False))
        sums = [c - (c - b) * (c - b) / ((c - b) - (b - a)) for a, b, c in triples]
    return sums[-1]


def _levin(x, m):
    """Levin's transformation u of the first 12 terms of Dirichlet's η(x)."""
    terms = [(-1.0) ** k * m.exp(-x * math.log(k + 1.0)) for k in range(12)]
    top, bottom, partial = x * 0.0, x * 0.0, x * 0.0
    for k, term in enumerate(terms):
        partial = partial + term
        weight = (-1.0) ** k * math.comb(11, k) * ((k + 1.0) / 12.0) ** 10
        top = top + weight * partial / ((k + 1.0) * term)
        bottom = bottom + weight / ((k + 1.0) * term)
    return top / bottom


def _wynn(x, m):
    """Wynn's ε of the first 13 sums of the series of log(1 + x), beyond its circle."""
    power, total, now = -1.0 + 0.0 * x, x * 0.0, []
    for k in range(1, 14):
        power = -x * power
        total = total + power / float(k)
        now.append(total)
    before = [x * 0.0] * 14
    for _ in range(12):
        step = [p + 1.0 / (b - a) for p, a, b in zip(before[1:], now, now[1:], strict=False)]
        before, now = now, step
    return now[0]


def _hyperbolic_kepler(x, m):
    """Hyperbolic anomaly H of e·sinh H − H = x, e = 1.5, by 14 steps of Newton."""
    h = m.arcsinh(x / 1.5)
    for _ in range(14):
        h = h - (1.5 * m.sinh(h) - h - x) / (1.5 * m.cosh(h) - 1.0)
    return h


def _henon_heiles(x, m):
    """y after 80 leapfrog steps of 1/8, as a function of the first speed."""
    q, y, p, s = x * 0.0, x * 0.0 + 0.125, x + 0.0, x * 0.0 + 0.25
    for _ in range(80):
        p, s = p - 0.0625 * (q + 2.0 * q * y), s - 0.0625 * (y + q * q - y * y)
        q, y = q + 0.125 * p, y + 0.125 * s
        p, s = p - 0.0625 * (q + 2.0 * q * y), s - 0.0625 * (y + q * q - y * y)
    return y


def _convection(x, m):
    """Middle of the solution of −u″ + x·u′ = 1, u(0) = u(1) = 0, by 15 inner nodes and elimination."""
    h = 1.0 / 16.0
    low, high = -1.0 - 0.5 * h * x, -1.0 + 0.5 * h * x
    rates, sides = [high / 2.0], [x * 0.0 + h * h / 2.0]
    for _ in range(14):
        pivot = 2.0 - low * rates[-1]
        sides.append((h * h - low * sides[-1]) / pivot)
        rates.append(high / pivot)
    value = sides[-1]
    for k in range(13, 6, -1):
        value = sides[k] - rates[k] * value
    return value


_PATHS = [dyadic_draws(62 + k, 4, 1.0, 8) for k in range(16)]


def _asian(x, m):
    """Mean logarithm of the average price of 16 seeded paths, as a function of the volatility."""

    def average(path):
        prices, level = [], 0.0 * x
        for z in path:
            level = level + x * (0.5 * z) - 0.125 * (x * x)
            prices.append(m.exp(level))
        return summed(prices) * 0.25

    return summed(m.log(average(path)) for path in _PATHS) / 16.0


def _wilkinson(x, m):
    """(t − 1)(t − 2)…(t − 12) from its powers: cancels."""
    coefficients = np.poly(np.arange(1.0, 13.0)).tolist()
    total = x * 0.0
    for c in coefficients:
        total = total * x + c
    return total


_OFFSETS = dyadic_draws(80, 16, 1.0, 4)


def _textbook_variance(x, m):
    """Mean square less square of the mean of 1024 + x·z: cancels, with an error of constant size."""
    row = [1024.0 + z * x for z in _OFFSETS]
    mean = summed(row) * 0.0625
    return summed(r * r for r in row) * 0.0625 - mean * mean


def _great_circle(x, m):
    """Angle between two places on one parallel, by the law of cosines: cancels for a small difference x."""
    return m.arccos(math.sin(0.75) ** 2 + math.cos(0.75) ** 2 * m.cos(x))


def _kaiser(x):
    return scipy.special.i0(8.0 * np.sqrt(1.0 - x * x)) / scipy.special.i0(8.0)


def _kaiser_twin(x):
    return C.besseli(0, 8 * C.sqrt(1 - x * x)) / C.besseli(0, 8)


def _kaiser_slope(x):
    root = C.sqrt(1 - x * x)
    return -8 * x / root * C.besseli(1, 8 * root) / C.besseli(0, 8)


_A = np.array(dyadic_draws(81, 9, 0.25, 5)).reshape(3, 3) + 2.0 * np.eye(3)
_B = np.array(dyadic_draws(82, 9, 0.25, 5)).reshape(3, 3)
_T = np.array(dyadic_draws(83, 12, 1.0, 4)).reshape(4, 3)
_U = np.array(dyadic_draws(84, 12, 1.0, 4)).reshape(4, 3)


def _finite(x):
    return np.where(np.isfinite(x) & (np.abs(x) < 1e6), x, 0.0)[:, None, None]


def _masked(x, values):
    return np.where(np.isfinite(x) & (np.abs(x) < 1e6), values, np.nan)


def matrices_of_the_root():
    """Return A and B."""
    return _A, _B


def _matrix_root(x):
    """Entry (0, 1) of the square root of A + xB by 12 steps of Denman and Beavers."""
    y = _A + _finite(x) * _B
    z = np.broadcast_to(np.eye(3), y.shape)
    for _ in range(12):
        y, z = 0.5 * (y + np.linalg.inv(z)), 0.5 * (z + np.linalg.inv(y))
    return _masked(x, y[:, 0, 1])


def inverse(rows):
    """Return the inverse of a matrix of dual numbers, by Gauss and Jordan with pivots."""
    n = len(rows)
    rows = [[*row, *(dual(i == j) for j in range(n))] for i, row in enumerate(rows)]
    for k in range(n):
        p = max(range(k, n), key=lambda i: abs(rows[i][k].value))
        rows[k], rows[p] = rows[p], rows[k]
        rows[k] = [a / rows[k][k] for a in rows[k]]
        for i in range(n):
            if i != k:
                factor = rows[i][k]
                rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


def _exact_root(x):
    y = [[b * dual(x) + a for a, b in zip(*pair, strict=True)] for pair in zip(_A.tolist(), _B.tolist(), strict=True)]
    z = [[dual(i == j) for j in range(3)] for i in range(3)]
    for _ in range(12):
        half = lambda p, q: [[0.5 * (a + b) for a, b in zip(*pair, strict=True)] for pair in zip(p, q, strict=True)]
        y, z = half(y, inverse(z)), half(z, inverse(y))
    return y[0][1]


_P, _Q = np.array([[3.0, 0.5], [0.75, 1.5]]), np.array([[0.5, -0.25], [0.125, 0.25]])


def _matrix_logarithm(x):
    """Entry (1, 0) of log(P + xQ), one matrix after the other."""
    values = [scipy.linalg.logm(a)[1, 0].real for a in _P + _finite(x) * _Q]
    return _masked(x, np.array(values))


def _exact_logarithm(x):
    """(log λ₁ − log λ₂)/(λ₁ − λ₂) times the entry, for the eigenvalues λ of two rows (N. Higham 2008, section 1.2)."""
    (a, b), (c, d) = (
        [dual(x) * q + p for p, q in zip(*rows, strict=True)] for rows in zip(_P.tolist(), _Q.tolist(), strict=True)
    )
    half = 0.5 * (a - d)
    root = EXACT.sqrt(half * half + b * c)
    first, second = 0.5 * (a + d) + root, 0.5 * (a + d) - root
    return c * (EXACT.log(first) - EXACT.log(second)) / (first - second)


def _nuclear_norm(x):
    return _masked(x, np.linalg.svd(_T + _finite(x) * _U, compute_uv=False).sum(axis=1))


def _exact_nuclear(x):
    return sum(C.svd_r(C.matrix(_T.tolist()) + x * C.matrix(_U.tolist()), compute_uv=False))


def _nuclear_slope(x):
    """Σ uₖᵀ·U·vₖ over the singular vectors."""
    left, _, right = C.svd_r(C.matrix(_T.tolist()) + x * C.matrix(_U.tolist()))
    turned = left.T * C.matrix(_U.tolist()) * right.T
    return sum(turned[k, k] for k in range(3))


COMPUTED: tuple[Unseen, ...] = (
    formula(_bezier, "bezier_6", "P. de Casteljau 1959; seeded points", _LINE, (-0.25, 1.25), formats=_ALL),
    formula(_barycentric, "barycentric_15", "J.-P. Berrut, L. N. Trefethen 2004", _LINE, (-0.97, 0.97), formats=_THREE),
    formula(
        _rogers_ramanujan,
        "rogers_ramanujan",
        "L. J. Rogers 1894; 40 terms",
        (-1.0, 1.0),
        (-0.75, 0.9),
        formats=_THREE,
    ),
    formula(
        _aitken,
        "aitken_series",
        "A. Aitken 1926; four rounds",
        _POSITIVE,
        (0.05, 20.0),
        is_log=True,
    ),
    formula(_levin, "levin_eta", "D. Levin 1973; twelve terms", _LINE, (0.25, 6.0)),
    formula(_wynn, "wynn_logarithm", "P. Wynn 1956; thirteen sums", _LINE, (0.25, 3.0)),
    formula(
        _hyperbolic_kepler,
        "hyperbolic_kepler",
        "Kepler's equation of a hyperbola, by Newton's method; 1e-12 to 1e12",
        _LINE,
        (1e-12, 1e12),
        is_log=True,
        yardstick_points=16,
    ),
    formula(_henon_heiles, "henon_heiles", "M. Hénon, C. Heiles 1964", _LINE, (-0.4, 0.4), yardstick_points=16),
    formula(_convection, "convection_diffusion", "L. Thomas 1949; 15 nodes", _LINE, (-25.0, 25.0), formats=_THREE),
    formula(_asian, "seeded_asian", "16 seeded paths of four steps", _LINE, (0.02, 2.0), is_log=True),
    formula(
        _wilkinson,
        "wilkinson_12",
        "J. H. Wilkinson 1959; twelve roots from powers",
        _LINE,
        (0.5, 12.5),
        kind="noisy",
        noise_size=1e-2,
    ),
    formula(
        _textbook_variance,
        "textbook_variance",
        "T. Chan, G. Golub, R. LeVeque 1983; an error of constant size",
        _LINE,
        (-4.0, 4.0),
        kind="noisy",
        noise_size=1e-8,
    ),
    formula(
        _great_circle,
        "great_circle_cosine",
        "Spherical law of cosines; the error grows as 1/x",
        (0.0, 3.1),
        (1e-6, 3.0),
        is_log=True,
        kind="noisy",
        noise=1e-4,
    ),
    Unseen(
        "kaiser_window",
        "J. F. Kaiser 1966; β = 8",
        _kaiser,
        _kaiser_slope,
        _kaiser_twin,
        (-1.0, 1.0),
        (-0.9999, 0.9999),
        formats=_DOUBLE,
    ),
    exact_twin(
        "matrix_square_root",
        "E. Denman, A. Beavers 1976; seeded A + xB",
        _matrix_root,
        _exact_root,
        (-1.5, 1.5),
        (-1.0, 1.0),
        yardstick_points=16,
    ),
    exact_twin(
        "matrix_logarithm",
        "A. Al-Mohy, N. Higham 2012; SciPy's logm",
        _matrix_logarithm,
        _exact_logarithm,
        (-1.5, 1.5),
        (-1.0, 1.0),
        yardstick_points=2,
    ),
    Unseen(
        "nuclear_norm",
        "LAPACK gesdd; seeded T + xU",
        _nuclear_norm,
        _nuclear_slope,
        _exact_nuclear,
        _LINE,
        (-4.0, 4.0),
        formats=_DOUBLE,
        yardstick_points=16,
    ),
)
