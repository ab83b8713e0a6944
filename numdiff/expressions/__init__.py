"""Expressions that come as text: read by a whitelist, never run as Python.

`parse_expression` makes a function of NumPy arrays, and of all exact arrays of this package, from a text such as
``"exp(sin(x))"``. What it does not know it refuses, and shows where.
"""

from numdiff.expressions.errors import ExpressionError
from numdiff.expressions.expression import Expression, parse_expression

__all__ = ["Expression", "ExpressionError", "parse_expression"]
