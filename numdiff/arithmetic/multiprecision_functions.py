"""The ufuncs in mpmath, real and complex, in a context of its own at its precision.

Where mpmath would lose more bits, or need as many of them as the size of an argument says, the functions here come
before its own.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from mpmath import MPContext, libmp

from numdiff.arithmetic.ball import LARGEST_EXPONENT
from numdiff.arithmetic.engine import ARITHMETIC
from numdiff.arithmetic.pieces import PIECES, QUOTIENTS, remainder
from numdiff.floats.formats import Dyadic

# Beyond |x| = 2**32768 (float80 ends at 2**16384) exp and sin would need as many bits for the argument alone.
_LARGEST_MAGNITUDE = 1 << 15
# At high precision mpmath takes the power of e or of a base to an integer exponent by repeated squaring, with as many
# bits and as many squarings as the exponent has.
_LARGEST_INTEGER_SIZE = 64

Real = Any
Complex = Any

CONTEXT: Any = MPContext()
CONTEXT.trap_complex = True  # a real function has no complex values


class TooLarge(ArithmeticError):
    """The computation would need as many bits as an argument, or its exponent, is large."""


FAILURES = (libmp.ComplexResult, ZeroDivisionError, OverflowError, TooLarge)


# --- real functions -------------------------------------------------------------------------------------


def lifted(number: Dyadic) -> Real:
    """Return a dyadic number, whatever the precision is."""
    return CONTEXT.make_mpf(libmp.from_man_exp(*number))


def magnitude(x: Real) -> int:
    """Return the e with 2**(e-1) <= |x| < 2**e of a nonzero number, and 0 for zero."""
    return x._mpf_[2] + x._mpf_[3]


def is_integer(x: Real) -> bool:
    """Say whether a number is an integer: the exponent of a normalised one is that of its last bit."""
    return x._mpf_[2] >= 0


def _is_large_integer(x: Real) -> bool:
    return is_integer(x) and magnitude(x) > _LARGEST_INTEGER_SIZE


def _negative(x: Any) -> Any:
    return CONTEXT.fneg(x, exact=True)


def _absolute(x: Real) -> Real:
    return _negative(x) if x < 0 else x


def _limited(function: Callable[[Real], Real]) -> Callable[[Real], Real]:
    def limited(x: Real) -> Real:
        if magnitude(x) > _LARGEST_MAGNITUDE:
            raise TooLarge
        return function(x)

    return limited


def _exp(x: Real) -> Real:
    """Compute exp(x), as 2ⁿ exp(x − n log 2) for a large integer; the bits of n are lost in the difference."""
    if not _is_large_integer(x):
        return CONTEXT.exp(x)
    size = magnitude(x)
    with CONTEXT.extraprec(size + 16):
        log2 = +CONTEXT.ln2
    n = int(CONTEXT.fdiv(x, log2, prec=size + 16))
    rest = CONTEXT.fsub(x, CONTEXT.fmul(n, log2, exact=True), prec=CONTEXT.prec + 16)
    return CONTEXT.ldexp(CONTEXT.exp(rest), n)


def _sinh(x: Real) -> Real:
    """Compute sinh(x), as ±exp(|x|)/2 for a large integer, up to far below the last bit."""
    if not _is_large_integer(x):
        return CONTEXT.sinh(x)
    return -_cosh(x) if x < 0 else _cosh(x)


def _cosh(x: Real) -> Real:
    return CONTEXT.ldexp(_exp(_absolute(x)), -1) if _is_large_integer(x) else CONTEXT.cosh(x)


def _expm1(x: Real) -> Real:
    """Compute exp(x) - 1 without cancellation: x + x²/2 suffices where x³/6 is below the last bit."""
    size = magnitude(x)
    if not x or size < -CONTEXT.prec // 2 - 2:
        return x * (1 + CONTEXT.ldexp(x, -1))
    with CONTEXT.extraprec(max(0, -size) + 4):
        grown = _exp(x)
    return grown - 1


def _log1p(x: Real) -> Real:
    """Compute log(1 + x): x - x²/2 where x³/3 is below the last bit, else from 1 + x, rounded late enough."""
    if not x or magnitude(x) < -CONTEXT.prec // 2 - 2:
        return x * (1 - CONTEXT.ldexp(x, -1))
    return CONTEXT.ln(CONTEXT.fadd(1, x, prec=2 * CONTEXT.prec))


def _log2(x: Real) -> Real:
    sign, mantissa, exponent, _ = x._mpf_
    return CONTEXT.mpf(exponent) if mantissa == 1 and not sign else CONTEXT.ln(x) / CONTEXT.ln2


def _acosh(x: Real) -> Real:
    # The exact difference x - 1 of a tiny x has as many bits as the exponent of x says.
    if x < 1:
        raise libmp.ComplexResult
    # Near 1 the value is about sqrt(2(x - 1)), but mpmath forms it as log(x + sqrt(x² - 1)).
    lost = max(0, -magnitude(CONTEXT.fsub(x, 1, exact=True))) if magnitude(x) <= 1 else 0
    with CONTEXT.extraprec(lost // 2 + 1):
        return CONTEXT.acosh(x)


def _atanh(x: Real) -> Real:
    if x in (1, -1):
        raise ZeroDivisionError
    return CONTEXT.atanh(x)


def _cbrt(x: Real) -> Real:
    # NumPy's cube root is real for negative numbers; mpmath's own turns complex.
    return -CONTEXT.cbrt(_negative(x)) if x < 0 else CONTEXT.cbrt(x)


def _power(base: Real, exponent: Real) -> Real:
    """Compute base**exponent with the bits that the size of exponent·log(base) costs."""
    if not base:
        if exponent < 0:
            raise ZeroDivisionError
        return CONTEXT.mpf(not exponent)
    lost = max(0, magnitude(exponent)) + magnitude(base).bit_length()
    if lost > _LARGEST_MAGNITUDE:
        raise TooLarge
    if not _is_large_integer(exponent) or base._mpf_[1] == 1:
        with CONTEXT.extraprec(lost + 4):
            return base**exponent
    with CONTEXT.extraprec(lost + 4):
        logarithm = CONTEXT.ln(_absolute(base))
    with CONTEXT.extraprec(4):
        result = _exp(CONTEXT.fmul(exponent, logarithm, exact=True))
    is_odd = exponent._mpf_[2] == 0
    return -result if base < 0 and is_odd else result


def _dyadic(x: Real) -> Dyadic:
    sign, mantissa, exponent, _ = x._mpf_
    if exponent > _LARGEST_MAGNITUDE << 2:
        raise TooLarge
    return -int(mantissa) if sign else int(mantissa), exponent


def _piece(name: str) -> Callable[[Real], Real]:
    return lambda x: lifted((PIECES[name](_dyadic(x)), 0))


def _remainder(name: str) -> Callable[[Real, Real], Real]:
    return lambda x, y: lifted(remainder(name, _dyadic(x), _dyadic(y)))


REAL: Mapping[str, Callable[..., Real]] = MappingProxyType(
    {
        **ARITHMETIC,
        **{name: _piece(name) for name in PIECES},
        **{name: _remainder(name) for name in QUOTIENTS},
        "negative": _negative,
        "conjugate": lambda x: x,
        "absolute": _absolute,
        "sign": CONTEXT.sign,
        "power": _power,
        "sqrt": CONTEXT.sqrt,
        "cbrt": _cbrt,
        "exp": _limited(_exp),
        "exp2": lambda x: _power(CONTEXT.mpf(2), x),
        "expm1": _limited(_expm1),
        "log": CONTEXT.ln,
        "log2": _log2,
        "log10": lambda x: CONTEXT.ln(x) / CONTEXT.ln10,
        "log1p": _log1p,
        "sin": _limited(CONTEXT.sin),
        "cos": _limited(CONTEXT.cos),
        "tan": _limited(CONTEXT.tan),
        "arcsin": CONTEXT.asin,
        "arccos": CONTEXT.acos,
        "arctan": CONTEXT.atan,
        "sinh": _limited(_sinh),
        "cosh": _limited(_cosh),
        "tanh": _limited(CONTEXT.tanh),
        "arcsinh": CONTEXT.asinh,
        "arccosh": _acosh,
        "arctanh": _atanh,
        "arctan2": CONTEXT.atan2,
        "hypot": CONTEXT.hypot,
        "maximum": lambda x, y: x if x >= y else y,
        "minimum": lambda x, y: x if x <= y else y,
        "deg2rad": lambda x: x * (CONTEXT.pi / 180),
        "rad2deg": lambda x: x * (180 / CONTEXT.pi),
    }
)
"""The ufuncs in numbers of the context, at its precision."""


# --- complex functions (principal branches) -------------------------------------------------------------


def _limited_complex(function: Callable[[Complex], Complex], *, grows: bool = False) -> Callable[[Complex], Complex]:
    def limited(z: Complex) -> Complex:
        parts = z.real, z.imag
        if max(map(magnitude, parts)) > _LARGEST_MAGNITUDE or (grows and any(map(_is_large_integer, parts))):
            raise TooLarge
        return function(z)

    return limited


def _refuse_tiny(z: Complex) -> None:
    """Raise where mpmath's complex logarithm would form 1 + b² exactly, with as many bits as the exponent of b says."""
    if any(part and magnitude(part) < -LARGEST_EXPONENT for part in (z.real, z.imag)):
        raise TooLarge


def _complex_log(z: Complex) -> Complex:
    if not z:
        raise ZeroDivisionError
    _refuse_tiny(z)
    return CONTEXT.ln(z)


def _complex_atan(z: Complex) -> Complex:
    _refuse_tiny(z)
    return CONTEXT.atan(z)


def _complex_atanh(z: Complex) -> Complex:
    if z in (1, -1):
        raise ZeroDivisionError
    _refuse_tiny(z)
    return CONTEXT.atanh(z)


def _complex_power(base: Complex, exponent: Complex) -> Complex:
    if not base:
        if exponent.real < 0 or exponent.imag:
            raise ZeroDivisionError
        return CONTEXT.mpc(not exponent)
    size = max(map(magnitude, (exponent.real, exponent.imag)))
    lost = max(0, size) + max(magnitude(part).bit_length() for part in (base.real, base.imag))
    if lost > _LARGEST_MAGNITUDE or any(map(_is_large_integer, (exponent.real, exponent.imag))):
        raise TooLarge
    _refuse_tiny(base)
    with CONTEXT.extraprec(lost + 4):
        return base**exponent


def _complex_expm1(z: Complex) -> Complex:
    """exp(a + ib) - 1 = expm1(a) cos b - 2 sin²(b/2) + i exp(a) sin b."""
    a, b = z.real, z.imag
    half_sine = CONTEXT.sin(CONTEXT.ldexp(b, -1))
    # Both products are exact: only the difference is rounded.
    left = CONTEXT.fmul(_expm1(a), CONTEXT.cos(b), exact=True)
    right = CONTEXT.ldexp(CONTEXT.fmul(half_sine, half_sine, exact=True), 1)
    return CONTEXT.mpc(left - right, _exp(a) * CONTEXT.sin(b))


def _complex_log1p(z: Complex) -> Complex:
    """log(1 + a + ib) = log1p(a(2 + a) + b²)/2 + i atan2(b, 1 + a)."""
    a, b = z.real, z.imag
    if z == -1:
        raise ZeroDivisionError
    late = 2 * CONTEXT.prec
    real = CONTEXT.fmul(a, CONTEXT.fadd(2, a, prec=late), exact=True)
    excess = CONTEXT.fadd(real, CONTEXT.fmul(b, b, exact=True), prec=late)
    angle = CONTEXT.atan2(b, CONTEXT.fadd(1, a, prec=late))
    return CONTEXT.mpc(CONTEXT.ldexp(_log1p(excess), -1), angle)


COMPLEX: Mapping[str, Callable[..., Complex]] = MappingProxyType(
    {
        **ARITHMETIC,
        "negative": _negative,
        "power": _complex_power,
        "sqrt": CONTEXT.sqrt,
        "exp": _limited_complex(CONTEXT.exp, grows=True),
        "exp2": lambda z: _complex_power(CONTEXT.mpc(2), z),
        "expm1": _limited_complex(_complex_expm1),
        "log": _complex_log,
        "log2": lambda z: _complex_log(z) / CONTEXT.ln2,
        "log10": lambda z: _complex_log(z) / CONTEXT.ln10,
        "log1p": _complex_log1p,
        "sin": _limited_complex(CONTEXT.sin),
        "cos": _limited_complex(CONTEXT.cos),
        "tan": _limited_complex(CONTEXT.tan),
        "arcsin": CONTEXT.asin,
        "arccos": CONTEXT.acos,
        "arctan": _complex_atan,
        "sinh": _limited_complex(CONTEXT.sinh, grows=True),
        "cosh": _limited_complex(CONTEXT.cosh, grows=True),
        "tanh": _limited_complex(CONTEXT.tanh, grows=True),
        "arcsinh": CONTEXT.asinh,
        "arccosh": CONTEXT.acosh,
        "arctanh": _complex_atanh,
    }
)
"""The ufuncs in complex numbers of the context, at its precision."""
