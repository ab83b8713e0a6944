r"""Dumontet and Vignes 1977: the optimal step from a third derivative whose rounding error is under control.

With the four terms T = (−½f(x − 2k), f(x − k), −f(x + k), ½f(x + 2k)), A the sum of the positive ones, B that of the
negative ones, and e the relative error of a function value,

    f₃ = (A + B)/k³,  f₃sup = (A/(1 − e) + B/(1 + e))/k³,  f₃inf = (A/(1 + e) + B/(1 − e))/k³,  L = f₃sup/f₃inf.   (1)

L is near 1 where the rounding error of f₃ is small, and large or negative where it is all there is. A k is good if

    L is in (1/15, ½) or in (2, 15);                                                                               (2)

nearer to 1, k is too wide, elsewhere too short. k is found by bisection of its logarithm. Then the step of the centered
difference is, equation (36) of the paper,

    h = ∛(1.68·ε/|f₃|),    ε = e·|f(x)|,    with the error |f₃|h²/6 + ε/h.                                         (3)

Sources of (1), (2): pnd (R, step.DV) and numericalderivative (Python, DumontetVignes). They differ in (3): pnd has
1.68, "formula 36", which minimises the mean error, and its vignette ∛(0.835·ε_M|f/f₃|), the same for e = u; but
numericalderivative has 3, which minimises the worst one and makes a step 1.21 times as long. Here e is u, or what the
noise that is given is of the largest of the four values; pnd recommends ε_M^(7/8), numericalderivative 10⁻¹⁴, the
authors ε_M^(3/4).

What the sources do where f₃ vanishes: pnd stops as soon as |f₃| < 8ε_M, an absolute bound that is wrong for small f,
and takes f₃ = 1; numericalderivative raises. A rounded f₃ of 0 is no small third derivative, it is noise: here k grows
until it may not grow further, and then (3) has the bound 2ε(½ + 1 + 1 + ½)/k³ of the noise for f₃, with a doubt. The
search begins at ⁵√u·|x| (with 1 for |x| near 0), stays within a factor of 10⁶ and ends after 24 bisections.

References
----------
J. Dumontet and J. Vignes, Détermination du pas optimal dans le calcul des dérivées sur ordinateur, RAIRO Analyse
numérique 11 (1977) 13-25, equations (24), (26) to (36).
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/stepDV.R.
M. Baudin, numericalderivative, version 0.3 (2024), _DumontetVignes.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, root, settled
from numdiff.rules.working import third_nodes, third_terms

__all__ = ["DUMONTET_VIGNES", "DumontetVignes", "Third"]

FACTOR = 1.68
"""The constant of (3)."""
GOOD = (2.0, 15.0)
"""The limits of (2) for the larger one of L and 1/L."""
RANGE = 1e6
BISECTIONS = 24
"""How many k are tried at most: 96 evaluations."""


@dataclass(frozen=True)
class Third:
    """What (1) says of one k.

    Attributes
    ----------
    step, derivative : scalar
        k and f₃.
    spread : scalar
        The larger one of L and 1/L; ∞ where L is negative, 0 or unknown.
    noise : scalar
        ε, the absolute error of a function value near x ± k.
    """

    step: Any
    derivative: Any
    spread: Any
    noise: Any


@dataclass(frozen=True)
class DumontetVignes:
    """Search for a third derivative by (2) and take (3); for the centered difference of two points.

    Attributes
    ----------
    name : str
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step with the error (3)."""
        if refusal := only_for_centered(self.name, formula):
            return refusal
        near = Probe(f, x, fmt, domain)
        k = root(near.u, 5) * near.scale
        longest = near.longest(2, 2)
        low, high = max(k / RANGE, near.spacing), min(k * RANGE, longest)
        k = min(k, high)
        wide: Third | None = None
        short: Third | None = None
        missing: Choice | None = None
        for _ in range(BISECTIONS):
            k = near.rounded(k)
            offsets = third_nodes(k)
            values = near.at(offsets)
            if not np.isfinite(values).all():
                missing, high = not_finite(near, offsets, values), k
            else:
                third = third_derivative(near, k, values, noise)
                if GOOD[0] <= third.spread <= GOOD[1]:
                    return _answer(near, third, "")
                if third.spread < GOOD[0]:
                    wide, high = third, k
                else:
                    short, low = third, k
            if not low < near.rounded(root(low, 2) * root(high, 2)) < high:
                break
            k = root(low, 2) * root(high, 2)
        if wide is not None:
            return _answer(near, wide, "no k has a rounding error of the third derivative within the limits")
        return _without(near, short, missing)


def third_derivative(near: Probe, k: Any, values: np.ndarray, noise: float | None) -> Third:
    """Return (1) for the values at x − 2k, x − k, x + k and x + 2k."""
    absolute = near.noise(values[1:3], noise)
    largest = np.abs(values).max()
    e = near.u if noise is None or not largest else absolute / largest
    terms = third_terms(values)
    positive, negative = terms[terms > 0].sum(), terms[terms < 0].sum()
    spread = near.number(np.inf)
    if e < 1:
        upper = positive / (1 - e) + negative / (1 + e)
        lower = positive / (1 + e) + negative / (1 - e)
        if lower and upper / lower > 0:
            spread = max(upper / lower, lower / upper)
    return Third(k, terms.sum() / k / k / k, spread, absolute)


def _answer(near: Probe, third: Third, doubt: str) -> Choice:
    """Return the step (3)."""
    size = abs(third.derivative)
    if not third.noise:
        return no_step("the values of f at x - k and x + k are 0: their error is unknown")
    h = root(near.number(FACTOR) * third.noise / size, 3)
    return settled(near, CENTERED, h, size * h * h / 6 + third.noise / h, doubt)


def _without(near: Probe, short: Third | None, missing: Choice | None) -> Choice:
    """Return the answer where f₃ is nothing but noise at every k: its bound stands for it."""
    if short is None:
        return missing or no_step("there is no room for a third derivative")
    bound = 6 * short.noise / short.step / short.step / short.step
    doubt = "the third derivative is smaller than its rounding error at every k"
    return _answer(near, Third(short.step, bound, short.spread, short.noise), doubt)


DUMONTET_VIGNES = DumontetVignes("dumontet_vignes")
