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
from fractions import Fraction

from numdiff.stencils import Stencil

_GUARD = 80
"""Bits to which a root is computed: more than the doubles have from which it is computed."""


def closed_form_step(stencil: Stencil, noise: float, derivative: float) -> Fraction | None:
    """Return the step (1).

    Parameters
    ----------
    stencil : Stencil
    noise : float
        ε, the error of a function value.
    derivative : float
        f⁽ᵐ⁺ᵖ⁾(x).

    Returns
    -------
    Fraction or None
        Correct to 80 bits; None where noise or derivative are 0 or not finite.
    """
    if not (0 < noise < math.inf and 0 < abs(derivative) < math.inf):
        return None
    m, p = stencil.derivative_order, stencil.accuracy_order
    truncation = p * abs(stencil.leading_error_constant * Fraction(derivative))
    return _root(m * stencil.weight_sum * Fraction(noise) / truncation, m + p)


def closed_form_error(stencil: Stencil, noise: float, derivative: float, step: float) -> float:
    """Return the error of two terms, |C f⁽ᵐ⁺ᵖ⁾|hᵖ + Sε/hᵐ, of which (1) is the minimiser."""
    truncation = abs(float(stencil.leading_error_constant) * derivative)
    for _ in range(stencil.accuracy_order):
        truncation = truncation * step
    amplified = float(stencil.weight_sum) * noise
    for _ in range(stencil.derivative_order):
        amplified = amplified / step
    return truncation + amplified


def _root(value: Fraction, degree: int) -> Fraction:
    """Return the root of a positive number to `_GUARD` bits, in integers: the same on every machine."""
    numerator, denominator = value.as_integer_ratio()
    bits = max(0, _GUARD - (numerator.bit_length() - denominator.bit_length()) // degree)
    radicand = (numerator << (bits * degree)) // denominator
    root = 1 << -(-radicand.bit_length() // degree)
    while True:  # Newton from above falls until it has arrived (floor of the root)
        lower = ((degree - 1) * root + radicand // root ** (degree - 1)) // degree
        if lower >= root:
            return Fraction(root, 1 << bits)
        root = lower
