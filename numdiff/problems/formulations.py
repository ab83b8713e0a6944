"""The same function written differently: the derivative is the same, the computation and its error are not.

A formulation is a set of problems with one and the same f on the real line. The first of each set is the way in
which the formula is usually written; the others compute the same number in another order of operations. Points that
the members of a set share are where they are compared: the first is one where the usual way loses digits (or, for
the two functions of the course, the course's own), another one is where it does not.

Written as the sources write them: nothing is rearranged, because the order of operations is the subject.

References
----------
N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002): section 1.7 for (1 − cos x)/x²,
1.8 for the quadratic equation, 1.14.1 for (eˣ − 1)/x, chapter 5 for Horner's method.
D. Goldberg, What every computer scientist should know about floating-point arithmetic, ACM Comput. Surv. 23 (1991)
5-48: theorem 4 for log(1 + x), section 1.4 for the quadratic equation.
W. Kahan and J. D. Darcy, How Java's floating-point hurts everyone everywhere, ACM Workshop on Java for
High-Performance Network Computing (1998): the quotient of ln z and z − 1 with z = eˣ.
J. W. Demmel, Applied Numerical Linear Algebra, SIAM (1997), section 1.4: the polynomial (x − 2)⁹.
"""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from numdiff.autodiff import StableSigmoid, StableTanh, on_arrays
from numdiff.problems.problem import Problem

_HIGHAM = "N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., SIAM (2002)"
_GOLDBERG = (
    "D. Goldberg, What every computer scientist should know about floating-point arithmetic, ACM Comput. Surv. 23 "
    "(1991) 5-48"
)
_KAHAN = "W. Kahan and J. D. Darcy, How Java's floating-point hurts everyone everywhere (1998)"
_DEMMEL = "J. W. Demmel, Applied Numerical Linear Algebra, SIAM (1997), section 1.4"
_SAITO = "K. Saito, Deep Learning from Scratch 3, O'Reilly Japan (2020)"
_LINE = (-math.inf, math.inf)
_SMALL = 2.0**-10
"""Near 0, and what float16 can still move by a step; 1 + x and eˣ lose about 10 bits of x there."""


# --- tanh and sigmoid ---------------------------------------------------------------------------------------


# 1/cosh² and e^−|x|/(1 + e^−|x|)²: neither 1 − t² nor s(1 − s), which cancel in the tails, and nothing overflows.
def _tanh_prime(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    s = 2.0 * e / (1.0 + e * e)
    return s * s


def _sigmoid_prime(x: Any) -> Any:
    e = np.exp(-np.abs(x))
    return e / ((1.0 + e) * (1.0 + e))


def _sigmoid_by_tanh(x: Any) -> Any:
    return 0.5 * np.tanh(0.5 * x) + 0.5


# --- (1 − cos x)/x² -----------------------------------------------------------------------------------------


def _cosine_quotient(x: Any) -> Any:
    return (1.0 - np.cos(x)) / (x * x)


def _half_angle_quotient(x: Any) -> Any:
    s = np.sin(0.5 * x)
    return 2.0 * (s * s) / (x * x)


def _squared_quotient(x: Any) -> Any:
    t = 0.5 * x
    s = np.sin(t) / t
    return 0.5 * (s * s)


# With t = x/2 and s = sin(t)/t, f = s²/2 and f′ = s (cos t − s)/x. This cancels, too, near 0: the difference is
# −t²/3 + …, and there is no elementary form without one.
def _cosine_quotient_prime(x: Any) -> Any:
    t = 0.5 * x
    s = np.sin(t) / t
    return s * (np.cos(t) - s) / x


# --- log(1 + x) and exp(x) − 1 ------------------------------------------------------------------------------


def _log_of_sum(x: Any) -> Any:
    return np.log(1.0 + x)


def _log1p(x: Any) -> Any:
    return np.log1p(x)


def _log_goldberg(x: Any) -> Any:
    w = 1.0 + x
    return np.where(w == 1.0, x, x * np.log(w) / (w - 1.0))[()]  # a number for a number


def _log1p_prime(x: Any) -> Any:
    return 1.0 / (1.0 + x)


def _exp_less_one(x: Any) -> Any:
    return np.exp(x) - 1.0


def _expm1(x: Any) -> Any:
    return np.expm1(x)


def _exp_kahan(x: Any) -> Any:
    z = np.exp(x)
    return np.where(z == 1.0, x, x * (z - 1.0) / np.log(z))[()]


def _exp_prime(x: Any) -> Any:
    return np.exp(x)


# --- the smaller root of t² + 2xt − 1 -----------------------------------------------------------------------


def _root_by_difference(x: Any) -> Any:
    return -x + np.sqrt(x * x + 1.0)


def _root_rationalised(x: Any) -> Any:
    return 1.0 / (x + np.sqrt(x * x + 1.0))


def _root_prime(x: Any) -> Any:
    r = np.sqrt(x * x + 1.0)
    return -1.0 / (r * (x + r))


# --- powers -------------------------------------------------------------------------------------------------


def _ninth_power(x: Any) -> Any:
    return x**9


def _ninth_product(x: Any) -> Any:
    return x * x * x * x * x * x * x * x * x


def _ninth_cubes(x: Any) -> Any:
    c = x * x * x
    return c * c * c


def _ninth_prime(x: Any) -> Any:
    return 9.0 * x**8


def _binomial(x: Any) -> Any:
    return (x - 2.0) ** 9


_BINOMIAL = (1.0, -18.0, 144.0, -672.0, 2016.0, -4032.0, 5376.0, -4608.0, 2304.0, -512.0)
"""The coefficients of (x − 2)⁹, highest power first; bfloat16 holds each of them."""


def _binomial_horner(x: Any) -> Any:
    value = x + _BINOMIAL[1]
    for coefficient in _BINOMIAL[2:]:
        value = value * x + coefficient
    return value


def _binomial_prime(x: Any) -> Any:
    return 9.0 * (x - 2.0) ** 8


_HORNER_TEXT = "((((((((x - 18)*x + 144)*x - 672)*x + 2016)*x - 4032)*x + 5376)*x - 4608)*x + 2304)*x - 512"

FORMULATION: tuple[Problem, ...] = (
    Problem(
        name="tanh_library",
        formula="tanh(x)",
        f=on_arrays(StableTanh()),
        derivative=_tanh_prime,
        points=(0.5, 0.001, 12.0),
        domain=_LINE,
        source=f"{_SAITO}, step 35, has it as exponentials; here NumPy's own function; points ours, those of tanh",
        reason="tanh without the subtraction of exponentials: no cancellation near 0, no overflow.",
        family="formulation",
    ),
    Problem(
        name="sigmoid_stable",
        formula="exp(minimum(x, 0)) / (1 + exp(-abs(x)))",
        f=on_arrays(StableSigmoid()),
        derivative=_sigmoid_prime,
        points=(0.5, -12.0),
        domain=_LINE,
        source=f"{_SAITO}, step 43, has 1/(1 + exp(-x)); this form and the points are ours (sigmoid has them)",
        reason="The sigmoid with exponentials of negative arguments only: none overflows, no branch.",
        family="formulation",
    ),
    Problem(
        name="sigmoid_by_tanh",
        formula="0.5*tanh(0.5*x) + 0.5",
        f=_sigmoid_by_tanh,
        derivative=_sigmoid_prime,
        points=(0.5, -12.0),
        domain=_LINE,
        source=f"{_SAITO}, step 43, has 1/(1 + exp(-x)); this common replacement and the points are ours",
        reason="The usual cure of the overflow: it cancels for negative arguments instead.",
        family="formulation",
    ),
    Problem(
        name="cosine_quotient",
        formula="(1 - cos(x)) / x**2",
        f=_cosine_quotient,
        derivative=_cosine_quotient_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.7; points ours; 1/2 at x = 0, where the formula has no value",
        reason="The textbook example of cancellation: half of the digits are gone at x = sqrt(u).",
        family="formulation",
    ),
    Problem(
        name="cosine_quotient_half_angle",
        formula="2*sin(x/2)**2 / x**2",
        f=_half_angle_quotient,
        derivative=_cosine_quotient_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.7: the identity cos x = 1 - 2 sin(x/2)^2; this form and the points are ours",
        reason="No cancellation, but both squares underflow in float16 near 0.",
        family="formulation",
    ),
    Problem(
        name="cosine_quotient_squared",
        formula="0.5 * (sin(x/2) / (x/2))**2",
        f=_squared_quotient,
        derivative=_cosine_quotient_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.7; points ours",
        reason="The square of a quotient near 1: neither cancellation nor underflow.",
        family="formulation",
    ),
    Problem(
        name="log_of_sum",
        formula="log(1 + x)",
        f=_log_of_sum,
        derivative=_log1p_prime,
        points=(_SMALL, 1.0),
        domain=(-1.0, math.inf),
        source=f"{_GOLDBERG}, section 1.4 and theorem 4; points ours",
        reason="The sum 1 + x rounds the low bits of a small x away before the logarithm sees it.",
        family="formulation",
    ),
    Problem(
        name="log_log1p",
        formula="log1p(x)",
        f=_log1p,
        derivative=_log1p_prime,
        points=(_SMALL, 1.0),
        domain=(-1.0, math.inf),
        source=f"{_GOLDBERG}, theorem 4, has it by a quotient; here NumPy's own function; points ours",
        reason="log(1 + x) by the library, for small x.",
        family="formulation",
    ),
    Problem(
        name="log_goldberg",
        formula="where(1 + x == 1, x, x*log(1 + x) / ((1 + x) - 1))",
        f=_log_goldberg,
        derivative=_log1p_prime,
        points=(_SMALL, 1.0),
        domain=(-1.0, math.inf),
        source=f"{_GOLDBERG}, theorem 4; points ours",
        reason="Two errors that are the same cancel in a quotient: log(w) and w - 1 see one rounded w.",
        family="formulation",
    ),
    Problem(
        name="exp_less_one",
        formula="exp(x) - 1",
        f=_exp_less_one,
        derivative=_exp_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.14.1, the numerator of algorithm 1; points ours",
        reason="The rounding error of exp(x) is that of a number near 1; the difference is near 0.",
        family="formulation",
    ),
    Problem(
        name="exp_expm1",
        formula="expm1(x)",
        f=_expm1,
        derivative=_exp_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.14.1, has it by a quotient; here NumPy's own function; points ours",
        reason="exp(x) - 1 by the library, for small x.",
        family="formulation",
    ),
    Problem(
        name="exp_kahan",
        formula="where(exp(x) == 1, x, x*(exp(x) - 1) / log(exp(x)))",
        f=_exp_kahan,
        derivative=_exp_prime,
        points=(_SMALL, 1.0),
        domain=_LINE,
        source=f"{_KAHAN}, and {_HIGHAM}, section 1.14.1, algorithm 2, times x; points ours",
        reason="The rounding errors of z - 1 and log(z) are nearly the same and cancel in the quotient.",
        family="formulation",
    ),
    Problem(
        name="root_by_difference",
        formula="-x + sqrt(x**2 + 1)",
        f=_root_by_difference,
        derivative=_root_prime,
        points=(16.0, 0.5),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.8: the smaller root of t^2 + 2xt - 1; equation and points ours",
        reason="The smaller root of a quadratic by the school formula: a difference of nearly equal numbers.",
        family="formulation",
    ),
    Problem(
        name="root_rationalised",
        formula="1 / (x + sqrt(x**2 + 1))",
        f=_root_rationalised,
        derivative=_root_prime,
        points=(16.0, 0.5),
        domain=_LINE,
        source=f"{_HIGHAM}, section 1.8, and {_GOLDBERG}, section 1.4: c over the larger root; points ours",
        reason="The same root from the product of both: a sum in the place of the difference.",
        family="formulation",
    ),
    Problem(
        name="ninth_power",
        formula="x**9",
        f=_ninth_power,
        derivative=_ninth_prime,
        points=(1.5, 0.7),
        domain=_LINE,
        source=f"{_HIGHAM}, lemma 3.1 on the error of a product; function and points ours",
        reason="One call of a power routine, with one rounding error.",
        family="formulation",
    ),
    Problem(
        name="ninth_product",
        formula="x*x*x*x*x*x*x*x*x",
        f=_ninth_product,
        derivative=_ninth_prime,
        points=(1.5, 0.7),
        domain=_LINE,
        source=f"{_HIGHAM}, lemma 3.1 on the error of a product; function and points ours",
        reason="Eight multiplications, eight rounding errors that add up.",
        family="formulation",
    ),
    Problem(
        name="ninth_cubes",
        formula="(x*x*x) * (x*x*x) * (x*x*x)",
        f=_ninth_cubes,
        derivative=_ninth_prime,
        points=(1.5, 0.7),
        domain=_LINE,
        source=f"{_HIGHAM}, lemma 3.1 on the error of a product; function and points ours",
        reason="Four multiplications; the error of the cube enters three times.",
        family="formulation",
    ),
    Problem(
        name="binomial_horner",
        formula=_HORNER_TEXT,
        f=_binomial_horner,
        derivative=_binomial_prime,
        points=(2.5, -0.5),
        domain=_LINE,
        source=f"{_DEMMEL}: Horner's rule for the expanded polynomial; {_HIGHAM}, chapter 5; points ours",
        reason="Horner's rule near a root of order 9: terms of some thousands add up to 0.002.",
        family="formulation",
    ),
    Problem(
        name="binomial_factored",
        formula="(x - 2)**9",
        f=_binomial,
        derivative=_binomial_prime,
        points=(2.5, -0.5),
        domain=_LINE,
        source=f"{_DEMMEL}; points ours",
        reason="The same polynomial from its root: exact difference, one power.",
        family="formulation",
    ),
)
"""The problems that are written differently; the course's `tanh` and `sigmoid` are in `step4`."""

FORMULATIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "tanh": ("tanh", "tanh_library"),
        "sigmoid": ("sigmoid", "sigmoid_stable", "sigmoid_by_tanh"),
        "cosine_quotient": ("cosine_quotient", "cosine_quotient_half_angle", "cosine_quotient_squared"),
        "log1p": ("log_of_sum", "log_log1p", "log_goldberg"),
        "expm1": ("exp_less_one", "exp_expm1", "exp_kahan"),
        "quadratic_root": ("root_by_difference", "root_rationalised"),
        "ninth_power": ("ninth_product", "ninth_cubes", "ninth_power"),
        "binomial": ("binomial_horner", "binomial_factored"),
    }
)
"""The names of the problems that are one function, the usual way of writing it first."""
