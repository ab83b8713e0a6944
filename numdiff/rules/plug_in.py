r"""The plug-in step: the closed form for the centered difference, with a third derivative from one step.

From f at x ± k and x ± 2k, with k = h₀·ε_M^(−2/15), which makes of a step h₀ ~ ∛ε_M one for a third derivative, ⁵√ε_M,

    f₃ = (½f(x + 2k) − f(x + k) + f(x − k) − ½f(x − 2k))/k³,    f₀ = (f(x − k) + f(x + k))/2,                      (1)

    h = ∛(3ε/|f₃|),    ε = e|f₀|,    with the error |f₃|h²/6 + ε/h.                                                (2)

Sources of (2): pnd (R, step.plugin) has ∛(1.5·e|f₀/f₃|), with ε_M for e in its documentation: the same, for ε_M = 2u;
numericalderivative (Python, FirstDerivativeCentral.compute_step) has ∛(3ε/|f₃|), the closed form of
`numdiff.rules.textbook`. Its code has ε_M^(7/8) for e. The choice of k has pnd as its only source; where its nodes
are at x ± k, the version that was read divides by h₀³ in place of k³, which makes its f₃ ε_M^(−2/5) = 2·10⁶ times as
large; here it is divided by k³. h₀ is ∛ε_M·|x|, with 1 for |x| near 0. A k at which f is not finite is halved.

Where f₃ is 0, pnd takes the larger one of ∛e and |x|/128; where it is below √e|f₀|, ∛e or |x|/256: as here, both with a
doubt.

References
----------
A. Kostyrka, pnd: parallel numerical derivatives in R, version 0.1.1 (2025), R/step-plugin.R.
M. Baudin, numericalderivative, version 0.3 (2024), _FiniteDifferenceFormula.py.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import CENTERED, Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, root, settled
from numdiff.rules.working import third_nodes, third_terms

__all__ = ["PLUG_IN", "PlugIn"]

FACTOR = 3
"""The constant of (2)."""
OVER_ZERO, OVER_SMALL = 128, 256
"""What |x| is divided by where f₃ is 0, and where it is small."""
HALVINGS = 30
"""How often k is halved at most: 124 evaluations where f is nowhere finite, and 4 where it is finite at once."""


@dataclass(frozen=True)
class PlugIn:
    """Take (2); for the centered difference of two points.

    Attributes
    ----------
    name : str
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step with the error (2)."""
        if refusal := only_for_centered(self.name, formula):
            return refusal
        near = Probe(f, x, fmt, domain)
        # ∛ε_M·ε_M^(−2/15) = ⁵√ε_M
        k = near.rounded(min(root(2 * near.u, 5) * near.scale, near.longest(2, 2)))
        offsets = third_nodes(k)
        values = near.at(offsets)
        for _ in range(HALVINGS):
            if np.isfinite(values).all() or k < near.spacing:
                break
            k = near.rounded(k / 2)
            offsets = third_nodes(k)
            values = near.at(offsets)
        if k < near.spacing:
            return no_step("there is no room for a third derivative")
        if not np.isfinite(values).all():
            return not_finite(near, offsets, values)
        return _answer(near, values, k, noise)


def _answer(near: Probe, values: np.ndarray, k: Any, noise: float | None) -> Choice:
    """Return the step for the values at x ± k and x ± 2k."""
    third = abs(third_terms(values).sum()) / k / k / k
    middle = abs(values[1] + values[2]) / 2
    error = near.noise(np.array([middle]) if middle else values[1:3], noise)
    relative = min(error / middle, near.number(1)) if noise is not None and middle else near.u
    if not third:
        h = max(root(relative, 3), abs(near.x) / OVER_ZERO)
        return settled(near, CENTERED, h, None, "the third derivative is 0")
    if third < np.sqrt(relative) * middle:
        h = max(root(relative, 3), abs(near.x) / OVER_SMALL)
        return settled(near, CENTERED, h, None, "the third derivative is small beside f")
    if not error:
        return no_step("the values of f are 0: their error is unknown")
    h = root(FACTOR * error / third, 3)
    return settled(near, CENTERED, h, third * h * h / 6 + error / h)


PLUG_IN = PlugIn("plug_in")
