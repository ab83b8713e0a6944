"""Elementary functions, the course's and numerically stable ones, and the losses that a network is trained with.

Constants are integers throughout: in plain ml_dtypes a Python float would take bfloat16 to float32.
"""

from typing import Any

import numpy as np

from numdiff.autodiff.data import Array, Axis, kept, narrowed, widened
from numdiff.autodiff.function import Function


def stable_sigmoid(x: Array) -> Array:
    """Return e^min(x, 0) / (1 + e^−|x|); see `StableSigmoid`."""
    return np.exp(np.minimum(x, 0)) / (1 + np.exp(-np.abs(x)))


class Exp(Function):
    """eˣ; the derivative is the value itself.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0]))
    >>> nd.Exp()(x).sum().backward()
    >>> x.grad.tolist()
    [1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return eˣ."""
        return np.exp(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·eˣ."""
        return gradient * y


class Log(Function):
    """The natural logarithm.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([1.0]))
    >>> nd.Log()(x).sum().backward()
    >>> x.grad.tolist()
    [1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return ln x."""
        return np.log(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g/x."""
        return gradient / x


class Sqrt(Function):
    """√x; at 0 the derivative is infinite.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([4.0, 0.25]))
    >>> nd.Sqrt()(x).sum().backward()
    >>> x.grad.tolist()
    [0.25, 1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return √x."""
        return np.sqrt(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g/(2√x)."""
        return gradient / (2 * y)


class Square(Function):
    """x².

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([1.0, -3.0]))
    >>> nd.Square()(x).sum().backward()
    >>> x.grad.tolist()
    [2.0, -6.0]
    """

    def forward(self, x: Array) -> Array:
        """Return x²."""
        return x**2

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·2x."""
        return gradient * (2 * x)


class Sin(Function):
    """sin x, x in radians.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0]))
    >>> nd.Sin()(x).sum().backward()
    >>> x.grad.tolist()
    [1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return sin x."""
        return np.sin(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·cos x."""
        return gradient * np.cos(x)


class Cos(Function):
    """cos x, x in radians.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0]))
    >>> nd.Cos()(x).sum().backward()
    >>> x.grad.tolist()
    [-0.0]
    """

    def forward(self, x: Array) -> Array:
        """Return cos x."""
        return np.cos(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return −g·sin x."""
        return gradient * -np.sin(x)


class Sigmoid(Function):
    """The logistic function 1/(1 + e⁻ˣ), computed as the course writes it.

    e⁻ˣ overflows for large −x (float16: x < −11.1, float64: x < −709.8): the result is 0, with NumPy's
    warning, also where the format could hold eˣ ≈ σ(x). `StableSigmoid` computes it everywhere. Its derivative
    y(1 − y) cancels for large x, where 1 − y has an absolute error of u.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0]))
    >>> nd.Sigmoid()(x).sum().backward()
    >>> x.grad.tolist()
    [0.25]
    """

    def forward(self, x: Array) -> Array:
        """Return 1/(1 + e⁻ˣ)."""
        return 1 / (1 + np.exp(-x))

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·y(1 − y)."""
        return gradient * (y * (1 - y))


class StableSigmoid(Function):
    """The logistic function as e^min(x, 0) / (1 + e^−|x|): no exponential overflows.

    For x ≥ 0 these are the very operations of `Sigmoid`; for x < 0 it is eˣ/(1 + eˣ). (The other common
    form, (1 + tanh(x/2))/2, does not overflow either, but cancels for x < 0.) |x| and min are not
    analytic: the complex step refuses this form. The derivative is as accurate as e^−|x|, everywhere.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0, -800.0]))
    >>> nd.StableSigmoid()(x).sum().backward()
    >>> x.grad.tolist()
    [0.25, 0.0]
    """

    def forward(self, x: Array) -> Array:
        """Return e^min(x, 0) / (1 + e^−|x|)."""
        return stable_sigmoid(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·e/(1 + e)² with e = e^−|x|: σ′ is even."""
        e = np.exp(-np.abs(x))
        return gradient * (e / (1 + e) ** 2)


class Tanh(Function):
    """tanh x = (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ), computed as the course writes it.

    For small |x| the numerator cancels (absolute error about u, so the relative one is u/|x|); for large
    |x| an exponential overflows and the result is NaN (float16: |x| > 11.1, float64: |x| > 709.8), with
    NumPy's warnings. `StableTanh` does neither. Its derivative 1 − y² cancels for large |x|.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0]))
    >>> nd.Tanh()(x).sum().backward()
    >>> x.grad.tolist()
    [1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)."""
        return (np.exp(x) - np.exp(-x)) / (np.exp(x) + np.exp(-x))

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·(1 − y²)."""
        return gradient * (1 - y * y)


class StableTanh(Function):
    """tanh x by NumPy's own function; its derivative is as accurate as e^−|x|, everywhere.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([0.0, 800.0]))
    >>> nd.StableTanh()(x).sum().backward()
    >>> x.grad.tolist()
    [1.0, 0.0]
    """

    def forward(self, x: Array) -> Array:
        """Return tanh x."""
        return np.tanh(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g/cosh²x as g·(2e/(1 + e²))² with e = e^−|x|: nothing cancels, nothing overflows."""
        e = np.exp(-np.abs(x))
        return gradient * (2 * e / (1 + e * e)) ** 2


class Abs(Function):
    """|x|; at the kink, x = 0, the derivative is taken as 0, between the slopes on both sides.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([-2.0, 0.0, 3.0]))
    >>> nd.Abs()(x).sum().backward()
    >>> x.grad.tolist()
    [-1.0, 0.0, 1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return |x|."""
        return np.abs(x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·sign(x)."""
        return gradient * np.sign(x)


class ReLU(Function):
    """max(x, 0); at the kink, x = 0, the derivative is taken as 0, the slope on the left.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x = nd.Variable(np.array([-2.0, 0.0, 3.0]))
    >>> nd.ReLU()(x).sum().backward()
    >>> x.grad.tolist()
    [0.0, 0.0, 1.0]
    """

    def forward(self, x: Array) -> Array:
        """Return max(x, 0)."""
        return np.maximum(x, 0)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g where x > 0, and 0 elsewhere."""
        return np.where(x > 0, gradient, np.zeros_like(gradient))


class Maximum(Function):
    """max(x, y), elementwise; where x = y each of the two gets half of the gradient.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> x, y = nd.Variable(np.array([1.0, 2.0])), nd.Variable(np.array([3.0, 2.0]))
    >>> nd.Maximum()(x, y).sum().backward()
    >>> x.grad.tolist(), y.grad.tolist()
    ([0.0, 0.5], [1.0, 0.5])
    """

    def forward(self, x: Array, y: Array) -> Array:
        """Return max(x, y)."""
        return np.maximum(x, y)

    def backward(self, gradient: Array, z: Array, x: Array, y: Array) -> Any:
        """Return g, 0 where x > y; 0, g where x < y; g/2, g/2 where they are equal."""
        nothing, tie = np.zeros_like(gradient), np.where(x == y, gradient / 2, np.zeros_like(gradient))
        return lambda: np.where(x > y, gradient, nothing) + tie, lambda: np.where(x < y, gradient, nothing) + tie


class LogSumExp(Function):
    """ln Σ exp(x) along some axes, as m + ln Σ exp(x − m) with the maximum m: no exponential overflows.

    The gradient is the softmax. For logits z of the shape (samples, classes) and integer labels the cross-entropy of
    each sample is ``LogSumExp(axis=1)(z) - z[np.arange(len(labels)), labels]``.

    Parameters
    ----------
    axis : int or tuple of int, optional
        All axes by default.
    keepdims : bool, optional
        Whether the axes stay, with length 1.

    References
    ----------
    P. Blanchard, D. J. Higham, N. J. Higham, Accurately computing the log-sum-exp and softmax functions, IMA Journal of
    Numerical Analysis 41 (2021), 2311–2330, doi:10.1093/imanum/draa038: the shifted formulas.

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> z = nd.Variable(np.array([1000.0, 1000.0]))
    >>> nd.LogSumExp()(z).backward()
    >>> z.grad
    array([0.5, 0.5])
    """

    def __init__(self, axis: Axis = None, keepdims: bool = False) -> None:
        self.axis, self.keepdims = axis, keepdims

    def forward(self, x: Array) -> Array:
        """Return ln Σ eˣ; the formats of 16 bits are computed in float32 and rounded once."""
        shift, _, sums = self._shifted(x)
        result = shift + np.log(sums)
        return narrowed(result if self.keepdims else np.squeeze(result, self.axis), x)

    def backward(self, gradient: Array, y: Array, x: Array) -> Array:
        """Return g·exp(x − m)/Σ exp(x − m): g times the softmax."""
        _, terms, sums = self._shifted(x)
        return kept(gradient, x.ndim, self.axis) * narrowed(terms / sums, x)

    def _shifted(self, x: Array) -> tuple[Array, Array, Array]:
        """Return m, exp(x − m) and its sum, with all axes."""
        wide = widened(x)
        # The result does not depend on m, so a real one will do for the complex step; and ∞ − ∞ would be none.
        largest = np.max(np.asarray(wide).real, axis=self.axis, keepdims=True)
        shift = np.where(np.isfinite(largest), largest, np.zeros_like(largest))
        terms = np.exp(wide - shift)
        return shift, terms, np.sum(terms, axis=self.axis, keepdims=True)


class SigmoidCrossEntropy(Function):
    """The cross-entropy −t·ln σ(z) − (1 − t)·ln(1 − σ(z)) of logits z, elementwise; a loss is its mean or sum.

    Computed as max(z, 0) − t·z + ln(1 + e^−|z|): σ(z) is not formed, which may round to 0 or 1 and make a logarithm
    infinite. |z| and max are not analytic: the complex step refuses this form.

    Parameters
    ----------
    targets : ndarray
        The t above, in [0, 1], of the dtype of the logits and a shape that broadcasts with theirs.

    References
    ----------
    TensorFlow documentation, ``tf.nn.sigmoid_cross_entropy_with_logits`` (the formula and its derivation).

    Examples
    --------
    >>> import numpy as np, numdiff as nd
    >>> z = nd.Variable(np.array([0.0, 0.0]))
    >>> nd.SigmoidCrossEntropy(np.array([0.0, 1.0]))(z).sum().backward()
    >>> z.grad
    array([ 0.5, -0.5])
    """

    def __init__(self, targets: Array) -> None:
        self.targets = targets

    def forward(self, z: Array) -> Array:
        """Return max(z, 0) − t·z + ln(1 + e^−|z|)."""
        return (np.maximum(z, 0) - self.targets * z) + np.log1p(np.exp(-np.abs(z)))

    def backward(self, gradient: Array, y: Array, z: Array) -> Array:
        """Return g·(σ(z) − t)."""
        return gradient * (stable_sigmoid(z) - self.targets)
