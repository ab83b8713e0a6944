"""Gradients by differences, and the check of a gradient against them."""

from numdiff.gradients.check import check_gradient
from numdiff.gradients.comparison import Comparison, GradientCheck, TaylorTest, Verdict, WrongGradientError

__all__ = ["Comparison", "GradientCheck", "TaylorTest", "Verdict", "WrongGradientError", "check_gradient"]
