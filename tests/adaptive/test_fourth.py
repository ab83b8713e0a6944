"""The functions of the fourth set are those of their sources: certified, published and independent values."""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.linalg
import scipy.stats

from tests.adaptive.fourth_computed import matrices_of_the_root
from tests.adaptive.fourth_models import boxbod_squares, heston_terms
from tests.adaptive.fourth_noisy import contaminated, exponential, in_cells, student
from tests.adaptive.fourth_science import h_at_nodes, unit_nodes
from tests.adaptive.unseen import FOURTH
from tests.adaptive.unseen_function import CONTEXT, EXACT, Unseen

_E = 0.08181919084262149  # eccentricity of WGS 84


def by_name(name: str) -> Unseen:
    return next(function for function in FOURTH if function.name == name)


def value(name: str, x: float) -> float:
    return float(by_name(name).f(np.array([x]))[0])


def test_data_of_boxbod_give_the_certified_sum_of_squares():
    squares = boxbod_squares(CONTEXT.mpf("5.4723748542e-1"), EXACT)
    assert float(squares) == pytest.approx(1.1680088766e3, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "x", "published", "relative"),
    [
        ("bennett_refraction", 0.0, 34.5, 1e-3),  # minutes of arc at the horizon
        ("sellmeier_bk7", 0.5875618, 1.5168, 5e-6),  # Schott, yellow line of helium
        ("wind_chill", 30.0, -19.5, 5e-3),  # Environment Canada's table, −10 degrees
        ("sound_of_air", 1e-9, 340.294, 1e-6),  # US Standard Atmosphere 1976, at sea level
        ("sound_of_air", 11000.0, 295.070, 1e-5),
        ("drag_table", 1.0, 0.4805, 1e-15),
        ("wynn_logarithm", 2.0, math.log(3.0), 1e-6),
        ("levin_eta", 2.0, math.pi**2 / 12.0, 1e-10),
        ("aitken_series", 1.0, math.log(2.0), 1e-8),
        ("pade_delay", 1.0, math.exp(-1.0), 1.1e-5),
        ("bond_yield", 0.04, 100.0, 1e-13),  # the yield is the coupon
        ("bode_gain", 1.0, 20.0, 1e-14),  # resonance at damping 1/20
        ("isometric_latitude", 0.7, math.asinh(math.tan(0.7)) - _E * math.atanh(_E * math.sin(0.7)), 1e-14),
    ],
)
def test_values_agree_with_published_ones(name, x, published, relative):
    assert value(name, x) == pytest.approx(published, rel=relative)


def test_continued_fraction_has_ramanujans_value():
    """R(e^(−2π)) = √((5 + √5)/2) − (1 + √5)/2, with R(q) = q^(1/5) times the fraction."""
    q = math.exp(-2.0 * math.pi)
    expected = math.sqrt((5.0 + math.sqrt(5.0)) / 2.0) - (1.0 + math.sqrt(5.0)) / 2.0
    assert q**0.2 * value("rogers_ramanujan", q) == pytest.approx(expected, rel=1e-14)


def test_h_has_chandrasekhars_zeroth_moment():
    """∫ H = 2·(1 − √(1 − ω))/ω."""
    moment = sum(w * h for (_, w), h in zip(unit_nodes(16), h_at_nodes(0.9375), strict=True))
    assert moment == pytest.approx(2.0 * (1.0 - 0.25) / 0.9375, rel=1e-13)


def test_distances_agree_with_quadrature():
    rate = lambda z: 1.0 / math.sqrt(0.3153 * (1.0 + z) ** 3 + 0.6847)
    assert value("comoving_distance", 5.0) == pytest.approx(scipy.integrate.quad(rate, 0.0, 5.0)[0], rel=1e-9)
    meridian = lambda b: math.hypot(6378137.0 * math.sin(b), 6356752.314245 * math.cos(b))
    assert value("vincenty_inverse", 0.0) == pytest.approx(scipy.integrate.quad(meridian, 0.6, 0.7)[0], rel=1e-10)


def test_likelihoods_agree_with_scipy():
    assert value("student_degrees", 7.0) == pytest.approx(scipy.stats.t.logpdf(2.0, 7.0), rel=1e-13)
    counts = np.array([0, 3, 1, 7, 2, 0, 12, 4, 1, 5, 0, 2])
    expected = scipy.stats.nbinom.logpmf(counts, 2.5, 2.5 / 5.5).sum()
    assert value("negative_binomial_size", 2.5) == pytest.approx(expected, rel=1e-13)
    assert value("skew_normal", -1.0) == pytest.approx(scipy.stats.skewnorm.pdf(-1.0, -3.0), rel=1e-13)


def test_heston_without_volatility_of_variance_is_black_and_scholes():
    terms = heston_terms(theta=0.04, sigma=1e-4, rho=0.0, count=100)
    integral = sum(w * math.exp(a + 0.04 * p) * math.cos(b + 0.04 * q) for w, a, b, p, q in terms)
    price = 100.0 - 100.0 * math.exp(0.05) / math.pi * integral
    first = (-0.1 + 0.02) / 0.2
    normal = scipy.stats.norm.cdf
    assert price == pytest.approx(100.0 * normal(first) - 100.0 * math.exp(0.1) * normal(first - 0.2), rel=1e-8)


def test_root_of_the_matrix_is_scipys():
    a, b = matrices_of_the_root()
    assert value("matrix_square_root", 0.5) == pytest.approx(scipy.linalg.sqrtm(a + 0.5 * b)[0, 1], rel=1e-12)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble])
def test_noise_has_the_distribution_that_it_names(rng, dtype):
    """Medians of the size: log 2, √(2/3), and a share of one in twenty; five standard deviations."""
    x = np.unique(rng.uniform(1.0, 2.0, 4000)).astype(dtype)
    allowed = 5.0 * math.sqrt(0.25 / x.size)
    assert abs(np.mean(np.abs(exponential(x, 1)) < math.log(2.0)) - 0.5) < allowed
    assert abs(np.mean(np.abs(student(x, 2)) < math.sqrt(2.0 / 3.0)) - 0.5) < allowed
    # A large one is above 1/16 with probability 15/16.
    share = 0.05 * 15.0 / 16.0
    assert abs(np.mean(np.abs(contaminated(x, 3)) > 0.0625) - share) < 5.0 * math.sqrt(share / x.size)
    assert abs(np.mean(exponential(x, 1) > 0.0) - 0.5) < allowed


def test_noise_in_cells_is_one_number_a_cell():
    cell = 1.0 + np.arange(64) * 2.0**-20
    assert np.unique(in_cells(cell, 4)).size == 1
    assert in_cells(cell + 2.0**-14, 4)[0] != in_cells(cell, 4)[0]


def test_some_points_lie_at_the_joint_and_some_near_it():
    for name, joint in (("at_the_joint", 2.0), ("catmull_rom_at_knot", 5.0)):
        x = by_name(name).points()
        assert 10 <= (x == joint).sum() <= 40
        assert ((x > joint) & (x < joint + 1e-6)).sum() >= 20
