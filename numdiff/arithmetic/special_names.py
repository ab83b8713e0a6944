"""The special functions of SciPy that have an exact evaluation: their names, and where they have no value.

A ufunc is known by what it is, not by what it is called: SciPy has a log1p of its own, which computes something else
than NumPy's, and any package may have an "exp". So a ufunc of SciPy carries the prefix ``special.`` here, and a ufunc
of neither package is nobody.
"""

import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from numdiff.arithmetic.ball import Undefined

PREFIX = "special."

_UMATH = sys.modules[np.add.__class__.__module__ + "._core.umath"]
"""Where NumPy keeps its ufuncs, those without a public name too."""

SPECIAL_UNARY = frozenset(
    PREFIX + name
    for name in """
        erf erfc erfcx erfinv ndtr log_ndtr gamma gammaln rgamma psi expit logit log_expit entr expi exp1
        j0 j1 i0 i1 i0e i1e k0 k1 ellipk lambertw zeta
    """.split()
)
SPECIAL_BINARY = frozenset({"special.xlogy", "special.xlog1py"})
NUMPY_SPECIAL = frozenset({"sinc", "i0"})
"""NumPy functions that are no ufuncs, and no formula of ufuncs either where their value is removable or a series."""
SPECIAL = SPECIAL_UNARY | SPECIAL_BINARY | NUMPY_SPECIAL
"""What engines for real numbers implement beside the ufuncs of NumPy."""

_PRIVATE = {"_riemann_zeta": "zeta", "_lambertw": "lambertw"}
"""Ufuncs behind Python functions of scipy.special."""


_WIDE = {"special.expit", "special.logit", "special.log_expit"}


def computed_in(key: str) -> tuple[str, ...]:
    """Return the formats in which SciPy computes one of its functions; it widens the others, or refuses them."""
    if key == "special.lambertw":  # the number of its branch is an integer of 64 bits, which promotes
        return ("float64",)
    return ("float32", "float64", "float80") if key in _WIDE else ("float32", "float64")


@lru_cache(maxsize=1024)
def ufunc_key(ufunc: np.ufunc) -> str:
    """Return the name of a ufunc that tells NumPy's from SciPy's and from all others.

    SciPy is looked at only if somebody has loaded it: whoever hands over one of its ufuncs has.
    """
    name = ufunc.__name__
    if getattr(np, name, None) is ufunc or getattr(_UMATH, name, None) is ufunc:
        return name
    scipy = sys.modules.get("scipy.special._ufuncs") or sys.modules.get("scipy.special")
    if scipy is not None and getattr(scipy, name, None) is ufunc:
        return PREFIX + _PRIVATE.get(name, name)
    return f"<a ufunc of neither NumPy nor SciPy>.{name}"


def shown(key: str) -> str:
    """Return how messages call a function."""
    if key.startswith("<"):
        return f"{key.partition('>.')[2]}, {key[1:].partition('>')[0]},"
    return f"scipy.{key}" if key.startswith(PREFIX) else f"np.{key}"


_IN_NUMPY: Mapping[str, str] = MappingProxyType(
    {
        "exp10": "10.0**x",
        "sindg": "np.sin(np.deg2rad(x))",
        "cosdg": "np.cos(np.deg2rad(x))",
        "tandg": "np.tan(np.deg2rad(x))",
        "cosm1": "-2.0 * np.sin(0.5 * x) ** 2",
        "round": "np.rint(x)",
        "powm1": "np.expm1(y * np.log(x))",
    }
)
"""Functions of SciPy that NumPy has under another name, or that are a short formula."""


def similar(key: str) -> str:
    """Return which functions of SciPy there are instead, for a message about one that is missing."""
    if not key.startswith(PREFIX):
        return ""
    name = key.removeprefix(PREFIX)
    if name in _IN_NUMPY or isinstance(getattr(np, name, None), np.ufunc):
        return f"write {_IN_NUMPY.get(name, f'np.{name}(x)')}; "
    names = ", ".join(sorted(name.removeprefix(PREFIX) for name in SPECIAL_UNARY | SPECIAL_BINARY))
    return f"those of scipy.special that have: {names}; "


# --- where they have no value -----------------------------------------------------------------------------

DOMAIN, POLE, UNDECIDED = Undefined.DOMAIN, Undefined.POLE, Undefined.UNDECIDED
Rule = Callable[..., Undefined]


def _ends(*, below: int | None = None, above: int | None = None) -> Rule:
    """Poles at the ends of an interval, no values beyond them."""

    def rule(numbers: Any, x: Any) -> Undefined:
        for end, outside in ((below, -1), (above, 1)):
            side = None if end is None else numbers.order(x, end)
            if side == 0:
                return POLE
            if side == outside:
                return DOMAIN
        return UNDECIDED

    return rule


def _pole_at(place: int) -> Rule:
    return lambda numbers, x: POLE if numbers.order(x, place) == 0 else UNDECIDED


def _gamma(at_negative: Undefined) -> Rule:
    """Γ and ψ at 0, where the sign of the zero decides between the infinities, and at the negative integers."""

    def rule(numbers: Any, x: Any) -> Undefined:
        side = numbers.order(x, 0)
        if side == 0:
            return POLE
        return at_negative if side == -1 and numbers.integral(x) else UNDECIDED

    return rule


def _entropy(numbers: Any, x: Any) -> Undefined:
    return POLE if numbers.order(x, 0) == -1 else UNDECIDED


def _product_with_logarithm(start: int) -> Rule:
    """X log y, which is 0 for x = 0."""

    def rule(numbers: Any, x: Any, y: Any) -> Undefined:
        factor, side = numbers.order(x, 0), numbers.order(y, start)
        if not factor or side is None or side > 0:
            return UNDECIDED
        return POLE if side == 0 else DOMAIN

    return rule


def _lambert(numbers: Any, x: Any) -> Undefined:
    """Real from -1/e on: x e + 1 >= 0. From 0 on, and below -1, x tells it alone: e times it may be beyond a format."""
    if numbers.order(x, 0) != -1:
        return UNDECIDED
    if numbers.order(x, -1) == -1:
        return DOMAIN
    functions, one = numbers.functions, numbers.lift((1, 0))
    grown = functions["add"](functions["multiply"](x, functions["exp"](one)), one)
    return DOMAIN if numbers.order(grown, 0) == -1 else UNDECIDED


def _modulus(numbers: Any, x: Any, y: Any) -> Undefined:
    return DOMAIN if numbers.order(y, 0) == 0 else UNDECIDED


SPECIAL_RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "special.erfinv": _ends(below=-1, above=1),
        "special.logit": _ends(below=0, above=1),
        "special.gamma": _gamma(DOMAIN),
        "special.psi": _gamma(DOMAIN),
        "special.gammaln": _gamma(POLE),
        "special.entr": _entropy,
        "special.expi": _pole_at(0),
        "special.exp1": _ends(below=0),
        "special.k0": _ends(below=0),
        "special.k1": _ends(below=0),
        "special.ellipk": _ends(above=1),
        "special.zeta": _pole_at(1),
        "special.lambertw": _lambert,
        "special.xlogy": _product_with_logarithm(0),
        "special.xlog1py": _product_with_logarithm(-1),
        "remainder": _modulus,
        "fmod": _modulus,
    }
)
"""Why a function has no value: where SciPy returns NaN (DOMAIN) or an infinity (POLE)."""
