r"""The step for a function that varies over the size of x: a power of two.

The error of a first-derivative stencil of order p with constant C and W = Σ|wⱼ| is, if f is computed to a relative
accuracy u and changes over a length L, so that |f⁽ᵖ⁺¹⁾| ≈ |f|/Lᵖ⁺¹, about

    E(h) = |C|·|f|·hᵖ/Lᵖ⁺¹ + W·u·|f|/h,    with its minimum at    h = L·(W·u / (p·|C|))^(1/(p + 1)).

For the forward difference (p = 1, C = 1/2, W = 2) that is 2√u·L, for the centered one (p = 2, C = 1/6, W = 1)
(3u)^⅓·L. For a derivative of order m the rounding term is W·u·|f|/hᵐ, and the minimum is at

    h = L·(m·W·u / (p·|C|))^(1/(p + m)).                                                                          (1)

L is the power of two below max(1, |x|), and h is rounded to a power of two, which moves it by a factor of at most √2:
the rounding part of E may grow by 2^(m/2), or the truncation part by 2^(p/2). With such a step c·h is exact.

References
----------
W. H. Press, S. A. Teukolsky, W. T. Vetterling and B. P. Flannery, Numerical Recipes in C, 2nd ed., Cambridge (1992),
section 5.7, equation (5.7.5), h ~ √ε_f·x_c with the curvature scale x_c, and for the centered formula (5.7.7) what
follows it; there x_c is x.
"""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import largest_step
from numdiff.formulas.stencil import Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, nothing_to_balance

__all__ = ["SCALE", "Scale", "scale_steps", "step_exponent"]


@lru_cache(maxsize=256)
def step_exponent(fmt: FloatFormat, stencil: Stencil) -> int:
    """Return e for which 2**e is the power of two nearest (in its logarithm) to the step (1) for L = 1."""
    m, p = stencil.derivative_order, stencil.accuracy_order
    ratio = m * stencil.weight_sum * fmt.unit_roundoff / (p * abs(stencil.leading_error_constant))
    # e = ⌊log₂(ratio)/(p + m) + ½⌋ in integers, so that ties (2√u with an odd precision) go up everywhere.
    return (_floor_log2(ratio**2) + p + m) // (2 * (p + m))


def _floor_log2(number: Fraction) -> int:
    """Return ⌊log₂(number)⌋ exactly."""
    n, d = number.as_integer_ratio()
    top = n.bit_length() - d.bit_length()
    return top if Fraction(2) ** top <= number else top - 1


def scale_steps(fmt: FloatFormat, stencil: Stencil, x: np.ndarray) -> np.ndarray:
    """Return for each number of x the step 2**(e + k).

    Here e is `step_exponent`, 2**k = max(1, 2**⌊log₂|x|⌋), and the step is not more than the largest power of two for
    which the formula does not overflow.

    Parameters
    ----------
    fmt : FloatFormat
    stencil : Stencil
    x : ndarray of the format
        Finite.

    Returns
    -------
    ndarray of the format, of the shape of x
    """
    limit = largest_step(stencil, fmt)
    wide = x if fmt.precision > 53 else x.astype(np.float64)
    binade = np.frexp(wide)[1] - 1  # 0 gives -1, which the maximum hides
    highest = np.frexp(limit if fmt.precision > 53 else np.float64(limit))[1] - 1
    exponents = np.minimum(np.maximum(binade, 0) + step_exponent(fmt, stencil), highest)
    return np.ldexp(wide.dtype.type(1), exponents).astype(fmt.dtype, copy=False)


@dataclass(frozen=True)
class Scale:
    """Take the step (1) at x, a power of two; f and its noise do not matter.

    Attributes
    ----------
    name : str
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step; none for the complex step, which has no rounding error to balance."""
        if not isinstance(formula, Stencil):
            return nothing_to_balance(formula)
        return Choice(scale_steps(fmt, formula, np.asarray(x, dtype=fmt.dtype).reshape(1))[0])


SCALE = Scale("scale")
"""What `numdiff.gradient` and `numdiff.jacobian` choose for each coordinate."""
