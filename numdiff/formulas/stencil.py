"""Difference formulas as exact, validated data, and the complex step beside them.

A `Method` is nodes plus a combination. Its two kinds are the `Stencil`,

    f⁽ᵐ⁾(x) ≈ Σ wⱼ f(x + cⱼh) / hᵐ,

whose offsets and weights are exact rationals, and the `ComplexStep`, f′(x) ≈ Im f(x + ih) / h.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeAlias

from numdiff.display import wrapped
from numdiff.floats.dyadic import dyadic
from numdiff.formulas.rationals import integer_from, quotient_text, rationals, solved_weights

Rational: TypeAlias = Fraction | int


@dataclass(frozen=True)
class Stencil:
    """A finite-difference formula, proved at construction.

    Parameters
    ----------
    name : str
        The name in tables and arguments.
    offsets : sequence of Fraction or int
        The offsets cⱼ in units of the step: distinct dyadic rationals, so that x + cⱼh of floating-point x
        and h is a dyadic number too and can be formed without error.
    weights : sequence of Fraction or int
        The weights wⱼ, none of them zero.
    derivative_order : int
        m ≥ 1, the order of the derivative that the formula approximates.

    Raises
    ------
    TypeError
        If an offset or a weight is no rational number.
    ValueError
        If an offset or a weight is not finite, offsets and weights differ in number, an offset is repeated or not
        dyadic, a weight is zero, `derivative_order` is no positive integer, or a moment condition
        Σ wⱼcⱼᵏ = m!·[k = m], k = 0 … m, fails; the message names the moment.

    References
    ----------
    B. Fornberg, Generation of finite difference formulas on arbitrarily spaced grids, Math. Comp. 51 (1988)
    699-706, section 1: the moment (order) conditions.

    Examples
    --------
    >>> import numdiff as nd
    >>> mine = nd.Stencil("mine", offsets=(1, -1), weights=(0.5, -0.5))
    >>> mine.accuracy_order, mine.leading_error_constant
    (2, Fraction(1, 6))
    >>> mine.richardson().weights
    (Fraction(-1, 12), Fraction(1, 12), Fraction(2, 3), Fraction(-2, 3))
    """

    name: str
    offsets: tuple[Fraction, ...]
    weights: tuple[Fraction, ...]
    derivative_order: int = 1
    complex_nodes: ClassVar[bool] = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "offsets", rationals(f"offsets of stencil {self.name!r}", self.offsets))
        object.__setattr__(self, "weights", rationals(f"weights of stencil {self.name!r}", self.weights))
        m = integer_from(1, "derivative_order", self.derivative_order)
        object.__setattr__(self, "derivative_order", m)
        self._check_nodes()
        for k in range(m + 1):
            moment, required = self.moment(k), math.factorial(m) if k == m else 0
            if moment != required:
                raise ValueError(
                    f"weights of stencil {self.name!r} must have moment {k} equal to {required} "
                    f"(sum of w*c**{k}), got {moment}"
                )

    def _check_nodes(self) -> None:
        if len(self.offsets) != len(self.weights):
            raise ValueError(
                f"weights must be as many as offsets, got {len(self.weights)} for {len(self.offsets)} offsets"
            )
        for index, offset in enumerate(self.offsets):
            if offset in self.offsets[:index]:
                raise ValueError(f"offsets of stencil {self.name!r} must be distinct, got {offset} twice")
            if offset.denominator & (offset.denominator - 1):
                raise ValueError(f"offsets of stencil {self.name!r} must be dyadic rationals, got {offset}")
        if 0 in self.weights:
            raise ValueError(f"weights of stencil {self.name!r} must not be zero; leave the offset out")

    @cached_property
    def _hash(self) -> int:
        # Without the name: unlike that of text, the hash of numbers is the same in every process that unpickles it.
        return hash((self.offsets, self.weights, self.derivative_order))

    def __repr__(self) -> str:
        text = quotient_text(self.offsets, self.numerators, self.denominator, self.derivative_order)
        return wrapped(f"<Stencil {self.name}: {text}>")

    def __hash__(self) -> int:
        # Kept, because hashing the fractions takes as long as differentiating at a point.
        return self._hash

    def moment(self, k: int) -> Fraction:
        """Return Σ wⱼcⱼᵏ exactly."""
        return sum((w * c**k for w, c in zip(self.weights, self.offsets, strict=True)), Fraction(0))

    @cached_property
    def accuracy_order(self) -> int:
        """p: the truncation error is O(hᵖ), from the first moment beyond m that does not vanish."""
        k = self.derivative_order + 1
        # n distinct nodes cannot annihilate n moments in a row (Vandermonde), so this ends.
        while not self.moment(k):
            k += 1
        return k - self.derivative_order

    @cached_property
    def leading_error_constant(self) -> Fraction:
        """C in the truncation error C·f⁽ᵐ⁺ᵖ⁾(x)·hᵖ + …: the moment m + p over (m + p)!."""
        k = self.derivative_order + self.accuracy_order
        return self.moment(k) / math.factorial(k)

    @cached_property
    def weight_sum(self) -> Fraction:
        """Σ|wⱼ|: what the formula does to an error of the function values."""
        return sum(map(abs, self.weights), Fraction(0))

    @cached_property
    def denominator(self) -> int:
        """The common denominator D of the weights."""
        return math.lcm(*(w.denominator for w in self.weights))

    @cached_property
    def numerators(self) -> tuple[int, ...]:
        """The integers nⱼ with wⱼ = nⱼ/D."""
        return tuple(int(w * self.denominator) for w in self.weights)

    @cached_property
    def dyadic_offsets(self) -> tuple[tuple[int, int], ...]:
        """The offsets as pairs (m, e), c = m·2**e."""
        return tuple(map(dyadic, self.offsets))

    @property
    def evaluations(self) -> int:
        """Function values that one derivative costs."""
        return len(self.offsets)

    @property
    def direction(self) -> Literal[-1, 0, 1]:
        """Where the formula looks from x: 1 to the right, −1 to the left, 0 to both sides."""
        return 1 if min(self.offsets) >= 0 else -1 if max(self.offsets) <= 0 else 0

    def richardson(self, ratio: int = 2) -> "Stencil":
        """Return the stencil that Richardson extrapolation makes of this one with the steps h and ratio·h.

        With D(h) = f⁽ᵐ⁾ + C·f⁽ᵐ⁺ᵖ⁾hᵖ + …, the combination (rᵖD(h) − D(rh)) / (rᵖ − 1) has no hᵖ term.

        Parameters
        ----------
        ratio : int
            r ≥ 2.

        Raises
        ------
        ValueError
            If `ratio` is not an integer of at least 2.

        References
        ----------
        L. F. Richardson, The approximate arithmetical solution by finite differences …, Phil. Trans. R. Soc.
        A 210 (1911) 307-357, section 1.2 (the deferred approach to the limit).
        """
        ratio = integer_from(2, "ratio", ratio)
        gain = Fraction(ratio) ** self.accuracy_order
        combined: dict[Fraction, Fraction] = {}
        for offset, weight in zip(self.offsets, self.weights, strict=True):
            fine = weight * gain / (gain - 1)
            coarse = -weight / (gain - 1) / Fraction(ratio) ** self.derivative_order
            combined[offset] = combined.get(offset, Fraction(0)) + fine
            combined[ratio * offset] = combined.get(ratio * offset, Fraction(0)) + coarse
        return _from_nodes(f"{self.name}_richardson{ratio}", combined, self.derivative_order)


@dataclass(frozen=True)
class ComplexStep:
    """The complex step, f′(x) ≈ Im f(x + ih) / h: no difference is formed, so nothing cancels.

    Its truncation error is −h²f‴(x)/6 + …; it needs an analytic f and a complex dtype.

    References
    ----------
    W. Squire and G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Rev. 40
    (1998) 110-112, equation (6).

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.complex_step(lambda x: x**3, 2.0, 2.0**-100)
    np.float64(12.0)
    """

    name: str = field(default="complex_step")
    derivative_order: ClassVar[int] = 1
    accuracy_order: ClassVar[int] = 2
    leading_error_constant: ClassVar[Fraction] = Fraction(-1, 6)
    weight_sum: ClassVar[Fraction] = Fraction(1)
    numerators: ClassVar[tuple[int, ...]] = (1,)
    denominator: ClassVar[int] = 1
    complex_nodes: ClassVar[bool] = True
    evaluations: ClassVar[int] = 1
    direction: ClassVar[Literal[-1, 0, 1]] = 0


Method: TypeAlias = Stencil | ComplexStep


def from_offsets(name: str, offsets: Sequence[Rational], derivative_order: int = 1) -> Stencil:
    """Return the stencil of highest accuracy on the given offsets; offsets of weight zero are dropped.

    Parameters
    ----------
    name : str
        What the stencil is called in tables and figures.
    offsets : sequence of rational numbers
        The nodes in units of h: distinct, more than m, and dyadic.
    derivative_order : int
        m ≥ 1.

    Returns
    -------
    Stencil

    Raises
    ------
    TypeError
        If an offset is no rational number.
    ValueError
        If an offset is repeated, not finite or not dyadic, or there are too few for the derivative.

    Examples
    --------
    >>> import numdiff as nd
    >>> nd.from_offsets("skewed", [-1, 0, 2]).weights
    (Fraction(1, 6), Fraction(-2, 3), Fraction(1, 2))
    """
    derivative_order = integer_from(1, "derivative_order", derivative_order)
    exact = rationals(f"offsets of stencil {name!r}", offsets)
    if len(set(exact)) != len(exact):
        raise ValueError(f"offsets of stencil {name!r} must be distinct, got {', '.join(map(str, exact))}")
    if len(exact) <= derivative_order:
        raise ValueError(f"offsets must be more than derivative_order={derivative_order}, got {len(exact)}")
    return _from_nodes(name, dict(zip(exact, solved_weights(exact, derivative_order), strict=True)), derivative_order)


def _from_nodes(name: str, weights: dict[Fraction, Fraction], derivative_order: int) -> Stencil:
    """Return the stencil of a map offset → weight, outermost offsets first and + before −.

    The order is the kernel's order of summation: the small contributions of the outer nodes come first.
    """
    offsets = sorted((c for c, w in weights.items() if w), key=lambda c: (-abs(c), -c))
    return Stencil(name, tuple(offsets), tuple(weights[c] for c in offsets), derivative_order)


def _orders(accuracy_order: Any, derivative_order: Any) -> tuple[int, int]:
    """Return both as ints, or say what is wrong with them."""
    return integer_from(1, "accuracy_order", accuracy_order), integer_from(1, "derivative_order", derivative_order)


_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


def ordinal(order: int) -> str:
    """Return the word for an order of derivative: first, second, third, …, and 11-th beyond tenth."""
    return _ORDINALS[order - 1] if order <= len(_ORDINALS) else f"{order}-th"


def _name(kind: str, accuracy_order: int, derivative_order: int, plain: int) -> str:
    """Return the name of a formula: ``centered``, ``centered4``, ``second_centered``, ``third_centered4``."""
    order = "" if accuracy_order == plain else str(accuracy_order)
    which = "" if derivative_order == 1 else ordinal(derivative_order).replace("-", "") + "_"
    return f"{which}{kind}{order}"


def forward(accuracy_order: int = 1, derivative_order: int = 1) -> Stencil:
    """Return the forward stencil on the offsets 0, 1, … of the given accuracy.

    Parameters
    ----------
    accuracy_order : int
        p ≥ 1.
    derivative_order : int
        m ≥ 1.

    Returns
    -------
    Stencil

    Raises
    ------
    ValueError
        If an order is out of range.

    References
    ----------
    B. Fornberg, Math. Comp. 51 (1988) 699-706, table 3 (one-sided formulas at a grid point).

    Examples
    --------
    >>> import numdiff as nd
    >>> stencil = nd.forward(2)
    >>> [(str(c), str(w)) for c, w in zip(stencil.offsets, stencil.weights)]
    [('2', '-1/2'), ('1', '2'), ('0', '-3/2')]
    """
    accuracy_order, derivative_order = _orders(accuracy_order, derivative_order)
    offsets = tuple(range(accuracy_order + derivative_order))
    return from_offsets(_name("forward", accuracy_order, derivative_order, 1), offsets, derivative_order)


def backward(accuracy_order: int = 1, derivative_order: int = 1) -> Stencil:
    """Return the backward stencil on the offsets 0, −1, …: `forward` mirrored.

    Parameters
    ----------
    accuracy_order : int
        p ≥ 1.
    derivative_order : int
        m ≥ 1.

    Returns
    -------
    Stencil

    Raises
    ------
    ValueError
        If an order is out of range.

    Examples
    --------
    >>> import numdiff as nd
    >>> stencil = nd.backward(2)
    >>> [(str(c), str(w)) for c, w in zip(stencil.offsets, stencil.weights)]
    [('-2', '1/2'), ('-1', '-2'), ('0', '3/2')]
    """
    accuracy_order, derivative_order = _orders(accuracy_order, derivative_order)
    offsets = tuple(-k for k in range(accuracy_order + derivative_order))
    return from_offsets(_name("backward", accuracy_order, derivative_order, 1), offsets, derivative_order)


def centered(accuracy_order: int = 2, derivative_order: int = 1) -> Stencil:
    """Return the centered stencil on the offsets 0, ±1, …, ±k of the given accuracy.

    Parameters
    ----------
    accuracy_order : int
        p, even: by symmetry the odd orders come for free.
    derivative_order : int
        m ≥ 1.

    Returns
    -------
    Stencil

    Raises
    ------
    ValueError
        If an order is out of range or `accuracy_order` is odd.

    References
    ----------
    B. Fornberg, Math. Comp. 51 (1988) 699-706, table 1 (centered formulas at a grid point).

    Examples
    --------
    >>> import numdiff as nd
    >>> stencil = nd.centered(4)
    >>> [(str(c), str(w)) for c, w in zip(stencil.offsets, stencil.weights)]
    [('2', '-1/12'), ('-2', '1/12'), ('1', '2/3'), ('-1', '-2/3')]
    >>> nd.centered(2, derivative_order=2).name
    'second_centered'
    """
    accuracy_order, derivative_order = _orders(accuracy_order, derivative_order)
    if accuracy_order % 2:
        raise ValueError(f"accuracy_order of a centered stencil must be even, got {accuracy_order}")
    reach = accuracy_order // 2 + (derivative_order - 1) // 2
    name = _name("centered", accuracy_order, derivative_order, 2)
    return from_offsets(name, tuple(range(-reach, reach + 1)), derivative_order)


FORWARD = forward()
"""(f(x + h) − f(x)) / h.

Examples
--------
>>> import numdiff as nd
>>> nd.FORWARD.accuracy_order, nd.FORWARD.evaluations
(1, 2)
"""
BACKWARD = backward()
"""(f(x) − f(x − h)) / h.

Examples
--------
>>> import numdiff as nd
>>> nd.difference(lambda x: x * x, 1.0, 0.5, nd.BACKWARD)
np.float64(1.5)
"""
CENTERED = centered()
"""(f(x + h) − f(x − h)) / 2h.

Examples
--------
>>> import numdiff as nd
>>> nd.difference(lambda x: x * x, 1.0, 0.5, nd.CENTERED)
np.float64(2.0)
"""
COMPLEX_STEP = ComplexStep()
"""Im f(x + ih) / h.

Examples
--------
>>> import numdiff as nd
>>> nd.COMPLEX_STEP.name, nd.COMPLEX_STEP.evaluations
('complex_step', 1)
"""
