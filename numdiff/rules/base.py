"""What a step rule is: one call, and one kind of answer.

A rule sees what a user has: a callable, a point, a format, a formula, the error of a function value if it is known, and
the interval in which f is smooth. It answers with a step, or with a derivative of its own, or says why it has neither.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from numdiff.floats.formats import FloatFormat
from numdiff.formulas.arguments import beyond
from numdiff.formulas.stencil import ComplexStep, Method
from numdiff.registry import Registry

__all__ = [
    "Choice",
    "Domain",
    "Function",
    "Rule",
    "RuleStatus",
    "Rules",
    "noise_order",
    "nothing_to_balance",
    "refuse_class",
    "refuse_other_calls",
    "unsuitable",
]

Function = Callable[[Any], Any]
Domain = tuple[float, float]
"""The ends of the open interval in which f is smooth."""


class RuleStatus(StrEnum):
    """What became of a rule; `advice` says what follows."""

    OK = "ok"
    """There is a step, or a derivative, or both."""
    NO_STEP = "no step"
    """The rule has no answer here."""
    UNSUITABLE = "unsuitable"
    """Formula, format and rule do not go together, or the rule cannot work with f."""
    OUT_OF_RANGE = "out of range"
    """The step is no positive number that the formula can take in the format, or a node overflows."""
    OUTSIDE_DOMAIN = "outside domain"
    """The point or a node of the formula leaves the domain of f; f is not evaluated there."""
    STEP_LOST = "step lost"
    """Two nodes are the same number: the derivative is that of other nodes than the formula's."""
    NOT_FINITE = "not finite"
    """f or the formula returned an infinity or NaN, or f raised an arithmetic error."""
    NOT_CONVERGED = "not converged"
    """There is a derivative, and the rule says itself that it missed its own tolerance."""
    RAISED = "raised"
    """A library raised an exception of its own; the reason is its message."""

    @property
    def advice(self) -> str:
        """What to do; empty for `OK`."""
        return _ADVICE[self]


_ADVICE = {
    RuleStatus.OK: "",
    RuleStatus.NO_STEP: "use a rule that presumes less, such as 'scaled_thumb'",
    RuleStatus.UNSUITABLE: "use another formula, format or rule",
    RuleStatus.OUT_OF_RANGE: "scale x or f, or use a format with a wider range",
    RuleStatus.OUTSIDE_DOMAIN: "use a smaller step, or a one-sided formula that points away from the end of the domain",
    RuleStatus.STEP_LOST: "use a step of at least a few ulps of x",
    RuleStatus.NOT_FINITE: "evaluate f at the nodes of the formula, x + c*h, and see where it fails",
    RuleStatus.NOT_CONVERGED: "compare with another rule, or ask for fewer digits",
    RuleStatus.RAISED: "give the library what its message asks for, or use another peer or rule",
}


@dataclass(frozen=True)
class Choice:
    """The answer of a rule.

    Attributes
    ----------
    step : scalar of the format, or None
        The step that was chosen.
    derivative : scalar or None
        The derivative. None: whoever runs the rule evaluates the formula at `step`.
    error : float or None
        What the rule says of the error of the derivative there: a guess, no bound.
    evaluations : int
        At how many points f was evaluated.
    status : RuleStatus
    reason : str
        Why there is no step or no good one; where the status is `RuleStatus.OK`, a doubt about it, or nothing.

    Raises
    ------
    ValueError
        If the status is `RuleStatus.OK` without step and derivative, or something else without a reason.
    """

    step: Any = None
    derivative: Any = None
    error: float | None = None
    evaluations: int = 0
    status: RuleStatus = RuleStatus.OK
    reason: str = ""

    def __post_init__(self) -> None:
        if self.status is RuleStatus.OK:
            if self.step is None and self.derivative is None:
                raise ValueError("step or derivative must be given where the status is ok, got None for both")
        elif not self.reason:
            raise ValueError(f"reason must say why the status is {str(self.status)!r}, got an empty one")


@runtime_checkable
class Rule(Protocol):
    """A step rule: anything with a name that can be called like this.

    Called directly, it is for a finite x of the format inside the domain and a formula that the format can hold. It
    never raises for what happens in the arithmetic of the format; f may, and `numdiff.rules.run.run_rule` catches that.
    """

    @property
    def name(self) -> str:
        """The name in tables and arguments."""

    def __call__(
        self, f: Function, x: Any, fmt: FloatFormat, formula: Method, noise: float | None, domain: Domain
    ) -> Choice:
        """Choose a step.

        Parameters
        ----------
        f : callable
            Elementwise; takes an array of the format, see `numdiff.floats.call.evaluate`.
        x : scalar of the format
        fmt : FloatFormat
        formula : Stencil or ComplexStep
        noise : float or None
            The absolute error of a function value near x; None: unknown, about u|f(x)|.
        domain : tuple of float
        """


class Rules(Registry[Rule]):
    """The table of rules. A rule is one file; the package's own are listed in `numdiff.rules.table`."""

    def __init__(self, items: tuple[Rule, ...], group: str | None = None) -> None:
        super().__init__("rule", items, Rule, group)

    def _check(self, item: Any) -> None:
        """Refuse, beside what every registry does, what cannot be called as a rule is."""
        refuse_class("rule", item)
        super()._check(item)
        refuse_other_calls("rule", item)


def refuse_class(kind: str, item: Any) -> None:
    """Refuse a class in the place of an object of it."""
    if isinstance(item, type):
        raise TypeError(f"{kind} must be an object, got the class {item.__name__}; write {item.__name__}()")


def refuse_other_calls(kind: str, item: Any) -> None:
    """Refuse an item of a registry that does not take the arguments of a rule."""
    try:
        inspect.signature(item).bind("f", "x", "fmt", "formula", "noise", "domain")
    except (TypeError, ValueError):
        raise TypeError(
            f"{kind} {item.name!r} must take f, x, fmt, formula, noise and domain, got {type(item).__name__}"
        ) from None


def noise_order(formula: Method) -> int:
    """Return m, where a formula amplifies the error of a function value by 1/hᵐ: 0 for the complex step."""
    return 0 if isinstance(formula, ComplexStep) else formula.derivative_order


def nothing_to_balance(formula: Method) -> Choice:
    """Return the answer of a rule that balances truncation and rounding where the formula does not amplify rounding."""
    reason = f"{formula.name} has no rounding error that grows as h falls"
    return Choice(status=RuleStatus.NO_STEP, reason=reason)


def unsuitable(formula: Method, fmt: FloatFormat) -> str:
    """Return why a formula cannot be computed in a format, or nothing."""
    if isinstance(formula, ComplexStep) and fmt.complex_dtype is None:
        return f"{fmt.name} has no complex dtype"
    return beyond(formula, fmt)
