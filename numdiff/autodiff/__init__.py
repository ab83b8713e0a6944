"""The course's boxes: a `Variable` holds an array, a `Function` maps Variables to a Variable, forward and backward.

The boxes are written as in the course, with plain NumPy operations inside, so that whatever speaks NumPy's
ufunc protocol can be put into them: an array of any floating-point format, but also an exact array.
`on_arrays` takes the boxes off again; so a `Function` is one more NumPy callable to be measured. `gradient_of` does
the same with the gradient that back-propagation finds.

References
----------
K. Saito, *Zero kara tsukuru Deep Learning 3* (Deep Learning from Scratch 3), O'Reilly Japan, 2020: steps 1–3
(boxes, functions, composition), 4 (numerical differentiation), 6–9 (back-propagation, `as_array`), 11–18 (several
inputs, generations, memory), 20–22 (operators), 37–47 (arrays, sums, products, cross-entropy).
"""

from numdiff.autodiff.arrays import BroadcastTo, GetItem, MatMul, Mean, Reshape, Sum, Transpose
from numdiff.autodiff.callables import gradient_of, on_arrays
from numdiff.autodiff.data import as_array
from numdiff.autodiff.elementary import (
    Abs,
    Cos,
    Exp,
    Log,
    ReLU,
    Sigmoid,
    Sin,
    Sqrt,
    Square,
    StableSigmoid,
    StableTanh,
    Tanh,
)
from numdiff.autodiff.function import Function
from numdiff.autodiff.losses import LogSumExp, SigmoidCrossEntropy
from numdiff.autodiff.numerical import numerical_diff
from numdiff.autodiff.operators import Add, Div, Maximum, Mul, Neg, Pow, Sub
from numdiff.autodiff.variable import Variable

__all__ = [
    "Abs", "Add", "BroadcastTo", "Cos", "Div", "Exp", "Function", "GetItem", "Log", "LogSumExp", "MatMul", "Maximum",
    "Mean", "Mul", "Neg", "Pow", "ReLU", "Reshape", "Sigmoid", "SigmoidCrossEntropy", "Sin", "Sqrt", "Square",
    "StableSigmoid", "StableTanh", "Sub", "Sum", "Tanh", "Transpose", "Variable", "as_array", "gradient_of",
    "numerical_diff", "on_arrays",
]  # fmt: skip
