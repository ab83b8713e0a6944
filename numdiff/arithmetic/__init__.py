"""Exact and enclosed evaluation of one NumPy callable in several number systems."""

from numdiff.arithmetic import numpy_functions as numpy_functions  # fills the tables of `dispatch`
from numdiff.arithmetic.ball import Ball, ComplexValue, Undefined, Value
from numdiff.arithmetic.dispatch import EXACT_LOCK, ExactArray
from numdiff.arithmetic.numpy_functions import NO_COMPLEX_STEP, ufuncs_used
from numdiff.arithmetic.rational import NotRational

__all__ = [
    "EXACT_LOCK",
    "NO_COMPLEX_STEP",
    "Ball",
    "ComplexValue",
    "ExactArray",
    "NotRational",
    "Undefined",
    "Value",
    "ufuncs_used",
]
