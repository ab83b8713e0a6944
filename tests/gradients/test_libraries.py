"""The gradient check with the real JAX and PyTorch, where they are installed (see `make experiments-ml`)."""

import numpy as np
import pytest

from numdiff.gradients import Verdict, check_gradient

MATRIX = np.random.default_rng(0).normal(size=(5, 5))
X = np.random.default_rng(1).normal(size=(5, 5)) / 2

each_mode = pytest.mark.parametrize("directions", [0, 4], ids=["coordinates", "directions"])
each_format = pytest.mark.parametrize("name", ["float32", "float16", "bfloat16"])


def checked(f, gradient, half, x, directions, name):
    """Check a correct gradient and half of it, and return the first check.

    How the libraries sum products of bfloat16 depends on the processor. On some of them f is noisy enough to leave half
    the gradient undecided along four directions; nowhere is it accepted.
    """
    right = check_gradient(f, gradient, x, directions=directions)
    assert right.format == name
    assert right.verdict is not Verdict.DISAGREE
    assert name == "bfloat16" or right.verdict is Verdict.AGREE
    assert right.evaluations <= 100 or directions == 0
    wrong = check_gradient(f, half, x, directions=directions)
    is_noisy = name == "bfloat16" and directions > 0
    assert wrong.verdict in ((Verdict.DISAGREE, Verdict.INCONCLUSIVE) if is_noisy else (Verdict.DISAGREE,))
    assert name == "bfloat16" or wrong.cause == "a factor: the gradient has to be multiplied by 2"
    return right


@each_format
@each_mode
def test_functions_of_jax(name, directions):
    jax = pytest.importorskip("jax", reason="JAX is not installed: make experiments-ml has it")
    numpy = jax.numpy

    def f(w):
        return numpy.sum(numpy.tanh(numpy.asarray(MATRIX).astype(w.dtype) @ w) ** 2)

    checked(f, jax.grad(f), lambda w: jax.grad(f)(w) / 2, numpy.asarray(X, name), directions, name)


@each_mode
def test_functions_of_jax_that_leave_float64_are_checked_in_float32(directions):
    jax = pytest.importorskip("jax", reason="JAX is not installed: make experiments-ml has it")

    def f(w):
        return jax.numpy.sum(jax.numpy.tanh(w) ** 2)

    check = checked(f, jax.grad(f), lambda w: jax.grad(f)(w) / 2, X, directions, "float32")
    assert check.notes == ("f computes in float32 though x is float64: checked in float32",)


@pytest.mark.parametrize("name", ["float64", "float32", "float16", "bfloat16"])
@each_mode
def test_functions_of_pytorch(name, directions):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make experiments-ml has it")

    def f(w):
        return (torch.tanh(torch.as_tensor(MATRIX, dtype=w.dtype) @ w) ** 2).sum()

    def gradient(w):
        w = w.detach().clone().requires_grad_(True)
        f(w).backward()
        return w.grad

    x = torch.as_tensor(X, dtype=getattr(torch, name))
    checked(f, gradient, lambda w: gradient(w) / 2, x, directions, name)


def test_gradients_that_pytorch_has_left_behind_serve_as_arrays():
    torch = pytest.importorskip("torch", reason="PyTorch is not installed: make experiments-ml has it")
    x = torch.as_tensor(X).requires_grad_(True)
    (x**3).sum().backward()
    assert check_gradient(lambda w: (w**3).sum(), x.grad, x).verdict is Verdict.AGREE
