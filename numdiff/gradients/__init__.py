"""Gradients of functions of many variables by differences, and the check of a gradient against them."""

from numdiff.gradients.answer import NonFiniteGradientWarning, UncertainGradientWarning
from numdiff.gradients.check import check_gradient
from numdiff.gradients.gradient import gradient
from numdiff.gradients.hessian import directional_derivative, hessian, hessian_vector_product
from numdiff.gradients.jacobian import jacobian
from numdiff.gradients.result import GradientCheck, SlopeComparison, WrongGradientError
from numdiff.gradients.rule import Verdict

__all__ = ["GradientCheck", "SlopeComparison", "Verdict", "WrongGradientError", "check_gradient"]
__all__ += ["NonFiniteGradientWarning", "UncertainGradientWarning", "directional_derivative", "gradient", "hessian"]
__all__ += ["hessian_vector_product", "jacobian"]
