"""Gradients of functions of many variables by differences."""

from numdiff.gradients.differences import NonFiniteGradientWarning, gradient, jacobian

__all__ = ["NonFiniteGradientWarning", "gradient", "jacobian"]
