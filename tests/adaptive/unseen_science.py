"""The unseen set: laws of physics, chemistry, medicine and finance."""

import math

from tests.adaptive.unseen_function import Unseen, formula, summed

__all__ = ["SCIENCE"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_WIDE = ("float64", "float80")
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")
_PLANCK, _LIGHT, _BOLTZMANN = 6.62607015e-34, 299792458.0, 1.380649e-23


def _planck(x, m):
    return 2.0 * _PLANCK * _LIGHT**2 / x**5 / m.expm1(_PLANCK * _LIGHT / (_BOLTZMANN * 5772.0) / x)


def _van_der_waals(x, m):
    return 8.314462618 * 300.0 / (x - 4.267e-5) - 0.3640 / (x * x)


def _lennard_jones(x, m):
    s = 1.0 / (x * x * x * x * x * x)
    return 4.0 * (s * s - s)


def _antoine(x, m):
    return 10.0 ** (8.07131 - 1730.63 / (233.426 + x))


def _black_scholes(spot, strike, volatility, m):
    root = 0.5**0.5
    d1 = (m.log(spot / strike) + (0.03 + 0.5 * volatility * volatility) * 0.5) / (volatility * root)
    return spot * m.ndtr(d1) - strike * math.exp(-0.015) * m.ndtr(d1 - volatility * root)


def _vega(x, m):
    return _black_scholes(m.log(x) * 0.0 + 100.0, 120.0, x, m)


def _strike(x, m):
    return _black_scholes(100.0, x, 0.25, m)


def _cox_ingersoll_ross(x, m):
    """Price of a bond of five years as a function of the speed of mean reversion; θ = 0.06, σ = 0.1, r = 0.03."""
    gamma = m.sqrt(x * x + 2.0 * 0.1 * 0.1)
    growth = m.expm1(gamma * 5.0)
    bottom = (gamma + x) * growth + 2.0 * gamma
    log_a = 2.0 * x * 0.06 / (0.1 * 0.1) * m.log(2.0 * gamma * m.exp((x + gamma) * 2.5) / bottom)
    return m.exp(log_a - 2.0 * growth / bottom * 0.03)


def _one_compartment(x, m):
    """Concentration 3 h after a dose by mouth as a function of the rate of absorption, per hour."""
    return 320.0 * x / (31.7 * (x - 0.0863)) * (math.exp(-0.0863 * 3.0) - m.exp(-x * 3.0))


# Amplitude in m, speed in degrees an hour (M2, S2, N2, K1, O1, M4), phase in degrees.
_TIDES = (
    (1.21, 28.9841042, 31.0),
    (0.43, 30.0, 67.0),
    (0.25, 28.4397295, 12.0),
    (0.14, 15.0410686, 171.0),
    (0.11, 13.9430356, 320.0),
    (0.06, 57.9682084, 205.0),
)


def _tide(x, m):
    return summed(h * m.cos(x * math.radians(speed) - math.radians(phase)) for h, speed, phase in _TIDES)


def _kepler_radius(x, m):
    """Distance from the focus at the mean anomaly x; eccentricity 3/4, Kepler's equation by 16 steps of Newton."""
    e = x + 0.75
    for _ in range(16):
        e = e - (e - 0.75 * m.sin(e) - x) / (1.0 - 0.75 * m.cos(e))
    return 1.0 - 0.75 * m.cos(e)


def _kepler_slope(x):
    from tests.adaptive.unseen_function import CONTEXT as c

    e = c.findroot(lambda e: e - c.mpf(0.75) * c.sin(e) - x, (x, x + c.mpf(0.75)), solver="anderson", tol=1e-90)
    return c.mpf(0.75) * c.sin(e) / (1 - c.mpf(0.75) * c.cos(e))


def _colebrook(x, m):
    """Friction factor of a pipe as a function of the Reynolds number; relative roughness 2⁻¹², 60 steps."""
    s = x * 0.0 + 7.0
    for _ in range(60):
        s = -2.0 * m.log10(2.0**-12 / 3.7 + 2.51 * s / x)
    return 1.0 / (s * s)


def _fermi(x, m):
    return 1.0 / (m.exp((x - 1.0) * 1024.0) + 1.0)


def _potassium_rate(x, m):
    u = (x + 55.0) / 10.0
    return 0.1 * u / -m.expm1(-u)


def _debye_huckel(x, m):
    return 2.307077552e-28 / (78.4 * x) * m.exp(-x / 3.04e-9)


def _orbital_period(x, m):
    return 2.0 * math.pi * m.sqrt(x * x * x / 3.986004418e14)


def _kinetic_energy(x, m):
    ratio = x / _LIGHT
    return 9.1093837015e-31 * _LIGHT**2 * (1.0 / m.sqrt(1.0 - ratio * ratio) - 1.0)


def _clock(x, m):
    return m.sin((x - 1.7e9) / 8.0) + 0.25 * m.cos((x - 1.7e9) / 2.0)


def _breit_wigner(x, m):
    s = x * x - 91.1876**2
    return 91.1876**2 * 2.4952**2 / (s * s + 91.1876**2 * 2.4952**2)


def _crystal(x, m):
    """Response of a resonator of 10 MHz with Q = 10⁶ at the frequency x in Hz."""
    detuning = 1e6 * (x / 1e7 - 1e7 / x)
    return 1.0 / m.sqrt(1.0 + detuning * detuning)


def _gompertz(x, m):
    return m.exp(-2.0 * m.exp(-0.5 * x))


def _bet(x, m):
    return 64.0 * x / ((1.0 - x) * (1.0 + 63.0 * x))


def _beta_density(x, m):
    return m.exp(-0.25 * m.log(x) + 1.5 * m.log1p(-x))


def _waveguide(x, m):
    return x * m.tan(x) - m.sqrt(9.0 - x * x)


def _hill(x, m):
    t = x * x * x * x
    return t / (16.0 + t)


def _nfw(x, m):
    """Mass inside the radius x, in units of its scale radius."""
    return m.log1p(x) - x / (1.0 + x)


SCIENCE: tuple[Unseen, ...] = (
    formula(
        _planck, "planck_radiance", "M. Planck 1901; wavelength in m at 5772 K", _POSITIVE, (2e-7, 1e-4), is_log=True
    ),
    formula(
        _van_der_waals,
        "van_der_waals",
        "J. D. van der Waals 1873; CO2 at 300 K, volume near the pole at b",
        (4.267e-5, math.inf),
        (1e-10, 1e-3),
        is_log=True,
        offset=4.267e-5,
        kind="pole",
    ),
    formula(_lennard_jones, "lennard_jones", "J. E. Jones 1924; reduced units", _POSITIVE, (0.9, 3.0), formats=_ALL),
    formula(
        _antoine, "antoine_water", "C. Antoine 1888; water, mmHg and degrees C", (-233.426, math.inf), (1.0, 100.0)
    ),
    formula(
        _vega,
        "black_scholes_volatility",
        "F. Black, M. Scholes 1973; call out of the money",
        _POSITIVE,
        (0.02, 2.0),
        is_log=True,
        formats=("float64",),
        kind="flat",
    ),
    formula(
        _strike,
        "black_scholes_strike",
        "F. Black, M. Scholes 1973; call",
        _POSITIVE,
        (1.0, 1e3),
        is_log=True,
        formats=("float64",),
    ),
    formula(_cox_ingersoll_ross, "cir_bond", "J. Cox, J. Ingersoll, S. Ross 1985", _POSITIVE, (0.01, 5.0), is_log=True),
    formula(
        _one_compartment,
        "one_compartment",
        "Bateman function; theophylline, J. Pinheiro, D. Bates 2000",
        _POSITIVE,
        (0.1, 10.0),
        is_log=True,
    ),
    formula(_tide, "tide", "Speeds of constituents: A. T. Doodson 1921; hours", _LINE, (1e4, 1e5)),
    formula(
        _kepler_radius,
        "kepler_radius",
        "Kepler's equation by Newton's method",
        (0.0, math.pi),
        (0.05, 3.0),
        formats=_THREE,
        derivative=_kepler_slope,
    ),
    formula(
        _colebrook,
        "colebrook_friction",
        "C. F. Colebrook 1939, by fixed-point iteration",
        _POSITIVE,
        (4e3, 1e8),
        is_log=True,
        yardstick_points=16,
    ),
    formula(
        _fermi,
        "fermi_cold",
        "Fermi-Dirac occupation at kT = μ/1024",
        _LINE,
        (0.98, 1.02),
        formats=_THREE,
        kind="narrow",
        reach=2.0**-16,
    ),
    formula(
        _potassium_rate,
        "hodgkin_huxley_rate",
        "A. Hodgkin, A. Huxley 1952, rate of n; removable point at -55 mV",
        _LINE,
        (-100.0, 50.0),
    ),
    formula(
        _debye_huckel,
        "debye_huckel",
        "P. Debye, E. Hückel 1923; screened potential in J, distance in m",
        _POSITIVE,
        (1e-12, 1e-7),
        is_log=True,
    ),
    formula(_orbital_period, "orbital_period", "Kepler's third law; axis in m", _POSITIVE, (1e6, 1e12), is_log=True),
    formula(
        _kinetic_energy,
        "kinetic_energy",
        "A. Einstein 1905; γ - 1 cancels for a slow electron, speed in m/s",
        (-_LIGHT, _LIGHT),
        (1e5, 2.99e8),
        kind="noisy",
        noise=2e-9,
        is_log=True,
    ),
    formula(
        _clock,
        "clock",
        "Two waves in seconds since 1970: an offset of 1.7e9",
        _LINE,
        (1.7e9, 1.7e9 + 60.0),
        kind="narrow",
    ),
    formula(
        _breit_wigner,
        "breit_wigner",
        "Line shape of the Z boson in GeV; PDG",
        _POSITIVE,
        (80.0, 100.0),
        kind="narrow",
        reach=2.0**-11,
    ),
    formula(
        _crystal,
        "crystal_resonance",
        "Resonator of high quality, near its frequency",
        _POSITIVE,
        (1e7 - 30.0, 1e7 + 30.0),
        kind="narrow",
        reach=2.0**-27,
    ),
    formula(
        _gompertz,
        "gompertz_flat",
        "B. Gompertz 1825; saturated growth",
        _LINE,
        (4.0, 60.0),
        formats=_THREE,
        kind="flat",
    ),
    formula(
        _bet,
        "bet_isotherm",
        "S. Brunauer, P. Emmett, E. Teller 1938; near the pole at 1",
        (0.0, 1.0),
        (1e-8, 0.5),
        is_log=True,
        offset=1.0,
        sign=-1.0,
        formats=_THREE,
        kind="pole",
    ),
    formula(
        _beta_density,
        "beta_density",
        "Density of Beta(3/4, 5/2) without its constant; near 0",
        (0.0, 1.0),
        (1e-12, 0.9),
        is_log=True,
        formats=_THREE,
        kind="pole",
    ),
    formula(
        _waveguide,
        "waveguide_mode",
        "Even modes of a slab; near the pole of tan at π/2",
        (0.0, 1.5707963267948966),
        (1e-6, 1.4),
        is_log=True,
        offset=1.5707963267948966,
        sign=-1.0,
        formats=_WIDE,
        kind="pole",
    ),
    formula(
        _hill, "hill_response", "A. V. Hill 1910, exponent 4", _POSITIVE, (0.05, 60.0), is_log=True, formats=_THREE
    ),
    formula(
        _nfw,
        "nfw_mass",
        "J. Navarro, C. Frenk, S. White 1996; cancels as x²/2",
        _POSITIVE,
        (1e-4, 1e12),
        is_log=True,
        kind="noisy",
        noise=1e-12,
    ),
)
