"""Back-propagation: the chain rule, from the result of a graph of functions back to its Variables.

A `Node` holds an array. Every application of a function leaves a record of its inputs and its output. The backward
pass, `gradients`, goes from the result to the inputs, the youngest application first: the `backward` of a function is
called only when the gradient of its output is complete, however many paths lead there. The order comes from a heap and
not from recursion: the depth of a graph is limited by memory only.

References
----------
K. Saito, Deep Learning from Scratch 3, steps 6–17 (back-propagation, generations, no cycles of references).
A. Griewank, A. Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 3.2 (the reverse mode).
"""

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, Protocol

import numpy as np

from numdiff.autodiff.course import check_signature, course_backward
from numdiff.autodiff.data import (
    Array,
    as_array,
    broadcasts,
    describe,
    has_dtype,
    is_data,
    is_differentiable,
    is_exact,
    narrowed,
    summed_to,
    widened,
)
from numdiff.autodiff.protocols import UfuncProtocol, answer_function, no_number
from numdiff.floats.formats import format_of


class Node:
    """A node of a graph of functions: an array, its gradient, and the application of a function that computed it.

    `Variable` adds the operators. A node refers to the nodes that it was computed from, never to those that are
    computed from it. So there are no cycles of references, and a graph is freed with the last reference to its result,
    by reference counting alone.
    """

    # ``ndarray * Variable`` goes to the operators of Variable, ``np.exp(Variable)`` is refused with advice.
    __array_ufunc__ = UfuncProtocol()
    __float__ = __int__ = __complex__ = no_number

    def __array_function__(self, func: Callable[..., Any], types: Any, args: Any, kwargs: Any) -> Any:
        return answer_function(self, func, args, kwargs)

    _is_constant = False
    """Whether no gradient is wanted although the data could have one."""

    def __init__(self, data: Array) -> None:
        self.data = data
        self.grad: Array | None = None
        """The gradient, an array of the shape and dtype of the data; None before `backward`."""
        self.creator: Application | None = None
        """The application of a function that computed this node; None for a leaf."""

    @property
    def data(self) -> Array:
        """The array in the node: always an ndarray or an exact array, never a scalar."""
        return self._data

    @data.setter
    def data(self, data: Array) -> None:
        if not is_data(data):
            advice = ""
            if isinstance(data, Node):
                advice = "; it is a Variable already"
            elif isinstance(data, np.generic):
                advice = "; NumPy turns results on 0-d arrays into scalars: write as_array(…)"
            elif isinstance(data, (int, float, list, tuple)):
                advice = f"; write np.array({data!r:.60})"
            raise TypeError(
                f"data must be an ndarray of floats or integers, or an exact array, got {describe(data)}{advice}"
            )
        self._data = data
        self.is_tracked = not self._is_constant and is_differentiable(data)
        """Whether gradients flow into this Variable: not for integers, and not for operands given as arrays."""

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the data."""
        return self.data.shape

    @property
    def ndim(self) -> int:
        """The number of dimensions of the data."""
        return self.data.ndim

    @property
    def size(self) -> int:
        """The number of elements of the data."""
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        """The dtype of the data; AttributeError for an exact array, which has none."""
        return self.data.dtype

    def __len__(self) -> int:
        return len(self.data)

    def make_constant(self) -> None:
        """Let no gradient flow into this Variable."""
        self._is_constant, self.is_tracked = True, False

    def _holding(self, data: Array) -> "Node":
        """Return a node with the data that a function computed from this one: a `Variable` where this is one."""
        return Node(data)

    def __repr__(self) -> str:
        if is_exact(self.data):
            return f"Variable({self.data!r})"
        text = np.asarray(self.data).__str__().replace("\n", "\n" + " " * len("Variable("))
        usual = self.dtype in (np.dtype(np.float64), np.dtype(np.int64))
        return f"Variable({text})" if usual else f"Variable({text}, dtype={self.dtype.name})"

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        # Without this NumPy would wrap the node itself into an array of objects.
        raise TypeError("a Variable is not converted to an array silently; write .data")

    def backward(self, gradient: Any = None, *, keep_all: bool = False) -> None:
        """Propagate derivatives from here back to the Variables that this one was computed from.

        For y = f(x), `backward` of y adds Σᵢ gᵢ·∂yᵢ/∂xⱼ to ``x.grad`` for every leaf x, a Variable that no function
        computed; g is `gradient`. It *adds*: the gradients of several losses may be collected, and a second call on
        the same y doubles them; `clear_gradient` starts anew.

        The derivatives are those of what was computed: a new array assigned to ``x.data`` afterwards does not
        change them. Numbers changed in place between the two, in an array that a formula needs, do so unseen.

        Parameters
        ----------
        gradient : ndarray, exact array or number, optional
            The g above, in the shape and dtype of y (a number is rounded to it). May be left out where y has one
            element; it is 1 then.
        keep_all : bool, optional
            Whether the intermediate Variables, y itself included, get their gradients too.

        Raises
        ------
        TypeError
            If y is an integer or was computed from no Variable that can have a gradient, if `gradient` has another
            dtype, or if a function's `backward` returns no array or leaves the dtype.
        ValueError
            If y has several elements and no `gradient` is given, if a shape is wrong, or if ``x.grad`` is left
            from data of another shape.
        NotImplementedError
            If a function of the graph defines no `backward`; its class is named.
        """
        add_gradients(self, gradient, keep_all=keep_all)

    def clear_gradient(self) -> None:
        """Forget the gradient."""
        self.grad = None


@dataclass(frozen=True)
class Part:
    """A gradient that is zero except at an index: the contribution of `GetItem`.

    A vector of parameters is taken to pieces by many indices; the cost of each is that of its elements, not that of the
    whole vector.
    """

    values: Array
    index: Any

    def add_to(self, whole: Array) -> None:
        """Add the values to an array at the index, in place; an element that is chosen twice gets both."""
        if self._names_each_once():
            whole[self.index] += self.values
            return
        wide = widened(whole)
        np.add.at(wide, self.index, widened(self.values))
        if wide is not whole:
            whole[...] = narrowed(wide, whole)

    def _names_each_once(self) -> bool:
        """Whether the index consists of slices and integers, so that no element can be chosen twice."""
        parts = self.index if isinstance(self.index, tuple) else (self.index,)
        return all(part is None or part is Ellipsis or isinstance(part, (slice, int, np.integer)) for part in parts)


class Gradient:
    """The gradient of one node while contributions come in.

    Parameters
    ----------
    data : ndarray or exact array
        The data of the node.
    """

    def __init__(self, data: Array) -> None:
        self._data = data
        self.value: Array = None
        """The sum so far; None before the first contribution."""
        self._is_own = False

    def add(self, contribution: "Array | Part") -> None:
        """Add a contribution, in place only where the array was made here."""
        if isinstance(contribution, Part):
            if not self._is_own:
                self.value = np.zeros_like(self._data) if self.value is None else self.value.copy()
            contribution.add_to(self.value)
        elif self.value is None:
            self.value = contribution
            return
        elif self._is_own:
            np.add(self.value, contribution, out=self.value)
        else:
            self.value = as_array(self.value + contribution)
        self._is_own = isinstance(self.value, np.ndarray)

    def taken(self) -> Array:
        """Return the sum as an array of its own, shared with no contribution."""
        return self.value if self._is_own or is_exact(self.value) else self.value.copy()


class _Differentiable(Protocol):
    """A function that knows its chain rule: a `Function`."""

    takes_gradient_alone: bool

    def backward(self, gradient: Array, output: Array, *arrays: Any) -> Any: ...


class Application:
    """A function applied once: its inputs, its output, and its place in the order of the backward pass.

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

    def __init__(
        self, function: _Differentiable, inputs: tuple[Node, ...], arrays: tuple[Any, ...], output: Array
    ) -> None:
        self.function, self.inputs, self.arrays, self.output = function, inputs, arrays, output
        youngest = 0
        for node in inputs:
            if node.creator is not None and node.creator.generation > youngest:
                youngest = node.creator.generation
        self.generation: int = youngest + 1

    def input_gradients(self, gradient: Array) -> list[tuple[Node, Array, Array | Part]]:
        """Return each input that needs a gradient, its data, and what this application adds to its gradient."""
        given = self._given(gradient)
        contributions = given if isinstance(given, tuple) else (given,)
        name = f"{type(self.function).__name__}.backward"
        if len(contributions) != len(self.inputs):
            raise TypeError(
                f"{name} must return a gradient for each of {len(self.inputs)} inputs, got {describe(given)}"
            )
        wanted = zip(self.inputs, self.arrays, contributions, strict=True)
        return [
            (node, array, self._fitted(value() if callable(value) else value, array, name))
            for node, array, value in wanted
            if node.is_tracked
        ]

    def _given(self, gradient: Array) -> Any:
        """Return what the function's `backward` makes of the gradient, in whichever form it is written."""
        if self.function.takes_gradient_alone:
            return course_backward(self.function, self.inputs, self.arrays, self.output, gradient)
        try:
            return self.function.backward(gradient, self.output, *self.arrays)
        except TypeError:
            check_signature(self.function, len(self.arrays))
            raise

    def _fitted(self, value: Any, array: Array, name: str) -> Array | Part:
        """Return a contribution in the shape and dtype of the input, or say what is wrong with it."""
        if isinstance(value, Part):
            return value
        contribution = np.asarray(value) if isinstance(value, np.generic) else value
        if not is_data(contribution):
            raise TypeError(f"{name} must return arrays, got {describe(value)}")
        if contribution.shape != array.shape:
            # An input that was broadcast to the shape of the output was used many times: the uses add up.
            if contribution.shape != self.output.shape or not broadcasts(array.shape, contribution.shape):
                raise ValueError(
                    f"{name} must return a gradient of the shape of the input, {array.shape}, or of the output, "
                    f"{self.output.shape}, got {contribution.shape}"
                )
            contribution = summed_to(contribution, array.shape)
        if is_exact(array) or contribution.dtype == array.dtype:
            return contribution
        floating = {each.dtype for each in (*self.arrays, self.output) if is_differentiable(each) and has_dtype(each)}
        if len(floating) == 1:
            raise TypeError(
                f"{name} must keep the dtype of the data, {array.dtype}, got {contribution.dtype}: a NumPy constant "
                "promotes, in bfloat16 a Python float too; write 2 or x.dtype.type(0.5)"
            )
        return contribution.astype(array.dtype)  # the forward pass had promoted this input to a common dtype


def gradients(result: Node, gradient: Any = None, *, keep_all: bool = False) -> dict[Node, Gradient]:
    """Return the gradient of every leaf that a result was computed from: the backward pass.

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
        node = heappop(heap)[-1]
        if node.creator is None:
            continue
        # All functions of this node are younger: its gradient is complete, and needed only here.
        complete = found[node] if keep_all else found.pop(node)
        for source, data, contribution in node.creator.input_gradients(complete.value):
            if source not in found:
                found[source] = Gradient(data)
                heappush(heap, _entry(source, next(number)))
            found[source].add(contribution)
    return found


def _entry(node: Node, number: int) -> tuple[int, int, Node]:
    """Return the key of a node in the heap: the youngest generation first, then the order of discovery."""
    return -node.creator.generation if node.creator is not None else 0, number, node


def _seed(result: Node, gradient: Any) -> Array:
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


def add_gradients(result: Node, gradient: Any, *, keep_all: bool) -> None:
    """Add the gradients of a result to ``grad`` of its Variables; see `Variable.backward`."""
    found = gradients(result, gradient, keep_all=keep_all)
    for node, g in found.items():
        if node.grad is not None and node.grad.shape != g.value.shape:
            raise ValueError(
                f"grad must have the shape of the data, {g.value.shape}, got {node.grad.shape} from an earlier call; "
                "call clear_gradient() first"
            )
    for node, g in found.items():
        node.grad = g.taken() if node.grad is None else as_array(node.grad + g.value)
