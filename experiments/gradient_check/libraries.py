"""The real libraries behind the protocol of a checker, with the same callables as the rules.

A gradient that was written by hand enters each library the way that its documentation shows for such gradients:
`torch.autograd.Function`, `jax.custom_vjp`, `autograd.extend.primitive`. The value and the gradient are computed by
the same NumPy code, so that a library and its transcribed rule see the same numbers.

The libraries are an extra of their own (see the README); one that is not installed is left out by `installed`.
"""

import importlib.metadata
import importlib.util
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import ml_dtypes
import numpy as np

from experiments.gradient_check.rules import ALL_FORMATS, IEEE_FORMATS, RULES, Checker, Function, Outcome, decided

SUFFIX = " (library)"
"""What tells the name of a library from that of its transcribed rule."""
_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)


def _first_line(error: BaseException) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)[:160]


# --- PyTorch ---------------------------------------------------------------------------------------


def _tensor(array: np.ndarray) -> Any:
    """Return a tensor with the bits of an array (torch does not know the bfloat16 of ml_dtypes)."""
    import torch

    if array.dtype == _BFLOAT16:
        return torch.from_numpy(array.view(np.uint16).copy()).view(torch.bfloat16)
    return torch.from_numpy(array.copy())


def _array(tensor: Any) -> np.ndarray:
    """Return an array with the bits of a tensor."""
    import torch

    plain = tensor.detach()
    if plain.dtype == torch.bfloat16:
        return plain.view(torch.uint16).numpy().view(_BFLOAT16)
    return plain.numpy()


def torch_library(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Run `torch.autograd.gradcheck` at its defaults."""
    import torch
    from torch.autograd.gradcheck import GradcheckError

    class Hand(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, point: Any) -> Any:
            ctx.save_for_backward(point)
            return _tensor(np.asarray(f(_array(point).copy())).reshape(1))[0]

        @staticmethod
        def backward(ctx: Any, incoming: Any) -> Any:
            (point,) = ctx.saved_tensors
            return incoming * _tensor(gradient(_array(point).copy()))

    point = _tensor(x).requires_grad_(True)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            torch.autograd.gradcheck(Hand.apply, (point,))
            rejected, note = False, ""
        except GradcheckError as error:
            rejected, note = True, _first_line(error)
    if any("not a double precision" in str(warning.message) for warning in heard):
        note = f"{note} (warns: not double precision)".strip()
    return decided(rejected, note)


# --- JAX -------------------------------------------------------------------------------------------


_on_trial: list[Function] = []
"""f and its gradient, for the callbacks of JAX: they are compiled once for a shape, and find here what to compute."""


@cache
def _jax_function(shape: tuple[int, ...], dtype: np.dtype) -> Any:
    """Return the JAX function whose value and gradient are those of `_on_trial`."""
    import jax

    @jax.jit  # eager callbacks would be compiled at each call
    def value(point: Any) -> Any:
        return jax.pure_callback(
            lambda p: np.asarray(_on_trial[0](np.asarray(p)), dtype), jax.ShapeDtypeStruct((), dtype), point
        )

    @jax.jit
    def slope(point: Any) -> Any:
        return jax.pure_callback(lambda p: _on_trial[1](np.asarray(p)), jax.ShapeDtypeStruct(shape, dtype), point)

    @jax.custom_vjp
    def hand(point: Any) -> Any:
        return value(point)

    def backward(point: Any, incoming: Any) -> Any:
        return (incoming * slope(point),)

    hand.defvjp(lambda point: (hand(point), point), backward)
    return hand


def jax_library(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Run `jax.test_util.check_grads` with ``order=1, modes=("rev",)`` and its default tolerances and step."""
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)  # float64 would silently become float32
    _on_trial[:] = [f, gradient]
    try:
        check_grads(_jax_function(x.shape, x.dtype), (x,), order=1, modes=("rev",))
    except AssertionError as error:
        return decided(True, _first_line(error))
    return decided(False, "")


# --- autograd --------------------------------------------------------------------------------------


def autograd_library(f: Function, gradient: Function, x: np.ndarray, seed: int) -> Outcome:
    """Run `autograd.test_util.check_grads` with ``modes=["rev"], order=1``, its directions drawn from the seed."""
    from autograd.extend import defvjp, primitive
    from autograd.test_util import check_grads

    @primitive
    def hand(point: np.ndarray) -> Any:
        return f(point)

    defvjp(hand, lambda answer, point: lambda incoming: incoming * gradient(point))
    # The library draws from the global generator, which is given back as it was.
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        check_grads(hand, modes=["rev"], order=1)(x)
    except AssertionError as error:
        return decided(True, _first_line(error))
    finally:
        np.random.set_state(state)  # noqa: NPY002
    return decided(False, "")


_RULES = {rule.name: rule for rule in RULES}
_LIBRARIES: tuple[tuple[str, str, str, tuple[str, ...], Callable[..., Outcome]], ...] = (
    ("torch", "torch gradcheck", "coordinates", ALL_FORMATS, torch_library),
    ("jax", "jax check_grads", "direction", ALL_FORMATS, jax_library),
    ("autograd", "autograd check_grads", "direction", IEEE_FORMATS, autograd_library),
)


def installed() -> tuple[Checker, ...]:
    """Return the checkers of the libraries that are here, each with the version that runs."""
    found = []
    for package, name, mode, formats, rule in _LIBRARIES:
        if importlib.util.find_spec(package) is not None:
            version = importlib.metadata.version(package).split("+")[0]  # builds differ by machine
            found.append(
                Checker(f"{name}{SUFFIX}", version, mode, formats, rule, _RULES[name].source, _RULES[name].defaults)
            )
    return tuple(found)
