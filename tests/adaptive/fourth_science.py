"""The fourth set: astronomy, chemistry, biology, optics, acoustics, control, hydrology and geodesy."""

import math

import numpy as np

from tests.adaptive.unseen_function import Unseen, formula, summed

__all__ = ["SCIENCE"]

_LINE, _POSITIVE = (-math.inf, math.inf), (0.0, math.inf)
_ALL = ("float64", "float80", "float32", "float16")
_THREE = ("float64", "float80", "float32")


def _bennett(x, m):
    """Refraction in minutes of arc at the apparent altitude x in degrees; 0 just below the zenith."""
    return 1.0 / m.tan((x + 7.31 / (x + 4.4)) * (math.pi / 180.0))


def unit_nodes(count):
    """Return the nodes and weights of Gauss and Legendre on (0, 1)."""
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return list(zip((0.5 + 0.5 * nodes).tolist(), (0.5 * weights).tolist(), strict=True))


_UNIT = unit_nodes(16)


def h_at_nodes(albedo):
    """Return H at the nodes by 200 steps of the integral equation, for isotropic scattering."""
    nodes, weights = np.array(_UNIT).T
    h = np.ones_like(nodes)
    for _ in range(200):
        kernel = nodes * h * weights / (nodes[:, None] + nodes)
        h = 1.0 / (math.sqrt(1.0 - albedo) + 0.5 * albedo * kernel.sum(axis=1))
    return h.tolist()


_H = h_at_nodes(0.9375)


def _chandrasekhar(x, m):
    total = summed(w * t * h / (x + t) for (t, w), h in zip(_UNIT, _H, strict=True))
    return 1.0 / (math.sqrt(1.0 - 0.9375) + 0.5 * 0.9375 * total)


def _comoving_distance(x, m):
    """In units of c/H₀, to the redshift x; flat, matter 0.3153."""

    def rate(z):
        s = 1.0 + z
        return m.sqrt(0.3153 * (s * s * s) + 0.6847)

    return x * summed(w / rate(x * t) for t, w in _UNIT)


def _saha(x, m):
    """Ionised fraction of hydrogen at the temperature x in K and 10²⁰ nuclei per m³."""
    s = 2.4146830e21 / 1e20 * (x * m.sqrt(x)) * m.exp(-157887.5 / x)
    return 2.0 / (1.0 + m.sqrt(1.0 + 4.0 / s))


def _de_vaucouleurs(x, m):
    return m.exp(-7.66924944 * (m.sqrt(m.sqrt(x)) - 1.0))


def _equation_of_time(x, m):
    """Sun's longitude less its mean, in degrees, and the obliquity term; x is a Julian date."""
    d = x - 2451545.0
    anomaly = (357.529 + 0.98560028 * d) * (math.pi / 180.0)
    mean = (280.459 + 0.98564736 * d) * (math.pi / 180.0)
    return 1.915 * m.sin(anomaly) + 0.020 * m.sin(2.0 * anomaly) - 2.466 * m.sin(2.0 * mean)


def _margules(x, m):
    return m.exp((1.0 - x) * (1.0 - x) * (1.5625 + 2.0 * (0.84375 - 1.5625) * x))


def _nrtl(x, m):
    """Excess Gibbs energy of two liquids, in units of RT; 0 at both ends."""
    g12, g21 = math.exp(-0.3 * 1.8), math.exp(-0.3 * 0.55)
    y = 1.0 - x
    return x * y * (0.55 * g21 / (x + y * g21) + 1.8 * g12 / (y + x * g12))


def _peng_robinson(x, m):
    """Logarithm of the fugacity coefficient as a function of Z; A = 0.25, B = 0.03125."""
    a, b, root = 0.25, 0.03125, math.sqrt(2.0)
    upper, lower = x + (1.0 + root) * b, x + (1.0 - root) * b
    return x - 1.0 - m.log(x - b) - a / (2.0 * root * b) * m.log(upper / lower)


def _davies(x, m):
    root = m.sqrt(x)
    return 10.0 ** (-0.509 * 4.0 * (root / (1.0 + root) - 0.3 * x))


def _butler_volmer(x, m):
    return 1e-3 * (m.exp(0.375 * 38.92 * x) - m.exp(-0.625 * 38.92 * x))


def _arrhenius(x, m):
    return 1e13 * m.exp(-150000.0 / 8.314462618 / x)


def _allosteric(x, m):
    """Saturation of a tetramer; L = 1024, c = 1/64."""
    r, t = 1.0 + x, 1.0 + x / 64.0
    r3, t3 = r * r * r, t * t * t
    return (x * r3 + 16.0 * (x * t3)) / (r * r3 + 1024.0 * (t * t3))


def _richards(x, m):
    return 100.0 * m.exp(-2.5 * m.log1p(0.4 * m.exp(-0.5 * (x - 8.0))))


def _goldbeter_koshland(x, m):
    """Active fraction as a function of the ratio of rates; both constants 2⁻¹⁰."""
    k = 2.0**-10
    b = 1.0 - x + k + x * k
    return 2.0 * x * k / (b + m.sqrt(b * b - 4.0 * (1.0 - x) * x * k))


def _goldman(x, m):
    """Potential of a membrane in mV as a function of the permeability for sodium over that for potassium."""
    return 26.7 * m.log((5.0 + 145.0 * x) / (140.0 + 10.0 * x))


def _bode(x, m):
    """Gain in dB of 1/(s² + 0.1·s + 1)."""
    a, b = 1.0 - x * x, 0.1 * x
    return -10.0 * m.log10(a * a + b * b)


def _pade_delay(x, m):
    """Padé's approximation of order (3, 3) of e^(−x)."""
    y = x * x
    even, odd = 1.0 + y * 0.1, x * (0.5 + y / 120.0)
    return (even - odd) / (even + odd)


def _absorption_of_air(x, m):
    """In dB/m at the frequency x in Hz; 293.15 K, 1 atm; relaxation at 35 kHz and 332 Hz."""
    oxygen = 0.01275 * math.exp(-2239.1 / 293.15) / (35000.0 + x * x / 35000.0)
    nitrogen = 0.1068 * math.exp(-3352.0 / 293.15) / (332.0 + x * x / 332.0)
    return 8.686 * (x * x) * (1.84e-11 + oxygen + nitrogen)


_BK7 = ((1.03961212, 0.00600069867), (0.231792344, 0.0200179144), (1.01046945, 103.560653))


def _sellmeier(x, m):
    y = x * x
    return m.sqrt(1.0 + summed(b * y / (y - c) for b, c in _BK7))


_BREWSTER = math.atan(1.5)


def _reflected(x, m):
    """Reflectance of glass for light in the plane of incidence; it and its slope vanish at Brewster's angle."""
    c, s = m.cos(x), m.sin(x) / 1.5
    t = m.sqrt(1.0 - s * s)
    r = (1.5 * c - t) / (1.5 * c + t)
    return r * r


def _thin_film(x, m):
    """Reflectance of a film of 20 μm on glass at the wavelength x in m."""
    a, b = (1.0 - 1.38) / (1.0 + 1.38), (1.38 - 1.52) / (1.38 + 1.52)
    wave = 2.0 * a * b * m.cos(4.0 * math.pi * 1.38 * 20e-6 / x)
    return (a * a + b * b + wave) / (1.0 + a * a * b * b + wave)


def _van_genuchten(x, m):
    """Water content of a loam as a function of the suction in cm."""
    t = m.exp(1.56 * m.log(0.036 * x))
    return 0.078 + 0.352 * m.exp((1.0 / 1.56 - 1.0) * m.log1p(t))


def _manning(x, m):
    """Discharge of a trapezoid of bottom 3 m and sides 2:1 as a function of the depth in m."""
    area, wetted = (3.0 + 2.0 * x) * x, 3.0 + 2.0 * math.sqrt(5.0) * x
    return math.sqrt(0.001) / 0.025 * area * m.exp(2.0 / 3.0 * m.log(area / wetted))


_E = 0.08181919084262149


def _mercator(x, m):
    """Isometric latitude on WGS 84 of the latitude x in radians."""
    s = _E * m.sin(x)
    return m.log(m.tan(0.5 * x + 0.25 * math.pi)) - 0.5 * _E * m.log((1.0 + s) / (1.0 - s))


def _vincenty(x, m):
    """Distance in m on WGS 84 between reduced latitudes 0.7 and 0.6, x apart in longitude; eight steps."""
    s1, c1, s2, c2 = math.sin(0.7), math.cos(0.7), math.sin(0.6), math.cos(0.6)
    f, major, minor = 1.0 / 298.257223563, 6378137.0, 6356752.314245
    lam = x
    for _ in range(8):
        a, b = c2 * m.sin(lam), c1 * s2 - s1 * c2 * m.cos(lam)
        sine, cosine = m.sqrt(a * a + b * b), s1 * s2 + c1 * c2 * m.cos(lam)
        sigma, alpha = m.arctan(sine / cosine), c1 * a / sine
        square = 1.0 - alpha * alpha
        mid = cosine - 2.0 * s1 * s2 / square
        c = f / 16.0 * square * (4.0 + f * (4.0 - 3.0 * square))
        inner = mid + c * cosine * (2.0 * mid * mid - 1.0)
        lam = x + (1.0 - c) * f * alpha * (sigma + c * sine * inner)
    u = square * ((major * major - minor * minor) / (minor * minor))
    big = 1.0 + u / 16384.0 * (4096.0 + u * (u * (320.0 - 175.0 * u) - 768.0))
    small = u / 1024.0 * (256.0 + u * (u * (74.0 - 47.0 * u) - 128.0))
    cubic = small / 6.0 * mid * (4.0 * sine * sine - 3.0) * (4.0 * mid * mid - 3.0)
    change = small * sine * (mid + small / 4.0 * (cosine * (2.0 * mid * mid - 1.0) - cubic))
    return minor * big * (sigma - change)


SCIENCE: tuple[Unseen, ...] = (
    formula(_bennett, "bennett_refraction", "G. G. Bennett 1982", (-1.9, 90.0), (0.0, 89.9), formats=_THREE),
    formula(
        _chandrasekhar,
        "chandrasekhar_h",
        "S. Chandrasekhar 1950, Radiative Transfer; 16 nodes",
        _POSITIVE,
        (1e-6, 1.0),
        is_log=True,
    ),
    formula(
        _comoving_distance,
        "comoving_distance",
        "D. W. Hogg 1999, by 16 nodes",
        (-1.0, math.inf),
        (1e-8, 12.0),
        is_log=True,
    ),
    formula(_saha, "saha_hydrogen", "M. N. Saha 1920", _POSITIVE, (2e3, 1e6), is_log=True, kind="flat"),
    formula(
        _de_vaucouleurs,
        "de_vaucouleurs",
        "G. de Vaucouleurs 1948; singular at 0",
        _POSITIVE,
        (1e-12, 1e6),
        is_log=True,
        kind="pole",
    ),
    formula(
        _equation_of_time,
        "equation_of_time",
        "Astronomical Almanac, low precision; an offset of 2.45e6",
        _LINE,
        (2458849.5, 2459215.5),
        kind="narrow",
        reach=2.0**-17,
    ),
    formula(_margules, "margules_activity", "M. Margules 1895; two constants", _LINE, (0.01, 0.99), formats=_ALL),
    formula(_nrtl, "nrtl_excess", "H. Renon, J. Prausnitz 1968", (-0.05, 1.05), (0.002, 0.998), formats=_ALL),
    formula(
        _peng_robinson,
        "peng_robinson_fugacity",
        "D.-Y. Peng, D. Robinson 1976; near the pole at B",
        (0.03125, math.inf),
        (1e-9, 1e3),
        is_log=True,
        offset=0.03125,
        kind="pole",
    ),
    formula(
        _davies,
        "davies_activity",
        "C. W. Davies 1962; square root at 0",
        _POSITIVE,
        (1e-10, 1.0),
        is_log=True,
        kind="pole",
    ),
    formula(_butler_volmer, "butler_volmer", "J. Butler 1924, M. Volmer 1930", _LINE, (-0.25, 0.25), formats=_THREE),
    formula(
        _arrhenius, "arrhenius_rate", "S. Arrhenius 1889; from 1e-65 to 1e9", _POSITIVE, (100.0, 2000.0), is_log=True
    ),
    formula(
        _allosteric,
        "allosteric_mwc",
        "J. Monod, J. Wyman, J.-P. Changeux 1965",
        _POSITIVE,
        (1e-3, 1e3),
        is_log=True,
        formats=_THREE,
    ),
    formula(_richards, "richards_growth", "F. J. Richards 1959", _LINE, (5.0, 80.0), kind="flat"),
    formula(
        _goldbeter_koshland,
        "goldbeter_koshland",
        "A. Goldbeter, D. Koshland 1981",
        _POSITIVE,
        (0.95, 1.05),
        kind="narrow",
        reach=2.0**-13,
    ),
    formula(
        _goldman,
        "goldman_potential",
        "D. E. Goldman 1943; level at both ends",
        _POSITIVE,
        (1e-12, 1e12),
        is_log=True,
        kind="flat",
    ),
    formula(_bode, "bode_gain", "H. Bode 1945; damping 1/20", _LINE, (0.05, 20.0), is_log=True, formats=_THREE),
    formula(_pade_delay, "pade_delay", "H. Padé 1892; order (3, 3)", _LINE, (-4.0, 4.0), formats=_ALL),
    formula(_absorption_of_air, "absorption_of_air", "ISO 9613-1, equation 5", _LINE, (20.0, 2e6), is_log=True),
    formula(_sellmeier, "sellmeier_bk7", "W. Sellmeier 1871; BK7, μm", (0.142, 10.17), (0.3, 2.5), formats=_THREE),
    formula(
        _reflected,
        "brewster_reflectance",
        "A. Fresnel 1823; at the double zero",
        (0.0, 1.5),
        (1e-9, 0.5),
        is_log=True,
        offset=_BREWSTER,
    ),
    formula(
        _thin_film,
        "thin_film_fringes",
        "G. B. Airy 1833; wavelengths of 4e-7 m",
        _POSITIVE,
        (4e-7, 8e-7),
        kind="narrow",
        reach=2.0**-11,
    ),
    formula(
        _van_genuchten,
        "van_genuchten_retention",
        "M. T. van Genuchten 1980; loam",
        _POSITIVE,
        (1e-3, 1e6),
        is_log=True,
        formats=_THREE,
    ),
    formula(_manning, "manning_discharge", "R. Manning 1891", _POSITIVE, (1e-8, 50.0), is_log=True, formats=_THREE),
    formula(
        _mercator,
        "isometric_latitude",
        "J. Snyder 1987, equation 7-7; near the pole",
        (-1.5707963267948966, 1.5707963267948966),
        (1e-8, 3.0),
        is_log=True,
        offset=1.5707963267948966,
        sign=-1.0,
        kind="pole",
    ),
    formula(_vincenty, "vincenty_inverse", "T. Vincenty 1975; eight steps", (-1.5, 1.5), (-0.5, 0.5)),
)
