"""Run a rule: choose a step, evaluate the formula there, and count what it cost.

What happens in the arithmetic of the format (a lost step, an overflow, NaN, an end of the domain) is a status with its
reason, never an exception. Wrong arguments, and a function that breaks its contract, raise.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from numdiff.floats.callables import require_callable
from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import converted, largest_step, points_of, refuse_not_finite
from numdiff.formulas.checks import StepAbsorbedWarning
from numdiff.formulas.kernels import observe
from numdiff.formulas.parts import abscissae
from numdiff.formulas.stencil import CENTERED, ComplexStep, Method, Stencil
from numdiff.rules.base import Choice, Domain, Function, Rule, RuleStatus, refuse_class, unsuitable
from numdiff.rules.peers import PEERS
from numdiff.rules.table import RULES

__all__ = ["RULES", "run_rule"]


def run_rule(
    rule: str | Rule,
    f: Function,
    x: Any,
    formula: Method = CENTERED,
    dtype: Any = None,
    *,
    noise: float | None = None,
    domain: Domain = (-math.inf, math.inf),
) -> Choice:
    """Differentiate f at a point with the step that a rule chooses.

    Parameters
    ----------
    rule : str or Rule
        A name in `RULES` or in `numdiff.rules.peers.PEERS`, or a rule.
    f : callable
        Elementwise; takes an array of the format and returns one.
    x : number
        Rounded to the format first.
    formula : Stencil or ComplexStep
    dtype : str, dtype or FloatFormat, optional
        The working format; by default that of x.
    noise : float, optional
        The absolute error of a function value near x, where it is known.
    domain : tuple of float
        The open interval in which f is smooth; f is not evaluated outside of it.

    Returns
    -------
    Choice
        With the derivative, unless the status says why there is none. `Choice.evaluations` is what was counted: the
        points at which f was evaluated in the format, by the rule and by the formula.

    Raises
    ------
    TypeError
        If an argument is of the wrong class, or f returns anything but numbers of the format.
    ValueError
        If x is not one finite number of the format, `noise` is not positive and finite, the domain is empty, or f
        returns another shape than that of its argument.

    Examples
    --------
    >>> import numpy as np
    >>> choice = run_rule("thumb", np.exp, 0.0)
    >>> float(choice.step), choice.evaluations, str(choice.status)
    (4.806217383937352e-06, 2, 'ok')
    """
    chosen = _named(rule) if isinstance(rule, str) else rule
    refuse_class("rule", chosen)
    require_callable(chosen, "rule")
    require_callable(f)
    fmt, here = _checked(x, dtype, formula, noise, domain)
    if problem := unsuitable(formula, fmt):
        return Choice(status=RuleStatus.UNSUITABLE, reason=problem)
    if not domain[0] < fmt.lift(here) < domain[1]:
        return _outside("x", here, domain)
    counted = _Counted(f)
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", StepAbsorbedWarning)  # what it says is for the status to say
        try:
            choice = chosen(counted, here[()], fmt, formula, noise, domain)
            if not isinstance(choice, Choice):
                raise TypeError(
                    f"rule must answer with a Choice, got {type(choice).__name__} {choice!r:.60}; write Choice(step=…)"
                )
            if choice.status is RuleStatus.OK and choice.derivative is None:
                choice = _evaluated(choice, counted, here, fmt, formula, domain)
        except ArithmeticError as error:
            reason = f"{type(error).__name__} in f or in the rule: {error}"
            choice = Choice(status=RuleStatus.NOT_FINITE, reason=reason)
    return replace(choice, evaluations=counted.points)


def _named(name: str) -> Rule:
    """Return a rule, or a peer, by its name."""
    return PEERS[name] if name not in RULES and name in PEERS else RULES[name]


class _Counted:
    """A function that counts the points at which it is evaluated in a format."""

    def __init__(self, f: Callable[[Any], Any]) -> None:
        self._f, self.points = f, 0

    def __call__(self, x: Any) -> Any:
        # An exact arithmetic hands over arrays of its own; what it learns of f is no evaluation in the format.
        if isinstance(x, np.ndarray):
            self.points += x.size
        return self._f(x)


def _checked(
    x: Any, dtype: Any, formula: Method, noise: float | None, domain: Domain
) -> tuple[FloatFormat, np.ndarray]:
    """Return the format and x in it, after refusing wrong arguments."""
    if not isinstance(formula, Stencil | ComplexStep):
        raise TypeError(f"formula must be a Stencil or ComplexStep, got {type(formula).__name__} {formula!r:.60}")
    if noise is not None and not 0 < noise < math.inf:
        raise ValueError(f"noise must be positive and finite, or None where it is not known, got {noise!r}")
    if not domain[0] < domain[1]:
        raise ValueError(f"domain must be an open interval, its lower end first, got {domain!r}")
    fmt, here = points_of(x, dtype)
    if here.ndim:
        raise ValueError(f"x must be one number, got an array of shape {here.shape}")
    refuse_not_finite(fmt, here, x)
    return fmt, here


def _outside(what: str, number: Any, domain: Domain) -> Choice:
    return Choice(status=RuleStatus.OUTSIDE_DOMAIN, reason=f"{what} = {number!s} is not in the open domain {domain!r}")


def _evaluated(choice: Choice, f: Function, x: np.ndarray, fmt: FloatFormat, formula: Method, domain: Domain) -> Choice:
    """Return the choice with the derivative that the formula gives with its step, or with what is in the way."""
    h = np.asarray(converted(fmt, choice.step, "step"))
    choice = replace(choice, step=h[()])
    if not 0 < h <= largest_step(formula, fmt):
        limit = largest_step(formula, fmt)
        reason = f"the step must be positive and at most {limit!s} in {fmt.name}, got {choice.step!s}"
        return replace(choice, status=RuleStatus.OUT_OF_RANGE, reason=reason)
    for node in abscissae(formula, x, h) if isinstance(formula, Stencil) else []:
        if not np.isfinite(node):
            reason = f"a node overflows with the step {h!s} at x = {x!s} in {fmt.name}"
            return replace(choice, status=RuleStatus.OUT_OF_RANGE, reason=reason)
        if not domain[0] < fmt.lift(node) < domain[1]:
            return replace(_outside("node", node, domain), step=choice.step)
    observed = observe(formula, f, x.reshape(1), h.reshape(1))
    choice = replace(choice, derivative=observed.result[0])
    if not np.isfinite(observed.result[0]):
        values = ", ".join(str(value[0]) for value in observed.values)
        reason = f"the formula gives {observed.result[0]!s} from the function values {values}"
        return replace(choice, status=RuleStatus.NOT_FINITE, reason=reason)
    if observed.absorbed.any():
        reason = f"x + c*h is the same number for two nodes at x = {x!s}, h = {h!s} in {fmt.name}"
        return replace(choice, status=RuleStatus.STEP_LOST, reason=reason)
    return choice
