r"""Shi, Xie, Xuan and Nocedal (2022): bisection for the step at which truncation and noise are balanced.

With e the error of a value of f, the forward and the centered difference have the testing ratios

    r(h) = |f(x + 4h) − 4f(x + h) + 3f(x)|/8e  ≈  ¾h²|f″|/e,                                                        (1)
    r(h) = |f(x + 3h) − 3f(x + h) + 3f(x − h) − f(x − 3h)|/8e  ≈  h³|f‴|/e,                                         (2)

in which noise is at most 1 (8e is e times the sum of the absolute weights). At the best step, 2√(e/|f″|) or
(3e/|f‴|)^(1/3), both are 3. A step is accepted if 1.5 ≤ r ≤ 6. The first is (2/√3)√e or (3e)^(1/3). Where r is below
1.5 the step is a lower bound, where it is above 6 an upper one; without an upper bound the next step is 4 times as long
(3 times for the centered difference), without a lower one as short, else it is the mean of the bounds. With these
factors the node x + 4h, or x ± 3h, of one step is the node x + h, or x ± h, of the next, and is not evaluated again
where that is the same number.

At the step found, the worst error of the difference is e/h·(2 + 2r/3), or e/h·(1 + r/6), which is what the rule says of
its error. If r never gets there, as where f″ or f‴ is 0, there is no answer: centered, that is so for parabolas, and
where f is even about x.

e is what the user knows, or else u times the largest of the values that r compares (f(x) alone may be 0); for the first
step u|f(x)|, or u where that is 0. Ours is also: a step at which a value is not finite is an upper bound; steps are
numbers of the format, at least one spacing of x and at most what has room in the domain, and where r is still below 1.5
at the longest, that one is taken and said so. There are at most 40 steps (15 in nlmixr2est, 53 in numericalderivative)
of at most 81 evaluations, or 161 centered, and two more for the difference. The backward difference is the forward one
mirrored.

References
----------
H.-J. M. Shi, Y. Xie, M. Q. Xuan and J. Nocedal, Adaptive finite-difference interval estimation for noisy
derivative-free optimization, SIAM J. Sci. Comput. 44 (2022) A2302-A2321, algorithm 2.1, equations 2.2 to 2.4 and
section 3.
nlmixr2est, src/shi21.cpp: (1), (2), the first steps, 1.5 and 6, the factor 4 and the mean. For (2) its header has 8 as
factor, and its calls 3 with the bounds 1.5 and 4.5.
numericalderivative, ShiXieXuanNocedalForward and -General: (1), 1.5 and 6, the factor 4 for both, a first step 2√e, and
the geometric mean of the bounds; for the centered difference it compares D(h) with D(2h).
A JAX port has r = 3 at the best step, half and twice of it as bounds, and (2). The article itself was not at hand.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.stencil import Method
from numdiff.rules.base import Choice, Domain, Function
from numdiff.rules.evaluation import Probe, no_step, not_finite, only_for_centered, only_for_one_sided, root
from numdiff.rules.working import first_step

__all__ = ["SHI_CENTERED", "SHI_FORWARD", "ShiCentered", "ShiForward"]

_LOWER, _UPPER = Fraction(3, 2), Fraction(6)
_STEPS = 40


@dataclass(frozen=True)
class _Ratio:
    """A testing ratio: |Σ weights·f(x + multiples·h)|/8e, and what it says of the error, e/h·(noise + slope·r).

    The largest multiple is the factor between two steps, so that outer nodes become inner ones and the other way round.
    """

    multiples: tuple[int, ...]
    weights: tuple[int, ...]
    noise: Fraction
    slope: Fraction


_FORWARD = _Ratio((4, 1, 0), (1, -4, 3), Fraction(2), Fraction(2, 3))
_CENTERED = _Ratio((3, 1, -1, -3), (1, -3, 3, -1), Fraction(1), Fraction(1, 6))


@dataclass(frozen=True)
class ShiForward:
    """The step of (1); for the forward and the backward first difference.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> from numdiff.formulas.stencil import FORWARD
    >>> choice = run_rule("shi_forward", np.exp, 0.0, FORWARD, noise=1e-6)
    >>> f"{choice.step:.5f}, error up to {choice.error:.5f}"
    '0.00202, error up to 0.00200'
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step, and the largest error that (1) lets expect there."""
        if (refusal := only_for_one_sided(self.name, formula)) is not None:
            return refusal
        search = _Search(Probe(f, x, fmt, domain), _FORWARD, noise, -1 if formula.direction < 0 else 1)
        return search.result(lambda e: 2 / np.sqrt(search.near.number(3)) * np.sqrt(e))


@dataclass(frozen=True)
class ShiCentered:
    """The step of (2); for the centered first difference.

    Attributes
    ----------
    name : str

    Examples
    --------
    >>> import numpy as np
    >>> from numdiff.rules.run import run_rule
    >>> choice = run_rule("shi_centered", np.exp, 0.0, noise=1e-6)
    >>> f"{choice.step:.4f}, error up to {choice.error:.5f}"
    '0.0144, error up to 0.00010'
    """

    name: str

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Return the step, and the largest error that (2) lets expect there."""
        if (refusal := only_for_centered(self.name, formula)) is not None:
            return refusal
        search = _Search(Probe(f, x, fmt, domain), _CENTERED, noise, 1)
        return search.result(lambda e: root(3 * e, 3))


class _Search:
    """The bisection, with the values of f that it has seen.

    Attributes
    ----------
    near : Probe
    lower, upper : scalars of `near.wide`
        The bounds of the step; 0 and ∞ where there are none.
    """

    def __init__(self, near: Probe, ratio: _Ratio, noise: float | None, sign: int) -> None:
        self.near, self._ratio, self._noise, self._sign = near, ratio, noise, sign
        self.lower, self.upper = near.number(0), near.number(np.inf)
        ends = [sign * m for m in ratio.multiples]
        self._reach = float(max(0, -min(ends))), float(max(0, *ends))
        self._seen: dict[Any, Any] = {}

    def result(self, first: Callable[[Any], Any]) -> Choice:
        """Return the step, or the reason why there is none; `first` makes the first step of the noise."""
        if self._noise is None or 0 in self._ratio.multiples:
            here = self._values(self.near.number(0))[:1]
            if not np.isfinite(here[0]) and 0 in self._ratio.multiples:
                return not_finite(self.near, [0], here)
            noise = self.near.noise(here, self._noise) or self.near.u
        else:
            noise = self.near.number(self._noise)
        step = first_step(self.near, max(first(noise), self.near.spacing), *self._reach)
        for _ in range(_STEPS):
            if isinstance(step, Choice):
                return step
            found = self._at(self.near.number(step))
            if found is not None:
                return Choice(step, None, float(found) if np.isfinite(found) else None)
            following = self._next(self.near.number(step))
            if isinstance(following, Choice):
                return following
            if following is None:
                doubt = "r is below 1.5 at the longest step that has room: a longer one would be better"
                return Choice(step, None, None, reason=doubt)
            step = following
        return self._failure()

    def _values(self, h: Any) -> np.ndarray:
        """Return f at the nodes of a step; what was seen before is not evaluated again."""
        nodes = self.near.nodes([self._sign * m * h for m in self._ratio.multiples])
        keys = [self.near.number(node) for node in nodes]
        new = {key: m for key, m in zip(keys, self._ratio.multiples, strict=True) if key not in self._seen}
        if new:
            values = self.near.at([self._sign * m * h for m in new.values()])
            self._seen.update(zip(new, values, strict=True))
        return np.array([self._seen[key] for key in keys], self.near.wide)

    def _at(self, h: Any) -> Any:
        """Return the error if the ratio of a step is accepted, else None and a new bound."""
        values = self._values(h)
        if not np.isfinite(values).all():
            self.upper = h
            return None
        noise = self.near.noise(values, self._noise)
        size = abs(sum(w * value for w, value in zip(self._ratio.weights, values, strict=True)))
        r = size / (8 * noise) if noise else self.near.number(0)
        if r < self.near.number(_LOWER):
            self.lower = h
        elif r > self.near.number(_UPPER):
            self.upper = h
        else:
            return noise / h * (self.near.number(self._ratio.noise) + self.near.number(self._ratio.slope) * r)
        return None

    def _next(self, h: Any) -> Any:
        """Return the next step, None where there is no longer one, or the reason why there is none at all."""
        if not np.isfinite(self.upper):
            following = min(max(self._ratio.multiples) * h, self.near.longest(*self._reach))
        elif not self.lower:
            following = h / max(self._ratio.multiples)
        else:
            following = (self.lower + self.upper) / 2
        step = self.near.step(following)
        if step is None or self.near.number(step) in (h, self.lower, self.upper):
            return self._failure() if np.isfinite(self.upper) else None
        if self.near.number(step) < self.near.spacing:
            return self._failure()
        return step

    def _failure(self) -> Choice:
        """Return why no step was accepted."""
        if not np.isfinite(self.upper):
            return no_step(f"r is below 1.5 at all steps up to {self.lower!s}: the leading derivative seems to be 0")
        if not self.lower:
            return no_step(f"r is above 6, or f not finite, at all steps down to {self.upper!s}")
        return no_step(f"r jumps from below 1.5 to above 6 between {self.lower!s} and {self.upper!s}")


SHI_FORWARD = ShiForward("shi_forward")
SHI_CENTERED = ShiCentered("shi_centered")
