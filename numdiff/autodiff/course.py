"""The two forms in which a `Function` may write its chain rule: the house's own and the course's."""

import inspect
from copy import copy
from typing import Any

from numdiff.autodiff.data import Array


def takes_gradient_alone(function: type) -> bool:
    """Whether the class of a function has the course's ``backward(self, gy)``, which looks at ``self.input``."""
    backward = inspect.getattr_static(function, "backward")
    if not inspect.isfunction(backward):
        return False
    kinds = [parameter.kind for parameter in inspect.signature(backward).parameters.values()]
    named = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return len(kinds) == 2 and all(kind in named for kind in kinds)


def course_backward(function: Any, inputs: tuple[Any, ...], arrays: tuple[Any, ...], output: Array, gy: Array) -> Any:
    """Call ``backward(gy)`` of a function with the attributes that it has in the course.

    These are ``inputs`` and ``output``, Variables with the data of the application, and ``input`` where there is one
    input. They are set on a copy: a function that is applied twice keeps its two calls apart, and no cycle of
    references is left.

    Returns
    -------
    array or tuple of arrays
        What backward returned, Variables replaced by their data.
    """
    called = copy(function)
    called.inputs = tuple(
        node if node.data is data else inputs[0]._holding(data) for node, data in zip(inputs, arrays, strict=True)
    )
    called.output = inputs[0]._holding(output)
    if len(inputs) == 1:
        (called.input,) = called.inputs
    given = called.backward(gy)
    bare = [value.data if hasattr(value, "creator") else value for value in (given if _is_several(given) else [given])]
    return tuple(bare) if _is_several(given) else bare[0]


def _is_several(given: Any) -> bool:
    return isinstance(given, (tuple, list))


def check_signature(function: Any, inputs: int) -> None:
    """Raise TypeError if a function's `backward` takes neither what the house nor what the course gives it."""
    try:
        inspect.signature(function.backward).bind(*range(2 + inputs))
    except TypeError as error:
        name = f"{type(function).__name__}.backward"
        arrays = ", ".join(f"x{i}" for i in range(inputs)) if inputs > 1 else "x"
        raise TypeError(
            f"{name} must be written as backward(self, gradient, output, {arrays}), or as backward(self, gy) with "
            f"self.{'input' if inputs == 1 else 'inputs'}, for {inputs} input{'s' if inputs > 1 else ''}, got "
            f"backward{inspect.signature(type(function).backward)}"
        ) from error
