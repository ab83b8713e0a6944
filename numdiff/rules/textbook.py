r"""The textbook's optimal step: the minimiser of one truncation term and one rounding term, for any stencil.

Let C be the leading error constant of the stencil, S = Σ|wᵢ| and ε the error of a function value. With

    E(h) = |C f⁽ᵐ⁺ᵖ⁾|hᵖ + Sε/hᵐ,      E′(h) = p|C f⁽ᵐ⁺ᵖ⁾|hᵖ⁻¹ − mSε/hᵐ⁺¹,

the only zero of E′ is

    h = (m·S·ε / (p·|C f⁽ᵐ⁺ᵖ⁾|))^(1/(m+p)),                                                                      (1)

where truncation and noise are as m to p, so that E = (1 + p/m)·truncation. The forward difference (m = p = 1, S = 2,
C = ½) gives 2√(ε/|f″|), the centered one (p = 2, S = 1, C = ⅙) gives ∛(3ε/|f‴|), the centered second difference
(m = p = 2, S = 4, C = 1/12) gives (48ε/|f⁗|)^¼.

References
----------
P. E. Gill, W. Murray, M. A. Saunders and M. H. Wright, Computing forward-difference intervals for numerical
optimization, SIAM J. Sci. Stat. Comput. 4 (1983) 310-321: (1) for the forward difference.
W. H. Press et al., Numerical Recipes, 3rd ed. (2007), section 5.7: √(ε f/f″) and ∛(ε f/f‴), without the constants.
R. L. Burden and J. D. Faires, Numerical Analysis, section 4.1, and T. Sauer, Numerical Analysis, section 5.1: ∛(3ε/M).
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.call import evaluate
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, RuleStatus, nothing_to_balance

__all__ = ["Textbook", "closed_form_error", "closed_form_step", "integer_root", "nth_root"]

_GUARD = 80
"""Bits to which a root is computed: more than the doubles have from which it is computed."""


@dataclass(frozen=True)
class Textbook:
    """Take the step (1), given the size of the leading derivative, as the exercises of textbooks give it.

    It is in no table: the derivative belongs to one f and x. `numdiff.rules.model` has (1) with certified derivatives.

    Attributes
    ----------
    name : str
    derivative : float
        f⁽ᵐ⁺ᵖ⁾ near x; its sign does not matter.
    """

    name: str
    derivative: float

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step and its error; without `noise`, f is evaluated at x, and ε is u|f(x)|."""
        if not isinstance(formula, Stencil):
            return nothing_to_balance(formula)
        evaluations = 0
        if noise is None:
            value = evaluate(fmt, f, np.asarray(x, dtype=fmt.dtype).reshape(1))[0]
            noise, evaluations = float(fmt.unit_roundoff) * abs(float(value)), 1
        step = closed_form_step(formula, noise, self.derivative)
        if step is None:
            reason = f"a noise of {noise!r} and a derivative of {self.derivative!r} have no balance"
            return Choice(evaluations=evaluations, status=RuleStatus.NO_STEP, reason=reason)
        error = closed_form_error(formula, noise, self.derivative, float(step))
        return Choice(fmt.round(step), None, error, evaluations)


def closed_form_step(stencil: Stencil, noise: float, derivative: float | Fraction) -> Fraction | None:
    """Return the step (1).

    Parameters
    ----------
    stencil : Stencil
    noise : float
        ε, the error of a function value.
    derivative : float or Fraction
        f⁽ᵐ⁺ᵖ⁾(x), which as a double may under- or overflow where the step does not.

    Returns
    -------
    Fraction or None
        Correct to 80 bits; None where noise or derivative are 0 or not finite.
    """
    if isinstance(derivative, float):
        if not math.isfinite(derivative):
            return None
        derivative = Fraction(derivative)
    if not (0 < noise < math.inf and derivative):
        return None
    m, p = stencil.derivative_order, stencil.accuracy_order
    truncation = p * abs(stencil.leading_error_constant * derivative)
    return nth_root(m * stencil.weight_sum * Fraction(noise) / truncation, m + p)


def closed_form_error(stencil: Stencil, noise: float, derivative: float | Fraction, step: float) -> float:
    """Return the error of two terms, |C f⁽ᵐ⁺ᵖ⁾|hᵖ + Sε/hᵐ, of which (1) is the minimiser.

    The powers of two are kept apart, so that no factor under- or overflows; the sum is infinite if no double holds it.
    """
    m, p = stencil.derivative_order, stencil.accuracy_order
    fraction, binade = math.frexp(step)
    size, exponent = _split(abs(Fraction(derivative)))
    truncation = abs(float(stencil.leading_error_constant) * size)
    for _ in range(p):
        truncation = truncation * fraction
    amplified = float(stencil.weight_sum) * noise
    for _ in range(m):
        amplified = amplified / fraction
    return _scaled(truncation, exponent + p * binade) + _scaled(amplified, -m * binade)


def _split(value: Fraction) -> tuple[float, int]:
    """Return μ and e of a number μ·2**e that is not negative, μ in [½, 2) or 0."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return float(value / Fraction(2) ** exponent), exponent


def _scaled(value: float, exponent: int) -> float:
    try:
        return math.ldexp(value, exponent)
    except OverflowError:
        return math.inf


def nth_root(value: Fraction, degree: int) -> Fraction:
    """Return the root of a positive number to `_GUARD` bits, in integers: the same on every machine."""
    mantissa, bits = integer_root(*value.as_integer_ratio(), degree)
    return Fraction(mantissa, 1 << bits)


def integer_root(numerator: int, denominator: int, degree: int) -> tuple[int, int]:
    """Return `nth_root` of a positive ratio in lowest terms as m and b of m/2ᵇ."""
    bits = max(0, _GUARD - (numerator.bit_length() - denominator.bit_length()) // degree)
    radicand = (numerator << (bits * degree)) // denominator
    if degree == 2:
        return math.isqrt(radicand), bits
    root = 1 << -(-radicand.bit_length() // degree)
    while True:  # Newton from above falls until it has arrived (floor of the root)
        lower = ((degree - 1) * root + radicand // root ** (degree - 1)) // degree
        if lower >= root:
            return root, bits
        root = lower
