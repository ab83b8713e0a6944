"""The ufuncs in mpmath's numbers: raw ``libmp`` tuples (sign, mantissa, exponent, bits)."""

from collections.abc import Callable, Mapping
from typing import Any

from mpmath import libmp
from mpmath.libmp import fhalf, fone, from_int, ftwo, fzero

from numdiff.arithmetic.ball import LARGEST_EXPONENT

Number = Any
_NEAREST = "n"
# Beyond |x| = 2**32768 (float80 ends at 2**16384) exp and sin would need as many bits for the argument alone.
_LARGEST_MAGNITUDE = 1 << 15
# At high precision mpmath takes the power of e or of a base to an integer exponent by repeated squaring, with as many
# bits and as many squarings as the exponent has.
_LARGEST_INTEGER_SIZE = 64


class _TooLarge(ArithmeticError):
    """The computation would need as many bits as an argument, or its exponent, is large."""


FAILURES = (libmp.ComplexResult, ZeroDivisionError, _TooLarge)


def magnitude(x: Number) -> int:
    """Return the e with 2**(e-1) <= |x| < 2**e of a nonzero number."""
    return x[2] + x[3]


def _limited(function: Callable[..., Number], precision: int) -> Callable[[Number], Number]:
    def limited(x: Number) -> Number:
        if magnitude(x) > _LARGEST_MAGNITUDE:
            raise _TooLarge
        return function(x, precision, _NEAREST)

    return limited


def _is_large_integer(x: Number) -> bool:
    return x[2] >= 0 and magnitude(x) > _LARGEST_INTEGER_SIZE


def exp(x: Number, precision: int, rounding: str = _NEAREST) -> Number:
    """Compute exp(x), as 2ⁿ exp(x − n log 2) for a large integer; the bits of n are lost in the difference."""
    if not _is_large_integer(x):
        return libmp.mpf_exp(x, precision, rounding)
    size = magnitude(x)
    log2 = libmp.mpf_ln2(precision + size + 16)
    n = int(libmp.to_int(libmp.mpf_div(x, log2, size + 16, _NEAREST)))  # not gmpy2's mpz: exponents are plain
    rest = libmp.mpf_sub(x, libmp.mpf_mul(from_int(n), log2), precision + 16, _NEAREST)
    return libmp.mpf_shift(libmp.mpf_exp(rest, precision, rounding), n)


def _half_exp(function: Callable[..., Number]) -> Callable[..., Number]:
    """Return sinh or cosh; of a large integer it is ±exp(|x|)/2, up to far below the last bit."""

    def half_exp(x: Number, precision: int, rounding: str) -> Number:
        if not _is_large_integer(x):
            return function(x, precision, rounding)
        half = libmp.mpf_shift(exp(libmp.mpf_abs(x), precision, rounding), -1)
        return libmp.mpf_neg(half) if x[0] and function is libmp.mpf_sinh else half

    return half_exp


def expm1(x: Number, precision: int) -> Number:
    """Compute exp(x) - 1 without cancellation: x + x²/2 suffices where x³/6 is below the last bit."""
    if x == fzero:
        return x
    size = magnitude(x)
    if size > _LARGEST_MAGNITUDE:
        raise _TooLarge
    if size < -precision // 2 - 2:
        return _near_identity(x, libmp.mpf_shift(x, -1), precision)
    return libmp.mpf_sub(exp(x, precision + max(0, -size) + 4), fone, precision, _NEAREST)


def _near_identity(x: Number, curvature: Number, precision: int) -> Number:
    """Compute x(1 + curvature), with a curvature that is tiny."""
    return libmp.mpf_mul(x, libmp.mpf_add(fone, curvature, precision, _NEAREST), precision, _NEAREST)


def log1p(x: Number, precision: int) -> Number:
    """Compute log(1 + x): x - x²/2 where x³/3 is below the last bit, else from 1 + x, rounded late enough."""
    if x == fzero:
        return x
    size = magnitude(x)
    if size < -precision // 2 - 2:
        return _near_identity(x, libmp.mpf_neg(libmp.mpf_shift(x, -1)), precision)
    return _logarithm(libmp.mpf_add(fone, x, 2 * precision, _NEAREST), precision)


def _logarithm(x: Number, precision: int) -> Number:
    if not x[1]:
        raise ZeroDivisionError
    return libmp.mpf_log(x, precision, _NEAREST)


def _log2(x: Number, precision: int) -> Number:
    if x[1] == 1 and not x[0]:
        return from_int(x[2])
    return libmp.mpf_div(_logarithm(x, precision), libmp.mpf_ln2(precision), precision, _NEAREST)


def _acosh(x: Number, precision: int) -> Number:
    # The exact difference x - 1 of a tiny x has as many bits as the exponent of x says.
    if libmp.mpf_cmp(x, fone) < 0:
        raise libmp.ComplexResult
    # Near 1 the value is about sqrt(2(x - 1)), but mpmath forms it as log(x + sqrt(x² - 1)).
    lost = 0
    if magnitude(x) <= 1:
        above = libmp.mpf_sub(x, fone)
        lost = max(0, -magnitude(above)) if above[1] else 0
    return libmp.mpf_acosh(x, precision + lost // 2 + 1, _NEAREST)


def _atanh(x: Number, precision: int) -> Number:
    if libmp.mpf_cmp(libmp.mpf_abs(x), fone) == 0:
        raise ZeroDivisionError
    return libmp.mpf_atanh(x, precision, _NEAREST)


def _cbrt(x: Number, precision: int) -> Number:
    # NumPy's cube root is real for negative numbers; mpmath's own turns complex.
    root = libmp.mpf_cbrt(libmp.mpf_abs(x), precision, _NEAREST)
    return libmp.mpf_neg(root) if x[0] else root


def power(base: Number, exponent: Number, precision: int) -> Number:
    """Compute base**exponent with the bits that the size of exponent·log(base) costs."""
    if base == fzero:
        if exponent[0]:
            raise ZeroDivisionError
        return fzero if exponent[1] else fone
    size = magnitude(exponent) if exponent[1] else 0
    lost = max(0, size) + magnitude(base).bit_length()
    if lost > _LARGEST_MAGNITUDE:
        raise _TooLarge
    if _is_large_integer(exponent) and base[1] != 1:
        logarithm = libmp.mpf_log(libmp.mpf_abs(base), precision + lost + 4, _NEAREST)
        result = exp(libmp.mpf_mul(exponent, logarithm), precision + 4)
        return libmp.mpf_neg(result) if base[0] and not exponent[2] else result
    return libmp.mpf_pow(base, exponent, precision + lost + 4, _NEAREST)


def _sign(x: Number) -> Number:
    return from_int(libmp.mpf_cmp(x, fzero))


def real_functions(precision: int) -> Mapping[str, Callable[..., Number]]:
    """Return the table of real functions at one precision."""
    p = precision

    def fixed(function: Callable[..., Number]) -> Callable[[Number], Number]:
        return lambda x: function(x, p, _NEAREST)

    def scaled(numerator: Number, denominator: Number) -> Callable[[Number], Number]:
        return lambda x: libmp.mpf_mul(x, libmp.mpf_div(numerator, denominator, p, _NEAREST), p, _NEAREST)

    half_turn, pi = from_int(180), libmp.mpf_pi(p)
    return {
        "add": lambda x, y: libmp.mpf_add(x, y, p, _NEAREST),
        "subtract": lambda x, y: libmp.mpf_sub(x, y, p, _NEAREST),
        "multiply": lambda x, y: libmp.mpf_mul(x, y, p, _NEAREST),
        "divide": lambda x, y: libmp.mpf_div(x, y, p, _NEAREST),
        "negative": libmp.mpf_neg,
        "positive": lambda x: x,
        "conjugate": lambda x: x,
        "absolute": libmp.mpf_abs,
        "sign": _sign,
        "square": lambda x: libmp.mpf_mul(x, x, p, _NEAREST),
        "reciprocal": lambda x: libmp.mpf_div(fone, x, p, _NEAREST),
        "power": lambda x, y: power(x, y, p),
        "sqrt": fixed(libmp.mpf_sqrt),
        "cbrt": lambda x: _cbrt(x, p),
        "exp": _limited(exp, p),
        "exp2": lambda x: power(ftwo, x, p),
        "expm1": lambda x: expm1(x, p),
        "log": lambda x: _logarithm(x, p),
        "log2": lambda x: _log2(x, p),
        "log10": lambda x: libmp.mpf_div(_logarithm(x, p), libmp.mpf_ln10(p), p, _NEAREST),
        "log1p": lambda x: log1p(x, p),
        "sin": _limited(libmp.mpf_sin, p),
        "cos": _limited(libmp.mpf_cos, p),
        "tan": _limited(libmp.mpf_tan, p),
        "arcsin": fixed(libmp.mpf_asin),
        "arccos": fixed(libmp.mpf_acos),
        "arctan": fixed(libmp.mpf_atan),
        "sinh": _limited(_half_exp(libmp.mpf_sinh), p),
        "cosh": _limited(_half_exp(libmp.mpf_cosh), p),
        "tanh": _limited(libmp.mpf_tanh, p),
        "arcsinh": fixed(libmp.mpf_asinh),
        "arccosh": lambda x: _acosh(x, p),
        "arctanh": lambda x: _atanh(x, p),
        "arctan2": lambda y, x: libmp.mpf_atan2(y, x, p, _NEAREST),
        "hypot": lambda x, y: libmp.mpf_hypot(x, y, p, _NEAREST),
        "maximum": lambda x, y: x if libmp.mpf_cmp(x, y) >= 0 else y,
        "minimum": lambda x, y: x if libmp.mpf_cmp(x, y) <= 0 else y,
        "deg2rad": scaled(pi, half_turn),
        "rad2deg": scaled(half_turn, pi),
    }


def complex_functions(precision: int) -> Mapping[str, Callable[..., Any]]:
    """Return the table of complex functions (principal branches) at one precision."""
    p = precision
    one, two = (fone, fzero), (ftwo, fzero)

    def limited(function: Callable[..., Any]) -> Callable[[Any], Any]:
        def call(z: Any) -> Any:
            if max(magnitude(z[0]), magnitude(z[1])) > _LARGEST_MAGNITUDE:
                raise _TooLarge
            return function(z, p, _NEAREST)

        return call

    def growing(function: Callable[..., Any]) -> Callable[[Any], Any]:
        def call(z: Any, precision: int, rounding: str) -> Any:
            if any(map(_is_large_integer, z)):
                raise _TooLarge
            return function(z, precision, rounding)

        return limited(call)

    def logarithm(z: Any) -> Any:
        if z == (fzero, fzero):
            raise ZeroDivisionError
        _refuse_tiny(z)
        return libmp.mpc_log(z, p, _NEAREST)

    def scaled_logarithm(scale: Callable[[int], Number]) -> Callable[[Any], Any]:
        return lambda z: libmp.mpc_div_mpf(logarithm(z), scale(p), p, _NEAREST)

    def arctanh(z: Any) -> Any:
        if z[1] == fzero and libmp.mpf_cmp(libmp.mpf_abs(z[0]), fone) == 0:
            raise ZeroDivisionError
        _refuse_tiny(z)
        return libmp.mpc_atanh(z, p, _NEAREST)

    def arctan(z: Any) -> Any:
        _refuse_tiny(z)
        return libmp.mpc_atan(z, p, _NEAREST)

    return {
        "add": lambda z, w: libmp.mpc_add(z, w, p, _NEAREST),
        "subtract": lambda z, w: libmp.mpc_sub(z, w, p, _NEAREST),
        "multiply": lambda z, w: libmp.mpc_mul(z, w, p, _NEAREST),
        "divide": lambda z, w: libmp.mpc_div(z, w, p, _NEAREST),
        "negative": libmp.mpc_neg,
        "positive": lambda z: z,
        "square": lambda z: libmp.mpc_mul(z, z, p, _NEAREST),
        "reciprocal": lambda z: libmp.mpc_div(one, z, p, _NEAREST),
        "power": lambda z, w: _complex_power(z, w, p),
        "sqrt": lambda z: libmp.mpc_sqrt(z, p, _NEAREST),
        "exp": growing(libmp.mpc_exp),
        "exp2": lambda z: _complex_power(two, z, p),
        "expm1": lambda z: _complex_expm1(z, p),
        "log": logarithm,
        "log2": scaled_logarithm(libmp.mpf_ln2),
        "log10": scaled_logarithm(libmp.mpf_ln10),
        "log1p": lambda z: _complex_log1p(z, p),
        "sin": limited(libmp.mpc_sin),
        "cos": limited(libmp.mpc_cos),
        "tan": limited(libmp.mpc_tan),
        "arcsin": lambda z: libmp.mpc_asin(z, p, _NEAREST),
        "arccos": lambda z: libmp.mpc_acos(z, p, _NEAREST),
        "arctan": arctan,
        "sinh": growing(libmp.mpc_sinh),
        "cosh": growing(libmp.mpc_cosh),
        "tanh": growing(libmp.mpc_tanh),
        "arcsinh": lambda z: libmp.mpc_asinh(z, p, _NEAREST),
        "arccosh": lambda z: libmp.mpc_acosh(z, p, _NEAREST),
        "arctanh": arctanh,
    }


def _refuse_tiny(z: Any) -> None:
    """Raise where mpmath's complex logarithm would form 1 + b² exactly, with as many bits as the exponent of b says."""
    if any(part[1] and magnitude(part) < -LARGEST_EXPONENT for part in z):
        raise _TooLarge


def _complex_power(base: Any, exponent: Any, precision: int) -> Any:
    if base == (fzero, fzero):
        if exponent[0][0] or exponent[1][1]:
            raise ZeroDivisionError
        return (fone if not exponent[0][1] else fzero, fzero)
    size = max(magnitude(part) if part[1] else 0 for part in exponent)
    lost = max(0, size) + max(magnitude(part).bit_length() for part in base)
    if lost > _LARGEST_MAGNITUDE or any(map(_is_large_integer, exponent)):
        raise _TooLarge
    _refuse_tiny(base)
    return libmp.mpc_pow(base, exponent, precision + lost + 4, _NEAREST)


def _complex_expm1(z: Any, precision: int) -> Any:
    """exp(a + ib) - 1 = expm1(a) cos b - 2 sin²(b/2) + i exp(a) sin b."""
    a, b = z
    if max(magnitude(a), magnitude(b)) > _LARGEST_MAGNITUDE:
        raise _TooLarge
    p = precision
    half_sine = libmp.mpf_sin(libmp.mpf_mul(b, fhalf), p, _NEAREST)
    # Both products are exact: only the difference is rounded.
    left = libmp.mpf_mul(expm1(a, p), libmp.mpf_cos(b, p, _NEAREST))
    right = libmp.mpf_shift(libmp.mpf_mul(half_sine, half_sine), 1)
    real = libmp.mpf_sub(left, right, p, _NEAREST)
    return real, libmp.mpf_mul(exp(a, p), libmp.mpf_sin(b, p, _NEAREST), p, _NEAREST)


def _complex_log1p(z: Any, precision: int) -> Any:
    """log(1 + a + ib) = log1p(a(2 + a) + b²)/2 + i atan2(b, 1 + a)."""
    a, b = z
    p = precision
    if b == fzero and a == libmp.fnone:
        raise ZeroDivisionError
    real = libmp.mpf_mul(a, libmp.mpf_add(ftwo, a, 2 * p, _NEAREST))
    excess = libmp.mpf_add(real, libmp.mpf_mul(b, b), 2 * p, _NEAREST)
    angle = libmp.mpf_atan2(b, libmp.mpf_add(fone, a, 2 * p, _NEAREST), p, _NEAREST)
    return libmp.mpf_shift(log1p(excess, p), -1), angle
