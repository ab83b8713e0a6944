"""What a network is trained with, in forms that neither overflow nor cancel."""

import numpy as np

from numdiff.autodiff.accumulation import narrowed, widened
from numdiff.autodiff.arrays import Axis, kept
from numdiff.autodiff.data import Array
from numdiff.autodiff.elementary import stable_sigmoid
from numdiff.autodiff.function import Function


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
    """

    def __init__(self, targets: Array) -> None:
        self.targets = targets

    def forward(self, z: Array) -> Array:
        """Return max(z, 0) − t·z + ln(1 + e^−|z|)."""
        return (np.maximum(z, 0) - self.targets * z) + np.log1p(np.exp(-np.abs(z)))

    def backward(self, gradient: Array, y: Array, z: Array) -> Array:
        """Return g·(σ(z) − t)."""
        return gradient * (stable_sigmoid(z) - self.targets)
