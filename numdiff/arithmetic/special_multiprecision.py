"""SciPy's special functions in mpmath, for real arguments.

mpmath proves no bound and loses digits where a function crosses zero or where its formula cancels. So each function is
computed twice, with more and more guard bits, until two results agree to more than the precision that is asked for.

References
----------
NIST Digital Library of Mathematical Functions, https://dlmf.nist.gov: 7.2 and 7.12.1 (erfc and its expansion for large
x), 5.5.3 (reflection of Γ), 6.2 (exponential integrals), 4.13 (Lambert's W).
J. A. Blair, C. A. Edwards and J. H. Johnson, Rational Chebyshev approximations for the inverse of the error function,
Math. Comp. 30 (1976) 827-830: the behaviour of erf⁻¹ near ±1.
L. N. Trefethen and J. A. C. Weideman, The exponentially convergent trapezoidal rule, SIAM Rev. 56 (2014) 385-458.
"""

import math
from collections.abc import Callable, Mapping
from statistics import NormalDist
from types import MappingProxyType
from typing import Any

from mpmath import MPContext, libmp

from numdiff.arithmetic.multiprecision_functions import CONTEXT, REAL, Real, TooLarge, is_integer, magnitude

_FIRST_GUARD = 24
_MOST_GUARD = 1 << 14
"""Bits beyond which no two results are compared: what has not settled there is undecided."""
_FEW_BITS = 80
"""Bits with which Newton's method begins: a few more than the double that it begins with."""
_LEAST_TAIL = -1000
"""Above this exponent half a number is a normal double."""

_FREE: Any = MPContext()
"""A context whose real functions may pass through complex numbers, as the expansions of the Bessel functions do."""

_exp, _log, _log1p, _absolute, _negative = (REAL[name] for name in ("exp", "log", "log1p", "absolute", "negative"))


_LARGEST_MAGNITUDE = 1100
"""Arguments of float64 lie between 2**-1074 and 2**1024. Beyond, the work of mpmath grows with the exponent."""


_MOST_BITS_OF_GAMMA = 1700
"""Beyond, mpmath's Γ and ζ need tables that take seconds to minutes; there Arb's enclosures stand alone."""


_MOST_BITS_OF_K = 2100
"""Beyond, K₀ and K₁ take up to 0.8 s (4096 bits, x near 1600), and a cell asks for several values; Arb takes 0.02 s."""


def _computed(function: Callable[..., Real], guard: int, operands: tuple[Real, ...]) -> Real:
    try:
        with CONTEXT.extraprec(guard):
            return function(*operands)
    except (libmp.ComplexResult, TooLarge):
        raise
    except (ValueError, libmp.NoConvergence) as error:  # a pole that is not one, a series that does not end
        raise TooLarge from error


def _settled(
    function: Callable[..., Real], *, limited: bool = True, most_bits: float = math.inf
) -> Callable[..., Real]:
    """Return a function that is right to the precision of the context, and some bits more."""

    def settled(*operands: Real) -> Real:
        if limited and any(x and abs(magnitude(x)) > _LARGEST_MAGNITUDE for x in operands):
            raise TooLarge
        wanted, guard = CONTEXT.prec + 8, _FIRST_GUARD
        if wanted > most_bits:
            raise TooLarge
        coarse = _computed(function, guard, operands)
        while True:
            guard *= 4
            if guard > _MOST_GUARD:
                raise TooLarge
            fine = _computed(function, guard, operands)
            with CONTEXT.extraprec(guard):
                difference = CONTEXT.fsub(fine, coarse)
                if not difference or (magnitude(difference) <= magnitude(fine) - wanted and fine):
                    return fine
            coarse = fine

    return settled


# --- the error function and the normal distribution -----------------------------------------------------


def _is_far(x: Real) -> bool:
    """Say whether the expansion of erfc for large x reaches the precision: its least term is about exp(-x²)."""
    return bool(x > 2 and x * x > CONTEXT.prec)


def _tail(x: Real) -> Real:
    """Return exp(x²) erfc(x) = 1/(x √π) Σ (-1)ⁿ (2n - 1)!!/(2x²)ⁿ for large x (DLMF 7.12.1)."""
    ratio = CONTEXT.ldexp(1 / (x * x), -1)
    term = total = CONTEXT.mpf(1)
    n = 1
    while term and magnitude(term) > -CONTEXT.prec:
        term = -term * (2 * n - 1) * ratio
        total += term
        n += 1
    return total / (x * CONTEXT.sqrt(CONTEXT.pi))


def _exact_square(x: Real) -> Real:
    return CONTEXT.fmul(x, x, exact=True)


def _erfc(x: Real) -> Real:
    return _exp(_negative(_exact_square(x))) * _tail(x) if _is_far(x) else CONTEXT.erfc(x)


def _erfcx(x: Real) -> Real:
    return _tail(x) if _is_far(x) else _exp(_exact_square(x)) * CONTEXT.erfc(x)


def _erfinv(x: Real) -> Real:
    """Solve log erfc(y) = log(1 - |x|) by Newton's method, erf(y) = |x| where |x| is small; the function is odd."""
    if x in (1, -1):
        raise ZeroDivisionError
    size = _absolute(x)
    if size > 1:
        raise libmp.ComplexResult
    if not x:
        return x
    scale = CONTEXT.sqrt(CONTEXT.pi) / 2
    if magnitude(size) < -CONTEXT.prec:  # y = x √π/2 (1 + π x²/12 + …)
        return x * scale
    rest = CONTEXT.fsub(1, size, prec=2 * CONTEXT.prec)
    if size < 0.5:

        def step(y: Real) -> Real:
            return (CONTEXT.erf(y) - size) * _exp(_exact_square(y)) * scale

    else:
        target = _log(rest)

        def step(y: Real) -> Real:
            return (target - _log(_erfc(y))) * _erfcx(y) * scale

    y = _by_newton(step, _near_erfinv(size, rest))
    return -y if x < 0 else y


def _near_erfinv(size: Real, rest: Real) -> Real:
    """Return erf⁻¹ at 0 < size = 1 - rest < 1 to some digits: as a double where the normal quantile of one tells it."""
    if size < 2.0**-20:
        return size * CONTEXT.sqrt(CONTEXT.pi) / 2
    if magnitude(rest) > _LEAST_TAIL:
        return CONTEXT.mpf(-NormalDist().inv_cdf(float(rest) / 2) / math.sqrt(2))
    target = _log(rest)
    return CONTEXT.sqrt(_log(2 / CONTEXT.sqrt(-CONTEXT.pi * target)) - target)


def _by_newton(step: Callable[[Real], Real], y: Real) -> Real:
    """Return y less the steps of Newton's method: at few bits until half of them hold, then at twice as many."""
    bits, ladder = CONTEXT.prec, []
    while bits > _FEW_BITS:
        ladder.append(bits)
        bits = bits // 2 + _FIRST_GUARD // 2
    with CONTEXT.workprec(bits):
        for _ in range(4 + 2 * bits.bit_length()):
            change = step(y)
            y = y - change
            if not change or magnitude(change) < magnitude(y) - bits // 2 - 8:
                break
        else:
            raise TooLarge
    for bits in reversed(ladder):
        with CONTEXT.workprec(bits):
            y = y - step(y)
    return y


def _ndtr(x: Real) -> Real:
    return CONTEXT.ldexp(_erfc(-x / CONTEXT.sqrt(2)), -1)


def _log_ndtr(x: Real) -> Real:
    root = x / CONTEXT.sqrt(2)
    if x > 0:
        return _log1p(-CONTEXT.ldexp(_erfc(root), -1))
    return _log(CONTEXT.ldexp(_erfcx(-root), -1)) - CONTEXT.ldexp(_exact_square(x), -1)


# --- Γ and its kin --------------------------------------------------------------------------------------


def _is_pole_of_gamma(x: Real) -> bool:
    return not x or (x < 0 and is_integer(x))


def _without_poles(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    def checked(x: Real) -> Real:
        if _is_pole_of_gamma(x):
            raise ZeroDivisionError
        return function(x)

    return checked


def _log_gamma(x: Real) -> Real:
    """Return log|Γ(x)|; for x < 0 by Γ(x)Γ(1 - x) = π/sin πx (DLMF 5.5.3)."""
    if x > 0:
        return CONTEXT.loggamma(x)
    mirrored = CONTEXT.fsub(1, x, prec=2 * CONTEXT.prec)
    return _log(CONTEXT.pi / _absolute(CONTEXT.sinpi(x))) - CONTEXT.loggamma(mirrored)


# --- logistic functions and entropies -------------------------------------------------------------------


def _logit(x: Real) -> Real:
    if x in (0, 1):
        raise ZeroDivisionError
    if x < 0 or x > 1:
        raise libmp.ComplexResult
    if x < 0.25 or x > 0.75:
        return _log(x) - _log1p(_negative(x))
    twice = CONTEXT.fsub(CONTEXT.ldexp(x, 1), 1, exact=True)
    return _log1p(twice / (1 - x))


def _log_expit(x: Real) -> Real:
    return -_log1p(_exp(_negative(x))) if x > 0 else x - _log1p(_exp(x))


def _entropy(x: Real) -> Real:
    if x < 0:
        raise ZeroDivisionError
    return -x * _log(x) if x else x


# --- integrals, Bessel functions and others -------------------------------------------------------------


def _of_positive(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    def checked(x: Real) -> Real:
        if not x:
            raise ZeroDivisionError
        if x < 0:
            raise libmp.ComplexResult
        return function(x)

    return checked


def _bessel_i(order: int) -> Callable[[Real], Real]:
    def function(x: Real) -> Real:
        with _FREE.workprec(CONTEXT.prec):
            return CONTEXT.make_mpf(_FREE.besseli(order, _FREE.make_mpf(x._mpf_)).real._mpf_)

    return function


def _scaled_i(order: int) -> Callable[[Real], Real]:
    return lambda x: _exp(_negative(_absolute(x))) * _bessel_i(order)(x)


def _k_by_series(order: int, x: Real) -> Real:
    """Return K₀ or K₁ by the series around 0 (DLMF 10.31.1, 10.31.2), in integers that outlast its cancellation.

    The terms are of the size of I₀ < exp(x), and so may be what became of their roundings, against a value of about
    exp(-x): 2x/ln 2 bits are lost.
    """
    bits = CONTEXT.prec + int(3 * x) + 32
    with CONTEXT.workprec(bits):
        square = CONTEXT.ldexp(x * x, -2).to_fixed(bits)
        logarithm = (_log(CONTEXT.ldexp(x, -1)) + CONTEXT.euler).to_fixed(bits)
    one = 1 << bits
    factor, harmonic, total, k = one, 0, 0, 0
    while factor:
        mean = harmonic + (one // (2 * (k + 1)) if order else 0)
        total += factor * (mean - logarithm) >> bits
        k += 1
        harmonic += one // k
        factor = (factor * square >> bits) // (k * (k + order))
    with CONTEXT.workprec(bits):
        value = CONTEXT.ldexp(CONTEXT.mpf(total), -bits)
        return 1 / x - CONTEXT.ldexp(x, -1) * value if order else value


def _bessel_k(order: int) -> Callable[[Real], Real]:
    """Return K₀ or K₁; far from 0 as ∫ exp(-x cosh t) cosh(nt) dt over t > 0 (DLMF 10.32.9), by the trapezoidal rule.

    The integrand is analytic for |Im t| < π/2, so that a step h errs by about exp(-π²/h), against a value of exp(-x).
    """

    def function(x: Real) -> Real:
        if 3 * x < CONTEXT.prec:
            return _k_by_series(order, x)
        if x > CONTEXT.prec:
            return CONTEXT.besselk(order, x)
        h = CONTEXT.pi**2 / (CONTEXT.prec * CONTEXT.ln2 + x + 8)
        total, before, growth = _exp(-x) * CONTEXT.mpf(0.5), CONTEXT.mpf(1), CONTEXT.cosh(h)
        twice = CONTEXT.ldexp(growth, 1)
        while True:
            term = _exp(-x * growth) * (growth if order else 1)
            total += term
            if magnitude(term) < magnitude(total) - CONTEXT.prec:
                return h * total
            before, growth = growth, twice * growth - before  # cosh((j + 1)h), which grows, so that errors do not

    return function


def _expi(x: Real) -> Real:
    if not x:
        raise ZeroDivisionError
    return CONTEXT.ei(x)


def _ellipk(m: Real) -> Real:
    if m == 1:
        raise ZeroDivisionError
    if m > 1:
        raise libmp.ComplexResult
    return CONTEXT.pi / CONTEXT.ldexp(CONTEXT.agm(1, CONTEXT.sqrt(CONTEXT.fsub(1, m, prec=2 * CONTEXT.prec))), 1)


def _lambertw(x: Real) -> Real:
    if x < -_exp(CONTEXT.mpf(-1)):
        raise libmp.ComplexResult
    return CONTEXT.lambertw(x)


def _zeta(x: Real) -> Real:
    if x == 1:
        raise ZeroDivisionError
    return CONTEXT.zeta(x)


def _sinc(x: Real) -> Real:
    return CONTEXT.sinpi(x) / (CONTEXT.pi * x) if x else CONTEXT.mpf(1)


_SETTLED: Mapping[str, Callable[..., Real]] = {
    "special.erf": CONTEXT.erf,
    "special.erfc": _erfc,
    "special.erfcx": _erfcx,
    "special.erfinv": _erfinv,
    "special.ndtr": _ndtr,
    "special.log_ndtr": _log_ndtr,
    "special.gamma": _without_poles(CONTEXT.gamma),
    "special.gammaln": _without_poles(_log_gamma),
    "special.rgamma": CONTEXT.rgamma,
    "special.psi": _without_poles(lambda x: CONTEXT.psi(0, x)),
    "special.expit": lambda x: 1 / (1 + _exp(_negative(x))),
    "special.logit": _logit,
    "special.log_expit": _log_expit,
    "special.xlogy": lambda x, y: x * _log(y) if x else x,
    "special.xlog1py": lambda x, y: x * _log1p(y) if x else x,
    "special.entr": _entropy,
    "special.expi": _expi,
    "special.exp1": _of_positive(CONTEXT.e1),
    "special.j0": lambda x: CONTEXT.besselj(0, x),
    "special.j1": lambda x: CONTEXT.besselj(1, x),
    "special.i0": _bessel_i(0),
    "special.i1": _bessel_i(1),
    "special.i0e": _scaled_i(0),
    "special.i1e": _scaled_i(1),
    "special.k0": _of_positive(_bessel_k(0)),
    "special.k1": _of_positive(_bessel_k(1)),
    "special.ellipk": _ellipk,
    "special.lambertw": _lambertw,
    "special.zeta": _zeta,
    "sinc": _sinc,
}

_IN_ALL_FORMATS = {"special.expit", "special.logit", "special.log_expit", "special.xlogy", "special.xlog1py", "sinc"}
"""Made of elementary functions, which have limits of their own."""

_MOST_BITS: Mapping[str, int] = {
    **dict.fromkeys(("special.gamma", "special.gammaln", "special.rgamma", "special.psi"), _MOST_BITS_OF_GAMMA),
    "special.zeta": _MOST_BITS_OF_GAMMA,
    "special.k0": _MOST_BITS_OF_K,
    "special.k1": _MOST_BITS_OF_K,
}

REAL_SPECIAL: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {
        name: _settled(function, limited=name not in _IN_ALL_FORMATS, most_bits=_MOST_BITS.get(name, math.inf))
        for name, function in _SETTLED.items()
    }
    | {"i0": _settled(_SETTLED["special.i0"])}
)
"""The special functions in numbers of the context, at its precision."""
