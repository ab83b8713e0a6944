"""Piecewise constant functions and remainders of dyadic numbers, in integers: floor, ceil, trunc, rint, %, fmod."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from numdiff.floats.formats import Dyadic

_LONGEST = 1 << 18
"""Bits of a number that a remainder is taken of, at most: the formats end at 2**16384."""


def _short(number: Dyadic) -> Dyadic:
    """Return ±1/4 in place of what is smaller: every function here is the same of both, without the zeros between."""
    mantissa, exponent = number
    if not mantissa or exponent + mantissa.bit_length() > -2:
        return number
    return (1 if mantissa > 0 else -1), -2


def _floor(number: Dyadic) -> int:
    mantissa, exponent = _short(number)
    return mantissa << exponent if exponent >= 0 else mantissa >> -exponent


def _ceil(number: Dyadic) -> int:
    return -_floor((-number[0], number[1]))


def _trunc(number: Dyadic) -> int:
    return _ceil(number) if number[0] < 0 else _floor(number)


def _rint(number: Dyadic) -> int:
    """Round to the nearest integer, ties to even."""
    mantissa, exponent = _short(number)
    below = _floor(number)
    if exponent >= 0:
        return below
    twice = 2 * (mantissa - (below << -exponent)) - (1 << -exponent)
    return below + (twice > 0 or (twice == 0 and below & 1))


PIECES: Mapping[str, Callable[[Dyadic], int]] = MappingProxyType(
    {"floor": _floor, "ceil": _ceil, "trunc": _trunc, "rint": _rint}
)
"""The functions of one argument, by name of the ufunc."""

QUOTIENTS: Mapping[str, str] = MappingProxyType({"remainder": "floor", "fmod": "trunc"})
"""By name of the ufunc: how x − y·q rounds the quotient q = x/y."""


def jumps_between(name: str, low: Dyadic, high: Dyadic) -> bool:
    """Say whether a function jumps somewhere in [low, high], the ends included.

    No function here jumps inside (0, 1/4), so that a smaller number may be taken for 1/4.
    """
    if name == "rint":  # at the halves of odd integers
        first, last = _ceil(_plus_half(low)), _floor(_plus_half(high))
    else:
        first, last = _ceil(low), _floor(high)
    return first <= last and not (name == "trunc" and first == last == 0)


def _plus_half(number: Dyadic) -> Dyadic:
    mantissa, exponent = _short(number)
    if exponent >= -1:
        return (mantissa << exponent + 1) + 1, -1
    return mantissa + (1 << -1 - exponent), exponent


def remainder(name: str, x: Dyadic, y: Dyadic) -> Dyadic:
    """Return x − y·q exactly.

    Raises
    ------
    ZeroDivisionError
        If y is 0.
    OverflowError
        If the exponents lie too far apart.
    """
    exponent = min(x[1], y[1])
    if max(x[1], y[1]) - exponent > _LONGEST:
        raise OverflowError
    a, b = x[0] << (x[1] - exponent), y[0] << (y[1] - exponent)
    if name == "remainder":
        return a % b, exponent
    rest = abs(a) % abs(b)
    return (-rest if a < 0 else rest), exponent
