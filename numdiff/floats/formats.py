"""The table of floating-point formats: a row a format, checked against its dtype before it is accepted."""

import os
from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import ml_dtypes
import numpy as np

from numdiff.floats.dyadic import Dyadic, dyadic, dyadic_to_fraction
from numdiff.floats.float_format import BY_DTYPE, FloatFormat, Limits
from numdiff.registry import Registry
from numdiff.style import DASH, DASH_DOT, DOTS, LONG_DASH, Style

__all__ = [
    "FORMATS",
    "LONGDOUBLE",
    "UNAVAILABLE",
    "Dyadic",
    "FloatFormat",
    "Formats",
    "Limits",
    "dyadic",
    "dyadic_to_fraction",
    "format_of",
    "get_format",
]

HIDE_LONGDOUBLE = "NUMDIFF_HIDE_LONGDOUBLE"
"""The environment variable that makes this machine one whose longdouble is float64, when it is 1: for tests of what
the suite does there. It is read once, at import."""

_ONE_MORE_UNIT = Fraction(1)
"""Where NumPy uses the half-precision instructions (AVX512_SPR) it promises one more unit in float16."""

_OF_FLOAT32 = Limits(
    found=(
        ("4", "tan log10 arcsin arctan2"),  # 3.90 3.49 3.12 3.20
        ("3.9", "log"),  # 3.832
        ("3", "exp2 expm1 cosh arctan tanh log2 arccos arccosh"),  # 2.84 2.62 2.48 2.30 2.19 2.12 2.10 2.00
        ("2.6", "exp"),  # 2.54
        ("2.5", "cbrt sinh log1p power arctanh arcsinh"),  # 1.94 1.89 1.96 1.7 1.72 1.78
        ("2", "deg2rad rad2deg"),
        ("1.5", "sin cos"),  # 1.487 1.489
        ("1", "hypot"),
    ),
    # NumPy's logarithm errs by a part of ln of the significand, so that its ulps grow near log 1 = 0 only.
    large=(("log", -1, "1.9"), ("log", 0, "1.3"), ("log", 1, "1")),  # 1.871 1.229 0.878
)
_OF_FLOAT64 = Limits(
    found=(
        ("4", "cbrt"),  # 3.29
        ("2.5", "tanh arccosh"),  # 2.15 2.00
        ("2", "sinh cosh log10 arcsinh arctanh deg2rad rad2deg"),
    ),
    rest="1",  # at most 0.84
)
_OF_FLOAT80 = Limits(
    found=(
        ("4", "tanh sinh arcsinh arccosh arctanh expm1 log1p power"),
        # 2.74 2.6 2.6 2.6 2.6 2.45 2.25 3.17 (power: with the exponent -3; 0.9 with random ones)
        ("2", "cosh tan arccos log10 sin cos deg2rad rad2deg"),
        # 1.54 1.54 1.22 1.29 1.38 0.99 0.6 0.6
    ),
    rest="1.5",  # at most 1.01
)

LONGDOUBLE: Mapping[str, FloatFormat] = MappingProxyType(
    {
        "float80": FloatFormat(
            "float80",
            np.dtype(np.longdouble),
            precision=64,
            min_exponent=-16382,
            max_exponent=16383,
            reserved=0,
            has_infinity=True,
            complex_dtype=np.dtype(np.clongdouble),
            weak_scalars=False,
            rounded_once_from=("int",),
            limits=_OF_FLOAT80,
            style=Style("#33134f", "v", DOTS),
        )
    }
)
"""What longdouble may be; a machine has it or not."""

_NATIVE = (
    FloatFormat(
        "float16",
        np.dtype(np.float16),
        precision=11,
        min_exponent=-14,
        max_exponent=15,
        reserved=0,
        has_infinity=True,
        complex_dtype=None,
        weak_scalars=False,
        rounded_once_from=("bfloat16", "float32", "float64"),
        limits=Limits(through="float32", extra=_ONE_MORE_UNIT),
        style=Style("#5a68d8", "o", "-"),
    ),
    FloatFormat(
        "bfloat16",
        np.dtype(ml_dtypes.bfloat16),
        precision=8,
        min_exponent=-126,
        max_exponent=127,
        reserved=0,
        has_infinity=True,
        complex_dtype=None,
        weak_scalars=True,
        rounded_once_from=("float32",),
        limits=Limits(through="float32"),
        style=Style("#3391cc", "s", DASH),
    ),
    FloatFormat(
        "float32",
        np.dtype(np.float32),
        precision=24,
        min_exponent=-126,
        max_exponent=127,
        reserved=0,
        has_infinity=True,
        complex_dtype=np.dtype(np.complex64),
        weak_scalars=False,
        rounded_once_from=("int", "float64", "float80"),
        limits=_OF_FLOAT32,
        style=Style("#8038b4", "^", DASH_DOT),
    ),
    FloatFormat(
        "float64",
        np.dtype(np.float64),
        precision=53,
        min_exponent=-1022,
        max_exponent=1023,
        reserved=0,
        has_infinity=True,
        complex_dtype=np.dtype(np.complex128),
        weak_scalars=False,
        rounded_once_from=("int", "float80"),
        limits=_OF_FLOAT64,
        style=Style("#5c1d94", "D", LONG_DASH),
    ),
)


def _longdouble() -> tuple[FloatFormat | None, str]:
    """Return longdouble under its true name, or None and the reason why it is left out."""
    if os.environ.get(HIDE_LONGDOUBLE) == "1":
        return None, f"longdouble is hidden, because the environment variable {HIDE_LONGDOUBLE} is 1"
    bits = np.finfo(np.longdouble).nmant + 1
    if bits == LONGDOUBLE["float80"].precision:
        return LONGDOUBLE["float80"], ""
    return None, (
        f"longdouble has {bits - 1} stored significand bits here: it is float64 (52), a pair of doubles (105) or "
        "binary128 (112), not the format of 80 bits (63)"
    )


class Formats(Registry[FloatFormat]):
    """The table of formats: each row is checked against its dtype before it is accepted.

    Examples
    --------
    >>> import ml_dtypes, numpy as np
    >>> from numdiff import FORMATS, FloatFormat, Limits, Style
    >>> row = FloatFormat(
    ...     "float8_e5m2", np.dtype(ml_dtypes.float8_e5m2), precision=3, min_exponent=-14, max_exponent=15, reserved=0,
    ...     has_infinity=True, complex_dtype=None, weak_scalars=True, rounded_once_from=(),
    ...     limits=Limits(through="float32"), style=Style("#8c564b", "<", ":"),
    ... )
    >>> with FORMATS.holding(row):
    ...     float(FORMATS["float8_e5m2"].largest_finite)
    57344.0
    """

    def __init__(self, items: tuple[FloatFormat, ...]) -> None:
        super().__init__("format", items, FloatFormat)

    def register(self, item: FloatFormat) -> FloatFormat:
        """Add a format that behaves as its row says, and return it.

        Raises
        ------
        TypeError
            If it is no `FloatFormat`.
        ValueError
            If its name or dtype is taken, or the dtype behaves otherwise; the message says in what.
        """
        super().register(item)
        BY_DTYPE[item.dtype] = item
        return item

    def remove(self, name: str) -> FloatFormat:
        """Take a format that was added out again, and return it."""
        item = super().remove(name)
        del BY_DTYPE[item.dtype]
        return item

    def of_dtype(self, dtype: np.dtype[Any]) -> FloatFormat | None:
        """Return the format of a dtype, None where it is none of the formats."""
        return BY_DTYPE.get(dtype)

    def _check(self, item: Any) -> None:
        super()._check(item)
        if item.dtype in BY_DTYPE:
            taken = BY_DTYPE[item.dtype].name
            raise ValueError(f"dtype of a format must be new, got {item.dtype}, which is that of {taken}")
        through = item.limits.through
        wide = self.get(through)
        has_own = through in _OWN_LIMITS if wide is None else not wide.limits.through
        if through and not has_own:
            raise ValueError(
                f"limits of {item.name} must come through a format with limits of its own, got {through!r}"
            )
        _verify(item)


_OWN_LIMITS = tuple(item.name for item in _NATIVE if not item.limits.through)


def _verify(item: FloatFormat) -> None:
    """Hold a row against its dtype; ValueError where they differ."""
    number = item.dtype.type
    with np.errstate(all="ignore"):
        one, two = np.array([1], item.dtype), np.array([2], item.dtype)
        ulp = np.nextafter(one, two) - one
        least = np.nextafter(one - one, one)
        half = ulp / two
        largest = np.array([item.round(item.largest_finite)], item.dtype)
        next_one = largest + np.array([item.round(item.spacing(item.largest_finite))], item.dtype)
        zero = -(one - one)
        facts: list[tuple[str, Any, Any]] = [
            ("the machine epsilon", item.machine_epsilon, _as_fraction(item, ulp)),
            ("the smallest subnormal number", item.smallest_subnormal, _as_fraction(item, least)),
            ("the largest finite number", item.largest_finite, _as_fraction(item, largest)),
            ("the number after the largest", None, _as_fraction(item, next_one)),
            ("has_infinity", item.has_infinity, bool(np.isinf(next_one)[0])),
            ("a negative zero", True, bool(np.signbit(zero)[0])),
            ("ties to even", (True, True), (bool((one + half == one)[0]), bool((one + ulp + half > one + ulp)[0]))),
            ("weak_scalars", item.weak_scalars, (one * 2.0).dtype != item.dtype),
            ("a signed unit", -1, _as_fraction(item, np.array([number(-1)], item.dtype))),
        ]
    if item.complex_dtype is not None:
        facts.append(("complex numbers with such parts", item.dtype, np.zeros(1, item.complex_dtype).real.dtype))
    for what, said, found in facts:
        if said != found:
            raise ValueError(
                f"format {item.name!r} must be as its dtype behaves: {what} is {said!s} by the row, and {found!s} in "
                f"{item.dtype}"
            )


def _as_fraction(item: FloatFormat, array: np.ndarray) -> Fraction | None:
    """Return one element exactly, None where it is not finite."""
    number: Any = array[0] if item.dtype.itemsize > 8 else float(array[0])
    return Fraction(*number.as_integer_ratio()) if np.isfinite(number) else None


_wide, _why_not = _longdouble()
FORMATS = Formats(_NATIVE if _wide is None else (*_NATIVE, _wide))
"""The formats of this machine, by name, narrow to wide; ``FORMATS.register`` adds one.

Examples
--------
>>> import numdiff as nd
>>> list(nd.FORMATS)[:4]
['float16', 'bfloat16', 'float32', 'float64']
>>> nd.FORMATS["float16"].largest_finite
Fraction(65504, 1)
"""
UNAVAILABLE: Mapping[str, str] = MappingProxyType({} if _wide is not None else {"float80": _why_not})
"""The formats that this machine lacks, with the reason.

Examples
--------
>>> import numdiff as nd
>>> set(nd.UNAVAILABLE).isdisjoint(nd.FORMATS)
True
"""


def get_format(spec: "str | np.dtype[Any] | type | FloatFormat", argument: str = "spec") -> FloatFormat:
    """Return a format by name, dtype or scalar type.

    Parameters
    ----------
    spec : str, dtype, type or FloatFormat
        ``"float16"``, ``"bfloat16"``, ``"float32"``, ``"float64"``, ``"float80"``, ``"longdouble"`` (under
        its true name), or the dtype.
    argument : str
        What the caller's user calls it.

    Returns
    -------
    FloatFormat

    Raises
    ------
    ValueError
        If there is no such format here; the message lists those that there are, or says why it is missing.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.get_format(np.float32).name
    'float32'
    >>> nd.get_format("bfloat16").unit_roundoff
    Fraction(1, 256)
    """
    if spec is None:  # np.dtype(None) is float64
        raise ValueError(f"{argument} must be one of {', '.join(FORMATS)}, got None")
    if isinstance(spec, FloatFormat):
        return spec
    if isinstance(spec, str):
        if spec in FORMATS:
            return FORMATS[spec]
        if spec in UNAVAILABLE:
            raise ValueError(f"{argument} {spec!r} is not available here: {UNAVAILABLE[spec]}")
    try:
        dtype = np.dtype(spec)
    except (TypeError, ValueError, SyntaxError):  # NumPy parses text like "(2,)f8" as Python
        dtype = None
    item = None if dtype is None else FORMATS.of_dtype(dtype)
    if item is not None:
        return item
    raise ValueError(f"{argument} must be one of {', '.join(FORMATS)}, got {spec!r}")


def format_of(array: np.ndarray) -> FloatFormat:
    """Return the format of an array.

    Raises
    ------
    TypeError
        If the array's dtype is none of the formats.
    """
    item = FORMATS.of_dtype(array.dtype)
    if item is not None:
        return item
    raise TypeError(f"x must have one of the dtypes {', '.join(FORMATS)}, got {array.dtype}")
