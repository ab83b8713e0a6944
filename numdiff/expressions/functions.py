"""The functions and constants that an expression may name.

They are those that the exact arithmetics evaluate: NumPy's elementwise functions under NumPy's names, and those of
scipy.special under SciPy's. Other usual names are aliases.
"""

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from numdiff.extras import require_extra

__all__ = [
    "ADVICE",
    "CONSTANTS",
    "EXACTLY",
    "FUNCTIONS",
    "MACROS",
    "NAMES",
    "OPERATORS",
    "PREFIXES",
    "Function",
    "belongs",
]


@dataclass(frozen=True)
class Function:
    """A function of numbers or of conditions.

    Parameters
    ----------
    name : str
        As it is written; of an operator the name of its ufunc.
    call : callable
        Takes arrays, exact ones too, and Python numbers beside them.
    arity : int
        How many arguments it takes.
    symbol : str
        Of an operator: how it is written.
    binds : int
        Of an operator: how closely it binds; of a function more than all of them.
    takes_conditions : int
        How many of its arguments, from the first, must be conditions.
    is_condition : bool
        Whether it makes a condition.
    weight : int
        How many nodes it counts in the size of a tree.
    is_cheap : bool
        Whether it takes no longer for an argument beyond all formats, as arithmetic does; `numpy.exp` and `numpy.sin`
        then need as many bits as the exponent of the argument says.
    grows : bool
        Whether it makes such numbers of those that a format holds.
    """

    name: str
    call: Callable[..., Any]
    arity: int
    symbol: str = ""
    binds: int = 9
    takes_conditions: int = 0
    is_condition: bool = False
    weight: int = 1
    is_cheap: bool = True
    grows: bool = False


_NUMPY = {
    1: """
        absolute fabs sign square reciprocal sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan arcsin arccos
        arctan sinh cosh tanh arcsinh arccosh arctanh deg2rad rad2deg floor ceil trunc rint sinc
    """,
    2: "arctan2 hypot power maximum minimum fmax fmin remainder fmod heaviside copysign logaddexp logaddexp2",
}
_SPECIAL = {
    1: """
        erf erfc erfcx erfinv ndtr log_ndtr gamma gammaln rgamma psi expit logit log_expit entr expi exp1 j0 j1 i0 i1
        i0e i1e k0 k1 ellipk lambertw zeta
    """,
    2: "xlogy xlog1py",
}
_CHEAP = frozenset(
    """
        absolute fabs sign square reciprocal sqrt cbrt floor ceil trunc rint maximum minimum fmax fmin heaviside
        copysign deg2rad rad2deg remainder fmod
    """.split()
)
_GROWING = frozenset("exp exp2 expm1 sinh cosh gamma rgamma erfcx expi i0 i1 zeta".split())
_SPECIAL_WEIGHT = 20
"""In 4096 bits, the most that an exact zero asks for, they take up to 64 milliseconds in mpmath; those that take longer
weigh more: k0 and k1 take 1.6 seconds, and exp1 of numbers beyond 1000 as long in Arb.
"""
_WEIGHTS: Mapping[str, int] = MappingProxyType({"zeta": 50, "exp1": 200, "k0": 200, "k1": 200})
_ALIASES = """
    abs=absolute sgn=sign ln=log asin=arcsin acos=arccos atan=arctan atan2=arctan2 asinh=arcsinh acosh=arccosh
    atanh=arctanh arsinh=arcsinh arcosh=arccosh artanh=arctanh pow=power max=maximum min=minimum mod=remainder
    radians=deg2rad degrees=rad2deg sigmoid=expit logistic=expit digamma=psi lgamma=gammaln tgamma=gamma
"""
CONSTANTS: Mapping[str, float] = MappingProxyType(
    {"pi": math.pi, "e": math.e, "tau": math.tau, "euler_gamma": float(np.euler_gamma)}
)
"""The constants by name: each means the exact value of the double nearest to it."""
PREFIXES: Mapping[str, str] = MappingProxyType(
    {"np": "np", "numpy": "np", "math": "math", "special": "special", "sp.special": "special"}
    | {"scipy.special": "special", "np.special": ""}
)
"""What may stand before a name, with a dot; the empty string for what may not."""
ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "sec": "write 1/cos(x)",
        "csc": "write 1/sin(x)",
        "cot": "write 1/tan(x)",
        "relu": "write maximum(x, 0)",
        "softplus": "write log1p(exp(x))",
        "round": "write rint(x)",
        "exp10": "write 10**x",
        "loggamma": "write gammaln(x), which is log|gamma(x)|",
        "factorial": "write gamma(x + 1)",
        "inf": "an expression has finite numbers alone",
        "nan": "an expression has finite numbers alone",
        "True": "write a comparison, as in where(x > 0, x, 0)",
        "False": "write a comparison, as in where(x > 0, x, 0)",
        "sum": "functions here are elementwise; write a + b",
        "mean": "functions here are elementwise",
        "i": "complex numbers are not taken",
        "j": "complex numbers are not taken",
    }
)
"""What to write instead of a name that others have."""


@cache
def _special(name: str) -> Callable[[Any], Any]:
    require_extra(f"the function {name}", "scipy")
    from scipy import special

    function: Callable[[Any], Any] = getattr(special, name)
    return function


def _costly(name: str, call: Callable[..., Any], arity: int, weight: int = 1) -> Function:
    return Function(name, call, arity, weight=weight, is_cheap=name in _CHEAP, grows=name in _GROWING)


def _from_scipy(name: str, arity: int) -> Function:
    """Return a function that imports SciPy when it is first called."""
    if name == "lambertw":  # SciPy answers with complex numbers
        return _costly(name, lambda x: _special(name)(x).real, arity, _SPECIAL_WEIGHT)
    return _costly(name, lambda *x: _special(name)(*x), arity, _WEIGHTS.get(name, _SPECIAL_WEIGHT))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {name: _costly(name, getattr(np, name), arity) for arity, names in _NUMPY.items() for name in names.split()}
    | {name: _from_scipy(name, arity) for arity, names in _SPECIAL.items() for name in names.split()}
    | {"where": Function("where", np.where, 3, takes_conditions=1)}
)
"""All functions by the name of NumPy or SciPy."""
_OTHER = dict(pair.split("=") for pair in _ALIASES.split())
NAMES: Mapping[str, Function] = MappingProxyType(
    {**FUNCTIONS, **{alias: FUNCTIONS[name] for alias, name in _OTHER.items()}}
)
"""All functions by all their names."""


EXACTLY = Function("constant", lambda value: value, 1)
"""``constant(2)``: a number as an array like x. Functions of it are computed in the format of x, and exactly in exact
arithmetic, where a number alone would be folded into a double: log(constant(2)) is the logarithm of 2.
"""
MACROS = ("clip", "constant")
"""Names of what is read in a way of its own."""


def _binary(name: str, call: Callable[..., Any], symbol: str, binds: int) -> Function:
    return Function(name, call, 2, symbol, binds, is_cheap=symbol != "**")


def _comparison(name: str, symbol: str) -> Function:
    return Function(name, getattr(np, name), 2, symbol, 4, is_condition=True)


OPERATORS: Mapping[str, Function] = MappingProxyType(
    {
        made.symbol: made
        for made in (
            _binary("add", operator.add, "+", 5),
            _binary("subtract", operator.sub, "-", 5),
            _binary("multiply", operator.mul, "*", 6),
            _binary("divide", operator.truediv, "/", 6),
            _binary("mod", np.remainder, "%", 6),
            _binary("raised", operator.pow, "**", 8),
            Function("negative", operator.neg, 1, "neg", 7),
            _comparison("less", "<"),
            _comparison("less_equal", "<="),
            _comparison("greater", ">"),
            _comparison("greater_equal", ">="),
            _comparison("equal", "=="),
            _comparison("not_equal", "!="),
            Function("logical_or", np.logical_or, 2, "or", 1, 2, True),
            Function("logical_and", np.logical_and, 2, "and", 2, 2, True),
            Function("logical_not", np.logical_not, 1, "not", 3, 1, True),
        )
    }
)
"""The operators by their symbols; the sign has its own, ``neg``."""


_SAME_NUMBERS = ("radians", "degrees")
"""Ufuncs of NumPy of their own, which compute what deg2rad and rad2deg do."""


def belongs(prefix: str, name: str) -> bool:
    """Return whether a package has a function or constant of this name, and means the same by it.

    NumPy's ``max`` is a reduction, the ``remainder`` of `math` is another one, and SciPy has a log1p of its own.
    """
    module = PREFIXES[prefix]
    if module == "math":
        return name != "remainder" and hasattr(math, name)
    if name in CONSTANTS:
        return module == "np" and hasattr(np, name)
    own = FUNCTIONS[_OTHER.get(name, name)].name
    if module == "np":
        return name in _SAME_NUMBERS or (not _is_special(own) and getattr(np, name, None) is getattr(np, own))
    return module == "special" and _is_special(own) and name in (own, "digamma")


def _is_special(name: str) -> bool:
    return any(name in names.split() for names in _SPECIAL.values())
