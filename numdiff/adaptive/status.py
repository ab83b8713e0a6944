"""What became of a derivative: a code for each point, with a message that advises."""

from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType

__all__ = ["OK", "DerivativeStatus", "Status"]


class DerivativeStatus(IntEnum):
    """The outcome of `derivative` at a point; `message` says what it means and what to do.

    0 is success. 0, −2 and −3 mean what they mean in ``scipy.differentiate.derivative``; −1 and −4, which have no
    counterpart here, are left out. Whatever the status, a finite bar is a bar: it covers the error as often as any.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.derivative(np.exp, 0.5).status == nd.DerivativeStatus.OK
    True
    >>> nd.DerivativeStatus.NOT_FINITE.advice
    'give domain= if f ends nearby, or scale x and f'
    """

    OK = 0
    """A value and a bar that is small beside it."""
    BUDGET = -2
    """The evaluations ended before the bar was small."""
    NOT_FINITE = -3
    """f is infinite or NaN at nodes that cannot be done without, or the derivative overflows."""
    NO_DIGITS = -5
    """The bar is as large as the value, or nearly: f′ is about 0, or the noise of f hides it."""
    KINK = -6
    """The derivatives from the left and from the right differ."""
    JUMP = -7
    """f jumps."""
    OSCILLATES = -8
    """f varies within the smallest step that its noise allows; the bar is infinite."""
    AMBIGUOUS = -9
    """Large and small steps see different slopes."""
    TOUCHES_DOMAIN = -10
    """The end of the domain leaves no room for a better formula."""
    NOT_DETERMINISTIC = -11
    """f returned another value when it was asked again at the same node."""

    @property
    def label(self) -> str:
        """The name in words: ``not finite``."""
        return self.name.lower().replace("_", " ")

    @property
    def meaning(self) -> str:
        """What was seen, in half a sentence."""
        return _TEXTS[self][0]

    @property
    def advice(self) -> str:
        """What to do; empty for `OK`."""
        return _TEXTS[self][1]

    @property
    def message(self) -> str:
        """What was seen, and what to do."""
        return f"{self.meaning}; {self.advice}" if self.advice else self.meaning


Status = DerivativeStatus
"""The same under the short name that the estimator uses."""
OK = int(Status.OK)
"""As a plain number: NumPy compares arrays with members of an enum slowly."""

_TEXTS: Mapping[DerivativeStatus, tuple[str, str]] = MappingProxyType(
    {
        Status.OK: ("the error is within the bar", ""),
        Status.BUDGET: (
            "the evaluations ended before the bar was small",
            "give more max_evaluations=; value and bar hold as they stand",
        ),
        Status.NOT_FINITE: (
            "f is infinite or NaN near x, or its derivative is too large for the format",
            "give domain= if f ends nearby, or scale x and f",
        ),
        Status.NO_DIGITS: (
            "the bar is about as large as the value: the derivative is near 0, or the noise of f hides it",
            "value and bar hold; for more digits give a wider dtype=, or a less noisy f",
        ),
        Status.KINK: (
            "f has a kink at x or beside it, or f′ has one and this is f″",
            "take side='left' or side='right' for one of the two derivatives",
        ),
        Status.JUMP: ("f jumps at x or beside it", "there is no derivative; move x, or end the domain= at the jump"),
        Status.OSCILLATES: (
            "f oscillates faster than its values can resolve",
            "give more max_evaluations=, a wider dtype=, or a smoother f; noise= if it is noise",
        ),
        Status.AMBIGUOUS: (
            "large and small steps see different slopes, and the bar holds both",
            "give noise= if f is noisy; without noise the slope at small steps is right",
        ),
        Status.TOUCHES_DOMAIN: (
            "the end of the domain leaves little room for nodes",
            "move x inward, or widen domain= if f is smooth beyond it; value and bar hold",
        ),
        Status.NOT_DETERMINISTIC: (
            "f returned another value when it was asked again at the same node",
            "fix its seed, or give noise=, the standard deviation of f",
        ),
    }
)
