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

    In 16 bits rounding may leave both undecided; neither is called what it is not.
    """
    right = check_gradient(f, gradient, x, directions=directions)
    assert right.format == name
    assert right.verdict is not Verdict.DISAGREE
    assert right.evaluations <= 100 or directions == 0
    wrong = check_gradient(f, half, x, directions=directions)
    assert wrong.verdict is not Verdict.AGREE
    if name in ("float32", "float64"):
        assert right.verdict is Verdict.AGREE
        assert wrong.verdict is Verdict.DISAGREE
        assert wrong.cause == "a factor: the gradient has to be multiplied by 2"
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


def test_dataclasses_that_jax_knows_are_trees():
    jax = pytest.importorskip("jax", reason="JAX is not installed: make experiments-ml has it")
    from dataclasses import dataclass

    @jax.tree_util.register_dataclass
    @dataclass
    class Layer:
        W: object
        b: object

    def f(p):
        return jax.numpy.sum(jax.numpy.tanh(p["layer"].W @ jax.numpy.ones(3) + p["layer"].b) ** 2)

    p = {"layer": Layer(jax.numpy.asarray(X[:2, :3], "float32"), jax.numpy.ones(2))}
    check = check_gradient(f, jax.grad(f), p)
    assert check.verdict is Verdict.AGREE
    assert [one.name for one in check.comparisons][5:] == ["layer.W[1, 2]", "layer.b[0]", "layer.b[1]"]
