"""How numbers are printed: the digits that they deserve, one notation a column, and rows that add up.

Digits come from the exact value of a double, rounded once, half to even. Rows that add up are not forced to: a row gets
as many digits as it takes until its correctly rounded numbers do.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, localcontext

__all__ = [
    "GENERIC",
    "adding_up",
    "aligned",
    "fixed",
    "has_exact_text",
    "is_moderate",
    "power_of_ten",
    "scientific",
    "step_text",
    "sums_of",
    "superscript",
]

_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_FIGURE, _POINT = "\u2007", "\u2008"
"""Spaces as wide as a digit and as a point; they are stripped where the text is read as a number."""
_MOST = 15
"""The most digits of a row that adds up: a double holds as many."""
_LEAST = 2
"""The least digits of a sum of which leading digits cancel,"""
_CANCELLED = 8
"""unless its parts would need more than these."""
_PRECISION = 1200
"""Decimal digits of the widest sum of doubles."""
_SHORT = 6
"""The digits up to which a step is printed exactly."""
GENERIC = 1.2357
"""The factor of the generic steps fl(1.2357·2⁻ᵏ)."""
_ROUNDED = 2.0**-8
"""By how much a step may be off its nominal value, relatively: the unit roundoff of bfloat16."""


def is_moderate(values: Sequence[float]) -> bool:
    """Whether numbers are read best without a power of ten: all of them between 0.001 and 100 000, or 0."""
    return all(1e-3 <= abs(value) < 1e5 for value in values if value)


def fixed(value: float, digits: int, keep_zeros: bool = True) -> str:
    """Return a number with some significant digits and without a power of ten; 0 is exactly zero.

    All digits before the point are shown, also where there are more.
    """
    if value == 0:
        return "0"
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    text = f"{value:.{max(0, digits - 1 - exponent)}f}"
    return text if keep_zeros or "." not in text else text.rstrip("0").rstrip(".")


def scientific(value: float, digits: int, keep_zeros: bool = True) -> str:
    """Return a number as ``1.58e-16``; 0 is exactly zero."""
    if value == 0:
        return "0"
    text = f"{value:.{digits - 1}e}"
    if keep_zeros or "." not in text:
        return text
    mantissa, _, exponent = text.partition("e")
    return f"{mantissa.rstrip('0').rstrip('.')}e{exponent}"


def adding_up(total: float, parts: Sequence[float], digits: int = 3) -> tuple[str, list[str]]:
    """Return a sum and its parts in scientific notation, such that the printed parts add up to the printed sum.

    All are rounded correctly. The largest number of the row has `digits` significant digits, or as many more as it
    takes, and the total ends at the same decimal place. So do the parts; they go on by a digit or two where the row
    adds up only then (for 1/3 + 1/3 = 2/3, 0.333 + 0.333 is not 0.667, but 0.3333 + 0.3333 is), and where a part is so
    small that it would have fewer than `digits`. The sum of what is printed, rounded to the last digit of the printed
    total, is the printed total. Where more than six leading digits of the parts cancel, the total may be ``0.00e-17``:
    less than half a unit of its last digit. ``0`` is exactly zero.

    Parameters
    ----------
    total : float
        Finite.
    parts : sequence of float
        Finite; they add up to `total` within the rounding of doubles.
    digits : int

    Returns
    -------
    total : str
    parts : list of str

    Raises
    ------
    ValueError
        If no 15 digits make the row add up: then the parts are not those of the total.
    """
    exact, pieces = Decimal(total), [Decimal(part) for part in parts]
    largest = max((abs(number) for number in (exact, *pieces)), default=Decimal(0))
    if not largest:
        return "0", ["0"] * len(pieces)
    first = None
    for more, further in _tries(digits):
        unit = _quantum(largest, digits + more)
        printed = [_quantized(piece, min(unit - further, _quantum(piece, digits))) for piece in pieces]
        shown = _quantized(exact, unit)
        with localcontext(prec=_PRECISION):
            if _quantized(sum(printed, Decimal(0)), unit) != shown:
                continue
        found = _as_scientific(shown, exact == 0), [_as_scientific(p, p == 0) for p in printed]
        if exact == 0 or (shown and shown.adjusted() - unit + 1 >= _LEAST):
            return found
        first = first or found
        if digits + more >= _CANCELLED:
            return first
    raise ValueError(f"parts must add up to the total, got {total!r} and {list(parts)!r}")


def _tries(digits: int) -> Iterator[tuple[int, int]]:
    """Return how many digits more a row gets, and how many the parts get beyond these, the fewest first."""
    for together in range(_MOST - digits + 1):
        for further in range(together, -1, -1):
            yield together - further, further


def _quantum(number: Decimal, digits: int) -> int:
    """Return the power of ten of the last of some significant digits."""
    return number.adjusted() - digits + 1 if number else 0


def _quantized(number: Decimal, place: int) -> Decimal:
    """Return a number rounded to a decimal place; also 0 keeps the place."""
    with localcontext(prec=_PRECISION):
        return number.quantize(Decimal(1).scaleb(place), ROUND_HALF_EVEN)


def _as_scientific(number: Decimal, is_zero: bool) -> str:
    """Return all digits of a decimal as ``-1.254e-11``; ``0.00e-17`` is what was rounded to 0."""
    if is_zero:
        return "0"
    sign, digits, exponent = number.as_tuple()
    text = "".join(map(str, digits)) if number else "000"
    mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
    return f"{'-' if sign and number else ''}{mantissa}e{int(exponent) + len(text) - 1:+03d}"


def aligned(texts: Sequence[str]) -> list[str]:
    """Pad printed numbers at the right, such that their decimal points stand below each other in a column at the right.

    What is no number (a word, a dash) is left as it is.
    """
    tails = [_tail(text) for text in texts]
    widest = [max((tail[i] for tail in tails if tail), default=0) for i in range(2)]
    return [
        text if tail is None else text + _POINT * (widest[0] - tail[0]) + _FIGURE * (widest[1] - tail[1])
        for text, tail in zip(texts, tails, strict=True)
    ]


def _tail(text: str) -> tuple[int, int] | None:
    """Return how many points and other characters stand behind the integer part; None for what is no number."""
    try:
        float(text)
    except ValueError:
        return None
    head = text.lower().partition("e")[0].partition(".")[0]
    point = int("." in text)
    return point, len(text) - len(head) - point


def step_text(step: float) -> str:
    """Return a step as it is defined: ``2⁻⁵``, ``10⁻⁴``, ``0.3``, ``1.2357·2⁻⁵``; otherwise three digits.

    ``fl(1.2357·2⁻⁵)`` is that step after it was rounded to a format.
    """
    if not math.isfinite(step) or step <= 0:
        return "0" if step == 0 else repr(float(step))
    mantissa, exponent = math.frexp(step)
    if mantissa == 0.5:
        return _power(2, exponent - 1)
    nominal, k = math.frexp(GENERIC)
    off = min((0, 1, -1), key=lambda i: abs(math.ldexp(nominal, exponent + i) - step))
    product, name = math.ldexp(nominal, exponent + off), f"{GENERIC}·{_power(2, exponent + off - k)}"
    if product == step and exponent + off < k:
        return name
    shortest = Decimal(repr(float(step))).normalize()
    if shortest.as_tuple().digits == (1,):
        return _power(10, shortest.adjusted())
    if len(shortest.as_tuple().digits) <= _SHORT and is_moderate([step]):
        return f"{shortest:f}"
    return f"fl({name})" if abs(product - step) <= _ROUNDED * product else scientific(step, 3)


def has_exact_text(step: float) -> bool:
    """Whether `step_text` says exactly what a step is."""
    text = step_text(step)
    return not text.startswith("fl(") and "e" not in text


def _power(base: int, exponent: int) -> str:
    """Return a power; small ones that are not below 1 as a number."""
    if exponent >= 0 and base**exponent < 1000:
        return str(base**exponent)
    return f"{base}{superscript(exponent)}"


def sums_of(row: Mapping[str, float], sums: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the texts of the columns of a row that are sums or parts of one, where all of these are finite."""
    texts: dict[str, str] = {}
    for total, parts in sums.items():
        numbers = [row[name] for name in (total, *parts)]
        if all(isinstance(number, float) and math.isfinite(number) for number in numbers):
            first, rest = adding_up(numbers[0], numbers[1:])
            texts |= dict(zip((total, *parts), (first, *rest), strict=True))
    return texts


def superscript(number: int) -> str:
    """Return ``⁻⁸``."""
    return str(number).translate(_SUPERSCRIPTS)


def power_of_ten(exponent: int) -> str:
    """Return ``10⁻⁸``."""
    return f"10{superscript(exponent)}"
