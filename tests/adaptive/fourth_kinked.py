"""The fourth set: kinks between curved sides, jumps of the second derivative, tables and splines."""

import math

import numpy as np
import scipy.interpolate

from tests.adaptive.unseen_computed import exact_twin, piecewise
from tests.adaptive.unseen_function import Unseen, dual, formula, summed
from tests.adaptive.unseen_models import dyadic_draws

__all__ = ["KINKED"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")
_DOUBLE = ("float64",)
_CLOSE = 2.0**-40
"""The reach of the yardstick where points lie as near to a kink as 1e-10."""


def _curved_kink(x, m):
    """The larger of e^((x − 1)/2) and cos(x − 1) − (x − 1)/4, which cross at 1."""
    return m.maximum(m.exp(0.5 * (x - 1.0)), m.cos(x - 1.0) - 0.25 * (x - 1.0))


def _happy_cat(x, m):
    """The function of one variable; a cusp of order 1/4 at 1."""
    return m.sqrt(m.sqrt(abs((x - 1.0) * (x + 1.0)))) + 0.5 * x * x + x + 0.5


def _ackley(x, m):
    """Along x₁ through the optimum: a kink at 0."""
    return 20.0 - 20.0 * m.exp(-0.2 * math.sqrt(0.5) * abs(x)) + math.e - m.exp(0.5 * (m.cos(2.0 * math.pi * x) + 1.0))


def _selu(x, m):
    return 1.0507009873554805 * m.where(x > 0.0, x, 1.6732632423543772 * m.expm1(m.minimum(x, 0.0)))


def _hard_swish(x, m):
    return x * m.clip(x + 3.0, 0.0, 6.0) / 6.0


_TARGETS = dyadic_draws(50, 12, 1.0, 4)


def _pinball(x, m):
    """Quantile loss, τ = 0.9, of the prediction sin(x) + x/4."""
    p = m.sin(x) + 0.25 * x
    return summed(m.maximum(0.9 * (y - p), 0.1 * (p - y)) for y in _TARGETS)


_MARGINS = dyadic_draws(51, 12, 1.0, 4)


def _squared_hinge(x, m):
    """Sum of squared hinges: the second derivative jumps."""

    def loss(z):
        short = m.maximum(1.0 - z * x, 0.0)
        return short * short

    return summed(loss(z) for z in _MARGINS)


_SAMPLE = dyadic_draws(52, 14, 1.5, 4)


def _biweight(x, m):
    """Density estimate with the kernel (1 − t²)², width 3/4: the second derivative jumps."""

    def kernel(t):
        inside = m.maximum(1.0 - t * t, 0.0)
        return inside * inside

    return summed(kernel((x - s) / 0.75) for s in _SAMPLE) * (15.0 / 16.0 / 14.0 / 0.75)


def _lanczos(x, m):
    """Lanczos window of three lobes and 0 outside: the second derivative jumps at 3."""
    a = math.pi * m.maximum(m.minimum(abs(x), 3.0), 1e-3)
    return m.where(abs(x) < 3.0, 3.0 * m.sin(a) * m.sin(a / 3.0) / (a * a), 0.0 * x)


def _at_the_joint(x, m):
    """A beam whose load begins at 2; a large part of the points lies at the joint."""
    beyond = m.maximum(x - 2.0, 0.0)
    return x * (1.0 - 0.125 * x * x) + 2.0 * (beyond * beyond) - m.sin(beyond) * beyond


def _tukey(x, m):
    """Half of a tapered window: 1 up to 1/2, then a cosine; its slope is small above the joint."""
    return 0.5 + 0.5 * m.cos(2.0 * math.pi * m.clip(x - 0.5, 0.0, 0.5))


# Height in m where the lapse rate changes, and by how much, in K/m.
_LAPSE = ((0.0, -6.5e-3), (11000.0, 6.5e-3), (20000.0, 1e-3), (32000.0, 1.8e-3))


def _sound_of_air(x, m):
    """Speed of sound in m/s at the height x in m: the temperature is piecewise linear."""
    temperature = 288.15 + summed(change * m.maximum(x - low, 0.0) for low, change in _LAPSE)
    return m.sqrt(401.874 * temperature)


_STRIKES = [math.exp(0.25 * z - 0.03125) for z in dyadic_draws(53, 64, 1.0, 8)]


def _seeded_call(x, m):
    """Mean payment of a call over 64 seeded ends of the price, as a function of the first price."""
    return summed(m.maximum(x * growth - 100.0, 0.0) for growth in _STRIKES) / 64.0


def _cantilever_stop(x, m):
    """Force of a beam that meets a stop at 1: its stiffness has an exponent of 3/2 beyond (H. Hertz 1882)."""
    beyond = m.maximum(x - 1.0, 0.0)
    return 0.5 * x + 4.0 * (beyond * m.sqrt(beyond))


_DRAG_X = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.4, 1.6, 2.0, 2.5, 3.0, 4.0, 5.0)
_DRAG_Y = (
    0.2629,
    0.2032,
    0.2165,
    0.2546,
    0.3415,
    0.4084,
    0.4805,
    0.5427,
    0.5883,
    0.6393,
    0.6625,
    0.6474,
    0.5934,
    0.5397,
    0.5133,
    0.5016,
    0.4988,
)


def _drag_table(x):
    return np.interp(x, _DRAG_X, _DRAG_Y) * x * x


def _exact_drag(x):
    x = dual(x)
    i = int(np.clip(np.searchsorted(_DRAG_X, float(x.value), side="right") - 1, 0, len(_DRAG_X) - 2))
    slope = (dual(_DRAG_Y[i + 1]) - _DRAG_Y[i]) / (dual(_DRAG_X[i + 1]) - _DRAG_X[i])
    return (slope * (x - _DRAG_X[i]) + _DRAG_Y[i]) * x * x


_POINTS = np.array(dyadic_draws(54, 12, 1.0, 4))
_TANGENTS = np.gradient(_POINTS)
CATMULL = scipy.interpolate.CubicHermiteSpline(np.arange(12.0), _POINTS, _TANGENTS)
QUADRATIC = scipy.interpolate.PPoly.from_spline(
    scipy.interpolate.make_interp_spline(np.arange(12.0), np.array(dyadic_draws(55, 12, 2.0, 4)), k=2)
)
_RISING = (0.0, 0.25, 0.375, 1.5, 1.625, 2.5, 4.0)
_SPEEDS = (0.5, 0.125, 0.75, 0.25, 0.5, 1.25, 1.0)


def _rational_spline(x, m):
    """Monotone rational quadratic interpolation with given slopes at 0 … 6: the second derivative jumps."""
    total = x * 0.0
    for i in range(6):
        rise, a, b = _RISING[i + 1] - _RISING[i], _SPEEDS[i], _SPEEDS[i + 1]
        t = m.clip(x - float(i), 0.0, 1.0)
        both = t * (1.0 - t)
        total = total + rise * (rise * (t * t) + a * both) / (rise + (a + b - 2.0 * rise) * both)
    return total


KINKED: tuple[Unseen, ...] = (
    formula(
        _curved_kink,
        "curved_kink",
        "Two curves that cross; points at 1e-10 … 2 from the kink",
        _LINE,
        (1e-10, 2.0),
        is_log=True,
        offset=1.0,
        kind="kinked",
        reach=_CLOSE,
    ),
    formula(
        _happy_cat,
        "happy_cat",
        "H.-G. Beyer, S. Finck 2012; below the cusp",
        _LINE,
        (1e-10, 0.9),
        is_log=True,
        offset=1.0,
        sign=-1.0,
        kind="kinked",
        reach=_CLOSE,
    ),
    formula(_ackley, "ackley_line", "D. Ackley 1987; kink at 0", _LINE, (-3.0, 1.0), kind="kinked", formats=_THREE),
    formula(_selu, "selu", "G. Klambauer et al. 2017", _LINE, (-3.0, 3.0), kind="kinked", formats=_ALL),
    formula(
        _hard_swish,
        "hard_swish",
        "A. Howard et al. 2019; curved sides",
        _LINE,
        (-5.0, 5.0),
        kind="kinked",
        formats=_ALL,
    ),
    formula(_pinball, "pinball_loss", "R. Koenker, G. Bassett 1978", _LINE, (-6.0, 6.0), kind="kinked", formats=_THREE),
    formula(_squared_hinge, "squared_hinge", "Twelve seeded margins", _LINE, (-4.0, 4.0), kind="kinked", formats=_ALL),
    formula(
        _biweight, "biweight_density", "B. Silverman 1986, table 3.1", _LINE, (-2.5, 2.5), kind="kinked", formats=_THREE
    ),
    formula(
        _lanczos, "lanczos_window", "C. Lanczos 1956; three lobes", _LINE, (0.05, 4.5), kind="kinked", formats=_THREE
    ),
    formula(
        _at_the_joint,
        "at_the_joint",
        "W. H. Macaulay 1919; points at the joint and near it",
        _LINE,
        (1e-20, 1.0),
        is_log=True,
        offset=2.0,
        kind="kinked",
        reach=_CLOSE,
    ),
    formula(
        _tukey,
        "tukey_window",
        "J. W. Tukey 1967; points above the joint",
        _LINE,
        (1e-6, 0.45),
        is_log=True,
        offset=0.5,
        kind="kinked",
        reach=2.0**-26,
    ),
    formula(
        _sound_of_air,
        "sound_of_air",
        "US Standard Atmosphere 1976, four layers",
        (-5000.0, 47000.0),
        (10.0, 45000.0),
        kind="kinked",
        formats=_THREE,
    ),
    formula(_seeded_call, "seeded_call", "P. Boyle 1977; 64 seeded draws", _POSITIVE, (50.0, 200.0), kind="kinked"),
    formula(
        _cantilever_stop,
        "contact_stiffness",
        "H. Hertz 1882; exponent 3/2 beyond the contact",
        _LINE,
        (0.25, 2.0),
        kind="kinked",
    ),
    exact_twin(
        "drag_table",
        "Drag function G1, table with linear interpolation, times the square of the speed",
        _drag_table,
        _exact_drag,
        (0.0, 5.0),
        (0.05, 4.95),
        kind="kinked",
    ),
    exact_twin(
        "catmull_rom",
        "E. Catmull, R. Rom 1974; seeded points",
        CATMULL,
        piecewise(CATMULL),
        (0.0, 11.0),
        (0.05, 10.95),
        kind="kinked",
    ),
    exact_twin(
        "catmull_rom_at_knot",
        "E. Catmull, R. Rom 1974; points at the knot 5 and near it",
        CATMULL,
        piecewise(CATMULL),
        (0.0, 11.0),
        (1e-20, 0.5),
        is_log=True,
        offset=5.0,
        kind="kinked",
        reach=_CLOSE,
    ),
    exact_twin(
        "quadratic_spline",
        "M. J. Marsden 1974; seeded points",
        QUADRATIC,
        piecewise(QUADRATIC),
        (0.0, 11.0),
        (0.05, 10.95),
        kind="kinked",
    ),
    formula(
        _rational_spline,
        "rational_spline",
        "J. Gregory, R. Delbourgo 1982",
        (0.0, 6.0),
        (0.05, 5.95),
        kind="kinked",
        formats=_THREE,
    ),
)
