"""The course's Variables and Functions: a graph of NumPy operations, evaluated forward, differentiated backward.

They are written as in the course, with plain NumPy operations inside. So a `Variable` holds whatever follows NumPy's
ufunc protocol: an array of any floating-point format, and also an exact array. `on_arrays` makes a function of
Variables an ordinary NumPy callable, whose error can be measured; `gradient_of` makes one of its gradient by
back-propagation.

References
----------
K. Saito, *Zero kara tsukuru Deep Learning 3* (Deep Learning from Scratch 3), O'Reilly Japan, 2020: steps 1–3
(variables, functions, composition), 4 (numerical differentiation), 6–9 (back-propagation, `as_array`), 11–18 (several
inputs, generations, memory), 20–22 (operators), 37–47 (arrays, sums, products, cross-entropy).
"""

from numdiff.autodiff.adapters import gradient_of, numerical_diff, on_arrays
from numdiff.autodiff.array_functions import BroadcastTo, GetItem, MatMul, Mean, Reshape, Sum, Transpose
from numdiff.autodiff.data import as_array
from numdiff.autodiff.elementary import (
    Abs,
    Cos,
    Exp,
    Log,
    LogSumExp,
    Maximum,
    ReLU,
    Sigmoid,
    SigmoidCrossEntropy,
    Sin,
    Sqrt,
    Square,
    StableSigmoid,
    StableTanh,
    Tanh,
)
from numdiff.autodiff.function import Add, Div, Function, Mul, Neg, Pow, Sub
from numdiff.autodiff.variable import Variable

__all__ = ["Function", "Variable", "as_array", "gradient_of", "numerical_diff", "on_arrays"]
__all__ += ["Add", "Div", "Mul", "Neg", "Pow", "Sub"]
__all__ += ["BroadcastTo", "GetItem", "MatMul", "Mean", "Reshape", "Sum", "Transpose"]
__all__ += ["Abs", "Cos", "Exp", "Log", "Maximum", "ReLU", "Sin", "Sqrt", "Square"]
__all__ += ["LogSumExp", "Sigmoid", "SigmoidCrossEntropy", "StableSigmoid", "StableTanh", "Tanh"]
