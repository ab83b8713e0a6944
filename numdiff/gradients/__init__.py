"""Gradients of functions of many variables by differences, and the check of a gradient against them."""

from numdiff.gradients.check import check_gradient
from numdiff.gradients.comparison import Comparison, GradientCheck, TaylorTest, Verdict, WrongGradientError
from numdiff.gradients.differences import NonFiniteGradientWarning, gradient, jacobian

__all__ = [
    "Comparison", "GradientCheck", "NonFiniteGradientWarning", "TaylorTest", "Verdict", "WrongGradientError",
    "check_gradient", "gradient", "jacobian",
]  # fmt: skip
