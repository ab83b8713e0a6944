"""The fourth set: fitted models, test problems of optimisation, statistics, finance, losses of networks."""

import cmath
import math

from tests.adaptive.fourth_science import unit_nodes
from tests.adaptive.unseen_function import Unseen, formula, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["MODELS"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")
_DOUBLE = ("float64",)


def _eckerle4(x, m):
    t = (x - 451.54121844) / 4.0888321754
    return 1.5543827178 / 4.0888321754 * m.exp(-0.5 * (t * t))


def _chwirut2(x, m):
    return m.exp(-0.16657666537 * x) / (5.1653291286e-3 + 1.2150007096e-2 * x)


def _hahn1(x, m):
    top = 1.0776351733 + x * (x * (4.0863750610e-3 - 1.4262662514e-6 * x) - 0.12269296921)
    return top / (1.0 + x * (x * (2.4053735503e-4 - 1.2314450199e-7 * x) - 5.7609940901e-3))


def _roszman1(x, m):
    return 0.20196866396 + 6.1953516256e-6 * x - m.arctan(1204.4556708 / (x + 181.34269537)) / math.pi


def _enso(x, m):
    def wave(c, s, period):
        angle = x * (2.0 * math.pi / period)
        return c * m.cos(angle) + s * m.sin(angle)

    slow = wave(-1.6231428586, 0.52554493756, 44.311088700) + wave(0.21232288488, 1.4966870418, 26.887614440)
    return 10.510749193 + wave(3.0762128085, 0.53280138227, 12.0) + slow


_BOXBOD = ((1.0, 109.0), (2.0, 149.0), (3.0, 149.0), (5.0, 191.0), (7.0, 213.0), (10.0, 224.0))


def boxbod_squares(x, m):
    """Residual sum of squares as a function of b₂, at the certified b₁."""
    return summed((y + 213.80940889 * m.expm1(-t * x)) ** 2 for t, y in _BOXBOD)


def _cliff(x, m):
    """Along x₁, at x₂ = 1/8."""
    t, step = (x - 3.0) / 100.0, x - 0.125
    return t * t - step + m.exp(20.0 * step)


def _humps(x, m):
    """Along x₁, at x₂ = −1/2."""
    wave = m.sin(20.0 * x)
    return 0.05 * (x * x + 0.25) + math.sin(10.0) ** 2 * (wave * wave)


def _weierstrass(x, m):
    return summed(2.0**-k * m.cos(2.0 * math.pi * 3.0**k * (x + 0.5)) for k in range(12))


def _schaffers(x, m):
    """One pair of the function F7 along x₁, at x₂ = 2."""
    s = m.sqrt(x * x + 4.0)
    wave = m.sin(50.0 * m.exp(0.2 * m.log(s)))
    return m.sqrt(s) * (1.0 + wave * wave)


def _expanded_schaffer(x, m):
    """Schaffer's F6 along x₁, at x₂ = 3: ripples on a plain."""
    s = x * x + 9.0
    wave, bottom = m.sin(m.sqrt(s)), 1.0 + 0.001 * s
    return 0.5 + (wave * wave - 0.5) / (bottom * bottom)


def _skew_normal(x, m):
    return m.exp(-0.5 * x * x) * math.sqrt(2.0 / math.pi) * m.ndtr(-3.0 * x)


def _frank(x, m):
    """Frank's copula at (0.3, 0.6) as a function of its parameter; x is near the removable point 0."""
    return -m.log1p(m.expm1(-0.3 * x) * m.expm1(-0.6 * x) / m.expm1(-x)) / x


def _clayton(x, m):
    """Logarithm of Clayton's density at (0.2, 0.7) as a function of its parameter."""
    a, b = math.log(0.2), math.log(0.7)
    tail = m.log(m.exp(-a * x) + m.exp(-b * x) - 1.0)
    return m.log1p(x) - (1.0 + x) * (a + b) - (2.0 + 1.0 / x) * tail


def _student(x, m):
    """Log-density of Student's t at 2 as a function of the degrees of freedom; log Γ cancels."""
    h = 0.5 * x
    return m.gammaln(h + 0.5) - m.gammaln(h) - 0.5 * m.log(math.pi * x) - (h + 0.5) * m.log1p(4.0 / x)


_COUNTS = (0, 3, 1, 7, 2, 0, 12, 4, 1, 5, 0, 2)


def _negative_binomial(x, m):
    """Log-likelihood of counts as a function of the size r; mean 3."""
    counts = summed(m.gammaln(x + float(k)) - m.gammaln(x) - math.lgamma(k + 1.0) for k in _COUNTS)
    return counts - 12.0 * x * m.log1p(3.0 / x) + float(sum(_COUNTS)) * m.log(3.0 / (3.0 + x))


_HAZARD = dyadic_draws(40, 10, 1.0, 3)


def _partial_likelihood(x, m):
    """Log of Cox's partial likelihood of ten events in order."""
    weights = [m.exp(z * x) for z in _HAZARD]
    return summed(z * x - m.log(summed(weights[i:])) for i, z in enumerate(_HAZARD))


_YIELDS = [0.5 + abs(z) for z in dyadic_draws(41, 12, 2.0)]


def _box_cox(x, m):
    """Profile likelihood of the power λ, with (y^λ − 1)/λ as it stands: cancels at 0."""
    logs = [math.log(y) for y in _YIELDS]
    row = [(m.exp(x * a) - 1.0) / x for a in logs]
    mean = summed(row) / 12.0
    return (x - 1.0) * sum(logs) - 6.0 * m.log(summed((r - mean) * (r - mean) for r in row))


def _sabr(x, m):
    """Implied volatility of Hagan's formula, β = 1, as a function of the strike; forward 100, near the money."""
    alpha, rho, nu = 0.2, -0.375, 0.5
    z = nu / alpha * m.log(100.0 / x)
    chi = m.log((m.sqrt(1.0 - 2.0 * rho * z + z * z) + z - rho) / (1.0 - rho))
    return alpha * z / chi * (1.0 + 0.25 * rho * nu * alpha + (2.0 - 3.0 * rho * rho) / 24.0 * nu * nu)


def heston_terms(maturity=1.0, kappa=1.5, theta=0.04, sigma=0.5, rho=-0.7, moneyness=-0.1, count=64):
    """Return per node of u: the weight, and the exponents' constant and factor of v₀, real and imaginary parts.

    With u = tan(θ)/2 the weight du/(u² + 1/4) is 2·dθ.
    """
    rows = []
    for node, w in unit_nodes(count):
        t = 0.5 * math.tan(0.5 * math.pi * node)
        u = t - 0.5j
        beta = kappa - 1j * rho * sigma * u
        d = cmath.sqrt(beta * beta + sigma * sigma * (u * u + 1j * u))
        g = (beta - d) / (beta + d)
        decay = cmath.exp(-d * maturity)
        c = kappa * theta / sigma**2 * ((beta - d) * maturity - 2.0 * cmath.log((1.0 - g * decay) / (1.0 - g)))
        factor = (beta - d) / sigma**2 * (1.0 - decay) / (1.0 - g * decay)
        c += 1j * t * moneyness
        rows.append((math.pi * w, c.real, c.imag, factor.real, factor.imag))
    return rows


_HESTON = heston_terms()


def _heston(x, m):
    """Price of a call as a function of the first variance, by A. Lewis's integral; 64 nodes."""
    terms = (w * m.exp(a + p * x) * m.cos(b + q * x) for w, a, b, p, q in _HESTON)
    return 100.0 - math.sqrt(100.0 * 100.0 * math.exp(0.1)) / math.pi * summed(terms)


def _bond(x, m):
    """Price of a bond of thirty years with coupon 4 as a function of its yield."""
    v, total = 1.0 / (1.0 + x), 100.0 + 0.0 * x
    for _ in range(30):
        total = (total + 4.0) * v
    return total


def _focal(x, m):
    """Focal loss of a logit, γ = 2."""
    decay = m.exp(-x)
    missed = decay / (1.0 + decay)
    return missed * missed * m.log1p(decay)


def _softplus(x, m):
    """log(1 + e^(64·x))/64, without overflow."""
    return m.maximum(x, 0.0) + m.log1p(m.exp(-64.0 * abs(x))) / 64.0


_FROM, _ALONG, _TO = (dyadic_draws(seed, 6, 1.0, 4) for seed in (42, 43, 44))


def _cosine_similarity(x, m):
    row = [a + b * x for a, b in zip(_FROM, _ALONG, strict=True)]
    length = m.sqrt(summed(r * r for r in row) * sum(c * c for c in _TO))
    return summed(r * c for r, c in zip(row, _TO, strict=True)) / length


def _divergence(x, m):
    """Divergence of normal distributions of widths x and 1; it and its slope vanish at 1."""
    return 0.5 * (x * x - 1.0) - m.log(x)


_CENTRES, _HEIGHTS = dyadic_draws(45, 9, 2.0, 4), dyadic_draws(46, 9, 1.0, 4)


def _kernel_machine(x, m):
    terms = (a * m.exp(-0.75 * ((x - c) * (x - c))) for a, c in zip(_HEIGHTS, _CENTRES, strict=True))
    return summed(terms)


_SCORES = dyadic_draws(47, 8, 1.0, 4)


def _entropy(x, m):
    """Entropy of eight choices as a function of the temperature."""
    top = max(_SCORES)
    weights = [m.exp((s - top) / x) for s in _SCORES]
    total = summed(weights)
    return m.log(total) - summed(w * (s - top) for w, s in zip(weights, _SCORES, strict=True)) / (x * total)


MODELS: tuple[Unseen, ...] = (
    formula(
        _eckerle4,
        "eckerle4",
        "NIST StRD, Eckerle4, certified values",
        _LINE,
        (400.0, 500.0),
        kind="narrow",
        formats=_THREE,
        reach=2.0**-9,
    ),
    formula(
        _chwirut2,
        "chwirut2",
        "NIST StRD, Chwirut2, certified values; near the pole",
        (-0.42513, math.inf),
        (1e-4, 6.0),
        is_log=True,
        offset=-0.42512,
        kind="pole",
    ),
    formula(_hahn1, "hahn1", "NIST StRD, Hahn1, certified values", _POSITIVE, (14.0, 850.0), yardstick_points=50),
    formula(
        _roszman1,
        "roszman1",
        "NIST StRD, Roszman1, certified values; negative x",
        (-math.inf, -181.34269537),
        (190.0, 5000.0),
        is_log=True,
        sign=-1.0,
        formats=_THREE,
    ),
    formula(_enso, "enso", "NIST StRD, ENSO, certified values", _LINE, (1.0, 168.0), reach=2.0**-8),
    formula(
        boxbod_squares, "boxbod_squares", "NIST StRD, BoxBOD, data and certified b1", _LINE, (1e-3, 20.0), is_log=True
    ),
    formula(_cliff, "cliff", "CUTEst, CLIFF (A. R. Buckley 1989, problem 206)", _LINE, (-1.0, 2.0), formats=_THREE),
    formula(_humps, "humps", "CUTEst, HUMPS (Ph. Toint)", _LINE, (-506.5, -480.0), kind="narrow", reach=2.0**-14),
    formula(
        _weierstrass,
        "weierstrass_12",
        "CEC 2005, F11; twelve octaves of three",
        _LINE,
        (0.05, 0.45),
        kind="narrow",
        reach=2.0**-20,
    ),
    formula(_schaffers, "schaffers_f7", "BBOB 2009, f17, one pair", _LINE, (-50.0, 50.0), reach=2.0**-8),
    formula(_expanded_schaffer, "schaffer_f6", "CEC 2005, F14, one pair", _LINE, (-90.0, 90.0), reach=2.0**-10),
    formula(
        _skew_normal, "skew_normal", "A. Azzalini 1985; shape -3", _LINE, (-6.0, 1.5), formats=_DOUBLE, kind="flat"
    ),
    formula(
        _frank, "frank_copula", "M. J. Frank 1979; the parameter near 0", _LINE, (1e-12, 30.0), is_log=True, kind="flat"
    ),
    formula(
        _clayton,
        "clayton_density",
        "D. G. Clayton 1978; cancels at 0",
        _POSITIVE,
        (1e-8, 20.0),
        is_log=True,
        kind="noisy",
        noise_size=1e-7,
    ),
    formula(
        _student,
        "student_degrees",
        "Student 1908; degrees of freedom up to 1e6",
        _POSITIVE,
        (0.1, 1e6),
        is_log=True,
        kind="noisy",
        formats=_DOUBLE,
        noise_size=1e-9,
    ),
    formula(
        _negative_binomial,
        "negative_binomial_size",
        "R. A. Fisher 1941; twelve counts",
        _POSITIVE,
        (1e-3, 1e3),
        is_log=True,
        formats=_DOUBLE,
    ),
    formula(
        _partial_likelihood, "partial_likelihood", "D. R. Cox 1972; ten seeded events", _LINE, (-3.0, 3.0), formats=_ALL
    ),
    formula(
        _box_cox,
        "box_cox_naive",
        "G. Box, D. Cox 1964; cancels at 0",
        _LINE,
        (1e-9, 2.0),
        is_log=True,
        kind="noisy",
        noise_size=1e-7,
    ),
    formula(
        _sabr,
        "sabr_near_the_money",
        "P. Hagan et al. 2002, equation 2.17; 0/0 at 100",
        _POSITIVE,
        (1e-8, 60.0),
        is_log=True,
        offset=100.0,
        kind="noisy",
        noise=1e-7,
    ),
    formula(
        _heston,
        "heston_call",
        "S. Heston 1993; A. Lewis 2001",
        _POSITIVE,
        (1e-6, 0.5),
        is_log=True,
    ),
    formula(_bond, "bond_yield", "Thirty coupons; yields about 0", (-1.0, math.inf), (-0.03, 0.15), formats=_THREE),
    formula(_focal, "focal_loss", "T.-Y. Lin et al. 2017", _LINE, (-6.0, 8.0), formats=_ALL),
    formula(_softplus, "softplus_64", "C. Dugas et al. 2001; β = 64", _LINE, (-0.5, 0.5), kind="narrow", reach=2.0**-9),
    formula(_cosine_similarity, "cosine_similarity", "Seeded vectors", _LINE, (-5.0, 5.0), formats=_ALL),
    formula(
        _divergence,
        "gaussian_divergence",
        "S. Kullback, R. Leibler 1951; at the double zero",
        _POSITIVE,
        (1e-9, 3.0),
        is_log=True,
        offset=1.0,
        kind="noisy",
        noise_size=1e-15,
    ),
    formula(_kernel_machine, "kernel_machine", "Nine seeded kernels", _LINE, (-5.0, 5.0), formats=_ALL),
    formula(
        _entropy,
        "softmax_entropy",
        "Seeded scores; level at both ends",
        _POSITIVE,
        (0.02, 1e3),
        is_log=True,
        kind="flat",
        noise_size=2e-16,
    ),
)
