"""The problems of the course: its functions `Square`, `Exp`, `Sigmoid`, `Tanh`, and a composition of three.

f is the `Function` itself, made a NumPy callable by `on_arrays`: what is measured is the code that the course runs,
with the formulas of the chapter. f′ is a plain NumPy callable.
"""

from typing import Any

import numpy as np

from numdiff.autodiff import Exp, Sigmoid, Square, Tanh, Variable, on_arrays
from numdiff.problems.problem import Problem

_SAITO = "K. Saito, Zero kara tsukuru Deep Learning 3 (Deep Learning from Scratch 3), O'Reilly Japan (2020)"
_LINE = (-float("inf"), float("inf"))


def _composition(x: Variable) -> Variable:
    """Return C(B(A(x))) with A = C = Square and B = Exp."""
    return Square()(Exp()(Square()(x)))


def _square_prime(x: Any) -> Any:
    return 2.0 * x


def _exp_prime(x: Any) -> Any:
    return np.exp(x)


# e⁻ˣ/(1 + e⁻ˣ)² and 4/(eˣ + e⁻ˣ)²: the familiar s(1 − s) and 1 − t² cancel in the tails.
def _sigmoid_prime(x: Any) -> Any:
    e = np.exp(-x)
    return e / ((1.0 + e) * (1.0 + e))


def _tanh_prime(x: Any) -> Any:
    s = np.exp(x) + np.exp(-x)
    return 4.0 / (s * s)


def _composition_prime(x: Any) -> Any:
    e = np.exp(x * x)
    return 4.0 * x * e * e


STEP4: tuple[Problem, ...] = (
    Problem(
        name="square",
        formula="x**2",
        f=on_arrays(Square()),
        derivative=_square_prime,
        points=(2.0, 0.1),
        domain=_LINE,
        source=f"{_SAITO}, step 4, x = 2; x = 0.1 is ours",
        reason="The course's first example: no truncation error, since f''' = 0, so all of it is rounding.",
        family="step4",
    ),
    Problem(
        name="exp",
        formula="exp(x)",
        f=on_arrays(Exp()),
        derivative=_exp_prime,
        points=(0.5, 0.1, 2.0),
        domain=_LINE,
        source=f"{_SAITO}, step 3 (the function); points ours",
        reason="Every derivative is f itself: truncation and rounding follow the textbook formulas.",
        family="step4",
    ),
    Problem(
        name="sigmoid",
        formula="1 / (1 + exp(-x))",
        f=on_arrays(Sigmoid()),
        derivative=_sigmoid_prime,
        points=(0.5, 0.0, -12.0),
        domain=_LINE,
        source=f"{_SAITO}, step 43 uses it, as the chapter writes it; points ours",
        reason="The gate of neural networks; f'' = 0 at 0, and at -12 the formula overflows in float16.",
        family="step4",
    ),
    Problem(
        name="tanh",
        formula="(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
        f=on_arrays(Tanh()),
        derivative=_tanh_prime,
        points=(0.5, 0.001, 12.0),
        domain=_LINE,
        source=f"{_SAITO}, step 35, as the chapter writes it; points ours",
        reason="The chapter's formula cancels near 0 and overflows in float16 at 12.",
        family="step4",
    ),
    Problem(
        name="composition",
        formula="exp(x**2)**2",
        f=on_arrays(_composition),
        derivative=_composition_prime,
        points=(0.5, 0.1, 2.0),
        domain=_LINE,
        source=f"{_SAITO}, step 4, x = 0.5: 3.2974426293330694 with eps = 1e-4; the other points are ours",
        reason="The course's composition Square∘Exp∘Square, whose published digits the suite explains.",
        family="step4",
    ),
)
"""The problems of the course, in its order."""
