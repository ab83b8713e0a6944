"""Back-propagation: the chain rule, from the result of a graph of functions back to its Variables.

Every application of a function leaves a record of what went in and what came out. `gradients` walks from the result
to the inputs, the youngest application first, so that a function is asked for its derivative only when the gradient
of its output is complete, however many paths lead there. The order comes from a heap and not from recursion: the
depth of a graph is limited by memory only.

References
----------
K. Saito, Deep Learning from Scratch 3, steps 6–17 (back-propagation, generations, no cycles of references).
A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 3.2 (the reverse mode).
"""

from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

from numdiff.autodiff.accumulation import Gradient, Part, summed_to
from numdiff.autodiff.data import Array, as_array, describe, is_data, is_differentiable, is_exact
from numdiff.floats.formats import format_of

if TYPE_CHECKING:
    from numdiff.autodiff.box import Box
    from numdiff.autodiff.function import Function


class Application:
    """A function applied once: what went in, what came out, and after how many others.

    Attributes
    ----------
    function : Function
    inputs : tuple of Variable
        Where the gradients go.
    arrays : tuple of ndarray, exact array or number
        Their data at the time of the application.
    output : ndarray or exact array
        The data and not the Variable, which refers to this record.
    generation : int
        1 + the largest generation of the inputs: larger than that of all that the output depends on.
    """

    __slots__ = ("arrays", "function", "generation", "inputs", "output")

    def __init__(self, function: "Function", inputs: "tuple[Box, ...]", arrays: tuple[Any, ...], output: Array) -> None:
        self.function, self.inputs, self.arrays, self.output = function, inputs, arrays, output
        youngest = 0
        for box in inputs:
            if box.creator is not None and box.creator.generation > youngest:
                youngest = box.creator.generation
        self.generation: int = youngest + 1

    def input_gradients(self, gradient: Array) -> "list[tuple[Box, Array, Array | Part]]":
        """Return each input that needs a gradient, its data, and what this application adds to its gradient."""
        given = self.function.backward(gradient, self.output, *self.arrays)
        contributions = given if isinstance(given, tuple) else (given,)
        name = f"{type(self.function).__name__}.backward"
        if len(contributions) != len(self.inputs):
            raise TypeError(
                f"{name} must return a gradient for each of {len(self.inputs)} inputs, got {describe(given)}"
            )
        wanted = zip(self.inputs, self.arrays, contributions, strict=True)
        return [
            (box, array, self._fitted(value() if callable(value) else value, array, name))
            for box, array, value in wanted
            if box.is_tracked
        ]

    def _fitted(self, value: Any, array: Array, name: str) -> "Array | Part":
        """Return a contribution in the shape and dtype of the input, or say what is wrong with it."""
        if isinstance(value, Part):
            return value
        contribution = np.asarray(value) if isinstance(value, np.generic) else value
        if not is_data(contribution):
            raise TypeError(f"{name} must return arrays, got {describe(value)}")
        if contribution.shape != array.shape:
            # What was broadcast to the shape of the output was used many times: the uses add up.
            if contribution.shape != self.output.shape or not _broadcasts(array.shape, contribution.shape):
                raise ValueError(
                    f"{name} must return a gradient of the shape of the input, {array.shape}, or of the output, "
                    f"{self.output.shape}, got {contribution.shape}"
                )
            contribution = summed_to(contribution, array.shape)
        if is_exact(array) or contribution.dtype == array.dtype:
            return contribution
        floating = {each.dtype for each in (*self.arrays, self.output) if is_differentiable(each) and _has_dtype(each)}
        if len(floating) == 1:
            raise TypeError(
                f"{name} must keep the dtype of the data, {array.dtype}, got {contribution.dtype}: a NumPy constant "
                "promotes, in bfloat16 a Python float too; write 2 or x.dtype.type(0.5)"
            )
        return contribution.astype(array.dtype)  # the forward pass had promoted this input to a common dtype


def _has_dtype(value: Any) -> bool:
    return isinstance(value, (np.ndarray, np.generic))


def _broadcasts(shape: tuple[int, ...], to: tuple[int, ...]) -> bool:
    """Whether NumPy stretches one shape to another."""
    pairs = zip(reversed(shape), reversed(to), strict=False)
    return len(shape) <= len(to) and all(short in (1, long) for short, long in pairs)


def gradients(result: "Box", gradient: Any = None, *, keep_all: bool = False) -> "dict[Box, Gradient]":
    """Return the gradient of every Variable that a result was computed from and that was not computed itself.

    Parameters
    ----------
    result : Variable
    gradient : ndarray, exact array or number, optional
    keep_all : bool, optional
        As in `Variable.backward`, which lists the errors.

    Returns
    -------
    dict
        In the order in which they were found.
    """
    found = {result: Gradient(result.data)}
    found[result].add(_seed(result, gradient))
    number = count()
    heap = [_entry(result, next(number))]
    while heap:
        box = heappop(heap)[-1]
        if box.creator is None:
            continue
        # All that used this Variable is younger: its gradient is complete, and needed only here.
        complete = found[box] if keep_all else found.pop(box)
        for source, data, contribution in box.creator.input_gradients(complete.value):
            if source not in found:
                found[source] = Gradient(data)
                heappush(heap, _entry(source, next(number)))
            found[source].add(contribution)
    return found


def _entry(box: "Box", number: int) -> "tuple[int, int, Box]":
    """Return what sorts Variables in the heap: the youngest generation first, and then the order of discovery."""
    return -box.creator.generation if box.creator is not None else 0, number, box


def _seed(result: "Box", gradient: Any) -> Array:
    """Return the gradient of the result with respect to itself, checked."""
    data = result.data
    if not is_differentiable(data):
        raise TypeError(f"backward needs a floating-point result, got {describe(data)}: integers have no derivative")
    if not result.is_tracked:
        raise TypeError(
            "backward needs a result that was computed from a Variable, got a constant: operands given as arrays, and "
            "the x that on_arrays hands to its function, are not followed; write Variable(…)"
        )
    if gradient is None:
        if data.size != 1:
            raise ValueError(
                f"backward needs a gradient of the shape of the result, {data.shape}, unless that has one element; "
                "write backward(np.ones_like(y.data)) for the gradient of the sum"
            )
        return np.ones_like(data)
    return _given_seed(data, gradient)


def _given_seed(data: Array, gradient: Any) -> Array:
    if isinstance(gradient, (int, float)) and not is_exact(data) and not isinstance(gradient, np.generic):
        gradient = format_of(data).as_array(gradient)
    seed = np.asarray(gradient) if isinstance(gradient, np.generic) else gradient
    if not is_data(seed):
        raise TypeError(f"gradient must be an array or a number, got {describe(gradient)}")
    if getattr(seed, "dtype", None) != getattr(data, "dtype", None):
        kinds = [getattr(each, "dtype", "that of an exact array") for each in (data, seed)]
        raise TypeError(f"gradient must have the dtype of the result, {kinds[0]}, got {kinds[1]}")
    if seed.shape != data.shape:
        raise ValueError(f"gradient must have the shape of the result, {data.shape}, got {seed.shape}")
    return seed


def add_gradients(result: "Box", gradient: Any, *, keep_all: bool) -> None:
    """Add the gradients of a result to ``grad`` of its Variables; see `Variable.backward`."""
    found = gradients(result, gradient, keep_all=keep_all)
    for box, g in found.items():
        if box.grad is not None and box.grad.shape != g.value.shape:
            raise ValueError(
                f"grad must have the shape of the data, {g.value.shape}, got {box.grad.shape} from an earlier call; "
                "call clear_gradient() first"
            )
    for box, g in found.items():
        box.grad = g.taken() if box.grad is None else as_array(box.grad + g.value)
