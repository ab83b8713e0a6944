"""What a prediction of the best step assumes: names of the assumptions, and advice for where one fails."""

from enum import StrEnum


class BeyondDoublesError(ValueError):
    """The model computes in doubles, and no normal double holds x, f⁽ᵐ⁾(x), or the steps beside x."""


class FailedAssumption(StrEnum):
    """Why a prediction may be wrong, gravest first; `advice` says what follows.

    Examples
    --------
    >>> import numpy as np
    >>> import numdiff as nd
    >>> nd.optimal_step(np.abs, 0.0).failed
    <FailedAssumption.NOT_SMOOTH: 'not smooth'>
    """

    NOT_TRACED = "not traced"
    """f is known by the values of a twin alone (``exact=``): the model, which looks inside f, has nothing to go by."""
    NOT_SMOOTH = "not smooth"
    """f has no Taylor series at x, or none near it."""
    NO_BOUND = "no bound"
    """The rounding error of f has no bound near x."""
    OVERFLOW = "overflow"
    """A term, a sum or a quotient of the formula, or the derivative, is larger than all numbers of the format."""
    NO_ROOM = "no room"
    """The best step is cut off, or none is left: by a branch, pole or edge of f, the domain, the format, or the radius
    of the Taylor series."""
    NO_DIGIT = "no digit"
    """The derivative is smaller than the predicted error."""
    POINT_ZERO = "x = 0"
    """There is no |x| to compare the step with."""
    FUNCTION_ZERO = "f = 0"
    """The rounding error at x is not that of the values nearby."""
    LEADING_DERIVATIVE_ZERO = "leading derivative = 0"
    """f⁽ᵐ⁺ᵖ⁾(x) is 0, or far smaller than on both sides of x, so that the truncation error at x is not of order p."""
    LOST_ACCURACY = "loss of accuracy"
    """f is computed with so much more rounding error than x and f(x) have that its noise may be overestimated."""

    @property
    def advice(self) -> str:
        """What it means for the prediction, and what to do."""
        return _ADVICE[self]


_ADVICE = {
    FailedAssumption.NOT_TRACED: (
        "no prediction: the model needs the formula of f, and a twin gives values alone; sweep over the steps, or use "
        "a rule for black boxes"
    ),
    FailedAssumption.NOT_SMOOTH: (
        "no prediction: f has a kink, a pole or an end of its domain at x; choose another x, or a smooth f that is "
        "equal to it on the side that the stencil sees"
    ),
    FailedAssumption.NO_BOUND: (
        "no prediction: nothing bounds the rounding error of f near x (overflow, or a function without a known "
        "accuracy); rewrite f"
    ),
    FailedAssumption.OVERFLOW: (
        "a number inside the difference quotient exceeds the largest one of the format, at all steps or at wider "
        "ones; scale f, or use a formula with smaller weights or a wider format"
    ),
    FailedAssumption.NO_ROOM: (
        "the step is the widest that the smooth piece of f around x, its Taylor series or the format has room for, if "
        "there is any; a one-sided stencil that points away from the obstacle may do better, or a scaled argument"
    ),
    FailedAssumption.NO_DIGIT: (
        "the derivative is smaller than its predicted error, as at a maximum of f: no digit of the quotient is known "
        "to be right, and no step is better than another; use a wider format, or ask for the second derivative"
    ),
    FailedAssumption.POINT_ZERO: (
        "x = 0 gives no length scale: the prediction is for |x| ≤ 1/16; scale the argument if f varies over less"
    ),
    FailedAssumption.FUNCTION_ZERO: (
        "f(x) = 0: at x itself the rounding error of f may be far smaller than nearby, and so may the best step"
    ),
    FailedAssumption.LEADING_DERIVATIVE_ZERO: (
        "the leading truncation term vanishes at x: the closed form has no answer, and the model goes by the other "
        "terms and by what is nearby"
    ),
    FailedAssumption.LOST_ACCURACY: (
        "f loses digits on the way, as by cancellation; if these errors cancel in turn, as in log(w)/(w − 1) with w = "
        "exp(x), the noise is far below its bound and the best step is shorter; rewrite f"
    ),
}
